//! What the tools over best-effort curves share: which sport and metric, one fetch of the curves, and how a best is
//! written.
//!
//! No tool's own table here. Requests: the curves; before them the activities of 90 days when no sport is named; after
//! them the heart-rate curves when the sport's own metric was never recorded and none was named.

#[cfg(test)]
pub(super) mod tests;

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::{Value, json};

use super::{
    answer::{self, units},
    arguments::{self, Arguments, Range},
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::{
        self, ActivityQuery, CurveSpec, Fatigue,
        model::{Activity, Curve, Curves, Effort, Point},
    },
    permissions,
    text::clean,
    tool_error::ToolError,
    training::{
        curves::{self, Asked},
        main_sport::{main_sport, stands_for},
        sports::{self, Tempo},
    },
};

/// Days in which the main sport is looked for.
const LOOK_BACK: u64 = 90;
const FIELDS: &[&str] = &[
    "type",
    "moving_time",
    "icu_average_watts",
    "icu_weighted_avg_watts",
];
/// Points that a caller may name.
const MARKS: usize = 20;

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
    fn of(word: &str) -> Self {
        match word {
            "power" => Self::Power,
            "pace" => Self::Pace,
            "gap" => Self::Gap,
            _ => Self::HeartRate,
        }
    }

    /// As it stands in a sentence.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Pace => "pace",
            Self::Gap => "grade-adjusted pace",
            Self::HeartRate => "heart rate",
        }
    }

    /// Points are distances and values are times.
    pub(super) fn by_distance(self) -> bool {
        matches!(self, Self::Pace | Self::Gap)
    }

    /// What a sport is usually measured in.
    fn usual(sport: &str) -> Self {
        match (stands_for(sport), Tempo::of(sport)) {
            ("Ride", _) => Self::Power,
            (_, Tempo::Other) => Self::HeartRate,
            _ => Self::Pace,
        }
    }
}

/// `sport`, for the schema.
pub(super) fn sport_property() -> (&'static str, Value) {
    (
        "sport",
        json!({"type": "string", "description": "ride, run, swim, row or a type such as NordicSki. Default: most done in 90 days"}),
    )
}

/// `metric`, for the schema.
pub(super) fn metric_property(words: &[&str]) -> (&'static str, Value) {
    (
        "metric",
        json!({"type": "string", "enum": words, "description": "Default: power of rides, pace of runs, swims, rows, else hr"}),
    )
}

/// `sport` and `metric` as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) sport: Option<&'static str>,
    pub(super) metric: Option<Metric>,
}

impl Choice {
    pub(super) fn read(arguments: &Arguments, metrics: &[&'static str]) -> Result<Self, ToolError> {
        let wanted =
            "write ride, run, swim or row, or a type of intervals.icu such as NordicSki, Walk, Kayaking";
        let sport = match arguments.words("sport", 40)? {
            None => None,
            Some(word) => match sports::meant_by(&word) {
                Some([one]) => Some(*one),
                // Upstream keeps such a family under its first sport.
                Some([first, second, ..]) if stands_for(second) == *first => Some(*first),
                _ => return Err(arguments::wrong("sport", wanted)),
            },
        };
        let metric = arguments.word("metric", metrics)?.map(Metric::of);
        Ok(Self { sport, metric })
    }
}

/// The points that were asked for by name: `durations` (s) or `distances` (m), whichever fits the metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Marks {
    durations: Vec<f64>,
    distances: Vec<f64>,
}

