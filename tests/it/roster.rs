//! A coach's connector, through its front door: who is on the roster, which athlete a call is about, what ends immediately, and
//! what the athletes see of it.

use std::sync::{Arc, LazyLock};

use chrono::Duration;
use icusync::{
    demo::seed::Seeded,
    guard::coaches,
    intervals::Area,
    mail::{Address, Why},
    permissions,
    queries::{
        self,
        coaches::Coach,
        grants::{Grant, Terms},
    },
    tool_error::ToolError,
    tools::{Answer, CATALOGUE, ROSTER, Run, Tool},
};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    database::until_waiting,
    mcp_bench::{BEGUN, Bench, OPEN, Reply, open_late, tool},
    world::{self, Mcp, World, url_of},
};

const COACH: &str = "coach@example.test";
const UNKNOWN: &str =
    "Not done: no athlete on your roster has this name or id. list_athletes names everyone on it.";

/// The first coach's connector: Ana grants everything, Jack training and fitness, Tríona fitness, wellness and calendar.
async fn coached(world: &Arc<World>) -> Mcp {
    world.mcp(&link(world).await)
}

async fn link(world: &Arc<World>) -> String {
    world.coaches().await[0].link.clone()
}

async fn coach(world: &World) -> Coach {
    let address = Address::parse(COACH).unwrap();
    queries::coaches::by_email(&world.app.pool, &address.key)
        .await
        .unwrap()
        .unwrap()
}

async fn grant(world: &World, from: &Seeded) -> Grant {
    let address = Address::parse(from.person.email).unwrap();
    let account = queries::accounts::by_email(&world.app.pool, &address.key)
        .await
        .unwrap()
        .unwrap();
    let coach = coach(world).await;
    world.grant_of(coach.id, account.id).await.unwrap()
}

pub(crate) async fn revoke(world: &World, from: &Seeded) {
    let grant = grant(world, from).await;
    let mut transaction = world.app.pool.begin().await.unwrap();
    let ended = coaches::end(&mut transaction, &world.app, &grant, Why::Revoked).await;
    assert!(ended.unwrap());
    transaction.commit().await.unwrap();
}

/// Writes what `from` grants now.
pub(crate) async fn change(world: &World, from: &Seeded, tools: &[&str], expires_in: Option<Duration>) {
    let grant = grant(world, from).await;
    let now = world.app.clock.now();
    let tools: Vec<String> = tools.iter().map(|name| (*name).to_owned()).collect();
    let terms = Terms {
        tools: &tools,
        note: "",
        expires_at: expires_in.map(|left| now + left),
    };
    let done = queries::grants::change(
        &world.app.pool,
        grant.id,
        grant.account_id,
        grant.version,
        &terms,
        now,
    )
    .await;
    assert!(done.unwrap());
}

async fn sql(world: &World, statement: &'static str) {
    sqlx::query(statement).execute(&world.app.pool).await.unwrap();
}

async fn ask(world: &World, statement: &'static str) -> Vec<String> {
    world.logged().await;
    sqlx::query_scalar(statement)
        .fetch_all(&world.app.pool)
        .await
        .unwrap()
}

/// Asks one question that must be answered.
async fn answer_of(mcp: &Mcp, tool: &str, arguments: Value) -> String {
    let call = mcp.call(tool, arguments).await;
    assert!(!call.is_error(), "{}", call.text());
    call.text().to_owned()
}

