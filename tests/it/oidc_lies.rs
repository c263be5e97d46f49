//! An identity provider that lies, is slow, or is not there, at the front door: nobody comes in, nothing is kept, and the page says
//! whose turn it is.

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    config::{Config, SignUp},
    oidc::Failure,
    queries,
    time::Clock,
};
use serde_json::{Value, json};

use crate::{
    oidc_provider::LIES,
    world::{
        Browser, Liar, Lie, NOW, Page, World,
        identity_provider::{CLIENT_SECRET, LOGOUT},
        liar::{LAST_SECOND, LOGOUT_EVENT},
        test_with,
    },
};

/// An account of its own at the first sign-in.
const ADDRESS: &str = "nora@club.example";

/// A world whose provider is a liar that knows one person.
async fn lied_to<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>, Liar) -> F) {
    lied_to_with(|config| config.sign_ins_per_minute = 1_000, body).await;
}

async fn lied_to_with<F: Future<Output = ()>>(
    tweak: impl FnOnce(&mut Config),
    body: impl FnOnce(Arc<World>, Liar) -> F,
) {
    icusync::install_crypto();
    let clock = Clock::fake(NOW.parse().unwrap());
    let claims = json!({"sub": "nora", "email": ADDRESS, "email_verified": true, "groups": ["riders"]});
    let liar = Liar::start(&clock, claims).await;
    let there = liar.clone();
    test_with(
        |config| {
            there.configure(config);
            config.oidc_name = Some("The house".to_owned());
            config.sign_up = Some(SignUp::Open);
            tweak(config);
        },
        async |world| {
            world.secret(CLIENT_SECRET);
            body(world, liar).await;
        },
    )
    .await;
}

/// To the provider and back, as an athlete: the page of the callback.
async fn signs_in(browser: &mut Browser) -> Page {
    let away = browser.post_once("/sign-in/provider", &[("as", "athlete")]).await;
    if away.status != 303 {
        return away;
    }
    let there = away.location().to_owned();
    let back = browser.get(&there).await.location().to_owned();
    browser.get(&back).await
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/dashboard").await.status == 200
}

