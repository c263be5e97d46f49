//! Slips in a step line of which only one thing can be meant: decimal commas, other words for units, letters that changed places.
//!
//! Here they are put right for a suggestion, which is the same length and the same effort; nothing is ever sent that was not
//! written.

use super::words::{self, Word, plain};

/// A step line without its dash, put right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mended {
    /// The whole line.
    pub(super) body: String,
    /// The words that were not right, each with what it was meant to be.
    pub(super) wrong: Vec<(String, String)>,
}

/// The words that follow a number, a percentage or a zone, as intervals.icu knows them.
const BASES: [&str; 5] = ["LTHR", "HR", "Pace", "Power", "MMP"];
/// What else people call them.
const OTHER_BASES: [(&str, &str); 13] = [
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
    ("lthf", "LTHR"),
    ("puissance", "Power"),
    ("leistung", "Power"),
];
/// Words between a number and what it is a percentage of.
const BETWEEN: [&str; 7] = ["of", "the", "my", "max", "max.", "maximum", "threshold"];

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
            wrong.push((written, text.clone()));
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

/// Whether the first of these words is a number with a unit or before one, as anybody writes it: `20 min`, `400m`, `15-20m`.
pub(super) fn is_measure(words: &[&str], sport: &str) -> bool {
    let Some(first) = words.first() else {
        return false;
    };
    let after = first.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
    let unit = if after.is_empty() {
        words.get(1).copied().unwrap_or_default()
    } else {
        after
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && (unit_of(&unit.to_ascii_lowercase()).is_some()
            || several(first).is_some()
            || words::read(words, sport).is_some())
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
    let says =
        |words: &[&str]| (0..between).any(|at| lower(at).is_some_and(|word| words.contains(&word.as_str())));
    let of_threshold = says(&["threshold"]);
    let of_most = says(&["max", "max.", "maximum"]);
    let (name, taken) = if own == "heart" && next.starts_with("rate") {
        ("HR", 2)
    } else {
        (base_of(own)?, 1)
    };
    // Of the most that somebody can do there is only the heart rate.
    if of_most && (of_threshold || name != "HR") {
        return None;
    }
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
    // Two letters that changed places; other words are one letter away from Pace and Power.
    let typo = || {
        let sorted = |word: &str| {
            let mut letters: Vec<char> = word.to_ascii_lowercase().chars().collect();
            letters.sort_unstable();
            letters
        };
        let swapped = |base: &&str| {
            strsim::osa_distance(&base.to_ascii_lowercase(), word) == 1 && sorted(base) == sorted(word)
        };
        BASES.into_iter().filter(|base| base.len() > 3).find(swapped)
    };
    exact.or_else(other).or_else(typo)
}

/// What the first of these words was meant to be, and how many words that takes.
fn slip(words: &[&str], sport: &str, in_label: bool) -> Option<(String, usize)> {
    zone(words)
        .or_else(|| pace(words))
        .or_else(|| cadence(words))
        .or_else(|| glued(words, sport))
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

/// A pace without the word, or with other words for its length: `5:10/km`, `5:10 min/km`, `5'10/km`, `1:30/100yd`.
fn pace(words: &[&str]) -> Option<(String, usize)> {
    let is_clock = |c: char| matches!(c, ':' | '\'' | '’' | '′' | '´' | '‘');
    if !words[0].contains(is_clock) {
        return None;
    }
    let own = plain(words[0]).replace("min/", "/");
    let own = own.trim_end_matches([',', ';', ')']);
    let next = words.get(1).map(|word| plain(word)).unwrap_or_default();
    let per = next.strip_prefix("min").unwrap_or(&next);
    let (text, mut taken) = if per.starts_with('/') && !own.contains('/') {
        (format!("{own}{}", per.trim_end_matches([',', ';', ')'])), 2)
    } else {
        (own.to_owned(), 1)
    };
    // A clock without a length may be a time as well.
    let (clock, per) = text.split_once('/')?;
    let ends = clock.split('-').map(|end| {
        let end = primes(end);
        let end = end.strip_suffix('"').unwrap_or(&end);
        end.replace('\'', ":")
    });
    let clock = ends.collect::<Vec<String>>().join("-");
    let per = match per {
        "k" => "km",
        "miles" => "mi",
        "100yd" | "100yds" | "100yrd" | "100yrds" | "100yard" | "100yards" => "100y",
        "100mtr" | "100meter" | "100meters" | "100metres" => "100m",
        "500mtr" => "500m",
        per => per,
    };
    let clock = format!("{clock}/{per}");
    words::paces(&clock)?;
    taken += usize::from(
        words
            .get(taken)
            .is_some_and(|word| word.eq_ignore_ascii_case("pace")),
    );
    Some((format!("{clock} Pace"), taken))
}

/// The signs for minutes and seconds as a keyboard has them.
fn primes(word: &str) -> String {
    word.replace(['’', '′', '´', '‘'], "'")
        .replace(['”', '″', '“'], "\"")
        .replace("''", "\"")
}

/// `cad 90`, `cadence: 85-95`
fn cadence(words: &[&str]) -> Option<(String, usize)> {
    if !words[0].starts_with(['c', 'C']) {
        return None;
    }
    let own = plain(words[0]);
    let own = own.trim_end_matches([':', '.']);
    let next = words
        .get(1)
        .map(|word| plain(word))
        .filter(|_| matches!(own, "cad" | "cadence"))?;
    let next = next.trim_end_matches([',', ';', ')', '.']);
    let text = format!("{}rpm", next.strip_suffix("rpm").unwrap_or(next));
    let meaning = words::read(&[&text], "");
    matches!(meaning, Some((Word::Cadence(_), _))).then_some((text, 2))
}

/// A target that its base follows without a space: `60-70%FTP`, `80-85%LTHR`, `Z2HR`.
fn glued(words: &[&str], sport: &str) -> Option<(String, usize)> {
    let own = words[0].trim_end_matches([',', ';', ')']);
    if !own.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'z' | 'Z'))
        || !own.ends_with(char::is_alphabetic)
    {
        return None;
    }
    ["FTP", "LTHR", "HR", "Pace", "Power"]
        .into_iter()
        .find_map(|base| {
            let at = own.len().checked_sub(base.len())?;
            let (number, written) = (own.get(..at)?, own.get(at..)?);
            let is_target = matches!(words::read(&[number], sport), Some((Word::Target(..), 1)));
            (is_target && written.eq_ignore_ascii_case(base)).then(|| (format!("{number} {base}"), 1))
        })
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
    let next = words.get(1).map(|word| plain(word)).unwrap_or_default();
    let next = next.trim_end_matches([',', ';', ')']);
    let (unit, taken) = if unit.is_empty() { (next, 2) } else { (unit, 1) };
    if taken == 2 && matches!(unit, "lthr" | "pace") {
        // 4-5 Pace are minutes.
        let ends = dots(digits);
        let is_percent = ends
            .split('-')
            .all(|end| end.parse().is_ok_and(|end: f64| (50.0..=120.0).contains(&end)));
        return is_percent.then(|| Some((format!("{ends}% {}", base_of(unit)?), 2)))?;
    }
    let thousands = is_in_thousands(digits);
    let digits = if thousands {
        digits.replace(',', "")
    } else {
        dots(digits)
    };
    let unit = match unit {
        "m" if thousands || is_metres(&digits, sport) => "mtr",
        // 80 m are hardly minutes, and 20 m hardly metres.
        "m" if taken == 2 => return None,
        unit => unit_of(unit)?,
    };
    // 1,500km may be 1.5 and 1500; of two lengths only one is meant.
    let is_length = !matches!(unit, "%" | "w" | "rpm" | "bpm");
    if is_length && digits.contains('-') || thousands && !matches!(unit, "mtr" | "yrd") {
        return None;
    }
    Some((format!("{digits}{unit}"), taken))
}

/// `1h10min`, `1hr30min` and `1h30`, `30''` and `1'30''`: times of several parts.
fn several(word: &str) -> Option<String> {
    let keyed = primes(word);
    if keyed != word && words::time(&keyed).is_some() {
        return Some(keyed.replace('\'', "m").replace('"', "s"));
    }
    let minutes =
        |text: &str| matches!(text.len(), 1 | 2) && text.parse().is_ok_and(|minutes: u8| minutes < 60);
    if word
        .split_once('h')
        .is_some_and(|(hours, rest)| hours.parse::<u8>().is_ok() && minutes(rest))
    {
        return Some(format!("{word}m"));
    }
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

/// Commas as decimal points.
fn dots(digits: &str) -> String {
    digits.replace(',', ".")
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
