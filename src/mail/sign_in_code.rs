//! The code with which a coach signs in for a client.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// The code with which a coach signs in for a client.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignInCode {
    /// The code, in two groups of four; good for 10 minutes.
    pub code: String,
    /// The client's own name for itself.
    pub client: Theirs,
}

impl Content for SignInCode {
    letter! { SignInCode, "mail/sign_in_code.subject", "mail/sign_in_code.txt", "mail/sign_in_code.html" }
}
