//! Two-step sign-in with codes of an app: after every way in, again before what counts, and the way back when all is lost.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    demo::seed::{PASSWORD, Seeded},
    guard::recovery,
    ids::AccountId,
    jobs, queries,
};
use totp_rs::{Builder, Secret, Totp};

use crate::{
    connections::{ALL, consent},
    world::{
        Browser, Page, World,
        sign_in::{Program, allow, consent_fields},
        test, test_with,
    },
};

/// An authenticator app.
pub(crate) struct App(Totp);

impl App {
    fn of(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap())
    }

    /// The code that it shows, some steps from now.
    pub(crate) fn code(&self, world: &World, steps: i64) -> String {
        let now = world.app.clock.now().timestamp() + steps * 30;
        self.0.generate(u64::try_from(now).unwrap()).to_string()
    }

    /// A code that was not used yet: half a minute later.
    pub(crate) fn next(&self, world: &World) -> String {
        world.clock.advance(Duration::seconds(30));
        self.code(world, 0)
    }
}

/// The text of an element that is shown for copying.
fn shown(page: &Page, id: &str) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse(&format!("#{id}")).unwrap();
    let found = html.select(&selector).next();
    found
        .unwrap_or_else(|| panic!("no {id}: {}", page.text()))
        .text()
        .collect()
}

/// Switches codes on for somebody; the browser, the app and the recovery codes.
pub(crate) async fn with_codes(world: &Arc<World>, seeded: &Seeded) -> (Browser, App, Vec<String>) {
    let mut browser = world.signed_in(seeded).await;
    let begun = browser
        .post("/account/factors/codes", &[("password", PASSWORD)])
        .await;
    assert_eq!(begun.location(), "/account/factors/codes", "{}", begun.text());
    let page = browser.get("/account/factors/codes").await;
    let secret = shown(&page, "secret");
    world.secret(&secret);
    world.secret(&secret.replace(' ', ""));
    let app = App::of(&secret);
    let on = browser
        .post("/account/factors/codes/confirm", &[("code", &app.code(world, 0))])
        .await;
    assert_eq!(on.location(), "/account/factors/recovery-codes", "{}", on.text());
    let page = browser.get("/account/factors/recovery-codes").await;
    let codes: Vec<String> = shown(&page, "recovery-codes")
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    for code in &codes {
        world.secret(code);
    }
    (browser, app, codes)
}

/// Passes the first step; a browser at the second.
async fn first_step(world: &Arc<World>, seeded: &Seeded) -> Browser {
    let mut browser = world.browser();
    let page = browser
        .post(
            "/sign-in",
            &[
                ("email", seeded.person.email),
                ("password", PASSWORD),
                ("next", "activity"),
            ],
        )
        .await;
    assert_eq!(
        (page.status, page.location()),
        (303, "/sign-in/factor"),
        "{}",
        page.text()
    );
    assert_eq!(
        browser.get("/dashboard").await.location(),
        "/sign-in?next=dashboard"
    );
    browser
}

pub(crate) async fn step(browser: &mut Browser, code: &str) -> String {
    let page = browser.post_once("/sign-in/factor", &[("code", code)]).await;
    assert_eq!(page.status, 303, "{}", page.text());
    page.location().to_owned()
}

/// Some time later, when no factor is fresh any more.
fn later(world: &World) {
    world.clock.advance(Duration::minutes(11));
}

