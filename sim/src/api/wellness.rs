//! Wellness: lists, one day, sparse writes.
//!
//! How a row looks is in `wellness` above; `world` keeps what was written.

use axum::Json;
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
    schema::WELLNESS,
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
    let day = body.get("id").and_then(Value::as_str);
    let day = date(day.ok_or_else(|| Refusal::unprocessable("Missing id"))?)?;
    write(ask, day, body)
}

/// Sparse: only the given fields change; nulls clear nothing; a lock stays.
fn write(ask: &Ask, day: NaiveDate, body: Object) -> Answer<Object> {
    let mut values = Object::new();
    for (name, value) in body {
        let known = WELLNESS.split_ascii_whitespace().any(|field| field == name)
            || has_custom_field(ask.person, &name);
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
    for (field, carried) in [("weight", "tempWeight"), ("restingHR", "tempRestingHR")] {
        if values.contains_key(field) {
            values.insert(carried.into(), json!(false));
        }
    }
    values.insert("updated".into(), json!(stamp(ask.world.now())));
    // A day without a row cannot be written either.
    let _ = day_row(ask, day)?;
    ask.world.write_wellness(ask.person, day, values);
    day_row(ask, day)
}
