//! Upstream's error answers, with the measured texts where there are any.
//!
//! Bodies only; the code that handles a request decides when one is due.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// An answer other than the one hoped for.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Refusal {
    /// `{"status":…,"error":…}`.
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            body: json!({"status": status.as_u16(), "error": error.into()}),
        }
    }

    /// No credential, or an unknown one.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    /// Wrong kind of credential, missing scope, another athlete's data.
    pub(super) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Access denied")
    }

    /// No such object.
    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// The framework's own answer for a path or method that it does not know.
    pub(super) fn unrouted(status: StatusCode, path: &str, now: DateTime<Utc>) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        Self {
            status,
            body: json!({
                "timestamp": super::athlete::stamp(now), "status": status.as_u16(), "error": reason, "path": path,
            }),
        }
    }

    /// What the caller sent makes no sense.
    pub(super) fn unprocessable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    /// A required query parameter is absent.
    pub(super) fn absent(name: &str, kind: &str) -> Self {
        Self::unprocessable(format!(
            "Required request parameter '{name}' for method parameter type {kind} is not present"
        ))
    }

    /// A parameter does not have its type: upstream answers 500 for that.
    pub(super) fn mismatch(name: &str, kind: &str, value: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!(
                "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException: Method parameter \
                 '{name}': Failed to convert value of type 'java.lang.String' to required type '{kind}'; For input \
                 string: \"{value}\""
            ),
        )
    }

    /// A body that is not JSON of the expected shape.
    pub(super) fn unreadable() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "JSON parse error")
    }

    /// The same, for one field of it.
    pub(super) fn malformed(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("JSON parse error: {what}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
