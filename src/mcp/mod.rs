//! The MCP endpoint, twice: on the link host with one URL per link, and at `PUBLIC_URL/mcp` for clients that signed in. No
//! state between requests, both protocol eras.
//!
//! [`router`] mounts the links, [`signed_in`] the other; `shims` reads a request and corrects what clients get wrong; `catalogue` is the list; `dispatch`
//! takes the messages; `call` makes the call; `log` records it; `reply` has the replies for which rmcp has no good words. No
//! tool and no SQL here; OAuth must never appear on the link host, because clients would then force it on every link.

mod call;
pub(crate) mod catalogue;
mod dispatch;
mod log;
mod reply;
mod shims;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};

pub use self::call::longest as longest_call;
use self::{call::Visit, catalogue::Catalogue, dispatch::Handler, reply::Refusal};
use crate::{
    app::App,
    guard::{
        link::{Gate, Turned, Visitor},
        offer::Narrow,
    },
    secrets::TokenKind,
    tools::{CATALOGUE, Tool},
};

/// The most bytes of a request's body: enough for as many workouts, as long as a call may have.
pub const BODY_LIMIT: usize = 512 * 1024;

/// For a connector URL whose query cannot be understood.
const UNCLEAR: &str = "IcuSync does not understand what follows the question mark in this connector URL. Use readonly=1, or tools= \
                       with names of groups or tools separated by commas, or both, each once. The names are on the \
                       IcuSync dashboard.";

/// A `#` in a path: some clients send it with what comes after it in a URL.
const ENCODED_HASH: &str = "%23";
const HASH: &str = "The connector URL has a # after the token. Remove the # and everything after it, or copy the URL again as it \
                    was given.\n";

/// What every request on the endpoint shares.
struct Endpoint<H> {
    app: App,
    gate: Gate,
    service: StreamableHttpService<H, NeverSessionManager>,
}

/// The link host: `/mcp/{token}`, and a plain 404 for everything else.
pub fn router(app: App) -> Router {
    router_of(app, CATALOGUE)
}

/// [`router`] with other tools, so that tests can mount tools that hang or panic behind the very same endpoint.
///
/// Panics when a tool breaks the rules of `Catalogue::new`: that is a mistake in the code, found at start.
pub fn router_of(app: App, tools: &'static [Tool]) -> Router {
    let catalogue = Catalogue::new(tools).unwrap_or_else(|broken| panic!("{broken}"));
    let handler = Handler::new(app.clone(), catalogue);
    mount(app, handler)
}

/// `PUBLIC_URL/mcp`, for clients that signed in.
pub fn signed_in(app: App) -> Router {
    signed_in_of(app, CATALOGUE)
}

/// [`signed_in`] with other tools. Panics as [`router_of`] does.
pub fn signed_in_of(app: App, tools: &'static [Tool]) -> Router {
    let catalogue = Catalogue::new(tools).unwrap_or_else(|broken| panic!("{broken}"));
    let handler = Handler::new(app.clone(), catalogue);
    let endpoint = endpoint(app.clone(), handler);
    Router::new()
        .route("/mcp", any(serve_signed_in::<Handler>))
        .route("/mcp/", any(serve_signed_in::<Handler>))
        .layer(middleware::from_fn_with_state(app, at_the_door))
        .with_state(endpoint)
}

/// Puts a handler of MCP messages behind the links' endpoint: the gate, the reading of requests, the headers, the limits of
/// the transport. A clone of the handler answers each request; it never sees the token.
pub fn mount<H: ServerHandler + Clone + Sync>(app: App, handler: H) -> Router {
    let endpoint = endpoint(app.clone(), handler);
    Router::new()
        .route("/mcp/{token}", any(serve::<H>))
        .route("/mcp/{token}/", any(serve::<H>))
        .fallback(async || reply::not_found())
        .layer(middleware::from_fn_with_state(app, at_the_door))
        .with_state(endpoint)
}

fn endpoint<H: ServerHandler + Clone + Sync>(app: App, handler: H) -> Arc<Endpoint<H>> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_LIMIT)
        // The service's front door stops requests that name another host.
        .disable_allowed_hosts();
    let service = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Arc::new(Endpoint {
        gate: Gate::new(&app),
        app,
        service,
    })
}

