use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::samples::{HOSTILE, ana, detail, joe, object, stays_in_its_place, today};

fn asked(given: Value) -> Result<Asked, ToolError> {
    Asked::read(object(given), today())
}

fn answer(card: &AthleteCard, mut given: Value, activity: &Value, streams: &Part<Vec<Stream>>) -> String {
    given["id"] = json!("i1");
    render(card, today(), &asked(given).unwrap(), &detail(activity), streams).text
}

fn ride() -> Value {
    json!({"id": "i1", "icu_athlete_id": "i424242", "start_date_local": "2026-11-18T17:32:05", "type": "Ride",
        "name": "Two hills", "source": "GARMIN_CONNECT", "device_name": "Garmin Edge 840", "icu_ftp": 246,
        "icu_weight": 64.2, "total_elevation_gain": 512.0, "device_watts": true,
        "stream_types": ["time", "watts", "heartrate", "distance", "altitude", "cadence"]})
}

fn run_in_miles() -> Value {
    json!({"id": "i1", "start_date_local": "2026-11-18T17:32:05", "type": "TrailRun", "name": "Up and down",
        "source": "COROS", "icu_weight": 70.0})
}

/// 3 km flat, 5 km at 8 %, 3 km down, 1.2 km at 5 %, at 5 m/s; power fades by a tenth on the long one, heart rate rises;
/// a stop of a minute on the second climb.
fn streams(metres_a_second: f64) -> Vec<Stream> {
    let parts = [
        (3000.0, 0.0),
        (5000.0, 0.08),
        (3000.0, -0.06),
        (1200.0, 0.05),
        (500.0, 0.0),
    ];
    let long: f64 = parts.iter().map(|(metres, _)| metres).sum();
    let count = 12_700.0 / metres_a_second;
    let mut columns = [const { Vec::new() }; 6];
    let mut second = 0.0;
    for at in (0..20_000).map(f64::from).take_while(|at| *at < count) {
        let metres = at * metres_a_second;
        assert!(metres <= long);
        let mut left = metres;
        let mut height = 300.0;
        for (way, grade) in parts {
            height += left.clamp(0.0, way) * grade;
            left -= way;
        }
        let up = (metres - 3000.0) / 5000.0;
        let on = (0.0..1.0).contains(&up);
        if (11_500.0..11_500.0 + metres_a_second).contains(&metres) {
            second += 60.0;
        }
        let row = [
            second,
            metres,
            height,
            if on { 260.0 - 26.0 * up } else { 150.0 },
            if on { 150.0 + 18.0 * up } else { 130.0 },
            84.0,
        ];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(Some(value));
        }
        second += 1.0;
    }
    let names = ["time", "distance", "altitude", "watts", "heartrate", "cadence"];
    names
        .into_iter()
        .zip(columns)
        .map(|(kind, data)| Stream {
            kind: Some(kind.to_owned()),
            data,
        })
        .collect()
}

fn without(kinds: &[&str]) -> Vec<Stream> {
    let mut streams = streams(5.0);
    streams.retain(|stream| !kinds.contains(&stream.kind.as_deref().unwrap()));
    streams
}

#[test]
fn reads_as_a_person_would_want_it() {
    let got = Part::Got(streams(5.0));
    insta::assert_snapshot!("ride", answer(&ana(), json!({}), &ride(), &got));
    insta::assert_snapshot!(
        "ride_full",
        answer(&ana(), json!({"detail": "full"}), &ride(), &got)
    );
    let run = Part::Got(without(&["watts"]));
    insta::assert_snapshot!("run_in_miles", answer(&joe(), json!({}), &run_in_miles(), &run));
}

#[test]
fn without_climbs_the_answer_says_why() {
    let got = || Part::Got(streams(5.0));
    let says = |activity: Value, streams: &Part<Vec<Stream>>, words: &str| {
        let text = answer(&ana(), json!({}), &activity, streams);
        assert!(text.contains(words), "{text}");
    };
    says(
        json!({"type": "OpenWaterSwim"}),
        &Part::NotAsked,
        "No climbs: this activity was in or on the water.",
    );
    says(
        json!({"source": "MANUAL"}),
        &Part::NotAsked,
        "No climbs: this activity has no recording.",
    );
    says(
        json!({"type": "Ride", "stream_types": ["time", "watts"]}),
        &Part::NotAsked,
        "No climbs: no altitude was recorded (for example indoors",
    );
    says(
        json!({"type": "Run", "stream_types": ["time", "altitude"]}),
        &Part::NotAsked,
        "neither distance nor speed",
    );
    says(
        ride(),
        &Part::Got(without(&["altitude"])),
        "No climbs: no altitude was recorded.",
    );
    says(
        ride(),
        &Part::Got(without(&["distance"])),
        "No climbs: no distance was recorded",
    );
    says(
        ride(),
        &Part::Got(Vec::new()),
        "No climbs: this activity has no recording.",
    );
    says(
        ride(),
        &Part::Missing("Climbs left out: x.".to_owned()),
        "Climbs left out: x.",
    );
    let steep = answer(&ana(), json!({"min_grade": 10}), &ride(), &got());
    assert!(
        steep.contains(
            "No climb of at least 30 m of gain and 10 % over 500 m found; elevation gain 512 m, between 300 m and \
             699 m above the sea. Smaller ones: use a lower min_gain or min_grade."
        ),
        "{steep}"
    );
    let mut unknown = ride();
    unknown["total_elevation_gain"] = Value::Null;
    let steep = answer(&ana(), json!({"min_gain": 900}), &unknown, &got());
    assert!(steep.contains("m (sum of the profile)"), "{steep}");
}

