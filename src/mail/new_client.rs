//! Tells an athlete that a coach's URL was used by a client that was not seen before.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that a coach's URL was used by a client that was not seen before.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewClient {
    /// The coach's address.
    pub coach: Theirs,
    /// The client's own name for itself.
    pub client: Theirs,
    /// The page Coaches, absolute.
    pub coaches: String,
    /// The activity log, absolute.
    pub activity: String,
}

impl Content for NewClient {
    letter! { NewClient, "mail/new_client.subject", "mail/new_client.txt", "mail/new_client.html" }

    fn about(&self) -> Option<&str> {
        Some(self.coach.as_written())
    }
}
