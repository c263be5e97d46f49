use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::tools::{
    samples::{HOSTILE, ana, day, joe, object, rows, stays_in_its_place, today},
    zone_base::{Measure, times_of},
};

fn asked(given: Value) -> Asked {
    Asked::read(object(given), today()).unwrap()
}

fn refusal(given: Value) -> String {
    Asked::read(object(given), today()).unwrap_err().to_string()
}

fn answer(card: &AthleteCard, given: Value, found: Value) -> String {
    let found: Vec<Activity> = rows(found);
    render(card, today(), &asked(given), &found, &Part::NotAsked, None).text
}

fn ride(id: &str, date: &str, secs: f64, load: f64) -> Value {
    json!({"id": id, "type": "Ride", "start_date_local": format!("{date}T10:00:00"), "moving_time": secs,
        "icu_distance": secs * 8.0, "total_elevation_gain": 300.0, "icu_training_load": load, "icu_intensity": 75.0, "calories": 800,
        "icu_zone_times": [{"id": "Z1", "secs": secs * 0.3}, {"id": "Z2", "secs": secs * 0.4}, {"id": "Z3", "secs": secs * 0.1},
            {"id": "Z4", "secs": secs * 0.15}, {"id": "Z5", "secs": secs * 0.05}, {"id": "Z6", "secs": 0}, {"id": "Z7", "secs": 0},
            {"id": "SS", "secs": 999_999}],
        "icu_hr_zone_times": [1, 2, 3, 4, 5, 6, 7], "tiz_order": "POWER_HR_PACE",
        "source": "GARMIN_CONNECT", "device_name": "Garmin Edge 840"})
}

fn run_of(id: &str, date: &str, secs: f64) -> Value {
    json!({"id": id, "type": "Run", "start_date_local": format!("{date}T07:00:00"), "moving_time": secs, "distance": secs * 3.0,
        "icu_training_load": secs / 60.0, "icu_intensity": 80.0, "icu_hr_zone_times": [secs / 2.0, secs / 2.0, 0, 0, 0],
        "pace_zone_times": [secs * 0.8, 0, secs * 0.1, 0, 0, 0, secs * 0.1], "gap_zone_times": [0, secs, 0, 0, 0, 0, 0],
        "tiz_order": "PACE_HR_POWER"})
}

/// Two periods: this one with rides, runs, a swim, strength without load, a stub; the one before with less.
fn two_periods() -> Value {
    json!([
        ride("i1", "2026-11-20", 5400.0, 84.0),
        ride("i2", "2026-11-18", 7200.0, 110.0),
        ride("i3", "2026-11-12", 10_800.0, 150.0),
        {"id": "i4", "type": "VirtualRide", "start_date_local": "2026-11-10T18:00:00", "moving_time": 3600, "distance": 30_000,
         "icu_training_load": 60, "icu_intensity": 77.0, "icu_zone_times": null, "icu_hr_zone_times": [1800, 1800, 0, 0, 0]},
        run_of("i5", "2026-11-11", 2700.0),
        run_of("i6", "2026-10-29", 3600.0),
        {"id": "i7", "type": "Swim", "start_date_local": "2026-11-05T06:30:00", "moving_time": 2940, "distance": 3000,
         "icu_training_load": 55, "icu_intensity": 90.0},
        {"id": "i8", "type": "WeightTraining", "start_date_local": "2026-11-17T18:00:00", "moving_time": 3600, "distance": 0,
         "icu_training_load": null, "icu_intensity": null},
        {"id": "99", "source": "STRAVA", "start_date_local": "2026-11-03T09:00:00"},
        {"id": "98", "source": "STRAVA", "start_date_local": "2026-09-22T09:00:00"},
        {"id": "i9", "type": "Ride", "start_date_local": "2026-10-18T09:00:00", "moving_time": 99_999, "icu_training_load": 999},
        ride("i10", "2026-10-17", 9000.0, 120.0),
        ride("i11", "2026-09-15", 9000.0, 130.0),
        run_of("i12", "2026-10-01", 3000.0),
        {"id": "i13", "type": "Hike", "start_date_local": "2026-10-02T09:00:00", "moving_time": 7200, "distance": 8000, "icu_training_load": 40},
    ])
}

