//! The days of the fitness model as intervals.icu computed them, what today's row counts, and an athlete's current form.
//!
//! For all tools that show fitness; tables of days are in get_fitness.

mod done_today;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    MOST_REQUESTS,
    absences::{self, Absence},
    answer::{
        units,
        words::{around, joined},
    },
    arguments::Range,
    part::{Part, Source, if_there, settle},
    plan_state,
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Activity, Event, Wellness},
    permissions::{GET_ACTIVITY_DETAIL, GET_EVENTS, GET_TRAINING_HISTORY, GET_TRAINING_SUMMARY, Permission},
    tool_error::ToolError,
    training::{
        fitness::{Fitness, Loads, ramp},
        weeks,
    },
};

pub(super) use done_today::{DoneToday, Seen, ToCome};

/// The fields that a day of the model is read from.
pub(super) const FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad"];
/// The tools that show the load of each of today's activities, or their sum.
const SHOW_LOADS: [&Permission; 3] = [&GET_TRAINING_HISTORY, &GET_TRAINING_SUMMARY, &GET_ACTIVITY_DETAIL];

/// What is known of today beside its row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Today {
    pub(super) done: DoneToday,
    /// What is still to be done and in no row; None also where the calendar may not be read.
    pub(super) to_come: Option<ToCome>,
}

impl Today {
    /// Of a range without today.
    pub(super) const NOT_SHOWN: Self = Self {
        done: DoneToday::All,
        to_come: None,
    };

    fn of(rows: &[Wellness], today: NaiveDate, seen: Seen<'_>) -> Self {
        let done = DoneToday::of(rows, today, seen);
        Self {
            done,
            to_come: ToCome::of(rows, today, seen, done),
        }
    }
}

/// The newest figures of the last week in words; empty when there are none. Mostly one or two requests, at most three.
pub(super) async fn current(ask: &Ask) -> Result<String, ToolError> {
    let today = ask.today();
    let range = Range {
        oldest: weeks::back(today, 7),
        newest: today,
    };
    let rows = ask.upstream.wellness(range.oldest, range.newest, FIELDS).await?;
    let mut days = days_of(&rows, range);
    let plan = if DoneToday::of(&rows, today, Seen::default()) == DoneToday::All {
        Part::NotAsked
    } else {
        todays_plan(ask).await?
    };
    let seen = Seen {
        activities: None,
        events: plan.got().map(Vec::as_slice),
    };
    let done = tell_apart(ask, &rows, seen, MOST_REQUESTS).await?.done;
    let done = as_granted(&ask.card, &mut days, today, done);
    let ramps = ramps_of_ours(days.range(..=today).next_back().map(|(_, day)| day));
    Ok(joined(
        [standing(&days, today, done), ramps, plan.missing()],
        "\n",
    ))
}

/// Today's workouts and races, where they may be read.
pub(super) async fn todays_plan(ask: &Ask) -> Result<Part<Vec<Event>>, ToolError> {
    plan_until(ask, ask.today()).await
}

/// The workouts and races of the days from today to `last`, where they may be read, and the absences that may rule them out.
pub(super) async fn plan_until(ask: &Ask, last: NaiveDate) -> Result<Part<Vec<Event>>, ToolError> {
    if !may_read(ask, &GET_EVENTS) {
        return Ok(Part::NotAsked);
    }
    let today = ask.today();
    let read_from = weeks::back(today, absences::READ_BEFORE);
    let categories = [&Event::TO_DO[..], &absences::CATEGORIES].concat();
    let mut found = ask.upstream.events(read_from, last, &categories).await;
    if let Ok(events) = &mut found {
        events.retain(|event| event.day() >= Some(today) || Absence::of(event).is_some());
    }
    settle("Planned workouts and races", Source::Calendar, found)
}

/// Tells apart what was done today and what is only planned. Asks for today's activities, where they may be read, if they
/// are not `seen` and the row and today's plan leave it unclear, within this many requests of the call.
pub(super) async fn tell_apart(
    ask: &Ask,
    rows: &[Wellness],
    seen: Seen<'_>,
    requests: u32,
) -> Result<Today, ToolError> {
    Ok(tell_apart_with_done(ask, rows, seen, requests).await?.0)
}

/// [`tell_apart`], with today's activities if it asked for them.
pub(super) async fn tell_apart_with_done(
    ask: &Ask,
    rows: &[Wellness],
    seen: Seen<'_>,
    requests: u32,
) -> Result<(Today, Option<Vec<Activity>>), ToolError> {
    let today = ask.today();
    let found = Today::of(rows, today, seen);
    let has_load = |row: &Wellness| row.id == Some(today) && row.load().is_some_and(|load| load > 0.0);
    let helps = seen.activities.is_none() && found.done != DoneToday::All && rows.iter().any(has_load);
    let may_see_loads = SHOW_LOADS.iter().any(|tool| may_read(ask, tool));
    if !helps || !may_see_loads || ask.upstream.requests() >= requests {
        return Ok((found, None));
    }
    let query = Range::of_day(today).activities(plan_state::READ_FROM);
    let activities = if_there(ask.upstream.activities(&query).await)?;
    let seen = Seen {
        activities: activities.as_deref(),
        ..seen
    };
    Ok((Today::of(rows, today, seen), activities))
}