impl Marks {
    pub(super) const NAMES: [&'static str; 2] = ["durations", "distances"];

    pub(super) fn properties() -> [(&'static str, Value); 2] {
        [
            (
                "durations",
                json!({"type": "array", "items": {"type": "integer"}, "description": "Seconds, for power and hr"}),
            ),
            (
                "distances",
                json!({"type": "array", "items": {"type": "number"}, "description": "Metres, for pace"}),
            ),
        ]
    }

    pub(super) fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        Ok(Self {
            durations: arguments.numbers(
                "durations",
                MARKS,
                1.0..=864_000.0,
                "write a list of up to 20 durations in seconds, such as [5, 300]",
            )?,
            distances: arguments.numbers(
                "distances",
                MARKS,
                1.0..=10_000_000.0,
                "write a list of up to 20 distances in metres, such as [1000, 5000]",
            )?,
        })
    }

    /// Which points of the curves to show, and a line about those that they do not have.
    pub(super) fn pick(&self, scale: Scale, all: &[f64], full: bool) -> (Vec<f64>, String) {
        let (wanted, other) = if scale.metric.by_distance() {
            (
                &self.distances,
                "durations go with power and hr, distances with pace",
            )
        } else {
            (
                &self.durations,
                "distances go with pace, durations with power and hr",
            )
        };
        if wanted.is_empty() {
            let ignored = !self.durations.is_empty() || !self.distances.is_empty();
            let note = if ignored {
                format!("Shown at the usual points: {other}.")
            } else {
                String::new()
            };
            return (scale.usual(all, full), note);
        }
        let mut shown = Vec::new();
        let mut notes = Vec::new();
        for wanted in wanted {
            let name = scale.mark(*wanted);
            match curves::asked(all, *wanted) {
                Asked::There(at) => shown.push(at),
                Asked::Nearest(at) => {
                    shown.push(at);
                    notes.push(format!("{name} (nearest: {})", scale.mark(at)));
                }
                Asked::Beyond => notes.push(format!("{name} (beyond the curve)")),
            }
        }
        let note = if notes.is_empty() {
            String::new()
        } else {
            format!("Not among intervals.icu's points: {}", notes.join(", "))
        };
        (curves::axis(shown), note)
    }
}

/// What was found, and of what.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Upstream's type.
    pub(super) sport: String,
    pub(super) metric: Metric,
    /// Lines on how sport and metric were chosen.
    pub(super) notes: Vec<String>,
}

/// The curves, or the line that says why no sport could be chosen.
#[derive(Debug)]
pub(super) enum Found {
    Curves(Subject, Curves),
    NoSport(String),
}

/// Takes out what is another tool's to show and not granted, and says so: weight, and what it can be reckoned from.
pub(super) fn withhold(card: &AthleteCard, subject: &Subject, found: &mut Curves) -> Option<String> {
    if card.may(&permissions::GET_WELLNESS) {
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
        .then(|| answer::not_granted("Weight, W/kg and VO2max", "get_wellness"))
}

/// Chooses what was left open, and fetches.
pub(super) async fn fetch(
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
            notes: Vec::new(),
        }
    } else {
        let query = ActivityQuery {
            oldest: today.checked_sub_days(Days::new(LOOK_BACK - 1)).unwrap_or(today),
            newest: today,
            limit: None,
            fields: FIELDS,
        };
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
    match curves_of(upstream, &instead, specs).await {
        Ok(hearts) if !is_empty(&hearts) => {
            let note = format!(
                "No {} in this time: heart rate instead.",
                subject.metric.in_words()
            );
            subject = instead;
            subject.notes.push(note);
            Ok(Found::Curves(subject, hearts))
        }
        Err(error) if error.ends_the_call() => Err(error.into()),
        Ok(_) | Err(_) => Ok(Found::Curves(subject, found)),
    }
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

/// The main sport of these activities, and its metric: power of rides only when some ride has any.
fn chosen(card: &AthleteCard, activities: &[Activity], metric: Option<Metric>) -> Result<Subject, String> {
    let readable = activities
        .iter()
        .filter_map(|activity| Some((activity.sport.as_deref()?, activity)));
    let Some(main) = main_sport(
        readable
            .clone()
            .map(|(sport, activity)| (sport, activity.moving_time)),
    ) else {
        let strava = activities
            .iter()
            .any(|activity| activity.source.as_deref() == Some("STRAVA"));
        let why = if strava {
            " (those of Strava do not show their sport: Strava's terms close them to the API)"
        } else {
            ""
        };
        return Err(format!(
            "There is no main sport: no activity of the last {LOOK_BACK} days has one{why}. Ask with sport, such as \
             sport=run, and an earlier time.",
        ));
    };
    let sport = clean(&main.sport, 40);
    let told = answer::sport(&sport);
    let powered = readable.clone().any(|(own, activity)| {
        stands_for(own) == main.sport
            && [activity.icu_weighted_avg_watts, activity.icu_average_watts]
                .iter()
                .flatten()
                .any(|watts| *watts > 0.0)
    });
    let mut notes =
        if card.may(&permissions::GET_TRAINING_SUMMARY) || card.may(&permissions::GET_TRAINING_HISTORY) {
            vec![format!(
                "Main sport of the last {LOOK_BACK} days: {told} ({} of {} h moving)",
                units::hours_minutes(Some(main.moving)),
                units::hours_minutes(Some(main.of))
            )]
        } else {
            vec![
                format!("Main sport of the last {LOOK_BACK} days: {told}"),
                answer::not_granted("Its hours", "get_training_summary"),
            ]
        };
    let metric = metric.unwrap_or_else(|| match Metric::usual(&sport) {
        Metric::Power if !powered => {
            notes.push("None of them has power: heart rate instead.".to_owned());
            Metric::HeartRate
        }
        usual => usual,
    });
    Ok(Subject { sport, metric, notes })
}

/// The curve that came for a spec: by upstream's name of it, else by place when it has no name.
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

/// The best at a duration or distance, which the curve may write a little otherwise.
pub(super) fn point_at(curve: &Curve, wanted: f64) -> Option<&Point> {
    let off = |point: &Point| (point.at - wanted).abs();
    curve
        .points
        .iter()
        .filter(|point| curves::same(point.at, wanted))
        .min_by(|a, b| off(a).total_cmp(&off(b)))
}

/// How the bests of a sport and metric are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) metric: Metric,
    tempo: Tempo,
    units: Units,
}

