//! How to check with curl that nobody gets in without the token: each command and its answer.
//!
//! The answers are those of the endpoint in [`crate::mcp`]; an integration test sends what these commands send.

use askama::Template;
use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{
    Frame,
    frame::page,
    home::is_signed,
    site::{About, CHECK},
    steps::placeholder,
};
use crate::{app::App, error::Problem};

/// A message that any client may send and that reads nothing.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// One thing to try.
struct Try {
    id: &'static str,
    title: &'static str,
    /// Why this is the answer, and what to replace in the command.
    text: &'static str,
    command: String,
    /// What curl prints: the body, and the status on a line of its own.
    answer: &'static str,
}

/// Everything to try, in order.
fn tries(app: &App) -> Vec<Try> {
    let links = &app.config.link_url;
    let own = placeholder(app);
    let ping = |url: &str, headers: &str| {
        format!(
            "curl -s -w '\\n%{{http_code}}\\n'{headers} -H 'Content-Type: application/json' -d '{PING}' '{url}'"
        )
    };
    let one = |id, title, text, command, answer| Try {
        id,
        title,
        text,
        command,
        answer,
    };
    let closed = "Not found\n\n404";
    vec![
        one(
            "without",
            "Without a token",
            "There is nothing at this address.",
            ping(&links.join("/mcp/"), ""),
            closed,
        ),
        one(
            "wrong",
            "With a wrong token",
            "The same answer, whether a token is malformed, made up or mistyped: nothing tells how near it was. Change any \
             letter of your own to see it.",
            ping(&links.join("/mcp/icul_not-a-token"), ""),
            closed,
        ),
        one(
            "own",
            "With your token",
            "Put your connector URL in place of the one in the command. A ping reads nothing of yours.",
            ping(&own, ""),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n200",
        ),
        one(
            "replaced",
            "With a token that was replaced",
            "Press “Replace it” on your dashboard and send the same command with the old URL again: it is a wrong token from \
             that moment on, on every server of ours.",
            ping(&own, ""),
            closed,
        ),
        one(
            "origin",
            "From a page of somebody else",
            "A browser names the site that a request comes from. No other site’s page may use your URL, even if it knew it.",
            ping(&own, " -H 'Origin: https://evil.example'"),
            "Pages of other sites may not use this URL.\n\n403",
        ),
        one(
            "host",
            "Under a foreign host name",
            "A name that is made to point to our address (DNS rebinding) opens nothing. A proxy before IcuSync may refuse it \
             in its own words first.",
            ping(&own, " -H 'Host: evil.example'"),
            "This host is not served here.\n421",
        ),
        one(
            "browser",
            "Opened like a page",
            "Whoever opens the URL in a browser, or sends it through a program that previews links, gets no data: the answer \
             is the same for every token, true or not.",
            format!("curl -s -w '\\n%{{http_code}}\\n' '{own}'"),
            "This URL is for an MCP client, which sends POST.\n\n405",
        ),
    ]
}

#[derive(Template)]
#[template(path = "pages/check.html")]
struct Page {
    frame: Frame,
    about: &'static About,
    tries: Vec<Try>,
    placeholder: String,
}

/// `GET /check`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    page(&Page {
        frame: Frame::of(is_signed(&app, &headers).await),
        about: &CHECK,
        tries: tries(&app),
        placeholder: placeholder(&app),
    })
}
