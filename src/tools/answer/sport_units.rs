//! The units of a sport: pace or speed, steps or revolutions, kilometres, metres or yards.

use super::{
    units::{self, PaceUnit, positive},
    words::with_unit,
};
use crate::{
    guard::Units,
    intervals::model::{Activity, Event},
    training::{
        lengths::{MILE, YARD},
        sports::Tempo,
    },
};

/// The units of one sport, for one athlete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SportUnits {
    /// The athlete's.
    pub(crate) units: Units,
    /// How its speed is expressed.
    pub(crate) tempo: Tempo,
    /// None: the sport goes by speed.
    pub(crate) pace: Option<PaceUnit>,
    /// Distances of a swim are in yards.
    yards: bool,
}

impl SportUnits {
    /// The usual units of a sport.
    pub(crate) fn of(sport: &str, units: Units) -> Self {
        let tempo = Tempo::of(sport);
        Self {
            units,
            tempo,
            pace: PaceUnit::usual(tempo, units),
            yards: tempo == Tempo::Swim && units.imperial,
        }
    }

    /// The units of an activity: the pool decides between metres and yards.
    pub(crate) fn of_activity(activity: &Activity, units: Units) -> Self {
        Self::of(activity.sport(), units).with_pool(in_yards(activity.pool_length))
    }

    /// The units of a planned workout: a swim's are those of its steps.
    pub(crate) fn of_plan(event: &Event, units: Units) -> Self {
        Self::of(event.sport(), units).with_pool(in_yards(event.written_length()))
    }

    /// With the unit of a pool, if the sport is swimming and the pool is known: whether it is measured in yards.
    #[must_use]
    pub(crate) fn with_pool(self, in_yards: Option<bool>) -> Self {
        match in_yards.filter(|_| self.tempo == Tempo::Swim) {
            None => self,
            Some(yards) => Self {
                pace: PaceUnit::set_as(if yards { "SECS_100Y" } else { "SECS_100M" }),
                yards,
                ..self
            },
        }
    }

    /// With the unit of pace that the athlete set for the sport (upstream's `pace_units`), if it is one.
    #[must_use]
    pub(crate) fn with_pace_set_as(self, word: Option<&str>) -> Self {
        Self {
            pace: word.and_then(PaceUnit::set_as).or(self.pace),
            ..self
        }
    }

    /// `km`, `mi`, `m`, `yd`
    pub(crate) fn distance_unit(&self) -> &'static str {
        match (self.tempo, self.yards) {
            (Tempo::Swim, true) => "yd",
            (Tempo::Swim, false) => "m",
            _ => units::distance_unit(self.units),
        }
    }

    /// A distance in that unit: whole metres and yards, otherwise with this many decimals.
    pub(crate) fn distance(&self, metres: Option<f64>, decimals: u8) -> String {
        match (self.tempo, self.yards) {
            (Tempo::Swim, true) => units::yards(metres),
            (Tempo::Swim, false) => units::whole(metres),
            _ => units::distance(metres, self.units, decimals),
        }
    }

    /// A distance with that unit: `38.2 km`, `1500 m`, `1760 yd`.
    pub(crate) fn way(&self, metres: Option<f64>, decimals: u8) -> String {
        with_unit(self.distance(metres, decimals), self.distance_unit())
    }

    /// A distance below a header of kilometres or miles, where only a swim needs its own unit: `38.2`, `1500 m`.
    pub(crate) fn under_long_unit(&self, metres: Option<f64>, decimals: u8) -> String {
        match self.tempo {
            Tempo::Swim => self.way(metres, decimals),
            _ => self.distance(metres, decimals),
        }
    }

    /// The length of a split in metres: a kilometre, a mile, a hundred metres or yards.
    pub(crate) fn split(&self) -> f64 {
        match (self.tempo, self.yards, self.units.imperial) {
            (Tempo::Swim, true, _) => 100.0 * YARD,
            (Tempo::Swim, false, _) => 100.0,
            (_, _, true) => MILE,
            (_, _, false) => 1000.0,
        }
    }

    /// `pace /km`, `km/h`
    pub(crate) fn speed_header(&self) -> String {
        self.speed_header_of("pace")
    }

    /// `GAP /km`, `km/h`
    pub(crate) fn speed_header_of(&self, pace: &str) -> String {
        self.pace.map_or_else(
            || units::speed_unit(self.units).to_owned(),
            |unit| format!("{pace} /{}", unit.name()),
        )
    }

    /// A speed below that header.
    pub(crate) fn speed_cell(&self, speed: Option<f64>) -> String {
        match self.pace {
            Some(unit) => unit.time(speed),
            None => units::speed(speed, self.units),
        }
    }

    /// `4:35/km`, `30.1 km/h`
    pub(crate) fn speed(&self, speed: Option<f64>) -> String {
        match self.pace {
            Some(unit) => unit.pace(speed),
            None => with_unit(units::speed(speed, self.units), units::speed_unit(self.units)),
        }
    }

    /// `4:35/km`; empty for a sport that goes by speed.
    pub(crate) fn only_pace(&self, speed: Option<f64>) -> String {
        self.pace.map_or_else(String::new, |unit| unit.pace(speed))
    }

    /// `steps/min`, `rpm`, `strokes/min`
    pub(crate) fn turns(&self) -> &'static str {
        match self.tempo {
            Tempo::Foot => "steps/min",
            Tempo::Swim | Tempo::Row => "strokes/min",
            Tempo::Other => "rpm",
        }
    }

    /// Cadence in that unit: for runs, upstream counts one leg.
    pub(crate) fn cadence(&self, cadence: Option<f64>) -> String {
        units::whole(cadence.map(|cadence| self.tempo.cadence(cadence)))
    }

    /// The pool: `25 m`, `25 yd`, `33.3 m`.
    pub(crate) fn pool(&self, length: f64) -> String {
        if self.yards {
            with_unit(units::at_most(length / YARD, 1), "yd")
        } else {
            with_unit(units::at_most(length, 1), "m")
        }
    }
}

