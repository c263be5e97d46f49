//! What the single words of a step line mean. Where a line ends and what a step is, is not decided here.

use super::model::{Kind, MILE, Number, Per, Span, Unit, YARD};

/// What one word, or a word with the one or two after it, means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Time(u32),
    Distance(Number),
    Ramp,
    Freeride,
    MaxEffort,
    HidePower,
    Intensity(String),
    Averaged(Kind, String),
    Cadence(Span),
    Target(Unit, Span),
    /// It ends in a number with a unit and is nothing else: the cue ends at this byte of it.
    Cut(usize),
}

/// What the first of `words` means, and how many of them that takes; `None` for a word of the cue.
pub(super) fn read(words: &[&str], sport: &str) -> Option<(Word, usize)> {
    let own = plain(words.first()?);
    let next = words.get(1).copied().unwrap_or_default().to_ascii_lowercase();
    let one = |word| Some((word, 1));
    match own.as_str() {
        "ramp" => return one(Word::Ramp),
        "freeride" | "free" => return one(Word::Freeride),
        "maxeffort" => return one(Word::MaxEffort),
        "hidepower" => return one(Word::HidePower),
        _ => {}
    }
    if let Some((key, value)) = own.split_once('=').filter(|(_, value)| !value.is_empty()) {
        match key {
            "intensity" => return one(Word::Intensity(value.to_owned())),
            "power" => return one(Word::Averaged(Kind::Power, value.to_owned())),
            "hr" => return one(Word::Averaged(Kind::HeartRate, value.to_owned())),
            _ => {}
        }
    }
    if let Some(secs) = time(&own) {
        return one(Word::Time(secs));
    }
    if let Some(metres) = distance(&own) {
        return one(Word::Distance(metres));
    }
    if let Some(span) = with_unit(&own, "rpm") {
        return one(Word::Cadence(span));
    }
    target(&own, &next, words, sport).or_else(|| {
        let at = cut(&words[0].to_ascii_lowercase())?;
        one(Word::Cut(at))
    })
}

/// Lower case, every dash a hyphen.
pub(super) fn plain(word: &str) -> String {
    word.replace(
        [
            '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}',
        ],
        "-",
    )
    .to_ascii_lowercase()
}

fn target(own: &str, next: &str, words: &[&str], sport: &str) -> Option<(Word, usize)> {
    let found = |unit, span, taken| Some((Word::Target(unit, span), taken));
    if let Some(span) = with_unit(own, "w") {
        return found(Unit::Watts, span, 1);
    }
    if let Some(span) = with_unit(own, "bpm") {
        return found(Unit::Bpm, span, 1);
    }
    if let Some(span) = with_unit(own, "%") {
        return match next {
            "hr" => found(Unit::PercentMaxHr, span, 2),
            "lthr" => found(Unit::PercentLthr, span, 2),
            "pace" => found(Unit::PercentPace, span, 2),
            "power" => found(Unit::PercentFtp, span, 2),
            "mmp" => match words.get(2).and_then(|word| time(&plain(word))) {
                Some(secs) if secs > 0 => found(Unit::PercentMmp(secs), span, 3),
                _ => found(Unit::PercentFtp, span, 1),
            },
            _ => found(Unit::PercentFtp, span, 1),
        };
    }
    if let Some((custom, span)) = zones(own) {
        return match next {
            "hr" => found(Unit::HrZone, span, 2),
            "pace" => found(Unit::PaceZone, span, 2),
            "power" if !custom => found(Unit::PowerZone, span, 2),
            _ if custom => found(Unit::CustomZone, span, 1),
            _ => found(Unit::PowerZone, span, 1),
        };
    }
    if next == "pace"
        && let Some((per, span)) = paces(own)
    {
        let per = per.unwrap_or_else(|| Per::of_sport(sport));
        return found(Unit::Pace(per), span, 2);
    }
    // A number that is no bpm of LTHR is a percentage of it without its sign.
    let least = if next == "lthr" { 121.0 } else { 30.0 };
    if matches!(next, "hr" | "bpm" | "lthr")
        && let Some(span) = with_unit(own, "").filter(|span| span.ends().1.get() >= least)
    {
        return found(Unit::Bpm, span, 2);
    }
    None
}

