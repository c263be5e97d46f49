//! The right to use one tool for one athlete: [`Ask`] for a read, [`Granted`] for a write. A [`Granted`] has private
//! fields and is built only here.
//!
//! No HTTP and no tool logic; no upstream calls except those that keep the connection's row up to date.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

use super::{
    caller::{Allowed, AthleteCard, Caller, Units},
    connection,
    journal::Journal,
    member::Member,
    profile,
    progress::Progress,
};
use crate::{
    app::App,
    ids::{AthleteId, ConnectionId},
    intervals::{self, Area, CallerKey, For, Scopes},
    permissions::Permission,
    queries::{
        connections::{self, Connection},
        in_time,
    },
    text::names,
    tool_error::ToolError,
    words::Access,
};

/// How long a change goes on after whoever waited for it was answered.
pub(crate) const WRITES_GO_ON: Duration = Duration::from_mins(1);

/// Everything that a read tool gets: one athlete's data and how to present it. Nothing in it can change anything.
#[derive(Debug, Clone)]
pub struct Ask {
    /// This athlete's data only.
    pub upstream: intervals::Athlete,
    /// The athlete.
    pub card: AthleteCard,
    /// When the call began.
    pub now: DateTime<Utc>,
}

impl Ask {
    /// Today in the athlete's time zone.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.card.zone).date_naive()
    }

    /// The right to change something; `journal` is its row in the athlete's log.
    pub(crate) fn into_granted(self, journal: Journal, waiting: Waiting) -> Granted {
        Granted {
            ask: self,
            journal,
            waiting,
        }
    }
}

/// The right to change something for one athlete. It exists only once the coming change is in the activity log.
#[derive(Debug)]
pub struct Granted {
    ask: Ask,
    journal: Journal,
    waiting: Waiting,
}

/// Somebody who waits for a change: until when, and what they are told if it takes longer.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// When the answer is given.
    pub(crate) until: Instant,
    /// How far the change is.
    pub(crate) progress: Progress,
}

impl Granted {
    /// What a read tool would get.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// When whoever waits is given an answer; the change itself goes on.
    pub fn answer_by(&self) -> Instant {
        self.waiting.until
    }

    /// Takes back what was said before anything was sent.
    pub(crate) fn unsay(&self) {
        self.waiting.progress.unsay(&self.ask.card.name);
    }

    /// Tells whoever waits how far the change is. False if they were told meanwhile that nothing is done: then nothing may be sent.
    #[must_use]
    pub(crate) fn say(&self, text: String) -> bool {
        self.waiting.progress.say(&self.ask.card.name, text)
    }

    /// Where the change is logged.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// What the dispatcher of the call keeps of a right while the tool has the right itself.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The connection.
    pub connection: ConnectionId,
    /// The connection's athlete.
    pub athlete: AthleteId,
    /// When the connection was made.
    pub connected_at: DateTime<Utc>,
    /// When a call last got an answer from upstream.
    pub last_success_at: Option<DateTime<Utc>>,
    /// The handle that the tool makes its requests through.
    pub intervals: intervals::Athlete,
}

impl Opened {
    /// Writes what the finished call learned about the athlete: that upstream answered, at most once a minute for each
    /// connection, and the profile if it was read.
    pub(crate) async fn note_learned(&self, app: &App) -> sqlx::Result<()> {
        if self.intervals.requests() > 0 {
            connection::note_success(app, self.connection, self.connected_at, self.last_success_at);
        }
        let Some(profile) = self.intervals.profile_read() else {
            return Ok(());
        };
        let row = profile::row_of(&profile, &self.athlete);
        let (id, athlete, now) = (self.connection, self.athlete.as_str(), app.clock.now());
        in_time(connections::refresh(&app.pool, id, athlete, &row, now)).await
    }
}

/// Opens the right to use the tool of `permission` until `deadline`, or says who must do what first. An athlete opens
/// it for their own data, a coach for the data of `member`; `row` is the connection of that account as it stands now. The roster
/// has checked that the grant is valid. This checks that the account still shows the athlete who gave it, in the same row as the
/// token that opens the data.
pub(crate) async fn open(
    app: &App,
    caller: &Caller,
    row: Option<Connection>,
    member: Option<&Member>,
    permission: &Permission,
    deadline: Instant,
) -> Result<(Ask, Opened), ToolError> {
    let row = row.ok_or_else(|| connection::never(app))?;
    let (account, allowed) = match (caller, member) {
        (Caller::Athlete { account, .. }, _) => (*account, Allowed::Own),
        (Caller::Coach { .. }, Some(member)) => (member.account(), Allowed::Granted(member.tools().to_vec())),
        (Caller::Coach { link, .. }, None) => {
            tracing::error!(%link, "a coach's call without an athlete");
            return Err(ToolError::Ours(
                "Not done: this connector has no athlete of its own.".to_owned(),
            ));
        }
    };
    if row.account_id != account {
        tracing::error!(%account, connection = %row.id, "a connection of another account");
        return Err(connection::unreachable());
    }
    if member.is_some_and(|member| member.athlete_id() != row.athlete_id) {
        return Err(connection::replaced());
    }
    let scopes = connection::scopes_of(row.kind, &row.scopes);
    // A connection that is not usable is the first thing to say.
    let handle = handle(app, &row, caller.link().into(), allowed, deadline)?;
    needs(app, permission, &scopes)?;
    handle.up_to_date(app, row).await
}

