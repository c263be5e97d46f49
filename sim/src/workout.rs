//! Structured workouts of the seeded calendar: their text, their `workout_doc` and their planned numbers.
//!
//! It renders what the simulator itself plans. It does not read workout text.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::{Map, Value, json};

use super::dice::{round, whole};

/// Upper bounds of the power zones, % of FTP.
pub(super) const POWER_ZONES: [u32; 7] = [55, 75, 90, 105, 120, 150, 999];
/// Upper bounds of the pace zones, % of threshold speed.
pub(super) const PACE_ZONES: [f64; 7] = [77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0];
/// Sweet spot, % of FTP.
pub(super) const SWEET_SPOT: (u32, u32) = (84, 97);

/// Upper bounds of the heart rate zones that measure a plan, % of LTHR: typical ones, for plans only.
const HR_ZONES: [u32; 7] = [81, 89, 93, 99, 102, 106, 111];
/// Typical resting and maximum heart rate as shares of LTHR, for the load of a plan by heart rate.
const RESTING: f64 = 0.29;
const MAXIMUM: f64 = 1.105;

/// What a step's target is a percentage of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// FTP.
    Power,
    /// Threshold speed.
    Pace,
    /// Threshold speed of swims, where load grows with the third power.
    Swim,
    /// LTHR.
    Heart,
}

/// What an absolute pace counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Km,
    Mile,
    HundredMetres,
    HundredYards,
}

impl Unit {
    const fn word(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::Mile => "mi",
            Self::HundredMetres => "100m",
            Self::HundredYards => "100y",
        }
    }

    const fn metres(self) -> f64 {
        match self {
            Self::Km => 1000.0,
            Self::Mile => 1609.344,
            Self::HundredMetres => 100.0,
            Self::HundredYards => 91.44,
        }
    }
}

/// How the text words a target; low and high are equal for a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// The step's `target` as it is: `%`, `% Pace`, `% LTHR`.
    Share,
    /// `230-245w`.
    Watts(u32, u32),
    /// `Z3-Z4`.
    PowerZone(usize, usize),
    /// `Z2 HR`.
    HrZone(usize, usize),
    /// `70% HR`: of the maximum.
    OfMaxHr(u32, u32),
    /// `Z1 Pace`.
    PaceZone(usize, usize),
    /// `4:20-4:15/km Pace`, seconds.
    Clock(Unit, u32, u32),
    /// `freeride`: no target, and no watts counted.
    Free,
    /// `maxeffort`, with no watts counted.
    Most,
}

impl Goal {
    /// The goal in percent of `threshold` (W, m/s or bpm), for the activity of that day.
    fn share(self, threshold: f64) -> Option<(u32, u32)> {
        let percent = |value: f64| whole(100.0 * value / threshold);
        let zone = |bounds: [u32; 7], low: usize, high: usize| {
            let first = if low > 1 {
                bounds[low - 2] + 1
            } else {
                bounds[0] * 4 / 5
            };
            (first, bounds[high - 1])
        };
        Some(match self {
            Self::Share => return None,
            Self::Watts(low, high) => (percent(f64::from(low)), percent(f64::from(high))),
            Self::PowerZone(low, high) => zone(POWER_ZONES, low, high),
            Self::HrZone(low, high) => zone(HR_ZONES, low, high),
            Self::OfMaxHr(low, high) => {
                let of_lthr = |share| whole(f64::from(share) * MAXIMUM);
                (of_lthr(low), of_lthr(high))
            }
            Self::PaceZone(low, high) => zone(PACE_ZONES.map(whole), low, high),
            Self::Clock(unit, from, to) => {
                let speed = |secs| unit.metres() / f64::from(secs);
                (percent(speed(from)), percent(speed(to)))
            }
            Self::Free => (58, 66),
            Self::Most => (150, 170),
        })
    }
}

/// A length instead of a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Length {
    /// As the text writes it: `1km`, `50mtr`, `100yrd`.
    text: &'static str,
    metres: f64,
}

/// One duration at one target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) label: &'static str,
    /// s; for a step with a length, the time that it takes.
    pub(super) secs: u32,
    /// Start (or low end) and end (or high end), percent; equal for a point.
    pub(super) target: (u32, u32),
    pub(super) goal: Goal,
    pub(super) length: Option<Length>,
    pub(super) ramp: bool,
    /// rpm; equal for a point, 0 for none.
    pub(super) cadence: (u32, u32),
    pub(super) until_lap_press: bool,
}

/// A block of a workout.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Warmup(Vec<Step>),
    Main(Vec<Step>),
    Repeat(&'static str, u32, Vec<Step>),
    Cooldown(Vec<Step>),
    /// Lines of the description from which upstream makes no step.
    Prose(&'static str),
}

/// A planned workout.
#[derive(Debug, Clone)]
pub(super) struct Workout {
    pub(super) by: By,
    pub(super) parts: Vec<Part>,
}

/// What a plan adds up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Totals {
    /// s.
    pub(super) secs: u32,
    /// m, by pace only.
    pub(super) distance: f64,
    /// W, by power only.
    pub(super) np: u32,
    /// W, by power only.
    pub(super) average: u32,
    /// J, by power only.
    pub(super) joules: u32,
    pub(super) load: u32,
}

/// Where a document's absolute values come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// W, m/s or bpm: what the workout's percentages are of.
    pub(super) threshold: f64,
    /// bpm.
    pub(super) lthr: u32,
    /// bpm.
    pub(super) max_hr: u32,
    /// Upper bounds, bpm.
    pub(super) hr_zones: [u32; 7],
    /// How the sport shows pace, such as `MINS_KM`.
    pub(super) pace_units: &'static str,
}

