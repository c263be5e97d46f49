//! The calendar as it was seeded: planned workouts, races, weekly targets, notes; and how an event reads on the wire.
//!
//! What clients write is kept by the store, which lays it over these.

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveDateTime, Weekday};
use serde_json::{Map, Value, json};

use super::{
    athlete::stamp,
    dice::{Dice, round},
    history::{Fitness, History, threshold},
    people::{Build, FIRST_DAY, PLANNED_DAYS, Person},
    schema::{EVENT, blank, fill},
    season::{Kind, Rank, Session, course, is_recovery, plan},
    training::{day_number, event_id},
    workout::{By, Indoor, intensity},
};

/// Upstream's event categories.
pub(super) const CATEGORIES: [&str; 14] = [
    "WORKOUT",
    "RACE_A",
    "RACE_B",
    "RACE_C",
    "NOTE",
    "PLAN",
    "HOLIDAY",
    "SICK",
    "INJURED",
    "SET_EFTP",
    "FITNESS_DAYS",
    "SEASON_START",
    "TARGET",
    "SET_FITNESS",
];

/// Slot of the week's target and of the first mark among a day's events.
const TARGET_SLOT: u8 = 4;
const MARK_SLOT: u8 = 5;

/// What else stands in the calendar, once a week at most.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    category: &'static str,
    name: &'static str,
    description: Option<&'static str>,
    /// First day after it.
    days: i64,
}

/// What stands in the calendar on `day` beside workouts and races.
fn marks(person: &Person, day: NaiveDate) -> Vec<Mark> {
    let mark = |category, name, description, days| Mark {
        category,
        name,
        description,
        days,
    };
    let mut marks = Vec::new();
    let week = day.iso_week().week();
    if day.weekday() == Weekday::Mon {
        match (person.build, week) {
            (Build::Cyclist, 42) => marks.push(mark("HOLIDAY", "Urlaub an der Ostsee", None, 7)),
            (Build::Runner, 52) => marks.push(mark("HOLIDAY", "Christmas at Mum's", None, 7)),
            (Build::Cyclist, 3) => marks.push(mark("NOTE", "Leistungsdiagnostik buchen", None, 1)),
            _ => {}
        }
        if person.is_ill(day) {
            let name = match person.build {
                Build::Cyclist => "Erkältung",
                Build::Runner => "Man flu",
            };
            marks.push(mark("SICK", name, Some("Fever, no training"), 5));
        } else if is_recovery(day) {
            let text = match person.build {
                Build::Cyclist => "Entlastungswoche: locker bleiben, viel schlafen",
                Build::Runner => "Recovery week. Don't race the easy runs!",
            };
            marks.push(mark("NOTE", "Recovery week", Some(text), 7));
        }
    }
    if day.weekday() == Weekday::Wed && person.dice(day, "travel").chance(0.05) {
        marks.push(mark("NOTE", "Travel", Some("Train 07:12, back late"), 1));
    }
    marks
}

/// The last day that has seeded events, seen from `today`.
pub(super) fn horizon(today: NaiveDate) -> NaiveDate {
    today + Duration::days(PLANNED_DAYS)
}

/// What every event has.
fn bare(person: &Person, day: NaiveDate, slot: u8, days: i64) -> Map<String, Value> {
    let id = event_id(person, day, slot);
    let mut object = blank(EVENT);
    let written = person.utc((day - Days::new(6)).and_hms_opt(20, 11, 2).unwrap_or_default());
    fill(
        &mut object,
        json!({
            "id": id, "athlete_id": person.athlete_id, "calendar_id": 1, "created_by_id": person.athlete_id,
            "uid": uid(id), "start_date_local": midnight(day), "end_date_local": midnight(day + Duration::days(days)),
            "updated": stamp(written), "training_availability": "NORMAL",
        }),
    );
    flags(&mut object);
    object
}

/// An event that a client begins to make.
pub(super) fn blank_event(person: &Person, id: i64) -> Map<String, Value> {
    let mut event = blank(EVENT);
    fill(
        &mut event,
        json!({
            "id": id, "athlete_id": person.athlete_id, "created_by_id": person.athlete_id, "calendar_id": 1,
            "uid": uid(id), "training_availability": "NORMAL",
        }),
    );
    flags(&mut event);
    event
}

/// The primitives that are false instead of null.
fn flags(object: &mut Map<String, Value>) {
    for name in [
        "not_on_fitness_chart",
        "show_as_note",
        "show_on_ctl_line",
        "for_week",
        "athlete_cannot_edit",
        "hide_from_athlete",
        "structure_read_only",
        "entered",
    ] {
        object.insert(name.into(), json!(false));
    }
}

/// `2026-11-18T00:00:00`.
pub(super) fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00")
}

