//! How to add the connector to each client: with a placeholder on a page for everyone, with the athlete's URL, masked until
//! it is shown, on the dashboard, and for coaches, whose URL came by email.
//!
//! What the clients can do comes from their own documentation; what it leaves open is not mentioned.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    Frame,
    frame::page,
    home::is_signed,
    site::{About, STEPS},
};
use crate::{app::App, error::Problem};

/// A command or a configuration to copy. If it has a version with the athlete's URL, a masked one is shown first.
#[derive(Template)]
#[template(path = "parts/copy.html")]
pub(super) struct Copy {
    id: &'static str,
    what: &'static str,
    shown: String,
    own: Option<String>,
}

/// The steps for every client.
pub(super) struct Steps {
    /// Whether the athlete's URL is in them.
    pub(super) own: bool,
    /// Whether they are for a coach.
    pub(super) coach: bool,
    /// What to call the connector.
    pub(super) name: &'static str,
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
}

impl Steps {
    /// With `shown` instead of the URL; `own` is the real one, shown only on demand.
    pub(super) fn of(shown: &str, own: Option<&str>) -> Self {
        Self::named("IcuSync", "icusync", shown, own)
    }

    /// For a coach. The connector has another name, so that a coach who also trains can tell the two apart.
    pub(super) fn for_coaches(shown: &str) -> Self {
        Self {
            coach: true,
            ..Self::named("IcuSync Coach", "icusync-coach", shown, None)
        }
    }

    fn named(name: &'static str, word: &str, shown: &str, own: Option<&str>) -> Self {
        let copy = |id, what, text: fn(&str, &str) -> String| Copy {
            id,
            what,
            shown: text(word, shown),
            own: own.map(|own| text(word, own)),
        };
        Self {
            own: own.is_some(),
            coach: false,
            name,
            claude_code: copy("copy-claude-code", "command", claude_code),
            cursor: copy("copy-cursor", "configuration", |word, url| {
                pretty(&json!({"mcpServers": {word: {"url": url}}}))
            }),
            vs_code: copy("copy-vs-code", "configuration", |word, url| {
                pretty(&json!({"servers": {word: {"type": "http", "url": url}}}))
            }),
            any: copy("copy-any", "configuration", |word, url| {
                pretty(&json!({"mcpServers": {word: {"type": "http", "url": url}}}))
            }),
            bridge: copy("copy-bridge", "configuration", |word, url| {
                pretty(&json!({"mcpServers": {word: {"command": "npx", "args": ["-y", "mcp-remote", url]}}}))
            }),
        }
    }
}

fn claude_code(word: &str, url: &str) -> String {
    format!("claude mcp add --transport http --scope user {word} {url}")
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

/// `GET /steps`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&Page {
        frame: Frame::of(is_signed(&app, &headers).await),
        about: &STEPS,
        steps: Steps::of(&placeholder(&app), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_is_json_with_the_url_and_the_mask_hides_it() {
        let own = "https://links.example/mcp/icul_secret";
        let steps = Steps::of("https://links.example/mcp/icul_••••", Some(own));
        for copy in [&steps.cursor, &steps.vs_code, &steps.any, &steps.bridge] {
            let config: Value = serde_json::from_str(copy.own.as_ref().unwrap()).unwrap();
            assert!(config.to_string().contains(own), "{}", copy.id);
            assert!(!copy.shown.contains("secret"), "{}", copy.id);
        }
        assert!(steps.claude_code.own.unwrap().ends_with(own));
        let coach = Steps::for_coaches("https://links.example/mcp/YOUR-TOKEN");
        let config: Value = serde_json::from_str(&coach.any.shown).unwrap();
        assert!(
            config["mcpServers"]["icusync-coach"].is_object(),
            "a coach who also trains keeps both: {config}"
        );
    }
}
