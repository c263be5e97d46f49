//! What is deleted, and when.

use chrono::{DateTime, Duration, Utc};

use crate::{
    app::App,
    guard::{session, tries},
    queries,
};

/// Rows of the activity log are kept this long.
pub(super) const LOG_KEPT: Duration = Duration::days(90);
/// Ended jobs are kept this long: the caps on mails count them.
pub(super) const JOBS_KEPT: Duration = Duration::days(2);
/// Those that failed longer, so that somebody who asks where a mail has gone can be told.
pub(super) const FAILED_KEPT: Duration = Duration::days(14);
/// A grant that expired, an invite that nobody used, and a coach whom nobody invites any more are kept this long: whoever
/// comes back meanwhile finds the grant to renew, and the URL as it was.
pub(super) const COACHES_KEPT: Duration = Duration::days(90);
/// Rows deleted by one statement, so that none holds many locks or runs into its time.
const BATCH: u64 = 1_000;

/// A table with rows that lapse.
#[derive(Debug, Clone, Copy)]
enum Table {
    ActivityLog,
    Sessions,
    MailLinks,
    OAuthStates,
    Tries,
    CoachSessions,
    Grants,
    Coaches,
    Jobs,
}

impl Table {
    const ALL: [Self; 9] = [
        Self::ActivityLog,
        Self::Sessions,
        Self::MailLinks,
        Self::OAuthStates,
        Self::Tries,
        Self::CoachSessions,
        // Before the coaches: whom nobody grants anything any more may go too.
        Self::Grants,
        Self::Coaches,
        Self::Jobs,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ActivityLog => "activity_log",
            Self::Sessions => "sessions",
            Self::MailLinks => "mail_links",
            Self::OAuthStates => "oauth_states",
            Self::Tries => "tries",
            Self::CoachSessions => "coach_sessions",
            Self::Grants => "grants",
            Self::Coaches => "coaches",
            Self::Jobs => "jobs",
        }
    }

    /// Deletes one batch of what has lapsed; answers how many rows that were.
    async fn purge_some(self, app: &App, now: DateTime<Utc>) -> sqlx::Result<u64> {
        let (pool, limit) = (&app.pool, BATCH.cast_signed());
        match self {
            Self::ActivityLog => queries::activity_log::purge(pool, now - LOG_KEPT, limit).await,
            Self::Sessions => {
                queries::sessions::purge(pool, now - session::ABSOLUTE, now - session::IDLE, limit).await
            }
            Self::MailLinks => queries::mail_links::purge(pool, now, limit).await,
            Self::OAuthStates => queries::oauth_states::purge(pool, now, limit).await,
            Self::Tries => queries::tries::purge(pool, now - tries::COUNTED_FOR, limit).await,
            Self::CoachSessions => queries::coaches::purge_sessions(pool, now, limit).await,
            Self::Grants => queries::grants::purge(pool, now - COACHES_KEPT, limit).await,
            Self::Coaches => queries::coaches::purge(pool, now - COACHES_KEPT, limit).await,
            Self::Jobs => queries::jobs::purge(pool, now - JOBS_KEPT, now - FAILED_KEPT, limit).await,
        }
    }

    /// Deletes all that has lapsed, batch by batch.
    async fn purge(self, app: &App, now: DateTime<Utc>) -> sqlx::Result<()> {
        let (table, mut rows) = (self.name(), 0);
        loop {
            let gone = self.purge_some(app, now).await?;
            rows += gone;
            metrics::counter!("icusync_purged_rows_total", "table" => table).increment(gone);
            // Fewer than a batch: the rest, or rows that another instance is deleting.
            if gone < BATCH {
                break;
            }
        }
        if rows > 0 {
            tracing::info!(table, rows, "purged");
        }
        Ok(())
    }
}

/// Deletes what is past its time. Safe to run on several instances at once: each takes rows that no other is deleting. A table
/// that cannot be purged does not keep the others from it; the last failure is told.
pub async fn purge(app: &App) -> sqlx::Result<()> {
    let now = app.clock.now();
    let mut done = Ok(());
    for table in Table::ALL {
        if let Err(error) = table.purge(app, now).await {
            tracing::warn!(table = table.name(), %error, "cannot purge");
            done = Err(error);
        }
    }
    done
}
