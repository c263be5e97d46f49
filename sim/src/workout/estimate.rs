//! What a plan adds up to, by upstream's formulas: time, distance, power, load, seconds in zones.

use serde_json::{Value, json};

use super::{
    Settings,
    model::{Item, Kind, Step, Unit},
    resolve::{HR_ZONES, MAXIMUM},
};
use crate::dice::whole;

/// Typical resting heart rate as a share of LTHR, for the load of a plan by heart rate.
const RESTING: f64 = 0.29;
/// Longer plans, and plans of more steps, have no load: eleven days, and as many steps as nobody writes by hand.
const LONGEST: u32 = 1_000_000;
const MOST_STEPS: u32 = 100_000;

/// What a plan adds up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Totals {
    /// s.
    pub(crate) secs: u32,
    /// m.
    pub(crate) distance: f64,
    /// W, by power only.
    pub(crate) np: u32,
    /// W, by power only.
    pub(crate) average: u32,
    /// J, by power only.
    pub(crate) joules: u32,
    /// None where no threshold is known, or no target.
    pub(crate) load: Option<u32>,
}

/// Every step in order, with repeats unrolled.
pub(super) fn unrolled(items: &[Item]) -> impl Iterator<Item = &Step> {
    items.iter().flat_map(|item| {
        let (reps, steps) = item.steps();
        (0..reps).flat_map(move |_| steps)
    })
}

/// s, repeats included.
pub(super) fn secs(items: &[Item]) -> u32 {
    items.iter().fold(0, |sum, item| sum.saturating_add(item.secs()))
}

/// Whether it is short enough to be counted second by second.
pub(super) fn is_countable(items: &[Item]) -> bool {
    let steps = items.iter().fold(0_u32, |sum, item| {
        let (reps, steps) = item.steps();
        let count = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        sum.saturating_add(reps.saturating_mul(count))
    });
    steps <= MOST_STEPS && secs(items) <= LONGEST
}

/// Which kind of target makes the load: the first in the sport's order that a step has.
pub(super) fn kind(items: &[Item], settings: &Settings) -> Option<Kind> {
    let steps = || items.iter().flat_map(|item| item.steps().1);
    let has = |kind: &Kind| {
        let mut targets = steps().filter_map(|step| step.target.as_ref());
        targets.any(|target| target.unit.kind() == *kind)
    };
    settings.order.into_iter().find(has)
}

/// Metres, repeats included: as written, or by the pace of timed steps.
fn distance(items: &[Item], settings: &Settings) -> f64 {
    let once = |steps: &[Step]| steps.iter().filter_map(|step| settings.metres(step)).sum::<f64>();
    items
        .iter()
        .map(|item| {
            let (reps, steps) = item.steps();
            f64::from(reps) * once(steps)
        })
        .sum()
}

/// By power: NP is the fourth-power mean of the 30 s rolling mean and `load = secs·(NP/FTP)²/36`; by pace:
/// `load = secs·(mean speed/threshold)²/36`, of a swim the third power. By heart rate upstream's constants are not known:
/// TRIMP relative to an hour at LTHR, of somebody typical.
pub(super) fn totals(items: &[Item], settings: &Settings) -> Totals {
    let mut totals = Totals {
        secs: secs(items),
        distance: distance(items, settings),
        ..Totals::default()
    };
    if totals.secs == 0 || !is_countable(items) {
        return totals;
    }
    match kind(items, settings) {
        Some(Kind::Power) => by_power(&mut totals, items, settings),
        Some(Kind::Pace) => {
            totals.load = settings.threshold_pace.map(|threshold| {
                let factor = totals.distance / f64::from(totals.secs) / threshold;
                load(
                    totals.secs,
                    if settings.swims { factor.powf(1.5) } else { factor },
                )
            });
        }
        Some(Kind::Hr) => totals.load = settings.lthr.map(|_| by_heart(items, settings)),
        None => {}
    }
    totals
}

fn load(secs: u32, factor: f64) -> u32 {
    whole(f64::from(secs) * factor * factor / 36.0)
}

fn by_power(totals: &mut Totals, items: &[Item], settings: &Settings) {
    let watts = spans(items, settings).into_iter();
    let watts: Vec<f64> = watts
        .flat_map(|(watts, secs)| std::iter::repeat_n(watts, usize::try_from(secs).unwrap_or_default()))
        .collect();
    let (mut window, mut fourth, mut sum) = (0.0, 0.0, 0.0);
    for (n, now) in watts.iter().enumerate() {
        window += now - if n >= 30 { watts[n - 30] } else { 0.0 };
        let count = f64::from(u32::try_from(n + 1).unwrap_or(30).min(30));
        fourth += (window / count).powi(4);
        sum += now;
    }
    let time = f64::from(totals.secs);
    totals.np = whole((fourth / time).powf(0.25));
    totals.average = whole(sum / time);
    totals.joules = whole(sum.floor());
    totals.load = settings
        .ftp
        .map(|ftp| load(totals.secs, f64::from(totals.np) / ftp));
}

