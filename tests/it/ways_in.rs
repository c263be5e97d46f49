//! Continue with intervals.icu: signing in and up by a consent there, joining it with a password, taking either off again.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    config::SignUp,
    demo::seed::{PASSWORD, Seeded},
    jobs,
    queries::{self, accounts::Account},
    words::ConnectionStatus,
};

use crate::{
    connections::{ALL, WRITING, consent},
    world::{
        Browser, Page, World,
        sign_in::{Program, query},
        test, test_with,
    },
};

const NEW: &str = "new@example.test";

/// Ends the account of a seeded person, so that the athlete is free.
async fn free(world: &Arc<World>, seeded: &Seeded) {
    let mut browser = world.signed_in(seeded).await;
    let done = browser
        .post("/account/delete", &[("password", PASSWORD), ("word", "delete")])
        .await;
    assert_eq!(done.location(), "/account/deleted", "{}", done.text());
    world.mails_to(seeded.person.email).await;
}

/// Presses Continue with intervals.icu; where that leads.
async fn leave(browser: &mut Browser, next: &str) -> String {
    let away = browser.post("/sign-in/intervals", &[("next", next)]).await;
    assert_eq!(away.status, 303, "{}", away.text());
    away.location().to_owned()
}

/// The whole way to intervals.icu and back.
async fn continue_as(world: &World, browser: &mut Browser, seeded: &Seeded, scopes: &[&str]) -> Page {
    let away = leave(browser, "dashboard").await;
    let back = consent(world, browser, &away, seeded.person, scopes, "allow").await;
    browser.get(&back).await
}

async fn account_of(world: &World, seeded: &Seeded) -> Option<Account> {
    queries::accounts::of_athlete(&world.app.pool, seeded.person.athlete_id)
        .await
        .unwrap()
}

