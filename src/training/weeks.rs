//! Weeks begin on Monday (ISO 8601), as intervals.icu's calendar does.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};

/// The Monday of the day's week.
pub(crate) fn monday(day: NaiveDate) -> NaiveDate {
    back(day, u64::from(day.weekday().num_days_from_monday()))
}

/// The day this many days earlier; the day itself at the beginning of the calendar.
pub(crate) fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

/// The Sunday of the day's week.
pub(crate) fn sunday(day: NaiveDate) -> NaiveDate {
    monday(day).checked_add_days(Days::new(6)).unwrap_or(day)
}

/// How many days a range has, inclusive; 0 if it runs backwards.
pub(crate) fn days_in(oldest: NaiveDate, newest: NaiveDate) -> i64 {
    ((newest - oldest).num_days() + 1).max(0)
}

/// A week's count and load.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Week {
    /// How many items are in it.
    pub count: u32,
    /// How many of them have a load.
    pub with_load: u32,
    /// The sum of those loads.
    pub load: f64,
}

/// The weeks that a range touches, by their Monday, with their loads. Weeks without any are included.
pub(crate) fn weekly(
    oldest: NaiveDate,
    newest: NaiveDate,
    loads: impl IntoIterator<Item = (NaiveDate, Option<f64>)>,
) -> BTreeMap<NaiveDate, Week> {
    let mut weeks: BTreeMap<NaiveDate, Week> = monday(oldest)
        .iter_weeks()
        .take_while(|start| *start <= newest)
        .map(|start| (start, Week::default()))
        .collect();
    for (day, load) in loads {
        if let Some(week) = weeks.get_mut(&monday(day)) {
            week.count += 1;
            if let Some(load) = load {
                week.with_load += 1;
                week.load += load;
            }
        }
    }
    weeks
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_runs_from_monday_to_sunday() {
        for text in ["2026-11-16", "2026-11-21", "2026-11-22"] {
            assert_eq!(monday(day(text)), day("2026-11-16"));
            assert_eq!(sunday(day(text)), day("2026-11-22"));
        }
        assert_eq!(monday(day("2026-01-01")), day("2025-12-29"));
        assert_eq!(days_in(day("2026-11-21"), day("2026-11-21")), 1);
        assert_eq!(days_in(day("2026-11-22"), day("2026-11-21")), 0);
    }

    #[test]
    fn empty_weeks_are_there_and_missing_loads_are_counted() {
        let loads = [
            (day("2026-11-09"), Some(50.0)),
            (day("2026-11-15"), None),
            (day("2026-11-23"), Some(7.0)),
        ];
        let weeks = weekly(day("2026-10-28"), day("2026-11-29"), loads);
        let seen: Vec<_> = weeks
            .values()
            .map(|week| (week.count, week.with_load, week.load))
            .collect();
        assert_eq!(
            seen,
            [(0, 0, 0.0), (0, 0, 0.0), (2, 1, 50.0), (0, 0, 0.0), (1, 1, 7.0)]
        );
    }

    proptest! {
        #[test]
        fn every_load_falls_into_one_week(days in prop::collection::vec((0_u64..400, 0.0..200.0_f64), 0..100)) {
            let start = day("2025-10-01");
            let loads: Vec<_> = days.iter().map(|(n, load)| (start + Days::new(*n), Some(*load))).collect();
            let weeks = weekly(start, start + Days::new(400), loads.clone());
            let total: f64 = weeks.values().map(|week| week.load).sum();
            prop_assert!((total - loads.iter().filter_map(|l| l.1).sum::<f64>()).abs() < 1e-6);
            prop_assert!(weeks.keys().all(|start| start.weekday() == Weekday::Mon));
        }
    }
}
