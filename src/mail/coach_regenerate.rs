//! Asks a coach to confirm that the URL is to be replaced.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Asks a coach to confirm that the URL is to be replaced.
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
