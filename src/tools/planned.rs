//! Planned load to compare with what was done: the calendar's workouts, races and targets in a range, by week.
//!
//! For the tools that add up weeks; the calendar itself is in get_events.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    absences::Absences,
    answer::{
        self,
        sport_units::SportUnits,
        units::{self, positive},
        words::{DOT, in_brackets, joined, named, with_unit},
    },
    arguments::Range,
    part::{Part, Source, settle},
    plan_state::{self, Doubt, Planned, State},
    sums::Sum,
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::{
        self,
        model::{Activity, Event},
    },
    permissions,
    tool_error::ToolError,
    training::weeks,
};

/// The last day of the plans to compare: the range's last, or the end of this week if the range reaches today.
pub(super) fn until(range: Range, today: NaiveDate) -> NaiveDate {
    if range.contains(today) {
        range.newest.max(weeks::sunday(today))
    } else {
        range.newest
    }
}

/// The calendar's workouts, races and targets, if requested. A week's target begins on its Monday.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: bool,
    range: Range,
    today: NaiveDate,
) -> Result<Part<Vec<Event>>, ToolError> {
    const WHAT: &str = "Planned load";
    if !asked {
        return Ok(Part::NotAsked);
    }
    if !card.shows(&permissions::GET_EVENTS) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_EVENTS));
    }
    let categories = [&Event::TO_DO[..], &[Event::TARGET]].concat();
    let found = upstream.events(weeks::monday(range.oldest), until(range, today), &categories);
    settle(WHAT, Source::Calendar, found.await)
}

/// What is planned in a week.
#[derive(Debug, Clone, Default)]
pub(super) struct Plans {
    /// All of its workouts and races.
    pub(super) all: Sum,
    /// Those that were done.
    done: Sum,
    /// Those that are still to be done.
    open: Sum,
    /// Its targets: `Ride load 85`.
    targets: Vec<String>,
    /// How many paired entries may show what was done instead of what was planned.
    in_doubt: usize,
    /// How many of them therefore have no planned time.
    without_time: usize,
}

impl Plans {
    fn add(&mut self, event: &Event, state: State, activities: &[Activity]) {
        let planned = Planned::of(event, state.pairing(activities));
        self.all.add((event, planned));
        match state {
            State::Done(..) | State::Paired => self.done.add((event, planned)),
            State::Open => self.open.add((event, planned)),
            _ => {}
        }
        self.in_doubt += usize::from(planned.doubt.is_some());
        self.without_time += usize::from(planned.doubt == Some(Doubt::Time));
    }

    /// Whether anything is planned or to be reached.
    pub(super) fn is_some(&self) -> bool {
        self.all.load > 0.0 || self.all.secs > 0.0 || !self.targets.is_empty()
    }

    /// `200`, `200 (90 done, 110 open)`: see [`Self::parts`].
    pub(super) fn split(&self, figure: fn(&Sum) -> f64, say: impl Fn(f64) -> String) -> String {
        joined([say(figure(&self.all)), self.parts(figure, say)], " ")
    }

    /// `(90 done, 110 open)`; a part that is none or all of it is not named.
    pub(super) fn parts(&self, figure: fn(&Sum) -> f64, say: impl Fn(f64) -> String) -> String {
        let all = figure(&self.all);
        let part = |sum: &Sum, name: &str| {
            let part = Some(figure(sum)).filter(|part| *part > 0.0 && *part < all);
            part.map_or_else(String::new, |part| format!("{} {name}", say(part)))
        };
        in_brackets(&joined(
            [part(&self.done, "done"), part(&self.open, "open")],
            ", ",
        ))
    }

    /// The week's targets; empty without any.
    pub(super) fn targets(&self) -> String {
        self.targets.join(", ")
    }
}

