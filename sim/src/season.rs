//! What each person plans to do on a day: periodised weeks (three to build, one to recover), seasons, races.
//!
//! Plans only, a pure function of person and day; what became of them is in `training`.

mod duathlon;
mod triathlon;

use std::{borrow::Cow, sync::Arc};

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use super::{
    athlete::settings,
    effort::{Workout, duration},
    people::{Build, FIRST_DAY, Person},
    workout::Settings,
};
pub(super) use triathlon::triathlon;

/// Something to do on a day.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Position among the day's sessions, part of its ids.
    pub(super) slot: u8,
    pub(super) kind: Kind,
    /// Upstream's type, even for an indoor ride.
    pub(super) sport: &'static str,
    pub(super) name: &'static str,
    pub(super) start: NaiveTime,
    /// The workout in upstream's language.
    pub(super) text: Cow<'static, str>,
    /// What the person makes of `text`; read by [`plan`].
    pub(super) workout: Arc<Workout>,
    /// Is in the calendar beforehand.
    pub(super) planned: bool,
    pub(super) indoor: bool,
    /// A description instead of `text`, of which upstream makes no steps.
    pub(super) unparsed: Option<&'static str>,
    /// Begins on the minute, because what follows depends on it.
    pub(super) on_time: bool,
    pub(super) twist: Twist,
}

impl Session {
    /// Upstream's type.
    pub(super) fn upstream_type(&self) -> &'static str {
        match self.sport {
            "Ride" if self.indoor => "VirtualRide",
            sport => sport,
        }
    }
}

/// What goes wrong, or differently than planned, with the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// Done on the trainer.
    Indoors,
    /// Neither power nor heart rate.
    NoSensors,
    /// The power meter sent zeros.
    ZeroPower,
    /// A swim without a pace.
    NoPace,
    /// A swim for which the watch counted no length.
    ZeroPace,
    /// No moving time.
    NoMovingTime,
    /// A second device uploaded it too.
    Twice,
    /// 0 °C on the flat.
    Frozen,
    /// Deleted by its owner.
    Deleted,
}

/// Where a swim takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Water {
    /// A pool of 25 yards.
    Yards,
    /// A pool of 50 metres.
    Metres,
    Open,
}

/// What sort of session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ride,
    Commute,
    Run,
    ParkRun,
    Race(Rank),
    Strength,
    Stretching,
    Hike,
    Walk,
    Swim(Water),
    Transition,
}

impl Kind {
    /// Upstream's type for everything that needs no other.
    const fn sport(self) -> &'static str {
        match self {
            Self::Ride | Self::Commute | Self::Race(_) => "Ride",
            Self::Run | Self::ParkRun => "Run",
            Self::Strength => "WeightTraining",
            Self::Stretching => "Workout",
            Self::Hike => "Hike",
            Self::Walk => "Walk",
            Self::Swim(_) => "Swim",
            Self::Transition => "Transition",
        }
    }
}

/// How much a race matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    A,
    B,
    C,
}

/// Part of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Base,
    Build,
    Season,
    Taper,
    Off,
}

fn at(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}

/// Weeks since the first day; the fourth of each four is for recovery.
fn week_number(day: NaiveDate) -> i64 {
    (day - FIRST_DAY).num_days().div_euclid(7)
}

/// Whether `day` is in a recovery week.
pub(super) fn is_recovery(day: NaiveDate) -> bool {
    week_number(day).rem_euclid(4) == 3
}

/// `minutes` scaled by `percent`, in steps of five.
fn about(minutes: u32, percent: u32) -> u32 {
    (minutes * percent / 100 + 2) / 5 * 5
}

/// The volume of `day`'s week, percent of the usual.
fn volume(person: &Person, day: NaiveDate) -> u32 {
    let phase = match phase(person, day) {
        Phase::Base => 90,
        Phase::Build => 106,
        Phase::Season => 100,
        Phase::Taper => 70,
        Phase::Off => 55,
    };
    let week = [94, 101, 108, 55][usize::try_from(week_number(day).rem_euclid(4)).unwrap_or_default()];
    phase * week / 100
}

