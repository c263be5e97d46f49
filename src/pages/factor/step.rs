//! The step after the way in: whoever has a second factor shows it here, and only then a session begins.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::{Said, said};
use crate::{
    app::App,
    error::Problem,
    guard::{
        door::{self, FACTOR_PAGE},
        factors,
        session::Who,
        sign_ins::From,
        tries::NoMore,
    },
    pages::{Fields, Frame, FromNetwork, MaybeSigned, done::Done, draft::Typed, frame::page, passkeys},
    queries::{self, factors::Factors, sign_in_steps::Step},
    secrets::TokenHash,
    words::SignInOutcome,
};

#[derive(Template)]
#[template(path = "pages/factor.html")]
struct Page {
    frame: Frame,
    factors: Factors,
    passkey: Option<passkeys::Button>,
    said: Option<String>,
    /// Where the form goes.
    action: &'static str,
    /// None: the step knows where to go on to.
    next_word: Option<String>,
}

/// The step of this browser, while it lasts, and the hash of its cookie.
pub(super) async fn of_browser(app: &App, headers: &HeaderMap) -> Result<Option<(TokenHash, Step)>, Problem> {
    let Some(hash) = door::step_of(app, headers) else {
        return Ok(None);
    };
    let step = queries::sign_in_steps::living(&app.pool, hash, app.clock.now()).await?;
    Ok(step.map(|step| (hash, step)))
}

/// The way back to the beginning, for somebody whose step is over.
pub(super) fn gone(app: &App) -> Response {
    ([(SET_COOKIE, door::forget_step(app))], Done::StepOver.answer()).into_response()
}

/// `GET /sign-in/factor`.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    typed: Typed,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Some((hash, step)) = of_browser(&app, &headers).await? else {
        return Ok(match session {
            Some(_) => Redirect::to("/dashboard").into_response(),
            None => gone(&app),
        });
    };
    page(&Page {
        frame: Frame::of(false),
        factors: queries::factors::of_account(&app.pool, step.account_id).await?,
        passkey: passkeys::Button::step(&app, hash, step.account_id).await?,
        said: said(query.as_deref(), &typed.by_anyone()),
        action: FACTOR_PAGE,
        next_word: None,
    })
}

/// `POST /sign-in/factor`: a code of the app, or a recovery code.
pub(crate) async fn finish(
    State(app): State<App>,
    from: FromNetwork,
    who: Option<axum::Extension<Who>>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (code, from) = (fields.take("code")?, From::of(from.0, &headers));
    let Some((hash, step)) = of_browser(&app, &headers).await? else {
        return Ok(gone(&app));
    };
    let account = step.account_id;
    let right = match factors::judge(&app, hash, account, &code).await? {
        Ok(right) => right,
        Err(NoMore::OfOne) => return enough(&app, hash).await,
        Err(NoMore::OfAccount) => return Ok(again(Said::TooMany)),
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let factor = match &right {
        Some(right) if queries::accounts::lock(&mut *db, account).await? => {
            factors::spend(&mut *db, account, right).await?
        }
        _ => None,
    };
    let Some(factor) = factor else {
        drop(transaction);
        factors::log_wrong(&app, account, Some(step.way), SignInOutcome::WrongFactor, &from).await?;
        return Ok(again(Said::Wrong));
    };
    let Some((cookie, path)) = door::pass(&mut *db, &app, hash, factor, (&headers, &from)).await? else {
        return Ok(gone(&app));
    };
    transaction.commit().await?;
    if let Some(who) = who {
        who.note(account);
    }
    Ok(passed(&app, cookie, &path))
}

/// The answer to somebody who showed the factor: the session, and on to where they wanted to go.
pub(in crate::pages) fn passed(app: &App, cookie: http::HeaderValue, path: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookie);
    headers.append(SET_COOKIE, door::forget_step(app));
    response
}

/// The page again.
fn again(said: Said) -> Response {
    Redirect::to(&format!("{FACTOR_PAGE}?said={}", said.word())).into_response()
}

/// The end of a step that has shown too many wrong codes.
pub(in crate::pages) async fn enough(app: &App, hash: TokenHash) -> Result<Response, Problem> {
    queries::sign_in_steps::end(&app.pool, hash).await?;
    let response = Done::TooManyCodes.answer();
    Ok(([(SET_COOKIE, door::forget_step(app))], response).into_response())
}

/// `POST /sign-in/factor/over`: ends the step, so that somebody else can sign in, or with another way.
pub(crate) async fn start_over(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let step = of_browser(&app, &headers).await?;
    let mut back = "/sign-in".to_owned();
    if let Some((hash, step)) = step {
        queries::sign_in_steps::end(&app.pool, hash).await?;
        // Whoever came from a client stays with it.
        if step.next_path.starts_with("/authorize/") {
            back = step.next_path;
        }
    }
    Ok(([(SET_COOKIE, door::forget_step(&app))], Redirect::to(&back)).into_response())
}
