//! What is asked for, what a set is, and the answer to small inputs.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    sets::{hardest, sets_of},
    wanted::{self, Intensity, Length, Scale},
    *,
};
use crate::{
    guard::Units,
    tools::{
        answer::sport_units::SportUnits,
        curves::tests::Upstream,
        samples::{HOSTILE, ana, ana_to_a_coach, day, detail, joe, noon, object, odd, stays_in_its_place},
    },
};

/// A lap of work.
fn work(secs: u32, watts: f64, from: u32) -> Value {
    json!({"type": "WORK", "moving_time": secs, "elapsed_time": secs, "start_time": from, "end_time": from + secs,
        "average_watts": watts, "weighted_average_watts": watts + 2.0, "average_heartrate": 150, "distance": secs * 9,
        "average_speed": 9.0, "intensity": (watts / 2.5).round()})
}

/// A lap between two of them.
fn rest(secs: u32, from: u32) -> Value {
    json!({"type": "RECOVERY", "moving_time": secs, "elapsed_time": secs, "start_time": from, "end_time": from + secs,
        "average_watts": 120, "average_heartrate": 120, "distance": secs * 6, "average_speed": 6.0, "intensity": 48})
}

/// Work of so many seconds at each of these watts, with rests in between.
fn session(laps: &[(u32, f64)], pause: u32) -> Vec<Value> {
    let (mut all, mut at) = (vec![rest(600, 0)], 600);
    for (secs, watts) in laps {
        all.push(work(*secs, *watts, at));
        all.push(rest(pause, at + secs));
        at += secs + pause;
    }
    all
}

fn ride(id: &str, start: &str, laps: &[Value]) -> Value {
    json!({"id": id, "icu_athlete_id": "i424242", "type": "Ride", "name": "Threshold", "start_date_local": start,
        "moving_time": 5400, "elapsed_time": 5500, "icu_ftp": 250, "lthr": 165, "icu_average_watts": 190,
        "analyzed": "2026-11-20T19:00:00Z", "power_meter": "FAVERO ASSIOMA", "device_name": "Wahoo BOLT",
        "icu_hr_zones": [130, 145, 155, 165, 188], "icu_lap_count": laps.len(), "icu_intervals": laps})
}

fn minutes(all: &[(u32, f64)]) -> Vec<(u32, f64)> {
    all.iter()
        .map(|(minutes, watts)| (minutes * 60, *watts))
        .collect()
}

#[test]
fn a_length_is_read_as_people_write_it() {
    for (text, low, high) in [
        ("8m", 432.0, 528.0),
        ("8 min", 432.0, 528.0),
        ("30s", 27.0, 33.0),
        ("10s", 7.0, 13.0),
        ("1m30s", 81.0, 99.0),
        ("1h5m", 3510.0, 4290.0),
        ("7:30", 405.0, 495.0),
        ("0:07:30", 405.0, 495.0),
        ("7-9m", 420.0, 540.0),
        ("7 – 9 minutes", 420.0, 540.0),
        ("9m-7m", 420.0, 540.0),
        ("45s-1m", 45.0, 60.0),
        ("7:30-8:30", 450.0, 510.0),
        ("7 to 9m", 420.0, 540.0),
        ("2,5m", 135.0, 165.0),
    ] {
        assert_eq!(
            Length::read("length", text).unwrap(),
            Length::Secs(low, high),
            "{text}"
        );
    }
    for (text, low, high) in [
        ("1km", 950.0, 1050.0),
        ("400mtr", 380.0, 420.0),
        ("0.9-1.1 km", 900.0, 1100.0),
        ("100 meters", 95.0, 105.0),
    ] {
        let Length::Metres(from, to) = Length::read("length", text).unwrap() else {
            panic!("{text}")
        };
        assert!(
            (from - low).abs() < 0.01 && (to - high).abs() < 0.01,
            "{text}: {from}–{to}"
        );
    }
    let Length::Metres(from, to) = Length::read("length", "100yd").unwrap() else {
        panic!()
    };
    assert!(from < 91.44 && to > 91.44);
    for text in [
        "",
        "8",
        "m",
        "-",
        "8x",
        "8m-",
        "-8m",
        "1-2-3m",
        "7m-1km",
        "8m 1km",
        "1km 8m",
        "::",
        "7:99",
        "0s",
        "3s",
        "NaNm",
        "1e9h",
        "999999km",
        "8m\u{202e}x",
        "five minutes",
        "💥",
    ] {
        let refused = Length::read("length", text).unwrap_err().to_string();
        assert!(
            refused.starts_with("Not done: length must be "),
            "{text}: {refused}"
        );
    }
    let refused = Length::read("length", "400m").unwrap_err().to_string();
    assert!(
        refused.contains("400mtr") && refused.contains("m means minutes"),
        "{refused}"
    );
}

