mod checks;
mod differences;
mod docs;
mod random;
mod resolved;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Settings, Severity,
    doc::Doc,
    estimate::{self, Estimate},
    model::{Item, Kind, Length, Number, Per, Repeat, Role, Span, Step, Target, Unit, Workout},
    text::{parse, render},
};

pub(crate) fn settings(sport: &str) -> Settings {
    let ride = sport == "Ride";
    Settings {
        ftp: ride.then_some(246.0),
        lthr: Some(171.0),
        max_hr: Some(190.0),
        threshold_pace: match sport {
            "Ride" => None,
            "Swim" => Some(0.980_392_16),
            _ => Some(3.787_878_99),
        },
        power_zones: vec![55.0, 75.0, 90.0, 105.0, 120.0, 150.0, 999.0],
        hr_zones: vec![140.0, 152.0, 160.0, 170.0, 175.0, 180.0, 190.0],
        pace_zones: vec![77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0],
    }
}

#[test]
fn the_vectors_are_read_and_estimated_as_intervals_icu_does() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let sport = vector["sport"].as_str().unwrap();
        let read = parse(vector["text"].as_str().unwrap(), sport);
        let doc: Doc = serde_json::from_value(json!({"steps": vector["steps"]})).unwrap();
        assert_eq!(doc.workout(), read.workout, "{name}");
        let totals = &vector["totals"];
        let estimate = estimate::whole(&read.workout, sport, &settings(sport));
        assert_eq!(estimate.secs, totals["duration"].as_f64(), "{name}");
        let near = |own: Option<f64>, theirs: &Value| match (own, theirs.as_f64()) {
            (Some(own), Some(theirs)) => (own - theirs).abs() < 0.01,
            (own, theirs) => own == theirs,
        };
        if !totals["distance"].is_null() {
            assert!(near(estimate.metres, &totals["distance"]), "{name} {estimate:?}");
        }
        assert!(
            near(estimate.load, &totals["icu_training_load"]),
            "{name} {estimate:?}"
        );
        assert!(
            near(estimate.intensity, &totals["icu_intensity"]),
            "{name} {estimate:?}"
        );
    }
}

#[test]
fn one_step_is_estimated_alone() {
    let of = |text: &str, sport: &str| {
        let read = parse(text, sport);
        let step = read.workout.steps().next().unwrap().clone();
        estimate::step(&step, sport, &settings(sport))
    };
    let hour = of("- 1h 100%", "Ride");
    assert_eq!(
        (hour.secs, hour.load, hour.intensity),
        (Some(3600.0), Some(100.0), Some(100.0))
    );
    let km = of("- 1km 5:00/km Pace", "Run");
    assert_eq!((km.secs, km.metres), (Some(300.0), Some(1000.0)));
    let free = of("- 1km", "Run");
    assert_eq!(
        free,
        Estimate {
            metres: Some(1000.0),
            ..Estimate::default()
        }
    );
    assert_eq!(of("- 10m 150bpm", "Run").load, None);
}

fn problems(text: &str, sport: &str) -> Vec<(usize, Severity)> {
    let read = parse(text, sport);
    let all = read.problems.into_iter();
    all.map(|problem| (problem.line, problem.severity)).collect()
}

