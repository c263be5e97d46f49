//! Time in zones by sport, each activity by the zones asked for or those that the athlete prefers for its sport, and
//! easy/moderate/hard.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    intervals::model::Activity,
    tools::{
        answer::{
            counted, units,
            words::{joined, named},
        },
        arguments::Detail,
        sums::{by_sport, name_of},
        zone_base::{BASES, Base, Measure, lacking, times_by, times_of},
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

/// How the split was made, and over what: `easy/moderate/hard is IcuSync's split of the athlete's own zones; …`.
pub(super) fn note(rows: &[&Activity], base: Option<Base>) -> String {
    let numbers = rows.iter().filter_map(|row| Some(times_of(row, base)?.1.len()));
    let (usual, unusual): (Vec<usize>, Vec<usize>) =
        numbers.partition(|number| summary::borders(*number).is_some());
    let several = if usual.iter().any(|number| *number != usual[0]) {
        format!("Weeks add {}, each split as above.", numbers_of_zones(&usual))
    } else {
        String::new()
    };
    let left_out = if unusual.is_empty() {
        String::new()
    } else {
        let count = counted(unusual.len(), "activity", "activities");
        format!("Weeks leave out {count}: {}.", without_a_split(&unusual))
    };
    joined(
        [
            "easy/moderate/hard is IcuSync's split of the athlete's own zones; sweet spot overlaps them and is left out.",
            &several,
            &left_out,
        ],
        " ",
    )
}

/// `1 zone`, `5 zones`, `3, 5 and 7 zones`: each number once.
fn numbers_of_zones(numbers: &[usize]) -> String {
    let numbers: BTreeSet<usize> = numbers.iter().copied().collect();
    let last = numbers.last().copied().unwrap_or_default();
    let earlier = numbers.iter().filter(|number| **number != last);
    let earlier = joined(earlier.map(usize::to_string), ", ");
    joined([earlier, counted(last, "zone", "zones")], " and ")
}

/// `1 zone has no usual split`, `3 and 4 zones have no usual split`
fn without_a_split(numbers: &[usize]) -> String {
    let has = if numbers.iter().all(|number| *number == 1) {
        "has"
    } else {
        "have"
    };
    format!("{} {has} no usual split", numbers_of_zones(numbers))
}

/// `78/19/3`, whole percentages that add up to 100; empty without any time.
pub(super) fn split(thirds: Thirds) -> String {
    let percentages = thirds.percentages();
    percentages.map_or_else(String::new, |each| each.map(units::whole).join("/"))
}

/// Time in the zones of some activities of one sport.
#[derive(Default)]
struct Zones {
    times: Vec<f64>,
    count: usize,
    /// What these activities have no zones by, if they are those that others of the sport are split by.
    without: BTreeSet<Base>,
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
            let zones = groups.entry((name.clone(), measure, times.len())).or_default();
            zones.add(&times);
            if !full && base.is_none() {
                zones.without.extend(lacking(row));
            }
        }
    }
    let mut sorted: Vec<(&Group, &Zones)> = groups.iter().collect();
    sorted.sort_by(|a, b| b.1.all().total_cmp(&a.1.all()));
    let title = |group: &Group| title(group, &groups);
    let most = detail.pick(LINES, LINES_FULL);
    let mut lines: Vec<String> = sorted
        .iter()
        .take(most)
        .map(|(group, zones)| {
            let of = activities.get(&group.0).copied().unwrap_or(zones.count);
            line(&with_what_is_lacking(title(group), zones, of), group.2, zones, of)
        })
        .collect();
    if sorted.len() > most {
        let left: Vec<String> = sorted[most..].iter().map(|(group, _)| title(group)).collect();
        lines.push(more(&left, full));
    }
    lines.extend(of_several_numbers(&groups));
    if full {
        lines.extend(differences(rows));
    }
    lines
}

/// `Without zones by power, left out: Run 3 (2:10, load 120), Swim 1 (0:40, no load)`, if a base was asked for that some
/// activities lack.
pub(super) fn left_out(rows: &[&Activity], base: Option<Base>, detail: Detail) -> String {
    let lacking = rows.iter().copied();
    let lacking = lacking.filter(|row| base.is_some_and(|base| times_by(row, base).is_none()));
    let sums = by_sport(lacking, detail == Detail::Full);
    let sums = sums
        .iter()
        .map(|(name, sum)| format!("{name} {} ({})", units::whole(sum.count), sum.size()));
    let by = base.map_or("", Base::words);
    named(&format!("Without zones by {by}, left out:"), &joined(sums, ", "))
}

