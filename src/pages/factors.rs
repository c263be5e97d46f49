//! Two-step sign-in, as the account's owner sees it: which factors there are, how to add one and take one off, and the recovery
//! codes, which are shown once.

pub(crate) mod codes;
pub(crate) mod recovery_codes;

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    Frame, Signed,
    done::{Done, JustDone},
    frame::page,
    passkeys,
    when::When,
};
use crate::{app::App, error::Problem, queries, queries::factors::Factors};

/// The page.
pub(super) const HERE: &str = "/account/factors";

#[derive(Template)]
#[template(path = "pages/factors.html")]
struct Page {
    frame: Frame,
    done: Option<Done>,
    /// Without a confirmed address no factor can be added.
    has_address: bool,
    factors: Factors,
    codes_since: Option<When>,
    passkeys: passkeys::Card,
}

/// `GET /account/factors`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let factors = queries::factors::of_account(&app.pool, account).await?;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let zone = connection.and_then(|row| row.zone?.parse().ok());
    page(&Page {
        frame: Frame::of(true),
        done,
        has_address: signed.0.email.is_some(),
        codes_since: factors.codes_since.map(|at| When::of(at, zone)),
        passkeys: passkeys::Card::of(&app, account, signed.0.email.is_some(), zone).await?,
        factors,
    })
}
