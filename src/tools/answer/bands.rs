//! Zones as ranges in words.

use super::words::{DOT, joined};
use crate::{
    text::{clean, fenced},
    training::zones::Band,
};

/// The names that intervals.icu gives zones; any other is a person's.
const USUAL: [&str; 15] = [
    "Active Recovery",
    "Endurance",
    "Tempo",
    "Threshold",
    "VO2 Max",
    "Anaerobic",
    "Neuromuscular",
    "Recovery",
    "Aerobic",
    "SubThreshold",
    "SuperThreshold",
    "Aerobic Capacity",
    "Zone 5a",
    "Zone 5b",
    "Zone 5c",
];

/// Words for a zone without a lower end, and for one without an upper end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends(&'static str, &'static str);

/// `≤135`, `136–184`, `≥370`
pub(crate) const UPWARDS: Ends = Ends("≤", "≥");
/// Slow to fast: `slower than 5:41`, `5:41–5:01`, `faster than 3:56`.
pub(crate) const BY_PACE: Ends = Ends("slower than ", "faster than ");

/// A range for each zone.
pub(crate) fn ranges(bands: &[Band], ends: Ends, show: impl Fn(f64) -> String) -> Vec<String> {
    let range = |band: &Band| match (band.from, band.to) {
        (None, Some(to)) => format!("{}{}", ends.0, show(to)),
        (Some(from), Some(to)) => format!("{}–{}", show(from), show(to)),
        (Some(from), None) => format!("{}{}", ends.1, show(from)),
        (None, None) => "all".to_owned(),
    };
    bands.iter().map(range).collect()
}

/// `Z1 Active Recovery ≤135 · Z2 Endurance 136–184 · … · Z7 «All out» ≥370`
pub(crate) fn zone_list(ranges: &[String], names: &[Option<String>]) -> String {
    let zones = (1..).zip(ranges).map(|(number, range)| {
        let name = names.get(number - 1).and_then(Option::as_deref);
        let name = name.filter(|name| says_more(&clean(name, 30), number));
        let name = name.map(|name| {
            if USUAL.contains(&name) {
                name.to_owned()
            } else {
                fenced(name, 30)
            }
        });
        joined([&format!("Z{number}"), &name.unwrap_or_default(), range], " ")
    });
    joined(zones, DOT)
}

/// Whether a zone's name adds to its number: "Zone 2" for the second does not, "Zone 5a" and "Tempo" do.
fn says_more(name: &str, number: usize) -> bool {
    let plain = name.to_lowercase().replace("zone", "").replace('z', "");
    !name.is_empty() && plain.trim() != number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_end_has_its_own_words() {
        let band = |from, to| Band { from, to };
        let bands = [
            band(None, Some(1.0)),
            band(Some(1.0), Some(2.0)),
            band(Some(2.0), None),
            band(None, None),
        ];
        let show = |value: f64| value.to_string();
        assert_eq!(ranges(&bands, UPWARDS, show), ["≤1", "1–2", "≥2", "all"]);
        assert_eq!(ranges(&bands[..1], BY_PACE, show), ["slower than 1"]);
    }
}
