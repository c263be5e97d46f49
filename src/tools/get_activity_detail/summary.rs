//! The activity's own figures, as intervals.icu computed them, and its time in zones.

use crate::{
    intervals::model::ActivityDetail,
    text::{clean, fenced},
    tools::{
        answer::{
            sport_units::SportUnits,
            table::Columns,
            units::{self, positive},
            words::{DOT, joined, named, on_one_line, with_unit},
        },
        arguments::Detail,
    },
    training::{
        sports::Tempo,
        zones::{self, Band},
    },
};

/// Nobody counts in more zones; a longer list is a fault of its source.
const MOST_ZONES: usize = 20;

/// The figures, a subject a line.
pub(super) fn lines(detail: &ActivityDetail, own: &SportUnits, how: Detail) -> Vec<String> {
    vec![
        size(detail, own),
        power(detail),
        heart(detail),
        movement(detail, own),
        effort(detail),
        standing(detail),
        circumstances(detail, own),
        weather(detail, own),
        full(detail, own, how),
        note(detail, how),
        not_recorded(detail, own),
    ]
}

fn whole(value: Option<f64>, unit: &str) -> String {
    with_unit(units::whole(value), unit)
}

/// Time, distance, climbing, load.
fn size(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let clock = units::hours_minutes_seconds;
    // A load's kind is known when it is one of those that intervals.icu chooses from.
    let load = positive(activity.icu_training_load);
    let by = [
        ("power", detail.power_load),
        ("heart rate", detail.hr_load),
        ("pace", detail.pace_load),
    ];
    let same: Vec<&str> = by
        .iter()
        .filter(|(_, own)| load.is_some() && *own == load)
        .map(|(name, _)| *name)
        .collect();
    let by = match same.as_slice() {
        [one] => format!(" (by {one})"),
        _ => String::new(),
    };
    let load = named("load", &units::whole(activity.icu_training_load));
    joined(
        [
            named("moving", &clock(activity.moving_time)),
            named("elapsed", &clock(activity.elapsed_time)),
            with_unit(own.distance(activity.metres(), 1), own.distance_unit()),
            named(
                "climb",
                &with_unit(
                    units::height(activity.total_elevation_gain, own.units),
                    units::height_unit(own.units),
                ),
            ),
            if load.is_empty() { load } else { load + &by },
            named("IF", &units::intensity(activity.icu_intensity)),
        ],
        DOT,
    )
}

fn power(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let (average, normalized) = (activity.icu_average_watts, activity.icu_weighted_avg_watts);
    if units::sane(average).or(units::sane(normalized)).is_none() {
        return String::new();
    }
    let per_kg = units::sane(normalized)
        .zip(positive(detail.icu_weight))
        .map(|(watts, kg)| format!(" ({} W/kg)", units::fixed(Some(watts / kg), 2)));
    let normalized = named("NP", &whole(normalized, "W"));
    let kilojoules = |joules: Option<f64>| with_unit(units::kilo(joules, 0), "kJ");
    let above = kilojoules(detail.icu_joules_above_ftp);
    let work = named("work", &kilojoules(detail.icu_joules));
    let estimated = if detail.device_watts == Some(false) {
        "estimated, no power meter"
    } else {
        ""
    };
    format!(
        "power: {}",
        joined(
            [
                named("avg", &whole(average, "W")),
                if normalized.is_empty() {
                    normalized
                } else {
                    normalized + &per_kg.unwrap_or_default()
                },
                named("VI", &units::fixed(positive(detail.icu_variability_index), 2)),
                if work.is_empty() || above.is_empty() {
                    work
                } else {
                    format!("{work} ({above} above FTP)")
                },
                named("FTP used", &whole(positive(activity.icu_ftp), "W")),
                estimated.to_owned(),
            ],
            DOT
        )
    )
}

fn heart(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let figures = joined(
        [
            named("avg", &units::whole(activity.average_heartrate)),
            named("max", &units::whole(activity.max_heartrate)),
            named("EF", &units::fixed(positive(detail.icu_efficiency_factor), 2)),
            named(
                "decoupling",
                &with_unit(units::fixed(activity.decoupling, 1), "%"),
            ),
        ],
        DOT,
    );
    named("heart rate:", &figures)
}

