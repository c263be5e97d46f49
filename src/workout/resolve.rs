//! What a workout's targets mean for one athlete: watts, bpm, and speed.

use super::model::{Number, Target, Unit};

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

impl Settings {
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
                let low = zone(target.span.ends().0)?.0.map_or(0.0, |below| below + 1.0);
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
            Unit::Pace(_) | Unit::CustomZone | Unit::PercentMmp(_) | Unit::Other(_) => {
                return Err(Lacking::Unknown);
            }
        })
    }
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
