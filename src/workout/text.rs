//! A workout as text: reading and writing intervals.icu's own language.
//!
//! [`parse`] reads a text as intervals.icu reads it and says where that is hardly what was meant; [`render`] writes the one form
//! that is known to come back whole.

use std::fmt::Write as _;

use super::{
    Problem, Severity, mend,
    model::{Item, Kind, Length, MILE, Number, Per, Repeat, Role, Span, Step, Target, Unit, Workout, YARD},
    words::{self, Word},
};

/// Why two targets are one too many.
pub(super) const TWO_TARGETS: &str = "two targets on one step, of which one is lost";

/// Characters of a line for which it is worked out what to write instead.
const MENDED: usize = 300;

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
        indent: 0,
        count_above: None,
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
    /// Of the heading of the last repeat.
    indent: usize,
    /// A line of text that reads like the heading of a repeat, and its count.
    count_above: Option<(usize, u32)>,
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
                let why = if section(line.trim_end_matches(':')).is_some_and(|(_, english)| english) {
                    "intervals.icu knows section words without a colon only"
                } else {
                    "intervals.icu knows section words in English only"
                };
                self.problem(Problem::warn(
                    number,
                    why,
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
        let inside = matches!(&self.block, Block::Repeat { repeat, .. } if !repeat.steps.is_empty());
        self.close();
        // Below an empty line, only its indent says that it belongs to the repeat above.
        let indent = raw.len() - raw.trim_start().len();
        let below = matches!(self.parsed.workout.items.last(), Some(Item::Repeat(_))) && indent > self.indent;
        if inside || below {
            self.problem(Problem::refuse(
                line,
                "intervals.icu cannot nest repeats: this one would be done after the one above, not in each of its rounds",
                "write its steps out as often as they are done; if it is a repeat of its own, leave an empty line above it and no \
                 spaces before it",
            ));
        }
        self.indent = indent;
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
        let problem = looks_like_a_step(number, line, self.sport);
        let count = if problem.is_none() {
            count_in(line, self.sport)
        } else {
            None
        };
        self.count_above = count.map(|count| (number, count));
        self.parsed.problems.extend(problem);
        let _ = writeln!(self.parsed.prose, "{line}");
    }

    fn step(&mut self, number: usize, body: &str) {
        if let Some((line, count)) = self.count_above.take().filter(|(line, _)| line + 1 == number) {
            self.problem(Problem::refuse(
                line,
                "intervals.icu does not read this line as a repeat, so the steps below would be done once",
                format!(
                    "write the count last, with the letter x, as in \"{count}x\" or \"Main set {count}x\"; if it is no count, \
                     leave an empty line below it"
                ),
            ));
        }
        let mut read = StepReader::new(number, body, self.sport);
        let step = read.step();
        match put_right(number, body, self.sport, step.as_ref(), &read.problems) {
            Some(problem) => self.problem(problem),
            None => self.parsed.problems.append(&mut read.problems),
        }
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
        "échauffement" | "echauffement" | "aufwärmen" | "einfahren" | "einlaufen" | "calentamiento"
        | "riscaldamento" | "inlopen" | "infietsen" | "aquecimento" => Some((Role::Warmup, false)),
        "retouraucalme" | "abkühlen" | "ausfahren" | "auslaufen" | "enfriamiento" | "vueltaalacalma"
        | "defaticamento" | "uitlopen" | "uitfietsen" => Some((Role::Cooldown, false)),
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
            format!(
                "write the count last, as in \"{}\", and the steps directly below",
                [&words[1..], &words[..1]]
                    .concat()
                    .join(" ")
                    .trim_start_matches(['-', ' '])
            ),
        ));
    }
    if let Some(word) = section_with_length(&words, sport) {
        return Some(Problem::refuse(
            number,
            "a length beside a section's word is lost",
            format!("write {word} alone on the line, and the length in a step below it"),
        ));
    }
    if let Some((count, body)) = counted(line, sport) {
        return Some(Problem::refuse(
            number,
            "a count beside a length is no repeat",
            apart_from_its_count(&count, &body, sport),
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
            match accepted_line(without_bullet(line), sport) {
                Some(line) => format!("write \"{line}\", or say it without a length and a target"),
                None => "begin it with a dash, or say it without a length and a target".to_owned(),
            },
        )
    })
}

