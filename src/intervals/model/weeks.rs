//! intervals.icu's own weekly sums, which include activities closed to the API.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_with::apply;

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
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct SportSummary {
    /// One of 60 sports.
    #[serde(rename = "category")]
    pub(crate) sport: Option<String>,
    /// How many activities.
    pub(crate) count: Option<f64>,
    /// s.
    pub(crate) moving_time: Option<f64>,
    /// m.
    pub(crate) distance: Option<f64>,
    /// m.
    pub(crate) total_elevation_gain: Option<f64>,
    /// Training load.
    pub(crate) training_load: Option<f64>,
    /// kcal.
    pub(crate) calories: Option<f64>,
}

impl Object for SportSummary {}
