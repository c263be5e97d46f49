//! The end of an account. Hard cases 47, 121.

use std::time::Duration;

use icusync::{
    demo::seed::PASSWORD,
    guard::coaches::{self, Grantor},
    ids::AccountId,
    mail::Address,
    queries::{self, grants::Terms},
};
use icusync_sim::Fault;
use serde_json::json;

use crate::{
    database::eventually,
    world::{Browser, Page, World, test, test_with},
};

async fn delete(browser: &mut Browser) -> Page {
    browser
        .post("/account/delete", &[("password", PASSWORD), ("word", " Delete ")])
        .await
}

async fn account(world: &World) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, world.ana().person.email).await;
    account.unwrap().unwrap().id
}

/// The tables that hold something of Ana's account, by any column that could name it.
async fn traces(world: &World, account: AccountId) -> Vec<String> {
    let person = world.ana().person;
    let needles = [
        account.to_string(),
        person.email.to_owned(),
        person.athlete_id.to_owned(),
    ];
    holding(world, &needles).await
}

/// The columns, as `table.column`, that hold one of these.
async fn holding(world: &World, needles: &[String]) -> Vec<String> {
    world.logged().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns \
         join information_schema.tables using (table_schema, table_name) \
         where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&world.app.pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (table, column) in columns {
        let sql = format!("select count(*) from {table} where {column}::text = any($1)");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(needles)
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found.sort();
    found
}

/// Failed sign-ins that count for Ana's address.
async fn guesses(world: &World) -> i64 {
    sqlx::query_scalar(
        r"select count(*) from tries where subject_hash = sha256('address'::bytea || '\x00' || convert_to($1, 'UTF8'))",
    )
    .bind(world.ana().person.email)
    .fetch_one(&world.app.pool)
    .await
    .unwrap()
}

fn revokes(world: &World) -> usize {
    let requests = world.sim.requests();
    requests
        .iter()
        .filter(|request| request.method == "DELETE")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_nothing_behind_121() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let (ana, jack) = (world.ana().clone(), world.jack().clone());
            let id = account(&world).await;
            let mut browser = world.signed_in(&ana).await;
            let mut elsewhere = world.signed_in(&ana).await;
            // Something in every table: a call, a wish, an open link, a started connect, mails done and waiting, coaches with grants,
            // and one who refuses.
            world.coaches().await;
            sqlx::query(
                "with used as (insert into grant_clients (grant_id, client, first_used_at) \
                 select id, 'Claude', created_at from grants) \
                 insert into refusals (coach_id, account_id, created_at) select coach_id, account_id, created_at from grants",
            )
            .execute(&world.app.pool)
            .await
            .unwrap();
            world.mcp(&ana.link).call("get_wellness", json!({})).await;
            browser.post("/connect", &[]).await;
            world
                .browser()
                .post("/forgot", &[("email", ana.person.email)])
                .await;
            world.link_mailed_to(ana.person.email).await;
            let wish = [("email", "ana.new@example.test"), ("password", PASSWORD)];
            browser.post("/account/address", &wish).await;
            let again = [("email", ana.person.email)];
            world.browser().post("/sign-up", &again).await;
            let before = traces(&world, id).await;
            for table in [
                "accounts",
                "sessions",
                "connectors",
                "connections",
                "activity_log",
                "mail_links",
                "jobs",
                "grants",
                "refusals",
            ] {
                assert!(
                    before.iter().any(|trace| trace.starts_with(&format!("{table}."))),
                    "nothing in {table}: {before:?}"
                );
            }
            world.sim.clear_requests();

            let done = delete(&mut browser).await;
            assert_eq!(
                (done.status, done.location()),
                (303, "/account/deleted"),
                "{}",
                done.text()
            );
            assert!(browser.cookies.is_empty(), "the cookie is cleared");
            assert!(
                browser
                    .get("/account/deleted")
                    .await
                    .text()
                    .contains("Your account is deleted")
            );
            assert_eq!(traces(&world, id).await, [""; 0]);
            assert_eq!(elsewhere.get("/account").await.status, 303);
            assert_eq!(world.mcp(&ana.link).request("ping", json!({})).await.status, 404);

            let mails = world.mails_to(ana.person.email).await;
            let subjects: Vec<&str> = mails.iter().map(|mail| mail.letter.subject.as_str()).collect();
            assert_eq!(
                subjects,
                [
                    "Choose a new IcuSync password",
                    "Your IcuSync account was deleted"
                ],
                "what waited and has no more sense is not sent"
            );
            assert!(mails[1].letter.text.contains("asked intervals.icu to revoke it"));
            assert!(world.mails_to("ana.new@example.test").await.is_empty());
            assert_eq!(revokes(&world), 1);
            assert_eq!(traces(&world, id).await, [""; 0], "nor after the queue has run");

            let mut fresh = world.browser();
            let fields = [("email", ana.person.email), ("password", PASSWORD)];
            assert_eq!(fresh.post("/sign-in", &fields).await.status, 422);
            // Everyone else stays.
            let call = world.mcp(&jack.link).call("get_wellness", json!({})).await;
            assert!(!call.is_error(), "{}", call.text());
            assert_eq!(world.signed_in(&jack).await.get("/dashboard").await.status, 200);
            // And the address is free again.
            fresh.post("/sign-up", &again).await;
            assert!(
                world
                    .link_mailed_to(ana.person.email)
                    .await
                    .starts_with("/confirm/")
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_guessed_at_an_account_goes_with_it() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let guess = [
            ("email", world.ana().person.email),
            ("password", "a stranger's guess"),
        ];
        assert_eq!(world.browser().post("/sign-in", &guess).await.status, 422);
        assert_eq!(guesses(&world).await, 1);
        assert_eq!(delete(&mut browser).await.status, 303);
        assert_eq!(guesses(&world).await, 0);
    })
    .await;
}

