//! The calendar's events with all that an answer about them needs: workouts with steps, races, notes, absences, targets.
//!
//! Planned load alone is read with the lighter [`super::Event`].

use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::intervals::lenient;

/// A row of `GET /athlete/{id}/events?resolve=true`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CalendarEvent {
    /// Event id.
    #[serde(deserialize_with = "lenient::integer")]
    pub id: Option<i64>,
    /// Whose; checked when present.
    #[serde(deserialize_with = "lenient::text")]
    pub athlete_id: Option<String>,
    /// `WORKOUT`, `RACE_A`, `NOTE`, `HOLIDAY` …
    #[serde(deserialize_with = "lenient::text")]
    pub category: Option<String>,
    /// Athlete-local; midnight says "no time planned".
    #[serde(deserialize_with = "lenient::local")]
    pub start_date_local: Option<NaiveDateTime>,
    /// Athlete-local, excluded.
    #[serde(deserialize_with = "lenient::local")]
    pub end_date_local: Option<NaiveDateTime>,
    /// Sport; notes have none.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub sport: Option<String>,
    /// Title.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Of a workout its text, of anything else what was written about it.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// Indoors.
    #[serde(deserialize_with = "lenient::boolean")]
    pub indoor: Option<bool>,
    /// s, planned.
    #[serde(deserialize_with = "lenient::number")]
    pub moving_time: Option<f64>,
    /// m, planned; 0 when the plan names none.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// Planned load.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_training_load: Option<f64>,
    /// Percent: 78 is IF 0.78.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_intensity: Option<f64>,
    /// `AUTO`, `POWER`, `HR`, `PACE`.
    #[serde(deserialize_with = "lenient::text")]
    pub target: Option<String>,
    /// The workout's steps and thresholds.
    #[serde(deserialize_with = "lenient::document")]
    pub workout_doc: Option<Box<Workout>>,
    /// Why a device service did not take it.
    #[serde(deserialize_with = "lenient::objects")]
    pub push_errors: Option<Vec<PushError>>,
    /// Only coaches see it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub hide_from_athlete: Option<bool>,
    /// Stands for the whole week.
    #[serde(deserialize_with = "lenient::boolean")]
    pub for_week: Option<bool>,
    /// The activity that did it, when paired.
    #[serde(deserialize_with = "lenient::text")]
    pub paired_activity_id: Option<String>,
    /// Load to reach (`TARGET`).
    #[serde(deserialize_with = "lenient::number")]
    pub load_target: Option<f64>,
    /// s to reach (`TARGET`).
    #[serde(deserialize_with = "lenient::number")]
    pub time_target: Option<f64>,
    /// m to reach (`TARGET`).
    #[serde(deserialize_with = "lenient::number")]
    pub distance_target: Option<f64>,
    /// `NORMAL`, `LIMITED`, `UNAVAILABLE`.
    #[serde(deserialize_with = "lenient::text")]
    pub training_availability: Option<String>,
    /// s a day, when limited.
    #[serde(deserialize_with = "lenient::number")]
    pub max_training_time: Option<f64>,
    /// The sports that are possible, when limited.
    #[serde(deserialize_with = "lenient::words")]
    pub can_train_sports: Option<Vec<String>>,
    /// W (`SET_EFTP`).
    #[serde(deserialize_with = "lenient::number")]
    pub icu_ftp: Option<f64>,
    /// Of `SET_FITNESS`: what CTL was set to.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_ctl: Option<f64>,
    /// Of `SET_FITNESS`: what ATL was set to.
    #[serde(deserialize_with = "lenient::number")]
    pub icu_atl: Option<f64>,
    /// Time constant of CTL (`FITNESS_DAYS`).
    #[serde(deserialize_with = "lenient::number")]
    pub ctl_days: Option<f64>,
    /// Time constant of ATL (`FITNESS_DAYS`).
    #[serde(deserialize_with = "lenient::number")]
    pub atl_days: Option<f64>,
    /// g an hour to eat.
    #[serde(deserialize_with = "lenient::number")]
    pub carbs_per_hour: Option<f64>,
    /// Tags.
    #[serde(deserialize_with = "lenient::words")]
    pub tags: Option<Vec<String>>,
    /// The plan that it was applied from.
    #[serde(deserialize_with = "lenient::text")]
    pub plan_name: Option<String>,
}

/// Why a service such as Garmin did not take a workout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PushError {
    /// Which.
    #[serde(deserialize_with = "lenient::text")]
    pub service: Option<String>,
    /// What it said.
    #[serde(deserialize_with = "lenient::text")]
    pub message: Option<String>,
}