/// Asks one question that must be refused.
async fn refused(mcp: &Mcp, tool: &str, arguments: Value) -> String {
    let call = mcp.call(tool, arguments).await;
    assert!(call.is_error(), "{}", call.text());
    call.text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_list_to_an_answer_about_one_athlete() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        insta::assert_snapshot!("the_roster", answer_of(&mcp, "list_athletes", json!({})).await);
        assert!(world.sim.requests().is_empty(), "the list asks nothing upstream");
        // With three athletes a call must name one.
        let text = refused(&mcp, "get_fitness", json!({})).await;
        assert!(
            text.contains("Pass athlete") && text.contains("Ana Berger ("),
            "{text}"
        );
        for (whom, snapshot) in [
            ("ANA", "ana_selected"),
            ("jack", "jack_selected"),
            ("łuczak", "triona_selected"),
        ] {
            let text = answer_of(&mcp, "select_athlete", json!({"athlete": whom})).await;
            insta::assert_snapshot!(snapshot, text);
        }
        let text = answer_of(&mcp, "get_wellness", json!({})).await;
        let mut lines = text.lines();
        let name = format!(
            "{} ({})",
            world.tria().person.name,
            world.tria().person.athlete_id
        );
        assert_eq!(
            lines.next(),
            Some(format!("{name}, selected earlier through this connector").as_str())
        );
        assert!(lines.next().unwrap().starts_with(&format!("{name} · ")), "{text}");
        // Naming an athlete takes precedence over the selection, and does not change it.
        let text = answer_of(&mcp, "get_fitness", json!({"athlete": "jack nguyen"})).await;
        assert!(text.starts_with("Jack Nguyen (i900002) · "), "{text}");
        // The newer era too.
        let call = mcp
            .modern(
                "tools/call",
                json!({"name": "get_fitness", "arguments": {"athlete": world.ana().person.athlete_id}}),
            )
            .await;
        assert!(
            !call.is_error() && call.text().starts_with("Ana Berger (i900001) · "),
            "{}",
            call.text()
        );
        let list = answer_of(&mcp, "list_athletes", json!({})).await;
        assert!(
            list.contains(&format!("Selected through this connector: {name}, for")),
            "{list}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_asks_upstream_twice_and_is_kept_when_that_fails() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        // Rows that were refreshed this morning: every request belongs to the tool.
        sql(&world, "update connections set refreshed_at = '2026-11-21T07:00:00Z', zone = 'Europe/Berlin', zone_source = 'settings'").await;
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert_eq!(world.sim.requests().len(), 2, "{:?}", world.sim.requests());
        // Another day is another question, which no cache answers.
        world.clock.advance(Duration::days(1));
        world.sim.fault(icusync_sim::Fault::on("/wellness").status(422));
        let text = answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(text.contains("Thresholds by sport\n") && text.contains("\nform: Not done: "), "{text}");
        let text = answer_of(&mcp, "get_events", json!({})).await;
        assert!(text.starts_with("Ana Berger (i900001), selected earlier"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_was_not_granted_is_refused_with_who_can_change_that() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        let text = refused(&mcp, "get_wellness", json!({"athlete": "Jack"})).await;
        insta::assert_snapshot!(text.replace(&world.web, "https://icusync.test"));
        assert!(world.sim.requests().is_empty());
        // Another athlete's grant does not help, nor does the selection.
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert_eq!(
            refused(&mcp, "get_wellness", json!({"athlete": "jack"})).await,
            text
        );
        // A tool that this version does not know counts for nothing; one that it knows works at the next call.
        change(&world, world.jack(), &["get_wellness", "a_tool_to_come"], None).await;
        assert!(
            answer_of(&mcp, "get_wellness", json!({"athlete": "Jack"}))
                .await
                .starts_with("Jack Nguyen (i900002) · ")
        );
        let text = refused(&mcp, "get_fitness", json!({"athlete": "Jack"})).await;
        assert!(text.ends_with("Jack Nguyen granted you: get_wellness."), "{text}");
    })
    .await;
}

/// Hard cases 40 to 42: whatever the cause, nobody learns it.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_ended_expired_and_paused_are_one_answer() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        let ana = world.ana().person;
        for stranger in [
            "Nobody",
            "i999999",
            world.nell().person.name,
            world.nell().person.athlete_id,
            "0198c0de-0000-7000-8000-000000000000",
            "Ana' or 1=1 --",
            &"x".repeat(5000),
        ] {
            for tool in ["get_fitness", "select_athlete"] {
                assert_eq!(refused(&mcp, tool, json!({"athlete": stranger})).await, UNKNOWN);
            }
        }
        revoke(&world, world.jack()).await;
        change(&world, world.tria(), &["get_fitness"], Some(Duration::minutes(1))).await;
        assert!(
            answer_of(&mcp, "get_fitness", json!({"athlete": "triona"}))
                .await
                .starts_with("Tr")
        );
        world.clock.advance(Duration::minutes(1));
        for gone in [world.jack(), world.tria()] {
            for text in [gone.person.name, gone.person.athlete_id] {
                assert_eq!(
                    refused(&mcp, "get_fitness", json!({"athlete": text})).await,
                    UNKNOWN
                );
            }
        }
        // Ana's invite was never used.
        world.clock.advance(Duration::days(14));
        for text in [ana.name, ana.athlete_id] {
            let text = refused(&mcp, "get_fitness", json!({"athlete": text})).await;
            assert!(
                text.starts_with("Not done: no athlete is on your roster") && text.contains("paused"),
                "{text}"
            );
        }
        let text = refused(&mcp, "get_fitness", json!({})).await;
        assert!(
            text.starts_with("Not done: no athlete is on your roster"),
            "{text}"
        );
        let list = answer_of(&mcp, "list_athletes", json!({})).await;
        insta::assert_snapshot!(list.replace(&world.web, "https://icusync.test"));
        // Resending it resumes it.
        let invite = grant(&world, world.ana()).await;
        let now = world.app.clock.now();
        assert!(
            queries::grants::resent(&world.app.pool, invite.id, invite.account_id, now)
                .await
                .unwrap()
        );
        assert!(
            answer_of(&mcp, "get_events", json!({"athlete": "ana"}))
                .await
                .starts_with("Ana Berger (i900001) · ")
        );
        // A used grant is never paused.
        world.clock.advance(Duration::days(60));
        assert!(
            answer_of(&mcp, "get_events", json!({"athlete": "ana"}))
                .await
                .starts_with("Ana Berger (i900001) · ")
        );
    })
    .await;
}

