//! The table by week, newest first: volume, load, of plan, longest, monotony, the split in three.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    sums::{Sum, whole},
    zones,
};
use crate::{
    intervals::model::{Activity, Event},
    tools::{
        answer::{self, table::Table, units},
        arguments::{Detail, Range},
        planned,
    },
    training::{summary, weeks},
};

/// Planned load and time of a week.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) load: f64,
    /// s.
    pub(super) secs: f64,
}

/// Plans by the Monday of their week, from the range's first day to [`planned::until`].
pub(super) fn plans(
    events: &[Event],
    range: Range,
    today: NaiveDate,
    sports: Option<&[&str]>,
) -> BTreeMap<NaiveDate, Plan> {
    let mut plans: BTreeMap<NaiveDate, Plan> = BTreeMap::new();
    for (monday, event) in planned::by_week(events, range, today, sports) {
        let plan = plans.entry(monday).or_default();
        plan.load += units::amount(event.icu_training_load);
        plan.secs += units::amount(event.moving_time);
    }
    plans
}

#[derive(Default)]
struct Week<'a> {
    rows: Vec<&'a Activity>,
    sum: Sum,
    stubs: usize,
    days: [f64; 7],
}

/// How the table is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) range: Range,
    pub(super) today: NaiveDate,
    pub(super) detail: Detail,
    /// One sport only: then a week's monotony, which is about all training, has no place.
    pub(super) narrowed: bool,
}

/// The table, and a line when weeks were cut. `rows` are all of the range, stubs too.
pub(super) fn table(
    rows: &[&Activity],
    plans: Option<&BTreeMap<NaiveDate, Plan>>,
    manner: Manner,
) -> Vec<String> {
    const SHOWN: usize = 13;
    const SHOWN_FULL: usize = 53;
    let Manner {
        range,
        today,
        detail,
        narrowed,
    } = manner;
    let mut by_week: BTreeMap<NaiveDate, Week<'_>> = weeks::weekly(range.oldest, range.newest, [])
        .into_keys()
        .map(|monday| (monday, Week::default()))
        .collect();
    for row in rows {
        let Some(day) = row.day() else { continue };
        let monday = weeks::monday(day);
        let Some(week) = by_week.get_mut(&monday) else {
            continue;
        };
        if row.is_closed_by_strava() {
            week.stubs += 1;
            continue;
        }
        week.rows.push(row);
        week.sum.add(row);
        let at = usize::try_from((day - monday).num_days()).unwrap_or(0).min(6);
        week.days[at] += units::amount(row.icu_training_load);
    }
    let full = detail == Detail::Full;
    let shown = if full { SHOWN_FULL } else { SHOWN };
    let mut table = Table::new([
        "week (Mon)",
        "sessions",
        "time",
        "planned time",
        "load",
        "planned load",
        "longest",
        "easy/moderate/hard %",
        "monotony (Foster)",
        "strain (Foster)",
    ]);
    for (monday, week) in by_week.iter().rev().take(shown) {
        // What cannot be read was some training, not none.
        let closed = week.rows.is_empty() && week.stubs > 0;
        let plan = plans.map(|plans| plans.get(monday).copied().unwrap_or_default());
        let whole_week = *monday >= range.oldest && weeks::sunday(*monday) <= range.newest.min(today);
        let monotony = summary::monotony(week.days).filter(|_| whole_week && week.stubs == 0 && !narrowed);
        table.push(vec![
            name_of(*monday, range),
            sessions(week),
            if closed {
                String::new()
            } else {
                units::hours_minutes(Some(week.sum.secs))
            },
            plan.map(|plan| units::hours_minutes(Some(plan.secs)))
                .unwrap_or_default(),
            match (closed, week.rows.is_empty()) {
                (true, _) => "unknown".to_owned(),
                (false, true) => "0".to_owned(),
                (false, false) => week.sum.load_words(),
            },
            plan.map(|plan| whole(plan.load)).unwrap_or_default(),
            longest(week),
            zones::split(zones::thirds_of(week.rows.iter().copied())),
            units::fixed(monotony.map(|found| found.monotony), 1),
            units::whole(monotony.map(|found| found.strain)),
        ]);
    }
    let mut blocks = vec![table.render()];
    let hidden = by_week.len().saturating_sub(shown);
    if let Some(newest) = by_week.keys().rev().nth(shown) {
        let newest = newest.checked_add_days(Days::new(6)).unwrap_or(*newest);
        blocks.push(format!(
            "… {hidden} more weeks: ask with oldest={} newest={newest}",
            range.oldest
        ));
    }
    blocks
}

/// `2026-11-16 (to Sat)`: a week that the range cuts says so.
fn name_of(monday: NaiveDate, range: Range) -> String {
    let mut name = monday.to_string();
    if monday < range.oldest {
        name.push_str(&range.oldest.format(" (from %a)").to_string());
    }
    if monday == weeks::monday(range.newest) && range.newest < weeks::sunday(range.newest) {
        name.push_str(&range.newest.format(" (to %a)").to_string());
    }
    name
}

fn sessions(week: &Week<'_>) -> String {
    match week.stubs {
        0 => week.rows.len().to_string(),
        stubs => format!("{} (+{stubs} unreadable)", week.rows.len()),
    }
}

/// `3:10 Ride`
fn longest(week: &Week<'_>) -> String {
    let longest = week
        .rows
        .iter()
        .filter(|row| units::positive(row.moving_time).is_some())
        .max_by(|a, b| {
            let secs = |row: &Activity| units::amount(row.moving_time);
            secs(a).total_cmp(&secs(b))
        });
    longest.map_or_else(String::new, |row| {
        let sport = answer::sport(row.sport.as_deref().unwrap_or_default());
        format!("{} {sport}", units::hours_minutes(row.moving_time))
            .trim_end()
            .to_owned()
    })
}
