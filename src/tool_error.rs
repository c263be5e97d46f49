//! Why a tool has no answer, in words for the model and for people.
//!
//! The texts are IcuSync's, never upstream's; an error's source goes to the log. No decisions here.

use std::time::Duration;

use crate::{intervals, words::Outcome};

/// Why a tool has no answer, and whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The caller must act: an argument is wrong. Says which, and what it must be.
    #[error("{0}")]
    Input(String),
    /// A grant or a share is missing. Says whose, and where to give it.
    #[error("{0}")]
    Refused(String),
    /// The athlete must reconnect intervals.icu.
    #[error("{0}")]
    Reconnect(String),
    /// No one must act: try again later.
    #[error("{text}")]
    Busy {
        /// The message.
        text: String,
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// intervals.icu failed.
    #[error("{0}")]
    Upstream(String),
    /// IcuSync failed.
    #[error("{0}")]
    Ours(String),
}

impl ToolError {
    /// Its outcome in the activity log.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Input(_) => Outcome::Input,
            Self::Refused(_) => Outcome::Refused,
            Self::Reconnect(_) => Outcome::Reconnect,
            Self::Busy { .. } => Outcome::Busy,
            Self::Upstream(_) => Outcome::Upstream,
            Self::Ours(_) => Outcome::Ours,
        }
    }

    /// The same error, its text under `line`.
    #[must_use]
    pub fn under(self, line: &str) -> Self {
        self.with_text(|text| format!("{line}\n{text}"))
    }

    /// The same error, with these lines below its text.
    #[must_use]
    pub fn and(self, lines: &[String]) -> Self {
        lines.iter().fold(self, |error, line| {
            error.with_text(|text| format!("{text}\n{line}"))
        })
    }

    /// The same error with another text.
    #[must_use]
    pub fn saying(self, text: &str) -> Self {
        self.with_text(|_| text.to_owned())
    }

    fn with_text(mut self, change: impl Fn(&str) -> String) -> Self {
        let (Self::Input(text)
        | Self::Refused(text)
        | Self::Reconnect(text)
        | Self::Busy { text, .. }
        | Self::Upstream(text)
        | Self::Ours(text)) = &mut self;
        *text = change(text);
        self
    }

    /// A failed request for one activity, explained to the caller who named its id.
    pub fn about_activity(error: intervals::Error) -> Self {
        use intervals::Error;
        match error {
            Error::NotFound => Self::Input(
                "Not done: intervals.icu has no activity with this id. Take ids from the last column of \
                 get_training_history."
                    .to_owned(),
            ),
            Error::Forbidden | Error::WrongAthlete => Self::Refused(
                "Not done: this id is not one of this athlete's activities, so nothing is shown. Take ids from the \
                 last column of this athlete's get_training_history."
                    .to_owned(),
            ),
            Error::Ownerless => Self::Upstream(
                "Not done: intervals.icu does not say whose activity this is, so nothing of it is shown. \
                 get_training_history has its main figures."
                    .to_owned(),
            ),
            Error::Rejected | Error::Garbled => Self::Upstream(
                "Not done: intervals.icu sent nothing readable about this activity. Try again; get_training_history has \
                 its main figures."
                    .to_owned(),
            ),
            Error::TooLarge => Self::Upstream(
                "Not done: this recording is too large to be read. get_training_history has its main figures."
                    .to_owned(),
            ),
            Error::TimedOut => {
                Self::Upstream("Not done: intervals.icu took too long. Try again.".to_owned())
            }
            error => error.into(),
        }
    }
}

