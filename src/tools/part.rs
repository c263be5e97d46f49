//! A part of an answer that may be missing, and why: not granted, not shared, closed, used up, unreadable.
//!
//! An error that ends the whole call is a [`ToolError`]; here the rest of the answer remains good.

use crate::{intervals::Error, permissions::Permission, tool_error::ToolError};

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part<T> {
    NotAsked,
    Got(T),
    /// Left out, with the line that says why.
    Missing(String),
}

impl<T> Part<T> {
    /// A part that `tool` shows, for a coach to whom the athlete did not grant that tool.
    pub(super) fn not_granted(what: &str, tool: &Permission) -> Self {
        Self::Missing(not_granted(what, tool))
    }

    /// The part itself.
    pub(super) fn got(&self) -> Option<&T> {
        match self {
            Self::Got(value) => Some(value),
            Self::NotAsked | Self::Missing(_) => None,
        }
    }

    /// The line that says why it is missing; empty otherwise.
    pub(super) fn missing(&self) -> String {
        match self {
            Self::Missing(why) => why.clone(),
            Self::NotAsked | Self::Got(_) => String::new(),
        }
    }

    /// The part's text, or why there is none.
    pub(super) fn text(&self, write: impl FnOnce(&T) -> String) -> String {
        self.got().map_or_else(|| self.missing(), write)
    }
}

/// The line for a part that `tool` shows, when the athlete did not grant the coach that tool.
pub(super) fn not_granted(what: &str, tool: &Permission) -> String {
    format!("{what} left out: {} is not granted.", tool.name)
}

/// Where a part comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Anything that has no name of its own here.
    Other,
    /// The one activity that the call is about.
    Activity,
    /// The list of activities.
    Activities,
    Calendar,
    /// The days of the fitness model.
    Fitness,
    /// Who the athlete is, and the settings of sports.
    Profile,
}

impl Source {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Other | Self::Activity => "intervals.icu",
            Self::Activities => "the activities",
            Self::Calendar => "the calendar",
            Self::Fitness => "the fitness days",
            Self::Profile => "the profile",
        }
    }
}

/// The result of a request for a part. A lost connection ends the call; any other error leaves the part out.
pub(super) fn settle<T>(what: &str, source: Source, result: Result<T, Error>) -> Result<Part<T>, ToolError> {
    match result {
        Ok(value) => Ok(Part::Got(value)),
        Err(error) if error.ends_the_call() => Err(error.into()),
        Err(Error::NotFound) if source == Source::Activity => Ok(Part::Missing(format!(
            "{what} left out: intervals.icu has none for this activity."
        ))),
        Err(error) => {
            let why = why(&error, source.in_words());
            Ok(Part::Missing(format!("{what} left out: {why}.")))
        }
    }
}

/// Something that an answer can do without: None when it failed, unless the connection is lost.
pub(super) fn if_there<T>(result: Result<T, Error>) -> Result<Option<T>, ToolError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.ends_the_call() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Why something is missing, to follow a colon; `source` is what did not answer.
pub(super) fn why(error: &Error, source: &str) -> String {
    match error {
        Error::MissingScope(area) => {
            format!(
                "the athlete did not share their {} (reconnect intervals.icu on the IcuSync dashboard with {} ticked)",
                area.in_words(),
                area.as_str()
            )
        }
        Error::ReadOnly(area) => format!("their {} was connected for reading only", area.word()),
        Error::Forbidden => "intervals.icu does not let this account see it".to_owned(),
        Error::Strava => "closed by Strava".to_owned(),
        Error::Garbled => "what intervals.icu sent could not be read; try again in a few minutes".to_owned(),
        Error::TooLarge => "it is too large to be read; ask for less".to_owned(),
        Error::Rejected => "intervals.icu did not accept the request".to_owned(),
        Error::Busy { .. } => {
            "the requests that intervals.icu allows are used up; try again later".to_owned()
        }
        Error::Unauthorized => "intervals.icu no longer accepts this connection".to_owned(),
        Error::WrongAthlete => "intervals.icu answered about another athlete, so nothing is shown".to_owned(),
        Error::Ownerless => "intervals.icu does not say whose it is, so nothing is shown".to_owned(),
        Error::NotFound => "intervals.icu answered that it is not there".to_owned(),
        Error::Unavailable | Error::TimedOut | Error::Unanswered => {
            format!("{source} did not answer; try again in a few minutes")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{intervals::Area, permissions};

    fn missing(what: &str, source: Source, error: Error) -> String {
        settle::<()>(what, source, Err(error)).unwrap().missing()
    }

    #[test]
    fn a_part_that_fails_is_named_and_a_lost_connection_ends_the_call() {
        let weather = |error| missing("Weather", Source::Activity, error);
        assert_eq!(
            weather(Error::Unavailable),
            "Weather left out: intervals.icu did not answer; try again in a few minutes."
        );
        assert!(weather(Error::MissingScope(Area::Calendar)).contains("CALENDAR ticked"));
        assert!(weather(Error::NotFound).contains("has none for this activity"));
        assert!(weather(Error::Garbled).contains("could not be read"));
        assert!(weather(Error::TooLarge).contains("ask for less"));
        assert!(matches!(
            settle::<()>("Weather", Source::Activity, Err(Error::Unauthorized)),
            Err(ToolError::Reconnect(_))
        ));
        for (error, says) in [
            (Error::NotFound, "no activity with this id"),
            (Error::WrongAthlete, "not one of this athlete's activities"),
            (Error::Forbidden, "not one of this athlete's activities"),
        ] {
            let text = ToolError::about_activity(error).to_string();
            assert!(
                text.contains(says) && text.contains("get_training_history"),
                "{text}"
            );
        }
    }

    #[test]
    fn used_up_or_unreadable_does_not_read_as_no_answer() {
        let load = |error| missing("Planned load", Source::Calendar, error);
        let busy = Error::Busy {
            retry_after: Duration::from_secs(9),
        };
        assert!(load(busy).contains("allows are used up"));
        assert!(load(Error::Garbled).contains("could not be read"));
        assert!(load(Error::NotFound).contains("not there"));
        assert_eq!(
            load(Error::TimedOut),
            "Planned load left out: the calendar did not answer; try again in a few minutes."
        );
        assert!(load(Error::MissingScope(Area::Calendar)).contains("did not share their calendar"));
        let done = missing("What was done", Source::Activities, Error::Unavailable);
        assert_eq!(
            done,
            "What was done left out: the activities did not answer; try again in a few minutes."
        );
        assert_eq!(
            load(Error::WrongAthlete),
            "Planned load left out: intervals.icu answered about another athlete, so nothing is shown."
        );
    }

    #[test]
    fn an_optional_part_fails_silently_unless_the_connection_is_lost() {
        assert_eq!(if_there(Ok(7)).unwrap(), Some(7));
        assert_eq!(if_there::<u8>(Err(Error::Garbled)).unwrap(), None);
        assert!(if_there::<u8>(Err(Error::Unauthorized)).is_err());
    }

    #[test]
    fn a_part_shows_itself_or_says_why_it_is_missing() {
        let text = |part: Part<u8>| part.text(|value| format!("value {value}"));
        assert_eq!(text(Part::Got(7)), "value 7");
        assert_eq!(text(Part::NotAsked), "");
        assert_eq!(
            text(Part::not_granted("Plan", &permissions::GET_EVENTS)),
            "Plan left out: get_events is not granted."
        );
    }
}
