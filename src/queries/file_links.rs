//! Download links: minted, found by their hash, spent once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Db;
use crate::{
    ids::{AccountId, ConnectionId, ConnectorId, GrantId},
    secrets::TokenHash,
};

/// A link, in a row.
#[derive(Debug, Clone)]
pub struct FileLink {
    /// The row.
    pub id: Uuid,
    /// The connector through which it was asked for.
    pub connector_id: ConnectorId,
    /// The hash of that connector's token, if only this one counts.
    pub token_hash: Option<Vec<u8>>,
    /// Whose data it is.
    pub account_id: AccountId,
    /// The grant by which it may be read; none for the athlete.
    pub grant_id: Option<GrantId>,
    /// The connection that showed the athlete.
    pub connection_id: ConnectionId,
    /// The athlete.
    pub athlete_id: String,
    /// The client's own name for itself.
    pub client: String,
    /// What is downloaded, sealed.
    pub sealed: Vec<u8>,
    /// When it was minted.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Writes a link.
pub async fn create(db: impl Db<'_>, hash: TokenHash, link: &FileLink) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into file_links
            (id, hash, connector_id, token_hash, account_id, grant_id, connection_id, athlete_id, client, sealed, created_at,
            expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        link.id,
        hash.as_bytes(),
        link.connector_id.0,
        link.token_hash,
        link.account_id.0,
        link.grant_id.map(|id| id.0),
        link.connection_id.0,
        link.athlete_id,
        link.client,
        link.sealed,
        link.created_at,
        link.expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// The link with this hash, if it is good now.
pub async fn find(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<FileLink>> {
    sqlx::query_as!(
        FileLink,
        r#"
        select id, connector_id as "connector_id: ConnectorId", token_hash, account_id as "account_id: AccountId",
            grant_id as "grant_id: GrantId", connection_id as "connection_id: ConnectionId", athlete_id, client, sealed,
            created_at, expires_at
        from file_links where hash = $1 and used_at is null and expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// The hash of a token of the link's connector that was good at `at`: the one that the link names, else the newest one.
pub async fn token_of(db: impl Db<'_>, link: &FileLink, at: DateTime<Utc>) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"
        select hash as "hash!" from connector_tokens
        where connector_id = $1 and expires_at > $2 and ($3::bytea is null or hash = $3)
        order by expires_at desc limit 1
        "#,
        link.connector_id.0,
        at,
        link.token_hash
    )
    .fetch_optional(db)
    .await
}

/// What became of an attempt to spend a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It is spent now, by this attempt.
    Now,
    /// It was spent before, or is over.
    Before,
    /// Nothing is spent: too many files of the athlete are on their way.
    Crowded,
}

/// Spends a link, unless `most` files of the athlete are on their way, on any instance. In a transaction, in which one such
/// attempt for an athlete waits for another.
pub async fn spend(
    db: &mut PgConnection,
    link: &FileLink,
    most: i64,
    now: DateTime<Utc>,
    running_until: DateTime<Utc>,
) -> sqlx::Result<Spent> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
        format!("files of {}", link.athlete_id)
    )
    .execute(&mut *db)
    .await?;
    let running = sqlx::query_scalar!(
        r#"select count(*) as "count!" from file_links where athlete_id = $1 and running_until > $2"#,
        link.athlete_id,
        now
    )
    .fetch_one(&mut *db)
    .await?;
    if running >= most {
        return Ok(Spent::Crowded);
    }
    let done = sqlx::query!(
        "update file_links set used_at = $2, running_until = $3 where id = $1 and used_at is null and expires_at > $2",
        link.id,
        now,
        running_until
    )
    .execute(&mut *db)
    .await?;
    Ok(if done.rows_affected() == 1 {
        Spent::Now
    } else {
        Spent::Before
    })
}

/// The file is not on its way any more. If nothing of it was passed on, the link is good again.
pub async fn ended(db: impl Db<'_>, id: Uuid, is_good_again: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "update file_links set running_until = null, used_at = case when $2 then null else used_at end where id = $1",
        id,
        is_good_again
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` that are over; one whose file is on its way counts until that ends.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from file_links where id in (
            select id from file_links
            where expires_at <= $1 and (running_until is null or running_until <= $1)
            limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
