//! One word of a step line, as upstream reads it: a duration, a distance, a target, a cadence. Nothing here knows of lines.

use super::model::{Averaging, Kind, Per, Span, Target, Unit};

/// Longer numbers are not numbers to upstream, which counts in 32 bits.
const LARGEST: f64 = 1e9;

/// What is left of a word.
#[derive(Debug, Clone, Copy)]
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    const fn is_done(self) -> bool {
        self.0.is_empty()
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// Digits only.
    fn whole(&mut self) -> Option<f64> {
        let number = self.digits()?.parse().ok()?;
        (number <= LARGEST).then_some(number)
    }

    /// Digits, perhaps with a decimal point and more digits.
    fn number(&mut self) -> Option<f64> {
        let start = self.0;
        self.digits()?;
        let mut fraction = *self;
        if fraction.eat(".") && fraction.digits().is_some() {
            *self = fraction;
        }
        let number = start[..start.len() - self.0.len()].parse().ok()?;
        (number <= LARGEST).then_some(number)
    }

    /// Whether `word` comes next, in either case; if so it is taken.
    fn eat(&mut self, word: &str) -> bool {
        let head = self.0.get(..word.len());
        let found = head.is_some_and(|head| head.eq_ignore_ascii_case(word));
        if found {
            self.0 = &self.0[word.len()..];
        }
        found
    }

    /// A hyphen or one of the dashes that are read as one.
    fn dash(&mut self) -> bool {
        let is_dash = |c: char| c == '-' || ('\u{2010}'..='\u{2015}').contains(&c);
        let rest = self.0.strip_prefix(is_dash);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// What `read` reads if one of `units` follows; otherwise nothing is taken.
    fn measure(&mut self, units: &[&str], read: impl Fn(&mut Self) -> Option<f64>) -> Option<f64> {
        let mut ahead = *self;
        let number = read(&mut ahead)?;
        units.iter().any(|unit| ahead.eat(unit)).then(|| {
            *self = ahead;
            number
        })
    }
}

/// Seconds of `1h2m30s`, `5m30`, `5'`, `30"`. `m` is minutes, always.
pub(super) fn duration(word: &str) -> Option<u32> {
    let mut scan = Scan(word);
    if let Some(minutes) = scan.measure(&["m"], Scan::whole)
        && let Some(seconds) = scan.whole()
        && scan.is_done()
    {
        return Some(seconds_of(60.0 * minutes + seconds));
    }
    let mut scan = Scan(word);
    let hours = scan.measure(&["h"], Scan::number);
    let minutes = scan.measure(&["m", "'"], Scan::number);
    let seconds = scan.measure(&["s", "\""], Scan::whole);
    let any = hours.or(minutes).or(seconds).is_some();
    let part = Option::unwrap_or_default;
    (any && scan.is_done()).then(|| seconds_of(3600.0 * part(hours) + 60.0 * part(minutes) + part(seconds)))
}

/// Whole seconds, a half to the even one.
fn seconds_of(seconds: f64) -> u32 {
    crate::dice::whole(seconds.round_ties_even())
}

/// Metres of `400mtr`, `1km`, `100yrd`.
pub(super) fn distance(word: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 11] = [
        ("meters", 1.0),
        ("meter", 1.0),
        ("mtr", 1.0),
        ("km", 1000.0),
        ("miles", 1609.344),
        ("mile", 1609.344),
        ("mi", 1609.344),
        ("yards", 0.9144),
        ("yard", 0.9144),
        ("yrd", 0.9144),
        ("y", 0.9144),
    ];
    let mut scan = Scan(word);
    let number = scan.number()?;
    let unit = UNITS.iter().find(|(unit, _)| scan.0.eq_ignore_ascii_case(unit))?;
    Some(number * unit.1)
}

/// `50%`, `50-60%`, `50%-60%` with `%` as the unit; `w` alike.
fn band(word: &str, unit: &str) -> Option<Span> {
    let mut scan = Scan(word);
    let first = scan.number()?;
    if scan.eat(unit) && scan.is_done() {
        return Some(Span::One(first));
    }
    let last = scan.dash().then(|| scan.number())??;
    (scan.eat(unit) && scan.is_done()).then_some(Span::Two(first, last))
}

/// `Z2`, `Z2-Z3`, and whether it is one of the athlete's custom zones (`CZ1`).
fn zone(word: &str) -> Option<(Span, bool)> {
    let mut scan = Scan(word);
    let digit = |scan: &mut Scan| scan.digits().filter(|digits| digits.len() == 1)?.parse().ok();
    let custom = scan.eat("c");
    let first = scan.eat("z").then(|| digit(&mut scan))??;
    if scan.is_done() {
        return Some((Span::One(first), custom));
    }
    let dashed = scan.dash();
    scan.eat("c");
    let last = (dashed && scan.eat("z")).then(|| digit(&mut scan))??;
    scan.is_done().then_some((Span::Two(first, last), custom))
}

