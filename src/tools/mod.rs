//! The tools: one file each, one row each in [`CATALOGUE`]. A tool gets a [`Granted`] and arguments, and answers. A tool of a
//! coach's whole roster stands in [`ROSTER`] and gets a [`Roster`], which opens a [`Granted`] for each athlete.
//!
//! A tool never sees the pool, headers or tokens. Shaping, units and cleaning live in [`answer`]; reading arguments in
//! [`arguments`]; formulas in [`crate::training`]. Each tool fetches, then renders with a pure function.

pub mod answer;
pub mod arguments;
mod curves;
mod fitness;
mod get_activity_detail;
mod get_athlete_profile;
mod get_best_efforts;
mod get_climb_segments;
mod get_events;
mod get_extended_metrics;
mod get_fitness;
mod get_power_curves;
mod get_roster_overview;
mod get_training_history;
mod get_training_summary;
mod get_wellness;
mod list_athletes;
mod member;
mod one_activity;
mod part;
mod planned;
mod select_athlete;
mod thresholds;

use std::{future::Future, pin::Pin, time::Duration};

use serde_json::{Map, Value};

use crate::{
    guard::{Granted, Roster},
    intervals::{self, Area},
};
pub use answer::Answer;

/// A set of tools that belong together, for presets and for narrowing a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Name, zones, thresholds.
    Profile,
    /// Activities.
    Training,
    /// CTL, ATL, form, curves.
    Fitness,
    /// Sleep, HRV, weight, how it feels.
    Wellness,
    /// What is planned.
    Calendar,
}

impl Group {
    /// Its stable name in settings and in URLs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Training => "training",
            Self::Fitness => "fitness",
            Self::Wellness => "wellness",
            Self::Calendar => "calendar",
        }
    }

    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile and zones",
            Self::Training => "Training",
            Self::Fitness => "Fitness and form",
            Self::Wellness => "Wellness",
            Self::Calendar => "Calendar",
        }
    }
}

/// Whether a tool only looks or also changes. No tool does both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looks.
    Read,
    /// Changes.
    Write,
}

/// A running tool.
pub type Running = Pin<Box<dyn Future<Output = Result<Answer, ToolError>> + Send>>;

/// One row of the catalogue: all that the list, the guard and the dispatch need to know of a tool.
pub struct Tool {
    /// Stable name; also the permission's name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// The set it belongs to.
    pub group: Group,
    /// Looks or changes.
    pub access: Access,
    /// What the athlete must have shared for it to work at all.
    pub needs: &'static [Area],
    /// For the model: what it answers, and what it must know to call it well.
    pub description: &'static str,
    /// The plain sentence of what it lets somebody see or do, for the grants page.
    pub lets: &'static str,
    /// The JSON Schema of its arguments, already flat and portable.
    pub schema: fn() -> Map<String, Value>,
    /// Checks the arguments and runs.
    pub run: fn(Granted, Map<String, Value>) -> Running,
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tool({})", self.name)
    }
}

/// Every tool, in the order of the list.
pub static CATALOGUE: &[Tool] = &[
    get_athlete_profile::TOOL,
    get_training_history::TOOL,
    get_training_summary::TOOL,
    get_activity_detail::TOOL,
    get_extended_metrics::TOOL,
    get_climb_segments::TOOL,
    get_best_efforts::TOOL,
    get_fitness::TOOL,
    get_power_curves::TOOL,
    get_wellness::TOOL,
    get_events::TOOL,
];

/// A tool of a coach's whole roster. It needs no grant, so nobody can grant it: it shows of each athlete only what the tools
/// granted for that athlete could show.
pub struct RosterTool {
    /// Stable name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model: what it answers, and what it must know to call it well.
    pub description: &'static str,
    /// The JSON Schema of its arguments, already flat and portable.
    pub schema: fn() -> Map<String, Value>,
    /// Checks the arguments and runs.
    pub run: fn(Roster, Map<String, Value>) -> Running,
}

/// The word that stands for the roster's tools in URLs, where a group of the catalogue has its own.
pub const ROSTER_WORD: &str = "roster";

/// Every tool of a coach's roster, in the order of the list. They only look.
pub static ROSTER: &[RosterTool] = &[
    list_athletes::TOOL,
    select_athlete::TOOL,
    get_roster_overview::TOOL,
];

/// The tool with this name.
pub fn by_name(name: &str) -> Option<&'static Tool> {
    CATALOGUE.iter().find(|tool| tool.name == name)
}

/// Why a tool has no answer, and whose turn it is. The texts are ours, for the model and the person; never upstream's.
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
    /// One word for the activity log.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Refused(_) => "refused",
            Self::Reconnect(_) => "reconnect",
            Self::Busy { .. } => "busy",
            Self::Upstream(_) => "upstream",
            Self::Ours(_) => "ours",
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
fn in_words(wait: Duration) -> String {
    let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    match secs {
        0..=1 => "1 s".to_owned(),
        2..=89 => format!("{secs} s"),
        90..=5399 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h", secs.div_ceil(3600)),
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod withheld;
