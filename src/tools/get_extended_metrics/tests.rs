use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    guard::AthleteCard,
    intervals::model::ActivityDetail,
    tools::samples::{HOSTILE, ana, detail, joe, object, odd, stays_in_its_place, today},
};

fn asked(given: Value) -> Result<Asked, ToolError> {
    Asked::read(object(given), today())
}

fn one(card: &AthleteCard, how: Detail, activity: &Value, streams: &Part<Vec<Stream>>) -> String {
    one::render(card, today(), how, &detail(activity), streams).text
}

fn trend(card: &AthleteCard, given: Value, rows: &[Value]) -> String {
    let Asked::Trend(asked) = asked(given).unwrap() else {
        panic!("one activity")
    };
    let rows: Vec<ActivityDetail> = rows.iter().map(detail).collect();
    trend::render(card, today(), &asked, &rows).text
}

fn ride() -> Value {
    json!({"id": "i1", "icu_athlete_id": "i424242", "start_date_local": "2026-11-18T17:32:05", "type": "Ride",
        "name": "Sweet spot", "source": "GARMIN_CONNECT", "device_name": "Garmin Edge 840", "moving_time": 4560,
        "average_heartrate": 145, "decoupling": -3.678_66, "icu_efficiency_factor": 1.338, "icu_variability_index": 1.066,
        "icu_power_hr": 1.255, "icu_power_hr_z2": 1.31, "icu_power_hr_z2_mins": 17, "icu_cadence_z2": 85,
        "icu_max_wbal_depletion": 2140, "icu_w_prime": 17_400, "avg_lr_balance": 49.2, "trimp": 98.41,
        "strain_score": 72.2, "polarization_index": 0.41,
        "icu_hrr": {"start_time": 3966, "start_bpm": 160, "end_bpm": 132, "average_watts": 118, "hrr": 28},
        "stream_types": ["time", "watts", "heartrate", "dfa_a1", "core_temperature"],
        "icu_intervals": [
            {"type": "RECOVERY", "moving_time": 1200, "average_watts": 159, "average_heartrate": 136, "wbal_start": 17_400,
             "wbal_end": 16_800, "average_dfa_a1": 1.02, "strain_score": 10.1},
            {"type": "WORK", "moving_time": 720, "average_watts": 0, "average_heartrate": 0, "wbal_start": 16_800,
             "wbal_end": 0, "average_dfa_a1": null}]})
}

fn run_with_dynamics() -> Value {
    json!({"id": "i2", "start_date_local": "2026-11-16T08:04:31", "type": "Run", "name": "Easy", "source": "GARMIN_CONNECT",
        "device_name": "Garmin Forerunner 965", "moving_time": 2952, "average_heartrate": 147, "decoupling": 0.0,
        "average_stance_time": 243.4, "average_vertical_oscillation": 84.2, "average_vertical_ratio": 7.92,
        "average_step_length": 1105.0, "average_stance_time_percent": 0, "average_stance_time_balance": 49.6,
        "average_leg_spring_stiffness": 9.8, "average_impact_loading_rate": 61.24, "icu_cadence_z2": 84,
        "trimp": 0, "icu_intervals": [{"type": "WORK", "moving_time": 600, "average_speed": 3.1,
        "average_heartrate": 147, "average_stance_time": 240.0, "average_vertical_ratio": 7.8}], "stream_types": null})
}

/// Forty minutes: heart rate and watts rise, DFA α1 falls, the core warms from 37.2 to 38.8, W′ drains and refills.
fn recording() -> Vec<Stream> {
    let column = |kind: &str, of: &dyn Fn(f64) -> Option<f64>| Stream {
        kind: Some(kind.to_owned()),
        data: (0..2400).map(|second| of(f64::from(second))).collect(),
    };
    vec![
        column("time", &Some),
        column("heartrate", &|s| Some(100.0 + s / 30.0)),
        column("watts", &|s| Some(100.0 + s / 12.0)),
        column("dfa_a1", &|s| (s >= 120.0).then_some(1.25 - s / 2400.0)),
        column("core_temperature", &|s| {
            Some(if s < 60.0 { 0.0 } else { 37.2 + s / 1500.0 })
        }),
        column("skin_temperature", &|_| Some(33.0)),
        column("respiration", &|s| Some(20.0 + s / 120.0)),
        column("smo2", &|s| Some(70.0 - s / 80.0)),
        column("w_bal", &|s| {
            Some(17_400.0 - (1200.0 - (s - 1200.0).abs()) * 12.0)
        }),
    ]
}

#[test]
fn reads_as_a_person_would_want_it() {
    let none = Part::NotAsked;
    insta::assert_snapshot!("ride", one(&ana(), Detail::Concise, &ride(), &none));
    insta::assert_snapshot!("run", one(&ana(), Detail::Concise, &run_with_dynamics(), &none));
    insta::assert_snapshot!(
        "streams",
        one(&joe(), Detail::Full, &ride(), &Part::Got(recording()))
    );
}

