//! The only code that calls intervals.icu: one HTTP client, its budget, its cache, OAuth, and what upstream sends.
//!
//! No SQL, no answers for people. Callers get typed data for exactly one athlete, or a typed [`Error`].

mod error;
pub mod model;
mod scope;

pub use error::Error;
pub use scope::{Area, Scopes};

use chrono::NaiveDate;

use crate::ids::AthleteId;

/// A handle on exactly one athlete of intervals.icu: every call goes to that athlete with that athlete's credential,
/// within the deadline, the budget and the cache of the call it was made for.
#[derive(Debug, Clone)]
pub struct Athlete {
    id: AthleteId,
}

/// Which activities to list.
#[derive(Debug, Clone)]
pub struct ActivityQuery {
    /// First local day.
    pub oldest: NaiveDate,
    /// Last local day, included.
    pub newest: NaiveDate,
    /// The newest so many.
    pub limit: Option<u32>,
    /// The fields asked for (`fields=`); `id`, `icu_athlete_id`, `start_date_local` and `source` come always.
    pub fields: &'static [&'static str],
}

impl Athlete {
    /// The athlete.
    pub fn id(&self) -> &AthleteId {
        &self.id
    }

    /// `GET /athlete/{id}`: profile with sport settings.
    pub async fn profile(&self) -> Result<model::Athlete, Error> {
        todo!()
    }

    /// `GET /athlete/{id}/activities`: newest first.
    pub async fn activities(&self, query: &ActivityQuery) -> Result<Vec<model::Activity>, Error> {
        let _ = query;
        todo!()
    }

    /// `GET /athlete/{id}/activities/search`: light rows whose name contains `text`, or that carry the exact `#tag`.
    pub async fn search_activities(&self, text: &str, limit: u32) -> Result<Vec<model::Activity>, Error> {
        let _ = (text, limit);
        todo!()
    }

    /// `GET /athlete/{id}/wellness`: oldest first. With no fields given, every field (custom ones too).
    pub async fn wellness(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        fields: &'static [&'static str],
    ) -> Result<Vec<model::Wellness>, Error> {
        let _ = (oldest, newest, fields);
        todo!()
    }

    /// `GET /athlete/{id}/events`: oldest first, of the named categories (all when none is named).
    pub async fn events(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        categories: &'static [&'static str],
    ) -> Result<Vec<model::Event>, Error> {
        let _ = (oldest, newest, categories);
        todo!()
    }

    /// How many requests this handle has sent so far; answers from the cache are not counted.
    pub fn requests(&self) -> u32 {
        todo!()
    }
}
