//! Workout text to steps, line by line, with everything that upstream loses without a word: lines without a length,
//! blocks that a blank line ends, second targets, units it does not know. No athlete's numbers.
//!
//! Measured behaviour throughout, as in the reference that the vectors come from. Three things were reported later and differ
//! from it: of two kinds of target on one step only the first is kept (which of them is not known), an unknown
//! `intensity=` sets nothing, and labels are escaped for HTML.

use super::{
    model::{Averaging, Item, Kind, Section, Span, Step, Target, Unit},
    token,
};

/// What the lines above began, which goes on to a blank line.
enum Block {
    None,
    Section(Section),
    Repeat {
        reps: u32,
        text: String,
        steps: Vec<Step>,
    },
}

/// Steps of `text`, for an activity of the type `sport`, which has a say only in a pace without a unit.
pub(super) fn parse(text: &str, sport: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut block = Block::None;
    for line in text
        .replace("\r\n", "\n")
        .split(['\n', '\r', '\u{2028}', '\u{2029}'])
    {
        let line = line.trim();
        if let Some(body) = line.strip_prefix('-') {
            let Some(step) = step(body.trim(), sport) else {
                continue;
            };
            match &mut block {
                Block::Repeat { steps, .. } => steps.push(step),
                Block::Section(section) => items.push(Item::Step(Step {
                    section: Some(*section),
                    ..step
                })),
                Block::None => items.push(Item::Step(step)),
            }
        } else {
            close(&mut items, block);
            block = opened(line);
        }
    }
    close(&mut items, block);
    items
}

/// Keeps a repeat that has steps. A heading without any leaves nothing.
fn close(items: &mut Vec<Item>, block: Block) {
    if let Block::Repeat { reps, text, steps } = block
        && !steps.is_empty()
    {
        items.push(Item::Repeat { reps, text, steps });
    }
}

/// What a line that is no step begins. Prose and blank lines begin nothing.
fn opened(line: &str) -> Block {
    if let Some(reps) = times(line) {
        return Block::Repeat {
            reps,
            text: line.to_owned(),
            steps: Vec::new(),
        };
    }
    match line.to_ascii_lowercase().as_str() {
        "warmup" | "warm up" | "warm-up" => Block::Section(Section::Warmup),
        "cooldown" | "cool down" | "cool-down" => Block::Section(Section::Cooldown),
        _ => Block::None,
    }
}

