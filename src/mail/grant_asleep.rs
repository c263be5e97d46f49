//! Tells an athlete that an invite fell asleep, because nobody used it for 14 days.

use serde::{Deserialize, Serialize};

use super::Theirs;

/// Tells an athlete that an invite fell asleep, because nobody used it for 14 days.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantAsleep {
    /// The coach's address.
    pub coach: Theirs,
    /// The page Coaches, absolute.
    pub coaches: String,
}

super::letter::letter!(
    GrantAsleep,
    "mail/grant_asleep.subject",
    "mail/grant_asleep.txt",
    "mail/grant_asleep.html"
);