/// Speed or pace, cadence, energy.
fn movement(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let speed = own.speed(positive(activity.speed()));
    let word = if own.pace.is_some() { "pace" } else { "speed" };
    let gap = own.pace.map_or_else(String::new, |unit| unit.pace(activity.gap));
    let lengths = match (positive(detail.lengths), positive(activity.pool_length)) {
        (Some(count), Some(pool)) => {
            format!("{} lengths of {}", units::whole(Some(count)), own.pool(pool))
        }
        (None, Some(pool)) if own.tempo == Tempo::Swim => format!("pool {}", own.pool(pool)),
        _ => String::new(),
    };
    joined(
        [
            named(word, &speed),
            named("GAP", &gap),
            named(
                "max speed",
                &if own.pace.is_none() {
                    own.speed(positive(detail.max_speed))
                } else {
                    String::new()
                },
            ),
            named(
                "cadence",
                &with_unit(own.cadence(positive(activity.average_cadence)), own.turns()),
            ),
            lengths,
            whole(activity.calories, "kcal"),
            named("lifted", &whole(positive(detail.kg_lifted), "kg")),
        ],
        DOT,
    )
}

/// How it felt, and how it kept to the plan.
fn effort(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let rpe = units::at_most(activity.icu_rpe, 1);
    // The scale begins at 1.
    let feel = units::whole(positive(activity.feel));
    let planned = activity
        .paired_event_id
        .map_or_else(String::new, |event| format!("planned workout {event}"));
    joined(
        [
            if rpe.is_empty() {
                rpe
            } else {
                format!("RPE {rpe}/10")
            },
            if feel.is_empty() {
                feel
            } else {
                format!("feel {feel}/5 (1 strong)")
            },
            planned,
            named(
                "done",
                &with_unit(units::whole(activity.done_of_plan()), "% of plan"),
            ),
        ],
        DOT,
    )
}

/// Fitness after it.
fn standing(detail: &ActivityDetail) -> String {
    let form = units::sane(detail.icu_ctl)
        .zip(units::sane(detail.icu_atl))
        .map(|(ctl, atl)| ctl - atl);
    let after = joined(
        [
            named("CTL", &units::fixed(detail.icu_ctl, 1)),
            named("ATL", &units::fixed(detail.icu_atl, 1)),
            named("form", &units::fixed(form, 1)),
            named("eFTP", &whole(positive(detail.icu_rolling_ftp), "W")),
        ],
        ", ",
    );
    named("after it:", &after)
}

/// What makes it special, and what it was done with.
fn circumstances(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let sub = clean(activity.sub_type.as_deref().unwrap_or_default(), 20).to_lowercase();
    let mut kind = Vec::new();
    for (is, word) in [
        (activity.race, "race"),
        (detail.commute, "commute"),
        (activity.trainer, "indoor"),
    ] {
        if is == Some(true) && sub != word {
            kind.push(word.to_owned());
        }
    }
    if !sub.is_empty() && sub != "none" {
        kind.insert(0, sub);
    }
    let tags: Vec<String> = activity
        .tags
        .iter()
        .flatten()
        .take(12)
        .map(|tag| fenced(tag, 40))
        .filter(|tag| !tag.is_empty())
        .collect();
    let gear = detail.gear.as_ref().map_or_else(String::new, |gear| {
        let far = with_unit(
            units::distance(positive(gear.distance), own.units, 0),
            units::distance_unit(own.units),
        );
        let name = fenced(gear.name.as_deref().unwrap_or_default(), 60);
        if name.is_empty() || far.is_empty() {
            name
        } else {
            format!("{name} ({far} so far)")
        }
    });
    let manual = if activity.is_manual() {
        "entered by hand"
    } else {
        ""
    };
    joined(
        [
            kind.join(", "),
            manual.to_owned(),
            named("tags", &tags.join(", ")),
            named("gear", &gear),
            named(
                "device",
                &fenced(activity.device_name.as_deref().unwrap_or_default(), 40),
            ),
            named(
                "power meter",
                &fenced(detail.power_meter.as_deref().unwrap_or_default(), 40),
            ),
        ],
        DOT,
    )
}

fn weather(detail: &ActivityDetail, own: &SportUnits) -> String {
    let degrees = |celsius| {
        with_unit(
            units::temperature(celsius, own.units),
            units::temperature_unit(own.units),
        )
    };
    let figures = joined(
        [
            degrees(detail.average_weather_temp),
            named("feels like", &degrees(detail.average_feels_like)),
            named(
                "wind",
                &with_unit(
                    units::speed(detail.average_wind_speed, own.units),
                    units::speed_unit(own.units),
                ),
            ),
            named("device measured", &degrees(detail.average_temp)),
        ],
        DOT,
    );
    named("weather:", &figures)
}