#[test]
fn an_intensity_is_read_as_people_write_it() {
    let read = |text: &str| Intensity::read("intensity", text).unwrap();
    for (text, of, scale, low, high) in [
        ("240-260W", Some(Metric::Power), Scale::Absolute, 240.0, 260.0),
        ("260w – 240w", Some(Metric::Power), Scale::Absolute, 240.0, 260.0),
        ("250 watts", Some(Metric::Power), Scale::Absolute, 237.5, 262.5),
        (
            "250W+",
            Some(Metric::Power),
            Scale::Absolute,
            250.0,
            f64::INFINITY,
        ),
        ("95-105%", None, Scale::OfThreshold, 95.0, 105.0),
        ("95%-105 %", None, Scale::OfThreshold, 95.0, 105.0),
        (
            "95-105 % of FTP",
            Some(Metric::Power),
            Scale::OfThreshold,
            95.0,
            105.0,
        ),
        (
            "165-172bpm",
            Some(Metric::HeartRate),
            Scale::Absolute,
            165.0,
            172.0,
        ),
        (
            "95-100% LTHR",
            Some(Metric::HeartRate),
            Scale::OfThreshold,
            95.0,
            100.0,
        ),
        ("88-92% HR", Some(Metric::HeartRate), Scale::OfMax, 88.0, 92.0),
        (
            "95-100% pace",
            Some(Metric::Pace),
            Scale::OfThreshold,
            95.0,
            100.0,
        ),
    ] {
        let found = read(text);
        assert_eq!(
            (found.of, found.scale, found.low, found.high),
            (of, scale, low, high),
            "{text}"
        );
    }
    for (text, slow, fast) in [
        ("4:00-4:10/km", 4.0, 1000.0 / 240.0),
        ("4:10-4:00/km Pace", 4.0, 1000.0 / 240.0),
        ("1:40/100m", 0.96, 1.04),
    ] {
        let found = read(text);
        assert_eq!(found.of, Some(Metric::Pace), "{text}");
        assert!(
            (found.low - slow).abs() < 0.01 && (found.high - fast).abs() < 0.01,
            "{text}: {found:?}"
        );
    }
    assert_eq!(read("3:50-4:05/km").in_words(Units::default()), "3:50–4:05/km");
    assert_eq!(read("6:10-6:30/mi").in_words(Units::default()), "6:10–6:30/mi");
    assert_eq!(read("4:00/km+").in_words(Units::default()), "4:00/km or faster");
    assert_eq!(read("250W+").in_words(Units::default()), "250 W or more");
    for text in [
        "",
        "hard",
        "250",
        "Z4",
        "W",
        "0W",
        "-250W",
        "240-260W+",
        "9999W",
        "99999-240W",
        "240%-260W",
        "1200bpm",
        "4:00",
        "4:00/parsec",
        "0:00/km",
        "0:01/km",
        "4:70/km",
        "95-105% of effort",
        "NaN%",
        "inf W",
        "1-2-3W",
        "\u{202e}",
    ] {
        let refused = Intensity::read("intensity", text).unwrap_err().to_string();
        assert!(
            refused.starts_with("Not done: intensity must be one of "),
            "{text}: {refused}"
        );
    }
}

