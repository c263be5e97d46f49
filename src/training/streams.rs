//! A recording as a track: a time axis with channels and known pauses, which can be cut and thinned by time.
//!
//! Devices sample each second, or only when something changes ("smart recording"), and stop when the athlete pauses.
//! So nothing here counts samples: averages are weighted by how long a sample lasted.

/// A jump of the time axis is a pause if it is longer than this many seconds …
const PAUSE: f64 = 10.0;
/// … and than this many usual steps between samples.
const PAUSE_STEPS: f64 = 5.0;
/// Seconds (almost four months). No recording is longer; a later time is an error.
const LONGEST: f64 = 1e7;
/// No measurement is larger; a larger value is an error.
const ABSURD: f64 = 1e9;
/// Widths in seconds that are easy to read; beyond them whole hours.
const WIDTHS: [f64; 19] = [
    1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 900.0,
    1200.0, 1800.0,
];
const HOUR: f64 = 3600.0;

/// A recording. Every channel has one value, or none, for each point of the time axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Track {
    time: Vec<f64>,
    channels: Vec<(String, Vec<Option<f64>>)>,
    usual_step: f64,
}

/// A time without samples: the device was paused or recorded nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    /// Index of the last sample before it.
    pub after: usize,
    /// That sample's time, s.
    pub from: f64,
    /// The next sample's time, s.
    pub to: f64,
}

/// A channel within a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// The time-weighted average (watts, heart rate, cadence, speed, altitude …), or the last value (distance).
    pub value: f64,
    /// The lowest sample.
    pub min: f64,
    /// The highest sample.
    pub max: f64,
}

/// A stretch of a thinned track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// Start, s into the activity.
    pub from: f64,
    /// Samples in it; never 0.
    pub samples: usize,
    /// In the order of the channels; None where nothing was recorded.
    pub figures: Vec<Option<Figure>>,
}

/// A track in equal stretches of time, without those that are wholly in a pause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thinned {
    /// Seconds from the start of one stretch to the next.
    pub width: f64,
    /// In order.
    pub stretches: Vec<Stretch>,
}

impl Track {
    /// A track of these channels, of which `time` is the axis (seconds since the start).
    ///
    /// Points without a time, or whose time is not after the previous one, are dropped in every channel. A channel that is
    /// too short is padded with None. Of two channels with one name the first with a value counts. None without a usable axis.
    pub(crate) fn new(channels: impl IntoIterator<Item = (String, Vec<Option<f64>>)>) -> Option<Self> {
        let mut named: Vec<(String, Vec<Option<f64>>)> = Vec::new();
        for (name, values) in channels {
            match named.iter_mut().find(|(known, _)| *known == name) {
                None => named.push((name, values)),
                Some((_, known)) if known.iter().all(Option::is_none) => *known = values,
                Some(_) => {}
            }
        }
        let at = named.iter().position(|(name, _)| name == "time")?;
        let (_, axis) = named.swap_remove(at);
        let mut kept = Vec::with_capacity(axis.len());
        let mut time: Vec<f64> = Vec::with_capacity(axis.len());
        for (index, second) in axis.into_iter().enumerate() {
            let Some(second) = second.filter(|second| (0.0..=LONGEST).contains(second)) else {
                continue;
            };
            if time.last().is_none_or(|last| second > *last) {
                kept.push(index);
                time.push(second);
            }
        }
        if time.is_empty() {
            return None;
        }
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let channels = named
            .into_iter()
            .map(|(name, values)| {
                let sane = |value: &f64| value.is_finite() && value.abs() < ABSURD;
                let values = kept
                    .iter()
                    .map(|&index| values.get(index).copied().flatten().filter(sane))
                    .collect();
                (name, values)
            })
            .collect();
        let usual_step = usual_step(&time);
        Some(Self {
            time,
            channels,
            usual_step,
        })
    }

    /// The time axis, s since the start, rising.
    pub(crate) fn time(&self) -> &[f64] {
        &self.time
    }

    /// How many samples there are; at least one, except in an empty window.
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no sample.
    pub(crate) fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// A channel, one value or none for each point of [`Track::time`]. None if it was not recorded.
    pub(crate) fn channel(&self, name: &str) -> Option<&[Option<f64>]> {
        self.channels
            .iter()
            .find(|(own, values)| own == name && values.iter().any(Option::is_some))
            .map(|(_, values)| values.as_slice())
    }