/// Before routing: refuses requests from other sites' pages. After: keeps connector URLs out of search engines.
async fn at_the_door(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match shims::right_origin(&request, &app.config) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

async fn serve<H: ServerHandler + Clone + Sync>(
    State(endpoint): State<Arc<Endpoint<H>>>,
    request: Request,
) -> Response {
    if request.method() != Method::POST {
        return reply::only_post(request.headers());
    }
    // As it was sent, never decoded: a token has one spelling. Pasting can add a slash at the end.
    let text = request.uri().path().strip_prefix("/mcp/").unwrap_or_default();
    let text = text.strip_suffix('/').unwrap_or(text);
    let visitor = match endpoint.gate.admit(&endpoint.app, TokenKind::Link, text).await {
        Ok(visitor) => visitor,
        // Whatever comes before the #, so that nothing can be learned about a token.
        Err(Turned::Unknown) if text.contains(ENCODED_HASH) => {
            return Refusal::Plain(StatusCode::BAD_REQUEST, HASH).into_response();
        }
        Err(Turned::Unknown) => return reply::not_found(),
        Err(Turned::Flood(wait)) => return reply::flooded(wait),
        Err(Turned::Away) => return reply::away(),
    };
    answer(&endpoint, visitor, request).await
}

/// A request to `PUBLIC_URL/mcp`. Without a token, and with one that is not in use, the answer says where to sign in (RFC 9728
/// section 5.1): for every method, because clients probe with GET as well.
async fn serve_signed_in<H: ServerHandler + Clone + Sync>(
    State(endpoint): State<Arc<Endpoint<H>>>,
    request: Request,
) -> Response {
    let config = &endpoint.app.config;
    let Some(token) = bearer(request.headers()) else {
        return reply::sign_in(config, request.headers(), false);
    };
    let visitor = match endpoint.gate.admit(&endpoint.app, TokenKind::Access, token).await {
        Ok(visitor) => visitor,
        Err(Turned::Unknown) => return reply::sign_in(config, request.headers(), true),
        Err(Turned::Flood(wait)) => return reply::flooded(wait),
        Err(Turned::Away) => return reply::away(),
    };
    if request.method() != Method::POST {
        return reply::only_post(request.headers());
    }
    answer(&endpoint, visitor, request).await
}

/// The token of the one `Authorization` header (RFC 6750 section 2.1; the scheme in any case). Two headers are none: a proxy
/// between us and the client might have read the other one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Answers an admitted caller.
async fn answer<H: ServerHandler + Clone + Sync>(
    endpoint: &Endpoint<H>,
    visitor: Visitor,
    request: Request,
) -> Response {
    let Ok(narrow) = Narrow::parse(request.uri().query()) else {
        return Refusal::Message(reply::INVALID_REQUEST, UNCLEAR).into_response();
    };
    let message = match shims::read(request, &endpoint.app.config).await {
        Ok(message) => message,
        Err(refusal) => return refusal.into_response(),
    };
    let shims::Message {
        mut parts,
        body,
        client,
        bad_arguments,
    } = message;
    parts.extensions.insert(Visit {
        offer: visitor.offer(narrow),
        visitor,
        client,
        bad_arguments,
    });
    // The URL or a header contains the token: nothing after this line sees it.
    parts.uri = http::Uri::from_static("/mcp");
    parts.headers.remove(header::COOKIE);
    parts.headers.remove(header::AUTHORIZATION);
    let answer = endpoint
        .service
        .handle(http::Request::from_parts(parts, http_body_util::Full::new(body)))
        .await;
    let mut response = answer.map(Body::new);
    // It passed our own checks and is still not a message to rmcp; its parser's text is not sent.
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return Refusal::Message(reply::INVALID_REQUEST, "The message is malformed.").into_response();
    }
    // The call ended without an answer, as when the service shuts down during it.
    if response.status().is_server_error() {
        tracing::error!(status = response.status().as_u16(), "a message was not answered");
        return reply::away();
    }
    // rmcp explains some refusals in plain text without saying so.
    if response.status() != StatusCode::OK {
        response
            .headers_mut()
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}
