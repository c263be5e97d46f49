//! Time in zones by sport, each activity by the zones asked for or those that the athlete prefers for its sport, and
//! easy/moderate/hard.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    intervals::model::Activity,
    tools::{
        answer::{counted, units, words::joined},
        arguments::Detail,
        sums::name_of,
        zone_base::{BASES, Base, Measure, times_by, times_of},
    },
    training::summary::{self, Thirds},
};

/// Easy, moderate and hard of activities, where their zones allow the split.
pub(super) fn thirds_of(rows: &[&Activity], base: Option<Base>) -> Thirds {
    let thirds = rows
        .iter()
        .filter_map(|row| summary::thirds(&times_of(row, base)?.1));
    thirds.fold(Thirds::default(), Thirds::and)
}

/// The header of that split over these activities, with what it is by: `easy/moderate/hard % (power, heart rate)`.
pub(super) fn header(rows: &[&Activity], base: Option<Base>) -> String {
    let measures = rows.iter().filter_map(|row| {
        let (measure, times) = times_of(row, base)?;
        summary::thirds(&times).map(|_| measure)
    });
    let measures: BTreeSet<Measure> = measures.collect();
    let words = joined(measures.into_iter().map(Measure::words), ", ");
    format!("easy/moderate/hard % ({words})")
}

/// How the split was made, and over what: `easy/moderate/hard: IcuSync's split of the athlete's own zones; …`.
pub(super) fn note(rows: &[&Activity], base: Option<Base>) -> String {
    let numbers = rows.iter().filter_map(|row| Some(times_of(row, base)?.1.len()));
    let (usual, unusual): (Vec<usize>, Vec<usize>) =
        numbers.partition(|number| summary::borders(*number).is_some());
    let listed = |numbers: &[usize]| {
        let numbers: BTreeSet<usize> = numbers.iter().copied().collect();
        joined(numbers.iter().map(usize::to_string), " and ")
    };
    let several = if usual.iter().any(|number| *number != usual[0]) {
        format!("Weeks add {} zones, each split as above.", listed(&usual))
    } else {
        String::new()
    };
    let left_out = if unusual.is_empty() {
        String::new()
    } else {
        let count = counted(unusual.len(), "activity", "activities");
        format!(
            "Weeks leave out {count}: {} zones have no usual split.",
            listed(&unusual)
        )
    };
    joined(
        [
            "easy/moderate/hard: IcuSync's split of the athlete's own zones; sweet spot overlaps them and is left out.",
            &several,
            &left_out,
        ],
        " ",
    )
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

/// Time in the zones of some activities of one sport.
#[derive(Default)]
struct Zones {
    times: Vec<f64>,
    count: usize,
}

impl Zones {
    fn add(&mut self, times: &[f64]) {
        self.times.resize(times.len(), 0.0);
        self.count += 1;
        for (sum, secs) in self.times.iter_mut().zip(times) {
            *sum += secs;
        }
    }

    fn all(&self) -> f64 {
        self.times.iter().sum()
    }
}

/// A sport, what its zones are by, and how many there are.
type Group = (String, Measure, usize);

/// One line per sport, metric and number of zones, most time first; in full for every base that was recorded. Below them what
/// a reader could not see from one line alone: a split of more than one number of zones, and bases that differ.
pub(super) fn lines(rows: &[&Activity], base: Option<Base>, detail: Detail) -> Vec<String> {
    const LINES: usize = 4;
    const LINES_FULL: usize = 20;
    let full = detail == Detail::Full;
    let mut groups: BTreeMap<Group, Zones> = BTreeMap::new();
    let mut activities: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let name = name_of(row.sport.as_deref(), full);
        *activities.entry(name.clone()).or_default() += 1;
        let recorded: Vec<(Measure, Vec<f64>)> = match (full, base) {
            (true, None) => BASES
                .iter()
                .filter_map(|(_, base)| times_by(row, *base))
                .collect(),
            _ => times_of(row, base).into_iter().collect(),
        };
        for (measure, times) in recorded {
            groups
                .entry((name.clone(), measure, times.len()))
                .or_default()
                .add(&times);
        }
    }
    let mut sorted: Vec<(&Group, &Zones)> = groups.iter().collect();
    sorted.sort_by(|a, b| b.1.all().total_cmp(&a.1.all()));
    let most = detail.pick(LINES, LINES_FULL);
    let mut lines: Vec<String> = sorted
        .iter()
        .take(most)
        .map(|(group, zones)| {
            line(
                group,
                zones,
                activities.get(&group.0).copied().unwrap_or(zones.count),
            )
        })
        .collect();
    if sorted.len() > most {
        lines.push(format!(
            "Zones of {} more: use sport or detail=full",
            sorted.len() - most
        ));
    }
    lines.extend(of_several_numbers(&groups));
    if full {
        lines.extend(differences(&groups));
    }
    lines
}

