//! A workout as text: reading and writing intervals.icu's own language.
//!
//! [`parse`] reads a text as intervals.icu reads it and says where that is hardly what was meant; [`render`] writes the one form
//! that is known to come back whole.

use std::fmt::Write as _;

use super::{
    Problem,
    model::{Item, Kind, Length, MILE, Number, Per, Repeat, Role, Span, Step, Target, Unit, Workout, YARD},
    words::{self, Word},
};

/// Why two targets are one too many, and what to do.
pub(super) const TWO_TARGETS: (&str, &str) = (
    "two targets on one step, of which one is lost",
    "keep one of power, heart rate and pace",
);

/// A text as intervals.icu reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Its steps.
    pub workout: Workout,
    /// For each of [`Workout::steps`] its line, from 1.
    pub lines: Vec<usize>,
    /// The lines that are neither steps, nor headings of sections or repeats.
    pub prose: String,
    /// What would be lost or read differently from what was meant.
    pub problems: Vec<Problem>,
}

/// Reads a text of this sport (upstream's name for it).
pub fn parse(text: &str, sport: &str) -> Parsed {
    let mut reader = Reader {
        sport,
        parsed: Parsed::default(),
        block: Block::None,
    };
    for (number, line) in lines(text).enumerate() {
        reader.line(number + 1, line);
    }
    reader.close();
    let mut parsed = reader.parsed;
    parsed.prose = parsed.prose.trim().to_owned();
    parsed.problems.sort_by_key(|problem| problem.line);
    parsed
}

/// The lines, whatever ends them: nothing in the middle of one may become a line of its own at intervals.icu.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.lines().flat_map(move |line| line.split(ends))
}

/// What the next step belongs to.
enum Block {
    None,
    Section(Role),
    Repeat {
        line: usize,
        lines: Vec<usize>,
        repeat: Repeat,
    },
}

struct Reader<'a> {
    sport: &'a str,
    parsed: Parsed,
    block: Block,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, raw: &str) {
        let line = raw.trim();
        if line.is_empty() {
            self.close();
            if !self.parsed.prose.is_empty() {
                self.parsed.prose.push('\n');
            }
        } else if let Some(body) = line.strip_prefix('-') {
            self.step(number, body.trim());
        } else if let Some((heading, count)) = repeat_header(line) {
            self.header(number, heading, count, raw);
        } else if let Some((role, english)) = section(line) {
            self.close();
            if !english {
                let word = if role == Role::Warmup {
                    "Warmup"
                } else {
                    "Cooldown"
                };
                self.problem(Problem::warn(
                    number,
                    "intervals.icu knows section words in English only",
                    format!("write {word}; it is sent like that"),
                ));
            }
            self.block = Block::Section(role);
        } else {
            self.prose(number, line);
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.parsed.problems.push(problem);
    }

    fn close(&mut self) {
        let Block::Repeat { line, lines, repeat } = std::mem::replace(&mut self.block, Block::None) else {
            return;
        };
        if repeat.steps.is_empty() {
            self.problem(Problem::refuse(
                line,
                "no step follows this repeat, so intervals.icu drops it",
                "put its steps directly below, without an empty line between; repeats cannot be nested",
            ));
            return;
        }
        self.parsed.lines.extend(lines);
        self.parsed.workout.items.push(Item::Repeat(repeat));
    }

    fn header(&mut self, line: usize, heading: &str, count: u32, raw: &str) {
        let nested = raw.starts_with([' ', '\t'])
            && matches!(&self.block, Block::Repeat { repeat, .. } if !repeat.steps.is_empty());
        if nested {
            self.problem(Problem::refuse(
                line,
                "intervals.icu cannot nest repeats",
                "write out the inner repeat, or make it a repeat of its own after an empty line",
            ));
        }
        self.close();
        if count == 0 {
            self.problem(Problem::refuse(line, "a repeat of 0", "give the count, as in 4x"));
            return;
        }
        let repeat = Repeat {
            count,
            heading: heading.to_owned(),
            steps: Vec::new(),
        };
        self.block = Block::Repeat {
            line,
            lines: Vec::new(),
            repeat,
        };
    }

    fn prose(&mut self, number: usize, line: &str) {
        if matches!(&self.block, Block::Repeat { repeat, .. } if !repeat.steps.is_empty()) {
            self.problem(Problem::warn(
                number,
                "a line of text ends the repeat above it",
                "leave an empty line before it, or put it before the first step",
            ));
        }
        self.close();
        if let Some(problem) = looks_like_a_step(number, line, self.sport) {
            self.problem(problem);
        }
        let _ = writeln!(self.parsed.prose, "{line}");
    }

    fn step(&mut self, number: usize, body: &str) {
        let mut read = StepReader::new(number, body, self.sport);
        let step = read.step();
        self.parsed.problems.append(&mut read.problems);
        let Some(mut step) = step else {
            return;
        };
        match &mut self.block {
            Block::Repeat { lines, repeat, .. } => {
                repeat.steps.push(step);
                lines.push(number);
            }
            Block::Section(role) => {
                step.role = step.role.or(Some(*role));
                self.parsed.workout.items.push(Item::Step(step));
                self.parsed.lines.push(number);
            }
            Block::None => {
                self.parsed.workout.items.push(Item::Step(step));
                self.parsed.lines.push(number);
            }
        }
    }
}

