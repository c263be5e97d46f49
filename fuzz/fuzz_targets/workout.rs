//! Any bytes as a workout's text and as a `workout_doc`: nothing panics, and what is sent reads back equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workout::{
    Settings, check, differences,
    doc::Doc,
    estimate,
    resolve::Place,
    text::{parse, render},
};

// The room is pure, so that it can be compiled alone.
#[expect(dead_code, reason = "what is only used elsewhere")]
#[path = "../../src/workout/mod.rs"]
mod workout;

const SPORTS: [&str; 5] = ["Ride", "Run", "Swim", "Rowing", ""];

fn settings() -> [Settings; 2] {
    let all = Settings {
        ftp: Some(246.0),
        lthr: Some(171.0),
        max_hr: Some(190.0),
        threshold_pace: Some(3.787_879),
        power_zones: vec![55.0, 75.0, 90.0, 105.0, 120.0, 150.0, 999.0],
        hr_zones: vec![140.0, 152.0, 160.0, 170.0, 175.0, 180.0, 190.0],
        pace_zones: vec![77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0],
    };
    [all, Settings::default()]
}

fn of_text(text: &str, sport: &str) {
    let read = parse(text, sport);
    assert_eq!(read.lines.len(), read.workout.steps().count());
    for own in settings() {
        let sent = check::text(text, sport, &own).workout;
        let canonical = sent.canonical();
        assert_eq!(canonical.canonical(), canonical);
        assert_eq!(parse(&render(&sent, sport), sport).workout, canonical);
        let _ = estimate::whole(&sent, sport, &own);
        let held = Doc::of(&sent, sport, &own, Place::Outdoors);
        let read: Doc = serde_json::from_value(held.json()).unwrap();
        assert_eq!(differences(&sent, &read.workout(), sport), []);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let sport = SPORTS[usize::from(*first) % SPORTS.len()];
    let text = String::from_utf8_lossy(rest);
    of_text(&text, sport);
    if let Ok(doc) = serde_json::from_str::<Doc>(&text) {
        let held = doc.workout();
        assert_eq!(held.canonical().canonical(), held.canonical());
        let _ = (doc.without_target(), doc.json());
        let _ = check::check(&held, &[], sport, &Settings::default());
        of_text(&render(&held, sport), sport);
    }
});