#[test]
fn reads_as_a_person_would_want_it() {
    insta::assert_snapshot!("concise", answer(&ana(), json!({}), two_periods()));
    insta::assert_snapshot!("full", answer(&ana(), json!({"detail": "full"}), two_periods()));
    insta::assert_snapshot!(
        "imperial",
        answer(&joe(), json!({"sport": "swim"}), two_periods())
    );
}

#[test]
fn the_default_is_four_whole_weeks_and_this_week_so_far_against_the_same_part_before() {
    let own = asked(json!({}));
    assert_eq!((own.range.oldest, own.range.newest), (day("2026-10-19"), today()));
    let before = own.before.unwrap();
    assert_eq!(
        (before.oldest, before.newest),
        (day("2026-09-14"), day("2026-10-17"))
    );
    let text = answer(&ana(), json!({}), two_periods());
    assert!(
        !text.contains("999"),
        "the Sunday between the periods is in neither: {text}"
    );

    let ten_days = asked(json!({"oldest": "2026-11-01", "newest": "2026-11-10"}))
        .before
        .unwrap();
    assert_eq!(
        (ten_days.oldest, ten_days.newest),
        (day("2026-10-22"), day("2026-10-31"))
    );
    let whole = asked(json!({"oldest": "2026-11-02", "newest": "2026-11-15"}))
        .before
        .unwrap();
    assert_eq!(
        (whole.oldest, whole.newest),
        (day("2026-10-19"), day("2026-11-01"))
    );
    assert!(asked(json!({"compare": "none"})).before.is_none());
    assert_eq!(
        asked(json!({"oldest": "2026-11-02", "newest": "2026-12-31"}))
            .range
            .newest,
        today()
    );
    assert!(
        asked(json!({"oldest": "2026-11-22", "newest": "2026-11-23"}))
            .before
            .is_none(),
        "nothing is compared with days to come"
    );
    assert!(refusal(json!({"oldest": "2020-01-01"})).contains("at most 731"));
    assert!(refusal(json!({"compare": "mine"})).contains("previous, last_year, none or two days"));
}

#[test]
fn each_sport_goes_by_the_zones_that_the_athlete_prefers() {
    let measure = |row: Value| {
        let row: Vec<Activity> = rows(json!([row]));
        times_of(&row[0], None).map(|(measure, times)| (measure, times.len()))
    };
    assert_eq!(
        measure(ride("i1", "2026-11-20", 3600.0, 1.0)),
        Some((Measure::Power, 7))
    );
    let mut heart = ride("i1", "2026-11-20", 3600.0, 1.0);
    heart["icu_zone_times"] = json!([{"id": "Z1", "secs": 0}, {"id": "SS", "secs": 600}]);
    assert_eq!(measure(heart), Some((Measure::HeartRate, 7)));
    let mut run = run_of("i1", "2026-11-20", 3600.0);
    assert_eq!(measure(run.clone()), Some((Measure::Pace, 7)));
    run["use_gap_zone_times"] = json!(true);
    assert_eq!(measure(run.clone()), Some((Measure::Gap, 7)));
    run["tiz_order"] = json!("HR_PACE_POWER");
    assert_eq!(measure(run.clone()), Some((Measure::HeartRate, 5)));
    run["tiz_order"] = json!(null);
    assert_eq!(measure(run.clone()), Some((Measure::Gap, 7)));
    run["tiz_order"] = json!("MOON");
    assert_eq!(measure(run), Some((Measure::Gap, 7)));
    assert_eq!(
        measure(json!({"type": "Ride", "icu_zone_times": "x", "icu_hr_zone_times": [1, "x"]})),
        None
    );
}

