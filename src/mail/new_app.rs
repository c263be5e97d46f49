//! Tells an athlete that a client signed in to the account for the first time.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that a client signed in to the account for the first time.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewApp {
    /// The client's own name for itself.
    pub client: Theirs,
    /// Where its answer went, in words.
    pub leads_to: Theirs,
    /// Whether it may change something.
    pub may_write: bool,
    /// The page Connected apps, absolute.
    pub apps: String,
}

impl Content for NewApp {
    letter! { NewApp, "mail/new_app.subject", "mail/new_app.txt", "mail/new_app.html" }

    fn about(&self) -> Option<&str> {
        Some(self.client.as_written())
    }
}
