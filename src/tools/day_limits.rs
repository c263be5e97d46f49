//! What limits the training of a day: absences, notes whose names say so, and what the athlete's week usually allows.
//!
//! It only says so: whether a plan was missed for it is decided in `absences`. No requests here.

use std::{collections::HashSet, ptr};

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::{
    absences::{Reason, day_of, days, days_of},
    answer::{
        self,
        units::{self, positive},
        words::{self, around, in_brackets, joined},
    },
    arguments::Range,
    entries,
};
use crate::{
    intervals::model::{Event, WeekdayAvailability},
    text::fenced,
    training::sports::{family, is_vague},
};

/// Names of notes that say that there is no training. Anything after one of them must be apart from it.
const CLEAR_WORDS: [&str; 8] = [
    "unavailable",
    "not available",
    "no training",
    "rest only",
    "nicht verfügbar",
    "kein training",
    "indisponible",
    "no disponible",
];
/// Characters of a name.
const NAME: usize = 40;

/// A plan, as far as a day can be too short for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks<'a> {
    pub(super) sport: &'a str,
    /// s; None if that is not known.
    pub(super) secs: Option<f64>,
    /// s of the other plans of its day.
    pub(super) others: f64,
}

/// What a limited day has room for.
#[derive(Debug, Clone, Default)]
struct Room {
    /// s a day; None if that is not limited.
    most: Option<f64>,
    /// The sports that are possible; empty if that is not known.
    sports: Vec<String>,
    /// Whether the day usually has no training at all.
    none: bool,
}

impl Room {
    fn of(availability: Option<&str>, most: Option<f64>, sports: Option<&[String]>) -> Self {
        if availability != Some("LIMITED") {
            return Self::default();
        }
        Self {
            most: positive(most),
            sports: sports.unwrap_or_default().to_vec(),
            none: false,
        }
    }

    /// What is planned (s) and what there is room for, if that is less.
    fn over(&self, plan: Asks<'_>) -> Option<(f64, f64)> {
        let day = plan.secs.map(|secs| secs + plan.others);
        day.zip(self.most).filter(|(secs, most)| secs > most)
    }

    /// Whether the plan is of another sport than those that are possible.
    fn is_of_another_sport(&self, plan: Asks<'_>) -> bool {
        let own = family(plan.sport);
        let is_known = !self.sports.is_empty() && !is_vague(plan.sport);
        is_known && self.sports.iter().all(|sport| family(sport) != own)
    }

    /// Why a plan does not fit; empty if it does, or nobody knows.
    fn against(&self, plan: Asks<'_>) -> String {
        let over = self.over(plan).map_or_else(String::new, |(secs, most)| {
            let in_all = if plan.others > 0.0 {
                " planned that day"
            } else {
                ""
            };
            let [secs, most] = [secs, most].map(|secs| units::hours_minutes(Some(secs)));
            format!("{secs}{in_all} is more than {most}")
        });
        let other = if self.is_of_another_sport(plan) {
            format!("{} is not one of its sports", answer::sport(plan.sport))
        } else {
            String::new()
        };
        joined([over, other], ", ")
    }
}

/// An entry that limits its days.
#[derive(Debug)]
struct Limit {
    first: NaiveDate,
    /// Included.
    last: NaiveDate,
    /// `holiday «Skiing»`
    what: String,
    /// What it allows all the same; empty if that is not known.
    allows: String,
    room: Room,
}

impl Limit {
    fn of(event: &Event) -> Option<Self> {
        let name = event.name.as_deref().unwrap_or_default();
        let word = match Reason::of(event) {
            Some(reason) => reason.word(),
            None if event.category() == "NOTE" && says_so(name) => "note",
            None => return None,
        };
        let availability = entries::availability(event);
        // Said once.
        let allows = availability.strip_prefix(word).unwrap_or(&availability);
        let allows = allows.strip_prefix(": ").unwrap_or(allows);
        let name = if name.trim().eq_ignore_ascii_case(word) {
            String::new()
        } else {
            fenced(name, NAME)
        };
        Some(Self {
            first: event.day()?,
            last: event.last_day()?,
            what: joined([word, &name], " "),
            allows: if allows == "unavailable" {
                String::new()
            } else {
                allows.to_owned()
            },
            room: Room::of(
                event.training_availability.as_deref(),
                event.max_training_time,
                event.can_train_sports.as_deref(),
            ),
        })
    }