/// `Main set 4x`: the heading and the count.
fn repeat_header(line: &str) -> Option<(&str, u32)> {
    let before = line.strip_suffix(['x', 'X'])?.trim_end();
    let heading = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let count = &before[heading.len()..];
    (!count.is_empty()).then(|| (heading.trim(), count.parse().unwrap_or(0)))
}

/// The role of a section's steps, and whether its word is one that intervals.icu knows.
fn section(line: &str) -> Option<(Role, bool)> {
    let word: String = line
        .trim_end_matches(':')
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    let english = !line.ends_with(':');
    match word.as_str() {
        "warmup" => Some((Role::Warmup, english)),
        "cooldown" => Some((Role::Cooldown, english)),
        "échauffement" | "aufwärmen" | "einfahren" | "einlaufen" | "calentamiento" | "riscaldamento" => {
            Some((Role::Warmup, false))
        }
        "retouraucalme" | "abkühlen" | "ausfahren" | "auslaufen" | "enfriamiento" | "defaticamento" => {
            Some((Role::Cooldown, false))
        }
        _ => None,
    }
}

fn looks_like_a_step(number: usize, line: &str, sport: &str) -> Option<Problem> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() > 30 {
        return None;
    }
    let first = words.first()?.to_ascii_lowercase();
    if first
        .strip_suffix('x')
        .is_some_and(|count| count.parse::<u32>().is_ok())
    {
        return Some(Problem::refuse(
            number,
            "a count before the heading is not known to make a repeat",
            "write the count last, as in \"Main set 4x\", and the steps directly below",
        ));
    }
    let counted = first
        .split_once('x')
        .filter(|(count, length)| count.parse::<u32>().is_ok() && words::read(&[length], sport).is_some());
    if counted.is_some() {
        return Some(Problem::refuse(
            number,
            "a count beside a length is no repeat",
            "write \"3x\" alone on a line, and the step directly below, as in \"- 8m 96-100%\"",
        ));
    }
    let (mut length, mut target) = (false, false);
    for at in 0..words.len() {
        match words::read(&words[at..], sport) {
            Some((Word::Time(_) | Word::Distance(_), _)) => length = true,
            Some((Word::Target(..) | Word::Freeride | Word::MaxEffort, _)) => target = true,
            _ => {}
        }
    }
    (length && target).then(|| {
        Problem::refuse(
            number,
            "this reads like a step, but only a line that begins with - is one",
            "begin it with \"- \", or say it without a length and a target",
        )
    })
}

struct StepReader<'a> {
    line: usize,
    body: &'a str,
    sport: &'a str,
    problems: Vec<Problem>,
}

impl<'a> StepReader<'a> {
    fn new(line: usize, body: &'a str, sport: &'a str) -> Self {
        Self {
            line,
            body,
            sport,
            problems: Vec::new(),
        }
    }

