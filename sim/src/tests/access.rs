//! Who gets in: credentials, scopes, the OAuth flow, limits, User-Agents.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;

impl Bench {
    /// The consent page.
    async fn consent(&self, query: &str) -> Response {
        let request = self.request(Method::GET, &format!("/oauth/authorize?{query}"));
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn credentials_are_distinguished() {
    let bench = Bench::new().await;
    let path = "/api/v1/athlete/0/wellness";
    let ask = async |request: RequestBuilder| reply(request.send().await.unwrap()).await;
    let get = || bench.request(Method::GET, path);
    let unauthorized = (401, json!({"status": 401, "error": "Unauthorized"}));
    let denied = (403, json!({"status": 403, "error": "Access denied"}));
    assert_eq!(ask(get()).await, unauthorized);
    assert_eq!(ask(get().bearer_auth("0".repeat(32))).await, unauthorized);
    assert_eq!(
        ask(get().basic_auth("API_KEY", Some("nonsense"))).await,
        unauthorized
    );
    assert_eq!(
        ask(get().basic_auth("ana", Some(PEOPLE[0].api_key))).await,
        unauthorized
    );
    assert_eq!(ask(get().bearer_auth(PEOPLE[0].api_key)).await, denied);
    assert_eq!(
        ask(get().basic_auth("API_KEY", Some(PEOPLE[0].api_key))).await.0,
        200
    );
    assert_eq!(ask(get().bearer_auth(PEOPLE[0].token)).await.0, 200);
}

#[tokio::test]
async fn zero_is_the_caller_and_others_are_refused() {
    let bench = Bench::new().await;
    assert_eq!(bench.get("/athlete/0").await["id"], ANA);
    assert_eq!(bench.get("/athlete/i900001").await["id"], ANA);
    for foreign in ["i900002", "i1", "900001", "%20"] {
        assert_eq!(
            bench
                .ask(Method::GET, &format!("/athlete/{foreign}/wellness"))
                .await
                .0,
            403,
            "{foreign}"
        );
    }
    let key = bench
        .request(Method::GET, "/api/v1/athlete/0")
        .basic_auth("API_KEY", Some(PEOPLE[1].api_key));
    assert_eq!(json(key.send().await.unwrap()).await["id"], "i900002");
}

#[tokio::test]
async fn the_flow_gives_a_token_with_the_ticked_scopes() {
    let bench = Bench::new().await;
    let answer = bench.connect("jack", &["ACTIVITY:WRITE", "CALENDAR:WRITE"]).await;
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 32);
    assert_eq!(
        answer,
        json!({
            "token_type": "Bearer", "access_token": token, "scope": "ACTIVITY:WRITE,CALENDAR:WRITE",
            "athlete": {"id": "i900002", "name": "Jack Nguyen"},
        })
    );
    let get = async |path: &str| {
        let request = bench
            .request(Method::GET, &format!("/api/v1{path}"))
            .bearer_auth(&token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("/athlete/i900002/events").await, 200);
    for unticked in [
        "/athlete/0",
        "/athlete/0/sport-settings",
        "/athlete/0/wellness",
        "/athlete/0/custom-item",
    ] {
        assert_eq!(get(unticked).await, 403, "{unticked}");
    }
    bench.connect("jack", &["WELLNESS:WRITE"]).await;
    assert_eq!(
        (get("/athlete/0/wellness").await, get("/athlete/0/events").await),
        (200, 403),
        "newest scopes"
    );
}

#[tokio::test]
async fn a_scope_to_read_does_not_write() {
    let bench = Bench::new().await;
    let query = "client_id=77&redirect_uri=http://localhost/x&scope=WELLNESS:READ";
    let page = bench.consent(query).await;
    assert_eq!(page.status(), StatusCode::OK);
    let form = [
        ("client_id", "77"),
        ("redirect_uri", "http://localhost/x"),
        ("requested", "WELLNESS:READ"),
        ("scope", "WELLNESS:READ"),
        ("person", "ana"),
        ("decision", "allow"),
    ];
    let answer = bench.post("/oauth/authorize", &form).await;
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let code = location.strip_prefix("http://localhost/x?code=").unwrap();
    let form = [
        ("client_id", "77"),
        ("client_secret", "app-secret"),
        ("code", code),
    ];
    let token = json(bench.post("/api/oauth/token", &form).await).await;
    assert_eq!(token["scope"], "WELLNESS:READ");
    let put = bench
        .request(Method::PUT, "/api/v1/athlete/0/wellness/2026-11-21")
        .body("{\"weight\":60}");
    let put = put.bearer_auth(token["access_token"].as_str().unwrap());
    assert_eq!(put.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_consent_can_give_only_reading_of_an_area() {
    let bench = Bench::new().await;
    let ticked = [
        "ACTIVITY:WRITE",
        "CALENDAR:READ",
        "SETTINGS:READ",
        "SETTINGS:WRITE",
    ];
    let answer = bench.connect("ana", &ticked).await;
    assert_eq!(
        answer["scope"], "ACTIVITY:WRITE,CALENDAR:READ,SETTINGS:WRITE",
        "what was not ticked is missing, and of both the larger one counts"
    );
    let note = json!({"category": "NOTE", "name": "x", "start_date_local": "2026-12-20T00:00:00"});
    let token = answer["access_token"].as_str().unwrap();
    let status = async |method, path: &str| {
        let request = bench
            .request(method, &format!("/api/v1{path}"))
            .bearer_auth(token);
        let answer = request.body(note.to_string()).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(status(Method::GET, "/athlete/0/events").await, 200);
    for (method, path) in [
        (Method::POST, "/athlete/0/events"),
        (Method::POST, "/athlete/0/events/bulk"),
        (Method::PUT, "/athlete/0/events/1"),
        (Method::PUT, "/athlete/0/events/bulk-delete"),
        (Method::DELETE, "/athlete/0/events/1"),
    ] {
        assert_eq!(status(method, path).await, 403, "{path}");
    }
    let scopes = json!({"person": "ana", "scopes": "CALENDAR:WRITE"});
    assert_eq!(bench.control("/scopes", scopes).await, 200);
    assert_eq!(status(Method::POST, "/athlete/0/events").await, 200);
    assert!(!bench.sim.allow("ana", "CALENDAR:ALL") && !bench.sim.allow("bob", "CALENDAR:READ"));
    assert_eq!(
        bench
            .control("/scopes", json!({"person": "ana", "scopes": ""}))
            .await,
        422
    );
}

#[tokio::test]
async fn the_consent_page_shows_people_and_boxes() {
    let bench = Bench::new().await;
    let query = "client_id=77&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fconnect%2Fcallback&state=%22%3E%3Cb&person=jack\
        &scope=ACTIVITY:WRITE%2CSETTINGS:WRITE";
    let answer = bench.consent(query).await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let page = scraper::Html::parse_document(&answer.text().await.unwrap());
    let values = |selector: &str| {
        let selector = scraper::Selector::parse(selector).unwrap();
        page.select(&selector)
            .map(|found| found.attr("value").unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        values("input[type=checkbox][name=scope][checked]"),
        ["ACTIVITY:WRITE", "SETTINGS:WRITE"]
    );
    assert_eq!(
        values("input[type=checkbox][name=scope]:not([checked])"),
        ["ACTIVITY:READ", "SETTINGS:READ"]
    );
    let everybody = PEOPLE.iter().map(|person| person.slug).collect::<Vec<_>>();
    assert_eq!(values("input[type=radio][name=person]"), everybody);
    assert_eq!(values("input[type=radio][name=person][checked]"), ["jack"]);
    assert_eq!(values("button[name=decision]"), ["allow", "deny"]);
    assert_eq!(values("input[name=state]"), ["\"><b"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_on_a_page() {
    let bench = Bench::new().await;
    let cases = [
        (
            "client_id=78&redirect_uri=http://localhost/&scope=ACTIVITY:READ",
            "Unknown client_id",
        ),
        (
            "client_id=77&redirect_uri=https://evil.example/&scope=ACTIVITY:READ",
            "Invalid redirect_uri",
        ),
        (
            "client_id=77&redirect_uri=http://localhost:8080/connect/callback/&scope=ACTIVITY:READ",
            "Invalid redirect_uri",
        ),
        ("client_id=77&scope=ACTIVITY:READ", "Invalid redirect_uri"),
        (
            "client_id=77&redirect_uri=http://localhost/&scope=ACTIVITY:READ,ACTIVITY:WRITE",
            "Duplicate scope",
        ),
        (
            "client_id=77&redirect_uri=http://localhost/&scope=ATHLETE:READ",
            "Invalid scope",
        ),
    ];
    for (query, text) in cases {
        let answer = bench.consent(query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.headers().get("location").is_none());
        assert!(answer.text().await.unwrap().contains(text), "{query}");
    }
}

#[tokio::test]
async fn denying_goes_back_with_the_state() {
    let bench = Bench::new().await;
    let form = [
        ("client_id", "77"),
        ("redirect_uri", REDIRECT),
        ("state", "abc"),
        ("requested", "ACTIVITY:WRITE"),
        ("scope", "ACTIVITY:WRITE"),
        ("person", "ana"),
        ("decision", "deny"),
    ];
    let answer = bench.post("/oauth/authorize", &form).await;
    assert_eq!(
        answer.headers()["location"],
        format!("{REDIRECT}?error=access_denied&state=abc")
    );
}

#[tokio::test]
async fn codes_are_short_lived_and_single_use() {
    let bench = Bench::new().await;
    let exchange = async |secret: &str, code: &str| {
        let form = [
            ("client_id", "77"),
            ("client_secret", secret),
            ("code", code),
            ("grant_type", "authorization_code"),
        ];
        reply(bench.post("/api/oauth/token", &form).await).await
    };
    let gone = (404, json!({"status": 404, "error": "Code not found (expired?)"}));
    let code = bench.code("ana", &["ACTIVITY:WRITE"]).await;
    let client = (
        404,
        json!({"status": 404, "error": "Client and/or secret not found"}),
    );
    assert_eq!(exchange("wrong", &code).await, client);
    assert_eq!(exchange("app-secret", &code).await.0, 200);
    assert_eq!(exchange("app-secret", &code).await, gone);
    let late = bench.code("ana", &["ACTIVITY:WRITE"]).await;
    bench.advance(Duration::seconds(121));
    assert_eq!(exchange("app-secret", &late).await, gone);
    let post = async |path: &str| {
        bench
            .request(Method::POST, path)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        (post("/oauth/token").await, post("/api/v1/oauth/token").await),
        (405, 404)
    );
}

#[tokio::test]
async fn disconnecting_ends_every_token() {
    let bench = Bench::new().await;
    let token = bench.connect("ana", &["SETTINGS:WRITE"]).await;
    let token = token["access_token"].as_str().unwrap();
    let ask = async |method, path: &str| {
        bench
            .request(method, path)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ask(Method::DELETE, "/api/v1/disconnect-app").await, 200);
    assert_eq!(ask(Method::DELETE, "/api/v1/disconnect-app").await, 401);
    assert_eq!(ask(Method::GET, "/api/v1/athlete/0").await, 401);
    assert_eq!(
        bench.ask(Method::GET, "/athlete/0").await.0,
        401,
        "the fixed token too"
    );
    let again = bench.connect("ana", &["SETTINGS:WRITE"]).await;
    assert_ne!(again["access_token"], Value::String(token.to_owned()));
    let again = bench
        .request(Method::GET, "/api/v1/athlete/0")
        .bearer_auth(again["access_token"].as_str().unwrap());
    assert_eq!(again.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_counts_and_the_pool_runs_out() {
    let bench = Bench::new().await;
    let remaining = |answer: &Response| {
        answer.headers()["x-ratelimit-remaining"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let answer = bench.as_ana(Method::GET, "/athlete/0").send().await.unwrap();
    assert_eq!(answer.headers()["x-ratelimit-limit"], "2500,8000");
    assert_eq!(remaining(&answer), "2499,7999");
    let error = bench.as_ana(Method::GET, "/nope").send().await.unwrap();
    assert_eq!(
        (error.status().as_u16(), remaining(&error).as_str()),
        (404, "2498,7998")
    );
    bench.sim.set_remaining(1, 50);
    assert_eq!(
        remaining(&bench.as_ana(Method::GET, "/athlete/0").send().await.unwrap()),
        "0,49"
    );
    let over = bench.as_ana(Method::GET, "/athlete/0").send().await.unwrap();
    assert_eq!(
        (
            over.status().as_u16(),
            over.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "900")
    );
    assert_eq!(
        reply(over).await.1,
        json!({"status": 429, "error": "Too many requests"})
    );
    let key = bench
        .request(Method::GET, "/api/v1/athlete/0")
        .basic_auth("API_KEY", Some(PEOPLE[0].api_key));
    assert_eq!(
        key.send().await.unwrap().headers()["x-ratelimit-remaining"],
        "2499,4999"
    );
    bench.advance(Duration::minutes(15));
    assert_eq!(bench.ask(Method::GET, "/athlete/0").await.0, 200);
}

#[tokio::test]
async fn the_edge_refuses_haste_and_bare_libraries() {
    let bench = Bench::new().await;
    bench.sim.limit_by_address(true);
    let mut codes = Vec::new();
    for _ in 0..12 {
        codes.push(bench.as_ana(Method::GET, "/athlete/0").send().await.unwrap());
    }
    let last = codes.pop().unwrap();
    assert_eq!(
        (
            last.status().as_u16(),
            last.headers().contains_key("x-ratelimit-limit")
        ),
        (429, false)
    );
    assert_eq!(codes[9].status(), StatusCode::OK);
    bench.sim.limit_by_address(false);
    for agent in [
        None,
        Some("Python-urllib/3.12"),
        Some("reqwest/0.13"),
        Some("Go-http-client/1.1"),
    ] {
        let request = client(agent).get(format!("{}/api/v1/athlete/0", bench.sim.base_url));
        let answer = reply(request.bearer_auth(PEOPLE[0].token).send().await.unwrap()).await;
        assert_eq!(answer, (403, json!("error code: 1010")), "{agent:?}");
    }
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let clock = Arc::new(Mutex::new(DateTime::UNIX_EPOCH));
    let open: SocketAddr = (Ipv4Addr::UNSPECIFIED, 0).into();
    assert!(
        start(Options {
            listen: open,
            ..options(&clock)
        })
        .await
        .is_err()
    );
    assert!(
        start(Options {
            control_listen: open,
            ..options(&clock)
        })
        .await
        .is_err()
    );
}

#[tokio::test]
async fn the_consent_page_offers_the_free_person_until_the_browser_was_somebody_else() {
    let bench = Bench::new().await;
    let query =
        "client_id=77&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fconnect%2Fcallback&scope=ACTIVITY:READ";
    let offered = async |cookie: &str, query: &str| {
        let request = bench.request(Method::GET, &format!("/oauth/authorize?{query}"));
        let answer = request.header("cookie", cookie).send().await.unwrap();
        let page = scraper::Html::parse_document(&answer.text().await.unwrap());
        let checked = scraper::Selector::parse("input[type=radio][name=person][checked]").unwrap();
        let offered: Vec<_> = page
            .select(&checked)
            .map(|input| input.attr("value").unwrap())
            .collect();
        offered.join(" ")
    };
    assert_eq!(offered("", query).await, "mara");
    assert!(
        PEOPLE
            .iter()
            .filter(|person| person.free)
            .map(|person| person.slug)
            .eq(["mara"])
    );
    let form = [
        ("client_id", "77"),
        ("redirect_uri", REDIRECT),
        ("requested", "ACTIVITY:READ"),
        ("person", "jack"),
        ("decision", "allow"),
        ("scope", "ACTIVITY:READ"),
    ];
    let answer = bench.post("/oauth/authorize", &form).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Path=/oauth; HttpOnly"), "{cookie}");
    let cookie = format!("other=1; {}", cookie.split(';').next().unwrap());
    assert_eq!(offered(&cookie, query).await, "jack");
    assert_eq!(offered(&cookie, &format!("{query}&person=ana")).await, "ana");
    assert_eq!(offered("simulated_athlete=nobody", query).await, "mara");
}
