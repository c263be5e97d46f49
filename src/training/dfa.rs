//! DFA α1, the short-term scaling exponent of heart-rate variability, over an activity.
//!
//! Thresholds: 0.75 is proposed for the first (aerobic) threshold by Rogers, Giles, Draper, Hoos and Gronwald (Frontiers in
//! Physiology 11:596567, 2021), 0.5 for the second (anaerobic) one by Rogers, Giles, Draper, Mourot and Gronwald (J. Funct.
//! Morphol. Kinesiol. 6(2):38, 2021). No zones and no verdicts here.

use super::streams::Track;

/// At the first threshold.
pub(crate) const FIRST: f64 = 0.75;
/// At the second threshold.
pub(crate) const SECOND: f64 = 0.5;
/// A value outside is an error in the recording, or from a window that is still filling.
const POSSIBLE: std::ops::RangeInclusive<f64> = 0.05..=2.5;
/// DFA α1 stays above this at low intensity and falls almost in a line from here on.
const FALLING: f64 = 1.0;
/// Seconds of a block: DFA α1 itself is computed over two minutes.
const BLOCK: f64 = 120.0;
/// A block with less than this fraction recorded does not count.
const FILLED: f64 = 0.75;
/// Blocks that a line needs …
const BLOCKS: usize = 8;
/// … and on each side of a threshold.
const EACH_SIDE: usize = 2;
/// The minimum share of the variance that a line must explain.
const LEAST_R2: f64 = 0.6;

/// Seconds on each side of the thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    /// Above 0.75.
    pub above: f64,
    /// From 0.5 to 0.75, inclusive.
    pub between: f64,
    /// Below 0.5.
    pub below: f64,
}

/// The time above, between and below the thresholds. None without a possible value.
pub(crate) fn times(track: &Track) -> Option<Times> {
    let mut times = Times {
        above: 0.0,
        between: 0.0,
        below: 0.0,
    };
    for (index, value) in possible(track)? {
        let lasted = track.lasted(index);
        if value > FIRST {
            times.above += lasted;
        } else if value < SECOND {
            times.below += lasted;
        } else {
            times.between += lasted;
        }
    }
    (times.above + times.between + times.below > 0.0).then_some(times)
}

/// The time-weighted average. None without a possible value.
pub(crate) fn mean(track: &Track) -> Option<f64> {
    let mut sum = (0.0, 0.0);
    for (index, value) in possible(track)? {
        let lasted = track.lasted(index);
        sum = (sum.0 + value * lasted, sum.1 + lasted);
    }
    (sum.1 > 0.0).then(|| sum.0 / sum.1)
}

fn possible(track: &Track) -> Option<impl Iterator<Item = (usize, f64)>> {
    let values = track.channel("dfa_a1")?;
    let known = values.iter().enumerate();
    Some(known.filter_map(|(index, value)| Some((index, value.filter(|value| POSSIBLE.contains(value))?))))
}

/// Where a line through the blocks crosses a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Crossing {
    /// The value of the other channel: bpm, W.
    pub at: f64,
    /// Blocks behind the line.
    pub blocks: usize,
    /// Whether the line is through the falling part alone (blocks with DFA α1 of at most 1.0), not through all blocks.
    pub falling: bool,
    /// The share of the variance that the line explains.
    pub r2: f64,
}

/// The value of `channel` where DFA α1 crosses `threshold`, by the least-squares line of two-minute averages of DFA α1 over
/// those of the channel: of those of at most 1.0, or of all if they alone define no crossing.
///
/// None unless it is well defined: at least eight blocks, two of them on each side of the threshold, a falling line that
/// explains at least 60 % of the variance, and a crossing within the blocks' values.
pub(crate) fn crossing(track: &Track, channel: &str, threshold: f64) -> Option<Crossing> {
    let all = blocks(track, channel)?;
    let falling: Vec<(f64, f64)> = all
        .iter()
        .copied()
        .filter(|(_, alpha)| *alpha <= FALLING)
        .collect();
    let of_part = line(&falling, threshold).map(|found| Crossing {
        falling: true,
        ..found
    });
    of_part.or_else(|| line(&all, threshold))
}

