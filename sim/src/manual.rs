//! Activities that somebody types in instead of recording them, and those that somebody deletes.
//!
//! What can be written of any activity is in `records`; these say their times and figures themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    athlete::stamp,
    dice::{round, whole},
    history::History,
    people::Person,
    records::lay_activity,
    refusal::Refusal,
    schema::{SPORTS, fill, is_in, number, text},
    season::{Session, jog},
    training::{Done, Source, bare},
    workout::intensity,
    world::World,
    written::Rules,
};

type Object = Map<String, Value>;

/// Added to the number of what clients make, so that no recording has the same id.
const IDS: i64 = 8_000_000;
/// What only such an activity says itself, as numbers.
const FIGURES: &str = "\
    moving_time elapsed_time distance total_elevation_gain icu_training_load average_heartrate max_heartrate calories";

/// What clients made and deleted of a person's activities.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    made: BTreeMap<String, Done>,
    gone: BTreeSet<String>,
}

impl Typed {
    /// A history with what was made and without what was deleted.
    fn over(&self, history: &History) -> History {
        let made = self.made.values().cloned().collect();
        history.clone().with_records(made, &self.gone)
    }
}

/// Somebody's write of such an activity.
pub(super) struct Typing<'a> {
    pub(super) person: &'static Person,
    pub(super) now: DateTime<Utc>,
    pub(super) rules: Rules,
    /// The application, as the activity names it.
    pub(super) client: Value,
    /// A piece of gear by its id, as activities show it.
    pub(super) gear: &'a dyn Fn(&str) -> Option<Value>,
}

/// Refuses what upstream's parser cannot read, and takes what only such an activity says itself out of `body`.
fn figures(body: &mut Object) -> Result<Object, Refusal> {
    let unreadable = |name: &str| Refusal::malformed(format_args!("Cannot deserialize field \"{name}\""));
    let names = FIGURES.split_ascii_whitespace();
    let mut taken = Object::new();
    for name in names.chain(["start_date_local", "external_id"]) {
        let Some(value) = body.remove(name).filter(|value| !value.is_null()) else {
            continue;
        };
        let fits = if is_in(FIGURES, name) {
            value.is_number()
        } else {
            value.is_string()
        };
        if !fits {
            return Err(unreadable(name));
        }
        if value.as_f64().is_some_and(|figure| figure < 0.0) {
            return Err(Refusal::unprocessable(format!("Invalid {name} [{value}]")));
        }
        taken.insert(name.to_owned(), value);
    }
    Ok(taken)
}

