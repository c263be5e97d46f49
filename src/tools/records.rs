//! What is said of a change of a wellness day, an activity or the settings of a sport: the names of its fields, and their values
//! before and after with their units.

pub(crate) mod activity;
mod day;
pub(crate) mod sport;

use serde_json::Value;

use super::{
    answer::{
        units,
        words::{around, joined},
    },
    entries,
};
use crate::{
    guard::{Units, journal::KeptRecord},
    intervals::model::{EntryFields, RecordId, Values, record::same},
};

/// One field of a record before and after a change, in words; empty where it was or is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    /// `resting HR`
    pub(crate) label: String,
    /// `46 bpm`
    pub(crate) before: String,
    /// `44 bpm`
    pub(crate) after: String,
}

impl Changed {
    /// `resting HR 46 → 44 bpm`, `weight not set → 61.2 kg`
    pub(crate) fn in_words(&self) -> String {
        let side = |text: &str| {
            if text.is_empty() {
                "not set".to_owned()
            } else {
                text.to_owned()
            }
        };
        format!("{} {} → {}", self.label, side(&self.before), side(&self.after))
    }

    /// `weight 61.4 kg`, `gear not set`
    pub(crate) fn as_it_stands(&self) -> String {
        let after = if self.after.is_empty() {
            "not set"
        } else {
            &self.after
        };
        format!("{} {after}", self.label)
    }
}

/// Each field that a change is about, in the order in which people look for them.
pub(crate) fn changed(record: &KeptRecord, own: Units) -> Vec<Changed> {
    between(&record.of, &record.context, (&record.before, &record.after), own)
}

/// The same, of the fields that `after` names.
pub(crate) fn between(
    of: &RecordId,
    context: &Values,
    (before, after): (&Values, &Values),
    own: Units,
) -> Vec<Changed> {
    let mut names: Vec<&str> = after.names().collect();
    names.sort_by_key(|name| place(of, name));
    let one = |name: &str| Changed {
        label: label(of, name),
        before: shown(of, name, before.get(name), context, own),
        after: shown(of, name, after.get(name), context, own),
    };
    names.into_iter().map(one).collect()
}

/// `2026-11-28 Sat`, `Run «Morning run» 2026-11-20 Fri`, `settings of Ride, VirtualRide`
pub(crate) fn title(record: &KeptRecord) -> String {
    match &record.of {
        RecordId::Day(day) => joined(["wellness", &units::date(*day)], " "),
        RecordId::Activity(_) => record.name.clone(),
        RecordId::Sport(_) => around("settings of", &record.name, ""),
    }
}

/// What an entry of the calendar is and has besides its name, if it is no workout: `holiday, until 2026-12-28 Mon, unavailable`.
pub(crate) fn of_entry(fields: &EntryFields, own: Units) -> String {
    let event = fields.as_event();
    if event.is_workout() {
        return String::new();
    }
    let last = fields.last_day().filter(|last| Some(*last) != fields.day());
    let until = last.map_or_else(String::new, |last| format!("until {}", units::date(last)));
    let way = units::distance_in_words(fields.distance.filter(|metres| *metres > 0.0), own, 1);
    joined(
        [entries::what(&event), until, way]
            .into_iter()
            .chain(entries::figures(&event, own))
            .chain([entries::availability(&event)]),
        ", ",
    )
}

/// The name that people use for a field.
pub(crate) fn label(of: &RecordId, name: &str) -> String {
    match of {
        RecordId::Day(_) => day::label(name),
        RecordId::Activity(_) => activity::label(name),
        RecordId::Sport(_) => sport::label(name),
    }
}

/// A value with its unit; empty for none.
pub(crate) fn shown(of: &RecordId, name: &str, value: &Value, context: &Values, own: Units) -> String {
    if same(value, &Value::Null) && !value.is_boolean() {
        return String::new();
    }
    match of {
        RecordId::Day(_) => day::shown(name, value, own),
        RecordId::Activity(_) => activity::shown(name, value),
        RecordId::Sport(_) => sport::shown(name, value, context, own),
    }
}

/// Fields that upstream works out from some of these.
pub(crate) fn following(of: &RecordId, sent: &Values) -> &'static [&'static str] {
    match of {
        RecordId::Activity(_) => activity::following(sent),
        RecordId::Day(_) | RecordId::Sport(_) => &[],
    }
}

fn place(of: &RecordId, name: &str) -> usize {
    match of {
        RecordId::Day(_) => day::place(name),
        RecordId::Activity(_) => activity::place(name),
        RecordId::Sport(_) => sport::place(name),
    }
}
