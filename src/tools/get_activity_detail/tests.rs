use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::samples::{HOSTILE, ana, detail, joe, object, odd, rows, stays_in_its_place, today};

fn asked(mut given: Value) -> Asked {
    given["id"] = json!("i188800101");
    Asked::read(object(given), today()).unwrap()
}

fn refusal(given: Value) -> String {
    Asked::read(object(given), today()).unwrap_err().to_string()
}

/// The activity without added parts.
fn alone(value: &Value) -> Found {
    Found {
        detail: detail(value),
        names: Vec::new(),
        streams: Part::NotAsked,
        histograms: Vec::new(),
        weather: Part::NotAsked,
        plan: Part::NotAsked,
        comments: Part::NotAsked,
    }
}

fn answer(card: &AthleteCard, given: Value, found: &Found) -> String {
    render(card, today(), &asked(given), found).text
}

fn lap(number: usize, kind: &str, from: u32, secs: u32, watts: u32) -> Value {
    json!({
        "id": number, "type": kind, "label": null, "group_id": (kind == "WORK").then_some("720s@224w89rpm"),
        "start_time": from, "end_time": from + secs, "start_index": from, "end_index": from + secs,
        "moving_time": secs, "elapsed_time": secs, "distance": f64::from(secs) * 8.0, "average_watts": watts,
        "weighted_average_watts": watts + 1, "max_watts": watts + 50, "average_watts_kg": f64::from(watts) / 64.2,
        "intensity": (f64::from(watts) / 2.46).round(), "zone": if watts > 200 { 4 } else { 1 }, "average_speed": 8.0,
        "gap": null, "average_heartrate": 135, "max_heartrate": 160, "average_cadence": 88.5, "training_load": 16.4,
        "total_elevation_gain": 32.5, "average_gradient": 0.0031, "wbal_end": 16_800, "joules": 160_812,
        "decoupling": null, "average_temp": 7.3,
    })
}

/// Sweet spot, three times twelve minutes, on the road.
fn ride() -> Value {
    let figures = json!({
        "id": "i188800101", "icu_athlete_id": "i424242", "start_date_local": "2026-11-18T17:32:05", "type": "Ride",
        "name": "Sweet spot 3x12", "description": "Legs good.\n\nWind on the way back", "source": "GARMIN_CONNECT",
        "device_name": "Garmin Edge 840", "power_meter": "FAVERO ASSIOMA", "moving_time": 4560, "elapsed_time": 4634,
        "icu_recording_time": 4560, "coasting_time": 12, "distance": 37_331.6, "icu_distance": 37_331.6,
        "total_elevation_gain": 73.9, "total_elevation_loss": 71.7, "average_speed": 8.187, "max_speed": 13.1,
        "icu_training_load": 79, "power_load": 79, "hr_load": 73, "pace_load": null, "icu_intensity": 78.86,
        "icu_average_watts": 182, "icu_weighted_avg_watts": 194, "icu_variability_index": 1.066, "icu_weight": 64.2,
        "icu_joules": 831_486, "icu_joules_above_ftp": 656, "icu_ftp": 246, "device_watts": true,
    });
    let more = json!({
        "average_heartrate": 145, "max_heartrate": 161, "icu_efficiency_factor": 1.338, "decoupling": -3.679,
        "average_cadence": 85.94, "calories": 873, "icu_rpe": 6, "feel": 2, "session_rpe": 456, "trimp": 98.41,
        "strain_score": 72.2, "polarization_index": 0.41, "carbs_used": 178, "compliance": 98.7,
        "paired_event_id": 130_000_451, "icu_ctl": 52.904, "icu_atl": 61.273, "icu_rolling_ftp": 239,
    });
    let rest = json!({
        "sub_type": "NONE", "race": false, "trainer": false, "commute": false, "tags": ["sweetspot"],
        "gear": {"id": "b1", "name": "Canyon Endurace", "distance": 8_123_456.0}, "average_weather_temp": 5.8,
        "average_feels_like": 3.2, "average_wind_speed": 3.4, "average_temp": 7.4, "has_weather": true,
        "icu_power_zones": [55, 75, 90, 105, 120, 150, 999], "icu_hr_zones": [138, 153, 160, 170, 175, 180, 188],
        "icu_sweet_spot_min": 84, "icu_sweet_spot_max": 97, "lthr": 171, "threshold_pace": null,
        "icu_zone_times": [{"id": "Z1", "secs": 822}, {"id": "Z2", "secs": 1460}, {"id": "Z3", "secs": 1103},
            {"id": "Z4", "secs": 1160}, {"id": "Z5", "secs": 15}, {"id": "Z6", "secs": 0}, {"id": "Z7", "secs": 0},
            {"id": "SS", "secs": 1645}],
        "icu_hr_zone_times": [1733, 884, 1932, 11, 0, 0, 0], "pace_zone_times": null,
        "stream_types": ["time", "watts", "heartrate"], "icu_lap_count": 7, "icu_intervals_edited": false,
        "lock_intervals": false, "analyzed": "2026-11-18T18:01:44.702+00:00",
        "icu_achievements": [{"type": "BEST_POWER", "watts": 203, "secs": 1200}],
        "icu_intervals": [lap(1, "RECOVERY", 0, 1200, 159), lap(2, "WORK", 1200, 720, 223),
            lap(3, "RECOVERY", 1920, 300, 135), lap(4, "WORK", 2220, 720, 226), lap(5, "RECOVERY", 2940, 300, 135),
            lap(6, "WORK", 3240, 720, 220), lap(7, "RECOVERY", 3960, 600, 129)],
        "icu_groups": [{"id": "720s@224w89rpm", "count": 3, "moving_time": 720, "distance": 6146.9,
            "average_watts": 223, "intensity": 91, "average_speed": 8.537, "average_heartrate": 156,
            "average_cadence": 88.53}],
    });
    merged([figures, more, rest])
}

