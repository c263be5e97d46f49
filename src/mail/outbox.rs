//! The way into the queue: a mail is a row, written in the transaction that it announces.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{Address, CoachJoined, GrantChanged, Mail};
use crate::{
    app::App,
    ids::{AccountId, JobId},
    queries::{
        self,
        jobs::{NewJob, Waiting},
    },
    secrets::{OpenError, Place},
    words::JobKind,
};

/// Whether a mail was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It stands in the queue.
    Queued,
    /// The address or the account had its share; nothing was written, and the person is told nothing.
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

/// Mails that count for nothing but their own hourly share. Any stranger can have some of them sent by typing an address,
/// and a flood of them must never hold back a mail that its owner waits for; the others tell of what somebody else did or may
/// have done, and must not be held back by whatever that somebody had sent before.
const COUNTED_APART: [&str; 19] = [
    "confirm",
    "already_here",
    "reset",
    "password_changed",
    "address_changed",
    "account_deleted",
    "coach_invite",
    "coach_joined",
    "coach_resend",
    "coach_url",
    "coach_regenerate",
    "coach_new_url",
    "coach_roster",
    "grant_changed",
    "grant_ended",
    "athlete_replaced",
    "coach_left",
    "grant_asleep",
    "new_client",
];

/// Mails that are never held back, as those about athletes who joined are not, of which one leaves an hour. Neither can be had
/// by asking again and again: a new URL takes a mail's link, which has its own share, and a grant ends once for each time that
/// it was mailed.
const NEVER_HELD_BACK: [&str; 2] = ["coach_new_url", "grant_ended"];

/// Mails that wait for the next hour instead of being lost beyond their share: what they say last must reach its reader. What is
/// changed meanwhile goes into the one that waits, or takes its place, so there are never two.
const WAIT: [&str; 2] = ["grant_changed", "athlete_replaced"];

/// Mails that an address gets as a coach's, and that still make sense when the account with the same address is gone. Those
/// with a link for ten minutes do not: the link went with the account's.
const KEPT_FOR_COACHES: [&str; 7] = [
    "coach_invite",
    "coach_joined",
    "coach_url",
    "coach_new_url",
    "grant_changed",
    "grant_ended",
    "athlete_replaced",
];

/// The share of an address is counted over this time, and athletes who join a coach within it go in one mail.
const SHARE: Duration = Duration::hours(1);

/// Athletes in one mail; more go in another.
const MOST_JOINED: usize = 50;

/// Queues `mail` within `db`'s transaction, unless the address has had its share of this mail (about the same person) this
/// hour, or the account its share of mails today. Athletes who join a coach within an hour go in one mail.
///
/// Two requests that run at once may both pass the count: the caps protect people from floods, they are no locks.
pub async fn enqueue(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
) -> anyhow::Result<Queued> {
    let mail = match mail {
        Mail::CoachJoined(joined) => return join(db, app, to, joined).await,
        other => other,
    };
    let now = app.clock.now();
    let name = mail.name();
    if NEVER_HELD_BACK.contains(&name) {
        write(db, app, to, account, mail, now).await?;
        return Ok(Queued::Queued);
    }
    let (recipient, about) = (recipient(to), about(&mail));
    let to_address =
        queries::jobs::mails_to(&mut *db, &recipient, name, about.as_deref(), now - SHARE).await?;
    let for_account = match account {
        Some(account) if !COUNTED_APART.contains(&name) => {
            let without = COUNTED_APART.map(str::to_owned);
            queries::jobs::mails_of(&mut *db, account, &without, now - Duration::days(1)).await?
        }
        _ => 0,
    };
    let too_many = to_address >= i64::from(app.config.mails_per_hour)
        || for_account >= i64::from(app.config.mails_per_day);
    if too_many && !WAIT.contains(&name) {
        metrics::counter!("icusync_mails_total", "mail" => name, "outcome" => "capped").increment(1);
        return Ok(Queued::Capped);
    }
    let run_at = if too_many { now + SHARE } else { now };
    write(db, app, to, account, mail, run_at).await?;
    Ok(Queued::Queued)
}

