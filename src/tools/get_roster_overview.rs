//! get_roster_overview: everybody on a coach's roster in one table, whoever stands out first.
//!
//! At most two requests an athlete: `GET /athlete/{id}/wellness` over 60 days (the model, sleep, HRV, resting heart rate)
//! and `GET /athlete/{id}/events` from this week or seven days back to eight weeks ahead; without the grant of the calendar
//! `GET /athlete/{id}/activities` of 60 days instead. Each athlete's row holds what that athlete's grant could show, by
//! get_fitness, get_wellness, get_events and get_training_history. Who does not answer in time is named in the row.

mod figures;
mod flags;
mod rows;

#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use self::{
    figures::{Came, Figures, Shown, calendar_range, past},
    rows::{Line, Overview},
};
use super::{Answer, RosterTool, arguments::Arguments, params::Param, part};
use crate::{
    guard::{Ask, Member, Roster},
    intervals::{self},
    permissions::{Access, GET_EVENTS, GET_FITNESS, GET_TRAINING_HISTORY, GET_WELLNESS, Permission},
    tool_error::{ToolError, in_words},
    words::MemberStatus,
};

pub(super) const TOOL: RosterTool = RosterTool {
    name: "get_roster_overview",
    title: "Roster at a glance",
    description: "All athletes of the roster, or those named, in one table, most flags first: session missed, load off plan, \
        ramp, form, HRV, resting HR, nothing done, race near; with form, CTL, ATL, ramp, this week's load against plan, last \
        activity, sleep, HRV and resting HR against 60 days, next race.",
    params: PARAMS,
    run: |roster, given| Box::pin(run(roster, given)),
};

/// Athletes of one call: two requests each go out within the time of a call at the pace that upstream allows.
const MOST: usize = 50;
/// Athletes who are asked about at once.
const AT_ONCE: usize = 6;
/// Kept for what follows the requests, so that what came by then is answered.
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
/// The loads tell when something was last done.
const WELLNESS_AND_LOAD: &[&str] = &[
    "ctlLoad",
    "atlLoad",
    "sleepSecs",
    "hrv",
    "hrvSDNN",
    "restingHR",
    "tempRestingHR",
];
const CATEGORIES: &[&str] = &["WORKOUT", "RACE_A", "RACE_B", "RACE_C"];

const PARAMS: &[Param] = &[Param::texts(
    "athletes",
    MOST,
    "write a list of names or ids, at most 50",
    "Names or ids, at most 50. Default: all",
)];

async fn run(roster: Roster, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let now = roster.now().date_naive();
    let arguments = Arguments::new(given, PARAMS, now)?;
    let named = arguments.texts("athletes")?;
    if roster.members().is_empty() {
        // Says what there is to say of an empty roster.
        roster.whom(None, Access::Read)?;
    }
    let (mut members, unknown) = chosen(&roster, &named)?;
    let left = members.split_off(members.len().min(MOST));
    let limit = limit(roster.deadline());
    let looks = members
        .iter()
        .map(|&member| look(&roster, member, limit))
        .collect::<Vec<_>>();
    let lines = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
    Ok(rows::render(Overview {
        coach: roster.email().to_owned(),
        on_roster: roster.members().len(),
        utc: now,
        lines,
        unknown,
        left: left.into_iter().map(name_and_id).collect(),
    }))
}

fn name_and_id(member: &Member) -> (String, String) {
    (member.name().to_owned(), member.athlete_id().to_owned())
}

/// What was named and is nobody, with the reason.
type Unknown = (String, String);

/// The members who were named, each once in the order of the roster, and what was named and is none with the reason. All
/// when nobody is named; an error when nobody of those named is found.
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

/// What an error says without the words that stand before every error.
fn short(text: &str) -> &str {
    text.strip_prefix("Not done: ").unwrap_or(text)
}

/// Until when athletes are waited for.
fn limit(deadline: Instant) -> Instant {
    let room = deadline.saturating_duration_since(Instant::now()) / 4;
    deadline.checked_sub(room.min(ROOM)).unwrap_or(deadline)
}

const TOO_LONG: &str = "took too long; ask again";
const RECONNECT: &str = "must connect intervals.icu again";

/// An athlete's line, whatever happens.
async fn look(roster: &Roster, member: &Member, limit: Instant) -> Line {
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
    match member.status() {
        MemberStatus::Connected if shown == Shown::default() => {}
        MemberStatus::Connected => {
            let done = Box::pin(fill(&mut line, roster, member, limit)).await;
            if let Err(why) = done {
                line.figures = None;
                line.missing = vec![why];
            }
        }
        MemberStatus::Reconnect => line.missing.push(RECONNECT.to_owned()),
        MemberStatus::Disconnected | MemberStatus::Replaced => {
            line.missing.push("not connected to intervals.icu".to_owned());
        }
    }
    line
}

