//! Planned load beside what was done: the calendar's workouts and races of a range, by week.
//!
//! Serves the tools that add up weeks; what a calendar itself says is get_events' business.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    arguments::Range,
    part::{Part, Source, settle},
    sums::Sum,
};
use crate::{
    guard::AthleteCard,
    intervals::{self, model::Event},
    permissions,
    tool_error::ToolError,
    training::weeks,
};

/// The last day whose plans are compared: the range's, or the end of the running week when the range reaches today.
pub(super) fn until(range: Range, today: NaiveDate) -> NaiveDate {
    if range.holds(today) {
        range.newest.max(weeks::sunday(today))
    } else {
        range.newest
    }
}

/// The calendar's workouts and races, when they are asked for.
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
    let categories = &["WORKOUT", "RACE_A", "RACE_B", "RACE_C"];
    let found = upstream.events(range.oldest, until(range, today), categories);
    settle(WHAT, Source::Calendar, found.await)
}

/// What is planned of these sports from the range's first day to [`until`], by the Monday of its week.
pub(super) fn by_week(
    events: &[Event],
    range: Range,
    today: NaiveDate,
    sports: Option<&[&str]>,
) -> BTreeMap<NaiveDate, Sum> {
    let until = until(range, today);
    let mut by_week: BTreeMap<NaiveDate, Sum> = BTreeMap::new();
    for event in events {
        let Some(day) = event.start_date_local.map(|start| start.date()) else {
            continue;
        };
        let sport = event.sport();
        if day >= range.oldest && day <= until && sports.is_none_or(|sports| sports.contains(&sport)) {
            by_week.entry(weeks::monday(day)).or_default().add(event);
        }
    }
    by_week
}
