//! The laps: where they come from, which ones repeat, and each of them.

use std::collections::HashMap;

use super::{Window, parts::units_of};
use crate::{
    intervals::model::{ActivityDetail, Event, Interval, IntervalGroup},
    text::{clean, fenced},
    tools::{
        answer::{
            self,
            cut::Cut,
            sport_units::SportUnits,
            table::Columns,
            units::{self, positive},
            words::{Line, joined, with_unit},
        },
        arguments::Detail,
        one_activity::{self, DECOUPLING},
        steps,
    },
    training::{
        laps::{Origin, PRESS},
        means::mean,
        sports::Tempo,
    },
};

/// Laps in a concise answer.
const LAPS: usize = 40;
/// Laps in a full one.
const MOST_LAPS: usize = 200;
/// Normalized power means something from this many seconds on.
const LONG_ENOUGH_FOR_NP: f64 = 600.0;
/// Sets beyond the alphabet have no name.
const SETS: usize = 26;

/// What the laps have figures of: zeros throughout are what a device without the sensor leaves.
#[derive(Debug, Clone, Copy)]
struct Recorded {
    distance: bool,
    cadence: bool,
}

impl Recorded {
    fn of(laps: &[Interval]) -> Self {
        let any =
            |figure: fn(&Interval) -> Option<f64>| laps.iter().any(|lap| positive(figure(lap)).is_some());
        Self {
            distance: any(|lap| lap.distance),
            cadence: any(|lap| lap.average_cadence),
        }
    }
}

/// Origin, repeats, table, and how to get the rest.
pub(super) fn block(
    (detail, plan): (&ActivityDetail, Option<&Event>),
    own: &SportUnits,
    window: Window,
    how: Detail,
) -> String {
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
    let origin = one_activity::origin_of(detail, laps);
    let steps = plan.and_then(|plan| steps_of(plan, detail, own));
    let count = laps.iter().filter(|lap| !is_press(lap)).count();
    let other = steps.as_ref().map(Vec::len).filter(|steps| *steps != count);
    let mut head = format!(
        "Laps {}: {}",
        laps.len(),
        source(detail, laps, own, (origin, other))
    );
    let is_auto = matches!(origin, Origin::EveryMetres(_) | Origin::EverySeconds(_));
    let planned = steps
        .filter(|_| other.is_none() && !is_auto)
        .map(|steps| beside(laps, steps));
    if planned.is_some() {
        head.push_str("; beside each its step of the plan, which has as many");
    }
    let mut lines = vec![head];
    if !window.is_all() {
        lines.push(format!(
            "Shown {}: {} of {}",
            window.in_words(),
            wanted.len(),
            answer::counted(laps.len(), "lap", "laps")
        ));
    }
    lines.push(presses(laps, own));
    let recorded = Recorded::of(laps);
    let ftp = positive(detail.activity.icu_ftp);
    lines.extend(
        sets.iter()
            .enumerate()
            .map(|(at, set)| set.line(at, (own, ftp), recorded)),
    );
    let cut = Cut::after(how.pick(LAPS, MOST_LAPS), &wanted);
    let planned = planned.unwrap_or_default();
    lines.push(table(
        cut.shown,
        (&sets[..], &planned[..]),
        detail,
        own,
        (how, recorded),
    ));
    let misleads = |lap: &Interval| {
        let average = positive(lap.average_heartrate).filter(|_| how == Detail::Full);
        low_heart_rate(lap, how).or(average).is_some()
    };
    if cut.shown.iter().any(|(_, lap)| misleads(lap)) {
        lines.push("Average, min and max HR of a lap do not prove time in a zone.".to_owned());
    }
    lines.push(cut.more("lap", |(_, next)| {
        let from = units::hours_minutes_seconds(next.start_time);
        match (from.is_empty(), how) {
            (false, _) => format!("use from={from}"),
            (true, Detail::Concise) => "use detail=full".to_owned(),
            (true, Detail::Full) => "intervals.icu gives them no times".to_owned(),
        }
    }));
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
            "Laps: none listed; intervals.icu summarizes them as {}.",
            summary.join(", ")
        );
    }
    if detail.activity.is_manual() {
        return "Laps: none; the activity was entered by hand.".to_owned();
    }
    if detail.analyzed.is_none() {
        return "Laps: intervals.icu has not analysed this activity yet; try again in a few minutes."
            .to_owned();
    }
    "Laps: none.".to_owned()
}

