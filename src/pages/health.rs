//! Whether the process lives, and whether it can do its work.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;

use crate::{app::App, queries};

/// A database that needs longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers too.
pub async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(PATIENCE, queries::installation::ping(&app.pool)).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "no database\n"),
    }
}
