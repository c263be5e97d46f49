//! The workout library over MCP: read, saved, deleted, undone, by athlete and coach, and what goes wrong on the way.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Folder, Given, Mode};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{done, on_saturday, refused, token, with, writes},
};

/// Lets IcuSync reach the library, switches its tools on, and lets every athlete's connector make changes.
pub(crate) async fn with_library(world: &World) {
    world.with_everything_shared().await;
    world.with_every_group().await;
    sqlx::query("update connectors set may_write = true where account_id is not null")
        .execute(&world.app.pool)
        .await
        .unwrap();
}

fn session(name: &str) -> Value {
    json!({
        "folder": "Key sessions", "name": name, "sport": "Ride", "tags": ["hill"],
        "text": "Warmup\n- 15m ramp 50-75%\n\n4x\n- Hard 8m 96-100%\n- Easy 4m 55%\n\n- 9m 50%", "note": "Stay seated.",
    })
}

/// The workouts of this name in somebody's library.
fn named(world: &World, seeded: &Seeded, name: &str) -> Vec<Map<String, Value>> {
    let all = world
        .sim
        .library(seeded.person.slug)
        .into_iter()
        .flat_map(|(_, inside)| inside);
    all.filter(|workout| workout["name"] == name).collect()
}

fn folder(world: &World, seeded: &Seeded, name: &str) -> Option<Folder> {
    let mut all = world.sim.library(seeded.person.slug).into_iter();
    all.find(|(folder, _)| folder["name"] == name)
}

fn id(workout: &Map<String, Value>) -> i64 {
    workout["id"].as_i64().unwrap()
}

/// The number of the change that a text names first.
fn number(text: &str) -> i32 {
    let digits = text
        .split("(change ")
        .nth(1)
        .and_then(|rest| rest.split(')').next());
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_else(|| panic!("no change in {text}"))
}