/// Whatever Jack calls himself: what our own answers say about Ana, and what models send back, stays hers.
#[tokio::test(flavor = "multi_thread")]
async fn no_name_takes_another_athletes_place() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        // So that no row is refreshed from upstream meanwhile.
        sql(
            &world,
            "update connections set refreshed_at = '2026-11-21T07:30:00Z'",
        )
        .await;
        let (ana, jack) = (world.ana().person.athlete_id, world.jack().person.athlete_id);
        let hers = format!("Ana Berger ({ana})");
        for lie in [
            format!("Ana Berger {ana}"),
            hers.clone(),
            ana.to_owned(),
            "Ana Berger (і900001)".to_owned(),
            "Ana Berger".to_owned(),
        ] {
            sqlx::query("update connections set athlete_name = $1 where athlete_id = $2")
                .bind(&lie)
                .bind(jack)
                .execute(&world.app.pool)
                .await
                .unwrap();
            for named in [ana, &hers, &hers.replace(['(', ')'], "")] {
                let text = answer_of(&mcp, "get_fitness", json!({"athlete": named})).await;
                assert!(text.starts_with(&format!("{hers} · ")), "{lie}: {named}: {text}");
                let text = answer_of(&mcp, "select_athlete", json!({"athlete": named})).await;
                assert!(
                    text.starts_with(&format!("{hers} · selected · ")),
                    "{lie}: {text}"
                );
                let text = answer_of(&mcp, "get_roster_overview", json!({"athletes": [named]})).await;
                assert!(text.contains(ana) && !text.contains(jack), "{lie}: {text}");
            }
            let text = answer_of(&mcp, "list_athletes", json!({})).await;
            let his = text.lines().find(|line| line.ends_with(jack)).unwrap();
            assert!(!his.replace(jack, "").contains("900001"), "{his}");
            let text = answer_of(&mcp, "get_fitness", json!({"athlete": jack})).await;
            assert!(
                text.lines().next().unwrap().contains(&format!("({jack}) · ")),
                "{text}"
            );
            assert!(!text.contains(ana) && !text.contains("і900001"), "{lie}: {text}");
            let text = refused(&mcp, "get_fitness", json!({"athlete": format!("Tríona ({ana})")})).await;
            assert!(
                text.contains("do not belong together") && text.contains(&hers),
                "{text}"
            );
            assert_eq!(
                refused(&mcp, "get_fitness", json!({"athlete": "Ana Berger i9"})).await,
                UNKNOWN
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_found_without_case_and_accents_and_never_guessed() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        for text in [
            "TRÍONA",
            "triona o'shea-luczak",
            "Tri\u{301}ona O’Shea",
            "oshea",
            " luczak ",
        ] {
            let text = answer_of(&mcp, "get_fitness", json!({"athlete": text})).await;
            assert!(text.starts_with(world.tria().person.name), "{text}");
        }
        for text in ["trio", "ana jack", "berger nguyen"] {
            assert_eq!(
                refused(&mcp, "get_fitness", json!({"athlete": text})).await,
                UNKNOWN
            );
        }
        sql(
            &world,
            "update connections set athlete_name = 'Ána BERGER' where athlete_name = 'Jack Nguyen'",
        )
        .await;
        let text = refused(&mcp, "get_fitness", json!({"athlete": "ana berger"})).await;
        let (ana, jack) = (world.ana().person.athlete_id, world.jack().person.athlete_id);
        assert!(
            text.contains(&format!("Ana Berger ({ana})")) && text.contains(&format!("Ána BERGER ({jack})")),
            "{text}"
        );
        let text = answer_of(&mcp, "get_fitness", json!({"athlete": jack})).await;
        assert!(
            text.starts_with(&format!("Ána BERGER ({jack}) · "))
                || text.starts_with(&format!("Jack Nguyen ({jack}) · ")),
            "{text}"
        );
        for odd in [json!(["ana"]), json!({"name": "ana"}), json!(true)] {
            let text = refused(&mcp, "get_fitness", json!({"athlete": odd})).await;
            assert!(text.contains("athlete must be a name or an id"), "{text}");
        }
    })
    .await;
}

/// Hard cases 45 and 123: what one instance writes, the next call at the other one knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_a_change_and_a_new_url_act_on_the_next_call_of_another_instance() {
    world::test(async |world| {
        let url = link(&world).await;
        let other = world.other_instance().await;
        assert_ne!(other.web, world.web);
        let (here, there) = (world.mcp(&url), world.mcp(&other.link(&url)));
        let ana = json!({"athlete": "ana"});
        for mcp in [&here, &there] {
            answer_of(mcp, "get_wellness", ana.clone()).await;
        }
        change(&world, world.ana(), &["get_fitness"], None).await;
        for mcp in [&there, &here] {
            assert!(
                refused(mcp, "get_wellness", ana.clone())
                    .await
                    .contains("has not granted get_wellness")
            );
            answer_of(mcp, "get_fitness", ana.clone()).await;
        }
        answer_of(&here, "select_athlete", ana.clone()).await;
        assert!(
            answer_of(&there, "get_fitness", json!({}))
                .await
                .starts_with("Ana Berger (i900001), selected earlier")
        );
        revoke(&world, world.ana()).await;
        for mcp in [&there, &here] {
            assert_eq!(refused(mcp, "get_fitness", ana.clone()).await, UNKNOWN);
            assert!(
                refused(mcp, "get_fitness", json!({}))
                    .await
                    .contains("Pass athlete")
            );
            assert!(!answer_of(mcp, "list_athletes", json!({})).await.contains("Ana"));
        }
        let coach = coach(&world).await;
        let mut transaction = world.app.pool.begin().await.unwrap();
        let fresh = coaches::regenerate(&mut transaction, &world.app, coach.id)
            .await
            .unwrap()
            .unwrap();
        world.secret(fresh.rsplit('/').next().unwrap());
        transaction.commit().await.unwrap();
        for mcp in [&there, &here] {
            assert_eq!(mcp.call("list_athletes", json!({})).await.status, 404);
        }
        for mcp in [world.mcp(&other.link(&fresh)), world.mcp(&fresh)] {
            assert!(
                answer_of(&mcp, "list_athletes", json!({}))
                    .await
                    .contains("Jack Nguyen")
            );
        }
    })
    .await;
}

async fn wait(arguments: Map<String, Value>) {
    let gate = arguments["gate"].as_str().unwrap();
    BEGUN.at(gate).add_permits(1);
    OPEN.at(gate).acquire().await.unwrap().forget();
}

