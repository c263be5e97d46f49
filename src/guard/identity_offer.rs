//! An identity that came with the address of somebody who is here already, and may not be bound by that alone: it waits in the
//! browser until a code from that address, or the account's password, is typed there.

use chrono::Duration;
use http::{HeaderMap, HeaderValue};
use sqlx::PgConnection;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{
    coach_code,
    cookie::IDENTITY,
    identities::{self, Person},
    tries,
};
use crate::{
    app::App,
    mail::{Address, IdentityCode, Mail, outbox},
    oidc::Provider,
    queries::{
        identity_offers::{self, New, Offer},
        sign_ins::Owner,
    },
    secrets::{Place, Random, Token, TokenHash, TokenKind},
};

/// How long an identity waits.
const WAITS: Duration = Duration::minutes(30);
/// How long a code lives.
pub(crate) const LIVES: Duration = Duration::minutes(10);
/// How many codes may be tried, whichever of them was mailed last.
const TRIES: i32 = 5;
/// Digits of a code.
const DIGITS: usize = 6;
/// How many codes there are.
const CODES: u32 = 1_000_000;

const fn place(row: Uuid) -> Place {
    Place {
        table: "identity_offers",
        row,
        column: "sealed",
    }
}

/// An identity that waits in this browser.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// The hash of the browser's cookie.
    pub(crate) hash: TokenHash,
    /// The row.
    pub(crate) offer: Offer,
    /// Whom it would be bound to.
    pub(crate) owner: Owner,
    /// The identity.
    pub(crate) person: Person,
}

/// Has an identity wait, within `db`'s transaction. Returns the `Set-Cookie` that finds it again.
pub(crate) async fn keep(
    db: &mut PgConnection,
    app: &App,
    provider: &Provider,
    owner: Owner,
    (person, next): (&Person, &str),
) -> anyhow::Result<HeaderValue> {
    let token = Token::mint(TokenKind::Identity, &app.random);
    let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
    let plain = serde_json::to_vec(person)?;
    let new = New {
        id,
        hash: token.hash(),
        owner,
        issuer: provider.issuer(),
        subject: &person.subject,
        provider_session: person.session(),
        sealed: &app.keys.seal(place(id), &plain, &app.random),
        next,
        now,
        expires_at: now + WAITS,
    };
    identity_offers::create(db, &new).await?;
    Ok(IDENTITY.set(token.expose(), WAITS, app.config.public_url.is_https()))
}

/// The identity that waits in this browser. A malformed cookie costs no query.
pub(crate) async fn of_browser(app: &App, headers: &HeaderMap) -> sqlx::Result<Option<Waiting>> {
    let value = IDENTITY.read(headers, app.config.public_url.is_https());
    let Some(token) = value.and_then(|text| Token::parse(TokenKind::Identity, text)) else {
        return Ok(None);
    };
    let offer = identity_offers::living(&app.pool, token.hash(), app.clock.now()).await?;
    Ok(offer.and_then(|offer| waiting(app, token.hash(), offer)))
}

/// [`of_browser`], locked until `db`'s transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, app: &App, hash: TokenHash) -> sqlx::Result<Option<Waiting>> {
    let offer = identity_offers::lock(db, hash, app.clock.now()).await?;
    Ok(offer.and_then(|offer| waiting(app, hash, offer)))
}

fn waiting(app: &App, hash: TokenHash, offer: Offer) -> Option<Waiting> {
    let plain = app
        .keys
        .open(place(offer.id), &offer.sealed)
        .inspect_err(|error| tracing::error!(%error, "an identity that waits does not open"))
        .ok()?;
    Some(Waiting {
        hash,
        owner: offer.owner()?,
        person: serde_json::from_slice(&plain).ok()?,
        offer,
    })
}

/// The `Set-Cookie` that forgets an identity that waited.
pub(crate) fn forget(app: &App) -> HeaderValue {
    IDENTITY.clear(app.config.public_url.is_https())
}

