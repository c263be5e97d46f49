//! What upstream says about one activity: streams, histograms, weather, comments.
//!
//! Choosing and shaping only; the numbers are made in `track`, `streams` and `weather`.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    comments::comments,
    refusal::Refusal,
    schema::number,
    streams::{csv, histogram, types, wire},
    track::{Track, real, track},
    weather,
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

/// The requested streams, in upstream's order. Without `types` all, and the power meter's own as `raw_watts`.
fn chosen(ask: &Ask) -> Result<Vec<Value>, Refusal> {
    let done = ask.open()?;
    let Some(track) = track(ask.person, &done) else {
        return Ok(Vec::new());
    };
    let asked = ask.params.list("types");
    let wanted = |name: &&str| match &asked {
        None => true,
        Some(asked) => {
            asked
                .iter()
                .any(|other| other == name || (other == "fixed_watts" && *name == "watts"))
                || (ask.params.flag("includeDefaults") && DEFAULTS.contains(name))
        }
    };
    let names = types(ask.person, &done).into_iter().filter(wanted);
    Ok(names
        .filter_map(|name| wire(ask.person, &done, &track, name))
        .collect())
}

/// `GET /activity/{id}/streams.json`.
pub(super) fn streams(ask: &Ask) -> Answer<Vec<Value>> {
    Ok(Json(chosen(ask)?))
}

/// `GET /activity/{id}/streams.csv`.
pub(super) fn streams_csv(ask: &Ask) -> Result<Response, Refusal> {
    let text = csv(&chosen(ask)?);
    Ok(([(header::CONTENT_TYPE, "text/csv")], text).into_response())
}

/// Whole numbers, one a second.
fn numbers(values: Option<&Vec<u32>>) -> Vec<f64> {
    values.into_iter().flatten().copied().map(f64::from).collect()
}

/// Histogram of whole numbers by `bucketSize`, or upstream's default; none without a recording.
fn counts(ask: &Ask, usual: f64, of: fn(&Track) -> Option<&Vec<u32>>) -> Answer<Vec<Value>> {
    let size = ask.params.count("bucketSize")?.filter(|size| *size > 0);
    let done = ask.open()?;
    let track = track(ask.person, &done);
    let values = numbers(track.as_deref().and_then(of));
    Ok(Json(histogram(&values, size.map_or(usual, real), 1.0)))
}

/// `GET /activity/{id}/power-histogram`, W.
pub(super) fn power_histogram(ask: &Ask) -> Answer<Vec<Value>> {
    counts(ask, 25.0, |track| track.watts.as_ref())
}

/// `GET /activity/{id}/hr-histogram`, bpm.
pub(super) fn hr_histogram(ask: &Ask) -> Answer<Vec<Value>> {
    counts(ask, 5.0, |track| track.heart.as_ref())
}

/// `GET /activity/{id}/pace-histogram`, by 0.1 m/s; a ride has no pace.
pub(super) fn pace_histogram(ask: &Ask) -> Answer<Vec<Value>> {
    let done = ask.open()?;
    let track = track(ask.person, &done).filter(|_| !done.sport.ends_with("Ride"));
    let speeds = track.as_ref().and_then(|track| track.speed.as_deref());
    Ok(Json(histogram(speeds.unwrap_or_default(), 0.1, 0.001)))
}

/// `GET /activity/{id}/weather-summary`.
pub(super) fn weather_summary(ask: &Ask) -> Answer<Object> {
    let done = ask.open()?;
    let track = track(ask.person, &done).ok_or_else(|| Refusal::unprocessable("Activity has no streams"))?;
    let start = ask.params.count("start_index")?.unwrap_or_default();
    let end = ask.params.count("end_index")?.filter(|end| *end > 0);
    let end = end.unwrap_or(track.len()).min(track.len());
    Ok(Json(weather::summary(ask.person, &done, &track, start, end)))
}

/// `GET /activity/{id}/messages`, oldest first.
pub(super) fn messages(ask: &Ask) -> Answer<Vec<Object>> {
    let done = ask.open()?;
    let since = ask.params.count("sinceId")?.unwrap_or_default();
    let limit = ask.params.count("limit")?.unwrap_or(100);
    let after = |message: &Object| number(message, "id") > Some(real(since));
    let all = comments(ask.person, &done).into_iter();
    Ok(Json(all.filter(after).take(limit).collect()))
}
