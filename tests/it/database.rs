//! Database and process: what happens when PostgreSQL is away, hangs, or is shared, when the clock jumps, and what can be
//! read from a dump. Hard cases 35, 39, 53, 115-118, 120, 123-125.

use std::{
    ops::RangeBounds,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use icusync::{
    app::App,
    demo::seed::{PASSWORD, Seeded},
    guard::recovery,
    permissions, postgres, queries,
    secrets::{KeyRing, Random, Token, TokenKind},
    start::{self, Ingredients},
    time::Clock,
    words::Purpose,
};
use icusync_sim::Fault;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    factors::{first_step, lose_all, step, with_codes},
    passkeys::{at_sign_in, send, with_passkey},
    world::{
        Liar, Mcp, NOW, Proxy, World, fresh_database, identity_provider::CLIENT_SECRET, scratch,
        sign_in::query, test, test_with, url_of,
    },
};

/// Another process of the same installation, as far as PostgreSQL can tell: a pool, limits and caches of its own.
struct Instance {
    app: App,
    at: String,
    http: reqwest::Client,
    _shutdown: DropGuard,
}

#[derive(Debug, PartialEq, Eq)]
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn text(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text in {self:?}"))
            .to_owned()
    }
}

impl Instance {
    async fn start(world: &World, database: &str, keys: KeyRing) -> Self {
        let config = world.app.config.clone();
        let pool = start::Reach::at(database).unwrap().pool(&config).await.unwrap();
        let app = start::app(
            config,
            Ingredients {
                pool,
                keys,
                mail: world.app.mail.clone(),
                clock: world.clock.clone(),
                random: Random::from_os(),
            },
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let router = icusync::routes::service(app.clone());
        tokio::spawn(icusync::server::serve(listener, router, shutdown.clone()));
        Self {
            app,
            at,
            http: Mcp::client(),
            _shutdown: shutdown.drop_guard(),
        }
    }

    /// One on the world's own keys.
    async fn of(world: &World, database: &str) -> Self {
        Self::start(world, database, world.app.keys.clone()).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.unwrap();
        let headers = answer
            .headers()
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Reply {
            status: answer.status().as_u16(),
            headers,
            body: answer.text().await.unwrap(),
        }
    }

    async fn page(&self, path: &str, cookie: &str) -> Reply {
        let host = self.app.config.public_url.authority();
        let request = self.http.get(format!("{}{path}", self.at));
        self.send(
            request
                .header("host", host)
                .header("cookie", format!("s={cookie}")),
        )
        .await
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
        let request = self.http.post(format!("{}{path}", self.at)).form(fields);
        let request = request
            .header("host", self.app.config.public_url.authority())
            .header("origin", self.app.config.public_url.as_str())
            .header("sec-fetch-site", "same-origin");
        self.send(request.header("cookie", format!("s={cookie}"))).await
    }

    /// Calls a tool through the link with this token.
    async fn call(&self, token: &str, tool: &str) -> Reply {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool}});
        let request = self.http.post(format!("{}/mcp/{token}", self.at));
        self.send(
            request
                .header("host", self.app.config.link_url.authority())
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2025-11-25")
                .json(&message),
        )
        .await
    }
}

fn token_of(person: &Seeded) -> String {
    person.link.rsplit('/').next().unwrap().to_owned()
}

/// Ana's cookie.
async fn cookie(world: &Arc<World>) -> String {
    world.signed_in(world.ana()).await.cookies["s"].clone()
}

async fn within<T>(limit: Duration, what: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = what.await;
    assert!(began.elapsed() < limit, "took {:?}", began.elapsed());
    done
}

pub async fn eventually(limit: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let looked = timeout(limit, async {
        // A look every few milliseconds leaves the machine to those that are waited for.
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    looked.await.expect("in time");
}

/// Waits until this many connections to the database at `url` wait for a lock.
pub async fn until_waiting(url: &str, count: u32) {
    let mut watcher = PgConnection::connect(url).await.unwrap();
    eventually(Duration::from_secs(20), async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut watcher)
        .await
        .unwrap();
        waiting >= i64::from(count)
    })
    .await;
}

const SOON: Duration = Duration::from_secs(3);

async fn both_say_away(instance: &Instance, cookie: &str, token: &str) {
    let page = within(SOON, instance.page("/dashboard", cookie)).await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("We are not ready right now"), "{}", page.body);
    let call = within(SOON, instance.call(token, "get_wellness")).await;
    let message: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(
        (call.status, &message["error"]["code"]),
        (503, &json!(-32603)),
        "{call:?}"
    );
}

/// However often `/readyz` is called, the database is asked no more often; and what it says is still true.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_costs_the_database_a_question_a_second() {
    test(async |world| {
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let instance = Instance::of(&world, &proxy.url).await;
        assert_eq!(instance.page("/readyz", "").await.status, 200);
        let (before, began) = (proxy.queries(), std::time::Instant::now());
        for _ in 0..10 {
            let all = futures::future::join_all((0..50).map(|_| instance.page("/readyz", ""))).await;
            assert!(all.iter().all(|reply| reply.status == 200));
        }
        let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
        let asked = proxy.queries() - before;
        assert!(asked <= seconds + 1, "{asked} questions in {seconds} s");

        proxy.freeze();
        let away = async {
            while instance.page("/readyz", "").await.status == 200 {}
            futures::future::join_all((0..50).map(|_| instance.page("/readyz", ""))).await
        };
        let away = within(Duration::from_secs(6), away).await;
        assert!(away.iter().all(|reply| reply.status == 503));
        proxy.thaw_for_new_ones();
        let ready = async || instance.page("/readyz", "").await.status == 200;
        eventually(Duration::from_secs(10), ready).await;
    })
    .await;
}

/// Hard case 115: down during a request; down at start is tested with the command, in `serve_command`.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_reported_soon_and_comes_back_automatically() {
    test(async |world| {
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let instance = Instance::of(&world, &proxy.url).await;
        let (cookie, token) = (cookie(&world).await, token_of(world.ana()));
        assert_eq!(instance.page("/dashboard", &cookie).await.status, 200);
        for _ in 0..2 {
            proxy.cut();
            both_say_away(&instance, &cookie, &token).await;
            proxy.mend();
            assert_eq!(instance.page("/dashboard", &cookie).await.status, 200);
            assert_eq!(instance.call(&token, "get_wellness").await.status, 200);
        }
    })
    .await;
}

