//! One activity: its figures by subject, its intervals, and what its recording adds.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::metrics::{METRICS, RECORDED, Subject};
use crate::{
    guard::{AthleteCard, Units},
    intervals::model::{ActivityDetail, Interval, Stream},
    tools::{
        answer::{
            self, Answer,
            cut::Cut,
            sport_units::SportUnits,
            table::Columns,
            units::{self, positive},
            words::{DOT, joined, named, with_unit},
        },
        arguments::Detail,
        one_activity::{self, closed, first_line},
        part::Part,
    },
    training::{
        dfa,
        sports::{self, Tempo},
        streams::Track,
    },
};

const LAPS: usize = 40;
const MOST_LAPS: usize = 200;
/// Core temperature from which time is counted, °C.
const HOT: f64 = 38.5;

/// The streams that hold what is told here.
pub(super) const STREAMS: &[&str] = &[
    "dfa_a1",
    "core_temperature",
    "skin_temperature",
    "respiration",
    "smo2",
    "thb",
    "torque",
    "w_bal",
];
/// … with what they are read beside.
pub(super) const WITH_TIME: &[&str] = &[
    "time",
    "heartrate",
    "watts",
    "dfa_a1",
    "core_temperature",
    "skin_temperature",
    "respiration",
    "smo2",
    "thb",
    "torque",
    "w_bal",
];

pub(super) fn render(
    card: &AthleteCard,
    today: NaiveDate,
    how: Detail,
    detail: &ActivityDetail,
    streams: &Part<Vec<Stream>>,
) -> Answer {
    if detail.activity.is_closed_by_strava() {
        return closed(card, today, detail);
    }
    let own = SportUnits::of_activity(&detail.activity, card.units);
    let mut blocks = vec![first_line(card, today, detail)];
    for (subject, title) in [
        (Subject::Durability, "durability:"),
        (Subject::Power, "power:"),
        (Subject::Recovery, "recovery:"),
        (Subject::Load, "load figures:"),
        (Subject::Running, "running dynamics:"),
    ] {
        blocks.push(named(title, &figures(detail, subject)));
    }
    blocks.push(laps(detail, &own, how));
    blocks.push(streams.told(|streams| recording(streams, detail, card.units)));
    blocks.push(not_recorded(detail, streams));
    blocks.push(answer::garmin_line([detail.activity.origin()]));
    Answer::of(blocks)
}

/// The figures of a subject on one line, each with what it stands on.
fn figures(detail: &ActivityDetail, subject: Subject) -> String {
    joined(
        METRICS
            .iter()
            .filter(|metric| metric.subject == subject)
            .map(|metric| {
                let figure = metric.cell((metric.of)(detail));
                if figure.is_empty() {
                    return figure;
                }
                let unit = match metric.unit {
                    "rpm (runs: steps/min)" if is_on_foot(detail) => "steps/min",
                    "rpm (runs: steps/min)" => "rpm",
                    unit => unit,
                };
                let words = with_unit(named(metric.name, &figure), unit);
                let words = words.trim_end().to_owned();
                match metric.name {
                    "W′ depletion" => words + &of_w_prime(detail),
                    "HR recovery" => words + &recovery(detail),
                    _ => words,
                }
            }),
        DOT,
    )
}

fn is_on_foot(detail: &ActivityDetail) -> bool {
    Tempo::of(detail.activity.sport()) == Tempo::Foot
}

/// ` (12 % of W′ 17.4 kJ)`
fn of_w_prime(detail: &ActivityDetail) -> String {
    let whole = positive(detail.icu_w_prime);
    let part = units::sane(detail.icu_max_wbal_depletion).zip(whole);
    part.map_or_else(String::new, |(joules, whole)| {
        format!(
            " ({} % of W′ {} kJ)",
            units::whole(joules / whole * 100.0),
            units::kilo(whole, 1)
        )
    })
}

/// ` (160 to 132 from 1:06:06, at 118 W)`
fn recovery(detail: &ActivityDetail) -> String {
    let Some(hrr) = &detail.icu_hrr else {
        return String::new();
    };
    let (from, to) = (units::whole(hrr.start_bpm), units::whole(hrr.end_bpm));
    let beats = if from.is_empty() || to.is_empty() {
        String::new()
    } else {
        format!("{from} to {to}")
    };
    let words = joined(
        [
            joined(
                [
                    beats,
                    named("from", &units::hours_minutes_seconds(hrr.start_time)),
                ],
                " ",
            ),
            named("at", &with_unit(units::whole(hrr.average_watts), "W")),
        ],
        ", ",
    );
    if words.is_empty() {
        words
    } else {
        format!(" ({words})")
    }
}

