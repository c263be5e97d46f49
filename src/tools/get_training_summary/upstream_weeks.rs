//! What stands in for activities that are all closed to the API: the weekly sums that intervals.icu makes itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::sums::{self, Sum, name_of};
use crate::{
    guard::Units,
    intervals::model::weeks::{SportSummary, WeekSummary},
    tools::{
        answer::{self, table::Table, units},
        arguments::Range,
    },
    training::weeks,
};

fn add(sum: &mut Sum, one: &SportSummary) {
    let count = units::amount(one.count);
    sum.count += count;
    sum.secs += units::amount(one.moving_time);
    sum.metres += units::amount(one.distance);
    sum.climb += units::amount(one.total_elevation_gain);
    sum.kcal += units::amount(one.calories);
    if let Some(load) = units::sane(one.training_load) {
        sum.load += load;
        sum.with_load += count;
    }
    let sport = answer::sport(one.sport.as_deref().unwrap_or(answer::NO_SPORT));
    *sum.kinds.entry(sport).or_default() += count;
}

/// The tables by sport and by week; empty when there is nothing in the range.
pub(super) fn tables(
    rows: &[WeekSummary],
    range: Range,
    sports: Option<&[&str]>,
    each_kind: bool,
    own: Units,
) -> Vec<String> {
    let mut by_sport: BTreeMap<String, Sum> = BTreeMap::new();
    let mut by_week: BTreeMap<NaiveDate, Sum> = weeks::weekly(range.oldest, range.newest, [])
        .into_keys()
        .map(|monday| (monday, Sum::default()))
        .collect();
    let mut all = Sum::default();
    for row in rows {
        let Some(week) = row.date.and_then(|date| by_week.get_mut(&weeks::monday(date))) else {
            continue;
        };
        for one in row.by_category.iter().flatten() {
            let sport = one.sport.as_deref();
            if units::amount(one.count) <= 0.0
                || sports.is_some_and(|sports| !sport.is_some_and(|sport| sports.contains(&sport)))
            {
                continue;
            }
            add(by_sport.entry(name_of(sport, each_kind)).or_default(), one);
            add(week, one);
            add(&mut all, one);
        }
    }
    if all.count <= 0.0 {
        return Vec::new();
    }
    let mut by_sport: Vec<(String, Sum)> = by_sport.into_iter().collect();
    by_sport.sort_by(|a, b| b.1.secs.total_cmp(&a.1.secs));
    let mut table = Table::new(["week (Mon)", "sessions", "time", "load"]);
    for (monday, sum) in by_week.iter().rev().take(53) {
        table.push(vec![
            monday.to_string(),
            sums::whole(sum.count),
            units::hours_minutes(Some(sum.secs)),
            if sum.count > 0.0 {
                sum.load_words()
            } else {
                "0".to_owned()
            },
        ]);
    }
    vec![sums::table(&by_sport, &all, own), table.render()]
}
