//! Activities and the weekly summary.
//!
//! Choosing and filtering only; objects are made in `activity`, and `records` judges what is written.

use axum::Json;
use chrono::{Days, NaiveDate, Weekday};
use serde_json::{Value, json};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    activity,
    dice::{round, whole as whole_number},
    laps,
    people::{FIRST_DAY, Person},
    records,
    refusal::Refusal,
    schema::{SPORTS, fill, number, text},
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
    let written = ask.world.written_activities(ask.person);
    let is_found = |done: &Done| {
        let of = |name: &str| written.get(&done.id).and_then(|values| values.get(name));
        match query.strip_prefix('#') {
            _ if done.source == Source::Strava => false,
            Some(wanted) => match of("tags") {
                Some(tags) => tags.as_array().is_some_and(|tags| tags.contains(&json!(wanted))),
                None => activity::tags(done).is_some_and(|tags| tags.contains(&wanted)),
            },
            None => {
                let name = of("name").map_or(done.session.name, |name| name.as_str().unwrap_or_default());
                name.to_lowercase().contains(&query)
            }
        }
    };
    let found = ask.world.activity_rows(ask.person, limit, None, is_found);
    Ok(Json(found.iter().map(activity::search_row).collect()))
}

/// `GET /activity/{id}`: the full object, with its intervals if requested; a stub has none.
pub(super) fn one(ask: &Ask) -> Answer<Object> {
    let done = ask.done()?;
    Ok(Json(whole(ask, &done)))
}

fn whole(ask: &Ask, done: &Done) -> Object {
    let mut object = ask.world.activity_row(ask.person, done);
    if ask.params.flag("intervals") && object.contains_key("name") {
        let [intervals, groups] = laps::intervals(ask.person, done);
        object.insert("icu_intervals".into(), intervals);
        object.insert("icu_groups".into(), groups);
    }
    object
}

/// `GET /athlete/{id}/activities/{ids}`: those that there are, newest first, whatever the order asked for.
pub(super) fn several(ask: &Ask) -> Json<Vec<Object>> {
    let ids: Vec<&str> = ask.which().split(',').map(str::trim).collect();
    let wanted = |done: &Done| ids.contains(&done.id.as_str()).then(|| done.clone());
    let found = ask.world.activities(ask.person, wanted);
    Json(found.iter().map(|done| whole(ask, done)).collect())
}

/// `PUT /activity/{id}`: sparse; what upstream works out itself is ignored.
pub(super) fn update(ask: &Ask) -> Answer<Object> {
    let body = ask.object()?;
    let _writing = ask.world.writing();
    let done = ask.done()?;
    if done.source == Source::Strava {
        return Err(Refusal::unprocessable("Cannot update Strava activities"));
    }
    let mut row = ask.world.activity_row(ask.person, &done);
    let pieces = ask.world.gear(ask.person);
    let gear = |id: &str| gear_of(&pieces, id);
    let laid = records::lay_activity(ask.person, &row, body, ask.world.state().rules, gear)?;
    if let Some(event) = laid.get("paired_event_id").and_then(Value::as_i64)
        && ask.world.event(ask.person, event, false).is_none()
    {
        return Err(Refusal::unprocessable(format!("Event not found [{event}]")));
    }
    if !ask.forgets(text(&row, "name")) {
        ask.world.write_activity(ask.person, &done.id, laid.clone());
    }
    row.extend(laid);
    Ok(Json(row))
}

/// A piece as activities show it; a part is none.
pub(super) fn gear_of(pieces: &[Object], id: &str) -> Option<Value> {
    let mut whole = pieces.iter().filter(|piece| piece["component"] != true);
    let piece = whole.find(|piece| text(piece, "id") == id)?;
    Some(json!({"id": id, "name": piece["name"], "distance": piece["distance"], "primary": false}))
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
            "calories": whole_number(total(|one| one.power.map_or(0.0, |power| f64::from(power.average) * f64::from(one.secs) / 952.0))),
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

/// What happened, with what was written about it as far as it counts in a sum.
fn amended(done: &Done, written: &Object) -> Done {
    let mut done = done.clone();
    if written.contains_key("icu_rpe") {
        done.rpe = number(written, "icu_rpe").map(whole_number);
    }
    let sport = text(written, "type");
    if let Some(sport) = SPORTS.split_ascii_whitespace().find(|one| *one == sport) {
        done.sport = sport;
    }
    done
}

fn week_row(world: &World, person: &'static Person, week: NaiveDate, today: NaiveDate) -> Object {
    let last = (week + Days::new(6)).min(today);
    let written = world.written_activities(person);
    let done = world.activities(person, |done| {
        (week..=last)
            .contains(&done.day())
            .then(|| match written.get(&done.id) {
                Some(values) => amended(done, values),
                None => done.clone(),
            })
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
