//! A person's days in a row: everything done, and the fitness and fatigue that follow from it.
//!
//! Built once for each day and shared; of what clients write, only activities that they make or
//! delete have an effect here, and planned load in a projection.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{Duration, NaiveDate, NaiveDateTime};

use super::{
    crowd,
    people::{FIRST_DAY, Person},
    season::{Twist, plan},
    training::{Done, Source, day_number, done, twin},
};

/// Days of the fitness constant.
const CTL_DAYS: f64 = 42.0;
/// Days of the fatigue constant.
const ATL_DAYS: f64 = 7.0;

/// Fitness and fatigue at the end of a day, with the load that went in.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Fitness {
    pub(super) ctl: f64,
    pub(super) atl: f64,
    pub(super) load: f64,
}

impl Fitness {
    /// The next day's, with `load`: `x += (load − x)(1 − e^(−1/τ))`, as measured on upstream's rows.
    pub(super) fn next(self, load: f64) -> Self {
        let step = |x: f64, days: f64| x + (load - x) * (1.0 - (-1.0 / days).exp());
        Self {
            ctl: step(self.ctl, CTL_DAYS),
            atl: step(self.atl, ATL_DAYS),
            load,
        }
    }
}

/// Everything of a person up to the end of a day.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// The day it reaches to.
    pub(super) through: NaiveDate,
    /// Oldest first.
    pub(super) done: Vec<Done>,
    days: Vec<Fitness>,
}

impl History {
    /// Lives through every day from the first to `through`.
    pub(super) fn build(person: &'static Person, through: NaiveDate) -> Self {
        let (mut all, mut days) = (Vec::new(), Vec::new());
        let mut fitness = Fitness::default();
        let count = usize::try_from(day_number(through) + 1).unwrap_or_default();
        for day in FIRST_DAY.iter_days().take(count) {
            let mut load = 0.0;
            for session in plan(person, day) {
                let totals = session.workout.totals();
                let Some(done) = done(person, day, &session, totals) else {
                    continue;
                };
                let twin = (session.twist == Twist::Twice).then(|| twin(person, day, &done));
                let kept = (session.twist != Twist::Deleted).then_some(done);
                for mut done in kept.into_iter().chain(twin) {
                    load += done.load.map_or(0.0, f64::from);
                    let after = fitness.next(load);
                    (done.ctl, done.atl) = (after.ctl, after.atl);
                    all.push(done);
                }
            }
            fitness = fitness.next(load);
            days.push(fitness);
        }
        Self {
            through,
            done: all,
            days,
        }
    }

    /// The same with `count` small activities from the years before. Their load does not enter fitness, which begins with the
    /// first day, so nothing else moves.
    pub(super) fn with_crowd(mut self, person: &Person, count: usize) -> Self {
        let mut all = crowd::activities(person, count);
        all.append(&mut self.done);
        self.done = all;
        self
    }

    /// The same with the activities that were `made` and without those that are `gone`, in the days' loads and in what follows
    /// from them.
    pub(super) fn with_records(mut self, made: Vec<Done>, gone: &BTreeSet<String>) -> Self {
        let mut loads: BTreeMap<NaiveDate, f64> = BTreeMap::new();
        let mut count = |done: &Done, sign: f64| {
            *loads.entry(done.day()).or_default() += sign * done.load.map_or(0.0, f64::from);
        };
        self.done.retain(|done| {
            let is_gone = gone.contains(&done.id);
            if is_gone {
                count(done, -1.0);
            }
            !is_gone
        });
        for done in &made {
            count(done, 1.0);
        }
        // Fitness is linear in the loads: what they change runs on beside what was there.
        let mut change = Fitness::default();
        for (day, row) in FIRST_DAY.iter_days().zip(&mut self.days) {
            let load = loads.get(&day).copied().unwrap_or_default();
            change = change.next(load);
            row.ctl += change.ctl;
            row.atl += change.atl;
            row.load += load;
        }
        for mut done in made {
            let after = self.past(done.day()).unwrap_or_default();
            (done.ctl, done.atl) = (after.ctl, after.atl);
            let later = |other: &Done| other.start > done.start;
            let at = self.done.iter().position(later).unwrap_or(self.done.len());
            self.done.insert(at, done);
        }
        self
    }

    /// What upstream knows at the local time `now`, oldest first.
    pub(super) fn known(&self, now: NaiveDateTime) -> impl DoubleEndedIterator<Item = &Done> {
        self.done.iter().filter(move |done| done.known_from() <= now)
    }

    /// Load of `day` as known at `now`.
    fn load(&self, day: NaiveDate, now: NaiveDateTime) -> f64 {
        let known = self.known(now).filter(|done| done.day() == day);
        known.map(|done| done.load.map_or(0.0, f64::from)).sum()
    }

    /// The row of a day that is over, or before the first.
    fn past(&self, day: NaiveDate) -> Option<Fitness> {
        if day < FIRST_DAY {
            return Some(Fitness::default());
        }
        self.days.get(usize::try_from(day_number(day)).ok()?).copied()
    }

