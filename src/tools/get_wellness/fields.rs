//! The fields of a wellness day: names, units, scales with their direction, and which ones are rare.
//!
//! Scales are upstream's, 1 to 4 with 1 the best; the words are those of upstream's form.

use serde_json::Value;

use self::Form::{Hours, Number, RestingHr, Scale, Weight, Word};
use crate::{
    guard::Units,
    intervals::model::Wellness,
    text::{clean, fenced},
    tools::answer::units,
};

/// How a field's value is shown.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A number with at most this many decimals.
    Number(u8),
    /// Seconds shown as hours.
    Hours,
    /// Kilograms in the athlete's unit, unless carried over from an earlier day.
    Weight,
    /// bpm, unless carried over from an earlier day.
    RestingHr,
    /// 1 to 4, 1 the best, with the words for them.
    Scale([&'static str; 4]),
    /// One of upstream's words.
    Word,
}

/// A field of upstream's wellness record.
#[derive(Debug)]
pub(super) struct Field {
    key: &'static str,
    /// The name that people use.
    pub(super) name: &'static str,
    unit: &'static str,
    form: Form,
    /// Shown with `detail: full` only.
    pub(super) rare: bool,
}

macro_rules! fields {
    ($($rarity:ident $key:literal, $name:literal, $unit:literal, $form:expr;)*) => {
        /// In the order of the columns.
        pub(super) const FIELDS: &[Field] = &[$(Field {
            key: $key,
            name: $name,
            unit: $unit,
            form: $form,
            rare: fields!(@$rarity),
        }),*];
    };
    (@common) => { false };
    (@rare) => { true };
}

fields! {
    common "sleepSecs", "sleep", "h", Hours;
    common "sleepScore", "sleep score", "/100", Number(0);
    common "sleepQuality", "sleep quality", "/4 (1 best)", Scale(["great", "good", "avg", "poor"]);
    common "hrv", "HRV rMSSD", "ms", Number(0);
    rare "hrvSDNN", "HRV SDNN", "ms", Number(0);
    common "restingHR", "resting HR", "", RestingHr;
    rare "avgSleepingHR", "sleeping HR", "", Number(0);
    common "weight", "weight", "", Weight;
    common "soreness", "soreness", "/4 (1 best)", Scale(["low", "avg", "high", "extreme"]);
    common "fatigue", "fatigue", "/4 (1 best)", Scale(["low", "avg", "high", "extreme"]);
    common "stress", "stress", "/4 (1 best)", Scale(["low", "avg", "high", "extreme"]);
    common "mood", "mood", "/4 (1 best)", Scale(["great", "good", "ok", "grumpy"]);
    common "motivation", "motivation", "/4 (1 best)", Scale(["extreme", "high", "avg", "low"]);
    common "injury", "injury", "/4 (1 best)", Scale(["none", "niggle", "poor", "injured"]);
    common "readiness", "readiness", "(higher better)", Number(0);
    common "steps", "steps", "", Number(0);
    rare "hydration", "hydration", "/4 (1 best)", Scale(["good", "ok", "poor", "bad"]);
    rare "hydrationVolume", "drunk", "l", Number(1);
    rare "spO2", "SpO2", "%", Number(1);
    rare "respiration", "respiration", "/min", Number(1);
    rare "systolic", "systolic", "mmHg", Number(0);
    rare "diastolic", "diastolic", "mmHg", Number(0);
    rare "bloodGlucose", "blood glucose", "(unit as entered)", Number(1);
    rare "lactate", "lactate", "mmol/l", Number(1);
    rare "bodyFat", "body fat", "%", Number(1);
    rare "abdomen", "abdomen", "(unit as entered)", Number(1);
    rare "vo2max", "VO2max", "ml/kg/min", Number(1);
    rare "baevskySI", "Baevsky stress index", "", Number(0);
    rare "kcalConsumed", "eaten", "kcal", Number(0);
    rare "carbohydrates", "carbohydrates", "g", Number(0);
    rare "protein", "protein", "g", Number(0);
    rare "fatTotal", "fat", "g", Number(0);
    rare "menstrualPhase", "cycle phase", "", Word;
    rare "menstrualPhasePredicted", "cycle phase (predicted)", "", Word;
}

impl Field {
    /// The column's header with its unit or scale.
    pub(super) fn header(&self, own: Units) -> String {
        let unit = if matches!(self.form, Form::Weight) {
            units::weight_unit(own)
        } else {
            self.unit
        };
        format!("{} {unit}", self.name).trim_end().to_owned()
    }

    /// Whether the day has a value that was not carried over.
    pub(super) fn is_filled(&self, row: &Wellness) -> bool {
        !self.cell(row, Units::default(), false).is_empty()
    }

    /// The value as shown; scales with their word if `worded`.
    pub(super) fn cell(&self, row: &Wellness, own: Units, worded: bool) -> String {
        let value = row.number(self.key);
        match self.form {
            Form::Number(decimals) => units::at_most(value, decimals),
            Form::Hours => units::fixed(value.map(|secs| secs / 3600.0), 1),
            Form::Weight => units::weight(row.weight(), own),
            Form::RestingHr => units::whole(row.resting_hr()),
            Form::Scale(words) => {
                let text = units::at_most(value, 1);
                let word = ["1", "2", "3", "4"]
                    .iter()
                    .position(|step| *step == text)
                    .map(|at| words[at]);
                match word {
                    Some(word) if worded => format!("{text} {word}"),
                    _ => text,
                }
            }
            Form::Word => {
                let word = row.rest.get(self.key).and_then(Value::as_str).unwrap_or_default();
                if word == "NONE" {
                    String::new()
                } else {
                    clean(word, 30).to_lowercase()
                }
            }
        }
    }
}

/// Whether a key is the code of a field that the athlete made: upstream's begin with a lower-case letter.
pub(super) fn is_own(key: &str) -> bool {
    (2..=64).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A value of such a field: numbers as they are, text fenced.
pub(super) fn own_cell(value: Option<&Value>, width: usize) -> String {
    match value {
        Some(Value::Number(number)) => units::at_most(number.as_f64(), 2),
        Some(Value::String(text)) => fenced(text, width),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        _ => String::new(),
    }
}

/// The athlete's note on the day, fenced.
pub(super) fn note(row: &Wellness, width: usize) -> String {
    fenced(
        row.rest
            .get("comments")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        width,
    )
}
