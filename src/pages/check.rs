//! How to check with curl that nobody gets in without a token, at either door: each command and its answer.
//!
//! The answers are those of the endpoints in [`crate::mcp`] and of the metadata in `crate::oauth`; an integration test sends
//! what these commands send.

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
use crate::{
    app::App,
    error::Problem,
    guard::{
        policy,
        sign_ins::{RESOURCE_METADATA, SCOPES},
    },
    policy::Policy,
};

/// A message that any client may send and that reads nothing.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// One thing to try.
struct Try {
    id: &'static str,
    title: &'static str,
    /// Why this is the answer, and what to replace in the command.
    text: &'static str,
    command: String,
    /// What curl prints: the body, and the status on a line of its own; or what the command says that it prints.
    answer: String,
}

/// One of the two ways in.
struct Door {
    id: &'static str,
    title: &'static str,
    text: &'static str,
    tries: Vec<Try>,
}

/// The ways in, and everything to try at each.
fn doors(app: &App, policy: &Policy) -> Vec<Door> {
    let mut doors = vec![Door {
        id: "signing-in",
        title: "Where clients sign in",
        text: "Everyone uses this URL, so it gives access to nothing without a token. A client without one learns where to get it.",
        tries: signing_in(app, policy.has_links()),
    }];
    if policy.has_links() {
        doors.push(Door {
            id: "links",
            title: "Connector URLs",
            text: "For clients that cannot sign in. Here the URL contains the secret, and anyone without it learns nothing.",
            tries: links(app),
        });
    }
    doors
}

/// What to try where clients sign in; at the host of the connector URLs, too, if there are any.
fn signing_in(app: &App, has_links: bool) -> Vec<Try> {
    let url = app.config.mcp_url();
    let at = |path: &str| app.config.page_url(path);
    let challenge = format!(
        "Bearer resource_metadata=\"{}\", scope=\"{SCOPES}\"",
        at(RESOURCE_METADATA)
    );
    let ended = format!(
        "{challenge}, error=\"invalid_token\", error_description=\"This sign-in has ended or expired. Reconnect.\""
    );
    // The body says the same to a client as the header does, and is longer.
    let asked = |headers: &str| {
        format!("curl -s -o /dev/null -w '%{{http_code}}\\n%header{{www-authenticate}}\\n'{headers} '{url}'")
    };
    let ping = format!(" -H 'Content-Type: application/json' -d '{PING}'");
    let statuses = |urls: &[String]| {
        let each: Vec<String> = urls.iter().map(|url| format!("-o /dev/null '{url}'")).collect();
        format!(
            "curl -s -w '%{{http_code}} %{{content_type}}\\n' {}",
            each.join(" ")
        )
    };
    let links = |path: &str| app.config.link_url.join(path);
    let mut tries = vec![
        Try {
            id: "sign-in-without",
            title: "Without signing in",
            text: "Refused; the answer says where to sign in and what for.",
            command: asked(&ping),
            answer: format!("401\n{challenge}"),
        },
        Try {
            id: "sign-in-page",
            title: "The same, opened like a page",
            text: "The same answer, which reveals nothing else.",
            command: asked(""),
            answer: format!("401\n{challenge}"),
        },
        Try {
            id: "sign-in-wrong",
            title: "With a token that is not in use",
            text: "The answer is the same for a malformed, invented, expired or ended token. A token that you ended under \
                   Connected apps is refused immediately, on every server.",
            command: asked(&format!(" -H 'Authorization: Bearer icua_not-a-token'{ping}")),
            answer: format!("401\n{ended}"),
        },
        Try {
            id: "sign-in-wrong-page",
            title: "With such a token, opened like a page",
            text: "The same answer again.",
            command: asked(" -H 'Authorization: Bearer icua_not-a-token'"),
            answer: format!("401\n{ended}"),
        },
        Try {
            id: "sign-in-metadata",
            title: "What clients read before they sign in",
            text: "Two documents, for everyone to read: where this URL lets people sign in, and how that works. Leave out “-o \
                   /dev/null” to see them.",
            command: statuses(&[
                at(RESOURCE_METADATA),
                at("/.well-known/oauth-authorization-server"),
            ]),
            answer: "200 application/json\n200 application/json".to_owned(),
        },
    ];
    if has_links {
        tries.push(Try {
            id: "sign-in-elsewhere",
            title: "At the host of the connector URLs",
            text: "There is no sign-in there, and no document about one: a client that found any would ask for a sign-in where \
                   the URL contains the secret.",
            command: statuses(&[
                links("/.well-known/oauth-protected-resource"),
                links("/.well-known/oauth-authorization-server"),
                links("/authorize"),
            ]),
            answer: ["404 text/plain; charset=utf-8"; 3].join("\n"),
        });
    }
    tries
}

/// What to try with a connector URL.
fn links(app: &App) -> Vec<Try> {
    let links = &app.config.link_url;
    let own = placeholder(app);
    let ping = |url: &str, headers: &str| {
        format!(
            "curl -s -w '\\n%{{http_code}}\\n'{headers} -H 'Content-Type: application/json' -d '{PING}' '{url}'"
        )
    };
    let one = |id, title, text, command, answer: &str| Try {
        id,
        title,
        text,
        command,
        answer: answer.to_owned(),
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
            "The answer is the same for a malformed, invented or mistyped token, so it does not show how close a guess is. \
             Change any letter of your own to see it.",
            ping(&links.join("/mcp/icul_not-a-token"), ""),
            closed,
        ),
        one(
            "own",
            "With your token",
            "Replace the URL in the command with your connector URL. A ping reads none of your data.",
            ping(&own, ""),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n200",
        ),
        one(
            "replaced",
            "With a token that was regenerated",
            "Regenerate your connector URL and send the same command with the old one: it is refused immediately, on every \
             server.",
            ping(&own, ""),
            closed,
        ),
        one(
            "origin",
            "From someone else’s page",
            "A browser says which site a request comes from. No other site’s page can use your URL, even if it knows it.",
            ping(&own, " -H 'Origin: https://evil.example'"),
            "Pages of other sites may not use this URL.\n\n403",
        ),
        one(
            "host",
            "Under a foreign host name",
            "A name that points to our address (DNS rebinding) gets nothing. A proxy in front of IcuSync may refuse it first, \
             in its own words.",
            ping(&own, " -H 'Host: evil.example'"),
            "This host is not served here.\n421",
        ),
        one(
            "browser",
            "Opened like a page",
            "Opening the URL in a browser, or in a program that previews links, shows no data: the answer is the same for \
             every token, valid or not.",
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
    doors: Vec<Door>,
    /// How a connector URL is written here; none if the policy has none.
    placeholder: Option<String>,
}

/// `GET /check`.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let (policy, signed) = tokio::join!(policy::for_everyone(&app), is_signed(&app, &headers));
    page(&Page {
        frame: Frame::of(signed),
        about: &CHECK,
        doors: doors(&app, &policy),
        placeholder: policy.has_links().then(|| placeholder(&app)),
    })
}