async fn accounts(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from accounts")
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// An account of the free athlete that signs in with intervals.icu, and its browser.
pub async fn athletes_account(world: &Arc<World>, seeded: &Seeded) -> Browser {
    free(world, seeded).await;
    let mut browser = world.browser();
    let done = continue_as(world, &mut browser, seeded, &ALL).await;
    assert_eq!(done.location(), "/dashboard?done=connected", "{}", done.text());
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clicks_from_home_to_a_connected_dashboard_and_back_in_again() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let before = accounts(&world).await;
        let mut browser = world.browser();
        for path in ["/", "/sign-in", "/sign-up"] {
            let page = browser.get(path).await;
            assert!(page.body.contains(r#"action="/sign-in/intervals""#), "{path}");
            let policy = page.header("content-security-policy");
            let forms = policy
                .split(';')
                .find(|part| part.contains("form-action"))
                .unwrap();
            assert!(
                forms.contains(&world.sim.base_url),
                "{path}: browsers follow the redirect of a form only where the policy lets them: {forms}"
            );
        }
        let away = leave(&mut browser, "dashboard").await;
        assert_eq!(
            query(&away, "scope").as_deref(),
            Some("ACTIVITY:READ,WELLNESS:READ,CALENDAR:READ,SETTINGS:READ"),
            "reading comes first"
        );
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        let done = browser.get(&back).await;
        assert_eq!((done.status, done.location()), (303, "/dashboard?done=connected"));
        let page = browser.get("/dashboard?done=connected").await.text();
        for expected in [
            "intervals.icu is connected.",
            "Ana Berger",
            "Add your email address",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        let account = account_of(&world, &ana).await.unwrap();
        assert!(account.email.is_none() && !account.has_password);
        assert_eq!(account.athlete_id.as_deref(), Some(ana.person.athlete_id));
        assert!(world.mails.all().iter().all(|mail| !mail.to.is_empty()));

        browser.post("/sign-out", &[]).await;
        assert_eq!(
            browser.get("/dashboard").await.location(),
            "/sign-in?next=dashboard"
        );
        let again = continue_as(&world, &mut browser, &ana, &ALL).await;
        assert_eq!((again.status, again.location()), (303, "/dashboard"));
        assert_eq!(account_of(&world, &ana).await.unwrap().id, account.id);
        assert_eq!(accounts(&world).await, before + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_comes_back_only_to_the_browser_it_left_once_and_to_no_other_flow() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let mut browser = world.browser();
        let away = leave(&mut browser, "dashboard").await;
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        // Somebody who is sent the callback is not signed in as its athlete.
        for mut other in [world.browser(), world.signed_in(world.jack()).await] {
            assert_eq!(other.get(&back).await.status, 400);
        }
        assert!(account_of(&world, &ana).await.is_none());
        assert_eq!(browser.get(&back).await.status, 303);
        assert_eq!(browser.get(&back).await.status, 400, "the state is spent");

        // The session that the browser came with ends, so nobody who set it is signed in along.
        let mut shared = world.signed_in(world.jack()).await;
        let jacks = shared.clone();
        shared.post("/sign-out", &[]).await;
        drop(jacks);
        let away = leave(&mut shared, "dashboard").await;
        let back = consent(&world, &mut shared, &away, ana.person, &ALL, "allow").await;
        world.clock.advance(Duration::minutes(10));
        assert_eq!(shared.get(&back).await.status, 400, "too late");
    })
    .await;
}

/// Two windows, both at the consent page: one account, and both are signed in to it.
#[tokio::test(flavor = "multi_thread")]
async fn two_consents_at_once_make_one_account() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let before = accounts(&world).await;
        let ways = futures::future::join_all((0..4).map(|_| async {
            let mut browser = world.browser();
            let away = leave(&mut browser, "dashboard").await;
            let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
            (browser, back)
        }))
        .await;
        let done = futures::future::join_all(ways.into_iter().map(async |(mut browser, back)| {
            let page = browser.get(&back).await;
            (page.status, page.location().to_owned())
        }))
        .await;
        for (status, location) in &done {
            assert!(*status == 303 && location.starts_with("/dashboard"), "{done:?}");
        }
        assert_eq!(accounts(&world).await, before + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_makes_no_account_and_says_so() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let mut browser = world.browser();
        let away = leave(&mut browser, "dashboard").await;
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "deny").await;
        let page = browser.get(&back).await;
        assert!(page.text().contains("no account was made"), "{}", page.text());
        assert!(
            page.body.contains(r#"action="/sign-in/intervals""#),
            "one click tries again"
        );
        assert!(account_of(&world, &ana).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_with_nothing_ticked_is_no_green_connected() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let mut browser = world.browser();
        let done = continue_as(&world, &mut browser, &ana, &[]).await;
        assert_eq!(done.location(), "/dashboard?done=nothing-shared");
        let page = browser.get("/dashboard?done=nothing-shared").await;
        assert!(page.text().contains("shared nothing") && page.text().contains("Nothing shared"));
        assert!(!page.body.contains(r#"badge good">Connected"#));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_account_is_joined_by_its_password_and_by_nothing_less() {
    test(async |world| {
        let ana = world.ana().clone();
        let account = account_of(&world, &ana).await.unwrap();
        let before = accounts(&world).await;
        let mut browser = world.browser();
        let done = continue_as(&world, &mut browser, &ana, &ALL).await;
        assert_eq!((done.status, done.location()), (303, "/sign-in/join"));
        let page = browser.get("/sign-in/join").await;
        assert!(
            page.text().contains("signs in with a password"),
            "{}",
            page.text()
        );
        assert!(!page.body.contains(ana.person.email), "its address is not shown");
        assert_eq!(
            browser.get("/dashboard").await.status,
            303,
            "nobody is signed in yet"
        );
        let stranger = world.browser().get("/sign-in/join").await;
        assert_eq!(stranger.status, 410, "another browser has no consent");
        let wrong = browser
            .post("/sign-in/join", &[("password", "not the password")])
            .await;
        assert!(
            wrong.text().contains("not the password of that account"),
            "{}",
            wrong.text()
        );
        assert!(account_of(&world, &ana).await.unwrap().athlete_id.is_none());
        let right = browser.post("/sign-in/join", &[("password", PASSWORD)]).await;
        assert_eq!(
            (right.status, right.location()),
            (303, "/dashboard?done=joined"),
            "{}",
            right.text()
        );
        let joined = account_of(&world, &ana).await.unwrap();
        assert_eq!(joined.id, account.id);
        assert_eq!(joined.athlete_id.as_deref(), Some(ana.person.athlete_id));
        assert!(joined.has_password);
        assert_eq!(accounts(&world).await, before);
        assert_eq!(
            browser
                .post("/sign-in/join", &[("password", PASSWORD)])
                .await
                .status,
            410,
            "it is spent"
        );
        // Either way in leads to the same account.
        let mut other = world.browser();
        assert_eq!(
            continue_as(&world, &mut other, &ana, &ALL).await.location(),
            "/dashboard"
        );
        world.signed_in(&ana).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_password_of_a_join_is_slow() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.browser();
        continue_as(&world, &mut browser, &ana, &ALL).await;
        let mut statuses = Vec::new();
        for n in 0..8 {
            let guess = format!("guess number {n}");
            statuses.push(
                browser
                    .post("/sign-in/join", &[("password", &guess)])
                    .await
                    .status,
            );
        }
        assert!(statuses.contains(&429), "{statuses:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_frees_the_athlete_by_an_email_which_joins_nothing_alone() {
    test(async |world| {
        let ana = world.ana().clone();
        let old = account_of(&world, &ana).await.unwrap();
        let mut browser = world.browser();
        continue_as(&world, &mut browser, &ana, &ALL).await;
        let asked = browser.post("/sign-in/join/release", &[]).await;
        assert_eq!(asked.location(), "/sign-in/join/sent", "{}", asked.text());
        assert!(
            !browser
                .get("/sign-in/join/sent")
                .await
                .body
                .contains(ana.person.email)
        );
        let link = world.link_mailed_to(ana.person.email).await;
        let page = browser.open(&link).await;
        assert!(page.text().contains("Disconnect Ana Berger"), "{}", page.text());
        let status = async || {
            let row = queries::connections::of_account(&world.app.pool, old.id)
                .await
                .unwrap();
            row.unwrap().status
        };
        assert_eq!(
            status().await,
            ConnectionStatus::Connected,
            "opening it does nothing"
        );
        let pressed = browser.press(&page, &[]).await;
        assert_eq!(pressed.location(), "/sign-in/continue", "{}", pressed.text());
        assert_eq!(status().await, ConnectionStatus::Disconnected);
        let still = queries::accounts::by_id(&world.app.pool, old.id)
            .await
            .unwrap()
            .unwrap();
        assert!(
            still.athlete_id.is_none() && still.has_password,
            "the old account stays as it was"
        );
        assert!(
            browser
                .get("/sign-in/continue")
                .await
                .text()
                .contains("makes an account")
        );
        let done = browser.post("/sign-in/continue", &[]).await;
        assert_eq!(done.location(), "/dashboard?done=connected", "{}", done.text());
        let new = account_of(&world, &ana).await.unwrap();
        assert_ne!(new.id, old.id);
        // The consent is alive: nothing revoked it.
        world.mails_to("nobody@example.test").await;
        assert!(browser.get("/dashboard").await.text().contains("Ana Berger"));
        assert_eq!(browser.press(&page, &[]).await.status, 410, "the link is spent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_email_opened_elsewhere_only_frees() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.browser();
        continue_as(&world, &mut browser, &ana, &ALL).await;
        browser.post("/sign-in/join/release", &[]).await;
        let (mut phone, page) = world.opened(ana.person.email).await;
        let pressed = phone.press(&page, &[]).await;
        assert_eq!(pressed.status, 200);
        assert!(
            pressed.text().contains("Go back to the browser"),
            "{}",
            pressed.text()
        );
        assert_eq!(
            phone.get("/dashboard").await.status,
            303,
            "the email signs nobody in"
        );
        assert!(account_of(&world, &ana).await.is_none());
        assert_eq!(browser.get("/sign-in/join").await.location(), "/sign-in/continue");
        let done = browser.post("/sign-in/continue", &[]).await;
        assert_eq!(done.location(), "/dashboard?done=connected");
    })
    .await;
}

/// Somebody who is signed in with a password and connects an athlete who signs in with intervals.icu.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_password_account_becomes_a_way_into_the_athletes() {
    test(async |world| {
        let ana = world.ana().clone();
        let athletes = {
            athletes_account(&world, &ana).await;
            account_of(&world, &ana).await.unwrap()
        };
        // A fresh account with a password, connected to nobody.
        let mut browser = world.browser();
        browser.post("/sign-up", &[("email", NEW)]).await;
        let link = world.link_mailed_to(NEW).await;
        let page = browser.open(&link).await;
        browser
            .press(&page, &[("password", "a password of my own")])
            .await;
        let before = accounts(&world).await;
        let away = browser.post("/connect", &[]).await.location().to_owned();
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/sign-in/join");
        let page = browser.get("/sign-in/join").await;
        assert!(
            page.text().contains("Make one account of the two"),
            "{}",
            page.text()
        );
        let wrong = browser.post("/sign-in/join", &[("password", PASSWORD)]).await;
        assert!(wrong.text().contains("not the password"), "{}", wrong.text());
        let done = browser
            .post("/sign-in/join", &[("password", "a password of my own")])
            .await;
        assert_eq!(
            (done.status, done.location()),
            (303, "/dashboard?done=joined"),
            "{}",
            done.text()
        );
        let joined = account_of(&world, &ana).await.unwrap();
        assert_eq!((joined.id, joined.email.as_deref()), (athletes.id, Some(NEW)));
        assert!(joined.has_password);
        assert_eq!(accounts(&world).await, before - 1);
        let mut other = world.browser();
        let signed = other
            .post(
                "/sign-in",
                &[("email", NEW), ("password", "a password of my own")],
            )
            .await;
        assert_eq!(signed.location(), "/dashboard");
        assert!(other.get("/dashboard").await.text().contains("Ana Berger"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_something_to_lose_is_not_merged() {
    test(async |world| {
        let ana = world.ana().clone();
        athletes_account(&world, &ana).await;
        let mut jack = world.signed_in(world.jack()).await;
        let away = jack.post("/connect", &[]).await.location().to_owned();
        let back = consent(&world, &mut jack, &away, ana.person, &ALL, "allow").await;
        assert_eq!(jack.get(&back).await.location(), "/sign-in/join");
        let page = jack.get("/sign-in/join").await;
        assert!(
            page.text().contains("Nothing was changed here or there"),
            "{}",
            page.text()
        );
        let before = accounts(&world).await;
        jack.post("/sign-in/join", &[("password", PASSWORD)]).await;
        assert_eq!(accounts(&world).await, before);
        let page = jack.get("/dashboard").await.text();
        assert!(page.contains("Jack Nguyen") && !page.contains("Ana Berger"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_an_athlete_shows_no_other() {
    test(async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = athletes_account(&world, &ana).await;
        free(&world, &jack).await;
        let away = browser.post("/connect", &[]).await.location().to_owned();
        let back = consent(&world, &mut browser, &away, jack.person, &ALL, "allow").await;
        let page = browser.get(&back).await;
        assert_eq!(page.status, 409);
        assert!(
            page.text()
                .contains("Another athlete is signed in at intervals.icu")
        );
        assert!(account_of(&world, &jack).await.is_none());
        assert!(browser.get("/dashboard").await.text().contains("Ana Berger"));
        world.mails_to("nobody@example.test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_sign_up_makes_no_account_by_a_consent_either() {
    test_with(
        |config| config.sign_up = Some(SignUp::Closed),
        async |world| {
            let ana = world.ana().clone();
            free(&world, &ana).await;
            let mut browser = world.browser();
            let page = continue_as(&world, &mut browser, &ana, &ALL).await;
            assert_eq!(page.status, 403);
            assert!(page.text().contains("Sign-up is closed here"));
            assert!(account_of(&world, &ana).await.is_none());
            // Who has an account still gets in.
            let jack = world.jack().clone();
            let mut browser = world.browser();
            continue_as(&world, &mut browser, &jack, &ALL).await;
            let done = browser.post("/sign-in/join", &[("password", PASSWORD)]).await;
            assert_eq!(done.location(), "/dashboard?done=joined");
            world.mails_to("nobody@example.test").await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_takes_athletes_by_id_and_others_by_a_listed_address() {
    test_with(
        |config| config.sign_up = Some("i900001,listed.example".parse().unwrap()),
        async |world| {
            let (ana, jack) = (world.ana().clone(), world.jack().clone());
            athletes_account(&world, &ana).await;
            free(&world, &jack).await;
            let mut browser = world.browser();
            let away = leave(&mut browser, "activity").await;
            let back = consent(&world, &mut browser, &away, jack.person, &ALL, "allow").await;
            assert_eq!(browser.get(&back).await.location(), "/sign-up/address");
            assert!(
                browser
                    .get("/sign-up/address")
                    .await
                    .text()
                    .contains("Jack Nguyen")
            );
            assert!(
                account_of(&world, &jack).await.is_none(),
                "no account before an address"
            );
            let foreign = browser
                .post("/sign-up/address", &[("email", "jack@other.example")])
                .await;
            assert_eq!(foreign.status, 303);
            assert!(world.mails_to("jack@other.example").await.is_empty());
            let asked = browser
                .post("/sign-up/address", &[("email", "jack@listed.example")])
                .await;
            assert_eq!(
                asked.location(),
                foreign.location(),
                "nobody learns which address is listed"
            );
            // Elsewhere the link is that of an account with a password, and no athlete is joined to it.
            let link = world.link_mailed_to("jack@listed.example").await;
            let elsewhere = world.browser().open(&link).await;
            assert!(
                elsewhere.text().contains("Choose a password"),
                "{}",
                elsewhere.text()
            );
            let page = browser.open(&link).await;
            assert!(page.text().contains("Jack Nguyen") && page.text().contains("jack@listed.example"));
            let done = browser.press(&page, &[]).await;
            assert_eq!(done.location(), "/activity", "{}", done.text());
            let account = account_of(&world, &jack).await.unwrap();
            assert_eq!(account.email.as_deref(), Some("jack@listed.example"));
            assert!(!account.has_password);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_added_afterwards_in_the_own_browser_by_one_button() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = athletes_account(&world, &ana).await;
        let invite = browser.get("/coaches/invite").await;
        assert!(
            invite.text().contains("First add your email address"),
            "{}",
            invite.text()
        );
        let asked = browser.post("/account/address", &[("email", NEW)]).await;
        assert_eq!(asked.location(), "/account/address/sent", "{}", asked.text());
        let link = world.link_mailed_to(NEW).await;
        // In a browser that is not signed in it gives nobody anything.
        let mut stranger = world.browser();
        let page = stranger.open(&link).await;
        assert!(page.text().contains("Sign in first"), "{}", page.text());
        assert!(account_of(&world, &ana).await.unwrap().email.is_none());
        let page = browser.open(&link).await;
        let done = browser.press(&page, &[]).await;
        assert_eq!(done.location(), "/account?done=address-added", "{}", done.text());
        assert_eq!(
            account_of(&world, &ana).await.unwrap().email.as_deref(),
            Some(NEW)
        );
        assert!(
            browser
                .get("/coaches/invite")
                .await
                .text()
                .contains("Your coach’s")
        );
        // It has no password, so no email makes one.
        let count = world.mails_to(NEW).await.len();
        world.browser().post("/forgot", &[("email", NEW)]).await;
        assert_eq!(world.mails_to(NEW).await.len(), count);
        world.browser().post("/sign-up", &[("email", NEW)]).await;
        let mails = world.mails_to(NEW).await;
        assert!(
            mails
                .last()
                .unwrap()
                .letter
                .text
                .contains("Continue with intervals.icu")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_account_is_told_so_and_changes_nothing() {
    test(async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = athletes_account(&world, &ana).await;
        let asked = browser
            .post("/account/address", &[("email", jack.person.email)])
            .await;
        assert_eq!(asked.location(), "/account/address/sent");
        let mails = world.mails_to(jack.person.email).await;
        let text = &mails.last().unwrap().letter.text;
        assert!(text.contains("already has an account"), "{text}");
        assert!(!text.contains("/address/"), "no link that gives it away: {text}");
        assert!(account_of(&world, &ana).await.unwrap().email.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn either_way_in_goes_while_the_other_stands() {
    test(async |world| {
        let jack = world.jack().clone();
        let mut browser = world.signed_in(&jack).await;
        let only = browser
            .post("/account/ways/password/off", &[("password", PASSWORD)])
            .await;
        assert_eq!(only.location(), "/account/ways");
        let page = browser.get("/account/ways").await.text();
        assert!(page.contains("your only way"), "{page}");
        let wrong = browser
            .post("/account/ways/intervals", &[("password", "wrong password")])
            .await;
        assert!(wrong.text().contains("not your password"), "{}", wrong.text());
        let away = browser
            .post("/account/ways/intervals", &[("password", PASSWORD)])
            .await;
        let away = away.location().to_owned();
        let back = consent(&world, &mut browser, &away, jack.person, &WRITING, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/account?done=way-added");
        // The password goes; signing in with it ends, the other sessions end, this browser stays.
        let mut other = world.signed_in(&jack).await;
        let off = browser
            .post("/account/ways/password/off", &[("password", PASSWORD)])
            .await;
        assert_eq!(off.location(), "/account?done=password-off", "{}", off.text());
        assert_eq!(other.get("/account").await.status, 303);
        assert!(browser.get("/account").await.text().contains("intervals.icu"));
        let mut again = world.browser();
        let refused = again
            .post(
                "/sign-in",
                &[("email", jack.person.email), ("password", PASSWORD)],
            )
            .await;
        assert_ne!(refused.location(), "/dashboard");
        // Nor does intervals.icu go now.
        let only = browser.post("/account/ways/intervals/off", &[]).await;
        assert_ne!(only.location(), "/account?done=way-off");
        // A new password asks for a fresh consent once the last one is old.
        world.clock.advance(Duration::minutes(16));
        assert!(
            browser
                .get("/account/ways")
                .await
                .text()
                .contains("Confirm with intervals.icu")
        );
        let late = browser
            .post("/account/ways/password", &[("password", "a password of my own")])
            .await;
        assert!(late.text().contains("longer than 15 minutes"), "{}", late.text());
        let away = browser
            .post("/account/prove", &[("next", "ways")])
            .await
            .location()
            .to_owned();
        let back = consent(&world, &mut browser, &away, jack.person, &WRITING, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/account/ways");
        let set = browser
            .post("/account/ways/password", &[("password", "a password of my own")])
            .await;
        assert_eq!(set.location(), "/account?done=password-set", "{}", set.text());
        let off = browser
            .post(
                "/account/ways/intervals/off",
                &[("password", "a password of my own")],
            )
            .await;
        assert_eq!(off.location(), "/account?done=way-off", "{}", off.text());
        let account = account_of(&world, &jack).await.unwrap();
        assert!(account.has_password && account.athlete_id.is_none());
        world.mails_to(jack.person.email).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_added_only_for_the_athlete_whom_the_account_shows() {
    test(async |world| {
        let (ana, jack) = (world.ana().clone(), world.jack().clone());
        let mut browser = world.signed_in(&jack).await;
        let away = browser
            .post("/account/ways/intervals", &[("password", PASSWORD)])
            .await;
        let away = away.location().to_owned();
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        let page = browser.get(&back).await;
        assert_eq!(page.status, 409);
        assert!(page.text().contains("That is another athlete"), "{}", page.text());
        assert!(account_of(&world, &jack).await.unwrap().athlete_id.is_none());
        assert!(account_of(&world, &ana).await.unwrap().athlete_id.is_none());
        world.mails_to("nobody@example.test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_password_is_deleted_after_a_fresh_consent() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = athletes_account(&world, &ana).await;
        world.clock.advance(Duration::minutes(16));
        assert!(
            browser
                .get("/account/delete")
                .await
                .text()
                .contains("Confirm with intervals.icu")
        );
        browser.post("/account/delete", &[("word", "delete")]).await;
        assert!(account_of(&world, &ana).await.is_some());
        let away = browser
            .post("/account/prove", &[("next", "delete")])
            .await
            .location()
            .to_owned();
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/account/delete");
        let gone = browser.post("/account/delete", &[("word", "delete")]).await;
        assert_eq!(gone.location(), "/account/deleted", "{}", gone.text());
        assert!(account_of(&world, &ana).await.is_none());
        world.mails_to("nobody@example.test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_is_asked_for_when_it_is_switched_on() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = athletes_account(&world, &ana).await;
        let may_write = async || {
            let account = account_of(&world, &ana).await.unwrap();
            let link = queries::connectors::of_account(&world.app.pool, account.id)
                .await
                .unwrap();
            link.unwrap().may_write
        };
        let on = async |browser: &mut Browser, scopes: &[&str], decision: &str| {
            let away = browser
                .post("/link/writing", &[("may-write", "on")])
                .await
                .location()
                .to_owned();
            assert_eq!(
                query(&away, "scope").as_deref(),
                Some("ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE")
            );
            let back = consent(&world, browser, &away, ana.person, scopes, decision).await;
            browser.get(&back).await
        };
        let declined = on(&mut browser, &[], "deny").await;
        assert!(
            declined.text().contains("changes stay off"),
            "{}",
            declined.text()
        );
        assert_eq!(may_write().await, None);
        let read_only = on(&mut browser, &ALL, "allow").await;
        assert_eq!(read_only.location(), "/connector?done=writing-not-shared");
        assert_eq!(may_write().await, None, "no consent, no switch");
        let allowed = on(&mut browser, &WRITING, "allow").await;
        assert_eq!(allowed.location(), "/connector?done=writing-on");
        assert_eq!(may_write().await, Some(true));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_consent_is_said_at_once_and_one_button_asks_for_the_union() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let mut browser = world.browser();
        continue_as(&world, &mut browser, &ana, &ALL).await;
        let away = browser
            .post("/link/writing", &[("may-write", "on")])
            .await
            .location()
            .to_owned();
        let back = consent(&world, &mut browser, &away, ana.person, &WRITING, "allow").await;
        browser.get(&back).await;
        // This browser asks for what it held; another one knows nothing and asks to read.
        browser.post("/sign-out", &[]).await;
        let away = leave(&mut browser, "dashboard").await;
        assert!(
            query(&away, "scope").unwrap().contains("CALENDAR:WRITE"),
            "{away}"
        );
        let mut other = world.browser();
        continue_as(
            &world,
            &mut other,
            &ana,
            &["ACTIVITY:READ", "WELLNESS:READ", "SETTINGS:READ"],
        )
        .await;
        let page = other.get("/dashboard").await.text();
        for expected in [
            "intervals.icu shares less than before",
            "You no longer share your calendar",
            "Your activities, wellness and settings can be read, but no longer changed",
            "Tools of these groups stopped working: ",
            "Calendar",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        let account = account_of(&world, &ana).await.unwrap();
        let link = queries::connectors::of_account(&world.app.pool, account.id)
            .await
            .unwrap();
        assert_eq!(link.unwrap().may_write, Some(true), "nothing else was touched");
        let away = other.post("/connect", &[]).await.location().to_owned();
        assert_eq!(
            query(&away, "scope").as_deref(),
            Some("ACTIVITY:WRITE,WELLNESS:WRITE,CALENDAR:WRITE,SETTINGS:WRITE")
        );
        let back = consent(&world, &mut other, &away, ana.person, &WRITING, "allow").await;
        other.get(&back).await;
        assert!(
            !other
                .get("/dashboard")
                .await
                .text()
                .contains("shares less than before")
        );
        // Or it is left like this.
        continue_as(&world, &mut world.browser(), &ana, &ALL).await;
        assert!(
            other
                .get("/dashboard")
                .await
                .text()
                .contains("shares less than before")
        );
        let left = other.post("/connect/narrower", &[]).await;
        assert_eq!(left.location(), "/dashboard?done=narrower");
        assert!(
            !other
                .get("/dashboard")
                .await
                .text()
                .contains("shares less than before")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_carries_a_clients_sign_in_through_to_its_consent_page() {
    test(async |world| {
        let ana = world.ana().clone();
        free(&world, &ana).await;
        let program = Program::registered(&world, "Claude", "http://127.0.0.1:9/back").await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        assert!(page.body.contains(r#"action="/sign-in/intervals""#));
        let id = path.rsplit('/').next().unwrap();
        let away = leave(&mut browser, &format!("request-{id}")).await;
        let back = consent(&world, &mut browser, &away, ana.person, &ALL, "allow").await;
        assert_eq!(browser.get(&back).await.location(), path);
        let page = browser.get(&path).await;
        assert!(
            page.text().contains("Allow Claude to use IcuSync?"),
            "{}",
            page.text()
        );
        assert!(page.text().contains("Ana Berger"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_waited_in_vain_is_given_back() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.browser();
        continue_as(&world, &mut browser, &ana, &ALL).await;
        // Its account goes, so that nothing else holds the athlete.
        free(&world, &ana).await;
        world.clock.advance(Duration::minutes(61));
        assert_eq!(browser.get("/sign-in/join").await.status, 410);
        assert_eq!(browser.post("/sign-in/continue", &[]).await.status, 410);
        jobs::run_due(&world.app).await.unwrap();
        jobs::purge(&world.app).await.unwrap();
        let left: i64 = sqlx::query_scalar("select count(*) from consents")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_intervals_icu_app_there_is_no_button() {
    test_with(
        |config| {
            config.intervals_client_id = None;
            config.intervals_client_secret = None;
        },
        async |world| {
            let mut browser = world.browser();
            for path in ["/", "/sign-in", "/sign-up"] {
                assert!(
                    !browser.get(path).await.body.contains("/sign-in/intervals"),
                    "{path}"
                );
            }
            assert_eq!(browser.post("/sign-in/intervals", &[]).await.status, 404);
        },
    )
    .await;
}
