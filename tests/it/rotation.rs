//! Sealing keys come and go; no sealed value is lost on the way. Hard case 120.

use std::{process::Stdio, sync::Arc};

use chrono::Duration;
use icusync::{
    app::App,
    guard::{self, connection::token_place, connector},
    ids::{ConnectionId, ConnectorId, JobId},
    jobs::{self, KeyUse},
    mail::{Address, CoachUrl, Mail, outbox},
    queries::{
        self,
        sealed::{self, Sealed, Store},
    },
    routes,
    secrets::{KeyRing, Place, Random},
    start::{self, Ingredients},
};
use serde_json::json;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::world::{World, scratch, test, url_of};

/// Two keys: `k1`, and `k2` that follows it.
struct Keys {
    old: String,
    new: String,
}

impl Keys {
    fn fresh(world: &World) -> Self {
        let old = KeyRing::generate(&world.app.random);
        let new = ring(&old).generate_another(&world.app.random);
        for key in [&old, &new] {
            world.secret(key.split_once(':').unwrap().1);
        }
        Self { old, new }
    }

    fn both(&self) -> String {
        format!("{},{}", self.new, self.old)
    }
}

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).unwrap()
}

/// An instance on the world's database and mails, with these keys.
fn instance(world: &World, keys: &str) -> App {
    let from = Ingredients {
        pool: world.app.pool.clone(),
        keys: ring(keys),
        mail: world.app.mail.clone(),
        clock: world.clock.clone(),
        random: Random::from_os(),
    };
    start::app(world.app.config.clone(), from).unwrap()
}

fn place(store: Store, row: Uuid) -> Place {
    match store {
        Store::Connections => token_place(ConnectionId(row)),
        Store::Links => connector::place(ConnectorId(row)),
        Store::Jobs => outbox::place(JobId(row)),
        Store::Changes => Place {
            table: "changes",
            row,
            column: "sealed",
        },
        Store::Identities => Place {
            table: "identities",
            row,
            column: "tokens_sealed",
        },
        Store::Totp => Place {
            table: "totp",
            row,
            column: "secret_sealed",
        },
    }
}

/// Every sealed value.
async fn values(world: &World) -> Vec<(Store, Sealed)> {
    let mut all = Vec::new();
    for &store in Store::ALL {
        let some = sealed::under_other_keys(&world.app.pool, store, b"no header", Uuid::nil(), 1_000).await;
        all.extend(some.unwrap().into_iter().map(|value| (store, value)));
    }
    all
}

/// Seals every value of the world with the first of `keys` instead of the world's own.
async fn seal_with(world: &World, keys: &KeyRing) {
    seal_with_key_of(world, &world.app.keys, keys).await;
}

/// Seals every value that `before` opens with the first of `keys`.
async fn seal_with_key_of(world: &World, before: &KeyRing, keys: &KeyRing) {
    for (store, Sealed { id, value }) in values(world).await {
        let plain = before.open(place(store, id), &value).unwrap();
        let sealed = keys.seal(place(store, id), &plain, &world.app.random);
        assert!(
            sealed::replace(&world.app.pool, store, id, &value, &sealed)
                .await
                .unwrap()
        );
    }
}

/// How many values these keys open, in their places.
async fn opened_by(world: &World, keys: &str) -> usize {
    let keys = ring(keys);
    values(world)
        .await
        .iter()
        .filter(|(store, value)| keys.open(place(*store, value.id), &value.value).is_ok())
        .count()
}

/// One change whose state before and after is kept.
async fn make_a_change(world: &Arc<World>) {
    let ana = world.ana().clone();
    world.let_write(&ana).await;
    let workout = json!({"sport": "Ride", "date": "2026-11-25", "name": "Easy", "text": "- 30m 60-65%"});
    let made = world
        .mcp(&ana.link)
        .call("push_workout", json!({"workouts": [workout]}))
        .await;
    assert!(!made.is_error(), "{}", made.text());
    // The mail about a new client.
    world.mails_to(ana.person.email).await;
}

