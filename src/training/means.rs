//! Means over what was recorded. What is missing is no zero: it does not count.

/// A mean, with how many values it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The arithmetic mean.
    pub value: f64,
    /// How many values there were.
    pub count: u32,
}

/// The arithmetic mean of the values that are there. None when there is none.
pub fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<Mean> {
    let (sum, count) = values
        .into_iter()
        .flatten()
        .fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| Mean {
        value: sum / f64::from(count),
        count,
    })
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

    proptest! {
        #[test]
        fn a_mean_lies_among_its_values(values in prop::collection::vec(0.0..1e6_f64, 1..100)) {
            let found = mean(values.iter().copied().map(Some)).unwrap();
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            prop_assert!(found.value >= low - 1e-6 && found.value <= high + 1e-6);
            prop_assert_eq!(usize::try_from(found.count).unwrap(), values.len());
        }
    }
}
