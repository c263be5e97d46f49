//! What is said of a day beside the entry that is written: what limits it, what else is on it, and the form of its morning.

use chrono::NaiveDate;

use super::said::Scene;
use crate::{
    intervals::model::Event,
    permissions,
    text::fenced,
    tools::{
        absences::Absence,
        answer::{
            counted, units,
            words::{DOT, around, in_brackets, joined},
        },
        day_limits::{Asks, DayLimits, UsualWeek, is_limit},
        entries,
    },
};

/// Other entries that are named.
const OTHERS: usize = 4;

impl Scene<'_> {
    /// What limits a day for a plan of this sport that takes so many seconds, as far as it may be shown, and why the plan does not
    /// fit: `that day: limited «Guests» 12 Dec (at most 1:00 a day) – NOT kept: 1:30 is more than 1:00`.
    pub(super) fn limits_of(
        &self,
        day: NaiveDate,
        (sport, secs): (&str, Option<f64>),
        own: Option<i64>,
    ) -> String {
        let limits = self.limits(self.usual_week(), own);
        let others = self.others_on((day, day), own).into_iter();
        let plans = others.filter(|event| event.is_to_do() && event.day() == Some(day));
        let plan = Asks {
            sport,
            secs,
            others: plans.filter_map(Event::planned_secs).sum(),
        };
        let against = around("NOT kept:", &limits.against(day, plan), "");
        around("  that day:", &joined([limits.on(day), against], " – "), "")
    }

    /// What limits several days, or one for an entry that is no plan: `on these days: sick 23 – 29 Nov 2026`. The usual week only
    /// for a plan.
    pub(super) fn limits_within(
        &self,
        (first, last): (NaiveDate, NaiveDate),
        is_plan: bool,
        own: Option<i64>,
    ) -> String {
        let week = if is_plan {
            self.usual_week()
        } else {
            UsualWeek::default()
        };
        let limits = self.limits(week, own);
        if first == last {
            around("  that day:", &limits.on(first), "")
        } else {
            around("  on these days:", &limits.within(first, last), "")
        }
    }

    fn usual_week(&self) -> UsualWeek {
        let rows = self
            .profile
            .and_then(|profile| profile.training_availability.as_deref());
        UsualWeek::of(rows)
    }

    fn limits(&self, week: UsualWeek, own: Option<i64>) -> DayLimits {
        if !self.card.shows(&permissions::GET_EVENTS) {
            return DayLimits::default();
        }
        DayLimits::of(self.entries_but(own), week)
    }

    /// What is to be seen, but for this entry.
    fn entries_but(&self, own: Option<i64>) -> impl Iterator<Item = &Event> {
        let all = self.there.iter().map(|held| &held.event).chain(self.beside);
        all.filter(move |event| own.is_none() || event.id != own)
    }

    /// What else is on the day, as far as it may be shown, and the form of its morning.
    pub(super) fn day(&self, day: NaiveDate, own: Option<i64>, without: bool) -> String {
        let others = self.others_on((day, day), own);
        let form = self
            .mornings
            .map(|mornings| mornings.on(day, without))
            .unwrap_or_default();
        let line = joined([self.others(&others, "that day"), form], DOT);
        if line.is_empty() {
            line
        } else {
            format!("  {line}")
        }
    }

    /// What else is on these days, as far as it may be shown. `moves` says what becomes of plans among it.
    pub(super) fn other_entries(
        &self,
        days: (NaiveDate, NaiveDate),
        own: Option<i64>,
        moves: &'static str,
    ) -> String {
        let others = self.others_on(days, own);
        let when = if days.0 == days.1 {
            "that day"
        } else {
            "on these days"
        };
        let has_plans = others.iter().any(|event| event.is_to_do());
        let moves = if has_plans { moves } else { "" };
        around(
            " ",
            &joined([self.others(&others, when).as_str(), moves], "; "),
            "",
        )
    }

    fn others_on(&self, (first, last): (NaiveDate, NaiveDate), own: Option<i64>) -> Vec<&Event> {
        let others = self.entries_but(own).filter(|event| is_on(event, first, last));
        others.filter(|event| !event.is_week_target()).collect()
    }

    fn others(&self, others: &[&Event], when: &str) -> String {
        if others.is_empty() {
            return String::new();
        }
        if !self.card.shows(&permissions::GET_EVENTS) {
            let count = counted(others.len(), "other entry", "other entries");
            let mark = others.iter().filter_map(|event| mark_of(event)).max();
            let days = if when == "that day" {
                "the day is"
            } else {
                "some of these days are"
            };
            let mark = around(&format!("; {days} marked"), mark.map_or("", Mark::word), "");
            return format!("{count} {when}{mark}");
        }
        // What limits the day has a line of its own.
        let others: Vec<&&Event> = others.iter().filter(|event| !is_limit(event)).collect();
        let mut names: Vec<String> = others
            .iter()
            .take(OTHERS)
            .map(|event| {
                let days = entries::days(event);
                let is_said = when == "that day" && event.last_day() == event.day();
                let days = if is_said { String::new() } else { days };
                let secs = units::hours_minutes(event.planned_secs().filter(|_| event.is_to_do()));
                joined(
                    [
                        days,
                        entries::what(event),
                        fenced(event.name.as_deref().unwrap_or_default(), 40),
                        secs,
                        in_brackets(&entries::availability(event)),
                    ],
                    " ",
                )
            })
            .collect();
        if others.len() > OTHERS {
            names.push(format!("{} more", others.len() - OTHERS));
        }
        let when = if when == "that day" {
            "that day too:"
        } else {
            "on these days too:"
        };
        around(when, &names.join(", "), "")
    }
}

/// Whether the entry has one of these days.
fn is_on(event: &Event, oldest: NaiveDate, newest: NaiveDate) -> bool {
    match (event.day(), event.last_day()) {
        (Some(first), Some(last)) => {
            let last = if event.is_workout() { first } else { last };
            first <= newest && last >= oldest
        }
        _ => false,
    }
}

/// What an entry says of training on its days; None if it says nothing of it.
fn mark_of(event: &Event) -> Option<Mark> {
    match event.training_availability.as_deref() {
        Some("LIMITED") => Some(Mark::Limited),
        Some("UNAVAILABLE") => Some(Mark::Unavailable),
        _ => Absence::of(event).map(|_| Mark::Unavailable),
    }
}

/// The graver one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Limited,
    Unavailable,
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
        }
    }
}
