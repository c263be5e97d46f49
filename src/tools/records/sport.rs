//! The fields of the settings of a group of sports.

use serde_json::Value;

use crate::{
    guard::Units,
    intervals::model::Values,
    text::fenced,
    tools::answer::{units, words::joined},
};

/// Upstream's name and ours, in the order in which they are shown.
const LABELS: [(&str, &str); 12] = [
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
];

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

pub(super) fn shown(name: &str, value: &Value, _context: &Values, _own: Units) -> String {
    let number = value.as_f64();
    let with = |unit: &str| format!("{} {unit}", units::at_most(number, 0));
    match name {
        "ftp" | "indoor_ftp" | "p_max" => with("W"),
        "w_prime" => with("J"),
        "lthr" | "max_hr" => with("bpm"),
        _ => match value {
            Value::Array(list) => joined(
                list.iter().map(|one| match one {
                    Value::String(text) => fenced(text, 40),
                    one => units::at_most(one.as_f64(), 1),
                }),
                ", ",
            ),
            Value::String(text) => fenced(text, 40),
            _ => units::at_most(number, 3),
        },
    }
}
