//! What is searched for: how long an interval is and how hard, as people write it, and as intervals.icu's search takes it.

use super::sets::{Metric, Set};
use crate::{
    guard::Units,
    intervals::{IntensityOf, model::SportSettings},
    tool_error::ToolError,
    tools::{
        answer::{
            sport_units::SportUnits,
            units::{self, PaceUnit, positive},
        },
        arguments::{number_and_unit, wrong},
    },
    training::{
        laps::PRESS,
        lengths::{MILE, YARD},
        sports::Tempo,
    },
};

/// A single length stands for this much around it, as a fraction.
const AROUND_SECS: f64 = 0.1;
const AROUND_METRES: f64 = 0.05;
/// Such a length is at least this many seconds wide on either side.
const LEAST_AROUND: f64 = 3.0;
/// No interval is longer; `400m` means minutes.
const LONGEST: f64 = 5.0 * 3600.0;
/// The search takes whole percents; these are all.
const ANY_PERCENT: (u32, u32) = (0, 999);

/// How long an interval is, inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    Secs(f64, f64),
    Metres(f64, f64),
}

/// What an intensity is measured in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// W, bpm or m/s.
    Absolute,
    /// Percent of FTP, LTHR or threshold speed of the activity.
    OfThreshold,
    /// Percent of maximum heart rate.
    OfMax,
}

/// How hard an interval is, inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Intensity {
    /// None: what the sport goes by.
    pub(super) of: Option<Metric>,
    pub(super) scale: Scale,
    pub(super) low: f64,
    /// Infinite if it is open.
    pub(super) high: f64,
    /// The unit in which a pace was written.
    pub(super) pace: Option<PaceUnit>,
}

/// A number of seconds or metres.
#[derive(Clone, Copy)]
enum Far {
    Secs(f64),
    Metres(f64),
}

const A_LENGTH: &str =
    "must be a time or a distance with its unit, such as 8m, 30s, 7:30, 7-9m, 1km or 400mtr";
const AN_INTENSITY: &str = "must be one of 240-260W, 95-105%, 165-172bpm, 95-100% LTHR, 88-92% HR or 3:50-4:05/km; a single \
    value takes what is near it";

/// With one kind of dash, in lower case.
fn plain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let text = text.replace(['\u{2013}', '\u{2014}', '\u{2212}'], "-");
    text.replace(" to ", "-")
}

/// One or two parts around a dash.
fn ends(text: &str) -> Option<(Option<&str>, &str)> {
    let parts: Vec<&str> = text.split('-').map(str::trim).collect();
    match parts.as_slice() {
        [one] => Some((None, one)),
        [from, to] => Some((Some(from), to)),
        _ => None,
    }
}

impl Length {
    /// Reads `8m`, `1m30s`, `7:30`, `7-9m`, `400mtr`, `0.9-1.1km`.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, ToolError> {
        let text = plain(text);
        let refused = || wrong(name, A_LENGTH);
        let (from, to) = ends(&text).ok_or_else(refused)?;
        let last = far(to).ok_or_else(refused)?;
        let Some(from) = from else {
            return around(last).fits(name);
        };
        // Of two numbers, the unit may stand at the second.
        let unit: String = to
            .chars()
            .rev()
            .take_while(|c| c.is_alphabetic())
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let is_bare = from.ends_with(|c: char| c.is_ascii_digit()) && !from.contains(':');
        let first = if is_bare {
            far(&format!("{from}{unit}"))
        } else {
            far(from)
        };
        let length = match (first.ok_or_else(refused)?, last) {
            (Far::Secs(one), Far::Secs(other)) => Self::Secs(one.min(other), one.max(other)),
            (Far::Metres(one), Far::Metres(other)) => Self::Metres(one.min(other), one.max(other)),
            _ => return Err(refused()),
        };
        length.fits(name)
    }

    fn fits(self, name: &str) -> Result<Self, ToolError> {
        match self {
            Self::Secs(_, high) if high > LONGEST * (1.0 + AROUND_SECS) => Err(wrong(
                name,
                "must be at most 5 hours: m means minutes, metres are mtr, such as 400mtr",
            )),
            Self::Secs(low, high) if f64::midpoint(low, high) < PRESS => {
                Err(wrong(name, "must be at least 5 s: shorter laps are no intervals"))
            }
            Self::Metres(_, high) if !(10.0..=200_000.0).contains(&high) => {
                Err(wrong(name, "must be from 10 m to 200 km"))
            }
            length => Ok(length),
        }
    }

    /// Whether this many seconds and metres are it.
    pub(super) fn takes(self, secs: Option<f64>, metres: Option<f64>) -> bool {
        match self {
            Self::Secs(low, high) => secs.is_some_and(|secs| (low..=high).contains(&secs)),
            Self::Metres(low, high) => metres.is_some_and(|metres| (low..=high).contains(&metres)),
        }
    }

    /// About the length of a set's repetitions.
    pub(super) fn like(set: &Set<'_>) -> Option<Self> {
        set.secs().map(|secs| around(Far::Secs(secs)))
    }

    /// `0:07:12–0:08:48`, `0.95–1.05 km`
    pub(super) fn in_words(self, own: &SportUnits) -> String {
        match self {
            Self::Secs(low, high) => format!(
                "{}–{}",
                units::hours_minutes_seconds(low),
                units::hours_minutes_seconds(high)
            ),
            Self::Metres(low, high) => {
                format!("{}–{}", own.distance(Some(low), 2), own.way(Some(high), 2))
            }
        }
    }

    /// Whole seconds for the search; a distance is turned into the time that it can take at all.
    pub(super) fn secs(self, tempo: Option<Tempo>, pace: Option<&Intensity>) -> (u32, u32) {
        match self {
            Self::Secs(low, high) => (whole(low - 1.0), whole(high.ceil() + 1.0)),
            Self::Metres(low, high) => {
                let speeds = pace.map(|pace| (pace.low * 0.9, pace.high * 1.1));
                let (slow, fast) = speeds.unwrap_or(match tempo {
                    Some(Tempo::Swim) => (0.4, 2.3),
                    Some(Tempo::Foot) => (1.5, 8.0),
                    Some(Tempo::Row) => (1.5, 7.0),
                    Some(Tempo::Other) => (2.0, 25.0),
                    None => (0.4, 25.0),
                });
                (whole(low / fast), whole((high / slow).ceil()))
            }
        }
    }
}

