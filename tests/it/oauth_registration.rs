//! `POST /register`: what clients register, what they get, and what a flood gets. Hard cases 89 and 99, and what is known of
//! how clients register.

use std::{collections::BTreeSet, sync::Arc};

use chrono::Duration;
use icusync::{config::Config, jobs};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::world::{Mcp, World, form, test, test_with};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json", "{}", self.text);
        assert_eq!(self.headers["cache-control"], "no-store");
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Posts a registration from a network.
async fn post(url: &str, from: &str, body: impl Into<String>) -> Answer {
    let sent = Mcp::client()
        .post(format!("{url}/register"))
        .header("content-type", "application/json")
        .header("user-agent", "python-httpx/0.28.1")
        .header("x-forwarded-for", from)
        .body(body.into())
        .send();
    let response = sent.await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// Registers, and expects that to work.
async fn register(world: &World, registration: &Value) -> Value {
    let answer = post(&world.web, "192.0.2.1", registration.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let answer = answer.json();
    if let Some(secret) = answer["client_secret"].as_str() {
        world.secret(secret);
    }
    answer
}

fn claude(method: &str) -> Value {
    json!({
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
    })
}

fn behind_proxy(config: &mut Config) {
    config.client_ip_header = Some("X-Forwarded-For".to_owned());
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
}

/// Where `GET /authorize` leads, and its status.
async fn sent(world: &Arc<World>, client: &Value, redirect: &str) -> (u16, String) {
    let query = form(&[
        ("response_type", "code"),
        ("client_id", client["client_id"].as_str().unwrap()),
        ("redirect_uri", redirect),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("scope", "read write offline_access"),
    ]);
    let page = world.browser().get(&format!("/authorize?{query}")).await;
    (page.status, page.location().to_owned())
}

async fn clients(world: &World) -> i64 {
    let count = sqlx::query_scalar("select count(*) from oauth_clients");
    count.fetch_one(&world.app.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_honoured_and_its_answer_complete() {
    test(async |world| {
        for (method, has_secret) in [
            ("none", false),
            ("client_secret_post", true),
            ("client_secret_basic", true),
            ("private_key_jwt", false),
        ] {
            let asked = claude(method);
            let answer = register(&world, &asked).await;
            for (field, value) in asked.as_object().unwrap() {
                assert_eq!(&answer[field], value, "{method}");
            }
            assert_eq!(answer["client_id_issued_at"], world.clock.now().timestamp());
            let mut fields: BTreeSet<&str> = asked.as_object().unwrap().keys().map(String::as_str).collect();
            fields.extend(["client_id", "client_id_issued_at"]);
            if has_secret {
                fields.extend(["client_secret", "client_secret_expires_at"]);
                assert_eq!(answer["client_secret_expires_at"], 0);
                assert!(answer["client_secret"].as_str().unwrap().starts_with("icux_"));
            }
            let given: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(given, fields, "{method}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_filled_in_and_what_is_odd_is_left_out() {
    test(async |world| {
        let answer = register(
            &world,
            &json!({
                "redirect_uris": ["http://127.0.0.1:33418"],
                "client_name": "",
                "client_uri": null,
                "contacts": [],
                "scope": "",
                "token_endpoint_auth_method": "tls_client_auth",
                "application_type": "native",
            }),
        )
        .await;
        let mut answer = answer.as_object().unwrap().clone();
        answer.remove("client_id").unwrap();
        answer.remove("client_id_issued_at").unwrap();
        assert_eq!(
            Value::Object(answer),
            json!({
                "redirect_uris": ["http://127.0.0.1:33418"],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            })
        );
    })
    .await;
}

/// Cursor registers three redirects at once, of which one is an app's.
#[tokio::test(flavor = "multi_thread")]
async fn one_bad_redirect_does_not_fail_the_rest() {
    test(async |world| {
        let good = [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ];
        let bad = [
            "javascript:alert(1)",
            "http://evil.example/cb",
            "https://a.example/#x",
        ];
        let mut all = good.to_vec();
        let cursor =
            json!({"client_name": "Cursor", "redirect_uris": all, "token_endpoint_auth_method": "none"});
        assert_eq!(register(&world, &cursor).await["redirect_uris"], json!(good));
        all.splice(1..1, bad);
        let client = register(
            &world,
            &json!({"redirect_uris": all, "token_endpoint_auth_method": "none"}),
        )
        .await;
        assert_eq!(client["redirect_uris"], json!(good));
        for redirect in good {
            let (status, location) = sent(&world, &client, redirect).await;
            assert_eq!(status, 303, "{redirect}");
            assert!(location.starts_with("/authorize/"), "{redirect}");
        }
        for redirect in bad {
            assert_eq!(
                sent(&world, &client, redirect).await,
                (400, String::new()),
                "{redirect}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_where_the_client_did_not_register_89() {
    test(async |world| {
        let client = register(
            &world,
            &json!({"redirect_uris": ["https://a.example/cb", "http://localhost/cb"]}),
        )
        .await;
        for redirect in [
            "https://a.example/cb/",
            "https://a.example/other",
            "https://a.example/cb?x=1",
            "https://A.example/cb",
            "HTTPS://a.example/cb",
            "https://user@a.example/cb",
            "https://a.example@evil.example/cb",
            "https://a.example/cb#x",
            "https://a.example:443/cb",
            "\u{1}https://a.example/cb",
            " https://a.example/cb",
            "https://evil.example/cb",
            "javascript:alert(1)",
            "http://localhost:80/other",
            "http://localhost.evil.example/cb",
            "https://localhost/cb",
            "",
        ] {
            assert_eq!(
                sent(&world, &client, redirect).await,
                (400, String::new()),
                "{redirect}"
            );
        }
        for redirect in [
            "https://a.example/cb",
            "http://localhost:51234/cb",
            "http://127.0.0.1:1/cb",
        ] {
            assert_eq!(sent(&world, &client, redirect).await.0, 303, "{redirect}");
        }
    })
    .await;
}

/// Codex asks for more than it registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_is_never_bound_to_a_registration() {
    test(async |world| {
        let client = register(
            &world,
            &json!({"client_name": "Codex", "redirect_uris": ["http://127.0.0.1:1455/cb"], "scope": "read"}),
        )
        .await;
        assert_eq!(client.get("scope"), None);
        assert_eq!(sent(&world, &client, "http://127.0.0.1:1455/cb").await.0, 303);
        let scope: String = sqlx::query_scalar("select scope from sign_in_requests")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(scope, "read write offline_access");
    })
    .await;
}

/// Claude registers twice within a second.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_registration_within_ten_minutes_is_the_same_client() {
    test_with(behind_proxy, async |world| {
        let asked = claude("client_secret_post").to_string();
        let other = world.other_instance().await;
        let urls = [
            &world.web, &other.web, &world.web, &other.web, &world.web, &other.web,
        ];
        let first = register(&world, &claude("client_secret_post")).await;
        let asks = urls.map(|url| post(url, "192.0.2.1", asked.as_str()));
        for answer in futures::future::join_all(asks).await {
            assert_eq!(answer.status, 201);
            assert_eq!(answer.json(), first, "the secret too");
        }
        let fresh = claude("client_secret_basic");
        let at_once = urls.map(|url| post(url, "192.0.2.1", fresh.to_string()));
        let answers = futures::future::join_all(at_once).await;
        let secret = answers[0].json()["client_secret"].as_str().unwrap().to_owned();
        world.secret(&secret);
        assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
        assert_eq!(clients(&world).await, 2);
        // Spelled otherwise, it is the same; from another network, or said otherwise, it is not.
        let spelled = format!(
            " {} ",
            serde_json::to_string_pretty(&claude("client_secret_post")).unwrap()
        );
        assert_eq!(post(&world.web, "192.0.2.1", spelled).await.json(), first);
        let elsewhere = post(&world.web, "192.0.2.2", asked.as_str()).await.json();
        assert_ne!(elsewhere["client_id"], first["client_id"]);
        assert_ne!(elsewhere["client_secret"], first["client_secret"]);
        world.secret(elsewhere["client_secret"].as_str().unwrap());
        world.clock.advance(Duration::minutes(10));
        let later = register(&world, &claude("client_secret_post")).await;
        assert_ne!(later["client_id"], first["client_id"]);
        assert_eq!(clients(&world).await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_can_be_read_again_for_ten_minutes_only() {
    test(async |world| {
        let client = register(&world, &claude("client_secret_post")).await;
        let secret = client["client_secret"].as_str().unwrap();
        let readable = async || -> i64 {
            let count = "select count(*) from oauth_clients where secret_sealed is not null and secret_hash is not null";
            sqlx::query_scalar(count).fetch_one(&world.app.pool).await.unwrap()
        };
        let row: String = sqlx::query_scalar("select oauth_clients::text from oauth_clients")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert!(!row.contains(secret) && !row.contains(&hex));
        world.clock.advance(Duration::minutes(10) - Duration::seconds(1));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!(readable().await, 1);
        world.clock.advance(Duration::seconds(1));
        jobs::purge(&world.app).await.unwrap();
        assert_eq!((readable().await, clients(&world).await), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_error_that_clients_read() {
    test(async |world| {
        for (body, error) in [
            ("", "invalid_client_metadata"),
            ("nonsense", "invalid_client_metadata"),
            ("[]", "invalid_client_metadata"),
            ("null", "invalid_client_metadata"),
            (
                "redirect_uris=https%3A%2F%2Fa.example%2Fcb",
                "invalid_client_metadata",
            ),
            ("{}", "invalid_redirect_uri"),
            (r#"{"redirect_uris": []}"#, "invalid_redirect_uri"),
            (
                r#"{"redirect_uris": "https://a.example/cb"}"#,
                "invalid_redirect_uri",
            ),
            (r#"{"redirect_uris": [1, null, {}]}"#, "invalid_redirect_uri"),
            (
                r#"{"redirect_uris": ["http://a.example/cb"]}"#,
                "invalid_redirect_uri",
            ),
            (
                r#"{"redirect_uris": ["javascript:alert(1)"]}"#,
                "invalid_redirect_uri",
            ),
        ] {
            let answer = post(&world.web, "192.0.2.1", body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(answer.json()["error"], error, "{body}");
            assert!(answer.json()["error_description"].is_string());
        }
        let deep = format!(
            "{{\"redirect_uris\": {}{}}}",
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        assert_eq!(post(&world.web, "192.0.2.1", deep).await.status, 400);
        assert_eq!(clients(&world).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_registrations_is_held_off_and_known_clients_go_on_99() {
    let tweak = |config: &mut Config| {
        behind_proxy(config);
        config.client_egress_registrations_per_hour = 33;
    };
    test_with(tweak, async |world| {
        let megabyte =
            json!({"redirect_uris": ["https://a.example/cb"], "client_name": "x".repeat(1_000_000)});
        let answer = post(&world.web, "192.0.2.1", megabyte.to_string()).await;
        assert_eq!(answer.status, 413);
        assert_eq!(clients(&world).await, 0);
        let number = |number: u32| {
            json!({
                "redirect_uris": [format!("https://a.example/{number}")],
                "token_endpoint_auth_method": "none",
            })
            .to_string()
        };
        let status = async |from: &str, body: String| post(&world.web, from, body).await.status.as_u16();
        for client in 0..30 {
            assert_eq!(status("192.0.2.1", number(client)).await, 201, "{client}");
        }
        let answer = post(&world.web, "192.0.2.1", number(30)).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["error"], "too_many_requests");
        assert_eq!(answer.header("retry-after"), "3600");
        // The same again is no new client.
        assert_eq!(status("192.0.2.1", number(29)).await, 201);
        // Another instance counts along, other networks have their own share.
        let other = world.other_instance().await;
        assert_eq!(post(&other.web, "192.0.2.1", number(30)).await.status, 429);
        assert_eq!(status("192.0.2.2", number(30)).await, 201);
        // Claude's networks share one that is larger.
        for client in 0..33 {
            let from = if client % 2 == 0 {
                format!("160.79.104.{client}")
            } else {
                format!("2607:6bc0:0:{client}::1")
            };
            assert_eq!(status(&from, number(client)).await, 201, "{client}");
        }
        assert_eq!(status("160.79.111.9", number(33)).await, 429);
        assert_eq!(status("160.79.112.9", number(33)).await, 201);
        world.clock.advance(Duration::hours(1));
        assert_eq!(status("192.0.2.1", number(30)).await, 201);
        assert_eq!(status("160.79.111.9", number(33)).await, 201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_goes_when_nobody_needs_it_and_never_with_a_sign_in() {
    test(async |world| {
        let redirect = "https://a.example/cb";
        let mut ids = Vec::new();
        for name in ["unused", "used", "signed in"] {
            let asked = json!({"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none"});
            let client = register(&world, &asked).await;
            if name != "unused" {
                assert_eq!(sent(&world, &client, redirect).await.0, 303);
            }
            ids.push(client["client_id"].as_str().unwrap().to_owned());
        }
        // A request lives for an hour.
        sqlx::query("delete from sign_in_requests").execute(&world.app.pool).await.unwrap();
        let connector = "insert into connectors (id, account_id, is_sign_in, created_at) \
                         select gen_random_uuid(), id, true, $1 from accounts limit 1 returning id";
        let connector: sqlx::types::Uuid = sqlx::query_scalar(connector)
            .bind(world.clock.now())
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        sqlx::query("insert into sign_ins values ($1, $2, 'n', null, 'a.example', 'read', $3)")
            .bind(connector)
            .bind(&ids[2])
            .bind(world.clock.now() + Duration::days(365))
            .execute(&world.app.pool)
            .await
            .unwrap();
        // What lives has a token that can be refreshed.
        sqlx::query("insert into refresh_tokens (id, hash, connector_id, created_at, expires_at) values ($1, 'h', $1, $2, $3)")
            .bind(connector)
            .bind(world.clock.now())
            .bind(world.clock.now() + Duration::days(180))
            .execute(&world.app.pool)
            .await
            .unwrap();
        let left = async || -> Vec<String> {
            jobs::purge(&world.app).await.unwrap();
            let names = sqlx::query_scalar("select name from oauth_clients order by name");
            names.fetch_all(&world.app.pool).await.unwrap()
        };
        let start = world.clock.now();
        world.clock.set(start + Duration::days(30) - Duration::seconds(1));
        assert_eq!(left().await, ["signed in", "unused", "used"]);
        world.clock.set(start + Duration::days(30));
        assert_eq!(left().await, ["signed in", "used"]);
        world.clock.set(start + Duration::days(90) - Duration::seconds(1));
        assert_eq!(left().await, ["signed in", "used"]);
        world.clock.set(start + Duration::days(90));
        assert_eq!(left().await, ["signed in"]);
    })
    .await;
}
