//! Changing an account's address: requested with the password, confirmed from an email to the new address, reported to the
//! old.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, Signed,
    done::Done,
    form::{Mistake, Wrong as _},
    frame::{form_page, page},
    mail_link::{self, ADDRESS_PAGE, AskedFor, password_page},
    proof::{self, Proof},
};
use crate::{
    app::App,
    error::Problem,
    guard::limits::Network,
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
    fn draw(current: &str, email: String, mistake: Option<Mistake>) -> Result<Response, Problem> {
        let form = Self {
            frame: Frame::of(true),
            current: current.to_owned(),
            email,
            mistake,
        };
        form_page(form.mistake.is_some(), &form)
    }
}

#[derive(Template)]
#[template(path = "pages/address_sent.html")]
struct Sent {
    frame: Frame,
}

password_page!(Confirm, "pages/address_confirm.html");

/// `GET /account/address`.
pub(crate) async fn form(signed: Signed) -> Result<Response, Problem> {
    Form::draw(&signed.0.email, String::new(), None)
}

/// `POST /account/address`: emails a link to the new address. The page and the work are the same whether that address is
/// free or another account's, so that nobody learns who has an account.
pub(crate) async fn ask(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (email, password) = (fields.take("email")?, fields.take("password")?);
    let again = |mistake: Mistake| Form::draw(&signed.0.email, email.clone(), Some(mistake));
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

/// Emails a link to an address that no account has; false if the password was changed meanwhile.
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
        request: None,
    };
    let mail = |link| Mail::NewAddress(mail::NewAddress { link });
    ADDRESS_PAGE.ask(transaction, app, asked, mail).await?;
    Ok(true)
}

/// `GET /account/address/sent`.
pub(crate) async fn sent(MaybeSigned(session): MaybeSigned) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(session.is_some()),
    })
}

/// `GET /address`: shows the address that the button gives the account. It does not show the old one: after a typing
/// mistake the email is a stranger's.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    match ADDRESS_PAGE.opened(&app.pool, &app, &headers).await? {
        Some(opened) => Confirm::draw(signed, &opened, None),
        None => mail_link::gone(signed),
    }
}

/// `POST /address`: changes the address, ends every open mail link, emails the old address, signs in. It asks for the
/// password too, so that opening an email that someone else requested does not give their account your address.
pub(crate) async fn confirm(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, password) = (fields.take("form")?, fields.take("password")?);
    let signed = session.is_some();
    let opened = ADDRESS_PAGE.pressed(&app.pool, &app, &headers, &form).await?;
    let Some((owner, opened)) = opened.and_then(|opened| Some((opened.link.account_id?, opened))) else {
        return mail_link::gone(signed);
    };
    let Some(proof) = proof::behind_link(&app, opened.hash(), owner, password).await? else {
        return Confirm::draw(signed, &opened, Some(Mistake::new("password", proof::NOT_YOURS)));
    };
    let mut transaction = app.pool.begin().await?;
    let holds = proof.holds(&mut transaction).await?;
    let wish = opened.spend(&mut *transaction, &app).await?;
    let Some(wish) = wish.filter(|_| holds) else {
        return mail_link::gone(signed);
    };
    match queries::accounts::set_address(&mut *transaction, owner, &wish.email, &wish.email_key).await {
        Ok(()) => {}
        // Someone signed up with it meanwhile.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return mail_link::gone(signed),
        Err(error) => return Err(error.into()),
    }
    // A link that was sent to the old address must no longer choose a password.
    queries::mail_links::end_all(&mut *transaction, owner).await?;
    let changed = Mail::AddressChanged(mail::AddressChanged {
        intervals: app.config.intervals_url.join("/settings"),
    });
    outbox::enqueue(&mut transaction, &app, &proof.address(), Some(owner), changed).await?;
    let answer = Done::AddressChanged.answer();
    opened
        .sign_in(transaction, &app, owner, (&headers, from), answer)
        .await
}