/// `Zones Ride by power (12 of 14 activities): Z1 5:10 28 % · Z2 … · easy/moderate/hard 77/20/3 % (Z1–2, Z3–4, Z5–7)`
fn line((name, measure, number): &Group, zones: &Zones, of: usize) -> String {
    let whole = zones.all();
    let times: Vec<String> = zones
        .times
        .iter()
        .enumerate()
        .map(|(at, secs)| {
            let share = units::whole(secs / whole * 100.0);
            format!("Z{} {} {share} %", at + 1, units::hours_minutes(*secs))
        })
        .collect();
    let thirds = match summary::thirds(&zones.times) {
        Some(thirds) => format!("easy/moderate/hard {} % ({})", split(thirds), rule(*number)),
        None => format!(
            "no easy/moderate/hard: {} have no usual split",
            counted(*number, "zone", "zones")
        ),
    };
    format!(
        "Zones {name} by {} ({} of {}): {} · {thirds}",
        measure.words(),
        zones.count,
        counted(of, "activity", "activities"),
        times.join(" · ")
    )
}

/// Easy, moderate and hard by sport and metric, over all numbers of zones that have the split, with those numbers.
fn splits(groups: &BTreeMap<Group, Zones>) -> BTreeMap<(&str, Measure), (Thirds, Vec<usize>)> {
    let mut splits: BTreeMap<(&str, Measure), (Thirds, Vec<usize>)> = BTreeMap::new();
    for ((name, measure, number), zones) in groups {
        if let Some(thirds) = summary::thirds(&zones.times) {
            let (sum, numbers) = splits.entry((name, *measure)).or_default();
            *sum = sum.and(thirds);
            numbers.push(*number);
        }
    }
    splits
}

/// `Ride by power, 5 and 7 zones together: easy/moderate/hard 73/17/10 %, each as split above`, where zones were changed.
fn of_several_numbers(groups: &BTreeMap<Group, Zones>) -> Vec<String> {
    let several = splits(groups)
        .into_iter()
        .filter(|(_, (_, numbers))| numbers.len() > 1);
    several
        .map(|((name, measure), (thirds, numbers))| {
            let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
            format!(
                "{name} by {}, {} zones together: easy/moderate/hard {} %, each as split above",
                measure.words(),
                numbers.join(" and "),
                split(thirds)
            )
        })
        .collect()
}

/// `Run, easy/moderate/hard by base: pace 80/17/3, heart rate 54/36/11`, where the bases differ.
fn differences(groups: &BTreeMap<Group, Zones>) -> Vec<String> {
    let mut sports: BTreeMap<&str, Vec<(Measure, String)>> = BTreeMap::new();
    for ((name, measure), (thirds, _)) in splits(groups) {
        sports.entry(name).or_default().push((measure, split(thirds)));
    }
    sports
        .into_iter()
        .filter(|(_, bases)| bases.iter().any(|(_, split)| *split != bases[0].1))
        .map(|(name, bases)| {
            let bases = bases
                .iter()
                .map(|(measure, split)| format!("{} {split}", measure.words()));
            format!(
                "{name}, easy/moderate/hard differs: by {}",
                joined(bases, ", by ")
            )
        })
        .collect()
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
