//! How the workout that intervals.icu holds differs from the one that was sent, step by step.

use std::fmt;

use super::{
    model::{Item, Kind, Role, Span, Step, Target, Workout},
    text::{length_text, numbers, step_text, target_text},
};

/// More pairs of steps than this are not compared one by one.
const MOST_PAIRS: usize = 1_000_000;

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The step that was sent, from 1 and counting those of repeats once; `None` for what is held in addition.
    pub step: Option<usize>,
    /// The step as text, without its dash; as it was sent, or as it is held in addition.
    pub line: String,
    /// What is different.
    pub what: String,
    /// Whether it is about repeats or labels only, so that the same steps in another form may be read as meant.
    pub by_form: bool,
}

/// `step 3 (4m 105-110%): its target is missing`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "step {step} ({}): {}", self.line, self.what),
            None if self.line.is_empty() => f.write_str(&self.what),
            None => write!(f, "{} ({})", self.what, self.line),
        }
    }
}

/// How what is held differs from the workout of this sport that was sent; empty only if their canonical forms are equal and no
/// range is held backwards.
pub fn differences(wanted: &Workout, held: &Workout, sport: &str) -> Vec<Difference> {
    let (sent, mut found) = (leaves(wanted), leaves(held));
    let mut all = Found {
        sport,
        all: Vec::new(),
    };
    if sent.len().saturating_mul(found.len()) > MOST_PAIRS {
        if wanted.canonical() != held.canonical() {
            let what = format!("{} steps are held, {} were sent", found.len(), sent.len());
            all.whole(what, true);
        }
        return all.all;
    }
    for item in &held.items {
        if let Item::Other(_) = item {
            all.whole("something is held that is not a step".to_owned(), false);
        }
    }
    let mut pairs = align(&sent, &found);
    let written_out = written_out(&sent, &mut found, &mut pairs);
    for (at, leaf) in sent.iter().enumerate() {
        let Some(other) = pairs[at].map(|other| &found[other]) else {
            all.push(at, &leaf.step, "it is missing", leaf.block.is_some());
            continue;
        };
        all.compare(at, &leaf.step, other);
        let first = at == 0 || sent[at - 1].block != leaf.block;
        all.repeats(at, leaf, other, first, written_out.contains(&leaf.block));
    }
    let taken: Vec<usize> = pairs.into_iter().flatten().collect();
    for (at, leaf) in found.iter().enumerate() {
        if !taken.contains(&at) && !leaf.written_out {
            // Its label may be anybody's words.
            let line = all.line(&Step {
                cue: String::new(),
                ..leaf.step.clone()
            });
            all.all.push(Difference {
                step: None,
                line,
                what: "a step is held that was not sent".to_owned(),
                by_form: true,
            });
        }
    }
    let is_same = wanted.canonical() == held.canonical();
    if all.all.is_empty() && !is_same {
        all.whole(
            "repeats and steps are not grouped as they were sent".to_owned(),
            true,
        );
    }
    all.all
}

/// A step, and the repeat it is in.
struct Leaf {
    step: Step,
    /// A range goes from its faster or higher end to the other.
    backwards: bool,
    /// The index of the repeat, how often, and its heading.
    block: Option<(usize, u32, String)>,
    /// One of the rounds of a repeat that is held as single steps.
    written_out: bool,
}

fn leaves(workout: &Workout) -> Vec<Leaf> {
    let mut all = Vec::new();
    for (at, item) in workout.items.iter().enumerate() {
        let (steps, block) = match item {
            Item::Step(step) => (std::slice::from_ref(step), None),
            Item::Repeat(repeat) if repeat.count == 0 => continue,
            Item::Repeat(repeat) => {
                let heading = super::text::plain_cue(&repeat.heading);
                (&repeat.steps[..], Some((at, repeat.count, heading)))
            }
            Item::Other(_) => continue,
        };
        for step in steps {
            all.extend(step.canonical().map(|canonical| Leaf {
                backwards: step.is_backwards(),
                step: canonical,
                block: block.clone(),
                written_out: false,
            }));
        }
    }
    all
}

