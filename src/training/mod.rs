//! Formulas over training data: fitness, weeks, means, zones, sports. Each says where it comes from.
//!
//! Pure: no I/O, no clock, no text for people.

pub mod climbs;
pub mod dfa;
pub mod fitness;
pub mod laps;
pub mod means;
pub mod splits;
pub mod sports;
pub mod streams;
pub mod weeks;
pub mod zones;
