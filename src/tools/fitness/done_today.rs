//! What today's row of the model counts: only what was done, or also what is still planned.
//!
//! Whether intervals.icu counts today's workouts before they are done is not documented: several clients saw it do so. So
//! the row is compared with what was done and with what is planned. No requests and no wording here.

use chrono::NaiveDate;

use super::{fitness_of, loads_of};
use crate::{
    intervals::model::{Activity, Event, Wellness, amount, positive},
    tools::{
        absences::Absences,
        plan_state::{self, State, Unclear},
    },
    training::fitness::{Fitness, Loads},
};

/// Loads closer than this are the same: each is rounded somewhere.
const SAME_LOAD: f64 = 0.5;
/// CTL or ATL closer than this to what the formula gives follow it.
const SAME_FITNESS: f64 = 0.2;
/// Of more plans in a day it is not tried which of them the row counts.
const PLANS: usize = 10;

/// What is known about today. None: not granted, not shared, not requested, or failed. Rows of other days may be among them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tools) struct Seen<'a> {
    /// With their sport, time, load and paired entry.
    pub(in crate::tools) activities: Option<&'a [Activity]>,
    /// Workouts and races.
    pub(in crate::tools) events: Option<&'a [Event]>,
}

/// What today's row counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tools) enum DoneToday {
    /// Only what was done, if anything.
    All,
    /// More than what was done.
    Part(Part),
    /// Perhaps planned load as well.
    Unclear {
        /// The most of it that may be planned, if that is known.
        at_most: Option<f64>,
        /// What certainly was done: the load of the activities that were read.
        done: f64,
    },
}

/// The part of today's row that was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tools) struct Part {
    /// The load of today's activities.
    pub(in crate::tools) done: f64,
    /// The load in the row that no activity has.
    pub(in crate::tools) rest: f64,
    /// Whether today's plans add up to that rest; false where they are not known.
    pub(in crate::tools) is_planned: bool,
    /// CTL and ATL with what is done only, by our own step from yesterday's row. None where yesterday's row is missing,
    /// where today's does not follow from it by the formula (an account can change the days of CTL and ATL), or where it
    /// is not known which of the two loads the rest is in.
    pub(in crate::tools) fitness: Option<Fitness>,
}

