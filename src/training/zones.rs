//! An athlete's zones as ranges, from the athlete's own bounds, never from a textbook.
//!
//! intervals.icu stores the upper bound of each zone: power in % of FTP, heart rate in bpm (the last is the maximum),
//! pace in % of threshold speed. 999 means "open". A zone's watts run from
//! `floor(previous % × FTP) + 1` to `floor(% × FTP)`, as intervals.icu resolves them in workouts.

/// The range of a zone; None means open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Band {
    /// Lower end.
    pub from: Option<f64>,
    /// Upper end.
    pub to: Option<f64>,
}

const OPEN: f64 = 999.0;

/// Power zones in whole watts.
pub(crate) fn watts(percents: &[f64], ftp: f64) -> Vec<Band> {
    steps(
        percents
            .iter()
            .map(|percent| (*percent, (percent * ftp / 100.0).floor())),
    )
}

/// Heart-rate zones in whole bpm.
pub(crate) fn beats(bounds: &[f64]) -> Vec<Band> {
    steps(bounds.iter().map(|bound| (*bound, bound.round())))
}

/// Whole-number bands, each beginning one above the end of the previous one.
fn steps(bounds: impl Iterator<Item = (f64, f64)>) -> Vec<Band> {
    let mut from = None;
    bounds
        .map(|(raw, bound)| {
            let band = Band {
                from,
                to: (raw < OPEN).then_some(bound),
            };
            from = Some(bound + 1.0);
            band
        })
        .collect()
}

/// Pace zones as speeds in m/s; the lower end is the slower one.
pub(crate) fn speeds(percents: &[f64], threshold: f64) -> Vec<Band> {
    let mut from = None;
    percents
        .iter()
        .map(|percent| {
            let bound = percent / 100.0 * threshold;
            let band = Band {
                from,
                to: (*percent < OPEN).then_some(bound),
            };
            from = Some(bound);
            band
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn power_zones_meet_without_overlap() {
        let zones = watts(&[55.0, 75.0, 90.0, 105.0, 120.0, 150.0, 999.0], 246.0);
        let ends: Vec<_> = zones.iter().map(|zone| (zone.from, zone.to)).collect();
        assert_eq!(ends[0], (None, Some(135.0)));
        assert_eq!(ends[1], (Some(136.0), Some(184.0)));
        assert_eq!(ends[3], (Some(222.0), Some(258.0)));
        assert_eq!(ends[6], (Some(370.0), None));
    }

    #[test]
    fn heart_rate_ends_at_the_maximum() {
        let zones = beats(&[138.0, 153.0, 188.0]);
        assert_eq!(
            zones[2],
            Band {
                from: Some(154.0),
                to: Some(188.0)
            }
        );
    }

    #[test]
    fn pace_zones_follow_the_threshold_speed() {
        let zones = speeds(&[77.5, 100.0, 999.0], 4.0);
        assert_eq!(
            zones[0],
            Band {
                from: None,
                to: Some(3.1)
            }
        );
        assert_eq!(
            zones[2],
            Band {
                from: Some(4.0),
                to: None
            }
        );
        assert!(watts(&[], 250.0).is_empty() && speeds(&[], 4.0).is_empty());
    }

    proptest! {
        #[test]
        fn each_watt_is_in_one_zone(ftp in 80_u32..450, watt in 0_u32..600) {
            let zones = watts(&[55.0, 75.0, 90.0, 105.0, 120.0, 150.0, 999.0], f64::from(ftp));
            let watt = f64::from(watt);
            let hits = zones.iter().filter(|zone| {
                zone.from.is_none_or(|from| watt >= from) && zone.to.is_none_or(|to| watt <= to)
            });
            prop_assert_eq!(hits.count(), 1);
        }
    }
}
