//! A workout made shorter or longer, easier or harder.

use super::{
    model::{Item, Length, Number, Per, Span, Step, Target, Unit, Workout, YARD},
    text::length_text,
};

/// How much of a workout is left: 1 is all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Of each step's time or distance.
    pub length: f64,
    /// Of each step's power, heart rate or speed.
    pub effort: f64,
}

/// Why a workout cannot be made easier or harder by a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscalable {
    /// A target is a zone.
    Zone,
    /// Something in it is not known here.
    Unknown,
}

impl Scale {
    /// Each step of a workout of this sport with its part: times in whole 5 s from a minute on, distances as people swim and
    /// run them, targets in whole units. Nothing shrinks to nothing.
    pub fn of(self, workout: &Workout, sport: &str) -> Result<Workout, Unscalable> {
        let mut scaled = workout.clone();
        for item in &mut scaled.items {
            let steps = match item {
                Item::Step(step) => std::slice::from_mut(step),
                Item::Repeat(repeat) => &mut repeat.steps[..],
                Item::Other(_) => return Err(Unscalable::Unknown),
            };
            for step in steps {
                self.step(step, sport)?;
            }
        }
        Ok(scaled)
    }

    /// The lengths that rounding moved away from this part, each once: `7m became 5m35s (exactly 5m36s)`.
    pub fn rounded(self, before: &Workout, after: &Workout, sport: &str) -> Vec<String> {
        let mut all = Vec::new();
        for (old, new) in before.steps().zip(after.steps()) {
            let exact = match old.length {
                Length::Time(secs) => Some(Length::Time(whole_secs(f64::from(secs) * self.length).max(1))),
                Length::Distance(metres) => {
                    Number::of((metres.get() * self.length).round()).map(Length::Distance)
                }
            };
            let Some(exact) = exact.filter(|exact| *exact != new.length && changes(self.length)) else {
                continue;
            };
            let [old, new, exact] = [old.length, new.length, exact].map(|length| length_text(length, sport));
            let words = format!("{old} became {new} (exactly {exact})");
            if new != exact && !all.contains(&words) {
                all.push(words);
            }
        }
        all
    }

    fn step(self, step: &mut Step, sport: &str) -> Result<(), Unscalable> {
        if changes(self.length) {
            step.length = match step.length {
                Length::Time(secs) => Length::Time(time(secs, self.length)),
                Length::Distance(metres) => Length::Distance(distance(metres, self.length, sport)),
            };
        }
        if changes(self.effort) {
            for target in &mut step.targets {
                self.target(target)?;
            }
        }
        Ok(())
    }

    fn target(self, target: &mut Target) -> Result<(), Unscalable> {
        let factor = match &target.unit {
            unit if unit.is_zone() => return Err(Unscalable::Zone),
            Unit::Other(..) => return Err(Unscalable::Unknown),
            // s per length: less speed is more time.
            Unit::Pace(_) => 1.0 / self.effort,
            _ => self.effort,
        };
        let part = |number: Number| {
            let scaled = (number.get() * factor).round().max(1.0);
            Number::of(no_further(scaled, number.get(), factor)).unwrap_or(number)
        };
        target.span = match target.span {
            Span::At(only) => Span::At(part(only)),
            Span::Between(from, to) => Span::Between(part(from), part(to)),
        };
        Ok(())
    }
}

/// Whether it is any other part than the whole.
fn changes(part: f64) -> bool {
    (part - 1.0).abs() > f64::EPSILON
}

/// Rounding makes nothing longer that is to be shorter, and nothing easier that is to be harder.
fn no_further(scaled: f64, whole: f64, factor: f64) -> f64 {
    if factor < 1.0 {
        scaled.min(whole)
    } else {
        scaled.max(whole)
    }
}

/// s: whole 5 s from a minute on, otherwise whole seconds.
fn time(whole: u32, factor: f64) -> u32 {
    let whole = f64::from(whole);
    let secs = whole * factor;
    let step = if secs >= 60.0 { 5.0 } else { 1.0 };
    let secs = no_further(((secs / step).round() * step).max(1.0), whole, factor);
    whole_secs(secs)
}

