//! The right to use one tool for one athlete. [`Granted`] has private fields and is built only here.
//!
//! No HTTP and no tool logic; the only upstream calls are those that keep the connection's row true.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;
use tokio::time::Instant;

use super::{
    connection::{self, Brake, away},
    link::in_time,
    roster::Member,
};
use crate::{
    app::App,
    ids::{AccountId, AthleteId, CoachId, ConnectionId, LinkId},
    intervals::{self, ActivityQuery, Area, For, Scopes, model},
    queries::connections::{self, Connection, Profile},
    text::{clean, names},
    time::Clock,
    tools::{Access, Tool, ToolError},
    words::ZoneSource,
};

/// Who is calling, and by which way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// An athlete, through the own link.
    Athlete {
        /// The account.
        account: AccountId,
        /// The link.
        link: LinkId,
        /// The intervals.icu id of the athlete whom the account shows, when there ever was one.
        athlete: Option<String>,
    },
    /// A coach, through the own link.
    Coach {
        /// The coach.
        coach: CoachId,
        /// The link.
        link: LinkId,
        /// The coach's address: the name in athletes' logs.
        email: String,
    },
}

impl Caller {
    /// The link that the caller came through.
    pub fn link(&self) -> LinkId {
        match self {
            Self::Athlete { link, .. } | Self::Coach { link, .. } => *link,
        }
    }
}

/// How an athlete likes numbers to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// Miles, feet, yards.
    pub imperial: bool,
    /// Pounds.
    pub weight_in_lb: bool,
    /// Fahrenheit.
    pub fahrenheit: bool,
}

/// What every answer needs to know of its athlete; it stands in the connection's row.
#[derive(Debug, Clone)]
pub struct AthleteCard {
    /// intervals.icu id.
    pub id: AthleteId,
    /// Name, cleaned.
    pub name: String,
    /// The athlete's zone.
    pub zone: Tz,
    /// Preferred units.
    pub units: Units,
    /// When a threshold last changed.
    pub thresholds_on: Option<NaiveDate>,
    /// What the athlete shared.
    pub scopes: Scopes,
    /// Which tools' data an answer may hold.
    pub allowed: Allowed,
}

impl AthleteCard {
    /// Whether an answer may hold what `tool` shows.
    pub fn may(&self, tool: &str) -> bool {
        match &self.allowed {
            Allowed::Own => true,
            Allowed::Granted(tools) => tools.iter().any(|granted| granted.name == tool),
        }
    }

    /// Whether a coach reads the answer, who may have several athletes of one name.
    pub fn is_for_coach(&self) -> bool {
        matches!(self.allowed, Allowed::Granted(_))
    }
}

/// Which tools' data the caller may see.
#[derive(Debug, Clone)]
pub enum Allowed {
    /// All: it is the athlete's own.
    Own,
    /// What the athlete granted.
    Granted(Vec<&'static Tool>),
}

/// The right to use one tool for one athlete, with a ready handle on that athlete's data and no other.
pub struct Granted {
    caller: Caller,
    card: AthleteCard,
    now: DateTime<Utc>,
    intervals: intervals::Athlete,
    connection: ConnectionId,
    pool: PgPool,
    clock: Clock,
}

impl Granted {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether the caller may see what `tool` shows: an athlete all of the own, a coach what this athlete granted.
    pub fn may(&self, tool: &str) -> bool {
        self.card.may(tool)
    }

    /// Whose data.
    pub fn athlete(&self) -> &AthleteCard {
        &self.card
    }

    /// The moment of the call.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The athlete's own date.
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.card.zone).date_naive()
    }

    /// Whether the athlete shared `area` for reading.
    pub fn shares(&self, area: Area) -> bool {
        self.card.scopes.reads(area)
    }

    /// The athlete's data upstream.
    pub fn intervals(&self) -> &intervals::Athlete {
        &self.intervals
    }

    /// `GET /athlete/{id}`, which also refreshes the connection's row (name, zone, units).
    pub async fn profile(&self) -> Result<model::Athlete, intervals::Error> {
        let athlete = self.intervals.profile().await?;
        let row = row_of(&athlete, &self.card.id);
        // The answer is good without the row: the next call refreshes it.
        let (id, now) = (self.card.id.as_str(), self.clock.now());
        if let Err(error) = connections::refresh(&self.pool, self.connection, id, &row, now).await {
            tracing::warn!(%error, "cannot refresh a connection's row");
        }
        Ok(athlete)
    }
}

