//! Mails a coach the new URL; the old one no longer works.

use serde::{Deserialize, Serialize};

use super::{
    Theirs,
    letter::{Content, letter},
};

/// Mails a coach the new URL; the old one no longer works.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachNewUrl {
    /// The coach's new connector URL.
    pub url: String,
    /// Whom it covers, by name.
    pub athletes: Vec<Theirs>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

impl Content for CoachNewUrl {
    letter!(
        CoachNewUrl,
        "mail/coach_new_url.subject",
        "mail/coach_new_url.txt",
        "mail/coach_new_url.html"
    );

    fn url_mut(&mut self) -> Option<&mut String> {
        Some(&mut self.url)
    }
}
