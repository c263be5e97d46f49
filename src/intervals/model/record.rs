//! What stands at an address of its own and is changed in place: a wellness day, a finished activity, the settings of a group
//! of sports. Nothing of it is made or deleted by a write; only some fields change.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ids::ActivityId, intervals::Area};

/// The address of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordId {
    /// A wellness day: `/athlete/{id}/wellness/{date}`.
    Day(NaiveDate),
    /// A finished activity: `/activity/{id}`.
    Activity(ActivityId),
    /// The settings of a group of sports: `/athlete/{id}/sport-settings/{id}`.
    Sport(i64),
}

impl RecordId {
    /// The area that must be shared for changing it.
    pub(crate) const fn area(&self) -> Area {
        match self {
            Self::Day(_) => Area::Wellness,
            Self::Activity(_) => Area::Activity,
            Self::Sport(_) => Area::Settings,
        }
    }

    /// What is sent to empty a field that has this value. Of an activity a number is emptied by -1, as upstream's maintainer says;
    /// elsewhere null is all that could. Whether it did is known only once it was read back.
    pub(crate) fn empties(&self, name: &str, value: &Value) -> Value {
        match (self, name, value) {
            // Any word that is no sport is refused.
            (Self::Activity(_), "type", _) => Value::Null,
            (Self::Activity(_), _, Value::Number(_)) => Value::from(-1),
            (_, _, Value::String(_)) => Value::from(""),
            (_, _, Value::Array(_)) => Value::Array(Vec::new()),
            (_, _, Value::Bool(_)) => Value::Bool(false),
            _ => Value::Null,
        }
    }
}

/// Fields of a record under upstream's names, in upstream's units. Null is a field that is known to be empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// The value of a field; null if there is none.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// A number; None for anything else.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).as_f64()
    }

    /// A text; empty for anything else.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// Sets a field.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Whether there is no field.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of its fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Its fields.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The values here of the fields that `other` names; null where there is none.
    pub(crate) fn of_the_fields_of(&self, other: &Self) -> Self {
        let value = |name: &String| (name.clone(), self.get(name).clone());
        Self(other.0.keys().map(value).collect())
    }

    /// These fields with those of `other` laid over them.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let mut all = self.0.clone();
        all.extend(other.0.clone());
        Self(all)
    }

    /// Whether it has this field, with whatever value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Only the fields whose names `wanted` takes.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| wanted(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Of the fields that are set here, those that `other` has otherwise.
    pub(crate) fn not_in(&self, other: &Self) -> Vec<&str> {
        self.iter()
            .filter(|(name, value)| !same(value, other.get(name)))
            .map(|(name, _)| name)
            .collect()
    }

    /// The body of a request: whole numbers as such, because upstream has some of these fields as integers.
    pub(in crate::intervals) fn body(&self) -> serde_json::Map<String, Value> {
        self.iter()
            .map(|(name, value)| (name.to_owned(), whole(value)))
            .collect()
    }
}

impl FromIterator<(String, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// A record as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its address.
    pub(crate) id: RecordId,
    /// Its fields.
    pub(crate) values: Values,
}

/// Fields of an activity that are read for a change: those that may be written, what follows from them, and what tells which
/// activity it is.
pub(crate) const ACTIVITY: [&str; 24] = [
    "name",
    "description",
    "type",
    "feel",
    "icu_rpe",
    "session_rpe",
    "tags",
    "carbs_ingested",
    "gear",
    "sub_type",
    "race",
    "commute",
    "icu_ignore_time",
    "icu_ignore_power",
    "icu_ignore_hr",
    "ignore_velocity",
    "ignore_pace",
    "paired_event_id",
    "source",
    "_note",
    "start_date_local",
    "moving_time",
    "distance",
    "perceived_exertion",
];

