//! People who come through the outside identity provider, against a real provider program: signing up and in, joining, coaches,
//! clients, asking again, signing out there. What the provider does wrong is in `oidc_provider`; here is what becomes of the person.

use std::sync::Arc;

use chrono::Duration;
use icusync::{config::Config, demo::seed::PASSWORD, guard::recovery, queries, words::Way};
use icusync_sim::Fault;
use serde_json::{Value, json};

use crate::{
    connections::{ALL, consent},
    factors::{lose_all, step, with_codes},
    world::{
        Browser, IdentityProvider, Liar, Mcp, Page, World,
        identity_provider::{LOGOUT, Visitor, person},
        sign_in::{Program, allow, code, query},
        test, test_with,
    },
    writes::{all_named, done, refused, threshold},
};

const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
const JOIN: &str = "/sign-in/provider/join";
/// Invited by Ana, Jack and Tríona.
const COACH: &str = "coach@example.test";
const NEW: &str = "new@club.example";

/// Runs `body` in a world whose people can continue with a provider that knows these.
async fn club<F: Future<Output = ()>>(
    people: &[Value],
    tweak: impl FnOnce(&mut Config),
    body: impl FnOnce(Arc<World>, Arc<IdentityProvider>) -> F,
) {
    let provider = Arc::new(IdentityProvider::start(people).await);
    test_with(
        |config| {
            provider.configure(config);
            tweak(config);
        },
        async |world| {
            provider.serves(&world).await;
            body(world, provider.clone()).await;
        },
    )
    .await;
}

/// Presses the button; where that leads.
async fn leave(browser: &mut Browser, who: &str, next: &str) -> String {
    let away = browser
        .post("/sign-in/provider", &[("as", who), ("next", next)])
        .await;
    assert_eq!(away.status, 303, "{}", away.text());
    away.location().to_owned()
}

/// The whole way to the provider and back.
async fn continue_as(
    browser: &mut Browser,
    there: &mut Visitor,
    sub: &str,
    (who, next): (&str, &str),
) -> Page {
    let away = leave(browser, who, next).await;
    let back = there.sign_in(&away, sub).await;
    browser.get(&back).await
}

/// Continues as an athlete, with a browser that was never at the provider.
async fn athlete(browser: &mut Browser, provider: &IdentityProvider, sub: &str) -> Page {
    continue_as(browser, &mut provider.visitor(), sub, ("athlete", "dashboard")).await
}

async fn identities(world: &World) -> Vec<(String, String, Option<String>)> {
    sqlx::query_as(
        "select i.subject, i.email, a.email_key from identities i left join accounts a on a.id = i.account_id order by i.subject",
    )
    .fetch_all(&world.app.pool)
    .await
    .unwrap()
}

