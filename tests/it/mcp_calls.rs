//! A call from its message to its reply: deadlines, panics, hang-ups, limits, and rights that end while it runs.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    mcp_bench::{BEGUN, Bench, OPEN, TOOLS, call, read},
    world,
};

/// Rows of one moment have no order: the clock stands.
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
        assert!(!bench.call("echo", json!({})).await.told().1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_ends_with_a_sentence() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.call_seconds = 1).await;
        let (text, error) = bench.call("hangs", json!({})).await.told();
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
        // The tool's future is gone: nobody takes what the gate now offers.
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
        assert_eq!(bench.ask("select last_client from links where last_client is not null").await, ["bench/1.0"]);
        let whole = bench.ask("select activity_log::text from activity_log").await.concat();
        assert!(!whole.contains("private"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_stands_in_the_log_before_it_leaves() {
    world::test(async |world| {
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
        assert_eq!(reply.told(), ("written".to_owned(), false));
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
            OPEN.at("regenerate").add_permits(1);
        };
        let (reply, ()) = tokio::join!(running, meanwhile);
        let (text, error) = reply.told();
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
            let running = bench.call("waits", json!({"gate": gate}));
            let meanwhile = async {
                BEGUN.pass(gate, 1).await;
                bench.sql(change).await;
                OPEN.at(gate).add_permits(1);
            };
            let (reply, ()) = tokio::join!(running, meanwhile);
            let (text, error) = reply.told();
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
            OPEN.at("delete").add_permits(1);
        };
        let (reply, ()) = tokio::join!(running, meanwhile);
        assert!(reply.told().0.starts_with("Withheld"));
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
            // Three run, seventeen wait; whoever is let in next is let in by one that ended.
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
                .all(|reply| reply.told() == ("data".to_owned(), false))
        );
    })
    .await;
}

/// Hard case 25: a link that is at its cap holds up no other.
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
                assert!(reply.told().0.starts_with("Jack Nguyen"), "{reply:?}");
            }
            OPEN.at("full").add_permits(10);
        };
        let (replies, ()) = tokio::join!(full, other);
        assert!(replies.iter().all(|reply| !reply.told().1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_get_a_turn_is_told_when_to_come_back() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 2).await;
        for _ in 0..2 {
            assert!(!bench.call("echo", json!({})).await.told().1);
        }
        // The next turn is half a minute away: there is no point in waiting.
        let began = Instant::now();
        let (text, error) = bench.call("echo", json!({})).await.told();
        assert!(
            error && text.contains("Ask again in") && text.contains("second"),
            "{text}"
        );
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(bench.ask(TROUBLE).await, ["busy"]);
        // The list is no call.
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

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_on_one_link_are_all_answered() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 6000).await;
        let replies = futures::future::join_all((0..200).map(|_| bench.call("echo", json!({})))).await;
        assert!(replies.iter().all(|reply| reply.status == 200));
        assert_eq!(
            bench.ask("select count(*)::text from activity_log").await,
            ["200"]
        );
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
        let (text, error) = bench.call("endless", json!({})).await.told();
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
