//! Attempts that are counted in the database, so that many instances together allow no more than one: wrong passwords and codes,
//! emails to strangers, and clients that register.
//!
//! An attempt is written before the password is hashed, and taken back if the password was right. Simultaneous attempts
//! get no more than consecutive ones. If those that are still being hashed could use up the share, the next one waits
//! for them, so that a person who knows the password is never counted.

use std::time::Duration as Wait;

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::limits::{Network, TooMany};
use crate::{
    app::App,
    config::Config,
    ids::AccountId,
    queries::{
        self,
        tries::{Counts, Full},
    },
    secrets::TokenHash,
};

/// An attempt that is still being hashed after this long was cut off with its process: it counts as wrong.
const HASHED_WITHIN: Duration = Duration::seconds(15);
/// How long an attempt waits for others that are being hashed, and how often it checks whether they are done.
const PATIENCE: Wait = Wait::from_secs(5);
const LOOKED_EVERY: Wait = Wait::from_millis(200);
const MINUTE: Duration = Duration::minutes(1);
const HOUR: Duration = Duration::hours(1);
const DAY: Duration = Duration::days(1);
/// The longest time over which anything is counted: an older attempt does not count.
pub(crate) const COUNTED_FOR: Duration = DAY;
/// One network gets one in this many of the emails to strangers.
const PART_OF_ONE_NETWORK: u32 = 10;

/// How many attempts one subject may make within a time.
struct Limit {
    subject: [u8; 32],
    most: u32,
    within: Duration,
}

impl Limit {
    /// `what` separates the subjects of one kind from those of another.
    fn new(what: &str, whose: &[&[u8]], most: u32, within: Duration) -> Self {
        let mut subject = Sha256::new_with_prefix(what);
        for part in whose {
            subject.update([0]);
            subject.update(part);
        }
        Self {
            subject: subject.finalize().into(),
            most,
            within,
        }
    }

    /// The lock to hold while counting. If two subjects share a key, they only wait for each other.
    fn key(&self) -> i64 {
        let (first, _) = self.subject.split_first_chunk().expect("32 bytes hold 8");
        i64::from_be_bytes(*first)
    }
}

/// Whether `check` finds the password of a sign-in with the address of `email_key` right. A wrong one is counted,
/// whether the address has an account or not, for the address and the network together, for the network, and, with a
/// far higher limit, for the address alone, so that no stranger elsewhere keeps its owner out.
pub(crate) async fn sign_in(
    app: &App,
    from: Network,
    email_key: &str,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    let (config, address, network) = (&app.config, email_key.as_bytes(), from.bytes());
    let limits = vec![
        Limit::new(
            "address and network",
            &[address, &network],
            config.sign_ins_per_address,
            MINUTE,
        ),
        Limit::new("network", &[&network], config.sign_ins_per_minute, MINUTE),
        Limit::new("address", &[address], config.sign_ins_per_address_an_hour, HOUR),
    ];
    judge(app, limits, check).await
}

/// Whether the password that a signed-in person typed again is right. A wrong one is counted for the session only, so
/// it affects no one else.
pub(crate) async fn in_session(
    app: &App,
    session: TokenHash,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    let most = app.config.sign_ins_per_address;
    let limit = Limit::new("session", &[session.as_bytes()], most, MINUTE);
    judge(app, vec![limit], check).await
}

/// Whether the password typed on the page of a mail link is right. A wrong one is counted for the link.
pub(crate) async fn behind_link(
    app: &App,
    link: TokenHash,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    judge(app, vec![of_link(app, link)], check).await
}

/// Counts a press of the button that sets a password on the page of a mail link: each costs a hash.
pub(crate) async fn press(app: &App, link: TokenHash) -> sqlx::Result<Result<(), TooMany>> {
    let pressed = reserve(app, &[of_link(app, link)], false).await?;
    Ok(pressed.map(drop).map_err(|full| too_many(full, app.clock.now())))
}

fn of_link(app: &App, link: TokenHash) -> Limit {
    let most = app.config.sign_ins_per_address;
    Limit::new("link", &[link.as_bytes()], most, MINUTE)
}

/// How many wrong second factors one sign-in, or one session, may show, and how many all of an account's together.
const FACTORS_OF_ONE: u32 = 5;
const FACTORS_OF_ACCOUNT: u32 = 20;

/// Why a second factor was not even looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMore {
    /// This sign-in or session has shown too many wrong ones.
    OfOne,
    /// The account's sign-ins have shown too many wrong ones together.
    OfAccount,
}