/// One object of several: `json!` has a limit of keys.
fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let objects = parts.into_iter().map(|part| match part {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    });
    Value::Object(objects.flatten().collect())
}

/// An easy run with a lap per mile, by someone who uses miles.
fn run_in_miles() -> Value {
    let mile = |number: u32| {
        json!({"id": number, "type": "WORK", "start_time": (number - 1) * 520, "end_time": number * 520,
            "moving_time": 520, "elapsed_time": 520, "distance": 1610.0, "average_speed": 3.096, "gap": 3.12,
            "average_heartrate": 147, "max_heartrate": 159, "average_cadence": 84.6, "total_elevation_gain": 12.0,
            "average_gradient": 0.004})
    };
    json!({
        "id": "i188800077", "icu_athlete_id": "i424242", "start_date_local": "2026-11-16T08:04:31", "type": "TrailRun",
        "name": "Easy", "source": "COROS", "device_name": "COROS PACE 3", "moving_time": 1560, "elapsed_time": 1600,
        "distance": 4830.0, "total_elevation_gain": 64.0, "average_speed": 3.096, "pace": 3.096, "gap": 3.12,
        "icu_training_load": 52, "hr_load": 52, "pace_load": 50, "icu_intensity": 79.6, "average_heartrate": 147,
        "max_heartrate": 159, "average_cadence": 84.6, "threshold_pace": 3.787_879, "lthr": 171, "icu_rpe": 3,
        "pace_zones": [77.5, 87.7, 94.3, 100, 103.4, 111.5, 999], "use_gap_zone_times": true,
        "pace_zone_times": [912, 648, 0, 0, 0, 0, 0], "gap_zone_times": [900, 660, 0, 0, 0, 0, 0],
        "icu_hr_zones": [138, 153, 188], "icu_hr_zone_times": [210, 1350, 0], "compliance": 0, "race": true,
        "sub_type": "RACE", "average_weather_temp": 10.0, "icu_lap_count": 3, "analyzed": "2026-11-16T09:00:00Z",
        "icu_intervals": [mile(1), mile(2), mile(3)], "icu_groups": null,
    })
}

/// Two hundreds and a rest in a pool of 25 yards.
fn swim() -> Value {
    json!({
        "id": "i3", "icu_athlete_id": "i424242", "start_date_local": "2026-11-17T06:30:00", "type": "Swim",
        "name": "CSS", "source": "GARMIN_CONNECT", "moving_time": 180, "elapsed_time": 210, "distance": 182.88,
        "average_speed": 1.016, "average_cadence": 28.0, "pool_length": 22.86, "lengths": 8, "threshold_pace": 0.98,
        "average_heartrate": 0, "feel": 0, "icu_training_load": 0, "icu_lap_count": 3,
        "analyzed": "2026-11-17T07:00:00Z", "icu_intervals": [
            {"type": "WORK", "start_time": 0, "end_time": 90, "moving_time": 90, "distance": 91.44, "average_speed": 1.016,
             "average_cadence": 28.0},
            {"type": "RECOVERY", "start_time": 90, "end_time": 120, "moving_time": 0, "elapsed_time": 30, "distance": 0.0,
             "average_speed": 0.0},
            {"type": "WORK", "start_time": 120, "end_time": 210, "moving_time": 90, "distance": 91.44,
             "average_speed": 1.016}],
    })
}

