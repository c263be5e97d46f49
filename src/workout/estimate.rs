//! How long and how hard a workout is, by the formulas with which intervals.icu computes a planned workout.

use super::{
    model::{Item, Kind, Length, Per, Span, Step, Unit, Workout},
    resolve::{Resolved, Settings},
};

/// Longer workouts have no load: the formula goes through every second.
const MOST_SECS: f64 = 7.0 * 86_400.0;

/// What a step or a workout amounts to. What cannot be known is `None`: a distance without a pace has no time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// s.
    pub secs: Option<f64>,
    /// m; of a workout the sum of the steps that have one.
    pub metres: Option<f64>,
    /// By power, otherwise by pace. intervals.icu's formula for heart rate is not known.
    pub load: Option<f64>,
    /// 100 is an hour at threshold: `100 · √(load · 36 / s)`, from the rounded load as intervals.icu does.
    pub intensity: Option<f64>,
}

/// The whole workout.
pub fn whole(workout: &Workout, sport: &str, settings: &Settings) -> Estimate {
    let mut steps = Vec::new();
    for item in &workout.items {
        match item {
            Item::Step(step) => steps.push((1, std::slice::from_ref(step))),
            Item::Repeat(repeat) => steps.push((repeat.count, &repeat.steps[..])),
            Item::Other(_) => return Estimate::default(),
        }
    }
    of(&steps, sport, settings)
}

/// One step, once.
pub fn step(step: &Step, sport: &str, settings: &Settings) -> Estimate {
    of(&[(1, std::slice::from_ref(step))], sport, settings)
}

/// Steps that are done so many times.
type Times<'a> = (u32, &'a [Step]);

fn of(blocks: &[Times<'_>], sport: &str, settings: &Settings) -> Estimate {
    let (mut secs, mut metres) = (Some(0.0), None);
    let mut kinds = Vec::new();
    for (count, steps) in blocks {
        for step in *steps {
            let (time, way) = lengths(step, settings);
            let times = f64::from(*count);
            secs = secs.zip(time).map(|(sum, time)| sum + times * time);
            if let Some(way) = way {
                metres = Some(metres.unwrap_or(0.0) + times * way);
            }
            kinds.extend(step.targets.iter().map(|target| target.unit.kind()));
            if step.freeride || step.max_effort {
                // How intervals.icu counts these is not known.
                kinds.push(Kind::Other);
            }
        }
    }
    let secs = secs.filter(|secs| *secs > 0.0);
    let load = secs.filter(|secs| *secs <= MOST_SECS).and_then(|secs| {
        if kinds.contains(&Kind::Other) {
            None
        } else if kinds.contains(&Kind::Power) {
            by_power(blocks, settings)
        } else if kinds.contains(&Kind::Pace) && !kinds.contains(&Kind::HeartRate) {
            by_pace(secs, metres?, sport, settings)
        } else {
            None
        }
    });
    Estimate {
        secs,
        metres,
        load,
        intensity: load
            .zip(secs)
            .map(|(load, secs)| 100.0 * (load * 36.0 / secs).sqrt()),
    }
}

/// s and m of a step; the one that is not given follows from the pace.
fn lengths(step: &Step, settings: &Settings) -> (Option<f64>, Option<f64>) {
    let speed = speed(step, settings).filter(|speed| *speed > 0.0);
    match step.length {
        Length::Time(secs) => {
            let secs = f64::from(secs);
            (Some(secs), speed.map(|speed| secs * speed))
        }
        Length::Distance(metres) => {
            let metres = metres.get();
            (speed.map(|speed| (metres / speed).floor()), Some(metres))
        }
    }
}

/// m/s in the middle of the step's pace. Of a range of paces the middle pace counts, of any other the middle speed.
fn speed(step: &Step, settings: &Settings) -> Option<f64> {
    let target = step
        .targets
        .iter()
        .find(|target| target.unit.kind() == Kind::Pace)?;
    if let (Unit::Pace(per), Span::Between(from, to)) = (&target.unit, target.span) {
        return Some(Per::metres(*per) / f64::midpoint(from.get(), to.get()));
    }
    match settings.resolve(target) {
        Ok(Resolved::Speed(from, to)) => Some(f64::midpoint(from, to)),
        _ => None,
    }
}

fn by_pace(secs: f64, metres: f64, sport: &str, settings: &Settings) -> Option<f64> {
    let threshold = settings.threshold_pace.filter(|threshold| *threshold > 0.0)?;
    let factor = metres / secs / threshold;
    let power = if Per::of_sport(sport) == Per::M100 { 3 } else { 2 };
    Some(half_up(secs * factor.powi(power) / 36.0))
}

/// From the normalized power: the fourth-power mean of the rolling mean of 30 s, whose window grows during the first 30 s.
fn by_power(blocks: &[Times<'_>], settings: &Settings) -> Option<f64> {
    let ftp = settings.ftp.filter(|ftp| *ftp > 0.0)?;
    let watts = watts(blocks, settings)?;
    let (mut window, mut sum, mut count, mut in_window) = (0.0, 0.0, 0.0, 0.0_f64);
    for (at, now) in watts.iter().enumerate() {
        window += now - at.checked_sub(30).map_or(0.0, |before| watts[before]);
        in_window = (in_window + 1.0).min(30.0);
        sum += (window / in_window).powi(4);
        count += 1.0;
    }
    let normalized = half_up((sum / count).powf(0.25));
    Some(half_up(count * (normalized / ftp).powi(2) / 36.0))
}

/// W of every second; None if a target cannot be resolved. Without a target it is 0.
fn watts(blocks: &[Times<'_>], settings: &Settings) -> Option<Vec<f64>> {
    let mut all = Vec::new();
    for (count, steps) in blocks {
        let begin = all.len();
        for step in *steps {
            watts_of(step, settings, &mut all)?;
        }
        let once = all[begin..].to_vec();
        if !once.is_empty() {
            (1..*count).for_each(|_| all.extend_from_slice(&once));
        }
    }
    (!all.is_empty()).then_some(all)
}

fn watts_of(step: &Step, settings: &Settings, all: &mut Vec<f64>) -> Option<()> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most a week of seconds"
    )]
    let secs = lengths(step, settings).0? as usize;
    let target = step
        .targets
        .iter()
        .find(|target| target.unit.kind() == Kind::Power);
    let (from, to) = match target.map(|target| settings.resolve(target)) {
        None => (0.0, 0.0),
        Some(Ok(Resolved::Watts(from, to))) => (from, to),
        Some(_) => return None,
    };
    if step.ramp {
        let last = f64::from(u32::try_from(secs).ok()?.saturating_sub(1).max(1));
        let mut at = 0.0;
        for _ in 0..secs {
            all.push(from + (to - from) * at / last);
            at += 1.0;
        }
        return Some(());
    }
    let middle = f64::midpoint(from, to);
    let zone = target.is_some_and(|target| target.unit == Unit::PowerZone);
    all.resize(all.len() + secs, if zone { half_up(middle) } else { middle });
    Some(())
}

fn half_up(value: f64) -> f64 {
    (value + 0.5).floor()
}
