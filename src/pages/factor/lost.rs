//! Every factor is lost: what can be done, and the wish to recover the account. It lets nobody in: an email comes to the owner's
//! address, after a time in which the owner can say no.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{Said, step};
use crate::{
    app::App,
    error::Problem,
    guard::{
        recovery::{self, Begun},
        sign_ins::From,
    },
    pages::{Frame, FromNetwork, Signed, done::Done, frame::page},
    queries, time,
};

/// The page.
const HERE: &str = "/sign-in/factor/lost";

#[derive(Template)]
#[template(path = "pages/factor_lost.html")]
struct Lost {
    frame: Frame,
    /// When the email with the link comes, if a recovery is open, and whether it has come.
    open: Option<(String, bool)>,
    said: Option<Said>,
}

/// `GET /sign-in/factor/lost`.
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Some((_, step)) = step::of_browser(&app, &headers).await? else {
        return Ok(step::gone(&app));
    };
    let open = queries::recoveries::of_account(&app.pool, step.account_id).await?;
    page(&Lost {
        frame: Frame::of(false),
        open: open.map(|open| (time::in_utc(open.ready_at), open.mailed_at.is_some())),
        said: Said::of_query(query.as_deref()),
    })
}

/// `POST /sign-in/factor/lost`: begins a recovery.
pub(crate) async fn begin(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some((_, step)) = step::of_browser(&app, &headers).await? else {
        return Ok(step::gone(&app));
    };
    let begun = recovery::begin(&app, step.account_id, &From::of(from.0, &headers)).await?;
    let location = match begun {
        Begun::Open => HERE.to_owned(),
        Begun::TooMany => format!("{HERE}?said={}", Said::TooMany.word()),
        Begun::Nothing => return Ok(step::gone(&app)),
    };
    Ok(Redirect::to(&location).into_response())
}

/// `POST /account/recovery/stop`: the owner says that it was not them.
pub(crate) async fn stop(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    recovery::stop(&app, signed.0.account).await?;
    Ok(Done::RecoveryStopped.answer())
}