/// `Warm up 10 min`: intervals.icu's word for the section.
fn section_with_length(words: &[&str], sport: &str) -> Option<&'static str> {
    let is_length = |words: &[&str]| {
        let body = words.join(" ");
        let body = mend::mended(&body, sport).map_or(body, |mended| mended.body);
        words::time(&body.to_ascii_lowercase()).is_some()
            || words::distance(&body.to_ascii_lowercase()).is_some()
    };
    (1..words.len().min(5)).find_map(|at| {
        let (role, _) = section(&words[..at].join(" "))?;
        let word = if role == Role::Warmup {
            "Warmup"
        } else {
            "Cooldown"
        };
        is_length(&words[at..]).then_some(word)
    })
}

/// The count in a line of text that intervals.icu does not read as a repeat, in whatever language: `4×`, `Main set 3x:`,
/// `3 Runden`, `Three times`. It is a small number without a unit.
fn count_in(line: &str, sport: &str) -> Option<u32> {
    const MOST_WORDS: usize = 10;
    let is_mark = |c: char| "*_#()[]{}:;.,!?-–—«»".contains(c);
    let words = line.split_whitespace().map(|word| word.trim_matches(is_mark));
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(words::plain).take(MOST_WORDS + 1).collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let small = |text: &str| text.parse().ok().filter(|count: &u32| (2..=50).contains(count));
    let with_x = |word: &str| {
        let (before, after) = word.split_once(['x', '×'])?;
        match (before, after) {
            ("", count) | (count, "") => small(count),
            (count, reps) => reps.parse::<u32>().ok().and_then(|_| small(count)),
        }
    };
    let bare = |at: usize| {
        let count = small(&words[at])?;
        let with_next: Vec<&str> = words[at..].iter().take(2).map(String::as_str).collect();
        (!mend::is_measure(&with_next, sport)).then_some(count)
    };
    let first = words.first().and_then(|word| number_word(word));
    first.or_else(|| (0..words.len()).find_map(|at| with_x(&words[at]).or_else(|| bare(at))))
}

/// A number as a word, where a heading begins with it.
fn number_word(word: &str) -> Option<u32> {
    Some(match word {
        "two" | "twice" | "zwei" | "zweimal" | "deux" | "dos" | "due" | "twee" => 2,
        "three" | "thrice" | "drei" | "dreimal" | "trois" | "tres" | "tre" | "drie" => 3,
        "four" | "vier" | "viermal" | "quatre" | "cuatro" | "quattro" => 4,
        "five" | "fünf" | "fünfmal" | "cinq" | "cinco" | "cinque" | "vijf" => 5,
        "six" | "sechs" | "sechsmal" | "seis" | "sei" | "zes" => 6,
        "seven" | "sieben" | "sept" | "siete" | "sette" | "zeven" => 7,
        "eight" | "acht" | "achtmal" | "huit" | "ocho" | "otto" => 8,
        "nine" | "neun" | "neuf" | "nueve" | "nove" | "negen" => 9,
        "ten" | "zehn" | "zehnmal" | "dix" | "diez" | "dieci" | "tien" => 10,
        _ => return None,
    })
}

/// `3x8m 250w`, `3 x 8m 250w` and `3x 8m 250w`: the count, and the step beside it.
fn counted(line: &str, sport: &str) -> Option<(String, String)> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, rest) = line.split_at(digits);
    let body = rest.trim_start().strip_prefix(['x', 'X', '×'])?.trim_start();
    let is_length = |words: &[&str]| {
        matches!(
            words::read(words, sport),
            Some((Word::Time(_) | Word::Distance(_), _))
        )
    };
    let right = mend::mended(body, sport).map_or_else(|| body.to_owned(), |mended| mended.body);
    let words: Vec<&str> = right.split_whitespace().collect();
    (!count.is_empty() && is_length(&words)).then(|| (count.to_owned(), body.to_owned()))
}

