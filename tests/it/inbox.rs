//! The demo's page of captured emails: each one as text and as HTML.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    browser::run,
    world::{Mcp, inbox, test},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_shown_as_text_and_as_html_that_can_do_nothing() {
    test(async |world| {
        let inbox = inbox(&world).await;
        let http = Mcp::client();
        let get = async |path: &str| http.get(format!("{inbox}{path}")).send().await.unwrap();
        let empty = get("/").await.text().await.unwrap();
        assert!(empty.contains("No emails yet."), "{empty}");
        for path in ["/mails/0", "/mails/1", "/mails/1/html", "/mails/1/body"] {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let mut browser = world.browser();
        for email in ["one@example.test", "two@example.test"] {
            browser.post("/sign-up", &[("email", email)]).await;
            world.mails_to(email).await;
        }
        let list = get("/").await.text().await.unwrap();
        let (two, one) = (list.find("two@example.test"), list.find("one@example.test"));
        assert!(two.unwrap() < one.unwrap(), "newest first: {list}");
        let text = get("/mails/2").await.text().await.unwrap();
        assert!(
            text.contains("<a href=\"http://localhost:") && !text.contains("<iframe"),
            "{text}"
        );
        let html = get("/mails/2/html").await.text().await.unwrap();
        assert!(
            html.contains("sandbox=\"allow-top-navigation-by-user-activation\"")
                && html.contains("src=\"/mails/2/body\""),
            "{html}"
        );
        let body = get("/mails/2/body").await;
        let policy = body.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("script"),
            "{policy}"
        );
        let sent = body.text().await.unwrap();
        assert!(
            sent.contains("<head><base target=\"_top\">") && sent.contains("two@example.test"),
            "{sent}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_captured_emails_are_accessible_and_their_links_open() {
    test(async |world| {
        let inbox = inbox(&world).await;
        world
            .browser()
            .post("/sign-up", &[("email", "new@example.test")])
            .await;
        world.mails_to("new@example.test").await;
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        let report = run("browser/inbox.mjs", &[&inbox, &pictures]).await;
        assert_eq!(report["wrong"], json!([]));
        assert_eq!(report["opened"], "/confirm");
        assert!(!report["subject"].as_str().unwrap().is_empty());
    })
    .await;
}
