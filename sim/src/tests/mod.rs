//! The simulator over HTTP, as a client sees it.

mod access;
mod analysis;
mod broken;
mod bulk;
mod data;
mod files;
mod gear;
mod library;
mod manual;
mod mishaps;
mod people;
mod records;
mod workouts;
mod writes;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Duration, Utc};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::{Value, json};

use super::{Options, PEOPLE, Person, Running, start};

const REDIRECT: &str = "http://localhost:8080/connect/callback";
const ANA: &str = "i900001";

/// A simulator on a clock that the test sets, and a client for it.
struct Bench {
    sim: Running,
    client: Client,
    clock: Arc<Mutex<DateTime<Utc>>>,
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn options(clock: &Arc<Mutex<DateTime<Utc>>>) -> Options {
    let clock = clock.clone();
    Options {
        clock: Arc::new(move || *clock.lock().unwrap()),
        redirect_uris: vec![REDIRECT.to_owned()],
        client_id: "77".to_owned(),
        client_secret: "app-secret".to_owned(),
        ip_limit: false,
        listen: loopback(),
        control_listen: loopback(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "these tests represent any client of upstream, not our own"
)]
fn client(agent: Option<&str>) -> Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    match agent {
        Some(agent) => builder.user_agent(agent.to_owned()),
        None => builder,
    }
    .build()
    .unwrap()
}

impl Bench {
    /// On 2026-11-21, a Saturday: 13:00 in Berlin, 23:00 in Melbourne.
    async fn new() -> Self {
        Self::at("2026-11-21T12:00:00Z").await
    }

    async fn at(now: &str) -> Self {
        let clock = Arc::new(Mutex::new(now.parse().unwrap()));
        let sim = start(options(&clock)).await.unwrap();
        Self {
            sim,
            client: client(Some("icusync-test/1 (+https://example.test)")),
            clock,
        }
    }

    /// The status with which `/_control` answers a POST.
    async fn control(&self, path: &str, body: Value) -> u16 {
        let url = format!("{}/_control{path}", self.sim.control_url);
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        answer.status().as_u16()
    }

    fn advance(&self, by: Duration) {
        *self.clock.lock().unwrap() += by;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.sim.base_url))
    }

    fn as_person(&self, slug: &str, method: Method, path: &str) -> RequestBuilder {
        let token = Person::of_slug(slug).unwrap().token;
        self.request(method, &format!("/api/v1{path}")).bearer_auth(token)
    }

    fn as_ana(&self, method: Method, path: &str) -> RequestBuilder {
        self.as_person("ana", method, path)
    }

    /// The answer to a person's GET, which must be 200.
    async fn get_as(&self, slug: &str, path: &str) -> Value {
        json(self.as_person(slug, Method::GET, path).send().await.unwrap()).await
    }

    /// The status of a person's GET.
    async fn status_as(&self, slug: &str, path: &str) -> u16 {
        let answer = self.as_person(slug, Method::GET, path).send().await;
        answer.unwrap().status().as_u16()
    }

    /// Ana's answer to a GET, which must be 200.
    async fn get(&self, path: &str) -> Value {
        self.get_as("ana", path).await
    }

    /// The answer to a form.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.request(Method::POST, path).form(form);
        request.send().await.unwrap()
    }

    /// Status and body of Ana's request.
    async fn ask(&self, method: Method, path: &str) -> (u16, Value) {
        reply(self.as_ana(method, path).send().await.unwrap()).await
    }

    /// Status and body of Ana's request with a body.
    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.send_as("ana", method, path, body).await
    }

    /// The same, of another person.
    async fn send_as(&self, slug: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.as_person(slug, method, path).body(body.to_string());
        reply(request.send().await.unwrap()).await
    }

    /// What a person writes, which must be taken.
    async fn put_on(&self, slug: &str, event: Value) -> Value {
        let (status, made) = self.send_as(slug, Method::POST, "/athlete/0/events", event).await;
        assert_eq!(status, 200, "{made}");
        made
    }

    /// An event, with absolute targets; null if there is none.
    async fn event(&self, slug: &str, id: &Value) -> Value {
        let path = format!("/athlete/0/events/{id}?resolve=true");
        let (status, event) = reply(self.as_person(slug, Method::GET, &path).send().await.unwrap()).await;
        if status == 404 { Value::Null } else { event }
    }

    /// Goes through the consent page and the exchange; returns the token.
    async fn connect(&self, person: &str, ticked: &[&str]) -> Value {
        let code = self.code(person, ticked).await;
        let form = [
            ("client_id", "77"),
            ("client_secret", "app-secret"),
            ("code", code.as_str()),
        ];
        json(self.post("/api/oauth/token", &form).await).await
    }

    /// The code that the consent page sends back.
    async fn code(&self, person: &str, ticked: &[&str]) -> String {
        let mut form = vec![
            ("client_id", "77"),
            ("redirect_uri", REDIRECT),
            ("state", "s&1"),
            (
                "requested",
                "ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE",
            ),
            ("person", person),
            ("decision", "allow"),
        ];
        form.extend(ticked.iter().map(|scope| ("scope", *scope)));
        let answer = self.post("/oauth/authorize", &form).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        let location = answer.headers()["location"].to_str().unwrap();
        let (start, rest) = location.split_once("?code=").unwrap();
        let (code, state) = rest.split_once('&').unwrap();
        assert_eq!((start, state), (REDIRECT, "state=s%261"));
        code.to_owned()
    }
}

#[track_caller]
fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

async fn json(answer: Response) -> Value {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn reply(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A workout on 2026-11-25.
fn workout(sport: &str, name: &str, text: &str) -> Value {
    json!({
        "category": "WORKOUT", "type": sport, "name": name, "description": text,
        "start_date_local": "2026-11-25T00:00:00",
    })
}
