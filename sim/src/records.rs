//! What becomes of an activity, or of the settings of a sport, that somebody writes: upstream's checks, what follows from
//! the values, and what is ignored without a word.
//!
//! Who may write, what is found and what is kept is decided elsewhere.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    activity::{FUEL, LACTATE},
    athlete::stamp,
    people::{Build, Person},
    refusal::Refusal,
    schema::{ACTIVITY, SPORTS, fill, is_in, number, text},
    written::Rules,
};

type Object = Map<String, Value>;

/// m/s: no runner and no swimmer has a threshold beyond these.
const PACES: std::ops::Range<f64> = 0.2..15.0;

/// What upstream's parser reads of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    /// Of texts.
    Names,
    /// Of numbers.
    Numbers,
    /// One of a closed set.
    Word(&'static str),
    Gear,
}

const ORDERS: &str = "POWER_HR_PACE POWER_PACE_HR HR_POWER_PACE HR_PACE_POWER PACE_POWER_HR PACE_HR_POWER";
/// `sub_type` of activities.
const SUB_TYPES: &str = "NONE COMMUTE WARMUP COOLDOWN RACE";

/// What can be written of an activity; everything else is worked out by upstream, and ignored.
fn of_activity(person: &Person, name: &str) -> Option<Kind> {
    Some(match name {
        "name" | "description" | "icu_color" => Kind::Text,
        "type" => Kind::Word(SPORTS),
        "sub_type" => Kind::Word(SUB_TYPES),
        "icu_rpe" | "feel" | "carbs_ingested" | "kg_lifted" | "paired_event_id" => Kind::Number,
        "race" | "commute" | "trainer" | "icu_ignore_time" | "icu_ignore_power" | "icu_ignore_hr"
        | "ignore_velocity" | "ignore_pace" => Kind::Flag,
        "tags" => Kind::Names,
        "gear" => Kind::Gear,
        LACTATE if person.build == Build::Triathlete => Kind::Number,
        FUEL if person.build == Build::Triathlete => Kind::Text,
        _ => return None,
    })
}

/// What can be written of the settings of a sport.
fn of_sport(name: &str) -> Option<Kind> {
    Some(match name {
        "warmup_time"
        | "cooldown_time"
        | "ftp"
        | "indoor_ftp"
        | "w_prime"
        | "p_max"
        | "sweet_spot_min"
        | "sweet_spot_max"
        | "power_spike_threshold"
        | "ftp_est_min_secs"
        | "after_kj0"
        | "after_kj1"
        | "lthr"
        | "max_hr"
        | "hrrc_min_percent"
        | "threshold_pace"
        | "pace_curve_start"
        | "show_pauses"
        | "p30s_exponent" => Kind::Number,
        "power_zones" | "hr_zones" | "pace_zones" | "best_effort_distances" => Kind::Numbers,
        "power_zone_names" | "hr_zone_names" | "pace_zone_names" => Kind::Names,
        "hr_load_type" => Kind::Word("AVG_HR HR_ZONES HRSS"),
        "pace_units" => {
            Kind::Word("SECS_100M SECS_100Y MINS_KM MINS_MILE SECS_500M SECS_400M SECS_250M NONE")
        }
        "pace_load_type" => Kind::Word("SWIM RUN"),
        "gap_model" => Kind::Word("NONE STRAVA_RUN"),
        "elevation_correction" => Kind::Word("NO AUTO YES"),
        "load_order" | "tiz_order" | "workout_order" | "interval_display" => Kind::Word(ORDERS),
        "default_gear_id" | "default_indoor_gear_id" | "default_workout_time" | "power_field" => Kind::Text,
        "use_gap_zone_times"
        | "extract_workouts"
        | "ignore_velocity"
        | "update_activity_name_from_workout"
        | "use_distance_for_intervals" => Kind::Flag,
        _ => return None,
    })
}

fn all(value: &Value, is_one: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(is_one))
}

/// Refuses what upstream's parser cannot read.
fn check(name: &str, value: &Value, kind: Kind) -> Result<(), Refusal> {
    let fits = match kind {
        _ if value.is_null() => true,
        Kind::Text | Kind::Word(_) => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::Names => all(value, Value::is_string),
        Kind::Numbers => all(value, Value::is_number),
        Kind::Gear => value.is_object(),
    };
    if !fits {
        return Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\""
        )));
    }
    match (kind, value.as_str()) {
        (Kind::Word(words), Some(word)) if !is_in(words, word) => Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\" from String \"{word}\": not one of the values accepted for Enum class"
        ))),
        _ => Ok(()),
    }
}

/// What is left to lay over a record once upstream has read it; None for what is ignored.
fn read(name: &str, value: Value, kind: Kind, rules: Rules) -> Result<Option<Value>, Refusal> {
    check(name, &value, kind)?;
    Ok(match (&value, kind) {
        // Gear cannot be taken off an activity.
        (Value::Null, Kind::Gear) => None,
        (Value::Null, _) => rules.record_nulls_clear.then_some(value),
        _ => Some(value),
    })
}

