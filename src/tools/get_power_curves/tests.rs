use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::{
    curves::tests::{RUN, activities, answered, pace, power, subject},
    samples::{HOSTILE, ana, day, joe, object, today},
};

fn read(given: Value) -> Result<Asked, ToolError> {
    Asked::read(object(given), today())
}

fn asked(given: Value) -> Asked {
    read(given).unwrap()
}

fn said(card: &AthleteCard, given: Value, subject: &Subject, list: &[Value]) -> String {
    render(card, today(), &asked(given), subject, &answered(list)).text
}

#[test]
fn reads_as_a_person_would_want_it() {
    let two = [
        power("42d", "2026-10-11", "2026-11-21", 0.97),
        power("1y", "2025-11-21", "2026-11-21", 1.0),
    ];
    let ride = subject("Ride", Metric::Power);
    insta::assert_snapshot!("power", said(&ana(), json!({}), &ride, &two));
    insta::assert_snapshot!(
        "power_full",
        said(
            &joe(),
            json!({"windows": ["season", "2026-01-01..2026-03-31"], "detail": "full"}),
            &ride,
            &[
                power("s0", "2026-01-01", "2026-11-21", 1.0),
                power("r.2026-01-01.2026-03-31", "2026-01-01", "2026-03-31", 0.95)
            ]
        )
    );
    let mut tired = power("42d-kj0", "2026-10-11", "2026-11-21", 0.9);
    tired["after_kj"] = json!(1000);
    insta::assert_snapshot!(
        "fatigued",
        said(
            &ana(),
            json!({"windows": "42d", "fatigue": "kj0"}),
            &ride,
            &[two[0].clone(), tired]
        )
    );
    let runs = [pace("42d", RUN, 1.0), pace("1y", RUN, 0.98)];
    insta::assert_snapshot!(
        "run",
        said(&ana(), json!({}), &subject("Run", Metric::Pace), &runs)
    );
    insta::assert_snapshot!(
        "gap_in_miles",
        said(
            &joe(),
            json!({"metric": "gap"}),
            &subject("Run", Metric::Gap),
            &runs
        )
    );
}

#[test]
fn windows_are_read_however_people_write_them() {
    for (text, want) in [
        ("42d", Window::Days(42)),
        (" 90 D ", Window::Days(90)),
        ("6w", Window::Days(42)),
        ("1y", Window::Years(1)),
        ("ALL", Window::All),
        ("season", Window::Season(0)),
        ("last_season", Window::Season(1)),
        ("s1", Window::Season(1)),
        (
            "2026-01-01..2026-03-31",
            Window::Dates {
                oldest: day("2026-01-01"),
                newest: day("2026-03-31"),
            },
        ),
    ] {
        assert_eq!(window(text), Some(want), "{text}");
    }
    for text in [
        "0d",
        "99999d",
        "d",
        "+5d",
        "-5d",
        "1.5y",
        "41y",
        "year",
        "s9",
        "",
        "2026-01-01",
        "²d",
    ] {
        assert_eq!(window(text), None, "{text}");
    }
    let names = |given| -> Vec<String> { asked(given).specs.iter().map(ToString::to_string).collect() };
    assert_eq!(names(json!({})), ["42d", "1y"]);
    assert_eq!(names(json!({"windows": "90d, 90d, all"})), ["90d", "all"]);
    assert_eq!(
        names(json!({"windows": ["42d", "1y"], "fatigue": "kj1"})),
        ["42d", "42d-kj1", "1y", "1y-kj1"]
    );
    assert_eq!(
        asked(json!({"fatigue": "kj0"})).choice.metric,
        Some(Metric::Power)
    );
    for (given, says) in [
        (json!({"windows": ["1d", "2d", "3d", "4d", "5d"]}), "up to 4"),
        (json!({"windows": ["a month"]}), "up to 4"),
        (json!({"windows": 42}), "up to 4"),
        (
            json!({"windows": ["1d", "2d", "3d"], "fatigue": "kj0"}),
            "windows must be at most two",
        ),
        (
            json!({"metric": "hr", "fatigue": "kj0"}),
            "fatigue is for power only",
        ),
        (json!({"fatigue": "much"}), "kj0 or kj1"),
        (json!({"oldest": "2026-01-01"}), "unknown argument «oldest»"),
    ] {
        let error = read(given.clone()).unwrap_err().to_string();
        assert!(error.contains(says), "{given}: {error}");
    }
}

