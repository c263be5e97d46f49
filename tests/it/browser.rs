//! The main job in a real browser: from the home page to a connector URL that answers.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    clients::{output, script, tool},
    world::{Mcp, inbox, test},
};

/// Runs a browser script; it prints one line of JSON.
async fn run(name: &str, arguments: &[&str]) -> Value {
    let (modules, script) = (script("modules.mjs"), script(name));
    let mut all = vec!["--import", modules.as_str(), script.as_str()];
    all.extend(arguments);
    let said = output(&tool("ICUSYNC_NODE"), &all, Duration::from_mins(2)).await;
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_confirm_connect_copy_the_url_and_ask() {
    test(async |world| {
        let inbox = inbox(&world).await;
        // The simulated athlete must be free: the seeded account of Jack lets go of him.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert_eq!(jack.post("/disconnect", &[]).await.status, 303);
        let pictures = std::env::var("ICUSYNC_SCREENSHOTS").unwrap_or_default();
        for javascript in ["with-javascript", "without-javascript"] {
            let email = format!("new-{javascript}@example.test");
            let told = run(
                "browser/main-job.mjs",
                &[&world.web, &inbox, &email, javascript, &pictures],
            )
            .await;
            let url = told["url"].as_str().unwrap();
            world.secret(url.rsplit('/').next().unwrap());
            assert!(url.starts_with(&world.links), "{url}");
            if javascript == "with-javascript" {
                assert_eq!(told["copied"], told["url"], "the copy button copies the very URL");
            }
            assert_eq!(
                told["problems"],
                json!([]),
                "nothing in the console, nothing loaded from elsewhere"
            );
            let call = Mcp::at(url).call("get_athlete_profile", json!({})).await;
            assert!(call.text().starts_with("Jack Nguyen · "), "{}", call.answer);
            for secret in told["secrets"].as_array().unwrap() {
                world.secret(secret.as_str().unwrap());
            }
            // Free again for the next round.
            let done = run("browser/disconnect.mjs", &[&world.web, &email, javascript]).await;
            assert_eq!(done["state"], "Not connected");
            let call = Mcp::at(url).call("get_athlete_profile", json!({})).await;
            assert!(call.is_error(), "{}", call.answer);
        }
    })
    .await;
}