/// What totals depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    by: By,
    threshold: u64,
    steps: Vec<KeyStep>,
}

/// Seconds, target, goal, ramp, bits of the length.
type KeyStep = (u32, (u32, u32), Goal, bool, Option<u64>);

/// The results of a pure function.
static MEMO: LazyLock<Mutex<HashMap<Key, Totals>>> = LazyLock::new(Mutex::default);

/// A step at `low`–`high` percent.
pub(super) const fn step(label: &'static str, minutes: u32, low: u32, high: u32) -> Step {
    Step {
        label,
        secs: minutes * 60,
        target: (low, high),
        goal: Goal::Share,
        length: None,
        ramp: false,
        cadence: (0, 0),
        until_lap_press: false,
    }
}

/// A step that goes from `from` to `to` percent.
pub(super) const fn ramp(minutes: u32, from: u32, to: u32) -> Step {
    Step {
        ramp: true,
        ..step("", minutes, from, to)
    }
}

/// A step towards `goal`, for an athlete with `threshold` (W, m/s or bpm).
pub(super) fn toward(label: &'static str, minutes: u32, goal: Goal, threshold: f64) -> Step {
    let (low, high) = goal.share(threshold).unwrap_or_default();
    Step {
        goal,
        ..step(label, minutes, low, high)
    }
}

/// Whole watts that a power zone stands for in a plan.
fn zone_watts(zone: usize, ftp: f64) -> (f64, f64) {
    let bound = |zone: usize| (f64::from(POWER_ZONES[zone - 1]) * ftp / 100.0 + 1e-9).floor();
    let high = bound(zone);
    let low = if zone == 1 {
        (high * 0.8).floor()
    } else {
        bound(zone - 1) + 1.0
    };
    (low, high)
}

/// `Z1` – `Z7`.
fn is_zone(label: &str) -> bool {
    matches!(label.as_bytes(), [b'Z', b'1'..=b'7'])
}

/// `%ftp`, `rpm` … with one value or two.
fn span(low: f64, high: f64, units: &str) -> Value {
    if (low - high).abs() < f64::EPSILON {
        json!({"units": units, "value": low})
    } else {
        json!({"units": units, "start": low, "end": high})
    }
}

impl Step {
    /// The same with a cadence.
    pub(super) const fn at_rpm(self, low: u32, high: u32) -> Self {
        Self {
            cadence: (low, high),
            ..self
        }
    }

    /// The same for this many seconds.
    pub(super) const fn lasting(self, secs: u32) -> Self {
        Self { secs, ..self }
    }

    /// The same until the lap button is pressed.
    pub(super) const fn until_lap_press(self) -> Self {
        Self {
            until_lap_press: true,
            ..self
        }
    }

    /// The same for this many metres, which take the time that they take at the target's middle, in whole seconds.
    pub(super) fn over(self, text: &'static str, metres: f64, threshold: f64) -> Self {
        // A hair more, for a quotient that is whole except for its rounding.
        let secs = (metres / self.speed(threshold).max(0.1) + 1e-9).floor();
        Self {
            secs: whole(secs),
            length: Some(Length { text, metres }),
            ..self
        }
    }

    /// Bounds in watts, each truncated to whole ones.
    fn watts(&self, ftp: f64) -> (f64, f64) {
        let bound = |percent: u32| (f64::from(percent) * ftp / 100.0 + 1e-9).floor();
        match self.goal {
            Goal::Watts(low, high) => (f64::from(low), f64::from(high)),
            Goal::PowerZone(low, high) => (zone_watts(low, ftp).0, zone_watts(high, ftp).1),
            Goal::Free | Goal::Most => (0.0, 0.0),
            _ => (bound(self.target.0), bound(self.target.1)),
        }
    }

    /// Watts that a plan counts throughout, unless it is a ramp.
    fn steady_watts(&self, ftp: f64) -> f64 {
        let (low, high) = self.watts(ftp);
        let middle = f64::midpoint(low, high);
        match self.goal {
            Goal::PowerZone(..) => (middle + 0.5).floor(),
            _ => middle,
        }
    }

    /// First and last speed, m/s.
    fn speeds(&self, threshold: f64) -> (f64, f64) {
        let share = |percent: f64| percent / 100.0 * threshold;
        match self.goal {
            Goal::PaceZone(low, high) => {
                let first = if low > 1 {
                    PACE_ZONES[low - 2] + 1.0
                } else {
                    PACE_ZONES[0] * 0.8
                };
                (share(first), share(PACE_ZONES[high - 1]))
            }
            Goal::Clock(unit, from, to) => (unit.metres() / f64::from(from), unit.metres() / f64::from(to)),
            _ => (share(f64::from(self.target.0)), share(f64::from(self.target.1))),
        }
    }

    /// The speed that a plan counts: the middle; for an absolute pace, the middle of the times.
    fn speed(&self, threshold: f64) -> f64 {
        if let Goal::Clock(unit, from, to) = self.goal {
            return unit.metres() / (f64::from(from + to) / 2.0);
        }
        let (first, last) = self.speeds(threshold);
        f64::midpoint(first, last)
    }

    /// Metres that the step takes.
    fn metres(&self, threshold: f64) -> f64 {
        match self.length {
            Some(length) => length.metres,
            None => self.speed(threshold) * f64::from(self.secs),
        }
    }

