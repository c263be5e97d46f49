//! Which values of a wellness day can be: bounds for every figure, and each athlete's own range where a figure hardly moves.
//!
//! A strap that slips, a ring that falls off and a typing error write figures that no body has. They are shown as they were
//! reported, but run through no average.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use chrono::{Days, NaiveDate};

use super::weeks::back;

/// What a figure can be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Bounds for everybody, wide enough for the fittest and the sickest.
    pub range: RangeInclusive<f64>,
    /// How many times above and below the athlete's own median it can be; None where a figure may jump.
    pub own: Option<Times>,
}

/// A figure above `up` times the median or below one `down`th of it is out of the athlete's own range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    pub up: f64,
    pub down: f64,
}

/// Days before and after a value that make up the athlete's own range at that time.
const AROUND: u64 = 30;
/// Values that the own range needs.
const ENOUGH: usize = 7;
/// Values in a row on the same side that are a change and no glitch.
const CHANGE: usize = 3;
/// Of the way from the median to the end of the own range: what such values have passed.
const HALF_WAY: f64 = 0.5;
/// Robust standard deviations from the median within which any value can be (Leys et al. 2013, who call 3 very conservative).
const DEVIATIONS: f64 = 5.0;
/// From a median absolute deviation to a standard deviation, as if normally distributed.
const TO_DEVIATION: f64 = 1.4826;

/// The limits of a field of upstream's wellness record, in upstream's units; None where any value can be.
///
/// HRV: five minutes of rMSSD in healthy adults are 19 to 75 ms (Nunan et al. 2010), in endurance athletes up to some 200.
pub(crate) fn limits(field: &str) -> Option<Limits> {
    let of = |range: RangeInclusive<f64>| Some(Limits { range, own: None });
    let near = |range: RangeInclusive<f64>, up: f64, down: f64| {
        let own = Some(Times { up, down });
        Some(Limits { range, own })
    };
    match field {
        "hrv" => near(5.0..=250.0, 2.0, 3.0),
        "hrvSDNN" => near(5.0..=300.0, 2.0, 3.0),
        "restingHR" => near(25.0..=120.0, 1.8, 1.8),
        "weight" => near(20.0..=300.0, 1.25, 1.25),
        "avgSleepingHR" => of(25.0..=140.0),
        "sleepSecs" => of(1_800.0..=72_000.0),
        "sleepScore" | "readiness" => of(0.0..=100.0),
        "sleepQuality" | "soreness" | "fatigue" | "stress" | "mood" | "motivation" | "injury"
        | "hydration" => of(1.0..=4.0),
        "abdomen" | "baevskySI" | "bloodGlucose" => of(0.0..=10_000.0),
        "steps" => of(0.0..=200_000.0),
        "spO2" => of(50.0..=100.0),
        "respiration" => of(4.0..=60.0),
        "systolic" => of(50.0..=260.0),
        "diastolic" => of(25.0..=160.0),
        "lactate" => of(0.1..=35.0),
        "bodyFat" => of(2.0..=75.0),
        "vo2max" => of(10.0..=100.0),
        "hydrationVolume" => of(0.0..=30.0),
        "kcalConsumed" => of(0.0..=30_000.0),
        "carbohydrates" | "protein" | "fatTotal" => of(0.0..=3_000.0),
        _ => None,
    }
}

/// The days on which a field has a value that cannot be.
pub(crate) fn broken(field: &str, values: &BTreeMap<NaiveDate, f64>) -> BTreeSet<NaiveDate> {
    limits(field)
        .map(|limits| limits.broken_by(values))
        .unwrap_or_default()
}

impl Limits {
    /// The days whose value cannot be.
    pub(crate) fn broken_by(&self, values: &BTreeMap<NaiveDate, f64>) -> BTreeSet<NaiveDate> {
        let is_beyond = |value: &f64| !self.range.contains(value);
        let beyond = values.iter().filter(|(_, value)| is_beyond(value));
        let mut broken: BTreeSet<NaiveDate> = beyond.map(|(day, _)| *day).collect();
        if let Some(times) = self.own {
            let within = values.iter().filter(|(_, value)| !is_beyond(value));
            let logs: Vec<(NaiveDate, f64)> = within.map(|(day, value)| (*day, value.ln())).collect();
            broken.extend(times.alone(&logs));
        }
        broken
    }
}

