//! The form of race mornings: the model's figure at the end of the day before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    guard::AthleteCard,
    intervals::{self, model::Wellness},
    permissions,
    tool_error::ToolError,
    tools::{
        answer::{units, words::around},
        arguments::Range,
        fitness::{self, Day, DoneToday, Seen, ToCome},
        part::{Part, Source, settle},
    },
    training::weeks::back,
};

const WHAT: &str = "Form on race mornings";

/// The model's days before races.
#[derive(Debug, Default)]
pub(super) struct Mornings {
    days: BTreeMap<NaiveDate, Day>,
    /// What the days from today on leave out of today's plan: `, without today's open load 75`.
    without: String,
}

impl Mornings {
    /// The end of the day before; None if intervals.icu has no row for it.
    pub(super) fn of(&self, race: NaiveDate) -> Option<&Day> {
        self.days.get(&race.pred_opt()?)
    }

    /// What the column is. `next` is the first race after today that has it; `nothing_before` whether it is known that
    /// nothing is planned before that race.
    pub(super) fn in_words(&self, next: Option<NaiveDate>, nothing_before: bool) -> String {
        if self.days.is_empty() {
            return format!("{WHAT} left out: intervals.icu has no fitness for the day before.");
        }
        let what = "form a.m.: CTL - ATL at the end of the day before, by intervals.icu";
        match next {
            None => format!("{what}."),
            Some(race) if nothing_before => format!(
                "{what}; a projection, and nothing is planned before {}: both only fall.",
                units::date(race)
            ),
            Some(_) => format!(
                "{what}; a projection from what is planned until then{}.",
                self.without
            ),
        }
    }
}

/// One request, from the day before the first race to the day before the last; none without a race from today on. What is
/// `seen` of today shows whether the projection counts today's plan.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    races: impl Iterator<Item = NaiveDate>,
    today: NaiveDate,
    seen: Seen<'_>,
) -> Result<Part<Mornings>, ToolError> {
    let wanted: Vec<NaiveDate> = races
        .filter(|day| *day >= today)
        .filter_map(|day| day.pred_opt())
        .collect();
    let (Some(&oldest), Some(&newest)) = (wanted.iter().min(), wanted.iter().max()) else {
        return Ok(Part::NotAsked);
    };
    if !card.shows(&permissions::GET_FITNESS) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_FITNESS));
    }
    // Today's row and yesterday's show what the projection begins with.
    let oldest = oldest.min(back(today, 1));
    let found = upstream.wellness(oldest, newest, fitness::FIELDS).await;
    let mornings = found.map(|rows| {
        let mut days = fitness::days_of(&rows, Range { oldest, newest });
        days.retain(|day, _| wanted.contains(day));
        Mornings {
            days,
            without: without(&rows, today, seen),
        }
    });
    settle(WHAT, Source::Fitness, mornings)
}

/// What a projection leaves out, or may leave out, of today's plan; empty if it counts all of it.
fn without(rows: &[Wellness], today: NaiveDate, seen: Seen<'_>) -> String {
    if seen.events.is_none() {
        return ", perhaps without today's plan".to_owned();
    }
    let (perhaps, load) = match (DoneToday::of(rows, today, seen), ToCome::of(rows, today, seen)) {
        (_, Some(to_come)) => ("", Some(to_come.load)),
        (DoneToday::Unclear { at_most }, _) => ("perhaps ", at_most),
        _ => ("", None),
    };
    let load = units::whole(units::positive(load));
    around(&format!(", {perhaps}without today's open load"), &load, "")
}
