//! get_events: the calendar, oldest first: planned workouts with their steps, races, notes, absences, targets.
//!
//! One request (`GET /athlete/{id}/events?resolve=true`). It also reads some weeks before the range, because upstream
//! selects events by their first day and a holiday may extend into the range. With `include: done`, a second request for
//! the activities of the range's past days.

mod kinds;
mod rows;
mod steps;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use self::kinds::{KINDS, Kind};
use super::{
    Answer, Run, Tool,
    absences::Absences,
    answer::{self, cut::Cut, units, week},
    arguments::{Arguments, Detail, Range, Span},
    params::{Param, words_of},
    part::{Part, Source, not_granted, settle},
    plan_state::{self, State},
    sums::{self, Sum},
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{
        self,
        model::{Activity, Event},
    },
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::weeks,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_EVENTS,
    description: "The calendar, oldest first: planned workouts with steps resolved to W, bpm or pace, races, notes, holidays, \
        sick and injured days, weekly targets, plan phases; ids. Default: today and the next 13 days.",
    params: PARAMS,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 14,
    ahead: 0,
    longest: 366,
};
/// Days to read before the range for events that extend into it; more without workouts, whose steps make rows heavy.
const BEFORE: u64 = 28;
const BEFORE_LIGHT: u64 = 182;
/// Maximum rows of the table.
const ROWS: usize = 60;
const MOST_ROWS: usize = 200;
/// Steps are shown while the answer fits into this many bytes.
const BYTES: usize = 4000;
const MOST_BYTES: usize = 30_000;
/// Up to this many workouts show their steps whatever their day; of more, only those from today on.
const FEW: usize = 3;
const DAYS_WITH_STEPS: u64 = 7;

const DONE_FIELDS: &[&str] = &[
    "type",
    "moving_time",
    "icu_training_load",
    "paired_event_id",
    "compliance",
    "device_name",
];

const PARAMS: &[Param] = &[
    Param::oldest("today"),
    Param::newest("13 days after oldest"),
    Param::words(
        "kinds",
        &words_of(&KINDS),
        "Default: all. availability: holiday, sick, injured, limited days; plan: targets, phases",
    ),
    Param::sport("ride, run, swim, ski, row or one exact type; events without a sport stay in"),
    Param::words(
        "include",
        &["done"],
        "done: which workouts and races were done or missed, from the activities",
    ),
    Param::detail("the steps of all workouts, longer notes, tags"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    range: Range,
    kinds: Vec<Kind>,
    sport: Option<&'static [&'static str]>,
    done: bool,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let sport = arguments.sport()?;
        Ok(Self {
            range: range(&arguments, today)?,
            kinds: arguments.words("kinds", &KINDS)?,
            sport,
            done: arguments.includes("done")?,
            detail: arguments.detail()?,
        })
    }

    /// The first day to read: before the range if a requested kind may extend into it.
    fn reads_from(&self) -> NaiveDate {
        let before = match self.kinds.as_slice() {
            kinds if !kinds.is_empty() && kinds.iter().all(|kind| *kind == Kind::Workouts) => 0,
            kinds if kinds.is_empty() || kinds.contains(&Kind::Workouts) => BEFORE,
            _ => BEFORE_LIGHT,
        };
        let oldest = self.range.oldest;
        oldest.checked_sub_days(Days::new(before)).unwrap_or(oldest)
    }

    fn wants(&self, event: &Event) -> bool {
        let of_sport = match (self.sport, event.sport.as_deref()) {
            (Some(sports), Some(sport)) => sports.contains(&sport),
            (Some(_), None) => !event.is_to_do(),
            (None, _) => true,
        };
        of_sport && kinds::is_one_of(event, &self.kinds)
    }

    /// The past days, whose activities show what was done; None when all days are in the future.
    fn past(&self, today: NaiveDate) -> Option<Range> {
        let newest = self.range.newest.min(today);
        (self.range.oldest <= newest).then_some(Range {
            oldest: self.range.oldest,
            newest,
        })
    }
}

