//! The laps: where they come from, which repeat each other, and each of them.

use std::collections::HashMap;

use super::Window;
use crate::{
    intervals::model::{ActivityDetail, Interval, IntervalGroup},
    text::clean,
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            table::Table,
            units,
            words::{DOT, joined, named, with_unit},
        },
        arguments::Detail,
    },
    training::{
        laps::{Clues, Lap, Origin, origin},
        sports::Tempo,
    },
};

/// Laps in a concise answer.
const LAPS: usize = 40;
/// Laps in a full one.
const MOST_LAPS: usize = 200;
/// Normalized power says something from so many seconds on.
const LONG_ENOUGH_FOR_NP: f64 = 600.0;
/// Sets beyond the alphabet have no name.
const SETS: usize = 26;

/// Origin, repeats, table, and how to get the rest.
pub(super) fn block(detail: &ActivityDetail, manner: &SportUnits, window: Window, how: Detail) -> String {
    let laps = detail.icu_intervals.as_deref().unwrap_or_default();
    if laps.is_empty() {
        return none(detail);
    }
    let wanted: Vec<(usize, &Interval)> = laps
        .iter()
        .enumerate()
        .filter(|(_, lap)| window.touches(lap.start_time, lap.end_time))
        .collect();
    let sets = sets(detail);
    let mut lines = vec![format!("Laps {}: {}", laps.len(), whence(detail, laps, manner))];
    if !window.is_all() {
        lines.push(format!(
            "Shown {}: {} of {}",
            window.in_words(),
            wanted.len(),
            answer::counted(laps.len(), "lap", "laps")
        ));
    }
    lines.extend(sets.iter().enumerate().map(|(at, set)| set.line(at, manner)));
    let most = match how {
        Detail::Concise => LAPS,
        Detail::Full => MOST_LAPS,
    };
    let shown = wanted.len().min(most);
    lines.push(table(&wanted[..shown], &sets, detail, manner, how));
    if let Some((_, next)) = wanted.get(shown) {
        let hidden = answer::counted(wanted.len() - shown, "more lap", "more laps");
        let from = units::hours_minutes_seconds(next.start_time);
        let how_on = match (from.is_empty(), how) {
            (false, _) => format!("ask with from={from}"),
            (true, Detail::Concise) => "ask with detail=full".to_owned(),
            (true, Detail::Full) => "intervals.icu gives them no times".to_owned(),
        };
        lines.push(format!("… {hidden}: {how_on}"));
    }
    joined(lines, "\n")
}

fn none(detail: &ActivityDetail) -> String {
    let summary: Vec<String> = detail
        .interval_summary
        .iter()
        .flatten()
        .take(10)
        .map(|text| clean(text, 60))
        .collect();
    if !summary.is_empty() {
        return format!(
            "Laps: none listed; intervals.icu sums them up as {}.",
            summary.join(", ")
        );
    }
    if detail.activity.is_manual() {
        return "Laps: none; the activity was entered by hand.".to_owned();
    }
    if detail.analyzed.is_none() {
        return "Laps: intervals.icu has not analysed this activity yet; ask again in a few minutes."
            .to_owned();
    }
    "Laps: none.".to_owned()
}

/// Moving time; of a rest, in which nothing moved, how long it was.
fn secs_of(lap: &Interval) -> Option<f64> {
    let (moving, elapsed) = (units::sane(lap.moving_time), units::sane(lap.elapsed_time));
    let running = lap.end_time.zip(lap.start_time).map(|(end, start)| end - start);
    moving
        .filter(|secs| *secs > 0.0)
        .or(elapsed)
        .or(units::sane(running).filter(|secs| *secs > 0.0))
        .or(moving)
}

