//! Writes over MCP while intervals.icu or the world around them goes wrong: what is said is what the simulator holds, and
//! the same call again brings nothing twice.

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::{Duration, NaiveDate};
use icusync::{
    demo,
    secrets::Random,
    start::{self, Ingredients},
};
use icusync_sim::{Fault, Mode, Rules};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    connections::free_ana,
    roster::change,
    world::{Mcp, World, test, test_with, url_of},
    writes::{
        THRESHOLD, all_named, calendar, done, entry, id_of, on_saturday, refused, threshold, token, workout,
        writes,
    },
};

const BULK: &str = "POST /events/bulk";
/// What intervals.icu says of a refusal; none of it reaches the model.
const THEIRS: &str = r#"{"error":"secret words"}"#;

/// The steps that are done one after the other, repeats counted out.
fn steps(event: &Map<String, Value>) -> Vec<Value> {
    let of = |step: &Value| match (step["reps"].as_u64(), step["steps"].as_array()) {
        (Some(times), Some(inner)) => (0..times).flat_map(|_| inner.clone()).collect(),
        _ => vec![step.clone()],
    };
    let all = event["workout_doc"]["steps"].as_array();
    all.into_iter().flatten().flat_map(of).collect()
}

/// Its text, and whether it is an error.
async fn answer(world: &Arc<World>, link: &str, tool: &str, arguments: Value) -> (String, bool) {
    let call = world.mcp(link).call(tool, arguments).await;
    (call.text().to_owned(), call.is_error())
}

fn assert_says(title: &str, text: &str, says: &[&str]) {
    for says in says {
        assert!(text.contains(says), "{title}, {says}: {text}");
    }
    assert!(!text.contains("secret words"), "{title}: {text}");
}

/// One workout pushed through one fault; after a while the same again, without it.
struct Push {
    name: &'static str,
    fault: Fault,
    says: &'static [&'static str],
    /// Requests that write.
    sent: usize,
    /// Steps of the entry that is held; None if there is none, and then the answer is an error.
    held: Option<usize>,
}

impl Push {
    /// It was written, although nobody said so.
    fn unsaid(name: &'static str, fault: Fault) -> Self {
        Self {
            name,
            fault: fault.after_writing(),
            says: &[" · 1 written · ", "236–246 W", " · load 82 ("],
            sent: 1,
            held: Some(10),
        }
    }

