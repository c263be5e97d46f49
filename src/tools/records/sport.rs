//! The fields of the settings of a group of sports.

use serde_json::Value;

use crate::{
    guard::Units,
    intervals::model::Values,
    text::fenced,
    tools::answer::{
        self,
        sport_units::SportUnits,
        units::{self, PaceUnit},
        words::{DOT, joined, listed, with_unit},
    },
};

/// Upstream's name and ours, in the order in which they are shown.
const LABELS: [(&str, &str); 13] = [
    ("ftp", "FTP"),
    ("indoor_ftp", "indoor FTP"),
    ("w_prime", "W′"),
    ("p_max", "Pmax"),
    ("power_zones", "power zones"),
    ("power_zone_names", "names of the power zones"),
    ("lthr", "LTHR"),
    ("max_hr", "max HR"),
    ("hr_zones", "heart-rate zones"),
    ("hr_zone_names", "names of the heart-rate zones"),
    ("threshold_pace", "threshold pace"),
    ("pace_zones", "pace zones"),
    ("pace_zone_names", "names of the pace zones"),
];
/// An open end, as upstream has it.
const OPEN: f64 = 999.0;

pub(super) fn label(name: &str) -> String {
    let known = LABELS.iter().find(|(upstream, _)| *upstream == name);
    known.map_or_else(|| name.replace('_', " "), |(_, label)| (*label).to_owned())
}

pub(super) fn place(name: &str) -> usize {
    LABELS
        .iter()
        .position(|(upstream, _)| *upstream == name)
        .unwrap_or(LABELS.len())
}

/// The sports of a group.
pub(crate) fn types(values: &Values) -> impl Iterator<Item = &str> {
    let types = values.get("types").as_array().into_iter().flatten();
    types.filter_map(Value::as_str)
}

/// What is enough to recognize a group by: its first sport, and how many more it has.
pub(crate) fn title(name: &str, context: &Values) -> String {
    let sports: Vec<String> = types(context).map(answer::sport).collect();
    if sports.is_empty() || context.get("other") == &Value::Bool(true) {
        name.to_owned()
    } else {
        listed(&sports, 1)
    }
}

/// The unit of pace of a group: the one that is set for it, otherwise the usual one of its sports.
pub(crate) fn pace_of(context: &Values, own: Units) -> PaceUnit {
    SportUnits::of(types(context).next().unwrap_or_default(), own)
        .with_pace_set_as(Some(context.text("pace_units")))
        .pace
        .unwrap_or(PaceUnit::long(own))
}

pub(super) fn shown(name: &str, value: &Value, context: &Values, own: Units, more: u8) -> String {
    let number = value.as_f64();
    match name {
        "ftp" | "indoor_ftp" | "p_max" => with_unit(units::at_most(number, more), "W"),
        "w_prime" => with_unit(
            units::at_most(number.map(|joules| joules / 1000.0), 2 + more),
            "kJ",
        ),
        "lthr" | "max_hr" => with_unit(units::at_most(number, more), "bpm"),
        "threshold_pace" if more > 0 => pace_of(context, own).pace_finely(number, more),
        "threshold_pace" => pace_of(context, own).pace(number),
        "power_zones" => ends(value, "(% of FTP)", more),
        "hr_zones" => ends(value, "bpm", more),
        "pace_zones" => ends(value, "(% of threshold speed)", more),
        _ => match value {
            Value::Array(list) => joined(
                list.iter().filter_map(Value::as_str).map(|name| fenced(name, 40)),
                DOT,
            ),
            Value::String(text) => fenced(text, 40),
            _ => units::at_most(number, 3 + more),
        },
    }
}

/// `Z1 ≤55 · Z2 ≤75 · Z3 open (% of FTP)`
fn ends(value: &Value, unit: &str, more: u8) -> String {
    let bounds = value.as_array().into_iter().flatten().filter_map(Value::as_f64);
    let zones = (1..).zip(bounds).map(|(number, bound)| {
        if bound < OPEN {
            format!("Z{number} ≤{}", units::at_most(bound, 1 + more))
        } else {
            format!("Z{number} open")
        }
    });
    with_unit(joined(zones, DOT), unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pace_is_in_the_unit_of_the_group_and_zones_are_counted() {
        let own = Units {
            imperial: false,
            ..Units::default()
        };
        let context = |value: Value| -> Values { serde_json::from_value(value).unwrap() };
        let run = context(json!({"types": ["Run"], "pace_units": "MINS_MILE"}));
        let swim = context(json!({"types": ["Swim"], "pace_units": null}));
        let text = |name: &str, value: Value, context: &Values| shown(name, &value, context, own, 0);
        assert_eq!(text("threshold_pace", json!(3.576_320), &run), "7:30/mi");
        assert_eq!(text("threshold_pace", json!(1.25), &swim), "1:20/100m");
        assert_eq!(text("w_prime", json!(17_430), &run), "17.43 kJ");
        assert_eq!(
            text("power_zones", json!([55, 75, 999]), &run),
            "Z1 ≤55 · Z2 ≤75 · Z3 open (% of FTP)"
        );
        assert_eq!(text("hr_zones", json!([136, 186]), &run), "Z1 ≤136 · Z2 ≤186 bpm");
        assert_eq!(
            text("hr_zone_names", json!(["Easy", "Hard"]), &run),
            "«Easy» · «Hard»"
        );
        assert_eq!(text("ftp", json!(246), &run), "246 W");
    }
}
