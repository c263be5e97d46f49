//! What becomes of an event that somebody writes: upstream's checks, and the steps, times and loads that follow from the
//! text, with upstream's silent losses.
//!
//! Who may write, what is found and what is kept is decided elsewhere.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    athlete::{Sports, amended, stamp},
    calendar::{CATEGORIES, midnight},
    devices,
    dice::round,
    people::{FIRST_DAY, Person},
    refusal::Refusal,
    schema::{EVENT, fill, is_in, text},
    workout::{Indoor, Loss, Settings, Workout, intensity, read_losing},
};

type Object = Map<String, Value>;

/// What clients cannot set: it is read and ignored.
const OURS: [&str; 12] = [
    "id",
    "uid",
    "athlete_id",
    "created_by_id",
    "updated",
    "push_errors",
    "icu_ftp",
    "icu_ctl",
    "icu_atl",
    "oauth_client_id",
    "paired_activity_id",
    "plan_name",
];
const NUMBERS: &str = "\
    id icu_training_load icu_atl icu_ctl carbs_used ss_p_max ss_w_prime ss_cp calendar_id moving_time icu_ftp w_prime p_max \
    atl_days ctl_days joules joules_above_ftp shared_event_id carbs_per_hour distance oauth_client_id load_target \
    time_target distance_target max_training_time plan_folder_id plan_workout_id icu_intensity strain_score";
const FLAGS: &str = "\
    indoor not_on_fitness_chart show_as_note show_on_ctl_line for_week athlete_cannot_edit hide_from_athlete \
    structure_read_only entered";
const LISTS: &str = "push_errors tags attachments can_train_sports";
/// Closed sets of words.
const WORDS: [(&str, &[&str]); 4] = [
    ("category", &CATEGORIES),
    ("sub_type", &["NONE", "COMMUTE", "WARMUP", "COOLDOWN", "RACE"]),
    ("target", &["AUTO", "POWER", "HR", "PACE"]),
    ("training_availability", &["NORMAL", "LIMITED", "UNAVAILABLE"]),
];

/// Refuses a field that upstream's parser does not know or cannot read. Files in place of text are not simulated.
fn check((name, value): (&String, &Value)) -> Result<(), Refusal> {
    if !is_in(EVENT, name) {
        return Err(Refusal::malformed(format_args!("Unrecognized field \"{name}\"")));
    }
    let is_readable = match value {
        Value::Null => true,
        _ if is_in(NUMBERS, name) => value.is_number(),
        _ if is_in(FLAGS, name) => value.is_boolean(),
        _ if is_in(LISTS, name) => value.is_array(),
        _ if name == "workout_doc" => value.is_object(),
        _ => value.is_string(),
    };
    if !is_readable {
        return Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\""
        )));
    }
    let closed = WORDS.into_iter().find(|(field, _)| field == name);
    match (closed, value.as_str()) {
        (Some((_, words)), Some(word)) if !words.contains(&word) => Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\" from String \"{word}\": not one of the values accepted for Enum class"
        ))),
        _ => Ok(()),
    }
}

/// Refuses what cannot be on a calendar; returns when the event begins.
fn judge(event: &Object) -> Result<NaiveDateTime, Refusal> {
    let (category, start) = (text(event, "category"), text(event, "start_date_local"));
    if category.is_empty() {
        return Err(Refusal::unprocessable("Missing category"));
    }
    let parsed = moment(event, "start_date_local").filter(|start| (1..=9999).contains(&start.year()));
    let start = parsed.ok_or_else(|| {
        Refusal::unprocessable(format!(
            "Invalid start_date_local [{start}], expected yyyy-MM-ddTHH:mm:ss"
        ))
    })?;
    if (category == "WORKOUT" || category.starts_with("RACE_")) && text(event, "type").is_empty() {
        return Err(Refusal::unprocessable("Missing type"));
    }
    if category == "NOTE" && text(event, "name").is_empty() {
        return Err(Refusal::unprocessable("Name is required"));
    }
    Ok(start)
}

/// Whether the event is new to whoever writes it, which also an upsert supposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Made,
    Changed,
}

/// What a body brings.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field that is there or not"
)]
struct Brings {
    text: bool,
    doc: bool,
    sport: bool,
    length: bool,
    end: bool,
}

impl Brings {
    fn of(event: &Object, body: &Object, how: How) -> Self {
        let has = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
        Self {
            // A new event has none anyway.
            text: has("description") || how == How::Changed && body.contains_key("description"),
            doc: has("workout_doc"),
            sport: has("type") && text(event, "type") != text(body, "type"),
            length: has("moving_time") || has("distance"),
            end: has("end_date_local"),
        }
    }
}

fn moment(event: &Object, name: &str) -> Option<NaiveDateTime> {
    text(event, name).parse().ok()
}

/// The person's settings for the event's sport on its day, with what clients wrote.
fn settings_of(person: &Person, event: &Object, sports: &Sports) -> Settings {
    amended(person, day_of(event).max(FIRST_DAY), text(event, "type"), sports)
}

fn day_of(event: &Object) -> NaiveDate {
    moment(event, "start_date_local").map_or(FIRST_DAY, |start| start.date())
}

fn has_steps(event: &Object) -> bool {
    event
        .get("workout_doc")
        .and_then(|doc| doc["steps"].as_array())
        .is_some_and(|steps| !steps.is_empty())
}

/// Adds absolute targets to the event's steps, as `resolve=true` does.
pub(super) fn resolve(person: &Person, event: &mut Object, sports: &Sports) {
    let Some((workout, _)) = workout_of(person, event, sports) else {
        return;
    };
    let indoor = Indoor(event.get("indoor") == Some(&Value::Bool(true)));
    event.insert("workout_doc".into(), workout.doc(Some(indoor)));
}