/// For each step that was sent the one that is held for it.
fn align(sent: &[Leaf], found: &[Leaf]) -> Vec<Option<usize>> {
    let width = found.len() + 1;
    // The cost of what is left, from each pair on.
    let mut costs = vec![0_usize; (sent.len() + 1) * width];
    for at in (0..=sent.len()).rev() {
        for other in (0..=found.len()).rev() {
            costs[at * width + other] = match (sent.get(at), found.get(other)) {
                (None, _) => found.len() - other,
                (_, None) => sent.len() - at,
                (Some(leaf), Some(held)) => {
                    let pair = unlike(&leaf.step, &held.step) + costs[(at + 1) * width + other + 1];
                    let apart = costs[(at + 1) * width + other].min(costs[at * width + other + 1]) + 1;
                    pair.min(apart)
                }
            };
        }
    }
    let mut pairs = vec![None; sent.len()];
    let (mut at, mut other) = (0, 0);
    while at < sent.len() && other < found.len() {
        let cost = costs[at * width + other];
        let pair = unlike(&sent[at].step, &found[other].step) + costs[(at + 1) * width + other + 1];
        if cost == pair {
            pairs[at] = Some(other);
            (at, other) = (at + 1, other + 1);
        } else if cost == costs[(at + 1) * width + other] + 1 {
            at += 1;
        } else {
            other += 1;
        }
    }
    pairs
}

/// 0 for the same step, 1 for one that became another, 3 for two that have nothing in common.
fn unlike(sent: &Step, held: &Step) -> usize {
    if sent == held {
        0
    } else if sent.length == held.length
        || (!sent.cue.is_empty() && sent.cue == held.cue)
        || (!sent.targets.is_empty() && sent.targets == held.targets)
    {
        1
    } else {
        3
    }
}

/// The repeats that are held as single steps, round after round; their further rounds are marked.
fn written_out(
    sent: &[Leaf],
    found: &mut [Leaf],
    pairs: &mut [Option<usize>],
) -> Vec<Option<(usize, u32, String)>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < sent.len() {
        let block = sent[at].block.clone();
        let steps = sent[at..].iter().take_while(|leaf| leaf.block == block).count();
        if let (Some((_, count, _)), Some(begin)) = (&block, pairs[at]) {
            let rounds = steps.saturating_mul(*count as usize);
            let run = found.get(begin..begin.saturating_add(rounds));
            let is_run = run.is_some_and(|run| {
                run.iter()
                    .enumerate()
                    .all(|(offset, leaf)| leaf.block.is_none() && leaf.step == sent[at + offset % steps].step)
            });
            if *count > 1 && is_run {
                for (offset, leaf) in found[begin..begin + rounds].iter_mut().enumerate() {
                    leaf.written_out = true;
                    if offset < steps {
                        pairs[at + offset] = Some(begin + offset);
                    }
                }
                blocks.push(block);
            }
        }
        at += steps;
    }
    blocks
}

struct Found<'a> {
    sport: &'a str,
    all: Vec<Difference>,
}