/// Hard case 116: a real restart, in the middle of queries, on a cluster of the test's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_of_queries_costs_each_of_them_one_error() {
    test(async |world| {
        let folder = scratch("restart");
        let options = postgres::Options {
            data_dir: folder.clone(),
            run_as: None,
            kind: postgres::Kind::Kept,
        };
        let cluster = postgres::start(options.clone()).await.unwrap();
        let url = cluster.url();
        start::Reach::at(&url).unwrap().migrate().await.unwrap();
        let instance = Instance::of(&world, &url).await;
        let people = icusync::demo::seed::seed(&instance.app).await.unwrap();
        let ana = people.iter().find(|seeded| seeded.person.slug == "ana").unwrap();
        let token = token_of(ana);
        world.secret(&token);
        let signed = [("email", ana.person.email), ("password", PASSWORD)];
        let signed = instance.post("/sign-in", "", &signed).await;
        let cookie = signed
            .headers
            .iter()
            .find(|(name, _)| name == "set-cookie")
            .unwrap();
        let cookie = cookie.1.strip_prefix("s=").unwrap().split(';').next().unwrap();
        world.secret(cookie);
        assert_eq!(instance.call(&token, "get_wellness").await.status, 200);

        let mut direct = PgConnection::connect(&url).await.unwrap();
        direct
            .execute("begin; lock table connectors in access exclusive mode")
            .await
            .unwrap();
        let seats = instance.app.config.database_connections;
        let pages = futures::future::join_all((1..seats).map(|_| instance.page("/dashboard", cookie)));
        let stopping = async {
            until_waiting(&url, seats).await;
            cluster.stop().await.unwrap();
        };
        let (call, pages, ()) = tokio::join!(instance.call(&token, "get_wellness"), pages, stopping);
        // A backend that is told to go later than the one with the lock may still answer the first query.
        assert!(
            call.status == 503 || call.body.contains("cannot reach its own records"),
            "{call:?}"
        );
        assert!(pages.iter().all(|page| page.status == 503), "{pages:?}");
        both_say_away(&instance, cookie, &token).await;

        let cluster = postgres::start(options).await.unwrap();
        assert_eq!(cluster.url(), url);
        for _ in 0..seats {
            assert_eq!(
                instance.page("/dashboard", cookie).await.status,
                200,
                "no second error"
            );
        }
        let call = instance.call(&token, "get_wellness").await;
        assert!(call.text().starts_with("Ana Berger"), "{call:?}");
        instance.app.pool.close().await;
        cluster.stop().await.unwrap();
        tokio::fs::remove_dir_all(&folder).await.unwrap();
    })
    .await;
}

/// The queue's worker is no caller that could give up: it must do so itself, and end when it is asked to.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_the_network_swallowed_holds_up_neither_the_worker_nor_its_end() {
    test(async |world| {
        let url = url_of(&world.database);
        let proxy = Proxy::to(&url).await;
        let instance = Instance::of(&world, &proxy.url).await;
        let mut direct = PgConnection::connect(&url).await.unwrap();
        let swallow_a_claim = async |direct: &mut PgConnection| {
            direct
                .execute("begin; lock table jobs in access exclusive mode")
                .await
                .unwrap();
            until_waiting(&url, 1).await;
            proxy.freeze();
            direct.execute("rollback").await.unwrap();
        };
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(icusync::jobs::run(instance.app.clone(), shutdown.clone()));
        swallow_a_claim(&mut direct).await;
        proxy.thaw_for_new_ones();
        let ana = world.ana().person.email;
        let asked = world.browser().post("/forgot", &[("email", ana)]).await;
        assert_eq!(asked.status, 303);
        eventually(Duration::from_secs(20), async || {
            let waiting = icusync::queries::jobs::waiting(&world.app.pool).await.unwrap();
            waiting == 0 && world.mails.all().iter().any(|mail| mail.to == ana)
        })
        .await;

        swallow_a_claim(&mut direct).await;
        shutdown.cancel();
        within(Duration::from_secs(15), worker).await.unwrap();
        proxy.thaw_for_new_ones();
    })
    .await;
}

/// Hard case 117: PostgreSQL ends one of two that wait for each other (40P01); if it is ours, nothing is half done.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_a_503_and_leaves_nothing_half_done() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        let url = url_of(&world.database);
        let mut direct = PgConnection::connect(&url).await.unwrap();
        direct
            .execute("begin; lock table jobs in access exclusive mode")
            .await
            .unwrap();
        // The handler ends the connection and then queues a job; the other one goes the other way round, later, so that
        // PostgreSQL checks the handler's wait first.
        let other = async {
            until_waiting(&url, 1).await;
            let statement =
                sqlx::query("update connections set athlete_name = 'Other' where athlete_id = $1");
            let done = statement
                .bind(world.ana().person.athlete_id)
                .execute(&mut direct)
                .await;
            assert_eq!(done.unwrap().rows_affected(), 1);
            direct.execute("rollback").await.unwrap();
        };
        let (page, ()) = tokio::join!(browser.post("/disconnect", &[]), other);
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(page.body.contains("We are not ready right now"), "{}", page.body);
        let call = world.mcp(&world.ana().link).call("get_wellness", json!({})).await;
        assert!(!call.is_error(), "still connected: {}", call.text());
        assert_eq!(queries::jobs::waiting(&world.app.pool).await.unwrap(), 0);
        assert_eq!(
            browser.post("/disconnect", &[]).await.status,
            303,
            "one more repeats it"
        );
    })
    .await;
}

