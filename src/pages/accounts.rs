//! Sign-up: give an address, open the link in the email, choose a password.
//!
//! Anyone can type someone else's address. The link carries nothing that they chose: whoever opens the email chooses the
//! password.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage, authorize,
    connections::waiting,
    done::Done,
    draft::{self, Typed},
    form::Mistake,
    frame::{page, with_status},
    mail_link::{AskedFor, CONFIRM_PAGE, Opened, password_page},
    provider,
    sent::{SendAgain, Sent, What},
    with_intervals::{self, first_address},
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        self,
        limits::Network,
        policy::{self, SignUps},
    },
    mail::{self, Address, Mail},
    queries::{self, accounts::Account},
    secrets::Password,
    words::Way,
};

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct Form {
    frame: Frame,
    open: bool,
    /// Whether one can sign up with an address and a password.
    by_password: bool,
    /// Whether one can continue with intervals.icu.
    oauth: bool,
    /// What people call the outside identity provider, if one can continue with it.
    provider: Option<String>,
    email: String,
    next: NextPage,
    mistake: Option<Mistake>,
}

impl Form {
    /// The empty form, or the page that says that there is no sign-up.
    fn new(app: &App, sign_ups: &SignUps, signed: bool, next: NextPage) -> Self {
        let offered = sign_ups.offered(app);
        Self {
            frame: Frame::of(signed),
            open: sign_ups.is_open(),
            by_password: offered.password,
            oauth: offered.intervals,
            provider: provider::name(app).filter(|_| offered.provider),
            email: String::new(),
            next,
            mistake: None,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/sent.html")]
struct SentPage {
    frame: Frame,
    next: NextPage,
    again: Option<SendAgain>,
}

password_page!(Confirm, "pages/confirm.html");

/// `GET /sign-up`.
pub(crate) async fn form(
    State(app): State<App>,
    visitor: MaybeSigned,
    typed: Typed,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    if visitor.0.is_some() {
        return Ok(Redirect::to(&next.path()).into_response());
    }
    let kept = typed.by_anyone();
    let sent = Sent::read(&app, &headers, &[What::Confirm], None);
    let form = Form {
        email: kept.text_or("email", sent.as_ref()),
        mistake: kept.mistake(),
        ..Form::new(&app, &policy::sign_ups(&app).await?, false, next)
    };
    Ok(provider::leading_to_ways(&app, page(&form)?))
}

/// `POST /sign-up`: the same page after the same work, whether the address is new, known or not allowed to sign up.
pub(crate) async fn sign_up(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let next = NextPage::of_fields(&mut fields);
    if !policy::sign_ups(&app).await?.is_open_to_passwords() {
        return closed(&app, false).await;
    }
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let location = format!("/sign-up{}", next.query());
            return Ok(draft::wrong(location, Mistake::new("email", &error)));
        }
    };
    app.limits.sign_up(from.0)?;
    invite_to_confirm(&app, &address, from.0, next, Way::Password).await?;
    let sent = Sent::note(&app, &headers, What::Confirm, &email, None);
    Ok(([(SET_COOKIE, sent)], to_sent(next)).into_response())
}

/// `POST /sign-up/again`: the same once more for the address of the last one, unless that was a moment ago.
pub(crate) async fn send_again(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let next = NextPage::of_fields(&mut fields);
    let sent = Sent::read(&app, &headers, &[What::Confirm], None);
    let is_open = policy::sign_ups(&app).await?.is_open();
    let Some(sent) = sent.filter(|_| is_open) else {
        return Ok(Redirect::to(&format!("/sign-up{}", next.query())).into_response());
    };
    let (None, Ok(address)) = (sent.wait(&app), Address::parse(&sent.email)) else {
        return Ok(to_sent(next).into_response());
    };
    app.limits.sign_up(from.0)?;
    let way = way_of(&app, &headers).await?;
    invite_to_confirm(&app, &address, from.0, next, way).await?;
    let sent = Sent::note(&app, &headers, What::Confirm, &sent.email, None);
    Ok(([(SET_COOKIE, sent)], to_sent(next)).into_response())
}

/// By which way somebody in this browser signs up with an address: with intervals.icu if a consent waits there.
async fn way_of(app: &App, headers: &HeaderMap) -> Result<Way, Problem> {
    let waits = waiting::of_browser(app, headers).await?.is_some();
    Ok(if waits { Way::Intervals } else { Way::Password })
}

fn to_sent(next: NextPage) -> Redirect {
    Redirect::to(&format!("/sign-up/sent{}", next.query()))
}

/// Emails a link to an address without an account, if it may sign up by `way`. One with an account gets an email that says so.
pub(super) async fn invite_to_confirm(
    app: &App,
    address: &Address,
    from: Network,
    next: NextPage,
    way: Way,
) -> Result<(), Problem> {
    let sign_ups = policy::sign_ups(app).await?;
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let is_coach = queries::grants::any_to(&mut *transaction, &address.key).await?;
    let is_known = known.is_some();
    let asked = AskedFor {
        to: address,
        account: known.as_ref().map(|account| account.id),
        wanted: sign_ups.allows(&address.key, way),
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
        by_intervals: !account.has_password && account.athlete_id.is_some(),
        by_provider: provider::name(app).filter(|_| !account.has_password && account.athlete_id.is_none()),
    })
}

