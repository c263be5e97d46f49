use super::settings;
use crate::workout::{
    Settings,
    doc::{Doc, Held},
    resolve::{Band, Lacking, Place},
    text::parse,
};

fn band(text: &str, sport: &str, place: Place) -> (Option<f64>, Option<f64>, Option<f64>) {
    let read = parse(text, sport).workout;
    let target = &read.steps().next().unwrap().targets[0];
    let Band { value, start, end } = settings(sport).band(target, sport, place).unwrap();
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    (value.map(hundredths), start.map(hundredths), end.map(hundredths))
}

/// The first two rows are intervals.icu's own numbers.
#[test]
fn a_single_number_is_a_range_outdoors_and_a_range_stays_as_it_is() {
    use Place::{Indoors, Outdoors};
    for (text, sport, place, value, start, end) in [
        (
            "- 5m 55%",
            "Ride",
            Outdoors,
            Some(135.0),
            Some(131.0),
            Some(139.0),
        ),
        (
            "- 12m 88-94%",
            "Ride",
            Outdoors,
            Some(223.0),
            Some(216.0),
            Some(231.0),
        ),
        (
            "- 10m ramp 60-45%",
            "Ride",
            Outdoors,
            Some(129.0),
            Some(147.0),
            Some(110.0),
        ),
        ("- 5m 55%", "Ride", Indoors, Some(135.0), None, None),
        (
            "- 5m 200w",
            "Ride",
            Outdoors,
            Some(200.0),
            Some(195.0),
            Some(205.0),
        ),
        (
            "- 5m 60%",
            "Ride",
            Outdoors,
            Some(147.0),
            Some(143.0),
            Some(151.0),
        ),
        ("- 5m Z2", "Ride", Outdoors, None, Some(137.0), Some(184.0)),
        ("- 5m Z1", "Ride", Outdoors, None, Some(2.0), Some(135.0)),
        ("- 5m Z1 HR", "Run", Outdoors, None, Some(1.0), Some(140.0)),
        (
            "- 5m 90% LTHR",
            "Run",
            Outdoors,
            Some(153.0),
            Some(150.0),
            Some(156.0),
        ),
        ("- 5m Z2 HR", "Run", Outdoors, None, Some(141.0), Some(152.0)),
        (
            "- 5m 90% Pace",
            "Run",
            Outdoors,
            Some(3.41),
            Some(3.32),
            Some(3.49),
        ),
        ("- 100mtr 90% Pace", "Swim", Outdoors, Some(0.88), None, None),
        (
            "- 1km 4:20-4:15/km Pace",
            "Run",
            Outdoors,
            Some(3.88),
            Some(3.85),
            Some(3.92),
        ),
    ] {
        assert_eq!(band(text, sport, place), (value, start, end), "{text} {place:?}");
    }
}

#[test]
fn the_steps_without_a_target_are_named_and_so_is_what_is_missing() {
    let text = "- 10m 60% Pace\n- 5m\n- Rest 30s intensity=rest\n- 5m 80-85% LTHR\n- 1m maxeffort\n- 5m 80% HR\n- 20m 90% Pace";
    let read = parse(text, "Run").workout;
    let own = settings("Run");
    assert_eq!(own.without_target(&read), [(2, None)]);
    assert_eq!(own.missing(&read), []);
    let none = Settings {
        lthr: None,
        threshold_pace: None,
        ..own.clone()
    };
    assert_eq!(
        none.without_target(&read),
        [
            (1, Some(Lacking::ThresholdPace)),
            (2, None),
            (4, Some(Lacking::Lthr)),
            (7, Some(Lacking::ThresholdPace))
        ]
    );
    assert_eq!(none.missing(&read), [Lacking::ThresholdPace, Lacking::Lthr]);
    assert_eq!(
        Doc::of(&read, "Run", &none, Place::Outdoors).without_target(),
        [1, 2, 4, 7]
    );
}

#[test]
fn an_expected_document_has_the_times_and_targets_of_intervals_icu() {
    let text = "- 15m 70-78% Pace\n\n5x\n- 1km 4:20-4:15/km Pace\n- Jog 2m 60% Pace";
    let doc = Doc::of(
        &parse(text, "Run").workout,
        "Run",
        &settings("Run"),
        Place::Outdoors,
    );
    assert_eq!(doc.total, Some(900.0 + 5.0 * (257.0 + 120.0)));
    let Held::Repeat(repeat) = &doc.items[1] else {
        panic!("{doc:?}");
    };
    assert_eq!(repeat.secs, Some(1885.0));
}
