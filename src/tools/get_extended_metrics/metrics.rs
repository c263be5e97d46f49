//! The figures: where each stands upstream, what it is called, its unit and decimals. One list for both forms.

use crate::{
    intervals::model::ActivityDetail,
    tools::answer::units::{self, positive},
    training::sports::Tempo,
};

/// Which question a figure belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Durability,
    Power,
    Recovery,
    Load,
    Running,
}

/// A figure of an activity.
pub(super) struct Metric {
    pub(super) subject: Subject,
    /// As intervals.icu or the device's maker calls it.
    pub(super) name: &'static str,
    /// Empty: it has none.
    pub(super) unit: &'static str,
    pub(super) decimals: u8,
    /// Whether the concise trend has it.
    pub(super) concise: bool,
    pub(super) of: fn(&ActivityDetail) -> Option<f64>,
}

impl Metric {
    /// `decoupling %`
    pub(super) fn header(&self) -> String {
        if self.unit.is_empty() {
            self.name.to_owned()
        } else {
            format!("{} {}", self.name, self.unit)
        }
    }

    /// The figure with its decimals; empty when there is none.
    pub(super) fn cell(&self, value: Option<f64>) -> String {
        units::fixed(value, self.decimals)
    }
}

/// Steps of both legs where upstream counts one.
fn cadence_z2(detail: &ActivityDetail) -> Option<f64> {
    let sport = detail.activity.sport.as_deref().unwrap_or_default();
    Some(Tempo::of(sport).cadence(positive(detail.icu_cadence_z2)?))
}

macro_rules! metric {
    ($subject:ident, $name:literal, $unit:literal, $decimals:literal, $concise:literal, $of:expr) => {
        Metric {
            subject: Subject::$subject,
            name: $name,
            unit: $unit,
            decimals: $decimals,
            concise: $concise,
            of: $of,
        }
    };
}

pub(super) const METRICS: &[Metric] = &[
    metric!(Durability, "decoupling", "%", 1, true, |d| units::sane(
        d.activity.decoupling
    )),
    metric!(Durability, "EF", "", 2, true, |d| positive(
        d.icu_efficiency_factor
    )),
    metric!(Durability, "VI", "", 2, true, |d| positive(
        d.icu_variability_index
    )),
    metric!(Durability, "power/HR", "W/bpm", 2, false, |d| positive(
        d.icu_power_hr
    )),
    metric!(Durability, "power/HR Z2", "W/bpm", 2, true, |d| positive(
        d.icu_power_hr_z2
    )),
    metric!(Durability, "power/HR Z2 over", "min", 0, false, |d| positive(
        d.icu_power_hr_z2_mins
    )),
    metric!(
        Durability,
        "cadence Z2",
        "rpm (runs: steps/min)",
        0,
        false,
        cadence_z2
    ),
    metric!(Power, "W′ depletion", "kJ", 1, true, |d| units::sane(
        d.icu_max_wbal_depletion
    )
    .map(|joules| joules / 1000.0)),
    metric!(Power, "L/R balance", "% left", 1, true, |d| positive(
        d.avg_lr_balance
    )),
    metric!(Recovery, "HR recovery", "bpm in 1 min", 0, true, |d| units::sane(
        d.icu_hrr.as_ref()?.hrr
    )),
    metric!(Load, "TRIMP", "", 0, false, |d| units::sane(d.trimp)),
    metric!(Load, "strain score", "", 0, false, |d| units::sane(
        d.strain_score
    )),
    metric!(Load, "polarization index", "", 2, false, |d| units::sane(
        d.polarization_index
    )),
    metric!(Running, "ground contact", "ms", 0, true, |d| positive(
        d.average_stance_time
    )),
    metric!(
        Running,
        "ground contact of the step",
        "%",
        1,
        false,
        |d| positive(d.average_stance_time_percent)
    ),
    metric!(Running, "stance balance", "% left", 1, true, |d| positive(
        d.average_stance_time_balance
    )),
    metric!(Running, "vertical oscillation", "mm", 0, true, |d| positive(
        d.average_vertical_oscillation
    )),
    metric!(Running, "vertical ratio", "%", 1, true, |d| positive(
        d.average_vertical_ratio
    )),
    metric!(Running, "step length", "mm", 0, true, |d| positive(
        d.average_step_length
    )),
    metric!(Running, "stride", "m", 2, false, |d| positive(d.average_stride)),
    metric!(Running, "leg spring stiffness", "kN/m", 1, true, |d| positive(
        d.average_leg_spring_stiffness
    )),
    metric!(Running, "impact loading rate", "BW/s", 1, false, |d| positive(
        d.average_impact_loading_rate
    )),
];

/// What the list of activities is asked for.
pub(super) const FIELDS: &[&str] = &[
    "type",
    "name",
    "moving_time",
    "average_heartrate",
    "device_name",
    "stream_types",
    "decoupling",
    "icu_efficiency_factor",
    "icu_variability_index",
    "icu_power_hr",
    "icu_power_hr_z2",
    "icu_power_hr_z2_mins",
    "icu_cadence_z2",
    "icu_max_wbal_depletion",
    "avg_lr_balance",
    "icu_hrr",
    "trimp",
    "strain_score",
    "polarization_index",
    "average_stance_time",
    "average_stance_time_percent",
    "average_stance_time_balance",
    "average_vertical_oscillation",
    "average_vertical_ratio",
    "average_step_length",
    "average_stride",
    "average_leg_spring_stiffness",
    "average_impact_loading_rate",
];

/// What only recordings have, and people ask for: its name, and the streams that hold it.
pub(super) const RECORDED: &[(&str, &[&str])] = &[
    ("DFA α1", &["dfa_a1"]),
    ("core temperature", &["core_temperature"]),
    ("skin temperature", &["skin_temperature"]),
    ("respiration", &["respiration"]),
    ("SmO2", &["smo2"]),
];
