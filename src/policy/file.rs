//! The file: one rule a line, `#` begins a comment. What is not understood is refused with its line and what to write.

use std::fmt::{self, Display, Formatter};

use super::{Matcher, Policy, Rule, Says, Section};
use crate::{
    ids::AthleteId,
    text::{addresses, fenced},
    words::Way,
};

/// The most bytes of a file.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most rules of a file.
const MOST_RULES: usize = 2_000;
/// How many characters of a word that is not understood are repeated.
const SHOWN: usize = 60;

/// Why a file is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Mistake {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong, and what to write.
    pub text: String,
}

impl Policy {
    /// Reads a file. `groups_claim` is the claim that `group` is about.
    pub fn parse(text: &str, groups_claim: &str) -> Result<Self, Mistake> {
        let mut rules: Vec<Rule> = Vec::new();
        // Some editors begin a file with a mark that nobody sees.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut read = 0;
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |text: String| Mistake { line: number, text };
            read += line.len() + 1;
            if read > MOST_BYTES {
                return Err(wrong(format!(
                    "the file is longer than {} KiB",
                    MOST_BYTES / 1024
                )));
            }
            if line.chars().any(|c| c.is_control() && c != '\t') {
                return Err(wrong(
                    "a character that is no text: write the line again".to_owned(),
                ));
            }
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            if rules.len() == MOST_RULES {
                return Err(wrong(format!("there are more than {MOST_RULES} rules")));
            }
            let says = said(line).map_err(wrong)?;
            if let Some(first) = rules.iter().find(|rule| says.repeats(&rule.says)) {
                let word = line.split_whitespace().next().unwrap_or_default();
                return Err(wrong(format!(
                    "line {} already has {word}: keep one of them",
                    first.line
                )));
            }
            rules.push(Rule { line: number, says });
        }
        Ok(Self {
            rules,
            groups_claim: groups_claim.to_owned(),
        })
    }
}

/// A `#` within a word belongs to it: groups have such names.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = c;
    }
    line
}

/// The first word of a text, and the rest.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

fn said(line: &str) -> Result<Says, String> {
    let (first, rest) = word(line);
    match first {
        "ways" => ways(rest).map(Says::Ways),
        "links" => on(first, rest).map(Says::Links),
        "sign-up" => on(first, rest).map(Says::SignUp),
        _ => {
            let section = Section::ALL.into_iter().find(|section| section.word() == first);
            let section = section.ok_or_else(|| {
                format!(
                    "unknown rule {}: a line begins with ways, links, sign-up, athletes, coaches or writing",
                    fenced(first, SHOWN)
                )
            })?;
            Ok(Says::Allow(section, matcher(section, rest)?))
        }
    }
}

fn on(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("write {name} on or {name} off")),
    }
}

fn ways(text: &str) -> Result<Vec<Way>, String> {
    let all = || {
        let words: Vec<&str> = Way::ALL.iter().map(|way| way.as_str()).collect();
        words.join(", ")
    };
    let mut ways = Vec::new();
    for word in text.split_whitespace() {
        let way = Way::of(word)
            .ok_or_else(|| format!("unknown way in {}: there are {}", fenced(word, SHOWN), all()))?;
        if ways.contains(&way) {
            return Err(format!("{way} is there twice: name each way once"));
        }
        ways.push(way);
    }
    if ways.is_empty() {
        return Err(format!(
            "write ways with at least one of {}, with spaces between",
            all()
        ));
    }
    Ok(ways)
}

fn matcher(section: Section, text: &str) -> Result<Matcher, String> {
    let of = section.word();
    let (kind, value) = word(text);
    let wanted = |example: &str| format!("write {of} {kind} {example}");
    match kind {
        "anyone" | "nobody" if !value.is_empty() => Err(format!("nothing follows {kind}: write {of} {kind}")),
        "anyone" => Ok(Matcher::Anyone),
        "nobody" => Ok(Matcher::Nobody),
        "address" => addresses::key(value)
            .map(Matcher::Address)
            .map_err(|_| wanted("name@club.example, one address a line")),
        "domain" => addresses::domain_key(value)
            .map(Matcher::Domain)
            .ok_or_else(|| wanted("club.example, one domain a line, without an @")),
        "athlete" if section == Section::Coaches => {
            Err("coaches have no athlete id: write coaches address, domain, claim or group".to_owned())
        }
        "athlete" => {
            let id: Option<AthleteId> = value.to_ascii_lowercase().parse().ok();
            id.map(|id| Matcher::Athlete(id.to_string()))
                .ok_or_else(|| wanted("i12345, one athlete id of intervals.icu a line"))
        }
        "claim" => match word(value) {
            ("", _) | (_, "") => Err(wanted("NAME VALUE")),
            (name, value) => Ok(Matcher::Claim {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
        },
        "group" if value.is_empty() => Err(wanted("VALUE")),
        "group" => Ok(Matcher::Group(value.to_owned())),
        _ => Err(format!(
            "write {of} and then anyone, nobody, address, domain, athlete, claim or group"
        )),
    }
}

impl Says {
    /// Whether both set what can be set only once.
    fn repeats(&self, other: &Self) -> bool {
        !matches!(self, Self::Allow(..)) && std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = |on: &bool| if *on { "on" } else { "off" };
        match &self.says {
            Says::Ways(ways) => {
                f.write_str("ways")?;
                ways.iter().try_for_each(|way| write!(f, " {way}"))
            }
            Says::Links(on) => write!(f, "links {}", word(on)),
            Says::SignUp(on) => write!(f, "sign-up {}", word(on)),
            Says::Allow(section, matcher) => write!(f, "{} {matcher}", section.word()),
        }
    }
}

impl Display for Matcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Nobody => f.write_str("nobody"),
            Self::Address(key) => write!(f, "address {key}"),
            Self::Domain(domain) => write!(f, "domain {domain}"),
            Self::Athlete(id) => write!(f, "athlete {id}"),
            Self::Claim { name, value } => write!(f, "claim {name} {value}"),
            Self::Group(value) => write!(f, "group {value}"),
        }
    }
}

/// Each rule on its line, without the comments.
impl Display for Policy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut line = 1;
        for rule in &self.rules {
            for _ in line..rule.line {
                writeln!(f)?;
            }
            writeln!(f, "{rule}")?;
            line = rule.line + 1;
        }
        Ok(())
    }
}