    /// From the first sample to the last, s.
    pub(crate) fn span(&self) -> f64 {
        match (self.time.first(), self.time.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0.0,
        }
    }

    /// Where the recording stopped: steps longer than ten seconds and than five usual steps.
    pub(crate) fn pauses(&self) -> Vec<Pause> {
        let least = self.pause_step();
        self.time
            .windows(2)
            .enumerate()
            .filter_map(|(after, pair)| match *pair {
                [from, to] if to - from > least => Some(Pause { after, from, to }),
                _ => None,
            })
            .collect()
    }

    /// Seconds without a sample that are more than the time to the next one.
    pub(crate) fn pause_step(&self) -> f64 {
        PAUSE.max(self.usual_step * PAUSE_STEPS)
    }

    /// How long the sample lasted, s: until the next one, or for a usual step before a pause and at the end.
    pub(crate) fn lasted(&self, index: usize) -> f64 {
        match (self.time.get(index), self.time.get(index + 1)) {
            (Some(this), Some(next)) if next - this <= self.pause_step() => next - this,
            (Some(_), _) => self.usual_step,
            (None, _) => 0.0,
        }
    }

    /// The time-weighted average of the samples in `range` (indices) whose index fulfils `counts`; missing ones do not count.
    pub(crate) fn mean(
        &self,
        name: &str,
        range: std::ops::Range<usize>,
        counts: impl Fn(usize) -> bool,
    ) -> Option<f64> {
        let values = self.channel(name)?;
        let mut sum = (0.0, 0.0);
        for index in range {
            if let Some(value) = values.get(index).copied().flatten().filter(|_| counts(index)) {
                let lasted = self.lasted(index);
                sum = (sum.0 + value * lasted, sum.1 + lasted);
            }
        }
        (sum.1 > 0.0).then(|| sum.0 / sum.1)
    }

    /// The part from `from` to `to` seconds, inclusive. Times remain those of the activity.
    #[must_use]
    pub(crate) fn window(&self, from: f64, to: f64) -> Self {
        let begin = self.time.partition_point(|second| *second < from);
        let end = self.time.partition_point(|second| *second <= to).max(begin);
        let cut = |values: &[Option<f64>]| values.get(begin..end).unwrap_or_default().to_vec();
        Self {
            time: self.time.get(begin..end).unwrap_or_default().to_vec(),
            channels: self
                .channels
                .iter()
                .map(|(name, values)| (name.clone(), cut(values)))
                .collect(),
            usual_step: self.usual_step,
        }
    }

    /// At most `most` stretches of equal time, with a width that is easy to read (30 s, 1 min, 1:30 …), with these channels.
    ///
    /// Averages are weighted by time within the stretch; `distance` has its last value, because it only grows. Pauses have
    /// no samples: they lower no average, and a stretch inside one is left out.
    pub(crate) fn thin(&self, names: &[&str], most: usize) -> Thinned {
        let width = width(self.span(), most.max(1));
        let Some(&start) = self.time.first() else {
            return Thinned {
                width,
                stretches: Vec::new(),
            };
        };
        let channels: Vec<(Option<&[Option<f64>]>, bool)> = names
            .iter()
            .map(|name| (self.channel(name), *name == "distance"))
            .collect();
        let mut stretches = Vec::new();
        let mut begin = 0;
        while let Some(&first) = self.time.get(begin) {
            let number = ((first - start) / width).floor();
            let until = start + (number + 1.0) * width;
            let end = self.time.partition_point(|second| *second < until).max(begin + 1);
            let figures = channels
                .iter()
                .map(|(values, last)| self.figure((*values)?, begin..end, *last))
                .collect();
            stretches.push(Stretch {
                from: start + number * width,
                samples: end - begin,
                figures,
            });
            begin = end;
        }
        Thinned { width, stretches }
    }

    fn figure(&self, values: &[Option<f64>], range: std::ops::Range<usize>, last: bool) -> Option<Figure> {
        let mut figure: Option<Figure> = None;
        let mut sum = (0.0, 0.0);
        for index in range {
            let Some(value) = values.get(index).copied().flatten() else {
                continue;
            };
            let lasted = self.lasted(index);
            sum = (sum.0 + value * lasted, sum.1 + lasted);
            let (min, max) = figure.map_or((value, value), |known| {
                (known.min.min(value), known.max.max(value))
            });
            figure = Some(Figure { value, min, max });
        }
        let mut figure = figure?;
        if !last && sum.1 > 0.0 {
            // Rounding must not move an average outside its own values.
            figure.value = (sum.0 / sum.1).clamp(figure.min, figure.max);
        }
        Some(figure)
    }
}

