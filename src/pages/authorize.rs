//! A client's sign-in, as the person sees it: who are you, do you agree, back to the client.
//!
//! Each page opens only in the browser in which the sign-in began, so that nobody finishes another person's. What the client
//! asked for, and where it may be sent back to, was decided in [`crate::oauth::authorize`].

pub(crate) mod coach;
pub(crate) mod consent;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE};

use super::{
    Frame, FromNetwork, MaybeSigned, NextPage,
    draft::{self, Kept, Typed},
    form::Mistake,
    frame::{page, with_status},
    passkeys, provider,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_code,
        policy::{self, SignUps},
        session::Session,
        sign_ins,
    },
    ids::RequestId,
    layers::FormsLeadAnywhere,
    oauth::{
        authorize::{self, Begun, Refused},
        known, redirects,
    },
    queries::{self, sign_in_requests::Request},
};

/// Seconds after which it makes sense to try again when too many sign-ins wait.
const TOO_MANY_FOR: u64 = 600;

/// The client of a sign-in, in words.
pub(super) struct ClientWords {
    /// As it calls itself.
    pub(super) name: String,
    /// The host that vouches for it.
    pub(super) host: Option<String>,
    /// Where the answer goes.
    pub(super) leads_to: String,
    /// Whether IcuSync itself knows the client by its document.
    pub(super) is_known: bool,
    /// Whether the answer goes to the host of a client that IcuSync knows, whatever the client calls itself.
    pub(super) is_trusted: bool,
    /// Whether that is a program on this computer, or an app: anybody may have written it.
    pub(super) is_local: bool,
}

impl ClientWords {
    pub(super) fn of(request: &Request) -> Self {
        let name = request.client_name.as_str();
        Self {
            name: if name.is_empty() {
                "A client without a name"
            } else {
                name
            }
            .to_owned(),
            host: request.client_host.clone(),
            is_known: known::find(&request.client_id).is_some(),
            is_trusted: known::is_home(&request.redirect_uri),
            leads_to: redirects::host_of(&request.redirect_uri),
            is_local: !request.redirect_uri.starts_with("https:"),
        }
    }
}

impl ClientWords {
    /// The client as the log of sign-ins names it.
    pub(super) fn label(&self) -> String {
        sign_ins::label(&self.name, &self.leads_to)
    }
}

#[derive(Template)]
#[template(path = "pages/authorize_refused.html")]
struct RefusedPage {
    frame: Frame,
    refused: Refused,
}

/// `GET /authorize`.
pub(crate) async fn begin(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    match authorize::begin(&app, from.0, &headers, &query.unwrap_or_default()).await? {
        Begun::Page(id, cookie) => {
            let next = NextPage::Request(id);
            Ok(([(SET_COOKIE, cookie)], Redirect::to(&next.path())).into_response())
        }
        Begun::Client(url) => back(&url, "the client"),
        Begun::Refused(refused) => cannot_begin(refused, &headers),
    }
}

/// Says why a sign-in cannot begin: on a page, or in JSON for a client that asks before it sends the person here. The statuses are
/// those at which clients register anew.
fn cannot_begin(refused: Refused, headers: &HeaderMap) -> Result<Response, Problem> {
    let (status, error, wait) = match refused {
        Refused::Malformed | Refused::WrongRedirect => (StatusCode::BAD_REQUEST, "invalid_request", None),
        Refused::UnknownClient => (StatusCode::BAD_REQUEST, "invalid_client", None),
        Refused::ClientAway(wait) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            Some(wait.as_secs()),
        ),
        Refused::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "temporarily_unavailable",
            Some(TOO_MANY_FOR),
        ),
    };
    let accepts = |kind: &str| {
        let mut all = headers.get_all(http::header::ACCEPT).iter();
        all.any(|value| value.to_str().is_ok_and(|value| value.contains(kind)))
    };
    let mut response = if accepts("application/json") && !accepts("text/html") {
        let text = "This sign-in cannot begin. Register again.";
        let body = serde_json::json!({"error": error, "error_description": text});
        (status, axum::Json(body)).into_response()
    } else {
        let frame = Frame::of(false);
        with_status(status, &RefusedPage { frame, refused })?
    };
    if let Some(seconds) = wait {
        let headers = response.headers_mut();
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "pages/authorize_back.html")]
struct Back<'a> {
    frame: Frame,
    url: &'a str,
    client: &'a str,
}

