//! Browser sessions. Hard cases 74-78, 81, 85, 86.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    demo::seed::PASSWORD,
    queries,
    secrets::{Token, TokenKind},
};
use reqwest::Method;
use sha2::{Digest as _, Sha256};

use crate::{
    database::until_waiting,
    pages::{post_to, service_with},
    world::{Browser, Page, World, form, test, test_with, url_of},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_has_every_flag_over_https() {
    test(async |world| {
        let router = service_with(&world, |config| {
            config.public_url = "https://icusync.example".parse().unwrap();
            config.link_url = "https://links.icusync.example".parse().unwrap();
        });
        let body = form(&[("email", world.ana().person.email), ("password", PASSWORD)]);
        let answer = post_to(&router, "icusync.example", "/sign-in", &body, &[]).await;
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let (pair, flags) = cookie.split_once("; ").unwrap();
        world.secret(pair.strip_prefix("__Host-s=").unwrap());
        assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000; Secure");
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_replaces_the_session_that_came_with_it() {
    test(async |world| {
        let ana = world.ana().clone();
        let mut browser = world.signed_in(&ana).await;
        let before = browser.clone();
        browser
            .post("/sign-in", &[("email", ana.person.email), ("password", PASSWORD)])
            .await;
        assert_ne!(before.cookies["s"], browser.cookies["s"]);
        assert_eq!(browser.get("/dashboard").await.status, 200);
        assert_eq!(
            before.clone().get("/dashboard").await.status,
            303,
            "the cookie from before is worth nothing"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_out_the_cookie_is_dead() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let kept = browser.clone();
        let out = browser.post("/sign-out", &[]).await;
        assert_eq!((out.status, out.location()), (303, "/"));
        assert!(browser.cookies.is_empty());
        let replay = kept.clone().get("/dashboard").await;
        assert_eq!(
            (replay.status, replay.location()),
            (303, "/sign-in?next=dashboard")
        );
        assert_eq!(
            kept.clone().get("/sign-out").await.status,
            405,
            "a link cannot sign anybody out"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_cookies_are_no_session() {
    test(async |world| {
        let browser = world.signed_in(&world.ana().clone()).await;
        let good = browser.cookies["s"].clone();
        let other_kind = Token::mint(TokenKind::Mail, &world.app.random);
        let unknown = Token::mint(TokenKind::Session, &world.app.random);
        let mut flipped = good.clone();
        flipped.replace_range(10..11, if &good[10..11] == "A" { "B" } else { "A" });
        for cookie in [
            format!("s={flipped}"),
            format!("s={}", &good[..good.len() - 1]),
            format!("s={good}x"),
            format!("s={good}; s={good}"),
            format!("s={good}; s=other"),
            format!("s={}", other_kind.expose()),
            format!("s={}", unknown.expose()),
            format!("S={good}"),
            format!("__Host-s={good}"),
            format!("s={good}; junk={}", "x".repeat(9_000)),
            "s=".to_owned(),
            "s".to_owned(),
        ] {
            let mut stranger = world.browser();
            stranger.extra = vec![("cookie", cookie.clone())];
            let page = stranger.get("/dashboard").await;
            assert_eq!(page.status, 303, "{}", cookie.replace(&good, "GOOD"));
        }
        let mut twice = world.browser();
        twice.extra = vec![("cookie", format!("a=b; s={good}; c=d"))];
        assert_eq!(
            twice.get("/dashboard").await.status,
            200,
            "among others it counts"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_a_fortnight_unused_and_ninety_days_at_most() {
    test(async |world| {
        let mut idle = world.signed_in(&world.ana().clone()).await;
        world.clock.advance(Duration::days(14) - Duration::seconds(1));
        assert_eq!(idle.get("/dashboard").await.status, 200);
        world.clock.advance(Duration::days(14));
        assert_eq!(idle.get("/dashboard").await.status, 303);

        let mut busy = world.signed_in(&world.ana().clone()).await;
        for _ in 0..8 {
            world.clock.advance(Duration::days(10));
            assert_eq!(busy.get("/dashboard").await.status, 200);
        }
        world.clock.advance(Duration::days(10));
        assert_eq!(busy.get("/dashboard").await.status, 303, "ninety days are over");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_last_use_is_written_at_most_once_a_minute() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let hash = Token::parse(TokenKind::Session, &browser.cookies["s"])
            .unwrap()
            .hash();
        let long_ago = world.clock.now() - Duration::days(1);
        let seen = async || {
            queries::sessions::living(&world.app.pool, hash, None, long_ago, long_ago)
                .await
                .unwrap()
                .unwrap()
                .last_seen_at
        };
        let began = seen().await;
        world.clock.advance(Duration::seconds(59));
        browser.get("/dashboard").await;
        assert_eq!(seen().await, began);
        world.clock.advance(Duration::seconds(1));
        browser.get("/dashboard").await;
        assert_eq!(seen().await, began + Duration::seconds(60));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_in_a_person_returns_to_one_of_our_pages() {
    test_with(
        |config| {
            config.sign_ins_per_minute = 100;
            config.sign_ins_per_address = 100;
        },
        async |world| {
            let mut browser = world.browser();
            let stopped = browser.get("/activity?before=x").await;
            assert_eq!(stopped.location(), "/sign-in?next=activity");
            let page = browser.get("/sign-in?next=activity").await;
            assert_eq!(
                page.attribute("input[name=next]", "value").as_deref(),
                Some("activity")
            );
            for evil in [
                "//evil.example",
                "/\\evil.example",
                "https:evil.example",
                "%2f%2fevil",
                "javascript:alert(1)",
            ] {
                let page = world.browser().get(&format!("/sign-in?next={evil}")).await;
                assert_eq!(
                    page.attribute("input[name=next]", "value").as_deref(),
                    Some("dashboard")
                );
                let fields = [
                    ("email", world.ana().person.email),
                    ("password", PASSWORD),
                    ("next", evil),
                ];
                assert_eq!(
                    world.browser().post("/sign-in", &fields).await.location(),
                    "/dashboard"
                );
            }
            let fields = [
                ("email", world.ana().person.email),
                ("password", PASSWORD),
                ("next", "activity"),
            ];
            assert_eq!(browser.post("/sign-in", &fields).await.location(), "/activity");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_wrong_are_one_answer() {
    test_with(
        |config| config.sign_ins_per_minute = 100,
        async |world| {
            let mut bodies = Vec::new();
            let long = "x".repeat(300);
            for (email, password) in [
                (world.ana().person.email, "not the password"),
                ("nobody@example.test", "not the password"),
                ("no address at all", "not the password"),
                (world.ana().person.email, ""),
                (world.ana().person.email, long.as_str()),
            ] {
                let page = world
                    .browser()
                    .post("/sign-in", &[("email", email), ("password", password)])
                    .await;
                assert_eq!(page.status, 422);
                assert!(
                    page.headers
                        .get_all("set-cookie")
                        .iter()
                        .all(|set| !set.to_str().unwrap().starts_with("s="))
                );
                // The question for a passkey is another one on each page.
                let (before, rest) = page
                    .body
                    .split_once("<form method=\"post\" action=\"/sign-in/passkey\"")
                    .unwrap();
                let (_, after) = rest.split_once("</form>").unwrap();
                bodies.push(format!("{before}{after}").replace(email, ""));
            }
            assert!(bodies.iter().all(|body| *body == bodies[0]));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_run_out_and_the_page_says_when_to_come_back() {
    test(async |world| {
        let jack = world.jack().person.email;
        for _ in 0..5 {
            let page = world
                .browser()
                .post("/sign-in", &[("email", jack), ("password", "wrong password")])
                .await;
            assert_eq!(page.status, 422);
        }
        let page = world
            .browser()
            .post("/sign-in", &[("email", jack), ("password", PASSWORD)])
            .await;
        assert_eq!(page.status, 429, "the right password does not help either");
        let wait: u64 = page.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait));
        assert!(page.text().contains("Too many tries"));
        let forged = |address: &'static str| {
            let mut browser = world.browser();
            browser.extra = vec![
                ("x-forwarded-for", address.to_owned()),
                ("fly-client-ip", address.to_owned()),
            ];
            browser
        };
        let mut last = 0;
        for n in 0..10 {
            let email = format!("{n}@example.test");
            last = forged("198.51.100.7")
                .post("/sign-in", &[("email", &email), ("password", "wrong password")])
                .await
                .status;
        }
        assert_eq!(last, 429, "a forged header makes no new client");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_our_proxy_each_client_has_its_own_allowance() {
    test_with(
        |config| {
            config.client_ip_header = Some("X-Forwarded-For".to_owned());
            config.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
            config.sign_ins_per_minute = 2;
        },
        async |world| {
            let status = async |address: &str, email: &str| {
                let mut browser = world.browser();
                browser.extra = vec![("x-forwarded-for", address.to_owned())];
                browser
                    .post("/sign-in", &[("email", email), ("password", "wrong password")])
                    .await
                    .status
            };
            assert_eq!(status("2001:db8:1:2::1", "a@example.test").await, 422);
            assert_eq!(status("2001:db8:1:2::2", "b@example.test").await, 422);
            assert_eq!(
                status("2001:db8:1:2:ffff::3", "c@example.test").await,
                429,
                "one /64 is one client"
            );
            assert_eq!(status("2001:db8:1:3::1", "d@example.test").await, 422);
            assert_eq!(
                status("6.6.6.6, 2001:db8:1:2::9", "e@example.test").await,
                429,
                "what the client wrote first counts not"
            );
        },
    )
    .await;
}

/// A service behind a proxy of our own, so that a test can come from anywhere.
pub fn proxied(config: &mut icusync::config::Config) {
    config.client_ip_header = Some("X-Forwarded-For".to_owned());
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
}

/// A browser in the network 203.0.113.`network`.
fn from(world: &Arc<World>, network: usize) -> Browser {
    let mut browser = world.browser();
    browser.extra = vec![("x-forwarded-for", format!("203.0.113.{network}"))];
    browser
}

async fn sign_in(mut browser: Browser, web: &str, email: &str, password: &str) -> Page {
    let fields = [("email", email), ("password", password)];
    browser.post(&format!("{web}/sign-in"), &fields).await
}

const WRONG: &str = "a wrong password";

#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_uses_up_the_tries_of_an_owner() {
    test_with(proxied, async |world| {
        let (ana, web) = (world.ana().person.email, world.web.clone());
        let mut at_home = from(&world, 1);
        let fields = [("email", ana), ("password", PASSWORD)];
        assert_eq!(at_home.post("/sign-in", &fields).await.status, 303);
        let statuses = async |network: usize| {
            let mut all = Vec::new();
            for _ in 0..6 {
                all.push(sign_in(from(&world, network), &web, ana, WRONG).await.status);
            }
            all
        };
        for network in [2, 3] {
            assert_eq!(statuses(network).await, [422, 422, 422, 422, 422, 429]);
        }
        let there = sign_in(from(&world, 2), &web, ana, PASSWORD).await;
        assert_eq!(
            there.status, 429,
            "where the guesses came from, the right one does not help either"
        );
        assert!((1..=60).contains(&there.header("retry-after").parse::<u64>().unwrap()));
        assert_eq!(sign_in(from(&world, 4), &web, ana, PASSWORD).await.status, 303);
        // Nobody else can use up what her session proves.
        for (path, fields) in [
            (
                "/account/password",
                [("current", WRONG), ("password", "another long one")],
            ),
            (
                "/account/address",
                [("email", "new@example.test"), ("password", WRONG)],
            ),
            ("/account/delete", [("word", "delete"), ("password", WRONG)]),
        ] {
            assert_eq!(at_home.post(path, &fields).await.status, 422, "{path}");
        }
        let wish = [("email", "new@example.test"), ("password", PASSWORD)];
        assert_eq!(at_home.post("/account/address", &wish).await.status, 303);
        world.mails_to("new@example.test").await;
        world.clock.advance(Duration::minutes(1));
        assert_eq!(sign_in(from(&world, 2), &web, ana, PASSWORD).await.status, 303);
    })
    .await;
}

/// Of many at once, each sees those before it: none is counted while another is about to be.
#[tokio::test(flavor = "multi_thread")]
async fn a_try_waits_for_one_that_is_being_counted() {
    test_with(
        |config| config.sign_ins_per_address_an_hour = 1,
        async |world| {
            let (ana, now) = (world.ana().person.email, world.clock.now());
            let subject = Sha256::digest(format!("address\0{ana}"));
            let key = i64::from_be_bytes(*subject.first_chunk().unwrap());
            let mut other = world.app.pool.begin().await.unwrap();
            sqlx::query("select pg_advisory_xact_lock($1)")
                .bind(key)
                .execute(&mut *other)
                .await
                .unwrap();
            let count = async {
                until_waiting(&url_of(&world.database), 1).await;
                sqlx::query("insert into tries values (gen_random_uuid(), $1, $2, false)")
                    .bind(&subject[..])
                    .bind(now)
                    .execute(&mut *other)
                    .await
                    .unwrap();
                other.commit().await.unwrap();
            };
            let (page, ()) = tokio::join!(sign_in(world.browser(), &world.web, ana, PASSWORD), count);
            assert_eq!(page.status, 429, "it saw what was counted meanwhile");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn right_passwords_count_for_nothing() {
    test_with(proxied, async |world| {
        let web = world.web.clone();
        for round in 0..8 {
            for seeded in [world.ana(), world.jack()] {
                let page = sign_in(from(&world, 1), &web, seeded.person.email, PASSWORD).await;
                assert_eq!(page.status, 303, "round {round}");
            }
        }
        let left: i64 = sqlx::query_scalar("select count(*) from tries")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
        // And a few slips in between do not keep the right person out.
        for _ in 0..4 {
            let jack = world.jack().person.email;
            assert_eq!(sign_in(from(&world, 1), &web, jack, WRONG).await.status, 422);
            assert_eq!(sign_in(from(&world, 1), &web, jack, PASSWORD).await.status, 303);
        }
    })
    .await;
}

async fn tries_left(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from tries")
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// A double click, a reload, a club behind one address: a person who knows the password is never counted.
#[tokio::test(flavor = "multi_thread")]
async fn right_passwords_at_once_or_cut_off_count_for_nothing() {
    test_with(proxied, async |world| {
        let web = world.web.clone();
        let ana = world.ana().person.email;
        let at_once = (0..16).map(|number| {
            let email = [ana, world.jack().person.email, world.tria().person.email][number % 3];
            sign_in(from(&world, 1), &web, email, PASSWORD)
        });
        for page in futures::future::join_all(at_once).await {
            assert_eq!(page.status, 303, "{}", page.text());
        }
        for _ in 0..8 {
            let sent = sign_in(from(&world, 1), &web, ana, PASSWORD);
            let _ = tokio::time::timeout(std::time::Duration::from_millis(15), sent).await;
        }
        assert_eq!(sign_in(from(&world, 1), &web, ana, PASSWORD).await.status, 303);
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while tries_left(&world).await > 0 {
            assert!(
                std::time::Instant::now() < until,
                "what was cut off is judged all the same"
            );
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A right password that was replaced while it was being checked is refused, and a link that was mailed to the address before
/// sets none.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_regenerated_meanwhile_is_not_valid() {
    test_with(proxied, async |world| {
        let (ana, web) = (world.ana().person.email, world.web.clone());
        let jack = world.jack().person.email;
        let mut change = world.app.pool.begin().await.unwrap();
        let id = queries::accounts::by_email(&world.app.pool, ana)
            .await
            .unwrap()
            .unwrap()
            .id;
        let stands = queries::accounts::lock_password_of(&mut *change, id)
            .await
            .unwrap();
        let another = async {
            until_waiting(&url_of(&world.database), 1).await;
            sqlx::query("update accounts set password_hash = 'another' where id = $1")
                .bind(id.0)
                .execute(&mut *change)
                .await
                .unwrap();
            change.commit().await.unwrap();
        };
        let (page, ()) = tokio::join!(sign_in(from(&world, 1), &web, ana, PASSWORD), another);
        assert_eq!(page.status, 422);
        let sessions: i64 = sqlx::query_scalar("select count(*) from sessions")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(sessions, 0);
        queries::accounts::set_password(&world.app.pool, id, &stands.unwrap())
            .await
            .unwrap();

        let mut browser = from(&world, 2);
        browser.post("/forgot", &[("email", jack)]).await;
        let link = world.link_mailed_to(jack).await;
        sqlx::query(
            "update accounts set email = 'j@new.example', email_key = 'j@new.example' where email_key = $1",
        )
        .bind(jack)
        .execute(&world.app.pool)
        .await
        .unwrap();
        let page = browser.open(&link).await;
        assert_eq!(
            browser
                .press(&page, &[("password", "chosen by somebody else")])
                .await
                .status,
            410
        );
        assert_eq!(
            sign_in(from(&world, 3), &web, "j@new.example", PASSWORD)
                .await
                .status,
            303
        );
    })
    .await;
}

/// A new password ends guesses from everywhere: its owner chose it with a mail that nobody else reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_forgets_the_guesses_at_the_old_one() {
    test_with(
        |config| {
            proxied(config);
            config.sign_ins_per_address_an_hour = 4;
        },
        async |world| {
            let (ana, web) = (world.ana().person.email, world.web.clone());
            for number in 0..4 {
                assert_eq!(sign_in(from(&world, number), &web, ana, WRONG).await.status, 422);
            }
            assert_eq!(sign_in(from(&world, 9), &web, ana, PASSWORD).await.status, 429);
            let mut browser = from(&world, 10);
            browser.post("/forgot", &[("email", ana)]).await;
            let link = world.link_mailed_to(ana).await;
            let page = browser.open(&link).await;
            let chosen = "chosen after the storm";
            world.secret(chosen);
            assert_eq!(browser.press(&page, &[("password", chosen)]).await.status, 303);
            assert_eq!(sign_in(from(&world, 11), &web, ana, chosen).await.status, 303);
            world.mails_to(ana).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_everywhere_together_end_far_above_those_from_one_place() {
    test_with(
        |config| {
            proxied(config);
            config.sign_ins_per_address_an_hour = 23;
        },
        async |world| {
            let (ana, web) = (world.ana().person.email, world.web.clone());
            let mut statuses = Vec::new();
            for number in 0..25 {
                statuses.push(
                    sign_in(from(&world, 1 + number / 5), &web, ana, WRONG)
                        .await
                        .status,
                );
            }
            assert_eq!(statuses[..23], [422; 23]);
            assert_eq!(statuses[23..], [429; 2]);
            world.clock.advance(Duration::minutes(50));
            let refused = sign_in(from(&world, 9), &web, ana, PASSWORD).await;
            assert_eq!((refused.status, refused.header("retry-after")), (429, "600"));
            let jack = world.jack().person.email;
            assert_eq!(sign_in(from(&world, 9), &web, jack, PASSWORD).await.status, 303);
            world.clock.advance(Duration::minutes(10));
            assert_eq!(sign_in(from(&world, 9), &web, ana, PASSWORD).await.status, 303);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_allow_no_more_attempts_than_one_nor_do_many_at_once() {
    test_with(
        |config| {
            proxied(config);
            config.sign_ins_per_minute = 1_000;
        },
        async |world| {
            let other = world.other_instance().await;
            let ana = world.ana().person.email;
            for number in 0..5 {
                let web = [&world.web, &other.web][number % 2];
                assert_eq!(sign_in(from(&world, 1), web, ana, WRONG).await.status, 422);
            }
            for web in [&world.web, &other.web] {
                assert_eq!(sign_in(from(&world, 1), web, ana, PASSWORD).await.status, 429);
            }
            let all = futures::future::join_all((0..200).map(|number| {
                let web = [&world.web, &other.web][number % 2];
                sign_in(from(&world, 2), web, ana, WRONG)
            }))
            .await;
            let guessed = all.iter().filter(|page| page.status == 422).count();
            let statuses: Vec<u16> = all.iter().map(|page| page.status).collect();
            assert_eq!(guessed, 5, "{statuses:?}");
            // A person without a connection in time saw an error, and nothing was counted.
            assert!(
                statuses.iter().all(|status| matches!(status, 422 | 429 | 503)),
                "{statuses:?}"
            );
            // One session's guesses count at both, too.
            let mut browser = from(&world, 3);
            browser
                .post("/sign-in", &[("email", ana), ("password", PASSWORD)])
                .await;
            browser
                .extra
                .push(("cookie", format!("s={}", browser.cookies["s"])));
            let mut statuses = Vec::new();
            for number in 0..7 {
                let web = [&world.web, &other.web][number % 2];
                let fields = [("word", "delete"), ("password", WRONG)];
                statuses.push(
                    browser
                        .post(&format!("{web}/account/delete"), &fields)
                        .await
                        .status,
                );
            }
            assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429]);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_of_password_never_reaches_the_hash() {
    test(async |world| {
        let body = form(&[
            ("email", world.ana().person.email),
            ("password", &"x".repeat(1_000_000)),
        ]);
        let page = world.browser().send(Method::POST, "/sign-in", Some(body)).await;
        assert_eq!(page.status, 413);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sign_ins_at_once_take_no_more_than_their_seats_86() {
    test_with(
        |config| {
            config.sign_ins_per_minute = 1_000;
            config.sign_ins_per_address = 1_000;
            config.passwords_at_once = 2;
        },
        async |world| {
            let all = futures::future::join_all((0..200).map(|n| {
                let mut browser = world.browser();
                async move {
                    let email = format!("{n}@example.test");
                    browser
                        .post("/sign-in", &[("email", &email), ("password", "wrong password")])
                        .await
                        .status
                }
            }));
            let meanwhile = async {
                let mut stranger = world.browser();
                for _ in 0..20 {
                    assert_eq!(stranger.get("/sign-in").await.status, 200, "pages go on");
                }
            };
            let (all, ()) = tokio::join!(all, meanwhile);
            // Those that found no seat within a page's time see an error; nobody gets in and nothing breaks.
            assert!(all.iter().all(|status| matches!(status, 422 | 503)), "{all:?}");
            assert!(all.contains(&422));
            let ana = [("email", world.ana().person.email), ("password", PASSWORD)];
            assert_eq!(world.browser().post("/sign-in", &ana).await.status, 303);
        },
    )
    .await;
}
