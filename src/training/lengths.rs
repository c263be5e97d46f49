//! Lengths in metres: the units that people run, ride and swim by, and the two road races with a name.

/// A mile (international, 1959).
pub(crate) const MILE: f64 = 1609.344;
/// A yard (international, 1959).
pub(crate) const YARD: f64 = 0.9144;
/// A foot (international, 1959).
pub(crate) const FOOT: f64 = 0.3048;
/// The half marathon (World Athletics).
pub(crate) const HALF_MARATHON: f64 = 21_097.5;
/// The marathon (World Athletics).
pub(crate) const MARATHON: f64 = 42_195.0;
