//! Summaries of many activities: average intensity, time in three zones, monotony and strain.

/// Average intensity factor: the time-weighted root mean square.
///
/// Load grows with the square of intensity (`load = hours × IF² × 100`), so this is the steady intensity with the same load
/// in the same time. Pairs are seconds and IF as a fraction. None without any time.
pub(crate) fn mean_intensity(rows: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let (secs, squares) = rows
        .into_iter()
        .filter(|(secs, _)| *secs > 0.0)
        .fold((0.0, 0.0), |(secs, squares), (time, intensity)| {
            (secs + time, squares + time * intensity * intensity)
        });
    (secs > 0.0).then(|| (squares / secs).sqrt())
}

/// Seconds in the three-zone model (Seiler): below the first threshold, between the thresholds, above the second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Thirds {
    /// Below the first threshold.
    pub easy: f64,
    /// Between the thresholds.
    pub moderate: f64,
    /// Above the second threshold.
    pub hard: f64,
}

impl Thirds {
    /// All of the time.
    pub(crate) fn all(self) -> f64 {
        self.easy + self.moderate + self.hard
    }

    /// The sum of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            easy: self.easy + other.easy,
            moderate: self.moderate + other.moderate,
            hard: self.hard + other.hard,
        }
    }

    /// Easy, moderate and hard as whole percentages that add up to 100; None without any time.
    pub(crate) fn percentages(self) -> Option<[f64; 3]> {
        let all = self.all();
        (all > 0.0).then(|| whole_percentages([self.easy, self.moderate, self.hard].map(|secs| secs / all)))
    }
}

/// Shares of 1 as whole percentages that add up to 100, by largest remainder: what rounding down leaves over goes to those
/// that lost most by it.
fn whole_percentages(shares: [f64; 3]) -> [f64; 3] {
    let exact = shares.map(|share| share * 100.0);
    let mut whole = exact.map(f64::floor);
    // Equal shares lose the same but for noise, and then the first is the first.
    let loss = |at: usize| ((exact[at] - whole[at]) * 1e6).round();
    let mut by_loss = [0, 1, 2];
    by_loss.sort_by(|a, b| loss(*b).total_cmp(&loss(*a)));
    let mut left = 100.0 - whole.iter().sum::<f64>();
    for at in by_loss {
        if left >= 0.5 {
            whole[at] += 1.0;
            left -= 1.0;
        }
    }
    whole
}

/// The last easy and the last moderate zone (from 1, inclusive) for a number of zones. None for numbers without a common
/// interpretation.
///
/// Seven zones (six, eight) as in the polarization index: Z1–2, Z3–4, Z5 and up; five as Z1–2, Z3, Z4–5; three
/// as they are.
pub(crate) const fn borders(zones: usize) -> Option<(usize, usize)> {
    match zones {
        3 => Some((1, 2)),
        5 => Some((2, 3)),
        6..=8 => Some((2, 4)),
        _ => None,
    }
}

/// Times in zones, Z1 first, as easy, moderate and hard.
pub(crate) fn thirds(times: &[f64]) -> Option<Thirds> {
    let (easy, moderate) = borders(times.len())?;
    Some(Thirds {
        easy: times[..easy].iter().sum(),
        moderate: times[easy..moderate].iter().sum(),
        hard: times[moderate..].iter().sum(),
    })
}

/// Monotony and strain of a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Monotony {
    /// Mean of the daily loads divided by their sample standard deviation. Above 2 is monotonous.
    pub monotony: f64,
    /// The week's load times its monotony.
    pub strain: f64,
}

