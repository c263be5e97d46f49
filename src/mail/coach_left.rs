//! Tells an athlete that a coach left.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that a coach left.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachLeft {
    /// The coach's address.
    pub coach: Theirs,
    /// In which way.
    pub how: How,
    /// The page Coaches, absolute.
    pub coaches: String,
}

/// How a coach left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Left this athlete.
    Left,
    /// Left, and refuses this athlete's invites.
    Refused,
    /// Left everyone, and accepts no invites at all.
    RefusedAll,
    /// Had the address erased.
    Erased,
}

impl Content for CoachLeft {
    letter! { CoachLeft, "mail/coach_left.subject", "mail/coach_left.txt", "mail/coach_left.html" }

    fn about(&self) -> Option<&str> {
        Some(self.coach.as_written())
    }
}