/// What to write for a step with a count in its line.
fn apart_from_its_count(count: &str, body: &str, sport: &str) -> String {
    match accepted_line(body, sport) {
        Some(line) => format!("write \"{count}x\" alone on a line, and directly below it \"{line}\""),
        None => {
            format!("write \"{count}x\" alone on a line, and each step on a line of its own directly below")
        }
    }
}

/// A line without what lists begin with, and without dashes that are none: `* `, `• `, `1. `, `– `.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start_matches(|c: char| {
        matches!(c, '*' | '•' | '·' | '–' | '—' | '+' | '>') || c.is_whitespace()
    });
    match line.split_once(' ') {
        Some((number, rest))
            if number.ends_with(['.', ')']) && number.trim_end_matches(['.', ')']).parse::<u32>().is_ok() =>
        {
            rest.trim_start()
        }
        _ => line,
    }
}

/// The step of a line without its dash, if nothing of it is refused.
fn accepted(body: &str, sport: &str) -> Option<Step> {
    let mut read = StepReader {
        suggests: false,
        ..StepReader::new(1, body, sport)
    };
    let step = read.step()?;
    let refused = read
        .problems
        .iter()
        .any(|problem| problem.severity == Severity::Refuse);
    Some(step).filter(|_| !refused)
}

/// The line to write for this body, put right if need be; `None` if that would be refused too, or is not surely what was meant.
fn accepted_line(body: &str, sport: &str) -> Option<String> {
    let right = mend::mended(body, sport).map_or_else(|| body.to_owned(), |mended| mended.body);
    accepted(&right, sport)?;
    (!has_bare_power(&right, sport)).then(|| format!("- {right}"))
}

/// One problem with the line to write, where slips are all that is wrong with this one.
fn put_right(
    number: usize,
    body: &str,
    sport: &str,
    step: Option<&Step>,
    problems: &[Problem],
) -> Option<Problem> {
    let mended = Some(body)
        .filter(|body| body.len() <= MENDED)
        .and_then(|body| mend::mended(body, sport))?;
    let right = accepted(&mended.body, sport)?;
    let is_refused = problems
        .iter()
        .any(|problem| problem.severity == Severity::Refuse);
    let says_more = step.is_none_or(|step| {
        (step.length, &step.targets, step.cadence) != (right.length, &right.targets, right.cadence)
    });
    if !is_refused && !says_more {
        return None;
    }
    let few = |text: &dyn Fn(&(String, String)) -> String| {
        let words: Vec<String> = mended.wrong.iter().take(3).map(text).collect();
        words.join(", ")
    };
    let instead = if has_bare_power(&mended.body, sport) {
        let right = few(&|(_, right)| short(right));
        format!(
            "write {right}, and after the percentage or zone of what it is: {}",
            forms(sport)
        )
    } else {
        format!("write \"- {}\"", mended.body)
    };
    Some(Problem::refuse(
        number,
        format!(
            "intervals.icu does not read {}",
            few(&|(wrong, _)| format!("\"{}\"", short(wrong)))
        ),
        instead,
    ))
}

/// Whether a percentage or a zone of the line does not say of what, where that need not be power.
fn has_bare_power(body: &str, sport: &str) -> bool {
    let words: Vec<&str> = body.split_whitespace().collect();
    !is_ride(sport)
        && (0..words.len()).any(|at| {
            let read = words::read(&words[at..], sport);
            matches!(
                read,
                Some((Word::Target(Unit::PercentFtp | Unit::PowerZone, _), 1))
            )
        })
}