impl Found<'_> {
    fn line(&self, step: &Step) -> String {
        step_text(step, self.sport).trim_start_matches("- ").to_owned()
    }

    fn whole(&mut self, what: String, by_form: bool) {
        self.all.push(Difference {
            step: None,
            line: String::new(),
            what,
            by_form,
        });
    }

    fn push(&mut self, at: usize, step: &Step, what: impl Into<String>, by_form: bool) {
        let line = self.line(step);
        self.all.push(Difference {
            step: Some(at + 1),
            line,
            what: what.into(),
            by_form,
        });
    }

    /// What concerns the whole repeat is said once, of its `first` step.
    fn repeats(&mut self, at: usize, leaf: &Leaf, held: &Leaf, first: bool, written_out: bool) {
        let what = match (&leaf.block, &held.block) {
            (Some(_), None) if written_out => {
                "its repeat is held as single steps, one round after the other".to_owned()
            }
            (Some((_, count, _)), None) => {
                self.push(
                    at,
                    &leaf.step,
                    format!("it is held once, outside its repeat of {count}"),
                    true,
                );
                return;
            }
            (None, Some((_, count, _))) => {
                self.push(
                    at,
                    &leaf.step,
                    format!("it is held inside a repeat, {count} times"),
                    true,
                );
                return;
            }
            (Some((_, sent, _)), Some((_, held, _))) if sent != held => {
                format!("its repeat is done {held} times, not {sent}")
            }
            (Some((.., sent)), Some((.., held))) if sent != held => {
                "its repeat has another heading".to_owned()
            }
            _ => return,
        };
        if first {
            self.push(at, &leaf.step, what, true);
        }
    }

    fn compare(&mut self, at: usize, sent: &Step, other: &Leaf) {
        let held = &other.step;
        let mut what = Vec::new();
        if sent.length != held.length {
            what.push(format!(
                "it is {} long, not {}",
                length_text(held.length, self.sport),
                length_text(sent.length, self.sport)
            ));
        }
        for kind in [Kind::Power, Kind::HeartRate, Kind::Pace, Kind::Other] {
            what.extend(self.target(sent, held, kind));
        }
        if other.backwards {
            what.push("its range is held the wrong way round".to_owned());
        }
        match (sent.ramp, held.ramp) {
            (true, false) if !held.targets.is_empty() => {
                what.push("it is steady, not a ramp".to_owned());
            }
            (false, true) => what.push("it is a ramp, not steady".to_owned()),
            _ => {}
        }
        for (is_sent, is_held, name) in [
            (sent.freeride, held.freeride, "free ride"),
            (sent.max_effort, held.max_effort, "maximum effort"),
            (sent.hide_power, held.hide_power, "hiding of the power"),
            (sent.until_lap, held.until_lap, "end at the lap button"),
        ] {
            match (is_sent, is_held) {
                (true, false) => what.push(format!("its {name} is missing")),
                (false, true) => what.push(format!("it has a {name} that was not sent")),
                _ => {}
            }
        }
        what.extend(role(sent.role, held.role));
        what.extend(cadence(sent.cadence, held.cadence));
        if sent.cue != held.cue {
            what.push(
                match (
                    held.cue.is_empty(),
                    !held.cue.is_empty() && sent.cue.starts_with(&held.cue),
                ) {
                    (true, _) => "its label is missing",
                    (_, true) => "its label is cut short",
                    _ => "it has another label",
                }
                .to_owned(),
            );
        }
        if !what.is_empty() {
            self.push(at, sent, what.join("; "), sent.cue != held.cue);
        }
    }

    fn target(&self, sent: &Step, held: &Step, kind: Kind) -> Option<String> {
        let of = |step: &Step| {
            step.targets
                .iter()
                .find(|target| target.unit.kind() == kind)
                .cloned()
        };
        let say = |target: &Target| {
            target_text(target, self.sport)
                .unwrap_or_else(|| format!("{} of an unknown unit", numbers(target.span)))
        };
        match (of(sent), of(held)) {
            (Some(sent), None) => Some(format!("its target {} is missing", say(&sent))),
            (None, Some(held)) => Some(format!("it has the target {}, which was not sent", say(&held))),
            (Some(sent), Some(held)) if sent != held => {
                Some(format!("its target is {}, not {}", say(&held), say(&sent)))
            }
            _ => None,
        }
    }
}

fn role(sent: Option<Role>, held: Option<Role>) -> Option<String> {
    match (sent, held) {
        (Some(sent), None) => Some(format!("it is not marked as {}", sent.word())),
        (None, Some(held)) => Some(format!("it is marked as {}", held.word())),
        (Some(sent), Some(held)) if sent != held => {
            Some(format!("it is marked as {}, not {}", held.word(), sent.word()))
        }
        _ => None,
    }
}

fn cadence(sent: Option<Span>, held: Option<Span>) -> Option<String> {
    match (sent, held) {
        (Some(_), None) => Some("its cadence is missing".to_owned()),
        (None, Some(held)) => Some(format!("it has a cadence of {} rpm", numbers(held))),
        (Some(sent), Some(held)) if sent != held => Some(format!(
            "its cadence is {} rpm, not {}",
            numbers(held),
            numbers(sent)
        )),
        _ => None,
    }
}
