//! What applies to every page: headers, hosts, escaping, forms, errors, assets, links, and the content of the pages for
//! everyone. Hard cases 20, 37, 54, 80, 82-84, 87, 88, 115.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
    routing::get,
};
use icusync::{
    app::App,
    config::Config,
    ids::LogId,
    layers,
    mail::transport::{Captured, Transport},
    pages,
    queries::{self, activity_log::Entry},
    routes,
    secrets::{KeyRing, Random, Token, TokenKind},
    start::{self, Ingredients},
    time::Clock,
    words::{Access, Outcome},
};
use reqwest::Method;
use tower::ServiceExt as _;

use crate::{
    coaches::invite_somebody,
    door_pages::{HELP, HOUSE, Met, met},
    passkeys::{page_of_it, with_passkey},
    world::{Browser, Page, World, test, test_with},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:";

const FOR_ALL: [&str; 27] = [
    "/",
    "/steps",
    "/personal-coach",
    "/for-coaches",
    "/for-coaches/sent",
    "/for-coaches/resend/confirm",
    "/for-coaches/resend/done",
    "/for-coaches/regenerate/done",
    "/for-coaches/my-roster",
    "/for-coaches/my-roster/erase",
    "/for-coaches/erased",
    "/support",
    "/privacy",
    "/check",
    "/status",
    "/sign-up",
    "/sign-up/sent",
    "/sign-in",
    "/sign-in?done=step-over",
    "/sign-in?done=codes",
    "/recover",
    "/forgot",
    "/forgot/sent",
    "/confirm",
    "/address",
    "/account/address/sent",
    "/account/deleted",
];
const FOR_ATHLETES: [&str; 26] = [
    "/dashboard",
    "/connector",
    "/coaches",
    "/coaches?done=sent",
    "/coaches/invite",
    "/activity",
    "/activity?tool=get_fitness&from=nonsense",
    "/steps",
    "/status",
    "/connect",
    "/disconnect",
    "/link/regenerate",
    "/connect/callback?state=x",
    "/account?done=others",
    "/apps",
    "/apps?done=ended",
    "/account/ways",
    "/account/password",
    "/account/address",
    "/account/address/sent",
    "/account/factors",
    "/account/factors?done=passkey",
    "/account/factors/codes",
    "/account/passkeys/new",
    "/account/delete",
    "/address",
];

/// A second service on the world's database, with other settings.
pub fn service_with(world: &World, tweak: impl FnOnce(&mut Config)) -> Router {
    let mut config = world.app.config.clone();
    tweak(&mut config);
    let from = Ingredients {
        pool: world.app.pool.clone(),
        keys: world.app.keys.clone(),
        mail: Transport::Captured(Captured::default()),
        clock: world.clock.clone(),
        random: Random::from_os(),
    };
    routes::service(start::app(config, from).unwrap())
}

/// Posts a form straight into a service.
pub async fn post_to(
    router: &Router,
    host: &str,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Response<Body> {
    let mut request = Request::post(path)
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router
        .clone()
        .oneshot(request.body(Body::from(body.to_owned())).unwrap())
        .await
        .unwrap()
}

async fn text_of(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hardened(page: &Page, path: &str) {
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with(POLICY), "{path}: {policy}");
    assert!(
        policy.ends_with("frame-ancestors 'none'; base-uri 'none'"),
        "{path}: {policy}"
    );
    // Browsers check the whole way of a form: one that leads to a client, or to a provider who may send people on, cannot name it.
    let leads_away = ["/sign-in/provider\"", "/account/ways/provider\"", "/authorize/"]
        .iter()
        .any(|action| page.body.contains(&format!("action=\"{action}")))
        || page.text().contains(&format!("Confirm with {HOUSE}"));
    // The page of the ways is the same whichever of them are on.
    let is_bound = policy.contains("; form-action 'self'");
    let may_be_free = leads_away || page.text().contains("Ways to sign in · IcuSync");
    assert!(
        !leads_away || !is_bound,
        "{path}: a button does nothing: {policy}"
    );
    assert!(may_be_free || is_bound, "{path}: {policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
    assert_eq!(page.header("x-request-id").len(), 32, "{path}");
}

/// Nothing inline, nothing from elsewhere, every control labelled, every id there once, one h1, a title.
fn sound(page: &Page, path: &str) {
    let html = scraper::Html::parse_document(&page.body);
    let all = |selector: &str| {
        let selector = scraper::Selector::parse(selector).unwrap();
        html.select(&selector)
            .map(|element| element.value().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        all("script:not([src]), style, [style], iframe, object, base").len(),
        0,
        "{path}"
    );
    for element in all("*") {
        assert!(
            element.attrs().all(|(name, _)| !name.starts_with("on")),
            "{path}: {element:?}"
        );
        for name in ["src", "action", "formaction"] {
            let value = element.attr(name).unwrap_or("/");
            assert!(
                value.starts_with('/') && !value.starts_with("//"),
                "{path}: {name}={value}"
            );
        }
        let href = element.attr("href").unwrap_or("/");
        assert!(
            href.starts_with(['/', '#'])
                || href.starts_with("https://claude.ai/")
                || href.starts_with("otpauth://totp/")
                || href == format!("mailto:{HELP}"),
            "{path}: href={href}"
        );
    }
    assert_eq!(all("h1").len(), 1, "{path}");
    assert!(page.body.contains("<title>"), "{path}");
    assert_eq!(all("html[lang]").len(), 1, "{path}");
    assert_eq!(all("a.skip[href='#main']").len(), 1, "{path}");
    let ids: Vec<String> = all("[id]")
        .iter()
        .map(|element| element.attr("id").unwrap().to_owned())
        .collect();
    let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{path}: an id is there twice in {ids:?}");
    for control in all("input:not([type=hidden]), select, textarea") {
        let id = control
            .attr("id")
            .unwrap_or_else(|| panic!("{path}: a control without id"));
        assert_eq!(
            all(&format!("label[for='{id}']")).len(),
            1,
            "{path}: label of {id}"
        );
    }
    for element in all("[aria-describedby], [aria-labelledby]") {
        for name in ["aria-describedby", "aria-labelledby"] {
            for id in element.attr(name).unwrap_or_default().split_whitespace() {
                assert!(
                    ids.iter().any(|known| known == id),
                    "{path}: {name}={id} names nothing"
                );
            }
        }
    }
    for form in all("form") {
        // What a form changes, it changes by POST; the one that only reads is a GET, so that its page has an address.
        let method = if form.attr("action") == Some("/activity") {
            "get"
        } else {
            "post"
        };
        assert_eq!(form.attr("method"), Some(method), "{path}");
    }
}

// Hard cases 80 and 82.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_hardened_and_sound() {
    test(async |world| {
        for path in FOR_ALL
            .into_iter()
            .chain(["/nothing", "/assets/x/y", "/confirm/x/y", "/dashboard/zone"])
        {
            let page = world.browser().get(path).await;
            hardened(&page, path);
            sound(&page, path);
            assert_eq!(page.header("cache-control"), "no-store", "{path}");
        }
        let mut browser = world.signed_in(&world.ana().clone()).await;
        for path in FOR_ATHLETES {
            let page = browser.get(path).await;
            hardened(&page, path);
            sound(&page, path);
            assert_eq!(page.header("cache-control"), "no-store", "{path}");
        }
        let grant = invite_somebody(&world, &mut browser).await;
        for path in [grant.as_str(), "/coaches", "/dashboard"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            hardened(&page, path);
            sound(&page, path);
        }
        let policy = browser
            .get("/dashboard")
            .await
            .header("content-security-policy")
            .to_owned();
        assert!(
            policy.contains(&format!("form-action 'self' {};", world.sim.base_url)),
            "the connect button may lead there: {policy}"
        );
        let policy = browser
            .get("/activity")
            .await
            .header("content-security-policy")
            .to_owned();
        assert!(policy.contains("form-action 'self';"), "{policy}");
    })
    .await;
}

// Hard cases 80 and 82.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_signing_in_is_hardened_and_sound() {
    met(
        |_| (),
        async |world, pages| {
            assert!(pages.len() > 80, "{}", pages.len());
            let mut links = std::collections::BTreeSet::new();
            for Met { what, page } in &pages {
                hardened(page, what);
                sound(page, what);
                assert_eq!(page.header("cache-control"), "no-store", "{what}");
                links.extend(links_on(page).into_iter().filter(|link| link.starts_with('/')));
            }
            // Each link leads to a page: to a stranger's, which asks who is there, or to none if it is about one sign-in.
            let mut stranger = world.browser();
            for link in &links {
                let status = stranger.get(link).await.status;
                let is_page = match status {
                    403 => link.starts_with("/for-coaches/my-roster/"),
                    404 => link.starts_with("/authorize/"),
                    _ => matches!(status, 200 | 303),
                };
                assert!(is_page, "{link}: {status}");
            }
        },
    )
    .await;
}

const EVIL: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{1111*1111}}${1111*1111}",
    "<!--<p title=\"--><b>&lt;script&gt;",
];

