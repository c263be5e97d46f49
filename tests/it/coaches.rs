//! The athlete's side of coaches: invites, grants, changing and ending them. Hard cases 42, 50, 51, 54, 55, 56, 57, 66, 67,
//! 68.

use std::sync::Arc;

use futures::future::join_all;
use icusync::{
    config::Config,
    demo::seed::Seeded,
    ids::{AccountId, GrantId},
    permissions,
    queries::{self, grants::Grant},
    words::{Access, Outcome},
};

use crate::world::{Browser, Page, World, test_with};

const TOM: &str = "tom@coach.example";

/// Sign-ins and invites are not counted by network here.
fn unhurried(config: &mut Config) {
    config.sign_ins_per_minute = 1_000;
    config.sign_ins_per_address = 1_000;
}

async fn account_of(world: &World, seeded: &Seeded) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, seeded.person.email).await;
    account.unwrap().unwrap().id
}

async fn grants_of(world: &World, seeded: &Seeded) -> Vec<Grant> {
    let account = account_of(world, seeded).await;
    queries::grants::of_account(&world.app.pool, account)
        .await
        .unwrap()
}

async fn only_grant(world: &World, seeded: &Seeded) -> Grant {
    let mut grants = grants_of(world, seeded).await;
    assert_eq!(grants.len(), 1, "{grants:?}");
    grants.remove(0)
}

async fn count(world: &World, what: &str) -> i64 {
    let sql = format!("select count(*) from {what}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// A form with these tools ticked.
fn filled<'a>(
    email: &'a str,
    note: &'a str,
    last_day: &'a str,
    tools: &[&'a str],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("email", email), ("note", note), ("last-day", last_day)];
    fields.extend(tools.iter().map(|tool| (box_of(tool), "on")));
    fields
}

/// The name of a tool's box.
fn box_of(tool: &str) -> &'static str {
    match tool {
        "get_fitness" => "tool-get_fitness",
        "get_wellness" => "tool-get_wellness",
        "get_events" => "tool-get_events",
        other => panic!("no box for {other}"),
    }
}

async fn invite(browser: &mut Browser, email: &str, tools: &[&str]) -> Page {
    browser
        .post("/coaches/invite", &filled(email, "", "", tools))
        .await
}

/// How many mails `address` got so far.
async fn subjects(world: &World, address: &str) -> usize {
    world.mails_to(address).await.len()
}

/// The coach's URL in the newest mail to `address` that holds one.
async fn url_mailed_to(world: &World, address: &str) -> Option<String> {
    let start = format!("{}/mcp/", world.links);
    let mails = world.mails_to(address).await;
    let url = mails.iter().rev().find_map(|mail| {
        Some(start.clone() + mail.letter.text.split(&start).nth(1)?.split_whitespace().next()?)
    })?;
    world.secret(url.rsplit('/').next().unwrap());
    Some(url)
}

/// The coach used the grant, with this client.
async fn use_it(world: &World, grant: &Grant, client: &str) {
    let now = world.clock.now();
    queries::grants::used(&world.app.pool, grant.id, client, now)
        .await
        .unwrap();
    let link = queries::connectors::of_coach(&world.app.pool, grant.coach_id)
        .await
        .unwrap()
        .unwrap();
    queries::connectors::touch(&world.app.pool, link.id, None, client, now)
        .await
        .unwrap();
}

fn ticked(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let boxes = scraper::Selector::parse("input[type=checkbox][checked]").unwrap();
    html.select(&boxes)
        .map(|element| {
            element
                .attr("name")
                .unwrap()
                .trim_start_matches("tool-")
                .to_owned()
        })
        .collect()
}

async fn said(browser: &mut Browser, page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(
        page.location().starts_with("/coaches?done="),
        "{}",
        page.location()
    );
    let after = browser.get(page.location()).await;
    let html = scraper::Html::parse_document(&after.body);
    let status = scraper::Selector::parse("main > div > p[role=status]").unwrap();
    html.select(&status).next().unwrap().text().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_grants_what_is_ticked_and_mails_the_coachs_url() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let empty = browser.get("/coaches").await;
        assert!(empty.text().contains("Only you"), "{}", empty.text());
        assert_eq!(
            empty.attribute("main a[href='/for-coaches']", "href").as_deref(),
            Some("/for-coaches")
        );
        let form = browser.get("/coaches/invite").await;
        let reads: Vec<&str> = permissions::ALL
            .iter()
            .filter(|tool| tool.access == Access::Read && !tool.group.is_off_at_first())
            .map(|tool| tool.name)
            .collect();
        assert_eq!(ticked(&form), reads, "read only is ticked to begin with");
        for tool in permissions::ALL {
            assert!(form.text().contains(tool.lets), "{}", tool.lets);
        }
        assert!(
            form.text().contains("Tools that come later stay off"),
            "{}",
            form.text()
        );

        let sent = browser
            .post(
                "/coaches/invite",
                &filled(
                    " Tom@Coach.Example ",
                    "Goal:\r\nsub 3:10 <b>",
                    "",
                    &["get_fitness", "get_events"],
                ),
            )
            .await;
        assert!(said(&mut browser, &sent).await.contains("on its way"));
        let grant = only_grant(&world, &ana).await;
        assert_eq!(grant.tools, ["get_fitness", "get_events"]);
        assert_eq!(
            (grant.coach_email.as_str(), grant.note.as_str()),
            ("Tom@Coach.Example", "Goal: sub 3:10 <b>")
        );
        assert_eq!((grant.expires_at, grant.first_used_at), (None, None));
        let url = url_mailed_to(&world, "Tom@Coach.Example").await.unwrap();
        assert!(url.starts_with(&format!("{}/mcp/icul_", world.links)));

        let list = browser.get("/coaches").await;
        for words in [
            "Tom@Coach.Example",
            "1 of 2 fitness tools, Calendar, reading only",
            "Goal: sub 3:10 <b>",
            "Access until no end date",
            "never",
        ] {
            assert!(list.text().contains(words), "{words} in {}", list.text());
        }
        assert!(!list.body.contains("<b>") && list.text().contains("Invited just now"));
        assert!(!list.body.contains("icul_"), "the URL is the coach's alone");
        let dashboard = browser.get("/dashboard").await.text();
        assert!(
            dashboard.contains("Tom@Coach.Example Not used yet Invited just now"),
            "{dashboard}"
        );

        use_it(&world, &grant, "Claude <3").await;
        world.clock.advance(chrono::Duration::hours(2));
        let list = browser.get("/coaches").await;
        assert!(
            list.text().contains("2 hours ago by Claude <3"),
            "{}",
            list.text()
        );
        assert!(
            list.attribute(&format!("form[action='/coaches/{}/resend']", grant.id), "action")
                .is_none()
        );
        assert!(
            browser
                .get("/dashboard")
                .await
                .text()
                .contains("In use Last used 2 hours ago by Claude <3")
        );
        // Nobody else sees any of it.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert!(!jack.get("/coaches").await.body.contains("oach.Example"));
    })
    .await;
}

