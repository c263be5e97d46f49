//! What the tools for best-effort curves share: the choice of sport and metric, and the request for the curves. [`marks`]
//! chooses the points to show, [`scale`] writes them.
//!
//! Requests: the curves. When no sport is named, first the activities of 90 days. When there is no curve, then those of the
//! other metrics, so that only what has data is shown instead or advised, and the activities of the period, which may
//! tell why. At most four.

pub(super) mod marks;
pub(super) mod scale;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::{
    Answer,
    activities::without_a_sport,
    answer::{
        self, units,
        words::{sentence, with_unit},
    },
    arguments::{self, Arguments, Range},
    params::Param,
    part::{Part, Source, if_there, not_granted, settle},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::{
        self, CurveSpec, Fatigue, Window,
        model::{Activity, Curve, Curves, Effort, Point, positive},
    },
    permissions,
    text::clean,
    tool_error::ToolError,
    training::{
        curves::same,
        main_sport::main_sport,
        sports::{self, Tempo, stands_for},
        weeks,
    },
};

/// Days in which to find the main sport.
const LOOK_BACK: u64 = 90;
const FIELDS: &[&str] = &[
    "type",
    "moving_time",
    "icu_training_load",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "distance",
    "icu_distance",
    "average_heartrate",
];

/// What a curve is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    Power,
    Pace,
    /// Grade-adjusted pace.
    Gap,
    HeartRate,
}

impl Metric {
    /// As written in a sentence.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Pace => "pace",
            Self::Gap => "grade-adjusted pace",
            Self::HeartRate => "heart rate",
        }
    }

    /// Whether points are distances and values times.
    pub(super) fn by_distance(self) -> bool {
        matches!(self, Self::Pace | Self::Gap)
    }

    /// The usual metric of a sport.
    fn usual(sport: &str) -> Self {
        match (stands_for(sport), Tempo::of(sport)) {
            ("Ride", _) => Self::Power,
            (_, Tempo::Other) => Self::HeartRate,
            _ => Self::Pace,
        }
    }
}

/// `sport`.
pub(super) const SPORT: Param = Param::text(
    "sport",
    40,
    "ride, run, swim, row or a type such as NordicSki. Default: main sport of the last 90 days",
);
/// The description of `metric` in the schema.
pub(super) const METRIC: &str = "Default: power for rides, pace for runs, swims, rows, else hr";

/// `sport` and `metric` as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) sport: Option<&'static str>,
    pub(super) metric: Option<Metric>,
}

impl Choice {
    pub(super) fn read(arguments: &Arguments, metrics: &[(&str, Metric)]) -> Result<Self, ToolError> {
        let wanted =
            "must be ride, run, swim or row, or an intervals.icu type such as NordicSki, Walk, Kayaking";
        let sport = match arguments.text("sport")? {
            None => None,
            Some(word) => match sports::meant_by(&word) {
                Some([one]) => Some(*one),
                // Upstream has such a family under its first sport.
                Some([first, second, ..]) if stands_for(second) == *first => Some(*first),
                _ => return Err(arguments::wrong("sport", wanted)),
            },
        };
        let metric = arguments.word("metric", metrics)?;
        Ok(Self { sport, metric })
    }
}

/// What the curves are about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Upstream's type.
    pub(super) sport: String,
    pub(super) metric: Metric,
    /// Metrics that were looked for and not found, besides `metric`.
    pub(super) lacks: Vec<Metric>,
    /// Metrics that have a curve where `metric` has none.
    pub(super) has: Vec<Metric>,
    pub(super) reason: Reason,
    /// Lines that say how sport and metric were chosen.
    pub(super) notes: Vec<String>,
}

/// Why there is no curve, as far as the activities of the period tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// None of them is known to have recorded the metric.
    NotRecorded,
    /// As before, and Strava closes some of them.
    PerhapsClosed,
    /// Strava closes them all.
    Closed,
    /// Not that: one of the sport has recorded the metric.
    Unknown,
    /// They were not read.
    Unread,
}

