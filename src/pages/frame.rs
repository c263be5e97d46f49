//! What surrounds every page: assets, navigation, and the way a template becomes a response.

use std::sync::{Arc, OnceLock};

use askama::Template;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use http::StatusCode;

use super::assets;
use crate::{
    app::App,
    error::Problem,
    guard::{policy, session::Recovering},
    layers::FormsLeadToIntervals,
    policy::Policy,
    time,
};

/// What every page may have to say, whatever it is about.
struct Around {
    /// The open recovery of the account that is signed in.
    recovering: OnceLock<Recovering>,
    app: App,
}

tokio::task_local! {
    static AROUND: Around;
}

/// The layer around all pages within which a session can note its open recovery.
pub(crate) async fn with_notice(State(app): State<App>, request: Request, next: Next) -> Response {
    let recovering = OnceLock::new();
    AROUND.scope(Around { recovering, app }, next.run(request)).await
}

/// Notes the open recovery of whoever is signed in, for the frame of the page.
pub(super) fn note(recovery: Recovering) {
    // Nothing outside of a page's request draws a frame that would show it.
    let _ = AROUND.try_with(|around| around.recovering.set(recovery));
}

/// What the layout needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Path of the stylesheet.
    pub(super) style: &'static str,
    /// Path of the script.
    pub(super) script: &'static str,
    /// Path of the icon.
    pub(super) icon: &'static str,
    /// Which navigation is at the top.
    pub(super) nav: Nav,
}

/// The navigation at the top of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nav {
    /// Sign in, sign up.
    Stranger,
    /// Dashboard, coaches, activity, account, sign out.
    Athlete,
    /// Only the way home: an error page does not ask who is signed in.
    Bare,
}

impl Frame {
    /// The frame for someone who is signed in or not.
    pub(crate) fn of(signed: bool) -> Self {
        Self::with(if signed { Nav::Athlete } else { Nav::Stranger })
    }

    /// The frame with this navigation.
    pub(super) fn with(nav: Nav) -> Self {
        Self {
            style: assets::style(),
            script: assets::script(),
            icon: assets::logo(),
            nav,
        }
    }

    /// When the link of an open recovery can be mailed, and whether it was, for whoever is signed in.
    pub(crate) fn recovery(&self) -> Option<(String, bool)> {
        let open = AROUND.try_with(|around| around.recovering.get().copied());
        let open = open.ok().flatten();
        let open = open.filter(|_| self.signed())?;
        Some((time::in_utc(open.ready_at), open.mailed_at.is_some()))
    }

    /// Whether there are connector URLs, for pages that only mention them: as the policy was when this process last read it, which
    /// for whoever is signed in was for this page.
    #[expect(clippy::unused_self, reason = "templates have nothing else to ask")]
    pub(crate) fn has_links(&self) -> bool {
        let policy: Result<Arc<Policy>, _> = AROUND.try_with(|around| policy::last_known(&around.app));
        policy.is_ok_and(|policy| policy.has_links())
    }

    /// Whether the navigation is the athlete's.
    pub(crate) fn signed(&self) -> bool {
        self.nav == Nav::Athlete
    }

    /// Whether the navigation is a stranger's.
    pub(crate) fn stranger(&self) -> bool {
        self.nav == Nav::Stranger
    }
}

/// A template as a page.
pub(super) fn page(template: &impl Template) -> Result<Response, Problem> {
    with_status(StatusCode::OK, template)
}

/// A template as a page with another status, such as a form with mistakes.
pub(super) fn with_status(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    Ok((status, Html(template.render()?)).into_response())
}

/// A form as a page: 422 when something was `wrong` with what was sent.
pub(super) fn form_page(wrong: bool, template: &impl Template) -> Result<Response, Problem> {
    let status = if wrong {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    with_status(status, template)
}

/// Lets the forms of a page redirect to intervals.icu.
pub(super) fn leading_to_intervals(mut response: Response) -> Response {
    response.extensions_mut().insert(FormsLeadToIntervals);
    response
}