/// Lays `body` over an activity. `gear` finds a piece by its id, as activities show it.
pub(super) fn lay_activity(
    person: &Person,
    activity: &Object,
    body: Object,
    rules: Rules,
    gear: impl Fn(&str) -> Option<Value>,
) -> Result<Object, Refusal> {
    let mut laid = Object::new();
    for (name, value) in body {
        let Some(kind) = of_activity(person, &name) else {
            if is_in(ACTIVITY, &name) {
                continue;
            }
            return Err(Refusal::malformed(format_args!("Unrecognized field \"{name}\"")));
        };
        let Some(value) = read(&name, value, kind, rules)? else {
            continue;
        };
        let value = match kind {
            Kind::Number if rules.minus_one_clears && value.as_f64() == Some(-1.0) => Value::Null,
            Kind::Gear => {
                let id = value["id"].as_str().unwrap_or_default();
                gear(id).ok_or_else(|| Refusal::unprocessable(format!("Gear not found [{id}]")))?
            }
            _ => value,
        };
        laid.insert(name, value);
    }
    if laid.contains_key("icu_rpe") {
        let minutes = number(activity, "moving_time").map(|secs| (secs / 60.0).floor());
        let felt = number(&laid, "icu_rpe")
            .zip(minutes)
            .map(|(rpe, minutes)| rpe * minutes);
        laid.insert("session_rpe".into(), json!(felt.map(super::dice::whole)));
    }
    mark(activity, &mut laid);
    Ok(laid)
}

/// `sub_type` follows the marks for races and commutes, and they follow it, which wins.
fn mark(activity: &Object, laid: &mut Object) {
    if laid.contains_key("sub_type") {
        let word = text(laid, "sub_type").to_owned();
        fill(
            laid,
            json!({"race": word == "RACE", "commute": word == "COMMUTE"}),
        );
        return;
    }
    for (flag, word, other) in [("race", "RACE", "commute"), ("commute", "COMMUTE", "race")] {
        match laid.get(flag).and_then(Value::as_bool) {
            Some(true) => {
                fill(laid, json!({"sub_type": word}));
                laid.insert(other.into(), json!(false));
                return;
            }
            Some(false) if text(activity, "sub_type") == word => fill(laid, json!({"sub_type": "NONE"})),
            _ => {}
        }
    }
}

/// Lays `body` over the settings of a sport. With `recalculate`, the bounds of the heart-rate zones move with the threshold,
/// or with the highest rate where only that is sent.
pub(super) fn lay_sport(
    group: &Object,
    body: Object,
    recalculate: bool,
    rules: Rules,
    now: DateTime<Utc>,
) -> Result<Object, Refusal> {
    let mut laid = Object::new();
    for (name, value) in body {
        // Unlike elsewhere, a name that upstream does not know is no error here.
        let Some(kind) = of_sport(&name) else {
            continue;
        };
        if let Some(value) = read(&name, value, kind, rules)? {
            laid.insert(name, value);
        }
    }
    if number(&laid, "threshold_pace").is_some_and(|pace| !PACES.contains(&pace)) {
        return Err(Refusal::unprocessable("Invalid threshold pace"));
    }
    if recalculate
        && !laid.contains_key("hr_zones")
        && let Some(zones) = moved(group, &laid)
    {
        laid.insert("hr_zones".into(), zones);
    }
    // The last bound is the highest rate, whatever is sent for it.
    let stands = laid.get("hr_zones").or_else(|| group.get("hr_zones"));
    let last = stands
        .and_then(Value::as_array)
        .and_then(|zones| zones.last())
        .cloned();
    if let Some(last) = last {
        laid.insert("max_hr".into(), last);
    }
    let before = text(group, "updated").parse::<DateTime<Utc>>();
    let later = before.map_or(now, |before| now.max(before + chrono::Duration::milliseconds(1)));
    laid.insert("updated".into(), json!(stamp(later)));
    Ok(laid)
}

/// The bounds of the heart-rate zones after a new threshold or a new highest rate; None without either, or without zones.
fn moved(group: &Object, laid: &Object) -> Option<Value> {
    let zones: Vec<f64> = group["hr_zones"]
        .as_array()?
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let highest = number(laid, "max_hr").or_else(|| zones.last().copied())?;
    let factor = |name| Some(number(laid, name)? / number(group, name).filter(|before| *before > 0.0)?);
    let factor = factor("lthr").or_else(|| factor("max_hr"))?;
    let (_, lower) = zones.split_last()?;
    let bounds = lower.iter().map(|bound| (bound * factor).min(highest));
    Some(
        bounds
            .chain([highest])
            .map(|bound| json!(super::dice::whole(bound)))
            .collect(),
    )
}