/// The targets that there are, for whoever wrote one that there is not: which of them was meant is not known.
fn forms(sport: &str) -> String {
    let of_sport = match (is_ride(sport), Per::of_sport(sport)) {
        (true, _) => "88-94% (of FTP), 250w, Z3, 90-95% LTHR, 75-80% HR (of the maximum) or Z2 HR",
        (_, Per::M100) => "90-95% Pace, Z2 Pace, 1:45-1:40/100m Pace (yards: /100y), 90-95% LTHR or Z2 HR",
        (_, Per::M500) => "90-95% Pace, Z2 Pace, 2:10-2:05/500m Pace, 250w, 90-95% LTHR or Z2 HR",
        _ => "90-95% LTHR, 75-80% HR (of the maximum), Z2 HR, 90-95% Pace, Z2 Pace or 5:10-5:00/km Pace",
    };
    format!("targets are written like {of_sport}")
}

/// The lengths that there are.
const LENGTHS: &str = "give one time or one distance, like 10m, 1h30m, 30s, 400mtr or 1.5km";

/// `"- 10m Z2 HR" or "- 10m Z2 Pace"`
pub(super) fn either(lines: &[String]) -> String {
    let quoted: Vec<String> = lines.iter().map(|line| format!("\"{line}\"")).collect();
    quoted.join(" or ")
}

/// Sports that have sets instead of steps.
const STRENGTH: [&str; 4] = [
    "WeightTraining",
    "Workout",
    "Crossfit",
    "HighIntensityIntervalTraining",
];

struct StepReader<'a> {
    line: usize,
    body: &'a str,
    sport: &'a str,
    problems: Vec<Problem>,
    /// Its last length is that of a rest, which is said.
    has_rest: bool,
    /// Whether to work out what to write instead; not for a suggestion, and not for a line without end.
    suggests: bool,
}

impl<'a> StepReader<'a> {
    fn new(line: usize, body: &'a str, sport: &'a str) -> Self {
        Self {
            line,
            body,
            sport,
            problems: Vec::new(),
            has_rest: false,
            suggests: body.len() <= MENDED,
        }
    }

