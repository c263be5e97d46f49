//! A new password for someone who knows the old one. [`super::reset`] is for someone who does not.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header::SET_COOKIE};
use sqlx::PgConnection;

use super::{
    Fields, Frame, FromNetwork, Signed,
    apps::end_apps_ticked,
    done::Done,
    form::{Mistake, Wrong as _},
    frame::form_page,
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
    mail::{self, Address, Mail, outbox},
    queries::{self, accounts::Account, sign_ins::Owner},
    secrets::{Password, PasswordHash},
};

const THE_SAME: &str = "This is the password that you have already.";

#[derive(Template)]
#[template(path = "pages/password.html")]
struct Form {
    frame: Frame,
    email: String,
    end_apps: bool,
    mistake: Option<Mistake>,
}

/// Replaces the password of an account within `db`'s transaction, ends every session and mail link, and queues the email. With
/// `end_apps` it also ends all connected apps; returns how many there were.
pub(super) async fn replace(
    db: &mut PgConnection,
    app: &App,
    owner: &Account,
    hash: &PasswordHash,
    end_apps: Option<&From>,
) -> Result<usize, Problem> {
    queries::accounts::set_password(&mut *db, owner.id, hash).await?;
    tries::forget(&mut *db, &owner.email_key).await?;
    queries::sessions::end_all(&mut *db, owner.id).await?;
    queries::mail_links::end_all(&mut *db, owner.id).await?;
    let address = Address::stored(&owner.email, &owner.email_key);
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.page_url("/forgot"),
    });
    outbox::enqueue(&mut *db, app, &address, Some(owner.id), changed).await?;
    Ok(match end_apps {
        Some(from) => sign_ins::end_all(db, app, Owner::Account(owner.id), from).await?,
        None => 0,
    })
}

fn draw(email: String, end_apps: bool, mistake: Option<Mistake>) -> Result<Response, Problem> {
    let form = Form {
        frame: Frame::of(true),
        email,
        end_apps,
        mistake,
    };
    form_page(form.mistake.is_some(), &form)
}

/// `GET /account/password`.
pub(crate) async fn form(signed: Signed) -> Result<Response, Problem> {
    draw(signed.0.email, true, None)
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
    let email = &signed.0.email;
    let again = |mistake: Mistake| draw(email.clone(), end_apps, Some(mistake));
    let same = current == chosen;
    let password = match Password::choose(chosen, email) {
        Ok(password) => password,
        Err(error) => return again(Mistake::new("password", &error)),
    };
    let Some(proof) = proof::in_session(&app, &signed.0, current).await? else {
        return again(Mistake::new("current", proof::NOT_YOURS));
    };
    if same {
        return again(Mistake::new("password", THE_SAME));
    }
    let hash = app.passwords.hash(password).await;
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&mut transaction).await? {
        return again(Mistake::new("current", proof::NOT_YOURS));
    }
    let from = end_apps.then(|| From::of(from.0, &headers));
    let ended = replace(&mut transaction, &app, &proof.account, &hash, from.as_ref()).await?;
    let cookie = session::begin(&mut transaction, &app, proof.account.id, &headers).await?;
    transaction.commit().await?;
    let done = if ended > 0 {
        Done::PasswordChangedAppsEnded
    } else {
        Done::PasswordChanged
    };
    Ok(([(SET_COOKIE, cookie)], done.answer()).into_response())
}
