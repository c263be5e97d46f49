//! `POST /token` (RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5): a code or a refresh token for tokens.
//!
//! Clients authenticate in whatever way they like, whatever they registered: what protects a code is PKCE, and what protects a
//! refresh token is that it works once. A secret that is sent must be right.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    clients::{self, Client, NotFound},
    error::{self, OAuthError, refused},
    parameters::{Credentials, Parameters, Unreadable},
    redirects, resource,
};
use crate::{
    app::App,
    guard::{
        limits::FromNetwork,
        sign_ins::{self, From, NotRefreshed, Tokens},
    },
    queries::{self, sign_in_requests::Coded},
    secrets::{Token, TokenKind},
    words::SignInOutcome,
};

/// Characters of a verifier (RFC 7636 section 4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// A request that can be read: its form and its client.
pub(super) struct Asked {
    pub(super) form: Parameters,
    pub(super) client: Client,
}

/// `POST /token`.
pub(crate) async fn exchange(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let asked = read(&app, "token", &headers, &body).await?;
    let from = From::of(from.0, &headers);
    let tokens = match asked.form.get("grant_type") {
        Some("authorization_code") => by_code(&app, &asked, &from).await?,
        Some("refresh_token") => by_refresh(&app, &asked, &from).await?,
        Some(_) => {
            return Err(no(
                &asked,
                "unsupported_grant_type",
                "Use authorization_code or refresh_token.",
            ));
        }
        None => return Err(no(&asked, "invalid_request", "grant_type is missing.")),
    };
    Ok(answer(&app, &tokens))
}

/// Reads a form and finds its client. `at` is the endpoint's word in the log.
pub(super) async fn read(
    app: &App,
    at: &'static str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Asked, OAuthError> {
    let form = read_form(at, headers, body)?;
    let Some(credentials) = Credentials::of(headers, &form) else {
        refused(at, form.get("client_id").unwrap_or_default(), "bad_credentials");
        return Err(OAuthError::invalid_client(
            "The Authorization header is not Basic, or names another client than the form.",
            true,
        ));
    };
    let Some(id) = &credentials.client_id else {
        refused(at, "", "no_client");
        return Err(OAuthError::new("invalid_request", "client_id is missing."));
    };
    let unknown = |reason: &'static str| {
        refused(at, id, reason);
        OAuthError::invalid_client(
            "No such client here. Register again, or remove the connector and add it again.",
            credentials.by_basic,
        )
    };
    // Nothing is fetched: a code or a token is bound to its client, of which something was kept when it was given.
    let client = match clients::find(app, id, None, None).await {
        Ok(client) => client,
        Err(NotFound::Database(error)) => return Err(error.into()),
        Err(NotFound::Unknown | NotFound::Unreachable { .. }) => return Err(unknown("unknown_client")),
        Err(NotFound::Invalid(_)) => return Err(unknown("wrong_document")),
    };
    if let Some(secret) = &credentials.secret
        && client.is_confidential()
        && !client.has_secret(secret)
    {
        return Err(unknown("wrong_secret"));
    }
    Ok(Asked { form, client })
}

/// Reads a form, and nothing that is not one.
pub(super) fn read_form(
    at: &'static str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Parameters, OAuthError> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        refused(at, "", "not_a_form");
        return Err(OAuthError::new(
            "invalid_request",
            "Send application/x-www-form-urlencoded.",
        ));
    }
    Parameters::parse(body).map_err(|unreadable| {
        let (reason, text) = match unreadable {
            Unreadable::Repeated => ("repeated_parameter", "A parameter comes twice."),
            Unreadable::Malformed => ("malformed", "The form is malformed."),
        };
        refused(at, "", reason);
        OAuthError::new("invalid_request", text)
    })
}

fn no(asked: &Asked, code: &'static str, description: &'static str) -> OAuthError {
    refused("token", &asked.client.id, code);
    OAuthError::new(code, description)
}

/// Why a code gave no tokens, in the log's word and for the client's developers.
fn bad_grant(asked: &Asked, reason: &'static str, description: &'static str) -> OAuthError {
    refused("token", &asked.client.id, reason);
    OAuthError::new("invalid_grant", description)
}

