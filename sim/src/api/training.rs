//! Activities and the weekly summary.
//!
//! Choosing and filtering only; objects are made in `activity`.

use axum::Json;
use chrono::{Days, NaiveDate, Weekday};
use serde_json::json;

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    activity,
    dice::{round, whole},
    laps,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::{fill, number},
    training::{Done, Source},
    world::World,
};

/// Rows of a search when no limit is given.
const SEARCHED: usize = 50;

/// `GET /athlete/{id}/activities`.
pub(super) fn list(ask: &Ask) -> Answer<Vec<Object>> {
    let oldest = ask.params.from("oldest")?;
    let oldest = oldest.ok_or_else(|| Refusal::absent("oldest", "String"))?;
    let newest = ask.params.until("newest")?.unwrap_or_else(|| ask.now());
    let limit = ask.params.count("limit")?.unwrap_or(usize::MAX);
    let fields = ask.params.list("fields");
    let within = |done: &Done| (oldest..=newest).contains(&done.start);
    let rows = ask
        .world
        .activity_rows(ask.person, limit, fields.as_deref(), within);
    Ok(Json(rows))
}

/// `GET /athlete/{id}/activities/search`: by a part of the name or `#tag`; activities from Strava have neither.
pub(super) fn search(ask: &Ask) -> Answer<Vec<Object>> {
    let query = ask
        .params
        .get("q")
        .ok_or_else(|| Refusal::absent("q", "String"))?;
    let query = query.to_lowercase();
    let limit = ask.params.count("limit")?.unwrap_or(SEARCHED);
    let is_found = |done: &Done| match query.strip_prefix('#') {
        _ if done.source == Source::Strava => false,
        Some(wanted) => activity::tags(done).is_some_and(|tags| tags.contains(&wanted)),
        None => done.session.name.to_lowercase().contains(&query),
    };
    let found = ask.world.activity_rows(ask.person, limit, None, is_found);
    Ok(Json(found.iter().map(activity::search_row).collect()))
}

/// `GET /activity/{id}`: the full object, with its intervals if requested; a stub has none.
pub(super) fn one(ask: &Ask) -> Answer<Object> {
    let done = ask.done()?;
    let mut object = activity::row(ask.person, &done, None);
    if ask.params.flag("intervals") && object.contains_key("name") {
        let [intervals, groups] = laps::intervals(ask.person, &done);
        object.insert("icu_intervals".into(), intervals);
        object.insert("icu_groups".into(), groups);
    }
    Ok(Json(object))
}

/// What a set of activities adds up to.
fn sums(done: &[&Done], weight: f64, eftp: Option<f64>) -> Object {
    let total = |value: fn(&Done) -> f64| done.iter().map(|one| value(one)).sum::<f64>();
    let count = |value: fn(&Done) -> u32| done.iter().map(|one| value(one)).sum::<u32>();
    let elapsed = count(|one| one.elapsed);
    let mut object = Object::new();
    fill(
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

/// `GET /athlete/{id}/athlete-summary`: rows by week, newest first; with a bearer token (and nobody to coach), only the
/// caller's.
pub(super) fn summary(ask: &Ask) -> Answer<Vec<Object>> {
    let today = ask.today();
    let end = ask.params.last_day("end")?.unwrap_or(today).min(today);
    let start = ask.params.first_day("start")?.unwrap_or(end - Days::new(6));
    let monday = |day: NaiveDate| day.week(Weekday::Mon).first_day();
    let mut rows = Vec::new();
    let mut week = monday(end);
    while week >= monday(start).max(FIRST_DAY) {
        rows.push(week_row(&ask.world, ask.person, week, today));
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
    let number = |name: &str| number(&wellness, name);
    let form = number("ctl").unwrap_or_default() - number("atl").unwrap_or_default();
    fill(
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
