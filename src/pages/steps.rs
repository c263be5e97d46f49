//! How to add the connector to each client: by signing in, and with the connector URL where a client cannot. That is a
//! placeholder on a page for everyone, masked until it is shown to the athlete whose it is, and in an email for coaches.
//!
//! What the clients can do comes from their own documentation; what it leaves open is not mentioned.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    Frame,
    frame::page,
    links, signed,
    site::{About, STEPS},
};
use crate::{
    app::App,
    config::Config,
    error::Problem,
    guard::{policy, session::Session},
    policy::Policy,
};

/// Something to copy: a URL, a command or a configuration. If it has a version with the athlete's connector URL, a masked one
/// is shown first.
#[derive(Template)]
#[template(path = "parts/copy.html")]
pub(super) struct Copy {
    id: &'static str,
    what: &'static str,
    shown: String,
    own: Option<String>,
}

impl Copy {
    /// The URL at which every client signs in.
    pub(super) fn of_sign_in(id: &'static str, config: &Config) -> Self {
        Self {
            id,
            what: "URL",
            shown: config.mcp_url(),
            own: None,
        }
    }
}

/// The connector URL in the steps. Where there is none, its owner switched it off.
pub(super) enum Link<'a> {
    /// A placeholder, or what is left of one that cannot be shown.
    Shown(&'a str),
    /// The athlete's own, shown only on demand.
    Own {
        /// What stands in its place until then.
        masked: &'a str,
        /// The URL.
        url: &'a str,
    },
}

/// The steps for every client: signing in, and the connector URL for clients that cannot.
pub(super) struct Steps {
    /// Whether they are for a coach.
    pub(super) coach: bool,
    /// What to call the connector.
    pub(super) name: &'static str,
    /// The URL at which every client signs in.
    pub(super) sign_in: Copy,
    /// A command for Claude Code.
    pub(super) claude_code: Copy,
    /// The configuration of Cursor.
    pub(super) cursor: Copy,
    /// The configuration of VS Code.
    pub(super) vs_code: Copy,
    /// The configuration that most clients read.
    pub(super) any: Copy,
    /// The same for a client that only starts programs.
    pub(super) bridge: Copy,
    /// Whether the policy has connector URLs.
    pub(super) has_links: bool,
    /// For clients that cannot sign in; none if the connector URL is switched off.
    pub(super) by_link: Option<ByLink>,
}

/// The steps with the connector URL.
pub(super) struct ByLink {
    /// A command for Claude Code.
    pub(super) claude_code: Copy,
    /// The configuration that most clients read.
    pub(super) any: Copy,
    /// The same for a client that only starts programs.
    pub(super) bridge: Copy,
}

impl Steps {
    /// For an athlete.
    pub(super) fn of(config: &Config, link: Option<Link<'_>>) -> Self {
        Self::named("IcuSync", "icusync", config, link)
    }

    /// For a coach. The connector has another name, so that a coach who also trains can tell the two apart.
    pub(super) fn for_coaches(config: &Config, link: Option<Link<'_>>) -> Self {
        Self {
            coach: true,
            ..Self::named("IcuSync Coach", "icusync-coach", config, link)
        }
    }

    /// The same under this policy.
    pub(super) fn under(self, policy: &Policy) -> Self {
        let has_links = policy.has_links();
        Self {
            has_links,
            by_link: self.by_link.filter(|_| has_links),
            ..self
        }
    }

    fn named(name: &'static str, word: &str, config: &Config, link: Option<Link<'_>>) -> Self {
        let url = config.mcp_url();
        let copy = |id, what, shown| Copy {
            id,
            what,
            shown,
            own: None,
        };
        Self {
            coach: false,
            name,
            claude_code: copy("copy-claude-code", "command", claude_code(word, &url)),
            cursor: copy(
                "copy-cursor",
                "configuration",
                pretty(&json!({"mcpServers": {word: {"url": url}}})),
            ),
            vs_code: copy(
                "copy-vs-code",
                "configuration",
                pretty(&json!({"servers": {word: {"type": "http", "url": url}}})),
            ),
            any: copy("copy-any", "configuration", over_http(word, &url)),
            bridge: copy("copy-bridge", "configuration", bridged(word, &url)),
            sign_in: Copy::of_sign_in("sign-in-url", config),
            has_links: true,
            by_link: link.map(|link| ByLink::of(word, &link)),
        }
    }
}

