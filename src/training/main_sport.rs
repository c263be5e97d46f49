//! The sport that an athlete does most, by moving time.
//!
//! The definition is our own: intervals.icu has no main sport.

use std::collections::BTreeMap;

use super::sports::stands_for;

/// The sport that an athlete does most.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MainSport {
    /// Upstream's type; for a family, the one that represents it.
    pub sport: String,
    /// s, moving time in it.
    pub moving: f64,
    /// s, moving time in all sports.
    pub of: f64,
}

/// The sport, or family of sports, with the most moving time (s); with equal times the more frequent one, then the first by
/// name. None without activities.
pub(crate) fn main_sport<'a>(
    activities: impl IntoIterator<Item = (&'a str, Option<f64>)>,
) -> Option<MainSport> {
    let mut sums: BTreeMap<&str, (f64, u32)> = BTreeMap::new();
    for (sport, moving) in activities {
        let sum = sums.entry(stands_for(sport)).or_default();
        sum.0 += moving
            .filter(|secs| secs.is_finite() && *secs > 0.0)
            .unwrap_or(0.0);
        sum.1 += 1;
    }
    let of = sums.values().map(|(secs, _)| secs).sum();
    sums.into_iter()
        .rev()
        .max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(sport, (moving, _))| MainSport {
            sport: sport.to_owned(),
            moving,
            of,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_family_counts_as_one() {
        let found = main_sport([
            ("Run", Some(5000.0)),
            ("VirtualRide", Some(3000.0)),
            ("GravelRide", Some(2500.0)),
            ("Yoga", None),
        ]);
        assert_eq!(
            found,
            Some(MainSport {
                sport: "Ride".to_owned(),
                moving: 5500.0,
                of: 10_500.0
            })
        );
        assert_eq!(main_sport([]), None);
        assert_eq!(main_sport([("Kayaking", None)]).unwrap().sport, "Kayaking");
    }

    #[test]
    fn equal_times_go_by_count_then_by_name() {
        let sport = |rows: &[(&'static str, Option<f64>)]| main_sport(rows.iter().copied()).unwrap().sport;
        assert_eq!(
            sport(&[("Run", Some(10.0)), ("Swim", Some(4.0)), ("Swim", Some(6.0))]),
            "Swim"
        );
        assert_eq!(sport(&[("Swim", Some(10.0)), ("Run", Some(10.0))]), "Run");
        assert_eq!(
            sport(&[("Run", Some(f64::NAN)), ("Swim", Some(-5.0)), ("Swim", None)]),
            "Swim"
        );
    }

    proptest! {
        #[test]
        fn nothing_was_done_more(rows in prop::collection::vec((0_usize..5, 0.0..1e6_f64), 1..40)) {
            let sports = ["Ride", "VirtualRide", "Run", "Swim", "Yoga"];
            let found = main_sport(rows.iter().map(|(at, secs)| (sports[*at], Some(*secs)))).unwrap();
            for sport in sports {
                let sum: f64 = rows.iter().filter(|(at, _)| sports[*at] == sport).map(|(_, secs)| secs).sum();
                prop_assert!(sum <= found.moving + 1e-6);
            }
            prop_assert!(found.moving <= found.of + 1e-6);
        }
    }
}
