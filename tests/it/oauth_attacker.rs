//! What somebody tries who wants another person's training: by links, forms, frames, codes and tokens that are not theirs. Hard
//! cases 94, 96 to 98 and 100, and what the other files of this flow do not hold. After each try nothing was given that nobody
//! agreed to, and the log, in which the world looks for secrets, shows who was refused and why.

use std::sync::{Arc, OnceLock};

use icusync::{queries, tools::CATALOGUE};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::world::{
    Browser, Mcp, World, form, refusals_of,
    sign_in::{Fields, Program, allow, code, consent_fields, query},
    test,
    wire::send,
};

const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const EVIL: &str = "https://claude-ai.evil.example/cb";
const COACH: &str = "coach@example.test";

/// How many sign-ins, access tokens and refresh tokens there are.
async fn given(world: &World) -> (i64, i64, i64) {
    sqlx::query_as(
        "select (select count(*) from connectors where is_sign_in), (select count(*) from access_tokens),
            (select count(*) from refresh_tokens)",
    )
    .fetch_one(&world.app.pool)
    .await
    .unwrap()
}

/// The fields with which the consent page would say yes.
fn yes(page: &crate::world::Page) -> Vec<(String, String)> {
    let mut fields = consent_fields(page, true);
    fields.push(("decision".to_owned(), "allow".to_owned()));
    fields
}

/// What a browser sends with a request to the service, whoever made it send it.
fn cookies(browser: &Browser) -> String {
    let pairs: Vec<_> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

/// Hard cases 96 and 97: a link of a stranger's client ends at our question, whoever is signed in here or upstream and whatever
/// they agreed to before.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_link_stops_at_our_question_97() {
    test(async |world| {
        // Ana uses the real one.
        world.app_of(world.ana(), true).await;
        let before = given(&world).await;
        let evil = Program::registered(&world, "Claude", EVIL).await;
        let mut victim = world.signed_in(world.ana()).await;
        for _ in 0..2 {
            let (path, page) = evil.begin(&mut victim).await;
            let text = page.text();
            for said in [
                "claude-ai.evil.example",
                "its own name for itself",
                "You have not signed in with this app before",
            ] {
                assert!(text.contains(said), "{said}: {text}");
            }
            // What a browser or an extension fetches beforehand decides nothing, whatever is in the address.
            let fields = yes(&page);
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            victim.extra = vec![("sec-purpose", "prefetch".to_owned())];
            for look in [
                path.clone(),
                format!("{path}?{}", form(&fields)),
                format!("{path}?switch"),
                evil.authorize(&[]),
            ] {
                let seen = victim.get(&look).await;
                assert!(
                    !seen.body.contains("icuc_") && !seen.location().contains("evil.example"),
                    "{look}"
                );
            }
            victim.extra.clear();
        }
        assert_eq!(given(&world).await, before);
        // A program on the victim's own computer is called one.
        let local = Program::registered(&world, "Claude", "http://localhost:9/cb").await;
        let (_, page) = local.begin(&mut victim).await;
        assert!(page.text().contains("runs on this computer"), "{}", page.text());
    })
    .await;
}

