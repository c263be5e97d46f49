//! The token endpoint and what its tokens open: codes, refreshing, giving back, and the faults around them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use serde_json::json;

use crate::world::{
    Proxy,
    sign_in::{Fields, Program, code},
    test, url_of,
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";

#[tokio::test(flavor = "multi_thread")]
async fn a_code_gives_tokens_that_open_the_persons_own_tools() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        assert_eq!(tokens.text("token_type"), "Bearer");
        assert_eq!(tokens.text("scope"), "read");
        assert_eq!(tokens.body["expires_in"], 14 * 24 * 3600);
        assert_eq!(tokens.headers[header::CACHE_CONTROL], "no-store");
        let mcp = program.mcp(tokens.access());
        let answer = mcp.call("get_fitness", json!({})).await;
        assert!(answer.text().starts_with("Ana Berger"), "{}", answer.text());
        let modern = mcp
            .modern("tools/call", json!({"name": "get_fitness", "arguments": {}}))
            .await;
        assert!(modern.text().starts_with("Ana Berger"));
    })
    .await;
}

/// Hard cases 90 and 91.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_for_its_client_and_its_verifier() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let other = Program::registered(&world, "Other", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let code = code(&program.agree(&mut browser, false).await);
        let wrong: [(&str, Fields<'_>, &str); 8] = [
            ("another client", &[("client_id", &other.id)], "invalid_grant"),
            (
                "a wrong verifier",
                &[("code_verifier", &"x".repeat(43))],
                "invalid_grant",
            ),
            ("a short verifier", &[("code_verifier", "x")], "invalid_grant"),
            ("no verifier", &[("code_verifier", "")], "invalid_request"),
            (
                "the challenge itself",
                &[(
                    "code_verifier",
                    &crate::world::sign_in::challenge(&program.verifier),
                )],
                "invalid_grant",
            ),
            (
                "another redirect",
                &[("redirect_uri", "https://evil.example/")],
                "invalid_grant",
            ),
            (
                "another resource",
                &[("resource", "https://evil.example/mcp")],
                "invalid_target",
            ),
            (
                "another grant",
                &[("grant_type", "password")],
                "unsupported_grant_type",
            ),
        ];
        for (what, other, error) in wrong {
            let refused = program.exchange_with(&code, other).await;
            assert_eq!(refused.error(), (400, error), "{what}");
            assert_eq!(refused.headers[header::CACHE_CONTROL], "no-store");
        }
        // None of these spent it.
        let tokens = program.exchange(&code).await;
        let mcp = program.mcp(tokens.access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        // The second time it is refused, and what it gave is over.
        assert_eq!(program.exchange(&code).await.error(), (400, "invalid_grant"));
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        assert_eq!(
            program.refresh(tokens.refresh()).await.error(),
            (400, "invalid_grant")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_expires_after_two_minutes() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let first = code(&program.agree(&mut browser, false).await);
        world.clock.advance(chrono::Duration::seconds(121));
        assert_eq!(program.exchange(&first).await.error(), (400, "invalid_grant"));
        let again = program.in_another_window("later");
        let second = code(&again.agree(&mut browser, false).await);
        world.clock.advance(chrono::Duration::seconds(119));
        assert_eq!(again.exchange(&second).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_exchanges_at_once_one_gets_tokens() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let code = code(&program.agree(&mut browser, false).await);
        let all = futures::future::join_all((0..10).map(|_| program.exchange(&code))).await;
        let given = all.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(given, 1, "{all:?}");
    })
    .await;
}

/// Hard case 93: rotation, the grace of a minute, the end of the family after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_once_and_a_minute_for_whoever_asks_at_the_same_time() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        world.clock.advance(chrono::Duration::days(13));
        let first = program.refresh(tokens.refresh()).await;
        assert_ne!(first.refresh(), tokens.refresh());
        assert_eq!(first.text("scope"), "read");
        world.clock.advance(chrono::Duration::seconds(59));
        let again = program.refresh(tokens.refresh()).await;
        assert_eq!(
            (again.access(), again.refresh()),
            (first.access(), first.refresh())
        );
        assert_eq!(again.body["expires_in"], 14 * 24 * 3600 - 59);
        let mcp = program.mcp(first.access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        // The copy is erased when its time is over.
        world.clock.advance(chrono::Duration::seconds(1));
        icusync::jobs::purge(&world.app).await.unwrap();
        let copies: i64 = sqlx::query_scalar(
            "select (select count(*) from refresh_tokens where answer_sealed is not null)
                + (select count(*) from sign_in_requests where code_sealed is not null)",
        )
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
        assert_eq!(copies, 0);
        assert_eq!(
            program.refresh(tokens.refresh()).await.error(),
            (400, "invalid_grant")
        );
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        assert_eq!(
            program.refresh(first.refresh()).await.error(),
            (400, "invalid_grant")
        );
        let log: Vec<String> =
            sqlx::query_scalar("select outcome from sign_in_log where client is not null order by id")
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(log, ["granted", "token_again"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_refreshes_at_once_on_two_instances_are_one() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let other = program.at(&world.other_instance().await.web);
        let token = tokens.refresh();
        let all = futures::future::join_all((0..10).map(|at| {
            if at % 2 == 0 {
                program.refresh(token)
            } else {
                other.refresh(token)
            }
        }))
        .await;
        let one = all[0].refresh();
        assert!(all.iter().all(|reply| reply.refresh() == one), "{all:?}");
        let rows: i64 = sqlx::query_scalar("select count(*) from refresh_tokens where used_at is null")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 1, "one lineage");
        let mcp = other.mcp(all[9].access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_when_it_is_not_used_and_after_a_year_in_all() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let (idle, unused) = world.app_of(world.jack(), false).await;
        let mut token = tokens.refresh().to_owned();
        for days in [170, 170] {
            world.clock.advance(chrono::Duration::days(days));
            token = program.refresh(&token).await.refresh().to_owned();
        }
        assert_eq!(
            idle.refresh(unused.refresh()).await.error(),
            (400, "invalid_grant")
        );
        // 340 days old: what is left is less than the time of an access token.
        world.clock.advance(chrono::Duration::days(20));
        let last = program.refresh(&token).await;
        assert_eq!(last.body["expires_in"], 5 * 24 * 3600);
        world.clock.advance(chrono::Duration::days(5));
        let mcp = program.mcp(last.access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        assert_eq!(
            program.refresh(last.refresh()).await.error(),
            (400, "invalid_grant")
        );
        icusync::jobs::purge(&world.app).await.unwrap();
        let left: i64 = sqlx::query_scalar("select count(*) from connectors where is_sign_in")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

/// The clock may be wrong for a while: set forward and back, nothing ends that lives and no copy is given for longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_ends_no_sign_in() {
    test(async |world| {
        world.clock.advance(chrono::Duration::days(1));
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let first = program.refresh(tokens.refresh()).await;
        world.clock.advance(chrono::Duration::hours(-5));
        let mcp = program.mcp(first.access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        let again = program.refresh(tokens.refresh()).await;
        assert_eq!(again.refresh(), first.refresh());
        let next = program.refresh(first.refresh()).await;
        assert_eq!(next.status, 200);
        // The mail about the new app was written later than now.
        world.clock.advance(chrono::Duration::hours(5));
    })
    .await;
}

/// Hard case 100.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_gives_back_its_own_tokens_only() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let other = Program::registered(&world, "Other", CALLBACK).await;
        let mcp = program.mcp(tokens.access());
        for token in [tokens.access(), tokens.refresh(), "icua_nonsense", "x"] {
            assert_eq!(other.revoke(token).await.status, 200);
        }
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        // An access token ends alone; a refresh token, with whatever hint, ends everything.
        assert_eq!(program.revoke(tokens.access()).await.status, 200);
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        let next = program.refresh(tokens.refresh()).await;
        let mcp = program.mcp(next.access());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        let fields = [
            ("token", next.refresh()),
            ("token_type_hint", "access_token"),
            ("client_id", &program.id),
        ];
        assert_eq!(program.post("/revoke", &fields, &[]).await.status, 200);
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        assert_eq!(
            program
                .post("/revoke", &[("client_id", &program.id)], &[])
                .await
                .error(),
            (400, "invalid_request")
        );
        assert_eq!(
            program
                .post("/revoke", &[("token", "x"), ("client_id", "nobody")], &[])
                .await
                .error(),
            (401, "invalid_client")
        );
    })
    .await;
}

/// Hard case 92, and what else is no request.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_gets_an_error_that_clients_read() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let id = program.id.as_str();
        let json = program
            .post_json("/token", &json!({"grant_type": "refresh_token"}))
            .await;
        assert_eq!(json.error(), (400, "invalid_request"));
        let twice = [
            ("grant_type", "refresh_token"),
            ("grant_type", "x"),
            ("client_id", id),
        ];
        assert_eq!(
            program.post("/token", &twice, &[]).await.error(),
            (400, "invalid_request")
        );
        let none = [("grant_type", "refresh_token"), ("refresh_token", "x")];
        assert_eq!(
            program.post("/token", &none, &[]).await.error(),
            (400, "invalid_request")
        );
        for (grant, error) in [
            ("refresh_token", "invalid_request"),
            ("authorization_code", "invalid_request"),
            ("", "invalid_request"),
        ] {
            let fields = [("grant_type", grant), ("client_id", id)];
            assert_eq!(
                program.post("/token", &fields, &[]).await.error(),
                (400, error),
                "{grant}"
            );
        }
        for basic in ["Basic !", "Basic", "Bearer x", "Basic Og=="] {
            let broken = program.post("/token", &none, &[("authorization", basic)]).await;
            assert_eq!(broken.error(), (401, "invalid_client"), "{basic}");
            assert!(
                broken.headers[header::WWW_AUTHENTICATE]
                    .to_str()
                    .unwrap()
                    .starts_with("Basic")
            );
        }
        let unknown = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", "0195a0c4-0000-7000-8000-000000000000"),
        ];
        assert_eq!(
            program.post("/token", &unknown, &[]).await.error(),
            (401, "invalid_client")
        );
        let big = "x".repeat(20_000);
        assert_eq!(
            program.post("/token", &[("grant_type", &big)], &[]).await.status,
            413
        );
        assert_eq!(program.get("/token").await.status, 405);
    })
    .await;
}

