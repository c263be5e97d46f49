//! One activity: laps, splits, plan, trends.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use super::{ask, ask_at, asked_for, give, on_saturday, row};
use crate::{roster::change, world::World};

/// A run of one sample per second from `start` metres on: (metres a second, seconds) one after the other.
pub(super) fn run(start: f64, parts: &[(f64, u32)]) -> Value {
    let mut distance = vec![start];
    for (speed, secs) in parts {
        for _ in 0..*secs {
            distance.push(distance[distance.len() - 1] + speed);
        }
    }
    let time: Vec<usize> = (0..distance.len()).collect();
    let speeds = parts
        .iter()
        .flat_map(|(speed, secs)| std::iter::repeat_n(*speed, *secs as usize));
    let speeds: Vec<f64> = std::iter::once(parts[0].0).chain(speeds).collect();
    json!({"time": time, "distance": distance, "velocity_smooth": speeds})
}

/// A run of that morning with these fields instead.
pub(super) fn activity(fields: &Value) -> Value {
    let mut row = json!({"id": "i9", "type": "Run", "start_date_local": "2026-11-28T08:00:00",
        "analyzed": "2026-11-28T09:00:00Z"});
    for (key, value) in fields.as_object().unwrap() {
        row[key] = value.clone();
    }
    row
}

/// What a tool says about an activity with these fields and this recording. What was read once is kept for a while, so each
/// has an id of its own.
pub(super) async fn about(
    world: &Arc<World>,
    tool: &str,
    mut fields: Value,
    recording: Value,
    mut asked: Value,
) -> String {
    static IDS: AtomicU32 = AtomicU32::new(1);
    let id = format!("i99{}", IDS.fetch_add(1, Ordering::Relaxed));
    fields["id"] = json!(id);
    asked["id"] = json!(id);
    give(
        world,
        world.ana(),
        json!({"activities": [activity(&fields)], "streams": {id: recording}}),
    );
    ask(world, world.ana(), tool, asked).await
}

/// The same of its details, without a recording.
pub(super) async fn details(world: &Arc<World>, fields: &Value, asked: Value) -> String {
    about(world, "get_activity_detail", fields.clone(), json!({}), asked).await
}