fn used(uses: &[KeyUse]) -> Vec<(&str, u64)> {
    uses.iter().map(|key| (key.id.as_str(), key.values)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_under_the_new_key_and_the_old_one_can_go_120() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        make_a_change(&world).await;
        world
            .browser()
            .post("/forgot", &[("email", world.ana().person.email)])
            .await;
        seal_with(&world, &ring(&keys.old)).await;
        assert_eq!(
            opened_by(&world, &keys.old).await,
            12,
            "five connections, five links, a mail, a change"
        );

        let during = instance(&world, &keys.both());
        let counted = jobs::key_use(&world.app.pool, &during.keys).await.unwrap();
        assert_eq!(used(&counted), [("k2", 0), ("k1", 12)]);
        assert_eq!(jobs::idle(&counted).count(), 0);
        let after = jobs::reseal(&during).await.unwrap();
        assert_eq!(used(&after), [("k2", 12), ("k1", 0)]);
        assert_eq!(jobs::idle(&after).collect::<Vec<_>>(), ["k1"]);
        assert_eq!(opened_by(&world, &keys.new).await, 12);

        let before: Vec<Vec<u8>> = values(&world)
            .await
            .into_iter()
            .map(|(_, value)| value.value)
            .collect();
        jobs::reseal(&during).await.unwrap();
        let again: Vec<Vec<u8>> = values(&world)
            .await
            .into_iter()
            .map(|(_, value)| value.value)
            .collect();
        assert_eq!(before, again, "what is under the first key is left alone");

        // The service works with the new key alone: the mail leaves, the connection answers, the page shows the URL.
        let alone = instance(&world, &keys.new);
        assert_eq!(jobs::run_due(&alone).await.unwrap(), 1);
        assert_eq!(world.mails.all().len(), 1);
        world.link_mailed_to(world.ana().person.email).await;
        let row = queries::connections::of_account(
            &alone.pool,
            queries::accounts::by_email(&alone.pool, world.ana().person.email)
                .await
                .unwrap()
                .unwrap()
                .id,
        )
        .await
        .unwrap()
        .unwrap();
        icusync::guard::connection::usable(&alone, &row).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_url_and_the_mail_that_brings_it_outlive_a_key_120() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        let coaches = world.coaches().await;
        let coach = queries::coaches::by_email(&world.app.pool, coaches[0].email).await;
        let coach = coach.unwrap().unwrap();
        // One mail with the URL waits.
        let again = Mail::CoachUrl(CoachUrl {
            url: Some(coaches[0].link.clone()),
            athletes: vec![],
            for_coaches: "https://icusync.example/for-coaches".to_owned(),
        });
        let to = Address::parse(coaches[0].email).unwrap();
        let mut transaction = world.app.pool.begin().await.unwrap();
        outbox::enqueue(&mut transaction, &world.app, &to, None, again)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        seal_with(&world, &ring(&keys.old)).await;
        let after = jobs::reseal(&instance(&world, &keys.both())).await.unwrap();
        assert_eq!(
            used(&after),
            [("k2", 13), ("k1", 0)],
            "five connections, seven links, a mail"
        );
        let alone = instance(&world, &keys.new);
        let link = queries::connectors::of_coach(&alone.pool, coach.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            guard::connector::url(&alone, &link),
            Some(coaches[0].link.clone())
        );
        assert_eq!(jobs::run_due(&alone).await.unwrap(), 1);
        let mails = world.mails_to(coaches[0].email).await;
        assert!(mails.last().unwrap().letter.text.contains(&coaches[0].link));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_loses_nothing_and_the_rest_follows() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        seal_with(&world, &ring(&keys.old)).await;
        let during = instance(&world, &keys.both());
        // Fails at the very last value, when the others are done.
        let last = values(&world).await.into_iter().rfind(|(store, _)| *store == Store::Links).unwrap().1.id;
        for sql in [
            "create function stop() returns trigger language plpgsql as $$ begin raise 'the machine is gone'; end $$".to_owned(),
            format!(
                "create trigger stop before update on connectors for each row when (old.id = '{last}') execute function stop()"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&world.app.pool).await.unwrap();
        }
        assert!(jobs::reseal(&during).await.is_err());
        let counted = jobs::key_use(&world.app.pool, &during.keys).await.unwrap();
        assert_eq!(used(&counted), [("k2", 9), ("k1", 1)], "in the middle");
        assert_eq!(opened_by(&world, &keys.both()).await, 10, "all open");

        sqlx::query("drop trigger stop on connectors").execute(&world.app.pool).await.unwrap();
        let after = jobs::reseal(&during).await.unwrap();
        assert_eq!(used(&after), [("k2", 10), ("k1", 0)]);
        assert_eq!(opened_by(&world, &keys.new).await, 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_at_once_do_it_together() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        // More than one batch, so that the instances meet in the middle.
        sqlx::query(
            "insert into jobs (id, kind, name, payload, state, created_at, run_at) \
             select gen_random_uuid(), 'mail', 'confirm', '\\x00', 'pending', $1, $1 from generate_series(1, 450)",
        )
        .bind(world.clock.now() + Duration::days(1))
        .execute(&world.app.pool)
        .await
        .unwrap();
        let old = ring(&keys.old);
        for (store, Sealed { id, value }) in values(&world).await {
            let plain = world.app.keys.open(place(store, id), &value).unwrap_or(b"a mail".to_vec());
            let sealed = old.seal(place(store, id), &plain, &world.app.random);
            sealed::replace(&world.app.pool, store, id, &value, &sealed).await.unwrap();
        }
        let instances: Vec<App> = (0..3).map(|_| instance(&world, &keys.both())).collect();
        let all = futures::future::try_join_all(instances.iter().map(jobs::reseal)).await.unwrap();
        assert!(all.iter().any(|uses| used(uses) == [("k2", 460), ("k1", 0)]), "{all:?}");
        assert_eq!(opened_by(&world, &keys.new).await, 460);
        sqlx::query("delete from jobs").execute(&world.app.pool).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_meanwhile_is_not_overwritten() {
    test(async |world| {
        let (store, Sealed { id, value }) = values(&world).await.remove(0);
        let newer = world
            .app
            .keys
            .seal(place(store, id), b"a newer token", &world.app.random);
        let (pool, resealed) = (&world.app.pool, b"the old one, sealed again");
        assert!(sealed::replace(pool, store, id, &value, &newer).await.unwrap());
        assert!(!sealed::replace(pool, store, id, &value, resealed).await.unwrap());
        let now = values(&world).await.remove(0).1;
        assert_eq!((now.id, now.value), (id, newer));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_values_and_those_of_unknown_keys_are_left_and_reported_120() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        seal_with(&world, &ring(&keys.old)).await;
        // Ana's and Jack's tokens change places: they are under a known key, and do not open.
        sqlx::query(
            "update connections a set token_sealed = b.token_sealed from connections b
             where a.id <> b.id and a.athlete_id in ('i900001', 'i900002') and b.athlete_id in ('i900001', 'i900002')",
        )
        .execute(&world.app.pool)
        .await
        .unwrap();
        let lost = KeyRing::generate(&world.app.random).replace("k1:", "lost:");
        let link = values(&world)
            .await
            .into_iter()
            .find(|(store, _)| *store == Store::Links)
            .unwrap()
            .1;
        let gone = ring(&lost).seal(place(Store::Links, link.id), b"icul_x", &world.app.random);
        sealed::replace(&world.app.pool, Store::Links, link.id, &link.value, &gone)
            .await
            .unwrap();

        let during = instance(&world, &keys.both());
        for _ in 0..2 {
            let uses = jobs::reseal(&during).await.unwrap();
            assert_eq!(used(&uses), [("k2", 7), ("k1", 2), ("lost", 1)]);
            assert!(!uses[2].known);
            assert_eq!(jobs::idle(&uses).count(), 0, "k1 must not be called unused");
        }
        let account = queries::accounts::by_email(&during.pool, world.ana().person.email)
            .await
            .unwrap()
            .unwrap()
            .id;
        let row = queries::connections::of_account(&during.pool, account)
            .await
            .unwrap()
            .unwrap();
        assert!(
            icusync::guard::connection::usable(&during, &row).is_err(),
            "a token that was moved is refused after the rotation as before"
        );
    })
    .await;
}

/// What `/readyz` answers at an instance, and the page Status.
async fn condition(app: &App) -> (u16, String, String) {
    let get = async |path: &str| {
        let request = http::Request::get(path).header("host", app.config.public_url.authority());
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = routes::service(app.clone()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    let ((status, ready), (_, page)) = (get("/readyz").await, get("/status").await);
    (status, ready, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_lacks_a_key_says_so_and_takes_itself_out() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        seal_with(&world, &ring(&keys.old)).await;
        let (behind, ahead) = (instance(&world, &keys.old), instance(&world, &keys.both()));
        for app in [&behind, &ahead] {
            start::look_at_seals(app).await.unwrap();
            let (status, ready, page) = condition(app).await;
            assert_eq!((status, ready.as_str()), (200, "ready\n"));
            assert!(page.contains("Everything we can check works."), "{page}");
        }
        // The operator gave the new key to one of them only; that one seals with it.
        jobs::reseal(&ahead).await.unwrap();
        for app in [&behind, &ahead] {
            jobs::look_again(app, false).await.unwrap();
        }
        assert_eq!(condition(&ahead).await.0, 200);
        let (status, ready, page) = condition(&behind).await;
        assert_eq!(status, 503);
        assert!(
            ready.contains("do not open with the keys of this instance"),
            "{ready}"
        );
        assert!(
            page.contains("lacks a sealing key") && !page.contains("Everything"),
            "{page}"
        );
        // It would not start either, and says what it cannot open.
        let refused = start::look_at_seals(&instance(&world, &keys.old))
            .await
            .unwrap_err()
            .to_string();
        for words in [
            "5 connections to intervals.icu",
            "5 athletes' connector URLs",
            "the key k2",
        ] {
            assert!(refused.contains(words), "{words}: {refused}");
        }
        // Once everything is under its keys again, it recovers automatically.
        seal_with_key_of(&world, &ahead.keys, &ring(&keys.old)).await;
        jobs::look_again(&behind, false).await.unwrap();
        assert_eq!(condition(&behind).await.1, "ready\n");
        seal_with_key_of(&world, &behind.keys, &world.app.keys).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_value_takes_no_instance_out_and_is_not_called_well() {
    test(async |world| {
        start::look_at_seals(&world.app).await.unwrap();
        let (store, Sealed { id, mut value }) = values(&world).await.remove(0);
        let sound = value.clone();
        *value.last_mut().unwrap() ^= 1;
        assert!(
            sealed::replace(&world.app.pool, store, id, &sound, &value)
                .await
                .unwrap()
        );
        jobs::look_again(&world.app, true).await.unwrap();
        let (status, ready, page) = condition(&world.app).await;
        assert_eq!(status, 200);
        assert!(
            ready.contains("lost") && page.contains("Something is not working"),
            "{ready} {page}"
        );
        let refused = start::look_at_seals(&world.app).await.unwrap_err().to_string();
        assert!(refused.contains("damaged or moved"), "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn losses_are_found_in_every_table_and_under_an_id_that_is_known() {
    test(async |world| {
        world.coaches().await;
        let ana = world.ana().clone();
        world
            .browser()
            .post("/forgot", &[("email", ana.person.email)])
            .await;
        let account = queries::accounts::by_email(&world.app.pool, ana.person.email).await;
        let account = account.unwrap().unwrap().id;
        queries::connectors::set_may_write(&world.app.pool, account, Some(true))
            .await
            .unwrap();
        let workout = json!({"sport": "Ride", "date": "2026-11-24", "name": "Kept", "text": "- 30m 60-65%"});
        let client = world.mcp(&ana.link);
        let pushed = client.call("push_workout", json!({"workouts": [workout]})).await;
        assert!(!pushed.is_error(), "{}", pushed.text());
        for (store, statement) in [
            (
                Store::Identities,
                "insert into identities (id, issuer, subject, account_id, email, claims, tokens_sealed, created_at, last_used_at) \
                 values ($1, 'https://id.example', 'ana', $2, 'ana@club.example', '{}', $3, now(), now())",
            ),
            (
                Store::Totp,
                "insert into totp (id, account_id, secret_sealed, session_hash, created_at) values ($1, $2, $3, '', now())",
            ),
        ] {
            let row = Uuid::now_v7();
            let sealed = world.app.keys.seal(place(store, row), b"a value", &world.app.random);
            let inserted = sqlx::query(statement).bind(row).bind(account.0).bind(sealed);
            inserted.execute(&world.app.pool).await.unwrap();
        }
        // A different key with the same id.
        let other = ring(&KeyRing::generate(&world.app.random));
        let look = jobs::look(&world.app.pool, &other).await.unwrap();
        assert_eq!(
            look.words(),
            "5 connections to intervals.icu, 5 athletes' connector URLs, 2 coaches' connector URLs, 1 waiting email, \
             1 change that can be undone, 1 identity that has to sign in at the identity provider again, \
             1 secret of one-time codes \
             (sealed with a different key from the k1 that is set)"
        );
        let tables = sealed::all(&world.app.pool, Uuid::nil(), 1_000).await.unwrap();
        let newest = sealed::newest(&world.app.pool, 1).await.unwrap();
        for &store in Store::ALL {
            assert!(tables.iter().any(|value| value.store == store), "{store}");
            assert!(newest.iter().any(|value| value.store == store), "{store}");
        }

        // Under a new key it can still be undone.
        let keys = Keys::fresh(&world);
        seal_with(&world, &ring(&keys.old)).await;
        let during = instance(&world, &keys.both());
        jobs::reseal(&during).await.unwrap();
        let sealed = values(&world).await;
        let (_, change) = sealed.iter().find(|(store, _)| *store == Store::Changes).unwrap();
        let plain = ring(&keys.new).open(place(Store::Changes, change.id), &change.value).unwrap();
        assert!(String::from_utf8(plain).unwrap().contains("Kept"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sealed_column_is_forgotten() {
    test(async |world| {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "select table_name::text, column_name::text from information_schema.columns \
             join information_schema.tables using (table_schema, table_name) \
             where table_schema = 'public' and table_type = 'BASE TABLE' and data_type = 'bytea' \
             and table_name <> '_sqlx_migrations' order by 1, 2",
        )
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        let is_hash = |column: &str| {
            column.ends_with("_hash")
                || ["hash", "recipient", "fingerprint", "seen", "credential_id"].contains(&column)
        };
        let mut sealed: Vec<(String, String)> = columns
            .into_iter()
            .filter(|(_, column)| !is_hash(column))
            .collect();
        // Copies of tokens for a minute to ten: what a key seals is gone long before the key is.
        let short_lived = [
            ("oauth_clients", "secret_sealed"),
            ("refresh_tokens", "answer_sealed"),
            ("sign_in_requests", "code_sealed"),
            // Who waits for longer signs in again.
            ("identity_offers", "sealed"),
            ("provider_states", "sealed"),
            // A link that does not open is over; another is asked for.
            ("file_links", "sealed"),
        ];
        let before = sealed.len();
        sealed.retain(|(table, column)| !short_lived.contains(&(table.as_str(), column.as_str())));
        assert_eq!(before - sealed.len(), short_lived.len(), "one is gone");
        sealed.sort();
        let mut known: Vec<(String, String)> = Store::ALL
            .iter()
            .map(|store| {
                let (table, column) = store.place();
                // What is sealed names the place as the table was called first.
                let table = if table == "links" { "connectors" } else { table };
                (table.to_owned(), column.to_owned())
            })
            .collect();
        known.sort();
        assert_eq!(
            sealed, known,
            "a column of bytes is a hash or is in queries::sealed"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_what_each_key_still_seals() {
    test(async |world| {
        let keys = Keys::fresh(&world);
        seal_with(&world, &ring(&keys.old)).await;
        let icusync = async |arguments: &[&str], keys: &str| {
            let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_icusync"))
                .args(arguments)
                .env("DATABASE_URL", url_of(&world.database))
                .env("SEAL_KEYS", keys)
                .env("DATA_DIR", scratch("rotation"))
                .stdin(Stdio::null())
                .output()
                .await
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let said = String::from_utf8(output.stdout).unwrap();
            for key in keys.split(',') {
                assert!(
                    !said.contains(key.split_once(':').unwrap().1),
                    "a key that is in use is not printed"
                );
            }
            said
        };
        let output = icusync(&["keys", "--status"], &keys.both()).await;
        assert_eq!(
            output,
            "k2\t0 sealed values\tseals\nk1\t10 sealed values\topens, and is being replaced by the first key\n"
        );
        jobs::reseal(&instance(&world, &keys.both())).await.unwrap();
        let output = icusync(&["keys", "--status"], &keys.both()).await;
        assert_eq!(
            output,
            "k2\t10 sealed values\tseals\nk1\t0 sealed values\tno longer used: you can remove it from SEAL_KEYS\n"
        );
        let output = icusync(&["keys", "--status"], &keys.old).await;
        assert!(
            output.contains("k2\t10 sealed values\tnot in SEAL_KEYS: nobody can open them"),
            "{output}"
        );
        let fresh = icusync(&["keys"], &keys.both()).await;
        assert!(fresh.starts_with("k3:") && KeyRing::parse(fresh.trim()).is_ok());
    })
    .await;
}
