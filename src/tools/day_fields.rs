//! The fields of a wellness day: names, units, scales with their direction, and which ones are rare.
//!
//! Scales are upstream's, 1 to 4 with 1 the best; the words are those of upstream's form.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::Value;

use self::Form::{Hours, Number, Scale, Weight, Word};
use crate::{
    guard::Units,
    intervals::model::{Wellness, is_total},
    text::{clean, fenced},
    tools::{
        answer::{
            units,
            words::{fenced_where, joined},
        },
        vitals,
    },
    training::plausible,
};

/// How a field's value is shown.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A number with at most this many decimals.
    Number(u8),
    /// Seconds shown as hours.
    Hours,
    /// Kilograms in the athlete's unit.
    Weight,
    /// 1 to 4, 1 the best, with the words for them.
    Scale([&'static str; 4]),
    /// One of upstream's words.
    Word,
}

/// A field of upstream's wellness record.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
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
    common "restingHR", "resting HR", "bpm", Number(0);
    rare "avgSleepingHR", "sleeping HR", "bpm", Number(0);
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
    rare "hydrationVolume", "fluids", "l", Number(1);
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
    rare "kcalConsumed", "calories eaten", "kcal", Number(0);
    rare "carbohydrates", "carbohydrates", "g", Number(0);
    rare "protein", "protein", "g", Number(0);
    rare "fatTotal", "fat", "g", Number(0);
    rare "menstrualPhase", "cycle phase", "", Word;
    rare "menstrualPhasePredicted", "cycle phase (predicted)", "", Word;
}

impl Field {
    /// The column's header with its unit or scale.
    pub(super) fn header(&self, own: Units) -> String {
        format!("{} {}", self.name, self.unit(own)).trim_end().to_owned()
    }

    /// The unit or scale in which it is shown; empty for a count.
    pub(super) fn unit(&self, own: Units) -> &'static str {
        match self.form {
            Weight => units::weight_unit(own),
            _ => self.unit,
        }
    }

    /// Whether the day has a value.
    pub(super) fn is_filled(&self, row: &Wellness, view: &View) -> bool {
        !self.cell(row, view).is_empty()
    }

    /// The value as reported; marked if it cannot be. A total of today that is still 0 is no value yet.
    pub(super) fn cell(&self, row: &Wellness, view: &View) -> String {
        let value = row.number(self.key);
        if is_total(self.key) && row.id == Some(view.today) && value == Some(0.0) {
            return String::new();
        }
        let text = match self.form {
            Form::Word => self.word(row),
            _ => value.map_or_else(String::new, |value| self.figure(value, view)),
        };
        if row.id.is_some_and(|day| view.is_broken(self, day)) {
            format!("{text} (implausible)")
        } else {
            text
        }
    }

    /// The day's value for a mean: none that cannot be, and no total of today, which is not over.
    pub(super) fn sample(&self, row: &Wellness, view: &View) -> Option<f64> {
        let day = row.id?;
        let is_open = day == view.today && is_total(self.key);
        row.number(self.key)
            .filter(|_| !is_open && !view.is_broken(self, day))
    }

    /// A mean of several days in the athlete's unit; empty for what has none.
    pub(super) fn mean(&self, value: f64, view: &View) -> String {
        match self.form {
            Form::Number(decimals) => units::fixed(value, decimals.max(u8::from(self.unit == "bpm"))),
            Form::Scale(_) => units::fixed(value, 1),
            Form::Hours | Form::Weight => self.figure(value, view),
            Form::Word => String::new(),
        }
    }

    /// A value in the athlete's unit; scales with their word if the view is worded.
    fn figure(&self, value: f64, view: &View) -> String {
        match self.form {
            Form::Number(decimals) => units::at_most(value, decimals),
            Form::Hours => units::fixed(value / 3600.0, 1),
            Form::Weight => units::weight(Some(value), view.units),
            Form::Scale(words) => {
                let text = units::at_most(value, 1);
                let word = ["1", "2", "3", "4"]
                    .iter()
                    .position(|step| *step == text)
                    .map(|at| words[at]);
                match word {
                    Some(word) if view.worded => format!("{text} {word}"),
                    _ => text,
                }
            }
            Form::Word => String::new(),
        }
    }

    /// A value of one field by itself, with its unit or scale: `61.2 kg`, `7:24 h`, `2/4 avg (1 best)`.
    pub(super) fn in_words(&self, value: &Value, own: Units) -> String {
        self.in_words_finely(value, own, 0)
    }

    /// The same with so many decimals more; hours with their seconds then.
    pub(super) fn in_words_finely(&self, value: &Value, own: Units, more: u8) -> String {
        let number = value.as_f64();
        match (self.form, number) {
            (Form::Word, _) => clean(value.as_str().unwrap_or_default(), 30).to_lowercase(),
            (_, None) => String::new(),
            (Hours, Some(secs)) if more > 0 => format!("{} h", units::hours_minutes_seconds(secs)),
            (Hours, Some(secs)) => format!("{} h", units::hours_minutes(secs)),
            (Weight, _) => units::weight_in_words_finely(number, own, more),
            (Scale(words), Some(step)) => {
                let text = units::at_most(step, 1 + more);
                let word = ["1", "2", "3", "4"]
                    .iter()
                    .position(|known| *known == text)
                    .map_or("", |at| words[at]);
                joined([&format!("{text}/4"), word, "(1 best)"], " ")
            }
            (Number(decimals), Some(_)) => {
                let unit = self
                    .unit
                    .strip_prefix('/')
                    .map_or_else(|| format!(" {}", self.unit), |of| format!("/{of}"));
                let figure = units::at_most(number, decimals.max(1) + more);
                format!("{figure}{unit}").trim_end().to_owned()
            }
        }
    }

    /// The words of a scale, the best first; None for what is no scale.
    pub(super) fn scale(&self) -> Option<[&'static str; 4]> {
        match self.form {
            Scale(words) => Some(words),
            _ => None,
        }
    }

    fn word(&self, row: &Wellness) -> String {
        let word = row.rest.get(self.key).and_then(Value::as_str).unwrap_or_default();
        if word == "NONE" {
            String::new()
        } else {
            clean(word, 30).to_lowercase()
        }
    }

    /// `HRV rMSSD beyond 5–250 ms`, `weight far from this athlete's own`: why values of these days cannot be.
    pub(super) fn why_broken(&self, rows: &[&Wellness], view: &View) -> Option<String> {
        let limits = plausible::limits(self.key)?;
        let broken: Vec<f64> = rows
            .iter()
            .filter(|row| row.id.is_some_and(|day| view.is_broken(self, day)))
            .filter_map(|row| row.number(self.key))
            .collect();
        let beyond = broken.iter().any(|value| !limits.range.contains(value));
        let bound = |value: &f64| match self.form {
            Form::Scale(_) => units::whole(*value),
            _ => self.figure(*value, view),
        };
        let (from, to) = (bound(limits.range.start()), bound(limits.range.end()));
        let unit = self.header(view.units).split_off(self.name.len());
        let bounds = beyond.then(|| format!("beyond {from}–{to}{unit}"));
        let own = broken.iter().any(|value| limits.range.contains(value));
        let own = own.then(|| "far from this athlete's own range".to_owned());
        let why: Vec<String> = bounds.into_iter().chain(own).collect();
        (!why.is_empty()).then(|| format!("{} {}", self.name, why.join(" or ")))
    }
}

