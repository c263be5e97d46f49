//! `workout_doc` as upstream shows it.

use serde_json::{Map, Value, json};

use super::{
    Settings,
    estimate::{Totals, kind, zone_times},
    model::{Item, Kind, Span, Step, Target},
    resolve::Indoor,
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
