//! The account page: seeing and ending sessions, a new password. Hard cases 75, 79, 84.

use futures::future::join_all;
use icusync::{demo::seed::PASSWORD, queries};
use reqwest::Method;

use crate::world::{Browser, Page, World, test, test_with};

const CHOSEN: &str = "a long enough password";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0";
const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Safari/604.1";

/// Ana in a browser that calls itself `agent`.
async fn ana_with(world: &std::sync::Arc<World>, agent: &str) -> Browser {
    let mut browser = world.browser();
    browser.extra = vec![("user-agent", agent.to_owned())];
    let fields = [("email", world.ana().person.email), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    browser
}

/// The cells of the sessions' table, row by row.
fn sessions_on(page: &Page) -> Vec<Vec<String>> {
    let html = scraper::Html::parse_document(&page.body);
    let (rows, cells) = (
        scraper::Selector::parse("tbody tr").unwrap(),
        scraper::Selector::parse("td").unwrap(),
    );
    html.select(&rows)
        .map(|row| {
            row.select(&cells)
                .map(|cell| cell.text().collect::<String>().trim().to_owned())
                .collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_in_words_and_one_can_be_ended() {
    test(async |world| {
        sqlx::query("update connections set zone = 'Europe/Berlin'")
            .execute(&world.app.pool)
            .await
            .unwrap();
        let mut phone = ana_with(&world, IPHONE).await;
        world.clock.advance(chrono::Duration::hours(3));
        let mut desk = ana_with(&world, FIREFOX).await;
        let page = desk.get("/account").await;
        assert!(page.text().contains(world.ana().person.email), "{}", page.text());
        let rows = sessions_on(&page);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert_eq!(
            rows[0],
            [
                "Firefox on Windows",
                "just now",
                "Sat 21 Nov 2026, 12:00",
                "This one"
            ]
        );
        assert_eq!(
            rows[1][..3],
            ["Safari on iPhone", "3 hours ago", "Sat 21 Nov 2026, 09:00"]
        );
        assert!(
            rows[1][3].contains("Safari on iPhone"),
            "a screen reader reads which one the button ends: {rows:?}"
        );
        let id = page.attribute("input[name=session]", "value").unwrap();
        assert!(
            !page.body.contains(&desk.cookies["s"]) && !page.body.contains(&phone.cookies["s"]),
            "no session's token is on a page"
        );

        // Jack knows the id, and it does nothing for him.
        let mut jack = world.signed_in(&world.jack().clone()).await;
        jack.post("/account/sessions/end", &[("session", &id)]).await;
        assert_eq!(phone.get("/account").await.status, 200);

        let done = desk.post("/account/sessions/end", &[("session", &id)]).await;
        assert_eq!(done.location(), "/account?done=session");
        assert!(
            desk.get("/account?done=session")
                .await
                .text()
                .contains("has been signed out")
        );
        assert_eq!(phone.get("/account").await.location(), "/sign-in?next=account");
        assert_eq!(sessions_on(&desk.get("/account").await).len(), 1);
        let again = desk.post("/account/sessions/end", &[("session", &id)]).await;
        assert_eq!(again.status, 303, "twice is not an error");
        for odd in ["", "x", "00000000-0000-0000-0000-00000000000", "' or 1=1 --"] {
            assert_eq!(
                desk.post("/account/sessions/end", &[("session", odd)])
                    .await
                    .status,
                400,
                "{odd:?}"
            );
        }
        assert_eq!(desk.get("/account").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_past_its_time_is_not_listed() {
    test(async |world| {
        ana_with(&world, IPHONE).await;
        world.clock.advance(chrono::Duration::days(14));
        let mut desk = ana_with(&world, FIREFOX).await;
        assert_eq!(sessions_on(&desk.get("/account").await).len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_others_or_all_can_be_signed_out() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let mut all = Vec::new();
            for _ in 0..3 {
                all.push(world.signed_in(&world.ana().clone()).await);
            }
            let mut jack = world.signed_in(&world.jack().clone()).await;
            let done = all[0].post("/account/sessions/end-others", &[]).await;
            assert_eq!(done.location(), "/account?done=others");
            assert_eq!(all[0].get("/account").await.status, 200);
            for other in &mut all[1..] {
                assert_eq!(other.get("/account").await.status, 303);
            }
            assert_eq!(jack.get("/account").await.status, 200, "nobody else's");

            let mut second = world.signed_in(&world.ana().clone()).await;
            let kept = all[0].clone();
            let out = all[0].post("/account/sessions/end-all", &[]).await;
            assert_eq!(out.location(), "/sign-in?done=everywhere");
            let told = all[0].get(out.location()).await.text();
            assert!(
                told.contains("signed out, here and in every other browser."),
                "{told}"
            );
            assert!(!all[0].cookies.contains_key("s"));
            for mut over in [kept, second.clone()] {
                assert_eq!(
                    over.get("/account").await.status,
                    303,
                    "replayed, it opens nothing"
                );
            }
            assert_eq!(second.post("/account/sessions/end-all", &[]).await.status, 303);
            assert_eq!(jack.get("/account").await.status, 200);
            let call = world
                .mcp(&world.ana().link)
                .call("get_wellness", serde_json::json!({}))
                .await;
            assert!(!call.is_error(), "the connector URL is not a session");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions_and_every_open_link_79() {
    test_with(
        |config| config.sign_ins_per_address = 100,
        async |world| {
            let email = world.ana().person.email;
            let mut elsewhere = world.signed_in(&world.ana().clone()).await;
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let before = browser.clone();
            world.browser().post("/forgot", &[("email", email)]).await;
            let reset = world.link_mailed_to(email).await;
            let wish = [("email", "ana.new@example.test"), ("password", PASSWORD)];
            assert_eq!(browser.post("/account/address", &wish).await.status, 303);
            let change = world.link_mailed_to("ana.new@example.test").await;

            for (current, chosen, field, words) in [
                ("not the password", CHOSEN, "current", "not your password"),
                ("", CHOSEN, "current", "not your password"),
                (PASSWORD, "short", "password", "at least 10 characters"),
                (PASSWORD, "Password2026!", "password", "tried first"),
                (PASSWORD, "IcuSync-2026", "password", "our name"),
                (PASSWORD, email, "password", "your e-mail address"),
                (PASSWORD, PASSWORD, "password", "have already"),
            ] {
                let page = browser
                    .post("/account/password", &[("current", current), ("password", chosen)])
                    .await;
                assert_eq!(page.status, 422, "{current} {chosen}");
                assert_eq!(
                    page.attribute(&format!("#{field}"), "aria-invalid").as_deref(),
                    Some("true")
                );
                assert!(page.text().contains(words), "{}", page.text());
                assert!(!page.body.contains(CHOSEN), "a password is never sent back");
            }
            assert_eq!(elsewhere.get("/account").await.status, 200);

            world.secret(CHOSEN);
            let done = browser
                .post(
                    "/account/password",
                    &[("current", PASSWORD), ("password", CHOSEN)],
                )
                .await;
            assert_eq!((done.status, done.location()), (303, "/account?done=password"));
            let page = browser.get("/account?done=password").await;
            assert!(page.text().contains("Your password is changed"));
            assert_eq!(sessions_on(&page).len(), 1);
            for mut over in [elsewhere, before] {
                assert_eq!(over.get("/account").await.status, 303);
            }
            for link in [reset, change] {
                let mut opened = world.browser();
                let to = opened.get(&link).await.location().to_owned();
                assert_eq!(opened.get(&to).await.status, 410, "{to}");
            }
            let mut fresh = world.browser();
            let old = [("email", email), ("password", PASSWORD)];
            assert_eq!(fresh.post("/sign-in", &old).await.status, 422);
            let new = [("email", email), ("password", CHOSEN)];
            assert_eq!(fresh.post("/sign-in", &new).await.status, 303);
            let mails = world.mails_to(email).await;
            assert_eq!(
                mails
                    .iter()
                    .filter(|mail| mail.letter.subject == "Your IcuSync password was changed")
                    .count(),
                1
            );
            let call = world
                .mcp(&world.ana().link)
                .call("get_wellness", serde_json::json!({}))
                .await;
            assert!(!call.is_error(), "the connector URL stays");
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_passwords_at_once_one_counts() {
    test_with(
        |config| {
            config.sign_ins_per_address = 100;
            config.sign_ins_per_minute = 100;
        },
        async |world| {
            let browser = world.signed_in(&world.ana().clone()).await;
            let chosen: Vec<String> = (0..6).map(|n| format!("chosen at once {n}")).collect();
            let all = join_all(chosen.iter().map(|password| {
                let mut browser = browser.clone();
                async move {
                    let fields = [("current", PASSWORD), ("password", password.as_str())];
                    let page = browser.post("/account/password", &fields).await;
                    (page.status, page.location().to_owned())
                }
            }))
            .await;
            let changed = |(_, location): &&(u16, String)| location == "/account?done=password";
            assert_eq!(all.iter().filter(changed).count(), 1, "{all:?}");
            let mut fits = 0;
            for password in &chosen {
                let fields = [("email", world.ana().person.email), ("password", password)];
                fits += usize::from(world.browser().post("/sign-in", &fields).await.status == 303);
            }
            assert_eq!(fits, 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_password_run_out_on_every_form_together() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let wrong = "a wrong password";
        let forms: [(&str, [(&str, &str); 2]); 5] = [
            ("/account/password", [("current", wrong), ("password", CHOSEN)]),
            (
                "/account/address",
                [("email", "x@example.test"), ("password", wrong)],
            ),
            ("/account/delete", [("word", "delete"), ("password", wrong)]),
            ("/account/password", [("current", wrong), ("password", CHOSEN)]),
            ("/account/delete", [("word", "delete"), ("password", wrong)]),
        ];
        for (path, fields) in &forms {
            assert_eq!(browser.post(path, fields).await.status, 422, "{path}");
        }
        for (path, fields) in &forms {
            let page = browser.post(path, fields).await;
            assert_eq!(page.status, 429, "{path}");
            assert!(page.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
        let account = queries::accounts::by_email(&world.app.pool, world.ana().person.email).await;
        assert!(account.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_forms_of_the_account_are_refused_and_change_nothing_84() {
    test(async |world| {
        let mut browser = world.signed_in(&world.ana().clone()).await;
        let many = (0..1_500)
            .map(|n| format!("f{n}=1&"))
            .collect::<Vec<_>>()
            .concat();
        for path in [
            "/account/sessions/end",
            "/account/password",
            "/account/address",
            "/account/delete",
            "/address",
        ] {
            for (body, status) in [
                (String::new(), 400),
                (
                    "password=a&password=b&word=delete&email=x&current=y&form=z".to_owned(),
                    400,
                ),
                (
                    "password=%00&word=delete&email=x&current=y&session=%00&form=z".to_owned(),
                    400,
                ),
                (format!("{many}password=a"), 400),
            ] {
                let head: String = body.chars().take(50).collect();
                let page = browser.send(Method::POST, path, Some(body)).await;
                assert_eq!(page.status, status, "{path} {head}");
            }
            let mut json = browser.clone();
            json.extra = vec![("content-type", "application/json".to_owned())];
            assert_eq!(
                json.send(Method::POST, path, Some("{}".to_owned())).await.status,
                415
            );
        }
        for path in [
            "/account/password",
            "/account/address",
            "/account/delete",
            "/address",
        ] {
            // The service hangs up on a body that is too long, so each goes over a separate connection.
            let mut long = world.browser();
            long.cookies.clone_from(&browser.cookies);
            let body = format!("password={}", "x".repeat(17_000));
            assert_eq!(
                long.send(Method::POST, path, Some(body)).await.status,
                413,
                "{path}"
            );
        }
        assert_eq!(browser.get("/account").await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_sent_to_sign_in_and_comes_back() {
    test(async |world| {
        for (path, next) in [
            ("/account", "account"),
            ("/account/password", "password"),
            ("/account/address", "address"),
            ("/account/delete", "delete"),
        ] {
            let mut stranger = world.browser();
            let sent = stranger.get(path).await;
            assert_eq!(sent.location(), format!("/sign-in?next={next}"));
            let fields = [
                ("email", world.jack().person.email),
                ("password", PASSWORD),
                ("next", next),
            ];
            assert_eq!(stranger.post("/sign-in", &fields).await.location(), path);
        }
        for path in [
            "/account/password",
            "/account/address",
            "/account/delete",
            "/account/export",
            "/account/sessions/end-all",
        ] {
            assert_eq!(world.browser().post(path, &[]).await.status, 303, "{path}");
        }
    })
    .await;
}
