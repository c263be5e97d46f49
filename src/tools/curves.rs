//! What the tools for best-effort curves share: the choice of sport and metric, and the request for the curves. [`marks`]
//! chooses the points to show, [`scale`] writes them.
//!
//! Requests: the curves. When no sport is named, first the activities of 90 days. When no metric is named and the sport's
//! usual one was not recorded, then the heart-rate curves.

pub(super) mod marks;
pub(super) mod scale;
#[cfg(test)]
pub(super) mod tests;

use chrono::{Datelike as _, NaiveDate};

use super::{
    Answer,
    activities::without_a_sport,
    answer::{self, units},
    arguments::{self, Arguments, Range},
    params::Param,
    part::{if_there, not_granted},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::{
        self, CurveSpec, Fatigue,
        model::{Activity, Curve, Curves, Effort, Point},
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
];

/// What a curve is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Lines that say how sport and metric were chosen.
    pub(super) notes: Vec<String>,
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
        Found::Curves(subject, mut found) => {
            let withheld = withhold(card, &subject, &mut found);
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
    let mut subject = if let Some(sport) = choice.sport {
        Subject {
            sport: sport.to_owned(),
            metric: choice.metric.unwrap_or_else(|| Metric::usual(sport)),
            lacks: Vec::new(),
            notes: Vec::new(),
        }
    } else {
        let lately = Range {
            oldest: weeks::back(today, LOOK_BACK - 1),
            newest: today,
        };
        let query = lately.activities(FIELDS);
        match chosen(card, &upstream.activities(&query).await?, choice.metric) {
            Ok(subject) => subject,
            Err(why) => return Ok(Found::NoSport(why)),
        }
    };
    let found = curves_of(upstream, &subject, specs).await?;
    if choice.metric.is_some() || subject.metric == Metric::HeartRate || !is_empty(&found) {
        return Ok(Found::Curves(subject, found));
    }
    let instead = Subject {
        metric: Metric::HeartRate,
        ..subject.clone()
    };
    let hearts = if_there(curves_of(upstream, &instead, specs).await)?;
    let Some(hearts) = hearts.filter(|hearts| !is_empty(hearts)) else {
        subject.lacks.push(Metric::HeartRate);
        return Ok(Found::Curves(subject, found));
    };
    let note = format!(
        "No {} in this period: heart rate instead.",
        subject.metric.in_words()
    );
    subject = instead;
    subject.notes.push(note);
    Ok(Found::Curves(subject, hearts))
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
    let powered = readable.clone().any(|(own, activity)| {
        stands_for(own) == main.sport
            && [activity.icu_weighted_avg_watts, activity.icu_average_watts]
                .iter()
                .flatten()
                .any(|watts| *watts > 0.0)
    });
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
            std::iter::once(format!("{named} ({size})"))
                .chain(unknown)
                .collect()
        } else {
            vec![
                named,
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
