use super::settings;
use crate::workout::{
    Problem, Settings, Severity,
    check::{self, MOST_CHARS, MOST_LINES},
    text::render,
};

fn of(text: &str, sport: &str, settings: &Settings) -> Vec<Problem> {
    check::text(text, sport, settings).problems
}

#[test]
fn a_target_that_reaches_no_device_is_refused_with_its_line_and_a_way_out() {
    let none = Settings::default();
    let only_max = Settings {
        max_hr: Some(190.0),
        ..Settings::default()
    };
    let run = settings("Run");
    for (text, sport, settings, instead) in [
        (
            "- 20m Z2",
            "Run",
            &run,
            "what Run has: % LTHR, % HR, Z1 to Z7 HR, % Pace, Z1 to Z7 Pace, a pace (m:ss/km Pace); or leave",
        ),
        (
            "- 20m 85-90%",
            "Run",
            &run,
            "set it at intervals.icu, or say the effort",
        ),
        (
            "- 20m 85-90% Power",
            "Run",
            &only_max,
            "what Run has: % HR, a pace (m:ss/km Pace)",
        ),
        (
            "- 20m 85-90% Power",
            "Run",
            &none,
            "what Run has: a pace (m:ss/km Pace)",
        ),
        ("- 20m 90-95%", "Ride", &none, "what Ride has: watts (w)"),
        ("- 20m 90-95% Pace", "Run", &none, "a pace (m:ss/km Pace)"),
        ("- 20m Z2 Pace", "Run", &none, "a pace (m:ss/km Pace)"),
        ("- 20m Z2 Pace", "Swim", &none, "a pace (m:ss/100m Pace)"),
        ("- 20m 80-85% LTHR", "Run", &only_max, "what Run has: % HR"),
        ("- 20m 80-85% HR", "Run", &none, "leave the target out"),
        ("- 20m Z9 Pace", "Run", &run, "Z1 to Z7"),
        ("- 20m Z2 HR", "Run", &none, "leave the target out"),
        ("- 20m Z8-Z9 HR", "Run", &run, "Z1 to Z7"),
        ("- 20m 0.9-0.95% Pace", "Run", &run, "90-95%"),
        ("- 20m 0.95% LTHR", "Run", &run, "95%"),
        ("- 20m 0%", "Ride", &settings("Ride"), "leave the target out"),
        (
            "- 20m 80% LTHR 5:10-5:00/km Pace",
            "Run",
            &run,
            "keep one: \"- 20m 80% LTHR\" or \"- 20m 5:10-5:00/km Pace\"",
        ),
        ("- 10m 152bpm", "Run", &none, "leave the target out"),
    ] {
        let text = format!("Prose\n\n2x\n{text}");
        let problems = of(&text, sport, settings);
        let refused = problems
            .iter()
            .find(|problem| problem.severity == Severity::Refuse);
        let refused = refused.unwrap_or_else(|| panic!("{text}: {problems:?}"));
        assert!(
            refused.line == 4 && refused.instead.contains(instead),
            "{text}: {refused:?}"
        );
        for line in quoted(&refused.instead) {
            assert!(
                check::text(&line, sport, settings).can_be_sent(),
                "{text}: {line}"
            );
        }
    }
}

/// The texts to write that an advice has in quotes; the heading of a repeat gets a step.
fn quoted(instead: &str) -> Vec<String> {
    let quoted = instead.split('"').skip(1).step_by(2);
    let with_step = |text: &str| {
        if text.ends_with('x') {
            format!("{text}\n- 10m")
        } else {
            text.to_owned()
        }
    };
    quoted.map(with_step).collect()
}

/// A slip, the sport, and the texts to write instead.
type Slip = (&'static str, &'static str, &'static [&'static str]);

