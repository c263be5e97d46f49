//! The same URL once more: asked for with an address, confirmed from a mail, mailed.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{End, Wanted, Wish};
use crate::{
    app::App,
    error::Problem,
    guard::connector,
    mail::{self, Mail, outbox},
    pages::{Fields, Visitor, mail_link},
    queries,
};

/// The same URL once more.
#[derive(Debug)]
pub enum Resend {}

impl Wanted for Resend {
    const WISH: Wish = Wish::Resend;
}

/// `POST /for-coaches/resend/confirm`: mails the URL, unchanged, to the address that an athlete once gave.
pub async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let sent = fields.take("form")?;
    let signed = session.is_some();
    let mut transaction = app.pool.begin().await?;
    let Some(coach) = super::spend(Wish::Resend, &mut transaction, &app, &headers, &sent).await? else {
        return mail_link::gone(signed);
    };
    let link = queries::links::of_coach(&mut *transaction, coach.id).await?;
    let Some(url) = link.and_then(|link| connector::url(&app, &link)) else {
        transaction.commit().await?;
        return super::done(End::Unreadable, signed);
    };
    let athletes = super::covered(&mut transaction, &coach, app.clock.now()).await?;
    let mail = Mail::CoachUrl(mail::CoachUrl {
        url,
        athletes,
        for_coaches: app.config.for_coaches_url(),
    });
    let queued = outbox::enqueue(&mut transaction, &app, &super::address_of(&coach), None, mail).await?;
    if queued == outbox::Queued::Capped {
        transaction.rollback().await?;
        return super::done(End::TooMany, signed);
    }
    transaction.commit().await?;
    let mut response = Redirect::to("/for-coaches/resend/done").into_response();
    Wish::Resend.page().forget(&app, &mut response);
    Ok(response)
}

/// `GET /for-coaches/resend/done`.
pub async fn done(Visitor(session): Visitor) -> Result<Response, Problem> {
    super::done(End::Resent, session.is_some())
}
