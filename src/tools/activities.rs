//! Lists of activities: those in a range, each once; what a list leaves out, lacks or holds twice, in words.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{
    answer::{
        counted, sport,
        units::{positive, whole},
        words::{in_brackets, joined, named, sentence},
    },
    arguments::Range,
    sums::{Sum, by_sport},
};
use crate::{
    guard::AthleteCard,
    intervals::model::Activity,
    permissions,
    text::clean,
    training::{
        overlaps::{self, Pair, Session},
        sports::family,
    },
};

/// Why activities are closed, and what to do about it.
pub(super) const STRAVA_CLOSES: &str = "Strava's terms close its activities to the API; connect the device's own service \
    (Garmin, Wahoo, COROS …) to intervals.icu to see them.";

/// Empty entries among these, explained: `Unreadable: 2 empty entries, of which intervals.icu sends no time, distance or load.`
pub(super) fn about_empty(rows: &[&Activity]) -> String {
    match rows.iter().filter(|row| row.is_empty_stub()).count() {
        0 => String::new(),
        count => {
            let entries = counted(count, "empty entry", "empty entries");
            format!("Unreadable: {entries}, of which intervals.icu sends no time, distance or load.")
        }
    }
}

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

/// What a filter by sport leaves out because it has no sport: `Not counted: 60 activities without a sport (60:00, load
/// 3000)`. Empty without any. Stubs from Strava have lines of their own.
pub(super) fn without_a_sport<T: AsRef<Activity>>(rows: &[T]) -> String {
    let rows = rows.iter().map(AsRef::as_ref);
    let rows = rows.filter(|row| row.sport().is_empty() && !row.is_stub());
    let rows: Vec<&Activity> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let sum = Sum::of(rows.iter().copied());
    let activities = counted(rows.len(), "activity", "activities");
    format!("Not counted: {activities} without a sport ({}).", sum.size())
}

/// For a range without any, perhaps of a sport, but for these stubs from Strava.
pub(super) const fn none(of_a_sport: bool, stubs: usize) -> &'static str {
    match (of_a_sport, stubs) {
        (true, 0) => "No activity of that sport in this range.",
        (true, _) => "No activity of that sport in this range that can be read.",
        (false, 0) => "No activity in this range.",
        (false, _) => "No activity in this range that can be read.",
    }
}

/// For a range that has not begun.
pub(super) fn nothing_yet(card: &AthleteCard, today: NaiveDate) -> String {
    let plans = if card.shows(&permissions::GET_EVENTS) {
        "; get_events shows what is planned"
    } else {
        ""
    };
    format!("No activity yet: the range is in the future, today is {today}{plans}.")
}

/// A figure of an activity, and its name.
pub(super) type Figure = (&'static str, fn(&Activity) -> Option<f64>);

/// Names once which figures none of the rows has: `Not recorded: load, power, distance of Swim.` Empty without rows.
pub(super) fn not_recorded(rows: &[&Activity], wanted: &[Figure]) -> String {
    let missing = wanted
        .iter()
        .filter(|(_, get)| !rows.is_empty() && rows.iter().all(|row| get(row).is_none()))
        .map(|(name, _)| (*name).to_owned());
    let missing = joined(missing.chain([without_distance(rows)]), ", ");
    sentence("Not recorded:", &missing)
}

/// `distance of Swim, Ride`: the sports that cover a distance, of which no row has one; empty without any.
fn without_distance(rows: &[&Activity]) -> String {
    const MOVING: [&str; 3] = ["Ride", "Run", "Swim"];
    let moving = rows
        .iter()
        .copied()
        .filter(|row| MOVING.contains(&family(row.sport())));
    let without = by_sport(moving, false).into_iter();
    let without = without
        .filter(|(_, sum)| sum.with_distance <= 0.0)
        .map(|(name, _)| name);
    named("distance of", &joined(without, ", "))
}

/// Names what may be one session, newest first: `i241 and i242 overlap (58 min): perhaps one session; sums count both, …`.
/// Empty without any. Of `rows` sums count those that are `wanted`; of each session named, one at least is.
pub(super) fn overlaps(rows: &[&Activity], wanted: impl Fn(&Activity) -> bool) -> String {
    perhaps_one_of(rows, &wanted).map_or_else(String::new, |perhaps| {
        let PerhapsOne { words, all, is_whole } = perhaps;
        if is_whole {
            format!("{words}; sums count {all}, and so do intervals.icu's CTL and ATL.")
        } else {
            format!("{words}; intervals.icu's CTL and ATL count {all}, the sums here not what is left out.")
        }
    })
}

/// Recordings that may be one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PerhapsOne {
    /// `i241 and i242 overlap (58 min): perhaps one session`
    pub(super) words: String,
    /// How many of them there are: `both`, `all three`, `all of them`.
    all: &'static str,
    /// Whether sums count each of them.
    is_whole: bool,
}

