//! Planned load beside what was done: the calendar's workouts and races of a range, by week.
//!
//! Serves the tools that add up weeks; what a calendar itself says is get_events' business.

use chrono::NaiveDate;

use super::{answer, arguments::Range};
use crate::{
    guard::AthleteCard,
    intervals::{self, model::Event},
    permissions,
    tool_error::ToolError,
    training::weeks,
};

/// Planned load, as far as it was asked for and there to get.
#[derive(Debug)]
pub(super) enum Planned {
    NotAsked,
    Events(Vec<Event>),
    /// Left out, and why.
    Missing(String),
}

/// The last day whose plans are compared: the range's, or the end of the running week when the range reaches today.
pub(super) fn until(range: Range, today: NaiveDate) -> NaiveDate {
    if range.holds(today) {
        range.newest.max(weeks::sunday(today))
    } else {
        range.newest
    }
}

/// The calendar's workouts and races; its absence degrades the answer, a lost connection ends it.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: bool,
    range: Range,
    today: NaiveDate,
) -> Result<Planned, ToolError> {
    if !asked {
        return Ok(Planned::NotAsked);
    }
    if !card.may(&permissions::GET_EVENTS) {
        return Ok(Planned::Missing(answer::not_granted(
            "Planned load",
            "get_events",
        )));
    }
    let categories = &["WORKOUT", "RACE_A", "RACE_B", "RACE_C"];
    match upstream.events(range.oldest, until(range, today), categories).await {
        Ok(events) => Ok(Planned::Events(events)),
        Err(error) if error.ends_the_call() => Err(error.into()),
        Err(intervals::Error::MissingScope(_)) => Ok(Planned::Missing(
            "Planned load left out: the athlete did not share the calendar (connect intervals.icu again on the IcuSync \
             dashboard with CALENDAR ticked)."
                .to_owned(),
        )),
        Err(_) => Ok(Planned::Missing(
            "Planned load left out: the calendar did not answer; ask again.".to_owned(),
        )),
    }
}

/// The events of these sports from the range's first day to [`until`], each with the Monday of its week.
pub(super) fn by_week<'a>(
    events: &'a [Event],
    range: Range,
    today: NaiveDate,
    sports: Option<&'a [&'a str]>,
) -> impl Iterator<Item = (NaiveDate, &'a Event)> {
    let until = until(range, today);
    events.iter().filter_map(move |event| {
        let day = event.start_date_local?.date();
        let sport = event.sport.as_deref().unwrap_or_default();
        let wanted =
            day >= range.oldest && day <= until && sports.is_none_or(|sports| sports.contains(&sport));
        wanted.then(|| (weeks::monday(day), event))
    })
}
