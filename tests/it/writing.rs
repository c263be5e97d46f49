//! Whether a connector may change the calendar, what intervals.icu must allow for that, and the button that undoes a change:
//! as athletes and coaches meet them on the pages.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    demo::seed::{Seeded, SeededCoach},
    queries,
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    changes::{named, workout},
    connections::{WRITING, consent, free_ana},
    world::{Browser, Page, World, test},
};

const DAY: &str = "2026-11-25";
const QUESTION: &str = "May Claude change your data?";
const READS_ONLY: &str = "intervals.icu lets IcuSync only read";
/// What connecting asked for before anything but the calendar could be changed.
const ONLY_THE_CALENDAR: [&str; 4] = [
    "ACTIVITY:READ",
    "WELLNESS:READ",
    "CALENDAR:WRITE",
    "SETTINGS:READ",
];

/// Pushes a workout; whether it was refused, and the text.
async fn push(world: &World, url: &str, name: &str) -> (bool, String) {
    let call = world.mcp(url).call("push_workout", workout(DAY, name)).await;
    (call.is_error(), call.text().to_owned())
}

/// Writes a weight; whether it was refused, and the text.
async fn weigh(world: &World, url: &str) -> (bool, String) {
    let day = json!({"days": [{"date": "2026-11-19", "values": {"weight": "60.0 kg"}}]});
    let call = world.mcp(url).call("push_wellness", day).await;
    (call.is_error(), call.text().to_owned())
}

async fn pushed(world: &World, seeded: &Seeded, name: &str) {
    let (refused, text) = push(world, &seeded.link, name).await;
    assert!(!refused, "{text}");
}

/// The scope that the way to intervals.icu asks for.
fn scope(away: &Page) -> String {
    let url = Url::parse(away.location()).unwrap();
    url.query_pairs()
        .find(|(name, _)| name == "scope")
        .unwrap()
        .1
        .into_owned()
}

/// Connects as `seeded` by a form with these fields, and allows these scopes; where the callback leads.
async fn connect(
    world: &World,
    browser: &mut Browser,
    seeded: &Seeded,
    fields: &[(&str, &str)],
    scopes: &[&str],
) -> Page {
    let away = browser.post("/connect", fields).await;
    let callback = consent(world, browser, away.location(), seeded.person, scopes, "allow").await;
    browser.get(&callback).await
}

/// Switches changes on where intervals.icu was connected for reading only, and allows these scopes; where the callback leads.
async fn switch_on(world: &World, browser: &mut Browser, seeded: &Seeded, scopes: &[&str]) -> Page {
    let away = browser.post("/link/writing", &[("may-write", "on")]).await;
    assert_eq!(scope(&away), WRITING.join(","));
    let callback = consent(world, browser, away.location(), seeded.person, scopes, "allow").await;
    browser.get(&callback).await
}

async fn may_write(world: &World, seeded: &Seeded) -> Option<bool> {
    let account = queries::accounts::by_email(&world.app.pool, seeded.person.email).await;
    let link = queries::connectors::of_account(&world.app.pool, account.unwrap().unwrap().id).await;
    link.unwrap().unwrap().may_write
}