/// What may be one session, newest first; None without any.
pub(super) fn perhaps_one(rows: &[&Activity]) -> Option<PerhapsOne> {
    perhaps_one_of(rows, &|_| true)
}

/// The same where at least one is `wanted`.
fn perhaps_one_of(rows: &[&Activity], wanted: &dyn Fn(&Activity) -> bool) -> Option<PerhapsOne> {
    const NAMED: usize = 3;
    let precisely = precisely(rows);
    let by_day = by_day(rows, &precisely);
    let ties = precisely.iter().map(|(a, b, _)| (*a, *b));
    let mut groups = overlaps::groups(rows.len(), ties.chain(by_day.iter().copied()));
    groups.retain(|group| group.iter().any(|at| wanted(rows[*at])));
    for group in &mut groups {
        group.sort_by_key(|at| rows[*at].start_date_local);
    }
    groups.sort_by_key(|group| Reverse(rows[group[0]].start_date_local));
    let mut words: Vec<String> = groups
        .iter()
        .take(NAMED)
        .map(|group| {
            let of_a_day = by_day.iter().any(|(entry, _)| group.contains(entry));
            let ids = ids_of(rows, group, of_a_day, wanted);
            let minutes = precisely
                .iter()
                .find(|(a, b, _)| group.len() == 2 && group.contains(a) && group.contains(b));
            match minutes {
                Some((.., secs)) => format!("{ids} overlap ({} min)", whole(secs / 60.0)),
                None if of_a_day => format!("{ids} are of one sport and day"),
                None => format!("{ids} overlap"),
            }
        })
        .collect();
    let longest = groups.iter().map(Vec::len).max()?;
    if groups.len() > NAMED {
        let (one, more) = if longest == 2 {
            ("pair", "pairs")
        } else {
            ("group", "groups")
        };
        words.push(format!("and {}", more_of(groups.len() - NAMED, one, more)));
    }
    let each = if groups.len() > 1 { " each" } else { "" };
    let all = match (longest, groups.len()) {
        (2, _) => "both",
        (3, 1) => "all three",
        _ => "all of them",
    };
    Some(PerhapsOne {
        words: format!("{}: perhaps one session{each}", words.join(", ")),
        all,
        is_whole: groups.iter().flatten().all(|at| wanted(rows[*at])),
    })
}

/// `1 more pair`, `2 more pairs`
fn more_of(count: usize, one: &str, more: &str) -> String {
    counted(count, &format!("more {one}"), &format!("more {more}"))
}

/// `i241, i242 and i243`; of a day with those by hand marked: `i9 (by hand) and i10`; with those that are not wanted:
/// `i9 and i10 (Workout, left out here)`.
fn ids_of(rows: &[&Activity], group: &[usize], of_a_day: bool, wanted: &dyn Fn(&Activity) -> bool) -> String {
    const NAMED: usize = 6;
    let id = |at: &usize| {
        let row = rows[*at];
        let by_hand = if of_a_day && row.is_manual() {
            "by hand"
        } else {
            ""
        };
        let left_out = if wanted(row) {
            String::new()
        } else {
            joined([&sport(row.sport()), "left out here"], ", ")
        };
        let remarks = in_brackets(&joined([by_hand, &left_out], ", "));
        joined([&clean(row.id.as_deref().unwrap_or("?"), 24), &remarks], " ")
    };
    let (named, last) = match group {
        [named @ .., last] if group.len() <= NAMED => (named, id(last)),
        _ => (&group[..NAMED], more_of(group.len() - NAMED, "", "")),
    };
    joined(
        [joined(named.iter().map(id), ", "), last.trim().to_owned()],
        " and ",
    )
}

