//! The seeded workout library: folders, plans and the workouts in them; and how a workout that somebody writes reads on the wire.
//!
//! The store keeps what clients write, and lays it over these.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{
    athlete::{Sports, amended, stamp},
    dice::round,
    people::{Build, FIRST_DAY, Person},
    refusal::Refusal,
    schema::{FOLDER, WORKOUT, fill, is_in, made, text},
    workout::{Loss, Settings, Workout, intensity, read_losing},
    world::id_of,
};

type Object = Map<String, Value>;

/// Ids of a person's folders begin here, ten for each.
const FOLDERS: i64 = 880_000;
/// Ids of a person's workouts, a thousand for each.
const WORKOUTS: i64 = 7_700_000;
/// Weeks of the seeded plan.
pub(super) const PLAN_WEEKS: i64 = 8;
/// Days of its weeks on which something is, from Monday.
const PLAN_DAYS: [i64; 4] = [1, 3, 5, 6];
/// Somebody who shares a folder with everyone.
const OTHER: &str = "i955555";

/// A workout as it was written: name, sport, text, tags.
type Written = (&'static str, &'static str, &'static str, &'static [&'static str]);

const RIDES: [Written; 5] = [
    (
        "Sweet spot 3x12",
        "Ride",
        "Warmup\n- 20m ramp 55-75% 85rpm\n\nMain set 3x\n- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%\n\nCooldown\n- 10m ramp 60-45%",
        &["sweetspot"],
    ),
    (
        "Threshold 4x8",
        "Ride",
        "- 15m ramp 50-75%\n\n4x\n- 8m 96-100%\n- 4m 55%\n\n- 9m 50%",
        &["threshold", "key"],
    ),
    (
        "VO2 5x3",
        "Ride",
        "- 15m ramp 50-75%\n\n5x\n- Hard 3m 115-120%\n- 3m 50%\n\n- 10m 50%",
        &["vo2", "key"],
    ),
    ("Z2 two hours", "Ride", "- 2h Z2", &["endurance"]),
    (
        "Openers",
        "Ride",
        "- 20m 55-65%\n\n3x\n- 1m 110%\n- 3m 50%\n\n- 10m 50%",
        &["race week"],
    ),
];
const RUNS: [Written; 5] = [
    (
        "Tempo 3x2k",
        "Run",
        "- 15m Z2 HR\n\n3x\n- 2km 94-98% Pace\n- Jog 2m 60% Pace\n\n- 10m Z1 HR",
        &["tempo"],
    ),
    (
        "Strides",
        "Run",
        "- 40m Z2 HR\n\n6x\n- 20s 115% Pace\n- 1m 60% Pace",
        &["neuromuscular"],
    ),
    (
        "6x400",
        "Run",
        "- 15m 70% Pace\n\n6x\n- 400mtr 105% Pace\n- 90s 55% Pace\n\n- 10m 65% Pace",
        &["track", "key"],
    ),
    ("Easy 45", "Run", "- 45m Z2 HR", &[]),
    ("Long 2h", "Run", "- 2h 68-75% LTHR", &["endurance"]),
];
const SWIMS: [Written; 1] = [(
    "CSS 10x100",
    "Swim",
    "- Easy 300mtr 70% Pace\n\n10x\n- 100mtr 98-102% Pace\n- Rest 15s 40% Pace\n\n- 200mtr 70% Pace",
    &["css"],
)];
/// No language has steps for it: it stays prose.
const STRENGTH: Written = (
    "Strength A",
    "WeightTraining",
    "Three rounds: squats, rows, planks. Two minutes of rest. Heavy, but never to failure.",
    &["gym"],
);

/// The person's workouts, by build.
fn written(person: &Person) -> Vec<Written> {
    let mut all = match person.build {
        Build::Cyclist | Build::StravaOnly => RIDES.to_vec(),
        Build::Runner => RUNS.to_vec(),
        Build::Duathlete => [RIDES, RUNS].concat(),
        Build::Triathlete => [&RIDES[..], &RUNS, &SWIMS].concat(),
        Build::Newcomer => return Vec::new(),
    };
    all.push(STRENGTH);
    all
}

/// The id of one of the person's folders.
const fn folder_id(person: &Person, place: i64) -> i64 {
    FOLDERS + person.number as i64 * 10 + place
}

fn folder(person: &Person, id: i64, values: Value) -> Object {
    let mut object = made(
        FOLDER,
        json!({
            "athlete_id": person.athlete_id, "id": id, "type": "FOLDER", "visibility": "PRIVATE", "canEdit": true,
            "sharedWithCount": 0,
        }),
    );
    fill(&mut object, values);
    object
}

/// The seeded folders and plans, with their workouts, as they were at first.
fn seeded(person: &Person, day: NaiveDate) -> Vec<(Object, Vec<Object>)> {
    let all = written(person);
    if all.is_empty() {
        return Vec::new();
    }
    let mut number = WORKOUTS + i64::from(person.number) * 1000;
    let mut workout = |folder: i64, own: &Written, more: Value| {
        number += 1;
        let (name, sport, words, tags) = *own;
        let mut object = blank(person, number, at(person));
        fill(
            &mut object,
            json!({"name": name, "type": sport, "description": words, "tags": tags, "folder_id": folder}),
        );
        read(
            &mut object,
            words,
            &amended(person, day.max(FIRST_DAY), sport, &Sports::new()),
            None,
        );
        fill(&mut object, more);
        object
    };
    let key = folder_id(person, 0);
    let mut sessions: Vec<Object> = all.iter().map(|own| workout(key, own, Value::Null)).collect();
    // As it comes from a file: steps and no text.
    let mut from_file = workout(key, &all[1], json!({"name": "From a file"}));
    from_file.insert("description".into(), Value::Null);
    sessions.push(from_file);
    let plan = folder_id(person, 1);
    let days = (0..PLAN_WEEKS).flat_map(|week| PLAN_DAYS.map(|day| week * 7 + day));
    let planned: Vec<Object> = days
        .enumerate()
        .map(|(at, day)| workout(plan, &all[at % all.len()], json!({"day": day})))
        .collect();
    let club = folder_id(person, 2);
    let shared = vec![workout(club, &all[0], json!({"name": "Club session"}))];
    let others = folder_id(person, 3);
    let mut theirs = workout(others, &all[0], json!({"name": "Coach's own"}));
    theirs.insert("athlete_id".into(), json!(OTHER));
    let plan_name = if person.number == 1 {
        "Basis & Aufbau, 8 Wochen"
    } else {
        "Base and build, 8 weeks"
    };
    vec![
        (
            folder(
                person,
                key,
                json!({"name": "Key sessions", "num_workouts": sessions.len()}),
            ),
            sessions,
        ),
        (
            folder(
                person,
                plan,
                json!({
                    "name": plan_name, "type": "PLAN", "description": "Three weeks to build, one to recover",
                    "duration_weeks": PLAN_WEEKS, "num_workouts": planned.len(),
                }),
            ),
            planned,
        ),
        (
            folder(
                person,
                club,
                json!({"name": "Club", "sharedWithCount": 2, "num_workouts": 1}),
            ),
            shared,
        ),
        (
            folder(
                person,
                others,
                json!({
                    "name": "From the coach", "athlete_id": OTHER, "canEdit": false, "num_workouts": 1,
                    "owner": {"id": OTHER, "name": "Kim Coach"},
                }),
            ),
            vec![theirs],
        ),
    ]
}

/// A person's workout library.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    /// Folders and plans, by id.
    pub(super) folders: BTreeMap<i64, Object>,
    /// Workouts, by id.
    pub(super) workouts: BTreeMap<i64, Object>,
}

impl Shelf {
    pub(super) fn seeded(person: &Person, day: NaiveDate) -> Self {
        let mut shelf = Self::default();
        for (folder, workouts) in seeded(person, day) {
            shelf.folders.extend(id_of(&folder).map(|id| (id, folder)));
            shelf.workouts.extend(
                workouts
                    .into_iter()
                    .filter_map(|workout| Some((id_of(&workout)?, workout))),
            );
        }
        shelf
    }

    /// Lays `change` over the folder or workout with this id, or without one deletes it; false if there is none.
    pub(super) fn meddle(&mut self, id: i64, change: Option<Object>) -> bool {
        let found = self.folders.get_mut(&id).or(self.workouts.get_mut(&id));
        let is_there = found.is_some();
        match (found, change) {
            (Some(found), Some(change)) => found.extend(change),
            (_, None) => {
                self.folders.remove(&id);
                let folder = |workout: &Object| workout["folder_id"].as_i64();
                self.workouts
                    .retain(|own, workout| *own != id && folder(workout) != Some(id));
            }
            (None, Some(_)) => {}
        }
        is_there
    }

    /// What is in a folder, in the order in which it was made.
    pub(super) fn inside(&self, folder: i64) -> impl Iterator<Item = &Object> {
        self.workouts
            .values()
            .filter(move |workout| workout["folder_id"].as_i64() == Some(folder))
    }
}

/// When the seeded ones were written.
fn at(person: &Person) -> DateTime<Utc> {
    person.utc(FIRST_DAY.and_hms_opt(20, 11, 2).unwrap_or_default())
}

/// A workout without anything in it.
pub(super) fn blank(person: &Person, id: i64, updated: DateTime<Utc>) -> Object {
    made(
        WORKOUT,
        json!({
            "id": id, "athlete_id": person.athlete_id, "updated": stamp(updated), "hide_from_athlete": false,
            "for_week": false, "sub_type": "NONE",
        }),
    )
}

/// A folder without anything in it.
pub(super) fn blank_folder(person: &Person, id: i64) -> Object {
    folder(person, id, Value::Null)
}

/// Times, distance, load and steps of a text.
fn read(object: &mut Object, words: &str, settings: &Settings, loss: Option<Loss>) {
    let sport = text(object, "type").to_owned();
    let workout = read_losing(loss, words, &sport, settings);
    let fields = workout.fields(None);
    let Value::Object(fields) = fields else { return };
    object.extend(fields.into_iter().filter(|(name, _)| is_in(WORKOUT, name)));
    object.insert("targets".into(), targets(&workout));
}

/// The metrics of the steps.
fn targets(workout: &Workout) -> Value {
    match workout.doc(None)["target"].as_str() {
        Some(target) if !workout.is_empty() => json!([target]),
        _ => Value::Null,
    }
}

/// What clients cannot set: it is read and ignored.
const OURS: [&str; 7] = [
    "id",
    "athlete_id",
    "updated",
    "joules",
    "joules_above_ftp",
    "icu_intensity",
    "plan_applied",
];
const NUMBERS: &str = "\
    id icu_training_load moving_time joules joules_above_ftp folder_id day days carbs_per_hour distance icu_intensity";
const FLAGS: &str = "indoor hide_from_athlete for_week";
const LISTS: &str = "targets tags attachments";
const FOLDER_NUMBERS: &str = "\
    id rollout_weeks auto_rollout_day starting_ctl starting_atl num_workouts duration_weeks hours_per_week_min \
    hours_per_week_max sharedWithCount copy_folder_id";

/// Refuses a field that upstream's parser does not know or cannot read.
fn check(names: &str, (name, value): (&String, &Value)) -> Result<(), Refusal> {
    if !is_in(names, name) {
        return Err(Refusal::malformed(format_args!("Unrecognized field \"{name}\"")));
    }
    let is_folder = names == FOLDER;
    let is_readable = match value {
        Value::Null => true,
        _ if is_in(if is_folder { FOLDER_NUMBERS } else { NUMBERS }, name) => value.is_number(),
        _ if is_folder => true,
        _ if is_in(FLAGS, name) => value.is_boolean(),
        _ if is_in(LISTS, name) => value.is_array(),
        _ if name == "workout_doc" => value.is_object(),
        _ => value.is_string(),
    };
    let closed = match name.as_str() {
        "target" => Some(&["AUTO", "POWER", "HR", "PACE"][..]),
        "sub_type" => Some(&["NONE", "COMMUTE", "WARMUP", "COOLDOWN", "RACE"][..]),
        "type" if is_folder => Some(&["FOLDER", "PLAN"][..]),
        _ => None,
    };
    let is_word = closed.is_none_or(|words| value.as_str().is_none_or(|word| words.contains(&word)));
    if is_readable && is_word {
        Ok(())
    } else {
        Err(Refusal::malformed(format_args!(
            "Cannot deserialize field \"{name}\""
        )))
    }
}

/// Somebody's write to a person's library.
pub(super) struct Laying<'a> {
    pub(super) person: &'static Person,
    /// What clients wrote about the person's sports.
    pub(super) sports: &'a Sports,
    pub(super) today: NaiveDate,
    pub(super) now: DateTime<Utc>,
    /// Beyond what upstream loses anyway.
    pub(super) loss: Option<Loss>,
}

