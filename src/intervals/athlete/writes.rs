//! Changes of the calendar, reads that show an entry as a write would set it, and how any change is sent.
//!
//! No change is ever sent twice from here. What upstream says it did is not what it did: callers read back.

use chrono::NaiveDate;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    super::{
        Area, Error,
        cache::Fresh,
        lenient,
        model::{EntryFields, Event, Held},
        wire::Call,
    },
    Athlete,
};

impl Athlete {
    /// `GET /athlete/{id}/events/{eventId}`: one entry as it stands, refused ([`Error::WrongAthlete`]) if it names another
    /// athlete.
    pub async fn held(&self, id: i64) -> Result<Held, Error> {
        let url = self.url(&format!("/events/{id}"));
        let read = |body: &[u8]| {
            let held = held(body)?;
            self.all_mine(std::iter::once(&held.event.athlete_id))?;
            if held.id != id {
                return Err(Error::Garbled);
            }
            let weight = 2 * body.len() + held.event.weight();
            Ok(Fresh { value: held, weight })
        };
        self.ask("event", Area::Calendar, url, read).await
    }

    /// `GET /athlete/{id}/events?resolve=true`: every entry that begins on these days as it stands, oldest first, with targets
    /// resolved. Upstream documents `resolve` for lists only.
    pub async fn held_on(&self, oldest: NaiveDate, newest: NaiveDate) -> Result<Vec<Held>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let mut url = self.ranged("/events", oldest, newest);
        url.query_pairs_mut().append_pair("resolve", "true");
        let read = |body: &[u8]| {
            let rows = lenient::rows_by(body, held)?;
            let mut rows = Self::counted("calendar", rows);
            self.all_mine(rows.iter().map(|row| &row.event.athlete_id))?;
            Self::each_once("calendar", &mut rows, |row| Some(row.id));
            rows.sort_by_key(|row| (row.event.start_date_local, row.id));
            let weight = 2 * body.len() + rows.iter().map(|row| row.event.weight()).sum::<usize>();
            Ok(Fresh { value: rows, weight })
        };
        let mut rows: Vec<Held> = self.ask("calendar", Area::Calendar, url, read).await?;
        rows.retain(|row| self.shows(&row.event));
        Ok(rows)
    }

    /// `POST /athlete/{id}/events/bulk?upsert=true`: new entries, each with an external id of ours. One that has an entry
    /// already is that entry again.
    pub async fn push_events(&self, entries: &[EntryFields]) -> Result<(), Error> {
        let mut url = self.url("/events/bulk");
        url.query_pairs_mut().append_pair("upsert", "true");
        let body = entries.iter().map(EntryFields::body).collect();
        self.change(
            "push_events",
            Area::Calendar,
            Method::POST,
            url,
            Some(body),
            |body| {
                let answered: Vec<Answered> = lenient::rows(body)?.rows;
                self.all_mine(answered.iter().map(|row| &row.athlete_id))
            },
        )
        .await
    }

    /// `PUT /athlete/{id}/events/{eventId}`: these fields, and nothing else.
    pub async fn change_event(&self, id: i64, changes: &EntryFields) -> Result<(), Error> {
        let url = self.url(&format!("/events/{id}"));
        self.change(
            "change_event",
            Area::Calendar,
            Method::PUT,
            url,
            Some(changes.body()),
            |body| {
                let answered: Answered = lenient::object(body)?;
                self.all_mine(std::iter::once(&answered.athlete_id))
            },
        )
        .await
    }

    /// `DELETE /athlete/{id}/events/{eventId}?notBefore=`: this entry and no others. `notBefore` guards only others that
    /// `others=true` would take, which is never sent.
    pub async fn delete_event(&self, id: i64, not_before: NaiveDate) -> Result<(), Error> {
        let mut url = self.url(&format!("/events/{id}"));
        url.query_pairs_mut()
            .append_pair("notBefore", &not_before.to_string());
        self.change("delete_event", Area::Calendar, Method::DELETE, url, None, |_| {
            Ok(())
        })
        .await
    }

    /// `PUT /athlete/{id}/events/bulk-delete`: exactly these entries. Upstream answers with a number, alone or in an object.
    pub async fn delete_events(&self, ids: &[i64]) -> Result<(), Error> {
        let url = self.url("/events/bulk-delete");
        let body = ids.iter().map(|id| json!({"id": id})).collect();
        self.change(
            "delete_events",
            Area::Calendar,
            Method::PUT,
            url,
            Some(body),
            |body| {
                let answered = serde_json::from_slice(body).map_err(|_| Error::Garbled)?;
                match answered {
                    Value::Number(_) | Value::Object(_) => Ok(()),
                    _ => Err(Error::Garbled),
                }
            },
        )
        .await
    }

    /// Sends a change. Areas known not to be shared for writing are not tried.
    pub(super) async fn change<T>(
        &self,
        endpoint: &'static str,
        area: Area,
        method: Method,
        url: Url,
        json: Option<Value>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.of.scopes.writes(area) {
            return Err(if self.of.scopes.reads(area) {
                Error::ReadOnly(area)
            } else {
                Error::MissingScope(area)
            });
        }
        let call = Call {
            json,
            ..self.call(method, endpoint, area, url)
        };
        self.client.0.wire.change(&call, read).await
    }
}

/// What an answer to a change must say: whose it is.
#[derive(Debug, Deserialize)]
struct Answered {
    #[serde(default)]
    athlete_id: Option<String>,
}

fn held(body: &[u8]) -> Result<Held, Error> {
    let event: Event = lenient::object(body)?;
    let id = event.id.ok_or(Error::Garbled)?;
    let mut fields: EntryFields = lenient::object(body)?;
    if event.category() != Event::SET_EFTP {
        fields.icu_ftp = None;
    }
    Ok(Held { id, event, fields })
}
