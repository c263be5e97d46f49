//! Which of upstream's numbers can be true. Types are read in [`super::super::lenient`].

/// A figure above this is an error in its source.
const ABSURD: f64 = 1e9;

/// The number, if it is finite and not absurd.
pub(crate) fn sane(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && value.abs() < ABSURD)
}

/// A figure that cannot be 0: upstream writes 0 where it was not set or not measured.
pub(crate) fn positive(value: Option<f64>) -> Option<f64> {
    sane(value).filter(|value| *value > 0.0)
}

/// What a figure adds to a sum: 0 if it is missing or below 0.
pub(crate) fn amount(value: Option<f64>) -> f64 {
    positive(value).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_possible_numbers_are_figures() {
        for (value, is) in [
            (0.0, true),
            (-4.0, true),
            (1e8, true),
            (1e9, false),
            (f64::NAN, false),
        ] {
            assert_eq!(sane(Some(value)).is_some(), is, "{value}");
        }
        assert_eq!(
            [positive(Some(0.0)), positive(Some(-1.0)), positive(None)],
            [None; 3]
        );
        let said = [Some(2.0), Some(-2.0), Some(f64::INFINITY), None].map(|value| amount(value).to_string());
        assert_eq!(said, ["2", "0", "0", "0"]);
    }
}
