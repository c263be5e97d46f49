//! Sends a coach the new connector URL; the old one no longer works.

use serde::{Deserialize, Serialize};

use super::{CoachUrl, Content, letter};

/// Sends a coach the new connector URL; the old one no longer works.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachNewUrl(pub CoachUrl);

impl Content for CoachNewUrl {
    letter! { CoachNewUrl, "mail/coach_new_url.subject", "mail/coach_new_url.txt", "mail/coach_new_url.html" }

    fn url_mut(&mut self) -> Option<&mut Option<String>> {
        self.0.url_mut()
    }
}
