//! Who requests a page, as the handlers take it.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use http::request::Parts;

use super::NextPage;
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
            Ok(None) => {
                let next = NextPage::of_path(parts.uri.path());
                Err(Redirect::to(&format!("/sign-in?next={}", next.word())).into_response())
            }
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
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
