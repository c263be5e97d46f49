//! Slips in a step line of which only one thing can be meant: decimal commas, other words for units, a typo in LTHR.
//!
//! Here they are put right for a suggestion; nothing is ever sent that was not written.

use std::borrow::Cow;

use super::words::{self, Word, plain};

/// A step line without its dash, put right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mended {
    /// The whole line.
    pub(super) body: String,
    /// The words that were not right.
    pub(super) wrong: Vec<String>,
}

/// The words that follow a number, a percentage or a zone, as intervals.icu knows them.
const BASES: [&str; 5] = ["LTHR", "HR", "Pace", "Power", "MMP"];
/// What else people call them.
const OTHER_BASES: [(&str, &str); 14] = [
    ("hrmax", "HR"),
    ("hr-max", "HR"),
    ("maxhr", "HR"),
    ("max-hr", "HR"),
    ("mhr", "HR"),
    ("hf", "HR"),
    ("hfmax", "HR"),
    ("fc", "HR"),
    ("fcmax", "HR"),
    ("heartrate", "HR"),
    ("lt", "LTHR"),
    ("lthf", "LTHR"),
    ("puissance", "Power"),
    ("leistung", "Power"),
];
/// Words between a number and what it is a percentage of.
const BETWEEN: [&str; 8] = [
    "of",
    "the",
    "my",
    "max",
    "max.",
    "maximum",
    "threshold",
    "critical",
];

/// The line with its slips put right; `None` if there is nothing that is surely one.
pub(super) fn mended(body: &str, sport: &str) -> Option<Mended> {
    let words: Vec<&str> = body.split_whitespace().collect();
    let mut kept: Vec<String> = Vec::new();
    let mut wrong = Vec::new();
    // Whether a length was read: before it, words may be anything.
    let mut in_label = true;
    // Whether the last word is a percentage or a zone that does not say of what.
    let mut bare = false;
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        if let Some((meaning, taken)) =
            words::read(rest, sport).filter(|(word, _)| !matches!(word, Word::Cut(_)))
        {
            in_label &= !matches!(meaning, Word::Time(_) | Word::Distance(_));
            bare = taken == 1 && matches!(meaning, Word::Target(..));
            kept.extend(rest[..taken].iter().map(|word| (*word).to_owned()));
            at += taken;
            continue;
        }
        let found = base(rest, bare).or_else(|| slip(rest, sport, in_label));
        let (text, taken) = found.unwrap_or_else(|| (rest[0].to_owned(), 1));
        let written = rest[..taken].join(" ");
        let is_filler = !in_label
            && matches!(
                written.to_ascii_lowercase().as_str(),
                "@" | "at" | "of" | "bei" | "à"
            );
        if is_filler {
            at += 1;
            continue;
        }
        let read: Vec<&str> = text.split_whitespace().collect();
        let meaning = words::read(&read, sport);
        in_label &= !matches!(meaning, Some((Word::Time(_) | Word::Distance(_), _)));
        bare = matches!(meaning, Some((Word::Target(..), 1)));
        if !text.eq_ignore_ascii_case(&written) {
            wrong.push(written);
        }
        at += taken;
        // 1 hr 30 min is one time.
        let is_time = matches!(meaning, Some((Word::Time(_), 1)));
        match kept
            .last_mut()
            .filter(|before| is_time && words::time(&format!("{before}{text}")).is_some())
        {
            Some(before) => before.push_str(&text),
            None => kept.push(text),
        }
    }
    (!wrong.is_empty()).then(|| Mended {
        body: kept.join(" "),
        wrong,
    })
}

/// What the number before it is a percentage of: `of LTHR`, `max HR`, `LHTR`.
fn base(words: &[&str], bare: bool) -> Option<(String, usize)> {
    if !bare {
        return None;
    }
    let lower = |at: usize| words.get(at).map(|word| plain(word));
    let between = (0..3).take_while(|at| lower(*at).is_some_and(|word| BETWEEN.contains(&word.as_str())));
    let between = between.count();
    let own = lower(between)?;
    let own = own.trim_end_matches([',', ';', '.', ')']);
    let next = lower(between + 1).unwrap_or_default();
    let of_threshold = lower(0).is_some_and(|word| word == "threshold");
    let (name, taken) = if own == "heart" && next.starts_with("rate") {
        ("HR", 2)
    } else {
        (base_of(own)?, 1)
    };
    let name = if name == "HR" && of_threshold {
        "LTHR"
    } else {
        name
    };
    Some((name.to_owned(), between + taken))
}

fn base_of(word: &str) -> Option<&'static str> {
    let exact = BASES.into_iter().find(|base| base.eq_ignore_ascii_case(word));
    let other = || {
        OTHER_BASES
            .into_iter()
            .find_map(|(other, base)| (other == word).then_some(base))
    };
    let typo = || {
        let near = |base: &&str| strsim::osa_distance(&base.to_ascii_lowercase(), word) == 1;
        BASES.into_iter().filter(|base| base.len() > 3).find(near)
    };
    exact.or_else(other).or_else(typo)
}

/// What the first of these words was meant to be, and how many words that takes.
fn slip(words: &[&str], sport: &str, in_label: bool) -> Option<(String, usize)> {
    zone(words)
        .or_else(|| pace(words))
        .or_else(|| number(words, sport))
        .or_else(|| wrapped(words, sport, in_label))
}

