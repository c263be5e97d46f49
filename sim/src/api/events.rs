//! Calendar events: lists, one, and what clients write. Workout text is kept as it is, not parsed.
//!
//! The seeded calendar is in `calendar` above.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
};
use chrono::{Duration, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::{Object, Shared, object};
use crate::{
    athlete::stamp,
    calendar::{CATEGORIES, blank_event, midnight},
    dice::round,
    front::{Caller, Via},
    params::Params,
    refusal::Refusal,
    schema::EVENT,
    tokens::Area,
    workout::intensity,
    world::{World, day_text},
};

/// Days after today that a list without an end covers.
const AHEAD: i64 = 6;
/// The end of what is open at its end.
const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 30) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
/// Number of the one application.
const APP_NUMBER: u32 = 315;
/// What clients cannot set.
const OURS: [&str; 10] = [
    "id",
    "athlete_id",
    "created_by_id",
    "updated",
    "icu_ftp",
    "icu_ctl",
    "icu_atl",
    "oauth_client_id",
    "paired_activity_id",
    "plan_name",
];

fn number(id: &str) -> Result<i64, Refusal> {
    id.parse()
        .map_err(|_| Refusal::mismatch("eventId", "java.lang.Integer", id))
}

fn check_category(category: &str) -> Result<(), Refusal> {
    let known = CATEGORIES.contains(&category);
    if known {
        Ok(())
    } else {
        Err(Refusal::unprocessable(format!("Invalid category [{category}]")))
    }
}

/// Named categories, each checked.
fn categories(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let named = params.list("category");
    named
        .iter()
        .flatten()
        .try_for_each(|category| check_category(category))?;
    Ok(named)
}

fn is_one_of(event: &Object, categories: &[String]) -> bool {
    let category = event.get("category").and_then(Value::as_str).unwrap_or_default();
    categories.iter().any(|one| one == category)
}

pub(super) async fn list(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Calendar, false)?;
    let today = world.local(person).date();
    let oldest = params.from("oldest")?.map_or(today, |at| at.date());
    let newest = params
        .until("newest")?
        .map_or(today + Duration::days(AHEAD), |at| at.date());
    let (limit, wanted) = (params.count("limit")?.unwrap_or(usize::MAX), categories(&params)?);
    let events = world
        .events(person, oldest, newest, params.flag("resolve"))
        .into_iter();
    Ok(Json(
        events
            .filter(|event| wanted.as_ref().is_none_or(|wanted| is_one_of(event, wanted)))
            .take(limit)
            .collect(),
    ))
}

pub(super) async fn one(
    State(world): Shared,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
    Query(params): Query<Params>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Calendar, false)?;
    let found = world.event(person, number(&event)?, params.flag("resolve"));
    found.map(Json).ok_or_else(Refusal::missing)
}

/// Lays `body` over `event`, with upstream's checks.
fn lay(world: &World, event: &mut Object, body: Object) -> Result<(), Refusal> {
    let described = body.get("description").is_some_and(|text| !text.is_null());
    for (name, value) in body {
        let settable =
            EVENT.split_ascii_whitespace().any(|field| field == name) && !OURS.contains(&name.as_str());
        // The text wins over a document that comes with it.
        if settable && !(described && name == "workout_doc") {
            event.insert(name, value);
        }
    }
    let text = |name: &str| {
        event
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let category = text("category")
        .ok_or_else(|| Refusal::unprocessable("Missing category"))?
        .to_owned();
    check_category(&category)?;
    let start = text("start_date_local").unwrap_or_default();
    let start: NaiveDateTime = start.parse().map_err(|_| {
        Refusal::unprocessable(format!(
            "Invalid start_date_local [{start}], expected yyyy-MM-ddTHH:mm:ss"
        ))
    })?;
    if (category == "WORKOUT" || category.starts_with("RACE_")) && text("type").is_none() {
        return Err(Refusal::unprocessable("Missing type"));
    }
    if category == "NOTE" && text("name").is_none() {
        return Err(Refusal::unprocessable("Name is required"));
    }
    let end = text("end_date_local").and_then(|end| end.parse::<NaiveDateTime>().ok());
    if end.is_none_or(|end| end <= start) {
        event.insert(
            "end_date_local".into(),
            json!(midnight(start.date() + Duration::days(1))),
        );
    }
    if described && category == "WORKOUT" {
        let empty = json!({"steps": [], "duration": 0, "distance": 0, "options": {}, "locales": []});
        event.insert("workout_doc".into(), empty);
    }
    let whole = |name: &str| {
        event
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
    };
    let intensity = match (whole("icu_training_load"), whole("moving_time")) {
        (Some(load), Some(secs)) if secs > 0 => json!(round(intensity(load, secs), 6)),
        _ => Value::Null,
    };
    event.insert("icu_intensity".into(), intensity);
    event.insert("updated".into(), json!(stamp(world.now())));
    Ok(())
}

pub(super) async fn create(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Calendar, true)?;
    let body = object(&body)?;
    let number = world.new_event_id();
    let mut event = blank_event(person, number);
    if matches!(caller.via, Via::Bearer { .. }) {
        event.insert("oauth_client_id".into(), json!(APP_NUMBER));
    }
    lay(&world, &mut event, body)?;
    world.write_event(person, number, Some(event.clone()));
    Ok(Json(event))
}

pub(super) async fn update(
    State(world): Shared,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Calendar, true)?;
    let number = number(&event)?;
    let body = object(&body)?;
    let mut event = world.event(person, number, false).ok_or_else(Refusal::missing)?;
    lay(&world, &mut event, body)?;
    world.write_event(person, number, Some(event.clone()));
    Ok(Json(event))
}

pub(super) async fn delete(
    State(world): Shared,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Calendar, true)?;
    let number = number(&event)?;
    world.event(person, number, false).ok_or_else(Refusal::missing)?;
    world.write_event(person, number, None);
    Ok(Json(json!({})))
}

/// Without `newest` everything after `oldest` goes, as upstream does it.
pub(super) async fn delete_range(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<StatusCode, Refusal> {
    let person = caller.may(&id, Area::Calendar, true)?;
    let oldest = params
        .from("oldest")?
        .ok_or_else(|| Refusal::absent("oldest", "String"))?
        .date();
    let newest = params.until("newest")?.map_or(LAST_DAY, |at| at.date());
    let wanted = categories(&params)?.ok_or_else(|| Refusal::absent("category", "List"))?;
    let doomed = world.events(person, oldest, newest, false);
    let doomed: Vec<i64> = doomed
        .iter()
        .filter(|event| is_one_of(event, &wanted) && !day_text(event).is_empty())
        .filter_map(|event| event.get("id").and_then(Value::as_i64))
        .collect();
    for id in &doomed {
        world.write_event(person, *id, None);
    }
    Ok(StatusCode::OK)
}