/// An invite, as a path. A random id could contain the number that is searched for in the pages.
async fn a_grant_to_write_to(world: &std::sync::Arc<World>, browser: &mut Browser) -> &'static str {
    invite_somebody(world, browser).await;
    sqlx::query("update grants set id = '00000000-0000-7000-8000-000000000001'")
        .execute(&world.app.pool)
        .await
        .unwrap();
    "/coaches/00000000-0000-7000-8000-000000000001"
}

/// Puts a text everywhere that a coach's data can appear.
async fn write_to_a_coach(world: &World, evil: &str) {
    sqlx::query("update coaches set email = $1")
        .bind(evil)
        .execute(&world.app.pool)
        .await
        .unwrap();
    sqlx::query("update grants set note = $1, last_client = $1, last_used_at = $2, version = 7")
        .bind(evil)
        .bind(world.clock.now())
        .execute(&world.app.pool)
        .await
        .unwrap();
}

/// The pages about coaches, shown and posted to with a text in every field.
async fn pages_about_coaches(browser: &mut Browser, grant: &str, evil: &str) -> Vec<(&'static str, Page)> {
    let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
    let mut pages = Vec::new();
    for path in ["/coaches", grant, "/coaches/invite"] {
        pages.push(("coaches", browser.get(path).await));
    }
    pages.push((
        "coaches done",
        browser.get(&format!("/coaches?done={encoded}")).await,
    ));
    pages.push(("a grant", browser.get(&format!("/coaches/{encoded}")).await));
    let fields = [("email", evil), ("note", evil), ("last-day", evil), (evil, "on")];
    pages.push(("invite", browser.post("/coaches/invite", &fields).await));
    let preset = [
        ("email", evil),
        ("note", evil),
        ("last-day", evil),
        ("preset", "everything"),
    ];
    pages.push(("preset", browser.post("/coaches/invite", &preset).await));
    let edit = [
        ("version", "1"),
        ("note", evil),
        ("last-day", "2026-12-01"),
        ("tool-get_wellness", "on"),
    ];
    let page = browser.post(grant, &edit).await;
    assert!(matches!(page.status, 200 | 422), "{}", page.status);
    pages.push(("changed meanwhile", page));
    pages
}