    fn refuse(&mut self, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::refuse(self.line, why, instead));
    }

    fn warn(&mut self, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::warn(self.line, why, instead));
    }

    fn step(&mut self) -> Option<Step> {
        let words: Vec<(usize, &str)> = words_of(self.body).collect();
        let plain: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        let until_lap = presses_lap(&plain);
        let mut found: Vec<(usize, Word)> = Vec::new();
        let mut ignored: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some((start, word)) = words.get(at) {
            match words::read(&plain[at..], self.sport) {
                Some((Word::Cut(offset), _)) => {
                    found.push((start + offset, Word::Cut(offset)));
                    ignored.push(word);
                    at += 1;
                }
                Some((meaning, taken)) => {
                    self.power_unsaid(&meaning, taken);
                    found.push((*start, meaning));
                    at += taken;
                }
                None => {
                    if found.iter().any(|(_, word)| !matches!(word, Word::Ramp)) {
                        ignored.push(word);
                    }
                    at += 1;
                }
            }
        }
        let first = found.iter().find(|(_, word)| !matches!(word, Word::Ramp));
        let end = first.map_or(self.body.len(), |(start, _)| *start);
        let zone_first = matches!(
            first,
            Some((_, Word::Target(Unit::PowerZone | Unit::CustomZone, _)))
        );
        let cue = if zone_first { "" } else { self.body[..end].trim() };
        if zone_first && !self.body[..end].trim().is_empty() {
            self.warn(
                "a zone before the length clears the text before it",
                "write the zone after the length",
            );
        }
        found.retain(|(start, _)| *start >= end);
        self.ignored(&ignored);
        self.put_together(cue, until_lap, found)
    }

    /// A number or zone without a word is power, whatever the sport.
    fn power_unsaid(&mut self, meaning: &Word, taken: usize) {
        let is_bare = taken == 1 && matches!(meaning, Word::Target(Unit::PercentFtp | Unit::PowerZone, _));
        if is_bare && !is_ride(self.sport) {
            self.warn(
                "without a word after it, a percentage or zone is power in every sport",
                "write Pace, HR or Power after it",
            );
        }
    }

    fn ignored(&mut self, words: &[&str]) {
        for word in words {
            let lower = word.to_ascii_lowercase();
            if matches!(lower.as_str(), "press" | "lap" | "<!>") {
                continue;
            }
            if lower == "rest" {
                self.refuse(
                    "a rest at the end of a step only adds time; the device shows no rest",
                    "give the rest a line of its own, as in \"- Rest 30s intensity=rest\"",
                );
            } else if let Some(instead) = meant(&lower) {
                self.refuse(
                    format!("intervals.icu does not read \"{}\"", short(word)),
                    instead,
                );
            } else {
                self.warn(
                    format!("\"{}\" after the length is not shown on the device", short(word)),
                    "put the text before the length",
                );
            }
        }
    }

    fn put_together(&mut self, cue: &str, until_lap: bool, found: Vec<(usize, Word)>) -> Option<Step> {
        let (mut time, mut distance) = (None, None);
        let mut step = Step::of(Length::Time(0));
        cue.replace("<!>", "").trim().clone_into(&mut step.cue);
        step.until_lap = until_lap;
        let mut averaged = Vec::new();
        for (_, word) in found {
            match word {
                Word::Time(secs) => {
                    self.once(
                        time.replace(secs).is_some(),
                        "two times",
                        "write one, as in 1h10m",
                    );
                }
                Word::Distance(metres) => {
                    self.once(
                        distance.replace(metres).is_some(),
                        "two distances",
                        "write one, as in 1.5km",
                    );
                }
                Word::Ramp => step.ramp = true,
                Word::Freeride => step.freeride = true,
                Word::MaxEffort => step.max_effort = true,
                Word::HidePower => step.hide_power = true,
                Word::Intensity(word) => self.role(&word, &mut step),
                Word::Averaged(kind, over) => averaged.push((kind, over)),
                Word::Cadence(span) => step.cadence = Some(span),
                Word::Target(unit, span) => {
                    // The last of a kind wins.
                    let before = step.targets.len();
                    step.targets.retain(|earlier| earlier.unit.kind() != unit.kind());
                    self.once(before > 0, TWO_TARGETS.0, TWO_TARGETS.1);
                    step.targets.push(Target {
                        unit,
                        span,
                        averaged: None,
                    });
                }
                Word::Cut(_) => {}
            }
        }
        for (kind, over) in averaged {
            if let Some(target) = step.targets.iter_mut().find(|target| target.unit.kind() == kind) {
                target.averaged = Some(over);
            }
        }
        self.once(
            time.is_some() && distance.is_some(),
            "a time and a distance on one step",
            "keep one of them",
        );
        step.length = distance.map_or(Length::Time(time.unwrap_or(0)), Length::Distance);
        self.ramp(&mut step);
        self.length(step)
    }

    fn once(&mut self, twice: bool, why: &str, instead: &str) {
        if twice {
            self.refuse(why, instead);
        }
    }

    fn role(&mut self, word: &str, step: &mut Step) {
        step.role = Role::named(word);
        if step.role.is_none() && word != "auto" {
            let known: Vec<&str> = Role::ALL.into_iter().map(Role::word).collect();
            self.refuse(
                format!("intervals.icu drops intensity={}", short(word)),
                format!("use one of {}", known.join(", ")),
            );
        }
    }

    fn ramp(&mut self, step: &mut Step) {
        if step.ramp
            && !step
                .targets
                .iter()
                .any(|target| matches!(target.span, Span::Between(..)))
        {
            step.ramp = false;
            self.refuse(
                "a ramp without a range becomes a steady step",
                "give both ends, as in \"10m ramp 50-75%\"",
            );
        }
    }

    /// None without a length: intervals.icu drops the line.
    fn length(&mut self, step: Step) -> Option<Step> {
        let is_empty = match step.length {
            Length::Time(secs) => secs == 0,
            Length::Distance(metres) => metres.is_zero(),
        };
        if is_empty {
            let counted = self.body.split_whitespace().any(|word| {
                word.strip_suffix(['x', 'X'])
                    .is_some_and(|count| count.parse::<u32>().is_ok())
            });
            if counted {
                self.refuse(
                    "a repeat is not a step: with a dash it is dropped",
                    "write the count alone on a line without a dash, as in 4x, and the steps directly below",
                );
            } else {
                self.refuse(
                    "a step without a length is dropped",
                    "give a time (10m, 30s) or a distance (400mtr, 1km)",
                );
            }
            return None;
        }
        self.minutes_for_metres(&step);
        Some(step)
    }

    /// `400m` is 400 minutes.
    fn minutes_for_metres(&mut self, step: &Step) {
        let Length::Time(secs) = step.length else {
            return;
        };
        let minutes = secs / 60;
        let written = format!("{minutes}m");
        let alone = self
            .body
            .split_whitespace()
            .any(|word| word.eq_ignore_ascii_case(&written));
        let suspect = match Per::of_sport(self.sport) {
            Per::M100 => minutes >= 25 && minutes % 25 == 0,
            Per::M500 => minutes >= 100 && minutes % 50 == 0,
            _ if is_ride(self.sport) => minutes >= 400 && minutes % 100 == 0,
            _ => minutes >= 100 && minutes % 50 == 0,
        };
        if alone && secs % 60 == 0 && suspect {
            let hours = time_text(secs);
            let hours = if hours == written {
                format!("{minutes}m0s")
            } else {
                hours
            };
            self.refuse(
                format!("{written} is {minutes} minutes: m is never metres"),
                format!("write {minutes}mtr for metres, {hours} for the time"),
            );
        }
    }
}

