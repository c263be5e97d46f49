//! The tools: one file each, one row each in [`CATALOGUE`]. A tool gets a [`Granted`] and arguments, and answers.
//!
//! A tool never sees the pool, headers or tokens. Shaping, units and cleaning live in [`answer`].

pub mod answer;

use std::{future::Future, pin::Pin, time::Duration};

use serde_json::{Map, Value};

use crate::{
    guard::Granted,
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

/// Every tool, in the order of the list.
pub static CATALOGUE: &[Tool] = &[];

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
}

impl From<intervals::Error> for ToolError {
    fn from(error: intervals::Error) -> Self {
        let _ = error;
        todo!()
    }
}
