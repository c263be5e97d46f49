//! The arguments of push_wellness: which fields, and what each may be.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::model::{CustomField, Record, RecordId, Values},
    permissions,
    text::{clean, fenced},
    tool_error::ToolError,
    tools::{
        answer::units,
        arguments::{Arguments, in_row, number_and_unit, visible_lines, wrong},
        day_fields::{FIELDS, Field, is_own},
        params::Param,
        writing::record::Edit,
    },
    training::{plausible, weeks::back},
};

/// Days of one call.
const MOST_DAYS: usize = 14;
/// Days between the first and the last.
const LONGEST: i64 = 120;
/// Days before the first that show what is usual for the athlete.
const USUAL: u64 = 60;
/// The largest number of an own field, which may count anything.
const MOST_OWN: f64 = 1e9;
/// Characters of a note, and of a text of an own field.
const NOTE: usize = 2000;
/// How far a value with an own range may be from the last one: a weight in the wrong unit is 2.2 times another.
const FAR: f64 = 1.25;
/// Pounds in a kilogram.
const LB: f64 = 2.204_622_6;

pub(super) const PARAMS: &[Param] = &[
    Param::rows("days", DAY, MOST_DAYS, "").required(),
    Param::flag("preview", "Show, and write nothing"),
];

const DAY: &[Param] = &[
    Param::day("date", "Local day, best with its weekday; default today"),
    Param::values(
        "values",
        "weight, restingHR, hrv (rMSSD ms), hrvSDNN, sleep (hours, 7.5 or 7:30), sleepScore 0-100; 1-4 with 1 best: sleepQuality, \
         soreness, fatigue, stress, mood, motivation, injury, hydration; steps, kcalConsumed, carbohydrates, bodyFat …; note; any \
         other field of get_wellness, own ones by label or code. Numbers in the units of get_wellness, or with a unit: \"61.4 kg\"",
    )
    .required(),
];

/// A value as it was asked for.
#[derive(Debug, Clone)]
struct Wanted {
    /// Upstream's name; None until the athlete's own fields are known.
    key: Option<String>,
    /// The name as it was given.
    given: String,
    value: Value,
    /// Whether its unit was given with it: then it is no mistake of units.
    has_unit: bool,
    /// How it was read, where that is worth a word.
    read: String,
}

#[derive(Debug, Clone)]
struct Day {
    date: NaiveDate,
    values: Vec<Wanted>,
}

/// The call's arguments.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    days: Vec<Day>,
    pub(super) preview: bool,
}

impl Asked {
    pub(super) fn read(given: Map<String, Value>, ask: &Ask) -> Result<Self, ToolError> {
        let today = ask.today();
        let arguments = Arguments::new(given, PARAMS, today)?;
        let preview = arguments.flag("preview")?;
        let mut days: Vec<Day> = Vec::new();
        for (at, row) in arguments.rows("days")?.iter().enumerate() {
            let day = Day::read(row, today, ask.card.units).map_err(|error| in_row("days", at, &error))?;
            if days.iter().any(|other| other.date == day.date) {
                let twice = wrong(
                    "date",
                    &format!("must be another day: {} is there twice", units::date(day.date)),
                );
                return Err(in_row("days", at, &twice));
            }
            days.push(day);
        }
        days.sort_by_key(|day| day.date);
        let asked = Self { days, preview };
        if (asked.newest() - asked.oldest()).num_days() > LONGEST {
            return Err(wrong("days", &format!("must be within {LONGEST} days")));
        }
        Ok(asked)
    }

    fn oldest(&self) -> NaiveDate {
        self.days.first().map(|day| day.date).unwrap_or_default()
    }

    pub(super) fn newest(&self) -> NaiveDate {
        self.days.last().map(|day| day.date).unwrap_or_default()
    }

    /// The first day that is read.
    pub(super) fn usual_from(&self) -> NaiveDate {
        back(self.oldest(), USUAL)
    }

    /// Whether a field may be one that the athlete made.
    pub(super) fn has_own(&self) -> bool {
        self.days
            .iter()
            .flat_map(|day| &day.values)
            .any(|wanted| wanted.key.is_none())
    }

