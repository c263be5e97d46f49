//! The form of race mornings: the model's figure at the end of the day before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    guard::AthleteCard,
    intervals, permissions,
    tool_error::ToolError,
    tools::{
        answer::units,
        arguments::Range,
        fitness::{self, Day},
        part::{Part, Source, settle},
    },
};

const WHAT: &str = "Form on race mornings";

/// The model's days before races.
#[derive(Debug, Default)]
pub(super) struct Mornings(BTreeMap<NaiveDate, Day>);

impl Mornings {
    /// The end of the day before; None if intervals.icu has no row for it.
    pub(super) fn of(&self, race: NaiveDate) -> Option<&Day> {
        self.0.get(&race.pred_opt()?)
    }

    /// What the column is. `next` is the first race after today that has it; `nothing_before` whether it is known that
    /// nothing is planned before that race.
    pub(super) fn in_words(&self, next: Option<NaiveDate>, nothing_before: bool) -> String {
        if self.0.is_empty() {
            return format!("{WHAT} left out: intervals.icu has no fitness for the day before.");
        }
        let what = "form a.m.: CTL - ATL at the end of the day before, by intervals.icu";
        match next {
            None => format!("{what}."),
            Some(race) if nothing_before => format!(
                "{what}; a projection, and nothing is planned before {}: both only fall.",
                units::date(race)
            ),
            Some(_) => format!("{what}; a projection from what is planned until then."),
        }
    }
}

/// One request, from the day before the first race to the day before the last; none without a race from today on.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    races: impl Iterator<Item = NaiveDate>,
    today: NaiveDate,
) -> Result<Part<Mornings>, ToolError> {
    let days: Vec<NaiveDate> = races
        .filter(|day| *day >= today)
        .filter_map(|day| day.pred_opt())
        .collect();
    let (Some(&oldest), Some(&newest)) = (days.iter().min(), days.iter().max()) else {
        return Ok(Part::NotAsked);
    };
    if !card.shows(&permissions::GET_FITNESS) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_FITNESS));
    }
    let found = upstream.wellness(oldest, newest, fitness::FIELDS).await;
    let mornings = found.map(|rows| {
        let mut known = fitness::days_of(&rows, Range { oldest, newest });
        known.retain(|day, _| days.contains(day));
        Mornings(known)
    });
    settle(WHAT, Source::Fitness, mornings)
}
