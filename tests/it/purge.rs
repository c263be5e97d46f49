//! Nothing is kept longer than promised. The test sets the clock.

use chrono::{DateTime, Duration, Utc};
use icusync::{demo::seed::PASSWORD, jobs, queries};

use crate::world::{World, test};

/// A table, and its rows just before the time and at it.
type Rows = (&'static str, i64, i64);

async fn count(world: &World, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// `count` rows of Ana's log from `at`.
async fn fill_log(world: &World, count: i32, at: DateTime<Utc>) {
    sqlx::query(
        "insert into activity_log (id, at, account_id, athlete_id, client, tool, access, outcome, duration_ms, \
         upstream_requests) select gen_random_uuid(), $1, id, 'i1', 'c', 't', 'read', 'ok', 1, 1 \
         from accounts, generate_series(1, $2) where email_key = $3",
    )
    .bind(at)
    .bind(count)
    .bind(world.ana().person.email)
    .execute(&world.app.pool)
    .await
    .unwrap();
}

/// One change, with what is kept of it; one preview that waits.
async fn fill_changes(world: &World, at: DateTime<Utc>) {
    for sql in [
        "insert into changes (id, log_id, account_id, athlete_id, number, tool, needs, undoes, state, sealed, created_at, \
         sent_at, kept_until) select gen_random_uuid(), gen_random_uuid(), id, 'i1', 1, 'push_workout', '{push_workout}', '{}', 'held', \
         'x', $1, $1, $1 + interval '30 days' \
         from accounts limit 1",
        "insert into confirmations select 'h', id, 'w', 's', $1 + interval '10 minutes' from connectors limit 1",
    ] {
        sqlx::query(sql).bind(at).execute(&world.app.pool).await.unwrap();
    }
}

/// Leases go by the clock of the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_deleted_when_it_has_lapsed() {
    test(async |world| {
        for (holder, until) in [("i1", "+ interval '1 hour'"), ("i2", "- interval '1 second'")] {
            let sql =
                format!("insert into write_leases values ('{holder}', gen_random_uuid(), now() {until})");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&world.app.pool)
                .await
                .unwrap();
        }
        jobs::purge(&world.app).await.unwrap();
        let left: Vec<String> = sqlx::query_scalar("select athlete_id from write_leases")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(left, ["i1"]);
    })
    .await;
}

