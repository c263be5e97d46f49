//! The states of people who are at the outside identity provider: bound to the browser, single use.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Db;
use crate::{secrets::TokenHash, words::ProviderPurpose};

/// What was begun with a state.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    /// The row, where the secrets are sealed.
    pub id: Uuid,
    /// What for.
    pub purpose: ProviderPurpose,
    /// The session that it is for; none of somebody who signs in.
    pub session_hash: Option<Vec<u8>>,
    /// The nonce and the PKCE verifier, sealed for (`provider_states`, id, `sealed`).
    pub sealed: Vec<u8>,
    /// The word of the page to go on to.
    pub next: String,
}

/// Writes a state, bound to the browser with this cookie.
pub(crate) async fn create(
    db: impl Db<'_>,
    (state, browser): (TokenHash, TokenHash),
    begun: &Begun,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into provider_states (hash, browser_hash, id, purpose, session_hash, sealed, next, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        state.as_bytes(),
        browser.as_bytes(),
        begun.id,
        begun.purpose.as_str(),
        begun.session_hash,
        begun.sealed,
        begun.next,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Spends a state; none if it is unknown, spent, expired, or of another browser.
pub(crate) async fn take(
    db: impl Db<'_>,
    state: TokenHash,
    browser: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Begun>> {
    sqlx::query_as!(
        Begun,
        r#"
        delete from provider_states where hash = $1 and browser_hash = $2 and expires_at > $3
        returning id, purpose as "purpose: ProviderPurpose", session_hash, sealed, next
        "#,
        state.as_bytes(),
        browser.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `limit` expired states.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from provider_states where hash in (
            select hash from provider_states where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
