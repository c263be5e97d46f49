//! What became of a session: watts, heart beats, metres and load on the day.
//!
//! A pure function of person, day and session; fitness over days is in `history`, the wire form in `activity`.

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime};

use super::{
    dice::{Dice, round, whole},
    effort::By,
    people::{Build, FIRST_DAY, Person},
    season::{Kind, Rank, Session, Twist, Water, course},
    workout::Totals,
};

/// Where an activity came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Garmin,
    Zwift,
    Strava,
    Manual,
    Upload,
    Wahoo,
    Coros,
    Polar,
    Suunto,
}

impl Source {
    /// Upstream's word for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Garmin => "GARMIN_CONNECT",
            Self::Zwift => "ZWIFT",
            Self::Strava => "STRAVA",
            Self::Manual => "MANUAL",
            Self::Upload => "UPLOAD",
            Self::Wahoo => "WAHOO",
            Self::Coros => "COROS",
            Self::Polar => "POLAR",
            Self::Suunto => "SUUNTO",
        }
    }
}

/// Power of an activity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Power {
    /// W.
    pub(super) np: u32,
    /// W.
    pub(super) average: u32,
    /// W.
    pub(super) ftp: u32,
}

/// Heart rate of an activity, and the load that follows from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heart {
    /// bpm.
    pub(super) average: u32,
    /// bpm.
    pub(super) max: u32,
    /// TRIMP (Banister, exponential).
    pub(super) trimp: f64,
    /// TRIMP relative to an hour at LTHR, times 100.
    pub(super) load: u32,
}

/// The pool of a swim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pool {
    /// m.
    pub(super) length: f64,
    pub(super) lengths: u32,
}

/// Something done.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) session: Session,
    pub(super) sport: &'static str,
    pub(super) source: Source,
    /// Athlete-local.
    pub(super) start: NaiveDateTime,
    /// s, moving.
    pub(super) secs: u32,
    /// s.
    pub(super) elapsed: u32,
    /// m.
    pub(super) distance: Option<f64>,
    /// m.
    pub(super) climb: Option<f64>,
    pub(super) power: Option<Power>,
    pub(super) heart: Option<Heart>,
    /// rpm; of a run: one leg.
    pub(super) cadence: Option<f64>,
    pub(super) pace_load: Option<u32>,
    /// Of a swim in a pool.
    pub(super) pool: Option<Pool>,
    /// What upstream counts; none without data.
    pub(super) load: Option<u32>,
    /// Seconds in the seven zones of power or pace.
    pub(super) zones: Option<[u32; 7]>,
    pub(super) rpe: Option<u32>,
    /// 1 (strong) – 5 (weak).
    pub(super) feel: Option<u32>,
    /// °C.
    pub(super) temperature: Option<f64>,
    /// %.
    pub(super) decoupling: Option<f64>,
    /// %, of what was planned.
    pub(super) compliance: Option<f64>,
    /// Event that planned it.
    pub(super) event_id: Option<i64>,
    /// Local time from which upstream knows it, where that does not follow from its end.
    pub(super) known: Option<NaiveDateTime>,
    /// Fitness and fatigue after it; filled in by `history`.
    pub(super) ctl: f64,
    pub(super) atl: f64,
}

impl Done {
    /// Local day.
    pub(super) fn day(&self) -> NaiveDate {
        self.start.date()
    }

    /// Local time from which upstream knows it.
    pub(super) fn known_from(&self) -> NaiveDateTime {
        let after = self.start + Duration::seconds(i64::from(self.elapsed) + 90);
        self.known.unwrap_or(after)
    }
}

/// Days since the first day.
pub(super) fn day_number(day: NaiveDate) -> i64 {
    (day - FIRST_DAY).num_days()
}

/// How many sessions and marks fit into a day.
const SLOTS: i64 = 16;
/// Slot of what a second device uploaded.
const TWIN_SLOT: u8 = 15;

/// Number of a person's day and slot, part of every id.
fn serial(person: &Person, day: NaiveDate, slot: u8) -> i64 {
    i64::from(person.number) * 1_000_000 + day_number(day) * SLOTS + i64::from(slot)
}

/// Id of the event in `slot` of a person's day.
pub(super) fn event_id(person: &Person, day: NaiveDate, slot: u8) -> i64 {
    130_000_000 + serial(person, day, slot)
}

