//! Tells a person that the password was changed, set or deleted, and every other session ended.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Tells a person that the password was changed, set or deleted, and every other session ended.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Where to ask for a new password if it was somebody else, absolute.
    pub forgot: String,
    /// What was done to it.
    #[serde(default)]
    pub how: PasswordIs,
}

/// What was done to a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordIs {
    /// Another one was chosen.
    #[default]
    Changed,
    /// The account had none.
    Set,
    /// The account has another way in.
    Deleted,
}

impl PasswordIs {
    /// The verb, as in "was changed".
    const fn verb(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Set => "set",
            Self::Deleted => "deleted",
        }
    }
}

impl Content for PasswordChanged {
    letter! {
        PasswordChanged, "mail/password_changed.subject",
        "mail/password_changed.txt", "mail/password_changed.html"
    }
}
