//! What of a workout would not reach this athlete's device as meant: what text alone cannot tell, because it depends on the
//! athlete's settings. What [`text::parse`](super::text::parse) finds is not found again here.

use super::{
    Problem,
    model::{Item, Kind, Step, Target, Unit, Workout},
    resolve::{Lacking, Resolved, Settings},
    text::plain_cue,
};

/// Everything that must or should change, in order. `lines` has the line of each of [`Workout::steps`], as
/// [`Parsed`](super::text::Parsed) has it; without it, steps are numbered from 1.
pub fn check(workout: &Workout, lines: &[usize], settings: &Settings) -> Vec<Problem> {
    let line_of = |at: usize| lines.get(at).copied().unwrap_or(at + 1);
    let mut problems = Vec::new();
    let mut at = 0;
    for item in &workout.items {
        match item {
            Item::Step(step) => {
                check_step(step, line_of(at), settings, &mut problems);
                at += 1;
            }
            Item::Repeat(repeat) => {
                let line = line_of(at);
                cue(&repeat.heading, line.saturating_sub(1).max(1), &mut problems);
                for step in &repeat.steps {
                    check_step(step, line_of(at), settings, &mut problems);
                    at += 1;
                }
            }
        }
    }
    problems
}

fn check_step(step: &Step, line: usize, settings: &Settings, problems: &mut Vec<Problem>) {
    cue(&step.cue, line, problems);
    if step.targets.len() > 1 {
        problems.push(Problem::refuse(
            line,
            "two targets on one step, of which one is lost",
            "keep one of power, heart rate and pace",
        ));
    }
    for target in &step.targets {
        problems.extend(lost(target, line, settings));
        let alarm = matches!(target.unit.kind(), Kind::HeartRate | Kind::Pace);
        let zone = matches!(target.unit, Unit::HrZone | Unit::PaceZone);
        if alarm && !zone && !target.span.is_range() && target.unit != Unit::Bpm {
            problems.push(Problem::warn(
                line,
                "a single number gives the watch no useful alarm",
                "give a range",
            ));
        }
    }
}

fn cue(cue: &str, line: usize, problems: &mut Vec<Problem>) {
    let plain = plain_cue(cue);
    let written: Vec<&str> = cue.split_whitespace().filter(|word| *word != "<!>").collect();
    if plain != written.join(" ") {
        problems.push(Problem::warn(
            line,
            "the label has words or signs that intervals.icu reads as part of the step",
            if plain.is_empty() {
                "leave the label out".to_owned()
            } else {
                format!("it is sent as \"{plain}\"")
            },
        ));
    }
}

/// Why the target would not arrive.
fn lost(target: &Target, line: usize, settings: &Settings) -> Option<Problem> {
    let (from, to) = target.span.ends();
    let percent = matches!(
        target.unit,
        Unit::PercentFtp | Unit::PercentMmp(_) | Unit::PercentMaxHr | Unit::PercentLthr | Unit::PercentPace
    );
    if target.unit == Unit::Bpm {
        return Some(bpm(target, line, settings));
    }
    if let Unit::Other(_) = target.unit {
        return Some(Problem::refuse(
            line,
            "this target cannot be written as text",
            "use % FTP, W, % LTHR, % HR, pace or a zone",
        ));
    }
    if from.is_zero() || to.is_zero() {
        return Some(Problem::refuse(
            line,
            "a target of 0",
            "leave the target out, or give a number",
        ));
    }
    if percent && from.max(to).get() <= 2.0 {
        let whole = |value: f64| (value * 1000.0).round() / 10.0;
        let instead = if target.span.is_range() {
            format!("{}-{}%", whole(from.get()), whole(to.get()))
        } else {
            format!("{}%", whole(from.get()))
        };
        return Some(Problem::refuse(
            line,
            "this is a fraction, not a percentage",
            format!("write {instead}"),
        ));
    }
    let (why, instead) = match settings.resolve(target).err()? {
        Lacking::Ftp => (
            "there is no FTP for this sport, so this power target reaches no device",
            "set an FTP for this sport at intervals.icu, or write HR or Pace after the number or zone",
        ),
        Lacking::Lthr => (
            "there is no LTHR for this sport, so this target reaches no device",
            "set it at intervals.icu, or use power, pace or % HR",
        ),
        Lacking::MaxHr => (
            "there is no max HR for this sport, so this target reaches no device",
            "set it at intervals.icu, or use power, pace or % LTHR",
        ),
        Lacking::ThresholdPace => (
            "there is no threshold pace for this sport, so this target reaches no device",
            "set it at intervals.icu, or give the pace itself, as in 5:10-5:00/km Pace",
        ),
        Lacking::Zone => (
            "this sport has no such zone",
            "use one of the athlete's zones, or a percentage",
        ),
        Lacking::Unknown => return None,
    };
    Some(Problem::refuse(line, why, instead))
}

/// intervals.icu has no target in bpm; a percentage of the athlete's own LTHR or max HR says the same.
fn bpm(target: &Target, line: usize, settings: &Settings) -> Problem {
    let why = "intervals.icu drops targets in bpm";
    match as_percent(target, settings) {
        Some(percent) => Problem::refuse(line, why, format!("write {percent}")),
        None => Problem::refuse(
            line,
            why,
            "set an LTHR for this sport at intervals.icu, or use a zone: Z2 HR",
        ),
    }
}

/// A target in bpm as a percentage of the athlete's LTHR or, without one, of max HR: `88-92% LTHR`.
fn as_percent(target: &Target, settings: &Settings) -> Option<String> {
    let known = |threshold: Option<f64>| threshold.filter(|bpm| *bpm > 0.0);
    let (threshold, word) = known(settings.lthr)
        .map(|lthr| (lthr, "LTHR"))
        .or(known(settings.max_hr).map(|max| (max, "HR")))?;
    let Ok(Resolved::Bpm(from, to)) = settings.resolve(target) else {
        return None;
    };
    let percent = |bpm: f64| (bpm / threshold * 100.0).round();
    let (from, to) = (percent(from.min(to)), percent(from.max(to)));
    Some(if from < to {
        format!("{from}-{to}% {word}")
    } else {
        format!("{from}% {word}")
    })
}
