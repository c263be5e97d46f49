//! The handle on one athlete: the questions that can be asked, and the checks that the answers are about that athlete.

use chrono::NaiveDate;

use super::{Error, For, model};
use crate::ids::{ActivityId, AthleteId};

/// A handle on exactly one athlete of intervals.icu: every call goes to that athlete with that athlete's credential,
/// within the deadline, the budget and the cache of the call it was made for.
#[derive(Debug, Clone)]
pub struct Athlete {
    of: For,
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
    pub(super) fn new(of: For) -> Self {
        Self { of }
    }

    /// The athlete.
    pub fn id(&self) -> &AthleteId {
        &self.of.athlete
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

    /// `GET /activity/{id}`: one activity, refused ([`Error::WrongAthlete`]) unless it is this athlete's.
    pub async fn activity(&self, id: &ActivityId) -> Result<model::Activity, Error> {
        let _ = id;
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

    /// `GET /athlete/{id}/custom-item`: the names of the athlete's own wellness fields (`INPUT_FIELD` items).
    pub async fn custom_fields(&self) -> Result<Vec<model::CustomField>, Error> {
        todo!()
    }

    /// How many requests this handle (and its clones) has sent so far; answers from the cache are not counted.
    pub fn requests(&self) -> u32 {
        todo!()
    }
}
