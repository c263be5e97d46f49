//! The recording: averaged over time steps, and split by distance.

use super::{Asked, Include, Window};
use crate::{
    intervals::model::Stream,
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            table::Columns,
            units::{self, positive},
            words::{self, joined, named},
        },
        one_activity,
    },
    training::{
        splits::{Split, Way},
        streams::{Stretch, Track},
    },
};

/// Maximum splits in an answer; above it, each split is longer.
const SPLITS: f64 = 60.0;
/// Multiples of the usual distance of a split.
const WIDER: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
/// Pauses that are listed one by one.
const PAUSES: usize = 12;

/// The requested parts of the recording.
pub(super) fn block(streams: &[Stream], own: &SportUnits, asked: &Asked) -> String {
    let Some(track) = one_activity::track(streams) else {
        return "Streams: this activity has no recording.".to_owned();
    };
    joined(
        [
            if asked.wants(Include::Streams) {
                thinned(&track, own, asked)
            } else {
                String::new()
            },
            if asked.wants(Include::Splits) {
                splits(&track, own)
            } else {
                String::new()
            },
            if one_activity::altitude_stands(streams) {
                "The recorded altitude never moves, so none was measured.".to_owned()
            } else {
                String::new()
            },
        ],
        "\n",
    )
}

fn clock(secs: f64) -> String {
    units::hours_minutes_seconds(secs)
}

/// One row per time step.
fn thinned(track: &Track, own: &SportUnits, asked: &Asked) -> String {
    const CHANNELS: [&str; 6] = [
        "watts",
        "heartrate",
        "cadence",
        "velocity_smooth",
        "distance",
        "altitude",
    ];
    let window = asked.window;
    // The sample at its end is the first of what follows.
    let cut = track.window(
        window.from.unwrap_or(f64::MIN),
        window.to.map_or(f64::MAX, f64::next_down),
    );
    if cut.is_empty() {
        let end = track.time().last().copied().unwrap_or(0.0);
        return format!(
            "Streams: nothing was recorded {}; the recording ends at {}.",
            window.in_words(),
            clock(end)
        );
    }
    let thin = cut.thin(&CHANNELS, asked.points);
    let figure = |stretch: &Stretch, at: usize| stretch.figures.get(at).copied().flatten();
    let value = |stretch: &Stretch, at| figure(stretch, at).map(|figure| figure.value);
    let max = |stretch: &Stretch, at| figure(stretch, at).map(|figure| figure.max);
    // From the first sample, as in the splits: not every recording begins to count at zero.
    let begin = track
        .channel("distance")
        .and_then(|metres| metres.iter().flatten().next().copied())
        .unwrap_or_default();
    let columns = Columns::<Stretch>::new()
        .column("from", |stretch| clock(stretch.from))
        .column("W", |stretch| units::whole(value(stretch, 0)))
        .in_full("max W", |stretch| units::whole(max(stretch, 0)))
        .column("HR", |stretch| units::whole(value(stretch, 1)))
        .in_full("max HR", |stretch| units::whole(max(stretch, 1)))
        .column(own.turns(), |stretch| own.cadence(value(stretch, 2)))
        .column(own.speed_header(), |stretch| own.speed_cell(value(stretch, 3)))
        .column(own.distance_unit(), |stretch| {
            own.distance(value(stretch, 4).map(|metres| metres - begin), 2)
        })
        .column(format!("altitude {}", units::height_unit(own.units)), |stretch| {
            units::height(value(stretch, 5), own.units)
        });
    let table = columns.table_in(asked.detail, &thin.stretches);
    let head = format!(
        "Streams{}, averages of each {} (distance: at its end), from {}",
        if window.is_all() {
            String::new()
        } else {
            format!(" {}", window.in_words())
        },
        clock(thin.width),
        answer::counted(cut.len(), "sample", "samples"),
    );
    joined([head, table, pauses(track, window)], "\n")
}

/// Those that share any time with the window.
fn pauses(track: &Track, window: Window) -> String {
    let pauses = track.pauses();
    let listed: Vec<String> = pauses
        .iter()
        .filter(|pause| window.touches(Some(pause.from), Some(pause.to)))
        .map(|pause| format!("{}–{}", clock(pause.from), clock(pause.to)))
        .collect();
    named("Nothing recorded:", &words::listed(&listed, PAUSES))
}

/// One row per kilometre or mile, or per several of a long activity.
fn splits(track: &Track, own: &SportUnits) -> String {
    let Some(way) = Way::of(track) else {
        return "Splits: no distance recorded.".to_owned();
    };
    let unit = own.split();
    let step = WIDER
        .into_iter()
        .map(|times| times * unit)
        .find(|step| way.length() / step <= SPLITS)
        .unwrap_or(100.0 * unit);
    let splits = way.splits(track, step);
    if splits.is_empty() {
        return "Splits: the recorded distance is implausible.".to_owned();
    }
    let has_power = splits.iter().any(|split| positive(split.watts).is_some());
    let speed = |split: &Split| (split.secs > 0.0).then(|| split.distance / split.secs);
    let columns = Columns::<Split>::new()
        .column(format!("to {}", own.distance_unit()), |split| {
            own.distance(Some(split.until), 2)
        })
        .column("time", |split| clock(split.secs))
        .column("stopped", |split| {
            units::hours_minutes_seconds(positive(Some(split.stopped.round())))
        })
        .column(own.speed_header(), |split| own.speed_cell(speed(split)))
        .column("HR", |split| units::whole(positive(split.heart_rate)))
        .column("W", |split| units::whole(split.watts.filter(|_| has_power)))
        .column(format!("climb {}", units::height_unit(own.units)), |split| {
            units::height(split.climb, own.units)
        });
    let each = own.distance(Some(step), 0);
    let halves = way.halves();
    // Of the halves as shown.
    let gained = halves.first.round() - halves.second.round();
    let verdict = if (halves.first - halves.second).abs() < 1.0 {
        "even".to_owned()
    } else {
        let faster = if gained > 0.0 { "second" } else { "first" };
        let negative = if gained > 0.0 { "negative split, " } else { "" };
        format!("{negative}the {faster} was {} faster", clock(gained.abs()))
    };
    let climbs = if splits.iter().any(|split| split.climb.is_some()) {
        "Climb of splits: rises from 2 m on, added up by IcuSync."
    } else {
        ""
    };
    joined(
        [
            format!(
                "Splits of {each} {} from the recording in moving time: pauses and standing still, from 10 s on, do not count",
                own.distance_unit()
            ),
            columns.table(&splits),
            format!(
                "Halves by distance: {} and {}: {verdict}.",
                clock(halves.first),
                clock(halves.second)
            ),
            climbs.to_owned(),
        ],
        "\n",
    )
}
