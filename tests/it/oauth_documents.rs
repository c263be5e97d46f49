//! Clients whose id is the URL of a metadata document: pinned ones, fetched ones, and what strangers try with such a URL.
//! Hard case 98, and what known clients send.

use std::sync::Arc;

use chrono::Duration;
use icusync::oauth::documents::FetchError;
use serde_json::{Value, json};

use crate::world::{Page, World, form, test, test_with};

const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CLAUDE_CODE: &str = "https://claude.ai/oauth/claude-code-client-metadata";
const VSCODE: &str = "https://vscode.dev/oauth/client-metadata.json";
const ID: &str = "https://client.example/oauth/client.json";
const BACK: &str = "https://client.example/cb";

fn document() -> Value {
    json!({
        "client_id": ID,
        "client_name": "A client",
        "redirect_uris": [BACK, "http://localhost/cb"],
        "token_endpoint_auth_method": "none",
    })
}

/// What a browser gets that a client sends here.
async fn sent(world: &Arc<World>, client_id: &str, redirect: &str) -> Page {
    let query = form(&[
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("state", "s"),
    ]);
    world.browser().get(&format!("/authorize?{query}")).await
}

/// Whether the sign-in began. If not, the answer is a page here: nobody is sent anywhere.
fn begins(page: &Page) -> bool {
    if page.status == 303 {
        assert!(page.location().starts_with("/authorize/"), "{}", page.location());
        return true;
    }
    assert_eq!(page.location(), "");
    assert!(page.header("content-type").starts_with("text/html"));
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn known_clients_sign_in_while_their_documents_cannot_be_fetched() {
    test(async |world| {
        for (id, redirect) in [
            (CLAUDE, "https://claude.ai/api/mcp/auth_callback"),
            (CLAUDE, "https://claude.com/api/mcp/auth_callback"),
            (CLAUDE_CODE, "http://localhost:54321/callback"),
            (CLAUDE_CODE, "http://127.0.0.1:54321/callback"),
            (
                "https://chatgpt.com/oauth/client.json",
                "https://chatgpt.com/connector_platform_oauth_redirect",
            ),
            (
                "https://chatgpt.com/oauth/abc123/client.json",
                "https://chatgpt.com/connector/oauth/abc123",
            ),
            (
                "https://chatgpt.com/oauth/abc123/client.json",
                "https://chatgpt.com/connector_platform_oauth_redirect",
            ),
            (VSCODE, "https://vscode.dev/redirect"),
            (VSCODE, "https://insiders.vscode.dev/redirect"),
            (VSCODE, "http://127.0.0.1:33418/"),
            (VSCODE, "http://127.0.0.1:40123"),
        ] {
            let page = sent(&world, id, redirect).await;
            assert!(begins(&page), "{id} {redirect}: {}", page.text());
        }
        assert_eq!(world.documents.asked(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_client_may_have_moved_and_only_its_own_document_says_so() {
    test(async |world| {
        let moved = "https://claude.ai/api/mcp/new_callback";
        // Not in the pinned entry, and the document cannot be had.
        let page = sent(&world, CLAUDE, moved).await;
        assert!(!begins(&page));
        assert_eq!(page.status, 400);
        assert_eq!(world.documents.asked(), 1);
        world.clock.advance(Duration::seconds(30));
        world.documents.put(
            CLAUDE,
            &json!({"client_id": CLAUDE, "client_name": "Claude", "redirect_uris": [moved]}),
        );
        assert!(begins(&sent(&world, CLAUDE, moved).await));
        assert!(!begins(&sent(&world, CLAUDE, "https://evil.example/cb").await));
        assert_eq!(world.documents.asked(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_fetched_once_a_day_and_its_last_good_copy_stands_in() {
    test(async |world| {
        world.documents.put(ID, &document());
        for redirect in [BACK, BACK, "http://localhost:1234/cb", "http://127.0.0.1:5/cb"] {
            assert!(begins(&sent(&world, ID, redirect).await), "{redirect}");
        }
        assert_eq!(world.documents.asked(), 1);
        // A redirect that is gone is gone after a day.
        world.clock.advance(Duration::days(1) - Duration::seconds(1));
        let mut changed = document();
        changed["redirect_uris"] = json!([BACK]);
        world.documents.put(ID, &changed);
        assert!(begins(&sent(&world, ID, "http://localhost:1234/cb").await));
        assert_eq!(world.documents.asked(), 1);
        world.clock.advance(Duration::seconds(1));
        assert!(!begins(&sent(&world, ID, "http://localhost:1234/cb").await));
        assert!(begins(&sent(&world, ID, BACK).await));
        assert_eq!(world.documents.asked(), 2);
        // Away for a while, or wrong for a while: the copy of before.
        for answer in [
            Err(FetchError::Unreachable),
            Ok(b"<html>Are you human?</html>".to_vec()),
        ] {
            world.documents.answer(ID, answer);
            world.clock.advance(Duration::days(2));
            assert!(begins(&sent(&world, ID, BACK).await));
        }
        assert_eq!(world.documents.asked(), 4);
        // Not for ever.
        world.documents.answer(ID, Err(FetchError::Unreachable));
        world.clock.advance(Duration::days(30));
        let page = sent(&world, ID, BACK).await;
        assert!(!begins(&page));
        assert_eq!(page.status, 503);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_finds_the_copy() {
    test(async |world| {
        world.documents.put(ID, &document());
        assert!(begins(&sent(&world, ID, BACK).await));
        world.documents.answer(ID, Err(FetchError::Unreachable));
        let other = world.other_instance().await;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", ID),
            ("redirect_uri", BACK),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]);
        let page = world
            .browser()
            .get(&format!("{}/authorize?{query}", other.web))
            .await;
        assert!(begins(&page), "{}", page.text());
        assert_eq!(world.documents.asked(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_had_now_is_a_matter_of_time() {
    test(async |world| {
        let asks = (0..5).map(|_| sent(&world, ID, BACK));
        for page in futures::future::join_all(asks).await {
            assert!(!begins(&page));
            assert_eq!((page.status, page.header("retry-after")), (503, "30"));
        }
        assert_eq!(world.documents.asked(), 1);
        world.documents.put(ID, &document());
        world.clock.advance(Duration::seconds(29));
        assert_eq!(sent(&world, ID, BACK).await.status, 503);
        world.clock.advance(Duration::seconds(1));
        assert!(begins(&sent(&world, ID, BACK).await));
        assert_eq!(world.documents.asked(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_document_is_an_unknown_client_and_fetched_once_98() {
    test_with(
        |config| config.sign_ins_per_minute = 10_000,
        async |world| {
            let changed = |field: &str, value: Value| {
                let mut document = document();
                document[field] = value;
                Ok(document.to_string().into_bytes())
            };
            let wrong = [
                changed("client_id", json!("https://other.example/client.json")),
                changed("logo_uri", json!("javascript:alert(1)")),
                changed("token_endpoint_auth_method", json!("client_secret_basic")),
                changed("redirect_uris", json!(["http://evil.example/"])),
                changed("client_name", json!("x".repeat(6_000))),
                Ok(b"<html></html>".to_vec()),
                Err(FetchError::Wrong("redirect")),
            ];
            for (number, answer) in wrong.into_iter().enumerate() {
                world.documents.answer(ID, answer);
                for _ in 0..3 {
                    let page = sent(&world, ID, BACK).await;
                    assert!(!begins(&page), "{number}");
                    assert_eq!(page.status, 400, "{number}");
                }
                assert_eq!(world.documents.asked(), number + 1);
                world.clock.advance(Duration::seconds(30));
            }
            let kept: i64 = sqlx::query_scalar("select count(*) from oauth_clients")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            assert_eq!(kept, 0);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_url_of_a_stranger_leads_inside_98() {
    test(async |world| {
        for id in [
            "http://client.example/oauth/client.json",
            "https://127.0.0.1/client.json",
            "https://2130706433/client.json",
            "https://0x7f000001/client.json",
            "https://0177.0.0.1/client.json",
            "https://[::1]/client.json",
            "https://[::ffff:10.0.0.1]/client.json",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/client.json",
            "https://icusync.internal/client.json",
            "https://icusync.flycast/client.json",
            "https://printer.local/client.json",
            "https://client.example:8443/client.json",
            "https://user@client.example/client.json",
            "https://client.example/a/../client.json",
            "https://client.example/client.json#x",
            "https://client.example/",
            "javascript://client.example/x",
        ] {
            let page = sent(&world, id, BACK).await;
            assert!(!begins(&page), "{id}");
            assert_eq!(page.status, 400, "{id}");
        }
        assert_eq!(world.documents.asked(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_signs_its_requests_is_taken_without() {
    test(async |world| {
        let id = "https://chatgpt.com/oauth/xyz/client.json";
        let back = "https://chatgpt.com/connector/oauth/another";
        world.documents.put(
            id,
            &json!({
                "client_id": id,
                "client_name": "ChatGPT",
                "redirect_uris": [back],
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "RS256",
                "jwks_uri": "https://chatgpt.com/oauth/jwks.json",
            }),
        );
        assert!(begins(&sent(&world, id, back).await));
        assert_eq!(world.documents.asked(), 1);
    })
    .await;
}
