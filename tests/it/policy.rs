//! The policy at every door: who comes in, by which way, who may change something, and connector URLs that are off.

use std::{path::Path, sync::Arc, time::Duration as StdDuration};

use icusync::{config::Config, demo::seed::PASSWORD, guard::policy::command, queries};
use icusync_sim::Fault;
use serde_json::json;

use crate::{
    serve_command::icusync,
    world::{Mcp, Proxy, World, fresh_database, scratch, sign_in::Program, test_with, url_of},
    writes::{done, refused, threshold},
};

const NOT_IN: &str = "the policy of this IcuSync does not let the athlete in";

/// The policy says what `SIGN_UP` says otherwise.
fn without_sign_up(config: &mut Config) {
    config.sign_up = None;
    config.sign_ins_per_minute = 1_000;
    config.support_email = Some("help@club.example".to_owned());
}

async fn with_policies<F: Future<Output = ()>>(body: impl FnOnce(Arc<World>) -> F) {
    test_with(without_sign_up, body).await;
}

async fn apply(world: &World, text: &str) {
    command::apply(&world.app, text).await.unwrap();
}

/// How often the sign-in log says this.
async fn logged(world: &World, outcome: &str) -> i64 {
    sqlx::query_scalar("select count(*) from sign_in_log where outcome = $1")
        .bind(outcome)
        .fetch_one(&world.app.pool)
        .await
        .unwrap()
}

