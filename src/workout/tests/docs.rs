use proptest::prelude::*;
use serde_json::{Value, json};

use super::{a_workout, settings};
use crate::workout::{
    differences,
    doc::{Doc, Held},
    model::{Item, Kind, Length, Number, Per, Role, Span, Unit},
    resolve::Place,
    text::parse,
};

fn doc(value: Value) -> Doc {
    serde_json::from_value(value).unwrap()
}

fn steps(steps: &Value) -> Doc {
    doc(json!({ "steps": steps }))
}

/// The only step of a document.
fn step(step: &Value) -> crate::workout::model::Step {
    steps(&json!([step])).workout().steps().next().unwrap().clone()
}

#[test]
fn what_intervals_icu_computed_is_no_part_of_the_workout() {
    let held = steps(&json!([
        {"duration": 600, "warmup": true, "ramp": true, "power": {"units": "%ftp", "start": 55.0, "end": 75.0},
         "_power": {"value": 159.0, "start": 135.0, "end": 184.0}},
        {"reps": 3, "text": "Main set 3x", "distance": 0, "duration": 3060, "steps": [
            {"distance": 1000.0, "duration": 257, "pace": {"units": "secs/km", "start": 260.0, "end": 255.0}},
            {"text": "Jog", "duration": 120, "_distance": 272.7, "pace": {"units": "%pace", "value": 60}}]},
    ]));
    let text = "Warmup\n- 10m ramp 55-75%\n\nMain set 3x\n- 1km 4:20-4:15/km Pace\n- Jog 2m 60% Pace";
    assert_eq!(held.workout(), parse(text, "Run").workout);
    let Held::Step(first) = &held.items[0] else {
        panic!("{held:?}");
    };
    assert_eq!(first.watts.unwrap().end, Some(184.0));
}

#[test]
fn every_unit_is_read() {
    for (key, units, unit) in [
        ("power", "%ftp", Unit::PercentFtp),
        ("power", "W", Unit::Watts),
        ("power", "power_zone", Unit::PowerZone),
        ("power", "custom_zone", Unit::CustomZone),
        ("power", "%mmp", Unit::PercentMmp(300)),
        ("power", "%cp", Unit::Other(Kind::Power, "%cp".to_owned())),
        ("power", "", Unit::Other(Kind::Power, String::new())),
        ("hr", "%hr", Unit::PercentMaxHr),
        ("hr", "%lthr", Unit::PercentLthr),
        ("hr", "hr_zone", Unit::HrZone),
        ("hr", "bpm", Unit::Bpm),
        ("hr", "%ftp", Unit::Other(Kind::HeartRate, "%ftp".to_owned())),
        ("pace", "%pace", Unit::PercentPace),
        ("pace", "pace_zone", Unit::PaceZone),
        ("pace", "secs/mile", Unit::Pace(Per::Mile)),
        ("pace", "secs/mi", Unit::Pace(Per::Mile)),
        ("pace", "secs/100y", Unit::Pace(Per::Yd100)),
        ("pace", "secs/100yd", Unit::Pace(Per::Yd100)),
        ("pace", "secs/500m", Unit::Pace(Per::M500)),
        ("pace", "secs/x", Unit::Other(Kind::Pace, "secs/x".to_owned())),
        ("torque", "nm", Unit::Other(Kind::Other, "nm".to_owned())),
    ] {
        let target = json!({"units": units, "value": "50", "duration": 300});
        let read = step(&json!({"duration": 60, key: target}));
        assert_eq!(read.targets[0].unit, unit, "{key} {units}");
        assert_eq!(read.targets[0].span, Span::At(Number::from(50)));
    }
}

#[test]
fn odd_documents_are_read_as_far_as_they_go() {
    for nothing in [
        json!({}),
        json!({"steps": null}),
        json!({"steps": {"a": 1}}),
        json!({"steps": 3}),
        json!({"steps": [null, 3, "x", [1], true, 2.5]}),
        json!({"ftp": "x", "description": [1], "steps": []}),
    ] {
        assert!(doc(nothing).items.is_empty());
    }
    assert!(serde_json::from_value::<Doc>(json!([1])).is_err());
    let odd = step(
        &json!({"duration": "30", "power": [1], "hr": "x", "pace": null, "steps": {"a": 1}, "ramp": "true",
        "cadence": {"value": -5}, "intensity": "unheard of", "cooldown": 1, "_foo": 3, "new": true}),
    );
    assert_eq!(odd.length, Length::Time(30));
    assert_eq!((odd.targets.len(), odd.cadence, odd.ramp), (0, None, true));
    assert_eq!(odd.role, Some(Role::Cooldown));
    let best =
        step(&json!({"duration": 60, "power": {"units": "%mmp", "start": 60, "end": 70, "secs": 300}}));
    assert_eq!(best.targets[0].unit, Unit::PercentMmp(300));
    let huge = step(&json!({"duration": 1e300, "distance": 1e300}));
    assert_eq!(huge.length, Length::Time(1_000_000_000));
    assert_eq!(
        steps(&json!([{"swimset": 1, "zz": 2}])).workout().items,
        [Item::Other("swimset, zz".to_owned())]
    );
    let widened = step(&json!({"distance": f64::from(1609.344_f32), "duration": 1}));
    assert_eq!(widened.length, Length::Distance(Number::of(1609.344).unwrap()));
}

