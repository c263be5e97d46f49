//! A call from its message to its reply: deadlines, panics, hang-ups, limits, and rights that end while it runs.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    mcp_bench::{BEGUN, Bench, OPEN, TOOLS, call, open_late, read},
    world,
};

/// Rows of one moment have no order: the clock does not move.
const TROUBLE: &str = "select distinct outcome from activity_log where outcome <> 'ok'";

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_answer() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for tool in ["panics", "panics_at_once"] {
            let began = Instant::now();
            let reply = bench.call(tool, json!({})).await;
            assert!(began.elapsed() < Duration::from_secs(1));
            assert_eq!(reply.code(), -32603);
            assert!(!reply.body.contains("secret text"));
            assert_eq!(bench.ask(TROUBLE).await, ["panic"]);
        }
        assert!(!bench.call("echo", json!({})).await.result().1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_ends_with_a_sentence() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.call_seconds = 1).await;
        let (text, error) = bench.call("hangs", json!({})).await.result();
        assert!(error && text.contains("longer than 1 second"), "{text}");
        assert_eq!(bench.ask(TROUBLE).await, ["too_long"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_ends_its_call() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let message = call("waits", json!({"gate": "hang-up"})).to_string();
        let mut stream = TcpStream::connect(bench.addr).await.unwrap();
        stream
            .write_all(&bench.request("POST", &bench.path, &[], message.as_bytes()))
            .await
            .unwrap();
        BEGUN.pass("hang-up", 1).await;
        drop(stream);
        bench.until(TROUBLE, &["cancelled"]).await;
        // The tool's future is gone: nobody takes what the gate offers now.
        OPEN.at("hang-up").add_permits(1);
        assert_eq!(OPEN.at("hang-up").available_permits(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_leaves_one_row_and_no_argument_in_it() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        bench.call("echo", json!({"text": "something private"})).await;
        bench.modern("fails", json!({}), &[]).await;
        let rows = bench
            .ask("select concat_ws('|', tool, access, outcome, client, athlete_id, caller, upstream_requests) from activity_log order by tool")
            .await;
        let athlete = world.ana().person.athlete_id;
        assert_eq!(
            rows,
            [
                format!("echo|read|ok|bench/1.0|{athlete}|0"),
                format!("fails|read|input|bench-modern 2.0|{athlete}|0"),
            ]
        );
        assert_eq!(bench.ask("select last_client from connectors where last_client is not null").await, ["bench/1.0"]);
        let whole = bench.ask("select activity_log::text from activity_log").await.concat();
        assert!(!whole.contains("private"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_the_log_before_it_leaves() {
    world::test(async |world| {
        world.let_write(world.ana()).await;
        let bench = Bench::of(&world).await;
        let running = bench.call("writes", json!({"gate": "write"}));
        let watch = async {
            BEGUN.pass("write", 1).await;
            let seen = bench
                .ask("select concat_ws(' ', access, outcome, athlete_id) from activity_log")
                .await;
            OPEN.at("write").add_permits(1);
            seen
        };
        let (reply, seen) = tokio::join!(running, watch);
        assert_eq!(reply.result(), ("written".to_owned(), false));
        assert_eq!(
            seen,
            [format!("write unfinished {}", world.ana().person.athlete_id)]
        );
        assert_eq!(bench.ask("select outcome from activity_log").await, ["ok"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_withheld_when_the_link_was_replaced_meanwhile() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let running = bench.call("waits", json!({"gate": "regenerate"}));
        let meanwhile = async {
            BEGUN.pass("regenerate", 1).await;
            bench.regenerate().await;
            open_late("regenerate").await;
        };
        let (reply, ()) = tokio::join!(running, meanwhile);
        let (text, error) = reply.result();
        assert!(
            error && text.starts_with("Withheld") && !text.contains("data"),
            "{text}"
        );
        assert_eq!(bench.ask(TROUBLE).await, ["withheld"]);
        assert_eq!(bench.call("echo", json!({})).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_withheld_when_the_connection_ended_or_changed_meanwhile() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for (gate, change) in [
            ("other", "update connections set athlete_id = 'i1' where athlete_id = (select athlete_id from activity_log limit 1)"),
            ("disconnect", "update connections set status = 'disconnected', token_sealed = null"),
        ] {
            bench.call("echo", json!({})).await;
            bench.logged().await;
            let running = bench.call("waits", json!({"gate": gate}));
            let meanwhile = async {
                BEGUN.pass(gate, 1).await;
                bench.sql(change).await;
                open_late(gate).await;
            };
            let (reply, ()) = tokio::join!(running, meanwhile);
            let (text, error) = reply.result();
            assert!(error && text.starts_with("Withheld") && text.contains("/dashboard"), "{gate}: {text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_deleted_during_a_call_takes_the_answer_with_it() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let running = bench.call("waits", json!({"gate": "delete"}));
        let meanwhile = async {
            BEGUN.pass("delete", 1).await;
            bench.sql("delete from accounts").await;
            open_late("delete").await;
        };
        let (reply, ()) = tokio::join!(running, meanwhile);
        assert!(reply.result().0.starts_with("Withheld"));
        assert_eq!(bench.ask("select outcome from activity_log").await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_runs_so_many_calls_at_once_and_the_rest_wait() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_at_once = 3).await;
        let calls = futures::future::join_all((0..20).map(|_| bench.call("waits", json!({"gate": "cap"}))));
        let other = async {
            BEGUN.pass("cap", 3).await;
            // Three run, seventeen wait; each call that ends lets the next one in.
            for _ in 0..17 {
                assert_eq!(BEGUN.at("cap").available_permits(), 0);
                OPEN.at("cap").add_permits(1);
                BEGUN.pass("cap", 1).await;
            }
            OPEN.at("cap").add_permits(3);
        };
        let (replies, ()) = tokio::join!(calls, other);
        assert!(
            replies
                .iter()
                .all(|reply| reply.result() == ("data".to_owned(), false))
        );
    })
    .await;
}

/// Hard case 25: a link that is at its limit holds up no other.
#[tokio::test(flavor = "multi_thread")]
async fn another_link_does_not_wait_for_one_that_is_full() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_at_once = 2).await;
        let full = futures::future::join_all((0..10).map(|_| bench.call("waits", json!({"gate": "full"}))));
        let other = async {
            BEGUN.pass("full", 2).await;
            let path = format!("/mcp/{}", world.jack().link.rsplit('/').next().unwrap());
            let message = call("echo", json!({})).to_string();
            // Answered while every call of the first link still waits for the gate.
            for _ in 0..5 {
                let reply = bench
                    .raw(&bench.request("POST", &path, &[], message.as_bytes()))
                    .await;
                assert!(reply.result().0.starts_with("Jack Nguyen"), "{reply:?}");
            }
            OPEN.at("full").add_permits(10);
        };
        let (replies, ()) = tokio::join!(full, other);
        assert!(replies.iter().all(|reply| !reply.result().1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_gets_no_turn_says_when_to_come_back() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 2).await;
        for _ in 0..2 {
            assert!(!bench.call("echo", json!({})).await.result().1);
        }
        // The next turn is half a minute away: there is no point in waiting.
        let began = Instant::now();
        let (text, error) = bench.call("echo", json!({})).await.result();
        assert!(
            error && text.contains("Try again in") && text.contains("second"),
            "{text}"
        );
        assert!(began.elapsed() < Duration::from_secs(5));
        bench.until(TROUBLE, &["busy"]).await;
        // The list is not a call.
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        assert_eq!(
            bench.legacy(&list).await.json()["result"]["tools"]
                .as_array()
                .unwrap()
                .len(),
            TOOLS.len()
        );
    })
    .await;
}

/// The rows of refused calls: whose link, which athlete, with which tool, how many calls.
const REFUSED: &str = "select concat_ws('|', a.email, l.athlete_id, l.tool, l.client, l.access, l.outcome, l.calls, to_char(l.at at time zone 'UTC', 'HH24:MI:SS'))
    from activity_log l join accounts a on a.id = l.account_id where l.outcome = 'busy' order by l.id, a.email";

/// A flood through one link, on two instances: one row a minute with the number of calls, and nobody else notices.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_rate_limit_refuses_is_one_row_a_minute() {
    world::test(async |world| {
        let few = |config: &mut icusync::config::Config| {
            config.calls_per_minute = 20;
        };
        let instances = [Bench::with(&world, few).await, Bench::with(&world, few).await];
        let ana = world.ana().person.email;
        world.clock.advance(chrono::Duration::seconds(40));
        let flood = async |bench: &Bench, calls: usize| {
            let calls = (0..calls).map(|_| bench.call("echo", json!({})));
            let replies = futures::future::join_all(calls).await;
            replies.iter().filter(|reply| reply.result().1).count()
        };
        let (one, two) = tokio::join!(flood(&instances[0], 150), flood(&instances[1], 150));
        let refused = one + two;
        assert!(refused > 150, "{refused}");
        let row = format!("{ana}|i900001|echo|bench/1.0|read|busy|{refused}|08:00:00");
        instances[0].until(REFUSED, &[&row]).await;
        instances[1].logged().await;
        let let_through = "select count(*)::text from activity_log where outcome = 'ok' and calls = 1";
        assert_eq!(instances[0].ask(let_through).await, [(300 - refused).to_string()]);

        // The next minute has a row of its own, and another link neither waits nor appears in one.
        world.clock.advance(chrono::Duration::seconds(20));
        let later = flood(&instances[1], 40).await;
        assert!(later > 0);
        let next = format!("{ana}|i900001|echo|bench/1.0|read|busy|{later}|08:01:00");
        instances[1].until(REFUSED, &[&row, &next]).await;
        let jack = format!("/mcp/{}", world.jack().link.rsplit('/').next().unwrap());
        let message = call("echo", json!({})).to_string();
        let reply = instances[0]
            .raw(&instances[0].request("POST", &jack, &[], message.as_bytes()))
            .await;
        assert!(reply.result().0.starts_with("Jack Nguyen"), "{reply:?}");
        assert_eq!(instances[0].ask(REFUSED).await, [row, next]);

        // The page, the file and the export say how many.
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let page = browser
            .get("/activity?outcome=busy&tool=echo&client=bench%2F1.0")
            .await;
        assert!(
            page.text().contains(&format!("Asked to wait {refused} calls")),
            "{}",
            page.text()
        );
        let file = browser.get("/activity.csv?outcome=busy").await.body;
        let counts: Vec<&str> = file.lines().filter_map(|line| line.rsplit(',').next()).collect();
        assert_eq!(counts, ["calls", &later.to_string(), &refused.to_string()]);
        let export = browser.post("/account/export", &[]).await.body;
        let export: serde_json::Value = serde_json::from_str(&export).unwrap();
        let calls = export["activity_log"].as_array().unwrap().iter();
        let calls: Vec<u64> = calls
            .filter(|row| row["outcome"] == "busy")
            .map(|row| row["calls"].as_u64().unwrap())
            .collect();
        assert_eq!(calls, [later as u64, refused as u64]);
    })
    .await;
}

/// A flood of refused calls is not a flood of writes, and none of them is lost when the instance ends.
#[tokio::test(flavor = "multi_thread")]
async fn refused_calls_are_counted_before_they_are_written_and_none_is_lost_at_the_end() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 30).await;
        bench.sql("create table writes (calls integer)").await;
        bench
            .sql(
                "create function note_write() returns trigger language plpgsql as $$ begin insert into writes values (new.calls); \
                 return new; end $$",
            )
            .await;
        bench.sql("create trigger t after insert or update on activity_log for each row execute function note_write()").await;
        let began = Instant::now();
        let replies = futures::future::join_all((0..250).map(|_| bench.call("echo", json!({})))).await;
        let refused = replies.iter().filter(|reply| reply.result().1).count();
        assert!(refused > 200, "{refused}");
        icusync::guard::refused::settle(&bench.app).await;
        assert_eq!(bench.ask(REFUSED).await[0].split('|').nth(6), Some(refused.to_string().as_str()));
        let writes: usize = bench.ask("select count(*)::text from writes").await[0].parse().unwrap();
        // The calls that were let through have a row each.
        let most = usize::try_from(began.elapsed().as_secs()).unwrap() + 3 + (250 - refused);
        assert!(writes <= most, "{writes} writes, {most} expected at most");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_on_one_link_are_all_answered() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 6000).await;
        let replies = futures::future::join_all((0..200).map(|_| bench.call("echo", json!({})))).await;
        assert!(replies.iter().all(|reply| reply.status == 200));
        // A call that found no place to wait is in the number of one row.
        bench
            .until("select sum(calls)::text from activity_log", &["200"])
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let mut stream = TcpStream::connect(bench.addr).await.unwrap();
        let body = call("echo", json!({})).to_string();
        for _ in 0..3 {
            let request = bench.request(
                "POST",
                &bench.path,
                &[("connection", "keep-alive")],
                body.as_bytes(),
            );
            stream.write_all(&request).await.unwrap();
            assert_eq!(read(&mut stream).await.unwrap().status, 200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_cut_at_a_row() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let (text, error) = bench.call("endless", json!({})).await.result();
        assert!(!error && text.chars().count() <= 60_000);
        assert!(text.contains("Ride\n… cut here"), "{}", &text[text.len() - 80..]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_text_and_nothing_else() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let result = bench.call("echo", json!({})).await.json()["result"].clone();
        assert!(result.get("structuredContent").is_none());
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        assert_eq!(result["content"][0]["type"], "text");
    })
    .await;
}
