//! What a client finds before anybody has signed in: the challenge at `PUBLIC_URL/mcp`, both metadata documents, nothing of it on
//! the link host, and what `GET /authorize` says to a request that is wrong. Hard cases 89, 94, 95 and 101.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::world::{
    Mcp, World, form,
    sign_in::{Fields, Program, allow, code, query},
    test,
    wire::{Seen, message, send},
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const BOTH: &str = "application/json, text/event-stream";
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// Where clients look for the document of the resource.
const RESOURCE: [&str; 4] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/mcp/",
];
/// Where clients look for the document of the authorization server.
const SERVER: [&str; 12] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/oauth-authorization-server/mcp/",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/",
    "/.well-known/openid-configuration/mcp",
    "/.well-known/openid-configuration/mcp/",
    "/mcp/.well-known/oauth-authorization-server",
    "/mcp/.well-known/oauth-authorization-server/",
    "/mcp/.well-known/openid-configuration",
    "/mcp/.well-known/openid-configuration/",
];

/// The challenge of someone who sent no token, or one that is not in use.
fn challenge(world: &World, sent: bool) -> String {
    let error = if sent {
        r#", error="invalid_token", error_description="This sign-in has ended or expired. Reconnect.""#
    } else {
        ""
    };
    format!(
        r#"Bearer resource_metadata="{}/.well-known/oauth-protected-resource/mcp", scope="read write"{error}"#,
        world.web
    )
}

/// Asserts that a request gets the challenge, and nothing of what it sent.
fn is_challenged(world: &World, seen: &Seen, sent: bool, what: &str) {
    assert_eq!(seen.status, 401, "{what}: {seen:?}");
    let all: Vec<_> = seen.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(all, [&challenge(world, sent)], "{what}");
    assert_eq!(seen.header("cache-control"), "no-store", "{what}");
    assert!(!seen.text.contains("icua_"), "{what}");
}

async fn initialize(url: &str, headers: &[(&str, &str)]) -> Seen {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "world", "version": "1"},
    });
    message(url, headers, "initialize", params).await
}

