//! Connected apps and the log of sign-ins: what an athlete and a coach see of them, how each ends, and what ends none. The switch of
//! the connector URL.

use std::{sync::Arc, time::Duration};

use icusync::{config::Config, demo::seed::PASSWORD, queries};
use serde_json::json;

use crate::{
    links::url_on,
    world::{
        Browser, Page, World,
        sign_in::{self, Program},
        test, test_with,
    },
};

const CHOSEN: &str = "four calm words here";
const CHOSEN_LATER: &str = "five more words for later";
/// Invited by Ana, Jack and Tríona.
const COACH: &str = "coach@example.test";
const ROSTER: &str = "/for-coaches/my-roster";

fn generous(config: &mut Config) {
    config.sign_ins_per_minute = 1_000;
    config.sign_ins_per_address = 1_000;
}

/// A client with one access token.
struct App {
    program: Program,
    access: String,
    refresh: String,
}

impl App {
    /// Whoever is signed in in `browser` allows a client that calls itself `name`.
    async fn allowed(world: &Arc<World>, browser: &mut Browser, name: &str, redirect: &str) -> Self {
        let program = Program::registered(world, name, redirect).await;
        let tokens = program.sign_in(browser, true).await;
        Self {
            access: tokens.access().to_owned(),
            refresh: tokens.refresh().to_owned(),
            program,
        }
    }

    async fn claude(world: &Arc<World>, browser: &mut Browser) -> Self {
        Self::allowed(
            world,
            browser,
            "Claude",
            "https://claude.ai/api/mcp/auth_callback",
        )
        .await
    }

    async fn of_coach(world: &Arc<World>) -> Self {
        let (program, tokens) = world.app_of_coach(COACH, true).await;
        Self {
            access: tokens.access().to_owned(),
            refresh: tokens.refresh().to_owned(),
            program,
        }
    }

    /// The status of its next call.
    async fn status(&self) -> u16 {
        let mcp = self.program.mcp(&self.access);
        mcp.request("tools/list", json!({})).await.status
    }

    async fn lists(&self, tool: &str) -> bool {
        let mcp = self.program.mcp(&self.access);
        let answer = mcp.request("tools/list", json!({})).await.answer;
        let tools = answer["result"]["tools"].as_array().unwrap();
        tools.iter().any(|listed| listed["name"] == tool)
    }

    async fn tries_to_write(&self) -> String {
        let mcp = self.program.mcp(&self.access);
        let call = mcp
            .call("push_workout", crate::changes::workout("2026-11-25", "Easy"))
            .await;
        call.text().to_owned()
    }
}

/// The id of the app whose heading is `name`.
fn id_of(page: &Page, name: &str) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let [rows, title, id] =
        ["ul.grants > li", "h3", "input[name=app]"].map(|text| scraper::Selector::parse(text).unwrap());
    let row = html
        .select(&rows)
        .find(|row| row.select(&title).next().unwrap().text().collect::<String>() == name);
    let row = row.unwrap_or_else(|| panic!("no {name} in {}", page.text()));
    row.select(&id).next().unwrap().attr("value").unwrap().to_owned()
}

/// The fields of the page's form as a browser sends them, without the boxes in `off`.
fn boxes(page: &Page, off: &[&str]) -> Vec<(String, String)> {
    let html = scraper::Html::parse_document(&page.body);
    let inputs = scraper::Selector::parse("main form input").unwrap();
    let name_of = |input: &scraper::ElementRef<'_>| input.attr("name").unwrap().to_owned();
    let sent = html.select(&inputs).filter(|input| {
        input.attr("type") != Some("checkbox")
            || (input.attr("checked").is_some() && !off.contains(&name_of(input).as_str()))
    });
    sent.map(|input| {
        (
            name_of(&input),
            input.attr("value").unwrap_or_default().to_owned(),
        )
    })
    .collect()
}

async fn send(browser: &mut Browser, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(path, &fields).await
}

