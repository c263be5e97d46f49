//! Asks the address that an account is to have whether it is its owner's.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Asks the address that an account is to have whether it is its owner's.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewAddress {
    /// The one-time link, absolute; good for 30 minutes.
    pub link: String,
}

impl Content for NewAddress {
    letter! { NewAddress, "mail/new_address.subject", "mail/new_address.txt", "mail/new_address.html" }
}
