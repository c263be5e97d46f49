//! The recording: thinned by time, and split by distance.

use super::Asked;
use crate::{
    intervals::model::Stream,
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            table::Table,
            units,
            words::{joined, named},
        },
        arguments::Detail,
        one_activity,
    },
    training::{
        splits::{Split, Way},
        streams::{Figure, Track},
    },
};

/// Splits in an answer; beyond, each takes more kilometres.
const SPLITS: f64 = 60.0;
/// So many times the usual distance of a split.
const WIDER: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
/// Pauses told one by one.
const PAUSES: usize = 12;

/// What was asked for of the recording.
pub(super) fn block(streams: &[Stream], manner: &SportUnits, asked: &Asked) -> String {
    let Some(track) = one_activity::track(streams) else {
        return "Streams: this activity has no recording.".to_owned();
    };
    joined(
        [
            if asked.wants("streams") {
                thinned(&track, manner, asked)
            } else {
                String::new()
            },
            if asked.wants("splits") {
                splits(&track, manner)
            } else {
                String::new()
            },
        ],
        "\n",
    )
}

fn clock(secs: f64) -> String {
    units::hours_minutes_seconds(Some(secs))
}

/// A row for each stretch of time.
fn thinned(track: &Track, manner: &SportUnits, asked: &Asked) -> String {
    const CHANNELS: [&str; 6] = [
        "watts",
        "heartrate",
        "cadence",
        "velocity_smooth",
        "distance",
        "altitude",
    ];
    let window = asked.window;
    let cut = track.window(window.from.unwrap_or(f64::MIN), window.to.unwrap_or(f64::MAX));
    if cut.is_empty() {
        let end = track.time().last().copied().unwrap_or(0.0);
        return format!(
            "Streams: nothing recorded {}; the recording ends at {}.",
            window.in_words(),
            clock(end)
        );
    }
    let thin = cut.thin(&CHANNELS, asked.points);
    let full = asked.detail == Detail::Full;
    let speed = manner.speed_header();
    let altitude = format!("altitude {}", units::height_unit(manner.units));
    let columns: Vec<(&str, bool)> = vec![
        ("from", true),
        ("W", true),
        ("max W", full),
        ("HR", true),
        ("max HR", full),
        (manner.turns(), true),
        (&speed, true),
        (manner.distance_unit(), true),
        (&altitude, true),
    ];
    let mut table = Table::new(columns.iter().filter(|(_, shown)| *shown).map(|(name, _)| *name));
    for stretch in &thin.stretches {
        let figure = |at: usize| stretch.figures.get(at).copied().flatten();
        let value = |at: usize| figure(at).map(|figure: Figure| figure.value);
        let max = |at: usize| figure(at).map(|figure: Figure| figure.max);
        let cells = [
            clock(stretch.from),
            units::whole(value(0)),
            units::whole(max(0)),
            units::whole(value(1)),
            units::whole(max(1)),
            manner.cadence(value(2)),
            manner.speed_cell(value(3)),
            manner.distance(value(4), 2),
            units::height(value(5), manner.units),
        ];
        table.push(
            columns
                .iter()
                .zip(cells)
                .filter(|((_, shown), _)| *shown)
                .map(|(_, cell)| cell)
                .collect(),
        );
    }
    let head = format!(
        "Streams{}, means of each {} (distance: at its end), from {}",
        if window.is_all() {
            String::new()
        } else {
            format!(" {}", window.in_words())
        },
        clock(thin.width),
        answer::counted(cut.len(), "sample", "samples"),
    );
    joined([head, table.render(), pauses(&cut)], "\n")
}

fn pauses(track: &Track) -> String {
    let pauses = track.pauses();
    let told: Vec<String> = pauses
        .iter()
        .take(PAUSES)
        .map(|pause| format!("{}–{}", clock(pause.from), clock(pause.to)))
        .collect();
    let more = pauses.len().saturating_sub(PAUSES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    named("Nothing recorded:", &told.join(", ")) + &more
}

/// A row for each kilometre or mile, or for each few of a long one.
fn splits(track: &Track, manner: &SportUnits) -> String {
    let Some(way) = Way::of(track) else {
        return "Splits: no distance recorded.".to_owned();
    };
    let unit = manner.split();
    let step = WIDER
        .into_iter()
        .map(|times| times * unit)
        .find(|step| way.length() / step <= SPLITS)
        .unwrap_or(100.0 * unit);
    let splits = way.splits(track, step);
    if splits.is_empty() {
        return "Splits: the recorded distance makes no sense.".to_owned();
    }
    let climb = format!("climb {}", units::height_unit(manner.units));
    let mut table = Table::new([
        format!("to {}", manner.distance_unit()),
        "time".to_owned(),
        manner.speed_header(),
        "HR".to_owned(),
        "W".to_owned(),
        climb,
    ]);
    for split in &splits {
        table.push(row(split, manner));
    }
    let each = manner.distance(Some(step), 0);
    let halves = way.halves();
    let gained = halves.first - halves.second;
    let verdict = if gained.abs() < 1.0 {
        "even".to_owned()
    } else {
        let faster = if gained > 0.0 { "second" } else { "first" };
        let negative = if gained > 0.0 { "negative split, " } else { "" };
        format!("{negative}the {faster} was {} faster", clock(gained.abs()))
    };
    joined(
        [
            format!(
                "Splits of {each} {} from the recording, pauses not counted",
                manner.distance_unit()
            ),
            table.render(),
            format!(
                "Halves by distance: {} and {}: {verdict}.",
                clock(halves.first),
                clock(halves.second)
            ),
        ],
        "\n",
    )
}

fn row(split: &Split, manner: &SportUnits) -> Vec<String> {
    let speed = (split.secs > 0.0).then(|| split.distance / split.secs);
    vec![
        manner.distance(Some(split.until), 2),
        clock(split.secs),
        manner.speed_cell(speed),
        units::whole(split.heart_rate),
        units::whole(split.watts),
        units::height(split.climb, manner.units),
    ]
}
