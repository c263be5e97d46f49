//! Where only listed addresses may sign up, an athlete who continues with intervals.icu confirms one before an account exists. The
//! link in the email is that of a sign-up; in the browser where the consent waits, its button makes the account of the athlete.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header::SET_COOKIE};

use super::join;
use crate::{
    app::App,
    error::Problem,
    mail::Address,
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned, accounts,
        connections::waiting,
        draft::{self, Typed},
        form::{Mistake, Wrong as _},
        frame::page,
        mail_link::Opened,
        sent::{Sent, What},
    },
    queries,
    words::Way,
};

/// The page.
pub(super) const PATH: &str = "/sign-up/address";

#[derive(Template)]
#[template(path = "pages/first_address.html")]
struct Form {
    frame: Frame,
    athlete: String,
    email: String,
    mistake: Option<Mistake>,
}

/// `GET /sign-up/address`.
pub(crate) async fn show(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Problem> {
    let (signed, kept) = (session.is_some(), typed.by_anyone());
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, signed);
    };
    page(&Form {
        frame: Frame::of(signed),
        athlete: waiting.called(),
        email: kept.text_or_empty("email"),
        mistake: kept.mistake(),
    })
}

#[derive(Template)]
#[template(path = "pages/confirm_athlete.html")]
struct ConfirmAthlete {
    frame: Frame,
    athlete: String,
    email: String,
    form: String,
}

/// The page of an opened sign-up link in the browser where a consent waits; none elsewhere.
pub(in crate::pages) async fn confirm_page(
    app: &App,
    headers: &HeaderMap,
    opened: &Opened,
) -> Result<Option<Response>, Problem> {
    let Some(waiting) = waiting::of_browser(app, headers).await? else {
        return Ok(None);
    };
    let owner = queries::accounts::of_athlete(&app.pool, waiting.athlete.as_str()).await?;
    if owner.is_some() || waiting.connects() {
        return Ok(None);
    }
    page(&ConfirmAthlete {
        frame: Frame::of(false),
        athlete: waiting.called(),
        email: opened.link.email.clone(),
        form: opened.form(),
    })
    .map(Some)
}

/// `POST /sign-up/address`: emails the link of a sign-up, if the address may sign up; the same page in any case.
pub(crate) async fn ask(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let Some(waiting) = waiting::of_browser(&app, &headers).await? else {
        return join::gone(&app, session.is_some());
    };
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(error) => return Ok(draft::wrong(PATH, Mistake::new("email", &error))),
    };
    app.limits.sign_up(from.0)?;
    let next = waiting.next();
    accounts::invite_to_confirm(&app, &address, from.0, next, Way::Intervals).await?;
    let sent = Sent::note(&app, &headers, What::Confirm, &email, None);
    let page = Redirect::to(&format!("/sign-up/sent{}", next.query()));
    Ok(([(SET_COOKIE, sent)], page).into_response())
}
