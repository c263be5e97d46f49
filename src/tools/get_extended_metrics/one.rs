//! One activity: its figures by subject, its intervals, and what its recording adds.

use chrono::NaiveDate;

use super::metrics::{METRICS, Metric, RECORDED, Subject};
use crate::{
    guard::{AthleteCard, Units},
    intervals::model::{ActivityDetail, Interval, Stream},
    tools::{
        answer::{
            self, Answer,
            cut::Cut,
            sport_units::SportUnits,
            table::Columns,
            units::{self, hours_minutes_seconds as clock, positive},
            words::{self, DOT, Line, around, in_brackets, joined, named, sentence, span, with_unit},
        },
        arguments::Detail,
        one_activity::{self, DECOUPLING, decoupling_means, first_line, has_power},
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
/// Core temperature, °C, at or above which time is counted.
const HOT: f64 = 38.5;

/// The streams with the metrics of this answer.
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
/// … with the streams that they are related to.
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
    blocks.push(streams.text(|streams| recording(streams, detail, card.units)));
    blocks.push(not_recorded(detail, streams));
    blocks.push(answer::garmin_line([detail.activity.origin()]));
    Answer::of(blocks)
}

/// The figures of a subject on one line, each with its context.
fn figures(detail: &ActivityDetail, subject: Subject) -> String {
    let metrics = METRICS.iter().filter(|metric| metric.subject == subject);
    let figures = metrics.map(|metric| {
        let unit = match metric.unit {
            "rpm (runs: steps/min)" if is_on_foot(detail) => "steps/min",
            "rpm (runs: steps/min)" => "rpm",
            "m (swims: m per stroke)" if Tempo::of(detail.activity.sport()) == Tempo::Swim => "m per stroke",
            "m (swims: m per stroke)" => "m",
            unit => unit,
        };
        let rests_on = match metric.name {
            "W′ depletion" => of_w_prime(detail),
            "HR recovery" => recovery(detail),
            "decoupling" => decoupling_means(detail).to_owned(),
            _ => String::new(),
        };
        let figure = with_unit(metric.cell((metric.of)(detail)), unit);
        around(metric.name, &figure, &in_brackets(&rests_on))
    });
    joined(figures, DOT)
}

fn is_on_foot(detail: &ActivityDetail) -> bool {
    Tempo::of(detail.activity.sport()) == Tempo::Foot
}

/// `12 % of W′ 17.4 kJ`
fn of_w_prime(detail: &ActivityDetail) -> String {
    let depletion = units::sane(detail.icu_max_wbal_depletion);
    let part = depletion
        .zip(positive(detail.icu_w_prime))
        .map(|(joules, whole)| {
            let percent = units::whole(joules / whole * 100.0);
            format!("{percent} % of W′ {} kJ", units::kilo(whole, 1))
        });
    part.unwrap_or_default()
}

/// `160 to 132 from 1:06:06, at 118 W`
fn recovery(detail: &ActivityDetail) -> String {
    let Some(hrr) = &detail.icu_hrr else {
        return String::new();
    };
    let beats = span(&units::whole(hrr.start_bpm), &units::whole(hrr.end_bpm));
    let start = around("from", &clock(hrr.start_time), "");
    let watts = around("at", &units::whole(hrr.average_watts), "W");
    joined([joined([beats, start], " "), watts], ", ")
}

type Figure = (&'static str, u8, fn(&Interval) -> Option<f64>);

/// An interval's extended metrics.
const FIGURES: &[Figure] = &[
    ("W′ start kJ", 1, |lap| {
        Some(units::sane(lap.wbal_start)? / 1000.0)
    }),
    ("W′ end kJ", 1, |lap| Some(units::sane(lap.wbal_end)? / 1000.0)),
    (DECOUPLING, 1, |lap| units::sane(lap.decoupling)),
    ("DFA α1", 2, |lap| positive(lap.average_dfa_a1)),
    ("respiration /min", 0, |lap| positive(lap.average_respiration)),
    ("SmO2 %", 0, |lap| positive(lap.average_smo2)),
    ("THb g/dl", 1, |lap| positive(lap.average_thb)),
    ("lactate mmol/l", 1, |lap| positive(lap.average_lactate)),
    ("torque Nm", 0, |lap| units::sane(lap.average_torque)),
    ("L/R % right", 1, |lap| positive(lap.avg_lr_balance)),
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

/// The intervals, if any has extended metrics.
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
    let cut = Cut::after(how.pick(LAPS, MOST_LAPS), &rows);
    let mut columns = Columns::<Row<'_>>::new()
        .column("interval", |(number, _)| number.to_string())
        .column("kind", |(_, lap)| one_activity::kind(lap))
        .column("time (moving)", |(_, lap)| clock(lap.moving_time))
        .column("W", |(_, lap)| units::whole(lap.average_watts))
        .column("HR", |(_, lap)| units::whole(positive(lap.average_heartrate)))
        .column(own.speed_header(), |(_, lap)| {
            own.speed_cell(positive(lap.average_speed))
        });
    for (name, decimals, of) in FIGURES {
        columns = columns.column(*name, |(_, lap)| units::fixed(of(lap), *decimals));
    }
    let more = cut.more("interval", |_| how.pick("use detail=full", "left out").to_owned());
    joined([columns.table(cut.shown), more], "\n")
}

/// What the recording adds, a subject a line.
fn recording(streams: &[Stream], detail: &ActivityDetail, own: Units) -> String {
    let Some(track) = one_activity::track(streams) else {
        return "Streams: this activity has no recording.".to_owned();
    };
    let degrees = |celsius| units::temperature(Some(celsius), own);
    let unit = units::temperature_unit(own);
    let core = extent(&track, "core_temperature", unit, degrees);
    let lines = [
        alpha(&track),
        named("core temperature:", &joined([core, hot_for(&track, own)], DOT)),
        named(
            "skin temperature:",
            &extent(&track, "skin_temperature", unit, degrees),
        ),
        named(
            "respiration:",
            &extent(&track, "respiration", "/min", units::whole),
        ),
        named("SmO2:", &extent(&track, "smo2", "%", units::whole)),
        named(
            "THb:",
            &extent(&track, "thb", "g/dl", |value| units::fixed(value, 1)),
        ),
        named("torque:", &extent(&track, "torque", "Nm", units::whole)),
        balance(&track, detail),
    ];
    let lines = joined(lines, "\n");
    if lines.is_empty() {
        "Streams: none of these was recorded.".to_owned()
    } else {
        format!("From the recording (computed by IcuSync, weighted by time):\n{lines}")
    }
}

fn alpha(track: &Track) -> String {
    let Some(times) = dfa::times(track) else {
        return String::new();
    };
    let mut line = Line::new()
        .figure("avg", units::fixed(dfa::mean(track), 2), "")
        .figure("above 0.75", clock(times.above), "")
        .figure("0.5–0.75", clock(times.between), "")
        .figure(
            "below 0.5",
            clock(times.below),
            "(thresholds: Rogers et al. 2021)",
        );
    for threshold in [dfa::FIRST, dfa::SECOND] {
        let found = [("heartrate", "bpm"), ("watts", "W")]
            .map(|(channel, unit)| Some((dfa::crossing(track, channel, threshold)?, unit)));
        let any_falling = found.iter().flatten().any(|(crossing, _)| crossing.falling);
        let crossings = found.into_iter().flatten().map(|(crossing, unit)| {
            let (at, r2) = (units::whole(crossing.at), units::fixed(crossing.r2, 2));
            let odd = if any_falling && !crossing.falling {
                "of all α1, "
            } else {
                ""
            };
            format!("{at} {unit} ({odd}r² {r2})")
        });
        let crossings = joined(crossings, ", ");
        let at = units::at_most(threshold, 2);
        line = line.words(if crossings.is_empty() {
            format!("crossing of {at} not clear")
        } else {
            let part = if any_falling { "α1 ≤ 1.0" } else { "all α1" };
            format!("crosses {at} at {crossings} by a line through 2-min averages of {part}")
        });
    }
    named("DFA α1:", &line.text())
}

/// Average, lowest and highest of a channel, and when it was highest. A zero is a sensor that has not started.
fn extent(track: &Track, channel: &str, unit: &str, say: impl Fn(f64) -> String) -> String {
    let Some(known) = extremes(track, channel) else {
        return String::new();
    };
    format!(
        "avg {} · lowest {} · highest {} {unit} at {}",
        say(known.mean),
        say(known.lowest),
        say(known.highest),
        clock(known.highest_at),
    )
}

/// How long the core temperature was high; empty without a sensor.
fn hot_for(track: &Track, own: Units) -> String {
    if extremes(track, "core_temperature").is_none() {
        return String::new();
    }
    let values = track.channel("core_temperature").unwrap_or_default();
    let hot = values.iter().enumerate();
    let hot = hot.filter(|(_, value)| value.is_some_and(|value| value >= HOT));
    let secs: f64 = hot.map(|(at, _)| track.lasted(at)).sum();
    let bound = units::temperature_in_words(Some(HOT), own);
    format!("at {bound} or more {}", clock(secs))
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
        (sum + value * track.lasted(at), secs + track.lasted(at))
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

/// The lowest W′ balance, and how long it was below a half and a quarter.
fn balance(track: &Track, detail: &ActivityDetail) -> String {
    // Without power it never falls.
    let has_power = track.channel("watts").is_some() || has_power(detail);
    let values = track.channel("w_bal").filter(|_| has_power).unwrap_or_default();
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
            clock(low.map(|(at, _)| track.lasted(at)).sum::<f64>())
        };
        format!("below 50 % {} · below 25 % {}", secs(0.5), secs(0.25))
    });
    let when = around("kJ at", &clock(track.time().get(at).copied()), "");
    let line = Line::new()
        .figure("lowest", units::kilo(lowest, 1), &when)
        .words(below);
    named("W′ balance:", &line.text())
}

