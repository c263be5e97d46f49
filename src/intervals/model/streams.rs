//! `GET /activity/{id}/streams.json`: what a device recorded, sample by sample.
//!
//! Only shapes; what a recording means is in [`crate::training::streams`].

use serde::Deserialize;
use serde_with::apply;

use crate::intervals::lenient::{self, Lenient};

/// One stream of a recording. If upstream keeps its word, all streams of an activity have one sample for each of `time`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Stream {
    /// `time` (s since the start), `watts`, `heartrate` (bpm), `cadence` (for a run, of one leg), `distance` (m),
    /// `altitude` (m), `velocity_smooth` (m/s) …; None: unknown.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The samples; null and anything that is not a number are None. The second half of a pair (`data2`, the longitude)
    /// is not read.
    #[serde(default, deserialize_with = "lenient::samples")]
    pub(crate) data: Vec<Option<f64>>,
}
