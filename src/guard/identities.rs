//! People of the outside identity provider: bound to accounts and coaches, asked about again, signed out.
//!
//! An identity is an issuer and a subject. The verified address is used once, to bind; after that it decides nothing. How the
//! provider is spoken to is in [`crate::oidc`], how an identity waits for proof in [`super::identity_offer`]. No HTML.

use std::{collections::BTreeSet, sync::Arc, time::Duration as Wait};

use chrono::{DateTime, Duration, Utc};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout_at},
};

use super::{door::Came, policy::door_of, sign_ins::From};
use crate::{
    app::App,
    ids::IdentityId,
    mail::{Address, IdentityAdded, IdentityOther, Mail, outbox},
    oidc::{Claims, Failure, Provider, Signed, Tokens},
    policy::Kind,
    queries::{
        self,
        identities::{Identity, New, Said, SignedOut},
        in_time,
        policies::Identity as Known,
        sign_in_log::How,
        sign_ins::Owner,
    },
    secrets::Place,
    time,
    words::{Factor, SignInOutcome, Way},
};

/// How long whoever asks the provider has for it.
const TURN: Duration = Duration::seconds(15);
/// How long a call or a page waits for the provider's answer, whoever asks. A page may wait for two: of the athlete who is signed
/// in, and of the coach who agrees there.
const PATIENCE: Wait = Wait::from_millis(4_500);
/// How often one of a process checks whether another process has asked.
const LOOKED_EVERY: Wait = Wait::from_millis(250);
/// The most identities to remember that are being asked about, and for how long.
const REMEMBERED: u64 = 10_000;
const IDLE: Wait = Wait::from_mins(1);
/// How long what the provider last said counts while it does not answer.
pub(crate) const HOLDS_FOR: Duration = Duration::hours(4);
/// After no answer, the provider is left alone for this long.
const LEFT_ALONE_FOR: Duration = Duration::seconds(20);
/// How long a logout token is remembered: longer than one counts, whatever the clocks say.
const REMEMBERED_FOR: Duration = Duration::minutes(30);

/// Where what the provider is asked with is sealed.
pub(crate) const fn tokens_place(id: IdentityId) -> Place {
    Place {
        table: "identities",
        row: id.0,
        column: "tokens_sealed",
    }
}

/// Somebody who came back from the provider. `Debug` says nothing, because it holds tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Who it is there.
    pub(crate) subject: String,
    /// The address, if the provider says that it is verified.
    email: Option<String>,
    claims: Claims,
    /// When the provider said so.
    said_at: DateTime<Utc>,
    tokens: Tokens,
    /// The provider's own name for its session.
    session: Option<String>,
    /// Whether it asked for a second factor that the operator trusts.
    has_factor: bool,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

impl Person {
    /// Who signed in at `provider`, as it said then.
    pub(crate) fn of(provider: &Provider, signed: Signed, said_at: DateTime<Utc>) -> Self {
        Self {
            has_factor: provider.trusts(&signed.amr),
            subject: signed.subject,
            email: signed.email.ok(),
            claims: signed.claims,
            said_at,
            tokens: signed.tokens,
            session: signed.sid,
        }
    }

    /// The verified address; none without one that email can go to.
    pub(crate) fn address(&self) -> Option<Address> {
        Address::parse(self.email.as_deref()?).ok()
    }

    /// What the provider said.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The provider's own name for its session.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// How somebody comes in by this identity. Their own second factor is asked for while it is due, whatever the provider asked for.
    pub(crate) fn came(&self, id: IdentityId, factor_due: bool) -> Came {
        let has_factor = self.has_factor && !factor_due;
        Came {
            factor: has_factor.then_some(Factor::Provider),
            identity: Some(id),
            provider_session: self.session.clone(),
            ..Came::by(Way::Provider)
        }
    }
}

fn sealed(app: &App, id: IdentityId, tokens: &Tokens) -> anyhow::Result<Vec<u8>> {
    let plain = serde_json::to_vec(tokens)?;
    Ok(app.keys.seal(tokens_place(id), &plain, &app.random))
}

