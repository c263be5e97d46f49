//! What today's row of the model counts: only what was done, or also what is still planned.
//!
//! Whether intervals.icu counts today's workouts before they are done is not documented: several clients saw it do so. So
//! the row is compared with what was done. No requests and no wording here.

use chrono::NaiveDate;

use super::{fitness_of, loads_of};
use crate::{
    intervals::model::{Activity, Event, Wellness, amount},
    training::fitness::{Fitness, Loads},
};

/// Loads closer than this are the same: each is rounded somewhere.
const SAME_LOAD: f64 = 0.5;
/// CTL or ATL closer than this to what the formula gives follow it.
const SAME_FITNESS: f64 = 0.2;

/// What is known about today. None: not granted, not shared, not requested, or failed. Rows of other days may be among them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tools) struct Seen<'a> {
    pub(in crate::tools) activities: Option<&'a [Activity]>,
    /// Workouts and races.
    pub(in crate::tools) events: Option<&'a [Event]>,
}

/// What today's row counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tools) enum DoneToday {
    /// Only what was done, if anything.
    All,
    /// Planned load as well.
    Part(Part),
    /// Perhaps planned load as well: at most this much of it, if that is known.
    Unclear { at_most: Option<f64> },
}

/// The part of today's row that was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tools) struct Part {
    /// The load of today's activities.
    pub(in crate::tools) done: f64,
    /// The load in the row that is only planned.
    pub(in crate::tools) planned: f64,
    /// CTL and ATL with what is done only, by our own step from yesterday's row. None where yesterday's row is missing,
    /// where today's does not follow from it by the formula (an account can change the days of CTL and ATL), or where it
    /// is not known which of the two loads the plan is in.
    pub(in crate::tools) fitness: Option<Fitness>,
}

impl DoneToday {
    /// What the row of `today` among `rows` counts. Figures with what was done need yesterday's row.
    pub(in crate::tools) fn of(rows: &[Wellness], today: NaiveDate, seen: Seen<'_>) -> Self {
        let row = |day| rows.iter().find(|row| row.id.is_some() && row.id == day);
        let yesterday = row(today.pred_opt()).and_then(fitness_of);
        let Some(row) = row(Some(today)) else {
            return Self::All;
        };
        let step = Step {
            yesterday,
            loads: loads_of(row).unwrap_or_default(),
            end: fitness_of(row),
        };
        let by_plan = |load: f64| match seen.events.map(|events| still_planned(events, today)) {
            Some(planned) if planned <= 0.0 => Self::All,
            planned => Self::Unclear {
                at_most: planned.map(|planned| planned.min(load)),
            },
        };
        let whole = step.loads.whole();
        if whole <= SAME_LOAD {
            return if step.rises() {
                by_plan(f64::MAX)
            } else {
                Self::All
            };
        }
        let Some(done) = seen.activities.map(|rows| Done::of(rows, today)) else {
            return by_plan(whole);
        };
        let left = whole - done.load;
        if left.abs() <= SAME_LOAD {
            Self::All
        } else if left < 0.0 {
            // Some activities are not counted, so the load can still hold a plan.
            by_plan(whole)
        } else if done.some_closed {
            by_plan(left)
        } else {
            Self::Part(Part {
                done: done.load,
                planned: left,
                fitness: step.with(done.load, left),
            })
        }
    }

    /// How much of `load`, the load of today's row, was done. None if that is not known.
    pub(in crate::tools) const fn load_of(self, load: f64) -> Option<f64> {
        match self {
            Self::All => Some(load),
            Self::Part(part) => Some(part.done),
            Self::Unclear { .. } => None,
        }
    }
}

/// Today's activities.
struct Done {
    load: f64,
    /// Whether one of them is closed by Strava: intervals.icu counts its load, but does not send it.
    some_closed: bool,
}

impl Done {
    fn of(rows: &[Activity], today: NaiveDate) -> Self {
        let of_today = || rows.iter().filter(|row| row.day() == Some(today));
        Self {
            load: of_today().map(|row| amount(row.icu_training_load)).sum(),
            some_closed: of_today().any(Activity::is_closed_by_strava),
        }
    }
}

/// The load of today's workouts and races that no activity is paired with.
fn still_planned(events: &[Event], today: NaiveDate) -> f64 {
    let open =
        |event: &&Event| event.day() == Some(today) && event.is_to_do() && event.paired_with().is_none();
    let open = events.iter().filter(open);
    open.map(|event| amount(event.icu_training_load)).sum()
}

/// From yesterday's row to today's.
struct Step {
    yesterday: Option<Fitness>,
    loads: Loads,
    end: Option<Fitness>,
}

impl Step {
    /// Whether CTL or ATL rose, which they cannot on a day without load.
    fn rises(&self) -> bool {
        self.yesterday.zip(self.end).is_some_and(|(before, after)| {
            after.ctl > before.ctl + SAME_FITNESS || after.atl > before.atl + SAME_FITNESS
        })
    }