/// Forty minutes at one sample per second, with a pause of five minutes in the middle; the second half is faster.
fn recording() -> Vec<Stream> {
    let seconds = || (0..1200_u32).chain(1500..2700);
    let metres = seconds().scan(0.0, |far, s| {
        *far += if s < 1200 { 2.9 } else { 3.2 };
        Some(*far)
    });
    let data = |kind: &str, data: Vec<Option<f64>>| Stream {
        kind: Some(kind.to_owned()),
        data,
    };
    vec![
        data("time", seconds().map(|s| Some(f64::from(s))).collect()),
        data(
            "heartrate",
            seconds().map(|s| (s > 60).then_some(148.0)).collect(),
        ),
        data("cadence", seconds().map(|_| Some(86.0)).collect()),
        data(
            "velocity_smooth",
            seconds()
                .map(|s| Some(if s < 1200 { 2.9 } else { 3.2 }))
                .collect(),
        ),
        data("distance", metres.map(Some).collect()),
        data(
            "altitude",
            seconds().map(|s| Some(100.0 + f64::from(s) * 0.02)).collect(),
        ),
    ]
}

#[test]
fn reads_as_a_person_would_want_it() {
    let found = alone(&ride());
    insta::assert_snapshot!("ride", answer(&ana(), json!({}), &found));
    insta::assert_snapshot!("ride_full", answer(&ana(), json!({"detail": "full"}), &found));
    insta::assert_snapshot!("run_in_miles", answer(&joe(), json!({}), &alone(&run_in_miles())));
    insta::assert_snapshot!("swim", answer(&ana(), json!({}), &alone(&swim())));
}

#[test]
fn included_parts_follow() {
    let found = Found {
        streams: Part::Got(recording()),
        histograms: vec![
            (
                Histogram::Power,
                Part::Got(rows(json!([{"min": 0, "max": 24, "secs": 0}, {"min": 100, "max": 124, "secs": 421},
                    {"min": 125, "max": 149, "secs": 0}, {"start": 150, "max": 174, "secs": 970}, {"min": 175, "secs": 0}]))),
            ),
            (Histogram::Pace, Part::Got(rows(json!([{"min": 2.5, "max": 3.0, "secs": 600}])))),
            (Histogram::HeartRate, Part::Missing("HR histogram: no heart rate recorded.".to_owned())),
        ],
        weather: Part::Got(
            serde_json::from_value(json!({"average_weather_temp": 5.8, "min_weather_temp": 5.1, "max_weather_temp": 6.4,
                "average_feels_like": 3.2, "average_wind_speed": 3.4, "average_wind_gust": 6.1,
                "prevailing_wind_deg": 210, "headwind_percent": 31.2, "tailwind_percent": 28.8, "average_clouds": 74,
                "max_rain": 0.0, "description": "Cool\nand dry"}))
            .unwrap(),
        ),
        plan: Part::Got(
            serde_json::from_value(json!({"id": 130_000_451, "start_date_local": "2026-11-18T00:00:00", "type": "Run",
                "name": "Long run", "moving_time": 2400, "icu_training_load": 45, "icu_intensity": 78,
                "description": "Warmup\n- 10m Z1 HR\n\n- 30m Z2 HR"}))
            .unwrap(),
        ),
        comments: Part::Got(rows(json!([
            {"athlete_id": "i424242", "created": "2026-11-18T18:30:12Z", "content": "Last rep felt strong"},
            {"athlete_id": "i7", "created": "2026-11-18T23:30:00Z", "content": HOSTILE},
            {"athlete_id": "i7", "created": null, "content": "", "attachment_url": "https://secret.example/x"},
            {"athlete_id": "i7", "content": null},
        ]))),
        detail: detail(&run_in_miles()),
        names: Vec::new(),
    };
    let given = json!({"include": ["streams", "splits", "weather"], "points": 20});
    let text = answer(&ana(), given, &found);
    insta::assert_snapshot!("included", text);
    assert!(!text.contains("secret.example"));
    stays_in_its_place(&text);
}