type Figure = (&'static str, u8, fn(&Interval) -> Option<f64>);

/// What an interval has beyond the usual.
const FIGURES: &[Figure] = &[
    ("W′ start kJ", 1, |lap| {
        Some(units::sane(lap.wbal_start)? / 1000.0)
    }),
    ("W′ end kJ", 1, |lap| Some(units::sane(lap.wbal_end)? / 1000.0)),
    ("decoupling %", 1, |lap| units::sane(lap.decoupling)),
    ("DFA α1", 2, |lap| positive(lap.average_dfa_a1)),
    ("respiration /min", 0, |lap| positive(lap.average_respiration)),
    ("SmO2 %", 0, |lap| positive(lap.average_smo2)),
    ("THb g/dl", 1, |lap| positive(lap.average_thb)),
    ("lactate mmol/l", 1, |lap| positive(lap.average_lactate)),
    ("torque Nm", 0, |lap| units::sane(lap.average_torque)),
    ("L/R % left", 1, |lap| positive(lap.avg_lr_balance)),
    ("strain score", 1, |lap| units::sane(lap.strain_score)),
    ("ground contact ms", 0, |lap| positive(lap.average_stance_time)),
    ("stance balance % left", 1, |lap| {
        positive(lap.average_stance_time_balance)
    }),
    ("vertical oscillation mm", 0, |lap| {
        positive(lap.average_vertical_oscillation)
    }),
    ("vertical ratio %", 1, |lap| positive(lap.average_vertical_ratio)),
    ("step length mm", 0, |lap| positive(lap.average_step_length)),
    ("leg spring stiffness kN/m", 1, |lap| {
        positive(lap.average_leg_spring_stiffness)
    }),
    ("impact loading rate BW/s", 1, |lap| {
        positive(lap.average_impact_loading_rate)
    }),
];

/// The intervals, as far as one has more than the usual.
fn laps(detail: &ActivityDetail, own: &SportUnits, how: Detail) -> String {
    type Row<'a> = (usize, &'a Interval);
    let laps = detail.icu_intervals.as_deref().unwrap_or_default();
    if laps
        .iter()
        .all(|lap| FIGURES.iter().all(|(.., of)| of(lap).is_none()))
    {
        return String::new();
    }
    let rows: Vec<Row<'_>> = (1..).zip(laps).collect();
    let cut = Cut::after(if how == Detail::Full { MOST_LAPS } else { LAPS }, &rows);
    let mut columns = Columns::<Row<'_>>::new()
        .column("interval", |(number, _)| number.to_string())
        .column("kind", |(_, lap)| {
            match lap.kind.as_deref() {
                Some("WORK") => "work",
                Some("RECOVERY") => "recovery",
                _ => "",
            }
            .to_owned()
        })
        .column("time", |(_, lap)| units::hours_minutes_seconds(lap.moving_time))
        .column("W", |(_, lap)| units::whole(lap.average_watts))
        .column("HR", |(_, lap)| units::whole(positive(lap.average_heartrate)))
        .column(own.speed_header(), |(_, lap)| {
            own.speed_cell(positive(lap.average_speed))
        });
    for (name, decimals, of) in FIGURES {
        columns = columns.column(*name, |(_, lap)| units::fixed(of(lap), *decimals));
    }
    let more = cut.more("interval", |_| match how {
        Detail::Concise => "ask with detail=full".to_owned(),
        Detail::Full => "left out".to_owned(),
    });
    joined([columns.table(cut.shown), more], "\n")
}

/// What the recording adds, a subject a line.
fn recording(streams: &[Stream], detail: &ActivityDetail, own: Units) -> String {
    let Some(track) = one_activity::track(streams) else {
        return "Streams: this activity has no recording.".to_owned();
    };
    let lines = joined(
        [
            alpha(&track),
            temperature(&track, "core_temperature", "core temperature:", own),
            temperature(&track, "skin_temperature", "skin temperature:", own),
            span(&track, "respiration", "respiration:", "/min", 0),
            span(&track, "smo2", "SmO2:", "%", 0),
            span(&track, "thb", "THb:", "g/dl", 1),
            span(&track, "torque", "torque:", "Nm", 0),
            balance(&track, detail),
        ],
        "\n",
    );
    if lines.is_empty() {
        "Streams: nothing of this kind recorded.".to_owned()
    } else {
        format!("From the recording (computed by IcuSync, by time):\n{lines}")
    }
}

fn alpha(track: &Track) -> String {
    let Some(times) = dfa::times(track) else {
        return String::new();
    };
    let clock = |secs| units::hours_minutes_seconds(secs);
    let mut parts = vec![
        named("mean", &units::fixed(dfa::mean(track), 2)),
        format!("above 0.75 {}", clock(times.above)),
        format!("0.5–0.75 {}", clock(times.between)),
        format!(
            "below 0.5 {} (thresholds: Rogers et al. 2021)",
            clock(times.below)
        ),
    ];
    for threshold in [dfa::FIRST, dfa::SECOND] {
        let crossed = joined(
            [("heartrate", "bpm"), ("watts", "W")]
                .into_iter()
                .map(|(channel, unit)| {
                    dfa::crossing(track, channel, threshold).map_or_else(String::new, |crossing| {
                        format!(
                            "{} {unit} (r² {})",
                            units::whole(crossing.at),
                            units::fixed(crossing.r2, 2)
                        )
                    })
                }),
            ", ",
        );
        let at = units::at_most(threshold, 2);
        parts.push(if crossed.is_empty() {
            format!("crossing of {at} not well defined")
        } else {
            format!("crosses {at} at {crossed} by the line of 2-min means")
        });
    }
    named("DFA α1:", &joined(parts, DOT))
}