#[test]
fn the_search_is_asked_wider_than_what_is_taken() {
    let settings = SportSettings {
        ftp: Some(250.0),
        lthr: Some(165.0),
        max_hr: Some(188.0),
        ..SportSettings::default()
    };
    let asked = |text: &str, settings: &[&SportSettings]| {
        wanted::percents(&[Intensity::read("intensity", text).unwrap()], settings)
    };
    for (text, low, high) in [("250W", 80, 124), ("95-105%", 85, 118), ("165bpm", 79, 111)] {
        assert_eq!(asked(text, &[&settings]), Some((low, high)), "{text}");
    }
    assert_eq!(asked("250W+", &[&settings]), Some((85, 999)));
    // Watts mean no percent without an FTP, and a pace none without a threshold.
    assert_eq!(asked("250W", &[]), None);
    assert_eq!(asked("4:00/km", &[&settings]), None);
    assert_eq!(
        asked(
            "250W",
            &[&SportSettings {
                ftp: Some(0.0),
                ..SportSettings::default()
            }]
        ),
        None
    );
    assert_eq!(wanted::percents(&[], &[]), Some((0, 999)));
}

#[test]
fn laps_that_are_alike_are_one_set() {
    let count = |laps: &[Value]| -> Vec<(usize, u32)> {
        let ride = detail(&ride("i1", "2026-11-18T17:00:00", laps));
        let sets = sets_of(&ride, None, Units::default()).unwrap_or_default();
        let length = |set: &Set<'_>| format!("{:.0}", set.secs().unwrap()).parse().unwrap();
        sets.iter().map(|set| (set.reps(), length(set))).collect()
    };
    // Fading is one set, and so is what nobody grouped.
    assert_eq!(
        count(&session(
            &minutes(&[(8, 260.0), (8, 250.0), (8, 240.0), (8, 228.0)]),
            120
        )),
        [(4, 480)]
    );
    // Openers, then the work.
    let openers = [(30, 390.0), (30, 400.0), (720, 225.0), (720, 226.0), (720, 220.0)];
    assert_eq!(count(&session(&openers, 120)), [(2, 30), (3, 720)]);
    // Over and under, as intervals.icu keeps them apart.
    let mut laps = session(&minutes(&[(2, 238.0), (2, 262.0), (2, 238.0), (2, 262.0)]), 0);
    for (at, lap) in laps.iter_mut().enumerate() {
        lap["group_id"] = json!(format!("120s@{}w", if at % 4 == 1 { 238 } else { 262 }));
    }
    laps.retain(|lap| lap["type"] == "WORK");
    assert_eq!(count(&laps), [(2, 120), (2, 120)]);
    // One group is one set, however its repetitions differ.
    let mut laps = session(&minutes(&[(8, 260.0), (8, 200.0)]), 120);
    for lap in laps.iter_mut().filter(|lap| lap["type"] == "WORK") {
        lap["group_id"] = json!("480s@230w");
    }
    assert_eq!(count(&laps), [(2, 480)]);
    // Presses of the button, laps without time, and one that is the whole activity are none.
    assert_eq!(count(&[work(1, 400.0, 0), work(2, 400.0, 1)]), []);
    assert_eq!(count(&[json!({"type": "WORK", "average_watts": 300})]), []);
    assert_eq!(count(&[work(5300, 200.0, 0)]), []);
    assert_eq!(count(&[work(1200, 270.0, 0), rest(3000, 1200)]), [(1, 1200)]);
    assert_eq!(count(&[]), []);
}

#[test]
fn the_hardest_set_is_the_core_and_neither_openers_nor_tempo() {
    for (laps, core) in [
        (
            vec![(30, 390.0), (30, 400.0), (720, 225.0), (720, 226.0), (720, 220.0)],
            720,
        ),
        (
            vec![
                (1200, 190.0),
                (1200, 190.0),
                (180, 300.0),
                (180, 300.0),
                (180, 295.0),
                (180, 300.0),
                (180, 300.0),
            ],
            180,
        ),
    ] {
        let ride = detail(&ride("i1", "2026-11-18T17:00:00", &session(&laps, 120)));
        let sets = sets_of(&ride, None, Units::default()).unwrap();
        let found = hardest(&sets).unwrap();
        assert!((found.secs().unwrap() - f64::from(core)).abs() < 1.0, "{laps:?}");
        assert_eq!(found.rest(), Some(120.0));
    }
}