/// What is near a single length.
fn around(length: Far) -> Length {
    match length {
        Far::Secs(secs) => {
            let by = (secs * AROUND_SECS).max(LEAST_AROUND);
            Length::Secs((secs - by).max(0.0), secs + by)
        }
        Far::Metres(metres) => Length::Metres(metres * (1.0 - AROUND_METRES), metres * (1.0 + AROUND_METRES)),
    }
}

/// `1h5m`, `7:30`, `1km`; None without a unit.
fn far(text: &str) -> Option<Far> {
    if text.contains(':') {
        return clock(text).map(Far::Secs);
    }
    let mut rest = text;
    let mut secs = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (number, tail) = rest.split_at(unit_at);
        let (number, _) = number_and_unit(number)?;
        let tail = tail.trim_start();
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        parts += 1;
        let metres = match unit.trim() {
            "h" | "hr" | "hrs" | "hour" | "hours" => {
                secs += number * 3600.0;
                None
            }
            "m" | "min" | "mins" | "minute" | "minutes" | "'" => {
                secs += number * 60.0;
                None
            }
            "s" | "sec" | "secs" | "second" | "seconds" | "\"" => {
                secs += number;
                None
            }
            "km" => Some(1000.0),
            "mtr" | "mtrs" | "meter" | "meters" | "metre" | "metres" => Some(1.0),
            "mi" | "mile" | "miles" => Some(MILE),
            "y" | "yd" | "yds" | "yrd" | "yard" | "yards" => Some(YARD),
            _ => return None,
        };
        if let Some(metres) = metres {
            return (parts == 1 && tail.is_empty()).then_some(Far::Metres(number * metres));
        }
        rest = tail;
    }
    (parts > 0).then_some(Far::Secs(secs))
}

/// Seconds of `m:ss` or `h:mm:ss`.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let fits = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(fits) {
        return None;
    }
    let numbers: Vec<f64> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let below = |number: &f64| *number < 60.0;
    numbers[1..]
        .iter()
        .all(below)
        .then(|| numbers.iter().fold(0.0, |sum, number| sum * 60.0 + number))
}

