//! Rows given from outside instead of a person's own history: small inputs from life, served as upstream serves its lists.
//!
//! Only reading, and only what is listed here; every other endpoint answers from the person's history. Rows are served as
//! they are given, with the caller's id added.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    activity::only,
    api::{Ask, Wanted},
    people::Person,
    refusal::Refusal,
    schema::text,
    world::{day_text, id_of},
};

type Object = Map<String, Value>;

/// A person's rows. A list that is given replaces the person's own, an empty one too; one that is not given leaves it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// Rows of `GET /athlete/{id}/activities`; each is also the answer of `GET /activity/{id}`, one of
    /// `GET /athlete/{id}/activities/{ids}`, and found by its `icu_intervals`.
    pub activities: Option<Vec<Object>>,
    /// Rows of `GET /athlete/{id}/events`; each is also the answer of `GET /athlete/{id}/events/{eventId}`.
    pub events: Option<Vec<Object>>,
    /// Rows of `GET /athlete/{id}/wellness`.
    pub wellness: Option<Vec<Object>>,
    /// Activity id → the answer of `GET /activity/{id}/streams.json`.
    pub streams: Map<String, Value>,
    /// Path after `/api/v1/athlete/{id}` or after `/api/v1` → the answer, whatever the query.
    pub answers: Map<String, Value>,
}

impl Given {
    /// The answer to a request, if it is for something given.
    pub(super) fn answer(&self, ask: &Ask, path: &str) -> Option<Result<Response, Refusal>> {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let own = path
            .strip_prefix("/athlete/")
            .and_then(|rest| rest.find('/').map(|at| &rest[at..]));
        if let Some(answer) = self.answers.get(own.unwrap_or(path)) {
            return Some(Ok(Json(answer).into_response()));
        }
        let rows = match own {
            Some("/activities") => self.activities.as_ref().map(|rows| activities(ask, rows)),
            Some("/events") => self.events.as_ref().map(|rows| events(ask, rows)),
            Some("/wellness") => self.wellness.as_ref().map(|rows| wellness(ask, rows)),
            Some("/activities/interval-search") => {
                self.activities.as_ref().map(|rows| by_intervals(ask, rows))
            }
            _ => None,
        };
        if let Some(rows) = rows {
            return Some(rows.map(|rows| Json(rows).into_response()));
        }
        if let Some(ids) = own
            .and_then(|own| own.strip_prefix("/activities/"))
            .filter(|ids| *ids != "search")
        {
            let rows = self.activities.as_ref()?.iter();
            let wanted = rows.filter(|row| ids.split(',').any(|id| id == text(row, "id")));
            let rows: Vec<Object> = wanted.map(|row| owned(row.clone(), ask.person)).collect();
            return Some(Ok(Json(rows).into_response()));
        }
        if let Some(id) = own.and_then(|own| own.strip_prefix("/events/")) {
            let id: i64 = id.parse().ok()?;
            let is_it = |event: &&Object| id_of(event) == Some(id);
            let event = self.events.iter().flatten().find(is_it)?;
            return Some(Ok(Json(event).into_response()));
        }
        let (id, rest) = path
            .strip_prefix("/activity/")?
            .split_once('/')
            .unwrap_or((path.strip_prefix("/activity/")?, ""));
        let row = self
            .activities
            .iter()
            .flatten()
            .find(|row| text(row, "id") == id)?;
        match rest {
            "" => Some(Ok(Json(owned(row.clone(), ask.person)).into_response())),
            "streams.json" => Some(Ok(Json(self.streams(ask, id)).into_response())),
            _ => None,
        }
    }

    /// The streams of an activity that the query names.
    fn streams(&self, ask: &Ask, id: &str) -> Vec<Value> {
        let wanted = ask.params.list("types");
        let all = self.streams.get(id).and_then(Value::as_object);
        all.into_iter()
            .flatten()
            .filter(|(kind, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(kind)))
            .map(|(kind, data)| json!({"type": kind, "data": data}))
            .collect()
    }
}