#[test]
fn what_would_be_lost_without_a_word_is_a_problem_of_its_line() {
    for (text, sport) in [
        ("- 400m 90% Pace", "Run"),
        ("- 50m 90% Pace", "Swim"),
        ("- 200 metres 90% Pace", "Swim"),
        ("- 30 secs 90% Pace", "Swim"),
        ("- 30sec 120%", "Ride"),
        ("- 20min 88%", "Ride"),
        ("- 15-20m 60%", "Ride"),
        ("- 10m 80% LTHR 5:00/km Pace", "Run"),
        ("- Z6 1m 113-138%", "Ride"),
        ("- 10m 5:00/km", "Run"),
        ("- Drill 30s build 4m 90%", "Ride"),
        ("- 1h 10m 60%", "Ride"),
        ("- 1km 5m 90% Pace", "Run"),
        ("- 4x", "Ride"),
        ("- 3x 1m 80% 2m 50%", "Ride"),
        ("- MAX standing start", "Ride"),
        ("- 0s 200w", "Ride"),
        ("- 10m ramp 50%", "Ride"),
        ("- 10m 50% intensity=leicht", "Ride"),
        ("- 200mtr 95% Pace 30s rest", "Swim"),
        ("- 200mtr 95% Pace rest", "Swim"),
        ("4x\n\n- 1m 110%", "Ride"),
        ("3x\n4x\n- 1m 110%", "Ride"),
        ("0x\n- 1m 110%", "Ride"),
        ("3x Over-unders\n- 1m 110%", "Ride"),
        ("10m 60% easy", "Ride"),
        ("* 10m Z2", "Ride"),
        ("1. 10m at 85%", "Ride"),
    ] {
        let found = problems(text, sport);
        assert!(
            found.iter().any(|(_, severity)| *severity == Severity::Refuse),
            "{text}: {found:?}"
        );
        assert!(
            found
                .iter()
                .all(|(line, _)| *line >= 1 && *line <= text.lines().count()),
            "{text}"
        );
    }
    assert_eq!(
        problems("Text\n\n- 5m 50% Pace\n- 400m 90% Pace", "Run"),
        [(4, Severity::Refuse)]
    );
    assert_eq!(
        problems("- 5m 50%\n- 5m Z2\n- 5m 50% Power\n- 5m Z2 HR", "Run"),
        [(1, Severity::Warn), (2, Severity::Warn)],
        "power on a run is seldom meant"
    );
    assert_eq!(
        problems("2x\n- 1m 90%\n  3x\n- 1m 80%", "Ride"),
        [(3, Severity::Refuse)]
    );
}

#[test]
fn what_is_only_worth_knowing_is_a_warning() {
    for text in [
        "- 10m 55% stay seated",
        "Échauffement\n- 10m 55%",
        "2x\n- 1m 90%\nbreathe",
        "- Easy Z2 45m",
    ] {
        let found = problems(text, "Ride");
        assert_eq!(
            found.len(),
            text.matches("seated").count() + 1,
            "{text}: {found:?}"
        );
        assert!(
            found.iter().all(|(_, severity)| *severity == Severity::Warn),
            "{text}"
        );
    }
    for text in [
        "Easy week. 4 of 5.\n\n- Spin 120m Z2 90rpm\n\nMain set 3x\n- SST 12m 88-94%\n- 5m 55%",
        "- Hard 5' 110%\n- 1'30\" 50%\n- 5m30 60%",
        "- 10m 88–94% power=3s Press lap intensity=interval",
        "- Settle in 33^Hold it <!> 10m 85%",
    ] {
        assert_eq!(problems(text, "Ride"), [], "{text}");
    }
}

#[test]
fn prose_and_the_line_of_each_step_are_kept() {
    let read = parse(
        "Easy does it.\r\n\r\n\tnot hard\r\nWarmup\r\n- 5m 50%\r\n\r\n2x\r\n- 1m 90%\r\n- 1m 50%",
        "Ride",
    );
    assert_eq!(read.prose, "Easy does it.\n\nnot hard");
    assert_eq!(read.lines, [5, 8, 9]);
    assert_eq!(read.problems, []);
    for end in ["\n", "\r\n", "\r", "\u{2028}"] {
        let read = parse(&format!("Easy{end}- 5m 50%{end}{end}2x{end}- 1m 90%"), "Ride");
        assert_eq!(
            (read.prose.as_str(), read.workout.items.len()),
            ("Easy", 2),
            "{end:?}"
        );
    }
}

#[test]
fn the_rendered_form_is_the_one_that_comes_back_whole() {
    for (text, sport, rendered) in [
        (
            "warm up\n- easy   10m ramp 50-75%\nmain SET 3 X\n- 4m 105%-110% 90RPM\n- 3m 50% intensity=recovery\ncool-down\n- 10m 45%",
            "Ride",
            "Warmup\n- easy 10m ramp 50-75% intensity=warmup\n\nmain SET 3x\n- 4m 105-110% 90rpm\n\
             - 3m 50% intensity=recovery\n\nCooldown\n- 10m 45% intensity=cooldown",
        ),
        (
            "- 1km 5:00-5:10 Pace\n- 0.25mi Z2 Power\n- 200yrd 145-150bpm\n- 1500mtr Z3-4 pace\n- 0.5km z2 hr",
            "Run",
            "- 1km 5:10-5:00/km Pace\n- 0.25mi Z2 Power\n- 200yrd 145-150bpm\n- 1.5km Z3-Z4 Pace\n- 500mtr Z2 HR",
        ),
        (
            "- 1.5km 1:45 Pace\n- Rest 15s press lap",
            "Swim",
            "- 1500mtr 1:45/100m Pace\n- Rest 15s Press lap",
        ),
        (
            "- 90-80% 10m\n- 10m ramp 90-60%",
            "Ride",
            "- 10m 80-90%\n- 10m ramp 90-60%",
        ),
    ] {
        let read = parse(text, sport);
        assert_eq!(render(&read.workout, sport), rendered);
        assert_eq!(read.problems, [], "{text}");
        assert_eq!(parse(rendered, sport).workout, read.workout.canonical());
    }
}

