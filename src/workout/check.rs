//! What of a workout would not reach this athlete's device as meant: what [`parse`] finds in the text, and what depends on the
//! athlete's settings.

use super::{
    Problem, Severity, estimate,
    model::{Item, Kind, Number, Per, Role, Span, Step, Target, Unit, Workout},
    resolve::{Lacking, Resolved, Settings},
    text::{TWO_TARGETS, either, is_ride, lines, one_target, parse, plain_cue, suggested, target_text},
};

/// A text with more lines is refused.
pub const MOST_LINES: usize = 200;
/// A text with more characters is refused.
pub const MOST_CHARS: usize = 8000;
/// Garmin cuts longer notes.
const LONG_PROSE: usize = 500;
/// Devices cut long labels; the exact length is not known.
const LONG_CUE: usize = 60;
/// s. A longer workout is hardly meant.
const LONG: f64 = 86_400.0;

/// A text as it is sent, and what must or should change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Its steps: a target in bpm is a percentage, and a step that its label calls a rest or a recovery is one.
    pub workout: Workout,
    /// The lines that are no steps.
    pub prose: String,
    /// In the order of the lines.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// Whether nothing is refused.
    pub fn can_be_sent(&self) -> bool {
        let mut all = self.problems.iter();
        all.all(|problem| problem.severity == Severity::Warn)
    }
}

/// Reads and checks a text of this sport for the athlete with these settings.
pub fn text(text: &str, sport: &str, settings: &Settings) -> Checked {
    if let Some(problem) = too_long(text) {
        return Checked {
            problems: vec![problem],
            ..Checked::default()
        };
    }
    let parsed = parse(text, sport);
    let mut problems = parsed.problems;
    // What is read of a line that is refused is not what was meant.
    let refused: Vec<usize> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Refuse)
        .map(|problem| problem.line)
        .collect();
    let more = check(&parsed.workout, &parsed.lines, sport, settings).into_iter();
    problems.extend(more.filter(|problem| !refused.contains(&problem.line)));
    if parsed.prose.chars().count() > LONG_PROSE {
        let why =
            format!("the text apart from the steps has more than {LONG_PROSE} characters, which Garmin cuts");
        problems.push(Problem::warn(1, why, "shorten it"));
    }
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    Checked {
        workout: as_sent(parsed.workout, settings),
        prose: parsed.prose,
        problems,
    }
}

/// Why a text is too long to be read at all.
pub fn too_long(text: &str) -> Option<Problem> {
    let chars = text.chars().count();
    if chars > MOST_CHARS {
        return Some(Problem::refuse(
            1,
            format!("the text has {chars} characters, more than {MOST_CHARS}"),
            "shorten it; use repeats (4x) for what is done several times",
        ));
    }
    let lines = lines(text).count();
    (lines > MOST_LINES).then(|| {
        Problem::refuse(
            MOST_LINES + 1,
            format!("the text has {lines} lines, more than {MOST_LINES}"),
            "use repeats (4x) for what is done several times",
        )
    })
}

/// Whether the beginning of a workout's name is worth what a watch shows of it. The problem has line 0.
pub fn name(name: &str) -> Option<Problem> {
    let first = name.trim_start().chars().next()?;
    (!first.is_alphanumeric()).then(|| {
        Problem::warn(
            0,
            "a watch shows about 15 characters of the name, and some cannot show an emoji or a sign",
            "begin with the kind of workout, as in \"Threshold 3x12\"",
        )
    })
}

/// Everything that must or should change in a workout, in the order of its steps. `lines` has the line of each of [`Workout::steps`], as
/// [`Parsed`](super::text::Parsed) has it; without it, steps are numbered from 1.
pub fn check(workout: &Workout, lines: &[usize], sport: &str, settings: &Settings) -> Vec<Problem> {
    let mut checker = Checker {
        sport,
        settings,
        problems: Vec::new(),
    };
    let line_of = |at: usize| lines.get(at).copied().unwrap_or(at + 1);
    let mut at = 0;
    for item in &workout.items {
        let steps = match item {
            Item::Step(step) => std::slice::from_ref(step),
            Item::Repeat(repeat) => {
                let line = line_of(at).saturating_sub(1).max(1);
                checker.cue(&repeat.heading, line);
                &repeat.steps[..]
            }
            Item::Other(_) => {
                let why = "the workout has something that cannot be written as text";
                checker.refuse(
                    line_of(at),
                    why,
                    "write all steps, or change the entry at intervals.icu",
                );
                &[]
            }
        };
        for step in steps {
            checker.step(step, line_of(at));
            at += 1;
        }
    }
    checker.total(workout, line_of);
    checker.problems
}

