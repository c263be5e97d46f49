//! Sign-ins that still need a second factor, found by the hash of their cookie.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, IdentityId},
    secrets::TokenHash,
    words::Way,
};

/// Somebody who showed the first factor.
#[derive(Debug, Clone)]
pub struct Step {
    /// The account.
    pub account_id: AccountId,
    /// The way in.
    pub way: Way,
    /// The identity of the provider, if it was that.
    pub identity_id: Option<IdentityId>,
    /// The provider's own name for its session.
    pub provider_session: Option<String>,
    /// Whether the way in also proved who is there.
    pub is_proof: bool,
    /// Where to go on to: a path of ours.
    pub next_path: String,
}

/// Writes a step.
pub async fn create(
    db: impl Db<'_>,
    hash: TokenHash,
    step: &Step,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into sign_in_steps (hash, account_id, way, identity_id, provider_session, is_proof, next_path, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        hash.as_bytes(),
        step.account_id.0,
        step.way.as_str(),
        step.identity_id.map(|id| id.0),
        step.provider_session,
        step.is_proof,
        step.next_path,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// The step with this hash, unless it has expired.
pub async fn living(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<Step>> {
    sqlx::query_as!(
        Step,
        r#"
        select account_id as "account_id: AccountId", way as "way: Way", identity_id as "identity_id: IdentityId",
            provider_session, is_proof, next_path
        from sign_in_steps where hash = $1 and expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes the step with this hash and returns it, unless it has expired: of two that finish one step at once, one does.
pub async fn take(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<Step>> {
    sqlx::query_as!(
        Step,
        r#"
        delete from sign_in_steps where hash = $1 and expires_at > $2
        returning account_id as "account_id: AccountId", way as "way: Way", identity_id as "identity_id: IdentityId",
            provider_session, is_proof, next_path
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Ends the step with this hash.
pub async fn end(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_steps where hash = $1", hash.as_bytes())
        .execute(db)
        .await
        .map(drop)
}

/// Deletes up to `limit` steps that have expired.
pub async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sign_in_steps where hash in (
            select hash from sign_in_steps where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
