//! The upkeep at start and every hour: grants and rows past their time, values under an old key.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    LONGEST,
    reseal::{self, KeyUse},
};
use crate::app::App;

/// Well within a day, to keep the promise that things are gone after a day.
const EVERY: Duration = Duration::from_hours(1);

/// Works until `shutdown`, which may interrupt anything here: it is all done in small, independent steps.
pub(super) async fn run(app: &App, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = look_after(app) => {}
    }
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