/// The person, day and slot that a seeded event's id stands for.
pub(super) fn event_of(person: &Person, id: i64) -> Option<NaiveDate> {
    let serial = id - 130_000_000 - i64::from(person.number) * 1_000_000;
    (0..1_000_000)
        .contains(&serial)
        .then(|| FIRST_DAY + Duration::days(serial / SLOTS))
}

/// TRIMP of `secs` at `bpm` (Banister 1991: exponential weighting, by sex).
fn trimp(person: &Person, secs: u32, bpm: f64) -> f64 {
    let resting = f64::from(person.resting_hr);
    let reserve = ((bpm - resting) / (f64::from(person.max_hr) - resting)).max(0.0);
    let (factor, exponent) = if person.sex == "F" {
        (0.86, 1.67)
    } else {
        (0.64, 1.92)
    };
    f64::from(secs) / 60.0 * reserve * factor * (exponent * reserve).exp()
}

/// Heart rate that goes with `intensity` (1 = threshold) for `secs`.
fn heart(person: &Person, dice: &impl Fn(&str) -> Dice, secs: u32, intensity: f64) -> Heart {
    let (resting, lthr) = (f64::from(person.resting_hr), f64::from(person.lthr));
    let share = (0.34 + 0.66 * intensity).min(1.02);
    let average = whole(resting + (lthr - resting) * share + 2.5 * dice("hr").bell());
    let max = (average + whole(dice("hr max").between(8.0, 24.0))).min(person.max_hr);
    let trimp_ = trimp(person, secs, f64::from(average));
    let load = whole(100.0 * trimp_ / trimp(person, 3600, lthr));
    Heart {
        average,
        max,
        trimp: round(trimp_, 2),
        load,
    }
}

/// Metres climbed per kilometre.
fn steepness(dice: &impl Fn(&str) -> Dice, session: &Session) -> f64 {
    let (low, high) = match (session.name, session.kind) {
        ("Grüße vom Feldberg" | "Radmarathon Südschwarzwald" | "Sarangkot repeats ⛰️", _) => {
            (13.0, 18.0)
        }
        ("Bergzeitfahren Schauinsland", _) => (38.0, 42.0),
        ("Rheinebene – Gegenwind 💨" | "Einzelzeitfahren am Rhein", _)
        | (_, Kind::Commute | Kind::ParkRun) => (0.5, 2.0),
        ("Dandenongs hills – don't ask", _) => (22.0, 30.0),
        (_, Kind::Run | Kind::Race(_)) => (3.0, 9.0),
        (_, Kind::Hike) => (1.0, 4.0),
        _ => (4.0, 11.0),
    };
    dice("steep").between(low, high)
}

/// °C on a day, by season and hemisphere.
fn temperature(person: &Person, day: NaiveDate, dice: &impl Fn(&str) -> Dice) -> f64 {
    let (warmest, mean, swing) = match person.build {
        Build::Cyclist => (200.0, 12.0, 9.0),
        Build::Duathlete => (204.0, 8.5, 9.5),
        Build::Runner => (20.0, 12.0, 9.0),
        Build::Triathlete => (255.0, 15.0, 3.5),
        Build::StravaOnly | Build::Newcomer => (200.0, 17.0, 7.0),
    };
    let phase = (f64::from(day.ordinal()) - warmest) / 365.0 * std::f64::consts::TAU;
    round(mean + swing * phase.cos() + 2.5 * dice("temperature").bell(), 1)
}

/// Whether the session takes place at all.
fn happens(session: &Session, dice: &impl Fn(&str) -> Dice) -> bool {
    let missed = match session.kind {
        Kind::Race(_) | Kind::Hike | Kind::Stretching | Kind::ParkRun | Kind::Walk | Kind::Transition => 0.0,
        Kind::Commute => 0.25,
        Kind::Ride | Kind::Run | Kind::Strength | Kind::Swim(_) => 0.06,
    };
    // A session with a twist has taken place.
    session.twist != Twist::None || !dice("missed").chance(missed)
}