/// A number at the start, and what is after it.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    if whole == 0 || whole > 9 {
        return None;
    }
    let parts = text[whole..].strip_prefix('.').map_or(0, digits);
    let end = if parts == 0 { whole } else { whole + 1 + parts };
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `1h2m30s`, `5m30`, `5'`, `1'30"`: s.
pub(super) fn time(word: &str) -> Option<u32> {
    let is_whole =
        |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((minutes, seconds)) = word.split_once('m').filter(|(m, s)| is_whole(m) && is_whole(s)) {
        let secs = minutes.parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?;
        return u32::try_from(secs).ok().filter(|secs| *secs < 1_000_000_000);
    }
    let (mut rest, mut secs, mut last) = (word, 0.0, 0);
    while !rest.is_empty() {
        let (value, after) = number(rest)?;
        let unit = after.chars().next();
        let (rank, factor) = match unit {
            Some('h') => (1, 3600.0),
            Some('m' | '\'') => (2, 60.0),
            Some('s' | '"') => (3, 1.0),
            _ => return None,
        };
        let fraction = value.fract() != 0.0;
        if rank <= last || (rank == 3 && fraction) {
            return None;
        }
        last = rank;
        secs += value * factor;
        rest = after.get(unit.map_or(0, char::len_utf8)..)?;
    }
    let fits = last > 0 && secs < 1e9;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 1e9"
    )]
    fits.then(|| secs.round_ties_even() as u32)
}

/// `1.000m`: thousands to who wrote it, a fraction to intervals.icu.
pub(super) fn is_in_thousands(word: &str) -> bool {
    let Some((whole, rest)) = word.split_once('.') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(decimals), Some(unit)) = (rest.get(..3), rest.get(3..)) else {
        return false;
    };
    let small = matches!(
        unit,
        "m" | "s" | "mtr" | "meter" | "meters" | "yrd" | "yard" | "yards" | "y" | "w"
    );
    digits(whole) && digits(decimals) && small
}

/// `400mtr`, `1.5km`, `2mi`, `200yrd`: m.
pub(super) fn distance(word: &str) -> Option<Number> {
    let (value, unit) = number(word)?;
    let metres = match unit {
        "mtr" | "meter" | "meters" => 1.0,
        "km" => 1000.0,
        "mi" | "mile" | "miles" => MILE,
        "yrd" | "yard" | "yards" | "y" => YARD,
        _ => return None,
    };
    Number::of(value * metres)
}

/// `88-94%`, `88%-94%`, `55%`: one number or a range before this unit.
fn with_unit(word: &str, unit: &str) -> Option<Span> {
    let (from, rest) = number(word)?;
    let from = Number::of(from)?;
    if rest == unit {
        return Some(Span::At(from));
    }
    let rest = rest.strip_prefix(unit).unwrap_or(rest);
    let (to, rest) = number(rest.strip_prefix('-')?)?;
    (rest == unit).then_some(Span::Between(from, Number::of(to)?))
}

/// `z2`, `z3-z4`, `z3-4`, `cz1`: whether the zones are the athlete's second set, and which.
fn zones(word: &str) -> Option<(bool, Span)> {
    let digit = |text: &str| match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(Number::from(u32::from(digit - b'0'))),
        _ => None,
    };
    let (custom, own) = word.strip_prefix('c').map_or((false, word), |own| (true, own));
    let own = own.strip_prefix('z')?;
    let Some((from, to)) = own.split_once('-') else {
        return Some((custom, Span::At(digit(own)?)));
    };
    let to = to.strip_prefix('c').unwrap_or(to);
    let to = digit(to.strip_prefix('z').unwrap_or(to))?;
    Some((custom, Span::Between(digit(from)?, to)))
}

/// `4:20-4:15/km`: the length it is for, if it is given, and s.
pub(super) fn paces(word: &str) -> Option<(Option<Per>, Span)> {
    let pace = |text: &str| -> Option<(Number, Option<Per>)> {
        let (clock, per) = match text.split_once('/') {
            Some((clock, per)) => (clock, Some(Per::named(per)?)),
            None => (text, None),
        };
        let (minutes, seconds) = clock.split_once(':')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(minutes) || !digits(seconds) || seconds.len() != 2 || !(1..=4).contains(&minutes.len()) {
            return None;
        }
        let secs = minutes.parse::<u32>().ok()? * 60 + seconds.parse::<u32>().ok()?;
        Some((Number::from(secs), per))
    };
    let Some((from, to)) = word.split_once('-') else {
        let (only, per) = pace(word)?;
        return Some((per, Span::At(only)));
    };
    let ((from, first), (to, second)) = (pace(from)?, pace(to)?);
    Some((first.or(second), Span::Between(from, to)))
}

