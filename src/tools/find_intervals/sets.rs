//! Sets of intervals in an activity: repetitions that are alike, and what they measured.
//!
//! intervals.icu groups what it finds alike (`group_id`), but not what was edited by hand. So laps are laid together here, by
//! length and intensity, and its groups only decide where both would do.

use std::cmp::Ordering;

use crate::{
    guard::Units,
    intervals::model::{ActivityDetail, Interval},
    tools::{
        answer::{
            sport_units::SportUnits,
            units::{self, positive},
        },
        one_activity,
    },
    training::{
        laps::{Origin, PRESS},
        means::mean,
        sports::Tempo,
    },
};

/// How far a repetition may be off the mean length of its set.
const SAME_LENGTH: f64 = 0.1;
/// Or this many seconds.
const SAME_SECS: f64 = 3.0;
/// How far its intensity may be off the set's; fading by more makes another set.
const SAME_EFFORT: f64 = 0.15;
/// The same of two groups that intervals.icu keeps apart.
const SAME_OF_TWO_GROUPS: f64 = 0.07;
/// More laps than this no activity has.
const MOST_LAPS: usize = 1000;
/// A single lap that takes more of the activity than this is the activity.
const WHOLE: f64 = 0.9;

/// What a set is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Power,
    Pace,
    HeartRate,
}

impl Metric {
    /// W, m/s or bpm of a lap; None where nothing was measured.
    fn of_lap(self, lap: &Interval) -> Option<f64> {
        match self {
            Self::Power => positive(lap.average_watts),
            Self::Pace => positive(lap.average_speed)
                .or_else(|| Some(positive(lap.distance)? / positive(lap.moving_time)?)),
            Self::HeartRate => positive(lap.average_heartrate),
        }
    }

    /// That of a threshold in the activity: FTP, threshold speed, LTHR.
    pub(super) fn threshold(self, detail: &ActivityDetail) -> Option<f64> {
        positive(match self {
            Self::Power => detail.activity.icu_ftp,
            Self::Pace => detail.threshold_pace,
            Self::HeartRate => detail.lthr,
        })
    }
}

/// Repetitions that are alike.
#[derive(Debug, Clone)]
pub(super) struct Set<'a> {
    pub(super) detail: &'a ActivityDetail,
    pub(super) own: SportUnits,
    pub(super) metric: Metric,
    /// At least one, in order.
    laps: Vec<&'a Interval>,
}

/// Why an activity has no sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSets {
    /// It has no intervals at all.
    Uncut,
    /// The device cut it by length, whatever was done.
    AutoLaps,
    /// None of its laps is work, or one is all of it.
    NoWork,
}

/// s: moving, otherwise elapsed.
fn secs_of(lap: &Interval) -> Option<f64> {
    let running = lap.end_time.zip(lap.start_time).map(|(end, start)| end - start);
    positive(lap.moving_time)
        .or(positive(lap.elapsed_time))
        .or(positive(running))
}

/// The sets of an activity in the order of their first repetitions, measured by `wanted` or by what the sport goes by.
pub(super) fn sets_of(
    detail: &ActivityDetail,
    wanted: Option<Metric>,
    units: Units,
) -> Result<Vec<Set<'_>>, NoSets> {
    let all = detail.icu_intervals.as_deref().unwrap_or_default();
    if all.is_empty() {
        return Err(NoSets::Uncut);
    }
    let origin = one_activity::origin_of(detail, all);
    if matches!(origin, Origin::EveryMetres(_) | Origin::EverySeconds(_)) {
        return Err(NoSets::AutoLaps);
    }
    let is_lap = |lap: &&Interval| secs_of(lap).is_some_and(|secs| secs >= PRESS);
    let work: Vec<&Interval> = all
        .iter()
        .take(MOST_LAPS)
        .filter(is_lap)
        .filter(|lap| !lap.is_recovery())
        .collect();
    let own = SportUnits::of_activity(&detail.activity, units);
    let metric = wanted
        .or_else(|| goes_by(own.tempo, &work))
        .ok_or(NoSets::NoWork)?;
    let mut sets: Vec<Set<'_>> = Vec::new();
    for lap in work {
        match sets.iter_mut().find(|set| set.is_like(lap)) {
            Some(set) => set.laps.push(lap),
            None => sets.push(Set {
                detail,
                own,
                metric,
                laps: vec![lap],
            }),
        }
    }
    let whole = positive(detail.activity.moving_time).or(positive(detail.activity.elapsed_time));
    sets.retain(|set| {
        let is_whole = whole.is_some_and(|whole| set.secs().is_some_and(|secs| secs > whole * WHOLE));
        set.value().is_some() && !(set.reps() == 1 && is_whole)
    });
    if sets.is_empty() {
        Err(NoSets::NoWork)
    } else {
        Ok(sets)
    }
}

/// What laps of such a sport are measured by, as far as it was recorded.
fn goes_by(tempo: Tempo, laps: &[&Interval]) -> Option<Metric> {
    let order = match tempo {
        Tempo::Foot | Tempo::Swim => [Metric::Pace, Metric::Power, Metric::HeartRate],
        Tempo::Row => [Metric::Power, Metric::Pace, Metric::HeartRate],
        Tempo::Other => [Metric::Power, Metric::HeartRate, Metric::Pace],
    };
    order
        .into_iter()
        .find(|metric| laps.iter().any(|lap| metric.of_lap(lap).is_some()))
}

