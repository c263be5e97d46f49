use proptest::prelude::*;

use super::*;

const USUAL: Rule = Rule {
    least_gain: USUAL_GAIN,
    least_grade: 0.03,
};

/// A route of parts (metres, grade), one sample per `secs` seconds at 5 m/s, from 300 m above the sea.
fn samples(parts: &[(f64, f64)], secs: f64) -> Vec<(f64, f64, f64)> {
    let long: f64 = parts.iter().map(|(metres, _)| metres).sum();
    let height = |at: f64| {
        let mut left = at;
        let mut height = 300.0;
        for (metres, grade) in parts {
            height += left.clamp(0.0, *metres) * grade;
            left -= metres;
        }
        height
    };
    let count = index(long / (5.0 * secs));
    (0..=count)
        .map(|at| {
            let metres = float(at) * 5.0 * secs;
            (float(at) * secs, metres, height(metres))
        })
        .collect()
}

fn track(samples: &[(f64, f64, f64)]) -> Track {
    let column = |name: &str, of: fn(&(f64, f64, f64)) -> f64| {
        (name.to_owned(), samples.iter().map(|s| Some(of(s))).collect())
    };
    Track::new([
        column("time", |s| s.0),
        column("distance", |s| s.1),
        column("altitude", |s| s.2),
    ])
    .unwrap()
}

fn found(samples: &[(f64, f64, f64)]) -> Vec<Climb> {
    Profile::of(&track(samples)).unwrap().climbs(USUAL)
}

fn near(value: f64, wanted: f64, by: f64) -> bool {
    (value - wanted).abs() <= by
}

/// Flat, a climb of 2 km at 6 %, down, a climb of 1 km at 5 %, flat.
const TWO: &[(f64, f64)] = &[
    (3000.0, 0.0),
    (2000.0, 0.06),
    (1500.0, -0.05),
    (1000.0, 0.05),
    (2000.0, 0.0),
];

#[test]
fn known_profiles_give_known_climbs() {
    let two = found(&samples(TWO, 1.0));
    assert_eq!(two.len(), 2, "{two:?}");
    let long = &two[0];
    assert!(near(long.from, 3000.0, 40.0) && near(long.to, 5000.0, 40.0) && near(long.gain, 120.0, 4.0));
    assert!(
        near(long.grade(), 0.06, 0.002) && near(long.steepest, 0.06, 0.002),
        "{long:?}"
    );
    assert!(near(two[1].gain, 50.0, 3.0) && near(two[1].length(), 1000.0, 60.0));
    // 400 s at 5 m/s.
    let track = track(&samples(TWO, 1.0));
    let profile = Profile::of(&track).unwrap();
    let (moving, still) = profile.times(&track, long.samples.clone());
    assert!(near(moving, 400.0, 12.0) && near(still, 0.0, 0.1));

    // Down first, then a climb to the very end with its steepest part.
    let up = found(&samples(&[(4000.0, -0.04), (1500.0, 0.05), (300.0, 0.12)], 1.0));
    assert_eq!(up.len(), 1);
    assert!(near(up[0].to, 5800.0, 20.0) && near(up[0].gain, 111.0, 4.0) && near(up[0].steepest, 0.12, 0.01));

    // A false flat before a climb is not part of it, and does not hide it.
    let flat = found(&samples(&[(6000.0, 0.016), (1000.0, 0.08), (500.0, -0.05)], 1.0));
    assert_eq!(flat.len(), 1);
    assert!(
        near(flat[0].from, 6000.0, 50.0) && near(flat[0].gain, 80.0, 4.0),
        "{flat:?}"
    );

    for none in [
        &[(20_000.0, 0.0)][..],
        &[(20_000.0, 0.02)],
        &[(5000.0, -0.08)],
        &[(1000.0, 0.0), (400.0, 0.07), (1000.0, -0.03)],
        &[(1000.0, 0.0), (900.0, 0.031), (1000.0, -0.03)],
    ] {
        assert_eq!(found(&samples(none, 1.0)), [], "{none:?}");
    }
}

#[test]
fn a_short_dip_is_part_of_a_climb_and_a_valley_divides_it() {
    let dip = found(&samples(
        &[
            (500.0, 0.0),
            (2000.0, 0.06),
            (150.0, -0.03),
            (2000.0, 0.06),
            (500.0, 0.0),
        ],
        1.0,
    ));
    assert_eq!(dip.len(), 1);
    assert!(near(dip[0].gain, 235.5, 5.0) && near(dip[0].length(), 4150.0, 60.0));
    let valley = found(&samples(
        &[
            (500.0, 0.0),
            (2000.0, 0.06),
            (800.0, -0.06),
            (2000.0, 0.06),
            (500.0, 0.0),
        ],
        1.0,
    ));
    assert_eq!(valley.len(), 2);
}