/// The steps of an event, and the settings of its sport that they are for. None without steps.
pub(super) fn workout_of(person: &Person, event: &Object, sports: &Sports) -> Option<(Workout, Settings)> {
    let settings = settings_of(person, event, sports);
    has_steps(event).then(|| (Workout::of_doc(&event["workout_doc"], &settings), settings))
}

/// What upstream does with what is written where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Rules {
    /// Whether the upsert of an API key finds what that key wrote before. It is reported both ways.
    pub upsert_by_key: bool,
    /// Whether `resolve=true` counts for one event too. Upstream's document has it for lists only.
    pub resolve_one: bool,
    /// Whether null in a body empties a field, or says nothing.
    pub nulls_clear: bool,
    /// The same in the body of an activity or of a sport's settings, gear excepted.
    pub record_nulls_clear: bool,
    /// Whether -1 empties a number of an activity.
    pub minus_one_clears: bool,
    /// Whether a wellness day that is locked keeps what it has, whoever writes.
    pub locks_hold: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            upsert_by_key: true,
            resolve_one: true,
            nulls_clear: true,
            record_nulls_clear: false,
            minus_one_clears: true,
            locks_hold: true,
        }
    }
}

/// Somebody's write to a person's calendar.
#[derive(Debug, Clone)]
pub(super) struct Writing {
    pub(super) person: &'static Person,
    /// What clients wrote about the person's sports.
    pub(super) sports: Sports,
    pub(super) now: DateTime<Utc>,
    pub(super) how: How,
    /// Beyond what upstream loses anyway.
    pub(super) loss: Option<Loss>,
    pub(super) rules: Rules,
}

impl Writing {
    /// Lays `body` over `event`.
    pub(super) fn lay(&self, event: &mut Object, mut body: Object) -> Result<(), Refusal> {
        body.iter().try_for_each(check)?;
        body.retain(|_, value| self.rules.nulls_clear || !value.is_null());
        let brings = Brings::of(event, &body, self.how);
        let began = moment(event, "start_date_local");
        let doc = body.remove("workout_doc").unwrap_or_default();
        let category = text(
            if body.contains_key("category") {
                &body
            } else {
                event
            },
            "category",
        );
        let sets_ftp = category == "SET_EFTP";
        let settable = body
            .into_iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()) || sets_ftp && name == "icu_ftp");
        event.extend(settable);
        let start = judge(event)?;
        end(event, start, began.filter(|_| !brings.end));
        if text(event, "category") == "WORKOUT" {
            self.plan(event, &doc, brings);
        }
        let whole = |name: &str| {
            let number = event.get(name).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        let intensity = match (whole("icu_training_load"), whole("moving_time")) {
            (Some(load), Some(secs)) if secs > 0 => json!(round(intensity(load, secs), 6)),
            _ => Value::Null,
        };
        event.insert("icu_intensity".into(), intensity);
        let updated = json!(stamp(self.later_than(event)));
        event.insert("updated".into(), updated);
        Ok(())
    }

    /// Now, and later than the write before.
    fn later_than(&self, event: &Object) -> DateTime<Utc> {
        let before = text(event, "updated").parse::<DateTime<Utc>>();
        before.map_or(self.now, |before| {
            self.now.max(before + Duration::milliseconds(1))
        })
    }

    /// Time, distance and load of a workout: of its steps, and only without any as they are sent.
    fn plan(&self, event: &mut Object, doc: &Value, brings: Brings) {
        let settings = settings_of(self.person, event, &self.sports);
        let read = self.read(event, doc, brings, &settings);
        let is_new = read.is_some() || brings.length;
        if let Some(workout) = &read {
            fill(event, workout.fields(None));
            if workout.is_empty() {
                fill(event, json!({"joules": null, "joules_above_ftp": null}));
                // What comes with a document and has no steps takes the document and itself away.
                if brings.text && brings.doc && self.how == How::Made {
                    event.insert("description".into(), json!(""));
                }
            }
        }
        let workout = read.unwrap_or_else(|| Workout::of_doc(&event["workout_doc"], &settings));
        if !workout.is_empty() && brings.length {
            let totals = workout.totals();
            fill(
                event,
                json!({"moving_time": totals.secs, "distance": round(totals.distance, 3)}),
            );
        }
        if workout.is_empty() && is_new && event["workout_doc"].is_object() {
            event.insert("distance".into(), json!(0.0));
        }
        let place = (day_of(event), text(event, "type"));
        let refusals = devices::refusals(self.person, place, &workout, self.now);
        event.insert("push_errors".into(), json!(refusals));
    }

    /// The steps that are written. None where the event keeps those that it has.
    fn read(&self, event: &Object, doc: &Value, brings: Brings, settings: &Settings) -> Option<Workout> {
        let description = text(event, "description");
        if brings.doc && self.how == How::Changed {
            // A document that is sent back loses its steps.
            return Some(Workout::default());
        }
        if brings.text || brings.sport && !description.trim().is_empty() {
            return Some(read_losing(self.loss, description, text(event, "type"), settings));
        }
        brings.doc.then(|| Workout::of_doc(doc, settings))
    }
}

/// Where the event ends: as long after its start as before, if it had one; otherwise with its day.
fn end(event: &mut Object, start: NaiveDateTime, began: Option<NaiveDateTime>) {
    let end = moment(event, "end_date_local");
    let end = match (end, began) {
        (Some(end), Some(began)) => end.checked_add_signed(start - began),
        (end, _) => end,
    };
    let end = end.filter(|end| *end > start).map_or_else(
        || midnight(start.date() + Duration::days(1)),
        |end| end.format("%Y-%m-%dT%H:%M:%S").to_string(),
    );
    event.insert("end_date_local".into(), json!(end));
}
