//! The days on which an athlete is sick, injured, on holiday, unavailable or limited, as the calendar has them.
//!
//! What limits the training of a day is no reason for a plan that it allows. The one request here is for what
//! began before the days that a call reads.

use chrono::{Datelike as _, NaiveDate};

use super::{
    answer::{
        units,
        words::{in_brackets, joined},
    },
    arguments::Range,
    entries,
    part::{Part, Source, settle},
};
use crate::{
    intervals::{self, model::Event},
    tool_error::ToolError,
    training::{
        sports::{family, is_vague},
        weeks::back,
    },
};

/// Upstream's categories of absences; a note is one if it marks its days unavailable or limited.
pub(super) const CATEGORIES: [&str; 4] = ["SICK", "INJURED", "HOLIDAY", "NOTE"];
/// Upstream's categories of races, which may have several days.
const RACES: [&str; 3] = ["RACE_A", "RACE_B", "RACE_C"];
/// Days before what is read of a calendar on which absences are read as well, in the same request: most that reach into it
/// began then.
pub(super) const READ_BEFORE: u64 = 60;
/// Days before a range in which an entry that reaches into it may have begun: upstream selects entries by their first day.
const BEGUN_WITHIN: u64 = 3 * 366;
/// Days on end without anything done from which on an absence that is not known may be why.
const IDLE: i64 = 4;

/// How many of these events are plans or absences whose day could not be read.
pub(super) fn undated(events: &[Event]) -> usize {
    let counts = |event: &&Event| event.is_to_do() || Reason::of(event).is_some();
    let undated = events.iter().filter(|event| event.day().is_none());
    undated.filter(counts).count()
}

/// The days before `read_from`, the first day read, in which an entry that reaches into the range may have begun.
pub(super) fn begun_before(read_from: NaiveDate, range: Range) -> Range {
    Range {
        oldest: back(range.oldest, BEGUN_WITHIN),
        newest: back(read_from, 1),
    }
}

/// The absences and races that began before `read_from`, the first day read, and may reach into the range. One request.
pub(super) async fn earlier(
    upstream: &intervals::Athlete,
    read_from: NaiveDate,
    range: Range,
) -> Result<Part<Vec<Event>>, ToolError> {
    let days = begun_before(read_from, range);
    let what = format!("Absences begun before {}", units::date(read_from));
    let categories = [&CATEGORIES[..], &RACES].concat();
    let found = upstream.events(days.oldest, days.newest, &categories).await;
    settle(&what, Source::Calendar, found)
}

/// The line of an answer that has absences, or could have them, and did not read further back.
pub(super) fn not_read(before: NaiveDate) -> String {
    not_read_of(before, "")
}

/// The same, with what else was not read: `Not included: absences that began before 2026-09-30 Wed; absences of Jack`.
pub(super) fn not_read_of(before: NaiveDate, else_not: &str) -> String {
    let before = format!("absences that began before {}", units::date(before));
    format!("Not included: {}.", joined([before.as_str(), else_not], "; "))
}

/// Why an athlete is absent; if several entries share a day, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Sick,
    Injured,
    Holiday,
    Unavailable,
    /// Some training is possible.
    Limited,
}

impl Reason {
    /// Why an event's days are limited; None if it limits none.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match (event.category(), event.training_availability.as_deref()) {
            ("SICK", _) => Some(Self::Sick),
            ("INJURED", _) => Some(Self::Injured),
            ("HOLIDAY", _) => Some(Self::Holiday),
            ("NOTE", Some("UNAVAILABLE")) => Some(Self::Unavailable),
            ("NOTE", Some("LIMITED")) => Some(Self::Limited),
            _ => None,
        }
    }

    /// `sick`, `injured`, `holiday`, `unavailable`, `limited`
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Sick => "sick",
            Self::Injured => "injured",
            Self::Holiday => "holiday",
            Self::Unavailable => "unavailable",
            Self::Limited => "limited",
        }
    }
}

/// What an entry allows all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Limit {
    /// `limited: at most 1:00 a day, only Run, Swim`
    words: String,
    /// The sports that are possible; empty if that is not known.
    sports: Vec<String>,
}

