//! Chance without a state: the same person, day and question always give the same answer.
//!
//! splitmix64 (Steele, Lea, Flood 2014) as a hash; not for secrets. Also the few number helpers of the simulator.

use chrono::{Datelike, NaiveDate};

/// One throw. Every method reads the same throw: ask a new question for a new one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(u64);

/// The finalizer of splitmix64.
const fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Dice {
    /// The throw that answers `question` for the person with `seed`, on `day`.
    pub(super) fn throw(seed: u64, day: NaiveDate, question: &str) -> Self {
        let day = u64::from(day.num_days_from_ce().unsigned_abs());
        let start = splitmix(seed ^ splitmix(day));
        Self(
            question
                .bytes()
                .fold(start, |hash, byte| splitmix(hash ^ u64::from(byte))),
        )
    }

    /// The throw that answers for plain numbers.
    pub(super) fn of(numbers: &[u64]) -> Self {
        Self(numbers.iter().fold(0, |hash, number| splitmix(hash ^ number)))
    }

    /// All 64 bits.
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    /// 0 ≤ x < 1.
    pub(super) fn unit(self) -> f64 {
        f64::from(u32::try_from(self.0 >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    /// `low` ≤ x < `high`.
    pub(super) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(super) fn chance(self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `from`, which must not be empty.
    pub(super) fn pick<T: Copy>(self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).unwrap_or(1);
        from[usize::try_from((self.0 >> 8) % count).unwrap_or_default()]
    }

    /// Around 0 with a standard deviation of about 1, between -3 and 3 (sum of four uniforms).
    pub(super) fn bell(self) -> f64 {
        let sum: f64 = (0..4_u64).map(|n| Self(splitmix(self.0 ^ n)).unit()).sum();
        (sum - 2.0) * 3.0_f64.sqrt()
    }
}

/// The nearest whole number, half up; below zero and not-a-number give 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an `as` from a float saturates, which is what is said above"
)]
pub(super) fn whole(x: f64) -> u32 {
    (x + 0.5).floor() as u32
}

/// `x` with `places` decimals.
pub(super) fn round(x: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (x * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throw_depends_on_person_day_and_question_only() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let throw = |seed, day, question| Dice::throw(seed, day, question).bits();
        assert_eq!(throw(1, day, "a"), throw(1, day, "a"));
        let others = [
            throw(2, day, "a"),
            throw(1, day.succ_opt().unwrap(), "a"),
            throw(1, day, "b"),
        ];
        assert!(others.iter().all(|other| *other != throw(1, day, "a")));
    }

    #[test]
    fn throws_are_spread() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let throws: Vec<Dice> = (0..2000).map(|n| Dice::throw(n, day, "spread")).collect();
        let mean = throws.iter().map(|dice| dice.unit()).sum::<f64>() / 2000.0;
        let spread = throws.iter().map(|dice| dice.bell().powi(2)).sum::<f64>() / 2000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
        assert!((spread - 1.0).abs() < 0.1, "{spread}");
        assert!(
            throws
                .iter()
                .all(|dice| (0.0..1.0).contains(&dice.unit()) && dice.bell().abs() < 3.5)
        );
    }

    #[test]
    fn whole_rounds_half_up_and_never_wraps() {
        assert_eq!(
            [whole(2.5), whole(2.49), whole(-7.0), whole(f64::NAN)],
            [3, 2, 0, 0]
        );
    }
}