/// Two download links of Ana's, one of which is being used.
async fn fill_file_links(world: &World, at: DateTime<Utc>) {
    let made = "insert into file_links (id, hash, connector_id, account_id, connection_id, athlete_id, client, sealed, created_at,
            expires_at, used_at, running_until)
        select gen_random_uuid(), sha256(n::text::bytea), k.id, a.id, c.id, c.athlete_id, 'a client', '', $1,
            $1 + interval '10 minutes', case when n = 2 then $1 end, case when n = 2 then $1 + interval '11 minutes' end
        from generate_series(1, 2) n, accounts a join connectors k on k.account_id = a.id join connections c on c.account_id = a.id
        where a.email = $2";
    let made = sqlx::query(made).bind(at).bind(world.ana().person.email);
    assert_eq!(made.execute(&world.app.pool).await.unwrap().rows_affected(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_row_is_deleted_when_it_expires_and_not_before() {
    test(async |world| {
        let start = world.clock.now();
        let mut browser = world.signed_in(&world.ana().clone()).await;
        browser.post("/connect", &[]).await;
        browser
            .post(
                "/account/address",
                &[("email", "new@example.test"), ("password", PASSWORD)],
            )
            .await;
        world
            .browser()
            .post("/sign-up", &[("email", "stranger@example.test")])
            .await;
        world
            .browser()
            .post(
                "/sign-in",
                &[("email", "stranger@example.test"), ("password", "a wrong one")],
            )
            .await;
        world
            .browser()
            .post("/forgot", &[("email", world.ana().person.email)])
            .await;
        world.mails_to("nobody@example.test").await;
        fill_log(&world, 3, start).await;
        fill_changes(&world, start).await;
        fill_file_links(&world, start).await;
        let second = Duration::seconds(1);
        let lapses: [(Duration, &[Rows]); 9] = [
            (
                Duration::minutes(10),
                &[("oauth_states", 1, 0), ("file_links", 2, 1)],
            ),
            (Duration::minutes(10) + second, &[("confirmations", 1, 0)]),
            // One whose file was on its way until then.
            (Duration::minutes(11), &[("file_links", 1, 0)]),
            // The forgotten password and the change of address go, the sign-up stays.
            (Duration::minutes(30), &[("mail_links", 3, 1)]),
            // The wrong password counts for three things, each of the two mails to strangers for two.
            (Duration::hours(24), &[("tries", 7, 0), ("mail_links", 1, 0)]),
            (Duration::days(2) + second, &[("jobs", 3, 0)]),
            (Duration::days(14), &[("sessions", 1, 0)]),
            (
                Duration::days(30) + second,
                &[("changes where sealed is not null", 1, 0)],
            ),
            (
                Duration::days(90) + second,
                &[("activity_log", 3, 0), ("changes", 1, 0)],
            ),
        ];
        for (after, tables) in lapses {
            world.clock.set(start + after - second);
            jobs::purge(&world.app).await.unwrap();
            for (table, stays, _) in tables {
                assert_eq!(count(&world, table).await, *stays, "{table} before {after}");
            }
            world.clock.set(start + after);
            jobs::purge(&world.app).await.unwrap();
            for (table, _, goes) in tables {
                assert_eq!(count(&world, table).await, *goes, "{table} after {after}");
            }
        }
        for kept in ["accounts", "connectors", "connections"] {
            assert_eq!(count(&world, kept).await, 5, "{kept}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_daily_use_goes_after_ninety_days() {
    test(async |world| {
        let start = world.clock.now();
        let mut browser = world.signed_in(&world.ana().clone()).await;
        for day in (10..90).step_by(10) {
            world.clock.set(start + Duration::days(day));
            assert_eq!(browser.get("/account").await.status, 200);
            jobs::purge(&world.app).await.unwrap();
            assert_eq!(count(&world, "sessions").await, 1, "day {day}");
        }
        world.clock.set(start + Duration::days(90));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "sessions").await, 0);
    })
    .await;
}

/// What is in use stays; a coach without any grant is deleted, and nobody in between.
#[tokio::test(flavor = "multi_thread")]
async fn coaches_go_ninety_days_after_their_last_grant() {
    test(async |world| {
        let start = world.clock.now();
        let coaches = world.coaches().await;
        assert_eq!(
            (count(&world, "coaches").await, count(&world, "grants").await),
            (2, 4)
        );
        // Ana's is used; Jack's has a last day, after which nobody may use it; Tríona's are never used.
        sqlx::query(
            "update grants set first_used_at = $1, last_used_at = $1 from accounts a \
             where a.id = grants.account_id and a.email_key = $2",
        )
        .bind(start)
        .bind(world.ana().person.email)
        .execute(&world.app.pool)
        .await
        .unwrap();
        sqlx::query(
            "update grants set first_used_at = $1, expires_at = $2 from accounts a \
             where a.id = grants.account_id and a.email_key = $3",
        )
        .bind(start)
        .bind(start + Duration::days(10))
        .bind(world.jack().person.email)
        .execute(&world.app.pool)
        .await
        .unwrap();
        let hash = icusync::secrets::Token::mint(icusync::secrets::TokenKind::Mail, &world.app.random).hash();
        let coach = queries::coaches::by_email(&world.app.pool, coaches[0].email)
            .await
            .unwrap()
            .unwrap();
        let ends = start + Duration::minutes(30);
        queries::coaches::begin_session(&world.app.pool, hash, coach.id, start, ends)
            .await
            .unwrap();
        let second = Duration::seconds(1);
        for (after, grants, left, visits) in [
            (Duration::minutes(30) - second, 4, 2, 1),
            (Duration::minutes(30), 4, 2, 0),
            (Duration::days(90), 4, 2, 0),
            // Tríona's two invites; with them goes a coach who coached only her, whose URL nobody used.
            (Duration::days(90) + second, 2, 1, 0),
            (Duration::days(100), 2, 1, 0),
            (Duration::days(100) + second, 1, 1, 0),
            (Duration::days(1_000), 1, 1, 0),
        ] {
            world.clock.set(start + after);
            jobs::purge(&world.app).await.unwrap();
            assert_eq!(count(&world, "grants").await, grants, "grants after {after}");
            assert_eq!(count(&world, "coaches").await, left, "coaches after {after}");
            assert_eq!(
                count(&world, "coach_sessions").await,
                visits,
                "visits after {after}"
            );
        }
        let links: i64 = sqlx::query_scalar("select count(*) from connectors where coach_id is not null")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(links, 1, "the URL goes with its coach");
        // A URL in use keeps its coach, and so does a refusal, whatever the grants are.
        sqlx::query("delete from grants")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let link = queries::connectors::of_coach(&world.app.pool, coach.id)
            .await
            .unwrap()
            .unwrap();
        queries::connectors::touch(&world.app.pool, link.id, None, "Claude", world.clock.now())
            .await
            .unwrap();
        world.clock.advance(Duration::days(90));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "coaches").await, 1);
        queries::coaches::set_refuses_all(&world.app.pool, coach.id, Some(start))
            .await
            .unwrap();
        world.clock.advance(Duration::days(90));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "coaches").await, 1);
        queries::coaches::set_refuses_all(&world.app.pool, coach.id, None)
            .await
            .unwrap();
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(
            (count(&world, "coaches").await, count(&world, "connectors").await),
            (0, 5)
        );
    })
    .await;
}

