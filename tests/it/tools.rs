//! The read tools as a client receives them, with the simulator's people: budgets, sums, names, secrets.

use std::sync::Arc;

use icusync::tools::{CATALOGUE, Run, Tool};
use serde_json::{Value, json};

use crate::world::{self, World};

/// Calls a tool through a person's link; returns the answer, and what upstream was asked for it.
async fn ask(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> (String, Vec<String>) {
    world.sim.clear_requests();
    let call = world.mcp(link).call(tool, arguments).await;
    assert!(!call.is_error(), "{}", call.text());
    let asked = world
        .sim
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    (call.text().to_owned(), asked)
}

/// Refreshes each person's row, as the first call does; after that every request belongs to a tool.
async fn settled(world: &Arc<World>) {
    for person in &world.people {
        let call = world
            .mcp(&person.link)
            .call("get_athlete_profile", json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.text());
    }
}

/// The tools that read one athlete's data.
fn reads() -> impl Iterator<Item = &'static Tool> {
    CATALOGUE.iter().filter(|tool| matches!(tool.run, Run::Read(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_begins_with_whose_it_is_and_their_own_today() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        // 08:00 UTC on Saturday is 19:00 in Melbourne; fourteen hours on it is Sunday there and Saturday in Berlin.
        world.clock.advance(chrono::Duration::hours(14));
        for tool in reads() {
            let arguments = world.defaults(world.ana(), tool).await.unwrap();
            let (text, _) = ask(&world, &world.ana().link, tool.name(), arguments).await;
            let line = text.lines().next().unwrap();
            assert!(line.starts_with("Ana Berger · "), "{line}");
            assert!(line.ends_with(" · Europe/Berlin, today 2026-11-21 Sat"), "{line}");
            let arguments = world.defaults(world.jack(), tool).await.unwrap();
            let (text, _) = ask(&world, &world.jack().link, tool.name(), arguments).await;
            let line = text.lines().next().unwrap();
            assert!(line.starts_with("Jack Nguyen · "), "{line}");
            assert!(
                line.ends_with(" · Australia/Melbourne, today 2026-11-22 Sun"),
                "{line}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_activities_are_answered_for_within_four_requests() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        assert!(world.sim.crowd("jack", 10_000));
        settled(&world).await;
        let jack = world.jack();
        let ten_years = json!({"oldest": "2016-11-23", "newest": "2026-11-21"});
        let mut calls = vec![("get_training_history", ten_years)];
        for tool in reads() {
            calls.push((tool.name(), world.defaults(jack, tool).await.unwrap()));
        }
        for (tool, arguments) in calls {
            let (text, asked) = ask(&world, &jack.link, tool, arguments).await;
            assert!(text.starts_with("Jack Nguyen · "), "{text}");
            assert!(asked.len() <= 4, "{tool}: {asked:?}");
            assert!(text.len() < 60_000, "{tool}: {} bytes", text.len());
        }
    })
    .await;
}

/// Hard case 114: Berlin's days of 23 and 25 hours begin and end when Berlin's clocks say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_turns_by_the_zones_own_clock_when_that_is_changed() {
    world::test(async |world| {
        for (utc, today) in [
            ("2027-03-27T22:59:59Z", "2027-03-27 Sat"),
            ("2027-03-27T23:00:00Z", "2027-03-28 Sun"),
            ("2027-03-28T21:59:59Z", "2027-03-28 Sun"),
            ("2027-03-28T22:00:00Z", "2027-03-29 Mon"),
            ("2027-10-30T22:00:00Z", "2027-10-31 Sun"),
            ("2027-10-31T22:59:59Z", "2027-10-31 Sun"),
            ("2027-10-31T23:00:00Z", "2027-11-01 Mon"),
        ] {
            world.clock.set(utc.parse().unwrap());
            let (text, _) = ask(&world, &world.ana().link, "get_wellness", json!({})).await;
            let line = text.lines().next().unwrap();
            assert!(
                line.ends_with(&format!(" · Europe/Berlin, today {today}")),
                "{utc}: {line}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_closed_and_missing_data_are_answered_for_all_the_same() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        for (seeded, zone) in [
            (world.tria(), "America/Los_Angeles"),
            (world.bishnu(), "Asia/Kathmandu"),
            (world.nell(), "America/St_Johns"),
        ] {
            for tool in reads() {
                // A person without activities cannot name one.
                let Some(concise) = world.defaults(seeded, tool).await else {
                    continue;
                };
                let mut ways = vec![concise];
                if tool.params.iter().any(|param| param.name == "detail") {
                    ways.push(ways[0].clone());
                    ways[1]["detail"] = json!("full");
                }
                for arguments in ways {
                    let (text, _) = ask(&world, &seeded.link, tool.name(), arguments).await;
                    let line = text.lines().next().unwrap();
                    assert!(line.starts_with(&format!("{} · ", seeded.person.name)), "{line}");
                    assert!(
                        line.ends_with(&format!(" · {zone}, today 2026-11-21 Sat")),
                        "{line}"
                    );
                    assert!(!text.contains("null") && !text.contains("NaN"), "{text}");
                    assert!(!text.contains('\u{202E}') && !text.contains('\u{200B}'), "{text}");
                }
            }
        }
        let (text, _) = ask(&world, &world.tria().link, "get_training_history", json!({})).await;
        assert!(text.lines().nth(1).unwrap().contains("\tmi\t"), "{text}");
        let (text, _) = ask(&world, &world.bishnu().link, "get_training_history", json!({})).await;
        assert!(text.contains("closed by Strava"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_call_makes_one_request_and_each_extra_source_one_more() {
    world::test(async |world| {
        settled(&world).await;
        let link = &world.ana().link;
        for (tool, arguments, requests) in [
            ("get_training_history", json!({}), 1),
            (
                "get_training_history",
                json!({"detail": "full", "sport": "ride"}),
                1,
            ),
            ("get_training_history", json!({"query": "long"}), 1),
            (
                "get_training_history",
                json!({"include": ["planned"], "oldest": "2026-11-01"}),
                2,
            ),
            // Today's plan is named beside its row.
            ("get_fitness", json!({}), 2),
            (
                "get_fitness",
                json!({"oldest": "2024-01-01", "newest": "2026-11-20", "detail": "full"}),
                1,
            ),
            ("get_wellness", json!({}), 1),
            (
                "get_wellness",
                json!({"detail": "full", "oldest": "2026-06-01"}),
                2,
            ),
            ("get_training_summary", json!({}), 1),
            // One was not done: an absence begun before may be why.
            (
                "get_training_summary",
                json!({"include": ["planned"], "oldest": "2026-09-07"}),
                3,
            ),
            ("get_events", json!({}), 2),
            (
                "get_events",
                json!({"include": ["done"], "oldest": "2026-11-09", "detail": "full"}),
                3,
            ),
            // Read a moment ago, and so answered from the cache.
            ("get_athlete_profile", json!({}), 0),
        ] {
            let (_, asked) = ask(&world, link, tool, arguments.clone()).await;
            assert_eq!(asked.len(), requests, "{tool} {arguments}: {asked:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_activities_keeps_its_budget() {
    world::test(async |world| {
        for person in [world.ana(), world.jack()] {
            let arguments = json!({"oldest": "2026-10-23"});
            let (text, _) = ask(&world, &person.link, "get_training_history", arguments).await;
            let rows = text.lines().filter(|line| line.starts_with("2026-")).count();
            assert!((15..=31).contains(&rows), "{rows} rows\n{text}");
            assert!(text.len() <= 3500, "{} bytes\n{text}", text.len());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sums_are_those_of_the_rows() {
    world::test(async |world| {
        let arguments = json!({"oldest": "2026-10-01", "limit": 200});
        let (text, _) = ask(&world, &world.jack().link, "get_training_history", arguments).await;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.nth(1).unwrap().split('\t').collect();
        let column = |name: &str| header.iter().position(|own| *own == name).unwrap();
        let loads: i64 = lines
            .filter(|line| line.starts_with("2026-"))
            .filter_map(|line| line.split('\t').nth(column("load"))?.parse::<i64>().ok())
            .sum();
        assert!(loads > 500, "{text}");
        assert!(text.contains(&format!("load {loads} (")), "{loads}\n{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fitness_follows_from_the_loads_and_looks_ahead() {
    world::test(async |world| {
        let (text, _) = ask(&world, &world.ana().link, "get_fitness", json!({})).await;
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with("2026-"))
            .map(|line| line.split('\t').collect())
            .collect();
        assert_eq!(rows.len(), 35, "{text}");
        let header: Vec<&str> = text.lines().nth(1).unwrap().split('\t').collect();
        let column = |name: &str| header.iter().position(|own| *own == name).unwrap();
        let number = |row: &[&str], name: &str| -> f64 { row[column(name)].parse().unwrap() };
        for (at, row) in rows.iter().enumerate() {
            let (ctl, atl) = (number(row, "CTL"), number(row, "ATL"));
            assert!((number(row, "form") - (ctl - atl)).abs() < 0.11, "{row:?}");
            let Some(before) = rows.get(at + 1) else { continue };
            // Blank where nothing is planned.
            let load = row.get(column("load")).map_or("0", |load| {
                load.trim_start_matches("planned ").trim_end_matches(" so far")
            });
            let load: f64 = load.parse().unwrap();
            let step = icusync::training::fitness::step(number(before, "CTL"), load, 42.0);
            assert!((step - ctl).abs() < 0.12, "{row:?}: {step}");
            // A morning's form is that of the evening before; shown for today and later.
            let morning = row[column("form a.m.")];
            let expected = if row[0] < "2026-11-21" {
                ""
            } else {
                before[column("form")]
            };
            assert_eq!(morning, expected, "{row:?}");
        }
        assert_eq!(text.matches("\tplanned ").count(), 5, "{text}");
        assert!(
            text.contains("intervals.icu's projection from what is planned after today"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_shared_or_does_not_answer_degrades_one_part() {
    world::test(async |world| {
        settled(&world).await;
        world
            .sim
            .fault(serde_json::from_value(json!({"match": "/events", "status": 503, "times": 9})).unwrap());
        let arguments = json!({"include": ["planned"]});
        let (text, _) = ask(&world, &world.ana().link, "get_training_history", arguments).await;
        assert!(
            text.contains("Planned load left out: the calendar did not answer"),
            "{text}"
        );
        assert!(text.contains("\nWeeks (Mon), load: 16 Nov"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_upstream_and_no_address_is_ever_in_an_answer() {
    world::test(async |world| {
        world.with_everything_shared().await;
        world.with_every_group().await;
        for seeded in &world.people {
            let person = seeded.person;
            for tool in reads() {
                let Some(concise) = world.defaults(seeded, tool).await else {
                    continue;
                };
                let mut ways = vec![concise];
                if tool.params.iter().any(|param| param.name == "detail") {
                    ways.push(ways[0].clone());
                    ways[1]["detail"] = json!("full");
                }
                for arguments in ways {
                    let (text, _) = ask(&world, &seeded.link, tool.name(), arguments).await;
                    for hidden in [
                        person.api_key,
                        person.token,
                        person.invite_token,
                        person.private_email,
                        person.email,
                    ] {
                        assert!(!text.contains(hidden), "{}: {text}", tool.name());
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fortnight_of_plans_is_short_and_its_steps_are_resolved() {
    world::test(async |world| {
        for person in [world.ana(), world.jack()] {
            let (text, _) = ask(&world, &person.link, "get_events", json!({})).await;
            assert!(text.len() <= 4096, "{} bytes\n{text}", text.len());
            assert!(
                [
                    "\nPlanned: ",
                    "\nPlanned, done or not (include=done says which): "
                ]
                .iter()
                .any(|start| text.contains(start))
                    && text.contains("\nSteps, with targets"),
                "{text}"
            );
            assert!(
                !text.contains("not resolved") && !text.contains("no length given"),
                "{text}"
            );
            let past = json!({"oldest": "2026-11-02", "newest": "2026-11-15", "include": "done"});
            let (text, asked) = ask(&world, &person.link, "get_events", past).await;
            assert!(text.contains("\tdone ") && asked.len() == 3, "{asked:?}\n{text}");
            assert!(!text.contains("not paired"), "{text}");
        }
    })
    .await;
}

/// The line that begins so, up to the first tab after it, and the cell under `header`.
fn cell<'a>(text: &'a str, table: &str, row: &str, header: &str) -> &'a str {
    let top = text.lines().find(|line| line.starts_with(table)).unwrap();
    let at = top.split('\t').position(|name| name == header).unwrap();
    let row = text.lines().find(|line| line.starts_with(row)).unwrap();
    row.split('\t').nth(at).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_adds_up_to_the_history() {
    world::test(async |world| {
        let link = &world.jack().link;
        let range = json!({"oldest": "2026-10-19", "newest": "2026-11-15"});
        let (history, _) = ask(&world, link, "get_training_history", range.clone()).await;
        let weeks = history
            .lines()
            .find(|line| line.starts_with("Weeks (Mon), load: "))
            .unwrap();
        let (summary, _) = ask(&world, link, "get_training_summary", range).await;
        for (monday, named) in [
            ("2026-11-09", "9 Nov "),
            ("2026-11-02", "2 Nov "),
            ("2026-10-26", "26 Oct "),
            ("2026-10-19", "19 Oct "),
        ] {
            let load = weeks
                .split(" · ")
                .find_map(|week| week.trim_start_matches("Weeks (Mon), load: ").strip_prefix(named))
                .unwrap();
            let reply = cell(&summary, "week (Mon)", monday, "load");
            assert_eq!(reply, load, "{monday}\n{weeks}\n{summary}");
        }
        assert!(
            summary.contains("\nNow / before, 21 Sep – 18 Oct 2026 (absences: include=planned):\n")
                && summary.contains("\nZones "),
            "{summary}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_that_cannot_be_shown_say_that_none_can_be_written_and_why() {
    world::test(async |world: Arc<World>| {
        let ana = world.ana();
        let history = world
            .mcp(&ana.link)
            .call("get_training_history", json!({"sport": "ride"}))
            .await;
        let id = history.text().split_whitespace().find(|word| {
            word.strip_prefix('i')
                .is_some_and(|digits| digits.len() > 5 && digits.bytes().all(|b| b.is_ascii_digit()))
        });
        let id = id.unwrap_or_else(|| panic!("no id: {}", history.text()));
        for (status, why) in [(403, "does not let this account see it"), (503, "did not answer")] {
            let body = json!({"status": status, "error": "Access denied"}).to_string();
            let fault = icusync_sim::Fault::on("/messages").status(status).body(body);
            world.sim.fault(fault);
            let arguments = json!({"id": id, "include": ["comments"]});
            let call = world.mcp(&ana.link).call("get_activity_detail", arguments).await;
            assert!(!call.is_error(), "{}", call.text());
            let line = call
                .text()
                .lines()
                .find(|line| line.starts_with("Comments left out"));
            let line = line.unwrap_or_else(|| panic!("{}", call.text()));
            assert!(
                line.contains(why) && line.ends_with("opens private chats too."),
                "{line}"
            );
            world.sim.clear_faults();
        }
    })
    .await;
}
