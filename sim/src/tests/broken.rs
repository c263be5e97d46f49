//! Breakages on request, the log of requests, and the control port.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::*;
use crate::{Fault, HUGE, Mode};

const PATH: &str = "/athlete/0/activities?oldest=2026-11-01&fields=id,icu_athlete_id";

#[tokio::test]
async fn statuses_headers_and_bodies_are_as_requested() {
    let bench = Bench::new().await;
    bench.sim.fault(
        Fault::on("/activities")
            .status(429)
            .header("Retry-After", "864000")
            .times(1),
    );
    bench.sim.fault(
        Fault::on("GET /athlete/0/activities")
            .status(302)
            .header("location", "http://elsewhere.test/")
            .times(1),
    );
    bench.sim.fault(
        Fault::on("/activities")
            .body("<html>")
            .header("content-type", "text/html")
            .times(1),
    );
    bench.sim.fault(Fault::on("/activities").status(503).times(1));
    bench.sim.fault(
        Fault::on("/activities")
            .delay_ms(1)
            .header("x-late", "yes")
            .times(1),
    );
    let send = async || bench.as_ana(Method::GET, PATH).send().await.unwrap();
    let limited = send().await;
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"864000".parse().unwrap())
    );
    assert_eq!(send().await.headers()["location"], "http://elsewhere.test/");
    let html = send().await;
    assert_eq!(
        (html.status(), html.text().await.unwrap().as_str()),
        (StatusCode::OK, "<html>")
    );
    assert_eq!(send().await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let late = send().await;
    assert_eq!(late.headers()["x-late"], "yes");
    assert!(json(late).await.as_array().unwrap().len() > 5, "the true answer");
    assert!(!send().await.headers().contains_key("x-late"));
}

