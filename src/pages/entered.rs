//! The answer to somebody who has just come in: where they wanted to go, or first the page that asks for the second factor.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{LOCATION, SET_COOKIE};

use super::kept_out::{self, Whose};
use crate::{
    guard::door::{Entered, FACTOR_PAGE},
    policy::Kind,
};

/// Where an answer leads, for [`crate::guard::door::enter`]; the dashboard for a page that leads nowhere.
pub(super) fn path_of(answer: &Response) -> String {
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    location.unwrap_or("/dashboard").to_owned()
}

/// `answer` for somebody with a session; the page that asks for the second factor, or says that the policy does not let them in,
/// for everyone else.
pub(super) fn answer(entered: Entered, answer: Response) -> Response {
    let (cookie, mut response) = match entered {
        Entered::Session(cookie) => (cookie, answer),
        Entered::Step(cookie) => (cookie, Redirect::to(FACTOR_PAGE).into_response()),
        Entered::KeptOut(why, contact) => {
            return kept_out::page(contact, Whose::Stranger(Kind::Athlete), why);
        }
    };
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
