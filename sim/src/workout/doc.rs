//! `workout_doc` as upstream shows it, and read again.

use serde_json::{Map, Value, json};

use super::{
    Settings,
    estimate::{Totals, kind, zone_times},
    model::{Item, Kind, Section, Span, Step, Target, Unit},
    resolve::Indoor,
    token,
};
use crate::dice::{round, whole};

/// The document of a text without steps.
pub(crate) fn no_steps() -> Value {
    json!({"steps": [], "duration": 0, "distance": 0, "options": {}, "locales": []})
}

/// `%ftp`, `rpm` … with one value or two.
fn span(span: Span, units: &str) -> Map<String, Value> {
    let pairs = match span {
        Span::One(value) => vec![("value", value)],
        Span::Two(start, end) => vec![("start", start), ("end", end)],
    };
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)));
    pairs.chain([("units".to_owned(), json!(units))]).collect()
}

fn target_doc(target: &Target) -> Value {
    let mut doc = span(target.span, &target.unit.word());
    if let Some(secs) = target.over {
        doc.insert("duration".into(), json!(secs));
    }
    if let Some(averaged) = &target.averaged {
        doc.insert("target".into(), json!(averaged));
    }
    Value::Object(doc)
}

fn step_doc(step: &Step, settings: &Settings, resolve: Option<Indoor>) -> Value {
    let mut doc = Map::new();
    if !step.text.is_empty() {
        doc.insert("text".into(), json!(step.text));
    }
    // A step over a distance that nothing times has no duration.
    if step.secs > 0 {
        doc.insert("duration".into(), json!(step.secs));
    }
    if let Some(metres) = step.metres {
        doc.insert("distance".into(), json!(metres));
    }
    let flags = [
        ("ramp", step.ramp),
        ("freeride", step.freeride),
        ("maxeffort", step.maxeffort),
        ("hidepower", step.hidepower),
        ("until_lap_press", step.until_lap_press),
    ];
    for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
        doc.insert(name.into(), json!(true));
    }
    if let Some(section) = step.section {
        doc.insert(section.key().into(), json!(true));
    }
    if let Some(intensity) = step.intensity {
        doc.insert("intensity".into(), json!(intensity));
    }
    if let Some(cadence) = step.cadence {
        doc.insert("cadence".into(), Value::Object(span(cadence, "rpm")));
    }
    if let Some(target) = &step.target {
        doc.insert(target.unit.kind().key().into(), target_doc(target));
        if let Some(indoor) = resolve {
            resolve_step(&mut doc, step, target, settings, indoor);
        }
    }
    Value::Object(doc)
}

/// Adds what `resolve=true` adds: absolute values and, to a timed step with a pace, its distance.
fn resolve_step(
    doc: &mut Map<String, Value>,
    step: &Step,
    target: &Target,
    settings: &Settings,
    indoor: Indoor,
) {
    let Some((key, value)) = settings.resolved(target, indoor) else {
        return;
    };
    doc.insert(key.into(), value);
    if let (Kind::Pace, None, Some(metres)) = (target.unit.kind(), step.metres, settings.metres(step)) {
        doc.insert("_distance".into(), json!(round(metres, 3)));
    }
}

fn item_doc(item: &Item, settings: &Settings, resolve: Option<Indoor>) -> Value {
    match item {
        Item::Step(step) => step_doc(step, settings, resolve),
        Item::Repeat { reps, text, steps } => {
            let steps: Vec<Value> = steps
                .iter()
                .map(|step| step_doc(step, settings, resolve))
                .collect();
            json!({"reps": reps, "text": text, "steps": steps, "distance": 0, "duration": item.secs()})
        }
    }
}

/// The document of `items`; `resolve` adds absolute targets.
pub(super) fn doc(items: &[Item], totals: &Totals, settings: &Settings, resolve: Option<Indoor>) -> Value {
    if items.is_empty() {
        return no_steps();
    }
    let steps: Vec<Value> = items
        .iter()
        .map(|item| item_doc(item, settings, resolve))
        .collect();
    let mut doc = json!({
        "steps": steps, "duration": totals.secs, "distance": round(totals.distance, 3), "lthr": settings.lthr,
        "options": {}, "locales": [],
    });
    let kind = kind(items, settings);
    let more = match kind {
        None => json!({"target": "AUTO"}),
        Some(Kind::Power) => json!({
            "ftp": settings.ftp.map(whole), "target": "POWER",
            "normalized_power": totals.np, "average_watts": totals.average, "polarization_index": 0.0,
            "variability_index": round(f64::from(totals.np) / f64::from(totals.average.max(1)), 6),
        }),
        Some(Kind::Pace) => json!({
            "target": "PACE", "threshold_pace": settings.threshold_pace, "pace_units": settings.pace_units,
        }),
        Some(Kind::Hr) => json!({"target": "HR", "max_hr": settings.max_hr}),
    };
    if let (Value::Object(doc), Value::Object(more)) = (&mut doc, more) {
        doc.extend(more);
        if let Some(kind) = kind {
            doc.insert("zoneTimes".into(), zone_times(items, settings, kind));
        }
    }
    doc
}

/// The items of a document that upstream or a client made. What upstream does not know is not in it any more, a step
/// without a length neither.
pub(super) fn items(doc: &Value) -> Vec<Item> {
    let steps = doc["steps"].as_array().into_iter().flatten();
    steps.filter_map(item).collect()
}

fn item(value: &Value) -> Option<Item> {
    let Some(steps) = value["steps"].as_array() else {
        return step(value).map(Item::Step);
    };
    let steps: Vec<Step> = steps.iter().filter_map(step).collect();
    (!steps.is_empty()).then(|| Item::Repeat {
        reps: count(&value["reps"]).unwrap_or(1),
        text: value["text"].as_str().unwrap_or_default().to_owned(),
        steps,
    })
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// One value, or a start and an end.
fn span_of(value: &Value) -> Option<Span> {
    let ends = || Some(Span::Two(value["start"].as_f64()?, value["end"].as_f64()?));
    value["value"].as_f64().map(Span::One).or_else(ends)
}

fn target_of(step: &Value) -> Option<Target> {
    [Kind::Power, Kind::Hr, Kind::Pace].into_iter().find_map(|kind| {
        let value = &step[kind.key()];
        let unit = Unit::of_word(value["units"].as_str()?).filter(|unit| unit.kind() == kind)?;
        Some(Target {
            over: count(&value["duration"]),
            averaged: value["target"].as_str().map(str::to_owned),
            ..Target::new(unit, span_of(value)?)
        })
    })
}

fn step(value: &Value) -> Option<Step> {
    let is = |name: &str| value[name] == true;
    let step = Step {
        text: value["text"].as_str().unwrap_or_default().to_owned(),
        secs: count(&value["duration"]).unwrap_or_default(),
        metres: value["distance"].as_f64().filter(|metres| *metres > 0.0),
        ramp: is("ramp"),
        freeride: is("freeride"),
        maxeffort: is("maxeffort"),
        hidepower: is("hidepower"),
        until_lap_press: is("until_lap_press"),
        intensity: value["intensity"].as_str().and_then(token::known_intensity),
        section: [Section::Warmup, Section::Cooldown]
            .into_iter()
            .find(|section| is(section.key())),
        target: target_of(value),
        cadence: span_of(&value["cadence"]),
    };
    (step.secs > 0 || step.metres.is_some()).then_some(step)
}
