//! Whether this database belongs to a real installation or a demo.

use chrono::{DateTime, Utc};

use super::Db;
use crate::words::Purpose;

/// What created a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It has no IcuSync schema yet.
    Empty,
    /// It has a schema but no mark.
    Unmarked,
    /// Marked.
    Marked(Purpose),
}

/// What created this database. It may have no schema yet.
pub async fn kind(db: &mut sqlx::PgConnection) -> sqlx::Result<Kind> {
    let exists = sqlx::query_scalar!(r#"select to_regclass('installation') is not null as "exists!""#)
        .fetch_one(&mut *db)
        .await?;
    if !exists {
        return Ok(Kind::Empty);
    }
    let kind = sqlx::query_scalar!(r#"select kind as "kind: Purpose" from installation"#)
        .fetch_optional(db)
        .await?;
    Ok(kind.map_or(Kind::Unmarked, Kind::Marked))
}

/// Marks the database unless it is already marked, and returns its mark.
pub async fn mark(db: impl Db<'_>, purpose: Purpose, now: DateTime<Utc>) -> sqlx::Result<Purpose> {
    sqlx::query_scalar!(
        r#"
        insert into installation as marked (kind, created_at) values ($1, $2)
        on conflict (only_row) do update set kind = marked.kind
        returning kind as "kind: Purpose"
        "#,
        purpose.as_str(),
        now
    )
    .fetch_one(db)
    .await
}

/// Whether the database answers at all.
pub async fn ping(db: impl Db<'_>) -> sqlx::Result<()> {
    sqlx::query_scalar!(r#"select 1 as "one!""#)
        .fetch_one(db)
        .await
        .map(drop)
}