impl Times {
    /// The days whose value is out of the athlete's own range, but for those of a change that lasts. Of each day, in order, the
    /// logarithm of its value.
    fn alone(self, logs: &[(NaiveDate, f64)]) -> Vec<NaiveDate> {
        let (least, most) = logs.iter().fold((f64::MAX, f64::MIN), |(least, most), (_, log)| {
            (least.min(*log), most.max(*log))
        });
        // Mostly so: nothing is far from anything, and so from no median.
        if most - least <= HALF_WAY * self.up.min(self.down).ln() {
            return Vec::new();
        }
        let off: Vec<f64> = logs
            .iter()
            .map(|(day, log)| self.off(*log, around(logs, *day)))
            .collect();
        let lasts = |at: usize| {
            let near = at.saturating_sub(CHANGE - 1)..(at + CHANGE).min(off.len());
            off[near]
                .windows(CHANGE)
                .any(|row| row.iter().all(|other| other * off[at].signum() > HALF_WAY))
        };
        let days = logs.iter().enumerate();
        days.filter(|(at, _)| off[*at].abs() > 1.0 && !lasts(*at))
            .map(|(_, (day, _))| *day)
            .collect()
    }

    /// How far a value is from the median of those around it: 1 at the upper end of the own range, -1 at the lower, and 0 where
    /// it is nearer than half of that.
    ///
    /// Counted in logarithms: HRV is distributed so (Plews et al. 2013), and halving weighs as much as doubling.
    fn off(self, log: f64, around: &[(NaiveDate, f64)]) -> f64 {
        if around.len() < ENOUGH {
            return 0.0;
        }
        let middle = median(around.iter().map(|(_, log)| *log).collect());
        let off = log - middle;
        let times = if off > 0.0 { self.up } else { self.down }.ln();
        // The range is at least this wide, however little the others spread.
        if off.abs() <= HALF_WAY * times {
            return 0.0;
        }
        let spread = median(around.iter().map(|(_, log)| (log - middle).abs()).collect());
        off / times.max(DEVIATIONS * TO_DEVIATION * spread)
    }
}

/// The days around one.
fn around(logs: &[(NaiveDate, f64)], day: NaiveDate) -> &[(NaiveDate, f64)] {
    let from = back(day, AROUND);
    let to = day.checked_add_days(Days::new(AROUND)).unwrap_or(day);
    let begin = logs.partition_point(|(other, _)| *other < from);
    let end = logs.partition_point(|(other, _)| *other <= to);
    &logs[begin..end]
}

