//! What can go wrong with upstream, by what callers need to distinguish.

use std::time::Duration;

use super::Area;

/// Why a call to intervals.icu returned no data. No error quotes upstream; the cause is logged where it happens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401: the credential is no longer accepted.
    #[error("intervals.icu no longer accepts this connection")]
    Unauthorized,
    /// 403 despite the scope: someone else's object, or something that upstream does not allow.
    #[error("intervals.icu does not allow this")]
    Forbidden,
    /// 403, or known before the request: the athlete did not share this area.
    #[error("this area of intervals.icu is not shared")]
    MissingScope(Area),
    /// Known before the request: the athlete shared this area for reading only.
    #[error("this area of intervals.icu is shared for reading only")]
    ReadOnly(Area),
    /// 404.
    #[error("intervals.icu has no such object")]
    NotFound,
    /// 422 or 400: upstream did not accept the request.
    #[error("intervals.icu did not accept the request")]
    Rejected,
    /// 422 for something that came from Strava.
    #[error("closed by Strava")]
    Strava,
    /// 429, or our own budget.
    #[error("too many requests to intervals.icu")]
    Busy {
        /// Wait at least this long.
        retry_after: Duration,
    },
    /// 5xx, refused, broken off, a redirect, blocked at the edge, or a page instead of data.
    #[error("intervals.icu is not answering properly")]
    Unavailable,
    /// A change was sent and no answer to it is known: it may have happened. Never sent again without a look.
    #[error("intervals.icu did not answer a change")]
    Unanswered,
    /// The deadline passed.
    #[error("intervals.icu took too long")]
    TimedOut,
    /// An answer that is not JSON, or not of the documented shape.
    #[error("intervals.icu sent something unreadable")]
    Garbled,
    /// An answer that is larger than we read: less must be asked for.
    #[error("intervals.icu sent more than can be read at once")]
    TooLarge,
    /// An answer about another athlete: refused.
    #[error("intervals.icu answered for another athlete")]
    WrongAthlete,
    /// An answer that must say whose it is and does not: refused.
    #[error("intervals.icu did not say whose this is")]
    Ownerless,
}

impl Error {
    /// Whether the whole call fails, because the connection is lost. After any other failure of one part, an answer about
    /// another athlete among them, the rest of an answer remains good.
    pub fn ends_the_call(&self) -> bool {
        matches!(self, Self::Unauthorized)
    }
}

/// An error, and whether it is only about the caller (its deadline, its place in the queue), so that others who wait for
/// the same answer must ask for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) own: bool,
}

impl Failure {
    pub(super) fn own(error: Error) -> Self {
        Self { error, own: true }
    }

    pub(super) fn shared(error: Error) -> Self {
        Self { error, own: false }
    }
}
