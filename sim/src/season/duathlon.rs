//! The duathlete's weeks: three rides, three or four runs, and a race every few weeks, so that one is always near.
//!
//! Plans only, like all of `season`.

use chrono::{Datelike, NaiveDate, Weekday};

use super::{
    Kind, Phase, Rank, Session, about, at, framed, framed_run, is_recovery, phase, ride, run, time, volume,
};
use crate::people::Person;

/// The race on the Sunday of an ISO week.
pub(super) fn race(week: u32) -> Option<(&'static str, Rank)> {
    match week {
        1 => Some(("New Year 10k", Rank::C)),
        13 => Some(("Spring time trial", Rank::B)),
        20 => Some(("Gothenburg Half Marathon", Rank::A)),
        26 => Some(("Lake Vättern 100", Rank::B)),
        38 => Some(("Stockholm Half Marathon", Rank::A)),
        45 => Some(("Autumn time trial", Rank::C)),
        50 => Some(("Lucia 10k", Rank::B)),
        _ => None,
    }
}

/// What she plans to do on `day`.
pub(super) fn plan(person: &Person, day: NaiveDate) -> Vec<Session> {
    let (phase, volume) = (phase(person, day), volume(person, day));
    let is_easy = is_recovery(day) || matches!(phase, Phase::Off);
    let choice = |question| person.dice(day, question).pick(&[0, 1]);
    let easy_run = |name, minutes| run(name, at(6, 45), format!("- Easy {} 72-78% Pace", time(minutes)));
    let steady = |name, start, minutes| ride(name, start, format!("- Z2 {} 62-70%", time(minutes)));
    let mut sessions = match day.weekday() {
        Weekday::Mon => Vec::new(),
        Weekday::Tue if is_easy => vec![easy_run("Easy run", 40)],
        Weekday::Tue => vec![hard_run(phase, choice("tuesday"))],
        Weekday::Wed => vec![steady("Endurance ride", at(17, 30), about(70, volume))],
        Weekday::Thu if is_easy => vec![steady("Easy spin", at(17, 30), 45)],
        Weekday::Thu => vec![hard_ride(phase, choice("thursday"))],
        Weekday::Fri => vec![easy_run("Easy run", about(40, volume))],
        Weekday::Sat => vec![steady("Long ride", at(9, 0), about(140, volume))],
        Weekday::Sun => match super::race(person, day) {
            Some((name, rank)) => vec![raced(name, rank)],
            None => vec![run(
                "Long run",
                at(9, 15),
                format!("- Long {} 74-80% Pace", time(about(85, volume))),
            )],
        },
    };
    let week = day.iso_week().week();
    let is_dark = week <= 12 || week >= 44;
    let is_weekday = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    for session in &mut sessions {
        session.indoor = is_dark && is_weekday && session.kind == Kind::Ride;
    }
    sessions
}

/// A Tuesday.
fn hard_run(phase: Phase, choice: usize) -> Session {
    let (name, text) = match (phase, choice) {
        (Phase::Build, 0) => (
            "5 x 4 min",
            framed_run(15, 5, "- Hard 4m 101-105% Pace\n- Jog 2m 60% Pace"),
        ),
        (Phase::Build, _) => (
            "Threshold 3 x 10 min",
            framed_run(15, 3, "- Threshold 10m 95-99% Pace\n- Jog 2m 60% Pace"),
        ),
        (Phase::Taper, _) => (
            "Race pace 4 x 2 min",
            framed_run(15, 4, "- Quick 2m 102-106% Pace\n- Jog 2m 60% Pace"),
        ),
        (_, 0) => (
            "Tempo 2 x 12 min",
            framed_run(15, 2, "- Tempo 12m 90-94% Pace\n- Jog 3m 60% Pace"),
        ),
        (_, _) => (
            "Hills 8 x 1 min",
            framed_run(15, 8, "- Uphill 1m 103-108% Pace\n- Jog 2m 60% Pace"),
        ),
    };
    run(name, at(6, 45), text)
}

/// A Thursday.
fn hard_ride(phase: Phase, choice: usize) -> Session {
    let (name, text) = match (phase, choice) {
        (Phase::Build, 0) => (
            "Threshold 3 x 10 min",
            framed(15, 3, "- Hard 10m 95-100%\n- Easy 5m 55%"),
        ),
        (Phase::Build | Phase::Season, _) => (
            "VO2max 5 x 3 min",
            framed(15, 5, "- Hard 3m 108-114%\n- Easy 3m 55%"),
        ),
        (Phase::Taper, _) => ("Openers", framed(15, 3, "- Race pace 3m 95-100%\n- Easy 4m 55%")),
        (_, _) => (
            "Sweet spot 3 x 12 min",
            framed(15, 3, "- Sweet spot 12m 88-93%\n- Easy 5m 55%"),
        ),
    };
    ride(name, at(17, 45), text)
}

/// A race: what its name does not call a run is ridden.
fn raced(name: &'static str, rank: Rank) -> Session {
    let session = match name {
        "Gothenburg Half Marathon" | "Stockholm Half Marathon" => run(name, at(10, 0), "- 1h42m 94-98% Pace"),
        "New Year 10k" | "Lucia 10k" => run(name, at(10, 0), "- 46m 98-102% Pace"),
        "Lake Vättern 100" => ride(name, at(7, 0), "- 3h20m 70-76%"),
        _ => ride(name, at(10, 0), "- 36m 95-99%"),
    };
    Session {
        kind: Kind::Race(rank),
        ..session
    }
}
