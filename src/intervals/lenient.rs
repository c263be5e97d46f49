//! Reads JSON that may be odd: a value of the wrong type becomes `None`; an odd row or object is left out and counted
//! ([`watched`]).
//!
//! How to read is here; what to read is in [`super::model`]. The fields of a model are optional, and one line above the
//! struct makes each of them be read by its type:
//! `#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]`.

mod moment;

use std::{cell::RefCell, collections::BTreeMap, fmt, marker::PhantomData};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::Error;
use moment::Moment;

/// No list of objects that we request is longer. An empty object has three bytes on the wire and up to a few thousand in
/// memory, so without a bound one answer could use it all.
pub(super) const MOST: usize = 20_000;

/// What kind of thing was left out: its name for one and for several.
pub(crate) type Nouns = [&'static str; 2];

/// Most of what stands within a row or an answer, unless it has a name.
const PART: Nouns = ["part of an answer", "parts of an answer"];
const FIGURE: Nouns = ["figure", "figures"];
const ZONES: Nouns = ["list of zones", "lists of zones"];
pub(super) const ZONE_TIME: Nouns = ["time in a zone", "times in zones"];
pub(super) const CHANNEL: Nouns = ["recorded channel", "recorded channels"];

/// Whether this is not a row but stands within one, which is shown and counted without it.
pub(crate) fn is_part(nouns: &Nouns) -> bool {
    [PART, FIGURE, ZONES, ZONE_TIME, CHANNEL].contains(nouns)
}

/// Why something that was sent is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// It could not be read.
    Unreadable,
    /// It came twice, and the first one differs.
    Differing,
}

/// How many of each kind were left out.
pub(super) type LeftOut = BTreeMap<(Odd, Nouns), usize>;

thread_local! {
    /// What [`watched`] has seen left out so far. Reading is not asynchronous, so it stays on its thread.
    static SEEN: RefCell<LeftOut> = const { RefCell::new(LeftOut::new()) };
}

/// Reads, and tells what was left out while reading, however deep inside.
pub(super) fn watched<T>(read: impl FnOnce() -> T) -> (T, LeftOut) {
    SEEN.take();
    let value = read();
    (value, SEEN.take())
}

/// Counts what is left out because it could not be read.
pub(super) fn leave_out(nouns: Nouns, count: usize) {
    count_odd(Odd::Unreadable, nouns, count);
}

/// Counts what is left out.
pub(super) fn count_odd(why: Odd, nouns: Nouns, count: usize) {
    if count > 0 {
        SEEN.with_borrow_mut(|seen| *seen.entry((why, nouns)).or_default() += count);
    }
}

/// A list's rows, and how many were dropped because they could not be read as rows.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    pub(super) odd: usize,
}

/// Reads a JSON array of objects, each separately, so that one odd row cannot spoil the others.
///
/// [`Error::Garbled`] if it is not an array, or if it has rows and none can be read; [`Error::TooLarge`] if it has more than
/// [`MOST`].
pub(super) fn rows<T: DeserializeOwned>(body: &[u8]) -> Result<Rows<T>, Error> {
    rows_by(body, object)
}

/// [`rows`], each read by `read`.
pub(super) fn rows_by<T>(body: &[u8], read: impl Fn(&[u8]) -> Result<T, Error>) -> Result<Rows<T>, Error> {
    let found = rows_or_odd(body, read)?;
    if found.rows.is_empty() && found.odd > 0 {
        return Err(Error::Garbled);
    }
    Ok(found)
}

/// The same for a caller that tells how many are odd: it may be all, as long as one of them is an object.
pub(super) fn rows_or_odd<T>(
    body: &[u8],
    read: impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<Rows<T>, Error> {
    let raw: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| Error::Garbled)?;
    if raw.len() > MOST {
        return Err(Error::TooLarge);
    }
    let mut rows = Vec::with_capacity(raw.len());
    rows.extend(raw.iter().filter_map(|row| read(row.get().as_bytes()).ok()));
    if !raw.is_empty() && raw.iter().all(|row| !row.get().starts_with('{')) {
        return Err(Error::Garbled);
    }
    let odd = raw.len() - rows.len();
    Ok(Rows { rows, odd })
}

/// Reads one JSON object; [`Error::Garbled`] for anything else.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // A derived struct would also accept an array of its fields.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Error::Garbled);
    }
    serde_json::from_slice(body).map_err(|_| Error::Garbled)
}

/// The type of a field. A shape of JSON that the type does not accept is read as `None`.
pub(super) trait Lenient: Sized {
    /// What it is called when it is left out.
    const NOUNS: Nouns = FIGURE;