/// Whether the reader may see what this tool shows, and intervals.icu shares it.
fn may_read(ask: &Ask, tool: &Permission) -> bool {
    let card = &ask.card;
    card.shows(tool) && tool.needs.iter().all(|area| card.scopes.reads(*area))
}

/// Whether an answer may show what is planned: projected days and planned loads.
pub(super) fn shows_plan(card: &AthleteCard) -> bool {
    card.shows(&GET_EVENTS)
}

/// What today's row counts, for the reader of `card`: for a coach without the calendar, what no activity has is taken out
/// of today's figures.
pub(super) fn as_granted(
    card: &AthleteCard,
    days: &mut BTreeMap<NaiveDate, Day>,
    today: NaiveDate,
    done: DoneToday,
) -> DoneToday {
    let DoneToday::Part(part) = done else {
        return done;
    };
    if shows_plan(card) {
        return done;
    }
    let Some(day) = days.get_mut(&today) else {
        return done;
    };
    let Some(fitness) = part.fitness else {
        day.loads = None;
        return DoneToday::Unclear {
            at_most: None,
            done: part.done,
        };
    };
    *day = Day {
        loads: Some(Loads {
            ctl: part.done,
            atl: part.done,
        }),
        ..day.with_what_is_done(fitness)
    };
    DoneToday::All
}

/// A day of the model, as upstream computed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    /// Today's may count load that is only planned: see [`DoneToday`].
    pub(super) fitness: Fitness,
    /// Whether CTL and ATL are ours, from yesterday's and what was done today.
    pub(super) is_ours: bool,
    pub(super) ramp: Option<f64>,
    /// Whether the ramp is ours: CTL minus CTL 7 days before.
    pub(super) ramp_is_ours: bool,
    /// Today's may hold load that is only planned: see [`DoneToday`].
    pub(super) loads: Option<Loads>,
}

/// The row's CTL and ATL; None unless it has both, which cannot be negative.
fn fitness_of(row: &Wellness) -> Option<Fitness> {
    let figure = |value| units::sane(value).filter(|value| *value >= 0.0);
    Some(Fitness {
        ctl: figure(row.ctl)?,
        atl: figure(row.atl)?,
    })
}

/// The row's loads.
fn loads_of(row: &Wellness) -> Option<Loads> {
    let (ctl, atl) = row.loads()?;
    Some(Loads { ctl, atl })
}

/// The days that have both CTL and ATL, by date.
pub(super) fn days_of(rows: &[Wellness], range: Range) -> BTreeMap<NaiveDate, Day> {
    let mut days: BTreeMap<NaiveDate, Day> = rows
        .iter()
        .filter_map(|row| {
            let date = row.id.filter(|date| range.contains(*date))?;
            Some((
                date,
                Day {
                    date,
                    fitness: fitness_of(row)?,
                    is_ours: false,
                    ramp: units::sane(row.ramp_rate),
                    ramp_is_ours: false,
                    loads: loads_of(row),
                },
            ))
        })
        .collect();
    let ctl: BTreeMap<NaiveDate, f64> = days.iter().map(|(date, day)| (*date, day.fitness.ctl)).collect();
    for day in days.values_mut().filter(|day| day.ramp.is_none()) {
        let before = day
            .date
            .checked_sub_days(Days::new(7))
            .and_then(|before| ctl.get(&before));
        day.ramp = before.map(|before| ramp(day.fitness.ctl, *before));
        day.ramp_is_ours = day.ramp.is_some();
    }
    days
}

impl Day {
    /// Today with the figures of what is done only.
    pub(super) fn with_what_is_done(self, fitness: Fitness) -> Self {
        Self {
            fitness,
            is_ours: true,
            ramp: self.ramp.map(|ramp| ramp - (self.fitness.ctl - fitness.ctl)),
            ramp_is_ours: true,
            ..self
        }
    }

    /// `61.4`
    pub(super) fn ctl(&self) -> String {
        units::fixed(self.fitness.ctl, 1)
    }

    /// `66.2`
    pub(super) fn atl(&self) -> String {
        units::fixed(self.fitness.atl, 1)
    }

    /// `-4.8`, the difference of the exact figures, not of the rounded ones.
    pub(super) fn form(&self) -> String {
        units::signed(self.fitness.form(), 1)
    }