/// The middle one of at least one value, the upper of two.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(at: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 9, 23).unwrap() + Days::new(at)
    }

    fn days(values: &[f64]) -> BTreeMap<NaiveDate, f64> {
        (0..).map(day).zip(values.iter().copied()).collect()
    }

    /// Where the values break the limits of a field.
    fn broken(field: &str, values: &[f64]) -> Vec<f64> {
        let by_day = days(values);
        let broken = limits(field).unwrap().broken_by(&by_day);
        broken.iter().map(|day| by_day[day]).collect()
    }

    /// Sixty nights of 44 to 47 but for these.
    fn nights(but: &[(usize, f64)]) -> Vec<f64> {
        let mut values: Vec<f64> = [44.0, 45.0, 46.0, 47.0].into_iter().cycle().take(60).collect();
        for (at, value) in but {
            values[*at] = *value;
        }
        values
    }

    #[test]
    fn a_single_value_far_out_is_a_glitch() {
        for glitch in [255.0, 5000.0, 200.0, 120.0, 4.0, 12.0, -1.0] {
            assert_eq!(broken("hrv", &nights(&[(56, glitch)])), [glitch]);
        }
        assert_eq!(
            broken("hrv", &nights(&[(40, 180.0), (59, 255.0)])),
            [180.0, 255.0]
        );
        assert_eq!(
            broken("hrv", &nights(&[(57, 190.0), (58, 185.0)])),
            [190.0, 185.0]
        );
    }

    #[test]
    fn a_bad_night_and_a_change_that_lasts_are_real() {
        assert_eq!(
            broken("hrv", &nights(&[(56, 22.0), (57, 30.0), (59, 85.0)])),
            [0.0; 0]
        );
        let week: Vec<(usize, f64)> = (53..60).map(|at| (at, 14.0)).collect();
        assert_eq!(broken("hrv", &nights(&week)), [0.0; 0], "ill for a week");
        let ring: Vec<(usize, f64)> = (50..60).map(|at| (at, 110.0)).collect();
        assert_eq!(broken("hrv", &nights(&ring)), [0.0; 0], "another device");
    }

    #[test]
    fn few_values_are_no_range_of_ones_own() {
        assert_eq!(broken("hrv", &[45.0, 46.0, 150.0]), [0.0; 0]);
        assert_eq!(broken("hrv", &[45.0, 46.0, 255.0]), [255.0]);
    }

    #[test]
    fn every_figure_has_bounds_of_its_own() {
        for (field, usual, never) in [
            ("restingHR", 48.0, [250.0, 12.0]),
            ("restingHR", 48.0, [100.0, 26.0]),
            ("sleepSecs", 27_000.0, [108_000.0, 60.0]),
            ("weight", 61.2, [6.1, 612.0]),
            ("weight", 61.2, [134.9, 30.0]),
            ("spO2", 97.0, [255.0, 9.0]),
            ("respiration", 14.0, [255.0, 1.0]),
            ("hrvSDNN", 52.0, [400.0, 2.0]),
        ] {
            let mut values = vec![usual; 30];
            (values[10], values[20]) = (never[0], never[1]);
            assert_eq!(broken(field, &values), never, "{field}");
        }
        for scale in ["soreness", "mood", "sleepQuality", "hydration"] {
            assert_eq!(
                broken(scale, &[1.0, 9.0, 4.0, 0.5, -2.0]),
                [9.0, 0.5, -2.0],
                "{scale}"
            );
        }
        assert_eq!(limits("SaunaMinutes"), None);
    }

    /// The same without any shortcut.
    fn plainly(times: Times, values: &BTreeMap<NaiveDate, f64>) -> Vec<NaiveDate> {
        let middle = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let off = |day: &NaiveDate, value: &f64| {
            let near = *day - Days::new(AROUND)..=*day + Days::new(AROUND);
            let logs: Vec<f64> = values.range(near).map(|(_, value)| value.ln()).collect();
            if logs.len() < ENOUGH {
                return 0.0;
            }
            let median = middle(logs.clone());
            let spread = middle(logs.iter().map(|log| (log - median).abs()).collect());
            let off = value.ln() - median;
            let times = if off > 0.0 { times.up } else { times.down };
            off / times.ln().max(DEVIATIONS * TO_DEVIATION * spread)
        };
        let off: Vec<f64> = values.iter().map(|(day, value)| off(day, value)).collect();
        let lasts = |at: usize| {
            let near = at.saturating_sub(CHANGE - 1)..(at + CHANGE).min(off.len());
            let same = |other: &f64| other * off[at].signum() > HALF_WAY;
            off[near].windows(CHANGE).any(|row| row.iter().all(same))
        };
        let days = values.keys().enumerate();
        let broken = days.filter(|(at, _)| off[*at].abs() > 1.0 && !lasts(*at));
        broken.map(|(_, day)| *day).collect()
    }

    proptest! {
        #[test]
        fn shortcuts_change_nothing(
            values in prop::collection::btree_map(0_u64..120, prop_oneof![4 => 0.8..1.25_f64, 2 => 0.3..3.0_f64, 1 => 0.01..100.0_f64], 0..90),
            field in prop::sample::select(&["hrv", "hrvSDNN", "restingHR", "weight"][..]),
        ) {
            let times = limits(field).unwrap().own.unwrap();
            let values: BTreeMap<NaiveDate, f64> = values.into_iter().map(|(at, value)| (day(at), 50.0 * value)).collect();
            let logs: Vec<(NaiveDate, f64)> = values.iter().map(|(day, value)| (*day, value.ln())).collect();
            prop_assert_eq!(times.alone(&logs), plainly(times, &values));
        }

        #[test]
        fn what_a_body_does_is_never_a_glitch(
            middle in 20.0..110.0_f64, swings in prop::collection::vec(0.7..1.4_f64, 1..120),
        ) {
            let values: Vec<f64> = swings.iter().map(|swing| middle * swing).collect();
            prop_assert_eq!(broken("hrv", &values), [0.0; 0]);
        }

        #[test]
        fn values_beyond_the_bounds_change_nothing_about_the_others(
            swings in prop::collection::vec(0.7..1.4_f64, 10..60), at in prop::collection::vec((0_usize..60, 250.1..1e6_f64), 0..20),
        ) {
            let mut values: Vec<f64> = swings.iter().map(|swing| 60.0 * swing).collect();
            let mut put = BTreeSet::new();
            for (place, glitch) in at {
                let place = place % values.len();
                values[place] = glitch;
                put.insert(day(u64::try_from(place).unwrap()));
            }
            prop_assert_eq!(limits("hrv").unwrap().broken_by(&days(&values)), put);
        }

        #[test]
        fn a_change_of_a_week_is_never_lost(level in 5.0..250.0_f64) {
            let week: Vec<(usize, f64)> = (53..60).map(|at| (at, level)).collect();
            prop_assert_eq!(broken("hrv", &nights(&week)), [0.0; 0]);
        }

        #[test]
        fn nothing_absurd_panics(values in prop::collection::vec(any::<f64>(), 0..80)) {
            for field in ["hrv", "weight", "steps"] {
                let by_day = days(&values);
                prop_assert!(limits(field).unwrap().broken_by(&by_day).iter().all(|day| by_day.contains_key(day)));
            }
        }
    }
}
