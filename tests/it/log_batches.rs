//! Rows of reads in the activity log are written in batches: soon, whole, once, and under the rights that hold when they are
//! written. What a cached read costs the database, and that its caller is the right one however many are looked up at once.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use icusync::{
    config::Config,
    demo,
    guard::{connector, log_buffer},
    mail::Address,
    queries,
    secrets::{KeyRing, Password, Random, Token, TokenKind},
    time::Clock,
};
use icusync_sim as sim;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    database::eventually,
    for_coaches::{everything, visit},
    mcp_bench::{BEGUN, Bench, Reply, call, open_late},
    resilience::app_on,
    roster_overview::{granting, many},
    serve_command::Service,
    world::{Call, Instance, Mcp, Proxy, World, fresh_database, scratch, test, test_with, url_of},
};

const COACH: &str = "coach@example.test";

/// A row is there within a second; a busy machine gets more.
const A_SECOND: Duration = Duration::from_secs(3);
/// Until a database that was away is found again and has what waited.
const BACK: Duration = Duration::from_secs(30);
/// Cached reads whose statements are counted.
const READS: usize = 30;

fn unhurried(config: &mut Config) {
    config.calls_per_minute = 100_000;
}

/// Unhurried, and what waits for the log leaves some connections for the look at who calls.
fn many_seats(config: &mut Config) {
    unhurried(config);
    config.database_connections = 24;
}

/// What is in the database, without what still waits.
async fn stands(world: &World, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement)
        .fetch_all(&world.app.pool)
        .await
        .unwrap()
}

/// How many rows of good reads are in the database.
async fn rows(world: &World) -> usize {
    let rows: i64 = sqlx::query_scalar("select count(*) from activity_log where outcome = 'ok'")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    usize::try_from(rows).unwrap()
}

fn is_answered(call: &Call) -> bool {
    call.status == 200 && call.answer["result"]["content"].is_array() && !call.is_error()
}

/// Asks one question that must be answered.
async fn answered(mcp: &Mcp, tool: &str, arguments: Value) -> String {
    let call = mcp.call(tool, arguments).await;
    assert!(is_answered(&call), "{tool}: {}", call.answer);
    call.text().to_owned()
}

/// The way to the world's database that a test can cut and count on, and an instance at its end.
async fn behind_a_proxy(world: &World, tweak: impl FnOnce(&mut Config)) -> (Proxy, Instance) {
    let proxy = Proxy::to(&url_of(&world.database)).await;
    let instance = world.instance_at_with(&proxy.url, tweak).await;
    (proxy, instance)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_in_the_log_within_a_second_through_every_door() {
    test(async |world| {
        let coaches = world.coaches().await;
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let doors = [
            (world.mcp(&world.ana().link), json!({})),
            (program.mcp(tokens.access()), json!({})),
            (world.mcp(&coaches[0].link), json!({"athlete": "ana"})),
        ];
        for (at, (mcp, arguments)) in doors.into_iter().enumerate() {
            answered(&mcp, "get_wellness", arguments).await;
            eventually(A_SECOND, async || rows(&world).await == at + 1).await;
        }
        let said = "select concat_ws('|', tool, access, outcome, athlete_id, caller) from activity_log order by caller nulls first";
        let own = "get_wellness|read|ok|i900001";
        assert_eq!(stands(&world, said).await, [own, own, &format!("{own}|{COACH}")]);
    })
    .await;
}

/// Each is asked for right after a call, more than once: a row that got there on its own in time would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn pages_the_file_and_the_export_have_a_call_that_was_just_answered() {
    test(async |world| {
        let ana = world.ana().clone();
        let mcp = world.mcp(&ana.link);
        let mut browser = world.signed_in(&ana).await;
        let mut calls = 0;
        for _ in 0..4 {
            for path in ["/activity", "/activity.csv", "/account/export", "/dashboard"] {
                answered(&mcp, "get_athlete_profile", json!({})).await;
                calls += 1;
                let page = match path {
                    "/account/export" => browser.post(path, &[]).await,
                    path => browser.get(path).await,
                };
                assert_eq!(page.status, 200, "{path}");
                assert_eq!(rows(&world).await, calls, "{path}");
                match path {
                    "/activity.csv" => assert_eq!(page.body.lines().count(), calls + 1, "{}", page.body),
                    "/account/export" => {
                        let file: Value = serde_json::from_str(&page.body).unwrap();
                        assert_eq!(file["activity_log"].as_array().unwrap().len(), calls);
                    }
                    path => assert!(
                        page.text().contains("get_athlete_profile"),
                        "{path}: {}",
                        page.text()
                    ),
                }
            }
        }
    })
    .await;
}

