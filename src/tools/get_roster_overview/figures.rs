//! An athlete's figures from what intervals.icu sent, limited to what the granted tools could show.
//!
//! No wording here: rows are written in [`super::rows`], flags in [`super::flags`].

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{Days, NaiveDate};

use crate::{
    intervals::model::{Activity, Event, Wellness},
    tools::{
        answer::units,
        arguments::Range,
        fitness::{self, Day},
        vitals::{self, Averages},
    },
    training::{
        roster::{BASE, Plan},
        weeks,
    },
};

/// Days back in which to find missed workouts; today's may still be done.
pub(super) const LOOKED_BACK: u64 = 7;
/// Days ahead in which to find the next race.
pub(super) const LOOKED_AHEAD: u64 = 56;

/// The tools whose data an athlete's row may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each tool, each granted separately"
)]
pub(super) struct Shown {
    /// get_fitness
    pub(super) fitness: bool,
    /// get_wellness
    pub(super) wellness: bool,
    /// get_events
    pub(super) calendar: bool,
    /// get_training_history
    pub(super) history: bool,
}

/// What arrived. None: not requested, or failed.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// The last [`BASE`] days.
    pub(super) wellness: Option<Vec<Wellness>>,
    /// The days of [`calendar_range`].
    pub(super) events: Option<Vec<Event>>,
    /// The last [`BASE`] days.
    pub(super) activities: Option<Vec<Activity>>,
}

/// The last [`BASE`] days.
pub(super) fn past(today: NaiveDate) -> Range {
    Range {
        oldest: back(today, BASE - 1),
        newest: today,
    }
}

/// From this week's Monday, or seven days back, to the last day for the next race.
pub(super) fn calendar_range(today: NaiveDate) -> Range {
    Range {
        oldest: weeks::monday(today).min(back(today, LOOKED_BACK)),
        newest: today
            .checked_add_days(Days::new(LOOKED_AHEAD))
            .unwrap_or(today)
            .max(weeks::sunday(today)),
    }
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

/// When the athlete last did something, within the last [`BASE`] days.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Last {
    /// Nothing that may be shown has it.
    Unknown,
    /// The last day with a load in the model; an activity without a load is not seen.
    Load(Option<NaiveDate>),
    /// The last activity's day and sport; no sport if it is closed by Strava.
    Activity(Option<(NaiveDate, Option<String>)>),
}

/// A workout or race on the calendar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) day: NaiveDate,
    /// As sent.
    pub(super) sport: Option<String>,
    pub(super) is_race: bool,
}

/// A future race.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Race {
    pub(super) day: NaiveDate,
    /// As sent.
    pub(super) name: String,
    /// `A`, `B`, `C`.
    pub(super) rank: &'static str,
}

/// What is known about an athlete. None: must not be shown, failed, or not recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    /// The newest day of the model up to today.
    pub(super) standing: Option<Day>,
    /// Load of this week up to today.
    pub(super) load: Option<f64>,
    /// The plan for this whole week.
    pub(super) plan: Option<Plan>,
    /// Load and plan from Monday to yesterday.
    pub(super) to_date: Option<(f64, Plan)>,
    pub(super) last: Last,
    /// Not paired, on a day without activity.
    pub(super) missed: Vec<Planned>,
    /// Not paired, on a day with activity, or with unknown activity.
    pub(super) not_paired: Vec<Planned>,
    pub(super) race: Option<Race>,
    /// Of sleep, HRV and resting HR.
    pub(super) averages: Averages,
}

impl Figures {
    /// The figures that may be shown.
    pub(super) fn of(shown: Shown, came: &Came, today: NaiveDate) -> Self {
        let loads = came
            .wellness
            .as_deref()
            .filter(|_| shown.fitness || shown.history)
            .map(|rows| loads(rows, today));
        let activities = came.activities.as_deref().filter(|_| shown.history);
        let events = came.events.as_deref().filter(|_| shown.calendar);
        let events = events.map(|events| to_do(events, calendar_range(today)));
        let days: BTreeMap<NaiveDate, Day> = came
            .wellness
            .as_deref()
            .filter(|_| shown.fitness)
            .map(|rows| fitness::days_of(rows, past(today)))
            .unwrap_or_default();
        let active = active(loads.as_ref(), activities);
        let (missed, not_paired) = undone(events.as_deref().unwrap_or_default(), active.as_ref(), today);
        let week = |from: NaiveDate, to: NaiveDate| -> Option<f64> {
            let loads = loads.as_ref().filter(|_| shown.fitness)?;
            Some(if from <= to {
                loads.range(from..=to).map(|(_, load)| load).sum()
            } else {
                0.0
            })
        };
        let plan = |from: NaiveDate, to: NaiveDate| -> Option<Plan> {
            let mut plan = Plan::default();
            for (_, event) in events
                .as_ref()?
                .iter()
                .filter(|(day, _)| (from..=to).contains(day))
            {
                plan.add(units::sane(event.icu_training_load).map(|load| load.max(0.0)));
            }
            Some(plan)
        };
        let (monday, yesterday) = (weeks::monday(today), back(today, 1));
        let wellness = came.wellness.as_deref().filter(|_| shown.wellness);
        Self {
            standing: days.range(..=today).next_back().map(|(_, day)| *day),
            load: week(monday, today),
            plan: plan(monday, weeks::sunday(today)),
            to_date: week(monday, yesterday).zip(plan(monday, yesterday)),
            last: last(loads.as_ref(), activities),
            missed,
            not_paired,
            race: events.as_deref().and_then(|events| next_race(events, today)),
            averages: wellness
                .map(|rows| Averages::to(vitals::last_day(rows, today), rows))
                .unwrap_or_default(),
        }
    }
}

