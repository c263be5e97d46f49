//! The second factor: what somebody types is judged and spent here, and here it is kept who has how many. Passkeys are judged in
//! `passkeys`; what follows once a factor was shown is the same for all of them.
//!
//! No HTML. The door lets in; this says whether the factor is right.

use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{
    coach_code,
    session::Session,
    sign_ins,
    sign_ins::From,
    totp::{self, Secret},
    tries::{self, NoMore},
};
use crate::{
    app::App,
    ids::{AccountId, TotpId},
    mail::{Address, FactorAdded, FactorRemoved, Mail, Theirs, outbox},
    queries::{self, factors::Factors, sign_in_log::How, sign_ins::Owner},
    secrets::{Random, TokenHash},
    words::{Factor, SignInOutcome, Way},
};

/// How long a factor that was shown is not asked for again.
pub(crate) const FRESH_FOR: chrono::Duration = chrono::Duration::minutes(10);
/// How long a secret waits for its first code.
const WAITS: chrono::Duration = chrono::Duration::minutes(15);
/// How many recovery codes are made.
pub(crate) const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: some 79 bits, so that a plain hash keeps them.
const RECOVERY_LENGTH: usize = 16;

/// Whether a factor was shown in this session a short time ago.
pub(crate) fn is_fresh(app: &App, session: &Session) -> bool {
    let fresh = chrono::Duration::zero()..FRESH_FOR;
    session
        .factor_at
        .is_some_and(|at| fresh.contains(&(app.clock.now() - at)))
}

/// A code as somebody typed it.
#[derive(Clone, PartialEq, Eq)]
enum Typed {
    /// Six digits, of an app.
    Code(String),
    /// Anything else: a recovery code, or nonsense.
    Recovery(String),
}

impl Typed {
    /// Spaces, hyphens and case do not matter.
    fn of(text: &str) -> Self {
        let plain = coach_code::plain_of(text, RECOVERY_LENGTH);
        if plain.len() == totp::DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Code(plain)
        } else {
            Self::Recovery(plain)
        }
    }
}

/// A code that was right when it was looked at, and is not spent yet.
#[derive(Debug, Clone)]
pub(crate) enum Right {
    /// The code of this step.
    Code { step: i64 },
    /// The recovery code with this hash.
    Recovery { hash: Vec<u8> },
}

/// Judges what was typed for the account's second factor, in the step or the session with the hash `shown_in`; none if it is wrong.
pub(crate) async fn judge(
    app: &App,
    shown_in: TokenHash,
    account: AccountId,
    typed: &str,
) -> sqlx::Result<Result<Option<Right>, NoMore>> {
    let typed = Typed::of(typed);
    let guessable = matches!(typed, Typed::Code(_));
    let looked = app.clone();
    let check = async move {
        match typed {
            Typed::Code(code) => code_step(&looked, account, &code).await,
            Typed::Recovery(code) => {
                let hash = hash_of(account, &code);
                let is_right = queries::recovery_codes::has(&looked.pool, account, &hash).await?;
                Ok(is_right.then_some(Right::Recovery { hash }))
            }
        }
    };
    tries::factor(app, shown_in, account, guessable, check).await
}

async fn code_step(app: &App, account: AccountId, code: &str) -> sqlx::Result<Option<Right>> {
    let row = queries::totp::of_account(&app.pool, account).await?;
    let row = row.filter(|row| row.confirmed_at.is_some());
    let step = row.and_then(|row| step_in(app, &row, code));
    Ok(step.map(|step| Right::Code { step }))
}

fn step_in(app: &App, row: &queries::totp::Totp, code: &str) -> Option<i64> {
    let secret = secret_of(app, row.id, &row.secret_sealed)?;
    secret.step_of(code, app.clock.now().timestamp(), row.last_step)
}

/// The secret of a row; none if the key that sealed it is gone.
pub(crate) fn secret_of(app: &App, id: TotpId, sealed: &[u8]) -> Option<Secret> {
    match app.keys.open(totp::place(id), sealed) {
        Ok(plain) => Secret::of_bytes(&plain),
        Err(error) => {
            tracing::error!(%error, "the secret of somebody's one-time codes does not open; a recovery code or a passkey lets them in");
            None
        }
    }
}

