//! What a coach's answer leaves out: each part that another tool shows, unless that tool is granted as well.

use serde_json::json;

use super::{
    curves::tests::{Upstream, activities, power},
    samples::{ana, ana_to_a_coach, noon},
    *,
};
use crate::{guard::AthleteCard, intervals, permissions};

/// Everything that upstream could send about a rider, so that every part has something to show.
fn rich(path: &str) -> (u16, Value) {
    let body = match path {
        "i188800101" => json!({
            "id": "i188800101", "icu_athlete_id": "i424242", "start_date_local": "2026-11-18T17:32:05", "type": "Ride",
            "name": "Two hills", "moving_time": 4560, "icu_training_load": 82, "icu_average_watts": 208,
            "icu_weighted_avg_watts": 231, "icu_weight": 64.2, "icu_ctl": 61.4, "icu_atl": 66.2, "icu_rolling_ftp": 239,
            "paired_event_id": 777, "compliance": 97.4, "icu_ftp": 246, "total_elevation_gain": 512,
            "stream_types": ["time", "watts", "distance", "altitude"],
            "icu_intervals": [{"id": 1, "type": "WORK", "start_time": 0, "end_time": 720, "moving_time": 720,
                "average_watts": 224, "average_watts_kg": 3.49}],
        }),
        "777" => {
            json!({"id": 777, "athlete_id": "i424242", "name": "Planned hills", "type": "Ride", "category": "WORKOUT",
            "start_date_local": "2026-11-18T00:00:00", "moving_time": 4500, "icu_training_load": 90})
        }
        "streams.json" => {
            let seconds: Vec<f64> = (0..2400).map(f64::from).collect();
            let metres: Vec<f64> = seconds.iter().map(|second| second * 4.0).collect();
            let heights: Vec<f64> = metres.iter().map(|far| 300.0 + far * 0.06).collect();
            json!([{"type": "time", "data": seconds}, {"type": "distance", "data": metres},
                {"type": "altitude", "data": heights}, {"type": "watts", "data": vec![240; 2400]}])
        }
        "wellness" => json!([
            {"id": "2026-11-21", "ctl": 61.4, "atl": 66.2, "ctlLoad": 0, "atlLoad": 0},
            {"id": "2026-11-22", "ctl": 62.9, "atl": 74.4, "ctlLoad": 128, "atlLoad": 128},
        ]),
        "activities" => json!([{
            "id": "i188800101", "icu_athlete_id": "i424242", "start_date_local": "2026-11-18T17:32:05", "type": "Ride",
            "name": "Two hills", "moving_time": 4560, "icu_training_load": 82, "icu_weighted_avg_watts": 231,
            "paired_event_id": 777, "compliance": 97.4,
        }]),
        "events" => json!([
            {"id": 777, "athlete_id": "i424242", "category": "WORKOUT", "type": "Ride", "name": "Planned hills",
                "start_date_local": "2026-11-18T00:00:00", "moving_time": 4500, "icu_training_load": 90,
                "icu_ctl": 58.1, "icu_atl": 60.2},
            {"id": 778, "athlete_id": "i424242", "category": "SET_FITNESS", "name": "From the old site",
                "start_date_local": "2026-11-19T00:00:00", "icu_ctl": 55.5, "icu_atl": 44.4},
            {"id": 779, "athlete_id": "i424242", "category": "RACE_B", "type": "Ride", "name": "Hill climb",
                "start_date_local": "2026-11-23T00:00:00"},
        ]),
        "i424242" => json!({"id": "i424242", "name": "Ana Berger", "timezone": "Europe/Berlin"}),
        "gear" => json!([{"id": "b1", "type": "Bike", "name": "Canyon Endurace", "distance": 8_123_456.0}]),
        path if path.contains("curves") => {
            json!({"list": [power("42d", "2026-10-11", "2026-11-21", 1.0)], "activities": activities()})
        }
        _ => return (404, json!({"status": 404, "error": "Not Found"})),
    };
    (200, body)
}