#[test]
fn other_numbers_of_zones_have_their_own_line() {
    let mut five = ride("i2", "2026-11-19", 3600.0, 50.0);
    five["icu_zone_times"] = json!([{"id": "Z1", "secs": 900}, {"id": "Z3", "secs": 900}, {"id": "Z4", "secs": 1800}, {"id": "Z9x", "secs": 5}]);
    let mut three = ride("i3", "2026-11-18", 3600.0, 50.0);
    three["icu_zone_times"] =
        json!([{"id": "Z1", "secs": 900}, {"id": "Z2", "secs": 900}, {"id": "Z3", "secs": 1800}]);
    let text = answer(
        &ana(),
        json!({}),
        json!([ride("i1", "2026-11-20", 3600.0, 50.0), five, three]),
    );
    assert!(
        text.contains("Zones Ride by power, 7 zones (1 of 3 activities): Z1 0:18 30 % · Z2 0:24 40 %"),
        "{text}"
    );
    assert!(
        text.contains("easy/moderate/hard 70/25/5 % (Z1–2, Z3–4, Z5–7)"),
        "{text}"
    );
    assert!(
        text.contains(
            "Z1 0:15 25 % · Z2 0:15 25 % · Z3 0:30 50 % · easy/moderate/hard 25/25/50 % (Z1, Z2, Z3)"
        ),
        "{text}"
    );
    assert!(
        text.contains("Z1 0:15 25 % · Z3 0:15 25 % · Z4 0:30 50 % · no easy/moderate/hard: 4 zones have no usual split\n"),
        "four zones have no split: {text}"
    );
}

