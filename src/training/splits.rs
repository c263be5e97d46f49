//! Splits: how long each kilometre (or mile, or hundred metres) took, from a recording.
//!
//! Time is moving time, distance counts from the first sample. A stop is time in which the distance stands still, whether
//! the device went on recording or paused: ten seconds or more at equal distance, a jump of the time axis with little or no
//! distance, or less than three metres in twenty seconds (a position that drifts). What a stop does cover is counted at the
//! usual speed. Distance that stands still and then catches up at once (a tunnel, the lengths of a pool) is movement, except
//! for the time at which a speed that fits the distance was zero. If a split ends between two samples, the time is
//! interpolated.

use std::ops::Range;

use super::streams::Track;

/// More splits than this are an error in the distance.
const TOO_MANY: f64 = 2_000.0;
/// A last piece shorter than this fraction of a split is left out.
const REST: f64 = 0.05;
/// m/s. Nothing on wheels or feet is faster: a larger jump of distance is an error in that sample.
const FASTEST: f64 = 45.0;
/// Altitude fluctuates; a rise counts once it has reached this many metres.
const RISE: f64 = 2.0;
/// Shorter stops are not stops, s.
const STOP: f64 = 10.0;
/// Less than this many metres …
const DRIFT: f64 = 3.0;
/// … in this many seconds is a position that drifts.
const DRIFTING: f64 = 20.0;
/// Where nothing is known between two points, m/s below which there was a stop: a quarter of the usual speed, within these.
const SLOW: Range<f64> = 0.2..1.0;
/// Distance that catches up after standing still is movement if it comes at more than this many times the usual speed.
const CATCHES_UP: f64 = 2.0;
/// m/s. A sensor of speed that shows less shows a stop.
const ZERO: f64 = 0.1;

/// One split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// Its end, m since the start.
    pub until: f64,
    /// m; the last one may be shorter than the others.
    pub distance: f64,
    /// s of movement.
    pub secs: f64,
    /// s of stops.
    pub stopped: f64,
    /// m of elevation gain: rises of two metres and more.
    pub climb: Option<f64>,
    /// bpm, time-weighted average while moving.
    pub heart_rate: Option<f64>,
    /// W, time-weighted average while moving.
    pub watts: Option<f64>,
}

/// Moving time of the two halves of the distance, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Halves {
    /// The first.
    pub first: f64,
    /// The second.
    pub second: f64,
}

/// The distance along a track, which only grows, with moving time and stops.
#[derive(Debug)]
pub(crate) struct Way {
    points: Vec<Point>,
    /// Whether the sample belongs to a stop.
    still: Vec<bool>,
}

/// A sample that is further than all before it.
#[derive(Debug, Clone, Copy)]
struct Point {
    index: usize,
    /// The last sample until then that was no further than the point before; at least that point's own.
    stood_until: usize,
    /// m since the first sample.
    metres: f64,
    /// s of movement up to here.
    moving: f64,
    /// s of stops up to here.
    stopped: f64,
}

impl Way {
    /// From a track's `distance`. None if it has none, or if nothing was covered.
    pub(crate) fn of(track: &Track) -> Option<Self> {
        let mut points = points(track)?;
        let stops = stops(track, &points);
        let mut still = vec![false; track.len()];
        let time = track.time();
        let speeds = track.channel("velocity_smooth");
        let stands =
            |index: usize| speeds.is_none_or(|speeds| speeds[index].is_none_or(|speed| speed < ZERO));
        for at in 1..points.len() {
            let before = points[at - 1];
            let point = &mut points[at];
            let secs = time[point.index] - time[before.index];
            let stopped = stops[at].min(secs);
            point.moving = before.moving + secs - stopped;
            point.stopped = before.stopped + stopped;
            let flat = before.index..point.stood_until;
            for (index, still) in flat.clone().zip(&mut still[flat]) {
                *still = stopped > 0.0 && stands(index);
            }
        }
        Some(Self { points, still })
    }