impl Scale {
    pub(super) fn of(subject: &Subject, units: Units) -> Self {
        Self {
            metric: subject.metric,
            tempo: Tempo::of(&subject.sport),
            units,
        }
    }

    /// The header of the first column.
    pub(super) fn axis(self) -> &'static str {
        if self.metric.by_distance() {
            "distance"
        } else {
            "duration"
        }
    }

    /// The unit of the main value, as a header: `W`, `bpm`, `time`.
    pub(super) fn value_header(self) -> &'static str {
        match self.metric {
            Metric::Power => "W",
            Metric::HeartRate => "bpm",
            Metric::Pace | Metric::Gap => "time",
        }
    }

    /// The header of what stands beside the main value: `W/kg`, `pace /km`, `km/h`.
    pub(super) fn beside_header(self) -> Option<String> {
        match self.metric {
            Metric::Power => Some("W/kg".to_owned()),
            Metric::HeartRate => None,
            Metric::Pace | Metric::Gap => {
                Some(self.speed_header(if self.metric == Metric::Gap { "GAP" } else { "pace" }))
            }
        }
    }

    /// `pace /km` and the like, `km/h` for sports that are not spoken of by pace.
    pub(super) fn speed_header(self, what: &str) -> String {
        units::PaceUnit::usual(self.tempo, self.units).map_or_else(
            || units::speed_unit(self.units).to_owned(),
            |unit| format!("{what} /{}", unit.name()),
        )
    }

    /// A speed (m/s) under [`Self::speed_header`].
    pub(super) fn speed(self, metres_a_second: Option<f64>) -> String {
        units::PaceUnit::usual(self.tempo, self.units).map_or_else(
            || units::speed(metres_a_second, self.units),
            |unit| unit.time(metres_a_second),
        )
    }

    /// The main value: `288`, `0:21:26`.
    pub(super) fn value(self, value: f64) -> String {
        if self.metric.by_distance() {
            units::hours_minutes_seconds(Some(value))
        } else {
            units::whole(Some(value))
        }
    }

    /// What stands beside the main value, if anything.
    pub(super) fn beside(self, point: &Point) -> String {
        match self.metric {
            Metric::Power => units::fixed(point.per_kg, 2),
            Metric::HeartRate => String::new(),
            Metric::Pace | Metric::Gap => self.speed(Some(point.at / point.value)),
        }
    }

    /// A duration or distance as people name it: `5 s`, `1:30 min`, `20 min`, `400 m`, `100 yd`, `5 km`, `1 mi`.
    pub(super) fn mark(self, at: f64) -> String {
        if self.metric.by_distance() {
            distance(at, self.tempo == Tempo::Swim)
        } else {
            duration(at)
        }
    }

    /// The points to show when none is named.
    fn usual(self, all: &[f64], full: bool) -> Vec<f64> {
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
        let usual = curves::usual(all, curves::distances(self.tempo, self.units.imperial), ROWS);
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
        format!("{} s", units::at_most(Some(secs), 1))
    } else if rest == 0.0 {
        format!("{} min", units::whole(Some(minutes)))
    } else {
        format!("{}:{rest:02.0} min", units::whole(Some(minutes)))
    }
}

