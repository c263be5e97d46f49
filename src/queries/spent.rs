//! What counts once, by its hash: whoever comes with it a second time comes too late.

use chrono::{DateTime, Utc};

use super::Db;

/// Spends something until `until`; false if it was spent before, and counts no longer.
pub(crate) async fn once(db: impl Db<'_>, hash: &[u8], until: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into spent (hash, expires_at) values ($1, $2) on conflict do nothing",
        hash,
        until
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes up to `limit` that would be refused for their age by now.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from spent where hash in (
            select hash from spent where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
