//! For coaches: the public page, the mails that answer its three forms, and the short visit to the roster. Hard cases 58-65,
//! 71 and 72 for coaches.

use std::{collections::BTreeSet, sync::Arc};

use chrono::Duration;
use futures::future::join_all;
use icusync::{
    guard::{
        coaches::{self, Grantor, Invited},
        connector,
    },
    ids::{AccountId, CoachId, JobId, LogId},
    jobs,
    mail::{Address, Mail, Why, outbox},
    queries::{self, activity_log::Entry, grants::Terms},
    words::{Access, Outcome},
};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    clients::{output, script, tool},
    database::until_waiting,
    world::{Browser, Mcp, Page, World, form, inbox, test, test_with, url_of},
};

const COACH: &str = "coach@example.test";
const WISHES: [&str; 3] = ["resend", "regenerate", "roster"];

fn generous(config: &mut icusync::config::Config) {
    config.sign_ins_per_minute = 1_000;
    config.sign_ins_per_address = 1_000;
}

async fn ask(world: &Arc<World>, wish: &str, email: &str) -> Page {
    world
        .browser()
        .post(&format!("/for-coaches/{wish}"), &[("email", email)])
        .await
}

/// The links of a wish in the mails to exactly this address, oldest first, as paths.
async fn links(world: &World, wish: &str, address: &str) -> Vec<String> {
    let start = format!("{}/for-coaches/{wish}/", world.web);
    let mut found = Vec::new();
    for mail in world.mails_to(address).await {
        for at in mail.letter.text.match_indices(&start).map(|(at, _)| at) {
            let link = mail.letter.text[at..].split_whitespace().next().unwrap();
            world.secret(link.rsplit('/').next().unwrap());
            found.push(link.strip_prefix(&world.web).unwrap().to_owned());
        }
    }
    found
}

/// Asks for a mail and takes the link from it.
async fn link(world: &Arc<World>, wish: &str, email: &str) -> String {
    let answer = ask(world, wish, email).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    links(world, wish, email).await.pop().expect("a link in a mail")
}

/// Asks for a mail and opens its link; the page with the button.
async fn opened(world: &Arc<World>, wish: &str, email: &str) -> (Browser, Page) {
    let link = link(world, wish, email).await;
    let mut browser = world.browser();
    let page = browser.open(&link).await;
    (browser, page)
}

/// A browser with a visit to the roster of `email`.
pub(crate) async fn visit(world: &Arc<World>, email: &str) -> Browser {
    let (mut browser, page) = opened(world, "roster", email).await;
    let done = browser.press(&page, &[]).await;
    assert_eq!((done.status, done.location()), (303, "/for-coaches/my-roster"));
    browser
}

async fn account(world: &World, email: &str) -> AccountId {
    let account = queries::accounts::by_email(&world.app.pool, email).await.unwrap();
    account.unwrap().id
}

async fn coach(world: &World, email_key: &str) -> Option<queries::coaches::Coach> {
    queries::coaches::by_email(&world.app.pool, email_key)
        .await
        .unwrap()
}

/// Names of the athletes who grant this coach something.
async fn roster(world: &World, coach: CoachId) -> Vec<String> {
    let members = queries::grants::roster_of(&world.app.pool, coach, world.clock.now())
        .await
        .unwrap();
    members.into_iter().map(|member| member.athlete_name).collect()
}

/// The URL in a coach's row.
async fn url(world: &World, coach: CoachId) -> String {
    let link = queries::connectors::of_coach(&world.app.pool, coach)
        .await
        .unwrap();
    let url = connector::url(&world.app, &link.unwrap()).unwrap();
    world.secret(url.rsplit('/').next().unwrap());
    url
}

async fn grantor(world: &World, slug: &str) -> Grantor {
    let seeded = world
        .people
        .iter()
        .find(|seeded| seeded.person.slug == slug)
        .unwrap();
    Grantor {
        account: account(world, seeded.person.email).await,
        email: seeded.person.email.to_owned(),
        athlete_id: seeded.person.athlete_id.to_owned(),
        athlete: seeded.person.name.to_owned(),
        zone: seeded.person.timezone.parse().unwrap(),
    }
}

/// Has a seeded person invite an address.
async fn invite(world: &World, slug: &str, email: &str) -> Invited {
    let from = grantor(world, slug).await;
    let terms = Terms {
        tools: &["get_fitness".to_owned()],
        note: "",
        expires_at: None,
    };
    let mut transaction = world.app.pool.begin().await.unwrap();
    let address = Address::parse(email).unwrap();
    let invited = coaches::invite(&mut transaction, &world.app, &from, &address, &terms)
        .await
        .unwrap();
    match invited {
        Invited::Refused => transaction.rollback().await.unwrap(),
        _ => transaction.commit().await.unwrap(),
    }
    invited
}

