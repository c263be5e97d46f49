//! The fields of a wellness day.

use serde_json::Value;

use crate::{
    guard::Units,
    text::{clean, fenced},
    tools::{
        answer::units,
        day_fields::{FIELDS, own_cell},
    },
};

/// Characters of a note that are shown.
const NOTE: usize = 200;

pub(super) fn label(name: &str) -> String {
    match (name, field(name)) {
        (_, Some(at)) => FIELDS[at].name.to_owned(),
        ("comments", None) => "note".to_owned(),
        (own, None) => clean(own, 64),
    }
}

pub(super) fn shown(name: &str, value: &Value, own: Units, more: u8) -> String {
    match (name, field(name)) {
        (_, Some(at)) => FIELDS[at].in_words_finely(value, own, more),
        ("comments", None) => fenced(value.as_str().unwrap_or_default(), NOTE),
        (_, None) if value.is_number() && more > 0 => units::at_most(value.as_f64(), 2 + more),
        (_, None) => own_cell(Some(value), NOTE),
    }
}

pub(super) fn place(name: &str) -> usize {
    field(name).unwrap_or(FIELDS.len())
}

fn field(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.key == name)
}
