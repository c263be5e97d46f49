//! Values derived from a wellness day's fields: numbers, and whether they were measured on that day.

use std::{fmt, mem::size_of, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;

use super::{Wellness, sane};
use crate::intervals::lenient::Element;

/// Totals of a day, which can be 0.
const TOTALS: &[&str] = &[
    "steps",
    "kcalConsumed",
    "carbohydrates",
    "protein",
    "fatTotal",
    "hydrationVolume",
];

/// Whether a field is a total of the day: it can be 0, and grows until the day is over.
pub(crate) fn is_total(key: &str) -> bool {
    TOTALS.contains(&key)
}

/// Upstream's own fields, in order: their names take no memory in each day.
const NAMES: [&str; 46] = [
    "abdomen",
    "atl",
    "atlLoad",
    "avgSleepingHR",
    "baevskySI",
    "bloodGlucose",
    "bodyFat",
    "carbohydrates",
    "comments",
    "ctl",
    "ctlLoad",
    "diastolic",
    "fatTotal",
    "fatigue",
    "hrv",
    "hrvSDNN",
    "hydration",
    "hydrationVolume",
    "id",
    "injury",
    "kcalConsumed",
    "lactate",
    "locked",
    "menstrualPhase",
    "menstrualPhasePredicted",
    "mood",
    "motivation",
    "protein",
    "rampRate",
    "readiness",
    "respiration",
    "restingHR",
    "sleepQuality",
    "sleepScore",
    "sleepSecs",
    "soreness",
    "spO2",
    "sportInfo",
    "steps",
    "stress",
    "systolic",
    "tempRestingHR",
    "tempWeight",
    "updated",
    "vo2max",
    "weight",
];

/// The fields of a day besides those of the fitness model, under upstream's names. Clones share them: a range of months is read
/// from the cache again and again.
#[derive(Debug, Clone, Default)]
pub struct Rest(Arc<Vec<(Name, Value)>>);

/// A field's name.
#[derive(Debug, Clone)]
enum Name {
    /// One of [`NAMES`].
    Known(&'static str),
    /// Any other, such as that of the athlete's own field.
    Other(Box<str>),
}

impl Name {
    fn of(name: &str) -> Self {
        match NAMES.binary_search(&name) {
            Ok(at) => Self::Known(NAMES[at]),
            Err(_) => Self::Other(name.into()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Other(name) => name,
        }
    }
}

impl Rest {
    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        // Of few names, most of other lengths: faster than halving.
        let found = self.0.iter().find(|(other, _)| other.as_str() == name);
        found.map(|(_, value)| value)
    }

    /// The names of all fields, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Drops these fields.
    pub(in crate::intervals) fn forget(&mut self, names: &[&str]) {
        let fields = Arc::make_mut(&mut self.0);
        fields.retain(|(name, _)| !names.contains(&name.as_str()));
        fields.shrink_to_fit();
    }

    /// Estimated bytes in memory.
    pub(in crate::intervals) fn weight(&self) -> usize {
        let fields = self.0.iter().map(|(name, value)| {
            let name = match name {
                Name::Known(_) => 0,
                Name::Other(name) => name.len() + OF_AN_ALLOCATION,
            };
            size_of::<(Name, Value)>() + name + weight_of(value)
        });
        fields.sum::<usize>() + 2 * OF_AN_ALLOCATION
    }
}

/// What an allocation takes besides its bytes.
const OF_AN_ALLOCATION: usize = 16;

/// Estimated bytes of what a value holds.
fn weight_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + OF_AN_ALLOCATION,
        Value::Array(all) => {
            let held = all.iter().map(|one| size_of::<Value>() + weight_of(one));
            held.sum::<usize>() + OF_AN_ALLOCATION
        }
        // The nodes of a map have room for eleven fields.
        Value::Object(all) => {
            let held = all
                .iter()
                .map(|(name, one)| name.len() + OF_AN_ALLOCATION + weight_of(one));
            let nodes = all.len().div_ceil(11) * 11 * (size_of::<String>() + size_of::<Value>());
            held.sum::<usize>() + nodes + OF_AN_ALLOCATION
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Any row that is an object. A name that stands there twice is an error. Upstream sends most of its own fields as null, which
/// says as much as leaving them out.
///
/// By hand, because a derived reader keeps each unnamed field in a form of its own first, and this is most of what upstream sends.
impl<'de> Deserialize<'de> for Wellness {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Row)
    }
}

struct Row;

impl<'de> Visitor<'de> for Row {
    type Value = Wellness;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Wellness, A::Error> {
        let mut day = Wellness::default();
        let mut fields = Vec::new();
        while let Some(name) = object.next_key::<Name>()? {
            let value = match name.as_str() {
                "id" => {
                    day.id = object.next_value::<Element<_>>()?.0;
                    Value::Null
                }
                "ctl" => model_figure(&mut object, &mut day.ctl)?,
                "atl" => model_figure(&mut object, &mut day.atl)?,
                "rampRate" => model_figure(&mut object, &mut day.ramp_rate)?,
                "ctlLoad" => model_figure(&mut object, &mut day.ctl_load)?,
                "atlLoad" => model_figure(&mut object, &mut day.atl_load)?,
                _ => object.next_value()?,
            };
            fields.push((name, value));
        }
        fields.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        if fields
            .windows(2)
            .any(|two| two[0].0.as_str() == two[1].0.as_str())
        {
            return Err(A::Error::custom("a name stands there twice"));
        }
        fields.retain(|(name, value)| !(value.is_null() && matches!(name, Name::Known(_))));
        fields.shrink_to_fit();
        day.rest = Rest(Arc::new(fields));
        Ok(day)
    }
}

/// Reads a figure into its place; what is left of it among the other fields is nothing.
fn model_figure<'de, A: MapAccess<'de>>(object: &mut A, place: &mut Option<f64>) -> Result<Value, A::Error> {
    *place = object.next_value::<Element<f64>>()?.0;
    Ok(Value::Null)
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_str(AName)
    }
}