/// A table's content, as one number.
async fn count(world: &World, what: &'static str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// Everything that the three wishes could change.
async fn state(world: &World) -> Vec<i64> {
    world.logged().await;
    let mut all = Vec::new();
    for what in [
        "mail_links",
        "coach_sessions",
        "jobs",
        "grants",
        "refusals",
        "coaches",
        "connectors where last_used_at is not null",
    ] {
        all.push(count(world, what).await);
    }
    all
}

/// The status with which a connector URL answers.
async fn status(url: &str) -> u16 {
    Mcp::at(url).request("tools/list", json!({})).await.status
}

/// Whether the coach's URL brings this athlete's data.
async fn reads(url: &str, athlete: &str) -> bool {
    let call = Mcp::at(url)
        .call("get_fitness", json!({"athlete": athlete}))
        .await;
    assert_eq!(call.status, 200, "{}", call.answer);
    !call.is_error()
}

/// The cookie for the page that says where the email went holds what was typed, sealed.
fn without_the_address(value: &str) -> String {
    match value
        .strip_prefix("sent=")
        .and_then(|cookie| cookie.split_once(';'))
    {
        Some((_, attributes)) => format!("sent; {attributes}"),
        None => value.to_owned(),
    }
}

fn headers_of(page: &Page) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = page
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"))
        .map(|(name, value)| (name.to_string(), without_the_address(value.to_str().unwrap())))
        .collect();
    headers.sort();
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_a_coach_what_there_is_and_a_signed_in_athlete_too() {
    test(async |world| {
        let stranger = world.browser().get("/for-coaches").await;
        assert_eq!(stranger.status, 200);
        let text = stranger.text();
        for tool in icusync::permissions::ALL {
            assert!(
                text.contains(tool.lets) && text.contains(tool.name),
                "{}",
                tool.name
            );
        }
        for tool in icusync::tools::ROSTER {
            assert!(text.contains(tool.name), "{}", tool.name);
        }
        for said in [
            "IcuSync Coach",
            "Claude may warn",
            "nothing to pay",
            "Every call:",
        ] {
            assert!(text.contains(said), "{said}");
        }
        for wish in WISHES {
            let action = format!("/for-coaches/{wish}");
            let field = format!("form[action='{action}'] input[name=email]");
            assert_eq!(stranger.attribute(&field, "type").as_deref(), Some("email"));
            let back = world.browser().get(&action).await;
            assert_eq!(
                (back.status, back.location()),
                (
                    303,
                    &*format!("{action}-email").replace("/for-coaches/", "/for-coaches#")
                )
            );
        }
        let mut ana = world.signed_in(&world.ana().clone()).await;
        let signed = ana.get("/for-coaches").await;
        assert!(signed.status == 200 && signed.text().contains("Sign out"));
    })
    .await;
}

// Hard case 56 and the answer to a lost mail: the same URL, to the address that an athlete once gave.
#[tokio::test(flavor = "multi_thread")]
async fn the_url_comes_again_unchanged_and_only_to_the_stored_address() {
    test(async |world| {
        let (stored, typed) = ("Ana.B@Example.test", "ana.b@example.TEST");
        assert!(matches!(invite(&world, "jack", stored).await, Invited::New(..)));
        assert!(matches!(invite(&world, "ana", typed).await, Invited::Joined(..)));
        let id = coach(&world, "ana.b@example.test").await.unwrap().id;
        let url = url(&world, id).await;

        assert_eq!(ask(&world, "resend", typed).await.status, 303);
        assert!(
            world.mails_to(typed).await.is_empty(),
            "nothing to what was typed"
        );
        let link = links(&world, "resend", stored).await.pop().unwrap();
        let mut browser = world.browser();
        let page = browser.open(&link).await;
        assert!(page.text().contains(stored));
        let done = browser.press(&page, &[]).await;
        assert_eq!((done.status, done.location()), (303, "/for-coaches/resend/done"));
        assert!(
            browser
                .get("/for-coaches/resend/done")
                .await
                .text()
                .contains("same URL as before")
        );

        let (job, payload): (uuid::Uuid, Vec<u8>) =
            sqlx::query_as("select id, payload from jobs where name = 'coach_url'")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
        let parcel = outbox::open(&world.app, JobId(job), &payload).unwrap();
        assert_eq!(parcel.to, stored);
        let Mail::CoachUrl(mail) = parcel.mail else {
            panic!("another mail");
        };
        assert_eq!(mail.url.as_ref(), Some(&url));
        assert_eq!(mail.athletes, ["Ana Berger", "Jack Nguyen"]);
        let mails = world.mails_to(stored).await;
        assert!(mails.last().unwrap().letter.text.contains(&url));
        assert_eq!(status(&url).await, 200, "it works as before");
        // The link is spent.
        assert_eq!(browser.press(&page, &[]).await.status, 410);
        assert_eq!(count(&world, "jobs where name = 'coach_url'").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_names_only_whom_the_url_covers_now() {
    test(async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let jack = account(&world, world.jack().person.email).await;
        // Jack's has expired; the others are paused until Ana resends hers.
        sqlx::query("update grants set expires_at = $1 where account_id = $2 and coach_id = $3")
            .bind(world.clock.now() + Duration::days(1))
            .bind(jack.0)
            .bind(id.0)
            .execute(&world.app.pool)
            .await
            .unwrap();
        world.clock.advance(Duration::days(15));
        let ana = account(&world, world.ana().person.email).await;
        let grant = world.grant_of(id, ana).await.unwrap();
        queries::grants::resent(&world.app.pool, grant.id, ana, world.clock.now())
            .await
            .unwrap();
        let (mut browser, page) = opened(&world, "regenerate", COACH).await;
        assert_eq!(browser.press(&page, &[]).await.status, 303);
        url(&world, id).await;
        let (job, payload): (uuid::Uuid, Vec<u8>) =
            sqlx::query_as("select id, payload from jobs where name = 'coach_new_url'")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
        let Mail::CoachNewUrl(mail) = outbox::open(&world.app, JobId(job), &payload).unwrap().mail else {
            panic!("another mail");
        };
        assert_eq!(mail.0.athletes, ["Ana Berger"]);
        // The page says why the other is not among them.
        let page = visit(&world, COACH)
            .await
            .get("/for-coaches/my-roster")
            .await
            .text();
        assert!(
            page.contains("is paused because") && page.contains("Ana Berger"),
            "{page}"
        );
        assert!(!page.contains("Jack Nguyen"), "{page}");
    })
    .await;
}

// Any request about an unknown wish gets the page of an unknown address; whatever comes instead of a token counts as one.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_wish_has_no_page() {
    test(async |world| {
        let mut browser = world.browser();
        for path in ["", "/confirm", "/done", "/icum_AAAA", "/%ff"] {
            for word in ["resent", "Resend", "%72esend"] {
                let path = format!("/for-coaches/{word}{path}");
                for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                    let body = (method == Method::POST).then(|| form(&[("email", COACH)]));
                    let page = browser.send(method.clone(), &path, body).await;
                    assert_eq!(page.status, 404, "{method} {path}");
                }
            }
        }
        for (path, status) in [("resend", 200), ("regenerate", 200), ("roster", 410)] {
            let mut browser = world.browser();
            let page = browser.get(&format!("/for-coaches/{path}/done")).await;
            let page = match page.status {
                303 => browser.get(page.location()).await,
                _ => page,
            };
            assert_eq!(page.status, status, "{path}");
            let posted = browser.post(&format!("/for-coaches/{path}/done"), &[]).await;
            assert_eq!(posted.status, 405, "{path}");
        }
    })
    .await;
}

// Hard case 65.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_and_an_unknown_address_are_answered_alike() {
    test_with(generous, async |world| {
        world.coaches().await;
        world.mails_to(COACH).await;
        for wish in WISHES {
            let unknown = ask(&world, wish, "nobody@example.test").await;
            let known = ask(&world, wish, COACH).await;
            assert_eq!((unknown.status, unknown.location()), (303, "/for-coaches/sent"));
            assert_eq!((known.status, &known.body), (303, &unknown.body), "{wish}");
            assert_eq!(headers_of(&known), headers_of(&unknown), "{wish}");
            assert!(world.mails_to("nobody@example.test").await.is_empty());
            assert_eq!(links(&world, wish, COACH).await.len(), 1, "{wish}");
        }
        assert_eq!(
            count(&world, "mail_links where email_key = 'nobody@example.test'").await,
            0
        );
        // An athlete's own address is not a coach's.
        ask(&world, "resend", world.nell().person.email).await;
        assert!(world.mails_to(world.nell().person.email).await.is_empty());
        let sent = world.browser().get("/for-coaches/sent").await;
        assert!(sent.text().contains("the same for every address"));
    })
    .await;
}

// Hard cases 59, 60 and 72.
#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_mails_link_changes_nothing() {
    test_with(generous, async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        for wish in WISHES {
            let url = url(&world, id).await;
            let link = link(&world, wish, COACH).await;
            let confirm = format!("/for-coaches/{wish}/confirm");
            let before = state(&world).await;
            let mut scanner = world.browser();
            let mut with_cookies = world.signed_in(&world.ana().clone()).await;
            for browser in [&mut scanner, &mut with_cookies] {
                for method in [Method::HEAD, Method::GET, Method::OPTIONS] {
                    browser.extra = vec![("sec-purpose", "prefetch".to_owned())];
                    browser.send(method.clone(), &link, None).await;
                    browser.send(method, &confirm, None).await;
                }
                browser.extra.clear();
                assert_eq!(
                    browser
                        .send(Method::POST, &link, Some(String::new()))
                        .await
                        .status,
                    405
                );
            }
            let page = scanner.get(&confirm).await;
            assert_eq!(page.status, 200);
            assert!(!page.body.contains("icum_") && !page.body.contains("icul_"));
            assert_eq!(page.header("referrer-policy"), "no-referrer");
            assert!(!page.body.contains("src=\"http") && !page.body.contains("href=\"http"));
            // Without the page's own field the button does nothing, and nor does it from another site or browser.
            assert_eq!(scanner.post(&confirm, &[("form", "made up")]).await.status, 410);
            assert_eq!(scanner.post(&confirm, &[]).await.status, 400);
            assert_eq!(
                world
                    .browser()
                    .post(&confirm, &[("form", &page.form_id())])
                    .await
                    .status,
                410
            );
            let mut cross = scanner.clone();
            cross.extra = vec![
                ("sec-fetch-site", "cross-site".to_owned()),
                ("origin", "https://evil.example".to_owned()),
            ];
            assert_eq!(
                cross.post(&confirm, &[("form", &page.form_id())]).await.status,
                403
            );
            assert_eq!(state(&world).await, before, "{wish}");
            assert_eq!(status(&url).await, 200);
            sqlx::query("update connectors set last_used_at = null, last_client = null where coach_id = $1")
                .bind(id.0)
                .execute(&world.app.pool)
                .await
                .unwrap();
            // And it still works.
            assert_eq!(scanner.press(&page, &[]).await.status, 303, "{wish}");
        }
        url(&world, id).await;
    })
    .await;
}

