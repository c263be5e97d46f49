//! Tells a person who signs up again that the address already has an account.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells a person who signs up again that the address already has an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct AlreadyHere {
    /// Where to sign in, absolute.
    pub sign_in: String,
    /// Where to ask for a new password, absolute.
    pub forgot: String,
    /// Whether the account has no password, and signs in with intervals.icu.
    #[serde(default)]
    pub by_intervals: bool,
    /// What people call the outside identity provider, if only that signs in.
    #[serde(default)]
    pub by_provider: Option<String>,
}

impl Content for AlreadyHere {
    letter! { AlreadyHere, "mail/already_here.subject", "mail/already_here.txt", "mail/already_here.html" }
}
