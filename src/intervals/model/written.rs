//! What a write sends to the calendar, and what is kept of an entry so that a write can be undone.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use serde_with::{apply, skip_serializing_none};

use super::{Event, event};
use crate::intervals::lenient::{Lenient, Object};

/// The fields of a calendar entry that a write may set: a closed set, because upstream refuses unknown ones. The same type is
/// a new entry, the changes of one, and what is kept of one. Never `workout_doc`: sent back, it loses the steps; and never
/// `uid`, which upstream ignores.
#[skip_serializing_none]
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EntryFields {
    /// `WORKOUT`, `RACE_A`, `NOTE` …
    pub(crate) category: Option<String>,
    /// Athlete-local; midnight means that no time is planned.
    #[serde(serialize_with = "to_the_second")]
    pub(crate) start_date_local: Option<NaiveDateTime>,
    /// Athlete-local, exclusive.
    #[serde(serialize_with = "to_the_second")]
    pub(crate) end_date_local: Option<NaiveDateTime>,
    /// Sport.
    #[serde(rename = "type")]
    pub(crate) sport: Option<String>,
    /// Title.
    pub(crate) name: Option<String>,
    /// The text of a workout, which upstream reads the steps from; or any other words.
    pub(crate) description: Option<String>,
    /// Indoors.
    pub(crate) indoor: Option<bool>,
    /// s; upstream computes it from steps.
    pub(crate) moving_time: Option<f64>,
    /// m; upstream computes it from steps.
    pub(crate) distance: Option<f64>,
    /// Planned load; upstream computes it from steps.
    pub(crate) icu_training_load: Option<f64>,
    /// `AUTO`, `POWER`, `HR`, `PACE`.
    pub(crate) target: Option<String>,
    /// `#rrggbb` or a name.
    pub(crate) color: Option<String>,
    /// Tags.
    pub(crate) tags: Option<Vec<String>>,
    /// g.
    pub(crate) carbs_per_hour: Option<f64>,
    /// For the whole week.
    pub(crate) for_week: Option<bool>,
    /// `COMMUTE`, `RACE` …
    pub(crate) sub_type: Option<String>,
    /// The key by which a push finds the entry that it wrote.
    pub(crate) external_id: Option<String>,
    /// Only coaches see it.
    pub(crate) hide_from_athlete: Option<bool>,
    /// Only coaches change it.
    pub(crate) athlete_cannot_edit: Option<bool>,
    /// Not on the fitness chart.
    pub(crate) not_on_fitness_chart: Option<bool>,
    /// Shown as a note.
    pub(crate) show_as_note: Option<bool>,
    /// Marked on the line of CTL.
    pub(crate) show_on_ctl_line: Option<bool>,
    /// Load to reach (`TARGET`).
    pub(crate) load_target: Option<f64>,
    /// s to reach (`TARGET`).
    pub(crate) time_target: Option<f64>,
    /// m to reach (`TARGET`).
    pub(crate) distance_target: Option<f64>,
    /// `NORMAL`, `LIMITED`, `UNAVAILABLE`.
    pub(crate) training_availability: Option<String>,
    /// s a day, if limited.
    pub(crate) max_training_time: Option<f64>,
    /// The possible sports, if limited.
    pub(crate) can_train_sports: Option<Vec<String>>,
    /// W (`SET_EFTP`). Of other entries it is upstream's own, and not read.
    pub(crate) icu_ftp: Option<f64>,
}

impl EntryFields {
    /// The day that the entry begins on.
    pub(crate) fn day(&self) -> Option<NaiveDate> {
        self.start_date_local.map(|start| start.date())
    }

