//! What every request passes on its way in and out, in order, with the reasons.
//!
//! No URL and no page here: `routes` says what is behind which layer.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use tower::ServiceExt as _;
use tower_http::{
    catch_panic::CatchPanicLayer, csrf::CsrfLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};
use tracing::{Instrument as _, field::Empty};

use crate::{
    app::App,
    config::{Config, Origin},
    guard::session::Who,
};

/// Longest body of a form.
const FORM_BYTES: usize = 16 * 1024;
/// A page that takes longer is given up.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// A form that takes longer to arrive is given up (408, RFC 9110 section 15.5.9).
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Names one request in the log and on the error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// A response's extension: its forms may end at intervals.icu, because one of them redirects there. Browsers check
/// `form-action` against each redirect of a form.
#[derive(Debug, Clone, Copy)]
pub struct FormsLeadToIntervals;

/// A response's extension: its forms may lead anywhere, because one of them redirects to a client, and the client to an app of its
/// own: no list of targets could name them all, and a browser that misses one makes the button do nothing.
#[derive(Debug, Clone, Copy)]
pub struct FormsLeadAnywhere;

/// A response's extension, which becomes the route in log and metrics: the pattern, never the path, because paths carry
/// tokens.
#[derive(Debug, Clone)]
struct Route(MatchedPath);

/// The layers of the pages, outermost last: `router` holds the handlers, `dress` gives bare errors their page.
pub fn around_pages<F, Out>(router: Router<App>, dress: F) -> Router<App>
where
    F: Fn(Request, Next) -> Out + Clone + Send + Sync + 'static,
    Out: Future<Output = Response> + Send + 'static,
{
    around_slow_pages(router, dress, PAGE_TIMEOUT)
}

/// The same for pages whose answers may take as long as `longest` to begin.
pub fn around_slow_pages<F, Out>(router: Router<App>, dress: F, longest: Duration) -> Router<App>
where
    F: Fn(Request, Next) -> Out + Clone + Send + Sync + 'static,
    Out: Future<Output = Response> + Send + 'static,
{
    router
        .layer(middleware::from_fn(note_route))
        // A panic costs one answer, not the process, and its text stays inside.
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            longest,
        ))
        // Outside the page's time: a slow sender gets an answer of its own, and a page has its time to itself.
        .layer(middleware::from_fn(whole_form))
        .layer(RequestBodyLimitLayer::new(FORM_BYTES))
        // Cookies are already SameSite=Lax; this also stops sister hosts and old browsers.
        .layer(CsrfLayer::new().with_rejection_response(|_| StatusCode::FORBIDDEN.into_response()))
        // Every answer without a page gets one.
        .layer(middleware::from_fn(dress))
}

/// The layers of the endpoints for programs on the host of the pages. A program brings no cookie and is no page, so there is no
/// check for forged forms and no page for an error; and a client that runs in a browser may read the answers, which say nothing
/// that is not for everyone or for the holder of a secret in the request.
pub fn around_programs(router: Router) -> Router {
    router
        .layer(middleware::from_fn(note_route))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PAGE_TIMEOUT,
        ))
        .layer(middleware::from_fn(whole_form))
        .layer(RequestBodyLimitLayer::new(FORM_BYTES))
        .layer(middleware::from_fn(for_every_origin))
}

/// Answers preflights, and lets pages of any origin read the answers (the CORS protocol of the Fetch standard).
async fn for_every_origin(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == http::Method::OPTIONS;
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if is_preflight {
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, OPTIONS"),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, MCP-Protocol-Version"),
        );
    }
    headers.insert(CORP, HeaderValue::from_static("cross-origin"));
    response
}

/// The layer of the link host: only the route's pattern. The endpoint brings its own layers.
pub fn around_links(router: Router) -> Router {
    router.layer(middleware::from_fn(note_route))
}

/// The layers around everything: id, log line, headers.
pub fn around_everything(app: &App) -> impl FnOnce(Router) -> Router + use<> {
    let app = app.clone();
    move |router| {
        router
            .layer(CatchPanicLayer::custom(answer_panic))
            .layer(middleware::from_fn_with_state(app, envelope))
    }
}

