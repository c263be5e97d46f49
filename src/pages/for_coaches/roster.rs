//! The way to the own roster: asked for with an address, begun from a mail.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::{Wanted, Wish};
use crate::{
    app::App,
    error::Problem,
    guard::coach_session,
    pages::{Fields, Visitor, mail_link},
};

/// The own roster.
#[derive(Debug)]
pub enum Roster {}

impl Wanted for Roster {
    const WISH: Wish = Wish::Roster;
}

/// `POST /for-coaches/roster/confirm`: begins a visit.
pub async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let sent = fields.take("form")?;
    let mut transaction = app.pool.begin().await?;
    let Some(coach) = super::spend(Wish::Roster, &mut transaction, &app, &headers, &sent).await? else {
        return mail_link::gone(session.is_some());
    };
    let cookie = coach_session::begin(&mut transaction, &app, coach.id, &headers).await?;
    transaction.commit().await?;
    let mut response = ([(SET_COOKIE, cookie)], Redirect::to("/for-coaches/my-roster")).into_response();
    Wish::Roster.page().forget(&app, &mut response);
    Ok(response)
}
