//! Gear over HTTP: pieces, parts, reminders, and what activities add to them.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Mode, schema};

const GEAR: &str = "/athlete/0/gear";
const CHAIN: &str = "b9000601c";

impl Bench {
    /// A person's piece with this id.
    async fn piece(&self, slug: &str, id: &str) -> Value {
        let all = self.get_as(slug, GEAR).await;
        let found = rows(&all).iter().find(|piece| piece["id"] == id);
        found.cloned().unwrap_or_default()
    }

    /// What a write of Mara's answers, which must be taken.
    async fn mara(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("{GEAR}{path}");
        let (status, answer) = self.send_as("mara", method, &path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn reminder(piece: &Value, name: &str) -> Value {
    let found = rows(&piece["reminders"])
        .iter()
        .find(|reminder| reminder["name"] == name);
    found.cloned().unwrap_or_else(|| panic!("no {name} in {piece}"))
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    assert!((number(value) - expected).abs() < 0.11, "{value}, not {expected}");
}

#[tokio::test]
async fn gear_is_whole_by_upstreams_names_with_parts_and_what_is_due() {
    let bench = Bench::new().await;
    for slug in ["ana", "jack", "mara"] {
        for piece in rows(&bench.get_as(slug, GEAR).await) {
            let names =
                |object: &Value| -> Vec<String> { object.as_object().unwrap().keys().cloned().collect() };
            let mut expected: Vec<&str> = schema::GEAR.split_ascii_whitespace().collect();
            expected.sort_unstable();
            let mut found = names(piece);
            found.sort_unstable();
            assert_eq!(found, expected);
            for reminder in rows(&piece["reminders"]) {
                assert_eq!(reminder["gear_id"], piece["id"]);
                let known = |name: &String| schema::is_in(schema::GEAR_REMINDER, name);
                assert!(names(reminder).iter().all(known), "{reminder}");
            }
        }
    }
    assert_eq!(bench.get_as("tria", GEAR).await, json!([]));
    let chain = bench.piece("mara", CHAIN).await;
    assert_eq!(
        (&chain["type"], &chain["component"], &chain["component_ids"]),
        (&json!("Chain"), &json!(true), &Value::Null)
    );
    near(&chain["distance"], 4_312_400.0);
    let due = reminder(&chain, "Replace chain");
    near(&due["percent_used"], 107.8);
    near(&reminder(&chain, "Wax")["percent_used"], 40.8);
    let wheels = bench.piece("mara", "b9000600w").await;
    let spokes = reminder(&wheels, "Check spokes");
    assert_eq!(spokes["days_used"], 315);
    near(&spokes["percent_used"], 175.0);
    assert!(spokes["snoozed_until"].is_string() && spokes["distance"].is_null());
    for bike in ["b9000601", "b9000602"] {
        let bike = bench.piece("mara", bike).await;
        assert!(
            rows(&bike["component_ids"]).contains(&json!("b9000600w")),
            "{bike}"
        );
    }
    let shoes = bench.piece("mara", "g9000602").await;
    assert_eq!(shoes["activity_filters"][0]["value"], json!(["Run", "Hike"]));
    let ana = bench.get(GEAR).await;
    let parts = rows(&ana).iter().filter(|piece| piece["component"] == true);
    assert_eq!((rows(&ana).len(), parts.count()), (3, 1));
}

#[tokio::test]
async fn an_activity_takes_its_distance_to_another_piece_and_its_parts() {
    let bench = Bench::new().await;
    let ride = bench
        .activity("mara", |row| row["gear"]["id"] == "b9000601")
        .await;
    let metres = number(&ride["distance"]);
    let secs = number(&ride["moving_time"]);
    let ids = ["b9000601", "b9000602", CHAIN, "b9000600w"];
    let read = async || {
        let mut all = Vec::new();
        for id in ids {
            all.push(bench.piece("mara", id).await);
        }
        all
    };
    let before = read().await;
    let path = format!("/activity/{}", text(&ride, "id"));
    let (status, after) = bench
        .send_as("mara", Method::PUT, &path, json!({"gear": {"id": "b9000602"}}))
        .await;
    assert_eq!((status, text(&after["gear"], "name")), (200, "Ridley Kanzo"));
    let after = read().await;
    let moved = |at: usize, name: &str| number(&after[at][name]) - number(&before[at][name]);
    assert!((moved(0, "distance") + metres).abs() < 0.2 && (moved(1, "distance") - metres).abs() < 0.2);
    assert!((moved(0, "time") + secs).abs() < 0.2 && moved(1, "time") >= secs);
    assert!(
        (moved(2, "distance") + metres).abs() < 0.2,
        "the chain stays on the old bike"
    );
    assert!(moved(3, "distance").abs() < 0.2, "the wheels are on both");
    assert_eq!((moved(0, "activities"), moved(1, "activities")), (-1.0, 1.0));
    let (_, nothing) = bench
        .send_as("mara", Method::PUT, &path, json!({"gear": null}))
        .await;
    assert_eq!(nothing["gear"]["id"], "b9000602", "null is ignored");
    let (status, _) = bench
        .send_as("mara", Method::PUT, &path, json!({"gear": {"id": CHAIN}}))
        .await;
    assert_eq!(status, 422, "a part is no gear of an activity");
    // A pair of shoes for two sports.
    let walk = bench.activity("mara", |row| row["type"] == "Run").await;
    let path = format!("/activity/{}", text(&walk, "id"));
    let shoes = number(&bench.piece("mara", "g9000602").await["distance"]);
    let change = json!({"gear": {"id": "g9000602"}, "type": "Hike"});
    bench.send_as("mara", Method::PUT, &path, change).await;
    let now = number(&bench.piece("mara", "g9000602").await["distance"]);
    assert!((now - shoes - number(&walk["distance"])).abs() < 0.2);
}

#[tokio::test]
async fn pieces_are_made_changed_retired_and_deleted() {
    let bench = Bench::new().await;
    let new = json!({"type": "Shoes", "name": "Alphafly", "purchased": "2026-11-01", "distance": 1200.5});
    let made = bench.mara(Method::POST, "", new).await;
    let id = text(&made, "id").to_owned();
    assert_eq!(
        (
            &made["component"],
            &made["athlete_id"],
            &made["reminders"],
            &made["activities"]
        ),
        (&json!(false), &json!("i900006"), &json!([]), &json!(0))
    );
    near(&made["distance"], 1200.5);
    assert_eq!(bench.piece("mara", &id).await, made);
    let path = format!("/{id}");
    let change = json!({"name": "Alphafly 3", "retired": "2026-11-20", "id": "g1", "component": true});
    let changed = bench.mara(Method::PUT, &path, change).await;
    assert_eq!(
        (
            &changed["name"],
            &changed["retired"],
            &changed["purchased"],
            &changed["id"]
        ),
        (
            &json!("Alphafly 3"),
            &json!("2026-11-20"),
            &made["purchased"],
            &made["id"]
        )
    );
    assert_eq!(changed["component"], false, "its kind says so");
    let back = bench.mara(Method::PUT, &path, json!({"retired": null})).await;
    assert_eq!(back["retired"], Value::Null);
    let answer = bench
        .as_person("mara", Method::DELETE, &format!("{GEAR}{path}"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap()),
        (200, String::new())
    );
    assert_eq!(bench.piece("mara", &id).await, Value::Null);
    let (status, _) = bench
        .send_as(
            "mara",
            Method::PUT,
            &format!("{GEAR}{path}"),
            json!({"name": "x"}),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_part_keeps_its_distance_whatever_holds_it() {
    let bench = Bench::new().await;
    let before = bench.piece("mara", CHAIN).await;
    bench
        .mara(
            Method::PUT,
            "/b9000601",
            json!({"component_ids": ["b9000601k"], "distance": 5.0}),
        )
        .await;
    let off = bench.piece("mara", CHAIN).await;
    assert_eq!(
        (&off["distance"], &off["time"]),
        (&before["distance"], &before["time"])
    );
    near(&bench.piece("mara", "b9000601").await["distance"], 5.0);
    near(&bench.piece("mara", "b9000601k").await["distance"], 7_431_000.0);
    bench
        .mara(Method::PUT, "/b9000602", json!({"component_ids": [CHAIN]}))
        .await;
    assert_eq!(bench.piece("mara", CHAIN).await["distance"], before["distance"]);
    let path = format!("{GEAR}/b9000602");
    let deleted = bench
        .as_person("mara", Method::DELETE, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.status().as_u16(), 200);
    assert_eq!(bench.piece("mara", CHAIN).await["distance"], before["distance"]);
}

#[tokio::test]
async fn what_activities_add_up_to_is_told_anew() {
    let bench = Bench::new().await;
    let bike = bench.get_as("mara", &format!("{GEAR}/b9000601/calc")).await;
    let piece = bench.piece("mara", "b9000601").await;
    assert_eq!(bike["activities"], piece["activities"]);
    assert!(number(&bike["distance"]) > 100_000.0 && number(&bike["distance"]) < number(&piece["distance"]));
    assert!(number(&bike["elapsed_time"]) > number(&bike["moving_time"]));
    assert_eq!(bench.get_as("mara", &format!("{GEAR}/{CHAIN}/calc")).await, bike);
    assert_eq!(bench.status_as("mara", &format!("{GEAR}/g1/calc")).await, 404);
    assert_eq!(
        bench.status_as("jack", &format!("{GEAR}/{CHAIN}/calc")).await,
        404,
        "another's"
    );
}

#[tokio::test]
async fn a_part_is_replaced_by_a_new_one_of_its_kind() {
    let bench = Bench::new().await;
    let body = json!({"name": "Chain, new"});
    let both = bench.mara(Method::POST, &format!("/{CHAIN}/replace"), body).await;
    let (old, new) = (&both[0], &both[1]);
    assert_eq!(
        (&old["id"], &old["retired"], &new["retired"], &new["name"]),
        (
            &json!(CHAIN),
            &json!("2026-11-21"),
            &Value::Null,
            &json!("Chain, new")
        )
    );
    assert_eq!(
        (&new["type"], &new["purchased"], &new["component"]),
        (&json!("Chain"), &json!("2026-11-21"), &json!(true))
    );
    near(&old["distance"], 4_312_400.0);
    near(&new["distance"], 0.0);
    let wax = reminder(new, "Wax");
    assert_eq!(
        (&wax["distance"], &wax["percent_used"]),
        (&json!(300_000.0), &json!(0.0))
    );
    assert!(wax["id"] != reminder(old, "Wax")["id"] && wax["gear_id"] == new["id"]);
    let bike = bench.piece("mara", "b9000601").await;
    let parts = rows(&bike["component_ids"]);
    assert!(
        parts.contains(&new["id"]) && !parts.contains(&old["id"]),
        "{bike}"
    );
    assert_eq!(bench.piece("mara", text(new, "id")).await, *new);
    let path = format!("{GEAR}/b9000601/replace");
    let (status, _) = bench.send_as("mara", Method::POST, &path, json!({})).await;
    assert_eq!(status, 422, "a bike is no part");
}

#[tokio::test]
async fn reminders_are_made_reset_put_off_and_deleted() {
    let bench = Bench::new().await;
    let body = json!({"name": "Waxing", "distance": 250_000});
    let piece = bench
        .mara(Method::POST, &format!("/{CHAIN}/reminder"), body)
        .await;
    let made = reminder(&piece, "Waxing");
    assert_eq!(
        (&made["percent_used"], &made["distance"]),
        (&json!(0.0), &json!(250_000))
    );
    near(&made["starting_distance"], 4_312_400.0);
    let due = reminder(&piece, "Replace chain");
    let path = format!("/{CHAIN}/reminder/{}", due["id"]);
    let full = format!("{GEAR}{path}");
    for (query, status) in [
        ("", 422),
        ("?reset=true", 422),
        ("?snoozeDays=0", 422),
        ("?reset=maybe&snoozeDays=0", 500),
        ("?reset=true&snoozeDays=soon", 500),
    ] {
        let (found, answer) = bench
            .send_as("mara", Method::PUT, &format!("{full}{query}"), json!({}))
            .await;
        assert_eq!(found, status, "{query}: {answer}");
    }
    let piece = bench
        .mara(
            Method::PUT,
            &format!("{path}?reset=false&snoozeDays=14"),
            json!({"distance": 5_000_000}),
        )
        .await;
    let put_off = reminder(&piece, "Replace chain");
    assert_eq!(put_off["snoozed_until"], "2026-12-05T12:00:00.000+00:00");
    near(&put_off["percent_used"], 86.2);
    let piece = bench
        .mara(Method::PUT, &format!("{path}?reset=true&snoozeDays=0"), json!({}))
        .await;
    let anew = reminder(&piece, "Replace chain");
    assert_eq!(
        (&anew["percent_used"], &anew["snoozed_until"], &anew["days_used"]),
        (&json!(0.0), &Value::Null, &json!(0))
    );
    let deleted = bench
        .as_person("mara", Method::DELETE, &full)
        .send()
        .await
        .unwrap();
    let piece = json(deleted).await;
    assert!(rows(&piece["reminders"]).iter().all(|one| one["id"] != due["id"]));
    let again = bench
        .as_person("mara", Method::DELETE, &full)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status().as_u16(), 404);
    let word = format!("{GEAR}/{CHAIN}/reminder/one");
    let word = bench
        .as_person("mara", Method::DELETE, &word)
        .send()
        .await
        .unwrap();
    assert_eq!(word.status().as_u16(), 500);
}

#[tokio::test]
async fn broken_gear_is_refused() {
    let bench = Bench::new().await;
    for (path, body, status) in [
        ("", json!({"type": "Bike"}), 422),
        ("", json!({"name": "x"}), 422),
        ("", json!({"name": "x", "type": "Car"}), 400),
        ("", json!({"name": "x", "type": "Bike", "wheels": 2}), 400),
        (
            "",
            json!({"name": "x", "type": "Bike", "purchased": "yesterday"}),
            400,
        ),
        (
            "",
            json!({"name": "x", "type": "Bike", "component_ids": ["c1"]}),
            422,
        ),
        (
            "",
            json!({"name": "x", "type": "Bike", "component_ids": ["b9000602"]}),
            422,
        ),
        ("/b9000601c/reminder", json!({"name": "x"}), 422),
        ("/b9000601c/reminder", json!({"distance": 5}), 422),
        ("/b9000601c/reminder", json!({"name": "x", "days": "ten"}), 400),
        ("/nothing/reminder", json!({"name": "x", "days": 3}), 404),
        ("/nothing/replace", json!({}), 404),
    ] {
        let (found, answer) = bench
            .send_as("mara", Method::POST, &format!("{GEAR}{path}"), body.clone())
            .await;
        assert_eq!(found, status, "{path} {body}: {answer}");
    }
    assert!(bench.sim.allow("mara", "ACTIVITY:READ"));
    let body = json!({"name": "x", "type": "Bike"});
    assert_eq!(bench.send_as("mara", Method::POST, GEAR, body).await.0, 403);
    assert_eq!(bench.status_as("jack", "/athlete/i900006/gear").await, 403);
}

#[tokio::test]
async fn gear_goes_wrong_on_request_and_changes_by_others() {
    let bench = Bench::new().await;
    let body = json!({"name": "Ghost", "type": "Bike"});
    bench
        .sim
        .fault(Fault::on("POST /gear").mode(Mode::Forget).times(1));
    let made = bench.mara(Method::POST, "", body.clone()).await;
    assert_eq!(bench.piece("mara", text(&made, "id")).await, Value::Null);
    bench
        .sim
        .fault(Fault::on("POST /gear").mode(Mode::RefuseEntry).times(1));
    assert_eq!(
        bench.send_as("mara", Method::POST, GEAR, body.clone()).await.0,
        422
    );
    bench
        .sim
        .fault(Fault::on("PUT /gear").ignoring(&["retired"]).times(1));
    let path = format!("/{CHAIN}");
    let after = bench
        .mara(Method::PUT, &path, json!({"retired": "2026-11-20"}))
        .await;
    assert_eq!(after["retired"], Value::Null);
    assert!(
        bench
            .sim
            .change_gear("mara", CHAIN, Some(json!({"name": "Theirs"})))
    );
    assert_eq!(bench.piece("mara", CHAIN).await["name"], "Theirs");
    let theirs = json!({"person": "mara", "of": {"gear": CHAIN}, "values": {"notes": "By hand"}});
    assert_eq!(bench.control("/record", theirs).await, 200);
    assert_eq!(bench.piece("mara", CHAIN).await["notes"], "By hand");
    let meddling = Fault::on("PUT /gear").mode(Mode::Meddle).times(1);
    bench.sim.fault(meddling.body("{\"notes\":\"Later\"}"));
    let answer = bench.mara(Method::PUT, &path, json!({"notes": "Mine"})).await;
    assert_eq!(answer["notes"], "Mine");
    assert_eq!(bench.piece("mara", CHAIN).await["notes"], "Later");
    assert!(bench.sim.change_gear("mara", CHAIN, None));
    assert!(!bench.sim.change_gear("mara", CHAIN, None) && !bench.sim.change_gear("nobody", CHAIN, None));
    assert!(!bench.sim.change_gear("mara", "b9000601", Some(json!(3))));
    assert_eq!(json!(bench.sim.gear("mara")), bench.get_as("mara", GEAR).await);
}
