//! Objects inside objects, read while they stream by.
//!
//! Unlike [`super::objects`], which starts a new reader for each element, this keeps within the one reader and so within
//! its bound of nesting: lists that hold themselves (the steps of a repeat) cannot exhaust the stack.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::{MOST, Object};

/// An object, or nothing when the value is anything else.
struct Inner<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Inner<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsInner(PhantomData))
    }
}

struct AsInner<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AsInner<T> {
    type Value = Inner<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_unit<E>(self) -> Result<Inner<T>, E> {
        Ok(Inner(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Inner<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Inner(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inner<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Inner(Some(value)))
    }
}

struct AsList<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AsList<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Inner(element)) = seq.next_element()? {
            if out.len() == MOST {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            out.extend(element);
        }
        Ok(Some(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// An object inside an object.
pub(in crate::intervals) fn inner<'de, D, T>(deserializer: D) -> Result<Option<Box<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Inner::deserialize(deserializer).map(|Inner(value)| value.map(Box::new))
}

/// A list of objects that may hold such lists themselves. Elements that are no objects are left out; nothing
/// when it is longer than [`MOST`].
pub(in crate::intervals) fn nested<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(AsList(PhantomData))
}

/// A document inside a row, read on its own: what is wrong in it (nested beyond all measure, a key twice) leaves the row
/// without it and spoils nothing else.
pub(in crate::intervals) fn document<'de, D, T>(deserializer: D) -> Result<Option<Box<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let document: Option<Object<T>> = serde_json::from_str(raw.get()).ok();
    Ok(document.map(|Object(document)| Box::new(document)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::object;
    use crate::intervals::model::calendar::CalendarEvent;

    fn event(doc: &str) -> CalendarEvent {
        object(format!(r#"{{"id": 7, "name": "x", "workout_doc": {doc}}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn steps_nest_and_odd_ones_are_left_out() {
        let doc = json!({"duration": "no", "ftp": 246, "steps": [
            null, 3, "x", [1], true, 2.5,
            {"reps": 2, "steps": [{"duration": 60, "power": {"value": 55, "units": "%ftp"}}, {"reps": 3, "steps": [{"duration": 1}]}]},
            {"duration": "30", "power": [1], "hr": "x", "pace": null, "steps": {"a": 1}},
        ]});
        let doc = event(&doc.to_string()).workout_doc.unwrap();
        let steps = doc.steps.unwrap();
        assert_eq!((doc.ftp, steps.len()), (Some(246.0), 2));
        let inner = steps[0].steps.as_ref().unwrap();
        assert_eq!(inner[0].power.as_ref().unwrap().value, Some(55.0));
        assert_eq!(inner[1].steps.as_ref().unwrap().len(), 1);
        assert_eq!(steps[1].duration, Some(30.0));
        assert!(steps[1].power.is_none() && steps[1].hr.is_none() && steps[1].steps.is_none());
    }

    #[test]
    fn a_document_that_cannot_be_read_costs_only_itself() {
        for depth in [200, 100_000] {
            let deep = format!("{}{}", r#"{"steps":["#.repeat(depth), "]}".repeat(depth));
            let event = event(&deep);
            assert_eq!((event.id, event.name.as_deref()), (Some(7), Some("x")));
            assert!(event.workout_doc.is_none());
        }
        for odd in ["null", "[]", "3", "\"text\"", r#"{"ftp":1,"ftp":2}"#] {
            assert!(event(odd).workout_doc.is_none(), "{odd}");
        }
        let sixteen = format!("{}{}", r#"{"steps":["#.repeat(16), "]}".repeat(16));
        assert!(event(&sixteen).workout_doc.is_some());
        assert!(serde_json::from_str::<Value>(&sixteen).is_ok());
    }
}
