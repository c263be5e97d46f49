//! The states of OAuth connects to intervals.icu in progress: bound to a session, single use.

use chrono::{DateTime, Utc};

use super::Db;
use crate::secrets::TokenHash;

/// Writes a state for the session that begins a connect.
pub(crate) async fn create(
    db: impl Db<'_>,
    state: TokenHash,
    session: TokenHash,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into oauth_states (hash, session_hash, created_at, expires_at) values ($1, $2, $3, $4)",
        state.as_bytes(),
        session.as_bytes(),
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Spends a state; false if it is unknown, spent, expired or another session's.
pub(crate) async fn take(
    db: impl Db<'_>,
    state: TokenHash,
    session: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from oauth_states where hash = $1 and session_hash = $2 and expires_at > $3",
        state.as_bytes(),
        session.as_bytes(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes up to `limit` expired states.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from oauth_states where hash in (
            select hash from oauth_states where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
