//! An account: the athlete, settings, custom items, plan.
//!
//! Nothing about an activity, a day or the calendar.

use axum::Json;
use chrono::{Duration, Weekday};
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    athlete, devices, items, records,
    refusal::Refusal,
    schema::{FOLDER, TRAINING_PLAN, fill, made},
};

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
pub(super) fn custom_items(ask: &Ask) -> Json<Vec<Value>> {
    Json(items::of(ask.person))
}

/// `GET /athlete/{id}/custom-item/{itemId}`.
pub(super) fn custom_item(ask: &Ask) -> Answer<Value> {
    let id = ask.which();
    let id: i64 = id
        .parse()
        .map_err(|_| Refusal::mismatch("itemId", "java.lang.Integer", id))?;
    let mut all = items::of(ask.person).into_iter();
    all.find(|item| item["id"] == id)
        .map(Json)
        .ok_or_else(Refusal::missing)
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
