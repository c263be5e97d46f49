//! Which points of the curves to show: those that the caller named, or the usual ones.

use super::scale::Scale;
use crate::{
    tool_error::ToolError,
    tools::{
        answer::words::sentence,
        arguments::Arguments,
        params::{Numbers, Param},
    },
    training::curves::{self, Asked},
};

/// How many points a caller may name.
const MOST: usize = 20;

/// The points that the caller named: `durations` (s) or `distances` (m), whichever fits the metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::tools) struct Marks {
    durations: Vec<f64>,
    distances: Vec<f64>,
}

/// `durations`.
pub(in crate::tools) const DURATIONS: Param = Param::numbers(
    "durations",
    Numbers {
        most: MOST,
        from: 1.0,
        to: 864_000.0,
        wanted: "must be a list of up to 20 durations in seconds, such as [5, 300]",
        whole: true,
    },
    "Seconds, for power and hr",
);
/// `distances`.
pub(in crate::tools) const DISTANCES: Param = Param::numbers(
    "distances",
    Numbers {
        most: MOST,
        from: 1.0,
        to: 10_000_000.0,
        wanted: "must be a list of up to 20 distances in metres, such as [1000, 5000]",
        whole: false,
    },
    "Metres, for pace",
);

impl Marks {
    pub(in crate::tools) fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        Ok(Self {
            durations: arguments.numbers("durations")?,
            distances: arguments.numbers("distances")?,
        })
    }

    /// The points to show, and a line about requested ones that the curves lack.
    pub(in crate::tools) fn pick(&self, scale: Scale, all: &[f64], full: bool) -> (Vec<f64>, String) {
        let (wanted, other) = if scale.metric.by_distance() {
            (
                &self.distances,
                "durations go with power and hr, distances with pace",
            )
        } else {
            (
                &self.durations,
                "distances go with pace, durations with power and hr",
            )
        };
        if wanted.is_empty() {
            let ignored = !self.durations.is_empty() || !self.distances.is_empty();
            let note = if ignored {
                format!("Shown at the usual points: {other}.")
            } else {
                String::new()
            };
            return (scale.usual(all, full), note);
        }
        let mut shown = Vec::new();
        let mut notes = Vec::new();
        for wanted in wanted {
            let name = scale.mark(*wanted);
            match curves::asked(all, *wanted) {
                Asked::There(at) => shown.push(at),
                Asked::Nearest(at) => {
                    shown.push(at);
                    notes.push(format!("{name} (nearest: {})", scale.mark(at)));
                }
                Asked::Beyond => notes.push(format!("{name} (beyond the curve)")),
            }
        }
        let note = sentence("Not among intervals.icu's points:", &notes.join(", "));
        (curves::axis(shown), note)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::{
        guard::Units,
        tools::{
            curves::{Metric, tests::subject},
            samples::today,
        },
    };

    #[test]
    fn named_points_are_shown_or_listed_as_missing() {
        let marks = |given: Value| {
            let given: Map<String, Value> = given.as_object().unwrap().clone();
            Marks::read(&Arguments::new(given, &[DURATIONS, DISTANCES], today()).unwrap()).unwrap()
        };
        let scale = Scale::of(&subject("Ride", Metric::Power), Units::default());
        let all = [5.0, 60.0, 300.0];
        assert_eq!(
            marks(json!({"durations": [60, 70, 3600]})).pick(scale, &all, false),
            (
                vec![60.0],
                "Not among intervals.icu's points: 1:10 min (nearest: 1 min), 60 min (beyond the curve)."
                    .to_owned()
            )
        );
        let (shown, note) = marks(json!({"distances": [1000]})).pick(scale, &all, false);
        assert_eq!(shown, all);
        assert!(note.contains("distances go with pace"), "{note}");
        assert_eq!(
            marks(json!({})).pick(scale, &all, true),
            (all.to_vec(), String::new())
        );
    }
}