/// A form on another site, which the browser sends with the victim's cookies.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_form_decides_nothing() {
    test(async |world| {
        let evil = Program::registered(&world, "Evil", EVIL).await;
        let mut victim = world.signed_in(world.ana()).await;
        let begun = victim.get(&evil.authorize(&[])).await;
        let cookie = begun.header("set-cookie");
        assert!(
            cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"),
            "{cookie}"
        );
        let (path, page) = evil.begin(&mut victim).await;
        let fields = yes(&page);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let cookies = cookies(&victim);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let forged: [&[(&str, &str)]; 5] = [
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", &world.links)],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
            ],
        ];
        for headers in forged {
            for (place, body) in [
                (path.clone(), form(&fields)),
                (path.clone(), form(&[("decision", "deny")])),
                (format!("{path}/coach"), form(&[("email", COACH)])),
                (format!("{path}/code"), form(&[("code", "ABCDEFGH")])),
                (format!("{path}/switch"), String::new()),
            ] {
                let headers = [headers, &[("cookie", cookies.as_str()), kind]].concat();
                let seen = send("POST", &format!("{}{place}", world.web), &headers, Some(body)).await;
                assert_eq!(
                    (seen.status, seen.header("location")),
                    (403, ""),
                    "{place} {headers:?}"
                );
            }
        }
        // What is for POST does nothing on GET.
        for place in ["/coach", "/code", "/switch"] {
            let looked = victim.get(&format!("{path}{place}?{}", form(&fields))).await;
            assert_eq!(
                (looked.status, looked.location()),
                (303, path.as_str()),
                "{place}"
            );
        }
        for place in ["/token", "/revoke", "/register"] {
            assert_eq!(victim.get(place).await.status, 405, "{place}");
        }
        // It waits as before: nobody has answered.
        let answer = victim.post(&path, &[("decision", "deny")]).await;
        assert_eq!(
            query(answer.location(), "error").as_deref(),
            Some("access_denied")
        );
        assert_eq!(given(&world).await, (0, 0, 0));
        assert!(refusals_of(&evil.id).contains(&("consent".to_owned(), "declined".to_owned())));
    })
    .await;
}

/// No page with a button of a sign-in can be laid under another, kept, or leak its address.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_sign_in_can_be_framed() {
    test(async |world| {
        world.coaches().await;
        let program =
            Program::registered(&world, "Cursor", "cursor://anysphere.cursor-mcp/oauth/callback").await;
        let mut browser = world.browser();
        let (path, who) = program.begin(&mut browser).await;
        browser.post(&format!("{path}/coach"), &[("email", COACH)]).await;
        let type_code = browser.get(&path).await;
        let mut signed = world.signed_in(world.ana()).await;
        let (place, consent) = program.begin(&mut signed).await;
        let gone = world.browser().get(&place).await;
        let back = allow(&mut signed, &place, &consent, false).await;
        code_in_page(&world, &back.body);
        let refused = world
            .browser()
            .get(&program.authorize(&[("redirect_uri", EVIL)]))
            .await;
        for (what, page, status) in [
            ("who", who, 200),
            ("the mailed code", type_code, 200),
            ("consent", consent, 200),
            ("gone", gone, 404),
            ("back to the app", back, 200),
            ("refused", refused, 400),
        ] {
            assert_eq!(page.status, status, "{what}");
            let policy = page.header("content-security-policy");
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
                "{what}: {policy}"
            );
            assert_eq!(page.header("x-frame-options"), "DENY", "{what}");
            assert_eq!(page.header("cache-control"), "no-store", "{what}");
            assert_eq!(page.header("referrer-policy"), "no-referrer", "{what}");
        }
    })
    .await;
}

