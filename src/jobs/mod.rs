//! The queue's worker: sends mails, revokes tokens upstream. Beside it the upkeep: tells of grants whose time is over, purges
//! what has outlived its use, seals anew what is under an old key, looks whether all that is sealed opens.
//!
//! Jobs are rows, written in the transaction that they announce; any number of instances may run all of this.

mod grants;
mod lost;
mod purge;
mod reseal;
mod upkeep;
mod worker;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use grants::tell_grants;
pub use lost::{look, look_again, note};
pub use purge::purge;
pub use reseal::{KeyUse, idle, key_use, reseal};
pub use worker::run_due;

use crate::{
    app::App,
    ids::{AccountId, JobId},
    mail::outbox,
    queries::{self, jobs::NewJob},
    words::JobKind,
};

/// Works on the queue and does the upkeep until `shutdown`.
pub async fn run(app: App, shutdown: CancellationToken) {
    tokio::join!(
        worker::run(app.clone(), shutdown.clone()),
        upkeep::run(app.clone(), shutdown.clone()),
        lost::run(app, shutdown)
    );
}

/// A bearer token to be given back to intervals.icu.
#[derive(Serialize, Deserialize)]
struct Revoke {
    token: String,
    /// Whose it was.
    athlete: String,
}

/// Queues the revoke of `athlete`'s bearer token at intervals.icu within `db`'s transaction. An API key cannot be revoked
/// from here; whoever has one does not call this.
pub async fn enqueue_revoke(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: Option<AccountId>,
    athlete: &str,
    token: &secrecy::SecretString,
) -> anyhow::Result<()> {
    use secrecy::ExposeSecret as _;
    let now = app.clock.now();
    let id = JobId(app.random.uuid(&app.clock));
    let plain = serde_json::to_vec(&Revoke {
        token: token.expose_secret().to_owned(),
        athlete: athlete.to_owned(),
    })?;
    let payload = app.keys.seal(outbox::place(id), &plain, &app.random);
    let job = NewJob {
        id,
        kind: JobKind::Revoke,
        name: "bearer",
        account_id: account,
        recipient: None,
        mailbox_hash: None,
        about_hash: None,
        payload: &payload,
        now,
        run_at: now,
    };
    queries::jobs::create(db, job)
        .await
        .context("cannot queue the revoke")
}