/// Whether a pool of this length in metres is measured in yards: whole yards, or thirds of them (33⅓). None: no pool, or
/// either is possible.
pub(crate) fn in_yards(length: Option<f64>) -> Option<bool> {
    let length = positive(length)?;
    let near = |unit: f64| {
        let count = length / unit;
        (count - count.round()).abs() < 0.011
    };
    let of = |metre: f64, yard: f64| match (near(metre), near(yard)) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    };
    of(1.0, YARD).or_else(|| of(1.0 / 3.0, YARD / 3.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MILES: Units = Units {
        imperial: true,
        weight_in_lb: false,
        fahrenheit: false,
    };

    fn swim(pool: f64, units: Units) -> SportUnits {
        let swim: Activity = serde_json::from_value(json!({"type": "Swim", "pool_length": pool})).unwrap();
        SportUnits::of_activity(&swim, units)
    }

    #[test]
    fn the_pool_decides_whether_a_swim_is_in_yards() {
        let yards = swim(22.86, Units::default());
        assert_eq!(
            (yards.way(Some(1609.344), 1), yards.pool(22.86)),
            ("1760 yd".to_owned(), "25 yd".to_owned())
        );
        assert_eq!(yards.speed(Some(0.9144)), "1:40/100yd");
        assert_eq!(swim(25.0, MILES).way(Some(1500.0), 1), "1500 m");
        assert_eq!(swim(25.0, MILES).speed_header(), "pace /100m");
        assert_eq!(SportUnits::of("OpenWaterSwim", MILES).distance_unit(), "yd");
        let lengths = [25.0, 50.0, 33.33, 16.67, 22.86, 18.288, 45.72, 30.48, 0.0, 21.4];
        let pools = [false, false, false, false, true, true, true, true].map(Some);
        assert_eq!(lengths.map(|pool| in_yards(Some(pool)))[..8], pools);
        assert_eq!(lengths.map(|pool| in_yards(Some(pool)))[8..], [None; 2]);
    }

    #[test]
    fn only_swims_show_their_own_unit_under_kilometres() {
        let under = |sport, metres| SportUnits::of(sport, Units::default()).under_long_unit(Some(metres), 1);
        assert_eq!(
            (under("Ride", 38_200.0), under("Swim", 1500.0)),
            ("38.2".to_owned(), "1500 m".to_owned())
        );
        assert_eq!(SportUnits::of("Ride", MILES).under_long_unit(None, 1), "");
    }

    #[test]
    fn a_sport_goes_by_its_own_pace_or_by_speed() {
        let run = SportUnits::of("TrailRun", Units::default());
        assert_eq!(
            (run.speed(Some(4.0)), run.cadence(Some(85.5))),
            ("4:10/km".to_owned(), "171".to_owned())
        );
        assert_eq!(
            run.with_pace_set_as(Some("MINS_MILE")).speed_header_of("GAP"),
            "GAP /mi"
        );
        assert_eq!(run.with_pace_set_as(Some("NONE")).speed_header(), "pace /km");
        let ride = SportUnits::of("Ride", MILES);
        assert_eq!(
            (ride.speed(Some(10.0)), ride.only_pace(Some(10.0))),
            ("22.4 mph".to_owned(), String::new())
        );
        assert_eq!((ride.cadence(Some(85.5)), ride.turns()), ("86".to_owned(), "rpm"));
    }
}
