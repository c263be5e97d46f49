//! Formulas over training data: fitness, weeks, means, zones, sports. Each says where it comes from.
//!
//! Pure: no I/O, no clock, no text for people.

pub mod fitness;
pub mod means;
pub mod sports;
pub mod streams;
pub mod weeks;
pub mod zones;
