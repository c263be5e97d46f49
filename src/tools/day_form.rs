//! The form of the morning of a day that is planned for.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    arguments::Range,
    fitness::{self, Day},
    part::{Part, Source, settle},
};
use crate::{guard::Ask, intervals::Athlete, permissions, tool_error::ToolError};

const WHAT: &str = "Form that morning";

/// The ends of the days before.
#[derive(Debug)]
pub(super) struct Mornings {
    days: BTreeMap<NaiveDate, Day>,
    today: NaiveDate,
}

impl Mornings {
    /// One request, unless a coach may not see both fitness and the calendar that it is projected from.
    pub(super) async fn fetch(ask: &Ask, upstream: &Athlete, days: Range) -> Result<Part<Self>, ToolError> {
        for needed in [&permissions::GET_FITNESS, &permissions::GET_EVENTS] {
            if !ask.card.shows(needed) {
                return Ok(Part::not_granted(WHAT, needed));
            }
        }
        let before = |day: NaiveDate| day.pred_opt().unwrap_or(day);
        let days = Range {
            oldest: before(days.oldest),
            newest: before(days.newest),
        };
        let rows = upstream.wellness(days.oldest, days.newest, fitness::FIELDS).await;
        let today = ask.today();
        Ok(match settle(WHAT, Source::Fitness, rows)? {
            Part::Got(rows) => Part::Got(Self {
                days: fitness::days_of(&rows, days),
                today,
            }),
            Part::NotAsked => Part::NotAsked,
            Part::Missing(why) => Part::Missing(why),
        })
    }

    /// `form that morning -7.9 (projected)`; `without` says that workouts of a preview are not in it. Empty if intervals.icu has no figure.
    pub(super) fn on(&self, day: NaiveDate, without: bool) -> String {
        let before = day.pred_opt().and_then(|before| self.days.get(&before));
        let Some(form) = before.map(Day::form).filter(|form| !form.is_empty()) else {
            return String::new();
        };
        let projected = match (day > self.today, without) {
            (false, _) => "",
            (true, false) => " (projected)",
            (true, true) => " (projected, without these workouts)",
        };
        format!("form that morning {form}{projected}")
    }
}