fn source(person: &Person, session: &Session, dice: &impl Fn(&str) -> Dice) -> Source {
    match person.build {
        Build::Cyclist | Build::Runner | Build::Duathlete => {}
        Build::StravaOnly => return Source::Strava,
        Build::Newcomer if session.kind == Kind::Walk => return Source::Manual,
        Build::Newcomer => return Source::Upload,
        Build::Triathlete => {
            return match session.kind {
                Kind::Ride if session.indoor => Source::Zwift,
                Kind::Ride => Source::Wahoo,
                Kind::Run if dice("polar").chance(0.2) => Source::Polar,
                Kind::Run => Source::Coros,
                Kind::Swim(Water::Open) => Source::Suunto,
                Kind::Walk => Source::Upload,
                Kind::Stretching => Source::Manual,
                _ => Source::Garmin,
            };
        }
    }
    match session.kind {
        Kind::Stretching => Source::Manual,
        Kind::Ride if session.indoor => Source::Zwift,
        Kind::Ride if !session.planned && dice("strava").chance(0.45) => Source::Strava,
        Kind::Ride if dice("strava").chance(0.03) => Source::Strava,
        _ => Source::Garmin,
    }
}

/// An activity of which only the time and the length are known.
pub(super) fn bare(id: String, session: Session, source: Source, start: NaiveDateTime, secs: u32) -> Done {
    Done {
        id,
        sport: session.upstream_type(),
        session,
        source,
        start,
        secs,
        elapsed: secs,
        distance: None,
        climb: None,
        power: None,
        heart: None,
        cadence: None,
        pace_load: None,
        pool: None,
        load: None,
        zones: None,
        rpe: None,
        feel: None,
        temperature: None,
        decoupling: None,
        compliance: None,
        event_id: None,
        known: None,
        ctl: 0.0,
        atl: 0.0,
    }
}

/// What became of `session` on `day`; `plan` is what its workout adds up to. None if it did not take place.
pub(super) fn done(person: &Person, day: NaiveDate, session: &Session, plan: Totals) -> Option<Done> {
    let dice = |question: &str| person.dice(day, &format!("{question} {}", session.slot));
    if !happens(session, &dice) {
        return None;
    }
    let mut session = session.clone();
    session.indoor |= session.twist == Twist::Indoors;
    let source = source(person, &session, &dice);
    let stretch = match session.kind {
        _ if session.indoor => dice("time").between(0.99, 1.02),
        Kind::Race(_)
        | Kind::Strength
        | Kind::Stretching
        | Kind::ParkRun
        | Kind::Transition
        | Kind::Swim(Water::Yards | Water::Metres) => dice("time").between(0.97, 1.05),
        _ => dice("time").between(0.94, 1.12),
    };
    let secs = whole(f64::from(plan.secs) * stretch);
    let pause = if session.indoor {
        0.0
    } else {
        dice("pause").between(0.005, 0.06)
    };
    let late = if session.on_time { 60.0 } else { 1500.0 };
    let minute = Duration::seconds(i64::from(whole(dice("start").between(0.0, late))));
    let number = serial(person, day, session.slot);
    let id = match source {
        Source::Strava => (19_900_000_000 + number).to_string(),
        _ => format!("i{}", 188_000_000 + number),
    };
    let event_id = session.planned.then(|| event_id(person, day, session.slot));
    let start = day.and_time(session.start) + minute;
    let mut done = Done {
        elapsed: whole(f64::from(secs) * (1.0 + pause)),
        event_id,
        ..bare(id, session, source, start, secs)
    };
    measure(person, day, &mut done, plan, &dice);
    Some(done)
}

/// What a second device uploaded of the same ride, some seconds later. Upstream marks neither, and counts both.
pub(super) fn twin(person: &Person, day: NaiveDate, done: &Done) -> Done {
    Done {
        id: format!("i{}", 188_000_000 + serial(person, day, TWIN_SLOT)),
        session: Session {
            name: "Santa Cruz County Cycling",
            ..done.session.clone()
        },
        source: Source::Garmin,
        start: done.start + Duration::seconds(7),
        secs: done.secs.saturating_sub(11),
        distance: done.distance.map(|metres| round(metres * 1.003, 1)),
        rpe: None,
        feel: None,
        compliance: None,
        event_id: None,
        ..done.clone()
    }
}

