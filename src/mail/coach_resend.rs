//! Asks a coach to confirm that the URL is to be mailed again.

use serde::{Deserialize, Serialize};

/// Asks a coach to confirm that the URL is to be mailed again.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachResend {
    /// The one-time link, absolute; good for 10 minutes.
    pub link: String,
}

super::letter::letter!(
    CoachResend,
    "mail/coach_resend.subject",
    "mail/coach_resend.txt",
    "mail/coach_resend.html"
);
