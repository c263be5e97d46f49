//! What a workout's targets mean for one athlete: watts, bpm, and speed.

use super::model::{Kind, Number, Per, Role, Step, Target, Unit, Workout};

/// The athlete's settings for the workout's sport. What they lack is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// W.
    pub ftp: Option<f64>,
    /// bpm.
    pub lthr: Option<f64>,
    /// bpm.
    pub max_hr: Option<f64>,
    /// m/s.
    pub threshold_pace: Option<f64>,
    /// Upper bounds, % of FTP.
    pub power_zones: Vec<f64>,
    /// Upper bounds, bpm.
    pub hr_zones: Vec<f64>,
    /// Upper bounds, % of threshold speed.
    pub pace_zones: Vec<f64>,
}

/// A target in the unit that a device follows, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved {
    /// W.
    Watts(f64, f64),
    /// bpm.
    Bpm(f64, f64),
    /// m/s.
    Speed(f64, f64),
}

/// What the settings lack to resolve a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// No FTP for this sport.
    Ftp,
    /// No LTHR for this sport.
    Lthr,
    /// No maximum heart rate.
    MaxHr,
    /// No threshold pace for this sport.
    ThresholdPace,
    /// No such zone.
    Zone,
    /// Only intervals.icu can resolve it.
    Unknown,
}

impl Lacking {
    /// What is missing, by its name; empty if it is no setting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ftp => "FTP",
            Self::Lthr => "LTHR",
            Self::MaxHr => "max HR",
            Self::ThresholdPace => "threshold pace",
            Self::Zone | Self::Unknown => "",
        }
    }
}

/// What a device is given for a target: in W, bpm or m/s, by the kind of the target.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Band {
    /// A point; of a range its middle.
    pub value: Option<f64>,
    /// From.
    pub start: Option<f64>,
    /// To.
    pub end: Option<f64>,
}

impl Band {
    /// Whether it is anything: a % of a threshold that the sport lacks resolves to 0.
    pub fn is_set(&self) -> bool {
        [self.value, self.start, self.end]
            .into_iter()
            .flatten()
            .any(|end| end > 0.0)
    }
}

/// Where a workout is done. intervals.icu widens a single number to a range for outdoors only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Indoors.
    Indoors,
    /// Outdoors.
    Outdoors,
}

impl Settings {
    /// What intervals.icu sends to a device for the target of a workout in `sport` (`resolve=true`): a range as it is, a single
    /// number as a range of ±2.5 % of power and pace and ±1.5 % of heart rate around what it is in whole W or bpm, but not indoors, and
    /// no pace of a swim.
    pub fn band(&self, target: &Target, sport: &str, place: Place) -> Result<Band, Lacking> {
        let resolved = self.resolve(target)?;
        let (from, to) = match resolved {
            Resolved::Watts(from, to) | Resolved::Bpm(from, to) | Resolved::Speed(from, to) => (from, to),
        };
        if target.unit.is_zone() {
            return Ok(Band {
                value: None,
                start: Some(self.zone_start(target).unwrap_or(from)),
                end: Some(to),
            });
        }
        let (exact, whole) = self.exact(target, from, to);
        let round = |value: f64| if whole { down(value) } else { value };
        let exact = round(exact);
        if target.span.is_range() {
            return Ok(Band {
                value: Some(exact),
                start: Some(from),
                end: Some(to),
            });
        }
        let kind = target.unit.kind();
        let swim = kind == Kind::Pace && Per::of_sport(sport) == Per::M100;
        let part = if kind == Kind::HeartRate { 0.015 } else { 0.025 };
        let up = |value: f64| if whole { (value - 1e-9).ceil() } else { value };
        let wide = place == Place::Outdoors && !swim;
        Ok(Band {
            value: Some(exact),
            start: wide.then(|| round(exact * (1.0 - part))),
            end: wide.then(|| up(exact * (1.0 + part))),
        })
    }

    /// The middle before rounding, and whether it is rounded.
    fn exact(&self, target: &Target, from: f64, to: f64) -> (f64, bool) {
        let (first, last) = target.span.ends();
        let middle = f64::midpoint(first.get(), last.get());
        let of = |threshold: Option<f64>| threshold.map_or(middle, |threshold| middle / 100.0 * threshold);
        match target.unit {
            Unit::PercentFtp => (of(self.ftp), true),
            Unit::PercentLthr => (of(self.lthr), true),
            Unit::PercentMaxHr => (of(self.max_hr), true),
            Unit::PercentPace | Unit::Pace(_) | Unit::PaceZone => (f64::midpoint(from, to), false),
            _ => (middle, true),
        }
    }

    /// A power zone begins 1 % of FTP above the end of the zone below, the first one at 1 %; for the planned load it begins
    /// 1 W above it, the first one at four fifths of its end.
    fn zone_start(&self, target: &Target) -> Option<f64> {
        if target.unit != Unit::PowerZone {
            return None;
        }
        let below = zone(&self.power_zones, target.span.ends().0)
            .ok()?
            .0
            .unwrap_or(0.0);
        Some(down((below + 1.0) / 100.0 * self.ftp?))
    }

