//! Sleep, HRV and resting HR over weeks, for all tools that compare them: which days count, and seven days against sixty.
//!
//! Values that cannot be ([`crate::training::plausible`]) are in no average, and are named beside it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::answer::{units, words};
use crate::{
    intervals::model::Wellness,
    training::{
        means::Mean,
        plausible,
        roster::{Against, BASE, WEEK},
    },
};

/// The figures of which a morning has usually all or none.
const OF_A_MORNING: [&[&str]; 3] = [&["sleepSecs"], &["hrv", "hrvSDNN"], &["restingHR"]];
/// Of the seven days before today, how many must have a figure that today is expected to have too.
const USUAL: usize = 4;
/// Values left out that are named.
const NAMED: usize = 3;

/// An athlete's averages. None: no value in the last seven days.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Averages {
    /// h
    pub(super) sleep: Option<Compared>,
    /// ms, in the measure that most of the last seven days have; rMSSD if half as many have it.
    pub(super) hrv: Option<Hrv>,
    /// ms, in the other measure.
    pub(super) other_hrv: Option<Hrv>,
    /// bpm
    pub(super) resting_hr: Option<Compared>,
}

/// Seven days against sixty, and the values that cannot be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    pub(super) against: Against,
    /// Newest first, of the sixty days.
    without: Vec<(NaiveDate, f64)>,
}

/// HRV in one of its two measures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hrv {
    pub(super) compared: Compared,
    /// Whether it is SDNN; rMSSD otherwise.
    pub(super) sdnn: bool,
}

impl Averages {
    /// Those that end on a day.
    pub(super) fn to(end: NaiveDate, rows: &[Wellness]) -> Self {
        let of = |key: &str, per_unit: f64| Compared::new(end, &by_day(rows, key), key, per_unit);
        // The two measures have only the unit in common, so they are never mixed.
        let measure = |key, sdnn| of(key, 1.0).map(|compared| Hrv { compared, sdnn });
        let (rmssd, sdnn) = (measure("hrv", false), measure("hrvSDNN", true));
        let days = |hrv: &Option<Hrv>| hrv.as_ref().map_or(0, |hrv| hrv.compared.against.week.count);
        let (hrv, other_hrv) = if is_rarer(days(&rmssd), days(&sdnn)) {
            (sdnn, rmssd)
        } else {
            (rmssd, sdnn)
        };
        Self {
            sleep: of("sleepSecs", 3600.0),
            hrv,
            other_hrv,
            resting_hr: of("restingHR", 1.0),
        }
    }
}

/// Whether so few days have rMSSD that SDNN says more.
pub(super) const fn is_rarer(with_rmssd: u32, with_sdnn: u32) -> bool {
    with_rmssd * 2 < with_sdnn
}

/// The last day that averages may include: today once its values are there, until then yesterday.
pub(super) fn last_day(rows: &[Wellness], today: NaiveDate) -> NaiveDate {
    let yesterday = today.pred_opt().unwrap_or(today);
    let week = today - Days::new(WEEK)..today;
    let has = |row: &&Wellness, keys: &[&str]| keys.iter().any(|key| row.number(key).is_some());
    let morning = rows.iter().find(|row| row.id == Some(today));
    let missing = |keys: &&&[&str]| morning.is_none_or(|row| !has(&row, keys));
    let is_usual = |keys: &&[&str]| {
        let days = rows
            .iter()
            .filter(|row| row.id.is_some_and(|day| week.contains(&day)));
        days.filter(|row| has(row, keys)).count() >= USUAL
    };
    let lacking: Vec<&&[&str]> = OF_A_MORNING.iter().filter(missing).collect();
    if lacking.len() == OF_A_MORNING.len() || lacking.into_iter().any(is_usual) {
        yesterday
    } else {
        today
    }
}

/// A field's values by day.
pub(super) fn by_day(rows: &[Wellness], key: &str) -> BTreeMap<NaiveDate, f64> {
    let values = rows.iter().filter_map(|row| Some((row.id?, row.number(key)?)));
    values.collect()
}

impl Compared {
    fn new(end: NaiveDate, values: &BTreeMap<NaiveDate, f64>, key: &str, per_unit: f64) -> Option<Self> {
        let broken = plausible::broken(key, values);
        let value = |day: &NaiveDate| values.get(day).map(|value| value / per_unit);
        let base = end - Days::new(BASE - 1)..=end;
        Some(Self {
            against: Against::new(end, |day| value(&day).filter(|_| !broken.contains(&day)))?,
            without: broken
                .range(base)
                .rev()
                .filter_map(|day| Some((*day, value(day)?)))
                .collect(),
        })
    }

    /// `45 / 46 (without 255 on 2026-11-25)`; with the number of days behind an average if it is less than half of them.
    pub(super) fn words(&self, decimals: u8, days: &str) -> String {
        let shown = |mean: Mean, of: u64| {
            let value = units::fixed(mean.value, decimals);
            if u64::from(mean.count) * 2 < of {
                format!("{value} ({} of {of} {days})", mean.count)
            } else {
                value
            }
        };
        let averages = format!(
            "{} / {}",
            shown(self.against.week, WEEK),
            shown(self.against.base, BASE)
        );
        let without = self.without(decimals);
        if without.is_empty() {
            averages
        } else {
            format!("{averages} ({without})")
        }
    }

    /// `without 255 on 2026-11-25`, or nothing.
    fn without(&self, decimals: u8) -> String {
        let named: Vec<String> = self
            .without
            .iter()
            .map(|(day, value)| format!("{} on {day}", units::at_most(*value, decimals)))
            .collect();
        words::named("without", &words::listed(&named, NAMED))
    }
}