/// The median step; one second if there is none.
fn usual_step(time: &[f64]) -> f64 {
    let mut steps: Vec<f64> = time.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if steps.is_empty() {
        return 1.0;
    }
    let middle = steps.len() / 2;
    let (_, median, _) = steps.select_nth_unstable_by(middle, f64::total_cmp);
    *median
}

/// The narrowest easy width of which `most` cover the span, inclusive.
fn width(span: f64, most: usize) -> f64 {
    let most = u32::try_from(most).map_or(f64::from(u32::MAX), f64::from);
    let least = span / most;
    WIDTHS
        .into_iter()
        .find(|width| *width > least)
        .unwrap_or_else(|| ((least / HOUR).floor() + 1.0) * HOUR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn channel(name: &str, values: impl IntoIterator<Item = Option<f64>>) -> (String, Vec<Option<f64>>) {
        (name.to_owned(), values.into_iter().collect())
    }

    /// One sample per second: ten minutes at 200 W, a pause of five minutes, ten minutes at 100 W.
    fn with_a_pause() -> Track {
        let seconds = || (0..600).chain(900..1500);
        Track::new([
            channel("time", seconds().map(|s| Some(f64::from(s)))),
            channel(
                "watts",
                seconds().map(|s| Some(if s < 600 { 200.0 } else { 100.0 })),
            ),
            channel("distance", (0..1200).map(|s| Some(f64::from(s) * 10.0))),
            channel("heartrate", (0..300).map(|_| None)),
        ])
        .unwrap()
    }

    #[test]
    fn a_pause_is_not_a_sample() {
        let track = with_a_pause();
        assert_eq!(
            track.pauses(),
            [Pause {
                after: 599,
                from: 599.0,
                to: 900.0
            }]
        );
        assert!(track.channel("distance").is_some() && track.channel("watts").is_some());
        assert_eq!(track.channel("heartrate"), None);
        assert!((track.mean("watts", 0..track.len(), |_| true).unwrap() - 150.0).abs() < 1e-9);

        let thin = track.thin(&["watts", "distance", "heartrate"], 15);
        assert!((thin.width - 120.0).abs() < 1e-9);
        let begins: Vec<f64> = thin.stretches.iter().map(|stretch| stretch.from).collect();
        // Nothing from 600 to 840; the stretch from 840 has the first minute after the pause.
        assert_eq!(
            begins,
            [
                0.0, 120.0, 240.0, 360.0, 480.0, 840.0, 960.0, 1080.0, 1200.0, 1320.0, 1440.0
            ]
        );
        let first_after = &thin.stretches[5];
        assert_eq!(first_after.samples, 60);
        assert!((first_after.figures[0].unwrap().value - 100.0).abs() < 1e-9);
        assert!((first_after.figures[1].unwrap().value - 6590.0).abs() < 1e-9);
        assert_eq!(first_after.figures[2], None);
    }

    #[test]
    fn a_mean_is_by_time_and_not_by_sample() {
        // Smart recording: one sample lasts nine seconds, the next one second.
        let track = Track::new([
            channel("time", [0.0, 9.0, 10.0, 19.0, 20.0].map(Some)),
            channel("watts", [100.0, 200.0, 100.0, 200.0, 150.0].map(Some)),
        ])
        .unwrap();
        assert!((track.mean("watts", 0..4, |_| true).unwrap() - 110.0).abs() < 1e-9);
        assert!(track.pauses().is_empty());
    }

    #[test]
    fn odd_axes_and_odd_channels() {
        assert!(Track::new([channel("watts", [Some(1.0)])]).is_none());
        assert!(Track::new([channel("time", [None, Some(-1.0), Some(1e12)])]).is_none());
        let track = Track::new([
            channel(
                "time",
                [
                    Some(0.0),
                    Some(5.0),
                    None,
                    Some(3.0),
                    Some(6.0),
                    Some(6.0),
                    Some(7.0),
                ],
            ),
            channel("watts", [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0)]),
            channel("watts", [Some(9.0)]),
            channel("altitude", [Some(1e300), None]),
        ])
        .unwrap();
        assert_eq!(track.time(), [0.0, 5.0, 6.0, 7.0]);
        assert_eq!(
            track.channel("watts").unwrap(),
            [Some(1.0), Some(2.0), Some(5.0), None]
        );
        assert_eq!(track.channel("altitude"), None);
        let one = Track::new([channel("time", [Some(3.0)]), channel("watts", [Some(0.0)])]).unwrap();
        let thin = one.thin(&["watts"], 60);
        assert_eq!(thin.stretches.len(), 1);
        assert_eq!(
            thin.stretches[0].figures[0].map(|f| f.value),
            Some(0.0),
            "a zero is a value"
        );
        assert!(one.window(10.0, 20.0).is_empty());
        assert!(one.window(10.0, 20.0).thin(&["watts"], 60).stretches.is_empty());
        assert!(one.window(9.0, 2.0).is_empty());
    }

    fn any_track() -> impl Strategy<Value = Track> {
        let steps = prop::collection::vec(prop_oneof![9 => 0.5_f64..4.0, 1 => 0.0_f64..2_000.0], 1..400);
        let values = prop::collection::vec(prop::option::weighted(0.9, 0.0_f64..1500.0), 0..400);
        (steps, values).prop_map(|(steps, values)| {
            let mut now = 0.0;
            let time: Vec<Option<f64>> = steps
                .into_iter()
                .map(|step| {
                    now += step;
                    Some(now)
                })
                .collect();
            Track::new([channel("time", time), channel("watts", values)]).unwrap()
        })
    }

    proptest! {
        #[test]
        fn every_sample_is_in_one_stretch_and_rows_keep_their_limit(track in any_track(), most in 1_usize..300) {
            let thin = track.thin(&["watts"], most);
            prop_assert!(!thin.stretches.is_empty() && thin.stretches.len() <= most);
            prop_assert_eq!(thin.stretches.iter().map(|s| s.samples).sum::<usize>(), track.len());
            prop_assert!(thin.stretches.windows(2).all(|pair| pair[1].from - pair[0].from > thin.width * 0.999));
            for figure in thin.stretches.iter().filter_map(|s| s.figures[0]) {
                prop_assert!(figure.min <= figure.value && figure.value <= figure.max);
            }
        }

        #[test]
        fn thinning_keeps_the_mean(track in any_track(), most in 1_usize..300) {
            let whole = track.mean("watts", 0..track.len(), |_| true);
            let one = track.thin(&["watts"], 1).stretches[0].figures[0].map(|figure| figure.value);
            prop_assert_eq!(whole.is_some(), one.is_some());
            if let (Some(whole), Some(one)) = (whole, one) {
                prop_assert!((whole - one).abs() < 1e-6);
            }
            let highest = track.thin(&["watts"], most).stretches.iter().filter_map(|s| s.figures[0]).map(|f| f.max).fold(f64::MIN, f64::max);
            let recorded = track.channel("watts").unwrap_or_default().iter().flatten().copied().fold(f64::MIN, f64::max);
            prop_assert!((highest - recorded).abs() < 1e-9 || track.channel("watts").is_none());
        }

        #[test]
        fn windows_that_meet_have_every_sample_once(track in any_track(), at in 0.0_f64..3_000.0) {
            let (first, last) = (track.time()[0], *track.time().last().unwrap());
            let before = track.window(f64::MIN, at);
            let after = track.window(at.next_up(), f64::MAX);
            prop_assert_eq!(before.len() + after.len(), track.len());
            prop_assert!(before.time().iter().all(|t| *t <= at) && after.time().iter().all(|t| *t > at));
            prop_assert_eq!(&track.window(first, last), &track);
        }

        #[test]
        fn no_axis_panics(axis in prop::collection::vec(prop::option::of(any::<f64>()), 0..50), from in any::<f64>(), to in any::<f64>(), most in 0_usize..50) {
            if let Some(track) = Track::new([channel("time", axis.clone()), channel("watts", axis)]) {
                let cut = track.window(from, to);
                let _ = (cut.thin(&["watts", "time", "x"], most), cut.pauses(), cut.span(), cut.mean("watts", 0..1000, |_| true));
            }
        }
    }
}