impl Limit {
    fn of(event: &Event) -> Option<Self> {
        (event.training_availability.as_deref() == Some("LIMITED")).then(|| Self {
            words: entries::availability(event),
            sports: event.can_train_sports.clone().unwrap_or_default(),
        })
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Absence {
    first: NaiveDate,
    /// Included.
    last: NaiveDate,
    reason: Reason,
    limit: Option<Limit>,
}

impl Absence {
    /// The absence that an event is, if it is one.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(Self {
            reason: Reason::of(event)?,
            first: event.day()?,
            last: event.last_day()?,
            limit: Limit::of(event),
        })
    }

    /// Whether it is a reason not to do this plan. If some training is possible, it is none for a sport that is among those
    /// that are; without their names a limited day is no reason, nor is one of a holiday, and any other absence is. A holiday is
    /// none for a race: people travel to races.
    fn keeps_from(&self, plan: &Event) -> bool {
        if self.reason == Reason::Holiday && plan.is_race() {
            return false;
        }
        let sports = self.limit.iter().flat_map(|limit| &limit.sports);
        let sports: Vec<&str> = sports.map(|sport| family(sport)).collect();
        if sports.is_empty() || is_vague(plan.sport()) {
            let is_free =
                self.reason == Reason::Limited || self.reason == Reason::Holiday && self.limit.is_some();
            !is_free
        } else {
            !sports.contains(&family(plan.sport()))
        }
    }

    /// Whether it has this day.
    pub(super) fn is_on(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// `sick 23–29 Nov (day 6 of 7)`, `injured 1–4 Sep (limited: only Swim)`, `limited 26 Nov (at most 1:00 a day)`; without the
    /// day if it is not going on today.
    pub(super) fn in_words(&self, today: NaiveDate) -> String {
        let word = self.reason.word();
        let limit = self.limit.as_ref().map_or("", |limit| &limit.words);
        // Said once.
        let limit = limit.strip_prefix(word).unwrap_or(limit);
        let limit = limit.strip_prefix(": ").unwrap_or(limit);
        let aside = in_brackets(&joined([limit, &self.day_of(today)], "; "));
        joined([word, &days(self.first, self.last, today), &aside], " ")
    }

    /// `day 6 of 7` if today is one of several days; empty otherwise.
    fn day_of(&self, today: NaiveDate) -> String {
        day_of(self.first, self.last, today)
    }
}

/// `day 6 of 7` if today is one of several days; empty otherwise.
pub(super) fn day_of(first: NaiveDate, last: NaiveDate, today: NaiveDate) -> String {
    if first == last || !(first..=last).contains(&today) {
        return String::new();
    }
    let days = |to: NaiveDate| (to - first).num_days() + 1;
    format!("day {} of {}", days(today), days(last))
}

/// `days 6–7 of 7`, `day 6 of 7` of an entry, whose first and last day these are, that a span within it has; empty if it has all.
pub(super) fn days_of(first: NaiveDate, last: NaiveDate, span: Range) -> String {
    if (span.oldest, span.newest) == (first, last) {
        return String::new();
    }
    if span.oldest == span.newest {
        return day_of(first, last, span.oldest);
    }
    let days = |to: NaiveDate| (to - first).num_days() + 1;
    format!(
        "days {}–{} of {}",
        days(span.oldest),
        days(span.newest),
        days(last)
    )
}

