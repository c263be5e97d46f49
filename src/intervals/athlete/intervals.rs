//! Activities found by their intervals, and the intervals of several activities at once.
//!
//! What a set of intervals is, is for the tools.

use chrono::NaiveDate;

use super::{
    super::{Area, Error, cache::Fresh, lenient, model},
    ALWAYS, Athlete, fields, is_whole, weighed,
};
use crate::ids::ActivityId;

/// What the intensity of an interval is a percentage of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntensityOf {
    /// Whatever intervals.icu goes by in the activity.
    Auto,
    /// FTP.
    Power,
    /// Threshold heart rate.
    HeartRate,
    /// Threshold pace.
    Pace,
}

/// Which intervals to search for. All bounds are inclusive.
#[derive(Debug, Clone, Copy)]
pub struct IntervalQuery {
    /// s.
    pub secs: (u32, u32),
    /// Percent of the threshold that the activity was analysed with.
    pub percent: (u32, u32),
    /// The threshold.
    pub of: IntensityOf,
    /// At least this many such intervals in one activity.
    pub reps: u32,
    /// At most this many activities, the newest.
    pub limit: u32,
}

/// Fields that say what an activity is, and what its intervals were in short.
const IN_SHORT: [&str; 8] = [
    "type",
    "_note",
    "moving_time",
    "elapsed_time",
    "distance",
    "icu_distance",
    "icu_training_load",
    "interval_summary",
];

impl Athlete {
    /// `GET /athlete/{id}/activities/interval-search`: the newest activities with such intervals, newest first; it knows no
    /// dates, and answers none from Strava. Their intervals are not in it.
    pub async fn search_intervals(&self, query: &IntervalQuery) -> Result<Vec<model::ActivityDetail>, Error> {
        let of = match query.of {
            IntensityOf::Auto => "AUTO",
            IntensityOf::Power => "POWER",
            IntensityOf::HeartRate => "HR",
            IntensityOf::Pace => "PACE",
        };
        let mut url = self.url("/activities/interval-search");
        url.query_pairs_mut()
            .append_pair("minSecs", &query.secs.0.to_string())
            .append_pair("maxSecs", &query.secs.1.to_string())
            .append_pair("minIntensity", &query.percent.0.to_string())
            .append_pair("maxIntensity", &query.percent.1.to_string())
            .append_pair("type", of)
            .append_pair("minReps", &query.reps.to_string())
            .append_pair("limit", &query.limit.to_string());
        let read = |body: &[u8]| {
            let answer = lenient::rows_or_odd(body, model::ActivityDetail::from_json)?;
            let mut rows = Self::counted("interval_search", answer);
            self.all_mine(rows.iter().map(|row| &row.activity.icu_athlete_id))?;
            Self::only("interval_search", &mut rows, |row| is_whole(&row.activity));
            Self::each_once("interval_search", &mut rows, |row| row.activity.id.clone());
            rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
            let weight = body.len() + rows.len() * size_of::<model::ActivityDetail>();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("interval_search", Area::Activity, url, read).await
    }

    /// `GET /athlete/{id}/activities`: the newest `limit` in the range, newest first, each with what its intervals were in
    /// short. One request, whatever the range.
    pub async fn intervals_in_short(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        limit: usize,
    ) -> Result<Vec<model::InShort>, Error> {
        if oldest > newest || limit == 0 {
            return Ok(Vec::new());
        }
        let mut url = self.ranged("/activities", oldest, newest);
        url.query_pairs_mut()
            .append_pair("fields", &fields(&ALWAYS, &IN_SHORT))
            .append_pair("limit", &limit.to_string());
        let read = |body: &[u8]| {
            let answer = lenient::rows_or_odd(body, model::ActivityDetail::from_json)?;
            let mut rows = Self::counted("activities", answer);
            self.all_mine(rows.iter().map(|row| &row.activity.icu_athlete_id))?;
            Self::only("activities", &mut rows, |row| is_whole(&row.activity));
            Self::each_once("activities", &mut rows, |row| row.activity.id.clone());
            let mut rows: Vec<_> = rows.into_iter().filter_map(model::InShort::of).collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.start));
            let weight = body.len() + rows.len() * size_of::<model::InShort>();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("activities", Area::Activity, url, read).await
    }

    /// `GET /athlete/{id}/activities/{ids}?intervals=true`: these activities with their intervals, newest first; one that
    /// upstream does not have is absent, and so is another athlete's: upstream may answer for any id.
    pub async fn activities_with_intervals(
        &self,
        ids: &[ActivityId],
    ) -> Result<Vec<model::ActivityDetail>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let joined: Vec<&str> = ids.iter().map(ActivityId::as_str).collect();
        let mut url = self.url(&format!("/activities/{}", joined.join(",")));
        url.query_pairs_mut().append_pair("intervals", "true");
        let read = |body: &[u8]| {
            let answer = lenient::rows_or_odd(body, model::ActivityDetail::from_json)?;
            let mut rows = Self::counted("activities_by_id", answer);
            rows.retain(|row| self.must_own(&row.activity).is_ok());
            Self::only("activities_by_id", &mut rows, |row| is_whole(&row.activity));
            rows.retain(|row| row.activity.id.as_deref().is_some_and(|id| joined.contains(&id)));
            Self::each_once("activities_by_id", &mut rows, |row| row.activity.id.clone());
            rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
            let laps = rows.iter().filter_map(|row| row.icu_intervals.as_ref());
            let laps: usize = laps.map(Vec::len).sum();
            let count = rows.len();
            let Fresh { value, weight } = weighed(rows, body, 2 * count);
            let weight = weight + laps * size_of::<model::Interval>();
            Ok(Fresh { value, weight })
        };
        self.ask("activities_by_id", Area::Activity, url, read).await
    }
}
