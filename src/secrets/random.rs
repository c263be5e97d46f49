//! Randomness as a value: the operating system's in service, a seeded one in tests.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

use crate::time::Clock;

/// A source of unpredictable bytes. Cheap to clone; clones share the state.
#[derive(Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Random {
    /// A ChaCha generator seeded by the operating system.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the operating system"
    )]
    pub fn from_os() -> Self {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        Self::seeded(seed)
    }

    /// A generator that tests can repeat.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(Arc::new(Mutex::new(StdRng::from_seed(seed))))
    }

    /// `N` fresh bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut out);
        out
    }

    /// A number in `0.0..1.0`, for jitter.
    pub fn unit(&self) -> f64 {
        f64::from(u32::from_le_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }

    /// A UUID v7 for a row: ordered by time, unique, and never used as a secret.
    pub fn uuid(&self, clock: &Clock) -> Uuid {
        let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}