/// What the planned figures of paired entries may be instead; empty if all are known. `times` are shown as well as loads.
pub(super) fn doubts(weeks: &BTreeMap<NaiveDate, Plans>, times: bool) -> String {
    let sum = |count: fn(&Plans) -> usize| weeks.values().map(count).sum::<usize>();
    let (in_doubt, without_time) = (sum(|plans| plans.in_doubt), sum(|plans| plans.without_time));
    if in_doubt == 0 {
        return String::new();
    }
    let entries = answer::counted(in_doubt, "paired entry", "paired entries");
    let time = if times && without_time > 0 {
        format!("; the planned time of {without_time} is not known and left out")
    } else {
        String::new()
    };
    format!("Planned load of {entries} may be what was done{time}.")
}

/// A target's sport and figures: `Ride load 85`, `load 300 · 8:00 h`; empty without a figure.
fn target(event: &Event, own: Units) -> String {
    let sport = event.sport();
    let way = SportUnits::of(sport, own).way(positive(event.distance_target), 0);
    let figures = joined(
        [
            named("load", &units::whole(positive(event.load_target))),
            with_unit(units::hours_minutes(positive(event.time_target)), "h"),
            way,
        ],
        DOT,
    );
    match sport {
        "" => figures,
        sport => named(&answer::sport(sport), &figures),
    }
}

/// The plans for these sports from the range's first day to [`until`], and the targets of each week, by its Monday.
/// `activities` are all of the range, whatever their sport.
pub(super) fn by_week(
    events: &[Event],
    activities: &[Activity],
    range: Range,
    today: NaiveDate,
    sports: Option<&[&str]>,
    own: Units,
) -> BTreeMap<NaiveDate, Plans> {
    let until = until(range, today);
    let mut by_week: BTreeMap<NaiveDate, Plans> = BTreeMap::new();
    let all: Vec<&Event> = events.iter().collect();
    let states = plan_state::states(&all, Some(activities), &Absences::default(), today);
    for (event, state) in events.iter().zip(states) {
        let Some(day) = event.day() else {
            continue;
        };
        if day > until || sports.is_some_and(|sports| !sports.contains(&event.sport())) {
            continue;
        }
        let monday = weeks::monday(day);
        if event.is_week_target() {
            let words = target(event, own);
            if !words.is_empty() {
                by_week.entry(monday).or_default().targets.push(words);
            }
        } else if let Some(state) = state.filter(|_| day >= range.oldest) {
            by_week.entry(monday).or_default().add(event, state, activities);
        }
    }
    by_week
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::samples::{day, rows, today};

    #[test]
    fn a_week_has_what_is_done_and_open_and_its_targets() {
        let range = Range {
            oldest: day("2026-11-18"),
            newest: today(),
        };
        let events: Vec<Event> = rows(json!([
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET", "type": "Ride", "load_target": 85},
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET", "time_target": 28_800, "distance_target": 0},
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET"},
            {"start_date_local": "2026-11-16T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 999},
            {"start_date_local": "2026-11-18T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 40,
             "moving_time": 3600, "paired_activity_id": "i1"},
            {"start_date_local": "2026-11-19T00:00:00", "category": "WORKOUT", "type": "Run", "icu_training_load": 50},
            {"start_date_local": "2026-11-20T00:00:00", "category": "WORKOUT", "type": "Run", "icu_training_load": 10},
            {"start_date_local": "2026-11-22T00:00:00", "category": "RACE_A", "type": "Ride", "icu_training_load": 110,
             "moving_time": 7200},
        ]));
        let did: Vec<Activity> = rows(json!([
            {"id": "i2", "type": "TrailRun", "start_date_local": "2026-11-20T07:00:00", "moving_time": 900},
        ]));
        let week = |sports: Option<&[&str]>| -> Plans {
            by_week(&events, &did, range, today(), sports, Units::default())[&day("2026-11-16")].clone()
        };
        let all = week(None);
        assert_eq!(all.split(|sum| sum.load, units::whole), "210 (50 done, 110 open)");
        assert_eq!(
            all.split(|sum| sum.secs, units::hours_minutes),
            "3:00 (1:00 done, 2:00 open)"
        );
        assert_eq!(all.targets(), "Ride load 85, 8:00 h");
        let runs = week(Some(&["Run"]));
        assert_eq!(
            (runs.split(|sum| sum.load, units::whole), runs.targets()),
            ("60 (10 done)".to_owned(), String::new())
        );
    }
}
