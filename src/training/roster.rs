//! The bounds behind the flags of a coach's roster.
//!
//! Each bound is a convention among coaches, not a verdict: an athlete beyond it deserves attention. A figure exactly on its
//! bound is not beyond it, despite the rounding of binary fractions.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate};

use super::means::{Mean, deviation, mean};

/// CTL gained in a week, above which the ramp is steep.
pub(crate) const RAMP: f64 = 8.0;
/// Form below which it is deep.
pub(crate) const FORM: f64 = -30.0;
/// Percent of the planned load that count as on plan.
pub(crate) const OF_PLAN: RangeInclusive<f64> = 70.0..=130.0;
/// bpm above the athlete's average at which a resting HR is high.
pub(crate) const RESTING_HR: f64 = 5.0;
/// Days without activity after which an athlete is quiet.
pub(crate) const QUIET_DAYS: i64 = 7;
/// Days before a race within which it is near.
pub(crate) const RACE_DAYS: i64 = 14;
/// Days of the shorter average.
pub(crate) const WEEK: u64 = 7;
/// Days of the longer average, which ends on the same day.
pub(crate) const BASE: u64 = 60;

/// Values of the last week, below which its average says nothing.
const OF_WEEK: u32 = 3;
/// Values of the longer average, below which it is nobody's usual.
const OF_BASE: u32 = 14;

/// The possible error of sums and differences of decimal fractions.
const NOISE: f64 = 1e-9;

/// Whether CTL rose by more than [`RAMP`] in a week.
pub(crate) fn is_steep(ramp: f64) -> bool {
    ramp > RAMP + NOISE
}

/// Whether form (CTL - ATL) is below [`FORM`].
pub(crate) fn is_deep(form: f64) -> bool {
    form < FORM - NOISE
}

/// Load planned for some days.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Plan {
    /// The sum of the loads.
    pub load: f64,
    /// How many workouts and races there are.
    pub count: u32,
    /// How many of them have no load, so that [`Self::load`] is the minimum planned.
    pub without: u32,
}

impl Plan {
    /// Adds a workout or race.
    pub(crate) fn add(&mut self, load: Option<f64>) {
        self.count += 1;
        match load {
            Some(load) => self.load += load,
            None => self.without += 1,
        }
    }
}

/// The percentage of `plan` that was done, if it is outside [`OF_PLAN`]; both are of the same days. Also None if nothing
/// with a load was planned, and if too much may only seem so because a part of the plan has no load.
pub(crate) fn off_plan(done: f64, plan: Plan) -> Option<f64> {
    if plan.load <= 0.0 {
        return None;
    }
    let percent = done / plan.load * 100.0;
    let short = percent < OF_PLAN.start() - NOISE;
    let over = percent > OF_PLAN.end() + NOISE && plan.without == 0;
    (percent.is_finite() && (short || over)).then_some(percent)
}

/// The last [`WEEK`] days of a figure against its last [`BASE`] days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Against {
    /// The average of the last seven days.
    pub week: Mean,
    /// The average of the last sixty.
    pub base: Mean,
    /// The standard deviation of the last sixty; None for a single value.
    pub deviation: Option<f64>,
}

impl Against {
    /// Compares a figure that `of` returns by day, both averages ending on `today`. None if the last week has no value.
    pub(crate) fn new(today: NaiveDate, of: impl Fn(NaiveDate) -> Option<f64>) -> Option<Self> {
        let days = |count: u64| {
            (0..count)
                .filter_map(|back| today.checked_sub_days(Days::new(back)))
                .map(&of)
        };
        Some(Self {
            week: mean(days(WEEK))?,
            base: mean(days(BASE))?,
            deviation: deviation(days(BASE)),
        })
    }

    /// How far the week is above the base; negative if below.
    pub(crate) fn difference(&self) -> f64 {
        self.week.value - self.base.value
    }

    /// Whether there are enough values to call the week unusual.
    fn is_sound(&self) -> bool {
        self.week.count >= OF_WEEK && self.base.count >= OF_BASE
    }

    /// Whether the week is more than one standard deviation below the base.
    pub(crate) fn is_low(&self) -> bool {
        self.is_sound()
            && self
                .deviation
                .is_some_and(|deviation| self.difference() < -deviation - NOISE)
    }

    /// Whether the week of a resting HR is [`RESTING_HR`] or more above the base.
    pub(crate) fn is_high_at_rest(&self) -> bool {
        self.is_sound() && self.difference() >= RESTING_HR - NOISE
    }
}

/// The days without activity, if there are [`QUIET_DAYS`] or more; `last` is the last day with activity.
pub(crate) fn quiet_for(last: NaiveDate, today: NaiveDate) -> Option<i64> {
    Some((today - last).num_days()).filter(|days| *days >= QUIET_DAYS)
}

