//! Targets in an athlete's own numbers: watts, bpm, speeds, shares of a threshold, and the times that distances take.

use serde_json::{Value, json};

use super::{
    Settings,
    model::{Item, Kind, Span, Step, Target, Unit},
};
use crate::dice::{round, whole};

/// Upper bounds of heart rate zones, % of LTHR, and the maximum as a share of it: of somebody typical. They measure load
/// and time in zones only, for which upstream's constants are not known.
pub(crate) const HR_ZONES: [f64; 7] = [81.0, 89.0, 93.0, 99.0, 102.0, 106.0, 111.0];
pub(super) const MAXIMUM: f64 = 1.105;

/// Whether a workout to resolve is done indoors, where a point stays a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Indoor(pub(crate) bool);

/// `percent` of `whole`, without its fraction. A hair more, for a product that is whole except for its rounding.
fn part(percent: f64, of: f64) -> f64 {
    (percent * of / 100.0 + 1e-9).floor()
}

/// Where the zones of a target begin and end, as upper bounds of zones.
struct Zones {
    /// Of the zone below the first one.
    below: Option<f64>,
    first: f64,
    last: f64,
}

impl Zones {
    /// None for zones that there are not.
    fn of(span: Span, bounds: &[f64]) -> Option<Self> {
        let (first, last) = span.ends();
        let bound = |zone: f64| {
            bounds
                .get(usize::try_from(whole(zone)).ok()?.checked_sub(1)?)
                .copied()
        };
        Some(Self {
            below: bound(first - 1.0).filter(|_| first > 1.0),
            first: bound(first)?,
            last: bound(last)?,
        })
    }

    /// Where the first zone begins: one above the zone below; the lowest at four fifths of its end.
    fn low(&self) -> f64 {
        self.below.map_or(self.first * 0.8, |below| below + 1.0)
    }
}

impl Settings {
    /// First and last whole watts that a plan counts.
    pub(super) fn watts(&self, target: &Target) -> Option<(f64, f64)> {
        let (start, end) = target.span.ends();
        match target.unit {
            Unit::Watts => Some((start.floor(), end.floor())),
            Unit::Ftp => self.ftp.map(|ftp| (part(start, ftp), part(end, ftp))),
            Unit::PowerZone => {
                let ftp = self.ftp?;
                let zones = Zones::of(target.span, &self.power_zones)?;
                let low = match zones.below {
                    Some(below) => part(below, ftp) + 1.0,
                    None => (part(zones.first, ftp) * 0.8).floor(),
                };
                Some((low, part(zones.last, ftp)))
            }
            _ => None,
        }
    }

    /// First and last speed, m/s.
    fn speeds(&self, target: &Target) -> Option<(f64, f64)> {
        let (start, end) = target.span.ends();
        match target.unit {
            Unit::Threshold => {
                let threshold = self.threshold_pace?;
                Some((start / 100.0 * threshold, end / 100.0 * threshold))
            }
            Unit::PaceZone => {
                let threshold = self.threshold_pace?;
                let zones = Zones::of(target.span, &self.pace_zones)?;
                Some((zones.low() / 100.0 * threshold, zones.last / 100.0 * threshold))
            }
            Unit::Clock(per) => {
                (start > 0.0 && end > 0.0).then(|| (per.metres() / start, per.metres() / end))
            }
            _ => None,
        }
    }

    /// The speed that a plan counts: the middle; for an absolute pace, the middle of the times.
    fn speed(&self, target: &Target) -> Option<f64> {
        let (first, last) = self.speeds(target)?;
        Some(match (target.unit, target.span) {
            (Unit::Clock(per), Span::Two(start, end)) => per.metres() / f64::midpoint(start, end),
            _ => f64::midpoint(first, last),
        })
        .filter(|speed| *speed > 0.0)
    }

    /// First and last bpm.
    fn beats(&self, target: &Target) -> Option<(f64, f64)> {
        let (start, end) = target.span.ends();
        let of = |bpm: Option<u32>| bpm.map(f64::from).map(|bpm| (part(start, bpm), part(end, bpm)));
        match target.unit {
            Unit::Lthr => of(self.lthr),
            Unit::MaxHr => of(self.max_hr),
            Unit::HrZone => {
                let zones: Vec<f64> = self.hr_zones.iter().copied().map(f64::from).collect();
                let zones = Zones::of(target.span, &zones)?;
                Some((zones.below.unwrap_or_default() + 1.0, zones.last))
            }
            _ => None,
        }
    }