fn month() -> Vec<Value> {
    let mut rows = Vec::new();
    for (back, decoupling) in [(1, 2.0), (3, 2.4), (9, 0.0), (16, 4.0), (18, 5.0), (24, 4.4)] {
        let mut row = ride();
        row["id"] = json!(format!("i10{back}"));
        row["start_date_local"] = json!(format!("{}T17:00:00", today() - chrono::Days::new(back)));
        row["decoupling"] = json!(decoupling);
        row["icu_intervals"] = Value::Null;
        rows.push(row);
    }
    rows.push(run_with_dynamics());
    let mut short = run_with_dynamics();
    short["id"] = json!("i3");
    short["moving_time"] = json!(600);
    rows.push(short);
    rows.push(json!({"id": "1990", "start_date_local": "2026-11-15T09:00:00", "source": "STRAVA"}));
    rows.push(json!({"id": "i4", "start_date_local": "2026-11-14T09:00:00", "type": "WeightTraining", "moving_time": 3600}));
    rows
}

#[test]
fn a_month_reads_as_rows_averages_and_halves() {
    insta::assert_snapshot!("month", trend(&ana(), json!({}), &month()));
    insta::assert_snapshot!(
        "month_full_of_runs",
        trend(&joe(), json!({"sport": "run", "detail": "full"}), &month())
    );
}

#[test]
fn rows_are_cut_and_an_empty_range_says_so() {
    let text = trend(&ana(), json!({"limit": 2}), &month());
    assert!(
        text.contains("… 6 more rows: use oldest=2026-10-25 newest=2026-11-16"),
        "{text}"
    );
    // Two activities of one day stay together, whatever the limit.
    let runs = trend(&ana(), json!({"sport": "run", "limit": 1}), &month());
    assert!(
        runs.contains("\ti3") && runs.contains("\ti2") && !runs.contains("more rows"),
        "{runs}"
    );
    let twice = trend(&ana(), json!({}), &[ride(), ride()]);
    assert_eq!(twice.matches("\ti1\n").count(), 1, "{twice}");
    let text = trend(&ana(), json!({"sport": "swim"}), &month());
    assert!(
        text.contains("0 with extended metrics of 1 unreadable activity")
            && text.contains("No activity of that sport in this range that can be read."),
        "{text}"
    );
    let bare = json!({"id": "i9", "start_date_local": "2026-11-14T09:00:00", "type": "Run", "stream_types": ["time"]});
    let text = trend(&ana(), json!({}), std::slice::from_ref(&bare));
    assert!(
        text.contains(
            "Not recorded: running dynamics of whole activities (with id: of laps), decoupling, HR recovery, DFA α1, core \
             temperature, skin temperature, respiration, SmO2"
        ),
        "{text}"
    );
    let many: Vec<Value> = vec![bare; READ];
    assert!(
        trend(&ana(), json!({}), &many)
            .contains("Only the newest 1000 activities were read, back to 2026-11-14 Sat")
    );
}

#[test]
fn one_without_figures() {
    let text = one(&ana(), Detail::Full, &json!({}), &Part::NotAsked);
    assert_eq!(
        text,
        "Ana Berger · Europe/Berlin, today 2026-11-21 Sat\nNot recorded: W′ depletion, decoupling, HR recovery."
    );
    let empty = one(&ana(), Detail::Full, &ride(), &Part::Got(Vec::new()));
    assert!(
        empty.contains("Streams: this activity has no recording."),
        "{empty}"
    );
}

#[test]
fn arguments_are_read_strictly() {
    assert!(matches!(asked(json!({})).unwrap(), Asked::Trend(_)));
    assert!(matches!(
        asked(json!({"id": "i1", "include": "streams"})).unwrap(),
        Asked::One { streams: true, .. }
    ));
    for (bad, says) in [
        (json!({"id": "i1", "oldest": "2026-11-01"}), "leave out oldest"),
        (json!({"id": "i1", "sport": "run"}), "leave out oldest"),
        (json!({"include": ["streams"]}), "must come with id"),
        (json!({"sport": "quidditch"}), "sport must be ride"),
        (json!({"oldest": "2020-01-01"}), "at most 366"),
        (json!({"include": ["laps"]}), "include must be streams"),
    ] {
        let error = asked(bad).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn hostile_text_stays_in_its_place() {
    let mut hostile = ride();
    for key in ["name", "type", "device_name", "id"] {
        hostile[key] = json!(HOSTILE);
    }
    hostile["icu_intervals"][0]["type"] = json!(HOSTILE);
    hostile["stream_types"] = json!([HOSTILE]);
    let texts = [
        one(&ana(), Detail::Full, &hostile, &Part::NotAsked),
        trend(&ana(), json!({"detail": "full"}), &[hostile]),
    ];
    for text in texts {
        stays_in_its_place(&text);
    }
}

proptest! {
    /// Whatever a field or sample contains, there is an answer, and each figure in it is a number.
    #[test]
    fn no_value_breaks_the_answer(at in 0_usize..100, value in odd(), which in 0_usize..9, sample in prop::option::of(any::<f64>())) {
        for mut activity in [ride(), run_with_dynamics()] {
            let keys: Vec<String> = activity.as_object().unwrap().keys().cloned().collect();
            activity[&keys[at % keys.len()]] = value.clone();
            let mut streams = recording();
            streams[which].data[500..700].fill(sample);
            let texts = [
                one(&joe(), Detail::Full, &activity, &Part::Got(streams)),
                trend(&ana(), json!({"detail": "full"}), &[activity.clone(), activity]),
            ];
            for text in texts {
                prop_assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
            }
        }
    }
}