/// Trap 19: whatever a client registered, it may show who it is in any way; a secret that it sends must be right.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_authenticates_in_any_way() {
    test(async |world| {
        for method in ["none", "client_secret_post", "client_secret_basic"] {
            let mut program = Program::known(&world, "", CALLBACK);
            let asked = json!({"client_name": method, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method});
            let registered = program.post_json("/register", &asked).await;
            assert_eq!(registered.text("token_endpoint_auth_method"), method);
            registered.text("client_id").clone_into(&mut program.id);
            let secret = registered.body["client_secret"].as_str().map(str::to_owned);
            assert_eq!(secret.is_some(), method != "none");
            let sent = secret.clone().unwrap_or_default();
            let basic = format!("Basic {}", STANDARD.encode(format!("{}:{sent}", program.id)));
            let mut browser = world.signed_in(world.ana()).await;
            let exchanged = program.sign_in(&mut browser, false).await;
            let mut token = exchanged.refresh().to_owned();
            let refresh = |token: String| vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token)];
            for way in 0..3 {
                let mut fields = refresh(token.clone());
                let mut headers = Vec::new();
                match way {
                    0 => fields.push(("client_id", program.id.clone())),
                    1 => fields.extend([("client_id", program.id.clone()), ("client_secret", sent.clone())]),
                    _ => headers.push(("authorization", basic.as_str())),
                }
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = program.post("/token", &fields, &headers).await;
                assert_eq!(reply.status, 200, "{method}, way {way}: {}", reply.body);
                token = reply.refresh().to_owned();
            }
            if secret.is_some() {
                let wrong = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token.as_str()),
                    ("client_id", program.id.as_str()),
                    ("client_secret", "icux_wrong"),
                ];
                assert_eq!(program.post("/token", &wrong, &[]).await.error(), (401, "invalid_client"));
            }
        }
    })
    .await;
}