    /// m covered.
    pub(crate) fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.metres)
    }

    /// The point at which this many metres were covered. A stop there comes after it.
    fn at(&self, metres: f64) -> Point {
        let next = self.points.partition_point(|point| point.metres < metres);
        let last = self.points.len() - 1;
        let (from, to) = (
            self.points[next.saturating_sub(1).min(last)],
            self.points[next.min(last)],
        );
        let covered = to.metres - from.metres;
        let part = if covered > 0.0 {
            (metres - from.metres) / covered
        } else {
            1.0
        };
        Point {
            metres,
            moving: from.moving + (to.moving - from.moving) * part.clamp(0.0, 1.0),
            ..to
        }
    }

    /// Moving time of the two halves of the distance.
    pub(crate) fn halves(&self) -> Halves {
        let middle = self.at(self.length() / 2.0).moving;
        Halves {
            first: middle,
            second: self.at(self.length()).moving - middle,
        }
    }

    /// The splits of `metres` each. Empty if there would be absurdly many.
    pub(crate) fn splits(&self, track: &Track, metres: f64) -> Vec<Split> {
        let length = self.length();
        if metres <= 0.0 || length / metres > TOO_MANY {
            return Vec::new();
        }
        let climbed = climbed(track);
        let mean = |name, samples| track.mean(name, samples, |index| !self.still[index]);
        let mut splits = Vec::new();
        let (mut from, mut begin) = (0.0, self.at(0.0));
        while length - from > metres * REST {
            let until = (from + metres).min(length);
            let end = self.at(until);
            splits.push(Split {
                until,
                distance: until - from,
                secs: end.moving - begin.moving,
                stopped: end.stopped - begin.stopped,
                climb: climbed
                    .as_ref()
                    .and_then(|climbed| Some(climbed.get(end.index)? - climbed.get(begin.index)?)),
                heart_rate: mean("heartrate", begin.index..end.index),
                watts: mean("watts", begin.index..end.index),
            });
            (from, begin) = (until, end);
        }
        splits
    }
}

/// The samples that are further than all before them, without their times. None if nothing was covered.
fn points(track: &Track) -> Option<Vec<Point>> {
    let time = track.time();
    let known = track.channel("distance")?.iter().enumerate();
    let mut known = known.filter_map(|(index, metres)| Some((index, (*metres)?)));
    let (first, begin) = known.next()?;
    let start = Point {
        index: first,
        stood_until: first,
        metres: 0.0,
        moving: 0.0,
        stopped: 0.0,
    };
    let (mut points, mut last, mut stood_until) = (vec![start], start, first);
    for (index, metres) in known {
        let metres = metres - begin;
        let moved = metres - last.metres;
        if moved > 0.0 && moved <= FASTEST * (time[index] - time[last.index]) {
            last = Point {
                index,
                stood_until,
                metres,
                ..start
            };
            points.push(last);
            stood_until = index;
        } else if moved <= 0.0 && moved > -DRIFT {
            stood_until = index;
        }
    }
    (points.len() > 1).then_some(points)
}

