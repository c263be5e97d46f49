//! Planned workouts written, changed, deleted and undone over MCP: what is said of each is what the simulator holds.
//!
//! Upstream's faults are in [`crate::writes_faults`]; the pages have tests of their own.

use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use icusync::{
    demo::seed::Seeded,
    tools::{CATALOGUE, Run},
};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::{self, World},
};

/// Saturday 2026-11-28 in everyone's zone; 10:00 in Berlin, 20:00 in Melbourne.
const NOW: &str = "2026-11-28T09:00:00Z";

const THRESHOLD_RUN: &str =
    "- 15m 70-78% LTHR\n\n4x\n- 8m 96-100% LTHR\n- 2m 70% LTHR intensity=recovery\n\n- 10m 70% LTHR";

pub(crate) const THRESHOLD: &str =
    "Warmup\n- 15m ramp 50-70%\n\n4x\n- 8m 96-100%\n- 4m 55% intensity=recovery\n\nCooldown\n- 10m 50%";

pub(crate) async fn on_saturday<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>) -> F) {
    world::test(async |world| {
        world.clock.set(NOW.parse().unwrap());
        body(world).await;
    })
    .await;
}

/// The text of an answer that is no error.
pub(crate) async fn done(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> String {
    let call = world.mcp(link).call(tool, arguments).await;
    assert!(!call.is_error(), "{tool}: {}", call.text());
    call.text().to_owned()
}

/// The text of an error.
pub(crate) async fn refused(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> String {
    let call = world.mcp(link).call(tool, arguments).await;
    assert!(call.is_error(), "{tool}: {}", call.text());
    call.text().to_owned()
}

/// What somebody's calendar holds on these days, without what every write changes.
pub(crate) fn calendar(
    world: &World,
    seeded: &Seeded,
    oldest: &str,
    newest: &str,
) -> Vec<Map<String, Value>> {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let mut events = world.sim.events(seeded.person.slug, day(oldest), day(newest));
    for event in &mut events {
        event.remove("updated");
    }
    events
}

fn ids(events: &[Map<String, Value>]) -> Vec<&Value> {
    events.iter().map(|event| &event["id"]).collect()
}

/// The entries with this name.
pub(crate) fn all_named(world: &World, seeded: &Seeded, name: &str) -> Vec<Map<String, Value>> {
    let mut all = calendar(world, seeded, "2026-11-01", "2027-12-31");
    all.retain(|event| event["name"] == name);
    all
}

/// The one entry with this name.
pub(crate) fn entry(world: &World, seeded: &Seeded, name: &str) -> Map<String, Value> {
    let mut found = all_named(world, seeded, name).into_iter();
    let only = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "two {name}");
    only
}

/// The id of the one entry with this name.
pub(crate) fn id_of(world: &World, seeded: &Seeded, name: &str) -> i64 {
    entry(world, seeded, name)["id"].as_i64().unwrap()
}

/// A push of one threshold ride.
pub(crate) fn threshold(name: &str) -> Value {
    json!({"workouts": [workout("Ride", "2026-12-10", name, THRESHOLD)]})
}

/// These arguments and more.
pub(crate) fn with(mut arguments: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("{more}")
    };
    arguments.as_object_mut().unwrap().extend(more);
    arguments
}

/// The token in an answer.
pub(crate) fn token(text: &str) -> Value {
    let rest = text
        .split("confirm: \"")
        .nth(1)
        .unwrap_or_else(|| panic!("no token: {text}"));
    json!(rest.split('"').next().unwrap())
}