// Hard case 55.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_invites_at_once_make_one_coach_one_grant_and_one_mail_55() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let browser = world.signed_in(&ana).await;
        let spellings = [
            "tom@coach.example",
            "TOM@coach.example",
            "Tom@COACH.example",
            "tom@Coach.Example",
        ];
        let other = world.other_instance().await.web;
        let pages = join_all((0..20).map(|n| {
            let mut browser = browser.clone();
            let mut path = "/coaches/invite".to_owned();
            if n >= 10 {
                path = format!("{other}{path}");
                browser.extra = vec![("cookie", format!("s={}", browser.cookies["s"]))];
            }
            async move {
                let fields = filled(spellings[n % 4], "", "", &["get_fitness"]);
                browser.post(&path, &fields).await
            }
        }))
        .await;
        let word = |word: &str| {
            pages
                .iter()
                .filter(|page| page.location() == format!("/coaches?done={word}"))
                .count()
        };
        assert_eq!((word("sent"), word("same")), (1, 19));
        assert_eq!(
            (count(&world, "coaches").await, count(&world, "grants").await),
            (1, 1)
        );
        assert_eq!(count(&world, "connectors where coach_id is not null").await, 1);
        assert_eq!(
            count(&world, "jobs where name like 'coach%' or name like 'grant%'").await,
            1
        );
        let grant = only_grant(&world, &ana).await;
        assert_eq!(grant.version, 1, "an unchanged grant is not written again");
        assert_eq!(subjects(&world, &grant.coach_email).await, 1);
    })
    .await;
}

// Hard cases 51, 56, 57.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_invite_changes_nothing_and_every_athlete_joins_one_url_51_56_57() {
    test_with(unhurried, async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_fitness"]).await;
        let url = url_mailed_to(&world, TOM).await.unwrap();
        let before = only_grant(&world, &ana).await;
        let again = invite(&mut browser, "TOM@coach.example", &["get_wellness"]).await;
        assert_eq!(again.status, 200);
        assert_eq!(only_grant(&world, &ana).await, before, "nothing is written");
        assert_eq!(subjects(&world, TOM).await, 1, "and nobody is mailed");
        let edited = browser
            .post(
                &format!("/coaches/{}", before.id),
                &edit("1", "", "", &["get_wellness"]),
            )
            .await;
        assert!(said(&mut browser, &edited).await.starts_with("Saved."));
        let after = only_grant(&world, &ana).await;
        assert_eq!((after.id, after.version), (before.id, 2));
        assert_eq!(after.tools, ["get_wellness"]);
        assert_eq!(
            after.coach_email, TOM,
            "mail goes to the address as it was first typed"
        );
        assert_eq!(
            subjects(&world, TOM).await,
            2,
            "the invite, and once what is possible now"
        );
        assert_eq!(url_mailed_to(&world, TOM).await.unwrap(), url, "no second token");

        // Two athletes of one name, and the coach who trains, under one URL.
        sqlx::query("update connections set athlete_name = 'Ana Berger'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let mut other = world.signed_in(&jack).await;
        let joined = invite(&mut other, TOM, &["get_fitness"]).await;
        let words = said(&mut other, &joined).await;
        assert!(words.contains("already uses IcuSync"), "{words}");
        assert_eq!(
            (count(&world, "coaches").await, count(&world, "grants").await),
            (1, 2)
        );
        assert_eq!(count(&world, "connectors where coach_id is not null").await, 1);
        assert_eq!(url_mailed_to(&world, TOM).await.unwrap(), url);

        let own = invite(&mut browser, ana.person.email, &["get_fitness"]).await;
        let words = said(&mut browser, &own).await;
        assert!(words.contains("covers your own data too"), "{words}");
        assert_eq!(grants_of(&world, &ana).await.len(), 2);
        let own_url = url_mailed_to(&world, ana.person.email).await.unwrap();
        assert!(
            own_url != url && own_url != ana.link,
            "the coach's URL is another than the athlete's"
        );
    })
    .await;
}

/// Address, note, last day, tools; the field with an error, and the error.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a str, &'a str);