#[test]
fn a_heading_is_read_without_its_count() {
    for (text, reps, heading, count) in [
        (json!("Main set 4x"), json!(4), "Main set", 4),
        (json!("4x"), json!(4), "", 4),
        (json!("Set 4 X"), json!(4), "Set", 4),
        (json!("Set x"), json!(4), "Set x", 4),
        (json!("x"), json!(4), "x", 4),
        (json!("Set 400x"), json!(0), "Set 400x", 1),
        (json!(null), json!("3"), "", 3),
        (json!("Set"), json!(1e12), "Set", u32::MAX),
    ] {
        let read = steps(&json!([{"text": text, "reps": reps, "steps": [{"duration": 1}]}])).workout();
        let Item::Repeat(repeat) = &read.items[0] else {
            panic!("{text}");
        };
        assert_eq!(
            (repeat.heading.as_str(), repeat.count),
            (heading, count),
            "{text}"
        );
    }
}

#[test]
fn repeats_inside_repeats_are_written_out() {
    let minute = json!({"duration": 60, "power": {"units": "%ftp", "value": 90}});
    let second = json!({"duration": 1, "power": {"units": "%ftp", "value": 50}});
    let nested = steps(&json!([{"reps": 2, "steps": [minute, {"reps": 3, "steps": [second]}, minute]}]));
    let flat = parse("2x\n- 1m 90%\n- 1s 50%\n- 1s 50%\n- 1s 50%\n- 1m 90%", "Ride").workout;
    assert_eq!(nested.workout(), flat);
    assert_eq!(nested.count(), 5);
    let mut endless = second;
    for _ in 0..60 {
        endless = json!({"reps": 4_000_000_000_u32, "steps": [endless, endless]});
        if endless.to_string().len() > 100_000 {
            break;
        }
    }
    let endless = steps(&json!([endless]));
    assert_eq!(
        endless.workout().items,
        [Item::Other("repeats inside repeats".to_owned())]
    );
    let empty =
        steps(&json!([{"reps": 4_000_000_000_u32, "steps": [{"reps": 4_000_000_000_u32, "steps": []}]}]));
    assert_eq!(empty.workout().canonical().items, []);
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        8 => proptest::sample::select(vec![
            "steps", "duration", "distance", "reps", "text", "power", "hr", "pace", "cadence", "units", "value", "start",
            "end", "target", "intensity", "warmup", "cooldown", "ramp", "until_lap_press", "_power", "_hr", "_pace",
            "freeride", "maxeffort", "hidepower", "ftp", "lthr",
        ]).prop_map(str::to_owned),
        1 => "[a-z_%]{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..2000_u32).prop_map(Value::from),
        proptest::sample::select(vec![
            "%ftp",
            "w",
            "power_zone",
            "%lthr",
            "hr_zone",
            "%pace",
            "secs/km",
            "secs/",
            "%mmp",
            "rest",
            "4x",
            "1e400",
            "NaN",
        ])
        .prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::hash_map(key.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub(super) fn any_doc() -> impl Strategy<Value = Value> {
    proptest::collection::vec(any_json(), 0..6).prop_map(|steps| json!({ "steps": steps }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_workout_that_is_held_as_it_was_sent_reads_back_equal(
        workout in a_workout(),
        sport in proptest::sample::select(vec!["Ride", "Run", "Swim"]),
    ) {
        let held = Doc::of(&workout, sport, &settings(sport), Place::Outdoors);
        let read: Doc = serde_json::from_value(held.json()).unwrap();
        prop_assert_eq!(read.workout().canonical(), workout.canonical());
        prop_assert_eq!(differences(&workout, &read.workout(), sport), []);
        prop_assert_eq!(&read.items, &held.items);
    }

    #[test]
    fn any_document_is_read(value in any_doc()) {
        let read = doc(value);
        let workout = read.workout();
        let again = doc(read.json());
        let _ = (read.without_target(), again.workout());
        prop_assert_eq!(workout.canonical().canonical(), workout.canonical());
        prop_assert_eq!(differences(&workout, &workout, "Run").iter().any(|other| other.what.contains("missing")), false);
    }
}
