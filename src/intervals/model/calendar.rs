//! The calendar's events: workouts with steps, races, notes, absences, targets.

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_with::apply;

use super::{
    Amount,
    figure::{self, Percent},
    sport::{self, Sport},
};
use crate::{
    intervals::lenient::{Lenient, Object},
    workout::{
        doc::{Doc, Held},
        model::Target,
    },
};

/// A row of `GET /athlete/{id}/events`, or `GET /athlete/{id}/events/{eventId}`.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
    Percent => #[serde(default, deserialize_with = "figure::read_percent")],
    Sport => #[serde(default, deserialize_with = "sport::read_sport")],
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
    pub(crate) sport: Sport,
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
    pub(crate) icu_intensity: Percent,
    /// `AUTO`, `POWER`, `HR`, `PACE`.
    pub(crate) target: Option<String>,
    /// The workout's steps and thresholds.
    pub(crate) workout_doc: Option<Box<Doc>>,
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

/// What a weekday usually allows: a row of the profile's `training_availability`.
#[apply(
    Option => #[serde(default, deserialize_with = "Lenient::read")],
    Amount => #[serde(default, deserialize_with = "figure::read_amount")],
)]
#[derive(Debug, Clone, Default, Deserialize)]
pub struct WeekdayAvailability {
    /// 1 is Monday, 0 or 7 Sunday.
    pub(crate) day_of_week: Option<i64>,
    /// `NORMAL`, `LIMITED`, `UNAVAILABLE`.
    pub(crate) training_availability: Option<String>,
    /// s, if limited.
    pub(crate) max_training_time: Amount,
    /// The possible sports, if limited.
    pub(crate) can_train_sports: Option<Vec<String>>,
}

impl Object for WeekdayAvailability {}

impl Event {
    /// Without steps and description, which are most of it; how long the steps take is kept.
    pub(in crate::intervals) fn without_words(self) -> Self {
        let length = self.length();
        Self {
            description: None,
            workout_doc: length.map(|length| Box::new(length.document())),
            ..self
        }
    }

    /// Estimated bytes in memory, without its texts.
    pub(in crate::intervals) fn weight(&self) -> usize {
        // A step has room for four targets from its first one on.
        const STEP: usize = size_of::<Held>() + 4 * size_of::<Target>();
        let workout = self
            .workout_doc
            .as_ref()
            .map_or(0, |workout| size_of::<Doc>() + workout.count() * STEP);
        size_of::<Self>() + workout
    }
}

impl Object for PushError {}

impl Object for Doc {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{intervals::lenient::object, workout::model::Span};

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
        assert_eq!((doc.settings.ftp, doc.items.len()), (Some(246.0), 2));
        let Held::Repeat(outer) = &doc.items[0] else {
            panic!("{doc:?}");
        };
        let (Held::Step(first), Held::Repeat(inner)) = (&outer.items[0], &outer.items[1]) else {
            panic!("{outer:?}");
        };
        assert_eq!(first.step.targets[0].span, Span::At(55.into()));
        assert_eq!(inner.items.len(), 1);
        let Held::Step(odd) = &doc.items[1] else {
            panic!("{doc:?}");
        };
        assert_eq!((odd.secs, odd.step.targets.len()), (Some(30.0), 0));
    }

    #[test]
    fn a_document_that_cannot_be_read_costs_only_itself() {
        for depth in [200, 100_000] {
            let deep = format!("{}{}", r#"{"steps":["#.repeat(depth), "]}".repeat(depth));
            let event = event(&deep);
            assert_eq!((event.id, event.name.as_deref()), (Some(7), Some("x")));
            assert!(event.workout_doc.is_none());
        }
        for odd in ["null", "[]", "3", "\"text\"", r#"{"ftp":1e999}"#] {
            assert!(event(odd).workout_doc.is_none(), "{odd}");
        }
        let twice = event(r#"{"ftp":1,"ftp":2}"#).workout_doc.unwrap();
        assert_eq!(twice.settings.ftp, Some(2.0));
        let sixteen = format!("{}{}", r#"{"steps":["#.repeat(16), "]}".repeat(16));
        assert!(event(&sixteen).workout_doc.is_some());
        assert!(serde_json::from_str::<Value>(&sixteen).is_ok());
    }
}