async fn kept(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from changes where sealed is not null")
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_until_the_athlete_says_yes_and_is_asked_once() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let (refused, text) = push(&world, &ana.link, "Easy").await;
        assert!(refused && text.contains("May change my data"), "{text}");
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/dashboard").await;
        assert!(page.text().contains(QUESTION), "{}", page.text());
        let page = browser.get("/connector").await;
        assert!(page.text().contains("May change my data Off"), "{}", page.text());

        let no = browser.post("/link/writing", &[("may-write", "off")]).await;
        assert_eq!(no.location(), "/connector?done=writing-off");
        let page = browser.get("/dashboard").await;
        assert!(!page.text().contains(QUESTION), "asked once: {}", page.text());
        assert!(push(&world, &ana.link, "Easy").await.0);

        let yes = browser.post("/link/writing", &[("may-write", "on")]).await;
        assert_eq!(yes.location(), "/connector?done=writing-on");
        let page = browser.get("/connector").await;
        assert!(page.text().contains("May change my data On"), "{}", page.text());
        assert!(!browser.get("/dashboard").await.text().contains(READS_ONLY));
        let elsewhere = world.other_instance().await.link(&ana.link);
        let (refused, text) = push(&world, &elsewhere, "Easy").await;
        assert!(!refused, "{text}");

        browser.post("/link/writing", &[("may-write", "off")]).await;
        let (refused, text) = push(&world, &elsewhere, "Other").await;
        assert!(refused && text.contains("May change my data"), "{text}");
        for wrong in [&[][..], &[("may-write", "maybe")]] {
            assert_eq!(browser.post("/link/writing", wrong).await.status, 400);
        }
        assert_eq!(may_write(&world, &ana).await, Some(false));
        assert_eq!(may_write(&world, world.jack()).await, None, "nobody else's");
        let stranger = world
            .browser()
            .post("/link/writing", &[("may-write", "on")])
            .await;
        assert!(
            stranger.location().starts_with("/sign-in"),
            "{}",
            stranger.location()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_asks_to_read_and_switching_on_asks_for_changes() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = free_ana(&world).await;
        for path in ["/dashboard", "/connect"] {
            let page = browser.get(path).await;
            let tick = "form[action='/connect'] input[type=checkbox][name=may-write]";
            assert_eq!(page.attribute(tick, "value"), None, "{path}");
        }
        let reading = browser.post("/connect", &[]).await;
        assert_eq!(scope(&reading), crate::connections::ALL.join(","));
        connect(&world, &mut browser, &ana, &[], &crate::connections::ALL).await;
        assert_eq!(may_write(&world, &ana).await, None);
        let page = browser.get("/dashboard").await.text();
        assert!(
            !page.contains(QUESTION) && !page.contains(READS_ONLY),
            "nobody is asked who has not used the connector URL: {page}"
        );
        assert!(push(&world, &ana.link, "Easy").await.0);
        let page = browser.get("/dashboard").await.text();
        assert!(page.contains(QUESTION), "{page}");

        let done = switch_on(&world, &mut browser, &ana, &WRITING).await;
        assert_eq!(done.location(), "/connector?done=writing-on");
        assert_eq!(may_write(&world, &ana).await, Some(true));
        pushed(&world, &ana, "Easy").await;
        let again = browser.post("/connect", &[]).await;
        assert_eq!(
            scope(&again),
            WRITING.join(","),
            "connecting again keeps what is in use"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_comes_with_an_api_key_too() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = free_ana(&world).await;
        let key = ("key", ana.person.api_key);
        browser.post("/connect/key", &[key]).await;
        assert_eq!(may_write(&world, &ana).await, None);
        assert!(push(&world, &ana.link, "Easy").await.0);
        assert!(browser.get("/dashboard").await.text().contains(QUESTION));
        browser
            .post("/connect/key", &[key, ("choice", "changes"), ("may-write", "on")])
            .await;
        assert_eq!(may_write(&world, &ana).await, Some(true));
        pushed(&world, &ana, "Easy").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_for_reading_only_is_said_and_connecting_again_mends_it() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = free_ana(&world).await;
        connect(&world, &mut browser, &ana, &[], &crate::connections::ALL).await;
        switch_on(&world, &mut browser, &ana, &WRITING).await;
        // Later the athlete leaves the writing out on the page of intervals.icu, and leaves it at that.
        connect(&world, &mut browser, &ana, &[], &crate::connections::ALL).await;
        browser.post("/connect/narrower", &[]).await;
        let page = browser.get("/dashboard").await.text();
        assert!(
            page.contains(READS_ONLY) && page.contains("Your connector may change"),
            "{page}"
        );
        let (refused, text) = push(&world, &ana.link, "Easy").await;
        assert!(refused && text.contains("connected for reading only"), "{text}");

        browser.post("/link/writing", &[("may-write", "off")]).await;
        assert!(!browser.get("/dashboard").await.text().contains(READS_ONLY));
        let on = switch_on(&world, &mut browser, &ana, &crate::connections::ALL).await;
        assert_eq!(on.location(), "/connector?done=writing-not-shared");
        assert_eq!(may_write(&world, &ana).await, Some(false));

        switch_on(&world, &mut browser, &ana, &WRITING).await;
        assert_eq!(may_write(&world, &ana).await, Some(true));
        assert!(!browser.get("/dashboard").await.text().contains(READS_ONLY));
        pushed(&world, &ana, "Easy").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_for_the_calendar_alone_goes_on_and_the_rest_is_said() {
    const IN_PART: &str = "intervals.icu lets IcuSync change your calendar. Your ";
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = free_ana(&world).await;
        connect(&world, &mut browser, &ana, &[], &crate::connections::ALL).await;
        let on = switch_on(&world, &mut browser, &ana, &ONLY_THE_CALENDAR).await;
        assert_eq!(on.location(), "/connector?done=writing-in-part");
        let page = browser.get("/connector").await.text();
        assert!(
            page.contains(IN_PART)
                && page.contains("connected for reading only, so changes there are refused"),
            "{page}"
        );
        assert!(!page.contains(READS_ONLY), "{page}");
        for words in [
            "Calendar reads and changes",
            "Wellness reads; intervals.icu is connected for reading only",
            "Fitness and form reads See",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        pushed(&world, &ana, "Easy").await;
        let (refused, text) = weigh(&world, &ana.link).await;
        assert!(
            refused
                && text.contains("push_wellness changes the athlete's wellness and fitness")
                && text.contains("connected for reading only"),
            "{text}"
        );
        assert!(
            browser
                .get(on.location())
                .await
                .text()
                .contains("where intervals.icu allows it")
        );
        let invite = browser.get("/coaches/invite").await.text();
        let (shut, all) = (
            invite.matches("which was connected for reading only").count(),
            invite.matches("Changes also need your consent").count(),
        );
        assert!(
            shut > 0 && shut == all - 2,
            "all parts but the calendar's and the library's, which nobody asked for: {invite}"
        );

        let away = browser.post("/connect", &[]).await;
        assert_eq!(scope(&away), WRITING.join(","));
        connect(&world, &mut browser, &ana, &[], &WRITING).await;
        let page = browser.get("/connector").await.text();
        assert!(
            !page.contains(IN_PART) && page.contains("Wellness reads and changes"),
            "{page}"
        );
        let (refused, text) = weigh(&world, &ana.link).await;
        assert!(!refused, "{text}");
        let (refused, text) = weigh(&world, &format!("{}?readonly=1", ana.link)).await;
        assert!(refused && text.contains("readonly=1"), "{text}");
        browser.post("/link/writing", &[("may-write", "off")]).await;
        let page = browser.get("/connector").await.text();
        assert!(
            page.contains("Wellness reads, and changes once that is switched on"),
            "{page}"
        );
        let (refused, text) = weigh(&world, &ana.link).await;
        assert!(refused && text.contains("May change my data"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_place_is_listed_field_by_field_and_undone_there() {
    test(async |world: Arc<World>| {
        let tria = world.tria().clone();
        let mut browser = world.let_write(&tria).await;
        let (refused, text) = weigh(&world, &tria.link).await;
        assert!(!refused, "{text}");
        for path in ["/dashboard", "/activity?access=write"] {
            let page = browser.get(path).await.text();
            assert!(page.contains("Changed wellness 2026-11-19"), "{path}: {page}");
            assert!(
                page.contains("→ 132.3 lb") && page.contains("Before and after"),
                "{path}: {page}"
            );
            assert!(!page.contains("not on the calendar"), "{path}: {page}");
        }
        let text = undo(&mut browser, "1").await;
        assert!(text.contains("132.3 lb"), "{text}");
        let mood = json!({"days": [{"date": "2026-11-19", "values": {"lactate": 1.2}}]});
        world.mcp(&tria.link).call("push_wellness", mood).await;
        let page = browser.get("/dashboard").await.text();
        assert!(
            page.contains(", but nothing was set before, and intervals.icu may keep it"),
            "{page}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_no_workout_is_listed_with_what_it_was_and_is() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.let_write(&ana).await;
        let holiday = json!({"kind": "holiday", "date": "2026-12-24", "last_date": "2026-12-28", "name": "Skiing",
                             "availability": "unavailable"});
        let race = json!({"kind": "race", "date": "2026-12-20", "name": "Hillclimb", "sport": "Ride", "priority": "B", "km": 12});
        let mcp = world.mcp(&ana.link);
        mcp.call("push_event", json!({"events": [holiday, race]})).await;
        let longer = json!({"date": "2026-12-24", "name": "Skiing", "new_last_date": "2026-12-30"});
        mcp.call("edit_workout", longer).await;
        for path in ["/dashboard", "/activity?access=write"] {
            let page = browser.get(path).await.text();
            for says in [
                "holiday, until 2026-12-28 Mon, unavailable",
                "holiday, until 2026-12-30 Wed, unavailable",
                "Ride race B, 12.0 km",
            ] {
                assert!(page.contains(says), "{path} {says}: {page}");
            }
        }
        let text = undo(&mut browser, "3").await;
        assert!(text.contains("2026-12-24 Thu – 2026-12-28 Mon (5 days) holiday «Skiing»"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coachs_changes_need_the_grant_and_the_consent_and_not_the_athletes_switch() {
    test(async |world: Arc<World>| {
        let coach = world.coaches().await.remove(0);
        let ana = world.ana().clone();
        let as_coach = async |name: &str| {
            let mut given = workout(DAY, name);
            given["athlete"] = json!(ana.person.athlete_id);
            let call = world.mcp(&coach.link).call("push_workout", given).await;
            (call.is_error(), call.text().to_owned())
        };
        let mut browser = world.signed_in(&ana).await;
        browser.post("/link/writing", &[("may-write", "off")]).await;
        let (refused, text) = as_coach("Coached").await;
        assert!(!refused, "{text}");

        sqlx::query(
            "update connections set scopes = '{ACTIVITY:READ,WELLNESS:READ,CALENDAR:READ,SETTINGS:READ}'",
        )
        .execute(&world.app.pool)
        .await
        .unwrap();
        let (refused, text) = as_coach("Two").await;
        assert!(refused && text.contains("connected for reading only"), "{text}");
        let page = browser.get("/dashboard").await.text();
        assert!(page.contains("A coach may change your data, but"), "{page}");
        let page = browser.get("/coaches/invite").await.text();
        assert!(
            page.contains(
                "Changes also need your consent at intervals.icu, which was connected for reading only"
            ),
            "{page}"
        );
        let away = browser.post("/connect", &[]).await;
        assert_eq!(scope(&away), WRITING.join(","), "for the coach");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_and_another_athlete_switch_it_off_and_end_every_undo() {
    test(async |world: Arc<World>| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut other = world.signed_in(&jack).await;
        other.post("/disconnect", &[]).await;
        let mut browser = world.let_write(&ana).await;
        pushed(&world, &ana, "Easy").await;
        assert_eq!(kept(&world).await, 1);
        connect(&world, &mut browser, &jack, &[], &WRITING).await;
        assert_eq!(kept(&world).await, 0);
        assert_eq!(
            may_write(&world, &ana).await,
            None,
            "the choice was for the athlete before"
        );
        let page = browser.get("/dashboard").await.text();
        assert!(page.contains("Jack Nguyen") && page.contains(QUESTION), "{page}");
        assert!(
            !page.contains("Last changes"),
            "they are another athlete's: {page}"
        );
        let log = browser.get("/activity").await.text();
        assert!(log.contains("Cannot be undone any more"), "{log}");
        assert!(!log.contains("Easy"), "{log}");

        browser.post("/link/writing", &[("may-write", "on")]).await;
        let run = json!({"sport": "Run", "date": DAY, "name": "Easy", "text": "- 30m 60-65% Pace"});
        let call = world
            .mcp(&ana.link)
            .call("push_workout", json!({"workouts": [run]}))
            .await;
        assert!(!call.is_error(), "{}", call.text());
        assert_eq!(kept(&world).await, 1);
        browser.post("/disconnect", &[]).await;
        assert_eq!((kept(&world).await, may_write(&world, &ana).await), (0, None));
    })
    .await;
}

/// The numbers of the buttons that undo something.
fn undoable(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let field = scraper::Selector::parse("form[action='/activity/undo'] input[name=change]").unwrap();
    html.select(&field)
        .map(|input| input.attr("value").unwrap().to_owned())
        .collect()
}

async fn undo(browser: &mut Browser, number: &str) -> String {
    let page = browser.post("/activity/undo", &[("change", number)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_listed_with_before_and_after_and_a_button_undoes_it() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.let_write(&ana).await;
        pushed(&world, &ana, "Easy <b>").await;
        world.clock.advance(Duration::seconds(1));
        let id = named(&world, &ana, DAY, "Easy <b>").await[0];
        let edit = json!({"id": id.to_string(), "new_date": "2026-11-26 07:00", "new_name": "Moved", "tags": ["key"]});
        let edited = world.mcp(&ana.link).call("edit_workout", edit).await;
        assert!(!edited.is_error(), "{}", edited.text());

        world.sim.clear_requests();
        for path in ["/dashboard", "/activity"] {
            let page = browser.get(path).await;
            for words in [
                "New Wed 25 Nov 2026, Easy <b> change 1 by You",
                "Edited Thu 26 Nov 2026, 07:00, Moved change 2 by You",
                "Before Wed 25 Nov 2026, Easy <b>",
                "After Thu 26 Nov 2026, 07:00, Moved 0:30 h, load 19, tags key",
                "- 30m 60-65%",
                "Can be undone until Mon 21 Dec 2026",
            ] {
                assert!(page.text().contains(words), "{words} on {path}: {}", page.text());
            }
            assert!(!page.body.contains("<b>"), "{path}");
            assert_eq!(undoable(&page), ["2", "1"], "{path}");
        }
        // The figures of the dashboard are read; what an undo looks at is one entry.
        let asked = world.sim.requests();
        let of_one_entry = asked.iter().filter(|request| request.path.contains("/events/"));
        assert_eq!(of_one_entry.count(), 0, "intervals.icu is asked on the click, not before");
        assert!(asked.iter().all(|request| request.method == "GET"));

        let text = undo(&mut browser, "1").await;
        assert!(
            text.contains("NOT undone, change 2 came after it") && !text.contains("Europe/Berlin"),
            "{text}"
        );
        // The connector's switch is not the athlete's own hand.
        browser.post("/link/writing", &[("may-write", "off")]).await;
        let text = undo(&mut browser, "2").await;
        assert!(text.contains("undone, it stands again as"), "{text}");
        assert_eq!(named(&world, &ana, DAY, "Easy <b>").await, [id]);
        let text = undo(&mut browser, "1").await;
        assert!(text.contains("undone, it is off the calendar"), "{text}");
        assert!(named(&world, &ana, DAY, "Easy <b>").await.is_empty());
        let text = undo(&mut browser, "1").await;
        assert!(text.contains("it was undone already"), "{text}");

        let log = browser.get("/activity?tool=undo_change").await;
        assert!(log.text().contains("IcuSync dashboard undo_change changed Answered"), "{}", log.text());
        assert_eq!(undoable(&log).len(), 2, "an undo can be undone: {}", log.text());
        let (rows, unfinished): (i64, i64) = sqlx::query_as(
            "select count(*), count(*) filter (where outcome = 'unfinished') from activity_log where tool = 'undo_change'",
        )
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
        assert_eq!((rows, unfinished), (4, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_athlete_undoes_a_coachs_change_and_nobody_elses() {
    test(async |world: Arc<World>| {
        let coach: SeededCoach = world.coaches().await.remove(0);
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut given = workout(DAY, "Coached");
        given["athlete"] = json!(ana.person.athlete_id);
        let call = world.mcp(&coach.link).call("push_workout", given).await;
        assert!(!call.is_error(), "{}", call.text());
        let mut other = world.signed_in(&jack).await;
        let text = undo(&mut other, "1").await;
        assert!(text.contains("there is no change 1 here"), "{text}");
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/dashboard").await;
        assert!(
            page.text().contains("Coached change 1 by coach@example.test"),
            "{}",
            page.text()
        );
        assert!(undo(&mut browser, "1").await.contains("it is off the calendar"));
        assert!(named(&world, &ana, DAY, "Coached").await.is_empty());
        for wrong in ["", "x", "99999999999"] {
            assert_eq!(
                browser.post("/activity/undo", &[("change", wrong)]).await.status,
                400
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_intervals_icu_refuses_says_why_and_its_row_has_an_end() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.let_write(&ana).await;
        pushed(&world, &ana, "Easy").await;
        sqlx::query(
            "update connections set scopes = '{ACTIVITY:READ,WELLNESS:READ,CALENDAR:READ,SETTINGS:READ}'",
        )
        .execute(&world.app.pool)
        .await
        .unwrap();
        let text = undo(&mut browser, "1").await;
        assert!(text.contains("connected for reading only"), "{text}");
        assert_eq!(named(&world, &ana, DAY, "Easy").await.len(), 1);
        browser.post("/disconnect", &[]).await;
        let text = undo(&mut browser, "1").await;
        assert!(text.contains("was disconnected from IcuSync"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_has_what_is_kept_in_the_clear() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.let_write(&ana).await;
        pushed(&world, &ana, "Easy").await;
        let file = browser.post("/account/export", &[]).await;
        let file: Value = serde_json::from_str(&file.body).unwrap();
        assert_eq!(file["connector_url"]["may_change_calendar"], true);
        let change = &file["changes"][0];
        assert_eq!(
            (&change["number"], &change["tool"], &change["state"]),
            (&json!(1), &json!("push_workout"), &json!("held"))
        );
        assert_eq!(
            (&change["before"], &change["caller"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(change["after"]["name"], "Easy");
        assert_eq!(change["after"]["description"], "- 30m 60-65%");
        let other = world
            .signed_in(world.jack())
            .await
            .post("/account/export", &[])
            .await;
        let other: Value = serde_json::from_str(&other.body).unwrap();
        assert_eq!(other["changes"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_edits_or_deletes_includes_the_calendar() {
    test(async |world: Arc<World>| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let form = browser.get("/coaches/invite").await;
        for tool in ["edit_workout", "delete_workout"] {
            let with = form.attribute(&format!("#tool-{tool}"), "data-with");
            assert_eq!(with.as_deref(), Some("tool-get_events"));
        }
        assert_eq!(form.attribute("#tool-push_workout", "data-with"), None);
        for (coach, ticked, granted) in [
            (
                "one@coach.example",
                "tool-edit_workout",
                vec!["get_events", "edit_workout"],
            ),
            (
                "two@coach.example",
                "tool-delete_workout",
                vec!["get_events", "delete_workout"],
            ),
            ("three@coach.example", "tool-push_workout", vec!["push_workout"]),
        ] {
            let fields = [
                ("email", coach),
                ("note", ""),
                ("last-day", ""),
                (ticked, "on"),
                ("athlete", ana.person.athlete_id),
            ];
            let done = browser.post("/coaches/invite", &fields).await;
            assert_eq!(done.status, 303, "{}", done.text());
            let grants: Vec<String> = sqlx::query_scalar(
                "select unnest(tools) from grants where coach_id = (select id from coaches where email = $1)",
            )
            .bind(coach)
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
            assert_eq!(grants, granted);
        }
        world.mails_to("nobody@example.test").await;
        for mail in world.mails.all() {
            for line in mail
                .letter
                .text
                .lines()
                .filter(|line| line.contains("/mcp/icul_"))
            {
                world.secret(line.rsplit('/').next().unwrap());
            }
        }
    })
    .await;
}
