//! The flags of an athlete's row, in words with the number: facts, no verdicts.
//!
//! The bounds are in [`crate::training::roster`]. Each flag depends only on figures that the row itself may show.

use std::collections::BTreeSet;

use crate::{
    text::fenced,
    tools::{
        answer::{
            self, units,
            words::{DOT, around, in_brackets, joined, listed},
        },
        figures::{Figures, Held, Last, Planned, Undone},
        plan_state::{State, Unclear},
        vitals::Averages,
    },
    training::roster::{self, Against, BASE},
};
use chrono::NaiveDate;

/// When something is planned of which no activity is known, and the model has no load.
pub(super) const ON_DAYS_WITHOUT_LOAD: &str = "on days without load";
/// Workouts that one flag names.
const NAMED: usize = 3;

/// What a flag is about, in the order of the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Absent,
    Undone,
    OffPlan,
    Ramp,
    Form,
    Hrv,
    RestingHr,
    PerhapsOne,
    Quiet,
    Race,
}

impl Rule {
    /// When it is flagged.
    const fn in_words(self) -> &'static str {
        match self {
            Self::Absent => "sick, injured, on holiday, unavailable or limited today",
            Self::Undone => "workout missed, or not known to be done, in the last 7 days",
            Self::OffPlan => {
                "load from Monday to yesterday outside 70–130 % of the plan for those days, without days of absence"
            }
            Self::Ramp => "ramp above 8",
            Self::Form => "form below -30",
            Self::Hrv => "7-day HRV more than 1 SD below the 60-day average (of 3 and 14 days at least)",
            Self::RestingHr => {
                "7-day resting HR 5 or more above the 60-day average (of 3 and 14 days at least)"
            }
            Self::PerhapsOne => {
                "perhaps one session: recordings of the last 7 days that may be of the same; load, CTL and ATL count each"
            }
            Self::Quiet => "nothing done for 7 days",
            Self::Race => "race within 14 days",
        }
    }
}

/// A flag, and what it is about.
pub(super) type Flag = (Rule, String);

/// `Flags: ramp above 8.`: the rules of those that were raised, each once; empty without any.
pub(super) fn rules<'a>(flags: impl Iterator<Item = &'a Flag>) -> String {
    let raised: BTreeSet<Rule> = flags.map(|(rule, _)| *rule).collect();
    let rules = joined(raised.into_iter().map(Rule::in_words), DOT);
    match rules.as_str() {
        "" => rules,
        rules => format!("Flags: {rules}."),
    }
}

/// The flags, in the order of their rules.
pub(super) fn of(figures: &Figures, today: NaiveDate) -> Vec<Flag> {
    let absences = figures.absences.iter();
    let mut flags: Vec<Flag> = absences
        .map(|absence| (Rule::Absent, absence.in_words(today)))
        .collect();
    flags.extend(
        undone(&figures.undone)
            .into_iter()
            .map(|words| (Rule::Undone, words)),
    );
    if let Some((done, plan)) = figures.to_date
        && let Some(percent) = roster::off_plan(done, plan)
    {
        let without = match plan.without {
            0 => String::new(),
            count => format!(", {count} without load"),
        };
        let words = format!(
            "load {} % of plan to date ({} of {}{without})",
            units::whole(percent),
            units::whole(done),
            units::whole(plan.load)
        );
        flags.push((Rule::OffPlan, words));
    }
    if let Some(day) = figures.standing {
        let perhaps = match figures.held {
            Held::Nothing | Held::LeftOut(_) | Held::Projected => "",
            Held::Plan | Held::Perhaps => " once today's load is done",
        };
        if let Some(ramp) = day.ramp.filter(|ramp| roster::is_steep(*ramp)) {
            flags.push((Rule::Ramp, format!("ramp {}{perhaps}", units::signed(ramp, 1))));
        }
        let form = day.fitness.form();
        if roster::is_deep(form) {
            flags.push((Rule::Form, format!("form {}{perhaps}", units::signed(form, 1))));
        }
    }
    flags.extend(nights(&figures.averages));
    let perhaps_one = figures.perhaps_one.iter();
    flags.extend(perhaps_one.map(|one| (Rule::PerhapsOne, one.words.clone())));
    flags.extend(quiet(figures, today).map(|words| (Rule::Quiet, words)));
    if let Some(race) = &figures.race {
        let days = (race.day - today).num_days();
        if roster::is_near(days) {
            // The form of the row is the end of the day, and that of a race its morning.
            let morning = figures.form_this_morning.filter(|_| days == 0);
            let morning = around("form a.m.", &units::signed(morning, 1), "");
            let race = format!("race {}", in_days(days));
            flags.push((Rule::Race, joined([race, in_brackets(&morning)], " ")));
        }
    }
    flags
}