/// Mean, lowest and highest of a channel, and when it was highest. A zero is a sensor that has not begun.
fn span(track: &Track, channel: &str, title: &str, unit: &str, decimals: u8) -> String {
    let figures = extremes(track, channel).map_or_else(String::new, |known| {
        format!(
            "mean {} · lowest {} · highest {} {unit} at {}",
            units::fixed(known.mean, decimals),
            units::fixed(known.lowest, decimals),
            units::fixed(known.highest, decimals),
            units::hours_minutes_seconds(known.highest_at),
        )
    });
    named(title, &figures)
}

struct Extremes {
    mean: f64,
    lowest: f64,
    highest: f64,
    highest_at: f64,
}

fn extremes(track: &Track, channel: &str) -> Option<Extremes> {
    let known = || {
        let values = track.channel(channel).unwrap_or_default();
        let values = values.iter().enumerate();
        values.filter_map(|(at, value)| Some((at, positive(*value)?)))
    };
    let (sum, secs) = known().fold((0.0, 0.0), |(sum, secs), (at, value)| {
        (sum + value * track.stood(at), secs + track.stood(at))
    });
    let (at, highest) = known().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (_, lowest) = known().min_by(|a, b| a.1.total_cmp(&b.1))?;
    (secs > 0.0).then(|| Extremes {
        mean: sum / secs,
        lowest,
        highest,
        highest_at: track.time()[at],
    })
}

fn temperature(track: &Track, channel: &str, title: &str, own: Units) -> String {
    let Some(known) = extremes(track, channel) else {
        return String::new();
    };
    let degrees = |celsius| units::temperature(Some(celsius), own);
    let unit = units::temperature_unit(own);
    let mut words = format!(
        "mean {} · lowest {} · highest {} {unit} at {}",
        degrees(known.mean),
        degrees(known.lowest),
        degrees(known.highest),
        units::hours_minutes_seconds(known.highest_at),
    );
    if channel == "core_temperature" {
        let values = track.channel(channel).unwrap_or_default();
        let hot: f64 = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_some_and(|value| value >= HOT))
            .map(|(at, _)| track.stood(at))
            .sum();
        let clock = units::hours_minutes_seconds(hot);
        let _ = write!(words, " · at {} {unit} or more {clock}", degrees(HOT));
    }
    named(title, &words)
}

/// The lowest of W′ balance, and how long it was below a half and a quarter.
fn balance(track: &Track, detail: &ActivityDetail) -> String {
    let values = track.channel("w_bal").unwrap_or_default();
    let known = || {
        let values = values.iter().enumerate();
        values.filter_map(|(at, value)| Some((at, (*value)?)))
    };
    let Some((at, lowest)) = known().min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return String::new();
    };
    let below = positive(detail.icu_w_prime).map_or_else(String::new, |whole| {
        let secs = |part: f64| {
            let low = known().filter(|(_, joules)| *joules < part * whole);
            units::hours_minutes_seconds(low.map(|(at, _)| track.stood(at)).sum::<f64>())
        };
        format!("below 50 % {} · below 25 % {}", secs(0.5), secs(0.25))
    });
    let lowest = with_unit(units::kilo(lowest, 1), "kJ");
    let when = units::hours_minutes_seconds(track.time().get(at).copied());
    named(
        "W′ balance:",
        &joined([format!("lowest {lowest} at {when}"), below], DOT),
    )
}

/// Names once what somebody would look for: what was not recorded, and what only the streams have.
fn not_recorded(detail: &ActivityDetail, streams: &Part<Vec<Stream>>) -> String {
    let has = |subject| {
        METRICS
            .iter()
            .any(|m| m.subject == subject && (m.of)(detail).is_some())
    };
    let sport = detail.activity.sport();
    let mut missing = Vec::new();
    if sports::family(sport) == "Run" && !has(Subject::Running) {
        missing.push("running dynamics");
    }
    if Tempo::of(sport) == Tempo::Other && detail.icu_max_wbal_depletion.is_none() {
        missing.push("W′ balance");
    }
    if detail.activity.decoupling.is_none() {
        missing.push("decoupling");
    }
    if detail.icu_hrr.is_none() {
        missing.push("HR recovery");
    }
    let mut there = Vec::new();
    let brought = streams.got().map_or(&[][..], Vec::as_slice);
    // Without the list of streams nobody can tell.
    if let Some(types) = &detail.stream_types {
        for (name, kinds) in RECORDED {
            let brought = brought.iter().filter_map(|stream| stream.kind.as_ref());
            if types
                .iter()
                .chain(brought)
                .any(|own| kinds.contains(&own.as_str()))
            {
                there.push(*name);
            } else {
                missing.push(name);
            }
        }
    }
    let more = if *streams == Part::NotAsked && !there.is_empty() {
        format!(
            "More in the recording: {}: ask with include=streams",
            there.join(", ")
        )
    } else {
        String::new()
    };
    joined([more, named("None recorded:", &missing.join(", "))], "\n")
}
