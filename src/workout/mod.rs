//! A planned workout: one model, and everything that knows intervals.icu's language and units for it.
//!
//! [`model`] is the workout. [`text`] reads and writes intervals.icu's own language, [`doc`] the `workout_doc` that it makes of
//! it; [`differences()`] compares what was sent with what is held. [`estimate`] says how long and how hard a workout is,
//! [`scale`] makes it shorter or easier, [`resolve`] says what its targets mean with the athlete's [`Settings`], and [`check`] what of it would not reach the device.
//! Pure: no I/O, and nothing of the tools, the protocol or the requests.

pub mod check;
pub mod differences;
pub mod doc;
pub mod estimate;
mod mend;
pub mod model;
pub mod resolve;
pub mod scale;
pub mod text;
mod words;

pub use differences::differences;
pub use model::Workout;
pub use resolve::Settings;

/// Something in a workout's text that intervals.icu would lose or read differently from what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the text, from 1; 0 is the name.
    pub line: usize,
    /// Whether the workout can be sent all the same.
    pub severity: Severity,
    /// What intervals.icu would do, and why that is hardly meant.
    pub why: String,
    /// What to write instead.
    pub instead: String,
}

impl Problem {
    fn refuse(line: usize, why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self {
            line,
            severity: Severity::Refuse,
            why: why.into(),
            instead: instead.into(),
        }
    }

    fn warn(line: usize, why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warn,
            ..Self::refuse(line, why, instead)
        }
    }
}

/// What a problem means for the workout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It must not be sent like this.
    Refuse,
    /// It can be sent, and the person should know.
    Warn,
}

#[cfg(test)]
pub(crate) mod tests;