/// How the values of an answer are shown.
#[derive(Debug)]
pub(super) struct View {
    units: Units,
    /// Whether scales have their word.
    worded: bool,
    today: NaiveDate,
    /// The days on which a field has a value that cannot be, by upstream's name of the field.
    broken: BTreeMap<&'static str, BTreeSet<NaiveDate>>,
}

impl View {
    /// Of these rows, the days before the range included: they show what is usual for the athlete.
    pub(super) fn of(rows: &[Wellness], today: NaiveDate, units: Units, worded: bool) -> Self {
        let broken = FIELDS.iter().map(|field| {
            let values = vitals::by_day(rows, field.key);
            (field.key, plausible::broken(field.key, &values))
        });
        Self {
            units,
            worded,
            today,
            broken: broken.collect(),
        }
    }

    fn is_broken(&self, field: &Field, day: NaiveDate) -> bool {
        self.broken.get(field.key).is_some_and(|days| days.contains(&day))
    }
}

/// Whether a key is the code of a field that the athlete made: upstream's begin with a lower-case letter.
pub(super) fn is_own(key: &str) -> bool {
    (2..=64).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A value of such a field: numbers as they are, text fenced, several choices one after the other.
pub(super) fn own_cell(value: Option<&Value>, width: usize) -> String {
    match value {
        Some(Value::Number(number)) => units::at_most(number.as_f64(), 2),
        Some(Value::String(text)) => fenced(text, width),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(choices)) => {
            let choices = choices.iter().take(20);
            joined(choices.map(|choice| own_cell(Some(choice), width)), ", ")
        }
        _ => String::new(),
    }
}

/// A number of such a field.
pub(super) fn own_number(value: Option<&Value>) -> Option<f64> {
    units::sane(value?.as_f64())
}

/// The athlete's note on the day, fenced; of a long one the part that has the words.
pub(super) fn note(row: &Wellness, words: Option<&str>, width: usize) -> String {
    fenced_where(&clean(comments(row), LONGEST_NOTE), words, width)
}

/// Whether that note has these words, in any case.
pub(super) fn note_has(row: &Wellness, words: &str) -> bool {
    let note = clean(comments(row), LONGEST_NOTE).to_lowercase();
    note.contains(&words.to_lowercase())
}

/// Characters of a note that a search reads.
const LONGEST_NOTE: usize = 10_000;

fn comments(row: &Wellness) -> &str {
    row.rest
        .get("comments")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