// Hard case 58.
#[tokio::test(flavor = "multi_thread")]
async fn used_expired_ended_and_forged_links_are_one_page() {
    test_with(generous, async |world| {
        world.coaches().await;
        for wish in WISHES {
            let gone = world.browser().get(&format!("/for-coaches/{wish}/confirm")).await;
            assert_eq!(gone.status, 410);
            let mut pages = Vec::new();
            let first = link(&world, wish, COACH).await;
            let second = link(&world, wish, COACH).await;
            assert_ne!(first, second);
            assert_eq!(world.browser().open(&first).await.status, 200);
            let mut browser = world.browser();
            let page = browser.open(&second).await;
            assert_eq!(browser.press(&page, &[]).await.status, 303);
            pages.push(world.browser().open(&first).await);
            pages.push(world.browser().open(&second).await);
            for forged in ["icum_AAAA", "x", "%ff", "%00"] {
                pages.push(
                    world
                        .browser()
                        .open(&format!("/for-coaches/{wish}/{forged}"))
                        .await,
                );
            }
            // A link of one kind does not count as one of another kind.
            let other = WISHES.into_iter().find(|other| *other != wish).unwrap();
            let third = link(&world, wish, COACH).await;
            let token = third.rsplit('/').next().unwrap();
            pages.push(
                world
                    .browser()
                    .open(&format!("/for-coaches/{other}/{token}"))
                    .await,
            );
            let mut late = world.browser();
            let page = late.open(&third).await;
            assert_eq!(page.status, 200);
            world.clock.advance(Duration::minutes(10));
            pages.push(late.get(&format!("/for-coaches/{wish}/confirm")).await);
            pages.push(late.press(&page, &[]).await);
            for page in &pages {
                assert_eq!((page.status, &page.body), (410, &gone.body), "{wish}");
            }
        }
        let id = coach(&world, COACH).await.unwrap().id;
        url(&world, id).await;
    })
    .await;
}

// Hard cases 61 and 63, and the promise that a regenerate takes effect on every instance.
#[tokio::test(flavor = "multi_thread")]
async fn of_nineteen_regenerates_at_once_one_wins_and_the_old_url_fails_everywhere() {
    test_with(generous, async |world| {
        let coaches = world.coaches().await;
        let other = world.other_instance().await;
        let old = coaches[0].link.clone();
        let id = coach(&world, COACH).await.unwrap().id;
        assert_eq!((status(&old).await, status(&other.link(&old)).await), (200, 200));
        let mut visitor = visit(&world, COACH).await;
        // The visit is valid on the other instance too, and ends there as well.
        let there = format!("{}/for-coaches/my-roster", other.web);
        visitor.extra = vec![("cookie", format!("visit={}", visitor.cookies["visit"]))];
        assert_eq!(visitor.get(&there).await.status, 200);
        let resend = link(&world, "resend", COACH).await;
        let (browser, page) = opened(&world, "regenerate", COACH).await;
        assert!(page.text().contains("stops working immediately"));
        let all = join_all((0..19).map(|_| {
            let (mut browser, page) = (browser.clone(), &page);
            async move { browser.press(page, &[]).await.status }
        }))
        .await;
        assert_eq!(all.iter().filter(|status| **status == 303).count(), 1, "{all:?}");
        assert!(all.iter().all(|status| matches!(status, 303 | 410)), "{all:?}");
        let new = url(&world, id).await;
        assert_ne!(new, old);
        assert_eq!((status(&old).await, status(&other.link(&old)).await), (404, 404));
        assert_eq!((status(&new).await, status(&other.link(&new)).await), (200, 200));
        let mails = world.mails_to(COACH).await;
        let about: Vec<_> = mails
            .iter()
            .filter(|mail| mail.letter.text.contains(&new))
            .collect();
        assert_eq!(about.len(), 1);
        // The person who asked for it may fear that somebody reads along: earlier links are ended.
        assert_eq!(visitor.get(&there).await.status, 403);
        assert_eq!(visitor.get("/for-coaches/my-roster").await.status, 403);
        assert_eq!(world.browser().open(&resend).await.status, 410);
        assert_eq!(roster(&world, id).await.len(), 3, "the athletes stay");
        assert!(
            world
                .browser()
                .get("/for-coaches/regenerate/done")
                .await
                .text()
                .contains("no longer works")
        );
    })
    .await;
}

