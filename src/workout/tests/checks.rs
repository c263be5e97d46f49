use super::settings;
use crate::workout::{Problem, Settings, Severity, check::check, text::parse};

fn of(text: &str, sport: &str, settings: &Settings) -> Vec<Problem> {
    let read = parse(text, sport);
    check(&read.workout, &read.lines, settings)
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
        ("- 20m Z2", "Run", &run, "FTP"),
        ("- 20m 90-95%", "Run", &run, "FTP"),
        ("- 20m 90-95% Pace", "Run", &none, "5:10-5:00/km Pace"),
        ("- 20m Z2 Pace", "Run", &none, "5:10-5:00/km Pace"),
        ("- 20m 80-85% LTHR", "Run", &only_max, "% HR"),
        ("- 20m 80-85% HR", "Run", &none, "% LTHR"),
        ("- 20m Z9 Pace", "Run", &run, "zones"),
        ("- 20m 0.9-0.95% Pace", "Run", &run, "90-95%"),
        ("- 20m 0.95% LTHR", "Run", &run, "95%"),
        ("- 20m 0%", "Ride", &settings("Ride"), "leave the target out"),
        ("- 10m 150-155bpm", "Run", &run, "88-91% LTHR"),
        ("- 10m 168-175 HR", "Run", &run, "98-102% LTHR"),
        ("- 10m 152bpm", "Run", &only_max, "80% HR"),
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
fn what_a_watch_would_do_less_well_is_a_warning() {
    for (text, sport, count) in [
        ("- 20m 90% LTHR", "Run", 1),
        ("- 1km 5:00/km Pace", "Run", 1),
        ("- Ramp to failure 5m 80-85% LTHR", "Run", 1),
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
