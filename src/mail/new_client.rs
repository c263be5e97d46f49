//! Tells an athlete that a new client has used a coach's connector URL.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that a new client has used a coach's connector URL.
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