fn phase(person: &Person, day: NaiveDate) -> Phase {
    let week = day.iso_week().week();
    match (person.build, week) {
        (Build::Cyclist, 41..=43)
        | (Build::Runner, 17..=19 | 52..)
        | (Build::Triathlete, 47..=48)
        | (Build::Duathlete, 29..=30)
        | (Build::StravaOnly, 24..=35) => Phase::Off,
        (Build::Cyclist, 9..=16)
        | (Build::Runner, 4..=13 | 34..=39)
        | (Build::Triathlete, 10..=22 | 37..=44)
        | (Build::Duathlete, 8..=18 | 32..=37 | 44..=48) => Phase::Build,
        (Build::Cyclist, 25)
        | (Build::Runner, 14..=16 | 40..=41)
        | (Build::Triathlete, 23..=24 | 45..=46)
        | (Build::Duathlete, 19..=20 | 38 | 50) => Phase::Taper,
        (Build::Cyclist, 17..=40) | (Build::Duathlete, 21..=28) => Phase::Season,
        _ => Phase::Base,
    }
}

/// The race of `day`, if it is one: name and rank.
fn race(person: &Person, day: NaiveDate) -> Option<(&'static str, Rank)> {
    // Anyone who was ill that week does not start.
    if day.weekday() != Weekday::Sun || person.is_ill(day - Days::new(2)) {
        return None;
    }
    match (person.build, day.iso_week().week()) {
        (Build::Cyclist, 17) => Some(("RTF Kaiserstuhl", Rank::C)),
        (Build::Cyclist, 22) => Some(("Einzelzeitfahren am Rhein", Rank::B)),
        (Build::Cyclist, 26) => Some(("Radmarathon Südschwarzwald", Rank::A)),
        (Build::Cyclist, 36) => Some(("Bergzeitfahren Schauinsland", Rank::B)),
        (Build::Runner, 16) => Some(("Canberra Marathon", Rank::A)),
        (Build::Runner, 29) => Some(("Run Melbourne 10k", Rank::C)),
        (Build::Runner, 41) => Some(("Melbourne Half Marathon", Rank::B)),
        (Build::Duathlete, week) => duathlon::race(week),
        _ => None,
    }
}

/// Metres of a measured running course.
pub(super) fn course(session: &Session) -> Option<f64> {
    match (session.name, session.kind) {
        ("Canberra Marathon", _) => Some(42_195.0),
        ("Melbourne Half Marathon" | "Gothenburg Half Marathon" | "Stockholm Half Marathon", _) => {
            Some(21_097.5)
        }
        ("Run Melbourne 10k" | "New Year 10k" | "Lucia 10k", _) => Some(10_000.0),
        ("Turkey Recovery 10 Miler", _) => Some(16_093.4),
        (_, Kind::ParkRun) => Some(5000.0),
        _ => None,
    }
}

/// What `person` plans to do on `day`. Nothing before the first day.
pub(super) fn plan(person: &Person, day: NaiveDate) -> Vec<Session> {
    if day < FIRST_DAY || person.is_ill(day) {
        return Vec::new();
    }
    let mut sessions = match person.build {
        Build::Cyclist => cyclist(person, day),
        Build::Runner => runner(person, day),
        Build::Triathlete => triathlon::plan(person, day),
        Build::Duathlete => duathlon::plan(person, day),
        Build::StravaOnly => strava_rider(person, day),
        Build::Newcomer => newcomer(day),
    };
    for (slot, session) in (0..).zip(&mut sessions) {
        session.slot = slot;
        let settings = settings(person, day, session.sport);
        session.workout = Workout::of(&session.text, session.sport, person.number.into(), &settings);
    }
    sessions
}

fn ride(name: &'static str, start: NaiveTime, text: impl Into<Cow<'static, str>>) -> Session {
    Session {
        slot: 0,
        kind: Kind::Ride,
        sport: "Ride",
        name,
        start,
        text: text.into(),
        workout: Arc::default(),
        planned: true,
        indoor: false,
        unparsed: None,
        on_time: false,
        twist: Twist::None,
    }
}