/// A stable UUID (version 4 in form) for an event.
fn uid(id: i64) -> String {
    let part = |n| Dice::of(&[id.unsigned_abs(), n]).bits();
    let (high, low) = (part(1), part(2));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn planned(
    person: &Person,
    day: NaiveDate,
    session: &Session,
    before: Fitness,
    resolve: bool,
) -> Map<String, Value> {
    let mut object = bare(person, day, session.slot, 1);
    let threshold = threshold(person, day, session.workout.by);
    let sport = match (session.kind, person.build) {
        (Kind::Run, _) | (Kind::Race(_), Build::Runner) => "Run",
        (Kind::Ride, _) if session.indoor => "VirtualRide",
        _ => "Ride",
    };
    let totals = session.workout.totals(threshold);
    let after = before.next(f64::from(totals.load));
    let by_power = session.workout.by == By::Power;
    fill(
        &mut object,
        json!({
            "name": session.name, "type": sport, "indoor": session.indoor, "sub_type": "NONE",
            "moving_time": totals.secs, "icu_training_load": totals.load,
            "icu_intensity": round(intensity(totals.load, totals.secs), 6),
            "icu_ctl": round(after.ctl, 6), "icu_atl": round(after.atl, 6),
            "distance": course(session).unwrap_or(if by_power { 0.0 } else { round(totals.distance, 3) }),
            "joules": totals.joules, "joules_above_ftp": 0,
        }),
    );
    let more = match session.kind {
        Kind::Race(rank) => json!({
            "category": match rank { Rank::A => "RACE_A", Rank::B => "RACE_B", Rank::C => "RACE_C" },
            "workout_doc": {"steps": [], "duration": 0, "distance": 0, "options": {}, "locales": []},
        }),
        _ => json!({
            "category": "WORKOUT", "description": session.workout.text(),
            "workout_doc": session.workout.doc(threshold, person.lthr, resolve.then_some(Indoor(session.indoor))),
        }),
    };
    fill(&mut object, more);
    object
}

fn marked(person: &Person, day: NaiveDate, slot: u8, mark: &Mark) -> Map<String, Value> {
    let mut object = bare(person, day, slot, mark.days);
    let closed = matches!(mark.category, "SICK" | "HOLIDAY");
    fill(
        &mut object,
        json!({
            "category": mark.category, "name": mark.name, "description": mark.description, "color": "green",
            "training_availability": if closed { "UNAVAILABLE" } else { "NORMAL" },
        }),
    );
    object
}

/// Planned load of `day`, workouts and races together.
fn planned_load(person: &Person, day: NaiveDate) -> u32 {
    let sessions = plan(person, day).into_iter().filter(|session| session.planned);
    sessions
        .map(|one| one.workout.totals(threshold(person, day, one.workout.by)).load)
        .sum()
}

/// The cyclist's target of the week that begins on `monday`.
fn target(person: &Person, monday: NaiveDate) -> Map<String, Value> {
    let load: u32 = monday
        .iter_days()
        .take(7)
        .map(|day| planned_load(person, day))
        .sum();
    let mut object = bare(person, monday, TARGET_SLOT, 7);
    fill(
        &mut object,
        json!({
            "category": "TARGET", "name": "Week", "type": "Ride", "for_week": true,
            "load_target": (load + 5) / 10 * 10,
        }),
    );
    object
}

/// The seeded events of `day`, by id, before anything is known of how they went; `before` is the evening before.
pub(super) fn seeded(
    person: &Person,
    day: NaiveDate,
    before: Fitness,
    resolve: bool,
) -> Vec<Map<String, Value>> {
    if day < FIRST_DAY {
        return Vec::new();
    }
    let sessions = plan(person, day).into_iter().filter(|session| session.planned);
    let mut events: Vec<_> = sessions
        .map(|one| planned(person, day, &one, before, resolve))
        .collect();
    if day.weekday() == Weekday::Mon && person.build == Build::Cyclist {
        events.push(target(person, day));
    }
    let marks = marks(person, day);
    events.extend(
        (MARK_SLOT..)
            .zip(&marks)
            .map(|(slot, mark)| marked(person, day, slot, mark)),
    );
    events
}

/// Adds what `now` knows of how a seeded event went: the paired activity, or for plans ahead no fitness yet.
pub(super) fn settle(object: &mut Map<String, Value>, day: NaiveDate, history: &History, now: NaiveDateTime) {
    let paired = object["id"].as_i64().and_then(|id| history.of_event(id, now));
    object.insert("paired_activity_id".into(), json!(paired.map(|done| &done.id)));
    if day >= now.date() {
        object.insert("icu_ctl".into(), Value::Null);
        object.insert("icu_atl".into(), Value::Null);
    }
}

/// Whether `day` can have seeded events, seen from `today`.
pub(super) fn is_seeded(day: NaiveDate, today: NaiveDate) -> bool {
    day_number(day) >= 0 && day <= horizon(today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::sim::{people::PEOPLE, training::event_of};

    #[test]
    fn ids_are_unique_and_lead_back_to_their_day() {
        let mut seen = std::collections::BTreeSet::new();
        for person in &PEOPLE {
            for day in FIRST_DAY.iter_days().skip(700).take(60) {
                for event in seeded(person, day, Fitness::default(), false) {
                    let id = event["id"].as_i64().unwrap();
                    assert!(seen.insert(id), "{id} twice");
                    assert_eq!(event_of(person, id), Some(day));
                    assert!(CATEGORIES.contains(&event["category"].as_str().unwrap()));
                    assert!(
                        EVENT
                            .split_ascii_whitespace()
                            .all(|name| event.contains_key(name))
                    );
                }
            }
        }
        assert_eq!(event_of(&PEOPLE[0], 5), None);
    }

    #[test]
    fn plans_carry_text_doc_and_an_intensity_from_the_rounded_load() {
        let day = FIRST_DAY + Days::new(701);
        assert_eq!(day.weekday(), Weekday::Tue);
        let event = seeded(&PEOPLE[0], day, Fitness::default(), true).remove(0);
        assert_eq!(event["category"], "WORKOUT");
        assert_eq!(event["workout_doc"]["duration"], event["moving_time"]);
        let (load, secs) = (
            event["icu_training_load"].as_f64().unwrap(),
            event["moving_time"].as_f64().unwrap(),
        );
        assert!(
            (event["icu_intensity"].as_f64().unwrap() - 100.0 * (load * 36.0 / secs).sqrt()).abs() < 1e-4
        );
        assert!(event["description"].as_str().unwrap().contains("- "));
    }
}
