//! The calendar's events: workouts with steps, races, notes, absences, targets.

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_with::apply;

use super::{Amount, figure};
use crate::intervals::lenient::{Lenient, Object};

/// A row of `GET /athlete/{id}/events`, or `GET /athlete/{id}/events/{eventId}`.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Event {
    /// Event id.
    pub(crate) id: Option<i64>,
    /// Whose; checked when present.
    pub(crate) athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A`, `NOTE`, `HOLIDAY` …
    pub(crate) category: Option<String>,
    /// Athlete-local; midnight means that no time is planned.
    pub(crate) start_date_local: Option<NaiveDateTime>,
    /// Athlete-local, exclusive.
    pub(crate) end_date_local: Option<NaiveDateTime>,
    /// Sport; notes have none.
    #[serde(rename = "type")]
    pub(crate) sport: Option<String>,
    /// Title.
    pub(crate) name: Option<String>,
    /// The text of a workout, or the description of any other event.
    pub(crate) description: Option<String>,
    /// Indoors.
    pub(crate) indoor: Option<bool>,
    /// s, planned.
    pub(crate) moving_time: Amount,
    /// m, planned; 0 if the plan has none.
    pub(crate) distance: Amount,
    /// Planned load.
    pub(crate) icu_training_load: Amount,
    /// Percent: 78 is IF 0.78.
    pub(crate) icu_intensity: Amount,
    /// `AUTO`, `POWER`, `HR`, `PACE`.
    pub(crate) target: Option<String>,
    /// The workout's steps and thresholds.
    pub(crate) workout_doc: Option<Box<Workout>>,
    /// Why a device service did not accept it.
    pub(crate) push_errors: Option<Vec<PushError>>,
    /// Only coaches see it.
    pub(crate) hide_from_athlete: Option<bool>,
    /// It is for the whole week.
    pub(crate) for_week: Option<bool>,
    /// The paired activity.
    pub(crate) paired_activity_id: Option<String>,
    /// Load to reach (`TARGET`).
    pub(crate) load_target: Amount,
    /// s to reach (`TARGET`).
    pub(crate) time_target: Amount,
    /// m to reach (`TARGET`).
    pub(crate) distance_target: Amount,
    /// `NORMAL`, `LIMITED`, `UNAVAILABLE`.
    pub(crate) training_availability: Option<String>,
    /// s a day, if limited.
    pub(crate) max_training_time: Amount,
    /// The possible sports, if limited.
    pub(crate) can_train_sports: Option<Vec<String>>,
    /// W (`SET_EFTP`).
    pub(crate) icu_ftp: Option<f64>,
    /// The CTL that was set (`SET_FITNESS`).
    pub(crate) icu_ctl: Option<f64>,
    /// The ATL that was set (`SET_FITNESS`).
    pub(crate) icu_atl: Option<f64>,
    /// Time constant of CTL (`FITNESS_DAYS`).
    pub(crate) ctl_days: Option<f64>,
    /// Time constant of ATL (`FITNESS_DAYS`).
    pub(crate) atl_days: Option<f64>,
    /// g of carbohydrate to eat per hour.
    pub(crate) carbs_per_hour: Amount,
    /// Tags.
    pub(crate) tags: Option<Vec<String>>,
    /// The plan that it comes from.
    pub(crate) plan_name: Option<String>,
}

/// Why a service such as Garmin did not accept a workout.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PushError {
    /// The service.
    pub(crate) service: Option<String>,
    /// Its message.
    pub(crate) message: Option<String>,
}

/// `workout_doc` of an event: the workout's text as intervals.icu parsed it.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Workout {
    /// The text that is not steps; devices show it as a note.
    pub(crate) description: Option<String>,
    /// W, used to resolve targets.
    pub(crate) ftp: Option<f64>,
    /// bpm, used to resolve targets.
    pub(crate) lthr: Option<f64>,
    /// bpm.
    pub(crate) max_hr: Option<f64>,
    /// m/s, used to resolve targets.
    pub(crate) threshold_pace: Option<f64>,
    /// The athlete's unit of pace for this sport: `MINS_KM`, `SECS_100M` …
    pub(crate) pace_units: Option<String>,
    /// `POWER`, `HR`, `PACE`.
    pub(crate) target: Option<String>,
    /// s, of all steps.
    pub(crate) duration: Option<f64>,
    /// In order.
    pub(crate) steps: Option<Vec<Step>>,
}

/// A step of a workout, or a repeat of steps.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Step {
    /// The cue that the device shows; for a repeat its heading.
    pub(crate) text: Option<String>,
    /// s; for a distance step computed from the target; for a repeat the sum.
    pub(crate) duration: Option<f64>,
    /// m, if the step's length is a distance.
    pub(crate) distance: Option<f64>,
    /// How often a repeat is done.
    pub(crate) reps: Option<f64>,
    /// The steps of a repeat.
    pub(crate) steps: Option<Vec<Step>>,
    /// Ends when the lap button is pressed; the duration is for planning only.
    pub(crate) until_lap_press: Option<bool>,
    /// Part of the warm-up.
    pub(crate) warmup: Option<bool>,
    /// Part of the cool-down.
    pub(crate) cooldown: Option<bool>,
    /// `rest`, `recovery`, `interval` …
    pub(crate) intensity: Option<String>,
    /// The target changes evenly from start to end.
    pub(crate) ramp: Option<bool>,
    /// No target: ERG off.
    pub(crate) freeride: Option<bool>,
    /// As hard as possible.
    pub(crate) maxeffort: Option<bool>,
    /// As written: `%ftp`, `w`, `power_zone`, `%mmp`.
    pub(crate) power: Option<Box<Target>>,
    /// As written: `%hr` (of the maximum), `%lthr`, `hr_zone`.
    pub(crate) hr: Option<Box<Target>>,
    /// As written: `%pace` (of threshold speed), `pace_zone`, `secs/km` and the like.
    pub(crate) pace: Option<Box<Target>>,
    /// rpm.
    pub(crate) cadence: Option<Box<Target>>,
    /// W, resolved by intervals.icu with the athlete's thresholds.
    #[serde(rename = "_power")]
    pub(crate) watts: Option<Box<Target>>,
    /// bpm, resolved.
    #[serde(rename = "_hr")]
    pub(crate) beats: Option<Box<Target>>,
    /// m/s, resolved.
    #[serde(rename = "_pace")]
    pub(crate) speed: Option<Box<Target>>,
}

/// A point (`value`) or a range (`start`, `end`), in `units`.
#[apply(Option => #[serde(default, deserialize_with = "Lenient::read")])]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Target {
    /// A point; with a range, its middle.
    pub(crate) value: Option<f64>,
    /// From.
    pub(crate) start: Option<f64>,
    /// To.
    pub(crate) end: Option<f64>,
    /// The unit of the numbers.
    pub(crate) units: Option<String>,
    /// s, for `%mmp`: the duration of the best power.
    pub(crate) duration: Option<f64>,
}

impl Event {
    /// Without steps and description, which are most of it; how long the steps take is kept.
    pub(in crate::intervals) fn without_words(self) -> Self {
        let length = self.length();
        Self {
            description: None,
            workout_doc: length.map(|length| Box::new(Workout::of_length(length))),
            ..self
        }
    }

    /// Estimated bytes in memory, without its texts.
    pub(in crate::intervals) fn weight(&self) -> usize {
        // A step usually has two targets: as written and resolved.
        const STEP: usize = size_of::<Step>() + 3 * size_of::<Target>();
        let workout = self
            .workout_doc
            .as_ref()
            .map_or(0, |workout| size_of::<Workout>() + workout.count() * STEP);
        size_of::<Self>() + workout
    }
}

impl Object for PushError {}

impl Object for Workout {}

/// Steps contain steps.
impl Object for Step {
    const IN_PLACE: bool = true;
}

impl Object for Target {
    const IN_PLACE: bool = true;
}

impl Workout {
    /// How many steps there are, counting those of repeats once.
    pub fn count(&self) -> usize {
        self.steps.as_deref().map_or(0, Step::count)
    }
}

impl Step {
    /// How many steps a list has, counting those of repeats once.
    fn count(steps: &[Self]) -> usize {
        steps
            .iter()
            .map(|step| 1 + step.steps.as_deref().map_or(0, Self::count))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::intervals::lenient::object;

    fn event(doc: &str) -> Event {
        object(format!(r#"{{"id": 7, "name": "x", "workout_doc": {doc}}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn steps_nest_and_odd_ones_are_left_out() {
        let doc = json!({"duration": "no", "ftp": 246, "steps": [
            null, 3, "x", [1], true, 2.5,
            {"reps": 2, "steps": [{"duration": 60, "power": {"value": 55, "units": "%ftp"}}, {"reps": 3, "steps": [{"duration": 1}]}]},
            {"duration": "30", "power": [1], "hr": "x", "pace": null, "steps": {"a": 1}},
        ]});
        let doc = event(&doc.to_string()).workout_doc.unwrap();
        let steps = doc.steps.unwrap();
        assert_eq!((doc.ftp, steps.len()), (Some(246.0), 2));
        let inner = steps[0].steps.as_ref().unwrap();
        assert_eq!(inner[0].power.as_ref().unwrap().value, Some(55.0));
        assert_eq!(inner[1].steps.as_ref().unwrap().len(), 1);
        assert_eq!(steps[1].duration, Some(30.0));
        assert!(steps[1].power.is_none() && steps[1].hr.is_none() && steps[1].steps.is_none());
    }

    #[test]
    fn a_document_that_cannot_be_read_costs_only_itself() {
        for depth in [200, 100_000] {
            let deep = format!("{}{}", r#"{"steps":["#.repeat(depth), "]}".repeat(depth));
            let event = event(&deep);
            assert_eq!((event.id, event.name.as_deref()), (Some(7), Some("x")));
            assert!(event.workout_doc.is_none());
        }
        for odd in ["null", "[]", "3", "\"text\"", r#"{"ftp":1,"ftp":2}"#] {
            assert!(event(odd).workout_doc.is_none(), "{odd}");
        }
        let sixteen = format!("{}{}", r#"{"steps":["#.repeat(16), "]}".repeat(16));
        assert!(event(&sixteen).workout_doc.is_some());
        assert!(serde_json::from_str::<Value>(&sixteen).is_ok());
    }
}