#[test]
fn small_climbs_can_be_requested() {
    let hill = samples(
        &[
            (1000.0, 0.0),
            (250.0, 0.08),
            (250.0, -0.08),
            (250.0, 0.08),
            (1000.0, -0.01),
        ],
        1.0,
    );
    assert_eq!(found(&hill), []);
    let small = Rule {
        least_gain: 12.0,
        least_grade: 0.03,
    };
    let climbs = Profile::of(&track(&hill)).unwrap().climbs(small);
    assert_eq!(climbs.len(), 2, "{climbs:?}");
    assert!(climbs.iter().all(|climb| near(climb.gain, 20.0, 4.0)));
}

#[test]
fn stops_pauses_and_a_lift_are_not_climbs() {
    // Ten minutes at a café while the barometer rises by 80 m.
    let mut ride = samples(&[(5000.0, 0.0)], 1.0);
    for sample in ride.iter_mut().skip(500) {
        sample.0 += 600.0;
        sample.2 += 80.0;
    }
    let cafe: Vec<_> = (0..600_u32)
        .map(|s| (500.0 + f64::from(s), 2500.0, 300.0 + f64::from(s) * 80.0 / 600.0))
        .collect();
    ride.splice(500..500, cafe);
    let profile = Profile::of(&track(&ride)).unwrap();
    assert_eq!(profile.climbs(USUAL), []);
    assert!(profile.gain() < 3.0, "{}", profile.gain());

    // A lift with the recording paused: 600 m up, nothing moved.
    let mut lift = samples(&[(3000.0, -0.05)], 1.0);
    for (second, _, altitude) in lift.iter_mut().skip(300) {
        *second += 900.0;
        *altitude += 600.0;
    }
    let profile = Profile::of(&track(&lift)).unwrap();
    assert!(profile.gain() < 3.0 && profile.climbs(USUAL).is_empty());

    // A stop on a climb does not count as moving time.
    let mut climb = samples(&[(500.0, 0.0), (2000.0, 0.06), (500.0, 0.0)], 1.0);
    for (second, ..) in climb.iter_mut().skip(300) {
        *second += 120.0;
    }
    let track = track(&climb);
    let profile = Profile::of(&track).unwrap();
    let climbs = profile.climbs(USUAL);
    let (moving, still) = profile.times(&track, climbs[0].samples.clone());
    assert_eq!(climbs.len(), 1);
    assert!(
        near(moving, 400.0, 12.0) && near(still, 121.0, 0.1),
        "{moving} {still}"
    );
}

#[test]
fn spikes_tunnels_and_holes() {
    let clean = found(&samples(TWO, 1.0));
    let close = |climbs: &[Climb]| {
        climbs.len() == clean.len()
            && climbs
                .iter()
                .zip(&clean)
                .all(|(a, b)| near(a.gain, b.gain, 6.0) && near(a.length(), b.length(), 80.0))
    };
    // Spikes of altitude and of distance.
    let mut spiky = samples(TWO, 1.0);
    for at in [100, 101, 700, 1201] {
        spiky[at].2 += 400.0;
    }
    spiky[300].1 += 1e6;
    spiky[900].1 = 0.0;
    assert!(close(&found(&spiky)), "{:?}", found(&spiky));
    // A tunnel of 400 m without altitude, and nulls here and there.
    let whole = samples(TWO, 1.0);
    let holes = |from: usize, to: usize| {
        Track::new([
            ("time".to_owned(), whole.iter().map(|s| Some(s.0)).collect()),
            (
                "distance".to_owned(),
                whole
                    .iter()
                    .enumerate()
                    .map(|(at, s)| (at % 7 != 3).then_some(s.1))
                    .collect(),
            ),
            (
                "fixed_altitude".to_owned(),
                whole
                    .iter()
                    .enumerate()
                    .map(|(at, s)| (at % 5 != 2 && !(from..to).contains(&at)).then_some(s.2))
                    .collect(),
            ),
        ])
        .unwrap()
    };
    assert!(close(&Profile::of(&holes(700, 780)).unwrap().climbs(USUAL)));
    // Three kilometres without altitude are not guessed.
    let lost = Profile::of(&holes(500, 1100)).unwrap().climbs(USUAL);
    assert!(lost.len() == 1 && lost[0].from > 5000.0, "{lost:?}");
}

