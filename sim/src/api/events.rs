//! Calendar events: lists, one event, and what clients write. Workout text is kept as it is, not parsed.
//!
//! The seeded calendar is in `calendar` above.

use axum::{Json, http::StatusCode};
use chrono::{Duration, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete::stamp,
    calendar::{CATEGORIES, blank_event, midnight},
    dice::round,
    front::Via,
    params::Params,
    refusal::Refusal,
    schema::{EVENT, text},
    workout::{intensity, no_steps},
    world::{World, day_text, id_of},
};

/// Days after today that a list without an end covers.
const AHEAD: i64 = 6;
/// The end of an open range.
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

/// The id in the path.
fn number(ask: &Ask) -> Result<i64, Refusal> {
    let id = ask.which();
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
    categories.iter().any(|one| one == text(event, "category"))
}

/// `GET /athlete/{id}/events`.
pub(super) fn list(ask: &Ask) -> Answer<Vec<Object>> {
    let today = ask.today();
    let oldest = ask.params.first_day("oldest")?.unwrap_or(today);
    let newest = ask.params.last_day("newest")?;
    let newest = newest.unwrap_or(today + Duration::days(AHEAD));
    let limit = ask.params.count("limit")?.unwrap_or(usize::MAX);
    let wanted = categories(&ask.params)?;
    let is_wanted = |event: &Object| wanted.as_ref().is_none_or(|wanted| is_one_of(event, wanted));
    let events = ask
        .world
        .events(ask.person, oldest, newest, ask.params.flag("resolve"));
    Ok(Json(events.into_iter().filter(is_wanted).take(limit).collect()))
}

/// `GET /athlete/{id}/events/{id}`.
pub(super) fn one(ask: &Ask) -> Answer<Object> {
    let found = ask
        .world
        .event(ask.person, number(ask)?, ask.params.flag("resolve"));
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
    let text = |name: &str| text(event, name);
    let category = text("category").to_owned();
    if category.is_empty() {
        return Err(Refusal::unprocessable("Missing category"));
    }
    check_category(&category)?;
    let start = text("start_date_local");
    let start: NaiveDateTime = start.parse().map_err(|_| {
        Refusal::unprocessable(format!(
            "Invalid start_date_local [{start}], expected yyyy-MM-ddTHH:mm:ss"
        ))
    })?;
    if (category == "WORKOUT" || category.starts_with("RACE_")) && text("type").is_empty() {
        return Err(Refusal::unprocessable("Missing type"));
    }
    if category == "NOTE" && text("name").is_empty() {
        return Err(Refusal::unprocessable("Name is required"));
    }
    let end = text("end_date_local").parse::<NaiveDateTime>().ok();
    if end.is_none_or(|end| end <= start) {
        event.insert(
            "end_date_local".into(),
            json!(midnight(start.date() + Duration::days(1))),
        );
    }
    if described && category == "WORKOUT" {
        event.insert("workout_doc".into(), no_steps());
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

/// Lays the body over `event` and keeps it.
fn keep(ask: &Ask, number: i64, mut event: Object, body: Object) -> Answer<Object> {
    lay(&ask.world, &mut event, body)?;
    ask.world.write_event(ask.person, number, Some(event.clone()));
    Ok(Json(event))
}

/// `POST /athlete/{id}/events`.
pub(super) fn create(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let number = ask.world.new_event_id();
    let mut event = blank_event(ask.person, number);
    if matches!(ask.via, Via::Bearer { .. }) {
        event.insert("oauth_client_id".into(), json!(APP_NUMBER));
    }
    keep(ask, number, event, body)
}

/// The event that the path names, to be changed.
fn named(ask: &Ask, number: i64) -> Result<Object, Refusal> {
    let event = ask.world.event(ask.person, number, false);
    event.ok_or_else(Refusal::missing)
}

/// `PUT /athlete/{id}/events/{id}`.
pub(super) fn update(ask: &Ask) -> Answer<Object> {
    let (number, body) = (number(ask)?, ask.object()?);
    keep(ask, number, named(ask, number)?, body)
}

/// `DELETE /athlete/{id}/events/{id}`.
pub(super) fn delete(ask: &Ask) -> Answer<Value> {
    let number = number(ask)?;
    named(ask, number)?;
    ask.world.write_event(ask.person, number, None);
    Ok(Json(json!({})))
}

/// `DELETE /athlete/{id}/events`: without `newest`, everything after `oldest` goes, as at upstream.
pub(super) fn delete_range(ask: &Ask) -> Result<StatusCode, Refusal> {
    let oldest = ask.params.first_day("oldest")?;
    let oldest = oldest.ok_or_else(|| Refusal::absent("oldest", "String"))?;
    let newest = ask.params.last_day("newest")?.unwrap_or(LAST_DAY);
    let wanted = categories(&ask.params)?.ok_or_else(|| Refusal::absent("category", "List"))?;
    let doomed = ask.world.events(ask.person, oldest, newest, false);
    let doomed = doomed
        .iter()
        .filter(|event| is_one_of(event, &wanted) && !day_text(event).is_empty())
        .filter_map(id_of);
    for id in doomed {
        ask.world.write_event(ask.person, id, None);
    }
    Ok(StatusCode::OK)
}
