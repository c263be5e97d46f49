//! Values derived from a wellness day's fields: numbers, and whether they were measured on that day.

use serde_json::Value;

use super::{Wellness, sane};

impl Wellness {
    /// The number under upstream's name, in whichever form it was sent.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let value = self.rest.get(key)?;
        sane(value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()))
    }

    /// The day's whole training load, as the fitness model counts it: the greater of what CTL and ATL count, because an
    /// account can count a sport for one of them only. Today's may hold load that is only planned.
    pub(crate) fn load(&self) -> Option<f64> {
        let (ctl, atl) = self.loads()?;
        Some(ctl.max(atl))
    }

    /// The day's training load as CTL and as ATL counts it; the same twice where only one was sent.
    pub(crate) fn loads(&self) -> Option<(f64, f64)> {
        let (ctl, atl) = (sane(self.ctl_load), sane(self.atl_load));
        Some((ctl.or(atl)?, atl.or(ctl)?))
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
