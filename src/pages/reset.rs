//! A forgotten password: ask for a mail, open its link, choose a new one.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};

use super::{
    Fields, Frame, From, Visitor,
    form::Mistake,
    frame::{page, with_status},
    mail_link::{self, AskedFor, RESET_PAGE},
};
use crate::{
    app::App,
    error::Problem,
    guard::{session, tries},
    mail::{self, Address, Mail, outbox},
    queries,
    secrets::Password,
};

#[derive(Template)]
#[template(path = "pages/forgot.html")]
struct Forgot {
    frame: Frame,
    email: String,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/forgot_sent.html")]
struct Sent {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "pages/reset.html")]
struct Reset {
    frame: Frame,
    email: String,
    form: String,
    mistake: Option<Mistake>,
}

/// `GET /forgot`.
pub async fn forgot_form(visitor: Visitor) -> Result<Response, Problem> {
    page(&Forgot {
        frame: Frame::of(visitor.0.is_some()),
        email: String::new(),
        mistake: None,
    })
}

/// `POST /forgot`: the same page and the same work for any address.
pub async fn forgot(State(app): State<App>, from: From, mut fields: Fields) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let form = Forgot {
                frame: Frame::of(false),
                email,
                mistake: Some(Mistake::new("email", &error)),
            };
            return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    app.limits.attempt(from.0)?;
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let asked = AskedFor {
        to: &address,
        account: known.as_ref().map(|account| account.id),
        wanted: known.is_some(),
        stranger: None,
    };
    RESET_PAGE
        .ask(&mut transaction, &app, asked, |link| {
            Mail::Reset(mail::Reset { link })
        })
        .await?;
    transaction.commit().await?;
    Ok(Redirect::to("/forgot/sent").into_response())
}

/// `GET /forgot/sent`.
pub async fn sent() -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(false),
    })
}

/// `GET /reset/{token}`, the link in the mail.
pub async fn open_link(State(app): State<App>, token: Result<Path<String>, PathRejection>) -> Response {
    RESET_PAGE.open(&app, token.as_deref().map_or("", String::as_str))
}

/// `GET /reset`: the new password.
pub async fn form(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    match RESET_PAGE.peek(&app.pool, &app, &headers).await? {
        Some((token, link)) => {
            let form = mail_link::form_id(&token);
            page(&Reset {
                frame: Frame::of(false),
                email: link.email,
                form,
                mistake: None,
            })
        }
        None => mail_link::gone(false),
    }
}

/// `POST /reset`: sets the password, ends every session and every open mail link of the account, mails, signs in.
pub async fn reset(
    State(app): State<App>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (sent, password) = (fields.take("form")?, fields.take("password")?);
    let Some((token, link)) = RESET_PAGE.pressed(&app.pool, &app, &headers, &sent).await? else {
        return mail_link::gone(false);
    };
    let password = match Password::choose(password, &link.email) {
        Ok(password) => password,
        Err(error) => {
            let mistake = Some(Mistake::new("password", &error));
            let form = Reset {
                frame: Frame::of(false),
                email: link.email,
                form: sent,
                mistake,
            };
            return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    let Some(account) = link.account_id else {
        return mail_link::gone(false);
    };
    // Each costs a hash, and somebody with a link may press its button as often as they like.
    tries::press(&app, token.hash()).await??;
    let hash = app.passwords.hash(password).await;
    let mut transaction = app.pool.begin().await?;
    // The account before the link: whoever changes a password holds the account and then ends all its links.
    queries::accounts::lock_password_of(&mut *transaction, account).await?;
    if RESET_PAGE.spend(&mut *transaction, &app, &token).await?.is_none() {
        return mail_link::gone(false);
    }
    let owner = queries::accounts::by_id(&mut *transaction, account).await?;
    // A link that was on its way to the address that the account had before is nobody's any more.
    let Some(owner) = owner.filter(|owner| owner.email_key == link.email_key) else {
        return mail_link::gone(false);
    };
    queries::accounts::set_password(&mut *transaction, account, &hash).await?;
    tries::forget(&mut *transaction, &owner.email_key).await?;
    queries::sessions::end_all(&mut *transaction, account).await?;
    queries::mail_links::end_all(&mut *transaction, account).await?;
    let address = Address {
        typed: owner.email,
        key: owner.email_key,
    };
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.page_url("/forgot"),
    });
    outbox::enqueue(&mut transaction, &app, &address, Some(account), changed).await?;
    let cookie = session::begin(&mut transaction, &app, account, &headers).await?;
    transaction.commit().await?;
    let mut response = ([(SET_COOKIE, cookie)], Redirect::to("/dashboard?done=password")).into_response();
    RESET_PAGE.forget(&app, &mut response);
    Ok(response)
}
