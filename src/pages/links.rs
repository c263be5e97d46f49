//! The connector URL: shown to its owner, replaced on demand.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{Frame, Signed, frame::page};
use crate::{
    app::App,
    error::Problem,
    guard::accounts::link_place,
    ids::AccountId,
    queries::{self, links::Link},
    secrets::{Token, TokenKind},
};

#[derive(Template)]
#[template(path = "pages/regenerate.html")]
struct Regenerate {
    frame: Frame,
    last_used: Option<String>,
    last_client: Option<String>,
}

/// The account's link and its URL in the clear; no URL when it was sealed with a key that is gone.
pub async fn url_of(app: &App, account: AccountId) -> Result<(Option<Link>, Option<String>), Problem> {
    let link = queries::links::of_account(&app.pool, account).await?;
    let url =
        link.as_ref().and_then(
            |link| match app.keys.open_text(link_place(link.id), &link.token_sealed) {
                Ok(token) => Some(app.config.link_url.join(&format!("/mcp/{token}"))),
                Err(error) => {
                    tracing::error!(%error, "a link does not open; its owner can regenerate it");
                    None
                }
            },
        );
    Ok((link, url))
}

/// `GET /link/regenerate`: what it means, before it happens.
pub async fn regenerate_page(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    let link = queries::links::of_account(&app.pool, signed.0.account).await?;
    let now = app.clock.now();
    let last_used = link
        .as_ref()
        .and_then(|link| Some(super::when::ago(now, link.last_used_at?)));
    page(&Regenerate {
        frame: Frame::of(true),
        last_used,
        last_client: link.and_then(|link| link.last_client),
    })
}

/// `POST /link/regenerate`: the old URL stops working with the commit, on every instance.
pub async fn regenerate(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    let account = signed.0.account;
    let link = queries::links::of_account(&app.pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let token = Token::mint(TokenKind::Link, &app.random);
    let sealed = app
        .keys
        .seal(link_place(link.id), token.expose().as_bytes(), &app.random);
    queries::links::regenerate(
        &app.pool,
        link.id,
        account,
        token.hash(),
        &sealed,
        app.clock.now(),
    )
    .await?;
    Ok(Redirect::to("/dashboard?done=regenerated").into_response())
}