/// What could be opened of an athlete's data.
struct Opened {
    /// One handle for all of it.
    ask: Ask,
    usable: Shown,
    /// Why some of it could not be opened.
    refused: Vec<String>,
}

/// Opens what is granted and needed. An error is why nothing can be said of the athlete.
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
        // Where daily loads and the calendar are granted, they tell more than a list of activities would.
        let needed = tool != &GET_TRAINING_HISTORY || !(usable.fitness && usable.calendar);
        if !needed || !member.grants(tool) {
            continue;
        }
        match timeout_at(limit, roster.open(member, tool)).await {
            Err(_) => return Err(TOO_LONG.to_owned()),
            Ok(Err(ToolError::Refused(text))) => {
                // It may be this tool alone: an area that was not shared.
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

/// Asks for what is needed, and reckons. An error is why nothing can be said of the athlete.
async fn fill(line: &mut Line, roster: &Roster, member: &Member, limit: Instant) -> Result<(), String> {
    let Opened { ask, usable, refused } = open(roster, member, limit).await?;
    let (upstream, today) = (&ask.upstream, ask.today());
    line.today = Some(today);
    let (past, ahead) = (past(today), calendar_range(today));
    let query = past.activities(&["type"]);
    let wellness = fields(usable).map(|fields| upstream.wellness(past.oldest, past.newest, fields));
    let events = usable
        .calendar
        .then(|| upstream.events(ahead.oldest, ahead.newest, CATEGORIES));
    let activities = wants_activities(usable).then(|| upstream.activities(&query));
    let (wellness, events, activities) =
        tokio::join!(by(limit, wellness), by(limit, events), by(limit, activities));
    let what = match (usable.fitness, usable.wellness) {
        (true, true) => "fitness and wellness",
        (true, false) => "fitness",
        _ => "wellness",
    };
    let mut failed = Failed::default();
    let came = Came {
        wellness: failed.or_none(what, wellness),
        events: failed.or_none("calendar", events),
        activities: failed.or_none("activities", activities),
    };
    match failed.end {
        // Whether the connection is dead or upstream merely stumbled is found out once, for all tools.
        Some(error @ intervals::Error::Unauthorized) => {
            // That is one request more, for which nobody else is kept waiting either.
            let looked = timeout_at(limit, roster.looked_into(member, error.into())).await;
            return Err(looked.map_or_else(|_| TOO_LONG.to_owned(), |error| lost(&error)));
        }
        Some(error) => return Err(reason(&error)),
        None => {}
    }
    line.missing = [refused, failed.missing].concat();
    line.figures = Some(Figures::of(usable, &came, today));
    Ok(())
}

/// What came by the limit; nothing of what was not asked for.
async fn by<T>(
    limit: Instant,
    asked: Option<impl Future<Output = Result<T, intervals::Error>>>,
) -> Result<Option<T>, intervals::Error> {
    let Some(asked) = asked else { return Ok(None) };
    let answer = timeout_at(limit, asked).await;
    answer.unwrap_or(Err(intervals::Error::TimedOut)).map(Some)
}

/// The parts that did not come, and what ends the rest too.
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

/// Why nothing can be said of an athlete.
fn lost(error: &ToolError) -> String {
    match error {
        ToolError::Reconnect(_) => RECONNECT.to_owned(),
        ToolError::Busy { retry_after, .. } => busy(*retry_after),
        error => sentence(short(&error.to_string())),
    }
}

fn busy(retry_after: Duration) -> String {
    format!(
        "intervals.icu allows no more requests; ask again in {}",
        in_words(retry_after)
    )
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

/// The fields of a day to ask for; none when nothing of them may be shown.
fn fields(usable: Shown) -> Option<&'static [&'static str]> {
    match (usable.fitness, usable.wellness) {
        (true, true) => Some(BOTH),
        (true, false) => Some(FITNESS),
        // With the calendar beside it there is no request left for activities.
        (false, true) if usable.history && usable.calendar => Some(WELLNESS_AND_LOAD),
        (false, true) => Some(WELLNESS),
        (false, false) => None,
    }
}

/// Whether activities are asked for: they are, where that stays within two requests.
fn wants_activities(usable: Shown) -> bool {
    usable.history && !(fields(usable).is_some() && usable.calendar)
}
