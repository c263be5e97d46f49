//! Why a tool has no answer, in words for the model and the person.
//!
//! The texts are ours, never upstream's; the source of an error goes to the log. No decisions here.

use std::time::Duration;

use crate::{intervals, words::Outcome};

/// Why a tool has no answer, and whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The caller's: an argument is wrong. Says which and what to write instead.
    #[error("{0}")]
    Input(String),
    /// Somebody's leave is missing. Says whose and where it is given.
    #[error("{0}")]
    Refused(String),
    /// The athlete's: intervals.icu must be connected anew.
    #[error("{0}")]
    Reconnect(String),
    /// Nobody's: ask again later.
    #[error("{text}")]
    Busy {
        /// What to say.
        text: String,
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// intervals.icu's.
    #[error("{0}")]
    Upstream(String),
    /// Ours.
    #[error("{0}")]
    Ours(String),
}

impl ToolError {
    /// What the activity log says.
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
    pub fn under(mut self, line: &str) -> Self {
        let (Self::Input(text)
        | Self::Refused(text)
        | Self::Reconnect(text)
        | Self::Busy { text, .. }
        | Self::Upstream(text)
        | Self::Ours(text)) = &mut self;
        *text = format!("{line}\n{text}");
        self
    }

    /// What a failed question about one activity means to who named its id.
    pub fn about_activity(error: intervals::Error) -> Self {
        use intervals::Error;
        match error {
            Error::NotFound => Self::Input(
                "Not done: intervals.icu knows no activity with this id. Take ids from the last column of \
                 get_training_history."
                    .to_owned(),
            ),
            Error::Forbidden | Error::WrongAthlete => Self::Refused(
                "Not done: this id is none of this athlete's activities, so nothing is shown. Take ids from the last \
                 column of this athlete's get_training_history."
                    .to_owned(),
            ),
            Error::Rejected | Error::Garbled => Self::Upstream(
                "Not done: intervals.icu sent nothing readable about this activity. Ask again; get_training_history has \
                 its main figures."
                    .to_owned(),
            ),
            Error::TimedOut => {
                Self::Upstream("Not done: intervals.icu took too long. Ask again.".to_owned())
            }
            error => error.into(),
        }
    }
}

impl From<intervals::Error> for ToolError {
    /// What happened, whose turn it is, and the next call that would work.
    fn from(error: intervals::Error) -> Self {
        use intervals::Error;
        match error {
            Error::Unauthorized => Self::Reconnect(
                "Not done: intervals.icu no longer accepts this connection. The athlete must connect intervals.icu again \
                 on the IcuSync dashboard; after that, ask again."
                    .to_owned(),
            ),
            Error::Forbidden => Self::Refused(
                "Not done: intervals.icu does not open this to the connected account. Asking again will not help; only \
                 the athlete can change it at intervals.icu."
                    .to_owned(),
            ),
            Error::MissingScope(area) => Self::Refused(format!(
                "Not done: the athlete did not share {} with IcuSync. The athlete can connect intervals.icu again on the \
                 IcuSync dashboard and leave {} ticked; the other tools work as before.",
                area.in_words(),
                area.as_str()
            )),
            Error::NotFound => Self::Input(
                "Not done: intervals.icu knows no such thing for this athlete. Take ids from the last column of \
                 get_training_history."
                    .to_owned(),
            ),
            Error::Rejected => Self::Upstream(
                "Not done: intervals.icu did not take this request. Ask in another way, such as for a shorter range with \
                 oldest and newest."
                    .to_owned(),
            ),
            Error::Strava => Self::Upstream(
                "Not done: this came from Strava, whose terms close it to the API. The athlete can connect the device's \
                 own service (Garmin, Wahoo, COROS …) to intervals.icu to see such activities from then on."
                    .to_owned(),
            ),
            Error::Busy { retry_after } => Self::Busy {
                text: format!(
                    "Not done: the requests that intervals.icu allows are used up for the moment. Ask again in {}.",
                    in_words(retry_after)
                ),
                retry_after,
            },
            Error::Unavailable => Self::Upstream(
                "Not done: intervals.icu is not answering properly at the moment. The connection itself stands; ask \
                 again in a few minutes."
                    .to_owned(),
            ),
            Error::TimedOut => Self::Upstream(
                "Not done: intervals.icu took too long. Ask again, or for less: a shorter range or fewer windows."
                    .to_owned(),
            ),
            Error::Garbled => Self::Upstream(
                "Not done: what intervals.icu sent was unreadable or too large. Ask for a shorter range with oldest and \
                 newest."
                    .to_owned(),
            ),
            Error::WrongAthlete => Self::Ours(
                "Not done: intervals.icu answered about another athlete, so the answer was withheld. Ask again; when it \
                 stays, the athlete should connect intervals.icu again on the IcuSync dashboard."
                    .to_owned(),
            ),
        }
    }
}

/// A wait as a person says it, rounded up: `20 s`, `3 min`, `5 h`.
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
            (
                Error::Unauthorized,
                Outcome::Reconnect,
                "connect intervals.icu again",
            ),
            (Error::Forbidden, Outcome::Refused, "only the athlete"),
            (
                Error::MissingScope(Area::Wellness),
                Outcome::Refused,
                "WELLNESS ticked",
            ),
            (Error::NotFound, Outcome::Input, "get_training_history"),
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
            (Error::TimedOut, Outcome::Upstream, "Ask again"),
            (Error::Garbled, Outcome::Upstream, "shorter range"),
            (Error::WrongAthlete, Outcome::Ours, "withheld"),
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
