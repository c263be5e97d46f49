//! Activities and the weekly summary.
//!
//! Choosing and filtering only; objects are made in `activity`.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use chrono::{Datelike, Days, Duration, NaiveDate};
use serde_json::{Value, json};

use super::{Object, Shared};
use crate::{
    activity,
    dice::{round, whole},
    front::Caller,
    params::Params,
    people::{PEOPLE, Person},
    refusal::Refusal,
    tokens::Area,
    training::{Done, Source},
    world::World,
};

/// Rows of a search when no limit is given.
const SEARCHED: usize = 50;

pub(super) async fn list(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let oldest = params
        .from("oldest")?
        .ok_or_else(|| Refusal::absent("oldest", "String"))?;
    let newest = params.until("newest")?.unwrap_or_else(|| world.local(person));
    let limit = params.count("limit")?.unwrap_or(usize::MAX);
    let fields = params.list("fields");
    let within = |done: &Done| (oldest..=newest).contains(&done.start);
    Ok(Json(world.activity_rows(
        person,
        limit,
        fields.as_deref(),
        within,
    )))
}

/// Name part, or `#tag`; what came from Strava has neither.
fn found(world: &World, person: &'static Person, params: &Params) -> Result<Vec<Object>, Refusal> {
    let query = params
        .get("q")
        .ok_or_else(|| Refusal::absent("q", "String"))?
        .to_lowercase();
    let limit = params.count("limit")?.unwrap_or(SEARCHED);
    Ok(world.activity_rows(person, limit, None, |done| {
        let readable = done.source != Source::Strava;
        readable
            && match query.strip_prefix('#') {
                Some(wanted) => activity::tags(done).is_some_and(|tags| tags.contains(&wanted)),
                None => done.session.name.to_lowercase().contains(&query),
            }
    }))
}

pub(super) async fn search(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    Ok(Json(
        found(&world, person, &params)?
            .iter()
            .map(activity::search_row)
            .collect(),
    ))
}

/// The caller's own; another athlete's is refused, an unknown one is missing.
pub(super) async fn one(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may("0", Area::Activity, false)?;
    let of = |person| {
        world
            .activities(person, |done| (done.id == id).then(|| done.clone()))
            .pop()
    };
    if let Some(done) = of(person) {
        return Ok(Json(super::account::with_intervals(
            person,
            &done,
            params.flag("intervals"),
        )));
    }
    let others = PEOPLE.iter().any(|other| of(other).is_some());
    Err(if others {
        Refusal::denied()
    } else {
        Refusal::missing()
    })
}

/// What a set of activities adds up to.
fn sums(done: &[&Done], weight: f64, eftp: Option<f64>) -> Object {
    let total = |value: fn(&Done) -> f64| done.iter().map(|one| value(one)).sum::<f64>();
    let count = |value: fn(&Done) -> u32| done.iter().map(|one| value(one)).sum::<u32>();
    let elapsed = count(|one| one.elapsed);
    let mut object = Object::new();
    crate::schema::fill(
        &mut object,
        json!({
            "count": done.len(), "time": elapsed, "elapsed_time": elapsed,
            "moving_time": count(|one| one.secs),
            "calories": whole(total(|one| one.power.map_or(0.0, |power| f64::from(power.average) * f64::from(one.secs) / 952.0))),
            "total_elevation_gain": round(total(|one| one.climb.unwrap_or_default()), 1),
            "training_load": count(|one| one.load.unwrap_or_default()),
            "srpe": count(|one| one.rpe.map_or(0, |rpe| rpe * (one.secs / 60))),
            "distance": round(total(|one| one.distance.unwrap_or_default()), 1),
            "eftp": eftp, "eftpPerKg": eftp.map(|eftp| round(eftp / weight, 2)),
        }),
    );
    object
}

/// Rows by week, newest first; with a bearer token (and nobody to coach) of the caller only.
pub(super) async fn summary(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let person = caller.may(&id, Area::Activity, false)?;
    let today = world.local(person).date();
    let end = params.until("end")?.map_or(today, |at| at.date()).min(today);
    let start = params.from("start")?.map_or(end - Days::new(6), |at| at.date());
    let monday = |day: NaiveDate| day - Duration::days(i64::from(day.weekday().num_days_from_monday()));
    let mut rows = Vec::new();
    let mut week = monday(end);
    while week >= monday(start).max(crate::people::FIRST_DAY) {
        rows.push(week_row(&world, person, week, today));
        week = week - Days::new(7);
    }
    Ok(Json(rows))
}

fn week_row(world: &World, person: &'static Person, week: NaiveDate, today: NaiveDate) -> Object {
    let last = (week + Days::new(6)).min(today);
    let done = world.activities(person, |done| {
        (week..=last).contains(&done.day()).then(|| done.clone())
    });
    let all: Vec<&Done> = done.iter().collect();
    let eftp = (person.ftp(last) > 0.0).then(|| person.ftp(last) - 4.0);
    let mut row = sums(&all, person.weight, eftp);
    let mut sports: Vec<&str> = all.iter().map(|one| one.sport).collect();
    sports.sort_unstable();
    sports.dedup();
    let by_category: Vec<Object> = sports
        .into_iter()
        .map(|sport| {
            let of: Vec<&Done> = all.iter().copied().filter(|one| one.sport == sport).collect();
            let mut sum = sums(&of, person.weight, eftp.filter(|_| sport.ends_with("Ride")));
            sum.insert("category".into(), json!(sport));
            sum
        })
        .collect();
    let zones = all
        .iter()
        .filter_map(|one| one.zones)
        .fold([0_u32; 7], |mut sum, zones| {
            for (sum, secs) in sum.iter_mut().zip(zones) {
                *sum += secs;
            }
            sum
        });
    let wellness = world.wellness(person, last, last).pop().unwrap_or_default();
    let number = |name: &str| wellness.get(name).and_then(Value::as_f64);
    let form = number("ctl").unwrap_or_default() - number("atl").unwrap_or_default();
    crate::schema::fill(
        &mut row,
        json!({
            "date": week, "athlete_id": person.athlete_id, "athlete_name": person.name, "email": null,
            "external_id": null, "fitness": number("ctl"), "fatigue": number("atl"), "form": round(form, 6),
            "rampRate": number("rampRate"),
            "weight": number("weight").or_else(|| person.is_known().then_some(person.weight)),
            "timeInZones": zones, "timeInZonesTot": zones.iter().sum::<u32>(), "byCategory": by_category,
            "mostRecentWellnessId": last,
        }),
    );
    row
}
