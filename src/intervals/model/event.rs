//! Values derived from a calendar event's fields: its days, its kind, and its paired activity.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{calendar::Event, positive};
use crate::workout::{
    doc::{Doc, Held, HeldStep},
    model::{self as steps, Number, Step},
};

impl Event {
    /// The categories of what is to be done or missed.
    pub(crate) const TO_DO: [&str; 4] = ["WORKOUT", "RACE_A", "RACE_B", "RACE_C"];

    /// The category of a load, time or distance to reach.
    pub(crate) const TARGET: &str = "TARGET";

    /// The category of an estimated FTP that the athlete sets.
    pub(crate) const SET_EFTP: &str = "SET_EFTP";

    /// The day it begins on.
    pub(crate) fn day(&self) -> Option<NaiveDate> {
        self.start_date_local.map(|start| start.date())
    }

    /// Its last day.
    pub(crate) fn last_day(&self) -> Option<NaiveDate> {
        Some(last_day(self.start_date_local?, self.end_date_local))
    }

    /// Upstream's word for its sport; empty if it has none, as for notes.
    pub(crate) fn sport(&self) -> &str {
        self.sport.as_deref().unwrap_or_default()
    }

    /// Upstream's category; empty if it has none.
    pub(crate) fn category(&self) -> &str {
        self.category.as_deref().unwrap_or_default()
    }

    /// A planned workout.
    pub(crate) fn is_workout(&self) -> bool {
        self.category() == "WORKOUT"
    }

    /// A race of any priority.
    pub(crate) fn is_race(&self) -> bool {
        self.category().starts_with("RACE")
    }

    /// A workout or a race: something to be done or missed.
    pub(crate) fn is_to_do(&self) -> bool {
        self.is_workout() || self.is_race()
    }

    /// A target for a whole week.
    pub(crate) fn is_week_target(&self) -> bool {
        self.category() == Self::TARGET && self.for_week != Some(false)
    }

    /// The id of the paired activity; upstream sends 0 for none.
    pub(crate) fn paired_with(&self) -> Option<&str> {
        self.paired_activity_id
            .as_deref()
            .filter(|id| !id.is_empty() && *id != "0")
    }

    /// s, as the plan has it: its steps', otherwise the entry's own, which may be what was done once it is paired. None if
    /// that is only the time of some steps.
    pub(crate) fn planned_secs(&self) -> Option<f64> {
        let known = self.length().map_or(0.0, |length| length.secs);
        self.secs_of_steps()
            .or_else(|| self.own_secs().filter(|own| *own > known + SECOND))
    }

    /// The entry's own time, in s.
    pub(crate) fn own_secs(&self) -> Option<f64> {
        positive(self.moving_time)
    }

    /// s that the steps take, as intervals.icu adds them up or, without its sum, as they add up. None if some have no time.
    pub(crate) fn secs_of_steps(&self) -> Option<f64> {
        self.length()
            .filter(|length| length.metres <= 0.0)
            .map(|length| length.secs)
    }

    /// How long the steps take.
    pub(crate) fn length(&self) -> Option<Length> {
        self.workout_doc.as_ref().and_then(|workout| Length::of(workout))
    }

    /// m: 25 metres or 25 yards, by what the length of its first step that has one, or else of all, is a multiple of.
    pub(crate) fn written_length(&self) -> Option<f64> {
        let of_steps = self.workout_doc.as_ref().and_then(|doc| doc.first_distance());
        let metres = of_steps.or(positive(self.distance))?;
        let is_of = |pool: &f64| ((metres / pool).round() * pool - metres).abs() <= METRE / 2.0;
        let mut pools = [25.0, 22.86].into_iter().filter(is_of);
        pools.next().filter(|_| pools.next().is_none())
    }

    /// m of the steps, if all of them go by distance.
    pub(crate) fn metres_of_steps(&self) -> Option<f64> {
        let workout = self.workout_doc.as_ref()?;
        positive(metres_of(&workout.items))
    }
}

/// The last day of an entry: upstream's end is exclusive. [`end_after`] is the way back.
pub(super) fn last_day(start: NaiveDateTime, end: Option<NaiveDateTime>) -> NaiveDate {
    let last = end.and_then(|end| {
        if end.time() == NaiveTime::MIN {
            end.date().pred_opt()
        } else {
            Some(end.date())
        }
    });
    last.map_or(start.date(), |last| last.max(start.date()))
}

