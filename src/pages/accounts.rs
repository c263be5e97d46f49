//! From stranger to account: sign up, check your mail, confirm.

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
    mail_link::{self, CONFIRM_PAGE},
};
use crate::{
    app::App,
    config::SignUp,
    error::Problem,
    guard::{self, session},
    mail::{self, Address, Mail, outbox},
    queries::{
        self,
        mail_links::{MailLinkKind, NewMailLink},
    },
    secrets::{Password, PasswordHash, Token, TokenKind},
};

/// How long a confirm link works.
const CONFIRM_FOR: Duration = Duration::hours(24);

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct Form {
    frame: Frame,
    open: bool,
    email: String,
    mistakes: Vec<Mistake>,
}

impl Form {
    fn mistake(&self, field: &str) -> Option<&Mistake> {
        self.mistakes.iter().find(|mistake| mistake.field == field)
    }
}

#[derive(Template)]
#[template(path = "pages/sent.html")]
struct Sent {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct Confirm {
    frame: Frame,
    email: String,
    form: String,
    mistake: Option<Mistake>,
}

/// `GET /sign-up`.
pub async fn form(State(app): State<App>, visitor: Visitor) -> Result<Response, Problem> {
    if visitor.0.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    page(&Form {
        frame: Frame::of(false),
        open: is_open(&app),
        email: String::new(),
        mistakes: Vec::new(),
    })
}

/// `POST /sign-up`: answers the same page, after the same work, whether the address is new, known or not wanted.
pub async fn sign_up(State(app): State<App>, from: From, mut fields: Fields) -> Result<Response, Problem> {
    let (email, password) = (fields.take("email")?, fields.take("password")?);
    let frame = Frame::of(false);
    if !is_open(&app) {
        let closed = Form {
            frame,
            open: false,
            email: String::new(),
            mistakes: Vec::new(),
        };
        return with_status(StatusCode::FORBIDDEN, &closed);
    }
    let (address, password) = match (Address::parse(&email), Password::choose(password, &email)) {
        (Ok(address), Ok(password)) => (address, password),
        (address, password) => {
            let mistakes = [
                address.err().map(|error| Mistake::new("email", &error)),
                password.err().map(|error| Mistake::new("password", &error)),
            ];
            let form = Form {
                frame,
                open: true,
                email,
                mistakes: mistakes.into_iter().flatten().collect(),
            };
            return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    app.limits.sign_up(from.0)?;
    let hash = app.passwords.hash(password).await;
    invite_to_confirm(&app, &address, &hash).await?;
    Ok(Redirect::to("/sign-up/sent").into_response())
}

/// Writes the wish to sign up and its mail, in one transaction. Whatever is not to be kept (an address that may not
/// sign up, or that had its share of mails, so that the link in the last one goes on working) is rolled back to a
/// savepoint, so that all cases cost the same.
async fn invite_to_confirm(app: &App, address: &Address, hash: &PasswordHash) -> Result<(), Problem> {
    let public = &app.config.public_url;
    let now = app.clock.now();
    let token = Token::mint(TokenKind::Mail, &app.random);
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let mut wish = transaction.begin().await?;
    let link = NewMailLink {
        hash: token.hash(),
        kind: MailLinkKind::Confirm,
        email: &address.typed,
        email_key: &address.key,
        account_id: None,
        password_hash: Some(hash),
        now,
        expires_at: now + CONFIRM_FOR,
    };
    queries::mail_links::replace(&mut *wish, link).await?;
    let mail = match &known {
        Some(_) => Mail::AlreadyHere(mail::AlreadyHere {
            sign_in: public.join("/sign-in"),
            forgot: public.join("/forgot"),
        }),
        None => Mail::Confirm(mail::Confirm {
            link: public.join(&format!("/confirm/{}", token.expose())),
        }),
    };
    let queued = outbox::enqueue(&mut wish, app, address, known.map(|account| account.id), mail).await?;
    if queued == outbox::Queued::Queued && app.config.sign_up().allows(&address.key) {
        wish.commit().await?;
    } else {
        wish.rollback().await?;
    }
    Ok(transaction.commit().await?)
}

/// `GET /sign-up/sent`.
pub async fn sent() -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(false),
    })
}

/// `GET /confirm/{token}`, the link in the mail.
pub async fn open_link(State(app): State<App>, token: Result<Path<String>, PathRejection>) -> Response {
    CONFIRM_PAGE.open(&app, token.as_deref().map_or("", String::as_str))
}

/// `GET /confirm`: whom the button will confirm.
pub async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let frame = Frame::of(visitor.0.is_some());
    let Some(token) = CONFIRM_PAGE.token(&app, &headers) else {
        return mail_link::gone(frame.signed());
    };
    let now = app.clock.now();
    match queries::mail_links::peek(&app.pool, token.hash(), MailLinkKind::Confirm, now).await? {
        Some(link) => page(&Confirm {
            frame,
            email: link.email,
            form: mail_link::form_id(&token),
            mistake: None,
        }),
        None => mail_link::gone(frame.signed()),
    }
}

/// What is said when the password at the confirm page is not the one of the sign-up.
const NOT_THE_PASSWORD: &str = "This is not the password given at sign-up. If you forgot it, or somebody else used your \
                                address, sign up again: the newest mail then counts.";

/// `POST /confirm`: makes the account and its link, and signs in. The password of the sign-up is asked for once more:
/// anybody can sign up with somebody else's address, and whoever opens the mail must not confirm a stranger's password.
pub async fn confirm(
    State(app): State<App>,
    from: From,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (sent, password) = (fields.take("form")?, fields.take("password")?);
    let Some(token) = CONFIRM_PAGE
        .token(&app, &headers)
        .filter(|token| mail_link::is_form_of(token, &sent))
    else {
        return mail_link::gone(false);
    };
    let kind = MailLinkKind::Confirm;
    let Some(wish) = queries::mail_links::peek(&app.pool, token.hash(), kind, app.clock.now()).await? else {
        return mail_link::gone(false);
    };
    app.limits.sign_in(from.0, &wish.email_key)?;
    let fits = app.passwords.verify_typed(password, wish.password_hash).await;
    if !fits {
        let form = Confirm {
            frame: Frame::of(false),
            email: wish.email,
            form: sent,
            mistake: Some(Mistake::new("password", NOT_THE_PASSWORD)),
        };
        return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
    }
    let mut transaction = app.pool.begin().await?;
    let row = queries::mail_links::take(&mut *transaction, token.hash(), kind, app.clock.now()).await?;
    let Some((link, hash)) = row.and_then(|mut link| link.password_hash.take().map(|hash| (link, hash)))
    else {
        return mail_link::gone(false);
    };
    let address = Address {
        typed: link.email,
        key: link.email_key,
    };
    let Some(account) = guard::accounts::create(&mut transaction, &app, &address, &hash).await? else {
        return mail_link::gone(false);
    };
    let cookie = session::begin(&mut transaction, &app, account, &headers).await?;
    transaction.commit().await?;
    let mut response = ([(SET_COOKIE, cookie)], Redirect::to("/dashboard")).into_response();
    CONFIRM_PAGE.forget(&app, &mut response);
    Ok(response)
}

fn is_open(app: &App) -> bool {
    app.config.sign_up() != SignUp::Closed
}
