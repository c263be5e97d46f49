//! Tells an athlete that intervals.icu no longer accepts the connection.

use serde::{Deserialize, Serialize};

use super::{Content, Theirs, letter};

/// Tells an athlete that intervals.icu no longer accepts the connection.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConnectionAttention {
    /// The athlete's name at intervals.icu.
    pub athlete: Theirs,
    /// The dashboard, absolute.
    pub dashboard: String,
}

impl Content for ConnectionAttention {
    letter! {
        ConnectionAttention, "mail/connection_attention.subject",
        "mail/connection_attention.txt", "mail/connection_attention.html"
    }
}
