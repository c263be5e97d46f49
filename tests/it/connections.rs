//! Connecting intervals.icu and ending it. Hard cases 113, 48 (the page half).

use chrono::Duration;
use icusync::{
    ids::AccountId,
    queries::{self, connections::Connection},
    words::{ConnectionStatus, ZoneSource},
};
use icusync_sim::{Fault, Person};
use reqwest::Method;

use crate::world::{Browser, Page, World, form, test, test_with};

/// Every area ticked, for reading.
pub const ALL: [&str; 4] = ["ACTIVITY:READ", "WELLNESS:READ", "CALENDAR:READ", "SETTINGS:READ"];

/// The same with changes.
pub const WRITING: [&str; 4] = [
    "ACTIVITY:WRITE",
    "WELLNESS:WRITE",
    "CALENDAR:WRITE",
    "SETTINGS:WRITE",
];

/// The way to intervals.icu's consent page: where the athlete is sent.
async fn leave(browser: &mut Browser) -> String {
    let away = browser.post("/connect", &[]).await;
    assert_eq!(away.status, 303, "{}", away.text());
    away.location().to_owned()
}

/// Presses a button on the consent page that `away` leads to; returns the callback's URL.
pub async fn consent(
    world: &World,
    browser: &mut Browser,
    away: &str,
    person: &Person,
    scopes: &[&str],
    decision: &str,
) -> String {
    let page = browser.get(away).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let html = scraper::Html::parse_document(&page.body);
    let hidden = scraper::Selector::parse("input[type=hidden]").unwrap();
    let mut fields: Vec<(String, String)> = html
        .select(&hidden)
        .map(|input| {
            (
                input.attr("name").unwrap().to_owned(),
                input.attr("value").unwrap().to_owned(),
            )
        })
        .collect();
    fields.push(("person".to_owned(), person.slug.to_owned()));
    fields.extend(
        scopes
            .iter()
            .map(|scope| ("scope".to_owned(), (*scope).to_owned())),
    );
    fields.push(("decision".to_owned(), decision.to_owned()));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let url = format!("{}/oauth/authorize", world.sim.base_url);
    let back = browser.send(Method::POST, &url, Some(form(&fields))).await;
    assert_eq!(back.status, 303.min(back.status), "{}", back.body);
    back.location().to_owned()
}

/// The whole way to intervals.icu and back as `person`; returns where the callback leads.
pub async fn connect(world: &World, browser: &mut Browser, person: &Person, scopes: &[&str]) -> Page {
    let away = leave(browser).await;
    let callback = consent(world, browser, &away, person, scopes, "allow").await;
    browser.get(&callback).await
}

async fn connection(world: &World, email: &str) -> Option<Connection> {
    let account = account(world, email).await;
    queries::connections::of_account(&world.app.pool, account)
        .await
        .unwrap()
}

async fn account(world: &World, email: &str) -> AccountId {
    queries::accounts::by_email(&world.app.pool, email)
        .await
        .unwrap()
        .unwrap()
        .id
}

