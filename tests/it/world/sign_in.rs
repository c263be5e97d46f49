//! A client of the authorization server that shows the wire, and the person in the browser whom it sends there.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Browser, Mcp, Page, Seeded, World, form};

/// A client that is known by one id and comes back at one address.
#[derive(Clone)]
pub struct Program {
    world: Arc<World>,
    http: reqwest::Client,
    /// Where the service answers.
    pub web: String,
    /// Its id.
    pub id: String,
    /// Its secret, if it registered for one.
    pub secret: Option<String>,
    /// Where it is sent back to.
    pub redirect: String,
    /// Its verifier (RFC 7636).
    pub verifier: String,
    /// Its state.
    pub state: String,
}

/// Fields of a form, or headers, by name.
pub type Fields<'a> = &'a [(&'a str, &'a str)];

/// What an endpoint for programs answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, if it is JSON; null otherwise.
    pub body: Value,
}

impl Reply {
    /// A text in the body; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The error's code.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.text("error"))
    }

    /// The access token.
    pub fn access(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.text("access_token")
    }

    /// The refresh token.
    pub fn refresh(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.text("refresh_token")
    }
}

/// The S256 challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The parameters in a URL's query.
pub fn query(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    let mut found = url.query_pairs().filter(|(known, _)| known == name);
    let value = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} comes twice");
    value
}

/// The code in the answer to a consent.
pub fn code(page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.text());
    query(page.location(), "code").unwrap_or_else(|| panic!("no code in {}", page.location()))
}

impl Program {
    /// A client with this id, a document's or a registration's.
    pub fn known(world: &Arc<World>, id: &str, redirect: &str) -> Self {
        Self {
            world: world.clone(),
            http: Mcp::client(),
            web: world.web.clone(),
            id: id.to_owned(),
            secret: None,
            redirect: redirect.to_owned(),
            verifier: "a-verifier-of-forty-three-characters-or-more".to_owned(),
            state: "the client's own & state".to_owned(),
        }
    }

    /// A client that registers with this name.
    pub async fn registered(world: &Arc<World>, name: &str, redirect: &str) -> Self {
        let mut program = Self::known(world, "", redirect);
        let asked =
            json!({"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none"});
        let answer = program.post_json("/register", &asked).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.text("client_id").clone_into(&mut program.id);
        program
    }

    /// The same client in another window.
    pub fn in_another_window(&self, name: &str) -> Self {
        Self {
            verifier: format!("{name}-{}", self.verifier),
            state: format!("{name}-{}", self.state),
            ..self.clone()
        }
    }

    /// The same client at another instance.
    pub fn at(&self, web: &str) -> Self {
        Self {
            web: web.to_owned(),
            ..self.clone()
        }
    }

    /// The path to which the client sends a person. `other` replaces or adds parameters; an empty one is left out.
    pub fn authorize(&self, other: &[(&str, &str)]) -> String {
        let challenge = challenge(&self.verifier);
        let resource = format!("{}/mcp", self.world.web);
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect),
            ("state", &self.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("scope", "read write"),
            ("resource", &resource),
        ];
        for (name, value) in other {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        format!("/authorize?{}", form(&fields))
    }

    /// The client sends the person in `browser` here, who sees the first page. Returns its path and the page.
    pub async fn begin(&self, browser: &mut Browser) -> (String, Page) {
        let begun = browser.get(&self.authorize(&[])).await;
        assert_eq!(begun.status, 303, "{}", begun.text());
        let path = begun.location().to_owned();
        assert!(path.starts_with("/authorize/"), "{path}");
        let page = browser.get(&path).await;
        (path, page)
    }

    /// The person in `browser`, who is signed in already, agrees. Returns the answer to the button.
    pub async fn agree(&self, browser: &mut Browser, may_write: bool) -> Page {
        let (path, page) = self.begin(browser).await;
        allow(browser, &path, &page, may_write).await
    }

    /// A whole sign-in of the person in `browser`, who is signed in already.
    pub async fn sign_in(&self, browser: &mut Browser, may_write: bool) -> Reply {
        let code = code(&self.agree(browser, may_write).await);
        self.exchange(&code).await
    }

    /// Exchanges a code.
    pub async fn exchange(&self, code: &str) -> Reply {
        self.exchange_with(code, &[]).await
    }

    /// The same with other or more parameters; an empty one is left out.
    pub async fn exchange_with(&self, code: &str, other: &[(&str, &str)]) -> Reply {
        self.world.secret(code);
        let resource = format!("{}/mcp", self.world.web);
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("client_id", self.id.as_str()),
            ("code_verifier", self.verifier.as_str()),
            ("resource", resource.as_str()),
        ];
        if let Some(secret) = &self.secret {
            fields.push(("client_secret", secret));
        }
        for (name, value) in other {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        self.post("/token", &fields, &[]).await
    }