/// What is written instead of a word that intervals.icu does not read.
fn meant(word: &str) -> Option<String> {
    let plain = word.replace(['\u{2013}', '\u{2014}'], "-");
    if words::paces(&plain).is_some() {
        return Some(format!(
            "write \"{plain} Pace\": without the word it is no target"
        ));
    }
    if let Some((from, to)) = plain.split_once('-')
        && to.starts_with(|c: char| c.is_ascii_digit())
        && (words::time(to).is_some() || words::distance(to).is_some())
        && from.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(format!(
            "give one length, as in {to}: a range of lengths is dropped"
        ));
    }
    match plain.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "min" | "mins" | "minutes" | "minute" => Some("write minutes as 10m".to_owned()),
        "sec" | "secs" | "seconds" | "second" => Some("write seconds as 30s".to_owned()),
        "metres" | "metre" => Some("write metres as 400mtr".to_owned()),
        "hr" | "pace" | "lthr" | "mmp" if word.len() > 4 => None,
        "hr" | "pace" | "lthr" | "mmp" | "bpm" => {
            Some("write a number or a zone before it, as in 80% LTHR, Z2 HR or 90% Pace".to_owned())
        }
        rest if rest.starts_with('%') || rest == "w" || rest == "rpm" => {
            Some("write one number or a range, as in 88-94%".to_owned())
        }
        "zone" => Some("write a zone as Z2, and on a run or a swim Z2 HR or Z2 Pace".to_owned()),
        _ if plain.starts_with(['z', 'l']) && plain.chars().any(|c| c.is_ascii_digit()) => {
            Some("write one of the athlete's zones, as in Z2".to_owned())
        }
        _ if plain
            .trim_end_matches(',')
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) =>
        {
            Some("say what the number is, as in 250w, 90%, 90rpm or Z2, without a comma after it".to_owned())
        }
        _ if plain.ends_with(',') => Some("leave out the comma".to_owned()),
        _ => None,
    }
}

