//! A sport under the one spelling that everything else compares with. JSON is read in [`super::super::lenient`].

use serde::Deserializer;

use crate::{intervals::lenient::Lenient, training::sports};

/// Upstream's word for a sport: one of 60, otherwise as it was sent. An empty one is none.
pub(crate) type Sport = Option<String>;

pub(super) fn read_sport<'de, D: Deserializer<'de>>(json: D) -> Result<Sport, D::Error> {
    let word = String::read(json)?;
    let word = word.as_deref().map(str::trim).filter(|word| !word.is_empty());
    Ok(word.map(|word| sports::spelled(word).unwrap_or(word).to_owned()))
}
