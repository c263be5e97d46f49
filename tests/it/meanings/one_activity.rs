//! One activity: what is missing in it, what is closed, the athlete's own fields, the plan beside the laps.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    ask, asked_for,
    detail::{about, activity, details, lap, run, splits},
    give, on_saturday, row,
};
use crate::world::World;

const TOOLS: [&str; 3] = [
    "get_activity_detail",
    "get_extended_metrics",
    "get_climb_segments",
];

/// A quarter of an hour up a hill, with this heart rate at each second.
fn climb(heart: impl Fn(u32) -> Value) -> Value {
    let mut recording = run(0.0, &[(4.0, 1500)]);
    recording["altitude"] = json!(
        (0..=1500)
            .map(|at| 100.0 + 0.2 * f64::from(at))
            .collect::<Vec<_>>()
    );
    recording["heartrate"] = json!((0..=1500).map(heart).collect::<Vec<_>>());
    recording
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strap_that_lost_contact_is_no_heart_rate() {
    on_saturday(async |world| {
        let lost = |from: u32, to: u32, value: Value| {
            climb(move |at| {
                if (from..to).contains(&at) {
                    value.clone()
                } else {
                    json!(150)
                }
            })
        };
        for recording in [
            lost(300, 400, json!(0)),
            lost(0, 200, json!(0)),
            lost(700, 1400, json!(0)),
            lost(300, 400, json!(null)),
            lost(300, 400, json!(-1)),
        ] {
            let fields = json!({"moving_time": 1500, "distance": 6000, "average_heartrate": 150});
            let asked = json!({"include": ["streams", "splits"], "points": 10, "detail": "full"});
            let text = about(&world, TOOLS[0], fields.clone(), recording.clone(), asked).await;
            let hearts = |header: &str, firsts: &[&str]| {
                let rows = firsts.iter().map(|first| row(&text, header, first)["HR"].clone());
                rows.filter(|heart| !heart.is_empty()).collect::<Vec<_>>()
            };
            let streams = hearts("from\t", &["0:03:00\t", "0:06:00\t", "0:12:00\t", "0:24:00\t"]);
            assert!(
                !streams.is_empty() && streams.iter().all(|heart| heart == "150"),
                "{text}"
            );
            let splits = hearts("to km", &["1.00\t", "2.00\t", "6.00\t"]);
            assert!(
                !splits.is_empty() && splits.iter().all(|heart| heart == "150"),
                "{text}"
            );
            let asked = json!({"detail": "full"});
            let text = about(&world, TOOLS[2], fields, recording, asked).await;
            assert_eq!(row(&text, "climb\t", "1\t")["HR"], "150", "{text}");
            assert!(!text.contains("HR -") && !text.contains("HR +"), "{text}");
        }
        // Without a single beat there is no column.
        let fields = json!({"moving_time": 1500, "distance": 6000});
        let asked = json!({"include": ["streams", "splits"]});
        let text = about(&world, TOOLS[0], fields, climb(|_| json!(0)), asked).await;
        assert!(!text.contains("\tHR"), "{text}");
        // Coasting is measured.
        let mut recording = climb(|_| json!(150));
        recording["watts"] = json!(
            (0..=1500)
                .map(|at| if at % 2 == 0 { 0 } else { 200 })
                .collect::<Vec<_>>()
        );
        let fields = json!({"type": "Ride", "moving_time": 1500, "distance": 6000, "icu_average_watts": 100});
        let text = about(
            &world,
            TOOLS[0],
            fields,
            recording,
            json!({"include": ["splits"]}),
        )
        .await;
        assert_eq!(row(&text, "to km", "1.00")["W"], "100", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_histogram_of_heart_rate_begins_where_a_heart_beats() {
    on_saturday(async |world| {
        let bars = json!([{"min": 0, "max": 4, "secs": 100}, {"min": 145, "max": 149, "secs": 300},
            {"min": 150, "max": 154, "secs": 100}]);
        let zeros = json!([{"min": 0, "max": 4, "secs": 100}]);
        for (id, bars, says) in [
            (
                "i1",
                bars,
                "HR histogram\nbpm\ttime\t%\n145–149\t0:05:00\t75\n150–154\t0:01:40\t25",
            ),
            ("i2", zeros, "HR histogram: nothing recorded."),
        ] {
            let run = activity(&json!({"id": id, "moving_time": 1500, "average_heartrate": 150}));
            let answers = json!({format!("/activity/{id}/hr-histogram"): bars});
            give(
                &world,
                world.ana(),
                json!({"activities": [run], "answers": answers}),
            );
            let asked = json!({"id": id, "include": ["hr_histogram"]});
            let text = ask(&world, world.ana(), TOOLS[0], asked).await;
            assert!(text.contains(says), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swim_without_a_distance_has_none() {
    on_saturday(async |world| {
        for (distance, pool) in [(json!(0), json!(22.86)), (json!(0), json!(25)), (json!(null), json!(null))] {
            let nothing = json!({"distance": distance, "average_speed": 0, "average_cadence": 0});
            let laps = [lap("WORK", 0, 600, &nothing), lap("WORK", 600, 660, &nothing)];
            let swim = json!({"type": "Swim", "moving_time": 1260, "elapsed_time": 1260, "distance": distance, "icu_distance": distance,
                "pool_length": pool, "pace": 0, "average_speed": 0, "icu_average_watts": 0, "icu_weighted_avg_watts": 0,
                "icu_intensity": 0, "icu_training_load": 21, "hr_load": 21, "average_heartrate": 128, "icu_lap_count": 2, "icu_intervals": laps});
            for how in ["concise", "full"] {
                let text = details(&world, &swim, json!({"detail": how})).await;
                assert!(text.contains("moving 0:21:00 · elapsed 0:21:00 · load 21 (by heart rate)\n"), "{text}");
                let header = text.lines().find(|line| line.starts_with("lap\t")).unwrap();
                assert_eq!(header, "lap\twhat\tstart (elapsed)\ttime (moving)", "{text}");
                assert!(text.contains("not recorded: distance, RPE, feel"), "{text}");
                for zero in ["0 yd", "0 m ", "NP 0", "IF 0", "pace 0", "0 W", "power:"] {
                    assert!(!text.contains(zero), "{zero}: {text}");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_not_known_is_not_zero() {
    on_saturday(async |world| {
        for (moving, elapsed, says) in [
            (json!(null), json!(null), "not recorded: time, heart rate"),
            (json!(0), json!(0), "not recorded: time, heart rate"),
            (json!(null), json!(2700), "elapsed 0:45:00 · load 40"),
        ] {
            let nothing = json!({"type": "WORK", "moving_time": null, "elapsed_time": null, "average_heartrate": 101});
            let strength = json!({"type": "WeightTraining", "moving_time": moving, "elapsed_time": elapsed, "icu_training_load": 40,
                "icu_intervals": [nothing]});
            for tool in TOOLS {
                let text = about(&world, tool, strength.clone(), json!({}), json!({"detail": "full"})).await;
                assert!(!text.contains("0:00") && !text.contains("moving 0"), "{text}");
                assert!(tool != TOOLS[0] || text.contains(says), "{text}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effort_intensity_and_sport_are_read_however_they_are_sent() {
    on_saturday(async |world| {
        let rows = [
            ("i1", json!({"type": "VIRTUAL_RIDE", "perceived_exertion": 6.5, "icu_rpe": null, "icu_intensity": 0.71})),
            ("i2", json!({"type": "run", "perceived_exertion": 3, "icu_rpe": 8, "icu_intensity": 71})),
            ("i3", json!({"type": "", "perceived_exertion": 0, "icu_intensity": 1.05})),
        ];
        let rows: Vec<Value> = rows
            .iter()
            .map(|(id, fields)| {
                let mut row = activity(fields);
                (row["id"], row["moving_time"]) = (json!(id), json!(3600));
                row
            })
            .collect();
        give(&world, world.ana(), json!({ "activities": rows }));
        let history = ask(&world, world.ana(), "get_training_history", json!({})).await;
        for (id, sport, rpe, intensity) in
            [("i1", "VirtualRide", "6.5", "0.71"), ("i2", "Run", "8", "0.71"), ("i3", "", "", "1.05")]
        {
            let line = history.lines().find(|line| line.ends_with(&format!("\t{id}"))).unwrap();
            let cells = row(&history, "date\t", line);
            assert_eq!((cells["sport"].as_str(), cells["RPE"].as_str(), cells["IF"].as_str()), (sport, rpe, intensity), "{history}");
            let text = ask(&world, world.ana(), TOOLS[0], json!({"id": id})).await;
            let sport = if sport.is_empty() { "08:00 · i3".to_owned() } else { format!(" · {sport} · {id}") };
            assert!(text.lines().next().unwrap().contains(&sport), "{text}");
            assert!(text.contains(&format!("IF {intensity}")), "{text}");
            let felt = if rpe.is_empty() { "not recorded: heart rate, load, RPE, feel".to_owned() } else { format!("RPE {rpe}/10") };
            assert!(text.contains(&felt), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_lap_is_shown() {
    on_saturday(async |world| {
        let kinds = ["work", "WARM_UP", "Recovery", "ACTIVE", "cool down", "FLOAT"];
        let laps: Vec<Value> = (0..)
            .zip(kinds)
            .map(|(at, kind)| lap(kind, at * 300, 300, &json!({"distance": 1000, "min_heartrate": 120, "decoupling": 1.0, "average_heartrate": 140})))
            .collect();
        let mut labelled = laps.clone();
        labelled[0]["label"] = json!("Main » set");
        for (tool, header, column) in [(TOOLS[0], "lap\t", "what"), (TOOLS[1], "interval\t", "kind")] {
            let fields = json!({"moving_time": 1800, "icu_lap_count": 6, "icu_intervals": laps});
            let text = about(&world, tool, fields, json!({}), json!({})).await;
            for (at, kind) in (1..).zip(["work", "warm up", "recovery", "active", "cool down", "«float»"]) {
                assert_eq!(row(&text, header, &format!("{at}\t"))[column], kind, "{text}");
            }
        }
        let text = details(&world, &json!({"icu_intervals": labelled}), json!({})).await;
        assert_eq!(row(&text, "lap\t", "1\t")["what"], "«Main › set» (work)", "{text}");
        // A recovery in any spelling has its lowest heart rate.
        assert_eq!(row(&text, "lap\t", "3\t")["min HR"], "120", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_with_null_for_bounds_say_what_they_are_by_and_zero_percent_is_left_out() {
    on_saturday(async |world| {
        let by_power = json!([{"id": "Z1", "secs": 600}, {"id": "Z2", "secs": 300}]);
        for bounds in [json!(null), json!([]), json!([null, null]), json!("x")] {
            let run = json!({"icu_hr_zone_times": [300, 600], "pace_zone_times": [500, 400], "icu_zone_times": by_power,
                "icu_hr_zones": bounds, "icu_power_zones": bounds, "pace_zones": bounds, "icu_ftp": 250, "threshold_pace": 4.0});
            let text = details(&world, &run, json!({})).await;
            assert!(text.contains("\nzone\tpower time\t%\tHR time\t%\tpace time\t%\nZ1\t"), "{text}");
        }
        // Three seconds of half an hour are 0 %, in a zone that another measure was in, too.
        let run = json!({"icu_hr_zone_times": [3, 900, 897, 2], "icu_hr_zones": [140, 150, 160, 190],
            "pace_zone_times": [900, 0, 900, 0], "pace_zones": [75, 90, 100, 999], "threshold_pace": 4.0});
        let text = details(&world, &run, json!({})).await;
        let first = row(&text, "zone\t", "Z1\t");
        assert_eq!((first["HR bpm"].as_str(), first["pace /km"].as_str()), ("≤140", "slower than 5:33"), "{text}");
        assert!(text.contains("\nZ1\t≤140\t\t\tslower than 5:33\t0:15:00\t50\n"), "{text}");
        assert!(text.contains("\nZ2\t141–150\t0:15:00\t50\t5:33–4:38\n"), "{text}");
        assert!(!text.contains("\nZ4") && !text.contains("\t0\n") && !text.contains("0:00:0"), "{text}");
        assert!(text.contains("(threshold 4:10/km); 0 % is left out."), "{text}");
        let all = json!({"icu_hr_zone_times": [900, 900], "icu_hr_zones": [140, 190]});
        let text = details(&world, &all, json!({})).await;
        assert!(text.contains("Zones are those used for this activity.\n"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stub_is_explained_and_nothing_else() {
    on_saturday(async |world| {
        let note = "STRAVA activities are not available via the API";
        let strava = "This activity came from Strava, whose terms close it";
        let empty = "intervals.icu sends no sport, time, distance or load of this activity";
        for (fields, says) in [
            (json!({"source": "STRAVA", "_note": note}), strava),
            (json!({"_note": note}), strava),
            (json!({"source": "STRAVA", "sport": "Ride"}), strava),
            (
                json!({"source": "STRAVA", "sport": "Ride", "moving_time": 0, "distance": 0}),
                strava,
            ),
            (json!({}), empty),
            (
                json!({"moving_time": 0, "icu_training_load": null, "sport": ""}),
                empty,
            ),
            (
                json!({"source": "GARMIN_CONNECT", "_note": "gone", "sport": "Run"}),
                empty,
            ),
            (
                json!({"description": "Knee hurt\nagain"}),
                "note: «Knee hurt / again»",
            ),
        ] {
            let mut stub = json!({"type": fields["sport"], "analyzed": null});
            for (key, value) in fields
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| *key != "sport")
            {
                stub[key] = value.clone();
            }
            for tool in TOOLS {
                let asked = match tool {
                    "get_activity_detail" => json!({"include": ["streams", "plan"]}),
                    "get_extended_metrics" => json!({"include": ["streams"]}),
                    _ => json!({}),
                };
                let text = about(&world, tool, stub.clone(), json!({}), asked).await;
                assert!(text.contains(says), "{tool}: {text}");
                for never in ["0:00", "not analysed", "ot recorded", "Laps", "No climb"] {
                    assert!(!text.contains(never), "{never}: {text}");
                }
            }
        }
        let rows = [
            json!({"id": "i1", "start_date_local": "2026-11-27T08:00:00"}),
            activity(&json!({"id": "i2", "moving_time": 3600, "decoupling": 2.0})),
        ];
        give(&world, world.ana(), json!({ "activities": rows }));
        let text = ask(&world, world.ana(), TOOLS[1], json!({})).await;
        assert!(text.contains("1 with extended metrics of 1 activity"), "{text}");
        assert!(
            text.contains(
                "Unreadable: 1 empty entry, of which intervals.icu sends no time, distance or load."
            ),
            "{text}"
        );
        // A strength session without a time is none.
        let text = details(
            &world,
            &json!({"type": "WeightTraining", "moving_time": null}),
            json!({}),
        )
        .await;
        assert!(!text.contains(empty), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_without_an_owner_is_not_called_somebody_elses() {
    on_saturday(async |world| {
        for (owner, says, never) in [
            (
                json!(null),
                "does not say whose activity this is",
                "not one of this athlete's",
            ),
            (
                json!("i999"),
                "not one of this athlete's activities",
                "does not say whose",
            ),
        ] {
            let id = format!("i98{}", says.len());
            let run = activity(&json!({"id": id, "moving_time": 1800, "icu_athlete_id": owner}));
            give(&world, world.ana(), json!({"activities": [run]}));
            for tool in TOOLS {
                let call = world.mcp(&world.ana().link).call(tool, json!({"id": id})).await;
                assert!(call.is_error(), "{}", call.text());
                assert!(
                    call.text().contains(says) && !call.text().contains(never),
                    "{}",
                    call.text()
                );
                assert!(!call.text().contains("0:30"), "{}", call.text());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_another_athlete_costs_only_the_plan() {
    on_saturday(async |world| {
        for (id, owner, is_shown) in [(1, json!("i999"), false), (2, json!(null), true)] {
            let event = json!({"id": id, "athlete_id": owner, "category": "WORKOUT", "type": "Run", "name": "Tempo",
                "start_date_local": "2026-11-28T00:00:00", "moving_time": 1800, "paired_activity_id": format!("i97{id}")});
            let run = activity(&json!({"id": format!("i97{id}"), "moving_time": 1800, "paired_event_id": id}));
            give(&world, world.ana(), json!({"events": [event], "activities": [run]}));
            let asked = json!({"id": format!("i97{id}"), "include": ["plan"]});
            let text = ask(&world, world.ana(), TOOLS[0], asked).await;
            assert!(text.contains("moving 0:30:00"), "{text}");
            assert_eq!(text.contains("«Tempo»"), is_shown, "{text}");
            let says = "Plan left out: intervals.icu answered about another athlete, so nothing is shown.";
            assert_eq!(text.contains(says), !is_shown, "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_athletes_own_fields_are_named_and_shown_in_full() {
    on_saturday(async |world| {
        let items = json!([
            {"id": 1, "type": "ACTIVITY_FIELD", "name": "Lactate", "content": {"code": "LactateMmol", "type": "numeric"}},
            {"id": 2, "type": "ACTIVITY_FIELD", "name": "What I » ate", "content": {"code": "Fuel", "type": "text"}},
            {"id": 3, "type": "INPUT_FIELD", "name": "Sauna", "content": {"code": "Surface", "type": "select"}},
        ]);
        let own = json!({"moving_time": 1800, "LactateMmol": 4.25, "Fuel": "2 gels\n«nothing» else", "Surface": "gravel", "Empty": null,
            "Blank": "", "Odd": {"a": 1}, "Done": true});
        let with = |id: &str, fields: &Value, answers: Value| {
            let mut run = activity(fields);
            run["id"] = json!(id);
            give(&world, world.ana(), json!({"activities": [run], "answers": answers}));
            let (link, id) = (&world.ana().link, id.to_owned());
            let world = &world;
            async move { asked_for(world, link, TOOLS[0], json!({"id": id, "detail": "full"})).await }
        };
        let (text, paths) = with("i1", &own, json!({"/custom-item": items})).await;
        let values = "own fields: «Done» yes · «What I › ate» «2 gels / ‹nothing› else» · «Lactate» 4.25 · «Surface» «gravel»";
        for part in values.trim_start_matches("own fields: ").split(" · ") {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Empty") && !text.contains("Blank") && !text.contains("Odd"), "{text}");
        assert_eq!(paths.len(), 2, "{paths:?}");
        let text = ask(&world, world.ana(), TOOLS[0], json!({"id": "i1"})).await;
        let line = text.lines().find(|line| line.starts_with("own fields: ")).unwrap();
        assert!(line.contains("«Lactate»") && line.ends_with("(values with detail=full)"), "{text}");
        assert!(!text.contains("4.25") && !text.contains("gels"), "{text}");
        // Without any, nothing more is asked.
        let (text, paths) = with("i2", &json!({"moving_time": 1800}), json!({})).await;
        assert!(!text.contains("own fields") && paths.len() == 1, "{paths:?} {text}");
    })
    .await;
}

/// The activity of [`planned_ride`] with its plan.
async fn with_plan(world: &Arc<World>, id: i64, event: Value, ride: Value) -> String {
    give(
        world,
        world.ana(),
        json!({"events": [event], "activities": [ride]}),
    );
    let asked = json!({"id": format!("i96{id}"), "include": ["plan"]});
    ask(world, world.ana(), TOOLS[0], asked).await
}

/// A ride of this plan: a warm-up, twice five minutes with a rest of two, an end.
fn planned_ride(id: i64, day: &str, laps: &[(&str, u32)]) -> (Value, Value) {
    let power = |value: f64, from: f64, to: f64| json!({"power": {"value": value, "units": "%ftp"}, "_power": {"value": from, "start": from, "end": to}});
    let step = |secs: u32, target: Value| {
        let mut step = target;
        step["duration"] = json!(secs);
        step
    };
    let zone = json!({"power": {"value": 2, "units": "power_zone"}, "_power": {"start": 138, "end": 187}});
    let event = json!({"id": id, "category": "WORKOUT", "type": "Ride", "name": "Twice five", "start_date_local": format!("{day}T00:00:00"),
        "paired_activity_id": format!("i96{id}"), "workout_doc": {"ftp": 250, "steps": [step(600, zone),
            {"reps": 2, "steps": [step(300, power(110.0, 268.0, 282.0)), step(120, power(50.0, 122.0, 129.0))]}, step(300, power(45.0, 110.0, 116.0))]}});
    let mut start = 0;
    let laps: Vec<Value> = laps
        .iter()
        .map(|(kind, secs)| {
            start += secs;
            lap(
                kind,
                start - secs,
                *secs,
                &json!({"average_watts": 200, "distance": secs * 9}),
            )
        })
        .collect();
    let ride = json!({"id": format!("i96{id}"), "type": "Ride", "moving_time": start, "distance": start * 9, "icu_average_watts": 200, "icu_ftp": 246,
        "paired_event_id": id, "icu_lap_count": laps.len(), "icu_intervals": laps});
    (event, activity(&ride))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_step_stands_beside_its_lap() {
    on_saturday(async |world| {
        let as_planned = [
            ("WORK", 610),
            ("WORK", 302),
            ("RECOVERY", 118),
            ("WORK", 299),
            ("RECOVERY", 120),
            ("RECOVERY", 402),
        ];
        let mut pressed = as_planned.to_vec();
        pressed.insert(3, ("WORK", 2));
        let auto = [("WORK", 300); 6];
        for (id, day, laps, beside) in [
            (1, "2026-11-28", &as_planned[..], true),
            // Of another day than the activity.
            (2, "2026-11-27", &as_planned[..], true),
            (3, "2026-11-28", &pressed[..], true),
            (4, "2026-11-28", &as_planned[..5], false),
            (5, "2026-11-28", &auto[..], false),
        ] {
            let (event, ride) = planned_ride(id, day, laps);
            let text = with_plan(&world, id, event, ride).await;
            // As get_events shows them: zones too.
            for step in [
                "\n10 min 138–187 W (power Z2)\n",
                "\n  5 min 268–282 W (110 % FTP)\n",
            ] {
                assert!(text.contains(step), "{step} {text}");
            }
            assert!(
                text.contains("its steps (FTP 250 W; in use for this activity 246 W):"),
                "{text}"
            );
            assert_eq!(
                text.contains("beside each its step of the plan"),
                beside,
                "{text}"
            );
            assert_eq!(text.contains("\tplanned step\t"), beside, "{text}");
            if beside {
                let step = |lap: &str| row(&text, "lap\t", lap)["planned step"].clone();
                assert_eq!(step("1\t"), "10 min 138–187 W (power Z2)", "{text}");
                assert_eq!(
                    [step("2\t"), step("3\t")],
                    ["5 min 268–282 W (110 % FTP)", "2 min 122–129 W (50 % FTP)"],
                    "{text}"
                );
                let last = laps.len().to_string() + "\t";
                assert_eq!(step(&last), "5 min 110–116 W (45 % FTP)", "{text}");
                assert!(laps.len() == 6 || step("4\t").is_empty(), "{text}");
            }
        }
        // Laps of another number are no steps of it.
        for (id, steps, laps, says) in [
            (7, 6, 5, "has 6 steps, so these are others"),
            (8, 1, 6, "has 1 step, so these are others"),
            (9, 0, 6, "has no steps, so these are others"),
            (10, 60, 6, "has 60 steps, so these are others"),
        ] {
            let (mut event, ride) = planned_ride(id, "2026-11-28", &as_planned[..laps]);
            let step = json!({"duration": 600, "power": {"value": 60, "units": "%ftp"}});
            event["workout_doc"]["steps"] = match steps {
                6 => event["workout_doc"]["steps"].clone(),
                0 | 1 => json!(vec![step; steps]),
                steps => json!([{"reps": steps, "steps": [step]}]),
            };
            let text = with_plan(&world, id, event, ride).await;
            let line = format!("Laps {laps}: the device's laps; the planned workout that is paired {says}");
            assert!(text.contains(&line), "{line} {text}");
            assert!(
                !text.contains("most likely its steps") && !text.contains("planned step"),
                "{text}"
            );
        }
        // Without the plan it is not asked for.
        let (event, ride) = planned_ride(6, "2026-11-28", &as_planned);
        give(
            &world,
            world.ana(),
            json!({"events": [event], "activities": [ride]}),
        );
        let (text, paths) = asked_for(&world, &world.ana().link, TOOLS[0], json!({"id": "i966"})).await;
        assert!(
            !text.contains("planned step") && paths.len() == 1,
            "{paths:?} {text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_a_plan_are_asked_for_resolved() {
    on_saturday(async |world| {
        let (event, ride) = planned_ride(7, "2026-11-28", &[("WORK", 600)]);
        give(
            &world,
            world.ana(),
            json!({"events": [event], "activities": [ride]}),
        );
        world.sim.clear_requests();
        ask(
            &world,
            world.ana(),
            TOOLS[0],
            json!({"id": "i967", "include": ["plan"]}),
        )
        .await;
        let asked = world
            .sim
            .requests()
            .into_iter()
            .filter(|request| request.path.contains("/events"));
        let asked: Vec<String> = asked.map(|request| request.query).collect();
        assert!(asked.len() == 1 && asked[0].contains("resolve=true"), "{asked:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_hills_a_threshold_compares_with_the_pace_without_them() {
    on_saturday(async |world| {
        let hill = |speed: f64, gap: Value| lap("WORK", 0, 240, &json!({"distance": 800, "average_speed": speed, "gap": gap}));
        let of = async |sport: &str, gap: Value| {
            let fields = json!({"type": sport, "moving_time": 240, "threshold_pace": 4.0, "icu_lap_count": 1, "icu_intervals": [hill(3.2, gap)]});
            details(&world, &fields, json!({})).await
        };
        let text = of("Run", json!(4.2)).await;
        assert_eq!(row(&text, "lap\t", "1\t")["% of threshold by GAP"], "105", "{text}");
        for (sport, gap) in [("Run", json!(null)), ("Run", json!(0)), ("Swim", json!(4.2))] {
            let text = of(sport, gap).await;
            assert_eq!(row(&text, "lap\t", "1\t")["% of threshold speed"], "80", "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_standing_still_is_a_stop() {
    on_saturday(async |world| {
        let equal = run(0.0, &[(4.0, 300), (0.0, 120), (4.0, 300)]);
        let drifting = run(0.0, &[(4.0, 300), (0.1, 120), (4.0, 300)]);
        let mut jumping = run(0.0, &[(4.0, 300), (0.0, 120), (4.0, 300)]);
        for (at, metres) in jumping["distance"].as_array_mut().unwrap().iter_mut().enumerate() {
            // A metre now and then, and back.
            if (300..420).contains(&at) && at / 10 % 3 == 2 {
                *metres = json!(metres.as_f64().unwrap() + 1.0);
            }
        }
        let mut gap = run(0.0, &[(4.0, 600)]);
        for second in &mut gap["time"].as_array_mut().unwrap()[301..] {
            *second = json!(second.as_u64().unwrap() + 120);
        }
        for (how, recording) in [("equal", equal), ("drifting", drifting), ("jumping", jumping), ("gap", gap)] {
            let text = splits(&world, recording).await;
            assert!(text.starts_with("Splits of 1 km from the recording in moving time: pauses and standing still, from 10 s on, do not count\n"), "{text}");
            let (first, second) = (row(&text, "to km", "1.00"), row(&text, "to km", "2.00"));
            assert_eq!((first["pace /km"].as_str(), first["stopped"].as_str()), ("4:10", ""), "{how}: {text}");
            let secs = |clock: &str| clock.rsplit(':').next().unwrap().parse::<i32>().unwrap() + 60 * clock[2..4].parse::<i32>().unwrap();
            assert!((secs(&second["time"]) - 250).abs() <= 5, "{how}: {text}");
            assert!((secs(&second["stopped"]) - 120).abs() <= 8, "{how}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altitude_that_never_moves_was_not_measured() {
    on_saturday(async |world| {
        let of = |say: &dyn Fn(u32) -> f64| json!((0..=1800).map(say).collect::<Vec<_>>());
        let still = of(&|_| 10.0);
        let wavy = of(&|at| 200.0 + f64::from(at % 20));
        let none = "No climbs: the recorded altitude never moves, so none was measured.";
        let says = "The recorded altitude never moves, so none was measured.";
        for (altitude, fixed, stands) in [
            (&still, None, true),
            (&of(&|_| 0.0), None, true),
            (&still, Some(&still), true),
            (&still, Some(&wavy), false),
            (&wavy, None, false),
        ] {
            let mut recording = run(0.0, &[(5.0, 1800)]);
            recording["altitude"] = altitude.clone();
            if let Some(fixed) = fixed {
                recording["fixed_altitude"] = fixed.clone();
            }
            let fields = json!({"type": "Ride", "moving_time": 1800, "total_elevation_gain": 0});
            let text = about(
                &world,
                "get_climb_segments",
                fields.clone(),
                recording.clone(),
                json!({}),
            )
            .await;
            assert_eq!(
                (text.contains(none), text.contains("above the sea")),
                (stands, !stands),
                "{text}"
            );
            assert!(stands || text.contains("between 20"), "{text}");
            let asked = json!({"include": ["streams", "splits"]});
            let text = about(&world, "get_activity_detail", fields, recording, asked).await;
            assert_eq!(
                (text.contains(says), text.contains("altitude m")),
                (stands, !stands),
                "{text}"
            );
            if !stands {
                assert!(
                    row(&text, "from\t", "0:00:00\t")["altitude m"].starts_with("20"),
                    "{text}"
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_in_metres_says_so_to_those_who_read_feet() {
    on_saturday(async |world| {
        let mut recording = run(0.0, &[(5.0, 1800)]);
        recording["altitude"] = json!((0..=1800).map(|at| 200 + at % 20).collect::<Vec<_>>());
        for (person, id, says) in [
            (
                world.tria(),
                "i91",
                "use a lower min_gain (in metres, now 40) or min_grade.",
            ),
            (world.ana(), "i92", "use a lower min_gain or min_grade."),
        ] {
            let ride = activity(&json!({"id": id, "type": "Ride", "moving_time": 1800}));
            give(
                &world,
                person,
                json!({"activities": [ride], "streams": {id: recording}}),
            );
            let text = ask(
                &world,
                person,
                "get_climb_segments",
                json!({"id": id, "min_gain": 40}),
            )
            .await;
            assert!(text.contains(says), "{text}");
        }
    })
    .await;
}
