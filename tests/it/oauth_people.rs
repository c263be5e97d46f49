//! People who sign in for a client: athletes and coaches, new ones and those whom a stranger wants to trick.

use icusync::demo::seed::PASSWORD;
use serde_json::json;

use crate::{
    connections,
    world::{
        sign_in::{Program, allow, code, consent_fields, query},
        test, test_with,
    },
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
/// Invited by Ana, Jack and Tríona.
const COACH: &str = "coach@example.test";

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_signs_in_with_the_password_and_sees_what_is_asked() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        assert!(page.text().contains("Claude") && page.text().contains("claude.ai"));
        let next = page.attribute("input[name=next]", "value").unwrap();
        let fields = [
            ("email", world.ana().person.email),
            ("password", PASSWORD),
            ("next", &next),
        ];
        let signed = browser.post("/sign-in", &fields).await;
        assert_eq!((signed.status, signed.location()), (303, path.as_str()));
        let consent = browser.get(&path).await;
        let text = consent.text();
        for said in [
            "Ana Berger",
            world.ana().person.email,
            "claude.ai",
            "not signed in with this app before",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        // The button must lead wherever the client is, and nobody may lay the page under another.
        let policy = consent.header("content-security-policy");
        assert!(
            !policy.contains("form-action") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let done = allow(&mut browser, &path, &consent, true).await;
        assert_eq!(
            query(done.location(), "state").as_deref(),
            Some(program.state.as_str())
        );
        assert_eq!(query(done.location(), "iss").as_deref(), Some(world.web.as_str()));
        assert_eq!(program.exchange(&code(&done)).await.status, 200);
        // The mail about the new app, once.
        let mails = world.mails_to(world.ana().person.email).await;
        let about = |mails: &[icusync::mail::transport::CapturedMail]| {
            mails
                .iter()
                .filter(|mail| mail.letter.subject.contains("new app"))
                .count()
        };
        assert_eq!(about(&mails), 1);
        assert_eq!(program.sign_in(&mut browser, true).await.status, 200);
        assert_eq!(about(&world.mails_to(world.ana().person.email).await), 1);
    })
    .await;
}

/// What was chosen for a client is offered again, and kept with each sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_sign_in_may_do_is_chosen_and_remembered() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let (path, page) = program.begin(&mut browser).await;
        let mut fields = consent_fields(&page, false);
        fields.retain(|(name, _)| name != "wellness");
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let tokens = program.exchange(&code(&browser.post(&path, &fields).await)).await;
        let mcp = program.mcp(tokens.access());
        let list = mcp.request("tools/list", json!({})).await;
        assert!(
            !list.answer.to_string().contains("get_wellness"),
            "its group is off"
        );
        let off = mcp.call("get_wellness", json!({})).await;
        assert!(off.is_error() && off.text().contains("/apps/"), "{}", off.text());
        let refused = mcp
            .call(
                "push_workout",
                json!({"day": "2026-11-24", "name": "x", "sport": "Ride", "steps": "- 20m 50%"}),
            )
            .await;
        assert!(
            refused.is_error()
                && refused.text().contains("may only read")
                && refused.text().contains("/apps/"),
            "{}",
            refused.text()
        );
        // A query narrows a sign-in as it narrows a link.
        let narrow =
            crate::world::Mcp::at(&format!("{}/mcp?tools=fitness", world.web)).with_token(tokens.access());
        let left = narrow.request("tools/list", json!({})).await.answer["result"]["tools"].to_string();
        assert!(
            left.contains("get_fitness") && !left.contains("get_events"),
            "{left}"
        );
        let again = program.in_another_window("again");
        let (_, page) = again.begin(&mut browser).await;
        assert!(page.attribute("#group-wellness", "checked").is_none());
        assert!(page.attribute("#group-fitness", "checked").is_some());
        assert!(page.attribute("#may-write", "checked").is_none());
        assert!(page.text().contains("As you chose last time"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_to_read_gets_no_more() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.let_write(world.ana()).await;
        let begun = browser.get(&program.authorize(&[("scope", "read")])).await;
        let path = begun.location().to_owned();
        let page = browser.get(&path).await;
        assert!(page.attribute("#may-write", "name").is_none());
        let mut fields = consent_fields(&page, false);
        fields.push(("may-write".to_owned(), "on".to_owned()));
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let tokens = program.exchange(&code(&browser.post(&path, &fields).await)).await;
        assert_eq!(tokens.text("scope"), "read");
        let answer = program
            .mcp(tokens.access())
            .call("delete_workout", json!({"id": 1}))
            .await;
        assert!(answer.text().contains("may only read"), "{}", answer.text());
    })
    .await;
}