/// A calendar looks forward: `oldest` alone starts a fortnight, and without dates the fortnight starts today.
fn range(arguments: &Arguments, today: NaiveDate) -> Result<Range, ToolError> {
    if arguments.day("newest")?.is_some() {
        // With `newest` alone the range begins today, if that is before it.
        return match arguments.day("oldest")? {
            None => {
                let newest = arguments.range(SPAN)?.newest;
                let days = weeks::days_in(today, newest);
                if (1..=SPAN.longest).contains(&days) {
                    Ok(Range {
                        oldest: today,
                        newest,
                    })
                } else {
                    arguments.range(SPAN)
                }
            }
            Some(_) => arguments.range(SPAN),
        };
    }
    let oldest = arguments.day("oldest")?.unwrap_or(today);
    // Bounds are checked where all ranges are.
    arguments.range(Span {
        longest: i64::MAX,
        ..SPAN
    })?;
    let newest = oldest
        .checked_add_days(Days::new(SPAN.days - 1))
        .unwrap_or(oldest);
    Ok(Range { oldest, newest })
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let categories = kinds::categories(&asked.kinds);
    let (events, done) = tokio::join!(
        upstream.calendar(asked.reads_from(), asked.range.newest, &categories),
        done(upstream, card, &asked, today)
    );
    let mut events = events?;
    let withheld = withhold(card, &mut events);
    Ok(render(card, today, &asked, &events, &done?).and(withheld))
}

/// Removes what another tool shows and is not granted, and says so.
fn withhold(card: &AthleteCard, events: &mut [Event]) -> Option<String> {
    if card.shows(&permissions::GET_FITNESS) {
        return None;
    }
    let mut set = false;
    for event in events {
        let (ctl, atl) = (event.icu_ctl.take(), event.icu_atl.take());
        // Workouts have them too, but they are never shown.
        set |= event.category() == "SET_FITNESS" && ctl.or(atl).is_some();
    }
    set.then(|| not_granted("What CTL and ATL were set to", &permissions::GET_FITNESS))
}

/// The activities of the past days, if requested.
async fn done(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: &Asked,
    today: NaiveDate,
) -> Result<Part<Vec<Activity>>, ToolError> {
    const WHAT: &str = "What was done";
    if !asked.done {
        return Ok(Part::NotAsked);
    }
    if !card.shows(&permissions::GET_TRAINING_HISTORY) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_TRAINING_HISTORY));
    }
    let Some(past) = asked.past(today) else {
        return Ok(Part::Got(Vec::new()));
    };
    let found = upstream.activities(&past.activities(DONE_FIELDS)).await;
    settle(WHAT, Source::Activities, found)
}

/// The events that overlap with the range, each once, oldest first, then by id.
fn in_range(events: &[Event], range: Range) -> Vec<&Event> {
    let mut seen = HashSet::new();
    let mut found: Vec<&Event> = events
        .iter()
        .filter(|event| {
            let (Some(first), Some(last)) = (event.day(), event.last_day()) else {
                return false;
            };
            let last = if event.is_workout() { first } else { last };
            first <= range.newest && last >= range.oldest && event.id.is_none_or(|id| seen.insert(id))
        })
        .collect();
    found.sort_by_key(|event| (event.start_date_local, event.id));
    found
}

/// An event, and its state if it is a workout or race.
type Found<'a> = (&'a Event, Option<State>);

fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    events: &[Event],
    done: &Part<Vec<Activity>>,
) -> Answer {
    let all = in_range(events, asked.range);
    // Pairing considers all plans of a day, including kinds that were not requested.
    let absences = Absences::among(events);
    let activities = done.got().map(Vec::as_slice);
    let states = plan_state::states(&all, activities, &absences, today);
    let found: Vec<Found<'_>> = all
        .into_iter()
        .zip(states)
        .filter(|(event, _)| asked.wants(event))
        .collect();
    let cut = Cut::by_days(asked.detail.pick(ROWS, MOST_ROWS), &found, |(event, _)| {
        event.day()
    });
    let rows = cut.shown;
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            asked.sport.map_or_else(String::new, answer::sports_in_short),
            counts(&found),
        ],
    )];
    if found.is_empty() {
        blocks.push(nothing(asked).to_owned());
    } else {
        blocks.push(rows::table(
            rows,
            activities.unwrap_or_default(),
            card.units,
            asked.detail,
        ));
        blocks.push(more(&cut, asked));
        blocks.push(planned(&found, asked.range));
    }
    let any = |is: fn(State) -> bool| rows.iter().filter_map(|(_, state)| *state).any(is);
    if any(State::is_missed) {
        blocks.push(plan_state::MISSED.to_owned());
    }
    let of_plan = |state: State| state.of_plan(activities.unwrap_or_default()).is_some();
    if rows.iter().filter_map(|(_, state)| *state).any(of_plan) {
        blocks.push(plan_state::OF_PLAN.to_owned());
    }
    if any(|state| matches!(state, State::NotPaired(_))) {
        let hint = match done {
            Part::Missing(_) => "",
            _ => "; include=done searches for one of that day and sport",
        };
        blocks.push(format!("not paired: no activity is paired with it{hint}."));
    }
    blocks.push(done.missing());
    let garmin = garmin(&found, done);
    let spent = blocks.iter().map(|block| block.len() + 1).sum::<usize>() + garmin.len() + 1;
    blocks.extend(with_steps(rows, asked, card.units, today, spent));
    blocks.push(garmin);
    Answer::of(blocks)
}