#[test]
fn nothing_can_be_read_out_of_a_label() {
    for (cue, plain) in [
        ("30-30s", "30-30 s"),
        ("best 60s", "best 60 s"),
        ("~5m", "~ 5 m"),
        ("Z2 spin", "Z 2 spin"),
        ("85% now", "85 % now"),
        ("3x hard", "3 x hard"),
        ("ramp to failure", "to failure"),
        ("free", ""),
        ("Press lap when ready", "when ready"),
        ("a <b> & c", "a b c"),
        ("&lt;40", "40"),
        ("- -Z2", "Z 2"),
        ("145 HR", "145"),
        ("4:20 Pace", "Pace"),
        ("intensity=rest go", "go"),
        ("Set 3", "Set 3"),
        ("🚴 Über 40", "🚴 Über 40"),
    ] {
        let mut step = Step::of(Length::Time(60));
        step.cue = cue.to_owned();
        let workout = Workout {
            items: vec![Item::Step(step)],
        };
        let canonical = workout.canonical();
        assert_eq!(canonical.steps().next().unwrap().cue, plain, "{cue}");
        assert_eq!(
            parse(&render(&workout, "Ride"), "Ride").workout,
            canonical,
            "{cue}"
        );
    }
}

#[test]
fn a_megabyte_and_odd_bytes_are_read_in_time() {
    let unit = "- 🚴 press press lap lap 1h1h1h –– 5–6% 12345678901m\t&amp;lt; 4x\r\n";
    let long = unit.repeat(1_000_000 / unit.len());
    let one_line = format!("- {}", long.replace("\r\n", " "));
    let begin = std::time::Instant::now();
    for text in [
        &long,
        &one_line,
        &"x".repeat(1_000_000),
        &"-".repeat(1_000_000),
        &"9".repeat(1_000_000),
    ] {
        let read = parse(text, "Ride");
        let _ = render(&read.workout, "Ride");
    }
    let steps = "- 10m 50%\n".repeat(500);
    assert_eq!(parse(&steps, "Ride").workout.items.len(), 500);
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

fn number(most: u32) -> impl Strategy<Value = Number> {
    (1..most).prop_map(Number::from)
}

fn span(most: u32) -> impl Strategy<Value = Span> {
    prop_oneof![
        number(most).prop_map(Span::At),
        (number(most), number(most)).prop_map(|(from, to)| Span::Between(from, to)),
    ]
}

fn a_target() -> impl Strategy<Value = Target> {
    let tenths = (1..2000_u32).prop_map(|tenths| Span::At(Number::of(f64::from(tenths) / 10.0).unwrap()));
    let unit = prop_oneof![
        Just(Unit::PercentFtp),
        Just(Unit::Watts),
        (1..7200_u32).prop_map(Unit::PercentMmp),
        Just(Unit::PercentMaxHr),
        Just(Unit::PercentLthr),
        Just(Unit::PercentPace),
    ];
    let zone = prop_oneof![
        Just(Unit::PowerZone),
        Just(Unit::CustomZone),
        Just(Unit::HrZone),
        Just(Unit::PaceZone),
    ];
    let pace = proptest::sample::select(Per::ALL.to_vec()).prop_map(Unit::Pace);
    let averaged = proptest::option::of(proptest::sample::select(vec!["3s", "LAP", "a b"]));
    let known = prop_oneof![
        (unit, prop_oneof![span(400), tenths]),
        (zone, span(10)),
        (pace, span(1200)),
        (Just(Unit::Bpm), span(220)),
    ];
    (known, averaged).prop_map(|((unit, span), averaged)| Target {
        unit,
        span,
        averaged: averaged.map(str::to_owned),
    })
}

fn a_length() -> impl Strategy<Value = Length> {
    prop_oneof![
        (0..40_000_u32).prop_map(Length::Time),
        number(50_000).prop_map(Length::Distance),
        (1..200_u32).prop_map(|quarters| {
            Length::Distance(Number::of(f64::from(quarters) * 0.25 * 1609.344).unwrap())
        }),
        (1..2000_u32).prop_map(|yards| Length::Distance(Number::of(f64::from(yards) * 0.9144).unwrap())),
        (0.0..5000.0).prop_map(|metres| Length::Distance(Number::of(metres).unwrap())),
    ]
}

fn a_cue() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "\\PC{0,8}",
        "[-0-9zZxmshw%:/.'\"=^<>&~a-c]{1,6}",
        proptest::sample::select(vec![
            "press",
            "lap",
            "HR",
            "Pace",
            "bpm",
            "ramp",
            "free",
            "30s",
            "Z2",
            "4x",
            "<!>",
            "&lt;",
            "MMP",
            "145",
            "5:00/km",
            "Set",
            "easy",
            "- ",
            "88–94%",
            "intensity=rest",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(word, 0..5).prop_map(|words| words.join(" "))
}

prop_compose! {
    fn a_step()(
        cue in a_cue(),
        length in a_length(),
        targets in proptest::collection::vec(a_target(), 0..3),
        role in proptest::option::of(proptest::sample::select(Role::ALL.to_vec())),
        flags in any::<[bool; 5]>(),
        cadence in proptest::option::of(span(200)),
    ) -> Step {
        let [until_lap, ramp, freeride, max_effort, hide_power] = flags;
        Step { cue, length, until_lap, role, targets, ramp, freeride, max_effort, hide_power, cadence }
    }
}

pub(crate) fn a_workout() -> impl Strategy<Value = Workout> {
    let repeat = (0..100_u32, a_cue(), proptest::collection::vec(a_step(), 0..4)).prop_map(
        |(count, heading, steps)| {
            Item::Repeat(Repeat {
                count,
                heading,
                steps,
            })
        },
    );
    let item = prop_oneof![a_step().prop_map(Item::Step), repeat];
    proptest::collection::vec(item, 0..6).prop_map(|items| Workout { items })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_rendered_reads_back_as_the_canonical_form(
        workout in a_workout(),
        sport in proptest::sample::select(vec!["Ride", "Run", "Swim", "Rowing"]),
    ) {
        let canonical = workout.canonical();
        prop_assert_eq!(&canonical.canonical(), &canonical);
        let text = render(&workout, sport);
        prop_assert_eq!(parse(&text, sport).workout, canonical, "{}", text);
        prop_assert_eq!(render(&parse(&text, sport).workout, sport), text);
    }

    #[test]
    fn any_text_is_read(
        lines in proptest::collection::vec(prop_oneof![a_cue(), "- [0-9a-z%:/ .–-]{0,30}", "\\PC{0,30}"], 0..12),
        sport in proptest::sample::select(vec!["Ride", "Run", "Swim", ""]),
    ) {
        let text = lines.join("\n");
        let read = parse(&text, sport);
        prop_assert_eq!(read.lines.len(), read.workout.steps().count());
        let canonical = read.workout.canonical();
        let again = parse(&render(&read.workout, sport), sport);
        prop_assert_eq!(again.workout, canonical);
        let _ = estimate::whole(&read.workout, sport, &settings("Ride"));
        let powers = |step: &Step| step.targets.iter().filter(|target| target.unit.kind() == Kind::Power).count();
        prop_assert!(read.workout.steps().map(powers).all(|count| count <= 1));
    }
}

#[test]
fn a_number_that_hardly_anybody_means_is_asked_about() {
    for (text, sport, odd) in [
        ("- 10m 940-950%", "Ride", true),
        ("- 10s 280-300%", "Ride", false),
        ("- 10m 2000-2100w", "Ride", true),
        ("- 10m 118-120% LTHR", "Run", true),
        ("- 10m 100-104% LTHR", "Run", false),
        ("- 10m 101-104% HR", "Run", true),
        ("- 10m 150-160% Pace", "Run", true),
        ("- 10m 100-110% Pace", "Run", false),
    ] {
        let checked = super::check::text(text, sport, &settings(sport));
        let asked = checked
            .problems
            .iter()
            .any(|problem| problem.instead == "check the number");
        assert_eq!(asked, odd, "{text}: {:?}", checked.problems);
        assert!(checked.can_be_sent(), "{text}: {:?}", checked.problems);
    }
}
