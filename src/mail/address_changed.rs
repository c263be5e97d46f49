//! Tells an account's previous address that the account has another one now.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells an account's previous address that the account has another one now.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddressChanged {
    /// Where IcuSync can be removed at intervals.icu, absolute.
    pub intervals: String,
}

impl Content for AddressChanged {
    letter! {
        AddressChanged, "mail/address_changed.subject",
        "mail/address_changed.txt", "mail/address_changed.html"
    }
}