/// What a command says, and whether it went well.
async fn said(arguments: &[&str], folder: &Path, settings: &[(&str, &str)]) -> (bool, String) {
    let mut command = icusync(arguments, folder);
    let done = command.envs(settings.iter().copied()).output().await.unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    (done.status.success(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_applied_shown_and_asked_about_or_refused_with_its_line() {
    let folder = scratch("policy");
    std::fs::create_dir_all(&folder).unwrap();
    let folder = folder.as_path();
    let (database, key) = (
        url_of(&fresh_database().await),
        said(&["keys"], folder, &[]).await.1,
    );
    let key = key.lines().next().unwrap().to_owned();
    let settings = [("DATABASE_URL", database.as_str()), ("SEAL_KEYS", key.as_str())];
    let file = folder.join("policy");
    let path = file.to_str().unwrap();
    for (text, says) in [
        ("links off\nlink on\n", "line 2: unknown rule «link»"),
        (
            "ways password provider\n",
            "line 1: ways password provider: this is not set up: set OIDC_ISSUER",
        ),
        (
            "athletes group triathlon\n",
            "line 1: athletes group triathlon: this is not set up",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let (ok, text) = said(&["policy", "apply", path], folder, &settings).await;
        assert!(!ok && text.contains(says), "{text}");
    }
    let (_, text) = said(&["policy", "show"], folder, &settings).await;
    assert!(text.contains("no policy"), "{text}");
    std::fs::write(&file, "# the club\nsign-up on\nathletes domain club.example\n").unwrap();
    let with_setting = [settings[0], settings[1], ("SIGN_UP", "open")];
    let (ok, text) = said(&["policy", "apply", path], folder, &with_setting).await;
    assert!(!ok && text.contains("remove SIGN_UP"), "{text}");
    let (ok, text) = said(&["policy", "apply", path], folder, &settings).await;
    assert!(
        ok && text.contains("policy 1") && text.contains("athletes: 1 line"),
        "{text}"
    );
    let (_, text) = said(&["policy", "show"], folder, &settings).await;
    assert!(text.contains("athletes domain club.example"), "{text}");
    let (_, text) = said(&["policy", "test", "Ana@club.example"], folder, &settings).await;
    assert!(
        text.contains("comes in by password: yes (line 3: athletes domain club.example)"),
        "{text}"
    );
    let (_, text) = said(&["policy", "test", "ana@other.example"], folder, &settings).await;
    assert!(
        text.contains("comes in by password: no (no line of athletes matches)"),
        "{text}"
    );
    let (ok, text) = said(&["serve"], folder, &with_setting).await;
    assert!(
        !ok && text.contains("remove SIGN_UP, because policy 1 is in force"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_acts_on_the_next_call_on_every_instance() {
    with_policies(async |world| {
        let other = world.other_instance().await;
        let (program, tokens) = world.app_of(world.ana(), false).await;
        let doors = [
            world.mcp(&world.ana().link),
            world.mcp(&other.link(&world.ana().link)),
            program.mcp(tokens.access()),
            program.at(&other.web).mcp(tokens.access()),
        ];
        let all = async |says: Option<&str>| {
            for door in &doors {
                let call = door.call("get_athlete_profile", json!({})).await;
                let text = call.text();
                assert_eq!(call.is_error(), says.is_some(), "{text}");
                assert!(says.is_none_or(|says| text.contains(says)), "{text}");
            }
        };
        all(None).await;
        apply(&world, "athletes address jack@example.test").await;
        all(Some(NOT_IN)).await;
        all(Some("help@club.example")).await;
        done(&world, &world.jack().link, "get_athlete_profile", json!({})).await;
        apply(&world, "athletes domain example.test").await;
        all(None).await;
        apply(&world, "ways intervals").await;
        all(Some("asks for another way to sign in")).await;
        apply(&world, "").await;
        all(None).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_changes_nothing_not_even_in_the_middle_of_it() {
    with_policies(async |world| {
        let (ana, jack) = (world.ana(), world.jack());
        world.let_write(ana).await;
        world.let_write(jack).await;
        apply(&world, "writing address jack@example.test").await;
        let text = refused(&world, &ana.link, "push_workout", threshold("No")).await;
        assert!(text.contains("lets the athlete read only"), "{text}");
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        let mut browser = world.signed_in(ana).await;
        let program = Program::registered(&world, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let (_, page) = program.begin(&mut browser).await;
        assert!(!page.body.contains("may-write"), "{}", page.text());

        // What is being prepared when the policy changes is not sent.
        apply(&world, "").await;
        world.sim.fault(Fault::on("/events").delay_ms(3_000).times(1));
        let link = ana.link.clone();
        let pushing = {
            let world = world.clone();
            tokio::spawn(async move {
                let call = world.mcp(&link).call("push_workout", threshold("Late")).await;
                (call.is_error(), call.text().to_owned())
            })
        };
        tokio::time::sleep(StdDuration::from_secs(1)).await;
        apply(&world, "writing address jack@example.test").await;
        let (is_error, text) = pushing.await.unwrap();
        assert!(is_error, "{text}");
        assert!(crate::writes::all_named(&world, ana, "Late").is_empty(), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_leaves_out_whom_the_policy_does_not_let_in() {
    with_policies(async |world| {
        let coaches = world.coaches().await;
        let link = &coaches[0].link;
        let before = done(&world, link, "list_athletes", json!({})).await;
        assert!(
            before.contains("Ana Berger") && before.contains("Jack Nguyen"),
            "{before}"
        );
        apply(&world, "athletes address jack@example.test").await;
        let text = done(&world, link, "list_athletes", json!({})).await;
        assert!(
            !text.contains("Ana Berger") && text.contains("Jack Nguyen"),
            "{text}"
        );
        let text = refused(&world, link, "get_fitness", json!({"athlete": "ana"})).await;
        assert!(text.contains("no athlete on your roster"), "{text}");
        let mut visitor = world.on_roster_page(coaches[0].email).await;
        let page = visitor.get("/for-coaches/my-roster").await.text();
        assert!(
            page.contains("does not let Ana Berger in now") && !page.contains("does not let Jack"),
            "{page}"
        );
        apply(&world, "coaches nobody").await;
        let text = refused(&world, link, "list_athletes", json!({})).await;
        assert!(text.contains("does not let the coach in"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_athletes_id_lets_nobody_in_whose_connection_to_it_ended() {
    with_policies(async |world| {
        let (coaches, ana) = (world.coaches().await, world.ana());
        let mut browser = world.signed_in(ana).await;
        let policy = format!(
            "athletes athlete {}\nathletes address jack@example.test",
            ana.person.athlete_id
        );
        apply(&world, &policy).await;
        done(&world, &ana.link, "get_athlete_profile", json!({})).await;
        let roster = async || done(&world, &coaches[0].link, "list_athletes", json!({})).await;
        assert!(roster().await.contains("Ana Berger"));
        let gone = browser.post("/disconnect", &[]).await;
        assert_eq!(gone.status, 303, "{}", gone.text());
        let text = refused(&world, &ana.link, "get_athlete_profile", json!({})).await;
        assert!(text.contains(NOT_IN), "{text}");
        let text = roster().await;
        assert!(
            !text.contains("Ana Berger") && text.contains("Jack Nguyen"),
            "{text}"
        );
        assert_eq!(browser.get("/account").await.status, 403);
        let fields = [("email", ana.person.email), ("password", PASSWORD)];
        assert_eq!(world.browser().post("/sign-in", &fields).await.status, 403);
    })
    .await;
}

/// Every page that says what clients may change, where the policy lets somebody only read.
#[tokio::test(flavor = "multi_thread")]
async fn pages_say_that_the_policy_lets_somebody_only_read() {
    const SAYS: &str = "policy of this IcuSync lets you only read";
    with_policies(async |world| {
        let (coaches, ana) = (world.coaches().await, world.ana());
        let mut browser = world.let_write(ana).await;
        let (program, _) = world.app_of(ana, true).await;
        let mut coach_pages = world.on_roster_page(coaches[0].email).await;
        let page = browser.get("/coaches").await;
        let grant = page
            .attribute("a[href^='/coaches/']:not([href='/coaches/invite'])", "href")
            .unwrap();
        let app = browser
            .get("/apps")
            .await
            .attribute("a[href^='/apps/']", "href")
            .unwrap();
        let consent = program.in_another_window("again");
        let (path, page) = consent.begin(&mut browser).await;
        assert!(page.body.contains("may-write"), "{}", page.text());

        let pages = ["/connector", "/connect", "/apps", &app, &path];
        for path in pages {
            let page = browser.get(path).await;
            assert!(
                page.status == 200 && !page.text().contains(SAYS),
                "{path}: {}",
                page.text()
            );
        }
        assert!(!browser.get(&grant).await.text().contains("only read now"));
        assert!(
            !coach_pages
                .get("/for-coaches/my-roster")
                .await
                .text()
                .contains(SAYS)
        );
        apply(&world, "writing address jack@example.test").await;
        for path in pages {
            let page = browser.get(path).await;
            assert!(
                page.status == 200 && page.text().contains(SAYS),
                "{path}: {}",
                page.text()
            );
        }
        assert!(!browser.get(&path).await.body.contains("may-write"));
        assert!(browser.get(&grant).await.text().contains("only read now"));
        assert!(
            coach_pages
                .get("/for-coaches/my-roster")
                .await
                .text()
                .contains(SAYS)
        );
        let page = browser.get("/connector").await;
        assert!(
            !page.text().contains("Your clients may make changes"),
            "{}",
            page.text()
        );
        // The choice is still theirs to take back, and not to make.
        let off = browser.post("/link/writing", &[("may-write", "off")]).await;
        assert_eq!(off.location(), "/connector?done=writing-off");
        let on = browser.post("/link/writing", &[("may-write", "on")]).await;
        assert_eq!(on.location(), "/connector");
        apply(&world, "").await;
        assert!(
            browser
                .get("/connector")
                .await
                .text()
                .contains("Your clients only read")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_by_a_way_that_is_off_opens_one_page_and_the_password_opens_none() {
    with_policies(async |world| {
        let ana = world.ana();
        let mut browser = world.signed_in(ana).await;
        apply(&world, "ways intervals").await;
        for path in ["/dashboard", "/account", "/coaches", "/activity", "/connector"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 403, "{path}");
            let text = page.text();
            assert!(
                text.contains("Sign in another way") && text.contains("help@club.example"),
                "{text}"
            );
        }
        let mut stranger = world.browser();
        let page = stranger.get("/sign-in").await;
        assert!(!page.body.contains("type=\"password\"") && page.body.contains("/sign-in/intervals"));
        let fields = [("email", ana.person.email), ("password", PASSWORD)];
        let page = stranger.post("/sign-in", &fields).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert_eq!(stranger.get("/dashboard").await.status, 303);
        assert!(stranger.get("/forgot").await.location().starts_with("/sign-in"));
        for _ in 0..50 {
            if logged(&world, "not_allowed").await == 1 {
                break;
            }
            tokio::time::sleep(StdDuration::from_millis(100)).await;
        }
        assert_eq!(
            logged(&world, "not_allowed").await,
            1,
            "the answer does not wait for it"
        );
        assert_eq!(browser.post("/sign-out", &[]).await.status, 303);

        // A session from before ways were kept is by none of those that are named.
        apply(&world, "").await;
        let mut browser = world.signed_in(ana).await;
        sqlx::query("update sessions set way = null")
            .execute(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(browser.get("/account").await.status, 200);
        apply(&world, "ways password").await;
        assert_eq!(browser.get("/account").await.status, 403);
        apply(&world, "athletes nobody").await;
        let page = browser.get("/account").await;
        assert!(page.status == 403 && page.text().contains("You have no access here"));
        let page = world.browser().post("/sign-in", &fields).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert_eq!(logged(&world, "not_allowed").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_and_coaches_codes_ask_the_policy() {
    with_policies(async |world| {
        let coaches = world.coaches().await;
        let coach = coaches[0].email;
        apply(&world, "sign-up on\nathletes domain club.example").await;
        for email in ["new@club.example", "new@other.example"] {
            let page = world.browser().post("/sign-up", &[("email", email)]).await;
            assert_eq!(page.location(), "/sign-up/sent", "{}", page.text());
        }
        assert_eq!(world.mails_to("new@club.example").await.len(), 1);
        assert!(world.mails_to("new@other.example").await.is_empty());
        apply(&world, "sign-up off").await;
        let page = world
            .browser()
            .post("/sign-up", &[("email", "more@club.example")])
            .await;
        assert_eq!(page.status, 403);
        let (mut late, page) = world.opened("new@club.example").await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert_eq!(late.get("/confirm").await.status, 403);

        let before = world.mails_to(coach).await.len();
        apply(&world, "ways password").await;
        let program = Program::registered(&world, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let mut browser = world.browser();
        let (path, page) = program.begin(&mut browser).await;
        assert!(!page.body.contains("coach-email"), "{}", page.text());
        browser.post(&format!("{path}/coach"), &[("email", coach)]).await;
        world
            .browser()
            .post("/for-coaches/roster", &[("email", coach)])
            .await;
        assert_eq!(world.mails_to(coach).await.len(), before);
    })
    .await;
}

#[expect(clippy::too_many_lines, reason = "each page and mail, one after the other")]
#[tokio::test(flavor = "multi_thread")]
async fn with_links_off_every_link_is_unknown_and_nothing_shows_a_url() {
    with_policies(async |world| {
        let (coaches, other) = (world.coaches().await, world.other_instance().await);
        let ana = world.ana();
        let coach = coaches[0].email;
        let mut browser = world.signed_in(ana).await;
        let links = [ana.link.clone(), other.link(&ana.link), coaches[0].link.clone()];
        for link in &links {
            assert_eq!(world.mcp(link).request("ping", json!({})).await.status, 200);
        }
        // It waits in the queue with a URL when the policy changes.
        let fields = [
            ("email", "late@coach.example"),
            ("note", ""),
            ("last-day", ""),
            ("tool-get_fitness", "on"),
        ];
        let invited = browser.post("/coaches/invite", &fields).await;
        assert_eq!(invited.status, 303, "{}", invited.text());
        apply(&world, "links off").await;
        for link in &links {
            assert_eq!(
                world.mcp(link).request("ping", json!({})).await.status,
                404,
                "{link}"
            );
        }
        let (program, tokens) = world.app_of(ana, false).await;
        let call = program
            .mcp(tokens.access())
            .call("get_athlete_profile", json!({}))
            .await;
        assert!(!call.is_error(), "{}", call.text());

        let seen = world.mails.all().len();
        let (typed, new) = (("current", PASSWORD), ("password", "another-long-passphrase"));
        let changed = browser.post("/account/password", &[typed, new]).await;
        assert_eq!(changed.status, 303, "{}", changed.text());
        let mailed = world.mails_to("late@coach.example").await;
        assert_eq!(mailed.len(), 1);
        let text = &mailed[0].letter.text;
        assert!(text.contains("/mcp\n"), "it says where to sign in: {text}");
        for wish in ["resend", "regenerate"] {
            world
                .browser()
                .post(&format!("/for-coaches/{wish}"), &[("email", coach)])
                .await;
        }
        world.mails_to(coach).await;
        for mail in world.mails.all().into_iter().skip(seen) {
            for text in [&mail.letter.text, &mail.letter.html] {
                assert!(
                    !text.contains("/mcp/icul_") && !text.contains("onnector URL"),
                    "{text}"
                );
            }
        }
        tokio::time::sleep(StdDuration::from_secs(6)).await;
        for path in [
            "/",
            "/dashboard",
            "/connector",
            "/link/regenerate",
            "/steps",
            "/check",
            "/support",
            "/for-coaches",
            "/apps",
            "/account",
            "/account/password",
            "/account/factors",
            "/coaches",
            "/activity",
            "/privacy",
            "/personal-coach",
        ] {
            let page = browser.get(path).await;
            assert!(
                page.status == 200 || page.status == 303,
                "{path}: {}",
                page.status
            );
            for secret in ["/mcp/icul_", "/mcp/YOUR-TOKEN", "#by-link"] {
                assert!(!page.body.contains(secret), "{path}: {secret}");
            }
            // These two name what is kept, in the export and in general.
            if !["/account", "/privacy", "/connector"].contains(&path) {
                assert!(!page.text().contains("onnector URL"), "{path}: {}", page.text());
            }
        }
        assert_eq!(
            browser.post("/link/regenerate", &[]).await.location(),
            "/connector"
        );
        assert!(
            browser
                .get("/connector")
                .await
                .text()
                .contains("No connector URLs here")
        );
        apply(&world, "links on").await;
        assert_eq!(world.mcp(&links[0]).request("ping", json!({})).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_costs_a_call_no_statement() {
    with_policies(async |world| {
        apply(
            &world,
            "athletes domain example.test\nwriting address ana@example.test",
        )
        .await;
        let proxy = Proxy::to(&url_of(&world.database)).await;
        let other = world.instance_at_with(&proxy.url, |_| ()).await;
        let mcp: Mcp = world.mcp(&other.link(&world.ana().link));
        for _ in 0..2 {
            mcp.call("get_wellness", json!({})).await;
            world.logged().await;
        }
        proxy.statements();
        for _ in 0..10 {
            let call = mcp.call("get_wellness", json!({})).await;
            assert!(!call.is_error(), "{}", call.text());
        }
        let asked: Vec<String> = proxy
            .statements()
            .into_iter()
            .filter(|statement| !statement.contains("insert into activity_log"))
            .collect();
        assert!((10..=12).contains(&asked.len()), "{asked:#?}");
        assert_eq!(queries::policies::version(&world.app.pool).await.unwrap(), 1);
    })
    .await;
}