#[test]
fn missing_thresholds_and_sensors_leave_their_columns_out() {
    let bare = json!({"id": "i1", "type": "Ride", "icu_ftp": 0, "icu_weight": null, "device_watts": false});
    let text = answer(
        &ana(),
        json!({}),
        &bare,
        &Part::Got(without(&["heartrate", "cadence"])),
    );
    let header = text.lines().find(|line| line.starts_with("climb\t")).unwrap();
    assert!(
        header.contains("\tW")
            && !header.contains("W/kg")
            && !header.contains("% FTP")
            && !header.contains("HR"),
        "{text}"
    );
    assert!(text.contains("Not recorded: heart rate, cadence."), "{text}");
    assert!(text.contains("Power is estimated"), "{text}");
    for (before_the_climbs, has_power) in [(100.0, true), (0.0, false)] {
        let mut coasting = streams(5.0);
        for stream in &mut coasting {
            if stream.kind.as_deref() == Some("watts") {
                stream.data.fill(Some(0.0));
                stream.data[0] = Some(before_the_climbs);
            }
        }
        let text = answer(&ana(), json!({}), &ride(), &Part::Got(coasting));
        assert_eq!(text.contains("\t0\t0.00\t0\t"), has_power, "{text}");
        assert_eq!(text.contains("Not recorded: power"), !has_power, "{text}");
    }
}

#[test]
fn categories_follow_length_times_grade() {
    let climb = |length: f64, grade: f64| Climb {
        from: 0.0,
        to: length,
        gain: length * grade,
        steepest: grade,
        samples: 0..1,
    };
    for (length, grade, wanted) in [
        (1000.0, 0.05, "–"),
        (2000.0, 0.041, "4"),
        (3300.0, 0.05, "3"),
        (5000.0, 0.065, "2"),
        (9000.0, 0.075, "1"),
        (12_000.0, 0.08, "HC"),
        (60_000.0, 0.02, "–"),
    ] {
        assert_eq!(category(&climb(length, grade)), wanted, "{length} {grade}");
    }
}

#[test]
fn many_climbs_are_cut_to_the_largest() {
    let climbs: Vec<Climb> = (0..50_u32)
        .map(|at| Climb {
            from: f64::from(at) * 1000.0,
            to: f64::from(at) * 1000.0 + 500.0,
            gain: 30.0 + f64::from(at),
            steepest: 0.1,
            samples: 0..1,
        })
        .collect();
    let (shown, more) = largest(&climbs);
    assert_eq!((shown.len(), shown[0].0), (30, 21));
    assert_eq!(
        more,
        "… 20 smaller climbs left out: use min_gain=50 for only the largest."
    );
    assert_eq!(
        largest(&climbs[..30]),
        ((1..).zip(&climbs[..30]).collect(), String::new())
    );
}

#[test]
fn arguments_are_read_strictly() {
    assert!(
        asked(json!({}))
            .unwrap_err()
            .to_string()
            .contains("get_training_history")
    );
    for bad in [
        json!({"id": "i1", "min_gain": 0}),
        json!({"id": "i1", "min_gain": 5000}),
        json!({"id": "i1", "min_grade": 2.5}),
        json!({"id": "i1", "oldest": "2026-11-01"}),
    ] {
        assert!(asked(bad.clone()).is_err(), "{bad}");
    }
    let rule = asked(json!({"id": "i1", "min_gain": 15, "min_grade": "5"}))
        .unwrap()
        .rule;
    assert!((rule.least_length() - 250.0).abs() < 1e-9 && (rule.least_grade - 0.05).abs() < 1e-9);
}

#[test]
fn hostile_text_stays_in_its_place() {
    let mut hostile = ride();
    for key in ["name", "type", "device_name", "id"] {
        hostile[key] = json!(HOSTILE);
    }
    let text = answer(
        &ana(),
        json!({"detail": "full"}),
        &hostile,
        &Part::Got(streams(5.0)),
    );
    stays_in_its_place(&text);
}

proptest! {
    /// Whatever a channel contains, there is an answer, and each figure in it is a number.
    #[test]
    fn no_value_breaks_the_answer(which in 0_usize..6, from in 0_usize..2500, value in prop::option::of(any::<f64>()), imperial in any::<bool>()) {
        let mut recording = streams(5.0);
        for sample in recording[which].data.iter_mut().skip(from).take(400) {
            *sample = value;
        }
        let card = if imperial { joe() } else { ana() };
        let text = answer(&card, json!({"detail": "full"}), &ride(), &Part::Got(recording));
        prop_assert!(!text.contains("NaN") && !text.contains("inf\t"), "{text}");
    }
}
