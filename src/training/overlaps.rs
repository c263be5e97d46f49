//! Recordings that overlap in time: perhaps one session from two devices, or an entry by hand beside its upload.
//!
//! Only spans of time; what they are recordings of is the caller's.

use std::collections::BTreeMap;

/// A session that may also have been recorded by something else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Session<'a> {
    /// When it began, in s.
    pub start: f64,
    /// s from its start to its end, pauses included.
    pub elapsed: f64,
    /// s in motion.
    pub moving: f64,
    /// The family of its sport; empty if it has none.
    pub family: &'a str,
    /// A way to work and back, which may lie within the pause of a longer recording.
    pub is_commute: bool,
}

impl Session<'_> {
    fn end(&self) -> f64 {
        self.start + self.elapsed
    }

    /// s for which both ran, if they may be one session: together for more than nine tenths of the longer one, whatever two
    /// devices call it; or of the same family or one without a sport, together for more than half of the shorter one and for
    /// more than either paused, neither of them a commute alone or below a tenth of the other.
    fn together(&self, other: &Self) -> Option<f64> {
        let shared = self.end().min(other.end()) - self.start.max(other.start);
        let shorter = self.elapsed.min(other.elapsed);
        let longer = self.elapsed.max(other.elapsed);
        let pause = |one: &Self| (one.elapsed - one.moving).max(0.0);
        let may_be_of_one_sport =
            self.family == other.family || self.family.is_empty() || other.family.is_empty();
        let is_of_one_sport = may_be_of_one_sport
            && self.is_commute == other.is_commute
            && shared > shorter / 2.0
            && shared > pause(self).max(pause(other))
            && shorter * 10.0 >= longer;
        let is_of_one_time = shared > longer * 0.9;
        (is_of_one_sport || is_of_one_time).then_some(shared)
    }
}

/// Two sessions that overlap, by their places in the list, and for how many s.
pub(crate) type Pair = (usize, usize, f64);

