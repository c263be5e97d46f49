//! The streams of an activity on the wire: what its device recorded, with the holes and errors of real devices, and what
//! upstream derives from it.
//!
//! Values that belong to the activity's own numbers come from `track`.

use serde_json::{Value, json};

use super::{
    dice::{round, whole},
    people::Person,
    terrain::{has_place, places},
    track::{Noise, Track, index, real, throw},
    training::Done,
};

/// A channel of a device worn by some on some days.
#[derive(Debug)]
pub(super) struct Extra {
    pub(super) values: Vec<Option<f64>>,
}

/// Names of the streams in upstream's order.
pub(super) fn types(person: &Person, done: &Done) -> Vec<&'static str> {
    if !super::track::is_recorded(done) {
        return Vec::new();
    }
    let moves = done.distance.is_some();
    let mut names = vec!["time"];
    let plain = [
        (done.power.is_some(), "watts"),
        (spike(person, done).is_some(), "raw_watts"),
        (done.cadence.is_some(), "cadence"),
        (done.heart.is_some(), "heartrate"),
        (moves, "distance"),
        (moves && done.climb.is_some(), "altitude"),
        (is_corrected(person, done), "fixed_altitude"),
        (has_place(done), "latlng"),
        (moves, "velocity_smooth"),
        (moves && done.sport.ends_with("Run"), "ga_velocity"),
        (done.temperature.is_some(), "temp"),
        (done.power.is_some(), "w_bal"),
    ];
    names.extend(
        plain
            .into_iter()
            .filter(|(there, _)| *there)
            .map(|(_, name)| name),
    );
    names.extend(extra_names(person, done));
    names
}

/// Whether upstream added heights from its own map to the barometer's.
fn is_corrected(person: &Person, done: &Done) -> bool {
    done.climb.is_some()
        && has_place(done)
        && !done.session.indoor
        && throw(person, done, "corrected").chance(0.3)
}

/// Where the power meter went wild, if anywhere.
fn spike(person: &Person, done: &Done) -> Option<usize> {
    let there = done.power.is_some() && done.secs > 1200 && throw(person, done, "spike?").chance(0.07);
    let share = throw(person, done, "spike").between(0.15, 0.85);
    there.then(|| index(f64::from(done.secs) * share))
}

/// Which channels beyond the usual the device had.
fn extra_names(person: &Person, done: &Done) -> Vec<&'static str> {
    let worn = |question: &str, likely: f64| throw(person, done, question).chance(likely);
    let mut names = Vec::new();
    if done.sport.ends_with("Run") && done.distance.is_some() {
        names.extend([
            "stance_time",
            "stance_time_balance",
            "vertical_oscillation",
            "vertical_ratio",
            "step_length",
        ]);
    }
    if done.heart.is_some() && done.distance.is_some() && worn("alpha", 0.35) {
        names.extend(["dfa_a1", "respiration"]);
    }
    if done.heart.is_some() && done.temperature.is_some() && worn("core", 0.25) {
        names.extend(["core_temperature", "skin_temperature"]);
    }
    if done.power.is_some() && done.cadence.is_some() && worn("pedals", 0.5) {
        names.extend(["torque", "left_right_balance"]);
    }
    names
}

/// Those channels.
pub(super) fn extras(person: &Person, done: &Done, track: &Track) -> Vec<(&'static str, Extra)> {
    let names = extra_names(person, done).into_iter();
    names
        .map(|name| (name, extra(person, done, track, name)))
        .collect()
}