/// Whether a race in this many days is near.
pub(crate) fn is_near(days: i64) -> bool {
    (0..=RACE_DAYS).contains(&days)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    }

    fn planned(load: f64) -> Plan {
        Plan {
            load,
            count: 3,
            without: 0,
        }
    }

    /// Seven days of one value, and the rest of sixty of another.
    fn weeks(last: f64, before: f64) -> Against {
        Against::new(today(), |day| {
            Some(if (today() - day).num_days() < 7 {
                last
            } else {
                before
            })
        })
        .unwrap()
    }

    #[test]
    fn a_figure_on_a_bound_is_not_beyond_it() {
        assert!(!is_steep(8.0) && is_steep(8.01) && !is_steep(-12.0));
        assert!(!is_steep(0.1 + 7.9) && !is_steep(61.4 - 53.4));
        assert!(!is_deep(-30.0) && is_deep(-30.01) && !is_deep(30.01));
        assert!(!is_deep(41.2 - 71.2));
        assert_eq!(off_plan(130.0, planned(100.0)), None);
        assert_eq!(off_plan(70.0, planned(100.0)), None);
        assert_eq!(off_plan(0.7 * 3.0, planned(3.0)), None);
        assert!(off_plan(131.0, planned(100.0)).is_some());
        assert!(off_plan(69.9, planned(100.0)).is_some());
        assert!(is_near(0) && is_near(14) && !is_near(15) && !is_near(-1));
        assert_eq!(quiet_for(today() - Days::new(6), today()), None);
        assert_eq!(quiet_for(today() - Days::new(7), today()), Some(7));
        // A week that is 5 above the average of all 60 days: 53 days of x, 7 days of x + d, difference 53/60 d.
        let exact = 5.0 * 60.0 / 53.0;
        assert!(weeks(48.0 + exact, 48.0).is_high_at_rest());
        assert!(!weeks(48.0 + exact - 0.01, 48.0).is_high_at_rest());
    }

    #[test]
    fn nothing_planned_is_neither_short_nor_over() {
        assert_eq!(off_plan(300.0, planned(0.0)), None);
        assert_eq!(off_plan(0.0, Plan::default()), None);
        assert_eq!(off_plan(0.0, planned(100.0)), Some(0.0));
        let mut partly = Plan::default();
        partly.add(Some(100.0));
        partly.add(None);
        assert_eq!((partly.count, partly.without), (2, 1));
        assert_eq!(
            off_plan(200.0, partly),
            None,
            "the rest of the plan may explain it"
        );
        assert!(
            off_plan(60.0, partly).is_some(),
            "short of the known part is short of all"
        );
    }

    #[test]
    fn one_value_is_neither_low_nor_a_spread() {
        let single = Against::new(today(), |day| (day == today()).then_some(20.0)).unwrap();
        assert_eq!(
            (single.week.count, single.base.count, single.deviation),
            (1, 1, None)
        );
        assert!(!single.is_low() && !single.is_high_at_rest());
        let steady = weeks(60.0, 60.0);
        assert!(!steady.is_low(), "without any spread the week is the base");
        assert!(Against::new(today(), |day| (day < today() - Days::new(6)).then_some(60.0)).is_none());
    }

    #[test]
    fn few_values_make_no_flag() {
        // The week's values at first, then the days before it.
        let found = |week: i64, base: i64, low: f64, usual: f64| {
            Against::new(today(), |day| {
                let back = (today() - day).num_days();
                let usual = usual + f64::from(u8::try_from(back % 2).unwrap());
                let before = (7..7 + base - week).contains(&back).then_some(usual);
                (back < week).then_some(low).or(before)
            })
            .unwrap()
        };
        for (week, base, flagged) in [(3, 14, true), (2, 30, false), (3, 13, false), (7, 60, true)] {
            let hrv = found(week, base, 30.0, 60.0);
            assert_eq!(
                (hrv.week.count, hrv.base.count),
                (week.try_into().unwrap(), base.try_into().unwrap())
            );
            assert_eq!(hrv.is_low(), flagged, "{week} of {base}");
            assert_eq!(
                found(week, base, 62.0, 48.0).is_high_at_rest(),
                flagged,
                "{week} of {base}"
            );
        }
    }

    proptest! {
        #[test]
        fn only_below_one_deviation_is_low(values in prop::collection::vec(prop::option::of(20.0..150.0_f64), 60)) {
            let of = |day: NaiveDate| values[usize::try_from((today() - day).num_days()).unwrap()];
            if let Some(found) = Against::new(today(), of) {
                let low = found.base.value - found.week.value;
                let sound = found.week.count >= 3 && found.base.count >= 14;
                prop_assert_eq!(found.is_low(), sound && found.deviation.is_some_and(|sd| low > sd + NOISE));
                prop_assert!(!(found.is_low() && found.is_high_at_rest()));
            }
        }

        #[test]
        fn a_plan_followed_within_bounds_is_not_flagged(load in 0.1..5_000.0_f64, percent in 0.0..400.0_f64) {
            let off = off_plan(load * percent / 100.0, planned(load));
            if (70.0..=130.0).contains(&percent) {
                prop_assert_eq!(off, None);
            } else if !(69.999..=130.001).contains(&percent) {
                prop_assert!((off.unwrap() - percent).abs() < 1e-6);
            }
        }

        #[test]
        fn nothing_absurd_panics(done in any::<f64>(), load in any::<f64>(), other in any::<f64>(), back in -400_i64..400) {
            let _ = (off_plan(done, planned(load)), is_steep(done), is_deep(load));
            let found = Against::new(today(), |day| Some(if day == today() { done } else { other }));
            let _ = found.map(|found| (found.is_low(), found.is_high_at_rest()));
            let days = quiet_for(today() - chrono::Duration::days(back), today());
            prop_assert_eq!(days, Some(back).filter(|days| *days >= 7));
        }
    }
}
