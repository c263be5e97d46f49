//! What was typed survives a wrong field, a lost session and an error, and nothing is sent twice (`pages::draft`).

use std::sync::Arc;

use chrono::Duration;
use icusync::{
    demo::seed::PASSWORD,
    queries::{self, grants::Grant},
    secrets::Place,
};
use serde_json::json;

use crate::{
    browser::run,
    world::{Browser, Page, World, test, test_with},
};

/// A form: where it is sent, the page that has it, what is typed, the field whose text is kept, and what the page says.
struct Form {
    sent_to: &'static str,
    page: &'static str,
    typed: Vec<(&'static str, &'static str)>,
    kept: Option<(&'static str, &'static str)>,
    says: &'static str,
}

const COACH: &str = "tom@coach.example";
const SECRET: &str = "not-the-password-of-anyone";

/// What a cookie of a draft holds.
fn opened(world: &World, browser: &Browser, name: &'static str) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let sealed = URL_SAFE_NO_PAD.decode(browser.cookies.get(name)?).unwrap();
    let place = Place {
        table: "cookies",
        row: uuid::Uuid::nil(),
        column: name,
    };
    Some(world.app.keys.open_text(place, &sealed).unwrap())
}

fn invite(email: &'static str, note: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("email", email),
        ("note", note),
        ("last-day", ""),
        ("tool-get_wellness", "on"),
    ]
}

fn of_a_stranger() -> Vec<Form> {
    let form = |sent_to, page, kept, says| Form {
        sent_to,
        page,
        typed: vec![("email", "no address"), ("password", SECRET), ("next", "coaches")],
        kept: Some((kept, "no address")),
        says,
    };
    vec![
        form(
            "/sign-up",
            "/sign-up?next=coaches",
            "#email",
            "One thing to change",
        ),
        form(
            "/sign-in",
            "/sign-in?next=coaches",
            "#email",
            "That did not match",
        ),
        form("/forgot", "/forgot?next=coaches", "#email", "One thing to change"),
        form(
            "/for-coaches/resend",
            "/for-coaches#resend-email",
            "#resend-email",
            "One thing to change",
        ),
        form(
            "/for-coaches/roster",
            "/for-coaches#roster-email",
            "#roster-email",
            "One thing to change",
        ),
    ]
}

fn of_an_athlete() -> Vec<Form> {
    vec![
        Form {
            sent_to: "/account/address",
            page: "/account/address",
            typed: vec![("email", "new@example.test"), ("password", SECRET)],
            kept: Some(("#email", "new@example.test")),
            says: "not your password",
        },
        Form {
            sent_to: "/account/password",
            page: "/account/password",
            typed: vec![("current", SECRET), ("password", "a new and long enough one")],
            kept: None,
            says: "not your password",
        },
        Form {
            sent_to: "/account/delete",
            page: "/account/delete",
            typed: vec![("password", SECRET), ("word", "delte")],
            kept: Some(("#word", "delte")),
            says: "Type the word delete",
        },
        Form {
            sent_to: "/coaches/invite",
            page: "/coaches/invite",
            typed: invite(COACH, "See evil.com"),
            kept: Some(("#email", COACH)),
            says: "Take “evil.com” out",
        },
        Form {
            sent_to: "/connect/key",
            page: "/connect",
            typed: vec![("key", "with spaces in it")],
            kept: None,
            says: "Paste the key exactly",
        },
    ]
}

async fn is_kept_and_sent_once(world: &Arc<World>, browser: &mut Browser, form: &Form) {
    let path = form.sent_to;
    let answer = browser.post_once(path, &form.typed).await;
    assert_eq!((answer.status, answer.location()), (303, form.page), "{path}");
    assert!(answer.keeps_text() && answer.body.is_empty(), "{path}");
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.len() < 4_096 && cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{cookie}"
    );
    for name in ["draft", "entry"] {
        let plain = opened(world, browser, name).unwrap_or_default();
        assert!(
            !plain.contains(SECRET) && !plain.contains("long enough"),
            "{path}: {plain}"
        );
        assert!(!plain.contains("with spaces"), "{path}: {plain}");
    }
    // A reload draws the page again and sends nothing.
    for _ in 0..2 {
        let page = browser.get(form.page).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("<title>Error: "), "{path}");
        assert!(page.text().contains(form.says), "{path}: {}", page.text());
        assert!(page.attribute("#mistakes", "role").is_some(), "{path}");
        assert!(!page.body.contains(SECRET), "{path}");
        if let Some((field, text)) = form.kept {
            assert_eq!(page.attribute(field, "value").as_deref(), Some(text), "{path}");
        }
    }
}

