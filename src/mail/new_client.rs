//! Tells an athlete that a coach's URL was used by a client that was not seen before.

use serde::{Deserialize, Serialize};

use crate::text::fenced;

/// Characters of a client's name in a mail.
const CLIENT_CHARS: usize = 80;

/// Tells an athlete that a coach's URL was used by a client that was not seen before.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewClient {
    /// The coach's address.
    pub coach: String,
    /// The client's own name for itself, cleaned.
    pub client: String,
    /// The page Coaches, absolute.
    pub coaches: String,
    /// The activity log, absolute.
    pub activity: String,
}

impl NewClient {
    /// The client's name for itself, fenced: anybody can choose it.
    fn called(&self) -> String {
        let name = fenced(&self.client, CLIENT_CHARS);
        if name.is_empty() {
            "nothing".to_owned()
        } else {
            name
        }
    }
}

super::letter::letter!(
    NewClient,
    "mail/new_client.subject",
    "mail/new_client.txt",
    "mail/new_client.html"
);
