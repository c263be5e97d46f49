//! A real browser: the main job, from the home page to a connector URL that answers, and pictures of what people see.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use icusync::{
    demo::seed::PASSWORD,
    ids::LogId,
    queries::{self, activity_log::Entry},
    time::Clock,
    words::{Access, Outcome},
};
use serde_json::{Value, json};

use crate::{
    clients::{output, script, tool},
    world::{Liar, Mcp, NOW, World, inbox, test, test_with},
};

/// Runs a browser script; it prints one line of JSON.
pub async fn run(name: &str, arguments: &[&str]) -> Value {
    let (modules, script) = (script("modules.mjs"), script(name));
    let mut all = vec!["--import", modules.as_str(), script.as_str()];
    all.extend(arguments);
    let said = output(&tool("ICUSYNC_NODE"), &all, Duration::from_mins(2)).await;
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_confirm_connect_copy_the_url_and_ask() {
    test(async |world| {
        let inbox = inbox(&world).await;
        // The simulated athlete must be free, so the seeded account of Jack disconnects him.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        assert_eq!(jack.post("/disconnect", &[]).await.status, 303);
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        for javascript in ["with-javascript", "without-javascript"] {
            let email = format!("new-{javascript}@example.test");
            let report = run(
                "browser/main-job.mjs",
                &[&world.web, &inbox, &email, javascript, &pictures],
            )
            .await;
            let url = report["url"].as_str().unwrap();
            world.secret(url.rsplit('/').next().unwrap());
            assert!(url.starts_with(&world.links), "{url}");
            if javascript == "with-javascript" {
                assert_eq!(
                    report["copied"], report["url"],
                    "the copy button copies the very URL"
                );
            }
            assert_eq!(
                report["problems"],
                json!([]),
                "nothing in the console, nothing loaded from elsewhere"
            );
            let call = Mcp::at(url).call("get_athlete_profile", json!({})).await;
            assert!(call.text().starts_with("Jack Nguyen · "), "{}", call.answer);
            for secret in report["secrets"].as_array().unwrap() {
                world.secret(secret.as_str().unwrap());
            }
            // Free again for the next round.
            let done = run("browser/disconnect.mjs", &[&world.web, &email, javascript]).await;
            assert_eq!(done["state"], "Not connected");
            let call = Mcp::at(url).call("get_athlete_profile", json!({})).await;
            assert!(call.is_error(), "{}", call.answer);
        }
    })
    .await;
}

/// A morning of an athlete who uses two clients.
async fn a_morning(world: &World) {
    let ana = world.ana();
    let account = queries::accounts::by_email(&world.app.pool, ana.person.email)
        .await
        .unwrap();
    let account = account.unwrap().id;
    for (minutes, client, tool, outcome, ms) in [
        (
            60 * 14,
            "claude-code 2.1.280",
            "get_training_history",
            Outcome::Ok,
            1240,
        ),
        (4, "claude-code 2.1.280", "get_athlete_profile", Outcome::Ok, 610),
        (
            60 * 9,
            "Anthropic/ClaudeAI 1.0.0",
            "get_athlete_profile",
            Outcome::Ok,
            480,
        ),
        (1, "Anthropic/ClaudeAI 1.0.0", "get_wellness", Outcome::Ok, 530),
        (1, "Anthropic/ClaudeAI 1.0.0", "get_fitness", Outcome::Ok, 720),
        (
            2,
            "Anthropic/ClaudeAI 1.0.0",
            "get_training_history",
            Outcome::Upstream,
            15_020,
        ),
        (
            3,
            "Anthropic/ClaudeAI 1.0.0",
            "get_training_history",
            Outcome::Ok,
            1_310,
        ),
        (41, "Anthropic/ClaudeAI 1.0.0", "get_fitness", Outcome::Ok, 90),
    ] {
        world.clock.advance(chrono::Duration::minutes(minutes));
        let entry = Entry {
            id: LogId(world.app.random.uuid(&world.clock)),
            at: world.clock.now(),
            account_id: account,
            athlete_id: ana.person.athlete_id.to_owned(),
            caller: None,
            coach_id: None,
            client: client.to_owned(),
            tool: tool.to_owned(),
            access: Access::Read,
            outcome,
            duration_ms: ms,
            upstream_requests: 1,
            calls: 1,
        };
        queries::activity_log::write(&world.app.pool, &entry)
            .await
            .unwrap();
    }
    // One real call, so that the connection has answered; its row names a test.
    let real = world.mcp(&ana.link).call("get_fitness", json!({})).await;
    assert!(!real.is_error(), "{}", real.answer);
    world.logged().await;
    sqlx::query("delete from activity_log where client like 'world-%'")
        .execute(&world.app.pool)
        .await
        .unwrap();
    let link = queries::connectors::of_account(&world.app.pool, account)
        .await
        .unwrap()
        .unwrap();
    queries::connectors::touch(
        &world.app.pool,
        link.id,
        None,
        "Anthropic/ClaudeAI 1.0.0",
        world.clock.now(),
    )
    .await
    .unwrap();
    world.clock.advance(chrono::Duration::minutes(6));
}

/// Width and height of a PNG.
fn size(picture: &Path) -> (u32, u32) {
    let bytes = std::fs::read(picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{}", picture.display());
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Into `target/tmp/screenshots`, or the folder in `ICUSYNC_SCREENSHOTS`.
#[tokio::test(flavor = "multi_thread")]
async fn home_dashboard_and_activity_log_have_their_picture_taken() {
    test(async |world| {
        a_morning(&world).await;
        let folder = std::env::var_os("ICUSYNC_SCREENSHOTS").map_or_else(
            || Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots"),
            PathBuf::from,
        );
        let email = world.ana().person.email;
        let folder_text = folder.to_str().unwrap();
        let taken = run(
            "browser/screenshots.mjs",
            &[&world.web, email, PASSWORD, folder_text],
        )
        .await;
        let taken: Vec<String> = serde_json::from_value(taken).unwrap();
        assert_eq!(taken.len(), 12, "{taken:?}");
        for name in taken {
            let (width, height) = size(&folder.join(&name));
            let expected = if name.contains("phone") { 390 } else { 1200 };
            assert!(width == expected && height >= 800, "{name}: {width} × {height}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_picture_is_tried_again_when_the_browser_cannot_take_it_and_only_then() {
    let report = run("browser/shoot.mjs", &[]).await;
    assert_eq!(report["busy"]["asked"], 3);
    assert!(report["busy"]["bytes"].as_u64().unwrap() > 100, "{report}");
    assert_eq!(report["stuck"]["asked"], 5, "not for ever");
    assert!(report["stuck"]["thrown"].is_string());
    assert_eq!(
        report["wrong"]["asked"], 1,
        "what the page gets wrong stays wrong"
    );
    assert!(report["wrong"]["thrown"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_invites_changes_and_withdraws_with_and_without_javascript() {
    test(async |world| {
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        let email = world.ana().person.email;
        for mode in ["with-javascript", "without-javascript"] {
            let coach = format!("{mode}@coach.example");
            let folder = if mode == "with-javascript" { &*pictures } else { "" };
            let report = run(
                "browser/coaches.mjs",
                &[&world.web, email, PASSWORD, &coach, mode, folder],
            )
            .await;
            assert_eq!(report["problems"], json!([]), "{report}");
            let posts = u64::from(mode == "without-javascript");
            assert_eq!(
                report["presetPosts"], posts,
                "a script ticks the boxes without a round trip"
            );
            assert_eq!(report["typedStays"], json!([coach, "Build for the marathon"]));
            let has = |place: &str, words: &str| {
                let text = report[place].as_str().unwrap();
                assert!(text.contains(words), "{place}: {words} in {text}");
            };
            has("sent", "on its way");
            has("list", &coach);
            has("list", "Fitness and form, Calendar");
            assert!(!report["list"].as_str().unwrap().contains("Wellness"));
            has(
                "conflict",
                "Compared with the current grant, your coach could also",
            );
            has("after", "Wellness, reading only, Calendar");
            has("dashboard", "Not used yet");
            let grants: i64 = sqlx::query_scalar("select count(*) from grants")
                .fetch_one(&world.app.pool)
                .await
                .unwrap();
            assert_eq!(grants, 0);
            let start = format!("{}/mcp/", world.links);
            for mail in world.mails_to(&coach).await {
                if let Some(rest) = mail.letter.text.split(&start).nth(1) {
                    world.secret(rest.split_whitespace().next().unwrap());
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_connects_another_athlete_while_an_invite_meets_an_existing_grant() {
    test(async |world| {
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        let coach = world.coaches().await.remove(0);
        let mut nell = world.signed_in(&world.nell().clone()).await;
        assert_eq!(nell.post("/disconnect", &[]).await.status, 303);
        Mcp::at(&coach.link)
            .call("get_fitness", json!({"athlete": "ana"}))
            .await;
        for mode in ["with-javascript", "without-javascript"] {
            let folder = if mode == "with-javascript" { &*pictures } else { "" };
            let ana = world.ana().person;
            let arguments = [
                &world.web,
                ana.email,
                PASSWORD,
                coach.email,
                "Nell Pike",
                "Ana Berger",
                mode,
                folder,
            ];
            let report = run("browser/another-athlete.mjs", &arguments).await;
            assert_eq!(report["problems"], json!([]), "{report}");
            let has = |place: &str, words: &str| {
                let text = report[place].as_str().unwrap();
                assert!(text.contains(words), "{place}: {words} in {text}");
            };
            has("before", "Connect as Ana Berger to keep your coaches");
            has("status", "Your coaches cannot see this athlete");
            has("asleep", "Granted by another athlete");
            has("asleep", "Ana Berger (i900001)");
            assert_eq!(report["filled"], coach.email);
            has("both", "Wellness");
            has("again", "Nothing was changed, and no email was sent");
            has("again", "your coach could also");
            assert_eq!(
                report["ticked"], 1,
                "the current grant is edited, not the new one"
            );
            has("wakes", "The grants of Ana Berger to coaches are paused.");
            has("back", "have resumed");
            has("activity", "the data of Ana Berger (i900001)");
            let account = queries::accounts::by_email(&world.app.pool, ana.email).await;
            let account = account.unwrap().unwrap().id;
            // The next round begins with what Ana granted, and nothing else.
            let grants = queries::grants::of_account(&world.app.pool, account)
                .await
                .unwrap();
            assert_eq!(grants.len(), 2);
            for grant in grants.iter().filter(|grant| !grant.is_shown) {
                queries::grants::end(&world.app.pool, grant.id, account)
                    .await
                    .unwrap();
            }
        }
        let said = Mcp::at(&coach.link).call("list_athletes", json!({})).await;
        assert!(!said.text().contains("Nell"), "{}", said.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_signs_up_with_the_same_address_and_gets_nothing_of_it() {
    test_with(
        |config| config.sign_ups_per_hour = 100,
        async |world| {
            let inbox = inbox(&world).await;
            let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
            for mode in ["with-javascript", "without-javascript"] {
                let email = format!("wanted-{mode}@example.test");
                let report = run(
                    "browser/sign-up-twice.mjs",
                    &[&world.web, &inbox, &email, mode, &pictures],
                )
                .await;
                for secret in report["secrets"].as_array().unwrap() {
                    world.secret(secret.as_str().unwrap());
                }
                assert_eq!(report["problems"], json!([]), "{report}");
                assert_eq!(report["stranger"], report["owner"]);
                assert_eq!(
                    report["stranger"], report["again"],
                    "nobody learns what became of it"
                );
                let has = |place: &str, words: &str| {
                    let text = report[place].as_str().unwrap();
                    assert!(text.contains(words), "{place}: {words} in {text}");
                };
                has("confirm", &email);
                has("signedIn", &email);
                has("second", "Dashboard");
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athlete_allows_changes_and_takes_one_back_with_and_without_javascript() {
    test(async |world| {
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        for (seeded, mode) in [
            (world.ana().clone(), "with-javascript"),
            (world.tria().clone(), "without-javascript"),
        ] {
            let folder = if mode == "with-javascript" { &*pictures } else { "" };
            let walk = async |what: &str| {
                let email = seeded.person.email;
                let report = run("browser/writing.mjs", &[&world.web, email, PASSWORD, what, mode, folder]).await;
                assert_eq!(report["problems"], json!([]), "{report}");
                report
            };
            // The question is asked of whoever uses the connector URL.
            world.mcp(&seeded.link).call("get_fitness", json!({})).await;
            let report = walk("allow").await;
            let has = |report: &Value, place: &str, words: &str| {
                let text = report[place].as_str().unwrap();
                assert!(text.contains(words), "{place}: {words} in {text}");
            };
            has(&report, "asked", "Until you allow it, Claude only reads.");
            has(&report, "done", "clients with your connector URL can change your data");
            has(&report, "on", "On");
            has(&report, "off", "Off");
            let ticks = json!(mode == "with-javascript");
            assert_eq!([&report["ticksToo"], &report["untickedToo"]], [&ticks, &ticks]);

            let text = "- 15m ramp 50-70%\n\n4x\n- 8m 96-100%\n- 4m 55% intensity=recovery\n\n- 10m 50%";
            let push = json!({"workouts": [
                {"sport": "Ride", "date": "2026-11-25", "name": "Threshold 4x8", "note": "Stay seated.", "text": text},
            ]});
            let client = world.mcp(&seeded.link);
            let call = client.call("push_workout", push).await;
            assert!(!call.is_error(), "{}", call.text());
            world.clock.advance(chrono::Duration::seconds(1));
            let edit = json!({"date": "2026-11-25", "name": "Threshold 4x8", "new_date": "2026-11-26", "length_percent": 75});
            let call = client.call("edit_workout", edit).await;
            assert!(!call.is_error(), "{}", call.text());

            let report = walk("undo").await;
            has(&report, "changes", "Thu 26 Nov 2026, Threshold 4x8");
            has(&report, "sides", "- 8m 96-100%");
            assert_eq!(report["asWideAsTable"], json!(true), "{report}");
            has(&report, "undone", "undone, it stands again as");
            has(&report, "after", "change 1 by You");
            world.clock.advance(chrono::Duration::seconds(1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_from_adding_to_taking_off_and_no_button_without_javascript() {
    test(async |world| {
        let email = world.ana().person.email;
        let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
        let report = run(
            "browser/passkeys.mjs",
            &[&world.web, email, PASSWORD, "without-javascript"],
        )
        .await;
        assert_eq!(report["buttons"], 0, "{report}");
        assert_eq!(report["problems"], json!([]), "{report}");
        let arguments = [world.web.as_str(), email, PASSWORD, "with-javascript", &pictures];
        let report = run("browser/passkeys.mjs", &arguments).await;
        for secret in report["secrets"].as_array().unwrap() {
            world.secret(secret.as_str().unwrap());
        }
        assert_eq!(
            report["made"],
            json!([{"resident": true, "rp": "localhost"}]),
            "{report}"
        );
        for done in ["usernameless", "second", "again", "renamed", "off", "withoutIt"] {
            assert_eq!(report[done], true, "{done}: {report}");
        }
        // A question that waits in the field of the address signs in, and ends before the button asks another.
        assert_eq!(report["field"], "username webauthn");
        assert_eq!(report["fromTheField"], json!(["conditional"]));
        let in_turn = json!(["conditional", "AbortError", "at once"]);
        assert_eq!(report["insteadOfTheField"], in_turn);
        // From a client's request to an answer with its token.
        let consent = report["consent"].as_str().unwrap();
        assert!(consent.contains("Ana Berger"), "{consent}");
        for name in ["access_token", "refresh_token"] {
            world.secret(report["tokens"][name].as_str().unwrap());
        }
        let access = report["tokens"]["access_token"].as_str().unwrap();
        let mcp = Mcp::at(&format!("{}/mcp", world.web)).with_token(access);
        let call = mcp.call("get_athlete_profile", json!({})).await;
        assert!(call.text().starts_with("Ana Berger · "), "{}", call.answer);
        assert!(
            report["trouble"]
                .as_str()
                .unwrap()
                .contains("No passkey was used"),
            "{report}"
        );
        assert_eq!(report["problems"], json!([]), "{report}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_only_the_provider_confirms_there_from_every_page_that_asks() {
    icusync::install_crypto();
    let clock = Clock::fake(NOW.parse().unwrap());
    let nora = json!({"sub": "nora", "email": "nora@club.example", "email_verified": true});
    let liar = Liar::start(&clock, nora).await;
    test_with(
        |config| {
            liar.configure(config);
            config.oidc_name = Some("The house".to_owned());
        },
        async |world| {
            let paths = [
                "/account/delete",
                "/account/address",
                "/account/factors/codes",
                "/account/passkeys/new",
                "/account/ways",
            ];
            let arguments = [&[world.web.as_str(), "The house"], &paths[..]].concat();
            let report = run("browser/provider.mjs", &arguments).await;
            assert_eq!(report["problems"], json!([]), "{report}");
            assert_eq!(report["confirmed"], json!(paths), "{report}");
        },
    )
    .await;
}