    /// The same with the athlete's own fields found by code or label.
    pub(super) fn with_own(mut self, own: &[CustomField]) -> Result<Self, ToolError> {
        for wanted in self.days.iter_mut().flat_map(|day| &mut day.values) {
            if wanted.key.is_some() {
                continue;
            }
            let fits = |field: &&CustomField| {
                plain(&field.code) == plain(&wanted.given) || plain(&field.name) == plain(&wanted.given)
            };
            let found: Vec<&CustomField> = own
                .iter()
                .filter(fits)
                .filter(|field| is_own(&field.code))
                .collect();
            wanted.key = match found[..] {
                [field] => Some(field.code.clone()),
                [] => return Err(unknown(&wanted.given, own)),
                _ => {
                    let codes: Vec<String> = found.iter().map(|field| clean(&field.code, 64)).collect();
                    return Err(ToolError::Input(format!(
                        "Not done: several own fields are called {}. Pass the code of one: {}.",
                        fenced(&wanted.given, 64),
                        codes.join(", ")
                    )));
                }
            };
        }
        Ok(self)
    }

    /// How values were read, where that is worth a word.
    pub(super) fn read_as(&self) -> impl Iterator<Item = String> {
        let all = self.days.iter().flat_map(|day| &day.values);
        all.map(|wanted| wanted.read.clone())
            .filter(|read| !read.is_empty())
    }

    /// What is to change, from these rows of the days and of those before them.
    pub(super) fn edits(&self, rows: &[Record], ask: &Ask) -> Result<Vec<Edit>, ToolError> {
        let edit = |day: &Day| {
            let stands = rows.iter().find(|row| row.id == RecordId::Day(day.date));
            let changes = day
                .values
                .iter()
                .filter_map(|wanted| Some((wanted.key.clone()?, wanted.value.clone())));
            for wanted in &day.values {
                usual(wanted, day.date, rows, &ask.card)?;
            }
            Ok(Edit {
                of: RecordId::Day(day.date),
                name: String::new(),
                context: Values::default(),
                stands: stands.map(|row| row.values.clone()).unwrap_or_default(),
                changes: changes.collect(),
            })
        };
        self.days.iter().map(edit).collect()
    }
}

impl Day {
    fn read(row: &Arguments, today: NaiveDate, own: Units) -> Result<Self, ToolError> {
        let date = row.planned_day("date")?.map_or(today, |moment| moment.day);
        if date > today {
            return Err(wrong(
                "date",
                &format!("must not be in the future: today here is {}", units::date(today)),
            ));
        }
        if date < back(today, 3653) {
            return Err(wrong("date", "must be within ten years"));
        }
        let given = row.values("values")?;
        let mut values: Vec<Wanted> = Vec::new();
        for (name, value) in &given {
            let wanted = Wanted::read(name, value, own)?;
            if wanted.key.is_some() && values.iter().any(|other| other.key == wanted.key) {
                return Err(wrong(&shown(name), "must be given once"));
            }
            values.push(wanted);
        }
        let number = |key: &str| {
            let found = values.iter().find(|wanted| wanted.key.as_deref() == Some(key));
            found.and_then(|wanted| wanted.value.as_f64())
        };
        if number("systolic")
            .zip(number("diastolic"))
            .is_some_and(|(high, low)| low >= high)
        {
            return Err(wrong("diastolic", "must be below systolic"));
        }
        if values.is_empty() {
            return Err(wrong(
                "values",
                "must have at least one field, such as {\"weight\": 61.4}",
            ));
        }
        Ok(Self { date, values })
    }
}