    /// `+2.9`
    pub(super) fn ramp(&self) -> String {
        units::signed(self.ramp, 1)
    }
}

/// The newest figures up to today in one line: today's with what is done only, where that is known.
pub(super) fn standing(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate, done: DoneToday) -> String {
    let Some(day) = days.range(..=today).next_back().map(|(_, day)| *day) else {
        return String::new();
    };
    let (day, holds) = match done {
        _ if day.date != today => (day, String::new()),
        DoneToday::All => (day, String::new()),
        DoneToday::Part(part) => (
            part.fitness.map_or(day, |fitness| day.with_what_is_done(fitness)),
            holds(part),
        ),
        DoneToday::Unclear { at_most: None, .. } => (
            day,
            ". These figures may hold load that is only planned.".to_owned(),
        ),
        DoneToday::Unclear {
            at_most: Some(planned),
            ..
        } => (
            day,
            format!(
                ". These figures may hold up to {} of load that is only planned.",
                units::whole(planned)
            ),
        ),
    };
    let when = match (day.date == today, day.is_ours) {
        (true, true) => "Today with what is done only".to_owned(),
        (true, false) => "Today".to_owned(),
        (false, _) => format!("On {}", units::date(day.date)),
    };
    let ramp = around(" · ramp", &day.ramp(), "a week");
    let ours = if day.is_ours { ", computed by IcuSync" } else { "" };
    format!("{when}: {}{ramp}{ours}{holds}", figures(day.fitness))
}

/// What today's row holds that was not done.
fn holds(part: done_today::Part) -> String {
    let what = if part.is_planned {
        "only planned"
    } else {
        "in no activity, perhaps only planned"
    };
    let rest = units::whole(part.rest);
    if part.fitness.is_some() {
        format!(". Its row also holds {rest} that is {what}.")
    } else {
        format!(". {rest} of its load is {what}, and counted in these.")
    }
}

/// What is still to be done today and in no row, and where today ends with it; empty if there is nothing. `in_load` if the
/// loads above hold it, as those of a week do.
pub(super) fn to_come_in_words(to_come: Option<ToCome>, in_load: bool) -> String {
    let Some(ToCome {
        load,
        without_load,
        is_certain,
        perhaps_done,
        end,
    }) = to_come
    else {
        return String::new();
    };
    let load = if load > 0.0 {
        format!("load {}", units::whole(load))
    } else {
        String::new()
    };
    let without = match without_load {
        0 => String::new(),
        1 => "1 workout without a load".to_owned(),
        several => format!("{several} workouts without a load"),
    };
    let end = end.map_or_else(String::new, |end| {
        format!(
            " With it, form at the end of today (tomorrow a.m.) is {}, computed by IcuSync.",
            units::signed(end.form(), 1)
        )
    });
    let counted = if in_load {
        "only in the load above"
    } else {
        "not counted above"
    };
    let unread = match (is_certain, perhaps_done) {
        (false, _) => " (activities not read)",
        (true, true) => ", or done by an activity that is closed by Strava or has no sport",
        (true, false) => "",
    };
    format!(
        "Still planned today{unread}, {counted}: {}.{end}",
        joined([load, without], " and ")
    )
}

/// `CTL 61.4 · ATL 66.2 · form -4.8 (-8 % of CTL)`
fn figures(fitness: Fitness) -> String {
    let percent = fitness
        .form_percent()
        .map(|percent| format!(" ({} % of CTL)", units::signed(percent, 0)))
        .unwrap_or_default();
    format!(
        "CTL {} · ATL {} · form {}{percent}",
        units::fixed(fitness.ctl, 1),
        units::fixed(fitness.atl, 1),
        units::signed(fitness.form(), 1)
    )
}

/// Which of these days' ramps are ours; empty if none is.
pub(super) fn ramps_of_ours<'a>(days: impl IntoIterator<Item = &'a Day>) -> String {
    let with_ramp: Vec<&Day> = days.into_iter().filter(|day| day.ramp.is_some()).collect();
    let ours: Vec<NaiveDate> = with_ramp
        .iter()
        .filter(|day| day.ramp_is_ours)
        .map(|day| day.date)
        .collect();
    let whose = match (ours.iter().min(), ours.iter().max()) {
        (Some(_), Some(_)) if ours.len() == with_ramp.len() => "Ramp".to_owned(),
        (Some(first), Some(last)) if first == last => format!("Ramp of {}", units::date(*first)),
        (Some(first), Some(last)) => format!(
            "{} of the ramps from {} to {}",
            ours.len(),
            units::date(*first),
            units::date(*last)
        ),
        _ => return String::new(),
    };
    format!("{whose} computed by IcuSync: CTL minus CTL 7 days before.")
}