/// The splits of a recording.
pub(super) async fn splits(world: &Arc<World>, recording: Value) -> String {
    let asked = json!({"include": ["splits"]});
    let text = about(
        world,
        "get_activity_detail",
        json!({"moving_time": 1200}),
        recording,
        asked,
    )
    .await;
    let at = text.find("Splits of").unwrap_or_else(|| panic!("{text}"));
    text[at..].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn standing_still_is_not_running() {
    on_saturday(async |world| {
        // A device that records on, and one that pauses.
        let recorded = run(400.0, &[(25.0 / 6.0, 600), (0.0, 120), (25.0 / 6.0, 600)]);
        let mut paused = run(400.0, &[(25.0 / 6.0, 1200)]);
        for second in &mut paused["time"].as_array_mut().unwrap()[601..] {
            *second = json!(second.as_u64().unwrap() + 120);
        }
        for recording in [recorded, paused] {
            let text = splits(&world, recording).await;
            let third = row(&text, "to km", "3.00");
            assert_eq!(
                (
                    third["time"].as_str(),
                    third["stopped"].as_str(),
                    third["pace /km"].as_str()
                ),
                ("0:04:00", "0:02:00", "4:00"),
                "{text}"
            );
            assert_eq!(row(&text, "to km", "5.00")["stopped"], "", "{text}");
            assert!(
                text.contains("Halves by distance: 0:10:00 and 0:10:00: even."),
                "{text}"
            );
        }
        // Two traffic lights and a wait too short to be a stop.
        let text = splits(
            &world,
            run(
                0.0,
                &[
                    (4.0, 100),
                    (0.0, 14),
                    (4.0, 75),
                    (0.0, 40),
                    (4.0, 150),
                    (0.0, 6),
                    (4.0, 175),
                ],
            ),
        )
        .await;
        let (first, second) = (row(&text, "to km", "1.00"), row(&text, "to km", "2.00"));
        assert_eq!(
            (first["time"].as_str(), first["stopped"].as_str()),
            ("0:04:10", "0:00:54"),
            "{text}"
        );
        assert_eq!(
            (second["time"].as_str(), second["stopped"].as_str()),
            ("0:04:16", ""),
            "{text}"
        );
        // A slow walk never stops.
        let text = splits(&world, run(0.0, &[(0.4, 2600)])).await;
        assert!(
            text.contains("to km\ttime\tpace /km\n1.00\t0:41:40\t41:40\n"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_device_begins_to_count_changes_no_split() {
    on_saturday(async |world| {
        let even = splits(&world, run(0.0, &[(10.0 / 3.0, 1599)])).await;
        assert!(
            even.contains("\n1.00\t0:05:00\t5:00\n") && even.contains("\n5.33\t0:01:39\t5:00\n"),
            "{even}"
        );
        assert!(even.contains(": even."), "{even}");
        let asked = json!({"include": ["streams", "splits"], "points": 2});
        let recording = run(400.0, &[(10.0 / 3.0, 1599)]);
        let text = about(&world, "get_activity_detail", json!({}), recording, asked).await;
        assert!(
            text.ends_with(&even) && text.contains("\n0:15:00\t5:00\t5.33\n"),
            "{text}"
        );
        for start in [1.0, 50.0, 90.0, 99.9, 100.0, 250.0, 12_345.6] {
            assert_eq!(
                splits(&world, run(start, &[(10.0 / 3.0, 1599)])).await,
                even,
                "{start}"
            );
        }
    })
    .await;
}

pub(super) fn lap(kind: &str, from: u32, secs: u32, more: &Value) -> Value {
    let mut lap = json!({"type": kind, "start_time": from, "end_time": from + secs, "moving_time": secs,
        "elapsed_time": secs});
    for (key, value) in more.as_object().unwrap() {
        lap[key] = value.clone();
    }
    lap
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_says_how_far_the_heart_rate_came_down() {
    on_saturday(async |world| {
        let work = json!({"average_heartrate": 172, "max_heartrate": 179, "min_heartrate": 150});
        let rest = json!({"average_heartrate": 158, "max_heartrate": 177, "min_heartrate": 131});
        let laps: Vec<Value> = (0..6)
            .flat_map(|n| [lap("WORK", n * 270, 180, &work), lap("RECOVERY", n * 270 + 180, 90, &rest)])
            .collect();
        let fields = json!({"type": "Ride", "moving_time": 1620, "average_heartrate": 160, "icu_lap_count": 12,
            "icu_intervals": laps});
        let text = details(&world, &fields, json!({})).await;
        let (first, second) = (row(&text, "lap\t", "1\t"), row(&text, "lap\t", "2\t"));
        assert_eq!((first["min HR"].as_str(), second["min HR"].as_str()), ("", "131"), "{text}");
        let full = details(&world, &fields, json!({"detail": "full"})).await;
        assert_eq!(row(&full, "lap\t", "1\t")["min HR"], "150", "{full}");
        for text in [&full, &text] {
            assert!(text.contains("do not prove time in a zone"), "{text}");
        }
        // Without recoveries there is no column.
        let fields = json!({"icu_intervals": [lap("WORK", 0, 180, &work)]});
        let text = details(&world, &fields, json!({})).await;
        assert!(!text.contains("min HR") && !text.contains("do not prove"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_of_the_lap_button_is_no_repeat() {
    on_saturday(async |world| {
        let of = |id: &str| json!({"group_id": id, "distance": 10.0});
        for (press, count) in [(1, 3), (4, 3), (5, 0)] {
            let id = format!("{press}s");
            let laps = [
                lap("WORK", 0, 610, &json!({"distance": 1500.0})),
                lap("RECOVERY", 610, press, &of(&id)),
                lap("WORK", 610 + press, 240, &of("240s")),
                lap("RECOVERY", 850 + press, press, &of(&id)),
                lap("WORK", 850 + 2 * press, 240, &of("240s")),
                lap("RECOVERY", 1090 + 2 * press, press, &of(&id)),
            ];
            let fields = json!({"icu_lap_count": 6, "icu_intervals": laps, "icu_groups": [
                {"id": id, "count": 3, "moving_time": press}, {"id": "240s", "count": 2, "moving_time": 240}]});
            let text = details(&world, &fields, json!({})).await;
            let noise = format!("{count} laps under 5 s: button presses, left out of sets");
            assert_eq!(text.contains(&noise), count > 0, "{text}");
            let set = if count > 0 { "\nA: 2× 0:04:00" } else { "\nA: 3× 0:00:05" };
            assert!(text.contains(set), "{text}");
            assert_eq!(text.contains("\nB: "), count == 0, "{text}");
            assert_eq!(row(&text, "lap\t", "2\t")["set"], if count > 0 { "" } else { "A" }, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decoupling_has_its_sense_and_the_load_by_feeling_is_there() {
    on_saturday(async |world| {
        let ride = json!({"type": "Ride", "decoupling": -2.1, "moving_time": 10800, "icu_weighted_avg_watts": 200,
            "average_heartrate": 140, "icu_rpe": 6, "session_rpe": 342, "avg_lr_balance": 51.0});
        let other = json!({"id": "i8", "decoupling": 4.4, "moving_time": 3600, "average_heartrate": 150});
        give(&world, world.ana(), json!({"activities": [activity(&ride), activity(&other)]}));
        let of = |tool, id| ask(&world, world.ana(), tool, json!({"id": id}));
        let text = of("get_activity_detail", "i9").await;
        assert!(text.contains("decoupling -2.1 % (above 0: HR rose against power)"), "{text}");
        assert!(text.contains("RPE 6/10 · session RPE load 342"), "{text}");
        let text = of("get_activity_detail", "i8").await;
        assert!(text.contains("decoupling 4.4 % (above 0: HR rose against pace)"), "{text}");
        let text = of("get_extended_metrics", "i9").await;
        assert!(text.contains("decoupling -2.1 % (above 0: HR rose against power)"), "{text}");
        assert!(text.contains("L/R balance 51.0 % right") && !text.contains("left"), "{text}");
        let text = ask(&world, world.ana(), "get_extended_metrics", json!({})).await;
        let newest = row(&text, "date\t", "2026-11-28 Sat\tRide");
        assert_eq!(
            (newest["decoupling % (above 0: HR rose)"].as_str(), newest["L/R balance % right"].as_str()),
            ("-2.1", "51.0"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_of_the_figures_beside_it() {
    on_saturday(async |world| {
        let ride = |day: &str, ef: f64| {
            json!({"id": format!("i{day}"), "type": "Ride", "start_date_local": format!("2026-11-{day}T08:00:00"),
                "moving_time": 3600, "icu_efficiency_factor": ef})
        };
        // What was read once is kept for a while: each asks for another range with the same halves.
        for (oldest, before, after, shown) in [("2026-11-01", 1.194, 1.196, ["1.19 (2)", "1.20 (2)", "+0.01"]),
            ("2026-10-31", 1.1951, 1.2049, ["1.20 (2)", "1.20 (2)", "0.00"]), ("2026-10-30", 1.3, 1.296, ["1.30 (2)", "1.30 (2)", "0.00"])] {
            let rows = [ride("02", before), ride("04", before), ride("25", after), ride("27", after)];
            give(&world, world.ana(), json!({"activities": rows}));
            let text = ask(&world, world.ana(), "get_extended_metrics", json!({"oldest": oldest})).await;
            let line = text.lines().find(|line| line.starts_with("Ride\tEF\t")).unwrap();
            assert!(line.ends_with(&shown.join("\t")), "{line}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_by_sport_cannot_judge_is_named_with_its_size() {
    on_saturday(async |world| {
        let row = |n: usize, fields: &Value| {
            let mut row = activity(fields);
            row["id"] = json!(format!("i93{n:02}"));
            row["start_date_local"] = json!(format!("2026-11-{:02}T08:00:00", n % 20 + 5));
            row
        };
        let unknown = json!({"type": null, "moving_time": 3600, "icu_training_load": 50});
        let ride = json!({"type": "Ride", "moving_time": 3600, "icu_training_load": 60, "decoupling": 2.0});
        let rows: Vec<Value> = (0..67)
            .map(|n| row(n, if n < 60 { &unknown } else { &ride }))
            .collect();
        give(&world, world.ana(), json!({"activities": rows}));
        let asked = json!({"sport": "ride"});
        let (text, paths) = asked_for(&world, &world.ana().link, "get_extended_metrics", asked).await;
        assert!(text.contains("7 with extended metrics of 7 activities"), "{text}");
        assert!(
            text.contains("60 activities without a sport (60:00, load 3000)"),
            "{text}"
        );
        assert_eq!(paths.len(), 1, "{paths:?}");
        let text = ask(&world, world.ana(), "get_extended_metrics", json!({})).await;
        assert!(!text.contains("without a sport"), "nothing is left out: {text}");
        // The main sport is one of those that are known.
        let text = ask(&world, world.ana(), "get_best_efforts", json!({})).await;
        assert!(
            text.contains(
                "Ride (7:00 of 7:00 moving).\nNot counted: 60 activities without a sport (60:00, load 3000)"
            ),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_is_read_from_the_falling_part_of_dfa() {
    on_saturday(async |world| {
        // An easy hour at a high α1, then a ramp on which it falls from 1.0 at 130 bpm by 0.0125 a beat.
        let heart: Vec<f64> = (0..6000_u32)
            .map(f64::from)
            .map(|s| {
                if s < 3600.0 {
                    105.0 + s / 180.0
                } else {
                    130.0 + (s - 3600.0) / 40.0
                }
            })
            .collect();
        let fall = |rate: f64| {
            if rate < 130.0 {
                1.3
            } else {
                1.0 - (rate - 130.0) * 0.0125
            }
        };
        let straight = |rate: f64| 1.5 - (rate - 100.0) * 0.0125;
        let recording = |heart: &[f64], alpha: &dyn Fn(f64) -> f64| {
            json!({"time": (0..heart.len()).collect::<Vec<_>>(), "heartrate": heart,
                "dfa_a1": heart.iter().map(|rate| alpha(*rate)).collect::<Vec<_>>()})
        };
        let short: Vec<f64> = (0..1440_u32).map(|s| 100.0 + f64::from(s) / 18.0).collect();
        for (recording, at) in [
            (
                recording(&heart, &fall),
                "crosses 0.75 at 150 bpm (r² 1.00) by a line through 2-min averages of α1 ≤ 1.0",
            ),
            (
                recording(&short, &straight),
                "crosses 0.75 at 160 bpm (r² 1.00) by a line through 2-min averages of all α1",
            ),
        ] {
            let ride = json!({"type": "Ride", "stream_types": ["time", "heartrate", "dfa_a1"]});
            let asked = json!({"include": ["streams"]});
            let text = about(&world, "get_extended_metrics", ride, recording, asked).await;
            assert!(text.contains(at), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swim_is_as_long_as_its_pool_measures() {
    on_saturday(async |world| {
        for (pool, metres, long) in [
            (json!(25.0), 1500.0, "1500 m"),
            (json!(22.86), 1508.76, "1650 yd"),
            (json!(33.33), 1000.0, "1000 m"),
            (json!(null), 1500.0, "1500 m"),
        ] {
            let lap = lap("WORK", 0, 90, &json!({"distance": metres / 10.0}));
            let swim = json!({"type": "Swim", "moving_time": 1800, "distance": metres, "pool_length": pool,
                "average_heartrate": 0, "icu_intervals": [lap]});
            let text = details(&world, &swim, json!({})).await;
            assert!(text.contains(&format!("moving 0:30:00 · {long}")), "{text}");
            let (count, unit) = long.split_once(' ').unwrap();
            let tenth = (count.parse::<f64>().unwrap() / 10.0).to_string();
            assert_eq!(row(&text, "lap\t", "1\t")[unit], tenth, "{text}");
            assert!(
                text.contains("not recorded: heart rate") && !text.contains("avg 0"),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effort_over_a_hole_in_the_recording_has_its_doubt() {
    on_saturday(async |world| {
        for tool in ["get_best_efforts", "get_power_curves"] {
            let text = ask(&world, world.ana(), tool, json!({"sport": "ride"})).await;
            assert_eq!(text.matches("may span a pause").count(), 1, "{tool}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zeros_throughout_are_what_no_sensor_measured() {
    on_saturday(async |world| {
        let zeros = json!({"distance": 0, "average_watts": 0, "max_watts": 0, "weighted_average_watts": 0, "intensity": 0, "zone": 1,
            "average_cadence": 0, "average_heartrate": 131, "joules": 0});
        let laps = [lap("WORK", 0, 900, &zeros), lap("RECOVERY", 900, 900, &zeros)];
        let mut fields = json!({"type": "Ride", "moving_time": 1800, "distance": 0, "icu_average_watts": 0, "icu_weighted_avg_watts": 0,
            "icu_intensity": 0, "calories": 0, "icu_training_load": 47, "average_heartrate": 131, "icu_intervals": laps});
        for how in ["concise", "full"] {
            let text = details(&world, &fields, json!({"detail": how})).await;
            let header = text.lines().find(|line| line.starts_with("lap\t")).unwrap();
            assert_eq!(header, "lap\twhat\tstart (elapsed)\ttime (moving)\tHR", "{text}");
            assert!(text.contains("moving 0:30:00 · load 47\n") && !text.contains("kcal"), "{text}");
        }
        // Coasting is measured where there is a meter.
        fields["icu_intervals"][0]["average_watts"] = json!(180);
        fields["icu_intervals"][0]["distance"] = json!(7000);
        let text = details(&world, &fields, json!({})).await;
        assert_eq!(row(&text, "lap\t", "2\t")["W"], "0", "{text}");
        // Nor is a histogram of zeros one of power.
        let zeros = json!([{"min": 0, "max": 24, "secs": 1800}, {"min": 25, "max": 49, "secs": 0}]);
        for (id, watts, says) in [("i701", json!(0), true), ("i702", json!(12), false)] {
            let ride = activity(&json!({"id": id, "type": "Ride", "moving_time": 1800, "icu_average_watts": watts}));
            give(
                &world,
                world.ana(),
                json!({"activities": [ride], "answers": {format!("/activity/{id}/power-histogram"): zeros}}),
            );
            let asked = json!({"id": id, "include": ["power_histogram"]});
            let text = ask(&world, world.ana(), "get_activity_detail", asked).await;
            assert_eq!(text.contains("Power histogram: nothing recorded."), says, "{text}");
            assert_eq!(text.contains("0–24"), !says, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fitness_after_an_activity_of_today_may_hold_what_is_only_planned() {
    on_saturday(async |world| {
        let run = |id: &str, day: &str| {
            activity(&json!({"id": id, "start_date_local": format!("{day}T08:00:00"), "moving_time": 3600, "icu_ctl": 61.55,
                "icu_atl": 58.25, "icu_rolling_ftp": 246}))
        };
        let rows = json!({"activities": [run("i1", "2026-11-28"), run("i2", "2026-11-27")]});
        let doubt = "(may hold load that is only planned)";
        let all = ["get_activity_detail", "get_fitness", "get_events"];
        let coach = world.coaches().await.remove(0).link;
        for (tools, id, shown, marked) in [
            (None, "i1", true, true),
            (None, "i2", true, false),
            (Some(&all[..]), "i1", true, true),
            (Some(&all[..]), "i2", true, false),
            (Some(&all[..2]), "i1", false, false),
            (Some(&all[..2]), "i2", true, false),
        ] {
            give(&world, world.ana(), rows.clone());
            let text = match tools {
                None => ask(&world, world.ana(), "get_activity_detail", json!({"id": id})).await,
                Some(tools) => {
                    change(&world, world.ana(), tools, None).await;
                    let asked = json!({"athlete": "ana", "id": id});
                    ask_at(&world, &coach, "get_activity_detail", asked).await
                }
            };
            let figures = "after it: CTL 61.6, ATL 58.3, form +3.3";
            assert_eq!(text.contains(figures), shown, "{tools:?} {text}");
            assert_eq!(text.contains(doubt), marked, "{tools:?} {text}");
            let says = "CTL, ATL and form after it (they may hold planned load) left out: get_events is not granted.";
            assert_eq!(text.contains(says), !shown, "{tools:?} {text}");
            assert_eq!(text.contains("61.6"), shown, "{tools:?} {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_without_time_has_no_row() {
    on_saturday(async |world| {
        let run = json!({"icu_hr_zones": [140, 150, 160, 170, 190], "icu_hr_zone_times": [600, 0, 300, 0, 0], "moving_time": 900});
        let text = details(&world, &run, json!({})).await;
        assert!(text.contains("\nZ1\t") && text.contains("\nZ3\t151–160\t0:05:00\t33\n"), "{text}");
        assert!(!text.contains("\nZ2") && !text.contains("\nZ4") && !text.contains("\nZ5"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_distance_is_that_of_the_steps_where_the_entry_shows_what_was_done() {
    on_saturday(async |world| {
        let step = |metres: i64| json!({"distance": metres, "pace": {"value": 100, "units": "%pace"}});
        let timed = json!({"duration": 600});
        for (person, steps, planned) in [
            (world.ana(), json!([step(400), {"reps": 8, "steps": [step(100), step(100)]}]), "planned\t\t2000\n"),
            // What the whole would be is not known.
            (world.jack(), json!([timed, step(400)]), "planned\t0:10:00 + 400 m\n"),
        ] {
            let event = json!({"id": 7, "category": "WORKOUT", "type": "Swim", "name": "Hundreds", "moving_time": 2520,
                "start_date_local": "2026-11-26T00:00:00", "distance": 1900, "paired_activity_id": "i7",
                "workout_doc": {"steps": steps}});
            let done = json!({"id": "i7", "type": "Swim", "start_date_local": "2026-11-26T07:00:00", "moving_time": 2520,
                "elapsed_time": 2520, "distance": 1900, "paired_event_id": 7});
            give(&world, person, json!({"events": [event], "activities": [done]}));
            let text = ask(&world, person, "get_activity_detail", json!({"id": "i7", "include": ["plan"]})).await;
            let rows = format!("\ttime\tm\n{planned}done\t0:42:00\t1900\n");
            assert!(text.contains(&rows), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_of_a_lap_that_cannot_be_is_missing() {
    on_saturday(async |world| {
        let lap = |n: i32, fields: &Value| {
            let mut lap = json!({"type": "WORK", "start_time": n * 300, "end_time": n * 300 + 300, "moving_time": 300, "elapsed_time": 300,
                "distance": 1000, "average_speed": 3.33, "average_heartrate": 150, "total_elevation_gain": 12, "training_load": 8,
                "average_cadence": 85});
            for (key, value) in fields.as_object().unwrap() {
                lap[key] = value.clone();
            }
            lap
        };
        let absurd = json!({"distance": -10, "total_elevation_gain": -12, "training_load": -8, "average_heartrate": -1,
            "average_cadence": -85, "average_speed": -3.33, "moving_time": -300, "elapsed_time": -300});
        let fields = json!({"moving_time": 900, "elapsed_time": 900, "icu_training_load": -20, "total_elevation_gain": -4, "icu_lap_count": 3,
            "icu_rpe": 0, "feel": 9, "icu_intervals": [lap(0, &json!({})), lap(1, &absurd), lap(2, &json!({}))]});
        for detail in ["concise", "full"] {
            let text = details(&world, &fields, json!({"detail": detail})).await;
            let second = row(&text, "lap\t", "2\t");
            assert_eq!(second["start (elapsed)"], "0:05:00", "{text}");
            let filled: Vec<&str> = second.iter().filter(|(_, cell)| !cell.is_empty()).map(|(name, _)| name.as_str()).collect();
            assert_eq!(filled, ["lap", "start (elapsed)", "time (moving)", "what"], "{text}");
            assert!(!text.contains("climb -") && !text.contains("RPE 0") && !text.contains("feel 9"), "{text}");
            let lacks = text.lines().find(|line| line.starts_with("not recorded: ")).unwrap();
            assert!(lacks.ends_with("load, RPE, feel"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_at_a_standstill_is_as_long_as_it_lasted() {
    on_saturday(async |world| {
        // (sport, m moved, s moved, s of the whole rest)
        for (sport, far, moved, rest) in [("Run", 2.0, 3, 90), ("Run", 15.0, 12, 75), ("Swim", 0.0, 0, 20), ("Ride", 4.0, 1, 180)] {
            let laps: Vec<Value> = (0..5)
                .flat_map(|n| {
                    let start = n * (80 + rest);
                    let of = |id: &str, far: f64| json!({"group_id": id, "distance": far});
                    let mut still = lap("RECOVERY", start + 80, rest, &of("r", far));
                    still["moving_time"] = json!(moved);
                    still["elapsed_time"] = json!(rest);
                    [lap("WORK", start, 80, &of("w", 400.0)), still]
                })
                .collect();
            let fields = json!({"type": sport, "pool_length": 25, "icu_lap_count": 10, "icu_intervals": laps,
                "icu_groups": [{"id": "w", "count": 5, "moving_time": 80}, {"id": "r", "count": 5, "moving_time": moved}]});
            let text = details(&world, &fields, json!({})).await;
            let clock = format!("0:{:02}:{:02}", rest / 60, rest % 60);
            assert!(text.contains("\nA: 5× 0:01:20") && text.contains(&format!("\nB: 5× {clock}")), "{text}");
            let second = row(&text, "lap\t", "2\t");
            let time = second["time (moving; rests: elapsed)"].as_str();
            assert_eq!([second["what"].as_str(), second["set"].as_str(), time], ["rest", "B", clock.as_str()], "{text}");
            assert!(!text.contains("button presses"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_without_bounds_say_what_they_are_by() {
    on_saturday(async |world| {
        let by_power = json!([{"id": "Z1", "secs": 600}, {"id": "Z2", "secs": 300}]);
        let all = json!({"icu_hr_zone_times": [300, 600], "pace_zone_times": [500, 400], "icu_zone_times": by_power});
        let text = details(&world, &all, json!({})).await;
        assert!(text.contains("\nzone\tpower time\t%\tHR time\t%\tpace time\t%\nZ1\t"), "{text}");
        // With the bounds of one of them, that one's column says it.
        let some = json!({"icu_hr_zone_times": [300, 600], "icu_hr_zones": [140, 190], "gap_zone_times": [500, 400],
            "use_gap_zone_times": true});
        let text = details(&world, &some, json!({})).await;
        assert!(text.contains("\nzone\tHR bpm\ttime\t%\tGAP time\t%\nZ1\t"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lap_says_which_clock_its_figures_are_of() {
    on_saturday(async |world| {
        // Five minutes at a level crossing in the first lap.
        let mut first = lap("WORK", 0, 600, &json!({"distance": 2000}));
        (first["elapsed_time"], first["end_time"]) = (json!(900), json!(900));
        let fields = json!({"moving_time": 1200, "elapsed_time": 1500, "icu_intervals": [first, lap("WORK", 900, 600, &json!({"distance": 2000}))]});
        let text = details(&world, &fields, json!({})).await;
        let second = row(&text, "lap\t", "2\t");
        assert_eq!(
            (second["start (elapsed)"].as_str(), row(&text, "lap\t", "1\t")["time (moving)"].as_str()),
            ("0:15:00", "0:10:00"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_named_from_wherever_the_recording_is_shown() {
    on_saturday(async |world| {
        // Two pauses of two minutes, from 10:00 and from 22:00.
        let mut recording = run(0.0, &[(4.0, 1800)]);
        for second in recording["time"].as_array_mut().unwrap() {
            let at = second.as_u64().unwrap();
            *second = json!(at + if at > 600 { 120 } else { 0 } + if at > 1200 { 120 } else { 0 });
        }
        for (from, to, says) in [
            (None, None, "0:10:00–0:12:01, 0:22:00–0:24:01"),
            (Some("0:05:00"), None, "0:10:00–0:12:01, 0:22:00–0:24:01"),
            (Some("0:11:00"), None, "0:10:00–0:12:01, 0:22:00–0:24:01"),
            (
                Some("0:11:00"),
                Some("0:23:00"),
                "0:10:00–0:12:01, 0:22:00–0:24:01",
            ),
            (Some("0:13:00"), Some("0:30:00"), "0:22:00–0:24:01"),
            (None, Some("0:11:00"), "0:10:00–0:12:01"),
            (Some("0:13:00"), Some("0:20:00"), ""),
        ] {
            let mut asked = json!({"include": ["streams"]});
            for (name, moment) in [("from", from), ("to", to)] {
                if let Some(moment) = moment {
                    asked[name] = json!(moment);
                }
            }
            let fields = json!({"moving_time": 1800, "elapsed_time": 2040});
            let text = about(&world, "get_activity_detail", fields, recording.clone(), asked).await;
            let found = text
                .lines()
                .find_map(|line| line.strip_prefix("Nothing recorded: "));
            assert_eq!(found.unwrap_or_default(), says, "{from:?} {to:?} {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strava_closes_is_in_the_count_of_extended_metrics_too() {
    on_saturday(async |world| {
        let stub = json!({"id": "77021", "source": "STRAVA", "start_date_local": "2026-11-21T07:00:00"});
        let ride = activity(&json!({"type": "Ride", "moving_time": 3600, "decoupling": 2.0}));
        give(&world, world.ana(), json!({"activities": [stub, ride]}));
        give(&world, world.bishnu(), json!({"activities": [stub]}));
        for (person, asked, says, nothing) in [
            (
                world.ana(),
                json!({}),
                "1 with extended metrics of 1 + 1 unreadable activities",
                "",
            ),
            (
                world.ana(),
                json!({"sport": "run"}),
                "0 with extended metrics of 1 unreadable activity",
                "No activity of that sport in this range that can be read.",
            ),
            (
                world.bishnu(),
                json!({}),
                "0 with extended metrics of 1 unreadable activity",
                "No activity in this range that can be read.",
            ),
        ] {
            let text = ask(&world, person, "get_extended_metrics", asked).await;
            assert!(text.lines().next().unwrap().contains(says), "{text}");
            let line = text.lines().find(|line| line.starts_with("No activity"));
            assert_eq!(line.unwrap_or_default(), nothing, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_laps_have_is_not_said_to_be_missing() {
    on_saturday(async |world| {
        let full = json!({"wbal_start": 17_400, "wbal_end": 9000, "average_watts": 240, "weighted_average_watts": 240});
        let fields = json!({"type": "Ride", "moving_time": 900, "icu_average_watts": 240, "icu_intervals": [lap("WORK", 0, 900, &full)]});
        let text = about(&world, "get_extended_metrics", fields, json!({}), json!({})).await;
        let first = row(&text, "interval\t", "1\t");
        assert_eq!((first["W′ end kJ"].as_str(), first["time (moving)"].as_str()), ("9.0", "0:15:00"), "{text}");
        assert!(text.contains("\nNot recorded: W′ depletion, ") && !text.contains("W′ balance"), "{text}");
    })
    .await;
}

/// A ride of half an hour up a hill of 5 %, by a meter that sent these watts.
fn climb_at(watts: i64) -> (Value, Value) {
    let mut recording = run(0.0, &[(5.0, 1800)]);
    let of = |say: &dyn Fn(u32) -> Value| json!((0..=1800).map(say).collect::<Vec<_>>());
    recording["altitude"] = of(&|at| json!(100.0 + 0.25 * f64::from(at)));
    recording["watts"] = of(&|_| json!(watts));
    recording["torque"] = of(&|_| json!(watts / 8));
    recording["w_bal"] = of(&|_| json!(17_400));
    recording["heartrate"] = of(&|_| json!(140));
    let figures = json!({"distance": 4500, "average_watts": watts, "max_watts": watts, "weighted_average_watts": watts, "average_watts_kg": watts,
        "intensity": watts, "zone": 1, "joules": watts * 900, "training_load": watts / 10, "wbal_start": 17_400, "wbal_end": 17_400,
        "average_torque": watts / 8, "average_heartrate": 140});
    let fields = json!({"type": "Ride", "moving_time": 1800, "distance": 9000, "icu_average_watts": watts, "icu_weighted_avg_watts": watts,
        "icu_ftp": 213, "icu_weight": 60, "icu_w_prime": 17_400, "icu_training_load": 47, "hr_load": 47, "power_load": watts / 10,
        "average_heartrate": 140, "icu_max_wbal_depletion": 0,
        "icu_hrr": {"start_time": 1700, "start_bpm": 150, "end_bpm": 120, "average_watts": watts, "hrr": 30},
        "stream_types": ["time", "distance", "altitude", "watts", "torque", "w_bal", "heartrate"],
        "icu_intervals": [lap("WORK", 0, 900, &figures), lap("RECOVERY", 900, 900, &figures)]});
    (fields, recording)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_meter_of_zeros_recorded_no_power_in_any_answer() {
    on_saturday(async |world| {
        for (watts, has_power) in [(0, false), (180, true)] {
            for (tool, asked, columns) in [
                (
                    "get_climb_segments",
                    json!({"detail": "full"}),
                    &["climb\t", "W", "W/kg", "% FTP"][..],
                ),
                (
                    "get_extended_metrics",
                    json!({"include": ["streams"]}),
                    &["interval\t", "W", "W′ start kJ", "W′ end kJ", "torque Nm"],
                ),
                (
                    "get_activity_detail",
                    json!({"detail": "full", "include": ["streams", "splits"]}),
                    &[
                        "lap\t",
                        "W",
                        "% of FTP",
                        "power zone",
                        "max W",
                        "W/kg",
                        "W′ end kJ",
                        "load",
                        "kJ",
                    ],
                ),
            ] {
                let (fields, recording) = climb_at(watts);
                let text = about(&world, tool, fields, recording, asked).await;
                let (table, columns) = columns.split_first().unwrap();
                let header = text
                    .lines()
                    .find(|line| line.starts_with(table))
                    .unwrap_or_default();
                for column in columns {
                    let has = header.split('\t').any(|name| name == *column);
                    assert_eq!(has, has_power, "{tool} {column}: {text}");
                }
                // Heart rate alone is no extended metric.
                assert!(
                    header.contains("\tHR") || !has_power && tool == "get_extended_metrics",
                    "{tool}: {text}"
                );
                // Nor in any other table or line.
                let headers = text
                    .lines()
                    .filter(|line| line.contains('\t') && line.split('\t').any(|cell| cell == "W"));
                assert_eq!(headers.count() > 0, has_power, "{tool}: {text}");
                for word in ["W′ balance:", "at 0 W", "torque:", "load by power"] {
                    assert!(has_power || !text.contains(word), "{tool} {word}: {text}");
                }
            }
            let (fields, recording) = climb_at(watts);
            let text = about(&world, "get_climb_segments", fields, recording, json!({})).await;
            assert_eq!(
                text.contains("Not recorded: power, cadence."),
                !has_power,
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laps_part_of_ftp_is_that_of_the_watts_beside_it() {
    on_saturday(async |world| {
        let figures = |watts: i64, intensity: i64| json!({"group_id": "a", "average_watts": watts, "weighted_average_watts": 2 * watts,
            "intensity": intensity, "distance": 900});
        let laps = [lap("WORK", 0, 120, &figures(532, 245)), lap("RECOVERY", 120, 120, &figures(32, 18))];
        let fields = json!({"type": "Ride", "moving_time": 240, "distance": 1800, "icu_average_watts": 282, "icu_ftp": 213, "icu_lap_count": 2,
            "icu_intervals": laps, "icu_groups": [{"id": "a", "count": 2, "moving_time": 120, "average_watts": 496, "intensity": 240}]});
        let text = details(&world, &fields, json!({})).await;
        let of = |lap: &str| row(&text, "lap\t", lap)["% of FTP"].clone();
        assert_eq!([of("1\t"), of("2\t")], ["250", "15"], "{text}");
        assert!(text.contains("\nA: 2× 0:02:00 · 496 W · 233 % of FTP"), "{text}");
        // Whose words work and recovery are.
        assert!(text.contains("; intervals.icu labels them work or recovery\n"), "{text}");
        let mut planned = fields.clone();
        planned["paired_event_id"] = json!(7);
        let text = details(&world, &planned, json!({})).await;
        assert!(!text.contains("labels them"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_a_swim_is_in_the_unit_of_its_pool() {
    on_saturday(async |world| {
        // Of an athlete whose threshold is set per 100 yd.
        let doc = |metres: f64| json!({"pace_units": "SECS_100Y", "threshold_pace": 1.05, "steps": [{"reps": 8, "steps": [
            {"distance": metres, "duration": 47, "pace": {"units": "%pace", "value": 100}, "_pace": {"value": 1.05}}]}]});
        for (id, metres, pool, paces) in [
            (1, 50.0, 25.0, ["threshold 1:35/100m", "50 m (about 47 s) 1:35/100m"]),
            (2, 45.72, 22.86, ["threshold 1:27/100yd", "50 yd (about 47 s) 1:27/100yd"]),
            // Written for another pool.
            (3, 45.72, 25.0, ["threshold 1:35/100m", "50 yd (about 47 s) 1:35/100m"]),
        ] {
            let event = json!({"id": id, "category": "WORKOUT", "type": "Swim", "name": "Fifties", "start_date_local": "2026-11-28T00:00:00",
                "paired_activity_id": format!("i88{id}"), "workout_doc": doc(metres)});
            let swim = activity(&json!({"id": format!("i88{id}"), "type": "Swim", "moving_time": 376, "distance": 400, "pool_length": pool,
                "paired_event_id": id}));
            give(&world, world.tria(), json!({"events": [event], "activities": [swim]}));
            let asked = json!({"id": format!("i88{id}"), "include": ["plan"]});
            let text = ask(&world, world.tria(), "get_activity_detail", asked).await;
            assert!(paces.iter().all(|pace| text.contains(pace)), "{paces:?} {text}");
        }
        let mut event = json!({"id": 4, "category": "WORKOUT", "type": "Swim", "name": "Fifties", "start_date_local": "2026-11-30T00:00:00"});
        event["workout_doc"] = doc(50.0);
        give(&world, world.tria(), json!({"events": [event]}));
        let text = ask(&world, world.tria(), "get_events", json!({})).await;
        assert!(text.contains("threshold 1:35/100m:") && text.contains("50 m (about 47 s) 1:35/100m"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_where_the_window_ends_is_not_in_it() {
    on_saturday(async |world| {
        let laps: Vec<Value> = (0..4)
            .map(|n| lap("WORK", n * 300, 300, &json!({"distance": 1200})))
            .collect();
        let fields = json!({"moving_time": 1200, "icu_lap_count": 4, "icu_intervals": laps});
        let asked = json!({"include": ["streams"], "from": "0:05:00", "to": "0:10:00", "points": 5});
        let text = about(
            &world,
            "get_activity_detail",
            fields,
            run(0.0, &[(4.0, 1200)]),
            asked,
        )
        .await;
        assert!(
            text.contains("Shown from 0:05:00 to 0:10:00: 1 of 4 laps"),
            "{text}"
        );
        assert!(
            text.contains(" from 300 samples\n") && !text.contains("\n0:10:00\t"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_zero_that_nothing_measured_says_so() {
    on_saturday(async |world| {
        let says = "load (no power or heart rate to compute it from), RPE";
        for (heart, has) in [(json!(null), true), (json!(0), true), (json!(88), false)] {
            let fields = json!({"type": "Ride", "moving_time": 780, "distance": 3900, "icu_training_load": 0, "average_heartrate": heart});
            let text = details(&world, &fields, json!({})).await;
            assert_eq!((text.contains(says), text.contains("load 0")), (has, !has), "{text}");
        }
        let swim = json!({"type": "Swim", "moving_time": 780, "distance": 900, "icu_training_load": 0});
        let text = details(&world, &swim, json!({})).await;
        assert!(text.contains("not recorded: heart rate, load, RPE"), "{text}");
    })
    .await;
}
