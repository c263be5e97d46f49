//! Replies before or instead of the protocol's: not found, only POST, malformed, too many, unavailable.
//!
//! None of them depends on the token, quotes the request, or carries a parser's text.

use std::{sync::LazyLock, time::Duration};

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    guard::sign_ins::{RESOURCE_METADATA, SCOPES},
};

/// JSON-RPC 2.0 section 5.1: not JSON.
pub(super) const PARSE_ERROR: i32 = -32700;
/// JSON-RPC 2.0 section 5.1: JSON, but not a request.
pub(super) const INVALID_REQUEST: i32 = -32600;
const INTERNAL_ERROR: i32 = -32603;
/// From the range that JSON-RPC 2.0 leaves to servers: try again later.
const SLOW_DOWN: i32 = -32000;

/// Why a request is refused: small, so that it can be returned as an error, and fixed, so that it quotes nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    /// HTTP that we do not accept: a status and a sentence.
    Plain(StatusCode, &'static str),
    /// 400, because the message is wrong and the HTTP is not: the error's code and a sentence.
    Message(i32, &'static str),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(status, text) => plain(status, text),
            Self::Message(code, text) => error_of(StatusCode::BAD_REQUEST, code, text),
        }
    }
}

/// An error in JSON-RPC's form for a message whose id is not known.
fn error_of(status: StatusCode, code: i32, message: &str) -> Response {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

/// A refusal in plain text.
fn plain(status: StatusCode, text: &'static str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        text,
    )
        .into_response()
}

/// The same reply for every path that does not exist and every token that is not in use.
pub(super) fn not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "Not found\n")
}

/// Too many requests.
pub(super) fn flooded(wait: Duration) -> Response {
    let mut response = error_of(
        StatusCode::TOO_MANY_REQUESTS,
        SLOW_DOWN,
        "Too many requests: wait and try again.",
    );
    let seconds = wait.as_secs().clamp(1, 60);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The database does not answer, so the caller is unknown.
pub(super) fn away() -> Response {
    let text = "IcuSync is unavailable for a moment: try again.";
    let mut response = error_of(StatusCode::SERVICE_UNAVAILABLE, INTERNAL_ERROR, text);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// Whether a person opened the URL in a browser.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|entry| {
            entry
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
        })
}

/// Anything but POST: 405, with a page for people who opened the URL in a browser.
pub(super) fn only_post(headers: &HeaderMap) -> Response {
    let mut response = if wants_page(headers) {
        (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            PAGE.html.as_str(),
        )
            .into_response()
    } else {
        plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "This URL is for an MCP client, which sends POST.\n",
        )
    };
    let own = response.headers_mut();
    own.insert(header::ALLOW, HeaderValue::from_static("POST"));
    own.insert(header::CONTENT_SECURITY_POLICY, PAGE.policy.clone());
    response
}

/// 401: sign in first. The challenge names the metadata of this resource and the scope to ask for (RFC 9728 section 5.1, RFC
/// 6750 section 3); a token that was `sent` and is not in use is called invalid, so that the client refreshes it or asks the
/// person again.
pub(super) fn sign_in(config: &Config, headers: &HeaderMap, sent: bool) -> Response {
    let metadata = config.page_url(RESOURCE_METADATA);
    let error = if sent {
        r#", error="invalid_token", error_description="This sign-in has ended or expired. Reconnect.""#
    } else {
        ""
    };
    let challenge = format!(r#"Bearer resource_metadata="{metadata}", scope="{SCOPES}"{error}"#);
    let mut response = if wants_page(headers) {
        (
            StatusCode::UNAUTHORIZED,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            SIGN_IN_PAGE.html.as_str(),
        )
            .into_response()
    } else {
        let text = if sent {
            "This sign-in has ended or expired. Disconnect IcuSync in your client and connect it again."
        } else {
            "Sign in first: a client that supports OAuth does it by itself when this URL is added."
        };
        error_of(StatusCode::UNAUTHORIZED, SLOW_DOWN, text)
    };
    let own = response.headers_mut();
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        own.insert(header::WWW_AUTHENTICATE, challenge);
    }
    own.insert(header::CONTENT_SECURITY_POLICY, SIGN_IN_PAGE.policy.clone());
    response
}

struct Page {
    html: String,
    policy: HeaderValue,
}

/// The same page for every token.
static PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(include_str!("link.html")));
/// For people who opened the URL for clients that sign in.
static SIGN_IN_PAGE: LazyLock<Page> = LazyLock::new(|| Page::of(include_str!("sign_in.html")));

impl Page {
    /// A page with its one style allowed by hash, because the link host serves no files.
    fn of(template: &str) -> Self {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self {
            html: template.replace("{style}", STYLE),
            policy: policy.parse().expect("base64 and ASCII make a header"),
        }
    }
}

const STYLE: &str = include_str!("link.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_for_people_only() {
        let accept =
            |text: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))]);
        for (headers, html) in [
            (accept("text/html,application/xhtml+xml,*/*;q=0.8"), true),
            (accept("Text/HTML;q=0.9"), true),
            (accept("text/event-stream"), false),
            (accept("*/*"), false),
            (HeaderMap::new(), false),
        ] {
            let response = only_post(&headers);
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(response.headers()[header::ALLOW], "POST");
            let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
            assert_eq!(kind.starts_with("text/html"), html, "{headers:?}");
        }
        assert!(PAGE.html.contains(STYLE) && !PAGE.html.contains("{style}"));
    }
}