    /// The last day of the entry.
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        Some(event::last_day(self.start_date_local?, self.end_date_local))
    }

    /// On how many days the entry is.
    pub(crate) fn days(&self) -> Option<i64> {
        Some((self.last_day()? - self.day()?).num_days() + 1)
    }

    /// Whether the entry is known to be none of the planned workouts.
    pub(crate) fn is_no_workout(&self) -> bool {
        self.category
            .as_deref()
            .is_some_and(|category| category != "WORKOUT")
    }

    /// An entry with these fields, as reads would show it.
    pub(crate) fn as_event(&self) -> Event {
        serde_json::from_value(self.body()).unwrap_or_default()
    }

    /// Whether nothing is set.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Upstream's names of the fields that are set.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let own = self.map();
        NAMES.into_iter().filter(|name| own.contains_key(*name)).collect()
    }

    /// The body of a request. Whole numbers are sent as such, because upstream has some of these fields as integers.
    pub(in crate::intervals) fn body(&self) -> Value {
        let whole = |value: Value| {
            let float = value
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            float.map_or(value, |number| Value::from(number as i64))
        };
        let fields = self.map().into_iter().map(|(name, value)| (name, whole(value)));
        Value::Object(fields.collect())
    }

    /// These fields with `changes` laid over them.
    pub(crate) fn with(&self, changes: &Self) -> Self {
        let mut all = self.map();
        all.extend(changes.map());
        Self::of(all)
    }

    /// Upstream's names of the fields in which the two differ; an empty text is none.
    pub(crate) fn differing(&self, other: &Self) -> Vec<&'static str> {
        let (own, other) = (self.map(), other.map());
        NAMES
            .into_iter()
            .filter(|name| said(own.get(*name)) != said(other.get(*name)))
            .collect()
    }

    /// Of the fields that are set here, those that `other` has otherwise.
    pub(crate) fn not_in(&self, other: &Self) -> Vec<&'static str> {
        let own = self.map();
        self.differing(other)
            .into_iter()
            .filter(|name| own.contains_key(*name))
            .collect()
    }

    /// Whether every field of `wanted` has the same value here.
    pub(crate) fn has_all_of(&self, wanted: &Self) -> bool {
        wanted.not_in(self).is_empty()
    }

    /// What must be written over these fields to get `wanted`. What is set here and nothing there becomes empty, as far as a
    /// value can say that: a text, a flag, a list.
    pub(crate) fn changes_to(&self, wanted: &Self) -> Self {
        let (own, other) = (self.map(), wanted.map());
        let changes = self.differing(wanted).into_iter().filter_map(|name| {
            let value = match (own.get(name), other.get(name)) {
                (_, Some(value)) => value.clone(),
                (Some(Value::String(_)), None) if !name.ends_with("_local") => Value::String(String::new()),
                (Some(Value::Bool(_)), None) => Value::Bool(false),
                (Some(Value::Array(_)), None) => Value::Array(Vec::new()),
                // Whether null empties a field is not known; 0 says that there is none.
                (Some(Value::Number(_)), None) => Value::from(0.0),
                _ => return None,
            };
            Some((name.to_owned(), value))
        });
        Self::of(changes.collect())
    }

    /// Of these fields, those whose names `wanted` takes.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut all = self.map();
        all.retain(|name, _| wanted(name));
        Self::of(all)
    }

    fn map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    fn of(map: Map<String, Value>) -> Self {
        serde_json::from_value(Value::Object(map)).unwrap_or_default()
    }
}

/// `YYYY-MM-DDTHH:MM:SS`: the form upstream accepts.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn to_the_second<S: Serializer>(moment: &Option<NaiveDateTime>, to: S) -> Result<S::Ok, S::Error> {
    let text = moment.map(|moment| moment.format("%Y-%m-%dT%H:%M:%S").to_string());
    text.serialize(to)
}

/// A value that says something: an empty text, an empty list, 0 and false say as much as none, and line ends are no difference.
fn said(value: Option<&Value>) -> Option<Value> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::String(text)) => {
            let text = text.replace("\r\n", "\n");
            let text = text.trim();
            (!text.is_empty()).then(|| Value::String(text.to_owned()))
        }
        Some(Value::Array(list)) if list.is_empty() => None,
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => None,
        // A number that was written down and read again may differ in its last bit.
        Some(Value::Number(number)) => number
            .as_f64()
            .map(|number| Value::from((number * 1000.0).round() / 1000.0)),
        Some(other) => Some(other.clone()),
    }
}

/// Fields that upstream computes, or that are laid down together with another one: nobody changes them by themselves.
pub(crate) const FOLLOWING: [&str; 5] = [
    "moving_time",
    "distance",
    "icu_training_load",
    "end_date_local",
    "external_id",
];

/// Upstream's names of all fields, in the order above.
const NAMES: [&str; 29] = [
    "category",
    "start_date_local",
    "end_date_local",
    "type",
    "name",
    "description",
    "indoor",
    "moving_time",
    "distance",
    "icu_training_load",
    "target",
    "color",
    "tags",
    "carbs_per_hour",
    "for_week",
    "sub_type",
    "external_id",
    "hide_from_athlete",
    "athlete_cannot_edit",
    "not_on_fitness_chart",
    "show_as_note",
    "show_on_ctl_line",
    "load_target",
    "time_target",
    "distance_target",
    "training_availability",
    "max_training_time",
    "can_train_sports",
    "icu_ftp",
];