    /// Today's figures if only `done` of the load counts, without the `planned` rest.
    fn with(&self, done: f64, planned: f64) -> Option<Fitness> {
        let (before, end) = self.yesterday.zip(self.end)?;
        let part = part_of(self.loads, done, planned)?;
        is_same(before.after_loads(self.loads), end).then(|| before.after_loads(part))
    }
}

fn is_same(a: Fitness, b: Fitness) -> bool {
    (a.ctl - b.ctl).abs() <= SAME_FITNESS && (a.atl - b.atl).abs() <= SAME_FITNESS
}

/// The part of the day's loads that was done, when `done` of the whole was and `planned` was not. None if it is not known
/// how much of each is in a load that counts only a part of the whole.
fn part_of(loads: Loads, done: f64, planned: f64) -> Option<Loads> {
    let part = |load: f64| {
        let (least, most) = ((load - planned).max(0.0), load.min(done));
        ((most - least).abs() <= SAME_LOAD).then_some(least)
    };
    Some(Loads {
        ctl: part(loads.ctl)?,
        atl: part(loads.atl)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{rows, today};

    /// Yesterday's and today's rows, as upstream computes them from these loads of today.
    fn model(yesterday: Fitness, ctl_load: f64, atl_load: f64) -> Vec<Wellness> {
        let end = yesterday.after_loads(Loads {
            ctl: ctl_load,
            atl: atl_load,
        });
        rows(json!([
            {"id": today().pred_opt(), "ctl": yesterday.ctl, "atl": yesterday.atl, "ctlLoad": 90, "atlLoad": 90},
            {"id": today(), "ctl": end.ctl, "atl": end.atl, "ctlLoad": ctl_load, "atlLoad": atl_load},
        ]))
    }

    fn activities(loads: &[f64]) -> Vec<Activity> {
        let row = |load: &f64| json!({"id": "i1", "start_date_local": "2026-11-21T08:00:00", "type": "Ride", "icu_training_load": load});
        rows(Value::Array(loads.iter().map(row).collect()))
    }

    fn plan(load: f64, paired: &Value) -> Vec<Event> {
        rows(
            json!([{"id": 1, "category": "WORKOUT", "start_date_local": "2026-11-21T00:00:00", "icu_training_load": load,
            "paired_activity_id": paired}]),
        )
    }

    fn of(rows: &[Wellness], activities: Option<&[Activity]>, events: Option<&[Event]>) -> DoneToday {
        DoneToday::of(rows, today(), Seen { activities, events })
    }

    fn part(found: DoneToday) -> Part {
        let DoneToday::Part(part) = found else {
            panic!("{found:?}")
        };
        part
    }

    const YESTERDAY: Fitness = Fitness { ctl: 60.0, atl: 55.0 };

    #[test]
    fn a_ride_that_is_only_planned_was_not_done() {
        let found = part(of(&model(YESTERDAY, 75.0, 75.0), Some(&[]), None));
        assert_eq!((found.done, found.planned), (0.0, 75.0));
        let fitness = found.fitness.unwrap();
        assert!((fitness.ctl - 58.588).abs() < 0.001 && (fitness.atl - 47.678).abs() < 0.001);
        let both = part(of(
            &model(YESTERDAY, 84.0, 84.0),
            Some(&activities(&[41.0])),
            None,
        ));
        assert_eq!((both.done, both.planned), (41.0, 43.0));
        assert_eq!(both.fitness, Some(YESTERDAY.after(Some(41.0))));
        assert_eq!(DoneToday::Part(both).load_of(84.0), Some(41.0));
    }

    #[test]
    fn what_was_done_is_all_of_it() {
        let found = model(YESTERDAY, 84.3, 84.3);
        assert_eq!(of(&found, Some(&activities(&[41.0, 43.0])), None), DoneToday::All);
        assert_eq!(of(&found, None, Some(&plan(84.0, &json!("i1")))), DoneToday::All);
        assert_eq!(of(&found, None, Some(&[])), DoneToday::All);
        assert_eq!(of(&model(YESTERDAY, 0.0, 0.0), None, None), DoneToday::All);
        assert_eq!(of(&[], None, None), DoneToday::All);
        let closed: Vec<Activity> =
            rows(json!([{"id": "1", "start_date_local": "2026-11-21T08:00:00", "source": "STRAVA"}]));
        assert_eq!(of(&found, Some(&closed), Some(&[])), DoneToday::All);
        assert_eq!(DoneToday::All.load_of(84.3), Some(84.3));
    }

    #[test]
    fn what_cannot_be_known_is_not_claimed() {
        let found = model(YESTERDAY, 75.0, 75.0);
        let unclear = |at_most| DoneToday::Unclear { at_most };
        assert_eq!(of(&found, None, None), unclear(None));
        assert_eq!(
            of(&found, None, Some(&plan(50.0, &Value::Null))),
            unclear(Some(50.0))
        );
        assert_eq!(
            of(&found, None, Some(&plan(90.0, &json!("0")))),
            unclear(Some(75.0))
        );
        // The activities have more load than the row: some are not counted, so others may be missing.
        assert_eq!(of(&found, Some(&activities(&[90.0])), None), unclear(None));
        let closed = rows::<Activity>(
            json!([{"id": "1", "start_date_local": "2026-11-21T08:00:00", "source": "STRAVA"}]),
        );
        assert_eq!(of(&found, Some(&closed), None), unclear(None));
        // CTL rose without a load.
        let mut risen = model(YESTERDAY, 75.0, 75.0);
        (risen[1].ctl_load, risen[1].atl_load) = (None, Some(0.0));
        assert_eq!(of(&risen, Some(&[]), None), unclear(None));
        assert_eq!(
            of(&risen, None, Some(&plan(75.0, &Value::Null))),
            unclear(Some(75.0))
        );
        assert_eq!(unclear(None).load_of(75.0), None);
    }

    #[test]
    fn figures_with_what_is_done_need_a_row_that_follows_from_yesterdays() {
        let mut found = model(YESTERDAY, 75.0, 75.0);
        found[1].ctl = Some(61.2);
        assert_eq!(part(of(&found, Some(&[]), None)).fitness, None);
        found.remove(0);
        assert_eq!(part(of(&found, Some(&[]), None)).fitness, None);
    }

    #[test]
    fn a_sport_that_counts_for_fatigue_only_can_hide_which_load_holds_the_plan() {
        // A ride of 75 planned, strength of 40 not yet done: neither load has anything done in it.
        let nothing = part(of(&model(YESTERDAY, 75.0, 115.0), Some(&[]), None));
        assert_eq!((nothing.done, nothing.planned), (0.0, 115.0));
        assert_eq!(nothing.fitness, Some(YESTERDAY.after(None)));
        let some = part(of(
            &model(YESTERDAY, 75.0, 115.0),
            Some(&activities(&[40.0])),
            None,
        ));
        assert_eq!((some.planned, some.fitness), (75.0, None));
    }

    #[test]
    fn other_days_do_not_count() {
        let other = rows::<Activity>(
            json!([{"id": "i1", "start_date_local": "2026-11-20T08:00:00", "type": "Ride", "icu_training_load": 75}]),
        );
        let found = part(of(&model(YESTERDAY, 75.0, 75.0), Some(&other), None));
        assert_eq!((found.done, found.planned), (0.0, 75.0));
        let mut tomorrow = plan(75.0, &Value::Null);
        tomorrow[0].start_date_local = Some("2026-11-22T00:00:00".parse().unwrap());
        assert_eq!(
            of(&model(YESTERDAY, 75.0, 75.0), None, Some(&tomorrow)),
            DoneToday::All
        );
    }

    proptest! {
        /// Upstream counts the plan or does not: what was done comes out the same.
        #[test]
        fn both_worlds_give_what_was_done(
            ctl in 0.0..120.0_f64, atl in 0.0..150.0_f64,
            loads in prop::collection::vec(1.0..200.0_f64, 0..4), planned in 1.0..300.0_f64,
        ) {
            let yesterday = Fitness { ctl, atl };
            let (activities, done) = (activities(&loads), loads.iter().sum::<f64>());
            let out = of(&model(yesterday, done, done), Some(&activities), None);
            prop_assert_eq!(out, DoneToday::All);
            let found = part(of(&model(yesterday, done + planned, done + planned), Some(&activities), None));
            prop_assert!((found.done - done).abs() < 1e-6 && (found.planned - planned).abs() < 1e-6);
            let fitness = found.fitness.unwrap();
            prop_assert!(is_same(fitness, yesterday.after(Some(done))));
        }

        #[test]
        fn figures_lie_between_rest_and_all_of_it(
            ctl_load in 0.0..300.0_f64, atl_load in 0.0..300.0_f64, done in 0.0..300.0_f64,
        ) {
            let found = of(&model(YESTERDAY, ctl_load, atl_load), Some(&activities(&[done])), None);
            if let DoneToday::Part(Part { fitness: Some(fitness), planned, .. }) = found {
                let (rest, all) = (YESTERDAY.after(None), YESTERDAY.after_loads(Loads { ctl: ctl_load, atl: atl_load }));
                prop_assert!(planned > 0.0);
                prop_assert!(fitness.ctl >= rest.ctl - 1e-9 && fitness.ctl <= all.ctl + 1e-9);
                prop_assert!(fitness.atl >= rest.atl - 1e-9 && fitness.atl <= all.atl + 1e-9);
            }
        }
    }
}