#[test]
fn auto_laps_are_no_set() {
    let laps: Vec<Value> = (0..8)
        .map(|at| json!({"type": "WORK", "moving_time": 300, "elapsed_time": 300, "start_time": at * 300, "end_time": at * 300 + 300,
            "distance": 1000, "average_speed": 3.33}))
        .collect();
    let mut run = ride("i1", "2026-11-18T17:00:00", &laps);
    run["type"] = json!("Run");
    let parsed = detail(&run);
    assert_eq!(
        sets_of(&parsed, None, Units::default()).unwrap_err(),
        NoSets::AutoLaps
    );
    // The same, edited by hand, are meant.
    run["icu_intervals_edited"] = json!(true);
    let parsed = detail(&run);
    assert_eq!(sets_of(&parsed, None, Units::default()).unwrap()[0].reps(), 8);
}

#[test]
fn a_run_goes_by_pace_and_a_ride_without_power_by_heart_rate() {
    let laps = session(&minutes(&[(4, 300.0), (4, 300.0)]), 60);
    let mut run = ride("i1", "2026-11-18T17:00:00", &laps);
    run["type"] = json!("Run");
    let metric = |value: &Value, asked| sets_of(&detail(value), asked, Units::default()).unwrap()[0].metric;
    assert_eq!(metric(&run, None), Metric::Pace);
    assert_eq!(metric(&run, Some(Metric::Power)), Metric::Power);
    let mut spin = ride("i1", "2026-11-18T17:00:00", &laps);
    for lap in spin["icu_intervals"].as_array_mut().unwrap() {
        lap["average_watts"] = json!(0);
    }
    assert_eq!(metric(&spin, None), Metric::HeartRate);
    assert!(sets_of(&detail(&spin), Some(Metric::Power), Units::default()).is_err());
}

/// Upstream with these activities; the search finds all of them. An id alone in a path is one of a list, unless it is `like`.
async fn upstream(all: Vec<Value>, like: Value) -> Upstream {
    Upstream::start(move |path| {
        let without = |row: &Value| {
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove("icu_intervals");
            row
        };
        let body = match path {
            "interval-search" => all
                .iter()
                .filter(|row| row["source"] != "STRAVA")
                .map(without)
                .collect(),
            "activities" => all.iter().map(without).collect(),
            "i424242" => {
                json!({"id": "i424242", "name": "Ana", "sportSettings": [{"types": ["Ride"], "ftp": 250}]})
            }
            id if like == id => all.iter().find(|row| row["id"] == id).cloned().unwrap(),
            ids => all
                .iter()
                .filter(|row| ids.split(',').any(|id| row["id"] == id))
                .cloned()
                .collect(),
        };
        (200, body)
    })
    .await
}

async fn asked(card: AthleteCard, all: Vec<Value>, given: Value) -> (String, Vec<String>) {
    let upstream = upstream(all, given["like"].clone()).await;
    let ask = Ask {
        upstream: upstream.handle(),
        card,
        now: noon(),
    };
    let answer = read(ask, object(given)).await;
    let text = answer.map_or_else(|refused| refused.to_string(), |answer| answer.text);
    (text, upstream.asked())
}

/// The same session in August and in November, and something else in between.
fn autumn() -> Vec<Value> {
    let now = session(&minutes(&[(12, 226.0), (12, 224.0), (12, 219.0)]), 300);
    let then = session(&minutes(&[(12, 212.0), (12, 210.0), (12, 205.0)]), 300);
    let other = session(&minutes(&[(3, 290.0), (3, 288.0)]), 180);
    let mut old = ride("i100", "2026-08-18T17:00:00", &then);
    old["icu_ftp"] = json!(240);
    old["power_meter"] = json!("4iiii");
    old["trainer"] = json!(true);
    vec![
        ride("i300", "2026-11-17T17:00:00", &now),
        ride("i200", "2026-10-01T17:00:00", &other),
        json!({"id": "777", "icu_athlete_id": "i424242", "source": "STRAVA", "start_date_local": "2026-09-09T09:00:00",
            "_note": "STRAVA activities are not available via the API"}),
        old,
    ]
}