/// Where the least-squares line of blocks crosses a threshold, if it is well defined.
fn line(blocks: &[(f64, f64)], threshold: f64) -> Option<Crossing> {
    let below = blocks.iter().filter(|(_, alpha)| *alpha < threshold).count();
    if blocks.len() < BLOCKS || below < EACH_SIDE || blocks.len() - below < EACH_SIDE {
        return None;
    }
    let count = u32::try_from(blocks.len()).map(f64::from).ok()?;
    let mean = |of: fn(&(f64, f64)) -> f64| blocks.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|block| block.0), mean(|block| block.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| blocks.iter().map(|(a, b)| of(a - x, b - y)).sum::<f64>();
    let (xx, xy, yy) = (sum(&|a, _| a * a), sum(&|a, b| a * b), sum(&|_, b| b * b));
    if xx <= 0.0 || yy <= 0.0 || xy >= 0.0 {
        return None;
    }
    let r2 = xy * xy / (xx * yy);
    let at = x + (threshold - y) * xx / xy;
    let within = blocks.iter().any(|block| block.0 <= at) && blocks.iter().any(|block| block.0 >= at);
    (r2 >= LEAST_R2 && within).then_some(Crossing {
        at,
        blocks: blocks.len(),
        falling: false,
        r2,
    })
}

