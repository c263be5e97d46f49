//! Tells a coach that more athletes have joined the roster; the URL stays as it is.

use serde::{Deserialize, Serialize};

use super::coach_invite::May;

/// Tells a coach that more athletes have joined the roster; the URL stays as it is.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoachJoined {
    /// Who, in the order of their invites.
    pub joined: Vec<Joined>,
    /// The URL once more, when no client has used it yet.
    pub url: Option<String>,
    /// The page For Coaches, absolute.
    pub for_coaches: String,
}

/// One athlete who joined.
#[derive(Clone, Serialize, Deserialize)]
pub struct Joined {
    /// The athlete's name at intervals.icu.
    pub athlete: String,
    /// The address of the athlete's account.
    pub athlete_email: String,
    /// What the athlete wrote; may be empty.
    pub note: String,
    /// What the coach may do.
    pub may: Vec<May>,
    /// When it ends by itself, in words.
    pub expires: Option<String>,
}

super::letter::letter!(
    CoachJoined,
    "mail/coach_joined.subject",
    "mail/coach_joined.txt",
    "mail/coach_joined.html"
);
