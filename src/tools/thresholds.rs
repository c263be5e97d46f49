//! The thresholds in an athlete's settings, one line for each group of sports, and what is not set.
//!
//! For all tools that show thresholds; zones are in get_athlete_profile.

use super::answer::{
    self,
    sport_units::SportUnits,
    units::{self, PaceUnit, positive},
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::model::{Athlete, SportSettings},
    text::clean,
    training::sports::Tempo,
};

/// One line for each group of sports: its thresholds, and what is not set. None without sport settings.
pub(super) fn lines(card: &AthleteCard, athlete: &Athlete) -> Vec<String> {
    let card = fresh(card, athlete);
    let settings = athlete.sport_settings.iter().flatten();
    settings.map(|own| line(own, athlete, card.units)).collect()
}

/// The card with the profile's current values.
pub(super) fn fresh(card: &AthleteCard, athlete: &Athlete) -> AthleteCard {
    let mut card = card.clone();
    if let Some(name) = athlete
        .name
        .as_deref()
        .map(|name| clean(name, 60))
        .filter(|name| !name.is_empty())
    {
        card.name = name;
    }
    if let Some(zone) = athlete.timezone.as_deref().and_then(|zone| zone.parse().ok()) {
        card.zone = zone;
    }
    if let Some(preference) = athlete.measurement_preference.as_deref() {
        card.units.imperial = preference == "feet";
    }
    card.units.weight_in_lb = athlete.weight_pref_lb.unwrap_or(card.units.weight_in_lb);
    card.units.fahrenheit = athlete.fahrenheit.unwrap_or(card.units.fahrenheit);
    card
}

/// The thresholds of one group of sports in one line, without zones.
fn line(own: &SportSettings, athlete: &Athlete, units: Units) -> String {
    let Thresholds { heading, known } = thresholds(own, athlete, units);
    format!("{heading}: {known}")
}

/// A group of sports, and what is set for it.
pub(super) struct Thresholds {
    pub(super) heading: String,
    pub(super) known: String,
}

/// The unit of pace of these sports.
pub(super) fn pace_of(own: &SportSettings, units: Units) -> PaceUnit {
    let first = own.types.iter().flatten().next().map_or("", String::as_str);
    SportUnits::of(first, units)
        .with_pace_set_as(own.pace_units.as_deref())
        .pace
        .unwrap_or(PaceUnit::long(units))
}

fn tempo_of(own: &SportSettings) -> Tempo {
    Tempo::of(own.types.iter().flatten().next().map_or("", String::as_str))
}

pub(super) fn thresholds(own: &SportSettings, athlete: &Athlete, units: Units) -> Thresholds {
    let types: Vec<String> = own
        .types
        .iter()
        .flatten()
        .map(|sport| answer::sport(sport))
        .collect();
    let tempo = tempo_of(own);
    let heading = match (types.is_empty(), own.other == Some(true)) {
        (_, true) => "All other sports".to_owned(),
        (true, false) => "Unnamed sports".to_owned(),
        (false, false) => types.join(", "),
    };
    let (ftp, indoor) = (positive(own.ftp), positive(own.indoor_ftp));
    let (lthr, max_hr) = (positive(own.lthr), positive(own.max_hr));
    let threshold = positive(own.threshold_pace);
    let pace = pace_of(own, units);

    let mut known = Vec::new();
    let mut unset = Vec::new();
    let watts =
        |name: &str, value: Option<f64>| value.map(|value| format!("{name} {} W", units::whole(value)));
    let estimate = own.mmp_model.as_ref().and_then(|model| positive(model.ftp));
    // Beside others it is named as the one that zones and loads go by.
    let name = if indoor.or(estimate).is_some() {
        "FTP in use"
    } else {
        "FTP"
    };
    match watts(name, ftp) {
        Some(text) => {
            let kg = weight_of(athlete);
            let per_kg = kg
                .zip(ftp)
                .map(|(kg, ftp)| format!(" ({} W/kg)", units::fixed(ftp / kg, 2)));
            known.push(text + &per_kg.unwrap_or_default());
        }
        None if tempo != Tempo::Swim && own.other != Some(true) => unset.push("FTP"),
        None => {}
    }
    known.extend(watts("indoor FTP", indoor));
    known.extend(watts("eFTP (intervals.icu's model)", estimate));
    known.extend(positive(own.w_prime).map(|joules| format!("W′ {} kJ", units::fixed(joules / 1000.0, 1))));
    known.extend(watts("Pmax", positive(own.p_max)));
    match threshold {
        Some(speed) => known.push(format!("threshold pace {}", pace.pace(Some(speed)))),
        None if tempo != Tempo::Other => unset.push("threshold pace"),
        None => {}
    }
    match lthr {
        Some(bpm) => known.push(format!("LTHR {}", units::whole(bpm))),
        None => unset.push("LTHR"),
    }
    match max_hr {
        Some(bpm) => known.push(format!("max HR {}", units::whole(bpm))),
        None => unset.push("max HR"),
    }
    if !unset.is_empty() {
        known.push(format!("not set: {}", unset.join(", ")));
    }
    if let Some(on) = own.updated {
        let zone = athlete.timezone.as_deref();
        let zone = zone.and_then(|zone| zone.parse::<chrono_tz::Tz>().ok());
        let day = zone.map_or_else(|| on.date_naive(), |zone| on.with_timezone(&zone).date_naive());
        known.push(format!("settings of {day}"));
    }
    Thresholds {
        heading,
        known: known.join(" · "),
    }
}

/// kg: intervals.icu's current weight field, otherwise the older one.
pub(super) fn weight_of(athlete: &Athlete) -> Option<f64> {
    positive(athlete.icu_weight).or(positive(athlete.weight))
}
