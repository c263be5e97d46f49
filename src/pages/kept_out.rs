//! The page for somebody whom the policy does not let in, or not by the way in which they came. It says nothing of the rules.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::{
    Frame,
    frame::{Nav, with_status},
};
use crate::{
    guard::{
        identities::NotCurrent,
        policy::{Admission, door_of},
    },
    policy::Kind,
    time,
};

/// Whose page it is: how they leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Somebody with a session.
    Athlete,
    /// A coach with a visit.
    Coach,
    /// Somebody who tried to come in.
    Stranger(Kind),
}

#[derive(Template)]
#[template(path = "pages/kept_out.html")]
struct Page {
    frame: Frame,
    whose: Whose,
    why: Admission,
    contact: Option<String>,
}

impl Page {
    /// Whether another way in would do.
    fn another_way(&self) -> bool {
        self.why == Admission::AnotherWay
    }

    /// Whether the outside provider does not answer.
    fn no_answer(&self) -> bool {
        matches!(self.why, Admission::NotCurrent(NotCurrent::NoAnswer(_)))
    }

    /// From when its last answer is, if there was one.
    fn last_answer(&self) -> Option<String> {
        let Admission::NotCurrent(NotCurrent::NoAnswer(since)) = self.why else {
            return None;
        };
        since.map(time::in_utc)
    }

    /// Whether the outside provider asks for a new sign-in.
    fn again(&self) -> bool {
        self.why == Admission::NotCurrent(NotCurrent::SignInAgain)
    }

    /// Where the button that ends the session or the visit leads.
    fn leave(&self) -> Option<&'static str> {
        match self.whose {
            Whose::Athlete => Some("/sign-out"),
            Whose::Coach => Some("/for-coaches/my-roster/done"),
            Whose::Stranger(_) => None,
        }
    }

    /// As what they come.
    fn kind(&self) -> Kind {
        match self.whose {
            Whose::Athlete => Kind::Athlete,
            Whose::Coach => Kind::Coach,
            Whose::Stranger(kind) => kind,
        }
    }

    /// The page where they come in.
    fn door(&self) -> &'static str {
        door_of(self.kind())
    }

    /// What that page is called.
    fn door_name(&self) -> &'static str {
        match self.kind() {
            Kind::Athlete => "the sign-in page",
            Kind::Coach => "the page for coaches",
        }
    }
}

/// The page; `contact` is the operator's address.
pub(super) fn page(contact: Option<String>, whose: Whose, why: Admission) -> Response {
    let page = Page {
        frame: Frame::with(Nav::Bare),
        whose,
        why,
        contact,
    };
    let status = match why {
        Admission::NotCurrent(NotCurrent::NoAnswer(_)) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    with_status(status, &page).into_response()
}
