//! How the best efforts of a curve are written: units, day and activity, and the answer without any.
//!
//! No tables here: each tool arranges its own.

use super::{Metric, Reason, Subject};
use crate::{
    guard::Units,
    intervals::model::{Effort, Point},
    text::clean,
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            units,
            words::{around, joined},
        },
        arguments::Range,
    },
    training::{
        curves,
        lengths::{HALF_MARATHON, MARATHON, MILE, YARD},
        sports::Tempo,
    },
};

/// How the best efforts of a sport and metric are written.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Scale {
    pub(in crate::tools) metric: Metric,
    own: SportUnits,
}

impl Scale {
    pub(in crate::tools) fn of(subject: &Subject, units: Units) -> Self {
        Self {
            metric: subject.metric,
            own: SportUnits::of(&subject.sport, units),
        }
    }

    /// The header of the first column.
    pub(in crate::tools) fn axis(self) -> &'static str {
        if self.metric.by_distance() {
            "distance"
        } else {
            "duration"
        }
    }

    /// The unit of the main value, as a header: `W`, `bpm`, `time`.
    pub(in crate::tools) fn value_header(self) -> &'static str {
        match self.metric {
            Metric::Power => "W",
            Metric::HeartRate => "bpm",
            Metric::Pace | Metric::Gap => "time",
        }
    }

    /// The header of the second value: `W/kg`, `pace /km`, `km/h`.
    pub(in crate::tools) fn second_header(self) -> Option<String> {
        match self.metric {
            Metric::Power => Some("W/kg".to_owned()),
            Metric::HeartRate => None,
            Metric::Pace | Metric::Gap => {
                Some(self.speed_header(if self.metric == Metric::Gap { "GAP" } else { "pace" }))
            }
        }
    }

    /// `pace /km` and the like; `km/h` for sports that do not go by pace.
    pub(in crate::tools) fn speed_header(self, what: &str) -> String {
        self.own.speed_header_of(what)
    }

    /// A speed (m/s) below [`Self::speed_header`].
    pub(in crate::tools) fn speed(self, metres_a_second: Option<f64>) -> String {
        self.own.speed_cell(metres_a_second)
    }

    /// The main value: `288`, `0:21:26`.
    pub(in crate::tools) fn value(self, value: f64) -> String {
        if self.metric.by_distance() {
            units::hours_minutes_seconds(value)
        } else {
            units::whole(value)
        }
    }

    /// The second value, if there is one.
    pub(in crate::tools) fn second(self, point: &Point) -> String {
        match self.metric {
            Metric::Power => units::fixed(point.per_kg, 2),
            Metric::HeartRate => String::new(),
            Metric::Pace | Metric::Gap => self.speed(Some(point.at / point.value)),
        }
    }

    /// A duration or distance as people name it: `5 s`, `1:30 min`, `20 min`, `400 m`, `100 yd`, `5 km`, `1 mi`.
    pub(in crate::tools) fn mark(self, at: f64) -> String {
        if self.metric.by_distance() {
            distance(at, self.own.tempo == Tempo::Swim)
        } else {
            duration(at)
        }
    }

    /// The points to show when none is named.
    pub(super) fn usual(self, all: &[f64], full: bool) -> Vec<f64> {
        const ROWS: usize = 9;
        const FULL_ROWS: usize = 24;
        if !self.metric.by_distance() {
            let durations = if full {
                curves::MORE_DURATIONS
            } else {
                curves::DURATIONS
            };
            return curves::usual(all, &[durations], if full { FULL_ROWS } else { ROWS });
        }
        let usual = curves::usual(
            all,
            curves::distances(self.own.tempo, self.own.units.imperial),
            ROWS,
        );
        if full {
            curves::axis(usual.into_iter().chain(curves::spread(all, FULL_ROWS)))
        } else {
            usual
        }
    }
}

fn duration(secs: f64) -> String {
    let whole = secs.round();
    let rest = whole % 60.0;
    let minutes = ((whole - rest) / 60.0).round();
    if whole < 60.0 || (secs - whole).abs() > 0.05 {
        format!("{} s", units::at_most(secs, 1))
    } else if rest == 0.0 {
        format!("{} min", units::whole(minutes))
    } else {
        format!("{}:{rest:02.0} min", units::whole(minutes))
    }
}

fn distance(metres: f64, swim: bool) -> String {
    // Upstream rounds differently; a label is exact to one part in two thousand.
    let whole = |value: f64| (value - value.round()).abs() <= value * 0.0005;
    let near = |other: f64| (metres - other).abs() <= other * 0.0005;
    if near(HALF_MARATHON) {
        return "half marathon".to_owned();
    }
    if near(MARATHON) {
        return "marathon".to_owned();
    }
    let whole_metres = (metres - metres.round()).abs() < 0.005;
    let miles = metres / MILE;
    let round_metres = whole_metres && metres.round() % 50.0 == 0.0;
    if !swim && !round_metres && miles > 0.2 && whole(miles * 4.0) {
        return format!("{} mi", units::at_most((miles * 4.0).round() / 4.0, 2));
    }
    let yards = metres / YARD;
    if swim && !whole_metres && whole(yards) {
        return format!("{} yd", units::whole(yards));
    }
    if metres >= 2000.0 || (metres >= 1000.0 && metres % 1000.0 == 0.0 && !swim) {
        format!("{} km", units::at_most(metres / 1000.0, 2))
    } else {
        format!("{} m", units::at_most(metres, 1))
    }
}