/// The end of an entry that has this last day.
pub(crate) fn end_after(last: NaiveDate) -> Option<NaiveDateTime> {
    Some(last.succ_opt()?.and_time(NaiveTime::MIN))
}

/// How long the steps of a workout take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Length {
    /// s of those that have a time.
    pub(crate) secs: f64,
    /// m of the others: they go by distance.
    pub(crate) metres: f64,
}

/// Times closer than this are the same, in s.
const SECOND: f64 = 1.0;
/// Upstream rounds distances to this, in m.
const METRE: f64 = 1.0;

impl Length {
    /// None without steps, and if one has neither a time nor a distance.
    pub(crate) fn of(workout: &Doc) -> Option<Self> {
        let own = Some(&workout.items).filter(|items| !items.is_empty());
        Self::or_sum(own.and_then(|items| Self::of_all(items)), workout.total)
    }

    fn of_all(items: &[Held]) -> Option<Self> {
        items.iter().try_fold(Self::default(), |sum, held| {
            let own = Self::of_one(held)?;
            Some(Self {
                secs: sum.secs + own.secs,
                metres: sum.metres + own.metres,
            })
        })
    }

    /// With all repeats.
    fn of_one(held: &Held) -> Option<Self> {
        match held {
            Held::Step(held) => match positive(held.secs) {
                Some(secs) => Some(Self { secs, metres: 0.0 }),
                None => metres(held).map(|metres| Self { secs: 0.0, metres }),
            },
            Held::Repeat(repeat) => {
                let count = positive(repeat.count).unwrap_or(1.0);
                let all = Self::of_all(&repeat.items)
                    .filter(|once| once.secs > 0.0 || once.metres > 0.0)
                    .map(|once| Self {
                        secs: once.secs * count,
                        metres: once.metres * count,
                    });
                match all {
                    Some(all) if all.metres <= 0.0 => Some(all),
                    all => Self::or_sum(all, repeat.secs),
                }
            }
            Held::Other(_) => None,
        }
    }

    /// With upstream's own sum, which counts if it is of more than the steps that have a time.
    fn or_sum(own: Option<Self>, sum: Option<f64>) -> Option<Self> {
        let Some(secs) = positive(sum) else { return own };
        own.filter(|own| own.metres > 0.0 && secs <= own.secs + SECOND)
            .or(Some(Self { secs, metres: 0.0 }))
    }

    /// A document without words, but of this length.
    pub(super) fn document(self) -> Doc {
        if self.metres <= 0.0 {
            return Doc {
                total: Some(self.secs),
                ..Doc::default()
            };
        }
        let timed =
            positive(Some(self.secs)).map(|secs| HeldStep::of(Step::of(steps::Length::Time(0)), Some(secs)));
        let by_distance = Number::of(self.metres).map(steps::Length::Distance);
        let by_distance = by_distance.map(|length| HeldStep::of(Step::of(length), None));
        Doc {
            items: timed.into_iter().chain(by_distance).map(Held::Step).collect(),
            ..Doc::default()
        }
    }
}

/// m of a step that goes by distance.
fn metres(held: &HeldStep) -> Option<f64> {
    match held.step.length {
        steps::Length::Distance(metres) => positive(Some(metres.get())),
        steps::Length::Time(_) => None,
    }
}

