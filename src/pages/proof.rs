//! The proof that it is the account's owner who does something that only the owner may do: a session may be someone else's at an
//! unlocked screen. The password is asked for again; an account without one has its athlete give a fresh consent at intervals.icu, or
//! sign in at the outside identity provider again, or show the passkey that is its only way in.

use axum::response::Response;
use chrono::Duration;
use sqlx::PgConnection;

use super::{authorize::leading_anywhere, frame::leading_to_intervals};
use crate::{
    app::App,
    error::Problem,
    guard::{limits::Network, session::Session, tries},
    ids::AccountId,
    mail::Address,
    oidc::Provider,
    queries::{self, accounts::Account},
    secrets::{PasswordHash, TokenHash},
};

/// The text for a wrong password.
pub(super) const NOT_YOURS: &str = "This is not your password. Passwords tell capital letters apart.";
/// The text for a proof other than a password that is too old, or was never given.
pub(super) const NOT_FRESH: &str = "That took longer than 15 minutes. Confirm once more that it is you.";
/// How long such a proof counts.
const FRESH_FOR: Duration = Duration::minutes(15);

/// How the owner of an account proves to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asks {
    /// By the password, typed again.
    Password,
    /// By a consent at intervals.icu, which is still to be given.
    Consent,
    /// By signing in again at the outside identity provider, which people call this.
    Provider(String),
    /// By a passkey: no other way in is left here.
    Passkey,
    /// By one of the three, which was given just now.
    Nothing,
}

impl Asks {
    /// What this session is asked for.
    pub(super) async fn of(app: &App, session: &Session) -> Result<Self, Problem> {
        let issuer = app.provider.as_ref().map(Provider::issuer);
        let ways = queries::accounts::ways_of(&app.pool, session.account, issuer).await?;
        if ways.password {
            return Ok(Self::Password);
        }
        if is_fresh(app, &app.pool, session.hash).await? {
            return Ok(Self::Nothing);
        }
        let consents = ways.intervals && app.config.offers_oauth();
        Ok(match &app.provider {
            _ if consents => Self::Consent,
            Some(provider) if ways.provider => Self::Provider(provider.name().to_owned()),
            _ if ways.passkey => Self::Passkey,
            _ => Self::Consent,
        })
    }

    /// Whether the page has a field for the password.
    pub(super) fn password(&self) -> bool {
        *self == Self::Password
    }

    /// Whether the page first leads elsewhere: to intervals.icu, the outside identity provider, or the page that asks for a passkey.
    pub(super) fn consent(&self) -> bool {
        matches!(self, Self::Consent | Self::Provider(_) | Self::Passkey)
    }

    /// Whether a passkey is asked for.
    pub(super) fn passkey(&self) -> bool {
        *self == Self::Passkey
    }

    /// Lets the forms of a page lead to where the proof is given, and nowhere else: these are the pages that a thief would want.
    pub(super) fn leading(&self, response: Response) -> Response {
        match self {
            Self::Provider(_) => leading_anywhere(response),
            Self::Password | Self::Consent | Self::Passkey | Self::Nothing => leading_to_intervals(response),
        }
    }

    /// With what the owner confirms.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::Provider(name) => name,
            Self::Passkey => "your passkey",
            Self::Password | Self::Consent | Self::Nothing => "intervals.icu",
        }
    }

    /// Why a proof failed: the field and the text.
    pub(super) fn refusal(&self) -> (&'static str, &'static str) {
        match self {
            Self::Password => ("password", NOT_YOURS),
            Self::Consent | Self::Provider(_) | Self::Passkey | Self::Nothing => ("prove", NOT_FRESH),
        }
    }
}

/// An account whose owner has just proved to be there.
pub(super) struct Proof {
    /// The account.
    pub(super) account: Account,
    by: By,
}

/// What proved it.
enum By {
    Password(PasswordHash),
    Consent(TokenHash),
}

/// Checks the password typed by someone who is signed in, or without a password whether a consent was given just now; `None` if
/// there is no proof. A wrong password counts for this session only, so that nobody elsewhere can use up the owner's attempts.
pub(super) async fn in_session(
    app: &App,
    session: &Session,
    typed: Option<String>,
) -> Result<Option<Proof>, Problem> {
    let (account, hash) = of(app, session.account).await?;
    if hash.is_none() {
        let fresh = is_fresh(app, &app.pool, session.hash).await?;
        let by = By::Consent(session.hash);
        return Ok(fresh.then_some(Proof { account, by }));
    }
    let check = check(app, typed.unwrap_or_default(), hash.clone());
    let fits = tries::in_session(app, session.hash, check).await??;
    Ok(proof(account, hash, fits))
}

/// Checks the password behind a mail link, for someone who may not be signed in: a wrong one counts for the link. None for an
/// account without a password.
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

/// Checks the password of somebody who signs in to an account: a wrong one counts as on the sign-in page, for the address and the
/// network.
pub(super) async fn at_sign_in(
    app: &App,
    from: Network,
    account: AccountId,
    typed: String,
) -> Result<Option<Proof>, Problem> {
    app.limits.sign_in(from)?;
    let (account, hash) = of(app, account).await?;
    let check = check(app, typed, hash.clone());
    let key = account.email_key.clone().unwrap_or_default();
    let fits = tries::sign_in(app, from, &key, check).await??;
    Ok(proof(account, hash, fits))
}

/// Whether a proof was given in this session just now: a consent, or what [`queries::sessions::note_proof`] noted.
pub(super) async fn is_recent(app: &App, session: &Session) -> Result<bool, Problem> {
    Ok(is_fresh(app, &app.pool, session.hash).await?)
}

async fn of(app: &App, account: AccountId) -> Result<(Account, Option<PasswordHash>), Problem> {
    let account = queries::accounts::by_id(&app.pool, account)
        .await?
        .ok_or(Problem::NotFound)?;
    let hash = queries::accounts::password_of(&app.pool, account.id).await?;
    Ok((account, hash))
}

async fn is_fresh(app: &App, db: impl queries::Db<'_>, session: TokenHash) -> sqlx::Result<bool> {
    queries::sessions::is_proved(db, session, app.clock.now() - FRESH_FOR).await
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
    let by = By::Password(hash.filter(|_| fits)?);
    Some(Proof { account, by })
}

impl Proof {
    /// Whether what was proved still holds: the password is the same, or the account still has none and the other proof is fresh.
    /// Nobody can change it before `db`'s transaction ends, so that of two changes at once the second one is refused.
    pub(super) async fn holds(&self, app: &App, db: &mut PgConnection) -> sqlx::Result<bool> {
        let now = queries::accounts::lock_password_of(&mut *db, self.account.id).await?;
        match (&self.by, now) {
            (By::Password(hash), Some(now)) => Ok(now.as_str() == hash.as_str()),
            (By::Consent(session), None) => is_fresh(app, db, *session).await,
            _ => Ok(false),
        }
    }

    /// The hash of the password that proved it; none if a consent did.
    pub(super) fn password(&self) -> Option<&PasswordHash> {
        match &self.by {
            By::Password(hash) => Some(hash),
            By::Consent(_) => None,
        }
    }

    /// The account's address, if it has one.
    pub(super) fn address(&self) -> Option<Address> {
        Address::of(&self.account)
    }
}