/// Hard case 103.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_no_is_sent_back_with_that() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        for mut browser in [world.browser(), world.signed_in(world.ana()).await] {
            let (path, _) = program.begin(&mut browser).await;
            let done = browser.post(&path, &[("decision", "deny")]).await;
            assert_eq!(done.status, 303);
            assert!(done.location().starts_with(&format!("{CALLBACK}?")));
            assert_eq!(query(done.location(), "error").as_deref(), Some("access_denied"));
            assert_eq!(
                query(done.location(), "state").as_deref(),
                Some(program.state.as_str())
            );
            assert_eq!(query(done.location(), "iss").as_deref(), Some(world.web.as_str()));
            assert_eq!(browser.get(&path).await.status, 404);
        }
    })
    .await;
}

/// Trap 25: the page may be loaded twice, and the button pressed twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_gives_the_same_answer_while_the_code_is_unused() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let (path, _) = program.begin(&mut browser).await;
        let (same, page) = program.begin(&mut browser).await;
        assert_eq!(path, same, "a page that is loaded twice is one sign-in");
        let first = allow(&mut browser, &path, &page, false).await;
        let second = allow(&mut browser, &path, &page, true).await;
        assert_eq!(first.location(), second.location());
        let tokens = program.exchange(&code(&first)).await;
        assert_eq!(tokens.status, 200);
        let third = allow(&mut browser, &path, &page, false).await;
        assert!(third.text().contains("is signed in"), "{}", third.text());
        assert!(browser.get(&path).await.text().contains("is signed in"));
        assert_eq!(
            program
                .mcp(tokens.access())
                .request("ping", json!({}))
                .await
                .status,
            200
        );
    })
    .await;
}

/// Hard case 96: a sign-in opens in its own browser only.
#[tokio::test(flavor = "multi_thread")]
async fn another_browser_finds_nothing_under_the_id() {
    test(async |world| {
        world.coaches().await;
        let program = Program::registered(&world, "Evil", "https://evil.example/cb").await;
        let mut attacker = world.browser();
        let (path, _) = program.begin(&mut attacker).await;
        let mut victim = world.signed_in(world.ana()).await;
        for _ in 0..2 {
            let page = victim.get(&path).await;
            assert_eq!(page.status, 404);
            assert!(!page.text().contains("Evil"), "{}", page.text());
            for fields in [
                vec![("decision", "allow"), ("as", "x"), ("shown", "")],
                vec![("decision", "deny")],
            ] {
                assert_eq!(victim.post(&path, &fields).await.status, 404);
            }
            assert_eq!(
                victim
                    .post(&format!("{path}/coach"), &[("email", COACH)])
                    .await
                    .status,
                404
            );
            assert_eq!(
                victim
                    .post(&format!("{path}/code"), &[("code", "x")])
                    .await
                    .status,
                404
            );
            assert_eq!(victim.post(&format!("{path}/switch"), &[]).await.status, 404);
            // The victim has a cookie of an own sign-in now.
            Program::registered(&world, "Claude", CALLBACK)
                .await
                .begin(&mut victim)
                .await;
        }
        assert!(
            world
                .mails_to(COACH)
                .await
                .iter()
                .all(|mail| !mail.letter.subject.contains("code"))
        );
    })
    .await;
}