/// The set that is the core of a session: the most work, where work is time times the fourth power of the intensity, as
/// normalized power weighs it. So openers are no core, and neither is a long tempo before the real thing.
pub(super) fn hardest<'a, 'b>(sets: impl IntoIterator<Item = &'b Set<'a>>) -> Option<&'b Set<'a>>
where
    'a: 'b,
{
    let work = |set: &Set<'_>| set.value().unwrap_or_default().powi(4) * set.total_secs();
    let mut sets = sets.into_iter();
    let first = sets.next()?;
    Some(
        sets.fold(first, |best, set| match work(best).partial_cmp(&work(set)) {
            Some(Ordering::Less) => set,
            _ => best,
        }),
    )
}

impl Set<'_> {
    fn is_like(&self, lap: &Interval) -> bool {
        let Some((own, secs)) = self.secs().zip(secs_of(lap)) else {
            return false;
        };
        let first = self.laps.first().and_then(|first| first.group_id.as_deref());
        let groups = first.zip(lap.group_id.as_deref());
        if groups.is_some_and(|(one, other)| one == other) {
            return true;
        }
        let off = (own - secs).abs();
        if off > SAME_SECS.max(own * SAME_LENGTH) {
            return false;
        }
        let near = if groups.is_some() {
            SAME_OF_TWO_GROUPS
        } else {
            SAME_EFFORT
        };
        match (self.value(), self.metric.of_lap(lap)) {
            (Some(own), Some(other)) => (own - other).abs() <= own * near,
            (None, None) => true,
            _ => false,
        }
    }

    /// Repetitions.
    pub(super) fn reps(&self) -> usize {
        self.laps.len()
    }

    /// s of a repetition, on average.
    pub(super) fn secs(&self) -> Option<f64> {
        mean(self.laps.iter().map(|lap| secs_of(lap))).map(|mean| mean.value)
    }

    /// s of all repetitions.
    pub(super) fn total_secs(&self) -> f64 {
        self.laps.iter().filter_map(|lap| secs_of(lap)).sum()
    }

    /// m of a repetition, on average.
    pub(super) fn metres(&self) -> Option<f64> {
        mean(self.laps.iter().map(|lap| positive(lap.distance))).map(|mean| mean.value)
    }

    /// The mean over the time of the repetitions that have it; speed is all the way over all the time.
    pub(super) fn mean(&self, metric: Metric) -> Option<f64> {
        let weighed = self
            .laps
            .iter()
            .filter_map(|lap| Some((metric.of_lap(lap)?, secs_of(lap)?)));
        let (sum, secs) = weighed.fold((0.0, 0.0), |(sum, all), (value, secs)| {
            (value.mul_add(secs, sum), all + secs)
        });
        (secs > 0.0).then(|| sum / secs)
    }

    /// Grade-adjusted speed, m/s, where hills made it another than speed.
    pub(super) fn graded(&self) -> Option<f64> {
        let speed = self
            .mean(Metric::Pace)
            .filter(|_| self.own.tempo == Tempo::Foot)?;
        let graded = mean(self.laps.iter().map(|lap| positive(lap.gap)))?.value;
        ((graded - speed).abs() > speed * 0.02).then_some(graded)
    }

    /// What the set is measured by.
    pub(super) fn value(&self) -> Option<f64> {
        self.mean(self.metric)
    }

    /// Percent of the threshold that the activity was analysed with.
    pub(super) fn percent(&self) -> Option<f64> {
        self.percent_of(self.metric)
    }

    /// The same of another metric.
    pub(super) fn percent_of(&self, metric: Metric) -> Option<f64> {
        Some(self.mean(metric)? / metric.threshold(self.detail)? * 100.0)
    }

    /// Percent of the maximum heart rate in the zones of the activity.
    pub(super) fn percent_of_max(&self) -> Option<f64> {
        let most = self.detail.icu_hr_zones.as_ref()?.last().copied();
        Some(self.mean(Metric::HeartRate)? / positive(most)? * 100.0)
    }

    /// The lowest and the highest of the repetitions; None for a single one.
    pub(super) fn spread(&self) -> Option<(f64, f64)> {
        let all: Vec<f64> = self.each().collect();
        let low = all.iter().copied().reduce(f64::min)?;
        (all.len() > 1).then(|| (low, all.into_iter().fold(low, f64::max)))
    }

    /// The first and the last repetition; None for a single one.
    pub(super) fn ends(&self) -> Option<(f64, f64)> {
        let all: Vec<f64> = self.each().collect();
        let (first, last) = (*all.first()?, *all.last()?);
        (all.len() > 1).then_some((first, last))
    }

    fn each(&self) -> impl Iterator<Item = f64> {
        self.laps.iter().filter_map(|lap| self.metric.of_lap(lap))
    }

    /// s between two repetitions, the middle of them, so that a longer rest in between does not count.
    pub(super) fn rest(&self) -> Option<f64> {
        let pairs = self.laps.windows(2);
        let gaps: Option<Vec<f64>> = pairs
            .map(|pair| Some(units::sane(pair[1].start_time)? - units::sane(pair[0].end_time)?))
            .collect();
        let mut gaps = gaps?;
        gaps.sort_by(f64::total_cmp);
        gaps.get(gaps.len() / 2).copied().filter(|gap| *gap >= 1.0)
    }

    /// Normalized power, W, where repetitions are long enough for it to mean something.
    pub(super) fn normalized(&self) -> Option<f64> {
        const LONG_ENOUGH: f64 = 600.0;
        let long = self
            .laps
            .iter()
            .all(|lap| secs_of(lap).is_some_and(|secs| secs >= LONG_ENOUGH));
        let power = self.laps.iter().map(|lap| positive(lap.weighted_average_watts));
        mean(power).filter(|_| long).map(|mean| mean.value)
    }

    /// `3× 0:12:00`
    pub(super) fn in_short(&self) -> String {
        format!("{}× {}", self.reps(), units::hours_minutes_seconds(self.secs()))
    }
}