#[tokio::test]
async fn the_same_session_three_months_ago_in_one_answer() {
    let (text, requests) = asked(ana(), autumn(), json!({"like": "i300"})).await;
    insta::assert_snapshot!("like", text);
    assert_eq!(requests.len(), 4, "{requests:?}");
    let (text, requests) = asked(
        ana(),
        autumn(),
        json!({"length": "12m", "intensity": "200-240W", "sport": "ride"}),
    )
    .await;
    insta::assert_snapshot!("by_length_and_watts", text);
    assert_eq!(requests.len(), 4, "{requests:?}");
    let (text, requests) = asked(ana(), autumn(), json!({"length": "12m", "intensity": "84-92%"})).await;
    assert!(
        text.contains("2 sets in 2 activities") && text.contains("(+6.7 %)"),
        "{text}"
    );
    assert_eq!(requests.len(), 3, "percent need no threshold: {requests:?}");
}

#[tokio::test]
async fn a_coach_reads_the_same_with_this_grant_alone() {
    let (own, _) = asked(ana(), autumn(), json!({"like": "i300"})).await;
    let (alone, _) = asked(
        ana_to_a_coach(&["find_intervals"]),
        autumn(),
        json!({"like": "i300"}),
    )
    .await;
    assert_eq!(own.replacen("Ana Berger · ", "Ana Berger (i424242) · ", 1), alone);
    // Its permission names what is shown; weight, form and notes are none of it.
    for other in ["W/kg", "CTL", "weight", "note"] {
        assert!(!alone.contains(other), "{alone}");
    }
}

#[tokio::test]
async fn what_has_no_intervals_says_why() {
    let whole = ride("i1", "2026-11-18T17:00:00", &[work(5300, 200.0, 0)]);
    let mut young = ride("i2", "2026-11-18T17:00:00", &[]);
    young["analyzed"] = Value::Null;
    let mut typed = ride("i3", "2026-11-18T17:00:00", &[]);
    typed["source"] = json!("MANUAL");
    let bare = ride("i4", "2026-11-18T17:00:00", &[]);
    let strava = json!({"id": "777", "icu_athlete_id": "i424242", "source": "STRAVA", "start_date_local": "2026-09-09T09:00:00"});
    let all = vec![whole, young, typed, bare, strava];
    for (id, says) in [
        ("i1", "none of its laps is a part that was worked"),
        ("i2", "not analysed it yet"),
        ("i3", "entered by hand"),
        ("i4", "lists none"),
        ("777", "came from Strava"),
    ] {
        let (text, requests) = asked(ana(), all.clone(), json!({"like": id})).await;
        assert!(text.contains(says), "{text}");
        assert_eq!(requests.len(), 1, "{requests:?}");
    }
}

