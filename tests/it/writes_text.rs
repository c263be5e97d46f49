//! What a write says of a text that it does not take, and what the same call does when it comes again, over MCP.

use std::sync::Arc;

use chrono::Duration;
use icusync_sim::{Fault, Mode};
use serde_json::{Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{THRESHOLD, calendar, done, entry, on_saturday, refused, token, workout, writes},
};

fn push(sport: &str, name: &str, text: &str) -> Value {
    json!({"workouts": [workout(sport, "2026-12-10", name, text)]})
}

/// How many entries have this name.
fn count(world: &World, name: &str) -> usize {
    let all = calendar(world, world.ana(), "2026-11-01", "2027-12-31");
    all.iter().filter(|event| event["name"] == name).count()
}

/// The steps that an answer has in quotes.
fn quoted_steps(text: &str) -> Vec<&str> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with("- ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_what_to_write_and_that_is_taken() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for (sport, text, says) in [
            (
                "Run",
                "- 4,5km 80-85% LTHR",
                "does not read \"4,5km\"; write \"- 4.5km 80-85% LTHR\"",
            ),
            ("Run", "- 4,5 km 80-85% LTHR", "write \"- 4.5km 80-85% LTHR\""),
            (
                "Run",
                "- 20m 80-85% LHTR",
                "does not read \"LHTR\"; write \"- 20m 80-85% LTHR\"",
            ),
            ("Ride", "- 20m 80-85% LHTR", "write \"- 20m 80-85% LTHR\""),
            ("Swim", "- 200yd", "write \"- 200yrd\""),
        ] {
            let said = refused(&world, &ana.link, "push_workout", push(sport, "Slip", text)).await;
            assert!(
                said.contains("nothing was written") && said.contains("line 1: ") && said.contains(says),
                "{text}: {said}"
            );
            let steps = quoted_steps(&said);
            assert!(!steps.is_empty(), "{text}: {said}");
            for step in steps {
                let mut preview = push(sport, "Slip", step);
                preview["preview"] = json!(true);
                let said = done(&world, &ana.link, "push_workout", preview).await;
                assert!(said.contains(" · 1 to write · "), "{step}: {said}");
            }
        }
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_meant_is_asked_for_where_it_is_not_known() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for (sport, text, says) in [
            (
                "Run",
                "- 20m 85-90%",
                "there is no FTP for Run, so this target reaches no device",
            ),
            (
                "Run",
                "- 20m 85-90% Power",
                "say the effort by what Run has: % LTHR",
            ),
            ("Run", "- 20m Z2", "there is no FTP for Run"),
            ("Run", "- 1h 145-150", "does not read \"145-150\""),
            ("Run", "- 1.000m Z2 HR", "is a decimal point"),
            ("Run", "3 Serien\n- 5m Z4 HR", "\"3x\""),
            ("Ride", "- 10m 65-75% HRR", "does not read \"HRR\""),
            ("Ride", "- 10m 90% 5min power", "does not read \"5min\""),
            ("Ride", "- 5m >300w", "does not read \">300w\""),
            ("Ride", "- 1h Z9", "Z1 to Z7"),
            ("WeightTraining", "- Squat 3x8", "goes into the note"),
        ] {
            let said = refused(&world, &ana.link, "push_workout", push(sport, "Slip", text)).await;
            assert!(
                said.contains("nothing was written") && said.contains("line 1: ") && said.contains(says),
                "{text}: {said}"
            );
            assert_eq!(quoted_steps(&said), [""; 0], "{text}: {said}");
        }
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_inside_a_repeat_is_never_two_repeats_unsaid() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", push("Ride", "Key", THRESHOLD)).await;
        let before = entry(&world, ana, "Key");
        world.sim.clear_requests();
        for text in [
            "3x\n- 8m 96-100%\n2x\n- 30s 120-130%\n- 30s 50%",
            "3x\n- 8m 96-100%\n  2x\n  - 30s 120-130%",
            "3x\n- 8m 96-100%\n\n  2x\n  - 30s 120-130%",
        ] {
            for (tool, arguments) in [
                ("push_workout", push("Ride", "Nested", text)),
                ("edit_workout", json!({"id": before["id"], "text": text})),
            ] {
                let said = refused(&world, &ana.link, tool, arguments).await;
                assert!(said.contains("cannot nest repeats"), "{tool} {text}: {said}");
            }
        }
        assert_eq!(writes(&world), Vec::<String>::new());
        assert_eq!(entry(&world, ana, "Key"), before);
        let apart = "3x\n- 8m 96-100%\n\n2x\n- 30s 120-130%\n- 30s 50%";
        done(&world, &ana.link, "push_workout", push("Ride", "Nested", apart)).await;
        assert_eq!(
            entry(&world, ana, "Nested")["workout_doc"]["steps"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_before_anything_is_read() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let coach = world.coaches().await[0].link.clone();
        change(&world, world.jack(), &["push_workout", "get_events"], None).await;
        let many = |count: usize| -> Vec<Value> {
            (0..count)
                .map(|at| workout("Ride", "2026-12-03", &format!("Ride {at}"), "- 10m 60%"))
                .collect()
        };
        let lines = |count: usize| "- 1m 60%\n".repeat(count);
        let named = |count: usize| -> Vec<String> { (0..count).map(|at| format!("Athlete {at}")).collect() };
        let three = ["Ana", "Jack", "Tríona"];
        world.sim.clear_requests();
        for (link, tool, arguments, says) in [
            (
                &ana.link,
                "push_workout",
                json!({"workouts": many(29)}),
                "1 to 28 objects",
            ),
            (
                &ana.link,
                "push_workout",
                json!({"workouts": json!(many(29)).to_string()}),
                "1 to 28 objects",
            ),
            (
                &ana.link,
                "push_workout",
                push("Ride", "x", &lines(201)),
                "201 lines, more than 200",
            ),
            (
                &ana.link,
                "push_workout",
                push("Ride", "x", &"x".repeat(8001)),
                "at most 8000 characters",
            ),
            (
                &ana.link,
                "push_workout",
                push("Ride", &"x".repeat(81), "- 10m 60%"),
                "at most 80 characters",
            ),
            (
                &ana.link,
                "edit_workout",
                json!({"id": 1, "text": lines(201)}),
                "201 lines, more than 200",
            ),
            (
                &ana.link,
                "edit_workout",
                json!({"id": 1, "text": "x".repeat(8001)}),
                "at most 8000 characters",
            ),
            (
                &ana.link,
                "edit_workout",
                json!({"id": 1, "new_name": "x".repeat(81)}),
                "at most 80 characters",
            ),
            (
                &coach,
                "push_workout",
                json!({"athletes": named(11), "workouts": many(1)}),
                "list of 1 to 10 names",
            ),
            (
                &coach,
                "push_workout",
                json!({"athletes": three, "workouts": many(21)}),
                "more than 60 in one call",
            ),
            (
                &coach,
                "push_workout",
                json!({"athletes": three, "workouts": json!(many(21)).to_string()}),
                "more than 60 in one call",
            ),
            (
                &coach,
                "push_workout",
                json!({"athletes": three, "workouts": [workout("Ride", "2026-12-03", "x", &lines(201))]}),
                "201 lines, more than 200",
            ),
        ] {
            let said = refused(&world, link, tool, arguments).await;
            assert!(said.contains(says), "{says}: {said}");
        }
        assert_eq!(world.sim.requests().len(), 0);
    })
    .await;
}

