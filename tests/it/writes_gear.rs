//! Gear over MCP: what is there and due, added, renamed, retired, replaced, reminded of, deleted and undone, by athlete and coach, and
//! what goes wrong on the way.

use std::sync::Arc;

use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Mode};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{done, on_saturday, refused, token, with, writes},
    writes_library::with_library,
};

const GET: &str = "get_gear";
const PUT: &str = "update_gear";

/// A person's piece or part that is so.
fn piece(world: &World, seeded: &Seeded, is_so: impl Fn(&Map<String, Value>) -> bool) -> Map<String, Value> {
    let all = world.sim.gear(seeded.person.slug);
    let mut found = all.into_iter().filter(|one| is_so(one));
    found.next().unwrap_or_default()
}

fn named(world: &World, seeded: &Seeded, name: &str) -> Map<String, Value> {
    piece(world, seeded, |one| one["name"] == name)
}

fn reminders(piece: &Map<String, Value>) -> Vec<(String, Value)> {
    let all = piece["reminders"].as_array().cloned().unwrap_or_default();
    all.iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()))
        .collect()
}

/// The number of the first change that a text names.
fn number(text: &str) -> i32 {
    let rest = text.split("(change ").nth(1);
    let number = rest.and_then(|rest| rest.split(')').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no change in {text}"))
}

async fn undo(world: &Arc<World>, link: &str, number: i32) -> String {
    done(world, link, "undo_change", json!({"changes": number.to_string()})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn gear_is_off_until_wanted_and_read_in_one_request() {
    on_saturday(async |world| {
        let ana = world.ana();
        let off = refused(&world, &ana.link, GET, json!({})).await;
        assert!(off.contains("switched off for this connector"), "{off}");
        with_library(&world).await;
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        world.sim.clear_requests();
        let text = done(&world, &ana.link, GET, json!({})).await;
        assert_eq!(world.sim.requests().len(), 1);
        insta::assert_snapshot!("gear_of_ana", text);
        let chain = piece(&world, ana, |one| one["type"] == "Chain");
        let one = done(&world, &ana.link, GET, json!({"gear": "chain"})).await;
        assert!(
            one.contains(chain["id"].as_str().unwrap()) && !one.contains("Bike"),
            "{one}"
        );
        let none = refused(&world, &ana.link, GET, json!({"gear": "tandem"})).await;
        assert!(none.contains("no gear is called «tandem»"), "{none}");
        let empty = done(&world, &world.tria().link, GET, json!({})).await;
        assert!(empty.ends_with("No gear at intervals.icu."), "{empty}");

        // Of a ride and of its gear the same is told.
        let rides = world
            .at_intervals(ana, "activities?oldest=2026-11-01&newest=2026-11-21")
            .await;
        let ride = rides
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["gear"]["id"].is_string())
            .unwrap();
        let detail = done(
            &world,
            &ana.link,
            "get_activity_detail",
            json!({"id": ride["id"]}),
        )
        .await;
        assert!(
            detail.contains(ride["gear"]["name"].as_str().unwrap()),
            "{detail}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shoes_are_added_renamed_retired_and_taken_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let new = json!({"add": "shoes", "name": "Ghost 16", "bought": "2026-11-01", "note": "Size 39"});
        world.sim.clear_requests();
        let preview = done(
            &world,
            &ana.link,
            PUT,
            with(new.clone(), json!({"preview": true})),
        )
        .await;
        assert!(
            preview.contains("preview, nothing changed") && writes(&world).is_empty(),
            "{preview}"
        );
        let added = done(&world, &ana.link, PUT, new.clone()).await;
        insta::assert_snapshot!(
            "shoes_that_were_added",
            added.replace(named(&world, ana, "Ghost 16")["id"].as_str().unwrap(), "ID")
        );
        let stands = named(&world, ana, "Ghost 16");
        assert_eq!(
            (&stands["type"], &stands["purchased"], &stands["notes"]),
            (&json!("Shoes"), &json!("2026-11-01"), &json!("Size 39"))
        );
        let again = refused(&world, &ana.link, PUT, new).await;
        assert!(again.contains("is there already"), "{again}");

        let renamed = done(
            &world,
            &ana.link,
            PUT,
            json!({"gear": "ghost 16", "name": "Ghost 16 blue", "retired": "2026-11-20"}),
        )
        .await;
        assert!(renamed.contains("Changed: shoes «Ghost 16»"), "{renamed}");
        let stands = named(&world, ana, "Ghost 16 blue");
        assert_eq!(stands["retired"], "2026-11-20");
        let same = done(
            &world,
            &ana.link,
            PUT,
            json!({"gear": "ghost 16 blue", "retired": "2026-11-20"}),
        )
        .await;
        assert!(same.contains("So already: shoes"), "{same}");
        let listed = done(&world, &ana.link, GET, json!({})).await;
        assert!(!listed.contains("Ghost"), "{listed}");
        let listed = done(&world, &ana.link, GET, json!({"include": ["retired"]})).await;
        assert!(listed.contains("«Ghost 16 blue»"), "{listed}");
        let back = done(
            &world,
            &ana.link,
            PUT,
            json!({"gear": "ghost 16 blue", "retired": "no"}),
        )
        .await;
        assert!(back.contains("Changed:"), "{back}");
        assert_eq!(named(&world, ana, "Ghost 16 blue")["retired"], Value::Null);

        let changes = done(&world, &ana.link, "list_changes", json!({})).await;
        assert!(changes.contains("new shoes «Ghost 16»"), "{changes}");
        let early = json!({"changes": number(&renamed).to_string()});
        let early = refused(&world, &ana.link, "undo_change", early).await;
        assert!(
            early.contains("change 3 came after it: undo that first"),
            "{early}"
        );
        let both = json!({"changes": format!("{}, {}", number(&renamed), number(&back))});
        let text = done(&world, &ana.link, "undo_change", both).await;
        assert!(text.contains("2 changes undone"), "{text}");
        assert_eq!(named(&world, ana, "Ghost 16")["retired"], Value::Null, "{text}");
        let text = undo(&world, &ana.link, number(&added)).await;
        assert!(text.contains("it is gone"), "{text}");
        assert!(named(&world, ana, "Ghost 16").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_put_on_a_bike_replaced_and_put_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let bike = piece(&world, ana, |one| one["type"] == "Bike");
        let (bike_name, bike_id) = (bike["name"].as_str().unwrap(), bike["id"].as_str().unwrap());
        let chain = piece(&world, ana, |one| one["type"] == "Chain");
        let on_bike = || {
            let bike = piece(&world, ana, |one| one["id"] == bike_id);
            bike["component_ids"].as_array().unwrap().clone()
        };
        let added = done(
            &world,
            &ana.link,
            PUT,
            json!({"add": "tyre", "name": "GP 5000", "on": bike_name}),
        )
        .await;
        assert!(added.contains(&format!("It is on «{bike_name}».")), "{added}");
        let tyre = named(&world, ana, "GP 5000");
        assert_eq!(on_bike(), [chain["id"].clone(), tyre["id"].clone()]);
        let wrong = refused(
            &world,
            &ana.link,
            PUT,
            json!({"gear": bike_name, "replace": true}),
        )
        .await;
        assert!(wrong.contains("is no part of another piece"), "{wrong}");

        world.sim.clear_requests();
        let preview = done(
            &world,
            &ana.link,
            PUT,
            json!({"gear": "chain 12s", "replace": true, "preview": true}),
        )
        .await;
        assert!(
            preview.contains("retired 2026-11-28 Sat") && preview.contains(bike_name),
            "{preview}"
        );
        world.sim.clear_requests();
        let replaced = done(
            &world,
            &ana.link,
            PUT,
            json!({"gear": "chain 12s", "replace": true}),
        )
        .await;
        assert!(
            replaced.contains("Replaced: chain «Chain 12s»") && replaced.contains("retired"),
            "{replaced}"
        );
        assert_eq!(writes(&world).len(), 1);
        let old = piece(&world, ana, |one| one["id"] == chain["id"]);
        assert_eq!(old["retired"], "2026-11-28");
        let new = piece(&world, ana, |one| {
            one["name"] == "Chain 12s" && one["id"] != chain["id"]
        });
        assert_eq!(on_bike(), [new["id"].clone(), tyre["id"].clone()]);
        assert_eq!(reminders(&new)[0].0, "Replace chain");

        let text = undo(&world, &ana.link, number(&replaced)).await;
        assert!(text.contains("the old one is back in its place"), "{text}");
        let old = piece(&world, ana, |one| one["id"] == chain["id"]);
        assert_eq!(old["retired"], Value::Null);
        assert_eq!(on_bike(), [chain["id"].clone(), tyre["id"].clone()]);
        assert!(piece(&world, ana, |one| one["id"] == new["id"]).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_are_set_put_off_reset_and_deleted() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let chain = || piece(&world, ana, |one| one["type"] == "Chain");
        let of = |name: &str| {
            let all = reminders(&chain());
            all.into_iter()
                .find(|(own, _)| own == name)
                .map(|(_, one)| one)
                .unwrap_or_default()
        };
        let ask = |more: Value| with(json!({"gear": "chain 12s", "reminder": "Wax"}), more);
        let lacks = refused(&world, &ana.link, PUT, ask(json!({"reset": true}))).await;
        assert!(
            lacks.contains("has no reminder called «Wax»") && lacks.contains("«Replace chain»"),
            "{lacks}"
        );
        let made = done(&world, &ana.link, PUT, ask(json!({"every": "300 km"}))).await;
        assert!(made.contains("Added: reminder «Wax» of «Chain 12s»"), "{made}");
        assert_eq!(of("Wax")["distance"], 300_000);
        let hours = done(&world, &ana.link, PUT, ask(json!({"every": "20 h"}))).await;
        assert!(hours.contains("Changed:"), "{hours}");
        assert_eq!(
            (&of("Wax")["distance"], &of("Wax")["time"]),
            (&Value::Null, &json!(72_000))
        );
        let off = done(&world, &ana.link, PUT, ask(json!({"snooze_days": 14}))).await;
        assert!(off.contains("Changed:"), "{off}");
        assert!(
            of("Wax")["snoozed_until"]
                .as_str()
                .unwrap()
                .starts_with("2026-12-12")
        );
        let listed = done(&world, &ana.link, GET, json!({})).await;
        assert!(listed.contains("2026-12-12"), "{listed}");
        assert!(
            off.contains("intervals.icu may keep it put off until then"),
            "{off}"
        );
        let back = json!({"changes": number(&off).to_string()});
        let text = refused(&world, &ana.link, "undo_change", back).await;
        assert!(
            text.contains("NOT undone") && text.contains("all stands as before"),
            "{text}"
        );

        let before = of("Replace chain")["starting_distance"].clone();
        let reset = json!({"gear": "chain 12s", "reminder": "replace chain", "reset": true});
        let reset = done(&world, &ana.link, PUT, reset).await;
        assert!(reset.contains("A reset cannot be undone."), "{reset}");
        assert_ne!(of("Replace chain")["starting_distance"], before);
        let number_of_reset = number(&reset);
        let text = refused(
            &world,
            &ana.link,
            "undo_change",
            json!({"changes": number_of_reset.to_string()}),
        )
        .await;
        assert!(text.contains("does not let a reminder count on"), "{text}");

        let page = world.signed_in(ana).await.get("/activity").await.text();
        for told in ["reminder «Wax» of «Chain 12s»", "300 km", "20:00"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        let gone = ask(json!({"delete": true}));
        let listed = done(&world, &ana.link, PUT, gone.clone()).await;
        assert!(listed.contains("nothing deleted"), "{listed}");
        let gone = done(
            &world,
            &ana.link,
            PUT,
            with(gone, json!({"confirm": token(&listed)})),
        )
        .await;
        assert!(gone.contains("Deleted: reminder «Wax»"), "{gone}");
        assert_eq!(of("Wax"), Value::Null);
        let text = undo(&world, &ana.link, number(&gone)).await;
        assert!(text.contains("back"), "{text}");
        assert_eq!(of("Wax")["time"], 72_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_listed_first_and_comes_back_with_its_totals() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let chain = piece(&world, ana, |one| one["type"] == "Chain");
        let ask = json!({"gear": chain["id"], "delete": true});
        let listed = done(&world, &ana.link, PUT, ask.clone()).await;
        assert!(
            listed.contains("chain «Chain 12s» to delete, nothing deleted")
                && listed.contains("1 reminder would go with it")
                && listed.contains("It is on «Canyon Endurace». After an undo it is on nothing"),
            "{listed}"
        );
        let sure = with(ask.clone(), json!({"confirm": token(&listed)}));
        assert!(world.sim.change_gear(
            "ana",
            chain["id"].as_str().unwrap(),
            Some(json!({"notes": "Theirs"}))
        ));
        let moved = refused(&world, &ana.link, PUT, sure).await;
        assert!(moved.contains("changed since it was listed"), "{moved}");
        let listed = done(&world, &ana.link, PUT, ask.clone()).await;
        let sure = with(ask, json!({"confirm": token(&listed)}));
        let gone = done(&world, &ana.link, PUT, sure.clone()).await;
        assert!(gone.contains("Deleted: chain «Chain 12s»"), "{gone}");
        let twice = refused(&world, &ana.link, PUT, sure).await;
        assert!(twice.contains("no gear is called"), "{twice}");
        let text = undo(&world, &ana.link, number(&gone)).await;
        assert!(text.contains("back under the new id"), "{text}");
        let back = named(&world, ana, "Chain 12s");
        assert_ne!(back["id"], chain["id"]);
        let metres = |piece: &Map<String, Value>| piece["distance"].as_f64().unwrap();
        assert!((metres(&back) - metres(&chain)).abs() < 1.0, "{back:?}");
        assert_eq!(reminders(&back)[0].0, "Replace chain");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_intervals_icu_makes_of_gear_is_what_is_told() {
    on_saturday(async |world| {
        let ana = world.ana();
        with_library(&world).await;
        let new = |name: &str| json!({"add": "Bike", "name": name});
        world
            .sim
            .fault(Fault::on("POST /gear").mode(Mode::Forget).times(1));
        let lost = refused(&world, &ana.link, PUT, new("Forgotten")).await;
        assert!(
            lost.contains("NOT KNOWN") && lost.contains("it is not there"),
            "{lost}"
        );
        world
            .sim
            .fault(Fault::on("POST /gear").mode(Mode::RefuseEntry).times(1));
        let not = refused(&world, &ana.link, PUT, new("Refused")).await;
        assert!(not.contains("did not accept"), "{not}");
        world
            .sim
            .fault(Fault::on("POST /gear").status(502).after_writing().times(1));
        let found = done(&world, &ana.link, PUT, new("Answerless")).await;
        assert!(found.contains("Added: bike «Answerless»"), "{found}");
        world
            .sim
            .fault(Fault::on("PUT /gear").ignoring(&["retired"]).times(1));
        let half = json!({"gear": "answerless", "name": "Answered", "retired": "2026-11-20"});
        let half = done(&world, &ana.link, PUT, half).await;
        assert!(half.contains("did not take: retired"), "{half}");
        // Somebody changes it before it is taken back.
        let stands = named(&world, ana, "Answered");
        assert!(world.sim.change_gear(
            "ana",
            stands["id"].as_str().unwrap(),
            Some(json!({"name": "Theirs"}))
        ));
        let text = refused(
            &world,
            &ana.link,
            "undo_change",
            json!({"changes": number(&half).to_string()}),
        )
        .await;
        assert!(text.contains("somebody changed it since (name)"), "{text}");

        for (asked, says) in [
            (json!({}), "gear must be given, or add"),
            (json!({"add": "car", "name": "x"}), "must be a kind of gear"),
            (json!({"add": "Bike"}), "name must be given"),
            (json!({"gear": "theirs"}), "nothing to change was given"),
            (
                json!({"gear": "theirs", "every": "5 km"}),
                "reminder must be given",
            ),
            (
                json!({"gear": "theirs", "reminder": "x", "every": "5"}),
                "number with its unit",
            ),
            (
                json!({"gear": "theirs", "retired": "2027-01-01"}),
                "must be a day up to today",
            ),
            (
                json!({"gear": "theirs", "bought": "2027-01-01"}),
                "bought must not be after today",
            ),
            (json!({"gear": "theirs", "on": "theirs"}), "is for parts"),
            (
                json!({"gear": "theirs", "delete": true, "name": "x"}),
                "delete goes with gear",
            ),
        ] {
            let text = refused(&world, &ana.link, PUT, asked.clone()).await;
            assert!(text.contains(says), "{asked}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_sees_and_changes_gear_only_where_it_is_granted() {
    on_saturday(async |world| {
        let coach = world.coaches().await[0].link.clone();
        with_library(&world).await;
        let ana = world.ana();
        let without = refused(&world, &coach, GET, json!({"athlete": "ana"})).await;
        assert!(without.contains("has not granted get_gear"), "{without}");
        change(&world, ana, &["get_gear"], None).await;
        let text = done(&world, &coach, GET, json!({"athlete": "ana"})).await;
        assert!(text.starts_with("Ana Berger (i900001)"), "{text}");
        let new = json!({"athlete": "ana", "add": "shoes", "name": "From the coach"});
        let without = refused(&world, &coach, PUT, new.clone()).await;
        assert!(without.contains("has not granted update_gear"), "{without}");
        change(&world, ana, &["get_gear", "update_gear"], None).await;
        let added = done(&world, &coach, PUT, new).await;
        assert!(
            added.contains("Added: shoes") && added.contains("athlete i900001 and"),
            "{added}"
        );
        assert_eq!(named(&world, ana, "From the coach")["type"], "Shoes");
        let undone = json!({"athlete": "ana", "changes": number(&added).to_string()});
        let text = done(&world, &coach, "undo_change", undone).await;
        assert!(text.contains("it is gone"), "{text}");
        let page = world.signed_in(ana).await.get("/activity").await.text();
        assert!(
            page.contains("From the coach") && page.contains("update_gear"),
            "{page}"
        );
    })
    .await;
}
