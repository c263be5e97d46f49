//! Wellness: lists, one day, sparse writes.
//!
//! How a row looks is in `wellness` above; what was written is kept by `world`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{Object, Shared, object};
use crate::{
    activity,
    athlete::{WHERE, has_custom_field, stamp},
    front::Caller,
    params::{Params, date},
    people::Person,
    refusal::Refusal,
    schema::WELLNESS,
    tokens::Area,
    world::World,
};

/// Days listed when no beginning is given.
const DEFAULT_DAYS: u64 = 30;
/// What upstream works out itself: accepted in a body, and without effect.
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
/// Fields that are text; all others are numbers but `locked`.
const TEXTS: [&str; 4] = ["comments", "menstrualPhase", "menstrualPhasePredicted", WHERE];

pub(super) async fn list(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Wellness, false)?;
    let newest = params
        .until("newest")?
        .map_or_else(|| world.local(person).date(), |at| at.date());
    let oldest = params
        .from("oldest")?
        .map_or_else(|| newest - Days::new(DEFAULT_DAYS), |at| at.date());
    let fields = params.list("fields");
    let rows = world.wellness(person, oldest, newest).into_iter();
    Ok(Json(
        rows.map(|row| activity::only(row, fields.as_deref())).collect(),
    ))
}

fn day_row(world: &World, person: &'static Person, day: NaiveDate) -> Result<Json<Object>, Refusal> {
    world
        .wellness(person, day, day)
        .pop()
        .map(Json)
        .ok_or_else(Refusal::missing)
}

pub(super) async fn one(
    State(world): Shared,
    caller: Caller,
    Path((id, day)): Path<(String, String)>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Wellness, false)?;
    day_row(&world, person, date(&day)?)
}

pub(super) async fn put(
    State(world): Shared,
    caller: Caller,
    Path((id, day)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Wellness, true)?;
    write(&world, person, date(&day)?, object(&body)?)
}

/// The day stands in the body, as `id`.
pub(super) async fn put_by_body(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Wellness, true)?;
    let body = object(&body)?;
    let day = body
        .get("id")
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::unprocessable("Missing id"))?;
    let day = date(day)?;
    write(&world, person, day, body)
}

/// Sparse: only what is given changes; nulls clear nothing; a lock stays.
fn write(
    world: &World,
    person: &'static Person,
    day: NaiveDate,
    body: Object,
) -> Result<Json<Object>, Refusal> {
    let mut values = Object::new();
    for (name, value) in body {
        let known =
            WELLNESS.split_ascii_whitespace().any(|field| field == name) || has_custom_field(person, &name);
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
    values.insert("updated".into(), json!(stamp(world.now())));
    // A day that has no row cannot be written either.
    let _ = day_row(world, person, day)?;
    world.write_wellness(person, day, values);
    day_row(world, person, day)
}