async fn again(browser: &mut Browser, code: &str, next: &str) -> String {
    let page = browser
        .post_once("/account/factor", &[("code", code), ("next", next)])
        .await;
    page.location().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_set_up_by_a_proof_and_a_code_and_asked_for_after_the_password() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let page = browser.get("/account").await;
        assert!(page.text().contains("Two-step sign-in"), "{}", page.text());
        let wrong = browser
            .post("/account/factors/codes", &[("password", "not the password")])
            .await;
        assert_eq!(wrong.status, 422, "{}", wrong.text());
        browser
            .post("/account/factors/codes", &[("password", PASSWORD)])
            .await;
        let page = browser.get("/account/factors/codes").await;
        assert!(page.body.contains("<svg class=\"qr\""), "a picture to scan");
        let old = shown(&page, "secret");
        // A second secret replaces the first.
        browser
            .post("/account/factors/codes", &[("password", PASSWORD)])
            .await;
        let stale = App::of(&old).code(&world, 0);
        let page = browser
            .post("/account/factors/codes/confirm", &[("code", &stale)])
            .await;
        assert!(
            page.text().contains("not the code of this secret"),
            "{}",
            page.text()
        );
        world.signed_in(&ana).await;

        let (mut browser, app, codes) = with_codes(&world, &ana).await;
        let again = browser.get("/account/factors/recovery-codes").await;
        assert!(!again.body.contains(&codes[0]), "shown once");
        assert!(
            again.text().contains("10 recovery codes left"),
            "{}",
            again.text()
        );
        let mail = world.mails_to(ana.person.email).await.pop().unwrap().letter;
        assert!(
            mail.subject.contains("Two-step sign-in is on"),
            "{}",
            mail.subject
        );
        assert!(mail.text.contains("network 127.0.0.0/24"), "{}", mail.text);

        let mut other = first_step(&world, &ana).await;
        let used = app.code(&world, 0);
        assert_eq!(
            step(&mut other, &used).await,
            "/sign-in/factor?said=wrong",
            "it was used to set up"
        );
        let page = other.get("/sign-in/factor?said=wrong").await;
        assert!(
            page.text().contains("was not right, or was used before"),
            "{}",
            page.text()
        );
        let code = app.next(&world);
        assert_eq!(step(&mut other, &code).await, "/activity");
        assert_eq!(other.get("/activity").await.status, 200);
        let log = other.get("/apps").await.text();
        assert!(log.contains("password, code of an app"), "{log}");
        assert!(log.contains("Wrong second factor"), "{log}");

        let mut third = first_step(&world, &ana).await;
        assert_eq!(
            step(&mut third, &code).await,
            "/sign-in/factor?said=wrong",
            "a code works once"
        );
        assert_eq!(
            step(&mut third, &codes[0].to_lowercase()).await,
            "/activity",
            "a recovery code"
        );
        let mut fourth = first_step(&world, &ana).await;
        assert_eq!(
            step(&mut fourth, &codes[0]).await,
            "/sign-in/factor?said=wrong",
            "once, too"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_one_step_either_side_and_one_of_two_at_once() {
    test(async |world| {
        let ana = world.ana().clone();
        let (_, app, _) = with_codes(&world, &ana).await;
        later(&world);
        let mut browser = first_step(&world, &ana).await;
        for steps in [-2, 2] {
            let code = app.code(&world, steps);
            assert_eq!(
                step(&mut browser, &code).await,
                "/sign-in/factor?said=wrong",
                "{steps}"
            );
        }
        let code = app.code(&world, -1);
        assert_eq!(step(&mut browser, &code).await, "/activity");
        let mut browser = first_step(&world, &ana).await;
        let code = app.code(&world, 1);
        assert_eq!(step(&mut browser, &code).await, "/activity");
        let mut browser = first_step(&world, &ana).await;
        let before = app.code(&world, 0);
        assert_eq!(
            step(&mut browser, &before).await,
            "/sign-in/factor?said=wrong",
            "spent with the later one"
        );

        world.clock.advance(Duration::minutes(2));
        let code = app.code(&world, 0);
        let mut browsers = Vec::new();
        for _ in 0..4 {
            browsers.push(first_step(&world, &ana).await);
        }
        let ways = futures::future::join_all(browsers.iter_mut().map(|browser| step(browser, &code))).await;
        assert_eq!(
            ways.iter().filter(|way| *way == "/activity").count(),
            1,
            "{ways:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_follows_intervals_icu_and_a_reset_which_takes_no_factor_off() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut browser, app, _) = with_codes(&world, &ana).await;
        browser.post("/sign-out", &[]).await;
        // The password alone joins no further way in.
        let mut browser = world.browser();
        let away = browser.post("/sign-in/intervals", &[("next", "dashboard")]).await;
        let back = consent(&world, &mut browser, away.location(), ana.person, &ALL, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/sign-in/join");
        let page = browser.post("/sign-in/join", &[("password", PASSWORD)]).await;
        assert!(page.text().contains("has two-step sign-in"), "{}", page.text());

        let mut browser = first_step(&world, &ana).await;
        let code = app.next(&world);
        step(&mut browser, &code).await;
        let away = browser
            .post("/account/ways/intervals", &[("password", PASSWORD)])
            .await;
        let back = consent(&world, &mut browser, away.location(), ana.person, &ALL, "allow").await;
        assert_eq!(browser.get(&back).await.location(), "/account?done=way-added");
        let mut other = world.browser();
        let away = other.post("/sign-in/intervals", &[("next", "dashboard")]).await;
        let back = consent(&world, &mut other, away.location(), ana.person, &ALL, "allow").await;
        assert_eq!(other.get(&back).await.location(), "/sign-in/factor");
        assert_eq!(other.get("/dashboard").await.status, 303);
        let code = app.next(&world);
        assert_eq!(step(&mut other, &code).await, "/dashboard");

        world.mails_to(ana.person.email).await;
        world
            .browser()
            .post("/forgot", &[("email", ana.person.email)])
            .await;
        let (mut reset, page) = world.opened(ana.person.email).await;
        let done = reset.press(&page, &[("password", "another long password")]).await;
        assert_eq!(done.location(), "/sign-in/factor", "{}", done.text());
        let code = app.next(&world);
        assert_eq!(step(&mut reset, &code).await, "/dashboard?done=password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_hopeless_and_locks_nobody_out_who_has_a_recovery_code() {
    test_with(
        |config| config.sign_ins_per_minute = 100_000,
        async |world| {
            let ana = world.ana().clone();
            let (mut signed, app, codes) = with_codes(&world, &ana).await;
            later(&world);
            let mut judged = 0;
            let right = [-1, 0, 1].map(|steps| app.code(&world, steps));
            for round in 0..20 {
                let mut browser = first_step(&world, &ana).await;
                for n in 0..6 {
                    let guess = format!("{:06}", 900_000 + round * 10 + n);
                    assert!(!right.contains(&guess), "choose others");
                    match step(&mut browser, &guess).await.as_str() {
                        "/sign-in/factor?said=wrong" => judged += 1,
                        "/sign-in?done=codes" => {
                            assert_eq!(n, 5, "five for each sign-in");
                            assert_eq!(
                                browser.get("/sign-in/factor").await.location(),
                                "/sign-in?done=step-over"
                            );
                            break;
                        }
                        "/sign-in/factor?said=too-many" => {}
                        other => panic!("{other}"),
                    }
                }
            }
            assert_eq!(judged, 20, "of all guesses only so many are looked at in a day");
            let mut browser = first_step(&world, &ana).await;
            let code = app.code(&world, 0);
            assert_eq!(
                step(&mut browser, &code).await,
                "/sign-in/factor?said=too-many",
                "not even the right one"
            );
            assert_eq!(step(&mut browser, &codes[3]).await, "/activity");
            assert_eq!(
                signed.get("/dashboard").await.status,
                200,
                "whoever is signed in stays so"
            );
            jobs::purge(&world.app).await.unwrap();
            world.clock.advance(Duration::hours(23));
            jobs::purge(&world.app).await.unwrap();
            let mut browser = first_step(&world, &ana).await;
            assert_eq!(
                step(&mut browser, "900000").await,
                "/sign-in/factor?said=too-many",
                "still the same day"
            );
            world.clock.advance(Duration::hours(1));
            let mut browser = first_step(&world, &ana).await;
            let code = app.code(&world, 0);
            assert_eq!(step(&mut browser, &code).await, "/activity");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_without_the_first_factor_use_up_nothing() {
    test(async |world| {
        let ana = world.ana().clone();
        let (_, app, _) = with_codes(&world, &ana).await;
        let mut stranger = world.browser();
        for _ in 0..30 {
            assert_eq!(step(&mut stranger, "123456").await, "/sign-in?done=step-over");
        }
        let mut browser = first_step(&world, &ana).await;
        let code = app.next(&world);
        assert_eq!(step(&mut browser, &code).await, "/activity");
        // A step lasts ten minutes, and ends with a press.
        let mut browser = first_step(&world, &ana).await;
        let over = browser.post_once("/sign-in/factor/over", &[]).await;
        assert_eq!(over.location(), "/sign-in");
        let mut browser = first_step(&world, &ana).await;
        world.clock.advance(Duration::minutes(10));
        let code = app.code(&world, 0);
        assert_eq!(step(&mut browser, &code).await, "/sign-in?done=step-over");
    })
    .await;
}

#[expect(clippy::too_many_lines, reason = "each place that asks, one after the other")]
#[tokio::test(flavor = "multi_thread")]
async fn what_counts_asks_for_a_factor_that_is_older_than_ten_minutes() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut browser, app, _) = with_codes(&world, &ana).await;
        for page in [
            "/link/regenerate",
            "/account/delete",
            "/account/address",
            "/account/factors/codes",
            "/account/password",
        ] {
            assert_eq!(browser.get(page).await.status, 200, "{page} with a fresh factor");
        }
        later(&world);
        for (page, word) in [
            ("/link/regenerate", "regenerate"),
            ("/account/delete", "delete"),
            ("/account/address", "address"),
            ("/account/factors/codes", "factor-codes"),
            ("/account/password", "password"),
        ] {
            let there = browser.get(page).await;
            assert_eq!(there.location(), format!("/account/factor?next={word}"), "{page}");
        }
        for (form, fields, word) in [
            ("/link/regenerate", vec![], "regenerate"),
            ("/link/writing", vec![("may-write", "on")], "connector"),
            (
                "/account/delete",
                vec![("password", PASSWORD), ("word", "delete")],
                "delete",
            ),
            (
                "/account/address",
                vec![("password", PASSWORD), ("email", "new@example.test")],
                "address",
            ),
            (
                "/account/factors/codes/off",
                vec![("password", PASSWORD)],
                "factor-codes",
            ),
            ("/account/factors/recovery-codes", vec![], "recovery-codes"),
            ("/account/ways/intervals", vec![("password", PASSWORD)], "ways"),
            (
                "/account/ways/intervals/off",
                vec![("password", PASSWORD)],
                "ways",
            ),
            (
                "/account/ways/password",
                vec![("password", "a new long password")],
                "ways",
            ),
            ("/account/ways/password/off", vec![("password", PASSWORD)], "ways"),
            (
                "/account/password",
                vec![("current", PASSWORD), ("password", "a new long password")],
                "password",
            ),
        ] {
            let there = browser.post_once(form, &fields).await;
            assert_eq!(there.location(), format!("/account/factor?next={word}"), "{form}");
        }
        // What was typed waits for whoever comes back.
        browser
            .post_once(
                "/account/address",
                &[("password", PASSWORD), ("email", "new@example.test")],
            )
            .await;
        let wrong = again(&mut browser, "000000", "address").await;
        assert_eq!(wrong, "/account/factor?next=address&said=wrong");
        let code = app.next(&world);
        assert_eq!(again(&mut browser, &code, "address").await, "/account/address");
        let page = browser.get("/account/address").await;
        assert!(page.body.contains("new@example.test"), "{}", page.text());
        let asked = browser
            .post(
                "/account/address",
                &[("password", PASSWORD), ("email", "new@example.test")],
            )
            .await;
        assert_eq!(asked.location(), "/account/address/sent", "{}", asked.text());
        // The link asks again, and in another browser for the whole sign-in.
        let link = world.link_mailed_to("new@example.test").await;
        let mut stranger = world.browser();
        let page = stranger.open(&link).await;
        assert!(!page.body.contains("type=\"password\""), "{}", page.text());
        later(&world);
        assert_eq!(browser.get(&link).await.location(), "/address");
        assert_eq!(
            browser.get("/address").await.location(),
            "/account/factor?next=confirm-address"
        );
        let code = app.next(&world);
        assert_eq!(again(&mut browser, &code, "confirm-address").await, "/address");
        let page = browser.get("/address").await;
        let done = browser.press(&page, &[]).await;
        assert_eq!(done.location(), "/account?done=address", "{}", done.text());
        let made = browser.post_once("/account/factors/recovery-codes", &[]).await;
        assert_eq!(made.location(), "/account/factors/recovery-codes");
        let page = browser.get("/account/factors/recovery-codes").await;
        let new = shown(&page, "recovery-codes");
        new.lines().for_each(|code| world.secret(code));
        world.mails_to(ana.person.email).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_can_write_asks_for_the_factor_and_keeps_the_choice() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut browser, app, _) = with_codes(&world, &ana).await;
        later(&world);
        let program = Program::registered(&world, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let (path, page) = program.begin(&mut browser).await;
        let reading = allow(&mut browser, &path, &page, false).await;
        assert!(
            reading.location().starts_with("https://claude.ai/"),
            "{}",
            reading.text()
        );

        let (path, page) = program.begin(&mut browser).await;
        let fields: Vec<(String, String)> = consent_fields(&page, true)
            .into_iter()
            .filter(|(name, _)| name != "wellness")
            .chain([("decision".to_owned(), "allow".to_owned())])
            .collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let asked = browser.post_once(&path, &fields).await;
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(
            asked.location(),
            format!("/account/factor?next=request-{id}"),
            "{}",
            asked.text()
        );
        let code = app.next(&world);
        assert_eq!(again(&mut browser, &code, &format!("request-{id}")).await, path);
        let page = browser.get(&path).await;
        let kept = consent_fields(&page, true);
        assert!(!kept.iter().any(|(name, _)| name == "wellness"), "{kept:?}");
        assert_eq!(
            page.attribute("input[name=may-write]", "checked").as_deref(),
            Some("")
        );
        let done = allow(&mut browser, &path, &page, true).await;
        assert!(
            done.location().starts_with("https://claude.ai/"),
            "{}",
            done.text()
        );
        world.mails_to(ana.person.email).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_take_the_codes_off_and_neither_sees_an_error() {
    test(async |world| {
        let ana = world.ana().clone();
        let (browser, _, codes) = with_codes(&world, &ana).await;
        let tabs = futures::future::join_all((0..3).map(|_| {
            let mut tab = browser.clone();
            async move {
                tab.post_once("/account/factors/codes/off", &[("password", PASSWORD)])
                    .await
                    .location()
                    .to_owned()
            }
        }))
        .await;
        assert_eq!(tabs, ["/account/factors?done=codes-off"; 3]);
        let removed = world.mails_to(ana.person.email).await;
        let removed: Vec<_> = removed
            .iter()
            .filter(|mail| mail.letter.subject.contains("is off"))
            .collect();
        assert_eq!(removed.len(), 1, "one did it");
        let left: i64 = sqlx::query_scalar("select count(*) from recovery_codes")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(
            (left, codes.len()),
            (0, 10),
            "with the last factor the recovery codes go"
        );
        world.signed_in(&ana).await;
    })
    .await;
}

/// Presses "I have lost all of these" after the password; the page that says what happens.
pub(crate) async fn lose_all(world: &Arc<World>, seeded: &Seeded) -> Page {
    let mut browser = first_step(world, seeded).await;
    assert_eq!(browser.get("/sign-in/factor/lost").await.status, 200);
    let begun = browser.post_once("/sign-in/factor/lost", &[]).await;
    browser.get(begun.location()).await
}

async fn id_of(world: &World, seeded: &Seeded) -> AccountId {
    let account = queries::accounts::of_athlete(&world.app.pool, seeded.person.athlete_id).await;
    account.unwrap().unwrap().id
}

async fn is_open(world: &World, seeded: &Seeded) -> bool {
    let open = queries::recoveries::of_account(&world.app.pool, id_of(world, seeded).await).await;
    open.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_everything_waits_48_hours_and_starts_afresh() {
    test(async |world| {
        let ana = world.ana().clone();
        world.clock.advance(Duration::days(8));
        let (mut signed, _, _) = with_codes(&world, &ana).await;
        let (program, tokens) = world.app_of(world.jack(), false).await;
        let page = lose_all(&world, &ana).await;
        assert!(
            page.text().contains("The recovery of your account has begun"),
            "{}",
            page.text()
        );
        let mut mails = world.mails_to(ana.person.email).await.into_iter();
        let is_told = mails.any(|mail| mail.letter.subject.contains("recover"));
        assert!(is_told, "an email about the recovery");
        assert!(
            signed
                .get("/coaches")
                .await
                .text()
                .contains("It was not me: stop it")
        );
        world.clock.advance(Duration::hours(47));
        recovery::mail_due(&world.app).await.unwrap();
        assert!(
            !world
                .mails_to(ana.person.email)
                .await
                .last()
                .unwrap()
                .letter
                .text
                .contains("/recover/")
        );
        world.clock.advance(Duration::hours(1));
        recovery::mail_due(&world.app).await.unwrap();
        recovery::mail_due(&world.app).await.unwrap();
        let before = queries::connectors::of_account(&world.app.pool, id_of(&world, &ana).await)
            .await
            .unwrap()
            .unwrap();
        let (mut browser, page) = world.opened(ana.person.email).await;
        assert!(
            page.text().contains("Take two-step sign-in off?"),
            "{}",
            page.text()
        );
        let done = browser.press(&page, &[]).await;
        assert_eq!(done.location(), "/sign-in?done=recovered", "{}", done.text());
        assert_eq!(
            signed.get("/dashboard").await.status,
            303,
            "every session is signed out"
        );
        let after = queries::connectors::of_account(&world.app.pool, id_of(&world, &ana).await)
            .await
            .unwrap()
            .unwrap();
        assert_ne!(before.token_sealed, after.token_sealed, "the link is a new one");
        let mail = world.mails_to(ana.person.email).await.pop().unwrap().letter;
        assert!(mail.text.contains("new one"), "{}", mail.text);
        let mut ana_again = world.signed_in(&ana).await;
        assert_eq!(ana_again.get("/dashboard").await.status, 200);
        assert!(!is_open(&world, &ana).await);
        assert!(
            !program
                .mcp(tokens.access())
                .request("tools/list", serde_json::json!({}))
                .await
                .is_error()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_with_the_password_begins_and_the_owner_ends_it() {
    test(async |world| {
        let ana = world.ana().clone();
        let (mut signed, app, _) = with_codes(&world, &ana).await;
        // From a living session.
        lose_all(&world, &ana).await;
        assert!(is_open(&world, &ana).await);
        let stopped = signed.post_once("/account/recovery/stop", &[]).await;
        assert_eq!(stopped.location(), "/account?done=recovery-stopped");
        assert!(!is_open(&world, &ana).await);
        assert!(!signed.get("/account").await.text().contains("It was not me"));
        // By a sign-in with a factor, and by one that is shown again.
        lose_all(&world, &ana).await;
        let mut browser = first_step(&world, &ana).await;
        let code = app.next(&world);
        step(&mut browser, &code).await;
        assert!(!is_open(&world, &ana).await);
        lose_all(&world, &ana).await;
        let code = app.next(&world);
        assert_eq!(again(&mut signed, &code, "account").await, "/account");
        assert!(!is_open(&world, &ana).await);
        // Three a day.
        let page = lose_all(&world, &ana).await;
        assert!(
            page.text().contains("three times within a day"),
            "{}",
            page.text()
        );
        world.clock.advance(Duration::days(10));
        recovery::mail_due(&world.app).await.unwrap();
        let mails = world.mails_to(ana.person.email).await;
        assert!(mails.iter().all(|mail| !mail.letter.text.contains("/recover/")));
        jobs::purge(&world.app).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_young_address_waits_and_the_one_before_is_told_too() {
    test(async |world| {
        let ana = world.ana().clone();
        world.clock.advance(Duration::days(30));
        let (mut browser, _, _) = with_codes(&world, &ana).await;
        browser
            .post(
                "/account/address",
                &[("password", PASSWORD), ("email", "new@example.test")],
            )
            .await;
        let link = world.link_mailed_to("new@example.test").await;
        let page = browser.open(&link).await;
        let done = browser.press(&page, &[]).await;
        assert_eq!(done.location(), "/account?done=address", "{}", done.text());
        world.clock.advance(Duration::days(1));
        let mut thief = world.browser();
        let page = thief
            .post(
                "/sign-in",
                &[("email", "new@example.test"), ("password", PASSWORD)],
            )
            .await;
        assert_eq!(page.location(), "/sign-in/factor");
        thief.post("/sign-in/factor/lost", &[]).await;
        for address in ["new@example.test", ana.person.email] {
            let mut mails = world.mails_to(address).await.into_iter();
            assert!(
                mails.any(|mail| mail.letter.subject.contains("recover")),
                "{address}"
            );
        }
        jobs::purge(&world.app).await.unwrap();
        let link = async |address: &str| {
            recovery::mail_due(&world.app).await.unwrap();
            let mails = world.mails_to(address).await;
            mails.last().unwrap().letter.text.contains("/recover/")
        };
        world.clock.advance(Duration::days(5) + Duration::hours(23));
        assert!(
            !link("new@example.test").await,
            "48 hours are over, seven days are not"
        );
        jobs::purge(&world.app).await.unwrap();
        world.clock.advance(Duration::hours(2));
        assert!(link("new@example.test").await && link(ana.person.email).await);
        for address in ["new@example.test", ana.person.email] {
            world.link_mailed_to(address).await;
        }
        // Not used in time, it is gone, and so is the old address.
        world.clock.advance(Duration::hours(25));
        jobs::purge(&world.app).await.unwrap();
        jobs::purge(&world.app).await.unwrap();
        assert!(!is_open(&world, &ana).await);
        let before: Option<String> = sqlx::query_scalar("select address_before from accounts where id = $1")
            .bind(id_of(&world, &ana).await.0)
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(before, None);
    })
    .await;
}