/// Where the laps come from, in a line.
fn whence(detail: &ActivityDetail, laps: &[Interval], manner: &SportUnits) -> String {
    let known: Vec<Lap> = laps
        .iter()
        .map(|lap| Lap {
            distance: units::sane(lap.distance),
            secs: units::sane(lap.elapsed_time).or(units::sane(lap.moving_time)),
            grouped: lap.group_id.is_some(),
        })
        .collect();
    let clues = Clues {
        recorded: detail.icu_lap_count,
        edited: detail.icu_intervals_edited == Some(true),
        planned: detail.activity.paired_event_id.is_some(),
    };
    let mut text = match origin(&known, clues) {
        Origin::Edited => "edited by hand at intervals.icu".to_owned(),
        Origin::EveryMetres(metres) => {
            let far = with_unit(
                at_most_two(&manner.distance(Some(metres), 2)),
                manner.distance_unit(),
            );
            format!("auto-laps of the device, by their lengths: every {far}")
        }
        Origin::EverySeconds(secs) => format!(
            "auto-laps of the device, by their lengths: every {}",
            units::hours_minutes_seconds(Some(secs))
        ),
        Origin::Structured => {
            "the device's own laps; with a planned workout paired, most likely its steps".to_owned()
        }
        Origin::Device => "the device's own laps (lap button or a workout on the device)".to_owned(),
        Origin::Detected { recorded: 0 | 1 } => {
            "found by intervals.icu; the recording has no laps of its own".to_owned()
        }
        Origin::Detected { recorded } => {
            format!("found by intervals.icu; the device recorded {recorded} laps of its own")
        }
        Origin::Unknown => "origin unknown".to_owned(),
    };
    if detail.lock_intervals == Some(true) {
        text.push_str(", locked by the athlete");
    }
    text
}

/// `1.00` → `1`, `1.61` stays.
fn at_most_two(figure: &str) -> String {
    if figure.contains('.') {
        figure.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        figure.to_owned()
    }
}

/// Laps that repeat each other.
struct Set<'a> {
    id: &'a str,
    count: usize,
    /// Upstream's means over them, when it sent any.
    group: Option<&'a IntervalGroup>,
}

/// The sets of two laps and more, in the order of their first lap.
fn sets(detail: &ActivityDetail) -> Vec<Set<'_>> {
    let mut sets: Vec<Set> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for id in detail
        .icu_intervals
        .iter()
        .flatten()
        .filter_map(|lap| lap.group_id.as_deref())
    {
        let place = *places.entry(id).or_insert(sets.len());
        match sets.get_mut(place) {
            Some(set) => set.count += 1,
            None => sets.push(Set {
                id,
                count: 1,
                group: None,
            }),
        }
    }
    sets.retain(|set| set.count > 1);
    sets.truncate(SETS);
    for set in &mut sets {
        set.group = detail
            .icu_groups
            .iter()
            .flatten()
            .find(|group| group.id.as_deref() == Some(set.id));
    }
    sets
}

/// `A`, `B` …
fn letter(at: usize) -> String {
    u8::try_from(at)
        .ok()
        .filter(|at| usize::from(*at) < SETS)
        .map_or_else(String::new, |at| char::from(b'A' + at).to_string())
}

impl Set<'_> {
    /// `A: 3× 0:12:00 · 223 W · 91 % of FTP · HR 156 · 89 rpm · 6.15 km each`
    fn line(&self, at: usize, manner: &SportUnits) -> String {
        let name = letter(at);
        let Some(group) = self.group else {
            return format!("{name}: {}× the same", self.count);
        };
        let time = units::hours_minutes_seconds(group.moving_time.or(group.elapsed_time));
        let watts = units::whole(group.average_watts);
        let each = manner.distance(group.distance.filter(|metres| *metres > 0.0), 2);
        let figures = joined(
            [
                with_unit(watts.clone(), "W"),
                if watts.is_empty() {
                    String::new()
                } else {
                    with_unit(units::whole(group.intensity), "% of FTP")
                },
                manner.speed(group.average_speed.filter(|speed| *speed > 0.0)),
                named("HR", &units::whole(group.average_heartrate)),
                with_unit(manner.cadence(group.average_cadence), manner.turns()),
                with_unit(each, &format!("{} each", manner.distance_unit())),
            ],
            DOT,
        );
        let head = format!("{name}: {}× {time}", self.count);
        joined([head.trim_end().to_owned(), figures], DOT)
    }
}

