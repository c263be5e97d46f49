//! An athlete who belongs to another account is freed by that account's owner, who proves to be it by an email: the connection there
//! ends, and the consent that waits can go on. The email alone joins nothing.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{
    closed, first_address,
    join::{self, JOIN},
    landed,
};
use crate::{
    app::App,
    error::Problem,
    guard::{limits::Network, policy},
    mail::{self, Address, Mail},
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned, NextPage, connections,
        connections::{
            connect,
            waiting::{self, Waiting},
        },
        frame::{leading_to_intervals, page},
        mail_link::{AskedFor, Opened, RELEASE_PAGE},
    },
    queries,
    text::names,
    words::ConnectionStatus,
};

/// The page of a consent that waits and whose athlete is free.
pub(super) const GO_ON: &str = "/sign-in/continue";

#[derive(Template)]
#[template(path = "pages/release_sent.html")]
struct Sent {
    frame: Frame,
    athlete: String,
}

#[derive(Template)]
#[template(path = "pages/release.html")]
struct Release {
    frame: Frame,
    athlete: String,
    email: String,
    form: String,
}

#[derive(Template)]
#[template(path = "pages/released.html")]
struct Released {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "pages/go_on.html")]
struct GoOn {
    frame: Frame,
    athlete: String,
    /// The account that is signed in here and gets the athlete; None for an account that is to be made.
    account: Option<String>,
}

/// `POST /sign-in/join/release`: emails the owner of the account that the athlete belongs to.
pub(crate) async fn ask(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, signed);
    };
    app.limits.attempt(from.0)?;
    let transaction = app.pool.begin().await?;
    let holder = queries::accounts::of_athlete(&app.pool, waiting.athlete.as_str()).await?;
    let holder = holder.filter(|holder| holder.athlete_id.is_none());
    let Some((holder, to)) = holder.and_then(|holder| Some((holder.id, Address::of(&holder)?))) else {
        return Ok(Redirect::to(JOIN).into_response());
    };
    let asked = AskedFor {
        to: &to,
        account: Some(holder),
        wanted: true,
        stranger: None::<Network>,
        request: waiting.next().request(),
    };
    let athlete = waiting.called().into();
    let mail = |link| Mail::Release(mail::Release { athlete, link });
    RELEASE_PAGE.ask(transaction, &app, asked, mail).await?;
    Ok(Redirect::to(SENT).into_response())
}

/// The page that says that the email is on its way.
const SENT: &str = "/sign-in/join/sent";

/// `GET /sign-in/join/sent`.
pub(crate) async fn sent(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, signed);
    };
    page(&Sent {
        frame: Frame::of(signed),
        athlete: waiting.called(),
    })
}

/// The athlete whom the account of an opened link shows; none if it shows nobody any more.
async fn shown_by(app: &App, opened: &Opened) -> Result<Option<queries::connections::Connection>, Problem> {
    let Some(account) = opened.link.account_id else {
        return Ok(None);
    };
    let row = queries::connections::of_account(&app.pool, account).await?;
    Ok(row.filter(|row| row.status != ConnectionStatus::Disconnected))
}

/// `GET /release`: what the button ends.
pub(crate) async fn confirm_page(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let Some(opened) = RELEASE_PAGE.opened(&app.pool, &app, &headers).await? else {
        return RELEASE_PAGE.gone(&app, &headers, signed);
    };
    let Some(row) = shown_by(&app, &opened).await? else {
        return RELEASE_PAGE.gone(&app, &headers, signed);
    };
    page(&Release {
        frame: Frame::of(signed),
        athlete: names::called(&row.athlete_name, &row.athlete_id),
        email: opened.link.email.clone(),
        form: opened.form(),
    })
}

/// `POST /release`: ends the connection of the account that got the email. In the browser where the consent waits, that goes on.
pub(crate) async fn confirm(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (signed, form) = (session.is_some(), fields.take("form")?);
    let Some(opened) = RELEASE_PAGE.pressed(&app.pool, &app, &headers, &form).await? else {
        return RELEASE_PAGE.gone(&app, &headers, signed);
    };
    let Some(account) = opened.link.account_id else {
        return RELEASE_PAGE.gone(&app, &headers, signed);
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, account).await? || opened.spend(&mut *db, &app).await?.is_none() {
        return RELEASE_PAGE.gone(&app, &headers, signed);
    }
    // The athlete has just given a new consent: a revoke would end that one too.
    connect::end(&mut *db, account).await?;
    transaction.commit().await?;
    let waits = waiting::of_browser(&app, &headers).await?.is_some();
    let response = if waits {
        Redirect::to(GO_ON).into_response()
    } else {
        page(&Released {
            frame: Frame::of(signed),
        })?
    };
    Ok(opened.forgotten(&app, response))
}

/// `GET /sign-in/continue`.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signed = session.is_some();
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, signed);
    };
    if !is_free(&app, &waiting).await? {
        return Ok(Redirect::to(JOIN).into_response());
    }
    let response = page(&GoOn {
        frame: Frame::of(signed),
        athlete: waiting.called(),
        account: session.map(|session| session.who),
    })?;
    Ok(leading_to_intervals(response))
}

async fn is_free(app: &App, waiting: &Waiting) -> Result<bool, Problem> {
    let holder = queries::accounts::of_athlete(&app.pool, waiting.athlete.as_str()).await?;
    Ok(holder.is_none())
}

/// `POST /sign-in/continue`: connects the account that is signed in here, or signs up.
pub(crate) async fn go_on(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, session.is_some());
    };
    if !is_free(&app, &waiting).await? {
        return Ok(Redirect::to(JOIN).into_response());
    }
    let rule = policy::sign_ups(&app).await?;
    let may_sign_up = rule.allows_athlete(waiting.athlete.as_str());
    if session.is_none() && !may_sign_up && rule.takes_addresses() {
        return Ok(Redirect::to(first_address::PATH).into_response());
    }
    if session.is_none() && !may_sign_up {
        return closed();
    }
    let mut transaction = app.pool.begin().await?;
    let Some(given) = waiting.take(&mut transaction, &app).await? else {
        return join::gone(&app, session.is_some());
    };
    transaction.commit().await?;
    let next: NextPage = waiting.next();
    let response = match session {
        Some(session) => connections::finish_waiting(&app, &session, given, next).await?,
        None => landed(&app, &headers, from, given, next).await?,
    };
    Ok(waiting::forgotten(&app, response))
}