impl DoneToday {
    /// What the row of `today` among `rows` counts. Figures with what was done need yesterday's row.
    pub(in crate::tools) fn of(rows: &[Wellness], today: NaiveDate, seen: Seen<'_>) -> Self {
        let Some(step) = Step::to(rows, today) else {
            return Self::All;
        };
        let plans = Plans::of(today, seen);
        let done = seen.activities.map(|rows| Done::of(rows, today));
        let certain = done.as_ref().map_or(0.0, |done| done.load);
        let by_plan = |load: f64| match plans.as_ref().map(Plans::load) {
            Some(planned) if planned <= 0.0 => Self::All,
            planned => Self::Unclear {
                at_most: planned.map(|planned| planned.min(load)),
                done: certain,
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
        let Some(done) = done else {
            return by_plan(whole);
        };
        let rest = whole - done.load;
        if rest.abs() <= SAME_LOAD {
            return Self::All;
        }
        if rest < 0.0 {
            // Some activities are not counted, so the load can still hold a plan.
            return by_plan(whole);
        }
        let is_planned = plans
            .as_ref()
            .map(|plans| plans.add_up_to(rest, done.some_without_load));
        if done.some_closed || is_planned == Some(false) || is_planned.is_none() && done.some_without_load {
            return by_plan(rest);
        }
        Self::Part(Part {
            done: done.load,
            rest,
            is_planned: is_planned.is_some(),
            fitness: step.with(done.load, rest),
        })
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

/// What is still to be done today and that no row of the model counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::tools) struct ToCome {
    pub(in crate::tools) load: f64,
    /// How many workouts and races have no load.
    pub(in crate::tools) without_load: usize,
    /// Whether today's activities were read: one without a load shows in no row.
    pub(in crate::tools) is_certain: bool,
    /// Whether an activity of today that is closed by Strava, or has no sport, may have done some of it.
    pub(in crate::tools) perhaps_done: bool,
    /// The end of today with that load, by our own step from yesterday's row; None as in [`Part::fitness`].
    pub(in crate::tools) end: Option<Fitness>,
}

impl ToCome {
    /// Beside what the row counts as `done`. None if there is nothing, and if it is not known how much of it the row of today counts.
    pub(in crate::tools) fn of(
        rows: &[Wellness],
        today: NaiveDate,
        seen: Seen<'_>,
        done: DoneToday,
    ) -> Option<Self> {
        let counted = match done {
            DoneToday::All => 0.0,
            DoneToday::Part(part) if part.is_planned => part.rest,
            DoneToday::Part(_) | DoneToday::Unclear { .. } => return None,
        };
        let plans = Plans::of(today, seen)?;
        let load = plans.open().sum::<f64>() - counted;
        let load = if load > SAME_LOAD { load } else { 0.0 };
        (load > 0.0 || plans.without_load > 0).then(|| Self {
            load,
            without_load: plans.without_load,
            is_certain: seen.activities.is_some(),
            perhaps_done: plans.perhaps_done,
            end: Step::to(rows, today)
                .filter(|_| load > 0.0)
                .and_then(|step| step.with_more(load)),
        })
    }
}

/// Today's activities.
struct Done {
    load: f64,
    /// Whether one of them is closed by Strava: intervals.icu counts its load, but does not send it.
    some_closed: bool,
    /// Whether one of them has no load, as while intervals.icu still analyses it.
    some_without_load: bool,
}

impl Done {
    fn of(rows: &[Activity], today: NaiveDate) -> Self {
        let of_today = || rows.iter().filter(|row| row.day() == Some(today));
        Self {
            load: of_today().map(|row| amount(row.icu_training_load)).sum(),
            some_closed: of_today().any(Activity::is_stub),
            some_without_load: of_today().any(|row| row.icu_training_load.is_none()),
        }
    }
}

/// Today's workouts and races without an activity that is paired with them: the row may count each.
struct Plans {
    /// Each load, and whether it is still to be done: an activity of that sport may have done it without being paired.
    loads: Vec<(f64, bool)>,
    /// How many that are still to be done have no load.
    without_load: usize,
    /// Whether one that counts as still to be done was perhaps done.
    perhaps_done: bool,
}

impl Plans {
    /// None if the calendar is not known.
    fn of(today: NaiveDate, seen: Seen<'_>) -> Option<Self> {
        let of_today: Vec<&Event> = seen
            .events?
            .iter()
            .filter(|event| event.day() == Some(today))
            .collect();
        let is_paired = |event: &Event| {
            let mut done = seen.activities.into_iter().flatten();
            event.paired_with().is_some()
                || event
                    .id
                    .is_some_and(|id| done.any(|row| row.paired_event_id == Some(id)))
        };
        let absences = Absences::among(seen.events?);
        let states = plan_state::states(&of_today, seen.activities, &absences, today);
        let unpaired = of_today
            .into_iter()
            .zip(states)
            .filter_map(|(event, state)| Some((event, state?)))
            .filter(|(event, _)| !is_paired(event));
        let mut plans = Self {
            loads: Vec::new(),
            without_load: 0,
            perhaps_done: false,
        };
        for (event, state) in unpaired {
            let perhaps_done = matches!(state, State::Unclear(Unclear::ClosedByStrava | Unclear::NoSport));
            let is_ruled_out = absences.reason_for(event).is_some();
            let is_open = state.is_open() && !is_ruled_out || perhaps_done;
            plans.perhaps_done |= perhaps_done;
            match positive(event.icu_training_load) {
                Some(load) => plans.loads.push((load, is_open)),
                None => plans.without_load += usize::from(is_open),
            }
        }
        Some(plans)
    }

    fn load(&self) -> f64 {
        self.loads.iter().map(|(load, _)| load).sum()
    }

    /// Of those that are still to be done.
    fn open(&self) -> impl Iterator<Item = f64> {
        self.loads
            .iter()
            .filter(|(_, is_open)| *is_open)
            .map(|(load, _)| *load)
    }

    /// Whether some of the plans have this load together. With `only_open`, of those that are still to be done.
    fn add_up_to(&self, load: f64, only_open: bool) -> bool {
        let loads: Vec<f64> = if only_open {
            self.open().collect()
        } else {
            self.loads.iter().map(|(load, _)| *load).collect()
        };
        if loads.len() > PLANS {
            return false;
        }
        let mut sums = vec![0.0];
        for load in loads {
            let with: Vec<f64> = sums.iter().map(|sum| sum + load).collect();
            sums.extend(with);
        }
        sums.iter().any(|sum| (sum - load).abs() <= SAME_LOAD)
    }
}

/// From yesterday's row to today's.
struct Step {
    yesterday: Option<Fitness>,
    loads: Loads,
    end: Option<Fitness>,
    /// Whether CTL and ATL count the same loads on each of the days known.
    counts_alike: bool,
}

impl Step {
    /// The step to the row of `today`; None without one.
    fn to(rows: &[Wellness], today: NaiveDate) -> Option<Self> {
        let row = |day| rows.iter().find(|row| row.id.is_some() && row.id == day);
        let of_today = row(Some(today))?;
        Some(Self {
            yesterday: row(today.pred_opt()).and_then(fitness_of),
            loads: loads_of(of_today).unwrap_or_default(),
            end: fitness_of(of_today),
            counts_alike: rows
                .iter()
                .filter_map(loads_of)
                .all(|loads| (loads.ctl - loads.atl).abs() <= SAME_LOAD),
        })
    }

    /// Whether CTL or ATL rose, which they cannot on a day without load.
    fn rises(&self) -> bool {
        self.yesterday.zip(self.end).is_some_and(|(before, after)| {
            after.ctl > before.ctl + SAME_FITNESS || after.atl > before.atl + SAME_FITNESS
        })
    }

    /// Today's figures if only `done` of the load counts, without the `rest`.
    fn with(&self, done: f64, rest: f64) -> Option<Fitness> {
        let part = part_of(self.loads, done, rest)?;
        self.follows().map(|yesterday| yesterday.after_loads(part))
    }

    /// Today's figures with more load; None on an account that counts some sports for only one of CTL and ATL.
    fn with_more(&self, load: f64) -> Option<Fitness> {
        let Loads { ctl, atl } = self.loads;
        let yesterday = self.follows().filter(|_| self.counts_alike)?;
        Some(yesterday.after_loads(Loads {
            ctl: ctl + load,
            atl: atl + load,
        }))
    }

    /// Yesterday's figures, if today's follow from them by the formula.
    fn follows(&self) -> Option<Fitness> {
        let (before, end) = self.yesterday.zip(self.end)?;
        is_same(before.after_loads(self.loads), end).then_some(before)
    }
}

fn is_same(a: Fitness, b: Fitness) -> bool {
    (a.ctl - b.ctl).abs() <= SAME_FITNESS && (a.atl - b.atl).abs() <= SAME_FITNESS
}

/// The part of the day's loads that was done, when `done` of the whole was and the `rest` was not. None if it is not known
/// how much of each is in a load that counts only a part of the whole.
fn part_of(loads: Loads, done: f64, rest: f64) -> Option<Loads> {
    let part = |load: f64| {
        let (least, most) = ((load - rest).max(0.0), load.min(done));
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
        assert_eq!((found.done, found.rest), (0.0, 75.0));
        let fitness = found.fitness.unwrap();
        assert!((fitness.ctl - 58.588).abs() < 0.001 && (fitness.atl - 47.678).abs() < 0.001);
        let both = part(of(
            &model(YESTERDAY, 84.0, 84.0),
            Some(&activities(&[41.0])),
            None,
        ));
        assert_eq!((both.done, both.rest), (41.0, 43.0));
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
        let unclear = |at_most, done| DoneToday::Unclear { at_most, done };
        assert_eq!(of(&found, None, None), unclear(None, 0.0));
        assert_eq!(
            of(&found, None, Some(&plan(50.0, &Value::Null))),
            unclear(Some(50.0), 0.0)
        );
        assert_eq!(
            of(&found, None, Some(&plan(90.0, &json!("0")))),
            unclear(Some(75.0), 0.0)
        );
        // The activities have more load than the row: some are not counted, so others may be missing.
        assert_eq!(of(&found, Some(&activities(&[90.0])), None), unclear(None, 90.0));
        let closed = rows::<Activity>(
            json!([{"id": "1", "start_date_local": "2026-11-21T08:00:00", "source": "STRAVA"}]),
        );
        assert_eq!(of(&found, Some(&closed), None), unclear(None, 0.0));
        // CTL rose without a load.
        let mut risen = model(YESTERDAY, 75.0, 75.0);
        (risen[1].ctl_load, risen[1].atl_load) = (None, Some(0.0));
        assert_eq!(of(&risen, Some(&[]), None), unclear(None, 0.0));
        assert_eq!(
            of(&risen, None, Some(&plan(75.0, &Value::Null))),
            unclear(Some(75.0), 0.0)
        );
        assert_eq!(unclear(None, 0.0).load_of(75.0), None);
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
        assert_eq!((nothing.done, nothing.rest), (0.0, 115.0));
        assert_eq!(nothing.fitness, Some(YESTERDAY.after(None)));
        let some = part(of(
            &model(YESTERDAY, 75.0, 115.0),
            Some(&activities(&[40.0])),
            None,
        ));
        assert_eq!((some.rest, some.fitness), (75.0, None));
    }

    /// Unpaired workouts of today: their sport and load.
    fn plans(of: &[(&str, Option<f64>)]) -> Vec<Event> {
        let row = |(id, (sport, load)): (usize, &(&str, Option<f64>))| json!({"id": id + 1, "category": "WORKOUT", "type": sport, "start_date_local": "2026-11-21T00:00:00", "icu_training_load": load});
        rows(Value::Array(of.iter().enumerate().map(row).collect()))
    }

    #[test]
    fn only_planned_is_what_the_plans_add_up_to() {
        let found = model(YESTERDAY, 115.0, 115.0);
        let none: &[Activity] = &[];
        let with = |events: &[Event]| of(&found, Some(none), Some(events));
        let (run, swim) = (("Run", Some(75.0)), ("Swim", Some(40.0)));
        let known = part(with(&plans(&[run, swim, ("Ride", Some(33.0)), ("Yoga", None)])));
        assert!(known.is_planned, "{known:?}");
        assert_eq!((known.done, known.rest), (0.0, 115.0));
        // Without the calendar it is known to be in no activity, and no more.
        assert!(!part(of(&found, Some(none), None)).is_planned);
        // A part that the plans do not add up to may be anything.
        for (events, at_most) in [(plans(&[run]), 75.0), (plans(&[("Run", Some(300.0))]), 115.0)] {
            assert_eq!(
                with(&events),
                DoneToday::Unclear {
                    at_most: Some(at_most),
                    done: 0.0
                }
            );
        }
        // Nothing planned has a load.
        for events in [plans(&[]), plans(&[("Yoga", None)])] {
            assert_eq!(with(&events), DoneToday::All);
        }
    }

    #[test]
    fn an_activity_that_has_no_load_yet_may_be_what_the_row_counts() {
        let found = model(YESTERDAY, 75.0, 75.0);
        let done = |sport: &str, event: Option<i64>| -> Vec<Activity> {
            rows(
                json!([{"id": "i1", "start_date_local": "2026-11-21T08:00:00", "type": sport, "paired_event_id": event,
                "icu_training_load": null}]),
            )
        };
        let ride = plans(&[("Ride", Some(75.0))]);
        let of_both = |activities: &[Activity]| of(&found, Some(activities), Some(&ride));
        assert_eq!(of_both(&done("Ride", Some(1))), DoneToday::All);
        assert_eq!(
            of_both(&done("VirtualRide", None)),
            DoneToday::Unclear {
                at_most: Some(75.0),
                done: 0.0
            }
        );
        // Yoga did not do the ride.
        assert!(part(of_both(&done("Yoga", None))).is_planned);
        let unknown = of(&found, Some(&done("Yoga", None)), None);
        assert_eq!(
            unknown,
            DoneToday::Unclear {
                at_most: None,
                done: 0.0
            }
        );
    }

    fn to_come(rows: &[Wellness], activities: Option<&[Activity]>, events: &[Event]) -> Option<ToCome> {
        let seen = Seen {
            activities,
            events: Some(events),
        };
        ToCome::of(rows, today(), seen, DoneToday::of(rows, today(), seen))
    }

    #[test]
    fn what_is_to_come_is_what_the_row_leaves_out() {
        let run = plans(&[("Run", Some(75.0)), ("Yoga", None)]);
        let found = to_come(&model(YESTERDAY, 0.0, 0.0), None, &run).unwrap();
        assert_eq!((found.load, found.without_load), (75.0, 1));
        assert_eq!(found.end, Some(YESTERDAY.after(Some(75.0))));
        // Beside a ride that is done.
        let done = activities(&[50.0]);
        let found = to_come(&model(YESTERDAY, 50.0, 50.0), Some(&done), &run).unwrap();
        assert_eq!(
            (found.load, found.end),
            (75.0, Some(YESTERDAY.after(Some(125.0))))
        );
        // The row counts it already.
        let counted = to_come(&model(YESTERDAY, 125.0, 125.0), Some(&done), &run).unwrap();
        assert_eq!((counted.load, counted.without_load, counted.end), (0.0, 1, None));
        // The row counts one of two.
        let two = plans(&[("Run", Some(75.0)), ("Swim", Some(30.0))]);
        let found = to_come(&model(YESTERDAY, 125.0, 125.0), Some(&done), &two).unwrap();
        assert_eq!(
            (found.load, found.end),
            (30.0, Some(YESTERDAY.after(Some(155.0))))
        );
        // Done without being paired, or not known.
        let ridden = plans(&[("Ride", Some(75.0))]);
        assert_eq!(to_come(&model(YESTERDAY, 50.0, 50.0), Some(&done), &ridden), None);
        assert_eq!(to_come(&model(YESTERDAY, 50.0, 50.0), None, &run), None);
        assert_eq!(to_come(&model(YESTERDAY, 0.0, 0.0), None, &[]), None);
        // Without today's row, or with one that does not follow from yesterday's, no form can be computed.
        let without = to_come(&[], None, &run).unwrap();
        assert_eq!((without.load, without.end), (75.0, None));
        let mut odd = model(YESTERDAY, 0.0, 0.0);
        odd[1].ctl = Some(50.0);
        assert_eq!(to_come(&odd, None, &run).unwrap().end, None);
    }

    #[test]
    fn other_days_do_not_count() {
        let other = rows::<Activity>(
            json!([{"id": "i1", "start_date_local": "2026-11-20T08:00:00", "type": "Ride", "icu_training_load": 75}]),
        );
        let found = part(of(&model(YESTERDAY, 75.0, 75.0), Some(&other), None));
        assert_eq!((found.done, found.rest), (0.0, 75.0));
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
            prop_assert!((found.done - done).abs() < 1e-6 && (found.rest - planned).abs() < 1e-6);
            let fitness = found.fitness.unwrap();
            prop_assert!(is_same(fitness, yesterday.after(Some(done))));
        }

        #[test]
        fn figures_lie_between_rest_and_all_of_it(
            ctl_load in 0.0..300.0_f64, atl_load in 0.0..300.0_f64, done in 0.0..300.0_f64,
        ) {
            let found = of(&model(YESTERDAY, ctl_load, atl_load), Some(&activities(&[done])), None);
            if let DoneToday::Part(Part { fitness: Some(fitness), rest, .. }) = found {
                let (at_rest, all) = (YESTERDAY.after(None), YESTERDAY.after_loads(Loads { ctl: ctl_load, atl: atl_load }));
                prop_assert!(rest > 0.0);
                prop_assert!(fitness.ctl >= at_rest.ctl - 1e-9 && fitness.ctl <= all.ctl + 1e-9);
                prop_assert!(fitness.atl >= at_rest.atl - 1e-9 && fitness.atl <= all.atl + 1e-9);
            }
        }
    }
}
