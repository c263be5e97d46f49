//! How upstream has answered lately, as the calls of this process saw it. Nobody is asked for the sake of this.
//!
//! Counts of minutes and no more: nothing of what was asked, and for whom.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Duration, Utc};

/// How far back a look goes.
pub const LATELY: Duration = Duration::minutes(10);

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

/// What the requests of the last ten minutes met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lately {
    /// Requests that upstream answered, be it with a refusal.
    pub answered: u32,
    /// Requests that met silence, an error of the server or something unreadable.
    pub failed: u32,
}

impl Reach {
    /// Notes one request by its word in the metrics.
    pub(super) fn note(&self, outcome: &str, now: DateTime<Utc>) {
        let failed = matches!(
            outcome,
            "timed_out" | "broken" | "server_error" | "edge_blocked" | "redirected" | "garbled"
        );
        let at = now.timestamp().div_euclid(60);
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not fill this for ever.
        minutes.retain(|minute| is_lately(minute.at, at));
        if minutes.back().is_none_or(|minute| minute.at != at) {
            minutes.push_back(Minute {
                at,
                answered: 0,
                failed: 0,
            });
        }
        if let Some(minute) = minutes.back_mut() {
            let count = if failed {
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
            (0, "ok"),
            (1, "limited"),
            (1, "timed_out"),
            (2, "not_found"),
            (9, "broken"),
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
        reach.note("ok", start - Duration::hours(1));
        assert_eq!(at(-60), sum(1, 0));
        assert_eq!(reach.0.lock().unwrap().len(), 1);
    }
}