/// Writes a mail that somebody asked for by typing an address, within `db`'s transaction, and tells whether it may stay: what is
/// capped was written too, so that it costs the same, and the caller rolls it back. Counted is the mailbox, whatever its `+tag`.
///
/// With `first` nothing is in that person's hands yet, and the share of the address does not count: a stranger who used it up
/// must not leave its owner with nothing. What an account itself sent there counts all the same.
pub async fn ask(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
    first: bool,
) -> anyhow::Result<Queued> {
    let (now, name) = (app.clock.now(), mail.name());
    let counted = account.filter(|_| !COUNTED_APART.contains(&name));
    let sent = queries::jobs::asked(
        &mut *db,
        &mailbox(to),
        name,
        now - SHARE,
        counted,
        &COUNTED_APART.map(str::to_owned),
        now - Duration::days(1),
    )
    .await?;
    write(db, app, to, account, mail, now).await?;
    let share = i64::from(app.config.mails_per_hour);
    let beyond_its_share = sent.to_mailbox >= share && (!first || sent.to_mailbox_for_account >= share);
    if beyond_its_share || sent.for_account >= i64::from(app.config.mails_per_day) {
        metrics::counter!("icusync_mails_total", "mail" => name, "outcome" => "capped").increment(1);
        return Ok(Queued::Capped);
    }
    Ok(Queued::Queued)
}

/// Puts athletes who joined a coach into the mail about others that still waits, else into one of its own, which leaves no
/// sooner than an hour after the last.
///
/// The caller holds the coach's row, so that of two athletes at once the second finds the mail of the first.
async fn join(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    mut new: CoachJoined,
) -> anyhow::Result<Queued> {
    let now = app.clock.now();
    amend(db, app, to, &["coach_joined"], |mail, waiting| {
        let Mail::CoachJoined(mail) = mail else {
            return Amended::Kept;
        };
        if new.joined.is_empty() || mail.joined.len() + new.joined.len() > MOST_JOINED {
            return Amended::Kept;
        }
        mail.joined.retain(|old| {
            new.joined
                .iter()
                .all(|joined| !joined.is_of(old.account, &old.athlete_id))
        });
        mail.joined.append(&mut new.joined);
        mail.url.clone_from(&new.url);
        waiting.account_id = mail.on_behalf();
        Amended::Changed
    })
    .await?;
    if !new.joined.is_empty() {
        let last = queries::jobs::last_mail(&mut *db, &recipient(to), "coach_joined", now - SHARE).await?;
        let run_at = last.map_or(now, |last| now.max(last + SHARE));
        let account = new.on_behalf();
        write(db, app, to, account, Mail::CoachJoined(new), run_at).await?;
    }
    Ok(Queued::Queued)
}

/// Writes what an athlete of `account` grants from now on into the mails to the coach that tell of it and still wait; false when
/// there is none.
pub async fn rewrite_grant(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: AccountId,
    changed: &GrantChanged,
) -> anyhow::Result<bool> {
    let athlete = changed.athlete_id.as_str();
    let mut rewritten = false;
    let names = ["coach_invite", "coach_joined", "grant_changed"];
    amend(db, app, to, &names, |mail, waiting| {
        let mine = |of: &str| waiting.account_id == Some(account) && is_same(of, athlete);
        let (note, may, expires) = match mail {
            Mail::CoachInvite(mail) if mine(&mail.athlete_id) => {
                (&mut mail.note, &mut mail.may, &mut mail.expires)
            }
            Mail::GrantChanged(mail) if mine(&mail.athlete_id) => {
                (&mut mail.note, &mut mail.may, &mut mail.expires)
            }
            Mail::CoachJoined(mail) => {
                match mail
                    .joined
                    .iter_mut()
                    .find(|joined| joined.is_of(account, athlete))
                {
                    Some(joined) => (&mut joined.note, &mut joined.may, &mut joined.expires),
                    None => return Amended::Kept,
                }
            }
            _ => return Amended::Kept,
        };
        note.clone_from(&changed.note);
        may.clone_from(&changed.may);
        expires.clone_from(&changed.expires);
        rewritten = true;
        Amended::Changed
    })
    .await?;
    Ok(rewritten)
}

