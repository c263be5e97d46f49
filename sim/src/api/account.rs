//! Small things about an athlete and lists of activities found in other ways: by id, by interval, around another one;
//! gear, connections, tags, plan.
//!
//! Nothing about one activity's inside.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::{Path, Query, State},
};
use chrono::{Duration, Months};
use serde_json::{Map, Value, json};

use super::{Object, Shared, curves::beside};
use crate::{
    activity, athlete,
    dice::round,
    efforts::{METRES, efforts},
    front::Caller,
    laps,
    params::Params,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::{CONNECTIONS, FOLDER, GEAR, GEAR_REMINDER, TRAINING_PLAN, blank, fill},
    tokens::Area,
    training::Source,
    world::World,
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

/// `GET /athlete/{id}/activities/{ids}`: in the order asked for; what is missing is left out.
pub(super) async fn activities(
    State(world): Shared,
    caller: Caller,
    Path((id, ids)): Path<(String, String)>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let ids: Vec<&str> = ids.split(',').collect();
    let mut found = world.activities(person, |done| {
        let place = ids.iter().position(|id| *id == done.id)?;
        Some((place, with_intervals(person, done, params.flag("intervals"))))
    });
    found.sort_by_key(|(place, _)| *place);
    Ok(Json(found.into_iter().map(|(_, object)| object).collect()))
}

/// `GET /athlete/{id}/activities/interval-search`: newest first.
pub(super) async fn interval_search(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let required = |name| params.count(name)?.ok_or_else(|| Refusal::absent(name, "int"));
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let secs = number(required("minSecs")?)..=number(required("maxSecs")?);
    let percent = f64::from(number(required("minIntensity")?))..=f64::from(number(required("maxIntensity")?));
    let reps = params.count("minReps")?.unwrap_or(1)..=params.count("maxReps")?.unwrap_or(999_999);
    let limit = params.count("limit")?.unwrap_or(30);
    let work = move || {
        let all = world.activities(person, |done| (done.day() >= FIRST_DAY).then(|| done.clone()));
        let fits = |done: &&crate::training::Done| {
            let work = &efforts(person, done).work;
            let count = work
                .iter()
                .filter(|one| secs.contains(&one.0) && percent.contains(&one.1))
                .count();
            count > 0 && reps.contains(&count)
        };
        Ok(Json(
            all.iter()
                .filter(fits)
                .take(limit)
                .map(|done| activity::row(person, done, None))
                .collect(),
        ))
    };
    beside(work).await
}

/// `GET /athlete/{id}/activities-around`: the closest first.
pub(super) async fn around(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let middle = params
        .get("activity_id")
        .ok_or_else(|| Refusal::absent("activity_id", "String"))?;
    let limit = params.count("limit")?.unwrap_or(30);
    let mut all = world.activities(person, |done| Some(done.clone()));
    let start = all.iter().find(|done| done.id == middle).map(|done| done.start);
    let start = start.ok_or_else(Refusal::missing)?;
    all.retain(|done| done.id != middle);
    all.sort_by_key(|done| (done.start - start).abs());
    Ok(Json(
        all.iter()
            .take(limit)
            .map(|done| activity::row(person, done, None))
            .collect(),
    ))
}

fn distinct(lists: impl Iterator<Item = Object>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for object in lists {
        let tags = object.get("tags").and_then(Value::as_array).into_iter().flatten();
        names.extend(tags.filter_map(Value::as_str).map(str::to_owned));
    }
    names.into_iter().collect()
}

/// `GET /athlete/{id}/activity-tags`.
pub(super) async fn activity_tags(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<String>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let year = world.local(person) - Duration::days(400);
    let all = world.activity_rows(person, usize::MAX, None, |done| done.start > year);
    Ok(Json(distinct(all.into_iter())))
}

/// Events of the last year and the next.
fn events(world: &World, person: &'static Person) -> Vec<Object> {
    let today = world.local(person).date();
    let year = Months::new(12);
    world.events(person, today - year, today + year, false)
}

/// `GET /athlete/{id}/event-tags`.
pub(super) async fn event_tags(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<String>>, Refusal> {
    let person = caller.may(&id, Area::Calendar, false)?;
    Ok(Json(distinct(events(&world, person).into_iter())))
}

/// `GET /athlete/{id}/fitness-model-events`: what changes how fitness is reckoned, oldest first.
pub(super) async fn fitness_model_events(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Calendar, false)?;
    let matters = |event: &Object| {
        let category = event.get("category").and_then(Value::as_str).unwrap_or_default();
        matches!(category, "FITNESS_DAYS" | "SET_FITNESS" | "SET_EFTP")
    };
    Ok(Json(events(&world, person).into_iter().filter(matters).collect()))
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

/// `GET /athlete/{id}/connections`: where the activities of the last year came from.
pub(super) async fn connections(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    let year = world.local(person) - Duration::days(365);
    let sources = world.activities(person, |done| (done.start > year).then_some(done.source));
    let from = |source: Source| sources.contains(&source);
    let mut object: Map<String, Value> = blank(CONNECTIONS)
        .into_iter()
        .map(|(name, _)| (name, json!(false)))
        .collect();
    fill(
        &mut object,
        json!({
            "id": person.athlete_id, "garmin_health_connected": from(Source::Garmin),
            "garmin_training_connected": from(Source::Garmin), "zwift_connected": from(Source::Zwift),
            "strava_connected": from(Source::Strava),
        }),
    );
    Ok(Json(object))
}

/// `GET /athlete/{id}/weather-config`: the person's town.
pub(super) async fn weather_config(caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    let (lat, lon) = crate::terrain::town(person);
    Ok(Json(json!({"forecasts": [{
        "id": 1, "provider": "OPEN_WEATHER", "location": format!("{}, {}", person.city, person.country),
        "label": "Home", "lat": lat, "lon": lon, "enabled": true,
    }]})))
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

/// `GET /pace_distances`.
pub(super) async fn pace_distances(_caller: Caller) -> Json<Value> {
    Json(json!({"distances": METRES, "defaults": [400.0, 1000.0, 5000.0, 10_000.0, 21_097.5]}))
}

/// `GET /athlete/{id}/sport-settings/{which}/pace_distances`: the same, with the sport's own defaults.
pub(super) async fn pace_distances_of(
    State(world): Shared,
    caller: Caller,
    Path((id, which)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    let fits = |settings: &&Value| {
        let by_name = settings["types"]
            .as_array()
            .is_some_and(|types| types.iter().any(|one| one == which.as_str()));
        by_name || settings["id"].as_i64().is_some_and(|id| which.parse() == Ok(id))
    };
    let all = athlete::sport_settings(person, world.local(person).date());
    let settings = all.iter().find(fits).ok_or_else(Refusal::missing)?;
    Ok(Json(
        json!({"distances": METRES, "defaults": settings["best_effort_distances"]}),
    ))
}