fn short(word: &str) -> String {
    word.chars().take(30).collect()
}

/// The words of a line, with the byte at which each begins.
fn words_of(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split_whitespace()
        .map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

fn presses_lap(words: &[&str]) -> bool {
    words
        .windows(2)
        .any(|pair| pair[0].eq_ignore_ascii_case("press") && pair[1].eq_ignore_ascii_case("lap"))
}

/// A cue or heading that nothing can be read out of: one space between words, no word of the language, nothing that comes
/// back escaped.
pub(super) fn plain_cue(cue: &str) -> String {
    let mut cue = cue.to_owned();
    // What is taken out can bring together what was apart.
    loop {
        let plainer = plainer(&cue);
        if plainer == cue {
            return cue;
        }
        cue = plainer;
    }
}

fn plainer(cue: &str) -> String {
    let mut cue = cue.replace("<!>", " ").replace("&#39;", "'");
    for escaped in ["&lt;", "&gt;", "&quot;", "&amp;"] {
        cue = cue.replace(escaped, " ");
    }
    let cue = cue.replace(|c: char| c.is_control() || "<>&\"".contains(c), " ");
    let mut words: Vec<String> = Vec::new();
    for word in cue
        .trim_start_matches(|c: char| c == '-' || c.is_whitespace())
        .split_whitespace()
    {
        let parts = if words::is_syntax(word) {
            apart(word)
        } else {
            word.to_owned()
        };
        for part in parts.split_whitespace().filter(|part| !words::is_syntax(part)) {
            words.push(part.to_owned());
            unmake_pair(&mut words);
        }
    }
    words.join(" ")
}

/// Two words that mean something only together.
fn unmake_pair(words: &mut Vec<String>) {
    let Some([first, second]) = words.last_chunk() else {
        return;
    };
    if presses_lap(&[first, second]) {
        words.truncate(words.len() - 2);
    } else if words::read(&[first, second], "").is_some() {
        words.pop();
    }
}

/// Digits apart from what is around them: `2m` becomes `2 m`, which is no time.
fn apart(word: &str) -> String {
    let mut text = String::new();
    let mut before: Option<bool> = None;
    for c in word.chars() {
        let digit = c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '-');
        if before.is_some_and(|before| before != digit) {
            text.push(' ');
        }
        before = Some(digit);
        text.push(c);
    }
    text
}

/// Writes a workout of this sport in its canonical form. What text cannot say is left out: [`check`](super::check) refuses it.
pub fn render(workout: &Workout, sport: &str) -> String {
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<Option<Role>> = None;
    for item in workout.canonical().items {
        match item {
            Item::Repeat(repeat) => {
                open = None;
                let header = format!("{} {}x", repeat.heading, repeat.count);
                let mut block = header.trim_start().to_owned();
                for step in &repeat.steps {
                    let _ = write!(block, "\n{}", step_text(step, sport));
                }
                blocks.push(block);
            }
            Item::Step(step) => {
                let section = step
                    .role
                    .filter(|role| matches!(role, Role::Warmup | Role::Cooldown));
                let line = step_text(&step, sport);
                match blocks.last_mut().filter(|_| open == Some(section)) {
                    Some(block) => {
                        let _ = write!(block, "\n{line}");
                    }
                    None => blocks.push(match section {
                        Some(Role::Warmup) => format!("Warmup\n{line}"),
                        Some(_) => format!("Cooldown\n{line}"),
                        None => line,
                    }),
                }
                open = Some(section);
            }
            Item::Other(_) => open = None,
        }
    }
    blocks.join("\n\n")
}

