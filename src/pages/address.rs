//! Another address for an account: asked for with the password, answered from a mail to the new address, told to the old one.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};

use super::{
    Fields, Frame, From, Signed, Visitor,
    done::Done,
    form::Mistake,
    frame::{page, with_status},
    mail_link::{self, ADDRESS_PAGE, AskedFor},
    proof::{self, Proof},
};
use crate::{
    app::App,
    error::Problem,
    guard::{limits::Network, session},
    mail::{self, Address, Mail, outbox},
    queries,
};

const THE_SAME: &str = "This is the address that you have already.";

#[derive(Template)]
#[template(path = "pages/address.html")]
struct Form {
    frame: Frame,
    current: String,
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

#[derive(Template)]
#[template(path = "pages/address_sent.html")]
struct Sent {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "pages/address_confirm.html")]
struct Confirm {
    frame: Frame,
    email: String,
    form: String,
    mistake: Option<Mistake>,
}

/// `GET /account/address`.
pub async fn form(signed: Signed) -> Result<Response, Problem> {
    page(&Form {
        frame: Frame::of(true),
        current: signed.0.email,
        email: String::new(),
        mistake: None,
    })
}

/// `POST /account/address`: mails a link to the new address. The same page after the same work, whether that address is free or
/// another account's, so that nobody learns who has one.
pub async fn ask(
    State(app): State<App>,
    signed: Signed,
    from: From,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (email, password) = (fields.take("email")?, fields.take("password")?);
    let again = |mistake: Mistake| {
        let form = Form {
            frame: Frame::of(true),
            current: signed.0.email.clone(),
            email: email.clone(),
            mistake: Some(mistake),
        };
        with_status(StatusCode::UNPROCESSABLE_ENTITY, &form)
    };
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => return again(Mistake::new("email", &error)),
    };
    let Some(proof) = proof::in_session(&app, &signed.0, password).await? else {
        return again(Mistake::new("password", proof::NOT_YOURS));
    };
    if address.key == proof.account.email_key {
        return again(Mistake::new("email", THE_SAME));
    }
    if !mail_a_link(&app, &proof, &address, from.0).await? {
        return again(Mistake::new("password", proof::NOT_YOURS));
    }
    Ok(Redirect::to("/account/address/sent").into_response())
}

/// Mails a link to an address that nobody has; false when the password was changed meanwhile.
async fn mail_a_link(app: &App, proof: &Proof, address: &Address, from: Network) -> Result<bool, Problem> {
    let mut transaction = app.pool.begin().await?;
    if !proof.holds(&mut transaction).await? {
        return Ok(false);
    }
    let holder = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let is_coach = queries::grants::any_to(&mut *transaction, &address.key).await?;
    let asked = AskedFor {
        to: address,
        account: Some(proof.account.id),
        wanted: holder.is_none(),
        stranger: (!is_coach).then_some(from),
    };
    ADDRESS_PAGE
        .ask(&mut transaction, app, asked, |link| {
            Mail::NewAddress(mail::NewAddress { link })
        })
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// `GET /account/address/sent`.
pub async fn sent(Visitor(session): Visitor) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(session.is_some()),
    })
}

/// `GET /address/{token}`, the link in the mail.
pub async fn open_link(State(app): State<App>, token: Result<Path<String>, PathRejection>) -> Response {
    ADDRESS_PAGE.open(&app, token.as_deref().map_or("", String::as_str))
}

/// `GET /address`: which address the button will make the account's. The old one does not stand there: the mail may have gone to
/// a stranger, by a slip of the finger.
pub async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
) -> Result<Response, Problem> {
    let frame = Frame::of(session.is_some());
    match ADDRESS_PAGE.peek(&app.pool, &app, &headers).await? {
        Some((token, wish)) => page(&Confirm {
            frame,
            email: wish.email,
            form: mail_link::form_id(&token),
            mistake: None,
        }),
        None => mail_link::gone(frame.signed()),
    }
}

/// `POST /address`: changes the address, ends every open mail link, tells the old address, signs in. The password is asked for
/// here too: whoever opens a mail that somebody else asked for must not lend that account an address.
pub async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Visitor(session): Visitor,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (sent, password) = (fields.take("form")?, fields.take("password")?);
    let frame = Frame::of(session.is_some());
    let Some((token, wish)) = ADDRESS_PAGE.pressed(&app.pool, &app, &headers, &sent).await? else {
        return mail_link::gone(frame.signed());
    };
    let Some(owner) = wish.account_id else {
        return mail_link::gone(frame.signed());
    };
    let Some(proof) = proof::behind_link(&app, &token, owner, password).await? else {
        let form = Confirm {
            frame,
            email: wish.email,
            form: sent,
            mistake: Some(Mistake::new("password", proof::NOT_YOURS)),
        };
        return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
    };
    let account = proof.account.id;
    let mut transaction = app.pool.begin().await?;
    let holds = proof.holds(&mut transaction).await?;
    let wish = ADDRESS_PAGE.spend(&mut *transaction, &app, &token).await?;
    let Some(wish) = wish.filter(|_| holds) else {
        return mail_link::gone(frame.signed());
    };
    match queries::accounts::set_address(&mut *transaction, account, &wish.email, &wish.email_key).await {
        Ok(()) => {}
        // Somebody signed up with it meanwhile.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return mail_link::gone(frame.signed());
        }
        Err(error) => return Err(error.into()),
    }
    // A link that was mailed to the old address must not choose a password any more.
    queries::mail_links::end_all(&mut *transaction, account).await?;
    let told = Mail::AddressChanged(mail::AddressChanged {
        intervals: app.config.intervals_url.join("/settings"),
    });
    outbox::enqueue(&mut transaction, &app, &proof.address(), Some(account), told).await?;
    let cookie = session::begin(&mut transaction, &app, account, &headers).await?;
    transaction.commit().await?;
    let mut response = ([(SET_COOKIE, cookie)], Done::AddressChanged.answer()).into_response();
    ADDRESS_PAGE.forget(&app, &mut response);
    Ok(response)
}