impl Object for EntryFields {}

/// An entry as it stands on the calendar: what answers show, and what a write could set.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its id.
    pub(crate) id: i64,
    /// As reads show it.
    pub(crate) event: Event,
    /// As a write would set it.
    pub(crate) fields: EntryFields,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> EntryFields {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_names_are_those_of_the_fields() {
        let full: Map<String, Value> = NAMES
            .into_iter()
            .map(|name| {
                let value = match name {
                    "start_date_local" | "end_date_local" => json!("2026-12-03T00:00:00"),
                    "tags" | "can_train_sports" => json!(["x"]),
                    "indoor"
                    | "for_week"
                    | "hide_from_athlete"
                    | "athlete_cannot_edit"
                    | "not_on_fitness_chart"
                    | "show_as_note"
                    | "show_on_ctl_line" => json!(true),
                    "moving_time" | "distance" | "icu_training_load" | "carbs_per_hour" | "load_target"
                    | "time_target" | "distance_target" | "max_training_time" | "icu_ftp" => json!(1.0),
                    _ => json!("x"),
                };
                (name.to_owned(), value)
            })
            .collect();
        let read = fields(Value::Object(full.clone()));
        assert_eq!(read.names(), NAMES);
        assert_eq!(read.map(), full);
        let unknown = fields(json!({"workout_doc": {}, "uid": "x", "id": 7}));
        assert!(unknown.is_empty());
    }

    #[test]
    fn nothing_and_empty_say_the_same() {
        let empty = fields(json!({"description": " ", "indoor": false, "tags": [], "name": "a\r\nb"}));
        let none = fields(json!({"name": "a\nb"}));
        assert_eq!(empty.differing(&none), Vec::<&str>::new());
        assert!(none.has_all_of(&empty));
    }

    #[test]
    fn changes_lead_from_one_to_the_other() {
        let before = fields(
            json!({"name": "a", "description": "x", "moving_time": 60, "start_date_local": "2026-12-03T00:00:00"}),
        );
        let after = fields(json!({"name": "b", "indoor": true, "start_date_local": "2026-12-04T07:00:00"}));
        let changes = before.changes_to(&after);
        assert_eq!(
            changes.names(),
            ["start_date_local", "name", "description", "indoor", "moving_time"]
        );
        assert_eq!(changes.description.as_deref(), Some(""));
        let there = before.with(&changes);
        assert_eq!(there.differing(&after), Vec::<&str>::new());
        let back = there.changes_to(&before);
        assert_eq!(there.with(&back).differing(&before), Vec::<&str>::new());
    }

    fn odd() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            // Hundredths: with 17 digits, serde_json may lose the last bit each time it reads a number.
            (-1_000_000_000_i32..1_000_000_000)
                .prop_map(|hundredths| Value::from(f64::from(hundredths) / 100.0)),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(json!("2026-12-03T07:30:00.5+11:00")),
        ];
        leaf.prop_recursive(2, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_fields() -> impl Strategy<Value = EntryFields> {
        let key = prop_oneof![
            8 => prop::sample::select(NAMES.to_vec()),
            1 => Just("workout_doc"),
            1 => Just("uid"),
        ];
        prop::collection::btree_map(key, odd(), 0..20).prop_map(|map| {
            let map = map.into_iter().map(|(key, value)| (key.to_owned(), value));
            // Not `of`, which would hide a failure.
            fields(Value::Object(map.collect()))
        })
    }

    proptest! {
        #[test]
        fn what_is_kept_or_sent_reads_back(one in any_fields()) {
            let kept: EntryFields = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
            prop_assert_eq!(&kept.names(), &one.names());
            prop_assert!(kept.differing(&one).is_empty());
            let body = one.body();
            prop_assert!(body.as_object().unwrap().keys().all(|key| NAMES.contains(&key.as_str())));
            prop_assert!(fields(body).differing(&one).is_empty());
        }

        #[test]
        fn changes_leave_only_what_no_value_can_empty(one in any_fields(), other in any_fields()) {
            let changes = one.changes_to(&other);
            let there = one.with(&changes);
            prop_assert!(there.has_all_of(&other));
            let rest = there.differing(&other);
            let set = other.names();
            prop_assert!(rest.iter().all(|name| !set.contains(name)), "{:?}", rest);
            prop_assert!(one.differing(&other).len() >= changes.names().len());
            prop_assert!(one.changes_to(&one).is_empty());
            prop_assert_eq!(one.differing(&other), other.differing(&one));
            prop_assert!(one.with(&other).has_all_of(&other));
        }
    }
}