pub(super) fn step_text(step: &Step, sport: &str) -> String {
    let mut words = vec!["-".to_owned()];
    if !step.cue.is_empty() {
        words.push(step.cue.clone());
        if step.cue.contains('^') {
            words.push("<!>".to_owned());
        }
    }
    words.push(length_text(step.length, sport));
    let mut flag = |set: bool, word: &str| {
        if set {
            words.push(word.to_owned());
        }
    };
    flag(step.ramp, "ramp");
    flag(step.freeride, "freeride");
    flag(step.max_effort, "maxeffort");
    for target in &step.targets {
        words.extend(target_text(target, sport));
    }
    words.extend(step.cadence.map(|span| format!("{}rpm", numbers(span))));
    words.extend(step.hide_power.then(|| "hidepower".to_owned()));
    words.extend(step.until_lap.then(|| "Press lap".to_owned()));
    words.extend(step.role.map(|role| format!("intensity={}", role.word())));
    words.join(" ")
}

pub(super) fn length_text(length: Length, sport: &str) -> String {
    match length {
        Length::Time(secs) => time_text(secs),
        Length::Distance(metres) => distance_text(metres, sport),
    }
}

/// `1h2m30s`
fn time_text(secs: u32) -> String {
    [(secs / 3600, 'h'), (secs / 60 % 60, 'm'), (secs % 60, 's')]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .fold(String::new(), |text, (count, unit)| {
            format!("{text}{count}{unit}")
        })
}

/// The shortest way to say it that reads back the same.
fn distance_text(metres: Number, sport: &str) -> String {
    let value = metres.get();
    let whole = value.fract() == 0.0;
    let swim = Per::of_sport(sport) == Per::M100;
    if whole && value >= 1000.0 && value % 10.0 == 0.0 && !swim {
        return format!("{}km", value / 1000.0);
    }
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    let (miles, yards) = (hundredths(value / MILE), (value / YARD).round());
    if !whole && Number::of(miles * MILE) == Some(metres) {
        return format!("{miles}mi");
    }
    if !whole && Number::of(yards * YARD) == Some(metres) {
        return format!("{yards}yrd");
    }
    format!("{metres}mtr")
}

pub(super) fn numbers(span: Span) -> String {
    match span {
        Span::At(only) => only.to_string(),
        Span::Between(from, to) => format!("{from}-{to}"),
    }
}

fn zone_text(span: Span, letter: &str) -> String {
    match span {
        Span::At(only) => format!("{letter}{only}"),
        Span::Between(from, to) => format!("{letter}{from}-{letter}{to}"),
    }
}

fn pace_text(secs: Number) -> String {
    let secs = secs.get().round();
    format!("{}:{:02}", (secs / 60.0).floor(), secs % 60.0)
}

pub(super) fn target_text(target: &Target, sport: &str) -> Option<String> {
    let span = target.span;
    // Without a word these are power in every sport; elsewhere than on a bike that is worth saying.
    let power = if is_ride(sport) { "" } else { " Power" };
    let mut text = match &target.unit {
        Unit::PercentFtp => format!("{}%{power}", numbers(span)),
        Unit::Watts => format!("{}w", numbers(span)),
        Unit::PowerZone => format!("{}{power}", zone_text(span, "Z")),
        Unit::CustomZone => zone_text(span, "CZ"),
        Unit::PercentMmp(0) | Unit::Other(..) => return None,
        Unit::PercentMmp(secs) => format!("{}% MMP {}", numbers(span), time_text(*secs)),
        Unit::PercentMaxHr => format!("{}% HR", numbers(span)),
        Unit::PercentLthr => format!("{}% LTHR", numbers(span)),
        Unit::HrZone => format!("{} HR", zone_text(span, "Z")),
        Unit::Bpm => format!("{}bpm", numbers(span)),
        Unit::PercentPace => format!("{}% Pace", numbers(span)),
        Unit::PaceZone => format!("{} Pace", zone_text(span, "Z")),
        Unit::Pace(per) => {
            let (from, to) = span.ends();
            let range = if span.is_range() {
                format!("-{}", pace_text(to))
            } else {
                String::new()
            };
            format!("{}{range}/{} Pace", pace_text(from), per.word())
        }
    };
    if let Some(over) = &target.averaged {
        match target.unit.kind() {
            Kind::Power => {
                let _ = write!(text, " power={over}");
            }
            Kind::HeartRate => {
                let _ = write!(text, " hr={over}");
            }
            Kind::Pace | Kind::Other => {}
        }
    }
    Some(text)
}

/// Whether it is a sport on a bike, by upstream's names.
pub(super) fn is_ride(sport: &str) -> bool {
    sport.ends_with("Ride") || matches!(sport, "Cyclocross" | "Handcycle" | "Velomobile")
}