/// A stranger's pending request, finished by somebody else's mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_opened_elsewhere_finishes_the_account_and_no_strangers_sign_in() {
    test(async |world| {
        let program = Program::registered(&world, "Evil", "https://evil.example/cb").await;
        let mut attacker = world.browser();
        let (path, _) = program.begin(&mut attacker).await;
        let next = format!("request-{}", path.strip_prefix("/authorize/").unwrap());
        let email = "somebody@example.com";
        let sent = attacker
            .post("/sign-up", &[("email", email), ("next", &next)])
            .await;
        assert_eq!(sent.location(), format!("/sign-up/sent?next={next}"));
        let (mut victim, page) = world.opened(email).await;
        let done = victim
            .press(&page, &[("password", "a long and lovely password")])
            .await;
        assert_eq!(done.status, 200, "{}", done.text());
        assert!(done.text().contains("Go back to the window where you began"));
        assert_eq!(victim.get("/dashboard").await.status, 200);
        // The window where it began asks for the password, which the stranger does not know.
        let page = attacker.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(
            page.attribute("input[type=password]", "name").is_some(),
            "{}",
            page.text()
        );
        assert_eq!(victim.get(&path).await.status, 404);
        // The same for a forgotten password.
        let ana = world.ana().person.email;
        attacker.post("/forgot", &[("email", ana), ("next", &next)]).await;
        let (mut victim, page) = world.opened(ana).await;
        let done = victim
            .press(&page, &[("password", "another long and lovely password")])
            .await;
        assert_eq!(done.status, 200, "{}", done.text());
        assert!(
            attacker
                .get(&path)
                .await
                .attribute("input[type=password]", "name")
                .is_some()
        );
        let granted: i64 = sqlx::query_scalar("select count(*) from connectors where is_sign_in")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(granted, 0);
    })
    .await;
}

/// From `PUBLIC_URL/mcp` in a client, through sign-up and connecting, to the first answer, in one browser.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_athlete_gets_from_the_client_to_the_first_answer() {
    test(async |world| {
        // Everybody whom the simulator knows has an account: one of them is free again.
        let nell = world.nell().person;
        world.signed_in(world.nell()).await.post("/disconnect", &[]).await;
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        let link = page.attribute("a[href^='/sign-up']", "href").unwrap();
        let form = browser.get(&link).await;
        let next = form.attribute("input[name=next]", "value").unwrap();
        let email = "new@example.com";
        let sent = browser
            .post("/sign-up", &[("email", email), ("next", &next)])
            .await;
        let sent = sent.location().to_owned();
        let sent = browser.get(&sent).await;
        assert_eq!(
            sent.attribute("main a.button", "href").as_deref(),
            Some(path.as_str())
        );
        let link = world.link_mailed_to(email).await;
        let page = browser.open(&link).await;
        let done = browser
            .press(&page, &[("password", "a long and lovely password")])
            .await;
        assert_eq!(
            (done.status, done.location()),
            (303, path.as_str()),
            "{}",
            done.text()
        );
        let page = browser.get(&path).await;
        assert!(
            page.text().contains("First connect intervals.icu"),
            "{}",
            page.text()
        );
        let next = page.attribute("input[name=next]", "value").unwrap();
        let away = browser.post("/connect", &[("next", &next)]).await;
        let away = away.location().to_owned();
        assert!(!away.contains("WRITE"), "reading first: {away}");
        let back = connections::consent(&world, &mut browser, &away, nell, &connections::ALL, "allow").await;
        let connected = browser.get(&back).await;
        assert_eq!(
            (connected.status, connected.location()),
            (303, path.as_str()),
            "{}",
            connected.text()
        );
        // Whoever lets the client make changes allows them at intervals.icu first, and comes back to the same page.
        let page = browser.get(&path).await;
        let changes = page
            .attribute("form#connect input[name=changes]", "value")
            .unwrap();
        let away = browser
            .post("/connect", &[("next", &next), ("changes", &changes)])
            .await;
        let away = away.location().to_owned();
        assert!(away.contains("CALENDAR%3AWRITE"), "{away}");
        let back =
            connections::consent(&world, &mut browser, &away, nell, &connections::WRITING, "allow").await;
        assert_eq!(browser.get(&back).await.location(), path);
        let page = browser.get(&path).await;
        let done = allow(&mut browser, &path, &page, true).await;
        let tokens = program.exchange(&code(&done)).await;
        let answer = program
            .mcp(tokens.access())
            .call("get_athlete_profile", json!({}))
            .await;
        assert!(!answer.is_error(), "{}", answer.text());
    })
    .await;
}

