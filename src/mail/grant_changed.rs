//! Tells a coach what an athlete grants from now on.

use serde::{Deserialize, Serialize};

use super::coach_invite::May;

/// Tells a coach what an athlete grants from now on.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantChanged {
    /// The athlete's name at intervals.icu.
    pub athlete: String,
    /// The address of the athlete's account.
    pub athlete_email: String,
    /// What the athlete wrote; may be empty.
    pub note: String,
    /// What the coach may do now.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
    pub expires: Option<String>,
}

super::letter::letter!(
    GrantChanged,
    "mail/grant_changed.subject",
    "mail/grant_changed.txt",
    "mail/grant_changed.html"
);
