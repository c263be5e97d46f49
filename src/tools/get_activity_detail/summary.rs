//! The activity's own figures, as intervals.icu computed them, and its time in zones.

use chrono::NaiveDate;
use serde_json::Value;

use crate::{
    intervals::model::{ActivityDetail, CustomField},
    text::{clean, fenced},
    tools::{
        answer::{
            bands::{BY_PACE, UPWARDS, ranges},
            sport_units::SportUnits,
            table::Columns,
            units::{self, hours_minutes_seconds as clock, positive},
            words::{DOT, Line, around, in_brackets, joined, named, on_one_line, with_unit},
        },
        arguments::Detail,
        one_activity::{decoupling_means, has_power},
    },
    training::{sports::Tempo, zones},
};

/// No one uses more zones; a longer list is an error in upstream's data.
const MOST_ZONES: usize = 20;

/// The figures, one subject per line.
pub(super) fn lines(
    (detail, names): (&ActivityDetail, &[CustomField]),
    own: &SportUnits,
    how: Detail,
    today: NaiveDate,
) -> Vec<String> {
    vec![
        size(detail, own),
        power(detail),
        heart(detail),
        movement(detail, own),
        effort(detail),
        standing(detail, today),
        circumstances(detail, own),
        weather(detail, own),
        full(detail, own, how),
        own_fields(detail, names, how),
        note(detail, how),
        not_recorded(detail, own),
    ]
}

fn whole(value: Option<f64>, unit: &str) -> String {
    with_unit(units::whole(value), unit)
}

/// Time, distance, elevation gain, load.
fn size(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    // The load's kind is known if it equals one of those that intervals.icu chooses from.
    let load = positive(activity.load());
    let by = [
        ("power", detail.power_load),
        ("heart rate", detail.hr_load),
        ("pace", activity.pace_load),
    ];
    let same: Vec<&str> = by
        .iter()
        .filter(|(_, own)| load.is_some() && *own == load)
        .map(|(name, _)| *name)
        .collect();
    let by = match same.as_slice() {
        [one] => format!("(by {one})"),
        _ => String::new(),
    };
    Line::new()
        .figure("moving", clock(positive(activity.moving_time)), "")
        .figure("elapsed", clock(positive(activity.elapsed_time)), "")
        .words(own.way(positive(activity.metres()), 1))
        .figure("climb", units::height_in_words(activity.climb(), own.units), "")
        .figure("load", units::whole(activity.load()), &by)
        .figure("IF", units::intensity(positive(activity.icu_intensity)), "")
        .text()
}

fn power(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let (average, normalized) = (
        positive(activity.icu_average_watts),
        positive(activity.icu_weighted_avg_watts),
    );
    if average.or(normalized).is_none() {
        return String::new();
    }
    let per_kg = normalized
        .zip(positive(detail.icu_weight))
        .map(|(watts, kg)| format!("({} W/kg)", units::fixed(watts / kg, 2)));
    let above = match units::kilo(detail.icu_joules_above_ftp, 0) {
        above if above.is_empty() => above,
        above => format!("({above} kJ above FTP)"),
    };
    let estimated = detail.device_watts == Some(false);
    let line = Line::new()
        .figure("avg", units::whole(average), "W")
        .figure("NP", whole(normalized, "W"), &per_kg.unwrap_or_default())
        .figure("VI", units::fixed(positive(detail.icu_variability_index), 2), "")
        .figure("work", with_unit(units::kilo(detail.icu_joules, 0), "kJ"), &above)
        .figure("FTP used", units::whole(positive(activity.icu_ftp)), "W")
        .words(if estimated {
            "estimated, no power meter"
        } else {
            ""
        });
    format!("power: {}", line.text())
}

fn heart(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let line = Line::new()
        .figure("avg", units::whole(positive(activity.average_heartrate)), "")
        .figure("max", units::whole(positive(activity.max_heartrate)), "")
        .figure("EF", units::fixed(positive(detail.icu_efficiency_factor), 2), "")
        .figure(
            "decoupling",
            units::fixed(activity.decoupling, 1),
            &format!("% {}", in_brackets(decoupling_means(detail))),
        );
    named("heart rate:", &line.text())
}

