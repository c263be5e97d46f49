//! Who requests a page, as the handlers take it.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use http::{Method, request::Parts};

use super::{
    NextPage,
    draft::{self, SessionLost},
};
use crate::{
    app::App,
    error::Problem,
    guard::session::{self, Session, Who},
};

/// Someone who is signed in; everyone else is sent to the sign-in, and back from there.
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub Session);

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match of(parts, app).await {
            Ok(Some(session)) => Ok(Self(session)),
            Ok(None) => Err(to_sign_in(parts)),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

/// The sign-in, and back to the page: for a form, to the page that has it, with what was typed.
fn to_sign_in(parts: &Parts) -> Response {
    let next = NextPage::of_path(&draft::page_with(parts.uri.path()));
    let mut response = Redirect::to(&format!("/sign-in?next={}", next.word())).into_response();
    if parts.method == Method::POST {
        response.extensions_mut().insert(SessionLost);
    }
    response
}

/// Someone who may or may not be signed in.
#[derive(Debug, Clone)]
pub(crate) struct MaybeSigned(pub Option<Session>);

impl FromRequestParts<App> for MaybeSigned {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(of(parts, app).await?))
    }
}

async fn of(parts: &Parts, app: &App) -> sqlx::Result<Option<Session>> {
    let session = session::current(app, &parts.headers).await?;
    if let (Some(session), Some(who)) = (&session, parts.extensions.get::<Who>()) {
        who.note(session.account);
    }
    Ok(session)
}