/// A coach without an account: from the invite mail to the first answer, without the URL.
#[tokio::test(flavor = "multi_thread")]
async fn a_coach_signs_in_with_a_mailed_code() {
    test(async |world| {
        let coaches = world.coaches().await;
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.browser();
        let (path, _) = program.begin(&mut browser).await;
        let asked = browser
            .post(&format!("{path}/coach"), &[("email", " Coach@Example.TEST ")])
            .await;
        assert_eq!(asked.status, 303);
        let page = browser.get(&path).await;
        assert!(page.attribute("#code", "name").is_some(), "{}", page.text());
        let mail = world.mails_to(COACH).await.pop().unwrap();
        assert!(
            mail.letter.text.contains("Claude"),
            "the mail names the app: {}",
            mail.letter.text
        );
        let typed = world.code_mailed_to(COACH).await.to_lowercase();
        let done = browser.post(&format!("{path}/code"), &[("code", &typed)]).await;
        assert_eq!(
            (done.status, done.location()),
            (303, path.as_str()),
            "{}",
            done.text()
        );
        let page = browser.get(&path).await;
        assert!(
            page.text().contains(COACH) && page.text().contains("3 athletes"),
            "{}",
            page.text()
        );
        let done = allow(&mut browser, &path, &page, true).await;
        let tokens = program.exchange(&code(&done)).await;
        let mcp = program.mcp(tokens.access());
        let roster = mcp.call("list_athletes", json!({})).await;
        assert!(roster.text().contains("Ana Berger"), "{}", roster.text());
        let fitness = mcp.call("get_fitness", json!({"athlete": "Ana"})).await;
        assert!(fitness.text().starts_with("Ana Berger"), "{}", fitness.text());
        // A selection belongs to the sign-in through which it was made.
        mcp.call("select_athlete", json!({"athlete": "Ana"})).await;
        assert!(
            mcp.call("get_fitness", json!({}))
                .await
                .text()
                .contains("Ana Berger")
        );
        let (second, tokens) = world.app_of_coach(COACH, false).await;
        let other = second.mcp(tokens.access());
        assert!(other.call("get_fitness", json!({})).await.is_error());
        let link = coaches.iter().find(|coach| coach.email == COACH).unwrap();
        let by_link = world.mcp(&link.link);
        assert!(by_link.call("get_fitness", json!({})).await.is_error());
    })
    .await;
}