    fn is_on(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// `holiday «Skiing» 3–9 Dec (day 2 of 7)`
    fn with_dates(&self, day: NaiveDate) -> String {
        let aside = joined([&self.allows, &day_of(self.first, self.last, day)], "; ");
        let dates = days(self.first, self.last, day);
        joined([self.what.as_str(), &dates, &in_brackets(&aside)], " ")
    }

    /// `holiday «Skiing» 3 – 9 Dec 2026`
    fn in_full(&self) -> String {
        let dates = units::range(self.first, self.last);
        joined([self.what.as_str(), &dates, &in_brackets(&self.allows)], " ")
    }

    /// `holiday «Skiing» (days 2–4 of 7)`: what these days of it have.
    fn in_short(&self, span: Range) -> String {
        let aside = joined([&self.allows, &days_of(self.first, self.last, span)], "; ");
        joined([self.what.as_str(), &in_brackets(&aside)], " ")
    }
}

/// Whether an event limits its days.
pub(super) fn is_limit(event: &Event) -> bool {
    Limit::of(event).is_some()
}

/// Whether a note's name says that there is no training: one of the clear words, alone or with more after a colon, a dash or
/// the like. «No training plan yet» says something else.
fn says_so(name: &str) -> bool {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    let name = words.join(" ");
    CLEAR_WORDS.iter().any(|clear| {
        name.strip_prefix(clear).is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.chars()
                .next()
                .is_none_or(|next| !next.is_alphanumeric() && next != '?')
        })
    })
}

/// What the athlete's week usually allows, where that is less than anything.
#[derive(Debug, Clone, Default)]
pub(super) struct UsualWeek(Vec<Usual>);

/// A weekday, and what it allows.
#[derive(Debug, Clone)]
struct Usual {
    weekday: Weekday,
    words: String,
    room: Room,
}

impl UsualWeek {
    /// Of the profile's rows.
    pub(super) fn of(rows: Option<&[WeekdayAvailability]>) -> Self {
        let day = |row: &WeekdayAvailability| {
            let is_free = row.training_availability.as_deref() == Some("UNAVAILABLE");
            let usual = Usual {
                weekday: weekday(row.day_of_week?)?,
                words: entries::availability_of(row),
                room: Room {
                    none: is_free,
                    ..Room::of(
                        row.training_availability.as_deref(),
                        row.max_training_time,
                        row.can_train_sports.as_deref(),
                    )
                },
            };
            Some(usual).filter(|usual| !usual.words.is_empty())
        };
        let mut days: Vec<Usual> = rows.unwrap_or_default().iter().filter_map(day).collect();
        days.sort_by_key(|usual| usual.weekday.num_days_from_monday());
        Self(days)
    }

    fn of_day(&self, day: NaiveDate) -> impl Iterator<Item = &Usual> {
        self.0.iter().filter(move |usual| usual.weekday == day.weekday())
    }

    /// `usual week: Wed limited: at most 0:45 a day`; empty if nothing limits the weekday.
    fn on(&self, day: NaiveDate) -> String {
        let own = self.of_day(day);
        around("usual week:", &joined(own.map(Usual::in_words), ", "), "")
    }

    /// The same for each weekday of several days.
    fn within(&self, first: NaiveDate, last: NaiveDate) -> String {
        let days: HashSet<Weekday> = first
            .iter_days()
            .take_while(|day| *day <= last)
            .take(7)
            .map(|day| day.weekday())
            .collect();
        let own = self.0.iter().filter(|usual| days.contains(&usual.weekday));
        around("usual week:", &joined(own.map(Usual::in_words), ", "), "")
    }

    /// `Usual week of the profile: Wed limited: at most 0:45 a day; Fri unavailable.`
    pub(super) fn line(&self) -> String {
        let days = joined(self.0.iter().map(Usual::in_words), "; ");
        if days.is_empty() {
            days
        } else {
            format!("Usual week, as the profile has it: {days}.")
        }
    }
}

impl Usual {
    fn in_words(&self) -> String {
        format!("{} {}", self.weekday, self.words)
    }
}

/// Upstream's number of a weekday.
fn weekday(number: i64) -> Option<Weekday> {
    match number {
        0 => Some(Weekday::Sun),
        1..=7 => Weekday::try_from(u8::try_from(number - 1).ok()?).ok(),
        _ => None,
    }
}

/// What limits the days of a calendar.
#[derive(Debug, Default)]
pub(super) struct DayLimits {
    /// In the order of their first days.
    entries: Vec<Limit>,
    week: UsualWeek,
}