/// Speed or pace, cadence, energy.
fn movement(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let word = if own.pace.is_some() { "pace" } else { "speed" };
    let max_speed = positive(detail.max_speed).filter(|_| own.pace.is_none());
    let lengths = match (positive(detail.lengths), positive(activity.pool_length)) {
        (Some(count), Some(pool)) => {
            format!("{} lengths of {}", units::whole(count), own.pool(pool))
        }
        (None, Some(pool)) if own.tempo == Tempo::Swim => format!("pool {}", own.pool(pool)),
        _ => String::new(),
    };
    Line::new()
        .figure(word, own.speed(positive(activity.speed())), "")
        .figure("GAP", own.only_pace(activity.gap), "")
        .figure("max speed", own.speed(max_speed), "")
        .figure(
            "cadence",
            own.cadence(positive(activity.average_cadence)),
            own.turns(),
        )
        .words(lengths)
        .words(whole(positive(activity.calories), "kcal"))
        .figure(
            "lifted",
            units::weight_in_words(positive(detail.kg_lifted), own.units),
            "",
        )
        .text()
}

/// How it felt, and how closely it followed the plan.
fn effort(detail: &ActivityDetail) -> String {
    let activity = &detail.activity;
    let of = |figure: String, scale: &str| if figure.is_empty() { figure } else { figure + scale };
    let planned = activity.paired_event_id.map(|event| event.to_string());
    let done = units::whole(activity.done_of_plan());
    Line::new()
        .figure("RPE", of(units::at_most(activity.rpe(), 1), "/10"), "")
        .figure(
            "session RPE load",
            units::whole(positive(activity.session_rpe)),
            "",
        )
        .figure("feel", of(units::whole(activity.feel), "/5"), "(1 strong)")
        .figure("planned workout", planned.unwrap_or_default(), "")
        .words(around("", &done, "% of the plan done (intervals.icu's figure)"))
        .text()
}

/// Fitness after the activity. Today's may count what is only planned.
fn standing(detail: &ActivityDetail, today: NaiveDate) -> String {
    let form = units::sane(detail.icu_ctl)
        .zip(units::sane(detail.icu_atl))
        .map(|(ctl, atl)| ctl - atl);
    let fitness = joined(
        [
            named("CTL", &units::fixed(detail.icu_ctl, 1)),
            named("ATL", &units::fixed(detail.icu_atl, 1)),
            named("form", &units::signed(form, 1)),
        ],
        ", ",
    );
    let doubt = if is_of_today(detail, today) {
        "(may hold load that is only planned)"
    } else {
        ""
    };
    let after = [
        around("", &fitness, doubt),
        named("eFTP", &whole(positive(detail.icu_rolling_ftp), "W")),
    ];
    named("after it:", &joined(after, ", "))
}

/// Whether the fitness after it is that of a day that is not over.
pub(super) fn is_of_today(detail: &ActivityDetail, today: NaiveDate) -> bool {
    detail.activity.day().is_some_and(|day| day >= today)
}

/// Special circumstances and equipment.
fn circumstances(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let sub = clean(activity.sub_type.as_deref().unwrap_or_default(), 20).to_lowercase();
    let marks = [
        (activity.race, "race"),
        (detail.commute, "commute"),
        (activity.trainer, "indoor"),
    ];
    let marks = marks
        .into_iter()
        .filter(|(is, word)| *is == Some(true) && sub != *word);
    let marks = joined(marks.map(|(_, word)| word), ", ");
    let sub = if sub == "none" { "" } else { sub.as_str() };
    let tags = activity.tags.iter().flatten().take(12).map(|tag| fenced(tag, 40));
    let gear = detail.gear.as_ref().map_or_else(String::new, |gear| {
        let name = fenced(gear.name.as_deref().unwrap_or_default(), 60);
        match units::distance_in_words(positive(gear.distance), own.units, 0) {
            far if name.is_empty() || far.is_empty() => name,
            far => format!("{name} ({far} so far)"),
        }
    });
    let device = |name: &Option<String>| fenced(name.as_deref().unwrap_or_default(), 40);
    Line::new()
        .words(joined([sub, &marks], ", "))
        .words(if activity.is_manual() {
            "entered by hand"
        } else {
            ""
        })
        .figure("tags", joined(tags, ", "), "")
        .figure("gear", gear, "")
        .figure("device", device(&activity.device_name), "")
        .figure("power meter", device(&detail.power_meter), "")
        .text()
}

fn weather(detail: &ActivityDetail, own: &SportUnits) -> String {
    let degrees = |celsius| units::temperature_in_words(celsius, own.units);
    let line = Line::new()
        .words(degrees(detail.average_weather_temp))
        .figure("feels like", degrees(detail.average_feels_like), "")
        .figure(
            "wind",
            units::speed_in_words(detail.average_wind_speed, own.units),
            "",
        )
        .figure("device measured", degrees(detail.average_temp), "");
    named("weather:", &line.text())
}