/// Ana's account without its connection, so that her athlete is free.
pub async fn free_ana(world: &std::sync::Arc<World>) -> Browser {
    let mut browser = world.signed_in(&world.ana().clone()).await;
    assert_eq!(
        browser.post("/disconnect", &[]).await.location(),
        "/dashboard?done=disconnected"
    );
    world.mails_to("nobody@example.test").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn one_click_connects_and_the_dashboard_knows_the_athlete() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        assert!(browser.get("/dashboard").await.text().contains("Not connected"));
        let done = connect(&world, &mut browser, world.ana().person, &ALL).await;
        assert_eq!(
            (done.status, done.location()),
            (303, "/dashboard?done=connected"),
            "{}",
            done.text()
        );
        let page = browser.get("/dashboard?done=connected").await.text();
        for expected in [
            "intervals.icu is connected.",
            "Ana Berger",
            "Europe/Berlin",
            "Last answer just now",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert!(!page.contains("Not shared"));
        let row = connection(&world, world.ana().person.email).await.unwrap();
        assert_eq!((row.status.as_str(), row.kind.as_str()), ("connected", "oauth"));
        let sealed = row.token_sealed.unwrap();
        assert!(
            !sealed
                .windows(8)
                .any(|part| world.ana().person.token.as_bytes().starts_with(part))
        );
        assert!(
            !page.contains(&world.links),
            "the connector URL has a page of its own"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unticked_areas_are_listed_and_the_page_asks_for_the_zone() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        // Another athlete's row must not lend its zone.
        sqlx::query("update connections set zone = null, zone_source = null")
            .execute(&world.app.pool)
            .await
            .unwrap();
        connect(
            &world,
            &mut browser,
            world.ana().person,
            &["ACTIVITY:READ", "WELLNESS:READ"],
        )
        .await;
        let page = browser.get("/dashboard").await;
        assert!(
            page.text().contains("Not shared: calendar; settings"),
            "{}",
            page.text()
        );
        assert!(page.attribute("select#zone", "name").is_some());
        let wrong = browser.post("/dashboard/zone", &[("zone", "Mars/Olympus")]).await;
        assert_eq!(wrong.status, 422);
        assert_eq!(wrong.attribute("#zone", "aria-invalid").as_deref(), Some("true"));
        let set = browser
            .post("/dashboard/zone", &[("zone", "Europe/Lisbon")])
            .await;
        assert_eq!(set.location(), "/dashboard?done=zone");
        let row = connection(&world, world.ana().person.email).await.unwrap();
        assert_eq!(
            (row.zone.as_deref(), row.zone_source),
            (Some("Europe/Lisbon"), Some(ZoneSource::Athlete))
        );
        // An athlete whose settings are shared is not asked, and cannot overrule them.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let before = connection(&world, world.jack().person.email).await.unwrap().zone;
        if before.is_some() {
            jack.post("/dashboard/zone", &[("zone", "Europe/Lisbon")]).await;
            assert_eq!(
                connection(&world, world.jack().person.email).await.unwrap().zone,
                before
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_is_no_error_of_anybody() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        let away = leave(&mut browser).await;
        let callback = consent(&world, &mut browser, &away, world.ana().person, &ALL, "deny").await;
        assert!(callback.contains("error=access_denied"), "{callback}");
        let page = browser.get(&callback).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("nothing was shared"));
        assert_eq!(
            connection(&world, world.ana().person.email).await.unwrap().status,
            ConnectionStatus::Disconnected
        );
        assert_eq!(browser.get(&callback).await.status, 400, "the state is spent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_state_is_one_page_and_connects_nothing() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let away = leave(&mut browser).await;
        let callback = consent(&world, &mut browser, &away, world.ana().person, &ALL, "allow").await;
        let (base, query) = callback.split_once('?').unwrap();
        let code = query.split('&').find(|part| part.starts_with("code=")).unwrap();
        let state = query.split('&').find(|part| part.starts_with("state=")).unwrap();
        let mut pages = vec![
            jack.get(&callback).await,
            browser.get(&format!("{base}?{code}")).await,
            browser.get(&format!("{base}?{code}&state=icuo_forged")).await,
            browser.get(&format!("{base}?{code}&{state}x")).await,
            browser.get(&format!("{base}?{code}&{state}&{state}")).await,
            browser.get(base).await,
        ];
        let stranger = world.browser().get(&callback).await;
        assert_eq!(stranger.status, 400);
        world.clock.advance(Duration::minutes(10));
        pages.push(browser.get(&callback).await);
        for page in &pages {
            assert_eq!((page.status, &page.body), (400, &pages[0].body));
        }
        assert_eq!(
            connection(&world, world.ana().person.email).await.unwrap().status,
            ConnectionStatus::Disconnected
        );

        let good = connect(&world, &mut browser, world.ana().person, &ALL).await;
        assert_eq!(good.status, 303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_works_once() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        let away = leave(&mut browser).await;
        let callback = consent(&world, &mut browser, &away, world.ana().person, &ALL, "allow").await;
        let both = futures::future::join_all((0..8).map(|_| {
            let mut browser = browser.clone();
            let callback = callback.clone();
            async move { browser.get(&callback).await.status }
        }))
        .await;
        assert_eq!(
            both.iter().filter(|status| **status == 303).count(),
            1,
            "{both:?}"
        );
        assert!(both.iter().all(|status| matches!(status, 303 | 400)), "{both:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_of_another_account_is_refused_and_the_other_keeps_working() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        let done = connect(&world, &mut browser, world.jack().person, &ALL).await;
        assert_eq!((done.status, done.location()), (303, "/sign-in/join"));
        let page = browser.get("/sign-in/join").await;
        assert!(
            page.text().contains("Nothing has been changed yet"),
            "{}",
            page.text()
        );
        assert!(
            !page.body.contains(world.jack().person.email),
            "whose account it is stays secret"
        );
        assert_eq!(
            connection(&world, world.ana().person.email).await.unwrap().status,
            ConnectionStatus::Disconnected
        );
        world.mails_to("nobody@example.test").await;
        let revoked = world
            .sim
            .requests()
            .iter()
            .filter(|request| request.method == "DELETE")
            .count();
        assert_eq!(
            revoked, 1,
            "only Ana's own disconnect reached intervals.icu, nothing that would end Jack's access"
        );
        let call = world
            .mcp(&world.jack().link)
            .call("get_athlete_profile", serde_json::json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.answer);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_erases_here_and_revokes_there() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        assert!(browser.get("/disconnect").await.text().contains("Ana Berger"));
        let done = browser.post("/disconnect", &[]).await;
        assert_eq!(done.location(), "/dashboard?done=disconnected");
        let row = connection(&world, world.ana().person.email).await.unwrap();
        assert_eq!((row.status.as_str(), row.token_sealed), ("disconnected", None));
        world.mails_to("nobody@example.test").await;
        let last = world.sim.requests();
        assert!(
            last.iter()
                .any(|request| request.method == "DELETE" && request.status == Some(200))
        );
        assert_eq!(
            browser.post("/disconnect", &[]).await.status,
            303,
            "twice is not an error"
        );
        assert_eq!(browser.get("/disconnect").await.location(), "/dashboard");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoke_that_comes_late_does_not_end_a_newer_connection() {
    test(async |world| {
        world.sim.fault(Fault {
            matching: "DELETE /api/v1/disconnect-app".to_owned(),
            status: Some(503),
            times: Some(1),
            ..Fault::default()
        });
        let mut browser = free_ana(&world).await;
        let done = connect(&world, &mut browser, world.ana().person, &ALL).await;
        assert_eq!(done.location(), "/dashboard?done=connected");
        world.clock.advance(Duration::minutes(5));
        world.mails_to("nobody@example.test").await;
        let call = world
            .mcp(&world.ana().link)
            .call("get_wellness", serde_json::json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upstreams_troubles_are_told_apart() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        for (fault, status, words) in [
            (
                Fault::on("/api/oauth/token").status(503).times(1),
                502,
                "is not answering properly",
            ),
            (
                Fault::on("/api/oauth/token")
                    .status(404)
                    .body(r#"{"status":404,"error":"Code not found (expired?)"}"#)
                    .times(1),
                400,
                "too long",
            ),
            (
                Fault::on("/api/oauth/token")
                    .status(404)
                    .body(r#"{"status":404,"error":"Client and/or secret not found"}"#)
                    .times(1),
                500,
                "not set up correctly",
            ),
            (
                Fault::on("/api/oauth/token").status(200).body("<html>").times(1),
                502,
                "is not answering properly",
            ),
        ] {
            let away = leave(&mut browser).await;
            let callback = consent(&world, &mut browser, &away, world.ana().person, &ALL, "allow").await;
            world.sim.fault(fault);
            let page = browser.get(&callback).await;
            assert_eq!(page.status, status, "{}", page.text());
            assert!(page.text().contains(words), "{}", page.text());
            assert_eq!(
                connection(&world, world.ana().person.email).await.unwrap().status,
                ConnectionStatus::Disconnected
            );
        }
        // The first read may fail: the connection is still there.
        let away = leave(&mut browser).await;
        let callback = consent(&world, &mut browser, &away, world.ana().person, &ALL, "allow").await;
        world
            .sim
            .fault(Fault::on("/api/v1/athlete").status(500).times(10));
        assert_eq!(
            browser.get(&callback).await.location(),
            "/dashboard?done=connected"
        );
        world.sim.clear_faults();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_checked_and_sealed() {
    test(async |world| {
        let mut browser = free_ana(&world).await;
        for wrong in ["nonsense", "with space", "", "ünïcode", &"x".repeat(500)] {
            let page = browser.post("/connect/key", &[("key", wrong)]).await;
            assert_eq!(page.status, 422, "{wrong:?}");
            assert_eq!(page.attribute("#key", "aria-invalid").as_deref(), Some("true"));
            assert_eq!(page.attribute("#key", "value"), None, "a key is never sent back");
        }
        let key = world.ana().person.api_key;
        let done = browser
            .post("/connect/key", &[("key", &format!(" {key} "))])
            .await;
        assert_eq!(done.location(), "/dashboard?done=connected", "{}", done.text());
        let page = browser.get("/dashboard").await.text();
        assert!(
            page.contains("API key") && page.contains("Ana Berger") && !page.contains("Not shared"),
            "{page}"
        );
        // An API key cannot be revoked from here, so nothing is queued.
        let asked = browser.get("/disconnect").await.text();
        assert!(
            asked.contains("stays valid") && !asked.contains("revoke"),
            "{asked}"
        );
        let done = browser.post("/disconnect", &[]).await;
        assert_eq!(done.location(), "/dashboard?done=key-erased");
        let text = browser.get("/dashboard?done=key-erased").await.text();
        assert!(text.contains("your API key was erased here"), "{text}");
        let pending = queries::jobs::waiting(&world.app.pool).await.unwrap();
        assert_eq!(pending, 0);
    })
    .await;
    test_with(
        |config| config.intervals_api_keys = Some(false),
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            assert!(!browser.get("/connect").await.body.contains("id=\"key\""));
            assert_eq!(browser.post("/connect/key", &[("key", "x")]).await.status, 404);
            assert!(browser.get("/").await.text().contains("No API key"));
        },
    )
    .await;
    test_with(
        |config| config.intervals_client_id = None,
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let home = browser.get("/").await;
            assert!(
                !home.body.to_lowercase().contains("no api key"),
                "{}",
                home.text()
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_connection_is_on_the_dashboard() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let row = connection(&world, world.ana().person.email).await.unwrap();
        queries::connections::mark_reconnect(&world.app.pool, row.id, row.write_number, world.clock.now())
            .await
            .unwrap();
        let page = browser.get("/dashboard").await;
        assert!(page.text().contains("no longer accepts this connection"));
        let done = connect(&world, &mut browser, world.ana().person, &ALL).await;
        assert_eq!(done.location(), "/dashboard?done=connected");
        let after = connection(&world, world.ana().person.email).await.unwrap();
        assert_eq!(
            (after.status.as_str(), after.write_number),
            ("connected", row.write_number + 1)
        );
        world.mails_to("nobody@example.test").await;
        assert!(
            !world
                .sim
                .requests()
                .iter()
                .any(|request| request.method == "DELETE"),
            "the same athlete's old token is not revoked: that would end the new one too"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_in_the_place_of_a_consent_gives_the_consent_back() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let done = browser
            .post("/connect/key", &[("key", world.ana().person.api_key)])
            .await;
        assert_eq!(done.location(), "/dashboard?done=connected");
        world.sim.clear_requests();
        world.mails_to("nobody@example.test").await;
        assert!(
            world
                .sim
                .requests()
                .iter()
                .any(|request| request.method == "DELETE" && request.status == Some(200)),
            "nothing needs the consent any more, so it does not stay alive upstream"
        );
        let call = world
            .mcp(&world.ana().link)
            .call("get_wellness", serde_json::json!({}))
            .await;
        assert!(!call.is_error(), "the key is untouched: {}", call.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_for_an_athlete_that_another_account_holds_by_key_is_given_back() {
    test(async |world| {
        let mut jack = world.signed_in(&world.jack().clone()).await;
        jack.post("/connect/key", &[("key", world.jack().person.api_key)])
            .await;
        let mut browser = free_ana(&world).await;
        world.sim.clear_requests();
        let done = connect(&world, &mut browser, world.jack().person, &ALL).await;
        assert_eq!(done.location(), "/sign-in/join");
        world.mails_to("nobody@example.test").await;
        assert!(
            world
                .sim
                .requests()
                .iter()
                .all(|request| request.method != "DELETE"),
            "it waits for an hour"
        );
        world.clock.advance(Duration::minutes(61));
        world.mails_to("nobody@example.test").await;
        let requests = world.sim.requests();
        assert_eq!(
            requests
                .iter()
                .filter(|request| request.method == "DELETE")
                .count(),
            1,
            "no token of Jack's that nobody uses stays alive upstream"
        );
        let call = world
            .mcp(&world.jack().link)
            .call("get_wellness", serde_json::json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.text());
    })
    .await;
}
