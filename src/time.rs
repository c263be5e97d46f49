//! The clock as a value: the real one in service, and one that tests set by hand. Also the heartbeat of endless work.
//!
//! Nothing else reads the time of day (`.clippy.toml` bans it); the answers and pages that show dates to people format
//! them, except where the reader's zone is not known.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration as StdDuration,
};

use chrono::{DateTime, Duration, Utc};
use tokio::time::Instant;

/// A time for people whose zone is not known, to the minute: `Sat 21 Nov 2026, 08:00 UTC`.
pub(crate) fn in_utc(at: DateTime<Utc>) -> String {
    at.format("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// Says what time it is. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    /// Microseconds since the epoch, shared by every clone.
    Fake(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stays at `at` until [`Clock::advance`] or [`Clock::set`] moves it.
    pub fn fake(at: DateTime<Utc>) -> Self {
        Self(Source::Fake(Arc::new(AtomicI64::new(at.timestamp_micros()))))
    }

    /// Now, in UTC, to the microsecond (what Postgres keeps).
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.0 {
            Source::System => Utc::now().timestamp_micros(),
            Source::Fake(at) => at.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Moves a fake clock forward (or back); the machine's clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Source::Fake(at) = &self.0 {
            at.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Sets a fake clock; the machine's clock ignores it.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Fake(at) = &self.0 {
            at.store(to.timestamp_micros(), Ordering::SeqCst);
        }
    }
}

/// Whether endless work is still going on: it beats at every turn, and its supervisor reports that it has stopped.
#[derive(Debug, Default)]
pub struct Heartbeat(Mutex<Beat>);

#[derive(Debug, Default)]
enum Beat {
    #[default]
    NotBegun,
    At(Instant),
    Stopped,
}

impl Heartbeat {
    /// The work is going on.
    pub fn beat(&self) {
        self.set(Beat::At(Instant::now()));
    }

    /// The work stopped without being asked to.
    pub fn stop(&self) {
        self.set(Beat::Stopped);
    }

    fn set(&self, beat: Beat) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = beat;
    }

    /// Whether it has stopped, or has not beaten for `patience`. Work that has not begun is not missed.
    pub fn is_missed(&self, patience: StdDuration) -> bool {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Beat::NotBegun => false,
            Beat::At(beat) => beat.elapsed() > patience,
            Beat::Stopped => true,
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_began_and_stopped_is_missed() {
        let (heart, patience) = (Heartbeat::default(), StdDuration::from_mins(1));
        tokio::time::advance(2 * patience).await;
        assert!(!heart.is_missed(patience), "nobody began");
        heart.beat();
        tokio::time::advance(patience).await;
        assert!(!heart.is_missed(patience));
        tokio::time::advance(StdDuration::from_millis(1)).await;
        assert!(heart.is_missed(patience), "it hangs");
        heart.beat();
        assert!(!heart.is_missed(patience));
        heart.stop();
        assert!(heart.is_missed(patience));
    }
}
