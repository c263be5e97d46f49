//! Confirms the address of a person who signs up.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Confirms the address of a person who signs up.
#[derive(Clone, Serialize, Deserialize)]
pub struct Confirm {
    /// The one-time link, absolute; good for 24 hours.
    pub link: String,
}

impl Content for Confirm {
    letter! { Confirm, "mail/confirm.subject", "mail/confirm.txt", "mail/confirm.html" }
}
