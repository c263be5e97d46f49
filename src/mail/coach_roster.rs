//! Lets a coach open their roster page.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Lets a coach open their roster page.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachRoster {
    /// The one-time link, absolute; good for 10 minutes.
    pub link: String,
}

impl Content for CoachRoster {
    letter! { CoachRoster, "mail/coach_roster.subject", "mail/coach_roster.txt", "mail/coach_roster.html" }
}
