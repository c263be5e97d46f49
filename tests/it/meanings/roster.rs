//! A coach's roster: done, planned, missed, absent; the same days of everyone.

use std::sync::Mutex;

use chrono::{Days, NaiveDate};
use icusync_sim::Fault;
use serde_json::{Value, json};

use super::{asked_for, give, on_saturday, row};

const ALL: &[&str] = &[
    "get_fitness",
    "get_wellness",
    "get_events",
    "get_training_history",
];
const NO_HISTORY: &[&str] = &["get_fitness", "get_wellness", "get_events"];
const NO_EVENTS: &[&str] = &["get_fitness", "get_training_history"];

fn day(date: &str) -> NaiveDate {
    date.parse().unwrap()
}

fn today() -> NaiveDate {
    day("2026-11-28")
}

/// What Ana's coach reads of her with these tools, and for how many requests. Each answer has a world of its own, since
/// answers of upstream are kept for a minute.
async fn asked(tools: &[&str], rows: Value, mut arguments: Value) -> (String, usize) {
    let answer = Mutex::default();
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = $1 where athlete_id = $2")
            .bind(tools)
            .bind(world.ana().person.athlete_id)
            .execute(&world.app.pool)
            .await
            .unwrap();
        give(&world, world.ana(), rows);
        arguments["athletes"] = json!(["Ana Berger"]);
        let (text, paths) = asked_for(&world, &coach.link, "get_roster_overview", arguments).await;
        *answer.lock().unwrap() = (text, paths.len());
    })
    .await;
    answer.into_inner().unwrap()
}

/// A cell of Ana's row; empty if the column is left out.
fn cell(text: &str, header: &str) -> String {
    row(text, "athlete\t", "Ana Berger")
        .remove(header)
        .unwrap_or_default()
}

/// Days of the model with these loads for CTL and ATL, up to today; CTL and ATL of A1 on the last two.
fn model(loads: &[(f64, f64)]) -> Vec<Value> {
    let first = u64::try_from(loads.len()).unwrap() - 1;
    (0..)
        .zip(loads)
        .map(|(at, (ctl, atl))| {
            let held = if at == first { [60.35, 57.66] } else { [60.0, 55.0] };
            json!({"id": today() - Days::new(first - at), "ctl": held[0], "atl": held[1], "ctlLoad": ctl, "atlLoad": atl})
        })
        .collect()
}

fn same(loads: &[f64]) -> Vec<Value> {
    let loads: Vec<(f64, f64)> = loads.iter().map(|load| (*load, *load)).collect();
    model(&loads)
}

#[expect(clippy::needless_pass_by_value, reason = "what json! makes is a value")]
fn workout(id: i64, date: &str, sport: &str, load: Value) -> Value {
    json!({"id": id, "category": "WORKOUT", "type": sport, "name": "Session", "start_date_local": format!("{date}T00:00:00"),
        "icu_training_load": load, "moving_time": 3600, "paired_activity_id": null})
}

#[expect(clippy::needless_pass_by_value, reason = "what json! makes is a value")]
fn did(id: &str, date: &str, sport: &str, load: Value) -> Value {
    json!({"id": id, "type": sport, "start_date_local": format!("{date}T08:00:00"), "moving_time": 3600, "icu_training_load": load})
}

fn absence(category: &str, first: &str, end: &str) -> Value {
    json!({"id": 502, "category": category, "name": "x", "start_date_local": format!("{first}T00:00:00"),
        "end_date_local": format!("{end}T00:00:00")})
}