/// `zone 2`, `zone2`, `L3`, `Z 2`
fn zone(words: &[&str]) -> Option<(String, usize)> {
    let own = plain(words[0]);
    let digits = |text: &str| -> Option<String> {
        let text = text.trim_end_matches([',', ';']);
        let (from, to) = text
            .split_once('-')
            .map_or((text, None), |(from, to)| (from, Some(to)));
        let digit = |text: &str| {
            text.trim_start_matches(['z', 'l'])
                .parse::<u8>()
                .ok()
                .filter(|zone| (1..=9).contains(zone))
        };
        let from = digit(from)?;
        match to {
            None => Some(format!("Z{from}")),
            Some(to) => Some(format!("Z{from}-Z{}", digit(to)?)),
        }
    };
    if matches!(own.as_str(), "zone" | "zones" | "zona" | "z") {
        return Some((digits(&plain(words.get(1)?))?, 2));
    }
    let attached = own.strip_prefix("zone").or(own.strip_prefix('l'))?;
    Some((digits(attached)?, 1))
}

/// A pace without the word, or with other words for its length: `5:10/km`, `5:10 min/km`.
fn pace(words: &[&str]) -> Option<(String, usize)> {
    let own = plain(words[0]).replace("min/", "/");
    let own = own.trim_end_matches([',', ';', ')']);
    if !own.contains(':') {
        return None;
    }
    let next = words.get(1).map(|word| plain(word)).unwrap_or_default();
    let per = next.strip_prefix("min").unwrap_or(&next);
    let (clock, mut taken) = if per.starts_with('/') && !own.contains('/') {
        (format!("{own}{}", per.trim_end_matches([',', ';', ')'])), 2)
    } else {
        (own.to_owned(), 1)
    };
    words::paces(&clock)?;
    taken += usize::from(
        words
            .get(taken)
            .is_some_and(|word| word.eq_ignore_ascii_case("pace")),
    );
    Some((format!("{clock} Pace"), taken))
}

/// A number with a decimal comma, with another word for its unit, or apart from it: `4,5km`, `20 min`, `200yd`, `85-90 Pace`.
fn number(words: &[&str], sport: &str) -> Option<(String, usize)> {
    let own = plain(words[0]);
    let own = own.trim_start_matches('@').trim_end_matches([',', ';', ')']);
    if let Some(whole) = several(own) {
        return Some((whole, 1));
    }
    let end = own
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'))
        .len();
    let (digits, unit) = own.split_at(own.len() - end);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let thousands = is_in_thousands(digits);
    let digits = dots(digits);
    let next = words.get(1).map(|word| plain(word)).unwrap_or_default();
    let next = next.trim_end_matches([',', ';', ')']);
    let (unit, taken) = if unit.is_empty() { (next, 2) } else { (unit, 1) };
    if taken == 2 && matches!(unit, "lthr" | "pace" | "power") {
        return Some((format!("{digits}% {}", base_of(unit)?), 2));
    }
    let unit = if unit == "m" && (thousands || is_metres(&digits, sport)) {
        "mtr"
    } else {
        unit_of(unit)?
    };
    // Of two lengths the longer one: the range itself is dropped.
    let is_length = !matches!(unit, "%" | "w" | "rpm" | "bpm");
    let digits = match digits.rsplit_once('-') {
        Some((_, to)) if is_length => to.to_owned(),
        _ => digits,
    };
    Some((format!("{digits}{unit}"), taken))
}

/// `1h10min` and `1hr30min`: times of several parts.
fn several(word: &str) -> Option<String> {
    let mut text = String::new();
    let mut parts = 0;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = &rest[digits..];
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let unit =
            unit_of(&after[..letters]).filter(|unit| digits > 0 && matches!(*unit, "h" | "m" | "s"))?;
        text.push_str(&rest[..digits]);
        text.push_str(unit);
        parts += 1;
        rest = &after[letters..];
    }
    (parts > 1 && words::time(&text).is_some()).then_some(text)
}

/// A word that only its marks keep from being read: `90rpm,`, `(250w)`, `@250w`.
fn wrapped(words: &[&str], sport: &str, in_label: bool) -> Option<(String, usize)> {
    let own = words[0].trim_start_matches(['@', '(', '~', '≈', '=']);
    let own = own.trim_end_matches([',', ';', ')', '.']);
    let is_read = !in_label && own != words[0] && !own.is_empty();
    let meaning = words::read(&[own], sport).filter(|(word, _)| is_read && !matches!(word, Word::Cut(_)));
    meaning.map(|_| (own.to_owned(), 1))
}

/// Commas as decimal points; three digits after one are thousands.
fn dots(digits: &str) -> String {
    let ends = digits.split('-').map(|end| {
        if is_in_thousands(end) {
            Cow::Owned(end.replace(',', ""))
        } else {
            Cow::Owned(end.replace(',', "."))
        }
    });
    ends.collect::<Vec<Cow<'_, str>>>().join("-")
}

fn is_in_thousands(digits: &str) -> bool {
    digits.split_once(',').is_some_and(|(_, after)| after.len() == 3)
}

/// Whether so many m can only be metres.
fn is_metres(digits: &str, sport: &str) -> bool {
    let whole: u32 = digits.parse().unwrap_or(0);
    super::text::is_suspect(whole, sport)
}

/// A unit as intervals.icu writes it.
fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunden" | "heures" | "horas" => "h",
        "m" | "min" | "mins" | "min." | "minute" | "minutes" | "minuten" | "minutos" => "m",
        "s" | "sec" | "secs" | "sec." | "second" | "seconds" | "sek" | "sekunden" => "s",
        "mtr" | "mtrs" | "meter" | "meters" | "metre" | "metres" | "mt" | "mts" => "mtr",
        "km" | "kms" | "k" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => "km",
        "mi" | "mile" | "miles" => "mi",
        "yrd" | "yrds" | "yd" | "yds" | "yard" | "yards" => "yrd",
        "%" | "pct" | "percent" => "%",
        "w" | "watt" | "watts" => "w",
        "rpm" => "rpm",
        "bpm" => "bpm",
        _ => return None,
    })
}
