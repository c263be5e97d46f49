//! Formulas over training data: fitness, weeks, averages, summaries, zones, sports, plans, flags. Each names its source.
//!
//! Pure: no I/O, no clock, no text for people.

pub(crate) mod climbs;
pub(crate) mod curves;
pub(crate) mod dfa;
pub mod fitness;
pub(crate) mod laps;
pub(crate) mod lengths;
pub(crate) mod main_sport;
pub(crate) mod means;
pub(crate) mod overlaps;
pub(crate) mod plan;
pub(crate) mod plausible;
pub(crate) mod roster;
pub(crate) mod splits;
pub(crate) mod sports;
pub(crate) mod streams;
pub(crate) mod summary;
pub(crate) mod weeks;
pub(crate) mod zones;