impl ByLink {
    fn of(word: &str, link: &Link<'_>) -> Self {
        let (shown, own) = match link {
            Link::Shown(url) => (*url, None),
            Link::Own { masked, url } => (*masked, Some(*url)),
        };
        let copy = |id, what, text: fn(&str, &str) -> String| Copy {
            id,
            what,
            shown: text(word, shown),
            own: own.map(|own| text(word, own)),
        };
        Self {
            claude_code: copy("link-claude-code", "command", claude_code),
            any: copy("link-any", "configuration", over_http),
            bridge: copy("link-bridge", "configuration", bridged),
        }
    }
}

fn claude_code(word: &str, url: &str) -> String {
    format!("claude mcp add --transport http --scope user {word} {url}")
}

/// What most clients read.
fn over_http(word: &str, url: &str) -> String {
    pretty(&json!({"mcpServers": {word: {"type": "http", "url": url}}}))
}

/// For a client that starts a program, which then asks the URL.
fn bridged(word: &str, url: &str) -> String {
    pretty(&json!({"mcpServers": {word: {"command": "npx", "args": ["-y", "mcp-remote", url]}}}))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// A connector URL as the pages for everyone write it.
pub(super) fn placeholder(app: &App) -> String {
    app.config.connector_url("YOUR-TOKEN")
}

#[derive(Template)]
#[template(path = "pages/steps.html")]
struct Page {
    frame: Frame,
    about: &'static About,
    steps: Steps,
}

/// `GET /steps`: for everyone, and for an athlete who is signed in with the athlete's own connector URL.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let (policy, session) = tokio::join!(policy::for_everyone(&app), signed::session_of(&app, &headers));
    let session = session.ok().flatten();
    let steps = match &session {
        None => Steps::of(&app.config, Some(Link::Shown(&placeholder(&app)))).under(&policy),
        Some(session) => steps_of(&app, session).await?,
    };
    page(&Page {
        frame: Frame::of(session.is_some()),
        about: &STEPS,
        steps,
    })
}

/// The steps with the account's own connector URL; without one if it is switched off.
async fn steps_of(app: &App, session: &Session) -> Result<Steps, Problem> {
    let (link, url) = links::url_of(app, session).await?;
    let is_on = link.is_some_and(|link| link.token_sealed.is_some());
    let masked = links::masked(app);
    let own = match &url {
        Some(url) => Some(Link::Own { masked: &masked, url }),
        None => is_on.then_some(Link::Shown(&masked)),
    };
    Ok(Steps::of(&app.config, own).under(&session.policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            public_url: "https://icusync.example".parse().unwrap(),
            ..Config::defaults()
        }
    }

    #[test]
    fn every_configuration_is_json_with_the_url_and_the_mask_hides_it() {
        let own = "https://links.example/mcp/icul_secret";
        let masked = "https://links.example/mcp/icul_••••";
        let steps = Steps::of(&config(), Some(Link::Own { masked, url: own }));
        let by_link = steps.by_link.unwrap();
        for copy in [&by_link.any, &by_link.bridge] {
            let config: Value = serde_json::from_str(copy.own.as_ref().unwrap()).unwrap();
            assert!(config.to_string().contains(own), "{}", copy.id);
            assert!(!copy.shown.contains("secret"), "{}", copy.id);
        }
        assert!(by_link.claude_code.own.unwrap().ends_with(own));
        let coach = Steps::for_coaches(
            &config(),
            Some(Link::Shown("https://links.example/mcp/YOUR-TOKEN")),
        );
        for any in [&coach.any, &coach.by_link.unwrap().any] {
            let config: Value = serde_json::from_str(&any.shown).unwrap();
            assert!(
                config["mcpServers"]["icusync-coach"].is_object(),
                "a coach who also trains keeps both: {config}"
            );
        }
    }

    #[test]
    fn who_signs_in_pastes_no_secret() {
        let url = "https://icusync.example/mcp";
        for steps in [
            Steps::of(
                &config(),
                Some(Link::Shown("https://links.example/mcp/YOUR-TOKEN")),
            ),
            Steps::of(&config(), None),
        ] {
            assert_eq!(steps.sign_in.shown, url);
            assert!(steps.claude_code.shown.ends_with(url));
            for copy in [&steps.cursor, &steps.vs_code, &steps.any, &steps.bridge] {
                let config: Value = serde_json::from_str(&copy.shown).unwrap();
                assert!(config.to_string().contains(&format!("\"{url}\"")), "{}", copy.id);
                assert!(copy.own.is_none() && !copy.shown.contains("links"), "{}", copy.id);
            }
        }
        assert!(Steps::of(&config(), None).by_link.is_none());
    }
}