    /// The target as upstream's workout language writes it.
    fn goal_text(&self, by: By) -> String {
        let two = |low: String, high: String, unit: &str| {
            if low == high {
                format!("{low}{unit}")
            } else {
                format!("{low}-{high}{unit}")
            }
        };
        let numbers = |low: u32, high: u32, unit| two(low.to_string(), high.to_string(), unit);
        let zones = |low: usize, high: usize, unit| two(format!("Z{low}"), format!("Z{high}"), unit);
        let clock = |secs: u32| format!("{}:{:02}", secs / 60, secs % 60);
        match self.goal {
            Goal::Share => {
                let unit = match by {
                    By::Power => "%",
                    By::Pace | By::Swim => "% Pace",
                    By::Heart => "% LTHR",
                };
                numbers(self.target.0, self.target.1, unit)
            }
            Goal::Watts(low, high) => numbers(low, high, "w"),
            Goal::PowerZone(low, high) => zones(low, high, ""),
            Goal::HrZone(low, high) => zones(low, high, " HR"),
            Goal::OfMaxHr(low, high) => numbers(low, high, "% HR"),
            Goal::PaceZone(low, high) => zones(low, high, " Pace"),
            Goal::Clock(unit, from, to) => two(clock(from), clock(to), &format!("/{} Pace", unit.word())),
            Goal::Free => "freeride".to_owned(),
            Goal::Most => "maxeffort".to_owned(),
        }
    }

    fn text(&self, by: By) -> String {
        let mut words = vec!["-".to_owned()];
        if !self.label.is_empty() {
            words.push(self.label.to_owned());
        }
        words.push(
            self.length
                .map_or_else(|| duration(self.secs), |length| length.text.to_owned()),
        );
        if self.ramp {
            words.push("ramp".to_owned());
        }
        words.push(self.goal_text(by));
        match self.cadence {
            (0, _) => {}
            (low, high) if low == high => words.push(format!("{low}rpm")),
            (low, high) => words.push(format!("{low}-{high}rpm")),
        }
        if self.until_lap_press {
            words.push("Press lap".to_owned());
        }
        words.join(" ")
    }

    /// Key and value of the target in a document; none for a free ride and the like.
    fn goal_doc(&self, by: By) -> Option<(&'static str, Value)> {
        let numbers = |low: u32, high: u32, units| span(f64::from(low), f64::from(high), units);
        let zones = |low: usize, high: usize, units| {
            let number = |zone| f64::from(u32::try_from(zone).unwrap_or_default());
            span(number(low), number(high), units)
        };
        let (low, high) = self.target;
        Some(match self.goal {
            Goal::Share => match by {
                By::Power => ("power", numbers(low, high, "%ftp")),
                By::Pace | By::Swim => ("pace", numbers(low, high, "%pace")),
                By::Heart => ("hr", numbers(low, high, "%lthr")),
            },
            Goal::Watts(low, high) => ("power", numbers(low, high, "w")),
            Goal::PowerZone(low, high) => ("power", zones(low, high, "power_zone")),
            Goal::HrZone(low, high) => ("hr", zones(low, high, "hr_zone")),
            Goal::OfMaxHr(low, high) => ("hr", numbers(low, high, "%hr")),
            Goal::PaceZone(low, high) => ("pace", zones(low, high, "pace_zone")),
            Goal::Clock(unit, from, to) => ("pace", numbers(from, to, &format!("secs/{}", unit.word()))),
            Goal::Free | Goal::Most => return None,
        })
    }

