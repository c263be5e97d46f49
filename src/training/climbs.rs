//! Climbs, found in a recording by distance and altitude.
//!
//! How: 1. Distance is summed again from possible steps (at most 45 m/s; larger jumps and backward steps count as zero),
//! so that a spike adds no distance. 2. Altitude that changes while nothing moves (less than 3 m in 15 s or longer, or
//! slower than that across a pause: a stop, a lift) is drift of the barometer and removed. 3. The profile is read every ten
//! metres as the median of the samples there. Gaps of up to a kilometre (a tunnel) become straight lines, longer ones remain
//! open; a running median of five points removes spikes, a running mean of seven removes noise. 4. The profile is tilted by
//! the minimum grade, so that only steeper parts still rise. A climb is a rise of the tilted profile from its lowest to its
//! highest point. It ends where the tilted profile falls below its highest point by more than ten metres, or by more than a
//! tenth of the rise so far if that is more (at most thirty metres), so that it includes short dips and flats. 5. Rises with
//! too little gain or length are dropped.
//!
//! No sports, no names of categories, no text: those are in the tool.

use std::ops::Range;

use super::streams::Track;

/// m/s. Nothing on wheels or feet is faster.
const FASTEST: f64 = 45.0;
/// Less than this many metres …
const STANDING_METRES: f64 = 3.0;
/// … in this many seconds is standing.
const STANDING_SECS: f64 = 15.0;
/// Metres between two points of the profile.
const STEP: f64 = 10.0;
/// Maximum number of points; a longer route has wider steps.
const POINTS: f64 = 200_000.0;
/// Metres without altitude that become a straight line.
const OPEN: f64 = 1000.0;
/// Plausible altitudes, m.
const ALTITUDES: std::ops::RangeInclusive<f64> = -500.0..=9000.0;
/// Minimum length at the usual minimum gain, m.
const USUAL_LENGTH: f64 = 500.0;
/// The usual minimum gain, m.
pub(crate) const USUAL_GAIN: f64 = 30.0;
/// Metres over which the steepest grade is measured.
pub(crate) const STEEPEST_OVER: f64 = 100.0;

/// What counts as a climb.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    /// m; positive.
    pub least_gain: f64,
    /// A fraction: 0.03 is 3 %; positive.
    pub least_grade: f64,
}

impl Rule {
    /// 500 m; proportionally less for a minimum gain below 30 m, but never below 100 m.
    pub(crate) fn least_length(self) -> f64 {
        (USUAL_LENGTH * self.least_gain / USUAL_GAIN).clamp(STEEPEST_OVER, USUAL_LENGTH)
    }

    /// How far the tilted profile may fall within a climb after this rise, m.
    fn dip(self, rise: f64) -> f64 {
        // Small climbs must not merge when they are requested.
        let usual = 10.0_f64.min(self.least_gain / 2.0);
        usual.max((rise * 0.1).min(30.0))
    }
}

/// A climb. Lengths are distances covered, not distances on the map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Climb {
    /// m into the activity.
    pub from: f64,
    /// m into the activity.
    pub to: f64,
    /// From its foot to its top, m.
    pub gain: f64,
    /// The steepest grade over 100 m, a fraction.
    pub steepest: f64,
    /// Its samples, without the end; never empty.
    pub samples: Range<usize>,
}

impl Climb {
    /// m.
    pub(crate) fn length(&self) -> f64 {
        self.to - self.from
    }

    /// Average grade, a fraction.
    pub(crate) fn grade(&self) -> f64 {
        self.gain / self.length()
    }
}

/// Why a recording has no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flat {
    /// No altitude was recorded.
    NoAltitude,
    /// Neither distance nor speed was recorded, or nothing moved.
    NoDistance,
}

/// The route with its heights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Profile {
    /// Metres covered at each sample, never falling.
    way: Vec<f64>,
    /// Whether nothing moved from this sample to the next.
    still: Vec<bool>,
    step: f64,
    /// m at each step; None in an open gap.
    heights: Vec<Option<f64>>,
}

impl Profile {
    /// The profile of a recording: from `distance` (otherwise `velocity_smooth` over time), and `fixed_altitude` or
    /// `altitude`, whichever has more samples; the corrected one if they have equally many.
    pub(crate) fn of(track: &Track) -> Result<Self, Flat> {
        let altitude = ["altitude", "fixed_altitude"]
            .into_iter()
            .filter_map(|name| track.channel(name))
            .map(|values| {
                values
                    .iter()
                    .map(|value| value.filter(|metres| ALTITUDES.contains(metres)))
                    .collect::<Vec<_>>()
            })
            .max_by_key(|values| values.iter().flatten().count())
            .filter(|values| values.iter().any(Option::is_some))
            .ok_or(Flat::NoAltitude)?;
        let way = way(track).ok_or(Flat::NoDistance)?;
        let still = still(track, &way);
        let drift_free = without_drift(&altitude, &still);
        let long = way.last().copied().unwrap_or_default();
        if long < STEP {
            return Err(Flat::NoDistance);
        }
        let step = STEP.max(long / POINTS);
        let heights = heights(&way, &drift_free, step);
        if heights.iter().all(Option::is_none) {
            return Err(Flat::NoAltitude);
        }
        Ok(Self {
            way,
            still,
            step,
            heights,
        })
    }