impl Wanted {
    fn read(name: &str, value: &Value, own: Units) -> Result<Self, ToolError> {
        let told = shown(name);
        let is_note = ["comments", "note", "notes", "comment"].contains(&plain(name).as_str());
        let is_empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        // Only a text can be sent empty.
        if is_empty && !is_note {
            return Err(cannot_empty(&told));
        }
        let of = |key: &str, value: Value, has_unit: bool| Self {
            key: Some(key.to_owned()),
            given: name.to_owned(),
            value,
            has_unit,
            read: String::new(),
        };
        match plain(name).as_str() {
            _ if is_note => {
                let text = value
                    .as_str()
                    .or(is_empty.then_some(""))
                    .filter(|text| text.chars().count() <= NOTE);
                let text =
                    text.ok_or_else(|| wrong(&told, &format!("must be text of at most {NOTE} characters")))?;
                return Ok(of("comments", Value::from(visible_lines(text.trim())), false));
            }
            "locked" | "lock" => {
                return Err(ToolError::Input(
                    "Not done: IcuSync does not lock a day: intervals.icu cannot unlock it through its interface, so nothing could \
                     undo it. The athlete can lock and unlock it on the wellness page there."
                        .to_owned(),
                ));
            }
            computed if COMPUTED.contains(&computed) => {
                return Err(ToolError::Input(format!(
                    "Not done: intervals.icu computes {told} itself; nobody can write it."
                )));
            }
            _ => {}
        }
        let Some(field) = field_named(name) else {
            return Ok(Self {
                key: None,
                given: clean(name, 64),
                value: own_value(&told, value)?,
                has_unit: false,
                read: String::new(),
            });
        };
        if let Some(secs) = seconds(name, value) {
            let text = Value::from(format!("{secs} s"));
            let (value, _) = field_value(field, &told, &text, own).map_err(|_| {
                wrong(
                    &told,
                    "must be from 1800 to 72000 seconds; hours are given as sleep: 7.5",
                )
            })?;
            let read = format!(
                "{told} {secs} was read as seconds: {}.",
                field.in_words(&value, own)
            );
            return Ok(Self {
                read,
                ..of(field.key, value, true)
            });
        }
        let (value, has_unit) = field_value(field, &told, value, own)?;
        let read = if plain(name) == SLEEP_SECS && !has_unit {
            format!("{told} was read as hours: {}.", field.in_words(&value, own))
        } else {
            String::new()
        };
        Ok(Self {
            read,
            ..of(field.key, value, has_unit)
        })
    }
}

/// What upstream computes, by plain names.
const COMPUTED: [&str; 9] = [
    "ctl",
    "atl",
    "form",
    "tsb",
    "ramprate",
    "ctlload",
    "atlload",
    "eftp",
    "menstrualphasepredicted",
];

/// Other words for fields, by plain names.
const ALIASES: [(&str, &str); 13] = [
    ("sleep", "sleepSecs"),
    ("sleephours", "sleepSecs"),
    ("hrvrmssd", "hrv"),
    ("rmssd", "hrv"),
    ("sdnn", "hrvSDNN"),
    ("restingheartrate", "restingHR"),
    ("rhr", "restingHR"),
    ("bodyweight", "weight"),
    ("kcal", "kcalConsumed"),
    ("calories", "kcalConsumed"),
    ("carbs", "carbohydrates"),
    ("fat", "fatTotal"),
    ("sleepheartrate", "avgSleepingHR"),
];

/// Upstream's name of the time asleep, which says seconds: nobody who uses it for hours means seconds, nor the other way round.
const SLEEP_SECS: &str = "sleepsecs";
/// A number above this is no hours of a night.
const MOST_HOURS: f64 = 24.0;

/// The seconds of a bare number under that name, if it is too large for hours.
fn seconds(name: &str, value: &Value) -> Option<f64> {
    let (number, unit) = figure(value).filter(|_| plain(name) == SLEEP_SECS)?;
    (unit.is_empty() && number > MOST_HOURS).then_some(number)
}

/// A name without case, spaces and marks.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn field_named(name: &str) -> Option<&'static Field> {
    let plain_name = plain(name);
    let key = ALIASES
        .iter()
        .find(|(alias, _)| *alias == plain_name)
        .map(|(_, key)| *key);
    FIELDS.iter().find(|field| {
        key.map_or_else(
            || plain(field.key) == plain_name || plain(field.name) == plain_name,
            |key| field.key == key,
        )
    })
}

fn shown(name: &str) -> String {
    clean(name, 64)
}

fn cannot_empty(told: &str) -> ToolError {
    ToolError::Input(format!(
        "Not done: {told} cannot be emptied from here: intervals.icu ignores an empty value of it. The athlete can remove it by hand on \
         its wellness page."
    ))
}