/// Each coach gets an email; the address stays as a coach, and so does what others share with it.
#[tokio::test(flavor = "multi_thread")]
async fn coaches_are_told_and_the_address_stays_as_a_coach_121() {
    test(async |world| {
        let coaches = world.coaches().await;
        let (coach, tria) = (coaches[0].email, world.tria().clone());
        let before = world.mails_to(coach).await.len();
        // Ana is one of Tríona's athletes as a coach; her mail waits.
        let pool = &world.app.pool;
        let ana = account(&world).await;
        let from = Grantor {
            account: ana,
            email: world.ana().person.email.to_owned(),
            athlete_id: world.ana().person.athlete_id.to_owned(),
            athlete: world.ana().person.name.to_owned(),
            zone: chrono_tz::UTC,
        };
        let tools = ["get_fitness".to_owned()];
        let terms = Terms {
            tools: &tools,
            note: "",
            expires_at: None,
        };
        let to = Address::parse(tria.person.email).unwrap();
        let mut transaction = pool.begin().await.unwrap();
        coaches::invite(&mut transaction, &world.app, &from, &to, &terms)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let mut browser = world.signed_in(&tria).await;
        let page = browser.get("/account/delete").await;
        assert!(
            page.text()
                .contains("Your coach coach@example.test loses access to your training"),
            "{}",
            page.text()
        );
        assert!(page.text().contains("Your address is a coach’s, too"));
        let tria_id = queries::accounts::by_email(pool, tria.person.email)
            .await
            .unwrap()
            .unwrap()
            .id;
        assert_eq!(delete(&mut browser).await.status, 303);

        let needles = [
            tria_id.to_string(),
            tria.person.email.to_owned(),
            tria.person.athlete_id.to_owned(),
        ];
        assert_eq!(
            holding(&world, &needles).await,
            ["coaches.email", "coaches.email_key"],
            "as a coach the address stays: the owner may have it erased under My roster"
        );
        let mails = world.mails_to(coach).await;
        assert_eq!(mails.len(), before + 1);
        assert_eq!(
            mails[before].letter.subject,
            format!("{} left IcuSync", tria.person.name)
        );
        let mails = world.mails_to(tria.person.email).await;
        // The first is from before; the others are sent side by side, in whatever order.
        let mut subjects: Vec<&str> = mails[1..]
            .iter()
            .map(|mail| mail.letter.subject.as_str())
            .collect();
        subjects.sort_unstable();
        assert_eq!(
            subjects,
            [
                "Ana Berger joined your IcuSync roster",
                "Your IcuSync account was deleted"
            ],
            "the coach's other mails keep coming; the end of their own grant is not news"
        );
        let deleted = mails
            .iter()
            .find(|mail| mail.letter.subject.ends_with("was deleted"));
        let last = &deleted.unwrap().letter.text;
        assert!(
            last.contains("You are also a coach under this address") && !last.contains("last email"),
            "{last}"
        );
        let grants: i64 = sqlx::query_scalar("select count(*) from grants")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(grants, 3, "Ana's two and Jack's");
        // A coach's call for her finds nobody, and calls for the others keep working.
        let roster = queries::coaches::by_email(pool, coach).await.unwrap().unwrap().id;
        let roster = queries::grants::roster_of(pool, roster, world.clock.now())
            .await
            .unwrap();
        assert_eq!(roster.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_without_the_word_and_the_password() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let page = browser.get("/account/delete").await;
            assert!(page.text().contains("is deleted immediately"));
            for (password, word, field, words) in [
                (PASSWORD, "", "word", "Type the word delete"),
                (PASSWORD, "delete it", "word", "Type the word delete"),
                ("a wrong password", "delete", "password", "not your password"),
                ("", "delete", "password", "not your password"),
            ] {
                let page = browser
                    .post("/account/delete", &[("password", password), ("word", word)])
                    .await;
                assert_eq!(page.status, 422, "{password} {word}");
                assert_eq!(
                    page.attribute(&format!("#{field}"), "aria-invalid").as_deref(),
                    Some("true")
                );
                assert!(page.text().contains(words), "{}", page.text());
                assert_eq!(page.attribute("#word", "value").as_deref(), Some(word));
                assert_eq!(page.attribute("#password", "value"), None);
            }
            account(&world).await;
            assert_eq!(browser.get("/dashboard").await.status, 200);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_while_the_account_is_deleted_is_withheld_47() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let id = account(&world).await;
        world.sim.fault(Fault {
            delay_ms: 1500,
            ..Fault::on(&format!(
                "GET /api/v1/athlete/{}/wellness",
                world.ana().person.athlete_id
            ))
            .times(1)
        });
        world.sim.clear_requests();
        let mcp = world.mcp(&world.ana().link);
        let deleted = async {
            eventually(Duration::from_secs(5), async || !world.sim.requests().is_empty()).await;
            delete(&mut browser).await
        };
        let (call, page) = tokio::join!(mcp.call("get_wellness", json!({})), deleted);
        assert_eq!(page.status, 303);
        assert!(
            call.is_error() && call.text().starts_with("Withheld"),
            "{}",
            call.text()
        );
        assert_eq!(traces(&world, id).await, [""; 0], "the call has left no row");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_erased_and_not_revoked() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let key = world.ana().person.api_key;
        browser.post("/connect/key", &[("key", key)]).await;
        world.mails_to("nobody@example.test").await;
        world.sim.clear_requests();
        assert!(
            browser
                .get("/account/delete")
                .await
                .text()
                .contains("API key is erased here")
        );
        delete(&mut browser).await;
        let mails = world.mails_to(world.ana().person.email).await;
        assert!(
            mails[0]
                .letter
                .text
                .contains("stays valid at intervals.icu until you replace it")
        );
        assert_eq!(revokes(&world), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_that_waits_is_done_although_the_account_is_gone() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let id = account(&world).await;
        world
            .sim
            .fault(Fault::on("DELETE /api/v1/disconnect-app").status(503).times(1));
        browser.post("/disconnect", &[]).await;
        world.mails_to("nobody@example.test").await;
        assert_eq!(queries::jobs::waiting(&world.app.pool).await.unwrap(), 1);
        delete(&mut browser).await;
        assert_eq!(traces(&world, id).await, [""; 0], "it waits without a name");
        world.clock.advance(chrono::Duration::minutes(5));
        world.mails_to("nobody@example.test").await;
        let requests = world.sim.requests();
        assert!(
            requests
                .iter()
                .any(|request| request.method == "DELETE" && request.status == Some(200))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pressed_twice_at_once_it_is_done_once() {
    test(async |world| {
        let browser = world.signed_in(&world.ana().clone()).await;
        let all = futures::future::join_all((0..4).map(|_| {
            let mut browser = browser.clone();
            async move { delete(&mut browser).await.status }
        }))
        .await;
        assert!(all.contains(&303), "{all:?}");
        assert!(
            all.iter().all(|status| matches!(status, 303 | 404 | 422)),
            "{all:?}"
        );
        assert_eq!(world.mails_to(world.ana().person.email).await.len(), 1);
    })
    .await;
}