/// The way to one athlete's data, before what the row lacks is read.
pub(super) struct Handle {
    upstream: intervals::Athlete,
    scopes: Scopes,
    allowed: Allowed,
}

/// Opens the way through a connection's row, or says who must do what first. Sends no request.
pub(super) fn handle(
    app: &App,
    row: &Connection,
    caller: CallerKey,
    allowed: Allowed,
    deadline: Instant,
) -> Result<Handle, ToolError> {
    let credential = connection::usable(app, row)?;
    let scopes = connection::scopes_of(row.kind, &row.scopes);
    let athlete: AthleteId = row.athlete_id.parse().map_err(|_| {
        tracing::error!(connection = %row.id, "a stored athlete id does not have the form of one");
        ToolError::Ours(
            "Not done: IcuSync's record of this connection is damaged. Write to the operator of this IcuSync.".to_owned(),
        )
    })?;
    let upstream = app.intervals.athlete(For {
        connection: row.id,
        write_number: row.write_number,
        athlete,
        credential,
        scopes: scopes.clone(),
        caller,
        is_athlete: matches!(allowed, Allowed::Own),
        deadline,
    });
    Ok(Handle {
        upstream,
        scopes,
        allowed,
    })
}

impl Handle {
    /// How many requests the athlete has left today.
    pub(super) fn left_today(&self) -> u32 {
        self.upstream.left_today()
    }

    /// The right to read, once the row is up to date.
    pub(super) async fn up_to_date(self, app: &App, row: Connection) -> Result<(Ask, Opened), ToolError> {
        let row = profile::up_to_date(app, row, &self.scopes, &self.upstream).await?;
        self.of_row(app, row)
    }

    /// The right to read, with the row as it is.
    pub(super) fn of_row(self, app: &App, row: Connection) -> Result<(Ask, Opened), ToolError> {
        let Self {
            upstream,
            scopes,
            allowed,
        } = self;
        let athlete = upstream.id().clone();
        let zone = row
            .zone
            .as_deref()
            .and_then(|zone| zone.parse().ok())
            .ok_or_else(|| zoneless(app))?;
        let card = AthleteCard {
            id: athlete.clone(),
            name: match allowed {
                Allowed::Own => row.athlete_name,
                Allowed::Granted(_) => names::called(&row.athlete_name, athlete.as_str()),
            },
            zone,
            units: Units {
                imperial: row.imperial,
                weight_in_lb: row.weight_in_lb,
                fahrenheit: row.fahrenheit,
            },
            scopes,
            allowed,
        };
        let opened = Opened {
            connection: row.id,
            athlete,
            connected_at: row.created_at,
            last_success_at: row.last_success_at,
            intervals: upstream.clone(),
        };
        let now = app.clock.now();
        Ok((Ask { upstream, card, now }, opened))
    }
}

/// Whether the athlete shared what the tool of `permission` needs.
pub(crate) fn needs(app: &App, permission: &Permission, scopes: &Scopes) -> Result<(), ToolError> {
    let shared = |area: Area| match permission.access {
        Access::Read => scopes.reads(area),
        Access::Write => scopes.writes(area),
    };
    match permission.needs.iter().find(|area| !shared(**area)) {
        Some(area) => Err(unshared(app, permission, *area, scopes)),
        None => Ok(()),
    }
}

fn unshared(app: &App, permission: &Permission, area: Area, scopes: &Scopes) -> ToolError {
    let tool = permission.name;
    if permission.access == Access::Write && scopes.reads(area) {
        return ToolError::Refused(format!(
            "Not done: {tool} changes the athlete's {}, and that part of intervals.icu was connected for reading only. The \
             athlete can reconnect on {} and allow changes there.",
            area.in_words(),
            app.config.dashboard_url()
        ));
    }
    ToolError::Refused(format!(
        "Not done: {tool} needs the athlete's {}, an area that was not shared when intervals.icu was connected. The athlete \
         can reconnect on {} and leave it ticked.",
        area.in_words(),
        app.config.dashboard_url()
    ))
}

fn zoneless(app: &App) -> ToolError {
    ToolError::Refused(format!(
        "Not done: the athlete's time zone is not known, so no date would be right. The intervals.icu settings were not \
         shared or have no time zone, and no activity shows one. The athlete can set it on {}.",
        app.config.dashboard_url()
    ))
}