fn whole_secs(secs: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a cast of a float saturates"
    )]
    let secs = secs.round() as u32;
    secs
}

/// In whole 25 m or yards of a pool, 100 m of a kilometre, 10 m below.
fn distance(metres: Number, factor: f64, sport: &str) -> Number {
    let (whole, scaled) = (metres.get(), metres.get() * factor);
    let step = if Per::of_sport(sport) == Per::M100 {
        let in_yards = (whole / (25.0 * YARD)).fract();
        let yards = whole % 25.0 != 0.0 && in_yards.min(1.0 - in_yards) < 0.01;
        if yards { 25.0 * YARD } else { 25.0 }
    } else if scaled >= 1000.0 {
        100.0
    } else {
        10.0
    };
    let near = (scaled / step).round().max(1.0) * step;
    Number::of(no_further(near, whole, factor)).unwrap_or(metres)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workout::{
        tests::a_workout,
        text::{parse, render},
    };

    fn scaled(text: &str, sport: &str, length: f64, effort: f64) -> Result<String, Unscalable> {
        let workout = parse(text, sport).workout;
        let scaled = Scale { length, effort }.of(&workout, sport)?;
        Ok(render(&scaled, sport))
    }

    #[test]
    fn lengths_stay_lengths_that_people_train() {
        for (text, sport, length, becomes) in [
            ("- 20m Z2", "Ride", 0.5, "- 10m Z2"),
            ("- 7m Z2", "Ride", 0.75, "- 5m15s Z2"),
            ("- 30s maxeffort", "Ride", 0.5, "- 15s maxeffort"),
            ("- 1s maxeffort", "Ride", 0.2, "- 1s maxeffort"),
            ("- 5km 80-85% Pace", "Run", 0.9, "- 4.5km 80-85% Pace"),
            ("- 400mtr 100% Pace", "Run", 0.8, "- 320mtr 100% Pace"),
            ("- 400mtr 100% Pace", "Swim", 0.8, "- 325mtr 100% Pace"),
            ("- 100yrd 100% Pace", "Swim", 0.7, "- 75yrd 100% Pace"),
            ("- 25mtr 100% Pace", "Swim", 0.3, "- 25mtr 100% Pace"),
        ] {
            assert_eq!(
                scaled(text, sport, length, 1.0).unwrap(),
                becomes,
                "{text} × {length}"
            );
        }
    }

    #[test]
    fn what_rounding_moved_is_named() {
        for (text, sport, length, says) in [
            (
                "- 7m Z2\n- 7m Z1\n- 10m Z2",
                "Ride",
                0.8,
                vec!["7m became 5m35s (exactly 5m36s)"],
            ),
            ("- 7m Z2", "Ride", 1.0, vec![]),
            ("- 1s maxeffort", "Ride", 0.2, vec![]),
            ("- 2s maxeffort", "Ride", 0.2, vec![]),
            (
                "- 400mtr Z2 Pace",
                "Swim",
                0.8,
                vec!["400mtr became 325mtr (exactly 320mtr)"],
            ),
            (
                "- 5km Z2 Pace",
                "Run",
                0.75,
                vec!["5km became 3.8km (exactly 3.75km)"],
            ),
        ] {
            let before = parse(text, sport).workout;
            let scale = Scale { length, effort: 1.0 };
            let after = scale.of(&before, sport).unwrap();
            assert_eq!(scale.rounded(&before, &after, sport), says, "{text}");
        }
    }

    #[test]
    fn easier_is_less_power_and_more_time_per_kilometre() {
        for (text, sport, effort, becomes) in [
            ("- 8m 96-100%", "Ride", 0.9, "- 8m 86-90%"),
            ("- 8m 240-250w", "Ride", 0.9, "- 8m 216-225w"),
            ("- 8m 80-84% LTHR", "Run", 1.05, "- 8m 84-88% LTHR"),
            ("- 1km 5:00-4:30/km Pace", "Run", 0.9, "- 1km 5:33-5:00/km Pace"),
            ("- 5m freeride", "Ride", 0.9, "- 5m freeride"),
        ] {
            assert_eq!(
                scaled(text, sport, 1.0, effort).unwrap(),
                becomes,
                "{text} × {effort}"
            );
        }
        assert_eq!(scaled("- 8m Z4", "Ride", 1.0, 0.9), Err(Unscalable::Zone));
        assert_eq!(scaled("- 8m Z4", "Ride", 0.5, 1.0).unwrap(), "- 4m Z4");
    }

    #[test]
    fn repeats_keep_their_count() {
        let text = "4x\n- 8m 100%\n- 4m 50%";
        assert_eq!(scaled(text, "Ride", 0.75, 0.9).unwrap(), "4x\n- 6m 90%\n- 3m 45%");
    }

    #[test]
    fn rounding_never_goes_the_other_way() {
        for (text, sport, length, becomes) in [
            ("- 1m4s Z2", "Ride", 0.99, "- 1m4s Z2"),
            ("- 5mtr 100% Pace", "Run", 0.9, "- 5mtr 100% Pace"),
            ("- 10mtr 100% Pace", "Swim", 0.5, "- 10mtr 100% Pace"),
            ("- 62s Z2", "Ride", 1.01, "- 1m5s Z2"),
            ("- 33mtr 100% Pace", "Swim", 1.01, "- 33mtr 100% Pace"),
        ] {
            assert_eq!(
                scaled(text, sport, length, 1.0).unwrap(),
                becomes,
                "{text} × {length}"
            );
        }
    }

    /// s or m.
    fn whole(length: Length) -> f64 {
        match length {
            Length::Time(secs) => f64::from(secs),
            Length::Distance(metres) => metres.get(),
        }
    }

    /// Its ends: W, %, bpm or s per length.
    fn ends(span: Span) -> [f64; 2] {
        match span {
            Span::At(only) => [only.get(); 2],
            Span::Between(from, to) => [from.get(), to.get()],
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn only_what_is_scaled_changes_and_in_its_direction(
            workout in a_workout(), length in 0.1..2.0_f64, effort in 0.5..1.5_f64, which in 0..4,
            sport in proptest::sample::select(vec!["Ride", "Run", "Swim"]),
        ) {
            let scale = Scale {
                length: if which & 1 == 1 { length } else { 1.0 },
                effort: if which & 2 == 2 { effort } else { 1.0 },
            };
            let Ok(scaled) = scale.of(&workout, sport) else {
                let zones = |step: &Step| step.targets.iter().any(|target| target.unit.is_zone());
                prop_assert!(which & 2 == 2 && workout.steps().any(zones));
                return Ok(());
            };
            if which == 0 {
                prop_assert_eq!(&scaled, &workout);
            }
            prop_assert_eq!(scaled.items.len(), workout.items.len());
            let goes = |before: f64, after: f64, factor: f64| {
                // Nothing shrinks to nothing: what was nothing may become the least.
                before < 1.0 || if factor < 1.0 { after <= before && after > 0.0 } else { after >= before }
            };
            for (old, new) in workout.steps().zip(scaled.steps()) {
                let rest = Step { length: old.length, targets: old.targets.clone(), ..new.clone() };
                prop_assert_eq!(&rest, old);
                prop_assert!(goes(whole(old.length), whole(new.length), scale.length), "{old:?} {new:?}");
                for (old, new) in old.targets.iter().zip(&new.targets) {
                    let factor = if matches!(old.unit, Unit::Pace(_)) { 1.0 / scale.effort } else { scale.effort };
                    for (before, after) in ends(old.span).into_iter().zip(ends(new.span)) {
                        prop_assert!(goes(before, after, factor), "{old:?} {new:?}");
                    }
                }
            }
        }
    }
}
