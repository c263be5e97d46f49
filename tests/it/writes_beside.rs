//! Writes while somebody else acts beside them: the athlete, another program, a right that ends, an answer that comes late.

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::Duration;
use icusync::queries::changes;
use icusync_sim::{Fault, Given, Mode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    database::eventually,
    roster::change,
    world::{World, test_with},
    writes::{
        THRESHOLD, all_named, calendar, done, entry, id_of, on_saturday, refused, threshold, token, workout,
        writes,
    },
    writes_faults::outcomes,
};

const BULK: &str = "POST /events/bulk";
const RESOLVED: &str = "resolve=true";

async fn answer(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> String {
    world.mcp(link).call(tool, arguments).await.text().to_owned()
}

fn for_ana(mut arguments: Value) -> Value {
    arguments["athlete"] = json!("Ana");
    arguments
}

/// The line of a change in the list.
async fn listed(world: &Arc<World>, link: &str, number: i32) -> String {
    let text = done(world, link, "list_changes", json!({})).await;
    let is_it = |line: &&str| line.starts_with(&format!("{number}\t"));
    text.lines()
        .find(is_it)
        .unwrap_or_else(|| panic!("no change {number}: {text}"))
        .to_owned()
}

fn hers(name: &str) -> Value {
    json!({"category": "WORKOUT", "type": "Ride", "start_date_local": "2026-12-10T00:00:00", "name": name,
        "description": "- 30m 60-65%"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_as_not_done_does_not_land_later() {
    test_with(
        |config| config.call_seconds = 1,
        async |world| {
            let ana = world.ana();
            world.let_write(ana).await;
            world.sim.fault(Fault::on(RESOLVED).delay_ms(1500).times(1));
            let text = refused(&world, &ana.link, "push_workout", threshold("Late")).await;
            tokio::time::sleep(StdDuration::from_secs(3)).await;
            let landed = !all_named(&world, ana, "Late").is_empty();
            assert!(!(landed && text.starts_with("Not done")), "landed: {text}");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_deletion_of_an_entry_that_moved_is_not_done() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        world.sim.fault(Fault::on("DELETE /events/").status(500).times(1));
        refused(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        let moved =
            json!({"start_date_local": "2026-12-23T00:00:00", "end_date_local": "2026-12-24T00:00:00"});
        assert!(world.sim.change_event(ana.person.slug, id, moved));
        let text = done(&world, &ana.link, "push_workout", threshold("Other")).await;
        let undone = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}\n{undone}");
        assert!(!text.contains("is deleted"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_edit_is_not_done_because_somebody_changed_something_else() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        world.sim.fault(Fault::on("PUT /events/").status(500).times(1));
        refused(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Race"}),
        )
        .await;
        assert!(
            world
                .sim
                .change_event(ana.person.slug, id, json!({"color": "#123456"}))
        );
        let line = listed(&world, &ana.link, 2).await;
        let undone = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        let color = entry(&world, ana, "Key")["color"].clone();
        assert_eq!(color, "#123456", "{line}\n{undone}");
        assert!(!line.ends_with("\tdone"), "{line}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_athlete_made_of_an_open_push_is_not_undone() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world
            .sim
            .fault(Fault::on(BULK).status(500).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500).after(1));
        refused(&world, &ana.link, "push_workout", threshold("Key")).await;
        world.sim.clear_faults();
        let id = id_of(&world, ana, "Key");
        assert!(world.sim.change_event(
            ana.person.slug,
            id,
            json!({"name": "Mine", "description": "- 1h 60%"})
        ));
        let undone = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert_eq!(all_named(&world, ana, "Mine").len(), 1, "{undone}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_does_not_read_in_the_list_what_the_athlete_made_of_an_open_push() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout"], None).await;
        world
            .sim
            .fault(Fault::on(BULK).status(500).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500).after(1));
        refused(&world, &coach, "push_workout", for_ana(threshold("Key"))).await;
        world.sim.clear_faults();
        let id = id_of(&world, ana, "Key");
        assert!(
            world
                .sim
                .change_event(ana.person.slug, id, json!({"name": "Private"}))
        );
        done(&world, &coach, "push_workout", for_ana(threshold("Other"))).await;
        let text = done(&world, &coach, "list_changes", for_ana(json!({}))).await;
        assert!(!text.contains("Private") && !text.contains("Hers"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_undoes_an_undo_only_with_the_grant_of_the_first_change() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(
            &world,
            ana,
            &["push_workout", "delete_workout", "get_events"],
            None,
        )
        .await;
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        done(&world, &coach, "delete_workout", for_ana(json!({"id": id}))).await;
        done(&world, &coach, "undo_change", for_ana(json!({"changes": "1"}))).await;
        assert_eq!(all_named(&world, ana, "Hers").len(), 1);
        change(&world, ana, &["push_workout"], None).await;
        let list = done(&world, &coach, "list_changes", for_ana(json!({}))).await;
        let text = answer(&world, &coach, "undo_change", for_ana(json!({"changes": "2"}))).await;
        assert_eq!(all_named(&world, ana, "Hers").len(), 1, "{list}\n{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_without_any_grant_of_the_calendar_reads_nothing_of_it_in_a_preview() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["delete_workout", "get_events"], None).await;
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        done(&world, &coach, "delete_workout", for_ana(json!({"id": id}))).await;
        done(&world, &coach, "undo_change", for_ana(json!({"changes": "1"}))).await;
        change(&world, ana, &["get_wellness"], None).await;
        let id = id_of(&world, ana, "Hers");
        assert!(
            world
                .sim
                .change_event(ana.person.slug, id, json!({"name": "Private"}))
        );
        // After a write of hers no answer from before is used.
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Other")).await;
        let preview = for_ana(json!({"changes": "2", "preview": true}));
        let text = answer(&world, &coach, "undo_change", preview).await;
        assert!(!text.contains("Private") && !text.contains("Hers"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_may_only_push_does_not_read_a_changed_entry_through_an_undo() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout"], None).await;
        done(&world, &coach, "push_workout", for_ana(threshold("Key"))).await;
        let id = id_of(&world, ana, "Key");
        let own = json!({"name": "Private", "start_date_local": "2026-12-23T00:00:00"});
        assert!(world.sim.change_event(ana.person.slug, id, own));
        let text = answer(&world, &coach, "undo_change", for_ana(json!({"changes": "1"}))).await;
        assert!(
            !text.contains("Private") && !text.contains("2026-12-23"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_hears_of_no_open_change_whose_tool_is_not_granted_any_more() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(
            &world,
            ana,
            &["push_workout", "delete_workout", "get_events"],
            None,
        )
        .await;
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        world.sim.fault(Fault::on("DELETE /events/").status(500).times(1));
        refused(&world, &coach, "delete_workout", for_ana(json!({"id": id}))).await;
        change(&world, ana, &["push_workout"], None).await;
        world.clock.advance(Duration::minutes(11));
        let text = done(&world, &coach, "push_workout", for_ana(threshold("Other"))).await;
        assert!(!text.contains("Hers") && !text.contains("change 1"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_athlete_is_written_although_the_first_ones_right_ended_after_the_preview() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let run = workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR");
        let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
        push["confirm"] = token(&done(&world, &coach, "push_workout", push.clone()).await);
        change(&world, ana, &["get_events"], None).await;
        let text = answer(&world, &coach, "push_workout", push).await;
        assert_eq!(all_named(&world, jack, "Both").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_asks_before_it_deletes_what_was_done() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let mut key = entry(&world, ana, "Key");
        key.insert("paired_activity_id".into(), json!("i77"));
        let given = Given {
            events: Some(vec![key]),
            ..Given::default()
        };
        assert!(world.sim.give(ana.person.slug, given));
        world.sim.clear_requests();
        world.clock.advance(Duration::minutes(10));
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert_eq!(writes(&world), Vec::<String>::new(), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_moved_is_not_said_to_be_deleted() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for name in ["One", "Two"] {
            done(&world, &ana.link, "push_workout", threshold(name)).await;
        }
        for name in ["One", "Two"] {
            let id = id_of(&world, ana, name);
            assert!(world.sim.change_event(
                ana.person.slug,
                id,
                json!({"start_date_local": "2026-12-23T00:00:00"})
            ));
        }
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1-2"})).await;
        assert!(!text.contains("somebody deleted it"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_lands_late_can_be_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        world.sim.fault(Fault::on("DELETE /events/").status(500).times(1));
        refused(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        let text = done(&world, &ana.link, "push_workout", threshold("Other")).await;
        // Only now intervals.icu gets to it.
        assert!(world.sim.delete_event(ana.person.slug, id));
        world.clock.advance(Duration::minutes(1));
        let undone = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}\n{undone}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_on_its_way_for_as_long_as_a_first_try() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for _ in 0..2 {
            world.sim.fault(Fault::on(BULK).status(500).times(1));
            refused(&world, &ana.link, "push_workout", threshold("Key")).await;
            world.clock.advance(Duration::minutes(9));
        }
        world.clock.advance(-Duration::minutes(8));
        // A minute after the retry, which may still land.
        let text = done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let keys: Vec<String> = sqlx::query_scalar("select external_id from changes")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(keys.len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_which_nothing_is_held_is_not_changed_whatever_somebody_else_did() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        let meddle = Fault::on("GET /events/")
            .mode(Mode::Meddle)
            .body(r##"{"color":"#123456"}"##);
        world.sim.fault(meddle.times(1));
        world
            .sim
            .fault(Fault::on("PUT /events/").mode(Mode::Forget).times(1));
        let text = answer(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Race"}),
        )
        .await;
        assert!(text.contains(" · not changed · "), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_entry_keeps_the_key_of_the_program_that_made_it_or_says_so() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let mut theirs = hers("Theirs");
        theirs["external_id"] = json!("plan-77");
        let id = world.sim.add_event(ana.person.slug, theirs).unwrap();
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        let key = entry(&world, ana, "Theirs")["external_id"].clone();
        assert!(key == "plan-77" || text.contains("NOT restored"), "{key}: {text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_url_that_ends_while_a_change_waits_changes_nothing() {
    on_saturday(async |world| {
        let ana = world.ana();
        let mut browser = world.let_write(ana).await;
        let athlete = ana.person.athlete_id;
        let taken = changes::take_lease(&world.app.pool, athlete, Uuid::from_u128(1), 60.0).await;
        assert!(taken.unwrap());
        let client = world.mcp(&ana.link);
        let (call, status) = tokio::join!(client.call("push_workout", threshold("Too late")), async {
            tokio::time::sleep(StdDuration::from_millis(600)).await;
            let status = browser.post("/link/regenerate", &[]).await.status;
            sqlx::query("delete from write_leases")
                .execute(&world.app.pool)
                .await
                .unwrap();
            status
        });
        assert!(
            all_named(&world, ana, "Too late").is_empty(),
            "{status} {}",
            call.text()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_several_that_cannot_be_read_back_is_not_known() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world
            .sim
            .fault(Fault::on(BULK).status(422).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500).after(1));
        let two = ["One", "Two"].map(|name| workout("Ride", "2026-12-10", name, THRESHOLD));
        let text = answer(&world, &ana.link, "push_workout", json!({"workouts": two})).await;
        let held = all_named(&world, ana, "One").len() + all_named(&world, ana, "Two").len();
        assert!(
            held == 0 || !text.contains("2 not written"),
            "{held} held: {text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_scale_is_not_said_to_be_so_already() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let yoga = json!({"sport": "Yoga", "date": "2026-12-10", "name": "Yoga", "note": "Hips."});
        done(&world, &ana.link, "push_workout", json!({"workouts": [yoga]})).await;
        let id = id_of(&world, ana, "Yoga");
        let text = answer(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "length_percent": 50}),
        )
        .await;
        assert!(!text.contains("is like that already"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_told_although_the_form_could_not_be_read_afterwards() {
    for fault in [
        Fault::on("/wellness").status(401).times(1),
        Fault::on("/wellness").mode(Mode::WrongAthlete),
    ] {
        on_saturday(async |world| {
            let ana = world.ana();
            world.let_write(ana).await;
            // The preview has read the settings, so that the push has a request left for the form.
            let mut preview = threshold("Second");
            preview["preview"] = json!(true);
            done(&world, &ana.link, "push_workout", preview).await;
            world.sim.clear_requests();
            world.sim.fault(fault);
            let text = answer(&world, &ana.link, "push_workout", threshold("Second")).await;
            let asked = world
                .sim
                .requests()
                .iter()
                .filter(|request| request.path.contains("wellness"))
                .count();
            assert_eq!((all_named(&world, ana, "Second").len(), asked), (1, 1));
            assert!(text.contains("1 written"), "{text}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_entries_of_a_call_hold_for_a_list_as_text() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        let all: Vec<Value> = (0..28)
            .map(|at| workout("Ride", "2026-12-10", &format!("Ten {at}"), "- 30m 60-65%"))
            .collect();
        let names = ["Ana", "Jack", "i900003"];
        let text = Value::from(all).to_string();
        let push = json!({"workouts": text, "athletes": names});
        world.sim.clear_requests();
        let text = answer(&world, &coach, "push_workout", push).await;
        assert!(
            text.contains("more than 60"),
            "{} {text}",
            world.sim.requests().len()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_how_a_late_write_ended_even_if_the_call_is_recorded_after_it() {
    test_with(
        |config| config.call_seconds = 2,
        async |world| {
            let ana = world.ana();
            world.let_write(ana).await;
            world
                .sim
                .fault(Fault::on(BULK).delay_ms(2500).after_writing().times(1));
            world.sim.clear_requests();
            let client = world.mcp(&ana.link);
            let (_, ()) = tokio::join!(client.call("push_workout", threshold("Late")), async {
                let is_sent = || {
                    world
                        .sim
                        .requests()
                        .iter()
                        .any(|request| request.path.ends_with("/events/bulk"))
                };
                while !is_sent() {
                    tokio::time::sleep(StdDuration::from_millis(20)).await;
                }
                // A slow database: the note that the link was used has to wait.
                let mut slow = world.app.pool.begin().await.unwrap();
                sqlx::query("select id from connectors for update")
                    .fetch_all(&mut *slow)
                    .await
                    .unwrap();
                tokio::time::sleep(StdDuration::from_secs(3)).await;
                slow.rollback().await.unwrap();
            });
            assert_eq!(outcomes(&world, "push_workout").await, ["ok"]);
            assert_eq!(all_named(&world, ana, "Late").len(), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withheld_answer_does_not_say_that_what_was_refused_stands() {
    on_saturday(async |world| {
        let ana = world.ana();
        let mut browser = world.let_write(ana).await;
        world
            .sim
            .fault(Fault::on(BULK).status(422).delay_ms(3000).times(1));
        let client = world.mcp(&ana.link);
        let (call, status) = tokio::join!(client.call("push_workout", threshold("Refused")), async {
            let is_sent = async || {
                let mut sent = world.sim.requests().into_iter();
                sent.any(|request| request.path.ends_with("/events/bulk"))
            };
            eventually(StdDuration::from_secs(20), is_sent).await;
            browser.post("/link/regenerate", &[]).await.status
        });
        assert!(all_named(&world, ana, "Refused").is_empty());
        let says = "was not undone: the athlete's activity log says how it ended";
        assert!(
            status == 303 && call.text().ends_with(&format!("{says}.")),
            "{}",
            call.text()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_change_is_not_overwritten_after_some_refused_edits() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        world.sim.fault(Fault::on("PUT /events/").status(422).times(5));
        for at in 0..5 {
            let edit = json!({"id": id, "new_name": format!("Try {at}")});
            refused(&world, &ana.link, "edit_workout", edit).await;
        }
        assert!(
            world
                .sim
                .change_event(ana.person.slug, id, json!({"name": "Mine"}))
        );
        world.clock.advance(Duration::minutes(10));
        let text = answer(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Ours"}),
        )
        .await;
        assert!(text.contains("overwrite: true"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_a_new_name_leaves_the_steps_of_a_file_alone() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let mut file = hers("File");
        file.as_object_mut().unwrap().remove("description");
        file["workout_doc"] = json!({"steps": [{"duration": 600, "power": {"value": 60, "units": "%ftp"}}]});
        let id = world.sim.add_event(ana.person.slug, file).unwrap();
        let before = entry(&world, ana, "File");
        assert_eq!(
            before["workout_doc"]["steps"].as_array().unwrap().len(),
            1,
            "{before:?}"
        );
        let text = done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Renamed"}),
        )
        .await;
        let line = listed(&world, &ana.link, 1).await;
        let undone = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        let after = entry(&world, ana, "File");
        assert_eq!(
            before["description"], after["description"],
            "{text}\n{line}\n{undone}"
        );
        assert!(!line.contains("text"), "{line}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_open_change_is_told_where_nothing_else_is_done() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        world
            .sim
            .fault(Fault::on("PUT /events/").status(500).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500));
        refused(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Race"}),
        )
        .await;
        world.sim.clear_faults();
        world.clock.advance(Duration::minutes(10));
        let text = answer(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Race"}),
        )
        .await;
        assert!(text.contains("Cut off earlier"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_an_athlete_for_whom_nothing_was_written_does_not_say_that_all_went_well() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let run = workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR");
        let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
        push["confirm"] = token(&done(&world, &coach, "push_workout", push.clone()).await);
        world.logged().await;
        sqlx::query("delete from activity_log")
            .execute(&world.app.pool)
            .await
            .unwrap();
        world
            .sim
            .fault(Fault::on(BULK).status(422).athlete(jack.person.athlete_id));
        let text = answer(&world, &coach, "push_workout", push).await;
        assert_eq!(
            (
                all_named(&world, ana, "Both").len(),
                all_named(&world, jack, "Both").len()
            ),
            (1, 0)
        );
        let outcome: Vec<String> =
            sqlx::query_scalar("select outcome from activity_log where athlete_id = $1")
                .bind(jack.person.athlete_id)
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(outcome, ["upstream"], "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_noticed_also_when_several_athletes_are_written_for() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let run = workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR");
        let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
        push["confirm"] = token(&done(&world, &coach, "push_workout", push.clone()).await);
        world
            .sim
            .fault(Fault::on("").status(401).athlete(jack.person.athlete_id));
        let text = answer(&world, &coach, "push_workout", push).await;
        world.sim.clear_faults();
        assert_eq!(all_named(&world, ana, "Both").len(), 1, "{text}");
        let status: String = sqlx::query_scalar("select status from connections where athlete_id = $1")
            .bind(jack.person.athlete_id)
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(status, "reconnect", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_partial_the_others_are_written_although_nothing_passes_for_one_athlete() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let ride = workout("Ride", "2026-12-10", "Both", "- 40m 60-65%");
        let push = json!({"workouts": [ride], "athletes": ["Ana", "Jack"], "partial": true});
        let text = answer(&world, &coach, "push_workout", push).await;
        let _ = (ana, jack);
        assert!(text.contains("confirm: "), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_edit_or_push_of_an_entry_that_moved_is_not_said_to_be_nowhere() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let moved =
            json!({"start_date_local": "2026-12-23T00:00:00", "end_date_local": "2026-12-24T00:00:00"});
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        world.sim.fault(Fault::on("PUT /events/").status(500).times(1));
        refused(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Race"}),
        )
        .await;
        assert!(world.sim.change_event(ana.person.slug, id, moved.clone()));
        let edited = done(&world, &ana.link, "push_workout", threshold("Other")).await;

        world
            .sim
            .fault(Fault::on(BULK).status(500).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500).after(2));
        refused(&world, &ana.link, "push_workout", threshold("Key")).await;
        world.sim.clear_faults();
        let id = id_of(&world, ana, "Key");
        assert!(world.sim.change_event(ana.person.slug, id, moved));
        world.clock.advance(Duration::minutes(15));
        let pushed = done(&world, &ana.link, "push_workout", threshold("Another")).await;
        let cut = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("Cut off"));
            line.unwrap_or_default().to_owned()
        };
        let (edited, pushed) = (cut(&edited), cut(&pushed));
        assert!(
            !edited.contains("can no longer be found") && !pushed.contains("changed nothing"),
            "{edited}\n{pushed}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_not_taken_back_beside_the_same_workout_written_anew() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_push_is_not_sent_again_beside_the_same_workout_made_by_hand() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.fault(Fault::on(BULK).status(500).times(1));
        refused(&world, &ana.link, "push_workout", threshold("Key")).await;
        let mut own = hers("Key");
        own["description"] = json!(THRESHOLD);
        world.sim.add_event(ana.person.slug, own).unwrap();
        world.clock.advance(Duration::minutes(2));
        let text = done(&world, &ana.link, "push_workout", threshold("Key")).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_restored_entry_are_taken_back_together() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "1-3"})).await;
        assert!(!text.contains("in between"), "{text}");
        assert!(all_named(&world, ana, "Key").is_empty(), "{text}");
        let id = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(!id.contains("somebody deleted it"), "{id}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_whose_grant_ends_between_two_requests_writes_nothing_more() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout"], None).await;
        // Refused together, then one by one, slowly.
        let ten = (0..10).map(|at| workout("Ride", "2026-12-10", &format!("Ten {at}"), "- 30m 60-65%"));
        let push = for_ana(json!({"workouts": ten.collect::<Vec<_>>()}));
        world.sim.fault(Fault::on(BULK).status(422).times(1));
        world.sim.fault(Fault::on(BULK).delay_ms(300));
        let client = world.mcp(&coach);
        let (call, at_end) = tokio::join!(client.call("push_workout", push), async {
            while all_named(&world, ana, "Ten 1").is_empty() {
                tokio::time::sleep(StdDuration::from_millis(20)).await;
            }
            change(&world, ana, &["get_events"], None).await;
            (0..10)
                .filter(|at| !all_named(&world, ana, &format!("Ten {at}")).is_empty())
                .count()
        });
        let landed = (0..10)
            .filter(|at| !all_named(&world, ana, &format!("Ten {at}")).is_empty())
            .count();
        assert!(landed <= at_end + 1, "{landed}, {at_end}: {}", call.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_whose_end_is_not_known_is_not_done_twice() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        world
            .sim
            .fault(Fault::on(BULK).status(500).after_writing().times(1));
        world.sim.fault(Fault::on(RESOLVED).status(500).after(1));
        let undo = json!({"changes": "2"});
        refused(&world, &ana.link, "undo_change", undo.clone()).await;
        world.sim.clear_faults();
        assert_eq!(all_named(&world, ana, "Key").len(), 1);
        let text = answer(&world, &ana.link, "undo_change", undo).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_may_land_late_is_sent_again_as_itself() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        world.sim.fault(Fault::on(BULK).status(500).times(1));
        let undo = json!({"changes": "2"});
        refused(&world, &ana.link, "undo_change", undo.clone()).await;
        let text = answer(&world, &ana.link, "undo_change", undo).await;
        let keys: Vec<String> = sqlx::query_scalar(
            "select external_id from changes where tool = 'undo_change' and external_id is not null",
        )
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        assert_eq!(keys.len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_keeps_the_token_and_each_athletes_outcome() {
    on_saturday(async |world| {
        let jack = world.jack();
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let text = "- 1m 70-75% LTHR\n- 2m 70-75% LTHR\n".repeat(75);
        let all: Vec<Value> = (0..10)
            .map(|at| workout("Run", "2026-12-10", &format!("Long {at}"), &text))
            .collect();
        let mut push = json!({"workouts": all, "athletes": ["Ana", "Jack"]});
        let preview = answer(&world, &coach, "push_workout", push.clone()).await;
        assert!(
            preview.contains("confirm: "),
            "{} characters: {}",
            preview.len(),
            &preview[preview.len() - 300..]
        );
        push["confirm"] = token(&preview);
        let text = answer(&world, &coach, "push_workout", push).await;
        assert!(
            text.contains("Jack Nguyen (i900002) · 10 written"),
            "{}",
            &text[text.len() - 300..]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_says_that_steps_of_a_file_come_back_as_text() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let mut file = hers("File");
        file.as_object_mut().unwrap().remove("description");
        file["workout_doc"] = json!({"steps": [{"duration": 600, "power": {"value": 60, "units": "%ftp"}}]});
        let id = world.sim.add_event(ana.person.slug, file).unwrap();
        let text = done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        assert!(text.contains("as text"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_percentage_sent_twice_at_once_is_applied_once() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        let edit = json!({"id": id, "length_percent": 50});
        let (one, two) = tokio::join!(
            answer(&world, &ana.link, "edit_workout", edit.clone()),
            answer(&world, &ana.link, "edit_workout", edit.clone()),
        );
        let secs = entry(&world, ana, "Key")["moving_time"].as_f64().unwrap();
        assert!(secs > 2000.0, "{secs} s of 4380\n{one}\n{two}");
    })
    .await;
}

fn yoga() -> Value {
    json!({"workouts": [{"sport": "Yoga", "date": "2026-12-10", "name": "Yoga", "note": "Hips.", "minutes": 45, "load": 20}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_a_new_name_restores_the_name_and_nothing_else() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", yoga()).await;
        let id = id_of(&world, ana, "Yoga");
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Hips"}),
        )
        .await;
        let own = json!({"icu_training_load": 80, "moving_time": 5400});
        assert!(world.sim.change_event(ana.person.slug, id, own));
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        let all = calendar(&world, ana, "2026-12-10", "2026-12-10");
        let now = all.iter().find(|event| event["id"] == id).unwrap();
        assert_eq!(
            (&now["icu_training_load"], &now["moving_time"]),
            (&json!(80), &json!(5400)),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_a_new_name_keeps_the_end_that_somebody_else_set() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let away = json!({"category": "HOLIDAY", "name": "Away", "start_date_local": "2026-12-10T00:00:00",
            "end_date_local": "2026-12-12T00:00:00"});
        let id = world.sim.add_event(ana.person.slug, away).unwrap();
        done(
            &world,
            &ana.link,
            "edit_workout",
            json!({"id": id, "new_name": "Holiday"}),
        )
        .await;
        let own = json!({"end_date_local": "2026-12-20T00:00:00"});
        assert!(world.sim.change_event(ana.person.slug, id, own));
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        let all = calendar(&world, ana, "2026-12-10", "2026-12-10");
        let now = all.iter().find(|event| event["id"] == id).unwrap();
        assert_eq!(now["end_date_local"], "2026-12-20T00:00:00", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_the_athlete_set_is_neither_undone_nor_overwritten() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", yoga()).await;
        let id = id_of(&world, ana, "Yoga");
        assert!(
            world
                .sim
                .change_event(ana.person.slug, id, json!({"icu_training_load": 80}))
        );
        let edited = answer(&world, &ana.link, "edit_workout", json!({"id": id, "load": 30})).await;
        let load = entry(&world, ana, "Yoga")["icu_training_load"].clone();
        assert_eq!(load, 80, "{edited}");
        let undone = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert_eq!(all_named(&world, ana, "Yoga").len(), 1, "{undone}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_is_not_told_as_another_change() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.fault(Fault::on(RESOLVED).delay_ms(1000).times(1));
        let client = world.mcp(&ana.link);
        let (call, ()) = tokio::join!(client.call("push_workout", threshold("Slow")), async {
            tokio::time::sleep(StdDuration::from_millis(700)).await;
            let mut slow = world.app.pool.begin().await.unwrap();
            sqlx::query("select holder from write_leases for update")
                .fetch_all(&mut *slow)
                .await
                .unwrap();
            tokio::time::sleep(StdDuration::from_secs(8)).await;
            slow.rollback().await.unwrap();
        });
        assert!(
            !call.text().contains("another change of this calendar began"),
            "{}",
            call.text()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_at_all_is_not_tried_one_by_one() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let ten = (0..10).map(|at| workout("Ride", "2026-12-10", &format!("Ten {at}"), "- 30m 60-65%"));
        world.sim.fault(Fault::on(BULK).status(403).body("{}"));
        world.sim.clear_requests();
        let push = json!({"workouts": ten.collect::<Vec<_>>()});
        let text = answer(&world, &ana.link, "push_workout", push).await;
        assert_eq!(writes(&world).len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_deleted_is_not_said_to_be_deleted_by_somebody() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(!text.contains("somebody"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_writes_only_for_athletes_who_were_previewed() {
    on_saturday(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["get_events"], None).await;
        change(&world, jack, &["push_workout"], None).await;
        // Both calendars are empty then.
        let run = workout("Run", "2028-06-14", "Both", "- 40m 70-75% LTHR");
        let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
        let preview = done(&world, &coach, "push_workout", push.clone()).await;
        push["confirm"] = token(&preview);
        change(&world, ana, &["push_workout"], None).await;
        let text = answer(&world, &coach, "push_workout", push).await;
        let of = |seeded| {
            let mut all = calendar(&world, seeded, "2028-06-01", "2028-06-30");
            all.retain(|event| event["name"] == "Both");
            all.len()
        };
        assert_eq!((of(ana), of(jack)), (0, 1), "{preview}\n\n{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_athlete_pushed_is_not_the_coachs_to_undo() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout"], None).await;
        world.sim.fault(Fault::on(BULK).status(500).times(1));
        refused(&world, &coach, "push_workout", for_ana(threshold("Key"))).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let text = answer(&world, &coach, "undo_change", for_ana(json!({"changes": "1"}))).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_not_undo_what_was_done_without_asking() {
    on_saturday(async |world| {
        let ana = world.ana();
        let mut browser = world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let mut key = entry(&world, ana, "Key");
        key.insert("paired_activity_id".into(), json!("i77"));
        let given = Given {
            events: Some(vec![key]),
            ..Given::default()
        };
        assert!(world.sim.give(ana.person.slug, given));
        world.sim.clear_requests();
        let page = browser.post("/activity/undo", &[("change", "1")]).await;
        assert!(
            page.status == 200 && page.body.contains("an activity is paired with it"),
            "{}",
            page.body
        );
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_planned_load_told_is_not_from_before_what_may_have_been_written() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world.sim.fault(Fault::on(RESOLVED).status(500).after(1));
        let text = answer(&world, &ana.link, "push_workout", threshold("Key")).await;
        world.sim.clear_faults();
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
        assert!(!text.contains("Planned load"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_url_that_ends_while_a_change_waits_changes_nothing() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        change(&world, ana, &["push_workout"], None).await;
        let athlete = ana.person.athlete_id;
        let taken = changes::take_lease(&world.app.pool, athlete, Uuid::from_u128(1), 60.0).await;
        assert!(taken.unwrap());
        let client = world.mcp(&coach);
        let (call, ()) = tokio::join!(
            client.call("push_workout", for_ana(threshold("Too late"))),
            async {
                tokio::time::sleep(StdDuration::from_millis(600)).await;
                for statement in [
                    "delete from connectors where coach_id is not null",
                    "delete from write_leases",
                ] {
                    sqlx::query(statement).execute(&world.app.pool).await.unwrap();
                }
            }
        );
        assert!(all_named(&world, ana, "Too late").is_empty(), "{}", call.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_intervals_icu_took_and_does_not_show_yet_is_not_written_under_another_key() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        // Answered as saved; the list shows it only later.
        world.sim.fault(Fault::on(BULK).mode(Mode::Forget).times(1));
        refused(&world, &ana.link, "push_workout", threshold("Key")).await;
        let text = done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let keys: Vec<String> = sqlx::query_scalar("select external_id from changes")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(keys.len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_shows_only_later_can_be_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        world
            .sim
            .fault(Fault::on("DELETE /events/").mode(Mode::Forget).times(1));
        refused(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        assert!(world.sim.delete_event(ana.person.slug, id));
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_since_the_list_is_not_deleted_with_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let mut range = json!({"oldest": "2026-12-10", "newest": "2026-12-10"});
        range["confirm"] = token(&done(&world, &ana.link, "delete_workout", range.clone()).await);
        let mut key = entry(&world, ana, "Key");
        key.insert("paired_activity_id".into(), json!("i77"));
        let given = Given {
            events: Some(vec![key]),
            ..Given::default()
        };
        assert!(world.sim.give(ana.person.slug, given));
        world.sim.clear_requests();
        let text = answer(&world, &ana.link, "delete_workout", range).await;
        assert_eq!(writes(&world), Vec::<String>::new(), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_after_a_part_landed_is_noticed() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let two = ["One", "Two"].map(|name| workout("Ride", "2026-12-10", name, THRESHOLD));
        world.sim.fault(Fault::on(BULK).status(422).times(1));
        world.sim.fault(Fault::on("").status(401).after(5));
        let text = answer(&world, &ana.link, "push_workout", json!({"workouts": two})).await;
        world.sim.clear_faults();
        let status: String = sqlx::query_scalar("select status from connections where athlete_id = $1")
            .bind(ana.person.athlete_id)
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(status, "reconnect", "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_never_left_leaves_the_first_try_open() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for status in [500, 429] {
            world.sim.fault(Fault::on(BULK).status(status).times(1));
            refused(&world, &ana.link, "push_workout", threshold("Key")).await;
        }
        world.clock.advance(Duration::minutes(2));
        let text = done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let keys: Vec<String> = sqlx::query_scalar("select external_id from changes")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(
            (keys.len(), all_named(&world, ana, "Key").len()),
            (1, 1),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_of_an_edited_field_is_never_ours() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let id = world.sim.add_event(ana.person.slug, hers("Hers")).unwrap();
        world.sim.fault(
            Fault::on("GET /events")
                .mode(Mode::Meddle)
                .body(r#"{"name": "Mine"}"#)
                .times(1),
        );
        world.sim.fault(Fault::on("PUT /events/").status(500).times(1));
        let edit = json!({"id": id, "new_name": "Race"});
        let text = answer(&world, &ana.link, "edit_workout", edit).await;
        assert!(text.contains("not known"), "{text}");
        let text = answer(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert_eq!(all_named(&world, ana, "Mine").len(), 1, "{text}");
        assert!(!text.contains("can no longer be found"), "{text}");
        world.clock.advance(Duration::minutes(11));
        let text = done(&world, &ana.link, "push_workout", threshold("Other")).await;
        assert!(
            text.contains("is on the calendar, but neither as it was sent nor as it was before"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_what_undid_them_are_taken_back_together() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        for name in ["Race", "Other"] {
            let edit = json!({"id": id, "new_name": name});
            done(&world, &ana.link, "edit_workout", edit).await;
            let undone = world.mcp(&ana.link);
            let last: i32 = sqlx::query_scalar("select max(number) from changes")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            let call = undone
                .call("undo_change", json!({"changes": last.to_string()}))
                .await;
            assert!(!call.is_error(), "{}", call.text());
        }
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1-5"})).await;
        assert!(
            all_named(&world, ana, "Key").is_empty() && !text.contains("in between"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_of_a_kind_comes_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let mut second = threshold("Key");
        second["allow_duplicate"] = json!(true);
        done(&world, &ana.link, "push_workout", second).await;
        let id = all_named(&world, ana, "Key")[0]["id"].clone();
        done(&world, &ana.link, "delete_workout", json!({"id": id})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 1);
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "3"})).await;
        assert_eq!(all_named(&world, ana, "Key").len(), 2, "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_change_of_ones_own_is_named_and_nobody_else_is_blamed() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let edit = json!({"id": id_of(&world, ana, "Key"), "new_name": "Race"});
        done(&world, &ana.link, "edit_workout", edit).await;
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("change 2 came after it: undo that first"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_came_true_for_anybody_the_answer_is_an_error() {
    on_saturday(async |world| {
        let jack = world.jack();
        let coach = world.coaches().await[0].link.clone();
        change(&world, jack, &["push_workout"], None).await;
        let run = workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR");
        let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
        push["confirm"] = token(&done(&world, &coach, "push_workout", push.clone()).await);
        world.sim.fault(Fault::on(BULK).status(422));
        let text = refused(&world, &coach, "push_workout", push).await;
        assert!(text.contains("Ana") && text.contains("Jack"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_one_call_deletes_one_call_restores() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for at in 0..70 {
            let day = world.clock.now().date_naive() + Duration::days(40 + at);
            let mut one = hers(&format!("One {at}"));
            one["start_date_local"] = json!(format!("{day}T00:00:00"));
            one["end_date_local"] = json!(format!("{}T00:00:00", day + Duration::days(1)));
            world.sim.add_event(ana.person.slug, one).unwrap();
        }
        let day = |after| (world.clock.now().date_naive() + Duration::days(after)).to_string();
        let mut range = json!({"oldest": day(40), "newest": day(109)});
        range["confirm"] = token(&done(&world, &ana.link, "delete_workout", range.clone()).await);
        let text = done(&world, &ana.link, "delete_workout", range).await;
        let numbers = text.split("changes ").nth(1).unwrap();
        let numbers: String = numbers
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '-')
            .collect();
        let text = done(&world, &ana.link, "undo_change", json!({"changes": numbers})).await;
        assert!(!text.contains("NOT undone"), "{text}");
    })
    .await;
}