/// The lowest HR, where it is shown: how far it came down is a question about recoveries.
fn low_heart_rate(lap: &Interval, how: Detail) -> Option<f64> {
    let asked = how == Detail::Full || lap.is_recovery();
    positive(lap.min_heartrate).filter(|_| asked)
}

/// Moving time; for a rest elapsed time.
fn secs_of(lap: &Interval) -> Option<f64> {
    let moving = units::sane(lap.moving_time).filter(|_| !is_rest(lap));
    moving.or(elapsed_of(lap)).or(units::sane(lap.moving_time))
}

fn elapsed_of(lap: &Interval) -> Option<f64> {
    let running = lap.end_time.zip(lap.start_time).map(|(end, start)| end - start);
    positive(lap.elapsed_time).or(positive(running))
}

/// Whether it passed at a standstill: almost all of it, or more than half of a recovery.
fn is_rest(lap: &Interval) -> bool {
    let moving = units::sane(lap.moving_time);
    moving.zip(elapsed_of(lap)).is_some_and(|(moving, elapsed)| {
        moving <= 0.0 || moving < elapsed / 2.0 && (lap.is_recovery() || moving < PRESS)
    })
}

/// Whether the lap is too short to be a part of the training.
fn is_press(lap: &Interval) -> bool {
    secs_of(lap).is_some_and(|secs| secs < PRESS)
}

/// Names the laps that are too short. Between the lengths of a pool, a rest can be as short.
fn presses(laps: &[Interval], own: &SportUnits) -> String {
    let count = laps.iter().filter(|lap| is_press(lap)).count();
    if count == 0 {
        return String::new();
    }
    let why = if own.tempo == Tempo::Swim {
        ""
    } else {
        "button presses, "
    };
    let laps = answer::counted(count, "lap", "laps");
    format!("{laps} under {} s: {why}left out of sets", units::whole(PRESS))
}

/// The plan's steps one by one; none of a plan without steps, None if that is not known.
fn steps_of(plan: &Event, detail: &ActivityDetail, own: &SportUnits) -> Option<Vec<String>> {
    match &plan.workout_doc {
        None => Some(Vec::new()),
        Some(workout) => steps::one_by_one(workout, &units_of(plan, workout, &detail.activity, own)),
    }
}

/// The steps beside their laps; laps that are too short have none.
fn beside(laps: &[Interval], steps: Vec<String>) -> Vec<String> {
    let mut steps = steps.into_iter();
    let mut step = |lap: &Interval| if is_press(lap) { None } else { steps.next() };
    laps.iter().map(|lap| step(lap).unwrap_or_default()).collect()
}

/// Where the laps come from, in a line. `other`: how many steps the plan has, if that is another number.
fn source(
    detail: &ActivityDetail,
    laps: &[Interval],
    own: &SportUnits,
    (origin, other): (Origin, Option<usize>),
) -> String {
    let mut text = match origin {
        Origin::Edited => "edited by hand at intervals.icu".to_owned(),
        Origin::EveryMetres(metres) => {
            let far = with_unit(units::trimmed(own.distance(Some(metres), 2)), own.distance_unit());
            format!("auto-laps of the device, judging by their lengths: every {far}")
        }
        Origin::EverySeconds(secs) => format!(
            "auto-laps of the device, judging by their lengths: every {}",
            units::hours_minutes_seconds(secs)
        ),
        Origin::Structured if other.is_some() => {
            let steps = match other {
                Some(0) | None => "no steps".to_owned(),
                Some(other) => answer::counted(other, "step", "steps"),
            };
            format!("the device's laps; the planned workout that is paired has {steps}, so these are others")
        }
        Origin::Structured => {
            "the device's laps; a planned workout is paired, so most likely its steps".to_owned()
        }
        Origin::Device => "the device's laps (lap button or a workout on the device)".to_owned(),
        Origin::Detected { recorded: 0 | 1 } => {
            "found by intervals.icu; the recording has no laps".to_owned()
        }
        Origin::Detected { recorded } => {
            format!("found by intervals.icu; the device recorded {recorded} laps")
        }
        Origin::Unknown => "origin unknown".to_owned(),
    };
    if detail.lock_intervals == Some(true) {
        text.push_str(", locked by the athlete");
    }
    let follows_intent = origin == Origin::Edited || origin == Origin::Structured && other.is_none();
    if !follows_intent && laps.iter().any(Interval::is_recovery) {
        text.push_str("; intervals.icu labels them work or recovery");
    }
    text
}