#[test]
fn a_window_narrows_laps_and_streams_and_says_so() {
    let mut found = alone(&ride());
    found.streams = Part::Got(recording());
    let given = json!({"include": "streams", "from": "0:20:00", "to": 40, "points": 240});
    let text = answer(&ana(), given, &found);
    assert!(
        text.contains("Laps 7: ") && text.contains("Shown from 0:20:00 to 0:40:00: 3 of 7 laps"),
        "{text}"
    );
    assert!(
        !text.contains("\n1\trecovery") && text.contains("\n2\twork") && !text.contains("\n6\twork"),
        "{text}"
    );
    assert!(
        text.contains("Streams from 0:20:00 to 0:40:00, averages of each 0:00:05"),
        "{text}"
    );
    let late = answer(&ana(), json!({"include": "streams", "from": 600}), &found);
    assert!(
        late.contains(
            "Streams: nothing was recorded from 10:00:00 to the end; the recording ends at 0:44:59."
        ),
        "{late}"
    );
    assert!(refusal(json!({"id": "i1", "from": 20, "to": 20})).contains("to must be after from"));
}

#[test]
fn many_laps_are_cut_with_the_next_call_named() {
    let mut value = ride();
    let laps: Vec<Value> = (0..90_u32)
        .map(|n| lap(1, "WORK", n * 60, 60, 200 + n % 3))
        .collect();
    value["icu_intervals"] = json!(laps);
    let found = alone(&value);
    let text = answer(&ana(), json!({}), &found);
    assert_eq!(text.matches("\twork\tA\t").count(), 40, "{text}");
    assert!(
        text.contains("Laps 90: found by intervals.icu; the device recorded 7 laps"),
        "{text}"
    );
    assert!(
        text.contains("A: 90× ") && text.contains("… 50 more laps: use from=0:40:00"),
        "{text}"
    );
    let rest = answer(&ana(), json!({"from": "0:40:00", "detail": "full"}), &found);
    assert_eq!(rest.matches("\twork\tA\t").count(), 50, "{rest}");
    assert!(
        rest.contains("\n41\twork\tA\t0:40:00") && !rest.contains("more laps"),
        "{rest}"
    );
}

#[test]
fn without_laps_the_answer_says_why() {
    let laps = |value: Value| {
        let text = answer(&ana(), json!({}), &alone(&value));
        text.lines()
            .find(|line| line.starts_with("Laps"))
            .unwrap()
            .to_owned()
    };
    assert!(laps(json!({"source": "GARMIN_CONNECT"})).contains("not analysed this activity yet"));
    assert_eq!(
        laps(json!({"source": "MANUAL"})),
        "Laps: none; the activity was entered by hand."
    );
    assert_eq!(
        laps(json!({"analyzed": "2026-11-16T09:00:00Z", "icu_intervals": []})),
        "Laps: none."
    );
    assert!(
        laps(json!({"analyzed": "2026-11-16T09:00:00Z", "interval_summary": ["3x 12m 223w"]}))
            .contains("3x 12m 223w")
    );
    let mut edited = ride();
    edited["icu_intervals_edited"] = json!(true);
    edited["lock_intervals"] = json!(true);
    assert_eq!(
        laps(edited),
        "Laps 7: edited by hand at intervals.icu, locked by the athlete"
    );
}

#[test]
fn an_activity_from_strava_says_so_and_shows_nothing_else() {
    let stub = json!({"id": "19900112233", "icu_athlete_id": "i424242", "start_date_local": "2026-11-15T09:12:40",
        "source": "STRAVA", "_note": "closed"});
    let stub = detail(&stub);
    assert!(one_activity::stub(&ana(), today(), &detail(&ride())).is_none());
    assert_eq!(
        one_activity::stub(&ana(), today(), &stub).unwrap().text,
        "Ana Berger · 2026-11-15 Sun 09:12 · 19900112233 · Europe/Berlin, today 2026-11-21 Sat\n\
         This activity came from Strava, whose terms close it to the API: intervals.icu shows only when it began. The \
         athlete can connect the device's own service (Garmin, Wahoo, COROS …) to intervals.icu to see future activities."
    );
}