/// Tools that wait, under names that can be granted.
static WAITING: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    vec![
        tool(
            "get_fitness",
            &[Area::Calendar],
            Run::Read(|ask, arguments| {
                Box::pin(async move {
                    wait(arguments).await;
                    Ok(Answer {
                        text: format!("data of {}", ask.card.name),
                    })
                })
            }),
        ),
        tool(
            "get_wellness",
            &[Area::Calendar],
            Run::Read(|_, arguments| {
                Box::pin(async move {
                    wait(arguments).await;
                    Err(ToolError::Input("Not done: a word of the data".to_owned()))
                })
            }),
        ),
        tool(
            "get_events",
            &[Area::Calendar],
            Run::Write(|granted, arguments| {
                Box::pin(async move {
                    wait(arguments).await;
                    Ok(Answer {
                        text: format!("written for {}", granted.ask().card.name),
                    })
                })
            }),
        ),
    ]
});

/// The endpoint with [`WAITING`], for the first coach.
async fn bench(world: &Arc<World>) -> Bench {
    let url = link(world).await;
    let mut bench = Bench::mounted(world, &WAITING, |_| ()).await;
    bench.path = format!("/mcp/{}", url.rsplit('/').next().unwrap());
    bench
}

/// Calls `tool` for Ana, and does `meanwhile` while it runs.
async fn during(bench: &Bench, tool: &str, gate: &str, meanwhile: impl Future<Output = ()>) -> Reply {
    let running = bench.call(tool, json!({"athlete": "ana", "gate": gate}));
    let meanwhile = async {
        BEGUN.pass(gate, 1).await;
        meanwhile.await;
        open_late(gate).await;
    };
    tokio::join!(running, meanwhile).0
}

/// Hard cases 46 and 63, and similar ones: access that ended while the call ran withholds answers and errors.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_mid_call_withholds_the_answer() {
    world::test(async |world| {
        let bench = bench(&world).await;
        let everything: Vec<&str> = permissions::ALL.iter().map(|tool| tool.name).collect();
        let fine = during(&bench, "get_fitness", "coach-fine", async {}).await;
        assert_eq!(fine.result(), ("data of Ana Berger".to_owned(), false));
        let changed =
            "Withheld: Ana Berger (i900001) changed what you were granted while the call was running.";
        for tool in ["get_fitness", "get_wellness"] {
            let left: Vec<&str> = everything.iter().copied().filter(|name| *name != tool).collect();
            let reply = during(
                &bench,
                tool,
                "coach-change",
                change(&world, world.ana(), &left, None),
            )
            .await;
            assert!(
                reply.result().1 && reply.result().0.starts_with(changed),
                "{tool}: {reply:?}"
            );
            // Parts of an answer depend on another tool's grant, such as planned workouts.
            change(&world, world.ana(), &everything, None).await;
            let reply = during(
                &bench,
                tool,
                "coach-other",
                change(&world, world.ana(), &[tool], None),
            )
            .await;
            assert!(reply.result().0.starts_with(changed), "{tool}: {reply:?}");
            // More access than before removes nothing.
            let reply = during(
                &bench,
                tool,
                "coach-more",
                change(&world, world.ana(), &everything, None),
            )
            .await;
            assert!(!reply.result().0.starts_with("Withheld"), "{tool}: {reply:?}");
            change(&world, world.ana(), &everything, Some(Duration::minutes(5))).await;
            let reply = during(&bench, tool, "coach-expire", async {
                world.clock.advance(Duration::minutes(5));
            })
            .await;
            assert!(reply.result().0.starts_with(changed), "{tool}: {reply:?}");
            change(&world, world.ana(), &everything, None).await;
        }
        let outcomes = "select distinct outcome from activity_log order by 1";
        assert_eq!(bench.ask(outcomes).await, ["input", "ok", "withheld"]);
        // A connection that ended: the data is withheld, an error about it may be shown.
        let dead = "update connections set status = 'reconnect' where athlete_name = 'Ana Berger'";
        let back = "update connections set status = 'connected' where athlete_name = 'Ana Berger'";
        let reply = during(&bench, "get_fitness", "coach-dead", bench.sql(dead)).await;
        let connection = "Withheld: the connection of Ana Berger (i900001) to intervals.icu changed";
        assert!(reply.result().0.starts_with(connection), "{reply:?}");
        bench.sql(back).await;
        let reply = during(&bench, "get_wellness", "coach-error", bench.sql(dead)).await;
        assert_eq!(reply.result().0, "Not done: a word of the data");
        bench.sql(back).await;
        let somebody = "update connections set athlete_id = 'i1' where athlete_name = 'Ana Berger'";
        let reply = during(&bench, "get_fitness", "coach-somebody", bench.sql(somebody)).await;
        assert!(reply.result().0.starts_with(connection), "{reply:?}");
        bench
            .sql("update connections set athlete_id = 'i900001' where athlete_name = 'Ana Berger'")
            .await;
        let reply = during(&bench, "get_fitness", "coach-revoke", revoke(&world, world.ana())).await;
        assert!(reply.result().0.starts_with(changed), "{reply:?}");
    })
    .await;
}