/// What `check` finds the second factor of an account to be, shown in the step or the session with the hash `shown_in`; none if it
/// is wrong, which is counted. Only somebody who has shown the first factor gets here, so no stranger can use these up.
///
/// What nobody can guess, as a passkey or a recovery code, is not `guessable`: if it is right, it counts however many wrong ones
/// the account has seen, so that a thief who knows the password does not keep the owner out.
pub(crate) async fn factor<T: Send + 'static>(
    app: &App,
    shown_in: TokenHash,
    account: AccountId,
    guessable: bool,
    check: impl Future<Output = sqlx::Result<Option<T>>> + Send + 'static,
) -> sqlx::Result<Result<Option<T>, NoMore>> {
    let of_account = if guessable { FACTORS_OF_ACCOUNT } else { u32::MAX };
    let limits = vec![
        Limit::new("factors shown in", &[shown_in.as_bytes()], FACTORS_OF_ONE, HOUR),
        Limit::new("factors of", &[account.0.as_bytes()], of_account, DAY),
    ];
    let (app, is_one) = (app.clone(), |full: &Full| full.number == 1);
    let judging = tokio::spawn(async move {
        let id = match reserve(&app, &limits, true).await? {
            Ok(id) => id,
            Err(full) if is_one(&full) => return Ok(Err(NoMore::OfOne)),
            Err(_) => return Ok(Err(NoMore::OfAccount)),
        };
        let found = check.await?;
        settle(&app, id, found.is_some()).await?;
        Ok(Ok(found))
    });
    judging.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// How many recoveries of an account may begin in a day.
const RECOVERIES: u32 = 3;

/// Counts a recovery within `db`'s transaction, which has locked the account; true if it may begin.
pub(crate) async fn recovery(db: &mut PgConnection, app: &App, account: AccountId) -> sqlx::Result<bool> {
    let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
    let limit = Limit::new("recoveries of", &[account.0.as_bytes()], RECOVERIES, DAY);
    let full = queries::tries::reserve(db, id, &counts(&[limit], now), now, false).await?;
    Ok(full.is_none())
}

/// Forgets the failed sign-ins with an address.
pub(crate) async fn forget(db: impl queries::Db<'_>, email_key: &str) -> sqlx::Result<()> {
    let subject = Limit::new("address", &[email_key.as_bytes()], 1, HOUR).subject;
    queries::tries::forget(db, &subject).await
}

/// Runs `check` as an attempt that is counted if it says no. It finishes, and the attempt is judged, even if the caller
/// hangs up meanwhile: a right password must not stay counted because a browser sent the form twice.
async fn judge(
    app: &App,
    limits: Vec<Limit>,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    let app = app.clone();
    let judging = tokio::spawn(async move {
        let id = match reserve(&app, &limits, true).await? {
            Ok(id) => id,
            Err(full) => return Ok(Err(too_many(full, app.clock.now()))),
        };
        let right = check.await;
        settle(&app, id, right).await?;
        Ok(Ok(right))
    });
    // It panics only if the check does, and then the attempt counts as wrong after a while.
    judging.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Ends an attempt: a right one does not count.
async fn settle(app: &App, id: Uuid, right: bool) -> sqlx::Result<()> {
    if right {
        queries::tries::take_back(&app.pool, id).await
    } else {
        queries::tries::settle(&app.pool, id).await
    }
}

fn too_many(full: Full, now: DateTime<Utc>) -> TooMany {
    TooMany {
        retry_after: wait(full, now),
    }
}

/// Writes an attempt. If the share is used up by others that are being hashed and may prove right, it waits for them.
async fn reserve(app: &App, limits: &[Limit], hashed: bool) -> sqlx::Result<Result<Uuid, Full>> {
    let mut keys: Vec<i64> = limits.iter().map(Limit::key).collect();
    // In one order, so that two sign-ins never wait for each other.
    keys.sort_unstable();
    let patience = Instant::now() + PATIENCE;
    loop {
        let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
        let mut transaction = app.pool.begin().await?;
        queries::tries::lock(&mut *transaction, &keys).await?;
        let counted = counts(limits, now);
        let full = queries::tries::reserve(&mut *transaction, id, &counted, now, hashed).await?;
        transaction.commit().await?;
        match full {
            None => return Ok(Ok(id)),
            Some(full) if full.may_pass && Instant::now() < patience => sleep(LOOKED_EVERY).await,
            Some(full) => return Ok(Err(full)),
        }
    }
}

/// Makes other requests for an email wait until `db`'s transaction ends, so that the shares are exact. Every request
/// waits for every other: if only unknown addresses had to wait, the wait would show which addresses are known.
pub(crate) async fn one_ask_at_a_time(db: &mut PgConnection) -> sqlx::Result<()> {
    let asks = Limit::new("asks for mails", &[], 1, HOUR);
    queries::tries::lock(db, &[asks.key()]).await
}

fn counts(limits: &[Limit], now: DateTime<Utc>) -> Counts {
    Counts {
        cut_off: now - HASHED_WITHIN,
        subjects: limits.iter().map(|limit| limit.subject.to_vec()).collect(),
        most: limits.iter().map(|limit| i64::from(limit.most.max(1))).collect(),
        since: limits.iter().map(|limit| now - limit.within).collect(),
    }
}

/// From a second to an hour: a clock that was wrong for a while must not keep anyone out for longer.
fn wait(full: Full, now: DateTime<Utc>) -> Wait {
    let wait = (full.free_at - now).to_std().unwrap_or_default();
    wait.clamp(Wait::from_secs(1), Wait::from_hours(1))
}

/// Counts an email to an unknown address, requested from `network`, within `db`'s transaction; true if it may be sent.
/// Without a network (a known address) nothing is counted, at the same cost.
///
/// Exact only while [`one_ask_at_a_time`] is held.
pub(crate) async fn mail_to_stranger(
    db: &mut PgConnection,
    app: &App,
    network: Option<Network>,
) -> sqlx::Result<bool> {
    let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
    let limits = network.map(|network| stranger_limits(&app.config, network));
    let counts = counts(limits.as_ref().map_or(&[], |limits| limits), now);
    let full = queries::tries::reserve(db, id, &counts, now, false).await?;
    if let Some(full) = full {
        let by = if full.number == 1 { "all" } else { "network" };
        metrics::counter!("icusync_stranger_mails_refused_total", "by" => by).increment(1);
    }
    Ok(full.is_none())
}

/// How many codes an hour are mailed to one mailbox.
const CODES: u32 = 6;

/// Counts a code for this mailbox within `db`'s transaction; true if one may be mailed. Whether the mailbox has a grant does not
/// matter, so that the count says nothing.
pub(crate) async fn code_to(db: &mut PgConnection, app: &App, mailbox: &str) -> sqlx::Result<bool> {
    let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
    let limit = Limit::new("codes to", &[mailbox.as_bytes()], CODES, HOUR);
    let full = queries::tries::reserve(db, id, &counts(&[limit], now), now, false).await?;
    Ok(full.is_none())
}

/// Those whose registrations of clients are counted together: a network, or all that are known to register for many people
/// from their own networks.
pub(crate) struct Registrants(Limit);

impl Registrants {
    /// Those of `network`.
    pub(crate) fn of(config: &Config, network: Network) -> Self {
        Self(if network.is_in(&config.client_egress) {
            let most = config.client_egress_registrations_per_hour;
            Limit::new("registrations of known clients", &[], most, HOUR)
        } else {
            let most = config.registrations_per_hour;
            Limit::new("registrations", &[&network.bytes()], most, HOUR)
        })
    }

    /// A hash that stands for them.
    pub(crate) fn subject(&self) -> [u8; 32] {
        self.0.subject
    }

    /// Makes their other registrations wait until `db`'s transaction ends.
    pub(crate) async fn one_at_a_time(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        queries::tries::lock(db, &[self.0.key()]).await
    }

    /// Counts a registration within `db`'s transaction, unless their share is used up. Exact only while
    /// [`Registrants::one_at_a_time`] is held.
    pub(crate) async fn count(&self, db: &mut PgConnection, app: &App) -> sqlx::Result<Result<(), TooMany>> {
        let (id, now) = (app.random.uuid(&app.clock), app.clock.now());
        let counted = counts(std::slice::from_ref(&self.0), now);
        let full = queries::tries::reserve(db, id, &counted, now, false).await?;
        Ok(full.map_or(Ok(()), |full| Err(too_many(full, now))))
    }
}

fn stranger_limits(config: &Config, network: Network) -> [Limit; 2] {
    let most = config.stranger_mails_per_hour;
    let of_one = (most / PART_OF_ONE_NETWORK).max(1);
    [
        Limit::new("mails to strangers", &[], most, HOUR),
        Limit::new("mails to strangers from", &[&network.bytes()], of_one, HOUR),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_things_and_kinds_are_different_subjects() {
        let subject = |what: &str, whose: &[&[u8]]| Limit::new(what, whose, 1, HOUR).subject;
        let all = [
            subject("address", &[b"a"]),
            subject("network", &[b"a"]),
            subject("address", &[b"b"]),
            subject("address", &[b"a", b"b"]),
            subject("address", &[b"ab"]),
            subject("address", &[]),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(subject("address", &[b"a"]), all[0]);
    }

    #[test]
    fn known_clients_register_from_their_networks_together() {
        let config = Config::defaults();
        let of = |address: &str| Registrants::of(&config, Network::of(address.parse().unwrap()));
        let claude = of("160.79.104.10");
        assert_eq!(claude.0.most, 3_000);
        assert_eq!(claude.subject(), of("160.79.111.255").subject());
        assert_eq!(claude.subject(), of("2607:6bc0::10").subject());
        assert_eq!(claude.subject(), of("2607:6bc0:0:ffff::1").subject());
        for other in ["160.79.112.1", "2607:6bc1::1", "192.0.2.1"] {
            assert_ne!(claude.subject(), of(other).subject(), "{other}");
            assert_eq!(of(other).0.most, 30);
        }
        assert_ne!(of("192.0.2.1").subject(), of("192.0.2.2").subject());
    }

    #[test]
    fn a_wait_is_never_longer_than_an_hour() {
        let now: DateTime<Utc> = "2026-11-21T08:00:00Z".parse().unwrap();
        for (free_in, seconds) in [(-5, 1), (0, 1), (30, 30), (100_000, 3_600)] {
            let full = Full {
                number: 1,
                may_pass: false,
                free_at: now + Duration::seconds(free_in),
            };
            assert_eq!(wait(full, now).as_secs(), seconds);
        }
    }
}