/// m of all of these; None if one does not go by distance.
fn metres_of(items: &[Held]) -> Option<f64> {
    let one = |held: &Held| match held {
        Held::Step(held) => metres(held),
        Held::Repeat(repeat) => {
            metres_of(&repeat.items).map(|once| once * positive(repeat.count).unwrap_or(1.0))
        }
        Held::Other(_) => None,
    };
    items.iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::intervals::lenient::object;

    fn event(fields: Value) -> Event {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn the_last_day_is_the_one_before_its_end() {
        for (start, end, last) in [
            ("2026-11-26T00:00:00", Value::Null, "2026-11-26"),
            ("2026-11-26T00:00:00", json!("2026-11-26T00:00:00"), "2026-11-26"),
            ("2026-11-26T00:00:00", json!("2026-11-28T12:00:00"), "2026-11-28"),
            ("2026-11-26T00:00:00", json!("2026-11-29T00:00:00"), "2026-11-28"),
            ("2026-11-26T00:00:00", json!("2020-01-01T00:00:00"), "2026-11-26"),
        ] {
            let event = event(json!({"start_date_local": start, "end_date_local": end}));
            assert_eq!(event.last_day(), Some(last.parse().unwrap()), "{end}");
        }
        assert_eq!(
            event(json!({"end_date_local": "2026-11-28T00:00:00"})).last_day(),
            None
        );
    }

    #[test]
    fn workouts_and_races_are_to_do_and_nothing_else_is() {
        let to_do = |category: &str| event(json!({"category": category})).is_to_do();
        assert!(Event::TO_DO.into_iter().all(to_do));
        assert!(!["NOTE", "HOLIDAY", "TARGET", ""].into_iter().any(to_do));
    }

    #[test]
    fn the_planned_time_is_that_of_the_steps() {
        let minute = json!({"duration": 60});
        let nested = json!([{"duration": 600}, {"reps": 3, "duration": 1, "steps": [minute, {"reps": 2, "steps": [minute]}]}]);
        for (doc, secs) in [
            (json!({"duration": 3600, "steps": [minute]}), 3600.0),
            (json!({"duration": 0, "steps": nested}), 600.0 + 3.0 * 180.0),
            (json!({"steps": [{"steps": [minute, minute]}]}), 120.0),
            // Upstream's own sum of a repeat, where its steps have no time.
            (
                json!({"steps": [minute, {"reps": 2, "duration": 500, "steps": [{"distance": 1000}]}]}),
                560.0,
            ),
            // Distances alone have no time; the entry's own counts.
            (json!({"steps": [minute, {"distance": 1000}]}), 1500.0),
            (
                json!({"duration": 60, "steps": [minute, {"distance": 1000}]}),
                1500.0,
            ),
            // Upstream's sum holds the distance's time as well.
            (
                json!({"duration": 400, "steps": [minute, {"distance": 1000}]}),
                400.0,
            ),
            (json!({"steps": [], "duration": 0}), 1500.0),
            (json!({"duration": -5, "steps": [{"duration": -60}]}), 1500.0),
            (Value::Null, 1500.0),
        ] {
            let event = json!({"moving_time": 1500, "workout_doc": doc}).to_string();
            let event: Event = object(event.as_bytes()).unwrap();
            assert_eq!(event.planned_secs(), Some(secs), "{doc}");
            assert_eq!(event.without_words().planned_secs(), Some(secs), "{doc}");
        }
        assert_eq!(event(json!({"moving_time": -1})).planned_secs(), None);
    }

    #[test]
    fn a_time_of_some_steps_is_no_planned_time() {
        let way = json!({"distance": 1000});
        let part = json!([{"duration": 600}, {"reps": 3, "duration": 180, "steps": [{"duration": 60}, way]}]);
        for (doc, length) in [
            (json!({"duration": 780, "steps": part}), (780.0, 3000.0)),
            (json!({"steps": part}), (780.0, 3000.0)),
            (
                json!({"duration": 780, "steps": [{"duration": 780}, way]}),
                (780.0, 1000.0),
            ),
        ] {
            let event = json!({"moving_time": 780, "workout_doc": doc}).to_string();
            let event: Event = object(event.as_bytes()).unwrap();
            for event in [event.clone().without_words(), event] {
                let length = Length {
                    secs: length.0,
                    metres: length.1,
                };
                assert_eq!(
                    (event.length(), event.planned_secs()),
                    (Some(length), None),
                    "{doc}"
                );
            }
        }
        let by_distance = json!([way, {"reps": 2, "steps": [way, way]}]);
        for (steps, metres) in [(by_distance, Some(5000.0)), (part, None), (json!([]), None)] {
            let event = json!({"workout_doc": {"steps": steps}}).to_string();
            let event: Event = object(event.as_bytes()).unwrap();
            assert_eq!(event.metres_of_steps(), metres, "{steps}");
        }
    }

    #[test]
    fn a_pairing_with_0_is_none() {
        let paired = |id: Value| {
            event(json!({"paired_activity_id": id}))
                .paired_with()
                .map(str::to_owned)
        };
        assert_eq!(paired(json!("i91")), Some("i91".to_owned()));
        assert_eq!(
            [paired(json!("0")), paired(json!("")), paired(Value::Null)],
            [None, None, None]
        );
    }
}
