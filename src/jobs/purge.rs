//! What is deleted, and when.

use chrono::{DateTime, Duration, Utc};

use crate::{
    app::App,
    guard::{session, tries},
    oauth::register,
    queries,
};

/// Rows of the activity log, and changes, are kept this long.
pub(super) const LOG_KEPT: Duration = Duration::days(90);
/// Finished jobs are kept this long: the limits on mails count them.
pub(super) const JOBS_KEPT: Duration = Duration::days(2);
/// Failed jobs are kept longer, for people who ask where a mail has gone.
pub(super) const FAILED_KEPT: Duration = Duration::days(14);
/// Expired grants, unused invites and coaches whom nobody invites any more are kept this long: a coach who comes back
/// finds the grant to renew, and the same connector URL.
pub(super) const COACHES_KEPT: Duration = Duration::days(90);
/// A client that registered, or a copy of a client's document, is kept this long if nobody begins to sign in with it, and this
/// long after its last use if no sign-in is left.
const UNUSED_CLIENTS_KEPT: Duration = Duration::days(30);
const USED_CLIENTS_KEPT: Duration = Duration::days(90);
/// Rows deleted by one statement, so that none holds many locks or times out.
const BATCH: u64 = 1_000;

/// A table whose rows lapse.
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
    KeptStates,
    Changes,
    WriteLeases,
    Confirmations,
    /// Not rows: readable copies in them.
    ClientSecrets,
    OAuthClients,
}

impl Table {
    const ALL: [Self; 15] = [
        Self::ActivityLog,
        Self::Sessions,
        Self::MailLinks,
        Self::OAuthStates,
        Self::Tries,
        Self::CoachSessions,
        // Before the coaches: one without grants may go too.
        Self::Grants,
        Self::Coaches,
        Self::Jobs,
        Self::KeptStates,
        Self::Changes,
        Self::WriteLeases,
        Self::Confirmations,
        Self::ClientSecrets,
        Self::OAuthClients,
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
            Self::KeptStates => "kept_states",
            Self::Changes => "changes",
            Self::WriteLeases => "write_leases",
            Self::Confirmations => "confirmations",
            Self::ClientSecrets => "client_secrets",
            Self::OAuthClients => "oauth_clients",
        }
    }

    /// Deletes one batch of lapsed rows; returns how many.
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
            Self::KeptStates => queries::changes::erase_lapsed(pool, now, limit).await,
            Self::Changes => queries::changes::purge(pool, now - LOG_KEPT, limit).await,
            Self::WriteLeases => queries::changes::purge_leases(pool, limit).await,
            Self::Confirmations => queries::changes::purge_confirmations(pool, now, limit).await,
            Self::ClientSecrets => {
                queries::oauth_clients::erase_secrets(pool, now - register::SAME_ANSWER, limit).await
            }
            Self::OAuthClients => {
                let (unused, used) = (now - UNUSED_CLIENTS_KEPT, now - USED_CLIENTS_KEPT);
                queries::oauth_clients::purge(pool, unused, used, limit).await
            }
        }
    }

    /// Deletes every lapsed row, batch by batch.
    async fn purge(self, app: &App, now: DateTime<Utc>) -> sqlx::Result<()> {
        let (table, mut rows) = (self.name(), 0);
        loop {
            let gone = self.purge_some(app, now).await?;
            rows += gone;
            metrics::counter!("icusync_purged_rows_total", "table" => table).increment(gone);
            // Less than a batch: the rest, or rows that another instance is deleting.
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

/// Deletes what is past its time. Several instances can run this at once: each takes rows that no other is deleting. A table
/// that cannot be purged does not hold up the others; the last failure is returned.
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
