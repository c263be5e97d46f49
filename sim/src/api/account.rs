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
    activity::{BIKE, SHOES, TOURER, TRAINERS},
    athlete, devices,
    dice::round,
    people::{Build, FIRST_DAY, Person},
    records,
    refusal::Refusal,
    schema::{FOLDER, GEAR, GEAR_REMINDER, TRAINING_PLAN, fill, made, number},
};

/// Distance after which a chain should be new, m.
const CHAIN: f64 = 4_000_000.0;

/// `GET /athlete/{id}`.
pub(super) fn whole(ask: &Ask) -> Json<Object> {
    let mut object = athlete::full(ask.person, ask.world.now());
    if object.get("sportSettings").is_some_and(Value::is_array) {
        object.insert(
            "sportSettings".into(),
            json!(ask.world.sport_settings(ask.person)),
        );
    }
    Json(object)
}

/// `GET /athlete/{id}/connections`.
pub(super) fn connections(ask: &Ask) -> Json<Object> {
    Json(devices::connections(ask.person))
}

/// `GET /athlete/{id}/sport-settings`.
pub(super) fn sport_settings(ask: &Ask) -> Json<Vec<Value>> {
    Json(ask.world.sport_settings(ask.person))
}

/// `GET /athlete/{id}/sport-settings/{which}`: by id or by the name of a sport.
pub(super) fn one_sport(ask: &Ask) -> Answer<Value> {
    named(ask).map(Json)
}

/// The group of sports that the path names.
fn named(ask: &Ask) -> Result<Value, Refusal> {
    let which = ask.which();
    let mut all = ask.world.sport_settings(ask.person).into_iter();
    let id = which.parse::<i64>().ok();
    let is_asked = |group: &Value| id.is_some_and(|id| group["id"] == id) || athlete::is_for(group, which);
    all.find(is_asked).ok_or_else(Refusal::missing)
}

/// `PUT /athlete/{id}/sport-settings/{which}`: sparse; what is planned keeps its load.
pub(super) fn put_sport(ask: &Ask) -> Answer<Object> {
    let recalculate = match ask.params.get("recalcHrZones") {
        None => return Err(Refusal::absent("recalcHrZones", "boolean")),
        Some(word) => word == "true",
    };
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let found = named(ask)?;
    let (Some(id), Value::Object(mut group)) = (found["id"].as_i64(), found) else {
        return Err(Refusal::missing());
    };
    let rules = ask.world.state().rules;
    let laid = records::lay_sport(&group, body, recalculate, rules, ask.world.now())?;
    if !ask.forgets("") {
        ask.world.write_sport(ask.person, id, laid.clone());
    }
    group.extend(laid);
    Ok(Json(group))
}

/// `GET /athlete/{id}/custom-item`.
pub(super) fn custom_items(ask: &Ask) -> Json<Value> {
    Json(athlete::custom_items(ask.person))
}

/// A piece of a person's gear.
pub(super) struct Piece {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// Before the days of [`Wear`], or in all where activities themselves say it.
    pub(super) metres: f64,
    is_bike: bool,
    retired: Option<&'static str>,
}

/// What a person rides and runs in, in use or not: two pairs of shoes of one name, and one worn out.
pub(super) fn shelf(person: &Person) -> Vec<Piece> {
    let piece = |id, name, metres, is_bike, retired| Piece {
        id,
        name,
        metres,
        is_bike,
        retired,
    };
    let shoes = |id, name, metres, retired| piece(id, name, metres, false, retired);
    match person.build {
        Build::Cyclist => vec![
            piece(BIKE.0, BIKE.1, BIKE.2, true, None),
            piece("b9000102", "Cube Nuroad", 2_345_678.0, true, None),
        ],
        Build::Runner => vec![
            shoes(SHOES.0, SHOES.1, SHOES.2, None),
            shoes("g9000202", "Asics Novablast", 88_012.0, None),
            shoes("g9000203", "Brooks Ghost 14", 902_345.0, Some("2025-08-30")),
            shoes("g9000204", "Saucony Kinvara", 51_200.0, None),
        ],
        Build::Duathlete => vec![
            piece(TOURER.0, TOURER.1, TOURER.2, true, None),
            shoes(TRAINERS.0, TRAINERS.1, TRAINERS.2, None),
        ],
        Build::Triathlete | Build::StravaOnly | Build::Newcomer => Vec::new(),
    }
}

/// Activities, seconds and metres.
#[derive(Default)]
struct Wear {
    activities: u32,
    secs: f64,
    metres: f64,
}

/// `GET /athlete/{id}/gear`, as the activities of the last four hundred days used it, and the chain of the first bike.
pub(super) fn gear(ask: &Ask) -> Json<Vec<Object>> {
    let since = ask.now() - Duration::days(400);
    let recent = ask
        .world
        .activity_rows(ask.person, usize::MAX, None, |done| done.start > since);
    let mut worn: BTreeMap<String, Wear> = BTreeMap::new();
    for object in recent {
        let Some(id) = object.get("gear").and_then(|gear| gear["id"].as_str()) else {
            continue;
        };
        let wear = worn.entry(id.to_owned()).or_default();
        wear.activities += 1;
        wear.secs += number(&object, "moving_time").unwrap_or_default();
        wear.metres += number(&object, "distance").unwrap_or_default();
    }
    let rows = |piece: Piece| {
        let wear = worn.remove(piece.id).unwrap_or_default();
        pieces(ask.person, &piece, &wear, ask.today())
    };
    Json(shelf(ask.person).into_iter().flat_map(rows).collect())
}

/// Shoes as they are; the first bike with its chain.
fn pieces(person: &Person, piece: &Piece, wear: &Wear, today: NaiveDate) -> Vec<Object> {
    let has_chain = piece.id == BIKE.0;
    let chain = format!("{}c", piece.id);
    let is_counted = [BIKE.0, SHOES.0, TOURER.0, TRAINERS.0].contains(&piece.id);
    let total = piece.metres + if is_counted { 0.0 } else { wear.metres };
    let row = made(
        GEAR,
        json!({
            "id": piece.id, "athlete_id": person.athlete_id, "type": if piece.is_bike { "Bike" } else { "Shoes" },
            "name": piece.name, "purchased": piece.is_bike.then_some(FIRST_DAY), "distance": round(total, 1),
            "time": wear.secs, "activities": wear.activities, "use_elapsed_time": false, "reminders": [],
            "component_ids": if has_chain { vec![chain.clone()] } else { Vec::new() }, "activity_filters": [],
            "component": false, "retired": piece.retired,
        }),
    );
    if !has_chain {
        return vec![row];
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
    vec![row, part]
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
