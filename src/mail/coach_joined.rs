//! Tells a coach that more athletes have joined the roster; the URL stays as it is.

use serde::{Deserialize, Serialize};

use super::{
    coach_invite::May,
    outbox::is_same,
    theirs::{Harmless, Theirs},
};
use crate::ids::AccountId;

/// Tells a coach that more athletes have joined the roster; the URL stays as it is.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachJoined {
    /// Who, in the order of their invites.
    pub joined: Vec<Joined>,
    /// The URL once more, when no client has used it yet.
    pub url: Option<String>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

impl CoachJoined {
    /// On whose behalf it is sent, as far as that is one account: with that account it is forgotten.
    pub fn on_behalf(&self) -> Option<AccountId> {
        match self.joined.as_slice() {
            [only] => Some(only.account),
            _ => None,
        }
    }
}

/// One athlete who joined.
#[derive(Clone, Serialize, Deserialize)]
pub struct Joined {
    /// The athlete's account.
    pub account: AccountId,
    /// The athlete's intervals.icu id, by which the mail is found while it waits. Empty in one that an earlier version wrote.
    #[serde(default)]
    pub athlete_id: String,
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The address of the athlete's account.
    pub athlete_email: Theirs,
    /// What the athlete wrote; may be empty.
    pub note: Theirs,
    /// What the coach may do.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
    pub expires: Option<String>,
}

impl Joined {
    /// Whether this is the athlete with this id on this account.
    pub(super) fn is_of(&self, account: AccountId, athlete: &str) -> bool {
        self.account == account && is_same(&self.athlete_id, athlete)
    }

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
    CoachJoined,
    "mail/coach_joined.subject",
    "mail/coach_joined.txt",
    "mail/coach_joined.html"
);
