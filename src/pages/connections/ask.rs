//! What intervals.icu is asked for, and the way there: a state that only this session or this browser can bring back, once.

use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::Duration;
use http::{HeaderMap, header::SET_COOKIE};

use crate::{
    app::App,
    error::Problem,
    guard::cookie::SHARED,
    ids::AccountId,
    intervals::Shared,
    pages::{changes, library},
    queries::{
        self,
        oauth_states::{Begun, Bound},
    },
    secrets::{Token, TokenKind},
    words::{ConnectionKind, ConnectionStatus},
};

/// How long a started consent may take.
const STATE_FOR: Duration = Duration::minutes(10);
/// How long a browser remembers what its last consent shared.
const SHARED_FOR: Duration = Duration::days(365);

/// What to ask for an account: to read everything; what it shares now, or shared before a narrower consent; and to change
/// everything if that is wanted now (`changes`), if the athlete's connector may make changes, or if a coach may; and the library where
/// somebody may use it.
///
/// intervals.icu may give every token of an athlete the rights of the latest consent, so none must ask for less than is in use.
pub(in crate::pages) async fn wanted(
    app: &App,
    account: AccountId,
    changes: bool,
) -> Result<Shared, Problem> {
    let row = queries::connections::of_account(&app.pool, account).await?;
    let row =
        row.filter(|row| row.kind == ConnectionKind::OAuth && row.status != ConnectionStatus::Disconnected);
    let mut wanted = Shared::READ;
    if let Some(row) = row {
        let before = row.scopes_before.as_deref().map(Shared::of).unwrap_or_default();
        wanted = wanted.or(Shared::of(&row.scopes)).or(before);
    }
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let changes = changes || changes::wanted(app, account, &grants).await?;
    if changes {
        wanted = wanted.or(Shared::WRITE);
    }
    if library::is_wanted(app, account, &grants).await? {
        wanted = wanted.or(if changes {
            Shared::LIBRARY
        } else {
            Shared::LIBRARY_READ
        });
    }
    Ok(wanted)
}

/// What to ask somebody for who signs in: what this browser's last consent shared, else to read everything.
pub(in crate::pages) fn wanted_by_browser(app: &App, headers: &HeaderMap) -> Shared {
    let letters = SHARED.read(headers, app.config.public_url.is_https());
    let shared = letters.and_then(Shared::of_letters);
    shared
        .filter(|shared| !shared.is_nothing())
        .unwrap_or(Shared::READ)
}

/// Redirects to intervals.icu.
pub(in crate::pages) async fn go(
    app: &App,
    bound: Bound,
    begun: &Begun,
    wanted: Shared,
) -> Result<Response, Problem> {
    let state = Token::mint(TokenKind::State, &app.random);
    let callback = app.config.page_url("/connect/callback");
    let url = app
        .intervals
        .authorize_url(&callback, state.expose(), wanted)
        .ok_or(Problem::NotFound)?;
    let now = app.clock.now();
    queries::oauth_states::create(&app.pool, state.hash(), bound, begun, now, now + STATE_FOR).await?;
    Ok(Redirect::to(url.as_str()).into_response())
}

/// `response`, after which the browser remembers what this consent shared.
pub(in crate::pages) fn remembered(app: &App, scopes: &[String], mut response: Response) -> Response {
    let letters = Shared::of(scopes).letters();
    let cookie = SHARED.set(&letters, SHARED_FOR, app.config.public_url.is_https());
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
