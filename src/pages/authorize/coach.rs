//! A coach signs in for a client: the address that an athlete invited, then the code from the mail.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};

use super::{ClientWords, gone, id_in, leading_anywhere, opened, who};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_code::{self, Asked, Typed},
        sign_ins::From,
    },
    mail::Address,
    pages::{Fields, Frame, FromNetwork, MaybeSigned, NextPage, frame::with_status},
    queries::{self, sign_in_requests::Request},
};

/// The query of a sign-in's page on which the code is typed, also by somebody who is signed in as an athlete.
pub(super) const CODE: &str = "code";

/// What is said above the field for the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The code was wrong; so many tries are left.
    Wrong(i32),
    /// No code can be typed any more.
    Over,
    /// No new code was made: one was asked for a moment ago, or the address has had its share.
    Waits,
}

#[derive(Template)]
#[template(path = "pages/authorize_code.html")]
struct Code {
    frame: Frame,
    client: ClientWords,
    next: NextPage,
    email: String,
    said: Option<Said>,
}

/// The page on which the code is typed: the same for every address.
pub(super) fn code_page(
    request: &Request,
    signed: bool,
    email: String,
    said: Option<Said>,
) -> Result<Response, Problem> {
    let status = match said {
        Some(Said::Wrong(_) | Said::Over) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Said::Waits) | None => StatusCode::OK,
    };
    let code = Code {
        frame: Frame::of(signed),
        client: ClientWords::of(request),
        next: NextPage::Request(request.id),
        email,
        said,
    };
    Ok(leading_anywhere(with_status(status, &code)?))
}

/// `POST /authorize/{request}/coach`: mails a code to the address, if an athlete has granted it something. The answer and the work
/// are the same for every address.
pub(crate) async fn ask(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let email = fields.take("email")?;
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(session.is_some());
    };
    let address = match Address::parse(&email) {
        Ok(address) => address,
        Err(why) => return who(&app, &request, session.as_ref(), Some((email, why.to_string()))),
    };
    app.limits.attempt(from.0)?;
    let asked = coach_code::ask(&app, &request, &address).await?;
    match asked {
        Asked::Sent => {
            let path = format!("{}?{CODE}", NextPage::Request(request.id).path());
            Ok(Redirect::to(&path).into_response())
        }
        Asked::Waits => code_page(&request, session.is_some(), email, Some(Said::Waits)),
    }
}

/// `POST /authorize/{request}/code`: the right code makes its coach the one who signs in.
pub(crate) async fn type_code(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    from: FromNetwork,
    headers: HeaderMap,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (typed, email) = (fields.take("code")?, fields.optional("email").unwrap_or_default());
    let signed = session.is_some();
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(signed);
    };
    app.limits.sign_in(from.0)?;
    // What the form says counts only once there is no code any more.
    let email = coach_code::asked_for(&app, request.id).await?.unwrap_or(email);
    let from = From::of(from.0, &headers);
    let client = ClientWords::of(&request).label();
    match coach_code::try_code(&app, &request, &typed, &client, &from).await? {
        Typed::Right => Ok(Redirect::to(&NextPage::Request(request.id).path()).into_response()),
        Typed::Wrong(left) => code_page(&request, signed, email, Some(Said::Wrong(left))),
        Typed::Over => code_page(&request, signed, email, Some(Said::Over)),
    }
}

/// `GET` of a path that a form posts to: whoever reloads comes back to the sign-in.
pub(crate) async fn again(Path(id): Path<String>) -> Response {
    match id_in(&id) {
        Some(id) => Redirect::to(&NextPage::Request(id).path()).into_response(),
        None => Problem::NotFound.into_response(),
    }
}

/// `POST /authorize/{request}/switch`: whoever was going to sign in is not the one; the choice is shown again.
pub(crate) async fn switch(
    State(app): State<App>,
    MaybeSigned(session): MaybeSigned,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(session.is_some());
    };
    queries::sign_in_requests::set_coach(&app.pool, request.id, None).await?;
    let path = format!("{}?switch", NextPage::Request(request.id).path());
    Ok(Redirect::to(&path).into_response())
}