/// `GET /sign-up/sent`.
pub(crate) async fn sent(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    let sent = Sent::read(&app, &headers, &[What::Confirm], None);
    let again = sent.map(|sent| {
        let form = format!("/sign-up{}", next.query());
        SendAgain::of(&app, &sent, "/sign-up/again", next.word().into_owned(), form)
    });
    page(&SentPage {
        frame: Frame::of(false),
        next,
        again,
    })
}

/// `GET /confirm`: shows the account's address and asks for its password. Whoever is signed in with an address and opens an old
/// link has confirmed already.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeSigned(session): MaybeSigned,
    typed: Typed,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    match CONFIRM_PAGE.opened(&app.pool, &app, &headers).await? {
        Some(opened) if !may_sign_up(&app, &opened, way_of(&app, &headers).await?).await? => {
            closed(&app, signed).await
        }
        Some(opened) => match first_address::confirm_page(&app, &headers, &opened).await? {
            Some(page) => Ok(page),
            None => Confirm::draw(signed, &opened, typed.by_anyone().mistake()),
        },
        None if session.is_some_and(|session| session.email.is_some()) => Ok(Done::AlreadyConfirmed.answer()),
        None => CONFIRM_PAGE.gone(&app, &headers, signed),
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
        return CONFIRM_PAGE.gone(&app, &headers, false);
    };
    let way = if password.is_some() {
        Way::Password
    } else {
        Way::Intervals
    };
    if !may_sign_up(&app, &opened, way).await? {
        return closed(&app, false).await;
    }
    // Without a password, the button is that of an athlete who continued with intervals.icu.
    let Some(password) = password else {
        return with_intervals::sign_up_confirmed(&app, &opened, &headers, from).await;
    };
    let password = match Password::choose(password, &opened.link.email) {
        Ok(password) => password,
        Err(error) => return Ok(draft::wrong("/confirm", Mistake::new("password", &error))),
    };
    let hash = opened.hash_of(&app, password).await?;
    let mut transaction = app.pool.begin().await?;
    let Some(link) = opened.spend(&mut *transaction, &app).await? else {
        return CONFIRM_PAGE.gone(&app, &headers, false);
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
        None => CONFIRM_PAGE.gone(&app, &headers, false),
    }
}

async fn may_sign_up(app: &App, opened: &Opened, way: Way) -> Result<bool, Problem> {
    Ok(policy::sign_ups(app).await?.allows(&opened.link.email_key, way))
}

/// The page that says that there is no sign-up, or no longer.
async fn closed(app: &App, signed: bool) -> Result<Response, Problem> {
    let form = Form {
        open: false,
        ..Form::new(app, &policy::sign_ups(app).await?, signed, NextPage::Dashboard)
    };
    with_status(StatusCode::FORBIDDEN, &form)
}
