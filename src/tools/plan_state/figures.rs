//! What an entry of the calendar says was planned, seen from what it is paired with.

use crate::{
    intervals::model::{Activity, Event, Length},
    tools::answer::{
        self,
        sport_units::SportUnits,
        units::positive,
        words::{joined, with_unit},
    },
};

/// Figures closer than this are the same: s, m, and half a point of load or intensity.
const SECOND: f64 = 1.0;
const METRE: f64 = 1.0;
const HALF: f64 = 0.5;
/// What an entry of the calendar says was planned.
///
/// Once an entry is paired, intervals.icu may show in it what was done: its own time, distance and intensity then count only
/// where they cannot be the activity's. The time of the steps always is the plan's.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::tools) struct Planned {
    /// s.
    pub(in crate::tools) secs: Option<f64>,
    /// m.
    pub(in crate::tools) metres: Option<f64>,
    pub(in crate::tools) load: Option<f64>,
    /// Percent, as upstream sends it.
    pub(in crate::tools) intensity: Option<f64>,
    /// What is known of the time without `secs`: some steps have no time.
    part: Option<Length>,
    pub(in crate::tools) doubt: Option<Doubt>,
}

/// What of a paired entry may be what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum Doubt {
    /// Its time is exactly the activity's and no step says another: it is left out.
    Time,
    /// Its time may be the activity's, which was not read.
    UnreadTime,
    /// Its time was replaced, and its load may have been as well.
    Load,
}

/// Why an entry's steps do not say how long they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools) enum Timeless {
    NoSteps,
    ByDistance,
    /// They end when the athlete ends them.
    Open,
}

impl Timeless {
    /// Of an entry whose steps have no time.
    pub(in crate::tools) fn of(event: &Event) -> Self {
        match &event.workout_doc {
            Some(workout) if workout.goes_by_distance() => Self::ByDistance,
            Some(workout) if workout.count() > 0 => Self::Open,
            _ => Self::NoSteps,
        }
    }

    /// `2 paired entries have no steps`, `1 paired entry has steps that go by distance`
    pub(in crate::tools) fn of_entries(self, count: usize) -> String {
        let entries = answer::counted(count, "paired entry", "paired entries");
        let have = if count == 1 { "has" } else { "have" };
        let steps = match self {
            Self::NoSteps => "no steps",
            Self::ByDistance => "steps that go by distance",
            Self::Open => "steps without times",
        };
        format!("{entries} {have} {steps}")
    }
}

/// What an entry is paired with.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) enum Pairing<'a> {
    Nothing,
    /// An activity that was not read.
    Unread,
    With(&'a Activity),
}

