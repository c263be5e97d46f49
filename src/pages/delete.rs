//! Deleting an account: all its data is deleted immediately.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};
use sqlx::PgConnection;

use super::{
    Fields, Frame, NextPage, Signed,
    connections::connect,
    draft::{self, Again, Typed},
    factor,
    form::{Mistake, Wrong as _},
    frame::page,
    proof::{self, Asks, Proof},
};
use crate::{
    app::App,
    error::Problem,
    guard::{coaches, log_buffer, session, tries},
    ids::AccountId,
    mail::{self, Mail, Why, outbox},
    queries::{self, accounts::Account},
    words::{ConnectionKind, ConnectionStatus},
};

const HERE: &str = "/account/delete";
/// What must be typed, in upper or lower case.
const WORD: &str = "delete";
const NOT_THE_WORD: &str = "Type the word delete, so that nothing is deleted by accident.";

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a sentence of its own on the page"
)]
#[derive(Template)]
#[template(path = "pages/delete.html")]
struct Form {
    frame: Frame,
    /// Whose account it is, in a word.
    email: String,
    asks: Asks,
    next: NextPage,
    /// Whether intervals.icu is connected, and by an API key.
    connected: bool,
    by_key: bool,
    /// Addresses of the coaches who get an email.
    coaches: Vec<String>,
    /// Whether the address is a coach's too.
    is_coach: bool,
    word: String,
    /// The account, for which the form is drawn.
    account: AccountId,
    /// Whether what was typed comes from before the session was lost.
    kept: bool,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/deleted.html")]
struct Deleted {
    frame: Frame,
}

/// `GET /account/delete`: what it means, before it happens.
pub(crate) async fn form(State(app): State<App>, signed: Signed, typed: Typed) -> Result<Response, Problem> {
    let session = signed.0;
    if let Some(first) = factor::asked(&app, &session, NextPage::Delete).await? {
        return Ok(first);
    }
    let kept = typed.by(session.account);
    let connection = queries::connections::of_account(&app.pool, session.account)
        .await?
        .filter(|row| row.status != ConnectionStatus::Disconnected);
    let owner = queries::accounts::by_id(&app.pool, session.account)
        .await?
        .ok_or(Problem::NotFound)?;
    let grants = queries::grants::of_account(&app.pool, owner.id).await?;
    let coaches = grants
        .into_iter()
        .filter(|grant| Some(&grant.coach_email_key) != owner.email_key.as_ref())
        .map(|grant| grant.coach_email)
        .collect::<BTreeSet<String>>()
        .into_iter()
        .collect();
    let is_coach = is_coach(&app.pool, &owner).await?;
    let form = Form {
        frame: Frame::of(true),
        asks: Asks::of(&app, &session).await?,
        next: NextPage::Delete,
        email: session.who,
        connected: connection.is_some(),
        by_key: connection.is_some_and(|row| row.kind == ConnectionKind::ApiKey),
        coaches,
        is_coach,
        word: kept.text_or_empty("word"),
        account: owner.id,
        kept: kept.was_lost(),
        mistake: kept.mistake(),
    };
    Ok(form.asks.leading(page(&form)?))
}

/// Whether the account's address is a coach's too.
async fn is_coach(db: impl queries::Db<'_>, owner: &Account) -> sqlx::Result<bool> {
    match &owner.email_key {
        Some(key) => Ok(queries::coaches::by_email(db, key).await?.is_some()),
        None => Ok(false),
    }
}

/// `POST /account/delete`.
pub(crate) async fn delete(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (password, word) = (fields.optional("password"), fields.take("word")?);
    if let Some(first) = factor::first(&app, &signed.0, NextPage::Delete).await? {
        return Ok(Again::later(HERE, first).answer());
    }
    if !word.trim().eq_ignore_ascii_case(WORD) {
        return Ok(draft::wrong(HERE, Mistake::new("word", NOT_THE_WORD)));
    }
    let done = match proof::in_session(&app, &signed.0, password).await? {
        Some(proof) => end(&app, &proof).await?,
        None => false,
    };
    if !done {
        let (field, text) = Asks::of(&app, &signed.0).await?.refusal();
        return Ok(draft::wrong(HERE, Mistake::new(field, text)));
    }
    let cookie = session::end(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/account/deleted")).into_response())
}

/// Deletes the account in one transaction: its rows, its jobs, its sessions. The jobs that follow do not name the account:
/// the revoke upstream, the email about the deletion, and those to its coaches. False if the password was changed
/// meanwhile.
async fn end(app: &App, proof: &Proof) -> Result<bool, Problem> {
    let account = proof.account.id;
    log_buffer::flush(app).await;
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(app, &mut transaction).await? {
        return Ok(false);
    }
    let is_coach = tell_coaches(&mut transaction, app, &proof.account).await?;
    let address = proof.address();
    outbox::forget_account(&mut transaction, account, address.as_ref()).await?;
    let disconnected = connect::disconnect(&mut transaction, app, account, None).await?;
    if let Some(address) = &address {
        queries::mail_links::end_for(&mut *transaction, &address.key).await?;
        tries::forget(&mut *transaction, &address.key).await?;
    }
    queries::accounts::delete(&mut *transaction, account).await?;
    let deleted = Mail::AccountDeleted(mail::AccountDeleted {
        was_connected: disconnected,
        is_coach,
        intervals: app.config.intervals_url.join("/settings"),
    });
    if let Some(address) = &address {
        outbox::enqueue(&mut transaction, app, address, None, deleted).await?;
    }
    transaction.commit().await?;
    metrics::counter!("icusync_accounts_deleted_total").increment(1);
    tracing::info!("an account was deleted by its owner");
    Ok(true)
}

/// Ends the account's grants and queues an email to each coach, before the rows are deleted with the account's. Returns
/// whether its address is a coach's too: that coach stays.
async fn tell_coaches(db: &mut PgConnection, app: &App, account: &Account) -> anyhow::Result<bool> {
    for grant in queries::grants::of_account(&mut *db, account.id).await? {
        // Athletes who coach themselves know.
        if Some(&grant.coach_email_key) == account.email_key.as_ref() {
            queries::grants::end(&mut *db, grant.id, account.id).await?;
        } else {
            coaches::end(&mut *db, app, &grant, Why::AccountDeleted).await?;
        }
    }
    Ok(is_coach(db, account).await?)
}

/// `GET /account/deleted`: says that it is done.
pub(crate) async fn done() -> Result<Response, Problem> {
    page(&Deleted {
        frame: Frame::of(false),
    })
}
