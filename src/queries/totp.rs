//! The secrets of one-time codes, one for each account: sealed, and confirmed once a code has shown that an app has it.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, TotpId},
    secrets::TokenHash,
};

/// An account's secret.
#[derive(Debug, Clone)]
pub(crate) struct Totp {
    /// The row.
    pub(crate) id: TotpId,
    /// The sealed secret.
    pub(crate) secret_sealed: Vec<u8>,
    /// The hash of the session in which it was begun.
    pub(crate) session_hash: Vec<u8>,
    /// When it was begun.
    pub(crate) created_at: DateTime<Utc>,
    /// When a code showed that an app has it.
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    /// The time step of the last code that was used: that one and those before are spent.
    pub(crate) last_step: i64,
}

/// Writes a secret that nothing has confirmed yet, instead of an earlier one like it; false if codes are on.
pub(crate) async fn begin(
    db: impl Db<'_>,
    id: TotpId,
    account_id: AccountId,
    secret_sealed: &[u8],
    session: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into totp (id, account_id, secret_sealed, session_hash, created_at) values ($1, $2, $3, $4, $5)
        on conflict (account_id) do update
            set id = excluded.id, secret_sealed = excluded.secret_sealed, session_hash = excluded.session_hash, last_step = 0,
                created_at = excluded.created_at
            where totp.confirmed_at is null
        "#,
        id.0,
        account_id.0,
        secret_sealed,
        session.as_bytes(),
        now
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// The account's secret, confirmed or not.
pub(crate) async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Totp>> {
    sqlx::query_as!(
        Totp,
        r#"
        select id as "id: TotpId", secret_sealed, session_hash, created_at, confirmed_at, last_step from totp
        where account_id = $1
        "#,
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Notes that an app has this secret, with the step of the code that showed it; false if it was confirmed or replaced meanwhile.
pub(crate) async fn confirm(
    db: impl Db<'_>,
    account_id: AccountId,
    id: TotpId,
    step: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp set confirmed_at = $4, last_step = $3 where account_id = $1 and id = $2 and confirmed_at is null",
        account_id.0,
        id.0,
        step,
        now
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Spends the code of a step and all before it: of several simultaneous uses of one code, one succeeds.
pub(crate) async fn spend(db: impl Db<'_>, account_id: AccountId, step: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp set last_step = $2 where account_id = $1 and confirmed_at is not null and last_step < $2",
        account_id.0,
        step
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Deletes the account's secret; true if it was confirmed, so that codes were on.
pub(crate) async fn delete(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<bool> {
    let confirmed = sqlx::query_scalar!(
        r#"delete from totp where account_id = $1 returning confirmed_at is not null as "confirmed!""#,
        account_id.0
    );
    Ok(confirmed.fetch_optional(db).await? == Some(true))
}

/// Deletes up to `limit` secrets from before `before` that nothing confirmed.
pub(crate) async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from totp where id in (
            select id from totp where confirmed_at is null and created_at <= $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