/// `23 Nov`, `23–29 Nov`, `28 Nov – 3 Dec`, with years if one is not today's.
pub(super) fn days(first: NaiveDate, last: NaiveDate, today: NaiveDate) -> String {
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
        found.sort();
        found.dedup();
        Self(found)
    }

    /// Whether a day has an absence that is more than a limit.
    pub(super) fn are_on(&self, day: NaiveDate) -> bool {
        self.within(day, day)
            .any(|absence| absence.reason != Reason::Limited)
    }

    /// Why a plan was not done, or will not be: the reason of its first day.
    pub(super) fn reason_for(&self, plan: &Event) -> Option<Reason> {
        let day = plan.day()?;
        let found = self.within(day, day).filter(|absence| absence.keeps_from(plan));
        found.map(|absence| absence.reason).min()
    }

    /// What limits a plan's first day: `limited: at most 1:00 a day`; empty without a limit.
    pub(super) fn limit_of(&self, plan: &Event) -> String {
        let day = plan.day();
        let found = day.into_iter().flat_map(|day| self.within(day, day));
        let limits = found.filter_map(|absence| {
            let word = if absence.reason == Reason::Limited {
                ""
            } else {
                absence.reason.word()
            };
            Some(joined([word, &absence.limit.as_ref()?.words], ", "))
        });
        joined(limits, "; ")
    }

    /// Those that share a day with this range, both ends included.
    pub(super) fn within(&self, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = &Absence> {
        self.0
            .iter()
            .filter(move |absence| absence.first <= last && absence.last >= first)
    }

    /// Whether an absence that is not among these could be why nothing was done on any of these days.
    pub(super) fn may_lack_why(&self, idle: Range) -> bool {
        let mut found = self.within(idle.oldest, idle.newest);
        idle.days() >= IDLE && found.all(|absence| absence.reason == Reason::Limited)
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

    fn limited(mut entry: Value, most: Value, sports: Value) -> Value {
        entry["training_availability"] = json!("LIMITED");
        (entry["max_training_time"], entry["can_train_sports"]) = (most, sports);
        entry
    }

    #[test]
    fn an_absence_says_what_it_allows() {
        let note = || entry("NOTE", "2026-11-21", "2026-11-22");
        for (event, says) in [
            (
                limited(note(), json!(3600), json!(["Run", "Swim"])),
                "limited 21 Nov (at most 1:00 a day, only Run, Swim)",
            ),
            (limited(note(), Value::Null, json!([])), "limited 21 Nov"),
            (
                limited(
                    entry("INJURED", "2026-11-20", "2026-11-24"),
                    Value::Null,
                    json!(["Swim"]),
                ),
                "injured 20–23 Nov (limited: only Swim; day 2 of 4)",
            ),
            (
                limited(
                    entry("INJURED", "2026-11-10", "2026-11-14"),
                    Value::Null,
                    Value::Null,
                ),
                "injured 10–13 Nov (limited)",
            ),
        ] {
            let Absences(found) = absences(json!([event]));
            assert_eq!(found[0].in_words(today()), says);
        }
    }

    #[test]
    fn a_plan_has_the_gravest_reason_of_its_day() {
        let unavailable = |first, end| {
            let mut note = entry("NOTE", first, end);
            note["training_availability"] = json!("UNAVAILABLE");
            note
        };
        let swim = || json!(["Swim"]);
        let found = absences(json!([
            entry("NOTE", "2026-11-01", "2026-11-30"),
            entry("HOLIDAY", "2026-11-16", "2026-11-23"),
            entry("SICK", "2026-11-18", "2026-11-19"),
            unavailable("2026-11-18", "2026-11-25"),
            limited(entry("NOTE", "2026-11-25", "2026-11-26"), Value::Null, swim()),
            limited(entry("NOTE", "2026-11-26", "2026-11-27"), json!(3600), Value::Null),
            limited(entry("INJURED", "2026-11-27", "2026-11-28"), Value::Null, swim()),
            limited(entry("INJURED", "2026-11-28", "2026-11-29"), json!(3600), Value::Null),
            {"category": "INJURED", "start_date_local": "soon"},
        ]));
        for (day, sport, reason) in [
            ("2026-11-15", "Run", None),
            ("2026-11-16", "Run", Some("holiday")),
            ("2026-11-18", "Run", Some("sick")),
            ("2026-11-24", "Run", Some("unavailable")),
            ("2026-11-25", "Run", Some("limited")),
            ("2026-11-25", "OpenWaterSwim", None),
            ("2026-11-25", "Other", None),
            ("2026-11-26", "Run", None),
            ("2026-11-27", "Run", Some("injured")),
            ("2026-11-27", "Swim", None),
            ("2026-11-27", "", Some("injured")),
            ("2026-11-28", "Swim", Some("injured")),
        ] {
            let plan: Vec<Event> = rows(
                json!([{"category": "WORKOUT", "type": sport, "start_date_local": format!("{day}T00:00:00")}]),
            );
            let why = found.reason_for(&plan[0]);
            assert_eq!(why.map(Reason::word), reason, "{day} {sport}");
        }
        assert_eq!(
            ["2026-11-24", "2026-11-25", "2026-11-27"].map(|on| found.are_on(day(on))),
            [true, false, true]
        );
        assert_eq!(found.within(day("2026-11-19"), day("2026-11-24")).count(), 2);
    }

    #[test]
    fn a_holiday_is_no_reason_against_a_race_but_an_illness_is() {
        let found = absences(json!([
            entry("HOLIDAY", "2026-11-16", "2026-11-23"),
            entry("SICK", "2026-11-25", "2026-11-26"),
        ]));
        let some = absences(json!([limited(
            entry("HOLIDAY", "2026-11-16", "2026-11-23"),
            json!(3600),
            Value::Null
        )]));
        let plan: Vec<Event> =
            rows(json!([{"category": "WORKOUT", "type": "Ride", "start_date_local": "2026-11-18T00:00:00"}]));
        assert_eq!(some.reason_for(&plan[0]).map(Reason::word), None);
        for (day, reason) in [("2026-11-18", None), ("2026-11-25", Some("sick"))] {
            let race: Vec<Event> = rows(
                json!([{"category": "RACE_B", "type": "Run", "start_date_local": format!("{day}T00:00:00")}]),
            );
            assert_eq!(found.reason_for(&race[0]).map(Reason::word), reason, "{day}");
        }
    }

    #[test]
    fn days_without_anything_done_need_a_reason_from_the_fourth_on() {
        let away = absences(json!([
            entry("HOLIDAY", "2026-11-16", "2026-11-18"),
            limited(
                entry("NOTE", "2026-11-01", "2026-11-30"),
                json!(3600),
                Value::Null
            ),
        ]));
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
