//! A coach signs in for a client: the address that an athlete invited, then the code from the mail.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;

use super::{COACH, ClientWords, gone, id_in, leading_anywhere, opened};
use crate::{
    app::App,
    error::Problem,
    guard::{
        coach_code::{self, Asked, Typed},
        sign_ins::From,
    },
    ids::RequestId,
    mail::Address,
    pages::{
        Fields, Frame, FromNetwork, MaybeSigned, NextPage,
        draft::{self, Kept},
        form::Mistake,
        frame::page,
        kept_out::{self, Whose},
    },
    policy::Kind,
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

impl Said {
    /// Back to the page with the field, which says this.
    fn answer(self, id: RequestId) -> Response {
        let text = match self {
            Self::Wrong(left) => left.to_string(),
            Self::Over => "over".to_owned(),
            Self::Waits => "waits".to_owned(),
        };
        let location = format!("{}?{CODE}", NextPage::Request(id).path());
        draft::wrong(location, Mistake::new(CODE, &text))
    }

    /// What [`Said::answer`] noted.
    pub(super) fn of(kept: &Kept) -> Option<Self> {
        let mistake = kept.mistake().filter(|mistake| mistake.field == CODE)?;
        Some(match mistake.text.as_str() {
            "over" => Self::Over,
            "waits" => Self::Waits,
            left => Self::Wrong(left.parse().ok()?),
        })
    }
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
    let code = Code {
        frame: Frame::of(signed),
        client: ClientWords::of(request),
        next: NextPage::Request(request.id),
        email,
        said,
    };
    Ok(leading_anywhere(page(&code)?))
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
        Err(why) => {
            let page = NextPage::Request(request.id).path();
            return Ok(draft::wrong(page, Mistake::new(COACH, &why)));
        }
    };
    app.limits.attempt(from.0)?;
    let asked = coach_code::ask(&app, &request, &address).await?;
    match asked {
        Asked::Sent => {
            let path = format!("{}?{CODE}", NextPage::Request(request.id).path());
            Ok(Redirect::to(&path).into_response())
        }
        Asked::Waits => Ok(Said::Waits.answer(request.id)),
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
    let typed = fields.take("code")?;
    let signed = session.is_some();
    let Some(request) = opened(&app, &headers, &id).await? else {
        return gone(signed);
    };
    app.limits.sign_in(from.0)?;
    let from = From::of(from.0, &headers);
    let client = ClientWords::of(&request).label();
    match coach_code::try_code(&app, &request, &typed, &client, &from).await? {
        Typed::Right => Ok(Redirect::to(&NextPage::Request(request.id).path()).into_response()),
        Typed::Wrong(left) => Ok(Said::Wrong(left).answer(request.id)),
        Typed::Over => Ok(Said::Over.answer(request.id)),
        Typed::KeptOut(why) => {
            let contact = app.config.support_email.clone();
            Ok(kept_out::page(contact, Whose::Stranger(Kind::Coach), why))
        }
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
    queries::sign_in_requests::set_coach(&app.pool, request.id, None, None).await?;
    let path = format!("{}?switch", NextPage::Request(request.id).path());
    Ok(Redirect::to(&path).into_response())
}