/// Notes the code in a page that leads to an app.
fn code_in_page(world: &World, body: &str) {
    let at = body.find("icuc_").expect("a code");
    let code: String = body[at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
        .collect();
    world.secret(&code);
}

/// Whatever is asked with a token is asked as its owner.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_reaches_another_persons_data() {
    test(async |world| {
        let (program, ana) = world.app_of(world.ana(), true).await;
        let (_, jack) = world.app_of(world.jack(), true).await;
        let ours = program.mcp(ana.access());
        let theirs = program.mcp(jack.access());
        let tool = CATALOGUE.iter().find(|tool| tool.name() == "get_activity_detail").unwrap();
        let id = world.defaults(world.jack(), tool).await.unwrap();
        let own = theirs.call("get_activity_detail", id.clone()).await;
        assert!(!own.is_error(), "{}", own.text());
        let foreign = ours.call("get_activity_detail", id).await;
        assert!(foreign.is_error() && !foreign.text().contains("Jack"), "{}", foreign.text());
        for arguments in [json!({"athlete": "Jack Nguyen"}), json!({"athlete_id": world.jack().person.athlete_id})] {
            let asked = ours.call("get_fitness", arguments).await;
            assert!(!asked.text().starts_with("Jack"), "{}", asked.text());
        }
        // The cookies of a browser that is signed in mean nothing here, nor does what else could name a person.
        let jacks = world.signed_in(world.jack()).await;
        let headers = [
            ("cookie", cookies(&jacks)),
            ("authorization", format!("Bearer {}", ana.access())),
            ("content-type", "application/json".to_owned()),
            ("x-forwarded-user", "jack".to_owned()),
        ];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_fitness", "arguments": {}}});
        let url = format!("{}/mcp?athlete=Jack", world.web);
        let seen = send("POST", &url, &headers, Some(body.to_string())).await.json();
        assert!(seen["result"]["content"][0]["text"].as_str().unwrap().starts_with("Ana Berger"), "{seen}");
        let only_cookies = send("POST", &format!("{}/mcp", world.web), &[headers[0], headers[2]], Some(body.to_string())).await;
        assert_eq!(only_cookies.status, 401);
        let (ours, theirs) = (&ours, &theirs);
        let calls = (0..10).map(|at| async move {
            let (mcp, name) = if at % 2 == 0 {
                (ours, "Ana Berger")
            } else {
                (theirs, "Jack Nguyen")
            };
            let answer = mcp.call("get_fitness", json!({})).await;
            assert!(answer.text().starts_with(name), "{}", answer.text());
        });
        futures::future::join_all(calls).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_is_over_at_the_next_call_of_a_sign_in() {
    test(async |world| {
        world.coaches().await;
        let (program, tokens) = world.app_of_coach(COACH, true).await;
        let mcp = program.mcp(tokens.access());
        let fitness = async |mcp: &Mcp| mcp.call("get_fitness", json!({"athlete": "Ana"})).await;
        assert!(fitness(&mcp).await.text().starts_with("Ana Berger"));
        mcp.call("select_athlete", json!({"athlete": "Ana"})).await;
        let mut ana = world.signed_in(world.ana()).await;
        let account = queries::accounts::by_email(&world.app.pool, world.ana().person.email)
            .await
            .unwrap()
            .unwrap();
        let grants = queries::grants::of_account(&world.app.pool, account.id)
            .await
            .unwrap();
        let grant = grants.iter().find(|grant| grant.coach_email == COACH).unwrap();
        assert_eq!(
            ana.post(&format!("/coaches/{}/revoke", grant.id), &[])
                .await
                .status,
            303
        );
        let after = fitness(&mcp).await;
        assert!(
            after.is_error() && !after.text().contains("Berger"),
            "{}",
            after.text()
        );
        assert!(
            mcp.call("get_fitness", json!({})).await.is_error(),
            "the selection is over too"
        );
        let roster = mcp.call("list_athletes", json!({})).await;
        assert!(
            !roster.text().contains("Berger") && roster.text().contains("Jack"),
            "{}",
            roster.text()
        );
        // Refreshing brings nothing back.
        let next = program.refresh(tokens.refresh()).await;
        assert!(fitness(&program.mcp(next.access())).await.is_error());
    })
    .await;
}

/// A code that was caught on its way, or slipped to somebody else, is worth nothing there: each belongs to the window that began.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_worth_nothing_in_another_hand() {
    test(async |world| {
        let client = Program::known(&world, CLAUDE, CALLBACK);
        let (anas, jacks) = (client.in_another_window("ana"), client.in_another_window("jack"));
        let of_ana = code(&anas.agree(&mut world.signed_in(world.ana()).await, false).await);
        let of_jack = code(&jacks.agree(&mut world.signed_in(world.jack()).await, false).await);
        let evil = Program::registered(&world, "Evil", EVIL).await;
        for (window, caught) in [(&jacks, &of_ana), (&anas, &of_jack), (&evil, &of_ana)] {
            assert_eq!(window.exchange(caught).await.error(), (400, "invalid_grant"));
        }
        // By the attacker's own client, with the victim's name or without one.
        let as_claude = evil
            .exchange_with(&of_ana, &[("client_id", CLAUDE), ("redirect_uri", CALLBACK)])
            .await;
        assert_eq!(as_claude.error(), (400, "invalid_grant"));
        let nobody = evil.exchange_with(&of_ana, &[("client_id", "")]).await;
        assert_eq!(nobody.error(), (400, "invalid_request"));
        assert_eq!(given(&world).await, (0, 0, 0));
        let told = refusals_of(&evil.id);
        assert!(
            told.contains(&("token".to_owned(), "foreign_code".to_owned())),
            "{told:?}"
        );
        assert!(refusals_of(CLAUDE).contains(&("token".to_owned(), "wrong_verifier".to_owned())));
        // The attempts spent nothing.
        for (window, own, name) in [(&anas, &of_ana, "Ana Berger"), (&jacks, &of_jack, "Jack Nguyen")] {
            let tokens = window.exchange(own).await;
            let answer = window.mcp(tokens.access()).call("get_fitness", json!({})).await;
            assert!(answer.text().starts_with(name), "{}", answer.text());
        }
        let log: i64 = sqlx::query_scalar("select count(*) from sign_in_log where outcome in ('code_late', 'wrong_redirect', 'wrong_verifier')")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert!(log >= 3, "the owners see the attempts: {log}");
    })
    .await;
}

/// The client never hears a no beside a code that works.
#[tokio::test(flavor = "multi_thread")]
async fn of_yes_and_no_at_once_one_counts() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        for round in 0..8 {
            let window = program.in_another_window(&round.to_string());
            let (path, page) = window.begin(&mut browser).await;
            let (mut one, mut two) = (browser.clone(), browser.clone());
            let (yes, no) = futures::join!(
                allow(&mut one, &path, &page, false),
                two.post(&path, &[("decision", "deny")]),
            );
            assert!([303, 404].contains(&yes.status) && [303, 404].contains(&no.status));
            let said_no = no.status == 303;
            if said_no {
                assert_eq!(query(no.location(), "error").as_deref(), Some("access_denied"));
            }
            if yes.status == 303 {
                let reply = window.exchange(&code(&yes)).await;
                assert_eq!(reply.status == 200, !said_no, "{reply:?}");
            } else {
                assert!(said_no);
            }
        }
    })
    .await;
}