/// Hard cases 47 and 63.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_and_a_new_url_in_mid_call_withhold_the_answer() {
    world::test(async |world| {
        let mut bench = bench(&world).await;
        let delete = "delete from accounts where email = 'ana@example.test'";
        let reply = during(&bench, "get_fitness", "coach-delete", bench.sql(delete)).await;
        assert!(
            reply
                .result()
                .0
                .starts_with("Withheld: Ana Berger (i900001) changed"),
            "{reply:?}"
        );
        assert_eq!(
            bench.ask("select outcome from activity_log").await,
            [""; 0],
            "the log went with the account"
        );
        for (tool, gate) in [
            ("get_fitness", "coach-new-url"),
            ("get_events", "coach-new-url-write"),
        ] {
            everything(&world, world.jack()).await;
            let running = bench.call(tool, json!({"athlete": "jack", "gate": gate}));
            let meanwhile = async {
                BEGUN.pass(gate, 1).await;
                bench
                    .sql("update connectors set token_hash = sha256(token_hash) where coach_id is not null")
                    .await;
                open_late(gate).await;
            };
            let (reply, ()) = tokio::join!(running, meanwhile);
            assert!(
                reply
                    .result()
                    .0
                    .starts_with("Withheld: this connector URL was regenerated"),
                "{reply:?}"
            );
            assert_eq!(bench.call(tool, json!({"athlete": "jack"})).await.status, 404);
            let fresh = coach(&world).await;
            let mut transaction = world.app.pool.begin().await.unwrap();
            let url = coaches::regenerate(&mut transaction, &world.app, fresh.id)
                .await
                .unwrap()
                .unwrap();
            transaction.commit().await.unwrap();
            let token = url.rsplit('/').next().unwrap();
            world.secret(token);
            bench.path = format!("/mcp/{token}");
        }
    })
    .await;
}

async fn everything(world: &World, from: &Seeded) {
    let all: Vec<&str> = permissions::ALL.iter().map(|tool| tool.name).collect();
    change(world, from, &all, None).await;
}

/// Two chats may share one URL: what one of them selected must not steer what the other one writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_its_athlete_and_is_in_the_log_before_it_leaves() {
    world::test(async |world| {
        let bench = bench(&world).await;
        let mcp = world.mcp(&format!("{}{}", world.links, bench.path));
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        let (text, error) = bench.call("get_events", json!({"gate": "never"})).await.result();
        assert!(error && text.contains("a change must name its athlete") && text.contains("Ana Berger ("), "{text}");
        let watch = async {
            let row = "select concat_ws(' ', access, outcome, athlete_id, caller) from activity_log where tool = 'get_events'";
            let id = world.ana().person.athlete_id;
            assert_eq!(bench.ask(row).await, [format!("write unfinished {id} {COACH}")]);
        };
        let reply = during(&bench, "get_events", "coach-write", watch).await;
        assert_eq!(reply.result(), ("written for Ana Berger".to_owned(), false));
        assert_eq!(bench.ask("select outcome from activity_log where tool = 'get_events'").await, ["ok"]);
        // A coach with one athlete need not name them.
        revoke(&world, world.jack()).await;
        revoke(&world, world.tria()).await;
        OPEN.at("coach-only").add_permits(1);
        let reply = bench.call("get_events", json!({"gate": "coach-only"})).await;
        assert_eq!(reply.result().0, "written for Ana Berger");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_lapses_an_hour_after_its_last_use_and_is_of_one_link() {
    world::test(async |world| {
        let seeded = world.coaches().await;
        let mcp = world.mcp(&seeded[0].link);
        let tria = world.mcp(&seeded[1].link);
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        for _ in 0..4 {
            world.clock.advance(Duration::minutes(59));
            assert!(
                answer_of(&mcp, "get_fitness", json!({}))
                    .await
                    .starts_with("Ana Berger (i900001), selected earlier")
            );
        }
        // A call that names an athlete is not a use of the selection.
        world.clock.advance(Duration::minutes(59));
        answer_of(&mcp, "get_fitness", json!({"athlete": "ana"})).await;
        world.clock.advance(Duration::minutes(1));
        assert!(
            refused(&mcp, "get_fitness", json!({}))
                .await
                .contains("Pass athlete")
        );
        assert!(
            !answer_of(&mcp, "list_athletes", json!({}))
                .await
                .contains("Selected")
        );
        // A clock that was wrong for a while does not make the selection last.
        world.clock.advance(Duration::days(1));
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        world.clock.advance(-Duration::days(1));
        assert!(
            refused(&mcp, "get_fitness", json!({}))
                .await
                .contains("Pass athlete")
        );
        // It ends with the grant, and another grant of the same athlete does not bring it back.
        answer_of(&mcp, "select_athlete", json!({"athlete": "jack"})).await;
        change(&world, world.jack(), &["get_fitness"], Some(Duration::minutes(1))).await;
        answer_of(&mcp, "get_fitness", json!({})).await;
        world.clock.advance(Duration::minutes(1));
        assert!(
            refused(&mcp, "get_fitness", json!({}))
                .await
                .contains("Pass athlete")
        );
        change(&world, world.jack(), &["get_fitness"], None).await;
        answer_of(&mcp, "select_athlete", json!({"athlete": "jack"})).await;
        revoke(&world, world.jack()).await;
        world.coaches().await;
        assert!(
            refused(&mcp, "get_fitness", json!({}))
                .await
                .contains("Pass athlete")
        );
        // It is the link's: the other coach, with one athlete, needs none.
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(
            answer_of(&tria, "get_fitness", json!({}))
                .await
                .starts_with(world.tria().person.name)
        );
        // A new URL starts without one, and what the old one selects has no effect.
        let coach = coach(&world).await;
        let mut transaction = world.app.pool.begin().await.unwrap();
        let fresh = coaches::regenerate(&mut transaction, &world.app, coach.id)
            .await
            .unwrap()
            .unwrap();
        transaction.commit().await.unwrap();
        world.secret(fresh.rsplit('/').next().unwrap());
        assert_eq!(
            mcp.call("select_athlete", json!({"athlete": "ana"})).await.status,
            404
        );
        assert!(
            refused(&world.mcp(&fresh), "get_fitness", json!({}))
                .await
                .contains("Pass athlete")
        );
    })
    .await;
}

/// A use that is noted late must not bring back the athlete whom the other chat has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_use_of_the_selection_never_undoes_a_newer_one() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        world.clock.advance(Duration::minutes(5));
        let mut calls = Vec::new();
        for _ in 0..8 {
            calls.push(answer_of(&mcp, "get_fitness", json!({})));
        }
        let select = answer_of(&mcp, "select_athlete", json!({"athlete": "jack"}));
        let (_, _) = tokio::join!(futures::future::join_all(calls), select);
        assert!(
            answer_of(&mcp, "get_fitness", json!({}))
                .await
                .starts_with("Jack Nguyen (i900002), selected")
        );
    })
    .await;
}