impl Intensity {
    /// Reads `240-260W`, `95%`, `250W+`, `165-172 bpm`, `88-92% HR`, `3:50-4:05/km`.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, ToolError> {
        let text = plain(text);
        let refused = || wrong(name, AN_INTENSITY);
        let open = text.strip_suffix('+').map(str::trim_end);
        let text = open.unwrap_or(&text);
        let is_open = open.is_some();
        let read = if text.contains('/') {
            Self::of_pace(text, is_open)
        } else {
            Self::of_number(text, is_open)
        };
        read.ok_or_else(refused)
    }

    fn of_pace(text: &str, is_open: bool) -> Option<Self> {
        let (times, unit) = text.split_once('/')?;
        let unit = unit.trim_end_matches("pace").trim();
        let unit = PaceUnit::named(unit)?;
        let (from, to) = ends(times)?;
        let speed = |time: &str| {
            clock(time)
                .filter(|secs| *secs > 0.0)
                .map(|secs| unit.speed(secs))
        };
        let last = speed(to)?;
        let (low, high) = match from {
            Some(from) => {
                let first = speed(from)?;
                (first.min(last), first.max(last))
            }
            // Faster is more.
            None if is_open => (last, f64::INFINITY),
            None => (last * 0.96, last * 1.04),
        };
        let possible = low > 0.2 && (high < 15.0 || high.is_infinite());
        possible.then_some(Self {
            of: Some(Metric::Pace),
            scale: Scale::Absolute,
            low,
            high,
            pace: Some(unit),
        })
    }

    fn of_number(text: &str, is_open: bool) -> Option<Self> {
        let (from, to) = ends(text)?;
        let (last, unit) = number_and_unit(to)?;
        let unit: String = unit.split_whitespace().collect::<String>().replace("%of", "%");
        let (of, scale, possible, near) = match unit.as_str() {
            "w" | "watt" | "watts" => (Some(Metric::Power), Scale::Absolute, 1.0..=2500.0, 0.05),
            "bpm" => (Some(Metric::HeartRate), Scale::Absolute, 30.0..=250.0, 0.03),
            "%" | "%threshold" => (None, Scale::OfThreshold, 10.0..=500.0, 0.05),
            "%ftp" | "%power" => (Some(Metric::Power), Scale::OfThreshold, 10.0..=500.0, 0.05),
            "%lthr" => (Some(Metric::HeartRate), Scale::OfThreshold, 10.0..=150.0, 0.03),
            "%hr" | "%maxhr" | "%hrmax" => (Some(Metric::HeartRate), Scale::OfMax, 10.0..=110.0, 0.03),
            "%pace" | "%thresholdpace" | "%css" => {
                (Some(Metric::Pace), Scale::OfThreshold, 10.0..=300.0, 0.04)
            }
            _ => return None,
        };
        let first = match from {
            Some(from) => {
                let (first, own) = number_and_unit(from)?;
                let own: String = own.split_whitespace().collect();
                if is_open || !own.is_empty() && !unit.starts_with(&own) {
                    return None;
                }
                first
            }
            None => last,
        };
        if ![first, last].iter().all(|value| possible.contains(value)) {
            return None;
        }
        let (low, high) = match from {
            Some(_) => (first.min(last), first.max(last)),
            None if is_open => (last, f64::INFINITY),
            None => (last * (1.0 - near), last * (1.0 + near)),
        };
        Some(Self {
            of,
            scale,
            low,
            high,
            pace: None,
        })
    }

    /// What is like a set: the same part of the threshold of its day, or the same in itself. A threshold that was set anew
    /// in between leaves one of the two as it was.
    pub(super) fn like(set: &Set<'_>) -> Vec<Self> {
        let near = match set.metric {
            Metric::Power => 0.1,
            Metric::Pace | Metric::HeartRate => 0.06,
        };
        let around = |scale, value: Option<f64>| {
            value.map(|value| Self {
                of: Some(set.metric),
                scale,
                low: value * (1.0 - near),
                high: value * (1.0 + near),
                pace: set.own.pace,
            })
        };
        let own = around(Scale::Absolute, set.value());
        around(Scale::OfThreshold, set.percent())
            .into_iter()
            .chain(own)
            .collect()
    }

    /// What the set has on this scale.
    pub(super) fn of_set(&self, set: &Set<'_>) -> Option<f64> {
        let metric = self.of.unwrap_or(set.metric);
        match self.scale {
            Scale::Absolute => set.mean(metric),
            Scale::OfThreshold => set.percent_of(metric),
            Scale::OfMax => set.percent_of_max(),
        }
    }

    /// Whether the set is as hard.
    pub(super) fn takes(&self, set: &Set<'_>) -> bool {
        // A range is written in whole numbers; what is shown as such a number is in it.
        let slack = if self.scale == Scale::Absolute && self.of == Some(Metric::Pace) {
            0.0
        } else {
            0.5
        };
        self.of_set(set)
            .is_some_and(|value| value >= self.low - slack && value < self.high + slack.max(f64::EPSILON))
    }

    /// `238–262 W`, `95–105 % of FTP`, `3:50–4:05/km`
    pub(super) fn in_words(&self, units_of: Units) -> String {
        let metric = self.of;
        if let (Some(Metric::Pace), Scale::Absolute) = (metric, self.scale) {
            let Some(pace) = self.pace else {
                let show = |speed: f64| units::speed(Some(speed), units_of);
                return format!(
                    "{}–{} {}",
                    show(self.low),
                    show(self.high),
                    units::speed_unit(units_of)
                );
            };
            return if self.high.is_infinite() {
                format!("{} or faster", pace.pace(Some(self.low)))
            } else {
                format!("{}–{}", pace.time(Some(self.high)), pace.pace(Some(self.low)))
            };
        }
        let unit = match (metric, self.scale) {
            (Some(Metric::Power), Scale::Absolute) => "W",
            (Some(Metric::HeartRate), Scale::Absolute) => "bpm",
            (Some(Metric::Power), _) => "% of FTP",
            (Some(Metric::HeartRate), Scale::OfMax) => "% of max HR",
            (Some(Metric::HeartRate), _) => "% of LTHR",
            (Some(Metric::Pace), _) => "% of threshold pace",
            (None, _) => "% of threshold",
        };
        let low = units::whole(self.low);
        if self.high.is_infinite() {
            format!("{low} {unit} or more")
        } else {
            format!("{low}–{} {unit}", units::whole(self.high))
        }
    }

    /// Percent for the search, wide enough for what it measures otherwise (normalized power, the threshold of that day) and
    /// for thresholds that have changed since. None: no threshold turns it into percent.
    fn percent(&self, settings: &[&SportSettings]) -> Option<(f64, f64)> {
        let known = |thresholds: &[fn(&SportSettings) -> Option<f64>]| {
            let all = settings
                .iter()
                .flat_map(|own| thresholds.iter().map(|of| positive(of(own))));
            let all: Vec<f64> = all.flatten().collect();
            let low = all.iter().copied().reduce(f64::min)?;
            Some((low, all.into_iter().fold(low, f64::max)))
        };
        let by = |(low, high): (f64, f64)| (self.low * low, self.high * high);
        Some(match (self.of, self.scale) {
            (Some(Metric::HeartRate), Scale::OfThreshold) => by((0.85, 1.05)),
            (_, Scale::OfMax) => by((0.95, 1.2)),
            (Some(Metric::Pace), Scale::OfThreshold) => by((0.95, 1.05)),
            (_, Scale::OfThreshold) => by((0.9, 1.12)),
            (Some(Metric::Power), Scale::Absolute) => {
                let (least, most) = known(&[|own| own.ftp, |own| own.indoor_ftp])?;
                by((85.0 / most, 118.0 / least))
            }
            (Some(Metric::HeartRate), Scale::Absolute) => {
                let (least, most) = known(&[|own| own.lthr, |own| own.max_hr])?;
                by((93.0 / most, 107.0 / least))
            }
            (Some(Metric::Pace) | None, Scale::Absolute) => {
                let (least, most) = known(&[|own| own.threshold_pace])?;
                by((88.0 / most, 114.0 / least))
            }
        })
    }
}

