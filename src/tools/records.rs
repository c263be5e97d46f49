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
    text::fenced,
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
        let before = without_scale(&self.before, &self.after);
        format!("{} {} → {}", self.label, side(&before), side(&self.after))
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

/// The first of two steps of a scale without what the second one says: `2 avg` beside `3/4 high (1 best)`, `6` beside `7/10`.
fn without_scale(before: &str, after: &str) -> String {
    let (Some(step), Some(same_scale)) = (Step::of(before), Step::of(after)) else {
        return before.to_owned();
    };
    if (step.most, step.best) == (same_scale.most, same_scale.best) {
        joined([step.number, step.word], " ")
    } else {
        before.to_owned()
    }
}

/// A step of a scale in its parts: `2`, `4`, `avg`, `(1 best)`.
struct Step<'a> {
    number: &'a str,
    most: &'a str,
    word: &'a str,
    best: &'a str,
}

impl<'a> Step<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (number, rest) = text.split_once('/')?;
        let (most, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (word, best) = rest.find('(').map_or((rest, ""), |at| rest.split_at(at));
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (is_number(number) && ["4", "5", "10"].contains(&most)).then_some(Self {
            number,
            most,
            word: word.trim(),
            best,
        })
    }
}

/// Characters of a text that are shown.
const TEXT: usize = 200;
/// Decimals beyond the usual ones by which two figures may be told apart.
const FINEST: u8 = 4;
/// Characters before the first one that differs.
const LEAD: usize = 12;

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
    let one = |name: &str| {
        let (before, after) = apart(of, name, (before.get(name), after.get(name)), context, own);
        Changed {
            label: label(of, name),
            before,
            after,
        }
    };
    names.into_iter().map(one).collect()
}

/// `2026-11-28 Sat`, `Run «Morning run» 2026-11-20 Fri`, `settings of Ride and 6 more`
pub(crate) fn title(record: &KeptRecord) -> String {
    match &record.of {
        RecordId::Day(day) => joined(["wellness", &units::date(*day)], " "),
        RecordId::Activity(_) => record.name.clone(),
        RecordId::Sport(_) => around("settings of", &sport::title(&record.name, &record.context), ""),
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

/// Whether an undo of a change from `before` to `after` can restore anything: where nothing was set, no number of a day can be emptied,
/// and no gear taken off an activity.
pub(crate) fn restores(of: &RecordId, before: &Values, after: &Values) -> bool {
    let stays = |(name, value): &(&str, &Value)| {
        let is_stuck = match of {
            RecordId::Day(_) => value.is_number(),
            RecordId::Activity(_) => value.is_object(),
            RecordId::Sport(_) => false,
        };
        is_stuck && same(before.get(name), &Value::Null)
    };
    !after.iter().all(|field| stays(&field))
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
    finely(of, name, value, context, own, 0)
}

/// The same with so many decimals more.
fn finely(of: &RecordId, name: &str, value: &Value, context: &Values, own: Units, more: u8) -> String {
    if same(value, &Value::Null) && !value.is_boolean() {
        return String::new();
    }
    match of {
        RecordId::Day(_) => day::shown(name, value, own, more),
        RecordId::Activity(_) => activity::shown(name, value, more),
        RecordId::Sport(_) => sport::shown(name, value, context, own, more),
    }
}

/// Two values side by side: what is not the same looks different.
pub(crate) fn apart(
    of: &RecordId,
    name: &str,
    (one, other): (&Value, &Value),
    context: &Values,
    own: Units,
) -> (String, String) {
    let both = |more: u8| {
        (
            finely(of, name, one, context, own, more),
            finely(of, name, other, context, own, more),
        )
    };
    let plain = both(0);
    if plain.0 != plain.1 || same(one, other) {
        return plain;
    }
    if let Some((one, other)) = one.as_str().zip(other.as_str()) {
        return texts_apart(one, other);
    }
    (1..=FINEST)
        .map(both)
        .find(|(one, other)| one != other)
        .unwrap_or(plain)
}

/// Texts that begin alike, from where they differ.
fn texts_apart(one: &str, other: &str) -> (String, String) {
    let alike = one
        .chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other);
    let skipped = alike.count().saturating_sub(LEAD);
    let rest = |text: &str| {
        let rest: String = text.chars().skip(skipped).collect();
        let dots = if skipped > 0 { "…" } else { "" };
        format!("{dots}{}", fenced(&rest, TEXT))
    };
    let (one, other) = (rest(one), rest(other));
    if one == other {
        (one, format!("{other} with other line breaks or spaces"))
    } else {
        (one, other)
    }
}

/// Whether figures that are not the same are so alike that an athlete sees no difference: what upstream rounded.
pub(crate) fn looks_the_same(
    of: &RecordId,
    name: &str,
    (one, other): (&Value, &Value),
    context: &Values,
    own: Units,
) -> bool {
    let is_figure = |value: &Value| match value {
        Value::Array(list) => list.iter().all(Value::is_number),
        value => value.is_number(),
    };
    same(one, other)
        || is_figure(one)
            && is_figure(other)
            && shown(of, name, one, context, own) == shown(of, name, other, context, own)
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