/// `9 workouts, 1 race, 2 other entries`
fn counts(found: &[Found<'_>]) -> String {
    let count = |is: fn(&Event) -> bool| found.iter().filter(|(event, _)| is(event)).count();
    let parts = [
        (count(Event::is_workout), "workout", "workouts"),
        (count(Event::is_race), "race", "races"),
        (count(|event| !event.is_to_do()), "other entry", "other entries"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| answer::counted(count, one, many))
        .collect();
    if parts.is_empty() {
        "0 events".to_owned()
    } else {
        parts.join(", ")
    }
}

fn nothing(asked: &Asked) -> &'static str {
    if asked.sport.is_some() || !asked.kinds.is_empty() {
        "Nothing of that on the calendar in this range."
    } else {
        "Nothing on the calendar in this range."
    }
}

/// The line for what was cut, with the call that continues it.
fn more(cut: &Cut<'_, Found<'_>>, asked: &Asked) -> String {
    let day = |row: Option<&Found>| row.and_then(|(event, _)| event.day());
    let (last, next) = (day(cut.shown.last()), day(cut.left.first()));
    match next {
        None => String::new(),
        Some(day) if last == next => format!(
            "… {}, the rest of {day} among them: use oldest={day} and kinds or sport",
            answer::counted(cut.left.len(), "more row", "more rows")
        ),
        Some(day) => cut.more("row", |_| {
            format!("use oldest={day} newest={}{}", asked.range.newest, same(asked))
        }),
    }
}

/// What else the next call must repeat.
fn same(asked: &Asked) -> String {
    let mut same = String::new();
    if asked.sport.is_some() {
        same.push_str(", same sport");
    }
    if !asked.kinds.is_empty() {
        same.push_str(", same kinds");
    }
    same
}

/// The sums of the range's plans, by sport and by week.
fn planned(found: &[Found<'_>], range: Range) -> String {
    const WEEKS: usize = 27;
    let plans: Vec<(NaiveDate, &Event)> = found
        .iter()
        .filter(|(event, _)| event.is_to_do())
        .filter_map(|(event, _)| Some((event.day().filter(|day| range.contains(*day))?, *event)))
        .collect();
    if plans.is_empty() {
        return String::new();
    }
    let events = || plans.iter().map(|(_, event)| *event);
    let by_sport = sums::by_sport(events(), false);
    let all = (by_sport.len() > 1).then(|| Sum::of(events()).line("all", String::new()));
    let lines = by_sport.iter().map(|(sport, sum)| sum.line(sport, String::new()));
    let sums: Vec<String> = lines.chain(all).collect();
    let loads = plans
        .iter()
        .map(|(day, event)| (*day, units::sane(event.icu_training_load)));
    let weeks: Vec<String> = weeks::weekly(range.oldest, range.newest, loads)
        .iter()
        .take(WEEKS)
        .map(|(monday, load)| {
            format!(
                "{}{} {}",
                monday.format("%-d %b"),
                week::cut(*monday, range),
                week::load(load)
            )
        })
        .collect();
    format!(
        "Planned: {}\nWeeks (Mon), planned load: {}",
        sums.join(" | "),
        weeks.join(" · ")
    )
}

fn garmin(found: &[Found<'_>], done: &Part<Vec<Activity>>) -> String {
    let Some(activities) = done.got() else {
        return String::new();
    };
    let used = found
        .iter()
        .filter_map(|(_, state)| activities.get((*state)?.activity()?));
    answer::garmin_line(used.map(Activity::origin))
}

/// The steps of as many workouts as fit, and how to get the others.
fn with_steps(
    rows: &[Found<'_>],
    asked: &Asked,
    own: Units,
    today: NaiveDate,
    mut spent: usize,
) -> Vec<String> {
    const STEPS: &str = "Steps, with targets as intervals.icu resolves them:";
    let full = asked.detail == Detail::Full;
    let room = if full { MOST_BYTES + spent } else { BYTES };
    let workouts: Vec<&Found<'_>> = rows.iter().filter(|(event, _)| rows::has_steps(event)).collect();
    let few = workouts.len() <= FEW;
    let soon = today
        .checked_add_days(Days::new(DAYS_WITH_STEPS))
        .unwrap_or(today);
    let mut blocks = Vec::new();
    let mut left: Vec<NaiveDate> = Vec::new();
    // Reserves space for the line about steps that are left out.
    spent += 120 + STEPS.len() + 1;
    let mut fits = true;
    for (event, state) in workouts {
        let Some(day) = event.day() else { continue };
        let wanted = full || few || (*state == Some(State::Open) && day < soon && day >= today);
        let block = if wanted { block(event, own) } else { String::new() };
        // The first that does not fit is the last: what is left out is then one range.
        fits &= !wanted || spent + block.len() < room;
        if wanted && fits {
            spent += block.len() + 1;
            blocks.push(block);
        } else {
            left.push(day);
        }
    }
    if !blocks.is_empty() {
        blocks.insert(0, STEPS.to_owned());
    }
    if let (Some(first), Some(last)) = (left.iter().min(), left.iter().max()) {
        let count = answer::counted(left.len(), "workout", "workouts");
        let next = if full { "a shorter range" } else { "detail=full" };
        blocks.push(format!(
            "Steps of {count} left out: use oldest={first} newest={last} {next}{}",
            same(asked)
        ));
    }
    blocks
}

/// One workout's steps below its day and name.
fn block(event: &Event, own: Units) -> String {
    let Some(workout) = &event.workout_doc else {
        return String::new();
    };
    let sport = event.sport();
    let mut heading: Vec<String> = event.day().map(units::date).into_iter().collect();
    let name = fenced(event.name.as_deref().unwrap_or_default(), 48);
    heading.push(if name.is_empty() {
        answer::sport(sport)
    } else {
        name
    });
    heading.push(steps::thresholds(workout, sport, own));
    heading.retain(|part| !part.is_empty());
    let mut lines = vec![format!("{}:", heading.join(" · "))];
    lines.extend(steps::lines(workout, sport, own));
    lines.join("\n")
}