/// Somebody may ask where a mail has gone; its content is erased immediately.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_failed_is_remembered_for_two_weeks() {
    test(async |world| {
        world
            .browser()
            .post("/forgot", &[("email", world.ana().person.email)])
            .await;
        sqlx::query("update jobs set payload = '\\x00'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        assert!(world.mails_to(world.ana().person.email).await.is_empty());
        let failed = "select count(*) from jobs where state = 'failed' and payload is null";
        let start = world.clock.now();
        for (after, left) in [
            (Duration::days(2) + Duration::seconds(1), 1),
            (Duration::days(14), 1),
            (Duration::days(14) + Duration::seconds(1), 0),
        ] {
            world.clock.set(start + after);
            jobs::purge(&world.app).await.unwrap();
            let there: i64 = sqlx::query_scalar(failed)
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            assert_eq!(there, left, "after {after}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_is_never_purged() {
    test(async |world| {
        world
            .browser()
            .post("/forgot", &[("email", world.ana().person.email)])
            .await;
        world.clock.advance(Duration::days(30));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(queries::jobs::waiting(&world.app.pool).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn much_goes_in_batches_on_two_instances_at_once() {
    test(async |world| {
        let now = world.clock.now();
        fill_log(&world, 4_321, now - Duration::days(91)).await;
        fill_log(&world, 7, now - Duration::days(89)).await;
        let (one, other) = tokio::join!(jobs::purge(&world.app), jobs::purge(&world.app));
        one.unwrap();
        other.unwrap();
        // An instance that met only rows of the other one leaves them alone.
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "activity_log").await, 7);
        fill_log(&world, 30, now - Duration::days(91)).await;
        for expected in [20, 10, 0] {
            let some = queries::activity_log::purge(&world.app.pool, now - Duration::days(90), 20)
                .await
                .unwrap();
            assert_eq!(some, expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_holds_is_left_for_the_next_time() {
    test(async |world| {
        fill_log(&world, 3, world.clock.now() - Duration::days(91)).await;
        let mut holder = world.app.pool.begin().await.unwrap();
        sqlx::query("select 1 from activity_log limit 1 for update")
            .execute(&mut *holder)
            .await
            .unwrap();
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "activity_log").await, 1, "nobody waits for a lock");
        holder.rollback().await.unwrap();
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(count(&world, "activity_log").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_purge_finds_its_rows_by_an_index() {
    test(async |world| {
        let mut connection = world.app.pool.acquire().await.unwrap();
        // So that a table of no rows is planned like one of many.
        sqlx::query("set enable_seqscan = off")
            .execute(&mut *connection)
            .await
            .unwrap();
        for (condition, index) in [
            ("activity_log where at < now()", "activity_log_at_idx"),
            (
                "sessions where created_at <= now() and (created_at <= now() or last_seen_at <= now())",
                "sessions_created_at_idx",
            ),
            (
                "mail_links where expires_at <= now()",
                "mail_links_expires_at_idx",
            ),
            ("tries where at <= now()", "tries_at_idx"),
            (
                "oauth_states where expires_at <= now()",
                "oauth_states_expires_at_idx",
            ),
            (
                "file_links where expires_at <= now()",
                "file_links_expires_at_idx",
            ),
            ("consents where expires_at <= now()", "consents_expires_at_idx"),
            ("jobs where finished_at < now()", "jobs_finished_at_idx"),
            (
                "coach_sessions where expires_at <= now()",
                "coach_sessions_expires_at_idx",
            ),
            (
                "grants where expires_at < now() or (first_used_at is null and invited_at < now())",
                "grants_invited_at_idx",
            ),
            ("coaches where created_at < now()", "coaches_created_at_idx"),
            (
                "changes where sealed is not null and kept_until < now()",
                "changes_kept_until_idx",
            ),
            ("changes where created_at < now()", "changes_created_at_idx"),
            ("write_leases where until < now()", "write_leases_until_idx"),
            (
                "confirmations where expires_at < now()",
                "confirmations_expires_at_idx",
            ),
        ] {
            let sql = format!("explain select 1 from {condition} limit 1000 for update skip locked");
            let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            let plan = plan.join("\n");
            assert!(plan.contains(index), "{plan}");
        }
        sqlx::query("reset all").execute(&mut *connection).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_table_that_fails_does_not_keep_the_others_from_it() {
    test(async |world| {
        world.signed_in(&world.ana().clone()).await;
        sqlx::query("alter table activity_log rename to elsewhere")
            .execute(&world.app.pool)
            .await
            .unwrap();
        world.clock.advance(Duration::days(91));
        assert!(jobs::purge(&world.app).await.is_err());
        assert_eq!(count(&world, "sessions").await, 0);
    })
    .await;
}
