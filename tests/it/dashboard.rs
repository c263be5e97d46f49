//! The dashboard: the checklist, and the athlete's figures, which are asked for when the page is opened and stored nowhere.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use icusync::demo::seed::Seeded;
use icusync_sim::Fault;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::{
    coaches::invite_somebody,
    world::{Browser, Page, World, test},
};

/// The texts of all elements that `selector` finds, white space folded.
fn texts(page: &Page, selector: &str) -> Vec<String> {
    let html = Html::parse_document(&page.body);
    let selector = Selector::parse(selector).unwrap();
    let folded = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    html.select(&selector)
        .map(|element| folded(element.text().collect::<Vec<_>>().join(" ")))
        .collect()
}

/// The text of the card with this heading.
fn card(page: &Page, heading: &str) -> String {
    let cards = texts(page, ".figures .card");
    let found = cards.iter().find(|text| text.starts_with(heading));
    found
        .unwrap_or_else(|| panic!("no {heading} in {}", page.text()))
        .clone()
}

/// The page of somebody who is signed in and whose time zone is known.
async fn settled(world: &Arc<World>, seeded: &Seeded) -> Browser {
    let call = world
        .mcp(&seeded.link)
        .call("get_athlete_profile", json!({}))
        .await;
    assert!(!call.is_error(), "{}", call.text());
    world.sim.clear_requests();
    world.signed_in(seeded).await
}

/// What upstream was asked for, without the query.
fn asked(world: &World) -> Vec<String> {
    let all = world.sim.requests().into_iter();
    all.map(|request| request.path.rsplit('/').next().unwrap_or_default().to_owned())
        .collect()
}

/// Every page ends, whatever happens to its figures.
fn assert_whole(page: &Page) {
    assert_eq!(page.status, 200);
    let end = page.body.trim_end();
    assert!(
        end.ends_with("</html>") && page.body.matches("</main>").count() == 1,
        "{end}"
    );
    assert!(page.body.len() < 60_000, "{} bytes", page.body.len());
    assert!(!page.body.contains("<!--figures-->"));
}

async fn set_scopes(world: &World, seeded: &Seeded, scopes: &[&str]) {
    sqlx::query("update connections set scopes = $1, kind = 'oauth' where athlete_id = $2")
        .bind(scopes)
        .bind(seeded.person.athlete_id)
        .execute(&world.app.pool)
        .await
        .unwrap();
}