/// Whole percents for the search that hold all of these; None if one of them cannot be turned into percent.
pub(super) fn percents(all: &[Intensity], settings: &[&SportSettings]) -> Option<(u32, u32)> {
    let mut found = all.iter().map(|one| one.percent(settings));
    let Some(first) = found.next() else {
        return Some(ANY_PERCENT);
    };
    let (low, high) = found.fold(first, |sum, next| {
        let ((low, high), (lower, higher)) = (sum?, next?);
        Some((low.min(lower), high.max(higher)))
    })?;
    Some((whole(low), whole(high.ceil()).min(ANY_PERCENT.1)))
}

/// All percents, for what no threshold is known of.
pub(super) const fn any_percent() -> (u32, u32) {
    ANY_PERCENT
}

/// What the search is to measure.
pub(super) fn searched(all: &[Intensity]) -> IntensityOf {
    match all.first().and_then(|one| one.of) {
        None => IntensityOf::Auto,
        Some(Metric::Power) => IntensityOf::Power,
        Some(Metric::HeartRate) => IntensityOf::HeartRate,
        Some(Metric::Pace) => IntensityOf::Pace,
    }
}

/// A whole number from 0 up; what is below the decimal point is left out.
fn whole(value: f64) -> u32 {
    let value = value.clamp(0.0, 1e9).floor();
    format!("{value:.0}").parse().unwrap_or(u32::MAX)
}

/// Whether a summary such as `3x 12m 224w` may be of intervals of this length: its times and distances are looked at.
pub(super) fn may_be(summary: &str, length: Option<Length>, secs: (u32, u32)) -> bool {
    let Some(length) = length else {
        return true;
    };
    let words = summary.split_whitespace();
    let mut lengths = words.filter_map(|word| far(&plain(word)));
    lengths.any(|found| match (found, length) {
        (Far::Secs(found), _) => {
            let (low, high) = (f64::from(secs.0), f64::from(secs.1));
            found >= low * 0.9 && found <= high * 1.1
        }
        (Far::Metres(found), Length::Metres(low, high)) => found >= low * 0.9 && found <= high * 1.1,
        (Far::Metres(_), Length::Secs(..)) => true,
    })
}