#[test]
fn a_window_without_a_curve_says_so() {
    let ride = subject("Ride", Metric::Power);
    let empty = json!({"id": "1y", "start_date_local": "2025-11-21", "end_date_local": "2026-11-21", "secs": null, "values": null});
    let text = said(
        &ana(),
        json!({"windows": ["42d", "1y", "all"]}),
        &ride,
        &[power("42d", "2026-10-11", "2026-11-21", 1.0), empty],
    );
    assert!(
        text.contains(
            "42d: 11 Oct – 21 Nov 2026, 64.2 kg | 1y: 21 Nov 2025 – 21 Nov 2026, no power | all: intervals.icu sent no curve\n\
             duration\t42d W\t42d W/kg\n"
        ),
        "{text}"
    );
    let text = said(&ana(), json!({}), &ride, &[]);
    assert!(
        text.contains("no power curve for Ride")
            && text.contains("another sport")
            && text.lines().count() == 3,
        "{text}"
    );
}

#[test]
fn nulls_zeros_and_hostile_names_in_models() {
    let curve = json!({"id": "42d", "secs": [5, 60, 300], "values": [700, null, 288], "watts_per_kg": null, "weight": null,
    "vo2max_5m": 0, "powerModels": [
        {"type": HOSTILE, "ftp": 250, "wPrime": 0},
        {"type": "ECP", "ftp": null, "criticalPower": 0, "wPrime": null},
        {"type": null, "criticalPower": 240}, "x", null,
    ]});
    let ride = subject("Ride", Metric::Power);
    let text = said(&ana(), json!({"windows": ["42d"]}), &ride, &[curve]);
    assert!(text.contains("duration\t42d W\n5 s\t700\n5 min\t288\n"), "{text}");
    assert!(
        text.contains("intervals.icu's model\twindow\teFTP W\tCP W\n«Ride› Ignore"),
        "{text}"
    );
    assert!(text.contains("\nunnamed\t42d\t\t240\n"), "{text}");
    assert!(
        !text.contains("ECP") && !text.contains("VO2max") && !text.contains('\u{202e}'),
        "{text}"
    );
}

#[test]
fn sports_without_a_pace_go_by_speed() {
    let curve = json!({"id": "42d", "distance": [1000, 5000, 20_000], "values": [90, 480, 2000], "paceModels": [
        {"type": "CS", "criticalSpeed": 10, "dPrime": 300, "r2": 7}, {"type": "CS", "criticalSpeed": 0}]});
    let text = said(
        &ana(),
        json!({"windows": ["42d"]}),
        &subject("Ride", Metric::Pace),
        &[curve],
    );
    assert!(
        text.contains(
            "distance\t42d time\t42d km/h\n1 km\t0:01:30\t40.0\n5 km\t0:08:00\t37.5\n20 km\t0:33:20\t36.0\n"
        ),
        "{text}"
    );
    assert!(
        text.contains(
            "intervals.icu's model\twindow\tcritical speed km/h\tD′ m\nCS (critical speed)\t42d\t36.0\t300\n"
        ),
        "{text}"
    );
}

proptest! {
    #[test]
    fn ugly_curves_give_a_table_that_holds(
        secs in prop::collection::vec(prop::option::of(0_i32..100_000), 0..40),
        values in prop::collection::vec(any::<Option<f64>>(), 0..40),
        model in any::<Option<f64>>(), which in 0_usize..4,
    ) {
        let metric = [Metric::Power, Metric::Pace, Metric::Gap, Metric::HeartRate][which];
        let axis = if metric.by_distance() { "distance" } else { "secs" };
        let models = json!([{"type": "ECP", "ftp": model, "criticalPower": model, "wPrime": model, "criticalSpeed": model,
            "dPrime": model, "r2": model}]);
        let curve = |id: &str| json!({"id": id, axis: secs, "values": values, "watts_per_kg": values, "vo2max_5m": model,
            "weight": model, "powerModels": models, "paceModels": models, "activity_id": vec!["i188800042"; 30]});
        let found = Curves::read(&json!({"list": [curve("1y"), curve("42d")], "activities": activities()}));
        let asked = asked(json!({"detail": "full"}));
        let text = render(&joe(), today(), &asked, &subject("Run", metric), &found).text;
        prop_assert!(text.starts_with("Joe Miller · Run curves"));
        prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
        prop_assert!(text.lines().count() < 60);
    }
}