fn run(name: &'static str, start: NaiveTime, text: impl Into<Cow<'static, str>>) -> Session {
    Session {
        kind: Kind::Run,
        sport: "Run",
        ..ride(name, start, text)
    }
}

/// A session outside the plan.
fn spontaneous(
    kind: Kind,
    name: &'static str,
    start: NaiveTime,
    text: impl Into<Cow<'static, str>>,
) -> Session {
    Session {
        kind,
        sport: kind.sport(),
        planned: false,
        ..ride(name, start, text)
    }
}

/// `1h15m` of so many minutes.
fn time(minutes: u32) -> String {
    duration(minutes * 60)
}

/// A hard ride: `warmup` minutes, the lines of `set` so many times, and a cool-down.
fn framed(warmup: u32, times: u32, set: &str) -> String {
    format!(
        "Warmup\n- {warmup}m ramp 50-75% 85-95rpm\n\nMain set {times}x\n{set}\n\nCooldown\n- 10m ramp 60-45%"
    )
}

/// The hard session of a cyclist's Tuesday (`first`) or Thursday.
fn hard_ride(phase: Phase, first: bool, choice: usize, start: NaiveTime) -> Session {
    let (name, text) = match (phase, first, choice) {
        (Phase::Base, true, 0) => (
            "Sweet spot 3x12",
            framed(20, 3, "- SST 12m 88-94% 88-92rpm\n- Easy 5m 55%"),
        ),
        (Phase::Base, true, _) => (
            "Sweet spot 2x20",
            framed(15, 2, "- SST 20m 88-92%\n- Easy 5m 55%"),
        ),
        (Phase::Base | Phase::Build, false, 0) => {
            ("Tempo 3x15", framed(15, 3, "- Tempo 15m 78-86%\n- Easy 4m 55%"))
        }
        (Phase::Base, false, _) => (
            "Kraftausdauer 5x6",
            framed(15, 5, "- Low gear 6m 82-88% 55-60rpm\n- Easy 4m 55%"),
        ),
        (Phase::Build, true, _) | (Phase::Season, false, 0) => {
            ("Threshold 4x8", framed(15, 4, "- Hard 8m 96-102%\n- Easy 4m 55%"))
        }
        (Phase::Build, false, _) => {
            let over_under = "- Under 2m 92%\n- Over 1m 106%\n- Under 2m 92%";
            let set = format!("{over_under}\n{over_under}\n- Easy 5m 55%");
            ("Over-unders", framed(15, 3, &set))
        }
        (Phase::Season, true, 0) => (
            "VO2max 5x4",
            framed(20, 5, "- Hard 4m 110-116% 95-105rpm\n- Easy 4m 55%"),
        ),
        (Phase::Season, true, _) => ("VO2max 40/20", framed(20, 20, "- On 40s 120-125%\n- Off 20s 50%")),
        (Phase::Season, false, _) => (
            "Sweet spot 3x15",
            framed(15, 3, "- SST 15m 88-94%\n- Easy 5m 55%"),
        ),
        (Phase::Taper, ..) => (
            "Vorbelastung",
            framed(15, 3, "- Race pace 4m 95-100%\n- Easy 4m 55%"),
        ),
        (Phase::Off, ..) => ("Locker ausrollen", "- 55m 58-65%".to_owned()),
    };
    ride(name, start, text)
}

