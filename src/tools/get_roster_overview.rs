//! get_roster_overview: everyone on a coach's roster in one table, athletes with the most flags first; with dates, the same
//! days of everyone.
//!
//! Two requests per athlete: `GET /athlete/{id}/wellness` over 60 days (the model, sleep, HRV, resting HR) and
//! `GET /athlete/{id}/events` from 60 days back, for absences, to eight weeks ahead; without a grant of the calendar
//! `GET /athlete/{id}/activities` of 60 days instead. A third one, for the activities of the last days, only where it is
//! not known whether a workout or today's load was done. With dates at most three: wellness, events and activities of these
//! days. One more, for absences that began up to 366 days earlier, only where a workout was not done, or nothing was for days,
//! and no absence is known then. Each athlete's row has what that athlete's grant of get_fitness, get_wellness, get_events
//! and get_training_history could show. If data does not arrive in time, the row says so.

mod flags;
mod rows;
mod window;

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::NaiveDate;
use futures::StreamExt as _;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use self::{
    rows::{Line, Overview},
    window::Totals,
};
use super::{
    Answer, RosterTool, absences, activities,
    answer::{self, unread},
    arguments::{Arguments, Range, Span},
    figures::{self, Came, Figures, Lack, Shown, calendar_read, past},
    params::Param,
    part, plan_state,
};
use crate::{
    guard::{Ask, Member, Roster},
    intervals::{self, model::Event},
    permissions::{Access, GET_EVENTS, GET_FITNESS, GET_TRAINING_HISTORY, GET_WELLNESS, Permission},
    tool_error::{ToolError, in_words},
    training::weeks::back,
    words::MemberStatus,
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "get_roster_overview",
    title: "Roster at a glance",
    description: "All athletes of the roster, or those named, in one table, most flags first: absent, workout missed, load \
        off plan, ramp, form, HRV, resting HR, nothing done, race near; with form, CTL, ATL, ramp, this week's load against \
        plan, last activity, sleep, HRV and resting HR against 60 days, next race. With oldest and newest instead sums of \
        exactly these days for everyone, to compare or add up athletes: load against plan, also week by week, activities, \
        time, missed, means.",
    params: PARAMS,
    requests: "2–4 an athlete",
    run: |roster, given| Box::pin(run(roster, given)),
};

/// The days of a window.
const SPAN: Span = Span {
    days: 7,
    ahead: 0,
    longest: 100,
};
/// Athletes per call: two requests for each fit into the time of a call at the rate that upstream allows, and a third and
/// fourth for those few who need them. With dates there are three for each; who has no turn in time is named.
const MOST: usize = 50;
/// Athletes to fetch at the same time.
const AT_ONCE: usize = 6;
/// Time reserved for the work after the requests, so that what has arrived by then is shown.
const ROOM: Duration = Duration::from_secs(3);

const FITNESS: &[&str] = &["ctl", "atl", "rampRate", "ctlLoad", "atlLoad"];
const WELLNESS: &[&str] = &["sleepSecs", "hrv", "hrvSDNN", "restingHR", "tempRestingHR"];
const BOTH: &[&str] = &[
    "ctl",
    "atl",
    "rampRate",
    "ctlLoad",
    "atlLoad",
    "sleepSecs",
    "hrv",
    "hrvSDNN",
    "restingHR",
    "tempRestingHR",
];
/// The loads show when something was last done.
const WELLNESS_AND_LOAD: &[&str] = &[
    "ctlLoad",
    "atlLoad",
    "sleepSecs",
    "hrv",
    "hrvSDNN",
    "restingHR",
    "tempRestingHR",
];
const PARAMS: &[Param] = &[
    Param::texts(
        "athletes",
        MOST,
        "must be a list of names or ids, at most 50",
        "Names or ids, at most 50. Default: all",
    ),
    Param::oldest("this week's overview; with newest alone, 7 days"),
    Param::newest("today, if oldest is given; at most 100 days"),
];

