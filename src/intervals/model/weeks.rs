//! intervals.icu's own weekly sums, which include activities closed to the API.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_with::apply;

use super::{Amount, figure};
use crate::intervals::lenient::{Lenient, Object};

/// A row of `GET /athlete/{id}/athlete-summary`: one athlete's week. The email address in it has no field here, so it is
/// never read.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct WeekSummary {
    /// Whose: the answer for an API key also has rows of athletes that its owner follows.
    pub(crate) athlete_id: Option<String>,
    /// The week's Monday.
    pub(crate) date: Option<NaiveDate>,
    /// The sums by sport.
    #[serde(rename = "byCategory")]
    pub(crate) by_category: Option<Vec<SportSummary>>,
}

/// One sport in a week.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SportSummary {
    /// One of 60 sports.
    #[serde(rename = "category")]
    pub(crate) sport: Option<String>,
    /// How many activities.
    pub(crate) count: Amount,
    /// s.
    pub(crate) moving_time: Amount,
    /// m.
    pub(crate) distance: Amount,
    /// m.
    pub(crate) total_elevation_gain: Amount,
    /// Training load.
    pub(crate) training_load: Amount,
    /// kcal.
    pub(crate) calories: Amount,
}

impl Object for SportSummary {}
