//! Sums of training: windows, zones, families, swims, counts, changes, and what is left out or counted twice.

use icusync_sim::Fault;
use serde_json::{Value, json};

use super::{ask, ask_at, asked_for, give, on_saturday, row};

const HISTORY: &str = "get_training_history";
const SUMMARY: &str = "get_training_summary";

/// An activity of an hour, with these fields over or beside the usual ones.
fn activity(id: &str, sport: &str, start: &str, fields: Value) -> Value {
    let usual = json!({"id": id, "type": sport, "start_date_local": format!("{start}:00"), "moving_time": 3600,
        "elapsed_time": 3600, "icu_training_load": 50, "icu_intensity": 70.7});
    with(usual, fields)
}

/// A range to today that no other call with this number has: what upstream answered is kept for a minute.
fn since(at: usize) -> Value {
    json!({"oldest": format!("2026-11-{:02}", 23 - at)})
}

/// The same arguments with these besides.
fn with(mut given: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        panic!("not fields: {fields}")
    };
    for (name, value) in fields {
        given[name] = value;
    }
    given
}

/// The row of a sport in the table that compares with the period before.
fn change_of(text: &str, sport: &str) -> std::collections::BTreeMap<String, String> {
    let (_, table) = text.split_once("Now / before, ").unwrap();
    row(table, "sport\t", &format!("{sport}\t"))
}