#[test]
fn at_most_three_parts_and_only_good_ids() {
    let parts = |include: Value| {
        let Value::Object(given) = json!({"id": "i1", "include": include}) else {
            panic!("not an object")
        };
        Asked::read(given, today()).map(|asked| asked.channels())
    };
    assert_eq!(parts(json!([])).unwrap(), None);
    assert_eq!(parts(json!(["splits"])).unwrap(), Some(SPLITS));
    assert_eq!(
        parts(json!(["streams", "splits", "weather", "comments"])).unwrap(),
        Some(STREAMS)
    );
    assert_eq!(parts(json!("weather, weather, plan, comments")).unwrap(), None);
    assert!(parts(json!(["streams", "weather", "plan", "comments"])).is_err());
    assert!(
        parts(json!([
            "power_histogram",
            "hr_histogram",
            "pace_histogram",
            "splits"
        ]))
        .is_err()
    );
    for bad in [
        json!({}),
        json!({"id": "latest"}),
        json!({"id": "i1/../i2"}),
        json!({"id": null}),
    ] {
        assert!(refusal(bad).contains("get_training_history"));
    }
}

#[test]
fn a_missing_recording_is_not_requested() {
    let manual = detail(&json!({"source": "MANUAL", "stream_types": null}));
    assert!(lacks(&manual, &["time"]));
    let unknown = detail(&json!({"source": "GARMIN_CONNECT", "stream_types": null}));
    assert!(!lacks(&unknown, &["time"]));
    let known = detail(&json!({"stream_types": ["time", "heartrate"]}));
    assert!(lacks(&known, &["watts"]) && !lacks(&known, &["heartrate"]));
}

#[test]
fn names_and_notes_stay_in_their_place() {
    let value = json!({
        "id": "i1", "type": HOSTILE, "name": HOSTILE, "description": HOSTILE.repeat(2000), "device_name": HOSTILE,
        "sub_type": HOSTILE, "tags": [HOSTILE, ""], "gear": {"name": HOSTILE}, "power_meter": HOSTILE,
        "interval_summary": [HOSTILE], "icu_groups": [{"id": HOSTILE, "count": 2}],
        "icu_intervals": [{"type": HOSTILE, "label": HOSTILE, "group_id": HOSTILE}, {"group_id": HOSTILE}],
    });
    for how in ["concise", "full"] {
        let text = answer(&ana(), json!({"detail": how}), &alone(&value));
        stays_in_its_place(&text);
        assert!(text.len() < 8_000, "{}", text.len());
    }
}

#[test]
fn an_empty_object_is_an_answer() {
    let text = answer(&ana(), json!({"detail": "full"}), &alone(&json!({})));
    assert_eq!(
        text,
        "Ana Berger · Europe/Berlin, today 2026-11-21 Sat\n\
         not recorded: time, heart rate, load, RPE, feel\n\
         Laps: intervals.icu has not analysed this activity yet; try again in a few minutes."
    );
}

#[test]
fn zones_without_end_are_cut() {
    let found = alone(&json!({"icu_hr_zone_times": vec![60; 200_000]}));
    let text = answer(&ana(), json!({}), &found);
    assert!(text.contains("Z20\t") && !text.contains("Z21"), "{text:.2000}");
}

proptest! {
    /// Whatever a field contains, there is an answer, and each figure in it is a number.
    #[test]
    fn no_value_breaks_the_answer(at in 0_usize..200, inner in 0_usize..40, value in odd(), other in odd(), imperial in any::<bool>()) {
        for mut activity in [ride(), run_in_miles(), swim()] {
            let keys: Vec<String> = activity.as_object().unwrap().keys().cloned().collect();
            let key = &keys[at % keys.len()];
            if key == "icu_intervals" && inner > 4 {
                let lap = activity["icu_intervals"][1].as_object_mut().unwrap();
                let key = lap.keys().nth(inner % lap.len()).cloned().unwrap();
                lap.insert(key, other.clone());
            } else {
                activity[key] = value.clone();
            }
            let card = if imperial { joe() } else { ana() };
            let text = answer(&card, json!({"detail": "full"}), &alone(&activity));
            let no_figure = text.contains("NaN") || text.contains("inf ");
            prop_assert!(!no_figure, "{}", text);
            prop_assert!(text.len() < 12_000);
        }
    }
}