/// What only `detail: full` shows.
fn full(detail: &ActivityDetail, own: &SportUnits, how: Detail) -> String {
    if how == Detail::Concise {
        return String::new();
    }
    let achievements = detail.icu_achievements.iter().flatten().take(8);
    let achievements = achievements.map(|best| match best.kind.as_deref() {
        Some("BEST_POWER") => format!("best {} over {}", whole(best.watts, "W"), clock(best.secs)),
        Some("BEST_PACE") => {
            format!(
                "best pace {} over {}",
                own.speed(best.pace),
                own.way(best.distance, 1)
            )
        }
        Some("FTP_UP") => format!("FTP up to {}", whole(best.value, "W")),
        Some("LTHR_UP") => format!("LTHR up to {}", whole(best.value, "bpm")),
        _ => String::new(),
    });
    Line::new()
        .figure("recorded", clock(positive(detail.icu_recording_time)), "")
        .figure("coasting", clock(positive(detail.coasting_time)), "")
        .figure(
            "descent",
            units::height_in_words(detail.total_elevation_loss, own.units),
            "",
        )
        .figure("TRIMP", units::whole(positive(detail.trimp)), "")
        .figure("strain score", units::whole(positive(detail.strain_score)), "")
        .figure(
            "polarization index",
            units::fixed(detail.polarization_index, 2),
            "",
        )
        .figure("carbs used", units::whole(positive(detail.carbs_used)), "g")
        .figure("carbs taken", units::whole(detail.carbs_ingested), "g")
        .figure("load by power", units::whole(positive(detail.power_load)), "")
        .figure("load by heart rate", units::whole(positive(detail.hr_load)), "")
        .figure(
            "load by pace",
            units::whole(positive(detail.activity.pace_load)),
            "",
        )
        .words(joined(achievements, ", "))
        .text()
}

/// The fields that the athlete made, by their names: `own fields: «Lactate» 4.2 · «Fuel» «2 gels»`; a concise answer has no values.
fn own_fields(detail: &ActivityDetail, names: &[CustomField], how: Detail) -> String {
    let name = |code: &str| {
        let known = names.iter().find(|field| field.code == code);
        fenced(known.map_or(code, |field| field.name.as_str()), 40)
    };
    let fields = detail.own.iter();
    match how {
        Detail::Concise => {
            let fields = joined(fields.map(|(code, _)| name(code)), ", ");
            around("own fields:", &fields, "(values with detail=full)")
        }
        Detail::Full => {
            let fields = fields.map(|(code, value)| joined([name(code), own_value(value)], " "));
            named("own fields:", &joined(fields, DOT))
        }
    }
}

/// A number, a text or choices, as the athlete entered them.
fn own_value(value: &Value) -> String {
    match value {
        Value::Number(number) => units::at_most(number.as_f64(), 3),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::String(text) => fenced(&on_one_line(text), 300),
        Value::Array(choices) => joined(choices.iter().take(20).map(own_value), ", "),
        Value::Null | Value::Object(_) => String::new(),
    }
}

fn note(detail: &ActivityDetail, how: Detail) -> String {
    let limit = how.pick(300, 2000);
    let words = on_one_line(detail.description.as_deref().unwrap_or_default());
    named("note:", &fenced(&words, limit))
}

/// Names once what people would look for and was not recorded.
fn not_recorded(detail: &ActivityDetail, own: &SportUnits) -> String {
    let activity = &detail.activity;
    let rides = own.tempo == Tempo::Other && positive(activity.metres()).is_some();
    let lasted = positive(activity.moving_time).or(positive(activity.elapsed_time));
    let far = own.tempo == Tempo::Other || positive(activity.metres()).is_some();
    let missing = joined(
        [
            lasted.is_none().then_some("time"),
            (!far).then_some("distance"),
            (activity.total_elevation_gain.is_some() && activity.climb().is_none()).then_some("altitude"),
            (rides && !has_power(detail)).then_some("power"),
            positive(activity.average_heartrate)
                .is_none()
                .then_some("heart rate"),
            activity.load().is_none().then_some(
                if activity.icu_training_load.is_some() && own.tempo != Tempo::Swim {
                    "load (no power or heart rate to compute it from)"
                } else {
                    "load"
                },
            ),
            activity.rpe().is_none().then_some("RPE"),
            activity.feel.is_none().then_some("feel"),
        ]
        .into_iter()
        .flatten()
        .map(str::to_owned),
        ", ",
    );
    named("not recorded:", &missing)
}

/// Zones of one kind: what they are by, header, ranges, times.
struct Set {
    base: &'static str,
    name: String,
    ranges: Vec<String>,
    secs: Vec<Option<f64>>,
}

