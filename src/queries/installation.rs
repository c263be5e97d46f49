//! What this database belongs to: a real installation or a demo.

use chrono::{DateTime, Utc};

use super::Db;

/// Marks the database as `kind` (`real` or `demo`) unless it is marked already, and answers what it is marked as.
pub async fn mark(db: impl Db<'_>, kind: &str, now: DateTime<Utc>) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"
        with fresh as (
            insert into installation (kind, created_at) values ($1, $2)
            on conflict (only_row) do nothing
            returning kind
        )
        select kind as "kind!" from fresh
        union all
        select kind from installation
        limit 1
        "#,
        kind,
        now
    )
    .fetch_one(db)
    .await
}

/// Whether the database answers at all.
pub async fn ping(db: impl Db<'_>) -> sqlx::Result<()> {
    sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(db).await.map(drop)
}
