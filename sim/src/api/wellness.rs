//! Wellness: lists, one day, sparse writes.
//!
//! How a row looks is in `wellness` above; `world` keeps what was written.

use axum::{Json, http::StatusCode};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    activity,
    athlete::{WHERE, has_custom_field, stamp},
    params::date,
    refusal::Refusal,
    schema::{WELLNESS, is_in},
};

/// Days listed if no beginning is given.
const DEFAULT_DAYS: u64 = 30;
/// What upstream works out itself: accepted in a body, without effect.
const COMPUTED: [&str; 10] = [
    "id",
    "ctl",
    "atl",
    "rampRate",
    "ctlLoad",
    "atlLoad",
    "sportInfo",
    "updated",
    "tempWeight",
    "tempRestingHR",
];
/// Fields that are text; all others except `locked` are numbers.
const TEXTS: [&str; 4] = ["comments", "menstrualPhase", "menstrualPhasePredicted", WHERE];

/// `GET /athlete/{id}/wellness`.
pub(super) fn list(ask: &Ask) -> Answer<Vec<Object>> {
    let newest = ask.params.last_day("newest")?.unwrap_or_else(|| ask.today());
    let oldest = ask.params.first_day("oldest")?;
    let oldest = oldest.unwrap_or_else(|| newest - Days::new(DEFAULT_DAYS));
    let fields = ask.params.list("fields");
    let rows = ask.world.wellness(ask.person, oldest, newest).into_iter();
    Ok(Json(
        rows.map(|row| activity::only(row, fields.as_deref())).collect(),
    ))
}

fn day_row(ask: &Ask, day: NaiveDate) -> Answer<Object> {
    let row = ask.world.wellness(ask.person, day, day).pop();
    row.map(Json).ok_or_else(Refusal::missing)
}

/// `GET /athlete/{id}/wellness/{date}`.
pub(super) fn one(ask: &Ask) -> Answer<Object> {
    day_row(ask, date(ask.which())?)
}

/// `PUT /athlete/{id}/wellness/{date}`.
pub(super) fn put(ask: &Ask) -> Answer<Object> {
    write(ask, date(ask.which())?, ask.object()?)
}

/// `PUT /athlete/{id}/wellness`: the body names the day, as `id`.
pub(super) fn put_by_body(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    write(ask, named_day(&body)?, body)
}

/// `PUT /athlete/{id}/wellness-bulk`: each row names its day, as `id`; nothing is answered.
pub(super) fn put_bulk(ask: &Ask) -> Result<StatusCode, Refusal> {
    let _writing = ask.world.writing();
    let read = |body: Object| {
        let day = named_day(&body)?;
        Ok((day, values(ask, day, body)?))
    };
    let rows: Vec<_> = ask
        .body::<Vec<Object>>()?
        .into_iter()
        .map(read)
        .collect::<Result<_, Refusal>>()?;
    for (day, values) in rows {
        keep(ask, day, values);
    }
    Ok(StatusCode::OK)
}

fn named_day(body: &Object) -> Result<NaiveDate, Refusal> {
    let day = body.get("id").and_then(Value::as_str);
    date(day.ok_or_else(|| Refusal::unprocessable("Missing id"))?)
}

fn write(ask: &Ask, day: NaiveDate, body: Object) -> Answer<Object> {
    let _writing = ask.world.writing();
    let values = values(ask, day, body)?;
    if ask.forgets("") {
        let Json(mut row) = day_row(ask, day)?;
        row.extend(values);
        return Ok(Json(row));
    }
    keep(ask, day, values);
    day_row(ask, day)
}

fn keep(ask: &Ask, day: NaiveDate, values: Object) {
    if !ask.forgets("") {
        ask.world.write_wellness(ask.person, day, values);
    }
}

/// What a body changes of a day. Sparse: only the given fields change; nulls clear nothing; a lock stays, and what is locked
/// keeps its values.
fn values(ask: &Ask, day: NaiveDate, body: Object) -> Result<Object, Refusal> {
    let mut values = Object::new();
    for (name, value) in body {
        let known = is_in(WELLNESS, &name) || has_custom_field(ask.person, &name);
        if !known {
            return Err(Refusal::unprocessable(format!(
                "Unrecognized wellness field [{name}]"
            )));
        }
        if value.is_null() || COMPUTED.contains(&name.as_str()) || (name == "locked" && value == json!(false))
        {
            continue;
        }
        let fits = match name.as_str() {
            "locked" => value.is_boolean(),
            text if TEXTS.contains(&text) => value.is_string(),
            _ => value.is_number(),
        };
        if !fits {
            return Err(Refusal::unreadable());
        }
        values.insert(name, value);
    }
    // A day without a row cannot be written either.
    let Json(row) = day_row(ask, day)?;
    if row.get("locked") == Some(&json!(true)) && ask.world.state().rules.locks_hold {
        return Ok(Object::new());
    }
    for (field, carried) in [("weight", "tempWeight"), ("restingHR", "tempRestingHR")] {
        if values.contains_key(field) {
            values.insert(carried.into(), json!(false));
        }
    }
    values.insert("updated".into(), json!(stamp(ask.world.now())));
    Ok(values)
}