async fn count(world: &World, question: &'static str) -> i64 {
    sqlx::query_scalar(question)
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// Rows that a sign-in makes.
async fn made(world: &World) -> [i64; 4] {
    [
        count(world, "select count(*) from identities").await,
        count(world, "select count(*) from accounts").await,
        count(world, "select count(*) from sessions").await,
        count(world, "select count(*) from identity_offers").await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_lets_anybody_in() {
    lied_to(async |world, liar| {
        let mut nora = world.browser();
        let page = signs_in(&mut nora).await;
        assert_eq!(page.status, 303, "{}", page.text());
        assert!(is_signed_in(&mut nora).await);
        let before = made(&world).await;
        let told = LIES
            .into_iter()
            .filter(|(lie, _)| *lie > Lie::NoKeys)
            .filter_map(|(lie, failure)| Some((lie, failure?)));
        for (lie, failure) in told {
            liar.tells(&[lie]);
            let mut browser = world.browser();
            let page = signs_in(&mut browser).await;
            let (status, title) = match failure {
                Failure::Away => (503, "The house does not answer"),
                Failure::Refused => (400, "That took a little too long"),
                Failure::Wrong("clock") => (502, "The clocks differ"),
                Failure::Wrong(_) => (502, "The house sent something odd"),
            };
            assert_eq!(page.status, status, "{lie:?}: {}", page.text());
            assert!(page.text().contains(title), "{lie:?}: {}", page.text());
            assert!(!is_signed_in(&mut browser).await, "{lie:?}");
        }
        assert_eq!(made(&world).await, before);
        liar.tells(&[]);
        let mut browser = world.browser();
        assert_eq!(signs_in(&mut browser).await.status, 303);
        assert!(is_signed_in(&mut browser).await && is_signed_in(&mut nora).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_with_another_algorithms_signature_comes_in_and_with_a_wrong_one_does_not() {
    lied_to(async |world, liar| {
        for alg in ["ES256", "ES384", "PS256", "PS384"] {
            // Later than the minute in which new keys are not looked for again.
            world.clock.advance(chrono::Duration::minutes(2));
            liar.clock.advance(chrono::Duration::minutes(2));
            liar.signs_with(alg).await;
            let mut nora = world.browser();
            let page = signs_in(&mut nora).await;
            assert_eq!(page.status, 303, "{alg}: {}", page.text());
            assert!(is_signed_in(&mut nora).await, "{alg}");
            for lie in [Lie::OtherKey, Lie::OtherAlg, Lie::Garbled] {
                liar.tells(&[lie]);
                let mut browser = world.browser();
                let page = signs_in(&mut browser).await;
                assert_eq!(page.status, 502, "{alg}, {lie:?}: {}", page.text());
                assert!(!is_signed_in(&mut browser).await, "{alg}, {lie:?}");
            }
            liar.tells(&[]);
        }
        assert_eq!(count(&world, "select count(*) from identities").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_the_providers_word_makes_no_account() {
    lied_to(async |world, liar| {
        let before = made(&world).await;
        for claims in [
            json!({"email_verified": false}),
            json!({"email_verified": null}),
            json!({"email": world.ana().person.email, "email_verified": "no"}),
            json!({"email": null, "email_verified": true}),
        ] {
            liar.says(claims.clone());
            let mut browser = world.browser();
            let page = signs_in(&mut browser).await;
            assert!(
                [403, 502].contains(&page.status),
                "{claims}: {} {}",
                page.status,
                page.text()
            );
            assert!(!is_signed_in(&mut browser).await, "{claims}");
        }
        assert_eq!(made(&world).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_provider_costs_its_own_people_five_seconds_and_nobody_else() {
    lied_to(async |world, liar| {
        liar.tells(&[Lie::TokenSlow]);
        // On a busy machine a password alone can take longer than five seconds, so that one turn of three is enough.
        for turn in 1.. {
            let began = tokio::time::Instant::now();
            let mut browser = world.browser();
            let slow = async {
                let page = signs_in(&mut browser).await;
                (page, began.elapsed())
            };
            let ana = async {
                let mut ana = world.signed_in(world.ana()).await;
                assert!(is_signed_in(&mut ana).await);
                began.elapsed()
            };
            let ((page, slow), others) = tokio::join!(slow, ana);
            assert_eq!(page.status, 503, "{}", page.text());
            // The provider would answer after ten.
            assert!((4.9..9.9).contains(&slow.as_secs_f32()), "{slow:?}");
            if others < slow {
                break;
            }
            assert!(turn < 3, "{slow:?} {others:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_without_its_provider_and_its_other_ways_work() {
    test_with(
        |config| {
            config.oidc_issuer = Some("http://localhost:1".parse().unwrap());
            config.oidc_client_id = Some("icusync".to_owned());
            config.oidc_client_secret = Some(CLIENT_SECRET.to_owned().into());
        },
        async |world| {
            let mut browser = world.browser();
            let page = browser.get("/sign-in").await;
            assert!(page.text().contains("Continue with localhost"), "{}", page.text());
            let page = signs_in(&mut browser).await;
            assert_eq!(page.status, 503, "{}", page.text());
            assert!(
                page.text().contains("localhost does not answer"),
                "{}",
                page.text()
            );
            let mut ana = world.signed_in(world.ana()).await;
            assert!(is_signed_in(&mut ana).await);
        },
    )
    .await;
}

/// What the back-channel answers.
async fn told(world: &Arc<World>, token: &str) -> Page {
    world
        .browser()
        .post_once(LOGOUT, &[("logout_token", token)])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_sign_out_ends_nothing_and_a_right_one_counts_once() {
    lied_to(async |world, liar| {
        let mut nora = world.browser();
        assert_eq!(signs_in(&mut nora).await.status, 303);
        let forged: [fn(&mut Value, &mut Value); 10] = [
            |header, _| header["alg"] = json!("none"),
            |header, _| header["alg"] = json!("HS256"),
            |header, _| header["kid"] = json!("another"),
            |header, _| header["typ"] = json!("at+jwt"),
            |_, payload| payload["iss"] = json!("https://other.example"),
            |_, payload| payload["aud"] = json!("other"),
            |_, payload| payload["nonce"] = json!("n"),
            |_, payload| payload["events"] = json!({"other": {}}),
            |_, payload| payload["iat"] = json!(payload["iat"].as_i64().unwrap() - 301),
            |_, payload| payload["exp"] = Value::Null,
        ];
        for (number, tweak) in forged.into_iter().enumerate() {
            let page = told(&world, &liar.logout_token(tweak)).await;
            assert_eq!(page.status, 400, "{number}: {}", page.body);
            assert_eq!(page.header("cache-control"), "no-store");
            assert!(!page.body.contains(LOGOUT_EVENT) && page.body.contains("invalid_request"));
        }
        assert_eq!(told(&world, "not a token").await.status, 400);
        assert!(is_signed_in(&mut nora).await);

        let token = liar.logout_token(|_, _| ());
        assert_eq!(told(&world, &token).await.status, 200);
        assert!(!is_signed_in(&mut nora).await);
        assert_eq!(signs_in(&mut nora).await.status, 303);
        assert_eq!(told(&world, &token).await.status, 400, "it came before");
        assert!(is_signed_in(&mut nora).await);

        // By the name of the session alone.
        let token = liar.logout_token(|_, payload| {
            payload["sub"] = Value::Null;
            payload["sid"] = json!("session-1");
        });
        assert_eq!(told(&world, &token).await.status, 200);
        assert!(!is_signed_in(&mut nora).await);
    })
    .await;
}

/// It is later here and there.
fn later(world: &World, liar: &Liar, minutes: i64) {
    world.clock.advance(Duration::minutes(minutes));
    liar.advance(Duration::minutes(minutes));
}

/// Only a group of the provider's lets anybody in, so that it is asked again.
async fn by_group(world: &World) {
    queries::policies::insert(&world.app.pool, "athletes group riders", world.clock.now())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_of_the_first_consent_outlives_later_sign_ins() {
    lied_to(async |world, liar| {
        by_group(&world).await;
        liar.tells(&[Lie::OneRefresh]);
        let mut nora = world.browser();
        assert_eq!(signs_in(&mut nora).await.status, 303);
        let mut second = world.browser();
        assert_eq!(signs_in(&mut second).await.status, 303);
        // A proof that the owner is there, too, brings none.
        let away = nora.post_once("/account/prove", &[("next", "ways")]).await;
        let back = nora.get(away.location()).await.location().to_owned();
        assert_eq!(nora.get(&back).await.location(), "/account/ways");
        for _ in 0..2 {
            // The access token has expired.
            later(&world, &liar, 16);
            let asked = liar.asked("token");
            assert!(is_signed_in(&mut nora).await && is_signed_in(&mut second).await);
            assert_eq!(liar.asked("token"), asked + 1);
        }
        // What it says then is what counts.
        liar.says(json!({"groups": []}));
        later(&world, &liar, 16);
        let page = nora.get("/dashboard").await;
        assert!(
            page.status == 403 && page.text().contains("You have no access here"),
            "{}",
            page.text()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definite_no_counts_at_once_and_no_answer_does_not() {
    let tweak = |config: &mut Config| {
        config.sign_ins_per_minute = 1_000;
        config.oidc_recheck = 1;
    };
    lied_to_with(tweak, async |world, liar| {
        by_group(&world).await;
        for (lies, minutes, is_no) in [
            // While the access token lives, and there is nothing else to ask with.
            (&[Lie::Userinfo(403)][..], 2, true),
            (&[Lie::Userinfo(400)], 2, true),
            (&[Lie::UserinfoRefuses], 2, true),
            (&[Lie::Userinfo(404)], 2, false),
            (&[Lie::UserinfoFails], 2, false),
            // By the refresh token.
            (&[Lie::TokenError("access_denied")], 11, true),
            (&[Lie::TokenError("interaction_required")], 11, true),
            (&[Lie::TokenError("unauthorized_client")], 11, false),
            (&[Lie::TokenError("server_error")], 11, false),
            (&[Lie::ClientRefused], 11, false),
        ] {
            let before: &[Lie] = if minutes == 2 { &[Lie::NoRefresh] } else { &[] };
            liar.tells(before);
            let mut nora = world.browser();
            assert_eq!(signs_in(&mut nora).await.status, 303, "{lies:?}");
            later(&world, &liar, minutes);
            liar.tells(lies);
            let page = nora.get("/dashboard").await;
            let expected = if is_no { 403 } else { 200 };
            assert_eq!(page.status, expected, "{lies:?}: {}", page.text());
            assert_eq!(page.text().contains("Please sign in again"), is_no, "{lies:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_far_away_are_only_late_or_not() {
    lied_to(async |world, liar| {
        liar.tells(&[Lie::Endless]);
        let mut nora = world.browser();
        assert_eq!(signs_in(&mut nora).await.status, 303);
        assert!(is_signed_in(&mut nora).await);
        let token = liar.logout_token(|_, payload| payload["iat"] = json!(LAST_SECOND));
        assert_eq!(told(&world, &token).await.status, 400);
        assert!(is_signed_in(&mut nora).await);
        let token = liar.logout_token(|_, payload| payload["exp"] = json!(LAST_SECOND));
        assert_eq!(told(&world, &token).await.status, 200);
        assert!(!is_signed_in(&mut nora).await);
    })
    .await;
}

/// A stranger's logout token with a key that nobody knows.
fn strange(liar: &Liar) -> String {
    liar.logout_token(|header, _| header["kid"] = json!("nobody's"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_logout_token_keeps_nobody_out_and_loses_no_right_one() {
    lied_to(async |world, liar| {
        let mut nora = world.browser();
        assert_eq!(signs_in(&mut nora).await.status, 303);
        assert_eq!(told(&world, &strange(&liar)).await.status, 400);
        liar.rotates().await;
        let mut second = world.browser();
        let page = signs_in(&mut second).await;
        assert_eq!(page.status, 303, "a new key is found: {}", page.text());

        // A right token with a key that is newer still comes too early for another look, and comes again.
        liar.rotates().await;
        let token = liar.logout_token(|_, _| ());
        let early = told(&world, &token).await;
        assert_eq!(early.status, 503, "{}", early.body);
        assert_eq!(early.header("retry-after"), "60");
        assert!(is_signed_in(&mut nora).await);
        later(&world, &liar, 1);
        assert_eq!(told(&world, &token).await.status, 200);
        assert!(!is_signed_in(&mut nora).await && !is_signed_in(&mut second).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_club_signs_up_in_one_evening_from_one_network() {
    let tweak = |config: &mut Config| config.provider_sign_ups_per_hour = 30;
    lied_to_with(tweak, async |world, liar| {
        let comes = async |who: &str| {
            liar.says(json!({"sub": who, "email": format!("{who}@club.example")}));
            let mut browser = world.browser();
            let page = signs_in(&mut browser).await;
            (page, browser)
        };
        for number in 0..30 {
            let (page, mut browser) = comes(&format!("rider{number}")).await;
            assert_eq!(page.status, 303, "{number}: {}", page.text());
            assert!(is_signed_in(&mut browser).await, "{number}");
        }
        let before = made(&world).await;
        let (full, mut browser) = comes("late").await;
        assert_eq!(full.status, 429, "{}", full.text());
        let wait: u64 = full.header("retry-after").parse().unwrap();
        assert!((1..=120).contains(&wait), "{wait}");
        assert!(
            full.text().contains("Many have just signed up here")
                && full.text().contains("Try again with The house"),
            "{}",
            full.text()
        );
        assert!(!is_signed_in(&mut browser).await);
        assert_eq!(made(&world).await, before);
        // Who is here already comes in, and neither keeps anybody from a new password.
        assert_eq!(comes("rider7").await.0.status, 303);
        let forgot = world.browser().post_once("/forgot", &[("email", ADDRESS)]).await;
        assert_eq!(forgot.status, 303, "{}", forgot.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_not_wait_for_others_and_then_for_the_provider() {
    lied_to(async |world, liar| {
        by_group(&world).await;
        let mut nora = world.browser();
        assert_eq!(signs_in(&mut nora).await.status, 303);
        later(&world, &liar, 16);
        liar.tells(&[Lie::TokenSlow]);
        // Another instance asks, and leaves off just before nobody would wait for it any more.
        let turn = async |until: Option<Duration>| {
            sqlx::query("update identities set asking_until = $1")
                .bind(until.map(|until| world.clock.now() + until))
                .execute(&world.app.pool)
                .await
                .unwrap();
        };
        turn(Some(Duration::seconds(15))).await;
        let began = tokio::time::Instant::now();
        let leaves_off = async {
            tokio::time::sleep(std::time::Duration::from_millis(5_800)).await;
            turn(None).await;
        };
        let (page, ()) = tokio::join!(nora.get("/dashboard"), leaves_off);
        let took = began.elapsed().as_secs_f32();
        assert_eq!(page.status, 200, "the last answer holds: {took} {}", page.text());
        // The others wait as long, and not one after another.
        turn(Some(Duration::seconds(15))).await;
        let began = tokio::time::Instant::now();
        let mut browsers: Vec<Browser> = (0..8).map(|_| nora.clone()).collect();
        let pages = browsers.iter_mut().map(|browser| browser.get("/dashboard"));
        for page in futures::future::join_all(pages).await {
            assert_eq!(page.status, 200, "{}", page.text());
        }
        let took = began.elapsed().as_secs_f32();
        assert!((4.0..9.5).contains(&took), "{took}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_of_one_session_ends_what_waits_from_it() {
    lied_to(async |world, liar| {
        liar.says(json!({"email": world.ana().person.email}));
        let mut nora = world.browser();
        let join = "/sign-in/provider/join";
        assert_eq!(signs_in(&mut nora).await.location(), join);
        for (sid, status) in [("session-2", 200), ("session-1", 410)] {
            let token = liar.logout_token(|_, payload| {
                payload["sub"] = Value::Null;
                payload["sid"] = json!(sid);
            });
            assert_eq!(told(&world, &token).await.status, 200);
            assert_eq!(nora.get(join).await.status, status, "{sid}");
        }
    })
    .await;
}
