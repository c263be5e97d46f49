//! One group of sports: thresholds in a line, zones as ranges, what is missing.

use crate::{
    guard::Units,
    intervals::model::{Athlete, SportSettings},
    tools::{
        answer::{
            clean::clean,
            units::{self, PaceUnit},
        },
        arguments::Detail,
    },
    training::{
        sports::Tempo,
        zones::{self, Band},
    },
};

/// What is known and set for one group of sports.
pub(super) fn block(own: &SportSettings, athlete: &Athlete, units: Units, detail: Detail) -> String {
    let types: Vec<String> = own.types.iter().flatten().map(|sport| clean(sport, 30)).collect();
    let first = own.types.iter().flatten().next().map_or("", String::as_str);
    let tempo = Tempo::of(first);
    let heading = match (types.is_empty(), own.other == Some(true)) {
        (_, true) => "All other sports".to_owned(),
        (true, false) => "Unnamed sports".to_owned(),
        (false, false) => types.join(", "),
    };
    let set = |value: Option<f64>| units::sane(value).filter(|value| *value > 0.0);
    let (ftp, indoor) = (set(own.ftp), set(own.indoor_ftp));
    let (lthr, max_hr) = (set(own.lthr), set(own.max_hr));
    let threshold = set(own.threshold_pace);
    let pace = own
        .pace_units
        .as_deref()
        .and_then(PaceUnit::set_as)
        .or_else(|| PaceUnit::usual(tempo, units))
        .unwrap_or(PaceUnit::usual(Tempo::Foot, units).expect("on foot there is always a pace"));

    let mut known = Vec::new();
    let mut unset = Vec::new();
    let watts = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {} W", units::whole(Some(value))));
    match watts("FTP", ftp) {
        Some(text) => {
            let kg = set(athlete.icu_weight).or(set(athlete.weight));
            let per_kg = kg.zip(ftp).map(|(kg, ftp)| format!(" ({} W/kg)", units::fixed(Some(ftp / kg), 2)));
            known.push(text + &per_kg.unwrap_or_default());
        }
        None if tempo != Tempo::Swim => unset.push("FTP"),
        None => {}
    }
    known.extend(watts("indoor FTP", indoor));
    if let Some(model) = &own.mmp_model {
        known.extend(watts("eFTP (model)", set(model.ftp)));
    }
    known.extend(set(own.w_prime).map(|joules| format!("W′ {} kJ", units::fixed(Some(joules / 1000.0), 1))));
    known.extend(watts("Pmax", set(own.p_max)));
    match threshold {
        Some(speed) => known.push(format!("threshold pace {}", pace.pace(Some(speed)))),
        None if tempo != Tempo::Other => unset.push("threshold pace"),
        None => {}
    }
    match lthr {
        Some(bpm) => known.push(format!("LTHR {}", units::whole(Some(bpm)))),
        None => unset.push("LTHR"),
    }
    match max_hr {
        Some(bpm) => known.push(format!("max HR {}", units::whole(Some(bpm)))),
        None => unset.push("max HR"),
    }
    if !unset.is_empty() {
        known.push(format!("not set: {}", unset.join(", ")));
    }
    if let Some(on) = own.updated {
        known.push(format!("settings of {}", on.date_naive()));
    }

    let mut lines = vec![format!("## {heading}"), known.join(" · ")];
    let power = own.power_zones.as_deref().unwrap_or_default();
    let power_names = own.power_zone_names.as_deref().unwrap_or_default();
    if let Some(ftp) = ftp {
        lines.push(zone_line("power", "W", &zones::watts(power, ftp), power_names, |watts| units::whole(Some(watts))));
    }
    if let (Some(indoor), Detail::Full) = (indoor.filter(|indoor| Some(*indoor) != ftp), detail) {
        let bands = zones::watts(power, indoor);
        lines.push(zone_line("indoor power", "W", &bands, power_names, |watts| units::whole(Some(watts))));
    }
    let beats = zones::beats(own.hr_zones.as_deref().unwrap_or_default());
    let beat_names = own.hr_zone_names.as_deref().unwrap_or_default();
    lines.push(zone_line("HR", "bpm", &beats, beat_names, |bpm| units::whole(Some(bpm))));
    if let Some(threshold) = threshold {
        let bands = zones::speeds(own.pace_zones.as_deref().unwrap_or_default(), threshold);
        let names = own.pace_zone_names.as_deref().unwrap_or_default();
        lines.push(zone_line("pace", &format!("/{}", pace.name()), &bands, names, |speed| pace.time(Some(speed))));
    }
    if detail == Detail::Full {
        lines.push(percents("power zones end at % of FTP", power));
        lines.push(percents("pace zones end at % of threshold speed", own.pace_zones.as_deref().unwrap_or_default()));
        if let Some(order) = own.load_order.as_deref() {
            lines.push(format!("load comes from {}", clean(order, 40).to_lowercase().replace('_', ", then ")));
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// `power zones W: Z1 Active Recovery ≤135 · Z2 Endurance 136–184 · … · Z7 Neuromuscular ≥370`
fn zone_line(what: &str, unit: &str, bands: &[Band], names: &[String], show: impl Fn(f64) -> String) -> String {
    if bands.is_empty() {
        return String::new();
    }
    let slower_is_more = unit.starts_with('/');
    let zones: Vec<String> = bands
        .iter()
        .enumerate()
        .map(|(at, band)| {
            let number = format!("Z{}", at + 1);
            let name = names.get(at).map(|name| clean(name, 30)).filter(|name| says_more(name, at + 1));
            let name = name.map_or_else(String::new, |name| format!(" {name}"));
            let range = match (band.from, band.to, slower_is_more) {
                (None, Some(to), false) => format!("≤{}", show(to)),
                (None, Some(to), true) => format!("slower than {}", show(to)),
                (Some(from), Some(to), _) => format!("{}–{}", show(from), show(to)),
                (Some(from), None, false) => format!("≥{}", show(from)),
                (Some(from), None, true) => format!("faster than {}", show(from)),
                (None, None, _) => "all".to_owned(),
            };
            format!("{number}{name} {range}")
        })
        .collect();
    format!("{what} zones {unit}: {}", zones.join(" · "))
}

/// Whether a zone's name adds to its number: "Zone 2" for the second does not, "Zone 5a" and "Tempo" do.
fn says_more(name: &str, number: usize) -> bool {
    let plain = name.to_lowercase().replace("zone", "").replace('z', "");
    !name.is_empty() && plain.trim() != number.to_string()
}

fn percents(what: &str, bounds: &[f64]) -> String {
    let bounds: Vec<String> =
        bounds.iter().filter(|bound| **bound < 999.0).map(|bound| units::at_most(Some(*bound), 1)).collect();
    if bounds.is_empty() { String::new() } else { format!("{what}: {}", bounds.join(", ")) }
}