/// Fills in what was recorded.
fn measure(person: &Person, day: NaiveDate, done: &mut Done, plan: Totals, dice: &impl Fn(&str) -> Dice) {
    if matches!(
        done.session.kind,
        Kind::Strength | Kind::Stretching | Kind::Walk | Kind::Transition
    ) {
        count(done, dice);
        return;
    }
    let mut time = f64::from(done.secs);
    let effort = 1.0 + 0.028 * dice("effort").bell();
    let steep = steepness(dice, &done.session);
    let by = done.session.workout.by;
    let by_power =
        person.has_power() && by == By::Power && matches!(done.session.kind, Kind::Ride | Kind::Race(_));
    let swims = by == By::Swim;
    let intensity = if by_power {
        pedal(person.ftp(day), done, plan, effort, steep, dice)
    } else if swims {
        swim(
            person,
            day,
            done,
            plan.distance / f64::from(plan.secs.max(1)) * effort,
        )
    } else if done.sport == "Run" {
        let threshold = person.threshold_pace(day);
        let planned = match by {
            By::Heart => threshold * by_heart(person, done),
            _ => plan.distance / f64::from(plan.secs.max(1)),
        };
        let speed = planned * effort * (1.0 - 0.003 * steep);
        if let Some(metres) = course(&done.session) {
            // The course is given and the time follows; a watch always measures a little more.
            let measured = metres * dice("course").between(1.001, 1.007);
            done.secs = whole(measured / speed);
            done.elapsed = done.secs + 4;
            time = f64::from(done.secs);
        }
        done.distance = Some(round(speed * time, 1));
        done.cadence = Some(round(
            81.0 + 4.0 * speed / threshold + 0.8 * dice("cadence").bell(),
            2,
        ));
        done.pace_load = Some(whole(time * (speed / threshold).powi(2) / 36.0));
        speed / threshold
    } else {
        let (speed, intensity) = if done.sport == "Hike" {
            (1.22, 0.35)
        } else {
            (5.1, 0.42)
        };
        done.distance = Some(round(speed * time * effort, 1));
        intensity
    };
    if !swims {
        done.climb = done.distance.map(|metres| round(metres / 1000.0 * steep, 1));
    }
    let without_strap = match done.session.kind {
        Kind::Commute => 0.5,
        Kind::Swim(_) => 0.6,
        _ => 0.05,
    };
    if !dice("no strap").chance(without_strap) {
        done.heart = Some(heart(person, dice, done.secs, intensity));
    }
    done.load = match (done.power, done.pace_load, done.heart) {
        (Some(power), _, _) => Some(whole(
            time * (f64::from(power.np) / f64::from(power.ftp)).powi(2) / 36.0,
        )),
        (None, Some(load), _) => Some(load),
        (None, None, Some(heart)) => Some(heart.load),
        // A ride that recorded only its track counts as nothing, not as unknown.
        (None, None, None) => Some(0),
    };
    if by_power || swims || done.sport == "Run" {
        let effort = match by {
            By::Power | By::Swim => effort,
            By::Pace | By::Heart => effort * (1.0 - 0.003 * steep),
        };
        done.zones = Some(done.session.workout.zone_secs(effort, done.secs));
        done.decoupling = done
            .heart
            .map(|_| round(2.5 + time / 3600.0 + 2.5 * dice("drift").bell(), 5));
    }
    let roofed = done.session.indoor || done.pool.is_some();
    done.temperature = (!roofed).then(|| temperature(person, day, dice));
    feelings(done, intensity, dice);
    befall(done);
    if done.session.planned && done.session.unparsed.is_none() {
        let share =
            f64::from(done.load.unwrap_or_default()) / f64::from(plan.load.unwrap_or_default().max(1));
        done.compliance = Some(round((100.0 * share).min(140.0), 1));
    }
}

/// Fills in what little is known of an activity that is hardly measured.
fn count(done: &mut Done, dice: &impl Fn(&str) -> Dice) {
    if done.session.kind == Kind::Strength && dice("rpe?").chance(0.8) {
        done.rpe = Some(whole(dice("rpe").between(4.0, 7.0)));
    }
    if matches!(done.session.kind, Kind::Walk | Kind::Transition) && done.source != Source::Manual {
        done.distance = Some(round(1.1 * f64::from(done.secs), 1));
        done.climb = Some(0.0);
        // A walk counts as nothing, a change of shoes not even that.
        done.load = (done.session.kind == Kind::Walk).then_some(0);
    }
}