fn distance(metres: f64, swim: bool) -> String {
    const MILE: f64 = 1609.344;
    const YARD: f64 = 0.9144;
    // Upstream rounds in its own way; a label is exact to a part in two thousand.
    let whole = |value: f64| (value - value.round()).abs() <= value * 0.0005;
    let near = |other: f64| (metres - other).abs() <= other * 0.0005;
    if near(21_097.5) {
        return "half marathon".to_owned();
    }
    if near(42_195.0) {
        return "marathon".to_owned();
    }
    let whole_metres = (metres - metres.round()).abs() < 0.005;
    let miles = metres / MILE;
    let round_metres = whole_metres && metres.round() % 50.0 == 0.0;
    if !swim && !round_metres && miles > 0.2 && whole(miles * 4.0) {
        return format!("{} mi", units::at_most(Some((miles * 4.0).round() / 4.0), 2));
    }
    let yards = metres / YARD;
    if swim && !whole_metres && whole(yards) {
        return format!("{} yd", units::whole(Some(yards)));
    }
    if metres >= 2000.0 || (metres >= 1000.0 && metres % 1000.0 == 0.0 && !swim) {
        format!("{} km", units::at_most(Some(metres / 1000.0), 2))
    } else {
        format!("{} m", units::at_most(Some(metres), 1))
    }
}

/// The effort of a point.
pub(super) fn effort(curves: &Curves, place: Option<usize>) -> Option<&Effort> {
    curves.activities.get(place?)
}

/// The local day of an effort, and whether it lies in the range; empty when the answer does not say.
pub(super) fn day_of(effort: Option<&Effort>, range: Option<Range>) -> String {
    let Some(day) = effort
        .and_then(|effort| effort.start_date_local)
        .map(|start| start.date())
    else {
        return String::new();
    };
    let outside = range.is_some_and(|range| !range.holds(day));
    format!(
        "{}{}",
        units::date(day),
        if outside { " (outside the range)" } else { "" }
    )
}

/// An id as it may be given back; upstream's are short and plain.
pub(super) fn id_of(effort: Option<&Effort>) -> String {
    effort.map_or_else(String::new, |effort| clean(&effort.id, 64))
}

/// Garmin by model where the efforts say their device, else that it may be.
pub(super) fn garmin<'a>(efforts: impl Iterator<Item = &'a Effort> + Clone) -> String {
    let said = efforts
        .clone()
        .any(|effort| effort.source.is_some() || effort.device_name.is_some());
    if said {
        answer::garmin_line(efforts.map(|effort| (effort.source.as_deref(), effort.device_name.as_deref())))
    } else {
        "May derive in part from Garmin device data.".to_owned()
    }
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

/// Why there are no rows, and what to ask for instead.
pub(super) fn nothing(subject: &Subject) -> String {
    let others = match subject.metric {
        Metric::Power => "metric=hr or metric=pace",
        Metric::Pace | Metric::Gap => "metric=hr or metric=power",
        Metric::HeartRate => "metric=power or metric=pace",
    };
    format!(
        "intervals.icu has no {} curve of {} in this time: there was no such activity, or none recorded it. Ask with \
         {others}, another sport, or another time.",
        subject.metric.in_words(),
        answer::sport(&subject.sport)
    )
}

/// The lines of an answer for which no sport could be chosen.
pub(super) fn no_sport(card: &AthleteCard, today: NaiveDate, what: &str, why: String) -> answer::Answer {
    answer::Answer::of([answer::first_line(card, today, &[what.to_owned()]), why])
}
