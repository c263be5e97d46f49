//! The state of its connection that a call finds: shared or not, known zone or not, alive or dead, and who is to blame.

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicU32, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse as _};
use icusync::{
    ids::{AccountId, ConnectionId, ConnectorId},
    queries,
    secrets::{Password, Token, TokenKind},
    words::ConnectionKind,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{mcp_bench::Bench, world, world::World};

/// An intervals.icu that answers everything with one status, and counts. The profile is Ana's when the status is 200.
#[derive(Clone)]
struct Upstream {
    status: Arc<AtomicU16>,
    whoami: Arc<AtomicU16>,
    asked: Arc<AtomicU32>,
    url: String,
}

impl Upstream {
    async fn start(athlete: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = Self {
            status: Arc::default(),
            whoami: Arc::default(),
            asked: Arc::default(),
            url,
        };
        let router = Router::new()
            .fallback(async move |State(upstream): State<Self>, request: axum::extract::Request| {
                upstream.asked.fetch_add(1, Ordering::SeqCst);
                let path = request.uri().path().to_owned();
                let status = if path.ends_with("/athlete/0") { &upstream.whoami } else { &upstream.status };
                let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
                if status != StatusCode::OK {
                    return (status, axum::Json(json!({"status": status.as_u16(), "error": "upstream's own words"}))).into_response();
                }
                let body = if path.ends_with("/activities") {
                    json!([{"id": "i7", "icu_athlete_id": athlete, "start_date_local": "2026-11-20T10:00:00",
                        "timezone": "Asia/Tokyo"}])
                } else {
                    json!({"id": athlete, "name": "Ana B.", "timezone": "Europe/Madrid", "measurement_preference": "feet",
                        "sportSettings": []})
                };
                axum::Json(body).into_response()
            })
            .with_state(upstream.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        upstream.answers(200, 200);
        upstream
    }

    fn answers(&self, status: u16, whoami: u16) {
        self.status.store(status, Ordering::SeqCst);
        self.whoami.store(whoami, Ordering::SeqCst);
        self.asked.store(0, Ordering::SeqCst);
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn bench(world: &World) -> (Bench, Upstream) {
    let upstream = Upstream::start(world.ana().person.athlete_id).await;
    let url = upstream.url.parse().unwrap();
    (
        Bench::with(world, |config| config.intervals_url = url).await,
        upstream,
    )
}

const STATUS: &str =
    "select status from connections c join connectors l using (account_id) where c.marked_at is not null";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_shared_is_named_with_who_can_change_it() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        bench
            .sql("update connections set scopes = '{ACTIVITY:WRITE,CALENDAR:READ}'")
            .await;
        let (text, error) = bench.call("wellness", json!({})).await.result();
        assert!(
            error && text.contains("wellness and fitness") && text.contains("/dashboard"),
            "{text}"
        );
        bench.sql("update connectors set may_write = true").await;
        let (text, error) = bench.call("writes", json!({"gate": "unshared"})).await.result();
        assert!(
            error && text.contains("calendar") && text.contains("connected for reading only"),
            "READ is not WRITE: {text}"
        );
        assert!(!bench.call("echo", json!({})).await.result().1);
        assert_eq!(upstream.asked(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_a_connection_has_its_sentence_and_no_call_upstream() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        for (change, words) in [
            (
                "update connections set status = 'reconnect'",
                "no longer accepts the connection of Ana Berger",
            ),
            (
                "update connections set status = 'disconnected', token_sealed = null",
                "was disconnected",
            ),
            ("delete from connections", "is not connected"),
        ] {
            bench.sql(change).await;
            let (text, error) = bench.call("profile", json!({})).await.result();
            assert!(
                error && text.contains(words) && text.contains("/dashboard"),
                "{text}"
            );
        }
        assert_eq!(upstream.asked(), 0);
        assert_eq!(
            bench.ask("select distinct outcome from activity_log").await,
            ["reconnect"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_a_day_old_is_refreshed_once() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        bench.sql("update connections set refreshed_at = '2026-11-20T07:00:00Z'").await;
        assert!(bench.call("echo", json!({})).await.result().0.starts_with("Ana B. Europe/Madrid"));
        assert!(bench.call("echo", json!({})).await.result().0.starts_with("Ana B. Europe/Madrid"));
        assert_eq!(upstream.asked(), 1);
        let row = bench.ask("select concat_ws(' ', zone, zone_source, imperial) from connections where athlete_name = 'Ana B.'").await;
        assert_eq!(row, ["Europe/Madrid settings t"]);
        assert_eq!(bench.ask("select upstream_requests::text from activity_log order by upstream_requests desc").await, ["1", "0"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_costs_nothing_while_the_zone_is_known() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        upstream.answers(404, 200);
        bench.sql("update connections set refreshed_at = null").await;
        assert!(
            bench
                .call("echo", json!({}))
                .await
                .result()
                .0
                .starts_with("Ana Berger Europe/Berlin")
        );
        bench
            .sql("update connections set zone = null, zone_source = null")
            .await;
        let (text, error) = bench.call("echo", json!({})).await.result();
        assert!(error && !text.contains("upstream's own words"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_settings_the_zone_comes_from_the_last_activity_or_from_the_athlete() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        bench.sql("update connections set scopes = '{ACTIVITY:WRITE}', zone = null, zone_source = null, refreshed_at = null").await;
        assert!(bench.call("echo", json!({})).await.result().0.starts_with("Ana Berger Asia/Tokyo"));
        assert_eq!(upstream.asked(), 1);
        bench.sql("update connections set zone = 'Europe/Rome', zone_source = 'athlete', refreshed_at = null").await;
        assert!(bench.call("echo", json!({})).await.result().0.contains("Europe/Rome"), "the athlete's word counts");
        assert_eq!(upstream.asked(), 1);
        bench.sql("update connections set scopes = '{WELLNESS:READ}', zone = null, zone_source = null").await;
        let (text, error) = bench.call("echo", json!({})).await.result();
        assert!(error && text.contains("time zone") && text.contains("/dashboard"), "{text}");
        assert_eq!(upstream.asked(), 1);
    })
    .await;
}

/// Hard cases 104 and 112.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_is_marked_once_and_mailed_once() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        upstream.answers(401, 401);
        let replies = futures::future::join_all((0..10).map(|_| bench.call("profile", json!({})))).await;
        for reply in replies {
            let (text, error) = reply.result();
            assert!(
                error && text.contains("no longer accepts the connection of Ana Berger"),
                "{text}"
            );
        }
        assert_eq!(bench.ask(STATUS).await, ["reconnect"]);
        let mails = world.mails_to(world.ana().person.email).await;
        assert_eq!(mails.len(), 1);
        assert!(mails[0].letter.text.contains("/dashboard"));
        let asked = upstream.asked();
        assert!(bench.call("profile", json!({})).await.result().1);
        assert_eq!(upstream.asked(), asked, "a marked connection is not tried again");
    })
    .await;
}

/// Hard case 112: an error other than a dead token, a 5xx among them, keeps the token.
#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_is_no_dead_token() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        for whoami in [200, 403, 404, 500] {
            upstream.answers(401, whoami);
            let (_, error) = bench.call("profile", json!({})).await.result();
            assert!(error);
            assert!(bench.ask(STATUS).await.is_empty(), "{whoami}");
        }
        assert!(world.mails_to(world.ana().person.email).await.is_empty());
    })
    .await;
}

/// Hard case 104: the brake.
#[tokio::test(flavor = "multi_thread")]
async fn when_many_are_refused_at_once_upstream_is_to_blame() {
    world::test(async |world| {
        let (bench, upstream) = bench(&world).await;
        let mut paths = Vec::new();
        for number in 0..9 {
            paths.push(another(&bench, number).await);
        }
        upstream.answers(401, 401);
        let mut refused = Vec::new();
        for path in &paths {
            let body = crate::mcp_bench::call("profile", json!({})).to_string();
            let (text, error) = bench
                .raw(&bench.request("POST", path, &[], body.as_bytes()))
                .await
                .result();
            assert!(error);
            refused.push(text.contains("is refusing IcuSync for many athletes at once"));
        }
        // Five may be five dead tokens; more than that is a storm.
        assert_eq!(
            refused,
            [false, false, false, false, false, true, true, true, true]
        );
        assert_eq!(
            bench
                .ask("select count(*)::text from connections where status = 'reconnect'")
                .await,
            ["5"]
        );
        let mut mails = 0;
        for number in 0..9 {
            mails += world
                .mails_to(&format!("another{number}@example.test"))
                .await
                .len();
        }
        assert_eq!(mails, 5);
    })
    .await;
}

/// One more connected account; returns the path of its link.
async fn another(bench: &Bench, number: u32) -> String {
    let app = &bench.app;
    let now = app.clock.now();
    let fresh = || app.random.uuid(&app.clock);
    let (account, link, connection) = (AccountId(fresh()), ConnectorId(fresh()), ConnectionId(fresh()));
    let hash = app
        .passwords
        .hash(Password::choose("a password for tests".to_owned(), "").unwrap())
        .await;
    let email = format!("another{number}@example.test");
    queries::accounts::create(&app.pool, account, &email, &email, &hash, now)
        .await
        .unwrap()
        .unwrap();
    let token = Token::mint(TokenKind::Link, &app.random);
    queries::connectors::create(&app.pool, link, account, token.hash(), b"x", now)
        .await
        .unwrap();
    let place = icusync::guard::connection::token_place(connection);
    let sealed = app.keys.seal(place, b"a dead upstream token", &app.random);
    let new = queries::connections::NewConnection {
        id: connection,
        account_id: account,
        athlete_id: &format!("i90{number}"),
        athlete_name: "Another",
        kind: ConnectionKind::OAuth,
        scopes: &["SETTINGS:WRITE".to_owned()],
        scopes_before: None,
        now,
    };
    queries::connections::connect(&app.pool, new, &sealed)
        .await
        .unwrap();
    format!("/mcp/{}", token.expose())
}
