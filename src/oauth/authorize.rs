//! `GET /authorize` (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707): a client sends a person here. What it asks for is
//! kept under an id, bound to the browser, and the person goes on to the page of that id.
//!
//! As long as the client and its redirect are not known to belong together, a mistake is a page: a redirect would send the person
//! wherever the link's author likes.

use chrono::Duration;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::{
    answer::{self, Answer},
    clients::{self, Client, NotFound},
    error::refused,
    parameters::{Parameters, Unreadable},
    redirects, resource,
};
use crate::{
    app::App,
    error::Problem,
    guard::{
        cookie::BROWSER,
        limits::Network,
        sign_ins::{OFFLINE, READ, WRITE},
    },
    ids::RequestId,
    queries::{self, sign_in_requests::Asked},
    secrets::{Token, TokenHash, TokenKind},
};

/// How long a sign-in may take, with signing up, a mail and connecting intervals.icu in between.
pub(crate) const LIVES: Duration = Duration::minutes(60);
/// How many sign-ins of one network may wait for an answer.
const WAITING: i64 = 20;
/// Some clients ask for the page themselves before they send the person to it. What no browser has opened within this time does
/// not count as waiting.
const OPENED_WITHIN: Duration = Duration::minutes(2);
/// Characters of a challenge: SHA-256 in base64url (RFC 7636 section 4.2).
const CHALLENGE: usize = 43;

/// Where the browser goes next.
pub(crate) enum Begun {
    /// To the page of this sign-in, with this cookie.
    Page(RequestId, HeaderValue),
    /// Back to the client, with an error.
    Client(String),
    /// Nowhere: a page says why.
    Refused(Refused),
}

/// Why a sign-in cannot begin, told on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The link is not one that a client makes.
    Malformed,
    /// No client with this id, or its document is wrong.
    UnknownClient,
    /// The client may not be sent back there.
    WrongRedirect,
    /// Who the client is cannot be found out now; how long to wait.
    ClientAway(std::time::Duration),
    /// Too many sign-ins of this network wait for an answer.
    TooMany,
}

impl Refused {
    /// Its word in the log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownClient => "unknown_client",
            Self::WrongRedirect => "wrong_redirect",
            Self::ClientAway(_) => "client_away",
            Self::TooMany => "too_many",
        }
    }
}

/// Begins a sign-in from the query of `GET /authorize`.
pub(crate) async fn begin(
    app: &App,
    network: Network,
    headers: &HeaderMap,
    query: &str,
) -> Result<Begun, Problem> {
    let asked = match read(app, network, query).await? {
        Read::Asked(asked) => asked,
        Read::Client(url) => return Ok(Begun::Client(url)),
        Read::Refused(refused) => return Ok(Begun::Refused(refused)),
    };
    let now = app.clock.now();
    let (browser, cookie) = browser(app, headers);
    let network_hash = Sha256::new_with_prefix("sign-ins of a network")
        .chain_update(network.bytes())
        .finalize();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let waiting =
        queries::sign_in_requests::waiting_of(&mut *db, &network_hash, now, now - OPENED_WITHIN).await?;
    let id = match queries::sign_in_requests::same(&mut *db, &asked, browser, now).await? {
        Some(id) => id,
        None if waiting >= WAITING => {
            refused("authorize", &asked.client_id, Refused::TooMany.word());
            return Ok(Begun::Refused(Refused::TooMany));
        }
        None => {
            let id = RequestId(app.random.uuid(&app.clock));
            let ends = now + LIVES;
            queries::sign_in_requests::create(&mut *db, id, &asked, browser, &network_hash, now, ends)
                .await?;
            id
        }
    };
    queries::oauth_clients::note_use(&mut *db, &asked.client_id, now).await?;
    transaction.commit().await?;
    Ok(Begun::Page(id, cookie))
}

/// Notes that a person said no.
pub(crate) fn refused_by_person(client_id: &str) {
    refused("consent", client_id, "declined");
}

/// The browser’s token for sign-ins and its cookie: the one that it has, so that two windows do not end each other’s, or a new one.
pub(crate) fn browser(app: &App, headers: &HeaderMap) -> (TokenHash, HeaderValue) {
    let https = app.config.public_url.is_https();
    let token = of_browser(app, headers).unwrap_or_else(|| Token::mint(TokenKind::Browser, &app.random));
    // Longer than a sign-in lives, because the next one may begin at its end.
    (token.hash(), BROWSER.set(token.expose(), LIVES * 2, https))
}

/// The token of the browser's cookie for sign-ins.
pub(crate) fn of_browser(app: &App, headers: &HeaderMap) -> Option<Token> {
    let value = BROWSER.read(headers, app.config.public_url.is_https())?;
    Token::parse(TokenKind::Browser, value)
}

enum Read {
    Asked(Asked),
    Client(String),
    Refused(Refused),
}