async fn undo(world: &Arc<World>, link: &str, changes: &str) -> String {
    done(world, link, "undo_change", json!({"changes": changes})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_is_read_in_one_request_whole_by_folder_and_by_name() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        world.sim.clear_requests();
        let all = done(&world, &ana.link, "get_library", json!({})).await;
        insta::assert_snapshot!("library_of_ana", all);
        assert_eq!(world.sim.requests().len(), 1);
        let key = done(&world, &ana.link, "get_library", json!({"folder": "key"})).await;
        insta::assert_snapshot!("folder_of_ana", key);
        let plan = done(&world, &ana.link, "get_library", json!({"folder": "880011"})).await;
        insta::assert_snapshot!("plan_of_ana", plan);
        for (asked, found) in [
            (json!({"query": "#threshold"}), "Threshold 4x8"),
            (json!({"query": "SweetSpot"}), "Sweet spot 3x12"),
            (json!({"query": "strength"}), "Strength A"),
            (
                json!({"sport": "WeightTraining", "folder": "Key sessions"}),
                "1 workout",
            ),
        ] {
            let text = done(&world, &ana.link, "get_library", asked.clone()).await;
            assert!(text.contains(found), "{asked}: {text}");
        }
        let none = done(
            &world,
            &ana.link,
            "get_library",
            json!({"query": "nothing like it"}),
        )
        .await;
        assert!(none.contains("No workout of the library fits."), "{none}");
        let unknown = refused(&world, &ana.link, "get_library", json!({"folder": "Nowhere"})).await;
        assert!(
            unknown.contains("There is folder «Key sessions» (id 880010)"),
            "{unknown}"
        );
        assert_eq!(world.sim.requests().len(), 1, "the rest came from memory");
        // Steps that go by no threshold that is known stand below their name, as all do.
        let easy = done(
            &world,
            &world.tria().link,
            "get_library",
            json!({"query": "Easy 45"}),
        )
        .await;
        assert!(easy.contains(":\n45 min HR Z2 (not resolved"), "{easy}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_saved_changed_and_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let preview = done(&world, &ana.link, "save_workout", with(session("Hills"), json!({"preview": true}))).await;
        assert!(preview.contains("nothing saved") && preview.contains("would be new"), "{preview}");
        assert_eq!(writes(&world), Vec::<String>::new());
        let saved = done(&world, &ana.link, "save_workout", session("Hills")).await;
        insta::assert_snapshot!("saved_by_ana", saved);
        let there = named(&world, ana, "Hills");
        assert_eq!((there.len(), &there[0]["tags"]), (1, &json!(["hill"])));
        assert!(there[0]["description"].as_str().unwrap().starts_with("Stay seated.\n\nWarmup"));

        let again = done(&world, &ana.link, "save_workout", session("Hills")).await;
        assert!(again.contains("already so, nothing sent"), "{again}");
        assert_eq!(named(&world, ana, "Hills").len(), 1);
        let other = with(session("hills "), json!({"text": "- 1h Z2"}));
        let other = refused(&world, &ana.link, "save_workout", other).await;
        assert!(other.contains("has a workout of that name already, and it differs"), "{other}");

        let change = json!({"id": id(&there[0]).to_string(), "name": "Hills long", "text": "5x\n- 8m 96-100%\n- 4m 55%"});
        let changed = done(&world, &ana.link, "save_workout", change).await;
        let now = named(&world, ana, "Hills long");
        assert!(changed.contains("saved") && now.len() == 1, "{changed}");
        assert!(now[0]["description"].as_str().unwrap().starts_with("Stay seated."), "the note stays");
        assert_eq!(now[0]["tags"], json!(["hill"]), "and what was not named");

        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(
            list.contains("edited library workout «Hills long» in «Key sessions» (text, name)")
                || list.contains("edited library workout «Hills long» in «Key sessions» (name, text"),
            "{list}"
        );
        let text = undo(&world, &ana.link, &number(&changed).to_string()).await;
        assert!(text.contains("1 change undone"), "{text}");
        assert_eq!(named(&world, ana, "Hills").len(), 1, "{text}");
        let text = undo(&world, &ana.link, &number(&saved).to_string()).await;
        assert!(text.contains("it is gone from the library"), "{text}");
        assert_eq!(named(&world, ana, "Hills").len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_made_when_asked_and_goes_with_what_was_saved_in_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let new = with(session("Hills"), json!({"folder": "Winter 2027"}));
        let text = refused(&world, &ana.link, "save_workout", new.clone()).await;
        assert!(text.contains("With make_folder: true"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
        let saved = done(
            &world,
            &ana.link,
            "save_workout",
            with(new, json!({"make_folder": true})),
        )
        .await;
        assert!(
            saved.contains("folder «Winter 2027» is new (change 1)"),
            "{saved}"
        );
        assert_eq!(folder(&world, ana, "Winter 2027").unwrap().1.len(), 1);
        // The folder alone does not go while something is in it.
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("1 workout is in it now"), "{text}");
        let text = undo(&world, &ana.link, "1-2").await;
        assert!(text.contains("2 changes undone"), "{text}");
        assert!(folder(&world, ana, "Winter 2027").is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_days_and_a_folder_has_none() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let in_plan = with(session("Extra"), json!({"folder": "Basis & Aufbau"}));
        let text = refused(&world, &ana.link, "save_workout", in_plan.clone()).await;
        assert!(text.contains("day must be given in a plan"), "{text}");
        let text = refused(
            &world,
            &ana.link,
            "save_workout",
            with(session("Extra"), json!({"day": 3})),
        )
        .await;
        assert!(text.contains("only for a plan"), "{text}");
        let saved = done(
            &world,
            &ana.link,
            "save_workout",
            with(in_plan, json!({"day": 8})),
        )
        .await;
        assert_eq!(named(&world, ana, "Extra")[0]["day"], 7, "{saved}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_is_listed_first_and_comes_back_whole() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let before = folder(&world, ana, "Key sessions").unwrap().1;
        let list = done(
            &world,
            &ana.link,
            "delete_library_item",
            json!({"folder": "Key sessions"}),
        )
        .await;
        insta::assert_snapshot!(
            "doomed_folder_of_ana",
            list.replace(token(&list).as_str().unwrap(), "TOKEN")
        );
        assert_eq!(writes(&world), Vec::<String>::new());
        let sure = json!({"folder": "Key sessions", "confirm": token(&list)});
        let gone = done(&world, &ana.link, "delete_library_item", sure.clone()).await;
        assert!(folder(&world, ana, "Key sessions").is_none(), "{gone}");
        let twice = refused(&world, &ana.link, "delete_library_item", sure).await;
        assert!(twice.contains("no folder or plan is called"), "{twice}");

        let text = undo(&world, &ana.link, &number(&gone).to_string()).await;
        assert!(text.contains("it is back under the new id"), "{text}");
        let after = folder(&world, ana, "Key sessions").unwrap().1;
        assert_eq!(after.len(), before.len());
        for (was, is) in before.iter().zip(&after) {
            assert_eq!(
                (&was["name"], &was["tags"], &was["moving_time"]),
                (&is["name"], &is["tags"], &is["moving_time"])
            );
            assert_eq!(
                was["workout_doc"]["duration"], is["workout_doc"]["duration"],
                "{}",
                was["name"]
            );
        }
        let one = done(
            &world,
            &ana.link,
            "delete_library_item",
            json!({"workout": "VO2", "folder": "Key"}),
        )
        .await;
        assert!(one.contains("workout «VO2 5x3»"), "{one}");
        let changed = after.iter().find(|workout| workout["name"] == "VO2 5x3").unwrap();
        world
            .sim
            .change_library("ana", id(changed), Some(json!({"name": "VO2 6x3"})));
        let sure = json!({"workout": id(changed).to_string(), "confirm": token(&one)});
        let text = refused(&world, &ana.link, "delete_library_item", sure).await;
        assert!(text.contains("changed since it was listed"), "{text}");
        assert_eq!(named(&world, ana, "VO2 6x3").len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_share_is_never_changed_or_deleted() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        for (tool, asked, says) in [
            (
                "delete_library_item",
                json!({"folder": "Club"}),
                "shared with 2 others",
            ),
            (
                "delete_library_item",
                json!({"workout": "Club session"}),
                "shared with 2 others",
            ),
            (
                "delete_library_item",
                json!({"folder": "From the coach"}),
                "only its owner",
            ),
            (
                "delete_library_item",
                json!({"workout": "Coach's own"}),
                "only its owner",
            ),
            (
                "save_workout",
                with(session("Mine"), json!({"folder": "From the coach"})),
                "only its owner",
            ),
        ] {
            let text = refused(&world, &ana.link, tool, asked.clone()).await;
            assert!(text.contains(says), "{asked}: {text}");
        }
        // Of one whose row does not say it, the list of those who share it does.
        let doomed = json!({"folder": "Key sessions"});
        world
            .sim
            .fault(Fault::on("GET /shared-with").status(404).times(1));
        let text = refused(&world, &ana.link, "delete_library_item", doomed.clone()).await;
        assert!(text.contains("could not be looked at"), "{text}");
        let key = id(&folder(&world, ana, "Key sessions").unwrap().0);
        let given =
            json!({"answers": {format!("/folders/{key}/shared-with"): [{"id": "i1", "name": "Somebody"}]}});
        assert!(world.sim.give("ana", serde_json::from_value(given).unwrap()));
        let text = refused(&world, &ana.link, "delete_library_item", doomed).await;
        assert!(text.contains("shared with 1 other"), "{text}");
        assert_eq!(writes(&world), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_intervals_icu_makes_of_it_is_what_is_told() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        world
            .sim
            .fault(Fault::on("POST /workouts").ignoring(&["tags"]).times(1));
        let text = done(&world, &ana.link, "save_workout", session("No tags")).await;
        assert!(text.contains("NOT AS SENT: tags"), "{text}");
        world
            .sim
            .fault(Fault::on("POST /workouts").mode(Mode::DropSteps).times(1));
        let text = done(&world, &ana.link, "save_workout", session("No steps")).await;
        assert!(text.contains("NOT AS SENT: text"), "{text}");
        world
            .sim
            .fault(Fault::on("POST /workouts").mode(Mode::Forget).times(1));
        let text = refused(&world, &ana.link, "save_workout", session("Forgotten")).await;
        assert!(
            text.contains("said that it is done, but it is not there"),
            "{text}"
        );
        world
            .sim
            .fault(Fault::on("POST /workouts").mode(Mode::RefuseEntry).times(1));
        let text = refused(&world, &ana.link, "save_workout", session("Refused")).await;
        assert!(text.contains("intervals.icu did not accept it"), "{text}");
        // It landed, and nobody heard of it.
        world
            .sim
            .fault(Fault::on("POST /workouts").status(500).after_writing().times(1));
        let text = done(&world, &ana.link, "save_workout", session("Unheard")).await;
        assert!(
            text.contains("saved") && named(&world, ana, "Unheard").len() == 1,
            "{text}"
        );
        let taken = undo(&world, &ana.link, &number(&text).to_string()).await;
        assert!(named(&world, ana, "Unheard").is_empty(), "{taken}");
        // Somebody changed it since.
        let text = done(&world, &ana.link, "save_workout", session("Theirs")).await;
        let theirs = id(&named(&world, ana, "Theirs")[0]);
        assert!(
            world
                .sim
                .change_library("ana", theirs, Some(json!({"tags": ["mine"]})))
        );
        world.clock.set("2026-11-28T16:30:00Z".parse().unwrap());
        let kept = refused(
            &world,
            &ana.link,
            "undo_change",
            json!({"changes": number(&text).to_string()}),
        )
        .await;
        assert!(kept.contains("somebody changed it since (tags)"), "{kept}");
        for (text, wrong) in [
            ("- 400m 95% Pace", "400"),
            ("- 10m 2km 80% LTHR", "a time and a distance"),
        ] {
            let bad = with(session("Bad"), json!({"text": text, "sport": "Run"}));
            let said = refused(&world, &ana.link, "save_workout", bad).await;
            assert!(
                said.contains("nothing was saved") && said.contains(wrong),
                "{said}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_needs_the_grant_for_each_and_undoes_only_what_the_coach_did() {
    on_saturday(async |world| {
        let ana = world.ana();
        let coach = world.coaches().await[0].link.clone();
        with_library(&world).await;
        let asked = |more: Value| with(json!({"athlete": "Ana"}), more);
        change(&world, ana, &["get_training_history"], None).await;
        let text = refused(&world, &coach, "get_library", asked(json!({}))).await;
        assert!(text.contains("has not granted get_library"), "{text}");
        change(&world, ana, &["get_library"], None).await;
        let text = done(&world, &coach, "get_library", asked(json!({}))).await;
        assert!(text.starts_with("Ana Berger ("), "{text}");
        let text = refused(&world, &coach, "save_workout", asked(session("By coach"))).await;
        assert!(text.contains("has not granted save_workout"), "{text}");
        change(&world, ana, &["get_library", "save_workout"], None).await;
        let mine = done(&world, &ana.link, "save_workout", session("By Ana")).await;
        let text = done(&world, &coach, "save_workout", asked(session("By coach"))).await;
        let theirs = number(&text).to_string();
        let not = refused(
            &world,
            &coach,
            "undo_change",
            asked(json!({"changes": number(&mine).to_string()})),
        )
        .await;
        assert!(not.contains("there is no change"), "{not}");
        let text = done(&world, &coach, "undo_change", asked(json!({"changes": theirs}))).await;
        assert!(named(&world, ana, "By coach").is_empty(), "{text}");
        assert_eq!(named(&world, ana, "By Ana").len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_is_off_and_not_shared_until_somebody_wants_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        let text = refused(&world, &ana.link, "get_library", json!({})).await;
        assert!(
            text.contains("get_library is switched off for this connector"),
            "{text}"
        );
        let text = refused(&world, &ana.link, "save_workout", session("Hills")).await;
        assert!(text.contains("switched off"), "{text}");
        world.with_every_group().await;
        let text = refused(&world, &ana.link, "get_library", json!({})).await;
        assert!(text.contains("needs the athlete's workout library"), "{text}");
        assert!(
            world
                .sim
                .requests()
                .iter()
                .all(|request| !request.path.contains("/folders"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_workouts_and_odd_ones_are_read_and_cut() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let one = named(&world, ana, "Sweet spot 3x12").remove(0);
        let many: Vec<Value> = (0..2000)
            .map(|at| {
                let mut own = one.clone();
                own.insert("id".into(), json!(50_000 + at));
                own.insert("name".into(), json!(format!("Session {at}")));
                own.insert("folder_id".into(), json!(77));
                Value::Object(own)
            })
            .collect();
        let odd = json!([
            {"id": 78, "type": "FOLDER", "name": null, "children": null},
            {"id": 79, "type": "FUTURE", "name": "Odd", "children": [{"id": 1, "name": 5, "type": [], "workout_doc": 3}, 7, null]},
            {"name": "no id", "children": []},
            7,
        ]);
        let mut folders = vec![json!({"id": 77, "type": "FOLDER", "name": "All of them", "athlete_id": "i900001", "children": many})];
        folders.extend(odd.as_array().unwrap().clone());
        let given: Given = serde_json::from_value(json!({"answers": {"/folders": folders}})).unwrap();
        assert!(world.sim.give("ana", given));
        let all = done(&world, &ana.link, "get_library", json!({})).await;
        assert!(all.contains("3 folders, 0 plans, 2001 workouts") && all.contains("could not be read"), "{all}");
        let cut = done(&world, &ana.link, "get_library", json!({"folder": "All of them"})).await;
        assert!(cut.contains("… 1940 more workouts: narrow it with query or sport"), "{cut}");
        assert!(cut.len() < 12_000, "{}", cut.len());
        let text = refused(&world, &ana.link, "delete_library_item", json!({"folder": "All of them"})).await;
        assert!(text.contains("holds 2000 workouts, more than 120"), "{text}");
    })
    .await;
}