fn by_heart(items: &[Item], settings: &Settings) -> u32 {
    let trimp = |share: f64| {
        let reserve = ((share - RESTING) / (MAXIMUM - RESTING)).max(0.0);
        reserve * (1.92 * reserve).exp()
    };
    let sum: f64 = unrolled(items)
        .map(|step| {
            let percent = step.target.as_ref().and_then(|target| settings.percent(target));
            let (low, high) = percent.unwrap_or_default();
            f64::from(step.secs) * trimp((low + high) / 200.0)
        })
        .sum();
    whole(sum / trimp(1.0) / 36.0)
}

/// Watts and for how many seconds: a ramp second by second, anything else as one. A step without power counts as 0 W.
fn spans(items: &[Item], settings: &Settings) -> Vec<(f64, u32)> {
    let mut spans = Vec::new();
    for step in unrolled(items) {
        let target = step.target.as_ref();
        let (from, to) = target
            .and_then(|target| settings.watts(target))
            .unwrap_or_default();
        if step.ramp {
            let last = f64::from(step.secs.saturating_sub(1).max(1));
            spans.extend((0..step.secs).map(|n| (from + (to - from) * f64::from(n) / last, 1)));
        } else {
            let middle = f64::midpoint(from, to);
            let zoned = target.is_some_and(|target| target.unit == Unit::PowerZone);
            spans.push((if zoned { (middle + 0.5).floor() } else { middle }, step.secs));
        }
    }
    spans
}

/// `workout_doc.zoneTimes`.
pub(super) fn zone_times(items: &[Item], settings: &Settings, kind: Kind) -> Value {
    match (kind, settings.ftp) {
        _ if !is_countable(items) => json!([]),
        (Kind::Power, Some(ftp)) => power_zone_times(items, settings, ftp),
        (Kind::Power, None) => json!([]),
        (Kind::Pace, _) => plain_zone_times(items, settings, &settings.pace_zones),
        (Kind::Hr, _) => plain_zone_times(items, settings, &HR_ZONES),
    }
}

/// Seconds in each power zone, ramps included, and in the sweet spot.
fn power_zone_times(items: &[Item], settings: &Settings, ftp: f64) -> Value {
    const COLORS: [&str; 7] = [
        "#009e80", "#009e00", "#ffcb0e", "#ff7f0e", "#dd0447", "#6633cc", "#504861",
    ];
    let spans = spans(items, settings);
    let upper = |percent: f64| match percent {
        999.0.. => 9999,
        _ => whole((percent * ftp / 100.0).floor()),
    };
    // A zone ends with its last whole watt; what a ramp passes above that belongs to the next one.
    let within = |low: f64, high: u32| {
        let inside = spans
            .iter()
            .filter(|(watts, _)| low < *watts && *watts <= f64::from(high));
        inside.map(|(_, secs)| secs).sum::<u32>()
    };
    let mut floor = (1, 0);
    let mut rows = Vec::new();
    for (number, (color, percent)) in
        (1_u32..).zip(COLORS.into_iter().zip(settings.power_zones.iter().copied()))
    {
        let (name, max) = (format!("Z{number}"), upper(percent));
        let range = match percent {
            999.0.. => format!("{}% +", floor.1),
            _ => format!("{}% - {percent}%", floor.1),
        };
        rows.push(json!({
            "id": name, "name": name, "zone": number, "color": color, "max": percent,
            "minWatts": floor.0, "maxWatts": max, "percentRange": range, "secs": within(f64::from(floor.0) - 1.0, max),
        }));
        floor = (max + 1, whole(percent) + 1);
    }
    let (start, end) = settings.sweet_spot;
    let (low, high) = (upper(start), upper(end));
    rows.push(json!({
        "id": "SS", "name": "Sweet Spot", "zone": 8, "color": "#ffa00e", "gap": true, "min": start, "max": end,
        "minWatts": low, "maxWatts": high, "percentRange": format!("{start}% - {end}%"),
        "secs": within(f64::from(low) - 0.5, high),
    }));
    Value::Array(rows)
}

/// Seconds in each zone of pace or heart rate, by the middle of each step.
fn plain_zone_times(items: &[Item], settings: &Settings, bounds: &[f64]) -> Value {
    let mut zones = vec![0_u32; bounds.len()];
    for step in unrolled(items) {
        let percent = step.target.as_ref().and_then(|target| settings.percent(target));
        let Some((low, high)) = percent else { continue };
        let middle = f64::midpoint(low, high);
        let zone = bounds.iter().position(|bound| middle <= *bound);
        let zone = zone.unwrap_or(bounds.len().saturating_sub(1));
        if let Some(secs) = zones.get_mut(zone) {
            *secs += step.secs;
        }
    }
    let rows = (1..).zip(zones);
    rows.map(|(zone, secs)| json!({"id": format!("Z{zone}"), "secs": secs}))
        .collect()
}

/// `100·√(load·36/secs)`: upstream's intensity of every plan and of activities without power, percent.
pub(crate) fn intensity(load: u32, secs: u32) -> f64 {
    100.0 * (f64::from(load) * 36.0 / f64::from(secs.max(1))).sqrt()
}