fn cyclist(person: &Person, day: NaiveDate) -> Vec<Session> {
    let (phase, volume) = (phase(person, day), volume(person, day));
    let dice = |question| person.dice(day, question);
    let week = day.iso_week().week();
    let winter = week <= 11 || week >= 45;
    if week == 42 {
        let walk = || {
            spontaneous(
                Kind::Hike,
                "Spaziergang am Strand",
                at(10, 30),
                "- 2h 38-42% Pace",
            )
        };
        return if dice("walk").chance(0.4) {
            vec![walk()]
        } else {
            Vec::new()
        };
    }
    let steady = |name, start, minutes| ride(name, start, format!("- Z2 {} 62-70%", time(minutes)));
    let mut sessions = match day.weekday() {
        Weekday::Mon if dice("stretch").chance(0.3) => {
            vec![spontaneous(
                Kind::Stretching,
                "Stabi & Dehnen",
                at(19, 0),
                "- 25m 30%",
            )]
        }
        Weekday::Mon => Vec::new(),
        Weekday::Tue | Weekday::Thu if is_recovery(day) => vec![steady("Endurance easy", at(17, 30), 50)],
        Weekday::Tue => vec![hard_ride(phase, true, dice("tuesday").pick(&[0, 1]), at(17, 30))],
        Weekday::Thu => vec![hard_ride(phase, false, dice("thursday").pick(&[0, 1]), at(18, 0))],
        Weekday::Wed => vec![steady("Grundlage", at(17, 15), about(75, volume))],
        Weekday::Fri if winter => Vec::new(),
        Weekday::Fri => {
            let ride = |name, start, text| spontaneous(Kind::Commute, name, start, text);
            vec![
                ride("Zur Arbeit", at(7, 40), "- 14m 50-52%"),
                ride("Heimweg", at(17, 5), "- 16m 50-52%"),
            ]
        }
        Weekday::Sat if dice("coffee").chance(0.35) => {
            let minutes = about(110, volume.min(100));
            vec![spontaneous(
                Kind::Ride,
                "Kaffeefahrt ☕",
                at(10, 0),
                format!("- {} 56-66%", time(minutes)),
            )]
        }
        Weekday::Sat => vec![steady("Endurance", at(9, 30), about(125, volume))],
        Weekday::Sun => {
            if let Some((name, rank)) = race(person, day) {
                vec![cyclist_race(name, rank)]
            } else {
                let name = match dice("sunday").pick(&[0, 1, 2, 3]) {
                    0 => "Grüße vom Feldberg",
                    1 => "Lange Ausfahrt Kaiserstuhl",
                    2 => "Rheinebene – Gegenwind 💨",
                    _ => "Long ride",
                };
                vec![steady(
                    name,
                    at(9, 0),
                    about(if winter { 170 } else { 225 }, volume),
                )]
            }
        }
    };
    for session in &mut sessions {
        let weekday = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        session.indoor = winter && weekday && session.kind == Kind::Ride && dice("indoor").chance(0.8);
    }
    sessions
}

fn cyclist_race(name: &'static str, rank: Rank) -> Session {
    let text = match rank {
        Rank::A => "- 1h 74-80%\n- 3h30m 68-76%",
        Rank::B => "- 44m 94-99%",
        Rank::C => "- 2h45m 72-78%",
    };
    Session {
        kind: Kind::Race(rank),
        ..ride(name, at(8, 30), text)
    }
}