fn table(
    laps: &[(usize, &Interval)],
    sets: &[Set],
    detail: &ActivityDetail,
    manner: &SportUnits,
    how: Detail,
) -> String {
    let full = how == Detail::Full;
    let climb = format!("climb {}", units::height_unit(manner.units));
    let temperature = units::temperature_unit(manner.units);
    let speed = manner.speed_header();
    let columns: Vec<(&str, bool)> = vec![
        ("lap", true),
        ("what", true),
        ("set", true),
        ("start", true),
        ("time", true),
        ("elapsed", full),
        (manner.distance_unit(), true),
        ("W", true),
        ("NP W", true),
        ("max W", full),
        ("W/kg", full),
        ("% of FTP", true),
        ("power zone", true),
        (&speed, true),
        ("% of threshold speed", true),
        ("GAP", true),
        ("HR", true),
        ("max HR", true),
        (manner.turns(), true),
        (&climb, true),
        ("grade %", true),
        ("W′ end kJ", true),
        ("load", full),
        ("kJ", full),
        ("decoupling %", full),
        (temperature, full),
    ];
    let mut table = Table::new(columns.iter().filter(|(_, shown)| *shown).map(|(name, _)| *name));
    for (at, lap) in laps {
        let cells = cells(*at, lap, sets, detail, manner);
        table.push(
            columns
                .iter()
                .zip(cells)
                .filter(|((_, shown), _)| *shown)
                .map(|(_, cell)| cell)
                .collect(),
        );
    }
    table.render()
}

/// All cells of a lap, in the order of the columns.
fn cells(
    at: usize,
    lap: &Interval,
    sets: &[Set],
    detail: &ActivityDetail,
    manner: &SportUnits,
) -> [String; 26] {
    let clock = units::hours_minutes_seconds;
    let moving = secs_of(lap);
    let set = lap
        .group_id
        .as_deref()
        .and_then(|id| sets.iter().position(|set| set.id == id));
    let has_power = units::sane(lap.average_watts).is_some();
    let elapsed = lap
        .elapsed_time
        .filter(|elapsed| moving.is_none_or(|moving| (elapsed - moving).abs() >= 1.0));
    let threshold = units::sane(detail.threshold_pace).filter(|speed| *speed > 0.0);
    let speed = lap.average_speed.filter(|speed| *speed > 0.0);
    let of_threshold = match manner.tempo {
        Tempo::Other => None,
        _ => speed
            .zip(threshold)
            .map(|(speed, threshold)| speed / threshold * 100.0),
    };
    let gap = manner.pace.map_or_else(String::new, |unit| unit.time(lap.gap));
    [
        (at + 1).to_string(),
        what(lap, manner),
        set.map_or_else(String::new, letter),
        clock(lap.start_time),
        clock(moving),
        clock(elapsed),
        manner.distance(lap.distance, 2),
        units::whole(lap.average_watts),
        units::whole(
            lap.weighted_average_watts
                .filter(|_| moving.is_some_and(|moving| moving >= LONG_ENOUGH_FOR_NP)),
        ),
        units::whole(lap.max_watts),
        units::fixed(lap.average_watts_kg, 2),
        units::whole(lap.intensity.filter(|_| has_power)),
        units::whole(lap.zone.filter(|_| has_power)),
        manner.speed_cell(speed),
        units::whole(of_threshold),
        gap,
        units::whole(lap.average_heartrate),
        units::whole(lap.max_heartrate),
        manner.cadence(lap.average_cadence),
        units::height(lap.total_elevation_gain, manner.units),
        units::fixed(lap.average_gradient.map(|fraction| fraction * 100.0), 1),
        units::fixed(lap.wbal_end.map(|joules| joules / 1000.0), 1),
        units::whole(lap.training_load),
        units::whole(lap.joules.map(|joules| joules / 1000.0)),
        units::fixed(lap.decoupling, 1),
        units::temperature(lap.average_temp, manner.units),
    ]
}

/// `work`, `recovery`, `rest`, with the lap's own name before it.
fn what(lap: &Interval, manner: &SportUnits) -> String {
    let still = units::sane(lap.distance).is_some_and(|metres| metres < 1.0);
    let kind = match lap.kind.as_deref() {
        Some("WORK") => "work",
        Some("RECOVERY") if manner.tempo == Tempo::Swim && still => "rest",
        Some("RECOVERY") => "recovery",
        _ => "",
    };
    let label = clean(lap.label.as_deref().unwrap_or_default(), 24);
    match (label.is_empty(), kind.is_empty()) {
        (true, _) => kind.to_owned(),
        (false, true) => label,
        (false, false) => format!("{label} ({kind})"),
    }
}
