//! Reading JSON that may be odd: a value of the wrong type becomes `None`, an odd row is dropped and counted.
//!
//! Only ways of reading live here; what is read stands in [`super::model`].

mod nested;

use std::fmt;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::Error;
pub(super) use nested::{document, inner, nested};

/// No list of objects that we ask for is longer. An empty object is three bytes on the wire and up to some thousand in
/// memory, so without a bound one answer could fill it all.
pub(super) const MOST: usize = 20_000;

/// A list's rows, and how many were dropped because they were not readable as rows.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    pub(super) odd: usize,
}

/// Reads a JSON array whose elements are objects, each on its own, so that one odd row cannot spoil the others.
///
/// [`Error::Garbled`] when it is no array, when it has more than [`MOST`] rows, or when there are rows and none can be
/// read.
pub(super) fn rows<T: DeserializeOwned>(body: &[u8]) -> Result<Rows<T>, Error> {
    let raw = elements(body)?;
    let mut rows = Vec::with_capacity(raw.len());
    for row in &raw {
        if let Ok(Object(row)) = serde_json::from_str(row.get()) {
            rows.push(row);
        }
    }
    let odd = raw.len() - rows.len();
    if rows.is_empty() && odd > 0 {
        return Err(Error::Garbled);
    }
    Ok(Rows { rows, odd })
}

/// The elements of a JSON array, unread. [`Error::Garbled`] when it is none, or has more than [`MOST`].
pub(super) fn elements(body: &[u8]) -> Result<Vec<&RawValue>, Error> {
    let raw: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| Error::Garbled)?;
    if raw.len() > MOST {
        return Err(Error::Garbled);
    }
    Ok(raw)
}

/// Reads one JSON object; [`Error::Garbled`] when it is anything else.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let Object(value) = serde_json::from_slice(body).map_err(|_| Error::Garbled)?;
    Ok(value)
}

/// A JSON object and nothing else: a derived struct alone would take an array of its fields too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsObject<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for AsObject<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(AsObject(std::marker::PhantomData))
    }
}

/// Any JSON value, as far as a field can make use of it.
#[derive(Debug, Clone, PartialEq)]
enum Scalar {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    /// Null, a list or an object.
    Other,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Int(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Int(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
                Ok(Scalar::Text(value))
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }

        deserializer.deserialize_any(Anything)
    }
}

/// The largest whole number up to which every whole number is a float: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Scalar {
    #[expect(
        clippy::cast_precision_loss,
        reason = "measurements need no more than a float holds"
    )]
    fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Int(int) => *int as f64,
            Self::Float(float) => *float,
            Self::Text(text) => text.trim().parse().ok()?,
            Self::Bool(_) | Self::Other => return None,
        };
        number.is_finite().then_some(number)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "only whole floats within 2^53 are taken"
    )]
    fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(int) => i64::try_from(*int).ok(),
            Self::Float(float) => (float.fract() == 0.0 && float.abs() <= EXACT).then_some(*float as i64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(_) | Self::Other => None,
        }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Int(int) => Some(int.to_string()),
            Self::Float(float) => Some(float.to_string()),
            Self::Bool(_) | Self::Other => None,
        }
    }

    fn boolean(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(0) => Some(false),
            Self::Int(1) => Some(true),
            Self::Text(text) => text.trim().to_ascii_lowercase().parse().ok(),
            Self::Int(_) | Self::Float(_) | Self::Other => None,
        }
    }

    fn moment(&self) -> Option<Moment> {
        match self {
            Self::Text(text) => Moment::parse(text.trim()),
            _ => None,
        }
    }
}

/// A date with, perhaps, a time and an offset.
#[derive(Debug, Clone, Copy)]
struct Moment {
    date: NaiveDate,
    time: Option<NaiveTime>,
    /// East of UTC.
    offset: Option<Duration>,
}

impl Moment {
    /// `2026-11-18`, `2026-11-18T17:32`, `2026-11-18 17:32:05.118`, each with `Z`, `+01:00` or `+0100`, or without.
    fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
        let rest = text.get(10..)?;
        if rest.is_empty() {
            return Some(Self {
                date,
                time: None,
                offset: None,
            });
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
            Some(at) => (rest.get(..at)?, Some(offset(rest.get(at..)?)?)),
            None => (rest, None),
        };
        let time = ["%H:%M:%S%.f", "%H:%M"]
            .iter()
            .find_map(|form| NaiveTime::parse_from_str(clock, form).ok())?;
        Some(Self {
            date,
            time: Some(time),
            offset,
        })
    }

    /// The wall clock's reading, whatever offset stood beside it.
    fn local(self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or_default())
    }

    fn utc(self) -> Option<DateTime<Utc>> {
        let local = self.local();
        Some(
            local
                .checked_sub_signed(self.offset.unwrap_or_default())?
                .and_utc(),
        )
    }
}

