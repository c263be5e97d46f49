//! Asks an account's future address to confirm that it belongs to the account's owner.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Asks an account's future address to confirm that it belongs to the account's owner.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewAddress {
    /// The one-time link, absolute; good for 30 minutes.
    pub link: String,
    /// Whether the account has no address yet.
    #[serde(default)]
    pub is_first: bool,
}

impl Content for NewAddress {
    letter! { NewAddress, "mail/new_address.subject", "mail/new_address.txt", "mail/new_address.html" }
}
