//! The password, asked for again before something that only the account's owner may do: a session may be someone else's at
//! an unlocked screen.

use sqlx::PgConnection;

use crate::{
    app::App,
    error::Problem,
    guard::{session::Session, tries},
    ids::AccountId,
    mail::Address,
    queries::{self, accounts::Account},
    secrets::{PasswordHash, TokenHash},
};

/// The text for a wrong password.
pub(super) const NOT_YOURS: &str = "This is not your password. Passwords tell capital letters apart.";

/// An account whose owner has just typed its password.
pub(super) struct Proof {
    /// The account.
    pub(super) account: Account,
    hash: PasswordHash,
}

/// Checks the password typed by someone who is signed in; `None` if it is wrong. A wrong one counts for this session only,
/// so that nobody elsewhere can use up the owner's attempts.
pub(super) async fn in_session(
    app: &App,
    session: &Session,
    typed: String,
) -> Result<Option<Proof>, Problem> {
    let (account, hash) = of(app, session.account).await?;
    let check = check(app, typed, hash.clone());
    let fits = tries::in_session(app, session.hash, check).await??;
    Ok(proof(account, hash, fits))
}

/// The same behind a mail link, for someone who may not be signed in: a wrong one counts for the link.
pub(super) async fn behind_link(
    app: &App,
    link: TokenHash,
    account: AccountId,
    typed: String,
) -> Result<Option<Proof>, Problem> {
    let (account, hash) = of(app, account).await?;
    let check = check(app, typed, hash.clone());
    let fits = tries::behind_link(app, link, check).await??;
    Ok(proof(account, hash, fits))
}

async fn of(app: &App, account: AccountId) -> Result<(Account, Option<PasswordHash>), Problem> {
    let account = queries::accounts::by_id(&app.pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let hash = queries::accounts::password_of(&app.pool, account.id).await?;
    Ok((account, hash))
}

fn check(
    app: &App,
    typed: String,
    hash: Option<PasswordHash>,
) -> impl Future<Output = bool> + Send + 'static {
    let passwords = app.passwords.clone();
    async move { passwords.verify_typed(typed, hash).await }
}

fn proof(account: Account, hash: Option<PasswordHash>, fits: bool) -> Option<Proof> {
    hash.filter(|_| fits).map(|hash| Proof { account, hash })
}

impl Proof {
    /// Whether what was typed is still the password. Nobody can change it before `db`'s transaction ends, so that of two
    /// changes at once the second one is refused.
    pub(super) async fn holds(&self, db: &mut PgConnection) -> sqlx::Result<bool> {
        let now = queries::accounts::lock_password_of(db, self.account.id).await?;
        Ok(now.is_some_and(|now| now.as_str() == self.hash.as_str()))
    }

    /// The account's address.
    pub(super) fn address(&self) -> Address {
        Address::stored(&self.account.email, &self.account.email_key)
    }
}
