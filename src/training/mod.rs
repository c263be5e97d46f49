//! Formulas over training data: fitness, weeks, averages, summaries, zones, sports, plans, flags. Each names its source.
//!
//! Pure: no I/O, no clock, no text for people.

pub mod climbs;
pub mod curves;
pub mod dfa;
pub mod fitness;
pub mod laps;
pub mod lengths;
pub mod main_sport;
pub mod means;
pub mod plan;
pub mod roster;
pub mod splits;
pub mod sports;
pub mod streams;
pub mod summary;
pub mod weeks;
pub mod zones;