/// Five tries a code, a code in ten minutes, six an hour: 10,000 guesses over a day find nothing, and an address without a grant
/// looks the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_cannot_be_guessed() {
    // A thousand networks, as it were: what holds is counted for the code and the mailbox.
    let unlimited = |config: &mut icusync::config::Config| config.sign_ins_per_minute = 1_000_000;
    test_with(unlimited, async |world| {
        world.coaches().await;
        let program = Program::registered(&world, "Evil", "https://evil.example/cb").await;
        let mut judged = 0;
        let mut pages: [Vec<String>; 2] = Default::default();
        let day = world.clock.now() + chrono::Duration::days(1);
        let mut guess = 0_u32;
        while world.clock.now() < day {
            for (at, address) in [COACH, "nobody@example.com"].into_iter().enumerate() {
                let mut attacker = world.browser();
                let window = program.in_another_window(&guess.to_string());
                let (path, _) = window.begin(&mut attacker).await;
                attacker
                    .post(&format!("{path}/coach"), &[("email", address)])
                    .await;
                for _ in 0..7 {
                    guess += 1;
                    let code = format!("A{guess:07}").replace(['0', '1'], "Z");
                    let answer = attacker.post(&format!("{path}/code"), &[("code", &code)]).await;
                    assert_ne!(answer.status, 303, "a guess was right");
                    judged += usize::from(answer.text().contains("left"));
                    if pages[at].len() < 30 {
                        pages[at].push(answer.text().replace(address, "ADDRESS"));
                    }
                }
            }
            world.clock.advance(chrono::Duration::minutes(9));
        }
        assert_eq!(
            pages[0], pages[1],
            "an address with a grant and one without are told apart"
        );
        assert!(judged <= 2 * 24 * 6 * 5, "{judged} guesses were judged in a day");
        let mails = world.mails_to(COACH).await;
        let codes = mails
            .iter()
            .filter(|mail| mail.letter.subject.contains("code to sign in"))
            .count();
        assert!(codes <= 6 * 24, "{codes}");
        assert!(world.mails_to("nobody@example.com").await.is_empty());
        let log: i64 = sqlx::query_scalar("select count(*) from sign_in_log where outcome = 'wrong_code'")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert!(log > 100, "the log shows the attempts: {log}");
    })
    .await;
}

/// Twenty sign-ins of a network may wait; what no browser opened does not count for long.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_sign_ins_of_a_network_may_wait() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        for at in 0..20 {
            let mut browser = world.browser();
            let window = program.in_another_window(&at.to_string());
            let begun = browser.get(&window.authorize(&[])).await;
            assert_eq!(begun.status, 303);
            if at < 12 {
                let path = begun.location().to_owned();
                assert_eq!(browser.get(&path).await.status, 200);
            }
        }
        let one_more = world
            .browser()
            .get(&program.in_another_window("x").authorize(&[]))
            .await;
        assert_eq!(one_more.status, 429);
        assert!(one_more.headers.contains_key("retry-after"));
        world.clock.advance(chrono::Duration::minutes(3));
        let later = world
            .browser()
            .get(&program.in_another_window("y").authorize(&[]))
            .await;
        assert_eq!(later.status, 303);
        world.clock.advance(chrono::Duration::minutes(58));
        let path = later.location().to_owned();
        assert_eq!(world.browser().get(&path).await.status, 404);
    })
    .await;
}

/// Trap 32b: a grant lives apart from the dashboard's session.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_no_sign_in() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let tokens = program.sign_in(&mut browser, false).await;
        browser.post("/sign-out", &[]).await;
        assert_eq!(
            program
                .mcp(tokens.access())
                .request("ping", json!({}))
                .await
                .status,
            200
        );
    })
    .await;
}

/// Who agrees is who the page named, also when somebody else signed in meanwhile in another tab.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_as_somebody_else_than_the_page_named() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let (path, page) = program.begin(&mut browser).await;
        let fields = [("email", world.jack().person.email), ("password", PASSWORD)];
        assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
        let answer = allow(&mut browser, &path, &page, false).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer.text().contains("Somebody else is signed in now") && answer.text().contains("Jack"),
            "{}",
            answer.text()
        );
        assert_eq!(allow(&mut browser, &path, &answer, false).await.status, 303);
    })
    .await;
}

/// Ending all apps also ends what is being agreed to at that moment: nobody with a stolen session gets in past it.
#[tokio::test(flavor = "multi_thread")]
async fn a_consent_in_flight_does_not_outlive_the_end_of_all_apps() {
    test(async |world| {
        for round in 0..6 {
            let program = Program::registered(&world, "Evil", "https://evil.example/cb").await;
            let windows: Vec<Program> = (0..4)
                .map(|at| program.in_another_window(&format!("{round}-{at}")))
                .collect();
            let mut thief = world.signed_in(world.ana()).await;
            let mut pages = Vec::new();
            for window in &windows {
                pages.push(window.begin(&mut thief).await);
            }
            let mut owner = world.signed_in(world.ana()).await;
            let presses = pages.iter().map(|(path, page)| {
                let mut thief = thief.clone();
                async move { allow(&mut thief, path, page, false).await }
            });
            let ends = owner.post("/account/sessions/end-all", &[("end-apps", "on")]);
            let (answers, ended) = futures::future::join(futures::future::join_all(presses), ends).await;
            assert_eq!(ended.status, 303);
            for (window, answer) in windows.iter().zip(&answers) {
                if answer.status == 303 && answer.location().contains("code=") {
                    assert_eq!(
                        window.exchange(&code(answer)).await.status,
                        400,
                        "a code outlived the end"
                    );
                }
            }
        }
    })
    .await;
}

