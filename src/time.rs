//! The clock as a value: the real one in service, one that tests turn by hand.
//!
//! Nothing else reads the time of day (`.clippy.toml` bans it); formatting of dates for people lives with the
//! answers and pages that show them.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Duration, Utc};

/// Tells what time it is. Cheap to clone.
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

    /// A clock that stands at `at` until [`Clock::advance`] or [`Clock::set`] moves it.
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

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