    fn doc(&self, by: By, section: Option<&str>) -> Value {
        let mut doc = Map::new();
        // A zone before the duration is read as a target, which the later one replaces: no label is left.
        if !self.label.is_empty() && !is_zone(self.label) {
            doc.insert("text".into(), json!(self.label));
        }
        doc.insert("duration".into(), json!(self.secs));
        if let Some(length) = self.length {
            doc.insert("distance".into(), json!(length.metres));
        }
        let flags = [
            ("ramp", self.ramp),
            ("freeride", self.goal == Goal::Free),
            ("maxeffort", self.goal == Goal::Most),
            ("until_lap_press", self.until_lap_press),
        ];
        for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
            doc.insert(name.into(), json!(true));
        }
        if let Some((key, value)) = self.goal_doc(by) {
            doc.insert(key.into(), value);
        }
        if self.cadence.0 > 0 {
            let (low, high) = self.cadence;
            doc.insert("cadence".into(), span(f64::from(low), f64::from(high), "rpm"));
        }
        if let Some(section) = section {
            doc.insert(section.into(), json!(true));
        }
        Value::Object(doc)
    }

    /// Adds what `resolve=true` adds: absolute values, with upstream's band around a point outdoors. For a zone, only the
    /// bounds.
    fn resolve(&self, doc: &mut Value, by: By, marks: &Marks, indoor: bool) {
        let resolved = match self.goal_doc(by) {
            None => return,
            Some(("power", _)) => ("_power", self.resolved_power(marks.threshold, indoor)),
            Some(("hr", _)) => ("_hr", self.resolved_heart(marks, indoor)),
            Some(_) => (
                "_pace",
                self.resolved_pace(marks.threshold, indoor || by == By::Swim),
            ),
        };
        if let Value::Object(doc) = doc {
            doc.insert(resolved.0.into(), resolved.1);
            if resolved.0 == "_pace" && self.length.is_none() {
                doc.insert("_distance".into(), json!(round(self.metres(marks.threshold), 3)));
            }
        }
    }

    fn resolved_power(&self, ftp: f64, indoor: bool) -> Value {
        let (start, end) = self.watts(ftp);
        if let Goal::PowerZone(low, _) = self.goal {
            let below = if low > 1 { POWER_ZONES[low - 2] } else { 0 };
            let start = (f64::from(below + 1) * ftp / 100.0 + 1e-9).floor();
            return json!({"start": start, "end": end});
        }
        match ((start - end).abs() > f64::EPSILON, indoor) {
            (true, _) => json!({"value": f64::midpoint(start, end).floor(), "start": start, "end": end}),
            (false, true) => json!({"value": start}),
            (false, false) => {
                json!({"value": start, "start": (0.975 * start).floor(), "end": (1.025 * start).ceil()})
            }
        }
    }

    fn resolved_heart(&self, marks: &Marks, indoor: bool) -> Value {
        let of =
            |whole: u32| move |percent: u32| (f64::from(percent) * f64::from(whole) / 100.0 + 1e-9).floor();
        let (start, end) = match self.goal {
            Goal::HrZone(low, high) => {
                let below = if low > 1 { marks.hr_zones[low - 2] } else { 0 };
                return json!({"start": f64::from(below + 1), "end": f64::from(marks.hr_zones[high - 1])});
            }
            Goal::OfMaxHr(low, high) => (of(marks.max_hr)(low), of(marks.max_hr)(high)),
            _ => (of(marks.lthr)(self.target.0), of(marks.lthr)(self.target.1)),
        };
        match ((start - end).abs() > f64::EPSILON, indoor) {
            (true, _) => json!({"value": f64::midpoint(start, end).floor(), "start": start, "end": end}),
            (false, true) => json!({"value": start}),
            (false, false) => {
                json!({"value": start, "start": (0.985 * start).floor(), "end": (1.015 * start).ceil()})
            }
        }
    }

    fn resolved_pace(&self, threshold: f64, bare: bool) -> Value {
        let (start, end) = self.speeds(threshold);
        let metres = |speed: f64| round(speed, 6);
        if matches!(self.goal, Goal::PaceZone(..)) {
            return json!({"start": metres(start), "end": metres(end)});
        }
        match ((start - end).abs() > f64::EPSILON, bare) {
            (true, _) => json!({
                "value": metres(f64::midpoint(start, end)), "start": metres(start), "end": metres(end),
            }),
            (false, true) => json!({"value": metres(start)}),
            (false, false) => json!({
                "value": metres(start), "start": metres(start * 0.975), "end": metres(start * 1.025),
            }),
        }
    }
}

/// `1h10m`, `15m`, `90s` as upstream's workout language writes it.
pub(super) fn duration(secs: u32) -> String {
    let (hours, minutes, rest) = (secs / 3600, secs / 60 % 60, secs % 60);
    let mut text = String::new();
    for (count, unit) in [(hours, 'h'), (minutes, 'm'), (rest, 's')] {
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
        }
    }
    text
}

impl Part {
    fn steps(&self) -> (u32, &[Step]) {
        match self {
            Self::Warmup(steps) | Self::Main(steps) | Self::Cooldown(steps) => (1, steps),
            Self::Repeat(_, times, steps) => (*times, steps),
            Self::Prose(_) => (1, &[]),
        }
    }

    const fn section(&self) -> Option<&'static str> {
        match self {
            Self::Warmup(_) => Some("warmup"),
            Self::Cooldown(_) => Some("cooldown"),
            Self::Main(_) | Self::Repeat(..) | Self::Prose(_) => None,
        }
    }
}

