//! An athlete's own data on a page, for a signed-in athlete and without a client: no call, and no row in the activity log.
//!
//! No HTML and no tool logic. The right is the same that a call of the athlete's own connector gets.

use tokio::time::Instant;

use super::{
    Ask,
    caller::Allowed,
    connection::{self, away},
    grant::{self, Opened},
};
use crate::{
    app::App,
    ids::AccountId,
    intervals::Area,
    queries::{connections, in_time},
    tool_error::ToolError,
};

/// A page sends no request if fewer than this are left to the athlete today: they are kept for questions.
const KEPT_FOR_QUESTIONS: u32 = 30;

/// The athlete's own data, opened for a page.
pub(crate) struct Own {
    /// The right to read.
    pub(crate) ask: Ask,
    /// Whether so few requests are left that only answers which are kept are read.
    pub(crate) is_spared: bool,
    account: AccountId,
    opened: Opened,
}

/// Opens the account's own data until `deadline`. A time zone that is not known is read from the settings; where those are not
/// shared, the page asks the athlete for it, who would not be heard once it is guessed from an activity.
pub(crate) async fn open(app: &App, account: AccountId, deadline: Instant) -> Result<Own, ToolError> {
    let row = in_time(connections::of_account(&app.pool, account)).await;
    let row = row
        .map_err(|error| away(&error))?
        .ok_or_else(|| connection::never(app))?;
    let handle = grant::handle(app, &row, account.into(), Allowed::Own, deadline)?;
    let is_spared = handle.left_today() < KEPT_FOR_QUESTIONS;
    let shares_settings = connection::scopes_of(row.kind, &row.scopes).reads(Area::Settings);
    let (mut ask, opened) = if row.zone.is_none() && shares_settings && !is_spared {
        handle.up_to_date(app, row).await?
    } else {
        handle.of_row(app, row)?
    };
    if is_spared {
        ask.upstream = ask.upstream.reading_only_kept();
    }
    Ok(Own {
        ask,
        is_spared,
        account,
        opened,
    })
}

impl Own {
    /// Notes what the page learned: that upstream answered, and the profile if it was read; or checks the connection, if upstream
    /// refused it.
    pub(crate) async fn note(&self, app: &App, is_refused: bool) {
        if is_refused {
            // What it means is on the dashboard the next time.
            drop(connection::refused(app, self.account).await);
            return;
        }
        if let Err(error) = self.opened.note_learned(app).await {
            tracing::warn!(%error, "what a page learned could not be kept");
        }
    }
}
