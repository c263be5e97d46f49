//! Which of upstream's numbers can be true: a field of one of these types reads a number that cannot be as absent. JSON is
//! read in [`super::super::lenient`].

use std::ops::RangeInclusive;

use serde::Deserializer;

use crate::intervals::lenient::Lenient;

/// A figure that is never below 0: a time, a distance, a gain, a load, a rate.
pub(crate) type Amount = Option<f64>;

/// A percentage that upstream may also send as a fraction: an intensity. 0.86 is 86 % as well.
pub(crate) type Percent = Option<f64>;

/// How hard it felt, 1 to 10 (Borg CR10). Upstream sends 0 where it was not entered.
pub(crate) type Rpe = Option<f64>;

/// How the athlete felt, 1 to 5, 1 = strong.
pub(crate) type Feel = Option<f64>;

/// The id of a paired entry. Upstream sends 0 where none is paired.
pub(crate) type Paired = Option<i64>;

/// A percentage below this is a fraction: nobody trains at 2 % of a threshold, nor at 250 %.
const FRACTION: f64 = 2.5;

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

pub(super) fn read_amount<'de, D: Deserializer<'de>>(json: D) -> Result<Amount, D::Error> {
    read_within(json, 0.0..=ABSURD)
}

pub(super) fn read_percent<'de, D: Deserializer<'de>>(json: D) -> Result<Percent, D::Error> {
    let value = read_amount(json)?;
    Ok(value.map(|value| if value < FRACTION { value * 100.0 } else { value }))
}

pub(super) fn read_rpe<'de, D: Deserializer<'de>>(json: D) -> Result<Rpe, D::Error> {
    read_within(json, 1.0..=10.0)
}

pub(super) fn read_feel<'de, D: Deserializer<'de>>(json: D) -> Result<Feel, D::Error> {
    read_within(json, 1.0..=5.0)
}

pub(super) fn read_paired<'de, D: Deserializer<'de>>(json: D) -> Result<Paired, D::Error> {
    Ok(i64::read(json)?.filter(|id| *id > 0))
}

/// The number, if it is in the range.
fn read_within<'de, D: Deserializer<'de>>(
    json: D,
    range: RangeInclusive<f64>,
) -> Result<Option<f64>, D::Error> {
    Ok(f64::read(json)?.filter(|value| range.contains(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::intervals::model::Activity;

    #[test]
    fn a_pairing_with_0_is_none() {
        for (id, paired) in [
            (json!(0), None),
            (json!("0"), None),
            (json!(-1), None),
            (json!(null), None),
            (json!(777), Some(777)),
            (json!("777"), Some(777)),
        ] {
            let row: Activity = serde_json::from_value(json!({ "paired_event_id": id })).unwrap();
            assert_eq!(row.paired_event_id, paired, "{id}");
        }
    }

    #[test]
    fn a_figure_that_cannot_be_is_absent() {
        let read =
            |name: &str, value: f64| -> Activity { serde_json::from_value(json!({ name: value })).unwrap() };
        for (value, amount, rpe, feel) in [
            (-20.0, false, false, false),
            (-0.1, false, false, false),
            (0.0, true, false, false),
            (1.0, true, true, true),
            (5.0, true, true, true),
            (9.0, true, true, false),
            (10.5, true, false, false),
            (1e12, false, false, false),
        ] {
            let kept = [
                read("icu_training_load", value).icu_training_load.is_some(),
                read("icu_rpe", value).icu_rpe.is_some(),
                read("feel", value).feel.is_some(),
            ];
            assert_eq!(kept, [amount, rpe, feel], "{value}");
        }
        // These can be below 0.
        assert_eq!(read("decoupling", -2.1).decoupling, Some(-2.1));
    }

    #[test]
    fn an_intensity_is_a_percentage_however_it_is_sent() {
        for (sent, percent) in [
            (json!(66.8), Some(66.8)),
            (json!(0.5), Some(50.0)),
            (json!("1.25"), Some(125.0)),
            (json!(2.4), Some(240.0)),
            (json!(2.5), Some(2.5)),
            (json!(0), Some(0.0)),
            (json!(-1), None),
        ] {
            let read: Activity = serde_json::from_value(json!({ "icu_intensity": sent })).unwrap();
            assert_eq!(read.icu_intensity, percent, "{sent}");
        }
    }

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
