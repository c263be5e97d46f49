//! Lists of activities and their sums: what is missing, cannot be read or was recorded twice, and how a list is asked for.

use icusync_sim::Fault;
use serde_json::{Value, json};

use super::{ask, ask_at, asked_for, give, on_saturday, row};

const HISTORY: &str = "get_training_history";
const SUMMARY: &str = "get_training_summary";
const ROSTER: &str = "get_roster_overview";

/// The same object with these fields over or beside its own.
fn with(mut given: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        panic!("not fields: {fields}")
    };
    for (name, value) in fields {
        given[name] = value;
    }
    given
}

/// An activity of an hour.
fn did(id: &str, sport: &str, start: &str, fields: Value) -> Value {
    let usual = json!({"id": id, "type": sport, "start_date_local": format!("2026-11-{start}:00"), "moving_time": 3600,
        "elapsed_time": 3600, "icu_training_load": 50});
    with(usual, fields)
}

/// What upstream answered is kept for a minute, so each call has a range of its own.
fn since(at: usize) -> Value {
    json!({"oldest": format!("2026-11-{:02}", 23 - at)})
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let found = text.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line begins with {start}: {text}"))
}

/// The first line, without whose and where.
fn first(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let parts: Vec<&str> = first.split(" · ").collect();
    parts[1..parts.len() - 1].join(" · ")
}

