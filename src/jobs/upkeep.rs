//! What is looked after at the start and every hour: grants and rows past their time, values under an old key.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::reseal::{self, KeyUse};
use crate::app::App;

/// Well within a day, so that what is promised to be gone after a day is.
const EVERY: Duration = Duration::from_hours(1);

/// Works until `shutdown`, which may break off anything here: all of it is done in small steps that stand by themselves.
pub(super) async fn run(app: &App, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = look_after(app) => {}
    }
}

async fn look_after(app: &App) {
    let mut before = Vec::new();
    loop {
        // Before the purge: nobody is told of a row that is gone.
        if let Err(error) = super::tell_grants(app).await {
            tracing::warn!(%error, "cannot tell of grants whose time is over");
        }
        // Each failure is in the log with its table.
        let _ = super::purge(app).await;
        match super::reseal(app).await {
            Ok(now) => before = told(&before, now),
            Err(error) => tracing::warn!(%error, "cannot look after the sealed values"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Says what has changed since the look before: a key that can go, values that nobody can open.
fn told(before: &[KeyUse], now: Vec<KeyUse>) -> Vec<KeyUse> {
    if before != now.as_slice() {
        for key in reseal::idle(&now) {
            tracing::info!(
                key,
                "no sealed value uses this key any more: it can leave SEAL_KEYS"
            );
        }
        for key in now.iter().filter(|key| !key.known) {
            tracing::warn!(
                key = key.id,
                values = key.values,
                "values are sealed with a key that SEAL_KEYS does not hold: nobody can open them"
            );
        }
    }
    now
}
