//! Recoveries: somebody lost every factor, and the owner has until `ready_at` to say that it was not them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Db;
use crate::{ids::AccountId, words::MailLinkKind};

/// A recovery that has begun and not ended.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Recovery {
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When its link can be mailed.
    pub ready_at: DateTime<Utc>,
    /// When the link was mailed.
    pub mailed_at: Option<DateTime<Utc>>,
}

/// Begins one; false if one is open already.
pub async fn begin(
    db: impl Db<'_>,
    account_id: AccountId,
    now: DateTime<Utc>,
    ready_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into recoveries (account_id, begun_at, ready_at) values ($1, $2, $3) on conflict do nothing",
        account_id.0,
        now,
        ready_at
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// The account's open recovery.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Recovery>> {
    sqlx::query_as!(
        Recovery,
        "select begun_at, ready_at, mailed_at from recoveries where account_id = $1",
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Ends the account's recovery, and the links of it that were mailed; whether there was one.
pub async fn end(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with links as (delete from mail_links where account_id = $1 and kind = $2)
        delete from recoveries where account_id = $1
        "#,
        account_id.0,
        MailLinkKind::Recover.as_str()
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Accounts whose recovery is ready and whose link was not mailed yet.
pub async fn due(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<AccountId>> {
    sqlx::query_scalar!(
        r#"
        select account_id as "account_id: AccountId" from recoveries
        where mailed_at is null and ready_at <= $1 order by ready_at limit $2
        "#,
        now,
        limit
    )
    .fetch_all(db)
    .await
}

/// Notes that the link is mailed, and returns when the recovery began; none if it ended, or another instance mailed the link.
pub async fn mail(
    db: impl Db<'_>,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        update recoveries set mailed_at = $2 where account_id = $1 and mailed_at is null and ready_at <= $2
        returning begun_at
        "#,
        account_id.0,
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `limit` recoveries whose link was mailed by `before` and not used.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from recoveries where account_id in (
            select account_id from recoveries where mailed_at <= $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