/// Watts as shown in % of FTP. Upstream's `intensity` is of the normalized power, which a short lap does not show.
fn percent(watts: Option<f64>, ftp: Option<f64>) -> Option<f64> {
    Some(units::shown(watts, 0)? / ftp? * 100.0)
}

/// Laps that are repeats of each other.
struct Set<'a> {
    id: &'a str,
    laps: Vec<&'a Interval>,
    /// Upstream's averages over them, if it sent any.
    group: Option<&'a IntervalGroup>,
}

/// The sets of two or more laps, in the order of their first lap, as if no lap were too short.
fn sets(detail: &ActivityDetail) -> Vec<Set<'_>> {
    let mut sets: Vec<Set> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let laps = detail.icu_intervals.iter().flatten();
    for (id, lap) in laps
        .filter(|lap| !is_press(lap))
        .filter_map(|lap| Some((lap.group_id.as_deref()?, lap)))
    {
        let place = *places.entry(id).or_insert(sets.len());
        match sets.get_mut(place) {
            Some(set) => set.laps.push(lap),
            None => sets.push(Set {
                id,
                laps: vec![lap],
                group: None,
            }),
        }
    }
    sets.retain(|set| set.laps.len() > 1);
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
    fn line(&self, at: usize, (own, ftp): (&SportUnits, Option<f64>), recorded: Recorded) -> String {
        let (name, count) = (letter(at), self.laps.len());
        let Some(group) = self.group else {
            return format!("{name}: {count}× the same");
        };
        let watts = units::sane(group.average_watts);
        let cadence = group.average_cadence.filter(|_| recorded.cadence);
        // Upstream's averages of rests are of what little was moved.
        let secs = if self.laps.iter().any(|lap| is_rest(lap)) {
            mean(self.laps.iter().map(|lap| secs_of(lap))).map(|mean| mean.value)
        } else {
            group.moving_time.or(group.elapsed_time)
        };
        let time = units::hours_minutes_seconds(secs);
        let each = format!("{} each", own.distance_unit());
        Line::new()
            .words(format!("{name}: {count}× {time}").trim_end())
            .figure("", units::whole(watts), "W")
            .figure("", units::whole(percent(watts, ftp)), "% of FTP")
            .words(own.speed(positive(group.average_speed)))
            .figure("HR", units::whole(positive(group.average_heartrate)), "")
            .figure("", own.cadence(cadence), own.turns())
            .figure("", own.distance(positive(group.distance), 2), &each)
            .text()
    }
}