/// `workout_doc` of an event: what intervals.icu made of the workout's text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Workout {
    /// What stands beside the steps; devices show it as a note.
    #[serde(deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// W that the targets were resolved with.
    #[serde(deserialize_with = "lenient::number")]
    pub ftp: Option<f64>,
    /// bpm that the targets were resolved with.
    #[serde(deserialize_with = "lenient::number")]
    pub lthr: Option<f64>,
    /// bpm.
    #[serde(deserialize_with = "lenient::number")]
    pub max_hr: Option<f64>,
    /// m/s that the targets were resolved with.
    #[serde(deserialize_with = "lenient::number")]
    pub threshold_pace: Option<f64>,
    /// How the athlete reads paces of this sport: `MINS_KM`, `SECS_100M` …
    #[serde(deserialize_with = "lenient::text")]
    pub pace_units: Option<String>,
    /// `POWER`, `HR`, `PACE`.
    #[serde(deserialize_with = "lenient::text")]
    pub target: Option<String>,
    /// In order.
    #[serde(deserialize_with = "lenient::nested")]
    pub steps: Option<Vec<Step>>,
}

/// A step of a workout, or a repeat of steps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    /// The cue that the device shows; of a repeat its heading.
    #[serde(deserialize_with = "lenient::text")]
    pub text: Option<String>,
    /// s; of a distance step computed from the target; of a repeat the sum.
    #[serde(deserialize_with = "lenient::number")]
    pub duration: Option<f64>,
    /// m, of a step that is as long as a distance.
    #[serde(deserialize_with = "lenient::number")]
    pub distance: Option<f64>,
    /// How often, of a repeat.
    #[serde(deserialize_with = "lenient::number")]
    pub reps: Option<f64>,
    /// The steps of a repeat.
    #[serde(deserialize_with = "lenient::nested")]
    pub steps: Option<Vec<Step>>,
    /// Ends when the lap button is pressed; the duration is for planning only.
    #[serde(deserialize_with = "lenient::boolean")]
    pub until_lap_press: Option<bool>,
    /// Part of the warm-up.
    #[serde(deserialize_with = "lenient::boolean")]
    pub warmup: Option<bool>,
    /// Part of the cool-down.
    #[serde(deserialize_with = "lenient::boolean")]
    pub cooldown: Option<bool>,
    /// `rest`, `recovery`, `interval` …
    #[serde(deserialize_with = "lenient::text")]
    pub intensity: Option<String>,
    /// The target goes evenly from start to end.
    #[serde(deserialize_with = "lenient::boolean")]
    pub ramp: Option<bool>,
    /// No target: ERG off.
    #[serde(deserialize_with = "lenient::boolean")]
    pub freeride: Option<bool>,
    /// As hard as possible.
    #[serde(deserialize_with = "lenient::boolean")]
    pub maxeffort: Option<bool>,
    /// As written: `%ftp`, `w`, `power_zone`, `%mmp`.
    #[serde(deserialize_with = "lenient::inner")]
    pub power: Option<Box<Target>>,
    /// As written: `%hr` (of the maximum), `%lthr`, `hr_zone`.
    #[serde(deserialize_with = "lenient::inner")]
    pub hr: Option<Box<Target>>,
    /// As written: `%pace` (of threshold speed), `pace_zone`, `secs/km` and the like.
    #[serde(deserialize_with = "lenient::inner")]
    pub pace: Option<Box<Target>>,
    /// rpm.
    #[serde(deserialize_with = "lenient::inner")]
    pub cadence: Option<Box<Target>>,
    /// W, resolved by intervals.icu with the athlete's thresholds.
    #[serde(rename = "_power", deserialize_with = "lenient::inner")]
    pub watts: Option<Box<Target>>,
    /// bpm, resolved.
    #[serde(rename = "_hr", deserialize_with = "lenient::inner")]
    pub beats: Option<Box<Target>>,
    /// m/s, resolved.
    #[serde(rename = "_pace", deserialize_with = "lenient::inner")]
    pub speed: Option<Box<Target>>,
}

/// A point (`value`) or a range (`start`, `end`), in `units`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Target {
    /// A point; beside a range its middle.
    #[serde(deserialize_with = "lenient::number")]
    pub value: Option<f64>,
    /// From.
    #[serde(deserialize_with = "lenient::number")]
    pub start: Option<f64>,
    /// To.
    #[serde(deserialize_with = "lenient::number")]
    pub end: Option<f64>,
    /// What the numbers are.
    #[serde(deserialize_with = "lenient::text")]
    pub units: Option<String>,
    /// s, of `%mmp`: the best power over so long.
    #[serde(deserialize_with = "lenient::number")]
    pub duration: Option<f64>,
}

impl Workout {
    /// How many steps there are, those of repeats counted once.
    pub fn count(&self) -> usize {
        self.steps.as_deref().map_or(0, Step::count)
    }
}

impl Step {
    /// How many steps a list holds, those of repeats counted once.
    fn count(steps: &[Self]) -> usize {
        steps
            .iter()
            .map(|step| 1 + step.steps.as_deref().map_or(0, Self::count))
            .sum()
    }
}
