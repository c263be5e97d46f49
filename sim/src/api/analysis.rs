//! What upstream tells of one activity: streams, histograms, weather, comments.
//!
//! Choosing and shaping only; the numbers are made in `track`, `streams` and `weather`.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Object, Shared};
use crate::{
    comments::comments,
    front::Caller,
    params::Params,
    people::{PEOPLE, Person},
    refusal::Refusal,
    streams::{csv, histogram, types, wire},
    tokens::Area,
    track::{Track, real, track},
    training::{Done, Source},
    weather,
    world::World,
};

/// Streams that come with `includeDefaults`.
const DEFAULTS: [&str; 9] = [
    "time",
    "watts",
    "cadence",
    "heartrate",
    "distance",
    "altitude",
    "latlng",
    "velocity_smooth",
    "temp",
];

/// The caller's own activity; Strava's are closed, another athlete's refused, an unknown one is missing.
pub(super) fn owned(world: &World, caller: &Caller, id: &str) -> Result<(&'static Person, Done), Refusal> {
    let person = caller.may("0", Area::Activity, false)?;
    let of = |person| {
        world
            .activities(person, |done| (done.id == id).then(|| done.clone()))
            .pop()
    };
    match of(person) {
        Some(done) if done.source == Source::Strava => Err(Refusal::unprocessable(
            "Cannot read Strava activities via the API",
        )),
        Some(done) => Ok((person, done)),
        None if PEOPLE.iter().any(|other| of(other).is_some()) => Err(Refusal::denied()),
        None => Err(Refusal::missing()),
    }
}

/// The streams asked for, in upstream's order. Without `types` all, and the power meter's own as `raw_watts`.
fn chosen(person: &Person, done: &Done, params: &Params) -> Vec<Value> {
    let Some(track) = track(person, done) else {
        return Vec::new();
    };
    let asked = params.list("types");
    let wanted = |name: &&str| match &asked {
        None => true,
        Some(asked) => {
            asked
                .iter()
                .any(|other| other == name || (other == "fixed_watts" && *name == "watts"))
                || (params.flag("includeDefaults") && DEFAULTS.contains(name))
        }
    };
    let names = types(person, done).into_iter().filter(wanted);
    names
        .filter_map(|name| wire(person, done, &track, name))
        .collect()
}

/// `GET /activity/{id}/streams.json`.
pub(super) async fn streams(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    Ok(Json(chosen(person, &done, &params)))
}

/// `GET /activity/{id}/streams.csv`.
pub(super) async fn streams_csv(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let text = csv(&chosen(person, &done, &params));
    Ok(([(header::CONTENT_TYPE, "text/csv")], text).into_response())
}

fn numbers(values: Option<&Vec<u32>>) -> Vec<f64> {
    values
        .into_iter()
        .flatten()
        .map(|value| f64::from(*value))
        .collect()
}

/// The recorded seconds of an activity in buckets; an activity without them has no bucket.
fn buckets(
    world: &World,
    caller: &Caller,
    id: &str,
    of: impl FnOnce(&Done, &Track) -> Vec<Value>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let (person, done) = owned(world, caller, id)?;
    Ok(Json(
        track(person, &done)
            .map(|track| of(&done, &track))
            .unwrap_or_default(),
    ))
}

/// `bucketSize`, or what upstream takes without it.
fn width(params: &Params, usual: f64) -> Result<f64, Refusal> {
    Ok(params
        .count("bucketSize")?
        .filter(|size| *size > 0)
        .map_or(usual, real))
}

/// `GET /activity/{id}/power-histogram`, W.
pub(super) async fn power_histogram(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let width = width(&params, 25.0)?;
    buckets(&world, &caller, &id, |_, track| {
        histogram(&numbers(track.watts.as_ref()), width, 1.0)
    })
}

/// `GET /activity/{id}/hr-histogram`, bpm.
pub(super) async fn hr_histogram(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let width = width(&params, 5.0)?;
    buckets(&world, &caller, &id, |_, track| {
        histogram(&numbers(track.heart.as_ref()), width, 1.0)
    })
}

/// Buckets of 0.1 m/s.
fn speeds(speeds: Option<&Vec<f64>>) -> Vec<Value> {
    histogram(speeds.map(Vec::as_slice).unwrap_or_default(), 0.1, 0.001)
}

/// `GET /activity/{id}/pace-histogram`, m/s; a ride has no pace.
pub(super) async fn pace_histogram(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, Refusal> {
    buckets(&world, &caller, &id, |done, track| {
        speeds(track.speed.as_ref().filter(|_| !done.sport.ends_with("Ride")))
    })
}

/// `GET /activity/{id}/weather-summary`.
pub(super) async fn weather_summary(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Object>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let track = track(person, &done).ok_or_else(|| Refusal::unprocessable("Activity has no streams"))?;
    let start = params.count("start_index")?.unwrap_or_default();
    let end = params
        .count("end_index")?
        .filter(|end| *end > 0)
        .unwrap_or(track.len());
    Ok(Json(weather::summary(
        person,
        &done,
        &track,
        start,
        end.min(track.len()),
    )))
}

/// `GET /activity/{id}/messages`, oldest first.
pub(super) async fn messages(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Object>>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let since = params.count("sinceId")?.unwrap_or_default();
    let limit = params.count("limit")?.unwrap_or(100);
    let after = |message: &Object| {
        let id = message.get("id").and_then(Value::as_u64).unwrap_or_default();
        id > u64::try_from(since).unwrap_or_default()
    };
    Ok(Json(
        comments(person, &done)
            .into_iter()
            .filter(after)
            .take(limit)
            .collect(),
    ))
}
