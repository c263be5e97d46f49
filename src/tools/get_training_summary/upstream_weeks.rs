//! intervals.icu's own weekly sums, shown instead of activities that are all closed by Strava.

use std::collections::HashSet;

use chrono::{Datelike as _, NaiveDate};

use super::{Asked, by_sport};
use crate::{
    guard::Units,
    intervals::model::{
        Activity,
        weeks::{SportSummary, WeekSummary},
    },
    tools::{
        answer::{
            table::Columns,
            units::{self, amount},
            week,
        },
        arguments::{Detail, Range},
        planned::{Planning, Plans, absences_of_week, of_week},
        sums::{self, Sum},
    },
    training::weeks,
};

/// Maximum weeks in the table.
const SHOWN: usize = 53;

/// A week: its Monday, its sum, and whether that is known.
struct Week {
    monday: NaiveDate,
    sum: Sum,
    is_known: bool,
}

impl Week {
    fn cell(&self, figure: impl FnOnce(&Sum) -> String) -> String {
        if self.is_known {
            figure(&self.sum)
        } else {
            "unknown".to_owned()
        }
    }
}

/// The tables by sport and by week, with the plans of the days asked for and on to `until`; empty if the range has no sums. A week
/// of which no sums were sent is unknown if it has some of the `found` activities.
pub(super) fn tables(
    rows: &[WeekSummary],
    found: &[&Activity],
    asked: &Asked,
    plans: Option<&Planning>,
    (until, today): (NaiveDate, NaiveDate),
    own: Units,
) -> Vec<String> {
    let (range, sports) = (asked.range, asked.sport);
    let wanted = |one: &&SportSummary| {
        let sport = one.sport.as_deref();
        let is_of = |sports: &[&str]| sport.is_some_and(|sport| sports.contains(&sport));
        amount(one.count) > 0.0 && sports.is_none_or(is_of)
    };
    let mut by_week: Vec<(NaiveDate, Vec<&SportSummary>)> = weeks::weekly(range.oldest, range.newest, [])
        .into_keys()
        .map(|monday| (monday, Vec::new()))
        .collect();
    for row in rows {
        let Some(monday) = row.date.map(weeks::monday) else {
            continue;
        };
        if let Ok(at) = by_week.binary_search_by_key(&monday, |(monday, _)| *monday) {
            by_week[at]
                .1
                .extend(row.by_category.iter().flatten().filter(wanted));
        }
    }
    let each = by_week.iter().flat_map(|(_, week)| week.iter().copied());
    let all = Sum::of(each.clone());
    if all.count <= 0.0 {
        return Vec::new();
    }
    let by_sport = sums::by_sport(each, asked.detail == Detail::Full);
    let summed = rows.iter().filter(|row| row.by_category.is_some());
    let summed: HashSet<NaiveDate> = summed.filter_map(|row| row.date.map(weeks::monday)).collect();
    let active: HashSet<NaiveDate> = found
        .iter()
        .filter_map(|row| row.day().map(weeks::monday))
        .collect();
    let weeks: Vec<Week> = by_week
        .iter()
        .rev()
        .map(|(monday, week)| Week {
            monday: *monday,
            sum: Sum::of(week.iter().copied()),
            is_known: summed.contains(monday) || !active.contains(monday),
        })
        .collect();
    // The sums are of whole weeks, the plans of the days asked for.
    let of_plans = Range {
        newest: until,
        ..range
    };
    let planned = |monday: NaiveDate, say: fn(&Plans) -> String| {
        of_week(plans, monday, |plans| match say(plans) {
            nothing if nothing.is_empty() => nothing,
            words => words + &week::cut(monday, of_plans),
        })
    };
    // This week's sums are those so far.
    let so_far = |monday: NaiveDate| {
        let week = Range {
            oldest: monday,
            newest: today,
        };
        format!("{monday}{}", week::cut(monday, week))
    };
    let columns = Columns::<Week>::new()
        .column("week (Mon)", |week| so_far(week.monday))
        .column("activities", |week| week.cell(|sum| units::whole(sum.count)))
        .column("time", |week| week.cell(Sum::known_time))
        .column("planned time", |week| planned(week.monday, Plans::time))
        .column("load", |week| week.cell(Sum::known_load))
        .column("planned load", |week| planned(week.monday, Plans::load))
        .column("week target", |week| of_week(plans, week.monday, Plans::targets))
        .column("absence", |week| {
            absences_of_week(plans, week.monday, range, today)
        });
    let add_up = sums::add_up(weeks.iter().map(|week| week.sum.secs), all.secs);
    let rounded = if add_up {
        sums::rounded(&by_sport, &all, false)
    } else {
        sums::ROUNDED
    };
    vec![
        by_sport::table(&by_sport, &all, 0, (own, range.newest.year())),
        columns.table(&weeks[..weeks.len().min(SHOWN)]),
        rounded.to_owned(),
    ]
}
