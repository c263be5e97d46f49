//! The weather that an outdoor activity met, as upstream adds it.
//!
//! The device's temperatures are with the activity; no place's climate is modelled.

use serde_json::{Map, Value, json};

use super::{
    dice::{round, whole},
    people::Person,
    schema::{WEATHER_SUMMARY, fill, made},
    terrain::has_place,
    track::{Track, throw},
    training::{Done, Source},
};

/// What the sky did.
struct Sky {
    celsius: f64,
    feels: f64,
    /// m/s.
    wind: f64,
    gust: f64,
    /// Degrees from which it blows.
    from: u32,
    /// %.
    head: f64,
    tail: f64,
    clouds: u32,
    /// mm in an hour.
    rain: f64,
    snow: f64,
}

/// Whether upstream looked up the weather.
pub(super) fn has_weather(person: &Person, done: &Done) -> bool {
    done.temperature.is_some()
        && has_place(done)
        && !matches!(done.source, Source::Zwift | Source::Strava | Source::Manual)
        && !throw(person, done, "no weather").chance(0.06)
}

fn sky(person: &Person, done: &Done) -> Sky {
    let throw = |question: &str| throw(person, done, question);
    let celsius = done.temperature.unwrap_or_default() - throw("shade").between(0.3, 1.8);
    let wind = throw("wind").between(0.4, 8.5);
    let head = throw("head").between(18.0, 48.0);
    let wet = throw("rain?").chance(0.22);
    let fall = if wet { throw("rain").between(0.1, 4.5) } else { 0.0 };
    let (rain, snow) = if celsius < 0.5 { (0.0, fall) } else { (fall, 0.0) };
    Sky {
        celsius: round(celsius, 2),
        feels: round(celsius - 0.35 * wind, 2),
        wind: round(wind, 2),
        gust: round(wind * throw("gust").between(1.3, 2.1), 2),
        from: whole(throw("from").between(0.0, 359.0)),
        head: round(head, 1),
        tail: round(throw("tail").between(15.0, 92.0 - head), 1),
        clouds: whole(throw("clouds").between(if wet { 60.0 } else { 0.0 }, 100.0)),
        rain: round(rain, 2),
        snow: round(snow, 2),
    }
}

/// What the full object of an activity says about the weather.
pub(super) fn tell(person: &Person, done: &Done, object: &mut Map<String, Value>) {
    if !has_weather(person, done) {
        return;
    }
    let sky = sky(person, done);
    fill(
        object,
        json!({
            "has_weather": true, "average_weather_temp": sky.celsius, "min_weather_temp": round(sky.celsius - 0.8, 2),
            "max_weather_temp": round(sky.celsius + 0.9, 2), "average_feels_like": sky.feels,
            "min_feels_like": round(sky.feels - 1.1, 2), "max_feels_like": round(sky.feels + 0.8, 2),
            "average_wind_speed": sky.wind, "average_wind_gust": sky.gust, "prevailing_wind_deg": sky.from,
            "headwind_percent": sky.head, "tailwind_percent": sky.tail, "average_clouds": sky.clouds,
            "max_rain": sky.rain, "max_snow": sky.snow,
        }),
    );
}

/// `GET /activity/{id}/weather-summary` of the points from `start` to `end`; everything null without weather.
pub(super) fn summary(
    person: &Person,
    done: &Done,
    track: &Track,
    start: usize,
    end: usize,
) -> Map<String, Value> {
    let time = |n: usize| track.time.get(n).copied().unwrap_or_default();
    let mut object = made(
        WEATHER_SUMMARY,
        json!({
            "start_index": start, "end_index": end, "start_secs": time(start),
            "end_secs": end.checked_sub(1).map_or(0, time), "moving_time": end.saturating_sub(start),
            "whole_activity": start == 0 && end == track.len(), "average_temp": done.temperature,
        }),
    );
    if !has_weather(person, done) {
        return object;
    }
    let sky = sky(person, done);
    let mut fields = Map::new();
    tell(person, done, &mut fields);
    for (name, value) in fields {
        if object.contains_key(&name) {
            object.insert(name, value);
        }
    }
    // Eight directions, the wind from around one of them.
    let rose = |speed: f64| {
        let main = usize::try_from(sky.from / 45 % 8).unwrap_or_default();
        let minutes = end.saturating_sub(start) / 60;
        let of = |n: usize| if n == main { 1.0 } else { 0.0 };
        let speeds: Vec<f64> = (0..8).map(|n| round(speed * of(n), 2)).collect();
        let counts: Vec<usize> = (0..8).map(|n| if n == main { minutes } else { 0 }).collect();
        json!({"avg_speed": speeds, "count": counts})
    };
    fill(
        &mut object,
        json!({
            "wind_speed": rose(sky.wind), "wind_gust": rose(sky.gust), "min_wind_speed": round(sky.wind * 0.7, 2),
            "max_wind_speed": round(sky.wind * 1.25, 2), "min_wind_gust": round(sky.gust * 0.8, 2),
            "max_wind_gust": round(sky.gust * 1.1, 2), "max_showers": 0.0,
            "description": if sky.snow > 0.0 {
                "Snow"
            } else if sky.rain > 0.0 {
                "Rain"
            } else if sky.clouds > 60 {
                "Cloudy"
            } else {
                "Clear"
            },
        }),
    );
    object
}