/// What became of a request for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A code is on its way.
    Sent,
    /// One was asked for within its life, or the address has had its share: none was made.
    Waits,
    /// The identity waits no more.
    Gone,
}

/// What a typed code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The right one.
    Right,
    /// A wrong one; so many tries are left.
    Wrong(i32),
    /// There is no code that could still be typed: it expired, was tried too often, or was never asked for.
    Over,
}

impl Waiting {
    /// Whether a code was mailed that can still be typed.
    pub(crate) fn has_code(&self, app: &App) -> bool {
        let age = self.offer.mailed_at.map(|at| app.clock.now() - at);
        let lives = age.is_some_and(|age| age < LIVES);
        lives && self.offer.code_hash.is_some() && self.offer.tries < TRIES
    }

    /// Whether codes were mistyped so often that none counts any more.
    pub(crate) fn is_over(&self) -> bool {
        self.offer.tries >= TRIES
    }

    fn fingerprint(&self, app: &App, code: &str) -> [u8; 32] {
        app.keys
            .fingerprint(format!("identity code {} {code}", self.offer.id).as_bytes())
    }
}

fn mint(random: &Random) -> String {
    loop {
        let number = u32::from_le_bytes(random.bytes());
        // Whatever is above the last multiple would make the first codes likelier.
        if number < u32::MAX / CODES * CODES {
            return format!("{:06}", number % CODES);
        }
    }
}

/// A code as people type it.
fn plain(typed: &str) -> String {
    coach_code::plain_of(typed, DIGITS)
}

/// Mails a code to the address of whom the identity would be bound to.
pub(crate) async fn ask(
    app: &App,
    provider: &Provider,
    waiting: &Waiting,
    to: &Address,
) -> anyhow::Result<Asked> {
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let db = &mut *transaction;
    tries::one_ask_at_a_time(&mut *db).await?;
    let Some(waiting) = lock(&mut *db, app, waiting.hash).await? else {
        return Ok(Asked::Gone);
    };
    if waiting.has_code(app) || waiting.is_over() || !tries::code_to(&mut *db, app, &to.mailbox()).await? {
        return Ok(Asked::Waits);
    }
    let code = mint(&app.random);
    let fingerprint = waiting.fingerprint(app, &code);
    identity_offers::set_code(&mut *db, waiting.offer.id, &fingerprint, now, now + LIVES).await?;
    let mail = Mail::IdentityCode(IdentityCode {
        code: format!("{} {}", &code[..3], &code[3..]),
        provider: provider.name().to_owned(),
    });
    let account = identities::account_of(waiting.owner);
    outbox::enqueue(&mut *db, app, to, account, mail).await?;
    transaction.commit().await?;
    Ok(Asked::Sent)
}

/// Judges a typed code within `db`'s transaction, which has the identity locked. A wrong one is counted: commit it.
pub(crate) async fn try_code(
    db: &mut PgConnection,
    app: &App,
    waiting: &Waiting,
    typed: &str,
) -> sqlx::Result<Typed> {
    let Some(hash) = waiting.offer.code_hash.as_ref().filter(|_| waiting.has_code(app)) else {
        return Ok(Typed::Over);
    };
    let sent = waiting.fingerprint(app, &plain(typed));
    if sent.as_slice().ct_eq(hash).into() {
        return Ok(Typed::Right);
    }
    identity_offers::count_try(db, waiting.offer.id).await?;
    Ok(match TRIES - waiting.offer.tries - 1 {
        0 => Typed::Over,
        left => Typed::Wrong(left),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_and_read_as_people_type_them() {
        let random = Random::seeded([7; 32]);
        for _ in 0..1_000 {
            let code = mint(&random);
            assert!(
                code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()),
                "{code}"
            );
        }
        for typed in ["123 456", " 123-456 ", "123456", "123–456"] {
            assert_eq!(plain(typed), "123456");
        }
        assert_eq!(plain(&"1".repeat(10_000)).len(), 7);
    }
}
