//! The fields of a finished activity.

use serde_json::Value;

use crate::{
    text::fenced,
    tools::answer::{self, units, words::joined},
};

/// Characters of a text that are shown.
const TEXT: usize = 200;

/// Upstream's name and ours, in the order in which they are shown.
const LABELS: [(&str, &str); 17] = [
    ("name", "name"),
    ("type", "sport"),
    ("icu_rpe", "RPE"),
    ("session_rpe", "session RPE"),
    ("feel", "feel"),
    ("tags", "tags"),
    ("carbs_ingested", "carbs eaten"),
    ("gear", "gear"),
    ("race", "race"),
    ("commute", "commute"),
    ("sub_type", "kind"),
    ("icu_ignore_time", "ignore time"),
    ("icu_ignore_power", "ignore power"),
    ("icu_ignore_hr", "ignore heart rate"),
    ("ignore_pace", "ignore pace"),
    ("paired_event_id", "paired with entry"),
    ("description", "description"),
];

/// The words of upstream's form for how it felt, 1 first.
const FEELS: [&str; 5] = ["strong", "good", "normal", "poor", "weak"];

pub(super) fn label(name: &str) -> String {
    LABELS
        .iter()
        .find(|(upstream, _)| *upstream == name)
        .map_or(name, |(_, label)| label)
        .to_owned()
}

pub(super) fn place(name: &str) -> usize {
    LABELS
        .iter()
        .position(|(upstream, _)| *upstream == name)
        .unwrap_or(LABELS.len())
}

pub(super) fn shown(name: &str, value: &Value) -> String {
    let number = value.as_f64();
    match name {
        "type" => answer::sport(value.as_str().unwrap_or_default()),
        "icu_rpe" => format!("{}/10", units::at_most(number, 1)),
        "feel" => {
            let text = units::at_most(number, 1);
            let word = ["1", "2", "3", "4", "5"]
                .iter()
                .position(|known| *known == text)
                .map_or("", |at| FEELS[at]);
            joined([&format!("{text}/5"), word, "(1 strong)"], " ")
        }
        "carbs_ingested" => format!("{} g", units::at_most(number, 0)),
        "paired_event_id" => format!("id {}", units::at_most(number, 0)),
        "gear" => {
            let piece = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
            match (piece("name"), piece("id")) {
                ("", id) => format!("id {}", fenced(id, TEXT)),
                (name, _) => fenced(name, TEXT),
            }
        }
        _ => match value {
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::Number(_) => units::at_most(number, 1),
            Value::String(text) => fenced(text, TEXT),
            Value::Array(list) => {
                let texts = list.iter().filter_map(Value::as_str);
                joined(texts.map(|text| fenced(text, 40)), ", ")
            }
            Value::Null | Value::Object(_) => String::new(),
        },
    }
}
