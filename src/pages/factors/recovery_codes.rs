//! The recovery codes: shown once, on the page after the one that made them, and made anew.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, header::SET_COOKIE};
use serde::{Deserialize, Serialize};

use super::HERE as FACTORS;
use crate::{
    app::App,
    error::Problem,
    guard::{cookie::CODES, factors, session::Session},
    ids::AccountId,
    pages::{Frame, NextPage, Signed, factor, frame::page, sealed},
    queries,
};

/// The page.
const HERE: &str = "/account/factors/recovery-codes";
/// How long they wait in the browser to be shown.
const WAIT: Duration = Duration::minutes(10);

/// Codes that were made, and not shown yet, as the cookie holds them.
#[derive(Serialize, Deserialize)]
struct Made {
    whose: AccountId,
    at: DateTime<Utc>,
    codes: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/recovery_codes.html")]
struct Page {
    frame: Frame,
    /// The new codes, once.
    codes: Vec<String>,
    left: i64,
}

/// Leads to the page that shows these codes to the owner of the session, once.
pub(in crate::pages) fn shown_once(app: &App, session: &Session, codes: Vec<String>) -> Response {
    let made = Made {
        whose: session.account,
        at: app.clock.now(),
        codes,
    };
    let plain = serde_json::to_vec(&made).unwrap_or_default();
    let cookie = sealed::set(app, CODES, &plain, WAIT);
    ([(SET_COOKIE, cookie)], Redirect::to(HERE)).into_response()
}

/// `GET /account/factors/recovery-codes`: new codes, once; otherwise how many are left.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = &signed.0;
    let factors = queries::factors::of_account(&app.pool, session.account).await?;
    if !factors.has_any() {
        return Ok(Redirect::to(FACTORS).into_response());
    }
    let made = sealed::open::<Made>(&app, &headers, CODES);
    let made = made.filter(|made| {
        let waited = app.clock.now() - made.at;
        made.whose == session.account && (Duration::zero()..WAIT).contains(&waited)
    });
    let mut response = page(&Page {
        frame: Frame::of(true),
        codes: made.map(|made| made.codes).unwrap_or_default(),
        left: factors.recovery_codes,
    })?;
    if let Some(forget) = sealed::forget(&app, &headers, CODES) {
        response.headers_mut().append(SET_COOKIE, forget);
    }
    Ok(response)
}

/// `POST /account/factors/recovery-codes`: new codes; the old ones end.
pub(crate) async fn make(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    let session = &signed.0;
    if let Some(first) = factor::asked(&app, session, NextPage::RecoveryCodes).await? {
        return Ok(first);
    }
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, session.account).await?
        || !queries::factors::has_any(&mut *db, session.account).await?
    {
        return Ok(Redirect::to(FACTORS).into_response());
    }
    let codes = factors::new_recovery_codes(&mut *db, &app, session.account).await?;
    transaction.commit().await?;
    Ok(shown_once(&app, session, codes))
}