fn offset(text: &str) -> Option<Duration> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Duration::zero());
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !(digits.len() == 2 || digits.len() == 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..).unwrap_or("").parse().unwrap_or(0);
    Some(Duration::minutes(sign * (hours * 60 + minutes)))
}

/// A list, or nothing when the value is no list. Each element is what it can be.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Scalar>>, D::Error> {
    struct AsList;

    impl<'de> Visitor<'de> for AsList {
        type Value = Option<Vec<Scalar>>;

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
            while let Some(element) = seq.next_element()? {
                out.push(element);
            }
            Ok(Some(out))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }

    deserializer.deserialize_any(AsList)
}

/// A finite number; also one written as text.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.number())
}

/// A whole number; also `3.0` and `"3"`.
pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.integer())
}

/// Text; a number becomes its digits, so that ids may come either way.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.text())
}

/// True or false; also 1, 0, `"true"`.
pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.boolean())
}

/// A date; a time behind it is left off.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?
        .moment()
        .map(|moment| moment.date))
}

/// A local date and time; a lone date is its midnight, an offset is not counted in.
pub(super) fn local<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDateTime>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.moment().map(Moment::local))
}

/// A moment; without an offset it is UTC.
pub(super) fn utc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.moment().and_then(Moment::utc))
}

/// Numbers by position (zone bounds): one odd element would shift the others, so it spoils the list.
pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f64>>, D::Error> {
    Ok(list(deserializer)?.and_then(|list| list.iter().map(Scalar::number).collect()))
}

/// Texts by position (zone names): one odd element spoils the list.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(list(deserializer)?.and_then(|list| list.into_iter().map(Scalar::text).collect()))
}

/// A set of words (tags, sports): odd elements are left out.
pub(super) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(list(deserializer)?.map(|list| list.into_iter().filter_map(Scalar::text).collect()))
}

/// Numbers by position of which some may be missing (curves): an odd element is a gap.
pub(super) fn gappy_numbers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Option<f64>>>, D::Error> {
    Ok(list(deserializer)?.map(|list| list.iter().map(Scalar::number).collect()))
}

/// Texts by position of which some may be missing: an odd element is a gap.
pub(super) fn gappy_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Option<String>>>, D::Error> {
    Ok(list(deserializer)?.map(|list| list.into_iter().map(Scalar::text).collect()))
}

/// Objects inside an object: odd ones are left out; nothing when the value is no list.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let elements: Option<Vec<&RawValue>> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(elements
        .filter(|elements| elements.len() <= MOST)
        .map(|elements| {
            elements
                .into_iter()
                .filter_map(|element| serde_json::from_str(element.get()).ok())
                .map(|Object(object)| object)
                .collect()
        }))
}

/// An object inside an object; nothing when it is none.
pub(super) fn maybe_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok().map(|Object(object)| object))
}

