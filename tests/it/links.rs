//! The connector: its URL on screen, shown only to its owner and regenerated at once; what it offers. Hard case 52.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use icusync::{permissions, tools::CATALOGUE, words::Access};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    pages::service_with,
    world::{Browser, Mcp, Page, World, test},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_regenerated_url_replaces_the_old_one_at_once() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser: Browser = world.signed_in(&ana).await;
        let old = url_on(&browser.get("/connector").await);
        assert_eq!(old, ana.link);
        assert!(
            browser
                .get("/link/regenerate")
                .await
                .text()
                .contains("stops working immediately")
        );
        assert_eq!(
            url_on(&browser.get("/connector").await),
            old,
            "looking changes nothing"
        );
        let done = browser.post("/link/regenerate", &[]).await;
        assert_eq!(done.location(), "/connector?done=regenerated");
        let new = url_on(&browser.get("/connector").await);
        world.secret(new.rsplit('/').next().unwrap());
        assert_ne!(old, new);
        let dead = world.mcp(&old).request("ping", serde_json::json!({})).await;
        let alive = world.mcp(&new).request("ping", serde_json::json!({})).await;
        assert_eq!((dead.status, alive.status), (404, 200));
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let page = jack.get("/connector").await;
        assert_eq!(url_on(&page), world.jack().link, "nobody else's URL changed");
        for other in [
            "/",
            "/dashboard",
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

/// The connector URL on its page.
pub fn url_on(page: &Page) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("#connector-url").unwrap();
    html.select(&selector).next().unwrap().text().collect()
}

/// The names in a connector's list.
async fn listed(url: &str) -> Vec<String> {
    let answer = Mcp::at(url).request("tools/list", json!({})).await.answer;
    names(&answer)
}

fn names(answer: &Value) -> Vec<String> {
    answer["result"]["tools"]
        .as_array()
        .unwrap_or_else(|| panic!("no list in {answer}"))
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

fn all_but(group: &str) -> Vec<&'static str> {
    let left = CATALOGUE
        .iter()
        .filter(|tool| !tool.permission.group.is_off_at_first() && tool.permission.group.word() != group);
    left.map(|tool| tool.permission.name).collect()
}

/// Sends the form with every group but `off` ticked, as a browser would.
async fn leave_on(browser: &mut Browser, off: &[&str]) {
    let page = browser.get("/connector").await;
    let shown = page.attribute("input[name=shown]", "value").unwrap();
    let mut fields = vec![("shown", shown.as_str())];
    fields.extend(
        shown
            .split(',')
            .filter(|word| !off.contains(word) && !permissions::OFF_AT_FIRST.contains(word))
            .map(|word| (word, "on")),
    );
    let done = browser.post("/link/tools", &fields).await;
    assert_eq!(done.location(), "/connector?done=tools", "{}", done.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_switched_off_is_gone_from_the_next_list_and_call_on_every_instance() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mcp = world.mcp(&ana.link);
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/connector").await;
        for tool in permissions::ALL {
            assert!(page.text().contains(tool.lets), "{}", tool.name);
            let box_ = format!("input[type=checkbox][name={}]", tool.group.word());
            assert_eq!(
                page.attribute(&box_, "checked").is_some(),
                !tool.group.is_off_at_first(),
                "what is on at first: {box_}"
            );
        }
        assert_eq!(listed(&ana.link).await, all_but("none"));
        leave_on(&mut browser, &["wellness"]).await;
        assert_eq!(listed(&ana.link).await, all_but("wellness"));
        let modern = mcp.modern("tools/list", json!({})).await.answer;
        assert_eq!(names(&modern), all_but("wellness"));
        assert_eq!(modern["result"]["cacheScope"], "private");
        let call = mcp.call("get_wellness", json!({})).await;
        assert!(call.is_error(), "{}", call.answer);
        let where_to = format!("{}/connector", world.web);
        assert!(
            call.text().contains("switched off")
                && call.text().contains("\"Wellness\"")
                && call.text().contains(&where_to),
            "{}",
            call.text()
        );
        assert!(!mcp.call("get_fitness", json!({})).await.is_error());
        assert!(
            browser
                .get("/activity?tool=get_wellness")
                .await
                .text()
                .contains("Not allowed")
        );
        // A second instance knows immediately, though it has never heard of the choice.
        let other = service_with(&world, |_| ());
        let token = ana.link.strip_prefix(&world.links).unwrap();
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let request = Request::post(token)
            .header("host", world.app.config.link_url.authority())
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = other.oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert_eq!(
            names(&serde_json::from_slice(&bytes).unwrap()),
            all_but("wellness")
        );
        // It stays with the account when the URL is regenerated, affects nobody else, and can be undone.
        browser.post("/link/regenerate", &[]).await;
        let new = url_on(&browser.get("/connector").await);
        world.secret(new.rsplit('/').next().unwrap());
        assert_eq!(listed(&new).await, all_but("wellness"));
        assert_eq!(listed(&world.jack().link).await, all_but("none"));
        leave_on(&mut browser, &[]).await;
        assert_eq!(listed(&new).await, all_but("none"));
        assert!(!world.mcp(&new).call("get_wellness", json!({})).await.is_error());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_changes_only_the_groups_that_it_showed_and_invents_none() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        // An old page that knew of one group only: the others, which it did not show, stay as they are.
        leave_on(&mut browser, &["fitness"]).await;
        let done = browser.post("/link/tools", &[("shown", "wellness")]).await;
        assert_eq!(done.status, 303);
        let left: Vec<String> = listed(&ana.link).await;
        assert!(
            !left
                .iter()
                .any(|name| name == "get_fitness" || name == "get_wellness"),
            "{left:?}"
        );
        assert!(left.iter().any(|name| name == "get_athlete_profile"));
        // A word that is not a group is not stored; a form without its list is not one of our own.
        browser
            .post(
                "/link/tools",
                &[
                    ("shown", "<script>,fitness,wellness"),
                    ("<script>", "on"),
                    ("fitness", "on"),
                ],
            )
            .await;
        let off: Vec<String> =
            sqlx::query_scalar("select unnest(groups_off) from connectors where account_id = $1")
                .bind(account_of(&world, ana.person.email).await)
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(off, ["library", "gear", "records", "fields", "files", "wellness"]);
        assert_eq!(
            browser.post("/link/tools", &[("fitness", "on")]).await.status,
            400
        );
        assert_eq!(
            browser
                .post("/link/tools", &[("shown", "a"), ("shown", "b")])
                .await
                .status,
            400
        );
        let mut stranger = world.browser();
        assert!(
            stranger
                .post("/link/tools", &[("shown", "fitness")])
                .await
                .location()
                .starts_with("/sign-in")
        );
        // All off is a choice too.
        let every: Vec<&str> = permissions::ALL.iter().map(|tool| tool.group.word()).collect();
        leave_on(&mut browser, &every).await;
        assert!(listed(&ana.link).await.is_empty());
        assert_eq!(world.mcp(&ana.link).request("ping", json!({})).await.status, 200);
    })
    .await;
}