/// Sends a request to the pages or the links by its `Host`, before routing. A request for any other host is answered with
/// 421 (RFC 9110 section 15.5.20), so that no page is ever built for a name that is not ours.
#[derive(Clone)]
pub struct ByHost {
    hosts: Hosts,
    pages: Router,
    links: Router,
}

/// The two host names that we answer to.
#[derive(Clone)]
pub struct Hosts {
    public: Host,
    link: Host,
}

impl Hosts {
    /// The names of `PUBLIC_URL` and `LINK_URL`.
    pub fn of(config: &Config) -> Self {
        Self {
            public: Host::of(&config.public_url),
            link: Host::of(&config.link_url),
        }
    }
}

#[derive(Clone)]
struct Host {
    authority: String,
    /// The same with the scheme's default port, which a client may write out.
    spelled_out: Option<String>,
}

impl Host {
    fn of(origin: &Origin) -> Self {
        let authority = origin.authority();
        let spelled_out = (!has_port(&authority))
            .then(|| format!("{authority}:{}", if origin.is_https() { 443 } else { 80 }));
        Self {
            authority,
            spelled_out,
        }
    }

    fn is(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.authority)
            || self
                .spelled_out
                .as_deref()
                .is_some_and(|long| host.eq_ignore_ascii_case(long))
    }
}

fn has_port(authority: &str) -> bool {
    let after_brackets = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    after_brackets.contains(':')
}

impl ByHost {
    /// `pages` answer on `PUBLIC_URL`, `links` on `LINK_URL`.
    pub fn new(hosts: Hosts, pages: Router, links: Router) -> Self {
        Self { hosts, pages, links }
    }

    /// Answers one request.
    pub async fn answer(self, request: Request) -> Result<Response, Infallible> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let (Some(Ok(host)), None) = (hosts.next().map(HeaderValue::to_str), hosts.next()) else {
            // Two hosts, or none: a proxy between us and the client might have read the other one.
            return Ok(plain(StatusCode::BAD_REQUEST, "One Host header, please."));
        };
        // An absolute target (`GET http://other/`) is for proxies; here it must name the same host as the header.
        if request
            .uri()
            .authority()
            .is_some_and(|target| !target.as_str().eq_ignore_ascii_case(host))
        {
            return Ok(plain(
                StatusCode::BAD_REQUEST,
                "The target and the Host header differ.",
            ));
        }
        if self.hosts.public.is(host) {
            self.pages.oneshot(request).await
        } else if self.hosts.link.is(host) {
            self.links.oneshot(request).await
        } else {
            Ok(plain(
                StatusCode::MISDIRECTED_REQUEST,
                "This host is not served here.",
            ))
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}

fn answer_panic(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Makes a panic log where it happened and never its message, which may hold the data in hand.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let at = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "panic");
    }));
}

/// Waits for the whole body before anything reads it. One longer than a form is answered with 413, one that broke off or
/// is malformed with 400.
async fn whole_form(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let whole = tokio::time::timeout(FORM_TIMEOUT, axum::body::to_bytes(body, FORM_BYTES));
    match whole.await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(error)) if is_too_long(&error) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Ok(Err(_)) => StatusCode::BAD_REQUEST.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn note_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    if let Some(route) = &route {
        tracing::Span::current().record("route", route.as_str());
    }
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