/// Seventy-five planned for today, in today's row of the model or not.
#[expect(clippy::needless_pass_by_value, reason = "what json! makes is a value")]
fn planned_today(in_row: bool, activities: Value) -> Value {
    let wellness = if in_row {
        same(&[0.0, 75.0])
    } else {
        let mut rows = same(&[0.0, 0.0]);
        rows[1]["ctl"] = json!(58.588);
        rows[1]["atl"] = json!(47.678);
        rows
    };
    json!({"wellness": wellness, "events": [workout(501, "2026-11-28", "Ride", json!(75))], "activities": activities})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_that_is_only_planned_is_not_load_of_this_week() {
    // Activities because of today's row, and absences because nothing was done all week.
    let (text, requests) = asked(ALL, planned_today(true, json!([])), json!({})).await;
    assert_eq!(requests, 4, "{text}");
    assert_eq!(
        cell(&text, "load this week"),
        "0; 75 planned (all open today)",
        "{text}"
    );
    assert_eq!(cell(&text, "last load"), "none in 60 days", "{text}");
    assert_eq!(
        cell(&text, "form"),
        "+10.9 (done only; +2.7 with today's plan)",
        "{text}"
    );
    assert_eq!(
        (cell(&text, "CTL"), cell(&text, "ATL")),
        ("58.6".into(), "47.7".into()),
        "{text}"
    );
    assert!(
        text.contains(" · this week Mon 23 Nov to today 2026-11-28 Sat\n"),
        "{text}"
    );

    // Where intervals.icu leaves the plan out, the same is said without the activities.
    let (text, requests) = asked(ALL, planned_today(false, json!([])), json!({})).await;
    assert_eq!(requests, 3, "{text}");
    assert_eq!(
        (cell(&text, "load this week"), cell(&text, "form")),
        (
            "0; 75 planned (all perhaps open today)".into(),
            "+10.9 (75 perhaps still open today, +2.7 with it)".into()
        ),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_today_counts() {
    let done = json!([did("i1", "2026-11-28", "Ride", json!(75))]);
    let (text, requests) = asked(ALL, planned_today(true, done), json!({})).await;
    assert_eq!(requests, 4, "{text}");
    assert_eq!(
        (cell(&text, "load this week"), cell(&text, "form")),
        ("75; 75 planned (all done)".into(), "+2.7".into()),
        "{text}"
    );
    assert_eq!(cell(&text, "last activity"), "2026-11-28 Sat Ride", "{text}");

    // Thirty done and forty-five to come.
    let part = json!([did("i1", "2026-11-28", "Run", json!(30))]);
    let mut both = planned_today(true, part);
    both["events"][0]["icu_training_load"] = json!(45);
    let (text, _) = asked(ALL, both.clone(), json!({})).await;
    assert_eq!(
        cell(&text, "load this week"),
        "30; 45 planned (all open today)",
        "{text}"
    );
    assert!(
        cell(&text, "form").ends_with("(done only; +2.7 with today's plan)"),
        "{text}"
    );

    // A rest of the row that no plan has is not called planned.
    both["events"][0]["icu_training_load"] = json!(20);
    let (text, _) = asked(ALL, both, json!({})).await;
    assert_eq!(
        cell(&text, "load this week"),
        "55 (or 75: today's 20 perhaps only planned); 20 planned (all not paired)",
        "{text}"
    );

    // A pairing says that it was done, for two requests.
    let mut paired = planned_today(true, json!([did("i1", "2026-11-28", "Ride", json!(75))]));
    paired["events"][0]["paired_activity_id"] = json!("i1");
    let (text, requests) = asked(ALL, paired, json!({})).await;
    assert_eq!(
        (requests, cell(&text, "load this week"), cell(&text, "last load")),
        (2, "75; 75 planned (all done)".into(), "2026-11-28 Sat".into()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_grant_can_tell_is_said_to_be_unknown() {
    let (text, requests) = asked(NO_HISTORY, planned_today(true, json!([])), json!({})).await;
    assert_eq!(requests, 3, "{text}");
    assert_eq!(
        cell(&text, "load this week"),
        "0 (or 75: today's 75 perhaps only planned); 75 planned (all not paired)",
        "{text}"
    );
    assert_eq!(cell(&text, "form"), "+2.7 (perhaps with today's plan)", "{text}");
    assert_eq!(cell(&text, "last load"), "none in 60 days", "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_calendar_no_planned_load_is_shown_and_todays_figures_may_hold_some() {
    let (text, requests) = asked(&["get_fitness"], planned_today(true, json!([])), json!({})).await;
    assert_eq!(requests, 1, "{text}");
    assert_eq!(cell(&text, "form"), "+2.7 (may hold planned load)", "{text}");
    assert_eq!(
        cell(&text, "load this week"),
        "0 (or 75: today's 75 may hold planned load); planned unknown",
        "{text}"
    );
    // The activities tell what was done.
    let (text, requests) = asked(NO_EVENTS, planned_today(true, json!([])), json!({})).await;
    assert_eq!(
        (requests, cell(&text, "load this week")),
        (2, "0; planned unknown".into()),
        "{text}"
    );
    assert_eq!(cell(&text, "form"), "+10.9 (done only)", "{text}");
    // Nothing today, nothing to say.
    let (text, _) = asked(&["get_fitness"], planned_today(false, json!([])), json!({})).await;
    assert_eq!(
        (cell(&text, "form"), cell(&text, "load this week")),
        ("+10.9".into(), "0; planned unknown".into()),
        "{text}"
    );
    let (text, _) = asked(
        NO_EVENTS,
        planned_today(true, json!([])),
        json!({"oldest": "2026-11-20", "newest": "2026-12-06"}),
    )
    .await;
    assert!(
        !text.contains("75") && !text.contains("planned to ") && cell(&text, "load") == "0; planned unknown",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_athlete_is_blamed_for_nothing() {
    for (category, first, end, flag, why) in [
        (
            "SICK",
            "2026-11-23",
            "2026-11-30",
            "sick 23–29 Nov (day 6 of 7)",
            "not done, sick",
        ),
        (
            "INJURED",
            "2026-10-10",
            "2026-12-20",
            "injured 10 Oct – 19 Dec (day 50 of 71)",
            "not done, injured",
        ),
        (
            "HOLIDAY",
            "2026-11-21",
            "2026-12-05",
            "holiday 21 Nov – 4 Dec (day 8 of 14)",
            "not done, holiday",
        ),
    ] {
        let mut events = vec![absence(category, first, end)];
        let week = (23..28).map(|date| workout(600 + date, &format!("2026-11-{date}"), "Run", json!(50)));
        events.extend(week);
        let rows = json!({"wellness": same(&[60.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), "events": events, "activities": []});
        let (text, requests) = asked(ALL, rows, json!({})).await;
        assert_eq!(requests, 2, "{text}");
        let flags = cell(&text, "flags");
        assert_eq!(
            flags,
            format!("{flag}; {why} 2026-11-27 Fri Run, 2026-11-26 Thu Run, 2026-11-25 Wed Run and 2 more"),
            "{text}"
        );
        assert_eq!(
            cell(&text, "load this week"),
            "0; 250 planned (all on days of absence)",
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_takes_the_blame_for_its_own_days_only() {
    let events = json!([
        absence("SICK", "2026-11-24", "2026-11-26"),
        workout(1, "2026-11-23", "Run", json!(40)), workout(2, "2026-11-24", "Run", json!(50)),
        workout(3, "2026-11-25", "Run", json!(50)), workout(4, "2026-11-27", "Ride", json!(60)),
        {"id": 5, "category": "NOTE", "training_availability": "LIMITED", "start_date_local": "2026-11-27T00:00:00"},
    ]);
    let activities = json!([did("i1", "2026-11-23", "TrailRun", json!(40))]);
    let loads = same(&[0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let rows = json!({"wellness": loads, "events": events, "activities": activities});
    let (text, requests) = asked(ALL, rows, json!({})).await;
    assert_eq!(requests, 4, "{text}");
    assert_eq!(
        cell(&text, "flags"),
        "missed 2026-11-27 Fri Ride (limited); not done, sick 2026-11-25 Wed Run, 2026-11-24 Tue Run; load 40 % of plan to date (40 of 100)",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_load_was_not_missed() {
    let given = || {
        json!({
            "wellness": same(&[30.0, 0.0, 0.0, 0.0]),
            "events": [workout(700, "2026-11-26", "WeightTraining", Value::Null)],
            "activities": [did("i7", "2026-11-26", "WeightTraining", Value::Null)],
        })
    };
    let (text, requests) = asked(ALL, given(), json!({})).await;
    assert_eq!((requests, cell(&text, "flags")), (4, String::new()), "{text}");
    assert!(!text.contains("\nFlags: "), "{text}");
    let (text, requests) = asked(NO_HISTORY, given(), json!({})).await;
    assert_eq!(
        (requests, cell(&text, "flags")),
        (
            3,
            "not paired, on days without load: 2026-11-26 Thu WeightTraining".into()
        ),
        "{text}"
    );
    assert!(
        text.contains("sessions without a load are not seen") && text.contains("\nFlags: "),
        "{text}"
    );
    // On a day with a load, nothing is known either.
    let mut busy = given();
    busy["events"][0]["start_date_local"] = json!("2026-11-25T00:00:00");
    let (text, _) = asked(NO_HISTORY, busy, json!({})).await;
    assert_eq!(
        cell(&text, "flags"),
        "not paired 2026-11-25 Wed WeightTraining",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_race_has_its_name_and_another_sport_is_not_the_session() {
    let mut race = workout(1, "2026-11-22", "Run", json!(120));
    race["category"] = json!("RACE_B");
    race["name"] = json!("Hill Run");
    let rows = json!({
        "wellness": same(&[50.0, 50.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        "events": [race, workout(2, "2026-11-24", "Swim", json!(40))],
        "activities": [did("i1", "2026-11-22", "Ride", json!(50)), did("i2", "2026-11-24", "OpenWaterSwim", json!(0))],
    });
    let (text, requests) = asked(ALL, rows, json!({})).await;
    assert_eq!(requests, 4, "{text}");
    assert!(
        cell(&text, "flags") == "missed 2026-11-22 Sun Run race «Hill Run»",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_counts_by_the_greater_of_its_two_loads() {
    let both = |at: u64| {
        if at.is_multiple_of(2) {
            (50.0, 90.0)
        } else {
            (0.0, 40.0)
        }
    };
    let loads: Vec<(f64, f64)> = (0..10).map(both).collect();
    let rows = json!({"wellness": model(&loads), "events": [], "activities": []});
    let (text, requests) = asked(ALL, rows, json!({})).await;
    assert_eq!(requests, 2, "{text}");
    assert_eq!(
        cell(&text, "load this week"),
        "390 (CTL counts 150); nothing planned",
        "{text}"
    );
    assert_eq!(cell(&text, "last load"), "2026-11-28 Sat", "{text}");
    assert!(
        text.contains("CTL counts: on that account a sport counts for fatigue (ATL) only"),
        "{text}"
    );
    // Eight days of nothing but strength are not quiet.
    let rows = json!({"wellness": model(&[(0.0, 40.0); 9]), "events": [], "activities": []});
    let (text, _) = asked(ALL, rows, json!({})).await;
    assert_eq!(cell(&text, "flags"), "", "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glitch_hides_no_drop_of_hrv_and_few_values_raise_no_flag() {
    let nights = |hrv: &dyn Fn(u64) -> Option<f64>, resting: &dyn Fn(u64) -> Option<f64>| {
        let day = |back: u64| json!({"id": today() - Days::new(back), "hrv": hrv(back), "restingHR": resting(back)});
        (0..60).rev().map(day).collect::<Vec<Value>>()
    };
    let usual = |back: u64| [62.0, 65.0, 68.0][usize::try_from(back % 3).unwrap()];
    let low = |back| {
        Some(match back {
            3 => 255.0,
            0..7 => 48.0,
            back => usual(back),
        })
    };
    let (text, _) = asked(
        ALL,
        json!({"wellness": nights(&low, &|_| Some(48.0)), "events": []}),
        json!({}),
    )
    .await;
    assert_eq!(
        cell(&text, "HRV ms 7 d / 60 d"),
        "48 / 63 (without 255 on 2026-11-25)",
        "{text}"
    );
    assert!(
        cell(&text, "flags").starts_with("7-day HRV 48.0 against 60-day 63.3 (SD "),
        "{text}"
    );
    assert_eq!(cell(&text, "resting HR bpm 7 d / 60 d"), "48.0 / 48.0", "{text}");

    // Two nights of a week, and thirteen of two months, are too few.
    for (week, base) in [(2, 30), (7, 13)] {
        let some = |back: u64| (back < week || (7..7 + base - week).contains(&back)).then_some(back);
        let hrv = |back| some(back).map(|back| if back < 7 { 30.0 } else { usual(back) });
        let resting = |back| some(back).map(|back| if back < 7 { 62.0 } else { 48.0 });
        let (text, _) = asked(
            ALL,
            json!({"wellness": nights(&hrv, &resting), "events": [], "activities": []}),
            json!({}),
        )
        .await;
        assert_eq!(cell(&text, "flags"), "no load in 60 days", "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_dates_everyone_is_shown_over_the_same_days() {
    let rows = json!({
        "wellness": same(&[70.0, 0.0, 50.0, 40.0, 0.0, 60.0, 30.0, 0.0, 75.0]),
        "events": [
            workout(1, "2026-11-22", "Ride", json!(60)), workout(2, "2026-11-23", "Run", json!(55)),
            workout(3, "2026-11-24", "Swim", json!(20)), workout(4, "2026-11-28", "Ride", json!(75)),
            workout(5, "2026-11-29", "Ride", json!(100)), workout(6, "2026-12-01", "Ride", json!(110)),
        ],
        "activities": [
            did("i1", "2026-11-20", "Ride", json!(70)), did("i2", "2026-11-22", "Ride", json!(50)), did("i3", "2026-11-23", "Run", json!(40)),
            did("i4", "2026-11-25", "Ride", json!(60)), did("i5", "2026-11-26", "Run", json!(30)),
        ],
    });
    let week = json!({"oldest": "2026-11-22", "newest": "2026-11-28"});
    let (text, requests) = asked(ALL, rows.clone(), week).await;
    assert_eq!(requests, 4, "{text}");
    assert!(
        text.starts_with("Roster of coach@example.test · 1 of 3 athletes · 22 – 28 Nov 2026 (7 days) · today 2026-11-28 Sat\n"),
        "{text}"
    );
    assert_eq!(
        (
            cell(&text, "load"),
            cell(&text, "activities"),
            cell(&text, "time"),
            cell(&text, "past plans")
        ),
        (
            "180; 210 planned (115 of it done, 20 missed, 75 open today)".into(),
            "4".into(),
            "4:00".into(),
            "1 missed".into()
        ),
        "{text}"
    );
    assert!(
        cell(&text, "form at the end").contains("with today's plan"),
        "{text}"
    );

    // To come: the plan alone.
    let ahead = json!({"oldest": "2026-11-29", "newest": "2026-12-05"});
    let (text, requests) = asked(ALL, rows.clone(), ahead.clone()).await;
    assert_eq!(
        (requests, cell(&text, "load")),
        (2, "210 planned (all open later)".into()),
        "{text}"
    );
    let (text, requests) = asked(NO_EVENTS, rows.clone(), ahead).await;
    assert_eq!(
        (requests, cell(&text, "load")),
        (0, "planned unknown".into()),
        "{text}"
    );

    // Nights: with what can be, and without this morning.
    let night = |back: u64| {
        let hrv = if back == 2 {
            json!(255)
        } else {
            json!(50 + back % 3)
        };
        let hrv = if back == 0 { Value::Null } else { hrv };
        json!({"id": today() - Days::new(back), "hrv": hrv, "restingHR": if back == 0 { 40 } else { 48 }, "sleepSecs": 27_000})
    };
    let nights: Vec<Value> = (0..40).rev().map(night).collect();
    let (text, _) = asked(ALL, json!({"wellness": nights}), json!({"oldest": "2026-11-24"})).await;
    assert_eq!(
        (
            cell(&text, "HRV rMSSD ms"),
            cell(&text, "resting HR bpm"),
            cell(&text, "sleep h")
        ),
        ("51 (without 1 implausible)".into(), "48.0".into(), "7.5".into()),
        "{text}"
    );

    // A past week: nothing of today.
    let past = json!({"oldest": "2026-11-16", "newest": "2026-11-22"});
    let (text, _) = asked(NO_EVENTS, rows, past).await;
    assert_eq!(
        (
            cell(&text, "load"),
            cell(&text, "activities"),
            cell(&text, "as of")
        ),
        ("120".into(), "2".into(), "2026-11-22 Sun".into()),
        "{text}"
    );
    assert!(
        text.contains("\nload: done. as of") && !text.contains("up to today"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sums_of_several_athletes_are_those_of_their_rows() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        for (person, load) in [(world.ana(), 100), (world.jack(), 40), (world.tria(), 70)] {
            let wellness = json!([{"id": "2026-11-24", "ctl": 50, "atl": 50, "ctlLoad": load, "atlLoad": load}]);
            let activities = json!([did("i1", "2026-11-24", "Ride", json!(load))]);
            give(&world, person, json!({"wellness": wellness, "activities": activities, "events": [workout(1, "2026-11-24", "Ride", json!(80))]}));
        }
        let week = json!({"oldest": "2026-11-23", "newest": "2026-11-29"});
        let (text, paths) = asked_for(&world, &coach.link, "get_roster_overview", week).await;
        assert_eq!(paths.len(), 3 + 2 + 3, "{text}");
        assert!(
            text.contains("\nTogether: load 210 of 3 athletes · those with planned load: 170; 160 planned (80 of it done, 80 not paired) of 2 athletes (not Jack Nguyen) · time 2:00 of 2 athletes (not Tríona O’Shea-Łuczak)\n"),
            "{text}"
        );
        // Jack's plan is nobody's to see.
        assert_eq!(
            row(&text, "athlete\t", "Jack")["load"],
            "40; planned unknown",
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_is_unknown_where_the_calendar_is_not_granted() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        let model = |day: &str, ctl: f64, load: i64| json!({"id": day, "ctl": ctl, "atl": 40.0, "ctlLoad": load, "atlLoad": load});
        for person in [world.ana(), world.jack(), world.tria()] {
            let wellness = [
                model("2026-11-27", 50.0, 35),
                model("2026-11-28", 49.0, 0),
                model("2026-11-29", 48.0, 0),
                model("2026-12-05", 45.0, 0),
                model("2026-12-06", 44.5, 0),
            ];
            let events = [workout(1, "2026-12-02", "Ride", json!(80))];
            give(&world, person, json!({"wellness": wellness, "activities": [did("i1", "2026-11-27", "Ride", json!(35))], "events": events}));
        }
        for (oldest, newest, others, load, activities) in [
            // Some days are past, today is the first, all are to come, none is.
            ("2026-11-25", "2026-12-05", "35; 80 planned (all open later)", "35; planned unknown", "1"),
            ("2026-11-28", "2026-12-06", "0; 80 planned (all open later)", "0; planned unknown", "0"),
            ("2026-11-30", "2026-12-06", "80 planned (all open later)", "planned unknown", ""),
            ("2026-11-25", "2026-11-28", "35; nothing planned", "35", "1"),
        ] {
            let dates = json!({"oldest": oldest, "newest": newest});
            let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", dates).await;
            let cell = |who: &str, header: &str| {
                row(&text, "athlete\t", who).remove(header).unwrap_or_default()
            };
            let ends_after_today = newest > "2026-11-28";
            assert_eq!(cell("Ana", "load"), others, "{text}");
            assert_eq!((cell("Jack", "load"), cell("Jack", "activities")), (load.into(), activities.into()), "{text}");
            assert!(cell("Jack", "left out").contains("get_events"), "{text}");
            // Without the plans there is no form at the end of days to come.
            let unknown = ["form at the end", "CTL at the end"].map(|header| cell("Jack", header) == "unknown");
            assert_eq!((unknown, cell("Jack", "as of")), ([ends_after_today; 2], String::new()), "{text}");
            let says = "unknown: what is planned, and so form and CTL after today, without the calendar (see left out)";
            assert_eq!(text.contains(says), ends_after_today, "{text}");
            assert_eq!(text.contains("as of: the day of form and CTL"), ends_after_today, "{text}");
            assert_eq!(cell("Ana", "form at the end").contains("(projected)"), ends_after_today, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn activities_that_do_not_arrive_leave_it_unknown() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        let mut rows = planned_today(true, json!([]));
        rows["events"] = json!([
            workout(501, "2026-11-28", "Ride", json!(75)),
            workout(502, "2026-11-27", "Run", json!(40))
        ]);
        give(&world, world.ana(), rows);
        world
            .sim
            .fault(Fault::on("/activities").athlete(world.ana().person.athlete_id).status(404));
        let arguments = json!({"athletes": ["Ana Berger"]});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", arguments).await;
        assert_eq!(
            cell(&text, "flags"),
            "not paired, on days without load: 2026-11-27 Fri Run; load 0 % of plan to date (0 of 40); no load in 60 days, but perhaps today",
            "{text}"
        );
        assert_eq!(
            cell(&text, "load this week"),
            "0 (or 75: today's 75 perhaps only planned); 115 planned (all not paired)",
            "{text}"
        );
        assert!(cell(&text, "left out").starts_with("activities: intervals.icu "), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_of_many_months_is_the_reason_as_it_is_on_the_calendar() {
    for (category, first, end, flag, why) in [
        (
            "INJURED",
            "2026-08-20",
            "2026-12-21",
            "injured 20 Aug – 20 Dec (day 101 of 123)",
            "not done, injured",
        ),
        (
            "SICK",
            "2025-12-01",
            "2026-11-30",
            "sick 1 Dec 2025 – 29 Nov 2026 (day 363 of 364)",
            "not done, sick",
        ),
        (
            "HOLIDAY",
            "2026-09-28",
            "2026-12-01",
            "holiday 28 Sep – 30 Nov (day 62 of 64)",
            "not done, holiday",
        ),
    ] {
        let rows = || {
            json!({"wellness": same(&[60.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), "activities": [],
                "events": [absence(category, first, end), workout(61, "2026-11-26", "Run", json!(50))]})
        };
        let (text, requests) = asked(ALL, rows(), json!({})).await;
        assert_eq!(requests, 4, "{text}");
        assert_eq!(
            cell(&text, "flags"),
            format!("{flag}; {why} 2026-11-26 Thu Run"),
            "{text}"
        );
        assert_eq!(
            cell(&text, "load this week"),
            "0; 50 planned (all on days of absence)",
            "{text}"
        );
        let (text, requests) = asked(ALL, rows(), json!({"oldest": "2026-11-23"})).await;
        assert_eq!(
            (requests, cell(&text, "past plans")),
            (4, format!("1 {why}")),
            "{text}"
        );
        // Without activities, and without a load that day.
        let (text, requests) = asked(NO_HISTORY, rows(), json!({})).await;
        assert_eq!(requests, 3, "{text}");
        assert!(
            cell(&text, "flags").contains(&format!("{why} 2026-11-26")),
            "{text}"
        );
    }
    // An absence that ended before is no reason, and who did everything costs no request more.
    let ended = absence("INJURED", "2026-08-20", "2026-11-26");
    let mut rows = json!({"wellness": same(&[60.0, 0.0, 50.0, 0.0, 0.0]), "activities": [],
        "events": [ended, workout(61, "2026-11-26", "Run", json!(50))]});
    let (text, _) = asked(ALL, rows.clone(), json!({})).await;
    assert_eq!(cell(&text, "flags"), "missed 2026-11-26 Thu Run", "{text}");
    rows["activities"] = json!([did("i1", "2026-11-26", "Run", json!(50))]);
    let (text, requests) = asked(ALL, rows, json!({"oldest": "2026-11-23"})).await;
    assert_eq!(
        (requests, cell(&text, "past plans")),
        (3, "all done".into()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_calendar_no_two_figures_give_the_planned_load() {
    // With the account's own days of CTL and ATL, today's row cannot be parted: yesterday's is shown.
    let mut rows = planned_today(true, json!([]));
    rows["wellness"][1]["ctl"] = json!(63.3);
    for arguments in [json!({}), json!({"oldest": "2026-11-22"})] {
        let (text, _) = asked(NO_EVENTS, rows.clone(), arguments).await;
        assert!(!text.contains("63.3") && !text.contains("75"), "{text}");
        assert_eq!(cell(&text, "as of"), "2026-11-27 Fri", "{text}");
    }
    let (text, _) = asked(ALL, rows, json!({})).await;
    assert_eq!(cell(&text, "form"), "+5.6 (with today's plan)", "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_in_doubt_than_can_be_planned() {
    for (row, planned, says, last) in [
        (
            115.0,
            75,
            "40 (or 115: today's 75 perhaps only planned); 75 planned (all not paired)",
            "2026-11-28 Sat",
        ),
        (
            60.0,
            90,
            "0 (or 60: today's 60 perhaps only planned); 90 planned (all not paired)",
            "none in 60 days",
        ),
    ] {
        let rows = json!({"wellness": same(&[0.0, row]), "events": [workout(1, "2026-11-28", "Ride", json!(planned))]});
        let (text, _) = asked(NO_HISTORY, rows, json!({})).await;
        assert_eq!(
            (cell(&text, "load this week"), cell(&text, "last load")),
            (says.into(), last.into()),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_activity_without_a_sport_says_so() {
    for sport in [json!(""), Value::Null] {
        let mut activity = did("i5", "2026-11-27", "", json!(50));
        activity["type"] = sport;
        let rows = json!({"wellness": same(&[0.0, 0.0]), "activities": [activity], "events": []});
        let (text, _) = asked(&["get_training_history"], rows, json!({})).await;
        assert_eq!(cell(&text, "last activity"), "2026-11-27 Fri no sport", "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_ends_after_today_shows_the_model_of_its_last_day() {
    let mut wellness = same(&[50.0, 50.0]);
    wellness.push(json!({"id": "2026-12-06", "ctl": 63.2, "atl": 71.9}));
    let rows = || json!({"wellness": wellness, "events": [workout(1, "2026-12-03", "Ride", json!(90))]});
    for oldest in ["2026-11-25", "2026-11-30"] {
        let dates = json!({"oldest": oldest, "newest": "2026-12-06"});
        let (text, _) = asked(NO_HISTORY, rows(), dates.clone()).await;
        assert_eq!(
            (
                cell(&text, "form at the end"),
                cell(&text, "CTL at the end"),
                cell(&text, "as of")
            ),
            ("-8.7 (projected)".into(), "63.2".into(), "2026-12-06 Sun".into()),
            "{text}"
        );
        let (text, _) = asked(NO_EVENTS, rows(), dates).await;
        assert!(!text.contains("63.2") && !text.contains("projected"), "{text}");
    }
    // Nothing is projected so far ahead: today's figures, with their date. Not granted: none.
    let dates = |newest: &str| json!({"oldest": "2026-11-25", "newest": newest});
    let (text, _) = asked(NO_HISTORY, rows(), dates("2026-12-20")).await;
    assert_eq!(cell(&text, "as of"), "2026-11-28 Sat", "{text}");
    let (text, _) = asked(NO_EVENTS, rows(), dates("2026-12-06")).await;
    assert!(
        cell(&text, "as of").is_empty() && cell(&text, "form at the end") == "unknown",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_says_that_its_load_counts_what_strava_closes() {
    let closed = json!({"id": "2", "source": "STRAVA", "start_date_local": "2026-11-26T08:00:00"});
    let mut wellness = same(&[50.0, 40.0, 0.0]);
    (wellness[2]["ctl"], wellness[2]["atl"]) = (json!(58.6), json!(47.7));
    let activities = json!([did("i1", "2026-11-27", "Run", json!(40)), closed]);
    let rows = json!({"wellness": wellness, "activities": activities});
    let dates = json!({"oldest": "2026-11-23"});
    let says = "load counts activities that cannot be read, time does not";
    let (text, _) = asked(NO_EVENTS, rows.clone(), dates.clone()).await;
    assert_eq!(
        (
            cell(&text, "load"),
            cell(&text, "time"),
            cell(&text, "activities")
        ),
        ("90".into(), "1:00".into(), "1 + 1 unreadable".into()),
        "{text}"
    );
    assert!(text.contains(says), "{text}");
    let (text, _) = asked(&["get_training_history"], rows, dates).await;
    assert!(
        cell(&text, "load") == "40 + 1 unreadable" && !text.contains(says),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_twice_is_named_where_activities_are_read() {
    let ride = |id: &str, at: &str, fields: Value| {
        let mut ride = json!({"id": id, "type": "Ride", "start_date_local": format!("2026-11-{at}:00"), "moving_time": 3600,
            "elapsed_time": 3600, "icu_training_load": 70});
        ride.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        ride
    };
    let by_hand = json!({"source": "MANUAL", "paired_event_id": 505});
    let twice = [
        (
            json!([
                ride("i241", "24T18:00", json!({"type": "VirtualRide"})),
                ride("i242", "24T18:02", json!({}))
            ]),
            "i241 and i242 overlap (58 min): perhaps one session",
        ),
        (
            // The watch kept the time of another zone.
            json!([
                ride("i241", "24T16:00", json!({"start_date": "2026-11-24T17:00:00Z"})),
                ride("i242", "24T18:02", json!({"start_date": "2026-11-24T17:02:00Z"}))
            ]),
            "i241 and i242 overlap (58 min): perhaps one session",
        ),
        (
            json!([
                ride("i9", "24T00:00", by_hand),
                ride("i10", "24T18:00", json!({}))
            ]),
            "i9 (by hand) and i10 are of one sport and day: perhaps one session",
        ),
    ];
    for (activities, says) in twice {
        let rows = || {
            json!({"wellness": same(&[60.0, 0.0, 140.0, 0.0, 0.0, 0.0, 0.0]), "activities": activities,
                "events": [workout(505, "2026-11-24", "Ride", json!(70)), workout(506, "2026-11-26", "Run", json!(40))]})
        };
        let (text, requests) = asked(ALL, rows(), json!({})).await;
        assert_eq!(requests, 4, "{text}");
        assert!(cell(&text, "flags").contains(says), "{text}");
        assert!(
            text.contains(" · perhaps one session: recordings of the last 7 days"),
            "{text}"
        );
        let (text, _) = asked(ALL, rows(), json!({"oldest": "2026-11-23"})).await;
        assert_eq!(cell(&text, "recorded twice"), says, "{text}");
        assert!(
            text.contains("recorded twice: load, activities, time, CTL and ATL count each"),
            "{text}"
        );
        let (text, _) = asked(NO_HISTORY, rows(), json!({"oldest": "2026-11-23"})).await;
        assert!(!text.contains("i241") && !text.contains("by hand"), "{text}");
    }
    // A pairing is the calendar's: without that, an entry with a time of day stands alone.
    let marked = json!({"source": "MANUAL", "paired_event_id": 505});
    let rows = json!({"wellness": same(&[60.0, 0.0]), "activities": [ride("i9", "24T06:00", marked), ride("i10", "24T18:00", json!({}))]});
    for arguments in [json!({}), json!({"oldest": "2026-11-23"})] {
        let (text, _) = asked(NO_EVENTS, rows.clone(), arguments).await;
        assert!(!text.contains("by hand"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_flags_that_were_raised_are_explained() {
    let legend = |text: &str| {
        let legend = text.lines().find(|line| line.starts_with("Flags: "));
        legend.unwrap_or_default().to_owned()
    };
    let race = |day: &str| json!({"id": 1, "category": "RACE_A", "type": "Ride", "name": "x", "start_date_local": format!("{day}T00:00:00")});
    for (events, says) in [
        (json!([]), ""),
        (json!([race("2026-12-05")]), "Flags: race within 14 days."),
        (
            json!([race("2026-12-05"), absence("SICK", "2026-11-27", "2026-11-30")]),
            "Flags: sick, injured, on holiday, unavailable or limited today · race within 14 days.",
        ),
    ] {
        let rows = json!({"wellness": same(&[60.0, 50.0]), "activities": [did("i1", "2026-11-28", "Run", json!(50))], "events": events});
        let (text, _) = asked(ALL, rows, json!({})).await;
        assert_eq!(legend(&text), says, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_cell_of_flags_says_where_not_all_could_be_judged() {
    let says = "1 athlete with figures, 0 with flags; Ana Berger: no flag, but not everything that can raise one is granted.";
    for (tools, has) in [
        (ALL, false),
        (NO_HISTORY, false),
        (&["get_fitness", "get_wellness", "get_training_history"][..], true),
        (&["get_fitness", "get_events", "get_training_history"], true),
    ] {
        let rows = json!({"wellness": same(&[60.0, 50.0]), "activities": [did("i1", "2026-11-28", "Run", json!(50))], "events": []});
        let (text, _) = asked(tools, rows, json!({})).await;
        assert_eq!(text.contains(says), has, "{text}");
        assert!(
            has || text.contains("\n1 athlete with figures, 0 with flags.\n"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_to_today_shows_the_form_of_the_overview() {
    for in_row in [true, false] {
        let (now, _) = asked(ALL, planned_today(in_row, json!([])), json!({})).await;
        let (window, _) = asked(
            ALL,
            planned_today(in_row, json!([])),
            json!({"oldest": "2026-11-23"}),
        )
        .await;
        assert_eq!(
            (
                // Only the window reads the activities of a day without load.
                cell(&now, "form").replace("75 perhaps still", "75 still"),
                cell(&now, "CTL"),
                cell(&now, "load this week").replace("perhaps ", "")
            ),
            (
                cell(&window, "form at the end"),
                cell(&window, "CTL at the end"),
                cell(&window, "load")
            ),
            "{now}\n{window}"
        );
        assert!(cell(&window, "form at the end").starts_with("+10.9"), "{window}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_of_many_sports_is_done_by_its_legs_or_by_its_name() {
    let race = json!({"id": 7, "category": "RACE_B", "type": "Other", "name": "Fjord Quest", "start_date_local": "2026-11-25T00:00:00",
        "icu_training_load": 140});
    let leg = |id: &str, sport: &str, name: &str| {
        let mut leg = did(id, "2026-11-25", sport, json!(45));
        leg["name"] = json!(name);
        leg["start_date_local"] = json!(format!("2026-11-25T1{}:00:00", &id[1..]));
        leg
    };
    for (activities, past, flagged) in [
        (
            json!([
                leg("i1", "Kayaking", "Fjord Quest"),
                leg("i3", "TrailRun", "Fjord Quest - Run")
            ]),
            "all done",
            "",
        ),
        (
            json!([
                leg("i1", "OpenWaterSwim", "Morning"),
                leg("i3", "GravelRide", "Noon"),
                leg("i5", "Run", "Evening")
            ]),
            "all done",
            "",
        ),
        (
            json!([leg("i1", "Kayaking", "Paddle")]),
            "1 perhaps done",
            "perhaps done 2026-11-25 Wed Other race «Fjord Quest»",
        ),
        (
            json!([]),
            "1 missed",
            "missed 2026-11-25 Wed Other race «Fjord Quest»",
        ),
    ] {
        let rows =
            json!({"wellness": same(&[135.0, 0.0, 0.0, 0.0]), "events": [race], "activities": activities});
        let (text, _) = asked(ALL, rows.clone(), json!({"oldest": "2026-11-23"})).await;
        assert_eq!(cell(&text, "past plans"), past, "{text}");
        assert!(!text.contains("not done"), "{text}");
        let (text, _) = asked(ALL, rows.clone(), json!({})).await;
        let flags = cell(&text, "flags");
        assert!(
            flags.starts_with(flagged) && flags.contains("«Fjord Quest»") != flagged.is_empty(),
            "{text}"
        );
        // Without activities it is not paired, and no more.
        let (text, _) = asked(NO_HISTORY, rows, json!({"oldest": "2026-11-23"})).await;
        assert_eq!(cell(&text, "past plans"), "1 not paired", "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_perhaps_only_planned_is_no_load_of_the_roster_unhedged() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        let wellness = |load: f64| {
            let mut rows = same(&[200.0, 29.0, 0.0, load]);
            rows[2]["ctl"] = json!(60.0);
            rows
        };
        // Part of Tria's load today may be of what is planned; all of Jack's is done.
        give(
            &world,
            world.tria(),
            json!({"wellness": wellness(24.0), "events": [workout(1, "2026-11-28", "Ride", json!(24))]}),
        );
        give(
            &world,
            world.jack(),
            json!({"wellness": wellness(0.0), "activities": [did("i1", "2026-11-25", "Run", json!(200))]}),
        );
        let names = json!(["Tríona O’Shea-Łuczak", "Jack Nguyen"]);
        let dates = json!({"athletes": names, "oldest": "2026-11-23", "newest": "2026-11-29"});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", dates).await;
        assert_eq!(
            row(&text, "athlete\t", "Tríona O’Shea-Łuczak")["load"],
            "229 (or 253: today's 24 perhaps only planned); 24 planned (all not paired)",
            "{text}"
        );
        assert!(
            text.contains("\nTogether: load 458 (or 482: today's 24 perhaps only planned) of 2 athletes"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_or_window_with_an_absence_says_so() {
    // A holiday from Monday to Wednesday, on which nothing was planned.
    let rows = || json!({"wellness": same(&[61.0, 0.0, 0.0]), "events": [absence("HOLIDAY", "2026-11-23", "2026-11-26")]});
    let (text, _) = asked(NO_HISTORY, rows(), json!({"oldest": "2026-11-20"})).await;
    assert_eq!(cell(&text, "absent"), "holiday 23–25 Nov", "{text}");
    let (text, _) = asked(NO_HISTORY, rows(), json!({"oldest": "2026-11-26"})).await;
    assert!(!text.contains("holiday") && !text.contains("absent"), "{text}");
    let (text, _) = asked(NO_HISTORY, rows(), json!({})).await;
    assert_eq!(
        cell(&text, "absent or limited this week"),
        "holiday 23–25 Nov",
        "{text}"
    );
    let (text, _) = asked(NO_EVENTS, rows(), json!({})).await;
    assert!(!text.contains("holiday"), "{text}");
    // Today's is a flag.
    let sick = json!({"events": [absence("SICK", "2026-11-27", "2026-11-30")]});
    let (text, _) = asked(NO_HISTORY, sick.clone(), json!({})).await;
    assert_eq!(
        (cell(&text, "flags"), cell(&text, "absent or limited this week")),
        ("sick 27–29 Nov (day 2 of 3)".into(), String::new()),
        "{text}"
    );
    let (text, _) = asked(NO_HISTORY, sick, json!({"oldest": "2026-11-23"})).await;
    assert_eq!(cell(&text, "absent"), "sick 27–29 Nov (day 2 of 3)", "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_count_different_things_are_not_to_be_compared() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        give(&world, world.ana(), planned_today(true, json!([])));
        // Nobody may see whether Tria rode.
        give(&world, world.tria(), planned_today(true, json!([])));
        give(&world, world.jack(), planned_today(false, json!([])));
        let says = "the forms do not all count the same days and plans (";
        let names = |names: &[&str]| json!({"athletes": names, "oldest": "2026-11-23"});
        let all = names(&["Ana Berger", "Tríona O’Shea-Łuczak"]);
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", all).await;
        assert!(text.contains(says), "{text}");
        let done = names(&["Ana Berger", "Jack Nguyen"]);
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", done).await;
        assert!(!text.contains(says), "{text}");
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", json!({})).await;
        assert!(text.contains(says), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_begun_long_ago_is_found_where_nothing_was_done_and_otherwise_said_not_to_be_read() {
    let not_read = |day: &str| format!("\nNot included: absences that began before {day}.\n");
    let this_week = || json!({"oldest": "2026-11-23"});
    let injured = || absence("INJURED", "2026-09-19", "2027-03-01");
    let says = "injured 19 Sep 2026 – 28 Feb 2027 (day 71 of 163)";
    // Nothing was planned either, so nothing was missed.
    let idle = || json!({"wellness": same(&[40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), "events": [injured()], "activities": []});
    for (tools, requests) in [(ALL, [3, 4]), (NO_HISTORY, [3, 3])] {
        let (text, asked_now) = asked(tools, idle(), json!({})).await;
        assert_eq!(
            (asked_now, cell(&text, "flags")),
            (requests[0], says.into()),
            "{text}"
        );
        assert!(!text.contains("Not included"), "{text}");
        let (text, asked_then) = asked(tools, idle(), this_week()).await;
        assert_eq!(
            (asked_then, cell(&text, "absent")),
            (requests[1], says.into()),
            "{text}"
        );
        assert!(!text.contains("Not included"), "{text}");
    }
    // A walk on Tuesday: one sentence, no request.
    let mut walked = idle();
    walked["wellness"] = json!(same(&[10.0, 0.0, 0.0, 0.0, 0.0]));
    walked["activities"] = json!([did("i1", "2026-11-24", "Walk", json!(10))]);
    let (text, requests) = asked(ALL, walked.clone(), json!({})).await;
    assert!(
        requests == 2 && text.contains(&not_read("2026-09-29 Tue")),
        "{text}"
    );
    let (text, requests) = asked(ALL, walked, this_week()).await;
    assert!(
        requests == 3 && text.contains(&not_read("2026-10-01 Thu")),
        "{text}"
    );
    // A holiday explains the week, three days of rest need no reason, and without the calendar there is none.
    let mut away = idle();
    away["events"] = json!([absence("HOLIDAY", "2026-11-24", "2026-11-27")]);
    for (tools, rows, dates, requests) in [
        (ALL, away, json!({}), 2),
        (ALL, idle(), json!({"oldest": "2026-11-26"}), 3),
        (NO_EVENTS, idle(), json!({}), 2),
    ] {
        let (text, asked) = asked(tools, rows, dates).await;
        assert_eq!(asked, requests, "{text}");
        assert_eq!(text.contains("Not included"), tools == ALL, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_beside_the_plan_is_no_part_of_it() {
    let rows = |extra: Value| {
        let mut events = vec![workout(1, "2026-11-29", "Swim", json!(75))];
        events.extend(extra.as_array().unwrap().clone());
        json!({"wellness": same(&[0.0, 125.0]), "events": events, "activities": [did("i1", "2026-11-28", "Ride", json!(125))]})
    };
    let week = || json!({"oldest": "2026-11-23", "newest": "2026-11-29"});
    for (extra, says) in [
        (json!([]), "125; 75 planned (all open later)"),
        (
            json!([
                workout(2, "2026-11-28", "Ride", json!(60)),
                workout(3, "2026-11-28", "Run", json!(30))
            ]),
            "125; 165 planned (60 of it done, 30 open today, 75 open later)",
        ),
    ] {
        let (text, _) = asked(ALL, rows(extra.clone()), json!({})).await;
        // Without the activities it is not known which of today's plans were done.
        if extra == json!([]) {
            assert_eq!(cell(&text, "load this week"), says, "{text}");
        }
        let (text, _) = asked(ALL, rows(extra), week()).await;
        assert_eq!(cell(&text, "load"), says, "{text}");
        assert!(!text.contains(" of 75") && !text.contains(" of 165"), "{text}");
    }
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        for person in [world.ana(), world.tria()] {
            give(&world, person, rows(json!([])));
        }
        let mut week = week();
        week["athletes"] = json!(["Ana Berger", "Tríona O’Shea-Łuczak"]);
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", week).await;
        assert!(
            text.contains("\nTogether: load 250; 150 planned (all open later) of 2 athletes"),
            "{text}"
        );
        let ahead = json!({"athletes": ["Ana Berger", "Tríona O’Shea-Łuczak"], "oldest": "2026-11-29", "newest": "2026-12-05"});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", ahead).await;
        assert!(
            text.contains("\nTogether: load 150 planned (all open later) of 2 athletes\n"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legend_names_plans_only_where_they_are_shown() {
    let legend = |text: &str, start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found
            .unwrap_or_default()
            .split(['.', '\n'])
            .next()
            .unwrap()
            .to_owned()
    };
    let week = || json!({"oldest": "2026-11-23", "newest": "2026-11-29"});
    let past = || json!({"oldest": "2026-11-16", "newest": "2026-11-22"});
    for (tools, now, window, before) in [
        (
            ALL,
            "load this week: done Monday to today, planned to Sunday",
            "load: done up to today, planned to 2026-11-29 Sun",
            "load: done, planned",
        ),
        (
            NO_EVENTS,
            "load this week: done Monday to today",
            "load: done up to today",
            "load: done",
        ),
    ] {
        for (dates, start, says) in [
            (json!({}), "load this week:", now),
            (week(), "load:", window),
            (past(), "load:", before),
        ] {
            let rows = planned_today(false, json!([did("i1", "2026-11-27", "Run", json!(0))]));
            let (text, _) = asked(tools, rows, dates).await;
            assert_eq!(legend(&text, start), says, "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_of_today_has_the_form_of_its_morning() {
    for in_row in [true, false] {
        let mut rows = planned_today(in_row, json!([]));
        rows["events"][0]["category"] = json!("RACE_A");
        let (text, _) = asked(ALL, rows.clone(), json!({})).await;
        assert!(
            cell(&text, "flags").ends_with("race today (form a.m. +5.0)"),
            "{text}"
        );
        let (text, _) = asked(&["get_events"], rows.clone(), json!({})).await;
        assert!(cell(&text, "flags").ends_with("race today"), "{text}");
        rows["events"][0]["start_date_local"] = json!("2026-11-30T00:00:00");
        let (text, _) = asked(ALL, rows, json!({})).await;
        assert!(cell(&text, "flags").ends_with("race in 2 days"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_today_without_a_load_may_have_been_done() {
    // The row has no load, so today's activities are not read.
    let mut rows = planned_today(
        false,
        json!([did("i1", "2026-11-28", "WeightTraining", Value::Null)]),
    );
    rows["events"] = json!([workout(1, "2026-11-28", "WeightTraining", json!(40))]);
    rows["wellness"][0]["ctlLoad"] = json!(50);
    let (text, requests) = asked(ALL, rows.clone(), json!({})).await;
    assert_eq!(
        (requests, cell(&text, "load this week")),
        (2, "50; 40 planned (all perhaps open today)".into()),
        "{text}"
    );
    // With dates they are.
    let (text, _) = asked(ALL, rows, json!({"oldest": "2026-11-23"})).await;
    assert_eq!(
        cell(&text, "load"),
        "50 (1 without load); 40 planned (all done)",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_model_the_load_of_the_week_is_that_of_its_activities() {
    let closed = json!({"id": "2", "source": "STRAVA", "start_date_local": "2026-11-26T08:00:00"});
    let rows = json!({
        "wellness": same(&[50.0, 60.0, 0.0, 0.0]),
        "events": [workout(1, "2026-11-25", "Run", json!(60)), workout(2, "2026-11-29", "Ride", json!(75))],
        "activities": [did("i1", "2026-11-25", "Run", json!(60)), did("i2", "2026-11-21", "Run", json!(99))],
    });
    let both = "60; 135 planned (60 of it done, 75 open later)";
    let alone = &["get_training_history"];
    for (tools, load, requests) in [
        (&["get_events", "get_training_history"][..], both, 2),
        // Activities and absences, because the calendar takes the second request and does not say that the run was done.
        (&["get_wellness", "get_events", "get_training_history"], both, 4),
        (alone, "60; planned unknown", 1),
    ] {
        let (text, asked_for) = asked(tools, rows.clone(), json!({})).await;
        assert_eq!(
            (cell(&text, "load this week").as_str(), asked_for),
            (load, requests),
            "{text}"
        );
        assert!(text.contains("\nload this week: done Monday to today"), "{text}");
    }
    let mut lacking = rows.clone();
    let more = [did("i3", "2026-11-26", "Yoga", Value::Null), closed];
    lacking["activities"].as_array_mut().unwrap().extend(more);
    let (text, _) = asked(alone, lacking, json!({})).await;
    assert_eq!(
        cell(&text, "load this week"),
        "60 (1 without load) + 1 unreadable; planned unknown",
        "{text}"
    );
    // Nothing may tell what was done.
    let (text, _) = asked(&["get_events"], rows, json!({})).await;
    assert_eq!(
        cell(&text, "load this week"),
        "done unknown; 135 planned (60 not paired, 75 open later)",
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_certainly_done_of_an_unclear_row_is_the_load() {
    for (loads, row, says) in [
        (
            &[40][..],
            115.0,
            "40 (or 115: today's 75 may hold planned load; 1 without load)",
        ),
        (
            &[20, 30],
            90.0,
            "50 (or 90: today's 40 may hold planned load; 1 without load)",
        ),
    ] {
        // A session without a load beside them: the rest of the row may be its own, or planned.
        let runs = (1..)
            .zip(loads)
            .map(|(id, load)| did(&format!("i{id}"), "2026-11-28", "Run", json!(load)));
        let strength = did("i9", "2026-11-28", "WeightTraining", Value::Null);
        let activities: Vec<Value> = runs.chain([strength]).collect();
        let rows = json!({"wellness": same(&[0.0, row]), "activities": activities});
        let (text, _) = asked(NO_EVENTS, rows.clone(), json!({})).await;
        assert_eq!(
            cell(&text, "load this week"),
            format!("{says}; planned unknown"),
            "{text}"
        );
        let (text, _) = asked(NO_EVENTS, rows, json!({"oldest": "2026-11-27"})).await;
        assert_eq!(cell(&text, "load"), says, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn today_is_each_athletes_own() {
    let rows = || {
        json!({
            "activities": [did("i1", "2026-11-29", "Run", json!(20)), did("i2", "2026-11-30", "Run", json!(10))],
            "events": [workout(1, "2026-11-29", "Run", json!(60)), workout(2, "2026-11-30", "Run", json!(70))],
            "wellness": [
                {"id": "2026-11-29", "ctl": 50, "atl": 50, "ctlLoad": 20, "atlLoad": 20},
                {"id": "2026-11-30", "ctl": 50, "atl": 50, "ctlLoad": 10, "atlLoad": 10}
            ],
        })
    };
    on_saturday(async |world| {
        // Monday in Berlin and Melbourne, Sunday where Tríona lives and in UTC.
        world.clock.set("2026-11-29T23:30:00Z".parse().unwrap());
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = $1")
            .bind(ALL)
            .execute(&world.app.pool)
            .await
            .unwrap();
        for person in [world.ana(), world.jack(), world.tria()] {
            give(&world, person, rows());
        }
        let ask = async |given: Value| {
            asked_for(&world, &coach.link, "get_roster_overview", given)
                .await
                .0
        };
        let of = |text: &str, who: &str, header: &str| row(text, "athlete\t", who)[header].clone();
        for given in [
            json!({"oldest": "today"}),
            json!({"oldest": "today", "newest": "today"}),
        ] {
            let text = ask(given).await;
            assert!(
                text.contains(" · 30 Nov 2026 (1 day) · today 2026-11-30 Mon, "),
                "{text}"
            );
            assert_eq!(of(&text, "Ana", "load"), "10; 70 planned (all done)", "{text}");
            assert_eq!(of(&text, "Tríona", "load"), "20; 60 planned (all done)", "{text}");
            let days = |who| of(&text, who, "days");
            assert_eq!(
                (days("Ana"), days("Jack"), days("Tríona")),
                (String::new(), String::new(), "29 Nov 2026".into()),
                "{text}"
            );
            assert!(
                text.contains("\nTogether (not all of the same days): load "),
                "{text}"
            );
            assert!(
                text.contains("\nload: done up to today, planned to 2026-11-30 Mon"),
                "{text}"
            );
        }
        // Days that were named are everyone's.
        let text = ask(json!({"oldest": "2026-11-28", "newest": "2026-11-29"})).await;
        assert!(text.contains(" · 28 – 29 Nov 2026 (2 days) · "), "{text}");
        assert!(
            !text.contains("\tdays\t") && text.contains("\nTogether: load "),
            "{text}"
        );

        // Without dates the week is each athlete's own as well.
        let text = ask(json!({})).await;
        assert!(
            text.contains(" · this week Mon 30 Nov to today 2026-11-30 Mon, "),
            "{text}"
        );
        let week = |who| of(&text, who, "load this week");
        assert!(week("Ana").starts_with("10; 70 planned"), "{text}");
        assert!(
            week("Tríona").starts_with("23 – 29 Nov 2026: 20; 60 planned"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_athlete_is_shown_by_the_new_name_and_found_by_the_old_one() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        let ask = async |name: &str| {
            let given = json!({"athletes": [name]});
            asked_for(&world, &coach.link, "get_roster_overview", given)
                .await
                .0
        };
        for (person, old, name) in [
            (world.jack(), "Jack Nguyen", "Jack One"),
            (world.ana(), "berger", "Zoe Novak"),
        ] {
            let (id, zone) = (person.person.athlete_id, person.person.timezone);
            let mut answers = serde_json::Map::new();
            let profile = json!({"id": id, "name": name, "timezone": zone});
            answers.insert(format!("/athlete/{id}"), profile);
            give(&world, person, json!({"answers": answers}));
            // The profile is read once a day.
            world.clock.advance(chrono::Duration::hours(25));
            for asked_name in [old, name, old] {
                let text = ask(asked_name).await;
                assert_eq!(row(&text, "athlete\t", name)["id"], id, "{asked_name}: {text}");
                assert!(!text.contains("Nguyen") && !text.contains("Berger"), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projected_form_says_that_it_is_without_what_is_still_open_today() {
    let rows = || {
        let mut rows = planned_today(false, json!([]));
        let wellness = rows["wellness"].as_array_mut().unwrap();
        wellness.push(json!({"id": "2026-12-06", "ctl": 63.2, "atl": 71.9}));
        rows
    };
    for (tools, oldest, says) in [
        (ALL, "2026-11-25", "-8.7 (projected, without 75 still open today)"),
        (
            NO_HISTORY,
            "2026-11-25",
            "-8.7 (projected, without 75 perhaps still open today)",
        ),
        (
            ALL,
            "2026-11-30",
            "-8.7 (projected, without 75 perhaps still open today)",
        ),
    ] {
        let dates = json!({"oldest": oldest, "newest": "2026-12-06"});
        let (text, _) = asked(tools, rows(), dates).await;
        assert_eq!(cell(&text, "form at the end"), says, "{text}");
        assert!(
            text.contains(", if all that is planned is done, except what the form says it is without"),
            "{text}"
        );
    }
    // Where today's row counts the plan, so do those after it.
    let mut counted = planned_today(true, json!([]));
    let wellness = counted["wellness"].as_array_mut().unwrap();
    wellness.push(json!({"id": "2026-12-06", "ctl": 63.2, "atl": 71.9}));
    for oldest in ["2026-11-25", "2026-11-30"] {
        let dates = json!({"oldest": oldest, "newest": "2026-12-06"});
        let (text, _) = asked(ALL, counted.clone(), dates).await;
        assert_eq!(cell(&text, "form at the end"), "-8.7 (projected)", "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_nothing_is_known_of_are_counted_once_and_searched_only_where_that_can_be() {
    let rows = json!({"wellness": same(&[0.0, 40.0, 0.0]), "events": [
        workout(1, "2026-11-26", "Run", json!(40)),
        workout(2, "2026-11-27", "Run", json!(40)),
    ]});
    let (text, _) = asked(NO_HISTORY, rows, json!({"oldest": "2026-11-23"})).await;
    assert_eq!(
        cell(&text, "past plans"),
        "2 not paired (1 on days without load)",
        "{text}"
    );
    assert!(
        text.contains(
            "\nnot paired: no activity is paired with it, and it may have been done all the same.\n"
        ),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_calendar_calls_unavailable_or_limited_is_called_so_on_the_roster() {
    let mark = |id: i64, category: &str, first: &str, end: &str, fields: Value| {
        let mut mark = absence(category, first, end);
        mark["id"] = json!(id);
        mark.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        mark
    };
    let rows = || {
        json!({"wellness": same(&[60.0, 0.0, 0.0, 0.0, 0.0, 0.0, 30.0]), "activities": [did("i1", "2026-11-28", "Run", json!(30))],
        "events": [
            mark(1, "NOTE", "2026-11-23", "2026-11-25", json!({"training_availability": "UNAVAILABLE"})),
            mark(2, "NOTE", "2026-11-25", "2026-11-26", json!({"training_availability": "LIMITED", "can_train_sports": ["Run"]})),
            mark(3, "NOTE", "2026-11-26", "2026-11-27", json!({"training_availability": "LIMITED", "max_training_time": 3600})),
            mark(4, "INJURED", "2026-11-28", "2026-11-30", json!({"training_availability": "LIMITED", "can_train_sports": ["Run"]})),
            mark(5, "NOTE", "2026-11-23", "2026-11-30", json!({"training_availability": "NORMAL"})),
            workout(61, "2026-11-24", "Ride", json!(50)), workout(62, "2026-11-25", "Ride", json!(40)),
            workout(63, "2026-11-26", "Ride", json!(30)), workout(64, "2026-11-28", "Run", json!(30)),
            workout(65, "2026-11-29", "Ride", json!(20)),
        ]})
    };
    let absent = "unavailable 23–24 Nov; limited 25 Nov (only Run); limited 26 Nov (at most 1:00 a day)";
    let today = "injured 28–29 Nov (limited: only Run; day 1 of 2)";
    let missed = "missed 2026-11-26 Thu Ride (limited: at most 1:00 a day)";
    let (text, requests) = asked(ALL, rows(), json!({})).await;
    assert_eq!(requests, 4, "{text}");
    let off_plan = "load 0 % of plan to date (0 of 30)";
    assert_eq!(
        cell(&text, "flags"),
        format!(
            "{today}; {missed}; not done, limited 2026-11-25 Wed Ride; not done, unavailable 2026-11-24 Tue Ride; {off_plan}"
        ),
        "{text}"
    );
    assert_eq!(cell(&text, "absent or limited this week"), absent, "{text}");
    assert_eq!(
        cell(&text, "load this week"),
        "30; 170 planned (30 of it done, 30 missed, 70 on days of absence, 40 not possible on limited days)",
        "{text}"
    );
    let week = json!({"oldest": "2026-11-23", "newest": "2026-11-29"});
    let (text, _) = asked(ALL, rows(), week).await;
    assert_eq!(
        (cell(&text, "absent"), cell(&text, "past plans")),
        (
            format!("{absent}; {today}"),
            "1 missed; 1 not done, limited; 1 not done, unavailable".into()
        ),
        "{text}"
    );
}

/// What Ana's coach reads of these athletes, of whom only Jack does not share the calendar.
async fn of_athletes(names: &[&str], rows: &Value, oldest: &str, newest: &str) -> String {
    let answer = Mutex::default();
    on_saturday(async |world| {
        // Sunday for Jack.
        world.clock.set("2026-11-28T14:00:00Z".parse().unwrap());
        let coach = world.coaches().await.swap_remove(0);
        for person in [world.ana(), world.jack(), world.tria()] {
            give(&world, person, rows.clone());
        }
        let given = json!({"athletes": names, "oldest": oldest, "newest": newest});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", given).await;
        *answer.lock().unwrap() = text;
    })
    .await;
    answer.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_athletes_have_together_names_the_parts_and_who_is_not_in_it() {
    const ANA: &str = "Ana Berger";
    const JACK: &str = "Jack Nguyen";
    const TRIA: &str = "Tríona O’Shea-Łuczak";
    let rows = json!({"wellness": same(&[60.0, 0.0, 40.0, 0.0]), "activities": [did("i1", "2026-11-27", "Ride", json!(40))],
        "events": [workout(1, "2026-11-27", "Ride", json!(40)), workout(2, "2026-11-26", "Run", json!(30)),
            workout(3, "2026-12-02", "Ride", json!(80))]});
    let together = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("Together: "));
        line.unwrap_or_default().to_owned()
    };
    for (names, oldest, newest, says) in [
        // Nobody may see whether Tria did her plans.
        (
            &[ANA, JACK, TRIA][..],
            "2026-11-23",
            "2026-12-06",
            "Together: load 300 of 3 athletes · those with planned load: 200; 300 planned (40 of it done, 30 missed, 70 not paired, 160 open later) of 2 athletes (not Jack Nguyen) · time 2:00 of 2 athletes (not Tríona O’Shea-Łuczak)",
        ),
        // Jack's today is in it, and has a load of 0.
        (
            &[ANA, JACK, TRIA],
            "2026-11-29",
            "2026-12-06",
            "Together: load 160 planned (all open later) of 2 athletes (not Jack Nguyen)",
        ),
        (
            &[ANA, JACK],
            "2026-11-30",
            "2026-12-06",
            "Together: no sum, each of load, planned load and time is known of one athlete at most.",
        ),
        (&[ANA], "2026-11-30", "2026-12-06", ""),
    ] {
        let text = of_athletes(names, &rows, oldest, newest).await;
        assert_eq!(together(&text), says, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn absences_that_are_not_included_are_those_of_the_athletes_shown() {
    let rows = json!({"wellness": same(&[60.0, 50.0]), "activities": [did("i1", "2026-11-28", "Ride", json!(50))], "events": []});
    for (names, says) in [
        (
            &["Ana Berger", "Jack Nguyen"][..],
            "Not included: absences that began before 2026-10-01 Thu; absences of Jack Nguyen (no calendar).",
        ),
        (
            &["Ana Berger"],
            "Not included: absences that began before 2026-10-01 Thu.",
        ),
        (&["Jack Nguyen"], ""),
    ] {
        let text = of_athletes(names, &rows, "2026-11-23", "2026-11-29").await;
        let line = text.lines().find(|line| line.starts_with("Not included"));
        assert_eq!(line.unwrap_or_default(), says, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_without_a_load_are_counted_and_days_without_a_row_have_none_of_the_model() {
    let row =
        |date: &str, load: u32| json!({"id": date, "ctl": 50, "atl": 50, "ctlLoad": load, "atlLoad": load});
    let run = |date: &str| did("i1", date, "Run", json!(60));
    let lift = |id: &str, date: &str| did(id, date, "WeightTraining", Value::Null);
    let closed = json!({"id": "9", "source": "STRAVA", "start_date_local": "2026-11-26T08:00:00"});
    let idle = json!([
        row("2026-11-17", 60),
        row("2026-11-24", 0),
        row("2026-11-26", 0),
        row("2026-11-28", 0)
    ]);
    let (no_row, none) = (json!([row("2026-11-17", 60)]), json!([]));
    let lifts = json!([
        run("2026-11-17"),
        lift("i2", "2026-11-17"),
        lift("i3", "2026-11-24")
    ]);
    let runs = json!([run("2026-11-17"), did("i2", "2026-11-24", "Run", json!(50))]);
    for (tools, wellness, activities, load, weeks) in [
        (
            NO_EVENTS,
            &idle,
            lifts.clone(),
            "60 (2 without load)",
            "23 Nov (to Sat) unknown (1 without load) · 16 Nov 60 (1 without load)",
        ),
        // The load of what Strava closes is in the model.
        (
            NO_EVENTS,
            &idle,
            json!([run("2026-11-17"), closed]),
            "60",
            "23 Nov (to Sat) 0 · 16 Nov 60",
        ),
        (
            NO_EVENTS,
            &no_row,
            runs.clone(),
            "110",
            "23 Nov (to Sat) 50 · 16 Nov 60",
        ),
        (
            NO_EVENTS,
            &none,
            runs.clone(),
            "110",
            "23 Nov (to Sat) 50 · 16 Nov 60",
        ),
        (
            &["get_fitness"],
            &no_row,
            runs.clone(),
            "60",
            "23 Nov (to Sat) unknown · 16 Nov 60",
        ),
        (&["get_fitness"], &none, runs.clone(), "", ""),
    ] {
        let rows = json!({"wellness": wellness, "events": [], "activities": activities});
        let (text, _) = asked(tools, rows, json!({"oldest": "2026-11-16"})).await;
        assert_eq!(
            (
                cell(&text, "load").as_str(),
                cell(&text, "load by week (Mon)").as_str()
            ),
            (load, weeks),
            "{text}"
        );
    }
    // So is this week's overview.
    for (wellness, activities, load) in [
        (&none, runs, "50; nothing planned"),
        (&none, lifts.clone(), "unknown (1 without load); nothing planned"),
    ] {
        let rows = json!({"wellness": wellness, "events": [], "activities": activities});
        let (text, _) = asked(ALL, rows, json!({})).await;
        assert_eq!(cell(&text, "load this week"), load, "{text}");
    }
    let rows = json!({"wellness": idle, "events": [], "activities": lifts});
    let (text, _) = asked(&["get_fitness", "get_training_history"], rows, json!({})).await;
    assert!(
        cell(&text, "load this week").starts_with("unknown (1 without load)"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_nothing_that_is_known_makes_the_sum_known() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        let rested = json!([{"id": "2026-11-24", "ctl": 50, "atl": 50, "ctlLoad": 0, "atlLoad": 0}]);
        give(
            &world,
            world.ana(),
            json!({"wellness": rested, "activities": [], "events": []}),
        );
        give(
            &world,
            world.tria(),
            json!({"wellness": rested, "activities": [], "events": []}),
        );
        let lifted = did("i1", "2026-11-24", "WeightTraining", Value::Null);
        give(
            &world,
            world.jack(),
            json!({"wellness": rested, "activities": [lifted], "events": []}),
        );
        let day = json!({"oldest": "2026-11-24", "newest": "2026-11-24"});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", day).await;
        assert!(
            row(&text, "athlete\t", "Jack")["load"].starts_with("unknown"),
            "{text}"
        );
        assert!(text.contains("load 0 (1 without load)"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_still_computed_hides_no_load_of_an_activity() {
    let mut wellness = same(&[0.0, 0.0, 0.0]);
    wellness[1]["ctlLoad"] = Value::Null;
    wellness[1]["atlLoad"] = Value::Null;
    let activities = json!([
        did("i1", "2026-11-27", "Ride", json!(50)),
        did("i2", "2026-11-28", "Run", json!(30)),
        did("i3", "2026-11-28", "Yoga", Value::Null),
    ]);
    let rows = json!({"wellness": wellness, "activities": activities, "events": []});
    let week = json!({"oldest": "2026-11-26", "newest": "2026-11-28"});
    let (text, _) = asked(ALL, rows, week).await;
    assert!(cell(&text, "load").starts_with("80 (1 without load)"), "{text}");
}
