//! Lists of activities: those in a range, each once.

use std::collections::HashSet;

use super::arguments::Range;
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
}
