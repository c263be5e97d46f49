//! The search for activities by their intervals.
//!
//! Which interval counts is assumed where upstream does not say: work only, by moving time, and each kind of intensity as a
//! percentage of the threshold that the activity was analysed with.

use axum::Json;
use serde_json::{Map, Value};

use super::{
    Object,
    ask::{Answer, Ask},
};
use crate::{
    laps,
    params::Params,
    refusal::Refusal,
    schema::{number, text},
    training::Source,
};

/// Rows when no limit is given.
const FOUND: usize = 30;
/// Repetitions when no maximum is given.
const MANY: usize = 999_999;

/// What is searched for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// s, inclusive.
    secs: (usize, usize),
    /// Percent, inclusive.
    intensity: (usize, usize),
    kind: Kind,
    reps: (usize, usize),
    limit: usize,
}

/// What the intensity is a percentage of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Whatever upstream goes by in this activity.
    Auto,
    Power,
    Heart,
    Pace,
}

impl Wanted {
    /// Reads the query; each of the four bounds is required.
    pub(crate) fn read(params: &Params) -> Result<Self, Refusal> {
        let needed = |name: &str| {
            let value = params.count(name)?;
            value.ok_or_else(|| Refusal::absent(name, "Integer"))
        };
        let or = |name: &str, usual| Ok::<_, Refusal>(params.count(name)?.unwrap_or(usual));
        let kind = match params.get("type") {
            None | Some("AUTO") => Kind::Auto,
            Some("POWER") => Kind::Power,
            Some("HR") => Kind::Heart,
            Some("PACE") => Kind::Pace,
            Some(other) => return Err(Refusal::mismatch("type", "icu.IntervalType", other)),
        };
        Ok(Self {
            secs: (needed("minSecs")?, needed("maxSecs")?),
            intensity: (needed("minIntensity")?, needed("maxIntensity")?),
            kind,
            reps: (or("minReps", 1)?, or("maxReps", MANY)?),
            limit: or("limit", FOUND)?,
        })
    }

    /// At most so many rows.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the activity `row` with these intervals is one.
    pub(crate) fn is_met_by(&self, row: &Object, intervals: &Value) -> bool {
        let all = intervals.as_array().into_iter().flatten();
        let count = all
            .filter_map(Value::as_object)
            .filter(|one| self.counts(row, one))
            .count();
        count > 0 && (self.reps.0..=self.reps.1).contains(&count)
    }

    fn counts(&self, row: &Object, interval: &Map<String, Value>) -> bool {
        let within = |value: f64, (low, high): (usize, usize)| {
            let bound = |bound: usize| u32::try_from(bound).map_or(f64::MAX, f64::from);
            (bound(low)..=bound(high)).contains(&value)
        };
        text(interval, "type") == "WORK"
            && number(interval, "moving_time").is_some_and(|secs| within(secs, self.secs))
            && self
                .percent(row, interval)
                .is_some_and(|percent| within(percent, self.intensity))
    }

    fn percent(&self, row: &Object, interval: &Map<String, Value>) -> Option<f64> {
        let share = |value: &str, threshold: &str| {
            let threshold = number(row, threshold).filter(|threshold| *threshold > 0.0)?;
            Some(100.0 * number(interval, value)? / threshold)
        };
        match self.kind {
            Kind::Auto => number(interval, "intensity"),
            Kind::Power => share("weighted_average_watts", "icu_ftp"),
            Kind::Heart => share("average_heartrate", "lthr"),
            Kind::Pace => share("average_speed", "threshold_pace"),
        }
    }
}

/// `GET /athlete/{id}/activities/interval-search`: most recent first, never one from Strava.
pub(super) fn by_intervals(ask: &Ask) -> Answer<Vec<Object>> {
    let wanted = Wanted::read(&ask.params)?;
    let mut left = wanted.limit;
    let found = ask.world.activities(ask.person, |done| {
        let may = left > 0 && done.source != Source::Strava && laps::may_last(ask.person, done, wanted.secs);
        if !may {
            return None;
        }
        let row = ask.world.activity_row(ask.person, done);
        let [intervals, _] = laps::intervals(ask.person, done);
        let is_one = wanted.is_met_by(&row, &intervals);
        left -= usize::from(is_one);
        is_one.then_some(row)
    });
    Ok(Json(found))
}