impl From<intervals::Error> for ToolError {
    /// Says what happened, whose turn it is, and the next call that works.
    fn from(error: intervals::Error) -> Self {
        use intervals::Error;
        match error {
            Error::Unauthorized => Self::Reconnect(
                "Not done: intervals.icu no longer accepts this connection. The athlete must reconnect intervals.icu \
                 on the IcuSync dashboard; after that, try again."
                    .to_owned(),
            ),
            Error::Forbidden => Self::Refused(
                "Not done: intervals.icu does not let this account see it. Trying again will not help; only the athlete \
                 can change this, at intervals.icu."
                    .to_owned(),
            ),
            Error::MissingScope(area) => Self::Refused(format!(
                "Not done: the athlete did not share their {} with IcuSync. The athlete can reconnect intervals.icu on the \
                 IcuSync dashboard and leave {} ticked; the other tools keep working.",
                area.in_words(),
                area.as_str()
            )),
            Error::ReadOnly(area) => Self::Refused(format!(
                "Not done: this changes the athlete's {}, and that part of intervals.icu was connected for reading only. The \
                 athlete can reconnect on the IcuSync dashboard and allow changes there.",
                area.in_words()
            )),
            Error::NotFound => Self::Upstream(
                "Not done: intervals.icu says that it has no such data of this athlete. Try again in a few minutes; if it stays \
                 so, the athlete should check their account at intervals.icu."
                    .to_owned(),
            ),
            Error::Rejected => Self::Upstream(
                "Not done: intervals.icu did not accept this request. Change it, such as to a shorter range with oldest \
                 and newest."
                    .to_owned(),
            ),
            Error::Strava => Self::Upstream(
                "Not done: this came from Strava, whose terms close it to the API. The athlete can connect the device's \
                 own service (Garmin, Wahoo, COROS …) to intervals.icu to see future activities."
                    .to_owned(),
            ),
            Error::Busy { retry_after } => Self::Busy {
                text: format!(
                    "Not done: the requests that intervals.icu allows are used up. Try again in {}.",
                    in_words(retry_after)
                ),
                retry_after,
            },
            Error::Unavailable => Self::Upstream(
                "Not done: intervals.icu is not answering properly now. The connection itself is still valid; try again \
                 in a few minutes."
                    .to_owned(),
            ),
            Error::Unanswered => Self::Upstream(
                "Not known: intervals.icu did not answer the change. list_changes says what became of it.".to_owned(),
            ),
            Error::TimedOut => Self::Upstream(
                "Not done: intervals.icu took too long. Try again, or ask for less: a shorter range or fewer windows."
                    .to_owned(),
            ),
            Error::Garbled => Self::Upstream(
                "Not done: what intervals.icu sent could not be read. Try again in a few minutes; a shorter range may help."
                    .to_owned(),
            ),
            Error::TooLarge => Self::Upstream(
                "Not done: that is more data than can be read at once. Ask for less: a shorter range with oldest and newest."
                    .to_owned(),
            ),
            Error::Ownerless => Self::Upstream(
                "Not done: intervals.icu does not say whose this is, so the answer was withheld.".to_owned(),
            ),
            Error::WrongAthlete => Self::Ours(
                "Not done: intervals.icu answered about another athlete, so the answer was withheld. Try again; if it \
                 keeps happening, the athlete should reconnect intervals.icu on the IcuSync dashboard."
                    .to_owned(),
            ),
        }
    }
}

/// A wait in words, rounded up: `20 s`, `3 min`, `5 h`.
pub fn in_words(wait: Duration) -> String {
    let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    match secs {
        0..=1 => "1 s".to_owned(),
        2..=89 => format!("{secs} s"),
        90..=5399 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h", secs.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use intervals::{Area, Error};

    use super::*;

    #[test]
    fn errors_say_whose_turn_it_is_and_never_quote_upstream() {
        let cases = [
            (Error::Unauthorized, Outcome::Reconnect, "reconnect intervals.icu"),
            (Error::Forbidden, Outcome::Refused, "only the athlete"),
            (
                Error::MissingScope(Area::Wellness),
                Outcome::Refused,
                "WELLNESS ticked",
            ),
            (
                Error::ReadOnly(Area::Wellness),
                Outcome::Refused,
                "connected for reading only",
            ),
            (Error::NotFound, Outcome::Upstream, "no such data"),
            (Error::Rejected, Outcome::Upstream, "shorter range"),
            (Error::Strava, Outcome::Upstream, "device's own service"),
            (
                Error::Busy {
                    retry_after: Duration::from_hours(2),
                },
                Outcome::Busy,
                "in 2 h",
            ),
            (Error::Unavailable, Outcome::Upstream, "a few minutes"),
            (Error::TimedOut, Outcome::Upstream, "Try again"),
            (Error::Garbled, Outcome::Upstream, "a few minutes"),
            (Error::TooLarge, Outcome::Upstream, "Ask for less"),
            (Error::WrongAthlete, Outcome::Ours, "withheld"),
            (Error::Ownerless, Outcome::Upstream, "withheld"),
        ];
        for (error, outcome, says) in cases {
            let error = ToolError::from(error);
            let text = error.to_string();
            assert_eq!(error.outcome(), outcome, "{text}");
            assert!(
                text.starts_with("Not done: ") && text.contains(says) && text.len() < 300,
                "{text}"
            );
        }
        for (secs, words) in [
            (0, "1 s"),
            (12, "12 s"),
            (90, "2 min"),
            (3600, "60 min"),
            (5400, "2 h"),
            (86_000, "24 h"),
        ] {
            assert_eq!(in_words(Duration::from_secs(secs)), words);
        }
    }
}