struct AName;

impl Visitor<'_> for AName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(Name::of(name))
    }
}

impl Wellness {
    /// The number under upstream's name, in whichever form it was sent, if it was measured on that day: a value carried
    /// over from an earlier day does not count, nor does a 0 of what cannot be 0. Nothing can be below 0: -1 takes a value
    /// away.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let value = self.rest.get(key)?;
        let number = sane(value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()))?;
        let carried_over = match key {
            "weight" => self.is_marked("tempWeight"),
            "restingHR" => self.is_marked("tempRestingHR"),
            _ => false,
        };
        (!carried_over && (number > 0.0 || number == 0.0 && is_total(key))).then_some(number)
    }

    /// The day's whole training load, as the fitness model counts it: the greater of what CTL and ATL count, because an
    /// account can count a sport for one of them only. Today's may hold load that is only planned.
    pub(crate) fn load(&self) -> Option<f64> {
        let (ctl, atl) = self.loads()?;
        Some(ctl.max(atl))
    }

    /// The day's training load as CTL and as ATL counts it; the same twice where only one was sent. A load is never negative.
    pub(crate) fn loads(&self) -> Option<(f64, f64)> {
        let load = |value| sane(value).filter(|load| *load >= 0.0);
        let (ctl, atl) = (load(self.ctl_load), load(self.atl_load));
        Some((ctl.or(atl)?, atl.or(ctl)?))
    }

    fn is_marked(&self, mark: &str) -> bool {
        self.rest.get(mark).and_then(Value::as_bool).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    fn day(fields: Value) -> Wellness {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn a_field_that_stands_there_twice_spoils_the_day() {
        let read = |text: &str| serde_json::from_str::<Wellness>(text).ok();
        let once = read(r#"{"id":"2026-11-28","ctl":50,"restingHR":48}"#);
        assert_eq!(once.and_then(|day| day.number("restingHR")), Some(48.0));
        for twice in [
            r#"{"id":"2026-11-28","restingHR":48,"restingHR":61}"#,
            r#"{"id":"2026-11-28","Sauna":1,"hrv":60,"Sauna":1}"#,
            r#"{"id":"2026-11-28","ctl":50,"ctl":51}"#,
        ] {
            assert!(read(twice).is_none(), "{twice}");
        }
    }

    #[test]
    fn known_names_stand_in_order() {
        assert!(NAMES.is_sorted());
    }

    proptest! {
        #[test]
        fn every_field_is_found_under_its_name(
            fields in prop::collection::btree_map("[A-Za-z]{1,6}", any::<Option<i32>>(), 0..40),
            known in prop::collection::btree_map(prop::sample::select(&NAMES[..]), any::<Option<i32>>(), 0..40),
        ) {
            let mut all: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, json!(value))).collect();
            all.extend(known.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
            for own in ["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad"] {
                all.remove(own);
            }
            let day = day(Value::Object(all.clone()));
            for (name, value) in &all {
                let is_left_out = value.is_null() && NAMES.contains(&name.as_str());
                prop_assert_eq!(day.rest.get(name), (!is_left_out).then_some(value));
            }
            prop_assert!(day.rest.names().all(|name| all.contains_key(name)));
            let mut less = day.rest.clone();
            less.forget(&["hrv"]);
            prop_assert!(less.get("hrv").is_none() && less.weight() <= day.rest.weight());
            prop_assert_eq!(day.rest.get("hrv"), all.get("hrv").filter(|value| !value.is_null()));
        }
    }

    #[test]
    fn carried_over_values_were_not_measured() {
        let measured = day(json!({"weight": 64.2, "restingHR": "45", "tempWeight": false}));
        assert_eq!(
            (measured.number("weight"), measured.number("restingHR")),
            (Some(64.2), Some(45.0))
        );
        let carried =
            day(json!({"weight": 64.2, "restingHR": 45, "tempWeight": true, "tempRestingHR": true}));
        assert_eq!(
            (carried.number("weight"), carried.number("restingHR")),
            (None, None)
        );
    }

    #[test]
    fn a_zero_counts_only_where_it_can_be() {
        let day = day(
            json!({"hrv": 0, "hrvSDNN": 0.0, "restingHR": "0", "weight": 0, "sleepSecs": 0, "spO2": 0, "soreness": 0,
            "steps": 0, "kcalConsumed": "0"}),
        );
        for key in [
            "hrv",
            "hrvSDNN",
            "restingHR",
            "weight",
            "sleepSecs",
            "spO2",
            "soreness",
        ] {
            assert_eq!(day.number(key), None, "{key}");
        }
        assert_eq!(
            (day.number("steps"), day.number("kcalConsumed")),
            (Some(0.0), Some(0.0))
        );
    }

    #[test]
    fn nothing_is_below_zero() {
        let day = day(json!({"hrv": -1, "restingHR": "-1", "weight": -0.5, "soreness": -1, "steps": -1}));
        for key in ["hrv", "restingHR", "weight", "soreness", "steps"] {
            assert_eq!(day.number(key), None, "{key}");
        }
    }

    #[test]
    fn a_day_has_one_load_of_two_parts() {
        assert_eq!(day(json!({"ctlLoad": 80, "atlLoad": 70})).load(), Some(80.0));
        assert_eq!(day(json!({"ctlLoad": 0, "atlLoad": 40})).load(), Some(40.0));
        assert_eq!(
            day(json!({"ctlLoad": 0, "atlLoad": 40})).loads(),
            Some((0.0, 40.0))
        );
        assert_eq!(day(json!({"atlLoad": 70})).loads(), Some((70.0, 70.0)));
        assert_eq!(day(json!({"ctlLoad": "odd"})).load(), None);
    }
}