#[test]
fn plans_are_shown_with_the_weeks() {
    let events = rows(json!([
        {"start_date_local": "2026-11-17T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 90, "moving_time": 3600},
        {"start_date_local": "2026-11-22T00:00:00", "category": "WORKOUT", "type": "Run", "icu_training_load": 110, "moving_time": 7200},
        {"start_date_local": "2026-11-23T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 999},
        {"start_date_local": "2026-11-10T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": null, "moving_time": null},
        {"start_date_local": null, "icu_training_load": 5},
    ]));
    let found: Vec<Activity> = rows(two_periods());
    let given = asked(json!({"include": "planned", "compare": "none"}));
    let text = render(&ana(), today(), &given, &found, &Part::Got(events), None).text;
    assert!(
        text.contains(
            "2026-11-16 (to Sat)\t3\t4:30\t3:00 (1:00 missed, 2:00 open later)\t194 (1 without)\t200 (90 missed, 110 open later)\t2:00 Ride (18 Nov)\t"
        ),
        "{text}"
    );
    assert!(
        text.contains("Planned load and time of this week are those to Sunday.")
            && !text.contains("before, "),
        "{text}"
    );
    let text = render(
        &ana(),
        today(),
        &given,
        &found,
        &Part::Missing("Planned load left out: x.".into()),
        None,
    )
    .text;
    assert!(
        text.contains("\nPlanned load left out: x.\n") && !text.contains("planned load\t"),
        "{text}"
    );
}

#[test]
fn a_range_only_from_strava_shows_the_sums_of_intervals_icu() {
    let stubs: Vec<Value> = (10..20)
        .map(|at| json!({"id": format!("190{at}"), "source": "STRAVA", "start_date_local": format!("2026-11-{at}T09:00:00")}))
        .collect();
    let weeks: Vec<WeekSummary> = rows(json!([
        {"date": "2026-11-16", "athlete_id": "i424242", "byCategory": [
            {"category": "Ride", "count": 2, "moving_time": 8810, "calories": 1700, "total_elevation_gain": 540.0, "training_load": 140, "distance": 68_100.0},
            {"category": "Run", "count": 2, "moving_time": 6410, "calories": 1010, "training_load": 97, "distance": 28_111.2}]},
        {"date": "2026-11-09", "athlete_id": "i424242", "byCategory": [{"category": "VirtualRide", "count": 1, "moving_time": 3600, "training_load": null}]},
        {"date": "2026-01-05", "byCategory": [{"category": "Ride", "count": 9, "moving_time": 999_999}]},
        {"date": null, "byCategory": null},
    ]));
    let found: Vec<Activity> = rows(json!(stubs));
    let text = render(
        &ana(),
        today(),
        &asked(json!({})),
        &found,
        &Part::NotAsked,
        Some(&weeks),
    )
    .text;
    insta::assert_snapshot!("all_strava", text);
    assert!(!text.contains("Whole weeks"), "{text}");
    let one_day = asked(json!({"oldest": "2026-11-12", "newest": "2026-11-12"}));
    let part = render(&ana(), today(), &one_day, &found, &Part::NotAsked, Some(&weeks)).text;
    assert!(
        part.contains("\nWhole weeks 9 – 15 Nov 2026, not only the days asked for:\nsport\t"),
        "{part}"
    );
    let text = render(&ana(), today(), &asked(json!({})), &found, &Part::NotAsked, None).text;
    assert!(
        text.contains("No activity in this range that can be read.\nClosed by Strava: 10 activities;"),
        "{text}"
    );
    assert_eq!(text.matches("connect the device's own").count(), 1);
}

#[test]
fn nothing_found_is_an_answer_with_name_and_range() {
    assert_eq!(
        answer(&ana(), json!({}), json!([])),
        "Ana Berger · 19 Oct – 21 Nov 2026 · 34 days: 4 whole weeks and Mon to Sat · 0 activities · Europe/Berlin, today 2026-11-21 Sat\nNo activity in this range."
    );
    let text = answer(
        &ana(),
        json!({"sport": "yoga", "oldest": "2026-11-19"}),
        two_periods(),
    );
    assert_eq!(
        text,
        "Ana Berger · 19 – 21 Nov 2026 · Yoga · 0 activities · Europe/Berlin, today 2026-11-21 Sat\nNo activity of that sport in this range."
    );
}

#[test]
fn monotony_is_of_whole_weeks_that_can_be_read() {
    let mut found: Vec<Value> = (2..=8)
        .map(|on| {
            ride(
                &format!("i{on}"),
                &format!("2026-11-{on:02}"),
                3600.0,
                10.0 * f64::from(on),
            )
        })
        .collect();
    let line = |found: &[Value], given: Value| {
        let text = answer(&ana(), given, json!(found));
        text.lines()
            .find(|line| line.starts_with("2026-11-02"))
            .unwrap()
            .to_owned()
    };
    // Loads 20 … 80: mean 50, sample deviation 21.60.
    let whole = line(&found, json!({}));
    assert!(whole.ends_with("\t2.3\t810"), "{whole}");
    let cut = answer(&ana(), json!({"oldest": "2026-11-03"}), json!(found));
    assert!(
        cut.contains("\n2026-11-02 (from Tue)\t6\t") && !cut.contains("Foster"),
        "{cut}"
    );
    let narrowed = line(&found, json!({"sport": "ride"}));
    assert!(!narrowed.ends_with("810"), "{narrowed}");
    found.push(json!({"id": "1", "source": "STRAVA", "start_date_local": "2026-11-05T09:00:00"}));
    let only_stub = answer(
        &ana(),
        json!({}),
        json!([{"id": "1", "source": "STRAVA", "start_date_local": "2026-11-05T09:00:00"}, ride("i1", "2026-11-20", 3600.0, 50.0)]),
    );
    assert!(
        only_stub.contains("\n2026-11-02\t1 unreadable\t\tunknown\n"),
        "{only_stub}"
    );
    let with_stub = line(&found, json!({}));
    assert!(
        with_stub.contains("\t7 + 1 unreadable\t") && !with_stub.ends_with("810"),
        "{with_stub}"
    );
}

#[test]
fn nulls_zeros_and_absurd_numbers_are_shown_as_what_they_are() {
    let text = answer(
        &ana(),
        json!({}),
        json!([
            {"id": "i1", "type": null, "start_date_local": "2026-11-20T10:00:00", "moving_time": null, "icu_training_load": null},
            {"id": "i2", "type": "Ride", "start_date_local": "2026-11-20T11:00:00", "moving_time": 0, "icu_training_load": 0, "icu_intensity": 0, "average_heartrate": 90},
            {"id": "i2", "type": "Ride", "start_date_local": "2026-11-20T11:00:00", "moving_time": 9999},
            {"id": "i3", "type": "Ride", "start_date_local": "2026-11-20T12:00:00", "moving_time": 1e300, "icu_training_load": -1e300, "distance": -5},
            {"id": "i4", "type": "Ride", "start_date_local": null},
        ]),
    );
    assert!(
        text.contains("\nRide\t2\t0 (1 without)\n") && text.contains(" 1 empty entry, of which"),
        "{text}"
    );
    assert!(
        text.contains("\nall\t2 + 1 unreadable\t0 (1 without) + 1 unreadable\n"),
        "{text}"
    );
    assert!(text.contains("\nNot recorded: time, IF, "), "{text}");
    let text = answer(
        &ana(),
        json!({"detail": "full"}),
        json!([{"id": "i1", "type": HOSTILE, "start_date_local": "2026-11-20T10:00:00", "moving_time": 60, "device_name": HOSTILE}]),
    );
    stays_in_its_place(&text);
}

#[test]
fn two_years_stay_short() {
    let found: Vec<Value> = (0..700)
        .map(|at| {
            ride(
                &format!("i{at}"),
                &(today() - Days::new(at)).to_string(),
                5400.0,
                80.0,
            )
        })
        .collect();
    let text = answer(&ana(), json!({"oldest": "2024-12-02"}), json!(found));
    assert!(text.len() < 2500, "{} bytes\n{text}", text.len());
    assert!(
        text.contains("… 90 more weeks: use oldest=2024-12-02 newest=2026-08-23"),
        "{text}"
    );
    let text = answer(
        &ana(),
        json!({"oldest": "2024-12-02", "detail": "full"}),
        json!(found),
    );
    assert!(text.len() < 6000, "{} bytes\n{text}", text.len());
}

#[test]
fn five_weeks_of_three_sports_keep_their_budget() {
    let text = answer(&ana(), json!({}), two_periods());
    assert!(text.len() <= 3000, "{} bytes\n{text}", text.len());
}

proptest! {
    #[test]
    fn the_weeks_add_up_to_the_sports(loads in prop::collection::vec((0_u64..34, 0.0..200.0_f64, 0_usize..3), 1..60)) {
        const SPORTS: [&str; 3] = ["Ride", "VirtualRide", "Run"];
        let found: Vec<Value> = loads.iter().enumerate().map(|(at, (back, load, sport))| json!({
            "id": format!("i{at}"), "type": SPORTS[*sport], "moving_time": 3600, "icu_training_load": load.round(), "average_heartrate": 120,
            "start_date_local": format!("{}T10:00:00", today() - Days::new(*back)),
        })).collect();
        let text = answer(&ana(), json!({"compare": "none"}), json!(found));
        let column = |header: &str, from: &str| -> f64 {
            let lines: Vec<&str> = text.lines().collect();
            let top = lines.iter().position(|line| line.starts_with(from)).unwrap();
            let at = lines[top].split('\t').position(|name| name == header).unwrap();
            lines[top + 1..].iter().take_while(|line| line.contains('\t')).filter(|line| !line.starts_with("all"))
                .take_while(|line| !line.starts_with("week"))
                .filter_map(|line| line.split('\t').nth(at)?.parse::<f64>().ok()).sum()
        };
        let wanted: f64 = loads.iter().map(|(_, load, _)| load.round()).sum();
        prop_assert!((column("load", "sport\t") - wanted).abs() < 1e-6, "{text}");
        prop_assert!((column("load", "week (Mon)") - wanted).abs() < 1e-6, "{text}");
    }
}
