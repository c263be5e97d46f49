//! Planned load to compare with what was done: the calendar's workouts and races in a range, by week.
//!
//! For the tools that add up weeks; the calendar itself is in get_events.

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

/// The categories of what is to be done.
pub(super) const TO_DO: &[&str] = &["WORKOUT", "RACE_A", "RACE_B", "RACE_C"];

/// The last day of the plans to compare: the range's last, or the end of this week if the range reaches today.
pub(super) fn until(range: Range, today: NaiveDate) -> NaiveDate {
    if range.contains(today) {
        range.newest.max(weeks::sunday(today))
    } else {
        range.newest
    }
}

/// The calendar's workouts and races, if requested.
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
    let found = upstream.events(range.oldest, until(range, today), TO_DO);
    settle(WHAT, Source::Calendar, found.await)
}

/// The plans for these sports from the range's first day to [`until`], by the Monday of their week.
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