/// Once there are tokens, a no would be a lie, and it must not make us forget the code: whoever uses it again ends the sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_after_the_tokens_changes_nothing() {
    test(async |world| {
        let program = Program::registered(&world, "Claude", CALLBACK).await;
        let mut browser = world.signed_in(world.ana()).await;
        let (path, page) = program.begin(&mut browser).await;
        let code = code(&allow(&mut browser, &path, &page, false).await);
        let tokens = program.exchange(&code).await;
        let mcp = program.mcp(tokens.access());
        let no = browser.post(&path, &[("decision", "deny")]).await;
        assert_eq!((no.status, no.location()), (200, ""));
        assert!(no.text().contains("Claude is signed in"), "{}", no.text());
        assert_eq!(mcp.request("ping", json!({})).await.status, 200);
        assert_eq!(program.exchange(&code).await.error(), (400, "invalid_grant"));
        assert_eq!(mcp.request("ping", json!({})).await.status, 401);
        // Before them it takes the yes back.
        let window = program.in_another_window("again");
        let (path, page) = window.begin(&mut browser).await;
        let code = crate::world::sign_in::code(&allow(&mut browser, &path, &page, false).await);
        let no = browser.post(&path, &[("decision", "deny")]).await;
        assert_eq!(query(no.location(), "error").as_deref(), Some("access_denied"));
        assert_eq!(window.exchange(&code).await.error(), (400, "invalid_grant"));
    })
    .await;
}

