//! Finished activities changed and undone over MCP: what is said of each field is what the simulator holds.

use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use icusync::demo::seed::Seeded;
use icusync_sim::{Fault, Of, Rules};
use serde_json::{Map, Value, json};

use crate::{
    roster::change,
    world::World,
    writes::{done, on_saturday, refused, writes},
};

const TOOL: &str = "update_activity";
const PUT: &str = "PUT /activity/";
const READ: &str = "/activities/i";

/// All activities of a person, newest first.
async fn activities(world: &World, seeded: &Seeded) -> Vec<Value> {
    let all = world
        .at_intervals(seeded, "activities?oldest=2026-09-01&newest=2026-11-28")
        .await;
    all.as_array().unwrap().clone()
}

fn id(activity: &Value) -> String {
    activity["id"].as_str().unwrap().to_owned()
}

/// What intervals.icu has of an activity.
async fn held(world: &World, seeded: &Seeded, id: &str) -> Value {
    let found = world.at_intervals(seeded, &format!("activities/{id}")).await;
    found[0].clone()
}

/// Lets somebody else write these values of an activity.
fn meddle(world: &World, seeded: &Seeded, id: &str, values: Value) {
    let of = Of::Activity(id.to_owned());
    assert!(world.sim.change(seeded.person.slug, &of, values));
}

/// A recorded activity of that sport, newest first.
async fn recorded(world: &World, seeded: &Seeded, sport: &str, at: usize) -> Value {
    let all = activities(world, seeded).await;
    let mut fitting = all
        .into_iter()
        .filter(|row| row["type"] == sport && row["gear"].is_object());
    fitting.nth(at).unwrap()
}

/// Ana's newest ride with a bike, as if she had written nothing about it.
async fn ride(world: &Arc<World>) -> (Seeded, String, Value) {
    let ana = world.ana().clone();
    world.let_write(&ana).await;
    let ride = recorded(world, &ana, "Ride", 0).await;
    let id = id(&ride);
    meddle(
        world,
        &ana,
        &id,
        json!({"name": "Lunch ride", "description": null, "icu_rpe": null, "session_rpe": null, "feel": null, "tags": ["club"],
            "carbs_ingested": null, "sub_type": "NONE", "race": false, "commute": false, "icu_ignore_power": false,
            "icu_ignore_hr": false, "paired_event_id": null}),
    );
    let ride = held(world, &ana, &id).await;
    (ana, id, ride)
}

fn call(id: &str, values: Value) -> Value {
    let mut call = values;
    call["ids"] = json!([id]);
    call
}

/// Whether two values say the same.
fn same(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Bool(false) => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Array(list) if list.is_empty() => Value::Null,
        Value::Object(object) => object["id"].clone(),
        value => value.clone(),
    };
    plain(one) == plain(other) || one.as_f64().is_some() && one.as_f64() == other.as_f64()
}

/// The fields of an activity that are not the same.
fn differing(one: &Value, other: &Value) -> Vec<String> {
    let fields: &Map<String, Value> = one.as_object().unwrap();
    let differ = |name: &&String| !same(&one[*name], &other[*name]);
    fields.keys().filter(differ).cloned().collect()
}