impl Reason {
    fn of(activities: &[Activity], subject: &Subject) -> Self {
        let is_of_sport = |row: &Activity| {
            let own = row.sport.as_deref();
            own.is_some_and(|own| stands_for(own) == stands_for(&subject.sport))
        };
        let closed: Vec<&Activity> = activities
            .iter()
            .filter(|row| row.is_closed_by_strava())
            .collect();
        let open: Vec<&Activity> = activities.iter().filter(|row| !row.is_stub()).collect();
        let mut of_sport = open.iter().filter(|row| is_of_sport(row)).peekable();
        let is_closed =
            open.is_empty() || of_sport.peek().is_none() && closed.iter().any(|row| is_of_sport(row));
        if is_closed && !closed.is_empty() {
            return Self::Closed;
        }
        let has_recorded = of_sport.any(|row| match subject.metric {
            Metric::Power => row.has_power(),
            Metric::Pace | Metric::Gap => row.metres().is_some_and(|metres| metres > 0.0),
            Metric::HeartRate => positive(row.average_heartrate).is_some(),
        });
        match closed.len() {
            _ if has_recorded => Self::Unknown,
            0 => Self::NotRecorded,
            _ => Self::PerhapsClosed,
        }
    }
}

/// The curves as `render` shows them, or why no sport could be chosen, below a first line with `what`.
pub(super) async fn answer(
    ask: &Ask,
    what: &str,
    choice: Choice,
    specs: &[CurveSpec],
    render: impl FnOnce(&Subject, &Curves) -> Answer,
) -> Result<Answer, ToolError> {
    let (card, today) = (&ask.card, ask.today());
    Ok(match fetch(&ask.upstream, card, today, choice, specs).await? {
        Found::Curves(mut subject, mut found) => {
            let withheld = withhold(card, &subject, &mut found);
            if subject.metric == Metric::Power && !is_empty(&found) {
                subject.notes.push(ftp_in_use(ask, &subject.sport).await?);
            }
            render(&subject, &found).and(withheld)
        }
        Found::NoSport(why) => Answer::of([answer::first_line(card, today, &[what.to_owned()]), why]),
    })
}

/// The curves, or the line that says why no sport could be chosen.
#[derive(Debug)]
enum Found {
    Curves(Subject, Curves),
    NoSport(String),
}

/// `FTP in use: 246 W.`: that of the athlete's settings, beside what models estimate. Empty if none is set.
async fn ftp_in_use(ask: &Ask, sport: &str) -> Result<String, ToolError> {
    const WHAT: &str = "FTP in use";
    let profile = if ask.card.shows(&permissions::GET_ATHLETE_PROFILE) {
        settle(WHAT, Source::Profile, ask.upstream.profile().await)?
    } else {
        Part::not_granted(WHAT, &permissions::GET_ATHLETE_PROFILE)
    };
    Ok(profile.text(|athlete| {
        let ftp = units::whole(athlete.settings_for(sport).ftp);
        sentence(&format!("{WHAT}:"), &with_unit(ftp, "W"))
    }))
}

/// Removes what another tool shows and is not granted, and says so: weight, and what it could be computed from.
fn withhold(card: &AthleteCard, subject: &Subject, found: &mut Curves) -> Option<String> {
    if card.shows(&permissions::GET_WELLNESS) {
        return None;
    }
    let mut there = false;
    for curve in &mut found.list {
        there |= curve.weight.take().is_some();
        there |= curve.vo2max_5m.take().is_some();
        for point in &mut curve.points {
            point.per_kg_activity = None;
            there |= point.per_kg.take().is_some();
        }
    }
    (there && subject.metric == Metric::Power)
        .then(|| not_granted("Weight, W/kg and VO2max", &permissions::GET_WELLNESS))
}