/// Names once what people would look for: what was not recorded, and what only the streams have.
fn not_recorded(detail: &ActivityDetail, streams: &Part<Vec<Stream>>) -> String {
    let has = |wanted: &dyn Fn(&Metric) -> bool| {
        let mut metrics = METRICS.iter().filter(|metric| wanted(metric));
        metrics.any(|metric| (metric.of)(detail).is_some())
    };
    let laps = detail.icu_intervals.as_deref().unwrap_or_default();
    let in_laps = |start: &str| {
        let mut figures = FIGURES.iter().filter(|(name, ..)| name.starts_with(start));
        figures.any(|(.., of)| laps.iter().any(|lap| of(lap).is_some()))
    };
    let sport = detail.activity.sport();
    let moves = |metric: &Metric| metric.subject == Subject::Running;
    let has_dynamics = has(&moves) || METRICS.iter().any(|metric| moves(metric) && in_laps(metric.name));
    let looked_for = [
        (
            "running dynamics",
            sports::family(sport) == "Run" && !has_dynamics,
        ),
        (
            "W′ depletion",
            Tempo::of(sport) == Tempo::Other && !has(&|metric| metric.name == "W′ depletion"),
        ),
        (
            "decoupling",
            !has(&|metric| metric.name == "decoupling") && !in_laps("decoupling"),
        ),
        ("HR recovery", !has(&|metric| metric.name == "HR recovery")),
    ];
    let missing = looked_for.into_iter().filter(|(_, missing)| *missing);
    let mut missing: Vec<&str> = missing.map(|(name, _)| name).collect();
    let mut there = Vec::new();
    let brought = streams.got().map_or(&[][..], Vec::as_slice);
    // Without the list of streams this is unknown.
    if let Some(types) = &detail.stream_types {
        for (name, kinds) in RECORDED {
            let brought = brought.iter().filter_map(|stream| stream.kind.as_ref());
            if types
                .iter()
                .chain(brought)
                .any(|own| kinds.contains(&own.as_str()))
            {
                there.push(*name);
            } else if !in_laps(name) {
                missing.push(name);
            }
        }
    }
    let more = if *streams == Part::NotAsked {
        sentence("In the recording, shown with include=streams:", &there.join(", "))
    } else {
        String::new()
    };
    joined([more, words::not_recorded(&missing)], "\n")
}
