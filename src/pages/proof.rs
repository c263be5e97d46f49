//! The password asked for once more, before something that only the account's owner may do: a session alone may be somebody
//! else's at an unlocked screen.

use sqlx::PgConnection;

use super::From;
use crate::{
    app::App,
    error::Problem,
    ids::AccountId,
    mail::Address,
    queries::{self, accounts::Account},
    secrets::PasswordHash,
};

/// What is said when it does not fit.
pub(super) const NOT_YOURS: &str = "This is not your password. Passwords tell capital letters apart.";

/// An account whose owner has just typed its password.
pub(super) struct Proof {
    /// The account.
    pub(super) account: Account,
    hash: PasswordHash,
}

/// Checks what somebody typed; it counts as a sign-in does. `None` when it does not fit.
pub(super) async fn of(
    app: &App,
    from: From,
    account: AccountId,
    typed: String,
) -> Result<Option<Proof>, Problem> {
    let account = queries::accounts::by_id(&app.pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    app.limits.sign_in(from.0, &account.email_key)?;
    let hash = queries::accounts::password_of(&app.pool, account.id).await?;
    let fits = app.passwords.verify_typed(typed, hash.clone()).await;
    Ok(hash.filter(|_| fits).map(|hash| Proof { account, hash }))
}

impl Proof {
    /// Whether what was typed is still the password. From here to the end of `db`'s transaction nobody changes it, so that of
    /// two changes at once the second one is refused.
    pub(super) async fn holds(&self, db: &mut PgConnection) -> sqlx::Result<bool> {
        let now = queries::accounts::lock_password_of(db, self.account.id).await?;
        Ok(now.is_some_and(|now| now.as_str() == self.hash.as_str()))
    }

    /// The account's address.
    pub(super) fn address(&self) -> Address {
        Address {
            typed: self.account.email.clone(),
            key: self.account.email_key.clone(),
        }
    }
}
