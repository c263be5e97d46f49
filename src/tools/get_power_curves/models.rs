//! The models that intervals.icu fitted to the curves, quoted by name.

use super::{
    super::answer::{
        table::Columns,
        units::{self, positive},
    },
    Scale,
};
use crate::{
    intervals::model::{Curve, PaceModel, PowerModel},
    text::fenced,
};

/// A model's name as intervals.icu writes it, with its meaning.
fn named(kind: Option<&str>) -> String {
    match kind {
        Some("MS_2P") => "MS_2P (Monod-Scherrer)".to_owned(),
        Some("MORTON_3P") => "MORTON_3P (Morton)".to_owned(),
        Some("FFT_CURVES") => "FFT_CURVES (Fast Fitness Tests)".to_owned(),
        Some("ECP") => "ECP (extended CP)".to_owned(),
        Some("CS") => "CS (critical speed)".to_owned(),
        Some(other) => fenced(other, 30),
        None => "unnamed".to_owned(),
    }
}

/// CP, W′, Pmax and eFTP by model and window.
pub(super) fn power(curves: &[(&str, &Curve)]) -> String {
    type Row<'a> = (&'a str, &'a PowerModel);
    let figures = Columns::<Row<'_>>::new()
        .column("eFTP W", |(_, model)| units::whole(positive(model.ftp)))
        .column("CP W", |(_, model)| units::whole(positive(model.critical_power)))
        .column("W′ kJ", |(_, model)| units::kilo(positive(model.w_prime), 1))
        .column("Pmax W", |(_, model)| units::whole(positive(model.p_max)));
    let models = curves
        .iter()
        .flat_map(|(name, curve)| curve.power_models.iter().map(|model| (*name, model)));
    let rows: Vec<Row<'_>> = models.filter(|row| figures.show_any_of(row)).collect();
    Columns::<Row<'_>>::new()
        .column("intervals.icu's model", |(_, model)| named(model.kind.as_deref()))
        .column("window", |(name, _)| (*name).to_owned())
        .then(figures)
        .table(&rows)
}

/// Critical speed as a pace, and D′, by window.
pub(super) fn pace(curves: &[(&str, &Curve)], scale: Scale) -> String {
    type Row<'a> = (&'a str, &'a PaceModel);
    let speed = |(_, model): &Row<'_>| scale.speed(positive(model.critical_speed));
    let models = curves
        .iter()
        .flat_map(|(name, curve)| curve.pace_models.iter().map(|model| (*name, model)));
    let rows: Vec<Row<'_>> = models.filter(|row| !speed(row).is_empty()).collect();
    Columns::<Row<'_>>::new()
        .column("intervals.icu's model", |(_, model)| named(model.kind.as_deref()))
        .column("window", |(name, _)| (*name).to_owned())
        .column(format!("critical speed {}", scale.speed_header("as pace")), speed)
        .column("D′ m", |(_, model)| units::whole(positive(model.d_prime)))
        .column("r²", |(_, model)| {
            units::fixed(model.r2.filter(|r2| (0.0..=1.0).contains(r2)), 3)
        })
        .table(&rows)
}

/// intervals.icu's estimate of VO2max from five-minute power.
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
            "VO2max estimated by intervals.icu from 5 min power, ml/kg/min: {}.",
            parts.join(", ")
        )
    }
}
