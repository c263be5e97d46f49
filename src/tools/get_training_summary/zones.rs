//! Time in zones by sport, each activity by the zones that the athlete prefers for its sport, and easy/moderate/hard.

use std::collections::BTreeMap;

use crate::{
    intervals::model::Activity,
    tools::{
        answer::{counted, units},
        sums::name_of,
    },
    training::{
        sports::family,
        summary::{self, Thirds},
    },
};

/// The metric of zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    Power,
    Pace,
    Gap,
    HeartRate,
}

impl Measure {
    const fn words(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Pace => "pace",
            Self::Gap => "grade-adjusted pace",
            Self::HeartRate => "heart rate",
        }
    }
}

/// The zone times that count for an activity: the first in the athlete's order for time in zones that contain any time.
/// Without an order: power for rides, pace for runs and swims, otherwise heart rate.
pub(super) fn times_of(row: &Activity) -> Option<(Measure, Vec<f64>)> {
    const POWER_FIRST: &str = "POWER_HR_PACE";
    const PACE_FIRST: &str = "PACE_HR_POWER";
    const HEART_FIRST: &str = "HR_POWER_PACE";
    let sport = row.sport();
    let usual = match family(sport) {
        "Ride" => POWER_FIRST,
        "Run" | "Swim" => PACE_FIRST,
        _ => HEART_FIRST,
    };
    let order = row.tiz_order.as_deref().unwrap_or(usual);
    let order = if order
        .split('_')
        .any(|word| matches!(word, "POWER" | "HR" | "PACE"))
    {
        order
    } else {
        usual
    };
    order.split('_').find_map(|word| match word {
        "POWER" => by_power(row).map(|times| (Measure::Power, times)),
        "HR" => some_time(row.hr_zone_times.as_deref()).map(|times| (Measure::HeartRate, times)),
        "PACE" => {
            let gap = row.use_gap_zone_times == Some(true);
            let by_gap = some_time(row.gap_zone_times.as_deref()).filter(|_| gap);
            by_gap
                .map(|times| (Measure::Gap, times))
                .or_else(|| some_time(row.pace_zone_times.as_deref()).map(|times| (Measure::Pace, times)))
        }
        _ => None,
    })
}

fn by_power(row: &Activity) -> Option<Vec<f64>> {
    let zones = &row.power_zone_times.as_ref()?.zones;
    let times: Vec<f64> = zones.iter().map(|secs| secs.unwrap_or(0.0)).collect();
    some_time(Some(&times))
}

/// The times, if there are any; impossible values count as none.
fn some_time(times: Option<&[f64]>) -> Option<Vec<f64>> {
    let times: Vec<f64> = times?.iter().map(|secs| units::amount(Some(*secs))).collect();
    (times.len() <= 20 && times.iter().sum::<f64>() > 0.0).then_some(times)
}

/// Easy, moderate and hard of activities, where their zones allow the split.
pub(super) fn thirds_of<'a>(rows: impl IntoIterator<Item = &'a Activity>) -> Thirds {
    rows.into_iter()
        .filter_map(|row| summary::thirds(&times_of(row)?.1))
        .fold(Thirds::default(), |sum, one| Thirds {
            easy: sum.easy + one.easy,
            moderate: sum.moderate + one.moderate,
            hard: sum.hard + one.hard,
        })
}

/// `78/19/3`, whole percentages that add up to 100; empty without any time.
pub(super) fn split(thirds: Thirds) -> String {
    let all = thirds.all();
    if all <= 0.0 {
        return String::new();
    }
    let share = |secs: f64| (secs / all * 100.0).round();
    let (moderate, hard) = (share(thirds.moderate), share(thirds.hard));
    let easy = (100.0 - moderate - hard).max(0.0);
    [easy, moderate, hard].map(units::whole).join("/")
}

/// `Zones Ride by power (12 of 14 activities): Z1 5:10 28 % · Z2 … · easy/moderate/hard 77/20/3 % (Z1–2, Z3–4, Z5–7)`,
/// one line per sport, metric and number of zones, most time first.
pub(super) fn lines(rows: &[&Activity], each_kind: bool, most: usize) -> Vec<String> {
    #[derive(Default)]
    struct Zones {
        times: Vec<f64>,
        count: usize,
    }
    let mut groups: BTreeMap<(String, Measure, usize), Zones> = BTreeMap::new();
    let mut activities: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let name = name_of(row.sport.as_deref(), each_kind);
        *activities.entry(name.clone()).or_default() += 1;
        let Some((measure, times)) = times_of(row) else {
            continue;
        };
        let group = groups.entry((name, measure, times.len())).or_default();
        group.times.resize(times.len(), 0.0);
        group.count += 1;
        for (sum, secs) in group.times.iter_mut().zip(times) {
            *sum += secs;
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let all = |zones: &Zones| zones.times.iter().sum::<f64>();
    groups.sort_by(|a, b| all(&b.1).total_cmp(&all(&a.1)));
    let hidden = groups.len().saturating_sub(most);
    let mut lines: Vec<String> = groups
        .iter()
        .take(most)
        .map(|((name, measure, number), zones)| {
            let whole = all(zones);
            let times: Vec<String> = zones
                .times
                .iter()
                .enumerate()
                .map(|(at, secs)| {
                    let share = units::whole(secs / whole * 100.0);
                    format!("Z{} {} {share} %", at + 1, units::hours_minutes(*secs))
                })
                .collect();
            let thirds = summary::thirds(&zones.times)
                .map(|thirds| format!(" · easy/moderate/hard {} % ({})", split(thirds), rule(*number)))
                .unwrap_or_default();
            format!(
                "Zones {name} by {} ({} of {}): {}{thirds}",
                measure.words(),
                zones.count,
                counted(
                    activities.get(name).copied().unwrap_or(zones.count),
                    "activity",
                    "activities"
                ),
                times.join(" · ")
            )
        })
        .collect();
    if hidden > 0 {
        lines.push(format!("Zones of {hidden} more: use sport or detail=full"));
    }
    lines
}

/// Which zones are easy, moderate and hard: `Z1–2, Z3–4, Z5–7`.
fn rule(zones: usize) -> String {
    let Some((easy, moderate)) = summary::borders(zones) else {
        return String::new();
    };
    let span = |from: usize, to: usize| {
        if from == to {
            format!("Z{from}")
        } else {
            format!("Z{from}–{to}")
        }
    };
    [span(1, easy), span(easy + 1, moderate), span(moderate + 1, zones)].join(", ")
}
