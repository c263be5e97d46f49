//! The lines below the table: sums by sport and by week.
//!
//! They cover the whole range, not the rows shown.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{Datelike as _, NaiveDate};

use crate::{
    guard::Units,
    intervals::model::Activity,
    tools::{
        answer::{
            units, week,
            words::{DOT, joined, named},
        },
        arguments::{Detail, Range},
        planned::{Planning, Plans, absences_of_week, of_week, until},
        sums::{self, Sum},
    },
    training::weeks::{self, Week},
};

/// `Ride 12 (4 VirtualRide) · 18:40 · 512 km · climb 4539 m · load 842 | Run 4 · … | all 16 + 1 unreadable · 22:00 · …`, most time
/// first: by family, in full by exact type. The times of the rows have seconds in full, and so add up.
pub(super) fn by_sport(rows: &[&Activity], closed: usize, own: Units, detail: Detail) -> String {
    const WHOLE_FROM: f64 = 20_000.0;
    let sports = sums::by_sport(rows.iter().copied(), detail == Detail::Full);
    let mut parts: Vec<String> = sports
        .iter()
        .map(|(sport, sum)| {
            let way = sums::distance(sum, sport, own, WHOLE_FROM);
            let way = joined([way, sum.named_climb(sum.count, own)], DOT);
            sum.line_of(sport, &sum.count_with_kinds(sport), way)
        })
        .collect();
    let all = Sum::of(rows.iter().copied());
    if parts.len() > 1 || closed > 0 {
        let count = sums::with_unreadable(rows.len(), closed);
        // Distances of different sports are not added up.
        parts.push(if rows.is_empty() {
            format!("all {count}")
        } else {
            // The climb of one sport alone is told already.
            let several = sports.iter().filter(|(_, sum)| sum.climb > 0.0).count() > 1;
            let climb = all.named_climb(sums::climbing(&sports), own);
            all.line_of("all", &count, if several { climb } else { String::new() })
        });
    }
    let rounded = sums::rounded(&sports, &all, detail == Detail::Concise);
    joined([parts.join(" | ").as_str(), rounded], ". ")
}

/// A week's load, and how many of its activities cannot be read.
pub(super) type Done = (Week, usize);

/// `Weeks (Mon), load: 16 Nov (to Sat) 322; 350 planned to Sunday (240 of it done, 110 open later), week target 400 ·
/// 9 Nov 287; nothing planned, holiday 9–15 Nov · …`, newest first. A week that the range cuts says so; its plan goes on to [`until`].
pub(super) fn by_week(
    weeks: &BTreeMap<NaiveDate, Done>,
    planned: Option<&Planning>,
    (range, today): (Range, NaiveDate),
    detail: Detail,
) -> String {
    const SHOWN: usize = 13;
    const SHOWN_FULL: usize = 53;
    let shown = detail.pick(SHOWN, SHOWN_FULL);
    let mut year = range.newest.year();
    let mut parts: Vec<String> = Vec::new();
    for (monday, (load, closed)) in weeks.iter().rev().take(shown) {
        let mut part = units::day_month(*monday);
        if monday.year() != year {
            year = monday.year();
            part.push_str(&monday.format(" %Y").to_string());
        }
        let _ = write!(
            part,
            "{} {}",
            week::cut(*monday, range),
            week::done(load, *closed)
        );
        let goes_on = parts.is_empty() && until(range, today) > range.newest;
        let to_sunday = if goes_on { " to Sunday" } else { "" };
        let plan = of_week(planned, *monday, |plans| plans.in_words(to_sunday));
        let targets = of_week(planned, *monday, Plans::targets);
        let absences = absences_of_week(planned, *monday, range, today);
        part = joined(
            [
                joined([part, plan], "; "),
                named("week target", &targets),
                absences,
            ],
            ", ",
        );
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