impl Planned {
    /// What was planned, seen from the pairing.
    pub(in crate::tools) fn of(event: &Event, pairing: Pairing<'_>) -> Self {
        let own = event.own_secs();
        let steps = event.secs_of_steps();
        let way = event.metres_of_steps();
        let planned = Self {
            secs: event.planned_secs(),
            metres: positive(event.distance).or(way),
            load: positive(event.icu_training_load),
            intensity: event.icu_intensity,
            part: event
                .length()
                .filter(|length| length.secs > 0.0 && length.metres > 0.0),
            doubt: None,
        };
        let is = |a: Option<f64>, b: Option<f64>, within: f64| {
            a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= within)
        };
        let replaced = steps.is_some() && own.is_some() && !is(own, steps, SECOND);
        match pairing {
            // An entry that was marked as done made the activity, with the plan's figures.
            Pairing::With(done) if !done.is_manual() && is(own, done.moving_time, SECOND) => {
                if steps.is_some() && !replaced {
                    return planned;
                }
                let load = is(planned.load, done.icu_training_load, HALF);
                Self {
                    secs: steps,
                    metres: planned
                        .metres
                        .filter(|metres| !is(Some(*metres), done.metres(), METRE))
                        .or(way),
                    intensity: planned
                        .intensity
                        .filter(|own| !is(Some(*own), done.icu_intensity, HALF)),
                    doubt: match steps {
                        None => Some(Doubt::Time),
                        Some(_) => load.then_some(Doubt::Load),
                    },
                    ..planned
                }
            }
            Pairing::Unread if replaced => Self {
                metres: way,
                intensity: None,
                doubt: planned.load.and(Some(Doubt::Load)),
                ..planned
            },
            Pairing::Unread if steps.is_none() && planned.secs.is_some() => Self {
                doubt: Some(Doubt::UnreadTime),
                ..planned
            },
            _ => planned,
        }
    }

    /// The time as `say` writes it: `1:15`; `1:10 + 5.0 km` if some steps have a distance alone; `0:26 (planned or done)` if it may
    /// be the activity's.
    pub(in crate::tools) fn time(&self, say: fn(Option<f64>) -> String, own: &SportUnits) -> String {
        match (self.secs, self.part) {
            (None, Some(Length { secs, metres })) => {
                joined([say(Some(secs)), own.way(Some(metres), 1)], " + ")
            }
            (secs, _) => {
                let perhaps = self.doubt == Some(Doubt::UnreadTime);
                with_unit(say(secs), if perhaps { "(planned or done)" } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What is planned by this entry once it is paired with this activity.
    fn paired(event: &Value, done: &Value) -> Planned {
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        let done: Activity = serde_json::from_str(&done.to_string()).unwrap();
        Planned::of(&event, Pairing::With(&done))
    }

    #[test]
    fn an_entry_that_shows_what_was_done_keeps_only_what_is_the_plans() {
        let event =
            json!({"moving_time": 2955, "distance": 20_000, "icu_training_load": 61, "icu_intensity": 86});
        let done =
            json!({"moving_time": 2955, "distance": 20_000, "icu_training_load": 61, "icu_intensity": 86});
        let without = paired(&event, &done);
        assert_eq!(
            (
                without.secs,
                without.metres,
                without.load,
                without.intensity,
                without.doubt
            ),
            (None, None, Some(61.0), None, Some(Doubt::Time))
        );
        let mut steps = event.clone();
        steps["workout_doc"] = json!({"duration": 3600});
        let with = paired(&steps, &done);
        assert_eq!(
            (with.secs, with.metres, with.load, with.doubt),
            (Some(3600.0), None, Some(61.0), Some(Doubt::Load))
        );
        // Done exactly as planned, by the steps: nothing was replaced.
        steps["workout_doc"] = json!({"duration": 2955});
        let exact = paired(&steps, &done);
        assert_eq!(
            (exact.secs, exact.metres, exact.doubt),
            (Some(2955.0), Some(20_000.0), None)
        );
        // Marked as done: the activity has the plan's figures, not the other way round.
        let mut by_hand = done.clone();
        by_hand["source"] = json!("MANUAL");
        assert_eq!(paired(&event, &by_hand).secs, Some(2955.0));
        // Another time than the activity's was planned.
        let mut longer = done;
        longer["moving_time"] = json!(4000);
        let kept = paired(&event, &longer);
        assert_eq!(
            (kept.secs, kept.metres, kept.doubt),
            (Some(2955.0), Some(20_000.0), None)
        );
    }

    #[test]
    fn an_entry_whose_activity_was_not_read_says_what_may_be_the_activitys() {
        let of = |event: Value| {
            let event: Event = serde_json::from_str(&event.to_string()).unwrap();
            let planned = Planned::of(&event, Pairing::Unread);
            (planned.secs, planned.metres, planned.doubt)
        };
        assert_eq!(
            of(json!({"moving_time": 2955, "distance": 9000})),
            (Some(2955.0), Some(9000.0), Some(Doubt::UnreadTime))
        );
        let doc = json!({"duration": 3600});
        assert_eq!(
            of(json!({"moving_time": 2955, "distance": 9000, "icu_training_load": 61, "workout_doc": doc})),
            (Some(3600.0), None, Some(Doubt::Load))
        );
        assert_eq!(
            of(json!({"moving_time": 3600, "distance": 9000, "icu_training_load": 61, "workout_doc": doc})),
            (Some(3600.0), Some(9000.0), None)
        );
    }
}
