//! Sign-up: give an address, open the link in the email, choose a password.
//!
//! Anyone can type someone else's address. The link carries nothing that they chose: whoever opens the email chooses the
//! password.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, authorize,
    form::Mistake,
    frame::{leading_to_intervals, page, with_status},
    mail_link::{self, AskedFor, CONFIRM_PAGE, Opened, password_page},
    with_intervals::{self, first_address},
};
use crate::{
    app::App,
    error::Problem,
    guard::{self, limits::Network},
    mail::{self, Address, Mail},
    queries::{self, accounts::Account},
    secrets::Password,
};

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct Form {
    frame: Frame,
    open: bool,
    /// Whether one can continue with intervals.icu.
    oauth: bool,
    email: String,
    next: NextPage,
    mistake: Option<Mistake>,
}

impl Form {
    /// The empty form, or the page that says that there is no sign-up.
    fn new(app: &App, open: bool, signed: bool, next: NextPage) -> Self {
        Self {
            frame: Frame::of(signed),
            open,
            oauth: app.config.offers_oauth(),
            email: String::new(),
            next,
            mistake: None,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/sent.html")]
struct Sent {
    frame: Frame,
    next: NextPage,
}

password_page!(Confirm, "pages/confirm.html");

/// `GET /sign-up`.
pub(crate) async fn form(
    State(app): State<App>,
    visitor: MaybeSigned,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    if visitor.0.is_some() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    let form = Form::new(&app, app.config.is_sign_up_open(), false, next);
    Ok(leading_to_intervals(page(&form)?))
}

/// `POST /sign-up`: the same page after the same work, whether the address is new, known or not allowed to sign up.
pub(crate) async fn sign_up(
    State(app): State<App>,
    from: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let next = NextPage::of_fields(&mut fields);
    if !app.config.is_sign_up_open() {
        return closed(&app, false);
    }
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let form = Form {
                email,
                mistake: Some(Mistake::new("email", &error)),
                ..Form::new(&app, true, false, next)
            };
            return with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    app.limits.sign_up(from.0)?;
    invite_to_confirm(&app, &address, from.0, next).await?;
    Ok(Redirect::to(&format!("/sign-up/sent{}", next.query())).into_response())
}

/// Emails a link to an address without an account. One with an account gets an email that says so.
pub(super) async fn invite_to_confirm(
    app: &App,
    address: &Address,
    from: Network,
    next: NextPage,
) -> Result<(), Problem> {
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let is_coach = queries::grants::any_to(&mut *transaction, &address.key).await?;
    let is_known = known.is_some();
    let asked = AskedFor {
        to: address,
        account: known.as_ref().map(|account| account.id),
        wanted: app.config.sign_up().allows(&address.key),
        stranger: (!is_known && !is_coach).then_some(from),
        request: next.request(),
    };
    let mail = |link| match &known {
        Some(known) => already_here(app, known),
        None => Mail::Confirm(mail::Confirm { link }),
    };
    CONFIRM_PAGE.ask(transaction, app, asked, mail).await
}

/// The email to an address that `account` has.
pub(super) fn already_here(app: &App, account: &Account) -> Mail {
    Mail::AlreadyHere(mail::AlreadyHere {
        sign_in: app.config.page_url("/sign-in"),
        forgot: app.config.page_url("/forgot"),
        by_intervals: !account.has_password,
    })
}

/// `GET /sign-up/sent`.
pub(crate) async fn sent(RawQuery(query): RawQuery) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(false),
        next: NextPage::of_query(query.as_deref()),
    })
}

/// `GET /confirm`: shows the account's address and asks for its password.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    match CONFIRM_PAGE.opened(&app.pool, &app, &headers).await? {
        Some(opened) if !may_sign_up(&app, &opened) => closed(&app, signed),
        Some(opened) => match first_address::confirm_page(&app, &headers, &opened).await? {
            Some(page) => Ok(page),
            None => Confirm::draw(signed, &opened, None),
        },
        None => mail_link::gone(signed),
    }
}

/// `POST /confirm`: makes the account with the password chosen here, and its link, and signs in. What counts is who may
/// sign up now, not who could when the email was requested.
pub(crate) async fn confirm(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, password) = (fields.take("form")?, fields.optional("password"));
    let Some(opened) = CONFIRM_PAGE.pressed(&app.pool, &app, &headers, &form).await? else {
        return mail_link::gone(false);
    };
    if !may_sign_up(&app, &opened) {
        return closed(&app, false);
    }
    // Without a password, the button is that of an athlete who continued with intervals.icu.
    let Some(password) = password else {
        return with_intervals::sign_up_confirmed(&app, &opened, &headers, from).await;
    };
    let password = match Password::choose(password, &opened.link.email) {
        Ok(password) => password,
        Err(error) => return Confirm::draw(false, &opened, Some(Mistake::new("password", &error))),
    };
    let hash = opened.hash_of(&app, password).await?;
    let mut transaction = app.pool.begin().await?;
    let Some(link) = opened.spend(&mut *transaction, &app).await? else {
        return mail_link::gone(false);
    };
    let address = Address::stored(&link.email, &link.email_key);
    match guard::accounts::create(&mut transaction, &app, &address, &hash).await? {
        Some(account) => {
            let answer = authorize::after_mail(&app, &headers, link.request_id, "Your account is ready")
                .await?
                .unwrap_or_else(|| Redirect::to("/dashboard").into_response());
            opened
                .sign_in(transaction, &app, account, (&headers, from), answer)
                .await
        }
        None => mail_link::gone(false),
    }
}

fn may_sign_up(app: &App, opened: &Opened) -> bool {
    app.config.sign_up().allows(&opened.link.email_key)
}

/// The page that says that there is no sign-up, or no longer.
fn closed(app: &App, signed: bool) -> Result<Response, Problem> {
    let form = Form::new(app, false, signed, NextPage::Dashboard);
    with_status(StatusCode::FORBIDDEN, &form)
}