fn table(
    laps: &[(usize, &Interval)],
    (sets, planned): (&[Set], &[String]),
    detail: &ActivityDetail,
    own: &SportUnits,
    (how, recorded): (Detail, Recorded),
) -> String {
    type Row<'a> = (usize, &'a Interval);
    let clock = units::hours_minutes_seconds;
    let threshold = positive(detail.threshold_pace).filter(|_| own.tempo != Tempo::Other);
    // On hills only the pace without them compares with a threshold.
    let adjusted = |lap: &Interval| positive(lap.gap).filter(|_| own.tempo == Tempo::Foot);
    let of_threshold =
        |lap: &Interval| Some(adjusted(lap).or(positive(lap.average_speed))? / threshold? * 100.0);
    let of_what = if laps.iter().any(|(_, lap)| adjusted(lap).is_some()) {
        "% of threshold by GAP"
    } else {
        "% of threshold speed"
    };
    let ftp = positive(detail.activity.icu_ftp);
    let time = if laps.iter().any(|(_, lap)| is_rest(lap)) {
        "time (moving; rests: elapsed)"
    } else {
        "time (moving)"
    };
    Columns::<Row<'_>>::new()
        .column("lap", |(at, _)| (at + 1).to_string())
        .column("what", |(_, lap)| what(lap, own, recorded))
        .column("set", |(_, lap)| {
            let id = lap.group_id.as_deref().filter(|_| !is_press(lap));
            let set = id.and_then(|id| sets.iter().position(|set| set.id == id));
            set.map_or_else(String::new, letter)
        })
        .column("planned step", |(at, _)| {
            planned.get(*at).cloned().unwrap_or_default()
        })
        .column("start (elapsed)", |(_, lap)| clock(lap.start_time))
        .column(time, |(_, lap)| clock(secs_of(lap)))
        .in_full("elapsed", |(_, lap)| {
            let shown = secs_of(lap);
            let longer = |elapsed: &f64| shown.is_none_or(|shown| (elapsed - shown).abs() >= 1.0);
            clock(lap.elapsed_time.filter(longer))
        })
        .column(own.distance_unit(), |(_, lap)| {
            own.distance(lap.distance.filter(|_| recorded.distance), 2)
        })
        .column("W", |(_, lap)| units::whole(lap.average_watts))
        .column("% of FTP", |(_, lap)| {
            units::whole(percent(lap.average_watts, ftp))
        })
        .column("NP W", |(_, lap)| {
            let long = secs_of(lap).is_some_and(|secs| secs >= LONG_ENOUGH_FOR_NP);
            units::whole(positive(lap.weighted_average_watts).filter(|_| long))
        })
        .in_full("max W", |(_, lap)| units::whole(lap.max_watts))
        .in_full("W/kg", |(_, lap)| units::fixed(lap.average_watts_kg, 2))
        .column("power zone", |(_, lap)| {
            units::whole(lap.zone.filter(|_| units::sane(lap.average_watts).is_some()))
        })
        .column(own.speed_header(), |(_, lap)| {
            own.speed_cell(positive(lap.average_speed))
        })
        .column(of_what, |(_, lap)| units::whole(of_threshold(lap)))
        .column(own.speed_header_of("GAP"), |(_, lap)| {
            own.pace.map_or_else(String::new, |unit| unit.time(lap.gap))
        })
        .column("HR", |(_, lap)| units::whole(positive(lap.average_heartrate)))
        .column("min HR", |(_, lap)| units::whole(low_heart_rate(lap, how)))
        .column("max HR", |(_, lap)| units::whole(positive(lap.max_heartrate)))
        .column(own.turns(), |(_, lap)| {
            own.cadence(lap.average_cadence.filter(|_| recorded.cadence))
        })
        .column(format!("climb {}", units::height_unit(own.units)), |(_, lap)| {
            units::height(lap.total_elevation_gain, own.units)
        })
        .column("grade %", |(_, lap)| {
            units::fixed(lap.average_gradient.map(|fraction| fraction * 100.0), 1)
        })
        .column("W′ end kJ", |(_, lap)| units::kilo(lap.wbal_end, 1))
        .in_full("load", |(_, lap)| units::whole(lap.training_load))
        .in_full("kJ", |(_, lap)| units::kilo(lap.joules, 0))
        .in_full(DECOUPLING, |(_, lap)| units::fixed(lap.decoupling, 1))
        .in_full(units::temperature_unit(own.units), |(_, lap)| {
            units::temperature(lap.average_temp, own.units)
        })
        .table_in(how, laps)
}

/// `work`, `recovery`, `rest`, after the lap's name if it has one.
fn what(lap: &Interval, own: &SportUnits, recorded: Recorded) -> String {
    let still = recorded.distance && units::sane(lap.distance).is_some_and(|metres| metres < 1.0);
    let kind = if lap.is_recovery() && (own.tempo == Tempo::Swim && still || is_rest(lap)) {
        "rest".to_owned()
    } else {
        one_activity::kind(lap)
    };
    let label = fenced(lap.label.as_deref().unwrap_or_default(), 24);
    match (label.is_empty(), kind.is_empty()) {
        (true, _) => kind,
        (false, true) => label,
        (false, false) => format!("{label} ({kind})"),
    }
}
