//! Splits: how long each kilometre (or mile, or hundred metres) took, from a recording.
//!
//! Time is recorded time: pauses do not count. If a split ends between two samples, the time is interpolated.

use super::streams::Track;

/// More splits than this are an error in the distance.
const TOO_MANY: f64 = 2_000.0;
/// A last piece shorter than this fraction of a split is left out.
const REST: f64 = 0.05;
/// m/s. Nothing on wheels or feet is faster: a larger jump of distance is an error in that sample.
const FASTEST: f64 = 45.0;
/// Altitude fluctuates; a rise counts once it has reached this many metres.
const RISE: f64 = 2.0;

/// One split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// Its end, m since the start.
    pub until: f64,
    /// m; the last one may be shorter than the others.
    pub distance: f64,
    /// s, without pauses.
    pub secs: f64,
    /// m of elevation gain: rises of two metres and more.
    pub climb: Option<f64>,
    /// bpm, time-weighted average.
    pub heart_rate: Option<f64>,
    /// W, time-weighted average.
    pub watts: Option<f64>,
}

/// Recorded time of the two halves of the distance, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Halves {
    /// The first.
    pub first: f64,
    /// The second.
    pub second: f64,
}

/// The distance along a track, which only grows, and recorded time.
#[derive(Debug)]
pub(crate) struct Way {
    /// (index, m since the first sample, s recorded), each further than the one before.
    points: Vec<(usize, f64, f64)>,
}

impl Way {
    /// From a track's `distance`. None if it has none, or if nothing was covered.
    pub(crate) fn of(track: &Track) -> Option<Self> {
        let distance = track.channel("distance")?;
        let mut points: Vec<(usize, f64, f64)> = Vec::new();
        let (mut clock, mut start) = (0.0, None);
        let time = track.time();
        for (index, metres) in distance.iter().enumerate() {
            if let Some(metres) = *metres {
                // Devices record the distance at the end of the first second; that second counts.
                let begin = *start.get_or_insert(if metres < 100.0 { 0.0 } else { metres });
                let metres = metres - begin;
                let further = |(before, last, _): &(usize, f64, f64)| {
                    let moved = metres - last;
                    moved > 0.0 && moved <= FASTEST * (time[index] - time[*before])
                };
                if points.last().is_none_or(further) {
                    points.push((index, metres, clock));
                }
            }
            clock += track.lasted(index);
        }
        (points.len() > 1).then_some(Self { points })
    }

    /// m covered.
    pub(crate) fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |(_, metres, _)| *metres)
    }

    /// The index of the sample that had covered this many metres, and the recorded second at which they were covered.
    fn at(&self, metres: f64) -> (usize, f64) {
        let next = self.points.partition_point(|(_, covered, _)| *covered < metres);
        match (
            next.checked_sub(1).and_then(|at| self.points.get(at)),
            self.points.get(next),
        ) {
            (Some(&(_, d0, s0)), Some(&(index, d1, s1))) => {
                (index, s0 + (s1 - s0) * (metres - d0) / (d1 - d0))
            }
            (None, Some(&(index, _, secs))) | (Some(&(index, _, secs)), None) => (index, secs),
            (None, None) => (0, 0.0),
        }
    }

    /// Recorded time of the two halves of the distance.
    pub(crate) fn halves(&self) -> Halves {
        let (_, start) = self.at(0.0);
        let (_, middle) = self.at(self.length() / 2.0);
        let (_, end) = self.at(self.length());
        Halves {
            first: middle - start,
            second: end - middle,
        }
    }

    /// The splits of `metres` each. Empty if there would be absurdly many.
    pub(crate) fn splits(&self, track: &Track, metres: f64) -> Vec<Split> {
        let length = self.length();
        if metres <= 0.0 || length / metres > TOO_MANY {
            return Vec::new();
        }
        let climbed = climbed(track);
        let mut splits = Vec::new();
        let (mut from, mut begin) = (0.0, self.at(0.0));
        while length - from > metres * REST {
            let until = (from + metres).min(length);
            let end = self.at(until);
            splits.push(Split {
                until,
                distance: until - from,
                secs: end.1 - begin.1,
                climb: climbed
                    .as_ref()
                    .and_then(|climbed| Some(climbed.get(end.0)? - climbed.get(begin.0)?)),
                heart_rate: track.mean("heartrate", begin.0..end.0),
                watts: track.mean("watts", begin.0..end.0),
            });
            (from, begin) = (until, end);
        }
        splits
    }
}

