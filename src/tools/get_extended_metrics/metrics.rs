//! The figures: each with its upstream field, name, unit and decimals. One list for both kinds of answer.

use crate::{
    intervals::model::ActivityDetail,
    tools::{
        answer::{
            units::{self, positive, sane},
            words::with_unit,
        },
        one_activity::DECOUPLING,
    },
    training::sports::Tempo,
};

/// The subject that a figure belongs to.
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
    /// The name that intervals.icu or the device's maker uses.
    pub(super) name: &'static str,
    /// Empty if there is none.
    pub(super) unit: &'static str,
    pub(super) decimals: u8,
    /// Whether a concise trend shows it.
    pub(super) concise: bool,
    pub(super) of: fn(&ActivityDetail) -> Option<f64>,
}

impl Metric {
    /// `ground contact ms`
    pub(super) fn header(&self) -> String {
        match self.name {
            "decoupling" => DECOUPLING.to_owned(),
            name => with_unit(name.to_owned(), self.unit),
        }
    }

    /// The value with its decimals; empty if there is none.
    pub(super) fn cell(&self, value: Option<f64>) -> String {
        units::fixed(value, self.decimals)
    }
}

/// Steps of both legs, where upstream counts one.
fn cadence_z2(detail: &ActivityDetail) -> Option<f64> {
    let sport = detail.activity.sport();
    Some(Tempo::of(sport).cadence(positive(detail.icu_cadence_z2)?))
}

macro_rules! metrics {
    ([$($lead:literal),*]; $($subject:ident, $name:literal, $unit:literal, $decimals:literal, $concise:literal,
        $key:ident => $of:expr;)*) => {
        pub(super) const METRICS: &[Metric] = &[$(Metric {
            subject: Subject::$subject,
            name: $name,
            unit: $unit,
            decimals: $decimals,
            concise: $concise,
            of: $of,
        }),*];

        /// The fields to request from the list of activities.
        pub(super) const FIELDS: &[&str] = &[$($lead,)* $(stringify!($key)),*];
    };
}

// Subject, name, unit, decimals, whether a concise trend shows it, and the upstream field.
metrics! {
    ["type", "name", "moving_time", "icu_training_load", "average_heartrate", "device_name", "stream_types"];
    Durability, "decoupling", "%", 1, true, decoupling => |d| sane(d.activity.decoupling);
    Durability, "EF", "", 2, true, icu_efficiency_factor => |d| positive(d.icu_efficiency_factor);
    Durability, "VI", "", 2, true, icu_variability_index => |d| positive(d.icu_variability_index);
    Durability, "power/HR", "W/bpm", 2, false, icu_power_hr => |d| positive(d.icu_power_hr);
    Durability, "power/HR Z2", "W/bpm", 2, true, icu_power_hr_z2 => |d| positive(d.icu_power_hr_z2);
    Durability, "power/HR Z2 time", "min", 0, false, icu_power_hr_z2_mins => |d| positive(d.icu_power_hr_z2_mins);
    Durability, "cadence Z2", "rpm (runs: steps/min)", 0, false, icu_cadence_z2 => cadence_z2;
    Power, "W′ depletion", "kJ", 1, true, icu_max_wbal_depletion => |d| Some(sane(d.icu_max_wbal_depletion)? / 1000.0);
    Power, "L/R balance", "% right", 1, true, avg_lr_balance => |d| positive(d.avg_lr_balance);
    Recovery, "HR recovery", "bpm in 1 min", 0, true, icu_hrr => |d| sane(d.icu_hrr.as_ref()?.hrr);
    Load, "TRIMP", "", 0, false, trimp => |d| sane(d.trimp);
    Load, "strain score", "", 0, false, strain_score => |d| sane(d.strain_score);
    Load, "polarization index", "", 2, false, polarization_index => |d| sane(d.polarization_index);
    Running, "ground contact", "ms", 0, true, average_stance_time => |d| positive(d.average_stance_time);
    Running, "ground contact of the step", "%", 1, false,
        average_stance_time_percent => |d| positive(d.average_stance_time_percent);
    Running, "stance balance", "% left", 1, true,
        average_stance_time_balance => |d| positive(d.average_stance_time_balance);
    Running, "vertical oscillation", "mm", 0, true,
        average_vertical_oscillation => |d| positive(d.average_vertical_oscillation);
    Running, "vertical ratio", "%", 1, true, average_vertical_ratio => |d| positive(d.average_vertical_ratio);
    Running, "step length", "mm", 0, true, average_step_length => |d| positive(d.average_step_length);
    Running, "step", "m (swims: m per stroke)", 2, false, average_stride => |d| positive(d.average_stride);
    Running, "leg spring stiffness", "kN/m", 1, true,
        average_leg_spring_stiffness => |d| positive(d.average_leg_spring_stiffness);
    Running, "impact loading rate", "BW/s", 1, false,
        average_impact_loading_rate => |d| positive(d.average_impact_loading_rate);
}

/// What people ask for and only recordings have: its name, and the streams that contain it.
pub(super) const RECORDED: &[(&str, &[&str])] = &[
    ("DFA α1", &["dfa_a1"]),
    ("core temperature", &["core_temperature"]),
    ("skin temperature", &["skin_temperature"]),
    ("respiration", &["respiration"]),
    ("SmO2", &["smo2"]),
];