impl Workout {
    /// Every step in order, with repeats unrolled.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.parts.iter().flat_map(|part| {
            let (times, steps) = part.steps();
            (0..times).flat_map(|_| steps.iter().copied())
        })
    }

    /// Total seconds.
    pub(super) fn secs(&self) -> u32 {
        self.steps().map(|step| step.secs).sum()
    }

    /// The text of the event's description.
    pub(super) fn text(&self) -> String {
        let block = |part: &Part| {
            let heading = match part {
                Part::Warmup(_) => Some("Warmup".to_owned()),
                Part::Cooldown(_) => Some("Cooldown".to_owned()),
                Part::Main(_) => None,
                Part::Repeat(label, times, _) => Some(heading_of(label, *times)),
                Part::Prose(text) => Some((*text).to_owned()),
            };
            let steps = part.steps().1.iter().map(|step| step.text(self.by));
            heading.into_iter().chain(steps).collect::<Vec<_>>().join("\n")
        };
        self.parts.iter().map(block).collect::<Vec<_>>().join("\n\n")
    }

    /// Watts and for how many seconds: a ramp second by second, anything else as one.
    fn spans(&self, ftp: f64) -> Vec<(f64, u32)> {
        let mut spans = Vec::new();
        for step in self.steps() {
            if step.ramp {
                let (from, to) = step.watts(ftp);
                let last = f64::from(step.secs.saturating_sub(1).max(1));
                spans.extend((0..step.secs).map(|n| (from + (to - from) * f64::from(n) / last, 1)));
            } else {
                spans.push((step.steady_watts(ftp), step.secs));
            }
        }
        spans
    }

    /// Watts, second by second.
    fn seconds(&self, ftp: f64) -> Vec<f64> {
        let spans = self.spans(ftp).into_iter();
        spans
            .flat_map(|(watts, secs)| std::iter::repeat_n(watts, usize::try_from(secs).unwrap_or_default()))
            .collect()
    }

    /// Planned numbers at `threshold` (W or m/s), remembered: the same workouts recur.
    pub(super) fn totals(&self, threshold: f64) -> Totals {
        let steps = self.steps().map(|step| {
            let length = step.length.map(|length| length.metres.to_bits());
            (step.secs, step.target, step.goal, step.ramp, length)
        });
        let key = Key {
            by: self.by,
            threshold: threshold.to_bits(),
            steps: steps.collect(),
        };
        let known = MEMO
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .copied();
        known.unwrap_or_else(|| {
            let totals = self.add_up(threshold);
            MEMO.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(key, totals);
            totals
        })
    }

    /// By power: NP is the fourth-power mean of the 30 s rolling mean and `load = secs·(NP/FTP)²/36`; by pace:
    /// `load = secs·(mean speed/threshold)²/36`, of a swim the third power. By heart rate upstream's constants are not
    /// known: TRIMP relative to an hour at LTHR, of somebody typical.
    fn add_up(&self, threshold: f64) -> Totals {
        let secs = self.secs();
        let time = f64::from(secs.max(1));
        let load = |factor: f64| whole(f64::from(secs) * factor * factor / 36.0);
        match self.by {
            By::Power => {
                let watts = self.seconds(threshold);
                let (mut window, mut fourth, mut sum) = (0.0, 0.0, 0.0);
                for (n, now) in watts.iter().enumerate() {
                    window += now - if n >= 30 { watts[n - 30] } else { 0.0 };
                    let count = f64::from(u32::try_from(n + 1).unwrap_or(30).min(30));
                    fourth += (window / count).powi(4);
                    sum += now;
                }
                let np = whole((fourth / time).powf(0.25));
                Totals {
                    secs,
                    distance: 0.0,
                    np,
                    average: whole(sum / time),
                    joules: whole(sum.floor()),
                    load: load(f64::from(np) / threshold),
                }
            }
            By::Pace | By::Swim => {
                let distance = self.steps().map(|step| step.metres(threshold)).sum::<f64>();
                let factor = distance / time / threshold;
                let load = load(if self.by == By::Swim {
                    factor.powf(1.5)
                } else {
                    factor
                });
                Totals {
                    secs,
                    distance,
                    np: 0,
                    average: 0,
                    joules: 0,
                    load,
                }
            }
            By::Heart => {
                let trimp = |share: f64| {
                    let reserve = ((share - RESTING) / (MAXIMUM - RESTING)).max(0.0);
                    reserve * (1.92 * reserve).exp()
                };
                let sum = self.steps().map(|step| {
                    f64::from(step.secs) * trimp(f64::from(step.target.0 + step.target.1) / 200.0)
                });
                Totals {
                    secs,
                    distance: 0.0,
                    np: 0,
                    average: 0,
                    joules: 0,
                    load: whole(sum.sum::<f64>() / trimp(1.0) / 36.0),
                }
            }
        }
    }

    /// Seconds in each of the seven zones, at `effort` times the plan and smeared a little, as a real day does.
    pub(super) fn zone_secs(&self, effort: f64, secs: u32) -> [u32; 7] {
        let bounds = match self.by {
            By::Power => POWER_ZONES.map(f64::from),
            By::Pace | By::Swim => PACE_ZONES,
            By::Heart => HR_ZONES.map(f64::from),
        };
        let mut zones = [0.0; 7];
        for step in self.steps() {
            let (low, high) = (f64::from(step.target.0), f64::from(step.target.1));
            for n in 0..4_u32 {
                let at = (low + (high - low) * (f64::from(n) + 0.5) / 4.0) * effort;
                let zone = bounds.iter().position(|bound| at <= *bound).unwrap_or(6);
                let part = f64::from(step.secs) / 4.0;
                for (zone, share) in [
                    (zone.saturating_sub(1), 0.14),
                    (zone, 0.8),
                    ((zone + 1).min(6), 0.06),
                ] {
                    zones[zone] += part * share;
                }
            }
        }
        let scale = f64::from(secs) / f64::from(self.secs().max(1));
        zones.map(|zone| whole(zone * scale))
    }

    /// Seconds in each power zone and in the sweet spot, as `workout_doc.zoneTimes` has them.
    fn zone_times(&self, ftp: f64) -> Value {
        const NAMES: [(&str, &str); 7] = [
            ("Z1", "#009e80"),
            ("Z2", "#009e00"),
            ("Z3", "#ffcb0e"),
            ("Z4", "#ff7f0e"),
            ("Z5", "#dd0447"),
            ("Z6", "#6633cc"),
            ("Z7", "#504861"),
        ];
        let spans = self.spans(ftp);
        let upper = |percent: u32| {
            if percent == 999 {
                9999
            } else {
                whole((f64::from(percent) * ftp / 100.0).floor())
            }
        };
        // A zone ends with its last whole watt; what a ramp passes above that belongs to the next one.
        let within = |low: f64, high: u32| {
            let inside = spans
                .iter()
                .filter(|(watts, _)| low < *watts && *watts <= f64::from(high));
            inside.map(|(_, secs)| secs).sum::<u32>()
        };
        let mut floor = (1, 0);
        let mut rows = Vec::new();
        for (number, ((name, color), percent)) in (1_u32..).zip(NAMES.into_iter().zip(POWER_ZONES)) {
            let max = upper(percent);
            let range = match percent {
                999 => format!("{}% +", floor.1),
                _ => format!("{}% - {percent}%", floor.1),
            };
            rows.push(json!({
                "id": name, "name": name, "zone": number, "color": color, "max": f64::from(percent),
                "minWatts": floor.0, "maxWatts": max, "percentRange": range, "secs": within(f64::from(floor.0) - 1.0, max),
            }));
            floor = (max + 1, percent + 1);
        }
        let (low, high) = (
            whole((f64::from(SWEET_SPOT.0) * ftp / 100.0).floor()),
            upper(SWEET_SPOT.1),
        );
        rows.push(json!({
            "id": "SS", "name": "Sweet Spot", "zone": 8, "color": "#ffa00e", "gap": true,
            "min": f64::from(SWEET_SPOT.0), "max": f64::from(SWEET_SPOT.1), "minWatts": low, "maxWatts": high,
            "percentRange": "84% - 97%", "secs": within(f64::from(low) - 0.5, high),
        }));
        Value::Array(rows)
    }

    /// Seconds in each zone of pace or heart rate, by the middle of each step.
    fn plain_zone_times(&self) -> Value {
        let bounds = match self.by {
            By::Heart => HR_ZONES.map(f64::from),
            _ => PACE_ZONES,
        };
        let mut zones = [0; 7];
        for step in self.steps() {
            let middle = f64::from(step.target.0 + step.target.1) / 2.0;
            zones[bounds.iter().position(|bound| middle <= *bound).unwrap_or(6)] += step.secs;
        }
        let rows = (1..).zip(zones);
        rows.map(|(zone, secs)| json!({"id": format!("Z{zone}"), "secs": secs}))
            .collect()
    }

    /// `workout_doc` by `marks`; `resolve` adds absolute targets.
    pub(super) fn doc(&self, marks: &Marks, resolve: Option<Indoor>) -> Value {
        let step_doc = |step: &Step, section| {
            let mut doc = step.doc(self.by, section);
            if let Some(Indoor(indoor)) = resolve {
                step.resolve(&mut doc, self.by, marks, indoor);
            }
            doc
        };
        let mut steps = Vec::new();
        for part in &self.parts {
            let docs = part.steps().1.iter().map(|step| step_doc(step, part.section()));
            match part {
                Part::Repeat(label, times, inner) => steps.push(json!({
                    "reps": times, "text": heading_of(label, *times), "steps": docs.collect::<Vec<_>>(),
                    "distance": 0, "duration": times * inner.iter().map(|step| step.secs).sum::<u32>(),
                })),
                _ => steps.extend(docs),
            }
        }
        let threshold = marks.threshold;
        let totals = self.totals(threshold);
        let mut doc = json!({
            "steps": steps, "duration": totals.secs, "distance": round(totals.distance, 3), "lthr": marks.lthr,
            "options": {}, "locales": [],
        });
        let more = match self.by {
            By::Power => json!({
                "ftp": whole(threshold), "target": "POWER", "zoneTimes": self.zone_times(threshold),
                "normalized_power": totals.np, "average_watts": totals.average, "polarization_index": 0.0,
                "variability_index": round(f64::from(totals.np) / f64::from(totals.average.max(1)), 6),
            }),
            By::Pace | By::Swim => json!({
                "target": "PACE", "threshold_pace": threshold, "pace_units": marks.pace_units,
                "zoneTimes": self.plain_zone_times(),
            }),
            By::Heart => json!({
                "target": "HR", "max_hr": marks.max_hr, "zoneTimes": self.plain_zone_times(),
            }),
        };
        if let (Value::Object(doc), Value::Object(more)) = (&mut doc, more) {
            doc.extend(more);
        }
        doc
    }
}

