//! How upstream has answered lately, as seen by the calls of this process. Sends no requests of its own.
//!
//! Only counts per minute: nothing about what was requested or for whom.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};

/// How far back the counts go.
pub const LATELY: Duration = Duration::minutes(10);

/// How a request to upstream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestOutcome {
    Ok,
    Unauthorized,
    Forbidden,
    NotFound,
    Strava,
    Limited,
    Rejected,
    WrongAthlete,
    EdgeBlocked,
    Redirected,
    ServerError,
    Broken,
    TimedOut,
    Garbled,
}

impl RequestOutcome {
    /// Its label in the metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Strava => "strava",
            Self::Limited => "limited",
            Self::Rejected => "rejected",
            Self::WrongAthlete => "wrong_athlete",
            Self::EdgeBlocked => "edge_blocked",
            Self::Redirected => "redirected",
            Self::ServerError => "server_error",
            Self::Broken => "broken",
            Self::TimedOut => "timed_out",
            Self::Garbled => "garbled",
        }
    }

    /// Whether upstream gave no usable answer.
    const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::EdgeBlocked
                | Self::Redirected
                | Self::ServerError
                | Self::Broken
                | Self::TimedOut
                | Self::Garbled
        )
    }
}

/// The last minutes of requests to upstream.
#[derive(Debug, Default)]
pub(super) struct Reach(Mutex<VecDeque<Minute>>);

#[derive(Debug)]
struct Minute {
    /// Minutes since the epoch.
    at: i64,
    answered: u32,
    failed: u32,
}

/// The results of the requests in the last ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lately {
    /// Requests that upstream answered, even with a refusal.
    pub answered: u32,
    /// Requests that ended in silence, a server error or something unreadable.
    pub failed: u32,
}

impl Reach {
    /// Counts one request.
    pub(super) fn note(&self, outcome: RequestOutcome, now: DateTime<Utc>) {
        let at = now.timestamp().div_euclid(60);
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not fill this forever.
        minutes.retain(|minute| is_lately(minute.at, at));
        if minutes.back().is_none_or(|minute| minute.at != at) {
            minutes.push_back(Minute {
                at,
                answered: 0,
                failed: 0,
            });
        }
        if let Some(minute) = minutes.back_mut() {
            let count = if outcome.is_failure() {
                &mut minute.failed
            } else {
                &mut minute.answered
            };
            *count = count.saturating_add(1);
        }
    }

    /// The sums of the last minutes.
    pub(super) fn lately(&self, now: DateTime<Utc>) -> Lately {
        let minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.timestamp().div_euclid(60);
        minutes
            .iter()
            .filter(|minute| is_lately(minute.at, at))
            .fold(Lately::default(), |sum, minute| Lately {
                answered: sum.answered.saturating_add(minute.answered),
                failed: sum.failed.saturating_add(minute.failed),
            })
    }
}

fn is_lately(at: i64, now: i64) -> bool {
    (0..LATELY.num_minutes()).contains(&(now - at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_minutes_count_and_a_refusal_is_an_answer() {
        let reach = Reach::default();
        let start = DateTime::from_timestamp(1_795_214_400, 0).unwrap();
        for (minute, outcome) in [
            (0, RequestOutcome::Ok),
            (1, RequestOutcome::Limited),
            (1, RequestOutcome::TimedOut),
            (2, RequestOutcome::NotFound),
            (9, RequestOutcome::Broken),
        ] {
            reach.note(outcome, start + Duration::minutes(minute));
        }
        let at = |minute| reach.lately(start + Duration::minutes(minute));
        let sum = |answered, failed| Lately { answered, failed };
        assert_eq!(at(9), sum(3, 2));
        assert_eq!(at(10), sum(2, 2));
        assert_eq!(at(18), sum(0, 1));
        assert_eq!(at(60), sum(0, 0));
        assert_eq!(at(-60), sum(0, 0), "a clock that was set back");
        reach.note(RequestOutcome::Ok, start - Duration::hours(1));
        assert_eq!(at(-60), sum(1, 0));
        assert_eq!(reach.0.lock().unwrap().len(), 1);
    }
}