// Hard case 80.
#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "one list of every place where foreign text can appear"
)]
async fn whatever_people_and_upstream_write_stays_text() {
    test_with(
        |config| {
            config.sign_ins_per_minute = 1_000;
            config.sign_ins_per_address = 1_000;
        },
        async |world| {
            let ana = world.ana().clone();
            let (mut browser, _) = with_passkey(&world, &ana).await;
            let passkey = page_of_it(&mut browser).await;
            let account = queries::accounts::by_email(&world.app.pool, ana.person.email).await.unwrap().unwrap().id;
            let link = queries::connectors::of_account(&world.app.pool, account).await.unwrap().unwrap();
            let grant = a_grant_to_write_to(&world, &mut browser).await;
            for evil in EVIL {
                write_to_a_coach(&world, evil).await;
                sqlx::query("update connections set athlete_name = $1, athlete_id = $1, zone = $1 where account_id = $2")
                    .bind(evil)
                    .bind(account.0)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
                sqlx::query("update grants set athlete_name = $1, athlete_id = $1, athlete_zone = $1 where account_id = $2")
                    .bind(evil)
                    .bind(account.0)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
                sqlx::query("update sessions set user_agent = $1")
                    .bind(evil)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
                sqlx::query("update passkeys set name = $1")
                    .bind(evil)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
                queries::connectors::touch(&world.app.pool, link.id, None, evil, world.clock.now()).await.unwrap();
                let entry = Entry {
                    id: LogId(world.app.random.uuid(&world.clock)),
                    at: world.clock.now(),
                    account_id: account,
                    athlete_id: evil.to_owned(),
                    caller: Some(evil.to_owned()),
                    coach_id: None,
                    client: evil.to_owned(),
                    tool: evil.to_owned(),
                    access: Access::Write,
                    outcome: Outcome::Ok,
                    duration_ms: 1,
                    upstream_requests: 1,
                    calls: 1,
                };
                queries::activity_log::write(&world.app.pool, &entry).await.unwrap();
                sqlx::query("update activity_log set outcome = $1 where id = $2")
                    .bind(evil)
                    .bind(entry.id.0)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
                let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
                let mut pages = Vec::new();
                for path in [
                    "/dashboard",
                    "/connector",
                    "/activity",
                    "/connect",
                    "/disconnect",
                    "/link/regenerate",
                    "/account",
                    "/account/password",
                    "/account/address",
                    "/account/delete",
                ] {
                    pages.push((path, browser.get(path).await));
                }
                for path in ["/account/factors", &passkey, "/account/ways"] {
                    pages.push(("factors", browser.get(path).await));
                }
                pages.push(("passkey", browser.post(&format!("{passkey}/off"), &[("password", evil)]).await));
                pages.push(("factor", browser.get(&format!("/account/factor?next={encoded}&said={encoded}")).await));
                pages.extend(pages_about_coaches(&mut browser, grant, evil).await);
                // While the account shows another athlete.
                let other = "update connections set athlete_id = 'i5' where account_id = $1";
                sqlx::query(other).bind(account.0).execute(&world.app.pool).await.unwrap();
                for path in ["/coaches", "/connect", "/dashboard", "/account/delete"] {
                    pages.push((path, browser.get(path).await));
                }
                pages.push(("account done", browser.get(&format!("/account?done={encoded}")).await));
                pages.push(("session", browser.post("/account/sessions/end", &[("session", evil)]).await));
                pages.push((
                    "password",
                    browser.post("/account/password", &[("current", evil), ("password", &format!("{evil} and more"))]).await,
                ));
                pages.push(("address", browser.post("/account/address", &[("email", evil), ("password", evil)]).await));
                pages.push(("delete", browser.post("/account/delete", &[("password", evil), ("word", evil)]).await));
                pages.push(("address link", browser.get(&format!("/address/{encoded}")).await));
                for path in ["/dashboard", "/activity", "/connect", "/disconnect", "/link/regenerate", "/steps", "/status"] {
                    pages.push((path, browser.get(path).await));
                }
                for field in ["tool", "access", "outcome", "client", "who", "from", "to", "before"] {
                    pages.push(("filter", browser.get(&format!("/activity?{field}={encoded}")).await));
                }
                pages.push(("groups", browser.post("/link/tools", &[("shown", evil), (evil, "on")]).await));
                pages.push(("done", browser.get(&format!("/dashboard?done={encoded}")).await));
                pages.push(("before", browser.get(&format!("/activity?before={encoded}")).await));
                pages.push(("zone", browser.post("/dashboard/zone", &[("zone", evil)]).await));
                pages.push(("key", browser.post("/connect/key", &[("key", evil)]).await));
                pages.push(("callback", browser.get(&format!("/connect/callback?error={encoded}&state={encoded}")).await));
                let mut stranger = world.browser();
                pages.push(("next", stranger.get(&format!("/sign-in?next={encoded}")).await));
                pages.push(("sign-in", stranger.post("/sign-in", &[("email", evil), ("password", evil), ("next", evil)]).await));
                pages.push(("sign-up", stranger.post("/sign-up", &[("email", evil), ("password", evil)]).await));
                pages.push(("forgot", stranger.post("/forgot", &[("email", evil)]).await));
                pages.push(("resend", stranger.post("/for-coaches/resend", &[("email", evil)]).await));
                pages.push(("roster", stranger.get(&format!("/for-coaches/roster/{encoded}")).await));
                pages.push(("missing", stranger.get(&format!("/{encoded}")).await));
                pages.push(("confirm", stranger.get(&format!("/confirm/{encoded}")).await));
                for (place, page) in pages {
                    if page.status != 303 {
                        sound(&page, &format!("{place} with {evil}"));
                    }
                    if evil.contains('<') {
                        assert!(!page.body.contains(evil), "{place}: {evil} is unescaped");
                    }
                    // The names of assets are hashes, and may hold any number.
                    let shown = scraper::Html::parse_document(&page.body);
                    let body = scraper::Selector::parse("main").unwrap();
                    let body: String = shown.select(&body).map(|main| main.html()).collect();
                    assert!(!body.contains("1234321"), "{place}: no template in the text is run");
                }
            }
        },
    )
    .await;
}

