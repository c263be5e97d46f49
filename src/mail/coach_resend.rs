//! Asks a coach to confirm that the connector URL should be resent.

use serde::{Deserialize, Serialize};

use super::{Content, letter};

/// Asks a coach to confirm that the connector URL should be resent.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachResend {
    /// The one-time link, absolute; good for 10 minutes.
    pub link: String,
}

impl Content for CoachResend {
    letter! { CoachResend, "mail/coach_resend.subject", "mail/coach_resend.txt", "mail/coach_resend.html" }
}
