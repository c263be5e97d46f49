//! The tools: one file and one row of [`CATALOGUE`] each. A tool that reads gets an `Ask`, one that changes something a
//! `Granted`, both with the arguments. A tool for a coach's whole roster is in [`ROSTER`] and gets a `Roster`, which opens
//! an `Ask` for each athlete.
//!
//! A tool never sees the pool, headers or tokens. Shape, units and cleaning of answers are in `answer`, reading arguments in
//! `arguments`, formulas in [`crate::training`], what can be granted in [`crate::permissions`]. Each tool fetches, then
//! renders with a pure function.

mod absences;
mod activities;
mod add_activity;
pub(crate) mod answer;
mod apply_plan;
pub(crate) mod arguments;
pub(crate) mod at_a_glance;
mod by_hand;
mod curves;
mod day_fields;
mod day_form;
mod day_limits;
mod delete_activity;
mod delete_library_item;
mod delete_workout;
mod earlier;
mod edit_workout;
mod entries;
mod figures;
mod find_intervals;
mod fitness;
mod gear;
mod get_activity_detail;
mod get_athlete_profile;
mod get_best_efforts;
mod get_climb_segments;
mod get_custom_items;
mod get_events;
mod get_extended_metrics;
mod get_file;
mod get_fitness;
mod get_gear;
mod get_library;
mod get_power_curves;
mod get_roster_overview;
mod get_training_history;
mod get_training_summary;
mod get_wellness;
mod get_workout_guide;
mod library;
mod list_athletes;
mod list_changes;
mod member;
mod one_activity;
pub mod params;
mod part;
mod plan_state;
mod planned;
mod push_event;
mod push_wellness;
mod push_workout;
pub(crate) mod records;
mod repeat_events;
mod save_workout;
mod select_athlete;
mod steps;
mod sums;
mod thresholds;
mod undo_change;
mod update_activity;
mod update_gear;
mod update_sport_settings;
mod vitals;
mod writing;
mod zone_base;

use std::pin::Pin;

use serde_json::{Map, Value};

use crate::{
    guard::{Ask, Granted, Roster, file_link::FileLinks, journal::Changes},
    permissions::{Access, Permission},
    tool_error::ToolError,
};
pub use answer::Answer;
use params::Param;
pub(crate) use writing::{
    item::in_words as item_in_words,
    undo::{Which, undo},
};

/// Maximum requests of one call; a tool that needs more says so.
const MOST_REQUESTS: u32 = 4;

/// A running tool.
pub type Running = Pin<Box<dyn Future<Output = Result<Answer, ToolError>> + Send>>;

/// How a tool runs, with arguments that it checks itself. A read cannot change anything: nothing that it gets can.
#[derive(Clone, Copy)]
pub enum Run {
    /// Says something that is the same for everyone.
    Say(fn(&Map<String, Value>) -> Result<Answer, ToolError>),
    /// Only reads.
    Read(fn(Ask, Map<String, Value>) -> Running),
    /// Only reads, also what was changed through IcuSync.
    ReadChanges(fn(Ask, Changes, Map<String, Value>) -> Running),
    /// Only reads, and mints links to what is to be downloaded.
    ReadLinks(fn(Ask, FileLinks, Map<String, Value>) -> Running),
    /// Changes something for one athlete.
    Write(fn(Granted, Map<String, Value>) -> Running),
    /// Changes something for one athlete, or for several whom a coach names.
    WriteEach(fn(Vec<Target>, Map<String, Value>) -> Running),
    /// The same, from what the library of an athlete has whom a coach names beside them.
    WriteFrom(fn(Source, Vec<Target>, Map<String, Value>) -> Running),
}

/// The athlete whose library is read for a change.
#[derive(Debug)]
pub struct Source {
    /// The name, with the id for a coach.
    pub name: String,
    /// The right to read it, or why there is none.
    pub ask: Result<Ask, ToolError>,
}

/// An athlete for whom a change is wanted.
#[derive(Debug)]
pub struct Target {
    /// The name, with the id for a coach.
    pub name: String,
    /// The right to make it, or why there is none.
    pub granted: Result<Granted, ToolError>,
}

impl Run {
    /// Whether it reads or writes.
    pub const fn access(self) -> Access {
        match self {
            Self::Say(_) | Self::Read(_) | Self::ReadChanges(_) | Self::ReadLinks(_) => Access::Read,
            Self::Write(_) | Self::WriteEach(_) | Self::WriteFrom(_) => Access::Write,
        }
    }
}

/// One row of the catalogue.
pub struct Tool {
    /// The permission to use it, with its name.
    pub permission: &'static Permission,
    /// For the model: what the tool answers, and what a good call needs.
    pub description: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// How many requests to intervals.icu a call takes, in words: what is not kept already, without retries.
    pub requests: &'static str,
    /// Runs it.
    pub run: Run,
}

impl Tool {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.permission.name
    }

    /// The JSON Schema of its arguments, flat and portable.
    pub fn schema(&self) -> Map<String, Value> {
        params::schema(self.params)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tool({})", self.name())
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
    find_intervals::TOOL,
    get_fitness::TOOL,
    get_power_curves::TOOL,
    get_wellness::TOOL,
    get_events::TOOL,
    get_workout_guide::TOOL,
    push_workout::TOOL,
    edit_workout::TOOL,
    delete_workout::TOOL,
    push_event::TOOL,
    get_library::TOOL,
    save_workout::TOOL,
    delete_library_item::TOOL,
    apply_plan::TOOL,
    repeat_events::TOOL,
    get_gear::TOOL,
    update_gear::TOOL,
    add_activity::TOOL,
    delete_activity::TOOL,
    get_custom_items::TOOL,
    get_file::TOOL,
    push_wellness::TOOL,
    update_activity::TOOL,
    update_sport_settings::TOOL,
    list_changes::TOOL,
    undo_change::TOOL,
];

/// A tool for a coach's whole roster. It needs no grant, so no one can grant it: for each athlete it shows only what the
/// tools granted for that athlete could show.
pub struct RosterTool {
    /// Stable name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model: what the tool answers, and what a good call needs.
    pub description: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// How many requests to intervals.icu a call takes, in words.
    pub requests: &'static str,
    /// Checks the arguments and runs.
    pub run: fn(Roster, Map<String, Value>) -> Running,
}

impl RosterTool {
    /// The JSON Schema of its arguments, flat and portable.
    pub fn schema(&self) -> Map<String, Value> {
        params::schema(self.params)
    }
}

/// Every tool for a coach's roster, in the order of the list. They only read.
pub static ROSTER: &[RosterTool] = &[
    list_athletes::TOOL,
    select_athlete::TOOL,
    get_roster_overview::TOOL,
];

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod withheld;
