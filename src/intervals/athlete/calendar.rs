//! Questions about the calendar that need more of an event than its load.

use chrono::NaiveDate;

use super::{Athlete, lenient::Rows, model::calendar::CalendarEvent};
use crate::intervals::{Area, Error, cache::Fresh, model::calendar};

impl Athlete {
    /// `GET /athlete/{id}/events?resolve=true`: oldest first, of the named categories (all when none is named), with
    /// workouts and their targets resolved to watts, bpm and m/s.
    ///
    /// Upstream chooses by the day an event begins on.
    pub async fn calendar(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        categories: &[&'static str],
    ) -> Result<Vec<CalendarEvent>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let mut url = self.url("/events");
        {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("oldest", &oldest.to_string())
                .append_pair("newest", &newest.to_string())
                .append_pair("resolve", "true");
            if !categories.is_empty() {
                pairs.append_pair("category", &categories.join(","));
            }
        }
        let read = |body: &[u8]| {
            let Rows { mut rows, .. } = Self::rows::<CalendarEvent>("calendar", body)?;
            self.all_mine(rows.iter().map(|row| &row.athlete_id))?;
            rows.sort_by_key(|row| (row.start_date_local, row.id));
            let weight = body.len() + rows.iter().map(weight).sum::<usize>();
            Ok(Fresh { value: rows, weight })
        };
        self.ask("calendar", Area::Calendar, url, read).await
    }
}

/// What an event takes beside its text.
fn weight(event: &CalendarEvent) -> usize {
    // A step has two targets as a rule: as written and resolved.
    const STEP: usize = size_of::<calendar::Step>() + 3 * size_of::<calendar::Target>();
    let workout = event.workout_doc.as_ref().map_or(0, |workout| {
        size_of::<calendar::Workout>() + workout.count() * STEP
    });
    size_of::<CalendarEvent>() + workout
}
