//! Brings the link that takes all lost factors off an account.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Brings the link that takes all lost factors off an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryReady {
    /// The link, absolute.
    pub link: String,
}

impl Content for RecoveryReady {
    letter! { RecoveryReady, "mail/recovery_ready.subject", "mail/recovery_ready.txt", "mail/recovery_ready.html" }
}