impl Granted {
    /// The same right for another of the athlete's granted tools, without asking for the row once more.
    pub(super) fn for_tool(&self, app: &App, tool: &Tool) -> Result<Self, ToolError> {
        needs(app, tool, &self.card.scopes)?;
        Ok(self.same())
    }

    /// Not public: a tool must not keep a right beyond its own run.
    pub(super) fn same(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            card: self.card.clone(),
            now: self.now,
            intervals: self.intervals.clone(),
            connection: self.connection,
            pool: self.pool.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl std::fmt::Debug for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Granted({})", self.connection)
    }
}

/// What remains of a grant for the one who dispatches the call, while the tool has the grant itself.
#[derive(Debug, Clone)]
pub struct Tie {
    /// The connection.
    pub connection: ConnectionId,
    /// Its athlete.
    pub athlete: AthleteId,
    /// When a call last got an answer from upstream.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Counts the requests that the tool sends.
    pub intervals: intervals::Athlete,
}

/// A grant is checked at every call against the row as it is then; its row is refreshed when it is a day old.
const FRESH_FOR: Duration = Duration::hours(24);
/// Characters of an athlete's name that are kept.
const NAME_CHARS: usize = 80;
/// How far back an activity may lie whose zone stands in for the one of the settings.
const ZONE_FROM_ACTIVITIES: Duration = Duration::days(365);

/// Opens the right of the athlete of `account` to use `tool` on the own data until `deadline`, or says who must do what
/// first.
pub async fn open(
    app: &App,
    brake: &Brake,
    caller: &Caller,
    account: AccountId,
    tool: &Tool,
    deadline: Instant,
) -> Result<(Granted, Tie), ToolError> {
    let allowed = match caller {
        Caller::Athlete { .. } => Allowed::Own,
        // A coach's rights are opened from the roster; past it there are none.
        Caller::Coach { .. } => Allowed::Granted(Vec::new()),
    };
    let whose = Whose {
        account,
        athlete: None,
    };
    open_with(app, brake, caller, allowed, whose, tool, deadline).await
}

/// Whose data is asked for.
struct Whose<'a> {
    account: AccountId,
    /// The id of the athlete who granted it; none when the account's own athlete asks, whoever that is.
    athlete: Option<&'a str>,
}

/// Opens the right of a coach to use `tool` on the data of `member`, or says why it cannot be opened just now. That the grant
/// stands is the roster's to know; that the account still shows the athlete who gave it is looked at here, in the same row as the
/// key to the data.
pub(super) async fn open_for_coach(
    app: &App,
    brake: &Brake,
    coach: &Caller,
    member: &Member,
    tool: &Tool,
    deadline: Instant,
) -> Result<(Granted, Tie), ToolError> {
    let allowed = Allowed::Granted(member.tools().to_vec());
    let whose = Whose {
        account: member.account(),
        athlete: Some(member.athlete_id()),
    };
    open_with(app, brake, coach, allowed, whose, tool, deadline).await
}

async fn open_with(
    app: &App,
    brake: &Brake,
    caller: &Caller,
    allowed: Allowed,
    whose: Whose<'_>,
    tool: &Tool,
    deadline: Instant,
) -> Result<(Granted, Tie), ToolError> {
    let row = in_time(connections::of_account(&app.pool, whose.account))
        .await
        .map_err(|error| away(&error))?;
    let row = row.ok_or_else(|| connection::never(app))?;
    if whose.athlete.is_some_and(|granting| granting != row.athlete_id) {
        return Err(connection::replaced());
    }
    let credential = connection::usable(app, &row)?;
    let scopes = connection::scopes_of(row.kind, &row.scopes);
    needs(app, tool, &scopes)?;
    let athlete: AthleteId = row.athlete_id.parse().map_err(|_| {
        tracing::error!(connection = %row.id, "a stored athlete id does not have the form of one");
        ToolError::Ours(
            "Not done: IcuSync's own record of this connection is damaged. Write to its operator.".to_owned(),
        )
    })?;
    let intervals = app.intervals.athlete(For {
        connection: row.id,
        write_number: row.write_number,
        athlete: athlete.clone(),
        credential,
        scopes: scopes.clone(),
        caller: caller.link().into(),
        deadline,
    });
    let row = up_to_date(app, brake, row, &athlete, &scopes, &intervals).await?;
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
        thresholds_on: row.thresholds_on,
        scopes,
        allowed,
    };
    let tie = Tie {
        connection: row.id,
        athlete,
        last_success_at: row.last_success_at,
        intervals: intervals.clone(),
    };
    let granted = Granted {
        caller: caller.clone(),
        card,
        now: app.clock.now(),
        intervals,
        connection: row.id,
        pool: app.pool.clone(),
        clock: app.clock.clone(),
    };
    Ok((granted, tie))
}

