//! Tells a coach that an athlete's account now shows another athlete, or the same one again.

use serde::{Deserialize, Serialize};

use super::{Content, Harmless, Theirs, Whose, Withdrawn, letter};

/// Tells a coach that an athlete's account now shows another athlete, or the same one again. The other athlete is not named:
/// a coach may know nothing about them.
#[derive(Clone, Serialize, Deserialize)]
pub struct AthleteReplaced {
    /// The intervals.icu id of the athlete who granted, which finds the mail while it waits.
    pub athlete_id: String,
    /// That athlete's name.
    pub athlete: Theirs,
    /// The address of the account.
    pub athlete_email: Theirs,
    /// Which of the two.
    pub turn: Turn,
}

/// Which way the account turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// To another athlete: the grant is paused.
    Away,
    /// Back to the athlete who granted: the grant resumes.
    Back,
}

impl AthleteReplaced {
    /// The athlete's name, safe to show.
    fn who(&self) -> Harmless {
        self.athlete.name()
    }
}

impl Content for AthleteReplaced {
    letter! {
        AthleteReplaced, "mail/athlete_replaced.subject",
        "mail/athlete_replaced.txt", "mail/athlete_replaced.html"
    }

    fn about(&self) -> Option<&str> {
        Some(self.athlete_email.as_written())
    }

    fn withdraw(&mut self, whose: &Whose<'_>) -> Withdrawn {
        if whose.is_named(&self.athlete_id) {
            Withdrawn::Whole { first: false }
        } else {
            Withdrawn::Nothing
        }
    }
}