#[test]
fn without_a_profile_the_error_says_why() {
    let time = || {
        (
            "time".to_owned(),
            (0..100).map(|s| Some(f64::from(s))).collect::<Vec<_>>(),
        )
    };
    let flat = |name: &str, value: f64| (name.to_owned(), vec![Some(value); 100]);
    let profile = |channels: Vec<(String, Vec<Option<f64>>)>| Profile::of(&Track::new(channels).unwrap());
    assert_eq!(
        profile(vec![time(), flat("distance", 5.0)]),
        Err(Flat::NoAltitude)
    );
    assert_eq!(
        profile(vec![time(), flat("altitude", 5.0)]),
        Err(Flat::NoDistance)
    );
    assert_eq!(
        profile(vec![time(), flat("altitude", 5.0), flat("distance", 5.0)]),
        Err(Flat::NoDistance)
    );
    assert_eq!(
        profile(vec![
            time(),
            flat("altitude", 65_535.0),
            flat("velocity_smooth", 5.0)
        ]),
        Err(Flat::NoAltitude)
    );
    let by_speed = profile(vec![time(), flat("altitude", 5.0), flat("velocity_smooth", 5.0)]).unwrap();
    assert!(near(by_speed.length(), 495.0, 0.1));
}

fn any_track() -> impl Strategy<Value = Track> {
    let sample = (
        prop_oneof![9 => 0.5_f64..3.0, 1 => 0.0_f64..2000.0],
        prop::option::weighted(0.9, prop_oneof![9 => 0.0_f64..15.0, 1 => -1e7_f64..1e7]),
        prop::option::weighted(0.9, prop_oneof![9 => -1.5_f64..2.0, 1 => -1e4_f64..1e4]),
    );
    prop::collection::vec(sample, 1..600).prop_map(|steps| {
        let (mut now, mut far, mut high) = (0.0, 0.0, 500.0);
        let mut channels = [const { Vec::new() }; 3];
        for (secs, metres, up) in steps {
            now += secs;
            far += metres.unwrap_or_default();
            high += up.filter(|up: &f64| up.abs() < 5.0).unwrap_or_default();
            channels[0].push(Some(now));
            channels[1].push(metres.map(|_| far));
            channels[2].push(up.map(|up| if up.abs() < 5.0 { high } else { up }));
        }
        let [time, distance, altitude] = channels;
        Track::new([
            ("time".to_owned(), time),
            ("distance".to_owned(), distance),
            ("altitude".to_owned(), altitude),
        ])
        .unwrap()
    })
}

proptest! {
    #[test]
    fn climbs_are_within_the_recording(track in any_track(), least_gain in 1.0_f64..60.0, least_grade in 0.01_f64..0.1) {
        let rule = Rule { least_gain, least_grade };
        if let Ok(profile) = Profile::of(&track) {
            let climbs = profile.climbs(rule);
            prop_assert!(climbs.iter().map(Climb::length).sum::<f64>() <= profile.length() + 1e-6);
            prop_assert!(climbs.iter().map(|climb| climb.gain).sum::<f64>() <= profile.gain() + 1e-6);
            prop_assert!(climbs.windows(2).all(|pair| pair[0].to <= pair[1].from));
            for climb in &climbs {
                prop_assert!(climb.gain >= least_gain && climb.grade() >= least_grade && climb.steepest >= climb.grade());
                prop_assert!(!climb.samples.is_empty() && climb.samples.end <= track.len());
                let (moving, still) = profile.times(&track, climb.samples.clone());
                prop_assert!(moving >= 0.0 && still >= 0.0 && moving + still <= track.span() + 1e-6);
            }
        }
    }

    #[test]
    fn rare_and_frequent_samples_find_the_same(
        ups in prop::collection::vec((900.0_f64..4000.0, 0.05_f64..0.12, 1500.0_f64..3000.0, -0.06_f64..0.0), 1..5)
    ) {
        let parts: Vec<(f64, f64)> = std::iter::once((1000.0, 0.0))
            .chain(ups.iter().flat_map(|(up, grade, down, fall)| [(*up, *grade), (*down, *fall)]))
            .collect();
        let often = found(&samples(&parts, 1.0));
        prop_assert_eq!(often.len(), ups.len());
        for secs in [0.5, 3.0, 8.0] {
            let other = found(&samples(&parts, secs));
            prop_assert_eq!(other.len(), often.len());
            for (a, b) in other.iter().zip(&often) {
                prop_assert!(near(a.gain, b.gain, 6.0 + b.gain * 0.02), "{a:?} {b:?}");
                prop_assert!(near(a.length(), b.length(), 100.0), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn no_recording_panics(
        time in prop::collection::vec(prop::option::of(any::<f64>()), 0..60),
        distance in prop::collection::vec(prop::option::of(any::<f64>()), 0..60),
        altitude in prop::collection::vec(prop::option::of(any::<f64>()), 0..60),
    ) {
        let channels = [("time", time), ("distance", distance), ("altitude", altitude)];
        if let Some(track) = Track::new(channels.map(|(name, values)| (name.to_owned(), values)))
            && let Ok(profile) = Profile::of(&track)
        {
            let _ = (profile.climbs(USUAL), profile.span(), profile.gain());
        }
    }
}