async fn count(world: &World, question: &'static str) -> i64 {
    sqlx::query_scalar(question)
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_sees_each_app_and_ends_one() {
    test_with(generous, async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = world.signed_in(&ana).await;
        let mut his = world.signed_in(&jack).await;
        let empty = browser.get("/apps").await;
        assert_eq!(
            empty.attribute("#sign-in-url", "id").as_deref(),
            Some("sign-in-url"),
            "says what to do"
        );
        assert!(empty.text().contains("No app is signed in."), "{}", empty.text());
        let claude = App::claude(&world, &mut browser).await;
        let cursor = App::allowed(&world, &mut browser, "Cursor", "http://localhost:4000/callback").await;
        let jacks = App::claude(&world, &mut his).await;
        let mcp = claude.program.mcp(&claude.access);
        assert!(!mcp.call("get_wellness", json!({})).await.is_error());

        let page = browser.get("/apps").await;
        let text = page.text();
        for words in [
            "Claude",
            "its own claim",
            "Sent to claude.ai",
            "Sent to a program on the computer where it was allowed",
            "Changes allowed",
            "Allowed Sat 21 Nov 2026, 09:00",
            "First used Sat 21 Nov 2026, 09:00",
            "Last used just now by world-test/1.0",
            "First used not yet",
            "Ends Sun 21 Nov 2027, 09:00",
            "Times are Europe/Berlin",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let (hers, his_id) = (id_of(&page, "Claude"), id_of(&his.get("/apps").await, "Claude"));
        assert!(!page.body.contains(&his_id), "another account's");
        let dashboard = browser.get("/dashboard").await.text();
        assert!(
            dashboard.contains("2 apps are signed in as you.")
                && dashboard.contains("Last used just now by Claude"),
            "{dashboard}"
        );
        assert!(
            browser
                .get("/account")
                .await
                .text()
                .contains("2 apps are signed in as you.")
        );

        // Two windows show the same list; the second press comes too late, and says so.
        let mut other = browser.clone();
        let ended = browser.post("/apps/end", &[("app", &hers)]).await;
        assert_eq!(ended.location(), "/apps?done=ended");
        assert_eq!((claude.status().await, cursor.status().await), (401, 200));
        let refreshed = claude.program.refresh(&claude.refresh).await;
        assert_eq!(refreshed.error(), (400, "invalid_grant"));
        let again = other.post("/apps/end", &[("app", &hers)]).await;
        assert_eq!(again.location(), "/apps?done=gone");
        assert!(
            other
                .get(again.location())
                .await
                .text()
                .contains("had already ended")
        );
        assert_eq!(other.get(&format!("/apps/{hers}")).await.status, 404);

        // Somebody else's is one that is not there.
        let foreign = browser.post("/apps/end", &[("app", &his_id)]).await;
        assert_eq!(foreign.location(), "/apps?done=gone");
        let path = format!("/apps/{his_id}");
        assert_eq!(browser.get(&path).await.status, 404);
        let fields = [("shown", "wellness")];
        assert_eq!(browser.post(&path, &fields).await.status, 404);
        assert!(jacks.lists("get_wellness").await);
        for path in [
            "/apps/x",
            "/apps/00000000-0000-7000-8000-000000000001",
            "/apps/%ff",
        ] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        assert_eq!(browser.post("/apps/end", &[("app", "x")]).await.status, 400);
        assert_eq!(browser.post("/apps/end", &[]).await.status, 400);
        let mut stranger = world.browser();
        for path in ["/apps", "/apps/end", "/apps/end-all", path.as_str()] {
            let away = stranger.post(path, &[]).await;
            assert!(matches!(away.status, 303 | 405), "{path}: {}", away.status);
        }
        let away = stranger.get(&path).await;
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(away.location(), format!("/sign-in?next=app-{id}"));
        let link = world.mcp(&ana.link).request("ping", json!({})).await;
        assert_eq!((link.status, jacks.status().await), (200, 200));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_apps_end_together_and_nobody_elses() {
    test_with(generous, async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = world.signed_in(&ana).await;
        let mut his = world.signed_in(&jack).await;
        let jacks = App::claude(&world, &mut his).await;
        let mut apps = Vec::new();
        for name in ["Claude", "Claude", "Cursor"] {
            apps.push(App::allowed(&world, &mut browser, name, "https://app.example/cb").await);
        }
        // Agreed to, and not fetched by the client yet.
        let late = Program::registered(&world, "Late", "https://late.example/cb").await;
        let code = sign_in::code(&late.agree(&mut browser, false).await);
        let ended = browser.post("/apps/end-all", &[]).await;
        assert_eq!(ended.location(), "/apps?done=ended-all");
        for app in &apps {
            assert_eq!(app.status().await, 401);
        }
        assert_eq!(late.exchange(&code).await.error(), (400, "invalid_grant"));
        assert_eq!(jacks.status().await, 200);
        let link = world.mcp(&ana.link).request("ping", json!({})).await;
        assert_eq!(link.status, 200);
        let page = browser.get(ended.location()).await.text();
        assert!(page.contains("No app is signed in."), "{page}");
        assert_eq!(
            page.matches("Ended by you").count(),
            2,
            "once for each name: {page}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_app_may_do_is_changed_for_it_alone_and_at_once() {
    test_with(generous, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.let_write(&ana).await;
        let claude = App::claude(&world, &mut browser).await;
        let cursor = App::allowed(&world, &mut browser, "Cursor", "http://localhost:4000/callback").await;
        let path = format!("/apps/{}", id_of(&browser.get("/apps").await, "Claude"));
        let page = browser.get(&path).await;
        assert!(page.text().contains("What Claude can do"));
        assert!(!claude.tries_to_write().await.contains("may only read"));
        let less = boxes(&page, &["wellness", "may-write"]);
        let saved = send(&mut browser, &path, &less).await;
        assert_eq!(saved.location(), "/apps?done=saved");
        assert!(!claude.lists("get_wellness").await && claude.lists("get_fitness").await);
        let refused = claude.tries_to_write().await;
        assert!(
            refused.contains("may only read") && refused.contains(&path),
            "{refused}"
        );
        assert!(cursor.lists("get_wellness").await, "another app's rights");
        assert!(!cursor.tries_to_write().await.contains("may only read"));
        let link = world.mcp(&ana.link);
        assert!(!link.call("get_wellness", json!({})).await.is_error());
        let listed = browser.get("/apps").await.text();
        assert!(listed.contains("Changes not allowed, it only reads"), "{listed}");

        // The form says what it showed; one that shows nothing new changes no group, and one without its list is not ours.
        let page = browser.get(&path).await;
        assert!(page.attribute("#group-wellness", "checked").is_none());
        assert!(page.attribute("#may-write", "checked").is_none());
        assert_eq!(browser.post(&path, &[("may-write", "on")]).await.status, 400);
        assert!(claude.tries_to_write().await.contains("may only read"));
        let more = [("shown", "wellness"), ("wellness", "on"), ("may-write", "on")];
        assert_eq!(browser.post(&path, &more).await.status, 303);
        assert!(claude.lists("get_wellness").await && claude.lists("get_fitness").await);
        assert!(!claude.tries_to_write().await.contains("may only read"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_url_a_new_password_and_signing_out_everywhere_end_apps_if_the_box_is_ticked() {
    for ticked in [false, true] {
        test_with(generous, async |world| {
            let ana = world.ana().clone();
            let email = ana.person.email;
            let mut jack = world.signed_in(&world.jack().clone()).await;
            let jacks = App::claude(&world, &mut jack).await;
            world.secret(CHOSEN);
            world.secret(CHOSEN_LATER);
            let tick: &[(&str, &str)] = if ticked { &[("end-apps", "on")] } else { &[] };
            let after = if ticked { 401 } else { 200 };
            let is_ticked = |page: &Page| page.attribute("#end-apps", "checked").is_some();
            let sentence = async |browser: &mut Browser, done: &Page| {
                let text = browser.get(done.location()).await.text();
                assert_eq!(
                    text.contains("all connected apps were ended")
                        || text.contains("All connected apps were ended"),
                    ticked,
                    "{text}"
                );
            };

            let mut browser = world.signed_in(&ana).await;
            let app = App::claude(&world, &mut browser).await;
            assert!(is_ticked(&browser.get("/link/regenerate").await));
            let done = browser.post("/link/regenerate", tick).await;
            sentence(&mut browser, &done).await;
            assert_eq!(app.status().await, after, "regenerate");
            world.secret(
                url_on(&browser.get("/connector").await)
                    .rsplit('/')
                    .next()
                    .unwrap(),
            );

            let app = App::claude(&world, &mut browser).await;
            assert!(is_ticked(&browser.get("/account/password").await));
            let wrong = [&[("current", PASSWORD), ("password", "short")], tick].concat();
            let wrong = browser.post("/account/password", &wrong).await;
            assert_eq!(
                (wrong.status, is_ticked(&wrong)),
                (422, ticked),
                "the box stays as it was"
            );
            assert_eq!(app.status().await, 200);
            let fields = [&[("current", PASSWORD), ("password", CHOSEN)], tick].concat();
            let done = browser.post("/account/password", &fields).await;
            sentence(&mut browser, &done).await;
            assert_eq!(app.status().await, after, "password");

            let app = App::claude(&world, &mut browser).await;
            assert!(is_ticked(&browser.get("/account").await));
            let done = browser.post("/account/sessions/end-all", tick).await;
            sentence(&mut browser, &done).await;
            assert_eq!(app.status().await, after, "everywhere");
            browser
                .post("/sign-in", &[("email", email), ("password", CHOSEN)])
                .await;

            let app = App::claude(&world, &mut browser).await;
            // In one moment of the test's clock mails have no order: those before go first.
            world.mails_to(email).await;
            world.browser().post("/forgot", &[("email", email)]).await;
            let (mut fresh, page) = world.opened(email).await;
            assert!(is_ticked(&page));
            let wrong = [&[("password", "short")], tick].concat();
            let wrong = fresh.press(&page, &wrong).await;
            assert_eq!(
                (wrong.status, is_ticked(&wrong)),
                (422, ticked),
                "the box stays as it was"
            );
            assert_eq!(app.status().await, 200);
            let fields = [&[("password", CHOSEN_LATER)], tick].concat();
            let done = fresh.press(&page, &fields).await;
            sentence(&mut fresh, &done).await;
            assert_eq!(app.status().await, after, "reset");
            assert_eq!(jacks.status().await, 200, "nobody else's");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_no_app() {
    test_with(generous, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let claude = App::claude(&world, &mut browser).await;
        let mut other = world.signed_in(&ana).await;
        other.post("/account/sessions/end-others", &[]).await;
        assert_eq!(browser.get("/account").await.status, 303);
        assert_eq!(other.post("/sign-out", &[]).await.status, 303);
        assert_eq!(claude.status().await, 200);
        // Nor do ninety days in which nobody opens a page.
        world.clock.advance(chrono::Duration::days(100));
        let refreshed = claude.program.refresh(&claude.refresh).await;
        let mcp = claude.program.mcp(refreshed.access());
        assert_eq!(mcp.request("tools/list", json!({})).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_has_the_same_on_the_roster_page() {
    test_with(generous, async |world| {
        world.coaches().await;
        let mut browser = world.on_roster_page(COACH).await;
        let empty = browser.get(ROSTER).await.text();
        assert!(empty.contains("No app is signed in as you."), "{empty}");
        let (first, second) = (App::of_coach(&world).await, App::of_coach(&world).await);
        let mut ana = world.signed_in(&world.ana().clone()).await;
        let hers = App::claude(&world, &mut ana).await;
        let her_id = id_of(&ana.get("/apps").await, "Claude");
        let page = browser.get(ROSTER).await;
        for words in [
            "Signed-in apps",
            "Changes allowed",
            "Log of sign-ins",
            "Allowed",
            "Times are UTC",
        ] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert!(!page.body.contains(&her_id), "another's");

        // Sorted by their last use, and with none by a name of the row.
        let id = id_of(&page, "Claude");
        let path = format!("{ROSTER}/apps/{id}");
        let form = browser.get(&path).await;
        assert!(form.text().contains("Only where an athlete granted you that."));
        let less = boxes(&form, &["wellness", "may-write"]);
        let saved = send(&mut browser, &path, &less).await;
        assert_eq!(saved.location(), "/for-coaches/my-roster?done=app-saved");
        let (one, two) = (
            first.lists("get_wellness").await,
            second.lists("get_wellness").await,
        );
        assert!(one != two, "one of the two lost it: {one} {two}");
        for path in [format!("{ROSTER}/apps/{her_id}"), format!("{ROSTER}/apps/x")] {
            assert_eq!(browser.get(&path).await.status, 404);
            assert_eq!(browser.post(&path, &[("shown", "")]).await.status, 404);
        }
        let end = format!("{ROSTER}/apps/end");
        let foreign = browser.post(&end, &[("app", &her_id)]).await;
        assert_eq!(foreign.location(), "/for-coaches/my-roster?done=app-gone");
        assert_eq!(
            ana.get(&format!("/apps/{id}")).await.status,
            404,
            "nor an athlete a coach's"
        );
        let done = browser.post(&end, &[("app", &id)]).await;
        assert_eq!(done.location(), "/for-coaches/my-roster?done=app-ended");
        let mut left = [first.status().await, second.status().await];
        left.sort_unstable();
        assert_eq!((left, hers.status().await), ([200, 401], 200));
        assert!(browser.get(done.location()).await.text().contains("Ended by you"));
        let done = browser.post(&format!("{ROSTER}/apps/end-all"), &[]).await;
        assert_eq!(done.location(), "/for-coaches/my-roster?done=apps-ended");
        let left = (first.status().await, second.status().await, hers.status().await);
        assert_eq!(left, (401, 401, 200));

        // Without a visit each button leads to the door.
        let mut stranger = world.browser();
        for path in [
            "apps/end",
            "apps/end-all",
            "link/off",
            "link/on",
            &format!("apps/{id}"),
        ] {
            let page = stranger
                .post(&format!("{ROSTER}/{path}"), &[("app", &her_id)])
                .await;
            assert_eq!(page.status, 403, "{path}");
        }
        assert_eq!(stranger.get(&format!("{ROSTER}/apps/{id}")).await.status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_new_url_ends_apps_if_the_box_is_ticked() {
    test_with(generous, async |world| {
        let coaches = world.coaches().await;
        for ticked in [false, true] {
            let app = App::of_coach(&world).await;
            world
                .browser()
                .post("/for-coaches/regenerate", &[("email", COACH)])
                .await;
            let (mut browser, page) = world.opened(COACH).await;
            assert!(page.attribute("#end-apps", "checked").is_some());
            let tick: &[(&str, &str)] = if ticked { &[("end-apps", "on")] } else { &[] };
            let done = browser.press(&page, tick).await;
            let text = browser.get(done.location()).await.text();
            assert!(text.contains("no longer works"), "{text}");
            assert_eq!(
                text.contains("All connected apps were ended too"),
                ticked,
                "{text}"
            );
            assert_eq!(app.status().await, if ticked { 401 } else { 200 });
            let old = world.mcp(&coaches[0].link).request("ping", json!({})).await;
            assert_eq!(old.status, 404);
            note_url_of_coach(&world).await;
            // In one moment of the test's clock mails have no order: this one goes before the next is asked for.
            world.mails_to(COACH).await;
        }
        // The page of another wish has no such box.
        world
            .browser()
            .post("/for-coaches/resend", &[("email", COACH)])
            .await;
        let (_, page) = world.opened(COACH).await;
        assert!(page.attribute("#end-apps", "id").is_none());
    })
    .await;
}

/// Notes the coach's URL as a secret and returns it; none if it is off.
async fn note_url_of_coach(world: &World) -> Option<String> {
    let pool = &world.app.pool;
    let coach = queries::coaches::by_email(pool, COACH).await.unwrap().unwrap();
    let link = queries::connectors::of_coach(pool, coach.id)
        .await
        .unwrap()
        .unwrap();
    let url = icusync::guard::connector::url(&world.app, &link)?;
    world.secret(url.rsplit('/').next().unwrap());
    Some(url)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_switches_the_url_off_and_signs_in_instead() {
    test_with(generous, async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = world.signed_in(&ana).await;
        let claude = App::claude(&world, &mut browser).await;
        let off = browser.post("/link/off", &[]).await;
        assert_eq!(off.location(), "/connector?done=link-off");
        let old = world.mcp(&ana.link);
        assert_eq!(old.request("ping", json!({})).await.status, 404);
        assert_eq!(claude.status().await, 200, "sign-ins live");
        assert_eq!(world.mcp(&jack.link).request("ping", json!({})).await.status, 200);
        let page = browser.get(off.location()).await;
        assert!(page.attribute("#connector-url", "id").is_none() && !page.body.contains("icul_"));
        assert!(
            page.text().contains("It is switched off") && page.text().contains("Switch on with a new URL")
        );
        assert!(
            browser
                .get("/steps")
                .await
                .text()
                .contains("You switched your connector URL off"),
            "the steps know"
        );
        assert_eq!(browser.post("/link/off", &[]).await.status, 303, "twice is once");
        let ask = browser.get("/link/regenerate").await;
        assert!(ask.text().contains("Switch your connector URL on?"));
        assert!(
            ask.attribute("#end-apps", "id").is_none(),
            "there is nothing to be afraid of"
        );
        let on = browser.post("/link/regenerate", &[]).await;
        assert_eq!(on.location(), "/connector?done=link-on");
        let new = url_on(&browser.get("/connector").await);
        world.secret(new.rsplit('/').next().unwrap());
        assert_ne!(new, ana.link);
        assert_eq!(world.mcp(&new).request("ping", json!({})).await.status, 200);
        assert_eq!(old.request("ping", json!({})).await.status, 404, "it stays dead");
        assert_eq!(claude.status().await, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_switches_the_url_off_and_gets_a_new_one_by_mail() {
    test_with(generous, async |world| {
        let coaches = world.coaches().await;
        let app = App::of_coach(&world).await;
        let mut browser = world.on_roster_page(COACH).await;
        let on = browser.get(ROSTER).await.text();
        assert!(on.contains("Switch my URL off"), "{on}");
        let old = world.mcp(&coaches[0].link);
        let (off_path, on_path) = (format!("{ROSTER}/link/off"), format!("{ROSTER}/link/on"));
        // One that is on stays what it is.
        assert_eq!(browser.post(&on_path, &[]).await.location(), ROSTER);
        assert_eq!(old.request("ping", json!({})).await.status, 200);
        let off = browser.post(&off_path, &[]).await;
        assert_eq!(off.location(), "/for-coaches/my-roster?done=url-off");
        assert_eq!(old.request("ping", json!({})).await.status, 404);
        assert_eq!(app.status().await, 200, "sign-ins live");
        let page = browser.get(off.location()).await.text();
        assert!(page.contains("Switch on with a new URL"), "{page}");
        let mails = world.mails_to(COACH).await.len();
        let on = browser.post(&on_path, &[]).await;
        assert_eq!(on.location(), "/for-coaches/my-roster?done=url-on");
        let new = note_url_of_coach(&world).await.unwrap();
        let mailed = world.mails_to(COACH).await;
        assert_eq!(mailed.len(), mails + 1);
        assert!(mailed.last().unwrap().letter.text.contains(&new));
        assert_eq!(world.mcp(&new).request("ping", json!({})).await.status, 200);
        assert_eq!(old.request("ping", json!({})).await.status, 404);
        assert_eq!(app.status().await, 200);
        assert_eq!(browser.get(ROSTER).await.status, 200, "the visit goes on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_came_from_where_and_what_is_new() {
    test_with(generous, async |world| {
        let ana = world.ana().clone();
        let email = ana.person.email;
        // So that the zone is known.
        let call = world.mcp(&ana.link).call("get_wellness", json!({})).await;
        assert!(!call.is_error());
        let mut browser = world.signed_in(&ana).await;
        let first = browser.get("/apps").await.text();
        assert!(
            first.contains("Sat 21 Nov 2026, 09:00 IcuSync’s own pages Signed in password 127.0.0.0/24"),
            "{first}"
        );
        assert!(!first.contains("new "), "the first of all is no news: {first}");
        let mut thief = world.browser();
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        thief.extra = vec![("user-agent", firefox.to_owned())];
        thief
            .post("/sign-in", &[("email", email), ("password", "wrong password")])
            .await;
        let written = async || {
            count(
                &world,
                "select count(*) from sign_in_log where outcome = 'wrong_password'",
            )
            .await
                > 0
        };
        crate::database::eventually(Duration::from_secs(10), written).await;
        let text = browser.get("/apps").await.text();
        assert!(text.contains("Wrong password new browser"), "{text}");
        assert!(text.contains("Firefox on Linux"), "{text}");
        App::claude(&world, &mut browser).await;
        let text = browser.get("/apps").await.text();
        assert!(text.contains("Claude (claude.ai) Allowed new app"), "{text}");
        let (program, path) = (
            Program::registered(&world, "Nosy", "https://nosy.example/cb").await,
            "/apps",
        );
        let (asks, page) = program.begin(&mut browser).await;
        assert!(page.text().contains("Allow Nosy"));
        browser.post(&asks, &[("decision", "deny")]).await;
        let text = browser.get(path).await.text();
        assert!(text.contains("Nosy (nosy.example) Not allowed new app"), "{text}");
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let his = jack.get("/apps").await.text();
        assert!(!his.contains("Nosy") && !his.contains("Wrong password"), "{his}");
    })
    .await;
}

const OF_ACCOUNTS: &str = "select (select count(*) from connectors where account_id is not null and is_sign_in) \
    + (select count(*) from sign_in_choices where account_id is not null) \
    + (select count(*) from sign_in_log where account_id is not null) + (select count(*) from access_tokens) \
    + (select count(*) from refresh_tokens) + (select count(*) from sign_in_requests where agreed_account_id is not null)";

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_takes_its_apps_and_its_log_with_it() {
    test_with(generous, async |world| {
        let mut jack = world.signed_in(&world.jack().clone()).await;
        let jacks = App::claude(&world, &mut jack).await;
        let others = count(&world, OF_ACCOUNTS).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let claude = App::claude(&world, &mut browser).await;
        assert!(count(&world, OF_ACCOUNTS).await >= others + 5);
        let fields = [("password", PASSWORD), ("word", "delete")];
        assert_eq!(
            browser.post("/account/delete", &fields).await.location(),
            "/account/deleted"
        );
        assert_eq!((claude.status().await, jacks.status().await), (401, 200));
        let refreshed = claude.program.refresh(&claude.refresh).await;
        assert_eq!(refreshed.error(), (400, "invalid_grant"));
        assert_eq!(count(&world, OF_ACCOUNTS).await, others);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_coach_takes_apps_and_log_along() {
    test(async |world| {
        world.coaches().await;
        let app = App::of_coach(&world).await;
        let question = "select (select count(*) from sign_ins) + (select count(*) from sign_in_log) \
            + (select count(*) from sign_in_choices) + (select count(*) from sign_in_codes) + (select count(*) from access_tokens)";
        assert!(count(&world, question).await >= 4);
        let mut browser = world.on_roster_page(COACH).await;
        let erased = browser.post(&format!("{ROSTER}/erase"), &[]).await;
        assert_eq!(erased.location(), "/for-coaches/erased");
        assert_eq!(app.status().await, 401);
        assert_eq!(count(&world, question).await, 0);
    })
    .await;
}