/// The names of the claims that are kept with an identity: those that the policy uses.
pub(crate) async fn names(app: &App) -> sqlx::Result<BTreeSet<String>> {
    let policy = super::policy::now(app).await?;
    Ok(policy.claims().into_iter().map(str::to_owned).collect())
}

/// Binds an identity to somebody within `db`'s transaction, which has them locked; none if it is bound to somebody already, or they
/// have another one of this issuer. With `factor_due` what bound it is no more than a mailbox or a password can do: the account's
/// own second factor must be shown before the provider's counts.
pub(crate) async fn bind(
    db: &mut PgConnection,
    app: &App,
    issuer: &str,
    owner: Owner,
    (person, factor_due): (&Person, bool),
) -> anyhow::Result<Option<IdentityId>> {
    let id = IdentityId(app.random.uuid(&app.clock));
    let new = New {
        id,
        issuer,
        subject: &person.subject,
        owner,
        email: person.email.as_deref().unwrap_or_default(),
        claims: &person.claims,
        claims_at: person.said_at,
        tokens_sealed: &sealed(app, id, &person.tokens)?,
        provider_session: person.session(),
        factor_due,
    };
    let is_bound = queries::identities::create(db, &new, app.clock.now()).await?;
    Ok(is_bound.then_some(id))
}

/// Notes within `db`'s transaction that a bound identity signed in. If the provider says another address than when it was bound, its
/// owner gets one email about it, and nothing else changes.
pub(crate) async fn note_sign_in(
    db: &mut PgConnection,
    app: &App,
    provider: &Provider,
    identity: &Identity,
    person: &Person,
) -> anyhow::Result<()> {
    let before = queries::identities::lock_tokens(&mut *db, identity.id).await?;
    let before = before.and_then(|sealed| opened(app, identity.id, &sealed));
    let tokens = before.iter().fold(person.tokens.clone(), Tokens::or_refresh_of);
    let (sealed, now) = (sealed(app, identity.id, &tokens)?, app.clock.now());
    let said = (&person.claims, person.said_at);
    queries::identities::signed_in(&mut *db, identity.id, said, &sealed, person.session(), now).await?;
    let (Some(owner), Some(address)) = (identity.owner(), person.address()) else {
        return Ok(());
    };
    let is_same = Address::parse(&identity.email).is_ok_and(|bound| bound.key == address.key);
    if is_same || !queries::identities::note_address(&mut *db, identity.id, &address.key).await? {
        return Ok(());
    }
    tell_of_other(db, app, provider, owner, &address, true).await
}

/// Where emails to somebody go; none for an account without an address.
pub(crate) async fn address_of(db: impl queries::Db<'_>, owner: Owner) -> sqlx::Result<Option<Address>> {
    Ok(match owner {
        Owner::Account(account) => queries::accounts::by_id(db, account)
            .await?
            .as_ref()
            .and_then(Address::of),
        Owner::Coach(coach) => queries::coaches::by_id(db, coach)
            .await?
            .map(|coach| Address::stored(&coach.email, &coach.email_key)),
    })
}

/// The account that an email is sent for.
pub(super) fn account_of(owner: Owner) -> Option<crate::ids::AccountId> {
    match owner {
        Owner::Account(account) => Some(account),
        Owner::Coach(_) => None,
    }
}

/// The page on which somebody sees who can sign in; for a coach the one that leads to what an app of theirs may do.
fn page_of(app: &App, owner: Owner) -> String {
    match owner {
        Owner::Account(_) => app.config.page_url("/account/ways"),
        Owner::Coach(_) => app.config.for_coaches_url(),
    }
}

/// Tells somebody that the provider sent another person with their address, or with `is_changed` the same person with another one.
pub(crate) async fn tell_of_other(
    db: &mut PgConnection,
    app: &App,
    provider: &Provider,
    owner: Owner,
    address: &Address,
    is_changed: bool,
) -> anyhow::Result<()> {
    let Some(to) = address_of(&mut *db, owner).await? else {
        return Ok(());
    };
    let mail = Mail::IdentityOther(IdentityOther {
        provider: provider.name().to_owned(),
        address: address.typed.as_str().into(),
        is_changed,
        is_coach: matches!(owner, Owner::Coach(_)),
        page: page_of(app, owner),
    });
    outbox::enqueue(db, app, &to, account_of(owner), mail).await?;
    Ok(())
}