/// A recording: numbers by position, of which any may be missing. Nothing but a list gives an empty one. Long ones
/// are read without another copy beside them.
pub(super) fn samples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<f64>>, D::Error> {
    struct AsSamples;

    impl<'de> Visitor<'de> for AsSamples {
        type Value = Vec<Option<f64>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of numbers")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some(sample) = seq.next_element::<Scalar>()? {
                out.push(sample.number());
            }
            Ok(out)
        }
    }

    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    Ok(reader.deserialize_seq(AsSamples).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::intervals::model;

    fn activity(value: &Value) -> model::Activity {
        object(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn values_of_another_type_are_read_or_left_out() {
        let row = activity(&json!({
            "id": 19_900_112_233_u64, "icu_athlete_id": 2_049_151, "name": 7, "distance": "38200.5", "moving_time": 4500,
            "icu_training_load": "NaN", "average_heartrate": [1], "icu_rpe": {"a": 1}, "feel": true,
            "paired_event_id": "130000451", "trainer": 1, "race": "TRUE", "tags": ["a", null, 3, {}],
            "calories": null, "pool_length": "1e999", "sub_type": false
        }));
        assert_eq!(row.id.as_deref(), Some("19900112233"));
        assert_eq!(row.icu_athlete_id.as_deref(), Some("2049151"));
        assert_eq!(row.name.as_deref(), Some("7"));
        assert_eq!((row.distance, row.moving_time), (Some(38200.5), Some(4500.0)));
        assert_eq!((row.icu_training_load, row.average_heartrate), (None, None));
        assert_eq!((row.icu_rpe, row.feel, row.calories), (None, None, None));
        assert_eq!(row.paired_event_id, Some(130_000_451));
        assert_eq!((row.trainer, row.race), (Some(true), Some(true)));
        assert_eq!(row.tags, Some(vec!["a".to_owned(), "3".to_owned()]));
        assert_eq!((row.pool_length, row.sub_type), (None, None));
    }

    #[test]
    fn dates_come_in_many_coats() {
        let local = |text: &str| activity(&json!({ "start_date_local": text })).start_date_local;
        for text in [
            "2026-11-18T17:32:05",
            "2026-11-18 17:32:05",
            "2026-11-18T17:32:05Z",
            "2026-11-18T17:32:05.000+01:00",
            "2026-11-18T17:32:05-0800",
        ] {
            assert_eq!(local(text).unwrap().to_string(), "2026-11-18 17:32:05", "{text}");
        }
        assert_eq!(
            local("2026-11-18T17:32").unwrap().to_string(),
            "2026-11-18 17:32:00"
        );
        assert_eq!(local("2026-11-18").unwrap().to_string(), "2026-11-18 00:00:00");
        for text in [
            "",
            "2026-13-01",
            "18.11.2026",
            "2026-11-18Tnoon",
            "2026-11-18T17:32:05+x",
            "2026-11-1ü",
        ] {
            assert_eq!(local(text), None, "{text}");
        }
        let updated = |text: &str| {
            object::<model::SportSettings>(json!({ "updated": text }).to_string().as_bytes())
                .unwrap()
                .updated
        };
        for text in [
            "2026-10-30T18:02:55.000+00:00",
            "2026-10-30T20:02:55+0200",
            "2026-10-30T18:02:55",
        ] {
            assert_eq!(
                updated(text).unwrap().to_rfc3339(),
                "2026-10-30T18:02:55+00:00",
                "{text}"
            );
        }
    }

    #[test]
    fn one_odd_row_does_not_kill_the_list() {
        let body = br#"[{"id":"i1"},null,7,[],"x",{"id":"\ud800"},{"id":"i2","id":"i3"},{"id":"i4","x":1e999},{"id":"i5"}]"#;
        let Rows { rows, odd } = rows::<model::Activity>(body).unwrap();
        let ids: Vec<_> = rows.iter().filter_map(|row| row.id.as_deref()).collect();
        assert_eq!((ids, odd), (vec!["i1", "i4", "i5"], 6));
    }

    #[test]
    fn what_is_no_list_of_objects_is_garbled() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "null",
            "{}",
            "<html>",
            "[1,2]",
            "[{\"id\":\"i1\"}",
            "[] []",
            "\u{feff}[]",
            &deep,
        ] {
            assert_eq!(
                rows::<model::Activity>(body.as_bytes()).map(|r| r.odd),
                Err(Error::Garbled),
                "{body:.20}"
            );
        }
        for body in ["", "null", "[]", "\"x\"", "[\"i1\",\"Ana\"]", "{\"id\":"] {
            assert!(object::<model::Athlete>(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(rows::<model::Activity>(b"[]").unwrap().rows.len(), 0);
    }

    #[test]
    fn a_list_longer_than_any_real_one_is_none() {
        let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert_eq!(
            rows::<model::Activity>(list(MOST).as_bytes()).unwrap().rows.len(),
            MOST
        );
        assert_eq!(
            rows::<model::Activity>(list(MOST + 1).as_bytes()).map(|rows| rows.odd),
            Err(Error::Garbled)
        );
        let sports = |count: usize| {
            let body = format!(r#"{{"id":"i1","sportSettings":{}}}"#, list(count));
            let athlete: model::Athlete = object(body.as_bytes()).unwrap();
            athlete.sport_settings.map(|sports| sports.len())
        };
        assert_eq!((sports(MOST), sports(MOST + 1)), (Some(MOST), None));
        let steps = |count: usize| {
            let body = format!(r#"{{"steps":{}}}"#, list(count));
            let workout: model::calendar::Workout = object(body.as_bytes()).unwrap();
            workout.count()
        };
        assert_eq!((steps(MOST), steps(MOST + 1)), (MOST, 0));
    }

    #[test]
    fn lists_in_objects_may_be_null_or_odd() {
        let settings =
            |value: &Value| -> model::SportSettings { object(value.to_string().as_bytes()).unwrap() };
        assert_eq!(settings(&json!({"power_zones": null})).power_zones, None);
        assert_eq!(
            settings(&json!({"power_zones": [55, null, 90]})).power_zones,
            None
        );
        assert_eq!(
            settings(&json!({"power_zones": [55, "75", 90.5]})).power_zones,
            Some(vec![55.0, 75.0, 90.5])
        );
        assert_eq!(settings(&json!({"types": "Ride"})).types, None);
        let athlete: model::Athlete =
            object(br#"{"id":"i1","sportSettings":[null,{"ftp":"246"},3,{"ftp":{"deep":[1]}}]}"#).unwrap();
        let ftps: Vec<_> = athlete.sport_settings.unwrap().iter().map(|s| s.ftp).collect();
        assert_eq!(ftps, [Some(246.0), None]);
        let athlete: model::Athlete = object(br#"{"id":"i1","sportSettings":{"a":1}}"#).unwrap();
        assert!(athlete.sport_settings.is_none());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|\\+[0-9]{4})?)?"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    const FIELDS: [&str; 12] = [
        "id",
        "icu_athlete_id",
        "athlete_id",
        "start_date_local",
        "name",
        "distance",
        "moving_time",
        "tags",
        "race",
        "paired_event_id",
        "ctl",
        "rampRate",
    ];

    fn any_row() -> impl Strategy<Value = Value> {
        let field = prop::sample::select(FIELDS.as_slice()).prop_map(str::to_owned);
        prop_oneof![
            4 => prop::collection::hash_map(field, any_json(), 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            1 => any_json(),
        ]
    }

    proptest! {
        /// Whatever the fields hold: every object is a row, nothing else is, and no number is endless.
        #[test]
        fn every_object_is_a_row(list in prop::collection::vec(any_row(), 0..8)) {
            let objects = list.iter().filter(|row| row.is_object()).count();
            let body = Value::from(list.clone()).to_string();
            match rows::<model::Activity>(body.as_bytes()) {
                Ok(read) => {
                    prop_assert_eq!(read.rows.len(), objects);
                    prop_assert_eq!(read.odd, list.len() - objects);
                    for row in read.rows {
                        prop_assert!(row.distance.is_none_or(f64::is_finite));
                    }
                }
                Err(_) => prop_assert!(objects == 0 && !list.is_empty()),
            }
            let wellness = rows::<model::Wellness>(body.as_bytes());
            prop_assert_eq!(wellness.map_or(0, |read| read.rows.len()), objects);
            let events = rows::<model::Event>(body.as_bytes());
            prop_assert_eq!(events.map_or(0, |read| read.rows.len()), objects);
        }

        /// No bytes at all make a reader panic.
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = rows::<model::Activity>(&body);
            let _ = rows::<model::Wellness>(&body);
            let _ = object::<model::Athlete>(&body);
        }

        /// A profile and its sports read whatever their fields hold.
        #[test]
        fn every_object_is_a_profile(values in prop::collection::vec(any_json(), 9), sport in any_json()) {
            let names = ["id", "name", "sex", "timezone", "measurement_preference", "weight_pref_lb", "icu_weight"];
            let mut profile: serde_json::Map<String, Value> =
                names.iter().map(|name| (*name).to_owned()).zip(values.clone()).collect();
            let of_sport = ["types", "ftp", "lthr", "max_hr", "hr_zones", "power_zones", "threshold_pace", "updated", "pace_units"];
            let sports = of_sport.iter().map(|name| (*name).to_owned()).zip(values);
            profile.insert("sportSettings".to_owned(), json!([Value::Object(sports.collect()), sport]));
            let read = object::<model::Athlete>(Value::Object(profile).to_string().as_bytes()).unwrap();
            prop_assert!(read.icu_weight.is_none_or(f64::is_finite));
        }

        /// A number survives, whether it comes as a number or as text.
        #[test]
        fn numbers_survive(number in -1.0e9_f64..1.0e9) {
            let plain = activity(&json!({ "distance": number })).distance.unwrap();
            let quoted = activity(&json!({ "distance": number.to_string() })).distance.unwrap();
            prop_assert!((plain - number).abs() < 1e-6 && (quoted - number).abs() < 1e-6);
        }
    }
}