// Hard case 62.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_regenerates_that_were_asked_for_each_works_until_one_is_spent() {
    test(async |world| {
        let coaches = world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let first = link(&world, "regenerate", COACH).await;
        let mut early = world.browser();
        let page = early.open(&first).await;
        let second = link(&world, "regenerate", COACH).await;
        // Two tabs of one browser do not mix: the page of the first link cannot affect the second.
        let newest = early.open(&second).await;
        assert_eq!(early.press(&page, &[]).await.status, 410);
        assert_eq!(status(&coaches[0].link).await, 200, "nothing happened yet");
        let page = early.open(&first).await;
        assert_eq!(early.press(&page, &[]).await.status, 303);
        assert_eq!(status(&coaches[0].link).await, 404);
        let new = url(&world, id).await;
        early.open(&second).await;
        assert_eq!(early.press(&newest, &[]).await.status, 410);
        assert_eq!(status(&new).await, 200);
    })
    .await;
}

/// A stranger asks as often as the limits allow, for an hour: at every moment the coach has a link that works, or gets one by
/// asking.
#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_leaves_a_coach_without_a_link() {
    test_with(generous, async |world| {
        world.coaches().await;
        for wish in WISHES {
            let before = world.mails_to(COACH).await.len();
            for _ in 0..15 {
                for _ in 0..4 {
                    ask(&world, wish, COACH).await;
                }
                world.clock.advance(Duration::minutes(3));
                let link = link(&world, wish, COACH).await;
                assert_eq!(world.browser().open(&link).await.status, 200, "{wish}");
                world.clock.advance(Duration::minutes(1));
            }
            let mails = world.mails_to(COACH).await.len() - before;
            assert!((5..=9).contains(&mails), "{wish}: {mails} mails in an hour");
            world.clock.advance(Duration::hours(1));
        }
    })
    .await;
}

