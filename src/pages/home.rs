//! The home page and the privacy page.
//!
//! Both work without the database.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{
    Frame,
    frame::page,
    provider, signed,
    site::{About, PRIVACY},
};
use crate::{app::App, error::Problem, guard::policy};

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home {
    frame: Frame,
    open: bool,
    by_password: bool,
    oauth: bool,
    provider: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/privacy.html")]
struct Privacy {
    frame: Frame,
    about: &'static About,
    code_minutes: u32,
    refresh_days: u32,
    sign_in_days: u32,
    /// What people call the outside identity provider, if one is set up.
    provider: Option<String>,
    host: String,
    contact: Option<String>,
}

/// `GET /`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    // Without the database each of them waits for a while.
    let (sign_ups, signed) = tokio::join!(policy::sign_ups_for_everyone(&app), is_signed(&app, &headers));
    let offered = sign_ups.offered(&app);
    let home = Home {
        frame: Frame::of(signed),
        open: sign_ups.is_open(),
        by_password: offered.password,
        oauth: offered.intervals,
        provider: provider::name(&app).filter(|_| offered.provider),
    };
    Ok(provider::leading_to_ways(&app, page(&home)?))
}

/// `GET /privacy`.
pub(crate) async fn privacy(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let host = app.config.public_url.authority();
    page(&Privacy {
        frame: Frame::of(is_signed(&app, &headers).await),
        about: &PRIVACY,
        code_minutes: app.config.code_minutes,
        refresh_days: app.config.refresh_days,
        sign_in_days: app.config.sign_in_days,
        provider: provider::name(&app),
        host,
        contact: app.config.support_email.clone(),
    })
}

/// Whether someone is signed in. Without the database everyone is a stranger, so that the pages for everyone still work.
pub(super) async fn is_signed(app: &App, headers: &HeaderMap) -> bool {
    signed::session_of(app, headers)
        .await
        .unwrap_or_default()
        .is_some()
}
