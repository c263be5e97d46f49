//! The way into the queue: a mail is a row, written in the transaction that it announces.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{Above, Address, Granting, Kind, Limit, Mail, Reader, Says, Whose, letter::Withdrawn};
use crate::{
    app::App,
    ids::{AccountId, JobId},
    queries::{self, jobs::NewJob},
    secrets::{OpenError, Place},
    words::JobKind,
};

/// Whether a mail was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It is in the queue.
    Queued,
    /// The address or the account is above its limit: nothing was written, and nobody learns of it.
    Capped,
}

/// What a job's row holds, sealed.
#[derive(Serialize, Deserialize)]
pub struct Parcel {
    /// To whom, as typed.
    pub to: String,
    /// The mail.
    pub mail: Mail,
}

/// The time over which an address's limit counts, and athletes who join a coach go into one mail.
const HOUR: Duration = Duration::hours(1);
/// The time over which an account's limit counts.
const DAY: Duration = Duration::days(1);

/// Queues `mail` within `db`'s transaction. When the address has had as many of these mails (about the same person) as an hour
/// allows, or the account as many mails as a day allows, the rule of its kind decides.
///
/// Two simultaneous requests may both pass the count: the limits protect people from floods, they are not locks.
pub async fn enqueue(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
) -> anyhow::Result<Queued> {
    let (kind, now) = (mail.kind(), app.clock.now());
    let run_at = match kind.rule().above {
        Above::Sent => now,
        Above::Gathered => return gather(db, app, to, account, mail).await,
        Above::Waits | Above::Dropped if is_within_limits(db, app, to, account, &mail).await? => now,
        Above::Waits => now + HOUR,
        Above::Dropped => return Ok(capped(kind)),
    };
    write(db, app, to, account, mail, run_at).await?;
    Ok(Queued::Queued)
}

async fn is_within_limits(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: &Mail,
) -> sqlx::Result<bool> {
    let (kind, now) = (mail.kind(), app.clock.now());
    let about = about(mail);
    let to_address = queries::jobs::mails_to(
        &mut *db,
        &recipient(to),
        kind.name(),
        about.as_deref(),
        now - HOUR,
    )
    .await?;
    let for_account = match counted(account, kind) {
        Some(account) => queries::jobs::mails_of(db, account, &counted_apart(), now - DAY).await?,
        None => 0,
    };
    let config = &app.config;
    Ok(to_address < i64::from(config.mails_per_hour) && for_account < i64::from(config.mails_per_day))
}

/// The account whose daily limit a mail of this kind counts against.
fn counted(account: Option<AccountId>, kind: Kind) -> Option<AccountId> {
    account.filter(|_| kind.rule().limit == Limit::Account)
}

/// The names of the mails that count against no account's limit.
fn counted_apart() -> Vec<String> {
    Kind::names(|rule| rule.limit == Limit::Address)
}

fn capped(kind: Kind) -> Queued {
    metrics::counter!("icusync_mails_total", "mail" => kind.name(), "outcome" => "capped").increment(1);
    Queued::Capped
}

/// Writes a mail that somebody requested by typing an address, within `db`'s transaction, and returns whether it may stay: a
/// mail above the limit was written too, so that it takes as long, and the caller rolls it back. The limit counts the mailbox,
/// whatever its `+tag`.
///
/// With `first` the person has no link that works, and the address's limit does not count: a stranger who used it up must not
/// leave its owner with nothing. What an account itself sent there still counts.
pub async fn ask(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
    first: bool,
) -> anyhow::Result<Queued> {
    let (now, kind) = (app.clock.now(), mail.kind());
    let sent = queries::jobs::asked(
        &mut *db,
        &mailbox(to),
        kind.name(),
        now - HOUR,
        counted(account, kind),
        &counted_apart(),
        now - DAY,
    )
    .await?;
    write(db, app, to, account, mail, now).await?;
    let most = i64::from(app.config.mails_per_hour);
    let too_many = sent.to_mailbox >= most && (!first || sent.to_mailbox_for_account >= most);
    if too_many || sent.for_account >= i64::from(app.config.mails_per_day) {
        return Ok(capped(kind));
    }
    Ok(Queued::Queued)
}

/// Moves the athletes of a mail into one that still waits, or else queues it, to be sent an hour after the previous one at
/// the earliest.
///
/// The caller holds the coach's lock, so that of two simultaneous athletes the second finds the first one's mail.
async fn gather(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
) -> anyhow::Result<Queued> {
    let (now, kind) = (app.clock.now(), mail.kind());
    let Mail::CoachJoined(mut new) = mail else {
        anyhow::bail!("{} cannot be gathered", kind.name());
    };
    let names = [kind.name().to_owned()];
    amend(db, app, to, &names, |waiting, _| {
        if let Mail::CoachJoined(waiting) = waiting
            && waiting.take_in(&mut new)
        {
            Amended::Changed
        } else {
            Amended::Kept
        }
    })
    .await?;
    if !new.joined.is_empty() {
        let last = queries::jobs::last_mail(&mut *db, &recipient(to), kind.name(), now - HOUR).await?;
        let run_at = last.map_or(now, |last| now.max(last + HOUR));
        write(db, app, to, account, Mail::CoachJoined(new), run_at).await?;
    }
    Ok(Queued::Queued)
}

