//! Activities that are typed in, and activities that are deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Mode, schema};

const MANUAL: &str = "/athlete/0/activities/manual";
const BULK: &str = "/athlete/0/activities/manual/bulk";

fn yoga(name: &str) -> Value {
    json!({
        "type": "Yoga", "start_date_local": "2026-11-18T07:00:00", "name": name, "moving_time": 3600,
        "icu_training_load": 100, "external_id": "ours-1",
    })
}

impl Bench {
    async fn bulk(&self, slug: &str, all: Value) -> Value {
        let (status, made) = self.send_as(slug, Method::POST, BULK, all).await;
        assert_eq!(status, 200, "{made}");
        made
    }

    /// Load, fitness and fatigue of Ana's days.
    async fn days(&self) -> Vec<[f64; 3]> {
        let path = "/athlete/0/wellness?oldest=2026-11-15&newest=2026-11-25";
        let days = self.get(path).await;
        let figures = |row: &Value| ["ctlLoad", "ctl", "atl"].map(|name| number(&row[name]));
        rows(&days).iter().map(figures).collect()
    }

    async fn delete(&self, slug: &str, id: &str) -> (u16, Value) {
        let request = self.as_person(slug, Method::DELETE, &format!("/activity/{id}"));
        reply(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn what_is_typed_in_is_an_activity_like_any() {
    let bench = Bench::new().await;
    let body = json!({
        "type": "Ride", "start_date_local": "2026-11-21T11:30:00", "moving_time": 3600, "distance": 30_000.0,
        "icu_training_load": 64, "average_heartrate": 140, "icu_rpe": 5, "feel": 2, "name": "Borrowed bike",
        "description": "No device", "total_elevation_gain": 210, "icu_ctl": 1000, "source": "GARMIN_CONNECT",
        "gear": {"id": "b9000102"}, "tags": ["one"],
    });
    let before = rows(&bench.get("/athlete/0/gear").await)[2]["distance"].clone();
    let (status, made) = bench.send(Method::POST, MANUAL, body).await;
    assert_eq!(status, 200, "{made}");
    for name in schema::ACTIVITY.split_ascii_whitespace() {
        assert!(made.get(name).is_some(), "{name}");
    }
    for (name, value) in [
        ("source", json!("MANUAL")),
        ("icu_athlete_id", json!(ANA)),
        ("oauth_client_id", json!(315)),
        ("average_speed", json!(8.333)),
        ("session_rpe", json!(300)),
        ("elapsed_time", json!(3600)),
        ("icu_intensity", json!(80.0)),
        ("has_heartrate", json!(true)),
        ("file_type", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    assert!(number(&made["icu_ctl"]) < 200.0);
    let id = text(&made, "id");
    assert_eq!(bench.get(&format!("/activity/{id}")).await, made);
    let listed = bench
        .get("/athlete/0/activities?oldest=2026-11-21&newest=2026-11-21")
        .await;
    assert!(
        rows(&listed).contains(&made),
        "at once, though it would still go on"
    );
    let found = bench.get("/athlete/0/activities/search?q=borrowed").await;
    assert_eq!(found[0]["id"], made["id"]);
    assert_eq!(
        bench.get(&format!("/activity/{id}/streams.json")).await,
        json!([])
    );
    assert_eq!(bench.status_as("jack", &format!("/activity/{id}")).await, 403);
    let after = rows(&bench.get("/athlete/0/gear").await)[2]["distance"].clone();
    assert!((number(&after) - number(&before) - 30_000.0).abs() < 0.2);
    let (status, renamed) = bench
        .send(
            Method::PUT,
            &format!("/activity/{id}"),
            json!({"name": "Lent", "moving_time": 1}),
        )
        .await;
    assert_eq!(
        (status, text(&renamed, "name"), &renamed["moving_time"]),
        (200, "Lent", &json!(3600))
    );
}

#[tokio::test]
async fn it_counts_in_fitness_from_its_day_on_until_it_is_deleted() {
    let bench = Bench::new().await;
    let before = bench.days().await;
    let made = bench.bulk("ana", json!([yoga("Flow")])).await;
    let with = bench.days().await;
    assert_eq!(json!(with[2]), json!(before[2]), "the days before stay");
    let gained = |at: usize, figure: usize| with[at][figure] - before[at][figure];
    assert!((gained(3, 0) - 100.0).abs() < 1e-6);
    let step = |days: f64| 100.0 * (1.0 - (-1.0_f64 / days).exp());
    assert!((gained(3, 1) - step(42.0)).abs() < 1e-3 && (gained(3, 2) - step(7.0)).abs() < 1e-3);
    let three_days = (-3.0_f64 / 42.0).exp();
    assert!((gained(6, 1) - step(42.0) * three_days).abs() < 1e-3, "today");
    let four_days = (-4.0_f64 / 42.0).exp();
    assert!((gained(7, 1) - step(42.0) * four_days).abs() < 1e-3, "and ahead");
    let path = "/athlete/0/athlete-summary?start=2026-11-16&end=2026-11-21";
    let yoga_of = |summary: &Value| {
        let all = rows(&summary[0]["byCategory"]).to_vec();
        all.into_iter().find(|row| row["category"] == "Yoga")
    };
    let summary = bench.get(path).await;
    let before_it = yoga_of(&summary).map_or(0.0, |row| number(&row["training_load"]));
    assert!(before_it >= 100.0);
    bench.advance(Duration::days(1));
    let id = text(&made[0], "id").to_owned();
    assert_eq!(
        bench.status_as("ana", &format!("/activity/{id}")).await,
        200,
        "a day later"
    );
    bench.advance(-Duration::days(1));
    assert_eq!(
        bench.delete("ana", &id).await,
        (200, json!({"id": id, "icu_athlete_id": ANA}))
    );
    assert_eq!(json!(bench.days().await), json!(before));
    assert_eq!(bench.status_as("ana", &format!("/activity/{id}")).await, 404);
    assert_eq!(bench.delete("ana", &id).await.0, 404);
}

#[tokio::test]
async fn an_external_id_finds_what_the_application_made() {
    let bench = Bench::new().await;
    let first = bench.bulk("ana", json!([yoga("Flow")])).await;
    let changed = json!({
        "external_id": "ours-1", "type": "Yoga", "start_date_local": "2026-11-18T08:00:00", "moving_time": 1800,
        "icu_training_load": 20,
    });
    let again = bench.bulk("ana", json!([changed])).await;
    assert_eq!(
        (&again[0]["id"], &again[0]["moving_time"], &again[0]["name"]),
        (&first[0]["id"], &json!(1800), &json!("Flow"))
    );
    let listed = async || {
        let listed = bench
            .get("/athlete/0/activities?oldest=2026-11-18&newest=2026-11-18")
            .await;
        let yoga = rows(&listed).iter().filter(|row| row["external_id"] == "ours-1");
        yoga.cloned().collect::<Vec<_>>()
    };
    assert_eq!(listed().await, rows(&again));
    let single = bench.send(Method::POST, MANUAL, yoga("Single")).await;
    assert_ne!(single.1["id"], first[0]["id"], "one alone is always new");
    let twice = bench
        .bulk(
            "ana",
            json!([
                {"type": "Yoga", "start_date_local": "2026-11-17T08:00:00"},
                {"type": "Yoga", "start_date_local": "2026-11-17T08:00:00"},
            ]),
        )
        .await;
    assert!(twice[0]["id"] != twice[1]["id"] && twice[0]["name"] == "Yoga");
    // With a key nobody's application asks.
    let path = format!("/api/v1{BULK}");
    let key = PEOPLE[0].api_key;
    let by_key = bench
        .request(Method::POST, &path)
        .basic_auth("API_KEY", Some(key));
    let by_key = json(
        by_key
            .body(json!([yoga("By key")]).to_string())
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert!(by_key[0]["id"] != first[0]["id"] && by_key[0]["oauth_client_id"].is_null());
    // Another's of the same name is another's.
    let jack = bench.bulk("jack", json!([yoga("Jack's")])).await;
    assert_ne!(jack[0]["id"], first[0]["id"]);
    assert_eq!(jack[0]["icu_athlete_id"], "i900002");
}

#[tokio::test]
async fn a_bulk_of_activities_is_made_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let before = bench.get("/athlete/0/activities?oldest=2026-11-01").await;
    let with = |name: &str, value: Value| {
        let mut body = yoga("Bad");
        body["external_id"] = json!("ours-2");
        body[name] = value;
        body
    };
    for (bad, status, error) in [
        (with("type", Value::Null), 422, "Missing type"),
        (with("type", json!("Napping")), 400, "JSON parse error"),
        (
            with("start_date_local", Value::Null),
            422,
            "start_date_local is required",
        ),
        (
            with("start_date_local", json!("2026-11-18")),
            422,
            "Invalid start_date_local",
        ),
        (with("moving_time", json!("1h")), 400, "JSON parse error"),
        (with("distance", json!(-1)), 422, "Invalid distance"),
        (with("mood", json!(3)), 400, "JSON parse error"),
        (with("gear", json!({"id": "b1"})), 422, "Gear not found"),
        (with("paired_event_id", json!(5)), 422, "Event not found"),
    ] {
        let (found, answer) = bench
            .send(Method::POST, BULK, json!([yoga("Good"), bad.clone()]))
            .await;
        assert_eq!(found, status, "{bad}: {answer}");
        assert!(text(&answer, "error").starts_with(error), "{answer}");
    }
    assert_eq!(bench.send(Method::POST, BULK, yoga("x")).await.0, 400, "no list");
    assert_eq!(bench.get("/athlete/0/activities?oldest=2026-11-01").await, before);
    assert!(bench.sim.allow("ana", "ACTIVITY:READ"));
    assert_eq!(bench.send(Method::POST, BULK, json!([yoga("x")])).await.0, 403);
}

#[tokio::test]
async fn a_recording_is_deleted_with_its_load_and_its_pairing() {
    let bench = Bench::new().await;
    let paired = bench
        .activity("ana", |row| {
            row["paired_event_id"].is_i64() && row["source"] != "STRAVA" && row["icu_training_load"].is_i64()
        })
        .await;
    let id = text(&paired, "id");
    let event = format!("/athlete/0/events/{}", paired["paired_event_id"]);
    assert_eq!(bench.get(&event).await["paired_activity_id"], paired["id"]);
    let day = format!("/athlete/0/wellness/{}", &text(&paired, "start_date_local")[..10]);
    let load = number(&bench.get(&day).await["ctlLoad"]);
    assert_eq!(bench.delete("jack", id).await.0, 403);
    assert_eq!(bench.delete("ana", id).await.0, 200);
    assert_eq!(bench.get(&event).await["paired_activity_id"], Value::Null);
    let left = number(&bench.get(&day).await["ctlLoad"]);
    assert!((load - left - number(&paired["icu_training_load"])).abs() < 1e-6);
    assert_eq!(
        bench
            .status_as("ana", &format!("/activity/{id}/streams.json"))
            .await,
        404
    );
    let strava = bench.activity("bishnu", |row| row["source"] == "STRAVA").await;
    let (status, answer) = bench.delete("bishnu", text(&strava, "id")).await;
    assert_eq!(
        (status, text(&answer, "error")),
        (422, "Cannot delete Strava activities")
    );
    assert_eq!(bench.delete("ana", "i1").await.0, 404);
    assert!(!bench.sim.delete_activity("ana", id) && !bench.sim.delete_activity("nobody", id));
}

#[tokio::test]
async fn typing_in_goes_wrong_on_request() {
    let bench = Bench::new().await;
    bench
        .sim
        .fault(Fault::on("POST /manual").mode(Mode::Forget).times(1));
    let made = bench.bulk("ana", json!([yoga("Gone")])).await;
    let path = format!("/activity/{}", text(&made[0], "id"));
    assert_eq!(bench.status_as("ana", &path).await, 404);
    bench.sim.fault(
        Fault::on("POST /manual")
            .mode(Mode::RefuseEntry)
            .entry("Bad")
            .times(1),
    );
    let (status, _) = bench
        .send(Method::POST, BULK, json!([yoga("Good"), yoga("Bad")]))
        .await;
    assert_eq!(status, 422);
    bench.sim.fault(
        Fault::on("POST /manual")
            .ignoring(&["icu_training_load"])
            .times(1),
    );
    let made = bench.bulk("ana", json!([yoga("Light")])).await;
    assert_eq!(made[0]["icu_training_load"], Value::Null);
    let id = text(&made[0], "id");
    bench
        .sim
        .fault(Fault::on("DELETE /activity").mode(Mode::Forget).times(1));
    assert_eq!(bench.delete("ana", id).await.0, 200);
    assert_eq!(bench.status_as("ana", &format!("/activity/{id}")).await, 200);
    assert!(bench.sim.delete_activity("ana", id));
    assert_eq!(bench.status_as("ana", &format!("/activity/{id}")).await, 404);
}
