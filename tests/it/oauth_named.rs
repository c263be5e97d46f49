//! What known clients send, rebuilt from public descriptions of November 2026: one test for each, none tried against the live
//! client. Each finds the server as its client does, signs in through its kind of redirect, and calls a tool.

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::world::{
    Browser, Page, World, form,
    sign_in::{Program, allow, query},
    test, test_with,
    wire::{Seen, message, send},
};

const CHATGPT_APP: &str = "https://chatgpt.com/oauth/app_12345/client.json";
const VSCODE: &str = "https://vscode.dev/oauth/client-metadata.json";
const CLAUDE_CODE: &str = "https://claude.ai/oauth/claude-code-client-metadata";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A signed assertion (RFC 7523), as far as anybody looks at it here.
fn signed() -> String {
    let parts = [
        r#"{"alg":"RS256","kid":"k1"}"#,
        r#"{"iss":"https://chatgpt.com"}"#,
        "thirty-two bytes of no signature",
    ];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// A client that has found the server.
struct Found {
    /// What its HTTP client calls itself.
    agent: &'static str,
    /// The resource, as its document names it.
    resource: String,
    /// The document of the authorization server.
    server: Value,
    /// The scope to ask for, from the challenge.
    scope: String,
}

impl Found {
    /// By the challenge of the MCP endpoint, as the specification says.
    async fn by_challenge(world: &World, agent: &'static str, refused: &Seen) -> Self {
        assert_eq!(refused.status, 401, "{refused:?}");
        let challenge = refused.header("www-authenticate");
        let parameter = |name: &str| -> String {
            let (_, rest) = challenge
                .split_once(&format!("{name}=\""))
                .unwrap_or_else(|| panic!("{challenge}"));
            rest.split('"').next().unwrap().to_owned()
        };
        let scope = parameter("scope");
        Self::at(world, agent, &parameter("resource_metadata"), scope).await
    }

    /// By a document of the resource at this address.
    async fn at(world: &World, agent: &'static str, metadata: &str, scope: String) -> Self {
        let headers = [
            ("user-agent", agent),
            ("accept", "application/json"),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        let document = send("GET", metadata, &headers, None).await.json();
        let resource = document["resource"].as_str().unwrap().to_owned();
        assert_eq!(resource, format!("{}/mcp", world.web), "as people paste it");
        let issuer = document["authorization_servers"][0].as_str().unwrap();
        let known = format!("{issuer}/.well-known/oauth-authorization-server");
        let server = send("GET", &known, &headers, None).await.json();
        assert_eq!(server["issuer"], issuer, "compared character by character");
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        Self {
            agent,
            resource,
            server,
            scope,
        }
    }

    fn endpoint(&self, name: &str) -> &str {
        self.server[name].as_str().unwrap_or_else(|| panic!("no {name}"))
    }

    /// Registers; the answer, whose secret no log may hold.
    async fn register(&self, world: &World, asked: &Value, headers: &[(&str, &str)]) -> Value {
        let headers = [
            headers,
            &[("user-agent", self.agent), ("content-type", "application/json")],
        ]
        .concat();
        let seen = send(
            "POST",
            self.endpoint("registration_endpoint"),
            &headers,
            Some(asked.to_string()),
        )
        .await;
        assert_eq!(seen.status, 201, "{seen:?}");
        let answer = seen.json();
        for field in ["redirect_uris", "token_endpoint_auth_method", "client_name"] {
            if !asked[field].is_null() {
                assert_eq!(answer[field], asked[field], "{field} is as it was asked for");
            }
        }
        assert!(answer["client_id_issued_at"].is_number());
        assert!(
            answer
                .as_object()
                .unwrap()
                .values()
                .all(|value| !value.is_null() && value != "")
        );
        match answer["client_secret"].as_str() {
            Some(secret) => {
                world.secret(secret);
                assert_eq!(answer["client_secret_expires_at"], 0);
            }
            None => assert_eq!(answer.get("client_secret_expires_at"), None),
        }
        answer
    }

    /// Posts a form to the token endpoint. A parameter without a value is left out.
    async fn token(&self, world: &World, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Value {
        let fields: Vec<_> = fields
            .iter()
            .copied()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers = [
            headers,
            &[("user-agent", self.agent), ("accept", "application/json"), kind],
        ]
        .concat();
        let seen = send(
            "POST",
            self.endpoint("token_endpoint"),
            &headers,
            Some(form(&fields)),
        )
        .await;
        assert_eq!(seen.status, 200, "{seen:?}");
        assert_eq!(seen.header("cache-control"), "no-store");
        let tokens = seen.json();
        assert_eq!(tokens["token_type"], "Bearer");
        for name in ["access_token", "refresh_token"] {
            world.secret(tokens[name].as_str().unwrap());
        }
        tokens
    }
}

/// A client that has found the server and has an id there.
struct Client<'a> {
    world: &'a Arc<World>,
    found: &'a Found,
    program: Program,
    /// Sent with every request for tokens.
    fields: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Client<'a> {
    fn new(world: &'a Arc<World>, found: &'a Found, id: &str, redirect: &str) -> Self {
        let fields = vec![("client_id", id.to_owned())];
        let program = Program::known(world, id, redirect).in_another_window(redirect);
        Self {
            world,
            found,
            program,
            fields,
            headers: Vec::new(),
        }
    }

    /// As one that shows its secret by Basic.
    fn by_basic(mut self, secret: &str) -> Self {
        let basic = STANDARD.encode(format!("{}:{secret}", self.program.id));
        self.world.secret(&basic);
        self.headers.push(("authorization", format!("Basic {basic}")));
        self.fields.clear();
        self
    }

    /// The person agrees; the page that follows the button.
    async fn agreed(&self, browser: &mut Browser, scope: &str, resource: &str) -> Page {
        let path = self
            .program
            .authorize(&[("scope", scope), ("resource", resource)]);
        let begun = browser.get(&path).await;
        assert_eq!(begun.status, 303, "{}", begun.text());
        let path = begun.location().to_owned();
        let page = browser.get(&path).await;
        allow(browser, &path, &page, false).await
    }

    /// The code in the URL to which the browser is sent, which has to be this client's. Without the issuer, Codex would refuse it,
    /// and so would ChatGPT at its stable address.
    fn code(&self, url: &str) -> String {
        assert!(url.starts_with(&format!("{}?", self.program.redirect)), "{url}");
        assert_eq!(query(url, "state").as_deref(), Some(self.program.state.as_str()));
        assert_eq!(
            self.found.server["authorization_response_iss_parameter_supported"],
            true
        );
        assert_eq!(query(url, "iss").as_deref(), self.found.server["issuer"].as_str());
        let code = query(url, "code").unwrap();
        self.world.secret(&code);
        code
    }

    async fn tokens(&self, more: &[(&'static str, &str)]) -> Value {
        let own = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = own.chain(more.iter().copied()).collect();
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.found.token(self.world, &fields, &headers).await
    }

    async fn exchange(&self, code: &str, resource: &str) -> Value {
        let (redirect, verifier) = (self.program.redirect.as_str(), self.program.verifier.as_str());
        self.tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("resource", resource),
        ])
        .await
    }

    /// Signs in, refreshes, and returns the newest access token.
    async fn whole(&self, browser: &mut Browser, scope: &str, resource: &str) -> String {
        let answer = self.agreed(browser, scope, resource).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let first = self.exchange(&self.code(answer.location()), resource).await;
        let refresh = first["refresh_token"].as_str().unwrap();
        let next = self
            .tokens(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh),
                ("resource", resource),
            ])
            .await;
        assert_ne!(next["access_token"], first["access_token"]);
        next["access_token"].as_str().unwrap().to_owned()
    }
}