/// The only two words that the table takes.
#[expect(clippy::too_many_lines, reason = "each form, one after the other")]
#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_pages_may_post() {
    test_with(
        |config| config.sign_ins_per_minute = 1_000,
        async |world| {
            let own = world.web.clone();
            let cases: [(&[(&'static str, &str)], u16); 9] = [
                (&[("sec-fetch-site", "same-origin")], 303),
                (&[("sec-fetch-site", "none")], 303),
                (&[("sec-fetch-site", "same-site")], 403),
                (&[("sec-fetch-site", "cross-site")], 403),
                (&[("sec-fetch-site", "cross-site"), ("origin", "null")], 403),
                (&[("origin", "https://evil.example")], 403),
                (&[("origin", "null")], 403),
                (&[("origin", &own)], 303),
                (&[], 303),
            ];
            let router = service_with(&world, |_| ());
            let host = world.app.config.public_url.authority();
            for (headers, expected) in cases {
                let answer = post_to(&router, &host, "/sign-in", "email=x&password=y", headers).await;
                assert_eq!(answer.status().as_u16(), expected, "{headers:?}");
                if expected == 403 {
                    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
                }
            }
            let mut signed = world.signed_in(&world.ana().clone()).await;
            signed.extra = vec![("sec-fetch-site", "cross-site".to_owned())];
            for path in [
                "/sign-out",
                "/connect",
                "/connect/key",
                "/disconnect",
                "/link/regenerate",
                "/link/off",
                "/apps/end",
                "/apps/end-all",
                "/apps/00000000-0000-7000-8000-000000000001",
                "/dashboard/zone",
                "/confirm",
                "/reset",
                "/coaches/invite",
                "/coaches/00000000-0000-7000-8000-000000000001",
                "/coaches/00000000-0000-7000-8000-000000000001/revoke",
                "/coaches/00000000-0000-7000-8000-000000000001/resend",
                "/account/sessions/end",
                "/account/sessions/end-others",
                "/account/sessions/end-all",
                "/account/password",
                "/account/address",
                "/account/export",
                "/account/delete",
                "/account/prove",
                "/account/ways/intervals",
                "/account/ways/intervals/off",
                "/account/ways/provider",
                "/account/ways/provider/off",
                "/account/ways/password",
                "/account/ways/password/off",
                "/account/factor",
                "/account/factors/codes",
                "/account/factors/codes/confirm",
                "/account/factors/codes/off",
                "/account/factors/recovery-codes",
                "/account/recovery/stop",
                "/account/passkeys",
                "/account/passkeys/prove",
                "/account/passkeys/00000000-0000-7000-8000-000000000001",
                "/account/passkeys/00000000-0000-7000-8000-000000000001/off",
                "/account/factor/passkey",
                "/sign-in/passkey",
                "/sign-in/factor",
                "/sign-in/factor/passkey",
                "/sign-in/factor/over",
                "/sign-in/factor/lost",
                "/sign-in/provider",
                "/sign-in/provider/join",
                "/sign-in/provider/join/code",
                "/recover",
                "/address",
                "/for-coaches/resend",
                "/for-coaches/resend/confirm",
                "/for-coaches/regenerate",
                "/for-coaches/regenerate/confirm",
                "/for-coaches/roster",
                "/for-coaches/roster/confirm",
                "/for-coaches/my-roster/leave",
                "/for-coaches/my-roster/refuse",
                "/for-coaches/my-roster/welcome",
                "/for-coaches/my-roster/refuse-all",
                "/for-coaches/my-roster/welcome-all",
                "/for-coaches/my-roster/erase",
                "/for-coaches/my-roster/apps/end",
                "/for-coaches/my-roster/apps/end-all",
                "/for-coaches/my-roster/apps/00000000-0000-7000-8000-000000000001",
                "/for-coaches/my-roster/link/off",
                "/for-coaches/my-roster/link/on",
                "/for-coaches/my-roster/done",
            ] {
                assert_eq!(signed.post(path, &[]).await.status, 403, "{path}");
                // Actions take only POST, and odd methods reach nothing.
                for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
                    let status = signed.send(method, path, None).await.status;
                    assert!(matches!(status, 403 | 405), "{path}: {status}");
                }
            }
            signed.extra.clear();
            assert_eq!(signed.get("/dashboard").await.status, 200, "still signed in");
            assert!(signed.get("/dashboard").await.text().contains("Ana Berger"));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_forms_are_refused_and_change_nothing() {
    test_with(
        |config| config.sign_ins_per_minute = 1_000,
        async |world| {
            let mut browser = world.browser();
            let many = (0..1_000)
                .map(|n| format!("f{n}=1&"))
                .collect::<Vec<_>>()
                .concat();
            let cases: Vec<(String, u16)> = vec![
                (String::new(), 400),
                ("email=a@example.test".to_owned(), 400),
                (
                    "email=a@example.test&email=b@example.test&password=x".to_owned(),
                    400,
                ),
                ("email=a@example.test&password=%00".to_owned(), 400),
                ("email=a@example.test&password=%ff%fe".to_owned(), 400),
                (format!("{many}email=a&password=b"), 400),
                // Too large for a form, and small enough for a socket's buffer: a client that still writes when the answer
                // comes may see the end of the connection first.
                (format!("email=a&password={}", "x".repeat(100_000)), 413),
                (
                    "email=a@example.test&password=wrong&role=admin&athlete_id=i2".to_owned(),
                    303,
                ),
            ];
            for (body, expected) in cases {
                let head: String = body.chars().take(60).collect();
                // Each over a separate connection: one that was cut off is of no use to the next.
                let page = world.browser().send(Method::POST, "/sign-in", Some(body)).await;
                assert_eq!(page.status, expected, "{head}");
                if expected != 303 {
                    sound(&page, &head);
                }
            }
            browser.extra = vec![("content-type", "application/json".to_owned())];
            let page = browser
                .send(Method::POST, "/sign-in", Some(r#"{"email":"a"}"#.to_owned()))
                .await;
            assert_eq!(page.status, 415);
            browser.extra = vec![("content-type", "multipart/form-data; boundary=x".to_owned())];
            assert_eq!(
                browser
                    .send(Method::POST, "/sign-in", Some("--x--".to_owned()))
                    .await
                    .status,
                415
            );
            browser.extra = vec![("content-type", "text/plain".to_owned())];
            assert_eq!(
                browser
                    .send(Method::POST, "/sign-in", Some("email=a&password=b".to_owned()))
                    .await
                    .status,
                415
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_two_hosts_are_served() {
    test(async |world| {
        let router = service_with(&world, |_| ());
        let public = world.app.config.public_url.authority();
        let link = world.app.config.link_url.authority();
        let get = async |path: &str, hosts: &[&str]| {
            let mut request = Request::get(path);
            for host in hosts {
                request = request.header("host", *host);
            }
            router
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap()
                .status()
                .as_u16()
        };
        assert_eq!(get("/", &[&public]).await, 200);
        assert_eq!(get("/", &["evil.example"]).await, 421);
        assert_eq!(get("/", &[]).await, 400);
        assert_eq!(get("/", &[&public, &public]).await, 400);
        assert_eq!(get("/", &[&public, "evil.example"]).await, 400);
        assert_eq!(get(&format!("http://{public}/"), &[&public]).await, 200);
        assert_eq!(get("http://evil.example/", &[&public]).await, 400);
        for path in [
            "/",
            "/sign-in",
            "/dashboard",
            "/.well-known/oauth-authorization-server",
            "/assets/x/y",
            "/robots.txt",
        ] {
            assert_eq!(get(path, &[&link]).await, 404, "{path} on the link host");
        }
        let token_path = world.ana().link.strip_prefix(&world.links).unwrap();
        assert_eq!(
            get(token_path, &[&public]).await,
            404,
            "a link is worth nothing on the pages' host"
        );
        for host in ["evil.example", "10.0.0.1:8080", &public, &link] {
            assert_eq!(get("/healthz", &[host]).await, 200);
            assert_eq!(get("/readyz", &[host]).await, 200);
        }
    })
    .await;
}

// Hard case 88.
#[tokio::test(flavor = "multi_thread")]
async fn assets_are_exactly_these_in_exactly_this_version() {
    test(async |world| {
        let mut browser = world.browser();
        let home = browser.get("/").await;
        for (selector, name, kind) in [
            ("link[rel=stylesheet]", "href", "text/css; charset=utf-8"),
            ("script", "src", "text/javascript; charset=utf-8"),
            ("link[rel=icon]", "href", "image/svg+xml"),
        ] {
            let path = home.attribute(selector, name).unwrap();
            let asset = browser.get(&path).await;
            assert_eq!(
                (asset.status, asset.header("content-type")),
                (200, kind),
                "{path}"
            );
            assert_eq!(
                asset.header("cache-control"),
                "public, max-age=31536000, immutable"
            );
            assert_eq!(asset.header("x-content-type-options"), "nosniff");
            let hash = path.split('/').nth(2).unwrap();
            assert_eq!(
                browser.get(&path.replace(hash, "0000000000000000")).await.status,
                404
            );
        }
        for path in [
            "/assets/",
            "/assets/x/../../Cargo.toml",
            "/assets/x/..%2f..%2fCargo.toml",
            "/assets/..%2f/icusync.css",
            "/assets/%00/icusync.css",
            "/assets/%ff/icusync.css",
        ] {
            let status = browser.get(path).await.status;
            assert!(matches!(status, 400 | 404), "{path}: {status}");
        }
        assert_eq!(browser.get("/robots.txt").await.status, 200);
        assert_eq!(
            browser.get("/favicon.ico").await.header("content-type"),
            "image/svg+xml"
        );
    })
    .await;
}

/// The pages' layers around handlers that misbehave.
fn broken(app: &App) -> Router {
    let router = Router::new()
        .route(
            "/panics",
            get(async || -> StatusCode { panic!("the text of a panic stays here") }),
        )
        .route(
            "/hangs",
            get(async || -> StatusCode { std::future::pending().await }),
        );
    let router = layers::around_pages(router, pages::problem::dress).with_state(app.clone());
    layers::around_everything(app)(router)
}

// Hard case 87.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_page_with_an_id_and_no_text() {
    test(async |world| {
        let answer = broken(&world.app)
            .oneshot(Request::get("/panics").body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), 500);
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = text_of(answer).await;
        assert!(text.contains(&id) && text.contains("Something broke on our side"));
        assert!(!text.contains("stays here"));
    })
    .await;
}

// The clock of this test stops and jumps to the next timer, so that ten seconds take no time.
#[tokio::test(start_paused = true)]
async fn a_page_that_hangs_is_given_up() {
    icusync::install_crypto();
    let app = without_database(Config::defaults(), Clock::system(), 1);
    let began = tokio::time::Instant::now();
    let answer = broken(&app)
        .oneshot(Request::get("/hangs").body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    assert!(
        (10..=11).contains(&began.elapsed().as_secs()),
        "{:?}",
        began.elapsed()
    );
    assert!(text_of(answer).await.contains("We are not ready right now"));
}

/// Hard case 26, for a form. Time stops.
#[tokio::test(start_paused = true)]
async fn a_form_that_is_dripped_is_answered_408_with_our_own_page() {
    icusync::install_crypto();
    let router = routes::service(without_database(Config::defaults(), Clock::system(), 1));
    for path in [
        "/sign-in",
        "/sign-up",
        "/forgot",
        "/reset",
        "/account/password",
        "/for-coaches/resend",
    ] {
        let began = tokio::time::Instant::now();
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        let request = Request::post(path)
            .header("host", "localhost:8080")
            .header("origin", "http://localhost:8080")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from_stream(drops))
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 408, "{path}");
        assert!(
            (10..=11).contains(&began.elapsed().as_secs()),
            "{path}: {:?}",
            began.elapsed()
        );
        let text = text_of(answer).await;
        assert!(text.contains("That took too long to arrive"), "{text}");
    }
}

#[tokio::test]
async fn a_form_that_breaks_off_is_garbled_and_not_too_large() {
    icusync::install_crypto();
    let router = routes::service(without_database(Config::defaults(), Clock::system(), 1));
    let broken = futures::stream::iter([Ok("email=a"), Err(std::io::Error::other("the peer is gone"))]);
    let long = futures::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1_000)));
    for (body, status) in [(Body::from_stream(broken), 400), (Body::from_stream(long), 413)] {
        let request = Request::post("/sign-in")
            .header("host", "localhost:8080")
            .header("origin", "http://localhost:8080")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

/// An app whose database would be on this port of this machine.
fn without_database(config: Config, clock: Clock, port: u16) -> App {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy(&format!("postgres://nobody@127.0.0.1:{port}/none"))
        .unwrap();
    let random = Random::from_os();
    let keys = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
    let mail = Transport::Captured(Captured::default());
    start::app(
        config,
        Ingredients {
            pool,
            keys,
            mail,
            clock,
            random,
        },
    )
    .unwrap()
}

// Time stops here too: this measures how long our code would wait, not how busy this machine is.
#[tokio::test(start_paused = true)]
async fn without_the_database_pages_say_so_soon_and_the_home_page_works() {
    icusync::install_crypto();
    // A port where nobody listens, and one where nobody answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [1, silent.local_addr().unwrap().port()] {
        let app = without_database(Config::defaults(), Clock::system(), port);
        let session = Token::mint(TokenKind::Session, &app.random);
        let router = routes::service(app);
        let get = async |path: &str| {
            let began = tokio::time::Instant::now();
            let request = Request::get(path)
                .header("host", "localhost:8080")
                .header("cookie", format!("s={}", session.expose()));
            let answer = router
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            assert!(
                began.elapsed() < Duration::from_secs(3),
                "{path} took {:?}",
                began.elapsed()
            );
            (answer.status().as_u16(), text_of(answer).await)
        };
        let (status, text) = get("/dashboard").await;
        assert_eq!(status, 503);
        assert!(text.contains("We are not ready right now"));
        assert_eq!(get("/").await.0, 200);
        for path in [
            "/steps",
            "/personal-coach",
            "/for-coaches",
            "/for-coaches/sent",
            "/support",
            "/privacy",
            "/check",
            "/robots.txt",
            "/sitemap.xml",
        ] {
            assert_eq!(get(path).await.0, 200, "{path}");
        }
        let (status, text) = get("/status").await;
        assert_eq!(status, 200);
        assert!(
            text.contains("Not working") && text.contains("signing in and calls do not work"),
            "{text}"
        );
        assert_eq!(get("/healthz").await.0, 200);
        assert_eq!(get("/readyz").await.0, 503);
    }
}

/// What a person with a shell would send: the words of a curl command, without quotes.
fn words_of(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words
}

/// Sends what the curl command would send, and returns what it would print.
async fn curl(command: &str) -> String {
    let mut words = words_of(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut headers, mut body, mut after, mut mute, mut urls) = (Vec::new(), None, None, 0, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => {}
            "-w" => after = words.next(),
            "-H" => headers.push(words.next().unwrap()),
            "-d" => body = words.next(),
            "-o" => {
                assert_eq!(words.next().as_deref(), Some("/dev/null"));
                mute += 1;
            }
            _ => urls.push(word),
        }
    }
    assert!(mute == 0 || mute == urls.len(), "curl takes one -o for each URL");
    let (after, method) = (
        after.unwrap().replace("\\n", "\n"),
        if body.is_some() { Method::POST } else { Method::GET },
    );
    let mut printed = String::new();
    for url in urls {
        let mut request = crate::world::Mcp::client()
            .request(method.clone(), url.parse::<url::Url>().unwrap())
            .header("accept", "*/*");
        for header in &headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let answer = request
            .body(body.clone().unwrap_or_default())
            .send()
            .await
            .unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let after = after
            .replace("%{http_code}", answer.status().as_str())
            .replace("%{content_type}", &header("content-type"))
            .replace("%header{www-authenticate}", &header("www-authenticate"));
        if mute == 0 {
            printed += &answer.text().await.unwrap();
        }
        printed += &after;
    }
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_lock_page_answers_as_it_says() {
    test(async |world| {
        let page = world.browser().get("/check").await;
        let html = scraper::Html::parse_document(&page.body);
        let text = |selector: &str| {
            let selector = scraper::Selector::parse(selector).unwrap();
            html.select(&selector)
                .map(|element| {
                    (
                        element.attr("id").unwrap().to_owned(),
                        element.text().collect::<String>(),
                    )
                })
                .collect::<Vec<_>>()
        };
        let (commands, answers) = (text("pre[id^=command-]"), text("pre[id^=answer-]"));
        assert_eq!((commands.len(), answers.len()), (13, 13));
        let mut own = world.jack().link.clone();
        let placeholder = format!("{}/mcp/YOUR-TOKEN", world.links);
        let mut jack = world.signed_in(&world.jack().clone()).await;
        for ((id, command), (_, answer)) in commands.into_iter().zip(answers) {
            let command = command.replace(&placeholder, &own);
            if id == "command-replaced" {
                assert!(curl(&command).await.ends_with("\n200\n"), "not yet replaced");
                assert_eq!(jack.post("/link/regenerate", &[]).await.status, 303);
                // What comes after it is tried with the new URL.
                own = crate::links::url_on(&jack.get("/connector").await);
                world.secret(own.rsplit('/').next().unwrap());
            }
            assert_eq!(curl(&command).await, format!("{answer}\n"), "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_of_ours_leads_to_a_page() {
    test_with(
        |config| config.support_email = Some(HELP.to_owned()),
        async |world| {
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let mut stranger = world.browser();
            let mut links = std::collections::BTreeSet::new();
            for path in FOR_ALL {
                let page = stranger.get(path).await;
                sound(&page, path);
                links.extend(links_on(&page));
            }
            for path in FOR_ATHLETES {
                links.extend(links_on(&browser.get(path).await));
            }
            for public in [
                "/steps",
                "/personal-coach",
                "/for-coaches",
                "/support",
                "/privacy",
                "/check",
                "/status",
            ] {
                assert!(links.contains(public), "{public} is linked from nowhere");
            }
            assert!(links.contains(&format!("mailto:{HELP}")));
            for link in links.iter().filter(|link| link.starts_with('/')) {
                let page = browser.get(link).await;
                let fine = matches!(page.status, 200 | 303 | 422);
                assert!(fine, "{link}: {}", page.status);
            }
        },
    )
    .await;
}

/// Where the pages for everyone send somebody whose client could not sign in, down to the paragraph.
#[tokio::test(flavor = "multi_thread")]
async fn support_walks_through_a_failed_authorization() {
    test(async |world| {
        let mut browser = world.browser();
        let support = browser.get("/support").await;
        assert!(support.body.contains(&format!("<code>{}/mcp</code>", world.web)));
        let html = scraper::Html::parse_document(&support.body);
        let section = scraper::Selector::parse("section:has(#authorization-failed) a[href]").unwrap();
        let links: std::collections::BTreeSet<&str> = html
            .select(&section)
            .map(|link| link.attr("href").unwrap())
            .collect();
        for link in [
            "/apps",
            "/steps#by-link",
            "/status",
            "/status#edge",
            "/privacy",
            "/for-coaches#roster",
        ] {
            assert!(links.contains(link), "{link}: {links:?}");
        }
        let mut seen = 0;
        for path in ["/", "/steps", "/for-coaches", "/support", "/check", "/status"] {
            let page = browser.get(path).await;
            let html = scraper::Html::parse_document(&page.body);
            let within = scraper::Selector::parse("a[href*='#']").unwrap();
            for link in html.select(&within).map(|link| link.attr("href").unwrap()) {
                let (target, id) = link.split_once('#').unwrap();
                let target = if target.is_empty() { path } else { target };
                let page = browser.get(target).await;
                seen += 1;
                assert!(
                    page.body.contains(&format!("id=\"{id}\"")),
                    "{path}: {link} leads to no paragraph"
                );
            }
        }
        assert!(seen > 10, "hardly any such link: {seen}");
    })
    .await;
}

/// The URL to sign in with comes first, for everyone; the key comes after it, for clients that cannot.
#[tokio::test(flavor = "multi_thread")]
async fn the_steps_begin_with_the_url_that_is_no_secret() {
    test(async |world| {
        let jack = world.jack().clone();
        let mut browser = world.signed_in(&jack).await;
        let url = format!("{}/mcp", world.web);
        for path in ["/steps", "/for-coaches"] {
            let page = browser.get(path).await;
            let html = scraper::Html::parse_document(&page.body);
            let text = |selector: &str| {
                let selector = scraper::Selector::parse(selector).unwrap();
                html.select(&selector)
                    .map(|element| element.text().collect::<String>())
                    .collect::<Vec<_>>()
            };
            assert_eq!(text("#sign-in-url"), [url.as_str()], "{path}");
            let configurations = text("pre[id^=copy-]");
            assert_eq!(configurations.len(), 5, "{path}");
            assert!(configurations.iter().all(|text| text.contains(&url)), "{path}");
            let by_link = text("#by-link pre[id^=link-]");
            assert_eq!(by_link.len(), 3, "{path}");
            let key = if path == "/steps" {
                &*jack.link
            } else {
                "/mcp/YOUR-TOKEN"
            };
            assert!(
                by_link.iter().all(|text| text.contains(key)),
                "{path}: {by_link:?}"
            );
        }
    })
    .await;
}

fn links_on(page: &Page) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let links = scraper::Selector::parse("a[href]").unwrap();
    html.select(&links)
        .map(|link| link.attr("href").unwrap().split('#').next().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_everyone_say_what_they_are_and_crawlers_find_them() {
    test(async |world| {
        let mut browser = world.browser();
        let robots = browser.get("/robots.txt").await.body;
        let sitemap = browser.get("/sitemap.xml").await;
        assert_eq!(sitemap.header("content-type"), "application/xml");
        let mut titles = std::collections::BTreeSet::new();
        for path in [
            "/",
            "/steps",
            "/personal-coach",
            "/for-coaches",
            "/support",
            "/privacy",
            "/check",
            "/status",
        ] {
            let page = browser.get(path).await;
            let described = page
                .attribute("meta[name=description]", "content")
                .unwrap_or_default();
            assert!(described.len() >= 50, "{path}: {described}");
            let title = page
                .body
                .split("<title>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap();
            assert!(
                title.contains("IcuSync") && titles.insert(title.to_owned()),
                "{path}: {title}"
            );
            assert!(
                robots.contains(&format!("Allow: {path}$\n")),
                "{path} in {robots}"
            );
            assert!(
                sitemap.body.contains(&format!("<loc>{}{path}</loc>", world.web)),
                "{path}"
            );
            assert!(
                !page.body.contains("icul_") || path == "/check",
                "{path} shows something like a token"
            );
        }
        assert!(
            robots.contains("Disallow: /\n")
                && robots.contains(&format!("Sitemap: {}/sitemap.xml", world.web))
        );
        assert_eq!(sitemap.body.matches("<loc>").count(), 8);
        assert!(
            browser
                .get("/support")
                .await
                .text()
                .contains("gives no support address")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_tells_what_real_calls_met_and_asks_nobody() {
    test(async |world| {
        let mut browser = world.browser();
        let before = world.sim.requests().len();
        let text = browser.get("/status").await.text();
        assert!(text.contains("Everything we can check works."), "{text}");
        assert!(
            text.contains(env!("CARGO_PKG_VERSION")) && text.contains("No question needed it"),
            "{text}"
        );
        assert_eq!(
            world.sim.requests().len(),
            before,
            "showing the page asks intervals.icu nothing"
        );
        assert!(
            !world
                .mcp(&world.ana().link)
                .call("get_fitness", serde_json::json!({}))
                .await
                .is_error()
        );
        // Another service with the same clients would check immediately; this one's check is good for some seconds.
        assert!(
            browser
                .get("/status")
                .await
                .text()
                .contains("No question needed it")
        );
    })
    .await;
}
