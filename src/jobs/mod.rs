//! The queue's worker: sends mails, revokes tokens upstream, purges what has outlived its use.
//!
//! Jobs are rows, written in the transaction that they announce; any number of instances may run this worker.

mod purge;
mod worker;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

pub use purge::purge;
pub use worker::{run, run_due};

use crate::{
    app::App,
    ids::{AccountId, JobId},
    mail::outbox,
    queries::{self, jobs::NewJob},
};

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
    let id = JobId(app.random.uuid(&app.clock));
    let plain = serde_json::to_vec(&Revoke {
        token: token.expose_secret().to_owned(),
        athlete: athlete.to_owned(),
    })?;
    let payload = app.keys.seal(outbox::place(id), &plain, &app.random);
    let job = NewJob {
        id,
        kind: "revoke",
        name: "bearer",
        account_id: account,
        recipient: None,
        payload: &payload,
        now: app.clock.now(),
    };
    queries::jobs::create(db, job)
        .await
        .context("cannot queue the revoke")
}