/// HRV below and resting HR above the athlete's average.
fn nights(averages: &Averages) -> Vec<Flag> {
    let hrv = averages.hrv.as_ref().map(|hrv| hrv.compared.against);
    let resting_hr = averages.resting_hr.as_ref().map(|compared| compared.against);
    let low = hrv.filter(Against::is_low).map(|against| {
        format!(
            "7-day HRV {} against 60-day {} (SD {})",
            units::fixed(against.week.value, 1),
            units::fixed(against.base.value, 1),
            units::fixed(against.deviation, 1)
        )
    });
    let high = resting_hr.filter(Against::is_high_at_rest).map(|against| {
        format!(
            "7-day resting HR {} ({} against {})",
            units::signed(against.difference(), 1),
            units::fixed(against.week.value, 1),
            units::fixed(against.base.value, 1)
        )
    });
    let low = low.map(|words| (Rule::Hrv, words));
    let high = high.map(|words| (Rule::RestingHr, words));
    low.into_iter().chain(high).collect()
}

/// `today`, `in 1 day`, `in 12 days`
pub(super) fn in_days(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}

/// Why it is not known to be done, as get_events says it.
pub(super) fn why(undone: Undone) -> String {
    match undone {
        Undone::NoLoad => format!("not paired, {ON_DAYS_WITHOUT_LOAD}:"),
        Undone::State(State::Unclear(Unclear::PairedElsewhere)) => "unclear".to_owned(),
        Undone::State(State::Unclear(_)) => "perhaps done".to_owned(),
        Undone::State(state) => state.undone(),
    }
}

/// One flag for each reason: `missed 2026-11-18 Wed Ride, 2026-11-16 Mon Run and 2 more`, newest first.
fn undone(rows: &[Planned]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&Planned>)> = Vec::new();
    for row in rows.iter().rev() {
        let why = why(row.undone);
        match reasons.iter_mut().find(|(other, _)| *other == why) {
            Some((_, rows)) => rows.push(row),
            None => reasons.push((why, vec![row])),
        }
    }
    // What an absence explains stands last.
    reasons.sort_by_key(|(_, rows)| rows[0].is_explained());
    reasons
        .iter()
        .map(|(why, rows)| {
            let named: Vec<String> = rows.iter().map(|row| named(row)).collect();
            format!("{why} {}", listed(&named, NAMED))
        })
        .collect()
}

/// `2026-11-18 Wed Ride`, `2026-11-18 Wed Ride race «Lake Classic»`, `2026-11-18 Wed Run (limited: at most 1:00 a day)`
fn named(row: &Planned) -> String {
    let sport = answer::sport(row.sport.as_deref().unwrap_or_default());
    let day = units::date(row.day);
    let what = match &row.race {
        Some(name) => joined([sport, "race".to_owned(), fenced(name, 40)], " "),
        None if sport.is_empty() => "workout".to_owned(),
        None => sport,
    };
    joined([day, what, in_brackets(&row.limit)], " ")
}

/// `no load for 9 days`, `no activity in 60 days`
fn quiet(figures: &Figures, today: NaiveDate) -> Option<String> {
    let (what, day) = match &figures.last {
        Last::Unknown => return None,
        Last::Load(day) => ("load", *day),
        Last::Activity(last) => ("activity", last.as_ref().map(|(day, _)| *day)),
    };
    let perhaps = if figures.held == Held::Perhaps {
        ", but perhaps today"
    } else {
        ""
    };
    match day {
        None => Some(format!("no {what} in {BASE} days{perhaps}")),
        Some(day) => roster::quiet_for(day, today).map(|days| format!("no {what} for {days} days{perhaps}")),
    }
}
