//! One activity by its id: the first steps of every tool that reads one.
//!
//! [`fetch`] comes first, because its answer shows whose activity it is, and only then may other requests follow.

use std::ptr;

use chrono::NaiveDate;

use super::{
    Answer,
    answer::{
        self, units,
        words::{named, on_one_line},
    },
    zone_base::sent_only_zeros,
};
use crate::{
    guard::AthleteCard,
    ids::ActivityId,
    intervals::{
        self,
        model::{ActivityDetail, Interval, Stream},
    },
    text::{clean, fenced},
    tool_error::ToolError,
    training::{
        laps::{Clues, Lap, Origin, origin},
        sports::Tempo,
        streams::Track,
    },
};

/// The header of a column of decoupling, with its sense.
pub(super) const DECOUPLING: &str = "decoupling % (above 0: HR rose)";

/// What a positive decoupling of the activity means.
pub(super) fn decoupling_means(detail: &ActivityDetail) -> &'static str {
    let activity = &detail.activity;
    if activity.has_power() || Tempo::of(activity.sport()) == Tempo::Other {
        "above 0: HR rose against power"
    } else {
        "above 0: HR rose against pace"
    }
}

/// The activity, or the error as the caller who named the id must read it.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    id: &ActivityId,
) -> Result<ActivityDetail, ToolError> {
    let detail = upstream.activity_detail(id).await;
    let mut detail = detail.map_err(ToolError::about_activity)?;
    if !has_power(&detail) {
        take_power(&mut detail);
    }
    Ok(detail)
}

/// Whether any power was recorded: zeros throughout are what a device without a working power meter leaves.
pub(super) fn has_power(detail: &ActivityDetail) -> bool {
    let laps = detail.icu_intervals.iter().flatten();
    let mut of_laps = laps.flat_map(|lap| [lap.average_watts, lap.max_watts]);
    detail.activity.has_power() || of_laps.any(|watts| units::positive(watts).is_some())
}

/// Removes what zeros of a power meter were computed into: they are no watts, no W′ and no load.
fn take_power(detail: &mut ActivityDetail) {
    let laps = detail.icu_intervals.iter_mut().flatten();
    for lap in laps {
        lap.training_load = lap.training_load.filter(|load| *load > 0.0);
        lap.strain_score = lap.strain_score.filter(|score| *score > 0.0);
        for figure in [
            &mut lap.average_watts,
            &mut lap.max_watts,
            &mut lap.weighted_average_watts,
            &mut lap.average_watts_kg,
            &mut lap.zone,
            &mut lap.joules,
            &mut lap.wbal_start,
            &mut lap.wbal_end,
            &mut lap.average_torque,
        ] {
            *figure = None;
        }
    }
    for group in detail.icu_groups.iter_mut().flatten() {
        group.average_watts = None;
    }
    for figure in [&mut detail.icu_max_wbal_depletion, &mut detail.power_load] {
        *figure = figure.filter(|figure| *figure > 0.0);
    }
    if let Some(recovery) = &mut detail.icu_hrr {
        recovery.average_watts = None;
    }
    if sent_only_zeros(&detail.activity) {
        detail.activity.power_zone_times = None;
    }
}

/// The first line: whose, when, which.
pub(super) fn first_line(card: &AthleteCard, today: NaiveDate, detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let parts = [
        activity.start_date_local.map(units::moment).unwrap_or_default(),
        answer::sport(activity.sport()),
        fenced(activity.name.as_deref().unwrap_or_default(), 80),
        clean(activity.id.as_deref().unwrap_or_default(), 24),
    ];
    answer::first_line(card, today, &parts)
}

/// The answer for a stub: an activity that upstream knows and of which it sends nothing. None for any other.
pub(super) fn stub(card: &AthleteCard, today: NaiveDate, detail: &ActivityDetail) -> Option<Answer> {
    let why = if detail.activity.is_closed_by_strava() {
        "This activity came from Strava, whose terms close it to the API: intervals.icu shows only when it began. The athlete \
         can connect the device's own service (Garmin, Wahoo, COROS …) to intervals.icu to see future activities."
    } else if detail.activity.is_empty_stub() {
        "intervals.icu sends no sport, time, distance or load of this activity: it is empty, or the service that it came from \
         closes it to the API. Asking again will not help; the athlete can open it at intervals.icu."
    } else {
        return None;
    };
    let note = on_one_line(detail.description.as_deref().unwrap_or_default());
    Some(Answer::of([
        first_line(card, today, detail),
        why.to_owned(),
        named("note:", &fenced(&note, 300)),
    ]))
}

