//! A new password for someone who knows the old one. [`super::reset`] is for someone who does not.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};
use sqlx::PgConnection;

use super::{
    Fields, Frame, FromNetwork, NextPage, Signed,
    apps::end_apps_ticked,
    done::Done,
    draft::{self, Again, Typed},
    factor,
    form::{Mistake, Wrong as _},
    frame::page,
    proof,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        session,
        sign_ins::{self, From},
        tries,
    },
    ids::AccountId,
    mail::{self, Address, Mail, outbox},
    queries::{self, accounts::Account, sign_ins::Owner},
    secrets::{Password, PasswordHash},
};

const HERE: &str = "/account/password";
const THE_SAME: &str = "This is the password that you have already.";

#[derive(Template)]
#[template(path = "pages/password.html")]
struct Form {
    frame: Frame,
    email: String,
    end_apps: bool,
    mistake: Option<Mistake>,
}

/// Replaces the password of an account within `db`'s transaction, ends every session, every mail link and every identity that waits to be bound, and queues the email. With
/// `end_apps` it also ends all connected apps; returns how many there were.
pub(super) async fn replace(
    db: &mut PgConnection,
    app: &App,
    owner: &Account,
    hash: &PasswordHash,
    end_apps: Option<&From>,
) -> Result<usize, Problem> {
    queries::accounts::set_password(&mut *db, owner.id, hash).await?;
    let Some(address) = Address::of(owner) else {
        return Err(Problem::NotFound);
    };
    tries::forget(&mut *db, &address.key).await?;
    queries::sessions::end_all(&mut *db, owner.id).await?;
    queries::mail_links::end_all(&mut *db, owner.id).await?;
    queries::identity_offers::end_all(&mut *db, owner.id).await?;
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.page_url("/forgot"),
        how: mail::PasswordIs::Changed,
    });
    outbox::enqueue(&mut *db, app, &address, Some(owner.id), changed).await?;
    Ok(match end_apps {
        Some(from) => sign_ins::end_all(db, app, Owner::Account(owner.id), from).await?,
        None => 0,
    })
}

/// `GET /account/password`.
pub(crate) async fn form(State(app): State<App>, signed: Signed, typed: Typed) -> Result<Response, Problem> {
    if let Some(first) = factor::asked(&app, &signed.0, NextPage::Password).await? {
        return Ok(first);
    }
    let kept = typed.by(signed.0.account);
    match signed.0.email {
        Some(email) if has_password(&app, signed.0.account).await? => page(&Form {
            frame: Frame::of(true),
            email,
            end_apps: kept.is_ticked("end-apps", true),
            mistake: kept.mistake(),
        }),
        // Who has none sets one there.
        _ => Ok(Redirect::to(&NextPage::Ways.path()).into_response()),
    }
}

async fn has_password(app: &App, account: AccountId) -> Result<bool, Problem> {
    let owner = queries::accounts::by_id(&app.pool, account).await?;
    Ok(owner.is_some_and(|owner| owner.has_password))
}

/// `POST /account/password`: sets the password, ends every other session and every open mail link, queues the email about
/// it; if the box is ticked, ends all connected apps. This browser gets a new session.
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (current, chosen) = (fields.take("current")?, fields.take("password")?);
    let end_apps = end_apps_ticked(&mut fields);
    if let Some(first) = factor::first(&app, &signed.0, NextPage::Password).await? {
        return Ok(Again::later(HERE, first).answer());
    }
    let Some(email) = signed.0.email.clone() else {
        return Err(Problem::NotFound);
    };
    if !has_password(&app, signed.0.account).await? {
        return Err(Problem::NotFound);
    }
    let again = |mistake: Mistake| Ok(draft::wrong(HERE, mistake));
    let same = current == chosen;
    let password = match Password::choose(chosen, &email) {
        Ok(password) => password,
        Err(error) => return again(Mistake::new("password", &error)),
    };
    let Some(proof) = proof::in_session(&app, &signed.0, Some(current)).await? else {
        return again(Mistake::new("current", proof::NOT_YOURS));
    };
    if same {
        return again(Mistake::new("password", THE_SAME));
    }
    let hash = app.passwords.hash(password).await;
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&app, &mut transaction).await? {
        return again(Mistake::new("current", proof::NOT_YOURS));
    }
    let from = end_apps.then(|| From::of(from.0, &headers));
    let ended = replace(&mut transaction, &app, &proof.account, &hash, from.as_ref()).await?;
    let cookie = session::renew(&mut transaction, &app, &signed.0, false, &headers).await?;
    transaction.commit().await?;
    let done = if ended > 0 {
        Done::PasswordChangedAppsEnded
    } else {
        Done::PasswordChanged
    };
    Ok(([(SET_COOKIE, cookie)], done.answer()).into_response())
}
