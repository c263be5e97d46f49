//! What an athlete grants a coach: the same in every mail about it.

use serde::{Deserialize, Serialize};

use super::{Harmless, Theirs};
use crate::ids::AccountId;

/// What an athlete grants a coach.
#[derive(Clone, Serialize, Deserialize)]
pub struct Granting {
    /// The athlete id, which finds the mail while it waits. Empty in mails from earlier versions.
    #[serde(default)]
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The email address of the athlete's account, so that the coach knows who it is.
    pub athlete_email: Theirs,
    /// What the athlete wrote; may be empty.
    pub note: Theirs,
    /// What the coach may do.
    pub may: Vec<May>,
    /// The last day of access, in words.
    pub expires: Option<String>,
}

/// What a coach may do, by group of tools.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct May {
    /// The group, for people.
    pub group: String,
    /// One plain sentence for each granted tool.
    pub lets: Vec<String>,
}

/// The athlete whose grant it is.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The athlete's account.
    pub account: AccountId,
    /// The athlete id.
    pub athlete_id: &'a str,
}

impl Granting {
    /// The athlete's name, safe to show.
    pub(super) fn who(&self) -> Harmless {
        self.athlete.name()
    }

    /// The athlete's note between quotes, if there is one.
    pub(super) fn written(&self) -> Option<Harmless> {
        self.note.note()
    }
}

impl Whose<'_> {
    /// Whether a mail with this `athlete_id` is about this athlete. Mails from earlier versions have none and may be about anyone.
    pub(super) fn is_named(&self, athlete_id: &str) -> bool {
        athlete_id == self.athlete_id || athlete_id.is_empty() || self.athlete_id.is_empty()
    }
}
