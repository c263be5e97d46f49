//! Codes mailed to coaches who sign in for a client. Each address that was typed has a row, with a grant or without.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Db;
use crate::ids::{CoachId, RequestId};

/// A code to write.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    /// The row.
    pub id: Uuid,
    /// The sign-in that it belongs to.
    pub request: RequestId,
    /// The address as typed.
    pub email: &'a str,
    /// The coach with the address; none if nobody granted it anything.
    pub coach_id: Option<CoachId>,
    /// The code's fingerprint.
    pub code_hash: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Writes a code.
pub(crate) async fn create(db: impl Db<'_>, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into sign_in_codes (id, request_id, email, coach_id, code_hash, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        new.id,
        new.request.0,
        new.email,
        new.coach_id.map(|coach| coach.0),
        new.code_hash,
        new.now,
        new.expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// A code of a sign-in that has not expired.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// The row.
    pub id: Uuid,
    /// The address as typed.
    pub email: String,
    /// The coach with the address.
    pub coach_id: Option<CoachId>,
    /// The code's fingerprint.
    pub hash: Vec<u8>,
    /// Wrong codes so far.
    pub tries: i32,
}

/// The newest code of a sign-in that has not expired, killed or not.
pub(crate) async fn newest(
    db: impl Db<'_>,
    request: RequestId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Code>> {
    sqlx::query_as!(
        Code,
        r#"
        select id, email, coach_id as "coach_id: CoachId", code_hash as hash, tries from sign_in_codes
        where request_id = $1 and expires_at > $2
        order by created_at desc, id desc
        limit 1
        for update
        "#,
        request.0,
        now
    )
    .fetch_optional(db)
    .await
}

/// Counts a try.
pub(crate) async fn count_try(db: impl Db<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update sign_in_codes set tries = tries + 1 where id = $1", id)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes the codes of a sign-in: one was right.
pub(crate) async fn end(db: impl Db<'_>, request: RequestId) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_codes where request_id = $1", request.0)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes the codes that were mailed to a coach.
pub(crate) async fn end_of_coach(db: impl Db<'_>, coach: CoachId) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_codes where coach_id = $1", coach.0)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes up to `limit` codes that have expired.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sign_in_codes where id in (
            select id from sign_in_codes where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