/// How long the athlete stopped between each point and the one before it, s.
fn stops(track: &Track, points: &[Point]) -> Vec<f64> {
    let time = track.time();
    let usual = usual_speed(track, points);
    let slow = (usual / 4.0).clamp(SLOW.start, SLOW.end);
    // What is left of the seconds between two points if their distance was covered at the usual speed.
    let spare = |from: &Point, to: &Point| {
        let secs = time[to.index] - time[from.index];
        (secs - (to.metres - from.metres) / usual).max(0.0)
    };
    let mut stops = vec![0.0; points.len()];
    for (at, pair) in points.windows(2).enumerate() {
        let (from, to) = (&pair[0], &pair[1]);
        let (secs, metres) = (time[to.index] - time[from.index], to.metres - from.metres);
        let stood = time[to.stood_until] - time[from.index];
        let unseen = secs - stood > track.pause_step();
        stops[at + 1] = if (stood >= STOP || unseen) && metres < slow * secs && spare(from, to) >= STOP {
            spare(from, to)
        } else if stood >= STOP {
            let catches_up = metres > CATCHES_UP * usual * (secs - stood);
            let rest = at_rest(track, from, to).unwrap_or(if catches_up { 0.0 } else { stood });
            Some(rest).filter(|rest| *rest >= STOP).unwrap_or_default()
        } else {
            0.0
        };
    }
    let (mut begin, mut end) = (0, 0);
    while begin < points.len() {
        end = end.max(begin);
        while points
            .get(end + 1)
            .is_some_and(|next| next.metres - points[begin].metres < DRIFT)
        {
            end += 1;
        }
        let drifting = &points[begin..=end];
        let (from, to) = (&points[begin], &points[end]);
        if time[to.index] - time[from.index] >= DRIFTING && spare(from, to) >= STOP {
            for (stop, pair) in stops[begin + 1..=end].iter_mut().zip(drifting.windows(2)) {
                *stop = spare(&pair[0], &pair[1]);
            }
            begin = end;
        }
        begin += 1;
    }
    stops
}

/// Seconds at a speed of zero between two points, if the speeds between them fit their distance.
fn at_rest(track: &Track, from: &Point, to: &Point) -> Option<f64> {
    let speeds = track.channel("velocity_smooth")?;
    let time = track.time();
    let (mut rest, mut metres) = (0.0, 0.0);
    for index in from.index..to.index {
        let (speed, secs) = (speeds[index]?, time[index + 1] - time[index]);
        if speed < ZERO {
            rest += secs;
        } else {
            metres += speed * secs;
        }
    }
    let covered = to.metres - from.metres;
    (covered / 2.0..=covered * 2.0).contains(&metres).then_some(rest)
}