    /// The steps, numbered from 1 as [`Workout::steps`] has them, for which a device is given no target though it should be, and what
    /// is missing; `None` if the step has no target. Recoveries, rests, free rides and maximum efforts need none.
    pub fn without_target(&self, workout: &Workout) -> Vec<(usize, Option<Lacking>)> {
        let numbered = workout.steps().enumerate();
        numbered
            .filter_map(|(at, step)| {
                let lacking = match step.targets.first() {
                    None if needs_none(step) => return None,
                    None => None,
                    Some(_) => Some(self.lacking(step)?),
                };
                Some((at + 1, lacking))
            })
            .collect()
    }

    /// Why no target of the step can be resolved; `None` if one can. What only intervals.icu resolves counts as resolved.
    fn lacking(&self, step: &Step) -> Option<Lacking> {
        let mut why = None;
        for target in &step.targets {
            match self.resolve(target) {
                Ok(_) | Err(Lacking::Unknown) => return None,
                Err(lacking) => why = why.or(Some(lacking)),
            }
        }
        why
    }

    /// Each setting that the workout's targets need and this sport lacks, once, in the order of the steps.
    pub fn missing(&self, workout: &Workout) -> Vec<Lacking> {
        let mut missing = Vec::new();
        for target in workout.steps().flat_map(|step| &step.targets) {
            if let Err(lacking) = self.resolve(target)
                && !lacking.name().is_empty()
                && !missing.contains(&lacking)
            {
                missing.push(lacking);
            }
        }
        missing
    }

    /// What the target means, bounds as intervals.icu computes them for the planned load: whole watts, rounded down; a zone
    /// from just above the one below. Whole bpm likewise; speed is exact.
    pub fn resolve(&self, target: &Target) -> Result<Resolved, Lacking> {
        let (from, to) = target.span.ends();
        let (from, to) = (from.get(), to.get());
        let ftp = || set(self.ftp, Lacking::Ftp);
        let threshold = || set(self.threshold_pace, Lacking::ThresholdPace);
        Ok(match &target.unit {
            Unit::Watts => Resolved::Watts(down(from), down(to)),
            Unit::PercentFtp => {
                let ftp = ftp()?;
                Resolved::Watts(down(from / 100.0 * ftp), down(to / 100.0 * ftp))
            }
            Unit::PowerZone => {
                let ftp = ftp()?;
                let low = watts_of_zone(&self.power_zones, target.span.ends().0, ftp)?.0;
                Resolved::Watts(
                    low,
                    watts_of_zone(&self.power_zones, target.span.ends().1, ftp)?.1,
                )
            }
            Unit::PercentLthr => bpm_of(set(self.lthr, Lacking::Lthr)?, from, to),
            Unit::PercentMaxHr => bpm_of(set(self.max_hr, Lacking::MaxHr)?, from, to),
            Unit::Bpm => Resolved::Bpm(from, to),
            Unit::HrZone => {
                let zone = |number| zone(&self.hr_zones, number);
                let low = zone(target.span.ends().0)?.0.unwrap_or(0.0) + 1.0;
                Resolved::Bpm(low, zone(target.span.ends().1)?.1)
            }
            Unit::PercentPace => {
                let threshold = threshold()?;
                Resolved::Speed(from / 100.0 * threshold, to / 100.0 * threshold)
            }
            Unit::PaceZone => {
                let threshold = threshold()?;
                let (below, first) = zone(&self.pace_zones, target.span.ends().0)?;
                // The floor of the first zone is a guess.
                let low = below.map_or(first * 0.8, |below| below + 1.0);
                let high = zone(&self.pace_zones, target.span.ends().1)?.1;
                Resolved::Speed(low / 100.0 * threshold, high / 100.0 * threshold)
            }
            Unit::Pace(per) if from > 0.0 && to > 0.0 => {
                Resolved::Speed(per.metres() / from, per.metres() / to)
            }
            Unit::Pace(_) | Unit::CustomZone | Unit::PercentMmp(_) | Unit::Other(..) => {
                return Err(Lacking::Unknown);
            }
        })
    }
}

/// Whether a step without a target is what was meant.
pub(super) fn needs_none(step: &Step) -> bool {
    step.freeride || step.max_effort || matches!(step.role, Some(Role::Recovery | Role::Rest))
}

fn set(value: Option<f64>, lacking: Lacking) -> Result<f64, Lacking> {
    value
        .filter(|value| value.is_finite() && *value > 0.0)
        .ok_or(lacking)
}

/// Whole; what makes 55 % of 240 a hair less than 132 is no watt.
fn down(value: f64) -> f64 {
    (value + 1e-9).floor()
}

fn bpm_of(threshold: f64, from: f64, to: f64) -> Resolved {
    Resolved::Bpm(down(from / 100.0 * threshold), down(to / 100.0 * threshold))
}

/// The upper bound of the zone below, if there is one, and its own.
fn zone(bounds: &[f64], number: Number) -> Result<(Option<f64>, f64), Lacking> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a zone has one digit; anything else is outside the bounds"
    )]
    let number = number.get() as usize;
    let own = number.checked_sub(1).and_then(|at| bounds.get(at));
    let below = number.checked_sub(2).and_then(|at| bounds.get(at));
    own.map(|own| (below.copied(), *own)).ok_or(Lacking::Zone)
}

fn watts_of_zone(bounds: &[f64], number: Number, ftp: f64) -> Result<(f64, f64), Lacking> {
    let (below, own) = zone(bounds, number)?;
    let high = (own / 100.0 * ftp).floor();
    let low = below.map_or((high * 0.8).floor(), |below| (below / 100.0 * ftp).floor() + 1.0);
    Ok((low, high))
}
