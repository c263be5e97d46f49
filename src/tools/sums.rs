//! Sums of activities, planned workouts or weeks of them. A missing value adds nothing, and is counted.

use std::collections::BTreeMap;

use super::{
    answer::{
        self,
        sport_units::SportUnits,
        units::{self, amount, positive, sane},
        words::{DOT, joined, named},
    },
    plan_state::Planned,
};
use crate::{
    guard::Units,
    intervals::model::{Activity, Event, weeks::SportSummary},
    training::sports,
};

/// What one row adds to a sum. None and values below 0 add nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share<'a> {
    sport: Option<&'a str>,
    /// How many activities or workouts it represents.
    count: f64,
    secs: Option<f64>,
    metres: Option<f64>,
    climb: Option<f64>,
    load: Option<f64>,
    /// Percent, as upstream sends it.
    intensity: Option<f64>,
    kcal: Option<f64>,
    /// s, of its longest activity, if known.
    longest: Option<f64>,
}

impl<'a> From<&'a Activity> for Share<'a> {
    fn from(row: &'a Activity) -> Self {
        Self {
            sport: row.sport.as_deref(),
            count: 1.0,
            secs: row.moving_time,
            metres: row.metres(),
            climb: row.total_elevation_gain,
            load: row.icu_training_load,
            intensity: row.icu_intensity,
            kcal: row.calories,
            longest: row.moving_time,
        }
    }
}

impl<'a> From<&'a Event> for Share<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            sport: event.sport.as_deref(),
            count: 1.0,
            secs: event.planned_secs(),
            load: event.icu_training_load,
            ..Self::default()
        }
    }
}

/// What an entry says was planned, seen from its pairing.
impl<'a> From<(&'a Event, Planned)> for Share<'a> {
    fn from((event, planned): (&'a Event, Planned)) -> Self {
        Self {
            secs: planned.secs,
            metres: planned.metres,
            load: planned.load,
            ..Self::from(event)
        }
    }
}

impl<'a> From<&'a SportSummary> for Share<'a> {
    fn from(one: &'a SportSummary) -> Self {
        Self {
            sport: one.sport.as_deref(),
            count: amount(one.count),
            secs: one.moving_time,
            metres: one.distance,
            climb: one.total_elevation_gain,
            load: one.training_load,
            kcal: one.calories,
            ..Self::default()
        }
    }
}

/// A sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) count: f64,
    /// s.
    pub(super) secs: f64,
    /// m.
    pub(super) metres: f64,
    /// m.
    pub(super) climb: f64,
    pub(super) load: f64,
    /// How many have a load.
    pub(super) with_load: f64,
    /// kcal.
    pub(super) kcal: f64,
    /// Seconds and IF of the rows that have both.
    pub(super) intensities: Vec<(f64, f64)>,
    /// s, of the longest.
    pub(super) longest: f64,
    /// How many of each exact sport.
    pub(super) kinds: BTreeMap<String, f64>,
}

impl Sum {
    /// The sum of these rows.
    pub(super) fn of<'a>(rows: impl IntoIterator<Item = impl Into<Share<'a>>>) -> Self {
        let mut sum = Self::default();
        rows.into_iter().for_each(|row| sum.add(row));
        sum
    }

    pub(super) fn add<'a>(&mut self, row: impl Into<Share<'a>>) {
        let row: Share<'_> = row.into();
        let secs = amount(row.secs);
        self.count += row.count;
        self.secs += secs;
        self.metres += amount(row.metres);
        self.climb += amount(row.climb);
        self.kcal += amount(row.kcal);
        if let Some(load) = sane(row.load) {
            self.load += load;
            self.with_load += row.count;
        }
        let intensity = positive(row.intensity);
        self.intensities
            .extend(intensity.map(|percent| (secs, percent / 100.0)));
        self.longest = self.longest.max(amount(row.longest));
        *self.kinds.entry(name_of(row.sport, true)).or_default() += row.count;
    }

    /// `842 (2 without)`; empty when nothing has a load.
    pub(super) fn load_words(&self) -> String {
        let without = self.count - self.with_load;
        if self.with_load <= 0.0 {
            String::new()
        } else if without > 0.0 {
            format!("{} ({} without)", units::whole(self.load), units::whole(without))
        } else {
            units::whole(self.load)
        }
    }

    /// `Ride 12 · 18:40 · 512 km · load 842 (2 without)`, without empty parts.
    pub(super) fn line(&self, name: &str, distance: String) -> String {
        joined(
            [
                format!("{name} {}", units::whole(self.count)),
                units::hours_minutes(self.secs),
                distance,
                named("load", &self.load_words()),
            ],
            DOT,
        )
    }
}

/// `512 km`, with a decimal below `whole_from` metres; for swims `6400 m`, `7000 yd`. Empty without a distance.
pub(super) fn distance(metres: f64, sport: &str, own: Units, whole_from: f64) -> String {
    let decimals = u8::from(metres < whole_from);
    SportUnits::of(sport, own).way(positive(Some(metres)), decimals)
}

/// The name under which a sport is summed: its family's, or its own with `each_kind`.
pub(super) fn name_of(sport: Option<&str>, each_kind: bool) -> String {
    let sport = sport
        .filter(|sport| !sport.is_empty())
        .unwrap_or(answer::NO_SPORT);
    answer::sport(if each_kind { sport } else { sports::family(sport) })
}

/// Sums by sport (family), most time first.
pub(super) fn by_sport<'a>(
    rows: impl IntoIterator<Item = impl Into<Share<'a>>>,
    each_kind: bool,
) -> Vec<(String, Sum)> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for row in rows {
        let row = row.into();
        sums.entry(name_of(row.sport, each_kind)).or_default().add(row);
    }
    let mut sums: Vec<(String, Sum)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.secs.total_cmp(&a.1.secs));
    sums
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::samples::rows;

    #[test]
    fn rows_without_a_load_are_counted_but_not_summed() {
        let found: Vec<Activity> = rows(json!([
            {"type": "Ride", "moving_time": 3600, "icu_training_load": 80, "distance": 30_000},
            {"type": "VirtualRide", "moving_time": 1800, "distance": -5},
            {"type": "Yoga", "moving_time": 7200},
            {"type": null, "moving_time": 60},
        ]));
        let sums = by_sport(&found, false);
        let lines: Vec<String> = sums
            .iter()
            .map(|(name, sum)| sum.line(name, String::new()))
            .collect();
        assert_eq!(
            lines,
            [
                "Yoga 1 · 2:00",
                "Ride 2 · 1:30 · load 80 (1 without)",
                "no sport 1 · 0:01"
            ]
        );
        assert_eq!(
            sums[1].1.kinds.keys().collect::<Vec<_>>(),
            ["Ride", "VirtualRide"]
        );
        let all = Sum::of(&found);
        assert_eq!(
            (all.metres, all.longest, all.load_words()),
            (30_000.0, 7200.0, "80 (3 without)".to_owned())
        );
        assert_eq!(by_sport(&found, true).len(), 4);
    }

    #[test]
    fn a_week_from_upstream_counts_its_activities() {
        let week: Vec<SportSummary> = rows(json!([
            {"category": "Ride", "count": 3, "time": 60, "moving_time": 9000, "training_load": 210},
        ]));
        let sum = Sum::of(&week);
        assert_eq!(
            (sum.count, sum.with_load, sum.load_words()),
            (3.0, 3.0, "210".to_owned())
        );
    }
}
