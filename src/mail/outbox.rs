//! The way into the queue: a mail is a row, written in the transaction that it announces.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Address, Mail};
use crate::{
    app::App,
    ids::{AccountId, JobId},
    queries::{self, jobs::NewJob},
    secrets::{OpenError, Place},
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

/// Mails that count for nothing but their own hourly share. Any stranger can have the first three sent by typing an address, and
/// a flood of them must never hold back a mail that its owner waits for; the others tell of what somebody else may have done,
/// and must not be held back by whatever that somebody had sent before.
const COUNTED_APART: [&str; 18] = [
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
    "coach_left",
    "grant_asleep",
    "new_client",
];

/// Queues `mail` within `db`'s transaction, unless the address has had its share of this mail this hour, or the account
/// its share of mails today.
///
/// Two requests that run at once may both pass the count: the caps protect people from floods, they are no locks.
pub async fn enqueue(
    db: &mut sqlx::PgConnection,
    app: &App,
    to: &Address,
    account: Option<AccountId>,
    mail: Mail,
) -> anyhow::Result<Queued> {
    let now = app.clock.now();
    let recipient = Sha256::digest(to.key.as_bytes());
    let name = mail.name();
    let to_address = queries::jobs::mails_to(&mut *db, &recipient, name, now - Duration::hours(1)).await?;
    let for_account = match account {
        Some(account) if !COUNTED_APART.contains(&name) => {
            let without = COUNTED_APART.map(str::to_owned);
            queries::jobs::mails_of(&mut *db, account, &without, now - Duration::days(1)).await?
        }
        _ => 0,
    };
    if to_address >= i64::from(app.config.mails_per_hour)
        || for_account >= i64::from(app.config.mails_per_day)
    {
        metrics::counter!("icusync_mails_total", "mail" => name, "outcome" => "capped").increment(1);
        return Ok(Queued::Capped);
    }
    let id = JobId(app.random.uuid(&app.clock));
    let parcel = serde_json::to_vec(&Parcel {
        to: to.typed.clone(),
        mail,
    })?;
    let payload = app.keys.seal(place(id), &parcel, &app.random);
    let job = NewJob {
        id,
        kind: "mail",
        name,
        account_id: account,
        recipient: Some(&recipient),
        payload: &payload,
        now,
    };
    queries::jobs::create(db, job).await?;
    Ok(Queued::Queued)
}

/// Opens what [`enqueue`] sealed.
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