/// Foster's monotony and strain of seven days (Foster, Med Sci Sports Exerc 1998), with training load instead of session
/// RPE. Foster does not say which standard deviation; it is that of a sample, as a spreadsheet's STDEV. A day without training
/// counts as 0. None if all days are equal, because the quotient is then undefined.
pub(crate) fn monotony(days: [f64; 7]) -> Option<Monotony> {
    let sum: f64 = days.iter().sum();
    let mean = sum / 7.0;
    let deviation = (days.iter().map(|load| (load - mean).powi(2)).sum::<f64>() / 6.0).sqrt();
    let monotony = mean / deviation;
    (deviation > 1e-9 && monotony.is_finite()).then_some(Monotony {
        monotony,
        strain: sum * monotony,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn intensity_weighs_time_and_hard_minutes_more() {
        let mean = mean_intensity([(3600.0, 1.0), (3600.0, 0.5)]).unwrap();
        assert!((mean - 0.625_f64.sqrt()).abs() < 1e-12);
        assert_eq!(mean_intensity([(0.0, 1.0)]), None);
        assert_eq!(mean_intensity([(60.0, 0.0)]), Some(0.0));
    }

    #[test]
    fn zones_fall_into_thirds_by_their_number() {
        let seven = thirds(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]).unwrap();
        assert_eq!((seven.easy, seven.moderate, seven.hard), (3.0, 12.0, 112.0));
        let five = thirds(&[1.0, 2.0, 4.0, 8.0, 16.0]).unwrap();
        assert_eq!((five.easy, five.moderate, five.hard), (3.0, 4.0, 24.0));
        let three = thirds(&[1.0, 2.0, 4.0]).unwrap();
        assert_eq!((three.easy, three.moderate, three.hard), (1.0, 2.0, 4.0));
        for odd in [0, 1, 2, 4, 9, 20] {
            assert_eq!(thirds(&vec![1.0; odd]), None, "{odd}");
        }
    }

    #[test]
    fn percentages_are_the_nearest_that_add_up() {
        let of = |easy, moderate, hard| Thirds { easy, moderate, hard }.percentages();
        assert_eq!(of(538.0, 357.0, 105.0), Some([54.0, 36.0, 10.0]));
        assert_eq!(of(1.0, 1.0, 1.0), Some([34.0, 33.0, 33.0]));
        assert_eq!(of(0.0, 5.0, 0.0), Some([0.0, 100.0, 0.0]));
        assert_eq!(of(0.0, 0.0, 0.0), None);
    }

    #[test]
    fn foster_by_hand() {
        // Mean 60, squares of the differences 4 × 3600 + 3 × 6400 → sample variance 33,600 / 6.
        let week = monotony([0.0, 0.0, 0.0, 0.0, 140.0, 140.0, 140.0]).unwrap();
        assert!((week.monotony - 60.0 / 5600.0_f64.sqrt()).abs() < 1e-12);
        assert!((week.strain - 420.0 * week.monotony).abs() < 1e-9);
        assert_eq!(monotony([50.0; 7]), None);
        assert_eq!(monotony([0.0; 7]), None);
    }

    proptest! {
        #[test]
        fn a_mean_intensity_lies_among_the_intensities(rows in prop::collection::vec((1.0..20_000.0_f64, 0.0..2.0_f64), 1..50)) {
            let mean = mean_intensity(rows.iter().copied()).unwrap();
            let (low, high) = rows.iter().fold((f64::MAX, f64::MIN), |(low, high), row| (low.min(row.1), high.max(row.1)));
            prop_assert!(mean >= low - 1e-9 && mean <= high + 1e-9);
            // It has the same load in the same time.
            let load: f64 = rows.iter().map(|(secs, intensity)| secs * intensity * intensity / 36.0).sum();
            let secs: f64 = rows.iter().map(|row| row.0).sum();
            prop_assert!((secs * mean * mean / 36.0 - load).abs() <= 1e-6 * load.max(1.0));
        }

        #[test]
        fn thirds_lose_no_second(times in prop::collection::vec(0.0..9e4_f64, 0..12)) {
            if let Some(thirds) = thirds(&times) {
                prop_assert!((thirds.all() - times.iter().sum::<f64>()).abs() < 1e-6);
            }
        }

        #[test]
        fn percentages_add_up_and_are_near(easy in 0.0..9e4_f64, moderate in 0.0..9e4_f64, hard in 0.001..9e4_f64) {
            let thirds = Thirds { easy, moderate, hard };
            let whole = thirds.percentages().unwrap();
            prop_assert!((whole.iter().sum::<f64>() - 100.0).abs() < 1e-9);
            for (whole, secs) in whole.into_iter().zip([easy, moderate, hard]) {
                prop_assert!((whole - secs / thirds.all() * 100.0).abs() < 1.0);
            }
        }

        #[test]
        fn monotony_does_not_depend_on_the_unit_of_load(days in prop::array::uniform7(0.0..300.0_f64), by in 0.1..10.0_f64) {
            if let (Some(once), Some(scaled)) = (monotony(days), monotony(days.map(|load| load * by))) {
                prop_assert!((once.monotony - scaled.monotony).abs() < 1e-6 * once.monotony.max(1.0));
            }
        }
    }
}
