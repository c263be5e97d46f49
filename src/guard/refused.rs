//! Calls that the rate limit refused: counted here, and logged in one row of the athlete's log per minute and link.
//!
//! A flood of refused calls must cause neither a flood of rows nor a flood of updates. So a process counts, and writes
//! the count immediately and then once a second. The row's id follows from the link and the minute, so that instances
//! that count for the same link add to the same row.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use tokio::sync::RwLock;

use crate::{
    app::App,
    ids::{AccountId, ConnectorId, LogId},
    queries::{
        activity_log::{self, Entry},
        in_time,
    },
    words::{Access, Outcome},
};

/// How often the count for a link is written while its calls are refused.
const WRITTEN_EVERY: Duration = Duration::from_secs(1);

/// A call that was refused.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The link that it came through.
    pub link: ConnectorId,
    /// Whose link it is.
    pub account: AccountId,
    /// The intervals.icu id of the athlete whom the account shows; empty if it was never connected.
    pub athlete: &'a str,
    /// The client's own name for itself.
    pub client: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// Whether the tool reads or writes.
    pub access: Access,
}

/// What one process has counted and not yet written. A link is in it as long as a task writes for it.
#[derive(Default)]
pub struct Refused {
    counted: Mutex<HashMap<ConnectorId, Vec<Entry>>>,
    /// Held for reading by a task that has taken counts and is writing them, for writing by [`settle`].
    writing: RwLock<()>,
}

impl Refused {
    /// Counts a call; true if no task writes for this link yet.
    fn count(&self, refusal: Refusal<'_>, now: DateTime<Utc>) -> bool {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        let id = row_of(refusal.link, minute);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !counted.contains_key(&refusal.link);
        let rows = counted.entry(refusal.link).or_default();
        if let Some(row) = rows.iter_mut().find(|row| row.id == id) {
            row.calls = row.calls.saturating_add(1);
        } else {
            rows.push(Entry {
                id,
                at: minute,
                account_id: refusal.account,
                athlete_id: refusal.athlete.to_owned(),
                caller: None,
                coach_id: None,
                client: refusal.client.to_owned(),
                tool: refusal.tool.to_owned(),
                access: refusal.access,
                outcome: Outcome::Busy,
                duration_ms: 0,
                upstream_requests: 0,
                calls: 1,
            });
        }
        is_first
    }

    /// Takes what was counted for a link. If that is nothing, its task is done, and the link is removed.
    fn take(&self, link: ConnectorId) -> Vec<Entry> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counted.get_mut(&link).map(std::mem::take).unwrap_or_default();
        if rows.is_empty() {
            counted.remove(&link);
        }
        rows
    }

    /// Puts back what could not be written.
    fn give_back(&self, link: ConnectorId, row: Entry) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counted.entry(link).or_default();
        if let Some(later) = rows.iter_mut().find(|later| later.id == row.id) {
            later.calls = later.calls.saturating_add(row.calls);
        } else {
            rows.push(row);
        }
    }
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refused")
    }
}

/// Counts a refused call. Its row is correct within a second or two.
pub fn note(app: &App, refusal: Refusal<'_>) {
    if app.refused.count(refusal, app.clock.now()) {
        let (app, link) = (app.clone(), refusal.link);
        tokio::spawn(async move {
            while write(&app, link).await {
                tokio::time::sleep(WRITTEN_EVERY).await;
            }
        });
    }
}

/// Writes everything that was counted; for a process that is about to end.
pub async fn settle(app: &App) {
    // A task that took counts has written them or put them back before this gets the lock.
    let _alone = app.refused.writing.write().await;
    let links: Vec<ConnectorId> = {
        let counted = app.refused.counted.lock();
        counted
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect()
    };
    for link in links {
        for row in app.refused.take(link) {
            if let Err(error) = written(app, &row).await {
                failed(&error);
            }
        }
    }
}

/// Writes what was counted for a link; false if there was nothing.
async fn write(app: &App, link: ConnectorId) -> bool {
    let _writing = app.refused.writing.read().await;
    let rows = app.refused.take(link);
    let any = !rows.is_empty();
    for row in rows {
        tracing::info!(%link, calls = row.calls, "calls refused by the rate limit");
        match written(app, &row).await {
            Ok(()) => {}
            Err(error) => {
                failed(&error);
                app.refused.give_back(link, row);
            }
        }
    }
    any
}

async fn written(app: &App, row: &Entry) -> sqlx::Result<()> {
    match in_time(activity_log::add_refused(&app.pool, row)).await {
        // The account was deleted meanwhile, and its log with it.
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => Ok(()),
        done => done,
    }
}

fn failed(error: &sqlx::Error) {
    metrics::counter!("icusync_activity_log_failures_total").increment(1);
    tracing::error!(%error, "cannot write the activity log");
}

/// The id of the row for a link and a minute: the same on every instance, and ordered by time like every other (RFC
/// 9562, version 7).
fn row_of(link: ConnectorId, minute: DateTime<Utc>) -> LogId {
    let digest = Sha256::new()
        .chain_update(link.0.as_bytes())
        .chain_update(minute.timestamp().to_be_bytes())
        .finalize();
    let mut rest = [0; 10];
    rest.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(minute.timestamp_millis()).unwrap_or(0);
    LogId(uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn refusal(link: u128) -> Refusal<'static> {
        Refusal {
            link: ConnectorId(Uuid::from_u128(link)),
            account: AccountId(Uuid::from_u128(9)),
            athlete: "i900001",
            client: "client",
            tool: "get_fitness",
            access: Access::Read,
        }
    }

    #[test]
    fn a_minute_and_a_link_have_one_row_with_the_count() {
        let refused = Refused::default();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let first = Refusal {
            tool: "get_events",
            ..refusal(1)
        };
        assert!(refused.count(first, at("2026-11-21T08:00:59Z")));
        for second in 0..60 {
            let now = at("2026-11-21T08:00:00Z") + TimeDelta::seconds(second);
            assert!(!refused.count(refusal(1), now), "a task already writes for it");
        }
        assert!(!refused.count(refusal(1), at("2026-11-21T08:01:00Z")));
        assert!(refused.count(refusal(2), at("2026-11-21T08:00:00Z")));
        let rows = refused.take(refusal(1).link);
        let written: Vec<(i32, &str, String)> = rows
            .iter()
            .map(|row| (row.calls, row.tool.as_str(), row.at.to_rfc3339()))
            .collect();
        assert_eq!(
            written,
            [
                (61, "get_events", "2026-11-21T08:00:00+00:00".to_owned()),
                (1, "get_fitness", "2026-11-21T08:01:00+00:00".to_owned()),
            ],
            "with the tool of the first call"
        );
        assert!(rows[0].id.0 < rows[1].id.0, "in the order of time");
        // The count of what could not be written continues.
        assert!(!refused.count(refusal(1), at("2026-11-21T08:00:30Z")));
        for row in rows {
            refused.give_back(refusal(1).link, row);
        }
        let calls: Vec<i32> = refused
            .take(refusal(1).link)
            .iter()
            .map(|row| row.calls)
            .collect();
        assert_eq!(calls, [62, 1]);
        assert!(refused.take(refusal(1).link).is_empty());
        assert!(
            refused.count(refusal(1), at("2026-11-21T08:00:30Z")),
            "a task is needed again"
        );
    }
}
