//! A real identity provider program (npm's `oidc-provider`) in a process of its own, and somebody's browser at it.
//!
//! It goes by the world's clock at its start; a test that moves the clock says so with [`IdentityProvider::at`].

use std::{collections::BTreeMap, process::Stdio, sync::Arc};

use chrono::{DateTime, Utc};
use icusync::config::Config;
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{Mcp, NOW, Page, World, form};
use crate::clients::{script, tool};

/// What we are called there.
pub const CLIENT_ID: &str = "icusync";
/// What we show there.
pub const CLIENT_SECRET: &str = "a-secret-of-the-house/with+characters%that=count";
/// Where people come back to.
pub const CALLBACK: &str = "/sign-in/provider/callback";
/// Where the provider says that somebody signed out.
pub const LOGOUT: &str = "/sign-in/provider/logout";

/// The provider's process; it ends with this value.
pub struct IdentityProvider {
    /// `http://localhost:PORT`
    pub issuer: String,
    http: reqwest::Client,
    _process: Arc<Child>,
}

/// Somebody's browser at the provider, which remembers that they signed in there.
pub struct Visitor {
    issuer: String,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// A person with a verified address.
pub fn person(sub: &str, email: &str, groups: &[&str]) -> Value {
    json!({"sub": sub, "email": email, "email_verified": true, "name": sub, "groups": groups})
}

impl IdentityProvider {
    /// Starts it with these people, each with `sub` and claims; `amr` lists how they sign in there.
    pub async fn start(people: &[Value]) -> Self {
        let settings = json!({
            "now": NOW, "people": people, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        });
        let mut process = Command::new(tool("ICUSYNC_NODE"))
            .args(["--import", &script("modules.mjs"), &script("oidc/provider.mjs")])
            .arg(settings.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("the provider starts");
        let said: Value = serde_json::from_str(&line).unwrap();
        Self {
            issuer: said["issuer"].as_str().unwrap().to_owned(),
            http: Mcp::client(),
            _process: Arc::new(process),
        }
    }

    /// Sets a service up to use it, and to ask it for groups.
    pub fn configure(&self, config: &mut Config) {
        config.oidc_issuer = Some(self.issuer.parse().unwrap());
        config.oidc_client_id = Some(CLIENT_ID.to_owned());
        config.oidc_client_secret = Some(CLIENT_SECRET.to_owned().into());
        config.oidc_name = Some("The club".to_owned());
        "openid email profile groups".clone_into(&mut config.oidc_scopes);
    }

    /// Tells it of a world's service, whose logs must not have the secret.
    pub async fn serves(&self, world: &World) {
        world.secret(CLIENT_SECRET);
        self.serves_at(&[&world.web]).await;
    }

    /// Tells it of services at these addresses; it says to the first that somebody signed out.
    pub async fn serves_at(&self, webs: &[&str]) {
        let callbacks: Vec<String> = webs.iter().map(|web| format!("{web}{CALLBACK}")).collect();
        let client = json!({
            "redirect_uris": callbacks,
            "backchannel_logout_uri": format!("{}{LOGOUT}", webs[0]),
            "backchannel_logout_session_required": true,
        });
        self.control(json!({"client": client})).await;
    }

    /// Sends an order to `tests/clients/oidc/provider.mjs`.
    pub async fn control(&self, order: Value) -> Value {
        let request = self.http.post(format!("{}/control", self.issuer));
        let answer = request.body(order.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{order}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// It is now this late there.
    pub async fn at(&self, now: DateTime<Utc>) {
        self.control(json!({"now": now.to_rfc3339()})).await;
    }

    /// Changes what it knows of the person with this `sub`; `gone` makes it know nobody.
    pub async fn change(&self, person: Value) {
        self.control(json!({"person": person})).await;
    }

    /// How it behaves: for `metadata`, `keys`, `authorize`, `token`, `userinfo`, `page` or `all`, one of `away`, `slow` (in
    /// milliseconds) and `status`.
    pub async fn faults(&self, faults: Value) {
        self.control(json!({"faults": faults})).await;
    }

    /// It signs with another key from now on, and the one before is gone.
    pub async fn rotate(&self) {
        self.control(json!({"rotate": true})).await;
    }

    /// Ends a person's sessions there and says so to the service: the statuses of its answers.
    pub async fn sign_out(&self, sub: &str) -> Value {
        self.control(json!({"end": sub, "tell": true})).await["ended"].clone()
    }

    /// Ends the tokens that it gave for a person.
    pub async fn revoke(&self, sub: &str) {
        self.control(json!({"revoke": sub})).await;
    }

    /// How often each of its URLs was asked.
    pub async fn asked(&self, what: &str) -> u64 {
        self.control(json!({})).await["counts"][what]
            .as_u64()
            .unwrap_or(0)
    }

    /// A browser that was never there.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            issuer: self.issuer.clone(),
            http: Mcp::client(),
            cookies: BTreeMap::new(),
        }
    }
}

impl Visitor {
    /// Goes where the service sent the browser, signs in as `sub` if the provider asks, and stops where it is sent back to: that
    /// URL.
    pub async fn sign_in(&mut self, url: &str, sub: &str) -> String {
        self.walk(url, &[("person", sub)]).await
    }

    /// The same, but goes back instead of signing in.
    pub async fn cancel(&mut self, url: &str) -> String {
        self.walk(url, &[("cancel", "yes")]).await
    }

    /// Follows redirects until they leave the provider; fills in its form where there is one.
    async fn walk(&mut self, url: &str, fields: &[(&str, &str)]) -> String {
        let mut url = url.to_owned();
        assert!(url.starts_with(&self.issuer), "{url}");
        for _ in 0..10 {
            let mut page = self.send(Method::GET, &url, None).await;
            if page.status == 200
                && let Some(action) = page.attribute("form", "action")
            {
                url = self.absolute(&action);
                page = self.send(Method::POST, &url, Some(form(fields))).await;
            }
            assert!(
                !page.location().is_empty(),
                "{url}: {} {}",
                page.status,
                page.body
            );
            url = self.absolute(page.location());
            if !url.starts_with(&self.issuer) {
                return url;
            }
        }
        panic!("the provider sends its visitors around");
    }

    fn absolute(&self, location: &str) -> String {
        let base = url::Url::parse(&self.issuer).unwrap();
        base.join(location).unwrap().to_string()
    }

    async fn send(&mut self, method: Method, url: &str, body: Option<String>) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .http
            .request(method, url)
            .header(header::COOKIE, cookies.join("; "))
            .header(header::USER_AGENT, "Mozilla/5.0 (Test; rv:1.0)");
        if let Some(body) = body {
            let form = "application/x-www-form-urlencoded";
            request = request.header(header::CONTENT_TYPE, form).body(body);
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }
}
