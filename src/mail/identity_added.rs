//! Tells somebody that an identity of the outside provider signs them in.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells somebody that an identity of the outside provider signs them in.
#[derive(Clone, Serialize, Deserialize)]
pub struct IdentityAdded {
    /// What people call the provider.
    pub provider: String,
    /// The address of the identity.
    pub address: Theirs,
    /// Whether another identity no longer signs them in.
    pub replaced: bool,
    /// Whether a coach reads it, who has no account.
    pub is_coach: bool,
    /// The page with the ways to sign in, or for a coach the page for coaches; absolute.
    pub page: String,
}

impl Content for IdentityAdded {
    letter! { IdentityAdded, "mail/identity_added.subject", "mail/identity_added.txt", "mail/identity_added.html" }
}