async fn run(roster: Roster, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let now = roster.now().date_naive();
    let arguments = Arguments::new(given.clone(), PARAMS, now)?;
    let named = arguments.texts("athletes")?;
    if roster.members().is_empty() {
        // Fails with the explanation if the roster is empty.
        roster.whom(None, Access::Read)?;
    }
    let window = arguments.has_range().then(|| arguments.range(SPAN)).transpose()?;
    // `today` and `yesterday` are each athlete's own.
    let own = |window: Range, today: NaiveDate| {
        let arguments = Arguments::new(given.clone(), PARAMS, today);
        let own = arguments.and_then(|arguments| arguments.range(SPAN));
        own.unwrap_or(window)
    };
    let (mut members, unknown) = chosen(&roster, &named)?;
    let left = members.split_off(members.len().min(MOST));
    let limit = limit(roster.deadline());
    let reading = |shown, today| match window {
        None => Reading::of_now(shown, today),
        Some(window) => Reading::of_window(own(window, today), shown, today),
    };
    let looks: Vec<Look> = at_once(
        members
            .iter()
            .map(|&member| look(&roster, member, limit, reading)),
    )
    .await;
    let overview = Overview {
        coach: roster.email().to_owned(),
        on_roster: roster.members().len(),
        utc: now,
        lines: Vec::new(),
        unknown,
        left: left.into_iter().map(name_and_id).collect(),
    };
    // What the figures lack is requested only once everyone was asked about, so that nobody's doubt takes another's time.
    let looks = looks.into_iter();
    Ok(match window {
        None => {
            let lines = looks.map(|look| look.line(limit, Figures::of, Figures::lack));
            rows::render(overview.with(at_once(lines).await))
        }
        Some(window) => {
            let totals = |shown, came: &Came, today| Totals::of(shown, came, own(window, today), today);
            let lines = looks.map(|look| look.line(limit, totals, |totals, _, _| totals.lack()));
            let overview = overview.with(at_once(lines).await);
            let usual = rows::usual_day(&overview.lines).map_or(window, |today| own(window, today));
            window::render(overview, usual)
        }
    })
}

/// A few of these at the same time, in their order.
async fn at_once<T>(all: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let all: Vec<_> = all.into_iter().collect();
    futures::stream::iter(all).buffered(AT_ONCE).collect().await
}

fn name_and_id(member: &Member) -> (String, String) {
    (member.name().to_owned(), member.athlete_id().to_owned())
}

/// A name that is no member's, with the reason.
type Unknown = (String, String);

/// The named members, each once in the order of the roster, and the names that are no member's. All members without names;
/// an error if no name is a member's.
fn chosen<'a>(roster: &'a Roster, named: &[&str]) -> Result<(Vec<&'a Member>, Vec<Unknown>), ToolError> {
    if named.is_empty() {
        return Ok((roster.members().iter().collect(), Vec::new()));
    }
    let mut grants = Vec::new();
    let mut unknown: Vec<(String, ToolError)> = Vec::new();
    for text in named {
        match roster.find(text) {
            Ok(member) => grants.push(member.grant()),
            Err(error) => unknown.push(((*text).to_owned(), error)),
        }
    }
    if grants.is_empty()
        && let Some((_, error)) = unknown.pop()
    {
        return Err(error);
    }
    let members = roster.members().iter();
    let members = members
        .filter(|member| grants.contains(&member.grant()))
        .collect();
    let unknown = unknown
        .into_iter()
        .map(|(text, error)| (text, short(&error.to_string()).to_owned()))
        .collect();
    Ok((members, unknown))
}

/// An error without the words that begin every error.
fn short(text: &str) -> &str {
    text.strip_prefix("Not done: ").unwrap_or(text)
}

/// When to stop waiting for athletes' data.
fn limit(deadline: Instant) -> Instant {
    let room = deadline.saturating_duration_since(Instant::now()) / 4;
    deadline.checked_sub(room.min(ROOM)).unwrap_or(deadline)
}

const TOO_LONG: &str = "took too long; try again";
const RECONNECT: &str = "must reconnect intervals.icu";

