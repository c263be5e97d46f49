//! How an activity's sport is spoken of: pace or speed, steps or revolutions, kilometres, metres or yards.

use crate::{
    guard::Units,
    intervals::model::Activity,
    text::clean,
    tools::answer::units::{self, PaceUnit},
    training::sports::{self, Tempo},
};

/// Metres in a yard (international, 1959).
const YARD: f64 = 0.9144;
/// Metres in a mile (international, 1959).
const MILE: f64 = 1609.344;

/// How to say figures of one activity.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Manner {
    pub(in crate::tools) units: Units,
    pub(in crate::tools) tempo: Tempo,
    /// None: by speed.
    pub(in crate::tools) pace: Option<PaceUnit>,
    /// Distances of a pool's length count in yards.
    yards: bool,
    one_leg: bool,
    turns: &'static str,
}

impl Manner {
    pub(in crate::tools) fn of(activity: &Activity, units: Units) -> Self {
        let sport = activity.sport.as_deref().unwrap_or_default();
        let tempo = Tempo::of(sport);
        let yards = tempo == Tempo::Swim && in_yards(activity.pool_length).unwrap_or(units.imperial);
        let pace = match (tempo, yards) {
            (Tempo::Swim, true) => PaceUnit::set_as("SECS_100Y"),
            (Tempo::Swim, false) => PaceUnit::set_as("SECS_100M"),
            _ => PaceUnit::usual(tempo, units),
        };
        let one_leg = sports::counts_one_leg(sport);
        let turns = match tempo {
            Tempo::Foot => "steps/min",
            Tempo::Swim | Tempo::Row => "strokes/min",
            Tempo::Other => "rpm",
        };
        Self {
            units,
            tempo,
            pace,
            yards,
            one_leg,
            turns,
        }
    }

    /// `km`, `mi`, `m`, `yd`
    pub(in crate::tools) fn distance_unit(&self) -> &'static str {
        match (self.tempo, self.yards) {
            (Tempo::Swim, true) => "yd",
            (Tempo::Swim, false) => "m",
            _ => units::distance_unit(self.units),
        }
    }

    /// In that unit: whole metres and yards, else so many decimals.
    pub(in crate::tools) fn distance(&self, metres: Option<f64>, decimals: u8) -> String {
        match (self.tempo, self.yards) {
            (Tempo::Swim, true) => units::yards(metres),
            (Tempo::Swim, false) => units::whole(metres),
            _ => units::distance(metres, self.units, decimals),
        }
    }

    /// Metres of what splits count: a kilometre, a mile, a hundred metres or yards.
    pub(in crate::tools) fn split(&self) -> f64 {
        match (self.tempo, self.yards, self.units.imperial) {
            (Tempo::Swim, true, _) => 100.0 * YARD,
            (Tempo::Swim, false, _) => 100.0,
            (_, _, true) => MILE,
            (_, _, false) => 1000.0,
        }
    }

    /// `pace /km`, `km/h`
    pub(in crate::tools) fn speed_header(&self) -> String {
        self.pace.map_or_else(
            || units::speed_unit(self.units).to_owned(),
            |unit| format!("pace /{}", unit.name()),
        )
    }

    /// Under that header.
    pub(in crate::tools) fn speed_cell(&self, speed: Option<f64>) -> String {
        match self.pace {
            Some(unit) => unit.time(speed),
            None => units::speed(speed, self.units),
        }
    }

    /// `4:35/km`, `30.1 km/h`
    pub(in crate::tools) fn speed(&self, speed: Option<f64>) -> String {
        match self.pace {
            Some(unit) => unit.pace(speed),
            None => with_unit(units::speed(speed, self.units), units::speed_unit(self.units)),
        }
    }

    /// `steps/min`, `rpm`, `strokes/min`
    pub(in crate::tools) fn turns(&self) -> &'static str {
        self.turns
    }

    /// Cadence in that unit: upstream counts one leg of a run.
    pub(in crate::tools) fn cadence(&self, cadence: Option<f64>) -> String {
        let factor = if self.one_leg { 2.0 } else { 1.0 };
        units::whole(cadence.map(|cadence| cadence * factor))
    }

    /// The pool: `25 m`, `25 yd`, `33.3 m`.
    pub(in crate::tools) fn pool(&self, length: f64) -> String {
        if self.yards {
            with_unit(units::at_most(Some(length / YARD), 1), "yd")
        } else {
            with_unit(units::at_most(Some(length), 1), "m")
        }
    }
}

/// Whether a pool's length is one in yards. None: no pool, or no telling.
fn in_yards(length: Option<f64>) -> Option<bool> {
    let length = units::sane(length).filter(|length| *length > 0.0)?;
    let near = |unit: f64| {
        let count = length / unit;
        (count - count.round()).abs() < 0.011
    };
    match (near(1.0), near(YARD)) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// The figure with its unit, or nothing.
pub(in crate::tools) fn with_unit(figure: String, unit: &str) -> String {
    if figure.is_empty() {
        figure
    } else {
        format!("{figure} {unit}")
    }
}

/// The figure behind its name, or nothing.
pub(in crate::tools) fn named(name: &str, figure: &str) -> String {
    if figure.is_empty() {
        String::new()
    } else {
        format!("{name} {figure}")
    }
}

/// What is there, with a separator between.
pub(in crate::tools) fn joined(parts: impl IntoIterator<Item = String>, separator: &str) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

/// Free text on one line, its line ends shown as `/`.
pub(in crate::tools) fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // Cleaned again when fenced; here only so that nothing invisible counts as a line.
    joined(lines.take(400).map(|line| clean(line, 4000)), " / ")
}