#[tokio::test]
async fn a_length_chooses_among_the_sets_of_an_activity() {
    let laps = [
        (30, 390.0),
        (30, 400.0),
        (30, 395.0),
        (720, 225.0),
        (720, 226.0),
        (720, 220.0),
    ];
    let all = vec![ride("i1", "2026-11-18T17:00:00", &session(&laps, 120))];
    let (text, _) = asked(ana(), all.clone(), json!({"like": "i1"})).await;
    assert!(text.contains("Reference: 3× 0:12:00 · 224 W"), "{text}");
    assert!(
        text.contains("the hardest of its 2 sets") && text.contains("3× 0:00:30 · 395 W"),
        "{text}"
    );
    let (text, _) = asked(ana(), all.clone(), json!({"like": "i1", "length": "30s"})).await;
    assert!(text.contains("Reference: 3× 0:00:30 · 395 W"), "{text}");
    let (text, requests) = asked(ana(), all, json!({"like": "i1", "length": "5m"})).await;
    assert!(
        text.contains("None of its sets") && text.contains("3× 0:12:00"),
        "{text}"
    );
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn nothing_named_is_refused_before_any_request() {
    for given in [
        json!({}),
        json!({"sport": "ride"}),
        json!({"reps": 3, "limit": 5}),
    ] {
        let (text, requests) = asked(ana(), Vec::new(), given).await;
        assert!(text.starts_with("Not done: say what to find"), "{text}");
        assert!(requests.is_empty());
    }
    let (text, requests) = asked(ana(), Vec::new(), json!({"length": "8m", "oldest": "2027-01-01"})).await;
    assert!(text.contains("oldest must not be after today"), "{text}");
    assert!(requests.is_empty());
}

#[tokio::test]
async fn the_search_does_not_reach_back_and_the_summaries_do() {
    // A hundred newer matches fill the search; the old ones are only in the list.
    let laps = session(&minutes(&[(8, 250.0), (8, 250.0)]), 120);
    let from = day("2026-11-20");
    let mut all: Vec<Value> = (0..100)
        .map(|at| {
            let on = from - chrono::Days::new(at);
            ride(&format!("i{}", 900 - at), &format!("{on}T17:00:00"), &laps)
        })
        .collect();
    let mut old = ride("i5", "2019-05-01T17:00:00", &laps);
    old["interval_summary"] = json!(["2x 8m 250w"]);
    let mut other = ride(
        "i6",
        "2019-04-01T17:00:00",
        &session(&minutes(&[(3, 290.0)]), 120),
    );
    other["interval_summary"] = json!(["1x 3m 290w"]);
    let list: Vec<Value> = all.iter().cloned().chain([old.clone(), other.clone()]).collect();
    let searched = all.clone();
    all = list;
    let upstream = Upstream::start(move |path| {
        let body = match path {
            "interval-search" => json!(searched),
            "activities" => json!(all.iter().rev().take(2).collect::<Vec<_>>()),
            ids => all
                .iter()
                .filter(|row| ids.split(',').any(|id| row["id"] == id))
                .cloned()
                .collect(),
        };
        (200, body)
    })
    .await;
    let ask = Ask {
        upstream: upstream.handle(),
        card: ana(),
        now: noon(),
    };
    let given =
        json!({"length": "8m", "intensity": "95-105%", "oldest": "2018-01-01", "newest": "2020-01-01"});
    let text = read(ask, object(given)).await.unwrap().text;
    assert!(
        text.contains("1 set in 1 activity") && text.contains("\ti5"),
        "{text}"
    );
    assert!(
        text.contains("gives its newest 100 matches only, here back to 2026-08-13 Thu"),
        "{text}"
    );
    assert!(text.contains("(1 found)"), "{text}");
    let requests = upstream.asked();
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert_eq!(
        requests.last().unwrap(),
        "i5",
        "what the summary rules out is not read"
    );
}

#[tokio::test]
async fn a_cut_names_the_call_for_the_rest() {
    let laps = session(&minutes(&[(8, 250.0), (8, 250.0)]), 120);
    let all: Vec<Value> = (0..70)
        .map(|at| {
            let on = day("2026-11-20") - chrono::Days::new(2 * at);
            ride(&format!("i{}", 900 - at), &format!("{on}T17:00:00"), &laps)
        })
        .collect();
    let (text, _) = asked(ana(), all.clone(), json!({"length": "8m", "limit": 5})).await;
    assert!(
        text.contains("… 55 more sets and 10 activities not read yet: use newest=2026-11-10."),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.starts_with("2026-")).count(),
        5,
        "{text}"
    );
    // What was read is shown, and more was found than is read.
    let few = json!({"length": "8m", "limit": 30, "newest": "2026-09-22"});
    let (text, _) = asked(ana(), all.clone(), few).await;
    assert!(
        text.contains("40 sets in 40 activities") && text.contains("… 10 more sets: use newest="),
        "{text}"
    );
    // The reference is in the table although it is beyond the cut.
    let (text, _) = asked(ana(), all, json!({"like": "i880", "limit": 5})).await;
    assert!(
        text.lines()
            .any(|line| line.starts_with("2026-10-11") && line.contains("\t=\t")),
        "{text}"
    );
}

