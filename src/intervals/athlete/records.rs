//! What is changed in place: wellness days, finished activities, settings of sports.
//!
//! Fields are read from closed sets, but for wellness days, which have fields that the athlete made. No change is ever sent
//! twice from here; what upstream says it did is not what it did: callers read back.

use chrono::NaiveDate;
use http::Method;
use serde_json::{Map, Value};

use super::{
    super::{
        Area, Error,
        cache::Fresh,
        lenient,
        model::{
            Record, RecordId, Values,
            record::{ACTIVITY, SPORT},
        },
    },
    Athlete, weighed,
};
use crate::ids::ActivityId;

type Object = Map<String, Value>;

impl Athlete {
    /// `GET /athlete/{id}/wellness`: these days as they stand, oldest first; a day without a row is absent.
    pub async fn days(&self, oldest: NaiveDate, newest: NaiveDate) -> Result<Vec<Record>, Error> {
        if oldest > newest {
            return Ok(Vec::new());
        }
        let url = self.ranged("/wellness", oldest, newest);
        let read = |body: &[u8]| {
            let rows: Vec<Object> = Self::rows("wellness", body)?;
            let mut records: Vec<Record> = rows.into_iter().filter_map(day).collect();
            records
                .retain(|record| matches!(record.id, RecordId::Day(day) if (oldest..=newest).contains(&day)));
            records.sort_by(|one, other| one.id.cmp(&other.id));
            let weight = body.len() * 3;
            Ok(Fresh {
                value: records,
                weight,
            })
        };
        self.ask("wellness", Area::Wellness, url, read).await
    }

    /// `PUT /athlete/{id}/wellness/{date}`: these fields of one day and nothing else; several days go in one
    /// `PUT /athlete/{id}/wellness-bulk`, whose answer has no body.
    pub async fn change_days(&self, days: &[(NaiveDate, Values)]) -> Result<(), Error> {
        let (endpoint, url, body) = match days {
            [] => return Ok(()),
            [(day, values)] => {
                let url = self.url(&format!("/wellness/{day}"));
                ("change_day", url, Value::Object(values.body()))
            }
            several => {
                let row = |(day, values): &(NaiveDate, Values)| {
                    let mut row = values.body();
                    row.insert("id".to_owned(), Value::from(day.to_string()));
                    Value::Object(row)
                };
                let body = several.iter().map(row).collect();
                ("change_days", self.url("/wellness-bulk"), body)
            }
        };
        self.change(endpoint, Area::Wellness, Method::PUT, url, Some(body), |_| Ok(()))
            .await
    }

    /// `GET /athlete/{id}/activities/{ids}`: these activities as they stand; one that upstream does not have is absent, and one
    /// from Strava has little more than its id. Another athlete's is absent too: upstream may answer for any id.
    pub async fn activities_as_they_stand(&self, ids: &[ActivityId]) -> Result<Vec<Record>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let joined: Vec<&str> = ids.iter().map(ActivityId::as_str).collect();
        let url = self.url(&format!("/activities/{}", joined.join(",")));
        let read = |body: &[u8]| {
            let rows: Vec<Object> = Self::rows("activities_by_id", body)?;
            let count = rows.len();
            let mut records = Vec::new();
            for row in rows {
                let text = |name: &str| row.get(name).and_then(Value::as_str);
                let Some(id) = text("id").and_then(|id| id.parse::<ActivityId>().ok()) else {
                    continue;
                };
                let is_mine = self.must_be_mine(text("icu_athlete_id")).is_ok();
                if is_mine && ids.contains(&id) {
                    records.push(Record {
                        id: RecordId::Activity(id),
                        values: activity(row),
                    });
                }
            }
            Ok(weighed(records, body, count))
        };
        self.ask("activities_by_id", Area::Activity, url, read).await
    }

    /// `PUT /activity/{id}`: these fields and nothing else. Only for an activity that was read as this athlete's.
    pub async fn change_activity(&self, id: &ActivityId, values: &Values) -> Result<(), Error> {
        let url = self.activity_url(id, "");
        let mut body = values.body();
        if let Some(Value::Object(gear)) = body.get_mut("gear") {
            gear.retain(|name, _| name == "id");
        }
        self.change(
            "change_activity",
            Area::Activity,
            Method::PUT,
            url,
            Some(Value::Object(body)),
            |body| self.may_be_mine(&lenient::object(body)?, "icu_athlete_id"),
        )
        .await
    }

    /// `GET /athlete/{id}/sport-settings`: the settings of each group of sports as they stand.
    pub async fn sports(&self) -> Result<Vec<Record>, Error> {
        let url = self.url("/sport-settings");
        let read = |body: &[u8]| {
            let rows: Vec<Object> = Self::rows("sport_settings", body)?;
            let count = rows.len();
            rows.iter()
                .try_for_each(|row| self.may_be_mine(row, "athlete_id"))?;
            let records: Vec<Record> = rows.into_iter().filter_map(sport).collect();
            Ok(weighed(records, body, count))
        };
        self.ask("sport_settings", Area::Settings, url, read).await
    }

    /// `PUT /athlete/{id}/sport-settings/{id}?recalcHrZones=false`: these fields of one group and nothing else; upstream
    /// requires the parameter, and scales no zones by itself.
    pub async fn change_sport(&self, id: i64, values: &Values) -> Result<(), Error> {
        let mut url = self.url(&format!("/sport-settings/{id}"));
        url.query_pairs_mut().append_pair("recalcHrZones", "false");
        let body = Some(Value::Object(values.body()));
        self.change("change_sport", Area::Settings, Method::PUT, url, body, |body| {
            self.may_be_mine(&lenient::object(body)?, "athlete_id")
        })
        .await
    }

    /// An answer that names an athlete in this field must name this one.
    pub(super) fn may_be_mine(&self, answered: &Object, field: &str) -> Result<(), Error> {
        match answered.get(field).and_then(Value::as_str) {
            Some(id) => self.must_be_mine(Some(id)),
            None => Ok(()),
        }
    }
}

/// A wellness row with all its fields but its day.
fn day(mut row: Object) -> Option<Record> {
    let id = row.remove("id")?;
    let day = id.as_str()?.parse().ok()?;
    Some(Record {
        id: RecordId::Day(day),
        values: row.into_iter().collect(),
    })
}

fn activity(mut row: Object) -> Values {
    if let Some(Value::Object(gear)) = row.get_mut("gear") {
        gear.retain(|name, _| ["id", "name"].contains(&name.as_str()));
    }
    // Nothing else can be sent back where there was no kind.
    let kind = row.entry("sub_type").or_insert(Value::Null);
    if kind.is_null() {
        *kind = Value::from("NONE");
    }
    allowed(row, &ACTIVITY)
}

fn sport(row: Object) -> Option<Record> {
    let id = row.get("id")?.as_i64()?;
    Some(Record {
        id: RecordId::Sport(id),
        values: allowed(row, &SPORT),
    })
}

fn allowed(row: Object, fields: &[&str]) -> Values {
    let is_allowed = |(name, _): &(String, Value)| fields.contains(&name.as_str());
    row.into_iter().filter(is_allowed).collect()
}
