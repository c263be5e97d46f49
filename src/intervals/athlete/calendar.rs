//! Requests for the calendar.

use std::sync::PoisonError;

use chrono::NaiveDate;

use super::{
    super::{
        Area, Error,
        cache::Fresh,
        lenient,
        model::{Event, positive},
    },
    Athlete,
};

impl Athlete {
    /// `GET /athlete/{id}/events`: oldest first, of the named categories (all if none is named), without the steps and
    /// descriptions of workouts.
    ///
    /// Upstream selects events by their first day.
    pub async fn events(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        categories: &[&'static str],
    ) -> Result<Vec<Event>, Error> {
        self.list_events(oldest, newest, categories, false).await
    }

    /// `GET /athlete/{id}/events?resolve=true`: like [`Athlete::events`], but complete, with workouts and their targets
    /// resolved to watts, bpm and m/s.
    pub async fn calendar(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        categories: &[&'static str],
    ) -> Result<Vec<Event>, Error> {
        self.list_events(oldest, newest, categories, true).await
    }

    async fn list_events(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        categories: &[&'static str],
        whole: bool,
    ) -> Result<Vec<Event>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let endpoint = if whole { "calendar" } else { "events" };
        let mut url = self.ranged("/events", oldest, newest);
        if whole {
            url.query_pairs_mut().append_pair("resolve", "true");
        }
        if !categories.is_empty() {
            url.query_pairs_mut()
                .append_pair("category", &categories.join(","));
        }
        let read = |body: &[u8]| {
            let rows = lenient::rows_or_odd(body, |row| {
                let event: Event = lenient::object(row)?;
                Ok(if whole { event } else { event.without_words() })
            })?;
            let mut rows = Self::counted(endpoint, rows);
            self.all_mine(rows.iter().map(|row| &row.athlete_id))?;
            Self::each_once(endpoint, &mut rows, |row| row.id);
            rows.sort_by_key(|row| (row.start_date_local, row.id));
            // Upstream sends events complete; only what is kept counts.
            let words = if whole { body.len() } else { rows.len() * 200 };
            let weight = words + rows.iter().map(Event::weight).sum::<usize>();
            Ok(Fresh { value: rows, weight })
        };
        let mut rows: Vec<Event> = self.ask(endpoint, Area::Calendar, url, read).await?;
        let has_load = |row: &&Event| row.is_to_do() && positive(row.icu_training_load).is_some();
        let hidden = rows.iter().filter(|row| !self.shows(row)).filter(has_load);
        let last = hidden.filter_map(Event::day).max();
        let mut until = self.hidden_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = last.max(*until);
        drop(until);
        rows.retain(|row| self.shows(row));
        Ok(rows)
    }

    /// Whether whoever asks may see it: what a coach hid from the athlete is for coaches. An answer is kept for both, so it is
    /// left out only after that.
    pub(super) fn shows(&self, event: &Event) -> bool {
        !self.of.is_athlete || event.hide_from_athlete != Some(true)
    }

    /// `GET /athlete/{id}/events/{eventId}`: one event, refused ([`Error::WrongAthlete`]) if it names another athlete.
    pub async fn event(&self, id: i64) -> Result<Event, Error> {
        let url = self.url(&format!("/events/{id}"));
        let read = |body: &[u8]| {
            let event: Event = lenient::object(body)?;
            self.all_mine(std::iter::once(&event.athlete_id))?;
            if event.id != Some(id) {
                return Err(Error::Garbled);
            }
            let weight = body.len() + event.weight();
            Ok(Fresh { value: event, weight })
        };
        let event: Event = self.ask("event", Area::Calendar, url, read).await?;
        self.shows(&event).then_some(event).ok_or(Error::NotFound)
    }
}