impl Laying<'_> {
    /// Lays `body` over a workout.
    pub(super) fn workout(&self, object: &mut Object, body: Object) -> Result<(), Refusal> {
        body.iter().try_for_each(|field| check(WORKOUT, field))?;
        let has_text = body.contains_key("description");
        let has_sport = text(&body, "type") != text(object, "type") && body.contains_key("type");
        let doc = body.get("workout_doc").filter(|doc| doc.is_object()).cloned();
        let settable = |(name, _): &(String, Value)| !OURS.contains(&name.as_str()) && name != "workout_doc";
        object.extend(body.into_iter().filter(settable));
        if !object["folder_id"].is_number() {
            return Err(Refusal::unprocessable("Folder is required"));
        }
        if text(object, "type").is_empty() {
            return Err(Refusal::unprocessable("Missing type"));
        }
        let settings = amended(
            self.person,
            self.today.max(FIRST_DAY),
            text(object, "type"),
            self.sports,
        );
        let words = text(object, "description").to_owned();
        if has_text || has_sport && !words.trim().is_empty() {
            read(object, &words, &settings, self.loss);
        } else if doc.is_some() {
            // A document that is sent back loses its steps.
            read(object, "", &settings, self.loss);
        }
        let whole = |name: &str| {
            object
                .get(name)
                .and_then(Value::as_u64)
                .and_then(|number| u32::try_from(number).ok())
        };
        let intensity = match (whole("icu_training_load"), whole("moving_time")) {
            (Some(load), Some(secs)) if secs > 0 => json!(round(intensity(load, secs), 6)),
            _ => Value::Null,
        };
        object.insert("icu_intensity".into(), intensity);
        object.insert("updated".into(), json!(stamp(self.now)));
        Ok(())
    }

    /// Lays `body` over a folder.
    pub(super) fn folder(object: &mut Object, mut body: Object) -> Result<(), Refusal> {
        body.remove("copy_folder_id");
        body.iter().try_for_each(|field| check(FOLDER, field))?;
        let settable = [
            "type",
            "name",
            "description",
            "start_date_local",
            "visibility",
            "duration_weeks",
        ];
        object.extend(
            body.into_iter()
                .filter(|(name, _)| settable.contains(&name.as_str())),
        );
        if text(object, "name").is_empty() {
            return Err(Refusal::unprocessable("Name is required"));
        }
        Ok(())
    }
}