fn extra(person: &Person, done: &Done, track: &Track, name: &str) -> Extra {
    let count = track.len();
    let mut noise = Noise::of(person, done, name);
    let slow = noise.smooth(count, 41);
    let usual_speed = done.distance.map_or(1.0, |metres| metres / real(count.max(1)));
    let at = |n: usize| {
        let fast = track.speed.as_ref().map_or(1.0, |speed| speed[n]) / usual_speed.max(0.1);
        let speed = track.speed.as_ref().map_or(0.0, |speed| speed[n]);
        let rpm = track.cadence.as_ref().map_or(0.0, |rpm| f64::from(rpm[n]));
        let bpm = track.heart.as_ref().map_or(0.0, |heart| f64::from(heart[n]));
        let reserve = (bpm - f64::from(person.resting_hr)) / f64::from(person.max_hr - person.resting_hr);
        let wobble = slow[n];
        let warm = 1.0 - (-real(n) / 1500.0).exp();
        match name {
            "stance_time" => Some(round(262.0 / fast.max(0.3).powf(0.6) + 4.0 * wobble, 1)),
            "stance_time_balance" => Some(round(49.8 + 0.6 * wobble, 2)),
            "vertical_oscillation" => Some(round(86.0 * fast.max(0.3).powf(0.15) + 3.0 * wobble, 1)),
            "vertical_ratio" => Some(round(8.4 / fast.max(0.3).powf(0.4) + 0.3 * wobble, 2)),
            "step_length" => (rpm > 0.0).then(|| round(speed * 30_000.0 / rpm, 0)),
            // None before the first window of beats is full.
            "dfa_a1" => (n >= 120).then(|| round((1.55 - 1.15 * reserve + 0.12 * wobble).clamp(0.2, 1.7), 2)),
            "respiration" => Some(round(14.0 + 26.0 * reserve.max(0.0) + 2.0 * wobble, 1)),
            "core_temperature" => Some(round(37.0 + (0.7 + 0.9 * reserve) * warm + 0.04 * wobble, 2)),
            "skin_temperature" => Some(round(32.6 + 1.2 * warm + 0.25 * wobble, 2)),
            "torque" => {
                let watts = track.watts.as_ref().map_or(0.0, |watts| f64::from(watts[n]));
                (rpm > 0.0).then(|| round(watts / (rpm * std::f64::consts::TAU / 60.0), 1))
            }
            // The right leg's share.
            "left_right_balance" => (rpm > 0.0).then(|| round(49.2 + 1.5 * wobble, 1)),
            _ => None,
        }
    };
    Extra {
        values: (0..count).map(at).collect(),
    }
}

/// Where the strap lost the heart: the first seconds, and on some days a whole minute.
fn deaf(person: &Person, done: &Done, count: usize) -> impl Fn(usize) -> bool {
    let lost = throw(person, done, "strap off?").chance(0.12);
    let from = index(real(count) * throw(person, done, "strap off").between(0.3, 0.7));
    let length = index(throw(person, done, "strap off for").between(15.0, 60.0));
    move |n| n < 2 || (lost && (from..from + length).contains(&n))
}

fn stream(name: &str, data: impl serde::Serialize, integer: bool) -> Value {
    json!({
        "type": name, "name": null, "data": data, "data2": null, "valueType": if integer { "INTEGER" } else { "FLOAT" },
        "valueTypeIsArray": false, "anomalies": null, "custom": false, "allNull": false,
    })
}