/// What to request for an athlete; None where nothing is shown from it.
struct Reading {
    wellness: Option<(Range, &'static [&'static str])>,
    events: Option<Range>,
    activities: Option<Range>,
}

impl Reading {
    /// At most two requests.
    fn of_now(usable: Shown, today: NaiveDate) -> Self {
        // Averages that end yesterday begin a day earlier.
        let days = Range {
            oldest: back(past(today).oldest, 1),
            newest: today,
        };
        Self {
            wellness: fields(usable).map(|fields| (days, fields)),
            events: usable.calendar.then(|| calendar_read(today)),
            activities: wants_activities(usable).then(|| past(today)),
        }
    }

    /// At most three.
    fn of_window(window: Range, usable: Shown, today: NaiveDate) -> Self {
        let days = window.up_to(today);
        Self {
            wellness: window::wellness_read(window, usable, today).zip(fields(usable)),
            events: usable.calendar.then(|| figures::since_absence(window)),
            activities: days.filter(|_| usable.history),
        }
    }
}

/// An athlete's data as far as it arrived.
struct Look {
    line: Line<()>,
    gathered: Option<Gathered>,
}

/// What was read of an athlete.
struct Gathered {
    ask: Ask,
    usable: Shown,
    came: Came,
}

/// What can be read of an athlete, whatever goes wrong.
async fn look(
    roster: &Roster,
    member: &Member,
    limit: Instant,
    reading: impl Fn(Shown, NaiveDate) -> Reading,
) -> Look {
    let shown = Shown {
        fitness: member.grants(&GET_FITNESS),
        wellness: member.grants(&GET_WELLNESS),
        calendar: member.grants(&GET_EVENTS),
        history: member.grants(&GET_TRAINING_HISTORY),
    };
    let mut line = Line {
        name: member.name().to_owned(),
        id: member.athlete_id().to_owned(),
        shown,
        today: None,
        figures: None,
        missing: Vec::new(),
    };
    let mut gathered = None;
    match member.status() {
        MemberStatus::Connected if shown == Shown::default() => {}
        MemberStatus::Connected => match Box::pin(gather(&mut line, roster, member, limit, reading)).await {
            Ok(found) => gathered = Some(found),
            Err(why) => line.missing = vec![why],
        },
        MemberStatus::Reconnect => line.missing.push(RECONNECT.to_owned()),
        MemberStatus::Disconnected | MemberStatus::Replaced => {
            line.missing.push("not connected to intervals.icu".to_owned());
        }
    }
    Look { line, gathered }
}

impl Look {
    /// The athlete's line with these figures, computed again if they lack something that could be read.
    async fn line<F>(
        self,
        limit: Instant,
        figures: impl Fn(Shown, &Came, NaiveDate) -> F,
        lack: impl Fn(&F, Shown, NaiveDate) -> Lack,
    ) -> Line<F> {
        let Self { mut line, gathered } = self;
        let mut own = None;
        if let Some(mut gathered) = gathered {
            let (usable, today) = (gathered.usable, gathered.ask.today());
            let first = figures(usable, &gathered.came, today);
            let lack = lack(&first, usable, today);
            own = Some(if lack == Lack::default() {
                first
            } else {
                line.missing
                    .extend(Box::pin(gathered.read_more(limit, lack)).await);
                figures(usable, &gathered.came, today)
            });
            let unread = unread(&gathered.ask.upstream);
            line.missing
                .extend((!unread.is_empty()).then(|| sentence(&unread)));
            line.missing
                .extend(undated(gathered.came.events.as_deref().unwrap_or_default()));
        }
        let Line {
            name,
            id,
            shown,
            today,
            missing,
            ..
        } = line;
        Line {
            name,
            id,
            shown,
            today,
            figures: own,
            missing,
        }
    }
}

