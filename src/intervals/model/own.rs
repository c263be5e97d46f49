//! Fields of an activity that the athlete made: upstream sends each as one more key, its code, beside its own.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// More are an error in upstream's data.
const MOST: usize = 100;

/// Code and value of each field that has a value, in upstream's order. Empty for what is no object.
pub(crate) fn own_fields(body: &[u8]) -> Vec<(String, Value)> {
    serde_json::from_slice(body).map_or_else(|_| Vec::new(), |Own(fields)| fields)
}

/// Whether it is the code of a field that an athlete made (`[A-Z][A-Za-z0-9]+`). Upstream's own keys begin otherwise.
fn is_code(key: &str) -> bool {
    let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    key.len() <= 64 && key.starts_with(|c: char| c.is_ascii_uppercase()) && key.bytes().all(is_rest)
}

struct Own(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Own {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Own;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Own, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = object.next_key::<String>()? {
            if fields.len() == MOST || !is_code(&key) {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = serde_json::from_str(object.next_value::<&RawValue>()?.get()).unwrap_or_default();
            if has_value(&value) {
                fields.push((key, value));
            }
        }
        Ok(Own(fields))
    }
}

/// A number, a text, a choice or several: what a form can hold.
fn has_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Object(_) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => list.iter().any(|one| !one.is_array() && has_value(one)),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_athlete_made_and_filled_is_read() {
        let body = br#"{"id":"i1","Lactate":4.2,"name":"Ride","Fuel":" ","Bike":null,"Odd":{"a":1},"Shoes":["a","b"],
            "No-code":1,"Deep":[[1]],"Broken":1e999,"distance":1e999,"Done":false}"#;
        assert_eq!(
            own_fields(body),
            [
                ("Lactate".to_owned(), json!(4.2)),
                ("Shoes".to_owned(), json!(["a", "b"])),
                ("Done".to_owned(), json!(false)),
            ]
        );
        assert!(
            [&b"[]"[..], b"null", b"", b"7"]
                .iter()
                .all(|body| own_fields(body).is_empty())
        );
    }
}
