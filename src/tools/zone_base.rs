//! Time in zones of one activity, and by what: power, pace or heart rate.
//!
//! Sums and words about them are in the tools.

use super::answer::units;
use crate::{intervals::model::Activity, training::sports::family};

/// What zones are zones of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    Power,
    Pace,
    HeartRate,
}

impl Base {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Pace => "pace",
            Self::HeartRate => "heart rate",
        }
    }
}

/// The words of the parameter `zones`.
pub(super) const BASES: [(&str, Base); 3] = [
    ("power", Base::Power),
    ("pace", Base::Pace),
    ("hr", Base::HeartRate),
];

/// The metric of zones: pace may be grade-adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    Power,
    Pace,
    Gap,
    HeartRate,
}

impl Measure {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Power => Base::Power.words(),
            Self::Pace => Base::Pace.words(),
            Self::Gap => "grade-adjusted pace",
            Self::HeartRate => Base::HeartRate.words(),
        }
    }
}

/// The zone times that count for an activity: those of the base asked for, otherwise the first in the athlete's order for
/// time in zones that contain any time. Without an order: power for rides, pace for runs and swims, otherwise heart rate.
pub(super) fn times_of(row: &Activity, base: Option<Base>) -> Option<(Measure, Vec<f64>)> {
    match base {
        Some(base) => times_by(row, base),
        None => order(row).into_iter().find_map(|base| times_by(row, base)),
    }
}

/// What an activity has no zones by, though they would count before those that do.
pub(super) fn lacking(row: &Activity) -> impl Iterator<Item = Base> {
    order(row)
        .into_iter()
        .take_while(|base| times_by(row, *base).is_none())
}

/// The zone times by this base, if any were recorded.
pub(super) fn times_by(row: &Activity, base: Base) -> Option<(Measure, Vec<f64>)> {
    match base {
        Base::Power => by_power(row).map(|times| (Measure::Power, times)),
        Base::HeartRate => some_time(row.hr_zone_times.as_deref()).map(|times| (Measure::HeartRate, times)),
        Base::Pace => {
            let gap = row.use_gap_zone_times == Some(true);
            let by_gap = some_time(row.gap_zone_times.as_deref()).filter(|_| gap);
            by_gap
                .map(|times| (Measure::Gap, times))
                .or_else(|| some_time(row.pace_zone_times.as_deref()).map(|times| (Measure::Pace, times)))
        }
    }
}

/// The athlete's order, or the usual one of the sport.
fn order(row: &Activity) -> Vec<Base> {
    const POWER_FIRST: &str = "POWER_HR_PACE";
    const PACE_FIRST: &str = "PACE_HR_POWER";
    const HEART_FIRST: &str = "HR_POWER_PACE";
    let bases = |order: &str| -> Vec<Base> {
        let base = |word| match word {
            "POWER" => Some(Base::Power),
            "HR" => Some(Base::HeartRate),
            "PACE" => Some(Base::Pace),
            _ => None,
        };
        order.split('_').filter_map(base).collect()
    };
    let own = bases(row.tiz_order.as_deref().unwrap_or_default());
    if !own.is_empty() {
        return own;
    }
    bases(match family(row.sport()) {
        "Ride" => POWER_FIRST,
        "Run" | "Swim" => PACE_FIRST,
        _ => HEART_FIRST,
    })
}

/// Whether its power is 0 throughout, as a device without a working power meter leaves it: no time in any zone.
pub(super) fn sent_only_zeros(row: &Activity) -> bool {
    let was_sent = row.icu_average_watts.or(row.icu_weighted_avg_watts).is_some();
    was_sent && !row.has_power()
}

fn by_power(row: &Activity) -> Option<Vec<f64>> {
    if sent_only_zeros(row) {
        return None;
    }
    let zones = &row.power_zone_times.as_ref()?.zones;
    let times: Vec<f64> = zones.iter().map(|secs| secs.unwrap_or(0.0)).collect();
    some_time(Some(&times))
}

/// The times, if there are any; impossible values count as none.
fn some_time(times: Option<&[f64]>) -> Option<Vec<f64>> {
    let times: Vec<f64> = times?.iter().map(|secs| units::amount(Some(*secs))).collect();
    (times.len() <= 20 && times.iter().sum::<f64>() > 0.0).then_some(times)
}
