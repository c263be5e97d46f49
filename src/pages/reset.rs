//! A forgotten password: request an email, open its link, choose a new password.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::{
    Fields, Frame, FromNetwork, MaybeSigned, NextPage,
    apps::end_apps_ticked,
    authorize,
    done::Done,
    draft::{self, Typed},
    form::Mistake,
    frame::page,
    mail_link::{AskedFor, RESET_PAGE},
    password,
    sent::{SendAgain, Sent, What},
};
use crate::{
    app::App,
    error::Problem,
    guard::{policy, sign_ins::From},
    mail::{self, Address, Mail},
    queries,
    secrets::Password,
    words::Way,
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
struct SentPage {
    frame: Frame,
    next: NextPage,
    again: Option<SendAgain>,
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

/// `GET /forgot`.
pub(crate) async fn forgot_form(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    typed: Typed,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let kept = typed.by_anyone();
    let next = NextPage::of_query(query.as_deref());
    if !policy::offered(&app).await?.password {
        return Ok(Redirect::to(&format!("/sign-in{}", next.query())).into_response());
    }
    let sent = Sent::read(&app, &headers, &[What::Reset], None);
    page(&Forgot {
        frame: Frame::of(session.is_some()),
        email: kept.text_or("email", sent.as_ref()),
        next,
        mistake: kept.mistake(),
    })
}

/// `POST /forgot`: the same page and the same work for any address.
pub(crate) async fn forgot(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let next = NextPage::of_fields(&mut fields);
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => {
            let location = format!("/forgot{}", next.query());
            return Ok(draft::wrong(location, Mistake::new("email", &error)));
        }
    };
    app.limits.attempt(from.0)?;
    mail_a_link(&app, &address, next).await?;
    let sent = Sent::note(&app, &headers, What::Reset, &email, None);
    Ok(([(SET_COOKIE, sent)], to_sent(next)).into_response())
}

/// `POST /forgot/again`: the same once more for the address of the last one, unless that was a moment ago.
pub(crate) async fn send_again(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let next = NextPage::of_fields(&mut fields);
    let Some(sent) = Sent::read(&app, &headers, &[What::Reset], None) else {
        return Ok(Redirect::to(&format!("/forgot{}", next.query())).into_response());
    };
    let (None, Ok(address)) = (sent.wait(&app), Address::parse(&sent.email)) else {
        return Ok(to_sent(next).into_response());
    };
    app.limits.attempt(from.0)?;
    mail_a_link(&app, &address, next).await?;
    let sent = Sent::note(&app, &headers, What::Reset, &sent.email, None);
    Ok(([(SET_COOKIE, sent)], to_sent(next)).into_response())
}

fn to_sent(next: NextPage) -> Redirect {
    Redirect::to(&format!("/forgot/sent{}", next.query()))
}

/// Emails a link to an address with an account.
async fn mail_a_link(app: &App, address: &Address, next: NextPage) -> Result<(), Problem> {
    let mut transaction = app.pool.begin().await?;
    let known = queries::accounts::by_email(&mut *transaction, &address.key).await?;
    let policy = policy::of_now(&mut transaction, app).await?;
    let by_password = policy.allows(Way::Password).allowed;
    // An email alone never becomes a way into an account that signs in with intervals.icu.
    let known = known.filter(|account| account.has_password && by_password);
    let asked = AskedFor {
        to: address,
        account: known.as_ref().map(|account| account.id),
        wanted: known.is_some(),
        stranger: None,
        request: next.request(),
    };
    let mail = |link| Mail::Reset(mail::Reset { link });
    RESET_PAGE.ask(transaction, app, asked, mail).await
}

/// `GET /forgot/sent`.
pub(crate) async fn sent(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let next = NextPage::of_query(query.as_deref());
    let sent = Sent::read(&app, &headers, &[What::Reset], None);
    let again = sent.map(|sent| {
        let form = format!("/forgot{}", next.query());
        SendAgain::of(&app, &sent, "/forgot/again", next.word().into_owned(), form)
    });
    page(&SentPage {
        frame: Frame::of(false),
        next,
        again,
    })
}

/// `GET /reset`: asks for the new password.
pub(crate) async fn form(
    State(app): State<App>,
    typed: Typed,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = RESET_PAGE.opened(&app.pool, &app, &headers).await?;
    let by_password = policy::offered(&app).await?.password;
    let Some(opened) = opened.filter(|_| by_password) else {
        return RESET_PAGE.gone(&app, &headers, false);
    };
    let kept = typed.by_anyone();
    page(&Reset {
        frame: Frame::of(false),
        form: opened.form(),
        email: opened.link.email,
        end_apps: kept.is_ticked("end-apps", true),
        mistake: kept.mistake(),
    })
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
    let opened = RESET_PAGE.pressed(&app.pool, &app, &headers, &form).await?;
    let by_password = policy::offered(&app).await?.password;
    let Some(opened) = opened.filter(|_| by_password) else {
        return RESET_PAGE.gone(&app, &headers, false);
    };
    let password = match Password::choose(password, &opened.link.email) {
        Ok(password) => password,
        Err(error) => return Ok(draft::wrong("/reset", Mistake::new("password", &error))),
    };
    let Some(account) = opened.link.account_id else {
        return RESET_PAGE.gone(&app, &headers, false);
    };
    let hash = opened.hash_of(&app, password).await?;
    let mut transaction = app.pool.begin().await?;
    // The account before the link: a change of the password locks the account and then ends all its links.
    queries::accounts::lock_password_of(&mut *transaction, account).await?;
    if opened.spend(&mut *transaction, &app).await?.is_none() {
        return RESET_PAGE.gone(&app, &headers, false);
    }
    let owner = queries::accounts::by_id(&mut *transaction, account).await?;
    // A link to an address that is no longer the account's is nobody's.
    let Some(owner) =
        owner.filter(|owner| owner.has_password && owner.email_key.as_ref() == Some(&opened.link.email_key))
    else {
        return RESET_PAGE.gone(&app, &headers, false);
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