/// Hard case 102.
#[tokio::test(flavor = "multi_thread")]
async fn two_windows_of_one_client_both_live() {
    test(async |world| {
        let one = Program::registered(&world, "Claude", CALLBACK).await;
        let two = one.in_another_window("two");
        let mut browser = world.signed_in(world.ana()).await;
        let (first, page_one) = one.begin(&mut browser).await;
        let (second, page_two) = two.begin(&mut browser).await;
        assert_ne!(first, second);
        let done_two = crate::world::sign_in::allow(&mut browser, &second, &page_two, false).await;
        let done_one = crate::world::sign_in::allow(&mut browser, &first, &page_one, false).await;
        let (a, b) = (
            one.exchange(&code(&done_one)).await,
            two.exchange(&code(&done_two)).await,
        );
        for tokens in [&a, &b] {
            let mcp = one.mcp(tokens.access());
            assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_away_in_the_middle_of_an_exchange_spends_nothing() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let code = code(&program.agree(&mut browser, false).await);
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let other = program.at(&world.instance_at(&proxy.url).await.web);
        proxy.cut();
        let away = other.exchange_with(&code, &[("resource", "")]).await;
        assert_eq!(
            (away.status, away.text("error")),
            (503, "temporarily_unavailable"),
            "{away:?}"
        );
        assert!(away.headers.contains_key(header::RETRY_AFTER));
        proxy.mend();
        assert_eq!(program.exchange(&code).await.status, 200);
    })
    .await;
}