/// Hard case 51: a coach who trains has a connector of her own next to the coach's.
// A grant that ends takes the selection with it: selecting must not hold the link and wait for a grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_selection_does_not_delay_a_revoke() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        let (ana, jack) = (
            grant(&world, world.ana()).await,
            grant(&world, world.jack()).await,
        );
        let url = url_of(&world.database);
        let mut other = PgConnection::connect(&url).await.unwrap();
        other.execute("begin").await.unwrap();
        let hold = sqlx::query("select 1 from grants where id = $1 for update").bind(jack.id.0);
        hold.execute(&mut other).await.unwrap();
        let revoke = async {
            until_waiting(&url, 1).await;
            let end = sqlx::query("delete from grants where id = $1").bind(ana.id.0);
            assert_eq!(end.execute(&mut other).await.unwrap().rows_affected(), 1);
            other.execute("commit").await.unwrap();
        };
        let (selected, ()) = tokio::join!(mcp.call("select_athlete", json!({"athlete": "jack"})), revoke);
        assert!(!selected.is_error(), "{}", selected.text());
        let text = answer_of(&mcp, "get_fitness", json!({})).await;
        assert!(
            text.starts_with("Jack Nguyen (i900002), selected earlier"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_is_an_athlete_has_both() {
    world::test(async |world| {
        let seeded = world.coaches().await;
        let name = world.tria().person.name;
        let (coachs, own) = (world.mcp(&seeded[1].link), world.mcp(&world.tria().link));
        let with_id = format!("{name} ({})", world.tria().person.athlete_id);
        for (mcp, whose) in [(&coachs, with_id.as_str()), (&own, name)] {
            let text = answer_of(mcp, "get_wellness", json!({})).await;
            assert!(text.starts_with(&format!("{whose} · ")), "{text}");
        }
        assert!(
            answer_of(&coachs, "list_athletes", json!({}))
                .await
                .starts_with("Roster of triona@example.test · 1 athlete\n")
        );
        let rows = ask(
            &world,
            "select coalesce(caller, 'the athlete') from activity_log order by 1",
        )
        .await;
        assert_eq!(rows, ["the athlete", "triona@example.test"]);
    })
    .await;
}

/// A coach's call names its athlete in every tool, and an unknown name is refused with all the names that exist.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_argument_is_refused_by_its_name_before_anything_is_asked() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        world.with_every_group().await;
        let own = ROSTER.iter().map(|tool| (tool.name, tool.params));
        let of_one = CATALOGUE.iter().map(|tool| (tool.name(), tool.params));
        for (tool, params) in own.chain(of_one) {
            let text = refused(&mcp, tool, json!({"unheard_of": 1, "athlete": null})).await;
            // list_athletes and the overview are about everyone.
            let named = if text.contains("«athlete»") {
                "s «athlete», «unheard_of»"
            } else {
                " «unheard_of»"
            };
            let mut takes: Vec<&str> = params.iter().map(|param| param.name).collect();
            // The guide is the same for everyone.
            if tool != "get_workout_guide" && !ROSTER.iter().any(|of_all| of_all.name == tool) {
                takes.push("athlete");
            }
            if ["push_workout", "apply_plan"].contains(&tool) {
                takes.push("athletes");
            }
            if tool == "apply_plan" {
                takes.push("from");
            }
            let takes = if takes.is_empty() {
                "no arguments".to_owned()
            } else {
                takes.join(", ")
            };
            let says = format!("unknown argument{named}.");
            assert!(
                text.contains(&says) && text.ends_with(&format!(" This tool takes {takes}.")),
                "{tool}: {text}"
            );
        }
        for (tool, params) in ROSTER.iter().map(|tool| (tool.name, tool.params)) {
            for param in params {
                let text = refused(&mcp, tool, json!({param.name: {"sent": 1}})).await;
                assert!(
                    text.starts_with(&format!("Not done: {} must be ", param.name)),
                    "{tool}: {text}"
                );
            }
        }
        let text = refused(
            &mcp,
            "get_fitness",
            json!({"athlet": "ana", "oldest": "2026-11-01"}),
        )
        .await;
        assert!(
            text.contains("unknown argument «athlet». Did you mean athlete?"),
            "{text}"
        );
        assert!(world.sim.requests().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athletes_own_connector_knows_no_roster() {
    world::test(async |world| {
        let own = world.mcp(&world.ana().link);
        let list = own.request("tools/list", json!({})).await;
        let tools = list.answer["result"]["tools"].as_array().unwrap();
        let at_first = CATALOGUE
            .iter()
            .filter(|tool| !tool.permission.group.is_off_at_first());
        assert_eq!(tools.len(), at_first.count());
        assert!(
            tools
                .iter()
                .all(|tool| tool["inputSchema"]["properties"].get("athlete").is_none())
        );
        for tool in ROSTER {
            let text = refused(&own, tool.name, json!({"athlete": "ana"})).await;
            assert!(text.contains("is for coaches"), "{text}");
        }
        let text = refused(&own, "get_fitness", json!({"athlete": "ana"})).await;
        assert!(text.contains("unknown argument «athlete»"), "{text}");
    })
    .await;
}

/// Hard case 52: a client may keep the list for a day, whoever grants what meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn every_coach_has_the_same_list_and_a_private_one() {
    world::test(async |world| {
        let seeded = world.coaches().await;
        let (first, second) = (world.mcp(&seeded[0].link), world.mcp(&seeded[1].link));
        let before = first.modern("tools/list", json!({})).await.answer["result"].clone();
        assert_eq!(before["cacheScope"], "private");
        change(&world, world.ana(), &["get_fitness"], None).await;
        answer_of(&first, "select_athlete", json!({"athlete": "ana"})).await;
        for mcp in [&first, &second] {
            assert_eq!(mcp.modern("tools/list", json!({})).await.answer["result"]["tools"], before["tools"]);
            assert_eq!(mcp.request("tools/list", json!({})).await.answer["result"]["tools"], before["tools"]);
        }
        let names = |list: &Value| -> Vec<String> {
            let tools = list["result"]["tools"].as_array().unwrap();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
        };
        let at_first = CATALOGUE.iter().filter(|tool| !tool.permission.group.is_off_at_first());
        let wanted = ROSTER.iter().map(|tool| tool.name).chain(at_first.map(Tool::name));
        assert_eq!(names(&json!({"result": before})), wanted.collect::<Vec<_>>());
        // Both eras get the instructions for a coach's connector, and an athlete's connector gets the same as before.
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
        for (mcp, coach) in [(&first, true), (&world.mcp(&world.ana().link), false)] {
            let old = mcp.request("initialize", hello.clone()).await.answer["result"]["instructions"].clone();
            let new = mcp.modern("server/discover", json!({})).await.answer["result"]["instructions"].clone();
            assert_eq!(old, new);
            assert_eq!(old.as_str().unwrap().contains("select_athlete"), coach, "{old}");
        }
        // A narrowed URL keeps the roster's tools.
        let narrow = world.mcp(&format!("{}?tools=fitness,roster&readonly=1", seeded[0].link));
        let list = narrow.request("tools/list", json!({})).await.answer;
        let wanted = ROSTER.iter().map(|tool| tool.name).chain(["get_fitness", "get_power_curves"]);
        assert_eq!(names(&list), wanted.collect::<Vec<_>>());
        let text = refused(&narrow, "get_events", json!({"athlete": "ana"})).await;
        assert!(text.contains("Add the connector with the plain URL") && text.contains("/for-coaches"), "{text}");
        let unknown = first.call("push_everything", json!({"athlete": "ana"})).await;
        assert_eq!(unknown.answer["error"]["code"], -32602);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_athletes_log_names_the_coach_for_each_call() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        answer_of(&mcp, "list_athletes", json!({})).await;
        refused(&mcp, "get_fitness", json!({})).await;
        refused(&mcp, "get_fitness", json!({"athlete": "nobody"})).await;
        assert_eq!(ask(&world, "select tool from activity_log").await, [""; 0], "nobody's data was asked for");
        answer_of(&mcp, "get_fitness", json!({"athlete": "ana"})).await;
        refused(&mcp, "get_wellness", json!({"athlete": "jack"})).await;
        refused(&mcp, "get_fitness", json!({"athlete": "triona", "step": "month"})).await;
        answer_of(&mcp, "select_athlete", json!({"athlete": "jack"})).await;
        answer_of(&world.mcp(&world.ana().link), "get_fitness", json!({})).await;
        let rows = ask(
            &world,
            "select concat_ws('|', a.email, tool, access, outcome, l.athlete_id, coalesce(caller, '-'), l.coach_id is not null, client)
             from activity_log l join accounts a on a.id = l.account_id order by l.id",
        )
        .await;
        let id = |seeded: &Seeded| seeded.person.athlete_id;
        let (ana, jack, tria) = (id(world.ana()), id(world.jack()), id(world.tria()));
        let mut wanted = vec![
            format!("ana@example.test|get_fitness|read|ok|{ana}|{COACH}|t|world-test/1.0"),
            format!("jack@example.test|get_wellness|read|refused|{jack}|{COACH}|t|world-test/1.0"),
            format!("triona@example.test|get_fitness|read|input|{tria}|{COACH}|t|world-test/1.0"),
            format!("jack@example.test|select_athlete|read|ok|{jack}|{COACH}|t|world-test/1.0"),
            format!("ana@example.test|get_fitness|read|ok|{ana}|-|f|world-test/1.0"),
        ];
        // The clock does not move, so ids of one moment have no order.
        let mut rows = rows;
        rows.sort();
        wanted.sort();
        assert_eq!(rows, wanted);
        let touched = ask(&world, "select concat_ws('|', last_client, last_used_at) from connectors where coach_id is not null and last_used_at is not null").await;
        assert_eq!(touched.len(), 1, "{touched:?}");
        let used = ask(
            &world,
            "select a.email from grants g join accounts a on a.id = g.account_id join coaches c on c.id = g.coach_id
             where g.first_used_at is not null and c.email = 'coach@example.test' order by 1",
        )
        .await;
        assert_eq!(used, ["ana@example.test", "jack@example.test", "triona@example.test"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_tool_is_no_use_of_an_invite() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        refused(&mcp, "get_wellness", json!({"athlete": "jack"})).await;
        answer_of(&mcp, "list_athletes", json!({})).await;
        assert_eq!(
            ask(
                &world,
                "select id::text from grants where first_used_at is not null"
            )
            .await,
            [""; 0]
        );
        assert_eq!(ask(&world, "select client from grant_clients").await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_tells_the_athlete_once_about_each_new_client() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        let other = world.other_instance().await;
        let there = world.mcp(&other.link(&link(&world).await));
        for _ in 0..3 {
            answer_of(&mcp, "get_fitness", json!({"athlete": "ana"})).await;
            answer_of(&there, "get_events", json!({"athlete": "ana"})).await;
        }
        for version in ["claude-code 2.1.280", "claude-code 2.1.281"] {
            let (name, version) = version.split_once(' ').unwrap();
            let params = json!({"name": "get_fitness", "arguments": {"athlete": "ana"}});
            let answer = Mcp::client()
                .post(link(&world).await)
                .header("accept", "application/json, text/event-stream")
                .header("user-agent", format!("{name}/{version} (external, cli)"))
                .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200);
        }
        let clients = ask(&world, "select client from grant_clients order by 1").await;
        assert_eq!(clients, ["claude-code", "world-test"]);
        let mails = world.mails_to(world.ana().person.email).await;
        let of = |client: &str| {
            mails
                .iter()
                .filter(|mail| mail.letter.text.contains(client) && mail.letter.text.contains(COACH))
                .count()
        };
        assert_eq!((of("world-test"), of("claude-code")), (1, 1));
        assert!(mails.iter().all(|mail| !mail.letter.text.contains("2.1.28")));
        // Another athlete also gets an email about the same client.
        answer_of(&mcp, "get_fitness", json!({"athlete": "jack"})).await;
        assert_eq!(world.mails_to(world.jack().person.email).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_note_a_use_costs_no_answer() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        let mut lock = world.app.pool.begin().await.unwrap();
        sqlx::query("lock table grant_clients in access exclusive mode")
            .execute(&mut *lock)
            .await
            .unwrap();
        let began = std::time::Instant::now();
        assert!(
            answer_of(&mcp, "get_fitness", json!({"athlete": "ana"}))
                .await
                .starts_with("Ana Berger")
        );
        assert!(began.elapsed() < std::time::Duration::from_secs(10));
        lock.rollback().await.unwrap();
        answer_of(&mcp, "get_fitness", json!({"athlete": "ana"})).await;
        assert_eq!(
            ask(&world, "select client from grant_clients").await,
            ["world-test"],
            "tried again"
        );
    })
    .await;
}

/// Hard case 48.
#[tokio::test(flavor = "multi_thread")]
async fn an_ended_connection_is_reported_with_its_athlete() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        answer_of(&mcp, "get_fitness", json!({"athlete": "ana"})).await;
        world.sim.revoke(world.ana().person.token);
        for _ in 0..2 {
            let text = refused(&mcp, "get_events", json!({"athlete": "ana"})).await;
            assert!(
                text.starts_with("Not done: intervals.icu no longer accepts the connection of Ana Berger. The athlete can reconnect"),
                "{text}"
            );
        }
        assert_eq!(world.mails_to(world.ana().person.email).await.iter().filter(|mail| mail.letter.text.contains("no longer accepts")).count(), 1);
        let text = answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(text.contains("No data for now: intervals.icu no longer accepts the connection of Ana Berger"), "{text}");
        assert!(answer_of(&mcp, "list_athletes", json!({})).await.contains("\tmust reconnect\t"));
        sql(&world, "update connections set status = 'disconnected', token_sealed = null where athlete_name = 'Jack Nguyen'").await;
        let text = refused(&mcp, "get_fitness", json!({"athlete": "jack"})).await;
        assert!(text.contains("Jack Nguyen") && text.contains("The athlete can reconnect it"), "{text}");
        assert!(answer_of(&mcp, "list_athletes", json!({})).await.contains("\tnot connected\t"));
    })
    .await;
}

/// Upstream begins to refuse while select_athlete asks: the connection is marked, and the selection still succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_while_selecting_is_marked_and_said() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        answer_of(&mcp, "get_events", json!({"athlete": "ana"})).await;
        world.sim.revoke(world.ana().person.token);
        let text = answer_of(&mcp, "select_athlete", json!({"athlete": "ana"})).await;
        assert!(
            text.contains("form: Not done: intervals.icu no longer accepts the connection of Ana Berger"),
            "{text}"
        );
        assert_eq!(
            ask(
                &world,
                "select status from connections where athlete_name = 'Ana Berger'"
            )
            .await,
            ["reconnect"]
        );
    })
    .await;
}

/// Hard case 53: the same question about two athletes is two questions upstream, each with its own token.
#[tokio::test(flavor = "multi_thread")]
async fn two_athletes_never_share_an_answer() {
    world::test(async |world| {
        let mcp = coached(&world).await;
        let question = |name: &str| json!({"athlete": name, "oldest": "2026-11-01", "newest": "2026-11-10"});
        let ana = answer_of(&mcp, "get_fitness", question("ana")).await;
        let jack = answer_of(&mcp, "get_fitness", question("jack")).await;
        let rest = |text: &str| text.lines().skip(1).collect::<Vec<_>>().join("\n");
        assert_ne!(rest(&ana), rest(&jack));
        let asked: Vec<String> = world
            .sim
            .requests()
            .into_iter()
            .map(|request| request.path)
            .filter(|path| path.contains("/wellness"))
            .collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(
            asked
                .iter()
                .any(|path| path.contains(world.ana().person.athlete_id))
        );
        assert!(
            asked
                .iter()
                .any(|path| path.contains(world.jack().person.athlete_id))
        );
    })
    .await;
}