/// Gives the request an id of our own (one from outside could be anything), runs it in a span with few and stable fields,
/// and writes one log line and the headers.
async fn envelope(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.random.uuid(&app.clock).simple().to_string();
    let who = Who::default();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(who.clone());
    let method = known_method(request.method());
    let span = tracing::info_span!("request", id, method, route = Empty);
    let began = tokio::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    let route = response.extensions().get::<Route>().map(|route| route.0.clone());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    span.in_scope(|| {
        tracing::info!(
            status,
            account = who.account().map(tracing::field::display),
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    metrics::counter!("icusync_http_requests_total", "method" => method, "route" => route.to_owned(),
        "status" => status.to_string())
    .increment(1);
    metrics::histogram!("icusync_http_seconds", "route" => route.to_owned()).record(took.as_secs_f64());
    harden(&app, &mut response);
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

/// The method as a label: anything else that a client makes up is one word.
fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        _ => "other",
    }
}

/// Sets the security headers on every answer. One that a handler set stays.
fn harden(app: &App, response: &mut Response<Body>) {
    let marks = response.extensions();
    let policy = policy(if marks.get::<FormsLeadAnywhere>().is_some() {
        Forms::Anywhere
    } else if marks.get::<FormsLeadToIntervals>().is_some() {
        Forms::SelfAnd(app.config.intervals_url.as_str())
    } else {
        Forms::SelfOnly
    });
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set(CONTENT_SECURITY_POLICY, policy);
    set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A path may carry a token, which no other site may learn.
    set(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // For browsers that do not know frame-ancestors.
    set(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // No Cross-Origin-Opener-Policy: a client that opens the sign-in in a pop-up would lose sight of it, and never get its answer.
    // Our own pages open no window and read none.
    set(CORP, HeaderValue::from_static("same-origin"));
    set(
        PERMISSIONS,
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
    // What is not marked as cacheable is personal.
    set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if app.config.public_url.is_https() || app.config.link_url.is_https() {
        set(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}

/// Where the forms of a page may lead.
#[derive(Clone, Copy)]
enum Forms<'a> {
    /// To our own pages.
    SelfOnly,
    /// Also to this origin.
    SelfAnd(&'a str),
    /// Anywhere.
    Anywhere,
}

fn policy(forms: Forms<'_>) -> HeaderValue {
    let mut rules = vec![
        // Nothing that is not named below: no frames, no fonts, no connections, no plugins.
        "default-src 'none'".to_owned(),
        // The one script (copy button) and the one stylesheet are files; nothing inline runs or styles.
        "script-src 'self'".to_owned(),
        "style-src 'self'".to_owned(),
        "img-src 'self' data:".to_owned(),
    ];
    // An injected form can post nowhere else.
    match forms {
        Forms::SelfOnly => rules.push("form-action 'self'".to_owned()),
        Forms::SelfAnd(origin) => rules.push(format!("form-action 'self' {origin}")),
        Forms::Anywhere => {}
    }
    // Not frameable, so nobody can lay a page over our buttons.
    rules.push("frame-ancestors 'none'".to_owned());
    // No injected <base> can redirect relative links.
    rules.push("base-uri 'none'".to_owned());
    HeaderValue::try_from(rules.join("; ")).expect("an origin is visible ASCII")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_our_host_passes(host in "\\PC{0,30}", tail in "[a-z0-9.@:/-]{1,12}") {
            let ours = "links.icusync.example:8443";
            let link = Host::of(&format!("https://{ours}").parse().unwrap());
            prop_assert!(link.is(ours));
            prop_assert!(!link.is(&host) || host.eq_ignore_ascii_case(ours));
            for almost in [format!("{ours}{tail}"), format!("{tail}{ours}")] {
                prop_assert!(!link.is(&almost), "{}", almost);
            }
        }
    }

    #[test]
    fn a_host_may_spell_out_its_own_port_and_no_other() {
        let host = |text: &str| Host::of(&text.parse().unwrap());
        let public = host("https://icusync.example");
        for good in ["icusync.example", "ICUSYNC.example", "icusync.example:443"] {
            assert!(public.is(good), "{good}");
        }
        for bad in [
            "icusync.example:80",
            "icusync.example.",
            "links.icusync.example",
            "",
            "a@icusync.example",
            "icusync.example.evil",
            "icusync.example:443:443",
        ] {
            assert!(!public.is(bad), "{bad}");
        }
        let local = host("http://127.0.0.1:8080");
        assert!(local.is("127.0.0.1:8080") && !local.is("127.0.0.1") && !local.is("localhost:8080"));
        let bare = host("http://127.0.0.1");
        assert!(bare.is("127.0.0.1") && bare.is("127.0.0.1:80"));
        let six = host("http://[::1]:1");
        assert!(six.is("[::1]:1") && !six.is("[::1]"));
    }

    #[test]
    fn the_policy_allows_only_what_pages_need() {
        assert_eq!(
            policy(Forms::SelfOnly),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        assert!(
            policy(Forms::SelfAnd("https://intervals.icu"))
                .to_str()
                .unwrap()
                .contains("form-action 'self' https://intervals.icu;")
        );
        let anywhere = policy(Forms::Anywhere);
        assert!(!anywhere.to_str().unwrap().contains("form-action"));
    }
}
