//! Who requests a page, as the handlers take it.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, Method, request::Parts};

use super::{
    NextPage,
    draft::{self, SessionLost},
    frame,
    kept_out::{self, Whose},
};
use crate::{
    app::App,
    error::Problem,
    guard::session::{self, Session, Visitor, Who},
};

/// Someone who is signed in; everyone else is sent to the sign-in, and back from there. Whom the policy does not let in gets the page
/// that says so.
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub Session);

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match of(parts, app).await {
            Ok(Visitor::In(session)) => Ok(Self(*session)),
            Ok(Visitor::Stranger) => Err(to_sign_in(parts)),
            Ok(Visitor::KeptOut(_, why)) => Err(kept_out::page(
                app.config.support_email.clone(),
                Whose::Athlete,
                why,
            )),
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

/// Someone who may or may not be signed in. Whom the policy does not let in is not.
#[derive(Debug, Clone)]
pub(crate) struct MaybeSigned(pub Option<Session>);

impl FromRequestParts<App> for MaybeSigned {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(match of(parts, app).await? {
            Visitor::In(session) => Some(*session),
            Visitor::Stranger | Visitor::KeptOut(..) => None,
        }))
    }
}

/// Who is signed in, for a page that is for everyone.
pub(super) async fn session_of(app: &App, headers: &HeaderMap) -> sqlx::Result<Option<Session>> {
    Ok(match visitor(app, headers).await? {
        Visitor::In(session) => Some(*session),
        Visitor::Stranger | Visitor::KeptOut(..) => None,
    })
}

/// Whose request it is; an open recovery is noted for the frame of the page.
async fn visitor(app: &App, headers: &HeaderMap) -> sqlx::Result<Visitor> {
    let visitor = session::visitor(app, headers).await?;
    if let Visitor::In(session) = &visitor
        && let Some(recovery) = session.recovery
    {
        frame::note(recovery);
    }
    Ok(visitor)
}

async fn of(parts: &Parts, app: &App) -> sqlx::Result<Visitor> {
    let visitor = visitor(app, &parts.headers).await?;
    let account = match &visitor {
        Visitor::In(session) => Some(session.account),
        Visitor::KeptOut(account, _) => Some(*account),
        Visitor::Stranger => None,
    };
    if let (Some(account), Some(who)) = (account, parts.extensions.get::<Who>()) {
        who.note(account);
    }
    Ok(visitor)
}
