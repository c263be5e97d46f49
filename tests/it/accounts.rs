//! From stranger to account and back in: sign up, confirm, forgot, reset. Hard cases 58-60, 64-66, 71, 72, 79.

use chrono::Duration;
use futures::future::join_all;
use icusync::{demo::seed::PASSWORD, queries, routes, start};
use reqwest::Method;

use crate::{
    pages::post_to,
    sessions::proxied,
    world::{Page, Proxy, World, form, test, test_with, url_of},
};

const NEW: &str = "new.person@example.test";
const CHOSEN: &str = "a long enough password";

async fn sign_up(world: &std::sync::Arc<World>, email: &str) -> Page {
    world.browser().post("/sign-up", &[("email", email)]).await
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
        let (mut browser, page) = world.opened(NEW).await;
        for (field, attribute, value) in [
            ("input[name=email]", "value", NEW),
            ("input[name=email]", "autocomplete", "username"),
            ("input[name=email]", "readonly", ""),
            ("input[name=password]", "autocomplete", "new-password"),
        ] {
            assert_eq!(
                page.attribute(field, attribute).as_deref(),
                Some(value),
                "{field}"
            );
        }
        let short = browser.press(&page, &[("password", "short")]).await;
        assert_eq!(short.status, 422);
        assert!(
            short.text().contains("at least 10 characters"),
            "{}",
            short.text()
        );
        let done = browser.press(&page, &[("password", CHOSEN)]).await;
        assert_eq!((done.status, done.location()), (303, "/dashboard"));
        let dashboard = browser.get("/dashboard").await;
        assert!(dashboard.text().contains(NEW) && dashboard.text().contains("Not connected"));
        let url = url_on(&browser.get("/connector").await);
        assert!(url.starts_with(&format!("{}/mcp/icul_", world.links)));
        world.secret(url.rsplit('/').next().unwrap());

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

// Two people sign up with one address: the person who reads its mail chooses the password, and nobody else has chosen anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_person_who_opens_the_mail_chooses_the_password() {
    test(async |world| {
        let stranger = "a password of somebody else";
        world.secret(stranger);
        sign_up(&world, NEW).await;
        let first = world.link_mailed_to(NEW).await;
        // What older forms sent, and what somebody makes up, is nobody's password.
        let fields = [("email", NEW), ("password", stranger)];
        assert_eq!(world.browser().post("/sign-up", &fields).await.status, 303);
        let second = world.link_mailed_to(NEW).await;

        // Nor do guesses at an account that does not exist yet keep her from it.
        for _ in 0..6 {
            let guess = [("email", NEW), ("password", stranger)];
            world.browser().post("/sign-in", &guess).await;
        }
        let mut dora = world.browser();
        let page = dora.open(&first).await;
        let done = dora.press(&page, &[("password", CHOSEN)]).await;
        assert_eq!((done.status, done.location()), (303, "/dashboard"));
        assert_eq!(world.browser().open(&second).await.status, 410);
        let signs_in = async |password: &str| {
            let fields = [("email", NEW), ("password", password)];
            world.browser().post("/sign-in", &fields).await.status == 303
        };
        world.clock.advance(Duration::minutes(1));
        assert!(!signs_in(stranger).await && signs_in(CHOSEN).await);
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
        // Without the page's own field the button does nothing, and nor does it from another site.
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
        assert_eq!(cross.press(&page, &[("password", CHOSEN)]).await.status, 403);
        assert!(
            queries::accounts::by_email(&world.app.pool, NEW)
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(scanner.press(&page, &[("password", CHOSEN)]).await.status, 303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn used_expired_ended_and_forged_links_are_one_page() {
    test(async |world| {
        sign_up(&world, NEW).await;
        let first = world.link_mailed_to(NEW).await;
        sign_up(&world, NEW).await;
        let second = world.link_mailed_to(NEW).await;
        assert_ne!(first, second);

        let mut browser = world.browser();
        assert_eq!(browser.open(&first).await.status, 200);
        let page = browser.open(&second).await;
        let id = page.form_id();
        assert_eq!(
            browser
                .post("/confirm", &[("form", &id), ("password", CHOSEN)])
                .await
                .status,
            303
        );
        let mut pages = vec![world.browser().open(&first).await];
        pages.push(world.browser().open(&second).await);
        for forged in ["/confirm/icum_AAAA", "/confirm/x", "/confirm/%ff", "/confirm/%00"] {
            pages.push(world.browser().open(forged).await);
        }
        sign_up(&world, "late@example.test").await;
        let link = world.link_mailed_to("late@example.test").await;
        let mut late = world.browser();
        let page = late.open(&link).await;
        world.clock.advance(Duration::hours(24));
        pages.push(late.get("/confirm").await);
        pages.push(late.press(&page, &[("password", CHOSEN)]).await);
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
        let id = browser.open(&link).await.form_id();
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
        let page = browser.open(&first).await;
        browser.open(&second).await;
        // The button of the first tab must not confirm the link of the second tab.
        assert_eq!(browser.press(&page, &[("password", CHOSEN)]).await.status, 410);
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
        let before = elsewhere.get("/connector").await;
        world.browser().post("/forgot", &[("email", email)]).await;
        let link = world.link_mailed_to(email).await;
        let mut browser = world.browser();
        let page = browser.open(&link).await;
        let short = browser.press(&page, &[("password", "short")]).await;
        assert_eq!(short.status, 422);
        assert!(
            short.text().contains("at least 10 characters"),
            "{}",
            short.text()
        );
        for guessed in ["Qwertyuiop12", email] {
            let refused = browser.press(&page, &[("password", guessed)]).await;
            assert_eq!(refused.status, 422);
            assert!(refused.text().contains("tried first"), "{}", refused.text());
        }
        let done = browser.press(&page, &[("password", CHOSEN)]).await;
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
        assert_eq!(world.browser().open(&link).await.status, 410);
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
        let after = old.get("/connector").await;
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
async fn a_reset_link_ends_after_half_an_hour_or_with_the_first_new_password() {
    test(async |world| {
        let email = world.ana().person.email;
        let mut links = Vec::new();
        for _ in 0..3 {
            world.browser().post("/forgot", &[("email", email)]).await;
            links.push(world.link_mailed_to(email).await);
            world.clock.advance(Duration::minutes(1));
        }
        for link in &links {
            assert_eq!(world.browser().open(link).await.status, 200);
        }
        world.clock.advance(Duration::minutes(27));
        assert_eq!(world.browser().open(&links[0]).await.status, 410);
        // An older link is spent, and the newer one ends with it.
        let mut browser = world.browser();
        let page = browser.open(&links[1]).await;
        assert_eq!(browser.press(&page, &[("password", CHOSEN)]).await.status, 303);
        for link in &links {
            assert_eq!(world.browser().open(link).await.status, 410);
        }
    })
    .await;
}

/// Two people who press the buttons of two links at once never wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_links_spent_at_once_one_counts() {
    test_with(
        |config| config.sign_ups_per_hour = 100,
        async |world| {
            for round in 0..6 {
                let email = format!("new{round}@example.test");
                let mut opened = Vec::new();
                for _ in 0..3 {
                    sign_up(&world, &email).await;
                    let link = world.link_mailed_to(&email).await;
                    let mut browser = world.browser();
                    let id = browser.open(&link).await.form_id();
                    opened.push((browser, id));
                }
                let all = join_all(opened.into_iter().map(|(mut browser, id)| async move {
                    let fields = [("form", id.as_str()), ("password", CHOSEN)];
                    browser.post("/confirm", &fields).await.status
                }))
                .await;
                assert_eq!(all.iter().filter(|status| **status == 303).count(), 1, "{all:?}");
                assert!(all.iter().all(|status| matches!(status, 303 | 410)), "{all:?}");
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_answered_alike_mails_are_capped_and_every_link_works() {
    test_with(
        |config| config.sign_ups_per_hour = 100,
        async |world| {
            let mut links = Vec::new();
            for number in 0..8 {
                let answer = sign_up(&world, NEW).await;
                assert_eq!((answer.status, answer.location()), (303, "/sign-up/sent"));
                // Sent one by one, so that the newest mail is the last one.
                let link = world.link_mailed_to(NEW).await;
                if number < 3 {
                    links.push(link);
                }
            }
            assert_eq!(world.mails_to(NEW).await.len(), 3);
            for link in &links {
                assert_eq!(world.browser().open(link).await.status, 200);
            }
            let mut browser = world.browser();
            let page = browser.open(&links[0]).await;
            assert_eq!(browser.press(&page, &[("password", CHOSEN)]).await.status, 303);
        },
    )
    .await;
}

/// A stranger asks as often as the limits allow, for two hours: at every moment the owner has a link that works, or gets one by
/// asking.
#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_leaves_an_owner_without_a_link() {
    test_with(
        |config| {
            config.sign_ups_per_hour = 1_000;
            config.sign_ins_per_minute = 1_000;
        },
        async |world| {
            let ana = world.ana().person.email;
            for path in ["/forgot", "/sign-up"] {
                let email = if path == "/forgot" { ana } else { NEW };
                let before = world.mails_to(email).await.len();
                for _ in 0..24 {
                    for _ in 0..4 {
                        world.browser().post(path, &[("email", email)]).await;
                    }
                    world.clock.advance(Duration::minutes(4));
                    world.browser().post(path, &[("email", email)]).await;
                    let link = world.link_mailed_to(email).await;
                    assert_eq!(world.browser().open(&link).await.status, 200, "{path}");
                    world.clock.advance(Duration::minutes(1));
                }
                let mails = world.mails_to(email).await.len() - before;
                assert!((6..=12).contains(&mails), "{path}: {mails} mails in two hours");
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_mail_an_address_no_more_than_one() {
    test(async |world| {
        let other = world.other_instance().await;
        let ana = world.ana().person.email;
        for number in 0..8 {
            let web = [&world.web, &other.web][number % 2];
            let mut browser = world.browser();
            let answer = browser.post(&format!("{web}/forgot"), &[("email", ana)]).await;
            assert_eq!(answer.location(), "/forgot/sent");
        }
        assert_eq!(world.mails_to(ana).await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_share_what_a_mailbox_may_get() {
    test_with(
        |config| config.sign_ups_per_hour = 100,
        async |world| {
            let mut sent = 0;
            for number in 0..8 {
                let email = format!("New.Person+{number}@example.test");
                assert_eq!(sign_up(&world, &email).await.location(), "/sign-up/sent");
                sent += world.mails_to(&email).await.len();
            }
            assert_eq!(sent, 3);
            // What others made up does not keep the mailbox's owner out.
            sign_up(&world, NEW).await;
            assert!(world.link_mailed_to(NEW).await.starts_with("/confirm/"));
            sign_up(&world, "other.person@example.test").await;
            assert_eq!(world.mails_to("other.person@example.test").await.len(), 1);
            let addresses: Vec<String> = sqlx::query_scalar("select email from mail_links order by email")
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
            assert!(
                addresses.contains(&"New.Person+1@example.test".to_owned()),
                "as typed: {addresses:?}"
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_are_reported_at_their_field() {
    test(async |world| {
        let long = format!("{}@example.test", "x".repeat(400));
        for bad in [
            "a@b\r\nBcc: x@example.test",
            "\"x\"@example.test",
            "<script>alert(1)</script>@example.test",
            "",
            &long,
        ] {
            let page = sign_up(&world, bad).await;
            assert_eq!(page.status, 422, "{bad:?}");
            assert_eq!(page.attribute("#email", "aria-invalid").as_deref(), Some("true"));
            let described = page.attribute("#email", "aria-describedby").unwrap();
            assert!(
                page.attribute(&format!("#{described}"), "class").is_some(),
                "the description is on the page"
            );
            assert!(!page.body.contains("<script>alert"), "{bad:?}");
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

/// The rule on who may sign up also applies when the account is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_was_closed_meanwhile_is_closed_behind_the_link_too() {
    test(async |world| {
        for (setting, email, status) in [
            ("closed", "one@example.test", 403),
            ("club.example", "two@example.test", 403),
            ("example.test", "three@example.test", 200),
        ] {
            sign_up(&world, email).await;
            let link = world.link_mailed_to(email).await;
            let token = link.rsplit('/').next().unwrap();
            let mut browser = world.browser();
            let id = browser.open(&link).await.form_id();
            let closed = world
                .other_instance_with(|config| config.sign_up = Some(setting.parse().unwrap()))
                .await;
            browser.extra = vec![
                ("cookie", format!("confirm={token}")),
                ("origin", closed.web.clone()),
            ];
            let url = format!("{}/confirm", closed.web);
            let page = browser.get(&url).await;
            assert_eq!(page.status, status, "{setting}");
            let pressed = browser.post(&url, &[("form", &id), ("password", CHOSEN)]).await;
            let made = queries::accounts::by_email(&world.app.pool, email).await.unwrap();
            if status == 403 {
                assert_eq!(pressed.status, 403, "{setting}");
                assert!(page.text().contains("Sign-up is closed here"), "{}", page.text());
            } else {
                assert_eq!(pressed.status, 303, "{}", pressed.text());
                world.secret(pressed.header("set-cookie").split(['=', ';']).nth(1).unwrap());
            }
            assert_eq!(made.is_some(), status == 200, "{setting}");
        }
    })
    .await;
}

/// Mails to unknown addresses have a total limit and a share for each network, counted for all instances, and a refusal looks
/// like any other answer. A person with an account or an athlete gets mail as before.
#[tokio::test(flavor = "multi_thread")]
async fn mails_to_strangers_have_a_ceiling_over_all_instances() {
    test_with(
        |config| {
            proxied(config);
            config.sign_ups_per_hour = 1_000;
            config.stranger_mails_per_hour = 30;
        },
        async |world| {
            world.coaches().await;
            let other = world.other_instance().await;
            let ask = async |network: u8, email: &str, there: bool| {
                let web = if there { &other.web } else { &world.web };
                let mut browser = world.browser();
                browser.extra = vec![
                    ("x-forwarded-for", format!("203.0.113.{network}")),
                    ("origin", web.clone()),
                ];
                let answer = browser.post(&format!("{web}/sign-up"), &[("email", email)]).await;
                assert_eq!((answer.status, answer.location()), (303, "/sign-up/sent"));
                world.mails_to(email).await.len()
            };
            let mut sent = 0;
            for number in 0..6 {
                sent += ask(1, &format!("one{number}@example.test"), number % 2 == 0).await;
            }
            assert_eq!(sent, 3, "a tenth for one network, whichever instance answers");
            for number in 0..40 {
                sent += ask(
                    2 + number / 3,
                    &format!("n{number}@example.test"),
                    number % 2 == 0,
                )
                .await;
            }
            assert_eq!(sent, 30, "and no more than the ceiling over all");
            assert_eq!(ask(99, world.nell().person.email, false).await, 1);
            assert!(ask(99, "coach@example.test", true).await > 0);
            assert_eq!(ask(99, NEW, true).await, 0);
            // A change of address is a mail to a stranger too.
            let mut ana = world.signed_in(&world.ana().clone()).await;
            let wish = [("email", NEW), ("password", PASSWORD)];
            assert_eq!(
                ana.post("/account/address", &wish).await.location(),
                "/account/address/sent"
            );
            assert!(world.mails_to(NEW).await.is_empty());
            world.clock.advance(Duration::hours(1));
            assert_eq!(ask(1, NEW, false).await, 1);
        },
    )
    .await;
}

/// A service on the world's database, behind a proxy that sees its statements.
async fn watched(world: &World) -> (axum::Router, Proxy, String) {
    let proxy = Proxy::to(&url_of(&world.database)).await;
    let reach = start::Reach::at(&proxy.url).unwrap();
    let ingredients = start::Ingredients {
        pool: reach.pool(&world.app.config).await.unwrap(),
        keys: world.app.keys.clone(),
        mail: world.app.mail.clone(),
        clock: world.clock.clone(),
        random: icusync::secrets::Random::from_os(),
    };
    let app = start::app(world.app.config.clone(), ingredients).unwrap();
    let host = app.config.public_url.authority();
    (routes::service(app), proxy, host)
}

/// The statements of a form's answer. What is kept and what is rolled back ends in one statement each.
async fn work(
    watched: &(axum::Router, Proxy, String),
    path: &str,
    fields: &[(&str, &str)],
    cookie: &str,
) -> Vec<String> {
    let (router, proxy, host) = watched;
    let headers = [("cookie", cookie)];
    let headers = if cookie.is_empty() { &[][..] } else { &headers[..] };
    proxy.statements();
    let answer = post_to(router, host, path, &form(fields), headers).await;
    assert_eq!(answer.status(), 303, "{path}");
    let ends = ["RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"];
    proxy
        .statements()
        .into_iter()
        .filter(|statement| !statement.contains("ping"))
        .map(
            |statement| match ends.iter().find(|end| statement.starts_with(**end)) {
                Some(_) => "the end of what was written".to_owned(),
                None => statement,
            },
        )
        .collect()
}

// Hard case 65: every form that asks for a mail takes the same statements in the same order for an address that is unknown,
// known, a coach's, not wanted, or above its limit.
#[tokio::test(flavor = "multi_thread")]
async fn every_ask_for_a_mail_takes_the_same_statements_whatever_becomes_of_it() {
    test_with(
        |config| {
            config.sign_ups_per_hour = 1_000;
            config.sign_ins_per_minute = 1_000;
            config.sign_ins_per_address = 1_000;
            config.stranger_mails_per_hour = 80;
            config.sign_up = Some("example.test".parse().unwrap());
        },
        async |world| {
            world.coaches().await;
            let ana = world.signed_in(&world.ana().clone()).await;
            let session = format!("s={}", ana.cookies["s"]);
            let watched = watched(&world).await;
            let (known, coach) = (world.jack().person.email, "coach@example.test");
            for (path, cookie) in [
                ("/sign-up", ""),
                ("/forgot", ""),
                ("/account/address", session.as_str()),
                ("/for-coaches/resend", ""),
                ("/for-coaches/regenerate", ""),
                ("/for-coaches/roster", ""),
            ] {
                let ask = async |email: &str| {
                    work(
                        &watched,
                        path,
                        &[("email", email), ("password", PASSWORD)],
                        cookie,
                    )
                    .await
                };
                let unknown = ask("first@example.test").await;
                let text = unknown.join("\n");
                for part in [
                    "insert into mail_links",
                    "insert into jobs",
                    "the end of what was written",
                ] {
                    assert_eq!(text.matches(part).count(), 1, "{path}: {part} in {text}");
                }
                // Each often enough to be above its limit; then so many strangers that the network is above its limit, too.
                for email in [
                    known,
                    coach,
                    "first@example.test",
                    "x@elsewhere.example",
                    "a+tag@example.test",
                ] {
                    for time in 1..=5 {
                        assert_eq!(ask(email).await, unknown, "{path}, {email}, the {time}. time");
                    }
                }
                for number in 0..9 {
                    let email = format!("stranger{number}@example.test");
                    assert_eq!(ask(&email).await, unknown, "{path}, {email}");
                }
            }
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
        browser.post("/sign-up", &[("email", NEW)]).await;
        let mails = world.mails_to(NEW).await;
        assert!(mails[0].letter.text.contains(&format!("{}/confirm/", world.web)));
        assert!(!mails[0].letter.text.contains("evil") && !mails[0].letter.html.contains("evil"));
        let mut forged = world.browser();
        forged.extra = vec![("host", "evil.example".to_owned())];
        let answer = forged
            .send(Method::POST, "/sign-up", Some(form(&[("email", NEW)])))
            .await;
        assert_eq!(answer.status, 421);
    })
    .await;
}

/// However an account goes about it, and however many ask at once, an address gets its share and no more.
#[tokio::test(flavor = "multi_thread")]
async fn no_way_of_asking_gets_an_address_more_than_its_share() {
    test_with(
        |config| {
            proxied(config);
            config.mails_per_day = 100;
        },
        async |world| {
            let coaches = world.coaches().await;
            let victim = coaches[0].email;
            let before = world.mails_to(victim).await.len();
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let mut password = PASSWORD.to_owned();
            for round in 0..9 {
                let fields = [("email", victim), ("password", password.as_str())];
                let asked = browser.post("/account/address", &fields).await;
                assert_eq!(asked.location(), "/account/address/sent", "{}", asked.text());
                // A new password ends the links, so that none of this kind is left.
                let next = format!("another one, number {round}");
                world.secret(&next);
                let fields = [("current", password.as_str()), ("password", next.as_str())];
                assert_eq!(browser.post("/account/password", &fields).await.status, 303);
                password = next;
            }
            assert_eq!(
                world.mails_to(victim).await.len() - before,
                3,
                "of an account that asks on and on"
            );

            let asks = (0..30).map(|number| {
                let mut browser = world.browser();
                browser.extra = vec![("x-forwarded-for", format!("203.0.113.{number}"))];
                async move {
                    browser
                        .post("/for-coaches/regenerate", &[("email", victim)])
                        .await
                        .status
                }
            });
            let statuses = futures::future::join_all(asks).await;
            assert!(
                statuses.iter().all(|status| matches!(status, 303 | 503)),
                "{statuses:?}"
            );
            let sent = world.mails_to(victim).await.len() - before - 3;
            assert!((1..=3).contains(&sent), "{sent} of thirty at one moment");
            for mail in world.mails_to(victim).await {
                for line in mail
                    .letter
                    .text
                    .lines()
                    .filter(|line| line.starts_with(&world.web))
                {
                    let token = line.rsplit('/').next().unwrap();
                    if token.starts_with("icu") {
                        world.secret(token);
                    }
                }
            }
            world.mails_to(world.ana().person.email).await;
        },
    )
    .await;
}
