//! An identity provider that lies, is slow, or is not there, at the front door: nobody comes in, nothing is kept, and the page says
//! whose turn it is.

use std::sync::Arc;

use icusync::{config::SignUp, oidc::Failure, time::Clock};
use serde_json::{Value, json};

use crate::{
    oidc_provider::LIES,
    world::{
        Browser, Liar, Lie, NOW, Page, World,
        identity_provider::{CLIENT_SECRET, LOGOUT},
        liar::LOGOUT_EVENT,
        test_with,
    },
};

/// An account of its own at the first sign-in.
const ADDRESS: &str = "nora@club.example";

/// A world whose provider is a liar that knows one person.
async fn lied_to<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>, Liar) -> F) {
    icusync::install_crypto();
    let clock = Clock::fake(NOW.parse().unwrap());
    let claims = json!({"sub": "nora", "email": ADDRESS, "email_verified": true});
    let liar = Liar::start(&clock, claims).await;
    let there = liar.clone();
    test_with(
        |config| {
            there.configure(config);
            config.oidc_name = Some("The house".to_owned());
            config.sign_up = Some(SignUp::Open);
            config.sign_ins_per_minute = 1_000;
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
        let forged: [fn(&mut Value, &mut Value); 9] = [
            |header, _| header["alg"] = json!("none"),
            |header, _| header["alg"] = json!("HS256"),
            |header, _| header["kid"] = json!("another"),
            |header, _| header["typ"] = json!("at+jwt"),
            |_, payload| payload["iss"] = json!("https://other.example"),
            |_, payload| payload["aud"] = json!("other"),
            |_, payload| payload["nonce"] = json!("n"),
            |_, payload| payload["events"] = json!({"other": {}}),
            |_, payload| payload["iat"] = json!(payload["iat"].as_i64().unwrap() - 301),
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