/// The ids of the rows, in their order.
fn ids(text: &str) -> Vec<&str> {
    let rows = text
        .lines()
        .filter(|line| line.starts_with("20") && line.contains('\t'));
    rows.filter_map(|line| {
        line.split('\t')
            .find(|cell| cell.starts_with('i') && cell[1..].parse::<u32>().is_ok())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn zeros_without_a_sensor_are_in_no_sum() {
    on_saturday(async |world| {
        let no_power = json!({"icu_weighted_avg_watts": 0, "icu_average_watts": 0, "icu_intensity": 0, "average_heartrate": 0,
            "icu_training_load": 47});
        let variants = [
            did("i1", "Ride", "24T07:00", no_power.clone()),
            did("i2", "Swim", "25T07:00", with(no_power.clone(), json!({"moving_time": 1260, "distance": 0}))),
            did("i3", "Swim", "26T07:00", json!({"moving_time": 1260, "distance": null, "icu_distance": 0})),
        ];
        give(&world, world.tria(), json!({"activities": variants, "events": []}));
        let text = ask(&world, world.tria(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        assert!(!text.contains("avg IF") && !text.contains(" yd") && !text.contains(" mi\t"), "{text}");
        line(&text, "Not recorded: IF, distance of Ride, Swim.");
        let text = ask(&world, world.tria(), HISTORY, json!({"oldest": "2026-11-23"})).await;
        line(&text, "Not recorded: power, heart rate, RPE, feel, distance of Ride, Swim.");
        assert!(!text.contains("0 yd") && !text.contains("\t0.00"), "{text}");
        // The file has the distance that intervals.icu's own figure lacks.
        let far = did("i4", "Swim", "26T07:00", json!({"distance": 914.4, "icu_distance": 0}));
        give(&world, world.tria(), json!({"activities": [far], "events": []}));
        let text = ask(&world, world.tria(), HISTORY, since(1)).await;
        assert_eq!(row(&text, "date", "2026-11-26")["mi"], "1000 yd", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_workout_of_zeros_has_no_figures() {
    on_saturday(async |world| {
        let zeros = json!({"id": 7, "category": "WORKOUT", "type": "Run", "name": "By feel", "start_date_local": "2026-11-29T00:00:00",
            "moving_time": 0, "distance": 0, "icu_training_load": 0, "icu_intensity": 0});
        let without_steps = with(zeros.clone(), json!({"workout_doc": {"steps": [], "duration": 0, "distance": 0}}));
        let real = json!({"id": 8, "category": "WORKOUT", "type": "Run", "start_date_local": "2026-11-29T00:00:00",
            "moving_time": 1800, "icu_training_load": 30});
        for (at, zeros) in [zeros, without_steps].into_iter().enumerate() {
            let given = |at: usize| with(since(at), json!({"include": ["planned"]}));
            give(&world, world.ana(), json!({"activities": [], "events": [zeros]}));
            let text = ask(&world, world.ana(), HISTORY, given(at)).await;
            assert!(text.contains("; planned without load to Sunday"), "{text}");
            let text = ask(&world, world.ana(), SUMMARY, given(at)).await;
            let week = row(&text, "week (Mon)", "2026-11-23");
            assert_eq!((week["planned time"].as_str(), week["planned load"].as_str()), ("unknown", "planned without load"), "{text}");
            give(&world, world.ana(), json!({"activities": [], "events": [zeros, real]}));
            let text = ask(&world, world.ana(), SUMMARY, given(at + 3)).await;
            let week = row(&text, "week (Mon)", "2026-11-23");
            assert_eq!(
                (week["planned time"].as_str(), week["planned load"].as_str()),
                ("0:30 (all open later, 1 without a time)", "30 (all open later, 1 without load)"),
                "{text}"
            );
            if at == 1 {
                // Nothing is planned in the weeks before.
                let before = row(&text, "week (Mon)", "2026-11-16");
                assert_eq!((before["planned time"].as_str(), before["planned load"].as_str()), ("", "nothing planned"), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_missing_is_unknown_and_counted() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = array['get_training_history', 'get_training_summary']")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let strength = |id: &str, start: &str, time: Value| {
            did(
                id,
                "WeightTraining",
                start,
                json!({"moving_time": time, "elapsed_time": null, "icu_training_load": null}),
            )
        };
        let run = did("i3", "Run", "24T07:00", json!({}));
        for (at, time) in [Value::Null, json!(0), json!("")].into_iter().enumerate() {
            let alone = [strength("i1", "24T18:00", time.clone())];
            give(&world, world.ana(), json!({"activities": alone, "events": []}));
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.ana(), tool, since(at)).await;
                assert!(text.contains("Not recorded: time, load"), "{text}");
                let (header, day, says) = match tool {
                    HISTORY => ("date", "2026-11-24", ""),
                    _ => ("week (Mon)", "2026-11-23", "unknown"),
                };
                let found = row(&text, header, day);
                assert_eq!(found.get("time").map_or("", String::as_str), says, "{text}");
            }
            let dates = with(since(at), json!({"athletes": ["Ana Berger"]}));
            let text = ask_at(&world, &coach.link, ROSTER, dates.clone()).await;
            let own = row(&text, "athlete\t", "Ana Berger");
            assert_eq!(
                (own["time"].as_str(), own["load"].as_str()),
                ("unknown", "unknown (1 without load)"),
                "{text}"
            );

            let both = json!([alone[0], run]);
            give(&world, world.ana(), json!({"activities": both, "events": []}));
            let given = since(at + 4);
            let text = ask(&world, world.ana(), HISTORY, given.clone()).await;
            assert!(
                text.contains(" | all 2 · 1:00 (1 without a time) · load 50 (1 without)\n"),
                "{text}"
            );
            let text = ask(&world, world.ana(), SUMMARY, given.clone()).await;
            assert_eq!(
                row(&text, "sport\t", "all\t")["time"],
                "1:00 (1 without a time)",
                "{text}"
            );
            let dates = with(given, json!({"athletes": ["Ana Berger"]}));
            let text = ask_at(&world, &coach.link, ROSTER, dates).await;
            assert_eq!(
                row(&text, "athlete\t", "Ana Berger")["time"],
                "1:00 (1 without a time)",
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_counted_in_every_list() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = array['get_training_history', 'get_training_summary']")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let good = r#"{"id":"i1","type":"Ride","start_date_local":"2026-11-24T07:00:00","moving_time":3600,"icu_training_load":50}"#;
        let undated = r#"{"id":"i2","type":"Ride","start_date_local":"2026-11-32T07:00:00","moving_time":3600}"#;
        let no_date = r#"{"id":"i3","type":"Ride","start_date_local":null,"moving_time":3600}"#;
        let broken_name = r#"{"id":"i4","type":"Ride","name":"\ud800","start_date_local":"2026-11-24T07:00:00"}"#;
        let twice = r#"{"id":"i5","type":"Ride","type":"Run","start_date_local":"2026-11-24T07:00:00"}"#;
        for (at, bad, says) in [
            (0, vec![undated], "1 activity could not be read: neither shown nor counted."),
            (1, vec![undated, no_date], "2 activities could not be read: neither shown nor counted."),
            (2, vec![broken_name, twice], "2 activities could not be read: neither shown nor counted."),
            (3, vec![undated, twice], "2 activities could not be read: neither shown nor counted."),
        ] {
            let rows = [&[good], &bad[..]].concat().join(",");
            world.sim.clear_faults();
            world.sim.fault(Fault::on("/activities?").status(200).body(format!("[{rows}]")));
            for tool in [HISTORY, SUMMARY] {
                let given = with(since(at), json!({"compare": "none"}));
                let given = if tool == HISTORY { since(at) } else { given };
                let text = ask(&world, world.ana(), tool, given).await;
                assert!(first(&text).contains("1 activity"), "{text}");
                line(&text, says);
            }
            let dates = with(since(at + 5), json!({"athletes": ["Ana Berger"]}));
            let text = ask_at(&world, &coach.link, ROSTER, dates).await;
            let count = says.split(':').next().unwrap();
            assert!(row(&text, "athlete\t", "Ana Berger")["left out"].starts_with(count), "{text}");
        }
        world.sim.clear_faults();
        world.sim.fault(Fault::on("/activities/search?").status(200).body(format!("[{good},{twice},{no_date}]")));
        let text = ask(&world, world.ana(), HISTORY, json!({"query": "a"})).await;
        line(&text, "2 activities could not be read: neither shown nor counted.");
        // Where nothing can be read, that is said, and not that there was nothing.
        world.sim.clear_faults();
        world.sim.fault(Fault::on("/activities?").status(200).body(format!("[{twice}]")));
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-10"})).await;
        line(&text, "1 activity could not be read: neither shown nor counted.");
        // The same of what was planned.
        world.sim.clear_faults();
        let undated = json!({"id": 7, "category": "WORKOUT", "type": "Run", "start_date_local": "2026-10-32T00:00:00",
            "icu_training_load": 40});
        give(&world, world.ana(), json!({"activities": [], "events": [undated]}));
        for tool in [HISTORY, SUMMARY] {
            let given = json!({"oldest": "2026-10-01", "include": ["planned"]});
            let text = ask(&world, world.ana(), tool, given.clone()).await;
            line(&text, "1 planned workout could not be read and is not counted: it has no readable date.");
            let text = ask(&world, world.ana(), tool, with(given, json!({"sport": "ride"}))).await;
            assert!(!text.contains("could not be read"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_recorded_twice_is_named_whatever_its_clocks_and_the_filter() {
    on_saturday(async |world| {
        // Watch and trainer: the watch was on another zone's time, or has no moment in UTC.
        let trainer = did("i2", "VirtualRide", "24T18:02", json!({"start_date": "2026-11-24T17:02:00Z", "moving_time": 3540, "elapsed_time": 3540}));
        let watches = [
            did("i1", "Ride", "24T18:00", json!({"start_date": "2026-11-24T17:00:00Z"})),
            did("i1", "Ride", "24T16:00", json!({"start_date": "2026-11-24T17:00:00Z", "timezone": "Atlantic/Azores"})),
            did("i1", "Ride", "24T18:00", json!({})),
        ];
        let both = "i1 and i2 overlap (58 min): perhaps one session; sums count both, and so do intervals.icu's CTL and ATL.";
        for (at, watch) in watches.into_iter().enumerate() {
            give(&world, world.ana(), json!({"activities": [watch, trainer], "events": []}));
            for (plus, given) in [(0, json!({})), (4, json!({"sport": "ride"}))] {
                for tool in [HISTORY, SUMMARY] {
                    let text = ask(&world, world.ana(), tool, with(since(at + plus), given.clone())).await;
                    line(&text, both);
                }
            }
        }
        // Only one of the two is of the sport.
        for (at, other) in ["Workout", "Run", ""].into_iter().enumerate() {
            let other_row = did("i1", other, "24T18:00", json!({}));
            give(&world, world.ana(), json!({"activities": [other_row, trainer], "events": []}));
            let called = if other.is_empty() { "" } else { &format!("{other}, ") };
            let says = format!(
                "i1 ({called}left out here) and i2 overlap (58 min): perhaps one session; intervals.icu's CTL and ATL count both, the sums here not what is left out."
            );
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.ana(), tool, with(since(8 + at), json!({"sport": "ride"}))).await;
                line(&text, &says);
                let text = ask(&world, world.ana(), tool, with(since(12 + at), json!({"sport": "swim"}))).await;
                assert!(!text.contains("perhaps one session"), "neither is of the sport: {text}");
            }
        }
        let exact = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-05", "sport": "VirtualRide"})).await;
        line(&exact, "i1 (left out here) and i2 overlap (58 min)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_has_its_day_and_totals_have_the_climb() {
    on_saturday(async |world| {
        let rows = json!([
            did("i1", "Ride", "24T07:00", json!({"moving_time": 7200, "total_elevation_gain": 812})),
            did("i2", "Ride", "17T07:00", json!({"moving_time": 9000, "total_elevation_gain": null})),
            did("i3", "Swim", "25T07:00", json!({"distance": 2000})),
            did("i4", "Run", "26T07:00", json!({"total_elevation_gain": 100})),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-16", "compare": "none"})).await;
        assert_eq!(row(&text, "sport\t", "Ride\t")["longest"], "2:30 (17 Nov)", "{text}");
        assert_eq!(row(&text, "sport\t", "all\t")["longest"], "2:30 (17 Nov)", "{text}");
        assert_eq!(row(&text, "week (Mon)", "2026-11-23")["longest"], "2:00 Ride (24 Nov)", "{text}");
        let text = ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-16"})).await;
        line(
            &text,
            "Ride 2 · 4:30 · climb 812 m (1 without) · load 100 | Run 1 · 1:00 · climb 100 m · load 50 | Swim 1 · 1:00 · 2000 m · load 50 | all 4 · 6:30 · climb 912 m (1 without) · load 200",
        );
        assert!(!row(&text, "date", "2026-11-24").contains_key("climb m"), "{text}");
        // Of another year, the day says it.
        let last_year = with(did("i5", "Ride", "17T07:00", json!({"moving_time": 20_000})), json!({"start_date_local": "2025-11-17T07:00:00"}));
        give(&world, world.tria(), json!({"activities": [last_year], "events": []}));
        let text = ask(&world, world.tria(), SUMMARY, json!({"oldest": "2025-11-01"})).await;
        assert_eq!(row(&text, "sport\t", "Ride\t")["longest"], "5:33 (17 Nov 2025)", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_is_compared_with_the_same_dates_of_last_year() {
    on_saturday(async |world| {
        let then = |id: &str, date: &str, fields: Value| {
            with(did(id, "Ride", "24T07:00", fields), json!({"start_date_local": format!("{date}T07:00:00")}))
        };
        let rows = json!([
            did("i1", "Ride", "24T07:00", json!({"moving_time": 7200, "distance": 60_000})),
            did("i2", "Run", "25T07:00", json!({})),
            then("i3", "2025-11-24", json!({"distance": 30_000})),
            then("i4", "2025-11-30", json!({})),
            then("i5", "2026-11-10", json!({"moving_time": 5400})),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let given = |compare: &str| json!({"oldest": "2026-11-23", "compare": compare});
        let (text, asked) = asked_for(&world, &world.ana().link, SUMMARY, given("last_year")).await;
        assert_eq!(asked.iter().filter(|path| path.ends_with("/activities")).count(), 2, "not the year between: {asked:?}");
        line(&text, "Now / a year before, 23 – 28 Nov 2025 (absences not read; today is not over):");
        let (_, table) = text.split_once("Now / a year before").unwrap();
        let ride = row(table, "sport\t", "Ride\t");
        assert_eq!(
            (ride["activities"].as_str(), ride["time"].as_str(), ride["distance"].as_str(), ride["load"].as_str()),
            ("1 / 1", "2:00 / 1:00 (+1:00, +100 %)", "60.0 km / 30.0 km (+100 %)", "50 / 50 (0, 0 %)"),
            "{text}"
        );
        let run = row(table, "sport\t", "Run\t");
        assert_eq!((run["activities"].as_str(), run["time"].as_str()), ("1 / 0", "1:00 / 0:00 (+1:00)"), "{text}");
        assert_eq!(row(table, "sport\t", "all\t")["time"], "3:00 / 1:00 (+2:00, +200 %)", "{text}");

        // One sport stays on its line.
        let one = with(given("last_year"), json!({"sport": "ride"}));
        let text = ask(&world, world.ana(), SUMMARY, one).await;
        line(&text, "Now / a year before, 23 – 28 Nov 2025 (absences not read; today is not over): Ride: activities 1 / 1 · time 2:00 / 1:00 (");
        let planned = with(given("last_year"), json!({"include": ["planned"]}));
        let text = ask(&world, world.ana(), SUMMARY, planned).await;
        line(&text, "Now / a year before, 23 – 28 Nov 2025 (absences not read; today is not over):");
        let text = ask(&world, world.ana(), SUMMARY, given("2026-11-09..2026-11-10")).await;
        line(&text, "Now / before, 9 – 10 Nov 2026 (2 days against 6, so without changes; absences: include=planned; today is not over):");
        let (_, table) = text.split_once("Now / before").unwrap();
        assert!(!table.contains(" %)") && !table.contains("(+"), "{text}");
        assert_eq!(row(table, "sport\t", "Ride\t")["time"], "2:00 / 1:30", "{text}");
        let text = ask(&world, world.ana(), SUMMARY, given("2026-11-16..2026-11-22")).await;
        line(&text, "Before, 16 – 22 Nov 2026 (7 days against 6; absences: include=planned): no activity");
        for previous in ["previous", "Previous"] {
            let text = ask(&world, world.ana(), SUMMARY, given(previous)).await;
            line(&text, "Before, 16 – 21 Nov 2026 (by whole weeks; absences: include=planned): no activity");
        }
        let text = ask(&world, world.ana(), SUMMARY, given("none")).await;
        assert!(!text.contains("efore, "), "{text}");
        for (compare, says) in [
            ("last year", "Not done: compare must be previous, last_year, none or two days such as 2026-01-01..2026-03-31."),
            ("2026-11-23..2026-11-24", "Not done: compare must end before oldest, 2026-11-23."),
            ("2026-11-01..2026-11-25", "Not done: compare must end before oldest, 2026-11-23."),
            ("2020-11-23..2026-11-22", "Not done: compare must be at most 731 days long."),
        ] {
            let call = world.mcp(&world.ana().link).call(SUMMARY, given(compare)).await;
            assert!(call.is_error() && call.text().starts_with(says), "{}", call.text());
        }
        for tool in [SUMMARY, "get_best_efforts"] {
            let given = json!({"oldest": "2025-01-01", "compare": "last_year"});
            let call = world.mcp(&world.ana().link).call(tool, given).await;
            assert!(
                call.text().starts_with("Not done: compare must not be last_year for more than a year: use previous, or a shorter range."),
                "{}",
                call.text()
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sports_of_one_period_only_are_in_its_comparison() {
    on_saturday(async |world| {
        let hike = did("i9", "Hike", "17T07:00", json!({"distance": 9100, "icu_training_load": 61}));
        let rows = json!([
            did("i1", "Ride", "24T07:00", json!({"distance": 30_000})),
            did("i2", "Ride", "17T09:00", json!({"distance": 20_000})),
            did("i3", "Swim", "24T09:00", json!({"distance": 1000, "pool_length": 25})),
            did("i4", "Yoga", "25T09:00", json!({"icu_training_load": null})),
            did("i5", "Yoga", "18T09:00", json!({"icu_training_load": 20})),
            did("i6", "Run", "25T07:00", json!({"distance": null})),
            did("i7", "Run", "18T07:00", json!({"distance": 8000})),
            hike,
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let given = |detail: &str| json!({"oldest": "2026-11-23", "detail": detail});
        let text = ask(&world, world.ana(), SUMMARY, given("full")).await;
        let (_, table) = text.split_once("Now / before").unwrap();
        for (sport, distance, load) in [
            ("all", "", "150 (1 without) / 181 (-31, -17 %)"),
            ("Ride", "30.0 km / 20.0 km (+50 %)", "50 / 50 (0, 0 %)"),
            ("Swim", "1000 m / 0 m", "50 / 0 (+50)"),
            ("Yoga", "", "unknown / 20"),
            ("Run", "unknown / 8.0 km", "50 / 50 (0, 0 %)"),
            ("Hike", "0 km / 9.1 km (-100 %)", "0 / 61 (-61, -100 %)"),
        ] {
            let row = row(table, "sport\t", &format!("{sport}\t"));
            let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
            assert_eq!((cell("distance").as_str(), cell("load").as_str()), (distance, load), "{sport}: {text}");
        }
        let text = ask(&world, world.ana(), SUMMARY, given("concise")).await;
        line(&text, "… 2 more sports: use detail=full");
        assert!(!text.contains("\nHike"), "{text}");
        // One day more in a year is none that a change would show.
        let given = json!({"oldest": "2024-03-01", "newest": "2025-02-28", "compare": "last_year"});
        let leap = with(did("i1", "Ride", "24T07:00", json!({})), json!({"start_date_local": "2024-05-01T07:00:00"}));
        let before = with(did("i2", "Ride", "24T07:00", json!({})), json!({"start_date_local": "2023-05-01T07:00:00"}));
        give(&world, world.ana(), json!({"activities": [leap, before], "events": []}));
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        line(&text, "Now / a year before, 1 Mar 2023 – 28 Feb 2024 (absences: include=planned): Ride: activities 1 / 1 · time 1:00 / 1:00 (0:00, 0 %)");
        let given = json!({"oldest": "2024-01-01", "newest": "2024-12-31", "compare": "last_year"});
        let text = ask(&world, world.ana(), SUMMARY, given).await;
        line(&text, "Now / a year before, 1 Jan – 31 Dec 2023 (365 days against 366; absences: include=planned): Ride: activities 1 / 1 · time 1:00 / 1:00 (0:00, 0 %)");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absences_are_offered_only_where_they_can_be_read() {
    on_saturday(async |world| {
        let holiday = |id: u32, from: &str, to: &str| json!({"id": id, "category": "HOLIDAY", "name": "Away",
            "start_date_local": format!("{from}T00:00:00"), "end_date_local": format!("{to}T00:00:00")});
        let then = with(did("i2", "Ride", "24T07:00", json!({})), json!({"start_date_local": "2026-08-20T07:00:00"}));
        let rows = json!({"activities": [did("i1", "Ride", "24T07:00", json!({})), then],
            "events": [holiday(1, "2026-08-18", "2026-08-20")]});
        give(&world, world.ana(), rows);
        let given = |compare: &str, include: &[&str]| json!({"oldest": "2026-11-23", "compare": compare, "include": include});
        let text = ask(&world, world.ana(), SUMMARY, given("2026-08-17..2026-08-22", &[])).await;
        line(&text, "Now / before, 17 – 22 Aug 2026 (absences not read; today is not over)");
        // Two days of it can be read.
        let text = ask(&world, world.ana(), SUMMARY, given("2026-09-23..2026-09-28", &[])).await;
        line(&text, "Before, 23 – 28 Sep 2026 (absences: include=planned): no activity");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_all_time_says_what_it_did_not_search() {
    on_saturday(async |world| {
        let asked = async |query: &str| ask(&world, world.ana(), HISTORY, json!({"query": query})).await;
        let strava = "Activities from Strava, if there are any, are not searched.";
        let text = asked("feldberg").await;
        assert!(!ids(&text).is_empty(), "{text}");
        line(&text, "A search without dates gives short rows and searches names only; use oldest and newest for load, power and heart rate, and to search notes.");
        line(&text, strava);
        let text = asked("consented").await;
        line(&text, "No activity matches.");
        line(&text, "Only names were searched; use oldest and newest to search notes as well.");
        line(&text, strava);
        // A tag is in no note.
        let text = asked("#long").await;
        assert!(!text.contains("notes") && text.contains(strava), "{text}");
        let text = ask(&world, world.ana(), HISTORY, json!({"query": "feldberg", "oldest": "2026-11-23"})).await;
        assert!(!text.contains("Strava") && !text.contains("names only"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_sorted_and_limited_by_what_was_asked_for() {
    on_saturday(async |world| {
        let rows = json!([
            did("i1", "Ride", "02T07:00", json!({"moving_time": 14_400, "distance": 100_000, "icu_training_load": 180, "icu_intensity": 65, "total_elevation_gain": 300})),
            did("i2", "Ride", "08T07:00", json!({"moving_time": 7200, "distance": 70_000, "icu_training_load": 190, "icu_intensity": 95, "total_elevation_gain": 1500})),
            did("i3", "Run", "12T07:00", json!({"moving_time": 5400, "distance": 15_000, "icu_training_load": null, "average_speed": 2.8})),
            did("i4", "Ride", "20T07:00", json!({"moving_time": null, "distance": 20_000, "icu_training_load": 10})),
            did("i5", "Ride", "26T07:00", json!({"moving_time": 3600, "distance": 30_000, "icu_training_load": 40, "icu_intensity": 70})),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let asked = async |fields: Value| {
            ask(&world, world.ana(), HISTORY, with(json!({"oldest": "2026-11-01"}), fields)).await
        };
        for (sort, order, says) in [
            ("date", ["i5", "i4", "i3", "i2", "i1"], ""),
            ("time", ["i1", "i2", "i3", "i5", "i4"], "longest first"),
            ("distance", ["i1", "i2", "i5", "i4", "i3"], "farthest first"),
            ("climb", ["i2", "i1", "i5", "i4", "i3"], "most climbing first"),
            ("load", ["i2", "i1", "i5", "i4", "i3"], "highest load first"),
            ("intensity", ["i2", "i5", "i1", "i4", "i3"], "highest IF first"),
            ("Speed", ["i2", "i5", "i1", "i3", "i4"], "fastest first"),
        ] {
            let text = asked(json!({"sort": sort})).await;
            assert_eq!(ids(&text), order, "{text}");
            assert!(first(&text).contains(says), "{text}");
            assert_eq!(row(&text, "date", "2026-11-08").contains_key("climb m"), sort == "climb", "what it is sorted by is shown: {text}");
            assert_eq!(row(&text, "date", "2026-11-08").contains_key("speed km/h"), sort == "Speed", "{text}");
            line(&text, "Ride 4 · 7:00 (1 without a time)");
        }
        // What is left does not go on by days.
        let text = asked(json!({"sort": "time", "limit": 2})).await;
        assert_eq!(ids(&text), ["i1", "i2"], "{text}");
        line(&text, "… 3 more rows: use limit=5");
        line(&text, "Ride 4 · 7:00 (1 without a time)");

        for least in [json!(90), json!("90"), json!("1:30"), json!("1:30:00"), json!("90 min"), json!("1.5 h")] {
            let text = asked(json!({"min_time": least})).await;
            assert_eq!(ids(&text), ["i3", "i2", "i1"], "{text}");
            assert!(first(&text).ends_with(" · at least 1:30 · 3 activities"), "{text}");
            line(&text, "Ride 2 · 6:00 · 170 km · climb 1800 m · load 370 | Run 1 · 1:30 · ");
            line(&text, "Not counted: 1 activity without a time.");
            assert!(!text.contains("Weeks (Mon)"), "weeks are about all: {text}");
        }
        let text = asked(json!({"min_time": 90, "limit": 1, "sport": "ride", "query": "", "sort": "date"})).await;
        assert_eq!(ids(&text), ["i2"], "{text}");
        line(&text, "… 1 more row: use oldest=2026-11-01 newest=2026-11-02, same sport and min_time");
        let text = asked(json!({"min_time": 90, "sort": "load", "limit": 1, "sport": "ride"})).await;
        assert_eq!(ids(&text), ["i2"], "{text}");
        line(&text, "… 1 more row: use limit=2");
        assert!(first(&text).contains(" · Ride of all kinds · at least 1:30 · highest load first · 2 activities"), "{text}");
        for (given, says) in [
            (json!({"sort": "hardest"}), "Not done: sort must be date, time, distance, climb, load, intensity or speed."),
            (json!({"min_time": "long"}), "Not done: min_time must be minutes from 1 to 6000, or h:mm such as 1:30."),
            (json!({"min_time": 0}), "Not done: min_time must be minutes from 1 to 6000"),
            (json!({"min_time": 90, "include": ["planned"]}), "Not done: include must not have planned together with query or min_time"),
            (json!({"query": "a", "sort": "load"}), "Not done: sort must be date, time, distance or speed in a search without dates"),
        ] {
            let call = world.mcp(&world.ana().link).call(HISTORY, given).await;
            assert!(call.is_error() && call.text().starts_with(says), "{}", call.text());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sorted_rows_are_all_there_are_in_one_call() {
    on_saturday(async |world| {
        let rows: Vec<Value> = (0..230)
            .map(|at| {
                did(
                    &format!("i{at}"),
                    "Ride",
                    &format!("{:02}T{:02}:00", 1 + at % 26, at / 26),
                    json!({"moving_time": 600 + at, "elapsed_time": 600}),
                )
            })
            .collect();
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let asked = async |limit: usize| {
            ask(
                &world,
                world.ana(),
                HISTORY,
                json!({"oldest": "2026-11-01", "sort": "time", "limit": limit}),
            )
            .await
        };
        line(&asked(60).await, "… 170 more rows: use limit=200");
        line(
            &asked(200).await,
            "… 30 more rows: use shorter ranges, or min_time",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_dates_also_finds_words_of_the_note() {
    on_saturday(async |world| {
        let long = format!(
            "{} left knee hurts on descents {}",
            "x ".repeat(200),
            "y ".repeat(200)
        );
        let rows = json!([
            did(
                "i1",
                "Run",
                "24T07:00",
                json!({"name": "Easy", "description": "Legs ok.\n\nLeft KNEE hurt\tafter 5 km"})
            ),
            did(
                "i2",
                "Run",
                "20T07:00",
                json!({"name": "Knee test", "description": null})
            ),
            did(
                "i3",
                "Run",
                "18T07:00",
                json!({"name": "Long", "description": long})
            ),
            did(
                "i4",
                "Run",
                "16T07:00",
                json!({"name": "Tempo", "description": "fine", "tags": ["knee"]})
            ),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let given = |query: &str| json!({"oldest": "2026-11-01", "query": query});
        let text = ask(&world, world.ana(), HISTORY, given("knee")).await;
        assert_eq!(ids(&text), ["i1", "i2", "i3"], "{text}");
        assert_eq!(
            row(&text, "date", "2026-11-24")["in the note"],
            "«Legs ok. / Left KNEE hurt after 5 km»",
            "{text}"
        );
        let cut = &row(&text, "date", "2026-11-18")["in the note"];
        assert!(
            cut.starts_with("«…")
                && cut.contains("left knee hurts on descents")
                && cut.ends_with("…»")
                && cut.len() < 120,
            "{cut}"
        );
        assert!(
            !row(&text, "date", "2026-11-20").contains_key("in the note")
                || row(&text, "date", "2026-11-20")["in the note"].is_empty(),
            "{text}"
        );
        assert_eq!(
            ids(&ask(&world, world.ana(), HISTORY, given("#knee")).await),
            ["i4"]
        );
        // Notes are asked for only where they are searched.
        world.sim.clear_requests();
        ask(&world, world.ana(), HISTORY, json!({"oldest": "2026-11-02"})).await;
        ask(
            &world,
            world.ana(),
            HISTORY,
            json!({"oldest": "2026-11-03", "query": "#knee"}),
        )
        .await;
        let asked = world
            .sim
            .requests()
            .into_iter()
            .filter(|request| request.path.ends_with("/activities"));
        assert!(
            asked.clone().count() == 2
                && asked
                    .into_iter()
                    .all(|request| !request.query.contains("description"))
        );

        // A coach who may not see notes searches names alone.
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = array['get_training_history']")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let of_ana = with(
            json!({"oldest": "2026-11-04", "query": "knee"}),
            json!({"athlete": "Ana"}),
        );
        let text = ask_at(&world, &coach.link, HISTORY, of_ana).await;
        assert_eq!(ids(&text), ["i2"], "{text}");
        line(
            &text,
            "Search in notes left out: get_activity_detail is not granted.",
        );
        assert!(!text.contains("Legs ok"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_over_several_weeks_has_the_load_of_each() {
    on_saturday(async |world| {
        let coach = world.coaches().await.swap_remove(0);
        sqlx::query("update grants set tools = array['get_fitness', 'get_events', 'get_training_history'] where athlete_id = $1")
            .bind(world.ana().person.athlete_id)
            .execute(&world.app.pool)
            .await
            .unwrap();
        let day = |date: &str, load: u32| json!({"id": date, "ctl": 50, "atl": 50, "ctlLoad": load, "atlLoad": load});
        let planned = |id: u32, date: &str, load: Value| json!({"id": id, "category": "WORKOUT", "type": "Ride", "moving_time": 3600,
            "start_date_local": format!("{date}T00:00:00"), "icu_training_load": load});
        let rows = json!({"wellness": [day("2026-11-11", 60), day("2026-11-18", 0), day("2026-11-24", 40), day("2026-11-27", 0)],
            "activities": [], "events": [planned(1, "2026-11-12", json!(80)), planned(2, "2026-11-25", json!(70)),
                planned(3, "2026-12-02", json!(90)), planned(4, "2026-12-08", Value::Null)]});
        give(&world, world.ana(), rows);
        let given = |oldest: &str, newest: &str| json!({"athletes": ["Ana Berger"], "oldest": oldest, "newest": newest});
        let (text, asked) = asked_for(&world, &coach.link, ROSTER, given("2026-11-11", "2026-12-10")).await;
        assert_eq!(
            row(&text, "athlete\t", "Ana Berger")["load by week (Mon)"],
            "7 Dec (to Thu) planned without load · 30 Nov 90 planned · 23 Nov 40; 70 planned · 16 Nov 0; nothing planned · 9 Nov (from Wed) 60; 80 planned",
            "{text}"
        );
        assert_eq!(asked.iter().filter(|path| path.ends_with("/wellness")).count(), 1, "{asked:?}");
        let (text, _) = asked_for(&world, &coach.link, ROSTER, given("2026-11-23", "2026-11-28")).await;
        assert!(!text.contains("load by week"), "{text}");
        // A calendar that may not be seen is no plan of nothing.
        sqlx::query("update grants set tools = array['get_fitness'] where athlete_id = $1")
            .bind(world.ana().person.athlete_id)
            .execute(&world.app.pool)
            .await
            .unwrap();
        let (text, _) = asked_for(&world, &coach.link, ROSTER, given("2026-11-11", "2026-11-28")).await;
        assert_eq!(row(&text, "athlete\t", "Ana Berger")["load by week (Mon)"], "23 Nov (to Sat) 40 · 16 Nov 0 · 9 Nov (from Wed) 60", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_zones_has_one_form_of_durations() {
    on_saturday(async |world| {
        let zones = json!([{"id": "Z1", "secs": 1800}, {"id": "Z2", "secs": 29}, {"id": "Z3", "secs": 0}, {"id": "Z4", "secs": 300},
            {"id": "Z5", "secs": 59.7}]);
        give(&world, world.ana(), json!({"activities": [did("i1", "Ride", "24T07:00", json!({"icu_zone_times": zones}))], "events": []}));
        let text = ask(&world, world.ana(), SUMMARY, json!({"oldest": "2026-11-23"})).await;
        line(&text, "Zones Ride by power (1 of 1 activity): Z1 0:30 82 % · Z2 <0:01 1 % · Z4 0:05 14 % · Z5 0:01 3 % · easy/");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stub_of_any_kind_is_counted_and_explained() {
    on_saturday(async |world| {
        let at = |id: &str, day: u32, fields: Value| {
            with(
                json!({"id": id, "start_date_local": format!("2026-11-{day}T07:00:00")}),
                fields,
            )
        };
        let good = did("i1", "Run", "26T07:00", json!({}));
        let bare = at("i2", 25, json!({}));
        let zeros = at(
            "i3",
            25,
            json!({"type": "", "moving_time": 0, "distance": 0, "icu_training_load": 0}),
        );
        let typed = at(
            "19900000",
            24,
            json!({"type": "Ride", "source": "STRAVA", "moving_time": null}),
        );
        let closed = at("19900001", 24, json!({"source": "STRAVA"}));
        for (turn, stubs, empty, strava) in [
            (0, json!([bare]), 1, 0),
            (1, json!([bare, zeros]), 2, 0),
            (2, json!([typed]), 0, 1),
            (3, json!([closed, typed, bare]), 1, 2),
        ] {
            let mut rows = stubs.as_array().unwrap().clone();
            rows.push(good.clone());
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            for tool in [HISTORY, SUMMARY] {
                let text = ask(&world, world.ana(), tool, since(turn)).await;
                let count = format!("1 + {} unreadable activities", empty + strava);
                assert!(first(&text).ends_with(&count), "{text}");
                let says = match empty {
                    1 => "Unreadable: 1 empty entry, of which intervals.icu sends no time, distance or load.",
                    _ => {
                        "Unreadable: 2 empty entries, of which intervals.icu sends no time, distance or load."
                    }
                };
                assert_eq!(text.contains(says), empty > 0, "{text}");
                assert_eq!(text.contains("Strava's terms close"), strava > 0, "{text}");
                assert!(
                    !text.contains("no sport") && !text.contains("without a time"),
                    "{text}"
                );
                if tool == HISTORY && empty > 0 {
                    assert!(text.contains("2026-11-25 Wed\t(empty)"), "{text}");
                }
                if tool == HISTORY && strava == 1 {
                    assert!(text.contains("2026-11-24 Tue\tRide (Strava)"), "{text}");
                }
                // The sport of one is told, so it is none of the runs.
                let text = ask(
                    &world,
                    world.ana(),
                    tool,
                    with(since(turn + 5), json!({"sport": "run"})),
                )
                .await;
                let of_any = if turn == 2 {
                    "1 activity".to_owned()
                } else {
                    format!(
                        "1 + {} unreadable activities",
                        empty + strava.min(1) * usize::from(turn == 3)
                    )
                };
                assert!(first(&text).contains(&of_any), "{text}");
            }
        }
        // Stubs alone.
        give(
            &world,
            world.tria(),
            json!({"activities": [bare, zeros], "events": []}),
        );
        for tool in [HISTORY, SUMMARY] {
            let text = ask(&world, world.tria(), tool, json!({"oldest": "2026-11-23"})).await;
            assert!(
                first(&text).contains("2 unreadable activities") && !text.contains("0:00\t"),
                "{text}"
            );
            line(&text, "Unreadable: 2 empty entries, of which");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sport_is_found_however_it_is_spelled() {
    on_saturday(async |world| {
        let rows = json!([
            did(
                "i1",
                "ride",
                "24T07:00",
                json!({"icu_intensity": 0.86, "perceived_exertion": 6.5, "icu_rpe": null})
            ),
            did("i2", "VIRTUALRIDE", "25T07:00", json!({"icu_intensity": 70})),
            did("i3", "virtual_ride", "25T17:00", json!({})),
            did("i4", "", "26T07:00", json!({})),
            did("i5", "x", "26T17:00", json!({"type": null})),
        ]);
        give(&world, world.ana(), json!({"activities": rows, "events": []}));
        let text = ask(
            &world,
            world.ana(),
            HISTORY,
            json!({"oldest": "2026-11-23", "sport": "ride"}),
        )
        .await;
        assert_eq!(ids(&text), ["i3", "i2", "i1"], "{text}");
        let ride = row(&text, "date", "2026-11-24");
        assert_eq!(
            (ride["sport"].as_str(), ride["IF"].as_str(), ride["RPE"].as_str()),
            ("Ride", "0.86", "6.5"),
            "{text}"
        );
        line(&text, "Ride 3 (2 VirtualRide) · 3:00 · load 150");
        line(
            &text,
            "Not counted: 2 activities without a sport (2:00, load 100).",
        );
        let text = ask(
            &world,
            world.ana(),
            SUMMARY,
            json!({"oldest": "2026-11-23", "compare": "none"}),
        )
        .await;
        let ride = row(&text, "sport\t", "Ride\t");
        assert_eq!(
            (
                ride["activities"].as_str(),
                ride["kinds"].as_str(),
                ride["avg IF"].as_str()
            ),
            ("3", "Ride 1, VirtualRide 2", "0.78"),
            "{text}"
        );
        assert_eq!(row(&text, "sport\t", "no sport\t")["activities"], "2", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_zero_that_nothing_measured_is_missing() {
    on_saturday(async |world| {
        let zero = |fields: Value| with(json!({"icu_training_load": 0}), fields);
        let walk = |fields: Value| did("i1", "Walk", "24T07:00", zero(fields));
        let ride = did("i2", "Ride", "25T07:00", json!({"icu_training_load": 40, "average_heartrate": 130}));
        let sensors = [
            (json!({}), false),
            (json!({"average_heartrate": 0, "icu_average_watts": 0, "icu_weighted_avg_watts": 0, "pace_load": null}), false),
            (json!({"average_heartrate": 84}), true),
            (json!({"icu_average_watts": 20}), true),
            (json!({"pace_load": 0}), true),
        ];
        // Empty cells at the end of a row are not sent.
        let cell = |text: &str, header: &str, first: &str| row(text, header, first).get("load").cloned().unwrap_or_default();
        for (at, (fields, is_measured)) in sensors.into_iter().enumerate() {
            give(&world, world.ana(), json!({"activities": [walk(fields.clone()), ride], "events": []}));
            let (load, sum) = if is_measured { ("0", "40") } else { ("", "40 (1 without)") };
            let text = ask(&world, world.ana(), HISTORY, since(at)).await;
            assert_eq!(cell(&text, "date", "2026-11-24"), load, "{text}");
            assert!(text.contains(&format!("all 2 · 2:00 · load {sum}\n")), "{text}");
            assert!(line(&text, "Weeks (Mon)").contains(&format!(" 23 Nov (to Sat) {sum}")), "{text}");
            let text = ask(&world, world.ana(), SUMMARY, since(at)).await;
            assert_eq!(cell(&text, "sport\t", "Walk\t"), load, "{text}");
            assert_eq!(row(&text, "sport\t", "all\t")["load"], sum, "{text}");
            let done = json!({"id": 7, "category": "WORKOUT", "type": "Walk", "start_date_local": "2026-11-24T00:00:00", "moving_time": 3600});
            let walked = with(walk(fields), json!({"paired_event_id": 7}));
            give(&world, world.ana(), json!({"activities": [walked], "events": [done]}));
            let days = json!({"oldest": "2026-11-24", "newest": format!("2026-11-{}", 24 + at), "include": ["done"]});
            let text = ask(&world, world.ana(), "get_events", days).await;
            assert_eq!(text.contains("load 0"), is_measured, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calories_are_counted_where_a_session_lacks_them() {
    on_saturday(async |world| {
        let ride = did("i1", "Ride", "24T07:00", json!({"calories": 369}));
        let others = [
            json!([did("i2", "Walk", "25T07:00", json!({}))]),
            json!([
                did("i2", "Yoga", "25T07:00", json!({"calories": 0})),
                did("i3", "Swim", "26T07:00", json!({}))
            ]),
            json!([did("i2", "WeightTraining", "25T07:00", json!({"calories": 200}))]),
        ];
        for (at, (others, all)) in others
            .into_iter()
            .zip(["369 (1 without)", "369 (2 without)", "569"])
            .enumerate()
        {
            let mut rows = others.as_array().unwrap().clone();
            rows.push(ride.clone());
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            let text = ask(&world, world.ana(), SUMMARY, since(at)).await;
            assert_eq!(row(&text, "sport\t", "all\t")["kcal"], all, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn monotony_that_no_week_has_is_explained() {
    on_saturday(async |world| {
        let says = "Monotony and strain need whole weeks that are over, with a load for every session.";
        let rows = |load: Value| {
            let days = [9, 11, 16, 18]
                .map(|day| did(&format!("i{day}"), "Ride", &format!("{day:02}T07:00"), json!({})));
            let mut rows = days.to_vec();
            rows.push(did("i30", "Yoga", "10T07:00", json!({"icu_training_load": load})));
            rows.push(did("i31", "Yoga", "17T07:00", json!({"icu_training_load": load})));
            json!({"activities": rows, "events": []})
        };
        for (at, (load, has)) in [(json!(null), false), (json!(0), false), (json!(5), true)]
            .into_iter()
            .enumerate()
        {
            give(&world, world.ana(), rows(load));
            let days = json!({"oldest": "2026-11-09", "newest": format!("2026-11-{}", 22 + at)});
            let text = ask(&world, world.ana(), SUMMARY, days).await;
            assert_eq!(
                (text.contains(says), text.contains("\tmonotony")),
                (!has, has),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_rounds_to_no_share_is_left_out() {
    on_saturday(async |world| {
        let zones = |secs: [u32; 5]| json!({"icu_hr_zone_times": secs, "tiz_order": "HR_POWER_PACE"});
        for (at, (secs, says)) in [
            ([3000, 590, 5, 5, 0], "Z1 0:50 83 % · Z2 0:10 16 % · easy"),
            (
                [3000, 580, 20, 0, 0],
                "Z1 0:50 83 % · Z2 0:10 16 % · Z3 <0:01 1 % · easy",
            ),
            ([36_000, 3600, 120, 3, 0], "Z1 10:00 91 % · Z2 1:00 9 % · easy"),
        ]
        .into_iter()
        .enumerate()
        {
            give(
                &world,
                world.ana(),
                json!({"activities": [did("i1", "Run", "24T07:00", zones(secs))], "events": []}),
            );
            let text = ask(&world, world.ana(), SUMMARY, since(at)).await;
            assert!(text.contains(says), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_rows_have_whole_names() {
    on_saturday(async |world| {
        let name = "Long run: the Yarra Bend loop with Priya";
        let run = |id: usize| did(&format!("i{id}"), "Run", &format!("{:02}T07:00", 27 - id / 4), json!({"name": name, "distance": 9000,
            "average_heartrate": 140, "icu_intensity": 72, "icu_rpe": 4, "feel": 2, "total_elevation_gain": 120, "average_speed": 2.5}));
        for (count, whole) in [(1, true), (6, true), (12, true), (31, false)] {
            let rows: Vec<Value> = (0..count).map(run).collect();
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            let text = ask(&world, world.ana(), HISTORY, json!({"oldest": format!("2026-11-{:02}", 1 + count / 6), "sort": "speed"})).await;
            assert_eq!(text.contains(name), whole, "{count} {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_may_be_long_enough() {
    on_saturday(async |world| {
        let closed = |id: &str, day: &str| json!({"id": id, "source": "STRAVA", "start_date_local": format!("2026-11-{day}T09:00:00")});
        let short = did("i1", "Ride", "24T07:00", json!({"moving_time": 600}));
        for (at, rows) in [json!([closed("19001", "24"), closed("19002", "25")]), json!([closed("19001", "24"), short])].into_iter().enumerate() {
            give(&world, world.ana(), json!({"activities": rows, "events": []}));
            let text = ask(&world, world.ana(), HISTORY, with(since(at), json!({"min_time": 60}))).await;
            line(&text, "No activity that can be read matches.");
            let count = ["2 activities", "1 activity"][at];
            line(&text, &format!("Not searched: {count} closed by Strava, of unknown length. Strava's terms"));
            assert!(text.contains("Their load is in get_fitness") && !text.contains("load sums here"), "{text}");
        }
        give(&world, world.ana(), json!({"activities": [short], "events": []}));
        let text = ask(&world, world.ana(), HISTORY, with(since(2), json!({"min_time": 60}))).await;
        line(&text, "No activity in this range matches.");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altitude_that_never_moved_is_no_climb_of_0() {
    on_saturday(async |world| {
        let walk = |heights: Value| {
            did(
                "i1",
                "Walk",
                "24T07:00",
                with(json!({"total_elevation_gain": 0}), heights),
            )
        };
        let ride = did(
            "i2",
            "Ride",
            "25T07:00",
            json!({"total_elevation_gain": 300, "min_altitude": 200, "max_altitude": 480}),
        );
        for (at, (heights, sum)) in [
            (json!({"min_altitude": 10, "max_altitude": 10}), "300 (1 without)"),
            (json!({"min_altitude": 10, "max_altitude": 11.5}), "300"),
            (json!({}), "300"),
        ]
        .into_iter()
        .enumerate()
        {
            give(
                &world,
                world.ana(),
                json!({"activities": [walk(heights.clone()), ride], "events": []}),
            );
            let text = ask(&world, world.ana(), SUMMARY, since(at)).await;
            assert_eq!(row(&text, "sport\t", "all\t")["climb m"], sum, "{text}");
            let text = super::detail::details(
                &world,
                &with(heights, json!({"total_elevation_gain": 0})),
                json!({}),
            )
            .await;
            let stands = sum != "300";
            assert_eq!(
                (
                    text.contains(", altitude, heart rate"),
                    text.contains("climb 0 m")
                ),
                (stands, !stands),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_not_said_to_be_sorted_by_what_none_has() {
    on_saturday(async |world| {
        let bare =
            |id: &str, start: &str| did(id, "WeightTraining", start, json!({"icu_training_load": null}));
        let activities = json!([bare("i1", "25T07:00"), bare("i2", "26T07:00")]);
        give(&world, world.jack(), json!({"activities": activities}));
        for (sort, name) in [
            ("climb", "climb"),
            ("intensity", "IF"),
            ("speed", "speed"),
            ("load", "load"),
            ("distance", "distance"),
        ] {
            let text = ask(
                &world,
                world.jack(),
                "get_training_history",
                json!({"sort": sort}),
            )
            .await;
            assert!(
                first(&text).contains(&format!(" · newest first, as no {name} is recorded · ")),
                "{text}"
            );
            assert_eq!(ids(&text), ["i2", "i1"], "{text}");
            if sort != "distance" {
                assert!(line(&text, "Not recorded: ").contains(name), "{text}");
            }
        }
        let text = ask(
            &world,
            world.jack(),
            "get_training_history",
            json!({"sort": "time"}),
        )
        .await;
        assert!(
            first(&text).contains(" · longest first · ") && !text.contains("climb"),
            "{text}"
        );
        // One row has it.
        let activities = json!([
            bare("i1", "25T07:00"),
            did("i2", "Ride", "24T07:00", json!({"total_elevation_gain": 120}))
        ]);
        give(&world, world.ana(), json!({"activities": activities}));
        let text = ask(
            &world,
            world.ana(),
            "get_training_history",
            json!({"sort": "climb"}),
        )
        .await;
        assert!(first(&text).contains(" · most climbing first · "), "{text}");
        assert_eq!(ids(&text), ["i2", "i1"], "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sport_that_was_stopped_is_compared_with_what_it_was() {
    on_saturday(async |world| {
        let hike = did("i1", "Hike", "11T07:00", json!({"moving_time": 7200}));
        let ride = did("i2", "Ride", "24T07:00", json!({}));
        give(&world, world.ana(), json!({"activities": [hike, ride], "events": []}));
        let given = |sport: &str| json!({"oldest": "2026-11-23", "compare": "2026-11-09..2026-11-14", "sport": sport});
        let text = ask(&world, world.ana(), SUMMARY, given("hike")).await;
        line(&text, "No activity of that sport in this range.");
        assert!(line(&text, "Now / before, 9 – 14 Nov 2026").contains("Hike: activities 0 / 1 · time 0:00 / 2:00"), "{text}");
        // Neither now nor before.
        let text = ask(&world, world.ana(), SUMMARY, given("swim")).await;
        assert!(!text.contains("efore, 9"), "{text}");
    })
    .await;
}
