//! What could not be read is said: rows in a form that nobody knows, pages instead of data, parts that do not answer.

use icusync_sim::Fault;
use serde_json::{Value, json};

use super::{ask, ask_at, give, on_saturday};
use crate::{roster::change, world::World};

/// Every request whose path and query contain `matching` gets this body.
pub(super) fn serve(world: &World, matching: &str, body: &str) {
    world.sim.fault(Fault::on(matching).status(200).body(body));
}

/// Odd rows of each kind, two beside `row`: a key twice, half a character, a number.
fn odd(row: &str) -> [String; 3] {
    let (id, rest) = row.split_once(',').unwrap();
    let twice = format!("{id},{},{rest}", id.trim_start_matches('{'));
    let broken = format!("{id},\"name\":\"\\ud800\",{rest}");
    [
        format!("[{row},{twice},{twice}]"),
        format!("[{broken},{row},{broken}]"),
        format!("[3,{row},\"text\"]"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_counted_wherever_rows_are_read() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let people = [world.ana(), world.jack(), world.tria()];
        let owner = |at: usize| people[at].person.athlete_id;
        for (tools, matching, row, words) in [
            (
                &["get_training_history", "get_training_summary"][..],
                "/activities?",
                r#"{"id":"i1","icu_athlete_id":"OWNER","type":"Ride","start_date_local":"2026-11-26T07:00:00","moving_time":3600,"icu_training_load":50}"#,
                "activities",
            ),
            (
                &["get_wellness", "get_fitness"],
                "/wellness?",
                r#"{"id":"2026-11-26","ctl":50,"atl":60,"restingHR":50,"hrv":60}"#,
                "wellness days",
            ),
            (
                &["get_events"],
                "/events?",
                r#"{"id":7,"category":"NOTE","start_date_local":"2026-11-29T00:00:00","description":"Hi"}"#,
                "calendar entries",
            ),
        ] {
            for (at, person) in people.into_iter().enumerate() {
                world.sim.clear_faults();
                serve(&world, matching, &odd(&row.replace("OWNER", owner(at)))[at]);
                for tool in tools {
                    let text = ask(&world, person, tool, json!({})).await;
                    let count = if *tool == "get_events" { 4 } else { 2 };
                    let says = format!("\n{count} {words} could not be read: neither shown nor counted.");
                    assert!(text.contains(&says), "{tool}: {text}");
                }
            }
        }
        let text = ask_at(&world, &coach, "get_roster_overview", json!({})).await;
        assert!(text.contains("calendar entries could not be read"), "{text}");
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_sent_twice_counts_once() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let ana = world.ana();
        let rows = [
            (
                "/events?",
                r#"{"id":7,"category":"WORKOUT","type":"Ride","start_date_local":"2026-11-28T00:00:00","moving_time":3600,"icu_training_load":50,"name":"Tempo"}"#,
            ),
            (
                "/activities?",
                r#"{"id":"i1","icu_athlete_id":"i900001","type":"Ride","start_date_local":"2026-11-26T07:00:00","moving_time":3600,"icu_training_load":50,"decoupling":2.5}"#,
            ),
            (
                "/activities/search?",
                r#"{"id":"i1","icu_athlete_id":"i900001","type":"Ride","start_date_local":"2026-11-26T07:00:00","moving_time":3600,"name":"Tempo"}"#,
            ),
            (
                "/wellness?",
                r#"{"id":"2026-11-26","ctl":50,"atl":60,"ctlLoad":50,"restingHR":50,"hrv":60}"#,
            ),
        ];
        let mut said: Vec<Vec<String>> = Vec::new();
        for times in [1, 2] {
            world.sim.clear_faults();
            for (matching, row) in rows {
                serve(&world, matching, &format!("[{}]", vec![row; times].join(",")));
            }
            // Asked anew.
            sqlx::query("update connections set write_number = write_number + 1")
                .execute(&world.app.pool)
                .await
                .unwrap();
            let mut texts = Vec::new();
            for (tool, arguments) in [
                ("get_events", json!({"include": ["done"]})),
                ("get_fitness", json!({})),
                ("get_fitness", json!({"step": "week"})),
                ("get_wellness", json!({"step": "week"})),
                ("get_extended_metrics", json!({})),
                ("get_training_history", json!({"include": ["planned"]})),
                ("get_training_history", json!({"query": "tempo"})),
                ("get_training_summary", json!({"include": ["planned"]})),
            ] {
                texts.push(ask(&world, ana, tool, arguments).await);
            }
            texts.push(ask_at(&world, &coach, "get_roster_overview", json!({"athletes": ["ana"]})).await);
            said.push(texts);
        }
        for (once, twice) in said[0].iter().zip(&said[1]) {
            assert_eq!(once, twice);
        }
        assert!(said[0][0].contains("load 50"), "{}", said[0][0]);
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_its_cause_and_what_helps() {
    on_saturday(async |world| {
        let nell = world.nell();
        // So that the profile was read today.
        ask(
            &world,
            nell,
            "get_wellness",
            json!({"oldest": "2026-01-01", "newest": "2026-01-02"}),
        )
        .await;
        let page = "<!doctype html><title>Maintenance</title>".to_owned();
        let too_many = format!("[{}]", vec!["{}"; 20_001].join(","));
        for (status, body, says, never) in [
            (200, page.clone(), "try again in a few minutes", "shorter range"),
            (200, String::new(), "try again in a few minutes", "shorter range"),
            (404, "{}".to_owned(), "it has no such data", "id"),
            (
                200,
                too_many.clone(),
                "Ask for less: a shorter range",
                "few minutes",
            ),
            (
                200,
                "[{]".to_owned(),
                "could not be read. Try again in a few minutes",
                "too large",
            ),
        ] {
            for (tool, arguments) in [
                ("get_training_history", json!({})),
                ("get_wellness", json!({})),
                ("get_events", json!({})),
                ("get_fitness", json!({})),
            ] {
                world.sim.clear_faults();
                world.sim.fault(Fault::on("").status(status).body(body.as_str()));
                let call = world.mcp(&nell.link).call(tool, arguments).await;
                let text = call.text();
                assert!(
                    call.is_error() && text.starts_with("Not done: "),
                    "{tool}: {text}"
                );
                assert!(text.contains(says), "{status} {tool}: {text}");
                let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
                assert!(
                    !text.contains(never) || (never == "id" && !words.contains(&"id")),
                    "{tool}: {text}"
                );
            }
        }
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_says_its_cause_and_the_rest_stays() {
    on_saturday(async |world| {
        let coach = &world.coaches().await[0].link;
        change(
            &world,
            world.jack(),
            &["get_fitness", "get_training_history", "get_events"],
            None,
        )
        .await;
        // A load of today, so that select_athlete needs the calendar.
        let day = |id: &str| json!({"id": id, "ctl": 50, "atl": 40, "ctlLoad": 60, "atlLoad": 60});
        give(
            &world,
            world.jack(),
            json!({"wellness": [day("2026-11-27"), day("2026-11-28")]}),
        );
        let page = "<!doctype html><title>Maintenance</title>";
        let too_many = format!("[{}]", vec!["{}"; 20_001].join(","));
        for (fault, says) in [
            (
                Fault::on("/events?").status(200).body(page),
                "left out: the calendar did not answer; try again in a few minutes.",
            ),
            (
                Fault::on("/events?").status(403).body("{\"error\":\"no\"}"),
                "left out: intervals.icu does not let this account see it.",
            ),
            (
                Fault::on("/events?").status(404),
                "left out: intervals.icu answered that it is not there.",
            ),
            (
                Fault::on("/events?").status(429),
                "left out: the requests that intervals.icu allows are used up; try again later.",
            ),
            (
                Fault::on("/events?").status(200).body(too_many),
                "left out: it is too large to be read; ask for less.",
            ),
            (
                Fault::on("/events?")
                    .status(200)
                    .body(r#"[{"id":1,"athlete_id":"i424242","category":"WORKOUT","name":"Theirs"}]"#),
                "left out: intervals.icu answered about another athlete, so nothing is shown.",
            ),
        ] {
            world.sim.clear_faults();
            world.sim.fault(fault);
            for tool in ["get_training_history", "get_training_summary"] {
                let text = ask(&world, world.jack(), tool, json!({"include": ["planned"]})).await;
                assert!(
                    text.contains(says) && !text.contains("Theirs") && text.contains("Run"),
                    "{tool}: {text}"
                );
            }
            for (link, tool, arguments) in [
                (&world.jack().link, "get_fitness", json!({})),
                (&world.jack().link, "get_fitness", json!({"step": "week"})),
                (coach, "select_athlete", json!({"athlete": "jack"})),
            ] {
                let text = ask_at(&world, link, tool, arguments).await;
                assert!(
                    text.contains(&format!("\nPlanned workouts and races {says}")) && text.contains("CTL"),
                    "{tool}: {text}"
                );
            }
        }
        world.sim.clear_faults();
        let alone: Value = json!({});
        let text = ask(&world, world.ana(), "get_training_history", alone).await;
        assert!(!text.contains("could not be read"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_week_that_was_not_read_is_said() {
    on_saturday(async |world| {
        const FRESH: &str = "update connections set refreshed_at = '2026-11-28T08:00:00Z', zone = 'Europe/Berlin', zone_source = 'settings'";
        const WHAT: &str = "\nWhat the week usually allows left out: ";
        // So that the profile is not read before.
        sqlx::query(FRESH).execute(&world.app.pool).await.unwrap();
        for (person, profile, why) in [
            (
                world.jack(),
                json!([]),
                "what intervals.icu sent could not be read; try again in a few minutes.",
            ),
            (
                world.ana(),
                json!({"id": "i424242", "name": "Somebody"}),
                "intervals.icu answered about another athlete, so nothing is shown.",
            ),
        ] {
            let path = format!("/athlete/{}", person.person.athlete_id);
            give(&world, person, json!({"events": [], "answers": {path: profile}}));
            for given in [json!({}), json!({"kinds": ["availability"]})] {
                let text = ask(&world, person, "get_events", given).await;
                assert!(text.contains(&format!("{WHAT}{why}")), "{text}");
            }
            // Nobody asks what the week allows.
            for given in [
                json!({"query": "a"}),
                json!({"kinds": ["workouts"]}),
                json!({"oldest": "2026-11-01", "newest": "2026-11-20"}),
            ] {
                let text = ask(&world, person, "get_events", given).await;
                assert!(!text.contains("usually"), "{text}");
            }
        }
        // The calendar twice, what was done and the form of the race's morning: nothing is left for it.
        let race = json!({"id": 1, "category": "RACE_A", "type": "Run", "name": "City", "start_date_local": "2026-12-06T09:00:00"});
        give(&world, world.tria(), json!({"events": [race]}));
        let text = ask(&world, world.tria(), "get_events", json!({"include": ["done"]})).await;
        let why = "the other parts took all requests of a call; use kinds=availability.";
        assert!(text.contains(&format!("{WHAT}{why}")), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_one_id_that_differ_are_said() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let ana = world.ana();
        let event = |load: u32| json!({"id": 7, "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-29T00:00:00", "icu_training_load": load});
        let activity = |load: u32| json!({"id": "i1", "icu_athlete_id": "i900001", "type": "Ride", "start_date_local": "2026-11-26T07:00:00",
            "moving_time": 3600, "icu_training_load": load});
        let day = |load: u32| json!({"id": "2026-11-26", "ctl": load, "atl": 60, "ctlLoad": 50, "restingHR": load, "hrv": 60});
        let rows = |row: &dyn Fn(u32) -> Value, loads: &[u32]| json!(loads.iter().map(|load| row(*load)).collect::<Vec<_>>()).to_string();
        for (loads, count) in [(&[51, 51][..], 0), (&[51, 52], 1), (&[51, 51, 53], 1), (&[51, 52, 53], 2)] {
            world.sim.clear_faults();
            serve(&world, "/events?", &rows(&event, loads));
            serve(&world, "/activities?", &rows(&activity, loads));
            serve(&world, "/wellness?", &rows(&day, loads));
            sqlx::query("update connections set write_number = write_number + 1")
                .execute(&world.app.pool)
                .await
                .unwrap();
            for (tool, arguments, [one, many]) in [
                ("get_wellness", json!({}), ["wellness day", "wellness days"]),
                ("get_wellness", json!({"step": "week"}), ["wellness day", "wellness days"]),
                ("get_fitness", json!({}), ["wellness day", "wellness days"]),
                ("get_training_history", json!({}), ["activity", "activities"]),
                ("get_training_summary", json!({}), ["activity", "activities"]),
                ("get_events", json!({"kinds": ["notes", "workouts"]}), ["calendar entry", "calendar entries"]),
            ] {
                let text = ask(&world, ana, tool, arguments).await;
                // The calendar is asked twice.
                let count = if tool == "get_events" { 2 * count } else { count };
                let says = format!("{count} {} came twice with different values: the first counts.", if count == 1 { one } else { many });
                assert_eq!(text.contains(&says), count > 0, "{tool}: {text}");
                assert_eq!(text.contains("came twice"), count > 0, "{tool}: {text}");
                assert!(text.contains("51") && !text.contains("52") && !text.contains("53"), "{tool}: {text}");
            }
            let overview = json!({"athletes": ["ana"]});
            let text = ask_at(&world, &coach, "get_roster_overview", overview).await;
            assert_eq!(text.contains("came twice"), count > 0, "{text}");
        }
        world.sim.clear_faults();
    })
    .await;
}