/// Chooses what the caller left open, and fetches.
async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    today: NaiveDate,
    choice: Choice,
    specs: &[CurveSpec],
) -> Result<Found, ToolError> {
    let lately = Range {
        oldest: weeks::back(today, LOOK_BACK - 1),
        newest: today,
    };
    let (mut subject, activities) = if let Some(sport) = choice.sport {
        let subject = Subject {
            sport: sport.to_owned(),
            metric: choice.metric.unwrap_or_else(|| Metric::usual(sport)),
            lacks: Vec::new(),
            has: Vec::new(),
            reason: Reason::NotRecorded,
            notes: Vec::new(),
        };
        (subject, None)
    } else {
        let found = upstream.activities(&lately.activities(FIELDS)).await?;
        match chosen(card, &found, choice.metric) {
            Ok(subject) => (subject, Some(found)),
            Err(why) => return Ok(Found::NoSport(why)),
        }
    };
    let found = curves_of(upstream, &subject, specs).await?;
    if !is_empty(&found) {
        return Ok(Found::Curves(subject, found));
    }
    let mut instead = look(upstream, &mut subject, specs).await?;
    let hearts = instead.remove(&Metric::HeartRate);
    if let Some(hearts) = hearts.filter(|_| choice.metric.is_none()) {
        let note = format!(
            "No {} in this period: heart rate instead.",
            subject.metric.in_words()
        );
        subject.metric = Metric::HeartRate;
        subject.notes.push(note);
        return Ok(Found::Curves(subject, hearts));
    }
    let period = period(specs, &found, today).unwrap_or(lately);
    // Of a longer period the last days tell something, too.
    let is_whole = activities.is_none() || lately.oldest <= period.oldest;
    let activities = match activities {
        Some(activities) => Some(activities),
        None => if_there(upstream.activities(&period.activities(FIELDS)).await)?,
    };
    subject.reason = match activities {
        None => Reason::Unread,
        Some(mut activities) => {
            activities.retain(|row| row.day().is_some_and(|day| period.contains(day)));
            if activities.is_empty() && !is_whole {
                Reason::Unread
            } else {
                Reason::of(&activities, &subject)
            }
        }
    };
    Ok(Found::Curves(subject, found))
}

/// The curves of the metrics that were not tried, where there are any; notes in `subject` which there are.
async fn look(
    upstream: &intervals::Athlete,
    subject: &mut Subject,
    specs: &[CurveSpec],
) -> Result<BTreeMap<Metric, Curves>, ToolError> {
    // Only power has efforts after work.
    let mut fresh: Vec<CurveSpec> = specs.iter().map(|spec| spec.window.into()).collect();
    fresh.dedup();
    let mut there = BTreeMap::new();
    for metric in [Metric::HeartRate, Metric::Power, Metric::Pace] {
        let is_tried = metric == subject.metric || metric.by_distance() && subject.metric.by_distance();
        if is_tried || subject.lacks.contains(&metric) {
            continue;
        }
        let other = Subject {
            metric,
            ..subject.clone()
        };
        match if_there(curves_of(upstream, &other, &fresh).await)? {
            Some(curves) if is_empty(&curves) => subject.lacks.push(metric),
            Some(curves) => {
                subject.has.push(metric);
                there.insert(metric, curves);
            }
            None => {}
        }
    }
    Ok(there)
}

/// The days that the curves are of; None if that is not known.
fn period(specs: &[CurveSpec], found: &Curves, today: NaiveDate) -> Option<Range> {
    let ranges = specs.iter().enumerate().map(|(place, spec)| match spec.window {
        Window::Dates { oldest, newest } => Some(Range { oldest, newest }),
        Window::Days(days) => Some(Range {
            oldest: weeks::back(today, u64::from(days)),
            newest: today,
        }),
        Window::Years(_) | Window::All | Window::Season(_) => {
            let curve = curve_for(found, specs, place)?;
            Some(Range {
                oldest: curve.oldest?,
                newest: curve.newest?,
            })
        }
    });
    ranges.reduce(|all, range| {
        let (all, range) = (all?, range?);
        Some(Range {
            oldest: all.oldest.min(range.oldest),
            newest: all.newest.max(range.newest),
        })
    })?
}

async fn curves_of(
    upstream: &intervals::Athlete,
    subject: &Subject,
    specs: &[CurveSpec],
) -> Result<Curves, intervals::Error> {
    let sport = subject.sport.as_str();
    match subject.metric {
        Metric::Power => upstream.power_curves(sport, specs).await,
        Metric::HeartRate => upstream.hr_curves(sport, specs).await,
        Metric::Pace => upstream.pace_curves(sport, specs, false).await,
        Metric::Gap => upstream.pace_curves(sport, specs, true).await,
    }
}

fn is_empty(curves: &Curves) -> bool {
    curves.list.iter().all(|curve| curve.points.is_empty())
}

/// Why none of these activities has a sport.
fn why_no_sport(activities: &[Activity]) -> &'static str {
    let closed = activities.iter().filter(|row| row.is_closed_by_strava()).count();
    match activities.len() {
        0 => "there is no activity",
        all if closed == all => "Strava closes all activities",
        _ if closed > 0 => "Strava closes some activities, the others have none",
        _ => "no activity has one",
    }
}

