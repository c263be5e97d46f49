//! Several events in one request: made, found again by external id, and deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::*;

const BULK: &str = "/athlete/0/events/bulk?upsert=true&upsertOnUid=false&updatePlanApplied=false";
const BULK_DELETE: &str = "/athlete/0/events/bulk-delete";
const LIST: &str = "/athlete/0/events?oldest=2026-11-20&newest=2027-01-20";

fn called(external_id: &str, name: &str) -> Value {
    let mut event = workout("Ride", name, "- 1h 70%");
    event["external_id"] = json!(external_id);
    event
}

/// The events of Ana's calendar that clients made.
async fn made(bench: &Bench) -> Vec<Value> {
    let list = bench.get(LIST).await;
    let own = rows(&list)
        .iter()
        .filter(|event| event["id"].as_i64() > Some(190_000_000));
    own.cloned().collect()
}

#[tokio::test]
async fn the_same_external_id_is_the_same_event_wherever_it_has_been_moved() {
    let bench = Bench::new().await;
    let week = json!([called("a", "One"), called("b", "Two")]);
    let (status, first) = bench.send(Method::POST, BULK, week.clone()).await;
    assert_eq!((status, rows(&first).len()), (200, 2), "{first}");
    assert_eq!(first[0]["moving_time"], 3600);
    assert_eq!(
        (&first[0]["external_id"], &first[0]["oauth_client_id"]),
        (&json!("a"), &json!(315))
    );
    let path = format!("/athlete/0/events/{}", first[0]["id"]);
    bench
        .send(
            Method::PUT,
            &path,
            json!({"start_date_local": "2026-12-02T00:00:00", "color": "red"}),
        )
        .await;
    let (_, second) = bench.send(Method::POST, BULK, week).await;
    assert_eq!(second[0]["id"], first[0]["id"]);
    assert_eq!(second[0]["start_date_local"], "2026-11-25T00:00:00", "moved back");
    assert_eq!(
        (&second[0]["end_date_local"], &second[0]["color"]),
        (&json!("2026-11-26T00:00:00"), &json!("red"))
    );
    assert_eq!(made(&bench).await.len(), 2);
    bench.ask(Method::DELETE, &path).await;
    let (_, third) = bench.send(Method::POST, BULK, json!([called("a", "One")])).await;
    assert_ne!(
        third[0]["id"], first[0]["id"],
        "after a deletion it is another event"
    );
    let (_, twice) = bench
        .send(
            Method::POST,
            BULK,
            json!([called("c", "Early"), called("c", "Late")]),
        )
        .await;
    assert_eq!(twice[0]["id"], twice[1]["id"]);
    assert_eq!(bench.event("ana", &twice[0]["id"]).await["name"], "Late");
}

#[tokio::test]
async fn nothing_else_finds_an_event_again() {
    let bench = Bench::new().await;
    let mut event = called("a", "One");
    event["uid"] = json!("mine");
    let plain = "/athlete/0/events/bulk?upsert=false&upsertOnUid=true";
    let (_, first) = bench.send(Method::POST, plain, json!([event])).await;
    let (_, second) = bench.send(Method::POST, plain, json!([event])).await;
    assert_ne!(first[0]["id"], second[0]["id"], "a uid of ours matches nothing");
    assert_ne!(first[0]["uid"], "mine");
    assert_ne!(first[0]["uid"], second[0]["uid"]);
    let single = bench
        .send(Method::POST, "/athlete/0/events?upsertOnUid=true", event)
        .await;
    assert_ne!(single.1["id"], first[0]["id"]);
    let nameless = json!([
        workout("Ride", "No id", "- 1h 70%"),
        called("", "Empty id"),
        called("", "Empty id")
    ]);
    let (_, rows_) = bench.send(Method::POST, BULK, nameless).await;
    let ids: std::collections::BTreeSet<_> = rows(&rows_).iter().map(|row| row["id"].as_i64()).collect();
    assert_eq!(ids.len(), 3);
    let (_, jacks) = bench
        .send_as("jack", Method::POST, BULK, json!([called("a", "Jack's")]))
        .await;
    assert_ne!(jacks[0]["id"], first[0]["id"], "another athlete's");
}

