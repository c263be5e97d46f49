//! The upkeep at start and every hour: grants and rows past their time, values under an old key. And what cannot wait for an hour:
//! readable copies of tokens, the count of sign-ins that strand, and the links of recoveries.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    LONGEST,
    reseal::{self, KeyUse},
};
use crate::{app::App, guard::recovery, oauth::known, queries};

/// Within the time for which the copies are promised to be there.
const OFTEN: Duration = Duration::from_secs(10);
/// Sign-ins of this time are counted if no call came through them. It is the sign of an edge that lets the one of a client's two
/// programs through and stops the other.
const COUNTED: chrono::Duration = chrono::Duration::hours(1);
/// A client that works uses its tokens within this time.
const USED_WITHIN: chrono::Duration = chrono::Duration::minutes(2);
/// Well within a day, to keep the promise that things are gone after a day.
const EVERY: Duration = Duration::from_hours(1);

/// Works until `shutdown`, which may interrupt anything here: it is all done in small, independent steps.
pub(super) async fn run(app: &App, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = look_after(app) => {}
        () = look_often(app) => {}
    }
}

/// Does every few seconds what is small and must be on time.
async fn look_often(app: &App) {
    loop {
        tokio::time::sleep(OFTEN).await;
        if let Err(error) = often(app).await {
            tracing::warn!(%error, "cannot erase copies of tokens, or count sign-ins");
        }
        if let Err(error) = recovery::mail_due(app).await {
            tracing::warn!(%error, "cannot mail the links of recoveries");
        }
    }
}

async fn often(app: &App) -> sqlx::Result<()> {
    super::purge::erase_copies(app).await?;
    let now = app.clock.now();
    let stranded = queries::sign_ins::unused(&app.pool, now - COUNTED, now - USED_WITHIN).await?;
    // Anybody can register any name, and a label must not grow with what they make up.
    let names = known::names();
    let mut others: i64 = stranded.iter().map(|client| client.count).sum();
    for name in names {
        let of_it = stranded.iter().filter(|client| client.client_name == name);
        let count: i64 = of_it.map(|client| client.count).sum();
        others -= count;
        tell_stranded(name, count);
    }
    tell_stranded("other", others);
    Ok(())
}

fn tell_stranded(client: &'static str, count: i64) {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sign-ins an hour")]
    metrics::gauge!("icusync_sign_ins_unused", "client" => client).set(count as f64);
}

async fn look_after(app: &App) {
    let mut before = Vec::new();
    loop {
        if tokio::time::timeout(LONGEST, turn(app, &mut before))
            .await
            .is_err()
        {
            tracing::warn!("the upkeep took too long and was cut off");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn turn(app: &App, before: &mut Vec<KeyUse>) {
    // Before the purge: nobody gets an email about a row that is gone.
    if let Err(error) = super::tell_grants(app).await {
        tracing::warn!(%error, "cannot report grants whose time is over");
    }
    // Each failure is in the log with its table.
    let _ = super::purge(app).await;
    match super::reseal(app).await {
        Ok(now) => *before = report(before, now),
        Err(error) => tracing::warn!(%error, "cannot reseal the values under old keys"),
    }
}

/// Logs what has changed since last time: a key that can go, values that nobody can open.
fn report(before: &[KeyUse], now: Vec<KeyUse>) -> Vec<KeyUse> {
    if before != now.as_slice() {
        for key in reseal::idle(&now) {
            tracing::info!(
                key,
                "no sealed value uses this key any more: you can remove it from SEAL_KEYS"
            );
        }
        for key in now.iter().filter(|key| !key.known) {
            tracing::warn!(
                key = key.id,
                values = key.values,
                "values are sealed with a key that is not in SEAL_KEYS: nobody can open them"
            );
        }
    }
    now
}