/// Writes what an athlete of `account` grants now into the waiting mails to the coach that say so; false if there are none.
pub async fn rewrite_grant(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: AccountId,
    grant: &Granting,
) -> anyhow::Result<bool> {
    let whose = Whose {
        account,
        athlete_id: &grant.athlete_id,
    };
    let names = Kind::names(|rule| rule.says == Says::Terms);
    let mut rewritten = false;
    amend(db, app, to, &names, |mail, sent_for| {
        match mail.content_mut().grant_mut(&whose) {
            Some(old) if concerns(sent_for, account) => old.clone_from(grant),
            _ => return Amended::Kept,
        }
        rewritten = true;
        Amended::Changed
    })
    .await?;
    Ok(rewritten)
}

/// Removes a grant that ended or is paused from the waiting mails to the coach; a mail that is then about nobody is deleted.
/// True if one of them would have been how the coach learns of the grant.
pub async fn withdraw_grant(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    whose: &Whose<'_>,
) -> anyhow::Result<bool> {
    let names = Kind::names(|rule| rule.says != Says::Nothing);
    let mut unheard = false;
    amend(db, app, to, &names, |mail, sent_for| {
        if !concerns(sent_for, whose.account) {
            return Amended::Kept;
        }
        let (amended, first) = match mail.content_mut().withdraw(whose) {
            Withdrawn::Nothing => (Amended::Kept, false),
            Withdrawn::Part { first } => (Amended::Changed, first),
            Withdrawn::Whole { first } => (Amended::Withdrawn, first),
        };
        unheard |= first;
        amended
    })
    .await?;
    Ok(unheard)
}

/// Whether a mail that is sent for `sent_for` (none: for several) can be about an athlete of `account`.
fn concerns(sent_for: Option<AccountId>, account: AccountId) -> bool {
    sent_for.is_none_or(|sent_for| sent_for == account)
}

/// Deletes the mails of an account that is being deleted, except those to its address as a coach's that outlive it.
pub async fn forget_account(
    db: &mut PgConnection,
    account: AccountId,
    address: Option<&Address>,
) -> sqlx::Result<()> {
    queries::jobs::forget(
        db,
        account,
        &address.map(recipient).unwrap_or_default(),
        &Kind::names(|rule| rule.outlives),
    )
    .await
}

/// Deletes the mails to a coach whose address is being erased, except those to an account with the same address.
pub async fn forget_coach(db: &mut PgConnection, address: &Address) -> sqlx::Result<()> {
    let names = Kind::names(|rule| rule.to == Reader::Coach);
    queries::jobs::forget_mails(db, &recipient(address), &names).await
}

/// What happens to a waiting mail.
enum Amended {
    Kept,
    Changed,
    Withdrawn,
}

/// Lets `look` change the mails of these names to this address that no worker has claimed, with the account that each is
/// sent for.
async fn amend(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    names: &[String],
    mut look: impl FnMut(&mut Mail, Option<AccountId>) -> Amended + Send,
) -> anyhow::Result<()> {
    let mails = queries::jobs::unclaimed(&mut *db, &recipient(to), names, app.clock.now()).await?;
    for waiting in mails {
        // The worker gives up one that does not open.
        let Ok(mut parcel) = open(app, waiting.id, &waiting.payload) else {
            continue;
        };
        match look(&mut parcel.mail, waiting.account_id) {
            Amended::Kept => {}
            Amended::Changed => {
                let account = parcel.mail.content().sent_for(waiting.account_id);
                let payload = seal(app, waiting.id, &parcel)?;
                queries::jobs::amend(&mut *db, waiting.id, account, &payload).await?;
            }
            Amended::Withdrawn => queries::jobs::withdraw(&mut *db, waiting.id).await?,
        }
    }
    Ok(())
}

async fn write(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
    run_at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let id = JobId(app.random.uuid(&app.clock));
    let (name, about) = (mail.kind().name(), about(&mail));
    let account_id = mail.content().sent_for(account);
    let to_typed = to.typed.clone();
    let payload = seal(app, id, &Parcel { to: to_typed, mail })?;
    let job = NewJob {
        id,
        kind: JobKind::Mail,
        name,
        account_id,
        recipient: Some(&recipient(to)),
        mailbox_hash: Some(&mailbox(to)),
        about_hash: about.as_deref(),
        payload: &payload,
        now: app.clock.now(),
        run_at,
    };
    Ok(queries::jobs::create(db, job).await?)
}

fn recipient(to: &Address) -> [u8; 32] {
    Sha256::digest(to.key.as_bytes()).into()
}

fn mailbox(to: &Address) -> [u8; 32] {
    Sha256::digest(to.mailbox().as_bytes()).into()
}

fn about(mail: &Mail) -> Option<Vec<u8>> {
    mail.content()
        .about()
        .map(|about| Sha256::digest(about.as_bytes()).to_vec())
}

fn seal(app: &App, id: JobId, parcel: &Parcel) -> serde_json::Result<Vec<u8>> {
    let plain = serde_json::to_vec(parcel)?;
    Ok(app.keys.seal(place(id), &plain, &app.random))
}

/// Opens what [`enqueue`] or [`ask`] sealed.
pub fn open(app: &App, id: JobId, payload: &[u8]) -> Result<Parcel, OpenError> {
    let plain = app.keys.open(place(id), payload)?;
    serde_json::from_slice(&plain).map_err(|_| OpenError::Broken)
}

/// Where a job's payload is stored.
pub const fn place(id: JobId) -> Place {
    Place {
        table: "jobs",
        row: id.0,
        column: "payload",
    }
}