/// A value of a field that upstream has, in upstream's unit, and whether its unit was given with it.
fn field_value(field: &Field, told: &str, value: &Value, own: Units) -> Result<(Value, bool), ToolError> {
    if field.key == "menstrualPhase" {
        return phase(told, value).map(|value| (value, false));
    }
    if value.as_f64() == Some(-1.0) {
        return Err(cannot_empty(told));
    }
    if let Some(words) = field.scale() {
        return scale(told, value, words).map(|value| (value, false));
    }
    let (number, unit) = figure(value).ok_or_else(|| wrong(told, &wanted(field, own)))?;
    let has_unit = !unit.is_empty();
    let own_unit = field.unit(own).to_lowercase().replace(' ', "");
    let number = match (field.key, unit.as_str()) {
        ("weight", "") if own.weight_in_lb => number / LB,
        ("weight", "lb" | "lbs" | "pounds") => number / LB,
        ("sleepSecs", "" | "h" | "hours" | "hrs") => number * 3600.0,
        ("sleepSecs", "min" | "minutes") => number * 60.0,
        ("sleepSecs", "s" | "sec" | "secs" | "seconds") | ("weight", "kg") | (_, "") => number,
        ("hydrationVolume", "ml") => number / 1000.0,
        (_, unit) if unit.replace(' ', "") == own_unit => number,
        _ => return Err(wrong(told, &wanted(field, own))),
    };
    let is_count = field.key == "steps" && number.fract() != 0.0;
    let limits = plausible::limits(field.key);
    if is_count || limits.is_some_and(|limits| !limits.range.contains(&number)) {
        return Err(wrong(told, &wanted(field, own)));
    }
    let number = if WHOLE.contains(&field.key) {
        number.round()
    } else {
        (number * 1000.0).round() / 1000.0
    };
    Ok((Value::from(number), has_unit))
}

/// Fields that upstream has as integers.
const WHOLE: [&str; 6] = [
    "restingHR",
    "sleepSecs",
    "steps",
    "kcalConsumed",
    "systolic",
    "diastolic",
];

/// `must be from 20 to 300 kg`
fn wanted(field: &Field, own: Units) -> String {
    let unit = match field.unit(own) {
        "" | "/100" => String::new(),
        unit if unit.starts_with('/') => unit.to_owned(),
        unit => format!(" {unit}"),
    };
    let limits = plausible::limits(field.key);
    let bounds = limits.map(|limits| {
        let bound = |value: f64| match field.key {
            "weight" => units::trimmed(units::weight(Some(value), own)),
            "sleepSecs" => units::at_most(value / 3600.0, 1),
            _ => units::at_most(value, 1),
        };
        format!(
            " from {} to {}",
            bound(*limits.range.start()),
            bound(*limits.range.end())
        )
    });
    let is = if field.key == "sleepSecs" {
        ", or as 7:30"
    } else {
        ""
    };
    let whole = if field.key == "steps" { "whole " } else { "" };
    format!("must be a {whole}number{}{unit}{is}", bounds.unwrap_or_default())
}

/// `61.4`, `"61,4 kg"`, and a time such as `"7:30"` or `"7h30"` as hours.
fn figure(value: &Value) -> Option<(f64, String)> {
    match value {
        Value::Number(number) => Some((number.as_f64()?, String::new())),
        Value::String(text) => hours(text).or_else(|| number_and_unit(text)),
        _ => None,
    }
}

/// `7:30`, `7h30`, `7 h 30 min` as hours.
fn hours(text: &str) -> Option<(f64, String)> {
    let text: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let (hours, minutes) = text
        .trim_end_matches('h')
        .split_once([':', 'h'])
        .filter(|(_, minutes)| !minutes.is_empty())?;
    let minutes = minutes.trim_end_matches("min").trim_end_matches('m');
    let whole = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() <= 2);
    let (hours, minutes) = (whole(hours)?, whole(minutes).filter(|minutes| *minutes < 60)?);
    Some((f64::from(hours) + f64::from(minutes) / 60.0, "h".to_owned()))
}

