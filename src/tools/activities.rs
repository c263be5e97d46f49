//! Lists of activities: those in a range, each once; what a list leaves out, lacks or holds twice, in words.

use std::collections::HashSet;

use super::{
    answer::{
        counted,
        units::{hours_minutes, positive, whole},
        words::{joined, named, with_unit},
    },
    arguments::Range,
    sums::Sum,
};
use crate::{
    intervals::model::Activity,
    text::clean,
    training::{
        overlaps::{self, Session},
        sports::family,
    },
};

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
    let size = joined([with_unit(hours_minutes(time), "h"), load], ", ");
    not_counted(rows.len(), &format!("without a sport ({size})"))
}

/// What is left out because no range can hold it: `Not counted: 1 activity with an unreadable date`. Empty without any.
pub(super) fn undated<T: AsRef<Activity>>(rows: &[T]) -> String {
    let count = rows.iter().filter(|row| row.as_ref().day().is_none()).count();
    not_counted(count, "with an unreadable date")
}

/// What is left out because it is no activity: `Not counted: 1 activity without an id or in an unknown form`. Empty without
/// any.
pub(super) fn odd(count: usize) -> String {
    not_counted(count, "without an id or in an unknown form")
}

fn not_counted(count: usize, why: &str) -> String {
    match count {
        0 => String::new(),
        count => format!("Not counted: {} {why}", counted(count, "activity", "activities")),
    }
}

/// A figure of an activity, and its name.
pub(super) type Figure = (&'static str, fn(&Activity) -> Option<f64>);

/// Names once which figures none of the rows has: `Not recorded: load, power`. Empty without rows.
pub(super) fn not_recorded(rows: &[&Activity], wanted: &[Figure]) -> String {
    let missing = wanted
        .iter()
        .filter(|(_, get)| !rows.is_empty() && rows.iter().all(|row| get(row).is_none()))
        .map(|(name, _)| *name);
    named("Not recorded:", &joined(missing, ", "))
}

/// Names the recordings that overlap, newest first: `i241 and i242 overlap (58 min): perhaps one session; …`. Empty without
/// any.
pub(super) fn overlaps(rows: &[&Activity]) -> String {
    const NAMED: usize = 3;
    let sessions: Vec<(&Activity, Session<'_>)> = rows
        .iter()
        .filter_map(|row| Some((*row, session(row)?)))
        .collect();
    let spans: Vec<Session<'_>> = sessions.iter().map(|(_, session)| *session).collect();
    let pairs = overlaps::pairs(&spans);
    let id = |at: usize| clean(sessions[at].0.id.as_deref().unwrap_or("?"), 24);
    let mut words: Vec<String> = pairs
        .iter()
        .rev()
        .take(NAMED)
        .map(|(a, b, secs)| format!("{} and {} overlap ({} min)", id(*a), id(*b), whole(secs / 60.0)))
        .collect();
    if words.is_empty() {
        return String::new();
    }
    if pairs.len() > NAMED {
        words.push(format!("and {} more pairs", pairs.len() - NAMED));
    }
    let each = if pairs.len() > 1 { " each" } else { "" };
    format!(
        "{}: perhaps one session{each}; sums count both, and so do intervals.icu's CTL and ATL",
        words.join(", ")
    )
}

/// Whether two recordings overlap so far that they may be of one session.
pub(super) fn may_be_one(a: &Activity, b: &Activity) -> bool {
    session(a)
        .zip(session(b))
        .is_some_and(|(a, b)| !overlaps::pairs(&[a, b]).is_empty())
}

/// When it was and for how long; None if that is not known.
fn session(row: &Activity) -> Option<Session<'_>> {
    let elapsed = positive(row.elapsed_time).or(positive(row.moving_time))?;
    let start = row.start_date_local?.and_utc().timestamp();
    Some(Session {
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds of this century are far below 2^52"
        )]
        start: start as f64,
        elapsed,
        moving: positive(row.moving_time).unwrap_or(elapsed),
        family: family(row.sport()),
        is_commute: row.sub_type.as_deref() == Some("COMMUTE"),
    })
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
        assert_eq!(
            none(json!([{"type": "Run"}, {"id": "9", "source": "STRAVA"}])),
            ""
        );
    }
    #[test]
    fn overlapping_recordings_are_named_with_their_minutes() {
        let words = |found| -> String {
            let found: Vec<Activity> = rows(found);
            overlaps(&found.iter().collect::<Vec<_>>())
        };
        let ride = |id: &str, sport: &str, start: &str, secs: u32| {
            json!({"id": id, "type": sport, "start_date_local": format!("2026-11-24T{start}:00"), "moving_time": secs,
                "elapsed_time": secs})
        };
        let two = [
            ride("i241", "VirtualRide", "18:00", 3600),
            ride("i242", "Ride", "18:02", 3540),
        ];
        assert_eq!(
            words(json!(two)),
            "i241 and i242 overlap (58 min): perhaps one session; sums count both, and so do intervals.icu's CTL and ATL"
        );
        let brick = [
            ride("i1", "Ride", "18:00", 3600),
            ride("i2", "Run", "19:00", 1800),
            json!({"id": "i3"}),
        ];
        assert_eq!(words(json!(brick)), "");
        let five: Vec<_> = (10..15)
            .flat_map(|hour| [("a", "00"), ("b", "10")].map(|(id, minute)| (hour, id, minute)))
            .map(|(hour, id, minute)| ride(&format!("i{hour}{id}"), "Run", &format!("{hour}:{minute}"), 1800))
            .collect();
        assert!(
            words(json!(five)).starts_with(
                "i14a and i14b overlap (20 min), i13a and i13b overlap (20 min), i12a and i12b overlap (20 min), \
                 and 2 more pairs: perhaps one session each; "
            ),
            "{}",
            words(json!(five))
        );
    }

    #[test]
    fn what_no_row_has_is_named() {
        let found: Vec<Activity> = rows(json!([
            {"icu_training_load": null, "icu_intensity": 80},
            {"start_date_local": "2026-13-32T00:00:00"},
        ]));
        let all: Vec<&Activity> = found.iter().collect();
        let wanted: &[Figure] = &[
            ("load", |row| row.icu_training_load),
            ("IF", |row| row.icu_intensity),
        ];
        assert_eq!(not_recorded(&all, wanted), "Not recorded: load");
        assert_eq!(not_recorded(&[], wanted), "");
        assert_eq!(
            undated(&found),
            "Not counted: 2 activities with an unreadable date"
        );
        assert_eq!(undated::<Activity>(&[]), "");
        assert_eq!(
            odd(1),
            "Not counted: 1 activity without an id or in an unknown form"
        );
    }
}
