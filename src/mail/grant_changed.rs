//! Tells a coach what an athlete grants from now on.

use serde::{Deserialize, Serialize};

use super::{
    coach_invite::May,
    theirs::{Harmless, Theirs},
};

/// Tells a coach what an athlete grants from now on.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantChanged {
    /// The athlete's intervals.icu id, by which the mail is found while it waits. Empty in one that an earlier version wrote.
    #[serde(default)]
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The address of the athlete's account.
    pub athlete_email: Theirs,
    /// What the athlete wrote; may be empty.
    pub note: Theirs,
    /// What the coach may do now.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
    pub expires: Option<String>,
}

impl GrantChanged {
    /// The athlete's name, safe to show.
    fn who(&self) -> Harmless {
        self.athlete.name()
    }

    /// What the athlete wrote, fenced, when there is something.
    fn written(&self) -> Option<Harmless> {
        self.note.note()
    }
}

super::letter::letter!(
    GrantChanged,
    "mail/grant_changed.subject",
    "mail/grant_changed.txt",
    "mail/grant_changed.html"
);