#[test]
fn fewer_activities_are_read_where_each_has_many_intervals() {
    let of = |count: usize, laps: usize| {
        let one = |at| Candidate {
            id: format!("i{at}").parse().unwrap(),
            day: day("2026-11-20"),
            laps,
        };
        fitting(&(0..count).map(one).collect::<Vec<_>>())
    };
    assert_eq!((of(0, 0), of(3, 5)), (1, 3));
    assert_eq!(of(100, 5), 60);
    assert_eq!(of(100, 60), 24);
    assert_eq!(of(100, 100_000), 1, "at least one");
}

#[tokio::test]
async fn without_the_list_the_search_alone_answers_and_the_answer_says_so() {
    let row = ride(
        "i1",
        "2026-11-18T17:00:00",
        &session(&minutes(&[(8, 250.0), (8, 246.0)]), 120),
    );
    let upstream = Upstream::start(move |path| match path {
        "activities" => (500, json!({"status": 500})),
        _ => (200, json!([row])),
    })
    .await;
    let ask = Ask {
        upstream: upstream.handle(),
        card: ana(),
        now: noon(),
    };
    let text = read(ask, object(json!({"length": "8m", "intensity": "95-105%"})))
        .await
        .unwrap()
        .text;
    assert!(
        text.contains("1 set in 1 activity") && text.contains("2× 0:08:00"),
        "{text}"
    );
    assert!(
        text.contains("Activities outside the search left out: the activities did not answer"),
        "{text}"
    );
}

#[tokio::test]
async fn watts_without_an_ftp_are_found_by_the_summaries() {
    let mut row = ride(
        "i1",
        "2026-11-18T17:00:00",
        &session(&minutes(&[(8, 250.0), (8, 246.0)]), 120),
    );
    row["icu_ftp"] = Value::Null;
    row["interval_summary"] = json!(["2x 8m 248w"]);
    let upstream = Upstream::start(move |path| {
        let body = match path {
            "interval-search" => json!([]),
            "i424242" => json!({"id": "i424242", "sportSettings": [{"types": ["Ride"], "ftp": null}]}),
            _ => json!([row]),
        };
        (200, body)
    })
    .await;
    let ask = Ask {
        upstream: upstream.handle(),
        card: ana(),
        now: noon(),
    };
    let text = read(ask, object(json!({"length": "8m", "intensity": "250W"})))
        .await
        .unwrap()
        .text;
    assert!(text.contains("2× 0:08:00\t248\t"), "{text}");
    assert!(!text.contains("% of FTP\t"), "{text}");
}

#[tokio::test]
async fn miles_and_yards_are_the_athletes_own() {
    let lap = |from: u32, secs: u32, metres: f64| {
        json!({"type": "WORK", "moving_time": secs, "elapsed_time": secs, "start_time": from, "end_time": from + secs,
            "distance": metres, "average_speed": metres / f64::from(secs), "average_heartrate": 165})
    };
    let mut run = ride(
        "i1",
        "2026-11-18T17:00:00",
        &[lap(600, 360, 1609.3), rest(90, 960), lap(1050, 364, 1609.3)],
    );
    run["type"] = json!("Run");
    run["threshold_pace"] = json!(4.2);
    let mut swim = ride(
        "i2",
        "2026-11-19T17:00:00",
        &[lap(600, 80, 91.44), rest(20, 680), lap(700, 82, 91.44)],
    );
    swim["type"] = json!("Swim");
    swim["pool_length"] = json!(22.86);
    let all = vec![swim, run];
    let (text, _) = asked(joe(), all.clone(), json!({"like": "i1"})).await;
    assert!(
        text.contains("pace /mi") && text.contains("6:02") && text.contains("1.00 mi"),
        "{text}"
    );
    let (text, _) = asked(joe(), all.clone(), json!({"like": "i2"})).await;
    assert!(
        text.contains("pace /100yd") && text.contains("1:21") && text.contains("100 yd"),
        "{text}"
    );
    let (text, _) = asked(
        joe(),
        all,
        json!({"length": "1mi", "sport": "run", "intensity": "5:50-6:10/mi"}),
    )
    .await;
    assert!(
        text.contains("intervals of 0.95–1.05 mi at 5:50–6:10/mi") && text.contains("\ti1"),
        "{text}"
    );
}

