//! One mapping from a failure to its answer. Causes are logged here, once, and never shown.
//!
//! No page is drawn here: the pages' own layer dresses the bare status, so that pages stay the leaves of the house.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::guard::limits::TooMany;

/// Why a page's handler has no page.
#[derive(Debug)]
pub(crate) enum Problem {
    /// 400: a form or a query that our pages do not send: fields missing, doubled, or not text.
    BadForm,
    /// 404.
    NotFound,
    /// 413: more than a form may hold.
    TooLarge,
    /// 415: a body that is not a form.
    NotAForm,
    /// 429, with the time to wait.
    TooMany(Duration),
    /// 503: PostgreSQL cannot be reached.
    DatabaseAway,
    /// 500: our own failure.
    Ours(anyhow::Error),
}

impl Problem {
    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::DatabaseAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Whether the database is away or too busy to answer, rather than our statement wrong.
fn is_database_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => true,
        // Class 08: connection exception; 53: out of resources; 57P01-57P03: shutting down or starting up;
        // 57014: statement_timeout; 40P01, 55P03: deadlock, lock not available.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08")
                || code.starts_with("53")
                || matches!(&*code, "57P01" | "57P02" | "57P03" | "57014" | "40P01" | "55P03")
        }),
        _ => false,
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_database_away(&error) {
            tracing::warn!(%error, "the database is away");
            Self::DatabaseAway
        } else {
            Self::Ours(anyhow::Error::new(error).context("a query failed"))
        }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<sqlx::Error>() {
            Ok(error) => error.into(),
            Err(error) => Self::Ours(error),
        }
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::Ours(anyhow::Error::new(error).context("a template failed"))
    }
}

impl From<TooMany> for Problem {
    fn from(limit: TooMany) -> Self {
        Self::TooMany(limit.retry_after)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Ours(error) = &self {
            tracing::error!(error = format!("{error:#}"), "a page failed");
        }
        let mut response = self.status().into_response();
        let wait = match self {
            Self::TooMany(wait) => Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            Self::DatabaseAway => Some(5),
            _ => None,
        };
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        let response = Problem::TooMany(Duration::from_millis(1_200)).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
    }

    #[test]
    fn an_unreachable_database_is_told_apart_from_our_mistakes() {
        let away = anyhow::Error::new(sqlx::Error::PoolTimedOut).context("cannot list links");
        assert!(matches!(Problem::from(away), Problem::DatabaseAway));
        assert!(matches!(
            Problem::from(sqlx::Error::RowNotFound),
            Problem::Ours(_)
        ));
    }
}
