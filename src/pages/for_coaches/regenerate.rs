//! Another URL: asked for with an address, confirmed from a mail, mailed. The old one stops working with the commit.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{End, Wanted, Wish};
use crate::{
    app::App,
    error::Problem,
    guard::coaches,
    mail::{self, Mail, outbox},
    pages::{Fields, Visitor, mail_link},
    queries,
};

/// Another URL.
#[derive(Debug)]
pub enum Regenerate {}

impl Wanted for Regenerate {
    const WISH: Wish = Wish::Regenerate;
}

/// `POST /for-coaches/regenerate/confirm`: puts a new token in the place of the old one, ends every visit and every open mail
/// link of the coach, and mails the new URL, all or nothing.
pub async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let sent = fields.take("form")?;
    let signed = session.is_some();
    let mut transaction = app.pool.begin().await?;
    let Some(coach) = super::spend(Wish::Regenerate, &mut transaction, &app, &headers, &sent).await? else {
        return mail_link::gone(signed);
    };
    let Some(url) = coaches::regenerate(&mut transaction, &app, coach.id).await? else {
        return mail_link::gone(signed);
    };
    queries::coaches::end_sessions(&mut *transaction, coach.id).await?;
    queries::mail_links::end_of_coach(&mut *transaction, &coach.email_key).await?;
    let athletes = super::covered(&mut transaction, &coach, app.clock.now()).await?;
    let mail = Mail::CoachNewUrl(mail::CoachNewUrl {
        url,
        athletes,
        for_coaches: app.config.for_coaches_url(),
    });
    let queued = outbox::enqueue(&mut transaction, &app, &super::address_of(&coach), None, mail).await?;
    if queued == outbox::Queued::Capped {
        // A new URL that nobody is told would lock the coach out.
        transaction.rollback().await?;
        return super::done(End::TooMany, signed);
    }
    transaction.commit().await?;
    metrics::counter!("icusync_coach_urls_regenerated_total").increment(1);
    let mut response = Redirect::to("/for-coaches/regenerate/done").into_response();
    Wish::Regenerate.page().forget(&app, &mut response);
    Ok(response)
}

/// `GET /for-coaches/regenerate/done`.
pub async fn done(Visitor(session): Visitor) -> Result<Response, Problem> {
    super::done(End::Regenerated, session.is_some())
}
