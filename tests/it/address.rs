//! Another address for an account. Hard cases 58-60, 64, 65, 72 for its mails.

use chrono::Duration;
use futures::future::join_all;
use icusync::{demo::seed::PASSWORD, queries};
use reqwest::Method;

use crate::world::{Browser, Page, World, test, test_with};

const NEW: &str = "Ana.New@example.test";
const NEW_KEY: &str = "ana.new@example.test";

async fn ask(browser: &mut Browser, email: &str) -> Page {
    browser
        .post("/account/address", &[("email", email), ("password", PASSWORD)])
        .await
}

async fn exists(world: &World, key: &str) -> bool {
    let account = queries::accounts::by_email(&world.app.pool, key).await.unwrap();
    account.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_changes_by_mail_with_the_password_and_the_old_one_gets_an_email() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let old = world.ana().person.email;
            let mut browser = world.signed_in(&world.ana().clone()).await;
            for (email, password, field, words) in [
                ("no address", PASSWORD, "email", "Write an e-mail address"),
                (NEW, "a wrong password", "password", "not your password"),
                (" ANA@example.test ", PASSWORD, "email", "have already"),
            ] {
                let email = if email.contains("ANA") {
                    old.to_uppercase()
                } else {
                    email.to_owned()
                };
                let page = browser
                    .post("/account/address", &[("email", &email), ("password", password)])
                    .await;
                assert_eq!(page.status, 422, "{email}");
                assert_eq!(
                    page.attribute(&format!("#{field}"), "aria-invalid").as_deref(),
                    Some("true"),
                    "{email}: {}",
                    page.text()
                );
                assert!(page.text().contains(words), "{}", page.text());
                assert_eq!(page.attribute("#email", "value").as_deref(), Some(email.as_str()));
            }
            let sent = ask(&mut browser, NEW).await;
            assert_eq!((sent.status, sent.location()), (303, "/account/address/sent"));
            world.browser().post("/forgot", &[("email", old)]).await;
            let reset = world.link_mailed_to(old).await;
            let link = world.link_mailed_to(NEW).await;
            assert!(exists(&world, old).await && !exists(&world, NEW_KEY).await);

            // Another browser, such as the phone's: what counts is the mail and the password.
            let mut phone = world.browser();
            for method in [Method::HEAD, Method::GET, Method::OPTIONS] {
                phone.send(method, &link, None).await;
            }
            let page = phone.open(&link).await;
            let id = page.form_id();
            assert!(
                page.text().contains(NEW) && !page.text().contains(old),
                "{}",
                page.text()
            );
            assert!(exists(&world, old).await, "looking changes nothing");
            let wrong = phone
                .post("/address", &[("form", &id), ("password", "a wrong password")])
                .await;
            assert_eq!(wrong.status, 422);
            let made_up = phone
                .post("/address", &[("form", "made up"), ("password", PASSWORD)])
                .await;
            assert_eq!(made_up.status, 410);
            let mut cross = phone.clone();
            cross.extra = vec![("sec-fetch-site", "cross-site".to_owned())];
            assert_eq!(
                cross
                    .post("/address", &[("form", &id), ("password", PASSWORD)])
                    .await
                    .status,
                403
            );
            assert!(exists(&world, old).await && !exists(&world, NEW_KEY).await);

            let done = phone
                .post("/address", &[("form", &id), ("password", PASSWORD)])
                .await;
            assert_eq!((done.status, done.location()), (303, "/account?done=address"));
            let page = phone.get("/account?done=address").await.text();
            assert!(
                page.contains(NEW) && page.contains("Your address is changed"),
                "{page}"
            );
            assert_eq!(browser.get("/account").await.status, 200, "other sessions go on");
            assert!(!exists(&world, old).await && exists(&world, NEW_KEY).await);

            let letter = world.mails_to(old).await.pop().unwrap().letter;
            assert_eq!(
                letter.subject,
                "The email address of your IcuSync account was changed"
            );
            assert!(
                letter.text.contains("Not you?") && !letter.text.to_lowercase().contains(NEW_KEY),
                "{}",
                letter.text
            );
            let mut opened = world.browser();
            opened.get(&reset).await;
            assert_eq!(
                opened.get("/reset").await.status,
                410,
                "a link in the old mailbox chooses no password"
            );
            let mut fresh = world.browser();
            let by_old = [("email", old), ("password", PASSWORD)];
            assert_eq!(fresh.post("/sign-in", &by_old).await.status, 422);
            let by_new = [("email", NEW_KEY), ("password", PASSWORD)];
            assert_eq!(fresh.post("/sign-in", &by_new).await.status, 303);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_and_a_free_one_are_one_answer() {
    test(async |world| {
        let jack = world.jack().person.email;
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let free = ask(&mut browser, NEW).await;
        let link = world.link_mailed_to(NEW).await;
        let taken = ask(&mut browser, jack).await;
        assert_eq!(
            (free.status, free.location(), &free.body, free.headers.len()),
            (taken.status, taken.location(), &taken.body, taken.headers.len())
        );
        assert_eq!(
            browser.get("/account/address/sent").await.body,
            browser.get("/account/address/sent").await.body
        );
        let mails = world.mails_to(jack).await;
        let text = &mails.last().unwrap().letter.text;
        assert!(
            mails.len() == 1 && text.contains("already has an account") && !text.contains("/address/"),
            "only its owner learns it, and there is no link to press: {text}"
        );
        let page = world.browser().open(&link).await;
        assert_eq!(
            page.status, 200,
            "a wish that came to nothing does not end the one before"
        );
        assert!(exists(&world, jack).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn used_expired_ended_and_forged_links_are_one_page_58() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            ask(&mut browser, NEW).await;
            let first = world.link_mailed_to(NEW).await;
            ask(&mut browser, "other@example.test").await;
            let second = world.link_mailed_to("other@example.test").await;
            assert_eq!(world.browser().open(&first).await.status, 200, "each works");

            let mut opened = world.browser();
            let id = opened.open(&second).await.form_id();
            let fields = [("form", id.as_str()), ("password", PASSWORD)];
            let all = join_all((0..6).map(|_| {
                let mut browser = opened.clone();
                async move { browser.post("/address", &fields).await.status }
            }))
            .await;
            assert_eq!(all.iter().filter(|status| **status == 303).count(), 1, "{all:?}");
            assert!(all.iter().all(|status| matches!(status, 303 | 410)), "{all:?}");
            let mut pages = vec![world.browser().open(&first).await];
            pages.push(world.browser().open(&second).await);

            for forged in ["/address/icum_AAAA", "/address/x", "/address/%ff", "/address/%00"] {
                pages.push(world.browser().open(forged).await);
            }
            ask(&mut browser, NEW).await;
            let late = world.link_mailed_to(NEW).await;
            let mut opened = world.browser();
            let id = opened.open(&late).await.form_id();
            world.clock.advance(Duration::minutes(30));
            pages.push(opened.get("/address").await);
            pages.push(
                opened
                    .post("/address", &[("form", &id), ("password", PASSWORD)])
                    .await,
            );
            for page in &pages {
                assert_eq!((page.status, &page.body), (410, &pages[0].body));
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_signed_up_with_meanwhile_is_not_taken_away() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        ask(&mut browser, NEW).await;
        let link = world.link_mailed_to(NEW).await;
        let id = browser.open(&link).await.form_id();
        sqlx::query("update accounts set email = $1, email_key = $2 where email_key = $3")
            .bind(NEW)
            .bind(NEW_KEY)
            .bind(world.jack().person.email)
            .execute(&world.app.pool)
            .await
            .unwrap();
        let page = browser
            .post("/address", &[("form", &id), ("password", PASSWORD)])
            .await;
        assert_eq!(page.status, 409);
        assert!(page.text().contains("has another account"), "{}", page.text());
        assert!(exists(&world, world.ana().person.email).await);
        assert!(world.mails_to(world.ana().person.email).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_capped_the_last_link_works_and_the_warning_is_never_held_back() {
    test_with(
        |config| {
            config.sign_ins_per_address = 100;
            config.mails_per_day = 4;
        },
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            for _ in 0..5 {
                assert_eq!(ask(&mut browser, NEW).await.location(), "/account/address/sent");
                world.mails_to(NEW).await;
            }
            assert_eq!(world.mails_to(NEW).await.len(), 3, "its share of an hour");
            ask(&mut browser, "a@example.test").await;
            ask(&mut browser, "b@example.test").await;
            assert_eq!(world.mails_to("a@example.test").await.len(), 1);
            assert!(
                world.mails_to("b@example.test").await.is_empty(),
                "the account's share of a day"
            );
            let link = world.link_mailed_to("a@example.test").await;
            let id = browser.open(&link).await.form_id();
            let done = browser
                .post("/address", &[("form", &id), ("password", PASSWORD)])
                .await;
            assert_eq!(done.status, 303);
            assert_eq!(world.mails_to(world.ana().person.email).await.len(), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_that_want_one_address_do_not_disturb_each_other() {
    test(async |world| {
        let mut ana = world.signed_in(&world.ana().clone()).await;
        let mut jack = world.signed_in(&world.jack().clone()).await;
        ask(&mut ana, NEW).await;
        let link = world.link_mailed_to(NEW).await;
        ask(&mut jack, NEW).await;
        let page = ana.open(&link).await;
        assert_eq!(page.status, 200, "Jack's wish has not replaced Ana's");
        let id = page.form_id();
        let jacks = world.link_mailed_to(NEW).await;
        let jacks_id = jack.open(&jacks).await.form_id();
        let done = ana
            .post("/address", &[("form", &id), ("password", PASSWORD)])
            .await;
        assert_eq!(done.status, 303);
        let late = jack
            .post("/address", &[("form", &jacks_id), ("password", PASSWORD)])
            .await;
        assert_eq!(late.status, 410, "the address is Ana's now");
        assert!(exists(&world, world.jack().person.email).await);
    })
    .await;
}

/// A person who opens the mail need not be signed in: what is typed there counts for the link, and what strangers do has no effect.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_behind_the_link_count_for_the_link() {
    test_with(
        |config| config.sign_ins_per_minute = 100,
        async |world| {
            let (ana, wrong) = (world.ana().person.email, "a wrong password");
            let mut browser = world.signed_in(&world.ana().clone()).await;
            ask(&mut browser, NEW).await;
            let first = world.link_mailed_to(NEW).await;
            ask(&mut browser, NEW).await;
            let second = world.link_mailed_to(NEW).await;
            for _ in 0..6 {
                let fields = [("email", ana), ("password", wrong)];
                world.browser().post("/sign-in", &fields).await;
            }
            let mut guesser = world.browser();
            let id = guesser.open(&first).await.form_id();
            let fields = [("form", id.as_str()), ("password", wrong)];
            let mut statuses = Vec::new();
            for _ in 0..6 {
                statuses.push(guesser.post("/address", &fields).await.status);
            }
            assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
            let mut phone = world.browser();
            let id = phone.open(&second).await.form_id();
            let fields = [("form", id.as_str()), ("password", PASSWORD)];
            assert_eq!(phone.post("/address", &fields).await.status, 303);
        },
    )
    .await;
}
