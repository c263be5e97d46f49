//! Tells a person that somebody who knows the first factor says that all others are lost, and how to stop them.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells a person that somebody who knows the first factor says that all others are lost, and how to stop them.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryBegun {
    /// When the link comes, as the mail says it.
    pub ready: String,
    /// The network from which it was begun.
    pub network: String,
    /// The browser, in words.
    pub browser: String,
    /// The page with the button that stops it, absolute.
    pub account: String,
    /// Where to ask for a new password, absolute.
    pub forgot: String,
}

impl Content for RecoveryBegun {
    letter! { RecoveryBegun, "mail/recovery_begun.subject", "mail/recovery_begun.txt", "mail/recovery_begun.html" }
}