impl Set {
    /// s in a zone, and percent of the time in all of them; None where that rounds to 0 %.
    fn spent(&self, zone: usize) -> Option<(f64, f64)> {
        let total: f64 = self.secs.iter().take(MOST_ZONES).flatten().sum();
        let secs = self.secs.get(zone).copied().flatten()?;
        let percent = secs / total * 100.0;
        (percent >= 0.5).then_some((secs, percent))
    }
}

/// The table of time in zones, one row per zone with any time, with the bounds used for this activity.
pub(super) fn zones(detail: &ActivityDetail, own: &SportUnits) -> String {
    let sets: Vec<Set> = [by_power(detail), by_heart(detail), by_pace(detail, own)]
        .into_iter()
        .flatten()
        .collect();
    let count = sets.iter().map(|set| set.secs.len()).max().unwrap_or(0);
    let is_used = |zone: &usize| sets.iter().any(|set| set.spent(*zone).is_some());
    let used: Vec<usize> = (0..count.min(MOST_ZONES)).filter(is_used).collect();
    let mut columns = Columns::<usize>::new().column("zone", |zone| format!("Z{}", zone + 1));
    for set in &sets {
        let range = |zone: &usize| set.ranges.get(*zone).cloned().unwrap_or_default();
        // Without bounds there is no column whose header says what the zones are by.
        let has_ranges = used.iter().any(|zone| !range(zone).is_empty());
        let base = if has_ranges { "" } else { set.base };
        columns = columns
            .column(set.name.as_str(), range)
            .column(named(base, "time"), move |zone| {
                clock(set.spent(*zone).map(|(secs, _)| secs))
            })
            .column("%", move |zone| {
                units::whole(set.spent(*zone).map(|(_, percent)| percent))
            });
    }
    let mut lines = vec![columns.table(&used)];
    lines.push(sweet_spot(detail));
    if !used.is_empty() {
        let by = [
            named("LTHR", &whole(positive(detail.lthr), "bpm")),
            named("threshold", &own.only_pace(detail.threshold_pace)),
        ];
        let by = in_brackets(&joined(by, ", "));
        let is_left_out = |set: &Set| {
            let times = set.secs.iter().enumerate();
            let mut times = times.filter(|(zone, secs)| positive(**secs).is_some() || used.contains(zone));
            times.any(|(zone, _)| set.spent(zone).is_none())
        };
        let less = if sets.iter().any(is_left_out) {
            "; 0 % is left out"
        } else {
            ""
        };
        lines.push(format!(
            "{}{less}.",
            joined(["Zones are those used for this activity", &by], " ")
        ));
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
            ranges(&zones::watts(bounds, ftp), UPWARDS, units::whole),
        ),
        None => (
            "power % of FTP",
            ranges(&zones::watts(bounds, 100.0), UPWARDS, |percent| {
                units::whole(percent)
            }),
        ),
    };
    any("power", name.to_owned(), ranges, secs)
}

fn by_heart(detail: &ActivityDetail) -> Option<Set> {
    let bounds = zones::beats(detail.icu_hr_zones.as_deref().unwrap_or_default());
    let secs = detail.activity.hr_zone_times.as_deref().unwrap_or_default();
    any(
        "HR",
        "HR bpm".to_owned(),
        ranges(&bounds, UPWARDS, units::whole),
        secs.iter().copied().map(Some).collect(),
    )
}

/// By pace, or by GAP if the athlete chose that.
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
            ranges(&zones::speeds(bounds, threshold), BY_PACE, |speed| {
                unit.time(Some(speed))
            }),
        ),
        (Some(threshold), None) => (
            units::speed_unit(own.units).to_owned(),
            ranges(&zones::speeds(bounds, threshold), UPWARDS, |speed| {
                units::speed(Some(speed), own.units)
            }),
        ),
        (None, _) => (
            format!("{word} % of threshold"),
            ranges(&zones::speeds(bounds, 100.0), UPWARDS, |percent| {
                units::at_most(percent, 1)
            }),
        ),
    };
    any(
        word,
        name,
        ranges,
        secs.unwrap_or_default().iter().copied().map(Some).collect(),
    )
}

/// None unless some time was spent in the zones.
fn any(base: &'static str, name: String, ranges: Vec<String>, secs: Vec<Option<f64>>) -> Option<Set> {
    let spent = secs.iter().flatten().any(|secs| *secs > 0.0);
    spent.then_some(Set {
        base,
        name,
        ranges,
        secs,
    })
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
            let watts = |percent: f64| units::whole((percent * ftp / 100.0).floor());
            format!(" ({}–{} W)", watts(min), watts(max))
        });
    format!(
        "Sweet spot{}: {}; it overlaps the power zones.",
        range.unwrap_or_default(),
        clock(Some(secs))
    )
}