/// Hard case 115: connections that the network swallowed, without a word to either end.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_network_swallowed_do_not_use_up_the_pool() {
    test(async |world| {
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let instance = Instance::of(&world, &proxy.url).await;
        let (cookie, token) = (cookie(&world).await, token_of(world.ana()));
        assert_eq!(instance.call(&token, "get_wellness").await.status, 200);
        // Every connection of the pool is in the middle of a query when the network goes silent.
        let mut direct = PgConnection::connect(&url_of(&world.database)).await.unwrap();
        direct
            .execute("begin; lock table connectors in access exclusive mode")
            .await
            .unwrap();
        let seats = instance.app.config.database_connections;
        let calls = futures::future::join_all((0..seats).map(|_| instance.call(&token, "get_wellness")));
        // Calls that come together may share a connection.
        let others = futures::future::join_all((1..seats).map(|_| {
            let asked = sqlx::query("select from connectors").execute(&instance.app.pool);
            queries::in_time(asked)
        }));
        let silence = async {
            until_waiting(&url_of(&world.database), seats).await;
            proxy.freeze();
            direct.execute("rollback").await.unwrap();
        };
        let all = futures::future::join3(calls, others, silence);
        let (replies, others, ()) = within(Duration::from_secs(5), all).await;
        assert!(replies.iter().all(|reply| reply.status == 503), "{replies:?}");
        assert!(others.iter().all(Result::is_err), "{others:?}");
        both_say_away(&instance, &cookie, &token).await;
        proxy.thaw_for_new_ones();
        let limit = Duration::from_secs(10);
        eventually(limit, async || {
            instance.page("/dashboard", &cookie).await.status == 200
        })
        .await;
        eventually(limit, async || {
            instance.call(&token, "get_wellness").await.status == 200
        })
        .await;
    })
    .await;
}

/// Hard case 117: the pool and `statement_timeout`.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_used_up_and_a_statement_that_takes_too_long_are_a_503() {
    test(async |world| {
        let instance = Instance::of(&world, &url_of(&world.database)).await;
        let (cookie, token) = (cookie(&world).await, token_of(world.ana()));
        let seats = instance.app.config.database_connections;
        let seated = futures::future::join_all((0..seats).map(|_| instance.app.pool.acquire())).await;
        both_say_away(&instance, &cookie, &token).await;
        drop(seated);
        assert_eq!(instance.page("/dashboard", &cookie).await.status, 200);

        let mut direct = PgConnection::connect(&url_of(&world.database)).await.unwrap();
        direct
            .execute("begin; lock table sessions in access exclusive mode")
            .await
            .unwrap();
        let page = within(Duration::from_secs(8), instance.page("/dashboard", &cookie)).await;
        assert_eq!(page.status, 503);
        direct.execute("rollback").await.unwrap();
        assert_eq!(instance.page("/dashboard", &cookie).await.status, 200);
    })
    .await;
}

/// Hard case 35.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_open_nothing_cost_the_same_queries() {
    test(async |world| {
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let instance = Instance::of(&world, &proxy.url).await;
        let replaced = token_of(world.ana());
        let mut browser = world.signed_in(world.ana()).await;
        assert_eq!(browser.post("/link/regenerate", &[]).await.status, 303);
        let unknown = Token::mint(TokenKind::Link, &instance.app.random)
            .expose()
            .to_owned();
        let other = if unknown.ends_with('x') { 'y' } else { 'x' };
        let malformed = format!("{}{other}", &unknown[..unknown.len() - 1]);
        let spent = async |token: &str| {
            let before = proxy.queries();
            let reply = instance.call(token, "get_wellness").await;
            (reply, proxy.queries() - before)
        };
        // The first one on a connection also prepares.
        spent(&unknown).await;
        let (reply, queries) = spent(&unknown).await;
        assert_eq!((reply.status, queries), (404, 1));
        assert_eq!(spent(&replaced).await, (reply, 1));
        let (reply, queries) = spent(&malformed).await;
        assert_eq!((reply.status, queries), (404, 0));
        assert_eq!(spent("../../etc").await.1, 0);
    })
    .await;
}

/// Hard case 123.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_ends_the_other_refuses_at_once() {
    test(async |world| {
        let other = Instance::of(&world, &url_of(&world.database)).await;
        let old = token_of(world.ana());
        assert_eq!(other.call(&old, "get_wellness").await.status, 200);
        let mut browser = world.signed_in(world.ana()).await;
        let cookie = browser.cookies["s"].clone();
        assert_eq!(other.page("/dashboard", &cookie).await.status, 200);

        browser.post("/link/regenerate", &[]).await;
        assert_eq!(other.call(&old, "get_wellness").await.status, 404);
        let page = other.page("/connector", &cookie).await.body;
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let mut shown = page
            .split("/mcp/")
            .map(|rest| rest.split(|c| !is_of_token(c)).next().unwrap());
        let new = shown.find(|text| text.len() == old.len()).unwrap().to_owned();
        world.secret(&new);
        assert!(
            !other
                .call(&new, "get_wellness")
                .await
                .body
                .contains("\"isError\":true")
        );

        browser.post("/disconnect", &[]).await;
        let text = other.call(&new, "get_wellness").await.text();
        assert!(text.contains("was disconnected"), "{text}");

        browser.post("/sign-out", &[]).await;
        assert_eq!(other.page("/dashboard", &cookie).await.status, 303);
    })
    .await;
}

/// Hard case 53.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_of_two_athletes_is_asked_twice_with_two_tokens() {
    test(async |world| {
        for person in [world.ana(), world.jack()] {
            let call = world.mcp(&person.link).call("get_wellness", json!({})).await;
            assert!(!call.is_error(), "{}", call.text());
        }
        // Both rows are fresh now, and a minute later the cache is certainly empty: other days are asked for.
        world.sim.clear_requests();
        let days = json!({"oldest": "2026-10-01", "newest": "2026-10-07"});
        let (ana, jack) = (world.mcp(&world.ana().link), world.mcp(&world.jack().link));
        let (of_ana, of_jack) = tokio::join!(
            ana.call("get_wellness", days.clone()),
            jack.call("get_wellness", days.clone())
        );
        assert!(of_ana.text().starts_with("Ana Berger · ") && of_jack.text().starts_with("Jack Nguyen · "));
        let mut asked: Vec<(Option<String>, bool)> = world
            .sim
            .requests()
            .into_iter()
            .filter(|request| request.path.ends_with("/wellness"))
            .map(|request| {
                let own = request
                    .athlete
                    .as_deref()
                    .is_some_and(|id| request.path.contains(&format!("/{id}/")));
                (request.athlete, own)
            })
            .collect();
        asked.sort();
        let mut expected =
            [world.ana(), world.jack()].map(|person| (Some(person.person.athlete_id.to_owned()), true));
        expected.sort();
        assert_eq!(asked, expected);
        // The answers are also kept separate.
        assert_eq!(ana.call("get_wellness", days.clone()).await.text(), of_ana.text());
        assert_eq!(jack.call("get_wellness", days).await.text(), of_jack.text());
    })
    .await;
}