/// The speed at or above which half of the distance was covered, m/s. Stops cover nothing, so they do not lower it.
fn usual_speed(track: &Track, points: &[Point]) -> f64 {
    let time = track.time();
    let mut speeds: Vec<(f64, f64)> = points
        .windows(2)
        .map(|pair| {
            let metres = pair[1].metres - pair[0].metres;
            (metres / (time[pair[1].index] - time[pair[0].index]), metres)
        })
        .collect();
    speeds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = speeds.iter().map(|(_, metres)| metres).sum::<f64>() / 2.0;
    let mut covered = 0.0;
    let middle = speeds.iter().find(|(_, metres)| {
        covered += metres;
        covered >= half
    });
    middle.map_or(SLOW.end, |(speed, _)| *speed)
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

    /// A run at one sample per second: (metres a second, seconds) one after the other, from `start` metres.
    fn at_speeds(parts: &[(f64, u32)], start: f64) -> Track {
        let mut metres = vec![start];
        for (speed, secs) in parts {
            for _ in 0..*secs {
                metres.push(metres[metres.len() - 1] + speed);
            }
        }
        let count = u32::try_from(metres.len()).unwrap();
        track(&[
            ("time", seconds(count)),
            ("distance", metres.into_iter().map(Some).collect()),
        ])
    }

    fn rounded(track: &Track, metres: f64) -> Vec<(f64, f64)> {
        let splits = Way::of(track).unwrap().splits(track, metres);
        splits
            .iter()
            .map(|split| (split.secs.round(), split.stopped.round()))
            .collect()
    }

    #[test]
    fn standing_still_is_a_stop_of_the_split_that_it_begins_in() {
        let run = at_speeds(&[(4.0, 600), (0.0, 120), (4.0, 650)], 400.0);
        assert_eq!(
            rounded(&run, 1000.0),
            [
                (250.0, 0.0),
                (250.0, 0.0),
                (250.0, 120.0),
                (250.0, 0.0),
                (250.0, 0.0)
            ]
        );
        let halves = Way::of(&run).unwrap().halves();
        assert!(
            (halves.first - 625.0).abs() < 1.0 && (halves.second - 625.0).abs() < 1.0,
            "{halves:?}"
        );
        // At the end of a split, it begins the next one; at the start it is of the first.
        let run = at_speeds(&[(0.0, 30), (4.0, 250), (0.0, 60), (4.0, 250)], 0.0);
        assert_eq!(rounded(&run, 1000.0), [(250.0, 30.0), (250.0, 60.0)]);
        // Short waits are part of running.
        let run = at_speeds(&[(4.0, 250), (0.0, 7), (4.0, 250)], 0.0);
        assert_eq!(rounded(&run, 1000.0), [(250.0, 0.0), (257.0, 0.0)]);
    }

    #[test]
    fn the_heart_rate_of_a_split_is_of_its_movement() {
        let mut run = at_speeds(&[(4.0, 125), (0.0, 125), (4.0, 125)], 0.0);
        let beats = (0..376).map(|s| Some(if (125..250).contains(&s) { 90.0 } else { 150.0 }));
        run = track(&[
            ("time", seconds(376)),
            ("distance", run.channel("distance").unwrap().to_vec()),
            ("heartrate", beats.collect()),
        ]);
        let splits = Way::of(&run).unwrap().splits(&run, 1000.0);
        assert!((splits[0].heart_rate.unwrap() - 150.0).abs() < 0.6, "{splits:?}");
    }

    #[test]
    fn a_drifting_position_is_a_stop_and_a_tunnel_is_none() {
        let run = at_speeds(&[(4.0, 300), (0.05, 120), (4.0, 200)], 0.0);
        assert_eq!(rounded(&run, 1000.0), [(250.0, 0.0), (251.0, 118.0)]);
        // Nothing for half a minute, then everything at once.
        let tunnel = at_speeds(&[(4.0, 300), (0.0, 30), (124.0, 1), (4.0, 169)], 0.0);
        assert_eq!(rounded(&tunnel, 1000.0), [(250.0, 0.0), (250.0, 0.0)]);
        // The same as a hole in the recording, and as samples without a distance.
        let without = |kept: fn(u32) -> bool| {
            let times = (0..502).filter(|s| kept(*s)).map(|s| Some(f64::from(s)));
            let metres = (0..502).filter(|s| kept(*s)).map(|s| Some(f64::from(s) * 4.0));
            track(&[("time", times.collect()), ("distance", metres.collect())])
        };
        assert_eq!(
            rounded(&without(|s| !(100..200).contains(&s)), 1000.0),
            [(250.0, 0.0), (250.0, 0.0)]
        );
        let metres = (0..502).map(|s| (!(100..200).contains(&s)).then_some(f64::from(s) * 4.0));
        let unknown = track(&[("time", seconds(502)), ("distance", metres.collect())]);
        assert_eq!(rounded(&unknown, 1000.0), [(250.0, 0.0), (250.0, 0.0)]);
    }

    #[test]
    fn a_pool_is_counted_by_lengths_and_a_rest_at_its_wall_is_a_stop() {
        // Twenty lengths of 25 m in 25 s each, counted at the wall; after each fourth one a rest of twenty seconds.
        let (mut metres, mut speeds) = (vec![Some(0.0)], Vec::new());
        for length in 1..=20 {
            metres.extend(vec![Some(f64::from(length - 1) * 25.0); 24]);
            metres.push(Some(f64::from(length) * 25.0));
            speeds.extend(vec![Some(1.0); 25]);
            if length % 4 == 0 {
                metres.extend(vec![Some(f64::from(length) * 25.0); 20]);
                speeds.extend(vec![Some(0.0); 20]);
            }
        }
        let time = seconds(u32::try_from(metres.len()).unwrap());
        let without = track(&[("time", time.clone()), ("distance", metres.clone())]);
        assert_eq!(
            rounded(&without, 100.0)[1],
            (120.0, 0.0),
            "nothing says that it was a rest"
        );
        let swim = track(&[("time", time), ("distance", metres), ("velocity_smooth", speeds)]);
        let rests = [0.0, 20.0, 20.0, 20.0, 20.0];
        assert_eq!(rounded(&swim, 100.0), rests.map(|rest| (100.0, rest)));
    }

    proptest! {
        /// However long the stops are and wherever, the same run has the same splits.
        #[test]
        fn stops_change_no_split(
            speed in 1.5_f64..12.0, stops in prop::collection::vec((50_u32..400, 12_u32..900, any::<bool>()), 1..5)
        ) {
            let mut time = vec![0.0];
            let mut metres = vec![0.0];
            let mut step = |secs: f64, far: f64| {
                time.push(time[time.len() - 1] + secs);
                metres.push(metres[metres.len() - 1] + far);
            };
            let mut stood = 0.0;
            for (moving, still, recorded) in stops {
                (0..moving).for_each(|_| step(1.0, speed));
                if recorded {
                    (0..still).for_each(|_| step(1.0, 0.0));
                } else {
                    step(f64::from(still) + 1.0, speed);
                }
                stood += f64::from(still);
            }
            (0..50).for_each(|_| step(1.0, speed));
            let some = |values: Vec<f64>| values.into_iter().map(Some).collect::<Vec<_>>();
            let run = track(&[("time", some(time)), ("distance", some(metres))]);
            let way = Way::of(&run).unwrap();
            let splits = way.splits(&run, 100.0);
            for split in &splits {
                prop_assert!((split.secs - split.distance / speed).abs() < 1.0, "{split:?}");
            }
            let end = way.at(way.length());
            prop_assert!((end.stopped - stood).abs() < 1e-3, "{} {stood}", end.stopped);
            let halves = way.halves();
            prop_assert!((halves.first - halves.second).abs() < 1e-3);
        }

        /// A slow walk is no stop, even if its position jumps about.
        #[test]
        fn slow_walking_is_movement(
            speed in 0.25_f64..1.5, noise in prop::collection::vec(-0.8_f64..0.8, 300..900), every in 1_u32..5
        ) {
            let count = u32::try_from(noise.len()).unwrap();
            let time = (0..count).map(|n| Some(f64::from(n * every)));
            let mut far = 0.0_f64;
            // Devices do not go backwards.
            let metres = noise.iter().zip(0..).map(|(off, n)| {
                far = far.max(speed * f64::from(n * every) + off);
                Some(far)
            });
            let walk = track(&[("time", time.collect()), ("distance", metres.collect())]);
            let way = Way::of(&walk).unwrap();
            prop_assert!(way.at(way.length()).stopped == 0.0, "{}", way.at(way.length()).stopped);
        }

        /// Only the way counts, not where the device begins to count.
        #[test]
        fn a_constant_on_the_distance_changes_nothing(
            parts in prop::collection::vec((prop_oneof![4 => 0.3_f64..15.0, 1 => Just(0.0)], 1_u32..200), 1..8),
            start in 0.0_f64..5_000.0
        ) {
            let (here, there) = (at_speeds(&parts, 0.0), at_speeds(&parts, start));
            match (Way::of(&here), Way::of(&there)) {
                (Some(one), Some(other)) => {
                    let (one, other) = (one.splits(&here, 100.0), other.splits(&there, 100.0));
                    prop_assert_eq!(one.len(), other.len());
                    for (one, other) in one.iter().zip(&other) {
                        prop_assert!((one.secs - other.secs).abs() < 1e-3 && (one.until - other.until).abs() < 1e-3);
                    }
                }
                (one, other) => prop_assert_eq!(one.is_none(), other.is_none()),
            }
        }

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
                prop_assert!(splits.iter().all(|split| split.stopped >= -1e-9));
                let halves = way.halves();
                prop_assert!(halves.first >= -1e-9 && halves.second >= -1e-9);
                let end = way.at(way.length());
                prop_assert!(end.moving + end.stopped <= run.span() + 1e-6);
            }
        }
    }
}