/// Reads what a client asks for.
async fn read(app: &App, network: Network, query: &str) -> Result<Read, Problem> {
    let page = |refusal: Refused, client: &str| {
        refused("authorize", client, refusal.word());
        Ok(Read::Refused(refusal))
    };
    let parameters = match Parameters::parse(query.as_bytes()) {
        Ok(parameters) => parameters,
        Err(Unreadable::Repeated | Unreadable::Malformed) => return page(Refused::Malformed, ""),
    };
    let Some(client_id) = parameters.get("client_id") else {
        return page(Refused::Malformed, "");
    };
    let sent = parameters.get("redirect_uri");
    let client = match clients::find(app, client_id, sent, Some(network)).await {
        Ok(client) => client,
        Err(NotFound::Database(error)) => return Err(error.into()),
        // Noted where it was looked for.
        Err(NotFound::Unreachable { retry_after }) => {
            return Ok(Read::Refused(Refused::ClientAway(retry_after)));
        }
        Err(NotFound::Unknown | NotFound::Invalid(_)) => return Ok(Read::Refused(Refused::UnknownClient)),
    };
    let Some(redirect_uri) = redirect(&client, sent) else {
        return page(Refused::WrongRedirect, client_id);
    };
    let state = parameters.get("state");
    let back = |error: &'static str, description: &'static str| {
        refused("authorize", client_id, error);
        let answer = Answer::Error(error, description);
        Ok(Read::Client(answer::url(
            &app.config,
            redirect_uri,
            state,
            answer,
        )))
    };
    if parameters.get("request").is_some() {
        return back("request_not_supported", "Send the parameters themselves.");
    }
    if parameters.get("request_uri").is_some() {
        return back("request_uri_not_supported", "Send the parameters themselves.");
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return back(
                "unsupported_response_type",
                "Only response_type=code is supported.",
            );
        }
        None => return back("invalid_request", "response_type is missing."),
    }
    if parameters
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return back("invalid_request", "Only response_mode=query is supported.");
    }
    // Without the parameter, the method would be `plain` (RFC 7636 section 4.3).
    if parameters.get("code_challenge_method") != Some("S256") {
        return back(
            "invalid_request",
            "PKCE with code_challenge_method=S256 is required.",
        );
    }
    let Some(challenge) = parameters.get("code_challenge").filter(|text| is_challenge(text)) else {
        return back(
            "invalid_request",
            "code_challenge must be 43 characters of base64url.",
        );
    };
    if !parameters
        .all("resource")
        .all(|name| resource::is_ours(&app.config, name))
    {
        return back(
            "invalid_target",
            "This server has one resource: see its protected-resource metadata.",
        );
    }
    if parameters
        .get("prompt")
        .is_some_and(|prompt| prompt.split(' ').any(|word| word == "none"))
    {
        return back("interaction_required", "A person always has to agree.");
    }
    Ok(Read::Asked(Asked {
        client_id: client.id.clone(),
        client_name: client.name.clone(),
        client_host: client.host.clone(),
        redirect_uri: redirect_uri.to_owned(),
        client_state: state.map(str::to_owned),
        code_challenge: challenge.to_owned(),
        scope: scope(parameters.get("scope")),
    }))
}

/// The redirect that was sent, if it is the client's; without one the only one that it has (RFC 6749 section 3.1.2.3).
fn redirect<'a>(client: &'a Client, sent: Option<&'a str>) -> Option<&'a str> {
    match (sent, &client.redirect_uris[..]) {
        (Some(sent), _) => client.allows(sent).then_some(sent),
        (None, [only]) if redirects::may_register(only) => Some(only),
        (None, _) => None,
    }
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The words of a scope that we know, each once, in our order. What we do not know is ignored; without any word that we know,
/// everything may be asked of the person.
pub(crate) fn scope(asked: Option<&str>) -> String {
    let asks = |word: &str| asked.is_some_and(|asked| asked.split(' ').any(|known| known == word));
    // Nothing can be changed well by whoever may not read.
    let mut words = match (asks(READ), asks(WRITE)) {
        (true, false) => vec![READ],
        _ => vec![READ, WRITE],
    };
    if asks(OFFLINE) {
        words.push(OFFLINE);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_what_we_know_of_what_was_asked() {
        for (asked, kept) in [
            (None, "read write"),
            (Some("read"), "read"),
            (Some("write read"), "read write"),
            (Some("write"), "read write"),
            (Some("read write offline_access"), "read write offline_access"),
            (Some("offline_access"), "read write offline_access"),
            (Some("openid profile"), "read write"),
            (Some("read read admin"), "read"),
            (Some("READ"), "read write"),
        ] {
            assert_eq!(scope(asked), kept, "{asked:?}");
        }
    }

    #[test]
    fn a_challenge_is_a_sha_256_in_base64url() {
        assert!(is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        for odd in [
            "",
            "short",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMx",
        ] {
            assert!(!is_challenge(odd), "{odd}");
        }
    }
}
