//! The days of the fitness model as intervals.icu computed them, and an athlete's current form.
//!
//! For all tools that show fitness; tables of days are in get_fitness.

mod done_today;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    answer::{units, words::around},
    arguments::Range,
};
use crate::{
    intervals::{self, model::Wellness},
    training::fitness::{Fitness, Loads, ramp},
};

pub(super) use done_today::{DoneToday, Part, Seen};

/// The fields that a day of the model is read from.
pub(super) const FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad"];

/// The newest figures of the last week in one line; empty when there are none. One request.
pub(super) async fn current(
    upstream: &intervals::Athlete,
    today: NaiveDate,
) -> Result<String, intervals::Error> {
    let oldest = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    let range = Range {
        oldest,
        newest: today,
    };
    let rows = upstream.wellness(range.oldest, range.newest, FIELDS).await?;
    Ok(standing(&days_of(&rows, range), today))
}

/// A day of the model, as upstream computed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) fitness: Fitness,
    /// Upstream's; where it sent none, ours: CTL minus CTL 7 days before.
    pub(super) ramp: Option<f64>,
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
            let fitness = fitness_of(row)?;
            Some((
                date,
                Day {
                    date,
                    fitness,
                    ramp: units::sane(row.ramp_rate),
                    loads: loads_of(row),
                },
            ))
        })
        .collect();
    let ctl: BTreeMap<NaiveDate, f64> = days.iter().map(|(date, day)| (*date, day.fitness.ctl)).collect();
    for day in days.values_mut() {
        let before = day
            .date
            .checked_sub_days(Days::new(7))
            .and_then(|before| ctl.get(&before));
        day.ramp = day.ramp.or_else(|| Some(ramp(day.fitness.ctl, *before?)));
    }
    days
}

impl Day {
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

/// The newest figures up to today in one line.
pub(super) fn standing(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> String {
    let Some(day) = days.range(..=today).next_back().map(|(_, day)| day) else {
        return String::new();
    };
    let when = if day.date == today {
        "Today".to_owned()
    } else {
        format!("On {}", units::date(day.date))
    };
    let percent = day
        .fitness
        .form_percent()
        .map(|percent| format!(" ({} % of CTL)", units::signed(percent, 0)))
        .unwrap_or_default();
    let ramp = around(" · ramp", &day.ramp(), "a week");
    format!(
        "{when}: CTL {} · ATL {} · form {}{percent}{ramp}",
        day.ctl(),
        day.atl(),
        day.form()
    )
}
