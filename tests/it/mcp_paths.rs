//! Paths and tokens: one spelling works, everything else gets the same 404.

use std::time::Duration;

use serde_json::json;

use crate::{
    mcp_bench::{Bench, Reply},
    world,
};

const LIST: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

async fn post(bench: &Bench, path: &str) -> Reply {
    bench.raw(&bench.request("POST", path, &[], LIST)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_path_is_a_plain_404() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let token = bench.path.strip_prefix("/mcp/").unwrap().to_owned();
        let mut paths: Vec<String> = [
            "/",
            "/mcp",
            "/mcp/",
            "//mcp",
            "/MCP",
            "/%6dcp",
            "/x/../mcp",
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/register",
            "/authorize",
            "/token",
            "/favicon.ico",
            "/dashboard",
        ]
        .map(str::to_owned)
        .to_vec();
        for spelling in ["/MCP/", "//mcp/", "/%6dcp/", "/x/../mcp/", "/mcp//", "/mcp/./"] {
            paths.push(format!("{spelling}{token}"));
        }
        paths.push(format!("/mcp/{token}//"));
        paths.push(format!("/mcp/{token}/x"));
        paths.push(format!("/.well-known/oauth-protected-resource/mcp/{token}"));
        let expected = post(&bench, "/nothing").await;
        assert_eq!((expected.status, expected.body.as_str()), (404, "Not found\n"));
        for path in paths {
            for method in ["POST", "GET"] {
                let reply = bench.raw(&bench.request(method, &path, &[], b"")).await;
                // A browser that adds a dot still meets no handler.
                assert_eq!(reply.status, 404, "{method} {path}");
            }
            assert_eq!(post(&bench, &path).await, expected, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_cannot_be_a_token_costs_no_query() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let good = bench.path.clone();
        let token = good.strip_prefix("/mcp/").unwrap().to_owned();
        let flipped: String = token
            .chars()
            .map(|c| {
                if c.is_lowercase() {
                    c.to_ascii_uppercase()
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect();
        // Without a database nothing that asks it can answer 404.
        bench.app.pool.close().await;
        assert_eq!(post(&bench, &good).await.status, 503);
        let expected = post(&bench, "/nothing").await;
        for bad in [
            "a%2fb".to_owned(),
            "a%00b".to_owned(),
            "..".to_owned(),
            "a;b".to_owned(),
            "%E2%98%83".to_owned(),
            token[..token.len() - 1].to_owned(),
            format!("{token}A"),
            flipped,
            token.replacen("icul_", "icus_", 1),
            token.replacen("icul_", "icul%5f", 1),
            token.replacen('_', "_%F5", 1),
            "%ff".to_owned(),
            "%zz".to_owned(),
        ] {
            assert_eq!(post(&bench, &format!("/mcp/{bad}")).await, expected, "{bad}");
        }
    })
    .await;
}

/// What people paste: a slash after the URL works, a fragment after a # gets an explanation, and neither reveals anything about a token.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_was_pasted_with_something_behind_it_works_or_says_so() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let token = bench.path.strip_prefix("/mcp/").unwrap().to_owned();
        let nobodys = bench.nobodys();
        assert_eq!(
            post(&bench, &format!("{}/", bench.path)).await,
            post(&bench, &bench.path).await
        );
        assert_eq!(
            post(&bench, &format!("{}/?readonly=1", bench.path)).await.status,
            200
        );
        assert_eq!(
            post(&bench, &format!("{nobodys}/")).await,
            post(&bench, &nobodys).await
        );
        for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
            let bare = [("content-length", "")];
            let reply = async |path: &str| bench.raw(&bench.request(method, path, &bare, b"")).await;
            let with_slash = reply(&format!("{}/", bench.path)).await;
            assert_eq!(with_slash, reply(&bench.path).await, "{method}");
            assert_eq!((with_slash.status, with_slash.header("location")), (405, None));
        }
        // A client that sends the fragment: it is dropped, as the client should have done.
        assert_eq!(
            post(&bench, &format!("{}#x", bench.path)).await,
            post(&bench, &bench.path).await
        );
        let browser = [("accept", "text/html"), ("content-length", "")];
        let page = bench.raw(&bench.request("GET", &bench.path, &browser, b"")).await;
        for path in [
            format!("{}/", bench.path),
            format!("{nobodys}/"),
            format!("{nobodys}%23x"),
        ] {
            assert_eq!(
                bench.raw(&bench.request("GET", &path, &browser, b"")).await,
                page,
                "{path}"
            );
        }
        // Without a database nothing that asks it can answer.
        bench.app.pool.close().await;
        let reply = post(&bench, &format!("{}%23x", bench.path)).await;
        assert_eq!(reply.status, 400);
        assert!(
            reply.body.contains("Remove the # and everything after it"),
            "{reply:?}"
        );
        assert!(
            !reply.body.contains(&token) && !reply.body.contains("icul_"),
            "{reply:?}"
        );
        for path in [
            format!("{nobodys}%23x"),
            format!("{}%23", bench.path),
            "/mcp/x%23y/".to_owned(),
        ] {
            assert_eq!(post(&bench, &path).await, reply, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_replaced_tokens_cannot_be_told_apart() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        assert_eq!(post(&bench, &bench.path).await.status, 200);
        bench.regenerate().await;
        let replaced = post(&bench, &bench.path).await;
        assert_eq!(replaced.status, 404);
        assert_eq!(post(&bench, &bench.nobodys()).await, replaced);
        assert_eq!(post(&bench, "/mcp/nonsense").await, replaced);
        assert_eq!(post(&bench, "/elsewhere").await, replaced);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_post_is_for_clients_and_a_browser_sees_what_the_url_is_for() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let token = bench.path.strip_prefix("/mcp/").unwrap().to_owned();
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "TRACE"] {
            let reply = bench
                .raw(&bench.request(method, &bench.path, &[("content-length", "")], b""))
                .await;
            assert_eq!(reply.status, 405, "{method}");
            assert_eq!(reply.header("allow"), Some("POST"));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
        let browser = [
            ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("content-length", ""),
        ];
        let get = async |path: &str| bench.raw(&bench.request("GET", path, &browser, b"")).await;
        let page = get(&bench.path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (405, Some("text/html; charset=utf-8"))
        );
        assert!(page.body.contains("Claude") && !page.body.contains(&token));
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .contains("style-src 'sha256-")
        );
        assert_eq!(get(&bench.nobodys()).await, page);
        assert_eq!(get("/mcp/nonsense").await, page);
        bench.app.pool.close().await;
        assert_eq!(
            get(&bench.path).await,
            page,
            "a page for people asks nothing of the database"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_slowed_down_and_nobody_else() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.strangers_per_minute = 5).await;
        for _ in 0..5 {
            assert_eq!(post(&bench, &bench.nobodys()).await.status, 404);
        }
        let reply = post(&bench, &bench.nobodys()).await;
        assert_eq!(reply.status, 429);
        assert!((1..=60).contains(&reply.header("retry-after").unwrap().parse().unwrap()));
        assert_eq!(post(&bench, "/mcp/nonsense").await.status, 429);
        // A valid token was not even seen before the flood.
        for _ in 0..10 {
            assert_eq!(post(&bench, &bench.path).await.status, 200);
        }
        assert_eq!(
            post(&bench, "/.well-known/oauth-protected-resource").await.status,
            404,
            "clients probe this"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_a_503_soon() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        bench.app.pool.close().await;
        let began = std::time::Instant::now();
        let reply = post(&bench, &bench.path).await;
        assert!(began.elapsed() < Duration::from_secs(3));
        assert_eq!((reply.status, reply.code()), (503, -32603));
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert_eq!(reply.json()["id"], json!(null));
    })
    .await;
}
