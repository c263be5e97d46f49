//! The workout library on the pages: off until somebody wants it, for each connector alone, and then asked for at intervals.icu.

use std::sync::Arc;

use serde_json::json;

use crate::{
    connections::{WRITING, consent},
    for_coaches::visit,
    roster::change,
    world::{
        Browser, Mcp, Page, World,
        sign_in::{Program, code, consent_fields},
        test, test_with,
    },
    writes::{done, refused},
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
/// Invited by Ana, Jack and Tríona.
const COACH: &str = "coach@example.test";
/// The tools of the group, in the order of the list.
const TOOLS: [&str; 5] = [
    "get_library",
    "save_workout",
    "delete_library_item",
    "apply_plan",
    "repeat_events",
];

/// The tools of the library in a list.
async fn listed(mcp: &Mcp) -> Vec<String> {
    let answer = mcp.request("tools/list", json!({})).await.answer;
    let tools = answer["result"]["tools"].as_array().unwrap();
    assert!(tools.len() > 10, "{answer}");
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    names
        .filter(|name| TOOLS.contains(name))
        .map(str::to_owned)
        .collect()
}

/// Sends the form below `path` of a page as it is, with the library ticked or not.
async fn save(browser: &mut Browser, page: &Page, path: &str, is_on: bool) -> Page {
    let shown = page.attribute("input[name=shown]", "value").unwrap();
    assert!(shown.split(',').any(|word| word == "library"), "{shown}");
    let mut fields = vec![("shown", shown.as_str())];
    let ids: Vec<String> = shown.split(',').map(|word| format!("#group-{word}")).collect();
    let is_checked = |id: &String| page.attribute(id, "checked").is_some();
    let ticked =
        ids.iter().zip(shown.split(',')).filter(
            |(id, word)| {
                if *word == "library" { is_on } else { is_checked(id) }
            },
        );
    fields.extend(ticked.map(|(_, word)| (word, "on")));
    browser.post(path, &fields).await
}

/// The areas that a way to intervals.icu asks for.
fn asked(away: &str) -> Vec<String> {
    let url = url::Url::parse(away).unwrap();
    let scope = url.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    scope.split(',').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_switches_the_library_on_and_shares_it_in_one_go() {
    test(async |world| {
        let ana = world.ana().clone();
        let mcp = world.mcp(&ana.link);
        let mut browser = world.signed_in(&ana).await;
        assert_eq!(listed(&mcp).await, Vec::<String>::new());
        let page = browser.get("/connector").await;
        assert!(page.attribute("#group-library", "checked").is_none());
        assert!(page.text().contains("off until you want them"), "{}", page.text());
        assert!(!page.text().contains("does not share it"), "{}", page.text());

        let away = save(&mut browser, &page, "/link/tools", true).await;
        assert_eq!(away.status, 303);
        assert_eq!(listed(&mcp).await, TOOLS, "from the press on");
        let text = refused(&world, &ana.link, "get_library", json!({})).await;
        assert!(text.contains("needs the athlete's workout library"), "{text}");
        let mut wanted = WRITING.to_vec();
        wanted.push("LIBRARY:READ");
        assert_eq!(
            asked(away.location()),
            wanted,
            "what is shared stays shared; the library for reading, since changes are off"
        );

        // Going back without consent leaves everything as it was, and the pages offer it again.
        for path in ["/dashboard", "/connector"] {
            let text = browser.get(path).await.text();
            assert!(text.contains("intervals.icu does not share it"), "{path}: {text}");
        }
        let away = browser.post("/connect", &[]).await;
        assert_eq!(asked(away.location()), wanted);
        let person = ana.person;
        let callback = consent(&world, &mut browser, away.location(), person, &wanted, "allow").await;
        let back = browser.get(&callback).await;
        assert_eq!(back.status, 303, "{}", back.text());
        for path in ["/dashboard", "/connector"] {
            let text = browser.get(path).await.text();
            assert!(!text.contains("does not share it"), "{path}: {text}");
        }
        let text = done(&world, &ana.link, "get_library", json!({})).await;
        assert!(text.contains("«Key sessions»"), "{text}");
        let text = refused(
            &world,
            &ana.link,
            "save_workout",
            json!({"name": "x", "folder": "y", "sport": "Ride", "text": "- 1h 60%"}),
        )
        .await;
        assert!(text.contains("this connector may change nothing"), "{text}");

        // With changes allowed, the consent asks for writing in the library too.
        let away = browser.post("/link/writing", &[("may-write", "on")]).await;
        let mut wanted = WRITING.to_vec();
        wanted.push("LIBRARY:WRITE");
        assert_eq!(asked(away.location()), wanted);

        // Off again: no longer listed; what was shared stays shared.
        let page = browser.get("/connector").await;
        let saved = save(&mut browser, &page, "/link/tools", false).await;
        assert_eq!(saved.location(), "/connector?done=tools");
        assert_eq!(listed(&mcp).await, Vec::<String>::new());
        let away = browser.post("/connect", &[]).await;
        wanted[4] = "LIBRARY:READ";
        assert_eq!(asked(away.location()), wanted);
        assert_eq!(
            world
                .mcp(&world.jack().link)
                .request("ping", json!({}))
                .await
                .status,
            200,
            "others have nothing of it"
        );
        assert_eq!(listed(&world.mcp(&world.jack().link)).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_app_has_the_library_only_where_it_was_ticked() {
    test(async |world| {
        let ana = world.ana().clone();
        world.with_everything_shared().await;
        let mut browser = world.signed_in(&ana).await;
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let without = program.sign_in(&mut browser, false).await;
        let without = program.mcp(without.access());
        assert_eq!(listed(&without).await, Vec::<String>::new());
        let program = program.in_another_window("two");
        let (path, page) = program.begin(&mut browser).await;
        assert!(page.attribute("#group-library", "checked").is_none());
        assert!(
            page.text()
                .contains("The workout library also needs your consent"),
            "{}",
            page.text()
        );
        let mut fields = consent_fields(&page, false);
        fields.extend(
            [("library", "on"), ("decision", "allow")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let tokens = program.exchange(&code(&browser.post(&path, &fields).await)).await;
        let with = program.mcp(tokens.access());
        assert_eq!(listed(&with).await, TOOLS);
        assert_eq!(listed(&without).await, Vec::<String>::new(), "the other sign-in");
        assert_eq!(
            listed(&world.mcp(&ana.link)).await,
            Vec::<String>::new(),
            "the URL"
        );
        let text = with.call("get_library", json!({})).await;
        assert!(
            text.text().contains("Ana Berger · workout library"),
            "{}",
            text.text()
        );
        let text = without.call("get_library", json!({})).await;
        assert!(
            text.is_error() && text.text().contains("/apps/"),
            "{}",
            text.text()
        );

        // It is offered again as it was chosen last; and the page of the app switches it off.
        let (_, page) = program.in_another_window("three").begin(&mut browser).await;
        assert!(page.attribute("#group-library", "checked").is_some());
        let narrow = Mcp::at(&format!("{}/mcp?tools=library", world.web)).with_token(tokens.access());
        let left = narrow.request("tools/list", json!({})).await.answer["result"]["tools"].to_string();
        assert!(
            left.contains("get_library") && !left.contains("get_fitness"),
            "{left}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_url_has_the_library_once_the_coach_wants_it_and_an_athlete_grants_it() {
    test_with(
        |config| config.sign_ins_per_minute = 1_000,
        async |world: Arc<World>| {
            let coach = world.coaches().await.swap_remove(0).link;
            let mcp = world.mcp(&coach);
            change(&world, world.ana(), &["get_library", "get_fitness"], None).await;
            assert_eq!(listed(&mcp).await, Vec::<String>::new());
            let mut browser = visit(&world, COACH).await;
            let page = browser.get("/for-coaches/my-roster").await;
            assert!(page.attribute("#group-library", "checked").is_none());
            let saved = save(&mut browser, &page, "/for-coaches/my-roster/link/tools", true).await;
            assert_eq!(saved.location(), "/for-coaches/my-roster?done=tools");
            let text = browser.get(saved.location()).await.text();
            assert!(text.contains("offers"), "{text}");
            assert!(listed(&mcp).await.contains(&"get_library".to_owned()));
            let text = refused(&world, &coach, "get_library", json!({"athlete": "Ana"})).await;
            assert!(text.contains("needs the athlete's workout library"), "{text}");
            // An athlete whose coach may use it is asked to share it, though her own connector does not offer it.
            let mut ana = world.signed_in(&world.ana().clone()).await;
            let away = ana.post("/connect", &[]).await;
            assert!(
                asked(away.location()).contains(&"LIBRARY:READ".to_owned()),
                "{}",
                away.location()
            );
            world.with_everything_shared().await;
            let text = done(&world, &coach, "get_library", json!({"athlete": "Ana"})).await;
            assert!(text.contains("Ana Berger (i900001) · workout library"), "{text}");
            let text = refused(&world, &coach, "get_library", json!({"athlete": "Jack"})).await;
            assert!(text.contains("has not granted get_library"), "{text}");
            let stranger = world
                .browser()
                .post(
                    "/for-coaches/my-roster/link/tools",
                    &[("shown", "library"), ("library", "on")],
                )
                .await;
            assert_eq!(stranger.status, 403);

            let page = browser.get("/for-coaches/my-roster").await;
            save(&mut browser, &page, "/for-coaches/my-roster/link/tools", false).await;
            assert_eq!(listed(&mcp).await, Vec::<String>::new());
            let odd = browser
                .post("/for-coaches/my-roster/link/tools", &[("library", "on")])
                .await;
            assert_eq!(odd.status, 400, "without the list of what was shown");
        },
    )
    .await;
}
