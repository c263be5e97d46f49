//! What clients discover: the metadata of the protected resource (RFC 9728) and of the authorization server (RFC 8414).
//!
//! Clients probe different addresses for the same two documents, and one of them answering otherwise stops some of them, so
//! `routes` serves each wherever any is known to ask. Every URL is written from `PUBLIC_URL` as text: the issuer has no slash at
//! its end, and clients compare it character by character.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header::CACHE_CONTROL};
use serde_json::{Value, json};

pub(crate) use crate::guard::sign_ins::RESOURCE_METADATA;
use crate::{
    app::App,
    config::Config,
    guard::sign_ins::{OFFLINE, READ, WRITE},
};

/// The issuer: one exact string, in the metadata and in every answer (RFC 9207).
pub(crate) fn issuer(config: &Config) -> &str {
    config.public_url.as_str()
}

/// `GET /.well-known/oauth-protected-resource/mcp`, and the same without `/mcp`.
pub(crate) async fn resource(State(app): State<App>) -> Response {
    let config = &app.config;
    cached(json!({
        "resource": config.mcp_url(),
        "authorization_servers": [issuer(config)],
        "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"],
        "resource_name": "IcuSync",
        "resource_documentation": config.page_url("/support"),
        "resource_policy_uri": config.page_url("/privacy"),
    }))
}

/// `GET /.well-known/oauth-authorization-server` and its synonyms. `offline_access` is here and nowhere else: clients that ask
/// for it do so because the server, not the resource, offers it.
pub(crate) async fn server(State(app): State<App>) -> Response {
    let config = &app.config;
    cached(json!({
        "issuer": issuer(config),
        "authorization_endpoint": config.page_url("/authorize"),
        "token_endpoint": config.page_url("/token"),
        "registration_endpoint": config.page_url("/register"),
        "revocation_endpoint": config.page_url("/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "scopes_supported": [READ, WRITE, OFFLINE],
        "client_id_metadata_document_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "protected_resources": [config.mcp_url()],
        "service_documentation": config.page_url("/support"),
        "op_policy_uri": config.page_url("/privacy"),
    }))
}

/// A document that is the same for everyone.
fn cached(document: Value) -> Response {
    let kept = [(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))];
    (kept, Json(document)).into_response()
}
