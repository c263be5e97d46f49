//! Sums of activities, planned workouts or weeks of them. A missing value adds nothing, and is counted.

use std::{collections::BTreeMap, fmt::Display};

use chrono::NaiveDate;

use super::{
    answer::{
        self,
        sport_units::{SportUnits, in_yards},
        units::{self, amount, positive, sane},
        words::{DOT, around, in_brackets, joined, named, with_unit},
    },
    plan_state::Planned,
};
use crate::{
    guard::Units,
    intervals::model::{Activity, Event, weeks::SportSummary},
    training::sports::{self, Tempo},
};

/// What one row adds to a sum. None and values below 0 add nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share<'a> {
    sport: Option<&'a str>,
    /// How many activities or workouts it represents.
    count: f64,
    secs: Option<f64>,
    metres: Option<f64>,
    /// m, of the pool; of a plan, a length that it was written with.
    pool: Option<f64>,
    climb: Option<f64>,
    load: Option<f64>,
    /// Percent, as upstream sends it.
    intensity: Option<f64>,
    kcal: Option<f64>,
    /// s, of its longest activity, if known.
    longest: Option<f64>,
    /// Of that activity.
    day: Option<NaiveDate>,
}

impl<'a> From<&'a Activity> for Share<'a> {
    fn from(row: &'a Activity) -> Self {
        Self {
            sport: row.sport.as_deref(),
            count: 1.0,
            secs: row.moving_time,
            metres: row.metres(),
            pool: row.pool_length,
            climb: row.climb(),
            load: row.load(),
            intensity: row.icu_intensity,
            kcal: row.calories,
            longest: row.moving_time,
            day: row.day(),
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
            pool: event.written_length(),
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

/// Which units the swims of a sum were swum in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pools {
    metres: bool,
    yards: bool,
    /// In open water, or the pool is not known.
    unknown: bool,
}

impl Pools {
    fn add(&mut self, pool: Option<f64>) {
        match in_yards(pool) {
            Some(true) => self.yards = true,
            Some(false) => self.metres = true,
            None => self.unknown = true,
        }
    }

    /// Whether all were swum in yards; None if there is no such unit, or more than one.
    pub(super) fn in_yards(self, own: Units) -> Option<bool> {
        match self.units(own) {
            (false, true) => Some(true),
            (true, false) => Some(false),
            _ => None,
        }
    }

    /// Whether any were swum in metres, and any in yards; where it is not known, the athlete's unit counts.
    fn units(self, own: Units) -> (bool, bool) {
        (
            self.metres || self.unknown && !own.imperial,
            self.yards || self.unknown && own.imperial,
        )
    }
}

/// A sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) count: f64,
    /// s.
    pub(super) secs: f64,
    /// s, of the times as they are shown: see [`shown_secs`].
    pub(super) shown_secs: f64,
    /// How many have a time.
    pub(super) with_time: f64,
    /// m.
    pub(super) metres: f64,
    /// How many have a distance.
    pub(super) with_distance: f64,
    /// Of the swims with a distance.
    pub(super) pools: Pools,
    /// m.
    pub(super) climb: f64,
    /// How many have an elevation gain.
    pub(super) with_climb: f64,
    pub(super) load: f64,
    /// How many have a load.
    pub(super) with_load: f64,
    /// kcal.
    pub(super) kcal: f64,
    /// How many have calories.
    pub(super) with_kcal: f64,
    /// Seconds and IF of the rows that have both.
    pub(super) intensities: Vec<(f64, f64)>,
    /// s, of the longest.
    pub(super) longest: f64,
    /// The day of the longest, if that is known.
    pub(super) longest_on: Option<NaiveDate>,
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
        self.shown_secs += shown_secs(secs);
        self.metres += amount(row.metres);
        let counted = |is_known: bool| if is_known { row.count } else { 0.0 };
        self.with_time += counted(positive(row.secs).is_some());
        self.with_distance += counted(positive(row.metres).is_some());
        // A way can be level.
        self.with_climb += counted(sane(row.climb).is_some());
        self.with_kcal += counted(positive(row.kcal).is_some());
        let swum = positive(row.metres).filter(|_| Tempo::of(row.sport.unwrap_or_default()) == Tempo::Swim);
        if swum.is_some() {
            self.pools.add(row.pool);
        }
        self.climb += amount(row.climb);
        self.kcal += amount(row.kcal);
        self.load += amount(row.load);
        self.with_load += counted(sane(row.load).is_some());
        let intensity = positive(row.intensity);
        self.intensities
            .extend(intensity.map(|percent| (secs, percent / 100.0)));
        if let Some(longest) = positive(row.longest).filter(|secs| *secs > self.longest) {
            (self.longest, self.longest_on) = (longest, row.day);
        }
        *self.kinds.entry(name_of(row.sport, true)).or_default() += row.count;
    }

    /// The counts and loads of several sums together, and nothing else of them.
    pub(super) fn of_loads<'a>(sums: impl Iterator<Item = &'a Self>) -> Self {
        sums.fold(Self::default(), |all, sum| Self {
            count: all.count + sum.count,
            load: all.load + sum.load,
            with_load: all.with_load + sum.with_load,
            ..Self::default()
        })
    }

    /// `842 (2 without)`; empty when nothing has a load.
    pub(super) fn load_words(&self) -> String {
        self.of_those(self.with_load, units::whole(self.load), "without")
    }

    /// Whether the times of its rows as shown add up to that of the sum as shown.
    fn adds_up(&self) -> bool {
        looks_like(self.shown_secs, self.secs)
    }

    /// `2:45`, `2:45 (1 without a time)`; empty when nothing has a time.
    pub(super) fn time_words(&self) -> String {
        self.of_those(self.with_time, units::hours_minutes(self.secs), "without a time")
    }

    /// The same; `0:00` without any row, `unknown` when there are rows and none has a time.
    pub(super) fn known_time(&self) -> String {
        self.known(self.time_words(), "0:00")
    }

    /// `812`, `812 (2 without)`, in m or ft; empty when nothing went up. `count` rows should have an elevation gain.
    pub(super) fn climb_words(&self, count: f64, own: Units) -> String {
        let climb = units::height(positive(Some(self.climb)), own);
        of_count(count, self.with_climb, climb, "without")
    }

    /// `climb 4539 m`, `climb 812 m (2 without)`; empty when nothing went up. `count` rows should have an elevation gain.
    pub(super) fn named_climb(&self, count: f64, own: Units) -> String {
        let climb = units::height_in_words(positive(Some(self.climb)), own);
        named("climb", &of_count(count, self.with_climb, climb, "without"))
    }

    /// `3120 (1 without)`; empty when nothing has calories.
    pub(super) fn kcal_words(&self) -> String {
        self.of_those(self.with_kcal, units::whole(self.kcal), "without")
    }

    /// A figure of the `with` rows that have it, and how many are `without`; empty when none has it.
    pub(super) fn of_those(&self, with: f64, figure: String, without: &str) -> String {
        of_count(self.count, with, figure, without)
    }

    /// `1 without a time`: how many lack a figure that `with` others have; empty when none has it, or all have.
    pub(super) fn lacking(&self, with: f64, without: &str) -> String {
        lacking_of(self.count, with, without)
    }

    /// `1 without a distance`; empty when none has one, or all have.
    pub(super) fn without_distance(&self) -> String {
        self.lacking(self.with_distance, "without a distance")
    }

    /// `21 (10 VirtualRide)`: how many, and how many of kinds other than `name`, if its family has several.
    pub(super) fn count_with_kinds(&self, name: &str) -> String {
        let has_several = sports::meant_by(name).is_some_and(|kinds| kinds.len() > 1);
        let others = self.kinds.iter().filter(|(kind, _)| has_several && *kind != name);
        let others = others.map(|(kind, count)| format!("{} {kind}", units::whole(*count)));
        let others = in_brackets(&joined(others, ", "));
        joined([units::whole(self.count), others], " ")
    }

    /// `842`, `842 (2 without)`, `0` without any row, `unknown` when there are rows and none has a load.
    pub(super) fn known_load(&self) -> String {
        self.known(self.load_words(), "0")
    }

    fn known(&self, words: String, zero: &str) -> String {
        match words.as_str() {
            "" if self.count <= 0.0 => zero.to_owned(),
            "" => "unknown".to_owned(),
            _ => words,
        }
    }

    /// `60:00, load 3000`, `no load`: what a sum leaves out.
    pub(super) fn size(&self) -> String {
        let load = match self.load_words() {
            load if load.is_empty() => "no load".to_owned(),
            load => named("load", &load),
        };
        joined([self.time_words(), load], ", ")
    }

    /// `Ride 12 · 18:40 · 512 km · load 842 (2 without)`, without empty parts.
    pub(super) fn line(&self, name: &str, distance: String) -> String {
        self.line_of(name, &units::whole(self.count), distance)
    }

    /// The same with other words for how many there are.
    pub(super) fn line_of(&self, name: &str, count: &str, distance: String) -> String {
        joined(
            [
                named(name, count),
                self.time_words(),
                distance,
                named("load", &self.load_words()),
            ],
            DOT,
        )
    }
}