    /// The whole length, m.
    pub(crate) fn length(&self) -> f64 {
        self.way.last().copied().unwrap_or_default()
    }

    /// The whole elevation gain of the smoothed profile, m.
    pub(crate) fn gain(&self) -> f64 {
        self.heights
            .windows(2)
            .filter_map(|pair| Some((pair[1]? - pair[0]?).max(0.0)))
            .sum()
    }

    /// The lowest and the highest point, m.
    pub(crate) fn span(&self) -> Option<(f64, f64)> {
        let known = || self.heights.iter().flatten().copied();
        Some((known().reduce(f64::min)?, known().reduce(f64::max)?))
    }

    /// The height at a distance into the route, m.
    pub(crate) fn height(&self, metres: f64) -> Option<f64> {
        self.heights.get(index(metres / self.step)).copied().flatten()
    }

    /// The climbs, in the order of the route; they do not overlap.
    pub(crate) fn climbs(&self, rule: Rule) -> Vec<Climb> {
        let mut found = Vec::new();
        // Foot and top of the current rise, as indices, with their tilted heights.
        let mut rise: Option<[(usize, f64); 2]> = None;
        for (at, height) in self.heights.iter().enumerate() {
            let tilted = height.map(|metres| metres - rule.least_grade * self.step * float(at));
            rise = match (rise, tilted) {
                (Some([foot, top]), None) => {
                    found.extend(self.climb(foot.0, top.0, rule));
                    None
                }
                (None, None) => None,
                (None, Some(here)) => Some([(at, here); 2]),
                (Some([foot, top]), Some(here)) if here > top.1 => Some([foot, (at, here)]),
                (Some([foot, top]), Some(here)) => {
                    if here < foot.1 || top.1 - here > rule.dip(top.1 - foot.1) {
                        found.extend(self.climb(foot.0, top.0, rule));
                        Some([(at, here); 2])
                    } else {
                        Some([foot, top])
                    }
                }
            };
        }
        if let Some([foot, top]) = rise {
            found.extend(self.climb(foot.0, top.0, rule));
        }
        found
    }

    /// The climb between two points of the profile, if it meets the rule.
    fn climb(&self, foot: usize, top: usize, rule: Rule) -> Option<Climb> {
        let points = self.heights.get(foot..=top)?;
        let gain = points.last().copied().flatten()? - points.first().copied().flatten()?;
        let (from, to) = (
            float(foot) * self.step,
            (float(top) * self.step).min(self.length()),
        );
        let length = to - from;
        if gain < rule.least_gain || length < rule.least_length() || gain < rule.least_grade * length {
            return None;
        }
        let reach = index((STEEPEST_OVER / self.step).round()).max(1);
        let steepest = points
            .windows(reach + 1)
            .filter_map(|window| {
                let rise = window.last().copied().flatten()? - window.first().copied().flatten()?;
                Some(rise / (self.step * float(reach)))
            })
            .fold(gain / length, f64::max);
        Some(Climb {
            from,
            to,
            gain,
            steepest,
            samples: self.samples(from, to),
        })
    }

    /// The samples between two distances, without the end: from the last one at the beginning, so that a stop before it does
    /// not count, to the first one at the end. Never empty.
    pub(crate) fn samples(&self, from: f64, to: f64) -> Range<usize> {
        let last = self.way.len().saturating_sub(1);
        let begin = self
            .way
            .partition_point(|metres| *metres <= from)
            .saturating_sub(1)
            .min(last);
        let end = self.way.partition_point(|metres| *metres < to).min(last);
        begin..end.max(begin + 1)
    }

    /// Seconds moving and seconds standing (including pauses) within samples.
    pub(crate) fn times(&self, track: &Track, samples: Range<usize>) -> (f64, f64) {
        let time = track.time();
        let mut both = (0.0, 0.0);
        for index in samples {
            let (Some(this), Some(next), Some(still)) =
                (time.get(index), time.get(index + 1), self.still.get(index))
            else {
                continue;
            };
            if *still {
                both.1 += next - this;
            } else {
                both.0 += next - this;
            }
        }
        both
    }

    /// The time-weighted average of a channel while moving; missing samples do not count.
    pub(crate) fn mean(&self, track: &Track, name: &str, samples: Range<usize>) -> Option<f64> {
        track.mean(name, samples, |index| self.still.get(index) == Some(&false))
    }
}

/// The highest sample of a channel.
pub(crate) fn highest(track: &Track, name: &str, samples: Range<usize>) -> Option<f64> {
    let values = track.channel(name)?.get(samples)?;
    values.iter().flatten().copied().reduce(f64::max)
}

