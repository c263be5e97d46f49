//! What clients find before they sign in, and what a token opens: the metadata at every address where one is known to ask, the
//! challenge, our one resource. Hard cases 34, 36, 94 and 101; the traps T1, T4, T6, T8 and T12.

use chrono::Duration;
use http::header;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{
    Mcp,
    sign_in::{Program, code},
    test,
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
/// Where clients look for the metadata of the resource (RFC 9728).
const RESOURCE: [&str; 2] = [
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource",
];
/// Where clients look for the metadata of the authorization server (RFC 8414, OpenID Connect Discovery).
const SERVER: [&str; 6] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp",
    "/mcp/.well-known/oauth-authorization-server",
    "/mcp/.well-known/openid-configuration",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_clients_probe_has_the_same_documents() {
    test(async |world| {
        let web = world.web.as_str();
        let mut documents: Vec<Value> = Vec::new();
        for paths in [&RESOURCE[..], &SERVER] {
            let mut first = None;
            for path in paths {
                let answer = Mcp::client()
                    .get(format!("{web}{path}"))
                    .header("mcp-protocol-version", "2026-07-28")
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status(), 200, "{path}");
                assert_eq!(
                    answer.headers()[header::CONTENT_TYPE],
                    "application/json",
                    "{path}"
                );
                let document: Value = answer.json().await.unwrap();
                assert_eq!(first.get_or_insert_with(|| document.clone()), &document, "{path}");
            }
            documents.extend(first);
        }
        let [resource, server] = &documents[..] else {
            panic!("{documents:?}");
        };
        assert_eq!(resource["resource"], format!("{web}/mcp"));
        assert_eq!(resource["authorization_servers"], json!([web]));
        assert_eq!(
            resource["scopes_supported"],
            json!(["read", "write"]),
            "without offline_access"
        );
        assert_eq!(server["issuer"], web, "without a slash at its end");
        for (field, path) in [
            ("authorization_endpoint", "/authorize"),
            ("token_endpoint", "/token"),
            ("registration_endpoint", "/register"),
            ("revocation_endpoint", "/revoke"),
        ] {
            assert_eq!(server[field], format!("{web}{path}"));
        }
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(
            server["scopes_supported"],
            json!(["read", "write", "offline_access"])
        );
        assert!(
            server["token_endpoint_auth_methods_supported"]
                .as_array()
                .unwrap()
                .contains(&json!("none"))
        );
        for field in [
            "client_id_metadata_document_supported",
            "authorization_response_iss_parameter_supported",
        ] {
            assert_eq!(server[field], true, "{field}");
        }
        // Where the URL is the key, any of it would make Claude insist on a sign-in.
        for path in
            RESOURCE
                .iter()
                .chain(&SERVER)
                .chain(&["/authorize", "/token", "/register", "/revoke", "/mcp"])
        {
            for method in [reqwest::Method::GET, reqwest::Method::POST] {
                let answer = Mcp::client()
                    .request(method, format!("{}{path}", world.links))
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status(), 404, "{path}");
                assert!(!answer.headers().contains_key(header::WWW_AUTHENTICATE), "{path}");
            }
        }
    })
    .await;
}

/// However the resource is written, the token opens it under its own name, with any ending; nothing beside it opens.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_our_one_resource_and_nothing_beside_it() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let web = world.web.as_str();
        let mut access = String::new();
        for (at, resource) in [
            "",
            web,
            &format!("{web}/"),
            &format!("{web}/mcp/"),
            &format!("{web}/mcp?again=1"),
        ]
        .into_iter()
        .enumerate()
        {
            let window = program.in_another_window(&at.to_string());
            let begun = browser.get(&window.authorize(&[("resource", resource)])).await;
            let path = begun.location().to_owned();
            let page = browser.get(&path).await;
            let agreed = crate::world::sign_in::allow(&mut browser, &path, &page, false).await;
            let tokens = window
                .exchange_with(&code(&agreed), &[("resource", resource)])
                .await;
            access = tokens.access().to_owned();
            for ending in ["/mcp", "/mcp/", "/mcp?again=1"] {
                let mcp = Mcp::at(&format!("{web}{ending}")).with_token(&access);
                assert_eq!(
                    mcp.request("ping", json!({})).await.status,
                    200,
                    "{resource} {ending}"
                );
            }
        }
        let foreign = browser
            .get(&program.authorize(&[("resource", &format!("{web}/mcp-other"))]))
            .await;
        assert!(
            foreign.location().contains("error=invalid_target"),
            "{}",
            foreign.location()
        );
        for beside in ["/mcp-other", "/mcp/x", "/MCP"] {
            let mcp = Mcp::at(&format!("{web}{beside}")).with_token(&access);
            assert_ne!(mcp.request("ping", json!({})).await.status, 200, "{beside}");
        }
        let link = Mcp::at(&format!("{}/mcp/{access}", world.links));
        assert_eq!(link.request("ping", json!({})).await.status, 404, "no link");
        let in_query = Mcp::at(&format!("{web}/mcp?access_token={access}"));
        assert_eq!(
            in_query.request("ping", json!({})).await.status,
            401,
            "RFC 9700 section 4.3.2"
        );
    })
    .await;
}

