//! An account's export: all data about it, no data of anybody else, no secret. Hard case 122.

use std::collections::BTreeSet;

use icusync::{
    demo::seed::PASSWORD,
    ids::{AccountId, LogId},
    permissions::OFF_AT_FIRST,
    queries::{self, activity_log::Entry},
    secrets::{Token, TokenKind},
    words::{Access, Outcome},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    factors::with_codes,
    passkeys::{self, Authenticator, at_sign_in, send},
    world::{Browser, World, test},
};

async fn export(browser: &mut Browser) -> Value {
    let page = browser.post("/account/export", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    serde_json::from_str(&page.body).unwrap_or_else(|error| panic!("{error}: {}", page.body))
}

async fn account(world: &World, email: &str) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, email).await.unwrap();
    account.unwrap().id
}

async fn log(world: &World, account: AccountId, client: &str) {
    let entry = Entry {
        id: LogId(world.app.random.uuid(&world.clock)),
        at: world.clock.now(),
        account_id: account,
        athlete_id: world.ana().person.athlete_id.to_owned(),
        caller: None,
        coach_id: None,
        client: client.to_owned(),
        tool: "get_fitness".to_owned(),
        access: Access::Read,
        outcome: Outcome::Ok,
        duration_ms: 420,
        upstream_requests: 1,
        calls: 1,
    };
    queries::activity_log::write(&world.app.pool, &entry)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_all_the_accounts_data_and_no_secret_122() {
    test(async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut other = world.signed_in(&jack).await;
        other
            .post(
                "/account/address",
                &[("email", "jack.new@example.test"), ("password", PASSWORD)],
            )
            .await;
        world
            .mcp(&jack.link)
            .call("get_wellness", serde_json::json!({}))
            .await;

        let mut browser = world.signed_in(&ana).await;
        browser
            .post(
                "/account/address",
                &[("email", "ana.new@example.test"), ("password", PASSWORD)],
            )
            .await;
        world.link_mailed_to("ana.new@example.test").await;
        world
            .browser()
            .post("/forgot", &[("email", ana.person.email)])
            .await;
        world.link_mailed_to(ana.person.email).await;
        let state = browser.post("/connect", &[]).await;
        let state = url::Url::parse(state.location()).unwrap();
        world.secret(&state.query_pairs().find(|(name, _)| name == "state").unwrap().1);
        world
            .mcp(&ana.link)
            .call("get_wellness", serde_json::json!({}))
            .await;

        let page = browser.post("/account/export", &[]).await;
        assert_eq!(page.header("content-type"), "application/json");
        assert_eq!(
            page.header("content-disposition"),
            "attachment; filename=\"icusync-export-2026-11-21.json\""
        );
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let file: Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(file["format"], "icusync-export/6");
        assert_eq!(file["account"]["email"], ana.person.email);
        assert_eq!(file["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(file["sessions"][0]["this_one"], true);
        assert_eq!(file["sessions"][0]["browser"], "Mozilla/5.0 (Test; rv:1.0)");
        assert_eq!(file["connection"]["athlete_id"], ana.person.athlete_id);
        assert_eq!(file["connection"]["kind"], "oauth");
        assert_eq!(file["connection"]["shared"].as_array().unwrap().len(), 4);
        assert_eq!(file["connector_url"]["last_client"], "world-test/1.0");
        assert_eq!(file["connector_url"]["groups_off"], json!(OFF_AT_FIRST));
        let mut links: Vec<(&str, &str)> = file["mail_links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| (link["kind"].as_str().unwrap(), link["email"].as_str().unwrap()))
            .collect();
        // Written in one moment of the test's clock, they have no order.
        links.sort_unstable();
        assert_eq!(
            links,
            [("address", "ana.new@example.test"), ("reset", ana.person.email)]
        );
        let mut jobs: Vec<&str> = file["mails_and_revokes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["name"].as_str().unwrap())
            .collect();
        // Written in one moment of the test's clock, they have no order.
        jobs.sort_unstable();
        assert_eq!(jobs, ["new_address", "reset"]);
        assert_eq!(file["activity_log"].as_array().unwrap().len(), 1);
        assert_eq!(file["activity_log"][0]["tool"], "get_wellness");
        assert_eq!(file["activity_log"][0]["caller"], Value::Null);

        let secrets = world.secrets();
        assert!(secrets.len() > 8);
        for secret in secrets {
            assert!(!page.body.contains(&secret), "a secret is in the export");
        }
        for never in [
            "icul_",
            "icus_",
            "icum_",
            "icuo_",
            "$argon2",
            "hash",
            "sealed",
            "payload",
            jack.person.email,
            jack.person.athlete_id,
            "jack.new@",
            ana.person.private_email,
            ana.person.invite_token,
        ] {
            assert!(!page.body.contains(never), "{never} is in the export");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_there_row_by_row_newest_first() {
    test(async |world| {
        let (ana, jack) = (
            account(&world, world.ana().person.email).await,
            account(&world, world.jack().person.email).await,
        );
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let none = export(&mut browser).await;
        assert_eq!(none["activity_log"], serde_json::json!([]));
        // One more than two of the pieces that the file is read in.
        for count in [500, 1_001] {
            sqlx::query("delete from activity_log")
                .execute(&world.app.pool)
                .await
                .unwrap();
            for n in 0..count {
                world.clock.advance(chrono::Duration::milliseconds(1));
                log(&world, ana, &format!("«client» \"{n}\" \u{1F6B4}")).await;
            }
            log(&world, jack, "not hers").await;
            let file = export(&mut browser).await;
            let clients: Vec<&str> = file["activity_log"]
                .as_array()
                .unwrap()
                .iter()
                .map(|call| call["client"].as_str().unwrap())
                .collect();
            let expected: Vec<String> = (0..count)
                .rev()
                .map(|n| format!("«client» \"{n}\" \u{1F6B4}"))
                .collect();
            assert_eq!(clients, expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_never_connected_has_an_export_too() {
    test(async |world| {
        sqlx::query("delete from connections")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let file = export(&mut browser).await;
        assert_eq!(file["connection"], Value::Null);
        assert_eq!(file["connector_url"]["last_used_at"], Value::Null);
    })
    .await;
}

/// What an athlete shares with coaches, what the address is as a coach, and nothing about the others but their names.
#[tokio::test(flavor = "multi_thread")]
async fn coaches_and_coaching_are_in_it() {
    test(async |world| {
        let coaches = world.coaches().await;
        let pool = &world.app.pool;
        let (ana, tria) = (world.ana().clone(), world.tria().clone());
        let coach = queries::coaches::by_email(pool, coaches[0].email)
            .await
            .unwrap()
            .unwrap();
        let self_coach = queries::coaches::by_email(pool, tria.person.email)
            .await
            .unwrap()
            .unwrap();
        let tria_id = account(&world, tria.person.email).await;
        let ana_id = account(&world, ana.person.email).await;
        let now = world.clock.now();
        let grant = world.grant_of(coach.id, tria_id).await.unwrap();
        queries::grants::used(pool, grant.id, "Claude 1.0", now)
            .await
            .unwrap();
        queries::grants::first_use_by(pool, grant.id, "Claude", now, 10)
            .await
            .unwrap();
        queries::coaches::refuse(pool, coach.id, tria_id, now)
            .await
            .unwrap();
        // A refused athlete is remembered by the name that the coach knew from a grant.
        for statement in [
            "insert into grants (id, coach_id, account_id, athlete_id, athlete_name, tools, note, created_at, invited_at) \
             select gen_random_uuid(), $1, $2, 'i900001', 'Ana Berger', '{}', '', now(), now()",
            "insert into refusals (coach_id, account_id, athlete_name, created_at) \
             select coach_id, account_id, athlete_name, now() from grants where coach_id = $1 and account_id = $2",
            "delete from grants where coach_id = $1 and account_id = $2",
        ] {
            let query = sqlx::query(statement).bind(self_coach.id.0).bind(ana_id.0);
            query.execute(pool).await.unwrap();
        }
        let own = world.grant_of(self_coach.id, tria_id).await.unwrap();
        let token = coaches[1].link.rsplit('/').next().unwrap();
        let hash = Token::parse(TokenKind::Link, token).unwrap().hash();
        assert!(queries::connectors::select(pool, hash, own.id, now).await.unwrap());

        let mut browser = world.signed_in(&tria).await;
        let page = browser.post("/account/export", &[]).await;
        let file: Value = serde_json::from_str(&page.body).unwrap();
        // Granted in one moment of the test's clock, they have no order.
        let mut grants = file["grants"].as_array().unwrap().clone();
        grants.sort_by_key(|grant| grant["coach"].to_string());
        let to: Vec<&str> = grants
            .iter()
            .map(|grant| grant["coach"].as_str().unwrap())
            .collect();
        assert_eq!(to, [coaches[0].email, tria.person.email]);
        assert_eq!(grants[0]["version"], 1);
        assert_eq!(grants[0]["last_client"], "Claude 1.0");
        assert_eq!(grants[0]["clients"][0]["client"], "Claude");
        assert_eq!(grants[0]["clients"][0]["first_used_at"], "2026-11-21T08:00:00Z");
        assert_eq!(grants[1]["clients"], serde_json::json!([]));
        assert!(
            grants[0]["tools"]
                .as_array()
                .unwrap()
                .iter()
                .any(|tool| tool == "get_wellness")
        );
        assert_eq!(file["refused_by_coaches"].as_array().unwrap().len(), 1);
        assert_eq!(file["refused_by_coaches"][0]["coach"], coaches[0].email);
        let role = &file["as_a_coach"];
        assert_eq!(role["email"], tria.person.email);
        assert_eq!(role["athletes"][0]["athlete_name"], tria.person.name);
        assert_eq!(role["athletes"].as_array().unwrap().len(), 1);
        assert_eq!(role["refuses"][0]["athlete_name"], ana.person.name);
        assert_eq!(role["connector_url"]["selected"], tria.person.name);
        assert_eq!(role["refuses_all_since"], Value::Null);
        for secret in world.secrets() {
            assert!(!page.body.contains(&secret), "a secret is in the export");
        }
        for never in [
            "icul_",
            ana.person.email,
            ana.person.athlete_id,
            world.jack().person.name,
        ] {
            assert!(!page.body.contains(never), "{never} is in the export");
        }

        let mut browser = world.signed_in(&ana).await;
        let file = export(&mut browser).await;
        assert_eq!(file["as_a_coach"], Value::Null);
        assert_eq!(file["grants"].as_array().unwrap().len(), 1);
        assert_eq!(file["refused_by_coaches"][0]["coach"], tria.person.email);
    })
    .await;
}

/// The apps, choices and log of the person, as an athlete and as a coach, and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_in_it_without_their_tokens() {
    test(async |world| {
        world.coaches().await;
        let (tria, jack) = (world.tria().clone(), world.jack().clone());
        let (program, tokens) = world.app_of(&tria, true).await;
        let call = program.mcp(tokens.access());
        assert!(!call.call("get_wellness", serde_json::json!({})).await.is_error());
        world.app_of(&jack, false).await;
        let (program, tokens) = world.app_of_coach(tria.person.email, false).await;
        let select = serde_json::json!({"athlete": tria.person.name});
        let selected = program.mcp(tokens.access()).call("select_athlete", select).await;
        assert!(!selected.is_error(), "{}", selected.text());

        let mut browser = world.signed_in(&tria).await;
        let page = browser.post("/account/export", &[]).await;
        let file: Value = serde_json::from_str(&page.body).unwrap();
        let apps = file["connected_apps"].as_array().unwrap();
        assert_eq!(apps.len(), 1, "{apps:?}");
        for (name, value) in [
            ("name", serde_json::json!("Claude")),
            ("sent_to", serde_json::json!("claude.ai")),
            ("allowed_at", serde_json::json!("2026-11-21T08:00:00Z")),
            ("first_used_at", serde_json::json!("2026-11-21T08:00:00Z")),
            ("last_client", serde_json::json!("world-test/1.0")),
            ("allowed_at_first", serde_json::json!("read write")),
            ("may_change_calendar", serde_json::json!(true)),
            ("selected", Value::Null),
        ] {
            assert_eq!(apps[0][name], value, "{name}");
        }
        assert_eq!(file["sign_in_choices"][0]["client"], "claude.ai: Claude");
        let log = file["sign_in_log"].as_array().unwrap();
        assert!(
            log.iter()
                .any(|row| row["client"] == "Claude (claude.ai)" && row["outcome"] == "granted"),
            "{log:?}"
        );
        assert!(log.iter().any(|row| row["client"].is_null()), "{log:?}");
        let role = &file["as_a_coach"];
        assert_eq!(role["connected_apps"][0]["selected"], tria.person.name);
        assert_eq!(role["connected_apps"].as_array().unwrap().len(), 1);
        assert_eq!(role["sign_in_log"].as_array().unwrap().len(), 1);
        assert_eq!(role["sign_in_choices"][0]["may_write"], false);
        for secret in world.secrets() {
            assert!(!page.body.contains(&secret), "a secret is in the export");
        }
        for never in ["icua_", "icur_", "icuc_", "hash", "sealed"] {
            assert!(!page.body.contains(never), "{never} is in the export");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn factors_are_in_it_without_what_they_are_checked_with() {
    test(async |world| {
        let (mut browser, _, codes) = with_codes(&world, &world.ana().clone()).await;
        let mut key = Authenticator::new(&world);
        let added = passkeys::add(&mut browser, &mut key).await;
        assert_eq!(
            added.location(),
            "/account/factors?done=passkey",
            "{}",
            added.text()
        );
        passkeys::with_passkey(&world, &world.jack().clone()).await;
        world.clock.advance(chrono::Duration::hours(1));
        let (mut other, asked) = at_sign_in(&world).await;
        let inside = send(&mut other, &asked, &key.get(&asked)).await;
        assert_eq!(inside.location(), "/dashboard", "{}", inside.text());

        let page = other.post("/account/export", &[]).await;
        let file: Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(
            file["two_step_sign_in"],
            serde_json::json!({
                "codes_of_an_app_since": "2026-11-21T08:00:00Z",
                "recovery_codes_left": 10,
                "open_recovery": null,
                "passkeys": [{
                    "name": "Software key",
                    "credential_id": passkeys::encode(&key.id),
                    "algorithm": "ES256",
                    "signs_in_without_an_address": true,
                    "added_at": "2026-11-21T08:00:00Z",
                    "last_used_at": "2026-11-21T09:00:00Z",
                }],
            })
        );
        let here = file["sessions"].as_array().unwrap().iter();
        let here = here
            .filter(|session| session["this_one"] == true)
            .collect::<Vec<_>>();
        assert_eq!(here.len(), 1);
        for (name, value) in [
            ("way", "passkey"),
            ("second_step", "passkey"),
            ("second_step_at", "2026-11-21T09:00:00Z"),
        ] {
            assert_eq!(here[0][name], value, "{name}");
        }
        let newest = &file["sign_in_log"][0];
        assert_eq!(
            (&newest["way"], &newest["factor"]),
            (&here[0]["way"], &here[0]["second_step"])
        );
        let plain = codes.iter().map(|code| code.replace('-', ""));
        for secret in world.secrets().into_iter().chain(plain) {
            assert!(!page.body.contains(&secret), "a secret is in the export");
        }
        for never in ["hash", "sealed", "challenge", "counter", "EC_EC2"] {
            assert!(!page.body.contains(never), "{never} is in the export");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_can_fetch_it_and_only_from_our_own_page() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        assert_eq!(browser.get("/account/export").await.status, 405);
        let mut cross = browser.clone();
        cross.extra = vec![("sec-fetch-site", "cross-site".to_owned())];
        assert_eq!(cross.post("/account/export", &[]).await.status, 403);
        assert_eq!(world.browser().post("/account/export", &[]).await.status, 303);
        let mut last = 0;
        for _ in 0..11 {
            last = browser
                .send(Method::POST, "/account/export", Some(String::new()))
                .await
                .status;
        }
        assert_eq!(last, 429, "not for hammering");
    })
    .await;
}

/// What is in the database and not in the export, and why.
const WITHHELD: &[(&str, &str)] = &[
    ("accounts.password_hash", "a secret"),
    ("accounts.invites", "a number of today, for the limit"),
    ("accounts.invites_since", "as above"),
    ("sessions.hash", "a secret"),
    ("sessions.id", "a name for one button"),
    ("sessions.proved_at", "gone within a quarter of an hour"),
    ("file_links.id", "a row's name"),
    ("file_links.hash", "a secret"),
    ("file_links.connector_id", "gone after ten minutes"),
    ("file_links.token_hash", "a secret"),
    ("file_links.grant_id", "gone after ten minutes"),
    ("file_links.connection_id", "as above"),
    ("file_links.athlete_id", "as above"),
    ("file_links.client", "as above; a download is in the activity log"),
    ("file_links.sealed", "as above"),
    ("file_links.created_at", "as above"),
    ("file_links.expires_at", "as above"),
    ("file_links.used_at", "as above"),
    ("file_links.running_until", "as above"),
    ("consents.hash", "a secret"),
    (
        "consents.athlete_id",
        "of nobody's account yet, and gone within the hour",
    ),
    ("consents.athlete_name", "as above"),
    ("consents.scopes", "as above"),
    ("consents.job_id", "a row's name"),
    ("consents.session_hash", "a secret"),
    ("consents.next", "a page to go on to"),
    ("consents.created_at", "gone within the hour"),
    ("consents.expires_at", "as above"),
    ("mail_links.hash", "a secret"),
    ("tries.id", "a row's name"),
    ("tries.subject_hash", "a hash, of one of four things"),
    (
        "tries.at",
        "gone within the hour, and says nothing without the subject",
    ),
    ("tries.hashed", "true for the moment of hashing"),
    ("connections.id", "a row's name"),
    ("connections.token_sealed", "a secret"),
    ("connectors.id", "a row's name"),
    ("connectors.token_hash", "a secret"),
    ("connectors.token_sealed", "a secret"),
    ("connectors.is_sign_in", "which of two lists it is in"),
    ("sign_ins.connector_id", "a row's name"),
    ("access_tokens.hash", "a secret"),
    ("access_tokens.connector_id", "a row's name"),
    (
        "access_tokens.created_at",
        "when a client fetched a token, which it does by itself",
    ),
    ("access_tokens.expires_at", "as above"),
    ("refresh_tokens.id", "a row's name"),
    ("refresh_tokens.hash", "a secret"),
    ("refresh_tokens.connector_id", "a row's name"),
    ("refresh_tokens.created_at", "as for access tokens"),
    ("refresh_tokens.expires_at", "as above"),
    ("refresh_tokens.used_at", "as above"),
    ("refresh_tokens.answer_sealed", "a secret, gone after a minute"),
    ("oauth_clients.id", "about a program, and nobody's"),
    (
        "oauth_clients.client_id",
        "as above; that of a sign-in is exported with it",
    ),
    ("oauth_clients.is_document", "as above"),
    ("oauth_clients.name", "as above"),
    ("oauth_clients.redirect_uris", "as above"),
    ("oauth_clients.auth_method", "as above"),
    ("oauth_clients.secret_hash", "a secret"),
    ("oauth_clients.secret_sealed", "a secret"),
    (
        "oauth_clients.registration_hash",
        "a hash of a registration and its network",
    ),
    ("oauth_clients.registration", "about a program, and nobody's"),
    ("oauth_clients.created_at", "as above"),
    ("oauth_clients.fetched_at", "as above"),
    ("oauth_clients.last_used_at", "as above"),
    ("sign_in_requests.id", "a row's name"),
    ("sign_in_requests.browser_hash", "a secret"),
    ("sign_in_requests.network_hash", "a hash"),
    (
        "sign_in_requests.client_id",
        "gone within hours; what came of it is in the log and the list of apps",
    ),
    ("sign_in_requests.client_name", "as above"),
    ("sign_in_requests.client_host", "as above"),
    ("sign_in_requests.redirect_uri", "as above"),
    ("sign_in_requests.client_state", "the client's own secret"),
    ("sign_in_requests.code_challenge", "the client's own secret"),
    ("sign_in_requests.scope", "as for client_id"),
    ("sign_in_requests.created_at", "as above"),
    ("sign_in_requests.expires_at", "as above"),
    ("sign_in_requests.opened_at", "as above"),
    ("sign_in_requests.coach_id", "a row's name"),
    ("sign_in_requests.agreed_account_id", "a row's name"),
    ("sign_in_requests.agreed_coach_id", "a row's name"),
    (
        "sign_in_requests.groups_off",
        "in the choices and the list of apps",
    ),
    ("sign_in_requests.may_write", "as above"),
    ("sign_in_requests.code_hash", "a secret"),
    ("sign_in_requests.code_sealed", "a secret"),
    ("sign_in_requests.code_expires_at", "as for client_id"),
    ("sign_in_requests.code_used_at", "as above"),
    ("sign_in_requests.connector_id", "a row's name"),
    ("sign_in_codes.id", "a row's name"),
    ("sign_in_codes.request_id", "a row's name"),
    (
        "sign_in_codes.email",
        "what somebody typed, gone within hours; the mail is exported",
    ),
    ("sign_in_codes.coach_id", "a row's name"),
    ("sign_in_codes.code_hash", "a secret"),
    ("sign_in_codes.tries", "as for the address"),
    ("sign_in_codes.created_at", "as above"),
    ("sign_in_codes.expires_at", "as above"),
    ("sign_in_choices.coach_id", "a row's name"),
    ("sign_in_log.id", "a row's name"),
    ("sign_in_log.coach_id", "a row's name"),
    ("oauth_states.request_id", "a row's name"),
    ("mail_links.request_id", "a row's name"),
    ("oauth_states.hash", "a secret"),
    ("oauth_states.session_hash", "a secret"),
    ("oauth_states.browser_hash", "a secret"),
    ("oauth_states.purpose", "gone after ten minutes"),
    ("oauth_states.next", "a page to go on to"),
    (
        "oauth_states.created_at",
        "gone after ten minutes, and says nothing but that Connect was pressed",
    ),
    ("oauth_states.expires_at", "as above"),
    (
        "oauth_states.may_write",
        "gone after ten minutes, and then in connectors",
    ),
    ("jobs.id", "a row's name"),
    ("jobs.recipient", "a hash of the address"),
    ("jobs.mailbox_hash", "a hash of the address"),
    ("jobs.payload", "sealed; the mail reaches its owner"),
    ("jobs.run_at", "when the worker tries again"),
    ("jobs.locked_until", "which worker has it"),
    ("jobs.about_hash", "a hash of another's address"),
    ("activity_log.id", "a row's name"),
    ("activity_log.coach_id", "a row's name; the caller is exported"),
    ("grants.id", "a row's name"),
    ("grants.coach_id", "a row's name; the coach's address is exported"),
    ("grant_clients.grant_id", "a row's name"),
    ("coaches.id", "a row's name"),
    ("connectors.coach_id", "a row's name"),
    (
        "connectors.selected_grant_id",
        "a row's name; the athlete is exported",
    ),
    (
        "refusals.coach_id",
        "a row's name; the coach's address is exported",
    ),
    ("coach_sessions.hash", "a secret"),
    ("accounts.last_change", "the number of the newest change"),
    ("changes.id", "a row's name"),
    ("changes.log_id", "a row's name"),
    ("changes.coach_id", "a row's name; the caller is exported"),
    ("changes.fingerprint", "a hash of what is exported"),
    (
        "changes.needs",
        "the tool, which is exported, or those of what it undid",
    ),
    ("changes.undoes", "names of rows"),
    (
        "changes.sent_at",
        "when it was tried last, within minutes of created_at",
    ),
    ("changes.ended_at", "seconds later; the log has how long it took"),
    ("confirmations.hash", "a secret"),
    ("confirmations.connector_id", "a row's name"),
    ("confirmations.what_hash", "a hash"),
    ("confirmations.seen", "hashes"),
    (
        "confirmations.expires_at",
        "gone after ten minutes, and says nothing but that a list was asked for",
    ),
    (
        "write_leases.athlete_id",
        "gone after seconds, and says nothing but that a change was running",
    ),
    ("write_leases.holder", "as above"),
    ("write_leases.until", "as above"),
    ("coach_sessions.coach_id", "a row's name"),
    (
        "coach_sessions.created_at",
        "gone within the hour, and says nothing but that the roster page was opened",
    ),
    ("coach_sessions.expires_at", "as above"),
    ("identities.id", "a row's name"),
    ("identities.coach_id", "a row's name"),
    ("identities.tokens_sealed", "a secret"),
    ("identities.asking_until", "gone after seconds"),
    ("identities.factor_due", "what the next sign-in asks for"),
    (
        "identities.provider_session",
        "the provider's name for a session there",
    ),
    ("sessions.identity_id", "a row's name; the identity is exported"),
    (
        "sessions.provider_session",
        "the provider's name for a session there",
    ),
    (
        "coach_sessions.identity_id",
        "a row's name; the identity is exported",
    ),
    (
        "coach_sessions.provider_session",
        "the provider's name for a session there",
    ),
    (
        "sign_in_requests.identity_id",
        "a row's name; the identity is exported",
    ),
    ("provider_states.hash", "a secret"),
    ("provider_states.browser_hash", "a secret"),
    ("provider_states.session_hash", "a secret"),
    ("provider_states.id", "a row's name"),
    ("provider_states.purpose", "gone after ten minutes"),
    ("provider_states.sealed", "a secret"),
    ("provider_states.next", "a page to go on to"),
    ("provider_states.created_at", "gone after ten minutes"),
    ("provider_states.expires_at", "as above"),
    ("identity_offers.id", "a row's name"),
    ("identity_offers.hash", "a secret"),
    ("identity_offers.coach_id", "a row's name"),
    (
        "identity_offers.issuer",
        "of nobody's account yet, and gone within the hour",
    ),
    ("identity_offers.subject", "as above"),
    ("identity_offers.provider_session", "as above"),
    (
        "identity_offers.sealed",
        "of nobody's account yet, and gone within the hour",
    ),
    ("identity_offers.code_hash", "a secret"),
    ("identity_offers.tries", "a number, for the limit"),
    ("identity_offers.mailed_at", "gone within the hour"),
    ("identity_offers.next", "a page to go on to"),
    ("identity_offers.created_at", "gone within the hour"),
    ("identity_offers.expires_at", "as above"),
    ("spent.hash", "a hash of a challenge or of a token's name"),
    ("spent.expires_at", "gone within the hour"),
    ("totp.id", "a row's name"),
    ("totp.secret_sealed", "a secret"),
    ("totp.session_hash", "a hash of a session's cookie"),
    (
        "totp.last_step",
        "which half minute's code was used last, for the next one",
    ),
    (
        "totp.created_at",
        "when it was begun; the export has when it was confirmed",
    ),
    ("recovery_codes.hash", "a secret"),
    ("passkeys.id", "a row's name"),
    (
        "passkeys.credential",
        "the public key in the library's own form; the credential's id is exported",
    ),
    ("sign_in_steps.hash", "a secret"),
    ("sign_in_steps.way", "gone after ten minutes"),
    ("sign_in_steps.identity_id", "as above"),
    ("sign_in_steps.provider_session", "as above"),
    ("sign_in_steps.is_proof", "as above"),
    ("sign_in_steps.next_path", "as above"),
    ("sign_in_steps.created_at", "as above"),
    ("sign_in_steps.expires_at", "as above"),
    ("policies.version", "the operator's rules, not the athlete's"),
    ("policies.text", "as above"),
    ("policies.applied_at", "as above"),
    ("installation.only_row", "about nobody"),
    ("installation.kind", "about nobody"),
    ("installation.created_at", "about nobody"),
];

/// Columns whose content is in the export, each under its table's key.
const EXPORTED: &[(&str, &[&str])] = &[
    (
        "accounts",
        &[
            "id",
            "email",
            "email_key",
            "athlete_id",
            "created_at",
            "address_since",
            "address_before",
        ],
    ),
    (
        "sessions",
        &[
            "created_at",
            "last_seen_at",
            "user_agent",
            "way",
            "factor",
            "factor_at",
        ],
    ),
    ("totp", &["confirmed_at"]),
    ("recoveries", &["begun_at", "ready_at", "mailed_at"]),
    (
        "passkeys",
        &[
            "credential_id",
            "name",
            "is_discoverable",
            "created_at",
            "last_used_at",
        ],
    ),
    (
        "identities",
        &[
            "issuer",
            "subject",
            "email",
            "other_email",
            "claims",
            "claims_at",
            "refused_at",
            "away_at",
            "created_at",
            "last_used_at",
        ],
    ),
    (
        "mail_links",
        &["kind", "email", "email_key", "created_at", "expires_at"],
    ),
    (
        "connections",
        &[
            "athlete_id",
            "athlete_name",
            "kind",
            "status",
            "scopes",
            "scopes_before",
            "write_number",
            "zone",
            "zone_source",
            "imperial",
            "weight_in_lb",
            "fahrenheit",
            "thresholds_on",
            "created_at",
            "refreshed_at",
            "last_success_at",
            "marked_at",
        ],
    ),
    (
        "connectors",
        &[
            "created_at",
            "first_used_at",
            "last_used_at",
            "last_client",
            "groups_off",
            "may_write",
            "selected_at",
        ],
    ),
    (
        "sign_ins",
        &[
            "client_id",
            "client_name",
            "client_host",
            "redirect_host",
            "scope",
            "ends_at",
        ],
    ),
    (
        "sign_in_choices",
        &["client", "groups_off", "may_write", "chosen_at"],
    ),
    (
        "sign_in_log",
        &[
            "at", "client", "outcome", "network", "browser", "news", "way", "factor",
        ],
    ),
    (
        "changes",
        &[
            "athlete_id",
            "number",
            "caller",
            "tool",
            "state",
            "event_id",
            "external_id",
            "sealed",
            "created_at",
            "kept_until",
        ],
    ),
    (
        "grants",
        &[
            "athlete_id",
            "athlete_name",
            "athlete_zone",
            "tools",
            "note",
            "version",
            "created_at",
            "invited_at",
            "expires_at",
            "first_used_at",
            "last_used_at",
            "last_client",
            "asleep_told_at",
            "expired_told_at",
        ],
    ),
    (
        "changes",
        &[
            "number",
            "athlete_id",
            "caller",
            "tool",
            "state",
            "event_id",
            "external_id",
            "sealed",
            "created_at",
            "kept_until",
        ],
    ),
    ("grant_clients", &["client", "first_used_at"]),
    ("coaches", &["email", "email_key", "created_at", "refuses_all_at"]),
    ("refusals", &["athlete_name", "created_at"]),
    (
        "jobs",
        &[
            "kind",
            "name",
            "state",
            "attempts",
            "created_at",
            "finished_at",
            "failure",
        ],
    ),
    (
        "activity_log",
        &[
            "at",
            "athlete_id",
            "caller",
            "client",
            "tool",
            "access",
            "outcome",
            "duration_ms",
            "upstream_requests",
            "calls",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_in_the_export_or_has_a_reason_not_to_be() {
    test(async |world| {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "select table_name::text, column_name::text from information_schema.columns \
             join information_schema.tables using (table_schema, table_name) where table_schema = 'public' \
             and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations' and column_name <> 'account_id'",
        )
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        let there: BTreeSet<String> =
            columns.into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
        let known: BTreeSet<String> = WITHHELD
            .iter()
            .map(|(column, _)| (*column).to_owned())
            .chain(EXPORTED.iter().flat_map(|(table, columns)| {
                columns.iter().map(move |column| format!("{table}.{column}"))
            }))
            .collect();
        let (forgotten, gone): (Vec<_>, Vec<_>) =
            (there.difference(&known).collect(), known.difference(&there).collect());
        assert!(
            forgotten.is_empty() && gone.is_empty(),
            "add to src/pages/export.rs and to the list here, or give the reason why not: {forgotten:?}; no longer there: {gone:?}"
        );
    })
    .await;
}