/// Sends the browser to the client. For the web that is a redirect. An app's scheme opens a dialog of the browser and leaves the
/// page as it is, so that gets a page that says what happens, with a link should nothing happen.
pub(super) fn back(url: &str, client: &str) -> Result<Response, Problem> {
    if url.starts_with("https:") || url.starts_with("http:") {
        let location = HeaderValue::try_from(url).map_err(|_| Problem::BadForm)?;
        return Ok((StatusCode::SEE_OTHER, [(http::header::LOCATION, location)]).into_response());
    }
    let frame = Frame::of(false);
    Ok(leading_anywhere(page(&Back { frame, url, client })?))
}

/// Lets the forms of a page lead wherever a client is: browsers check `form-action` against the whole chain of redirects, and
/// clients redirect to their own app's scheme.
pub(super) fn leading_anywhere(mut response: Response) -> Response {
    response.extensions_mut().insert(FormsLeadAnywhere);
    response
}

/// The id in a path. Whatever is not one is a sign-in that is not there.
pub(super) fn id_in(path: &str) -> Option<RequestId> {
    path.parse().ok().map(RequestId)
}

/// The sign-in with this id, if it began in this browser and has not expired.
pub(super) async fn opened(app: &App, headers: &HeaderMap, id: &str) -> Result<Option<Request>, Problem> {
    let (Some(id), Some(browser)) = (id_in(id), authorize::of_browser(app, headers)) else {
        return Ok(None);
    };
    let now = app.clock.now();
    Ok(queries::sign_in_requests::living(&app.pool, id, browser.hash(), now).await?)
}

#[derive(Template)]
#[template(path = "pages/authorize_gone.html")]
struct Gone {
    frame: Frame,
}

/// The one page for a sign-in that has expired, was answered, began in another browser, or never was: telling them apart would
/// only help somebody who found the id.
pub(super) fn gone(signed: bool) -> Result<Response, Problem> {
    let frame = Frame::of(signed);
    with_status(StatusCode::NOT_FOUND, &Gone { frame })
}

#[derive(Template)]
#[template(path = "pages/authorize_who.html")]
#[expect(clippy::struct_excessive_bools, reason = "each way in is offered or not")]
struct Who {
    frame: Frame,
    client: ClientWords,
    next: NextPage,
    is_open: bool,
    /// Whether an athlete can sign in with a password.
    by_password: bool,
    /// Whether a coach can sign in with a mailed code.
    by_email: bool,
    /// Whether one can continue with intervals.icu.
    oauth: bool,
    /// What people call the outside identity provider, if one can continue with it.
    provider: Option<String>,
    /// Who is signed in on this browser, for going on without typing anything.
    signed: Option<String>,
    /// What was typed as the coach's address and is not one, and why.
    wrong: Option<(String, String)>,
    /// The athlete's address, if the password was wrong.
    refused: Option<String>,
    /// Why a passkey was not accepted.
    passkey_refused: Option<String>,
    /// None if there are no passkeys here.
    passkey: Option<passkeys::Button>,
}

/// Back to the page that asks who signs in, after a wrong password or passkey; none if the sign-in is not open in this browser.
pub(super) async fn who_again(
    app: &App,
    headers: &HeaderMap,
    id: RequestId,
    mistake: Mistake,
) -> Result<Option<Response>, Problem> {
    let request = opened(app, headers, &id.to_string()).await?;
    Ok(request.map(|request| draft::wrong(NextPage::Request(request.id).path(), mistake)))
}

/// The fields of this page in which something can be wrong.
const PASSWORD: &str = "password";
const COACH: &str = "coach-email";
const PASSKEY: &str = passkeys::FIELD;