/// What only full tells.
fn full(detail: &ActivityDetail, own: &SportUnits, how: Detail) -> String {
    if how == Detail::Concise {
        return String::new();
    }
    let achievements: Vec<String> = detail
        .icu_achievements
        .iter()
        .flatten()
        .take(8)
        .map(|best| {
            let time = units::hours_minutes_seconds(best.secs);
            match best.kind.as_deref() {
                Some("BEST_POWER") => format!("best {} over {time}", whole(best.watts, "W")),
                Some("BEST_PACE") => {
                    let far = with_unit(own.distance(best.distance, 1), own.distance_unit());
                    format!("best pace {} over {far}", own.speed(best.pace))
                }
                Some("FTP_UP") => format!("FTP up to {}", whole(best.value, "W")),
                Some("LTHR_UP") => format!("LTHR up to {}", whole(best.value, "bpm")),
                _ => String::new(),
            }
        })
        .collect();
    joined(
        [
            named(
                "recorded",
                &units::hours_minutes_seconds(detail.icu_recording_time),
            ),
            named(
                "coasting",
                &units::hours_minutes_seconds(positive(detail.coasting_time)),
            ),
            named(
                "descent",
                &with_unit(
                    units::height(detail.total_elevation_loss, own.units),
                    units::height_unit(own.units),
                ),
            ),
            named("session RPE", &units::whole(detail.session_rpe)),
            named("TRIMP", &units::whole(detail.trimp)),
            named("strain score", &units::whole(detail.strain_score)),
            named("polarization index", &units::fixed(detail.polarization_index, 2)),
            named("carbs used", &whole(positive(detail.carbs_used), "g")),
            named("carbs taken", &whole(detail.carbs_ingested, "g")),
            named("load by power", &units::whole(detail.power_load)),
            named("by heart rate", &units::whole(detail.hr_load)),
            named("by pace", &units::whole(detail.pace_load)),
            joined(achievements, ", "),
        ],
        DOT,
    )
}

fn note(detail: &ActivityDetail, how: Detail) -> String {
    let limit = if how == Detail::Full { 2000 } else { 300 };
    let words = on_one_line(detail.description.as_deref().unwrap_or_default());
    named("note:", &fenced(&words, limit))
}

/// Names once what somebody would look for and nobody recorded.
fn not_recorded(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let rides = own.tempo == Tempo::Other && positive(activity.metres()).is_some();
    let missing = joined(
        [
            (rides && activity.icu_average_watts.is_none() && activity.icu_weighted_avg_watts.is_none())
                .then_some("power"),
            activity.average_heartrate.is_none().then_some("heart rate"),
            activity.icu_training_load.is_none().then_some("load"),
            activity.icu_rpe.is_none().then_some("RPE"),
            activity.feel.is_none().then_some("feel"),
        ]
        .into_iter()
        .flatten()
        .map(str::to_owned),
        ", ",
    );
    named("not recorded:", &missing)
}

/// One way to count zones: its header, its ranges, its times.
struct Set {
    name: String,
    ranges: Vec<String>,
    secs: Vec<Option<f64>>,
}

/// The table of time in zones, a row a zone, with the bounds that were used for this activity.
pub(super) fn zones(detail: &ActivityDetail, own: &SportUnits) -> String {
    let sets: Vec<Set> = [by_power(detail), by_heart(detail), by_pace(detail, own)]
        .into_iter()
        .flatten()
        .collect();
    let count = sets.iter().map(|set| set.secs.len()).max().unwrap_or(0);
    let count = count.min(MOST_ZONES);
    let mut columns = Columns::<usize>::new().column("zone", |zone| format!("Z{}", zone + 1));
    for set in &sets {
        let total: f64 = set.secs.iter().flatten().sum();
        let time = |zone: usize| set.secs.get(zone).copied().flatten();
        columns = columns
            .column(set.name.as_str(), |zone| {
                set.ranges.get(*zone).cloned().unwrap_or_default()
            })
            .column("time", move |zone| units::hours_minutes_seconds(time(*zone)))
            .column("%", move |zone| {
                units::whole(
                    time(*zone)
                        .filter(|_| total > 0.0)
                        .map(|time| time / total * 100.0),
                )
            });
    }
    let mut lines = vec![columns.table(&(0..count).collect::<Vec<_>>())];
    lines.push(sweet_spot(detail));
    if count > 0 {
        let used = joined(
            [
                named("LTHR", &whole(positive(detail.lthr), "bpm")),
                own.pace.map_or_else(String::new, |unit| {
                    named("threshold", &unit.pace(detail.threshold_pace))
                }),
            ],
            ", ",
        );
        let used = if used.is_empty() {
            used
        } else {
            format!(" ({used})")
        };
        lines.push(format!("Zones are those used for this activity{used}."));
    }
    joined(lines, "\n")
}

