//! Points of best-effort curves: the durations and distances that people use, and which of them a curve has.
//!
//! A curve is known only at its own points; nothing is interpolated.

use super::{
    lengths::{HALF_MARATHON, MARATHON, MILE, YARD},
    sports::Tempo,
};

/// The usual durations of best efforts in seconds: sprint, minute, five minutes, twenty, the hour.
pub(crate) const DURATIONS: &[f64] = &[5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0];
/// More of them: closer together and longer.
pub(crate) const MORE_DURATIONS: &[f64] = &[
    1.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 480.0, 600.0, 900.0,
    1200.0, 1800.0, 2400.0, 3600.0, 5400.0, 7200.0, 10_800.0, 14_400.0, 18_000.0,
];

const FOOT: &[f64] = &[
    400.0,
    800.0,
    1000.0,
    MILE,
    3000.0,
    5000.0,
    10_000.0,
    HALF_MARATHON,
    MARATHON,
];
const FOOT_IN_MILES: &[f64] = &[
    400.0,
    MILE / 2.0,
    MILE,
    2.0 * MILE,
    5000.0,
    5.0 * MILE,
    10_000.0,
    10.0 * MILE,
    HALF_MARATHON,
    MARATHON,
];
const SWIM: &[f64] = &[50.0, 100.0, 200.0, 400.0, 800.0, 1500.0];
const SWIM_IN_YARDS: &[f64] = &[
    50.0 * YARD,
    100.0 * YARD,
    200.0 * YARD,
    500.0 * YARD,
    1000.0 * YARD,
    1650.0 * YARD,
];
const ROW: &[f64] = &[500.0, 1000.0, 2000.0, 5000.0, 6000.0, 10_000.0, HALF_MARATHON];
const OTHER: &[f64] = &[1000.0, 5000.0, 10_000.0, 20_000.0, 40_000.0, 100_000.0];

/// Points that differ by less than this fraction are the same: upstream rounds 1609.344 m differently.
const SAME: f64 = 0.002;
/// With fewer of the usual points than this, other points of the curve are used.
const FEW: usize = 3;

/// The usual distances of a sport's best efforts in metres; if `imperial`, those in miles or yards first.
pub(crate) fn distances(tempo: Tempo, imperial: bool) -> &'static [&'static [f64]] {
    match (tempo, imperial) {
        (Tempo::Foot, false) => &[FOOT],
        (Tempo::Foot, true) => &[FOOT_IN_MILES, FOOT],
        (Tempo::Swim, false) => &[SWIM],
        (Tempo::Swim, true) => &[SWIM_IN_YARDS, SWIM],
        (Tempo::Row, _) => &[ROW],
        (Tempo::Other, _) => &[OTHER],
    }
}

/// Whether two durations or distances are the same.
pub(crate) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// The points of several curves in one rising list, equal ones once.
pub(crate) fn axis(points: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = points
        .into_iter()
        .filter(|at| at.is_finite() && *at > 0.0)
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup_by(|later, earlier| same(*later, *earlier));
    all
}

/// The points of `axis` (rising) that are in the first of the `usual` lists of which it has enough; otherwise some of its
/// own, from end to end.
pub(crate) fn usual(axis: &[f64], usual: &[&[f64]], count: usize) -> Vec<f64> {
    usual
        .iter()
        .map(|list| {
            axis.iter()
                .copied()
                .filter(|at| list.iter().any(|wanted| same(*at, *wanted)))
                .collect::<Vec<f64>>()
        })
        .find(|found| found.len() >= FEW)
        .unwrap_or_else(|| spread(axis, count))
}

/// At most `count` points of `axis`, evenly by index, including the first and the last.
pub(crate) fn spread(axis: &[f64], count: usize) -> Vec<f64> {
    let Some(last) = axis.len().checked_sub(1) else {
        return Vec::new();
    };
    if axis.len() <= count || count < 2 {
        return axis.iter().copied().take(count).collect();
    }
    (0..count).map(|step| axis[step * last / (count - 1)]).collect()
}

/// What a curve has for a requested point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Asked {
    /// The curve has it.
    There(f64),
    /// The curve lacks it; its nearest point by ratio.
    Nearest(f64),
    /// Shorter or longer than all points of the curve.
    Beyond,
}

/// The point of `axis` (rising) for a requested one.
pub(crate) fn asked(axis: &[f64], wanted: f64) -> Asked {
    if let Some(at) = axis.iter().find(|at| same(**at, wanted)) {
        return Asked::There(*at);
    }
    match (axis.first(), axis.last()) {
        (Some(first), Some(last)) if (*first..=*last).contains(&wanted) => {
            let far = |at: f64| (at / wanted).ln().abs();
            axis.iter()
                .copied()
                .min_by(|a, b| far(*a).total_cmp(&far(*b)))
                .map_or(Asked::Beyond, Asked::Nearest)
        }
        _ => Asked::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_points_are_taken_as_the_curve_writes_them() {
        let own = axis([5000.0, 400.0, 1609.34, 1000.0, 1609.344, 0.0, f64::NAN]);
        assert_eq!(own, [400.0, 1000.0, 1609.34, 5000.0]);
        assert_eq!(
            usual(&own, distances(Tempo::Foot, false), 9),
            [400.0, 1000.0, 1609.34, 5000.0]
        );
        // A pool in metres for someone who uses yards.
        let pool = [25.0, 50.0, 100.0, 200.0, 400.0];
        assert_eq!(
            usual(&pool, distances(Tempo::Swim, true), 9),
            [50.0, 100.0, 200.0, 400.0]
        );
        let odd = [7.0, 11.0, 13.0];
        assert_eq!(usual(&odd, &[DURATIONS], 9), odd);
        assert!(usual(&[], &[DURATIONS], 9).is_empty());
    }

    #[test]
    fn a_requested_point_is_there_or_near_or_beyond() {
        let own = [5.0, 60.0, 300.0];
        assert_eq!(asked(&own, 60.0), Asked::There(60.0));
        assert_eq!(asked(&own, 70.0), Asked::Nearest(60.0));
        assert_eq!(asked(&own, 150.0), Asked::Nearest(300.0));
        assert_eq!(asked(&own, 3600.0), Asked::Beyond);
        assert_eq!(asked(&own, 1.0), Asked::Beyond);
        assert_eq!(asked(&[], 1.0), Asked::Beyond);
    }

    #[test]
    fn every_list_rises() {
        let lists = [
            DURATIONS,
            MORE_DURATIONS,
            FOOT,
            FOOT_IN_MILES,
            SWIM,
            SWIM_IN_YARDS,
            ROW,
            OTHER,
        ];
        for list in lists {
            assert_eq!(axis(list.iter().copied()), list);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_always_the_curves_own(points in prop::collection::vec(0.1..1e6_f64, 0..80), count in 2_usize..30,
            wanted in 0.1..1e6_f64) {
            let own = axis(points);
            let shown = usual(&own, &[DURATIONS, FOOT], count);
            prop_assert!(shown.iter().all(|at| own.contains(at)));
            prop_assert!(shown.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(shown.is_empty(), own.is_empty());
            let spread = spread(&own, count);
            prop_assert!(spread.len() <= count && spread.first() == own.first() && spread.last() == own.last());
            match asked(&own, wanted) {
                Asked::There(at) => prop_assert!(own.contains(&at) && same(at, wanted)),
                Asked::Nearest(at) => prop_assert!(own.contains(&at) && !same(at, wanted)),
                Asked::Beyond => prop_assert!(own.iter().all(|at| *at < wanted) || own.iter().all(|at| *at > wanted)),
            }
        }
    }
}