const SLIPS: &[Slip] = &[
    // Numbers and units of other languages.
    ("- 4,5km 80-85% LTHR", "Run", &["- 4.5km 80-85% LTHR"]),
    ("- 4,5 km 80-85% LTHR", "Run", &["- 4.5km 80-85% LTHR"]),
    ("- 4.5 km 80-85% LTHR", "Run", &["- 4.5km 80-85% LTHR"]),
    ("- Easy 1,5h 60-65%", "Ride", &["- Easy 1.5h 60-65%"]),
    ("- 10m 87,5-92,5%", "Ride", &["- 10m 87.5-92.5%"]),
    ("- 1,500m 80-85% Pace", "Swim", &["- 1500mtr 80-85% Pace"]),
    ("- 200yd 80-85% Pace", "Swim", &["- 200yrd 80-85% Pace"]),
    ("- 200 yards 80-85% Pace", "Swim", &["- 200yrd 80-85% Pace"]),
    ("- 400 metres 90-95% Pace", "Swim", &["- 400mtr 90-95% Pace"]),
    ("- 400 m 90-95% Pace", "Swim", &["- 400mtr 90-95% Pace"]),
    ("- 5k 90-95% Pace", "Run", &["- 5km 90-95% Pace"]),
    ("- 20min 88-92%", "Ride", &["- 20m 88-92%"]),
    ("- 20 minutes Z2", "Ride", &["- 20m Z2"]),
    ("- 1h15min 60-65%", "Ride", &["- 1h15m 60-65%"]),
    ("- 1 hr 30 min 60-65%", "Ride", &["- 1h30m 60-65%"]),
    ("- 30 secs 120-130%", "Ride", &["- 30s 120-130%"]),
    ("- 8m 250 watts", "Ride", &["- 8m 250w"]),
    ("- 8m 88-94 % 90 rpm", "Ride", &["- 8m 88-94% 90rpm"]),
    // What a number is a percentage of.
    ("- 20m 80-85% LHTR", "Run", &["- 20m 80-85% LTHR"]),
    ("- 20m 80-85% LHTR", "Ride", &["- 20m 80-85% LTHR"]),
    ("- 20m 85-90% Pcae", "Run", &["- 20m 85-90% Pace"]),
    ("- 20m 85-90% of LTHR", "Run", &["- 20m 85-90% LTHR"]),
    ("- 20m 75-80% max HR", "Run", &["- 20m 75-80% HR"]),
    ("- 20m 75-80% HRmax", "Ride", &["- 20m 75-80% HR"]),
    ("- 20m 90-95% threshold heart rate", "Run", &["- 20m 90-95% LTHR"]),
    ("- 20m 85-90 Pace", "Run", &["- 20m 85-90% Pace"]),
    ("- 20m 80-85 LTHR", "Run", &["- 20m 80-85% LTHR"]),
    ("- 10m 5:10-5:00/km", "Run", &["- 10m 5:10-5:00/km Pace"]),
    ("- 10m 5:10 min/km", "Run", &["- 10m 5:10/km Pace"]),
    ("- 30m zone 2", "Ride", &["- 30m Z2"]),
    ("- 30m Zone 2-3 HR", "Run", &["- 30m Z2-Z3 HR"]),
    ("- 30m L3", "Ride", &["- 30m Z3"]),
    ("- Zone 2 30m", "Ride", &["- Z2 30m"]),
    ("- 30m z2 hr, 90rpm", "Run", &["- 30m z2 HR 90rpm"]),
    ("- 8m @250w", "Ride", &["- 8m 250w"]),
    ("- 8m (250w)", "Ride", &["- 8m 250w"]),
    ("- 10m 60-70%FTP", "Ride", &["- 10m 60-70% FTP"]),
    ("- 5m 80-85%LTHR", "Run", &["- 5m 80-85% LTHR"]),
    ("- 5m Z2HR", "Run", &["- 5m Z2 HR"]),
    ("- 10m 60-65% cad 90", "Ride", &["- 10m 60-65% 90rpm"]),
    ("- 10m 60-65% cadence: 85-95", "Ride", &["- 10m 60-65% 85-95rpm"]),
    ("- 10m 5'30/km Pace", "Run", &["- 10m 5:30/km Pace"]),
    ("- 10m 5'30''-5'20''/km", "Run", &["- 10m 5:30-5:20/km Pace"]),
    (
        "- 100yrd 1:30-1:25/100yd Pace",
        "Swim",
        &["- 100yrd 1:30-1:25/100y Pace"],
    ),
    (
        "- 100yards 1:30/100yards Pace",
        "Swim",
        &["- 100yards 1:30/100y Pace"],
    ),
    // Lengths.
    (
        "- 400m 90-95% Pace",
        "Run",
        &["- 400mtr 90-95% Pace", "- 6h40m 90-95% Pace"],
    ),
    (
        "- 50m 90-95% Pace",
        "Swim",
        &["- 50mtr 90-95% Pace", "- 50m0s 90-95% Pace"],
    ),
    ("- 1h 10m 60-65%", "Ride", &["- 1h10m 60-65%"]),
    ("- 1h30 60-65%", "Ride", &["- 1h30m 60-65%"]),
    ("- 30'' Z4 HR", "Run", &["- 30s Z4 HR"]),
    ("- 1’30” Z4 HR", "Run", &["- 1m30s Z4 HR"]),
    (
        "- 1km 5m 90-95% Pace",
        "Run",
        &["- 5m 90-95% Pace", "- 1km 90-95% Pace"],
    ),
    (
        "- Drill 30s build 4m 90-95%",
        "Ride",
        &["- Drill 30s build 90-95%", "- Drill build 4m 90-95%"],
    ),
    (
        "- 200mtr 90-95% Pace 30s rest",
        "Swim",
        &["- 200mtr 90-95% Pace", "- Rest 30s intensity=rest"],
    ),
    // Targets, ramps, marks.
    (
        "- 10m 80-85% LTHR 5:00-4:50/km Pace",
        "Run",
        &["- 10m 80-85% LTHR", "- 10m 5:00-4:50/km Pace"],
    ),
    ("- 10m ramp 50%", "Ride", &["- 10m 50%"]),
    ("- 10m 0.85-0.9% LTHR", "Run", &["- 10m 85-90% LTHR"]),
    // Repeats.
    ("- 4x", "Ride", &["4x\n- 10m"]),
    ("- Main set 4x", "Ride", &["Main set 4x\n- 10m"]),
    ("- 3x 8m 90-95%", "Ride", &["3x\n- 10m", "- 8m 90-95%"]),
    ("- 3x8m @ 250w", "Ride", &["3x\n- 10m", "- 8m @ 250w"]),
    ("3x8m @ 250w", "Ride", &["3x\n- 10m", "- 8m @ 250w"]),
    ("3 x 8 min 90-95%", "Ride", &["3x\n- 10m", "- 8m 90-95%"]),
    ("3x Over-unders\n- 1m 110%", "Ride", &["Over-unders 3x\n- 10m"]),
    (
        "Main set 3x:\n- 1m 110%",
        "Ride",
        &["3x\n- 10m", "Main set 3x\n- 10m"],
    ),
    ("4×\n- 1m 110%", "Ride", &["4x\n- 10m", "Main set 4x\n- 10m"]),
    (
        "Repeat 4 times:\n- 1m 110%",
        "Ride",
        &["4x\n- 10m", "Main set 4x\n- 10m"],
    ),
    // Lines that only look like steps.
    ("10m 60-65% easy", "Ride", &["- 10m 60-65% easy"]),
    ("* 10m Z2", "Ride", &["- 10m Z2"]),
    ("1. 10m at 85-90%", "Ride", &["- 10m at 85-90%"]),
];

