//! What can be made to go wrong with what a client writes.

use std::time::Duration as Wait;

use reqwest::Method;
use serde_json::{Value, json};

use super::*;
use crate::{Fault, Mode};

const EVENTS: &str = "/athlete/0/events";
const BULK: &str = "/athlete/0/events/bulk?upsert=true";
const TEXT: &str = "- 10m 50%\n\n3x\n- 1m 100%\n- 2m 55%\n";

fn three() -> Value {
    json!([
        workout("Ride", "Easy", TEXT),
        workout("Ride", "Tempo", TEXT),
        workout("Ride", "Long", TEXT)
    ])
}

/// What Ana's calendar has of the three.
async fn kept(bench: &Bench) -> Vec<Value> {
    let list = bench
        .get("/athlete/0/events?oldest=2026-11-25&newest=2026-11-25")
        .await;
    let own = rows(&list)
        .iter()
        .filter(|event| event["id"].as_i64() > Some(190_000_000));
    own.cloned().collect()
}

async fn names(bench: &Bench) -> Vec<String> {
    let kept = kept(bench).await;
    kept.iter().map(|event| text(event, "name").to_owned()).collect()
}

#[tokio::test]
async fn repeats_targets_and_steps_are_lost_on_request() {
    let bench = Bench::new().await;
    let fault = |mode| Fault::on("POST /events").mode(mode).entry("Tempo").times(1);
    let tempo = async |mode| {
        bench.sim.fault(fault(mode));
        let (status, events) = bench.send(Method::POST, BULK, three()).await;
        assert_eq!(status, 200);
        let (easy, tempo) = (&events[0], events[1].clone());
        assert_eq!(
            (&easy["moving_time"], rows(&easy["workout_doc"]["steps"]).len()),
            (&json!(1140), 2)
        );
        assert_eq!(
            bench.event("ana", &tempo["id"]).await["moving_time"],
            tempo["moving_time"]
        );
        assert_eq!(tempo["description"], TEXT);
        tempo
    };
    let flat = tempo(Mode::FlattenRepeats).await;
    assert_eq!(
        (&flat["moving_time"], rows(&flat["workout_doc"]["steps"]).len()),
        (&json!(780), 3)
    );
    let aimless = tempo(Mode::DropTargets).await;
    assert_eq!(
        (&aimless["moving_time"], &aimless["icu_training_load"]),
        (&json!(1140), &Value::Null)
    );
    assert_eq!(aimless["workout_doc"]["steps"][0], json!({"duration": 600}));
    let bare = tempo(Mode::DropSteps).await;
    assert_eq!(
        (&bare["workout_doc"]["steps"], &bare["distance"]),
        (&json!([]), &json!(0.0))
    );
    bench
        .sim
        .fault(Fault::on("PUT /events").mode(Mode::FlattenRepeats).times(1));
    let path = format!("{EVENTS}/{}", bare["id"]);
    let put = async || {
        bench
            .send(Method::PUT, &path, json!({"description": TEXT}))
            .await
            .1
    };
    assert_eq!(put().await["moving_time"], 780);
    assert_eq!(put().await["moving_time"], 1140, "the next one is read as ever");
}

#[tokio::test]
async fn what_is_forgotten_is_answered_as_if_it_were_written() {
    let bench = Bench::new().await;
    let forget = |what| Fault::on(what).mode(Mode::Forget).times(1);
    bench.sim.fault(forget("POST /events").entry("Tempo"));
    let (status, events) = bench.send(Method::POST, BULK, three()).await;
    assert_eq!(
        (status, rows(&events).len(), &events[1]["moving_time"]),
        (200, 3, &json!(1140))
    );
    assert_eq!(names(&bench).await, ["Easy", "Long"]);
    let path = format!("{EVENTS}/{}", events[0]["id"]);
    bench.sim.fault(forget("PUT /events"));
    assert_eq!(
        bench.send(Method::PUT, &path, json!({"name": "New"})).await.1["name"],
        "New"
    );
    bench.sim.fault(forget("DELETE /events"));
    assert_eq!(bench.ask(Method::DELETE, &path).await.0, 200);
    bench.sim.fault(forget("bulk-delete").entry("Long"));
    let doomed = json!([{"id": events[0]["id"]}, {"id": events[2]["id"]}]);
    let (_, answer) = bench
        .send(Method::PUT, "/athlete/0/events/bulk-delete", doomed)
        .await;
    assert_eq!(answer, json!({"eventsDeleted": 2}));
    assert_eq!(names(&bench).await, ["Long"]);
}