async fn account_of(world: &World, email: &str) -> uuid::Uuid {
    let account = icusync::queries::accounts::by_email(&world.app.pool, email)
        .await
        .unwrap();
    account.unwrap().id.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_narrows_further_and_never_widens() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let at = |query: &str| format!("{}?{query}", ana.link);
        let reads = CATALOGUE.iter().filter(|tool| {
            tool.permission.access == Access::Read && !tool.permission.group.is_off_at_first()
        });
        let reads: Vec<&str> = reads.map(|tool| tool.permission.name).collect();
        assert_eq!(listed(&at("readonly=1")).await, reads);
        assert_eq!(
            listed(&at("v=7")).await,
            all_but("none"),
            "a URL made new for a client"
        );
        let two = ["get_fitness", "get_wellness"];
        for query in [
            "tools=get_wellness,get_fitness",
            "tools=Get_Fitness%2Cget_wellness&readonly=1",
        ] {
            let url = at(query);
            assert_eq!(listed(&url).await, two, "in the order of the whole list");
            assert_eq!(listed(&url).await, listed(&url).await);
            let mcp = world.mcp(&url);
            assert!(!mcp.call("get_fitness", json!({})).await.is_error());
            let refused = mcp.call("get_athlete_profile", json!({})).await;
            assert!(
                refused.is_error() && refused.text().contains("tools="),
                "{}",
                refused.answer
            );
        }
        leave_on(&mut browser, &["wellness"]).await;
        assert_eq!(listed(&at("tools=wellness,get_fitness")).await, ["get_fitness"]);
        let refused = world
            .mcp(&at("tools=wellness"))
            .call("get_wellness", json!({}))
            .await;
        assert!(
            refused.is_error() && refused.text().contains("switched off"),
            "{}",
            refused.answer
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_names_something_unknown_offers_nothing_and_says_so() {
    test(async |world: Arc<World>| {
        for query in [
            "tools=trainig",
            "tools=",
            "tools=training,",
            "readonly=maybe",
            "tools=fitness&tools=training",
        ] {
            for method in ["initialize", "ping", "tools/list", "tools/call"] {
                let reply = world
                    .mcp(&format!("{}?{query}", world.ana().link))
                    .request(method, json!({}))
                    .await;
                assert_eq!(reply.status, 400, "{query} {method}");
                assert_eq!(reply.answer["error"]["code"], -32600, "{query} {method}");
                let text = reply.answer["error"]["message"].as_str().unwrap();
                assert!(text.contains("readonly=1") && !text.contains("trainig"), "{text}");
            }
        }
        // Nobody without the token learns that anything was read.
        let reply = world
            .mcp(&format!("{}/mcp/nobody?tools=x", world.links))
            .request("ping", json!({}))
            .await;
        assert_eq!(reply.status, 404);
    })
    .await;
}
