//! Wishes to change an account's address, each waiting for the answer to a mail: looking spends nothing, taking works once.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::AccountId, secrets::TokenHash};

/// A wish that still counts.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Whose address is to change.
    pub account_id: AccountId,
    /// The new address, as typed; the mail went there.
    pub email: String,
    /// The same for lookup.
    pub email_key: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Until when the mail's link works.
    pub expires_at: DateTime<Utc>,
}

/// Writes a wish in the place of the account's earlier one: only the newest mail works.
pub async fn replace(db: impl Db<'_>, hash: TokenHash, wish: &Wish) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into address_changes (account_id, hash, email, email_key, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (account_id) do update set
            hash = excluded.hash, email = excluded.email, email_key = excluded.email_key,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        "#,
        wish.account_id.0,
        hash.as_bytes(),
        wish.email,
        wish.email_key,
        wish.created_at,
        wish.expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Looks at a wish without spending it.
pub async fn peek(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<Wish>> {
    sqlx::query_as!(
        Wish,
        r#"
        select account_id as "account_id: AccountId", email, email_key, created_at, expires_at
        from address_changes where hash = $1 and expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Spends a wish: of many who try at once, one gets it.
pub async fn take(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<Wish>> {
    sqlx::query_as!(
        Wish,
        r#"
        delete from address_changes where hash = $1 and expires_at > $2
        returning account_id as "account_id: AccountId", email, email_key, created_at, expires_at
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// The account's wish, when there is one.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Wish>> {
    sqlx::query_as!(
        Wish,
        r#"
        select account_id as "account_id: AccountId", email, email_key, created_at, expires_at
        from address_changes where account_id = $1
        "#,
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Drops the account's wish.
pub async fn end(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!("delete from address_changes where account_id = $1", account_id.0)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes up to `limit` expired wishes.
pub async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from address_changes where account_id in (
            select account_id from address_changes where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