/// `512 km`, with a decimal below `whole_from` metres. Swims go by the unit of their pools, `6400 m`, `7000 yd`; where pools
/// differ, by the athlete's own: `6400 m (swum in m and yd)`. What of the sum has none is counted: `6400 m (1 without a
/// distance)`. Empty without a distance.
pub(super) fn distance(sum: &Sum, sport: &str, own: Units, whole_from: f64) -> String {
    let decimals = u8::from(sum.metres < whole_from);
    let in_unit = SportUnits::of(sport, own).with_pool(sum.pools.in_yards(own));
    let way = in_unit.way(positive(Some(sum.metres)), decimals);
    let pools = match sum.pools.units(own) {
        (true, true) => "swum in m and yd",
        _ => "",
    };
    with_unit(way, &in_brackets(&joined([pools, &sum.without_distance()], ", ")))
}

/// `20 activities`, `20 + 1 unreadable activities`: the one count of activities, with those closed by Strava.
pub(super) fn activities(readable: usize, closed: usize) -> String {
    let noun = if readable + closed == 1 {
        "activity"
    } else {
        "activities"
    };
    format!("{} {noun}", with_unreadable(readable, closed))
}

/// `20`, `20 + 1 unreadable`, `1 unreadable`
pub(super) fn with_unreadable(readable: impl Display, closed: usize) -> String {
    match readable.to_string() {
        readable if readable == "0" && closed > 0 => format!("{closed} unreadable"),
        readable => and_unreadable(readable, closed),
    }
}