/// Whether the athlete shared what `tool` needs.
fn needs(app: &App, tool: &Tool, scopes: &Scopes) -> Result<(), ToolError> {
    let shared = |area: Area| match tool.access {
        Access::Read => scopes.reads(area),
        Access::Write => scopes.writes(area),
    };
    match tool.needs.iter().find(|area| !shared(**area)) {
        Some(area) => Err(unshared(app, tool.name, *area)),
        None => Ok(()),
    }
}

/// The row, refreshed when it is a day old or was never fetched. With a usable zone a failed refresh costs nothing: the
/// next call tries again.
async fn up_to_date(
    app: &App,
    brake: &Brake,
    mut row: Connection,
    id: &AthleteId,
    scopes: &Scopes,
    intervals: &intervals::Athlete,
) -> Result<Connection, ToolError> {
    let now = app.clock.now();
    // A row from the future was written before the clock was set back.
    let fresh = row
        .refreshed_at
        .is_some_and(|at| (Duration::zero()..FRESH_FOR).contains(&(now - at)));
    let has_zone = row.zone.is_some();
    if fresh && has_zone {
        return Ok(row);
    }
    if scopes.reads(Area::Settings) {
        match intervals.profile().await {
            Ok(athlete) => {
                let profile = row_of(&athlete, id);
                in_time(connections::refresh(
                    &app.pool,
                    row.id,
                    &row.athlete_id,
                    &profile,
                    now,
                ))
                .await
                .map_err(|error| away(&error))?;
                apply(&mut row, profile);
            }
            Err(intervals::Error::Unauthorized) => {
                return Err(connection::refused(app, brake, row.account_id).await);
            }
            Err(error) if !has_zone => return Err(error.into()),
            Err(error) => tracing::info!(%error, connection = %row.id, "a connection's row stays as it was"),
        }
    }
    // What the athlete told us on the dashboard is better than a guess from where an activity took place.
    let told = row.zone.is_some() && row.zone_source != Some(ZoneSource::Activity);
    if told || !scopes.reads(Area::Activity) {
        return Ok(row);
    }
    match zone_of_last_activity(intervals, now).await {
        Ok(Some(zone)) => {
            in_time(connections::set_zone(
                &app.pool,
                row.id,
                &row.athlete_id,
                zone.name(),
                ZoneSource::Activity,
                now,
            ))
            .await
            .map_err(|error| away(&error))?;
            row.zone = Some(zone.name().to_owned());
        }
        Ok(None) => {}
        Err(intervals::Error::Unauthorized) => {
            return Err(connection::refused(app, brake, row.account_id).await);
        }
        Err(error) if row.zone.is_none() => return Err(error.into()),
        Err(error) => tracing::info!(%error, connection = %row.id, "a connection's zone stays as it was"),
    }
    Ok(row)
}

fn apply(row: &mut Connection, profile: Profile) {
    row.athlete_name = profile.athlete_name;
    row.imperial = profile.imperial;
    row.weight_in_lb = profile.weight_in_lb;
    row.fahrenheit = profile.fahrenheit;
    row.thresholds_on = profile.thresholds_on;
    if let Some((zone, source)) = profile.zone {
        row.zone = Some(zone);
        row.zone_source = Some(source);
    }
}

/// The zone in which the newest activity was recorded, at the cost of one request.
async fn zone_of_last_activity(
    intervals: &intervals::Athlete,
    now: DateTime<Utc>,
) -> Result<Option<Tz>, intervals::Error> {
    let query = ActivityQuery {
        oldest: (now - ZONE_FROM_ACTIVITIES).date_naive(),
        // Tomorrow in UTC is today for whoever lives far enough east.
        newest: (now + Duration::days(1)).date_naive(),
        limit: Some(1),
        fields: &["timezone"],
    };
    let activities = intervals.activities(&query).await?;
    Ok(activities
        .iter()
        .find_map(|activity| activity.timezone.as_deref()?.parse().ok()))
}

