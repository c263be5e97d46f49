//! What upstream tells of one activity: streams, intervals, histograms, bests, map, weather, comments.
//!
//! Choosing and shaping only; the numbers are made in `track`, `laps`, `streams` and `efforts`.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Object, Shared};
use crate::{
    activity,
    comments::comments,
    dice::{round, whole},
    efforts::{AFTER_KJ, Best, METRES, SECS, by_power, efforts},
    front::Caller,
    laps::{self, Teller},
    params::Params,
    people::{PEOPLE, Person},
    refusal::Refusal,
    streams::{csv, histogram, types, wire},
    terrain::places,
    tokens::Area,
    track::{Track, index, mean, mean_of, real, track},
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

/// `GET /activity/{id}/intervals`.
pub(super) async fn intervals(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let [intervals, groups] = laps::intervals(person, &done);
    let analyzed = activity::row(person, &done, None).remove("analyzed");
    Ok(Json(json!({
        "id": done.id, "analyzed": analyzed, "icu_intervals": intervals, "icu_groups": groups,
    })))
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

/// `GET /activity/{id}/streams` and `/streams.json`.
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

/// `GET /activity/{id}/gap-histogram`, m/s as on the flat.
pub(super) async fn gap_histogram(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, Refusal> {
    buckets(&world, &caller, &id, |_, track| speeds(track.graded.as_ref()))
}

/// `GET /activity/{id}/time-at-hr`.
pub(super) async fn time_at_hr(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let track = track(person, &done);
    let heart = track.as_ref().and_then(|track| track.heart.as_ref());
    let Some((heart, min)) = heart.and_then(|heart| Some((heart, *heart.iter().min()?))) else {
        return Ok(Json(
            json!({"max_bpm": null, "min_bpm": null, "secs": null, "cumulative_secs": null}),
        ));
    };
    let max = heart.iter().max().copied().unwrap_or(min);
    let mut secs = vec![0_u32; usize::try_from(max - min + 1).unwrap_or_default()];
    for bpm in heart {
        secs[usize::try_from(bpm - min).unwrap_or_default()] += 1;
    }
    let mut left: u32 = secs.iter().sum();
    let fall = |secs: &u32| {
        let now = left;
        left -= secs;
        now
    };
    let cumulative: Vec<u32> = secs.iter().map(fall).collect();
    Ok(Json(
        json!({"max_bpm": max, "min_bpm": min, "secs": secs, "cumulative_secs": cumulative}),
    ))
}

/// `GET /activity/{id}/power-vs-hr`: minutes of power and heart rate, and how they come apart.
pub(super) async fn power_vs_hr(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let track = track(person, &done);
    let both = track
        .as_ref()
        .and_then(|track| Some((track.watts.as_ref()?, track.heart.as_ref()?)));
    let Some((watts, heart)) = both else {
        return Ok(Json(
            json!({"series": null, "curves": null, "powerHr": null, "decoupling": null}),
        ));
    };
    let cadence = track
        .as_ref()
        .and_then(|track| track.cadence.clone())
        .unwrap_or_default();
    let minute = |n: usize| {
        let at = 60 * n..(60 * (n + 1)).min(watts.len());
        json!({
            "start": at.start, "secs": at.len(), "movingSecs": at.len(), "watts": round(mean_of(&watts[at.clone()]), 2),
            "hr": round(mean_of(&heart[at.clone()]), 2),
            "cadence": cadence.get(at).map(|rpm| whole(mean_of(rpm))),
        })
    };
    let series: Vec<Value> = (0..watts.len().div_ceil(60)).map(minute).collect();
    let (start, end) = (1200.min(watts.len() / 4), watts.len() - 600.min(watts.len() / 4));
    let mid = usize::midpoint(start, end);
    let ratio = |from: usize, to: usize| mean_of(&watts[from..to]) / mean_of(&heart[from..to]).max(1.0);
    let (first, second) = (ratio(start, mid), ratio(mid, end));
    Ok(Json(json!({
        "bucketSize": 60, "warmup": start, "cooldown": watts.len() - end, "elapsedTime": done.elapsed, "hrLag": 25,
        "powerHr": round(ratio(0, watts.len()), 3), "powerHrFirst": round(first, 3),
        "powerHrSecond": round(second, 3), "decoupling": round(100.0 * (first - second) / first.max(1e-9), 2),
        "powerHrZ2": null, "medianCadenceZ2": null, "avgCadenceZ2": null, "hrZ2BucketCount": null, "start": start,
        "mid": mid, "end": end, "series": series, "curves": [], "ratioCoefficients": null,
    })))
}

/// `GET /activity/{id}/hr-load-model`.
pub(super) async fn hr_load_model(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (_, done) = owned(&world, &caller, &id)?;
    let load = done.heart.map(|heart| heart.load);
    Ok(Json(
        json!({"type": "HRSS", "icu_training_load": load, "trainingDataCount": 31}),
    ))
}

/// `GET /activity/{id}/power-spike-model`: the model that tells a spike from a sprint.
pub(super) async fn power_spike_model(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (_, done) = owned(&world, &caller, &id)?;
    Ok(Json(done.power.map_or(Value::Null, |power| {
        json!({
            "type": "FFT_CURVES", "criticalPower": power.ftp - 10, "wPrime": 16_850, "pMax": 804,
            "inputPointIndexes": null, "ftp": power.ftp - 4,
        })
    })))
}

/// `GET /activity/{id}/segments`: nobody here rides any.
pub(super) async fn segments(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, Refusal> {
    owned(&world, &caller, &id)?;
    Ok(Json(Vec::new()))
}

/// The points from `start_index` to `end_index`, both required.
fn part(params: &Params, track: &Track) -> Result<std::ops::Range<usize>, Refusal> {
    let required = |name| params.count(name)?.ok_or_else(|| Refusal::absent(name, "int"));
    let (start, end) = (required("start_index")?, required("end_index")?.min(track.len()));
    if start < end {
        Ok(start..end)
    } else {
        Err(Refusal::unprocessable("Invalid start_index and/or end_index"))
    }
}

/// `GET /activity/{id}/interval-stats`.
pub(super) async fn interval_stats(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Object>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let track = track(person, &done).ok_or_else(|| Refusal::unprocessable("Activity has no streams"))?;
    let at = part(&params, &track)?;
    Ok(Json(Teller::new(person, &done, &track).interval(at)))
}

/// `GET /activity/{id}/best-efforts`: so many without overlap, the best first.
pub(super) async fn best_efforts(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let name = params
        .get("stream")
        .ok_or_else(|| Refusal::absent("stream", "String"))?;
    let number = |name: &str| {
        let parse = |value: &str| {
            value
                .parse::<f64>()
                .map_err(|_| Refusal::mismatch(name, "java.lang.Float", value))
        };
        params.get(name).map(parse).transpose()
    };
    let (secs, metres) = (params.count("duration")?, number("distance")?);
    if secs.is_none() && metres.is_none() {
        return Err(Refusal::unprocessable("One of duration or distance is required"));
    }
    let count = params.count("count")?.unwrap_or(8);
    let Some(track) = track(person, &done) else {
        return Ok(Json(json!({"efforts": []})));
    };
    let values = match name {
        "watts" => numbers(track.watts.as_ref()),
        "heartrate" => numbers(track.heart.as_ref()),
        "cadence" => numbers(track.cadence.as_ref()),
        "velocity_smooth" => track.speed.clone().unwrap_or_default(),
        "ga_velocity" => track.graded.clone().unwrap_or_default(),
        _ => Vec::new(),
    };
    let least = number("minValue")?.unwrap_or(f64::MIN);
    let found: Vec<Value> = best_parts(&track, &values, secs, metres, count)
        .into_iter()
        .filter(|at| mean(&values[at.clone()]) >= least)
        .map(|at| {
            json!({
                "start_index": at.start, "end_index": at.end, "average": round(mean(&values[at.clone()]), 3),
                "duration": at.len(), "distance": metres,
            })
        })
        .collect();
    Ok(Json(json!({"efforts": found})))
}

/// The best parts of so many seconds, or so many metres, that do not overlap.
fn best_parts(
    track: &Track,
    values: &[f64],
    secs: Option<usize>,
    metres: Option<f64>,
    count: usize,
) -> Vec<std::ops::Range<usize>> {
    let mut sums = vec![0.0];
    for value in values {
        sums.push(sums.last().copied().unwrap_or(0.0) + value);
    }
    let distance = track.distance.as_deref().unwrap_or_default();
    let end_of = |start: usize| match (secs, metres) {
        (Some(secs), _) => Some(start + secs.max(1)),
        (None, Some(metres)) => {
            let before = start
                .checked_sub(1)
                .map_or(0.0, |n| distance.get(n).copied().unwrap_or(0.0));
            let after = distance.partition_point(|far| *far < before + metres);
            (after < distance.len()).then_some(after + 1)
        }
        (None, None) => None,
    };
    let mut all: Vec<(f64, std::ops::Range<usize>)> = (0..values.len())
        .filter_map(|start| {
            let end = end_of(start).filter(|end| *end <= values.len() && *end > start)?;
            Some(((sums[end] - sums[start]) / real(end - start), start..end))
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken: Vec<std::ops::Range<usize>> = Vec::new();
    for (_, at) in all {
        if taken.len() >= count {
            break;
        }
        if taken
            .iter()
            .all(|other| at.end <= other.start || other.end <= at.start)
        {
            taken.push(at);
        }
    }
    taken
}

/// `GET /activity/{id}/map`.
pub(super) async fn map(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let bounds: Option<Vec<f64>> = params
        .list("bounds")
        .map(|items| items.iter().filter_map(|item| item.parse().ok()).collect());
    if bounds.as_ref().is_some_and(|bounds| bounds.len() != 4) {
        return Err(Refusal::unprocessable(
            "Expected left, top, right, bottom for bounds",
        ));
    }
    let track = track(person, &done).filter(|_| types(person, &done).contains(&"latlng"));
    let Some(track) = track else {
        return Ok(Json(
            json!({"bounds": null, "latlngs": null, "route": null, "weather": null}),
        ));
    };
    let (lat, lng) = places(person, &done, track.distance.as_deref().unwrap_or_default());
    let edge = |values: &[f64], from, pick: fn(f64, f64) -> f64| values.iter().copied().fold(from, pick);
    let corners = [
        [edge(&lat, f64::MAX, f64::min), edge(&lng, f64::MAX, f64::min)],
        [edge(&lat, f64::MIN, f64::max), edge(&lng, f64::MIN, f64::max)],
    ];
    let inside = |point: &[f64; 2]| {
        bounds.as_ref().is_none_or(|bounds| {
            (bounds[0]..=bounds[2]).contains(&point[1]) && (bounds[3]..=bounds[1]).contains(&point[0])
        })
    };
    let points: Vec<[f64; 2]> = lat
        .into_iter()
        .zip(lng)
        .map(|(lat, lng)| [lat, lng])
        .filter(inside)
        .collect();
    let latlngs = if params.flag("boundsOnly") {
        Value::Null
    } else {
        json!(points)
    };
    Ok(Json(
        json!({"bounds": corners, "latlngs": latlngs, "route": null, "weather": null}),
    ))
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

/// What a curve of one activity has beside its values.
fn curve(person: &Person, done: &Done, bests: &[Best]) -> Value {
    let (start, end) = (
        done.start,
        done.start + chrono::Duration::seconds(i64::from(done.elapsed)),
    );
    let wire = |at: chrono::NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({
        "id": done.id, "label": done.session.name, "start_date_local": wire(start), "end_date_local": wire(end),
        "days": 1, "moving_time": done.secs, "training_load": done.load, "weight": person.weight,
        "values": bests.iter().map(|best| best.0).collect::<Vec<_>>(),
        "start_index": bests.iter().map(|best| best.1).collect::<Vec<_>>(),
        "activity_id": vec![&done.id; bests.len()],
    })
}

/// The index after the last of each best of power or heart rate.
fn ends(bests: &[Best]) -> Vec<usize> {
    let ends = bests
        .iter()
        .zip(SECS)
        .map(|(best, secs)| best.1 + index(f64::from(secs)));
    ends.collect()
}

fn power_curve_of(person: &Person, done: &Done, fatigue: Option<&str>) -> Value {
    let efforts = by_power(person, done);
    let (after, bests) = match fatigue {
        Some("kj0") => (AFTER_KJ[0], &efforts.tired[0]),
        Some("kj1") => (AFTER_KJ[1], &efforts.tired[1]),
        _ => (0, &efforts.fresh),
    };
    let mut object = curve(person, done, bests);
    let per_kg: Vec<f64> = bests
        .iter()
        .map(|best| round(f64::from(best.0) / person.weight, 3))
        .collect();
    object["after_kj"] = json!(after);
    object["secs"] = json!(SECS[..bests.len()]);
    object["end_index"] = json!(ends(bests));
    object["watts_per_kg"] = json!(per_kg);
    object["stream_type"] = json!("watts");
    object
}

/// `GET /activity/{id}/power-curve`.
pub(super) async fn power_curve(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    Ok(Json(power_curve_of(person, &done, params.get("fatigue"))))
}

/// `GET /activity/{id}/power-curves`.
pub(super) async fn power_curves(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let fatigue = params
        .list("fatigue")
        .unwrap_or_else(|| vec!["normal".to_owned()]);
    Ok(Json(
        fatigue
            .iter()
            .map(|one| power_curve_of(person, &done, Some(one)))
            .collect(),
    ))
}

/// `GET /activity/{id}/hr-curve`.
pub(super) async fn hr_curve(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let efforts = efforts(person, &done);
    let mut object = curve(person, &done, &efforts.heart);
    object["secs"] = json!(SECS[..efforts.heart.len()]);
    object["end_index"] = json!(ends(&efforts.heart));
    Ok(Json(object))
}

/// `GET /activity/{id}/pace-curve`.
pub(super) async fn pace_curve(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Json<Value>, Refusal> {
    let (person, done) = owned(&world, &caller, &id)?;
    let efforts = efforts(person, &done);
    let gap = params.flag("gap");
    let bests = if gap { &efforts.graded } else { &efforts.pace };
    let mut object = curve(person, &done, bests);
    let ends: Vec<usize> = bests
        .iter()
        .map(|best| best.1 + index(f64::from(best.0)))
        .collect();
    object["type"] = json!(if gap { "GAP" } else { "PACE" });
    object["distance"] = json!(METRES[..bests.len()]);
    object["end_index"] = json!(ends);
    Ok(Json(object))
}