/// A client that lost its token drops its tools without a word, so the answer says how to come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_ended_says_how_to_come_back() {
    test(async |world| {
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let post = async |headers: &[(&str, String)]| {
            let mut request = Mcp::client()
                .post(format!("{}/mcp", world.web))
                .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            request.send().await.unwrap()
        };
        let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
        assert_eq!(post(&[bearer(tokens.access())]).await.status(), 200);
        // Hard case 34: what is near a token, and what is a token of another kind.
        let (access, link) = (tokens.access(), world.ana().link.clone());
        for near in [
            &access[..access.len() - 1],
            &format!("{access}A"),
            &access.to_uppercase(),
            &access.replacen("icua_", "icul_", 1),
            tokens.refresh(),
            link.rsplit('/').next().unwrap(),
        ] {
            assert_eq!(post(&[bearer(near)]).await.status(), StatusCode::UNAUTHORIZED);
        }
        // Hard case 36.
        let twice = post(&[bearer(access), bearer(access)]).await;
        assert_eq!(twice.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(program.revoke(tokens.refresh()).await.status, 200);
        let ended = post(&[bearer(tokens.access())]).await;
        assert_eq!(ended.status(), StatusCode::UNAUTHORIZED);
        let challenge = ended.headers()[header::WWW_AUTHENTICATE]
            .to_str()
            .unwrap()
            .to_owned();
        for said in [
            "Bearer ",
            "resource_metadata=",
            "scope=\"read write\"",
            "error=\"invalid_token\"",
        ] {
            assert!(challenge.contains(said), "{challenge}");
        }
        let text = ended.text().await.unwrap();
        assert!(
            text.contains("Disconnect IcuSync in your client and connect it again"),
            "{text}"
        );
        // Whatever is no token of ours is the same, and costs no answer of another kind.
        for odd in ["icua_x", "x", "icul_x", ""] {
            let answer = post(&[bearer(odd)]).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{odd}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_counts_who_got_tokens_and_never_came_back() {
    test(async |world| {
        let program = Program::registered(&world, "Zebra", CALLBACK).await;
        let mut tokens = Vec::new();
        for person in [world.ana(), world.jack(), world.tria()] {
            let mut browser = world.signed_in(person).await;
            let window = program.in_another_window(person.person.slug);
            tokens.push(window.sign_in(&mut browser, false).await);
        }
        // Each instance looks anew.
        let status = async || {
            let page = format!("{}/status", world.other_instance().await.web);
            Mcp::client()
                .get(page)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
        };
        assert!(
            status().await.contains("Every client that signed in"),
            "they may still come"
        );
        world.clock.advance(Duration::minutes(3));
        let text = status().await;
        assert!(
            text.contains("3 sign-ins of the last hour") && text.contains("Troubled"),
            "{text}"
        );
        assert!(!text.contains("Zebra"), "anyone can register any name: {text}");
        for tokens in &tokens {
            let answer = program.mcp(tokens.access()).call("get_fitness", json!({})).await;
            assert!(!answer.is_error(), "{}", answer.text());
        }
        // They came late, which is what the page tells of: for an hour.
        assert!(status().await.contains("3 sign-ins of the last hour"));
        world.clock.advance(Duration::hours(1));
        assert!(status().await.contains("Every client that signed in"));
    })
    .await;
}