/// `302 (1 without) + 1 unreadable`: a figure of what can be read, and how many activities cannot; empty without a figure.
pub(super) fn and_unreadable(figure: String, closed: usize) -> String {
    match closed {
        0 => figure,
        _ => around("", &figure, &format!("+ {closed} unreadable")),
    }
}

/// Said where times as shown do not add up to their sum as shown, once below the sums.
pub(super) const ROUNDED: &str = "Times are summed before rounding.";

/// [`ROUNDED`] if the times of these sums do not add up to that of `all`, or `with_rows` those of their rows to theirs; else
/// empty.
pub(super) fn rounded(sums: &[(String, Sum)], all: &Sum, with_rows: bool) -> &'static str {
    let rows_add_up = || all.adds_up() && sums.iter().all(|(_, sum)| sum.adds_up());
    if add_up(sums.iter().map(|(_, sum)| sum.secs), all.secs) && (!with_rows || rows_add_up()) {
        ""
    } else {
        ROUNDED
    }
}

/// Whether these times as shown, in s, add up to their sum as shown.
pub(super) fn add_up(times: impl IntoIterator<Item = f64>, sum: f64) -> bool {
    looks_like(times.into_iter().map(shown_secs).sum(), sum)
}

fn looks_like(a: f64, b: f64) -> bool {
    (shown_secs(a) - shown_secs(b)).abs() < 1.0
}

