//! Activities entered and deleted by hand over MCP, by athlete and coach: once, undone, never a recording, and what goes wrong on the
//! way.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Mode};
use serde_json::{Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{done, on_saturday, refused, token, with, writes},
    writes_library::with_library,
};

const ADD: &str = "add_activity";
const DELETE: &str = "delete_activity";

fn yoga() -> Value {
    json!({"sport": "Yoga", "start": "2026-11-18 Wed 07:00", "name": "Flow", "minutes": "1:00", "load": 20, "rpe": 3, "feel": "good",
        "description": "At home", "tags": ["calm"]})
}

/// Somebody's activities of this name that were entered by hand.
async fn entered(world: &World, seeded: &Seeded, name: &str) -> Vec<Value> {
    let all = world
        .at_intervals(seeded, "activities?oldest=2026-11-01&newest=2026-11-30")
        .await;
    let all = all.as_array().unwrap().iter();
    all.filter(|row| row["name"] == name && row["source"] == "MANUAL")
        .cloned()
        .collect()
}

fn number(text: &str) -> i32 {
    let rest = text.split("(change ").nth(1);
    let number = rest.and_then(|rest| rest.split(')').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no change in {text}"))
}

async fn undo(world: &Arc<World>, link: &str, number: i32) -> String {
    let asked = json!({"changes": number.to_string()});
    done(world, link, "undo_change", asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_entered_once_counts_and_is_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        let off = refused(&world, &ana.link, ADD, yoga()).await;
        assert!(off.contains("switched off for this connector"), "{off}");
        with_library(&world).await;
        world.sim.clear_requests();
        let preview = done(&world, &ana.link, ADD, with(yoga(), json!({"preview": true}))).await;
        assert!(
            preview.contains("preview, nothing entered") && writes(&world).is_empty(),
            "{preview}"
        );
        let text = done(&world, &ana.link, ADD, yoga()).await;
        let stands = entered(&world, ana, "Flow").await;
        assert_eq!(stands.len(), 1);
        insta::assert_snapshot!(
            "a_session_that_was_entered",
            text.replace(stands[0]["id"].as_str().unwrap(), "ID")
        );
        assert_eq!(
            writes(&world),
            ["POST /api/v1/athlete/i900001/activities/manual/bulk"]
        );
        for (field, value) in [
            ("type", json!("Yoga")),
            ("start_date_local", json!("2026-11-18T07:00:00")),
            ("moving_time", json!(3600)),
            ("icu_training_load", json!(20)),
            ("icu_rpe", json!(3)),
            ("feel", json!(2)),
            ("description", json!("At home")),
            ("tags", json!(["calm"])),
        ] {
            assert_eq!(stands[0][field], value, "{field}");
        }
        let key = stands[0]["external_id"].as_str().unwrap();
        assert!(key.starts_with("icusync-"), "{key}");
        let again = done(&world, &ana.link, ADD, yoga()).await;
        assert!(again.contains("It stands there already"), "{again}");
        let renamed = json!({"ids": [stands[0]["id"]], "name": "Slow flow"});
        done(&world, &ana.link, "update_activity", renamed).await;
        let again = refused(&world, &ana.link, ADD, yoga()).await;
        assert!(
            again.contains("entered before, and changed since") && again.contains("«Slow flow»"),
            "{again}"
        );
        assert_eq!(
            entered(&world, ana, "Slow flow").await.len(),
            1,
            "and nothing of it is overwritten"
        );
        let back = json!({"ids": [stands[0]["id"]], "name": "Flow"});
        done(&world, &ana.link, "update_activity", back).await;
        let history = json!({"oldest": "2026-11-18", "newest": "2026-11-18"});
        let history = done(&world, &ana.link, "get_training_history", history).await;
        assert!(history.contains("«Flow»"), "{history}");
        let changes = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            changes.contains("activity Yoga «Flow» 2026-11-18 Wed"),
            "{changes}"
        );
        let text = undo(&world, &ana.link, number(&text)).await;
        assert!(text.contains("it is gone"), "{text}");
        assert!(entered(&world, ana, "Flow").await.is_empty());
        let page = world.signed_in(ana).await.get("/activity").await.text();
        assert!(page.contains("add_activity") && page.contains("Flow"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_there_already_is_shown_and_confirmed_first() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let rides = world
            .at_intervals(ana, "activities?oldest=2026-11-01&newest=2026-11-20")
            .await;
        let ride = rides
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["type"] == "Ride" && row["source"] == "GARMIN_CONNECT")
            .unwrap();
        let start = ride["start_date_local"].as_str().unwrap();
        let mine = json!({"sport": "Ride", "start": start, "name": "Forgot the computer", "minutes": 90, "distance": "40 km",
            "climb": "350 m"});
        world.sim.clear_requests();
        let first = done(&world, &ana.link, ADD, mine.clone()).await;
        assert!(
            first.contains("nothing entered yet")
                && first.contains("There on that day already")
                && first.contains(ride["id"].as_str().unwrap())
                && first.contains("both would count"),
            "{first}"
        );
        assert!(writes(&world).is_empty());
        let other = with(
            with(mine.clone(), json!({"minutes": 91})),
            json!({"confirm": token(&first)}),
        );
        let text = refused(&world, &ana.link, ADD, other).await;
        assert!(text.contains("token does not fit"), "{text}");
        let sure = with(mine, json!({"confirm": token(&first)}));
        let text = done(&world, &ana.link, ADD, sure).await;
        assert!(
            text.contains("40.0 km") && text.contains("It has no load, so it does not count in fitness."),
            "{text}"
        );
        let stands = entered(&world, ana, "Forgot the computer").await;
        assert_eq!(
            (&stands[0]["distance"], &stands[0]["total_elevation_gain"]),
            (&json!(40_000), &json!(350))
        );
        // Today a recording may still come.
        let today = json!({"sport": "Yoga", "start": "2026-11-28 07:00", "minutes": 30, "load": 5});
        let text = done(&world, &ana.link, ADD, today).await;
        assert!(text.contains("Should a device still upload"), "{text}");
        assert!(text.contains("Yoga «Yoga»"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_entered_by_hand_is_deleted_after_it_was_shown() {
    on_saturday(async |world| {
        let (ana, bishnu) = (world.ana(), world.bishnu());
        with_library(&world).await;
        let find = async |seeded: &Seeded, source: &str| {
            let all = world
                .at_intervals(seeded, "activities?oldest=2026-06-01&newest=2026-11-30")
                .await;
            let all = all.as_array().unwrap().clone();
            all.into_iter().find(|row| row["source"] == source).unwrap()["id"].clone()
        };
        let recorded = find(ana, "GARMIN_CONNECT").await;
        let text = refused(&world, &ana.link, DELETE, json!({"id": recorded})).await;
        assert!(
            text.contains("is a recording, and IcuSync deletes none")
                && text.contains("intervals.icu, under Actions"),
            "{text}"
        );
        let closed = find(bishnu, "STRAVA").await;
        let text = refused(&world, &bishnu.link, DELETE, json!({"id": closed})).await;
        assert!(text.contains("came from Strava"), "{text}");
        let text = refused(&world, &bishnu.link, DELETE, json!({"id": recorded})).await;
        assert!(text.contains("not one of this athlete's activities"), "{text}");

        let added = done(&world, &ana.link, ADD, yoga()).await;
        let flow = entered(&world, ana, "Flow").await[0].clone();
        let ask = json!({"id": flow["id"]});
        let shown = done(&world, &ana.link, DELETE, ask.clone()).await;
        assert!(
            shown.contains("nothing deleted") && shown.contains("Yoga «Flow»"),
            "{shown}"
        );
        let sure = with(ask.clone(), json!({"confirm": token(&shown)}));
        let renamed = json!({"ids": [flow["id"]], "name": "Flow 2"});
        done(&world, &ana.link, "update_activity", renamed).await;
        let text = refused(&world, &ana.link, DELETE, sure).await;
        assert!(text.contains("changed since it was shown"), "{text}");
        let shown = done(&world, &ana.link, DELETE, ask.clone()).await;
        let sure = with(ask, json!({"confirm": token(&shown)}));
        let gone = done(&world, &ana.link, DELETE, sure.clone()).await;
        assert!(gone.contains("Deleted:"), "{gone}");
        assert!(entered(&world, ana, "Flow 2").await.is_empty());
        let text = refused(&world, &ana.link, DELETE, sure).await;
        assert!(text.contains("no activity with this id"), "{text}");
        let early = json!({"changes": number(&added).to_string()});
        let text = refused(&world, &ana.link, "undo_change", early).await;
        assert!(
            text.contains("undo that first") || text.contains("not there any more"),
            "{text}"
        );
        let text = undo(&world, &ana.link, number(&gone)).await;
        assert!(text.contains("back under the new id"), "{text}");
        let back = entered(&world, ana, "Flow 2").await[0].clone();
        assert_ne!(back["id"], flow["id"]);
        for field in [
            "start_date_local",
            "moving_time",
            "icu_training_load",
            "icu_rpe",
            "feel",
            "description",
            "tags",
        ] {
            assert_eq!(back[field], flow[field], "{field}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_intervals_icu_makes_of_an_entry_by_hand_is_what_is_told() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        world
            .sim
            .fault(Fault::on("POST /activities/manual").mode(Mode::Forget).times(1));
        let text = refused(&world, &ana.link, ADD, yoga()).await;
        assert!(
            text.contains("NOT KNOWN") && text.contains("it is not there"),
            "{text}"
        );
        world.sim.fault(
            Fault::on("POST /activities/manual")
                .status(502)
                .after_writing()
                .times(1),
        );
        let text = done(&world, &ana.link, ADD, yoga()).await;
        assert!(text.contains("entered"), "{text}");
        assert_eq!(entered(&world, ana, "Flow").await.len(), 1);
        world.sim.fault(
            Fault::on("POST /activities/manual")
                .ignoring(&["icu_training_load"])
                .times(1),
        );
        let other = with(yoga(), json!({"start": "2026-11-17 07:00", "name": "Light"}));
        let text = done(&world, &ana.link, ADD, other).await;
        assert!(text.contains("did not take: load"), "{text}");
        for (change, says) in [
            (json!({"sport": "Napping"}), "sport must be"),
            (json!({"start": "2026-11-18"}), "must have its time of day"),
            (json!({"start": "2026-11-28 23:00"}), "must not be in the future"),
            (
                json!({"start": "2026-11-18 Thu 07:00"}),
                "2026-11-18 is a Wednesday",
            ),
            (json!({"minutes": 0}), "minutes must be"),
            (
                json!({"minutes": "45:00"}),
                "minutes from 1 to 1440, or h:mm such as 1:30",
            ),
            (json!({"distance": "40"}), "must have its unit"),
            (json!({"distance": "4000 km"}), "at most 2000 km"),
            (json!({"hr": 300}), "hr must be"),
            (json!({"feel": "great"}), "feel must be"),
        ] {
            let text = refused(&world, &ana.link, ADD, with(yoga(), change.clone())).await;
            assert!(text.contains(says), "{change}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_enters_and_deletes_only_where_it_is_granted() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        with_library(&world).await;
        let ana = world.ana();
        let for_ana = |more: Value| with(more, json!({"athlete": "ana"}));
        let text = refused(&world, &coach, ADD, for_ana(yoga())).await;
        assert!(text.contains("has not granted add_activity"), "{text}");
        change(
            &world,
            ana,
            &["get_training_history", "add_activity", "delete_activity"],
            None,
        )
        .await;
        let text = done(&world, &coach, ADD, for_ana(yoga())).await;
        assert!(
            text.starts_with("Ana Berger (i900001)") && text.contains("athlete i900001 and"),
            "{text}"
        );
        let flow = entered(&world, ana, "Flow").await[0]["id"].clone();
        let ask = for_ana(json!({"id": flow}));
        let shown = done(&world, &coach, DELETE, ask.clone()).await;
        let text = done(
            &world,
            &coach,
            DELETE,
            with(ask, json!({"confirm": token(&shown)})),
        )
        .await;
        assert!(text.contains("Deleted:"), "{text}");
        assert!(entered(&world, ana, "Flow").await.is_empty());
    })
    .await;
}
