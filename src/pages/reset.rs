//! A forgotten password: ask for a mail, open its link, choose a new one.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use chrono::Duration;
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use sqlx::Acquire as _;

use super::{
    Fields, Frame, From, Visitor,
    form::Mistake,
    frame::{page, with_status},
    mail_link::{self, RESET_PAGE},
};
use crate::{
    app::App,
    error::Problem,
    guard::session,
    mail::{self, Address, Mail, outbox},
    queries::{
        self,
        mail_links::{MailLink, MailLinkKind, NewMailLink},
    },
    secrets::{Password, Token, TokenKind},
};

/// How long a reset link works.
const RESET_FOR: Duration = Duration::minutes(30);

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
    let now = app.clock.now();
    let token = Token::mint(TokenKind::Mail, &app.random);
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let account = known.as_ref().map(|account| account.id);
    let mut wish = transaction.begin().await?;
    let link = NewMailLink {
        hash: token.hash(),
        kind: MailLinkKind::Reset,
        email: &address.typed,
        email_key: &address.key,
        account_id: account,
        password_hash: None,
        now,
        expires_at: now + RESET_FOR,
    };
    queries::mail_links::replace(&mut *wish, link).await?;
    let link = app.config.public_url.join(&format!("/reset/{}", token.expose()));
    let queued = outbox::enqueue(
        &mut wish,
        &app,
        &address,
        account,
        Mail::Reset(mail::Reset { link }),
    )
    .await?;
    // A mail over the cap must not kill the link in the mail before it.
    if known.is_some() && queued == outbox::Queued::Queued {
        wish.commit().await?;
    } else {
        wish.rollback().await?;
    }
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
    match peek(&app, &headers).await? {
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
    let Some((token, link)) = peek(&app, &headers)
        .await?
        .filter(|(token, _)| mail_link::is_form_of(token, &sent))
    else {
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
    let hash = app.passwords.hash(password).await;
    let mut transaction = app.pool.begin().await?;
    let row = queries::mail_links::take(
        &mut *transaction,
        token.hash(),
        MailLinkKind::Reset,
        app.clock.now(),
    )
    .await?;
    let Some(account) = row.and_then(|link| link.account_id) else {
        return mail_link::gone(false);
    };
    let Some(owner) = queries::accounts::by_id(&mut *transaction, account).await? else {
        return mail_link::gone(false);
    };
    queries::accounts::set_password(&mut *transaction, account, &hash).await?;
    queries::sessions::end_all(&mut *transaction, account).await?;
    queries::mail_links::end_all(&mut *transaction, account).await?;
    queries::address_changes::end(&mut *transaction, account).await?;
    let address = Address {
        typed: owner.email,
        key: owner.email_key,
    };
    let changed = Mail::PasswordChanged(mail::PasswordChanged {
        forgot: app.config.public_url.join("/forgot"),
    });
    outbox::enqueue(&mut transaction, &app, &address, Some(account), changed).await?;
    let cookie = session::begin(&mut transaction, &app, account, &headers).await?;
    transaction.commit().await?;
    let mut response = ([(SET_COOKIE, cookie)], Redirect::to("/dashboard?done=password")).into_response();
    RESET_PAGE.forget(&app, &mut response);
    Ok(response)
}

async fn peek(app: &App, headers: &HeaderMap) -> Result<Option<(Token, MailLink)>, Problem> {
    let Some(token) = RESET_PAGE.token(app, headers) else {
        return Ok(None);
    };
    let link =
        queries::mail_links::peek(&app.pool, token.hash(), MailLinkKind::Reset, app.clock.now()).await?;
    Ok(link.map(|link| (token, link)))
}