impl Who {
    fn of(
        app: &App,
        (headers, sign_ups): (&HeaderMap, &SignUps),
        request: &Request,
        session: Option<&Session>,
        kept: &Kept,
    ) -> Result<Self, Problem> {
        let offered = sign_ups.offered(app);
        let typed = |field: &str| {
            let mistake = kept.mistake().filter(|mistake| mistake.field == field)?;
            Some((kept.text_or_empty("email"), mistake.text))
        };
        let wrong = typed(COACH);
        let refused = typed(PASSWORD).map(|(email, _)| email);
        let next = NextPage::Request(request.id);
        // The browser has the cookie already.
        let passkey = passkeys::Button::sign_in(app, headers, next)?
            .filter(|_| offered.passkey)
            .map(|(button, _)| button);
        Ok(Self {
            frame: Frame::of(session.is_some()),
            client: ClientWords::of(request),
            next,
            is_open: sign_ups.is_open(),
            by_password: offered.password,
            by_email: offered.email,
            oauth: offered.intervals,
            provider: provider::name(app).filter(|_| offered.provider),
            signed: session.map(|session| session.who.clone()),
            wrong,
            refused,
            passkey_refused: kept.mistake_at(PASSKEY),
            passkey,
        })
    }
}

/// The page that asks who signs in.
pub(super) async fn who(
    app: &App,
    headers: &HeaderMap,
    request: &Request,
    session: Option<&Session>,
    kept: &Kept,
) -> Result<Response, Problem> {
    let sign_ups = policy::sign_ups(app).await?;
    let who = Who::of(app, (headers, &sign_ups), request, session, kept)?;
    Ok(leading_anywhere(page(&who)?))
}

/// `GET /authorize/{request}`: the next step of this sign-in. Opening it does nothing.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    typed: Typed,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(session.is_some());
    };
    queries::sign_in_requests::open(&app.pool, request.id, app.clock.now()).await?;
    let kept = typed.by_anyone();
    let mistake = kept.mistake();
    // Somebody who wants to be somebody else sees the choice again, and so does somebody who mistyped there.
    let is_at_who = mistake.is_some_and(|mistake| [PASSWORD, COACH, PASSKEY].contains(&&*mistake.field));
    if query.as_deref() == Some("switch") || is_at_who {
        return who(&app, &headers, &request, session.as_ref(), &kept).await;
    }
    // Whoever asked for a code types it, unless an athlete has signed in since.
    let types_code = session.is_none() || query.as_deref() == Some(coach::CODE);
    if request.coach_id.is_none() && types_code {
        let said = coach::Said::of(&kept);
        // What the form says counts only once there is no code any more.
        let typed = said.map(|_| kept.text_or_empty("email"));
        if let Some(email) = coach_code::asked_for(&app, request.id).await?.or(typed) {
            return coach::code_page(&request, session.is_some(), email, said);
        }
    }
    consent::show(&app, &headers, &request, session.as_ref(), (&kept, None)).await
}

#[derive(Template)]
#[template(path = "pages/authorize_elsewhere.html")]
struct Elsewhere {
    frame: Frame,
    title: &'static str,
}

/// What follows a mail link that somebody asked for during a client's sign-in: back to it in the browser where it began; anywhere
/// else a page says to go back there. None if no sign-in waits.
pub(super) async fn after_mail(
    app: &App,
    headers: &HeaderMap,
    request: Option<RequestId>,
    title: &'static str,
) -> Result<Option<Response>, Problem> {
    let Some(id) = request else {
        return Ok(None);
    };
    let now = app.clock.now();
    if let Some(browser) = authorize::of_browser(app, headers) {
        let here = queries::sign_in_requests::living(&app.pool, id, browser.hash(), now).await?;
        if here.is_some() {
            let next = NextPage::Request(id);
            return Ok(Some(Redirect::to(&next.path()).into_response()));
        }
    }
    if !queries::sign_in_requests::waits(&app.pool, id, now).await? {
        return Ok(None);
    }
    let frame = Frame::of(true);
    page(&Elsewhere { frame, title }).map(Some)
}
