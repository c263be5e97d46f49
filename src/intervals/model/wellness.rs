//! Values derived from a wellness day's fields: numbers, and whether they were measured on that day.

use serde_json::Value;

use super::{Wellness, sane};

impl Wellness {
    /// The number under upstream's name, in whichever form it was sent.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let value = self.rest.get(key)?;
        sane(value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()))
    }

    /// The day's training load, as used by the fitness model.
    pub(crate) fn load(&self) -> Option<f64> {
        sane(self.ctl_load).or(sane(self.atl_load))
    }

    /// kg measured on the day; a value carried over from an earlier day does not count.
    pub(crate) fn weight(&self) -> Option<f64> {
        self.number("weight").filter(|_| !self.is_marked("tempWeight"))
    }

    /// bpm measured on the day; a value carried over from an earlier day does not count.
    pub(crate) fn resting_hr(&self) -> Option<f64> {
        self.number("restingHR")
            .filter(|_| !self.is_marked("tempRestingHR"))
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
    fn carried_over_values_were_not_measured() {
        let measured = day(json!({"weight": 64.2, "restingHR": "45", "tempWeight": false}));
        assert_eq!(
            (measured.weight(), measured.resting_hr()),
            (Some(64.2), Some(45.0))
        );
        let carried =
            day(json!({"weight": 64.2, "restingHR": 45, "tempWeight": true, "tempRestingHR": true}));
        assert_eq!((carried.weight(), carried.resting_hr()), (None, None));
        assert_eq!(carried.number("weight"), Some(64.2));
    }

    #[test]
    fn a_day_has_one_load() {
        assert_eq!(day(json!({"ctlLoad": 80, "atlLoad": 70})).load(), Some(80.0));
        assert_eq!(day(json!({"atlLoad": 70})).load(), Some(70.0));
        assert_eq!(day(json!({"ctlLoad": "odd"})).load(), None);
    }
}
