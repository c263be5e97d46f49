//! The code with which somebody proves that the address is theirs with which an identity of the outside provider came.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// The code with which somebody proves that the address is theirs with which an identity of the outside provider came.
#[derive(Clone, Serialize, Deserialize)]
pub struct IdentityCode {
    /// The code, in two groups of three; good for 10 minutes.
    pub code: String,
    /// What people call the provider.
    pub provider: String,
}

impl Content for IdentityCode {
    letter! { IdentityCode, "mail/identity_code.subject", "mail/identity_code.txt", "mail/identity_code.html" }
}