// Hard case 64.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_alike_mails_are_capped_and_the_links_work() {
    test_with(generous, async |world| {
        world.coaches().await;
        for wish in WISHES {
            for _ in 0..8 {
                let answer = ask(&world, wish, COACH).await;
                assert_eq!((answer.status, answer.location()), (303, "/for-coaches/sent"));
                // Sent one by one, so that the newest mail is the last one.
                world.mails_to(COACH).await;
            }
            let links = links(&world, wish, COACH).await;
            assert_eq!(links.len(), 3, "{wish}");
            let mut browser = world.browser();
            let page = browser.open(links.last().unwrap()).await;
            assert_eq!(
                page.status, 200,
                "a capped mail must not kill the link that was mailed"
            );
            assert_eq!(browser.press(&page, &[]).await.status, 303);
        }
        let id = coach(&world, COACH).await.unwrap().id;
        url(&world, id).await;
    })
    .await;
    test_with(
        |config| config.sign_ins_per_minute = 3,
        async |world| {
            let mut statuses = Vec::new();
            for n in 0..6 {
                statuses.push(
                    ask(&world, "resend", &format!("nobody{n}@example.test"))
                        .await
                        .status,
                );
            }
            assert_eq!(
                statuses,
                [303, 303, 303, 429, 429, 429],
                "one network has its share too"
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_share_of_mails_a_resend_waits_and_a_new_url_still_comes() {
    test_with(generous, async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        for wish in ["resend", "regenerate"] {
            // Three mails with the URL, spread so that a fourth link may still be requested.
            for minutes in [9, 9, 43] {
                let (mut browser, page) = opened(&world, wish, COACH).await;
                world.clock.advance(Duration::minutes(minutes.min(9)));
                assert_eq!(browser.press(&page, &[]).await.status, 303);
                world.mails_to(COACH).await;
                url(&world, id).await;
                world.clock.advance(Duration::minutes(minutes - minutes.min(9)));
            }
            let before = url(&world, id).await;
            let (mut browser, page) = opened(&world, wish, COACH).await;
            let refused = browser.press(&page, &[]).await;
            if wish == "regenerate" {
                // The mail with a new URL is never held back, because it keeps its reader from being locked out.
                assert_eq!(refused.status, 303, "{}", refused.text());
                assert_eq!(status(&before).await, 404);
                assert_eq!(status(&url(&world, id).await).await, 200);
                continue;
            }
            assert_eq!(refused.status, 429, "{wish}: {}", refused.text());
            assert!(refused.text().contains("we did nothing now"));
            assert_eq!(url(&world, id).await, before);
            assert_eq!(
                status(&before).await,
                200,
                "nobody is locked out by a mail that cannot leave"
            );
            world.clock.advance(Duration::minutes(9));
            assert_eq!(
                browser.press(&page, &[]).await.status,
                303,
                "the link was not spent"
            );
            url(&world, id).await;
            world.clock.advance(Duration::hours(2));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_cannot_be_read_any_more_is_reported_and_can_be_regenerated() {
    test(async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        sqlx::query("update connectors set token_sealed = '\\x00' where coach_id = $1")
            .bind(id.0)
            .execute(&world.app.pool)
            .await
            .unwrap();
        let resend = link(&world, "resend", COACH).await;
        let mut browser = world.browser();
        let page = browser.open(&resend).await;
        let failed = browser.press(&page, &[]).await;
        assert!(
            failed.text().contains("We cannot show your URL"),
            "{}",
            failed.text()
        );
        assert!(
            failed
                .attribute("a[href='/for-coaches#regenerate']", "href")
                .is_some()
        );
        assert_eq!(count(&world, "jobs where name = 'coach_url'").await, 0);
        let regenerate = link(&world, "regenerate", COACH).await;
        let page = browser.open(&regenerate).await;
        assert_eq!(browser.press(&page, &[]).await.status, 303);
        assert_eq!(status(&url(&world, id).await).await, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_are_reported_at_their_field() {
    test_with(generous, async |world| {
        let long = format!("{}@example.test", "x".repeat(400));
        for wish in WISHES {
            for bad in [
                "a@b\r\nBcc: x@example.test",
                "\"x\"@example.test",
                "<script>alert(1)</script>@example.test",
                "",
                "ä@example.test",
                &long,
            ] {
                let page = ask(&world, wish, bad).await;
                assert_eq!(page.status, 422, "{wish}: {bad:?}");
                let field = format!("#{wish}-email");
                assert_eq!(page.attribute(&field, "aria-invalid").as_deref(), Some("true"));
                let described = page.attribute(&field, "aria-describedby").unwrap();
                assert!(page.attribute(&format!("#{described}"), "class").is_some());
                assert!(
                    page.attribute(&format!("#mistakes a[href='{field}']"), "href")
                        .is_some()
                );
                assert!(!page.body.contains("<script>alert"), "{bad:?}");
            }
            let fields = "input[aria-invalid=true]";
            let page = ask(&world, wish, "x").await;
            let html = scraper::Html::parse_document(&page.body);
            let wrong = html.select(&scraper::Selector::parse(fields).unwrap()).count();
            assert_eq!(wrong, 1, "the other forms are as they were");
        }
        assert_eq!(state(&world).await.iter().sum::<i64>(), 0);
    })
    .await;
}

// Hard case 71.
#[tokio::test(flavor = "multi_thread")]
async fn links_in_mails_come_from_our_own_settings() {
    test_with(generous, async |world| {
        world.coaches().await;
        let mut browser = world.browser();
        browser.extra = vec![
            ("x-forwarded-host", "evil.example".to_owned()),
            ("forwarded", "host=evil.example;proto=https".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ];
        for wish in WISHES {
            let answer = browser
                .post(&format!("/for-coaches/{wish}"), &[("email", COACH)])
                .await;
            assert_eq!(answer.location(), "/for-coaches/sent");
            assert_eq!(links(&world, wish, COACH).await.len(), 1);
        }
        for mail in world.mails_to(COACH).await {
            assert!(!mail.letter.text.contains("evil") && !mail.letter.html.contains("evil"));
        }
        browser.extra = vec![("host", "evil.example".to_owned())];
        assert_eq!(
            browser
                .post("/for-coaches/resend", &[("email", COACH)])
                .await
                .status,
            421
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_shows_the_own_roster_for_half_an_hour() {
    test_with(generous, async |world| {
        world.coaches().await;
        let door = world.browser().get("/for-coaches/my-roster").await;
        assert_eq!(door.status, 403);
        assert!(door.text().contains("opens from a link in an email"));

        let (mut browser, page) = opened(&world, "roster", COACH).await;
        let begun = browser.press(&page, &[]).await;
        let cookies: Vec<&str> = begun
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|cookie| cookie.to_str().unwrap())
            .collect();
        let visit = cookies
            .iter()
            .find(|cookie| cookie.starts_with("visit=icuv_"))
            .unwrap();
        assert!(
            visit.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=1800"),
            "{visit}"
        );
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with("roster=;")),
            "the link's token is forgotten"
        );
        assert_eq!(
            browser.press(&page, &[]).await.status,
            410,
            "a link begins one visit"
        );

        let page = browser.get("/for-coaches/my-roster").await;
        let text = page.text();
        for said in [
            COACH,
            "Ana Berger",
            world.ana().person.email,
            "Jack Nguyen",
            "Tríona",
            "Fitness and form",
            "not yet",
            "Access until no end date",
        ] {
            assert!(text.contains(said), "{said} in {text}");
        }
        assert!(
            !page.body.contains("icul_") && !text.contains("Nell"),
            "no URL, and nobody else"
        );
        // Another coach sees another roster.
        let mut other = self::visit(&world, "triona@example.test").await;
        let text = other.get("/for-coaches/my-roster").await.text();
        assert!(text.contains("Tríona") && !text.contains("Ana Berger"), "{text}");

        // The cookie is nobody's session, and a session's or a link's token is not a visit.
        assert_eq!(browser.get("/dashboard").await.status, 303);
        let mut ana = world.signed_in(&world.ana().clone()).await;
        let session = ana.cookies["s"].clone();
        ana.cookies.insert("visit".to_owned(), session);
        assert_eq!(ana.get("/for-coaches/my-roster").await.status, 403);

        let mut kept = browser.clone();
        world.clock.advance(Duration::minutes(30) - Duration::seconds(1));
        assert_eq!(kept.get("/for-coaches/my-roster").await.status, 200);
        world.clock.advance(Duration::seconds(1));
        assert_eq!(kept.get("/for-coaches/my-roster").await.status, 403);
        assert_eq!(
            kept.post("/for-coaches/my-roster/refuse-all", &[]).await.status,
            403
        );
        assert_eq!(kept.get("/for-coaches/my-roster/erase").await.status, 403);
        assert_eq!(kept.post("/for-coaches/my-roster/erase", &[]).await.status, 403);
        let id = coach(&world, COACH).await.unwrap().id;
        assert_eq!(roster(&world, id).await.len(), 3, "and did nothing");

        let mut again = self::visit(&world, COACH).await;
        let replayed = again.clone();
        let done = again.post("/for-coaches/my-roster/done", &[]).await;
        assert_eq!((done.status, done.location()), (303, "/for-coaches"));
        assert!(!again.cookies.contains_key("visit"));
        for mut browser in [again, replayed] {
            assert_eq!(browser.get("/for-coaches/my-roster").await.status, 403);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_who_leaves_reads_nothing_after_that() {
    test(async |world| {
        let coaches = world.coaches().await;
        let url = &coaches[0].link;
        let other = world.other_instance().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let nell = account(&world, world.nell().person.email).await.to_string();
        for at in [url.clone(), other.link(url)] {
            assert!(reads(&at, "Ana Berger").await && reads(&at, "Jack Nguyen").await);
        }
        let mut browser = visit(&world, COACH).await;
        // Nobody's account, and the account of a person who is not on this roster.
        for stranger in ["00000000-0000-7000-8000-000000000000", &nell] {
            for action in ["leave", "refuse", "welcome"] {
                let answer = browser
                    .post(
                        &format!("/for-coaches/my-roster/{action}"),
                        &[("athlete", stranger), ("grant", stranger)],
                    )
                    .await;
                assert_eq!(
                    (answer.status, answer.location()),
                    (303, "/for-coaches/my-roster"),
                    "{action}"
                );
            }
        }
        for bad in ["", "x", "' or true --"] {
            assert_eq!(
                browser
                    .post("/for-coaches/my-roster/leave", &[("grant", bad)])
                    .await
                    .status,
                400
            );
        }
        assert_eq!(
            browser.post("/for-coaches/my-roster/leave", &[]).await.status,
            400
        );
        assert_eq!(
            (roster(&world, id).await.len(), count(&world, "refusals").await),
            (3, 0)
        );
        assert!(world.mails_to(world.nell().person.email).await.is_empty());

        let ana = account(&world, world.ana().person.email).await;
        let grant = world.grant_of(id, ana).await.unwrap().id.to_string();
        let left = browser
            .post("/for-coaches/my-roster/leave", &[("grant", &grant)])
            .await;
        assert_eq!(
            (left.status, left.location()),
            (303, "/for-coaches/my-roster?done=left")
        );
        let page = browser.get("/for-coaches/my-roster?done=left").await.text();
        assert!(
            page.contains("You have left.") && !page.contains("Ana Berger"),
            "{page}"
        );
        for at in [url.clone(), other.link(url)] {
            assert!(!reads(&at, "Ana Berger").await && reads(&at, "Jack Nguyen").await);
        }
        assert_eq!(roster(&world, id).await.len(), 2);
        let mails = world.mails_to(world.ana().person.email).await;
        assert!(
            mails.last().unwrap().letter.text.contains(COACH),
            "she gets an email"
        );
        assert_eq!(count(&world, "jobs where name = 'coach_left'").await, 1);
        // A second press has nothing to do and mails nobody.
        browser
            .post("/for-coaches/my-roster/leave", &[("grant", &grant)])
            .await;
        assert_eq!(count(&world, "jobs where name = 'coach_left'").await, 1);
        // Tríona's other coach is not this one's business, and Ana may invite again.
        assert!(matches!(invite(&world, "ana", COACH).await, Invited::Joined(..)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_can_be_refused_and_taken_again() {
    test(async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let ana = account(&world, world.ana().person.email).await.to_string();
        let mut browser = visit(&world, COACH).await;
        let refused = browser
            .post("/for-coaches/my-roster/refuse", &[("athlete", &ana)])
            .await;
        assert_eq!(refused.location(), "/for-coaches/my-roster?done=refused");
        assert_eq!(roster(&world, id).await.len(), 2);
        assert_eq!(invite(&world, "ana", COACH).await, Invited::Refused);
        assert_eq!(roster(&world, id).await.len(), 2);
        let page = browser.get("/for-coaches/my-roster?done=refused").await.text();
        assert!(
            page.contains("Refused") && page.contains(world.ana().person.email),
            "{page}"
        );
        assert!(!world.mails_to(world.ana().person.email).await.is_empty());

        let taken = browser
            .post("/for-coaches/my-roster/welcome", &[("athlete", &ana)])
            .await;
        assert_eq!(taken.location(), "/for-coaches/my-roster?done=welcome");
        assert_eq!(count(&world, "refusals").await, 0);
        assert!(matches!(invite(&world, "ana", COACH).await, Invited::Joined(..)));
        assert_eq!(roster(&world, id).await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_can_refuse_everybody_and_come_back() {
    test(async |world| {
        let coaches = world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let jack = account(&world, world.jack().person.email).await;
        // An expired grant ends too, and nobody gets an email.
        sqlx::query("update grants set expires_at = $1 where account_id = $2")
            .bind(world.clock.now() - Duration::days(1))
            .bind(jack.0)
            .execute(&world.app.pool)
            .await
            .unwrap();
        world.mails_to(COACH).await;
        let before = world.mails_to(world.jack().person.email).await.len();
        let mut browser = visit(&world, COACH).await;
        let all = browser.post("/for-coaches/my-roster/refuse-all", &[]).await;
        assert_eq!(all.location(), "/for-coaches/my-roster?done=refuse-all");
        let page = browser.get("/for-coaches/my-roster").await.text();
        assert!(
            page.contains("You take no invites from anyone") && page.contains("You have no grants now"),
            "{page}"
        );
        assert_eq!(count(&world, "grants").await, 1, "the other coach's stays");
        for email in [world.ana().person.email, world.tria().person.email] {
            let mails = world.mails_to(email).await;
            assert!(
                mails.iter().any(|mail| mail.letter.text.contains(COACH)),
                "{email}"
            );
        }
        assert_eq!(world.mails_to(world.jack().person.email).await.len(), before);
        for slug in ["ana", "nell"] {
            assert_eq!(invite(&world, slug, COACH).await, Invited::Refused);
        }
        // The address is known as before: it can still have its mails, and comes back automatically.
        assert_eq!(status(&coaches[0].link).await, 200);
        link(&world, "resend", COACH).await;
        let back = browser.post("/for-coaches/my-roster/welcome-all", &[]).await;
        assert_eq!(back.location(), "/for-coaches/my-roster?done=welcome-all");
        assert!(matches!(invite(&world, "nell", COACH).await, Invited::Joined(..)));
        assert_eq!(roster(&world, id).await, ["Nell Pike"]);
        assert_eq!(
            url(&world, id).await,
            coaches[0].link,
            "and the URL is the one that it was"
        );
    })
    .await;
}

// An invite that comes while everyone is being refused is either ended with the others or refused; it never stays.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_at_the_same_moment_does_not_slip_through() {
    test_with(generous, async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let browser = visit(&world, COACH).await;
        for _ in 0..8 {
            let mut visitor = browser.clone();
            let (invited, refused) = tokio::join!(
                invite(&world, "nell", COACH),
                visitor.post("/for-coaches/my-roster/refuse-all", &[])
            );
            assert_eq!(refused.status, 303);
            assert!(roster(&world, id).await.is_empty(), "{invited:?}");
            visitor.post("/for-coaches/my-roster/welcome-all", &[]).await;
        }
    })
    .await;
}

/// Another person's connection, in the middle of a transaction.
async fn in_transaction(world: &World) -> PgConnection {
    let mut other = PgConnection::connect(&url_of(&world.database)).await.unwrap();
    other.execute("begin").await.unwrap();
    other
}

// Regenerating and erasing hold the coach and then end every link: a button that held its link and waited for the coach would
// lock itself and the other out.
#[tokio::test(flavor = "multi_thread")]
async fn a_button_takes_the_coach_before_the_link() {
    test(async |world| {
        world.coaches().await;
        for wish in WISHES {
            let (mut browser, page) = opened(&world, wish, COACH).await;
            let mut other = in_transaction(&world).await;
            let hold = "select 1 from coaches where email_key = 'coach@example.test' for update";
            other.execute(hold).await.unwrap();
            let end_links = async {
                until_waiting(&url_of(&world.database), 1).await;
                let end = "delete from mail_links where email_key = 'coach@example.test'";
                let ended = other.execute(end).await.unwrap();
                assert_eq!(ended.rows_affected(), 1, "{wish}");
                other.execute("commit").await.unwrap();
            };
            let (pressed, ()) = tokio::join!(browser.press(&page, &[]), end_links);
            assert_eq!(pressed.status, 410, "{wish}: {}", pressed.text());
        }
    })
    .await;
}

// An account that is being deleted is locked first and its grants after it; a refusal names the account.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_waits_for_a_deletion_without_holding_its_grants() {
    test(async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let mut browser = visit(&world, COACH).await;
        let ana = account(&world, "ana@example.test").await.to_string();
        let mut other = in_transaction(&world).await;
        let hold = "select 1 from accounts where email_key = 'ana@example.test' for update";
        other.execute(hold).await.unwrap();
        let delete = async {
            until_waiting(&url_of(&world.database), 1).await;
            let grants = "delete from grants where account_id = (select id from accounts where email_key = 'ana@example.test')";
            assert_eq!(other.execute(grants).await.unwrap().rows_affected(), 1);
            other
                .execute("delete from accounts where email_key = 'ana@example.test'; commit")
                .await
                .unwrap();
        };
        let fields = [("athlete", ana.as_str())];
        let refuse = browser.post("/for-coaches/my-roster/refuse", &fields);
        let (refused, ()) = tokio::join!(refuse, delete);
        assert_eq!((refused.status, refused.location()), (303, "/for-coaches/my-roster"));
        assert_eq!(roster(&world, id).await.len(), 2);
        assert_eq!(count(&world, "refusals").await, 0);
    })
    .await;
}

// An athlete who grants nothing, however the form came about, is not refused by it.
#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_on_the_roster_can_be_refused() {
    test(async |world| {
        world.coaches().await;
        let mut browser = visit(&world, COACH).await;
        let nell = account(&world, "nell@example.test").await.to_string();
        for athlete in [nell.as_str(), "00000000-0000-4000-8000-000000000000"] {
            let refused = browser
                .post("/for-coaches/my-roster/refuse", &[("athlete", athlete)])
                .await;
            assert_eq!(
                (refused.status, refused.location()),
                (303, "/for-coaches/my-roster")
            );
        }
        assert_eq!(count(&world, "refusals").await, 0);
    })
    .await;
}

/// Edits and revokes a seeded person's grant, if it still exists.
async fn edit_and_revoke(world: &World, slug: &str, coach: CoachId) {
    let from = grantor(world, slug).await;
    let Some(grant) = world.grant_of(coach, from.account).await else {
        return;
    };
    let terms = Terms {
        tools: &["get_wellness".to_owned()],
        note: "",
        expires_at: None,
    };
    let mut edit = world.app.pool.begin().await.unwrap();
    coaches::change(&mut edit, &world.app, &from, grant.id, grant.version, &terms)
        .await
        .unwrap();
    edit.commit().await.unwrap();
    let mut revoke = world.app.pool.begin().await.unwrap();
    let stands = queries::grants::lock_one_of_account(&mut *revoke, from.account, grant.id)
        .await
        .unwrap();
    if let Some(grant) = stands {
        coaches::end(&mut revoke, &world.app, &grant, Why::Revoked)
            .await
            .unwrap();
    }
    revoke.commit().await.unwrap();
}

// Everything that can happen to a coach, at once and over and over: no two of them wait for each other, since one of the two
// would get an error.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_coach_at_once_fails_for_nobody() {
    test_with(generous, async |world| {
        world.coaches().await;
        let id = coach(&world, COACH).await.unwrap().id;
        let visitor = visit(&world, COACH).await;
        let ana = account(&world, "ana@example.test").await.to_string();
        for _ in 0..6 {
            let athlete = async |slug: &str| {
                for _ in 0..3 {
                    invite(&world, slug, COACH).await;
                    edit_and_revoke(&world, slug, id).await;
                    invite(&world, slug, COACH).await;
                }
            };
            let leave = async {
                let mut browser = visitor.clone();
                for (path, fields) in [
                    ("refuse", vec![("athlete", ana.as_str())]),
                    ("welcome", vec![("athlete", ana.as_str())]),
                    ("refuse-all", vec![]),
                    ("welcome-all", vec![]),
                ] {
                    let page = browser
                        .post(&format!("/for-coaches/my-roster/{path}"), &fields)
                        .await;
                    assert_eq!(page.status, 303, "{path}: {}", page.text());
                }
            };
            let regenerate = async {
                let mut transaction = world.app.pool.begin().await.unwrap();
                queries::coaches::locked(&mut *transaction, id).await.unwrap();
                coaches::regenerate(&mut transaction, &world.app, id)
                    .await
                    .unwrap();
                transaction.commit().await.unwrap();
            };
            let select = async {
                for name in ["ana", "jack", "nell", "bishnu"] {
                    let call = Mcp::at(&url(&world, id).await)
                        .call("select_athlete", json!({"athlete": name}))
                        .await;
                    assert!(matches!(call.status, 200 | 404), "{}", call.answer);
                    let text = call.answer.to_string();
                    assert!(!text.contains("cannot reach"), "{text}");
                }
            };
            let upkeep = async {
                jobs::tell_grants(&world.app).await.unwrap();
                jobs::purge(&world.app).await.unwrap();
                world.mails_to(COACH).await;
            };
            tokio::join!(
                join_all(["ana", "jack", "nell", "bishnu"].map(athlete)),
                leave,
                regenerate,
                select,
                upkeep
            );
        }
        let status = status(&url(&world, id).await).await;
        assert_eq!(status, 200, "the URL of now works");
    })
    .await;
}

async fn log(world: &World, athlete: AccountId, coach: CoachId) {
    let entry = Entry {
        id: LogId(world.app.random.uuid(&world.clock)),
        at: world.clock.now(),
        account_id: athlete,
        athlete_id: "i1".to_owned(),
        caller: Some(COACH.to_owned()),
        coach_id: Some(coach),
        client: "claude".to_owned(),
        tool: "get_fitness".to_owned(),
        access: Access::Read,
        outcome: Outcome::Ok,
        duration_ms: 1,
        upstream_requests: 1,
        calls: 1,
    };
    queries::activity_log::write(&world.app.pool, &entry)
        .await
        .unwrap();
}

/// Every text of every table, for a search.
pub(crate) async fn everything(world: &World) -> String {
    world.logged().await;
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
    let mut all = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from {table} t")))
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        all.push_str(&rows.concat());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_address_leaves_no_trace_and_can_be_invited_again() {
    test(async |world| {
        let coaches = world.coaches().await;
        let other = world.other_instance().await;
        let url = &coaches[0].link;
        let id = coach(&world, COACH).await.unwrap().id;
        let ana = account(&world, world.ana().person.email).await;
        log(&world, ana, id).await;
        let mut browser = visit(&world, COACH).await;
        // Refused, requested, and a mail that waits.
        let jack = account(&world, world.jack().person.email).await.to_string();
        browser
            .post("/for-coaches/my-roster/refuse", &[("athlete", &jack)])
            .await;
        ask(&world, "resend", COACH).await;
        let page = browser.get("/for-coaches/my-roster/erase").await;
        assert!(page.text().contains("a deleted coach") && page.text().contains(COACH));
        let mut second = browser.clone();

        let erased = browser.post("/for-coaches/my-roster/erase", &[]).await;
        assert_eq!((erased.status, erased.location()), (303, "/for-coaches/erased"));
        assert!(!browser.cookies.contains_key("visit"));
        assert!(coach(&world, COACH).await.is_none());
        assert_eq!((status(url).await, status(&other.link(url)).await), (404, 404));
        assert_eq!(second.get("/for-coaches/my-roster").await.status, 403);
        // A call that ends only now names nobody either.
        log(&world, ana, id).await;
        let callers: Vec<Option<String>> = sqlx::query_scalar("select caller from activity_log")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert!(callers.len() >= 2, "{callers:?}");
        assert_eq!(
            callers.into_iter().collect::<BTreeSet<_>>(),
            BTreeSet::from([Some("a deleted coach".to_owned())])
        );
        assert!(
            !everything(&world).await.contains(COACH),
            "the address is nowhere"
        );
        let recipient = <sha2::Sha256 as sha2::Digest>::digest(COACH.as_bytes());
        let kept: i64 = sqlx::query_scalar("select count(*) from jobs where recipient = $1")
            .bind(&recipient[..])
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(kept, 0, "no mail to it, sent or waiting");
        let before = world.mails_to(COACH).await.len();
        for email in [world.ana().person.email, world.tria().person.email] {
            let mails = world.mails_to(email).await;
            assert!(
                mails.iter().any(|mail| mail.letter.text.contains(COACH)),
                "{email} gets an email"
            );
        }

        // After this the address is as unknown as any, until somebody invites it.
        assert_eq!(ask(&world, "resend", COACH).await.location(), "/for-coaches/sent");
        assert_eq!(world.mails_to(COACH).await.len(), before);
        assert!(matches!(invite(&world, "jack", COACH).await, Invited::New(..)));
        let again = coach(&world, COACH).await.unwrap();
        assert_ne!(self::url(&world, again.id).await, *url);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_same_address_keeps_what_is_its_own() {
    test_with(generous, async |world| {
        let tria = world.tria().clone();
        let email = tria.person.email;
        assert!(matches!(invite(&world, "jack", email).await, Invited::New(..)));
        let id = coach(&world, email).await.unwrap().id;
        let dead = url(&world, id).await;
        world.mails_to(email).await;
        let mut browser = visit(&world, email).await;
        world.browser().post("/forgot", &[("email", email)]).await;
        ask(&world, "resend", email).await;
        let own = status(&tria.link).await;
        assert_eq!(
            browser.post("/for-coaches/my-roster/erase", &[]).await.status,
            303
        );
        assert_eq!(
            (status(&tria.link).await, own),
            (200, 200),
            "her own connector stays"
        );
        assert_eq!(status(&dead).await, 404);
        assert_eq!(count(&world, "mail_links where kind = 'reset'").await, 1);
        assert_eq!(count(&world, "mail_links where kind = 'resend'").await, 0);
        let waiting: Vec<String> =
            sqlx::query_scalar("select name from jobs where state = 'pending' order by name")
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        assert_eq!(
            waiting,
            ["coach_left", "reset"],
            "her account's mails leave, the coach's do not"
        );
        assert_eq!(world.signed_in(&tria).await.get("/dashboard").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_athletes_stay_text() {
    test(async |world| {
        world.coaches().await;
        let mut browser = visit(&world, COACH).await;
        for evil in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "\u{202e}gnp",
            "",
        ] {
            sqlx::query("update connections set athlete_name = $1, zone = $1")
                .bind(evil)
                .execute(&world.app.pool)
                .await
                .unwrap();
            sqlx::query("update grants set last_used_at = $2, last_client = $1")
                .bind(evil)
                .bind(world.clock.now())
                .execute(&world.app.pool)
                .await
                .unwrap();
            let page = browser.get("/for-coaches/my-roster").await;
            assert_eq!(page.status, 200);
            assert!(
                !page.body.contains("<script>alert")
                    && !page.body.contains("<img src=x")
                    && !page.body.contains('\u{202e}')
            );
            assert!(page.text().contains(world.ana().person.athlete_id));
        }
    })
    .await;
}

// The whole path in a real browser; each page on it is accessible, on a desk and on a phone, in light and in dark.
#[tokio::test(flavor = "multi_thread")]
async fn a_coach_resends_leaves_and_regenerates_in_a_browser() {
    test_with(generous, async |world| {
        let coaches = world.coaches().await;
        let inbox = inbox(&world).await;
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        let (modules, script) = (script("modules.mjs"), script("browser/for-coaches.mjs"));
        let arguments = [
            "--import",
            &modules,
            &script,
            &world.web,
            &inbox,
            COACH,
            "Ana Berger",
            &pictures,
        ];
        let said = output(
            &tool("ICUSYNC_NODE"),
            &arguments,
            std::time::Duration::from_mins(5),
        )
        .await;
        let report: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        for secret in report["secrets"].as_array().unwrap() {
            world.secret(secret.as_str().unwrap());
        }
        assert_eq!(report["wrong"], json!([]));
        assert_eq!(
            (&report["resent"], &report["left"]),
            (&json!(coaches[0].link), &json!(true))
        );
        assert_eq!(status(&coaches[0].link).await, 404);
        assert_eq!(status(report["regenerated"].as_str().unwrap()).await, 200);
    })
    .await;
}