    /// Start and end in percent of the threshold: FTP, LTHR or threshold speed. Whole numbers unless the text has others.
    pub(super) fn percent(&self, target: &Target) -> Option<(f64, f64)> {
        let to_whole = |(low, high): (f64, f64)| (f64::from(whole(low)), f64::from(whole(high)));
        let zone = |bounds: &[f64]| {
            let bounds: Vec<f64> = bounds.iter().map(|bound| f64::from(whole(*bound))).collect();
            let zones = Zones::of(target.span, &bounds)?;
            Some((zones.low().floor(), zones.last))
        };
        let (start, end) = target.span.ends();
        match target.unit {
            Unit::Ftp | Unit::Lthr | Unit::Threshold => Some((start, end)),
            Unit::Watts => self
                .ftp
                .map(|ftp| to_whole((100.0 * start / ftp, 100.0 * end / ftp))),
            Unit::PowerZone => zone(&self.power_zones),
            Unit::HrZone => zone(&HR_ZONES),
            Unit::MaxHr => Some(to_whole((start * MAXIMUM, end * MAXIMUM))),
            Unit::PaceZone => zone(&self.pace_zones),
            Unit::Clock(_) => {
                let (threshold, (first, last)) = (self.threshold_pace?, self.speeds(target)?);
                Some(to_whole((100.0 * first / threshold, 100.0 * last / threshold)))
            }
            Unit::CustomZone | Unit::Mmp => None,
        }
    }

    /// Gives each step over a distance the time that it takes, in whole seconds, where a pace says so.
    pub(super) fn time(&self, items: &mut [Item]) {
        for step in items.iter_mut().flat_map(Item::steps_mut) {
            let speed = step.target.as_ref().and_then(|target| self.speed(target));
            if let (0, Some(metres), Some(speed)) = (step.secs, step.metres, speed) {
                step.secs = whole((metres / speed + 1e-9).floor());
            }
        }
    }

    /// Metres that a step takes: as written, or by its pace.
    pub(super) fn metres(&self, step: &Step) -> Option<f64> {
        let by_pace = || Some(self.speed(step.target.as_ref()?)? * f64::from(step.secs));
        step.metres.or_else(by_pace)
    }

    /// What `resolve=true` adds to a step: its key and absolute values. For a zone, only the bounds; around a point
    /// outdoors, upstream's band.
    pub(super) fn resolved(&self, target: &Target, Indoor(indoor): Indoor) -> Option<(&'static str, Value)> {
        match target.unit.kind() {
            Kind::Power => Some(("_power", self.resolved_power(target, indoor)?)),
            Kind::Hr => Some(("_hr", self.resolved_heart(target, indoor)?)),
            Kind::Pace => Some(("_pace", self.resolved_pace(target, indoor || self.swims)?)),
        }
    }

    fn resolved_power(&self, target: &Target, indoor: bool) -> Option<Value> {
        let (start, end) = self.watts(target)?;
        if target.unit == Unit::PowerZone {
            // Shown from the next percent on, although the load counts from the next watt on.
            let zones = Zones::of(target.span, &self.power_zones)?;
            let start = part(zones.below.unwrap_or_default() + 1.0, self.ftp?);
            return Some(json!({"start": start, "end": end}));
        }
        let (middle, _) = self.watts(&target.middle())?;
        Some(whole_band((start, middle, end), indoor, 0.025))
    }

    fn resolved_heart(&self, target: &Target, indoor: bool) -> Option<Value> {
        let (start, end) = self.beats(target)?;
        if target.unit == Unit::HrZone {
            return Some(json!({"start": start, "end": end}));
        }
        let (middle, _) = self.beats(&target.middle())?;
        Some(whole_band((start, middle, end), indoor, 0.015))
    }

    fn resolved_pace(&self, target: &Target, bare: bool) -> Option<Value> {
        let (start, end) = self.speeds(target)?;
        let metres = |speed: f64| round(speed, 6);
        let middle = metres(f64::midpoint(start, end));
        Some(match (is_point(start, end), bare) {
            _ if target.unit == Unit::PaceZone => json!({"start": metres(start), "end": metres(end)}),
            (false, _) => json!({"value": middle, "start": metres(start), "end": metres(end)}),
            (true, true) => json!({"value": metres(start)}),
            (true, false) => json!({
                "value": metres(start), "start": metres(start * 0.975), "end": metres(start * 1.025),
            }),
        })
    }
}

fn is_point(start: f64, end: f64) -> bool {
    (start - end).abs() <= f64::EPSILON
}

/// Watts or bpm: a range with its middle, or a point, outdoors with `band` of it on either side. The middle is taken of the
/// target's own numbers and then truncated, like its ends.
fn whole_band((start, middle, end): (f64, f64, f64), indoor: bool, band: f64) -> Value {
    match (is_point(start, end), indoor) {
        (false, _) => json!({"value": middle, "start": start, "end": end}),
        (true, true) => json!({"value": start}),
        (true, false) => json!({
            "value": start, "start": ((1.0 - band) * start).floor(), "end": ((1.0 + band) * start).ceil(),
        }),
    }
}
