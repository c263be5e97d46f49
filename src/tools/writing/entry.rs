//! A workout that is to be on the calendar: read, checked, and as the fields that intervals.icu takes.
//!
//! Pure: nothing here sends anything.

use sha2::{Digest as _, Sha256};

use super::{Steps, Wish};
use crate::{
    guard::journal::Change,
    intervals::model::{EntryFields, Event},
    tools::arguments::Moment,
    workout::{
        Problem, Settings, Severity, Workout, check, differences,
        resolve::Place,
        text::{parse, render},
    },
};

/// A workout for one athlete.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tools) struct Entry {
    /// An intervals.icu type.
    pub(in crate::tools) sport: String,
    pub(in crate::tools) on: Moment,
    pub(in crate::tools) name: String,
    /// Its steps; none for prose alone.
    pub(in crate::tools) workout: Workout,
    /// What stands above the steps.
    pub(in crate::tools) prose: String,
    /// Upstream computes it from steps.
    pub(in crate::tools) load: Option<f64>,
    /// s; upstream computes it from steps.
    pub(in crate::tools) secs: Option<f64>,
    pub(in crate::tools) indoor: bool,
    pub(in crate::tools) tags: Vec<String>,
    pub(in crate::tools) color: Option<String>,
}

/// Characters of a name.
pub(in crate::tools) const NAME: usize = 80;
/// Characters of prose.
pub(in crate::tools) const NOTE: usize = 2000;

impl Entry {
    /// It as something to write; `retry` is an earlier try that nobody knows the end of.
    pub(in crate::tools) fn wish(&self, retry: Option<Change>) -> Wish {
        Wish::Make {
            fields: self.fields(),
            steps: self.steps(),
            fingerprint: Some(self.fingerprint()),
            retry,
        }
    }

    /// Its steps, as they must be read back.
    pub(in crate::tools) fn steps(&self) -> Option<Steps> {
        self.has_steps().then(|| Steps {
            sport: self.sport.clone(),
            workout: self.workout.clone(),
            prose: self.prose.clone(),
        })
    }

    pub(in crate::tools) fn has_steps(&self) -> bool {
        !self.workout.items.is_empty()
    }

    /// What intervals.icu reads the steps from.
    pub(in crate::tools) fn description(&self) -> String {
        described(&self.prose, &self.workout, &self.sport)
    }

    /// The fields of a new entry.
    pub(in crate::tools) fn fields(&self) -> EntryFields {
        let alone = !self.has_steps();
        EntryFields {
            category: Some("WORKOUT".to_owned()),
            start_date_local: Some(self.on.start()),
            sport: Some(self.sport.clone()),
            name: Some(self.name.clone()),
            description: Some(self.description()).filter(|text| !text.is_empty()),
            indoor: self.indoor.then_some(true),
            moving_time: self.secs.filter(|_| alone),
            icu_training_load: self.load.filter(|_| alone),
            tags: Some(self.tags.clone()).filter(|tags| !tags.is_empty()),
            color: self.color.clone(),
            ..EntryFields::default()
        }
    }

    /// The same for two entries that nobody could tell apart on the calendar: day, sport, name, steps, prose.
    pub(in crate::tools) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [
            &self.on.start().to_string(),
            &self.sport,
            &same_name(&self.name),
            &self.description(),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().into()
    }

    pub(in crate::tools) fn place(&self) -> Place {
        place(self.indoor)
    }
}

/// A workout for one athlete, and what the checks say about it.
#[derive(Debug, Clone)]
pub(in crate::tools) struct Prepared {
    pub(in crate::tools) entry: Entry,
    /// In the order of the lines.
    pub(in crate::tools) problems: Vec<Problem>,
    /// The athlete's, for its sport.
    pub(in crate::tools) settings: Settings,
}

