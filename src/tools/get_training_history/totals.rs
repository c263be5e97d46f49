//! The lines below the table: sums by sport and by week.
//!
//! They cover the whole range, not the rows shown.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{Datelike as _, NaiveDate};

use super::units;
use crate::{
    guard::Units,
    intervals::model::Activity,
    tools::{
        answer::week,
        arguments::{Detail, Range},
        sums::{self, Sum},
    },
    training::weeks::{self, Week},
};

/// `Ride 12 · 18:40 · 512 km · load 842 | Run 4 · … | all 16 · 22:00 · load 1013 | closed by Strava 1`, most time first.
pub(super) fn by_sport(rows: &[&Activity], closed: usize, own: Units) -> String {
    const WHOLE_FROM: f64 = 20_000.0;
    let sports = sums::by_sport(rows.iter().copied(), true);
    let mut parts: Vec<String> = sports
        .iter()
        .map(|(sport, sum)| sum.line(sport, sums::distance(sum.metres, sport, own, WHOLE_FROM)))
        .collect();
    if parts.len() > 1 {
        // Distances of different sports are not added up.
        parts.push(Sum::of(rows.iter().copied()).line("all", String::new()));
    }
    if closed > 0 {
        parts.push(format!("closed by Strava {closed}"));
    }
    parts.join(" | ")
}

/// `Weeks (Mon), load: 16 Nov (to Sat) 322 of 350 planned · 9 Nov 287 · …`, newest first. A week that the range cuts says so.
pub(super) fn by_week(
    weeks: &BTreeMap<NaiveDate, Week>,
    planned: Option<&BTreeMap<NaiveDate, Sum>>,
    range: Range,
    detail: Detail,
) -> String {
    const SHOWN: usize = 13;
    const SHOWN_FULL: usize = 53;
    let shown = detail.pick(SHOWN, SHOWN_FULL);
    let mut year = range.newest.year();
    let mut parts: Vec<String> = Vec::new();
    for (monday, load) in weeks.iter().rev().take(shown) {
        let mut part = monday.format("%-d %b").to_string();
        if monday.year() != year {
            year = monday.year();
            part.push_str(&monday.format(" %Y").to_string());
        }
        let _ = write!(part, "{} {}", week::cut(*monday, range), week::load(load));
        if let Some(planned) = planned {
            let load = planned.get(monday).map_or(0.0, |sum| sum.load);
            let _ = write!(part, " of {}", units::whole(load));
            if parts.is_empty() {
                part.push_str(" planned");
            }
        }
        parts.push(part);
    }
    if let Some(newest) = weeks.keys().rev().nth(shown) {
        parts.push(format!(
            "… {} more: use oldest={} newest={}",
            weeks.len() - shown,
            range.oldest,
            weeks::sunday(*newest)
        ));
    }
    format!("Weeks (Mon), load: {}", parts.join(" · "))
}
