//! The journal of changes in PostgreSQL: one change at a time for an athlete, who finds which change, what is kept and for how
//! long, what a crash leaves.

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::{DateTime, Duration, Utc};
use icusync::{
    demo::seed::{Seeded, SeededCoach},
    ids::{AccountId, ChangeId, CoachId},
    queries::{self, changes},
    start,
    words::ChangeState,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Mcp, World, test, test_with, url_of};

/// Lets the athlete's own connector change the calendar.
pub async fn let_write(world: &World, seeded: &Seeded) -> AccountId {
    let account = account(world, seeded).await;
    queries::connectors::set_may_write(&world.app.pool, account, Some(true))
        .await
        .unwrap();
    account
}

async fn account(world: &World, seeded: &Seeded) -> AccountId {
    let found = queries::accounts::by_email(&world.app.pool, seeded.person.email).await;
    found.unwrap().unwrap().id
}

/// The first coach, with these tools from every athlete of the coach.
pub async fn coach(world: &World, tools: &[&str]) -> SeededCoach {
    let coach = world.coaches().await.remove(0);
    let tools: Vec<String> = tools.iter().map(|tool| (*tool).to_owned()).collect();
    sqlx::query("update grants set tools = $1")
        .bind(tools)
        .execute(&world.app.pool)
        .await
        .unwrap();
    coach
}

/// The coach's id.
async fn id_of(world: &World, coach: &SeededCoach) -> CoachId {
    let found = queries::coaches::by_email(&world.app.pool, coach.email).await;
    found.unwrap().unwrap().id
}

pub fn workout(day: &str, name: &str) -> Value {
    json!({"workouts": [{"sport": "Ride", "date": day, "name": name, "text": "- 30m 60-65%"}]})
}