fn by_power(detail: &ActivityDetail) -> Option<Set> {
    let times = detail.activity.power_zone_times.as_ref();
    let secs = times.iter().flat_map(|times| &times.zones);
    let secs = secs.map(|secs| units::sane(*secs)).collect();
    let bounds = detail.icu_power_zones.as_deref().unwrap_or_default();
    let (name, ranges) = match positive(detail.activity.icu_ftp) {
        Some(ftp) => (
            "power W",
            ranges(&zones::watts(bounds, ftp), |watts| units::whole(Some(watts))),
        ),
        None => (
            "power % of FTP",
            ranges(&zones::watts(bounds, 100.0), |percent| {
                units::whole(Some(percent))
            }),
        ),
    };
    any(name.to_owned(), ranges, secs)
}

fn by_heart(detail: &ActivityDetail) -> Option<Set> {
    let bounds = zones::beats(detail.icu_hr_zones.as_deref().unwrap_or_default());
    let secs = detail.activity.hr_zone_times.as_deref().unwrap_or_default();
    any(
        "HR bpm".to_owned(),
        ranges(&bounds, |beats| units::whole(Some(beats))),
        secs.iter().copied().map(Some).collect(),
    )
}

/// By pace, or by grade adjusted pace when the athlete counts so.
fn by_pace(detail: &ActivityDetail, own: &SportUnits) -> Option<Set> {
    let activity = &detail.activity;
    let adjusted = activity.use_gap_zone_times == Some(true) && activity.gap_zone_times.is_some();
    let secs = if adjusted {
        activity.gap_zone_times.as_deref()
    } else {
        activity.pace_zone_times.as_deref()
    };
    let bounds = detail.pace_zones.as_deref().unwrap_or_default();
    let word = if adjusted { "GAP" } else { "pace" };
    let (name, ranges) = match (positive(detail.threshold_pace), own.pace) {
        (Some(threshold), Some(unit)) => (
            format!("{word} /{}", unit.name()),
            ranges_of_pace(&zones::speeds(bounds, threshold), |speed| unit.time(Some(speed))),
        ),
        (Some(threshold), None) => (
            units::speed_unit(own.units).to_owned(),
            ranges(&zones::speeds(bounds, threshold), |speed| {
                units::speed(Some(speed), own.units)
            }),
        ),
        (None, _) => (
            format!("{word} % of threshold"),
            ranges(&zones::speeds(bounds, 100.0), |percent| {
                units::at_most(Some(percent), 1)
            }),
        ),
    };
    any(
        name,
        ranges,
        secs.unwrap_or_default().iter().copied().map(Some).collect(),
    )
}

/// Only zones in which some time was spent are worth a table.
fn any(name: String, ranges: Vec<String>, secs: Vec<Option<f64>>) -> Option<Set> {
    let spent = secs.iter().flatten().any(|secs| *secs > 0.0);
    spent.then_some(Set { name, ranges, secs })
}

/// `≤135`, `136–184`, `≥370`
fn ranges(bands: &[Band], show: impl Fn(f64) -> String) -> Vec<String> {
    bands
        .iter()
        .map(|band| match (band.from, band.to) {
            (None, Some(to)) => format!("≤{}", show(to)),
            (Some(from), Some(to)) => format!("{}–{}", show(from), show(to)),
            (Some(from), None) => format!("≥{}", show(from)),
            (None, None) => "all".to_owned(),
        })
        .collect()
}

/// Slow to fast: `slower than 5:41`, `5:41–5:01`, `faster than 3:56`.
fn ranges_of_pace(bands: &[Band], show: impl Fn(f64) -> String) -> Vec<String> {
    bands
        .iter()
        .map(|band| match (band.from, band.to) {
            (None, Some(to)) => format!("slower than {}", show(to)),
            (Some(from), Some(to)) => format!("{}–{}", show(from), show(to)),
            (Some(from), None) => format!("faster than {}", show(from)),
            (None, None) => "all".to_owned(),
        })
        .collect()
}

fn sweet_spot(detail: &ActivityDetail) -> String {
    let times = detail.activity.power_zone_times.as_ref();
    let Some(secs) = times.and_then(|times| positive(times.sweet_spot)) else {
        return String::new();
    };
    let range = positive(detail.activity.icu_ftp)
        .zip(positive(detail.icu_sweet_spot_min))
        .zip(positive(detail.icu_sweet_spot_max))
        .map(|((ftp, min), max)| {
            let watts = |percent: f64| units::whole(Some((percent * ftp / 100.0).floor()));
            format!(" ({}–{} W)", watts(min), watts(max))
        });
    format!(
        "Sweet spot{}: {}; it overlaps the power zones.",
        range.unwrap_or_default(),
        units::hours_minutes_seconds(Some(secs))
    )
}
