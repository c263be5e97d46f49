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
        ("- 20m Z2", "Run", &run, "HR or Pace"),
        ("- 20m 90-95%", "Run", &run, "HR or Pace"),
        ("- 20m 90-95%", "Ride", &none, "use W"),
        ("- 20m 90-95% Pace", "Run", &none, "5:10-5:00/km Pace"),
        ("- 20m Z2 Pace", "Run", &none, "5:10-5:00/km Pace"),
        ("- 20m 80-85% LTHR", "Run", &only_max, "% HR"),
        ("- 20m 80-85% HR", "Run", &none, "% LTHR"),
        ("- 20m Z9 Pace", "Run", &run, "zones"),
        ("- 20m 0.9-0.95% Pace", "Run", &run, "90-95%"),
        ("- 20m 0.95% LTHR", "Run", &run, "95%"),
        ("- 20m 0%", "Ride", &settings("Ride"), "leave the target out"),
        ("- 20m 80% LTHR 5:10-5:00/km Pace", "Run", &run, "keep one"),
        ("- 10m 152bpm", "Run", &none, "Z2 HR"),
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
