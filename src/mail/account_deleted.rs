//! Tells a person that the account is gone, and what became of the access to intervals.icu.

use serde::{Deserialize, Serialize};

use super::{Content, letter};
use crate::words::ConnectionKind;

/// Tells a person that the account is gone, and what became of the access to intervals.icu.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccountDeleted {
    /// How intervals.icu was connected, if it was.
    pub was_connected: Option<ConnectionKind>,
    /// The settings at intervals.icu, absolute.
    pub intervals: String,
    /// Whether the address is a coach's too: then emails about other athletes keep coming.
    #[serde(default)]
    pub is_coach: bool,
}

impl Content for AccountDeleted {
    letter! {
        AccountDeleted, "mail/account_deleted.subject",
        "mail/account_deleted.txt", "mail/account_deleted.html"
    }
}
