//! Identities that wait in a browser until somebody proves there that the account or the coach's address is theirs.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Db, sign_ins::Owner};
use crate::{
    ids::{AccountId, CoachId},
    secrets::TokenHash,
};

/// An identity that waits.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The row, where the identity is sealed.
    pub id: Uuid,
    /// The account that it would be bound to.
    pub account_id: Option<AccountId>,
    /// The coach that it would be bound to.
    pub coach_id: Option<CoachId>,
    /// The identity with its claims and tokens, sealed for (`identity_offers`, id, `sealed`).
    pub sealed: Vec<u8>,
    /// The mailed code's fingerprint; none if no code was mailed.
    pub code_hash: Option<Vec<u8>>,
    /// Wrong codes so far.
    pub tries: i32,
    /// When the code was mailed.
    pub mailed_at: Option<DateTime<Utc>>,
    /// The word of the page to go on to.
    pub next: String,
}

impl Offer {
    /// Whom it would be bound to.
    pub(crate) fn owner(&self) -> Option<Owner> {
        Owner::of(self.account_id, self.coach_id)
    }
}

/// An offer to write.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    /// The row.
    pub id: Uuid,
    /// The hash of the browser's cookie.
    pub hash: TokenHash,
    /// Whom it would be bound to.
    pub owner: Owner,
    /// The provider.
    pub issuer: &'a str,
    /// Who it is there.
    pub subject: &'a str,
    /// The provider's own name for its session.
    pub provider_session: Option<&'a str>,
    /// The identity, sealed.
    pub sealed: &'a [u8],
    /// The word of the page to go on to.
    pub next: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Writes an offer.
pub(crate) async fn create(db: impl Db<'_>, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into identity_offers (id, hash, account_id, coach_id, sealed, next, created_at, expires_at, issuer, subject,
            provider_session)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        new.id,
        new.hash.as_bytes(),
        new.owner.account(),
        new.owner.coach(),
        new.sealed,
        new.next,
        new.now,
        new.expires_at,
        new.issuer,
        new.subject,
        new.provider_session
    )
    .execute(db)
    .await
    .map(drop)
}

/// The offer of the browser with this cookie, unless it has expired.
pub(crate) async fn living(
    db: impl Db<'_>,
    hash: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Offer>> {
    sqlx::query_as!(
        Offer,
        r#"
        select id, account_id as "account_id: AccountId", coach_id as "coach_id: CoachId", sealed, code_hash, tries,
            mailed_at, next
        from identity_offers where hash = $1 and expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// [`living`], locked until the transaction ends: of two presses at once the second one sees what the first did.
pub(crate) async fn lock(
    db: impl Db<'_>,
    hash: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Offer>> {
    sqlx::query_as!(
        Offer,
        r#"
        select id, account_id as "account_id: AccountId", coach_id as "coach_id: CoachId", sealed, code_hash, tries,
            mailed_at, next
        from identity_offers where hash = $1 and expires_at > $2
        for update
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Notes the code that was mailed. Wrong codes before it count on, so that nobody buys new tries with new codes.
pub(crate) async fn set_code(
    db: impl Db<'_>,
    id: Uuid,
    code_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update identity_offers set code_hash = $2, mailed_at = $3, expires_at = greatest(expires_at, $4) where id = $1",
        id,
        code_hash,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Counts a wrong code.
pub(crate) async fn count_try(db: impl Db<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update identity_offers set tries = tries + 1 where id = $1", id)
        .execute(db)
        .await
        .map(drop)
}

/// Ends an offer; false if it had ended.
pub(crate) async fn end(db: impl Db<'_>, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from identity_offers where id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all that would be bound to an account, or to the coach with its address.
pub(crate) async fn end_all(db: impl Db<'_>, account: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from identity_offers where account_id = $1
            or coach_id in (select c.id from coaches c join accounts a on a.email_key = c.email_key where a.id = $1)
        "#,
        account.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` expired offers.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from identity_offers where id in (
            select id from identity_offers where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