/// The requests that changed something.
pub(crate) fn writes(world: &World) -> Vec<String> {
    let all = world.sim.requests().into_iter();
    all.filter(|request| request.method != "GET")
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

pub(crate) fn workout(sport: &str, date: &str, name: &str, text: &str) -> Value {
    json!({"sport": sport, "date": date, "name": name, "text": text})
}

/// Ten workouts from Monday to Sunday, of four sports.
pub(crate) fn a_week() -> Value {
    json!([
        workout("Run", "2026-11-30 Mon", "Easy", "- 40m 70-78% LTHR"),
        workout("Swim", "2026-12-01 Tue", "CSS 8x100", "- 200mtr\n\n8x\n- Strong 100mtr\n- 20s intensity=rest\n\n- 200mtr"),
        {"sport": "strength", "date": "2026-12-01", "name": "Strength A", "note": "- Squats 3x10\n- Plank 3x1m", "minutes": 45, "load": 20},
        workout("Run", "2026-12-02", "Tempo", "Warmup\n- 15m Z1 HR\n\n3x\n- 8m 95-100% Pace intensity=interval\n- 2m 60-70% Pace intensity=recovery\n\nCooldown\n- 10m Z1 HR"),
        workout("Ride", "2026-12-03 Thu", "Endurance", "- 1h30m 60-70% HR 85-95rpm"),
        workout("Run", "2026-12-03 Thu 18:30", "Strides", "- 30m 70-78% LTHR\n\n6x\n- 20s maxeffort\n- 1m intensity=recovery"),
        workout("Run", "2026-12-04", "Recovery", "- 30m 65-72% LTHR"),
        workout("Run", "2026-12-05", "Long", "- 1h40m 70-80% LTHR Press lap"),
        workout("Ride", "2026-12-06", "Recovery", "- 1h 50-55% HR"),
        workout("Swim", "2026-12-06", "Easy", "- 1000mtr"),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_lands_once_on_the_right_days_and_can_be_taken_back() {
    on_saturday(async |world| {
        let jack = world.jack();
        world.let_write(jack).await;
        // Sunday in Melbourne already, Saturday in London.
        world.clock.set("2026-11-28T15:30:00Z".parse().unwrap());
        let before = calendar(&world, jack, "2026-11-23", "2026-12-13");
        let push = json!({"workouts": a_week()});

        world.sim.clear_requests();
        let preview = json!({"workouts": a_week(), "preview": true});
        let text = done(&world, &jack.link, "push_workout", preview).await;
        assert!(text.starts_with("Jack Nguyen · preview, nothing written · 10 to write · Australia/Melbourne, today 2026-11-29 Sun"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        assert_eq!(calendar(&world, jack, "2026-11-23", "2026-12-13"), before);

        world.sim.clear_requests();
        let text = done(&world, &jack.link, "push_workout", push.clone()).await;
        assert!(text.contains(" · 10 written · "), "{text}");
        assert!(world.sim.requests().len() <= 4, "{:?}", world.sim.requests());
        assert_eq!(writes(&world).len(), 1);
        let after = calendar(&world, jack, "2026-11-23", "2026-12-13");
        assert_eq!(after.len(), before.len() + 10);
        for wanted in a_week().as_array().unwrap() {
            let (day, name) = (&wanted["date"].as_str().unwrap()[..10], &wanted["name"]);
            let sport = if wanted["sport"] == "strength" { json!("WeightTraining") } else { wanted["sport"].clone() };
            let is_it = |event: &&Map<String, Value>| {
                event["name"] == *name && event["type"] == sport && event["start_date_local"].as_str().unwrap().starts_with(day)
            };
            assert_eq!(after.iter().filter(is_it).count(), 1, "{wanted}");
            assert!(text.contains(&format!("{day} ")), "{text}");
        }
        let strides = entry(&world, jack, "Strides");
        assert_eq!(strides["start_date_local"], "2026-12-03T18:30:00");
        let tempo = entry(&world, jack, "Tempo");
        assert_eq!(tempo["workout_doc"]["steps"][1]["reps"], 3);
        assert_eq!(tempo["moving_time"], 3300);
        let line = text.lines().find(|line| line.contains("Run «Tempo»")).unwrap();
        assert!(
            line.contains(" · written · 0:55 · ") && line.contains(&format!(" · load {} (", tempo["icu_training_load"])),
            "{line}"
        );
        let strength = entry(&world, jack, "Strength A");
        assert_eq!(
            (&strength["moving_time"], &strength["icu_training_load"], &strength["description"]),
            (&json!(2700), &json!(20), &json!("• Squats 3x10\n• Plank 3x1m"))
        );

        for times in 1..3 {
            world.clock.advance(Duration::days(times));
            world.sim.clear_requests();
            // By now the first days are past, and what is past is not planned.
            let rest: Vec<Value> = a_week().as_array().unwrap()[7..].to_vec();
            let text = done(&world, &jack.link, "push_workout", json!({"workouts": rest})).await;
            assert!(text.contains(" · 3 already there · ") && text.contains("(change "), "{text}");
            assert_eq!(writes(&world), Vec::<String>::new());
        }
        assert_eq!(ids(&calendar(&world, jack, "2026-11-23", "2026-12-13")), ids(&after));

        world.sim.clear_requests();
        world.clock.set("2026-11-28T15:30:00Z".parse().unwrap());
        let text = done(&world, &jack.link, "undo_change", json!({"changes": "1-10"})).await;
        assert!(text.contains(" · 10 changes undone · "), "{text}");
        assert!(world.sim.requests().len() <= 5);
        assert_eq!(calendar(&world, jack, "2026-11-23", "2026-12-13"), before);
        let again = refused(&world, &jack.link, "undo_change", json!({"changes": "3"})).await;
        assert!(again.contains("NOT undone, it was undone already"), "{again}");

        world.clock.set("2026-11-28T15:30:00Z".parse().unwrap());
        let text = done(&world, &jack.link, "push_workout", push).await;
        assert!(text.contains(" · 10 written · "), "after an undo the same push writes anew: {text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_plans_for_several_at_once_with_each_ones_own_zones_and_days() {
    on_saturday(async |world| {
        let [ana, jack, tria] = [world.ana(), world.jack(), world.tria()];
        let coach = world.coaches().await[0].link.clone();
        // Sunday in Melbourne, Saturday elsewhere.
        world.clock.set("2026-11-28T15:30:00Z".parse().unwrap());
        let run = json!([workout("Run", "2026-12-03 Thu", "Threshold 4x8", THRESHOLD_RUN)]);
        let all = json!({"workouts": run, "athletes": ["Ana", "Jack", "Tríona"]});
        let before = [ana, jack, tria].map(|seeded| calendar(&world, seeded, "2026-11-23", "2026-12-13"));

        let text = done(&world, &coach, "push_workout", all.clone()).await;
        assert!(text.contains("has not granted push_workout"), "{text}");
        change(&world, jack, &["push_workout", "get_training_history"], None).await;
        world.sim.clear_requests();
        let text = done(&world, &coach, "push_workout", all.clone()).await;
        assert_eq!(writes(&world), Vec::<String>::new());
        assert!(
            text.contains("today 2026-11-29 Sun") && text.contains("today 2026-11-28 Sat"),
            "{text}"
        );
        let thresholds = text
            .lines()
            .filter(|line| line.trim_start().starts_with("by LTHR "));
        assert_eq!(
            thresholds.collect::<std::collections::HashSet<_>>().len(),
            3,
            "{text}"
        );
        // Jack shares neither his calendar nor his fitness.
        let jacks = text
            .split("Jack Nguyen (")
            .nth(1)
            .unwrap()
            .split("Tríona")
            .next()
            .unwrap();
        assert!(
            !jacks.contains("that day too") && !jacks.contains("Planned load"),
            "{jacks}"
        );
        let token = text
            .split("confirm: \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();

        let mut other = all.clone();
        other["confirm"] = json!(token);
        other["workouts"][0]["name"] = json!("Threshold 5x8");
        let text = refused(&world, &coach, "push_workout", other).await;
        assert!(text.contains("token does not fit"), "{text}");
        let mut confirmed = all.clone();
        confirmed["confirm"] = json!(token);
        world.sim.clear_requests();
        let text = done(&world, &coach, "push_workout", confirmed.clone()).await;
        assert_eq!(text.matches(" · 1 written · ").count(), 3, "{text}");
        assert_eq!(writes(&world).len(), 3);
        assert!(world.sim.requests().len() <= 12, "{:?}", world.sim.requests());
        for seeded in [ana, jack, tria] {
            let held = entry(&world, seeded, "Threshold 4x8");
            assert_eq!(held["start_date_local"], "2026-12-03T00:00:00");
        }
        let beats = |seeded: &Seeded| {
            entry(&world, seeded, "Threshold 4x8")["workout_doc"]["steps"][1]["steps"][0]["_hr"]["end"]
                .clone()
        };
        assert_ne!(beats(ana), beats(tria));
        let text = refused(&world, &coach, "push_workout", confirmed).await;
        assert!(
            text.contains("token does not fit"),
            "a token is used once: {text}"
        );
        let text = done(&world, &coach, "push_workout", all).await;
        assert_eq!(text.matches("already there").count(), 6, "{text}");

        for (seeded, before) in [ana, jack, tria].into_iter().zip(before) {
            let of = json!({"changes": "1", "athlete": seeded.person.athlete_id});
            let text = done(&world, &coach, "undo_change", of).await;
            assert!(text.contains("1 change undone"), "{text}");
            assert_eq!(calendar(&world, seeded, "2026-11-23", "2026-12-13"), before);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_by_a_coach_with_several_athletes_names_its_athlete() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        done(&world, &coach, "select_athlete", json!({"athlete": "Ana"})).await;
        let ride = json!({"workouts": [workout("Ride", "2026-12-03", "Threshold", THRESHOLD)]});
        world.sim.clear_requests();
        for (tool, arguments) in [
            ("push_workout", ride),
            ("edit_workout", json!({"id": 1, "new_name": "x"})),
            ("delete_workout", json!({"id": 1})),
            ("undo_change", json!({"changes": "1"})),
        ] {
            let text = refused(&world, &coach, tool, arguments).await;
            assert!(text.contains("a change must name its athlete"), "{tool}: {text}");
        }
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_switch_off_nothing_is_sent_and_a_coach_needs_only_grants() {
    on_saturday(async |world| {
        let ana = world.ana();
        let ride = json!({"workouts": [workout("Ride", "2026-12-03", "Threshold", THRESHOLD)]});
        world.sim.clear_requests();
        for (tool, arguments) in [
            ("push_workout", ride.clone()),
            ("edit_workout", json!({"id": 1, "new_name": "x"})),
            ("delete_workout", json!({"id": 1})),
            ("undo_change", json!({"changes": "1"})),
        ] {
            let text = refused(&world, &ana.link, tool, arguments).await;
            assert!(
                text.contains("this connector may change nothing") && text.contains("/connector"),
                "{tool}: {text}"
            );
        }
        assert_eq!(world.sim.requests().len(), 0);
        done(&world, &ana.link, "list_changes", json!({})).await;
        done(&world, &ana.link, "get_workout_guide", json!({})).await;
        let mut browser = world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", ride.clone()).await;
        browser.post("/link/writing", &[("may-write", "off")]).await;
        refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;

        let coach = world.coaches().await[0].link.clone();
        let text = done(
            &world,
            &coach,
            "push_workout",
            json!({"athlete": "Ana", "workouts": ride["workouts"]}),
        )
        .await;
        assert!(
            text.contains("already there, nothing written"),
            "another caller asks for the same: {text}"
        );
        let text = refused(
            &world,
            &coach,
            "undo_change",
            json!({"athlete": "Ana", "changes": "1"}),
        )
        .await;
        assert!(text.contains("only what that coach changed"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_before_anything_is_read() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ride = |field: &str, value: Value| {
            let mut ride = workout("Ride", "2026-12-03", "Threshold", THRESHOLD);
            ride[field] = value;
            json!({"workouts": [ride]})
        };
        let many = |count: usize| {
            let rides: Vec<Value> = (0..count).map(|at| workout("Ride", "2026-12-03", &format!("Ride {at}"), "- 10m 60%")).collect();
            json!({"workouts": rides})
        };
        world.sim.clear_requests();
        for (arguments, says) in [
            (json!({}), "workouts must be a list of 1 to 28 objects"),
            (json!({"workouts": []}), "workouts must be a list of 1 to 28 objects"),
            (json!({"workouts": "x"}), "workouts must be a list of 1 to 28 objects"),
            (many(29), "workouts must be a list of 1 to 28 objects"),
            (ride("sport", Value::Null), "workouts 1: sport must be given"),
            (ride("sport", json!("Jumping")), "workouts 1: sport must be an intervals.icu type"),
            (ride("date", json!("2026-12-03 Wed")), "2026-12-03 is a Thursday"),
            (ride("date", json!("Thursday")), "workouts 1: date must be a day as YYYY-MM-DD"),
            (ride("date", json!("2026-11-27")), "workouts 1: date must be today or later: 2026-11-27 Fri is past"),
            (ride("date", json!("2029-01-01")), "at most two years ahead"),
            (ride("name", json!("x".repeat(81))), "workouts 1: name must be text of at most 80 characters"),
            (ride("name", json!("  ")), "workouts 1: name must be given"),
            (ride("text", json!("x".repeat(8001))), "workouts 1: text must be text of at most 8000 characters"),
            (ride("text", json!("- 1m 60%\n".repeat(201))), "200"),
            (ride("load", json!(-3)), "workouts 1: load must be a number from 1 to 2000"),
            (ride("indoor", json!("maybe")), "workouts 1: indoor must be true or false"),
            (ride("color", json!("#12")), "workouts 1: color must be"),
            (ride("hide_from_athlete", json!(true)), "unknown argument «hide_from_athlete»"),
            (ride("workout_doc", json!({})), "unknown argument «workout_doc»"),
        ] {
            let text = refused(&world, &ana.link, "push_workout", arguments).await;
            assert!(text.starts_with("Not done") && text.contains(says), "{says}: {text}");
        }
        let asked = world.sim.requests().into_iter().filter(|request| !request.path.ends_with(ana.person.athlete_id));
        assert_eq!(asked.count(), 0, "at most the settings are read, for the athlete's today");
        let as_text = json!({"workouts": json!([workout("Ride", "2026-12-03T07:15", "Threshold", THRESHOLD)]).to_string()});
        let text = done(&world, &ana.link, "push_workout", as_text).await;
        assert!(text.contains("1 written"), "{text}");
        assert_eq!(entry(&world, ana, "Threshold")["start_date_local"], "2026-12-03T07:15:00");
    })
    .await;
}

/// A parameter that a tool forgets to read would be accepted without effect.
#[tokio::test(flavor = "multi_thread")]
async fn every_tool_that_writes_reads_each_of_its_parameters() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        crate::writes_library::with_library(&world).await;
        for tool in CATALOGUE.iter().filter(|tool| !matches!(tool.run, Run::Read(_))) {
            for param in tool.params {
                let event = json!({"kind": "sick", "date": "2026-12-03"});
                let mut given =
                    json!({"id": 1, "changes": "1", "workouts": [workout("Ride", "2026-12-03", "x", "")], "events": [event],
                        "days": [{"values": {"mood": 1}}], "ids": ["i1"], "plan": "Basis", "start": "2026-12-07", "sport": "Yoga", "minutes": 60});
                let own: Vec<&str> = tool.params.iter().map(|param| param.name).collect();
                given
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| own.contains(&name.as_str()));
                given[param.name] = json!({"sent": 1});
                let text = refused(&world, &ana.link, tool.name(), given).await;
                assert!(
                    text.contains(&format!("{} must be ", param.name)),
                    "{} {}: {text}",
                    tool.name(),
                    param.name
                );
            }
            let text = refused(&world, &ana.link, tool.name(), json!({"unheard_of": 1})).await;
            assert!(text.contains("«unheard_of»"), "{}: {text}", tool.name());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_would_lose_is_refused_line_by_line_and_the_rest_can_go_alone() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let two = json!({"workouts": [
            workout("Run", "2026-12-03", "Metres", "- 400m 85% LTHR\n- 10m 5:00/km"),
            workout("Ride", "2026-12-03", "Threshold", THRESHOLD),
        ]});
        world.sim.clear_requests();
        let text = refused(&world, &ana.link, "push_workout", two.clone()).await;
        assert!(
            text.contains("nothing was written")
                && text.contains("workouts 1 «Metres»: line 1: ")
                && text.contains("400mtr"),
            "{text}"
        );
        assert!(
            text.contains("line 2: ") && text.contains("partial: true"),
            "{text}"
        );
        assert_eq!(writes(&world), Vec::<String>::new());
        let mut partial = two;
        partial["partial"] = json!(true);
        let text = done(&world, &ana.link, "push_workout", partial).await;
        assert!(text.contains(" · 1 written, 1 not written · "), "{text}");
        entry(&world, ana, "Threshold");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_a_kind_are_told_apart() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ride = |text: &str| json!({"workouts": [workout("Ride", "2026-12-04", "Threshold", text)]});
        done(&world, &ana.link, "push_workout", ride(THRESHOLD)).await;
        world.sim.clear_requests();
        let text = refused(&world, &ana.link, "push_workout", ride("- 1h 60-65%")).await;
        assert!(text.contains("not written: another workout with this name and sport is on that day"), "{text}");
        assert!(text.contains("edit_workout with id ") && text.contains("There now") && text.contains("1 h 147–159 W"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        let mut second = ride("- 1h 60-65%");
        second["allow_duplicate"] = json!(true);
        let text = done(&world, &ana.link, "push_workout", second).await;
        assert!(text.contains(" · 1 written · "), "{text}");
        let twice = json!({"workouts": [
            workout("Run", "2026-12-04", "Easy", "- 30m 70-75% LTHR"),
            workout("Run", "2026-12-04", "Easy", "- 30m 70-75% LTHR"),
        ]});
        let text = done(&world, &ana.link, "push_workout", twice).await;
        assert!(text.contains(" · 1 written, 1 not written · ") && text.contains("the same as workouts 1 of this call"), "{text}");

        // By the day's content, whoever put it there.
        let own = json!({"category": "WORKOUT", "type": "Ride", "start_date_local": "2026-12-05T00:00:00", "name": "mine", "description": "- 1h 60-65%"});
        assert!(world.sim.add_event(ana.person.slug, own).is_some());
        let mine = json!({"workouts": [workout("Ride", "2026-12-05", "Mine", "- 60m 60-65%")]});
        let text = done(&world, &ana.link, "push_workout", mine).await;
        assert!(text.contains("already there, nothing written"), "{text}");

        // What the athlete moved is not pulled back, and the day it left is free again.
        let id = entry(&world, ana, "Easy")["id"].as_i64().unwrap();
        assert!(world.sim.change_event(ana.person.slug, id, json!({"start_date_local": "2026-12-06T00:00:00"})));
        let text = done(&world, &ana.link, "push_workout", json!({"workouts": [workout("Run", "2026-12-04", "Easy", "- 30m 70-75% LTHR")]})).await;
        assert!(text.contains(" · 1 written · "), "{text}");
        let moved = calendar(&world, ana, "2026-12-06", "2026-12-06");
        assert!(moved.iter().any(|event| event["id"] == json!(id)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_changes_what_was_asked_and_nothing_else() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ride = json!({"workouts": [{"sport": "Ride", "date": "2026-12-03", "name": "Threshold", "text": THRESHOLD, "note": "Stay seated.", "tags": ["key"]}]});
        done(&world, &ana.link, "push_workout", ride).await;
        let first = entry(&world, ana, "Threshold");
        let of = |name: &str| json!({"date": "2026-12-03", "name": name});
        let with = |mut target: Value, name: &str, value: Value| {
            target[name] = value;
            target
        };
        let text = done(&world, &ana.link, "edit_workout", with(of("threshold"), "note", json!("Stay in the saddle."))).await;
        assert!(text.contains(" · changed · ") && text.contains("note: «Stay in the saddle.»"), "{text}");
        let noted = entry(&world, ana, "Threshold");
        assert_eq!(noted["workout_doc"]["steps"], first["workout_doc"]["steps"], "a note never replaces steps");
        assert_eq!(noted["tags"], json!(["key"]));

        world.sim.clear_requests();
        let shorter = with(with(of("threshold"), "length_percent", json!(75)), "new_date", json!("2026-12-04 Fri"));
        let text = done(&world, &ana.link, "edit_workout", shorter).await;
        assert!(text.contains("2026-12-04 Fri · Ride «Threshold» · now") && text.contains("6 min 236–246 W"), "{text}");
        assert!(world.sim.requests().len() <= 5);
        assert!(!world.sim.requests().iter().any(|request| request.path.contains("workout_doc")));
        let moved = entry(&world, ana, "Threshold");
        assert_eq!(moved["id"], first["id"]);
        assert_eq!((&moved["start_date_local"], &moved["end_date_local"]), (&json!("2026-12-04T00:00:00"), &json!("2026-12-05T00:00:00")));

        let text = refused(&world, &ana.link, "edit_workout", json!({"id": moved["id"]})).await;
        assert!(text.contains("nothing is to change"), "{text}");
        let same = json!({"id": moved["id"], "new_name": "Threshold"});
        let text = done(&world, &ana.link, "edit_workout", same).await;
        assert!(text.contains("is like that already"), "{text}");
        let text = refused(&world, &ana.link, "edit_workout", with(of("nothing"), "new_name", json!("x"))).await;
        assert!(text.contains("no entry that begins on 2026-12-03 Thu fits") && text.contains("Kraftausdauer"), "{text}");
        let text = refused(&world, &ana.link, "edit_workout", json!({"id": 999_999_999, "new_name": "x"})).await;
        assert!(text.contains("no entry with the id 999999999"), "{text}");
        let text = refused(&world, &ana.link, "edit_workout", json!({"id": moved["id"], "text": "- 400m 95%"})).await;
        assert!(text.contains("line 1: ") && text.contains("nothing was changed"), "{text}");

        // What somebody else changed since is told, and not overwritten.
        let id = moved["id"].as_i64().unwrap();
        assert!(world.sim.change_event(ana.person.slug, id, json!({"description": "- 45m 60%"})));
        let easier = json!({"id": id, "effort_percent": 90});
        let text = refused(&world, &ana.link, "edit_workout", easier.clone()).await;
        assert!(text.contains("somebody changed text") && text.contains("- 45m 60%") && text.contains("overwrite: true"), "{text}");
        let text = done(&world, &ana.link, "edit_workout", json!({"id": id, "new_name": "Tempo"})).await;
        assert!(text.contains(" · changed · "), "what they did not touch can be changed: {text}");
        let text = done(&world, &ana.link, "edit_workout", with(easier, "overwrite", json!(true))).await;
        assert!(text.contains("45 min"), "{text}");
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("NOT undone, change 5 came after it: undo that first"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_touches_workouts_only_and_undoes_only_what_that_coach_changed() {
    on_saturday(async |world| {
        let (ana, coach) = (world.ana(), world.coaches().await[0].link.clone());
        world.let_write(ana).await;
        let race = json!({"category": "RACE_A", "type": "Ride", "start_date_local": "2026-12-05T00:00:00", "name": "Hillclimb"});
        let race = world.sim.add_event(ana.person.slug, race).unwrap();
        change(&world, ana, &["push_workout", "edit_workout", "delete_workout", "get_events"], None).await;
        for (tool, more) in [("edit_workout", json!({"new_name": "x"})), ("delete_workout", json!({}))] {
            let mut arguments = json!({"athlete": "Ana", "id": race});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let text = refused(&world, &coach, tool, arguments).await;
            assert!(text.contains("is no planned workout. To change or delete it, a coach needs push_event"), "{text}");
        }
        let text = done(&world, &ana.link, "edit_workout", json!({"id": race, "new_date": "2026-12-06"})).await;
        assert!(text.contains("Ride race A «Hillclimb»"), "an athlete may touch any entry: {text}");

        let push = json!({"athlete": "Ana", "workouts": [workout("Ride", "2026-12-04", "Coach's", "- 1h 60-65%")]});
        done(&world, &coach, "push_workout", push).await;
        let text = done(&world, &coach, "list_changes", json!({"athlete": "Ana"})).await;
        assert!(text.contains("1 change of yours ·") && text.contains("Coach's") && !text.contains("Hillclimb"), "{text}");
        let text = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(text.contains("coach@example.test") && text.contains("Hillclimb"), "{text}");
        change(&world, ana, &["get_events"], None).await;
        let text = refused(&world, &coach, "undo_change", json!({"athlete": "Ana", "changes": "2"})).await;
        assert!(text.contains("push_workout, which is not granted any more"), "{text}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("1 change undone"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_goes_only_as_it_was_listed() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let before = calendar(&world, ana, "2026-11-28", "2026-12-13");
        let range = json!({"oldest": "2026-11-28", "newest": "2026-12-06"});
        for (arguments, says) in [
            (json!({"oldest": "2026-11-28"}), "newest must be given"),
            (json!({"oldest": "2026-11-20", "newest": "2026-12-06"}), "oldest must be today or later"),
            (json!({"oldest": "2026-12-06", "newest": "2026-12-01"}), "oldest must not be after newest"),
            (json!({"id": 1, "oldest": "2026-12-01", "newest": "2026-12-06"}), "not both"),
            (json!({"name": "x"}), "date must be given"),
            (json!({}), "id must be given"),
        ] {
            let text = refused(&world, &ana.link, "delete_workout", arguments).await;
            assert!(text.contains(says), "{text}");
        }
        let text = done(&world, &ana.link, "delete_workout", range.clone()).await;
        assert!(text.contains("nothing deleted"), "{text}");
        assert_eq!(calendar(&world, ana, "2026-11-28", "2026-12-13"), before);
        let token = text.split("confirm: \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let listed = text.lines().filter(|line| line.starts_with("2026-")).count();

        let new = json!({"category": "WORKOUT", "type": "Run", "start_date_local": "2026-12-02T00:00:00", "name": "New"});
        let new = world.sim.add_event(ana.person.slug, new).unwrap();
        let changed = before.iter().find(|event| event["name"] == "Sweet spot 3x12").unwrap()["id"].as_i64().unwrap();
        assert!(world.sim.change_event(ana.person.slug, changed, json!({"name": "Sweeter spot"})));
        let mut confirmed = range;
        confirmed["confirm"] = json!(token);
        world.sim.clear_requests();
        let text = done(&world, &ana.link, "delete_workout", confirmed.clone()).await;
        assert!(text.contains(&format!(" · {} deleted, 2 left, new or changed since the list · ", listed - 1)), "{text}");
        let sent = writes(&world);
        assert!(sent.len() == 1 && sent[0].ends_with("/events/bulk-delete"), "{sent:?}");
        let left = calendar(&world, ana, "2026-11-28", "2026-12-06");
        let workouts: Vec<&Value> = left.iter().filter(|event| event["category"] == "WORKOUT").map(|event| &event["id"]).collect();
        assert_eq!(workouts, [&json!(changed), &json!(new)]);
        let text = refused(&world, &ana.link, "delete_workout", confirmed).await;
        assert!(text.contains("token does not fit"), "{text}");

        let count = listed - 1;
        let text = done(&world, &ana.link, "undo_change", json!({"changes": format!("1-{count}")})).await;
        assert!(text.contains(&format!("{count} changes undone")) && text.contains("new id"), "{text}");
        let restored = calendar(&world, ana, "2026-11-28", "2026-12-13");
        for old in before.iter().filter(|event| event["category"] == "WORKOUT" && event["id"] != json!(changed)) {
            let same = |event: &&Map<String, Value>| {
                ["category", "start_date_local", "end_date_local", "type", "name", "description", "indoor", "moving_time", "icu_training_load", "tags", "color", "target"]
                    .iter()
                    .all(|field| event.get(*field).unwrap_or(&Value::Null) == old.get(*field).unwrap_or(&Value::Null))
            };
            assert_eq!(restored.iter().filter(same).count(), 1, "{old:#?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_empties_what_was_empty_or_says_what_it_did_not_restore() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let prose = json!({"workouts": [{"sport": "Run", "date": "2026-12-10", "name": "By feel", "note": "Run by feel."}]});
        done(&world, &ana.link, "push_workout", prose).await;
        let before = entry(&world, ana, "By feel");
        let id = &before["id"];
        for (changes, what) in [
            (json!({"id": id, "text": "- 30m 70-78% LTHR"}), "steps"),
            (json!({"id": id, "load": 15}), "a load"),
            (json!({"id": id, "note": ""}), "no note"),
            (json!({"id": id, "new_date": "2026-12-11 Fri 18:15"}), "a time"),
        ] {
            let text = done(&world, &ana.link, "edit_workout", changes).await;
            assert!(text.contains(" · changed · "), "{what}: {text}");
            let number = text.split("changes ").last().unwrap().split(' ').next().unwrap().to_owned();
            let text = done(&world, &ana.link, "undo_change", json!({"changes": number})).await;
            let after = entry(&world, ana, "By feel");
            let empty = |value: &Value| value.is_null() || *value == json!(0) || *value == json!("");
            for field in ["start_date_local", "end_date_local", "name", "description", "moving_time", "icu_training_load"] {
                let same = before[field] == after[field] || empty(&before[field]) && empty(&after[field]);
                assert!(same, "{what}, {field}: {} {}\n{text}", before[field], after[field]);
            }
            assert!(!text.contains("NOT restored"), "{what}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_deleted_only_with_a_token_because_its_pairing_is_lost() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let all = calendar(&world, ana, "2026-11-10", "2026-11-27");
        let paired = all
            .iter()
            .find(|event| !event["paired_activity_id"].is_null())
            .unwrap();
        let delete = json!({"id": paired["id"]});
        world.sim.clear_requests();
        let text = done(&world, &ana.link, "delete_workout", delete.clone()).await;
        assert!(
            text.contains("nothing deleted") && text.contains("would lose the pairing"),
            "{text}"
        );
        assert_eq!(writes(&world), Vec::<String>::new());
        let token = text
            .split("confirm: \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let mut confirmed = delete;
        confirmed["confirm"] = json!(token);
        let text = done(&world, &ana.link, "delete_workout", confirmed).await;
        assert!(text.contains(" · 1 deleted · "), "{text}");
        let left = calendar(&world, ana, "2026-11-10", "2026-11-27");
        assert!(left.iter().all(|event| event["id"] != paired["id"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_of_a_model_are_refused_and_never_written_without_their_target() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.clear_requests();
        for (sport, text) in [
            ("Ride", "- 30m Z12"),
            ("Ride", "- 30m zone 2"),
            ("Run", "- 30m z2 hr, 90rpm"),
            ("Ride", "3x8m @ 250w"),
            ("Ride", "- 3x8m @ 250w"),
            ("Ride", "- 8m 250"),
            ("Ride", "- 8m 88-94 %"),
            ("Ride", "- 20 minutes Z2"),
        ] {
            let push = json!({"workouts": [workout(sport, "2026-12-10", "Slip", text)]});
            let said = refused(&world, &ana.link, "push_workout", push).await;
            assert!(
                said.contains("nothing was written") && said.contains("line 1"),
                "{text}: {said}"
            );
        }
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_from_what_is_there_is_named() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let yoga = |more: Value| {
            let mut yoga = json!({"sport": "Yoga", "date": "2026-12-10", "name": "Yoga", "note": "Hips."});
            yoga.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!({"workouts": [yoga]})
        };
        let text = done(
            &world,
            &ana.link,
            "push_workout",
            yoga(json!({"date": "2026-12-10 07:00", "tags": ["hips"], "color": "red"})),
        )
        .await;
        assert!(
            text.contains("2026-12-10 Thu 07:00 · Yoga «Yoga»") && text.contains("tags hips · colour red"),
            "{text}"
        );
        let text = done(&world, &ana.link, "push_workout", yoga(json!({"minutes": 30}))).await;
        assert!(
            text.contains("already there")
                && text.contains("it has another start time, time: edit_workout with id"),
            "{text}"
        );

        // A note has no figures.
        let note = json!({"category": "NOTE", "start_date_local": "2026-12-07T00:00:00", "name": "Travel"});
        let note = world.sim.add_event(ana.person.slug, note).unwrap();
        let text = refused(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": note, "load": 200}),
        )
        .await;
        assert!(
            text.contains("only a workout, a race or a target has a planned load"),
            "{text}"
        );

        // A preview promises no load that upstream has yet to compute.
        let run = json!({"workouts": [workout("Run", "2026-12-11", "Easy", "- 40m 70-78% LTHR")]});
        done(&world, &ana.link, "push_workout", run).await;
        let id = entry(&world, ana, "Easy")["id"].clone();
        let text = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 50, "preview": true}),
        )
        .await;
        assert!(
            text.contains("0:20 · load as intervals.icu computes it"),
            "{text}"
        );
        let text = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Easier", "preview": true}),
        )
        .await;
        assert!(!text.contains("not resolved"), "{text}");
    })
    .await;
}