/// Whether the activity is known to have none of these streams.
pub(super) fn lacks(detail: &ActivityDetail, any_of: &[&str]) -> bool {
    let known = detail.stream_types.as_deref();
    known.is_some_and(|known| !known.iter().any(|kind| any_of.contains(&kind.as_str())))
        || (known.is_none() && detail.activity.is_manual())
}

/// Removes the athlete's weight and what it could be computed from; returns whether there was any.
pub(super) fn take_weight(detail: &mut ActivityDetail) -> bool {
    let mut there = detail.icu_weight.take().is_some();
    for lap in detail.icu_intervals.iter_mut().flatten() {
        there |= lap.average_watts_kg.take().is_some();
    }
    there
}

/// The recording; None when there is none. A channel of zeros throughout is what a device without the sensor leaves. No heart beats
/// 0 times a minute: that is a strap that lost contact. `altitude` is the one that intervals.icu corrected, unless that has fewer
/// samples, and none that [`altitude_stands`].
pub(super) fn track(streams: &[Stream]) -> Option<Track> {
    let altitude = best_altitude(streams).filter(|_| !altitude_stands(streams));
    let channels = streams.iter().filter_map(|stream| {
        let is_altitude = ALTITUDES.contains(&stream.kind.as_deref()?);
        if is_altitude && !ptr::eq(stream, altitude?) {
            return None;
        }
        let kind = if is_altitude {
            ALTITUDES[0].to_owned()
        } else {
            stream.kind.clone()?
        };
        if kind == "heartrate" {
            let beats = stream.data.iter().map(|value| units::positive(*value));
            return Some((kind, beats.collect()));
        }
        let by_a_sensor = kind != "time" && !is_altitude;
        let mut known = stream.data.iter().flatten();
        let recorded = !by_a_sensor || known.any(|value| *value != 0.0);
        recorded.then(|| (kind, stream.data.clone()))
    });
    Track::new(channels)
}

/// The device's altitude, and the one that intervals.icu corrected.
const ALTITUDES: [&str; 2] = ["altitude", "fixed_altitude"];

/// The altitude with the most samples; the corrected one if they have equally many.
fn best_altitude(streams: &[Stream]) -> Option<&Stream> {
    let of_kind = |kind: &str| streams.iter().find(|stream| stream.kind.as_deref() == Some(kind));
    let samples = |stream: &&Stream| stream.data.iter().flatten().count();
    ALTITUDES
        .iter()
        .filter_map(|kind| of_kind(kind))
        .max_by_key(samples)
}

/// Whether an altitude was recorded that never moves, as a device without a sensor writes it.
pub(super) fn altitude_stands(streams: &[Stream]) -> bool {
    const FEW: usize = 60;
    let known = |stream: &Stream| stream.data.iter().flatten().copied().collect::<Vec<f64>>();
    let known = best_altitude(streams).map(known).unwrap_or_default();
    known.len() > FEW
        && known
            .windows(2)
            .all(|pair| (pair[0] - pair[1]).abs() < f64::EPSILON)
}

/// A lap's kind: `work`, `recovery`, `warm up`; fenced if it is no usual word, and empty if it has none.
pub(super) fn kind(lap: &Interval) -> String {
    const USUAL: [&str; 8] = [
        "work",
        "recovery",
        "rest",
        "warm up",
        "warmup",
        "cool down",
        "cooldown",
        "active",
    ];
    let kind = lap.kind_in_words();
    if USUAL.contains(&kind.as_str()) {
        kind
    } else {
        fenced(&kind, 24)
    }
}

/// Where its laps come from.
pub(super) fn origin_of(detail: &ActivityDetail, laps: &[Interval]) -> Origin {
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
    origin(&known, clues)
}
