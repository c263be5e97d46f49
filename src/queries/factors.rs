//! What an account asks for besides the way in: passkeys and one-time codes.

use super::Db;
use crate::ids::AccountId;

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
