//! How far a change has come, for an answer that has to be given before its end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Shared by the running changes of a call, one for each athlete, and by whoever waits for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    said: BTreeMap<String, String>,
    stopped: bool,
}

impl Progress {
    /// Says how far the change for this athlete is; replaces what was said of it before. False if whoever waits was told
    /// meanwhile that nothing is done: then nothing may be sent.
    #[must_use]
    pub(crate) fn say(&self, athlete: &str, text: String) -> bool {
        let mut state = self.lock();
        if !state.stopped {
            state.said.insert(athlete.to_owned(), text);
        }
        !state.stopped
    }

    /// Takes back what was said for this athlete: nothing was sent after all.
    pub(crate) fn unsay(&self, athlete: &str) {
        self.lock().said.remove(athlete);
    }

    /// What was said last, with the athletes' names if there are several; None while nothing has been sent.
    pub(crate) fn said(&self) -> Option<String> {
        self.lock().in_words()
    }

    /// The same for an answer that is given before the end. If nothing has been said, nothing is sent any more.
    pub(crate) fn said_or_stopped(&self) -> Option<String> {
        let mut state = self.lock();
        state.stopped = state.said.is_empty();
        state.in_words()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_words(&self) -> Option<String> {
        let all: Vec<String> = match self.said.len() {
            0 => return None,
            1 => self.said.values().cloned().collect(),
            _ => {
                let each = |(athlete, text)| format!("{athlete}: {text}");
                self.said.iter().map(each).collect()
            }
        };
        Some(all.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_athlete_has_a_say() {
        let progress = Progress::default();
        assert_eq!(progress.said(), None);
        for text in ["1 sent", "2 sent"] {
            assert!(progress.say("Ana", text.to_owned()));
        }
        assert_eq!(progress.said().as_deref(), Some("2 sent"));
        assert!(progress.say("Jack", "1 sent".to_owned()));
        assert_eq!(progress.said().as_deref(), Some("Ana: 2 sent; Jack: 1 sent"));
        assert!(progress.said_or_stopped().is_some());
        assert!(progress.say("Jack", "2 sent".to_owned()), "it goes on");
    }

    #[test]
    fn what_was_told_as_not_done_is_not_begun() {
        let progress = Progress::default();
        assert_eq!(progress.said_or_stopped(), None);
        assert!(!progress.say("Ana", "1 sent".to_owned()));
        assert_eq!(progress.said(), None);
    }
}
