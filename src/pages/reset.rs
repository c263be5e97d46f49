//! A forgotten password: request an email, open its link, choose a new password.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage,
    apps::end_apps_ticked,
    authorize,
    done::Done,
    form::Mistake,
    frame::{form_page, page},
    mail_link::{self, AskedFor, Opened, RESET_PAGE},
    password,
};
use crate::{
    app::App,
    error::Problem,
    guard::sign_ins::From,
    mail::{self, Address, Mail},
    queries,
    secrets::Password,
};

#[derive(Template)]
#[template(path = "pages/forgot.html")]
struct Forgot {
    frame: Frame,
    email: String,
    next: NextPage,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "pages/forgot_sent.html")]
struct Sent {
    frame: Frame,
    next: NextPage,
}

#[derive(Template)]
#[template(path = "pages/reset.html")]
struct Reset {
    frame: Frame,
    email: String,
    form: String,
    end_apps: bool,
    mistake: Option<Mistake>,
}

impl Reset {
    fn draw(opened: &Opened, end_apps: bool, mistake: Option<Mistake>) -> Result<Response, Problem> {
        let page = Self {
            frame: Frame::of(false),
            email: opened.link.email.clone(),
            form: opened.form(),
            end_apps,
            mistake,
        };
        form_page(page.mistake.is_some(), &page)
    }
}

fn ask(signed: bool, email: String, next: NextPage, mistake: Option<Mistake>) -> Result<Response, Problem> {
    let form = Forgot {
        frame: Frame::of(signed),
        email,
        next,
        mistake,
    };
    form_page(form.mistake.is_some(), &form)
}

/// `GET /forgot`.
pub(crate) async fn forgot_form(
    MaybeSigned(session): MaybeSigned,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    ask(session.is_some(), String::new(), next, None)
}

/// `POST /forgot`: the same page and the same work for any address.
pub(crate) async fn forgot(
    State(app): State<App>,
    from: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let next = NextPage::of_fields(&mut fields);
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => return ask(false, email, next, Some(Mistake::new("email", &error))),
    };
    app.limits.attempt(from.0)?;
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    // An email alone never becomes a way into an account that signs in with intervals.icu.
    let known = known.filter(|account| account.has_password);
    let asked = AskedFor {
        to: &address,
        account: known.as_ref().map(|account| account.id),
        wanted: known.is_some(),
        stranger: None,
        request: next.request(),
    };
    let mail = |link| Mail::Reset(mail::Reset { link });
    RESET_PAGE.ask(transaction, &app, asked, mail).await?;
    Ok(Redirect::to(&format!("/forgot/sent{}", next.query())).into_response())
}

/// `GET /forgot/sent`.
pub(crate) async fn sent(RawQuery(query): RawQuery) -> Result<Response, Problem> {
    page(&Sent {
        frame: Frame::of(false),
        next: NextPage::of_query(query.as_deref()),
    })
}

/// `GET /reset`: asks for the new password.
pub(crate) async fn form(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    match RESET_PAGE.opened(&app.pool, &app, &headers).await? {
        Some(opened) => Reset::draw(&opened, true, None),
        None => mail_link::gone(false),
    }
}

/// `POST /reset`: sets the password, ends every session and open mail link of the account, queues the email, signs in; if the box is
/// ticked, ends all connected apps.
pub(crate) async fn reset(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (form, password) = (fields.take("form")?, fields.take("password")?);
    let end_apps = end_apps_ticked(&mut fields);
    let Some(opened) = RESET_PAGE.pressed(&app.pool, &app, &headers, &form).await? else {
        return mail_link::gone(false);
    };
    let password = match Password::choose(password, &opened.link.email) {
        Ok(password) => password,
        Err(error) => return Reset::draw(&opened, end_apps, Some(Mistake::new("password", &error))),
    };
    let Some(account) = opened.link.account_id else {
        return mail_link::gone(false);
    };
    let hash = opened.hash_of(&app, password).await?;
    let mut transaction = app.pool.begin().await?;
    // The account before the link: a change of the password locks the account and then ends all its links.
    queries::accounts::lock_password_of(&mut *transaction, account).await?;
    if opened.spend(&mut *transaction, &app).await?.is_none() {
        return mail_link::gone(false);
    }
    let owner = queries::accounts::by_id(&mut *transaction, account).await?;
    // A link to an address that is no longer the account's is nobody's.
    let Some(owner) =
        owner.filter(|owner| owner.has_password && owner.email_key.as_ref() == Some(&opened.link.email_key))
    else {
        return mail_link::gone(false);
    };
    let ends = end_apps.then(|| From::of(from.0, &headers));
    let ended = password::replace(&mut transaction, &app, &owner, &hash, ends.as_ref()).await?;
    let done = if ended > 0 {
        Done::PasswordResetAppsEnded
    } else {
        Done::PasswordReset
    };
    let answer = authorize::after_mail(&app, &headers, opened.link.request_id, "Your password is changed")
        .await?
        .unwrap_or_else(|| done.answer());
    opened
        .sign_in(transaction, &app, account, (&headers, from), answer)
        .await
}
