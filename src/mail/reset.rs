//! Lets a person who forgot the password choose a new one.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Lets a person who forgot the password choose a new one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Reset {
    /// The one-time link, absolute; good for 30 minutes.
    pub link: String,
}

impl Content for Reset {
    letter! { Reset, "mail/reset.subject", "mail/reset.txt", "mail/reset.html" }
}