/// What a client says of itself stays text, in headers and on pages.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_written_into_a_header_or_a_page() {
    test(async |world| {
        let name = "\"><script>alert(1)</script>\u{202e}edualC";
        let state = "x\r\nSet-Cookie: a=b\r\n\r\n\"><script>alert(1)</script>";
        let mut browser = world.signed_in(world.ana()).await;
        for redirect in [
            "https://evil.example/cb?x=%0d%0aSet-Cookie:%20a=b",
            "evil://app/cb?x=%22%3E%3Cscript",
        ] {
            let mut program = Program::registered(&world, name, redirect).await;
            program.state = state.to_owned();
            for decision in ["deny", "allow"] {
                let (path, page) = program.begin(&mut browser).await;
                assert!(
                    page.text().contains("alert(1)"),
                    "the name is shown: {}",
                    page.text()
                );
                assert!(!page.body.contains("<script>") && !page.body.contains('\u{202e}'));
                let mut fields = yes(&page);
                fields.retain(|(name, _)| name != "decision");
                let mut fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                fields.push(("decision", decision));
                let answer = browser.post(&path, &fields).await;
                assert!(!answer.headers.contains_key("set-cookie"));
                assert!(!answer.body.contains("<script>"), "{}", answer.body);
                let url = if answer.status == 303 {
                    answer.location().to_owned()
                } else {
                    let url = answer.attribute("main a.button", "href").unwrap();
                    assert_eq!(
                        answer.attribute("meta[http-equiv=refresh]", "content"),
                        Some(format!("0; url={url}"))
                    );
                    url
                };
                assert!(
                    url.starts_with(redirect) && !url.contains(['\r', '\n', '"', '<']),
                    "{url}"
                );
                assert_eq!(query(&url, "state").as_deref(), Some(state));
                if let Some(code) = query(&url, "code") {
                    world.secret(&code);
                }
            }
        }
    })
    .await;
}

/// Posts a form that is far too long. The answer may come, and the connection end, before all of it was sent.
async fn cut_off(world: &World, place: &str, body: String) {
    let request = Mcp::client()
        .post(format!("{}{place}", world.web))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status(), 413, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_far_too_long_is_refused_and_kept_nowhere() {
    test(async |world| {
        let program = Program::registered(&world, "Evil", EVIL).await;
        let mut victim = world.signed_in(world.ana()).await;
        let (path, page) = program.begin(&mut victim).await;
        let long = "x".repeat(100 * 1024);
        for name in ["state", "client_id", "redirect_uri", "scope", "resource", "code_challenge", "x"] {
            // The head of a request may be cut off before all of it was sent.
            let url = format!("{}{}", world.web, program.authorize(&[(name, &long)]));
            if let Ok(answer) = Mcp::client().get(url).send().await {
                assert!([400, 414, 431].contains(&answer.status().as_u16()), "{name}: {answer:?}");
            }
            let shorter = program.authorize(&[(name, &long[..20_000])]);
            let answer = victim.get(&shorter).await;
            assert_eq!((answer.status, answer.location()), (400, ""), "{name}");
        }
        for (place, field) in [("/token", "code"), ("/token", "client_id"), ("/revoke", "token")] {
            let reply = program.post(place, &[(field, &long[..20_000])], &[]).await;
            assert_eq!(reply.status, 413, "{place}");
            let reply = program.post(place, &[(field, &long[..5_000])], &[]).await;
            assert_eq!(reply.error(), (400, "invalid_request"), "{place}");
            cut_off(&world, place, form(&[(field, &long)])).await;
        }
        let mut fields = yes(&page);
        fields.push(("x".to_owned(), long[..20_000].to_owned()));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(victim.post(&path, &fields).await.status, 413);
        for place in ["/coach", "/code"] {
            let place = format!("{path}{place}");
            let fields = [("email", &long[..20_000]), ("code", "x")];
            assert_eq!(victim.post(&place, &fields).await.status, 413);
            cut_off(&world, &place, form(&[("email", &long)])).await;
        }
        let token = format!("Bearer {}", &long[..40_000]);
        let answer = send("POST", &format!("{}/mcp", world.web), &[("authorization", &token)], Some("{}".to_owned())).await;
        assert_eq!(answer.status, 401);
        let rows: (i64, i64) = sqlx::query_as("select count(*), coalesce(max(pg_column_size(sign_in_requests.*)), 0)::int8 from sign_in_requests")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert!(rows.0 == 1 && rows.1 < 2_000, "{rows:?}");
        assert_eq!(given(&world).await, (0, 0, 0));
    })
    .await;
}

/// Hard case 98, where no person takes part: an id is a URL here too.
#[tokio::test(flavor = "multi_thread")]
async fn no_id_leads_inside_from_the_endpoints_for_programs_98() {
    test(async |world| {
        for id in [
            "http://client.example/client.json",
            "https://127.0.0.1/client.json",
            "https://2130706433/client.json",
            "https://[::ffff:169.254.169.254]/latest",
            "https://icusync.internal/client.json",
            "https://client.example:5432/client.json",
            "https://user:word@client.example/client.json",
        ] {
            let program = Program::known(&world, id, EVIL);
            for reply in [
                program.exchange("icuc_nobody-was-given-this").await,
                program.revoke("icur_nobody-was-given-this").await,
            ] {
                assert_eq!(reply.error(), (401, "invalid_client"), "{id}");
            }
        }
        assert_eq!(world.documents.asked(), 0);
        // One that could be a client was given nothing if nothing of it is kept, and a person who comes from it has it asked for
        // once, however often it is named.
        let program = Program::known(&world, "https://client.example/oauth/client.json", EVIL);
        for _ in 0..5 {
            let refused = program.exchange("icuc_nobody-was-given-this").await;
            assert_eq!(refused.error(), (401, "invalid_client"));
        }
        assert_eq!(world.documents.asked(), 0);
        for _ in 0..5 {
            assert_eq!(world.browser().get(&program.authorize(&[])).await.status, 503);
        }
        assert_eq!(world.documents.asked(), 1);
    })
    .await;
}

/// The metrics of this process.
fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| icusync::start::record_metrics().unwrap())
}