struct Checker<'a> {
    sport: &'a str,
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn refuse(&mut self, line: usize, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::refuse(line, why, instead));
    }

    fn warn(&mut self, line: usize, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::warn(line, why, instead));
    }

    fn total(&mut self, workout: &Workout, line_of: impl Fn(usize) -> usize) {
        let secs = estimate::whole(workout, self.sport, self.settings).secs;
        let Some(secs) = secs.filter(|secs| *secs > LONG) else {
            return;
        };
        let alone = |step: &Step| {
            estimate::step(step, self.sport, self.settings)
                .secs
                .unwrap_or(0.0)
        };
        let longest = workout
            .steps()
            .enumerate()
            .max_by(|(_, a), (_, b)| alone(a).total_cmp(&alone(b)));
        self.warn(
            line_of(longest.map_or(0, |(at, _)| at)),
            format!("the workout takes {:.0} hours", secs / 3600.0),
            "m is minutes; metres are mtr",
        );
    }

    fn step(&mut self, step: &Step, line: usize) {
        self.cue(&step.cue, line);
        let says_ramp = step
            .cue
            .split_whitespace()
            .any(|word| word.eq_ignore_ascii_case("ramp"));
        if says_ramp && !step.ramp && step.targets.iter().any(|target| target.span.is_range()) {
            self.warn(
                line,
                "the word ramp before the length is part of the label: the step is steady",
                "write it after the length, as in 10m ramp 50-75%",
            );
        }
        if step.targets.len() > 1 {
            self.refuse(line, TWO_TARGETS, one_target(step, &step.targets, self.sport));
        }
        for target in &step.targets {
            if target.unit == Unit::Bpm {
                self.bpm(target, line);
                continue;
            }
            if let Some((why, instead)) = self.lost(step, target) {
                self.refuse(line, why, instead);
            } else if matches!(target.unit, Unit::Pace(_)) && self.settings.threshold_pace.is_none() {
                let why = format!(
                    "there is no threshold pace for {}: some watches then get no pace at all",
                    self.sport
                );
                self.warn(line, why, "set it at intervals.icu");
            }
            if let Some(most) = self.beyond(target) {
                let why = format!("{most} is more than people do");
                self.warn(line, why, "check the number");
            }
            let alarm = matches!(target.unit.kind(), Kind::HeartRate | Kind::Pace);
            if alarm && !target.unit.is_zone() && !target.span.is_range() {
                self.warn(
                    line,
                    "a single number gives the watch no useful alarm",
                    "give a range",
                );
            }
        }
    }

    /// The upper end of a target that hardly anybody means.
    fn beyond(&self, target: &Target) -> Option<String> {
        let (from, to) = target.span.ends();
        let high = from.max(to).get();
        let (most, unit) = match target.unit {
            Unit::PercentFtp => (300.0, "% of FTP"),
            Unit::PercentLthr => (115.0, "% of LTHR"),
            Unit::PercentMaxHr => (100.0, "% of the maximum heart rate"),
            Unit::PercentPace => (150.0, "% of threshold pace"),
            Unit::Watts => (self.settings.ftp.filter(|ftp| *ftp > 0.0)? * 4.0, " W"),
            _ => return None,
        };
        (high > most).then(|| format!("{}{unit}", from.max(to)))
    }

    fn cue(&mut self, cue: &str, line: usize) {
        let plain = plain_cue(cue);
        let written: Vec<&str> = cue.split_whitespace().filter(|word| *word != "<!>").collect();
        if plain != written.join(" ") {
            let instead = if plain.is_empty() {
                "leave the label out".to_owned()
            } else {
                format!("it is sent as \"{plain}\"")
            };
            self.warn(
                line,
                "the label has words or signs that intervals.icu reads as part of the step",
                instead,
            );
        }
        if !plain.contains('^') && plain.chars().count() > LONG_CUE {
            self.warn(line, "devices cut a label of this length", "shorten it");
        }
    }

    /// intervals.icu has no target in bpm; a percentage of the athlete's own LTHR or max HR says the same.
    fn bpm(&mut self, target: &Target, line: usize) {
        let why = "intervals.icu drops targets in bpm";
        let percent = in_percent(target, self.settings);
        let resolved = percent.as_ref().map(|percent| self.settings.resolve(percent));
        let (Some(percent), Some(Ok(Resolved::Bpm(from, to)))) = (percent, resolved) else {
            let instead = format!(
                "set an LTHR for {} at intervals.icu, or {}",
                self.sport,
                self.otherwise()
            );
            return self.refuse(line, why, instead);
        };
        let text = target_text(&percent, self.sport).unwrap_or_default();
        let range = if from < to {
            format!("{from}–{to}")
        } else {
            from.to_string()
        };
        self.warn(line, why, format!("it is sent as {text}, which is {range} bpm"));
    }

    /// Why the target of the step would not arrive, and what to write instead.
    fn lost(&self, step: &Step, target: &Target) -> Option<(String, String)> {
        let (from, to) = target.span.ends();
        let say = |why: &str, instead: String| Some((why.to_owned(), instead));
        if let Unit::Other(..) | Unit::PercentMmp(0) = target.unit {
            return say(
                "this target cannot be written as text",
                "use % FTP, W, % LTHR, % HR, pace or a zone".to_owned(),
            );
        }
        if from.is_zero() || to.is_zero() {
            return say(
                "a target of 0",
                "give a number, or leave the target out".to_owned(),
            );
        }
        let percent = matches!(
            target.unit,
            Unit::PercentFtp
                | Unit::PercentMmp(_)
                | Unit::PercentMaxHr
                | Unit::PercentLthr
                | Unit::PercentPace
        );
        if percent && from.max(to).get() <= 2.0 {
            let whole = |value: Number| Number::of((value.get() * 1000.0).round() / 10.0).unwrap_or(value);
            let whole = with_span(target, whole);
            return say(
                "this is a fraction, not a percentage",
                format!("write {}", either(&[self.line(step, whole)])),
            );
        }
        let lacking = self.settings.resolve(target).err()?;
        if lacking == Lacking::Unknown {
            return None;
        }
        if lacking == Lacking::Zone {
            return Some(self.no_such_zone(target));
        }
        let why = format!(
            "there is no {} for {}, so this target reaches no device",
            lacking.name(),
            self.sport
        );
        Some((why, format!("set it at intervals.icu, or {}", self.otherwise())))
    }

    /// A zone that the athlete does not have.
    fn no_such_zone(&self, target: &Target) -> (String, String) {
        let (zones, name) = match target.unit.kind() {
            Kind::HeartRate => (&self.settings.hr_zones, "heart rate"),
            Kind::Pace => (&self.settings.pace_zones, "pace"),
            _ => (&self.settings.power_zones, "power"),
        };
        if zones.is_empty() {
            return (
                format!("there are no zones of {name} for {}", self.sport),
                format!("set them at intervals.icu, or {}", self.otherwise()),
            );
        }
        (
            format!("{} has no such zone", self.sport),
            format!("its zones of {name} are Z1 to Z{}", zones.len()),
        )
    }

    /// The step with this target alone, as a line.
    fn line(&self, step: &Step, target: Target) -> String {
        let alone = Step {
            targets: vec![target],
            ..step.clone()
        };
        suggested(&alone, self.sport)
    }

    /// The kinds of target that this athlete's settings know. No number: that of another base would be another effort.
    fn otherwise(&self) -> String {
        let ride = is_ride(self.sport);
        let per = Per::of_sport(self.sport);
        let zones = |zones: &[f64], after: &str| format!("Z1 to Z{}{after}", zones.len());
        let power = if ride { "" } else { " Power" };
        let kinds = [
            (
                Unit::PercentFtp,
                if ride {
                    "% of FTP".to_owned()
                } else {
                    "% Power".to_owned()
                },
            ),
            (Unit::PowerZone, zones(&self.settings.power_zones, power)),
            (Unit::PercentLthr, "% LTHR".to_owned()),
            (Unit::PercentMaxHr, "% HR".to_owned()),
            (Unit::HrZone, zones(&self.settings.hr_zones, " HR")),
            (Unit::PercentPace, "% Pace".to_owned()),
            (Unit::PaceZone, zones(&self.settings.pace_zones, " Pace")),
            (Unit::Watts, "watts (w)".to_owned()),
            (Unit::Pace(per), format!("a pace (m:ss/{} Pace)", per.word())),
        ];
        let is_known = |unit: &Unit| {
            let one = Target {
                unit: unit.clone(),
                span: Span::At(Number::from(1)),
                averaged: None,
            };
            let fits = match unit {
                Unit::Watts => ride,
                Unit::Pace(_) => !ride,
                _ => true,
            };
            fits && self.settings.resolve(&one).is_ok()
        };
        let known = kinds.into_iter().filter(|(unit, _)| is_known(unit));
        let known: Vec<String> = known.map(|(_, name)| name).collect();
        if known.is_empty() {
            return "leave the target out".to_owned();
        }
        format!(
            "say the effort by what {} has: {}; or leave the target out",
            self.sport,
            known.join(", ")
        )
    }
}

