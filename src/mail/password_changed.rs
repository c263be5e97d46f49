//! Tells a person that the password was changed and every other session ended.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells a person that the password was changed and every other session ended.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Where to ask for a new password if it was somebody else, absolute.
    pub forgot: String,
}

impl Content for PasswordChanged {
    letter! {
        PasswordChanged, "mail/password_changed.subject",
        "mail/password_changed.txt", "mail/password_changed.html"
    }
}
