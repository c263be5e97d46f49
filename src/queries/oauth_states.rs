//! The states of OAuth connects to intervals.icu in progress: bound to a session, single use.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::RequestId, secrets::TokenHash};

/// Writes a state for the session that begins a connect.
pub(crate) async fn create(
    db: impl Db<'_>,
    state: TokenHash,
    session: TokenHash,
    begun: Begun,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into oauth_states (hash, session_hash, may_write, created_at, expires_at, request_id)
        values ($1, $2, $3, $4, $5, (select id from sign_in_requests where id = $6))
        "#,
        state.as_bytes(),
        session.as_bytes(),
        begun.may_write,
        now,
        expires_at,
        begun.request_id.map(|id| id.0)
    )
    .execute(db)
    .await
    .map(drop)
}

/// What was begun with a state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// What the athlete chose about changes; None without a choice.
    pub(crate) may_write: Option<bool>,
    /// The client's sign-in to go back to.
    pub(crate) request_id: Option<RequestId>,
}

/// Spends a state; None if it is unknown, spent, expired or another session's.
pub(crate) async fn take(
    db: impl Db<'_>,
    state: TokenHash,
    session: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Begun>> {
    sqlx::query_as!(
        Begun,
        r#"
        delete from oauth_states where hash = $1 and session_hash = $2 and expires_at > $3
        returning may_write, request_id as "request_id: RequestId"
        "#,
        state.as_bytes(),
        session.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
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