/// The same target with other numbers.
fn with_span(target: &Target, number: impl Fn(Number) -> Number) -> Target {
    let span = match target.span {
        Span::At(only) => Span::At(number(only)),
        Span::Between(from, to) => Span::Between(number(from), number(to)),
    };
    Target {
        span,
        ..target.clone()
    }
}

/// What is sent for what was written.
fn as_sent(mut workout: Workout, settings: &Settings) -> Workout {
    for item in &mut workout.items {
        let (steps, repeated) = match item {
            Item::Step(step) => (std::slice::from_mut(step), false),
            Item::Repeat(repeat) => (&mut repeat.steps[..], true),
            Item::Other(_) => continue,
        };
        for target in steps.iter_mut().flat_map(|step| &mut step.targets) {
            if target.unit == Unit::Bpm
                && let Some(percent) = in_percent(target, settings)
            {
                *target = percent;
            }
        }
        if repeated {
            mark(steps);
        }
    }
    workout
}

/// Without a mark a watch shows a recovery like the work before it.
fn mark(steps: &mut [Step]) {
    if steps.iter().any(|step| step.role.is_some()) {
        return;
    }
    let roles: Vec<Option<Role>> = steps.iter().map(|step| called(&step.cue)).collect();
    if roles.iter().all(|role| role.is_some() == roles[0].is_some()) {
        return;
    }
    for (step, role) in steps.iter_mut().zip(roles) {
        step.role = role.or(Some(Role::Interval));
    }
}