/// The line that begins so.
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let found = text.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line begins with {start}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_window_says_its_days_and_an_end_after_today_is_said() {
    on_saturday(async |world| {
        let text = ask(&world, world.ana(), SUMMARY, json!({})).await;
        assert!(
            text.contains(" · 26 Oct – 28 Nov 2026 · 34 days: 4 whole weeks and Mon to Sat · "),
            "{text}"
        );
        let whole = json!({"oldest": "2026-11-02", "newest": "2026-11-22"});
        for person in [world.ana(), world.tria(), world.bishnu()] {
            let text = ask(&world, person, SUMMARY, whole.clone()).await;
            assert!(
                text.contains(" · 2 – 22 Nov 2026 · 21 days: 3 whole weeks · "),
                "{text}"
            );
            let text = ask(
                &world,
                person,
                SUMMARY,
                json!({"oldest": "2026-11-25", "newest": "2026-11-29"}),
            )
            .await;
            assert!(
                text.contains(" · 25 – 28 Nov 2026 · asked to 2026-11-29; today here is 2026-11-28 · "),
                "{text}"
            );
        }
        let listed = world
            .mcp(&world.ana().link)
            .request("tools/list", json!({}))
            .await;
        let listed = listed.answer.to_string();
        assert!(
            listed.contains("29 to 35 days; give dates to compare athletes"),
            "the description says so"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_has_not_begun_points_to_the_calendar() {
    on_saturday(async |world| {
        let future = json!({"oldest": "2026-12-07", "newest": "2026-12-13"});
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, future.clone()).await;
            assert!(
                text.ends_with(
                    "\nNo activity yet: the range is in the future, today is 2026-11-28; get_events shows what is planned."
                ),
                "{text}"
            );
            // The plans are those of the range, and nothing is compared with it.
            let planned = with(future.clone(), json!({"include": ["planned"]}));
            let text = ask(&world, world.ana(), tool, planned).await;
            assert!(text.contains("(all open later)") && !text.contains("Now / before"), "{text}");
        }
        let coach = &world.coaches().await[0].link;
        let mut of_jack = future;
        of_jack["athlete"] = json!("Jack");
        let text = ask_at(&world, coach, HISTORY, of_jack).await;
        assert!(
            text.ends_with("\nNo activity yet: the range is in the future, today is 2026-11-28."),
            "what is not granted is no advice: {text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_say_by_what_and_full_says_where_they_differ() {
    on_saturday(async |world| {
        let run = |id: &str, day: &str| {
            activity(
                id,
                "Run",
                &format!("2026-11-{day}T07:00"),
                json!({"tiz_order": "PACE_HR_POWER", "pace_zone_times": [2000, 880, 300, 312, 108, 0, 0],
                    "icu_hr_zone_times": [1000, 944, 1260, 300, 96]}),
            )
        };
        give(
            &world,
            world.ana(),
            json!({"activities": [run("i1", "24"), run("i2", "26"),
                activity("i3", "Ride", "2026-11-25T07:00", json!({"icu_hr_zone_times": [1800, 0, 900, 900, 0]}))]}),
        );
        let given = |fields: Value| with(json!({"oldest": "2026-11-23", "compare": "none"}), fields);
        let text = ask(&world, world.ana(), SUMMARY, given(json!({"sport": "run"}))).await;
        assert!(line(&text, "Zones Run by pace (2 of 2").contains("easy/moderate/hard 80/17/3 %"), "{text}");
        assert!(!text.contains("Zones Run by heart rate"), "{text}");
        let by_pace = row(&text, "week (Mon)", "2026-11-23");
        assert_eq!(by_pace["easy/moderate/hard % (pace)"], "80/17/3", "{text}");

        let text = ask(&world, world.ana(), SUMMARY, given(json!({"zones": "hr"}))).await;
        assert!(
            line(&text, "Zones Run by heart rate (2 of 2").contains("easy/moderate/hard 54/35/11 %"),
            "{text}"
        );
        assert!(!text.contains("by pace"), "{text}");
        let by_heart = row(&text, "week (Mon)", "2026-11-23");
        assert_eq!(by_heart["easy/moderate/hard % (heart rate)"], "53/32/15", "{text}");
        let text = ask(&world, world.ana(), SUMMARY, given(json!({"zones": "power"}))).await;
        assert!(!text.contains("Zones "), "nobody recorded power: {text}");
        line(
            &text,
            "Without zones by power, left out: Run 2 (2:00, load 100), Ride 1 (1:00, load 50)",
        );

        let text = ask(&world, world.ana(), SUMMARY, given(json!({"detail": "full"}))).await;
        line(&text, "Zones Run by pace (2 of 2");
        line(&text, "Zones Run by heart rate (2 of 2");
        line(&text, "Run, easy/moderate/hard differs: by pace 80/17/3, by heart rate 54/35/11");
        assert!(!text.contains("Ride, easy/moderate/hard differs"), "{text}");
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-23", "detail": "full"})).await;
        assert_eq!(row(&text, "date", "2026-11-26")["above Z2 %"], "20 (pace)", "{text}");
        assert_eq!(row(&text, "date", "2026-11-25")["above Z2 %"], "50 (heart rate)", "{text}");
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-23"})).await;
        assert!(!text.contains("above Z2"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_number_of_zones_is_told_and_never_silently_gone() {
    on_saturday(async |world| {
        let ride = |id: &str, day: &str, times: &[u32]| {
            let zones: Vec<Value> = (1..)
                .zip(times)
                .map(|(at, secs)| json!({"id": format!("Z{at}"), "secs": secs}))
                .collect();
            activity(
                id,
                "Ride",
                &format!("2026-11-{day}T07:00"),
                json!({"icu_zone_times": zones}),
            )
        };
        let seven = ride("i1", "24", &[900, 900, 900, 0, 900, 0, 0]);
        let five = ride("i2", "25", &[1800, 0, 900, 900, 0]);
        let four = ride("i3", "26", &[900, 900, 900, 900]);
        give(&world, world.ana(), json!({"activities": [seven, five]}));
        let text = ask(&world, world.ana(), SUMMARY, since(0)).await;
        line(
            &text,
            "Ride by power, 5 and 7 zones together: easy/moderate/hard 50/25/25 %, each as split above",
        );
        assert!(
            text.contains("Weeks add 5 and 7 zones, each split as above."),
            "{text}"
        );
        give(&world, world.ana(), json!({"activities": [five, four]}));
        let text = ask(&world, world.ana(), SUMMARY, since(1)).await;
        assert!(
            text.contains(" · no easy/moderate/hard: 4 zones have no usual split\n")
                && text.contains("Weeks leave out 1 activity: 4 zones have no usual split."),
            "{text}"
        );
        give(&world, world.ana(), json!({"activities": [four]}));
        let text = ask(&world, world.ana(), SUMMARY, since(2)).await;
        assert!(
            !row(&text, "week (Mon)", "2026-11-23")
                .keys()
                .any(|name| name.starts_with("easy")),
            "{text}"
        );
        assert!(
            text.contains("Weeks leave out 1 activity: 4 zones have no usual split."),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_is_the_family_in_sums_and_its_exact_type_in_full() {
    on_saturday(async |world| {
        give(
            &world,
            world.ana(),
            json!({"activities": [activity("i1", "Ride", "2026-11-24T07:00", json!({})),
                activity("i2", "VirtualRide", "2026-11-25T07:00", json!({})),
                activity("i3", "GravelRide", "2026-11-26T07:00", json!({"icu_training_load": 30})),
                activity("i4", "Run", "2026-11-27T07:00", json!({}))]}),
        );
        let given = json!({"oldest": "2026-11-23"});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(
            &text,
            "Ride 3 (1 GravelRide, 1 VirtualRide) · 3:00 · load 130 | Run 1 · 1:00 · load 50 | all 4 · 4:00 · load 180",
        );
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        let ride = row(&text, "sport\t", "Ride\t");
        assert_eq!(
            (ride["activities"].as_str(), ride["load"].as_str(), ride["kinds"].as_str()),
            ("3", "130", "GravelRide 1, Ride 1, VirtualRide 1"),
            "{text}"
        );
        let full = json!({"oldest": "2026-11-23", "detail": "full"});
        let text = ask(&world, world.ana(), HISTORY, full.clone()).await;
        assert!(
            ["GravelRide 1 · ", "VirtualRide 1 · ", " | Ride 1 · "].iter().all(|part| text.contains(part)),
            "{text}"
        );
        let text = ask(&world, world.ana(), SUMMARY, full).await;
        assert_eq!(row(&text, "sport\t", "GravelRide\t")["load"], "30", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swim_is_as_long_as_its_pools() {
    on_saturday(async |world| {
        let swim = |id: &str, day: &str, fields: Value| {
            activity(id, "Swim", &format!("2026-11-{day}T07:00"), fields)
        };
        // Ana has metres; tria has miles.
        let yards = swim("i1", "24", json!({"distance": 1828.8, "pool_length": 22.86}));
        give(&world, world.ana(), json!({"activities": [yards]}));
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-23"})).await;
        assert_eq!(row(&text, "date", "2026-11-24")["km"], "2000 yd", "{text}");
        line(&text, "Swim 1 · 1:00 · 2000 yd · ");
        let text = ask(&world, world.ana(), SUMMARY, since(0)).await;
        assert_eq!(row(&text, "sport\t", "Swim\t")["distance"], "2000 yd", "{text}");

        for (at, pool) in [25.0, 50.0, 33.33].into_iter().enumerate() {
            let metres = swim("i2", "25", json!({"distance": 1500, "pool_length": pool}));
            give(&world, world.tria(), json!({"activities": [metres]}));
            let text = ask(&world, world.tria(), HISTORY, since(at)).await;
            assert_eq!(row(&text, "date", "2026-11-25")["mi"], "1500 m", "{text}");
            line(&text, "Swim 1 · 1:00 · 1500 m · ");
            let text = ask(&world, world.tria(), SUMMARY, since(at)).await;
            assert_eq!(row(&text, "sport\t", "Swim\t")["distance"], "1500 m", "{text}");
        }
        let open = swim("i3", "26", json!({"distance": 914.4}));
        give(&world, world.tria(), json!({"activities": [open]}));
        let text = ask(&world, world.tria(), SUMMARY, since(9)).await;
        assert_eq!(row(&text, "sport\t", "Swim\t")["distance"], "1000 yd", "{text}");
        let metres = swim("i2", "25", json!({"distance": 914.4, "pool_length": 25}));
        give(&world, world.ana(), json!({"activities": [yards, metres]}));
        let text = ask(&world, world.ana(), SUMMARY, since(9)).await;
        assert_eq!(
            row(&text, "sport\t", "Swim\t")["distance"],
            "2743 m (swum in m and yd)",
            "{text}"
        );
        let text = ask(&world, world.ana(), HISTORY, since(9)).await;
        line(&text, "Swim 2 · 2:00 · 2743 m (swum in m and yd) · load 100");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_in_the_one_count_everywhere() {
    on_saturday(async |world| {
        let mut rows: Vec<Value> = (1..=20)
            .map(|at| {
                activity(
                    &format!("i{at}"),
                    "Ride",
                    &format!("2026-11-{at:02}T07:00"),
                    json!({}),
                )
            })
            .collect();
        rows.push(json!({"id": "77", "source": "STRAVA", "start_date_local": "2026-11-21T07:00:00"}));
        give(&world, world.ana(), json!({"activities": rows}));
        let given = json!({"oldest": "2026-11-01", "newest": "2026-11-22"});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        assert!(
            text.lines()
                .next()
                .unwrap()
                .contains(" · 20 + 1 unreadable activities · "),
            "{text}"
        );
        line(
            &text,
            "Ride 20 · 20:00 · load 1000 | all 20 + 1 unreadable · 20:00 · load 1000",
        );
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        assert!(
            text.lines()
                .next()
                .unwrap()
                .contains(" · 20 + 1 unreadable activities · "),
            "{text}"
        );
        assert_eq!(
            row(&text, "sport\t", "all\t")["activities"],
            "20 + 1 unreadable",
            "{text}"
        );
        assert_eq!(
            row(&text, "week (Mon)", "2026-11-16")["activities"],
            "5 + 1 unreadable",
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_that_of_the_two_figures_shown() {
    on_saturday(async |world| {
        let ride = |id: &str, day: &str, secs: u32, metres: u32, load: f64| {
            let fields = json!({"moving_time": secs, "distance": metres, "icu_training_load": load});
            activity(id, "Ride", &format!("2026-11-{day}T07:00"), fields)
        };
        give(
            &world,
            world.ana(),
            json!({"activities": [ride("i1", "24", 3629, 10_040, 80.4), ride("i2", "17", 3631, 10_060, 80.6)]}),
        );
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        assert!(
            line(&text, "Now / before").ends_with(
                "Ride: activities 1 / 1 · time 1:00 / 1:01 (-0:01, -2 %) · 10.0 km / 10.1 km (-1 %) · load 80 / 81 (-1, -1 %)"
            ),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monotony_is_not_computed_over_sessions_without_a_load() {
    on_saturday(async |world| {
        let mut rows: Vec<Value> = [(16, 40), (18, 90), (20, 60)]
            .map(|(day, load)| {
                let fields = json!({"icu_training_load": load});
                activity(&format!("i{day}"), "Run", &format!("2026-11-{day}T07:00"), fields)
            })
            .into();
        let given = |oldest: &str| json!({"oldest": oldest, "newest": "2026-11-22", "compare": "none"});
        let said = "Monotony and strain need whole weeks that are over, with a load for every session.";
        give(&world, world.ana(), json!({"activities": rows}));
        let text = ask(&world, world.ana(), SUMMARY, given("2026-11-09")).await;
        // 40, 0, 90, 0, 60, 0, 0: mean 27.14, sample deviation 36.84.
        let week = row(&text, "week (Mon)", "2026-11-16");
        assert_eq!(
            (
                week["monotony (Foster)"].as_str(),
                week["strain (Foster)"].as_str()
            ),
            ("0.7", "140"),
            "{text}"
        );
        assert!(!text.contains(said), "{text}");
        for (oldest, more) in [
            (
                "2026-11-02",
                activity(
                    "i9",
                    "WeightTraining",
                    "2026-11-19T18:00",
                    json!({"icu_training_load": null}),
                ),
            ),
            (
                "2026-10-26",
                json!({"id": "9", "source": "STRAVA", "start_date_local": "2026-11-19T18:00:00"}),
            ),
        ] {
            rows.truncate(3);
            rows.push(more);
            give(&world, world.ana(), json!({"activities": rows}));
            let text = ask(&world, world.ana(), SUMMARY, given(oldest)).await;
            assert!(!text.contains("(Foster)"), "{text}");
            assert_eq!(text.matches(said).count(), 1, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_percentage_of_the_plan_says_whose_it_is() {
    on_saturday(async |world| {
        give(
            &world,
            world.ana(),
            json!({"activities": [activity("i1", "Ride", "2026-11-24T07:00", json!({"compliance": 140.2, "paired_event_id": 7}))]}),
        );
        let text = ask(&world, world.ana(), HISTORY, json!({"detail": "full"})).await;
        assert_eq!(
            row(&text, "date", "2026-11-24")["% of plan by intervals.icu"],
            "140",
            "{text}"
        );
        line(
            &text,
            "% of plan by intervals.icu: its compliance; whether of load or of time is not documented.",
        );
        // The cell beside the figures of the plan says it as well.
        let done = json!({"activities": [activity("i1", "Ride", "2026-11-24T07:00", json!({"compliance": 140.2, "paired_event_id": 7}))],
            "events": [workout(7, "Ride", 24, json!({"paired_activity_id": "i1"}))]});
        give(&world, world.tria(), done);
        let given = json!({"oldest": "2026-11-23", "include": ["done"]});
        let text = ask(&world, world.tria(), "get_events", given).await;
        assert!(
            line(&text, "2026-11-24").contains("\tdone 1:00, load 50, 140 % of plan by intervals.icu, i1"),
            "{text}"
        );
        let text = ask(&world, world.ana(), HISTORY, json!({})).await;
        assert!(!text.contains("of plan"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_calendar_a_coach_sees_no_plan_and_no_compliance() {
    on_saturday(async |world| {
        let by_hand = activity(
            "i1",
            "Ride",
            "2026-11-24T07:00",
            json!({"source": "MANUAL", "compliance": 93, "paired_event_id": 7}),
        );
        let event = json!({"id": 7, "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-24T00:00:00",
            "moving_time": 3600, "icu_training_load": 67, "paired_activity_id": "i1"});
        let target = json!({"id": 8, "category": "TARGET", "type": "Ride", "start_date_local": "2026-11-23T00:00:00", "load_target": 85});
        let rows = json!({"activities": [by_hand], "events": [event, target]});
        give(&world, world.jack(), rows);
        let coach = &world.coaches().await[0].link;
        for (tool, given, left_out) in [
            (HISTORY, json!({"include": ["planned"]}), "Planned load left out: get_events is not granted."),
            (SUMMARY, json!({"include": ["planned"]}), "Planned load left out: get_events is not granted."),
            (HISTORY, json!({"detail": "full"}), "How closely plans were followed left out: get_events is not granted."),
            (HISTORY, json!({}), "How closely plans were followed left out: get_events is not granted."),
        ] {
            let mut of_jack = given;
            of_jack["athlete"] = json!("Jack");
            let (text, asked) = asked_for(&world, coach, tool, of_jack.clone()).await;
            line(&text, left_out);
            for mark in ["67", "85", "93", "marked done", "of plan", "week target"] {
                assert!(!text.contains(mark), "{tool}: {mark} in {text}");
            }
            assert!(!asked.iter().any(|path| path.ends_with("/events")), "{asked:?}");
            of_jack.as_object_mut().unwrap().remove("athlete");
            let own = ask(&world, world.jack(), tool, of_jack).await;
            assert!(!own.contains("left out"), "{own}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_sport_that_a_filter_leaves_out_are_named_with_their_size() {
    on_saturday(async |world| {
        let mut rows: Vec<Value> = (0..60)
            .map(|at| {
                let start = format!("2026-11-{:02}T{:02}:00:00", 1 + at % 28, 6 + 2 * (at / 28));
                json!({"id": format!("i93{at:02}"), "start_date_local": start, "moving_time": 3600, "icu_training_load": 50})
            })
            .collect();
        rows.extend((1..=7).map(|at| {
            activity(&format!("i{at}"), "Ride", &format!("2026-11-{:02}T20:00", 20 + at), json!({"icu_training_load": 60}))
        }));
        give(&world, world.jack(), json!({"activities": rows}));
        let said = "Not counted: 60 activities without a sport (60:00, load 3000)";
        for (tool, given) in [
            (HISTORY, json!({"sport": "ride", "oldest": "2026-11-01"})),
            (SUMMARY, json!({"sport": "ride"})),
        ] {
            let text = ask(&world, world.jack(), tool, given).await;
            assert!(text.contains(" · Ride of all kinds · 7 activities · "), "{text}");
            line(&text, said);
        }
        let text = ask(&world, world.jack(), HISTORY, json!({"oldest": "2026-11-01", "limit": 5})).await;
        assert!(!text.contains("Not counted") && text.contains("no sport 60 · 60:00"), "{text}");
        give(
            &world,
            world.jack(),
            json!({"activities": [activity("i1", "Run", "2026-11-24T07:00", json!({})),
                json!({"id": "i2", "type": "", "name": "x", "start_date_local": "2026-11-25T07:00:00", "moving_time": 1500})]}),
        );
        let text = ask(&world, world.jack(), SUMMARY, with(since(0), json!({"sport": "run"}))).await;
        line(&text, "Not counted: 1 activity without a sport (0:25, no load)");
        let text = ask(&world, world.jack(), SUMMARY, with(since(0), json!({"sport": "swim"}))).await;
        line(&text, "Not counted: 1 activity without a sport (0:25, no load)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_nobody_recorded_is_unknown_and_not_0() {
    on_saturday(async |world| {
        let rows: Vec<Value> = (21..=25)
            .map(|day| {
                let fields = json!({"icu_intensity": null, "icu_training_load": null});
                activity(
                    &format!("i{day}"),
                    "Ride",
                    &format!("2026-11-{day}T07:00"),
                    fields,
                )
            })
            .collect();
        give(&world, world.ana(), json!({"activities": rows}));
        let text = ask(&world, world.ana(), SUMMARY, json!({})).await;
        line(&text, "Not recorded: load, IF");
        let load = |monday: &str| row(&text, "week (Mon)", monday)["load"].clone();
        assert_eq!(
            [
                load("2026-11-23"),
                load("2026-11-16"),
                load("2026-11-09"),
                load("2026-10-26")
            ],
            ["unknown", "unknown", "0", "0"],
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_time_is_that_of_the_steps_and_done_and_open_are_apart() {
    on_saturday(async |world| {
        let workout = |id: u32, day: &str, fields: Value| {
            let usual = json!({"id": id, "category": "WORKOUT", "type": "Ride", "name": "Ride",
                "start_date_local": format!("2026-11-{day}T00:00:00"), "moving_time": 3600, "icu_training_load": 40});
            with(usual, fields)
        };
        let steps = json!({"steps": [{"duration": 600}, {"reps": 5, "steps": [{"duration": 240}, {"duration": 240}]},
            {"duration": 600}]});
        // Pairing overwrites the time of the entry, or it does not.
        for (at, secs) in [2955, 3600].into_iter().enumerate() {
            give(
                &world,
                world.jack(),
                json!({
                    "activities": [activity("i9004", "Ride", "2026-11-24T17:00",
                        json!({"moving_time": 2955, "icu_training_load": 61, "paired_event_id": 1}))],
                    "events": [
                        workout(1, "24", json!({"paired_activity_id": "i9004", "moving_time": secs, "icu_training_load": 61,
                            "workout_doc": steps})),
                        workout(2, "28", json!({})), workout(3, "29", json!({})),
                    ],
                }),
            );
            let given = with(since(at), json!({"include": ["planned"]}));
            let text = ask(&world, world.jack(), SUMMARY, given.clone()).await;
            let week = row(&text, "week (Mon)", "2026-11-23");
            assert_eq!(
                (week["time"].as_str(), week["planned time"].as_str()),
                ("0:49", "3:00 (1:00 of it done, 1:00 open today, 1:00 open later)"),
                "{text}"
            );
            assert_eq!(week["planned load"], "141 (61 of it done, 40 open today, 40 open later)", "{text}");
            let text = ask(&world, world.jack(), HISTORY, given).await;
            line(&text, "Weeks (Mon), load: 23 Nov (to Sat) 61; 141 planned to Sunday (61 of it done, 40 open today, 40 open later)");
            let doubt = "\nPlanned load of 1 paired entry may be what was done.\n";
            assert_eq!(text.contains(doubt), secs == 2955, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_from_two_devices_is_named_and_a_brick_is_not() {
    on_saturday(async |world| {
        let given = since(0);
        let ride = |id: &str, sport: &str, start: &str, secs: u32| {
            activity(id, sport, &format!("2026-11-24T{start}"), json!({"moving_time": secs, "elapsed_time": secs}))
        };
        let said = "i241 and i242 overlap (58 min): perhaps one session; sums count both, and so do intervals.icu's CTL and ATL.";
        let two = [ride("i241", "VirtualRide", "18:00", 3600), ride("i242", "Ride", "18:02", 3540)];
        give(&world, world.jack(), json!({"activities": two}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.jack(), tool, given.clone()).await;
            line(&text, said);
        }
        let text = ask(&world, world.jack(), HISTORY, given.clone()).await;
        assert!(text.contains("\ti241\n") && text.contains("\ti242\n"), "both rows stay: {text}");
        let none = [
            // A brick, legs of a race, a ride on the way home after one, a ride at noon in the pause of a day's recording.
            json!([ride("i1", "Ride", "18:00", 3600), ride("i2", "Run", "18:30", 3600)]),
            json!([ride("i1", "Swim", "08:00", 1800), ride("i2", "Ride", "08:30", 3600), ride("i3", "Run", "09:30", 3600)]),
            json!([ride("i1", "Ride", "17:00", 3600), ride("i2", "Ride", "18:00", 1200)]),
            json!([activity("i1", "Ride", "2026-11-24T07:00", json!({"moving_time": 3600, "elapsed_time": 36_000})),
                ride("i2", "Ride", "12:00", 2400)]),
            json!([ride("i1", "Ride", "06:00", 14_400),
                activity("i2", "Ride", "2026-11-24T07:00", json!({"moving_time": 1800, "elapsed_time": 1800, "sub_type": "COMMUTE"}))]),
        ];
        for (at, rows) in none.into_iter().enumerate() {
            give(&world, world.jack(), json!({"activities": rows}));
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.jack(), tool, since(at + 1)).await;
                assert!(!text.contains("overlap"), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_by_hand_beside_its_upload_is_marked() {
    on_saturday(async |world| {
        let by_hand = |fields: Value| {
            let usual = json!({"id": "i9006", "type": "Ride", "name": "Sweet spot", "source": "MANUAL",
                "start_date_local": "2026-11-26T18:00:00", "moving_time": 3600, "distance": null, "icu_training_load": 80});
            with(usual, fields)
        };
        let upload = json!({"id": "i252", "type": "Ride", "start_date_local": "2026-11-26T18:05:00", "moving_time": 3550,
            "distance": 30_000, "icu_training_load": 78});
        for (at, fields, entered) in [
            (0, json!({"paired_event_id": 505}), "by hand (marked done)"),
            (1, json!({}), "by hand"),
        ] {
            let given = since(at);
            give(&world, world.jack(), json!({"activities": [by_hand(fields), upload]}));
            let text = ask(&world, world.jack(), HISTORY, given.clone()).await;
            line(&text, "i9006 and i252 overlap (55 min): perhaps one session; ");
            let manual = text.lines().find(|line| line.ends_with("\ti9006")).unwrap();
            assert!(manual.ends_with(&format!("\t{entered}\ti9006")), "{text}");
            assert!(!text.lines().any(|line| line.ends_with("by hand\ti252")), "{text}");
            let text = ask(&world, world.jack(), SUMMARY, given.clone()).await;
            line(&text, "i9006 and i252 overlap (55 min): perhaps one session; ");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_rpe_is_in_the_full_history() {
    on_saturday(async |world| {
        give(
            &world,
            world.ana(),
            json!({"activities": [activity("i1", "Run", "2026-11-24T07:00", json!({"icu_rpe": 6, "session_rpe": 342}))]}),
        );
        let text = ask(&world, world.ana(), HISTORY, json!({"detail": "full"})).await;
        assert_eq!(row(&text, "date", "2026-11-24")["sRPE"], "342", "{text}");
        let text = ask(&world, world.ana(), HISTORY, json!({})).await;
        assert!(!text.contains("sRPE"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_only_from_strava_says_why_and_what_to_do_above_its_rows() {
    on_saturday(async |world| {
        let stubs: Vec<Value> = (21..=26)
            .map(|day| json!({"id": format!("770{day}"), "source": "STRAVA", "start_date_local": format!("2026-11-{day}T07:00:00")}))
            .collect();
        give(&world, world.ana(), json!({"activities": stubs}));
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-20"})).await;
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains(" · 6 unreadable activities · "), "{text}");
        assert!(
            lines[1].contains("closed by Strava. Strava's terms close") && lines[1].contains("connect the device's own service"),
            "{text}"
        );
        assert!(
            lines[1].ends_with(
                " Not in the load sums here, but in get_fitness, and get_training_summary has intervals.icu's own sums by sport and week."
            ),
            "{text}"
        );
        assert_eq!(lines[3], "2026-11-26 Thu\t(Strava)\t77026", "{text}");
        assert_eq!(lines.len(), 10, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_target_stands_beside_what_is_planned() {
    on_saturday(async |world| {
        let mut events: Vec<Value> = (23..=27)
            .map(|day| {
                json!({"id": day, "category": "WORKOUT", "type": "Ride", "start_date_local": format!("2026-11-{day}T00:00:00"),
                    "moving_time": 2400, "icu_training_load": 35})
            })
            .collect();
        events.push(json!({"id": 9, "category": "TARGET", "type": "Ride", "start_date_local": "2026-11-23T00:00:00",
            "load_target": 85, "for_week": true}));
        give(&world, world.ana(), json!({"activities": [], "events": events}));
        let given = json!({"oldest": "2026-11-23", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(&text, "Weeks (Mon), load: 23 Nov (to Sat) 0; 175 planned to Sunday (all missed), week target Ride load 85");
        let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
        let week = row(&text, "week (Mon)", "2026-11-23");
        assert_eq!(
            (week["planned load"].as_str(), week["week target"].as_str()),
            ("175 (all missed)", "Ride load 85"),
            "{text}"
        );
        // One for all sports, of a week that the range cuts.
        events[5] = json!({"id": 9, "category": "TARGET", "start_date_local": "2026-11-23T00:00:00", "load_target": 300,
            "time_target": 21_600});
        give(&world, world.ana(), json!({"activities": [], "events": events}));
        let given = json!({"oldest": "2026-11-25", "newest": "2026-11-27", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given).await;
        line(
            &text,
            "Weeks (Mon), load: 23 Nov (Wed–Fri) 0; 105 planned (all missed), week target load 300 · 6:00",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_no_sum_can_hold_are_counted() {
    on_saturday(async |world| {
        let no_id = json!({"type": "Ride", "start_date_local": "2026-11-25T07:00:00", "moving_time": 3600});
        let rows =
            json!({"activities": [activity("i1", "Ride", "2026-11-24T07:00", json!({})), no_id, no_id]});
        give(&world, world.ana(), rows);
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, since(0)).await;
            assert!(
                text.lines().next().unwrap().contains(" · 1 activity · "),
                "{text}"
            );
            line(
                &text,
                "2 activities could not be read: neither shown nor counted.",
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_entry_without_steps_has_no_planned_time_of_its_own() {
    on_saturday(async |world| {
        let done = activity(
            "i1",
            "Run",
            "2026-11-24T17:00",
            json!({"moving_time": 2640, "paired_event_id": 1}),
        );
        let event = json!({"id": 1, "category": "WORKOUT", "type": "Run", "start_date_local": "2026-11-24T00:00:00",
            "moving_time": 2640, "icu_training_load": 50, "paired_activity_id": "i1"});
        give(&world, world.ana(), json!({"activities": [done], "events": [event]}));
        let given = json!({"oldest": "2026-11-23", "include": ["planned"]});
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        let week = row(&text, "week (Mon)", "2026-11-23");
        assert_eq!(
            (week["time"].as_str(), week["planned time"].as_str()),
            ("0:44", "unknown"),
            "{text}"
        );
        line(
            &text,
            "Planned load of 1 paired entry may be what was done. Planned time of 1 paired entry is not known and left out.",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bases_are_compared_over_the_activities_that_recorded_both() {
    on_saturday(async |world| {
        let power = |secs: [u32; 7]| -> Value {
            (1..).zip(secs).map(|(at, secs)| json!({"id": format!("Z{at}"), "secs": secs})).collect()
        };
        let ride = |id: &str, day: &str, fields: Value| activity(id, "Ride", &format!("2026-11-{day}T07:00"), fields);
        let hard = ride("i1", "24", json!({"icu_zone_times": power([0, 0, 0, 0, 600, 600, 0])}));
        let easy = ride("i2", "25", json!({"icu_hr_zone_times": [3600, 0, 0, 0, 0]}));
        let both = ride("i3", "26", json!({"icu_zone_times": power([600, 0, 0, 0, 600, 0, 0]),
            "icu_hr_zone_times": [900, 0, 300, 0, 0]}));
        let full = |at| with(since(at), json!({"detail": "full"}));
        give(&world, world.ana(), json!({"activities": [hard, easy]}));
        let text = ask(&world, world.ana(), SUMMARY, full(0)).await;
        assert!(!text.contains("differs"), "two rides have nothing to compare: {text}");
        give(&world, world.ana(), json!({"activities": [hard, easy, both]}));
        let text = ask(&world, world.ana(), SUMMARY, full(1)).await;
        line(
            &text,
            "Ride, easy/moderate/hard differs (1 activity with both): by power 50/0/50, by heart rate 75/25/0",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_zones_are_listed_and_what_is_not_shown_is_named() {
    on_saturday(async |world| {
        let timed = |id: &str, sport: &str, day: u32, secs: &[u32]| {
            activity(id, sport, &format!("2026-11-{day}T07:00"), json!({"icu_hr_zone_times": secs}))
        };
        let rides: Vec<Value> = [&[60, 0, 0][..], &[60, 0, 0, 0, 0], &[0, 0, 0, 0, 60, 0, 0], &[60]]
            .into_iter()
            .zip(23..)
            .map(|(secs, day)| timed(&format!("i{day}"), "Ride", day, secs))
            .collect();
        let mut rows = rides.clone();
        rows.push(timed("i9", "Swim", 27, &[50, 0, 0, 0, 0]));
        give(&world, world.ana(), json!({"activities": rows}));
        let text = ask(&world, world.ana(), SUMMARY, since(0)).await;
        line(
            &text,
            "Ride by heart rate, 3, 5 and 7 zones together: easy/moderate/hard 67/0/33 %, each as split above",
        );
        line(&text, "Zones of 1 more (Swim by heart rate): use sport or detail=full");
        assert!(
            text.contains(" · no easy/moderate/hard: 1 zone has no usual split\n")
                && text.contains("Weeks leave out 1 activity: 1 zone has no usual split."),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_day_is_named_beside_its_upload_whatever_its_clock() {
    on_saturday(async |world| {
        let by_hand = |start: &str, fields: Value| {
            let usual = with(json!({"source": "MANUAL", "icu_training_load": 80}), fields);
            activity("i9", "Ride", &format!("2026-11-26T{start}"), usual)
        };
        let upload = activity("i10", "VirtualRide", "2026-11-26T18:00", json!({}));
        let said = "i9 (by hand) and i10 are of one sport and day: perhaps one session; sums count both, ";
        for (at, start, fields, is_said) in [
            (0, "00:00", json!({"paired_event_id": 505}), true),
            (1, "00:00", json!({}), true),
            (2, "07:00", json!({"paired_event_id": 505}), true),
            (3, "07:00", json!({}), false),
            (4, "00:00", json!({"type": "Run"}), false),
        ] {
            give(
                &world,
                world.ana(),
                json!({"activities": [by_hand(start, fields), upload]}),
            );
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.ana(), tool, since(at)).await;
                assert_eq!(text.contains(said), is_said, "{start}: {text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_recordings_are_one_group_and_one_may_lack_its_sport() {
    on_saturday(async |world| {
        let ride = |id: &str, sport: &str, start: &str| {
            activity(id, sport, &format!("2026-11-26T{start}"), json!({}))
        };
        let two = [ride("i1", "Ride", "18:00"), ride("i2", "", "18:02")];
        give(&world, world.ana(), json!({"activities": two}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, since(0)).await;
            line(
                &text,
                "i1 and i2 overlap (58 min): perhaps one session; sums count both, ",
            );
        }
        let three = [
            ride("i241", "Ride", "18:00"),
            ride("i242", "VirtualRide", "18:01"),
            ride("i243", "Ride", "18:02"),
        ];
        give(&world, world.ana(), json!({"activities": three}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, since(1)).await;
            line(
                &text,
                "i241, i242 and i243 overlap: perhaps one session; sums count all three, ",
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_that_no_sensor_can_mean_is_missing() {
    on_saturday(async |world| {
        let zeros = json!({"icu_intensity": 0, "icu_weighted_avg_watts": 0, "icu_average_watts": 0, "distance": 0,
            "average_heartrate": 0, "max_heartrate": 0, "calories": 0, "icu_training_load": 47});
        for (at, sport) in ["Ride", "Swim", "Walk"].into_iter().enumerate() {
            give(&world, world.tria(), json!({"activities": [activity("i1", sport, "2026-11-24T07:00", zeros.clone())]}));
            for detail in ["concise", "full"] {
                let given = with(since(at), json!({"detail": detail}));
                let text = ask(&world, world.tria(), HISTORY, given).await;
                let row = row(&text, "date", "2026-11-24");
                for column in ["IF", "NP W", "avg W", "mi", "HR", "max HR", "kcal"] {
                    assert!(row.get(column).is_none_or(String::is_empty), "{column}: {text}");
                }
                assert_eq!(row["load"], "47", "{text}");
                line(&text, "Not recorded: power, heart rate");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_week_of_today_is_not_whole_even_on_its_sunday() {
    on_saturday(async |world| {
        world.clock.set("2026-11-29T09:00:00Z".parse().unwrap());
        let runs: Vec<Value> = [(17, 40), (19, 90), (24, 40), (26, 90)]
            .map(|(day, load)| {
                activity(
                    &format!("i{day}"),
                    "Run",
                    &format!("2026-11-{day}T07:00"),
                    json!({"icu_training_load": load}),
                )
            })
            .into();
        give(&world, world.ana(), json!({"activities": runs}));
        let text = ask(&world, world.ana(), SUMMARY, json!({})).await;
        assert!(
            text.contains(" · 35 days: 4 whole weeks and this week so far · "),
            "{text}"
        );
        let monotony = |monday: &str| {
            row(&text, "week (Mon)", monday)
                .get("monotony (Foster)")
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(
            (monotony("2026-11-23").as_str(), monotony("2026-11-16").is_empty()),
            ("", false),
            "{text}"
        );
        let this_week = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        assert!(
            this_week.contains(" · 7 days: this week so far · "),
            "{this_week}"
        );
        let before = json!({"oldest": "2026-11-09", "newest": "2026-11-22"});
        let before = ask(&world, world.ana(), SUMMARY, before).await;
        assert!(before.contains(" · 14 days: 2 whole weeks · "), "{before}");
    })
    .await;
}

/// A workout of this load on a day of November.
fn workout(id: u32, sport: &str, day: u32, fields: Value) -> Value {
    let usual = json!({"id": id, "category": "WORKOUT", "type": sport, "moving_time": 3600,
        "start_date_local": format!("2026-11-{day:02}T00:00:00"), "icu_training_load": 70});
    with(usual, fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_was_done_of_it_until_when_it_goes_and_on_which_days_nobody_could() {
    on_saturday(async |world| {
        // Weeks apart: the calendar is read from a Monday on.
        let planned = |at: usize| with(since(7 * at), json!({"include": ["planned"]}));
        let sick = json!({"id": 9, "category": "SICK", "start_date_local": "2026-11-24T00:00:00",
            "end_date_local": "2026-11-26T00:00:00"});
        let run = |load: u32| activity("i1", "Run", "2026-11-23T07:00", json!({"icu_training_load": load}));
        let (monday, friday) = (workout(1, "Run", 23, json!({})), workout(2, "Run", 27, json!({"icu_training_load": 43})));
        let sunday = workout(3, "Run", 29, json!({"icu_training_load": 61}));
        for (at, rows, history, load) in [
            (0, json!({"activities": [run(95)], "events": [monday, friday, sunday]}),
                "95; 174 planned to Sunday (70 of it done, 43 missed, 61 open later)", "174 (70 of it done, 43 missed, 61 open later)"),
            (1, json!({"activities": [], "events": [sick, workout(4, "Ride", 25, json!({}))]}),
                "0; 70 planned to Sunday (all on days of absence), sick 24–25 Nov", "70 (all on days of absence)"),
            (2, json!({"activities": [run(50)], "events": [workout(5, "Run", 23, json!({"icu_training_load": null}))]}),
                "50; planned without load to Sunday", "planned without load"),
            (3, json!({"activities": [run(50)], "events": [monday, workout(6, "Run", 29, json!({"icu_training_load": null}))]}),
                "50; 70 planned to Sunday (all done, 1 without load)", "70 (all done, 1 without load)"),
        ] {
            give(&world, world.ana(), rows);
            let text = ask(&world, world.ana(), HISTORY, planned(at)).await;
            let week = line(&text, "Weeks (Mon), load: 23 Nov (to Sat) ");
            let week = week.trim_start_matches("Weeks (Mon), load: 23 Nov (to Sat) ");
            assert_eq!(week.split(" · ").next(), Some(history), "{text}");
            let text = ask(&world, world.ana(), SUMMARY, planned(at)).await;
            assert_eq!(row(&text, "week (Mon)", "2026-11-23")["planned load"], load, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_without_a_sport_that_a_filter_leaves_out_are_named() {
    on_saturday(async |world| {
        let given = with(since(0), json!({"include": ["planned"], "sport": "ride"}));
        let events = json!([
            workout(1, "", 24, json!({"icu_training_load": 75})),
            workout(2, "Ride", 25, json!({})),
            json!({"id": 3, "category": "WORKOUT", "start_date_local": "2026-11-29T00:00:00"})
        ]);
        give(&world, world.ana(), json!({"activities": [], "events": events}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, given.clone()).await;
            line(
                &text,
                "Not counted: 2 planned workouts without a sport (1:00 (1 without a time), load 75 (1 without))",
            );
            let text = ask(
                &world,
                world.ana(),
                tool,
                with(since(1), json!({"include": ["planned"]})),
            )
            .await;
            assert!(!text.contains("Not counted"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_the_history_says_what_its_load_lacks() {
    on_saturday(async |world| {
        let closed = |day: u32| json!({"id": format!("77{day}"), "source": "STRAVA",
            "start_date_local": format!("2026-11-{day:02}T07:00:00")});
        let run = |day: u32, load: Value| {
            activity(&format!("i{day}"), "Run", &format!("2026-11-{day:02}T07:00"), json!({"icu_training_load": load}))
        };
        give(&world, world.ana(), json!({"activities": [closed(23), run(16, json!(150)), run(18, Value::Null),
            run(9, json!(302)), closed(10), run(3, Value::Null)], "events": [workout(1, "Run", 28, json!({"icu_training_load": 24}))]}));
        let given = json!({"oldest": "2026-10-26", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given).await;
        line(
            &text,
            "Weeks (Mon), load: 23 Nov (to Sat) unknown; 24 planned to Sunday (all open today) · 16 Nov 150 (1 without); nothing planned · \
             9 Nov 302 + 1 unreadable; nothing planned · 2 Nov unknown; nothing planned · 26 Oct 0; nothing planned",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_begun_long_before_is_read_where_something_planned_was_not_done() {
    let injury = |first: &str, end: &str| {
        json!({"id": 60, "category": "INJURED", "start_date_local": format!("{first}T00:00:00"),
            "end_date_local": format!("{end}T00:00:00")})
    };
    let (ran, planned) = (
        activity("i1", "Run", "2026-11-24T07:00", json!({"icu_training_load": 70})),
        workout(1, "Run", 24, json!({})),
    );
    for (events, activities, history, summary, requests) in [
        (
            json!([injury("2026-10-20", "2026-12-01"), planned]),
            json!([]),
            "0; 70 planned to Sunday (all on days of absence), injured 20 Oct – 30 Nov (day 40 of 42)",
            "70 (all on days of absence)",
            2,
        ),
        (
            json!([
                injury("2025-12-24", "2026-11-26"),
                planned,
                workout(2, "Run", 27, json!({}))
            ]),
            json!([]),
            "0; 140 planned to Sunday (70 missed, 70 on days of absence), injured 24 Dec 2025 – 25 Nov 2026",
            "140 (70 missed, 70 on days of absence)",
            3,
        ),
        // What is still to come is not asked about.
        (
            json!([
                injury("2026-08-20", "2026-12-01"),
                planned,
                workout(2, "Run", 29, json!({}))
            ]),
            json!([ran]),
            "70; 140 planned to Sunday (70 of it done, 70 open later)",
            "140 (70 of it done, 70 open later)",
            2,
        ),
        // Over by then.
        (
            json!([injury("2026-10-20", "2026-11-24"), planned]),
            json!([]),
            "0; 70 planned to Sunday (all missed), injured 20 Oct – 23 Nov",
            "70 (all missed)",
            3,
        ),
        // Everything was done, or is explained by what was read already.
        (
            json!([injury("2026-08-20", "2026-12-01"), planned]),
            json!([ran]),
            "70; 70 planned to Sunday (all done)",
            "70 (all done)",
            2,
        ),
        (
            json!([injury("2026-11-23", "2026-12-01"), planned]),
            json!([]),
            "0; 70 planned to Sunday (all on days of absence), injured 23–30 Nov (day 6 of 8)",
            "70 (all on days of absence)",
            2,
        ),
        // Nothing was done on six days.
        (json!([]), json!([]), "0; nothing planned to Sunday", "", 3),
    ] {
        for (tool, arguments) in [
            (HISTORY, json!({"oldest": "2026-11-23", "include": ["planned"]})),
            (SUMMARY, json!({"oldest": "2026-11-23", "include": ["planned"]})),
        ] {
            on_saturday(async |world| {
                give(
                    &world,
                    world.ana(),
                    json!({"activities": activities.clone(), "events": events.clone()}),
                );
                let (text, paths) = asked_for(&world, &world.ana().link, tool, arguments.clone()).await;
                assert_eq!(paths.len(), requests, "{paths:?} {text}");
                if tool == SUMMARY && !summary.is_empty() {
                    assert_eq!(
                        row(&text, "week (Mon)", "2026-11-23")["planned load"],
                        summary,
                        "{text}"
                    );
                } else if tool == HISTORY && events != json!([]) {
                    assert_eq!(
                        line(&text, "Weeks (Mon), load: "),
                        format!("Weeks (Mon), load: 23 Nov (to Sat) {history}"),
                        "{text}"
                    );
                }
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_absences_that_do_not_arrive_are_named() {
    on_saturday(async |world| {
        let planned = workout(1, "Run", 24, json!({}));
        give(
            &world,
            world.ana(),
            json!({"activities": [], "events": [planned]}),
        );
        world.sim.fault(
            Fault::on("/events?oldest=2023-11-21")
                .athlete(world.ana().person.athlete_id)
                .status(404),
        );
        let given = json!({"oldest": "2026-11-23", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given).await;
        line(
            &text,
            "Absences begun before 2026-09-24 Thu left out: intervals.icu answered that it is not there",
        );
        assert!(text.contains("(all missed)"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_strava_closes_everything_the_plan_is_in_the_one_table_of_weeks() {
    for (given, plan) in [
        (
            json!({"oldest": "2026-11-16", "include": ["planned"]}),
            "24 (all unclear)",
        ),
        (
            json!({"oldest": "2026-11-25", "include": ["planned"]}),
            "24 (all unclear) (from Wed)",
        ),
    ] {
        on_saturday(async |world| {
            let stubs: Vec<Value> = (16..=26)
                .map(|day| json!({"id": format!("770{day}"), "source": "STRAVA", "start_date_local": format!("2026-11-{day}T07:00:00")}))
                .collect();
            let away = json!({"id": 2, "category": "NOTE", "training_availability": "UNAVAILABLE",
                "start_date_local": "2026-11-27T00:00:00", "end_date_local": "2026-11-28T00:00:00"});
            let events = json!([workout(1, "Run", 26, json!({"icu_training_load": 24})), away]);
            give(&world, world.bishnu(), json!({"activities": stubs, "events": events}));
            let text = ask(&world, world.bishnu(), SUMMARY, given.clone()).await;
            assert_eq!(text.matches("\nweek (Mon)\t").count(), 1, "{text}");
            let week = row(&text, "week (Mon)", "2026-11-23");
            assert_eq!(week["planned load"], plan, "{text}");
            assert!(!week["load"].is_empty() && week["load"] != "unknown", "{text}");
            assert_eq!(week["absence"], "unavailable 27 Nov", "{text}");
            line(&text, "Planned load and time of this week are those to Sunday.");
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.bishnu(), tool, given.clone()).await;
                line(&text, "unclear: something may have done it, such as an activity that Strava closes");
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swim_without_a_distance_is_named_in_sums_and_changes() {
    on_saturday(async |world| {
        let swim = |id: &str, day: u32, metres: Value| {
            activity(
                id,
                "Swim",
                &format!("2026-11-{day:02}T07:00"),
                json!({"distance": metres}),
            )
        };
        let rows = json!([
            swim("i1", 23, json!(2000)),
            swim("i2", 25, Value::Null),
            swim("i3", 17, json!(1000))
        ]);
        give(&world, world.ana(), json!({"activities": rows}));
        let given = json!({"oldest": "2026-11-23"});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(&text, "Swim 2 · 2:00 · 2000 m (1 without a distance) · load 100");
        assert!(!text.contains("distance of"), "{text}");
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        assert_eq!(
            row(&text, "sport\t", "Swim\t")["distance"],
            "2000 m (1 without a distance)",
            "{text}"
        );
        assert!(
            line(&text, "Now / before").contains(" · 2000 m (1 without a distance) / 1000 m · load"),
            "no percentage of distances that are not all known: {text}"
        );
        let rows = json!([
            swim("i4", 24, Value::Null),
            activity("i5", "WeightTraining", "2026-11-24T09:00", json!({})),
            activity("i6", "Ride", "2026-11-24T12:00", json!({"distance": 20_000}))
        ]);
        give(&world, world.ana(), json!({"activities": rows}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, json!({"oldest": "2026-11-24"})).await;
            assert!(
                line(&text, "Not recorded: ").ends_with("distance of Swim."),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_is_named_in_its_week_and_in_the_period_before_though_nothing_was_planned() {
    on_saturday(async |world| {
        let away = |first: &str, end: &str| {
            json!({"id": 60, "category": "HOLIDAY", "start_date_local": format!("{first}T00:00:00"),
                "end_date_local": format!("{end}T00:00:00")})
        };
        let run = |id: &str, day: u32| activity(id, "Run", &format!("2026-11-{day:02}T07:00"), json!({}));
        let rows = json!([run("i1", 10), run("i2", 17), run("i3", 3)]);
        give(
            &world,
            world.ana(),
            json!({"activities": rows, "events": [away("2026-11-09", "2026-11-16")]}),
        );
        let given = json!({"oldest": "2026-11-09", "newest": "2026-11-22", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(
            &text,
            "Weeks (Mon), load: 16 Nov 50; nothing planned · 9 Nov 50; nothing planned, holiday 9–15 Nov",
        );
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        assert_eq!(row(&text, "week (Mon)", "2026-11-09")["absence"], "holiday 9–15 Nov", "{text}");
        assert_eq!(row(&text, "week (Mon)", "2026-11-16")["absence"], "", "{text}");

        // Nothing done either.
        give(
            &world,
            world.tria(),
            json!({"activities": [], "events": [away("2026-11-09", "2026-11-16")]}),
        );
        let given = json!({"oldest": "2026-11-09", "newest": "2026-11-15", "include": ["planned"]});
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.tria(), tool, given.clone()).await;
            assert!(text.contains("holiday 9–15 Nov"), "{text}");
        }

        // What began before is read where something planned was not done.
        let missed = workout(1, "Run", 18, json!({}));
        give(
            &world,
            world.bishnu(),
            json!({"activities": [run("i2", 17), run("i1", 10)], "events": [away("2026-11-09", "2026-11-16"), missed]}),
        );
        let given = json!({"oldest": "2026-11-16", "newest": "2026-11-22", "include": ["planned"]});
        let text = ask(&world, world.bishnu(), SUMMARY, given).await;
        line(&text, "Now / before, 9 – 15 Nov 2026 (holiday 9–15 Nov): Run: ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_over_is_said_beside_what_is() {
    on_saturday(async |world| {
        let run = |id: &str, day: u32| activity(id, "Run", &format!("2026-11-{day:02}T07:00"), json!({}));
        let rows = json!([run("i1", 24), run("i2", 17), run("i3", 18)]);
        give(&world, world.ana(), json!({"activities": rows}));
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        line(
            &text,
            "Now / before, 16 – 21 Nov 2026 (by whole weeks; absences: include=planned; today is not over): Run: ",
        );
        let text = ask(
            &world,
            world.ana(),
            SUMMARY,
            json!({"oldest": "2026-11-23", "newest": "2026-11-27"}),
        )
        .await;
        line(
            &text,
            "Now / before, 16 – 20 Nov 2026 (by whole weeks; absences: include=planned): Run: ",
        );
        // On a Sunday the week is complete by its days and not over.
        world.clock.set("2026-11-29T08:00:00Z".parse().unwrap());
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-16"})).await;
        assert!(
            !row(&text, "week (Mon)", "2026-11-16")["strain (Foster)"].is_empty(),
            "{text}"
        );
        assert!(
            row(&text, "week (Mon)", "2026-11-23")
                .get("strain (Foster)")
                .is_none_or(String::is_empty),
            "{text}"
        );
        line(
            &text,
            "Monotony and strain need whole weeks that are over, with a load for every session.",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_figures_say_in_their_cell_what_they_lack_and_doubt_only_what_they_show() {
    on_saturday(async |world| {
        let done = |id: &str, day: u32, event: u32| {
            activity(id, "Run", &format!("2026-11-{day:02}T17:00"), json!({"moving_time": 2640, "paired_event_id": event}))
        };
        let entry = |id: u32, day: u32, load: Value| {
            json!({"id": id, "category": "WORKOUT", "type": "Run", "start_date_local": format!("2026-11-{day:02}T00:00:00"),
                "moving_time": 2640, "icu_training_load": load, "paired_activity_id": format!("i{id}")})
        };
        let events = json!([entry(1, 24, json!(50)), entry(2, 25, Value::Null), workout(3, "Run", 26, json!({}))]);
        let rows = json!([done("i1", 24, 1), done("i2", 25, 2)]);
        give(&world, world.ana(), json!({"activities": rows, "events": events}));
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23", "include": ["planned"]})).await;
        let week = row(&text, "week (Mon)", "2026-11-23");
        assert_eq!(
            (week["planned time"].as_str(), week["planned load"].as_str()),
            (
                "1:00 (all missed, 2 without a time)",
                "120 (50 of it done, 70 missed, 1 without load)"
            ),
            "{text}"
        );
        line(
            &text,
            "Planned load of 1 paired entry may be what was done. Planned time of 2 paired entries is not known and left out.",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absences_begun_before_are_read_where_nothing_was_done_and_otherwise_said_not_to_be() {
    let injury = json!({"id": 60, "category": "INJURED", "start_date_local": "2026-09-19T00:00:00", "end_date_local": "2027-03-01T00:00:00"});
    let ran = activity("i1", "Walk", "2026-11-24T07:00", json!({}));
    let week = json!({"oldest": "2026-11-23", "include": ["planned"]});
    let two_days = json!({"oldest": "2026-11-27", "include": ["planned"]});
    for (activities, given, requests, says) in [
        (
            json!([]),
            week.clone(),
            3,
            "injured 19 Sep 2026 – 28 Feb 2027 (day 71 of 163)",
        ),
        (
            json!([ran]),
            week,
            2,
            "\nNot included: absences that began before 2026-09-24 Thu.",
        ),
        (
            json!([]),
            two_days,
            2,
            "\nNot included: absences that began before 2026-09-28 Mon.",
        ),
        (json!([ran]), json!({"oldest": "2026-11-23"}), 1, ""),
    ] {
        for tool in [HISTORY, SUMMARY] {
            on_saturday(async |world| {
                give(
                    &world,
                    world.ana(),
                    json!({"activities": activities.clone(), "events": [injury.clone()]}),
                );
                let (text, paths) = asked_for(&world, &world.ana().link, tool, given.clone()).await;
                assert!(paths.len() == requests && text.contains(says), "{paths:?} {text}");
                assert_eq!(
                    text.contains("Not included"),
                    says.contains("Not included"),
                    "{text}"
                );
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_beside_the_plan_is_no_share_of_it() {
    on_saturday(async |world| {
        let run = |id: &str, day: u32| activity(id, "Run", &format!("2026-11-{day:02}T07:00"), json!({"icu_training_load": 125}));
        let events = json!([workout(1, "Swim", 29, json!({})), workout(2, "Run", 17, json!({}))]);
        give(&world, world.ana(), json!({"activities": [run("i1", 24), run("i2", 17)], "events": events}));
        let given = json!({"oldest": "2026-11-16", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(
            &text,
            "Weeks (Mon), load: 23 Nov (to Sat) 125; 70 planned to Sunday (all open later) · 16 Nov 125; 70 planned (all done)",
        );
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        let planned = |week: &str| row(&text, "week (Mon)", week)["planned load"].clone();
        assert_eq!(
            (planned("2026-11-23"), planned("2026-11-16")),
            ("70 (all open later)".to_owned(), "70 (all done)".to_owned()),
            "{text}"
        );
        // The week before has nothing that today could add to.
        line(&text, "Before, 2 – 14 Nov 2026 (by whole weeks): no activity.");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_without_plans_is_worded_alike_in_history_and_summary() {
    on_saturday(async |world| {
        let run = activity("i1", "Run", "2026-11-17T07:00", json!({}));
        give(
            &world,
            world.ana(),
            json!({"activities": [run], "events": [workout(1, "Run", 17, json!({}))]}),
        );
        let given = json!({"oldest": "2026-11-16", "include": ["planned"]});
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        line(
            &text,
            "Weeks (Mon), load: 23 Nov (to Sat) 0; nothing planned to Sunday · ",
        );
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        assert_eq!(
            row(&text, "week (Mon)", "2026-11-23")["planned load"],
            "nothing planned",
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_of_an_activity_is_counted_in_every_sum() {
    on_saturday(async |world| {
        let nothing = json!({"moving_time": null, "elapsed_time": null, "icu_training_load": null, "icu_intensity": null});
        let unknown = |id: &str, start: &str, fields: Value| activity(id, "Ride", start, with(nothing.clone(), fields));
        let rows = json!([
            unknown("i3", "2026-11-26T07:00", json!({})),
            unknown("i4", "2026-11-26T10:00", json!({"moving_time": 0, "distance": 20_000, "icu_training_load": 30})),
            activity("i5", "Run", "2026-11-27T10:00", json!({"total_elevation_gain": 240, "calories": 700})),
            activity("i6", "Run", "2026-11-25T10:00", json!({"distance": 10_000})),
            unknown("i7", "2026-11-17T10:00", json!({})),
            activity("i8", "Run", "2026-11-18T10:00", json!({"moving_time": 1800})),
        ]);
        give(&world, world.ana(), json!({"events": [], "activities": rows}));
        let given = json!({"oldest": "2026-11-23"});
        let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
        let cells = |start: &str, names: [&str; 5]| {
            let row = row(&text, "sport\t", start);
            names.map(|name| row.get(name).cloned().unwrap_or_default())
        };
        let names = ["time", "distance", "climb m", "load", "kcal"];
        assert_eq!(
            cells("Ride\t", names),
            ["", "20.0 km (1 without a distance)", "", "30 (1 without)", ""],
            "{text}"
        );
        assert_eq!(
            cells("Run\t", names),
            ["2:00", "10.0 km (1 without a distance)", "240 (1 without)", "100", "700 (1 without)"],
            "{text}"
        );
        assert_eq!(
            cells("all\t", names),
            ["2:00 (2 without a time)", "", "240 (3 without)", "130 (1 without)", "700 (3 without)"],
            "{text}"
        );
        assert_eq!(row(&text, "week (Mon)", "2026-11-23")["time"], "2:00 (2 without a time)", "{text}");
        let cells = |name: &str| {
            let row = change_of(&text, name);
            ["activities", "time", "load"].map(|name| row.get(name).cloned().unwrap_or_default())
        };
        assert_eq!(
            cells("all"),
            ["4 / 2", "2:00 (2 without a time) / 0:30 (1 without a time)", "130 (1 without) / 50 (1 without) (+80, +160 %)"],
            "{text}"
        );
        assert_eq!(cells("Ride")[..2], ["2 / 1", "unknown / unknown"], "{text}");
        assert_eq!(cells("Run")[..2], ["2 / 1", "2:00 / 0:30 (+1:30, +300 %)"], "{text}");
        let text = ask(&world, world.ana(), HISTORY, given).await;
        line(
            &text,
            "Run 2 · 2:00 · 10.0 km (1 without a distance) · climb 240 m (1 without) · load 100 | Ride 2 · 20 km (1 without a \
             distance) · load 30 (1 without) | all 4 · 2:00 (2 without a time) · load 130 (1 without)",
        );
        assert_eq!(row(&text, "date", "2026-11-26")["time"], "", "{text}");

        let none = json!([unknown("i9", "2026-11-26T07:00", json!({"icu_training_load": 30}))]);
        give(&world, world.tria(), json!({"events": [], "activities": none}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.tria(), tool, json!({"oldest": "2026-11-23"})).await;
            assert!(line(&text, "Not recorded: ").starts_with("Not recorded: time, "), "{text}");
            assert!(!text.contains("\t0:00\t"), "{text}");
            let sized = with(json!({"oldest": "2026-11-23"}), json!({"sport": "run"}));
            let text = ask(&world, world.tria(), tool, sized).await;
            assert!(!text.contains("Not counted"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strava_closes_is_in_one_count_with_and_without_a_sport() {
    on_saturday(async |world| {
        let closed = |day: u32| json!({"id": format!("99{day}"), "source": "STRAVA", "start_date_local": format!("2026-11-{day}T09:00:00")});
        let swim = json!({"moving_time": 2400, "distance": 2000, "icu_training_load": 40});
        give(&world, world.ana(), json!({"events": [], "activities": [activity("i2", "Swim", "2026-11-25T07:00", swim),
            activity("i3", "Run", "2026-11-24T07:00", json!({})), closed(25), closed(17)]}));
        for (at, sport, count, week) in [(0, None, "2 + 2", "2 + 1"), (1, Some("swim"), "1 + 2", "1 + 1"), (2, Some("ski"), "2", "1")] {
            let mut given = with(since(7 + at), json!({"compare": "none"}));
            if let Some(sport) = sport {
                given["sport"] = json!(sport);
            }
            let title = format!(" · {count} unreadable activities · ");
            let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
            assert!(text.lines().next().unwrap().contains(&title), "{text}");
            if sport != Some("ski") {
                assert_eq!(row(&text, "sport\t", "all\t")["activities"], format!("{count} unreadable"), "{text}");
                assert_eq!(row(&text, "week (Mon)", "2026-11-23")["activities"], format!("{week} unreadable"), "{text}");
                let before = row(&text, "week (Mon)", "2026-11-16");
                assert_eq!((before["activities"].as_str(), before["load"].as_str()), ("1 unreadable", "unknown"), "{text}");
            }
            given.as_object_mut().unwrap().remove("compare");
            let text = ask(&world, world.ana(), HISTORY, given).await;
            assert!(text.lines().next().unwrap().contains(&title), "{text}");
            assert!(text.contains("connect the device's own service"), "{text}");
            if sport != Some("ski") {
                assert!(text.contains(&format!(" | all {count} unreadable · ")), "{text}");
                assert!(line(&text, "Weeks (Mon), load: 23 Nov (to Sat) ").contains(" + 1 unreadable · 16 Nov unknown"), "{text}");
            }
            assert_eq!(text.contains("(Strava)"), sport.is_none(), "of which sport it is, is not known: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_strava_closes_everything_one_sentence_says_whose_the_sums_are() {
    on_saturday(async |world| {
        let text = ask(&world, world.bishnu(), SUMMARY, json!({})).await;
        let title = text.lines().next().unwrap();
        assert!(
            title.contains(" unreadable activities · ") && !title.contains(" + "),
            "{title}"
        );
        assert_eq!(text.matches("Strava").count(), 2, "{text}");
        line(&text, "Closed by Strava: ");
        assert!(
            text.contains(
                " activities, so the sums are intervals.icu's own, of whole weeks and of this week so far, without zones and without the period before. "
            ),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_zones_asked_for_leave_out_is_named_with_its_size() {
    on_saturday(async |world| {
        let power = json!([{"id": "Z1", "secs": 1200}, {"id": "Z2", "secs": 1800}, {"id": "Z3", "secs": 300}, {"id": "Z4", "secs": 200}, {"id": "Z5", "secs": 100}]);
        let ride = |id: &str, day: u32, fields: Value| activity(id, "Ride", &format!("2026-11-{day}T10:00"), fields);
        let run = |id: &str, day: u32| activity(id, "Run", &format!("2026-11-{day}T07:00"), json!({"moving_time": 2600, "icu_hr_zone_times": [100, 1500, 1000, 900, 100]}));
        give(&world, world.ana(), json!({"events": [], "activities": [ride("i1", 23, json!({"icu_zone_times": power})),
            ride("i2", 24, json!({"icu_training_load": null})), run("i3", 25), run("i4", 26), run("i5", 27)]}));
        let given = |base: &str| json!({"oldest": "2026-11-23", "zones": base});
        let text = ask(&world, world.ana(), SUMMARY, given("power")).await;
        line(&text, "Zones Ride by power (1 of 2 activities): ");
        line(
            &text,
            "Without zones by power, left out: Run 3 (2:10, load 150), Ride 1 (1:00, no load)",
        );
        let text = ask(&world, world.ana(), SUMMARY, given("pace")).await;
        assert!(!text.contains("\nZones ") && !text.contains("easy/moderate/hard"), "{text}");
        line(
            &text,
            "Without zones by pace, left out: Run 3 (2:10, load 150), Ride 2 (2:00, load 50 (1 without))",
        );
        let text = ask(&world, world.ana(), SUMMARY, with(given("hr"), json!({"sport": "run"}))).await;
        assert!(!text.contains("left out: "), "nothing is: {text}");
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        assert!(!text.contains("Without zones"), "by no base in particular: {text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_name_the_sport_differently_are_named_too() {
    on_saturday(async |world| {
        let one = |id: &str, sport: &str, start: &str, secs: u32, fields: Value| {
            let times = json!({"moving_time": secs, "elapsed_time": secs});
            activity(id, sport, &format!("2026-11-24T{start}"), with(times, fields))
        };
        let pair = |a: &str, b: &str, fields: Value| json!([one("i1", a, "18:00", 3600, json!({})), one("i2", b, "18:02", 3540, fields)]);
        for (at, rows, said) in [
            (0, pair("Run", "Other", json!({})), Some("i1 and i2 overlap (58 min)")),
            (1, pair("Workout", "Ride", json!({})), Some("i1 and i2 overlap (58 min)")),
            (2, pair("WeightTraining", "Workout", json!({})), Some("i1 and i2 overlap (58 min)")),
            (3, pair("Ride", "EBikeRide", json!({"sub_type": "COMMUTE"})), Some("i1 and i2 overlap (58 min)")),
            // Nine tenths are not enough: a brick with a watch that went on, a warm-up on the bike beside the whole, a commute.
            (4, json!([one("i1", "Ride", "18:00", 3600, json!({})), one("i2", "Run", "18:06", 3600, json!({}))]), None),
            (5, json!([one("i1", "Workout", "18:00", 3600, json!({})), one("i2", "Ride", "18:00", 3200, json!({}))]), None),
            (6, json!([one("i1", "Ride", "07:00", 1800, json!({"sub_type": "COMMUTE"})), one("i2", "Run", "07:30", 1800, json!({}))]), None),
        ] {
            give(&world, world.jack(), json!({"activities": rows}));
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.jack(), tool, since(at)).await;
                match said {
                    Some(said) => assert_eq!(
                        line(&text, "i1 and i2"),
                        format!("{said}: perhaps one session; sums count both, and so do intervals.icu's CTL and ATL."),
                        "{text}"
                    ),
                    None => assert!(!text.contains("perhaps one"), "{text}"),
                }
                assert!(text.lines().next().unwrap().contains(" · 2 activities · "), "both count: {text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_that_cannot_be_is_neither_shown_nor_summed() {
    on_saturday(async |world| {
        let absurd = json!({"moving_time": -60, "elapsed_time": -60, "icu_training_load": -20, "distance": -10.0, "icu_distance": -10.0,
            "total_elevation_gain": -300, "calories": -5, "icu_intensity": -70, "average_heartrate": -1, "icu_rpe": 0, "feel": 0,
            "session_rpe": -3, "icu_average_watts": -1, "average_speed": -2.0, "gap": -3.0, "pool_length": -25});
        let odd = |id: &str, day: u32, fields: Value| activity(id, "Run", &format!("2026-11-{day}T07:00"), with(absurd.clone(), fields));
        let usual = activity("i4", "Run", "2026-11-27T07:00", json!({"icu_rpe": 7, "feel": 2, "total_elevation_gain": 100}));
        let rows = json!([odd("i1", 24, json!({})), odd("i2", 25, json!({"feel": 9, "icu_rpe": 11})), odd("i3", 26, json!({"feel": -1, "icu_rpe": -4})), usual]);
        give(&world, world.ana(), json!({"events": [], "activities": rows}));
        let given = |detail: &str| json!({"oldest": "2026-11-23", "detail": detail});
        for detail in ["concise", "full"] {
            let text = ask(&world, world.ana(), HISTORY, given(detail)).await;
            for day in ["2026-11-24", "2026-11-25", "2026-11-26"] {
                let filled: Vec<String> = row(&text, "date", day).into_iter().filter(|(_, cell)| !cell.is_empty()).map(|(name, _)| name).collect();
                let kept = if detail == "full" { vec!["date", "id", "sport", "start"] } else { vec!["date", "id", "sport"] };
                assert_eq!(filled, kept, "{text}");
            }
            line(&text, "Run 4 · 1:00 (3 without a time) · climb 100 m (3 without) · load 50 (3 without)");
            line(&text, "Weeks (Mon), load: 23 Nov (to Sat) 50 (3 without)");
            let text = ask(&world, world.ana(), SUMMARY, given(detail)).await;
            let run = row(&text, "sport\t", "Run\t");
            assert_eq!(
                ["time", "climb m", "load"].map(|name| run[name].as_str()),
                ["1:00 (3 without a time)", "100 (3 without)", "50 (3 without)"],
                "{text}"
            );
        }
        let text = ask(&world, world.ana(), "get_activity_detail", json!({"id": "i2", "detail": "full"})).await;
        assert!(
            !text.contains("-20") && !text.contains("/10") && !text.contains("/5") && !text.contains("-0.01") && !text.contains("climb"),
            "{text}"
        );
        assert!(line(&text, "not recorded: ").ends_with("load, RPE, feel"), "{text}");
        // What is planned cannot be less than nothing either.
        let plan = workout(1, "Run", 29, json!({"icu_training_load": -5, "moving_time": -60}));
        give(&world, world.tria(), json!({"events": [plan, workout(2, "Run", 29, json!({}))], "activities": []}));
        let text = ask(&world, world.tria(), HISTORY, json!({"oldest": "2026-11-23", "include": ["planned"]})).await;
        line(&text, "Weeks (Mon), load: 23 Nov (to Sat) 0; 70 planned to Sunday (all open later, 1 without load)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_weeks_are_the_athletes_own_at_midnight() {
    for (who, offset) in [
        ("ana", 60),
        ("jack", 660),
        ("tria", -480),
        ("bishnu", 345),
        ("nell", -210),
    ] {
        on_saturday(async |world| {
            let person = match who {
                "ana" => world.ana(),
                "jack" => world.jack(),
                "tria" => world.tria(),
                "bishnu" => world.bishnu(),
                _ => world.nell(),
            };
            let starts = ["22T23:59:59", "23T00:00:00", "27T23:59:59", "28T00:00:00", "28T23:59:59", "29T00:00:00", "30T00:00:00"];
            let rows: Vec<Value> = (0..).zip(starts).map(|(at, start)| {
                json!({"id": format!("i{at}"), "type": "Run", "start_date_local": format!("2026-11-{start}"), "moving_time": 1,
                    "icu_training_load": 1 << at})
            }).collect();
            give(&world, person, json!({"events": [], "activities": rows}));
            for (local, today, weeks, load) in [
                ("2026-11-28T23:59:59Z", "2026-11-28 Sat", "23 Nov (to Sat) 30 · 16 Nov 1 · ", "30"),
                ("2026-11-29T00:00:00Z", "2026-11-29 Sun", "23 Nov 62 · 16 Nov 1 · ", "62"),
                ("2026-11-29T23:59:59Z", "2026-11-29 Sun", "23 Nov 62 · 16 Nov 1 · ", "62"),
                ("2026-11-30T00:00:00Z", "2026-11-30 Mon", "30 Nov (to Mon) 64 · 23 Nov 62 · 16 Nov 1 · ", "62"),
            ] {
                let local: chrono::DateTime<chrono::Utc> = local.parse().unwrap();
                world.clock.set(local - chrono::Duration::minutes(offset));
                let text = ask(&world, person, HISTORY, json!({})).await;
                assert!(text.lines().next().unwrap().ends_with(&format!(", today {today}")), "{text}");
                assert!(text.contains(&format!("Weeks (Mon), load: {weeks}")), "{text}");
                for (at, start) in (0..).zip(starts).take_while(|(_, start)| **start <= today[8..10]) {
                    let day = format!("2026-11-{}", &start[..2]);
                    let row = text.lines().find(|line| line.ends_with(&format!("\ti{at}")));
                    assert!(row.is_some_and(|row| row.starts_with(&day)), "{text}");
                }
                let text = ask(&world, person, SUMMARY, json!({"compare": "none"})).await;
                assert_eq!(row(&text, "week (Mon)", "2026-11-23")["load"], load, "{text}");
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_on_which_clocks_change_are_days_like_others() {
    on_saturday(async |world| {
        let at = |id: &str, start: &str, load: u32| {
            json!({"id": id, "type": "Run", "start_date_local": start, "moving_time": 600, "icu_training_load": load})
        };
        // Berlin: 25 Oct 2026, 3:00 becomes 2:00. Melbourne: 4 Oct 2026, 2:00 becomes 3:00.
        for (person, now, today, rows, weeks) in [
            (world.ana(), "2026-10-25T22:59:00Z", "2026-10-25 Sun",
                [at("i1", "2026-10-25T00:00:00", 1), at("i2", "2026-10-25T02:30:00", 2), at("i3", "2026-10-25T23:59:59", 4), at("i4", "2026-10-26T00:00:00", 8)],
                "19 Oct 7 · "),
            (world.jack(), "2026-10-04T12:59:00Z", "2026-10-04 Sun",
                [at("i1", "2026-10-04T00:00:00", 1), at("i2", "2026-10-04T02:30:00", 2), at("i3", "2026-10-04T23:59:59", 4), at("i4", "2026-10-05T00:00:00", 8)],
                "28 Sep 7 · "),
            (world.tria(), "2026-11-02T07:59:00Z", "2026-11-01 Sun",
                [at("i1", "2026-11-01T00:00:00", 1), at("i2", "2026-11-01T01:30:00", 2), at("i3", "2026-11-01T23:59:59", 4), at("i4", "2026-11-02T00:00:00", 8)],
                "26 Oct 7 · "),
        ] {
            give(&world, person, json!({"events": [], "activities": rows}));
            world.clock.set(now.parse().unwrap());
            let text = ask(&world, person, HISTORY, json!({})).await;
            assert!(text.lines().next().unwrap().ends_with(&format!(", today {today}")), "{text}");
            assert!(text.contains(&format!("Weeks (Mon), load: {weeks}")), "{text}");
            let text = ask(&world, person, SUMMARY, json!({"compare": "none"})).await;
            assert_eq!(row(&text, "sport\t", "Run\t")["load"], "7", "{text}");
            // A minute later it is Monday.
            let later: chrono::DateTime<chrono::Utc> = now.parse().unwrap();
            world.clock.set(later + chrono::Duration::minutes(1));
            let text = ask(&world, person, SUMMARY, json!({"compare": "none"})).await;
            assert_eq!(row(&text, "sport\t", "Run\t")["load"], "15", "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monotony_takes_a_load_of_0_and_no_missing_one() {
    on_saturday(async |world| {
        let run = |day: u32, load: Value| activity(&format!("i{day}"), "Run", &format!("2026-11-{day}T07:00"), json!({"icu_training_load": load, "average_heartrate": 120}));
        let week = |loads: [Value; 7]| -> Vec<Value> { (16..).zip(loads).map(|(day, load)| run(day, load)).collect() };
        let [zero, ten, null, absurd] = [json!(0), json!(10), Value::Null, json!(-20)];
        for (at, rows, said) in [
            // A load of 0 is one. Mean 50/7, sample deviation 4.880.
            (0, week([&ten, &zero, &ten, &ten, &zero, &ten, &ten].map(Value::clone)), Some(("1.5", "73"))),
            (1, week([&ten, &null, &ten, &ten, &zero, &ten, &ten].map(Value::clone)), None),
            (2, week([&ten, &absurd, &ten, &ten, &zero, &ten, &ten].map(Value::clone)), None),
            // All days alike: no deviation to divide by.
            (3, week([&ten; 7].map(Value::clone)), None),
            (4, week([&zero; 7].map(Value::clone)), None),
        ] {
            give(&world, world.ana(), json!({"events": [], "activities": rows}));
            let given = json!({"oldest": format!("2026-11-{:02}", 9 - at), "newest": "2026-11-22", "compare": "none"});
            let text = ask(&world, world.ana(), SUMMARY, given).await;
            let week = row(&text, "week (Mon)", "2026-11-16");
            let got = week.get("monotony (Foster)").zip(week.get("strain (Foster)"));
            let got = got.map(|(monotony, strain)| (monotony.as_str(), strain.as_str()));
            assert_eq!(got, said, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_without_a_sport_is_named_wherever_a_sport_is_asked_for() {
    on_saturday(async |world| {
        let none = json!({"id": "i1", "start_date_local": "2026-11-24T07:00:00", "moving_time": 3600, "icu_training_load": 50,
            "decoupling": 3.0, "icu_efficiency_factor": 1.5});
        let ride = activity("i2", "Ride", "2026-11-25T07:00", json!({"decoupling": 2.0, "icu_efficiency_factor": 1.4}));
        let climb: Vec<f64> = (0..1800).map(|at| 200.0 + f64::from(at) * 0.2).collect();
        let way: Vec<f64> = (0..1800).map(|at| f64::from(at) * 4.0).collect();
        let time: Vec<u32> = (0..1800).collect();
        give(&world, world.jack(), json!({"events": [], "activities": [none, ride],
            "streams": {"i1": {"time": time, "distance": way, "altitude": climb}}}));
        let text = ask(&world, world.jack(), "get_extended_metrics", json!({"sport": "ride", "oldest": "2026-11-23"})).await;
        line(&text, "Not counted: 1 activity without a sport (1:00, load 50)");
        let text = ask(&world, world.jack(), "get_extended_metrics", json!({"oldest": "2026-11-23"})).await;
        assert!(row(&text, "date", "2026-11-24")["sport"] == "no sport" && !text.contains("Not counted"), "{text}");
        let text = ask(&world, world.jack(), "get_climb_segments", json!({"id": "i1"})).await;
        assert!(text.contains("\n1 climb of at least 30 m"), "what it was does not matter: {text}");
        let text = ask(&world, world.jack(), "get_best_efforts", json!({"sport": "Run"})).await;
        line(&text, "Efforts are intervals.icu's own: none is of an activity without a sport, and one ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn best_efforts_say_what_they_lack_and_not_that_there_was_no_activity() {
    on_saturday(async |world| {
        let none = json!({"list": [], "activities": {}});
        let answers = json!({"/pace-curves": none, "/power-curves": none, "/hr-curves": none});
        let swim = activity("i1", "Swim", "2026-11-25T07:00", json!({"distance": null}));
        give(&world, world.tria(), json!({"activities": [swim], "events": [], "answers": answers}));
        for (sport, metric, said) in [
            ("Swim", "pace", "intervals.icu has no pace curve for Swim in this period: that needs an activity of that sport with recorded distance. "),
            ("Ride", "power", "intervals.icu has no power curve for Ride in this period: that needs an activity of that sport with recorded power. "),
            ("Run", "hr", "intervals.icu has no heart rate curve for Run in this period: that needs an activity of that sport with recorded heart rate. "),
        ] {
            for tool in ["get_best_efforts", "get_power_curves"] {
                let text = ask(&world, world.tria(), tool, json!({"sport": sport, "metric": metric})).await;
                line(&text, said);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_all_of_the_plan_is_named_and_so_is_what_another_sport_did() {
    let run = activity("i1", "Run", "2026-11-24T07:00", json!({"icu_training_load": 270}));
    let ride = activity("i2", "Ride", "2026-11-25T07:00", json!({"icu_training_load": 50}));
    let entry = |sport: &str, day: u32, load: u32| workout(1, sport, day, json!({"icu_training_load": load}));
    for (plan, sport, history, summary) in [
        (
            entry("Ride", 29, 270),
            None,
            "320; 270 planned to Sunday (all open later)",
            "270 (all open later)",
        ),
        (
            entry("Swim", 28, 270),
            None,
            "320; 270 planned to Sunday (all open today)",
            "270 (all open today)",
        ),
        (
            entry("Run", 24, 270),
            None,
            "320; 270 planned to Sunday (all done)",
            "270 (all done)",
        ),
        (
            entry("Swim", 24, 270),
            None,
            "320; 270 planned to Sunday (all missed)",
            "270 (all missed)",
        ),
        (
            entry("VirtualRide", 25, 50),
            None,
            "320; 50 planned to Sunday (all done)",
            "50 (all done)",
        ),
        (
            entry("VirtualRide", 25, 50),
            Some("ride"),
            "50; 50 planned to Sunday (all done)",
            "50 (all done)",
        ),
        (
            entry("VirtualRide", 25, 50),
            Some("VirtualRide"),
            "0; 50 planned to Sunday (all done as another sport)",
            "50 (all done as another sport)",
        ),
    ] {
        on_saturday(async |world| {
            give(
                &world,
                world.ana(),
                json!({"activities": [run, ride], "events": [plan]}),
            );
            let given = with(since(0), json!({"include": ["planned"], "sport": sport}));
            let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
            line(&text, &format!("Weeks (Mon), load: 23 Nov (to Sat) {history}"));
            let text = ask(&world, world.ana(), SUMMARY, given).await;
            assert_eq!(
                row(&text, "week (Mon)", "2026-11-23")["planned load"],
                summary,
                "{text}"
            );
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_to_come_are_no_days_without() {
    on_saturday(async |world| {
        let run = activity(
            "i1",
            "Run",
            "2026-11-24T07:00",
            json!({"icu_training_load": 40, "decoupling": 3.1}),
        );
        give(&world, world.ana(), json!({"activities": [run]}));
        for (given, days) in [
            (
                json!({"oldest": "2026-11-16", "newest": "2026-12-13"}),
                "16 – 28 Nov 2026",
            ),
            (json!({"newest": "2026-12-13"}), "1 – 28 Nov 2026"),
        ] {
            for tool in [HISTORY, SUMMARY, "get_extended_metrics"] {
                let text = ask(&world, world.ana(), tool, given.clone()).await;
                let title = format!("Ana Berger · {days} · asked to 2026-12-13; today here is 2026-11-28 · ");
                assert!(text.starts_with(&title), "{tool}: {text}");
                assert!(
                    !text.contains("30 Nov") && !text.contains("2026-11-30"),
                    "{tool}: {text}"
                );
            }
        }
        let given = json!({"oldest": "2026-11-30", "newest": "2026-12-13"});
        let text = ask(&world, world.ana(), HISTORY, given).await;
        line(
            &text,
            "No activity yet: the range is in the future, today is 2026-11-28;",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_zones_that_is_not_usual_is_said() {
    on_saturday(async |world| {
        let times = |number: usize| json!(vec![600; number]);
        let power: Vec<Value> = (1..=4)
            .map(|zone| json!({"id": format!("Z{zone}"), "secs": 900}))
            .collect();
        let rows = json!([
            activity(
                "i3",
                "Run",
                "2026-11-23T07:00",
                json!({"icu_hr_zone_times": times(3)})
            ),
            activity(
                "i5",
                "Run",
                "2026-11-24T07:00",
                json!({"icu_hr_zone_times": times(5)})
            ),
            activity(
                "i7",
                "Run",
                "2026-11-25T07:00",
                json!({"pace_zone_times": times(7)})
            ),
            activity(
                "i10",
                "Run",
                "2026-11-26T07:00",
                json!({"icu_hr_zone_times": times(10)})
            ),
            activity("i4", "Ride", "2026-11-27T07:00", json!({"icu_zone_times": power})),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let text = ask(
            &world,
            world.ana(),
            HISTORY,
            with(since(0), json!({"detail": "full"})),
        )
        .await;
        for (day, says) in [
            ("23", "33 (heart rate, 3 zones)"),
            ("24", "60 (heart rate)"),
            ("25", "71 (pace)"),
            ("26", "80 (heart rate, 10 zones)"),
            ("27", "50 (power, 4 zones)"),
        ] {
            assert_eq!(
                row(&text, "date\t", &format!("2026-11-{day}"))["above Z2 %"],
                says,
                "{text}"
            );
        }
        let text = ask(
            &world,
            world.ana(),
            SUMMARY,
            with(since(0), json!({"detail": "full"})),
        )
        .await;
        for start in [
            "Zones Run by heart rate, 3 zones (1 of 4 activities): Z1 ",
            "Zones Run by heart rate, 5 zones (1 of 4 activities): Z1 ",
            "Zones Run by heart rate, 10 zones (1 of 4 activities): Z1 ",
            "Zones Run by pace (1 of 4 activities): Z1 ",
            "Zones Ride by power (1 of 1 activity): Z1 ",
        ] {
            line(&text, start);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_in_much_less_time_than_planned_is_named() {
    on_saturday(async |world| {
        let did = |id: &str, sport: &str, day: u32, secs: u32| {
            activity(id, sport, &format!("2026-11-{day}T07:00"), json!({"moving_time": secs, "elapsed_time": secs}))
        };
        let long = json!({"moving_time": 10_800});
        let (ride, run) = (workout(1, "Ride", 24, long), workout(2, "Run", 25, json!({})));
        give(&world, world.ana(), json!({"events": [ride, run], "activities": [did("i1", "Ride", 24, 900), did("i2", "Run", 25, 1800)]}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, with(since(0), json!({"include": ["planned"]}))).await;
            line(&text, "Done in less than half of the planned time: 24 Nov Ride 0:15 of 3:00 (i1)");
            assert!(!text.contains("(i2)"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn averages_that_need_longer_activities_say_so() {
    on_saturday(async |world| {
        let ride = |id: u32, secs: u32| {
            activity(
                &format!("i{id}"),
                "Ride",
                &format!("2026-11-{}T07:00", 20 + id),
                json!({"moving_time": secs, "decoupling": 3.5}),
            )
        };
        let given = |rows: Value| give(&world, world.ana(), json!({"activities": rows}));
        let none = "No averages by sport: no metric is in two activities of a sport of 20 min or more";
        given(json!([ride(1, 600), ride(2, 1199), ride(3, 700)]));
        let asked = |at: u32| json!({"oldest": format!("2026-11-{at:02}"), "sport": "ride"});
        let text = ask(&world, world.ana(), "get_extended_metrics", asked(15)).await;
        line(&text, &format!("{none} (3 shorter activities not counted)"));
        given(json!([ride(1, 600), ride(2, 3600)]));
        let text = ask(&world, world.ana(), "get_extended_metrics", asked(14)).await;
        line(&text, &format!("{none} (1 shorter activity not counted)"));
        let mut untimed = ride(3, 1);
        untimed["moving_time"] = Value::Null;
        given(json!([untimed, ride(2, 3600)]));
        let text = ask(&world, world.ana(), "get_extended_metrics", asked(12)).await;
        line(&text, &format!("{none} (1 activity without a time not counted)"));
        given(json!([ride(1, 1200), ride(2, 3600)]));
        let text = ask(&world, world.ana(), "get_extended_metrics", asked(13)).await;
        assert!(
            text.contains("Averages by sport") && !text.contains(none),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_without_monotony_says_why() {
    on_saturday(async |world| {
        let run = |day: u32, load: u32| {
            activity(
                &format!("i{day}"),
                "Run",
                &format!("2026-11-{day:02}T07:00"),
                json!({"icu_training_load": load, "average_heartrate": 120}),
            )
        };
        let equal = (16..23).map(|day| run(day, 50));
        let nothing = (9..16).map(|day| run(day, 0));
        let rows: Vec<Value> = equal.chain(nothing).chain([run(3, 80), run(24, 60)]).collect();
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let text = ask(
            &world,
            world.ana(),
            SUMMARY,
            json!({"oldest": "2026-11-02", "compare": "none"}),
        )
        .await;
        let monotony = |monday: &str| row(&text, "week (Mon)", monday)["monotony (Foster)"].clone();
        assert_eq!(
            ["2026-11-16", "2026-11-09", "2026-11-02"].map(monotony),
            ["no variation", "no load", "0.4"],
            "{text}"
        );
        let text = ask(
            &world,
            world.ana(),
            SUMMARY,
            json!({"oldest": "2026-11-02", "compare": "none", "sport": "run", "detail": "full"}),
        )
        .await;
        line(&text, "Monotony and strain need all sports together.");
        let runs = json!({"oldest": "2026-11-02", "compare": "none", "sport": "run"});
        let text = ask(&world, world.ana(), SUMMARY, runs).await;
        line(&text, "Monotony and strain need all sports together.");
        let this_week = json!({"oldest": "2026-11-23", "compare": "none", "sport": "run", "detail": "full"});
        let text = ask(&world, world.ana(), SUMMARY, this_week).await;
        assert!(!text.contains("onotony"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rides_in_the_hour_that_comes_twice_do_not_overlap() {
    on_saturday(async |world| {
        let ride = |id: &str, start: &str, utc: &str| {
            activity(
                id,
                "Ride",
                &format!("2026-10-25T{start}"),
                json!({"start_date": utc}),
            )
        };
        let asked = |oldest: &str| json!({"oldest": oldest, "newest": "2026-10-26"});
        let twice = json!([
            ride("i1", "02:10", "2026-10-25T00:10:00Z"),
            ride("i2", "02:10", "2026-10-25T01:10:00Z")
        ]);
        give(&world, world.ana(), json!({"activities": twice, "events": []}));
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.ana(), tool, asked("2026-10-20")).await;
            assert!(
                text.contains("2 activities") && !text.contains("overlap"),
                "{text}"
            );
        }
        // By the local clock they are an hour apart.
        let one = json!([
            ride("i1", "02:10", "2026-10-25T00:10:00Z"),
            ride("i2", "01:10", "2026-10-25T00:12:00Z")
        ]);
        give(&world, world.ana(), json!({"activities": one, "events": []}));
        let text = ask(&world, world.ana(), HISTORY, asked("2026-10-19")).await;
        assert!(text.contains(" overlap (58 min): perhaps one session"), "{text}");
        // Where one of them lacks the other clock, the local one counts.
        let local = json!([
            ride("i1", "02:10", "2026-10-25T00:10:00Z"),
            ride("i2", "02:15", "")
        ]);
        give(&world, world.ana(), json!({"activities": local, "events": []}));
        let text = ask(&world, world.ana(), HISTORY, asked("2026-10-18")).await;
        assert!(
            text.contains("i1 and i2 overlap (55 min): perhaps one session"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sports_together_lack_only_what_a_sport_of_theirs_has() {
    on_saturday(async |world| {
        let of = |id: u32, sport: &str, fields: Value| {
            activity(
                &format!("i{id}"),
                sport,
                &format!("2026-11-{}T{:02}:00", 23 + id % 5, 6 + id),
                fields,
            )
        };
        let ride = |id: u32| of(id, "Ride", json!({"total_elevation_gain": 300, "calories": 700}));
        let clean = json!([
            ride(1),
            of(2, "Swim", json!({})),
            of(3, "WeightTraining", json!({"calories": 200})),
            of(4, "Yoga", json!({}))
        ]);
        let all = async |at: usize, rows: Value| {
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            let text = ask(
                &world,
                world.ana(),
                SUMMARY,
                with(since(at), json!({"compare": "none"})),
            )
            .await;
            let all = row(&text, "sport\t", "all\t");
            [all["climb m"].clone(), all["kcal"].clone()]
        };
        assert_eq!(all(0, clean).await, ["300", "900 (2 without)"]);
        let some = json!([
            ride(1),
            of(2, "Ride", json!({})),
            of(3, "Run", json!({})),
            of(4, "Swim", json!({}))
        ]);
        assert_eq!(all(1, some).await, ["300 (2 without)", "700 (3 without)"]);
        let swims = json!([
            ride(1),
            of(2, "Swim", json!({"calories": 300})),
            of(3, "Swim", json!({}))
        ]);
        assert_eq!(all(2, swims).await, ["300", "1000 (1 without)"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_was_cut_says_of_what() {
    on_saturday(async |world| {
        let row = |at: usize| {
            let sport = if at.is_multiple_of(10) { "Run" } else { "Ride" };
            json!({"id": format!("i{at}"), "name": "Home", "type": sport, "moving_time": 600, "start_date_local": "2026-11-20T07:00:00"})
        };
        let hits: Vec<Value> = (0..200).map(row).collect();
        give(&world, world.ana(), json!({"answers": {"/activities/search": hits}}));
        let text = ask(&world, world.ana(), HISTORY, json!({"query": "home", "sport": "run", "limit": 1})).await;
        assert!(text.contains(" · 20 activities of the latest 200 hits, from 2026-11-20 on · "), "{text}");
        line(&text, "Of these 20: Run 20 · 3:20");
        line(&text, "The search ended at 200 hits of any sport; there may be more: ");
        let text = ask(&world, world.ana(), HISTORY, json!({"query": "home", "limit": 1})).await;
        assert!(text.contains(" · the latest 200 activities, from 2026-11-20 on · "), "{text}");
        line(&text, "Of these 200: Ride 180 · 30:00 | Run 20 · 3:20 | all 200 · 33:20");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_begun_weeks_before_the_range_is_read_with_its_plans() {
    on_saturday(async |world| {
        let injury = json!({"id": 60, "category": "INJURED", "start_date_local": "2026-10-12T00:00:00", "end_date_local": "2026-11-24T00:00:00"});
        // Of the days before only the absence counts.
        let older = [
            json!({"id": 61, "category": "TARGET", "start_date_local": "2026-11-09T00:00:00", "load_target": 300}),
            workout(62, "Run", 12, json!({})),
        ];
        let walk = activity("i1", "Walk", "2026-11-24T07:00", json!({}));
        let [target, missed] = older;
        give(&world, world.ana(), json!({"activities": [walk], "events": [injury, target, missed]}));
        let given = json!({"oldest": "2026-11-18", "include": ["planned"]});
        for tool in [HISTORY, SUMMARY] {
            let (text, paths) = asked_for(&world, &world.ana().link, tool, given.clone()).await;
            assert!(text.contains("injured 12 Oct – 23 Nov"), "{text}");
            assert!(!text.contains("300") && !text.contains("70"), "{text}");
            assert!(text.contains("\nNot included: absences that began before 2026-09-19 Sat."), "{text}");
            assert!(paths.len() <= 2, "{paths:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_done_by_its_legs_is_named_beside_the_sums_of_one_of_them() {
    on_saturday(async |world| {
        let race = workout(
            1,
            "Other",
            22,
            json!({"category": "RACE_A", "name": "Lake Tri", "icu_training_load": 330}),
        );
        let legs = ["Swim", "Ride", "Run"].into_iter().zip(7..);
        let legs: Vec<Value> = legs
            .map(|(sport, hour)| {
                activity(
                    &format!("i{hour}"),
                    sport,
                    &format!("2026-11-22T{hour:02}:00"),
                    json!({}),
                )
            })
            .collect();
        give(&world, world.ana(), json!({"activities": legs, "events": [race]}));
        let says = "\nNot counted, done as several sports: 22 Nov Other, planned load 330";
        for (sport, named) in [(json!("run"), 1), (Value::Null, 0)] {
            let mut given = json!({"oldest": "2026-11-16", "include": ["planned"]});
            if !sport.is_null() {
                given["sport"] = sport;
            }
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.ana(), tool, given.clone()).await;
                assert_eq!(text.matches(says).count(), named, "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_counts_what_strava_closes_on_both_sides() {
    on_saturday(async |world| {
        let closed = |id: &str, day: u32| json!({"id": id, "source": "STRAVA", "start_date_local": format!("2026-11-{day:02}T09:00:00")});
        let run = |id: &str, day: u32| activity(id, "Run", &format!("2026-11-{day:02}T07:00"), json!({}));
        let rows = json!([run("i1", 24), run("i2", 17), closed("1", 25), closed("2", 26)]);
        give(&world, world.ana(), json!({"activities": rows}));
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        assert_eq!(change_of(&text, "all")["activities"], "1 + 2 unreadable / 1", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_beside_a_plan_says_what_it_is_without() {
    on_saturday(async |world| {
        let closed = |id: &str, day: u32| json!({"id": id, "source": "STRAVA", "start_date_local": format!("2026-11-{day:02}T09:00:00")});
        let run = |id: &str, day: u32, load: Value| {
            activity(
                id,
                "Run",
                &format!("2026-11-{day:02}T07:00"),
                json!({"icu_training_load": load}),
            )
        };
        let rows = json!([
            run("i1", 16, json!(40)),
            run("i2", 17, Value::Null),
            closed("1", 18),
            run("i3", 24, json!(60)),
            closed("2", 10),
            closed("3", 11),
            run("i4", 12, json!(30)),
        ]);
        let plans: Vec<Value> = [16, 18].map(|day| workout(day, "Run", day, json!({}))).into();
        give(&world, world.ana(), json!({"activities": rows, "events": plans}));
        let given = json!({"oldest": "2026-11-16", "newest": "2026-11-28", "include": ["planned"]});
        let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
        let week = row(&text, "week (Mon)", "2026-11-16");
        assert_eq!(
            [week["load"].as_str(), week["time"].as_str()],
            ["40 (1 without) + 1 unreadable", "2:00 + 1 unreadable"],
            "{text}"
        );
        assert_eq!(row(&text, "week (Mon)", "2026-11-23")["load"], "60", "{text}");
        assert_eq!(
            row(&text, "sport\t", "all\t")["load"],
            "100 (1 without) + 1 unreadable",
            "{text}"
        );
        assert_eq!(row(&text, "sport\t", "Run\t")["load"], "100 (1 without)", "{text}");
        let all = change_of(&text, "all");
        assert_eq!(all["load"], "100 (1 without) + 1 unreadable / 30 + 2 unreadable", "{text}");
        assert!(
            all.values().chain(change_of(&text, "Run").values()).all(|cell| !cell.contains('%')),
            "what cannot be read may be of any sport: {text}"
        );
        // In history the same words.
        let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
        assert!(text.contains(" 16 Nov 40 (1 without) + 1 unreadable; "), "{text}");
        // The same without a plan beside it.
        let plain = json!({"oldest": "2026-11-16", "newest": "2026-11-28"});
        let text = ask(&world, world.ana(), SUMMARY, plain).await;
        assert_eq!(row(&text, "week (Mon)", "2026-11-16")["time"], "2:00 + 1 unreadable", "{text}");
        assert_eq!(row(&text, "sport\t", "all\t")["time"], "3:00 + 1 unreadable", "{text}");
        assert_eq!(row(&text, "sport\t", "Run\t")["time"], "3:00", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_do_not_add_up_as_shown_say_why() {
    on_saturday(async |world| {
        let did = |id: &str, sport: &str, day: u32, secs: u32| {
            let fields = json!({"moving_time": secs, "elapsed_time": secs});
            activity(id, sport, &format!("2026-11-{day:02}T07:00"), fields)
        };
        let of = |text: &str| text.matches("Times are summed before rounding.").count();
        let full = json!({"detail": "full"});
        for (at, rows, [history, history_full, summary]) in [
            // As shown, 0:30 + 0:30 + 0:30 is not 1:31.
            (
                0,
                [("Run", 23, 1825), ("Run", 24, 1825), ("Run", 25, 1825)],
                [1, 0, 0],
            ),
            // The sports alike.
            (
                1,
                [("Run", 23, 1825), ("Ride", 24, 1825), ("Swim", 25, 1825)],
                [1, 1, 1],
            ),
            // So do two weeks.
            (
                2,
                [("Run", 22, 1825), ("Run", 24, 1820), ("Run", 25, 1800)],
                [1, 0, 1],
            ),
            // What adds up has no such line.
            (
                3,
                [("Run", 22, 1825), ("Ride", 24, 1795), ("Swim", 25, 1800)],
                [0, 0, 0],
            ),
            (
                4,
                [("Run", 22, 3600), ("Ride", 24, 40), ("Swim", 25, 900)],
                [0, 0, 0],
            ),
        ] {
            let rows: Vec<Value> = rows
                .into_iter()
                .map(|(sport, day, secs)| did(&format!("i{day}"), sport, day, secs))
                .collect();
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            let given = json!({"oldest": format!("2026-11-{:02}", 20 - at)});
            let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
            assert_eq!(of(&text), history, "{at}: {text}");
            let text = ask(&world, world.ana(), HISTORY, with(given.clone(), full.clone())).await;
            assert_eq!(of(&text), history_full, "{at}: {text}");
            let text = ask(&world, world.ana(), SUMMARY, given).await;
            assert_eq!(of(&text), summary, "{at}: {text}");
        }
        // The parts of a plan, and the calendar's rows.
        let plans = [(23, 1825), (24, 1825), (26, 1825)]
            .map(|(day, secs)| workout(day, "Run", day, json!({"moving_time": secs})));
        let done = did("i23", "Run", 23, 1800);
        give(
            &world,
            world.tria(),
            json!({"activities": [done], "events": plans}),
        );
        let given = json!({"oldest": "2026-11-23", "include": ["planned"]});
        let text = ask(&world, world.tria(), SUMMARY, given).await;
        assert_eq!(
            row(&text, "week (Mon)", "2026-11-23")["planned time"],
            "1:31 (0:30 of it done, 1:01 missed)",
            "{text}"
        );
        assert_eq!(of(&text), 0, "{text}");
        let text = ask(
            &world,
            world.tria(),
            "get_events",
            json!({"oldest": "2026-11-23"}),
        )
        .await;
        assert_eq!(of(&text), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_of_several_athletes_say_what_they_are_without() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        for person in [world.ana(), world.jack(), world.tria()] {
            let wellness = [24, 25].map(|day| json!({"id": format!("2026-11-{day}"), "ctl": 50, "atl": 50, "ctlLoad": 20, "atlLoad": 20}));
            let ride = activity("i1", "Ride", "2026-11-24T07:00", json!({"moving_time": 1825, "icu_training_load": 20}));
            let plans = [
                workout(1, "Ride", 24, json!({"icu_training_load": 80})),
                workout(2, "Run", 25, json!({"icu_training_load": null})),
                workout(3, "Run", 26, json!({"icu_training_load": 0})),
            ];
            give(&world, person, json!({"wellness": wellness, "activities": [ride], "events": plans}));
        }
        let week = json!({"oldest": "2026-11-23", "newest": "2026-11-29"});
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", week).await;
        assert!(
            line(&text, "Together: ").ends_with(
                "; 160 planned (80 of it done, 80 not paired, 4 without load) of 2 athletes (not Jack Nguyen) · time 1:01 of 2 athletes (not Tríona O’Shea-Łuczak). Times are summed before rounding."
            ),
            "{text}"
        );
        let (text, _) = asked_for(&world, &coach.link, "get_roster_overview", json!({})).await;
        assert!(text.contains("load 50 % of plan to date (40 of 80, 2 without load)"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_of_the_few_that_lack_the_usual_ones_say_so() {
    on_saturday(async |world| {
        let power = json!([{"id": "Z1", "secs": 1200}, {"id": "Z2", "secs": 1800}, {"id": "Z3", "secs": 600}, {"id": "Z4", "secs": 0}, {"id": "Z5", "secs": 0}]);
        let heart = json!([1200, 1800, 600, 0, 0]);
        let ride = |day: u32, power: &Value| {
            let fields = json!({"icu_zone_times": power, "icu_hr_zone_times": heart, "tiz_order": "POWER_HR_PACE"});
            activity(&format!("i{day}"), "Ride", &format!("2026-11-{day}T07:00"), fields)
        };
        let run = activity("i27", "Run", "2026-11-27T07:00", json!({"icu_hr_zone_times": heart}));
        let rows = json!([ride(24, &power), ride(25, &power), ride(26, &Value::Null), run]);
        give(&world, world.ana(), json!({"activities": rows}));
        let given = |fields: Value| with(json!({"oldest": "2026-11-23", "compare": "none"}), fields);
        let text = ask(&world, world.ana(), SUMMARY, given(json!({}))).await;
        line(&text, "Zones Ride by power (2 of 3 activities): ");
        line(&text, "Zones Ride by heart rate, where there are none by power (1 of 3 activities): ");
        // Of all of a sport there is nothing else to say.
        line(&text, "Zones Run by heart rate (1 of 1 activity): ");
        for fields in [json!({"zones": "hr"}), json!({"detail": "full"})] {
            let text = ask(&world, world.ana(), SUMMARY, given(fields)).await;
            line(&text, "Zones Ride by heart rate (3 of 3 activities): ");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monotony_says_its_formula_in_full() {
    on_saturday(async |world| {
        let runs: Vec<Value> = (16..20)
            .map(|day| activity(&format!("i{day}"), "Run", &format!("2026-11-{day}T07:00"), json!({"icu_training_load": day})))
            .collect();
        give(&world, world.ana(), json!({"activities": runs}));
        let given = |detail: &str| json!({"oldest": "2026-11-16", "newest": "2026-11-22", "compare": "none", "detail": detail});
        let says = "Monotony is mean daily load / sample standard deviation, strain is load of the week × monotony.";
        let text = ask(&world, world.ana(), SUMMARY, given("full")).await;
        line(&text, says);
        // 16, 17, 18, 19, 0, 0, 0: mean 10, squares of the differences 530, sample variance 530 / 6.
        assert_eq!(row(&text, "week (Mon)", "2026-11-16")["strain (Foster)"], "74", "{text}");
        let text = ask(&world, world.ana(), SUMMARY, given("concise")).await;
        assert!(!text.contains("sample"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_of_a_power_meter_that_sent_only_zeros_are_none() {
    on_saturday(async |world| {
        let zones = json!([{"id": "Z1", "secs": 3600}, {"id": "Z2", "secs": 0}]);
        let dead = json!({"icu_zone_times": zones, "icu_average_watts": 0, "icu_weighted_avg_watts": 0,
            "icu_hr_zone_times": [600, 1200, 1200, 600, 0]});
        let ride = |id: &str, fields: &Value| activity(id, "Ride", "2026-11-25T07:00", fields.clone());
        let given = json!({"oldest": "2026-11-23", "compare": "none"});
        give(&world, world.ana(), json!({"activities": [ride("i1", &dead)]}));
        let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
        line(&text, "Zones Ride by heart rate (1 of 1 activity): ");
        assert!(!text.contains("by power"), "{text}");
        let text = ask(&world, world.ana(), "get_activity_detail", json!({"id": "i1"})).await;
        assert!(!text.contains("power W") && !text.contains("power %"), "{text}");
        // One that worked has its zones, coasting included.
        let alive = with(dead, json!({"icu_average_watts": 150}));
        give(&world, world.jack(), json!({"activities": [ride("i2", &alive)]}));
        let text = ask(&world, world.jack(), SUMMARY, given).await;
        line(&text, "Zones Ride by power (1 of 1 activity): ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_intervals_icus_own_sums_counts_once_and_is_unknown_where_it_was_not_sent() {
    on_saturday(async |world| {
        let bishnu = world.bishnu();
        let week = |monday: &str, count: u32| {
            json!({"date": monday, "athlete_id": bishnu.person.athlete_id, "count": count, "time": 3600 * count,
                "byCategory": [{"category": "Ride", "count": count, "moving_time": 3600 * count, "training_load": 50 * count}]})
        };
        let stub = |id: &str, day: u32| {
            json!({"id": id, "start_date_local": format!("2026-11-{day}T07:00:00"), "source": "STRAVA", "_note": "STRAVA activities are not available via the API"})
        };
        give(&world, bishnu, json!({"activities": [stub("i1", 24), stub("i2", 17), stub("i3", 10)]}));
        let mut odd = week("2026-11-16", 1);
        odd["byCategory"] = Value::Null;
        let undated = week("2026-11-32", 1);
        let rows = json!([week("2026-11-23", 2), week("2026-11-23", 2), odd, week("2026-11-09", 1), undated]);
        world.sim.fault(Fault::on("/athlete-summary").status(200).body(rows.to_string()));
        let text = ask(&world, bishnu, SUMMARY, json!({"oldest": "2026-11-02"})).await;
        let of = |monday: &str| {
            let row = row(&text, "week (Mon)", monday);
            ["activities", "time", "load"].map(|figure| row[figure].clone())
        };
        assert_eq!(of("2026-11-23 (to Sat)"), ["2", "2:00", "100"], "{text}");
        assert_eq!(of("2026-11-16"), ["unknown"; 3], "{text}");
        assert_eq!(of("2026-11-09"), ["1", "1:00", "50"], "{text}");
        // Nothing was done, as far as is known.
        assert_eq!(of("2026-11-02"), ["0", "0:00", "0"], "{text}");
        line(&text, "1 week could not be read: neither shown nor counted.");
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_with_what_cannot_be_read_says_why_it_has_no_changes() {
    on_saturday(async |world| {
        let ride = |id: &str, day: u32| activity(id, "Ride", &format!("2026-11-{day}T07:00"), json!({}));
        let stub = json!({"id": "i9", "start_date_local": "2026-11-18T07:00:00", "source": "STRAVA", "_note": "STRAVA activities are not available via the API"});
        give(&world, world.ana(), json!({"activities": [ride("i1", 24), ride("i2", 17), stub]}));
        let given = json!({"oldest": "2026-11-23", "compare": "2026-11-16..2026-11-21"});
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        assert!(
            line(&text, "Now / before, ").contains("without changes: what is unreadable may be of any sport"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn averages_over_a_range_take_no_zeros_of_a_strap_and_name_running_dynamics_that_only_laps_have() {
    on_saturday(async |world| {
        let run = activity(
            "i1",
            "Run",
            "2026-11-25T07:00",
            json!({"average_heartrate": 0, "decoupling": 3.5, "average_stride": 1.1}),
        );
        give(&world, world.ana(), json!({"activities": [run]}));
        let text = ask(&world, world.ana(), "get_extended_metrics", json!({})).await;
        let first = row(&text, "date", "2026-11-25");
        assert!(!first.contains_key("HR") || first["HR"].is_empty(), "{text}");
        line(
            &text,
            "Not recorded: running dynamics of whole activities (with id: of laps)",
        );
    })
    .await;
}