/// Whether a word that intervals.icu leaves out says of what a number is, or how far it goes: the effort is another one without
/// it. `beside` if a number is next to it.
pub(super) fn qualifies(word: &str, beside: bool) -> bool {
    const ALWAYS: [&str; 50] = [
        "%",
        "hr",
        "hrr",
        "hrmax",
        "maxhr",
        "mhr",
        "hf",
        "hfmax",
        "fc",
        "fcmax",
        "heart",
        "heartrate",
        "pulse",
        "puls",
        "reserve",
        "bpm",
        "lthr",
        "lt",
        "pace",
        "power",
        "watt",
        "watts",
        "w",
        "kg",
        "w/kg",
        "wkg",
        "rpm",
        "spm",
        "ftp",
        "mmp",
        "map",
        "cp",
        "vo2",
        "vo2max",
        "css",
        "mas",
        "vma",
        "pma",
        "vdot",
        "rm",
        "rpe",
        "borg",
        "km/h",
        "kmh",
        "kph",
        "mph",
        "max",
        "maximum",
        "maximal",
        "maxi",
    ];
    const BESIDE: [&str; 33] = [
        "effort",
        "min",
        "minimum",
        "minimal",
        "mini",
        "under",
        "over",
        "below",
        "above",
        "beneath",
        "than",
        "to",
        "until",
        "most",
        "least",
        "cap",
        "capped",
        "limit",
        "ceiling",
        "floor",
        "unter",
        "über",
        "bis",
        "höchstens",
        "mindestens",
        "sous",
        "moins",
        "plus",
        "menos",
        "más",
        "sotto",
        "sopra",
        "onder",
    ];
    let own = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '%');
    let lower = own.to_lowercase();
    let signs = |c: char| c.is_numeric() || "%<>≤≥~≈+±→=/".contains(c);
    let upper = own.chars().filter(|c| c.is_uppercase()).count();
    let letters = own.chars().count();
    // HRR, CP, LTHP and HFmax are no words.
    let is_short_form =
        upper > 1 && (upper < letters || letters < 4 || !own.contains(['A', 'E', 'I', 'O', 'U', 'Y']));
    is_short_form
        || (word.chars().any(signs) && !is_pair_of_words(own))
        || ALWAYS.contains(&lower.as_str())
        || lower.split(['-', '/']).any(|part| ALWAYS.contains(&part))
        || beside && BESIDE.contains(&lower.as_str())
}

/// `on/off`
fn is_pair_of_words(word: &str) -> bool {
    let mut parts = word.split('/');
    parts.all(|part| part.chars().count() > 1 && part.chars().all(char::is_alphabetic))
}

/// Where the number begins, of a word that ends in a whole number with a unit.
fn cut(word: &str) -> Option<usize> {
    const UNITS: [&str; 10] = ["min", "mtr", "rpm", "km", "mi", "%", "w", "h", "s", "m"];
    let before = UNITS.into_iter().find_map(|unit| {
        word.strip_suffix(unit)
            .filter(|before| before.ends_with(|last: char| last.is_ascii_digit()))
    })?;
    let start = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    (!before[..start].ends_with('.')).then_some(start)
}

/// Whether intervals.icu, or a nearly right reader of its language, could take this word for anything but a cue.
pub(super) fn is_syntax(word: &str) -> bool {
    let own = plain(word);
    let counts = own.strip_suffix('x').is_some_and(|count| number(count).is_some());
    let ends_in_unit = {
        let unit = own.trim_start_matches(|c: char| !c.is_ascii_digit());
        let unit = unit.trim_start_matches(|c: char| c.is_ascii_digit() || "-.:~<>=+".contains(c));
        unit.len() < own.len()
            && own.starts_with(|c: char| !c.is_alphabetic() || c == 'z' || c == 'c')
            && unit
                .chars()
                .all(|c| c.is_alphabetic() || "%'\"/".contains(c) || c.is_ascii_digit())
            && !unit.is_empty()
    };
    counts || ends_in_unit || paces(&own).is_some() || own.contains('=') || read(&[word], "").is_some()
}
