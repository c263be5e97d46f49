//! Tells a person that a recovery took all factors off, and what ended with them.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells a person that a recovery took all factors off, and what ended with them.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryDone {
    /// The network from which it was finished.
    pub network: String,
    /// The browser, in words.
    pub browser: String,
    /// Whether there is a new connector URL.
    pub new_url: bool,
    /// The page to sign in, absolute.
    pub sign_in: String,
}

impl Content for RecoveryDone {
    letter! { RecoveryDone, "mail/recovery_done.subject", "mail/recovery_done.txt", "mail/recovery_done.html" }
}