/// Metres covered at each sample, never falling. None without distance and speed.
fn way(track: &Track) -> Option<Vec<f64>> {
    let time = track.time();
    let mut way = Vec::with_capacity(time.len());
    let mut metres = 0.0;
    if let Some(distance) = track.channel("distance") {
        let mut last: Option<(f64, f64)> = None;
        for (second, value) in time.iter().zip(distance) {
            if let Some(value) = *value {
                if let Some((before, from)) = last {
                    let moved = value - from;
                    if moved > 0.0 && moved <= FASTEST * (second - before) {
                        metres += moved;
                    }
                }
                last = Some((*second, value));
            }
            way.push(metres);
        }
    } else {
        let speeds = track.channel("velocity_smooth")?;
        for (at, speed) in speeds.iter().enumerate() {
            way.push(metres);
            let speed = speed.filter(|speed| (0.0..=FASTEST).contains(speed));
            metres += speed.unwrap_or_default() * track.lasted(at);
        }
    }
    Some(way)
}

/// Whether nothing moved from each sample to the next.
fn still(track: &Track, way: &[f64]) -> Vec<bool> {
    let time = track.time();
    let mut still = vec![false; way.len()];
    let mut begin = 0;
    let mut end = 0;
    while begin < way.len() {
        end = end.max(begin);
        while way
            .get(end + 1)
            .is_some_and(|metres| metres - way[begin] < STANDING_METRES)
        {
            end += 1;
        }
        if time[end] - time[begin] >= STANDING_SECS {
            still[begin..end].fill(true);
            begin = end;
        }
        begin += 1;
    }
    // During a pause the athlete may have walked on, or the first sample after it may have come late.
    for (at, (times, metres)) in time.windows(2).zip(way.windows(2)).enumerate() {
        let secs = times[1] - times[0];
        if secs >= STANDING_SECS && metres[1] - metres[0] < STANDING_METRES / STANDING_SECS * secs {
            still[at] = true;
        }
    }
    still
}

/// Altitudes without their changes while standing.
fn without_drift(altitude: &[Option<f64>], still: &[bool]) -> Vec<Option<f64>> {
    let mut drift = 0.0;
    let mut last: Option<f64> = None;
    let mut stopped = false;
    altitude
        .iter()
        .zip(still)
        .map(|(value, still)| {
            if let (Some(value), Some(last), true) = (value, last, stopped) {
                drift += value - last;
            }
            last = value.or(last);
            // A sample without altitude during a stop is bridged, so that the next one still counts as after the stop.
            stopped = *still || (stopped && value.is_none());
            value.map(|metres| metres - drift)
        })
        .collect()
}

/// Heights at each step of the route, smoothed.
fn heights(way: &[f64], altitude: &[Option<f64>], step: f64) -> Vec<Option<f64>> {
    let count = index(way.last().copied().unwrap_or_default() / step) + 1;
    let mut medians: Vec<Option<f64>> = vec![None; count];
    let mut here: Vec<f64> = Vec::new();
    let mut cell = 0;
    for (metres, altitude) in way.iter().zip(altitude) {
        let own = index((metres / step).round()).min(count - 1);
        if own != cell {
            medians[cell] = median(&mut here);
            here.clear();
            cell = own;
        }
        here.extend(altitude);
    }
    medians[cell] = median(&mut here);
    let drawn = drawn_straight(&medians, index((OPEN / step).round()).max(1));
    smoothed(&smoothed(&drawn, 2, median), 3, |window| {
        Some(window.iter().sum::<f64>() / float(window.len().max(1)))
    })
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

/// The heights with gaps of at most `most` points between two known heights filled by a straight line.
fn drawn_straight(heights: &[Option<f64>], most: usize) -> Vec<Option<f64>> {
    let mut out = heights.to_vec();
    let mut last: Option<(usize, f64)> = None;
    for (at, height) in heights.iter().enumerate() {
        let Some(height) = *height else { continue };
        if let Some((before, from)) = last.filter(|(before, _)| at - before <= most) {
            for (between, filled) in out.iter_mut().enumerate().take(at).skip(before + 1) {
                let part = float(between - before) / float(at - before);
                *filled = Some(from + (height - from) * part);
            }
        }
        last = Some((at, height));
    }
    out
}

/// Each known height replaced by `of` of it and its neighbours, equally many on both sides, so fewer at the ends: a slope
/// remains a slope.
fn smoothed(
    heights: &[Option<f64>],
    reach: usize,
    of: impl Fn(&mut [f64]) -> Option<f64>,
) -> Vec<Option<f64>> {
    let mut window = Vec::with_capacity(2 * reach + 1);
    (0..heights.len())
        .map(|at| {
            window.clear();
            window.push(heights[at]?);
            for off in 1..=reach {
                let before = at.checked_sub(off).and_then(|at| heights[at]);
                let after = heights.get(at + off).copied().flatten();
                let (Some(before), Some(after)) = (before, after) else {
                    break;
                };
                window.extend([before, after]);
            }
            of(&mut window)
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points of a route of at most 200,000 steps; a float out of range is clamped"
)]
fn index(value: f64) -> usize {
    value.max(0.0) as usize
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of points are far below what a float can represent"
)]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