/// The local day of an effort, marked if it is outside the range; empty if upstream did not send it.
pub(in crate::tools) fn day_of(effort: Option<&Effort>, range: Option<Range>) -> String {
    let Some(day) = effort
        .and_then(|effort| effort.start_date_local)
        .map(|start| start.date())
    else {
        return String::new();
    };
    let outside = range.is_some_and(|range| !range.contains(day));
    format!(
        "{}{}",
        units::date(day),
        if outside { " (outside the range)" } else { "" }
    )
}

/// An activity id that can be used in another call; upstream's are short and plain.
pub(in crate::tools) fn id_of(effort: Option<&Effort>) -> String {
    effort.map_or_else(String::new, |effort| clean(&effort.id, 64))
}

/// Names Garmin models where the efforts have devices; otherwise says that data may be from Garmin.
pub(in crate::tools) fn garmin<'a>(efforts: impl Iterator<Item = &'a Effort> + Clone) -> String {
    let said = efforts
        .clone()
        .any(|effort| effort.source.is_some() || effort.device_name.is_some());
    if said {
        answer::garmin_line(efforts.map(|effort| (effort.source.as_deref(), effort.device_name.as_deref())))
    } else {
        answer::MAY_BE_GARMIN.to_owned()
    }
}

/// What an effort that intervals.icu found cannot be, and may be.
pub(in crate::tools) const MAY_SPAN: &str = "Efforts are intervals.icu's own: none is of an activity without a sport, and one may span a pause of the recording.";

/// Why there are no rows, and what to use instead: of the other metrics only those that have a curve.
pub(in crate::tools) fn nothing(subject: &Subject) -> String {
    let needed = match subject.metric {
        Metric::Power => "power",
        Metric::Pace | Metric::Gap => "distance",
        Metric::HeartRate => "heart rate",
    };
    let needs = format!(": that needs an activity of that sport with recorded {needed}");
    let why = match subject.reason {
        Reason::NotRecorded => needs,
        Reason::PerhapsClosed => format!("{needs}, and Strava closes some activities"),
        Reason::Unread => format!("{needs}; the activities of this period were not read"),
        Reason::Closed => ": Strava closes all activities".to_owned(),
        Reason::Unknown => format!(", though an activity has recorded {needed}"),
    };
    let names: Vec<&str> = subject.lacks.iter().map(|metric| metric.in_words()).collect();
    let either = match subject.reason {
        Reason::Closed => String::new(),
        _ => around("There is no", &joined(names, " or "), "curve either."),
    };
    let others = subject.has.iter().map(|metric| match metric {
        Metric::HeartRate => "metric=hr",
        Metric::Power => "metric=power",
        Metric::Pace | Metric::Gap => "metric=pace",
    });
    let others = joined(others, " or ");
    let use_instead = if subject.reason == Reason::Closed {
        "Use another period.".to_owned()
    } else if others.is_empty() {
        "Use another sport or another period.".to_owned()
    } else {
        format!("Use {others}, another sport, or another period.")
    };
    let none = format!(
        "intervals.icu has no {} curve for {} in this period{why}.",
        subject.metric.in_words(),
        answer::sport(&subject.sport)
    );
    joined([none, either, use_instead], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_named_as_people_name_them() {
        for (secs, name) in [
            (1.0, "1 s"),
            (59.0, "59 s"),
            (60.0, "1 min"),
            (90.0, "1:30 min"),
            (1205.0, "20:05 min"),
            (5400.0, "90 min"),
            (2.5, "2.5 s"),
        ] {
            assert_eq!(duration(secs), name);
        }
        for (metres, swim, name) in [
            (100.0, false, "100 m"),
            (400.0, false, "400 m"),
            (804.672, false, "0.5 mi"),
            (1000.0, false, "1 km"),
            (1500.0, false, "1500 m"),
            (1609.344, false, "1 mi"),
            (1609.0, false, "1 mi"),
            (3218.688, false, "2 mi"),
            (5000.0, false, "5 km"),
            (16_093.44, false, "10 mi"),
            (21_097.5, false, "half marathon"),
            (42_195.0, false, "marathon"),
            (91.44, true, "100 yd"),
            (457.2, true, "500 yd"),
            (1508.76, true, "1650 yd"),
            (1500.0, true, "1500 m"),
            (1000.0, true, "1000 m"),
            (3800.0, true, "3.8 km"),
        ] {
            assert_eq!(distance(metres, swim), name, "{metres}");
        }
    }
}
