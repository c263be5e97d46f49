//! The queue's worker: sends mails, revokes tokens upstream. Also the upkeep: reports grants whose time is over, purges old
//! rows, seals again what is under an old key, checks whether every sealed value opens.
//!
//! Jobs are rows, written in the transaction that they announce; any number of instances may run all of this.

mod grants;
mod lost;
mod purge;
mod reseal;
mod upkeep;
mod worker;

use std::{panic::AssertUnwindSafe, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
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

/// A worker that has not read the queue for this long hangs.
const MISSED_AFTER: Duration = Duration::from_mins(1);
/// A turn of the upkeep or a check of the sealed values that takes longer hangs, at a connection that the network swallowed
/// say: the next one starts over.
const LONGEST: Duration = Duration::from_mins(10);
/// How long to wait before work that stopped starts again.
const PAUSE: Duration = Duration::from_secs(1);

/// Works on the queue and does the upkeep until `shutdown`. Work that stops before that is started again.
pub async fn run(app: App, shutdown: CancellationToken) {
    tokio::join!(
        kept_up(
            "queue",
            &shutdown,
            || worker::run(&app, &shutdown),
            || app.worker.stop()
        ),
        kept_up("upkeep", &shutdown, || upkeep::run(&app, &shutdown), || ()),
        kept_up("seals", &shutdown, || lost::run(&app, &shutdown), || ())
    );
}

/// Whether this instance, once it has begun, is still working on the queue.
pub fn is_working(app: &App) -> bool {
    !app.worker.is_missed(MISSED_AFTER)
}

/// Does `work` until `shutdown`, however often it panics or ends.
async fn kept_up<Work: Future<Output = ()>>(
    what: &'static str,
    shutdown: &CancellationToken,
    work: impl Fn() -> Work,
    stopped: impl Fn(),
) {
    loop {
        let ended = AssertUnwindSafe(work()).catch_unwind().await;
        if shutdown.is_cancelled() {
            return;
        }
        stopped();
        metrics::counter!("icusync_work_stopped_total", "what" => what).increment(1);
        tracing::error!(what, panicked = ended.is_err(), "work stopped and restarts");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// A bearer token to revoke at intervals.icu.
#[derive(Serialize, Deserialize)]
struct Revoke {
    token: String,
    /// Whose it was.
    athlete: String,
}

/// Queues the revoke of `athlete`'s bearer token at intervals.icu within `db`'s transaction. An API key cannot be revoked
/// from here, so nobody calls this for one.
pub async fn enqueue_revoke(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: Option<AccountId>,
    athlete: &str,
    token: &secrecy::SecretString,
) -> anyhow::Result<()> {
    enqueue_revoke_at(db, app, account, athlete, token, app.clock.now())
        .await
        .map(drop)
}

/// The same, not before `run_at`; returns the job, which keeps the token until then.
pub async fn enqueue_revoke_at(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: Option<AccountId>,
    athlete: &str,
    token: &secrecy::SecretString,
    run_at: DateTime<Utc>,
) -> anyhow::Result<JobId> {
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
        run_at,
    };
    queries::jobs::create(db, job)
        .await
        .context("cannot queue the revoke")?;
    Ok(id)
}

/// The token in the payload of a revoke; none if no key opens it.
pub fn token_of(app: &App, id: JobId, payload: &[u8]) -> Option<secrecy::SecretString> {
    let plain = app.keys.open(outbox::place(id), payload).ok()?;
    let revoke: Revoke = serde_json::from_slice(&plain).ok()?;
    Some(revoke.token.into())
}