    fn refuse(&mut self, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::refuse(self.line, why, instead));
    }

    fn warn(&mut self, why: impl Into<String>, instead: impl Into<String>) {
        self.problems.push(Problem::warn(self.line, why, instead));
    }

    fn step(&mut self) -> Option<Step> {
        if let Some((count, body)) = counted(self.body, self.sport) {
            let instead = if self.suggests {
                apart_from_its_count(&count, &body, self.sport)
            } else {
                String::new()
            };
            self.refuse("a repeat is not a step: with a dash it is lost", instead);
        }
        let words: Vec<(usize, &str)> = words_of(self.body).collect();
        let plain: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        let until_lap = presses_lap(&plain);
        let mut found: Vec<(usize, Word)> = Vec::new();
        let mut ignored: Vec<usize> = Vec::new();
        // Whether a word is or has a number that is no length.
        let mut numbers: Vec<bool> = plain.iter().map(|_| false).collect();
        let mut at = 0;
        while let Some((start, word)) = words.get(at) {
            match words::read(&plain[at..], self.sport) {
                Some((Word::Cut(offset), _)) => {
                    found.push((start + offset, Word::Cut(offset)));
                    ignored.push(at);
                    numbers[at] = true;
                    at += 1;
                }
                Some((meaning, taken)) => {
                    self.power_unsaid(&meaning, taken);
                    self.thousands(word);
                    if matches!(meaning, Word::Target(..)) {
                        numbers[at..at + taken].fill(true);
                    }
                    found.push((*start, meaning));
                    at += taken;
                }
                None => {
                    if found.iter().any(|(_, word)| !matches!(word, Word::Ramp)) {
                        ignored.push(at);
                        numbers[at] = word.contains(|c: char| c.is_numeric());
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
        // max 75% 10m: the label has its last word from the target.
        let label = cue.split_whitespace().count();
        if label > 0 && numbers.get(label) == Some(&true) {
            ignored.extend(words::qualifies(plain[label - 1], true).then_some(label - 1));
        }
        if counted(self.body, self.sport).is_none() {
            self.ignored(&ignored, &plain, &numbers);
        }
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

    /// `1.000m` is one minute.
    fn thousands(&mut self, word: &str) {
        if words::is_in_thousands(&words::plain(word)) {
            let whole = word.replace('.', "");
            self.refuse(
                format!("the point in \"{}\" is a decimal point", short(word)),
                format!(
                    "write thousands without a point ({}), metres as mtr",
                    short(&whole)
                ),
            );
        }
    }

    /// What to say of the words at these places, which intervals.icu leaves out.
    fn ignored(&mut self, ignored: &[usize], words: &[&str], numbers: &[bool]) {
        let mut lost: Vec<&str> = Vec::new();
        let is_number = |at: usize| numbers.get(at) == Some(&true);
        let has = |unit: &Unit| {
            let mut read = (0..words.len()).filter_map(|at| words::read(&words[at..], self.sport));
            read.any(|(word, _)| matches!(word, Word::Target(own, _) if own == *unit))
        };
        let (percent, watts) = (has(&Unit::PercentFtp), has(&Unit::Watts));
        for at in ignored.iter().copied() {
            let word = words[at];
            let lower = word.to_ascii_lowercase();
            let plain = lower.trim_matches(|c: char| !c.is_alphanumeric());
            let is_said = match plain {
                "press" | "lap" => true,
                "ftp" => percent,
                "power" => watts,
                _ => matches!(lower.as_str(), "@" | "<!>"),
            };
            if is_said {
                continue;
            }
            let beside = at.checked_sub(1).is_some_and(is_number) || is_number(at + 1);
            if lower == "rest" {
                self.rest();
            } else if words::qualifies(word, beside) {
                lost.push(word);
            } else {
                self.warn(
                    format!("\"{}\" after the length is not shown on the device", short(word)),
                    "put the text before the length",
                );
            }
        }
        if lost.is_empty() || self.has_rest {
            return;
        }
        let is_length = |word: &&str| mend::is_measure(&[word], self.sport) && !word.contains('%');
        let instead = if lost.iter().all(is_length) {
            LENGTHS.to_owned()
        } else {
            format!(
                "{}; words that are only a label go before the length",
                forms(self.sport)
            )
        };
        let lost: Vec<String> = lost
            .iter()
            .take(4)
            .map(|word| format!("\"{}\"", short(word)))
            .collect();
        self.refuse(
            format!("intervals.icu does not read {}", lost.join(", ")),
            instead,
        );
    }

    /// The words of the line.
    fn words(&self) -> Vec<&'a str> {
        self.body.split_whitespace().collect()
    }

    /// The lines of these bodies that are accepted, after `before`; `otherwise` if there is none.
    fn instead(&self, before: &str, bodies: &[String], otherwise: &str) -> String {
        let all = bodies.iter().filter(|_| self.suggests);
        let lines: Vec<String> = all.filter_map(|body| accepted_line(body, self.sport)).collect();
        if lines.is_empty() {
            otherwise.to_owned()
        } else {
            format!("{before} {}", either(&lines))
        }
    }

    /// The line once for each of the words at these bytes, without the others of them.
    fn each_alone(&self, starts: &[usize]) -> Vec<String> {
        let alone = |kept: &usize| {
            let words = words_of(self.body).filter(|(start, _)| start == kept || !starts.contains(start));
            words.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
        };
        starts.iter().map(alone).collect()
    }

    /// A rest behind the target of a step.
    fn rest(&mut self) {
        self.problems.retain(|problem| problem.severity == Severity::Warn);
        self.has_rest = true;
        let words = self.words();
        let at = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case("rest"))
            .unwrap_or(words.len());
        let is_length = |word: &&str| {
            matches!(
                words::read(&[word], self.sport),
                Some((Word::Time(_) | Word::Distance(_), _))
            )
        };
        let own = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .filter(|word| is_length(word));
        let before = &words[..at - usize::from(own.is_some())];
        let after = words.get(at + 1..).unwrap_or_default();
        let step = [before, after].concat().join(" ");
        let line = |body: String| {
            Some(body)
                .filter(|_| self.suggests)
                .and_then(|body| accepted_line(&body, self.sport))
        };
        let rest = own.and_then(|long| line(format!("Rest {long} intensity=rest")));
        let instead = match (line(step), rest) {
            (Some(line), Some(rest)) => {
                format!("give the rest a line of its own: \"{line}\" and below it \"{rest}\"")
            }
            (None, Some(rest)) => format!("give the rest a line of its own: \"{rest}\""),
            _ => "give the rest a line of its own below, with its length and intensity=rest".to_owned(),
        };
        self.refuse(
            "a rest at the end of a step only adds time; the device shows no rest",
            instead,
        );
    }

    fn put_together(&mut self, cue: &str, until_lap: bool, found: Vec<(usize, Word)>) -> Option<Step> {
        let (mut time, mut distance) = (None, None);
        let (mut times, mut distances, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut step = Step::of(Length::Time(0));
        cue.replace("<!>", "").trim().clone_into(&mut step.cue);
        step.until_lap = until_lap;
        let mut averaged = Vec::new();
        for (start, word) in found {
            match word {
                Word::Time(secs) => {
                    time = Some(secs);
                    times.push(start);
                }
                Word::Distance(metres) => {
                    distance = Some(metres);
                    distances.push(start);
                }
                Word::Ramp => step.ramp = true,
                Word::Freeride => step.freeride = true,
                Word::MaxEffort => step.max_effort = true,
                Word::HidePower => step.hide_power = true,
                Word::Intensity(word) => self.role(&word, &mut step),
                Word::Averaged(kind, over) => averaged.push((kind, over)),
                Word::Cadence(span) => step.cadence = Some(span),
                Word::Target(unit, span) => {
                    let target = Target {
                        unit,
                        span,
                        averaged: None,
                    };
                    targets.push(target.clone());
                    // The last of a kind wins.
                    step.targets
                        .retain(|earlier| earlier.unit.kind() != target.unit.kind());
                    step.targets.push(target);
                }
                Word::Cut(_) => {}
            }
        }
        for (kind, over) in averaged {
            if let Some(target) = step.targets.iter_mut().find(|target| target.unit.kind() == kind) {
                target.averaged = Some(over);
            }
        }
        self.lengths(&times, &distances);
        step.length = distance.map_or(Length::Time(time.unwrap_or(0)), Length::Distance);
        if targets.len() > 1 {
            let instead = one_target(&step, &targets, self.sport);
            self.refuse(TWO_TARGETS, instead);
        }
        self.ramp(&mut step);
        self.length(step)
    }

    /// A step has one time or one distance.
    fn lengths(&mut self, times: &[usize], distances: &[usize]) {
        let why = match (times.len(), distances.len()) {
            _ if self.has_rest => return,
            (0, 0 | 1) | (1, 0) => return,
            (0, _) => "two distances",
            (_, 0) => "two times",
            _ => "a time and a distance on one step",
        };
        if !self.suggests {
            return self.refuse(why, "keep one of them");
        }
        let starts = [times, distances].concat();
        let mut bodies = self.each_alone(&starts);
        // 1h 10m is one time with a space in it.
        if distances.is_empty()
            && let Some(together) = self.together(times)
        {
            bodies = vec![together];
        }
        let instead = self.instead("write", &bodies, "keep one of them");
        self.refuse(why, instead);
    }

    /// The line with times that follow each other written as one.
    fn together(&self, times: &[usize]) -> Option<String> {
        let words: Vec<(usize, &str)> = words_of(self.body).collect();
        let first = words.iter().position(|(start, _)| Some(start) == times.first())?;
        let run = words.get(first..first + times.len())?;
        let time: String = run.iter().map(|(_, word)| *word).collect();
        let is_run = run.iter().map(|(start, _)| start).eq(times);
        words::time(&time.to_ascii_lowercase()).filter(|_| is_run)?;
        let kept = |all: &[(usize, &'a str)]| all.iter().map(|(_, word)| *word).collect::<Vec<_>>();
        let (before, after) = (kept(&words[..first]), kept(&words[first + times.len()..]));
        Some([&before[..], &[time.as_str()], &after[..]].concat().join(" "))
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
            let words: Vec<&str> = self
                .words()
                .into_iter()
                .filter(|word| !word.eq_ignore_ascii_case("ramp"))
                .collect();
            let steady = self.instead("; for a steady step write", &[words.join(" ")], "");
            self.refuse(
                "a ramp without a range becomes a steady step",
                format!("give both ends, as in 10m ramp 50-75%{steady}"),
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
            if let Some((heading, _)) = repeat_header(self.body) {
                let count = self.body[heading.len()..]
                    .trim()
                    .trim_end_matches(['x', 'X'])
                    .trim();
                let heading = format!("{heading} {count}x");
                self.refuse(
                    "a repeat is not a step: with a dash it is dropped",
                    format!(
                        "write \"{}\" alone on a line without a dash, and the steps directly below",
                        heading.trim_start_matches(['-', ' '])
                    ),
                );
            } else if counted(self.body, self.sport).is_none() {
                let instead = if STRENGTH.contains(&self.sport) {
                    format!("{LENGTHS}; what has none, such as sets of an exercise, goes into the note")
                } else {
                    LENGTHS.to_owned()
                };
                // Said already where the length itself is what is not read.
                if !self.problems.iter().any(|problem| problem.instead == LENGTHS) {
                    self.refuse("a step without a length is dropped", instead);
                }
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
        if alone && secs % 60 == 0 && is_suspect(minutes, self.sport) {
            let hours = time_text(secs);
            let hours = if hours == written {
                format!("{minutes}m0s")
            } else {
                hours
            };
            let with = |length: &str| {
                let words = self.words().into_iter();
                let words: Vec<&str> = words
                    .map(|word| {
                        if word.eq_ignore_ascii_case(&written) {
                            length
                        } else {
                            word
                        }
                    })
                    .collect();
                words.join(" ")
            };
            let line = |length: &str| {
                let body = Some(with(length)).filter(|_| self.suggests);
                let line = body.and_then(|body| accepted_line(&body, self.sport));
                line.map_or_else(|| length.to_owned(), |line| either(&[line]))
            };
            let (metres, time) = (line(&format!("{minutes}mtr")), line(&hours));
            self.refuse(
                format!("{written} is {minutes} minutes: m is never metres"),
                format!("write {metres} for metres, {time} for the time"),
            );
        }
    }
}

/// Whether so many minutes are hardly meant, but so many metres are.
pub(super) fn is_suspect(minutes: u32, sport: &str) -> bool {
    match Per::of_sport(sport) {
        Per::M100 => minutes >= 25 && minutes.is_multiple_of(25),
        Per::M500 => minutes >= 100 && minutes.is_multiple_of(50),
        _ if is_ride(sport) => minutes >= 400 && minutes.is_multiple_of(100),
        _ => minutes >= 100 && minutes.is_multiple_of(50),
    }
}

/// The step once with each of these targets, as lines.
pub(super) fn one_target(step: &Step, targets: &[Target], sport: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for target in targets.iter().take(4) {
        let mut alone = step.clone();
        alone.targets = vec![target.clone()];
        alone.ramp &= target.span.is_range();
        let line = suggested(&alone, sport);
        if !lines.contains(&line) && accepted(line.trim_start_matches("- "), sport).is_some() {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return "keep one of power, heart rate and pace".to_owned();
    }
    format!("keep one: {}", either(&lines))
}

/// The line to write for a step, with a label that nothing can be read out of.
pub(super) fn suggested(step: &Step, sport: &str) -> String {
    let plain = Step {
        cue: plain_cue(&step.cue),
        ..step.clone()
    };
    step_text(&plain, sport)
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
