//! Lists of activities: those in a range, each once, and those that a filter by sport leaves out.

use std::collections::HashSet;

use super::{
    answer::{
        counted,
        units::hours_minutes,
        words::{around, joined, named},
    },
    arguments::Range,
    sums::Sum,
};
use crate::intervals::model::Activity;

/// The activities that have a day, and one within the range if a range is given; each once.
pub(super) fn of_range<T: AsRef<Activity>>(rows: &[T], range: Option<Range>) -> Vec<&T> {
    let mut seen = HashSet::new();
    let mut found: Vec<&T> = rows.iter().collect();
    found.retain(|&row| {
        let row: &Activity = row.as_ref();
        let in_range = |day| range.is_none_or(|range| range.contains(day));
        row.day().is_some_and(in_range) && row.id.as_ref().is_none_or(|id| seen.insert(id))
    });
    found
}

/// What a filter by sport leaves out because it has no sport: `Not counted: 60 activities without a sport (60:00 h, load
/// 3000)`. Empty without any. Stubs from Strava have lines of their own.
pub(super) fn without_a_sport<T: AsRef<Activity>>(rows: &[T]) -> String {
    let rows = rows.iter().map(AsRef::as_ref);
    let rows = rows.filter(|row| row.sport().is_empty() && !row.is_closed_by_strava());
    let rows: Vec<&Activity> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let sum = Sum::of(rows.iter().copied());
    let load = match sum.load_words() {
        load if load.is_empty() => "no load".to_owned(),
        load => named("load", &load),
    };
    let time = Some(sum.secs).filter(|secs| *secs > 0.0);
    let size = joined([around("", &hours_minutes(time), "h"), load], ", ");
    let count = counted(rows.len(), "activity", "activities");
    format!("Not counted: {count} without a sport ({size})")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::samples::{day, rows};

    #[test]
    fn a_list_holds_each_activity_of_its_days_once() {
        let found: Vec<Activity> = rows(json!([
            {"id": "i1", "start_date_local": "2026-11-19T07:00:00"},
            {"id": "i2", "start_date_local": "2026-11-20T07:00:00"},
            {"id": "i2", "start_date_local": "2026-11-20T07:00:00"},
            {"id": "i3", "start_date_local": "2026-11-20T07:00:00"},
            {"id": "i4", "start_date_local": "2026-11-22T00:00:00"},
            {"id": "i5"},
            {"id": null, "start_date_local": "2026-11-18T07:00:00"},
            {"id": null, "start_date_local": "2026-11-18T07:00:00"},
        ]));
        let range = Range {
            oldest: day("2026-11-18"),
            newest: day("2026-11-21"),
        };
        let list = of_range(&found, Some(range));
        let ids: Vec<&str> = list
            .iter()
            .map(|row| row.id.as_deref().unwrap_or("none"))
            .collect();
        assert_eq!(ids, ["i1", "i2", "i3", "none", "none"]);
        assert_eq!(of_range(&found, None).len(), 6);
    }
    #[test]
    fn what_has_no_sport_is_counted_with_its_size() {
        let none = |found| -> String {
            let found: Vec<Activity> = rows(found);
            without_a_sport(&found)
        };
        let sixty = json!({"moving_time": 3600, "icu_training_load": 50});
        assert_eq!(
            none(json!(vec![sixty; 60])),
            "Not counted: 60 activities without a sport (60:00 h, load 3000)"
        );
        assert_eq!(
            none(json!([
                {"type": "Ride", "moving_time": 60, "icu_training_load": 5},
                {"id": "9", "source": "STRAVA"},
                {"type": "", "moving_time": 1800},
            ])),
            "Not counted: 1 activity without a sport (0:30 h, no load)"
        );
        assert_eq!(
            none(json!([{"icu_training_load": 5}, {"icu_training_load": null}])),
            "Not counted: 2 activities without a sport (load 5 (1 without))"
        );
        assert_eq!(none(json!([{"type": "Run"}, {"id": "9", "source": "STRAVA"}])), "");
    }
}
