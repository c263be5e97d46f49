//! Resends a coach's connector URL, unchanged.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Resends a coach's connector URL, unchanged.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachUrl {
    /// The coach's connector URL; none if the coach switched it off.
    pub url: Option<String>,
    /// Whom it covers, by name.
    pub athletes: Vec<Theirs>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

impl Content for CoachUrl {
    letter! { CoachUrl, "mail/coach_url.subject", "mail/coach_url.txt", "mail/coach_url.html" }

    fn url_mut(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.url)
    }
}
