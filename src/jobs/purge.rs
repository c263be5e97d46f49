//! What is deleted, and when.

use chrono::Duration;

use crate::{app::App, guard::session, queries};

/// Rows of the activity log are kept this long.
pub(super) const LOG_KEPT: Duration = Duration::days(90);
/// Ended jobs are kept this long: the caps on mails count them.
pub(super) const JOBS_KEPT: Duration = Duration::days(2);

/// Deletes what is past its time. Safe to run on several instances at once.
pub async fn purge(app: &App) -> sqlx::Result<()> {
    let now = app.clock.now();
    let rows = [
        (
            "activity_log",
            queries::activity_log::purge(&app.pool, now - LOG_KEPT).await?,
        ),
        (
            "sessions",
            queries::sessions::purge(&app.pool, now - session::ABSOLUTE, now - session::IDLE).await?,
        ),
        ("mail_links", queries::mail_links::purge(&app.pool, now).await?),
        (
            "oauth_states",
            queries::oauth_states::purge(&app.pool, now).await?,
        ),
        ("jobs", queries::jobs::purge(&app.pool, now - JOBS_KEPT).await?),
    ];
    for (table, count) in rows.into_iter().filter(|(_, count)| *count > 0) {
        tracing::info!(table, count, "purged");
    }
    Ok(())
}
