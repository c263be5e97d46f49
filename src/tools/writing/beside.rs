//! What is said of a day beside the entry that is written: what limits it, what else is on it, and the form of its morning.

use chrono::NaiveDate;

use super::said::Scene;
use crate::{
    intervals::model::{Event, Held},
    permissions,
    text::fenced,
    tools::{
        absences::Absence,
        answer::{
            counted, units,
            words::{DOT, around, in_brackets, joined},
        },
        day_limits::{DayLimits, UsualWeek, is_limit},
        entries,
    },
};

/// Other entries that are named.
const OTHERS: usize = 4;

impl Scene<'_> {
    /// What limits a day for a plan, as far as it may be shown: `that day: holiday «Skiing» 3–9 Dec (day 2 of 7)`.
    pub(super) fn limits_of(&self, day: NaiveDate, own: Option<i64>) -> String {
        let rows = self
            .profile
            .and_then(|profile| profile.training_availability.as_deref());
        let limits = self.limits(UsualWeek::of(rows), own).on(day);
        around("  that day:", &limits, "")
    }

    /// The same for several days, or for an entry that is no plan; the usual week is no concern of these.
    pub(super) fn limits_within(&self, (first, last): (NaiveDate, NaiveDate), own: Option<i64>) -> String {
        let limits = self.limits(UsualWeek::default(), own);
        if first == last {
            around("  that day:", &limits.on(first), "")
        } else {
            around("  on these days:", &limits.within(first, last), "")
        }
    }

    fn limits(&self, week: UsualWeek, own: Option<i64>) -> DayLimits {
        if !self.card.shows(&permissions::GET_EVENTS) {
            return DayLimits::default();
        }
        let others = self.there.iter().filter(|held| Some(held.id) != own);
        DayLimits::of(others.map(|held| &held.event), week)
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
        let has_plans = others.iter().any(|held| held.event.is_to_do());
        let moves = if has_plans { moves } else { "" };
        around(
            " ",
            &joined([self.others(&others, when).as_str(), moves], "; "),
            "",
        )
    }

    fn others_on(&self, (first, last): (NaiveDate, NaiveDate), own: Option<i64>) -> Vec<&Held> {
        let others = self
            .there
            .iter()
            .filter(|held| Some(held.id) != own && is_on(&held.event, first, last));
        others.filter(|held| !held.event.is_week_target()).collect()
    }

    fn others(&self, others: &[&Held], when: &str) -> String {
        if others.is_empty() {
            return String::new();
        }
        if !self.card.shows(&permissions::GET_EVENTS) {
            let away = others.iter().any(|held| is_away(&held.event));
            let count = counted(others.len(), "other entry", "other entries");
            let away = match (away, when) {
                (false, _) => "",
                (true, "that day") => "; the day is marked unavailable",
                (true, _) => "; some of these days are marked unavailable",
            };
            return format!("{count} {when}{away}");
        }
        // What limits the day has a line of its own.
        let others: Vec<&&Held> = others.iter().filter(|held| !is_limit(&held.event)).collect();
        let mut names: Vec<String> = others
            .iter()
            .take(OTHERS)
            .map(|held| {
                let event = &held.event;
                let day = event.day().filter(|_| when != "that day").map(units::date);
                let secs = units::hours_minutes(event.planned_secs().filter(|_| event.is_to_do()));
                joined(
                    [
                        day.unwrap_or_default(),
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

fn is_away(event: &Event) -> bool {
    Absence::of(event).is_some()
        || matches!(
            event.training_availability.as_deref(),
            Some("UNAVAILABLE" | "LIMITED")
        )
}