/// Each argument with what it changes, and what the answer says of it.
fn arguments() -> Vec<(Value, &'static [&'static str], &'static [&'static str])> {
    vec![
        (
            json!({"name": "Hills"}),
            &["name"],
            &["name «Lunch ride» → «Hills»"],
        ),
        (
            json!({"description": "windy\ncold"}),
            &["description"],
            &["description not set → «windy cold»"],
        ),
        (
            json!({"feel": "poor"}),
            &["feel"],
            &["feel not set → 4/5 poor (1 strong)", "Not set before: feel."],
        ),
        (
            json!({"rpe": 7}),
            &["icu_rpe", "session_rpe"],
            &[
                "RPE not set → 7/10, session RPE not set → ",
                "Not set before: RPE.",
            ],
        ),
        (
            json!({"tags": ["hot"]}),
            &["tags"],
            &["tags «club» → «club», «hot»", "tags added to those there"],
        ),
        (
            json!({"tags": "hot", "tags_mode": "replace"}),
            &["tags"],
            &["tags «club» → «hot»", "tags replaced"],
        ),
        (
            json!({"carbs": 90}),
            &["carbs_ingested"],
            &["carbs eaten not set → 90 g", "Not set before: carbs eaten."],
        ),
        (
            json!({"gear": "nuroad"}),
            &["gear"],
            &["gear «Canyon Endurace» (id b9000101) → «Cube Nuroad» (id b9000102)"],
        ),
        (
            json!({"sport": "gravel ride"}),
            &["type"],
            &["sport Ride → GravelRide", "work out load and other figures"],
        ),
        (
            json!({"mark": "race"}),
            &["race", "sub_type"],
            &["marked as nothing → race, race no → yes"],
        ),
        (
            json!({"mark": "commute"}),
            &["commute", "sub_type"],
            &["marked as nothing → commute, commute no → yes"],
        ),
        (
            json!({"mark": "warmup"}),
            &["sub_type"],
            &["marked as nothing → warmup"],
        ),
        (
            json!({"ignore": ["power", "hr"]}),
            &["icu_ignore_hr", "icu_ignore_power"],
            &[
                "ignore power no → yes, ignore heart rate no → yes",
                "work out load and other figures",
            ],
        ),
        (json!({"clear": ["tags"]}), &["tags"], &["tags «club» → not set"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_is_changed_read_back_and_taken_back() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let mut number = 1;
        for (values, fields, says) in arguments() {
            let mut preview = call(&id, values.clone());
            preview["preview"] = json!(true);
            let sent = writes(&world).len();
            let text = done(&world, &ana.link, TOOL, preview).await;
            assert!(text.contains("preview, nothing changed"), "{text}");
            assert_eq!(writes(&world).len(), sent, "{values}");

            let text = done(&world, &ana.link, TOOL, call(&id, values.clone())).await;
            assert!(text.starts_with("Ana Berger · 1 changed · "), "{text}");
            for says in says {
                assert!(text.contains(says), "{values}: {says}: {text}");
            }
            assert!(text.contains(&format!(" · {id}: ")), "{text}");
            assert!(text.contains(&format!("(change {number})")), "{text}");
            assert!(
                text.contains(&format!("undo_change with changes {number} ")),
                "{text}"
            );
            let after = held(&world, &ana, &id).await;
            assert_eq!(differing(&before, &after), fields, "{values}: {text}");
            assert_eq!(writes(&world).len(), sent + 1);

            let again = done(&world, &ana.link, TOOL, call(&id, values.clone())).await;
            let is_added_once = again.contains("1 already so") && again.contains(": already so: ");
            assert!(is_added_once, "{values}: {again}");

            let undo = json!({"changes": number.to_string()});
            let text = done(&world, &ana.link, "undo_change", undo).await;
            assert!(
                text.contains("undone") && !text.contains("NOT"),
                "{values}: {text}"
            );
            let after = held(&world, &ana, &id).await;
            assert_eq!(differing(&before, &after), [""; 0], "{values}: {text}");
            number += 2;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_says_what_followed_and_the_list_what_was_changed() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let minutes = before["moving_time"].as_u64().unwrap() / 60;
        let (seven, three) = (7 * minutes, 3 * minutes);
        meddle(&world, &ana, &id, json!({"icu_rpe": 3, "session_rpe": three}));
        let text = done(&world, &ana.link, TOOL, call(&id, json!({"rpe": 7, "feel": 1}))).await;
        let says = format!(
            "RPE 3 → 7/10, session RPE {three} → {seven}, feel not set → 1/5 strong (1 strong) (change 1)"
        );
        assert!(text.contains(&says), "{says}: {text}");
        let list = done(&world, &ana.link, "list_changes", json!({})).await;
        let day = &before["start_date_local"].as_str().unwrap()[..10];
        assert!(list.contains(&format!("\tRide «Lunch ride» {day} ")), "{list}");
        assert!(
            list.contains("(RPE 3 → 7/10, feel not set → 1/5 strong (1 strong))\tdone"),
            "{list}"
        );
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        for says in [
            format!("RPE 7 → 3/10, session RPE {seven} → {three}"),
            "feel 1/5 strong (1 strong) → not set".to_owned(),
        ] {
            assert!(text.contains(&says), "{says}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_emptied_as_far_as_intervals_icu_does() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        meddle(
            &world,
            &ana,
            &id,
            json!({"icu_rpe": 7, "feel": 2, "carbs_ingested": 60, "description": "hot", "tags": ["a"], "icu_ignore_hr": true}),
        );
        let clear = json!({"clear": ["feel", "rpe", "carbs", "description", "tags", "ignore"]});
        let text = done(&world, &ana.link, TOOL, call(&id, clear.clone())).await;
        for says in [
            "RPE 7/10 → not set",
            "feel 2/5 good (1 strong) → not set",
            "carbs eaten 60 g → not set",
            "tags «a» → not set",
            "ignore heart rate yes → no",
            "description «hot» → not set",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let after = held(&world, &ana, &id).await;
        assert_eq!(differing(&before, &after), ["tags"], "she had none written");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("RPE not set → 7/10") && text.contains("tags not set → «a»"), "{text}");

        // An upstream that takes -1 for a number, as nobody has seen it do.
        world.sim.rules(Rules {
            minus_one_clears: false,
            ..Rules::default()
        });
        let text = done(&world, &ana.link, TOOL, call(&id, json!({"clear": ["rpe", "tags"]}))).await;
        assert!(
            text.contains("NOT AS SENT: RPE, sent not set, now -1/10") && text.contains("tags «a» → not set"),
            "{text}"
        );
        // One that leaves it: nothing is said to be emptied, and what an undo could not empty is named.
        let fault = Fault::on(PUT).ignoring(&["icu_rpe", "feel"]).times(1);
        world.sim.fault(fault);
        let text = refused(&world, &ana.link, TOOL, call(&id, json!({"clear": "feel"}))).await;
        assert!(text.contains("feel NOT changed: intervals.icu said that it was saved, but all stands as before"), "{text}");
        meddle(&world, &ana, &id, json!({"feel": null}));
        done(&world, &ana.link, TOOL, call(&id, json!({"feel": 3, "carbs": 10}))).await;
        world.sim.fault(Fault::on(PUT).ignoring(&["feel"]).times(1));
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "5"})).await;
        assert!(
            text.contains("did not empty what was not set before: feel, still 3/5 normal"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_intervals_icu_ignores_is_named() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        for (values, fields, label) in [
            (json!({"name": "Hills"}), vec!["name"], "name"),
            (json!({"feel": 4}), vec!["feel"], "feel"),
            (json!({"rpe": 7}), vec!["icu_rpe"], "RPE"),
            (json!({"tags": ["hot"]}), vec!["tags"], "tags"),
            (json!({"carbs": 90}), vec!["carbs_ingested"], "carbs eaten"),
            (json!({"gear": "nuroad"}), vec!["gear"], "gear"),
            (json!({"sport": "GravelRide"}), vec!["type"], "sport"),
            (
                json!({"mark": "race"}),
                vec!["sub_type", "race", "commute"],
                "marked as",
            ),
            (
                json!({"ignore": "power"}),
                vec!["icu_ignore_power"],
                "ignore power",
            ),
            (
                json!({"ignore": "hr"}),
                vec!["icu_ignore_hr"],
                "ignore heart rate",
            ),
            (json!({"ignore": "pace"}), vec!["ignore_pace"], "ignore pace"),
            (
                json!({"ignore": "speed"}),
                vec!["ignore_velocity"],
                "ignore speed",
            ),
            (json!({"ignore": "time"}), vec!["icu_ignore_time"], "ignore time"),
            (json!({"description": "x"}), vec!["description"], "description"),
        ] {
            // Alone: nothing came true.
            world.sim.fault(Fault::on(PUT).ignoring(&fields).times(1));
            let text = refused(&world, &ana.link, TOOL, call(&id, values.clone())).await;
            assert!(
                text.contains("1 not changed")
                    && text.contains(&format!("{label} NOT changed: intervals.icu said")),
                "{values}: {text}"
            );
            let stands = held(&world, &ana, &id).await;
            assert_eq!(differing(&before, &stands), [""; 0]);
            // Beside one that is taken.
            let (other, was) = if label == "carbs eaten" {
                ("feel", json!({"feel": null}))
            } else {
                ("carbs", json!({"carbs_ingested": null}))
            };
            let mut both = call(&id, values.clone());
            both[other] = json!(5);
            world.sim.fault(Fault::on(PUT).ignoring(&fields).times(1));
            let text = done(&world, &ana.link, TOOL, both).await;
            assert!(
                text.contains(&format!("NOT TAKEN by intervals.icu: {label}, sent ")),
                "{values}: {text}"
            );
            assert!(text.contains("not set → 5"), "{text}");
            meddle(&world, &ana, &id, was);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_activities_go_on_whatever_becomes_of_one() {
    on_saturday(async |world| {
        let (ana, first, _) = ride(&world).await;
        let second = id(&recorded(&world, &ana, "Ride", 1).await);
        meddle(
            &world,
            &ana,
            &second,
            json!({"feel": 2, "icu_rpe": null, "name": "Easy"}),
        );
        let strava = activities(&world, &ana)
            .await
            .iter()
            .find(|row| row["source"] == "STRAVA")
            .map(id)
            .unwrap();
        let of_jack = id(&recorded(&world, world.jack(), "Run", 0).await);
        let ids = json!([strava, first, of_jack, "i1", second]);
        let text = done(&world, &ana.link, TOOL, json!({"ids": ids, "feel": 2})).await;
        for says in [
            "1 changed, 1 already so, 3 not changed".to_owned(),
            format!("{strava}: NOT changed: it came from Strava, whose terms close it to the API"),
            format!("{of_jack}: NOT changed: there is no activity with this id for this athlete"),
            "i1: NOT changed: there is no activity with this id for this athlete".to_owned(),
            format!("· {first}: feel not set → 2/5 good (1 strong) (change 1)"),
            format!("· {second}: already so: feel 2/5 good (1 strong)"),
        ] {
            assert!(text.contains(&says), "{says}: {text}");
        }
        assert_eq!(writes(&world), [format!("PUT /api/v1/activity/{first}")]);

        // Each is a change of its own, and one that fails takes none with it.
        world
            .sim
            .fault(Fault::on(&format!("{PUT}{first}")).status(422).times(1));
        let ids = json!(format!("{first}, {second}"));
        let text = done(&world, &ana.link, TOOL, json!({"ids": ids, "rpe": 4, "carbs": 1})).await;
        assert!(
            text.contains("1 changed, 1 not changed") && text.contains(&format!("{second}: RPE ")),
            "{text}"
        );
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1, 3"})).await;
        assert!(text.contains("Easy") && text.contains("Lunch ride"), "{text}");

        for ids in [
            json!([strava]),
            json!(of_jack),
            json!([first, second, "i1", "i2", "i3", "i4"]),
        ] {
            let sent = writes(&world).len();
            refused(&world, &ana.link, TOOL, json!({"ids": ids, "feel": 2})).await;
            assert_eq!(writes(&world).len(), sent, "{ids}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_strava_alone_hears_why_and_what_can_be_done() {
    on_saturday(async |world| {
        let bishnu = world.bishnu().clone();
        world.let_write(&bishnu).await;
        let strava = id(&activities(&world, &bishnu).await[0]);
        let strava: u64 = strava.parse().unwrap();
        for preview in [true, false] {
            let given = json!({"ids": strava, "rpe": 5, "preview": preview});
            let text = refused(&world, &bishnu.link, TOOL, given).await;
            assert!(
                text.contains("came from Strava") && text.contains("upload the original file"),
                "{text}"
            );
        }
        assert!(writes(&world).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gear_is_meant_by_a_name_that_only_one_piece_has() {
    on_saturday(async |world| {
        let jack = world.jack().clone();
        world.let_write(&jack).await;
        let run = id(&recorded(&world, &jack, "Run", 0).await);
        let text = refused(&world, &jack.link, TOOL, call(&run, json!({"gear": "novablast"}))).await;
        for says in [
            "several pieces of gear fit «novablast»",
            "Shoes «Asics Novablast» (id g9000201)",
            "(id g9000202)",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        let text = refused(&world, &jack.link, TOOL, call(&run, json!({"gear": "Vaporfly"}))).await;
        assert!(
            text.contains("no gear is called «Vaporfly»")
                && text.contains("Shoes «Brooks Ghost 14» (id g9000203, retired 2025-08-30)"),
            "{text}"
        );
        assert!(writes(&world).is_empty());
        let text = done(&world, &jack.link, TOOL, call(&run, json!({"gear": "g9000202"}))).await;
        assert!(
            text.contains("gear «Asics Novablast» (id g9000201) → «Asics Novablast» (id g9000202)"),
            "{text}"
        );
        assert_eq!(held(&world, &jack, &run).await["gear"]["id"], "g9000202");
        let text = done(&world, &jack.link, TOOL, call(&run, json!({"gear": "ghost"}))).await;
        assert!(
            text.contains("→ «Brooks Ghost 14»") && text.contains("is not in use any more"),
            "{text}"
        );
        let text = done(&world, &jack.link, "undo_change", json!({"changes": "1-2"})).await;
        assert!(
            text.contains("«Brooks Ghost 14» (id g9000203) → «Asics Novablast» (id g9000201)"),
            "{text}"
        );
        assert_eq!(held(&world, &jack, &run).await["gear"]["id"], "g9000201");

        // What had no gear keeps what it got, and both answers say so.
        meddle(&world, &jack, &run, json!({"gear": null}));
        let text = done(&world, &jack.link, TOOL, call(&run, json!({"gear": "kinvara"}))).await;
        assert!(
            text.contains("gear not set → «Saucony Kinvara»") && text.contains("The gear stays: "),
            "{text}"
        );
        let preview = json!({"changes": "4", "preview": true});
        let text = done(&world, &jack.link, "undo_change", preview).await;
        assert!(text.contains("may be unable to empty gear again"), "{text}");
        let text = refused(&world, &jack.link, "undo_change", json!({"changes": "4"})).await;
        assert!(
            text.contains("did not empty what was not set before: gear, still «Saucony Kinvara»"),
            "{text}"
        );

        // A part of a bike is no gear of an activity.
        let (ana, ride, _) = ride(&world).await;
        let text = refused(&world, &ana.link, TOOL, call(&ride, json!({"gear": "Chain"}))).await;
        assert!(
            text.contains("no gear is called «Chain»") && !text.contains("Chain 12s"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_lists_gear_when_asked() {
    on_saturday(async |world| {
        let jack = world.jack();
        let include = json!({"include": ["gear"]});
        let text = done(&world, &jack.link, "get_athlete_profile", include.clone()).await;
        assert!(
            text.contains("\n## Gear\ngear\tname\tkm\ttime h:mm\tretired\tid\n")
                && text.contains("Shoes\t«Brooks Ghost 14»\t902\t")
                && text.contains("\t2025-08-30\tg9000203"),
            "{text}"
        );
        let text = done(&world, &world.ana().link, "get_athlete_profile", include.clone()).await;
        assert!(
            text.contains("Left out: parts (1).") && !text.contains("Chain"),
            "{text}"
        );
        let without = done(&world, &jack.link, "get_athlete_profile", json!({})).await;
        assert!(!without.contains("Brooks"), "{without}");
    })
    .await;
}

/// A planned ride of Ana's, put there by herself.
fn planned(world: &World, ana: &Seeded, day: &str, sport: &str, name: &str) -> i64 {
    let entry = json!({"category": "WORKOUT", "type": sport, "start_date_local": format!("{day}T00:00:00"), "name": name,
        "description": "- 30m 60%"});
    world.sim.add_event(ana.person.slug, entry).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_is_paired_with_its_plan_and_parted_again() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let day = before["start_date_local"].as_str().unwrap()[..10].to_owned();
        let entry = planned(&world, &ana, &day, "Ride", "Key session");
        let text = done(&world, &ana.link, TOOL, call(&id, json!({"pair_with": entry}))).await;
        for says in [
            format!("paired with entry not set → id {entry} (change 1)"),
            format!("The entry: {day} "),
            format!("Ride «Key session» (id {entry})."),
            "Not set before: paired with entry.".to_owned(),
        ] {
            assert!(text.contains(&says), "{says}: {text}");
        }
        assert!(!text.contains("Mind:"), "{text}");
        assert_eq!(held(&world, &ana, &id).await["paired_event_id"], json!(entry));
        let text = done(
            &world,
            &ana.link,
            TOOL,
            call(&id, json!({"pair_with": entry.to_string()})),
        )
        .await;
        assert!(text.contains("1 already so"), "{text}");
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(
            text.contains(&format!("paired with entry id {entry} → not set")),
            "{text}"
        );
        assert!(held(&world, &ana, &id).await["paired_event_id"].is_null());

        // Another one has taken the entry since: no undo of the undo takes it away.
        let other = self::id(&recorded(&world, &ana, "Ride", 1).await);
        meddle(&world, &ana, &other, json!({"paired_event_id": entry}));
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(
            text.contains(&format!("entry {entry} is paired with activity {other} already")),
            "{text}"
        );
        assert_eq!(held(&world, &ana, &other).await["paired_event_id"], json!(entry));
        meddle(&world, &ana, &other, json!({"paired_event_id": null}));
        done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert_eq!(held(&world, &ana, &id).await["paired_event_id"], json!(entry));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pairing_is_lost_to_another() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let day = before["start_date_local"].as_str().unwrap()[..10].to_owned();
        let entry = planned(&world, &ana, &day, "Ride", "Key session");
        let free = planned(&world, &ana, &day, "Ride", "Free");
        let other = self::id(&recorded(&world, &ana, "Ride", 1).await);
        meddle(&world, &ana, &other, json!({"paired_event_id": entry}));
        let pair = |entry: i64| call(&id, json!({"pair_with": entry, "feel": 1}));
        let taken = format!("entry {entry} is paired with activity {other} already, and that pairing is kept");
        let text = refused(&world, &ana.link, TOOL, pair(entry)).await;
        assert!(text.contains(&taken) && text.contains("Nothing was changed"), "{text}");

        // The activity has a plan already.
        meddle(&world, &ana, &id, json!({"paired_event_id": free}));
        let text = refused(&world, &ana.link, TOOL, pair(entry)).await;
        assert!(
            text.contains(&format!("activity {id} is paired with entry {free} already")),
            "{text}"
        );
        meddle(&world, &ana, &id, json!({"paired_event_id": null}));

        // No workout, not there, another athlete's, a day of notes.
        let race = json!({"category": "RACE_A", "type": "Ride", "start_date_local": format!("{day}T00:00:00"), "name": "GP"});
        let race = world.sim.add_event(ana.person.slug, race).unwrap();
        let jacks = planned(&world, world.jack(), &day, "Run", "Of Jack");
        for (entry, says) in [
            (race, "is no planned workout"),
            (jacks, "there is no entry with the id"),
            (987_654_321, "there is no entry with the id"),
        ] {
            let text = refused(&world, &ana.link, TOOL, pair(entry)).await;
            assert!(text.contains(says) && !text.contains("Of Jack"), "{says}: {text}");
        }
        assert!(writes(&world).is_empty());

        // More than six days away it is another session; up to there it may have been moved, which is said.
        let did: NaiveDate = day.parse().unwrap();
        let on = |days: i64| (did + Duration::days(days)).to_string();
        for days in [7, -7] {
            let far = planned(&world, &ana, &on(days), "Ride", "Far");
            let text = refused(&world, &ana.link, TOOL, pair(far)).await;
            for says in [
                format!("entry {far} is planned for {}", on(days)),
                format!("and the activity was on {day}"),
                "at most 6 days apart".to_owned(),
            ] {
                assert!(text.contains(&says), "{says}: {text}");
            }
        }
        assert!(writes(&world).is_empty());
        let run = planned(&world, &ana, &on(-6), "Run", "Jog");
        let text = done(&world, &ana.link, TOOL, pair(run)).await;
        for says in [
            format!("Mind: it is planned for {}", on(-6)),
            format!("and the activity was on {day}"),
            "and of another sport than the activity.".to_owned(),
        ] {
            assert!(text.contains(&says), "{says}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_only_an_id_where_the_calendar_is_not_offered() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let day = before["start_date_local"].as_str().unwrap()[..10].to_owned();
        let entry = planned(&world, &ana, &day, "Ride", "Her secret plan");
        let mut pair = call(&id, json!({"pair_with": entry}));
        pair["preview"] = json!(true);
        for (query, names) in [
            ("", true),
            ("?tools=training", false),
            ("?tools=update_activity", false),
        ] {
            let text = done(&world, &format!("{}{query}", ana.link), TOOL, pair.clone()).await;
            assert_eq!(text.contains("secret"), names, "{query}: {text}");
            assert!(text.contains(&format!("id {entry}")), "{query}: {text}");
        }
        let far = planned(&world, &ana, "2026-12-24", "Ride", "Far secret");
        for (query, says) in [
            ("", "is planned for 2026-12-24 Thu"),
            ("?tools=training", "is for another time"),
        ] {
            let text = refused(
                &world,
                &format!("{}{query}", ana.link),
                TOOL,
                call(&id, json!({"pair_with": far})),
            )
            .await;
            assert!(
                text.contains(says) && text.contains("2026-12-24") == query.is_empty(),
                "{query}: {text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_does_not_show_its_pairing_keeps_it() {
    on_saturday(async |world| {
        let (ana, id, _) = ride(&world).await;
        let other = recorded(&world, &ana, "Ride", 1).await;
        let day = other["start_date_local"].as_str().unwrap()[..10].to_owned();
        let other = self::id(&other);
        let entry = planned(&world, &ana, &day, "Ride", "Key session");
        meddle(&world, &ana, &other, json!({"paired_event_id": entry}));
        let shown = world.at_intervals(&ana, &format!("events/{entry}")).await;
        let mut hidden = shown.clone();
        hidden["paired_activity_id"] = Value::Null;
        world.sim.fault(
            Fault::on(&format!("/events/{entry}"))
                .status(200)
                .body(hidden.to_string()),
        );
        let text = refused(&world, &ana.link, TOOL, call(&id, json!({"pair_with": entry}))).await;
        assert!(
            text.contains(&format!("paired with activity {other} already")),
            "{text}"
        );
        assert!(writes(&world).is_empty());
    })
    .await;
}

fn for_ana(mut arguments: Value) -> Value {
    arguments["athlete"] = json!("Ana");
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_changes_what_is_granted_and_undoes_only_that() {
    on_saturday(async |world| {
        let (ana, id, before) = ride(&world).await;
        let coach = world.coaches().await[0].link.clone();
        let day = before["start_date_local"].as_str().unwrap()[..10].to_owned();
        let entry = planned(&world, &ana, &day, "Ride", "Her secret plan");
        meddle(&world, &ana, &id, json!({"description": "not for you"}));
        done(&world, &ana.link, TOOL, call(&id, json!({"feel": 3}))).await;

        change(&world, &ana, &["push_workout", "get_training_history"], None).await;
        let text = refused(&world, &coach, TOOL, for_ana(call(&id, json!({"rpe": 6})))).await;
        assert!(text.contains("has not granted update_activity"), "{text}");

        change(&world, &ana, &[TOOL], None).await;
        let text = refused(&world, &coach, TOOL, call(&id, json!({"rpe": 6}))).await;
        assert!(text.contains("athlete"), "{text}");
        let given = for_ana(call(&id, json!({"rpe": 6, "pair_with": entry})));
        let text = done(&world, &coach, TOOL, given).await;
        for says in [
            "Ana Berger (i900001) · 1 changed",
            "RPE not set → 6/10",
            "undo_change with athlete i900001 and changes 2 undoes that.",
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        assert!(
            !text.contains("secret") && !text.contains("not for you"),
            "the calendar and other fields are not granted: {text}"
        );
        let list = done(&world, &coach, "list_changes", for_ana(json!({}))).await;
        assert!(
            list.contains("RPE not set → 6/10") && !list.contains("feel"),
            "{list}"
        );
        let text = refused(&world, &coach, "undo_change", for_ana(json!({"changes": "1"}))).await;
        assert!(text.contains("no change 1 here"), "{text}");
        done(&world, &coach, "undo_change", for_ana(json!({"changes": "2"}))).await;
        let after = held(&world, &ana, &id).await;
        assert!(after["icu_rpe"].is_null() && after["paired_event_id"].is_null());
        assert_eq!(after["feel"], 3);

        // Gear comes with the tool, and goes with it.
        change(&world, &ana, &[TOOL, "get_athlete_profile"], None).await;
        let include = for_ana(json!({"include": "gear"}));
        let text = done(&world, &coach, "get_athlete_profile", include.clone()).await;
        assert!(text.contains("Cube Nuroad"), "{text}");
        change(&world, &ana, &["get_athlete_profile"], None).await;
        let text = done(&world, &coach, "get_athlete_profile", include).await;
        assert!(
            !text.contains("Cube Nuroad")
                && text.contains("Gear left out: get_activity_detail is not granted."),
            "{text}"
        );
        let text = refused(&world, &coach, "undo_change", for_ana(json!({"changes": "3"}))).await;
        assert!(text.contains("not granted"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_sends_nothing() {
    on_saturday(async |world| {
        let (ana, id, _) = ride(&world).await;
        world.sim.clear_requests();
        for (values, says) in [
            (json!({}), "nothing is to change"),
            (json!({"rpe": 0}), "rpe must be a number from 1 to 10"),
            (json!({"rpe": 10.5}), "rpe must be a number from 1 to 10"),
            (json!({"feel": "6"}), "feel must be 1 strong"),
            (json!({"carbs": 3001}), "carbs must be a number from 0 to 3000"),
            (json!({"distance": 40}), "unknown argument «distance»"),
            (json!({"session_rpe": 400}), "unknown argument «session_rpe»"),
        ] {
            let text = refused(&world, &ana.link, TOOL, call(&id, values)).await;
            assert!(text.contains(says), "{says}: {text}");
        }
        let text = refused(&world, &ana.link, TOOL, json!({"id": id, "rpe": 5})).await;
        assert!(text.contains("Did you mean ids?"), "{text}");
        let text = refused(&world, &ana.link, TOOL, json!({"rpe": 5})).await;
        assert!(text.contains("ids must be 1 to 5 activity ids"), "{text}");
        let asked: Vec<String> = world.sim.requests().into_iter().map(|one| one.path).collect();
        assert!(
            !asked.iter().any(|path| path.contains("activit")),
            "nothing is read or written of any activity: {asked:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_an_answer_is_settled_by_the_next() {
    on_saturday(async |world| {
        let (ana, id, _) = ride(&world).await;
        world
            .sim
            .fault(Fault::on(PUT).status(500).after_writing().times(1));
        let text = done(&world, &ana.link, TOOL, call(&id, json!({"rpe": 5}))).await;
        assert!(text.contains("RPE not set → 5/10"), "it was read back: {text}");

        world
            .sim
            .fault(Fault::on(PUT).status(500).after_writing().times(1));
        world.sim.fault(Fault::on(READ).status(500).after(1));
        let text = refused(&world, &ana.link, TOOL, call(&id, json!({"feel": 2}))).await;
        assert!(
            text.contains("1 not known") && text.contains("NOT KNOWN whether it changed"),
            "{text}"
        );
        world.sim.clear_faults();
        let text = done(&world, &ana.link, TOOL, call(&id, json!({"carbs": 40}))).await;
        assert!(
            text.contains("Cut off earlier: change 2, Ride «Lunch ride»") && text.contains("is done."),
            "{text}"
        );
        let text = done(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("feel 2/5 good (1 strong) → not set"), "{text}");

        // Refused: nothing is said to be done, and nothing is sent twice.
        let sent = writes(&world).len();
        world.sim.fault(Fault::on(PUT).status(422).times(1));
        let text = refused(&world, &ana.link, TOOL, call(&id, json!({"name": "Hills"}))).await;
        assert!(text.contains("NOT changed"), "{text}");
        assert_eq!(writes(&world).len(), sent + 1);
        assert_eq!(held(&world, &ana, &id).await["name"], "Lunch ride");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_since_is_kept() {
    on_saturday(async |world| {
        let (ana, id, _) = ride(&world).await;
        done(
            &world,
            &ana.link,
            TOOL,
            call(&id, json!({"name": "Hills", "feel": 2})),
        )
        .await;
        meddle(&world, &ana, &id, json!({"name": "My hills"}));
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(text.contains("somebody changed it since (name)"), "{text}");
        assert_eq!(held(&world, &ana, &id).await["name"], "My hills");
        done(&world, &ana.link, TOOL, call(&id, json!({"name": "Hills"}))).await;
        done(&world, &ana.link, TOOL, call(&id, json!({"name": "Mountains"}))).await;
        let text = refused(&world, &ana.link, "undo_change", json!({"changes": "2"})).await;
        assert!(text.contains("change 3 came after it"), "{text}");
        done(&world, &ana.link, "undo_change", json!({"changes": "2-3"})).await;
        assert_eq!(held(&world, &ana, &id).await["name"], "My hills");
    })
    .await;
}