/// Takes an athlete of `account` whose grant, made at `granted_at`, ended or fell asleep out of the mails to the coach that still
/// wait; a mail that is then about nobody is not sent. True when the first mail about the grant was among them: the coach never
/// heard of it.
pub async fn withdraw_grant(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    account: AccountId,
    athlete: &str,
    granted_at: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let mut unheard = false;
    let names = [
        "coach_invite",
        "coach_joined",
        "grant_changed",
        "athlete_replaced",
    ];
    amend(db, app, to, &names, |mail, waiting| {
        // An invite that is sent again is written later than the grant.
        let is_first = waiting.created_at < granted_at + Duration::minutes(1);
        let mine = |of: &str| waiting.account_id == Some(account) && is_same(of, athlete);
        match mail {
            Mail::CoachInvite(mail) if mine(&mail.athlete_id) => {
                unheard |= is_first;
                Amended::Withdrawn
            }
            Mail::GrantChanged(mail) if mine(&mail.athlete_id) => Amended::Withdrawn,
            Mail::AthleteReplaced(mail) if mine(&mail.athlete_id) => Amended::Withdrawn,
            Mail::CoachJoined(mail) => {
                let before = mail.joined.len();
                mail.joined.retain(|joined| !joined.is_of(account, athlete));
                if mail.joined.len() == before {
                    return Amended::Kept;
                }
                unheard |= is_first;
                waiting.account_id = mail.on_behalf();
                if mail.joined.is_empty() {
                    Amended::Withdrawn
                } else {
                    Amended::Changed
                }
            }
            _ => Amended::Kept,
        }
    })
    .await?;
    Ok(unheard)
}

/// Whether two mails' athlete ids mean the same one; a mail that an earlier version wrote holds none, and may mean any.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || one.is_empty() || other.is_empty()
}

/// Takes an account that is being deleted out of the queue. What its address gets as a coach's stays.
pub async fn forget_account(
    db: &mut PgConnection,
    account: AccountId,
    address: &Address,
) -> sqlx::Result<()> {
    queries::jobs::forget(db, account, &recipient(address), &KEPT_FOR_COACHES).await
}

/// What a look at a waiting mail made of it.
enum Amended {
    Kept,
    Changed,
    Withdrawn,
}

/// Lets `look` change the mails of these names to this address that no worker has claimed.
async fn amend(
    db: &mut PgConnection,
    app: &App,
    to: &Address,
    names: &[&str],
    mut look: impl FnMut(&mut Mail, &mut Waiting) -> Amended + Send,
) -> anyhow::Result<()> {
    let mails = queries::jobs::unclaimed(&mut *db, &recipient(to), names, app.clock.now()).await?;
    for mut waiting in mails {
        // One that does not open is the worker's to give up.
        let Ok(mut parcel) = open(app, waiting.id, &waiting.payload) else {
            continue;
        };
        match look(&mut parcel.mail, &mut waiting) {
            Amended::Kept => {}
            Amended::Changed => {
                let payload = seal(app, waiting.id, &parcel)?;
                queries::jobs::amend(&mut *db, waiting.id, waiting.account_id, &payload).await?;
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
    let (name, about) = (mail.name(), about(&mail));
    let to_typed = to.typed.clone();
    let payload = seal(app, id, &Parcel { to: to_typed, mail })?;
    let job = NewJob {
        id,
        kind: JobKind::Mail,
        name,
        account_id: account,
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
    mail.about()
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

/// Where a job's payload stands.
pub const fn place(id: JobId) -> Place {
    Place {
        table: "jobs",
        row: id.0,
        column: "payload",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_names_a_mail_that_another_forgot() {
        let apart = |name: &&str| COUNTED_APART.contains(name);
        assert!(NEVER_HELD_BACK.iter().all(apart));
        assert!(KEPT_FOR_COACHES.iter().all(apart));
        assert!(WAIT.iter().all(apart));
    }
}