/// How many refusals were counted at an endpoint for a reason.
fn counted(at: &str, reason: &str) -> u64 {
    let text = metrics().render();
    let name = format!("icusync_oauth_refusals_total{{at=\"{at}\",reason=\"{reason}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |number| number.parse().unwrap())
}

/// Jack has an account, a server of his own and every address of ours, and wants what is Ana's.
#[tokio::test(flavor = "multi_thread")]
async fn an_attacker_gets_nothing_and_the_log_shows_the_attempts() {
    metrics();
    test(async |world| {
        let attempts = [
            ("authorize", "wrong_redirect"),
            ("authorize", "invalid_target"),
            ("authorize", "invalid_request"),
            ("consent", "declined"),
            ("token", "unknown_code"),
            ("token", "invalid_target"),
            ("token", "foreign_refresh_token"),
            ("token", "unknown_refresh_token"),
            ("token", "unsupported_grant_type"),
            ("token", "wrong_secret"),
            ("revoke", "no_token"),
        ];
        let before = attempts.map(|(at, reason)| counted(at, reason));
        let (_, anas) = world.app_of(world.ana(), true).await;
        let mut jacks = world.signed_in(world.jack()).await;
        let evil = Program::registered(&world, "Evil", EVIL).await;
        let own = evil.sign_in(&mut jacks, true).await;
        let mine = given(&world).await;

        let secretive = json!({"client_name": "Evil too", "redirect_uris": [EVIL], "token_endpoint_auth_method": "client_secret_post"});
        let secretive = evil.post_json("/register", &secretive).await;
        let secretive = Program::known(&world, secretive.text("client_id"), EVIL);

        let mut victim = world.signed_in(world.ana()).await;
        for other in [
            ("redirect_uri", "https://claude-ai.evil.example/other"),
            ("resource", "https://evil.example/mcp"),
            ("code_challenge_method", "plain"),
        ] {
            let page = victim.get(&evil.authorize(&[other])).await;
            assert!(page.status == 400 || query(page.location(), "error").is_some(), "{other:?}");
        }
        // The victim says no; the attacker's own request says nothing about her.
        let (path, _) = evil.begin(&mut victim).await;
        assert_eq!(jacks.get(&path).await.status, 404);
        assert_eq!(victim.post(&path, &[("decision", "deny")]).await.status, 303);

        let wrong: [(Fields<'_>, (u16, &str)); 6] = [
            (&[("grant_type", "authorization_code"), ("code", anas.access()), ("code_verifier", &evil.verifier)], (400, "invalid_grant")),
            (&[("grant_type", "refresh_token"), ("refresh_token", own.refresh()), ("resource", "https://evil.example/")], (400, "invalid_target")),
            (&[("grant_type", "refresh_token"), ("refresh_token", anas.refresh())], (400, "invalid_grant")),
            (&[("grant_type", "refresh_token"), ("refresh_token", anas.access())], (400, "invalid_grant")),
            (&[("grant_type", "client_credentials")], (400, "unsupported_grant_type")),
            (&[("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", own.access())], (400, "unsupported_grant_type")),
        ];
        for (fields, error) in wrong {
            let fields = [fields, &[("client_id", evil.id.as_str())]].concat();
            assert_eq!(evil.post("/token", &fields, &[]).await.error(), error, "{:?}", fields[0]);
        }
        let guessed = [
            ("grant_type", "refresh_token"),
            ("refresh_token", anas.refresh()),
            ("client_id", &secretive.id),
            ("client_secret", "icux_guessed"),
        ];
        assert_eq!(secretive.post("/token", &guessed, &[]).await.error(), (401, "invalid_client"));
        assert_eq!(evil.post("/revoke", &[("client_id", &evil.id)], &[]).await.error(), (400, "invalid_request"));
        for token in [anas.access(), anas.refresh()] {
            assert_eq!(evil.revoke(token).await.status, 200, "says nothing about the token");
        }

        // Nothing was given, nothing of Ana's ended, and what is Jack's is as it was.
        assert_eq!(given(&world).await, mine);
        for (access, name) in [(anas.access(), "Ana Berger"), (own.access(), "Jack Nguyen")] {
            let answer = evil.mcp(access).call("get_fitness", json!({})).await;
            assert!(answer.text().starts_with(name), "{}", answer.text());
        }
        let told = refusals_of(&evil.id);
        for ((at, reason), before) in attempts.into_iter().zip(before) {
            let of = if reason == "wrong_secret" { &refusals_of(&secretive.id) } else { &told };
            assert!(of.contains(&(at.to_owned(), reason.to_owned())), "{at} {reason} of {of:?}");
            assert!(counted(at, reason) > before, "{at} {reason}");
        }
        let log: Vec<(String, String)> = sqlx::query_as("select outcome, client from sign_in_log where outcome = 'declined'")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(log, [("declined".to_owned(), "Evil (claude-ai.evil.example)".to_owned())], "Ana sees it in her log");
    })
    .await;
}

/// One person's many windows are no way around the limit of waiting sign-ins, and an answer makes room.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_sign_ins_stops_and_an_answer_makes_room_99() {
    test(async |world| {
        let evil = Program::registered(&world, "Evil", EVIL).await;
        let mut browser = world.browser();
        let mut waiting: Vec<String> = Vec::new();
        for at in 0..20 {
            let (path, page) = evil.in_another_window(&at.to_string()).begin(&mut browser).await;
            assert_eq!(page.status, 200);
            waiting.push(path);
        }
        let more = async |world: &Arc<World>, name: &str| {
            world
                .browser()
                .get(&evil.in_another_window(name).authorize(&[]))
                .await
                .status
        };
        world.clock.advance(chrono::Duration::minutes(30));
        assert_eq!(more(&world, "more").await, 429);
        assert!(refusals_of(&evil.id).contains(&("authorize".to_owned(), "too_many".to_owned())));
        assert_eq!(
            browser.post(&waiting[0], &[("decision", "deny")]).await.status,
            303
        );
        assert_eq!(more(&world, "one").await, 303);
        assert_eq!(more(&world, "two").await, 429);
        assert_eq!(given(&world).await, (0, 0, 0));
    })
    .await;
}
