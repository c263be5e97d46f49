//! Who asks, and may they: sessions, link tokens, grants, rate limits. Rights are types that only this room builds.
//!
//! No HTML, no tool logic, no upstream calls but those that a right depends on.

pub mod accounts;
pub mod grant;

pub use grant::{AthleteCard, Caller, Granted, Units};
