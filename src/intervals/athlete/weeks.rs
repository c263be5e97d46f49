//! intervals.icu's own weekly sums.

use chrono::NaiveDate;

use super::{Athlete, model::weeks};
use crate::intervals::{Area, Error, cache::Fresh};

impl Athlete {
    /// `GET /athlete/{id}/athlete-summary`: one row per week, newest first, with sums by sport. It counts every activity,
    /// including those closed to the API (Strava's). Rows of other athletes, which the answer for an API key also has, are
    /// left out.
    pub async fn weeks(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
    ) -> Result<Vec<weeks::WeekSummary>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let mut url = self.url("/athlete-summary");
        url.query_pairs_mut()
            .append_pair("start", &oldest.to_string())
            .append_pair("end", &newest.to_string());
        let read = |body: &[u8]| {
            let mut rows: Vec<weeks::WeekSummary> = Self::rows("weeks", body)?;
            rows.retain(|row| row.athlete_id.as_deref() == Some(self.of.athlete.as_str()));
            Self::only("weeks", &mut rows, |row| row.date.is_some());
            Self::each_once("weeks", &mut rows, |row| row.date);
            rows.sort_by_key(|row| std::cmp::Reverse(row.date));
            let sports: usize = rows
                .iter()
                .map(|row| row.by_category.as_ref().map_or(0, Vec::len))
                .sum();
            let weight = rows.len() * size_of::<weeks::WeekSummary>()
                + sports * (size_of::<weeks::SportSummary>() + 32);
            Ok(Fresh { value: rows, weight })
        };
        self.ask("weeks", Area::Activity, url, read).await
    }
}
