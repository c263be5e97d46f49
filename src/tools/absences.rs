//! The days on which an athlete is sick, injured or on holiday, as the calendar has them.
//!
//! A note that limits the training of a day is no absence: something is still to be done. No requests here.

use chrono::{Datelike as _, NaiveDate};

use super::{
    answer::{
        units,
        words::{in_brackets, joined},
    },
    arguments::Range,
};
use crate::{intervals::model::Event, training::weeks::back};

/// Upstream's categories of absences.
pub(super) const CATEGORIES: [&str; 3] = ["SICK", "INJURED", "HOLIDAY"];
/// Days before what is read of a calendar on which absences are read as well, in the same request: most that reach into it
/// began then.
pub(super) const READ_BEFORE: u64 = 60;
/// Days before a range in which an entry that reaches into it may have begun: upstream selects entries by their first day.
const BEGUN_WITHIN: u64 = 366;
/// Days on end without anything done from which on an absence that is not known may be why.
const IDLE: i64 = 4;

/// The days before `read_from`, the first day read, in which an entry that reaches into the range may have begun.
pub(super) fn begun_before(read_from: NaiveDate, range: Range) -> Range {
    Range {
        oldest: back(range.oldest, BEGUN_WITHIN),
        newest: back(read_from, 1),
    }
}

/// The line of an answer that has absences, or could have them, and did not read further back.
pub(super) fn not_read(before: NaiveDate) -> String {
    format!(
        "Not included: absences that began before {}.",
        units::date(before)
    )
}

/// Why an athlete is absent; if several entries share a day, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Sick,
    Injured,
    Holiday,
}

impl Reason {
    fn of(event: &Event) -> Option<Self> {
        match event.category() {
            "SICK" => Some(Self::Sick),
            "INJURED" => Some(Self::Injured),
            "HOLIDAY" => Some(Self::Holiday),
            _ => None,
        }
    }

    /// `sick`, `injured`, `holiday`
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Sick => "sick",
            Self::Injured => "injured",
            Self::Holiday => "holiday",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Absence {
    pub(super) reason: Reason,
    pub(super) first: NaiveDate,
    /// Included.
    pub(super) last: NaiveDate,
}

impl Absence {
    /// The absence that an event is, if it is one.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(Self {
            reason: Reason::of(event)?,
            first: event.day()?,
            last: event.last_day()?,
        })
    }

    /// Whether it has this day.
    pub(super) fn is_on(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// `sick 23–29 Nov (day 6 of 7)`; without the day if it is not going on today.
    pub(super) fn in_words(&self, today: NaiveDate) -> String {
        let days = days(self.first, self.last, today);
        joined(
            [self.reason.word(), &days, &in_brackets(&self.day_of(today))],
            " ",
        )
    }

    /// `day 6 of 7` if today is one of several days; empty otherwise.
    pub(super) fn day_of(&self, today: NaiveDate) -> String {
        if self.first == self.last || !self.is_on(today) {
            return String::new();
        }
        let days = |to: NaiveDate| (to - self.first).num_days() + 1;
        format!("day {} of {}", days(today), days(self.last))
    }
}

/// `23 Nov`, `23–29 Nov`, `28 Nov – 3 Dec`, with years if one is not today's.
fn days(first: NaiveDate, last: NaiveDate, today: NaiveDate) -> String {
    let this_year = [first, last].iter().all(|day| day.year() == today.year());
    let whole = if this_year { "%-d %b" } else { "%-d %b %Y" };
    if first == last {
        first.format(whole).to_string()
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{}–{}", first.format("%-d"), last.format(whole))
    } else {
        format!("{} – {}", first.format(whole), last.format(whole))
    }
}

/// The absences of a calendar, in the order of their first days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Absences(Vec<Absence>);

impl Absences {
    /// Those among these events.
    pub(super) fn among<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut found: Vec<Absence> = events.into_iter().filter_map(Absence::of).collect();
        found.sort_by_key(|absence| (absence.first, absence.last, absence.reason));
        found.dedup();
        Self(found)
    }

    /// The absence of a day.
    pub(super) fn on(&self, day: NaiveDate) -> Option<&Absence> {
        self.within(day, day).min_by_key(|absence| absence.reason)
    }

    /// Those that share a day with this range, both ends included.
    pub(super) fn within(&self, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = &Absence> {
        self.0
            .iter()
            .filter(move |absence| absence.first <= last && absence.last >= first)
    }

    /// Whether an absence that is not among these could be why nothing was done on any of these days.
    pub(super) fn may_lack_why(&self, idle: Range) -> bool {
        idle.days() >= IDLE && self.within(idle.oldest, idle.newest).next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{day, rows, today};

    fn absences(events: Value) -> Absences {
        Absences::among(&rows::<Event>(events))
    }

    fn entry(category: &str, first: &str, end: &str) -> Value {
        json!({"category": category, "start_date_local": format!("{first}T00:00:00"),
               "end_date_local": format!("{end}T00:00:00")})
    }

    #[test]
    fn an_absence_says_its_days_and_the_one_that_today_is() {
        for (first, end, says) in [
            ("2026-11-16", "2026-11-23", "sick 16–22 Nov (day 6 of 7)"),
            ("2026-10-20", "2026-12-20", "sick 20 Oct – 19 Dec (day 33 of 61)"),
            ("2026-11-21", "2026-11-22", "sick 21 Nov"),
            ("2026-11-22", "2026-11-24", "sick 22–23 Nov"),
            (
                "2026-11-21",
                "2027-01-02",
                "sick 21 Nov 2026 – 1 Jan 2027 (day 1 of 42)",
            ),
        ] {
            let Absences(found) = absences(json!([entry("SICK", first, end)]));
            assert_eq!(found[0].in_words(today()), says);
        }
    }

    #[test]
    fn a_day_has_the_gravest_absence_and_notes_are_none() {
        let mut note = entry("NOTE", "2026-11-16", "2026-11-30");
        note["training_availability"] = json!("UNAVAILABLE");
        let found = absences(json!([
            note,
            entry("HOLIDAY", "2026-11-16", "2026-11-23"),
            entry("SICK", "2026-11-18", "2026-11-19"),
            {"category": "INJURED", "start_date_local": "soon"},
        ]));
        let on = |text: &str| found.on(day(text)).map(|absence| absence.reason.word());
        assert_eq!(on("2026-11-16"), Some("holiday"));
        assert_eq!(on("2026-11-18"), Some("sick"));
        assert_eq!(
            [on("2026-11-15"), on("2026-11-23"), on("2026-11-22")],
            [None, None, Some("holiday")]
        );
        assert_eq!(found.within(day("2026-11-19"), day("2026-12-24")).count(), 1);
    }

    #[test]
    fn days_without_anything_done_need_a_reason_from_the_fourth_on() {
        let away = absences(json!([entry("HOLIDAY", "2026-11-16", "2026-11-18")]));
        for (oldest, newest, lacks) in [
            ("2026-11-18", "2026-11-21", true),
            ("2026-11-19", "2026-11-21", false),
            ("2026-11-17", "2026-11-21", false),
            ("2026-11-10", "2026-11-15", true),
        ] {
            let idle = Range {
                oldest: day(oldest),
                newest: day(newest),
            };
            assert_eq!(away.may_lack_why(idle), lacks, "{idle:?}");
        }
    }
}
