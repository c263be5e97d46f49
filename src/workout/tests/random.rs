//! Random input for as long as `ICUSYNC_RANDOM_SECS` says; `make test` gives it a minute.

use std::time::{Duration, Instant};

use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};

use super::{a_cue, a_workout, docs::any_doc, settings};
use crate::workout::{
    Severity, check, differences,
    doc::Doc,
    estimate,
    model::{Item, Workout},
    resolve::Place,
    text::{lines, parse, render},
};

/// Text as people and models write it, with everything the language has.
fn a_line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => proptest::sample::select(vec![
            "-", "10m", "30s", "1h", "400mtr", "1.5km", "400m", "2mi", "200yrd", "5'", "1'30\"", "88-94%", "88–94%", "0.95%", "55%",
            "Z2", "Z3-Z4", "CZ1", "200w", "140w-180w", "HR", "LTHR", "Pace", "Power", "MMP", "5m", "150bpm", "168-175", "4:20/km",
            "5:00-5:10", "1:35/100m", "ramp", "freeride", "maxeffort", "hidepower", "press", "lap", "90rpm", "85-95rpm",
            "intensity=rest", "intensity=x", "power=3s", "hr=lap", "<!>", "33^Go", "Rest", "Easy", "15-20m", "4x", "x", "0s",
        ]).prop_map(str::to_owned),
        1 => a_cue(),
        1 => "[0-9a-zZ%:/'\"=^<>&.–-]{1,8}",
    ];
    let words = proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "));
    let fixed = proptest::sample::select(vec!["", "Warmup", "Cooldown", "4x", "Main set 3x", "0x", "  2x"]);
    prop_oneof![
        3 => words.clone().prop_map(|words| format!("- {words}")),
        1 => words,
        2 => fixed.prop_map(str::to_owned),
    ]
}

fn a_text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::collection::vec(a_line(), 0..12).prop_map(|lines| lines.join("\n")),
        1 => "(\\PC|\\n|\\t){0,200}",
    ]
}

fn sports() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "Ride",
        "VirtualRide",
        "Run",
        "Swim",
        "Rowing",
        "WeightTraining",
        "",
    ])
}

fn of_text(text: &str, sport: &str) -> TestCaseResult {
    let read = parse(text, sport);
    prop_assert_eq!(read.lines.len(), read.workout.steps().count());
    // What is to be written instead is taken.
    let refused = read
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Refuse);
    for problem in refused.filter(|_| !text.contains('"')) {
        let steps = problem
            .instead
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|line| line.starts_with("- "));
        for line in steps {
            let again = parse(line, sport);
            let refused = again
                .problems
                .iter()
                .any(|problem| problem.severity == Severity::Refuse);
            prop_assert!(
                !refused && again.workout.steps().count() == 1,
                "{}: {:?} {:?}",
                text,
                problem,
                again
            );
        }
    }
    for own in [
        settings("Ride"),
        settings("Run"),
        crate::workout::Settings::default(),
    ] {
        let checked = check::text(text, sport, &own);
        let lines = lines(text).count().max(1);
        prop_assert!(
            checked
                .problems
                .iter()
                .all(|problem| (1..=lines).contains(&problem.line))
        );
        prop_assert_eq!(check::text(text, sport, &own), checked.clone());
        let sent = render(&checked.workout, sport);
        prop_assert_eq!(
            &parse(&sent, sport).workout,
            &checked.workout.canonical(),
            "{}",
            sent
        );
        let estimate = estimate::whole(&checked.workout, sport, &own);
        prop_assert!(
            [estimate.secs, estimate.metres, estimate.load]
                .into_iter()
                .flatten()
                .all(f64::is_finite)
        );
        let held = Doc::of(&checked.workout, sport, &own, Place::Outdoors);
        prop_assert_eq!(differences(&checked.workout, &held.workout(), sport), []);
    }
    Ok(())
}

#[test]
fn random_input_for_a_while_finds_nothing() {
    let secs = std::env::var("ICUSYNC_RANDOM_SECS").map_or(5, |secs| secs.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(secs);
    let input = (a_text(), sports(), a_workout(), a_workout(), any_doc());
    while Instant::now() < end {
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(50)
        };
        let found = TestRunner::new(config).run(&input, |(text, sport, one, other, doc)| {
            of_text(&text, sport)?;
            let same = differences(&one, &other, sport).is_empty();
            prop_assert_eq!(
                same,
                one.canonical() == other.canonical() && !same_but_backwards(&other)
            );
            let doc: Doc = serde_json::from_value(doc).unwrap();
            let held = doc.workout();
            prop_assert_eq!(held.canonical().canonical(), held.canonical());
            let text = render(&held, sport);
            let _ = check::check(&held, &[], sport, &settings("Run"));
            of_text(&text, sport)?;
            let _ = (differences(&one, &held, sport), doc.json(), doc.without_target());
            Ok(())
        });
        if let Err(found) = found {
            panic!("{found}");
        }
    }
}

/// Steps that are never done count for nothing.
fn same_but_backwards(workout: &Workout) -> bool {
    let mut items = workout.items.iter();
    items.any(|item| {
        let steps = match item {
            Item::Step(step) => std::slice::from_ref(step),
            Item::Repeat(repeat) if repeat.count > 0 => &repeat.steps,
            Item::Repeat(_) | Item::Other(_) => &[],
        };
        steps
            .iter()
            .any(|step| step.canonical().is_some() && step.is_backwards())
    })
}