/// The role that a label names with its first word.
fn called(cue: &str) -> Option<Role> {
    const RESTS: [&str; 6] = ["rest", "pause", "repos", "descanso", "riposo", "stehpause"];
    const RECOVERIES: [&str; 17] = [
        "easy",
        "recovery",
        "recover",
        "recoveries",
        "jog",
        "float",
        "walk",
        "off",
        "locker",
        "erholung",
        "trab",
        "trabpause",
        "gehpause",
        "récup",
        "récupération",
        "recuperación",
        "recupero",
    ];
    let word = cue.split_whitespace().next()?.trim_end_matches([':', ',', '.']);
    let word = word.to_lowercase();
    if RESTS.contains(&word.as_str()) {
        Some(Role::Rest)
    } else {
        RECOVERIES.contains(&word.as_str()).then_some(Role::Recovery)
    }
}

/// A target in bpm as a percentage of the athlete's LTHR or, without one, of max HR.
fn in_percent(target: &Target, settings: &Settings) -> Option<Target> {
    let known = |threshold: Option<f64>| threshold.filter(|bpm| bpm.is_finite() && *bpm > 0.0);
    let (threshold, unit) = known(settings.lthr)
        .map(|lthr| (lthr, Unit::PercentLthr))
        .or(known(settings.max_hr).map(|max| (max, Unit::PercentMaxHr)))?;
    let percent =
        |bpm: Number| Number::of((bpm.get() / threshold * 100.0).round()).filter(|part| !part.is_zero());
    let (from, to) = target.span.ends();
    let (from, to) = (percent(from.min(to))?, percent(from.max(to))?);
    Some(Target {
        unit,
        span: if from < to {
            Span::Between(from, to)
        } else {
            Span::At(from)
        },
        averaged: target.averaged.clone(),
    })
}