async fn count(world: &World, what: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// The subjects of the mails to an address.
async fn subjects(world: &World, address: &str) -> Vec<String> {
    let mails = world.mails_to(address).await;
    mails.into_iter().map(|mail| mail.letter.subject).collect()
}

/// The code in the newest mail to an address.
async fn code_to(world: &World, address: &str) -> String {
    let subjects = subjects(world, address).await;
    let code = subjects
        .iter()
        .rev()
        .find_map(|subject| subject.strip_suffix(" is your IcuSync code"));
    code.expect("a code was mailed").to_owned()
}

async fn apply(world: &World, policy: &str) {
    queries::policies::insert(&world.app.pool, policy, world.clock.now())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_athlete_signs_up_with_the_confirmed_address_and_comes_back() {
    club(
        &[person("nora", NEW, &[])],
        |_| (),
        async |world, provider| {
            let before = count(&world, "accounts").await;
            let mut browser = world.browser();
            for path in ["/sign-in", "/sign-up", "/for-coaches"] {
                let page = browser.get(path).await;
                assert!(page.body.contains(r#"action="/sign-in/provider""#), "{path}");
                assert!(page.text().contains("Continue with The club"), "{path}");
                // The provider may send people on to hosts that nobody here knows, and browsers check the whole way.
                let policy = page.header("content-security-policy");
                assert!(
                    !policy.contains("form-action") && policy.contains("frame-ancestors 'none'"),
                    "{path}: {policy}"
                );
            }
            let done = athlete(&mut browser, &provider, "nora").await;
            assert_eq!(
                (done.status, done.location()),
                (303, "/dashboard"),
                "{}",
                done.text()
            );
            assert_eq!(browser.get("/dashboard").await.status, 200);
            assert_eq!(count(&world, "accounts").await, before + 1);
            let account = queries::accounts::by_email(&world.app.pool, NEW)
                .await
                .unwrap()
                .unwrap();
            assert!(!account.has_password && account.athlete_id.is_none());
            assert_eq!(
                identities(&world).await,
                [("nora".to_owned(), NEW.to_owned(), Some(NEW.to_owned()))]
            );
            assert!(
                subjects(&world, NEW).await.is_empty(),
                "nobody needs an email about that"
            );

            // Another address there changes nothing here, and is one email.
            provider
                .change(json!({"sub": "nora", "email": "other@club.example"}))
                .await;
            for _ in 0..2 {
                let mut again = world.browser();
                assert_eq!(
                    athlete(&mut again, &provider, "nora").await.location(),
                    "/dashboard"
                );
            }
            assert_eq!(count(&world, "accounts").await, before + 1);
            assert_eq!(
                subjects(&world, NEW).await,
                ["Your address at The club is another one"]
            );
            assert!(subjects(&world, "other@club.example").await.is_empty());
            let log: Vec<(Option<Way>, String)> =
                sqlx::query_as("select way, outcome from sign_in_log where account_id = $1")
                    .bind(account.id.0)
                    .fetch_all(&world.app.pool)
                    .await
                    .unwrap();
            assert_eq!(log, vec![(Some(Way::Provider), "granted".to_owned()); 3]);
            // The old address is nobody's at the provider: whoever gets it there is somebody else.
            provider.change(person("thief", NEW, &[])).await;
            let mut thief = world.browser();
            assert_eq!(athlete(&mut thief, &provider, "thief").await.location(), JOIN);
            assert_eq!(thief.get("/dashboard").await.status, 303);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_joined_by_its_password_or_a_mailed_code_and_by_nothing_less() {
    let people = [
        person("ana", "ana@example.test", &[]),
        person("jack", "jack@example.test", &[]),
    ];
    club(
        &people,
        |_| (),
        async |world, provider| {
            let ana = world.ana().person.email;
            let mut browser = world.browser();
            assert_eq!(athlete(&mut browser, &provider, "ana").await.location(), JOIN);
            assert_eq!(
                browser.get("/dashboard").await.status,
                303,
                "nobody is signed in yet"
            );
            assert_eq!(
                world.browser().get(JOIN).await.status,
                410,
                "another browser has nothing"
            );
            let wrong = browser.post(JOIN, &[("password", "not the password")]).await;
            assert!(
                wrong.text().contains("not the password of that account"),
                "{}",
                wrong.text()
            );
            assert!(identities(&world).await.is_empty());
            let right = browser.post(JOIN, &[("password", PASSWORD)]).await;
            assert_eq!(
                (right.status, right.location()),
                (303, "/dashboard"),
                "{}",
                right.text()
            );
            assert_eq!(
                browser.post(JOIN, &[("password", PASSWORD)]).await.status,
                410,
                "it is spent"
            );
            assert_eq!(
                subjects(&world, ana).await,
                ["The club now signs you in to IcuSync"]
            );
            // Either way leads to the same account.
            let mut other = world.browser();
            assert_eq!(
                athlete(&mut other, &provider, "ana").await.location(),
                "/dashboard"
            );
            world.signed_in(world.ana()).await;

            // By a code, in this browser only.
            let jack = world.jack().person.email;
            let mut browser = world.browser();
            athlete(&mut browser, &provider, "jack").await;
            assert_eq!(
                browser.post(JOIN, &[("code", "000000")]).await.status,
                422,
                "none was mailed"
            );
            assert_eq!(browser.post(&format!("{JOIN}/code"), &[]).await.location(), JOIN);
            let code = code_to(&world, jack).await;
            assert_eq!(world.browser().post(JOIN, &[("code", &code)]).await.status, 410);
            let waits = browser.post(&format!("{JOIN}/code"), &[]).await;
            assert!(waits.text().contains("No new code was sent"), "{}", waits.text());
            let wrong = browser.post(JOIN, &[("code", "not one")]).await;
            assert!(wrong.text().contains("4 tries are left"), "{}", wrong.text());
            let right = browser.post(JOIN, &[("code", &code)]).await;
            assert_eq!(right.location(), "/dashboard", "{}", right.text());
            assert_eq!(count(&world, "identities").await, 2);
            assert_eq!(count(&world, "identity_offers").await, 0);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_cannot_be_guessed_and_the_mailbox_is_not_flooded() {
    club(
        &[person("ana", "ana@example.test", &[])],
        |config| config.sign_ins_per_minute = 1_000,
        async |world, provider| {
            let mut sent = 0;
            for _ in 0..8 {
                let mut browser = world.browser();
                athlete(&mut browser, &provider, "ana").await;
                sent += usize::from(browser.post(&format!("{JOIN}/code"), &[]).await.status == 303);
                for _ in 0..5 {
                    browser.post(JOIN, &[("code", "000000")]).await;
                }
                let page = browser.get(JOIN).await;
                assert!(
                    page.text().contains("mistyped too often") || sent == 6,
                    "{}",
                    page.text()
                );
                let code = code_to(&world, world.ana().person.email).await;
                assert_eq!(
                    browser.post(JOIN, &[("code", &code)]).await.status,
                    422,
                    "too late for the right one"
                );
            }
            assert_eq!(sent, 6, "six an hour");
            assert!(identities(&world).await.is_empty());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_with_a_bound_address_gains_nothing_without_the_mailed_code() {
    club(
        &[person("ana", "ana@example.test", &[])],
        |_| (),
        async |world, provider| {
            let ana = world.ana().person.email;
            let mut owner = world.browser();
            athlete(&mut owner, &provider, "ana").await;
            owner.post(JOIN, &[("password", PASSWORD)]).await;
            provider.change(person("eve", ana, &[])).await;
            let mut eve = world.browser();
            assert_eq!(athlete(&mut eve, &provider, "eve").await.location(), JOIN);
            let page = eve.get(JOIN).await;
            assert!(
                page.text().contains("An email tells the owner"),
                "{}",
                page.text()
            );
            assert!(
                !page.body.contains(r#"name="password""#),
                "the mailed code alone counts"
            );
            assert_eq!(eve.post(JOIN, &[("password", PASSWORD)]).await.location(), JOIN);
            assert_eq!(eve.get("/dashboard").await.status, 303);
            let told = subjects(&world, ana).await;
            assert!(
                told.contains(&"Someone else at The club has your address".to_owned()),
                "{told:?}"
            );
            let others: i64 =
                sqlx::query_scalar("select count(*) from sign_in_log where outcome = 'other_identity'")
                    .fetch_one(&world.app.pool)
                    .await
                    .unwrap();
            assert_eq!(others, 1);
            // With the code the new one takes the place, and the old one's sessions end.
            assert_eq!(owner.get("/dashboard").await.status, 200);
            eve.post(&format!("{JOIN}/code"), &[]).await;
            let code = code_to(&world, ana).await;
            assert_eq!(eve.post(JOIN, &[("code", &code)]).await.location(), "/dashboard");
            assert_eq!(owner.get("/dashboard").await.status, 303);
            assert_eq!(
                identities(&world).await,
                [("eve".to_owned(), ana.to_owned(), Some(ana.to_owned()))]
            );
            let mail = world.mails_to(ana).await.pop().unwrap();
            assert!(
                mail.letter.text.contains("It replaces another person"),
                "{}",
                mail.letter.text
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_confirmed_address_or_where_sign_up_is_closed_nothing_is_made() {
    let unverified = json!({"sub": "una", "email": "ana@example.test", "email_verified": false});
    let people = [unverified, json!({"sub": "nix"}), person("nora", NEW, &[])];
    club(
        &people,
        |config| config.sign_up = Some(icusync::config::SignUp::Closed),
        async |world, provider| {
            let before = count(&world, "accounts").await;
            for who in ["una", "nix"] {
                let page = athlete(&mut world.browser(), &provider, who).await;
                assert_eq!(page.status, 403);
                assert!(
                    page.text().contains("does not say that your email address"),
                    "{}",
                    page.text()
                );
            }
            let closed = athlete(&mut world.browser(), &provider, "nora").await;
            assert_eq!(closed.status, 403);
            assert!(closed.text().contains("does not make one"), "{}", closed.text());
            assert_eq!(count(&world, "accounts").await, before);
            assert_eq!(
                count(&world, "identities").await + count(&world, "identity_offers").await,
                0
            );
            assert!(world.mails.all().is_empty());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_back_to_its_own_browser_once_and_to_no_other_flow() {
    club(
        &[person("nora", NEW, &[])],
        |_| (),
        async |world, provider| {
            let mut browser = world.browser();
            let away = leave(&mut browser, "athlete", "dashboard").await;
            let back = provider.visitor().sign_in(&away, "nora").await;
            // Somebody who is sent the callback is not signed in as its person.
            for mut other in [world.browser(), world.signed_in(world.jack()).await] {
                leave(&mut other, "athlete", &format!("request-{}", uuid::Uuid::nil())).await;
                assert_eq!(other.get(&back).await.status, 400);
            }
            // Neither provider's answer counts at the other's callback, and trying does not spend it.
            let mixed = back.replace("/sign-in/provider/callback", "/connect/callback");
            assert_eq!(browser.get(&mixed).await.status, 400);
            let to_intervals = browser
                .post("/sign-in/intervals", &[])
                .await
                .location()
                .to_owned();
            let state = query(&to_intervals, "state").unwrap();
            let mixed = format!("/sign-in/provider/callback?code=abc&state={state}");
            assert_eq!(browser.get(&mixed).await.status, 400);
            assert_eq!(count(&world, "accounts").await, 5);
            assert_eq!(browser.get(&back).await.location(), "/dashboard");
            assert_eq!(browser.get(&back).await.status, 400, "the state is spent");

            // A code of before with a fresh state.
            let mut other = world.browser();
            let fresh = leave(&mut other, "athlete", "dashboard").await;
            let state = query(&fresh, "state").unwrap();
            let replayed = format!(
                "/sign-in/provider/callback?code={}&state={state}&iss={}",
                query(&back, "code").unwrap(),
                provider.issuer
            );
            assert_eq!(other.get(&replayed).await.status, 400);
            assert_eq!(other.get("/dashboard").await.status, 303);

            let mut slow = world.browser();
            let away = leave(&mut slow, "athlete", "dashboard").await;
            let back = provider.visitor().sign_in(&away, "nora").await;
            world.clock.advance(Duration::minutes(10));
            assert_eq!(slow.get(&back).await.status, 400, "too late");
            let away = leave(&mut slow, "athlete", "dashboard").await;
            let back = provider.visitor().cancel(&away).await;
            let declined = slow.get(&back).await;
            assert!(
                declined.text().contains("without signing you in"),
                "{}",
                declined.text()
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_slow_or_ten_minutes_off_says_so_and_new_keys_are_found() {
    club(
        &[person("nora", NEW, &[])],
        |_| (),
        async |world, provider| {
            provider.faults(json!({"all": {"away": true}})).await;
            let mut browser = world.browser();
            let away = browser.post("/sign-in/provider", &[("as", "athlete")]).await;
            assert_eq!(away.status, 503);
            assert!(
                away.text().contains("The club does not answer"),
                "{}",
                away.text()
            );
            provider.faults(json!({})).await;
            let to = leave(&mut browser, "athlete", "dashboard").await;
            let back = provider.visitor().sign_in(&to, "nora").await;
            provider.faults(json!({"token": {"status": 500}})).await;
            assert_eq!(browser.get(&back).await.status, 503);
            provider.faults(json!({})).await;

            provider.at(world.clock.now() + Duration::minutes(10)).await;
            let page = athlete(&mut browser, &provider, "nora").await;
            assert_eq!(page.status, 502);
            assert!(page.text().contains("clocks"), "{}", page.text());
            provider.at(world.clock.now()).await;
            assert_eq!(count(&world, "identities").await, 0);

            assert_eq!(
                athlete(&mut browser, &provider, "nora").await.location(),
                "/dashboard"
            );
            provider.rotate().await;
            world.clock.advance(Duration::minutes(2));
            provider.at(world.clock.now()).await;
            let mut other = world.browser();
            assert_eq!(
                athlete(&mut other, &provider, "nora").await.location(),
                "/dashboard"
            );
        },
    )
    .await;
}

/// A sign-in that a client began goes on after the provider, for an athlete and for a coach, in its own browser only.
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_sign_in_survives_the_way_through_the_provider() {
    let people = [person("ana", "ana@example.test", &[]), person("carl", COACH, &[])];
    club(
        &people,
        |_| (),
        async |world, provider| {
            world.coaches().await;
            let mut first = world.browser();
            athlete(&mut first, &provider, "ana").await;
            first.post(JOIN, &[("password", PASSWORD)]).await;

            let program = Program::registered(&world, "Claude", CLAUDE).await;
            let mut browser = world.browser();
            let (path, page) = program.begin(&mut browser).await;
            assert!(
                page.text().contains("Continue with The club as a coach"),
                "{}",
                page.text()
            );
            let next = page.attribute("input[name=next]", "value").unwrap();
            let back = continue_as(&mut browser, &mut provider.visitor(), "ana", ("athlete", &next)).await;
            assert_eq!(back.location(), path);
            let consent = browser.get(&path).await;
            assert!(
                consent
                    .text()
                    .contains("Signed in through The club as ana@example.test"),
                "{}",
                consent.text()
            );
            let done = allow(&mut browser, &path, &consent, false).await;
            let tokens = program.exchange(&code(&done)).await;
            assert_eq!(tokens.status, 200);
            let answer = program.mcp(tokens.access()).call("get_fitness", json!({})).await;
            assert!(!answer.is_error(), "{}", answer.text());

            // A coach needs no mailed code.
            let program = program.in_another_window("coach");
            let mut browser = world.browser();
            let (path, _) = program.begin(&mut browser).await;
            let next = format!("request-{}", path.rsplit('/').next().unwrap());
            let away = leave(&mut browser, "coach", &next).await;
            let to = provider.visitor().sign_in(&away, "carl").await;
            assert_eq!(browser.get(&to).await.location(), path);
            let consent = browser.get(&path).await;
            assert!(
                consent.text().contains("with 3 athletes")
                    && consent.text().contains("through The club as coach@example.test"),
                "{}",
                consent.text()
            );
            let done = allow(&mut browser, &path, &consent, false).await;
            assert_eq!(program.exchange(&code(&done)).await.status, 200);
            assert!(
                subjects(&world, COACH)
                    .await
                    .iter()
                    .all(|subject| !subject.contains("code"))
            );

            // Another browser does not finish it.
            let program = program.in_another_window("stolen");
            let (path, _) = program.begin(&mut browser).await;
            let next = format!("request-{}", path.rsplit('/').next().unwrap());
            let mut other = world.browser();
            let lost = continue_as(&mut other, &mut provider.visitor(), "carl", ("coach", &next)).await;
            assert_eq!(lost.status, 404);
            assert!(!browser.get(&path).await.text().contains(COACH));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_opens_the_roster_through_the_provider_and_another_person_needs_the_code() {
    let people = [
        person("carl", COACH, &[]),
        person("carla", COACH, &[]),
        person("nora", NEW, &[]),
    ];
    club(
        &people,
        |_| (),
        async |world, provider| {
            world.coaches().await;
            let mut browser = world.browser();
            let as_coach = ("coach", "dashboard");
            let done = continue_as(&mut browser, &mut provider.visitor(), "carl", as_coach).await;
            assert_eq!(done.location(), "/for-coaches/my-roster", "{}", done.text());
            assert!(
                browser
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger")
            );
            // Whom athletes invited learns of the new way in once, and what a coach can do about it.
            continue_as(&mut world.browser(), &mut provider.visitor(), "carl", as_coach).await;
            let mails = world.mails_to(COACH).await;
            let told: Vec<_> = mails
                .iter()
                .filter(|mail| mail.letter.subject == "The club now signs you in to IcuSync")
                .collect();
            assert_eq!(told.len(), 1);
            let text = &told[0].letter.text;
            assert!(
                text.contains("you cannot take The club off yourself")
                    && text.contains(&world.app.config.for_coaches_url())
                    && !text.contains("/account"),
                "{text}"
            );
            let nobody = continue_as(&mut world.browser(), &mut provider.visitor(), "nora", as_coach).await;
            assert_eq!(nobody.status, 403);
            assert!(
                nobody.text().contains("no athlete grants this address"),
                "{}",
                nobody.text()
            );

            let mut other = world.browser();
            let asked = continue_as(&mut other, &mut provider.visitor(), "carla", as_coach).await;
            assert_eq!(asked.location(), JOIN);
            assert_eq!(
                subjects(&world, COACH).await.last().unwrap(),
                "Someone else at The club has your address"
            );
            assert!(
                !other
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger")
            );
            other.post(&format!("{JOIN}/code"), &[]).await;
            let code = code_to(&world, COACH).await;
            let done = other.post(JOIN, &[("code", &code)]).await;
            assert_eq!(done.location(), "/for-coaches/my-roster", "{}", done.text());
            assert!(
                other
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger")
            );
            assert!(
                !browser
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger"),
                "the other one's visit ended"
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_is_added_and_taken_off_while_another_way_is_left() {
    let people = [person("ana", "a@club.example", &[]), person("nora", NEW, &[])];
    club(
        &people,
        |_| (),
        async |world, provider| {
            let ana = world.ana().person.email;
            let mut browser = world.signed_in(world.ana()).await;
            let wrong = browser
                .post("/account/ways/provider", &[("password", "wrong one")])
                .await;
            assert_eq!(wrong.status, 422);
            let away = browser
                .post("/account/ways/provider", &[("password", PASSWORD)])
                .await
                .location()
                .to_owned();
            let back = provider.visitor().sign_in(&away, "ana").await;
            assert_eq!(
                world.signed_in(world.jack()).await.get(&back).await.status,
                400,
                "another session"
            );
            let done = browser.get(&back).await;
            assert_eq!(done.location(), "/account?done=provider-added", "{}", done.text());
            let page = browser.get("/account/ways").await;
            assert!(page.text().contains("as a@club.example there"), "{}", page.text());
            assert!(
                browser
                    .get("/account")
                    .await
                    .text()
                    .contains("The club and password")
            );
            assert_eq!(
                subjects(&world, ana).await,
                ["The club now signs you in to IcuSync"]
            );
            // It is a way into one account only.
            let mut jack = world.signed_in(world.jack()).await;
            let away = jack
                .post("/account/ways/provider", &[("password", PASSWORD)])
                .await
                .location()
                .to_owned();
            let back = provider.visitor().sign_in(&away, "ana").await;
            assert_eq!(jack.get(&back).await.status, 409);

            let mut through = world.browser();
            assert_eq!(
                athlete(&mut through, &provider, "ana").await.location(),
                "/dashboard"
            );
            let off = browser
                .post("/account/ways/provider/off", &[("password", PASSWORD)])
                .await;
            assert_eq!(off.location(), "/account?done=provider-off", "{}", off.text());
            assert_eq!(
                through.get("/dashboard").await.status,
                303,
                "sessions through it ended"
            );
            assert_eq!(browser.get("/dashboard").await.status, 200);
            assert!(identities(&world).await.is_empty());

            // The last way stays.
            let mut nora = world.browser();
            let mut there = provider.visitor();
            continue_as(&mut nora, &mut there, "nora", ("athlete", "dashboard")).await;
            let away = nora
                .post("/account/prove", &[("next", "ways")])
                .await
                .location()
                .to_owned();
            let back = there.sign_in(&away, "nora").await;
            assert_eq!(nora.get(&back).await.location(), "/account/ways");
            assert_eq!(
                nora.post("/account/ways/provider/off", &[]).await.location(),
                "/account/ways"
            );
            assert_eq!(identities(&world).await.len(), 1);
            let set = nora
                .post("/account/ways/password", &[("password", "a password of my own")])
                .await;
            assert_eq!(set.location(), "/account?done=password-set", "{}", set.text());
            let off = nora
                .post(
                    "/account/ways/provider/off",
                    &[("password", "a password of my own")],
                )
                .await;
            assert_eq!(off.location(), "/account?done=provider-off", "{}", off.text());
            assert_eq!(nora.get("/dashboard").await.status, 200, "this session goes on");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_only_the_provider_signs_in_there_again_before_deleting_the_account() {
    let people = [person("nora", NEW, &[]), person("nils", "nils@club.example", &[])];
    club(
        &people,
        |_| (),
        async |world, provider| {
            let (mut nora, mut there) = (world.browser(), provider.visitor());
            continue_as(&mut nora, &mut there, "nora", ("athlete", "dashboard")).await;
            for path in [
                "/account/factors/codes",
                "/account/passkeys/new",
                "/account/address",
                "/account/ways",
                "/account/delete",
            ] {
                let page = nora.get(path).await;
                assert!(
                    page.text().contains("Confirm with The club"),
                    "{path}: {}",
                    page.text()
                );
                // Browsers check it against each redirect of a form: the button would do nothing.
                let rules = page.header("content-security-policy");
                assert!(!rules.contains("form-action"), "{path}: {rules}");
            }
            let refused = nora.post("/account/delete", &[("word", "delete")]).await;
            assert_eq!(refused.status, 422, "{}", refused.text());
            let away = nora
                .post("/account/prove", &[("next", "delete")])
                .await
                .location()
                .to_owned();
            assert_eq!(query(&away, "prompt").as_deref(), Some("login"));
            assert_eq!(query(&away, "max_age").as_deref(), Some("0"));
            let back = provider.visitor().sign_in(&away, "nils").await;
            let other = nora.get(&back).await;
            assert!(
                other.status == 403 && other.text().contains("somebody else"),
                "{}",
                other.text()
            );
            assert_eq!(
                nora.post("/account/delete", &[("word", "delete")]).await.status,
                422
            );
            let away = nora
                .post("/account/prove", &[("next", "delete")])
                .await
                .location()
                .to_owned();
            let back = there.sign_in(&away, "nora").await;
            assert_eq!(nora.get(&back).await.location(), "/account/delete");
            let done = nora.post("/account/delete", &[("word", "delete")]).await;
            assert_eq!(done.location(), "/account/deleted", "{}", done.text());
            assert!(identities(&world).await.is_empty());
        },
    )
    .await;
}

/// An account with a second factor is not joined by a mailbox alone, and a factor at the provider counts only where it is trusted.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_is_asked_for_after_the_provider_unless_its_own_is_trusted() {
    let mut ana = person("ana", "ana@example.test", &[]);
    ana["amr"] = json!(["pwd", "otp"]);
    let people = [ana];
    for trusted in [false, true] {
        club(
            &people,
            |config| {
                config.oidc_trusted_amr = if trusted {
                    vec!["otp".to_owned()]
                } else {
                    Vec::new()
                }
            },
            async |world, provider| {
                let mut browser = world.browser();
                athlete(&mut browser, &provider, "ana").await;
                browser.post(JOIN, &[("password", PASSWORD)]).await;
                let (_, app, _) = with_codes(&world, world.ana()).await;
                let mut again = world.browser();
                let page = athlete(&mut again, &provider, "ana").await;
                let expected = if trusted { "/dashboard" } else { "/sign-in/factor" };
                assert_eq!(page.location(), expected);
                // Another identity with the address, whatever the provider asked it for.
                let mut eve = person("eve", world.ana().person.email, &[]);
                eve["amr"] = json!(["otp"]);
                provider.change(eve).await;
                let mut other = world.browser();
                athlete(&mut other, &provider, "eve").await;
                other.post(&format!("{JOIN}/code"), &[]).await;
                let code = code_to(&world, world.ana().person.email).await;
                let page = other.post(JOIN, &[("code", &code)]).await;
                assert_eq!(page.location(), "/sign-in/factor", "{}", page.text());
                assert_eq!(other.get("/dashboard").await.status, 303);
                // As long as the account's own factor was not shown, the provider's counts for nothing.
                let mut again = world.browser();
                let page = athlete(&mut again, &provider, "eve").await;
                assert_eq!(page.location(), "/sign-in/factor");
                // It was shown once: from then on the provider's does, where it is trusted.
                assert_eq!(step(&mut other, &app.next(&world)).await, "/dashboard");
                let mut again = world.browser();
                let page = athlete(&mut again, &provider, "eve").await;
                assert_eq!(page.location(), expected);
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_at_the_provider_ends_sessions_and_visits() {
    let people = [person("ana", "ana@example.test", &[]), person("carl", COACH, &[])];
    club(
        &people,
        |_| (),
        async |world, provider| {
            world.coaches().await;
            let mut athletes = world.browser();
            athlete(&mut athletes, &provider, "ana").await;
            athletes.post(JOIN, &[("password", PASSWORD)]).await;
            let mut by_password = world.signed_in(world.ana()).await;
            let mut coach = world.browser();
            continue_as(
                &mut coach,
                &mut provider.visitor(),
                "carl",
                ("coach", "dashboard"),
            )
            .await;
            assert_eq!(provider.sign_out("ana").await, json!([200]));
            assert_eq!(athletes.get("/dashboard").await.status, 303);
            assert_eq!(
                by_password.get("/dashboard").await.status,
                200,
                "that one is not the provider's"
            );
            assert!(
                coach
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger")
            );
            assert_eq!(provider.sign_out("carl").await, json!([200]));
            assert!(
                !coach
                    .get("/for-coaches/my-roster")
                    .await
                    .text()
                    .contains("Ana Berger")
            );
            let asked: i64 = sqlx::query_scalar("select count(*) from identities where claims_at is null")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            assert_eq!(asked, 2, "the provider is asked before the next call");
        },
    )
    .await;
}

/// A program posts a logout token; the status and the body.
async fn post_logout(world: &World, body: &str) -> (u16, Value) {
    let answer = Mcp::client()
        .post(format!("{}{LOGOUT}", world.web))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_replayed_logout_token_ends_nothing() {
    icusync::install_crypto();
    let clock = icusync::time::Clock::fake(crate::world::NOW.parse().unwrap());
    let claims = json!({"sub": "nora", "email": NEW, "email_verified": true});
    let liar = Liar::start(&clock, claims).await;
    test_with(
        |config| liar.configure(config),
        async |world| {
            let sign_in = async || {
                let mut browser = world.browser();
                let away = leave(&mut browser, "athlete", "dashboard").await;
                let back = browser.get(&away).await.location().to_owned();
                assert_eq!(browser.get(&back).await.location(), "/dashboard");
                browser
            };
            let mut browser = sign_in().await;
            let forged = [
                liar.logout_token(|_, payload| payload["iss"] = json!("https://evil.example")),
                liar.logout_token(|_, payload| payload["aud"] = json!("another")),
                liar.logout_token(|_, payload| payload["nonce"] = json!("n")),
                liar.logout_token(|_, payload| payload["events"] = json!({})),
                liar.logout_token(|_, payload| payload["iat"] = json!(clock.now().timestamp() - 3_600)),
                "a.b.c".to_owned(),
            ];
            for token in &forged {
                let (status, body) = post_logout(&world, &format!("logout_token={token}")).await;
                assert_eq!(
                    (status, &body),
                    (400, &json!({"error": "invalid_request"})),
                    "{token}"
                );
            }
            assert_eq!(post_logout(&world, "other=1").await.0, 400);
            assert_eq!(browser.get("/dashboard").await.status, 200);
            let token = liar.logout_token(|_, payload| payload["sub"] = json!("nora"));
            let body = format!("logout_token={token}");
            assert_eq!(post_logout(&world, &body).await.0, 200);
            assert_eq!(browser.get("/dashboard").await.status, 303);
            let mut again = sign_in().await;
            assert_eq!(post_logout(&world, &body).await.0, 400, "a token counts once");
            assert_eq!(again.get("/dashboard").await.status, 200);
        },
    )
    .await;
}

/// An installation of a club: only its provider signs in, athletes and coaches by group.
const PRIVATE: &str = "ways provider\nlinks off\nsign-up on\nathletes group riders\ncoaches group coaches\nwriting group writers\n";

/// A rider who signed up through the provider, is connected as Ana and has a client: the browser and the client's MCP.
async fn rider(world: &Arc<World>, provider: &IdentityProvider) -> (Browser, Program, String) {
    let ana = world.ana().clone();
    let mut old = world.signed_in(&ana).await;
    let gone = old
        .post("/account/delete", &[("password", PASSWORD), ("word", "delete")])
        .await;
    assert_eq!(gone.location(), "/account/deleted", "{}", gone.text());
    world.mails_to(ana.person.email).await;
    apply(world, PRIVATE).await;
    let program = Program::registered(world, "Claude", CLAUDE).await;
    let mut browser = world.browser();
    let (path, page) = program.begin(&mut browser).await;
    assert!(
        !page.body.contains(r#"name="password""#) && !page.body.contains("/sign-in/intervals"),
        "only the provider is offered: {}",
        page.text()
    );
    let next = format!("request-{}", path.rsplit('/').next().unwrap());
    let back = continue_as(&mut browser, &mut provider.visitor(), "ana", ("athlete", &next)).await;
    assert_eq!(back.location(), path, "{}", back.text());
    let away = browser
        .post("/connect", &[("next", &next)])
        .await
        .location()
        .to_owned();
    let connected = consent(world, &mut browser, &away, ana.person, &ALL, "allow").await;
    assert_eq!(browser.get(&connected).await.location(), path);
    let page = browser.get(&path).await;
    let done = allow(&mut browser, &path, &page, false).await;
    let tokens = program.exchange(&code(&done)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let access = tokens.access().to_owned();
    (browser, program, access)
}

fn riders() -> [Value; 2] {
    [
        person("ana", "ana.rides@club.example", &["riders"]),
        person("out", "out@club.example", &["runners"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_installation_from_its_settings_to_the_first_answer_and_out_of_the_group() {
    club(
        &riders(),
        |_| (),
        async |world, provider| {
            let (mut browser, program, access) = rider(&world, &provider).await;
            let mcp = program.mcp(&access);
            let ask = async || mcp.call("get_fitness", json!({})).await;
            let first = ask().await;
            assert!(!first.is_error(), "{}", first.text());
            // Who is not in the group makes no account.
            let closed = athlete(&mut world.browser(), &provider, "out").await;
            assert_eq!(closed.status, 403, "{}", closed.text());
            // The others' passwords no longer do.
            let refused = world
                .browser()
                .post(
                    "/sign-in",
                    &[("email", world.jack().person.email), ("password", PASSWORD)],
                )
                .await;
            assert_eq!(refused.status, 403);

            // Taken out of the group: out when the provider is asked again, at the latest.
            let asked = provider.asked("userinfo").await;
            provider.change(json!({"sub": "ana", "groups": []})).await;
            assert!(!ask().await.is_error(), "what was said a moment ago holds");
            assert_eq!(
                provider.asked("userinfo").await,
                asked,
                "nobody is asked at every call"
            );
            world.clock.advance(Duration::minutes(15));
            provider.at(world.clock.now()).await;
            let out = ask().await;
            assert!(out.is_error() && out.text().contains("policy"), "{}", out.text());
            assert_eq!(browser.get("/dashboard").await.status, 403);
            // And in again.
            provider.change(json!({"sub": "ana", "groups": ["riders"]})).await;
            world.clock.advance(Duration::minutes(15));
            provider.at(world.clock.now()).await;
            assert!(!ask().await.is_error());
            assert_eq!(browser.get("/dashboard").await.status, 200);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_logout_at_the_provider_the_next_call_asks_on_both_of_two_instances() {
    club(
        &riders(),
        |_| (),
        async |world, provider| {
            let (mut browser, program, access) = rider(&world, &provider).await;
            let mcp = program.mcp(&access);
            let other = world.other_instance().await;
            let there = program.at(&other.web).mcp(&access);
            assert!(!mcp.call("get_fitness", json!({})).await.is_error());
            provider.change(json!({"sub": "ana", "groups": []})).await;
            assert_eq!(provider.sign_out("ana").await, json!([200]));
            assert_eq!(browser.get("/dashboard").await.status, 303, "the session ended");
            // The tokens that this provider gave ended with the session there.
            let again = "Sign in at The club again";
            for mcp in [&there, &mcp] {
                let out = mcp.call("get_fitness", json!({})).await;
                assert!(out.is_error() && out.text().contains(again), "{}", out.text());
            }
            // Who signs in again is still out of the group.
            let kept_out = athlete(&mut browser, &provider, "ana").await;
            assert_eq!(kept_out.status, 403, "{}", kept_out.text());
            for mcp in [&there, &mcp] {
                let out = mcp.call("get_fitness", json!({})).await;
                assert!(out.is_error() && out.text().contains("policy"), "{}", out.text());
            }
            // A policy that changes acts on the next call, too.
            apply(&world, "ways provider\n").await;
            for mcp in [&mcp, &there] {
                let answer = mcp.call("get_fitness", json!({})).await;
                assert!(!answer.is_error(), "{}", answer.text());
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_away_its_last_answer_holds_for_four_hours() {
    club(
        &riders(),
        |_| (),
        async |world, provider| {
            let (mut browser, program, access) = rider(&world, &provider).await;
            let mcp = program.mcp(&access);
            let ask = async || mcp.call("get_fitness", json!({})).await;
            provider.faults(json!({"all": {"status": 503}})).await;
            for minutes in [16, 60, 160] {
                world.clock.advance(Duration::minutes(minutes));
                let answer = ask().await;
                assert!(!answer.is_error(), "{minutes}: {}", answer.text());
            }
            world.clock.advance(Duration::minutes(5));
            let out = ask().await;
            assert!(
                out.is_error()
                    && out.text().contains("The club")
                    && out.text().contains("Sat 21 Nov 2026, 08:00 UTC"),
                "{}",
                out.text()
            );
            assert_eq!(browser.get("/dashboard").await.status, 503);
            provider.faults(json!({})).await;
            provider.at(world.clock.now()).await;
            world.clock.advance(Duration::minutes(1));
            provider.at(world.clock.now()).await;
            assert!(!ask().await.is_error(), "it answers again");
        },
    )
    .await;
}

/// Many calls at once ask the provider once; whom it refuses has to sign in there, and then goes on.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_ask_once_and_a_refusal_is_mended_by_signing_in() {
    club(
        &riders(),
        |_| (),
        async |world, provider| {
            let (_, program, access) = rider(&world, &provider).await;
            let mcp = program.mcp(&access);
            let other = world.other_instance().await;
            let there = program.at(&other.web).mcp(&access);
            world.clock.advance(Duration::minutes(20));
            provider.at(world.clock.now()).await;
            let before = provider.asked("token").await + provider.asked("userinfo").await;
            let calls = (0..8)
                .map(|n| if n % 2 == 0 { &mcp } else { &there })
                .map(|mcp| mcp.call("get_fitness", json!({})));
            for answer in futures::future::join_all(calls).await {
                assert!(!answer.is_error(), "{}", answer.text());
            }
            let asked = provider.asked("token").await + provider.asked("userinfo").await - before;
            assert!(
                (1..=2).contains(&asked),
                "one refresh and one look, not one for each call: {asked}"
            );

            provider.revoke("ana").await;
            world.clock.advance(Duration::minutes(20));
            provider.at(world.clock.now()).await;
            for mcp in [&mcp, &there] {
                let out = mcp.call("get_fitness", json!({})).await;
                assert!(
                    out.is_error() && out.text().contains("Sign in at The club again"),
                    "{}",
                    out.text()
                );
            }
            let mut browser = world.browser();
            assert_eq!(
                athlete(&mut browser, &provider, "ana").await.location(),
                "/dashboard"
            );
            let answer = mcp.call("get_fitness", json!({})).await;
            assert!(!answer.is_error(), "{}", answer.text());
        },
    )
    .await;
}

/// Who is on the roster of the demo's coach: Ana by her group, Jack by his address.
const ROSTER: &str = "athletes group riders\nathletes address jack@example.test\n";

/// Ana continues with the provider, by which alone the policy lets her in.
async fn ana_in_the_group(world: &Arc<World>, provider: &IdentityProvider) -> Browser {
    apply(world, ROSTER).await;
    let mut browser = world.browser();
    athlete(&mut browser, provider, "ana").await;
    let joined = browser.post(JOIN, &[("password", PASSWORD)]).await;
    assert_eq!(joined.location(), "/dashboard", "{}", joined.text());
    browser
}

fn ana_rides() -> [Value; 1] {
    [person("ana", "ana@example.test", &["riders"])]
}

/// Moves both clocks.
async fn later(world: &World, provider: &IdentityProvider, time: Duration) {
    world.clock.advance(time);
    provider.at(world.clock.now()).await;
}

/// Whether Ana is on the coach's roster, and Jack as well.
async fn lists(mcp: &Mcp) -> bool {
    let call = mcp.call("list_athletes", json!({})).await;
    let text = call.text();
    assert!(!call.is_error() && text.contains("Jack Nguyen"), "{text}");
    text.contains("Ana Berger")
}

/// Whether a coach's call about Ana is answered; if not, she is not on the roster.
async fn answers(mcp: &Mcp) -> bool {
    let call = mcp.call("get_fitness", json!({"athlete": "ana"})).await;
    let says = call.text().contains("no athlete on your roster");
    assert_eq!(call.is_error(), says, "{}", call.text());
    !says
}

/// Whether that page says that Ana is kept out.
async fn keeps_out(page: &mut Browser) -> bool {
    let text = page.get("/for-coaches/my-roster").await.text();
    assert!(
        text.contains("Ana Berger") && !text.contains("does not let Jack"),
        "{text}"
    );
    text.contains("does not let Ana Berger in now")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_out_of_the_group_is_off_rosters_without_a_call_of_their_own() {
    club(
        &ana_rides(),
        |_| (),
        async |world, provider| {
            let link = world.coaches().await[0].link.clone();
            ana_in_the_group(&world, &provider).await;
            let other = world.other_instance().await;
            let (here, there) = (world.mcp(&link), world.mcp(&other.link(&link)));
            let quarter = Duration::minutes(15);
            assert!(lists(&here).await && answers(&there).await);
            provider.change(json!({"sub": "ana", "groups": []})).await;
            assert!(
                answers(&here).await && lists(&there).await,
                "what was said a moment ago holds"
            );

            // A call about somebody else asks nobody about Ana.
            later(&world, &provider, quarter).await;
            let asked = provider.asked("userinfo").await;
            let jack = here.call("get_fitness", json!({"athlete": "jack"})).await;
            assert!(!jack.is_error(), "{}", jack.text());
            assert_eq!(provider.asked("userinfo").await, asked);
            let push = json!({"athlete": "ana", "workouts": threshold("No")["workouts"]});
            let pushed = here.call("push_workout", push).await;
            assert!(
                pushed.is_error() && pushed.text().contains("no athlete on your roster"),
                "{}",
                pushed.text()
            );
            assert!(all_named(&world, world.ana(), "No").is_empty());
            assert!(!answers(&there).await && !lists(&here).await && !lists(&there).await);
            assert_eq!(
                provider.asked("userinfo").await,
                asked + 1,
                "once for all of them"
            );

            // The same for a call that is about everyone, and back again.
            provider.change(json!({"sub": "ana", "groups": ["riders"]})).await;
            later(&world, &provider, quarter).await;
            assert!(lists(&there).await && answers(&here).await);
            provider.change(json!({"sub": "ana", "groups": []})).await;
            later(&world, &provider, quarter).await;
            assert!(!lists(&here).await && !lists(&there).await);
            let selected = there.call("select_athlete", json!({"athlete": "ana"})).await;
            assert!(selected.is_error(), "{}", selected.text());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_signed_out_at_the_provider_is_on_rosters_once_it_confirms_them() {
    club(
        &ana_rides(),
        |_| (),
        async |world, provider| {
            let link = world.coaches().await[0].link.clone();
            let mut ana = ana_in_the_group(&world, &provider).await;
            let other = world.other_instance().await;
            let (here, there) = (world.mcp(&link), world.mcp(&other.link(&link)));
            assert!(lists(&here).await && lists(&there).await);
            let mut page = world.on_roster_page(COACH).await;
            assert!(!keeps_out(&mut page).await);

            let told = provider
                .control(json!({"end": "ana", "tell": true, "keep": true}))
                .await;
            assert_eq!(told["ended"], json!([200]));
            let asked = provider.asked("userinfo").await;
            assert!(keeps_out(&mut page).await, "not confirmed since");
            assert_eq!(
                provider.asked("userinfo").await,
                asked,
                "a page does not ask about each"
            );
            assert!(answers(&there).await && lists(&here).await, "it confirms her");
            assert_eq!(provider.asked("userinfo").await, asked + 1);
            assert!(!keeps_out(&mut page).await);

            // While a change is being prepared. What the provider gave ended with the session there.
            athlete(&mut ana, &provider, "ana").await;
            world.sim.fault(Fault::on("/events").delay_ms(3_000).times(1));
            let push = json!({"athlete": "ana", "workouts": threshold("Late")["workouts"]});
            let (pushed, ended) = tokio::join!(here.call("push_workout", push), async {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                provider.sign_out("ana").await
            });
            assert!(ended.as_array().unwrap().contains(&json!(200)), "{ended}");
            assert!(
                pushed.is_error() && pushed.text().contains("stopped letting Ana Berger"),
                "{}",
                pushed.text()
            );
            assert!(
                all_named(&world, world.ana(), "Late").is_empty(),
                "{}",
                pushed.text()
            );
            assert!(!lists(&there).await && !answers(&here).await);
            assert!(keeps_out(&mut page).await);
            athlete(&mut ana, &provider, "ana").await;
            assert!(answers(&here).await && lists(&there).await);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_away_athletes_stay_on_rosters_for_four_hours() {
    club(
        &ana_rides(),
        |_| (),
        async |world, provider| {
            let link = world.coaches().await[0].link.clone();
            ana_in_the_group(&world, &provider).await;
            let other = world.other_instance().await;
            let (here, there) = (world.mcp(&link), world.mcp(&other.link(&link)));
            provider.faults(json!({"all": {"status": 503}})).await;
            for minutes in [16, 60, 160] {
                world.clock.advance(Duration::minutes(minutes));
                assert!(lists(&here).await && answers(&there).await, "{minutes}");
            }
            world.clock.advance(Duration::minutes(5));
            assert!(!answers(&here).await && !lists(&there).await);
            let mut page = world.on_roster_page(COACH).await;
            assert!(keeps_out(&mut page).await);
            provider.faults(json!({})).await;
            later(&world, &provider, Duration::minutes(1)).await;
            assert!(lists(&there).await && answers(&here).await);
            assert!(!keeps_out(&mut page).await);
        },
    )
    .await;
}

/// A call about everyone waits a few seconds for a provider that hangs, and then goes by what it said last.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_holds_up_no_roster() {
    let people = [
        person("ana", "ana@example.test", &["riders"]),
        person("jack", "jack@example.test", &["riders"]),
    ];
    club(
        &people,
        |_| (),
        async |world, provider| {
            let link = world.coaches().await[0].link.clone();
            apply(&world, "athletes group riders\n").await;
            for sub in ["ana", "jack"] {
                let mut browser = world.browser();
                athlete(&mut browser, &provider, sub).await;
                assert_eq!(
                    browser.post(JOIN, &[("password", PASSWORD)]).await.location(),
                    "/dashboard"
                );
            }
            let mcp = world.mcp(&link);
            assert!(lists(&mcp).await);
            later(&world, &provider, Duration::minutes(20)).await;
            provider.faults(json!({"all": {"slow": 20_000}})).await;
            let began = std::time::Instant::now();
            assert!(lists(&mcp).await, "what was said last holds");
            let took = began.elapsed().as_millis();
            assert!((2_900..4_900).contains(&took), "{took} ms");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coach_is_in_by_a_group_out_without_it_and_back_with_it() {
    club(
        &[person("carl", COACH, &[])],
        |_| (),
        async |world, provider| {
            world.coaches().await;
            apply(&world, "coaches group coaches\n").await;
            let as_coach = ("coach", "dashboard");
            let kept_out = continue_as(&mut world.browser(), &mut provider.visitor(), "carl", as_coach).await;
            assert_eq!(kept_out.status, 403, "{}", kept_out.text());
            assert_eq!(
                kept_out.attribute("a.button", "href").as_deref(),
                Some("/for-coaches")
            );
            provider
                .change(json!({"sub": "carl", "groups": ["coaches"]}))
                .await;

            let program = Program::registered(&world, "Claude", CLAUDE).await;
            let mut browser = world.browser();
            let (path, _) = program.begin(&mut browser).await;
            let next = format!("request-{}", path.rsplit('/').next().unwrap());
            let back = continue_as(&mut browser, &mut provider.visitor(), "carl", ("coach", &next)).await;
            assert_eq!(back.location(), path, "{}", back.text());
            let page = browser.get(&path).await;
            let done = allow(&mut browser, &path, &page, false).await;
            let tokens = program.exchange(&code(&done)).await;
            let mcp = program.mcp(tokens.access());
            let asks = async || mcp.call("list_athletes", json!({})).await;
            let first = asks().await;
            assert!(!first.is_error(), "{}", first.text());
            let mut visit = world.browser();
            let roster = "/for-coaches/my-roster";
            continue_as(&mut visit, &mut provider.visitor(), "carl", as_coach).await;
            assert_eq!(visit.get(roster).await.status, 200);

            provider.change(json!({"sub": "carl", "groups": []})).await;
            assert!(!asks().await.is_error(), "what was said a moment ago holds");
            later(&world, &provider, Duration::minutes(15)).await;
            let out = asks().await;
            assert!(
                out.is_error() && out.text().contains("does not let the coach in"),
                "{}",
                out.text()
            );
            assert_eq!(visit.get(roster).await.status, 403);

            provider
                .change(json!({"sub": "carl", "groups": ["coaches"]}))
                .await;
            later(&world, &provider, Duration::minutes(15)).await;
            let back = asks().await;
            assert!(!back.is_error(), "{}", back.text());

            // Whom the provider refuses is sent to the coaches' own door.
            provider.revoke("carl").await;
            later(&world, &provider, Duration::minutes(15)).await;
            let out = asks().await;
            let door = format!(
                "Sign in at The club again: {}.",
                world.app.config.for_coaches_url()
            );
            assert!(out.is_error() && out.text().contains(&door), "{}", out.text());

            // So is who was about to agree.
            let program = program.in_another_window("later");
            let mut browser = world.browser();
            let (path, _) = program.begin(&mut browser).await;
            let next = format!("request-{}", path.rsplit('/').next().unwrap());
            let back = continue_as(&mut browser, &mut provider.visitor(), "carl", ("coach", &next)).await;
            assert_eq!(back.location(), path, "{}", back.text());
            assert!(!asks().await.is_error(), "signing in again was enough");
            apply(&world, "coaches nobody\n").await;
            let kept_out = browser.get(&path).await;
            assert_eq!(kept_out.status, 403, "{}", kept_out.text());
            assert_eq!(
                kept_out.attribute("a.button", "href").as_deref(),
                Some("/for-coaches")
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_group_of_writers_may_change_something_and_nobody_else() {
    club(
        &[person("ana", "ana@example.test", &[])],
        |_| (),
        async |world, provider| {
            let ana = world.ana();
            world.let_write(ana).await;
            apply(&world, "writing group writers\n").await;
            let push = async |name: &str| refused(&world, &ana.link, "push_workout", threshold(name)).await;
            let text = push("Nobody").await;
            assert!(text.contains("lets the athlete read only"), "{text}");
            let mut browser = world.browser();
            athlete(&mut browser, &provider, "ana").await;
            browser.post(JOIN, &[("password", PASSWORD)]).await;
            let text = push("Not in it").await;
            assert!(text.contains("lets the athlete read only"), "{text}");

            provider
                .change(json!({"sub": "ana", "groups": ["writers"]}))
                .await;
            later(&world, &provider, Duration::minutes(15)).await;
            done(&world, &ana.link, "push_workout", threshold("In it")).await;

            provider.change(json!({"sub": "ana", "groups": []})).await;
            later(&world, &provider, Duration::minutes(15)).await;
            let text = push("Out again").await;
            assert!(text.contains("lets the athlete read only"), "{text}");
            // Without the provider's word they still read.
            provider.revoke("ana").await;
            later(&world, &provider, Duration::minutes(15)).await;
            done(&world, &ana.link, "get_fitness", json!({})).await;
            push("Unknown").await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_is_as_old_as_it_is() {
    club(
        &[person("ana", "ana@example.test", &["riders"])],
        |_| (),
        async |world, provider| {
            apply(&world, "athletes group riders\n").await;
            let mut browser = world.browser();
            assert_eq!(athlete(&mut browser, &provider, "ana").await.location(), JOIN);
            provider.change(json!({"sub": "ana", "groups": []})).await;
            later(&world, &provider, Duration::minutes(15)).await;
            let joined = browser.post(JOIN, &[("password", PASSWORD)]).await;
            assert_eq!(joined.location(), "/dashboard", "{}", joined.text());
            // What the provider said before it waited is asked again.
            assert_eq!(browser.get("/dashboard").await.status, 403);
        },
    )
    .await;
}

/// Somebody with Ana's address at the provider, who waits to be joined to her.
async fn waiting(world: &Arc<World>, provider: &IdentityProvider, who: &str) -> Browser {
    let mut browser = world.browser();
    let page = continue_as(&mut browser, &mut provider.visitor(), "eve", (who, "dashboard")).await;
    assert_eq!(page.location(), JOIN, "{}", page.text());
    assert_eq!(browser.get(JOIN).await.status, 200);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn what_secures_an_account_ends_what_waits_to_be_joined_to_it() {
    let people = [
        person("eve", "ana@example.test", &[]),
        person("jack", "jack@example.test", &[]),
        person("coach", "ana@example.test", &[]),
    ];
    club(
        &people,
        |config| config.sign_ins_per_minute = 1_000,
        async |world, provider| {
            let ana = world.ana().clone();
            let address = ana.person.email;
            let change_to = |new: &'static str, old: &'static str| [("current", old), ("password", new)];

            // A recovery that is finished.
            world.clock.advance(Duration::days(30));
            with_codes(&world, &ana).await;
            lose_all(&world, &ana).await;
            world.clock.advance(Duration::hours(48));
            // The mails before it have left.
            world.mails_to(address).await;
            recovery::mail_due(&world.app).await.unwrap();
            provider.at(world.clock.now()).await;
            let mut eve = waiting(&world, &provider, "athlete").await;
            let mut jack = world.browser();
            assert_eq!(athlete(&mut jack, &provider, "jack").await.location(), JOIN);
            let (mut owner, page) = world.opened(address).await;
            let recovered = owner.press(&page, &[]).await;
            assert_eq!(
                recovered.location(),
                "/sign-in?done=recovered",
                "{}",
                recovered.text()
            );
            assert_eq!(eve.get(JOIN).await.status, 410);

            // A password that is changed.
            let mut eve = waiting(&world, &provider, "athlete").await;
            let mut owner = world.signed_in(&ana).await;
            let changed = owner
                .post("/account/password", &change_to("a password of my own", PASSWORD))
                .await;
            assert_eq!(changed.status, 303, "{}", changed.text());
            assert_eq!(eve.get(JOIN).await.status, 410);

            // One that is reset, with a coach's code of the same mailbox.
            let fields = [
                ("email", address),
                ("note", ""),
                ("last-day", ""),
                ("tool-get_fitness", "on"),
            ];
            let invited = world
                .signed_in(world.jack())
                .await
                .post("/coaches/invite", &fields)
                .await;
            assert_eq!(invited.status, 303, "{}", invited.text());
            let as_coach = ("coach", "dashboard");
            let bound = continue_as(&mut world.browser(), &mut provider.visitor(), "coach", as_coach).await;
            assert_eq!(bound.location(), "/for-coaches/my-roster", "{}", bound.text());
            let mut eve = waiting(&world, &provider, "athlete").await;
            let mut coach = waiting(&world, &provider, "coach").await;
            // The mails before it have left.
            world.mails_to(address).await;
            world.browser().post("/forgot", &[("email", address)]).await;
            let (mut owner, page) = world.opened(address).await;
            let reset = owner.press(&page, &[("password", "another of my own")]).await;
            assert_eq!(reset.status, 303, "{}", reset.text());
            assert_eq!(eve.get(JOIN).await.status, 410);
            assert_eq!(coach.get(JOIN).await.status, 410);

            // An address that is changed: the code went to the old one.
            let mut eve = waiting(&world, &provider, "athlete").await;
            eve.post(&format!("{JOIN}/code"), &[]).await;
            let code = code_to(&world, address).await;
            let asked = [
                ("email", "ana.new@example.test"),
                ("password", "another of my own"),
            ];
            owner.post("/account/address", &asked).await;
            let link = world.link_mailed_to("ana.new@example.test").await;
            let page = owner.open(&link).await;
            let changed = owner.press(&page, &[]).await;
            assert_eq!(changed.location(), "/account?done=address", "{}", changed.text());
            assert_eq!(eve.post(JOIN, &[("code", &code)]).await.status, 410);

            assert_eq!(jack.get(JOIN).await.status, 200, "nothing of this is about Jack");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_at_the_provider_waits_no_more() {
    let people = [
        person("ana", "ana@example.test", &[]),
        person("jack", "jack@example.test", &[]),
    ];
    club(
        &people,
        |_| (),
        async |world, provider| {
            let (mut ana, mut jack) = (world.browser(), world.browser());
            assert_eq!(athlete(&mut ana, &provider, "ana").await.location(), JOIN);
            assert_eq!(athlete(&mut jack, &provider, "jack").await.location(), JOIN);
            assert_eq!(provider.sign_out("ana").await, json!([200]));
            assert_eq!(ana.post(JOIN, &[("password", PASSWORD)]).await.status, 410);
            assert_eq!(jack.get(JOIN).await.status, 200);
            assert!(identities(&world).await.is_empty());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_is_no_way_around_the_limits_of_passwords() {
    club(
        &[person("ana", "ana@example.test", &[])],
        |config| config.sign_ins_per_minute = 8,
        async |world, provider| {
            let waits = async || {
                let mut browser = world.browser();
                assert_eq!(athlete(&mut browser, &provider, "ana").await.location(), JOIN);
                browser
            };
            let at_the_door = async |password: &str| {
                let fields = [("email", world.ana().person.email), ("password", password)];
                world.browser().post("/sign-in", &fields).await.status
            };
            // However many identities wait: five for one address, wherever they are typed.
            for number in 0..5 {
                let wrong = waits().await.post(JOIN, &[("password", "a guess")]).await;
                assert_eq!(wrong.status, 422, "{number}: {}", wrong.text());
            }
            let mut browser = waits().await;
            assert_eq!(browser.post(JOIN, &[("password", PASSWORD)]).await.status, 429);
            assert_eq!(at_the_door(PASSWORD).await, 429);
            world.clock.advance(Duration::minutes(1));

            for _ in 0..5 {
                assert_eq!(at_the_door("a guess").await, 422);
            }
            assert_eq!(browser.post(JOIN, &[("password", PASSWORD)]).await.status, 429);
            assert!(identities(&world).await.is_empty());
            world.clock.advance(Duration::minutes(1));
            // The network's share, with other addresses.
            for number in 0..8 {
                let fields = [
                    ("email", &*format!("{number}@example.test")),
                    ("password", "a guess"),
                ];
                assert_eq!(
                    world.browser().post("/sign-in", &fields).await.status,
                    422,
                    "{number}"
                );
            }
            assert_eq!(browser.post(JOIN, &[("password", PASSWORD)]).await.status, 429);
            world.clock.advance(Duration::minutes(1));
            let right = browser.post(JOIN, &[("password", PASSWORD)]).await;
            assert_eq!(right.location(), "/dashboard", "{}", right.text());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_in_the_export_without_what_the_provider_is_asked_with() {
    club(
        &[person("nora", NEW, &["riders"])],
        |_| (),
        async |world, provider| {
            apply(&world, "athletes group riders\nathletes anyone\n").await;
            let mut browser = world.browser();
            athlete(&mut browser, &provider, "nora").await;
            let file: Value = serde_json::from_str(&browser.post("/account/export", &[]).await.body).unwrap();
            let identity = &file["identities"][0];
            assert_eq!(identity["subject"], "nora");
            assert_eq!(identity["address"], NEW);
            assert_eq!(identity["claims"], json!({"groups": ["riders"]}));
            assert!(!file.to_string().contains("tokens"));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_nothing_of_it_is_there() {
    test(async |world| {
        let mut browser = world.browser();
        for path in ["/", "/sign-in", "/sign-up", "/for-coaches"] {
            assert!(
                !browser.get(path).await.body.contains("/sign-in/provider"),
                "{path}"
            );
        }
        for path in ["/sign-in/provider/callback?state=x&code=y", JOIN] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        assert!(
            !world
                .signed_in(world.ana())
                .await
                .get("/account/ways")
                .await
                .body
                .contains("provider")
        );
    })
    .await;
}
