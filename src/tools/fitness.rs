//! The days of the fitness model as intervals.icu computed them, what today's row counts, and an athlete's current form.
//!
//! For all tools that show fitness; tables of days are in get_fitness.

mod done_today;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    answer::{
        units,
        words::{around, joined},
    },
    arguments::Range,
    part::if_there,
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Event, Wellness},
    permissions::{GET_EVENTS, GET_TRAINING_HISTORY, Permission},
    tool_error::ToolError,
    training::{
        fitness::{Fitness, Loads, ramp},
        weeks,
    },
};

pub(super) use done_today::{DoneToday, Seen};

/// The fields that a day of the model is read from.
pub(super) const FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad"];

/// The newest figures of the last week in words; empty when there are none. Mostly one or two requests, at most three.
pub(super) async fn current(ask: &Ask) -> Result<String, ToolError> {
    let today = ask.today();
    let range = Range {
        oldest: weeks::back(today, 7),
        newest: today,
    };
    let rows = ask.upstream.wellness(range.oldest, range.newest, FIELDS).await?;
    let mut days = days_of(&rows, range);
    let done = done_today(ask, &rows).await?;
    let done = as_granted(&ask.card, &mut days, today, done);
    let ramps = ramps_of_ours(days.range(..=today).next_back().map(|(_, day)| day));
    Ok(joined([standing(&days, today, done), ramps], "\n"))
}

/// Asks for what tells apart what was done today and what is only planned, where today's row has a load: today's
/// activities, then today's plan if that leaves it unclear, each where it may be read. Mostly one request, at most two.
pub(super) async fn done_today(ask: &Ask, rows: &[Wellness]) -> Result<DoneToday, ToolError> {
    let (card, today) = (&ask.card, ask.today());
    let may = |tool: &Permission| card.shows(tool) && tool.needs.iter().all(|area| card.scopes.reads(*area));
    let has_load = |row: &Wellness| row.id == Some(today) && row.load().is_some_and(|load| load > 0.0);
    let done = DoneToday::of(rows, today, Seen::default());
    if !rows.iter().any(has_load) || done == DoneToday::All {
        return Ok(done);
    }
    let mut activities = None;
    if may(&GET_TRAINING_HISTORY) {
        let query = Range::of_day(today).activities(&["type", "moving_time", "icu_training_load"]);
        activities = if_there(ask.upstream.activities(&query).await)?;
    }
    let seen = Seen {
        activities: activities.as_deref(),
        events: None,
    };
    let done = DoneToday::of(rows, today, seen);
    if !matches!(done, DoneToday::Unclear { .. }) || !may(&GET_EVENTS) {
        return Ok(done);
    }
    let events = if_there(ask.upstream.events(today, today, &Event::TO_DO).await)?;
    let seen = Seen {
        events: events.as_deref(),
        ..seen
    };
    Ok(DoneToday::of(rows, today, seen))
}

/// Whether an answer may show what is planned: projected days and planned loads.
pub(super) fn shows_plan(card: &AthleteCard) -> bool {
    card.shows(&GET_EVENTS)
}

/// What today's row counts, for the reader of `card`: for a coach without the calendar, the planned part is taken out of
/// today's figures where it is known.
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
        return DoneToday::Unclear { at_most: None };
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

/// The row's CTL and ATL; None unless it has both.
fn fitness_of(row: &Wellness) -> Option<Fitness> {
    Some(Fitness {
        ctl: units::sane(row.ctl)?,
        atl: units::sane(row.atl)?,
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

/// The newest figures up to today in one line, with what today's hold that was not done.
pub(super) fn standing(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate, done: DoneToday) -> String {
    let Some(day) = days.range(..=today).next_back().map(|(_, day)| day) else {
        return String::new();
    };
    let (when, holds) = if day.date == today {
        ("Today".to_owned(), holds(done))
    } else {
        (format!("On {}", units::date(day.date)), String::new())
    };
    let ramp = around(" · ramp", &day.ramp(), "a week");
    let ours = if day.is_ours {
        ", computed by IcuSync with what is done only"
    } else {
        ""
    };
    format!("{when}: {}{ramp}{ours}{holds}", figures(day.fitness))
}

/// What today's figures hold that was not done.
fn holds(done: DoneToday) -> String {
    match done {
        DoneToday::All => String::new(),
        DoneToday::Part(part) => {
            let without = part.fitness.map(|fitness| {
                format!(
                    " With what is done only, computed by IcuSync: {}",
                    figures(fitness)
                )
            });
            format!(
                ". {} of today's load is only planned, and counted in these.{}",
                units::whole(part.planned),
                without.unwrap_or_default()
            )
        }
        DoneToday::Unclear { at_most: None } => ". These may hold load that is only planned.".to_owned(),
        DoneToday::Unclear {
            at_most: Some(planned),
        } => format!(". These may include up to {} planned.", units::whole(planned)),
    }
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