/// `Ride by power`; `Ride by power, 4 zones` where the same sport and base have other numbers of zones too.
fn title((name, measure, number): &Group, groups: &BTreeMap<Group, Zones>) -> String {
    let is_alike = |(other, by, zones): &Group| other == name && by == measure && zones != number;
    let zones = if groups.keys().any(is_alike) {
        numbers_of_zones(&[*number])
    } else {
        String::new()
    };
    joined([format!("{name} by {}", measure.words()), zones], ", ")
}

/// `Ride by heart rate, where there are none by power`, if that is not true of all activities of the sport.
fn with_what_is_lacking(title: String, zones: &Zones, of: usize) -> String {
    let without = joined(zones.without.iter().map(|base| base.words()), " or ");
    let without = named("where there are none by", &without);
    if zones.count < of {
        joined([title, without], ", ")
    } else {
        title
    }
}

/// `Zones of 1 more (Swim by pace): use sport or detail=full.`
fn more(left: &[String], full: bool) -> String {
    format!(
        "Zones of {} more ({}): use sport{}.",
        left.len(),
        left.join("; "),
        if full { "" } else { " or detail=full" }
    )
}

/// `Zones Ride by power (12 of 14 activities): Z1 5:10 28 % · Z2 … · Z6 0:10 1 % · easy/moderate/hard 77/20/3 % (Z1–2, Z3–4,
/// Z5–7)`; zones whose share rounds to 0 % are left out.
fn line(title: &str, number: usize, zones: &Zones, of: usize) -> String {
    let whole = zones.all();
    let times: Vec<String> = zones
        .times
        .iter()
        .enumerate()
        .map(|(at, secs)| (at, *secs, *secs / whole * 100.0))
        .filter(|(.., share)| *share >= 0.5)
        .map(|(at, secs, share)| {
            format!(
                "Z{} {} {} %",
                at + 1,
                units::hours_minutes(secs),
                units::whole(share)
            )
        })
        .collect();
    let thirds = match summary::thirds(&zones.times) {
        Some(thirds) => format!("easy/moderate/hard {} % ({})", split(thirds), rule(number)),
        None => format!("no easy/moderate/hard: {}", without_a_split(&[number])),
    };
    format!(
        "Zones {title} ({} of {}): {} · {thirds}",
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
            format!(
                "{name} by {}, {} together: easy/moderate/hard {} %, each as split above",
                measure.words(),
                numbers_of_zones(&numbers),
                split(thirds)
            )
        })
        .collect()
}

/// Two bases of one sport: the split by either over the activities that recorded both, and how many they are.
type Both = (Thirds, Thirds, usize);

/// `Run, easy/moderate/hard differs: by pace 80/17/3, by heart rate 54/35/11`, where two bases of the same activities differ;
/// with how many these are, if the sport has others.
fn differences(rows: &[&Activity]) -> Vec<String> {
    let mut activities: BTreeMap<String, usize> = BTreeMap::new();
    let mut pairs: BTreeMap<(String, Measure, Measure), Both> = BTreeMap::new();
    for row in rows {
        let name = name_of(row.sport.as_deref(), true);
        *activities.entry(name.clone()).or_default() += 1;
        let recorded: Vec<(Measure, Thirds)> = BASES
            .iter()
            .filter_map(|(_, base)| times_by(row, *base))
            .filter_map(|(measure, times)| Some((measure, summary::thirds(&times)?)))
            .collect();
        for (at, (one, by_one)) in recorded.iter().enumerate() {
            for (other, by_other) in &recorded[at + 1..] {
                let both = pairs.entry((name.clone(), *one, *other)).or_default();
                *both = (both.0.and(*by_one), both.1.and(*by_other), both.2 + 1);
            }
        }
    }
    pairs
        .into_iter()
        .map(|((name, one, other), (by_one, by_other, count))| {
            let of = if activities.get(&name) == Some(&count) {
                String::new()
            } else {
                let count = counted(count, "activity", "activities");
                format!(" ({count} with both)")
            };
            (name, of, (one, split(by_one)), (other, split(by_other)))
        })
        .filter(|(.., (_, by_one), (_, by_other))| by_one != by_other)
        .map(|(name, of, (one, by_one), (other, by_other))| {
            let (one, other) = (one.words(), other.words());
            format!("{name}, easy/moderate/hard differs{of}: by {one} {by_one}, by {other} {by_other}")
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