/// Exchanges a code. Everything is checked before it is spent, so that neither another client nor a mistake spends it.
async fn by_code(app: &App, asked: &Asked, from: &From) -> Result<Tokens, OAuthError> {
    let Some(code) = asked.form.get("code") else {
        return Err(no(asked, "invalid_request", "code is missing."));
    };
    let Some(verifier) = asked.form.get("code_verifier") else {
        return Err(no(asked, "invalid_request", "code_verifier is missing."));
    };
    right_resource(app, asked)?;
    let unknown = || bad_grant(asked, "unknown_code", "No such code here.");
    let code = Token::parse(TokenKind::Code, code).ok_or_else(unknown)?;
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    let coded = queries::sign_in_requests::of_code(&mut *db, code.hash()).await?;
    let coded = coded.ok_or_else(unknown)?;
    if coded.client_id != asked.client.id {
        return Err(bad_grant(
            asked,
            "foreign_code",
            "The code was given to another client.",
        ));
    }
    if coded.code_used_at.is_some() {
        // The connector is locked before the request, as when its owner ends it, so that the two never wait for each other.
        transaction.rollback().await?;
        if let (Some(id), Some(owner)) = (coded.connector_id, sign_ins::owner_of(&coded)) {
            let mut transaction = app.pool.begin().await?;
            let db = &mut *transaction;
            let client = label_of(&coded);
            if queries::sign_ins::end(&mut *db, id).await? {
                sign_ins::log(
                    &mut *db,
                    app,
                    owner,
                    Some(&client),
                    SignInOutcome::CodeAgain,
                    from,
                )
                .await?;
            }
            transaction.commit().await?;
        }
        return Err(bad_grant(asked, "code_again", "The code was used before."));
    }
    if let Some(reason) = mismatch(app, asked, &coded, verifier) {
        if let Some(owner) = sign_ins::owner_of(&coded) {
            let client = label_of(&coded);
            sign_ins::log(&mut *db, app, owner, Some(&client), reason.2, from).await?;
            transaction.commit().await?;
        }
        return Err(bad_grant(asked, reason.0, reason.1));
    }
    let redirect_host = redirects::host_of(&coded.redirect_uri);
    let tokens = sign_ins::begin(db, app, &coded, &redirect_host).await?;
    transaction.commit().await?;
    Ok(tokens)
}

/// The client of a code, as the log names it.
fn label_of(coded: &Coded) -> String {
    sign_ins::label(&coded.client_name, &redirects::host_of(&coded.redirect_uri))
}

/// What is wrong with a code that is the client's and was not used.
fn mismatch(
    app: &App,
    asked: &Asked,
    coded: &Coded,
    verifier: &str,
) -> Option<(&'static str, &'static str, SignInOutcome)> {
    if coded.code_expires_at <= app.clock.now() {
        return Some(("code_expired", "The code has expired.", SignInOutcome::CodeLate));
    }
    // OAuth 2.1 no longer asks for it; who sends it must send the same.
    let redirect = asked.form.get("redirect_uri");
    if redirect.is_some_and(|sent| sent != coded.redirect_uri) {
        return Some((
            "wrong_redirect",
            "redirect_uri is not the one of the authorization request.",
            SignInOutcome::WrongRedirect,
        ));
    }
    let wrong = (
        "wrong_verifier",
        "code_verifier does not fit.",
        SignInOutcome::WrongVerifier,
    );
    (!fits(verifier, &coded.code_challenge)).then_some(wrong)
}

/// Whether the verifier fits the S256 challenge (RFC 7636 section 4.6).
fn fits(verifier: &str, challenge: &str) -> bool {
    let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    VERIFIER.contains(&verifier.len()) && bool::from(hashed.as_bytes().ct_eq(challenge.as_bytes()))
}

async fn by_refresh(app: &App, asked: &Asked, from: &From) -> Result<Tokens, OAuthError> {
    let Some(token) = asked.form.get("refresh_token") else {
        return Err(no(asked, "invalid_request", "refresh_token is missing."));
    };
    right_resource(app, asked)?;
    let unknown = || {
        bad_grant(
            asked,
            "unknown_refresh_token",
            "This sign-in has ended. Reconnect.",
        )
    };
    let token = Token::parse(TokenKind::Refresh, token).ok_or_else(unknown)?;
    sign_ins::refresh(app, token.hash(), &asked.client.id, from)
        .await?
        .map_err(|why| match why {
            NotRefreshed::Unknown => unknown(),
            NotRefreshed::ForeignClient => bad_grant(
                asked,
                "foreign_refresh_token",
                "The refresh token was given to another client.",
            ),
            NotRefreshed::Expired => bad_grant(
                asked,
                "refresh_expired",
                "This sign-in was not used for too long, or is over. Reconnect.",
            ),
            NotRefreshed::Again => bad_grant(
                asked,
                "refresh_again",
                "The refresh token was used before, so the sign-in was ended. Reconnect.",
            ),
        })
}

/// Refuses a request for another resource (RFC 8707 section 2) before anything is spent.
fn right_resource(app: &App, asked: &Asked) -> Result<(), OAuthError> {
    let mut named = asked.form.all("resource");
    if named.all(|name| resource::is_ours(&app.config, name)) {
        return Ok(());
    }
    Err(no(
        asked,
        "invalid_target",
        "This server has one resource: see its protected-resource metadata.",
    ))
}

/// The answer with tokens (RFC 6749 section 5.1).
fn answer(app: &App, tokens: &Tokens) -> Response {
    let left = (tokens.expires_at - app.clock.now()).num_seconds().max(0);
    let body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": left,
        "refresh_token": tokens.refresh,
        "scope": tokens.scope,
    });
    let mut response = (StatusCode::OK, Json(body)).into_response();
    error::no_store(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge_only() {
        // RFC 7636 appendix B.
        let (verifier, challenge) = (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        );
        assert!(fits(verifier, challenge));
        assert!(!fits(challenge, challenge));
        assert!(!fits(&verifier[..42], challenge));
        assert!(!fits("", challenge) && !fits(verifier, ""));
    }
}