/// The pairs that may be one session each, in the order of their start; the earlier one of a pair first.
///
/// One pass over the sessions by start. Each is compared with those still running, at most the last sixteen.
pub(crate) fn pairs(sessions: &[Session<'_>]) -> Vec<Pair> {
    const RUNNING: usize = 16;
    let mut order: Vec<usize> = (0..sessions.len())
        .filter(|at| sessions[*at].elapsed > 0.0 && sessions[*at].end().is_finite())
        .collect();
    order.sort_by(|a, b| sessions[*a].start.total_cmp(&sessions[*b].start));
    let mut running: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for at in order {
        let session = &sessions[at];
        running.retain(|earlier| sessions[*earlier].end() > session.start);
        found.extend(running.iter().filter_map(|earlier| {
            let shared = sessions[*earlier].together(session)?;
            Some((*earlier, at, shared))
        }));
        if running.len() == RUNNING {
            running.remove(0);
        }
        running.push(at);
    }
    found
}

/// Sessions that belong together over these ties, two or more in each group, by their places in the list of `count`.
pub(crate) fn groups(count: usize, ties: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..count).collect();
    for (a, b) in ties {
        let (a, b) = (root(&mut parents, a), root(&mut parents, b));
        parents[b] = a;
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..count {
        groups.entry(root(&mut parents, at)).or_default().push(at);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// The place that stands for the whole group; the way to it is halved on every walk.
fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A session from one minute to another, without a pause.
    fn from_to(family: &str, from: f64, to: f64) -> Session<'_> {
        Session {
            start: from * 60.0,
            elapsed: (to - from) * 60.0,
            moving: (to - from) * 60.0,
            family,
            is_commute: false,
        }
    }

    fn minutes(sessions: &[Session<'_>]) -> Vec<(usize, usize, f64)> {
        let pairs = pairs(sessions).into_iter();
        pairs.map(|(a, b, secs)| (a, b, secs / 60.0)).collect()
    }

    #[test]
    fn one_ride_on_two_devices_is_a_pair() {
        let watch = from_to("Ride", 0.0, 60.0);
        let trainer = from_to("Ride", 2.0, 61.0);
        assert_eq!(minutes(&[watch, trainer]), [(0, 1, 58.0)]);
        assert_eq!(minutes(&[trainer, watch]), [(1, 0, 58.0)]);
        assert_eq!(
            minutes(&[from_to("", 0.0, 60.0), from_to("", 0.0, 60.0)]),
            [(0, 1, 60.0)]
        );
        let without_a_sport = from_to("", 0.0, 60.0);
        assert_eq!(minutes(&[watch, without_a_sport]), [(0, 1, 60.0)]);
        // Two devices may differ about the sport; then they began and ended together.
        let other_name = from_to("Other", 2.0, 60.0);
        assert_eq!(minutes(&[watch, other_name]), [(0, 1, 58.0)]);
        let commute = Session {
            is_commute: true,
            ..other_name
        };
        assert_eq!(minutes(&[watch, commute]), [(0, 1, 58.0)]);
        let third = from_to("Ride", 1.0, 60.0);
        assert_eq!(minutes(&[watch, trainer, third]).len(), 3);
    }

    #[test]
    fn what_is_tied_is_one_group() {
        assert_eq!(
            groups(7, [(0, 1), (2, 5), (5, 0), (3, 6)]),
            [vec![0, 1, 2, 5], vec![3, 6]].to_vec()
        );
        assert_eq!(groups(3, []), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn bricks_legs_and_what_lies_in_a_pause_are_two_sessions() {
        let ride = from_to("Ride", 0.0, 60.0);
        for other in [
            from_to("Run", 0.0, 54.0),
            from_to("Run", 30.0, 90.0),
            from_to("Run", 0.0, 70.0),
            from_to("Ride", 60.0, 90.0),
            from_to("Ride", 40.0, 90.0),
            from_to("Ride", 0.0, 5.9),
            from_to("Ride", 30.0, 30.0),
            Session {
                is_commute: true,
                ..from_to("Ride", 10.0, 40.0)
            },
        ] {
            assert_eq!(minutes(&[ride, other]), [], "{other:?}");
        }
        // To work and home in one recording, and a ride at noon.
        let work = Session {
            moving: 3600.0,
            ..from_to("Ride", 0.0, 540.0)
        };
        assert_eq!(minutes(&[work, from_to("Ride", 200.0, 290.0)]), []);
        // An hour's coffee on both devices is no reason to call them two rides.
        let coffee = Session {
            moving: 3600.0,
            ..from_to("Ride", 0.0, 120.0)
        };
        assert_eq!(minutes(&[coffee, coffee]), [(0, 1, 120.0)]);
    }

    #[test]
    fn a_day_of_a_thousand_equal_rows_ends() {
        let many = vec![from_to("Ride", 0.0, 60.0); 1000];
        assert!(pairs(&many).len() < 16_001);
    }

    fn some() -> impl Strategy<Value = Vec<Session<'static>>> {
        let families = prop::sample::select(vec!["Ride", "Run", ""]);
        let one = (0_u32..3000, 0_u32..300, 0_u32..300, families, any::<bool>());
        let one = one.prop_map(|(start, elapsed, moving, family, is_commute)| Session {
            start: f64::from(start),
            elapsed: f64::from(elapsed),
            moving: f64::from(moving.min(elapsed)),
            family,
            is_commute,
        });
        prop::collection::vec(one, 0..16)
    }

    proptest! {
        #[test]
        fn the_pairs_are_those_of_every_two(sessions in some()) {
            let mut every = Vec::new();
            for (at, one) in sessions.iter().enumerate() {
                for (other_at, other) in sessions.iter().enumerate().skip(at + 1) {
                    if let Some(secs) = one.together(other) {
                        every.push((at, other_at, secs));
                    }
                }
            }
            let mut found: Vec<Pair> = pairs(&sessions).into_iter().map(|(a, b, secs)| (a.min(b), a.max(b), secs)).collect();
            found.sort_by_key(|(a, b, _)| (*a, *b));
            prop_assert_eq!(found, every);
        }

        #[test]
        fn a_pair_shares_most_of_its_shorter_half(sessions in some()) {
            for (a, b, secs) in pairs(&sessions) {
                let (a, b) = (&sessions[a], &sessions[b]);
                prop_assert!(secs > a.elapsed.min(b.elapsed) / 2.0 && secs <= a.elapsed.min(b.elapsed));
                let of_one = a.family == b.family || a.family.is_empty() || b.family.is_empty();
                let of_one = of_one || secs > a.elapsed.max(b.elapsed) * 0.9;
                prop_assert!(of_one && a.start <= b.start);
            }
        }
    }
}