/// A step of a scale, by its number or its word.
fn scale(told: &str, value: &Value, words: [&'static str; 4]) -> Result<Value, ToolError> {
    let step = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim().to_lowercase();
            let of_word = (1_u8..)
                .zip(words)
                .find(|(_, word)| *word == text)
                .map(|(step, _)| f64::from(step));
            of_word.or_else(|| text.trim_end_matches("/4").trim().parse().ok())
        }
        _ => None,
    };
    let step = step.filter(|step| step.fract() == 0.0 && (1.0..=4.0).contains(step));
    step.map(Value::from).ok_or_else(|| {
        let named: Vec<String> = (1..)
            .zip(words)
            .map(|(step, word)| format!("{step} {word}"))
            .collect();
        wrong(
            told,
            &format!("must be 1 to 4, where 1 is best: {}", named.join(", ")),
        )
    })
}

fn phase(told: &str, value: &Value) -> Result<Value, ToolError> {
    const PHASES: [&str; 5] = ["PERIOD", "FOLLICULAR", "OVULATING", "LUTEAL", "NONE"];
    let text = value.as_str().unwrap_or_default().trim().to_uppercase();
    PHASES
        .into_iter()
        .find(|phase| *phase == text)
        .map(Value::from)
        .ok_or_else(|| wrong(told, "must be period, follicular, ovulating, luteal or none"))
}

/// A value of a field that the athlete made: a number or a text.
fn own_value(told: &str, value: &Value) -> Result<Value, ToolError> {
    match value {
        Value::Number(number) if number.as_f64() == Some(-1.0) => Err(cannot_empty(told)),
        Value::Number(number) if number.as_f64().is_some_and(|number| number.abs() <= MOST_OWN) => {
            Ok(value.clone())
        }
        Value::Number(_) => Err(wrong(told, "must be a number that a person could enter")),
        Value::String(text) if text.chars().count() <= NOTE => Ok(Value::from(text.trim())),
        _ => Err(wrong(told, "must be a number or a text")),
    }
}

fn unknown(given: &str, own: &[CustomField]) -> ToolError {
    let near = FIELDS
        .iter()
        .map(|field| field.key)
        .find(|key| strsim::osa_distance(&plain(key), &plain(given)) <= 2);
    let meant = near.map_or_else(String::new, |key| format!(" Did you mean {key}?"));
    let fields: Vec<&str> = FIELDS
        .iter()
        .map(|field| field.key)
        .filter(|key| *key != "menstrualPhasePredicted")
        .collect();
    let own: Vec<String> = own
        .iter()
        .filter(|field| is_own(&field.code))
        .map(|field| format!("{} {}", clean(&field.code, 64), fenced(&field.name, 40)))
        .collect();
    let own = if own.is_empty() {
        "This athlete has no fields of their own.".to_owned()
    } else {
        format!("The athlete's own: {}.", own.join(", "))
    };
    ToolError::Input(format!(
        "Not done: there is no wellness field {}.{meant} Fields: {}, note. {own}",
        fenced(given, 64),
        fields.join(", ")
    ))
}

/// Refuses a value that only a wrong unit explains: far from the one before, and without its unit. What that was is for whoever may
/// see wellness.
fn usual(wanted: &Wanted, day: NaiveDate, rows: &[Record], card: &AthleteCard) -> Result<(), ToolError> {
    if wanted.has_unit || wanted.key.as_deref() != Some("weight") {
        return Ok(());
    }
    let Some(number) = wanted.value.as_f64() else {
        return Ok(());
    };
    let before = rows.iter().rev().find_map(|row| match row.id {
        RecordId::Day(other) if other != day => {
            let kg = row.values.number("weight").filter(|kg| *kg > 0.0)?;
            Some((other, kg))
        }
        _ => None,
    });
    match before {
        Some((other, kg)) if number > kg * FAR || number < kg / FAR => {
            let far_from = if card.shows(&permissions::GET_WELLNESS) {
                format!(
                    "{} of {}",
                    units::weight_in_words(Some(kg), card.units),
                    units::date(other)
                )
            } else {
                "what this athlete weighed about then".to_owned()
            };
            Err(ToolError::Input(format!(
                "Not done: weight {} is far from {far_from}. With its unit it is written all the same, such as \"61.4 kg\" or \"135.4 lb\".",
                units::weight_in_words(Some(number), card.units),
            )))
        }
        _ => Ok(()),
    }
}
