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

/// What a step's target is a percentage of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// FTP.
    Power,
    /// Threshold speed.
    Pace,
}

/// So long at such a target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) label: &'static str,
    /// s.
    pub(super) secs: u32,
    /// Start (or low end) and end (or high end), percent; equal for a point.
    pub(super) target: (u32, u32),
    pub(super) ramp: bool,
    /// rpm; equal for a point, 0 for none.
    pub(super) cadence: (u32, u32),
}

/// A block of a workout.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Warmup(Vec<Step>),
    Main(Vec<Step>),
    Repeat(&'static str, u32, Vec<Step>),
    Cooldown(Vec<Step>),
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

/// What totals depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    by_power: bool,
    threshold: u64,
    steps: Vec<(u32, (u32, u32), bool)>,
}

/// A pure function's results.
static MEMO: LazyLock<Mutex<HashMap<Key, Totals>>> = LazyLock::new(Mutex::default);

/// A step at `low`–`high` percent.
pub(super) const fn step(label: &'static str, minutes: u32, low: u32, high: u32) -> Step {
    Step {
        label,
        secs: minutes * 60,
        target: (low, high),
        ramp: false,
        cadence: (0, 0),
    }
}

/// A step that goes from `from` to `to` percent.
pub(super) const fn ramp(minutes: u32, from: u32, to: u32) -> Step {
    Step {
        label: "",
        secs: minutes * 60,
        target: (from, to),
        ramp: true,
        cadence: (0, 0),
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

    /// The same for so many seconds.
    pub(super) const fn lasting(self, secs: u32) -> Self {
        Self { secs, ..self }
    }

    /// Bounds in watts, each truncated to whole ones.
    fn watts(&self, ftp: f64) -> (f64, f64) {
        let bound = |percent: u32| (f64::from(percent) * ftp / 100.0 + 1e-9).floor();
        (bound(self.target.0), bound(self.target.1))
    }

    /// Metres that the step takes at the middle of its target.
    fn metres(&self, threshold: f64) -> f64 {
        f64::from(self.target.0 + self.target.1) / 200.0 * threshold * f64::from(self.secs)
    }

    fn text(&self, by: By) -> String {
        let mut words = vec!["-".to_owned()];
        if !self.label.is_empty() {
            words.push(self.label.to_owned());
        }
        words.push(duration(self.secs));
        if self.ramp {
            words.push("ramp".to_owned());
        }
        words.push(match self.target {
            (low, high) if low == high => format!("{low}%"),
            (low, high) => format!("{low}-{high}%"),
        });
        if by == By::Pace {
            words.push("Pace".to_owned());
        }
        match self.cadence {
            (0, _) => {}
            (low, high) if low == high => words.push(format!("{low}rpm")),
            (low, high) => words.push(format!("{low}-{high}rpm")),
        }
        words.join(" ")
    }

    fn doc(&self, by: By, section: Option<&str>) -> Value {
        let span = |(low, high): (u32, u32), units: &str| {
            if low == high {
                json!({"units": units, "value": f64::from(low)})
            } else {
                json!({"units": units, "start": f64::from(low), "end": f64::from(high)})
            }
        };
        let mut doc = Map::new();
        if !self.label.is_empty() {
            doc.insert("text".into(), json!(self.label));
        }
        doc.insert("duration".into(), json!(self.secs));
        if self.ramp {
            doc.insert("ramp".into(), json!(true));
        }
        match by {
            By::Power => doc.insert("power".into(), span(self.target, "%ftp")),
            By::Pace => doc.insert("pace".into(), span(self.target, "%pace")),
        };
        if self.cadence.0 > 0 {
            doc.insert("cadence".into(), span(self.cadence, "rpm"));
        }
        if let Some(section) = section {
            doc.insert(section.into(), json!(true));
        }
        Value::Object(doc)
    }

    /// Adds what `resolve=true` adds: absolute values, with upstream's band around a point outdoors.
    fn resolve(&self, doc: &mut Value, by: By, threshold: f64, indoor: bool) {
        let point = self.target.0 == self.target.1;
        let resolved = match by {
            By::Power => {
                let (start, end) = self.watts(threshold);
                if point && indoor {
                    json!({"value": start})
                } else if point {
                    json!({"value": start, "start": (0.975 * start).floor(), "end": (1.025 * start).ceil()})
                } else {
                    json!({"value": f64::midpoint(start, end).floor(), "start": start, "end": end})
                }
            }
            By::Pace => {
                let speed = |percent: u32| f64::from(percent) / 100.0 * threshold;
                let (start, end) = (speed(self.target.0), speed(self.target.1));
                if point {
                    json!({"value": round(start, 6), "start": round(start * 0.975, 6), "end": round(start * 1.025, 6)})
                } else {
                    json!({"value": round(f64::midpoint(start, end), 6), "start": round(start, 6), "end": round(end, 6)})
                }
            }
        };
        if let Value::Object(doc) = doc {
            let key = if by == By::Power { "_power" } else { "_pace" };
            doc.insert(key.into(), resolved);
            if by == By::Pace {
                doc.insert("_distance".into(), json!(round(self.metres(threshold), 3)));
            }
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
        }
    }

    const fn section(&self) -> Option<&'static str> {
        match self {
            Self::Warmup(_) => Some("warmup"),
            Self::Cooldown(_) => Some("cooldown"),
            Self::Main(_) | Self::Repeat(..) => None,
        }
    }
}