impl Typing<'_> {
    /// An activity's values after `body`, over those `before`; without, it is a new one. It is not kept yet.
    pub(super) fn lay(&self, before: Option<&Object>, mut body: Object) -> Result<Object, Refusal> {
        let mut values = before.cloned().unwrap_or_default();
        values.extend(figures(&mut body)?);
        let laid = lay_activity(self.person, &values, body, self.rules, self.gear)?;
        values.extend(laid);
        if text(&values, "type").is_empty() {
            return Err(Refusal::unprocessable("Missing type"));
        }
        let start = text(&values, "start_date_local");
        if start.is_empty() {
            return Err(Refusal::unprocessable("start_date_local is required"));
        }
        if start.parse::<NaiveDateTime>().is_err() {
            return Err(Refusal::unprocessable(format!(
                "Invalid start_date_local [{start}]"
            )));
        }
        if text(&values, "name").trim().is_empty() {
            let sport = values["type"].clone();
            values.insert("name".into(), sport);
        }
        self.follow(&mut values, before.is_none());
        Ok(values)
    }

    /// What upstream works out of the figures.
    fn follow(&self, values: &mut Object, is_new: bool) {
        let secs = number(values, "moving_time");
        let metres = number(values, "distance");
        let load = number(values, "icu_training_load");
        let speed = metres
            .zip(secs.filter(|secs| *secs > 0.0))
            .map(|(metres, secs)| round(metres / secs, 3));
        let hard = load
            .zip(secs.filter(|secs| *secs > 0.0))
            .map(|(load, secs)| round(intensity(whole(load), whole(secs)), 5));
        let elapsed = number(values, "elapsed_time").or(secs);
        fill(
            values,
            json!({
                "icu_distance": metres, "average_speed": speed, "icu_intensity": hard, "elapsed_time": elapsed.map(whole),
                "has_heartrate": values.get("average_heartrate").is_some_and(Value::is_number),
                "analyzed": stamp(self.now), "icu_sync_date": stamp(self.now),
            }),
        );
        if is_new {
            fill(
                values,
                json!({"created": stamp(self.now), "oauth_client_id": self.client}),
            );
        }
    }

    /// What happened, from the values that were laid.
    pub(super) fn done(&self, id: &str, values: &Object) -> Option<Done> {
        let start: NaiveDateTime = text(values, "start_date_local").parse().ok()?;
        let sport = SPORTS
            .split_ascii_whitespace()
            .find(|sport| *sport == text(values, "type"))?;
        let count = |name: &str| number(values, name).map(whole);
        let secs = count("moving_time").unwrap_or_default();
        let session = Session {
            sport,
            ..jog(start.time(), secs)
        };
        Some(Done {
            elapsed: count("elapsed_time").unwrap_or(secs),
            distance: number(values, "distance"),
            climb: number(values, "total_elevation_gain"),
            load: count("icu_training_load"),
            rpe: count("icu_rpe"),
            feel: count("feel"),
            known: Some(self.person.local(self.now)),
            ..bare(id.to_owned(), session, Source::Manual, start, secs)
        })
    }
}

impl World {
    /// A person's days up to today, with the activities that clients made and without those that they deleted.
    pub(super) fn history(&self, person: &'static Person) -> Arc<History> {
        let lived = self.lived(person);
        let typed = {
            let state = self.state();
            let Some(typed) = state.typed.get(person.slug) else {
                return lived;
            };
            let merged = state.merged.get(person.slug);
            if let Some((_, merged)) = merged.filter(|(of, _)| Arc::ptr_eq(of, &lived)) {
                return merged.clone();
            }
            typed.clone()
        };
        let merged = Arc::new(typed.over(&lived));
        let both = (lived, merged.clone());
        self.state().merged.insert(person.slug, both);
        merged
    }

    fn retype(&self, person: &'static Person, change: impl FnOnce(&mut Typed)) {
        let mut state = self.state();
        change(state.typed.entry(person.slug).or_default());
        state.merged.remove(person.slug);
    }

    /// An id that no activity has yet.
    pub(super) fn new_activity_id(&self) -> String {
        format!("i{}", IDS + self.new_event_id())
    }

    /// The activity of a person's that `is_it` accepts by the values that clients wrote: id and values.
    pub(super) fn typed(
        &self,
        person: &'static Person,
        is_it: impl Fn(&Object) -> bool,
    ) -> Option<(String, Object)> {
        let state = self.state();
        let made = &state.typed.get(person.slug)?.made;
        let values = |id: &String| state.activities.get(&(person.slug, id.clone()));
        made.keys()
            .filter_map(|id| Some((id.clone(), values(id)?.clone())))
            .find(|(_, values)| is_it(values))
    }

    /// Keeps an activity that a client typed in.
    pub(super) fn write_typed(&self, person: &'static Person, done: Done, values: Object) {
        let id = done.id.clone();
        self.retype(person, |typed| {
            typed.made.insert(id.clone(), done);
        });
        self.write_activity(person, &id, values);
    }

    /// Deletes an activity; false if there is none.
    pub(super) fn delete_activity(&self, person: &'static Person, id: &str) -> bool {
        let there = |done: &Done| (done.id == id).then_some(());
        if self.activities(person, there).is_empty() {
            return false;
        }
        self.retype(person, |typed| {
            if typed.made.remove(id).is_none() {
                typed.gone.insert(id.to_owned());
            }
        });
        self.state().activities.remove(&(person.slug, id.to_owned()));
        true
    }
}
