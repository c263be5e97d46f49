//! The hashes of an account's recovery codes. A code that was used is gone.

use super::Db;
use crate::ids::AccountId;

/// Writes the hashes of new codes instead of all earlier ones.
pub(crate) async fn replace(db: impl Db<'_>, account_id: AccountId, hashes: &[Vec<u8>]) -> sqlx::Result<()> {
    // Old and new codes have no hash in common, so one statement can do both.
    sqlx::query!(
        r#"
        with old as (delete from recovery_codes where account_id = $1)
        insert into recovery_codes (account_id, hash) select $1, hash from unnest($2::bytea[]) as hash
        "#,
        account_id.0,
        hashes
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether the account has this code.
pub(crate) async fn has(db: impl Db<'_>, account_id: AccountId, hash: &[u8]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from recovery_codes where account_id = $1 and hash = $2) as "has!""#,
        account_id.0,
        hash
    )
    .fetch_one(db)
    .await
}

/// Spends a code: of several simultaneous uses, one succeeds.
pub(crate) async fn spend(db: impl Db<'_>, account_id: AccountId, hash: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from recovery_codes where account_id = $1 and hash = $2",
        account_id.0,
        hash
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Ends all codes of an account.
pub(crate) async fn end_all(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where account_id = $1", account_id.0)
        .execute(db)
        .await
        .map(drop)
}
