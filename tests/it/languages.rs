//! One language, two readers that share nothing: the service's and the simulator's, which loses what upstream loses. They may
//! differ only where a row here says why.

use icusync::workout::{
    Settings, Workout, check, differences,
    doc::Doc,
    model::{Item, Step, Unit},
    text::{parse, render},
};
use icusync_sim::Person;
use proptest::prelude::*;

/// Steps of which only the length is compared, and why.
type Steps = (&'static str, fn(&Step) -> bool);
const STEPS: [Steps; 2] = [
    (
        "upstream has no target in bpm: for it the word may be part of the label; ours is kept, to be converted or refused",
        |step| step.targets.iter().any(|target| target.unit == Unit::Bpm),
    ),
    (
        "of two kinds of target upstream keeps one; ours keeps both, so that the step is refused",
        |step| step.targets.len() > 1,
    ),
];

/// A word and the one after it, of which a text may have none to be compared at all, and why.
type Words = (&'static str, fn(&str, &str) -> bool);
const WORDS: [Words; 3] = [
    (
        "a repeat of 0 is refused by ours, and what upstream does is not known",
        |word, _| {
            word.to_ascii_lowercase().trim_end_matches('x').ends_with('0') && word.ends_with(['x', 'X'])
        },
    ),
    ("Z3-4 is read by ours and sent as Z3-Z4", |word, _| {
        word.to_ascii_lowercase().contains('z') && word.contains('-') && word != "Z3-Z4"
    }),
    (
        "MMP without a time is refused by ours; upstream cannot resolve it",
        |word, next| word == "MMP" && !["5m", "10m", "30s"].contains(&next),
    ),
];

fn is_compared(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().chain([""]).collect();
    !words
        .windows(2)
        .any(|pair| WORDS.iter().any(|(_, is)| is(pair[0], pair[1])))
        && !text.lines().any(is_bpm_replaced)
}

/// Whether a target in bpm gives way to a later one of the line. Ours refuses the line and keeps the later one; upstream, which
/// reads no bpm, keeps the word as the label.
fn is_bpm_replaced(line: &str) -> bool {
    let has_bpm = |text: &str| {
        let step = parse(text, "Ride").workout;
        step.steps()
            .any(|step| step.targets.iter().any(|target| target.unit == Unit::Bpm))
    };
    let words: Vec<&str> = line.split_whitespace().chain([""]).collect();
    words
        .windows(2)
        .any(|pair| has_bpm(&format!("- 10m {} {}", pair[0], pair[1])))
        && !has_bpm(line)
}

/// What the simulator holds of the text.
fn held(text: &str, sport: &str) -> Workout {
    let ana = Person::of_slug("ana").unwrap();
    let day = "2026-11-25".parse().unwrap();
    let fields = icusync_sim::read_workout(ana, day, sport, false, text);
    let doc: Doc = serde_json::from_value(fields["workout_doc"].clone()).unwrap();
    doc.workout()
}

/// The step, or its length alone if it is one of [`STEPS`].
fn compared(step: &Step, other: &Step) -> Step {
    if STEPS.iter().any(|(_, is)| is(other)) {
        Step::of(step.length)
    } else {
        step.clone()
    }
}

/// The workout without what the steps of `ours` at the same place need not share.
fn without_exceptions(workout: &Workout, ours: &Workout) -> Workout {
    let exempt: Vec<&Step> = ours.steps().collect();
    let mut at = 0;
    let mut one = |step: &mut Step| {
        if let Some(other) = exempt.get(at) {
            *step = compared(step, other);
        }
        at += 1;
    };
    let mut workout = workout.clone();
    for item in &mut workout.items {
        match item {
            Item::Step(step) => one(step),
            Item::Repeat(repeat) => repeat.steps.iter_mut().for_each(&mut one),
            Item::Other(_) => {}
        }
    }
    workout
}

fn a_word() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "10m",
        "30s",
        "1h",
        "1h30m",
        "400mtr",
        "1.5km",
        "400m",
        "2mi",
        "200yrd",
        "5'",
        "1'30\"",
        "5m30",
        "88-94%",
        "88%-94%",
        "88–94%",
        "0.95%",
        "55%",
        "Z2",
        "Z3-Z4",
        "CZ1",
        "200w",
        "140w-180w",
        "HR",
        "LTHR",
        "Pace",
        "pace",
        "Power",
        "MMP",
        "5m",
        "150bpm",
        "168-175",
        "4:20/km",
        "5:00-5:10",
        "4:20-4:15/km",
        "1:35/100m",
        "ramp",
        "freeride",
        "free",
        "maxeffort",
        "hidepower",
        "press",
        "lap",
        "90rpm",
        "85-95rpm",
        "intensity=rest",
        "intensity=x",
        "power=3s",
        "hr=lap",
        "<!>",
        "33^Go",
        "Rest",
        "Easy",
        "a&b",
        "15-20m",
        "4x",
        "x",
        "0s",
        "20min",
        "Ramp",
        "~5m",
        "30-30s",
        "0.33s",
        "100%",
        "5K",
        "(90%)",
        "-",
        "--",
        "<40%",
    ])
    .prop_map(str::to_owned);
    prop_oneof![5 => known, 1 => "[0-9a-zZ%:/'\"=^<>&.-]{1,6}", 1 => "\\PC{1,4}"]
}

fn a_text() -> impl Strategy<Value = String> {
    let words = || proptest::collection::vec(a_word(), 0..7).prop_map(|words| words.join(" "));
    let line = prop_oneof![
        4 => words().prop_map(|words| format!("- {words}")),
        1 => words(),
        3 => proptest::sample::select(vec!["", "Warmup", "cool-down", "4x", "Main set 3x", "Set 2 X"]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

/// The text that random words once made, each way round.
#[test]
fn a_target_in_bpm_beside_another_is_refused_and_not_compared() {
    for text in [
        "- 150bpm 10m 88-94% HR",
        "- 168-175 HR 10m Z2 HR",
        "- 150bpm 75% LTHR 10m",
    ] {
        assert!(!is_compared(text), "{text}");
        assert!(
            !check::text(text, "Ride", &Settings::default())
                .problems
                .is_empty(),
            "{text}"
        );
    }
    for text in ["- 150bpm 10m", "- 10m 150bpm\n- 5m 88-94% HR", "- 10m 88-94% HR"] {
        assert!(is_compared(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_any_text_alike(
        text in a_text(),
        sport in proptest::sample::select(vec!["Ride", "Run", "Swim", "Rowing"]),
    ) {
        if !is_compared(&text) {
            return Ok(());
        }
        let ours = parse(&text, sport).workout.canonical();
        let theirs = held(&text, sport).canonical();
        prop_assert_eq!(without_exceptions(&theirs, &ours), without_exceptions(&ours, &ours));
    }

    #[test]
    fn what_is_sent_is_held_whole(
        text in a_text(),
        sport in proptest::sample::select(vec!["Ride", "Run", "Swim", "Rowing"]),
    ) {
        let own = Settings { lthr: Some(171.0), ..Settings::default() };
        let sent = check::text(&text, sport, &own).workout;
        if sent.steps().any(|step| step.targets.len() > 1) {
            return Ok(());
        }
        let theirs = held(&render(&sent, sport), sport);
        prop_assert_eq!(&theirs.canonical(), &sent.canonical());
        prop_assert_eq!(differences(&sent, &theirs, sport), []);
    }
}
