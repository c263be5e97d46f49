//! What is written is kept, with upstream's checks.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn wellness_is_written_sparsely() {
    let bench = Bench::new().await;
    let path = "/athlete/0/wellness/2026-11-20";
    let before = bench.get(path).await;
    let (status, after) = bench
        .send(
            Method::PUT,
            path,
            json!({"weight": 60.9, "SaunaMinutes": 0, "mood": null}),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        (&after["weight"], &after["SaunaMinutes"], &after["mood"]),
        (&json!(60.9), &json!(0), &before["mood"])
    );
    assert_eq!(bench.get(path).await, after);
    let (status, by_body) = bench
        .send(
            Method::PUT,
            "/athlete/0/wellness",
            json!({"id": "2026-11-20", "steps": 0, "ctl": 1}),
        )
        .await;
    assert_eq!(
        (status, &by_body["steps"], &by_body["ctl"]),
        (200, &json!(0), &before["ctl"])
    );
    let unknown = bench
        .send(Method::PUT, path, json!({"feel": 2, "weight": 1}))
        .await;
    assert_eq!(
        unknown,
        (
            422,
            json!({"status": 422, "error": "Unrecognized wellness field [feel]"})
        )
    );
    assert_eq!(bench.get(path).await["weight"], 60.9, "nothing half");
    assert_eq!(
        bench.send(Method::PUT, path, json!({"weight": "heavy"})).await.0,
        400
    );
    assert_eq!(
        bench
            .send(
                Method::PUT,
                "/athlete/0/wellness/2020-01-01",
                json!({"weight": 60})
            )
            .await
            .0,
        404
    );
    let jack = bench.as_person("jack", Method::PUT, path);
    let jack = reply(jack.body("{\"SaunaMinutes\":5}").send().await.unwrap()).await;
    assert_eq!(jack.0, 422, "a custom field is its owner's");
}

#[tokio::test]
async fn events_are_made_changed_and_deleted() {
    let bench = Bench::new().await;
    let workout = json!({
        "category": "WORKOUT", "type": "Ride", "start_date_local": "2026-12-20T00:00:00", "name": "New",
        "description": "- 1h 70%", "moving_time": 3600, "icu_training_load": 49, "workout_doc": {"steps": [1]},
    });
    let (status, made) = bench
        .send(Method::POST, "/athlete/0/events?upsertOnUid=false", workout)
        .await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["end_date_local"], &made["oauth_client_id"]),
        (&json!("2026-12-21T00:00:00"), &json!(315))
    );
    assert_eq!(
        made["workout_doc"]["steps"],
        json!([{"duration": 3600, "power": {"units": "%ftp", "value": 70.0}}]),
        "the text wins"
    );
    assert!((made["icu_intensity"].as_f64().unwrap() - 70.0).abs() < 1e-6);
    let path = format!("/athlete/0/events/{}", made["id"]);
    assert_eq!(bench.get(&path).await, made);
    assert_eq!(
        bench
            .get("/athlete/0/events?oldest=2026-12-20&newest=2026-12-20")
            .await,
        json!([made])
    );
    let projected = bench.get("/athlete/0/wellness/2026-12-20").await;
    assert_eq!(projected["ctlLoad"], 49.0);
    let (_, moved) = bench
        .send(
            Method::PUT,
            &path,
            json!({"name": "Moved", "id": 5, "icu_ftp": 1}),
        )
        .await;
    assert_eq!(
        (&moved["name"], &moved["id"], &moved["icu_ftp"]),
        (&json!("Moved"), &made["id"], &Value::Null)
    );
    assert_eq!(moved["description"], made["description"]);
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    assert_eq!(bench.ask(Method::GET, &path).await.0, 404);
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 404);
}

#[tokio::test]
async fn seeded_events_can_be_changed_and_deleted_too() {
    let bench = Bench::new().await;
    let seeded = bench
        .get("/athlete/0/events?oldest=2026-11-22&newest=2026-12-10&category=WORKOUT")
        .await;
    let id = seeded[0]["id"].as_i64().unwrap();
    let path = format!("/athlete/0/events/{id}");
    let (status, changed) = bench
        .send(Method::PUT, &path, json!({"icu_training_load": 7}))
        .await;
    assert_eq!((status, &changed["icu_training_load"]), (200, &json!(7)));
    let day = &seeded[0]["start_date_local"].as_str().unwrap()[..10];
    let on_day = bench
        .get(&format!(
            "/athlete/0/events?oldest={day}&newest={day}&category=WORKOUT"
        ))
        .await;
    assert_eq!(on_day, json!([changed]), "once, and as changed");
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    let on_day = bench
        .get(&format!(
            "/athlete/0/events?oldest={day}&newest={day}&category=WORKOUT"
        ))
        .await;
    assert_eq!(on_day, json!([]));
    let foreign = format!("/athlete/{ANA}/events/{id}");
    assert_eq!(bench.status_as("jack", &foreign).await, 403);
    assert_eq!(bench.status_as("jack", &path).await, 404);
}

#[tokio::test]
async fn a_range_is_deleted_by_category() {
    let bench = Bench::new().await;
    assert_eq!(
        bench
            .ask(Method::DELETE, "/athlete/0/events?category=WORKOUT")
            .await
            .0,
        422
    );
    assert_eq!(
        bench
            .ask(Method::DELETE, "/athlete/0/events?oldest=2026-11-22")
            .await
            .0,
        422
    );
    let far = json!({"category": "NOTE", "name": "Far", "start_date_local": "2027-05-01T00:00:00"});
    bench.send(Method::POST, "/athlete/0/events", far).await;
    let list = "/athlete/0/events?oldest=2026-11-22&newest=2027-12-31";
    let before = bench.get(list).await;
    assert_eq!(
        bench
            .ask(
                Method::DELETE,
                "/athlete/0/events?oldest=2026-11-22&category=WORKOUT,NOTE"
            )
            .await
            .0,
        200
    );
    let after = bench.get(list).await;
    assert!(before.as_array().unwrap().len() > after.as_array().unwrap().len());
    assert!(
        after
            .as_array()
            .unwrap()
            .iter()
            .all(|event| event["category"] != "WORKOUT" && event["category"] != "NOTE")
    );
}

#[tokio::test]
async fn broken_events_are_refused_in_upstreams_words() {
    let bench = Bench::new().await;
    let start = "2026-12-20T00:00:00";
    let cases = [
        (
            json!({"category": "NOTE", "start_date_local": start}),
            "Name is required",
        ),
        (
            json!({"category": "WORKOUT", "start_date_local": start}),
            "Missing type",
        ),
        (
            json!({"category": "RACE_A", "start_date_local": start}),
            "Missing type",
        ),
    ];
    for (body, text) in cases {
        let (status, answer) = bench.send(Method::POST, "/athlete/0/events", body).await;
        assert_eq!((status, &answer["error"]), (422, &json!(text)));
    }
    let dated = json!({"category": "NOTE", "name": "x", "start_date_local": "2026-12-20"});
    assert_eq!(
        bench.send(Method::POST, "/athlete/0/events", dated).await.0,
        422,
        "a date alone"
    );
    assert_eq!(
        bench.send(Method::POST, "/athlete/0/events", json!([1])).await.0,
        400
    );
}
