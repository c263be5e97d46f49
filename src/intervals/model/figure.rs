//! When a number that upstream sent can be true. Reading types is [`super::super::lenient`]'s.

/// Beyond this a figure is a fault of its source.
const ABSURD: f64 = 1e9;

/// The number, when it is finite and not absurd.
pub(crate) fn sane(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && value.abs() < ABSURD)
}

/// A figure that cannot be 0: upstream writes 0 where it was not set or not measured.
pub(crate) fn positive(value: Option<f64>) -> Option<f64> {
    sane(value).filter(|value| *value > 0.0)
}

/// What a figure adds to a sum; nothing when it is missing or below 0.
pub(crate) fn amount(value: Option<f64>) -> f64 {
    positive(value).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_true_is_a_figure() {
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
