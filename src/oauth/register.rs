//! `POST /register`: a client registers itself (RFC 7591). Anyone may; it gives a client nothing but an id.
//!
//! What the client asks for is honoured as far as it can be and left out otherwise, and the answer says what was
//! understood: clients give up for good when a registration fails.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    documents::{NAME, registrable},
    error::{self, OAuthError},
};
use crate::{
    app::App,
    guard::{limits::FromNetwork, tries::Registrants},
    queries::{
        self,
        oauth_clients::{NewClient, Registered},
    },
    secrets::{Place, Token, TokenHash, TokenKind},
    text,
};

/// The same registration from the same network gets the same answer for so long: some clients register twice at once.
pub(crate) const SAME_ANSWER: TimeDelta = TimeDelta::minutes(10);
/// What a client can do here.
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// How a client can say that it will authenticate itself at the token endpoint. With `private_key_jwt` it signs assertions,
/// which are ignored, so that it counts as one without authentication: some clients refuse an answer with another method than
/// they asked for.
const AUTH_METHODS: [&str; 4] = [
    "none",
    "client_secret_post",
    "client_secret_basic",
    "private_key_jwt",
];

/// A registration as it was understood. A scope is never bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Registration {
    redirect_uris: Vec<String>,
    grant_types: Vec<String>,
    response_types: Vec<String>,
    token_endpoint_auth_method: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_name: String,
}

/// RFC 7591 section 3.2.1.
#[derive(Debug, Serialize)]
struct Answer {
    client_id: String,
    client_id_issued_at: i64,
    #[serde(flatten)]
    registration: Registration,
    #[serde(flatten)]
    secret: Option<Secret>,
}

#[derive(Serialize)]
struct Secret {
    client_secret: String,
    /// Never.
    client_secret_expires_at: i64,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Answer {
    fn new(id: Uuid, at: DateTime<Utc>, registration: Registration, secret: Option<String>) -> Self {
        Self {
            client_id: id.to_string(),
            client_id_issued_at: at.timestamp(),
            registration,
            secret: secret.map(|client_secret| Secret {
                client_secret,
                client_secret_expires_at: 0,
            }),
        }
    }
}

/// `POST /register`.
pub(crate) async fn register(
    State(app): State<App>,
    from: FromNetwork,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let asked: Map<String, Value> = serde_json::from_slice(&body).map_err(|_| {
        refused(
            "malformed",
            "invalid_client_metadata",
            "The body must be a JSON object.",
        )
    })?;
    let registration = understand(&asked)?;
    let registrants = Registrants::of(&app.config, from.0);
    let mut hash = Sha256::new_with_prefix(registrants.subject());
    hash.update(Value::Object(asked).to_string());
    let hash: [u8; 32] = hash.finalize().into();
    let answer = queries::in_time(same_or_new(&app, &registrants, &hash, registration)).await??;
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    error::no_store(response.headers_mut());
    Ok(response)
}

/// Reads a registration. Redirects that nobody may register, and what is not known here, are left out.
fn understand(asked: &Map<String, Value>) -> Result<Registration, OAuthError> {
    let redirect_uris = registrable(asked.get("redirect_uris"));
    if redirect_uris.is_empty() {
        return Err(refused(
            "no_usable_redirect",
            "invalid_redirect_uri",
            "No redirect_uri can be used: https, http to this computer, or the scheme of an app, without a fragment.",
        ));
    }
    let name = asked
        .get("client_name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(Registration {
        redirect_uris,
        grant_types: grant_types(asked.get("grant_types")),
        response_types: vec!["code".to_owned()],
        token_endpoint_auth_method: auth_method(asked.get("token_endpoint_auth_method")).to_owned(),
        client_name: text::clean(name, NAME),
    })
}

/// The method that was asked for, by default that of RFC 7591 section 2. One that there is not here is none.
fn auth_method(asked: Option<&Value>) -> &'static str {
    let word = match asked {
        None | Some(Value::Null) => "client_secret_basic",
        Some(word) => word.as_str().unwrap_or_default(),
    };
    let mut methods = AUTH_METHODS.into_iter();
    methods.find(|method| *method == word).unwrap_or("none")
}

/// Those that were asked for and are possible; all, if that leaves none. A code is always possible.
fn grant_types(asked: Option<&Value>) -> Vec<String> {
    let asked = asked.and_then(Value::as_array);
    let is_asked = |word: &str| asked.is_some_and(|list| list.iter().any(|asked| asked == word));
    let any = GRANT_TYPES.iter().any(|word| is_asked(word));
    let [code, refresh] = GRANT_TYPES;
    let mut given = vec![code.to_owned()];
    if !any || is_asked(refresh) {
        given.push(refresh.to_owned());
    }
    given
}

/// The answer to the same registration a moment ago, or to a new one.
async fn same_or_new(
    app: &App,
    registrants: &Registrants,
    hash: &[u8],
    registration: Registration,
) -> sqlx::Result<Result<Answer, OAuthError>> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    registrants.one_at_a_time(&mut transaction).await?;
    let before = queries::oauth_clients::registered_since(&mut *transaction, hash, now - SAME_ANSWER).await?;
    if let Some(answer) = before.and_then(|before| answer_again(app, before)) {
        return Ok(Ok(answer));
    }
    if let Err(full) = registrants.count(&mut transaction, app).await? {
        error::refused("register", &registration.client_name, "too_many");
        return Ok(Err(full.into()));
    }
    let answer = add(app, &mut transaction, hash, registration, now).await?;
    transaction.commit().await?;
    metrics::counter!("icusync_oauth_registrations_total").increment(1);
    Ok(Ok(answer))
}