/// Seconds as [`units::hours_minutes`] shows them: whole minutes, and seconds below half of one.
pub(super) fn shown_secs(secs: f64) -> f64 {
    let secs = secs.round();
    if secs < 30.0 {
        secs
    } else {
        ((secs + 30.0) / 60.0).floor() * 60.0
    }
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

/// Families whose activities usually have an elevation gain.
const CLIMB: [&str; 6] = ["Ride", "Run", "Walk", "Hike", "Snowshoe", "Ski"];
/// How many rows of these sums should have an elevation gain: all together lack it only where a sport has it.
pub(super) fn climbing(sums: &[(String, Sum)]) -> f64 {
    let climbs = |(name, sum): &&(String, Sum)| sum.with_climb > 0.0 || CLIMB.contains(&sports::family(name));
    sums.iter().filter(climbs).map(|(_, sum)| sum.count).sum()
}

/// See [`Sum::of_those`], of this many rows.
fn of_count(count: f64, with: f64, figure: String, without: &str) -> String {
    if with <= 0.0 || figure.is_empty() {
        return String::new();
    }
    joined([figure, in_brackets(&lacking_of(count, with, without))], " ")
}

/// See [`Sum::lacking`], of this many rows.
fn lacking_of(count: f64, with: f64, without: &str) -> String {
    let lacking = Some(count - with).filter(|lacking| *lacking > 0.0 && with > 0.0);
    with_unit(units::whole(lacking), without)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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
    #[test]
    fn a_family_names_its_other_kinds() {
        let found: Vec<Activity> = rows(json!([
            {"type": "Ride"}, {"type": "VirtualRide"}, {"type": "GravelRide"}, {"type": "VirtualRide"},
            {"type": "WeightTraining"}, {"type": "TrailRun"}, {"type": null},
        ]));
        let mut counts: Vec<String> = by_sport(&found, false)
            .iter()
            .map(|(name, sum)| format!("{name} {}", sum.count_with_kinds(name)))
            .collect();
        counts.sort();
        assert_eq!(
            counts,
            [
                "Ride 4 (1 GravelRide, 2 VirtualRide)",
                "Run 1 (1 TrailRun)",
                "Strength 1",
                "no sport 1"
            ]
        );
    }

    #[test]
    fn swims_go_by_their_pools() {
        const MILES: Units = Units {
            imperial: true,
            weight_in_lb: false,
            fahrenheit: false,
        };
        let swum = |pools: &[f64], own| {
            let swim = |pool: &f64| json!({"type": "Swim", "distance": 914.4, "pool_length": pool});
            let found: Vec<Activity> = rows(pools.iter().map(swim).collect());
            distance(&Sum::of(&found), "Swim", own, 0.0)
        };
        let metric = Units::default();
        assert_eq!(swum(&[22.86, 22.86], metric), "2000 yd");
        assert_eq!(swum(&[25.0, 50.0], MILES), "1829 m");
        assert_eq!(swum(&[0.0], MILES), "1000 yd");
        assert_eq!(swum(&[0.0, 25.0], metric), "1829 m");
        assert_eq!(swum(&[22.86, 25.0], metric), "1829 m (swum in m and yd)");
        assert_eq!(swum(&[0.0, 25.0], MILES), "2000 yd (swum in m and yd)");
        assert_eq!(swum(&[], metric), "");
    }

    #[test]
    fn one_count_has_what_can_be_read_and_what_cannot() {
        let counts =
            [(20, 0), (20, 1), (0, 1), (1, 0), (0, 0)].map(|(readable, closed)| activities(readable, closed));
        assert_eq!(
            counts,
            [
                "20 activities",
                "20 + 1 unreadable activities",
                "1 unreadable activity",
                "1 activity",
                "0 activities"
            ]
        );
    }
    proptest! {
        #[test]
        fn shown_seconds_are_those_of_the_text(secs in 0.0..400_000.0_f64) {
            prop_assert_eq!(units::hours_minutes(shown_secs(secs)), units::hours_minutes(secs));
            prop_assert_eq!(shown_secs(shown_secs(secs)).to_bits(), shown_secs(secs).to_bits());
        }
    }
}