/// An edit by 80 %.
fn shorter(id: &Value) -> Value {
    json!({"id": id, "length_percent": 80})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_percentage_that_comes_again_is_done_once() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(
            &world,
            &ana.link,
            "push_workout",
            push("Ride", "Easy", "- 7m 60-65%\n- 10m 50-55%"),
        )
        .await;
        let id = entry(&world, ana, "Easy")["id"].clone();
        let secs = || entry(&world, ana, "Easy")["moving_time"].as_i64().unwrap();
        let mut preview = shorter(&id);
        preview["preview"] = json!(true);
        let said = done(&world, &ana.link, "edit_workout", preview).await;
        let rounded = "Lengths are rounded: 7m became 5m35s (exactly 5m36s).";
        assert!(said.contains(rounded), "{said}");
        let said = done(&world, &ana.link, "edit_workout", shorter(&id)).await;
        assert!(said.contains(" · changed · ") && said.contains(rounded), "{said}");
        assert_eq!(secs(), 335 + 480);

        // Nobody heard it: by its id, and by its day and name.
        world.sim.clear_requests();
        for again in [
            shorter(&id),
            json!({"length_percent": 80, "date": "2026-12-10", "name": "Easy"}),
        ] {
            let said = done(&world, &ana.link, "edit_workout", again).await;
            assert!(
                said.contains("already done, nothing changed")
                    && said.contains("(change 2)")
                    && said.contains("overwrite: true"),
                "{said}"
            );
        }
        assert_eq!((secs(), writes(&world).len()), (815, 0));

        // What it says to do for once more does it once more, and that once as well.
        let mut more = shorter(&id);
        more["overwrite"] = json!(true);
        let said = done(&world, &ana.link, "edit_workout", more.clone()).await;
        assert!(said.contains(" · changed · "), "{said}");
        let twice = secs();
        assert!(twice < 700, "{twice}");
        let said = done(&world, &ana.link, "edit_workout", more).await;
        assert!(
            said.contains("already done") && said.contains("without overwrite"),
            "{said}"
        );
        assert_eq!(secs(), twice);

        // Another percentage, later, after an undo and after somebody else's change it is meant.
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 150}),
        )
        .await;
        assert!(secs() > twice);
        done(&world, &ana.link, "undo_change", json!({"changes": "4"})).await;
        assert_eq!(secs(), twice);
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 150}),
        )
        .await;
        let long = secs();
        assert!(long > twice);
        world.clock.advance(Duration::minutes(11));
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 150}),
        )
        .await;
        assert!(secs() > long);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_colour_place_and_planned_time_are_edited_and_come_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let mut ride = push("Ride", "Key", THRESHOLD);
        ride["workouts"][0]["tags"] = json!(["key"]);
        ride["workouts"][0]["color"] = json!("red");
        done(&world, &ana.link, "push_workout", ride).await;
        let yoga = json!({"workouts": [{"sport": "Yoga", "date": "2026-12-11", "name": "Yoga", "note": "Hips.", "minutes": 30}]});
        done(&world, &ana.link, "push_workout", yoga).await;
        let (key, yoga) = (entry(&world, ana, "Key"), entry(&world, ana, "Yoga"));
        for (before, changes, held, says) in [
            (&key, json!({"tags": ["bench", " indoor "]}), json!({"tags": ["bench", "indoor"]}), "tags bench, indoor"),
            (&key, json!({"tags": []}), json!({"tags": []}), " · changed · "),
            (&key, json!({"color": "#00ff00"}), json!({"color": "#00ff00"}), "colour #00ff00"),
            (&key, json!({"indoor": true}), json!({"indoor": true}), "Ride indoor «Key»"),
            (&yoga, json!({"minutes": 45}), json!({"moving_time": 2700}), "0:45"),
            (&yoga, json!({"minutes": 20, "load": 12, "tags": ["x"]}), json!({"moving_time": 1200, "icu_training_load": 12}), "load 12"),
        ] {
            let name = before["name"].as_str().unwrap();
            let mut arguments = changes.clone();
            arguments["id"] = before["id"].clone();
            let mut preview = arguments.clone();
            preview["preview"] = json!(true);
            let said = done(&world, &ana.link, "edit_workout", preview).await;
            assert!(says.contains("changed") || said.contains(says), "{changes}: {said}");
            let said = done(&world, &ana.link, "edit_workout", arguments.clone()).await;
            assert!(said.contains(" · changed · ") && said.contains(says), "{changes}: {said}");
            let now = entry(&world, ana, name);
            for (field, value) in held.as_object().unwrap() {
                assert_eq!(&now[field], value, "{changes}");
            }
            assert_eq!(now["description"], before["description"], "{changes}");
            let again = done(&world, &ana.link, "edit_workout", arguments).await;
            assert!(again.contains("is like that already"), "{changes}: {again}");
            let number = said.split("changes ").last().unwrap().split(' ').next().unwrap().to_owned();
            done(&world, &ana.link, "undo_change", json!({"changes": number})).await;
            let after = entry(&world, ana, name);
            let empty = |value: Option<&Value>| {
                value.is_none_or(|value| value.is_null() || [json!(0), json!(""), json!([]), json!(false)].contains(value))
            };
            for field in ["tags", "color", "indoor", "moving_time", "icu_training_load", "description"] {
                let (old, new) = (before.get(field), after.get(field));
                assert!(old == new || empty(old) && empty(new), "{changes} {field}: {old:?} {new:?}");
            }
        }
        for (id, changes, says) in [
            (&key["id"], json!({"minutes": 60}), "minutes must be left out: intervals.icu computes it from the steps"),
            (&key["id"], json!({"color": "#12"}), "color must be"),
            (&key["id"], json!({"tags": "a, b"}), "tags must be a list"),
        ] {
            let mut arguments = changes;
            arguments["id"] = id.clone();
            let call = world.mcp(&ana.link).call("edit_workout", arguments).await;
            assert!(!call.is_error() || call.text().contains(says), "{}", call.text());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_that_was_asked_for_stays_where_another_one_mends_nothing() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let labelled = "Warmup\n- Spin 15m 50-60%\n\nMain 4x\n- Hard 8m 96-100%\n- Easy 4m 50-55%";
        for (name, mode, sent, says) in [
            ("Targets", Mode::DropTargets, 1, "its target 50-60% is missing"),
            ("Steps", Mode::DropSteps, 1, "it is missing"),
            (
                "Repeats",
                Mode::FlattenRepeats,
                2,
                "repeats were sent written out",
            ),
        ] {
            world.sim.clear_requests();
            world.sim.fault(Fault::on("/events").mode(mode));
            let said = done(&world, &ana.link, "push_workout", push("Ride", name, labelled)).await;
            world.sim.clear_faults();
            assert!(said.contains(says), "{name}: {said}");
            assert_eq!(writes(&world).len(), sent, "{name}");
            assert!(world.sim.requests().len() <= 5 + 2 * (sent - 1), "{name}");
            let text = entry(&world, ana, name)["description"]
                .as_str()
                .unwrap()
                .to_owned();
            assert_eq!(text.contains("Main 4x\n- Hard 8m"), sent == 1, "{name}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_of_a_kind_is_written_once_however_often_the_call_comes() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let second = |name: &str| {
            let mut push = push("Ride", name, THRESHOLD);
            push["allow_duplicate"] = json!(true);
            push
        };
        done(&world, &ana.link, "push_workout", push("Ride", "Twin", THRESHOLD)).await;
        let first = entry(&world, ana, "Twin")["id"].clone();
        let said = done(&world, &ana.link, "push_workout", second("Twin")).await;
        assert!(said.contains(" · 1 written · "), "{said}");
        assert_eq!(count(&world, "Twin"), 2);
        for days in [0, 1, 5] {
            world.clock.advance(Duration::days(days));
            for preview in [true, false] {
                let mut again = second("Twin");
                again["preview"] = json!(preview);
                let said = done(&world, &ana.link, "push_workout", again).await;
                assert!(
                    said.contains(" · 1 already there · ")
                        && said.contains("already there (change 2)")
                        && said.contains(&format!(
                            "beside id {first}; one more needs another name or start time"
                        )),
                    "{said}"
                );
            }
            assert_eq!(count(&world, "Twin"), 2);
        }
        let said = done(&world, &ana.link, "push_workout", push("Ride", "Twin", THRESHOLD)).await;
        assert!(said.contains("already there"), "{said}");

        // Another start time is another one; what was undone can be written anew.
        let mut evening = second("Twin");
        evening["workouts"][0]["date"] = json!("2026-12-10 18:00");
        done(&world, &ana.link, "push_workout", evening).await;
        assert_eq!(count(&world, "Twin"), 3);
        done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        done(&world, &ana.link, "push_workout", second("Twin")).await;
        assert_eq!(count(&world, "Twin"), 3);

        // Two in one call are two, and stay two.
        let mut two = second("Pair");
        two["workouts"] = json!([two["workouts"][0], two["workouts"][0]]);
        for says in [" · 2 written · ", " · 2 already there · "] {
            let said = done(&world, &ana.link, "push_workout", two.clone()).await;
            assert!(said.contains(says), "{said}");
            assert_eq!(count(&world, "Pair"), 2);
        }

        // Where no first one is, it is the first, and the plain call finds it.
        for _ in 0..2 {
            done(&world, &ana.link, "push_workout", second("Lone")).await;
        }
        let said = done(&world, &ana.link, "push_workout", push("Ride", "Lone", THRESHOLD)).await;
        assert!(said.contains("already there"), "{said}");
        assert_eq!(count(&world, "Lone"), 1);
    })
    .await;
}

