//! Browser sessions, known by the hash of their cookie.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::AccountId, secrets::TokenHash};

/// A living session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose it is.
    pub account_id: AccountId,
    /// The address of its account.
    pub email: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
}

/// Begins a session.
pub async fn create(
    db: impl Db<'_>,
    hash: TokenHash,
    account_id: AccountId,
    user_agent: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sessions (hash, account_id, created_at, last_seen_at, user_agent) values ($1, $2, $3, $3, $4)",
        hash.as_bytes(),
        account_id.0,
        now,
        user_agent
    )
    .execute(db)
    .await
    .map(drop)
}

/// The session with this hash, when it began after `began_after` and was used after `used_after`.
pub async fn living(
    db: impl Db<'_>,
    hash: TokenHash,
    began_after: DateTime<Utc>,
    used_after: DateTime<Utc>,
) -> sqlx::Result<Option<Session>> {
    sqlx::query_as!(
        Session,
        r#"
        select s.account_id as "account_id: AccountId", a.email, s.created_at, s.last_seen_at
        from sessions s join accounts a on a.id = s.account_id
        where s.hash = $1 and s.created_at > $2 and s.last_seen_at > $3
        "#,
        hash.as_bytes(),
        began_after,
        used_after
    )
    .fetch_optional(db)
    .await
}

/// Notes that a session was used.
pub async fn touch(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set last_seen_at = $2 where hash = $1",
        hash.as_bytes(),
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends one session.
pub async fn end(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where hash = $1", hash.as_bytes())
        .execute(db)
        .await
        .map(drop)
}

/// Ends every session of an account.
pub async fn end_all(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where account_id = $1", account_id.0)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes sessions that can never be used again.
pub async fn purge(
    db: impl Db<'_>,
    began_before: DateTime<Utc>,
    used_before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from sessions where created_at <= $1 or last_seen_at <= $2",
        began_before,
        used_before
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