#[tokio::test]
async fn a_write_that_times_out_stands() {
    let bench = Bench::new().await;
    let body = json!([workout("Ride", "Easy", TEXT)]);
    bench.sim.fault(
        Fault::on("POST /events")
            .mode(Mode::Hang)
            .after_writing()
            .times(1),
    );
    let request = bench.as_ana(Method::POST, BULK).body(body.to_string());
    let sent = request.timeout(Wait::from_millis(400)).send().await;
    assert!(sent.unwrap_err().is_timeout());
    assert_eq!(names(&bench).await, ["Easy"]);
    for fault in [
        Fault::on("POST /events").status(502).body("<html>"),
        Fault::on("POST /events").mode(Mode::Reset),
        Fault::on("POST /events").mode(Mode::Truncate),
    ] {
        bench.sim.fault(fault.after_writing().times(1));
        let request = bench.as_ana(Method::POST, BULK).body(body.to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status() == 502 || answer.bytes().await.is_err());
    }
    assert_eq!(names(&bench).await.len(), 4);
    bench.sim.fault(Fault::on("POST /events").status(502).times(1));
    assert_eq!(bench.send(Method::POST, BULK, body.clone()).await.0, 502);
    assert_eq!(names(&bench).await.len(), 4, "broken before it is handled");
    bench
        .sim
        .fault(Fault::on("POST /events").delay_ms(1).after_writing().times(1));
    assert_eq!(
        bench.send(Method::POST, BULK, body).await.1[0]["moving_time"],
        1140,
        "late, and true"
    );
}

