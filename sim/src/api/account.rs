//! Small things about an athlete: gear, plan.
//!
//! Nothing about one activity's inside.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use chrono::Duration;
use serde_json::{Value, json};

use super::{Object, Shared};
use crate::{
    activity,
    dice::round,
    front::Caller,
    laps,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::{FOLDER, GEAR, GEAR_REMINDER, TRAINING_PLAN, blank, fill},
    tokens::Area,
};

/// Distance after which a chain should be new, m.
const CHAIN: f64 = 4_000_000.0;

/// An activity's full object, with its intervals when they are asked for; a stub has none.
pub(super) fn with_intervals(person: &Person, done: &crate::training::Done, wanted: bool) -> Object {
    let mut object = activity::row(person, done, None);
    if wanted && object.contains_key("name") {
        let [intervals, groups] = laps::intervals(person, done);
        object.insert("icu_intervals".into(), intervals);
        object.insert("icu_groups".into(), groups);
    }
    object
}

/// Activities, seconds and metres.
#[derive(Default)]
struct Wear {
    activities: u32,
    secs: f64,
    metres: f64,
    used: Option<Value>,
}

/// `GET /athlete/{id}/gear`: what the activities of the last four hundred days were done with, and a bike's chain.
pub(super) async fn gear(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let now = world.local(person);
    let mut worn: BTreeMap<String, Wear> = BTreeMap::new();
    for object in world.activity_rows(person, usize::MAX, None, |done| {
        done.start > now - Duration::days(400)
    }) {
        let Some(gear) = object.get("gear").filter(|gear| gear.is_object()) else {
            continue;
        };
        let number = |name: &str| object.get(name).and_then(Value::as_f64).unwrap_or_default();
        let wear = worn
            .entry(gear["id"].as_str().unwrap_or_default().to_owned())
            .or_default();
        wear.activities += 1;
        wear.secs += number("moving_time");
        wear.metres += number("distance");
        wear.used = Some(json!({"gear": gear, "sport": object.get("type")}));
    }
    let mut all = Vec::new();
    for (id, wear) in worn {
        all.extend(pieces(person, &id, &wear, now.date()));
    }
    Ok(Json(all))
}

/// Shoes as they are; a bike with its chain.
fn pieces(person: &Person, id: &str, wear: &Wear, today: chrono::NaiveDate) -> Vec<Object> {
    let used = wear.used.clone().unwrap_or_default();
    let is_bike = used["sport"]
        .as_str()
        .is_some_and(|sport| sport.ends_with("Ride"));
    let chain = format!("{id}c");
    let mut piece = blank(GEAR);
    let total = used["gear"]["distance"].as_f64().unwrap_or(wear.metres);
    fill(
        &mut piece,
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
    let mut reminder = blank(GEAR_REMINDER);
    fill(
        &mut reminder,
        json!({
            "id": 500 + i64::from(person.number), "gear_id": chain, "name": "Replace chain", "distance": CHAIN,
            "last_reset": "2026-01-10T00:00:00.000+00:00", "starting_distance": 0.0, "starting_time": 0.0,
            "starting_activities": 0, "percent_used": round(100.0 * (wear.metres % CHAIN) / CHAIN, 1),
            "distance_used": round(wear.metres % CHAIN, 1), "time_used": wear.secs,
            "activities_used": wear.activities,
            "days_used": (today - FIRST_DAY).num_days() % 365,
        }),
    );
    let mut part = blank(GEAR);
    fill(
        &mut part,
        json!({
            "id": chain, "athlete_id": person.athlete_id, "type": "Chain", "name": "Chain 12s",
            "distance": round(wear.metres % CHAIN, 1), "time": wear.secs, "activities": wear.activities,
            "use_elapsed_time": false, "reminders": [reminder], "activity_filters": [], "component": true,
        }),
    );
    vec![piece, part]
}

/// `GET /athlete/{id}/training-plan`: the cyclist follows one, nobody else.
pub(super) async fn training_plan(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Library, false)?;
    let mut object = blank(TRAINING_PLAN);
    fill(
        &mut object,
        json!({"athlete_id": person.athlete_id, "timezone": person.timezone}),
    );
    if person.number == 1 {
        let today = world.local(person).date();
        let back = i64::from(chrono::Datelike::weekday(&today).num_days_from_monday()) + 21;
        let monday = today - Duration::days(back);
        let mut folder = blank(FOLDER);
        fill(
            &mut folder,
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
    Ok(Json(object))
}
