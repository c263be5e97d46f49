//! Figures with their units: text, or bare numbers.

use serde_json::Value;

use super::{super::params::Kind, Arguments, ToolError, free_words, other, wrong};

impl Arguments {
    /// A figure with its unit, as text; a bare number is taken too. None when left out.
    pub(crate) fn figure(&self, name: &str) -> Result<Option<String>, ToolError> {
        let (Kind::Figure(most), value) = self.of(name) else {
            other(name)
        };
        match value {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            value => free_words(name, value, most),
        }
    }

    /// A list of such figures; empty when left out.
    pub(crate) fn figures(&self, name: &str) -> Result<Vec<String>, ToolError> {
        let (Kind::Texts { most, wanted }, value) = self.of(name) else {
            other(name)
        };
        let parsed;
        let value = match value {
            // Some clients send a list inside an argument as text.
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                parsed = serde_json::from_str(text).map_err(|_| wrong(name, wanted))?;
                Some(&parsed)
            }
            value => value,
        };
        let figure = |item: &Value| match item {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.trim().to_owned()),
            _ => None,
        };
        let found: Option<Vec<String>> = match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().take(most + 1).map(figure).collect(),
            Some(Value::String(text)) => {
                let texts = text.split(',').take(most + 1);
                Some(texts.map(|text| text.trim().to_owned()).collect())
            }
            Some(_) => None,
        };
        let fits = |found: &Vec<String>| (1..=most).contains(&found.len());
        found.filter(fits).ok_or_else(|| wrong(name, wanted))
    }
}