    /// The value, or `None` if it is something else. An error only for what no JSON reader accepts, such as half a
    /// surrogate pair or a number beyond every float; it spoils whatever contains the field.
    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Self>, D::Error> {
        in_place(json)
    }

    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_whole(_: i128) -> Option<Self> {
        None
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Reads a value with the reader of what contains it.
fn in_place<'de, D: Deserializer<'de>, T: Lenient>(json: D) -> Result<Option<T>, D::Error> {
    json.deserialize_any(Anything(PhantomData))
}

/// Reads a value with a reader of its own: an error in it costs only the value itself.
pub(super) fn alone<'de, D: Deserializer<'de>, T: Lenient>(json: D) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(json)?;
    let read = in_place(&mut serde_json::Deserializer::from_str(raw.get()));
    Ok(read.unwrap_or_else(|_| {
        leave_out(T::NOUNS, 1);
        None
    }))
}

/// Passes each shape to its reader. Ignored values are neither kept nor followed into their depth.
struct Anything<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for Anything<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Option<T>, E> {
        Ok(T::from_bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Option<T>, E> {
        Ok(T::from_whole(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Option<T>, E> {
        Ok(T::from_whole(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Option<T>, E> {
        Ok(T::from_float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Option<T>, E> {
        Ok(T::from_text(value))
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        T::from_object(object)
    }
}

/// A finite number, or one written as text.
impl Lenient for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "measurements need no more precision than a float has"
    )]
    fn from_whole(value: i128) -> Option<Self> {
        Some(value as Self)
    }

    fn from_float(value: Self) -> Option<Self> {
        value.is_finite().then_some(value)
    }

    fn from_text(value: &str) -> Option<Self> {
        value.trim().parse().ok().and_then(Self::from_float)
    }
}

/// A whole number; also `3.0` and `"3"`.
impl Lenient for i64 {
    fn from_whole(value: i128) -> Option<Self> {
        value.try_into().ok()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "only whole floats within 2^53 are accepted"
    )]
    fn from_float(value: f64) -> Option<Self> {
        /// Up to 2^53 every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as Self)
    }

    fn from_text(value: &str) -> Option<Self> {
        value.trim().parse().ok()
    }
}

/// Text; a number becomes its digits, so that ids can have either form.
impl Lenient for String {
    fn from_whole(value: i128) -> Option<Self> {
        Some(value.to_string())
    }

    fn from_float(value: f64) -> Option<Self> {
        Some(value.to_string())
    }

    fn from_text(value: &str) -> Option<Self> {
        Some(value.to_owned())
    }
}

/// True or false; also 1, 0, `"true"`.
impl Lenient for bool {
    fn from_bool(value: Self) -> Option<Self> {
        Some(value)
    }

    fn from_whole(value: i128) -> Option<Self> {
        match value {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn from_text(value: &str) -> Option<Self> {
        value.trim().to_ascii_lowercase().parse().ok()
    }
}

/// A date; a time after it is ignored.
impl Lenient for NaiveDate {
    fn from_text(value: &str) -> Option<Self> {
        Some(Moment::parse(value.trim())?.date)
    }
}

/// A local date and time; a date alone is its midnight, an offset is ignored.
impl Lenient for NaiveDateTime {
    fn from_text(value: &str) -> Option<Self> {
        Some(Moment::parse(value.trim())?.local())
    }
}

/// A moment; without an offset it is UTC.
impl Lenient for DateTime<Utc> {
    fn from_text(value: &str) -> Option<Self> {
        Moment::parse(value.trim())?.utc()
    }
}

/// An element of a list, or a value that a reader takes by hand.
pub(super) struct Element<T>(pub(super) Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        T::read(json).map(Self)
    }
}

/// Passes on each element of a list, an odd one as `None`.
fn each<'de, A: SeqAccess<'de>, T: Lenient>(
    mut list: A,
    mut take: impl FnMut(Option<T>),
) -> Result<(), A::Error> {
    while let Some(Element(value)) = list.next_element()? {
        take(value);
    }
    Ok(())
}

/// Values by position, of which some may be missing (curves, zone names): an odd element is a gap.
impl<T: Lenient> Lenient for Vec<Option<T>> {
    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut values = Self::new();
        each(list, |value| values.push(value))?;
        Ok(Some(values))
    }
}

/// What stands where an object or a list should be, and is neither that nor null, is left out.
macro_rules! nothing_else {
    () => {
        fn from_bool(_: bool) -> Option<Self> {
            leave_out(<Self as Lenient>::NOUNS, 1);
            None
        }

        fn from_whole(_: i128) -> Option<Self> {
            leave_out(<Self as Lenient>::NOUNS, 1);
            None
        }

        fn from_float(_: f64) -> Option<Self> {
            leave_out(<Self as Lenient>::NOUNS, 1);
            None
        }

        fn from_text(_: &str) -> Option<Self> {
            leave_out(<Self as Lenient>::NOUNS, 1);
            None
        }
    };
}

/// So is an object where a list should be.
macro_rules! no_object {
    () => {
        fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
            leave_out(<Self as Lenient>::NOUNS, 1);
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    };
}

/// Numbers by position (bounds of zones, times in them): one odd element would shift the others, so the list is left out.
impl Lenient for Vec<f64> {
    const NOUNS: Nouns = ZONES;

    nothing_else!();
    no_object!();

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut numbers = Self::new();
        let mut spoilt = false;
        each(list, |number| match number {
            Some(number) => numbers.push(number),
            None => spoilt = true,
        })?;
        // A list of nothing but nulls is none.
        leave_out(
            <Self as Lenient>::NOUNS,
            usize::from(spoilt && !numbers.is_empty()),
        );
        Ok((!spoilt).then_some(numbers))
    }
}

/// A set of words (tags, sports): odd elements are left out.
impl Lenient for Vec<String> {
    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        let mut words = Self::new();
        each(list, |word| words.extend(word))?;
        Ok(Some(words))
    }
}

/// An object inside an object.
pub(super) trait Object: DeserializeOwned {
    /// Whether it shares the reader of what contains it, and so that reader's limit of nesting. Objects that can contain
    /// themselves must share it, or they could exhaust the stack. Any other object has its own reader, so that an error in
    /// it (such as a key twice) costs only the object.
    const IN_PLACE: bool = false;
    /// What it is called when it is left out.
    const NOUNS: Nouns = PART;
}

impl<T: Object> Object for Box<T> {
    const IN_PLACE: bool = T::IN_PLACE;
    const NOUNS: Nouns = T::NOUNS;
}

impl<T: Object> Lenient for T {
    const NOUNS: Nouns = <T as Object>::NOUNS;

    nothing_else!();

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        leave_out(<Self as Lenient>::NOUNS, 1);
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Self>, D::Error> {
        if Self::IN_PLACE {
            in_place(json)
        } else {
            alone(json)
        }
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Some)
    }
}

/// Objects: odd ones are left out; None if there are more than [`MOST`].
impl<T: Object> Lenient for Vec<T> {
    const NOUNS: Nouns = <T as Object>::NOUNS;

    nothing_else!();
    no_object!();

    fn read<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Self>, D::Error> {
        if T::IN_PLACE { in_place(json) } else { alone(json) }
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut objects = Self::new();
        while let Some(Element(object)) = list.next_element()? {
            if objects.len() == MOST {
                leave_out(<Self as Lenient>::NOUNS, MOST);
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            objects.extend(object);
        }
        Ok(Some(objects))
    }
}

/// A recording: numbers by position, any of which may be missing. Empty if it is not a list or a broken one, which is then left
/// out. It takes no more memory than its samples.
pub(super) fn samples<'de, D: Deserializer<'de>>(json: D) -> Result<Vec<Option<f64>>, D::Error> {
    let found: Option<Samples> = alone(json)?;
    let mut samples = found.map_or_else(Vec::new, |Samples(samples)| samples);
    samples.shrink_to_fit();
    Ok(samples)
}

struct Samples(Vec<Option<f64>>);

impl Lenient for Samples {
    const NOUNS: Nouns = CHANNEL;

    nothing_else!();
    no_object!();

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(Vec::<Option<f64>>::from_list(list)?.map(Self))
    }
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
        assert_eq!((row.rpe(), row.feel, row.calories), (None, None, None));
        assert_eq!(row.paired_event_id, Some(130_000_451));
        assert_eq!((row.trainer, row.race), (Some(true), Some(true)));
        assert_eq!(row.tags, Some(vec!["a".to_owned(), "3".to_owned()]));
        assert_eq!((row.pool_length, row.sub_type), (None, None));
    }

    #[test]
    fn dates_come_in_many_forms() {
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
    fn one_odd_row_does_not_spoil_the_list() {
        let body = br#"[{"id":"i1"},null,7,[],"x",{"id":"\ud800"},{"id":"i2","id":"i3"},{"id":"i4","x":1e999},{"id":"i5"}]"#;
        let Rows { rows, odd } = rows::<model::Activity>(body).unwrap();
        let ids: Vec<_> = rows.iter().filter_map(|row| row.id.as_deref()).collect();
        assert_eq!((ids, odd), (vec!["i1", "i4", "i5"], 6));
    }

    /// In a plain value, it costs the whole row, because what else is wrong with the row is unknown.
    #[test]
    fn an_error_inside_an_object_costs_only_the_object() {
        let detail = |field: &str| {
            let body = format!(r#"{{"id":"i1",{field}}}"#);
            model::ActivityDetail::from_json(body.as_bytes()).ok()
        };
        let laps =
            detail(r#""icu_intervals":[{"zone":1,"zone":2},{"zone":"\ud800"},{"zone":1e999},{"zone":3}]"#);
        let laps = laps.and_then(|detail| detail.icu_intervals).unwrap();
        assert_eq!(laps.iter().map(|lap| lap.zone).collect::<Vec<_>>(), [Some(3.0)]);
        for broken in ["1e999", r#""\ud800""#, r#"{"name":1,"name":2}"#] {
            for field in ["icu_intervals", "gear", "icu_zone_times"] {
                let detail = detail(&format!(r#""{field}":{broken}"#)).unwrap();
                assert!(
                    detail.icu_intervals.is_none() && detail.gear.is_none(),
                    "{field}: {broken}"
                );
                assert!(detail.activity.power_zone_times.is_none(), "{field}: {broken}");
            }
        }
        for broken in [
            r#""name":"\ud800""#,
            r#""distance":1e999"#,
            r#""tags":["\ud800"]"#,
            r#""id":"i2""#,
        ] {
            assert!(detail(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn depth_is_harmless_wherever_it_is() {
        let deep = |open: &str, close: &str| open.repeat(100_000) + "1" + &close.repeat(100_000);
        for deep in [
            deep("[", "]"),
            deep(r#"{"steps":"#, "}"),
            deep(r#"[{"secs":"#, "}]"),
        ] {
            let fields: Vec<String> = FIELDS[1..]
                .iter()
                .map(|name| format!(r#""{name}":{deep}"#))
                .collect();
            let body = format!(r#"[{{"id":"1",{}}}]"#, fields.join(","));
            let activity = rows::<model::Activity>(body.as_bytes()).unwrap();
            let row = &activity.rows[0];
            assert_eq!(
                (row.id.as_deref(), row.name.as_deref(), row.distance),
                (Some("1"), None, None)
            );
            let event = rows::<model::Event>(body.as_bytes()).unwrap();
            assert_eq!((event.rows[0].id, event.rows[0].indoor), (Some(1), None));
            let detail = rows_by(body.as_bytes(), model::ActivityDetail::from_json).unwrap();
            assert!(detail.rows[0].analyzed.is_none());
        }
    }

    #[test]
    fn anything_but_a_list_of_objects_is_garbled() {
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
            Err(Error::TooLarge)
        );
        let sports = |count: usize| {
            let body = format!(r#"{{"id":"i1","sportSettings":{}}}"#, list(count));
            let athlete: model::Athlete = object(body.as_bytes()).unwrap();
            athlete.sport_settings.map(|sports| sports.len())
        };
        assert_eq!((sports(MOST), sports(MOST + 1)), (Some(MOST), None));
        let steps = |count: usize| {
            let body = format!(r#"{{"steps":{}}}"#, list(count));
            let workout: crate::workout::doc::Doc = object(body.as_bytes()).unwrap();
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

    const FIELDS: [&str; 20] = [
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
        "indoor",
        "workout_doc",
        "push_errors",
        "icu_zone_times",
        "icu_hr_zone_times",
        "icu_intervals",
        "gear",
        "analyzed",
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
        /// Whatever the fields contain: every object is a row, nothing else is, and every number is finite.
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
            let details = rows_by(body.as_bytes(), model::ActivityDetail::from_json);
            prop_assert_eq!(details.map_or(0, |read| read.rows.len()), objects);
        }

        /// No bytes make a reader panic.
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = rows::<model::Activity>(&body);
            let _ = rows::<model::Wellness>(&body);
            let _ = object::<model::Athlete>(&body);
        }

        /// A profile and its sports can be read whatever their fields contain.
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

        /// A number survives as a number and as text.
        #[test]
        fn numbers_survive(number in -1.0e9_f64..1.0e9) {
            let plain = activity(&json!({ "decoupling": number })).decoupling.unwrap();
            let quoted = activity(&json!({ "decoupling": number.to_string() })).decoupling.unwrap();
            prop_assert!((plain - number).abs() < 1e-6 && (quoted - number).abs() < 1e-6);
        }
    }
}
