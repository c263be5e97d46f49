//! Attempts of the last day that count for a limit: wrong passwords and second factors, emails to strangers and more.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Db;

/// What an attempt counts for: the three lists belong together, item by item.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    /// SHA-256 of each subject.
    pub subjects: Vec<Vec<u8>>,
    /// How many attempts each may have, at least one.
    pub most: Vec<i64>,
    /// The time from which each one's attempts count.
    pub since: Vec<DateTime<Utc>>,
    /// An attempt begun by then that is still being hashed was cut off: it counts as wrong.
    pub cut_off: DateTime<Utc>,
}

/// A subject that has used up its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full {
    /// Its place in the list, counted from one.
    pub number: i64,
    /// When the next attempt is free.
    pub free_at: DateTime<Utc>,
    /// Whether it is full only because of attempts that are still being hashed.
    pub may_pass: bool,
}

/// Locks these keys, in the order of the list, until `db`'s transaction ends.
pub(crate) async fn lock(db: impl Db<'_>, keys: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key",
        keys
    )
    .execute(db)
    .await
    .map(drop)
}

/// Writes an attempt for every subject, `hashed` if it will be judged, unless one of them is full: then it writes
/// nothing and returns the one that is full for longest, preferring those that are full whatever the hashing shows.
/// Exact only while the subjects are locked.
pub(crate) async fn reserve(
    db: impl Db<'_>,
    id: Uuid,
    counts: &Counts,
    now: DateTime<Utc>,
    hashed: bool,
) -> sqlx::Result<Option<Full>> {
    sqlx::query_as!(
        Full,
        r#"
        with full_one as (
            select l.number, nth.at + ($5::timestamptz - l.since) as free_at,
                (
                    select count(*) from tries t
                    where t.subject_hash = l.subject_hash and t.at > l.since and (not t.hashed or t.at <= $7)
                ) < l.most as may_pass
            from unnest($2::bytea[], $3::bigint[], $4::timestamptz[]) with ordinality as l (subject_hash, most, since, number)
            cross join lateral (
                select t.at from tries t where t.subject_hash = l.subject_hash and t.at > l.since
                order by t.at desc offset l.most - 1 limit 1
            ) as nth
        ), reserved as (
            insert into tries (id, subject_hash, at, hashed)
            select $1, subject_hash, $5, $6 from unnest($2::bytea[]) as subject_hash where not exists (select from full_one)
        )
        select number as "number!", free_at as "free_at!", may_pass as "may_pass!" from full_one
        order by may_pass, free_at desc limit 1
        "#,
        id,
        &counts.subjects,
        &counts.most,
        &counts.since,
        now,
        hashed,
        counts.cut_off
    )
    .fetch_optional(db)
    .await
}

/// Takes an attempt back, so that it does not count.
pub(crate) async fn take_back(db: impl Db<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from tries where id = $1", id)
        .execute(db)
        .await
        .map(drop)
}

/// Notes that an attempt was judged wrong.
pub(crate) async fn settle(db: impl Db<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update tries set hashed = false where id = $1", id)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes every attempt of a subject.
pub(crate) async fn forget(db: impl Db<'_>, subject: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from tries where id in (select id from tries where subject_hash = $1)",
        subject
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` rows from `before` or earlier.
pub(crate) async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from tries where (id, subject_hash) in (
            select id, subject_hash from tries where at <= $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