impl Workout {
    /// Every step in the order of doing, repeats unrolled.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.parts.iter().flat_map(|part| {
            let (times, steps) = part.steps();
            (0..times).flat_map(|_| steps.iter().copied())
        })
    }

    /// Seconds in all.
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
                Part::Repeat(label, times, _) => Some(format!("{label} {times}x")),
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
            let (from, to) = step.watts(ftp);
            if step.ramp {
                let last = f64::from(step.secs.saturating_sub(1).max(1));
                spans.extend((0..step.secs).map(|n| (from + (to - from) * f64::from(n) / last, 1)));
            } else {
                spans.push((f64::midpoint(from, to), step.secs));
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

    /// Planned numbers at `threshold` (W or m/s), remembered: the same workouts come again and again.
    pub(super) fn totals(&self, threshold: f64) -> Totals {
        let steps = self.steps().map(|step| (step.secs, step.target, step.ramp));
        let key = Key {
            by_power: self.by == By::Power,
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
    /// `load = secs·(mean speed/threshold)²/36`.
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
            By::Pace => {
                let distance = self.steps().map(|step| step.metres(threshold)).sum::<f64>();
                let load = load(distance / time / threshold);
                Totals {
                    secs,
                    distance,
                    np: 0,
                    average: 0,
                    joules: 0,
                    load,
                }
            }
        }
    }

    /// Seconds in each of the seven zones, at `effort` times the plan and smeared a little, as a real day does.
    pub(super) fn zone_secs(&self, effort: f64, secs: u32) -> [u32; 7] {
        let bounds = match self.by {
            By::Power => POWER_ZONES.map(f64::from),
            By::Pace => PACE_ZONES,
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
        // A zone ends with its last whole watt; what a ramp passes above that belongs to the next.
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

    /// `workout_doc` at `threshold` (W or m/s); `resolve` adds absolute targets.
    pub(super) fn doc(&self, threshold: f64, lthr: u32, resolve: Option<Indoor>) -> Value {
        let step_doc = |step: &Step, section| {
            let mut doc = step.doc(self.by, section);
            if let Some(Indoor(indoor)) = resolve {
                step.resolve(&mut doc, self.by, threshold, indoor);
            }
            doc
        };
        let mut steps = Vec::new();
        for part in &self.parts {
            let docs = part.steps().1.iter().map(|step| step_doc(step, part.section()));
            match part {
                Part::Repeat(label, times, inner) => steps.push(json!({
                    "reps": times, "text": format!("{label} {times}x"), "steps": docs.collect::<Vec<_>>(),
                    "distance": 0, "duration": times * inner.iter().map(|step| step.secs).sum::<u32>(),
                })),
                _ => steps.extend(docs),
            }
        }
        let totals = self.totals(threshold);
        let mut doc = json!({
            "steps": steps, "duration": totals.secs, "distance": round(totals.distance, 3), "lthr": lthr,
            "options": {}, "locales": [],
        });
        let more = match self.by {
            By::Power => json!({
                "ftp": whole(threshold), "target": "POWER", "zoneTimes": self.zone_times(threshold),
                "normalized_power": totals.np, "average_watts": totals.average, "polarization_index": 0.0,
                "variability_index": round(f64::from(totals.np) / f64::from(totals.average.max(1)), 6),
            }),
            By::Pace => json!({
                "target": "PACE", "threshold_pace": threshold, "pace_units": "MINS_KM", "zoneTimes": [],
            }),
        };
        if let (Value::Object(doc), Value::Object(more)) = (&mut doc, more) {
            doc.extend(more);
        }
        doc
    }
}

/// Whether a workout to resolve is done indoors, where a point stays a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indoor(pub(super) bool);

/// `100·√(load·36/secs)`: upstream's intensity of every plan and of what was done without power, percent.
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
        let doc = sweet_spot().doc(246.0, 171, Some(Indoor(false)));
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
}
