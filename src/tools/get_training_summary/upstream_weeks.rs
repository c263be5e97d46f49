//! intervals.icu's own weekly sums, shown instead of activities that are all closed by Strava.

use chrono::{Datelike as _, NaiveDate};

use super::{Asked, by_sport};
use crate::{
    guard::Units,
    intervals::model::weeks::{SportSummary, WeekSummary},
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

/// The tables by sport and by week, with the plans of the days asked for and on to `until`; empty if the range has no sums.
pub(super) fn tables(
    rows: &[WeekSummary],
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
    let weeks: Vec<(NaiveDate, Sum)> = by_week
        .iter()
        .rev()
        .map(|(monday, week)| (*monday, Sum::of(week.iter().copied())))
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
    let columns = Columns::<(NaiveDate, Sum)>::new()
        .column("week (Mon)", |(monday, _)| monday.to_string())
        .column("activities", |(_, sum)| units::whole(sum.count))
        .column("time", |(_, sum)| sum.known_time())
        .column("planned time", |(monday, _)| planned(*monday, Plans::time))
        .column("load", |(_, sum)| sum.known_load())
        .column("planned load", |(monday, _)| planned(*monday, Plans::load))
        .column("week target", |(monday, _)| {
            of_week(plans, *monday, Plans::targets)
        })
        .column("absence", |(monday, _)| {
            absences_of_week(plans, *monday, range, today)
        });
    let add_up = sums::add_up(weeks.iter().map(|(_, sum)| sum.secs), all.secs);
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