/// Hard case 120.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_token_opens_in_its_own_row_and_with_a_known_key_only() {
    test(async |world| {
        let cookie = cookie(&world).await;
        let stranger = KeyRing::parse(&KeyRing::generate(&world.app.random)).unwrap();
        let renamed = Instance::start(&world, &url_of(&world.database), stranger).await;
        for instance in [&Instance::of(&world, &url_of(&world.database)).await, &renamed] {
            world.sim.clear_requests();
            if !std::ptr::eq(instance, &raw const renamed) {
                for table in ["connections", "connectors"] {
                    let swap = format!(
                        "update {table} a set token_sealed = b.token_sealed from {table} b where a.id <> b.id"
                    );
                    world.app.pool.execute(sqlx::AssertSqlSafe(swap)).await.unwrap();
                }
            }
            let text = instance.call(&token_of(world.ana()), "get_wellness").await.text();
            assert!(text.contains("cannot open its stored connection"), "{text}");
            assert!(world.sim.requests().is_empty(), "nobody's token went out");
            let page = instance.page("/dashboard", &cookie).await;
            assert_eq!(page.status, 200);
            for person in [world.ana(), world.jack()] {
                assert!(
                    !page.body.contains(&token_of(person)),
                    "a link that does not open is not shown"
                );
            }
        }
    })
    .await;
}

/// Hard case 118: two that start together; with the command, migrations included, in `serve_command`.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_that_mark_a_fresh_database_at_once_agree() {
    let database = fresh_database().await;
    let url = url_of(&database);
    let now = crate::world::NOW.parse().unwrap();
    let mut first = PgConnection::connect(&url).await.unwrap();
    let mut second = PgConnection::connect(&url).await.unwrap();
    let mut transaction = first.begin().await.unwrap();
    assert_eq!(
        queries::installation::mark(&mut *transaction, Purpose::Real, now)
            .await
            .unwrap(),
        Purpose::Real
    );
    let late =
        tokio::spawn(async move { queries::installation::mark(&mut second, Purpose::Real, now).await });
    until_waiting(&url, 1).await;
    transaction.commit().await.unwrap();
    assert_eq!(late.await.unwrap().unwrap(), Purpose::Real);
    assert_eq!(
        queries::installation::mark(&mut first, Purpose::Demo, now)
            .await
            .unwrap(),
        Purpose::Real,
        "the first mark stays"
    );
}

/// Hard case 124.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_breaks_nothing() {
    test(async |world| {
        let used = async || -> String {
            world.logged().await;
            sqlx::query_scalar("select max(last_used_at)::date::text from connectors")
                .fetch_one(&world.app.pool)
                .await
                .unwrap()
        };
        let answered = async || -> String {
            world.logged().await;
            sqlx::query_scalar("select last_success_at::date::text from connections where athlete_id = $1")
                .bind(world.ana().person.athlete_id)
                .fetch_one(&world.app.pool)
                .await
                .unwrap()
        };
        let mcp = world.mcp(&world.ana().link);
        let mut kept = world.signed_in(world.jack()).await;
        for (days, today) in [(1, "2026-11-22"), (-1, "2026-11-21")] {
            world.clock.advance(chrono::Duration::days(days));
            assert_eq!(kept.get("/dashboard").await.status, 200);
            let seen: String = sqlx::query_scalar("select max(last_seen_at)::date::text from sessions")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            assert_eq!(seen, today, "a session is not kept alive by a time to come");
        }
        for (days, today) in [
            (400, "2027-12-26"),
            (-400, "2026-11-21"),
            (-2, "2026-11-19"),
            (3, "2026-11-22"),
        ] {
            world.clock.advance(chrono::Duration::days(days));
            let call = mcp.call("get_wellness", json!({})).await;
            assert!(!call.is_error(), "{}", call.text());
            assert_eq!(
                answered().await,
                today,
                "upstream's answer is noted by the clock as it is"
            );
            let call = mcp.call("get_athlete_profile", json!({})).await;
            assert!(!call.is_error(), "{}", call.text());
            assert!(call.text().contains(&format!("today {today}")), "{}", call.text());
            assert_eq!(used().await, today, "a use is noted by the clock as it is");
            let mut browser = world.signed_in(world.ana()).await;
            assert_eq!(browser.get("/dashboard").await.status, 200);
        }
    })
    .await;
}

/// Hard case 125.
#[tokio::test(flavor = "multi_thread")]
async fn enormous_and_secret_headers_stay_out_of_the_log() {
    test(async |world| {
        let marker = "a-marker-that-no-log-may-hold";
        world.secret(marker);
        let long = format!("{marker}{}", "x".repeat(20_000));
        let http = Mcp::client();
        let headers = [
            "user-agent",
            "referer",
            "cookie",
            "authorization",
            "x-forwarded-for",
            "x-request-id",
            "traceparent",
        ];
        for url in [world.web.clone(), world.ana().link.clone()] {
            for name in headers {
                let sent = http
                    .get(format!("{url}?q={marker}"))
                    .header(name, &long)
                    .send()
                    .await;
                assert!(sent.unwrap().status().as_u16() < 500, "{name}");
            }
            let huge = http
                .get(&url)
                .header("x-huge", "x".repeat(10_000_000))
                .send()
                .await;
            assert!(
                huge.is_err() || huge.is_ok_and(|answer| answer.status() == 431),
                "ten megabytes of header"
            );
        }
        let mut browser = world.browser();
        assert_eq!(browser.get(&format!("/{marker}")).await.status, 404);
        assert_eq!(browser.get(&format!("/confirm/{marker}")).await.status, 303);
        let refused = browser
            .post("/sign-in", &[("email", marker), ("password", marker)])
            .await;
        assert_eq!(refused.status, 422);
        let call = world
            .mcp(&world.ana().link)
            .call(marker, json!({marker: marker}))
            .await;
        assert_eq!(call.answer["error"]["code"], -32602);
        let call = world
            .mcp(&world.ana().link)
            .call("get_wellness", json!({marker: marker}))
            .await;
        assert!(call.is_error());
    })
    .await;
}