/// The main sport of these activities, and its metric: power for rides only if some ride has power.
fn chosen(card: &AthleteCard, activities: &[Activity], metric: Option<Metric>) -> Result<Subject, String> {
    let readable = activities
        .iter()
        .filter_map(|activity| Some((activity.sport.as_deref()?, activity)));
    let Some(main) = main_sport(
        readable
            .clone()
            .map(|(sport, activity)| (sport, activity.moving_time)),
    ) else {
        return Err(format!(
            "No sport can be read in the last {LOOK_BACK} days: {}. Name a sport and an earlier period.",
            why_no_sport(activities)
        ));
    };
    let sport = clean(&main.sport, 40);
    let name = answer::sport(&sport);
    let powered = readable
        .clone()
        .any(|(own, activity)| stands_for(own) == main.sport && activity.has_power());
    let named = format!("Main sport of the last {LOOK_BACK} days: {name}");
    let mut notes =
        if card.shows(&permissions::GET_TRAINING_SUMMARY) || card.shows(&permissions::GET_TRAINING_HISTORY) {
            let [moving, of] = [main.moving, main.of].map(units::hours_minutes);
            let unknown = Some(without_a_sport(activities)).filter(|unknown| !unknown.is_empty());
            // By how often, if no activity has a time.
            let size = if main.of > 0.0 {
                format!("{moving} of {of} moving")
            } else {
                "no activity has a time".to_owned()
            };
            std::iter::once(format!("{named} ({size})."))
                .chain(unknown)
                .collect()
        } else {
            vec![
                named + ".",
                not_granted("Time in it", &permissions::GET_TRAINING_SUMMARY),
            ]
        };
    let mut lacks = Vec::new();
    let metric = metric.unwrap_or_else(|| match Metric::usual(&sport) {
        Metric::Power if !powered => {
            notes.push("None of its activities has power: heart rate instead.".to_owned());
            lacks.push(Metric::Power);
            Metric::HeartRate
        }
        usual => usual,
    });
    Ok(Subject {
        sport,
        metric,
        lacks,
        has: Vec::new(),
        reason: Reason::NotRecorded,
        notes,
    })
}

/// The curve for a spec: by upstream's name, or by position if it has no name.
pub(super) fn curve_for<'a>(curves: &'a Curves, specs: &[CurveSpec], place: usize) -> Option<&'a Curve> {
    let spec = specs.get(place)?;
    let fatigued = spec.fatigue != Fatigue::Fresh;
    let base = CurveSpec::from(spec.window).to_string();
    let name = spec.to_string();
    let worked = |curve: &Curve| curve.after_kj.is_some_and(|kj| kj > 0.0);
    let named = |curve: &&Curve| curve.id.as_deref() == Some(name.as_str());
    let in_effect = |curve: &&Curve| fatigued && curve.id.as_deref() == Some(base.as_str()) && worked(curve);
    let by_name = curves
        .list
        .iter()
        .find(|curve| named(curve) && (fatigued || !worked(curve)));
    by_name
        .or_else(|| curves.list.iter().find(in_effect))
        .or_else(|| {
            curves
                .list
                .get(place)
                .filter(|curve| curve.id.is_none() && curves.list.len() == specs.len())
        })
}

/// The best effort at a duration or distance, which the curve may round differently.
pub(super) fn point_at(curve: &Curve, wanted: f64) -> Option<&Point> {
    let off = |point: &Point| (point.at - wanted).abs();
    curve
        .points
        .iter()
        .filter(|point| same(point.at, wanted))
        .min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// The effort of a point.
pub(super) fn effort(curves: &Curves, place: Option<usize>) -> Option<&Effort> {
    curves.activities.get(place?)
}

/// `2026-01-01..2026-03-31`
pub(super) fn dates(text: &str) -> Option<Range> {
    let (oldest, newest) = text.split_once("..")?;
    let day = |text: &str| {
        let text = text.trim();
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        text.parse()
            .ok()
            .filter(|day: &NaiveDate| plain && (1980..=2200).contains(&day.year()))
    };
    let range = Range {
        oldest: day(oldest)?,
        newest: day(newest)?,
    };
    (range.oldest <= range.newest).then_some(range)
}
