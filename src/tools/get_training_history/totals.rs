//! The lines under the table: sums by sport and by week.
//!
//! They cover the whole range, not the rows shown.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{Datelike as _, NaiveDate};

use super::units;
use crate::{
    guard::Units,
    intervals::model::{Activity, Event},
    tools::{
        answer::{self, sport_units::SportUnits},
        arguments::{Detail, Range},
        planned,
    },
    training::weeks::{self, Week},
};

#[derive(Default)]
struct Sum {
    count: u32,
    secs: f64,
    metres: f64,
    load: f64,
    without_load: u32,
}

impl Sum {
    fn add(&mut self, row: &Activity) {
        self.count += 1;
        self.secs += units::amount(row.moving_time);
        self.metres += units::amount(row.metres());
        match units::sane(row.icu_training_load) {
            Some(load) => self.load += load,
            None => self.without_load += 1,
        }
    }

    /// `18:40 · 512 km · load 842 (2 without)`
    /// `sport` is none for several together, which have no distance in common.
    fn words(&self, own: Units, sport: Option<&str>) -> String {
        let mut words = vec![units::hours_minutes(Some(self.secs))];
        if let Some(sport) = sport.filter(|_| self.metres > 0.0) {
            let decimals = u8::from(self.metres < 20_000.0);
            words.push(SportUnits::of(sport, own).way(Some(self.metres), decimals));
        }
        match (self.without_load, self.count) {
            (0, _) => words.push(format!("load {}", units::whole(Some(self.load)))),
            (missing, all) if missing == all => {}
            (missing, _) => words.push(format!(
                "load {} ({missing} without)",
                units::whole(Some(self.load))
            )),
        }
        words.join(" · ")
    }
}

/// `Ride 12 · 18:40 · 512 km · load 842 | Run 4 · … | all 16 · 22:00 · load 1013 | unreadable 1`, most time first.
pub(super) fn by_sport(rows: &[&Activity], unreadable: usize, own: Units) -> String {
    let mut sports: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut all = Sum::default();
    for row in rows {
        sports
            .entry(row.sport.as_deref().unwrap_or(answer::NO_SPORT))
            .or_default()
            .add(row);
        all.add(row);
    }
    let several = sports.len() > 1;
    let mut sports: Vec<(&str, Sum)> = sports.into_iter().collect();
    sports.sort_by(|a, b| b.1.secs.total_cmp(&a.1.secs));
    let mut parts: Vec<String> = sports
        .iter()
        .map(|(sport, sum)| {
            format!(
                "{} {} · {}",
                answer::sport(sport),
                sum.count,
                sum.words(own, Some(sport))
            )
        })
        .collect();
    if several {
        parts.push(format!("all {} · {}", all.count, all.words(own, None)));
    }
    if unreadable > 0 {
        parts.push(format!("unreadable {unreadable}"));
    }
    parts.join(" | ")
}

/// Planned load by the Monday of its week.
pub(super) fn planned_by_week(
    events: &[Event],
    range: Range,
    today: NaiveDate,
    sports: Option<&[&str]>,
) -> BTreeMap<NaiveDate, f64> {
    let mut weeks = BTreeMap::new();
    for (monday, event) in planned::by_week(events, range, today, sports) {
        *weeks.entry(monday).or_insert(0.0) += units::sane(event.icu_training_load).unwrap_or(0.0);
    }
    weeks
}

/// `Weeks (Mon), load: 16 Nov (to Sat) 322 of 350 planned · 9 Nov 287 · …`, newest first. A week that the range cuts says so.
pub(super) fn by_week(
    weeks: &BTreeMap<NaiveDate, Week>,
    planned: Option<&BTreeMap<NaiveDate, f64>>,
    range: Range,
    detail: Detail,
) -> String {
    const SHOWN: usize = 13;
    const SHOWN_FULL: usize = 53;
    let shown = if detail == Detail::Full { SHOWN_FULL } else { SHOWN };
    let mut year = range.newest.year();
    let mut parts: Vec<String> = Vec::new();
    for (monday, week) in weeks.iter().rev().take(shown) {
        let mut part = monday.format("%-d %b").to_string();
        if monday.year() != year {
            year = monday.year();
            part.push_str(&monday.format(" %Y").to_string());
        }
        if *monday < range.oldest {
            part.push_str(&range.oldest.format(" (from %a)").to_string());
        }
        if *monday == weeks::monday(range.newest) && range.newest < weeks::sunday(range.newest) {
            part.push_str(&range.newest.format(" (to %a)").to_string());
        }
        part.push(' ');
        part.push_str(&match (week.count, week.with_load) {
            (0, _) => "0".to_owned(),
            (_, 0) => "unknown".to_owned(),
            _ => units::whole(Some(week.load)),
        });
        if let Some(load) = planned.map(|planned| planned.get(monday).copied().unwrap_or(0.0)) {
            let _ = write!(part, " of {}", units::whole(Some(load)));
            if parts.is_empty() {
                part.push_str(" planned");
            }
        }
        parts.push(part);
    }
    let hidden = weeks.len().saturating_sub(shown);
    if hidden > 0 {
        let newest = weeks
            .keys()
            .rev()
            .nth(shown)
            .copied()
            .map_or(range.oldest, weeks::sunday);
        parts.push(format!(
            "… {hidden} more: ask with oldest={} newest={newest}",
            range.oldest
        ));
    }
    format!("Weeks (Mon), load: {}", parts.join(" · "))
}
