//! How to turn a Claude project into a personal coach: instructions to copy, what to ask first, how to keep it honest.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{
    Frame,
    frame::page,
    home::is_signed,
    site::{About, COACH_PROJECT},
};
use crate::{app::App, error::Problem};

/// What the athlete pastes into a project. Plain text, short enough for every client's field.
const INSTRUCTIONS: &str = include_str!("coach_project.txt");

#[derive(Template)]
#[template(path = "pages/coach_project.html")]
struct Page {
    frame: Frame,
    about: &'static About,
    instructions: &'static str,
}

/// `GET /personal-coach`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&Page {
        frame: Frame::of(is_signed(&app, &headers).await),
        about: &COACH_PROJECT,
        instructions: INSTRUCTIONS.trim_end(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions;

    #[test]
    fn the_instructions_name_only_tools_that_exist() {
        let mut named = 0;
        for word in INSTRUCTIONS.split(|c: char| !(c.is_ascii_lowercase() || c == '_')) {
            if word.starts_with("get_") {
                assert!(permissions::by_name(word).is_some(), "{word}");
                named += 1;
            }
        }
        assert!(named >= 4);
        assert!(INSTRUCTIONS.len() < 4000);
    }
}
