//! The fields of a finished activity.

use serde_json::Value;

use crate::{
    intervals::model::Values,
    text::{clean, fenced},
    tools::answer::{self, units, words::joined},
};

/// Characters of a text that are shown.
const TEXT: usize = 200;

/// Upstream's name and ours, in the order in which they are shown.
const LABELS: [(&str, &str); 18] = [
    ("name", "name"),
    ("type", "sport"),
    ("icu_rpe", "RPE"),
    ("session_rpe", "session RPE"),
    ("feel", "feel"),
    ("carbs_ingested", "carbs eaten"),
    ("tags", "tags"),
    ("gear", "gear"),
    ("sub_type", "marked as"),
    ("race", "race"),
    ("commute", "commute"),
    ("icu_ignore_power", "ignore power"),
    ("icu_ignore_hr", "ignore heart rate"),
    ("ignore_pace", "ignore pace"),
    ("ignore_velocity", "ignore speed"),
    ("icu_ignore_time", "ignore time"),
    ("paired_event_id", "paired with entry"),
    ("description", "description"),
];

/// The words of upstream's form for how it felt, 1 first.
pub(crate) const FEELS: [&str; 5] = ["strong", "good", "normal", "poor", "weak"];

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

/// The RPE of the session is that of a minute times its minutes.
pub(super) fn following(sent: &Values) -> &'static [&'static str] {
    if sent.names().any(|name| name == "icu_rpe") {
        &["session_rpe"]
    } else {
        &[]
    }
}

pub(super) fn shown(name: &str, value: &Value, more: u8) -> String {
    let number = value.as_f64();
    match name {
        "type" => answer::sport(value.as_str().unwrap_or_default()),
        "sub_type" => kind(value.as_str().unwrap_or_default()),
        "icu_rpe" => format!("{}/10", units::at_most(number, 1 + more)),
        "feel" => {
            let text = units::at_most(number, 1 + more);
            let word = ["1", "2", "3", "4", "5"]
                .iter()
                .position(|known| *known == text)
                .map_or("", |at| FEELS[at]);
            joined([&format!("{text}/5"), word, "(1 strong)"], " ")
        }
        "carbs_ingested" => format!("{} g", units::at_most(number, more)),
        "paired_event_id" => format!("id {}", units::at_most(number, 0)),
        "gear" => {
            let piece = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
            let id = format!("id {}", clean(piece("id"), 24));
            // Two pieces may have one name.
            match piece("name") {
                "" => id,
                name => format!("{} ({id})", fenced(name, TEXT)),
            }
        }
        _ => match value {
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::Number(_) => units::at_most(number, 1 + more),
            Value::String(text) => fenced(text, TEXT),
            Value::Array(list) => {
                let texts = list.iter().filter_map(Value::as_str);
                joined(texts.map(|text| fenced(text, 40)), ", ")
            }
            Value::Null | Value::Object(_) => String::new(),
        },
    }
}

/// What an activity is marked as; upstream's word where it is none of these.
fn kind(word: &str) -> String {
    match word {
        "NONE" => "nothing".to_owned(),
        "RACE" | "COMMUTE" | "WARMUP" | "COOLDOWN" => word.to_lowercase(),
        other => fenced(other, 30),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_as_an_athlete_says_them() {
        for (name, value, text) in [
            ("icu_rpe", json!(7), "7/10"),
            ("session_rpe", json!(525), "525"),
            ("feel", json!(2), "2/5 good (1 strong)"),
            ("feel", json!(9), "9/5 (1 strong)"),
            ("carbs_ingested", json!(0), "0 g"),
            ("type", json!("TrailRun"), "TrailRun"),
            ("sub_type", json!("NONE"), "nothing"),
            ("sub_type", json!("WARMUP"), "warmup"),
            ("sub_type", json!("<b>"), "«<b>»"),
            ("tags", json!(["a", "b»c"]), "«a», «b›c»"),
            ("gear", json!({"id": "g1", "name": "Ghost"}), "«Ghost» (id g1)"),
            ("gear", json!({"id": "g1"}), "id g1"),
            ("race", json!(false), "no"),
            ("icu_ignore_hr", json!(true), "yes"),
            ("paired_event_id", json!(130_000_451), "id 130000451"),
            ("description", json!("two\nlines"), "«two lines»"),
        ] {
            assert_eq!(shown(name, &value, 0), text, "{name}");
        }
        assert_eq!(
            (label("ignore_velocity"), label("new")),
            ("ignore speed".to_owned(), "new".to_owned())
        );
        assert!(place("name") < place("feel") && place("description") < place("new"));
    }
}
