//! Where an activity's laps come from, where that can be determined.
//!
//! intervals.icu uses the laps of the recording if they make sense, otherwise it finds efforts itself; the athlete can change
//! them by hand. It does not say which it did. The origin follows from the number of recorded laps (`icu_lap_count`), the
//! marks of editing, a paired workout, and the laps' lengths.

use super::lengths::MILE;

/// Usual distances of automatic laps, in metres.
const BY_DISTANCE: [f64; 8] = [
    400.0,
    500.0,
    1000.0,
    MILE,
    5000.0,
    5.0 * MILE,
    10_000.0,
    10.0 * MILE,
];
/// Usual times of automatic laps, in seconds.
const BY_TIME: [f64; 7] = [60.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0];
/// How far a lap may be off, as a fraction, because of GPS and the time of the next sample.
const OFF: f64 = 0.015;
/// Fewer equal laps than this are not a pattern.
const PATTERN: usize = 3;

/// Seconds below which a lap is a press of the button, not a part of the training.
pub(crate) const PRESS: f64 = 5.0;

/// The properties of a lap that show where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Lap {
    /// m
    pub distance: Option<f64>,
    /// s
    pub secs: Option<f64>,
    /// Whether upstream grouped it with others as repeats.
    pub grouped: bool,
}

/// What is known about the activity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Clues {
    /// Laps in the recording; 0 if there are none.
    pub recorded: Option<i64>,
    /// Changed by hand.
    pub edited: bool,
    /// Paired with a planned workout.
    pub planned: bool,
}

/// Where laps come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    /// Changed by hand at intervals.icu.
    Edited,
    /// The device's laps, one per this many metres.
    EveryMetres(f64),
    /// The device's laps, one per this many seconds.
    EverySeconds(f64),
    /// The device's laps of an activity that is paired with a workout: most likely its steps.
    Structured,
    /// The device's laps.
    Device,
    /// Found by intervals.icu.
    Detected {
        /// Laps in the recording.
        recorded: i64,
    },
    /// Cannot be determined.
    Unknown,
}

/// Where these laps come from.
pub(crate) fn origin(laps: &[Lap], clues: Clues) -> Origin {
    if clues.edited {
        return Origin::Edited;
    }
    let Some(recorded) = clues.recorded.filter(|count| *count >= 0) else {
        return Origin::Unknown;
    };
    // A recording without a press of the lap button counts as one lap, or as none.
    let of_the_device = recorded > 1 && i64::try_from(laps.len()) == Ok(recorded);
    if !of_the_device {
        return Origin::Detected { recorded };
    }
    // Presses between laps of equal length do not hide the pattern; the last lap may be short anyway.
    let laps = || {
        laps.iter()
            .filter(|lap| lap.secs.is_none_or(|secs| secs >= PRESS))
    };
    if let Some(metres) = equal(laps().map(|lap| lap.distance), &BY_DISTANCE)
        && !repeats(laps())
    {
        return Origin::EveryMetres(metres);
    }
    if let Some(secs) = equal(laps().map(|lap| lap.secs), &BY_TIME)
        && !repeats(laps())
    {
        return Origin::EverySeconds(secs);
    }
    if clues.planned {
        Origin::Structured
    } else {
        Origin::Device
    }
}

/// Whether the laps are repeats: alternating work and rest is not automatic lapping, however equal the laps are.
fn repeats<'a>(mut laps: impl Iterator<Item = &'a Lap> + Clone) -> bool {
    laps.clone().any(|lap| lap.grouped) && laps.any(|lap| !lap.grouped)
}

/// The usual length that all laps have; only the last may be shorter.
fn equal(lengths: impl Iterator<Item = Option<f64>>, usual: &[f64]) -> Option<f64> {
    let lengths: Vec<f64> = lengths.collect::<Option<_>>()?;
    let (last, whole) = lengths.split_last()?;
    if whole.len() + 1 < PATTERN {
        return None;
    }
    usual.iter().copied().find(|usual| {
        whole.iter().all(|length| (length - usual).abs() <= usual * OFF) && *last <= usual * (1.0 + OFF)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn laps(distances: &[f64]) -> Vec<Lap> {
        distances
            .iter()
            .map(|metres| Lap {
                distance: Some(*metres),
                secs: Some(metres / 3.1),
                grouped: false,
            })
            .collect()
    }

    fn recorded(count: i64) -> Clues {
        Clues {
            recorded: Some(count),
            ..Clues::default()
        }
    }

    #[test]
    fn each_origin_has_its_signs() {
        let km = laps(&[1001.0, 998.0, 1000.0, 1003.0, 412.0]);
        assert_eq!(origin(&km, recorded(5)), Origin::EveryMetres(1000.0));
        assert_eq!(origin(&km, recorded(1)), Origin::Detected { recorded: 1 });
        assert_eq!(origin(&km, recorded(9)), Origin::Detected { recorded: 9 });
        let edited = Clues {
            edited: true,
            ..recorded(5)
        };
        assert_eq!(origin(&km, edited), Origin::Edited);
        assert_eq!(origin(&km, Clues::default()), Origin::Unknown);
        assert_eq!(origin(&km, recorded(-1)), Origin::Unknown);
        let miles = laps(&[1612.0, 1609.0, 1600.0]);
        assert_eq!(origin(&miles, recorded(3)), Origin::EveryMetres(MILE));
        let odd = laps(&[2400.0, 1000.0, 300.0, 1000.0]);
        assert_eq!(origin(&odd, recorded(4)), Origin::Device);
        let planned = Clues {
            planned: true,
            ..recorded(4)
        };
        assert_eq!(origin(&odd, planned), Origin::Structured);
        assert_eq!(
            origin(&laps(&[1000.0, 1000.0]), recorded(2)),
            Origin::Device,
            "two equal laps are not a pattern"
        );
        let fives = vec![
            Lap {
                distance: None,
                secs: Some(300.0),
                grouped: false
            };
            4
        ];
        assert_eq!(origin(&fives, recorded(4)), Origin::EverySeconds(300.0));
        assert_eq!(origin(&[], recorded(0)), Origin::Detected { recorded: 0 });
    }

    #[test]
    fn presses_of_the_button_hide_no_pattern() {
        let mut km = laps(&[1001.0, 3.0, 998.0, 1000.0, 2.0, 1003.0, 412.0]);
        assert_eq!(origin(&km, recorded(7)), Origin::EveryMetres(1000.0));
        km[1].secs = Some(PRESS);
        assert_eq!(origin(&km, recorded(7)), Origin::Device);
    }

    #[test]
    fn repeats_on_a_track_are_not_auto_laps() {
        let mut track = laps(&[400.0, 400.0, 400.0, 400.0]);
        track[0].grouped = true;
        track[2].grouped = true;
        assert_eq!(origin(&track, recorded(4)), Origin::Device);
    }

    proptest! {
        #[test]
        fn only_as_many_laps_as_were_recorded_can_be_the_devices(
            lengths in prop::collection::vec(prop::option::of(any::<f64>()), 0..12), count in 0_i64..12, planned in any::<bool>()
        ) {
            let laps: Vec<Lap> = lengths.iter().map(|l| Lap { distance: *l, secs: *l, grouped: false }).collect();
            let found = origin(&laps, Clues { recorded: Some(count), edited: false, planned });
            if usize::try_from(count).unwrap() != laps.len() || count < 2 {
                prop_assert_eq!(found, Origin::Detected { recorded: count });
            } else {
                let of_the_device = !matches!(found, Origin::Detected { .. } | Origin::Edited | Origin::Unknown);
                prop_assert!(of_the_device);
            }
        }
    }
}