/// A wrong password leaves the person with the client, and a reload of an address that was posted to leads back to the sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_loses_no_client() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        let next = page.attribute("input[name=next]", "value").unwrap();
        let fields = [
            ("email", world.ana().person.email),
            ("password", "wrong"),
            ("next", &next),
        ];
        let again = browser.post("/sign-in", &fields).await;
        assert_eq!(again.status, 422);
        let text = again.text();
        assert!(
            text.contains("That did not match") && text.contains("Sign in to connect Claude"),
            "{text}"
        );
        for posted in ["coach", "code", "switch"] {
            let back = browser.get(&format!("{path}/{posted}")).await;
            assert_eq!((back.status, back.location()), (303, path.as_str()));
        }
    })
    .await;
}

/// The log tells apart two clients that call themselves the same, by where they were sent.
#[tokio::test(flavor = "multi_thread")]
async fn who_imitates_a_name_stands_out_in_the_log() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        for redirect in [CALLBACK, "https://evil.example/cb"] {
            let program = Program::registered(&world, "Claude", redirect).await;
            assert_eq!(program.sign_in(&mut browser, false).await.status, 200);
        }
        let log: Vec<(String, Vec<String>)> =
            sqlx::query_as("select client, news from sign_in_log where client is not null order by client")
                .fetch_all(&world.app.pool)
                .await
                .unwrap();
        let names: Vec<&str> = log.iter().map(|(client, _)| client.as_str()).collect();
        assert_eq!(names, ["Claude (claude.ai)", "Claude (evil.example)"]);
        assert!(
            log.iter().all(|(_, news)| news.contains(&"client".to_owned())),
            "{log:?}"
        );
    })
    .await;
}

/// Whoever asked for a code may think better of it, and an athlete who is signed in may be a coach as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_an_athlete_or_a_coach_until_the_end() {
    test(async |world| {
        world.coaches().await;
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        let asked = browser.post(&format!("{path}/coach"), &[("email", COACH)]).await;
        let typing = browser.get(asked.location()).await;
        assert!(typing.attribute("#code", "name").is_some(), "{}", typing.text());
        let switched = browser.post(&format!("{path}/switch"), &[]).await;
        let who = browser.get(switched.location()).await;
        assert!(
            who.attribute("input[type=password]", "name").is_some(),
            "{}",
            who.text()
        );
        let next = page.attribute("input[name=next]", "value").unwrap();
        let fields = [
            ("email", world.ana().person.email),
            ("password", PASSWORD),
            ("next", &next),
        ];
        assert_eq!(browser.post("/sign-in", &fields).await.location(), path);
        let consent = browser.get(&path).await;
        assert!(
            consent.text().contains("Athlete Ana Berger"),
            "{}",
            consent.text()
        );
        // Back to the code, which still lives, with the athlete signed in.
        let typing = browser.get(&format!("{path}?code")).await;
        assert!(typing.attribute("#code", "name").is_some(), "{}", typing.text());
        let code = world.code_mailed_to(COACH).await;
        let typed = browser.post(&format!("{path}/code"), &[("code", &code)]).await;
        assert_eq!((typed.status, typed.location()), (303, path.as_str()));
        let consent = browser.get(&path).await;
        assert!(
            consent.text().contains(&format!("Coach {COACH}")),
            "{}",
            consent.text()
        );
    })
    .await;
}