/// Tells somebody that an identity signs them in from now on; `replaced` says whether another one no longer does.
pub(crate) async fn tell_of_added(
    db: &mut PgConnection,
    app: &App,
    provider: &Provider,
    owner: Owner,
    person: &Person,
    replaced: bool,
) -> anyhow::Result<()> {
    let Some(to) = address_of(&mut *db, owner).await? else {
        return Ok(());
    };
    let mail = Mail::IdentityAdded(IdentityAdded {
        provider: provider.name().to_owned(),
        address: person.email.as_deref().unwrap_or_default().into(),
        replaced,
        is_coach: matches!(owner, Owner::Coach(_)),
        page: page_of(app, owner),
    });
    outbox::enqueue(db, app, &to, account_of(owner), mail).await?;
    Ok(())
}

/// Notes in somebody's log that another identity came with their address.
pub(crate) async fn log_other(
    db: &mut PgConnection,
    app: &App,
    owner: Owner,
    from: &From,
) -> sqlx::Result<()> {
    let how = How::by(Way::Provider);
    super::sign_ins::log_how(db, app, owner, None, (SignInOutcome::OtherIdentity, how), from).await
}

impl Known {
    fn of_row(row: &Identity) -> Self {
        Self {
            id: row.id,
            email: row.email.clone(),
            claims: row.claims.0.clone(),
            claims_at: row.claims_at,
            refused_at: row.refused_at,
        }
    }

    /// Whether every claim in `names` was asked for.
    fn names_all(&self, names: &BTreeSet<String>) -> bool {
        names.iter().all(|name| self.claims.contains_key(name))
    }

    /// Whether it counts without asking.
    fn is_fresh(&self, app: &App, names: &BTreeSet<String>) -> bool {
        let recheck = Duration::minutes(i64::from(app.config.oidc_recheck));
        self.was_said_within(app, recheck) && self.names_all(names)
    }

    /// If the clock was set back, what was said in its future does not count.
    fn was_said_within(&self, app: &App, time: Duration) -> bool {
        let age = self.claims_at.map(|at| app.clock.now() - at);
        age.is_some_and(|age| (Duration::zero()..time).contains(&age))
    }
}

/// Why nothing that the provider said about somebody counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCurrent {
    /// They have to sign in there again.
    SignInAgain,
    /// It does not answer; since when, if that is known.
    NoAnswer(Option<DateTime<Utc>>),
}

impl NotCurrent {
    /// What to do, for people and models: somebody who comes as `kind`.
    pub fn in_words(self, app: &App, kind: Kind) -> String {
        let name = app
            .provider
            .as_ref()
            .map_or("the identity provider", Provider::name);
        match self {
            Self::SignInAgain => format!(
                "Sign in at {name} again: {}. After that, try again.",
                app.config.page_url(door_of(kind))
            ),
            Self::NoAnswer(Some(since)) => format!(
                "{name}, which says who may use this IcuSync, does not answer; its last answer is from {}. Try again in a few \
                 minutes.",
                time::in_utc(since)
            ),
            Self::NoAnswer(None) => {
                format!(
                    "{name}, which says who may use this IcuSync, does not answer. Try again in a few minutes."
                )
            }
        }
    }
}

/// Whether what the provider said last about somebody counts, as long as nobody asks it.
pub(crate) fn holds(app: &App, known: &Known) -> bool {
    known.refused_at.is_none() && known.was_said_within(app, HOLDS_FOR)
}

/// Whether the provider is to be asked about somebody's claims in `names` before they count.
pub(crate) fn is_due(app: &App, known: &Known, names: &BTreeSet<String>) -> bool {
    known.refused_at.is_none() && !known.is_fresh(app, names)
}

