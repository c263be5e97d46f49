//! A table of sets that are measured by the same: its columns, and what of two sets compares.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::sets::{Metric, Set};
use crate::{
    text::{clean, fenced},
    tools::{
        answer::{
            self,
            sport_units::SportUnits,
            table::Columns,
            units::{self, PaceUnit},
            words::around,
        },
        arguments::Detail,
    },
};

/// A set of the table.
#[derive(Clone)]
pub(super) struct Row<'a> {
    pub(super) set: Set<'a>,
    pub(super) day: Option<NaiveDate>,
    pub(super) is_reference: bool,
}

/// A table of sets that are measured by the same.
pub(super) struct Table<'a> {
    against: &'a Row<'a>,
    metric: Metric,
    /// The unit of all paces; None where rows differ.
    pace: Option<PaceUnit>,
    own: SportUnits,
    is_mixed: bool,
    /// What rows differ in, which then has a column.
    differing: Vec<Differing>,
}

/// What rows of a table can differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Differing {
    Thresholds,
    Sports,
    Meters,
}

impl<'a> Table<'a> {
    pub(super) fn new(rows: &[Row<'a>], against: &'a Row<'a>) -> Self {
        let first = &rows[0].set;
        let metric = first.metric;
        let differ = |of: &dyn Fn(&Row<'a>) -> String| {
            let all: BTreeSet<String> = rows.iter().map(of).filter(|text| !text.is_empty()).collect();
            all.len() > 1
        };
        let is_mixed = differ(&|row| row.set.own.speed_header());
        let all = [
            (Differing::Thresholds, differ(&|row| threshold(&row.set, metric))),
            (
                Differing::Sports,
                differ(&|row| row.set.detail.activity.sport().to_owned()),
            ),
            (
                Differing::Meters,
                metric == Metric::Power && differ(&|row| meter(&row.set)),
            ),
        ];
        Self {
            against,
            metric,
            pace: first.own.pace.filter(|_| !is_mixed),
            own: first.own,
            is_mixed,
            differing: all
                .into_iter()
                .filter_map(|(what, is)| is.then_some(what))
                .collect(),
        }
    }

    fn differs(&self, what: Differing) -> bool {
        self.differing.contains(&what)
    }

    /// A value below a header.
    fn show(&self, set: &Set<'_>, value: Option<f64>) -> String {
        match self.metric {
            Metric::Pace if self.is_mixed => set.own.speed(value),
            Metric::Pace => set.own.speed_cell(value),
            Metric::Power | Metric::HeartRate => units::whole(value),
        }
    }

    /// The second value minus the first: watts, beats, seconds of pace, or speed.
    fn change(&self, set: &Set<'_>, from: Option<f64>, to: Option<f64>) -> Option<f64> {
        match (self.metric, set.own.pace) {
            (Metric::Pace, Some(pace)) => {
                let secs = |speed: Option<f64>| {
                    Some((pace.speed(1.0) / speed.filter(|speed| *speed > 0.0)?).round())
                };
                Some(secs(to)? - secs(from)?)
            }
            (Metric::Pace, None) => {
                let shown = |speed| units::speed(speed, set.own.units).parse::<f64>().ok();
                Some(shown(to)? - shown(from)?)
            }
            _ => Some(units::shown(to, 0)? - units::shown(from, 0)?),
        }
    }

    fn decimals(&self) -> u8 {
        u8::from(self.metric == Metric::Pace && self.own.pace.is_none())
    }

    /// `+14 (+6.3 %)`, `-5`; of the row itself `reference`.
    fn against(&self, row: &Row<'_>) -> String {
        let first = self.against;
        if is_same(row, first) {
            return "=".to_owned();
        }
        if !is_as_long(&row.set, &first.set) {
            return String::new();
        }
        let (from, to) = (first.set.value(), row.set.value());
        let Some(change) = self.change(&row.set, from, to) else {
            return String::new();
        };
        let percent = units::shown(from, 0).filter(|from| self.metric == Metric::Power && *from > 0.0);
        let percent = percent.map_or_else(String::new, |from| {
            format!(" ({} %)", units::signed(change / from * 100.0, 1))
        });
        format!("{}{percent}", units::signed(change, self.decimals()))
    }

    /// The headers of the value, its spread, the last against the first, and the change against the table's reference.
    fn headers(&self) -> (String, &'static str, &'static str, &'static str) {
        match (self.metric, self.pace) {
            (Metric::Power, _) => ("W".to_owned(), "lowest–highest W", "last - first W", "change W"),
            (Metric::HeartRate, _) => (
                "HR".to_owned(),
                "lowest–highest HR",
                "last - first HR",
                "change HR",
            ),
            (Metric::Pace, Some(_)) => (
                self.own.speed_header(),
                "slowest–fastest",
                "last - first s (+ slower)",
                "change s (- faster)",
            ),
            (Metric::Pace, None) if self.is_mixed => (
                "pace".to_owned(),
                "slowest–fastest",
                "last - first s (+ slower)",
                "change s (- faster)",
            ),
            (Metric::Pace, None) => (
                self.own.speed_header(),
                "slowest–fastest",
                "last - first",
                "change",
            ),
        }
    }

    pub(super) fn text(&self, rows: &[Row<'a>], detail: Detail) -> String {
        let (value, spread, fade, change) = self.headers();
        let by_pace = self.metric == Metric::Pace;
        let thresholds = self.differs(Differing::Thresholds);
        let newest = rows.iter().find_map(|row| self.metric.threshold(row.set.detail));
        let (then, now) = match (self.metric, thresholds) {
            (Metric::Power, false) => ("% of FTP", ""),
            (Metric::Power, true) => ("% of FTP then", "% of newest FTP"),
            (Metric::Pace, false) => ("% of threshold pace", ""),
            (Metric::Pace, true) => ("% of threshold pace then", "% of newest threshold pace"),
            (Metric::HeartRate, false) => ("% of LTHR", ""),
            (Metric::HeartRate, true) => ("% of LTHR then", "% of newest LTHR"),
        };
        let first_heart = self.against.set.mean(Metric::HeartRate);
        let heart = |row: &Row<'_>| row.set.mean(Metric::HeartRate);
        Columns::<Row<'_>>::new()
            .column("date", |row| row.day.map(units::date).unwrap_or_default())
            .column("sport", |row| {
                if self.differs(Differing::Sports) {
                    answer::sport(row.set.detail.activity.sport())
                } else {
                    String::new()
                }
            })
            .column("name", |row| {
                fenced(row.set.detail.activity.name.as_deref().unwrap_or_default(), 40)
            })
            .column("set", |row| row.set.in_short())
            .column("each", |row| {
                let far = row.set.metres().filter(|_| by_pace);
                row.set.own.way(far, 2)
            })
            .column(value, |row| self.show(&row.set, row.set.value()))
            .column(self.own.speed_header_of("GAP"), |row| {
                let graded = row.set.graded().filter(|_| by_pace);
                graded.map_or_else(String::new, |graded| self.show(&row.set, Some(graded)))
            })
            .column(then, |row| units::whole(row.set.percent()))
            .column(now, |row| {
                let percent = |now: f64| Some(row.set.value()? / now * 100.0);
                units::whole(newest.filter(|_| thresholds).and_then(percent))
            })
            .column(change, |row| self.against(row))
            .column(spread, |row| {
                let spread = row.set.spread();
                spread.map_or_else(String::new, |(low, high)| {
                    let low = self.show(&row.set, Some(low));
                    format!("{low}–{}", self.show(&row.set, Some(high)))
                })
            })
            .column(fade, |row| {
                let ends = row.set.ends();
                let fade = ends.and_then(|(first, last)| self.change(&row.set, Some(first), Some(last)));
                units::signed(fade, self.decimals())
            })
            .in_full("NP W", |row| {
                units::whole(row.set.normalized().filter(|_| self.metric == Metric::Power))
            })
            .in_full("avg W", |row| {
                units::whole(row.set.mean(Metric::Power).filter(|_| by_pace))
            })
            .column("avg HR", |row| {
                units::whole(heart(row).filter(|_| self.metric != Metric::HeartRate))
            })
            .column("change HR", |row| {
                let own = heart(row).filter(|_| self.metric != Metric::HeartRate);
                let compares = !is_same(row, self.against) && is_as_long(&row.set, &self.against.set);
                units::change(first_heart, own.filter(|_| compares), 0)
            })
            .column("rest", |row| units::hours_minutes_seconds(row.set.rest()))
            .column("where", |row| {
                if is_indoors(&row.set) {
                    "indoor".to_owned()
                } else {
                    String::new()
                }
            })
            .column("power by", |row| {
                if self.differs(Differing::Meters) {
                    meter(&row.set)
                } else {
                    String::new()
                }
            })
            .column("id", |row| {
                clean(row.set.detail.activity.id.as_deref().unwrap_or_default(), 24)
            })
            .table_in(detail, rows)
    }
}

/// Whether both are the same set of the same activity.
fn is_same(one: &Row<'_>, other: &Row<'_>) -> bool {
    std::ptr::eq(one.set.detail, other.set.detail)
        && one.set.in_short() == other.set.in_short()
        && one.set.value() == other.set.value()
}

/// Whether the repetitions are about as long: shorter ones are harder anyway.
pub(super) fn is_as_long(set: &Set<'_>, other: &Set<'_>) -> bool {
    let lengths = set.secs().zip(other.secs());
    lengths.is_some_and(|(one, other)| (one - other).abs() <= (other * 0.25).max(5.0))
}

pub(super) fn is_indoors(set: &Set<'_>) -> bool {
    let activity = &set.detail.activity;
    activity.trainer == Some(true) || activity.sport().starts_with("Virtual")
}

/// What measured the power: the meter, otherwise the recording device.
pub(super) fn meter(set: &Set<'_>) -> String {
    let meter = set.detail.power_meter.as_deref().unwrap_or_default();
    let meter = clean(meter, 40);
    if meter.is_empty() {
        clean(set.detail.activity.device_name.as_deref().unwrap_or_default(), 40)
    } else {
        meter
    }
}

/// A threshold as people say it; empty if there is none.
pub(super) fn threshold(set: &Set<'_>, metric: Metric) -> String {
    let value = metric.threshold(set.detail);
    match metric {
        Metric::Power => around("FTP", &units::whole(value), "W"),
        Metric::Pace => around("threshold pace", &set.own.speed(value), ""),
        Metric::HeartRate => around("LTHR", &units::whole(value), ""),
    }
}
