//! Tells somebody that the outside provider sent another person with their address, or the same person with another one.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells somebody that the outside provider sent another person with their address, or the same person with another one.
#[derive(Clone, Serialize, Deserialize)]
pub struct IdentityOther {
    /// What people call the provider.
    pub provider: String,
    /// The address that the provider sent.
    pub address: Theirs,
    /// Whether it is the same person with another address.
    pub is_changed: bool,
    /// Whether a coach reads it, who has no account.
    pub is_coach: bool,
    /// The page with the ways to sign in, or for a coach the page for coaches; absolute.
    pub page: String,
}

impl Content for IdentityOther {
    letter! { IdentityOther, "mail/identity_other.subject", "mail/identity_other.txt", "mail/identity_other.html" }

    /// Each address is news of its own.
    fn about(&self) -> Option<&str> {
        Some(self.address.as_written())
    }
}