#[tokio::test]
async fn other_peoples_words_stay_in_their_place() {
    let mut row = ride(
        "i1",
        "2026-11-18T17:00:00",
        &session(&minutes(&[(8, 250.0), (8, 246.0)]), 120),
    );
    let mut other = ride(
        "i2",
        "2026-11-11T17:00:00",
        &session(&minutes(&[(8, 250.0), (8, 246.0)]), 120),
    );
    for (key, value) in [
        ("name", HOSTILE),
        ("power_meter", HOSTILE),
        ("device_name", HOSTILE),
        ("description", HOSTILE),
    ] {
        row[key] = json!(value);
    }
    other["type"] = json!(HOSTILE);
    let all = vec![row, other];
    for given in [json!({"like": "i1"}), json!({"length": "8m"})] {
        let (text, _) = asked(ana(), all.clone(), given).await;
        stays_in_its_place(&text);
        assert!(text.contains("2× 0:08:00"), "{text}");
    }
}

#[test]
fn summaries_are_read_with_a_margin() {
    let secs = (431, 529);
    let length = Some(Length::Secs(432.0, 528.0));
    for (text, may) in [
        ("4x 8m 250w", true),
        ("3x 12m 224w", false),
        ("2x 7m30s 240w", true),
        ("8m 250w", true),
        ("5x 1km 4:00/km", true),
        ("", false),
        ("»\u{202e}", false),
    ] {
        assert_eq!(wanted::may_be(text, length, secs), may, "{text}");
    }
    assert!(wanted::may_be("anything", None, secs));
    let metres = Some(Length::Metres(950.0, 1050.0));
    assert!(
        wanted::may_be("5x 1km 4:00/km", metres, (150, 700))
            && !wanted::may_be("5x 400mtr", metres, (150, 700))
    );
    assert_eq!(SportUnits::of("Run", Units::default()).distance_unit(), "km");
}

proptest! {
    #[test]
    fn no_text_is_more_than_refused(text in ".{0,40}") {
        for refused in [
            Length::read("length", &text).err(),
            Intensity::read("intensity", &text).err(),
        ]
        .into_iter()
        .flatten()
        {
            let refused = refused.to_string();
            prop_assert!(refused.starts_with("Not done: ") && refused.len() < 300);
        }
    }

    #[test]
    fn no_lap_is_in_two_sets_and_no_figure_is_odd(
        laps in prop::collection::vec((1_u32..3000, 0.0..900.0_f64, any::<bool>()), 0..40),
        odd in odd(),
        key in prop::sample::select(vec!["average_watts", "moving_time", "type", "group_id", "start_time", "average_heartrate"]),
    ) {
        let mut at = 0;
        let mut all: Vec<Value> = laps.iter().map(|(secs, watts, is_work)| {
            at += secs;
            if *is_work { work(*secs, *watts, at - secs) } else { rest(*secs, at - secs) }
        }).collect();
        if let Some(first) = all.first_mut() {
            first[key] = odd;
        }
        let ride = detail(&ride("i1", "2026-11-18T17:00:00", &all));
        if let Ok(sets) = sets_of(&ride, None, Units::default()) {
            let count: usize = sets.iter().map(Set::reps).sum();
            prop_assert!(count <= all.len());
            for set in &sets {
                let (low, high) = set.spread().unwrap_or((0.0, f64::MAX));
                let value = set.value().unwrap();
                prop_assert!(value >= low - 1e-6 && value <= high + 1e-6, "{low} {value} {high}");
                prop_assert!(hardest(&sets).is_some());
            }
        }
    }
}