/// The line above a repeat's steps.
fn heading_of(label: &str, times: u32) -> String {
    format!("{label} {times}x").trim_start().to_owned()
}

/// Whether a workout to resolve is done indoors, where a point stays a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indoor(pub(super) bool);

/// `100·√(load·36/secs)`: upstream's intensity of every plan and of activities without power, percent.
pub(super) fn intensity(load: u32, secs: u32) -> f64 {
    100.0 * (f64::from(load) * 36.0 / f64::from(secs.max(1))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweet_spot() -> Workout {
        Workout {
            by: By::Power,
            parts: vec![
                Part::Warmup(vec![ramp(20, 55, 75).at_rpm(85, 85)]),
                Part::Repeat(
                    "Main set",
                    3,
                    vec![step("SST", 12, 88, 94).at_rpm(88, 92), step("Easy", 5, 55, 55)],
                ),
                Part::Cooldown(vec![ramp(10, 60, 45)]),
            ],
        }
    }

    /// The athlete whose numbers the vectors below were made with, at `threshold`.
    fn marks(threshold: f64) -> Marks {
        Marks {
            threshold,
            lthr: 171,
            max_hr: 188,
            hr_zones: [138, 153, 160, 170, 175, 180, 188],
            pace_units: "MINS_KM",
        }
    }

    #[test]
    fn the_measured_workout_has_its_measured_numbers() {
        let totals = sweet_spot().totals(246.0);
        assert_eq!(
            totals,
            Totals {
                secs: 4860,
                distance: 0.0,
                np: 192,
                average: 180,
                joules: 872_760,
                load: 82
            }
        );
        assert!((intensity(82, 4860) - 77.936_346).abs() < 1e-5);
        let text = "Warmup\n- 20m ramp 55-75% 85rpm\n\nMain set 3x\n- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%\n\n\
            Cooldown\n- 10m ramp 60-45%";
        assert_eq!(sweet_spot().text(), text);
    }

    #[test]
    fn the_measured_workout_has_its_measured_doc() {
        let doc = sweet_spot().doc(&marks(246.0), Some(Indoor(false)));
        let zones: Vec<u64> = doc["zoneTimes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|zone| zone["secs"].as_u64().unwrap())
            .collect();
        assert_eq!(zones, [1306, 1394, 0, 2160, 0, 0, 0, 2160]);
        assert_eq!(
            doc["steps"][0]["_power"],
            json!({"value": 159.0, "start": 135.0, "end": 184.0})
        );
        assert_eq!(doc["steps"][1]["duration"], json!(3060));
        assert_eq!(
            doc["steps"][1]["steps"][1]["power"],
            json!({"units": "%ftp", "value": 55.0})
        );
        assert_eq!(doc["steps"][2]["cooldown"], json!(true));
        assert_eq!(
            (&doc["normalized_power"], &doc["variability_index"]),
            (&json!(192), &json!(1.066_667))
        );
    }

    #[test]
    fn runs_are_loaded_by_pace() {
        let run = Workout {
            by: By::Pace,
            parts: vec![Part::Main(vec![step("", 60, 100, 100)])],
        };
        let totals = run.totals(3.8);
        assert_eq!((totals.load, whole(totals.distance)), (100, 13_680));
        assert_eq!(run.text(), "- 1h 100% Pace");
    }

    fn workout(by: By, parts: Vec<Part>) -> Workout {
        Workout { by, parts }
    }

    /// Text, document without what `resolve` adds, and totals, as measured or derived for the athlete of `marks`.
    #[track_caller]
    fn stands(workout: &Workout, threshold: f64, text: &str, steps: &Value, secs: u32, load: u32) {
        assert_eq!(workout.text(), text);
        let doc = workout.doc(&marks(threshold), None);
        assert_eq!(&doc["steps"], steps);
        let totals = workout.totals(threshold);
        assert_eq!((totals.secs, totals.load), (secs, load));
    }

    #[test]
    fn kilometres_at_an_absolute_pace() {
        let pace = 3.787_879;
        let fast = toward("", 1, Goal::Clock(Unit::Km, 260, 255), pace).over("1km", 1000.0, pace);
        let run = workout(
            By::Pace,
            vec![
                Part::Main(vec![step("Easy", 15, 70, 78)]),
                Part::Repeat("", 5, vec![fast, step("Jog", 2, 60, 60)]),
                Part::Main(vec![toward("", 10, Goal::PaceZone(1, 1), pace)]),
            ],
        );
        stands(
            &run,
            pace,
            "- Easy 15m 70-78% Pace\n\n5x\n- 1km 4:20-4:15/km Pace\n- Jog 2m 60% Pace\n\n- 10m Z1 Pace",
            &json!([
                {"text": "Easy", "duration": 900, "pace": {"units": "%pace", "start": 70.0, "end": 78.0}},
                {"reps": 5, "text": "5x", "distance": 0, "duration": 1885, "steps": [
                    {"distance": 1000.0, "pace": {"units": "secs/km", "start": 260.0, "end": 255.0}, "duration": 257},
                    {"text": "Jog", "duration": 120, "pace": {"units": "%pace", "value": 60.0}},
                ]},
                {"duration": 600, "pace": {"units": "pace_zone", "value": 1.0}},
            ]),
            3385,
            63,
        );
        assert!((run.totals(pace).distance - 10_471.591_215_5).abs() < 1e-6);
        let doc = run.doc(&marks(pace), Some(Indoor(false)));
        let steps = &doc["steps"];
        assert_eq!(steps[0]["_distance"], 2522.727);
        assert_eq!(
            steps[1]["steps"][0]["_pace"],
            json!({"value": 3.883_861, "start": 3.846_154, "end": 3.921_569})
        );
        assert_eq!(
            steps[1]["steps"][1]["_pace"],
            json!({"value": 2.272_727, "start": 2.215_909, "end": 2.329_546})
        );
        assert!(steps[1]["steps"][0]["_distance"].is_null());
        assert_eq!(
            steps[2]["_pace"],
            json!({"start": 2.348_485, "end": 2.935_606}),
            "a zone has no middle"
        );
    }

    #[test]
    fn zones_of_power_and_absolute_watts() {
        let zones = workout(
            By::Power,
            vec![Part::Main(vec![
                toward("", 15, Goal::PowerZone(1, 1), 246.0),
                toward("", 30, Goal::PowerZone(2, 2), 246.0).at_rpm(85, 85),
                toward("", 10, Goal::PowerZone(3, 4), 246.0),
            ])],
        );
        stands(
            &zones,
            246.0,
            "- 15m Z1\n- 30m Z2 85rpm\n- 10m Z3-Z4",
            &json!([
                {"duration": 900, "power": {"units": "power_zone", "value": 1.0}},
                {"duration": 1800, "power": {"units": "power_zone", "value": 2.0}, "cadence": {"units": "rpm", "value": 85.0}},
                {"duration": 600, "power": {"units": "power_zone", "start": 3.0, "end": 4.0}},
            ]),
            3300,
            44,
        );
        let totals = zones.totals(246.0);
        assert_eq!((totals.np, totals.average, totals.joules), (171, 161, 531_000));
        let doc = zones.doc(&marks(246.0), Some(Indoor(true)));
        assert_eq!(doc["steps"][1]["_power"], json!({"start": 137.0, "end": 184.0}));

        let watts = workout(
            By::Power,
            vec![Part::Main(vec![
                Step {
                    label: "Spin",
                    ..toward("", 12, Goal::Watts(140, 180), 246.0)
                },
                toward("", 20, Goal::Watts(230, 245), 246.0).at_rpm(90, 90),
                toward("", 5, Goal::Watts(120, 120), 246.0),
            ])],
        );
        stands(
            &watts,
            246.0,
            "- Spin 12m 140-180w\n- 20m 230-245w 90rpm\n- 5m 120w",
            &json!([
                {"text": "Spin", "duration": 720, "power": {"units": "w", "start": 140.0, "end": 180.0}},
                {"duration": 1200, "power": {"units": "w", "start": 230.0, "end": 245.0}, "cadence": {"units": "rpm", "value": 90.0}},
                {"duration": 300, "power": {"units": "w", "value": 120.0}},
            ]),
            2220,
            45,
        );
        let totals = watts.totals(246.0);
        assert_eq!((totals.np, totals.average, totals.joules), (210, 196, 436_200));
        let outdoors = watts.doc(&marks(246.0), Some(Indoor(false)));
        assert_eq!(
            outdoors["steps"][2]["_power"],
            json!({"value": 120.0, "start": 117.0, "end": 123.0})
        );
        let indoors = watts.doc(&marks(246.0), Some(Indoor(true)));
        assert_eq!(indoors["steps"][2]["_power"], json!({"value": 120.0}));
    }

    #[test]
    fn swims_in_lengths() {
        let css = 0.980_392;
        let fast = toward("", 1, Goal::Clock(Unit::HundredMetres, 95, 95), css).over("50mtr", 50.0, css);
        let swim = workout(
            By::Swim,
            vec![
                Part::Main(vec![step("Easy", 1, 70, 70).over("300mtr", 300.0, css)]),
                Part::Repeat("", 8, vec![fast, step("Rest", 1, 40, 40).lasting(15)]),
                Part::Main(vec![step("", 1, 65, 75).over("200mtr", 200.0, css)]),
            ],
        );
        stands(
            &swim,
            css,
            "- Easy 300mtr 70% Pace\n\n8x\n- 50mtr 1:35/100m Pace\n- Rest 15s 40% Pace\n\n- 200mtr 65-75% Pace",
            &json!([
                {"text": "Easy", "distance": 300.0, "pace": {"units": "%pace", "value": 70.0}, "duration": 437},
                {"reps": 8, "text": "8x", "distance": 0, "duration": 496, "steps": [
                    {"distance": 50.0, "pace": {"units": "secs/100m", "value": 95.0}, "duration": 47},
                    {"text": "Rest", "duration": 15, "pace": {"units": "%pace", "value": 40.0}},
                ]},
                {"distance": 200.0, "pace": {"units": "%pace", "start": 65.0, "end": 75.0}, "duration": 291},
            ]),
            1224,
            17,
        );
        let doc = swim.doc(&marks(css), Some(Indoor(false)));
        assert_eq!(
            doc["steps"][0]["_pace"],
            json!({"value": 0.686_274}),
            "no band in the water"
        );
        assert_eq!(doc["distance"], 947.059);
    }

    #[test]
    fn heart_rates_are_of_the_threshold_of_the_maximum_or_a_zone() {
        let run = workout(
            By::Heart,
            vec![Part::Main(vec![
                step("", 10, 75, 80),
                toward("", 20, Goal::HrZone(2, 2), 171.0),
                toward("", 5, Goal::OfMaxHr(70, 70), 171.0),
                step("", 5, 90, 90),
            ])],
        );
        assert_eq!(
            run.text(),
            "- 10m 75-80% LTHR\n- 20m Z2 HR\n- 5m 70% HR\n- 5m 90% LTHR"
        );
        let doc = run.doc(&marks(171.0), Some(Indoor(false)));
        let steps = &doc["steps"];
        assert_eq!(steps[1]["hr"], json!({"units": "hr_zone", "value": 2.0}));
        let bands: Vec<&Value> = (0..4).map(|at| &steps[at]["_hr"]).collect();
        assert_eq!(
            bands,
            [
                &json!({"value": 132.0, "start": 128.0, "end": 136.0}),
                &json!({"start": 139.0, "end": 153.0}),
                &json!({"value": 131.0, "start": 129.0, "end": 133.0}),
                &json!({"value": 153.0, "start": 150.0, "end": 156.0}),
            ]
        );
        assert_eq!((&doc["target"], &doc["duration"]), (&json!("HR"), &json!(2400)));
        let hour = workout(By::Heart, vec![Part::Main(vec![step("", 60, 100, 100)])]);
        assert_eq!(hour.totals(171.0).load, 100, "an hour at LTHR");
    }

    #[test]
    fn steps_without_a_target_count_no_watts_and_prose_no_step() {
        let ride = workout(
            By::Power,
            vec![
                Part::Prose("- MAX standing start"),
                Part::Main(vec![
                    step("Warmup", 10, 55, 55).until_lap_press(),
                    toward("", 20, Goal::Free, 246.0),
                    toward("", 1, Goal::Most, 246.0).lasting(10),
                    step("", 5, 50, 50),
                ]),
            ],
        );
        stands(
            &ride,
            246.0,
            "- MAX standing start\n\n- Warmup 10m 55% Press lap\n- 20m freeride\n- 10s maxeffort\n- 5m 50%",
            &json!([
                {"text": "Warmup", "duration": 600, "power": {"units": "%ftp", "value": 55.0}, "until_lap_press": true},
                {"duration": 1200, "freeride": true},
                {"duration": 10, "maxeffort": true},
                {"duration": 300, "power": {"units": "%ftp", "value": 50.0}},
            ]),
            2110,
            11,
        );
        let doc = ride.doc(&marks(246.0), Some(Indoor(false)));
        assert!(doc["steps"][1]["_power"].is_null() && doc["steps"][0]["_power"].is_object());
    }
}
