//! To the owner of an account whose athlete gave a consent for another one.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// To the owner of an account whose athlete gave a consent for another one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Release {
    /// The athlete.
    pub athlete: Theirs,
    /// The mail link.
    pub link: String,
}

impl Content for Release {
    letter! { Release, "mail/release.subject", "mail/release.txt", "mail/release.html" }
}