/// Whoever is being asked about: one of a process asks, or waits for another process, and the others wait for that one.
pub struct Rechecks(Cache<IdentityId, Arc<Mutex<()>>>);

impl Default for Rechecks {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE);
        Self(cache.build())
    }
}

impl std::fmt::Debug for Rechecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rechecks")
    }
}

/// What the provider says of somebody's claims in `names`: what was said lately, else it is asked. Many calls of many instances ask
/// once. While it does not answer, what it said last holds for [`HOLDS_FOR`]; so it does for whoever has waited for [`PATIENCE`].
pub(crate) async fn current(
    app: &App,
    known: &Known,
    names: &BTreeSet<String>,
) -> sqlx::Result<Result<Claims, NotCurrent>> {
    if known.refused_at.is_some() {
        return Ok(Err(NotCurrent::SignInAgain));
    }
    if known.is_fresh(app, names) {
        return Ok(Ok(known.claims.clone()));
    }
    let until = Instant::now() + PATIENCE;
    // A caller who hangs up or waits no longer must not lose a refresh token that works once.
    let asking = tokio::spawn({
        let (app, id, names) = (app.clone(), known.id, names.clone());
        async move { asked(&app, id, &names, until).await }
    });
    match timeout_at(until, asking).await {
        Ok(asked) => asked.unwrap_or(Err(sqlx::Error::WorkerCrashed)),
        Err(_) => Ok(last_said(app, known.clone(), names)),
    }
}

async fn asked(
    app: &App,
    id: IdentityId,
    names: &BTreeSet<String>,
    until: Instant,
) -> sqlx::Result<Result<Claims, NotCurrent>> {
    let one = app.rechecks.0.get_with(id, async { Arc::default() }).await;
    let _one = timeout_at(until, one.lock()).await;
    loop {
        let Some(row) = in_time(queries::identities::by_id(&app.pool, id)).await? else {
            return Ok(Err(NotCurrent::SignInAgain));
        };
        let (known, now) = (Known::of_row(&row), app.clock.now());
        if known.refused_at.is_some() {
            return Ok(Err(NotCurrent::SignInAgain));
        }
        if known.is_fresh(app, names) {
            return Ok(Ok(known.claims));
        }
        let is_left_alone = row
            .away_at
            .is_some_and(|at| (Duration::zero()..LEFT_ALONE_FOR).contains(&(now - at)));
        if is_left_alone || Instant::now() >= until {
            return Ok(last_said(app, known, names));
        }
        let turn = turn_from(app, now);
        if !in_time(queries::identities::take_turn(&app.pool, id, now, turn)).await? {
            sleep(LOOKED_EVERY).await;
            continue;
        }
        // Somebody may have asked between the look and the turn: a refresh token works once.
        let row = in_time(queries::identities::by_id(&app.pool, id)).await?;
        let row = row.filter(|row| row.refused_at.is_none() && !Known::of_row(row).is_fresh(app, names));
        if let Some(row) = row {
            ask(app, &row, turn, names).await?;
        }
    }
}

/// A turn from `now`, different from every other.
fn turn_from(app: &App, now: DateTime<Utc>) -> DateTime<Utc> {
    let micros = i64::from(u32::from_le_bytes(app.random.bytes()) % 1_000_000);
    let whole = DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
    whole + TURN + Duration::microseconds(micros)
}

/// What the provider said last, as long as that holds.
fn last_said(app: &App, known: Known, names: &BTreeSet<String>) -> Result<Claims, NotCurrent> {
    if known.was_said_within(app, HOLDS_FOR) && known.names_all(names) {
        Ok(known.claims)
    } else {
        Err(NotCurrent::NoAnswer(known.claims_at))
    }
}

