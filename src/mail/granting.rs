//! What an athlete grants a coach, as every mail about it says it.

use serde::{Deserialize, Serialize};

use super::{Harmless, Theirs};
use crate::ids::AccountId;

/// What an athlete grants a coach from now on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Granting {
    /// The athlete's intervals.icu id, by which the mail is found while it waits. Empty in one that an earlier version wrote.
    #[serde(default)]
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The address of the athlete's account, so that the coach knows who asks.
    pub athlete_email: Theirs,
    /// What the athlete wrote; may be empty.
    pub note: Theirs,
    /// What the coach may do.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
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

/// The athlete whose grant is meant.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The athlete's account.
    pub account: AccountId,
    /// The athlete's intervals.icu id.
    pub athlete_id: &'a str,
}

impl Granting {
    /// The athlete's name, safe to show.
    pub(super) fn who(&self) -> Harmless {
        self.athlete.name()
    }

    /// What the athlete wrote, fenced, when there is something.
    pub(super) fn written(&self) -> Option<Harmless> {
        self.note.note()
    }
}

impl Whose<'_> {
    /// Whether a mail means this athlete by `athlete_id`; one that an earlier version wrote holds none, and may mean any.
    pub(super) fn is_named(&self, athlete_id: &str) -> bool {
        athlete_id == self.athlete_id || athlete_id.is_empty() || self.athlete_id.is_empty()
    }
}
