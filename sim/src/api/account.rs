//! An account: the athlete, settings, custom items, gear, plan.
//!
//! Nothing about an activity, a day or the calendar.

use std::collections::BTreeMap;

use axum::Json;
use chrono::{Duration, NaiveDate, Weekday};
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete, devices,
    dice::round,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::{FOLDER, GEAR, GEAR_REMINDER, TRAINING_PLAN, fill, made, number},
};

/// Distance after which a chain should be new, m.
const CHAIN: f64 = 4_000_000.0;

/// `GET /athlete/{id}`.
pub(super) fn whole(ask: &Ask) -> Json<Object> {
    Json(athlete::full(ask.person, ask.world.now()))
}

/// `GET /athlete/{id}/connections`.
pub(super) fn connections(ask: &Ask) -> Json<Object> {
    Json(devices::connections(ask.person))
}

/// `GET /athlete/{id}/sport-settings`.
pub(super) fn sport_settings(ask: &Ask) -> Json<Vec<Value>> {
    Json(athlete::sport_settings(ask.person, ask.today()))
}

/// `GET /athlete/{id}/sport-settings/{which}`: by id or by the name of a sport.
pub(super) fn one_sport(ask: &Ask) -> Answer<Value> {
    let which = ask.which();
    let mut all = athlete::sport_settings(ask.person, ask.today()).into_iter();
    let id = which.parse::<i64>().ok();
    let is_asked = |group: &Value| id.is_some_and(|id| group["id"] == id) || athlete::is_for(group, which);
    let found = all.find(is_asked);
    found.map(Json).ok_or_else(Refusal::missing)
}

/// `GET /athlete/{id}/custom-item`.
pub(super) fn custom_items(ask: &Ask) -> Json<Value> {
    Json(athlete::custom_items(ask.person))
}

/// Activities, seconds and metres.
#[derive(Default)]
struct Wear {
    activities: u32,
    secs: f64,
    metres: f64,
    used: Option<Value>,
}

/// `GET /athlete/{id}/gear`: what the activities of the last four hundred days used, and a bike's chain.
pub(super) fn gear(ask: &Ask) -> Json<Vec<Object>> {
    let since = ask.now() - Duration::days(400);
    let recent = ask
        .world
        .activity_rows(ask.person, usize::MAX, None, |done| done.start > since);
    let mut worn: BTreeMap<String, Wear> = BTreeMap::new();
    for object in recent {
        let Some(gear) = object.get("gear").filter(|gear| gear.is_object()) else {
            continue;
        };
        let wear = worn
            .entry(gear["id"].as_str().unwrap_or_default().to_owned())
            .or_default();
        wear.activities += 1;
        wear.secs += number(&object, "moving_time").unwrap_or_default();
        wear.metres += number(&object, "distance").unwrap_or_default();
        wear.used = Some(json!({"gear": gear, "sport": object.get("type")}));
    }
    let pieces = |(id, wear): (String, Wear)| pieces(ask.person, &id, &wear, ask.today());
    Json(worn.into_iter().flat_map(pieces).collect())
}

/// Shoes as they are; a bike with its chain.
fn pieces(person: &Person, id: &str, wear: &Wear, today: NaiveDate) -> Vec<Object> {
    let used = wear.used.clone().unwrap_or_default();
    let is_bike = used["sport"]
        .as_str()
        .is_some_and(|sport| sport.ends_with("Ride"));
    let chain = format!("{id}c");
    let total = used["gear"]["distance"].as_f64().unwrap_or(wear.metres);
    let piece = made(
        GEAR,
        json!({
            "id": id, "athlete_id": person.athlete_id, "type": if is_bike { "Bike" } else { "Shoes" },
            "name": used["gear"]["name"], "purchased": if is_bike { Some(FIRST_DAY) } else { None }, "distance": total,
            "time": wear.secs, "activities": wear.activities, "use_elapsed_time": false, "reminders": [],
            "component_ids": if is_bike { vec![chain.clone()] } else { Vec::new() }, "activity_filters": [],
            "component": false,
        }),
    );
    if !is_bike {
        return vec![piece];
    }
    let reminder = made(
        GEAR_REMINDER,
        json!({
            "id": 500 + i64::from(person.number), "gear_id": chain, "name": "Replace chain", "distance": CHAIN,
            "last_reset": "2026-01-10T00:00:00.000+00:00", "starting_distance": 0.0, "starting_time": 0.0,
            "starting_activities": 0, "percent_used": round(100.0 * (wear.metres % CHAIN) / CHAIN, 1),
            "distance_used": round(wear.metres % CHAIN, 1), "time_used": wear.secs,
            "activities_used": wear.activities,
            "days_used": (today - FIRST_DAY).num_days() % 365,
        }),
    );
    let part = made(
        GEAR,
        json!({
            "id": chain, "athlete_id": person.athlete_id, "type": "Chain", "name": "Chain 12s",
            "distance": round(wear.metres % CHAIN, 1), "time": wear.secs, "activities": wear.activities,
            "use_elapsed_time": false, "reminders": [reminder], "activity_filters": [], "component": true,
        }),
    );
    vec![piece, part]
}

/// `GET /athlete/{id}/training-plan`: only the cyclist follows one.
pub(super) fn training_plan(ask: &Ask) -> Json<Object> {
    let person = ask.person;
    let mut object = made(
        TRAINING_PLAN,
        json!({"athlete_id": person.athlete_id, "timezone": person.timezone}),
    );
    if person.number == 1 {
        let monday = ask.today().week(Weekday::Mon).first_day() - Duration::weeks(3);
        let folder = made(
            FOLDER,
            json!({
                "athlete_id": person.athlete_id, "id": 880_011, "type": "PLAN", "name": "Basis & Aufbau, 8 Wochen",
                "description": "Three weeks to build, one to recover", "visibility": "PRIVATE",
                "start_date_local": monday, "read_only_workouts": false, "starting_ctl": 50, "starting_atl": 50,
                "activity_types": ["Ride"], "num_workouts": 32, "duration_weeks": 8, "hours_per_week_min": 6,
                "hours_per_week_max": 11, "workout_targets": ["POWER"], "canEdit": true, "sharedWithCount": 0,
            }),
        );
        fill(
            &mut object,
            json!({
                "training_plan_id": 880_011, "training_plan_start_date": monday,
                "training_plan_last_applied": format!("{}T18:20:00.000+00:00", monday - Duration::days(1)),
                "training_plan": folder,
            }),
        );
    }
    Json(object)
}
