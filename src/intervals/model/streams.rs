//! `GET /activity/{id}/streams.json`: what a device recorded, sample by sample.
//!
//! Only shapes; what a recording means stands in [`crate::training::streams`].

use serde::Deserialize;
use serde_with::apply;

use crate::intervals::lenient::{self, Lenient};

/// One channel of a recording. All channels of an activity have one sample for each of `time`'s, as far as upstream
/// keeps its word.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Stream {
    /// `time` (s since the start), `watts`, `heartrate` (bpm), `cadence` (of a run: one leg), `distance` (m),
    /// `altitude` (m), `velocity_smooth` (m/s) …; None: nobody can tell.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The samples; what is null or no number is missing. The second half of a pair (`data2`, the longitude) is not
    /// read.
    #[serde(default, deserialize_with = "lenient::samples")]
    pub(crate) data: Vec<Option<f64>>,
}