/// Hard case 101.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_signed_in_is_told_where_to_sign_in_101() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let link = world.ana().link.rsplit('/').next().unwrap().to_owned();
        let unknown = format!("Bearer icua_{}", "x".repeat(43));
        let [access, refresh, link] =
            [tokens.access(), tokens.refresh(), &link].map(|token| format!("Bearer {token}"));
        let ended = world.app_of(world.ana(), false).await;
        assert_eq!(ended.0.revoke(ended.1.refresh()).await.status, 200);
        let ended = format!("Bearer {}", ended.1.access());
        let basic = format!("Basic {}", tokens.access());
        let cases: [(&str, Fields<'_>, bool); 12] = [
            ("no header", &[], false),
            ("an empty one", &[("authorization", "")], false),
            ("no token", &[("authorization", "Bearer")], false),
            ("another scheme", &[("authorization", &basic)], false),
            ("the bare token", &[("authorization", tokens.access())], false),
            (
                "two headers",
                &[("authorization", &access), ("authorization", &access)],
                false,
            ),
            (
                "a second one that is wrong",
                &[("authorization", &access), ("authorization", &unknown)],
                false,
            ),
            ("an unknown token", &[("authorization", &unknown)], true),
            ("nonsense", &[("authorization", "bearer x y z")], true),
            ("a refresh token", &[("authorization", &refresh)], true),
            ("a link's token", &[("authorization", &link)], true),
            ("one that was ended", &[("authorization", &ended)], true),
        ];
        for path in ["/mcp", "/mcp/", "/mcp?readonly=1", "/mcp?tools=nonsense"] {
            let url = format!("{}{path}", world.web);
            for (what, headers, sent) in cases {
                let posted = initialize(&url, &[headers, &[("accept", BOTH)]].concat()).await;
                is_challenged(&world, &posted, sent, what);
                let body = posted.json();
                assert_eq!(
                    (&body["jsonrpc"], &body["id"], &body["error"]["code"]),
                    (&json!("2.0"), &Value::Null, &json!(-32000))
                );
                assert!(body["error"]["message"].as_str().unwrap().len() > 20);
            }
        }
        // A client may ask with any method; a person with a browser sees a page.
        let url = format!("{}/mcp", world.web);
        for method in ["GET", "DELETE", "OPTIONS", "PUT"] {
            for (what, headers, sent) in [&cases[0], &cases[7]] {
                let headers = [*headers, &[("accept", "text/event-stream")]].concat();
                is_challenged(&world, &send(method, &url, &headers, None).await, *sent, what);
            }
        }
        let page = send("GET", &url, &[("accept", BROWSER)], None).await;
        is_challenged(&world, &page, false, "a browser");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(
            page.text.contains("<h1") && page.text.contains("IcuSync"),
            "{}",
            page.text
        );
        assert!(
            page.header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        // Expired: after its own time, with nobody having done anything.
        world.clock.advance(chrono::Duration::days(14));
        let late = initialize(&url, &[("authorization", &access), ("accept", BOTH)]).await;
        is_challenged(&world, &late, true, "an expired token");
        assert_eq!(program.refresh(tokens.refresh()).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_posts_and_accepts_what_they_like() {
    test(async |world| {
        let (_, tokens) = world.app_of(world.ana(), false).await;
        let url = format!("{}/mcp", world.web);
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let sent = format!("{scheme} {}", tokens.access());
            for accept in [BOTH, "*/*", "application/json", BROWSER] {
                let seen = initialize(&url, &[("authorization", &sent), ("accept", accept)]).await;
                assert_eq!(seen.status, 200, "{scheme} {accept}: {seen:?}");
                assert_eq!(seen.json()["result"]["serverInfo"]["name"], "IcuSync");
            }
            let bare = initialize(&format!("{url}/"), &[("authorization", &sent)]).await;
            assert_eq!(bare.status, 200, "without Accept: {bare:?}");
            for (accept, kind) in [("text/event-stream", "text/plain"), (BROWSER, "text/html")] {
                let got = send("GET", &url, &[("authorization", &sent), ("accept", accept)], None).await;
                assert_eq!((got.status, got.header("allow")), (405, "POST"), "{accept}");
                assert!(got.header("content-type").starts_with(kind), "{got:?}");
                assert_eq!(got.header("www-authenticate"), "");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_reach_no_sign_in() {
    test(async |world| {
        let (_, tokens) = world.app_of(world.ana(), false).await;
        let url = format!("{}/mcp", world.web);
        let sent = format!("Bearer {}", tokens.access());
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost",
            &format!("{}.evil.example", world.web),
        ] {
            for token in [Some(&sent), None] {
                let mut headers = vec![("origin", origin), ("accept", BOTH)];
                headers.extend(token.map(|token| ("authorization", token.as_str())));
                let seen = initialize(&url, &headers).await;
                assert_eq!(seen.status, 403, "{origin}");
                assert_eq!(seen.header("access-control-allow-origin"), "");
            }
        }
        let own = initialize(
            &url,
            &[("origin", &world.web), ("authorization", &sent), ("accept", BOTH)],
        )
        .await;
        assert_eq!(own.status, 200);
    })
    .await;
}

/// Hard case 94: a token is good at its own door and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn each_door_takes_its_own_tokens_94() {
    test(async |world| {
        let (_, tokens) = world.app_of(world.ana(), false).await;
        let access = tokens.access();
        let sent = format!("Bearer {access}");
        let link = world.ana().link.clone();
        let secret = link.rsplit('/').next().unwrap();
        for url in [
            format!("{}/mcp/{access}", world.links),
            format!("{}/mcp", world.links),
            format!("{}/mcp/", world.links),
            format!("{}/mcp-other", world.web),
            format!("{}/mcp/other", world.web),
            format!("{}/mcp/{access}", world.web),
            format!("{}/mcp/{secret}", world.web),
        ] {
            let seen = initialize(&url, &[("authorization", &sent), ("accept", BOTH)]).await;
            assert_eq!(seen.status, 404, "{url}");
            assert_eq!(seen.header("www-authenticate"), "", "{url}");
        }
        // A link is what its URL says, whatever else is sent.
        let both = initialize(&link, &[("authorization", &sent), ("accept", BOTH)]).await;
        assert_eq!(both.status, 200);
        let by_link = Mcp::at(&format!("{}/mcp", world.web)).with_token(secret);
        assert_eq!(by_link.request("ping", json!({})).await.status, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_narrows_a_sign_in_or_says_that_it_is_unclear() {
    test(async |world| {
        let (_, tokens) = world.app_of(world.ana(), true).await;
        let sent = format!("Bearer {}", tokens.access());
        let list = async |query: &str| {
            let url = format!("{}/mcp{query}", world.web);
            message(
                &url,
                &[("authorization", &sent), ("accept", BOTH)],
                "tools/list",
                json!({}),
            )
            .await
        };
        let names = |seen: &Seen| -> Vec<String> {
            let list = seen.json()["result"]["tools"].as_array().unwrap().clone();
            list.iter()
                .map(|tool| tool["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let whole = names(&list("").await);
        assert!(
            whole.iter().any(|name| name == "push_workout") && whole.iter().any(|name| name == "get_fitness")
        );
        let reading = names(&list("?readonly=1").await);
        assert!(
            !reading.iter().any(|name| name == "push_workout") && reading.len() > 5,
            "{reading:?}"
        );
        assert_eq!(names(&list("?tools=get_fitness").await), ["get_fitness"]);
        assert_eq!(
            names(&list("/?tools=get_fitness&readonly=1").await),
            ["get_fitness"]
        );
        assert_eq!(names(&list("?new=7").await), whole);
        for unclear in [
            "?readonly=perhaps",
            "?tools=nonsense",
            "?tools=",
            "?readonly=1&readonly=0",
        ] {
            let seen = list(unclear).await;
            assert_eq!(seen.status, 400, "{unclear}");
            assert_eq!(seen.json()["error"]["code"], -32600, "{unclear}");
        }
    })
    .await;
}

/// Hard cases 95 and 101.
#[tokio::test(flavor = "multi_thread")]
async fn both_documents_are_wherever_clients_look_101() {
    test(async |world| {
        let mut documents = Vec::new();
        for paths in [&RESOURCE[..], &SERVER[..]] {
            let mut first = None;
            for path in paths {
                let url = format!("{}{path}", world.web);
                for headers in [
                    &[][..],
                    &[("accept", "*/*")],
                    &[("accept", "application/json"), ("origin", "https://app.example")],
                ] {
                    let seen = send("GET", &url, headers, None).await;
                    assert_eq!(seen.status, 200, "{path}: {seen:?}");
                    assert_eq!(seen.header("access-control-allow-origin"), "*", "{path}");
                    assert_eq!(seen.header("cache-control"), "public, max-age=300", "{path}");
                    assert_eq!(seen.header("set-cookie"), "", "{path}");
                    let document = seen.json();
                    assert_eq!(&document, first.get_or_insert_with(|| document.clone()), "{path}");
                }
                assert_eq!(send("HEAD", &url, &[], None).await.status, 200, "{path}");
            }
            documents.extend(first);
        }
        let [resource, server] = &documents[..] else {
            panic!()
        };
        assert_eq!(server["issuer"], world.web.as_str());
        assert!(!world.web.ends_with('/'));
        assert_eq!(resource["authorization_servers"], json!([server["issuer"]]));
        assert_eq!(resource["resource"], format!("{}/mcp", world.web));
        let readable = |document: &Value| {
            serde_json::to_string_pretty(document)
                .unwrap()
                .replace(&world.web, "https://icusync.test")
        };
        insta::assert_snapshot!("oauth_protected_resource", readable(resource));
        insta::assert_snapshot!("oauth_authorization_server", readable(server));
        // What the documents name is there.
        for (name, method, status) in [
            ("authorization_endpoint", "GET", 400),
            ("token_endpoint", "POST", 400),
            ("registration_endpoint", "POST", 400),
            ("revocation_endpoint", "POST", 400),
            ("service_documentation", "GET", 200),
            ("op_policy_uri", "GET", 200),
        ] {
            let seen = send(method, server[name].as_str().unwrap(), &[], None).await;
            assert_eq!(seen.status, status, "{name}");
        }
    })
    .await;
}

/// Any OAuth document on the host of the links would make some clients force a sign-in upon them.
#[tokio::test(flavor = "multi_thread")]
async fn the_link_host_knows_nothing_of_signing_in() {
    test(async |world| {
        let token = world.ana().link.rsplit('/').next().unwrap().to_owned();
        let suffixed = format!("/.well-known/oauth-protected-resource/mcp/{token}");
        let own = format!("/mcp/{token}/.well-known/openid-configuration");
        let mut paths = vec![
            "/register",
            "/authorize",
            "/token",
            "/revoke",
            "/mcp",
            &suffixed,
            &own,
        ];
        paths.extend(RESOURCE);
        paths.extend(SERVER);
        for path in paths {
            for method in ["GET", "POST"] {
                let seen = send(method, &format!("{}{path}", world.links), &[], None).await;
                let told = (seen.status, seen.text.as_str(), seen.header("www-authenticate"));
                assert_eq!(told, (404, "Not found\n", ""), "{method} {path}");
            }
        }
    })
    .await;
}

/// `GET /authorize` of a document's client with other parameters, and the answer.
async fn asked(world: &Arc<World>, other: &[(&str, &str)]) -> crate::world::Page {
    let program = Program::known(world, CLAUDE, CALLBACK);
    world.browser().get(&program.authorize(other)).await
}

/// Hard case 89: as long as client and redirect do not belong together, nobody is sent anywhere, whatever else is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_that_is_not_the_clients_is_a_page_89() {
    test(async |world| {
        let mut last = None;
        for redirect in [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x=1",
            "https://claude.ai/api/mcp/auth_callback#x",
            "https://claude.ai/api/mcp/../mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callbac%6b",
            "https://claude.ai/other",
            "https://CLAUDE.ai/api/mcp/auth_callback",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://claude.ai@evil.example/api/mcp/auth_callback",
            "https://user@claude.ai/api/mcp/auth_callback",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "//evil.example/cb",
            "\u{1}https://claude.ai/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callback\r\nx: y",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://localhost/callback",
            "https://evil.example/cb",
        ] {
            for other in [
                ("x", "y"),
                ("response_type", "token"),
                ("prompt", "none"),
                ("code_challenge", ""),
            ] {
                let page = asked(&world, &[("redirect_uri", redirect), other]).await;
                assert_eq!(page.status, 400, "{redirect} {other:?}");
                assert!(!page.headers.contains_key("location") && !page.headers.contains_key("refresh"));
                assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
                assert!(
                    !page.body.contains("evil.example") && !page.body.contains("http-equiv"),
                    "{redirect}"
                );
                last = Some(page.text());
            }
        }
        assert!(last.unwrap().contains("IcuSync"));
        let rows: i64 = sqlx::query_scalar("select count(*) from sign_in_requests")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0);
        let told = crate::world::refusals_of(CLAUDE);
        assert!(
            told.contains(&("authorize".to_owned(), "wrong_redirect".to_owned())),
            "{told:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_client_sends_is_a_page_or_json_for_a_program() {
    test(async |world| {
        let program = Program::known(&world, CLAUDE, CALLBACK);
        let good = program.authorize(&[]);
        let nobody = "0195a0c4-0000-7000-8000-000000000000";
        let cases = [
            (format!("{good}&client_id=x"), "invalid_request"),
            (
                format!(
                    "{good}&redirect_uri={}",
                    form(&[("", CALLBACK)]).trim_start_matches('=')
                ),
                "invalid_request",
            ),
            (format!("{good}&state=other"), "invalid_request"),
            (format!("{good}&scope=read"), "invalid_request"),
            (format!("{good}&x=%00"), "invalid_request"),
            (format!("{good}&x=%ff"), "invalid_request"),
            (
                program.authorize(&[("state", &"x".repeat(5_000))]),
                "invalid_request",
            ),
            (program.authorize(&[("client_id", "")]), "invalid_request"),
            (program.authorize(&[("client_id", nobody)]), "invalid_client"),
            (
                program.authorize(&[("client_id", "https://169.254.169.254/x")]),
                "invalid_client",
            ),
            (program.authorize(&[("redirect_uri", "")]), "invalid_request"),
            ("/authorize".to_owned(), "invalid_request"),
        ];
        for (path, error) in cases {
            let url = format!("{}{path}", world.web);
            let page = send("GET", &url, &[("accept", BROWSER)], None).await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{path}");
            assert!(page.header("content-type").starts_with("text/html") && page.text.contains("<h1"));
            let program = send("GET", &url, &[("accept", "application/json")], None).await;
            assert_eq!((program.status, program.header("location")), (400, ""), "{path}");
            assert_eq!(program.json()["error"], error, "{path}");
            let both = send("GET", &url, &[("accept", "text/html, application/json")], None).await;
            assert!(both.header("content-type").starts_with("text/html"), "{path}");
        }
        assert_eq!(world.documents.asked(), 0);
    })
    .await;
}

/// Hard cases 91, 94 and 95: the client is told, with its state and the issuer.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_of_a_known_client_goes_back_to_it_95() {
    test(async |world| {
        let cases: [(&[(&str, &str)], &str); 22] = [
            (&[("response_type", "")], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("response_mode", "form_post")], "invalid_request"),
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge_method", "s256")], "invalid_request"),
            (
                &[("code_challenge", ""), ("code_challenge_method", "")],
                "invalid_request",
            ),
            (
                &[("code_challenge", "a-verifier-of-forty-three-characters-or-more")],
                "invalid_request",
            ),
            (
                &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")],
                "invalid_request",
            ),
            (&[("resource", "https://evil.example/mcp")], "invalid_target"),
            (&[("resource", "/mcp")], "invalid_target"),
            (&[("resource", &format!("{}/mcp/x", world.web))], "invalid_target"),
            (&[("resource", &format!("{}/mcp", world.links))], "invalid_target"),
            (
                &[("resource", &format!("{}/mcp-other", world.web))],
                "invalid_target",
            ),
            (&[("prompt", "none")], "interaction_required"),
            (&[("prompt", "login none")], "interaction_required"),
            (
                &[("request", "eyJhbGciOiJub25lIn0.e30.")],
                "request_not_supported",
            ),
            (
                &[("request_uri", "https://evil.example/request")],
                "request_uri_not_supported",
            ),
            (
                &[("request_uri", "urn:x"), ("code_challenge", "")],
                "request_uri_not_supported",
            ),
        ];
        for state in ["a state & more=1\r\nSet-Cookie: x=y", "ü 世", ""] {
            for (other, error) in cases {
                let back = asked(&world, &[other, &[("state", state)]].concat()).await;
                let to = back.location();
                assert_eq!(back.status, 303, "{other:?}: {}", back.text());
                assert!(to.starts_with(&format!("{CALLBACK}?")), "{to}");
                assert_eq!(query(to, "error").as_deref(), Some(error), "{other:?}");
                assert!(query(to, "error_description").is_some_and(|text| text.len() > 10));
                assert_eq!(
                    query(to, "state"),
                    Some(state.to_owned()).filter(|state| !state.is_empty())
                );
                assert_eq!(query(to, "iss").as_deref(), Some(world.web.as_str()));
                assert_eq!(query(to, "code"), None);
                assert!(!back.headers.contains_key("set-cookie"));
            }
        }
        // A foreign resource is one too many, also beside ours.
        let program = Program::known(&world, CLAUDE, CALLBACK);
        let beside = format!(
            "{}&resource=https%3A%2F%2Fevil.example%2F",
            program.authorize(&[])
        );
        let back = world.browser().get(&beside).await;
        assert_eq!(query(back.location(), "error").as_deref(), Some("invalid_target"));
        let rows: i64 = sqlx::query_scalar("select count(*) from sign_in_requests")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0);
    })
    .await;
}

/// A redirect with a query of its own keeps it.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_leaves_a_redirects_own_query_alone() {
    test(async |world| {
        let redirect = "https://client.example/cb?tenant=a%20b&x";
        let program = Program::registered(&world, "A client", redirect).await;
        let back = world
            .browser()
            .get(&program.authorize(&[("prompt", "none")]))
            .await;
        assert!(
            back.location().starts_with(&format!("{redirect}&error=")),
            "{}",
            back.location()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_of_the_resource_and_any_scope_will_do() {
    test(async |world| {
        let program = Program::known(&world, CLAUDE, CALLBACK);
        let mut browser = world.signed_in(world.ana()).await;
        let web = &world.web;
        let upper = format!("{}/mcp", web.replace("http://localhost", "HTTP://LocalHost"));
        for resource in [
            String::new(),
            web.clone(),
            format!("{web}/"),
            format!("{web}/mcp"),
            format!("{web}/mcp/"),
            format!("{web}/mcp?readonly=1"),
            format!("{web}/mcp/?tools=fitness"),
            upper,
        ] {
            let window = program.in_another_window(&resource);
            let begun = browser.get(&window.authorize(&[("resource", &resource)])).await;
            assert_eq!(begun.status, 303, "{resource}");
            let path = begun.location().to_owned();
            let page = browser.get(&path).await;
            let code = code(&allow(&mut browser, &path, &page, false).await);
            // For the token another of its names may be sent.
            let tokens = window.exchange_with(&code, &[("resource", &resource)]).await;
            assert_eq!(
                window
                    .mcp(tokens.access())
                    .request("ping", json!({}))
                    .await
                    .status,
                200
            );
        }
        for (asked, given) in [
            ("", "read write"),
            ("read", "read"),
            ("write", "read write"),
            ("openid profile email", "read write"),
            ("read admin:all", "read"),
            ("offline_access read", "read offline_access"),
            ("read write offline_access", "read write offline_access"),
            ("READ", "read write"),
        ] {
            let window = program.in_another_window(asked);
            let begun = browser.get(&window.authorize(&[("scope", asked)])).await;
            assert_eq!(begun.status, 303, "{asked}");
            let path = begun.location().to_owned();
            let page = browser.get(&path).await;
            let code = code(&allow(&mut browser, &path, &page, true).await);
            let tokens = window.exchange(&code).await;
            assert_eq!(tokens.text("scope"), given, "{asked}");
            assert!(
                tokens.refresh().starts_with("icur_"),
                "always with a refresh token"
            );
        }
    })
    .await;
}