impl Gathered {
    /// Adds what the figures lack, where it is granted; says what did not arrive.
    async fn read_more(&mut self, limit: Instant, lack: Lack) -> Vec<String> {
        let Self { ask, usable, came } = self;
        let days = lack.activities.filter(|_| !wants_activities(*usable));
        let query = days.map(|days| days.activities(plan_state::READ_FROM));
        let activities = query.as_ref().map(|query| ask.upstream.activities(query));
        let absences = lack.absences.map(|days| {
            ask.upstream
                .events(days.oldest, days.newest, &absences::CATEGORIES)
        });
        let (activities, absences) = tokio::join!(by(limit, activities), by(limit, absences));
        let mut failed = Failed::default();
        let activities = failed.or_none("activities", activities);
        came.activities = activities.or(came.activities.take());
        let absences = failed.or_none("earlier absences", absences);
        came.has_long_absences |= lack.absences.is_some();
        if let Some(events) = &mut came.events {
            // Those of no day came with the first request, too.
            let absences = absences.unwrap_or_default().into_iter();
            events.extend(absences.filter(|event| event.day().is_some()));
        }
        failed.missing
    }
}

/// The part of an athlete's data that could be opened.
struct Opened {
    /// One handle for all tools.
    ask: Ask,
    usable: Shown,
    /// Why some tools could not be opened.
    refused: Vec<String>,
}

/// Opens what is granted and needed. An error says why there is no data of the athlete.
async fn open(roster: &Roster, member: &Member, limit: Instant) -> Result<Opened, String> {
    type Usable = fn(&mut Shown) -> &mut bool;
    let tools: [(&Permission, Usable); 4] = [
        (&GET_FITNESS, |usable| &mut usable.fitness),
        (&GET_WELLNESS, |usable| &mut usable.wellness),
        (&GET_EVENTS, |usable| &mut usable.calendar),
        (&GET_TRAINING_HISTORY, |usable| &mut usable.history),
    ];
    let mut usable = Shown::default();
    let (mut opened, mut refused) = (None, Vec::new());
    for (tool, is_usable) in tools {
        if !member.grants(tool) {
            continue;
        }
        // Where daily loads and the calendar are granted, activities are seldom needed.
        let needed = tool != &GET_TRAINING_HISTORY || !(usable.fitness && usable.calendar);
        match timeout_at(limit, roster.open(member, tool)).await {
            Err(_) => return Err(TOO_LONG.to_owned()),
            Ok(Err(ToolError::Refused(_))) if !needed => {}
            Ok(Err(ToolError::Refused(text))) => {
                // Perhaps this tool only: an area that is not shared.
                let why = sentence(short(&text));
                refused.extend((!refused.contains(&why)).then_some(why));
            }
            Ok(Err(error)) => return Err(lost(&error)),
            Ok(Ok(ask)) => {
                *is_usable(&mut usable) = true;
                opened = Some(ask);
            }
        }
    }
    match opened {
        None => Err(refused.join("; ")),
        Some(ask) => Ok(Opened { ask, usable, refused }),
    }
}

/// Fetches what is needed. An error says why there is no data of the athlete.
async fn gather(
    line: &mut Line<()>,
    roster: &Roster,
    member: &Member,
    limit: Instant,
    reading: impl Fn(Shown, NaiveDate) -> Reading,
) -> Result<Gathered, String> {
    let Opened { ask, usable, refused } = open(roster, member, limit).await?;
    let (upstream, today) = (&ask.upstream, ask.today());
    line.today = Some(today);
    // Opening the data may have read a new one.
    line.name.clone_from(&ask.card.name);
    let reading = reading(usable, today);
    let query = reading
        .activities
        .map(|days| days.activities(plan_state::READ_FROM));
    let wellness = reading
        .wellness
        .map(|(days, fields)| upstream.wellness(days.oldest, days.newest, fields));
    let categories = [&Event::TO_DO[..], &absences::CATEGORIES].concat();
    let events = reading
        .events
        .map(|days| upstream.events(days.oldest, days.newest, &categories));
    let activities = query.as_ref().map(|query| upstream.activities(query));
    let (wellness, events, activities) =
        tokio::join!(by(limit, wellness), by(limit, events), by(limit, activities));
    let what = match (usable.fitness, usable.wellness) {
        (true, true) => "fitness and wellness",
        (true, false) => "fitness",
        _ => "wellness",
    };
    let mut failed = Failed::default();
    let mut came = Came {
        wellness: failed.or_none(what, wellness),
        events: failed.or_none("calendar", events),
        activities: failed.or_none("activities", activities),
        has_long_absences: false,
    };
    if let Some(activities) = came.activities.as_mut().filter(|_| !usable.calendar) {
        activities::without_plans(activities);
    }
    match failed.end {
        // Finds out, once for all tools, whether the connection no longer works or upstream only failed for a moment.
        Some(error @ intervals::Error::Unauthorized) => {
            // This takes another request, but the other athletes do not wait for it.
            let looked = timeout_at(limit, roster.looked_into(member, error.into())).await;
            return Err(looked.map_or_else(|_| TOO_LONG.to_owned(), |error| lost(&error)));
        }
        Some(error) => return Err(reason(&error)),
        None => {}
    }
    line.missing = [refused, failed.missing].concat();
    Ok(Gathered { ask, usable, came })
}

