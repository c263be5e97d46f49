//! The rows of the table: what, when, how much, done or not, notes.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{Found, form::Mornings};
use crate::{
    guard::Units,
    intervals::model::{Activity, Event},
    text::fenced,
    tools::{
        absences::day_of,
        answer::{
            sport_units::SportUnits,
            table::{Columns, first_within},
            units::{self, positive},
            words::{around, fenced_where, in_brackets, joined, on_one_line},
        },
        arguments::Detail,
        entries,
    },
    training::sports::Tempo,
};

pub(super) use crate::tools::entries::prose;

/// What the cells depend on besides their row.
pub(super) struct Shown<'a> {
    pub(super) done: &'a [Activity],
    /// The indices of those that did a plan.
    pub(super) taken: &'a HashSet<usize>,
    pub(super) form: Option<&'a Mornings>,
    pub(super) units: Units,
    pub(super) today: NaiveDate,
    /// The words that were searched for.
    pub(super) query: Option<&'a str>,
}

/// The table. A column that no row fills is left out.
pub(super) fn table(rows: &[Found<'_>], shown: &Shown<'_>, detail: Detail) -> String {
    // Long notes are shortened first, so that a fortnight remains short whatever people write.
    const WIDTHS: [(usize, usize); 4] = [(300, 48), (160, 40), (80, 32), (40, 24)];
    const BYTES: usize = 2800;
    if detail == Detail::Full {
        return table_of(rows, shown, detail, (1000, 100));
    }
    first_within(BYTES, &WIDTHS, |widths| table_of(rows, shown, detail, widths))
}

fn table_of(rows: &[Found<'_>], shown: &Shown<'_>, detail: Detail, (note, name): (usize, usize)) -> String {
    let own = shown.units;
    let planned = |row: &Found<'_>, text: String| {
        if row.event.is_to_do() { text } else { String::new() }
    };
    let sport = |event: &Event| SportUnits::of_plan(event, own);
    // Swims say their own unit.
    let is_long = |row: &Found<'_>| {
        row.event.is_to_do()
            && positive(row.planned.metres).is_some()
            && Tempo::of(row.event.sport()) != Tempo::Swim
    };
    let distance = if rows.iter().any(is_long) {
        units::distance_unit(own)
    } else {
        "distance"
    };
    Columns::<Found<'_>>::new()
        .column("date", |row| dates(row.event))
        .column("start", |row| entries::clock(row.event))
        .column("what", |row| entries::what(row.event))
        .column("name", |row| {
            fenced_where(row.event.name.as_deref().unwrap_or_default(), shown.query, name)
        })
        .column("time", |row| {
            planned(row, row.planned.time(units::hours_minutes, &sport(row.event)))
        })
        .column(distance, |row| {
            planned(row, sport(row.event).under_long_unit(row.planned.metres, 1))
        })
        .column("load", |row| planned(row, units::whole(row.planned.load)))
        .column("IF", |row| {
            planned(row, units::intensity(positive(row.planned.intensity)))
        })
        .column("target", |row| planned(row, target(row.event)))
        .column("form a.m.", |row| form(row.event, shown))
        .column("status", |row| {
            let state = row.state;
            let words = state.map(|state| state.in_words(row.event, shown.done, shown.taken));
            joined([words.unwrap_or_default(), in_brackets(&row.limit)], " ")
        })
        .column("note", |row| remarks(row.event, shown, note))
        .in_full("tags", |row| tags(row.event))
        .in_full("plan", |row| {
            fenced(row.event.plan_name.as_deref().unwrap_or_default(), 60)
        })
        .column("id", |row| {
            row.event.id.map(|id| id.to_string()).unwrap_or_default()
        })
        .table_in(detail, rows)
}

/// The form of a race's morning.
fn form(event: &Event, shown: &Shown<'_>) -> String {
    let race = event.day().filter(|_| event.is_race());
    race.zip(shown.form)
        .map(|(day, mornings)| mornings.form(day))
        .unwrap_or_default()
}

/// `2026-11-22 Sun`; for several days `2026-11-22 Sun – 2026-11-28 Sat`.
fn dates(event: &Event) -> String {
    match (event.day(), event.last_day()) {
        (Some(first), Some(last)) if last > first && !event.is_workout() => {
            format!("{} – {}", units::date(first), units::date(last))
        }
        (Some(first), _) => units::date(first),
        (None, _) => String::new(),
    }
}

/// `today is day 3 of 7` of an entry of several days that has today. What is for a week has its dates.
fn day_of_today(event: &Event, today: NaiveDate) -> String {
    let is_for_week = event.for_week == Some(true) || event.is_week_target();
    match (event.day(), event.last_day()) {
        (Some(first), Some(last)) if !event.is_workout() && !is_for_week => {
            around("today is", &day_of(first, last, today), "")
        }
        _ => String::new(),
    }
}

/// The metric of the steps, if the plan names it.
fn target(event: &Event) -> String {
    let of_steps = event
        .workout_doc
        .as_ref()
        .filter(|workout| workout.count() > 0)
        .and_then(|workout| workout.target.as_deref());
    let own = event.target.as_deref().filter(|target| *target != "AUTO");
    match own.or(of_steps) {
        Some("POWER") => "power",
        Some("HR") => "HR",
        Some("PACE") => "pace",
        _ => "",
    }
    .to_owned()
}

fn tags(event: &Event) -> String {
    let tags = event.tags.iter().flatten().take(10);
    joined(tags.map(|tag| fenced(tag, 30)), ", ")
}

/// Whether the description is the text of the steps, which have their own place.
pub(super) fn has_steps(event: &Event) -> bool {
    event
        .workout_doc
        .as_ref()
        .is_some_and(|workout| workout.count() > 0)
}

/// Everything else: figures, limits, notes, push errors.
fn remarks(event: &Event, shown: &Shown<'_>, width: usize) -> String {
    let mut words = entries::figures(event, shown.units);
    words.extend(Some(day_of_today(event, shown.today)).filter(|text| !text.is_empty()));
    words.extend(Some(entries::availability(event)).filter(|text| !text.is_empty()));
    if let Some(grams) = positive(event.carbs_per_hour) {
        words.push(format!("{} g carbs/h", units::whole(grams)));
    }
    let note = fenced_where(&on_one_line(&prose(event)), shown.query, width);
    words.extend(Some(note).filter(|text| !text.is_empty()));
    if event.hide_from_athlete == Some(true) {
        words.push("hidden from the athlete".to_owned());
    }
    for error in event.push_errors.iter().flatten().take(3) {
        let service = fenced(error.service.as_deref().unwrap_or("a device service"), 30);
        let message = fenced(error.message.as_deref().unwrap_or_default(), width.min(160));
        words.push(if message.is_empty() {
            format!("not sent to {service}")
        } else {
            format!("not sent to {service}: {message}")
        });
    }
    words.join("; ")
}
