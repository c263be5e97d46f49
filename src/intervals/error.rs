//! What can go wrong with upstream, as callers need to tell it apart.

use std::time::Duration;

use super::Area;

/// Why a call to intervals.icu brought no data. None of them quotes upstream; the cause is logged where it happens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401: the credential is no longer taken.
    #[error("intervals.icu no longer accepts this connection")]
    Unauthorized,
    /// 403 although the scope is there: a foreign object, or a right that upstream does not give.
    #[error("intervals.icu does not allow this")]
    Forbidden,
    /// 403, or known before asking: the athlete left this area unticked.
    #[error("this part of intervals.icu was not shared when connecting")]
    MissingScope(Area),
    /// 404.
    #[error("intervals.icu does not know this object")]
    NotFound,
    /// 422 or 400: upstream did not take the request.
    #[error("intervals.icu did not take the request")]
    Rejected,
    /// 422 for something that came from Strava.
    #[error("closed to the API by Strava")]
    Strava,
    /// 429, or our own budget; when asking again makes sense.
    #[error("too many requests to intervals.icu for the moment")]
    Busy {
        /// Wait at least so long.
        retry_after: Duration,
    },
    /// 5xx, refused, broken off, a redirect to elsewhere, or an edge block.
    #[error("intervals.icu is not answering properly")]
    Unavailable,
    /// The deadline passed.
    #[error("intervals.icu took too long")]
    TimedOut,
    /// An answer that is too large, no JSON, or not of the documented shape.
    #[error("intervals.icu sent something unreadable")]
    Garbled,
    /// An answer about somebody else: refused.
    #[error("intervals.icu answered for another athlete")]
    WrongAthlete,
}

impl Error {
    /// Whether nothing more can be said in the call: the connection is lost, or upstream answers about somebody else.
    /// Any other failure of one part leaves the rest of an answer good.
    pub fn ends_the_call(&self) -> bool {
        matches!(self, Self::Unauthorized | Self::WrongAthlete)
    }
}

/// An error, and whether it says something about the asker alone (its deadline, its place in the queue) so that
/// others who wait for the same answer must ask themselves.
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
