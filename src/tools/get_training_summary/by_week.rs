//! The table by week, newest first: volume, load, plan, longest activity, monotony, easy/moderate/hard.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Asked, zones};
use crate::{
    intervals::model::Activity,
    tools::{
        answer::{
            self,
            cut::Cut,
            table::Columns,
            units::{self, amount},
            week,
            words::{in_brackets, joined},
        },
        arguments::Detail,
        planned::{Planning, Plans, absences_of_week, of_week},
        sums::{self, Sum, and_unreadable},
    },
    training::{
        summary::{self, Monotony},
        weeks,
    },
};

#[derive(Default)]
struct Week<'a> {
    rows: Vec<&'a Activity>,
    sum: Sum,
    stubs: usize,
    days: [f64; 7],
}

impl<'a> Week<'a> {
    fn add(&mut self, row: &'a Activity, at: usize) {
        if row.is_stub() {
            self.stubs += 1;
            return;
        }
        self.rows.push(row);
        self.sum.add(row);
        self.days[at] += amount(row.load());
    }

    /// Whether there is a load for each of its sessions.
    fn has_every_load(&self) -> bool {
        self.stubs == 0 && self.sum.with_load >= self.sum.count
    }

    /// Whether all activities of the week are closed by Strava: there was training, but it cannot be read.
    fn is_closed(&self) -> bool {
        self.rows.is_empty() && self.stubs > 0
    }
}

/// The weeks of the range, oldest first, with what was done in each.
fn by_week<'a>(rows: &[&'a Activity], asked: &Asked) -> BTreeMap<NaiveDate, Week<'a>> {
    let mut by_week: BTreeMap<NaiveDate, Week<'_>> =
        weeks::weekly(asked.range.oldest, asked.range.newest, [])
            .into_keys()
            .map(|monday| (monday, Week::default()))
            .collect();
    for row in rows {
        let Some(day) = row.day() else { continue };
        let monday = weeks::monday(day);
        let at = usize::try_from((day - monday).num_days()).unwrap_or(0).min(6);
        if let Some(week) = by_week.get_mut(&monday) {
            week.add(row, at);
        }
    }
    by_week
}

/// The table, and the lines below it: weeks that were cut, and figures that some weeks do not have. `rows` are all of the
/// range, including stubs.
pub(super) fn table(
    rows: &[&Activity],
    plans: Option<&Planning>,
    asked: &Asked,
    today: NaiveDate,
) -> [String; 3] {
    const SHOWN: usize = 13;
    const SHOWN_FULL: usize = 53;
    type Row<'a> = (NaiveDate, Week<'a>);
    let range = asked.range;
    let all: Vec<&Activity> = rows.iter().copied().filter(|row| !row.is_stub()).collect();
    let weeks: Vec<Row<'_>> = by_week(rows, asked).into_iter().rev().collect();
    let cut = Cut::after(asked.detail.pick(SHOWN, SHOWN_FULL), &weeks);
    let planned = |monday: &NaiveDate, say: fn(&Plans) -> String| of_week(plans, *monday, say);
    // Monotony is about all training, so it means nothing for one sport or a part of a week; today may still add to its own.
    let is_over = |monday: NaiveDate| {
        monday >= range.oldest && weeks::sunday(monday) <= range.newest && weeks::sunday(monday) < today
    };
    let is_whole = |monday: NaiveDate| asked.sport.is_none() && is_over(monday);
    let monotony = |monday: NaiveDate, week: &Week| -> Option<Monotony> {
        summary::monotony(week.days).filter(|_| is_whole(monday) && week.has_every_load())
    };
    let unknown = |(monday, week): &Row<'_>| is_whole(*monday) && !week.has_every_load();
    let some_load = cut.shown.iter().any(|(_, week)| week.sum.with_load > 0.0);
    // A part of a week says so in its row; this week on a Sunday does not.
    let is_open = |(monday, _): &Row<'_>| {
        asked.sport.is_none() && week::cut(*monday, range).is_empty() && weeks::sunday(*monday) >= today
    };
    let is_of_one_sport = asked.sport.is_some() && cut.shown.iter().any(|(monday, _)| is_over(*monday));
    // Said beside the columns or in their place.
    let has_monotony = cut
        .shown
        .iter()
        .any(|(monday, week)| is_whole(*monday) && week.has_every_load() && week.sum.count > 0.0);
    let no_monotony = if some_load && is_of_one_sport {
        "Monotony and strain need all sports together."
    } else if some_load && cut.shown.iter().any(|week| unknown(week) || is_open(week)) {
        "Monotony and strain need whole weeks that are over, with a load for every session."
    } else {
        ""
    };
    let formula = if has_monotony && asked.detail == Detail::Full {
        "Monotony is mean daily load / sample standard deviation, strain is load of the week × monotony."
    } else {
        ""
    };
    let columns = Columns::<Row<'_>>::new()
        .column("week (Mon)", |(monday, _)| {
            format!("{monday}{}", week::cut(*monday, range))
        })
        .column("activities", |(_, week)| {
            sums::with_unreadable(week.rows.len(), week.stubs)
        })
        .column("time", |(_, week)| {
            if week.is_closed() {
                String::new()
            } else {
                and_unreadable(week.sum.known_time(), week.stubs)
            }
        })
        .column("planned time", |(monday, _)| planned(monday, Plans::time))
        .column("load", |(_, week)| {
            if week.is_closed() {
                "unknown".to_owned()
            } else {
                and_unreadable(week.sum.known_load(), week.stubs)
            }
        })
        .column("planned load", |(monday, _)| planned(monday, Plans::load))
        .column("week target", |(monday, _)| planned(monday, Plans::targets))
        .column("absence", |(monday, _)| {
            absences_of_week(plans, *monday, range, today)
        })
        .column("longest", |(_, week)| longest(week))
        .column(zones::header(&all, asked.zones), |(_, week)| {
            zones::split(zones::thirds_of(&week.rows, asked.zones))
        })
        .column("monotony (Foster)", |(monday, week)| {
            match monotony(*monday, week) {
                Some(found) => units::fixed(found.monotony, 1),
                None if !some_load || !is_whole(*monday) || !week.has_every_load() => String::new(),
                None if week.sum.load > 0.0 => "no variation".to_owned(),
                None if week.sum.count > 0.0 => "no load".to_owned(),
                None => String::new(),
            }
        })
        .column("strain (Foster)", |(monday, week)| {
            units::whole(monotony(*monday, week).map(|found| found.strain))
        });
    let more = cut.more("week", |(monday, _)| {
        format!("use oldest={} newest={}", range.oldest, weeks::sunday(*monday))
    });
    [
        columns.table(cut.shown),
        more,
        joined([formula, no_monotony], " "),
    ]
}

/// `3:10 Ride (8 Nov)`
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
        let on = row.day().map(units::day_month).unwrap_or_default();
        joined(
            [
                units::hours_minutes(row.moving_time),
                answer::sport(row.sport()),
                in_brackets(&on),
            ],
            " ",
        )
    })
}
