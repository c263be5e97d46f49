//! How far a change has come, for an answer that has to be given before its end.

use std::sync::{Arc, Mutex, PoisonError};

/// Shared by a running change and by whoever waits for it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Option<String>>>);

impl Progress {
    /// Says how far it is; replaces what was said before.
    pub fn say(&self, text: String) {
        *self.lock() = Some(text);
    }

    /// What was said last; None while nothing has been sent.
    pub fn said(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