/// Nothing of the page is counted twice or otherwise than in the answers of the tools.
#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_those_of_the_tools() {
    test(async |world| {
        let ana = world.ana().clone();
        let coach = world.coaches().await.remove(0);
        let mut browser = settled(&world, &ana).await;
        let page = browser.get("/dashboard").await;
        assert_whole(&page);
        let overview = world
            .mcp(&coach.link)
            .call("get_roster_overview", json!({}))
            .await;
        let lines: Vec<Vec<&str>> = overview
            .text()
            .lines()
            .map(|line| line.split('\t').collect())
            .collect();
        let header = lines.iter().find(|line| line[0] == "athlete").unwrap();
        let row = lines.iter().find(|line| line[0] == "Ana Berger").unwrap();
        let of = |name: &str| row[header.iter().position(|column| *column == name).unwrap()];
        // The roster does not read today's activities where that takes another request, so it says "perhaps".
        let known = |words: &str| words.replace("perhaps ", "");
        assert_eq!(texts(&page, ".legend .form dd"), [known(of("form"))]);
        assert!(texts(&page, ".legend .ctl dd")[0].starts_with(of("CTL")));
        assert_eq!(texts(&page, ".legend .atl dd"), [of("ATL")]);
        let week = card(&page, "This week so far");
        for part in of("load this week").split("; ") {
            let part = known(&part.replace(" planned", ""));
            assert!(week.contains(&part), "{part} in {week}");
        }
        // Six weeks of the model, each day as get_fitness has it.
        let fitness = world
            .mcp(&ana.link)
            .call("get_fitness", json!({"step": "day"}))
            .await;
        let days = texts(&page, ".figures table time");
        assert_eq!(days.len(), 42, "{days:?}");
        let rows = texts(&page, ".figures tbody tr");
        let yesterday = rows[1].split_whitespace().collect::<Vec<_>>();
        let [ctl, atl, form] = yesterday[3..] else {
            panic!("{yesterday:?}")
        };
        let date = page
            .attribute(".figures tbody tr:nth-child(2) time", "datetime")
            .unwrap();
        let same = fitness
            .text()
            .lines()
            .find(|line| line.starts_with(&date))
            .unwrap();
        for figure in [ctl, atl, form] {
            assert!(same.split('\t').any(|cell| cell == figure), "{figure} in {same}");
        }
        let title = page.attribute(".lines", "role");
        assert_eq!(title.as_deref(), Some("img"));
        assert!(texts(&page, ".lines desc")[0].contains("form from"));
        // The last activity, and what is planned.
        let history = world
            .mcp(&ana.link)
            .call("get_training_history", json!({"limit": 1}))
            .await;
        let name = texts(&page, ".tiles .value")[0].clone();
        assert!(history.text().contains(&name), "{name} in {}", history.text());
        let events = world
            .mcp(&ana.link)
            .call("get_events", json!({"include": "done"}))
            .await;
        let plan = texts(&page, ".plan .entry strong");
        assert!(!plan.is_empty());
        for name in &plan {
            let shown = events.text().contains(name.as_str());
            assert!(
                shown || card(&page, "The coming seven days").contains("Not done"),
                "{name}"
            );
        }
        assert!(texts(&page, ".questions p").len() >= 3);
        assert!(
            texts(&page, ".questions p")
                .iter()
                .any(|question| question.contains(&name))
        );
        // It is no call.
        world.logged().await;
        let calls: i64 = sqlx::query_scalar("select count(*) from activity_log where tool not like 'get_%'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(calls, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_requests_at_most_and_none_at_a_second_look() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = settled(&world, &ana).await;
        let first = browser.get("/dashboard").await;
        let count = asked(&world).len();
        assert!((3..=4).contains(&count), "{:?}", asked(&world));
        let second = browser.get("/dashboard").await;
        assert_eq!(asked(&world).len(), count, "{:?}", asked(&world));
        assert_eq!(texts(&first, ".figures"), texts(&second, ".figures"));
        world.logged().await;
        let rows: i64 = sqlx::query_scalar("select count(*) from activity_log")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(rows, 1, "only the call of this test");
        // Only the head: nothing is asked for a page that nobody reads.
        world.clock.advance(chrono::Duration::days(1));
        let head = browser.send(reqwest::Method::HEAD, "/dashboard", None).await;
        assert_eq!((head.status, asked(&world).len()), (200, count));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_is_missing_on_its_own() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = settled(&world, &ana).await;
        for (scopes, lacks) in [
            (
                &["WELLNESS:READ", "CALENDAR:READ", "SETTINGS:READ"][..],
                "Last activity",
            ),
            (&["ACTIVITY:READ", "CALENDAR:READ", "SETTINGS:READ"], "Sleep"),
            (&["ACTIVITY:READ", "WELLNESS:READ", "SETTINGS:READ"], "Next race"),
        ] {
            set_scopes(&world, &ana, scopes).await;
            let page = browser.get("/dashboard").await;
            assert_whole(&page);
            for heading in ["Last activity", "Sleep", "HRV", "Next race"] {
                let is_missing = heading == lacks || (lacks == "Sleep" && heading == "HRV");
                let text = card(&page, heading);
                assert_eq!(text.contains("not shared"), is_missing, "{scopes:?}: {text}");
            }
        }
        let all = ["ACTIVITY:READ", "WELLNESS:READ", "CALENDAR:READ", "SETTINGS:READ"];
        set_scopes(&world, &ana, &all).await;
        for (path, lacks) in [
            ("/wellness", "HRV"),
            ("/events", "Next race"),
            ("/activities", "Last activity"),
        ] {
            // Not from what is kept.
            let bump = "update connections set write_number = write_number + 1";
            sqlx::query(bump).execute(&world.app.pool).await.unwrap();
            world.sim.fault(Fault::on(path).status(500));
            let page = browser.get("/dashboard").await;
            world.sim.clear_faults();
            assert_whole(&page);
            for heading in ["Last activity", "HRV", "Next race"] {
                let text = card(&page, heading);
                assert_eq!(text.contains("not there now"), heading == lacks, "{path}: {text}");
            }
            assert!(page.text().contains("did not arrive from intervals.icu in time"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_is_there_at_once_and_a_slow_upstream_ends_in_a_whole_page() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = settled(&world, &ana).await;
        browser.get("/account").await;
        world.sim.fault(Fault::on("/athlete/").delay_ms(20_000));
        let cookie = format!("s={}", browser.cookies["s"]);
        let http = crate::world::Mcp::client();
        let began = Instant::now();
        let request = http
            .get(format!("{}/dashboard", world.web))
            .header("cookie", cookie);
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut head = String::new();
        while !head.contains("Asking intervals.icu") {
            let piece = answer.chunk().await.unwrap().expect("the head");
            head.push_str(std::str::from_utf8(&piece).unwrap());
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert!(head.contains("<h1>Dashboard</h1>") && !head.contains("Recent activity"));
        let mut rest = String::new();
        while let Some(piece) = answer.chunk().await.unwrap() {
            rest.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let took = began.elapsed();
        assert!((2..6).contains(&took.as_secs()), "{took:?}");
        assert!(
            rest.contains("not there now") && rest.trim_end().ends_with("</html>"),
            "{rest}"
        );
        assert!(rest.contains("Recent activity"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_requests_of_a_day_are_kept_for_questions() {
    test(async |world| {
        let ana = world.ana().clone();
        world.sim.set_remaining(2000, 20);
        let mut browser = settled(&world, &ana).await;
        let page = browser.get("/dashboard").await;
        assert_whole(&page);
        assert_eq!(asked(&world), Vec::<String>::new());
        assert!(page.text().contains("kept for your questions"), "{}", page.text());
        assert!(card(&page, "Last activity").contains("not there now"));
        // A question may still be asked.
        let call = world.mcp(&ana.link).call("get_wellness", json!({})).await;
        assert!(!call.is_error(), "{}", call.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_marked_and_the_next_page_says_what_to_do() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = settled(&world, &ana).await;
        world.sim.revoke(ana.person.token);
        world.sim.revoke(ana.person.api_key);
        let page = browser.get("/dashboard").await;
        assert_whole(&page);
        assert!(
            page.text().contains("intervals.icu refused this connection"),
            "{}",
            page.text()
        );
        let page = browser.get("/dashboard").await;
        assert!(
            page.text()
                .contains("intervals.icu no longer accepts this connection"),
            "{}",
            page.text()
        );
        assert!(texts(&page, ".figures").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_sees_an_own_dashboard_in_own_units() {
    test(async |world| {
        let mut browser = settled(&world, &world.nell().clone()).await;
        let newcomer = browser.get("/dashboard").await;
        assert_whole(&newcomer);
        assert!(
            card(&newcomer, "HRV").contains("not recorded"),
            "{}",
            newcomer.text()
        );
        assert!(card(&newcomer, "Next race").contains("not set"));
        assert!(texts(&newcomer, ".questions p").len() >= 3);

        let mut browser = settled(&world, &world.bishnu().clone()).await;
        let strava = browser.get("/dashboard").await;
        assert_whole(&strava);
        assert!(
            card(&strava, "Last activity").contains("closed by Strava"),
            "{}",
            strava.text()
        );

        let mut browser = settled(&world, &world.tria().clone()).await;
        let miles = browser.get("/dashboard").await;
        assert_whole(&miles);
        let last = card(&miles, "Last activity");
        assert!(!last.contains(" km"), "{last}");

        let mut browser = settled(&world, &world.jack().clone()).await;
        let jack = browser.get("/dashboard").await;
        assert_whole(&jack);
        for other in ["Ana Berger", "Nell Pike", "Bishnu Tamang"] {
            assert!(!jack.body.contains(other), "{other}");
        }
        browser.post("/disconnect", &[]).await;
        world.sim.clear_requests();
        let gone = browser.get("/dashboard").await;
        assert!(gone.text().contains("Not connected") && texts(&gone, ".figures").is_empty());
        assert!(asked(&world).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_is_text_and_what_a_device_refused_is_said() {
    test(async |world| {
        world.clock.set("2026-11-28T09:00:00Z".parse().unwrap());
        let ana = world.ana().clone();
        let mut browser = settled(&world, &ana).await;
        let evil = "<script>alert(1)</script>“”\u{202e}";
        let given: Value = json!({
            "activities": [{"id": "i1", "type": "Ride", "name": evil, "start_date_local": "2026-11-27T10:00:00",
                "moving_time": 3600, "icu_training_load": 50}],
            "events": [
                {"id": 1, "category": "WORKOUT", "type": "Ride", "name": evil, "start_date_local": "2026-11-29T00:00:00",
                    "push_errors": [{"service": evil, "message": evil}]},
                {"id": 2, "category": "RACE_A", "type": "Ride", "name": evil, "start_date_local": "2026-12-06T00:00:00"},
                {"id": 3, "category": "WORKOUT", "type": "Run", "name": "Missed one", "start_date_local": "2026-11-26T00:00:00"},
                {"id": 4, "category": "SICK", "name": "Flu", "start_date_local": "2026-12-01T00:00:00",
                    "end_date_local": "2026-12-03T00:00:00"},
                {"id": 5, "category": "WORKOUT", "type": "Ride", "name": "Too ill", "start_date_local": "2026-12-01T00:00:00"},
            ],
            "wellness": [],
        });
        assert!(world.sim.give(ana.person.slug, serde_json::from_value(given).unwrap()));
        let page = browser.get("/dashboard").await;
        assert_whole(&page);
        assert!(!page.body.contains("<script>alert") && !page.body.contains('\u{202e}'));
        let plan = card(&page, "The coming seven days");
        assert!(plan.contains("not sent to <script>"), "{plan}");
        assert!(plan.contains("ruled out: sick") && plan.contains("Missed one Run missed"), "{plan}");
        assert!(card(&page, "Next race").contains("in 8 days"));
        assert!(card(&page, "Fitness").contains("not recorded"));
        let questions = texts(&page, ".questions p").join(" ");
        assert!(questions.contains("I missed “Missed one” on Thu 26 Nov"), "{questions}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checklist_ticks_itself_and_folds_away() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/dashboard").await;
        assert_eq!(
            texts(&page, ".journey .ticked h3"),
            ["Done: Connect intervals.icu"]
        );
        assert!(texts(&page, ".journey .current h3")[0].starts_with("Add IcuSync"));
        assert_eq!(texts(&page, "#sign-in-url"), [format!("{}/mcp", world.web)]);
        assert!(!page.text().contains("All set"));
        // A question of a coach is not the athlete's.
        let coach = world.coaches().await.remove(0);
        let asks = json!({"athlete": "Ana Berger"});
        world.mcp(&coach.link).call("get_fitness", asks).await;
        assert!(!browser.get("/dashboard").await.text().contains("All set"));
        world.mcp(&ana.link).call("get_fitness", json!({})).await;
        let page = browser.get("/dashboard").await;
        assert!(page.text().contains("All set"), "{}", page.text());
        assert!(page.attribute("details.fold", "open").is_none());
        assert_eq!(texts(&page, ".journey .ticked").len(), 4);
        let mut jack = world.signed_in(&world.jack().clone()).await;
        world.mcp(&world.jack().link).call("get_fitness", json!({})).await;
        invite_somebody(&world, &mut jack).await;
        assert!(jack.get("/dashboard").await.text().contains("All set"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_show_an_athlete_the_own_url_masked() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/steps").await;
        let shown = texts(&page, "pre.masked").join(" ");
        assert!(shown.contains("icul_•") && !shown.contains(&ana.link));
        assert!(texts(&page, "#link-any")[0].contains(&ana.link));
        let stranger = world.browser().get("/steps").await;
        assert!(stranger.text().contains("YOUR-TOKEN") && !stranger.body.contains("icul_"));
    })
    .await;
}