    /// Fitness on the evening before `day`; of days ahead, that of the last day known.
    pub(super) fn evening_before(&self, day: NaiveDate) -> Fitness {
        let found = self
            .past(day - Duration::days(1))
            .or_else(|| self.days.last().copied());
        found.unwrap_or_default()
    }

    /// Rows of `oldest..=newest` as seen at `now`: what was done up to today, and `planned` load from today on.
    pub(super) fn fitness(
        &self,
        oldest: NaiveDate,
        newest: NaiveDate,
        now: NaiveDateTime,
        planned: impl Fn(NaiveDate) -> f64,
    ) -> Vec<(NaiveDate, Fitness)> {
        let today = now.date();
        let mut rows = Vec::new();
        let mut before = self
            .past(oldest.min(today) - Duration::days(1))
            .unwrap_or_default();
        let mut day = oldest.min(today);
        while day <= newest {
            let row = match day.cmp(&today) {
                Ordering::Less => self.past(day).unwrap_or_default(),
                Ordering::Equal => before.next(self.load(day, now) + planned(day)),
                Ordering::Greater => before.next(planned(day)),
            };
            if day >= oldest {
                rows.push((day, row));
            }
            before = row;
            day += Duration::days(1);
        }
        rows
    }

    /// The activity that a planned event became, if it is known at `now` and not hidden behind Strava.
    pub(super) fn of_event(&self, event_id: i64, now: NaiveDateTime) -> Option<&Done> {
        let found = self.done.iter().find(|done| done.event_id == Some(event_id))?;
        (found.known_from() <= now && found.source != Source::Strava).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Build, PEOPLE};

    /// Who trains all year round.
    fn athletes() -> impl Iterator<Item = &'static Person> {
        PEOPLE.iter().filter(|person| person.build != Build::Newcomer)
    }

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn the_past_does_not_move_with_the_clock() {
        for person in athletes() {
            let early = History::build(person, day(2026, 3, 1));
            let late = History::build(person, day(2026, 11, 21));
            let text = |history: &History| {
                let old = history.done.iter().filter(|done| done.day() <= day(2026, 3, 1));
                old.map(|done| format!("{done:?}")).collect::<Vec<_>>()
            };
            assert_eq!(text(&early), text(&late));
            assert!(text(&early).len() > 350, "{}", text(&early).len());
            assert_eq!(early.days, late.days[..early.days.len()]);
        }
    }

    #[test]
    fn fitness_follows_from_the_loads_by_the_recursion() {
        let history = History::build(&PEOPLE[0], day(2026, 11, 21));
        let (mut ctl, mut atl) = (0.0_f64, 0.0_f64);
        for date in FIRST_DAY
            .iter_days()
            .take_while(|date| *date <= day(2026, 11, 21))
        {
            let load: u32 = history
                .done
                .iter()
                .filter(|done| done.day() == date)
                .filter_map(|done| done.load)
                .sum();
            ctl += (f64::from(load) - ctl) * (1.0 - (-1.0_f64 / 42.0).exp());
            atl += (f64::from(load) - atl) * (1.0 - (-1.0_f64 / 7.0).exp());
        }
        let last = history.past(day(2026, 11, 21)).unwrap();
        assert!((last.ctl - ctl).abs() < 1e-9 && (last.atl - atl).abs() < 1e-9);
    }

    #[test]
    fn all_are_believable() {
        for person in athletes() {
            let history = History::build(person, day(2026, 11, 21));
            let settled = &history.days[365..];
            let (low, high) = settled.iter().fold((f64::MAX, 0.0_f64), |(low, high), row| {
                (low.min(row.ctl), high.max(row.ctl))
            });
            assert!(
                low > 20.0 && high < 95.0 && high - low > 12.0,
                "{}: CTL {low}–{high}",
                person.name
            );
            let hardest = history.done.iter().filter_map(|done| done.load).max().unwrap();
            assert!((150..420).contains(&hardest), "{hardest}");
            let form = settled.windows(2).map(|pair| pair[0].ctl - pair[0].atl);
            assert!(form.fold(f64::MAX, f64::min) > -60.0);
        }
    }

    #[test]
    fn after_today_plans_are_projected() {
        let history = History::build(&PEOPLE[0], day(2026, 11, 21));
        let noon = day(2026, 11, 21).and_hms_opt(12, 0, 0).unwrap();
        let planned = |date| if date > day(2026, 11, 21) { 100.0 } else { 0.0 };
        let rows = history.fitness(day(2026, 11, 20), day(2026, 11, 23), noon, planned);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[2].1, rows[1].1.next(100.0));
        assert_eq!(rows[0].1, history.past(day(2026, 11, 20)).unwrap());
        let with_today = history.fitness(day(2026, 11, 20), day(2026, 11, 21), noon, |_| 100.0);
        assert!((with_today[1].1.load - rows[1].1.load - 100.0).abs() < 1e-9);
        assert_eq!(with_today[1].1, rows[0].1.next(with_today[1].1.load));
    }
}