/// Deletes with the token that is asked for.
async fn delete_confirmed(world: &Arc<World>, link: &str, mut delete: Value) -> String {
    let said = done(world, link, "delete_workout", delete.clone()).await;
    delete["confirm"] = token(&said);
    done(world, link, "delete_workout", delete).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_not_missed_because_its_entry_came_back_under_another_id() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let all = calendar(&world, ana, "2026-11-10", "2026-11-27");
        let paired = all
            .iter()
            .find(|event| !event["paired_activity_id"].is_null())
            .unwrap();
        let day = paired["start_date_local"].as_str().unwrap()[..10].to_owned();
        let range = json!({"oldest": day, "newest": day, "include": ["done"]});
        let line = |text: &str| {
            let name = paired["name"].as_str().unwrap();
            text.lines()
                .find(|line| line.contains(name))
                .unwrap_or_else(|| panic!("{text}"))
                .to_owned()
        };
        let before = line(&done(&world, &ana.link, "get_events", range.clone()).await);
        assert!(before.contains("done "), "{before}");
        let said = delete_confirmed(&world, &ana.link, json!({"id": paired["id"]})).await;
        assert!(said.contains(" · 1 deleted · "), "{said}");
        done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        let after = line(&done(&world, &ana.link, "get_events", range).await);
        assert!(!after.contains("missed") && after.contains("done"), "{after}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_says_what_does_not_come_back_and_what_is_gone_since_its_list() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let steps = json!([{"duration": 600, "power": {"value": 60, "units": "%ftp"}}]);
        let add = |name: &str, day: &str| {
            let event = json!({"category": "WORKOUT", "type": "Ride", "start_date_local": format!("{day}T00:00:00"), "name": name,
                "workout_doc": {"steps": steps}});
            world.sim.add_event(ana.person.slug, event).unwrap()
        };
        let as_text = "1 entry has steps from a file or a library: an undo brings them back as text.";
        let id = add("From a file", "2027-04-01");
        for preview in [true, false] {
            let delete = json!({"id": id, "preview": preview});
            let said = done(&world, &ana.link, "delete_workout", delete).await;
            assert!(said.contains(as_text), "{said}");
        }
        done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert_eq!(entry(&world, ana, "From a file")["description"], "- 10m 60%");

        let ids = ["2027-05-03", "2027-05-04", "2027-05-05"].map(|day| add("Listed", day));
        let mut range = json!({"oldest": "2027-05-03", "newest": "2027-05-09"});
        let said = done(&world, &ana.link, "delete_workout", range.clone()).await;
        assert!(said.contains("3 entries have steps from a file or a library"), "{said}");
        range["confirm"] = token(&said);
        assert!(world.sim.delete_event(ana.person.slug, ids[0]));
        assert!(world.sim.change_event(ana.person.slug, ids[1], json!({"start_date_local": "2027-06-01T00:00:00"})));
        let said = done(&world, &ana.link, "delete_workout", range).await;
        assert!(
            said.contains(" · 1 deleted, 2 gone since the list · ")
                && said.contains(&format!("by somebody else: id {}, {}", ids[0], ids[1])),
            "{said}"
        );
        assert_eq!(entry(&world, ana, "Listed")["id"], json!(ids[1]));
    })
    .await;
}