#[tokio::test]
async fn an_api_key_finds_its_own_events_or_does_not() {
    let bench = Bench::new().await;
    let by_key = async || {
        let request = bench.request(Method::POST, &format!("/api/v1{BULK}"));
        let request = request.basic_auth("API_KEY", Some(Person::of_slug("ana").unwrap().api_key));
        json(
            request
                .body(json!([called("a", "One")]).to_string())
                .send()
                .await
                .unwrap(),
        )
        .await[0]
            .clone()
    };
    let (_, by_app) = bench.send(Method::POST, BULK, json!([called("a", "One")])).await;
    let first = by_key().await;
    assert_eq!(first["oauth_client_id"], Value::Null);
    assert_ne!(first["id"], by_app[0]["id"], "the application's is another's");
    assert_eq!(by_key().await["id"], first["id"]);
    assert_eq!(
        bench.control("/rules", json!({"upsert_by_key": false})).await,
        200
    );
    assert_ne!(by_key().await["id"], first["id"]);
    bench.sim.rules(crate::Rules::default());
    assert_eq!(made(&bench).await.len(), 3);
}

#[tokio::test]
async fn one_bad_entry_sinks_the_whole_list() {
    let bench = Bench::new().await;
    let mut bad = called("b", "Bad");
    bad["type"] = Value::Null;
    let list = json!([called("a", "Good"), bad]);
    assert_eq!(
        bench.send(Method::POST, BULK, list).await,
        (422, json!({"status": 422, "error": "Missing type"}))
    );
    assert_eq!(made(&bench).await.len(), 0);
    assert_eq!(
        bench.send(Method::POST, BULK, called("a", "No list")).await.0,
        400
    );
    assert_eq!(bench.send(Method::POST, BULK, json!([])).await, (200, json!([])));
    bench.sim.allow("ana", "CALENDAR:READ");
    assert_eq!(
        bench
            .send(Method::POST, BULK, json!([called("a", "Good")]))
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn a_list_is_deleted_by_id_or_external_id() {
    let bench = Bench::new().await;
    let week = json!([
        called("a", "One"),
        called("b", "Two"),
        called("c", "Three"),
        called("d", "Four")
    ]);
    let (_, events) = bench.send(Method::POST, BULK, week).await;
    let seeded = bench
        .get("/athlete/0/events?oldest=2026-11-22&newest=2026-12-10&category=WORKOUT")
        .await;
    let doomed = json!([
        {"id": events[0]["id"]}, {"external_id": "b"}, {"id": events[0]["id"]}, {"id": 5}, {"external_id": "x"},
        {"id": events[3]["id"], "external_id": "c"}, {"id": seeded[0]["id"]},
    ]);
    let (status, answer) = bench.send(Method::PUT, BULK_DELETE, doomed).await;
    assert_eq!((status, answer), (200, json!({"eventsDeleted": 4})));
    let left = made(&bench).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["name"], "Four", "an external id wins over an id");
    assert_eq!(bench.event("ana", &seeded[0]["id"]).await, Value::Null);
    let stranger = json!([{"id": left[0]["id"]}]);
    let (_, answer) = bench.send_as("jack", Method::PUT, BULK_DELETE, stranger).await;
    assert_eq!(answer, json!({"eventsDeleted": 0}));
    for bad in [json!({"id": 1}), json!([{"uid": "x"}]), json!([{"id": "x"}])] {
        assert_eq!(bench.send(Method::PUT, BULK_DELETE, bad).await.0, 400);
    }
    assert_eq!(bench.ask(Method::GET, BULK_DELETE).await.0, 405);
}

#[tokio::test]
async fn others_of_the_same_call_go_too_if_that_is_asked_for() {
    let bench = Bench::new().await;
    let bulk = BULK.replace("updatePlanApplied=false", "updatePlanApplied=true");
    let mut later = called("c", "Later");
    later["start_date_local"] = json!("2026-12-05T00:00:00");
    let week = json!([called("a", "One"), called("b", "Two"), later]);
    let (_, events) = bench.send(Method::POST, &bulk, week.clone()).await;
    assert!(events[0]["plan_applied"].is_string());
    let one = format!("/athlete/0/events/{}", events[0]["id"]);
    let names = async || {
        let left = made(&bench).await;
        left.iter()
            .map(|event| text(event, "name").to_owned())
            .collect::<Vec<_>>()
    };
    let path = format!("{one}?others=true&notBefore=2026-12-01");
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    assert_eq!(names().await, ["Two"], "it does not protect the event itself");
    bench.send(Method::POST, &bulk, week).await;
    let left = made(&bench).await;
    let path = format!(
        "/athlete/0/events/{}?others=false&notBefore=2027-01-01",
        left[0]["id"]
    );
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    assert_eq!(names().await.len(), 2);
    let path = format!("/athlete/0/events/{}?notBefore=soon", left[1]["id"]);
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 500);
}