/// A ride by its power meter. Returns the intensity.
fn pedal(
    ftp: f64,
    done: &mut Done,
    plan: Totals,
    effort: f64,
    steep: f64,
    dice: &impl Fn(&str) -> Dice,
) -> f64 {
    let np = whole(f64::from(plan.np) * effort);
    let bumpy = if done.session.indoor {
        (1.0, 1.02)
    } else {
        (1.02, 1.09)
    };
    let varied =
        f64::from(plan.np) / f64::from(plan.average.max(1)) * dice("bumpy").between(bumpy.0, bumpy.1);
    let average = whole(f64::from(np) / varied);
    let speed = 8.15 * (f64::from(average) / 180.0).powf(0.45) * (1.0 - 0.012 * steep);
    done.power = Some(Power {
        np,
        average,
        ftp: whole(ftp),
    });
    done.distance = Some(round(speed * f64::from(done.secs), 1));
    done.cadence = Some(round(86.0 + 2.5 * dice("cadence").bell(), 2));
    f64::from(np) / ftp
}

/// A swim at `speed` (m/s) for the time there is: whole lengths in a pool. Returns the intensity.
fn swim(person: &Person, day: NaiveDate, done: &mut Done, speed: f64) -> f64 {
    let time = f64::from(done.secs);
    let length = match done.session.kind {
        Kind::Swim(Water::Yards) => Some(22.86),
        Kind::Swim(Water::Metres) => Some(50.0),
        _ => None,
    };
    done.pool = length.map(|length| Pool {
        length,
        lengths: whole(speed * time / length).max(1),
    });
    let metres = done
        .pool
        .map_or(speed * time, |pool| f64::from(pool.lengths) * pool.length);
    done.distance = Some(round(metres, 2));
    done.cadence = Some(27.0);
    let share = metres / time.max(1.0) / person.swim_pace(day);
    done.pace_load = Some(whole(time * share.powi(3) / 36.0));
    share
}

/// Share of the threshold pace that goes with a plan by heart rate: the inverse of `heart`.
fn by_heart(person: &Person, done: &Done) -> f64 {
    let steps = done.session.workout.steps();
    let (beats, secs) = steps.fold((0.0, 0.0), |(beats, secs), step| {
        let share = f64::from(step.target.0 + step.target.1) / 200.0;
        let time = f64::from(step.secs);
        (beats + share * f64::from(person.lthr) * time, secs + time)
    });
    let (resting, lthr) = (f64::from(person.resting_hr), f64::from(person.lthr));
    let share = (beats / f64::max(secs, 1.0) - resting) / (lthr - resting);
    ((share - 0.34) / 0.66).clamp(0.6, 1.0)
}

/// What the session's twist does to the recording.
fn befall(done: &mut Done) {
    let of_heart = done.heart.map(|heart| heart.load);
    match done.session.twist {
        Twist::None | Twist::NoMovingTime | Twist::Twice | Twist::Deleted => {}
        Twist::Indoors => done.climb = Some(0.0),
        Twist::NoSensors => {
            (done.power, done.heart, done.zones, done.load) = (None, None, None, None);
            (done.cadence, done.decoupling) = (None, None);
        }
        Twist::ZeroPower => {
            if let Some(power) = &mut done.power {
                (power.np, power.average) = (0, 0);
            }
            done.load = of_heart;
            (done.zones, done.decoupling) = (None, None);
        }
        Twist::NoPace | Twist::ZeroPace => {
            (done.pace_load, done.zones, done.load) = (None, None, of_heart);
            if done.session.twist == Twist::ZeroPace {
                done.distance = Some(0.0);
                done.pool = done.pool.map(|pool| Pool { lengths: 0, ..pool });
            }
        }
        Twist::Frozen => (done.temperature, done.climb) = (Some(0.0), Some(0.0)),
    }
}

/// RPE and feel, on most.
fn feelings(done: &mut Done, intensity: f64, dice: &impl Fn(&str) -> Dice) {
    let long = if done.secs > 9000 { 1.2 } else { 0.0 };
    let race = match done.session.kind {
        Kind::Race(Rank::A | Rank::B) => 3.0,
        Kind::Race(Rank::C) | Kind::ParkRun => 2.0,
        _ => 0.0,
    };
    let rpe = (intensity - 0.45) * 11.0 + long + race + 0.5 * dice("rpe").bell();
    let often = if done.session.kind == Kind::Commute {
        0.1
    } else {
        0.92
    };
    done.rpe = dice("rpe?").chance(often).then(|| whole(rpe).clamp(1, 10));
    done.feel = dice("feel?")
        .chance(often)
        .then(|| whole(2.2 + 0.8 * dice("feel").bell()).clamp(1, 5));
}