/// Asks the same question [`READS`] times; each one waits for one statement.
async fn costs_a_statement_a_call(world: &World, proxy: &Proxy, mcp: &Mcp, tool: &str, arguments: &Value) {
    // What is noted, remembered and prepared the first time.
    for _ in 0..2 {
        answered(mcp, tool, arguments.clone()).await;
        world.logged().await;
    }
    proxy.statements();
    let began = Instant::now();
    // What was found counts for a second: a call that a busy machine holds up for longer looks again.
    let mut held_up = 0;
    for _ in 0..READS {
        let called = Instant::now();
        answered(mcp, tool, arguments.clone()).await;
        held_up += usize::from(called.elapsed() > Duration::from_millis(900));
    }
    let elapsed = began.elapsed();
    let (log, waited): (Vec<String>, Vec<String>) = proxy
        .statements()
        .into_iter()
        .partition(|statement| statement.contains("insert into activity_log"));
    // A connection that is opened meanwhile may say a word of its own.
    assert!(
        (READS..=READS + 2 + held_up).contains(&waited.len()),
        "{tool}: {} statements for {READS} calls, {held_up} of them held up: {waited:#?}",
        waited.len()
    );
    // One after the other, and rested between.
    let most = elapsed.as_millis() / 50 + 1;
    assert!(
        log.len() as u128 <= most,
        "{tool}: {} batches in {elapsed:?}",
        log.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cached_read_waits_for_one_statement() {
    test(async |world| {
        let coaches = world.coaches().await;
        let (program, tokens) = world.app_of(world.jack(), false).await;
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let link = world.mcp(&other.link(&world.ana().link));
        let sign_in = program.at(&other.web).mcp(tokens.access());
        let coach = world.mcp(&other.link(&coaches[0].link));
        for mcp in [&link, &sign_in] {
            costs_a_statement_a_call(&world, &proxy, mcp, "get_wellness", &json!({})).await;
        }
        costs_a_statement_a_call(&world, &proxy, &coach, "get_wellness", &json!({"athlete": "ana"})).await;
        // About three athletes.
        costs_a_statement_a_call(&world, &proxy, &coach, "get_roster_overview", &json!({})).await;
        costs_a_statement_a_call(&world, &proxy, &coach, "list_athletes", &json!({})).await;
        // A selection that is used is noted once a minute, too.
        answered(&coach, "select_athlete", json!({"athlete": "jack"})).await;
        costs_a_statement_a_call(&world, &proxy, &coach, "get_fitness", &json!({})).await;
        let asked = 4 * (READS + 2) + 3 * (READS + 2) + 1;
        world.logged().await;
        assert_eq!(
            rows(&world).await,
            asked,
            "and each call has a row for each athlete"
        );
    })
    .await;
}

/// Notes of use and of upstream's answers.
fn notes(statements: &[String]) -> usize {
    let is_note = |statement: &&String| {
        statement.contains("set last_used_at") || statement.contains("set last_success_at")
    };
    statements.iter().filter(is_note).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_use_is_noted_at_once_and_later_ones_once_a_minute() {
    test(async |world| {
        let coaches = world.coaches().await;
        let (program, tokens) = world.app_of(world.jack(), false).await;
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let link = world.mcp(&other.link(&world.ana().link));
        let sign_in = program.at(&other.web).mcp(tokens.access());
        let coach = world.mcp(&other.link(&coaches[0].link));
        let used = "select count(*)::text from connectors where last_used_at is not null";
        for (at, (mcp, arguments)) in [
            (&link, json!({})),
            (&sign_in, json!({})),
            (&coach, json!({"athlete": "ana"})),
        ]
        .into_iter()
        .enumerate()
        {
            answered(mcp, "get_wellness", arguments).await;
            assert_eq!(stands(&world, used).await, [(at + 1).to_string()], "at once");
        }
        let signed = "select count(*)::text from connectors where is_sign_in and first_used_at is not null";
        assert_eq!(stands(&world, signed).await, ["1"]);
        let grants = "select count(*)::text from grants where first_used_at is not null";
        assert_eq!(stands(&world, grants).await, ["1"]);
        let clients = "select client from grant_clients";
        assert_eq!(stands(&world, clients).await, ["world-test"]);

        // Other days each time, so that intervals.icu answers each time.
        let ask = async |from: u32| {
            for day in from..from + 6 {
                let day = format!("2026-10-{day:02}");
                let days = json!({"oldest": day, "newest": day});
                answered(&link, "get_wellness", days).await;
            }
        };
        world.logged().await;
        proxy.statements();
        ask(1).await;
        world.logged().await;
        assert_eq!(notes(&proxy.statements()), 0, "it is the same minute");
        world.clock.advance(chrono::Duration::seconds(61));
        ask(11).await;
        world.logged().await;
        let count = notes(&proxy.statements());
        // Of the link and of the connection; a call that was on its way while they were written may note it once more.
        assert!((2..=4).contains(&count), "{count}");
        let now = "select count(*)::text from connectors k join connections c using (account_id) where not k.is_sign_in
            and k.last_used_at = '2026-11-21T08:01:01Z' and c.last_success_at = '2026-11-21T08:01:01Z'";
        assert_eq!(stands(&world, now).await, ["1"]);
    })
    .await;
}

/// Only a good answer may come before its row.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_a_good_read_is_in_the_log_when_its_answer_arrives() {
    test(async |world| {
        let hasty = Bench::with(&world, |config| config.call_seconds = 1).await;
        let outcomes = "select outcome from activity_log where outcome <> 'ok' order by at, outcome";
        let mut expected = Vec::new();
        for (tool, arguments, outcome) in [
            ("fails", json!({}), "input"),
            ("echo", json!([]), "input"),
            ("panics", json!({}), "panic"),
            ("hangs", json!({}), "too_long"),
            ("writes", json!({"gate": "switched off"}), "refused"),
        ] {
            world.clock.advance(chrono::Duration::seconds(1));
            hasty.call(tool, arguments).await;
            expected.push(outcome);
            assert_eq!(stands(&world, outcomes).await, expected, "{tool}");
        }
        let patient = Bench::of(&world).await;
        world.clock.advance(chrono::Duration::seconds(1));
        let running = patient.call("waits", json!({"gate": "batches-withheld"}));
        let meanwhile = async {
            BEGUN.pass("batches-withheld", 1).await;
            patient.regenerate().await;
            open_late("batches-withheld").await;
        };
        let (reply, ()) = tokio::join!(running, meanwhile);
        assert!(reply.result().0.starts_with("Withheld"), "{reply:?}");
        expected.push("withheld");
        assert_eq!(stands(&world, outcomes).await, expected);
    })
    .await;
}

/// Cut off, and without a word to either end: what waits then, and what was on its way.
#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_lost_or_doubled_while_the_database_is_away() {
    test(async |world| {
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let mcp = world.mcp(&other.link(&world.ana().link));
        answered(&mcp, "get_wellness", json!({})).await;
        let over = AtomicBool::new(false);
        let asking = async {
            let (mut good, mut away) = (1, 0);
            while !over.load(Ordering::SeqCst) {
                let call = mcp.call("get_wellness", json!({})).await;
                if is_answered(&call) {
                    good += 1;
                } else {
                    away += 1;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (good, away)
        };
        let trouble = async {
            let while_it_lasts = || tokio::time::sleep(Duration::from_millis(1400));
            for _ in 0..3 {
                while_it_lasts().await;
                proxy.cut();
                while_it_lasts().await;
                proxy.mend();
            }
            while_it_lasts().await;
            proxy.freeze();
            tokio::time::sleep(Duration::from_secs(4)).await;
            proxy.thaw_for_new_ones();
            // Until it answers again, and some more rows wait.
            let (http, readyz) = (Mcp::client(), format!("{}/readyz", other.web));
            let well = async || http.get(&readyz).send().await.unwrap().status() == 200;
            eventually(BACK, well).await;
            while_it_lasts().await;
            proxy.cut();
            over.store(true, Ordering::SeqCst);
            while_it_lasts().await;
            proxy.mend();
        };
        let ((good, away), ()) = tokio::join!(asking, trouble);
        assert!(good > 20 && away > 0, "{good} answered, {away} not");
        eventually(BACK, async || rows(&world).await >= good).await;
        world.logged().await;
        assert_eq!(rows(&world).await, good);
        // And what comes later finds its way on its own.
        answered(&mcp, "get_wellness", json!({})).await;
        eventually(BACK, async || rows(&world).await == good + 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_slow_calls_wait_for_their_rows_and_none_is_lost() {
    test_with(many_seats, async |world| {
        let mcps = [world.ana(), world.jack()].map(|seeded| world.mcp(&seeded.link));
        for mcp in &mcps {
            answered(mcp, "get_wellness", json!({})).await;
        }
        world.logged().await;
        let mut direct = PgConnection::connect(&url_of(&world.database)).await.unwrap();
        direct
            .execute("begin; lock table activity_log in access exclusive mode")
            .await
            .unwrap();
        let locked = Instant::now();
        let asking = mcps.iter().map(|mcp| async move {
            let mut took = Vec::new();
            while locked.elapsed() < Duration::from_millis(4500) {
                let (since, begun) = (locked.elapsed(), Instant::now());
                let call = mcp.call("get_wellness", json!({})).await;
                if is_answered(&call) {
                    took.push((since, begun.elapsed()));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            took
        });
        let release = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            direct.execute("rollback").await.unwrap();
        };
        let (took, ()) = tokio::join!(futures::future::join_all(asking), release);
        let took = took.concat();
        let quick = took
            .iter()
            .filter(|(_, took)| *took < Duration::from_secs(1))
            .count();
        assert!(quick > 2, "at first nobody waits: {took:?}");
        let late = took.iter().filter(|(since, _)| *since > Duration::from_secs(2));
        assert!(
            late.clone().count() > 0 && late.clone().all(|(_, took)| *took > Duration::from_secs(1)),
            "then everybody does: {took:?}"
        );
        assert!(
            took.iter().all(|(_, took)| *took < Duration::from_secs(8)),
            "not for ever: {took:?}"
        );
        eventually(BACK, async || log_buffer::waiting(&world.app) == 0).await;
        assert_eq!(rows(&world).await, took.len() + mcps.len());
    })
    .await;
}

/// One row that no table would take, among good ones.
#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_sinks_no_other() {
    test(async |world| {
        let bench = Bench::with(&world, unhurried).await;
        bench
            .sql("alter table activity_log add constraint no_bad_client check (client <> 'bad/1.0')")
            .await;
        let body = call("echo", json!({})).to_string();
        let ask = async |client: &str| {
            let headers = [("mcp-protocol-version", "2025-11-25"), ("user-agent", client)];
            let request = bench.request("POST", &bench.path, &headers, body.as_bytes());
            assert!(!bench.raw(&request).await.result().1);
        };
        for number in 0..20 {
            ask(if number % 7 == 3 { "bad/1.0" } else { "good/1.0" }).await;
        }
        eventually(BACK, async || rows(&world).await == 17).await;
        eventually(BACK, async || log_buffer::waiting(&bench.app) == 0).await;
        ask("good/1.0").await;
        eventually(A_SECOND, async || rows(&world).await == 18).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_account_that_is_deleted_meanwhile_are_dropped_and_others_stand() {
    test(async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let (hers, his) = (
            world.mcp(&other.link(&ana.link)),
            world.mcp(&other.link(&jack.link)),
        );
        let mut browser = world.signed_in(&ana).await;
        for mcp in [&hers, &his] {
            answered(mcp, "get_wellness", json!({})).await;
        }
        world.logged().await;
        for mcp in [&hers, &his, &hers, &his] {
            answered(mcp, "get_wellness", json!({})).await;
        }
        // They wait while the instance where it is deleted has never heard of them.
        proxy.freeze();
        let wish = [("password", demo::seed::PASSWORD), ("word", "Delete")];
        let deleted = browser.post("/account/delete", &wish).await;
        assert_eq!(deleted.status, 303, "{}", deleted.text());
        proxy.thaw_for_new_ones();
        eventually(BACK, async || rows(&world).await >= 3).await;
        world.logged().await;
        let whose = "select athlete_id from activity_log";
        let him = jack.person.athlete_id;
        assert_eq!(stands(&world, whose).await, [him, him, him]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_waits_does_not_bring_back_an_erased_coachs_name() {
    test(async |world| {
        let coaches = world.coaches().await;
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let mcp = world.mcp(&other.link(&coaches[0].link));
        let mut browser = visit(&world, COACH).await;
        answered(&mcp, "get_wellness", json!({"athlete": "ana"})).await;
        world.logged().await;
        let overview = answered(&mcp, "get_roster_overview", json!({})).await;
        answered(&mcp, "get_wellness", json!({"athlete": "ana"})).await;
        proxy.freeze();
        let erased = browser.post("/for-coaches/my-roster/erase", &[]).await;
        assert_eq!((erased.status, erased.location()), (303, "/for-coaches/erased"));
        proxy.thaw_for_new_ones();
        // Two of Ana alone, and one of each of the three.
        eventually(BACK, async || rows(&world).await == 5).await;
        let names = "select distinct caller from activity_log where coach_id is null";
        assert_eq!(stands(&world, names).await, ["a deleted coach"]);
        let with_coach = "select caller from activity_log where coach_id is not null";
        assert_eq!(stands(&world, with_coach).await, [""; 0]);
        assert!(!everything(&world).await.contains(COACH), "{overview}");
        for seeded in [world.ana(), world.jack(), world.tria()] {
            let mut browser = world.signed_in(seeded).await;
            for path in ["/activity", "/activity.csv"] {
                let page = browser.get(path).await;
                assert!(
                    page.body.contains("a deleted coach") && !page.body.contains(COACH),
                    "{path}: {}",
                    page.body
                );
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough_for_callers_rows_and_notes() {
    test(async |world| {
        let ana = world.ana().clone();
        let (_proxy, other) = behind_a_proxy(&world, |config| {
            unhurried(config);
            config.database_connections = 1;
        })
        .await;
        let callers: Vec<Mcp> = (0..4).map(|_| world.mcp(&other.link(&ana.link))).collect();
        let calls = async |mcp: &Mcp| {
            for _ in 0..30 {
                answered(mcp, "get_wellness", json!({})).await;
            }
        };
        let all = futures::future::join_all(callers.iter().map(calls));
        let meanwhile = eventually(BACK, async || rows(&world).await >= 20);
        tokio::join!(all, meanwhile);
        eventually(BACK, async || rows(&world).await == 120).await;
    })
    .await;
}

/// The other instance's clock may be behind or ahead: when a call was does not tell which URL it came through.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_waits_does_not_mark_a_regenerated_url_as_used() {
    test(async |world| {
        let ana = world.ana().clone();
        let (proxy, other) = behind_a_proxy(&world, unhurried).await;
        let mcp = world.mcp(&other.link(&ana.link));
        let mut browser = world.signed_in(&ana).await;
        answered(&mcp, "get_wellness", json!({})).await;
        world.logged().await;
        assert!(browser.get("/connector").await.text().contains("Last used"));
        world.clock.advance(chrono::Duration::minutes(2));
        answered(&mcp, "get_wellness", json!({})).await;
        proxy.freeze();
        assert_eq!(browser.post("/link/regenerate", &[]).await.status, 303);
        proxy.thaw_for_new_ones();
        eventually(BACK, async || rows(&world).await == 2).await;
        world.logged().await;
        let used = "select k.last_used_at::text from connectors k join accounts a on a.id = k.account_id
            where a.email = 'ana@example.test' and k.last_used_at is not null";
        assert_eq!(stands(&world, used).await, [""; 0], "nobody used the new URL yet");
        let page = browser.get("/connector").await.text();
        assert!(!page.contains("Last used"), "{page}");
        // The new URL's first use is noted at once, also where the old one's was noted a moment ago.
        let account = queries::accounts::by_email(&world.app.pool, ana.person.email).await;
        let link = queries::connectors::of_account(&world.app.pool, account.unwrap().unwrap().id).await;
        let url = connector::url(&world.app, &link.unwrap().unwrap()).unwrap();
        world.secret(url.rsplit('/').next().unwrap());
        let fresh = world.mcp(&other.link(&url));
        let again = async || is_answered(&fresh.call("get_wellness", json!({})).await);
        eventually(BACK, again).await;
        assert_eq!(stands(&world, used).await.len(), 1);
    })
    .await;
}

/// A hundred athletes; the overview reads as many of them as it takes at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_call_about_many_athletes_writes_its_rows_in_one_statement() {
    test(async |world| {
        let upstream = many(world.app.clock.now().date_naive(), std::sync::Arc::default()).await;
        let upstream = upstream.parse().unwrap();
        let (proxy, other) = behind_a_proxy(&world, |config| {
            config.intervals_url = upstream;
            config.intervals_per_second = 1000;
        })
        .await;
        let app = &world.app;
        let password = Password::choose("a long enough password".to_owned(), "").unwrap();
        let password = app.passwords.hash(password).await;
        for number in 0..100 {
            granting(app, number, &password).await;
        }
        let key = Address::parse(COACH).unwrap().key;
        let coach = queries::coaches::by_email(&app.pool, &key)
            .await
            .unwrap()
            .unwrap();
        let link = queries::connectors::of_coach(&app.pool, coach.id).await;
        let url = connector::url(app, &link.unwrap().unwrap()).unwrap();
        world.secret(url.rsplit('/').next().unwrap());
        let mcp = world.mcp(&other.link(&url));
        // Uses are noted; the second time what the first had no time for.
        let text = answered(&mcp, "get_roster_overview", json!({})).await;
        world.logged().await;
        let first = rows(&world).await;
        assert!(first >= 50, "{first} rows\n{text}");
        answered(&mcp, "get_roster_overview", json!({})).await;
        world.logged().await;
        assert_eq!(rows(&world).await, 2 * first);
        proxy.statements();
        answered(&mcp, "get_roster_overview", json!({})).await;
        eventually(A_SECOND, async || rows(&world).await == 3 * first).await;
        let statements = proxy.statements();
        let is_log = |statement: &&String| statement.contains("insert into activity_log");
        assert_eq!(statements.iter().filter(is_log).count(), 1, "{statements:#?}");
        assert!(statements.len() <= 4, "{statements:#?}");
        let whose = "select count(distinct account_id)::text from activity_log";
        assert_eq!(stands(&world, whose).await, [first.to_string()]);
    })
    .await;
}

/// The numbers of refused calls are tested with the calls; here, what they cost.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_refused_calls_cost_hardly_more_than_the_look_at_who_they_are() {
    test(async |world| {
        let (proxy, other) = behind_a_proxy(&world, |_| ()).await;
        let mcp = world.mcp(&other.link(&world.ana().link));
        answered(&mcp, "get_wellness", json!({})).await;
        world.logged().await;
        proxy.statements();
        let began = Instant::now();
        let calls = (0..1000).map(|_| mcp.call("get_wellness", json!({})));
        let calls: Vec<Call> = futures::stream::iter(calls).buffer_unordered(200).collect().await;
        let answered = calls.iter().filter(|call| is_answered(call)).count();
        let refused = calls
            .iter()
            .filter(|call| call.is_error() && call.text().contains("too many calls"))
            .count();
        assert_eq!(answered + refused, calls.len());
        assert!(refused > 500, "{refused}");
        let total = "select coalesce(sum(calls), 0)::text from activity_log where outcome = 'busy'";
        let counted = async || stands(&world, total).await == [refused.to_string()];
        eventually(BACK, counted).await;
        eventually(BACK, async || rows(&world).await == answered + 1).await;
        let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
        let (log, others): (Vec<String>, Vec<String>) = proxy
            .statements()
            .into_iter()
            .partition(|statement| statement.contains("insert into activity_log"));
        assert!(log.len() <= 5 * (seconds + 2), "{} in {seconds} s", log.len());
        // Those that waited longer than a second for their turn look again, when they begin and before they answer.
        assert!(
            others.len() <= calls.len() + 2 * answered + 10,
            "{} statements for {} calls",
            others.len(),
            calls.len()
        );
        let busy = "select count(*)::text from activity_log where outcome = 'busy'";
        assert_eq!(stands(&world, busy).await, ["1"], "one minute, one row");
    })
    .await;
}

/// Who calls is asked for all that come at the same time: nobody gets another's answer, and each athlete's log has its own.
#[tokio::test(flavor = "multi_thread")]
async fn callers_who_come_together_are_never_taken_for_each_other() {
    test_with(unhurried, async |world| {
        const EACH: usize = 12;
        let coaches = world.coaches().await;
        let (program, tokens) = world.app_of(world.jack(), false).await;
        let nobody = Token::mint(TokenKind::Link, &world.app.random);
        let nobody = world.mcp(&format!("{}/mcp/{}", world.links, nobody.expose()));
        let mut doors: Vec<(Mcp, Value, &str)> = Vec::new();
        for seeded in [world.ana(), world.jack(), world.tria()] {
            doors.push((world.mcp(&seeded.link), json!({}), seeded.person.name));
        }
        doors.push((
            program.mcp(tokens.access()),
            json!({}),
            world.jack().person.name,
        ));
        let coach = world.mcp(&coaches[0].link);
        doors.push((coach, json!({"athlete": "ana"}), world.ana().person.name));
        // What is cached needs only the look at who calls.
        for (mcp, arguments, _) in &doors {
            answered(mcp, "get_wellness", arguments.clone()).await;
        }
        let turns: Vec<&(Mcp, Value, &str)> = (0..EACH).flat_map(|_| doors.iter()).collect();
        let asked = turns.into_iter().map(|(mcp, arguments, name)| async move {
            let text = answered(mcp, "get_wellness", arguments.clone()).await;
            assert!(text.starts_with(*name), "{name}: {text}");
        });
        let unknown = (0..EACH).map(|_| nobody.call("get_wellness", json!({})));
        let (_, unknown) = tokio::join!(
            futures::future::join_all(asked),
            futures::future::join_all(unknown)
        );
        assert!(unknown.iter().all(|call| call.status == 404), "{unknown:?}");
        world.logged().await;
        let each = "select concat_ws('|', a.email, l.caller, count(*)) from activity_log l join accounts a on a.id = l.account_id
            where a.email in ('ana@example.test', 'jack@example.test') group by a.email, l.caller order by 1";
        let once = EACH + 1;
        let mut expected = [
            format!("ana@example.test|{once}"),
            format!("ana@example.test|{COACH}|{once}"),
            format!("jack@example.test|{}", 2 * once),
        ];
        expected.sort();
        let mut found = stands(&world, each).await;
        found.sort();
        assert_eq!(found, expected);
    })
    .await;
}

/// Many calls on both instances are on their way when the URL is regenerated: those that begin afterwards find it dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_regenerated_url_is_dead_at_once_however_many_calls_are_on_their_way() {
    test_with(unhurried, async |world| {
        let other = world.other_instance().await;
        let mut browser = world.signed_in(world.ana()).await;
        let link = world.ana().link.clone();
        let mcps: Vec<Mcp> = (0..8)
            .flat_map(|_| [world.mcp(&link), world.mcp(&other.link(&link))])
            .collect();
        for mcp in &mcps[..2] {
            answered(mcp, "get_wellness", json!({})).await;
        }
        let asking = mcps.iter().map(|mcp| async move {
            let mut seen = Vec::new();
            loop {
                let begun = Instant::now();
                let call = mcp.call("get_wellness", json!({})).await;
                seen.push((begun, call.status));
                if call.status == 404 || seen.len() > 5_000 {
                    return seen;
                }
            }
        });
        let regenerated = async {
            // Calls of every client have been answered by then.
            eventually(BACK, async || rows(&world).await > 2 * mcps.len()).await;
            let done = browser.post("/link/regenerate", &[]).await;
            assert_eq!(done.status, 303, "{}", done.text());
            Instant::now()
        };
        let (seen, done) = tokio::join!(futures::future::join_all(asking), regenerated);
        let seen = seen.concat();
        let good = seen.iter().filter(|(_, status)| *status == 200).count();
        assert!(good > mcps.len(), "{good}");
        for (begun, status) in &seen {
            assert!(
                *begun < done || *status == 404,
                "{status} after it was regenerated"
            );
        }
        // A call of up to a second is answered by the rights that it began with, and each one that was answered has a row.
        world.logged().await;
        let all = "select sum(calls)::text from activity_log";
        assert_eq!(stands(&world, all).await, [(good + 2).to_string()]);
    })
    .await;
}

/// A call that runs, and another one that waits for its turn while `change` happens.
async fn running_and_waiting(bench: &Bench, gate: &str, change: impl Future<Output = ()>) -> (Reply, Reply) {
    let running = bench.call("waits", json!({"gate": gate}));
    let waiting = async {
        BEGUN.pass(gate, 1).await;
        let meanwhile = async {
            // Until the second one has been let in and waits.
            tokio::time::sleep(Duration::from_millis(300)).await;
            change.await;
            open_late(gate).await;
        };
        tokio::join!(bench.call("echo", json!({})), meanwhile).0
    };
    tokio::join!(running, waiting)
}

/// A call that waited long for its turn begins with the rights of now, not with those from when it came.
#[tokio::test(flavor = "multi_thread")]
async fn rights_that_end_while_a_call_waits_for_its_turn_are_gone_when_it_begins() {
    test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_at_once = 1).await;
        let dead = "update connections set status = 'reconnect' where athlete_name = 'Ana Berger'";
        let (first, second) = running_and_waiting(&bench, "turn-dead", bench.sql(dead)).await;
        assert!(first.result().0.starts_with("Withheld"), "{first:?}");
        let (text, error) = second.result();
        assert!(
            error && text.contains("no longer accepts the connection"),
            "{text}"
        );
        bench
            .sql("update connections set status = 'connected' where athlete_name = 'Ana Berger'")
            .await;
        let (first, second) = running_and_waiting(&bench, "turn-regenerated", bench.regenerate()).await;
        assert!(first.result().0.starts_with("Withheld"), "{first:?}");
        let (text, error) = second.result();
        assert!(error && !text.contains("Europe/Berlin"), "{text}");
        assert_eq!(bench.call("echo", json!({})).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_one_instance_are_on_the_others_pages_and_an_ended_sign_in_is_over_on_both() {
    test(async |world| {
        let ana = world.ana().clone();
        let (program, tokens) = world.app_of(&ana, false).await;
        let other = world.other_instance().await;
        let doors = [
            program.mcp(tokens.access()),
            program.at(&other.web).mcp(tokens.access()),
        ];
        let mut browser = world.signed_in(&ana).await;
        answered(&doors[1], "get_athlete_profile", json!({})).await;
        eventually(A_SECOND, async || {
            let file = browser.get("/activity.csv").await.body;
            file.lines().count() == 2 && file.contains("get_athlete_profile")
        })
        .await;
        answered(&doors[0], "get_athlete_profile", json!({})).await;
        let app = stands(&world, "select id::text from connectors where is_sign_in").await;
        assert_eq!(app.len(), 1);
        let ended = browser.post("/apps/end", &[("app", app[0].as_str())]).await;
        assert_eq!(ended.status, 303, "{}", ended.text());
        for mcp in &doors {
            assert_eq!(mcp.call("get_athlete_profile", json!({})).await.status, 401);
        }
        // What it asked stays in the log.
        world.logged().await;
        assert_eq!(rows(&world).await, 2);
    })
    .await;
}

/// Batches lock accounts and coaches, and so does whoever deletes one: nobody waits for the other in a circle.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_a_coach_end_while_batches_about_them_are_written() {
    test_with(many_seats, async |world| {
        let coaches = world.coaches().await;
        let other = world.other_instance().await;
        let mut coach = visit(&world, COACH).await;
        let mut ana = world.signed_in(world.ana()).await;
        let (url, own) = (coaches[0].link.clone(), world.ana().link.clone());
        let mcps = [
            (world.mcp(&url), "get_roster_overview"),
            (world.mcp(&other.link(&url)), "get_roster_overview"),
            (world.mcp(&url), "list_athletes"),
            (world.mcp(&own), "get_wellness"),
            (world.mcp(&other.link(&own)), "get_wellness"),
        ];
        for (mcp, tool) in &mcps {
            answered(mcp, tool, json!({})).await;
        }
        let over = &AtomicBool::new(false);
        let asking = mcps.iter().map(|(mcp, tool)| async move {
            let mut statuses: Vec<u16> = Vec::new();
            // Nobody goes on with a URL that is dead.
            while !over.load(Ordering::SeqCst) && statuses.last() != Some(&404) {
                statuses.push(mcp.call(tool, json!({})).await.status);
            }
            statuses
        });
        let ending = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let wish = [("password", demo::seed::PASSWORD), ("word", "Delete")];
            let deleted = ana.post("/account/delete", &wish).await;
            assert_eq!(deleted.status, 303, "{}", deleted.text());
            tokio::time::sleep(Duration::from_secs(1)).await;
            let erased = coach.post("/for-coaches/my-roster/erase", &[]).await;
            assert_eq!(erased.status, 303, "{}", erased.text());
            tokio::time::sleep(Duration::from_secs(1)).await;
            over.store(true, Ordering::SeqCst);
        };
        let (statuses, ()) = tokio::join!(futures::future::join_all(asking), ending);
        let statuses = statuses.concat();
        assert!(
            statuses.iter().all(|status| [200, 404].contains(status)),
            "{statuses:?}"
        );
        world.logged().await;
        let hers = "select outcome from activity_log where athlete_id = 'i900001'";
        assert_eq!(stands(&world, hers).await, [""; 0]);
        let names = "select distinct caller from activity_log";
        assert_eq!(stands(&world, names).await, ["a deleted coach"]);
        assert!(!everything(&world).await.contains(COACH));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_privacy_says_what_a_crash_can_lose() {
    test(async |world| {
        let page = world.browser().get("/privacy").await;
        assert!(page.text().contains("last second"), "{}", page.text());
    })
    .await;
}

/// A service of its own process, on a database of this run, with Ana on it.
struct Process {
    folder: PathBuf,
    database: String,
    keys: String,
    token: String,
    sim: sim::Running,
}

impl Process {
    async fn new(name: &str) -> Self {
        icusync::install_crypto();
        let (database, keys) = (
            url_of(&fresh_database().await),
            KeyRing::generate(&Random::from_os()),
        );
        let app = app_on(&database, &keys).await;
        let sim = demo::simulate(&Clock::system(), &app.config, 0, 0).await.unwrap();
        let people = demo::seed::seed(&app).await.unwrap();
        app.pool.close().await;
        let ana = people.iter().find(|seeded| seeded.person.slug == "ana").unwrap();
        Self {
            folder: scratch(name),
            database,
            keys,
            token: ana.link.rsplit('/').next().unwrap().to_owned(),
            sim,
        }
    }

    async fn start(&self) -> Service {
        let settings = [
            ("DATABASE_URL", self.database.as_str()),
            ("SEAL_KEYS", self.keys.as_str()),
            ("INTERVALS_URL", self.sim.base_url.as_str()),
            ("INTERVALS_CLIENT_ID", demo::CLIENT_ID),
            ("INTERVALS_CLIENT_SECRET", demo::CLIENT_SECRET),
            ("CALLS_PER_MINUTE", "100000"),
        ];
        Service::start(&self.folder, &settings).await
    }

    fn url(&self, service: &Service) -> String {
        service.link(&format!("/mcp/{}", self.token))
    }

    /// The clients in the log, in the order of their calls.
    async fn logged(&self) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.database).await.unwrap();
        let clients = sqlx::query_scalar("select client from activity_log where outcome = 'ok' order by id")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        clients
    }

    async fn end(self) {
        tokio::fs::remove_dir_all(&self.folder).await.unwrap();
    }
}

/// Asks as a client of this name; false if nobody answers.
async fn asked_as(http: &reqwest::Client, url: &str, client: &str) -> bool {
    let params = json!({"name": "get_wellness", "arguments": {}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let request = http
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .header("user-agent", client)
        .json(&message);
    let Ok(answer) = request.send().await else {
        return false;
    };
    let Ok(answer) = answer.json::<Value>().await else {
        return false;
    };
    let result = &answer["result"];
    assert!(
        result["content"].is_array() && result["isError"] != true,
        "{answer}"
    );
    true
}

/// Hard case 119, for the rows of reads: calls are answered until the very end, and each of them has its row.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_told_to_stop_writes_every_row_that_waits() {
    let process = Process::new("stopped-with-rows").await;
    let service = process.start().await;
    let (http, url) = (Mcp::client(), process.url(&service));
    let (http, url) = (&http, url.as_str());
    let asking = (0..4).map(|person| async move {
        let mut answered = Vec::new();
        loop {
            let client = format!("client-{person}-{:05}", answered.len());
            if !asked_as(http, url, &client).await {
                return answered;
            }
            answered.push(client);
        }
    });
    let stop = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        service.stop().await;
    };
    let (answered, ()) = tokio::join!(futures::future::join_all(asking), stop);
    let mut answered = answered.concat();
    let mut logged = process.logged().await;
    assert!(answered.len() > 20, "{}", answered.len());
    answered.sort();
    logged.sort();
    // The last call of each may have been made and not heard.
    logged.retain(|client| answered.contains(client));
    assert_eq!(logged, answered);
    process.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_loses_at_most_the_rows_of_the_last_second() {
    let process = Process::new("killed-with-rows").await;
    let mut service = process.start().await;
    let (http, url) = (Mcp::client(), process.url(&service));
    let mut answered = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let client = format!("client-{:05}", answered.len());
        assert!(asked_as(&http, &url, &client).await);
        answered.push((Instant::now(), client));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = Pid::from_raw(service.pid().cast_signed()).unwrap();
    let killed = Instant::now();
    kill_process(pid, Signal::KILL).unwrap();
    service.fails().await;
    let logged = process.logged().await;
    let names: Vec<&str> = answered.iter().map(|(_, client)| client.as_str()).collect();
    // A busy machine gets more than the second.
    let safe = answered.iter().filter(|(at, _)| killed - *at > A_SECOND).count();
    assert!(
        safe > 20 && logged.len() >= safe,
        "{safe} of {} safe, {} logged",
        names.len(),
        logged.len()
    );
    assert_eq!(logged, names[..logged.len()], "whole up to the last one");

    let again = process.start().await;
    assert!(asked_as(&http, &process.url(&again), "client-again").await);
    eventually(A_SECOND, async || {
        process.logged().await.len() == logged.len() + 1
    })
    .await;
    again.stop().await;
    process.end().await;
}

/// The log cannot be written when the service is told to stop: it waits a little, and ends in any case.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_log_is_locked_waits_for_it_a_little_and_no_longer() {
    for (name, held) in [
        ("stopped-and-locked-a-little", Duration::from_secs(1)),
        ("stopped-and-locked", Duration::from_mins(1)),
    ] {
        let process = Process::new(name).await;
        let service = process.start().await;
        let (http, url) = (Mcp::client(), process.url(&service));
        assert!(asked_as(&http, &url, "client-0").await);
        eventually(A_SECOND, async || process.logged().await.len() == 1).await;
        let mut direct = PgConnection::connect(&process.database).await.unwrap();
        direct
            .execute("begin; lock table activity_log in access exclusive mode")
            .await
            .unwrap();
        for number in 1..5 {
            assert!(asked_as(&http, &url, &format!("client-{number}")).await);
        }
        let begun = Instant::now();
        let stop = async {
            service.stop().await;
            begun.elapsed()
        };
        if held > Duration::from_secs(30) {
            let took = stop.await;
            assert!(took < Duration::from_secs(20), "{took:?}");
            direct.execute("rollback").await.unwrap();
        } else {
            let release = async {
                tokio::time::sleep(held).await;
                direct.execute("rollback").await.unwrap();
            };
            tokio::join!(stop, release);
            let expected: Vec<String> = (0..5).map(|number| format!("client-{number}")).collect();
            assert_eq!(process.logged().await, expected);
        }
        process.end().await;
    }
}