/// Elevation gain up to each sample, m. None without altitude.
fn climbed(track: &Track) -> Option<Vec<f64>> {
    let altitude = track.channel("altitude")?;
    let (mut total, mut low) = (0.0, None);
    Some(
        altitude
            .iter()
            .map(|metres| {
                if let Some(metres) = *metres {
                    let lowest: f64 = *low.get_or_insert(metres);
                    if metres - lowest >= RISE {
                        total += metres - lowest;
                        low = Some(metres);
                    } else if metres < lowest {
                        low = Some(metres);
                    }
                }
                total
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn track(channels: &[(&str, Vec<Option<f64>>)]) -> Track {
        Track::new(
            channels
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.clone())),
        )
        .unwrap()
    }

    fn seconds(count: u32) -> Vec<Option<f64>> {
        (0..count).map(|s| Some(f64::from(s))).collect()
    }

    #[test]
    fn even_kilometres_take_even_times() {
        let run = track(&[
            ("time", seconds(1_001)),
            ("distance", (0..1_001).map(|s| Some(f64::from(s) * 2.5)).collect()),
            (
                "heartrate",
                (0..1_001).map(|s| (s >= 400).then_some(150.0)).collect(),
            ),
            (
                "altitude",
                (0..1_001).map(|s| Some(f64::from(s.min(800)) * 0.05)).collect(),
            ),
        ]);
        let way = Way::of(&run).unwrap();
        let splits = way.splits(&run, 1000.0);
        assert_eq!(splits.len(), 3);
        assert!(splits[..2].iter().all(|split| (split.secs - 400.0).abs() < 1e-6));
        assert!((splits[2].distance - 500.0).abs() < 1e-6 && (splits[2].secs - 200.0).abs() < 1e-6);
        assert_eq!(splits[0].heart_rate, None);
        assert!((splits[1].heart_rate.unwrap() - 150.0).abs() < 1e-9);
        assert!((splits[0].climb.unwrap() - 20.0).abs() <= RISE && splits[2].climb.unwrap().abs() <= RISE);
        let halves = way.halves();
        assert!((halves.first - 500.0).abs() < 1e-6 && (halves.second - 500.0).abs() < 1e-6);
    }

    #[test]
    fn a_sample_that_jumps_spoils_nothing() {
        let metres = |s: u32| if s == 300 { 5_000_000.0 } else { f64::from(s) * 2.5 };
        let run = track(&[
            ("time", seconds(1_001)),
            ("distance", (0..1_001).map(|s| Some(metres(s))).collect()),
        ]);
        let way = Way::of(&run).unwrap();
        assert!((way.length() - 2500.0).abs() < 1e-6);
        let splits = way.splits(&run, 1000.0);
        assert!(splits[..2].iter().all(|split| (split.secs - 400.0).abs() < 1e-6));
    }

    #[test]
    fn a_pause_costs_no_time_and_the_distance_may_fluctuate() {
        let time: Vec<Option<f64>> = (0..400).chain(1_000..1_401).map(|s| Some(f64::from(s))).collect();
        let distance: Vec<Option<f64>> = (0..801)
            .map(|n| match n {
                200 => None,
                300 => Some(10.0),
                _ => Some(f64::from(n) * 2.5),
            })
            .collect();
        let run = track(&[("time", time), ("distance", distance)]);
        let splits = Way::of(&run).unwrap().splits(&run, 1000.0);
        assert_eq!(splits.len(), 2);
        assert!(
            splits.iter().all(|split| (split.secs - 400.0).abs() < 2.0),
            "{splits:?}"
        );
        assert_eq!((splits[0].climb, splits[0].watts), (None, None));
    }

    #[test]
    fn nothing_covered_has_no_splits() {
        let still = track(&[("time", seconds(100)), ("distance", vec![Some(0.0); 100])]);
        assert!(Way::of(&still).is_none());
        let none = track(&[("time", seconds(100))]);
        assert!(Way::of(&none).is_none());
        let long = track(&[
            ("time", vec![Some(0.0), Some(9e6)]),
            ("distance", vec![Some(0.0), Some(1e8)]),
        ]);
        assert!(Way::of(&long).unwrap().splits(&long, 1000.0).is_empty());
        assert!(Way::of(&long).unwrap().splits(&long, 0.0).is_empty());
        let jump = track(&[("time", seconds(2)), ("distance", vec![Some(0.0), Some(1e8)])]);
        assert!(Way::of(&jump).is_none(), "nothing moves that fast");
    }

    proptest! {
        #[test]
        fn splits_add_up_to_the_way(
            steps in prop::collection::vec((0.5_f64..30.0, prop::option::weighted(0.95, 0.0_f64..20.0)), 2..400),
            metres in 20.0_f64..2_000.0
        ) {
            let (mut now, mut far) = (0.0, 0.0);
            let (mut time, mut distance) = (Vec::new(), Vec::new());
            for (step, speed) in steps {
                now += step;
                time.push(Some(now));
                distance.push(speed.map(|speed| { far += speed * step.min(10.0); far }));
            }
            let run = track(&[("time", time), ("distance", distance.clone()), ("altitude", distance)]);
            if let Some(way) = Way::of(&run) {
                let splits = way.splits(&run, metres);
                let covered: f64 = splits.iter().map(|split| split.distance).sum();
                prop_assert!(covered <= way.length() + 1e-6);
                prop_assert!(splits.is_empty() || way.length() - covered <= metres * REST + 1e-6);
                prop_assert!(splits.iter().all(|split| split.secs >= -1e-9 && split.climb.is_none_or(|m| m >= -1e-9)));
                let halves = way.halves();
                prop_assert!(halves.first >= -1e-9 && halves.second >= -1e-9);
            }
        }
    }
}