#[tokio::test]
async fn answers_break_in_every_manner() {
    let bench = Bench::new().await;
    let send = async |mode| {
        bench.sim.fault(Fault::on("/activities").mode(mode).times(1));
        bench.as_ana(Method::GET, PATH).send().await.unwrap()
    };
    let reset = send(Mode::Reset).await.bytes().await.unwrap_err();
    let mut cause: Option<&dyn std::error::Error> = Some(&reset);
    let mut kinds = Vec::new();
    while let Some(error) = cause {
        kinds.extend(error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        cause = error.source();
    }
    assert!(kinds.contains(&std::io::ErrorKind::ConnectionReset), "{kinds:?}");
    let cut = send(Mode::Truncate).await;
    let announced: usize = cut.headers()[header::CONTENT_LENGTH]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(announced > 10 && cut.bytes().await.is_err());
    let garbage = send(Mode::Garbage).await;
    assert_eq!(garbage.headers()[header::CONTENT_TYPE], "application/json");
    assert!(String::from_utf8(garbage.bytes().await.unwrap().to_vec()).is_err());
    assert!(send(Mode::Deep).await.text().await.unwrap().starts_with("[[[["));
    let foreign = json(send(Mode::WrongAthlete).await).await;
    assert!(
        foreign
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["icu_athlete_id"] == "i900099")
    );
    let mut drip = send(Mode::Drip).await;
    assert_eq!(drip.chunk().await.unwrap().unwrap().len(), 1);
    bench
        .sim
        .fault(Fault::on("/activities").mode(Mode::Hang).times(1));
    let hanging = bench
        .as_ana(Method::GET, PATH)
        .timeout(std::time::Duration::from_millis(150))
        .send()
        .await;
    assert!(hanging.unwrap_err().is_timeout());
    assert_eq!(
        bench.as_ana(Method::GET, PATH).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn huge_answers_are_whole_and_valid() {
    let bench = Bench::new().await;
    for mode in [Mode::Huge, Mode::GzipBomb] {
        bench.sim.fault(Fault::on("/activities").mode(mode).times(1));
        let mut answer = bench.as_ana(Method::GET, PATH).send().await.unwrap();
        let (mut size, mut first, mut last) = (0_u64, None, 0);
        while let Some(chunk) = answer.chunk().await.unwrap() {
            size += u64::try_from(chunk.len()).unwrap();
            first = first.or(chunk.first().copied());
            last = chunk.last().copied().unwrap_or(last);
        }
        assert_eq!((size, first, last), (HUGE, Some(b'['), b']'), "{mode:?}");
    }
}

#[tokio::test]
async fn requests_are_remembered_in_order() {
    let bench = Bench::new().await;
    let request = bench.as_ana(Method::GET, PATH).header("accept-language", "en");
    request.send().await.unwrap();
    bench
        .request(Method::GET, "/api/v1/athlete/i900002/wellness")
        .send()
        .await
        .unwrap();
    let requests = bench.sim.requests();
    let first = &requests[0];
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("GET", "/api/v1/athlete/0/activities")
    );
    assert_eq!(first.query, "oldest=2026-11-01&fields=id,icu_athlete_id");
    assert_eq!(
        (
            first.athlete.as_deref(),
            first.status,
            first.accept_language.as_deref()
        ),
        (Some(ANA), Some(200), Some("en"))
    );
    assert_eq!(
        first.user_agent.as_deref(),
        Some("icusync-test/1 (+https://example.test)")
    );
    assert_eq!(
        (requests[1].athlete.as_deref(), requests[1].status),
        (Some("i900002"), Some(401))
    );
    bench.sim.clear_requests();
    assert!(bench.sim.requests().is_empty());
}

#[tokio::test]
async fn the_control_port_does_the_same() {
    let bench = Bench::new().await;
    let control = |method, path: &str| {
        bench
            .client
            .request(method, format!("{}/_control{path}", bench.sim.control_url))
    };
    let done = async |request: RequestBuilder| request.send().await.unwrap().status().as_u16();
    let fault = json!({"match": "/activities", "status": 500, "delay": 1, "times": 1, "body": "x"});
    assert_eq!(done(control(Method::POST, "/fault").json(&fault)).await, 200);
    assert_eq!(bench.ask(Method::GET, PATH).await, (500, json!("x")));
    assert_eq!(bench.ask(Method::GET, PATH).await.0, 200);
    assert_eq!(
        done(control(Method::POST, "/fault").json(&json!({"match": "/", "status": 500}))).await,
        200
    );
    assert_eq!(done(control(Method::DELETE, "/fault")).await, 200);
    assert_eq!(bench.ask(Method::GET, PATH).await.0, 200);
    let list: Value = json(control(Method::GET, "/requests").send().await.unwrap()).await;
    let statuses: Vec<u64> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [500, 200, 200]);
    assert_eq!(done(control(Method::DELETE, "/requests")).await, 200);
    assert!(bench.sim.requests().is_empty());
    assert_eq!(
        done(control(Method::POST, "/limits").json(&json!({"remaining": [0, 9]}))).await,
        200
    );
    assert_eq!(bench.ask(Method::GET, PATH).await.0, 429);
    assert_eq!(
        done(control(Method::POST, "/limits").json(&json!({"remaining": [9, 9]}))).await,
        200
    );
    assert_eq!(
        done(control(Method::POST, "/revoke").json(&json!({"token": PEOPLE[0].token}))).await,
        200
    );
    assert_eq!(bench.ask(Method::GET, PATH).await.0, 401);
}

#[tokio::test]
async fn the_control_port_knows_its_host_and_is_not_on_the_main_one() {
    let bench = Bench::new().await;
    let url = format!("{}/_control/requests", bench.sim.control_url);
    let port = bench.sim.control_url.rsplit(':').next().unwrap();
    let with = async |name: header::HeaderName, value: &str| {
        bench
            .client
            .get(&url)
            .header(name, value)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(with(header::HOST, &format!("localhost:{port}")).await, 200);
    assert_eq!(with(header::HOST, &format!("rebound.example:{port}")).await, 403);
    assert_eq!(with(header::HOST, "127.0.0.1").await, 403);
    assert_eq!(with(header::ORIGIN, "http://localhost:8080").await, 403);
    let main = bench
        .request(Method::GET, "/_control/requests")
        .send()
        .await
        .unwrap();
    assert_eq!(main.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn stopping_ends_hanging_requests_too() {
    let bench = Bench::new().await;
    bench.sim.fault(Fault::on("").mode(Mode::Hang));
    let (seen, request) = (
        bench.sim.base_url.clone(),
        bench.as_ana(Method::GET, "/athlete/0").send(),
    );
    let hanging = tokio::spawn(request);
    while bench.sim.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.sim.stop().await;
    assert!(hanging.await.unwrap().is_err());
    assert!(bench.client.get(seen).send().await.is_err());
}