/// `85rpm`, `85-95rpm`.
pub(super) fn cadence(word: &str) -> Option<Span> {
    let mut scan = Scan(word);
    let first = scan.whole()?;
    let last = if scan.dash() { Some(scan.whole()?) } else { None };
    (scan.eat("rpm") && scan.is_done()).then(|| Span::of(first, last))
}

/// `4:20/km`: seconds, and the unit if there is one. Slashes that no unit follows are left.
fn clock(scan: &mut Scan) -> Option<(f64, Option<Per>)> {
    let minutes = scan.whole()?;
    let digits = scan.eat(":").then(|| scan.digits())??;
    let seconds: f64 = digits.parse().ok().filter(|_| digits.len() == 2)?;
    let unit = Per::ALL
        .into_iter()
        .find(|unit| scan.eat(&format!("/{}", unit.word())));
    Some((60.0 * minutes + seconds, unit))
}

/// `4:20/km`, `4:20-4:15/km`, `1:35`; the order is kept as it is written.
fn pace(word: &str, sport: &str) -> Option<Target> {
    let mut scan = Scan(word);
    let (first, unit) = clock(&mut scan)?;
    let (last, late) = if scan.dash() {
        let (last, late) = clock(&mut scan)?;
        (Some(last), late)
    } else {
        (None, None)
    };
    let unit = unit.or(late).unwrap_or_else(|| Per::of_sport(sport));
    scan.is_done()
        .then(|| Target::new(Unit::Clock(unit), Span::of(first, last)))
}

/// The target that begins with `words[0]`, and how many words it takes. A pace without the word `Pace` is none, and so is
/// a heart rate in bpm.
pub(super) fn target(words: &[&str], sport: &str) -> Option<(Target, usize)> {
    let word = words.first()?;
    let next = words.get(1).map(|next| next.to_ascii_lowercase());
    let next = next.as_deref().unwrap_or_default();
    if let Some(span) = band(word, "w") {
        return Some((Target::new(Unit::Watts, span), 1));
    }
    if let Some(span) = band(word, "%") {
        let unit = match next {
            "mmp" if words.len() > 2 => {
                let over = duration(words[2]);
                return Some((
                    Target {
                        over,
                        ..Target::new(Unit::Mmp, span)
                    },
                    3,
                ));
            }
            "hr" => Unit::MaxHr,
            "lthr" => Unit::Lthr,
            "pace" => Unit::Threshold,
            _ => return Some((Target::new(Unit::Ftp, span), 1)),
        };
        return Some((Target::new(unit, span), 2));
    }
    if let Some((span, custom)) = zone(word) {
        return Some(match next {
            "hr" => (Target::new(Unit::HrZone, span), 2),
            "pace" => (Target::new(Unit::PaceZone, span), 2),
            _ if custom => (Target::new(Unit::CustomZone, span), 1),
            _ => (Target::new(Unit::PowerZone, span), 1),
        });
    }
    let pace = pace(word, sport).filter(|_| next == "pace")?;
    Some((pace, 2))
}

/// `power=3s`, `hr=lap`: over how long the device averages.
pub(super) fn averaging(word: &str) -> Option<Averaging> {
    let (name, over) = word.split_once('=').filter(|(_, over)| !over.is_empty())?;
    let kind = match name.to_ascii_lowercase().as_str() {
        "power" => Kind::Power,
        "hr" => Kind::Hr,
        _ => return None,
    };
    Some(Averaging {
        kind,
        over: over.to_owned(),
    })
}

/// What `intensity=` is set to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intensity(pub(super) Option<&'static str>);

/// `intensity=rest`. What upstream does not know sets nothing.
pub(super) fn intensity(word: &str) -> Option<Intensity> {
    let (name, value) = word.split_once('=')?;
    (name.eq_ignore_ascii_case("intensity") && !value.is_empty()).then(|| Intensity(known_intensity(value)))
}

/// Upstream's word for an intensity, in any case.
pub(super) fn known_intensity(word: &str) -> Option<&'static str> {
    const KNOWN: [&str; 8] = [
        "warmup", "active", "rest", "cooldown", "recovery", "interval", "other", "auto",
    ];
    KNOWN.into_iter().find(|known| word.eq_ignore_ascii_case(known))
}

/// Where the number begins in a word that ends in a number and a unit, such as `<40%` or `20min`. It closes a label even
/// where it is no token.
pub(super) fn number_and_unit(word: &str) -> Option<usize> {
    const UNITS: [&str; 10] = ["min", "mtr", "rpm", "km", "mi", "%", "w", "h", "s", "m"];
    let lower = word.to_ascii_lowercase();
    UNITS.iter().find_map(|unit| {
        let number = lower.strip_suffix(unit)?;
        let before = number.trim_end_matches(|c: char| c.is_ascii_digit());
        (before.len() < number.len() && !before.ends_with('.')).then_some(before.len())
    })
}
