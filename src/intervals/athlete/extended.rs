//! Activities in a range with their extended metrics.
//!
//! What the figures mean is for the tools.

use chrono::NaiveDate;

use super::{
    super::{Area, Error, cache::Fresh, lenient, model},
    ALWAYS, Athlete, fields, is_whole,
};

impl Athlete {
    /// `GET /athlete/{id}/activities`: the newest `limit` in the range, newest first, with the named fields of
    /// [`model::ActivityDetail`] (without laps, which a list lacks). One request, whatever the range.
    pub async fn extended_activities(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        limit: usize,
        wanted: &'static [&'static str],
    ) -> Result<Vec<model::ActivityDetail>, Error> {
        if oldest > newest || limit == 0 {
            return Ok(Vec::new());
        }
        let mut url = self.ranged("/activities", oldest, newest);
        url.query_pairs_mut()
            .append_pair("fields", &fields(&ALWAYS, wanted))
            .append_pair("limit", &limit.to_string());
        let read = |body: &[u8]| {
            let rows = lenient::rows_or_odd(body, model::ActivityDetail::from_json)?;
            let mut rows = Self::counted("activities", rows);
            self.all_mine(rows.iter().map(|row| &row.activity.icu_athlete_id))?;
            Self::only("activities", &mut rows, |row| is_whole(&row.activity));
            Self::each_once("activities", &mut rows, |row| row.activity.id.clone());
            rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
            let weight = body.len() + rows.len() * size_of::<model::ActivityDetail>();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("activities", Area::Activity, url, read).await
    }
}
