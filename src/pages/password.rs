//! A new password for somebody who knows the old one. Whoever does not takes the way of [`super::reset`].

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};

use super::{
    Fields, Frame, Signed,
    form::Mistake,
    frame::{page, with_status},
    proof,
};
use crate::{
    app::App,
    error::Problem,
    guard::{session, tries},
    mail::{self, Mail, outbox},
    queries,
    secrets::Password,
};

const THE_SAME: &str = "This is the password that you have already.";

#[derive(Template)]
#[template(path = "pages/password.html")]
struct Form {
    frame: Frame,
    email: String,
    mistake: Option<Mistake>,
}

impl Form {
    fn wrong(&self, field: &str) -> bool {
        self.mistake
            .as_ref()
            .is_some_and(|mistake| mistake.field == field)
    }
}

/// `GET /account/password`.
pub async fn form(signed: Signed) -> Result<Response, Problem> {
    page(&Form {
        frame: Frame::of(true),
        email: signed.0.email,
        mistake: None,
    })
}

/// `POST /account/password`: sets the password, ends every other session and every open mail link, mails. This browser goes on
/// with a new session.
pub async fn change(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (current, chosen) = (fields.take("current")?, fields.take("password")?);
    let email = &signed.0.email;
    let again = |mistake: Mistake| {
        let form = Form {
            frame: Frame::of(true),
            email: email.clone(),
            mistake: Some(mistake),
        };
        with_status(StatusCode::UNPROCESSABLE_ENTITY, &form)
    };
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
    let account = proof.account.id;
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&mut transaction).await? {
        return again(Mistake::new("current", proof::NOT_YOURS));
    }
    queries::accounts::set_password(&mut *transaction, account, &hash).await?;
    tries::forget(&mut *transaction, &proof.account.email_key).await?;
    queries::sessions::end_all(&mut *transaction, account).await?;
    queries::mail_links::end_all(&mut *transaction, account).await?;
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.page_url("/forgot"),
    });
    outbox::enqueue(&mut transaction, &app, &proof.address(), Some(account), changed).await?;
    let cookie = session::begin(&mut transaction, &app, account, &headers).await?;
    transaction.commit().await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/account?done=password")).into_response())
}