#[test]
fn each_slip_is_refused_with_the_text_to_write_and_that_is_accepted() {
    let mut wrong = Vec::new();
    for (text, sport, instead) in SLIPS {
        let settings = settings(sport);
        let problems = of(text, sport, &settings);
        let refused = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Refuse);
        let refused: Vec<(usize, Vec<String>)> = refused
            .map(|problem| (problem.line, quoted(&problem.instead)))
            .collect();
        let is_accepted = |line: &String| {
            let again = check::text(line, sport, &settings);
            again.can_be_sent() && again.workout.steps().count() > 0
        };
        let wanted = instead.iter().map(|line| (*line).to_owned()).collect();
        if refused != [(1, wanted)] || !refused[0].1.iter().all(is_accepted) {
            wrong.push(format!("{text}: {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_only_a_label_is_no_slip() {
    for (text, sport) in [
        ("- Zone 2 ride 30m 60-65%", "Ride"),
        ("- 20 min test 20m 100-105%", "Ride"),
        ("- Hold 4,5 or more 10m 60-65%", "Ride"),
        ("- L2 legs 10m 60-65%", "Ride"),
        ("- 75% FTP 10m", "Ride"),
        ("- 10m 75-80% FTP", "Ride"),
        ("- 10m 75-80% easy", "Ride"),
        ("- 8m 95-100% race effort", "Ride"),
        ("- 5m 60% paced easy", "Ride"),
        ("- 5m 60% lower cadence on/off", "Ride"),
        ("- 60% 10m easy, then relax", "Ride"),
        ("- 10m 75% of FTP", "Ride"),
        ("- 10m 250w Power", "Ride"),
        ("- Under the radar 10m 60%", "Ride"),
        ("Squats 3x10\n\n- 10m 60-65%", "Ride"),
        ("3 weeks to go\n\n- 10m 60-65%", "Ride"),
        ("Hold 250 to the end\n- 10m 60-65%", "Ride"),
        ("About 40 min in all, 5' of it hard\n- 10m 60-65%", "Ride"),
    ] {
        let problems = of(text, sport, &settings(sport));
        let refused = |problem: &Problem| problem.severity == Severity::Refuse;
        assert!(!problems.iter().any(refused), "{text}: {problems:?}");
    }
}

#[test]
fn what_says_of_what_or_how_far_is_never_left_out_with_a_note() {
    let mut wrong = Vec::new();
    for (text, sport) in [
        ("- 10m 65-75% HRR", "Ride"),
        ("- 10m 65-75% hrr", "Ride"),
        ("- 10m 65-75% heart rate reserve", "Ride"),
        ("- 10m 90% 5min power", "Ride"),
        ("- 10m 80% VO2max", "Ride"),
        ("- 10m 80% CP", "Ride"),
        ("- 10m 80% critical power", "Ride"),
        ("- 10m 80% max power", "Ride"),
        ("- 10m 80% 1RM", "Ride"),
        ("- 10m 80% effort", "Ride"),
        ("- 10m 80% PMA", "Ride"),
        ("- 10m 80% of max", "Ride"),
        ("- 10m 60% (RPE 4)", "Ride"),
        ("- 10m RPE four", "Run"),
        ("- 1h RPE 5", "Run"),
        ("- 10m max 75%", "Ride"),
        ("- 30s max", "Ride"),
        ("- max 75% 10m", "Ride"),
        ("- 5m over 300w", "Ride"),
        ("- 20m under 140bpm", "Run"),
        ("- 20m unter 140bpm", "Run"),
        ("- 20m up to 75%", "Ride"),
        ("- 5m >300w", "Ride"),
        ("- 5m > 300w", "Ride"),
        ("- 5m <150w", "Ride"),
        ("- 5m 250w+", "Ride"),
        ("- 10m <75%", "Ride"),
        ("- 10m >90%", "Ride"),
        ("- 10m 50→70%", "Ride"),
        ("- 10m 50..70%", "Ride"),
        ("- 10m 75%+", "Ride"),
        ("- 10m 3.5-4w/kg", "Ride"),
        ("- 5m 3 W/kg", "Ride"),
        ("- 10m FTP", "Ride"),
        ("- 10m 1.05 FTP", "Ride"),
        ("- 20m Z2 HR + 4x20s strides", "Run"),
        ("- 10m 12 km/h", "Run"),
        ("- 5km marathon pace", "Run"),
        ("- 10m E pace", "Run"),
        ("- 1h 145-150", "Run"),
        ("- 10m 4-5 Pace", "Run"),
        ("- 8m 250", "Ride"),
        ("- 8m 250 power", "Ride"),
        ("- 5m 88% lt", "Ride"),
        ("- 5m 88% LTHP", "Ride"),
        ("- 30m LTHR", "Run"),
        ("- 30m Z12", "Ride"),
        ("- 10m 5.30/km Pace", "Run"),
        ("- 1.000m Z2 HR", "Run"),
        ("- 1.500mtr 90-95% Pace", "Swim"),
        ("- 1.000 m Z2 HR", "Run"),
        ("- 1,500km 60-65%", "Ride"),
        ("- 80 m Z5 HR", "Run"),
        ("- 15-20m 60-65%", "Ride"),
        ("- 30m zone 2", "Run"),
        ("- 20min 88%", "Run"),
        ("- Zone 2 30m", "Run"),
        ("- 10m 50% intensity=leicht", "Ride"),
        ("- Squat 3x8", "WeightTraining"),
        ("- 90 60%", "Ride"),
        ("- Steady 85-90% LTHR", "Run"),
        ("- MAX standing start", "Ride"),
        ("- 200mtr 90-95% Pace rest", "Swim"),
    ] {
        let problems = of(text, sport, &settings(sport));
        let mut refused = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Refuse);
        // Nothing to paste either: what was meant is not known.
        let guesses = problems.iter().any(|problem| problem.instead.contains("\"- "));
        if refused.next().is_none() || guesses {
            wrong.push(format!("{text}: {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_with_a_count_above_the_steps_is_refused_in_any_language() {
    for (line, count) in [
        ("3 Runden", 3),
        ("3 Serien:", 3),
        ("3 series", 3),
        ("3 répétitions", 3),
        ("3 veces", 3),
        ("3 volte", 3),
        ("3 ripetizioni", 3),
        ("3 keer", 3),
        ("3 intervalos", 3),
        ("4 повтора", 4),
        ("3*", 3),
        ("**3x**", 3),
        ("x3", 3),
        ("5 ×", 5),
        ("3x10", 3),
        ("Three times", 3),
        ("Twice:", 2),
        ("Drei Mal", 3),
        ("Main set (3 times)", 3),
        ("Repeat 12", 12),
        ("Ripetute 3x:", 3),
    ] {
        for sport in ["Ride", "Run"] {
            let text = format!("{line}\n- 5m Z4 HR\n- 2m Z1 HR");
            let problems = of(&text, sport, &settings(sport));
            let says = format!("\"{count}x\"");
            assert!(
                matches!(&problems[..], [problem] if problem.line == 1
                    && problem.severity == Severity::Refuse
                    && problem.instead.contains(&says)),
                "{line}: {problems:?}"
            );
        }
    }
}

#[test]
fn a_length_beside_a_sections_word_is_not_lost() {
    for line in [
        "Warm up 10 min",
        "Warmup: 10m",
        "Cool-down 2 km",
        "Vuelta a la calma 10 min",
        "Einlaufen 1h30",
    ] {
        let text = format!("{line}\n- 5m Z2 HR");
        let checked = check::text(&text, "Run", &settings("Run"));
        assert!(!checked.can_be_sent(), "{line}: {:?}", checked.problems);
        assert!(
            checked.problems[0].why.contains("section"),
            "{line}: {:?}",
            checked.problems
        );
    }
    for line in [
        "Warmup",
        "Warmup:",
        "Uitlopen",
        "Echauffement",
        "Vuelta a la calma",
    ] {
        let checked = check::text(&format!("{line}\n- 5m Z2 HR"), "Run", &settings("Run"));
        let step = checked.workout.steps().next().unwrap();
        assert!(
            checked.can_be_sent() && step.role.is_some(),
            "{line}: {:?}",
            checked.problems
        );
    }
}

#[test]
fn a_repeat_inside_a_repeat_is_refused_however_it_is_written() {
    for (text, line) in [
        ("3x\n- 8m 90%\n2x\n- 30s 120%\n- 30s 50%", Some(3)),
        ("3x\n- 8m 90%\n  2x\n  - 30s 120%\n  - 30s 50%", Some(3)),
        ("Main 3x\n- 8m 90%\nInner 2x\n- 30s 120%\n- 4m 50%", Some(3)),
        ("3x\n- 8m 90%\n\n  2x\n  - 30s 120%\n  - 30s 50%", Some(4)),
        ("  3x\n  - 8m 90%\n\n    2x\n    - 30s 120%", Some(4)),
        ("3x\n2x\n- 30s 120%", Some(1)),
        ("3x\n- 2x\n- 30s 120%", Some(2)),
        ("3x\n- 8m 90%\n- 2x 30s 120%", Some(3)),
        ("3x\n- 8m 90%\n\n2x\n- 30s 120%\n- 30s 50%", None),
        ("  3x\n  - 8m 90%\n\n  2x\n  - 30s 120%", None),
        ("  3x\n  - 8m 90%\n\n2x\n- 30s 120%", None),
        (
            "3x\n  - 8m 90%\n  - 2m 50%\n\n- 5m 50%\n\n  2x\n  - 30s 120%",
            None,
        ),
    ] {
        let problems = of(text, "Ride", &settings("Ride"));
        let refused = problems
            .iter()
            .find(|problem| problem.severity == Severity::Refuse);
        assert_eq!(refused.map(|problem| problem.line), line, "{text}: {problems:?}");
    }
}

#[test]
fn a_best_power_over_no_time_is_no_target() {
    for (over, can_be_sent) in [("5m", true), ("0s", false), ("", false)] {
        let text = format!("- 10m 88-94% MMP {over}");
        let checked = check::text(&text, "Ride", &settings("Ride"));
        assert_eq!(
            checked.can_be_sent(),
            can_be_sent,
            "{text}: {:?}",
            checked.problems
        );
    }
}

#[test]
fn bpm_is_sent_in_percent_of_the_athletes_own_threshold() {
    let only_max = Settings {
        max_hr: Some(190.0),
        ..Settings::default()
    };
    for (text, settings, sent, said) in [
        (
            "- 10m 155-150bpm",
            &settings("Run"),
            "- 10m 88-91% LTHR",
            "which is 150–155 bpm",
        ),
        (
            "- 10m 168-175 HR",
            &settings("Run"),
            "- 10m 98-102% LTHR",
            "which is 167–174 bpm",
        ),
        ("- 10m 152bpm", &only_max, "- 10m 80% HR", "which is 152 bpm"),
    ] {
        let checked = check::text(text, "Run", settings);
        assert!(checked.can_be_sent(), "{text}");
        assert_eq!(render(&checked.workout, "Run"), sent);
        assert!(
            checked.problems[0].instead.ends_with(said),
            "{:?}",
            checked.problems
        );
    }
}

#[test]
fn recoveries_are_marked_for_the_watch_unless_the_text_marks_its_steps() {
    let sent = |text: &str| render(&check::text(text, "Run", &settings("Run")).workout, "Run");
    assert_eq!(
        sent("4x\n- Hard 3m 100-105% Pace\n- Jog 2m 60-70% Pace\n- Rest 30s"),
        "4x\n- Hard 3m 100-105% Pace intensity=interval\n- Jog 2m 60-70% Pace intensity=recovery\n- Rest 30s intensity=rest"
    );
    for same in [
        "4x\n- Hard 3m 100-105% Pace intensity=active\n- Jog 2m 60-70% Pace",
        "4x\n- Hard 3m 100-105% Pace\n- Soft 2m 60-70% Pace",
        "2x\n- Easy 3m 60-70% Pace\n- Jog 2m 60-70% Pace",
        "- Easy 20m 60-70% Pace",
    ] {
        assert_eq!(sent(same), same);
    }
}

#[test]
fn a_text_beyond_the_limits_is_refused_before_it_is_read() {
    for (text, line) in [
        ("- 1m 50%\n".repeat(MOST_LINES + 1), MOST_LINES + 1),
        ("x".repeat(MOST_CHARS + 1), 1),
        ("x\n".repeat(1_000_000), 1),
    ] {
        let checked = check::text(&text, "Ride", &settings("Ride"));
        assert!(!checked.can_be_sent() && checked.workout.items.is_empty());
        assert_eq!((checked.problems.len(), checked.problems[0].line), (1, line));
    }
    for text in ["- 1m 50%\n".repeat(MOST_LINES), "é ".repeat(MOST_CHARS / 2)] {
        assert!(check::text(&text, "Ride", &settings("Ride")).can_be_sent());
    }
}

#[test]
fn a_name_begins_with_what_a_watch_can_show() {
    assert_eq!(check::name("Threshold 3x12"), None);
    assert_eq!(check::name("Östersund 10 km"), None);
    assert_eq!(check::name(""), None);
    assert!(check::name("🔥 Threshold").is_some_and(|problem| problem.severity == Severity::Warn));
}

#[test]
fn what_a_watch_would_do_less_well_is_a_warning() {
    for (text, sport, count) in [
        ("- 20m 90% LTHR", "Run", 1),
        ("- 1km 5:00/km Pace", "Run", 1),
        ("- Ramp to failure 5m 80-85% LTHR", "Run", 2),
        ("- 25h 60%", "Ride", 1),
        (
            "- Keep the shoulders low and the hips high and breathe to both sides 20m 60%",
            "Ride",
            1,
        ),
        ("Set of 30s 3x\n- 1m 80%", "Ride", 1),
        ("- 20m Z2 HR", "Run", 0),
        ("- 20m 90-92% LTHR", "Run", 0),
        ("- Easy 20m 90%", "Ride", 0),
        ("- 5m 100% MMP 5m\n- Hold  33^Go <!> 5m CZ2", "Ride", 0),
    ] {
        let problems = of(text, sport, &settings(sport));
        assert_eq!(problems.len(), count, "{text}: {problems:?}");
        assert!(problems.iter().all(|problem| problem.severity == Severity::Warn));
    }
}