/// Fields of the settings of a group of sports that are read for a change.
pub(crate) const SPORT: [&str; 18] = [
    "types",
    "other",
    "ftp",
    "indoor_ftp",
    "w_prime",
    "p_max",
    "power_zones",
    "power_zone_names",
    "lthr",
    "max_hr",
    "hr_zones",
    "hr_zone_names",
    "threshold_pace",
    "pace_units",
    "pace_zones",
    "pace_zone_names",
    "load_order",
    "updated",
];

/// Whether two values say the same: upstream keeps numbers with 24 bits, ends lines in its own way, and has empty texts and
/// lists and false where others have nothing. An object, such as a piece of gear, is its id.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (said(one), said(other)) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (
                one.as_f64().unwrap_or(f64::NAN),
                other.as_f64().unwrap_or(f64::NAN),
            );
            (one - other).abs() <= 1e-5 * one.abs().max(other.abs())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| same(one, other))
        }
        (one, other) => one == other,
    }
}

/// The value without differences that say nothing.
fn said(value: &Value) -> Value {
    match value {
        Value::Bool(false) => Value::Null,
        Value::String(text) => {
            let text = text.replace("\r\n", "\n");
            match text.trim() {
                "" => Value::Null,
                text => Value::from(text),
            }
        }
        Value::Array(list) if list.is_empty() => Value::Null,
        Value::Object(object) => object.get("id").map_or(Value::Null, said),
        other => other.clone(),
    }
}

/// A whole number as an integer, also within a list.
fn whole(value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(whole).collect()),
        value => {
            let number = value
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            number.map_or_else(|| value.clone(), |number| Value::from(number as i64))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: Value) -> Values {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        for (one, other) in [
            (json!(61.2), json!(61.200_001)),
            (json!(2), json!(2.0)),
            (json!(""), json!(null)),
            (json!([]), json!(null)),
            (json!(false), json!(null)),
            (json!(" a\r\nb"), json!("a\nb ")),
            (json!({"id": "b1", "name": "Bike"}), json!({"id": "b1"})),
            (json!([55, 75.0]), json!([55.0, 75])),
            (json!(0), json!(0.0)),
        ] {
            assert!(same(&one, &other) && same(&other, &one), "{one} {other}");
        }
        for (one, other) in [
            (json!(0), json!(null)),
            (json!(61.2), json!(61.3)),
            (json!(3.3898), json!(3.3784)),
            (json!("a"), json!("b")),
            (json!(true), json!(null)),
            (json!([1]), json!([1, 2])),
            (json!({"id": "b1"}), json!(null)),
            (json!(-1), json!(null)),
        ] {
            assert!(!same(&one, &other) && !same(&other, &one), "{one} {other}");
        }
    }

    #[test]
    fn only_named_fields_are_compared_and_kept() {
        let there = values(json!({"weight": 61.2, "soreness": 2, "hrv": 70}));
        let wanted = values(json!({"weight": 61.2, "soreness": 3, "steps": 100}));
        assert_eq!(wanted.not_in(&there), ["soreness", "steps"]);
        assert_eq!(
            there.of_the_fields_of(&wanted),
            values(json!({"weight": 61.2, "soreness": 2, "steps": null}))
        );
        assert_eq!(
            Value::Object(values(json!({"a": 61.0, "b": [55.0, 75.5]})).body()),
            json!({"a": 61, "b": [55, 75.5]})
        );
    }

    #[test]
    fn an_address_is_read_as_it_was_written() {
        for (id, text) in [
            (
                RecordId::Day("2026-11-28".parse().unwrap()),
                r#"{"day":"2026-11-28"}"#,
            ),
            (RecordId::Sport(7), r#"{"sport":7}"#),
            (RecordId::Activity("i7".parse().unwrap()), r#"{"activity":"i7"}"#),
        ] {
            assert_eq!(serde_json::to_string(&id).unwrap(), text);
            assert_eq!(serde_json::from_str::<RecordId>(text).unwrap(), id);
        }
    }
}
