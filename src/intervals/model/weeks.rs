//! Weekly sums as intervals.icu makes them itself, activities closed to the API included.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::intervals::lenient;

/// A row of `GET /athlete/{id}/athlete-summary`: one athlete's week. Its e-mail address is not named here and so never
/// read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WeekSummary {
    /// Whose: an API key's answer also has rows of athletes that its owner follows.
    #[serde(deserialize_with = "lenient::text")]
    pub athlete_id: Option<String>,
    /// The week's Monday.
    #[serde(deserialize_with = "lenient::date")]
    pub date: Option<NaiveDate>,
    /// The sums by sport.
    #[serde(rename = "byCategory", deserialize_with = "lenient::objects")]
    pub by_category: Option<Vec<SportSummary>>,
}

/// What a week holds of one sport.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SportSummary {
    /// One of 60 sports.
    #[serde(rename = "category", deserialize_with = "lenient::text")]
    pub sport: Option<String>,
    /// How many activities.
    #[serde(deserialize_with = "lenient::number")]
    pub count: Option<f64>,
    /// s.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// m.
    #[serde(deserialize_with = "lenient::number")]
    pub total_elevation_gain: Option<f64>,
    /// Training load.
    #[serde(deserialize_with = "lenient::number")]
    pub training_load: Option<f64>,
    /// kcal.
    #[serde(deserialize_with = "lenient::number")]
    pub calories: Option<f64>,
}
