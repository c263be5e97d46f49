//! Figures with their units: text, or bare numbers.

use serde_json::Value;

use super::{
    super::{
        params::{Kind, Numbers},
        records::activity::FEELS,
    },
    Arguments, ToolError, clock, free_words, other, wrong,
};

/// `20 kJ` as a number and a unit in lower case. A comma may be the decimal sign where it can be nothing else: three digits after
/// it may be thousands.
pub(crate) fn number_and_unit(text: &str) -> Option<(f64, String)> {
    let text = text.trim().to_lowercase().replace('\u{2212}', "-");
    let is_of_number = |(at, c): (usize, char)| {
        c.is_ascii_digit() || ['.', ','].contains(&c) || at == 0 && ['-', '+'].contains(&c)
    };
    let end = text
        .char_indices()
        .find(|part| !is_of_number(*part))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(end);
    let number: f64 = with_point(number)?.parse().ok()?;
    number.is_finite().then(|| (number, unit.trim().to_owned()))
}

/// A number with a decimal point, where its comma is one.
fn with_point(number: &str) -> Option<String> {
    match number.split_once(',') {
        None => Some(number.to_owned()),
        Some((whole, parts)) => {
            let is_clear = !parts.is_empty() && (parts.len() != 3 || ["0", "-0"].contains(&whole));
            (is_clear && !whole.contains('.') && parts.bytes().all(|b| b.is_ascii_digit()))
                .then(|| format!("{whole}.{parts}"))
        }
    }
}

/// The number of a value that may have one of these units beside it.
fn number_of(value: &Value, units: &[&str]) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_and_unit(text)
            .filter(|(_, unit)| unit.is_empty() || units.iter().any(|own| own.eq_ignore_ascii_case(unit)))
            .map(|(number, _)| number),
        _ => None,
    }
}

impl Arguments {
    /// A number within the parameter's bounds, with one of these units beside it or with none; None when left out.
    pub(crate) fn number_in(&self, name: &str, units: &[&str]) -> Result<Option<f64>, ToolError> {
        let (Kind::Number(from, to), value) = self.of(name) else {
            other(name)
        };
        let Some(value) = value else {
            return Ok(None);
        };
        number_of(value, units)
            .filter(|number| (from..=to).contains(number))
            .map(Some)
            .ok_or_else(|| {
                let unit = units.first().filter(|unit| unit.starts_with(char::is_alphabetic));
                let unit = unit.map_or_else(String::new, |unit| format!(" {unit}"));
                wrong(name, &format!("must be a number from {from} to {to}{unit}"))
            })
    }

    /// The same, but for whole numbers.
    pub(crate) fn whole_in(&self, name: &str, units: &[&str]) -> Result<Option<f64>, ToolError> {
        let number = self.number_in(name, units)?;
        if number.is_some_and(|number| number.fract() != 0.0) {
            return Err(wrong(
                name,
                "must be a whole number: intervals.icu keeps no parts",
            ));
        }
        Ok(number)
    }

    /// How it felt, 1 to 5, given as a number or a word; None when left out.
    pub(crate) fn feel(&self, name: &str) -> Result<Option<usize>, ToolError> {
        let Some(text) = self.name_or_id(name)? else {
            return Ok(None);
        };
        let text = text.trim().trim_end_matches("/5").to_lowercase();
        let of_word = FEELS.iter().position(|word| *word == text).map(|at| at + 1);
        let number = text.trim_end_matches(".0");
        let of_number = ["1", "2", "3", "4", "5"]
            .iter()
            .position(|known| *known == number)
            .map(|at| at + 1);
        of_word
            .or(of_number)
            .map(Some)
            .ok_or_else(|| wrong(name, "must be 1 strong, 2 good, 3 normal, 4 poor or 5 weak"))
    }

    /// A length of time in seconds: a number of minutes within the parameter's bounds, `90 min`, `1.5 h` or `1:30`, which is hours
    /// and minutes; None when left out.
    pub(crate) fn minutes(&self, name: &str) -> Result<Option<f64>, ToolError> {
        let (Kind::Number(from, to), value) = self.of(name) else {
            other(name)
        };
        let minutes = match value {
            None => return Ok(None),
            Some(Value::String(text)) if text.contains(':') => {
                let with_seconds = format!("{}:00", text.trim());
                clock(text.trim())
                    .or_else(|| clock(&with_seconds))
                    .map(|secs| secs / 60.0)
            }
            Some(Value::String(text)) => {
                number_and_unit(text).and_then(|(number, unit)| match unit.as_str() {
                    "" | "m" | "min" | "mins" | "minutes" => Some(number),
                    "h" | "hr" | "hours" | "hour" => Some(number * 60.0),
                    _ => None,
                })
            }
            Some(value) => value.as_f64(),
        };
        minutes
            .filter(|minutes| (from..=to).contains(minutes))
            .map(|minutes| Some(minutes * 60.0))
            .ok_or_else(|| {
                wrong(
                    name,
                    &format!("must be minutes from {from} to {to}, or h:mm such as 1:30"),
                )
            })
    }

    /// A list of numbers (or one alone, or text), each with one of these units beside it or with none.
    pub(crate) fn numbers_in(&self, name: &str, units: &[&str]) -> Result<Vec<f64>, ToolError> {
        let (
            Kind::Numbers(Numbers {
                most,
                from,
                to,
                wanted,
                ..
            }),
            value,
        ) = self.of(name)
        else {
            other(name)
        };
        let found: Option<Vec<f64>> = match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let items = items.iter().take(most + 1);
                items.map(|item| number_of(item, units)).collect()
            }
            Some(Value::String(text)) => {
                let texts = text.split(',').take(most + 1);
                texts.map(|text| number_of(&Value::from(text), units)).collect()
            }
            Some(value) => number_of(value, units).map(|number| vec![number]),
        };
        found
            .filter(|found| found.len() <= most && found.iter().all(|number| (from..=to).contains(number)))
            .ok_or_else(|| wrong(name, wanted))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_decimal_where_it_can_be_nothing_else() {
        for (text, number, unit) in [
            ("61.4", 61.4, ""),
            (" 61,4 KG ", 61.4, "kg"),
            ("255,0W", 255.0, "w"),
            ("0,125", 0.125, ""),
            ("-3,5", -3.5, ""),
            ("\u{2212}2", -2.0, ""),
            ("+2 %", 2.0, "%"),
            ("7/10", 7.0, "/10"),
            ("1234,5", 1234.5, ""),
        ] {
            assert_eq!(number_and_unit(text), Some((number, unit.to_owned())), "{text}");
        }
        for text in [
            "", "kg", "12,345", "1,2,3", "1.234,5", "1,", "NaN", "inf", "--1", ".",
        ] {
            assert_eq!(number_and_unit(text), None, "{text}");
        }
    }
}