#[tokio::test]
async fn one_of_several_is_refused() {
    let bench = Bench::new().await;
    bench
        .sim
        .fault(Fault::on("POST /events").mode(Mode::RefuseEntry).entry("Tempo"));
    let refused = json!({"status": 422, "error": "Invalid workout [Tempo]"});
    assert_eq!(
        bench.send(Method::POST, BULK, three()).await,
        (422, refused.clone())
    );
    assert_eq!(names(&bench).await, [""; 0], "none of them is written");
    for event in rows(&three()) {
        let (status, answer) = bench.send(Method::POST, BULK, json!([event])).await;
        let expected = if event["name"] == "Tempo" { 422 } else { 200 };
        assert_eq!(status, expected, "{answer}");
    }
    assert_eq!(names(&bench).await, ["Easy", "Long"]);
    bench.sim.clear_faults();
    let own = Fault::on("POST /events")
        .mode(Mode::RefuseEntry)
        .status(400)
        .body(r#"{"status":400,"error":"Nope: ünïcode"}"#);
    bench.sim.fault(own);
    assert_eq!(
        bench
            .send(Method::POST, EVENTS, workout("Ride", "Any", TEXT))
            .await,
        (400, json!({"status": 400, "error": "Nope: ünïcode"}))
    );
    bench.sim.clear_faults();
    bench
        .sim
        .fault(Fault::on("POST /events").status(422).body("own words").times(1));
    assert_eq!(
        bench
            .send(Method::POST, EVENTS, workout("Ride", "Any", TEXT))
            .await,
        (422, json!("own words"))
    );
}

#[tokio::test]
async fn the_limit_comes_after_some_requests() {
    let bench = Bench::new().await;
    let fault = json!({
        "match": "POST /events", "status": 429, "headers": {"Retry-After": "40"}, "after": 2, "times": 1,
        "body": "{\"status\":429,\"error\":\"Too many requests\"}",
    });
    assert_eq!(bench.control("/fault", fault).await, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(
            bench
                .send(Method::POST, EVENTS, workout("Ride", "Easy", TEXT))
                .await
                .0,
        );
        assert_eq!(bench.status_as("ana", EVENTS).await, 200);
    }
    assert_eq!(statuses, [200, 200, 429, 200]);
    assert_eq!(names(&bench).await.len(), 3);
}

#[tokio::test]
async fn a_deletion_is_answered_by_a_bare_number() {
    let bench = Bench::new().await;
    let made = bench.put_on("ana", workout("Ride", "Easy", TEXT)).await;
    bench
        .sim
        .fault(Fault::on("bulk-delete").mode(Mode::BareNumber).times(1));
    let doomed = json!([{"id": made["id"]}]);
    let delete = async || {
        bench
            .send(Method::PUT, "/athlete/0/events/bulk-delete", doomed.clone())
            .await
    };
    assert_eq!(delete().await, (200, json!(1)));
    assert_eq!(delete().await, (200, json!({"eventsDeleted": 0})));
    bench
        .sim
        .fault(Fault::on("/events").mode(Mode::BareNumber).times(1));
    assert!(bench.get(EVENTS).await.is_array(), "any other answer stays");
}

#[tokio::test]
async fn somebody_else_works_on_the_same_calendar() {
    let bench = Bench::new().await;
    let made = bench.put_on("ana", workout("Ride", "Easy", TEXT)).await;
    let (id, number) = (&made["id"], made["id"].as_i64().unwrap());
    let control = async |body: Value| bench.control("/event", body).await;
    let change = json!({"person": "ana", "id": id, "event": {"description": "- 1h 60%"}});
    assert_eq!(control(change).await, 200);
    let changed = bench.event("ana", id).await;
    assert_eq!(changed["moving_time"], 3600);
    assert!(text(&changed, "updated") > text(&made, "updated"));
    assert_eq!(control(json!({"person": "ana", "id": id})).await, 200);
    assert_eq!(bench.event("ana", id).await, Value::Null);
    assert_eq!(
        control(json!({"person": "ana", "id": id})).await,
        422,
        "it is gone"
    );
    assert_eq!(control(json!({"person": "ana"})).await, 422);
    assert_eq!(control(json!({"person": "bob", "id": id})).await, 422);
    let race = json!({"category": "RACE_A", "type": "Ride", "name": "Race", "start_date_local": "2026-11-25T00:00:00"});
    let added = bench.sim.add_event("ana", race).unwrap();
    assert_eq!(
        bench.event("ana", &json!(added)).await["oauth_client_id"],
        Value::Null
    );
    assert_eq!(names(&bench).await, ["Race"]);
    let day = "2026-11-25".parse().unwrap();
    let shown = bench.sim.events("ana", day, day);
    assert!(shown.iter().any(|event| event["id"] == added));
    let renamed = json!({"name": "Other race"});
    assert!(bench.sim.change_event("ana", added, renamed.clone()));
    assert_eq!(names(&bench).await, ["Other race"]);
    assert!(bench.sim.delete_event("ana", added) && !bench.sim.delete_event("ana", added));
    assert!(!bench.sim.change_event("ana", number, renamed));
    assert!(bench.sim.add_event("ana", json!({})).is_none());
}

#[tokio::test]
async fn somebody_else_comes_between_two_requests() {
    let bench = Bench::new().await;
    let made = bench.put_on("ana", workout("Ride", "Easy", TEXT)).await;
    let path = format!("{EVENTS}/{}", made["id"]);
    let change = Fault::on("GET /events")
        .mode(Mode::Meddle)
        .body(r#"{"name":"Theirs"}"#);
    bench.sim.fault(change.entry("Easy").times(1));
    assert_eq!(
        bench.get(&path).await["name"],
        "Easy",
        "the answer is from before"
    );
    assert_eq!(bench.get(&path).await["name"], "Theirs");
    bench.sim.fault(
        Fault::on("POST /events")
            .mode(Mode::Meddle)
            .entry("Tempo")
            .times(1),
    );
    let (status, events) = bench.send(Method::POST, BULK, three()).await;
    assert_eq!((status, rows(&events).len()), (200, 3));
    assert_eq!(names(&bench).await, ["Theirs", "Easy", "Long"]);
}

#[tokio::test]
async fn a_device_refuses_on_request() {
    let bench = Bench::new().await;
    let fault = Fault::on("POST /events")
        .mode(Mode::RefusePush)
        .body("Token expired");
    bench.sim.fault(fault.entry("Tempo").times(1));
    let (_, events) = bench.send(Method::POST, BULK, three()).await;
    let errors = &bench.event("ana", &events[1]["id"]).await["push_errors"];
    assert_eq!(
        (&errors[0]["service"], &errors[0]["message"]),
        (&json!("GARMIN"), &json!("Token expired"))
    );
    assert_eq!(events[0]["push_errors"], Value::Null);
}
