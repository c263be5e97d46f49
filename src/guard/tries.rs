//! Tries that are counted in the database, so that any number of instances give no more than one: wrong passwords, and mails to
//! strangers.
//!
//! A try is written before the password is hashed and taken back when it was right. Many at once get no more than one after
//! another; where those that are still being hashed could fill the share, the next one waits for them, so that whoever knows the
//! password is never counted.

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
    queries::{
        self,
        tries::{Counts, Full},
    },
    secrets::TokenHash,
};

/// A try that is still being hashed after so long was cut off with its process: it counts as wrong.
const HASHED_WITHIN: Duration = Duration::seconds(15);
/// How long somebody waits for others that are being hashed, and how often it is looked whether they are done.
const PATIENCE: Wait = Wait::from_secs(5);
const LOOKED_EVERY: Wait = Wait::from_millis(200);
const MINUTE: Duration = Duration::minutes(1);
const HOUR: Duration = Duration::hours(1);
/// The longest time over which anything is counted: an older try counts for nothing.
pub(crate) const COUNTED_FOR: Duration = HOUR;
/// One network gets this part of the mails to strangers.
const PART_OF_ONE_NETWORK: u32 = 10;

/// So many tries within so long, for one subject.
struct Limit {
    subject: [u8; 32],
    most: u32,
    within: Duration,
}

impl Limit {
    /// `what` keeps subjects of one kind apart from those of another.
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

    /// What is locked while it is counted. Two subjects with one key only wait for each other.
    fn key(&self) -> i64 {
        let (first, _) = self.subject.split_first_chunk().expect("32 bytes hold 8");
        i64::from_be_bytes(*first)
    }
}

/// Whether the password of a sign-in with the address of `email_key` is right, which `check` finds out. A wrong one is counted, whether
/// the address has an account or not, for the address and the network together, for the network, and, far above that, for the
/// address alone, so that no stranger elsewhere keeps its owner out.
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

/// Whether the password is right that somebody who is signed in typed once more: a wrong one is counted for the session, and for
/// nothing that anybody else does.
pub(crate) async fn in_session(
    app: &App,
    session: TokenHash,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    let most = app.config.sign_ins_per_address;
    let limit = Limit::new("session", &[session.as_bytes()], most, MINUTE);
    judge(app, vec![limit], check).await
}

/// Whether the password is right that was typed at the page that a mail's link leads to: a wrong one is counted for the link.
pub(crate) async fn behind_link(
    app: &App,
    link: TokenHash,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    judge(app, vec![of_link(app, link)], check).await
}

/// Counts a press of the button that chooses a password behind a mail's link: each costs a hash.
pub(crate) async fn press(app: &App, link: TokenHash) -> sqlx::Result<Result<(), TooMany>> {
    let pressed = reserve(app, &[of_link(app, link)], false).await?;
    Ok(pressed.map(drop))
}

fn of_link(app: &App, link: TokenHash) -> Limit {
    let most = app.config.sign_ins_per_address;
    Limit::new("link", &[link.as_bytes()], most, MINUTE)
}

/// Forgets the failed sign-ins with an address.
pub(crate) async fn forget(db: impl queries::Db<'_>, email_key: &str) -> sqlx::Result<()> {
    let subject = Limit::new("address", &[email_key.as_bytes()], 1, HOUR).subject;
    queries::tries::forget(db, &subject).await
}

/// Runs `check` as a try that is counted when it says no. It goes on, and its try is judged, when whoever asked hangs up meanwhile: a
/// right password must not stay counted because a browser sent the form twice.
async fn judge(
    app: &App,
    limits: Vec<Limit>,
    check: impl Future<Output = bool> + Send + 'static,
) -> sqlx::Result<Result<bool, TooMany>> {
    let app = app.clone();
    let judging = tokio::spawn(async move {
        let id = match reserve(&app, &limits, true).await? {
            Ok(id) => id,
            Err(full) => return Ok(Err(full)),
        };
        let right = check.await;
        if right {
            queries::tries::take_back(&app.pool, id).await?;
        } else {
            queries::tries::settle(&app.pool, id).await?;
        }
        Ok(Ok(right))
    });
    // It panics only with the check, and then the try counts as wrong after a while.
    judging.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Writes a try. While others fill the share that are being hashed, and may turn out right, it waits for them.
async fn reserve(app: &App, limits: &[Limit], hashed: bool) -> sqlx::Result<Result<Uuid, TooMany>> {
    let mut keys: Vec<i64> = limits.iter().map(Limit::key).collect();
    // In one order, so that of two sign-ins none waits for the other while it is waited for.
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
            Some(full) => {
                return Ok(Err(TooMany {
                    retry_after: wait(full, now),
                }));
            }
        }
    }
}

/// Makes whoever else asks for a mail wait until `db`'s transaction ends, so that the shares are exact. Everybody waits for everybody:
/// a wait that only those had who are not known would tell who is.
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

/// From a second to an hour: a clock that was wrong for a while must not keep anybody out for longer.
fn wait(full: Full, now: DateTime<Utc>) -> Wait {
    let wait = (full.free_at - now).to_std().unwrap_or_default();
    wait.clamp(Wait::from_secs(1), Wait::from_hours(1))
}

/// Counts a mail to an address that nobody here knows, asked for from `network`, within `db`'s transaction; true when it may leave.
/// Without a network (somebody whom we know) nothing is counted, at the same cost.
///
/// Exact for whoever holds [`one_ask_at_a_time`].
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
    fn a_subject_is_one_thing_of_one_kind() {
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
    fn a_wait_is_never_longer_than_an_hour() {
        let now: DateTime<Utc> = "2026-11-21T08:00:00Z".parse().unwrap();
        for (free_in, told) in [(-5, 1), (0, 1), (30, 30), (100_000, 3_600)] {
            let full = Full {
                number: 1,
                may_pass: false,
                free_at: now + Duration::seconds(free_in),
            };
            assert_eq!(wait(full, now).as_secs(), told);
        }
    }
}
