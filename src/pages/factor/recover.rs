//! The link that ends a recovery: its button takes all lost factors off, and with them every session, every connected app and the
//! old connector URL. After that the account is signed in to as before it had a factor.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use crate::{
    app::App,
    error::Problem,
    guard::{recovery, sign_ins::From},
    pages::{Fields, Frame, FromNetwork, MaybeSigned, done::Done, frame::page, mail_link::RECOVER_PAGE},
    queries,
};

#[derive(Template)]
#[template(path = "pages/recover.html")]
struct Recover {
    frame: Frame,
    form: String,
}

/// `GET /recover`: what the button does.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match RECOVER_PAGE.opened(&app.pool, &app, &headers).await? {
        Some(opened) => page(&Recover {
            frame: Frame::of(session.is_some()),
            form: opened.form(),
        }),
        None => RECOVER_PAGE.gone(&app, &headers, session.is_some()),
    }
}

/// `POST /recover`.
pub(crate) async fn confirm(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, signed) = (fields.take("form")?, session.is_some());
    let opened = RECOVER_PAGE.pressed(&app.pool, &app, &headers, &form).await?;
    let Some((account, opened)) = opened.and_then(|opened| Some((opened.link.account_id?, opened))) else {
        return RECOVER_PAGE.gone(&app, &headers, signed);
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, account).await? || opened.spend(&mut *db, &app).await?.is_none() {
        return RECOVER_PAGE.gone(&app, &headers, signed);
    }
    if !recovery::finish(db, &app, account, &From::of(from.0, &headers)).await? {
        return RECOVER_PAGE.gone(&app, &headers, signed);
    }
    transaction.commit().await?;
    Ok(opened.forgotten(&app, Done::Recovered.answer()))
}