    /// Refreshes.
    pub async fn refresh(&self, token: &str) -> Reply {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", self.id.as_str()),
        ];
        self.post("/token", &fields, &[]).await
    }

    /// Gives a token back.
    pub async fn revoke(&self, token: &str) -> Reply {
        let fields = [("token", token), ("client_id", self.id.as_str())];
        self.post("/revoke", &fields, &[]).await
    }

    /// Posts a form to an endpoint for programs.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
        let mut request = self
            .http
            .post(format!("{}{path}", self.web))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.reply(request).await
    }

    /// Posts JSON to an endpoint for programs.
    pub async fn post_json(&self, path: &str, body: &Value) -> Reply {
        let request = self.http.post(format!("{}{path}", self.web)).json(body);
        self.reply(request).await
    }

    /// Gets a document.
    pub async fn get(&self, path: &str) -> Reply {
        self.reply(self.http.get(format!("{}{path}", self.web))).await
    }

    async fn reply(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        for name in ["access_token", "refresh_token", "client_secret"] {
            if let Some(secret) = body[name].as_str() {
                self.world.secret(secret);
            }
        }
        Reply {
            status,
            headers,
            body,
        }
    }

    /// An MCP client with this access token.
    pub fn mcp(&self, access: &str) -> Mcp {
        Mcp::at(&format!("{}/mcp", self.web)).with_token(access)
    }
}

/// The person presses Allow on the consent page at `path`, with the boxes as they are but that for changes.
pub async fn allow(browser: &mut Browser, path: &str, page: &Page, may_write: bool) -> Page {
    let fields = consent_fields(page, may_write);
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.push(("decision", "allow"));
    browser.post(path, &fields).await
}

/// The fields of the consent page as it shows them, with the box for changes ticked or not.
pub fn consent_fields(page: &Page, may_write: bool) -> Vec<(String, String)> {
    let html = scraper::Html::parse_document(&page.body);
    let inputs = scraper::Selector::parse("main form input").unwrap();
    let mut fields = Vec::new();
    for input in html.select(&inputs) {
        let name = input.attr("name").unwrap_or_default();
        let is_box = input.attr("type") == Some("checkbox");
        let ticked = if name == "may-write" {
            may_write
        } else {
            !is_box || input.attr("checked").is_some()
        };
        if ticked {
            fields.push((
                name.to_owned(),
                input.attr("value").unwrap_or_default().to_owned(),
            ));
        }
    }
    assert!(
        fields.iter().any(|(name, _)| name == "as"),
        "no consent page: {}",
        page.text()
    );
    fields
}

impl World {
    /// A person's whole sign-in with a client that registers, from a fresh browser: the client and its tokens.
    pub async fn app_of(self: &Arc<Self>, seeded: &Seeded, may_write: bool) -> (Program, Reply) {
        let program = Program::registered(self, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let mut browser = self.signed_in(seeded).await;
        let tokens = program.sign_in(&mut browser, may_write).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        (program, tokens)
    }

    /// The code in the newest mail to a coach.
    pub async fn code_mailed_to(&self, address: &str) -> String {
        let mails = self.mails_to(address).await;
        let mut subjects = mails.iter().rev().map(|mail| mail.letter.subject.as_str());
        let code = subjects.find_map(|subject| subject.strip_suffix(" is your IcuSync code"));
        code.expect("no code was mailed").to_owned()
    }

    /// A coach's whole sign-in, by the mailed code: the client and its tokens.
    pub async fn app_of_coach(self: &Arc<Self>, address: &str, may_write: bool) -> (Program, Reply) {
        let program = Program::registered(self, "Claude", "https://claude.ai/api/mcp/auth_callback").await;
        let mut browser = self.browser();
        let tokens = program.sign_in_coach(&mut browser, address, may_write).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        (program, tokens)
    }
}

impl Program {
    /// The coach with this address signs in with the mailed code and agrees.
    pub async fn sign_in_coach(&self, browser: &mut Browser, address: &str, may_write: bool) -> Reply {
        let (path, _) = self.begin(browser).await;
        let asked = browser
            .post(&format!("{path}/coach"), &[("email", address)])
            .await;
        assert_eq!(asked.status, 303, "{}", asked.text());
        let code = self.world.code_mailed_to(address).await;
        let typed = browser.post(&format!("{path}/code"), &[("code", &code)]).await;
        assert_eq!(typed.status, 303, "{}", typed.text());
        let page = browser.get(&path).await;
        let done = allow(browser, &path, &page, may_write).await;
        self.exchange(&super::sign_in::code(&done)).await
    }
}