/// Where a form is sent, what is typed into it, and the field and text that are kept.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_accepted_goes_back_to_its_page_with_what_was_typed() {
    test(async |world| {
        for form in of_a_stranger() {
            is_kept_and_sent_once(&world, &mut world.browser(), &form).await;
        }
        for form in of_an_athlete() {
            let mut browser = world.signed_in(world.ana()).await;
            is_kept_and_sent_once(&world, &mut browser, &form).await;
        }
    })
    .await;
}

fn is_clean(page: &Page) -> bool {
    page.status == 200 && !page.body.contains("<title>Error: ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_accepted_forgets_what_was_typed() {
    test(async |world| {
        let mut browser = world.browser();
        browser.post("/sign-up", &[("email", "x")]).await;
        let done = browser
            .post_once("/sign-up", &[("email", "new@example.test")])
            .await;
        assert_eq!(done.location(), "/sign-up/sent");
        assert!(!browser.cookies.contains_key("entry"));
        assert!(is_clean(&browser.get("/sign-up").await));

        let mut browser = world.signed_in(world.ana()).await;
        browser
            .post("/coaches/invite", &invite(COACH, "See evil.com"))
            .await;
        // Another form does not forget it.
        browser.post("/link/writing", &[]).await;
        let page = browser.get("/coaches/invite").await;
        assert_eq!(page.attribute("#email", "value").as_deref(), Some(COACH));
        assert!(page.attribute("#tool-get_wellness", "checked").is_some());
        assert!(
            page.attribute("#tool-get_fitness", "checked").is_none(),
            "as it was ticked"
        );
        let done = browser
            .post_once("/coaches/invite", &invite(COACH, "Hello"))
            .await;
        assert_eq!(done.location(), "/coaches?done=sent");
        assert!(!browser.cookies.contains_key("draft"));
        let page = browser.get("/coaches/invite").await;
        assert!(is_clean(&page) && page.attribute("#email", "value").as_deref() == Some(""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_behind_a_mail_link_is_typed_again_and_not_kept() {
    test(async |world| {
        let ana = world.ana().person.email;
        world.browser().post("/forgot", &[("email", ana)]).await;
        let (mut browser, page) = world.opened(ana).await;
        let form = page.form_id();
        let short = browser
            .post_once("/reset", &[("form", &form), ("password", "short-one")])
            .await;
        assert_eq!((short.status, short.location()), (303, "/reset"));
        let plain = opened(&world, &browser, "entry").unwrap();
        assert!(!plain.contains("short-one") && !plain.contains(&form), "{plain}");
        let page = browser.get("/reset").await;
        assert!(page.body.contains("<title>Error: "), "{}", page.text());
        assert!(
            page.attribute("#end-apps", "checked").is_none(),
            "as it was ticked"
        );
        // Another link in the same browser begins without the mistake.
        world.browser().post("/forgot", &[("email", ana)]).await;
        let link = world.link_mailed_to(ana).await;
        let page = browser.open(&link).await;
        assert!(is_clean(&page), "{}", page.text());
        let done = browser
            .press(&page, &[("password", "a new and long enough one")])
            .await;
        assert_eq!(done.location(), "/dashboard?done=password");
    })
    .await;
}

async fn grants_of(world: &World, email: &str) -> Vec<Grant> {
    let pool = &world.app.pool;
    let account = queries::accounts::by_email(pool, email).await.unwrap().unwrap();
    queries::grants::of_account(pool, account.id).await.unwrap()
}

async fn sign_in(browser: &mut Browser, email: &str, next: &str) -> Page {
    let fields = [("email", email), ("password", PASSWORD), ("next", next)];
    browser.post_once("/sign-in", &fields).await
}

/// Sends a form of the page at `path` after the session was lost; the word of the page to go back to.
async fn lose(browser: &mut Browser, path: &str, typed: &[(&str, &str)]) -> String {
    let page = browser.get(path).await;
    let whose = page.attribute("input[name=as]", "value").unwrap();
    browser.cookies.remove("s");
    let fields = [typed, &[("as", whose.as_str())]].concat();
    let stopped = browser.post_once(path, &fields).await;
    let next = stopped.location().strip_prefix("/sign-in?next=").unwrap();
    next.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_session_costs_no_text_and_another_account_never_sees_it() {
    test(async |world| {
        let ana = world.ana().clone();
        let (ana_email, jack_email) = (ana.person.email, world.jack().person.email);
        let mut browser = world.signed_in(&ana).await;
        browser.post("/coaches/invite", &invite(COACH, "Hello")).await;
        let grants = grants_of(&world, ana_email).await;
        let grant = format!("/coaches/{}", grants[0].id);
        let edit = [
            ("version", "1"),
            ("note", "typed in vain"),
            ("last-day", "2026-12-24"),
            ("tool-get_fitness", "on"),
        ];
        let address = [("email", "elsewhere@example.test"), ("password", PASSWORD)];
        let delete = [("word", "delete"), ("password", PASSWORD)];
        let another = invite("other@coach.example", "typed in vain");
        let cases: [Case<'_>; 4] = [
            ("/coaches/invite", &another, "#email", "other@coach.example"),
            (&grant, &edit, "#last-day", "2026-12-24"),
            ("/account/address", &address, "#email", "elsewhere@example.test"),
            ("/account/delete", &delete, "#word", "delete"),
        ];
        for (path, typed, field, text) in cases {
            let mut browser = world.signed_in(&ana).await;
            let next = lose(&mut browser, path, typed).await;
            let plain = opened(&world, &browser, "draft").unwrap();
            assert!(!plain.contains(PASSWORD), "{path}");

            // Jack signs in with the same browser.
            let mut jacks = browser.clone();
            assert_eq!(sign_in(&mut jacks, jack_email, &next).await.location(), path);
            let page = jacks.get(path).await;
            assert!(!page.body.contains(text) || path == "/account/delete", "{path}");
            assert_ne!(page.attribute(field, "value").as_deref(), Some(text), "{path}");

            // A wrong password on the way does not cost it either.
            browser
                .post(
                    "/sign-in",
                    &[("email", ana_email), ("password", "x"), ("next", &next)],
                )
                .await;
            assert_eq!(sign_in(&mut browser, ana_email, &next).await.location(), path);
            let page = browser.get(path).await;
            assert_eq!(page.attribute(field, "value").as_deref(), Some(text), "{path}");
            assert!(
                page.text().contains("You were signed out, so nothing was sent"),
                "{path}"
            );
            assert!(is_clean(&page), "{path}");
        }
        let after = grants_of(&world, ana_email).await;
        assert_eq!(after, grants, "nothing was acted on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_forms_account_a_lost_session_keeps_nothing() {
    test(async |world| {
        let mut browser = world.browser();
        let stopped = browser.post_once("/coaches/invite", &invite(COACH, "")).await;
        assert_eq!(stopped.location(), "/sign-in?next=invite");
        assert!(!stopped.keeps_text());
        for (path, next) in [
            ("/connect/key", "connect"),
            ("/link/off", "dashboard"),
            ("/apps/end", "apps"),
        ] {
            let stopped = browser.post_once(path, &[]).await;
            assert_eq!(stopped.location(), format!("/sign-in?next={next}"), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_old_changed_or_of_another_place_is_ignored() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        browser
            .post(
                "/account/address",
                &[("email", "new@example.test"), ("password", "x")],
            )
            .await;
        let draft = browser.cookies["draft"].clone();
        let shows = async |mut browser: Browser, path: &str| {
            let page = browser.get(path).await;
            page.body.contains("new@example.test") || page.body.contains("<title>Error: ")
        };
        assert!(shows(browser.clone(), "/account/address").await);
        for path in [
            "/coaches/invite",
            "/account/password",
            "/account/delete",
            "/dashboard",
        ] {
            assert!(!shows(browser.clone(), path).await, "{path}");
        }
        let mut changed = browser.clone();
        let middle = draft.len() / 2;
        let flipped = if draft.as_bytes()[middle] == b'A' {
            "B"
        } else {
            "A"
        };
        let text = format!("{}{flipped}{}", &draft[..middle], &draft[middle + 1..]);
        changed.cookies.insert("draft".to_owned(), text);
        assert!(!shows(changed, "/account/address").await);
        // One cookie's value is nothing in another.
        let mut moved = world.browser();
        moved.cookies.insert("entry".to_owned(), draft.clone());
        assert!(!shows(moved, "/forgot").await);
        // In Jack's browser it is another account's.
        let mut jacks = world.signed_in(world.jack()).await;
        jacks.cookies.insert("draft".to_owned(), draft);
        assert!(!shows(jacks, "/account/address").await);
        world.clock.advance(Duration::minutes(10));
        assert!(!shows(browser, "/account/address").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_attempts_cost_no_text_and_signing_out_leaves_none() {
    test_with(
        |config| config.sign_ins_per_address = 1,
        async |world| {
            let mut browser = world.signed_in(world.ana()).await;
            let fields = [("email", "new@example.test"), ("password", "x")];
            browser.post("/account/address", &fields).await;
            browser.cookies.remove("draft");
            let slow = browser.post_once("/account/address", &fields).await;
            assert_eq!(slow.status, 429);
            let page = browser.get("/account/address").await;
            assert_eq!(
                page.attribute("#email", "value").as_deref(),
                Some("new@example.test")
            );
            assert!(is_clean(&page));
            browser.post("/sign-out", &[]).await;
            assert!(
                !browser.cookies.contains_key("draft"),
                "{:?}",
                browser.cookies.keys()
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_loses_its_end_and_the_form_still_works() {
    test(async |world| {
        let mut browser = world.signed_in(world.ana()).await;
        let long = "é".repeat(2_000);
        let typed = [
            ("email", COACH),
            ("note", long.as_str()),
            ("last-day", ""),
            ("tool-get_wellness", "on"),
        ];
        let answer = browser.post_once("/coaches/invite", &typed).await;
        assert!(answer.header("set-cookie").len() < 4_096);
        let page = browser.get("/coaches/invite").await;
        assert!(page.text().contains("2000 characters") && page.text().contains(&"é".repeat(1_000)));
        assert_eq!(page.attribute("#email", "value").as_deref(), Some(COACH));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_what_was_typed_after_reload_back_and_signing_in_again() {
    test(async |world| {
        for (mode, person) in [
            ("with-javascript", world.ana().clone()),
            ("without-javascript", world.jack().clone()),
        ] {
            let email = person.person.email;
            let seen = run("browser/drafts.mjs", &[&world.web, email, PASSWORD, mode]).await;
            assert_eq!(seen["problems"], json!([]), "{seen}");
            assert_eq!(seen["signUpBack"], "back@example.test", "{seen}");
            let typed = json!(["tom@coach.example", "See evil.com"]);
            for step in ["wrong", "reloaded", "back"] {
                assert_eq!(seen[step], typed, "{step}: {seen}");
            }
            assert_eq!(seen["sentOnce"], 1, "{seen}");
            assert!(seen["title"].as_str().unwrap().starts_with("Error: "), "{seen}");
            assert_eq!(seen["lost"], json!(["tom@coach.example", "Hello Tom"]), "{seen}");
            assert!(
                seen["note"].as_str().unwrap().starts_with("You were signed out"),
                "{seen}"
            );
            let start = format!("{}/mcp/", world.links);
            for mail in world.mails_to("tom@coach.example").await {
                if let Some(rest) = mail.letter.text.split(&start).nth(1) {
                    world.secret(rest.split_whitespace().next().unwrap());
                }
            }
        }
    })
    .await;
}