/// Averages of the channel and of DFA α1 over each two minutes in which both were recorded most of the time.
fn blocks(track: &Track, channel: &str) -> Option<Vec<(f64, f64)>> {
    let others = track.channel(channel)?;
    let mut blocks = Vec::new();
    let mut sum = (0.0, 0.0, 0.0);
    let mut number = 0.0;
    let mut close = |sum: &mut (f64, f64, f64)| {
        if sum.2 >= BLOCK * FILLED {
            blocks.push((sum.0 / sum.2, sum.1 / sum.2));
        }
        *sum = (0.0, 0.0, 0.0);
    };
    for (index, alpha) in possible(track)? {
        let Some(other) = others.get(index).copied().flatten() else {
            continue;
        };
        let own = (track.time()[index] / BLOCK).floor();
        if own > number {
            close(&mut sum);
            number = own;
        }
        let lasted = track.lasted(index);
        sum = (sum.0 + other * lasted, sum.1 + alpha * lasted, sum.2 + lasted);
    }
    close(&mut sum);
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn track(secs: u32, heart: impl Fn(f64) -> f64, alpha: impl Fn(f64, f64) -> f64) -> Track {
        let time: Vec<f64> = (0..secs).map(f64::from).collect();
        let rates: Vec<f64> = time.iter().map(|s| heart(*s)).collect();
        let alphas = time
            .iter()
            .zip(&rates)
            .map(|(s, rate)| (*s >= 120.0).then(|| alpha(*s, *rate)))
            .collect();
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        Track::new([
            ("time".to_owned(), some(&time)),
            ("heartrate".to_owned(), some(&rates)),
            ("dfa_a1".to_owned(), alphas),
        ])
        .unwrap()
    }

    #[test]
    fn a_ramp_crosses_where_its_line_does() {
        // 100 to 180 bpm in forty minutes; α1 falls by 0.0125 a beat from 1.25.
        let ramp = track(
            2400,
            |s| 100.0 + s / 30.0,
            |_, rate| 1.25 - (rate - 100.0) * 0.0125,
        );
        let first = crossing(&ramp, "heartrate", FIRST).unwrap();
        // The part from 120 bpm on, where α1 is at most 1.0.
        assert!(
            (first.at - 140.0).abs() < 0.5 && first.r2 > 0.99 && first.blocks == 15 && first.falling,
            "{first:?}"
        );
        let second = crossing(&ramp, "heartrate", SECOND).unwrap();
        assert!((second.at - 160.0).abs() < 0.5);
        let times = times(&ramp).unwrap();
        assert!(
            (times.above - 1080.0).abs() < 2.0
                && (times.between - 600.0).abs() < 2.0
                && (times.below - 600.0).abs() < 2.0
        );
        assert!(crossing(&ramp, "watts", FIRST).is_none());
    }

    #[test]
    fn what_is_not_well_defined_has_no_crossing() {
        let steady = track(
            3600,
            |s| 135.0 + (s / 60.0).sin(),
            |s, _| 0.75 + 0.1 * (s / 97.0).sin(),
        );
        assert_eq!(crossing(&steady, "heartrate", FIRST), None);
        let easy = track(2400, |s| 90.0 + s / 60.0, |_, rate| 1.6 - (rate - 90.0) * 0.01);
        assert_eq!(crossing(&easy, "heartrate", FIRST), None, "never below");
        let short = track(
            700,
            |s| 100.0 + s / 10.0,
            |_, rate| 1.25 - (rate - 100.0) * 0.0125,
        );
        assert_eq!(crossing(&short, "heartrate", FIRST), None, "too few blocks");
        let rising = track(2400, |s| 100.0 + s / 30.0, |_, rate| 0.3 + (rate - 100.0) * 0.01);
        assert_eq!(crossing(&rising, "heartrate", FIRST), None);
        let zeros = track(600, |_| 120.0, |_, _| 0.0);
        assert_eq!((times(&zeros), mean(&zeros)), (None, None));
    }

    #[test]
    fn an_easy_hour_before_it_moves_no_threshold() {
        // α1 falls from 1.0 at 130 bpm by 0.0125 a beat; below, it stays high, whatever the heart rate.
        let alpha = |rate: f64| {
            if rate < 130.0 {
                1.3
            } else {
                1.0 - (rate - 130.0) * 0.0125
            }
        };
        let heart = |s: f64| {
            if s < 3600.0 {
                105.0 + s / 180.0
            } else {
                130.0 + (s - 3600.0) / 40.0
            }
        };
        let long = track(6000, heart, |_, rate| alpha(rate));
        for (threshold, beats) in [(FIRST, 150.0), (SECOND, 170.0)] {
            let found = crossing(&long, "heartrate", threshold).unwrap();
            assert!(found.falling && (found.at - beats).abs() < 0.5, "{found:?}");
        }
        // Too few blocks of the falling part: all are taken, and the answer is marked.
        let heart = |s: f64| 100.0 + s / 18.0;
        let short = track(1440, heart, |_, rate| 1.5 - (rate - 100.0) * 0.0125);
        let found = crossing(&short, "heartrate", FIRST).unwrap();
        assert!(!found.falling && (found.at - 160.0).abs() < 0.5, "{found:?}");
    }

    proptest! {
        #[test]
        fn times_are_the_recorded_time(alphas in prop::collection::vec(prop::option::of(-1.0_f64..3.0), 1..300)) {
            let time = (0..alphas.len()).map(|s| u32::try_from(s).ok().map(f64::from)).collect();
            let heart = vec![Some(120.0); alphas.len()];
            let valid = alphas.iter().flatten().filter(|a| POSSIBLE.contains(a)).count();
            let track = Track::new([
                ("time".to_owned(), time), ("dfa_a1".to_owned(), alphas), ("heartrate".to_owned(), heart),
            ]).unwrap();
            let sum = times(&track).map_or(0.0, |t| t.above + t.between + t.below);
            prop_assert!((sum - f64::from(u32::try_from(valid).unwrap())).abs() < 1e-6);
            prop_assert_eq!(crossing(&track, "heartrate", FIRST), None, "one heart rate has no line");
        }
    }
}