// Hard case 66.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_reported_at_its_field_and_nothing_typed_is_lost_66() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let (long, wordy) = (format!("{}@coach.example", "x".repeat(400)), "x".repeat(301));
        let tools = ["get_fitness"];
        let fitness: &[&str] = &tools;
        let cases: [Case<'_>; 16] = [
            ("", "", "", fitness, "email", "Write an e-mail address"),
            ("tom", "", "", fitness, "email", "Write an e-mail address"),
            (
                "a@b\r\nBcc:x",
                "",
                "",
                fitness,
                "email",
                "Write an e-mail address",
            ),
            (
                "\"x\"@coach.example",
                "",
                "",
                fitness,
                "email",
                "Before the @ only plain letters",
            ),
            (
                "jürgen@coach.example",
                "",
                "",
                fitness,
                "email",
                "Before the @ only plain letters",
            ),
            (
                "<script>@coach.example",
                "",
                "",
                fitness,
                "email",
                "Before the @ only plain letters",
            ),
            ("tom@127.0.0.1", "", "", fitness, "email", "not a domain"),
            (&long, "", "", fitness, "email", "too long"),
            (
                TOM,
                "see https://evil.example",
                "",
                fitness,
                "note",
                "Take “https://evil.example” out",
            ),
            (TOM, "www.evil", "", fitness, "note", "Take “www.evil” out"),
            (TOM, "ask bit.ly now", "", fitness, "note", "Take “bit.ly” out"),
            (TOM, &wordy, "", fitness, "note", "301 characters"),
            (TOM, "", "2026-11-20", fitness, "last-day", "This day is over"),
            (TOM, "", "2028-11-22", fitness, "last-day", "two years"),
            (TOM, "", "soon", fitness, "last-day", "Write a day as year"),
            (TOM, "", "", &[], "tools", "Tick at least one tool"),
        ];
        for (email, note, last_day, tools, field, says) in &cases {
            let page = browser
                .post("/coaches/invite", &filled(email, note, last_day, tools))
                .await;
            assert_eq!(page.status, 422, "{email} {note} {last_day}");
            assert!(page.text().contains(says), "{says} in {}", page.text());
            let link = page.attribute("#mistakes a", "href").unwrap();
            assert_eq!(link, format!("#{field}"));
            assert_eq!(
                page.attribute("#email", "value").unwrap(),
                email.replace("\r\n", "\n"),
                "kept"
            );
            assert_eq!(page.attribute("#last-day", "value").unwrap(), *last_day);
            let html = scraper::Html::parse_document(&page.body);
            let area = scraper::Selector::parse("#note").unwrap();
            let kept: String = html.select(&area).next().unwrap().text().collect();
            assert_eq!(kept, *note);
            assert_eq!(ticked(&page), *tools);
        }
        let everything = browser
            .post("/coaches/invite", &filled("", "a.com", "x", &[]))
            .await;
        assert!(
            everything.text().contains("4 things to change"),
            "{}",
            everything.text()
        );
        assert_eq!(
            (
                count(&world, "coaches").await,
                count(&world, "jobs where name like 'coach%'").await
            ),
            (0, 0)
        );
    })
    .await;
}