/// Spends a code within `db`'s transaction, which has locked the account; none if it was spent since it was judged.
pub(crate) async fn spend(
    db: &mut PgConnection,
    account: AccountId,
    right: &Right,
) -> sqlx::Result<Option<Factor>> {
    Ok(match right {
        Right::Code { step } => queries::totp::spend(db, account, *step)
            .await?
            .then_some(Factor::Code),
        Right::Recovery { hash } => queries::recovery_codes::spend(db, account, hash)
            .await?
            .then_some(Factor::RecoveryCode),
    })
}

/// What follows when a factor was shown, within `db`'s transaction: whoever shows one has not lost it, so an open recovery ends.
pub(crate) async fn shown(db: &mut PgConnection, account: AccountId) -> sqlx::Result<()> {
    if queries::recoveries::end(db, account).await? {
        tracing::info!(%account, "a factor was shown: the recovery that was open is ended");
    }
    Ok(())
}

/// Notes a factor that was shown again in a session, within `db`'s transaction.
pub(crate) async fn shown_again(
    db: &mut PgConnection,
    app: &App,
    session: &Session,
    factor: Factor,
) -> sqlx::Result<()> {
    queries::sessions::note_factor(&mut *db, session.hash, factor, app.clock.now()).await?;
    shown(db, session.account).await
}

/// Writes a wrong factor into the log of the account.
pub(crate) async fn log_wrong(
    app: &App,
    account: AccountId,
    way: Option<Way>,
    outcome: SignInOutcome,
    from: &From,
) -> sqlx::Result<()> {
    let how = How { way, factor: None };
    let owner = Owner::Account(account);
    sign_ins::log_how(&app.pool, app, owner, None, (outcome, how), from).await
}

/// Makes a secret for the account, which counts once a code of it was typed in the same session. Nothing happens if codes are on.
pub(crate) async fn begin_codes(app: &App, session: &Session) -> sqlx::Result<()> {
    let id = TotpId(app.random.uuid(&app.clock));
    let secret = Secret::mint(&app.random);
    let sealed = app.keys.seal(totp::place(id), secret.as_bytes(), &app.random);
    let (account, now) = (session.account, app.clock.now());
    queries::totp::begin(&app.pool, id, account, &sealed, session.hash, now).await?;
    Ok(())
}

/// The secret that waits for its first code, if one was begun a short time ago in this session, whose owner proved then to be
/// there: whoever has another session neither sees it nor makes it count.
pub(crate) async fn waiting_secret(app: &App, session: &Session) -> sqlx::Result<Option<Secret>> {
    let row = waiting(app, session).await?;
    Ok(row.and_then(|row| secret_of(app, row.id, &row.secret_sealed)))
}

async fn waiting(app: &App, session: &Session) -> sqlx::Result<Option<queries::totp::Totp>> {
    let row = queries::totp::of_account(&app.pool, session.account).await?;
    Ok(row.filter(|row| {
        let age = app.clock.now() - row.created_at;
        row.confirmed_at.is_none()
            && row.session_hash == session.hash.as_bytes()
            && (chrono::Duration::zero()..WAITS).contains(&age)
    }))
}

/// What became of the first code of a secret.
pub(crate) enum Confirmed {
    /// Codes are on, with the recovery codes if it is the first factor.
    On(Option<Vec<String>>),
    /// The code is not one of this secret at this time.
    Wrong,
    /// No secret waits.
    Gone,
}

/// Turns codes on, if `typed` is a code of the secret that waits.
pub(crate) async fn confirm_codes(
    app: &App,
    session: &Session,
    typed: &str,
    from: &From,
) -> anyhow::Result<Confirmed> {
    let account = session.account;
    let Some(row) = waiting(app, session).await? else {
        return Ok(Confirmed::Gone);
    };
    let step = match Typed::of(typed) {
        Typed::Code(code) => step_in(app, &row, &code),
        Typed::Recovery(_) => None,
    };
    let Some(step) = step else {
        return Ok(Confirmed::Wrong);
    };
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    if !queries::accounts::lock(&mut *db, account).await? {
        return Ok(Confirmed::Gone);
    }
    let is_first = !queries::factors::has_any(&mut *db, account).await?;
    if !queries::totp::confirm(&mut *db, account, row.id, step, app.clock.now()).await? {
        return Ok(Confirmed::Gone);
    }
    queries::sessions::note_factor(&mut *db, session.hash, Factor::Code, app.clock.now()).await?;
    let codes = added(&mut *db, app, account, is_first, None, from).await?;
    transaction.commit().await?;
    Ok(Confirmed::On(codes))
}