/// The count of a line that ends in `4x`.
fn times(line: &str) -> Option<u32> {
    let counted = line.strip_suffix(['x', 'X'])?.trim_end();
    let digits = &counted[counted.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
}

/// What a word, or a few, mean in a step line.
enum Token {
    Duration(u32),
    Distance(f64),
    Ramp,
    Freeride,
    Maxeffort,
    Hidepower,
    Intensity(token::Intensity),
    Averaging(Averaging),
    Cadence(Span),
    Target(Target),
    /// No token, but it closes the label.
    Cut,
}

/// The token that begins with `words[0]`, where in that word it begins, and how many words it takes.
fn read(words: &[&str], sport: &str) -> Option<(Token, usize, usize)> {
    let word = words.first()?;
    let single = match word.to_ascii_lowercase().as_str() {
        "ramp" => Some(Token::Ramp),
        "freeride" | "free" => Some(Token::Freeride),
        "maxeffort" => Some(Token::Maxeffort),
        "hidepower" => Some(Token::Hidepower),
        _ => token::duration(word)
            .map(Token::Duration)
            .or_else(|| token::distance(word).map(Token::Distance))
            .or_else(|| token::intensity(word).map(Token::Intensity))
            .or_else(|| token::averaging(word).map(Token::Averaging))
            .or_else(|| token::cadence(word).map(Token::Cadence)),
    };
    if let Some(token) = single {
        return Some((token, 0, 1));
    }
    if let Some((target, count)) = token::target(words, sport) {
        return Some((Token::Target(target), 0, count));
    }
    token::number_and_unit(word).map(|at| (Token::Cut, at, 1))
}

/// Tokens of a step line, each with the byte at which it begins.
fn tokens(body: &str, words: &[&str], sport: &str) -> Vec<(Token, usize)> {
    // Words are slices of the body, so their addresses say where they begin.
    let start_of = |word: &str| word.as_ptr().addr() - body.as_ptr().addr();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < words.len() {
        at += match read(&words[at..], sport) {
            Some((token, offset, count)) => {
                tokens.push((token, start_of(words[at]) + offset));
                count
            }
            None => 1,
        };
    }
    tokens
}

/// The step of a line without its dash. None if upstream drops the line, which it does without a duration or a distance.
fn step(body: &str, sport: &str) -> Option<Step> {
    let words: Vec<&str> = body.split_whitespace().collect();
    let tokens = tokens(body, &words, sport);
    let closer = tokens.iter().find(|(token, _)| !matches!(token, Token::Ramp));
    let end = closer.map_or(body.len(), |(_, at)| *at);
    let cleared = matches!(
        closer,
        Some((
            Token::Target(Target {
                unit: Unit::PowerZone | Unit::CustomZone,
                ..
            }),
            _
        ))
    );
    let mut step = Step {
        text: if cleared {
            String::new()
        } else {
            label(&body[..end])
        },
        until_lap_press: has_lap_press(&words),
        ..Step::default()
    };
    let mut averaged = Vec::new();
    for (token, at) in tokens {
        // `ramp` before the label ends is part of it.
        if at >= end {
            take(&mut step, token, &mut averaged);
        }
    }
    if let Some(target) = &mut step.target {
        let kind = target.unit.kind();
        let last = averaged
            .into_iter()
            .rfind(|averaging: &Averaging| averaging.kind == kind);
        target.averaged = last.map(|averaging| averaging.over);
    }
    let ranged = step
        .target
        .as_ref()
        .is_some_and(|target| matches!(target.span, Span::Two(..)));
    step.ramp &= ranged;
    (step.secs > 0 || step.metres.is_some()).then_some(step)
}

/// Lays a token over the step. The last of a kind wins, but a target of a second kind is lost.
fn take(step: &mut Step, token: Token, averaged: &mut Vec<Averaging>) {
    match token {
        Token::Duration(secs) => step.secs = secs,
        Token::Distance(metres) => step.metres = Some(metres).filter(|metres| *metres > 0.0),
        Token::Ramp => step.ramp = true,
        Token::Freeride => step.freeride = true,
        Token::Maxeffort => step.maxeffort = true,
        Token::Hidepower => step.hidepower = true,
        Token::Intensity(token::Intensity(known)) => step.intensity = known,
        Token::Averaging(averaging) => averaged.push(averaging),
        Token::Cadence(span) => step.cadence = Some(span),
        Token::Target(target) => {
            let kind_of = |target: &Target| -> Kind { target.unit.kind() };
            if step
                .target
                .as_ref()
                .is_none_or(|first| kind_of(first) == kind_of(&target))
            {
                step.target = Some(target);
            }
        }
        Token::Cut => {}
    }
}

/// A label as upstream stores it: without the mark that ends timed prompts, and escaped for HTML.
fn label(text: &str) -> String {
    let text = text.replace("<!>", "");
    text.trim()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// `Press lap`, anywhere in the line.
fn has_lap_press(words: &[&str]) -> bool {
    words.windows(2).any(|pair| {
        let (first, second) = (pair[0].to_lowercase(), pair[1].to_lowercase());
        let ends = |text: &str| !text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let starts = |text: &str| !text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        first
            .strip_suffix("press")
            .is_some_and(|before| before.is_empty() || ends(before))
            && second
                .strip_prefix("lap")
                .is_some_and(|after| after.is_empty() || starts(after))
    })
}
