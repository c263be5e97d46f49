//! Questions that athletes ask, and where to write if none of the answers helps.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{
    Frame,
    frame::page,
    home::is_signed,
    site::{About, SUPPORT},
};
use crate::{app::App, error::Problem, guard::policy};

#[derive(Template)]
#[template(path = "pages/support.html")]
struct Page {
    frame: Frame,
    about: &'static About,
    /// The URL at which clients sign in.
    mcp_url: String,
    /// Whether the policy has connector URLs.
    has_links: bool,
    contact: Option<String>,
    calls_per_minute: u32,
    calls_at_once: u32,
    call_seconds: u64,
    invites_per_day: u32,
}

/// `GET /support`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let config = &app.config;
    let (policy, signed) = tokio::join!(policy::for_everyone(&app), is_signed(&app, &headers));
    page(&Page {
        frame: Frame::of(signed),
        about: &SUPPORT,
        mcp_url: config.mcp_url(),
        has_links: policy.has_links(),
        contact: config.support_email.clone(),
        calls_per_minute: config.calls_per_minute,
        calls_at_once: config.calls_at_once,
        call_seconds: config.call_seconds,
        invites_per_day: config.invites_per_day,
    })
}