/// The folder of PostgreSQL's programs: as scripts/setup found it, else the newest where Debian puts them, else PATH.
fn postgres_program(name: &str) -> PathBuf {
    let found = std::env::var_os("ICUSYNC_POSTGRES_BIN").map(PathBuf::from);
    let mut places: Vec<PathBuf> = found.into_iter().collect();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    debian.sort();
    places.extend(debian.into_iter().rev());
    places
        .into_iter()
        .map(|place| place.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| PathBuf::from(name))
}

async fn dump(world: &World) -> String {
    let output = tokio::process::Command::new(postgres_program("pg_dump"))
        .args(["--inserts", "--no-owner"])
        .arg(format!("--dbname={}", url_of(&world.database)))
        .output()
        .await
        .expect("pg_dump");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// A dump shows `bytea` in hexadecimal, so each secret is looked for in that spelling too.
fn found_in(dump: &str, secrets: &[String]) -> Vec<String> {
    secrets
        .iter()
        .filter(|secret| dump.contains(secret.as_str()) || dump.contains(&hex(secret.as_bytes())))
        .map(|secret| secret.chars().take(6).collect())
        .collect()
}

/// Hard case 39.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_dump_holds_no_secret() {
    test(async |world| {
        const CHOSEN: &str = "a password chosen behind the link";
        const NEW: &str = "a password chosen at reset";
        for password in [CHOSEN, NEW, PASSWORD] {
            world.secret(password);
        }
        // Somebody signs up and confirms, forgets and resets; Ana begins to reconnect, calls, and disconnects.
        let mut browser = world.browser();
        let email = "dora@example.test";
        browser.post("/sign-up", &[("email", email)]).await;
        let pending = dump(&world).await;
        assert!(pending.contains("'pending'"), "the mail still waits");
        let link = world.link_mailed_to(email).await;
        assert_eq!(found_in(&pending, &world.secrets()), [""; 0]);
        let page = browser.open(&link).await;
        assert_eq!(browser.press(&page, &[("password", CHOSEN)]).await.status, 303);
        browser.post("/forgot", &[("email", email)]).await;
        let pending = dump(&world).await;
        let link = world.link_mailed_to(email).await;
        assert_eq!(found_in(&pending, &world.secrets()), [""; 0]);
        let page = browser.open(&link).await;
        assert_eq!(browser.press(&page, &[("password", NEW)]).await.status, 303);

        let mut browser = world.signed_in(world.ana()).await;
        let away = browser.post("/connect", &[]).await;
        let away = url::Url::parse(away.location()).unwrap();
        let state = away.query_pairs().find(|(name, _)| name == "state").unwrap().1;
        world.secret(&state);
        for tool in icusync::permissions::ALL {
            world.mcp(&world.ana().link).call(tool.name, json!({})).await;
        }
        browser.post("/disconnect", &[]).await;

        let secrets = world.secrets();
        assert!(secrets.len() > 15, "{}", secrets.len());
        for what in ["with jobs waiting", "with jobs done"] {
            let dump = dump(&world).await;
            assert!(
                dump.contains(email) && dump.contains("$argon2id$"),
                "it is a whole dump"
            );
            assert_eq!(found_in(&dump, &secrets), [""; 0], "{what}");
            world.mails_to(email).await;
        }
    })
    .await;
}