fn runner(person: &Person, day: NaiveDate) -> Vec<Session> {
    let (phase, volume) = (phase(person, day), volume(person, day));
    let dice = |question| person.dice(day, question);
    let easy = |name, minutes| run(name, at(6, 20), format!("- Easy {} 72-78% Pace", time(minutes)));
    let tomorrow_race = day.succ_opt().is_some_and(|day| race(person, day).is_some());
    let strength = || spontaneous(Kind::Strength, "Gym: legs & core", at(18, 30), "- 40m 30% Pace");
    match day.weekday() {
        Weekday::Mon if phase != Phase::Taper && dice("gym").chance(0.65) => vec![strength()],
        Weekday::Tue if phase == Phase::Off => vec![easy("Just ticking over", 35)],
        Weekday::Tue if is_recovery(day) => vec![easy("Easy run, nothing heroic", 40)],
        Weekday::Tue => vec![hard_run(phase, dice("tuesday").pick(&[0, 1]))],
        Weekday::Wed if phase != Phase::Off => vec![easy("Jack's Tan lap", about(60, volume))],
        Weekday::Thu if matches!(phase, Phase::Build) && !is_recovery(day) => {
            vec![run(
                "Tempo 2x15",
                at(6, 0),
                framed_run(15, 2, "- Tempo 15m 92-96% Pace\n- Jog 3m 60% Pace"),
            )]
        }
        Weekday::Thu => vec![easy("Easy run", about(52, volume))],
        Weekday::Fri if phase == Phase::Base && dice("gym").chance(0.35) => vec![strength()],
        Weekday::Sat if tomorrow_race => vec![easy("Shake-out", 20)],
        Weekday::Sat if dice("parkrun").chance(0.55) => {
            vec![spontaneous(
                Kind::ParkRun,
                "Albert Melbourne parkrun",
                at(8, 0),
                "- 23m 97-101% Pace",
            )]
        }
        Weekday::Sat => vec![easy("Saturday jog – who's counting?", about(45, volume))],
        Weekday::Sun => match race(person, day) {
            Some((name, rank)) => {
                let text = match rank {
                    Rank::A => "- 3h25m 87-91% Pace",
                    Rank::B => "- 1h33m 95-99% Pace",
                    Rank::C => "- 43m 99-103% Pace",
                };
                vec![Session {
                    kind: Kind::Race(rank),
                    ..run(name, at(7, 0), text)
                }]
            }
            None if phase == Phase::Off => vec![easy("Sunday run", 50)],
            None => {
                let minutes = about(if phase == Phase::Build { 138 } else { 108 }, volume);
                let name = match dice("sunday").pick(&[0, 1, 2]) {
                    0 => "Long run: the Yarra's brown but we're out",
                    1 => "Dandenongs hills – don't ask",
                    _ => "Long run",
                };
                vec![run(
                    name,
                    at(7, 10),
                    format!("- Long {} 74-80% Pace", time(minutes)),
                )]
            }
        },
        Weekday::Mon | Weekday::Wed | Weekday::Fri => Vec::new(),
    }
}

fn framed_run(warmup: u32, times: u32, set: &str) -> String {
    format!(
        "Warmup\n- Easy {warmup}m 68-76% Pace\n\nMain set {times}x\n{set}\n\nCooldown\n- Easy 10m 65-72% Pace"
    )
}

/// A runner's Tuesday.
fn hard_run(phase: Phase, choice: usize) -> Session {
    let (name, text) = match (phase, choice) {
        (Phase::Build, 0) => (
            "6x1 km-ish",
            framed_run(15, 6, "- Hard 4m 102-106% Pace\n- Jog 2m 60% Pace"),
        ),
        (Phase::Build, _) => (
            "Cruise 4x8",
            framed_run(15, 4, "- Cruise 8m 96-100% Pace\n- Jog 1m30s 60% Pace"),
        ),
        (Phase::Taper, _) => (
            "Sharpener",
            framed_run(15, 4, "- Quick 2m 104-108% Pace\n- Jog 2m 60% Pace"),
        ),
        (_, 0) => (
            "Hills 8x1m",
            framed_run(18, 8, "- Uphill 1m 104-110% Pace\n- Jog 2m 60% Pace"),
        ),
        (_, _) => (
            "Fartlek 10x1m",
            framed_run(15, 10, "- On 1m 100-108% Pace\n- Jog 1m 60% Pace"),
        ),
    };
    run(name, at(6, 0), text)
}

/// A short run of the years before, which no plan contains.
pub(super) fn jog(start: NaiveTime, secs: u32) -> Session {
    let session = spontaneous(
        Kind::Run,
        "Jog",
        start,
        format!("- {} 70-76% Pace", duration(secs)),
    );
    // Nobody's in particular, so without thresholds.
    let workout = Workout::of(&session.text, session.sport, 0, &Settings::default());
    Session { workout, ..session }
}