/// What follows when a factor was added within `db`'s transaction, which has locked the account: the email, and with the first one
/// the recovery codes, which are returned to be shown once. `passkey` is its name, if it is one.
pub(crate) async fn added(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    is_first: bool,
    passkey: Option<&str>,
    from: &From,
) -> anyhow::Result<Option<Vec<String>>> {
    let added = Mail::FactorAdded(FactorAdded {
        passkey: passkey.map(Theirs::from),
        network: from.network.clone(),
        browser: from.browser.clone(),
        is_first,
        factors: app.config.page_url("/account/factors"),
    });
    tell(&mut *db, app, account, added).await?;
    if !is_first {
        return Ok(None);
    }
    Ok(Some(new_recovery_codes(db, app, account).await?))
}

/// Makes new recovery codes within `db`'s transaction, and ends the old ones. They are returned to be shown once.
pub(crate) async fn new_recovery_codes(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
) -> sqlx::Result<Vec<String>> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| mint(&app.random)).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash_of(account, code)).collect();
    queries::recovery_codes::replace(db, account, &hashes).await?;
    Ok(codes.iter().map(|code| in_groups(code)).collect())
}

/// Takes the codes of the app off within `db`'s transaction, which has locked the account; false if they were off.
pub(crate) async fn codes_off(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    from: &From,
) -> anyhow::Result<bool> {
    if !queries::totp::delete(&mut *db, account).await? {
        return Ok(false);
    }
    taken_off(db, app, account, None, from).await?;
    Ok(true)
}

/// What follows when a factor was taken off within `db`'s transaction, which has locked the account: the email, and with the last
/// one the recovery codes go. `passkey` is its name, if it was one. Returns the factors that are left.
pub(crate) async fn taken_off(
    db: &mut PgConnection,
    app: &App,
    account: AccountId,
    passkey: Option<&str>,
    from: &From,
) -> anyhow::Result<Factors> {
    let left = queries::factors::of_account(&mut *db, account).await?;
    if !left.has_any() {
        queries::recovery_codes::end_all(&mut *db, account).await?;
        queries::recoveries::end(&mut *db, account).await?;
    }
    let removed = Mail::FactorRemoved(FactorRemoved {
        passkey: passkey.map(Theirs::from),
        network: from.network.clone(),
        browser: from.browser.clone(),
        was_last: !left.has_any(),
        factors: app.config.page_url("/account/factors"),
    });
    tell(db, app, account, removed).await?;
    Ok(left)
}

/// Queues a mail to the account's address.
async fn tell(db: &mut PgConnection, app: &App, account: AccountId, mail: Mail) -> anyhow::Result<()> {
    let owner = queries::accounts::by_id(&mut *db, account).await?;
    if let Some(to) = owner.as_ref().and_then(Address::of) {
        outbox::enqueue(db, app, &to, Some(account), mail).await?;
    }
    Ok(())
}

fn mint(random: &Random) -> String {
    // Six digits would be taken for a code of the app.
    coach_code::letters(random, RECOVERY_LENGTH)
}

fn hash_of(account: AccountId, code: &str) -> Vec<u8> {
    let hash = Sha256::new()
        .chain_update(b"icusync recovery code ")
        .chain_update(account.0.as_bytes())
        .chain_update(code);
    hash.finalize().to_vec()
}

fn in_groups(code: &str) -> String {
    let groups: Vec<&str> = code
        .as_bytes()
        .chunks(4)
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_code_of_six_digits_or_a_recovery_code() {
        for typed in ["123456", " 123 456 ", "123-456"] {
            assert!(Typed::of(typed) == Typed::Code("123456".to_owned()), "{typed}");
        }
        for typed in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(matches!(Typed::of(typed), Typed::Recovery(_)), "{typed}");
        }
        let code = mint(&Random::seeded([7; 32]));
        for typed in [
            code.clone(),
            in_groups(&code),
            in_groups(&code).to_lowercase().replace('-', " "),
        ] {
            assert!(Typed::of(&typed) == Typed::Recovery(code.clone()), "{typed}");
        }
    }

    #[test]
    fn a_recovery_code_is_long_and_belongs_to_one_account() {
        let random = Random::seeded([8; 32]);
        let (one, other) = (mint(&random), mint(&random));
        assert_eq!((one.len(), in_groups(&one).len()), (16, 19));
        assert_ne!(one, other);
        let account = |n| AccountId(uuid::Uuid::from_u128(n));
        assert_ne!(hash_of(account(1), &one), hash_of(account(2), &one));
        assert_eq!(hash_of(account(1), &one), hash_of(account(1), &one));
    }
}
