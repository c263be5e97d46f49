//! The connector URL on screen: shown to its owner only, replaced at once.

use std::sync::Arc;

use crate::world::{Browser, Page, World, test};

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerated_url_replaces_the_old_one_at_once() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser: Browser = world.signed_in(&ana).await;
        let old = url_on(&browser.get("/dashboard").await);
        assert_eq!(old, ana.link);
        assert!(
            browser
                .get("/link/regenerate")
                .await
                .text()
                .contains("stops working at once")
        );
        assert_eq!(
            url_on(&browser.get("/dashboard").await),
            old,
            "looking changes nothing"
        );
        let done = browser.post("/link/regenerate", &[]).await;
        assert_eq!(done.location(), "/dashboard?done=regenerated");
        let new = url_on(&browser.get("/dashboard").await);
        world.secret(new.rsplit('/').next().unwrap());
        assert_ne!(old, new);
        let dead = world.mcp(&old).request("ping", serde_json::json!({})).await;
        let alive = world.mcp(&new).request("ping", serde_json::json!({})).await;
        assert_eq!((dead.status, alive.status), (404, 200));
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let page = jack.get("/dashboard").await;
        assert_eq!(url_on(&page), world.jack().link, "nobody else's URL changed");
        for other in [
            "/",
            "/privacy",
            "/activity",
            "/connect",
            "/link/regenerate",
            "/disconnect",
        ] {
            assert!(
                !browser.get(other).await.body.contains("icul_"),
                "{other} shows the connector URL"
            );
        }
    })
    .await;
}

fn url_on(page: &Page) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("#connector-url").unwrap();
    html.select(&selector).next().unwrap().text().collect()
}
