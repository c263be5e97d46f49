//! Tells a coach that an athlete's grant has ended.

use serde::{Deserialize, Serialize};

use super::{Content, Harmless, Theirs, letter};

/// Tells a coach that an athlete's grant has ended.
#[derive(Clone, Serialize, Deserialize)]
pub struct GrantEnded {
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// How it ended.
    pub why: Why,
}

/// How a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The athlete revoked it.
    Revoked,
    /// It expired.
    Expired,
    /// The athlete deleted the account.
    AccountDeleted,
}

impl GrantEnded {
    /// The athlete's name, safe to show.
    fn who(&self) -> Harmless {
        self.athlete.name()
    }
}

impl Content for GrantEnded {
    letter! { GrantEnded, "mail/grant_ended.subject", "mail/grant_ended.txt", "mail/grant_ended.html" }
}
