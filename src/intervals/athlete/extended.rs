//! Activities of a range with the figures beyond the usual ones.
//!
//! What the figures mean is the tools' business.

use chrono::NaiveDate;

use super::{
    super::{Area, Error, cache::Fresh, lenient, model},
    ALWAYS, Athlete, fields,
};

impl Athlete {
    /// `GET /athlete/{id}/activities`: the newest `limit` of the range, newest first, with the named fields of
    /// [`model::ActivityDetail`] (no laps: a list has none). One request, whatever the range.
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
        let mut url = self.url("/activities");
        url.query_pairs_mut()
            .append_pair("oldest", &oldest.to_string())
            .append_pair("newest", &newest.to_string())
            .append_pair("fields", &fields(&ALWAYS, wanted))
            .append_pair("limit", &limit.to_string());
        let read = |body: &[u8]| {
            let raw = lenient::elements(body)?;
            let mut rows: Vec<model::ActivityDetail> = raw
                .iter()
                .filter_map(|row| model::ActivityDetail::from_json(row.get().as_bytes()).ok())
                .collect();
            let odd = raw.len() - rows.len();
            if odd > 0 {
                tracing::warn!(
                    endpoint = "activities",
                    rows = odd,
                    "rows that are none were left out"
                );
            }
            if rows.is_empty() && odd > 0 {
                return Err(Error::Garbled);
            }
            self.all_mine(rows.iter().map(|row| &row.activity.icu_athlete_id))?;
            rows.retain(|row| row.activity.id.is_some());
            rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
            let weight = body.len() + rows.len() * size_of::<model::ActivityDetail>();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("activities", Area::Activity, url, read).await
    }
}