/// What a profile from upstream says for the connection's row.
pub fn row_of(athlete: &model::Athlete, id: &AthleteId) -> Profile {
    let zone = athlete
        .timezone
        .as_deref()
        .and_then(|zone| zone.parse::<Tz>().ok());
    let changes = athlete
        .sport_settings
        .iter()
        .flatten()
        .filter_map(|sport| sport.updated);
    Profile {
        athlete_name: name_of(athlete.name.as_deref().unwrap_or_default(), id),
        zone: zone.map(|zone| (zone.name().to_owned(), ZoneSource::Settings)),
        imperial: athlete.measurement_preference.as_deref() == Some("feet"),
        weight_in_lb: athlete.weight_pref_lb == Some(true),
        fahrenheit: athlete.fahrenheit == Some(true),
        thresholds_on: changes
            .max()
            .map(|at| at.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive()),
    }
}

/// An athlete's name as a row keeps it: one plain line, never empty.
pub fn name_of(text: &str, athlete: &AthleteId) -> String {
    let name = clean(text, NAME_CHARS);
    if name.is_empty() {
        format!("athlete {athlete}")
    } else {
        name
    }
}

fn unshared(app: &App, tool: &str, area: Area) -> ToolError {
    ToolError::Refused(format!(
        "Not done: {tool} needs the athlete's {}, which were left unticked when intervals.icu was connected. The athlete can \
         connect again on {} and leave them ticked.",
        area.in_words(),
        connection::dashboard(app)
    ))
}

fn zoneless(app: &App) -> ToolError {
    ToolError::Refused(format!(
        "Not done: the athlete's time zone is not known, so no date would be right. The settings of intervals.icu were not \
         shared or hold none, and no activity tells it. The athlete can set it on {}.",
        connection::dashboard(app)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_becomes_a_row() {
        let sport = |updated: &str| model::SportSettings {
            updated: Some(updated.parse().unwrap()),
            ..Default::default()
        };
        let athlete = model::Athlete {
            name: Some(" Ana\u{202e}  Berger\n".to_owned()),
            timezone: Some("Australia/Melbourne".to_owned()),
            measurement_preference: Some("feet".to_owned()),
            weight_pref_lb: Some(true),
            fahrenheit: None,
            sport_settings: Some(vec![sport("2026-03-01T10:00:00Z"), sport("2026-10-31T20:00:00Z")]),
            ..Default::default()
        };
        let row = row_of(&athlete, &"i7".parse().unwrap());
        assert_eq!(row.athlete_name, "Ana Berger");
        assert_eq!(
            row.zone,
            Some(("Australia/Melbourne".to_owned(), ZoneSource::Settings))
        );
        assert!(row.imperial && row.weight_in_lb && !row.fahrenheit);
        // 20:00 in UTC is already the next day in Melbourne.
        assert_eq!(row.thresholds_on, Some("2026-11-01".parse().unwrap()));
    }

    #[test]
    fn a_profile_without_a_usable_zone_names_none() {
        for timezone in [None, Some(String::new()), Some("Mars/Base".to_owned())] {
            let athlete = model::Athlete {
                timezone,
                ..Default::default()
            };
            let row = row_of(&athlete, &"i7".parse().unwrap());
            assert_eq!(row.zone, None);
            assert_eq!(row.thresholds_on, None);
        }
    }

    #[test]
    fn a_name_is_one_plain_line_and_never_empty() {
        let named = |text: &str| name_of(text, &"i7".parse().unwrap());
        assert_eq!(named(" Ana\u{202e} \tBerger\0\u{e0041}\u{fe0f} "), "Ana Berger");
        assert_eq!(named("Jürgen O'Brien 🚴"), "Jürgen O'Brien 🚴");
        assert_eq!(named(&"x".repeat(10_000)).chars().count(), NAME_CHARS);
        assert_eq!(named("\u{200b}"), "athlete i7");
        let nameless = row_of(&model::Athlete::default(), &"i7".parse().unwrap());
        assert_eq!(nameless.athlete_name, "athlete i7");
    }
}
