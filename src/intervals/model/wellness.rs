//! Values derived from a wellness day's fields: numbers, and whether they were measured on that day.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Wellness, sane};

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

/// Fields under their names. A name that stands there twice is an error, as it is in rows whose fields are all known.
pub(super) fn read_once<'de, D: Deserializer<'de>>(json: D) -> Result<Map<String, Value>, D::Error> {
    json.deserialize_map(Once)
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = object.next_entry::<String, Value>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands there twice"));
            }
        }
        Ok(fields)
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
    use serde_json::json;

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