/// Asserts that an access token opens Ana's tools for a client that sends these headers.
async fn opens(world: &World, access: &str, headers: &[(&str, &str)]) {
    let sent = format!("Bearer {access}");
    let headers = [headers, &[("authorization", sent.as_str())]].concat();
    let call = json!({"name": "get_fitness", "arguments": {}});
    let seen = message(&format!("{}/mcp", world.web), &headers, "tools/call", call).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let text = seen.json()["result"]["content"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.starts_with("Ana Berger"), "{text}");
}

async fn initialize(world: &World, headers: &[(&str, &str)], client: &str) -> Seen {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
        "clientInfo": {"name": client, "version": "1.0.0"},
    });
    message(&format!("{}/mcp", world.web), headers, "initialize", params).await
}

const HTTPX: &str = "python-httpx/0.28.1";
const CLAUDE_REDIRECTS: [&str; 2] = [
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
];

/// The first of Claude's two probes accepts anything, and both go out before anybody has signed in.
async fn claude_finds(world: &World) -> Found {
    let probe = [
        ("user-agent", HTTPX),
        ("accept", "*/*"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let refused = initialize(world, &probe, "Anthropic").await;
    let second = [
        ("user-agent", HTTPX),
        ("accept", "application/json, text/event-stream"),
    ];
    let again = initialize(world, &second, "Anthropic/ClaudeAI").await;
    assert_eq!(
        refused.header("www-authenticate"),
        again.header("www-authenticate")
    );
    Found::by_challenge(world, HTTPX, &refused).await
}

/// What Claude calls once it has a token, with its other HTTP client.
async fn claude_calls(world: &World, access: &str) {
    let sent = format!("Bearer {access}");
    let (bearer, agent) = (("authorization", sent.as_str()), ("user-agent", "Claude-User"));
    let first = initialize(world, &[agent, bearer, ("accept", "*/*")], "Anthropic/ClaudeAI").await;
    assert_eq!(first.status, 200, "{first:?}");
    let url = format!("{}/mcp", world.web);
    // The header says one revision and the message another.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "Anthropic/ClaudeAI", "version": "1.0.0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for version in ["2026-07-28", "2025-11-25"] {
        let headers = [
            agent,
            bearer,
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", version),
        ];
        let headers = [&headers[..], &[("mcp-method", "server/discover")]].concat();
        let seen = message(&url, &headers, "server/discover", json!({"_meta": meta})).await;
        assert_eq!(seen.status, 200, "{version}: {seen:?}");
        assert!(seen.json()["result"].is_object(), "{version}: {seen:?}");
    }
    // No header at all, and none for the client's name.
    opens(world, access, &[("accept", "*/*")]).await;
    opens(
        world,
        access,
        &[
            agent,
            ("accept", "application/json, text/event-stream"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "get_fitness"),
        ],
    )
    .await;
}

/// Claude asks for a secret although `none` stands first among the methods, registers twice within a second from whichever of its
/// addresses, and redeems the code with either answer.
#[tokio::test(flavor = "multi_thread")]
async fn claude_registers() {
    let behind_proxy = |config: &mut icusync::config::Config| {
        config.client_ip_header = Some("X-Forwarded-For".to_owned());
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    };
    test_with(behind_proxy, async |world| {
        let found = claude_finds(&world).await;
        assert_eq!(found.server["token_endpoint_auth_methods_supported"][0], "none");
        for redirect in CLAUDE_REDIRECTS {
            let asked = json!({
                "client_name": "Claude",
                "redirect_uris": [redirect],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "client_secret_post",
                "scope": "read write offline_access",
            });
            let from = [
                [("x-forwarded-for", "160.79.104.10")],
                [("x-forwarded-for", "160.79.106.77")],
            ];
            let (one, two) = futures::join!(
                found.register(&world, &asked, &from[0]),
                found.register(&world, &asked, &from[1]),
            );
            assert_eq!(one, two, "one client, with one secret");
            let [id, secret] = ["client_id", "client_secret"].map(|name| two[name].as_str().unwrap());
            let mut client = Client::new(&world, &found, id, redirect);
            client.fields.push(("client_secret", secret.to_owned()));
            let mut browser = world.signed_in(world.ana()).await;
            let access = client.whole(&mut browser, &found.scope, &found.resource).await;
            claude_calls(&world, &access).await;
        }
    })
    .await;
}

/// With its document, whose host may refuse to answer ours.
#[tokio::test(flavor = "multi_thread")]
async fn claude_shows_its_document() {
    test(async |world| {
        let found = claude_finds(&world).await;
        assert_eq!(found.server["client_id_metadata_document_supported"], true);
        for redirect in CLAUDE_REDIRECTS {
            let client = Client::new(
                &world,
                &found,
                "https://claude.ai/oauth/mcp-oauth-client-metadata",
                redirect,
            );
            let mut browser = world.signed_in(world.ana()).await;
            let access = client.whole(&mut browser, &found.scope, &found.resource).await;
            claude_calls(&world, &access).await;
        }
        assert_eq!(world.documents.asked(), 0);
    })
    .await;
}

/// Claude Code's document has no port, its request has one; it names the origin with a slash as the resource, and asks for
/// `offline_access` because the server offers it. Registered, it is public, or shows a secret that it did not ask for by Basic.
#[tokio::test(flavor = "multi_thread")]
async fn claude_code() {
    test(async |world| {
        let agent = "claude-code/2.1.280 (cli)";
        let refused = initialize(
            &world,
            &[
                ("user-agent", agent),
                ("accept", "application/json, text/event-stream"),
            ],
            "claude-code",
        )
        .await;
        let found = Found::by_challenge(&world, agent, &refused).await;
        let offered = found.server["scopes_supported"].as_array().unwrap();
        assert!(offered.contains(&json!("offline_access")) && !found.scope.contains("offline_access"));
        let scope = format!("{} offline_access", found.scope);
        let resource = format!("{}/", world.web);
        let mut browser = world.signed_in(world.ana()).await;
        for redirect in [
            "http://localhost:53682/callback",
            "http://127.0.0.1:61023/callback",
        ] {
            let client = Client::new(&world, &found, CLAUDE_CODE, redirect);
            let access = client.whole(&mut browser, &scope, &resource).await;
            opens(&world, &access, &[("user-agent", agent)]).await;
        }
        assert_eq!(world.documents.asked(), 0);
        let redirect = "http://localhost:49152/callback";
        let public = json!({
            "client_name": "Claude Code (icusync)",
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        let registered = found.register(&world, &public, &[]).await;
        assert_eq!(registered.get("client_secret"), None);
        let client = Client::new(
            &world,
            &found,
            registered["client_id"].as_str().unwrap(),
            redirect,
        );
        let access = client.whole(&mut browser, &scope, &found.resource).await;
        opens(&world, &access, &[("user-agent", agent)]).await;
        // Without a method, RFC 7591 gives it Basic and a secret.
        let silent = json!({"client_name": "Claude Code", "redirect_uris": [redirect]});
        let registered = found.register(&world, &silent, &[]).await;
        let secret = registered["client_secret"].as_str().unwrap();
        let id = registered["client_id"].as_str().unwrap();
        let client = Client::new(&world, &found, id, "http://localhost:50000/callback").by_basic(secret);
        let access = client.whole(&mut browser, &scope, &found.resource).await;
        opens(&world, &access, &[("user-agent", agent)]).await;
    })
    .await;
}

/// ChatGPT has a document and a redirect for each app, signs assertions that nobody asked for or does not, and gives a
/// registration up whose method comes back changed.
#[tokio::test(flavor = "multi_thread")]
async fn chatgpt() {
    test(async |world| {
        let agent = "openai-mcp/1.0.0 (ChatGPT)";
        let refused = initialize(&world, &[("user-agent", agent), ("accept", "application/json")], "openai-mcp").await;
        let found = Found::by_challenge(&world, agent, &refused).await;
        let scope = "read write offline_access";
        let mut browser = world.signed_in(world.ana()).await;
        for redirect in [
            "https://chatgpt.com/connector/oauth/app_12345",
            "https://chatgpt.com/connector_platform_oauth_redirect",
        ] {
            for signs in [true, false] {
                let mut client = Client::new(&world, &found, CHATGPT_APP, redirect);
                if signs {
                    client.fields.push(("client_assertion_type", ASSERTION.to_owned()));
                    client.fields.push(("client_assertion", signed()));
                }
                client.program = client.program.in_another_window(&signs.to_string());
                let access = client.whole(&mut browser, scope, &found.resource).await;
                opens(&world, &access, &[("user-agent", agent), ("accept", "application/json")]).await;
            }
        }
        assert_eq!(world.documents.asked(), 0);
        for method in ["none", "client_secret_post", "client_secret_basic", "private_key_jwt"] {
            let redirect = "https://chatgpt.com/connector_platform_oauth_redirect";
            let asked = json!({"client_name": "ChatGPT", "redirect_uris": [redirect], "token_endpoint_auth_method": method});
            // Asserts that the method is as it was asked for.
            let registered = found.register(&world, &asked, &[]).await;
            let id = registered["client_id"].as_str().unwrap();
            let mut client = Client::new(&world, &found, id, redirect);
            let secret = registered["client_secret"].as_str();
            match method {
                "client_secret_post" => client.fields.push(("client_secret", secret.unwrap().to_owned())),
                "client_secret_basic" => client = client.by_basic(secret.unwrap()),
                "private_key_jwt" => client.fields.extend([
                    ("client_assertion_type", ASSERTION.to_owned()),
                    ("client_assertion", signed()),
                ]),
                _ => {}
            }
            let access = client.whole(&mut browser, scope, &found.resource).await;
            opens(&world, &access, &[("user-agent", agent)]).await;
        }
    })
    .await;
}

/// Visual Studio Code, with its document and registered: on its page, or on this computer at a port that was free.
#[tokio::test(flavor = "multi_thread")]
async fn vscode() {
    test(async |world| {
        let agent = "Visual-Studio-Code/1.121.0";
        let headers = [("user-agent", agent), ("accept", "text/event-stream, application/json")];
        let refused = initialize(&world, &headers, "Visual Studio Code").await;
        let found = Found::by_challenge(&world, agent, &refused).await;
        let asked = json!({
            "client_name": "Visual Studio Code",
            "client_uri": "https://code.visualstudio.com",
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "response_types": ["code"],
            "redirect_uris": [
                "https://insiders.vscode.dev/redirect",
                "https://vscode.dev/redirect",
                "http://127.0.0.1/",
                "http://127.0.0.1:33418/",
            ],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        });
        let registered = found.register(&world, &asked, &[]).await;
        let registered = registered["client_id"].as_str().unwrap();
        let mut browser = world.signed_in(world.ana()).await;
        for id in [VSCODE, registered] {
            for redirect in [
                "https://vscode.dev/redirect",
                "https://insiders.vscode.dev/redirect",
                "http://127.0.0.1:33418/",
                "http://127.0.0.1:52817/",
                "http://127.0.0.1:52818",
            ] {
                let client = Client::new(&world, &found, id, redirect);
                let access = client.whole(&mut browser, &found.scope, &found.resource).await;
                opens(&world, &access, &headers).await;
            }
        }
        assert_eq!(world.documents.asked(), 0);
    })
    .await;
}

/// Cursor registers three redirects at once. The one of its app gets a page that opens the app, since a redirect there would leave
/// the browser on a dead button.
#[tokio::test(flavor = "multi_thread")]
async fn cursor() {
    test(async |world| {
        let agent = "Cursor/2.4.0 (linux x64)";
        let refused = initialize(
            &world,
            &[
                ("user-agent", agent),
                ("accept", "application/json, text/event-stream"),
            ],
            "cursor-vscode",
        )
        .await;
        let found = Found::by_challenge(&world, agent, &refused).await;
        let redirects = [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ];
        let asked = json!({
            "client_name": "Cursor",
            "redirect_uris": redirects,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        let registered = found.register(&world, &asked, &[]).await;
        let id = registered["client_id"].as_str().unwrap();
        let mut browser = world.signed_in(world.ana()).await;
        let client = Client::new(&world, &found, id, redirects[0]);
        let page = client.agreed(&mut browser, &found.scope, &found.resource).await;
        assert_eq!((page.status, page.location()), (200, ""));
        assert!(!page.header("content-security-policy").contains("form-action"));
        let refresh = page.attribute("meta[http-equiv=refresh]", "content").unwrap();
        let url = refresh.strip_prefix("0; url=").unwrap();
        assert_eq!(
            page.attribute("main a.button", "href").as_deref(),
            Some(url),
            "for when nothing happens"
        );
        let tokens = client.exchange(&client.code(url), &found.resource).await;
        opens(
            &world,
            tokens["access_token"].as_str().unwrap(),
            &[("user-agent", agent)],
        )
        .await;
        for redirect in [redirects[1], redirects[2], "http://localhost:40111/callback"] {
            let client = Client::new(&world, &found, id, redirect);
            let access = client.whole(&mut browser, &found.scope, &found.resource).await;
            opens(&world, &access, &[("user-agent", agent)]).await;
        }
        // No by the app's redirect is told in the same way.
        let client = Client::new(&world, &found, id, redirects[0]);
        let program = client.program.in_another_window("no");
        let (path, _) = program.begin(&mut browser).await;
        let page = browser.post(&path, &[("decision", "deny")]).await;
        let url = page.attribute("main a.button", "href").unwrap();
        assert_eq!(
            (page.status, query(&url, "error").as_deref()),
            (200, Some("access_denied"))
        );
        assert_eq!(query(&url, "iss").as_deref(), Some(world.web.as_str()));
    })
    .await;
}

/// Codex looks at the origin and not at the challenge, registers fewer scopes than it asks for, sends by Basic what it registered
/// for the form, and takes no answer without the issuer.
#[tokio::test(flavor = "multi_thread")]
async fn codex() {
    test(async |world| {
        let agent = "codex_cli_rs/0.121.0";
        let root = format!("{}/.well-known/oauth-protected-resource", world.web);
        let mut found = Found::at(&world, agent, &root, String::new()).await;
        let offered = found.server["scopes_supported"].as_array().unwrap();
        found.scope = offered
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(found.scope, "read write offline_access");
        let redirect = "http://127.0.0.1:1455/callback";
        let asked = json!({
            "client_name": "Codex",
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
            "scope": "read",
        });
        let registered = found.register(&world, &asked, &[]).await;
        let [id, secret] = ["client_id", "client_secret"].map(|name| registered[name].as_str().unwrap());
        let mut browser = world.signed_in(world.ana()).await;
        for sent in [redirect, "http://127.0.0.1:58211/callback"] {
            let client = Client::new(&world, &found, id, sent).by_basic(secret);
            let answer = client.agreed(&mut browser, &found.scope, &found.resource).await;
            let tokens = client
                .exchange(&client.code(answer.location()), &found.resource)
                .await;
            // More could be asked for than was registered; the box for changes was left alone.
            assert_eq!(tokens["scope"], "read offline_access");
            opens(
                &world,
                tokens["access_token"].as_str().unwrap(),
                &[("user-agent", agent)],
            )
            .await;
            // It ends its sign-in with the same credentials.
            let fields = form(&[("token", tokens["refresh_token"].as_str().unwrap())]);
            let headers = [
                ("content-type", "application/x-www-form-urlencoded"),
                ("authorization", client.headers[0].1.as_str()),
            ];
            let ended = send(
                "POST",
                found.endpoint("revocation_endpoint"),
                &headers,
                Some(fields),
            )
            .await;
            assert_eq!(ended.status, 200, "{ended:?}");
            let program = client.program;
            assert_eq!(
                program
                    .mcp(tokens["access_token"].as_str().unwrap())
                    .request("ping", json!({}))
                    .await
                    .status,
                401
            );
        }
        let refused = world
            .browser()
            .get(&Program::known(&world, id, redirect).authorize(&[("prompt", "none")]))
            .await;
        assert_eq!(
            query(refused.location(), "iss").as_deref(),
            Some(world.web.as_str())
        );
    })
    .await;
}
