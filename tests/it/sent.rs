//! After a form that an email answers: which address, how to get another email, and what an old link leads to.

use std::sync::Arc;

use chrono::Duration;
use icusync::{demo::seed::PASSWORD, queries};

use crate::world::{Browser, Page, World, test, test_with};

const COACH: &str = "tom@coach.example";
const NOBODY: &str = "nobody@example.test";

/// One network may ask as often as it likes: the limits of an address are what these tests are about.
fn generous(config: &mut icusync::config::Config) {
    config.sign_ins_per_minute = 1_000;
    config.sign_ups_per_hour = 1_000;
}

/// Each form, its page that says that an email was sent, what sends it again, and an address that gets one.
async fn forms(world: &Arc<World>) -> [(&'static str, &'static str, &'static str, &'static str); 4] {
    world.coaches().await;
    let mut ana = world.signed_in(world.ana()).await;
    let fields = [
        ("email", COACH),
        ("note", ""),
        ("last-day", ""),
        ("tool-get_wellness", "on"),
    ];
    ana.post("/coaches/invite", &fields).await;
    let known = world.jack().person.email;
    [
        ("/sign-up", "/sign-up/sent", "/sign-up/again", known),
        ("/forgot", "/forgot/sent", "/forgot/again", known),
        (
            "/for-coaches/resend",
            "/for-coaches/sent",
            "/for-coaches/again",
            COACH,
        ),
        (
            "/for-coaches/roster",
            "/for-coaches/sent",
            "/for-coaches/again",
            COACH,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_the_address_and_says_the_same_for_every_one() {
    test_with(generous, async |world| {
        for (form, sent, again, known) in forms(&world).await {
            let mut pages = Vec::new();
            for address in [known, NOBODY] {
                let mut browser = world.browser();
                assert_eq!(browser.post(form, &[("email", address)]).await.location(), sent);
                let first = browser.get(sent).await;
                assert!(first.text().contains(address), "{}", first.text());
                assert!(
                    first.text().contains("You can send it again in 1 minute."),
                    "{form}"
                );
                assert!(
                    first.text().contains("demo@localhost.test"),
                    "{form}: who it comes from"
                );
                world.clock.advance(Duration::seconds(20));
                let early = browser.post(again, &[]).await;
                assert_eq!(early.location(), sent);
                let second = browser.get(sent).await;
                assert!(
                    second.text().contains("again in 40 seconds."),
                    "{form}: {}",
                    second.text()
                );
                world.clock.advance(Duration::seconds(41));
                let third = browser.get(sent).await;
                assert!(!third.text().contains("You can send it again in"), "{form}");
                pages.push([first, second, third].map(|page| page.body.replace(address, "ADDRESS")));
                // The form has it ready, to be corrected.
                let other = if form.starts_with("/for-coaches") {
                    "/for-coaches"
                } else {
                    form
                };
                let page = browser.get(other).await;
                assert!(page.body.contains(&format!("value=\"{address}\"")), "{form}");
            }
            assert_eq!(pages[0], pages[1], "{form}");
            // Nobody else's browser knows it, and no URL says it.
            let stranger = world.browser().get(&format!("{sent}?email={NOBODY}")).await;
            assert!(!stranger.text().contains(NOBODY) && !stranger.text().contains("Send it again"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_again_sends_one_more_and_never_more_than_allowed() {
    test_with(generous, async |world| {
        for (form, sent, again, known) in forms(&world).await {
            let before = world.mails_to(known).await.len();
            let mails = async || world.mails_to(known).await.len() - before;
            let mut browser = world.browser();
            browser.post(form, &[("email", known)]).await;
            assert_eq!(mails().await, 1, "{form}");
            browser.post(again, &[]).await;
            assert_eq!(mails().await, 1, "{form}: a moment ago");
            for expected in [2, 3] {
                world.clock.advance(Duration::minutes(1));
                assert_eq!(browser.post(again, &[]).await.location(), sent);
                assert_eq!(mails().await, expected, "{form}");
            }
            // Three an hour: the page says when the next one goes.
            world.clock.advance(Duration::minutes(1));
            browser.post(again, &[]).await;
            let page = browser.get(sent).await;
            assert!(
                page.text().contains("again in 57 minutes."),
                "{form}: {}",
                page.text()
            );
            // A browser that forgot when it asked gets no more either.
            world.browser().post(form, &[("email", known)]).await;
            assert_eq!(mails().await, 3, "{form}");
            world.clock.advance(Duration::minutes(58));
        }
        for again in ["/sign-up/again", "/forgot/again", "/for-coaches/again"] {
            let page = world.browser().post(again, &[]).await;
            let form = again.trim_end_matches("/again");
            assert_eq!((page.status, page.location()), (303, form));
        }
    })
    .await;
}

async fn ask(browser: &mut Browser, email: &str) -> Page {
    let fields = [("email", email), ("password", PASSWORD)];
    browser.post("/account/address", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_mailed_again_for_the_same_account_only() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        ask(&mut browser, "new@example.test").await;
        let page = browser.get("/account/address/sent").await;
        assert!(page.text().contains("new@example.test") && page.text().contains("in 1 minute"));
        world.clock.advance(Duration::minutes(1));
        browser.post("/account/address/again", &[]).await;
        assert_eq!(world.mails_to("new@example.test").await.len(), 2);
        let form = browser.get("/account/address").await;
        assert_eq!(
            form.attribute("#email", "value").as_deref(),
            Some("new@example.test")
        );

        world.clock.advance(Duration::minutes(1));
        let fields = [("email", world.jack().person.email), ("password", PASSWORD)];
        browser.post("/sign-in", &fields).await;
        let again = browser.post("/account/address/again", &[]).await;
        assert_eq!(again.location(), "/account/address");
        for path in ["/account/address/sent", "/account/address"] {
            assert!(
                !browser.get(path).await.body.contains("new@example.test"),
                "{path}"
            );
        }
        assert_eq!(world.mails_to("new@example.test").await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_is_not_lost_by_sending_again() {
    use crate::world::sign_in::Program;
    test(async |world| {
        let program = Program::registered(&world, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        let next = page.attribute("input[name=next]", "value").unwrap();
        let sent = browser
            .post("/sign-up", &[("email", NOBODY), ("next", &next)])
            .await;
        assert_eq!(sent.location(), format!("/sign-up/sent?next={next}"));
        let page = browser.get(sent.location()).await;
        let kept = page.attribute("form[action='/sign-up/again'] input[name=next]", "value");
        assert_eq!(kept.as_deref(), Some(next.as_str()));
        assert!(page.body.contains(&format!("href=\"{path}\"")));
        world.clock.advance(Duration::minutes(1));
        let again = browser.post("/sign-up/again", &[("next", &next)]).await;
        assert_eq!(again.location(), format!("/sign-up/sent?next={next}"));
        assert_eq!(world.mails_to(NOBODY).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_link_leads_on() {
    test(async |world| {
        world.coaches().await;
        let old = "/icum_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        // Somebody who is signed in has confirmed already.
        let mut ana = world.signed_in(world.ana()).await;
        let page = ana.open(&format!("/confirm{old}")).await;
        assert_eq!(page.location(), "/dashboard?done=confirmed");
        assert!(
            ana.get(page.location())
                .await
                .text()
                .contains("your address was confirmed before")
        );

        for (link, form) in [("/confirm", "/sign-up"), ("/reset", "/forgot")] {
            let mut browser = world.browser();
            browser.post(form, &[("email", NOBODY)]).await;
            world.clock.advance(Duration::minutes(1));
            let page = browser.open(&format!("{link}{old}")).await;
            assert_eq!(page.status, 410, "{link}");
            assert_eq!(page.attribute("main form", "action").as_deref(), Some(form));
            assert_eq!(page.attribute("#email", "value").as_deref(), Some(NOBODY));
            let sent = browser.post(form, &[("email", NOBODY)]).await;
            assert_eq!(sent.location(), format!("{form}/sent"));
        }
        let page = world.browser().open(&format!("/address{old}")).await;
        assert_eq!(
            (page.status, page.body.contains("href=\"/account/address\"")),
            (410, true)
        );

        for wish in ["resend", "regenerate", "roster"] {
            let mut browser = world.browser();
            let page = browser.open(&format!("/for-coaches/{wish}{old}")).await;
            assert_eq!(page.status, 410, "{wish}");
            for offered in ["resend", "regenerate", "roster"] {
                let form = page.attribute(&format!("form[action='/for-coaches/{offered}']"), "method");
                assert_eq!(form.as_deref(), Some("post"), "{wish}");
            }
            assert!(
                !page.body.contains("href=\"/forgot\""),
                "{wish}: a coach has no password"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_accounts_own_browser_a_new_address_takes_a_button_and_elsewhere_the_password() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        ask(&mut browser, "new@example.test").await;
        let link = world.link_mailed_to("new@example.test").await;

        // In somebody else's session, and in none, it takes the password of the account.
        let mut jacks = world.signed_in(world.jack()).await;
        for other in [&mut jacks, &mut world.browser()] {
            let page = other.open(&link).await;
            assert!(page.attribute("#password", "type").is_some());
            for typed in [&[][..], &[("password", "a guess")]] {
                let refused = other.press(&page, typed).await;
                assert_eq!(refused.status, 422, "{typed:?}");
                assert!(refused.text().contains("not your password"));
            }
        }
        let page = browser.open(&link).await;
        assert!(page.attribute("#password", "type").is_none());
        let done = browser.press(&page, &[]).await;
        assert_eq!(done.location(), "/account?done=address");
        let account = queries::accounts::by_email(&world.app.pool, "new@example.test").await;
        assert!(account.unwrap().is_some());
        let warned = world.mails_to(ana.person.email).await;
        assert!(
            warned.last().unwrap().letter.subject.contains("address"),
            "the old address is told"
        );
    })
    .await;
}