/// What stands on a day, as intervals.icu has it.
async fn calendar(world: &World, seeded: &Seeded, day: &str) -> Vec<Value> {
    let url = format!(
        "{}/api/v1/athlete/{}/events?oldest={day}&newest={day}",
        world.sim.base_url, seeded.person.athlete_id
    );
    let answer = Mcp::client()
        .get(url)
        .header("user-agent", "IcuSync tests")
        .basic_auth("API_KEY", Some(seeded.person.api_key))
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

/// The ids of the entries with this name on a day.
pub async fn named(world: &World, seeded: &Seeded, day: &str, name: &str) -> Vec<i64> {
    let all = calendar(world, seeded, day).await;
    let those = all.iter().filter(|event| event["name"] == name);
    those.map(|event| event["id"].as_i64().unwrap()).collect()
}

/// Number, state and entry of every change, oldest first.
async fn states(world: &World) -> Vec<(i32, String, Option<i64>)> {
    sqlx::query_as("select number, state, event_id from changes order by account_id, number")
        .fetch_all(&world.app.pool)
        .await
        .unwrap()
}

async fn count(world: &World, what: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

pub async fn run(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(&world.app.pool).await.unwrap();
}

/// Somebody on another instance changes this athlete's calendar, until the test says otherwise.
async fn hold_lease(world: &World, seeded: &Seeded) {
    let athlete = seeded.person.athlete_id;
    let taken = changes::take_lease(&world.app.pool, athlete, Uuid::from_u128(1), 60.0).await;
    assert!(taken.unwrap());
}

/// Every lease's time is over, by the clock of the database.
async fn lapse(world: &World) {
    run(
        world,
        "update write_leases set until = clock_timestamp() - interval '1 second'",
    )
    .await;
}

/// Until a change is in the log and waits for its lease.
async fn until_it_waits(world: &World) {
    while count(world, "activity_log where outcome = 'unfinished'").await == 0 {
        tokio::time::sleep(StdDuration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_take_turns_and_are_numbered_in_order() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let coach = coach(&world, &["push_workout"]).await;
        let other = world.other_instance().await;
        let (here, there) = (world.mcp(&ana.link), world.mcp(&other.link(&ana.link)));
        let (coached, elsewhere) = (world.mcp(&coach.link), world.mcp(&other.link(&coach.link)));
        let by_coach = |name| {
            let mut given = workout("2026-11-24", name);
            given["athlete"] = json!(ana.person.athlete_id);
            given
        };
        let all = tokio::join!(
            here.call("push_workout", workout("2026-11-24", "One")),
            there.call("push_workout", workout("2026-11-24", "Two")),
            coached.call("push_workout", by_coach("Three")),
            elsewhere.call("push_workout", by_coach("Four")),
        );
        for call in [&all.0, &all.1, &all.2, &all.3] {
            assert!(!call.is_error(), "{}", call.text());
        }
        for name in ["One", "Two", "Three", "Four"] {
            assert_eq!(named(&world, &ana, "2026-11-24", name).await.len(), 1, "{name}");
        }
        let numbers: Vec<(i32, String)> = states(&world)
            .await
            .into_iter()
            .map(|(number, state, _)| (number, state))
            .collect();
        let held = |number| (number, "held".to_owned());
        assert_eq!(numbers, [held(1), held(2), held(3), held(4)]);
        assert_eq!(
            count(&world, "write_leases").await,
            0,
            "every lease was given back"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_for_another_one_and_a_crashed_one_lapses() {
    test_with(
        |config| config.call_seconds = 5,
        async |world| {
            let (ana, jack) = (world.ana().clone(), world.jack().clone());
            let_write(&world, &ana).await;
            let_write(&world, &jack).await;
            hold_lease(&world, &ana).await;
            let (of_ana, of_jack) = (world.mcp(&ana.link), world.mcp(&jack.link));
            let mut run = workout("2026-11-24", "Mine");
            run["workouts"][0]["sport"] = json!("Run");
            run["workouts"][0]["text"] = json!("- 30m Z2 HR");
            let (waited, other) = tokio::join!(
                of_ana.call("push_workout", workout("2026-11-24", "Mine")),
                of_jack.call("push_workout", run),
            );
            assert!(
                waited.is_error()
                    && waited
                        .text()
                        .contains("another change for this athlete is still running"),
                "{}",
                waited.text()
            );
            assert!(!other.is_error(), "another athlete's lease: {}", other.text());
            assert!(named(&world, &ana, "2026-11-24", "Mine").await.is_empty());

            lapse(&world).await;
            let after = of_ana.call("push_workout", workout("2026-11-24", "Mine")).await;
            assert!(!after.is_error(), "{}", after.text());
            assert_eq!(named(&world, &ana, "2026-11-24", "Mine").await.len(), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_and_one_that_somebody_had_since_is_lost() {
    test(async |world| {
        let another = start::Reach::at(&url_of(&world.database)).unwrap();
        let another = another.pool(&world.app.config).await.unwrap();
        let here = &world.app.pool;
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let take = async |pool, holder| changes::take_lease(pool, "i1", holder, 20.0).await.unwrap();
        let keep = async |pool, holder| changes::keep_lease(pool, "i1", holder, 20.0).await.unwrap();
        assert!(take(here, one).await);
        assert!(!take(&another, two).await, "on every instance");
        lapse(&world).await;
        assert!(keep(here, one).await, "it lapsed, but nobody wanted it");
        assert!(!take(&another, two).await, "it was kept");
        changes::release_lease(&another, "i1", two).await.unwrap();
        assert!(!take(&another, two).await, "only its holder gives it back");

        lapse(&world).await;
        assert!(take(&another, two).await, "it lapsed");
        assert!(!keep(here, one).await);
        changes::release_lease(&another, "i1", two).await.unwrap();
        assert!(
            !keep(here, one).await,
            "free again, but what stands there may be another's"
        );
        for round in 0..20 {
            let of = |base: u128| Uuid::from_u128(base + round);
            let (a, b) = tokio::join!(take(here, of(100)), take(&another, of(200)));
            assert!(a ^ b, "exactly one of two at once");
            for holder in [of(100), of(200)] {
                changes::release_lease(here, "i1", holder).await.unwrap();
            }
        }
        another.close().await;
    })
    .await;
}

/// How a right ends, in SQL or through the page.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Revoked,
    Narrowed,
    Expired,
    Disconnected,
    Replaced,
}

impl Ends {
    async fn end(self, world: &Arc<World>, ana: &Seeded) {
        match self {
            Self::Revoked => run(world, "delete from grants").await,
            Self::Narrowed => run(world, "update grants set tools = '{get_events}'").await,
            Self::Expired => run(world, "update grants set expires_at = '2026-11-21T07:00:00Z'").await,
            Self::Disconnected => {
                let mut browser = world.signed_in(ana).await;
                assert_eq!(browser.post("/disconnect", &[]).await.status, 303);
            }
            Self::Replaced => {
                run(
                    world,
                    "update connections c set athlete_id = 'i999' from accounts a \
                     where a.id = c.account_id and a.email_key like 'ana%'",
                )
                .await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_ends_before_anything_is_sent_changes_nothing() {
    for ends in [
        Ends::Revoked,
        Ends::Narrowed,
        Ends::Expired,
        Ends::Disconnected,
        Ends::Replaced,
    ] {
        test(async |world| {
            let ana = world.ana().clone();
            let coach = coach(&world, &["push_workout", "get_events"]).await;
            hold_lease(&world, &ana).await;
            let mut given = workout("2026-11-24", "Too late");
            given["athlete"] = json!(ana.person.athlete_id);
            let client = world.mcp(&coach.link);
            let (call, ()) = tokio::join!(client.call("push_workout", given), async {
                until_it_waits(&world).await;
                ends.end(&world, &ana).await;
                run(&world, "delete from write_leases").await;
            });
            assert!(call.is_error(), "{ends:?}: {}", call.text());
            assert!(
                named(&world, &ana, "2026-11-24", "Too late").await.is_empty(),
                "{ends:?}"
            );
            assert_eq!(count(&world, "changes").await, 0, "{ends:?}");
        })
        .await;
    }
}

/// Whoever ends a right waits for a change that is being written down, and then finds it: nothing of it is kept afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_depends_on_stays_until_it_is_written_down() {
    test(async |world| {
        let ana = world.ana().clone();
        let account = account(&world, &ana).await;
        let coach = coach(&world, &["push_workout"]).await;
        let coach = id_of(&world, &coach).await;
        let athlete = ana.person.athlete_id;
        let pool = &world.app.pool;
        let tools = ["push_workout".to_owned()];
        let mut writes = pool.begin().await.unwrap();
        let last = changes::next_numbers(&mut *writes, account, 2).await.unwrap();
        assert_eq!(last, Some(2));
        assert!(changes::is_shown(&mut *writes, account, athlete).await.unwrap());
        let granted =
            changes::is_granted(&mut *writes, coach, account, athlete, &tools, world.clock.now()).await;
        assert!(granted.unwrap());
        for ends in [
            "delete from grants",
            "update grants set tools = '{}'",
            "update connections set status = 'disconnected', token_sealed = null",
            "delete from accounts",
        ] {
            let mut other = pool.begin().await.unwrap();
            sqlx::query("set local lock_timeout = '200ms'")
                .execute(&mut *other)
                .await
                .unwrap();
            let error = sqlx::query(ends).execute(&mut *other).await.unwrap_err();
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("55P03"), "{ends}");
        }
        writes.commit().await.unwrap();
        let mut after = pool.begin().await.unwrap();
        assert!(!changes::is_shown(&mut *after, account, "i999").await.unwrap());
        let other = ["delete_workout".to_owned()];
        let granted =
            changes::is_granted(&mut *after, coach, account, athlete, &other, world.clock.now()).await;
        assert!(!granted.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_finds_and_undoes_only_the_coachs_own_changes() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let coach = coach(&world, &["push_workout", "get_events"]).await;
        let (of_ana, of_coach) = (world.mcp(&ana.link), world.mcp(&coach.link));
        let hers = of_ana.call("push_workout", workout("2026-11-24", "Hers")).await;
        assert!(!hers.is_error(), "{}", hers.text());
        let mut given = workout("2026-11-25", "Coached");
        given["athlete"] = json!(ana.person.athlete_id);
        let coached = of_coach.call("push_workout", given).await;
        assert!(!coached.is_error(), "{}", coached.text());

        let about = json!({"athlete": ana.person.athlete_id});
        let list = of_coach.call("list_changes", about).await;
        assert!(
            list.text().contains("Coached") && !list.text().contains("Hers"),
            "{}",
            list.text()
        );
        let list = of_ana.call("list_changes", json!({})).await;
        assert!(
            list.text().contains("Coached")
                && list.text().contains("Hers")
                && list.text().contains(coach.email),
            "{}",
            list.text()
        );

        let undo = |number: &str| json!({"athlete": ana.person.athlete_id, "changes": number});
        let refused = of_coach.call("undo_change", undo("1")).await;
        assert!(
            refused.is_error() && !refused.text().contains("Hers"),
            "{}",
            refused.text()
        );
        assert_eq!(named(&world, &ana, "2026-11-24", "Hers").await.len(), 1);

        run(&world, "update grants set tools = '{edit_workout,get_events}'").await;
        let refused = of_coach.call("undo_change", undo("2")).await;
        assert!(refused.is_error(), "{}", refused.text());
        assert_eq!(named(&world, &ana, "2026-11-25", "Coached").await.len(), 1);

        let undone = of_ana.call("undo_change", json!({"changes": "2"})).await;
        assert!(!undone.is_error(), "{}", undone.text());
        assert!(named(&world, &ana, "2026-11-25", "Coached").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_comes_back_under_another_id_takes_its_changes_along() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let client = world.mcp(&ana.link);
        let done = async |tool: &str, given: Value| {
            let call = client.call(tool, given).await;
            assert!(!call.is_error(), "{tool}: {}", call.text());
        };
        done("push_workout", workout("2026-11-24", "Moved about")).await;
        let first = named(&world, &ana, "2026-11-24", "Moved about").await[0];
        done("delete_workout", json!({"id": first})).await;
        assert!(named(&world, &ana, "2026-11-24", "Moved about").await.is_empty());
        done("undo_change", json!({"changes": "2"})).await;
        let second = named(&world, &ana, "2026-11-24", "Moved about").await[0];
        assert_ne!(first, second, "intervals.icu mints a new id");
        let expected = |number, state: &str| (number, state.to_owned(), Some(second));
        assert_eq!(
            states(&world).await,
            [expected(1, "held"), expected(2, "undone"), expected(3, "held")]
        );
        done("undo_change", json!({"changes": "1"})).await;
        assert!(named(&world, &ana, "2026-11-24", "Moved about").await.is_empty());
        assert_eq!(states(&world).await[0].1, "undone");
        let again = client.call("undo_change", json!({"changes": "1"})).await;
        assert!(
            again.text().contains("NOT undone, it was undone already"),
            "{}",
            again.text()
        );
    })
    .await;
}

/// The token in an answer.
fn token(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        .unwrap_or_else(|| panic!("no token in {text}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_good_for_one_caller_one_range_ten_minutes_and_once() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let coach = coach(&world, &["push_workout", "delete_workout", "get_events"]).await;
        let (client, of_coach) = (world.mcp(&ana.link), world.mcp(&coach.link));
        let pushed = client.call("push_workout", workout("2027-02-03", "To go")).await;
        assert!(!pushed.is_error(), "{}", pushed.text());
        let range = |newest: &str, confirm: Option<&str>| {
            let mut given = json!({"oldest": "2027-02-01", "newest": newest});
            if let Some(token) = confirm {
                given["confirm"] = json!(token);
            }
            given
        };
        let listed = client.call("delete_workout", range("2027-02-07", None)).await;
        assert!(
            !listed.is_error() && listed.text().contains("To go"),
            "{}",
            listed.text()
        );
        let confirmed = token(listed.text());
        let is_there = async || named(&world, &ana, "2027-02-03", "To go").await.len() == 1;

        client
            .call("delete_workout", range("2027-02-08", Some(&confirmed)))
            .await;
        assert!(is_there().await, "another range");
        let mut given = range("2027-02-07", Some(&confirmed));
        given["athlete"] = json!(ana.person.athlete_id);
        of_coach.call("delete_workout", given).await;
        assert!(is_there().await, "another caller");
        world.clock.advance(Duration::minutes(10));
        client
            .call("delete_workout", range("2027-02-07", Some(&confirmed)))
            .await;
        assert!(is_there().await, "ten minutes later");

        let listed = client.call("delete_workout", range("2027-02-07", None)).await;
        let confirmed = token(listed.text());
        let gone = client
            .call("delete_workout", range("2027-02-07", Some(&confirmed)))
            .await;
        assert!(!gone.is_error(), "{}", gone.text());
        assert!(!is_there().await);
        client.call("push_workout", workout("2027-02-03", "To go")).await;
        assert!(is_there().await);
        client
            .call("delete_workout", range("2027-02-07", Some(&confirmed)))
            .await;
        assert!(is_there().await, "it was spent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_found_and_told_and_nothing_lands_twice() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let client = world.mcp(&ana.link);
        let push = async |day: &str, name: &str| {
            let call = client.call("push_workout", workout(day, name)).await;
            assert!(!call.is_error(), "{}", call.text());
            call.text().to_owned()
        };
        push("2026-11-24", "Landed").await;
        push("2026-11-25", "Never left").await;
        let id = named(&world, &ana, "2026-11-25", "Never left").await[0];
        let gone = Mcp::client()
            .delete(format!(
                "{}/api/v1/athlete/{}/events/{id}",
                world.sim.base_url, ana.person.athlete_id
            ))
            .header("user-agent", "IcuSync tests")
            .basic_auth("API_KEY", Some(ana.person.api_key))
            .send()
            .await
            .unwrap();
        assert!(gone.status().is_success());
        // As the service leaves it when it is killed between sending and reading back.
        run(
            &world,
            "update changes set state = 'sent', event_id = null, ended_at = null",
        )
        .await;

        let list = client.call("list_changes", json!({})).await;
        assert!(
            list.text().contains("the end is not known yet"),
            "{}",
            list.text()
        );
        let told = push("2026-11-26", "Next").await;
        assert!(
            told.contains("Cut off earlier: change 1") && told.contains("Not known yet: change 2:"),
            "{told}"
        );
        let state = async |number| {
            let all = states(&world).await;
            all.into_iter().find(|row| row.0 == number).unwrap().1
        };
        assert_eq!(
            (state(1).await.as_str(), state(2).await.as_str()),
            ("held", "sent")
        );

        push("2026-11-25", "Never left").await;
        push("2026-11-24", "Landed").await;
        assert_eq!(named(&world, &ana, "2026-11-24", "Landed").await.len(), 1);
        assert_eq!(named(&world, &ana, "2026-11-25", "Never left").await.len(), 1);
        assert_eq!(
            count(&world, "changes").await,
            3,
            "the change that was cut off is the one that landed"
        );
        assert_eq!(state(2).await, "held");
    })
    .await;
}

/// The one change of an account, with what the row itself says.
async fn row(world: &World) -> (ChangeId, String, Option<Vec<u8>>, bool) {
    let row: (Uuid, String, Option<Vec<u8>>, bool) =
        sqlx::query_as("select id, to_jsonb(changes)::text, sealed, fingerprint is not null from changes")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
    (ChangeId(row.0), row.1, row.2, row.3)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_sealed_and_stays_erased() {
    test(async |world| {
        let ana = world.ana().clone();
        let account = let_write(&world, &ana).await;
        let client = world.mcp(&ana.link);
        client
            .call("push_workout", workout("2026-11-24", "Nobody else's business"))
            .await;
        let (id, text, sealed, known) = row(&world).await;
        for word in ["business", "2026-11-24", "Ride", "60-65"] {
            assert!(!text.contains(word), "{word} is in the clear: {text}");
        }
        let sealed = sealed.unwrap();
        assert!(known);

        run(&world, "update changes set state = 'sent', ended_at = null").await;
        changes::erase(&world.app.pool, account).await.unwrap();
        assert_eq!(
            states(&world).await[0].1,
            "lost",
            "nobody else can find out any more"
        );
        // A change that was running when its state was erased does not bring it back.
        let ended = changes::end(
            &world.app.pool,
            id,
            ChangeState::Held,
            Some(7),
            Some(&sealed),
            world.clock.now(),
        );
        ended.await.unwrap();
        assert_eq!(states(&world).await[0].1, "held");
        let (_, _, sealed, known) = row(&world).await;
        assert!(sealed.is_none() && !known);
        let list = client.call("list_changes", json!({})).await;
        assert!(
            list.text().contains("cannot be undone any more"),
            "{}",
            list.text()
        );
        assert!(!list.text().contains("business"), "{}", list.text());
        let undo = client.call("undo_change", json!({"changes": "1"})).await;
        assert!(
            undo.text().contains("change 1: NOT undone, ")
                && undo.text().contains("cannot be undone any more"),
            "{}",
            undo.text()
        );
        assert_eq!(
            named(&world, &ana, "2026-11-24", "Nobody else's business")
                .await
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_go_after_thirty_days_and_rows_with_the_log() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let client = world.mcp(&ana.link);
        let start = world.clock.now();
        for name in ["One", "Two", "Three"] {
            client.call("push_workout", workout("2026-11-24", name)).await;
        }
        let erase = async |now: DateTime<Utc>| changes::erase_lapsed(&world.app.pool, now, 2).await.unwrap();
        let purge = async |now: DateTime<Utc>| {
            changes::purge(&world.app.pool, now - Duration::days(90), 2)
                .await
                .unwrap()
        };
        let second = Duration::seconds(1);
        assert_eq!(erase(start + Duration::days(30)).await, 0);
        let over = start + Duration::days(30) + second;
        assert_eq!(
            (erase(over).await, erase(over).await, erase(over).await),
            (2, 1, 0),
            "batch by batch"
        );
        assert_eq!(
            count(&world, "changes where sealed is null and fingerprint is null").await,
            3
        );
        assert_eq!(purge(start + Duration::days(90)).await, 0);
        let over = start + Duration::days(90) + second;
        assert_eq!((purge(over).await, purge(over).await), (2, 1));
        assert_eq!(count(&world, "changes").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_coach_is_named_in_no_change_and_the_athlete_can_undo() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let coach = coach(&world, &["push_workout"]).await;
        let mut given = workout("2026-11-24", "Coached");
        given["athlete"] = json!(ana.person.athlete_id);
        let pushed = world.mcp(&coach.link).call("push_workout", given).await;
        assert!(!pushed.is_error(), "{}", pushed.text());
        changes::forget_coach(&world.app.pool, id_of(&world, &coach).await)
            .await
            .unwrap();
        let client = world.mcp(&ana.link);
        let list = client.call("list_changes", json!({})).await;
        assert!(
            list.text().contains("a deleted coach") && !list.text().contains(coach.email),
            "{}",
            list.text()
        );
        let undone = client.call("undo_change", json!({"changes": "1"})).await;
        assert!(!undone.is_error(), "{}", undone.text());
        assert!(named(&world, &ana, "2026-11-24", "Coached").await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_has_what_is_kept_and_disconnecting_erases_it() {
    test(async |world| {
        let ana = world.ana().clone();
        let_write(&world, &ana).await;
        let client = world.mcp(&ana.link);
        client
            .call("push_workout", workout("2026-11-24", "Nobody else's business"))
            .await;
        let mut browser = world.signed_in(&ana).await;
        let page = browser.post("/account/export", &[]).await;
        let file: Value = serde_json::from_str(&page.body).unwrap();
        let change = &file["changes"][0];
        assert_eq!((&change["number"], &change["state"]), (&json!(1), &json!("held")));
        assert_eq!(change["before"], Value::Null);
        assert_eq!(change["after"]["name"], "Nobody else's business");
        assert_eq!(change["after"]["start_date_local"], "2026-11-24T00:00:00");

        assert_eq!(browser.post("/disconnect", &[]).await.status, 303);
        let (_, _, sealed, known) = row(&world).await;
        assert!(sealed.is_none() && !known);
        let page = browser.post("/account/export", &[]).await;
        assert!(!page.body.contains("business"), "{}", page.body);
        let file: Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(file["changes"][0]["number"], 1, "the row stays");
    })
    .await;
}