/// Hard case 39, for what signs people in besides passwords.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_dump_holds_no_secret_of_factors_or_of_the_provider() {
    icusync::install_crypto();
    let clock = Clock::fake(NOW.parse().unwrap());
    let nora =
        json!({"sub": "nora", "email": "nora@club.example", "email_verified": true, "groups": ["riders"]});
    let liar = Liar::start(&clock, nora).await;
    let there = liar.clone();
    test_with(
        |config| there.configure(config),
        async |world| {
            world.secret(CLIENT_SECRET);
            let (ana, jack) = (world.ana().clone(), world.jack().clone());
            let whole = async |what: &str, tables: &[&str]| {
                let dump = dump(&world).await;
                for table in tables {
                    let row = format!("INSERT INTO public.{table} ");
                    assert!(dump.contains(&row), "{what}: no row in {table}");
                }
                let secrets = [world.secrets(), liar.gave()].concat();
                assert_eq!(found_in(&dump, &secrets), [""; 0], "{what}");
                dump
            };

            // Codes, of which one is used, and one is due.
            let (_, app, codes) = with_codes(&world, &ana).await;
            world.secret(&hex(app.secret()));
            for code in &codes {
                world.secret(&code.replace('-', ""));
            }
            let mut browser = first_step(&world, &ana).await;
            assert_eq!(step(&mut browser, &codes[0]).await, "/activity");
            first_step(&world, &ana).await;
            // A passkey, used.
            let (_, key) = with_passkey(&world, &jack).await;
            let (mut browser, asked) = at_sign_in(&world).await;
            let inside = send(&mut browser, &asked, &key.get(&asked)).await;
            assert_eq!(inside.location(), "/dashboard", "{}", inside.text());
            let dump = whole(
                "factors",
                &["totp", "recovery_codes", "sign_in_steps", "passkeys", "spent"],
            )
            .await;
            assert!(
                dump.contains(&hex(&key.id)),
                "bytes are in the dump as they are looked for"
            );

            // Somebody is at the provider, has come back from it, waits for proof, and was asked about again.
            let at_provider = async || {
                let mut browser = world.browser();
                let away = browser.post("/sign-in/provider", &[("as", "athlete")]).await;
                let away = away.location().to_owned();
                for name in ["state", "nonce"] {
                    world.secret(&query(&away, name).unwrap());
                }
                (browser, away)
            };
            let come_back = async || {
                let (mut browser, away) = at_provider().await;
                let back = browser.get(&away).await.location().to_owned();
                world.secret(&query(&back, "code").unwrap());
                let landed = browser.get(&back).await;
                (browser, landed.location().to_owned())
            };
            at_provider().await;
            let (mut nora, landed) = come_back().await;
            assert_eq!(landed, "/dashboard");
            liar.says(json!({"sub": "tria", "email": world.tria().person.email}));
            assert_eq!(come_back().await.1, "/sign-in/provider/join");
            let dump = whole(
                "at the provider",
                &["provider_states", "identities", "identity_offers"],
            )
            .await;
            assert!(dump.contains("nora@club.example"), "what is no secret is there");
            liar.says(json!({"sub": "nora", "email": "nora@club.example"}));
            assert_eq!(come_back().await.1, "/dashboard");
            let policy = "athletes group riders\nathletes domain example.test";
            queries::policies::insert(&world.app.pool, policy, world.clock.now())
                .await
                .unwrap();
            world.clock.advance(chrono::Duration::minutes(20));
            clock.advance(chrono::Duration::minutes(20));
            let before = liar.gave().len();
            assert_eq!(nora.get("/dashboard").await.status, 200);
            assert!(liar.gave().len() > before, "its refresh token was used");
            whole("asked again", &["identities", "policies"]).await;

            // A recovery, and the link that ends it.
            lose_all(&world, &ana).await;
            world.mails_to(ana.person.email).await;
            world.clock.advance(chrono::Duration::days(9));
            recovery::mail_due(&world.app).await.unwrap();
            let pending = whole("a recovery", &["recoveries", "mail_links", "jobs"]).await;
            world.link_mailed_to(ana.person.email).await;
            assert_eq!(found_in(&pending, &world.secrets()), [""; 0]);
            // Nor do the logs hold what it gave.
            for token in liar.gave() {
                world.secret(&token);
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_late_does_not_rename_the_athlete_connected_since() {
    test(async |world| {
        world.sim.fault(Fault {
            matching: format!("GET /api/v1/athlete/{}", world.ana().person.athlete_id),
            delay_ms: 1500,
            times: Some(1),
            ..Fault::default()
        });
        world.sim.clear_requests();
        let mcp = world.mcp(&world.ana().link);
        let switch = async {
            eventually(Duration::from_secs(5), async || !world.sim.requests().is_empty()).await;
            sqlx::query(
                "update connections set athlete_id = 'i999', athlete_name = 'Somebody Else', zone = 'Asia/Tokyo', \
                 write_number = write_number + 1 where athlete_id = $1",
            )
            .bind(world.ana().person.athlete_id)
            .execute(&world.app.pool)
            .await
            .unwrap();
        };
        let (call, ()) = tokio::join!(mcp.call("get_athlete_profile", json!({})), switch);
        assert!(call.is_error() && call.text().contains("Withheld"), "{}", call.text());
        let row: (String, String) =
            sqlx::query_as("select athlete_name, zone from connections where athlete_id = 'i999'")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(row, ("Somebody Else".to_owned(), "Asia/Tokyo".to_owned()));
    })
    .await;
}

/// The world's database seen through an empty schema, with every migration before the one of this number.
async fn before(world: &World, version: i64) -> PgConnection {
    let mut old = PgConnection::connect(&url_of(&world.database)).await.unwrap();
    old.execute("create schema old; set search_path = old")
        .await
        .unwrap();
    let all = sqlx::migrate!();
    for migration in all.iter().filter(|migration| migration.version < version) {
        old.execute(migration.sql.clone()).await.unwrap();
    }
    old
}

/// Applies the migrations with these numbers to that schema.
async fn migrate(old: &mut PgConnection, versions: impl RangeBounds<i64>) {
    let all = sqlx::migrate!();
    for migration in all
        .iter()
        .filter(|migration| versions.contains(&migration.version))
    {
        old.execute(migration.sql.clone()).await.unwrap();
    }
}

/// Groups that are off at first are off for everything that was chosen before they were there, and nothing else changes.
#[tokio::test(flavor = "multi_thread")]
async fn connectors_of_before_begin_without_the_library() {
    test(async |world| {
        let mut old = before(&world, 13).await;
        old.execute(
            "insert into accounts (id, email, email_key, created_at) values (gen_random_uuid(), 'a@x.example', 'a@x.example', now());
             insert into connectors (id, account_id, created_at, groups_off)
                 select gen_random_uuid(), id, now(), '{wellness}' from accounts;
             insert into sign_in_choices (account_id, client, groups_off, may_write, chosen_at)
                 select id, 'Claude', '{}', true, now() from accounts;",
        )
        .await
        .unwrap();
        migrate(&mut old, 13..).await;
        old.execute(
            "insert into connectors (id, account_id, created_at, is_sign_in)
                 select gen_random_uuid(), id, now(), true from accounts",
        )
        .await
        .unwrap();
        let off: Vec<Vec<String>> = sqlx::query_scalar(
            "(select groups_off from connectors order by is_sign_in) union all (select groups_off from sign_in_choices)",
        )
        .fetch_all(&mut old)
        .await
        .unwrap();
        let later = permissions::OFF_AT_FIRST;
        assert_eq!(off, [[&["wellness"][..], &later].concat(), later.to_vec(), later.to_vec()]);
    })
    .await;
}

/// Grants from before they belonged to an athlete belong to the athlete whom the account shows, connected or not.
#[tokio::test(flavor = "multi_thread")]
async fn grants_of_before_are_the_connected_athletes() {
    test(async |world| {
        let mut old = before(&world, 5).await;
        old.execute(
            "insert into accounts (id, email, email_key, password_hash, created_at)
                 select gen_random_uuid(), name, name, 'x', now() from unnest(array['a@x.example', 'b@x.example']) as name;
             insert into connections (id, account_id, athlete_id, athlete_name, kind, status, scopes, zone, created_at)
                 select gen_random_uuid(), id, 'i' || left(email, 1), 'Athlete ' || left(email, 1), 'oauth', 'disconnected', '{}',
                     'Europe/Berlin', now() from accounts;
             insert into coaches (id, email, email_key, created_at) values (gen_random_uuid(), 'c@x.example', 'c@x.example', now());
             insert into grants (id, coach_id, account_id, tools, note, created_at, invited_at)
                 select gen_random_uuid(), c.id, a.id, '{get_fitness}', '', now(), now() from coaches c, accounts a;
             insert into refusals select c.id, a.id, now() from coaches c, accounts a where a.email = 'b@x.example';",
        )
        .await
        .unwrap();
        migrate(&mut old, 5..).await;
        let grants: Vec<(String, String, String)> = sqlx::query_as(
            "select a.email, g.athlete_id || ' ' || g.athlete_name, g.athlete_zone from grants g join accounts a on a.id = account_id
             order by 1",
        )
        .fetch_all(&mut old)
        .await
        .unwrap();
        let row = |a: &str, b: &str| (a.to_owned(), b.to_owned(), "Europe/Berlin".to_owned());
        assert_eq!(grants, [row("a@x.example", "ia Athlete a"), row("b@x.example", "ib Athlete b")]);
        let refused: Vec<String> = sqlx::query_scalar("select athlete_name from refusals")
            .fetch_all(&mut old)
            .await
            .unwrap();
        assert_eq!(refused, ["Athlete b"]);
        // One coach and one account may have a grant for each athlete, and one for one athlete.
        let again = "insert into grants (id, coach_id, account_id, athlete_id, athlete_name, tools, note, created_at, invited_at)
             select gen_random_uuid(), coach_id, account_id, 'i9', 'Nine', '{}', '', now(), now() from grants";
        old.execute(again).await.unwrap();
        assert!(old.execute(again).await.is_err());
    })
    .await;
}

/// Nobody’s connector may change anything because of the upgrade, whether its link was made before or after it.
#[tokio::test(flavor = "multi_thread")]
async fn links_of_before_may_change_nothing() {
    test(async |world| {
        let mut old = before(&world, 9).await;
        let rows = "insert into accounts (id, email, email_key, password_hash, created_at)
                 select gen_random_uuid(), name, name, 'x', now() from unnest(array[$1]) as name";
        let link = |table: &str| {
            sqlx::AssertSqlSafe(format!(
                "insert into {table} (id, account_id, token_hash, token_sealed, created_at)
                 select gen_random_uuid(), id, sha256(email::bytea), 'x', now() from accounts where email = $1"
            ))
        };
        for (email, table, migrates) in [
            ("a@x.example", "links", true),
            ("b@x.example", "connectors", false),
        ] {
            sqlx::query(rows).bind(email).execute(&mut old).await.unwrap();
            sqlx::query(link(table)).bind(email).execute(&mut old).await.unwrap();
            if migrates {
                migrate(&mut old, 9..).await;
            }
        }
        let all: Vec<(Option<bool>, i32)> =
            sqlx::query_as("select may_write, last_change from connectors join accounts a on a.id = account_id")
                .fetch_all(&mut old)
                .await
                .unwrap();
        assert_eq!(all, [(None, 0), (None, 0)], "nobody has answered");
    })
    .await;
}

/// What was mailed before mail links became one table keeps working, also for an older instance that still runs.
#[tokio::test(flavor = "multi_thread")]
async fn open_changes_of_address_are_taken_over_and_an_older_instance_still_finds_them() {
    test(async |world| {
        let mut old = before(&world, 7).await;
        old.execute(
            "insert into accounts (id, email, email_key, password_hash, created_at) values
                 (gen_random_uuid(), 'a@x.example', 'a@x.example', 'x', now());
             insert into address_changes select id, 'one', 'New@x.example', 'new@x.example', now(), now() + interval '1 hour' from accounts;
             insert into mail_links (hash, kind, email, email_key, created_at, expires_at) values
                 ('two', 'confirm', 'b@x.example', 'b@x.example', now(), now() + interval '1 hour');
             insert into jobs (id, kind, name, recipient, payload, state, created_at, run_at) values
                 (gen_random_uuid(), 'mail', 'confirm', sha256('b@x.example'), 'x', 'pending', now(), now());",
        )
        .await
        .unwrap();
        migrate(&mut old, 7..8).await;
        let links: Vec<(String, String, bool)> =
            sqlx::query_as("select kind, email, account_id is not null from mail_links order by kind")
                .fetch_all(&mut old)
                .await
                .unwrap();
        assert_eq!(
            links,
            [
                ("address".to_owned(), "New@x.example".to_owned(), true),
                ("confirm".to_owned(), "b@x.example".to_owned(), false)
            ]
        );
        let counted: bool = sqlx::query_scalar("select mailbox_hash = sha256('b@x.example') from jobs")
            .fetch_one(&mut old)
            .await
            .unwrap();
        assert!(counted, "the mails of this hour count");
        // As the previous version spends one.
        let spent: Vec<String> = sqlx::query_scalar(
            "delete from address_changes where hash = 'one' and expires_at > now() returning email_key",
        )
        .fetch_all(&mut old)
        .await
        .unwrap();
        assert_eq!(spent, ["new@x.example"]);
    })
    .await;
}

/// Links that are open when the last older instance goes still work; what was stored for it is gone, and with it the password
/// that somebody had chosen at sign-up.
#[tokio::test(flavor = "multi_thread")]
async fn open_links_outlive_what_stood_there_for_an_older_instance() {
    test(async |world| {
        let mut old = before(&world, 8).await;
        old.execute(
            "insert into mail_links (hash, kind, email, email_key, account_id, password_hash, created_at, expires_at) values
                 ('one', 'confirm', 'B@x.example', 'b@x.example', null, '$argon2id$kept', now(), now() + interval '1 hour'),
                 ('two', 'address', 'New@x.example', 'new@x.example', gen_random_uuid(), null, now(), now() + interval '1 hour');",
        )
        .await
        .unwrap();
        let links = async |old: &mut PgConnection| -> Vec<(String, String, String, bool)> {
            let select = "select kind, email, email_key, account_id is not null from mail_links where expires_at > now() order by kind";
            sqlx::query_as(select).fetch_all(old).await.unwrap()
        };
        let before = links(&mut old).await;
        assert_eq!(before.len(), 2);
        migrate(&mut old, 8..).await;
        assert_eq!(links(&mut old).await, before);
        let left: i64 = sqlx::query_scalar(
            "select (select count(*) from pg_class where relnamespace = 'old'::regnamespace and relname = 'address_changes')
                 + (select count(*) from information_schema.columns
                    where table_schema = 'old' and table_name = 'mail_links' and column_name = 'password_hash')",
        )
        .fetch_one(&mut old)
        .await
        .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

/// A consent in progress and an account of before go on, and an older instance finds what it knows.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_consents_of_before_ways_in_go_on() {
    test(async |world| {
        let mut old = before(&world, 11).await;
        old.execute(
            "insert into accounts (id, email, email_key, password_hash, created_at) values
                 ('00000000-0000-0000-0000-000000000001', 'A@x.example', 'a@x.example', '$argon2id$kept', now());
             insert into sessions (hash, account_id, created_at, last_seen_at, user_agent) values
                 ('session', '00000000-0000-0000-0000-000000000001', now(), now(), 'x');
             insert into oauth_states (hash, session_hash, may_write, created_at, expires_at) values
                 ('state', 'session', true, now(), now() + interval '5 minutes');",
        )
        .await
        .unwrap();
        migrate(&mut old, 11..).await;
        let state: (String, bool, bool) = sqlx::query_as(
            "select purpose, may_write, browser_hash is null from oauth_states where session_hash = 'session'",
        )
        .fetch_one(&mut old)
        .await
        .unwrap();
        assert_eq!(state, ("connect".to_owned(), true, true));
        // What an instance of the version before writes.
        old.execute(
            "insert into oauth_states (hash, session_hash, may_write, created_at, expires_at) values
                 ('other', 'session', null, now(), now() + interval '5 minutes');
             update accounts set password_hash = '$argon2id$new' where email_key = 'a@x.example';",
        )
        .await
        .unwrap();
        for (broken, rule) in [
            ("update accounts set athlete_id = 'i1', email_key = null", "accounts_address"),
            (
                "update accounts set athlete_id = 'i1', email = null, email_key = null",
                "accounts_password",
            ),
            ("update oauth_states set browser_hash = 'b'", "oauth_states_bound"),
        ] {
            let error = old.execute(broken).await.unwrap_err().to_string();
            assert!(error.contains(rule), "{broken}: {error}");
        }
    })
    .await;
}

/// Hard case 118: the schema from before coaches, with athletes' data in it, becomes today's and loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn data_of_before_coaches_is_taken_over() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        browser.get("/dashboard").await;
        let call = world.mcp(&world.jack().link).call("get_wellness", json!({})).await;
        assert!(!call.is_error(), "{}", call.text());
        world.browser().post("/forgot", &[("email", "ana@example.test")]).await;
        // A session of before does not know how it came in.
        let of_before = sqlx::query("update sessions set way = null");
        of_before.execute(&world.app.pool).await.unwrap();
        let mut old = before(&world, 4).await;
        // Anything that is left of it.
        let tables: Vec<(String, String)> = sqlx::query_as(
            "select relname::text, string_agg(quote_ident(attname), ', ') from pg_class join pg_attribute on attrelid = pg_class.oid
             where relnamespace = 'old'::regnamespace and relkind = 'r' and attnum > 0 and attgenerated = '' and exists (
                 select from information_schema.columns
                 where table_schema = 'public' and table_name = relname and column_name = attname
             )
             group by pg_class.oid, relname order by pg_class.oid",
        )
        .fetch_all(&mut old)
        .await
        .unwrap();
        // Of one moment, since emails are sent and rows written meanwhile; the second copy is what it is compared with.
        let mut moment = old.begin_with("begin isolation level repeatable read").await.unwrap();
        moment.execute("create schema \"then\"").await.unwrap();
        for (table, columns) in &tables {
            let copies = format!(
                "insert into old.{table} ({columns}) select {columns} from public.{table};
                 create table \"then\".{table} as table public.{table}"
            );
            moment.execute(sqlx::AssertSqlSafe(copies)).await.unwrap();
        }
        moment.commit().await.unwrap();
        // A link became a connector since.
        old.execute(
            "insert into old.links (id, account_id, token_hash, token_sealed, created_at, last_used_at, last_client)
             select id, account_id, token_hash, token_sealed, created_at, last_used_at, last_client
             from public.connectors where not is_sign_in",
        )
        .await
        .unwrap();
        migrate(&mut old, 4..).await;
        let mut rows: i64 = sqlx::query_scalar(
            "select count(*) from old.connectors o join public.connectors p using (id, token_hash, created_at)",
        )
        .fetch_one(&mut old)
        .await
        .unwrap();
        for (table, _) in &tables {
            let count = format!(
                "select (select count(*) from old.{table}), count(*)
                 from (select * from old.{table} except select * from \"then\".{table}) as other"
            );
            let (all, other): (i64, i64) =
                sqlx::query_as(sqlx::AssertSqlSafe(count)).fetch_one(&mut old).await.unwrap();
            assert_eq!(other, 0, "{table}");
            rows += all;
        }
        assert!(rows > 15, "{rows} rows in {tables:?}");
        // Today's rules apply to what was there: an athlete's link takes no coach next to the athlete.
        old.execute("insert into coaches (id, email, email_key, created_at) values (gen_random_uuid(), 'c@c.example', 'c@c.example', now())")
            .await
            .unwrap();
        let both = old.execute("update connectors set coach_id = (select id from coaches)").await;
        assert!(both.unwrap_err().to_string().contains("links_one_owner"));
    })
    .await;
}
