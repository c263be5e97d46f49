//! What an account asks for besides the way in: passkeys and one-time codes.

use chrono::{DateTime, Utc};

use super::Db;
use crate::ids::AccountId;

/// The factors of an account.
#[derive(Debug, Clone)]
pub struct Factors {
    /// Since when codes of an app are on.
    pub codes_since: Option<DateTime<Utc>>,
    /// How many passkeys there are.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl Factors {
    /// Whether there is any, so that it is asked for.
    pub fn has_any(&self) -> bool {
        self.codes_since.is_some() || self.passkeys > 0
    }
}

/// The factors of an account.
pub async fn of_account(db: impl Db<'_>, account: AccountId) -> sqlx::Result<Factors> {
    sqlx::query_as!(
        Factors,
        r#"
        select (select confirmed_at from totp where account_id = $1) as codes_since,
            (select count(*) from passkeys where account_id = $1) as "passkeys!",
            (select count(*) from recovery_codes where account_id = $1) as "recovery_codes!"
        "#,
        account.0
    )
    .fetch_one(db)
    .await
}

/// Deletes every factor of an account and its recovery codes.
pub async fn end_all(db: impl Db<'_>, account: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with codes as (delete from totp where account_id = $1), recovery as (delete from recovery_codes where account_id = $1)
        delete from passkeys where account_id = $1
        "#,
        account.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether the account has any factor.
pub async fn has_any(db: impl Db<'_>, account: AccountId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from passkeys where account_id = $1)
            or exists (select from totp where account_id = $1 and confirmed_at is not null) as "has!"
        "#,
        account.0
    )
    .fetch_one(db)
    .await
}