impl Prepared {
    pub(in crate::tools) fn is_refused(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Refuse)
    }

    /// Why it is not written: `line 3: …; write …`.
    pub(in crate::tools) fn refusal(&self) -> String {
        let mut reasons: Vec<(&Problem, Vec<usize>)> = Vec::new();
        let refused = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Refuse);
        for problem in refused {
            let same = |(other, _): &&mut (&Problem, Vec<usize>)| {
                (&other.why, &other.instead) == (&problem.why, &problem.instead)
            };
            match reasons.iter_mut().find(same) {
                Some((_, lines)) => lines.push(problem.line),
                None => reasons.push((problem, vec![problem.line])),
            }
        }
        let reasons = reasons.into_iter().map(|(problem, lines)| {
            let lines: Vec<String> = lines
                .into_iter()
                .filter(|line| *line > 0)
                .map(|line| line.to_string())
                .collect();
            let lines = match lines.len() {
                0 => String::new(),
                1 => format!("line {}: ", lines[0]),
                _ => format!("lines {}: ", lines.join(", ")),
            };
            format!("{lines}{}; {}", problem.why, problem.instead)
        });
        reasons.collect::<Vec<_>>().join(" | ")
    }
}

pub(in crate::tools) fn place(indoor: bool) -> Place {
    if indoor { Place::Indoors } else { Place::Outdoors }
}

/// A name as people compare names: without case and doubled spaces.
pub(in crate::tools) fn same_name(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Prose above steps, apart from each other.
pub(in crate::tools) fn described(prose: &str, workout: &Workout, sport: &str) -> String {
    let steps = render(workout, sport);
    let parts = [prose.trim(), &steps].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Steps and prose that were written for a workout, checked for an athlete with these settings.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::tools) struct Written {
    pub(in crate::tools) workout: Workout,
    pub(in crate::tools) prose: String,
    /// In the order of the lines.
    pub(in crate::tools) problems: Vec<Problem>,
}

impl Written {
    /// Reads `text`, with `note` as prose above it.
    pub(in crate::tools) fn read(text: &str, note: &str, sport: &str, settings: &Settings) -> Self {
        let checked = check::text(text, sport, settings);
        let note = bulleted(note);
        let mut problems = checked.problems;
        if !parse(&note, sport).workout.items.is_empty() {
            problems.push(Problem {
                line: 0,
                severity: Severity::Refuse,
                why: "a line of the note would become a step".to_owned(),
                instead: "write steps in text, and no line of the note like one".to_owned(),
            });
        }
        let prose = [note.trim(), checked.prose.trim()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
        Self {
            workout: checked.workout,
            prose,
            problems,
        }
    }
}

/// Prose with bullets instead of dashes, which intervals.icu would read as steps.
pub(in crate::tools) fn bulleted(prose: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix('-') {
        Some(rest) => format!("• {}", rest.trim_start_matches('-').trim_start()),
        None => line.to_owned(),
    };
    prose.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A safer way to write steps that intervals.icu read differently: repeats written out, without labels.
pub(in crate::tools) fn safer(workout: &Workout) -> Option<Workout> {
    use crate::workout::model::Item;
    let mut items = Vec::new();
    for item in &workout.items {
        match item {
            Item::Step(step) => items.push(step.clone()),
            Item::Repeat(repeat) => {
                for _ in 0..repeat.count {
                    items.extend(repeat.steps.iter().cloned());
                }
            }
            Item::Other(_) => return None,
        }
        if items.len() > check::MOST_LINES {
            return None;
        }
    }
    let items = items.into_iter().map(|mut step| {
        step.cue.clear();
        Item::Step(step)
    });
    let safer = Workout {
        items: items.collect(),
    };
    (safer != *workout).then_some(safer)
}

/// Whether nobody could tell the two apart: the same steps or, without any, the same words.
pub(in crate::tools) fn is_same(entry: &Entry, event: &Event) -> bool {
    let there = event
        .workout_doc
        .as_ref()
        .map(|doc| doc.workout())
        .unwrap_or_default();
    if !entry.has_steps() && there.items.is_empty() {
        let words = |text: &str| {
            let text = bulleted(text);
            text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        return words(&entry.prose) == words(event.description.as_deref().unwrap_or_default());
    }
    differences(&entry.workout, &there, &entry.sport).is_empty()
}