/// One stream; none if the activity has none with that name.
pub(super) fn wire(person: &Person, done: &Done, track: &Track, name: &str) -> Option<Value> {
    let count = track.len();
    let whole_numbers = |values: &Option<Vec<u32>>, hidden: &dyn Fn(usize) -> bool| {
        let values = values.as_ref()?;
        let data: Vec<Option<u32>> = values
            .iter()
            .enumerate()
            .map(|(n, value)| (!hidden(n)).then_some(*value))
            .collect();
        Some(stream(name, data, true))
    };
    let floats = |values: &Option<Vec<f64>>| values.as_ref().map(|values| stream(name, values, false));
    match name {
        "time" => Some(stream(name, &track.time, true)),
        "watts" => {
            let mut watts = whole_numbers(&track.watts, &|n| n == 0)?;
            if let Some(at) = spike(person, done) {
                watts["anomalies"] =
                    json!([{"start_index": at, "end_index": at + 3, "value": 1650, "valueEnd": 1710}]);
            }
            Some(watts)
        }
        "raw_watts" => {
            let at = spike(person, done)?;
            let mut watts = track.watts.clone()?;
            for (n, value) in watts.iter_mut().skip(at).take(3).enumerate() {
                *value = 1650 + 30 * u32::try_from(n).unwrap_or_default();
            }
            whole_numbers(&Some(watts), &|n| n == 0)
        }
        "cadence" => whole_numbers(&track.cadence, &|n| n == 0),
        "heartrate" => whole_numbers(&track.heart, &deaf(person, done, count)),
        "distance" => floats(&track.distance),
        "velocity_smooth" => floats(&track.speed),
        "ga_velocity" => floats(&track.graded),
        "altitude" => floats(&track.altitude),
        "fixed_altitude" if is_corrected(person, done) => {
            let wander = Noise::of(person, done, "map heights").smooth(count, 301);
            let heights = track.altitude.as_ref()?.iter().zip(wander);
            let data: Vec<f64> = heights
                .map(|(high, wander)| round(high + 3.0 + 1.5 * wander, 1))
                .collect();
            Some(stream(name, data, false))
        }
        "latlng" if has_place(done) => {
            let (latitudes, longitudes) = places(person, done, track.distance.as_deref().unwrap_or_default());
            let blind = blind(person, done, count);
            let seen = |values: Vec<f64>| -> Vec<Option<f64>> {
                values
                    .into_iter()
                    .enumerate()
                    .map(|(n, value)| (!blind(n)).then_some(value))
                    .collect()
            };
            let mut stream = stream(name, seen(latitudes), false);
            stream["data2"] = json!(seen(longitudes));
            Some(stream)
        }
        "temp" => {
            let celsius = done.temperature?;
            let wander = Noise::of(person, done, "temp").smooth(count, 601);
            let data: Vec<f64> = wander
                .iter()
                .map(|wander| round(celsius + 1.4 * wander, 0))
                .collect();
            Some(stream(name, data, true))
        }
        "w_bal" => {
            let left = track.balance(f64::from(done.power?.ftp) - 10.0)?;
            let data: Vec<f64> = left.into_iter().map(|left| round(left, 0)).collect();
            Some(stream(name, data, true))
        }
        _ => {
            let name = extra_names(person, done)
                .into_iter()
                .find(|other| *other == name)?;
            Some(stream(
                name,
                json!(extra(person, done, track, name).values),
                false,
            ))
        }
    }
}

/// Where there was no satellite: the first seconds, and on some days a tunnel.
fn blind(person: &Person, done: &Done, count: usize) -> impl Fn(usize) -> bool {
    let tunnel = !done.session.indoor && throw(person, done, "tunnel?").chance(0.15);
    let from = index(real(count) * throw(person, done, "tunnel").between(0.2, 0.8));
    move |n| n < 4 || (tunnel && (from..from + 45).contains(&n))
}

/// Comma-separated columns, one row a point; empty for null.
pub(super) fn csv(streams: &[Value]) -> String {
    let mut columns: Vec<(String, &[Value])> = Vec::new();
    for stream in streams {
        let name = stream["type"].as_str().unwrap_or_default();
        let data = |key: &str| stream[key].as_array().map(Vec::as_slice);
        match (data("data"), data("data2")) {
            (Some(lat), Some(lng)) => columns.extend([("lat".to_owned(), lat), ("lng".to_owned(), lng)]),
            (Some(values), None) => columns.push((name.to_owned(), values)),
            (None, _) => {}
        }
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = names.join(",");
    text.push('\n');
    let rows = columns
        .iter()
        .map(|(_, values)| values.len())
        .max()
        .unwrap_or_default();
    for n in 0..rows {
        let cell = |values: &&[Value]| match values.get(n) {
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        let cells: Vec<String> = columns.iter().map(|(_, values)| cell(values)).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// Seconds in buckets of `width` from `values`, as upstream's histograms have them: bounds inclusive, none empty at
/// the ends.
pub(super) fn histogram(values: &[f64], width: f64, unit: f64) -> Vec<Value> {
    let bucket = |value: &f64| index((value / width + 1e-9).floor());
    let Some(first) = values.iter().map(bucket).min() else {
        return Vec::new();
    };
    let last = values.iter().map(bucket).max().unwrap_or(first);
    let mut counts = vec![0_u32; last - first + 1];
    for value in values {
        counts[bucket(value) - first] += 1;
    }
    let bound = |value: f64| {
        if unit >= 1.0 {
            json!(whole(value))
        } else {
            json!(round(value, 3))
        }
    };
    counts
        .into_iter()
        .enumerate()
        .map(|(n, secs)| {
            let min = width * real(first + n);
            json!({"min": bound(min), "max": bound(min + width - unit), "secs": secs})
        })
        .collect()
}