// Hard case 54.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_says_more_than_ours_grants_no_more_54() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        assert_eq!(
            browser.post("/coaches/invite", &[("email", TOM)]).await.status,
            400
        );
        let mut more = filled(TOM, "", "", &["get_fitness"]);
        let jack = account_of(&world, world.jack()).await.to_string();
        for (name, value) in [
            ("role", "admin"),
            ("account_id", &jack),
            ("athlete_id", "i2"),
            ("tool-everything", "on"),
            ("tools", "get_wellness"),
            ("first_used_at", "2026-11-01"),
            ("expires_at", "2099-01-01"),
            ("version", "7"),
        ] {
            more.push((name, value));
        }
        assert_eq!(browser.post("/coaches/invite", &more).await.status, 303);
        let grant = only_grant(&world, &ana).await;
        assert_eq!(
            (
                grant.tools.len(),
                grant.version,
                grant.first_used_at,
                grant.expires_at
            ),
            (1, 1, None, None)
        );
        assert!(grants_of(&world, world.jack()).await.is_empty());
        url_mailed_to(&world, TOM).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_ticks_its_boxes_and_keeps_what_was_typed() {
    test_with(unhurried, async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let all = permissions::ALL.len();
        let reads = permissions::ALL
            .iter()
            .filter(|tool| tool.access == Access::Read && !tool.group.is_off_at_first());
        let reads = reads.count();
        let plans = permissions::ALL
            .iter()
            .filter(|tool| tool.access == Access::Write && tool.group == permissions::Group::Calendar);
        for (preset, ticks) in [
            ("read-only", reads),
            ("read-and-plan", reads + plans.count()),
            ("everything", all),
        ] {
            let mut fields = filled("half@", "see evil.com", "2026-11-01", &["get_wellness"]);
            fields.push(("preset", preset));
            let page = browser.post("/coaches/invite", &fields).await;
            assert_eq!(page.status, 200, "{preset}");
            assert_eq!(ticked(&page).len(), ticks, "{preset}");
            assert_eq!(page.attribute("#email", "value").as_deref(), Some("half@"));
            assert_eq!(
                page.attribute("#last-day", "value").as_deref(),
                Some("2026-11-01")
            );
            assert!(page.text().contains("see evil.com") && !page.body.contains("id=\"mistakes\""));
        }
        let mut fields = filled(TOM, "", "", &[]);
        fields.push(("preset", "nonsense"));
        assert_eq!(browser.post("/coaches/invite", &fields).await.status, 400);
        assert_eq!(count(&world, "grants").await, 0);
        // Enter presses the first button of the form, and that one sends.
        let form = browser.get("/coaches/invite").await;
        assert!(form.attribute("form.card button", "name").is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_last_day_where_the_athlete_lives() {
    test_with(unhurried, async |world| {
        let jack = world.jack().clone();
        // So that the zone is known.
        world
            .mcp(&jack.link)
            .call("get_athlete_profile", serde_json::json!({}))
            .await;
        let mut browser = world.signed_in(&jack).await;
        let form = browser.get("/coaches/invite").await;
        assert!(form.text().contains("in Australia/Melbourne"), "{}", form.text());
        assert_eq!(form.attribute("#last-day", "min").as_deref(), Some("2026-11-21"));
        // Clocks go back there on the 4th of April 2027: the day has 25 hours.
        for (day, end, says) in [
            ("2026-11-21", "2026-11-21T13:00:00Z", "Saturday, 21 November 2026"),
            ("2027-04-04", "2027-04-04T14:00:00Z", "Sunday, 4 April 2027"),
        ] {
            browser
                .post("/coaches/invite", &filled(TOM, "", day, &["get_fitness"]))
                .await;
            let grant = only_grant(&world, &jack).await;
            assert_eq!(
                grant.expires_at.unwrap(),
                end.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
            );
            let list = browser.get("/coaches").await.text();
            assert!(list.contains(&format!("Access until {says}")), "{list}");
            let path = format!("/coaches/{}", grant.id);
            let edit = browser.get(&path).await;
            assert_eq!(edit.attribute("#last-day", "value").as_deref(), Some(day));
            url_mailed_to(&world, TOM).await;
            browser.post(&format!("{path}/revoke"), &[]).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_connected_can_invite() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_fitness"]).await;
        let grant = only_grant(&world, &ana).await;
        url_mailed_to(&world, TOM).await;
        for (status, says) in [
            ("reconnect", "Reconnect intervals.icu"),
            ("disconnected", "First connect intervals.icu"),
        ] {
            if status == "disconnected" {
                browser.post("/disconnect", &[]).await;
            } else {
                sqlx::query("update connections set status = 'reconnect'")
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
            }
            let page = browser.get("/coaches/invite").await;
            assert!(page.text().contains(says), "{}", page.text());
            for (path, fields) in [
                (
                    "/coaches/invite".to_owned(),
                    filled("new@coach.example", "", "", &["get_fitness"]),
                ),
                (format!("/coaches/{}/resend", grant.id), Vec::new()),
            ] {
                let page = browser.post(&path, &fields).await;
                assert_eq!((page.status, page.location()), (303, "/coaches/invite"), "{path}");
            }
            let list = browser.get("/coaches").await.text();
            assert!(list.contains("is not connected") && list.contains(TOM), "{list}");
        }
        assert_eq!(count(&world, "coaches").await, 1);
        // A grant can still be changed and revoked.
        let edited = browser
            .post(
                &format!("/coaches/{}", grant.id),
                &[
                    ("version", "1"),
                    ("note", ""),
                    ("last-day", ""),
                    ("tool-get_events", "on"),
                ],
            )
            .await;
        assert_eq!(edited.location(), "/coaches?done=changed");
        browser.post(&format!("/coaches/{}/revoke", grant.id), &[]).await;
        assert_eq!(count(&world, "grants").await, 0);
        let away = world.browser().get("/coaches").await;
        assert_eq!(away.location(), "/sign-in?next=coaches");
        let away = world
            .browser()
            .post(&format!("/coaches/{}/revoke", grant.id), &[])
            .await;
        assert_eq!(away.location(), "/sign-in?next=coaches");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_so_many_invites_however_they_are_taken_back() {
    test_with(
        |config| {
            unhurried(config);
            config.invites_per_day = 4;
        },
        async |world| {
            let ana = world.ana().clone();
            let mut browser = world.signed_in(&ana).await;
            for _ in 0..2 {
                invite(&mut browser, TOM, &["get_fitness"]).await;
                let grant = only_grant(&world, &ana).await;
                let gone = browser.post(&format!("/coaches/{}/revoke", grant.id), &[]).await;
                assert_eq!(gone.location(), "/coaches?done=withdrawn");
            }
            // Of many at once no more slip through than are left.
            let pages = join_all((0..8).map(|n| {
                let mut browser = browser.clone();
                async move { invite(&mut browser, &format!("c{n}@coach.example"), &["get_fitness"]).await }
            }))
            .await;
            assert_eq!(pages.iter().filter(|page| page.status == 303).count(), 2);
            let full = pages.iter().find(|page| page.status == 422).unwrap();
            assert!(
                full.text().contains("You have sent 4 invites within a day"),
                "{}",
                full.text()
            );
            assert!(
                full.attribute("#email", "value")
                    .unwrap()
                    .ends_with("@coach.example"),
                "kept"
            );
            assert_eq!(count(&world, "grants").await, 2);
            let left = grants_of(&world, &ana).await.remove(0);
            let resent = browser.post(&format!("/coaches/{}/resend", left.id), &[]).await;
            assert_eq!(resent.location(), "/coaches?done=limit");
            // An edit is not an invite, and nobody else is held back.
            let path = format!("/coaches/{}", left.id);
            let fields = [
                ("version", "1"),
                ("note", ""),
                ("last-day", ""),
                ("tool-get_events", "on"),
            ];
            assert_eq!(
                browser.post(&path, &fields).await.location(),
                "/coaches?done=changed"
            );
            let mut jack = world.signed_in(&world.jack().clone()).await;
            assert_eq!(invite(&mut jack, TOM, &["get_fitness"]).await.status, 303);
            world.clock.advance(chrono::Duration::hours(24));
            let mut browser = world.signed_in(&ana).await;
            assert_eq!(
                invite(&mut browser, "late@coach.example", &["get_fitness"])
                    .await
                    .status,
                303
            );
            for address in ["late@coach.example", TOM]
                .map(str::to_owned)
                .into_iter()
                .chain((0..8).map(|n| format!("c{n}@coach.example")))
            {
                url_mailed_to(&world, &address).await;
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_coaches_are_on_their_athletes_pages() {
    test_with(unhurried, async |world| {
        let coaches = world.coaches().await;
        assert_eq!(coaches[0].email, "coach@example.test");
        for (seeded, may) in [
            (
                world.ana().clone(),
                "Profile and zones, and may change them, Training, and may change it, Fitness and form, \
                 Wellness, and may change it, Calendar, and may change it",
            ),
            (world.jack().clone(), "Training, reading only, Fitness and form"),
            (
                world.tria().clone(),
                "Fitness and form, Wellness, reading only, Calendar, and may change it",
            ),
        ] {
            let mut browser = world.signed_in(&seeded).await;
            let text = browser.get("/coaches").await.text();
            assert!(
                text.contains(&format!("coach@example.test Granted {may} Access until")),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_are_slowed_down_for_one_network() {
    test_with(
        |config| config.sign_ins_per_minute = 3,
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let mut last = 0;
            for _ in 0..4 {
                last = invite(&mut browser, TOM, &["get_fitness"]).await.status;
            }
            assert_eq!(last, 429);
            url_mailed_to(&world, TOM).await.unwrap();
        },
    )
    .await;
}

fn edit<'a>(
    version: &'a str,
    note: &'a str,
    last_day: &'a str,
    tools: &[&'a str],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("version", version), ("note", note), ("last-day", last_day)];
    fields.extend(tools.iter().map(|tool| (box_of(tool), "on")));
    fields
}

// Hard case 50.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_tabs_the_second_sees_both_versions_and_nothing_is_lost_50() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_fitness", "get_events"]).await;
        let grant = only_grant(&world, &ana).await;
        use_it(&world, &grant, "Claude").await;
        url_mailed_to(&world, TOM).await;
        let path = format!("/coaches/{}", grant.id);
        let form = browser.get(&path).await;
        assert_eq!(ticked(&form), ["get_fitness", "get_events"]);
        let version = form.attribute("input[name=version]", "value").unwrap();

        // Unchanged, it mails nobody, however old the form is.
        for old in [version.as_str(), "0"] {
            let same = browser
                .post(&path, &edit(old, "", "", &["get_events", "get_fitness"]))
                .await;
            assert_eq!(same.location(), "/coaches?done=same");
        }
        assert_eq!(
            (
                subjects(&world, TOM).await,
                only_grant(&world, &ana).await.version
            ),
            (1, 1)
        );

        let first = browser
            .post(&path, &edit(&version, "first", "", &["get_fitness"]))
            .await;
        assert_eq!(first.location(), "/coaches?done=changed");
        assert_eq!(subjects(&world, TOM).await, 2);
        let second = browser
            .post(
                &path,
                &edit(&version, "second <b>", "2026-12-24", &["get_wellness"]),
            )
            .await;
        assert_eq!(second.status, 200);
        let text = second.text();
        for words in [
            "It was changed meanwhile",
            TOM,
            "1 of 2 fitness tools",
            "Wellness",
            "Thursday, 24 December 2026",
            "first",
            "second <b>",
            "See sleep, HRV",
            "See fitness, fatigue",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert!(!second.body.contains("<b>"));
        let stands = only_grant(&world, &ana).await;
        assert_eq!((stands.note.as_str(), stands.version), ("first", 2));
        assert_eq!(
            subjects(&world, TOM).await,
            2,
            "nobody gets an email about a grant that does not exist"
        );

        // The page's own form saves it over the current grant, and only once.
        let html = scraper::Html::parse_document(&second.body);
        let hidden = scraper::Selector::parse("main input[type=hidden]").unwrap();
        let fields: Vec<(String, String)> = html
            .select(&hidden)
            .map(|field| {
                (
                    field.attr("name").unwrap().to_owned(),
                    field.attr("value").unwrap().to_owned(),
                )
            })
            .collect();
        drop(html);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let saved = browser.post(&path, &fields).await;
        assert_eq!(saved.location(), "/coaches?done=changed");
        let stands = only_grant(&world, &ana).await;
        assert_eq!(
            (stands.note.as_str(), stands.version, stands.tools.as_slice()),
            ("second <b>", 3, &["get_wellness".to_owned()][..])
        );
        assert!(stands.expires_at.is_some());
    })
    .await;
}

// Hard case 50.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_saves_at_once_one_sees_the_other_50() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_wellness"]).await;
        let path = format!("/coaches/{}", only_grant(&world, &ana).await.id);
        browser.post(&path, &edit("1", "", "", &["get_events"])).await;
        assert_eq!(
            browser
                .post(&path, &edit("1", "", "", &["get_fitness"]))
                .await
                .status,
            200
        );
        assert_eq!(
            browser
                .post(&path, &edit("1", "evil.com", "", &["get_fitness"]))
                .await
                .status,
            422
        );
        assert_eq!(
            browser
                .post(&path, &edit("x", "", "", &["get_fitness"]))
                .await
                .status,
            400
        );
        // Two at once: one is saved, the other sees both.
        let version = only_grant(&world, &ana).await.version.to_string();
        let pages = join_all(["get_fitness", "get_wellness"].map(|tool| {
            let (mut browser, path, version) = (browser.clone(), path.clone(), version.clone());
            async move { browser.post(&path, &edit(&version, "", "", &[tool])).await.status }
        }))
        .await;
        assert!(pages.contains(&303) && pages.contains(&200), "{pages:?}");
        url_mailed_to(&world, TOM).await.unwrap();
    })
    .await;
}

// Hard case 42: the same answer for another account's grant and for one that never existed.
#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_grant_and_a_made_up_one_are_the_same_42() {
    test_with(unhurried, async |world| {
        let jack = world.jack().clone();
        let mut other = world.signed_in(&jack).await;
        invite(&mut other, TOM, &["get_fitness"]).await;
        let theirs = only_grant(&world, &jack).await.id.to_string();
        url_mailed_to(&world, TOM).await;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let made_up = GrantId(uuid::Uuid::now_v7()).to_string();
        let mut bodies = std::collections::BTreeSet::new();
        for id in [
            theirs.as_str(),
            &made_up,
            "x",
            "00000000-0000-0000-0000-000000000000",
            "%00",
            "%ff",
            "..%2f",
        ] {
            let page = browser.get(&format!("/coaches/{id}")).await;
            assert_eq!(page.status, 404, "{id}");
            bodies.insert(page.body);
            let page = browser
                .post(&format!("/coaches/{id}"), &edit("1", "", "", &["get_events"]))
                .await;
            assert_eq!(page.status, 404, "{id}");
            bodies.insert(page.body);
        }
        assert_eq!(bodies.len(), 1);
        for id in [&theirs, &made_up] {
            for act in ["revoke", "resend"] {
                let page = browser.post(&format!("/coaches/{id}/{act}"), &[]).await;
                assert_eq!(
                    (page.status, page.location()),
                    (303, "/coaches?done=gone"),
                    "{act}"
                );
            }
        }
        let stands = only_grant(&world, &jack).await;
        assert_eq!((stands.version, stands.tools.len()), (1, 1));
        assert_eq!(subjects(&world, TOM).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_resent_sleeps_wakes_and_is_withdrawn() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_fitness"]).await;
        let url = url_mailed_to(&world, TOM).await.unwrap();
        let grant = only_grant(&world, &ana).await;
        let (path, again) = (
            format!("/coaches/{}", grant.id),
            format!("/coaches/{}/resend", grant.id),
        );
        world.clock.advance(chrono::Duration::days(13));
        let mut browser = world.signed_in(&ana).await;
        let resent = browser.post(&again, &[]).await;
        assert!(said(&mut browser, &resent).await.contains("with the same URL"));
        assert_eq!(url_mailed_to(&world, TOM).await.unwrap(), url);
        assert_eq!(
            only_grant(&world, &ana).await.invited_at,
            world.clock.now(),
            "its fourteen days begin again"
        );
        // An address is not flooded, and the page says so.
        for _ in 0..2 {
            assert_eq!(browser.post(&again, &[]).await.location(), "/coaches?done=resent");
        }
        let capped = browser.post(&again, &[]).await;
        assert!(
            said(&mut browser, &capped)
                .await
                .contains("got several of these emails within an hour")
        );
        assert_eq!(subjects(&world, TOM).await, 4);

        world.clock.advance(chrono::Duration::days(14));
        let mut browser = world.signed_in(&ana).await;
        let asleep = browser.get("/coaches").await;
        assert!(
            asleep.text().contains("Paused These were not used for 14 days"),
            "{}",
            asleep.text()
        );
        assert!(browser.get(&path).await.text().contains("Saving resumes it"));
        // Saved unchanged, it resumes, and the mail with the URL is resent.
        let saved = browser.post(&path, &edit("1", "", "", &["get_fitness"])).await;
        assert_eq!(saved.location(), "/coaches?done=changed");
        assert!(
            browser
                .get("/coaches")
                .await
                .text()
                .contains("Invited The coach has not used it yet")
        );
        assert_eq!(subjects(&world, TOM).await, 5);
        assert_eq!(url_mailed_to(&world, TOM).await.unwrap(), url);
        world.clock.advance(chrono::Duration::days(14));
        let mut browser = world.signed_in(&ana).await;
        let woken = invite(&mut browser, TOM, &["get_fitness"]).await;
        assert_eq!(
            woken.location(),
            "/coaches?done=again",
            "the same invite wakes it too"
        );
        assert_eq!(subjects(&world, TOM).await, 6);

        let withdrawn = browser.post(&format!("{path}/revoke"), &[]).await;
        assert!(said(&mut browser, &withdrawn).await.contains("withdrawn"));
        assert!(grants_of(&world, &ana).await.is_empty());
        assert_eq!(
            subjects(&world, TOM).await,
            7,
            "an email tells the coach that it ended"
        );
        let twice = browser.post(&format!("{path}/revoke"), &[]).await;
        assert_eq!(twice.location(), "/coaches?done=gone");
        assert_eq!(browser.get(&path).await.status, 404);
        assert_eq!(subjects(&world, TOM).await, 7);
        // The coach's URL outlives it: the next invite brings the same one.
        invite(&mut browser, TOM, &["get_wellness"]).await;
        assert_eq!(url_mailed_to(&world, TOM).await.unwrap(), url);
    })
    .await;
}

/// Whatever the current grant is, a different invite changes nothing: the page shows both, and what an edit would do.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_never_changes_an_existing_grant() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let first = filled(TOM, "Until spring", "2026-12-31", &["get_fitness"]);
        browser.post("/coaches/invite", &first).await;
        url_mailed_to(&world, TOM).await.unwrap();
        let path = format!("/coaches/{}", only_grant(&world, &ana).await.id);
        let wider = filled(TOM, "", "", &["get_fitness", "get_wellness", "get_events"]);
        let narrower = filled(TOM, "Until spring", "2026-12-01", &["get_fitness"]);
        let states = ["waiting", "in use", "asleep", "expired"];
        for state in states {
            match state {
                "in use" => use_it(&world, &only_grant(&world, &ana).await, "Claude").await,
                "asleep" => {
                    let unused =
                        "update grants set first_used_at = null, last_used_at = null, invited_at = $1";
                    sqlx::query(unused)
                        .bind(world.clock.now() - chrono::Duration::days(15))
                        .execute(&world.app.pool)
                        .await
                        .unwrap();
                }
                "expired" => world.clock.advance(chrono::Duration::days(45)),
                _ => {}
            }
            let mut browser = world.signed_in(&ana).await;
            let (before, mails) = (only_grant(&world, &ana).await, subjects(&world, TOM).await);
            let invites = count(&world, "accounts where invites > 0").await;
            for fields in [&wider, &narrower] {
                if state == "expired" && fields == &narrower {
                    continue;
                }
                let page = browser.post("/coaches/invite", fields).await;
                let text = page.text();
                assert_eq!(page.status, 200, "{state}: {text}");
                assert!(
                    text.contains("You invited this coach before")
                        && text.contains("Nothing was changed, and no email was sent")
                        && text.contains("Last day Thursday, 31 December 2026")
                        && text.contains("Your note Until spring"),
                    "{state}: {text}"
                );
                assert_eq!(
                    page.attribute(&format!("main a.button[href='{path}']"), "href"),
                    Some(path.clone()),
                    "{state}: Edit is offered"
                );
                assert_eq!(only_grant(&world, &ana).await, before, "{state}");
            }
            let page = browser.post("/coaches/invite", &wider).await.text();
            assert!(
                page.contains("your coach could also: See sleep, HRV") && page.contains("Last day none"),
                "{state}: {page}"
            );
            assert_eq!(subjects(&world, TOM).await, mails, "{state}");
            assert_eq!(
                count(&world, "accounts where invites > 0").await,
                invites,
                "{state}: not counted"
            );
        }
        // What the page offers is an edit like any other.
        let mut browser = world.signed_in(&ana).await;
        let page = browser.post("/coaches/invite", &wider).await;
        let version = page.attribute("input[name=version]", "value").unwrap();
        let mut fields = edit(&version, "", "", &["get_fitness", "get_wellness", "get_events"]);
        let saved = browser.post(&path, &fields).await;
        assert_eq!(saved.location(), "/coaches?done=changed");
        fields[0].1 = "1";
        assert_eq!(
            browser.post("/coaches/invite", &wider).await.location(),
            "/coaches?done=same"
        );
        url_mailed_to(&world, TOM).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_is_revoked_and_what_expired_is_opened_again_or_removed() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        browser
            .post(
                "/coaches/invite",
                &filled(TOM, "hi", "2026-11-30", &["get_fitness"]),
            )
            .await;
        url_mailed_to(&world, TOM).await;
        let grant = only_grant(&world, &ana).await;
        use_it(&world, &grant, "Claude").await;
        let path = format!("/coaches/{}", grant.id);
        let nothing = browser.post(&format!("{path}/resend"), &[]).await;
        assert!(said(&mut browser, &nothing).await.contains("nothing to resend"));
        assert_eq!(subjects(&world, TOM).await, 1);

        world.clock.advance(chrono::Duration::days(10));
        let mut browser = world.signed_in(&ana).await;
        let list = browser.get("/coaches").await.text();
        assert!(list.contains("Expired These have expired"), "{list}");
        assert!(list.contains("Access until Monday, 30 November 2026"), "{list}");
        assert_eq!(
            browser.post(&format!("{path}/resend"), &[]).await.location(),
            "/coaches?done=in-use"
        );
        let form = browser.get(&path).await;
        assert_eq!(
            form.attribute("#last-day", "value").as_deref(),
            Some(""),
            "a day that is over is not offered again"
        );
        let over = browser
            .post(&path, &edit("1", "hi", "2026-11-30", &["get_fitness"]))
            .await;
        assert!(over.status == 422 && over.text().contains("This day is over"));
        let opened = browser
            .post(&path, &edit("1", "hi", "2026-12-31", &["get_fitness"]))
            .await;
        assert_eq!(opened.location(), "/coaches?done=changed");
        assert!(browser.get("/coaches").await.text().contains("Coaching you"));
        assert_eq!(subjects(&world, TOM).await, 2);

        world.clock.advance(chrono::Duration::days(60));
        let mut browser = world.signed_in(&ana).await;
        let removed = browser.post(&format!("{path}/revoke"), &[]).await;
        assert_eq!(removed.location(), "/coaches?done=removed");
        assert_eq!(
            subjects(&world, TOM).await,
            2,
            "an automatic end is not reported as a revoke"
        );

        invite(&mut browser, TOM, &["get_fitness"]).await;
        assert_eq!(subjects(&world, TOM).await, 3);
        let grant = only_grant(&world, &ana).await;
        use_it(&world, &grant, "Claude").await;
        let revoked = browser.post(&format!("/coaches/{}/revoke", grant.id), &[]).await;
        assert!(said(&mut browser, &revoked).await.starts_with("Revoked:"));
        let mails = world.mails_to(TOM).await;
        assert_eq!(mails.len(), 4);
        assert!(
            mails[2..]
                .iter()
                .any(|mail| mail.letter.text.contains("Ana Berger"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_takes_no_invites_gets_none() {
    test_with(unhurried, async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        invite(&mut browser, TOM, &["get_fitness"]).await;
        url_mailed_to(&world, TOM).await;
        let grant = only_grant(&world, &ana).await;
        browser.post(&format!("/coaches/{}/revoke", grant.id), &[]).await;
        let account = account_of(&world, &ana).await;
        queries::coaches::refuse(&world.app.pool, grant.coach_id, account, world.clock.now())
            .await
            .unwrap();
        let refused = invite(&mut browser, TOM, &["get_fitness"]).await;
        assert!(
            said(&mut browser, &refused)
                .await
                .starts_with("This address does not take invites from you.")
        );
        assert!(grants_of(&world, &ana).await.is_empty());
        assert_eq!(subjects(&world, TOM).await, 2);
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert_eq!(
            invite(&mut jack, TOM, &["get_fitness"]).await.location(),
            "/coaches?done=sent"
        );
        queries::coaches::set_refuses_all(&world.app.pool, grant.coach_id, Some(world.clock.now()))
            .await
            .unwrap();
        let refused = invite(&mut jack, TOM, &["get_wellness"]).await;
        assert_eq!(refused.location(), "/coaches?done=refused");
        url_mailed_to(&world, TOM).await;
    })
    .await;
}

async fn end_mail(world: &World, recipient_of: &str, state: &str, failure: Option<&str>) {
    use sha2::Digest as _;
    sqlx::query(
        "update jobs set state = $2, failure = $3, payload = case when $2 = 'pending' then payload end where recipient = $1",
    )
    .bind(sha2::Sha256::digest(recipient_of.as_bytes()).to_vec())
    .bind(state)
    .bind(failure)
    .execute(&world.app.pool)
    .await
    .unwrap();
}

// Hard cases 67 and 68.
#[tokio::test(flavor = "multi_thread")]
async fn an_undelivered_mail_shows_where_it_can_be_fixed_67_68() {
    test_with(
        |config| {
            unhurried(config);
            // No server listens there.
            config.smtp_url = Some("smtp://127.0.0.1:1".to_owned().into());
        },
        async |world| {
            let ana = world.ana().clone();
            let mut browser = world.signed_in(&ana).await;
            let sent = invite(&mut browser, TOM, &["get_fitness"]).await;
            assert_eq!(sent.location(), "/coaches?done=sent", "the page does not wait for the mail");
            assert!(!browser.get("/coaches").await.body.contains("note bad"), "nothing is wrong before the first try");
            icusync::jobs::run_due(&world.app).await.unwrap();
            let late = browser.get("/coaches").await.text();
            assert!(late.contains("has not got through yet. We go on trying"), "{late}");
            end_mail(&world, TOM, "failed", Some("refused for good")).await;
            let refused = browser.get("/coaches").await.text();
            assert!(
                refused.contains("could not be delivered: the mail server at that address refuses them. Check the address, or resend."),
                "{refused}"
            );
            let dashboard = browser.get("/dashboard").await.text();
            assert!(dashboard.contains("could not be delivered") && !dashboard.contains("do not reach you"), "{dashboard}");
            // Another athlete learns nothing of it from their own list.
            let mut jack = world.signed_in(&world.jack().clone()).await;
            invite(&mut jack, TOM, &["get_fitness"]).await;
            assert!(!jack.get("/coaches").await.body.contains("note bad"));
            // A resend is a new attempt.
            world.clock.advance(chrono::Duration::minutes(1));
            let grant = only_grant(&world, &ana).await;
            browser.post(&format!("/coaches/{}/resend", grant.id), &[]).await;
            assert!(!browser.get("/coaches").await.body.contains("note bad"));

            world.browser().post("/forgot", &[("email", ana.person.email)]).await;
            end_mail(&world, ana.person.email, "failed", Some("not delivered for now")).await;
            let dashboard = browser.get("/dashboard").await.text();
            assert!(
                dashboard.contains("Emails to ana@example.test fail: for two days no mail server at that address took them"),
                "{dashboard}"
            );
            assert!(!jack.get("/dashboard").await.text().contains("do not reach you"));
            sqlx::query("delete from jobs").execute(&world.app.pool).await.unwrap();
        },
    )
    .await;
}

/// Reads the cells of a column of the log.
fn column(page: &Page, label: &str) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let cells = scraper::Selector::parse(&format!("td[data-label={label}]")).unwrap();
    html.select(&cells).map(|cell| cell.text().collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_and_shows_one_caller_only_when_asked() {
    test_with(unhurried, async |world| {
        use icusync::{ids::LogId, queries::activity_log::Entry};
        let ana = world.ana().clone();
        let account = account_of(&world, &ana).await;
        let mut browser = world.signed_in(&ana).await;
        for n in 0..45 {
            world.clock.advance(chrono::Duration::seconds(1));
            let caller = match n % 3 {
                0 => None,
                1 => Some("tom@coach.example"),
                _ => Some("a deleted coach"),
            };
            let entry = Entry {
                id: LogId(world.app.random.uuid(&world.clock)),
                at: world.clock.now(),
                account_id: account,
                athlete_id: ana.person.athlete_id.to_owned(),
                caller: caller.map(str::to_owned),
                coach_id: None,
                client: "Claude".to_owned(),
                tool: "get_fitness".to_owned(),
                access: Access::Read,
                outcome: Outcome::Ok,
                duration_ms: 1,
                upstream_requests: 1,
                calls: 1,
            };
            queries::activity_log::write(&world.app.pool, &entry).await.unwrap();
        }
        let all = browser.get("/activity").await;
        assert_eq!(column(&all, "Who")[..3], ["a deleted coach", "tom@coach.example", "You"]);
        let html = scraper::Html::parse_document(&all.body);
        let options = scraper::Selector::parse("#who option").unwrap();
        let options: Vec<String> = html.select(&options).map(|option| option.text().collect()).collect();
        assert_eq!(options, ["Anyone", "You", "a deleted coach", "tom@coach.example"]);
        for (who, shown) in [
            ("me", "You"),
            ("tom%40coach.example", "tom@coach.example"),
            ("a+deleted+coach", "a deleted coach"),
        ] {
            let page = browser.get(&format!("/activity?who={who}")).await;
            let cells = column(&page, "Who");
            assert!(cells.len() == 15 && cells.iter().all(|cell| cell == shown), "{who}: {cells:?}");
            let chosen = page.attribute("#who option[selected]", "value").unwrap();
            let file = page.attribute("a[download]", "href").unwrap();
            assert!(file.contains("who="), "{chosen}: {file}");
            let rows = browser.get(&file).await.body;
            assert_eq!(rows.lines().count(), 16, "{rows}");
            assert!(rows.lines().skip(1).all(|row| row.contains(&format!(",{shown},Claude,"))), "{rows}");
        }
        // Older pages keep the choice, and a caller who is in no row is not an error.
        let nobody = browser.get("/activity?who=nobody%40x.example").await;
        assert!(nobody.status == 200 && nobody.text().contains("No call matches this filter."));
        assert_eq!(nobody.attribute("#who option[selected]", "value").as_deref(), Some("nobody@x.example"));
        for _ in 0..40 {
            sqlx::query("insert into activity_log select gen_random_uuid(), at, account_id, athlete_id, 'tom@coach.example', \
                         client, tool, access, outcome, duration_ms, upstream_requests from activity_log where account_id = $1 limit 1")
                .bind(account.0)
                .execute(&world.app.pool)
                .await
                .unwrap();
        }
        let first = browser.get("/activity?who=tom%40coach.example").await;
        let older = first.attribute("nav[aria-label=Pages] a[href*=before]", "href").unwrap();
        assert!(older.contains("who=tom%40coach.example&before="), "{older}");
        let second = browser.get(&older).await;
        let (first, second) = (column(&first, "Who"), column(&second, "Who"));
        assert_eq!((first.len(), second.len()), (30, 25));
        assert!(second.iter().all(|cell| cell == TOM));
        // Jack has no callers to choose from.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert!(!jack.get("/activity").await.body.contains("tom@coach"));
    })
    .await;
}

/// Everything about coaches that a page could hold, for tests that check pages.
pub async fn invite_somebody(world: &Arc<World>, browser: &mut Browser) -> String {
    let sent = browser
        .post(
            "/coaches/invite",
            &filled(
                TOM,
                "Goal: sub 3:10",
                "2026-12-24",
                &["get_fitness", "get_events"],
            ),
        )
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    url_mailed_to(world, TOM).await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from grants order by created_at desc limit 1")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    format!("/coaches/{id}")
}
