//! A workout made shorter or longer, easier or harder.

use super::model::{Item, Length, Number, Per, Span, Step, Target, Unit, Workout, YARD};

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

    fn step(self, step: &mut Step, sport: &str) -> Result<(), Unscalable> {
        if self.length != 1.0 {
            step.length = match step.length {
                Length::Time(secs) => Length::Time(time(f64::from(secs) * self.length)),
                Length::Distance(metres) => Length::Distance(distance(metres, self.length, sport)),
            };
        }
        if self.effort != 1.0 {
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
            Number::of(scaled).unwrap_or(number)
        };
        target.span = match target.span {
            Span::At(only) => Span::At(part(only)),
            Span::Between(from, to) => Span::Between(part(from), part(to)),
        };
        Ok(())
    }
}

/// s: whole 5 s from a minute on, otherwise whole seconds.
fn time(secs: f64) -> u32 {
    let step = if secs >= 60.0 { 5.0 } else { 1.0 };
    let secs = ((secs / step).round() * step).max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a cast of a float saturates"
    )]
    let secs = secs as u32;
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
    Number::of(near).unwrap_or(metres)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workout::text::{parse, render};

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
}
