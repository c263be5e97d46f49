//! Invites a coach: the first athlete, the personal URL, the steps.

use serde::{Deserialize, Serialize};

use super::theirs::{Harmless, Theirs};

/// Invites a coach: the first athlete, the personal URL, the steps.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachInvite {
    /// The athlete's intervals.icu id, by which the mail is found while it waits. Empty in one that an earlier version wrote.
    #[serde(default)]
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The address of the athlete's account, so that the coach knows who asks.
    pub athlete_email: Theirs,
    /// What the athlete wrote; may be empty.
    pub note: Theirs,
    /// The coach's own connector URL.
    pub url: String,
    /// What the coach may do.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
    pub expires: Option<String>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

/// What a coach may do, by group of tools.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct May {
    /// The group, for people.
    pub group: String,
    /// One plain sentence for each granted tool.
    pub lets: Vec<String>,
}

impl CoachInvite {
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
    CoachInvite,
    "mail/coach_invite.subject",
    "mail/coach_invite.txt",
    "mail/coach_invite.html"
);
