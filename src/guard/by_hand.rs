//! A change that an athlete makes on a page, without a client: the same right that a call gets, with its row in the activity
//! log first. Whether the connector may change anything does not matter here: the athlete is signed in.
//!
//! No HTML and no tool logic.

use tokio::time::Instant;

use super::{
    Caller, Granted,
    connection::{self, away},
    grant::{self, WRITES_GO_ON, Waiting},
    journal::{Journal, Notes, Through},
    progress::Progress,
    session::Session,
};
use crate::{
    app::App,
    ids::{AccountId, LogId},
    intervals,
    permissions::Permission,
    queries::{
        activity_log::{self, Entry},
        connections, connectors, in_time,
    },
    tool_error::ToolError,
    words::Outcome,
};

/// What the log has in place of a client's name.
const CLIENT: &str = "IcuSync dashboard";

/// The row of a change by hand, until it has ended.
pub(crate) struct ByHand {
    app: App,
    account: AccountId,
    row: LogId,
    intervals: intervals::Athlete,
    began: Instant,
    notes: Notes,
}

/// Opens the right to use the tool of `permission` for the athlete's own calendar, and writes the row. Whoever waits is
/// answered by `until`; the change itself may go on for longer.
pub(crate) async fn open(
    app: &App,
    session: &Session,
    permission: &Permission,
    until: Instant,
) -> Result<(Granted, ByHand), ToolError> {
    let account = session.account;
    let link = in_time(connectors::of_account(&app.pool, account)).await;
    let link = link
        .map_err(|error| away(&error))?
        .ok_or_else(|| connection::never(app))?;
    let row = in_time(connections::of_account(&app.pool, account)).await;
    let row = row.map_err(|error| away(&error))?;
    let caller = |athlete| Caller::Athlete {
        account,
        link: link.id,
        athlete,
    };
    let (ask, opened) = grant::open(app, &caller(None), row, None, permission, until + WRITES_GO_ON).await?;
    let athlete = opened.athlete.to_string();
    let row = Entry {
        id: LogId(app.random.uuid(&app.clock)),
        at: app.clock.now(),
        account_id: account,
        athlete_id: athlete.clone(),
        caller: None,
        coach_id: None,
        client: CLIENT.to_owned(),
        tool: permission.name.to_owned(),
        access: permission.access,
        outcome: Outcome::Unfinished,
        duration_ms: 0,
        upstream_requests: 0,
        calls: 1,
    };
    let caller = caller(Some(athlete));
    let journal = Journal::open(app, &row, &caller, Through::Page).await?;
    let by_hand = ByHand {
        app: app.clone(),
        account,
        row: row.id,
        intervals: opened.intervals,
        began: Instant::now(),
        notes: journal.notes(),
    };
    let waiting = Waiting {
        until,
        progress: Progress::default(),
    };
    Ok((ask.into_granted(journal, waiting), by_hand))
}

impl ByHand {
    /// Writes into the row how the change ended. A refused connection is checked, as after a call.
    pub(crate) async fn end<T>(self, done: Result<T, ToolError>) -> Result<T, ToolError> {
        let outcome = done.as_ref().map_or_else(ToolError::outcome, |_| Outcome::Ok);
        let ms = i32::try_from(self.began.elapsed().as_millis()).unwrap_or(i32::MAX);
        let requests = i32::try_from(self.intervals.requests()).unwrap_or(i32::MAX);
        let noted = in_time(activity_log::finish(
            &self.app.pool,
            self.row,
            outcome,
            ms,
            requests,
        ))
        .await;
        if let Err(error) = noted {
            metrics::counter!("icusync_activity_log_failures_total").increment(1);
            tracing::error!(%error, "cannot write how a change ended into the activity log");
        }
        match done {
            Err(ToolError::Reconnect(_)) => Err(connection::refused(&self.app, self.account).await),
            done => {
                if self.notes.is_lost() {
                    let _ = connection::refused(&self.app, self.account).await;
                }
                done
            }
        }
    }
}
