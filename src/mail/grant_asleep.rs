//! Tells an athlete that an invite is paused, because nobody used it for 14 days.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that an invite is paused, because nobody used it for 14 days.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantAsleep {
    /// The coach's address.
    pub coach: Theirs,
    /// The page Coaches, absolute.
    pub coaches: String,
}

impl Content for GrantAsleep {
    letter! { GrantAsleep, "mail/grant_asleep.subject", "mail/grant_asleep.txt", "mail/grant_asleep.html" }

    fn about(&self) -> Option<&str> {
        Some(self.coach.as_written())
    }
}
