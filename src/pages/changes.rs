//! Changes to the calendar on the pages: whether the athlete's connector may make any, and what intervals.icu must allow.

pub(super) mod list;
pub(crate) mod undo;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};

use super::{Fields, Signed, done::Done};
use crate::{
    app::App,
    error::Problem,
    guard::{coaches::GrantState, connection::scopes_of},
    ids::AccountId,
    intervals::Area,
    permissions::{self, Access},
    queries::{self, connections::Connection, connectors::Link, grants::Grant},
    words::ConnectionStatus,
};

/// The box of the choice, and the field that says that the form had it.
const MAY_WRITE: &str = "may-write";
const CHOICE: &str = "choice";

/// Who may change the athlete's calendar, and whether intervals.icu lets them.
pub(super) struct Writing {
    /// Whether the athlete's own connector may; None until the athlete has answered.
    own: Option<bool>,
    /// Whether a coach may.
    coaches: bool,
    /// Whether the calendar is shared for reading only.
    reads_only: bool,
}

impl Writing {
    /// As these rows have it.
    pub(super) fn of(
        link: Option<&Link>,
        grants: &[Grant],
        connection: Option<&Connection>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            own: link.and_then(|link| link.may_write),
            coaches: grants.iter().any(|grant| may_change(grant, now)),
            reads_only: connection.is_some_and(reads_only),
        }
    }

    /// Whether the athlete's own connector may change the calendar.
    pub(super) fn is_on(&self) -> bool {
        self.own == Some(true)
    }

    /// Whether the athlete has yet to say whether it may.
    pub(super) fn is_unanswered(&self) -> bool {
        self.own.is_none()
    }

    /// Whether a coach may change the calendar.
    pub(super) fn is_granted(&self) -> bool {
        self.coaches
    }

    /// Whether somebody may change the calendar, but intervals.icu was connected for reading only.
    pub(super) fn lacks_consent(&self) -> bool {
        self.reads_only && (self.is_on() || self.coaches)
    }
}

/// Whether the connection is in use and its consent lacks the right to change the calendar.
pub(super) fn reads_only(connection: &Connection) -> bool {
    connection.status == ConnectionStatus::Connected
        && !scopes_of(connection.kind, &connection.scopes).writes(Area::Calendar)
}

/// Whether a grant that counts has a tool that changes something.
fn may_change(grant: &Grant, now: DateTime<Utc>) -> bool {
    let tools = grant.tools.iter().filter_map(|name| permissions::by_name(name));
    let changes = tools.into_iter().any(|tool| tool.access == Access::Write);
    changes && grant.is_shown && GrantState::of(grant, now).is_awake()
}

/// What the athlete chose in a form that connects; None if it had no such choice.
pub(super) fn chosen(fields: &mut Fields) -> Option<bool> {
    let asked = fields.optional(CHOICE).is_some();
    let ticked = fields.optional(MAY_WRITE).is_some();
    asked.then_some(ticked)
}

/// Whether intervals.icu is to be asked for the right to change the calendar: for the athlete's own connector, by what was
/// just chosen or by the switch, or for a coach.
pub(super) async fn wanted(app: &App, account: AccountId, chosen: Option<bool>) -> sqlx::Result<bool> {
    let link = queries::connectors::of_account(&app.pool, account).await?;
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let writing = Writing::of(link.as_ref(), &grants, None, app.clock.now());
    Ok(chosen.unwrap_or(writing.is_on()) || writing.is_granted())
}

/// `POST /link/writing`: whether the athlete's connector may change the calendar. It takes effect at the next call, on every
/// instance.
pub(crate) async fn choose(
    State(app): State<App>,
    signed: Signed,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let may = match fields.take(MAY_WRITE)?.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(Problem::BadForm),
    };
    let account = signed.0.account;
    queries::connectors::set_may_write(&app.pool, account, Some(may)).await?;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let done = match (may, connection.as_ref().is_some_and(reads_only)) {
        (true, false) => Done::WritingOn,
        (true, true) => Done::WritingLacksConsent,
        (false, _) => Done::WritingOff,
    };
    Ok(done.answer())
}