/// The row as the caller's.
fn owned(mut row: Object, person: &Person) -> Object {
    row.entry("icu_athlete_id")
        .or_insert_with(|| json!(person.athlete_id));
    row
}

/// Newest first, at most `limit`.
fn activities(ask: &Ask, rows: &[Object]) -> Result<Vec<Object>, Refusal> {
    let (oldest, newest) = (ask.params.from("oldest")?, ask.params.until("newest")?);
    let limit = ask.params.count("limit")?.unwrap_or(usize::MAX);
    let fields = ask.params.list("fields");
    let start = |row: &Object| text(row, "start_date_local").parse::<NaiveDateTime>().ok();
    let mut found: Vec<&Object> = rows
        .iter()
        .filter(|row| {
            start(row).is_some_and(|start| {
                oldest.is_none_or(|oldest| start >= oldest) && newest.is_none_or(|newest| start <= newest)
            })
        })
        .collect();
    found.sort_by_key(|row| std::cmp::Reverse(start(row)));
    let found = found.into_iter().take(limit);
    Ok(found
        .map(|row| only(owned(row.clone(), ask.person), fields.as_deref()))
        .collect())
}

/// Those that have such intervals, newest first; never one from Strava.
fn by_intervals(ask: &Ask, rows: &[Object]) -> Result<Vec<Object>, Refusal> {
    let wanted = Wanted::read(&ask.params)?;
    let mut found: Vec<&Object> = rows
        .iter()
        .filter(|row| text(row, "source") != "STRAVA")
        .filter(|row| {
            row.get("icu_intervals")
                .is_some_and(|intervals| wanted.is_met_by(row, intervals))
        })
        .collect();
    found.sort_by_key(|row| std::cmp::Reverse(text(row, "start_date_local").to_owned()));
    let found = found.into_iter().take(wanted.limit());
    Ok(found.map(|row| owned(row.clone(), ask.person)).collect())
}

/// The days of a request, as text: rows may have days that no calendar has.
struct Days {
    oldest: Option<String>,
    newest: Option<String>,
}

impl Days {
    fn of(ask: &Ask) -> Result<Self, Refusal> {
        let text = |day: NaiveDate| day.to_string();
        Ok(Self {
            oldest: ask.params.first_day("oldest")?.map(text),
            newest: ask.params.last_day("newest")?.map(text),
        })
    }

    fn contain(&self, day: &str) -> bool {
        self.oldest.as_deref().is_none_or(|oldest| day >= oldest)
            && self.newest.as_deref().is_none_or(|newest| day <= newest)
    }
}

/// Those that begin within the range, by the text of their first day, so that a day that no calendar has is served too.
fn events(ask: &Ask, rows: &[Object]) -> Result<Vec<Object>, Refusal> {
    let days = Days::of(ask)?;
    let categories = ask.params.list("category");
    let limit = ask.params.count("limit")?.unwrap_or(usize::MAX);
    let mut found: Vec<Object> = rows
        .iter()
        .filter(|row| {
            days.contain(&day_text(row))
                && categories
                    .as_ref()
                    .is_none_or(|wanted| wanted.iter().any(|one| one == text(row, "category")))
        })
        .cloned()
        .collect();
    found.sort_by_key(day_text);
    found.truncate(limit);
    Ok(found)
}

/// Oldest first.
fn wellness(ask: &Ask, rows: &[Object]) -> Result<Vec<Object>, Refusal> {
    let days = Days::of(ask)?;
    let fields = ask.params.list("fields");
    let mut found: Vec<&Object> = rows.iter().filter(|row| days.contain(text(row, "id"))).collect();
    found.sort_by_key(|row| text(row, "id"));
    Ok(found
        .into_iter()
        .map(|row| only(row.clone(), fields.as_deref()))
        .collect())
}