/// None if it can no longer be given: then the client gets a registration of its own.
fn answer_again(app: &App, before: Registered) -> Option<Answer> {
    let registration = serde_json::from_value(before.registration?).ok()?;
    let secret = match before.secret_sealed {
        Some(sealed) => Some(app.keys.open_text(place(before.id), &sealed).ok()?),
        None if before.has_secret => return None,
        None => None,
    };
    Some(Answer::new(before.id, before.created_at, registration, secret))
}

async fn add(
    app: &App,
    db: &mut sqlx::PgConnection,
    hash: &[u8],
    registration: Registration,
    now: DateTime<Utc>,
) -> sqlx::Result<Answer> {
    let id = app.random.uuid(&app.clock);
    let has_secret = registration
        .token_endpoint_auth_method
        .starts_with("client_secret");
    let secret = has_secret.then(|| Token::mint(TokenKind::ClientSecret, &app.random));
    let secret_hash = secret.as_ref().map(Token::hash);
    let seal = |secret: &Token| app.keys.seal(place(id), secret.expose().as_bytes(), &app.random);
    let sealed = secret.as_ref().map(seal);
    let stored = serde_json::to_value(&registration).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let client = NewClient {
        id,
        name: &registration.client_name,
        redirect_uris: &registration.redirect_uris,
        auth_method: &registration.token_endpoint_auth_method,
        secret_hash: secret_hash.as_ref().map(TokenHash::as_bytes),
        secret_sealed: sealed.as_deref(),
        registration_hash: hash,
        registration: &stored,
        now,
    };
    queries::oauth_clients::register(db, &client).await?;
    let secret = secret.map(|secret| secret.expose().to_owned());
    Ok(Answer::new(id, now, registration, secret))
}

const fn place(id: Uuid) -> Place {
    Place {
        table: "oauth_clients",
        row: id,
        column: "secret_sealed",
    }
}

/// Notes a refusal and makes its answer.
fn refused(reason: &'static str, code: &'static str, description: &'static str) -> OAuthError {
    error::refused("register", "", reason);
    OAuthError::new(code, description)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn understood(asked: &Value) -> Value {
        let registration = understand(asked.as_object().unwrap()).unwrap();
        serde_json::to_value(registration).unwrap()
    }

    #[test]
    fn what_was_asked_is_honoured_and_echoed() {
        let asked = json!({
            "client_name": "Claude",
            "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
        });
        assert_eq!(understood(&asked), asked);
    }

    #[test]
    fn defaults_are_filled_in_and_nothing_is_empty() {
        let asked = json!({"redirect_uris": ["http://localhost/cb"], "client_name": "\u{200b}", "scope": "read write"});
        assert_eq!(
            understood(&asked),
            json!({
                "redirect_uris": ["http://localhost/cb"],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "client_secret_basic",
            })
        );
    }

    #[test]
    fn no_method_fails_a_registration() {
        for (asked, given) in [
            (json!("none"), "none"),
            (json!("client_secret_basic"), "client_secret_basic"),
            (json!("private_key_jwt"), "private_key_jwt"),
            (json!("client_secret_jwt"), "none"),
            (json!("tls_client_auth"), "none"),
            (json!(""), "none"),
            (json!(7), "none"),
            (json!(null), "client_secret_basic"),
        ] {
            let asked =
                json!({"redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": asked});
            assert_eq!(understood(&asked)["token_endpoint_auth_method"], given);
        }
    }

    #[test]
    fn grant_types_are_those_that_are_possible() {
        for (asked, given) in [
            (json!(["authorization_code"]), json!(["authorization_code"])),
            (
                json!(["refresh_token"]),
                json!(["authorization_code", "refresh_token"]),
            ),
            (json!([]), json!(["authorization_code", "refresh_token"])),
            (
                json!(["client_credentials", 1]),
                json!(["authorization_code", "refresh_token"]),
            ),
            (json!("nonsense"), json!(["authorization_code", "refresh_token"])),
        ] {
            assert_eq!(json!(grant_types(Some(&asked))), given);
        }
    }

    #[test]
    fn redirects_that_can_be_used_are_kept_once_and_one_is_enough() {
        let asked = json!({"redirect_uris": [
            "javascript:alert(1)", 7, "cursor://anysphere.cursor-mcp/oauth/callback", "http://evil.example/",
            "cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback",
        ]});
        assert_eq!(
            understood(&asked)["redirect_uris"],
            json!([
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "http://localhost:8787/callback"
            ])
        );
        for none in [
            json!({}),
            json!({"redirect_uris": []}),
            json!({"redirect_uris": "https://a.example/"}),
            json!({"redirect_uris": ["http://a.example/"]}),
        ] {
            assert!(understand(none.as_object().unwrap()).is_err(), "{none}");
        }
    }

    #[test]
    fn a_secret_is_in_the_answer_and_in_no_debug_output() {
        let registration = understand(
            json!({"redirect_uris": ["http://localhost/cb"]})
                .as_object()
                .unwrap(),
        )
        .unwrap();
        let at = "2026-11-21T08:00:00Z".parse().unwrap();
        let answer = Answer::new(Uuid::nil(), at, registration, Some("icux_secret".to_owned()));
        assert!(!format!("{answer:?}").contains("icux_secret"));
        let json = serde_json::to_value(answer).unwrap();
        assert_eq!(
            (&json["client_secret"], &json["client_secret_expires_at"]),
            (&json!("icux_secret"), &json!(0))
        );
        assert_eq!(json["client_id_issued_at"], 1_795_248_000);
    }
}
