//! From stranger to account and back in: sign up, confirm, forgot, reset. Hard cases 58-60, 64-66, 71, 72, 79.

use chrono::Duration;
use futures::future::join_all;
use icusync::{demo::seed::PASSWORD, queries};
use reqwest::Method;

use crate::world::{Browser, Page, World, form, test, test_with};

const NEW: &str = "new.person@example.test";
const CHOSEN: &str = "a long enough password";

async fn sign_up(world: &std::sync::Arc<World>, email: &str) -> Page {
    world
        .browser()
        .post("/sign-up", &[("email", email), ("password", CHOSEN)])
        .await
}

/// The hidden field that ties the button to the link.
fn form_id(page: &Page) -> String {
    page.attribute("input[name=form]", "value")
        .expect("a form on the page")
}

/// Follows the mail's link to the page with the button.
async fn open(browser: &mut Browser, link: &str) -> Page {
    let swap = browser.get(link).await;
    assert_eq!(swap.status, 303);
    assert!(!swap.location().contains("icum_"), "the token left the address");
    let location = swap.location().to_owned();
    browser.get(&location).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_becomes_an_athlete_by_mail() {
    test(async |world| {
        let answer = sign_up(&world, NEW).await;
        assert_eq!((answer.status, answer.location()), (303, "/sign-up/sent"));
        assert!(
            queries::accounts::by_email(&world.app.pool, NEW)
                .await
                .unwrap()
                .is_none(),
            "no account before the button"
        );
        let link = world.link_mailed_to(NEW).await;

        let mut browser = world.browser();
        let page = open(&mut browser, &link).await;
        assert!(page.text().contains(NEW));
        let done = browser
            .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
            .await;
        assert_eq!((done.status, done.location()), (303, "/dashboard"));
        let dashboard = browser.get("/dashboard").await;
        assert!(dashboard.text().contains(NEW) && dashboard.text().contains("Not connected"));
        let url = dashboard
            .attribute("#connector-url", "id")
            .map(|_| dashboard.text())
            .unwrap();
        assert!(url.contains(&format!("{}/mcp/icul_", world.links)));

        let mut later = world.browser();
        let answer = later
            .post(
                "/sign-in",
                &[("email", " New.Person@EXAMPLE.test "), ("password", CHOSEN)],
            )
            .await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_confirms_does_not_take_on_the_password_of_somebody_else() {
    test(async |world| {
        // Dora signs up, and somebody signs up with her address after her: the newest mail carries the other password.
        sign_up(&world, NEW).await;
        assert_eq!(world.mails_to(NEW).await.len(), 1);
        world.clock.advance(Duration::minutes(1));
        let other = "a password of somebody else";
        world.secret(other);
        world
            .browser()
            .post("/sign-up", &[("email", NEW), ("password", other)])
            .await;
        let link = world.link_mailed_to(NEW).await;
        let mut dora = world.browser();
        let page = open(&mut dora, &link).await;
        let refused = dora
            .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
            .await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("not the password given at sign-up"));
        let account = queries::accounts::by_email(&world.app.pool, NEW).await.unwrap();
        assert!(
            account.is_none(),
            "no account that somebody else could sign in to"
        );

        // She signs up again, and that mail is hers.
        world.clock.advance(Duration::minutes(61));
        sign_up(&world, NEW).await;
        let page = open(&mut dora, &world.link_mailed_to(NEW).await).await;
        let done = dora
            .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
            .await;
        assert_eq!((done.status, done.location()), (303, "/dashboard"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_address_gets_the_same_page_and_another_mail() {
    test(async |world| {
        let known = world.ana().person.email;
        let fresh = sign_up(&world, NEW).await;
        let taken = sign_up(&world, known).await;
        assert_eq!(
            (fresh.status, fresh.location(), &fresh.body),
            (taken.status, taken.location(), &taken.body)
        );
        assert_eq!(fresh.headers.len(), taken.headers.len());
        let mails = world.mails_to(known).await;
        assert_eq!(mails.len(), 1);
        assert!(
            !mails[0].letter.text.contains("/confirm/"),
            "no link that would make a second account"
        );
        assert!(mails[0].letter.text.contains("/sign-in"));
        world.mails_to(NEW).await;

        let unknown = world
            .browser()
            .post("/forgot", &[("email", "nobody@example.test")])
            .await;
        let known = world
            .browser()
            .post("/forgot", &[("email", world.jack().person.email)])
            .await;
        assert_eq!(
            (unknown.status, unknown.location(), &unknown.body),
            (known.status, known.location(), &known.body)
        );
        assert_eq!(world.mails_to("nobody@example.test").await.len(), 0);
        world.link_mailed_to(world.jack().person.email).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_mails_link_changes_nothing() {
    test(async |world| {
        sign_up(&world, NEW).await;
        let link = world.link_mailed_to(NEW).await;
        let mut scanner = world.browser();
        for method in [Method::HEAD, Method::GET, Method::OPTIONS] {
            scanner.send(method, &link, None).await;
        }
        let page = scanner.get("/confirm").await;
        assert_eq!(page.status, 200);
        assert!(
            queries::accounts::by_email(&world.app.pool, NEW)
                .await
                .unwrap()
                .is_none()
        );
        // Without the page's own field the button is worth nothing, and neither is it from another site.
        let stranger = scanner
            .post("/confirm", &[("form", "made up"), ("password", CHOSEN)])
            .await;
        assert_eq!(stranger.status, 410);
        assert_eq!(scanner.post("/confirm", &[]).await.status, 400);
        let mut cross = scanner.clone();
        cross.extra = vec![
            ("sec-fetch-site", "cross-site".to_owned()),
            ("origin", "https://evil.example".to_owned()),
        ];
        assert_eq!(
            cross
                .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
                .await
                .status,
            403
        );
        assert!(
            queries::accounts::by_email(&world.app.pool, NEW)
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(
            scanner
                .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
                .await
                .status,
            303
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn used_expired_replaced_and_forged_links_are_one_page() {
    test(async |world| {
        sign_up(&world, NEW).await;
        let first = world.link_mailed_to(NEW).await;
        sign_up(&world, NEW).await;
        let second = world.link_mailed_to(NEW).await;
        assert_ne!(first, second);

        let mut browser = world.browser();
        let mut pages = vec![open(&mut browser, &first).await];
        let page = open(&mut browser, &second).await;
        let id = form_id(&page);
        assert_eq!(
            browser
                .post("/confirm", &[("form", &id), ("password", CHOSEN)])
                .await
                .status,
            303
        );
        let mut stranger = world.browser();
        pages.push(open(&mut stranger, &second).await);
        for forged in ["/confirm/icum_AAAA", "/confirm/x", "/confirm/%ff", "/confirm/%00"] {
            pages.push(open(&mut world.browser(), forged).await);
        }
        sign_up(&world, "late@example.test").await;
        let link = world.link_mailed_to("late@example.test").await;
        let mut late = world.browser();
        let page = open(&mut late, &link).await;
        world.clock.advance(Duration::hours(24));
        pages.push(late.get("/confirm").await);
        pages.push(
            late.post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
                .await,
        );
        for page in &pages {
            assert_eq!((page.status, &page.body), (410, &pages[0].body));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_confirms_at_once_one_makes_the_account() {
    let generous = |config: &mut icusync::config::Config| {
        config.sign_ins_per_address = 100;
        config.sign_ins_per_minute = 100;
    };
    test_with(generous, async |world| {
        sign_up(&world, NEW).await;
        let link = world.link_mailed_to(NEW).await;
        let mut browser = world.browser();
        let id = form_id(&open(&mut browser, &link).await);
        let all = join_all((0..20).map(|_| {
            let mut browser = browser.clone();
            let id = id.clone();
            async move {
                browser
                    .post("/confirm", &[("form", &id), ("password", CHOSEN)])
                    .await
                    .status
            }
        }))
        .await;
        assert_eq!(all.iter().filter(|status| **status == 303).count(), 1, "{all:?}");
        assert!(all.iter().all(|status| matches!(status, 303 | 410)), "{all:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_links_in_one_browser_do_not_mix() {
    test(async |world| {
        sign_up(&world, NEW).await;
        sign_up(&world, "other@example.test").await;
        let (first, second) = (
            world.link_mailed_to(NEW).await,
            world.link_mailed_to("other@example.test").await,
        );
        let mut browser = world.browser();
        let page = open(&mut browser, &first).await;
        open(&mut browser, &second).await;
        // The button of the first tab must not confirm what the second tab is about.
        assert_eq!(
            browser
                .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
                .await
                .status,
            410
        );
        for email in [NEW, "other@example.test"] {
            assert!(
                queries::accounts::by_email(&world.app.pool, email)
                    .await
                    .unwrap()
                    .is_none()
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_session_and_every_link() {
    test(async |world| {
        let ana = world.ana().clone();
        let email = ana.person.email;
        let mut elsewhere = world.signed_in(&ana).await;
        let before = elsewhere.get("/dashboard").await;
        world.browser().post("/forgot", &[("email", email)]).await;
        let link = world.link_mailed_to(email).await;
        let mut browser = world.browser();
        let page = open(&mut browser, &link).await;
        let id = form_id(&page);
        let short = browser
            .post("/reset", &[("form", &id), ("password", "short")])
            .await;
        assert_eq!(short.status, 422);
        assert!(
            short.text().contains("at least 10 characters"),
            "{}",
            short.text()
        );
        for guessed in ["Qwertyuiop12", email] {
            let page = browser
                .post("/reset", &[("form", &id), ("password", guessed)])
                .await;
            assert_eq!(page.status, 422);
            assert!(page.text().contains("tried first"), "{}", page.text());
        }
        let done = browser
            .post("/reset", &[("form", &id), ("password", CHOSEN)])
            .await;
        assert_eq!((done.status, done.location()), (303, "/dashboard?done=password"));
        assert!(
            browser
                .get("/dashboard?done=password")
                .await
                .text()
                .contains("password is changed")
        );
        assert_eq!(
            elsewhere.get("/dashboard").await.status,
            303,
            "the other session is over"
        );
        assert_eq!(open(&mut world.browser(), &link).await.status, 410);
        let mut old = world.browser();
        assert_eq!(
            old.post("/sign-in", &[("email", email), ("password", PASSWORD)])
                .await
                .status,
            422
        );
        assert_eq!(
            old.post("/sign-in", &[("email", email), ("password", CHOSEN)])
                .await
                .status,
            303
        );
        let mails = world.mails_to(email).await;
        assert_eq!(
            mails
                .iter()
                .filter(|mail| mail.letter.subject.contains("was changed"))
                .count(),
            1
        );
        let after = old.get("/dashboard").await;
        assert_eq!(url_on(&before), url_on(&after), "the connector URL stays");
    })
    .await;
}

fn url_on(page: &Page) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("#connector-url").unwrap();
    html.select(&selector).next().unwrap().text().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_is_over_after_half_an_hour_and_only_the_newest_works() {
    test(async |world| {
        let email = world.ana().person.email;
        world.browser().post("/forgot", &[("email", email)]).await;
        let first = world.link_mailed_to(email).await;
        world.browser().post("/forgot", &[("email", email)]).await;
        let second = world.link_mailed_to(email).await;
        assert_eq!(open(&mut world.browser(), &first).await.status, 410);
        assert_eq!(open(&mut world.browser(), &second).await.status, 200);
        world.clock.advance(Duration::minutes(30));
        assert_eq!(open(&mut world.browser(), &second).await.status, 410);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_alike_mails_are_capped_and_the_last_link_works() {
    test_with(
        |config| config.sign_ups_per_hour = 100,
        async |world| {
            for _ in 0..8 {
                let answer = sign_up(&world, NEW).await;
                assert_eq!((answer.status, answer.location()), (303, "/sign-up/sent"));
                // Mailed one by one, so that the newest mail is the last one.
                world.mails_to(NEW).await;
            }
            assert_eq!(world.mails_to(NEW).await.len(), 3);
            let link = world.link_mailed_to(NEW).await;
            let mut browser = world.browser();
            let page = open(&mut browser, &link).await;
            assert_eq!(
                page.status, 200,
                "a capped sign-up must not kill the link that was mailed"
            );
            assert_eq!(
                browser
                    .post("/confirm", &[("form", &form_id(&page)), ("password", CHOSEN)])
                    .await
                    .status,
                303
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_and_passwords_are_told_at_their_field() {
    test(async |world| {
        let long = format!("{}@example.test", "x".repeat(400));
        for bad in [
            "a@b\r\nBcc: x@example.test",
            "\"x\"@example.test",
            "<script>alert(1)</script>@example.test",
            "",
            &long,
        ] {
            let page = world
                .browser()
                .post("/sign-up", &[("email", bad), ("password", CHOSEN)])
                .await;
            assert_eq!(page.status, 422, "{bad:?}");
            assert_eq!(page.attribute("#email", "aria-invalid").as_deref(), Some("true"));
            let described = page.attribute("#email", "aria-describedby").unwrap();
            assert!(
                page.attribute(&format!("#{described}"), "class").is_some(),
                "the description stands on the page"
            );
            assert!(!page.body.contains("<script>alert"), "{bad:?}");
            assert!(!page.body.contains(CHOSEN), "a password is never sent back");
        }
        let idn = sign_up(&world, "jan@bücher.example").await;
        assert_eq!(idn.status, 303);
        let mails = world.mails_to("jan@bücher.example").await;
        assert_eq!(mails.len(), 1);
        let none = world.mails_to("x@example.test").await;
        assert!(none.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_may_be_closed_or_for_some() {
    test_with(
        |config| config.sign_up = Some("closed".parse().unwrap()),
        async |world| {
            let page = world.browser().get("/sign-up").await;
            assert!(page.text().contains("Sign-up is closed here"));
            assert_eq!(sign_up(&world, NEW).await.status, 403);
            assert!(world.mails_to(NEW).await.is_empty());
        },
    )
    .await;
    test_with(
        |config| config.sign_up = Some("club.example".parse().unwrap()),
        async |world| {
            let wanted = sign_up(&world, "x@club.example").await;
            let other = sign_up(&world, NEW).await;
            assert_eq!(
                (wanted.status, wanted.location(), &wanted.body),
                (other.status, other.location(), &other.body)
            );
            assert_eq!(world.mails_to("x@club.example").await.len(), 1);
            assert!(world.mails_to(NEW).await.is_empty());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_mails_come_from_our_own_settings() {
    test(async |world| {
        let mut browser = world.browser();
        browser.extra = vec![
            ("x-forwarded-host", "evil.example".to_owned()),
            ("forwarded", "host=evil.example;proto=https".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
        ];
        browser
            .post("/sign-up", &[("email", NEW), ("password", CHOSEN)])
            .await;
        let mails = world.mails_to(NEW).await;
        assert!(mails[0].letter.text.contains(&format!("{}/confirm/", world.web)));
        assert!(!mails[0].letter.text.contains("evil") && !mails[0].letter.html.contains("evil"));
        let mut forged = world.browser();
        forged.extra = vec![("host", "evil.example".to_owned())];
        let answer = forged
            .send(
                Method::POST,
                "/sign-up",
                Some(form(&[("email", NEW), ("password", CHOSEN)])),
            )
            .await;
        assert_eq!(answer.status, 421);
    })
    .await;
}
