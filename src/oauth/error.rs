//! Errors in the form that OAuth clients read (RFC 6749 section 5.2, RFC 7591 section 3.2.2), and the note that each refusal
//! leaves. What a person reads is a page, not this.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

use crate::{error::Problem, guard::limits::TooMany, text};

/// How long to wait for the database.
const DATABASE_AWAY: Duration = Duration::from_secs(5);
/// Characters of a client's id in the log.
const LOGGED: usize = 200;

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    code: &'static str,
    description: &'static str,
    retry_after: Option<Duration>,
    challenge: bool,
}

impl OAuthError {
    /// 400 with a code of the specification and a sentence for whoever builds the client. The sentence has none of
    /// `"` and `\`, as section 5.2 asks.
    pub(crate) const fn new(code: &'static str, description: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description,
            retry_after: None,
            challenge: false,
        }
    }

    /// 401 for a client that is unknown or did not prove who it is; with a challenge, as it must be where the client used
    /// `Authorization`.
    pub(crate) const fn invalid_client(description: &'static str, used_basic: bool) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: used_basic,
            ..Self::new("invalid_client", description)
        }
    }

    /// The same with another status.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// 503: to be tried again after this time.
    pub(crate) const fn unavailable(description: &'static str, retry_after: Duration) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            retry_after: Some(retry_after),
            ..Self::new("temporarily_unavailable", description)
        }
    }
}

impl From<TooMany> for OAuthError {
    fn from(limit: TooMany) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(limit.retry_after),
            ..Self::new("too_many_requests", "Too many requests. Try again later.")
        }
    }
}

impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::DatabaseAway => Self::unavailable("Try again in a few seconds.", DATABASE_AWAY),
            Problem::TooMany(retry_after) => TooMany { retry_after }.into(),
            Problem::Ours(error) => {
                tracing::error!(error = format!("{error:#}"), "a request for a sign-in failed");
                Self::new("server_error", "Something went wrong here.")
                    .with_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
            other => Self::new("invalid_request", "The request is malformed.").with_status(other.status()),
        }
    }
}

impl From<sqlx::Error> for OAuthError {
    fn from(error: sqlx::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<anyhow::Error> for OAuthError {
    fn from(error: anyhow::Error) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": self.code, "error_description": self.description}));
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        no_store(headers);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.challenge {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"IcuSync\""),
            );
        }
        response
    }
}

/// Marks an answer as one that nobody keeps (RFC 6749 section 5.1).
pub(crate) fn no_store(headers: &mut http::HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
}

/// Notes that a client was refused, and why. `at` and `reason` are words of ours: they become labels of a metric.
pub(crate) fn refused(at: &'static str, client: &str, reason: &'static str) {
    metrics::counter!("icusync_oauth_refusals_total", "at" => at, "reason" => reason).increment(1);
    tracing::info!(
        at,
        client = text::clean(client, LOGGED),
        reason,
        "refused a client"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_error_is_what_clients_read() {
        let response = OAuthError::new("invalid_grant", "The code is spent.").into_response();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
        assert_eq!(
            body(response).await,
            r#"{"error":"invalid_grant","error_description":"The code is spent."}"#
        );
    }

    #[tokio::test]
    async fn a_wait_is_named_and_our_own_failures_stay_inside() {
        let limit = TooMany {
            retry_after: Duration::from_millis(1_500),
        };
        let response = OAuthError::from(limit).into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (429, &HeaderValue::from(2))
        );
        let away = OAuthError::from(sqlx::Error::PoolTimedOut).into_response();
        assert_eq!(
            (away.status().as_u16(), &away.headers()[RETRY_AFTER]),
            (503, &HeaderValue::from(5))
        );
        let ours = OAuthError::from(sqlx::Error::RowNotFound).into_response();
        assert_eq!(ours.status(), 500);
        assert!(body(ours).await.contains("server_error"));
    }

    #[test]
    fn a_challenge_answers_basic_only() {
        for used_basic in [true, false] {
            let response = OAuthError::invalid_client("Unknown client.", used_basic).into_response();
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), used_basic);
        }
    }
}
