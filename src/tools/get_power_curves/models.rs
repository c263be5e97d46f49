//! What intervals.icu fitted to the curves, quoted by the name of its model.

use super::{
    super::answer::{
        table::Table,
        units::{self, positive},
    },
    Scale,
};
use crate::{intervals::model::Curve, text::clean};

/// A model's name as intervals.icu writes it, with what it stands for.
fn named(kind: Option<&str>) -> String {
    match kind {
        Some("MS_2P") => "MS_2P (Monod-Scherrer)".to_owned(),
        Some("MORTON_3P") => "MORTON_3P (Morton)".to_owned(),
        Some("FFT_CURVES") => "FFT_CURVES (Fast Fitness Tests)".to_owned(),
        Some("ECP") => "ECP (extended CP)".to_owned(),
        Some("CS") => "CS (critical speed)".to_owned(),
        other => clean(other.unwrap_or("unnamed"), 30),
    }
}

/// CP, W′, Pmax and eFTP by model and window.
pub(super) fn power(curves: &[(&str, &Curve)]) -> String {
    let mut table = Table::new([
        "intervals.icu's model",
        "window",
        "eFTP W",
        "CP W",
        "W′ kJ",
        "Pmax W",
    ]);
    for (name, curve) in curves {
        for model in &curve.power_models {
            let figures = [
                units::whole(positive(model.ftp)),
                units::whole(positive(model.critical_power)),
                units::fixed(positive(model.w_prime).map(|joules| joules / 1000.0), 1),
                units::whole(positive(model.p_max)),
            ];
            if figures.iter().any(|figure| !figure.is_empty()) {
                let mut row = vec![named(model.kind.as_deref()), (*name).to_owned()];
                row.extend(figures);
                table.push(row);
            }
        }
    }
    table.render()
}

/// Critical speed as a pace, and D′, by window.
pub(super) fn pace(curves: &[(&str, &Curve)], scale: Scale) -> String {
    let mut table = Table::new([
        "intervals.icu's model".to_owned(),
        "window".to_owned(),
        format!("critical speed {}", scale.speed_header("as pace")),
        "D′ m".to_owned(),
        "r²".to_owned(),
    ]);
    for (name, curve) in curves {
        for model in &curve.pace_models {
            let speed = scale.speed(positive(model.critical_speed));
            if !speed.is_empty() {
                table.push(vec![
                    named(model.kind.as_deref()),
                    (*name).to_owned(),
                    speed,
                    units::whole(positive(model.d_prime)),
                    units::fixed(model.r2.filter(|r2| (0.0..=1.0).contains(r2)), 3),
                ]);
            }
        }
    }
    table.render()
}

/// VO2max as intervals.icu estimates it from five minutes' power.
pub(super) fn vo2max(curves: &[(&str, &Curve)]) -> String {
    let parts: Vec<String> = curves
        .iter()
        .filter_map(|(name, curve)| {
            let value = units::fixed(curve.vo2max_5m.filter(|value| *value < 120.0), 1);
            (!value.is_empty()).then(|| format!("{name} {value}"))
        })
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(
            "VO2max estimated by intervals.icu from 5 min power, ml/kg/min: {}",
            parts.join(", ")
        )
    }
}
