//! One group of sports: thresholds in one line, zones as ranges, what is missing.

use crate::{
    guard::Units,
    intervals::model::{Athlete, SportSettings},
    text::clean,
    tools::{
        answer::{
            self,
            bands::{BY_PACE, UPWARDS, ranges, zone_list},
            units::{self, positive},
            words::joined,
        },
        arguments::Detail,
        thresholds::{Thresholds, pace_of, thresholds},
    },
    training::zones,
};

/// The lines shown so far with their sport, so that none is sent twice.
#[derive(Default)]
pub(super) struct Shown(Vec<(String, String)>);

impl Shown {
    /// The line after its label, or the sport that has the same line.
    fn once(&mut self, label: &str, line: String, sport: &str) -> String {
        if line.is_empty() {
            return line;
        }
        let text = format!("{label}: {line}");
        match self.0.iter().find(|(shown, _)| *shown == text) {
            Some((_, whose)) if !whose.is_empty() => format!("{label}: as for {whose}"),
            _ => {
                self.0.push((text.clone(), sport.to_owned()));
                text
            }
        }
    }
}

/// Everything that is set for one group of sports.
pub(super) fn block(
    own: &SportSettings,
    athlete: &Athlete,
    units: Units,
    detail: Detail,
    shown: &mut Shown,
) -> String {
    let (ftp, indoor) = (positive(own.ftp), positive(own.indoor_ftp));
    let threshold = positive(own.threshold_pace);
    let pace = pace_of(own, units);
    let Thresholds { heading, known } = thresholds(own, athlete, units);
    let who = own
        .types
        .iter()
        .flatten()
        .next()
        .map_or_else(String::new, |sport| answer::sport(sport));
    let who = who.as_str();
    let mut lines = vec![format!("## {heading}"), known];
    let power = own.power_zones.as_deref().unwrap_or_default();
    let power_names = own.power_zone_names.as_deref().unwrap_or_default();
    if let Some(ftp) = ftp {
        let zones = zone_list(
            &ranges(&zones::watts(power, ftp), UPWARDS, units::whole),
            power_names,
        );
        lines.push(shown.once("power zones W", zones, who));
    }
    if let (Some(indoor), Detail::Full) = (indoor.filter(|indoor| Some(*indoor) != ftp), detail) {
        let zones = zone_list(
            &ranges(&zones::watts(power, indoor), UPWARDS, units::whole),
            power_names,
        );
        lines.push(shown.once("indoor power zones W", zones, who));
    }
    let beats = zones::beats(own.hr_zones.as_deref().unwrap_or_default());
    let beat_names = own.hr_zone_names.as_deref().unwrap_or_default();
    lines.push(shown.once(
        "HR zones bpm",
        zone_list(&ranges(&beats, UPWARDS, units::whole), beat_names),
        who,
    ));
    let pace_bounds = own.pace_zones.as_deref().unwrap_or_default();
    if let Some(threshold) = threshold {
        let bands = zones::speeds(pace_bounds, threshold);
        let names = own.pace_zone_names.as_deref().unwrap_or_default();
        let zones = ranges(&bands, BY_PACE, |speed| pace.time(Some(speed)));
        let label = format!("pace zones /{}", pace.name());
        lines.push(shown.once(&label, zone_list(&zones, names), who));
    }
    if detail == Detail::Full {
        lines.push(shown.once("power zones end at % of FTP", percents(power), who));
        lines.push(shown.once(
            "pace zones end at % of threshold speed",
            percents(pace_bounds),
            who,
        ));
        if let Some(order) = own.load_order.as_deref() {
            lines.push(format!(
                "load comes from {}",
                clean(order, 40).to_lowercase().replace('_', ", then ")
            ));
        }
    }
    joined(lines, "\n")
}

fn percents(bounds: &[f64]) -> String {
    let bounds: Vec<String> = bounds
        .iter()
        .filter(|bound| **bound < 999.0)
        .map(|bound| units::at_most(*bound, 1))
        .collect();
    bounds.join(", ")
}