    /// It lost what no other form brings back.
    fn otherwise(name: &'static str, fault: Fault, held: usize, says: &'static [&'static str]) -> Self {
        Self {
            sent: 1,
            ..Self::lost(name, fault, held, says)
        }
    }

    /// It lost something, and was sent once more.
    fn lost(name: &'static str, fault: Fault, held: usize, says: &'static [&'static str]) -> Self {
        Self {
            name,
            fault,
            says,
            sent: 2,
            held: Some(held),
        }
    }

    fn nothing(name: &'static str, fault: Fault, says: &'static [&'static str]) -> Self {
        Self {
            name,
            fault,
            says,
            sent: 1,
            held: None,
        }
    }

    fn all() -> Vec<Self> {
        let bulk = || Fault::on(BULK);
        let always = |mode| Fault::on("/events").mode(mode);
        vec![
            Self::unsaid("500 after", bulk().status(500).body(THEIRS)),
            Self::unsaid("reset", bulk().mode(Mode::Reset)),
            Self::unsaid("truncated", bulk().mode(Mode::Truncate)),
            Self::unsaid("garbage", bulk().mode(Mode::Garbage)),
            Self::unsaid("another's", bulk().mode(Mode::WrongAthlete)),
            Self::lost(
                "flattened",
                always(Mode::FlattenRepeats),
                10,
                &[" · 1 written · ", "repeats were sent written out", " · load 82 ("],
            ),
            Self::otherwise(
                "no targets",
                always(Mode::DropTargets),
                10,
                &[
                    " · 1 written, but NOT AS SENT · ",
                    "step 2 (8m 96-100%): its target 96-100% is missing",
                    "no target on the device: step 1, 2, 4",
                ],
            ),
            Self::otherwise(
                "no steps",
                always(Mode::DropSteps),
                0,
                &[
                    " · 1 written, but NOT AS SENT · ",
                    "step 1 (15m ramp 50-70% intensity=warmup): it is missing",
                ],
            ),
            Self::nothing(
                "forgotten",
                bulk().mode(Mode::Forget),
                &[
                    " · 1 not written · ",
                    "said that it was saved, but it is not on the calendar (change ",
                ],
            ),
            Self::nothing(
                "422",
                bulk().mode(Mode::RefuseEntry).body(THEIRS),
                &[
                    " · 1 not written · ",
                    "not written: intervals.icu did not accept it",
                ],
            ),
            Self::nothing(
                "403",
                bulk().status(403).body(THEIRS),
                &["not written: intervals.icu does not allow it"],
            ),
            Self::nothing(
                "429",
                bulk().status(429).header("retry-after", "600"),
                &["not written: the requests that intervals.icu allows are used up: try again in 10 min"],
            ),
            Self::nothing(
                "500 before",
                bulk().status(500),
                &[
                    " · 1 not known · ",
                    "it is not on the calendar; the same call again settles it",
                ],
            ),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_push_is_said_as_it_is_and_the_same_again_brings_nothing_twice() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for Push {
            name,
            fault,
            says,
            sent,
            held,
        } in Push::all()
        {
            world.sim.clear_requests();
            world.sim.fault(fault);
            let (text, error) = answer(&world, &ana.link, "push_workout", threshold(name)).await;
            world.sim.clear_faults();
            assert_says(name, &text, says);
            assert_eq!(error, held.is_none(), "{name}: {text}");
            assert_eq!(writes(&world).len(), sent, "{name}");
            assert!(world.sim.requests().len() <= 5 + 2 * (sent - 1), "{name}");
            let there: Vec<usize> = all_named(&world, ana, name)
                .iter()
                .map(|event| steps(event).len())
                .collect();
            assert_eq!(there, held.into_iter().collect::<Vec<_>>(), "{name}");

            world.clock.advance(Duration::minutes(15));
            let text = done(&world, &ana.link, "push_workout", threshold(name)).await;
            let again = if held.is_some() {
                " · 1 already there · "
            } else {
                " · 1 written · "
            };
            assert_says(name, &text, &[again]);
            assert_eq!(all_named(&world, ana, name).len(), 1, "{name}");
            let differs = text.contains("edit_workout with id");
            assert_eq!(differs, name.starts_with("no "), "{name}: {text}");
        }
    })
    .await;
}

/// A fault, whether the entry stays, and what the answer says.
type Deletion = (&'static str, Fault, (bool, &'static [&'static str]));

/// A fault for a change of one entry, what the answer says, and whether it is an error.
type Touch = (&'static str, Fault, Value, bool, &'static [&'static str]);

/// Edits of one entry, by turns.
fn edits() -> [Touch; 7] {
    let (read, put) = (
        || Fault::on("GET /events/").mode(Mode::Meddle),
        || Fault::on("PUT /events/"),
    );
    let to = |date: &str| json!({"new_date": date});
    let steps = json!({"text": "3x\n- 5m 100%\n- 5m 50%"});
    [
        (
            "somebody else, another field",
            read().body(r##"{"color":"#123456"}"##),
            json!({"note": "Seated."}),
            false,
            &[
                " · changed · ",
                "Somebody else changed colour meanwhile; that was kept",
            ],
        ),
        (
            "forgotten",
            put().mode(Mode::Forget),
            json!({"note": "Standing."}),
            true,
            &[
                " · not changed · ",
                "said that it was saved, but the entry is as it was",
            ],
        ),
        (
            "a forgotten move to another week",
            put().mode(Mode::Forget),
            to("2026-12-23"),
            true,
            &[
                " · not changed · ",
                "said that it was saved, but the entry is as it was",
            ],
        ),
        (
            "unanswered, not done",
            put().status(500),
            to("2027-01-22"),
            true,
            &[" · not known whether it changed · ", "the entry is as it was"],
        ),
        (
            "refused",
            put().status(422).body(THEIRS),
            to("2027-01-22"),
            true,
            &[
                " · not changed · ",
                "intervals.icu did not accept it",
                "Not known yet: changes 3-5: nothing shows them",
            ],
        ),
        (
            "unanswered, done",
            put().status(500).after_writing(),
            to("2026-12-22"),
            false,
            &[" · changed · ", "2026-12-22 Tue · Ride «Key» · now"],
        ),
        (
            "flattened",
            put().mode(Mode::FlattenRepeats),
            steps,
            false,
            &[
                " · changed, but NOT AS SENT · ",
                "step 1 (5m 100%): it is held once, outside its repeat of 3",
            ],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_says_what_became_of_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Key")).await;
        let id = id_of(&world, ana, "Key");
        let held = || entry(&world, ana, "Key");
        for (title, fault, mut arguments, error, says) in edits() {
            let before = held();
            world.sim.fault(fault.times(1));
            arguments["id"] = json!(id);
            let (text, is_error) = answer(&world, &ana.link, "edit_workout", arguments).await;
            world.sim.clear_faults();
            assert_says(title, &text, says);
            assert_eq!(is_error, error, "{title}: {text}");
            assert_eq!(held() == before, error, "{title}");
        }
        world
            .sim
            .fault(Fault::on("GET /events/").mode(Mode::Meddle).times(1));
        let gone = json!({"id": id, "new_name": "Ours"});
        let text = refused(&world, &ana.link, "edit_workout", gone).await;
        assert_says(
            "deleted meanwhile",
            &text,
            &["not changed: the entry is not there any more"],
        );
        assert!(all_named(&world, ana, "Ours").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_says_what_became_of_it() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let delete = || Fault::on("DELETE /events/");
        let cases: [Deletion; 6] = [
            (
                "forgotten",
                delete().mode(Mode::Forget),
                (
                    true,
                    &[
                        " · 1 not deleted · ",
                        "said that it was deleted, but it is still there",
                    ],
                ),
            ),
            (
                "unanswered, not done",
                delete().status(500),
                (true, &[" · 1 not known · ", "it is still there"]),
            ),
            (
                "429",
                delete().status(429),
                (true, &["not deleted: the requests", "try again in 30 s"]),
            ),
            (
                "422",
                delete().status(422).body(THEIRS),
                (true, &["not deleted: intervals.icu did not accept it"]),
            ),
            (
                "unanswered, done",
                delete().status(500).after_writing(),
                (false, &[" · 1 deleted · ", "undo_change"]),
            ),
            (
                "deleted meanwhile",
                Fault::on("GET /events/").mode(Mode::Meddle),
                (false, &[" · 1 deleted · "]),
            ),
        ];
        for (title, fault, (stays, says)) in cases {
            done(&world, &ana.link, "push_workout", threshold("Doomed")).await;
            let id = id_of(&world, ana, "Doomed");
            world.sim.fault(fault.times(1));
            let (text, error) = answer(&world, &ana.link, "delete_workout", json!({"id": id})).await;
            world.sim.clear_faults();
            world.clock.advance(Duration::minutes(1));
            assert_says(title, &text, says);
            assert_eq!(
                (error, all_named(&world, ana, "Doomed").len()),
                (stays, usize::from(stays)),
                "{title}: {text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_goes_only_in_part_is_said_entry_by_entry() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let range = json!({"oldest": "2027-03-08", "newest": "2027-03-14"});
        let bulk = || Fault::on("bulk-delete");
        let cases: [(&str, Fault, usize, &[&str]); 5] = [
            (
                "one forgotten",
                bulk().mode(Mode::Forget).entry("One"),
                1,
                &[" · 1 deleted, 1 not deleted · ", "it is still there"],
            ),
            (
                "unanswered, done",
                bulk().status(500).after_writing(),
                0,
                &[" · 2 deleted · ", "restores them, under new ids"],
            ),
            (
                "a bare number",
                bulk().mode(Mode::BareNumber),
                0,
                &[" · 2 deleted · "],
            ),
            (
                "cut off",
                bulk().mode(Mode::Truncate).after_writing(),
                0,
                &[" · 2 deleted · "],
            ),
            (
                "refused",
                bulk().status(422).body(THEIRS),
                2,
                &[" · 2 not deleted · ", "did not accept it"],
            ),
        ];
        for (title, fault, stay, says) in cases {
            let two = ["One", "Two"].map(|name| workout("Ride", "2027-03-10", name, THRESHOLD));
            let two = json!({"workouts": two});
            done(&world, &ana.link, "push_workout", two).await;
            let mut confirmed = range.clone();
            confirmed["confirm"] = token(&done(&world, &ana.link, "delete_workout", range.clone()).await);
            world.sim.fault(fault.times(1));
            let (text, error) = answer(&world, &ana.link, "delete_workout", confirmed).await;
            world.sim.clear_faults();
            world.clock.advance(Duration::minutes(1));
            assert_says(title, &text, says);
            assert_eq!(error, stay == 2, "{title}: {text}");
            assert_eq!(
                calendar(&world, ana, "2027-03-10", "2027-03-10").len(),
                stay,
                "{title}"
            );
        }
    })
    .await;
}

fn ten() -> Value {
    let all = (0..10).map(|at| workout("Ride", "2026-12-10", &format!("Ten {at}"), "- 30m 60-65%"));
    json!({"workouts": all.collect::<Vec<_>>()})
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_one_by_one_each_has_its_outcome() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let cases: [(&str, Option<Fault>, usize, &[&str]); 4] = [
            (
                "one refused",
                None,
                9,
                &[" · 9 written, 1 not written · ", "«Ten 3» · not written: intervals.icu did not accept it (change 4)"],
            ),
            (
                "429",
                Some(Fault::on(BULK).status(429).header("retry-after", "300")),
                3,
                &[
                    " · 3 written, 7 not written · ",
                    "«Ten 3» · not written: intervals.icu did not accept it",
                    "«Ten 4» · not written: the requests that intervals.icu allows are used up: try again in 5 min",
                    "«Ten 9» · not written: the requests that intervals.icu allows are used up: try again in 5 min",
                ],
            ),
            (
                "no answer",
                Some(Fault::on(BULK).status(500)),
                3,
                &[
                    " · 3 written, 6 not written, 1 not known · ",
                    "«Ten 4» · not known: intervals.icu did not answer",
                    "«Ten 9» · not written: intervals.icu did not answer the request before it",
                ],
            ),
            (
                "401",
                Some(Fault::on(BULK).status(401)),
                3,
                &[" · 3 written, 7 not written · ", "«Ten 9» · not written: intervals.icu no longer accepts this connection"],
            ),
        ];
        for (title, after_five, landed, says) in cases {
            // The bulk, then one by one: 0, 1, 2, the refused one, and the sixth request.
            if let Some(fault) = after_five {
                world.sim.fault(fault.after(5));
            }
            world.sim.fault(Fault::on(BULK).mode(Mode::RefuseEntry).entry("Ten 3").body(THEIRS));
            world.sim.clear_requests();
            let text = done(&world, &ana.link, "push_workout", ten()).await;
            world.sim.clear_faults();
            assert_says(title, &text, says);
            assert_eq!(writes(&world).len(), if landed == 9 { 11 } else { 6 }, "{title}");
            let held = || (0..10).filter(|at| !all_named(&world, ana, &format!("Ten {at}")).is_empty()).count();
            assert_eq!(held(), landed, "{title}");
            world.clock.advance(Duration::minutes(11));
            let text = done(&world, &ana.link, "push_workout", ten()).await;
            let counts = format!(" · {} written, {landed} already there · ", 10 - landed);
            assert_says(title, &text, &[&counts]);
            assert_eq!(held(), 10, "{title}");
            for at in 0..10 {
                let id = id_of(&world, ana, &format!("Ten {at}"));
                assert!(world.sim.delete_event(ana.person.slug, id));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_for_fifteen_seconds_is_settled_by_reading_back() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        world
            .sim
            .fault(Fault::on(BULK).mode(Mode::Hang).after_writing().times(1));
        let text = done(&world, &ana.link, "push_workout", threshold("Hang")).await;
        assert_says("hang", &text, &[" · 1 written · "]);
        let text = done(&world, &ana.link, "push_workout", threshold("Hang")).await;
        assert_says("again", &text, &["already there (change 1)"]);
        assert_eq!(all_named(&world, ana, "Hang").len(), 1);
    })
    .await;
}

/// The outcomes in the log of calls of this tool, once none of them is open.
pub async fn outcomes(world: &World, tool: &str) -> Vec<String> {
    for _ in 0..100 {
        let all: Vec<String> =
            sqlx::query_scalar("select outcome from activity_log where tool = $1 order by at, outcome")
                .bind(tool)
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        // A call that took too long still gets the end of what it wrote.
        let is_open = |outcome: &String| ["unfinished", "cancelled", "too_long"].contains(&outcome.as_str());
        if !all.iter().any(is_open) {
            return all;
        }
        tokio::time::sleep(StdDuration::from_millis(100)).await;
    }
    panic!("a call of {tool} has no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_on_after_its_deadline_and_after_its_client_hung_up() {
    test_with(
        |config| config.call_seconds = 4,
        async |world| {
            let ana = world.ana();
            world.let_write(ana).await;
            let slow = |ms| Fault::on(BULK).delay_ms(ms).after_writing().times(1);
            world.sim.fault(slow(12_000));
            let text = refused(&world, &ana.link, "push_workout", threshold("Slow")).await;
            assert_says(
                "too long",
                &text,
                &[
                    "Not finished within 4 seconds",
                    "1 change being sent",
                    "The rest goes on",
                    "list_changes",
                ],
            );
            let text = refused(&world, &ana.link, "push_workout", threshold("Slow")).await;
            assert_says(
                "meanwhile",
                &text,
                &["another change for this athlete is still running"],
            );
            assert_eq!(outcomes(&world, "push_workout").await, ["busy", "ok"]);
            let text = done(&world, &ana.link, "list_changes", json!({})).await;
            assert_says("after", &text, &["new «Slow» 2026-12-10 Thu\tdone"]);
            let text = done(&world, &ana.link, "push_workout", threshold("Slow")).await;
            assert_says("again", &text, &["already there (change 1)"]);

            world.sim.fault(slow(800));
            let params = json!({"name": "push_workout", "arguments": threshold("Hung up")});
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
            let gone = Mcp::client()
                .post(&ana.link)
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2025-11-25")
                .json(&message)
                .timeout(StdDuration::from_millis(500))
                .send();
            assert!(gone.await.is_err());
            assert_eq!(outcomes(&world, "push_workout").await, ["busy", "ok", "ok", "ok"]);
            let text = done(&world, &ana.link, "list_changes", json!({})).await;
            assert_says("hung up", &text, &["new «Hung up» 2026-12-10 Thu\tdone"]);
            assert_eq!(all_named(&world, ana, "Hung up").len(), 1);
        },
    )
    .await;
}

/// An instance of the service on a runtime of its own, which can end between two instructions.
fn mortal_instance(world: &World) -> (tokio::runtime::Runtime, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (config, keys, mail, clock) = (
        world.app.config.clone(),
        world.app.keys.clone(),
        world.app.mail.clone(),
        world.clock.clone(),
    );
    let database = url_of(&world.database);
    let starting = runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ports = demo::config(listener.local_addr().unwrap().port()).unwrap();
        let mut config = config;
        (config.public_url, config.link_url, config.bind) = (ports.public_url, ports.link_url, ports.bind);
        let pool = start::Reach::at(&database).unwrap().pool(&config).await.unwrap();
        let random = Random::from_os();
        let app = start::app(
            config,
            Ingredients {
                pool,
                keys,
                mail,
                clock,
                random,
            },
        )
        .unwrap();
        let links = app.config.link_url.as_str().to_owned();
        let router = icusync::routes::service(app);
        tokio::spawn(icusync::server::serve(listener, router, CancellationToken::new()));
        links
    });
    let links = futures::executor::block_on(starting).unwrap();
    (runtime, links)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_dies_between_sending_and_reading_back_leaves_a_change_that_is_found() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let (runtime, links) = mortal_instance(&world);
        let link = format!("{links}/mcp/{}", ana.link.rsplit('/').next().unwrap());
        world
            .sim
            .fault(Fault::on(BULK).delay_ms(20_000).after_writing().times(1));
        let call = tokio::spawn(async move {
            let params = json!({"name": "push_workout", "arguments": threshold("Orphan")});
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
            let sent = Mcp::client()
                .post(&link)
                .header("accept", "application/json, text/event-stream");
            sent.header("mcp-protocol-version", "2025-11-25")
                .json(&message)
                .send()
                .await
                .is_err()
        });
        while all_named(&world, ana, "Orphan").is_empty() {
            tokio::time::sleep(StdDuration::from_millis(20)).await;
        }
        runtime.shutdown_background();
        assert!(call.await.unwrap(), "nobody answers");
        let text = done(&world, &ana.link, "list_changes", json!({})).await;
        assert_says("list", &text, &["new «Orphan» 2026-12-10 Thu\tdone"]);
        // Its turn lapses.
        sqlx::query("update write_leases set until = now() - interval '1 second'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let text = done(&world, &ana.link, "push_workout", threshold("Orphan")).await;
        assert_says(
            "next",
            &text,
            &[
                "Cut off earlier: change 1, «Orphan» 2026-12-10 Thu, is on the calendar",
                "already there (change 1)",
            ],
        );
        assert_eq!(all_named(&world, ana, "Orphan").len(), 1);
        done(&world, &ana.link, "undo_change", json!({"changes": "1"})).await;
        assert!(all_named(&world, ana, "Orphan").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_from_two_instances_at_once_lands_once() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        let there = world.other_instance().await.link(&ana.link);
        for round in 0..4 {
            let name = format!("Twice {round}");
            let (one, two) = tokio::join!(
                done(&world, &ana.link, "push_workout", threshold(&name)),
                done(&world, &there, "push_workout", threshold(&name)),
            );
            let both = [one, two];
            for says in [" · 1 written · ", " · 1 already there · "] {
                assert_eq!(
                    both.iter().filter(|text| text.contains(says)).count(),
                    1,
                    "{both:?}"
                );
            }
            assert_eq!(all_named(&world, ana, &name).len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deleted_is_said_and_can_be_written_anew() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        done(&world, &ana.link, "push_workout", threshold("Gone")).await;
        let id = id_of(&world, ana, "Gone");
        assert!(world.sim.delete_event(ana.person.slug, id));
        let text = done(&world, &ana.link, "list_changes", json!({})).await;
        assert_says(
            "list",
            &text,
            &["new «Gone»", "as long as nobody changed it since"],
        );
        let no_entry =
            format!("there is no entry with the id {id} on this calendar; it may have been deleted");
        for (tool, arguments, says) in [
            (
                "undo_change",
                json!({"changes": "1"}),
                "NOT undone, the entry is not there any more: somebody deleted it",
            ),
            (
                "edit_workout",
                json!({"id": id, "new_name": "x"}),
                no_entry.as_str(),
            ),
            ("delete_workout", json!({"id": id}), no_entry.as_str()),
            (
                "edit_workout",
                json!({"date": "2026-12-10", "name": "Gone", "new_name": "x"}),
                "no entry that begins on 2026-12-10 Thu fits",
            ),
        ] {
            let text = refused(&world, &ana.link, tool, arguments).await;
            assert_says(tool, &text, &[says]);
        }
        let text = done(&world, &ana.link, "push_workout", threshold("Gone")).await;
        assert_says("anew", &text, &[" · 1 written · ", "change 2"]);
        assert_eq!(all_named(&world, ana, "Gone").len(), 1);
    })
    .await;
}

/// An edit, and whether it is what the entry holds.
type Edit = (Value, fn(&Map<String, Value>) -> bool);

#[tokio::test(flavor = "multi_thread")]
async fn where_upstream_is_not_known_either_way_is_right() {
    for (title, rules) in [
        (
            "nulls",
            Rules {
                nulls_clear: false,
                ..Rules::default()
            },
        ),
        (
            "one entry",
            Rules {
                resolve_one: false,
                ..Rules::default()
            },
        ),
    ] {
        on_saturday(async |world| {
            let ana = world.ana();
            world.let_write(ana).await;
            world.sim.rules(rules);
            let mut push = threshold("Key");
            for (field, value) in [
                ("note", json!("Seated.")),
                ("tags", json!(["a"])),
                ("color", json!("red")),
            ] {
                push["workouts"][0][field] = value;
            }
            done(&world, &ana.link, "push_workout", push).await;
            let first = entry(&world, ana, "Key");
            let id = &first["id"];
            let cases: [Edit; 3] = [
                (json!({"effort_percent": 90}), |event| {
                    steps(event)[1]["power"]["start"] == 86.0
                }),
                (json!({"drop_steps": true}), |event| {
                    steps(event).is_empty() && event["description"] == "Seated."
                }),
                (json!({"note": ""}), |event| {
                    !event["description"].as_str().unwrap().contains("Seated") && steps(event).len() == 10
                }),
            ];
            for (number, (mut arguments, is_so)) in cases.into_iter().enumerate() {
                arguments["id"] = id.clone();
                let text = done(&world, &ana.link, "edit_workout", arguments).await;
                assert_says(title, &text, &[" · changed · "]);
                let now = entry(&world, ana, "Key");
                assert!(is_so(&now), "{title}: {now:#?}");
                let undo = json!({"changes": (2 * number + 2).to_string()});
                let text = done(&world, &ana.link, "undo_change", undo).await;
                assert_says(title, &text, &["1 change undone"]);
                assert_eq!(entry(&world, ana, "Key"), first, "{title}");
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_whose_upsert_finds_nothing_there_is_still_one_entry() {
    on_saturday(async |world| {
        let ana = world.ana();
        let mut browser = free_ana(&world).await;
        let fields = [
            ("key", ana.person.api_key),
            ("choice", "changes"),
            ("may-write", "on"),
        ];
        browser.post("/connect/key", &fields).await;
        world.sim.rules(Rules {
            upsert_by_key: false,
            ..Rules::default()
        });
        // Sent once more in a safer form, and once more because nobody answered.
        for (name, fault) in [
            ("flattened", Fault::on("/events").mode(Mode::FlattenRepeats)),
            ("no answer", Fault::on(BULK).status(500).after_writing()),
            ("not done", Fault::on(BULK).status(500)),
        ] {
            world.sim.fault(fault);
            answer(&world, &ana.link, "push_workout", threshold(name)).await;
            world.sim.clear_faults();
            done(&world, &ana.link, "push_workout", threshold(name)).await;
            assert_eq!(all_named(&world, ana, name).len(), 1, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_ends_between_preview_and_confirmation_is_named_and_the_others_go_on() {
    for (title, tools) in [("narrowed", &["get_events"][..]), ("another calendar", &[])] {
        on_saturday(async |world| {
            let (ana, jack) = (world.ana(), world.jack());
            let coach = world.coaches().await[0].link.clone();
            change(&world, jack, &["push_workout"], None).await;
            let run = workout("Run", "2026-12-10", "Both", "- 40m 70-75% LTHR");
            let mut push = json!({"workouts": [run], "athletes": ["Ana", "Jack"]});
            push["confirm"] = token(&done(&world, &coach, "push_workout", push.clone()).await);
            if tools.is_empty() {
                let own =
                    json!({"category": "NOTE", "start_date_local": "2026-12-10T00:00:00", "name": "Away"});
                assert!(world.sim.add_event(jack.person.slug, own).is_some());
            } else {
                change(&world, jack, tools, None).await;
            }
            let text = done(&world, &coach, "push_workout", push).await;
            let says = if tools.is_empty() {
                "this athlete's calendar or thresholds changed since the preview"
            } else {
                "has not granted push_workout"
            };
            assert_says(title, &text, &["Ana Berger (i900001) · 1 written", says]);
            assert_eq!(
                (
                    all_named(&world, ana, "Both").len(),
                    all_named(&world, jack, "Both").len()
                ),
                (1, 0),
                "{title}"
            );
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_the_athletes_own_around_midnight_and_when_the_clocks_change() {
    test(async |world: Arc<World>| {
        let (ana, jack) = (world.ana(), world.jack());
        for seeded in [ana, jack] {
            world.let_write(seeded).await;
        }
        for (now, who, date, start) in [
            (
                "2026-11-28T12:59:59Z",
                jack,
                "2026-11-28 Sat",
                Some("2026-11-28T00:00:00"),
            ),
            ("2026-11-28T13:00:00Z", jack, "2026-11-28 Sat", None),
            (
                "2026-11-28T13:00:01Z",
                jack,
                "2026-11-29 Sun 00:30",
                Some("2026-11-29T00:30:00"),
            ),
            (
                "2026-11-28T13:00:02Z",
                ana,
                "2026-11-28 Sat",
                Some("2026-11-28T00:00:00"),
            ),
            ("2026-11-28T23:00:00Z", ana, "2026-11-28 Sat", None),
            (
                "2027-03-27T22:59:00Z",
                ana,
                "2027-03-28 Sun",
                Some("2027-03-28T00:00:00"),
            ),
            (
                "2027-03-28T21:59:00Z",
                ana,
                "2027-03-28 Sun",
                Some("2027-03-28T00:00:00"),
            ),
            ("2027-03-28T22:00:00Z", ana, "2027-03-28 Sun", None),
            (
                "2027-04-04T13:59:00Z",
                jack,
                "2027-04-04 Sun",
                Some("2027-04-04T00:00:00"),
            ),
            ("2027-04-04T14:00:00Z", jack, "2027-04-04 Sun", None),
        ] {
            world.clock.set(now.parse().unwrap());
            let name = format!("At {now}");
            let push = json!({"workouts": [workout("Run", date, &name, "- 30m 70-75% LTHR")]});
            let (text, error) = answer(&world, &who.link, "push_workout", push).await;
            assert_eq!(error, start.is_none(), "{now}: {text}");
            match start {
                Some(start) => assert_eq!(entry(&world, who, &name)["start_date_local"], start, "{now}"),
                None => assert!(
                    text.contains("must be today or later") && all_named(&world, who, &name).is_empty(),
                    "{now}: {text}"
                ),
            }
        }
    })
    .await;
}

/// Whose slug, sport, name, text, note; the text that is held, or the words of the refusal.
type Odd = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Result<&'static str, &'static str>,
);

const ODD: [Odd; 16] = [
    (
        "ana",
        "Ride",
        "🚴 Ausfahrt 通勤",
        "- 30m 60-65%",
        "Ruhig 😀\tweiter\r\nзавтра",
        Ok("Ruhig 😀 weiter\nзавтра\n\n- 30m 60-65%"),
    ),
    (
        "ana",
        "Ride",
        "CRLF",
        "Warmup\r\n- 15m 60%\r\n\r\n3x\r\n-\t5m 100%\r\n- 5m 50%\r\n",
        "",
        Ok("Warmup\n- 15m 60% intensity=warmup\n\n3x\n- 5m 100%\n- 5m 50%"),
    ),
    (
        "ana",
        "Ride",
        "Deutsch",
        "Aufwärmen\n- 15m 60%\n\nHauptteil 3x\n- 5m 100%\n- 5m 50%",
        "",
        Ok("Warmup\n- 15m 60% intensity=warmup\n\nHauptteil 3x\n- 5m 100%\n- 5m 50%"),
    ),
    ("ana", "Ride", "One", "- 1m 60%", "", Ok("- 1m 60%")),
    (
        "ana",
        "Ride",
        "Like steps",
        "- 10m 60%",
        "- 10m 90% of breakfast\n- stay calm",
        Ok("• 10m 90% of breakfast\n• stay calm\n\n- 10m 60%"),
    ),
    (
        "ana",
        "Ride",
        "Like a repeat",
        "- 10m 60%",
        "3x\n- chat",
        Err("a line of the note would become a step or a repeat"),
    ),
    ("ana", "Ride", "Prose", "", "- 10m 90%", Ok("• 10m 90%")),
    (
        "tria",
        "Swim",
        "Yards",
        "- 200yrd\n\n8x\n- 100yrd 95% Pace\n- 20s intensity=rest",
        "",
        Ok("- 200yrd\n\n8x\n- 100yrd 95% Pace\n- 20s intensity=rest"),
    ),
    ("tria", "Run", "Miles", "- 2mi 90% Pace", "", Ok("- 2mi 90% Pace")),
    (
        "nell",
        "Ride",
        "No FTP",
        "- 30m 60-65%",
        "",
        Err("there is no FTP for Ride, so this target reaches no device"),
    ),
    (
        "nell",
        "Run",
        "No LTHR",
        "- 30m 70% LTHR",
        "",
        Err("there is no LTHR for Run"),
    ),
    (
        "nell",
        "Run",
        "No pace",
        "- 30m 90% Pace",
        "",
        Err("there is no threshold pace for Run"),
    ),
    (
        "nell",
        "Run",
        "Beats",
        "- 30m 140-150bpm",
        "",
        Err("intervals.icu drops targets in bpm"),
    ),
    ("nell", "Run", "No target", "- 30m", "", Ok("- 30m")),
    (
        "bishnu",
        "Run",
        "No max HR",
        "- 30m 70-75% HR",
        "",
        Err("there is no max HR for Run"),
    ),
    ("bishnu", "Run", "Plain", "- 30m", "", Ok("- 30m")),
];

#[tokio::test(flavor = "multi_thread")]
async fn odd_input_lands_whole_or_is_refused_with_the_reason() {
    on_saturday(async |world| {
        let [ana, tria, nell, bishnu] = [world.ana(), world.tria(), world.nell(), world.bishnu()];
        for seeded in [ana, tria, nell, bishnu] {
            world.let_write(seeded).await;
        }
        for (slug, sport, name, text, note, held) in ODD {
            let who = [ana, tria, nell, bishnu]
                .into_iter()
                .find(|seeded| seeded.person.slug == slug)
                .unwrap();
            let mut given = workout(sport, "2026-12-10", name, text);
            given["note"] = json!(note);
            let (text, error) = answer(&world, &who.link, "push_workout", json!({"workouts": [given]})).await;
            match held {
                Ok(held) => assert_eq!(entry(&world, who, name)["description"], held, "{name}: {text}"),
                Err(says) => assert_says(name, &text, &["nothing was written", says]),
            }
            assert_eq!(
                (error, all_named(&world, who, name).len()),
                (held.is_err(), usize::from(held.is_ok())),
                "{name}"
            );
            let no_device = text.contains("device: none takes planned workouts");
            assert!(who.person.slug != "nell" || error || no_device, "{text}");
        }
        let long = json!({"workouts": [workout("Ride", "2026-12-10", "Long", &"- 1m 60%\n".repeat(500))]});
        let text = refused(&world, &ana.link, "push_workout", long).await;
        assert_says("long", &text, &["the text has 500 lines, more than 200"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sports_devices_and_huge_messages() {
    on_saturday(async |world| {
        let ana = world.ana();
        world.let_write(ana).await;
        for (sport, text) in [
            ("VirtualRide", "- 30m 60%"),
            ("TrailRun", "- 30m"),
            ("OpenWaterSwim", "- 1000mtr"),
            ("Rowing", "- 2000mtr"),
            ("NordicSki", "- 1h"),
            ("Yoga", "- 20m"),
            ("WeightTraining", "- 45m"),
            ("Other", "- 5m"),
        ] {
            let push = json!({"workouts": [workout(sport, "2026-12-15", sport, text)]});
            let text = done(&world, &ana.link, "push_workout", push).await;
            assert_says(sport, &text, &[" · 1 written · "]);
            assert_eq!(entry(&world, ana, sport)["type"], sport);
            assert_eq!(steps(&entry(&world, ana, sport)).len(), 1, "{sport}");
        }

        world.sim.fault(
            Fault::on(BULK)
                .mode(Mode::RefusePush)
                .body("Workout too long")
                .times(1),
        );
        let text = done(&world, &ana.link, "push_workout", threshold("Device")).await;
        assert_says(
            "push_errors",
            &text,
            &["device: «GARMIN» did not take it «Workout too long»"],
        );
        let days = |day: &str| day.parse::<NaiveDate>().unwrap();
        let before = world
            .sim
            .events(ana.person.slug, days("2026-11-01"), days("2027-12-31"))
            .len();
        let huge = json!({"workouts": [workout("Ride", "2026-12-11", "Huge", &"x".repeat(1 << 20))]});
        assert_eq!(world.mcp(&ana.link).call("push_workout", huge).await.status, 413);
        assert_eq!(
            world
                .sim
                .events(ana.person.slug, days("2026-11-01"), days("2027-12-31"))
                .len(),
            before
        );
    })
    .await;
}
