//! Averages and spread of recorded values. A missing value is not a zero: it does not count.

/// A mean, with the number of values behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// The arithmetic mean.
    pub value: f64,
    /// How many values there are.
    pub count: u32,
}

/// The arithmetic mean of the values that are there. None if there are none.
pub(crate) fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<Mean> {
    let (sum, count) = values
        .into_iter()
        .flatten()
        .fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| Mean {
        value: sum / f64::from(count),
        count,
    })
}

/// The sample standard deviation (n - 1) of the values that are there. None with fewer than two.
pub(crate) fn deviation(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.into_iter().flatten().collect();
    let mean = mean(values.iter().copied().map(Some)).filter(|mean| mean.count > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean.value).powi(2)).sum();
    Some((squares / f64::from(mean.count - 1)).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn missing_is_not_zero_and_zero_is() {
        assert_eq!(mean([None, None]), None);
        assert_eq!(
            mean([Some(60.0), None, Some(70.0)]),
            Some(Mean {
                value: 65.0,
                count: 2
            })
        );
        assert_eq!(mean([Some(0.0), Some(10.0)]), Some(Mean { value: 5.0, count: 2 }));
    }

    #[test]
    fn one_value_has_no_deviation() {
        assert_eq!(deviation([]), None);
        assert_eq!(deviation([Some(60.0), None]), None);
        assert_eq!(deviation([Some(60.0), Some(60.0)]), Some(0.0));
        // The textbook's 2 for these numbers is the deviation of a population of eight.
        let sample = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].map(Some);
        let found = deviation(sample).unwrap();
        assert!((found - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_deviation_is_no_wider_than_its_values(values in prop::collection::vec(0.0..1e6_f64, 2..100)) {
            let found = deviation(values.iter().copied().map(Some)).unwrap();
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            prop_assert!(found >= 0.0 && found <= high - low + 1e-6);
        }

        #[test]
        fn a_mean_lies_among_its_values(values in prop::collection::vec(0.0..1e6_f64, 1..100)) {
            let found = mean(values.iter().copied().map(Some)).unwrap();
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            prop_assert!(found.value >= low - 1e-6 && found.value <= high + 1e-6);
            prop_assert_eq!(usize::try_from(found.count).unwrap(), values.len());
        }
    }
}