impl DayLimits {
    /// Of these events, each once, and of the usual week.
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>, week: UsualWeek) -> Self {
        let mut seen = HashSet::new();
        let events = events
            .into_iter()
            .filter(|event| event.id.is_none_or(|id| seen.insert(id)));
        let mut entries: Vec<Limit> = events.filter_map(Limit::of).collect();
        entries.sort_by(|one, other| {
            (one.first, one.last, &one.what).cmp(&(other.first, other.last, &other.what))
        });
        Self { entries, week }
    }

    /// What limits a day: `holiday «Skiing» 3–9 Dec (day 2 of 7); usual week: Fri unavailable`; empty if nothing does.
    pub(super) fn on(&self, day: NaiveDate) -> String {
        let entries = self.entries.iter().filter(|limit| limit.is_on(day));
        let entries = entries.map(|limit| limit.with_dates(day));
        joined(entries.chain([self.week.on(day)]), "; ")
    }

    /// Why a plan does not fit into a day: `1:30 is more than 1:00, Ride is not one of its sports`; empty if nothing limits how
    /// long or what.
    pub(super) fn against(&self, day: NaiveDate, plan: Asks<'_>) -> String {
        let mut all: Vec<String> = self.rooms(day).map(|room| room.against(plan)).collect();
        all.dedup();
        joined(all, ", ")
    }

    /// The same in a word or two for a row: `over the day's limit`; empty if nothing limits how long or what.
    pub(super) fn against_in_short(&self, day: NaiveDate, plan: Asks<'_>) -> &'static str {
        if self.rooms(day).any(|room| room.over(plan).is_some()) {
            "over the day's limit"
        } else if self.rooms(day).any(|room| room.is_of_another_sport(plan)) {
            "no sport of that day"
        } else if self.rooms(day).any(|room| room.none) {
            "usually unavailable"
        } else {
            ""
        }
    }

    fn rooms(&self, day: NaiveDate) -> impl Iterator<Item = &Room> {
        let entries = self.entries.iter().filter(move |limit| limit.is_on(day));
        let week = self.week.of_day(day).map(|usual| &usual.room);
        entries.map(|limit| &limit.room).chain(week)
    }

    /// What limits any of these days: `sick 23 – 29 Nov 2026; usual week: Fri unavailable`.
    pub(super) fn within(&self, first: NaiveDate, last: NaiveDate) -> String {
        let entries = self.entries.iter();
        let entries = entries.filter(|limit| limit.first <= last && limit.last >= first);
        joined(
            entries.map(Limit::in_full).chain([self.week.within(first, last)]),
            "; ",
        )
    }

    /// The limited days of a range, those on end that have the same limits as one.
    pub(super) fn by_day(&self, range: Range) -> String {
        let mut spans: Vec<(Range, Vec<&Limit>)> = Vec::new();
        for day in range.oldest.iter_days().take_while(|day| *day <= range.newest) {
            let own: Vec<&Limit> = self.entries.iter().filter(|limit| limit.is_on(day)).collect();
            match spans.last_mut() {
                Some((span, limits))
                    if limits.len() == own.len() && limits.iter().zip(&own).all(|(a, b)| ptr::eq(*a, *b)) =>
                {
                    span.newest = day;
                }
                _ => spans.push((Range::of_day(day), own)),
            }
        }
        spans.retain(|(_, limits)| !limits.is_empty());
        let spans = spans.into_iter().map(|(span, limits)| {
            let mut days = vec![span.oldest, span.newest];
            days.dedup();
            let days = joined(days.into_iter().map(units::date), " – ");
            let limits = limits.into_iter().map(|limit| limit.in_short(span));
            joined([days, joined(limits, ", ")], " ")
        });
        words::sentence("Limits by day:", &joined(spans, "; "))
    }

    /// The line about the usual week.
    pub(super) fn usual_week(&self) -> String {
        self.week.line()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{day, rows};

    fn limits(events: Value, week: Value) -> DayLimits {
        let week: Vec<WeekdayAvailability> = rows(week);
        DayLimits::of(&rows::<Event>(events), UsualWeek::of(Some(&week)))
    }

    fn entry(category: &str, name: &str, first: &str, end: &str) -> Value {
        json!({"category": category, "name": name, "start_date_local": format!("{first}T00:00:00"),
               "end_date_local": format!("{end}T00:00:00")})
    }

    #[test]
    fn a_day_says_what_limits_it_and_which_day_of_that_it_is() {
        let mut evening = entry("NOTE", "Parents' evening", "2026-12-04", "2026-12-05");
        evening["training_availability"] = json!("LIMITED");
        evening["max_training_time"] = json!(3600);
        let mut skiing = entry("HOLIDAY", "Skiing", "2026-12-03", "2026-12-10");
        skiing["training_availability"] = json!("UNAVAILABLE");
        let found = limits(
            json!([
                evening,
                skiing,
                entry("SICK", "Sick", "2026-12-12", "2026-12-13"),
                entry("NOTE", "Travel", "2026-12-03", "2026-12-10"),
                entry("NOTE", "No training: wedding", "2026-12-13", "2026-12-14"),
            ]),
            json!([{"day_of_week": 5, "training_availability": "UNAVAILABLE"},
                   {"day_of_week": 4, "training_availability": "NORMAL"}]),
        );
        for (on, says) in [
            ("2026-12-02", ""),
            ("2026-12-03", "holiday «Skiing» 3–9 Dec (day 1 of 7)"),
            (
                "2026-12-04",
                "holiday «Skiing» 3–9 Dec (day 2 of 7); limited «Parents' evening» 4 Dec (at most 1:00 a day); usual week: Fri \
                 unavailable",
            ),
            ("2026-12-10", ""),
            ("2026-12-12", "sick 12 Dec"),
            ("2026-12-13", "note «No training: wedding» 13 Dec"),
        ] {
            assert_eq!(found.on(day(on)), says, "{on}");
        }
        let range = |oldest, newest| Range {
            oldest: day(oldest),
            newest: day(newest),
        };
        assert_eq!(
            found.by_day(range("2026-12-08", "2026-12-12")),
            "Limits by day: 2026-12-08 Tue – 2026-12-09 Wed holiday «Skiing» (days 6–7 of 7); 2026-12-12 Sat sick."
        );
        assert_eq!(
            found.by_day(range("2026-12-01", "2026-12-05")),
            "Limits by day: 2026-12-03 Thu holiday «Skiing» (day 1 of 7); 2026-12-04 Fri holiday «Skiing» (day 2 of 7), limited \
             «Parents' evening» (at most 1:00 a day); 2026-12-05 Sat holiday «Skiing» (day 3 of 7)."
        );
        assert_eq!(found.by_day(range("2026-12-10", "2026-12-11")), "");
        assert_eq!(
            found.usual_week(),
            "Usual week, as the profile has it: Fri unavailable."
        );
    }

    #[test]
    fn a_plan_that_does_not_fit_into_its_day_hears_why() {
        let mut guests = entry("NOTE", "Guests", "2026-12-04", "2026-12-06");
        guests["training_availability"] = json!("LIMITED");
        guests["max_training_time"] = json!(3600);
        guests["can_train_sports"] = json!(["Run", "Swim"]);
        let found = limits(
            json!([guests, entry("HOLIDAY", "Skiing", "2026-12-08", "2026-12-09")]),
            json!([{"day_of_week": 3, "training_availability": "LIMITED", "max_training_time": 2700}]),
        );
        let against = |on: &str, sport, secs, others| {
            let plan = Asks { sport, secs, others };
            found.against(day(on), plan)
        };
        let hour = 3600.0;
        for (on, sport, secs, others, says) in [
            ("2026-12-04", "TrailRun", Some(hour), 0.0, ""),
            (
                "2026-12-04",
                "Run",
                Some(hour + 60.0),
                0.0,
                "1:01 is more than 1:00",
            ),
            (
                "2026-12-05",
                "Run",
                Some(1800.0),
                2700.0,
                "1:15 planned that day is more than 1:00",
            ),
            ("2026-12-05", "Ride", None, hour, "Ride is not one of its sports"),
            (
                "2026-12-05",
                "Ride",
                Some(2.0 * hour),
                0.0,
                "2:00 is more than 1:00, Ride is not one of its sports",
            ),
            ("2026-12-05", "Other", Some(600.0), 0.0, ""),
            ("2026-12-08", "Ride", Some(9.0 * hour), 0.0, ""),
            ("2026-12-09", "Ride", Some(hour), 0.0, "1:00 is more than 0:45"),
            ("2026-12-10", "Ride", Some(9.0 * hour), 0.0, ""),
        ] {
            assert_eq!(against(on, sport, secs, others), says, "{on} {sport} {secs:?}");
        }
        assert_eq!(
            found.within(day("2026-12-08"), day("2026-12-09")),
            "holiday «Skiing» 8 Dec 2026; usual week: Wed limited: at most 0:45 a day"
        );
    }

    #[test]
    fn many_days_are_said_as_spans() {
        let found = limits(
            json!([entry("INJURED", "Calf", "2026-11-30", "2026-12-21")]),
            json!([]),
        );
        let range = Range {
            oldest: day("2026-11-25"),
            newest: day("2027-01-10"),
        };
        assert_eq!(
            found.by_day(range),
            "Limits by day: 2026-11-30 Mon – 2026-12-20 Sun injured «Calf»."
        );
    }

    #[test]
    fn only_clear_words_make_a_note_a_limit() {
        for (name, is) in [
            ("Unavailable", true),
            ("NO  training", true),
            ("No training – travel", true),
            ("Rest only (doctor)", true),
            ("Kein Training", true),
            ("No training plan yet", false),
            ("Unavailable?", false),
            ("Ask about rest only", false),
            ("Rest", false),
            ("", false),
        ] {
            assert_eq!(says_so(name), is, "{name}");
        }
    }

    #[test]
    fn weekdays_have_upstreams_numbers() {
        let names = [0, 1, 3, 6, 7, 8, -1].map(|number| weekday(number).map(|day| day.to_string()));
        let names = names.map(Option::unwrap_or_default);
        assert_eq!(names, ["Sun", "Mon", "Wed", "Sat", "Sun", "", ""]);
    }
}