/// The tool's own answer, for the reader that the card names.
async fn read(
    tool: &str,
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    given: Map<String, Value>,
) -> String {
    let ask = Ask {
        upstream: upstream.clone(),
        card: card.clone(),
        now: noon(),
    };
    let tool = CATALOGUE.iter().find(|row| row.name() == tool).unwrap();
    let Run::Read(run) = tool.run else {
        panic!("{} changes something", tool.name())
    };
    run(ask, given).await.unwrap().text
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
async fn a_coach_sees_only_what_the_granted_tools_could_show() {
    // The tool, its arguments, the part that it leaves out, the other tool that this part needs, and text of the part.
    let cases: [(&str, Value, &str, &str, &[&str]); 15] = [
        (
            "get_fitness",
            json!({}),
            "Projected days",
            "get_events",
            &["2026-11-22", "planned 128", "74.4"],
        ),
        (
            "get_training_history",
            json!({"include": ["planned"]}),
            "Planned load",
            "get_events",
            &["90 planned"],
        ),
        (
            "get_training_history",
            json!({"detail": "full"}),
            "How closely plans were followed",
            "get_events",
            &["% of plan by intervals.icu", "\t97"],
        ),
        (
            "get_training_summary",
            json!({"include": ["planned"]}),
            "Planned load",
            "get_events",
            &["\t90 (all done)\t"],
        ),
        (
            "get_activity_detail",
            json!({"id": "i188800101"}),
            "CTL, ATL and form after it",
            "get_fitness",
            &["CTL 61.4", "ATL 66.2", "form -4.8"],
        ),
        (
            "get_activity_detail",
            json!({"id": "i188800101"}),
            "eFTP after it",
            "get_power_curves",
            &["eFTP 239 W"],
        ),
        (
            "get_activity_detail",
            json!({"id": "i188800101"}),
            "Planned workout and its compliance",
            "get_events",
            &["planned workout 777", "97 % of the plan"],
        ),
        (
            "get_activity_detail",
            json!({"id": "i188800101", "detail": "full"}),
            "W/kg",
            "get_wellness",
            &["3.60 W/kg", "\t3.49"],
        ),
        (
            "get_activity_detail",
            json!({"id": "i188800101", "include": ["plan"]}),
            "Plan",
            "get_events",
            &["Planned hills"],
        ),
        (
            "get_climb_segments",
            json!({"id": "i188800101"}),
            "W/kg and weight",
            "get_wellness",
            &["weight 64.2 kg", "\tW/kg\t", "3.74"],
        ),
        (
            "get_power_curves",
            json!({"sport": "ride", "detail": "full"}),
            "Weight, W/kg and VO2max",
            "get_wellness",
            &["64.2 kg", "W/kg\t", "55.5"],
        ),
        (
            "get_best_efforts",
            json!({}),
            "Time in it",
            "get_training_summary",
            &[" moving)"],
        ),
        (
            "get_events",
            json!({"oldest": "2026-11-16", "include": ["done"]}),
            "What was done",
            "get_training_history",
            &["load 82", "97 % of plan"],
        ),
        (
            "get_events",
            json!({"oldest": "2026-11-16"}),
            "What CTL and ATL were set to",
            "get_fitness",
            &["CTL 55.5", "ATL 44.4"],
        ),
        (
            "get_events",
            json!({"oldest": "2026-11-16"}),
            "Form on race mornings",
            "get_fitness",
            &["form a.m.", "-11.5"],
        ),
    ];
    let upstream = Upstream::start(rich).await;
    let handle = upstream.handle();
    for (tool, given, what, missing, marks) in cases {
        let Value::Object(given) = given else { panic!() };
        let others: Vec<&str> = permissions::ALL.iter().map(|row| row.name).collect();
        let line = format!("{what} left out: {missing} is not granted.");
        // Once before: what a call keeps spares the next one requests.
        read(tool, &handle, &ana(), given.clone()).await;
        let own = read(tool, &handle, &ana(), given.clone()).await;
        let everything = ana_to_a_coach(&others);
        let granted = read(tool, &handle, &everything, given.clone()).await;
        assert_eq!(
            own.replacen("Ana Berger · ", "Ana Berger (i424242) · ", 1),
            granted,
            "{tool}: a coach with every grant reads what the athlete reads"
        );
        let alone = read(tool, &handle, &ana_to_a_coach(&[tool]), given).await;
        assert!(
            alone.lines().any(|found| found == line),
            "{tool}: {line}\n{alone}"
        );
        assert!(!own.contains("not granted"), "{own}");
        for mark in marks {
            assert!(own.contains(mark), "{tool}: {mark}\n{own}");
            assert!(!alone.contains(mark), "{tool}: {mark}\n{alone}");
        }
    }
}

#[tokio::test]
async fn a_coach_sees_gear_with_what_shows_or_changes_activities() {
    let upstream = Upstream::start(rich).await;
    let handle = upstream.handle();
    let profile = "get_athlete_profile";
    let given = || Map::from_iter([("include".to_owned(), json!("gear"))]);
    let line = "Gear left out: get_activity_detail is not granted.";
    let own = read(profile, &handle, &ana(), given()).await;
    assert!(own.contains("Bike\t«Canyon Endurace»\t8123\tb1"), "{own}");
    for (with, sees) in [
        ("get_activity_detail", true),
        ("update_activity", true),
        ("get_wellness", false),
    ] {
        let text = read(profile, &handle, &ana_to_a_coach(&[profile, with]), given()).await;
        assert_eq!(
            (text.contains("Canyon"), text.ends_with(line)),
            (sees, !sees),
            "{with}: {text}"
        );
    }
    let without = read(profile, &handle, &ana(), Map::new()).await;
    assert!(
        !without.contains("Gear") && !without.contains("Canyon"),
        "{without}"
    );
}

#[tokio::test]
async fn what_is_not_granted_is_not_even_asked_for() {
    let upstream = Upstream::start(rich).await;
    let handle = upstream.handle();
    for (tool, given, requests) in [
        ("get_training_history", json!({"include": ["planned"]}), 1),
        ("get_training_summary", json!({"include": ["planned"]}), 1),
        (
            "get_activity_detail",
            json!({"id": "i188800101", "include": ["plan"]}),
            1,
        ),
        ("get_athlete_profile", json!({"include": "gear"}), 1),
        // Both for the calendar.
        (
            "get_events",
            json!({"oldest": "2026-11-16", "include": ["done"]}),
            2,
        ),
    ] {
        let Value::Object(given) = given else { panic!() };
        let before = upstream.asked().len();
        read(tool, &handle, &ana_to_a_coach(&[tool]), given).await;
        assert_eq!(
            upstream.asked().len() - before,
            requests,
            "{tool}: {:?}",
            &upstream.asked()[before..]
        );
    }
}