/// Asks the provider and writes what it says. No transaction is open meanwhile.
async fn ask(app: &App, row: &Identity, turn: DateTime<Utc>, names: &BTreeSet<String>) -> sqlx::Result<()> {
    let write = async |said: &Said<'_>| {
        in_time(queries::identities::end_turn(
            &app.pool,
            row.id,
            turn,
            said,
            app.clock.now(),
        ))
        .await
    };
    let opened = row
        .tokens_sealed
        .as_ref()
        .and_then(|sealed| opened(app, row.id, sealed));
    let (Some(tokens), Some(provider)) = (opened, &app.provider) else {
        return write(&Said::Refused).await.map(drop);
    };
    let again = provider.again(tokens.clone(), &row.subject, names).await;
    let Ok(new) = sealed(app, row.id, &again.tokens) else {
        return write(&Said::Refused).await.map(drop);
    };
    let is_written = match &again.said {
        Ok(said) => write(&Said::Claims(&said.claims, &new)).await?,
        Err(Failure::Refused) => write(&Said::Refused).await?,
        Err(failure @ (Failure::Away | Failure::Wrong(_))) => {
            tracing::warn!(%failure, "asking the identity provider again failed");
            write(&Said::Away(&new)).await?
        }
    };
    if !is_written {
        keep_trade(app, row.id, &tokens, &again.tokens).await?;
    }
    Ok(())
}

/// A sign-in or a logout came between: what it left there counts, but not a refresh token that was traded in meanwhile.
async fn keep_trade(app: &App, id: IdentityId, old: &Tokens, new: &Tokens) -> sqlx::Result<()> {
    let row = in_time(queries::identities::by_id(&app.pool, id)).await?;
    let Some(there) = row.and_then(|row| row.tokens_sealed) else {
        return Ok(());
    };
    let kept = opened(app, id, &there).and_then(|tokens| tokens.after_trade(old, new));
    let Some(Ok(kept)) = kept.map(|tokens| sealed(app, id, &tokens)) else {
        return Ok(());
    };
    in_time(queries::identities::keep_tokens(&app.pool, id, &there, &kept)).await
}

fn opened(app: &App, id: IdentityId, sealed: &[u8]) -> Option<Tokens> {
    let plain = app
        .keys
        .open(tokens_place(id), sealed)
        .inspect_err(
            |error| tracing::error!(%error, "what the identity provider is asked with does not open"),
        )
        .ok()?;
    serde_json::from_slice(&plain).ok()
}

/// Why a logout token ended nothing.
#[derive(Debug)]
pub(crate) enum NotSignedOut {
    /// It is not one of the provider's, or it came before: a word for the log.
    Wrong(&'static str),
    /// The provider's keys cannot be had now.
    Away,
    /// Our own failure.
    Ours(sqlx::Error),
}

impl std::convert::From<sqlx::Error> for NotSignedOut {
    fn from(error: sqlx::Error) -> Self {
        Self::Ours(error)
    }
}

/// Does what a logout token says (OpenID Connect Back-Channel Logout 1.0 section 2.7): ends the sessions and visits that came in by
/// the person or the session that it names. Connected apps go on; the provider is asked before their next call.
pub(crate) async fn sign_out(app: &App, provider: &Provider, token: &str) -> Result<(), NotSignedOut> {
    let token = provider
        .logout_token(token)
        .await
        .map_err(|failure| match failure {
            Failure::Away => NotSignedOut::Away,
            Failure::Wrong(word) => NotSignedOut::Wrong(word),
            Failure::Refused => NotSignedOut::Wrong("refused"),
        })?;
    let name = Sha256::new_with_prefix("logout token")
        .chain_update([0])
        .chain_update(provider.issuer())
        .chain_update([0])
        .chain_update(&token.jti)
        .finalize();
    let until = app.clock.now().max(token.issued_at) + REMEMBERED_FOR;
    let mut transaction = app.pool.begin().await?;
    if !queries::spent::once(&mut *transaction, &name, until).await? {
        return Err(NotSignedOut::Wrong("jti"));
    }
    let out = SignedOut {
        issuer: provider.issuer(),
        subject: token.subject.as_deref(),
        session: token.sid.as_deref(),
    };
    let ended = queries::identities::sign_out(&mut *transaction, out).await?;
    transaction.commit().await?;
    tracing::info!(ended, "the identity provider signed somebody out");
    Ok(())
}