/// What arrived by the limit; None if nothing was requested.
async fn by<T>(
    limit: Instant,
    asked: Option<impl Future<Output = Result<T, intervals::Error>>>,
) -> Result<Option<T>, intervals::Error> {
    let Some(asked) = asked else { return Ok(None) };
    let answer = timeout_at(limit, asked).await;
    answer.unwrap_or(Err(intervals::Error::TimedOut)).map(Some)
}

/// The parts that failed, and the error that ends the rest as well.
#[derive(Default)]
struct Failed {
    missing: Vec<String>,
    end: Option<intervals::Error>,
}

impl Failed {
    fn or_none<T>(&mut self, what: &str, came: Result<Option<T>, intervals::Error>) -> Option<T> {
        came.unwrap_or_else(|error| {
            self.missing.push(format!("{what}: {}", reason(&error)));
            if error.ends_the_call() {
                self.end = Some(error);
            }
            None
        })
    }
}

/// Why there is no data of an athlete.
fn lost(error: &ToolError) -> String {
    match error {
        ToolError::Reconnect(_) => RECONNECT.to_owned(),
        ToolError::Busy { retry_after, .. } => busy(*retry_after),
        error => sentence(short(&error.to_string())),
    }
}

fn busy(retry_after: Duration) -> String {
    format!(
        "intervals.icu allows no more requests; try again in {}",
        in_words(retry_after)
    )
}

/// `1 calendar entry with an unreadable date is not counted`
fn undated(events: &[Event]) -> Option<String> {
    let count = absences::undated(events);
    let entries = answer::counted(count, "calendar entry", "calendar entries");
    let are = if count == 1 { "is" } else { "are" };
    (count > 0).then(|| format!("{entries} with an unreadable date {are} not counted"))
}

/// The first sentence, without its full stop.
fn sentence(text: &str) -> String {
    let end = text.find(". ").unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

/// Why a part is missing.
fn reason(error: &intervals::Error) -> String {
    use intervals::Error;
    match error {
        Error::Unauthorized => RECONNECT.to_owned(),
        Error::MissingScope(_) => "not shared when intervals.icu was connected".to_owned(),
        Error::TimedOut => TOO_LONG.to_owned(),
        Error::Busy { retry_after } => busy(*retry_after),
        error => part::why(error, "intervals.icu"),
    }
}

/// The fields of a day to request; None if none of them may be shown.
fn fields(usable: Shown) -> Option<&'static [&'static str]> {
    match (usable.fitness, usable.wellness) {
        (true, true) => Some(BOTH),
        (true, false) => Some(FITNESS),
        // The calendar takes the second request, so none is left for activities.
        (false, true) if usable.history && usable.calendar => Some(WELLNESS_AND_LOAD),
        (false, true) => Some(WELLNESS),
        (false, false) => None,
    }
}

/// Whether to request activities: only where that keeps to two requests.
fn wants_activities(usable: Shown) -> bool {
    usable.history && !(fields(usable).is_some() && usable.calendar)
}
