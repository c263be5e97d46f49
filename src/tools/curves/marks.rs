//! Which points of the curves are shown: those that were asked for by name, or the usual ones.

use serde_json::{Value, json};

use super::scale::Scale;
use crate::{
    tool_error::ToolError,
    tools::arguments::Arguments,
    training::curves::{self, Asked},
};

/// Points that a caller may name.
const MOST: usize = 20;

/// The points that were asked for by name: `durations` (s) or `distances` (m), whichever fits the metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::tools) struct Marks {
    durations: Vec<f64>,
    distances: Vec<f64>,
}

impl Marks {
    pub(in crate::tools) const NAMES: [&'static str; 2] = ["durations", "distances"];

    pub(in crate::tools) fn properties() -> [(&'static str, Value); 2] {
        [
            (
                "durations",
                json!({"type": "array", "items": {"type": "integer"}, "description": "Seconds, for power and hr"}),
            ),
            (
                "distances",
                json!({"type": "array", "items": {"type": "number"}, "description": "Metres, for pace"}),
            ),
        ]
    }

    pub(in crate::tools) fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        Ok(Self {
            durations: arguments.numbers(
                "durations",
                MOST,
                1.0..=864_000.0,
                "write a list of up to 20 durations in seconds, such as [5, 300]",
            )?,
            distances: arguments.numbers(
                "distances",
                MOST,
                1.0..=10_000_000.0,
                "write a list of up to 20 distances in metres, such as [1000, 5000]",
            )?,
        })
    }

    /// Which points of the curves to show, and a line about those that they do not have.
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
        let note = if notes.is_empty() {
            String::new()
        } else {
            format!("Not among intervals.icu's points: {}", notes.join(", "))
        };
        (curves::axis(shown), note)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::{
        guard::Units,
        tools::{
            curves::{Metric, tests::subject},
            samples::today,
        },
    };

    #[test]
    fn points_asked_for_by_name_are_shown_or_told() {
        let marks = |given: Value| {
            let given: Map<String, Value> = given.as_object().unwrap().clone();
            Marks::read(&Arguments::new(given, &Marks::NAMES, today()).unwrap()).unwrap()
        };
        let scale = Scale::of(&subject("Ride", Metric::Power), Units::default());
        let all = [5.0, 60.0, 300.0];
        assert_eq!(
            marks(json!({"durations": [60, 70, 3600]})).pick(scale, &all, false),
            (
                vec![60.0],
                "Not among intervals.icu's points: 1:10 min (nearest: 1 min), 60 min (beyond the curve)"
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