/// The pairs of rows that overlap in time, and for how many s: in UTC, and by the local clock, which shows an hour twice when
/// summer time ends, where one of the two has no other.
fn precisely(rows: &[&Activity]) -> Vec<Pair> {
    let local = |row: &Activity| Some(row.start_date_local?.and_utc());
    let has_utc = |at: usize| rows[at].start_date.is_some();
    let by_local = pairs_by(rows, local).into_iter();
    let by_local = by_local.filter(|(a, b, _)| !(has_utc(*a) && has_utc(*b)));
    pairs_by(rows, |row| row.start_date)
        .into_iter()
        .chain(by_local)
        .collect()
}

fn pairs_by(rows: &[&Activity], start: impl Fn(&Activity) -> Option<DateTime<Utc>>) -> Vec<Pair> {
    let (places, sessions): (Vec<usize>, Vec<Session<'_>>) = rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| Some((at, session(row, start(row)?)?)))
        .unzip();
    let pairs = overlaps::pairs(&sessions).into_iter();
    pairs.map(|(a, b, secs)| (places[a], places[b], secs)).collect()
}

/// Entries by hand whose time of day is made up, or that were marked as done, each with the recording of its sport family and
/// day that is nearest in time, if that did no other plan. Those that overlap another by the clock have theirs.
fn by_day(rows: &[&Activity], precisely: &[Pair]) -> Vec<(usize, usize)> {
    let mut taken: HashSet<usize> = precisely.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
    let mut days: HashMap<NaiveDate, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(day) = row.day().filter(|_| !row.is_manual() && !row.is_stub()) {
            days.entry(day).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    for (at, entry) in rows.iter().enumerate() {
        let is_of_a_day = entry.is_manual() && (has_no_clock(entry) || entry.paired_event_id.is_some());
        let Some(day) = entry
            .day()
            .filter(|_| is_of_a_day && !taken.contains(&at) && !entry.sport().is_empty())
        else {
            continue;
        };
        let apart = |other: &usize| {
            let secs = |row: &Activity| positive(row.moving_time).unwrap_or(0.0);
            (secs(rows[*other]) - secs(entry)).abs()
        };
        let nearest = days
            .get(&day)
            .into_iter()
            .flatten()
            .filter(|other| family(rows[**other].sport()) == family(entry.sport()))
            .filter(|other| {
                let plan = rows[**other].paired_event_id;
                plan.is_none() || plan == entry.paired_event_id
            })
            .filter(|other| {
                !taken.contains(other) || precisely.iter().any(|(a, b, _)| a == *other || b == *other)
            })
            .min_by(|a, b| apart(a).total_cmp(&apart(b)));
        if let Some(other) = nearest {
            taken.insert(*other);
            pairs.push((at, *other));
        }
    }
    pairs
}

/// Whether it was entered by hand with a day alone: intervals.icu then writes midnight.
fn has_no_clock(row: &Activity) -> bool {
    row.is_manual()
        && row
            .start_date_local
            .is_some_and(|start| start.time() == NaiveTime::MIN)
}

/// The rows that may be recordings of one session, two by two.
pub(super) fn recorded_twice(rows: &[Activity]) -> Vec<(usize, usize)> {
    let rows: Vec<&Activity> = rows.iter().collect();
    precisely(&rows).into_iter().map(|(a, b, _)| (a, b)).collect()
}

/// Removes what tells of plans, for a coach to whom the calendar is not granted.
pub(super) fn without_plans(rows: &mut [Activity]) {
    for row in rows {
        row.compliance = None;
        row.paired_event_id = None;
    }
}

/// Whether two recordings overlap so far that they may be of one session.
pub(super) fn may_be_one(a: &Activity, b: &Activity) -> bool {
    !precisely(&[a, b]).is_empty()
}

/// When it was and for how long; None if that is not known.
fn session(row: &Activity, start: DateTime<Utc>) -> Option<Session<'_>> {
    if has_no_clock(row) {
        return None;
    }
    let elapsed = positive(row.elapsed_time).or(positive(row.moving_time))?;
    let start = start.timestamp();
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
            "Not counted: 60 activities without a sport (60:00, load 3000)."
        );
        assert_eq!(
            none(json!([
                {"type": "Ride", "moving_time": 60, "icu_training_load": 5},
                {"id": "9", "source": "STRAVA"},
                {"type": "", "moving_time": 1800},
            ])),
            "Not counted: 1 activity without a sport (0:30, no load)."
        );
        assert_eq!(
            none(json!([{"icu_training_load": 5}, {"icu_training_load": null, "distance": 100}])),
            "Not counted: 2 activities without a sport (load 5 (1 without))."
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
            overlaps(&found.iter().collect::<Vec<_>>(), |_| true)
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
            "i241 and i242 overlap (58 min): perhaps one session; sums count both, and so do intervals.icu's CTL and ATL."
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
    fn three_recordings_are_one_group_and_an_entry_of_a_day_has_its_nearest() {
        let words = |found| -> String {
            let found: Vec<Activity> = rows(found);
            overlaps(&found.iter().collect::<Vec<_>>(), |_| true)
        };
        let ride = |id: &str, start: &str, secs: u32| json!({"id": id, "type": "Ride", "start_date_local": format!("2026-11-24T{start}:00"), "moving_time": secs});
        let three = [
            ride("i241", "18:00", 3600),
            ride("i242", "18:02", 3540),
            ride("i243", "18:01", 3600),
        ];
        assert_eq!(
            words(json!(three)),
            "i241, i243 and i242 overlap: perhaps one session; sums count all three, and so do intervals.icu's CTL and ATL."
        );
        let many: Vec<_> = (0..9).map(|at| ride(&format!("i{at}"), "18:00", 3600)).collect();
        assert!(words(json!(many)).starts_with(
            "i0, i1, i2, i3, i4, i5 and 3 more overlap: perhaps one session; sums count all of them"
        ));
        let mut by_hand = ride("i9", "00:00", 3500);
        by_hand["source"] = json!("MANUAL");
        assert_eq!(
            words(json!([
                by_hand,
                ride("i1", "07:00", 900),
                ride("i2", "18:00", 3600)
            ])),
            "i9 (by hand) and i2 are of one sport and day: perhaps one session; sums count both, and so do intervals.icu's CTL and \
             ATL."
        );
        let mut of_another_plan = ride("i2", "18:00", 3600);
        of_another_plan["paired_event_id"] = json!(7);
        assert_eq!(words(json!([by_hand, of_another_plan])), "");
        let other = json!({"id": "i8", "source": "MANUAL", "type": "Ride", "start_date_local": "2026-11-24T00:00:00",
            "moving_time": 3500});
        assert_eq!(words(json!([by_hand, other])), "", "midnight is no time of day");
        let mut at_seven = by_hand.clone();
        at_seven["start_date_local"] = json!("2026-11-24T07:00:00");
        assert_eq!(words(json!([at_seven, ride("i2", "18:00", 3600)])), "");
        at_seven["paired_event_id"] = json!(7);
        assert!(
            words(json!([at_seven, ride("i2", "18:00", 3600)]))
                .starts_with("i9 (by hand) and i2 are of one sport and day: ")
        );
        let pairs: Vec<_> = (10..14)
            .flat_map(|hour| ["a", "b"].map(|id| ride(&format!("i{hour}{id}"), &format!("{hour}:00"), 1800)))
            .collect();
        assert!(words(json!(pairs)).contains(", and 1 more pair: perhaps one session each; "));
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
        assert_eq!(not_recorded(&all, wanted), "Not recorded: load.");
        assert_eq!(not_recorded(&[], wanted), "");
    }
}