/// The model's load by day, up to today, for days that have one.
fn loads(rows: &[Wellness], today: NaiveDate) -> BTreeMap<NaiveDate, f64> {
    rows.iter()
        .filter_map(|row| {
            let day = row.id.filter(|day| past(today).contains(*day))?;
            Some((day, row.load()?.max(0.0)))
        })
        .collect()
}

/// The days with activity; None if nothing that may be shown has them.
fn active(
    loads: Option<&BTreeMap<NaiveDate, f64>>,
    activities: Option<&[Activity]>,
) -> Option<BTreeSet<NaiveDate>> {
    let by_load = loads.map(|loads| {
        let some = loads.iter().filter(|(_, load)| **load > 0.0);
        some.map(|(day, _)| *day).collect::<BTreeSet<_>>()
    });
    let by_activity = activities.map(|rows| rows.iter().filter_map(Activity::day).collect::<BTreeSet<_>>());
    match (by_load, by_activity) {
        (Some(mut some), Some(more)) => {
            some.extend(more);
            Some(some)
        }
        (some, more) => some.or(more),
    }
}

fn last(loads: Option<&BTreeMap<NaiveDate, f64>>, activities: Option<&[Activity]>) -> Last {
    if let Some(activities) = activities {
        let newest = activities
            .iter()
            .filter_map(|row| Some((row.start_date_local?, row)))
            .max_by_key(|(start, _)| *start);
        return Last::Activity(newest.map(|(start, row)| {
            let sport = row.sport.clone().filter(|_| !row.is_closed_by_strava());
            (start.date(), sport)
        }));
    }
    loads.map_or(Last::Unknown, |loads| {
        Last::Load(
            loads
                .iter()
                .rev()
                .find(|(_, load)| **load > 0.0)
                .map(|(day, _)| *day),
        )
    })
}

/// Workouts and races by day, each once, oldest first.
fn to_do(events: &[Event], range: Range) -> Vec<(NaiveDate, &Event)> {
    let mut seen = HashSet::new();
    let mut found: Vec<(NaiveDate, &Event)> = events
        .iter()
        .filter(|event| rank(event).is_some() || event.category.as_deref() == Some("WORKOUT"))
        .filter_map(|event| Some((event.start_date_local?.date(), event)))
        .filter(|(day, event)| range.contains(*day) && event.id.is_none_or(|id| seen.insert(id)))
        .collect();
    found.sort_by_key(|(day, event)| (*day, event.start_date_local, event.id));
    found
}

/// The rank of a race.
fn rank(event: &Event) -> Option<&'static str> {
    match event.category.as_deref()? {
        "RACE_A" => Some("A"),
        "RACE_B" => Some("B"),
        "RACE_C" => Some("C"),
        _ => None,
    }
}

/// The workouts and races of the last seven days that no activity is paired with: those on days without any activity, and
/// the others.
fn undone(
    events: &[(NaiveDate, &Event)],
    active: Option<&BTreeSet<NaiveDate>>,
    today: NaiveDate,
) -> (Vec<Planned>, Vec<Planned>) {
    let from = back(today, LOOKED_BACK);
    events
        .iter()
        .filter(|(day, event)| (from..today).contains(day) && !is_paired(event))
        .map(|(day, event)| Planned {
            day: *day,
            sport: event.sport.clone(),
            is_race: rank(event).is_some(),
        })
        .partition(|event| active.is_some_and(|active| !active.contains(&event.day)))
}

fn is_paired(event: &Event) -> bool {
    let id = event.paired_activity_id.as_deref().unwrap_or_default();
    !id.is_empty() && id != "0"
}

fn next_race(events: &[(NaiveDate, &Event)], today: NaiveDate) -> Option<Race> {
    events.iter().find_map(|(day, event)| {
        let rank = rank(event).filter(|_| *day >= today)?;
        Some(Race {
            day: *day,
            name: event.name.clone().unwrap_or_default(),
            rank,
        })
    })
}
