//! Asks a coach to confirm that the connector URL should be regenerated.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Asks a coach to confirm that the connector URL should be regenerated.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachRegenerate {
    /// The one-time link, absolute; good for 10 minutes.
    pub link: String,
}

impl Content for CoachRegenerate {
    letter! {
        CoachRegenerate, "mail/coach_regenerate.subject",
        "mail/coach_regenerate.txt", "mail/coach_regenerate.html"
    }
}
