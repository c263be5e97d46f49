//! Consents at intervals.icu whose athlete is known, but not yet the account that they are for: bound to a browser, single use.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::JobId, secrets::TokenHash, words::JobState};

/// A consent that waits.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    /// The athlete who gave it.
    pub(crate) athlete_id: String,
    /// The athlete's name, as upstream has it.
    pub(crate) athlete_name: String,
    /// What is shared.
    pub(crate) scopes: Vec<String>,
    /// The job that revokes the token when the time is over, and holds it until then.
    pub(crate) job_id: JobId,
    /// Whether somebody who is signed in wanted to connect; otherwise somebody wanted to sign in.
    pub(crate) connects: bool,
    /// The word of the page to go on to.
    pub(crate) next: Option<String>,
}

/// A consent to be written.
#[derive(Debug)]
pub(crate) struct NewConsent<'a> {
    /// The hash of the browser's token.
    pub(crate) hash: TokenHash,
    /// The athlete.
    pub(crate) athlete_id: &'a str,
    /// The athlete's name.
    pub(crate) athlete_name: &'a str,
    /// What is shared.
    pub(crate) scopes: &'a [String],
    /// The job with the token.
    pub(crate) job_id: JobId,
    /// The session that wanted to connect.
    pub(crate) session: Option<TokenHash>,
    /// The word of the page to go on to.
    pub(crate) next: Option<&'a str>,
    /// Now.
    pub(crate) now: DateTime<Utc>,
    /// When it expires.
    pub(crate) expires_at: DateTime<Utc>,
}

/// Writes a consent.
pub(crate) async fn create(db: impl Db<'_>, new: NewConsent<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into consents
            (hash, athlete_id, athlete_name, scopes, job_id, session_hash, next, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        new.hash.as_bytes(),
        new.athlete_id,
        new.athlete_name,
        new.scopes,
        new.job_id.0,
        new.session.as_ref().map(TokenHash::as_bytes),
        new.next,
        new.now,
        new.expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// The consent of this browser, unless it was spent or has expired.
pub(crate) async fn peek(
    db: impl Db<'_>,
    hash: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Consent>> {
    sqlx::query_as!(
        Consent,
        r#"
        select athlete_id, athlete_name, scopes, job_id as "job_id: JobId", session_hash is not null as "connects!", next
        from consents where hash = $1 and expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Spends the consent of this browser and returns the sealed payload of its job, which is deleted: the token is the caller's. None
/// if it was spent, has expired, or is just being revoked.
pub(crate) async fn take(
    db: impl Db<'_>,
    hash: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"
        with spent as (delete from consents where hash = $1 and expires_at > $2 returning job_id)
        delete from jobs using spent where jobs.id = spent.job_id and state = $3 and attempts = 0
        returning payload as "payload!"
        "#,
        hash.as_bytes(),
        now,
        JobState::Pending.as_str()
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `limit` expired consents.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from consents where hash in (
            select hash from consents where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