/// The rider whose rides come through Strava; one ride a week is still planned at upstream.
fn strava_rider(person: &Person, day: NaiveDate) -> Vec<Session> {
    let volume = volume(person, day);
    let free = |name, start, minutes, low: u32, high: u32| {
        spontaneous(
            Kind::Ride,
            name,
            start,
            format!("- {} {low}-{high}%", time(minutes)),
        )
    };
    match day.weekday() {
        Weekday::Tue if person.dice(day, "tuesday").chance(0.85) => {
            vec![free("Morning Ride", at(5, 50), about(65, volume), 64, 74)]
        }
        Weekday::Wed => vec![ride(
            "Lakeside loop",
            at(6, 0),
            format!("- {} 66-72%", time(about(60, volume))),
        )],
        Weekday::Thu => vec![free("Sarangkot repeats ⛰️", at(5, 45), about(70, volume), 76, 84)],
        Weekday::Sat => vec![free("फेवा ताल वरिपरि", at(6, 10), about(190, volume), 64, 72)],
        Weekday::Sun if person.dice(day, "sunday").chance(0.6) => {
            vec![free("Afternoon Ride", at(14, 0), about(80, volume), 58, 66)]
        }
        _ => Vec::new(),
    }
}

/// The first steps of somebody who signed up in November 2026, and everything so far.
fn newcomer(day: NaiveDate) -> Vec<Session> {
    match (day.year(), day.month(), day.day()) {
        (2026, 11, 14) => vec![spontaneous(
            Kind::Walk,
            "Signal Hill",
            at(15, 10),
            "- 50m 30-34% Pace",
        )],
        (2026, 11, 17) => vec![Session {
            twist: Twist::NoSensors,
            ..spontaneous(Kind::Ride, "Lunch Ride", at(12, 5), "- 32m 60% Pace")
        }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PEOPLE;

    fn year(person: &Person) -> Vec<Session> {
        FIRST_DAY
            .iter_days()
            .skip(366)
            .take(364)
            .flat_map(|day| plan(person, day))
            .collect()
    }

    #[test]
    fn weeks_are_periodised() {
        let hours = |week: i64| {
            let monday = FIRST_DAY + chrono::Duration::weeks(week);
            let secs: u32 = monday
                .iter_days()
                .take(7)
                .flat_map(|day| plan(&PEOPLE[0], day))
                .map(|one| one.workout.totals().secs)
                .sum();
            f64::from(secs) / 3600.0
        };
        // A build block in March: two loading weeks against the recovery week after them.
        let block: Vec<f64> = (64..68).map(hours).collect();
        assert!(
            block[1] > block[3] * 1.3 && block[2] > block[3] * 1.3,
            "{block:?}"
        );
        assert!(
            FIRST_DAY
                .iter_days()
                .skip(366)
                .take(28)
                .any(|day| plan(&PEOPLE[0], day).is_empty()),
            "no rest day"
        );
    }

    #[test]
    fn a_year_has_races_and_variety() {
        let races = |person| {
            year(person)
                .iter()
                .filter(|one| matches!(one.kind, Kind::Race(_)))
                .count()
        };
        assert!(races(&PEOPLE[0]) >= 3 && races(&PEOPLE[1]) >= 2);
        let names = |person| {
            year(person)
                .iter()
                .map(|one| one.name)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert!(
            names(&PEOPLE[0]).contains("Kaffeefahrt ☕") && names(&PEOPLE[0]).contains("Grüße vom Feldberg")
        );
        assert!(
            names(&PEOPLE[1]).contains("Jack's Tan lap")
                && names(&PEOPLE[1]).contains("Albert Melbourne parkrun")
        );
        assert!(
            year(&PEOPLE[0]).iter().any(|one| one.indoor) && year(&PEOPLE[1]).iter().all(|one| !one.indoor)
        );
    }

    #[test]
    fn the_ill_rest_and_nothing_comes_before_the_first_day() {
        for person in &PEOPLE {
            let ill = FIRST_DAY.iter_days().take(400).filter(|day| person.is_ill(*day));
            assert!(ill.into_iter().all(|day| plan(person, day).is_empty()));
            assert!(plan(person, FIRST_DAY.pred_opt().unwrap()).is_empty());
        }
    }
}
