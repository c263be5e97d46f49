//! get_best_efforts: the best efforts of a period with date and activity, compared with an earlier period.
//!
//! One request for the curves of both periods (`GET /athlete/{id}/{power,pace,hr}-curves`); without `sport` one more
//! before it, and up to three after it when there is no curve (see [`super::curves`]).

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        table::Columns,
        units,
        words::{around, joined, sentence},
    },
    arguments::{self, Arguments, Detail, Range, Span, TEN_YEARS},
    curves::{
        self, Choice, Metric, Subject,
        marks::{self, Marks},
        scale::{self, Scale},
    },
    earlier::earlier,
    params::{Param, words_of},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::{
        CurveSpec, Window,
        model::{Curve, Curves, Effort, Point},
    },
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::curves as formulas,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_BEST_EFFORTS,
    description: "Best efforts (peak power, fastest times, highest HR) by duration or distance, each with date and activity; \
        compare adds those of an earlier period. Default: the main sport, last 90 days.",
    params: PARAMS,
    requests: "1–5",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const METRICS: [(&str, Metric); 3] = [
    ("power", Metric::Power),
    ("pace", Metric::Pace),
    ("hr", Metric::HeartRate),
];
const SPAN: Span = Span {
    days: 90,
    ahead: 0,
    longest: TEN_YEARS,
};

const PARAMS: &[Param] = &[
    curves::SPORT,
    Param::word("metric", &words_of(&METRICS), curves::METRIC),
    Param::oldest("90 days up to newest"),
    Param::newest("today"),
    Param::text(
        "compare",
        40,
        "Earlier period: previous (as long, just before), last_year, or 2026-01-01..2026-03-31",
    ),
    marks::DURATIONS,
    marks::DISTANCES,
    Param::detail("more rows, dates and ids of the earlier efforts"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    choice: Choice,
    range: Range,
    before: Option<Range>,
    marks: Marks,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let mut range = arguments.range(SPAN)?;
        if range.oldest > today {
            return Err(arguments::wrong(
                "oldest",
                "must not be after today: best efforts are in the past",
            ));
        }
        range.newest = range.newest.min(today);
        let before = arguments
            .text("compare")?
            .map(|word| earlier(&word, range, TEN_YEARS))
            .transpose()?
            .flatten();
        Ok(Self {
            choice: Choice::read(&arguments, &METRICS)?,
            range,
            before,
            marks: Marks::read(&arguments)?,
            detail: arguments.detail()?,
        })
    }

    fn specs(&self) -> Vec<CurveSpec> {
        std::iter::once(self.range)
            .chain(self.before)
            .map(|range| {
                CurveSpec::from(Window::Dates {
                    oldest: range.oldest,
                    newest: range.newest,
                })
            })
            .collect()
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let asked = Asked::read(given, ask.today())?;
    let specs = asked.specs();
    let render = |subject: &Subject, found: &Curves| render(&ask.card, ask.today(), &asked, subject, found);
    curves::answer(&ask, "best efforts", asked.choice, &specs, render).await
}

/// A duration or distance with its best efforts.
struct Row<'a> {
    at: f64,
    now: Option<&'a Point>,
    before: Option<&'a Point>,
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, subject: &Subject, found: &Curves) -> Answer {
    let scale = Scale::of(subject, card.units);
    let specs = asked.specs();
    let now = curves::curve_for(found, &specs, 0);
    let before = curves::curve_for(found, &specs, 1);
    let all = formulas::axis(
        [now, before]
            .into_iter()
            .flatten()
            .flat_map(|curve| curve.points.iter().map(|point| point.at)),
    );
    let (marks, about_marks) = asked.marks.pick(scale, &all, asked.detail == Detail::Full);
    let rows: Vec<Row<'_>> = marks
        .iter()
        .map(|&at| Row {
            at,
            now: now.and_then(|curve| curves::point_at(curve, at)),
            before: before.and_then(|curve| curves::point_at(curve, at)),
        })
        .collect();

    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            format!(
                "{} best efforts: {}",
                answer::sport(&subject.sport),
                subject.metric.in_words()
            ),
            asked.range.in_words(),
        ],
    )];
    blocks.extend(subject.notes.iter().cloned());
    if all.is_empty() {
        blocks.push(scale::nothing(subject));
        return Answer::of(blocks);
    }
    if let Some(range) = asked.before {
        blocks.push(against(range, before, subject));
    }
    if now.is_none_or(|curve| curve.points.is_empty()) {
        blocks.push(format!(
            "No {} in {} itself.",
            subject.metric.in_words(),
            asked.range.in_words()
        ));
    }
    blocks.push(table(scale, asked, found, &rows));
    blocks.push(about_marks);
    blocks.push(standing(scale, &rows));
    blocks.push(scale::MAY_SPAN.to_owned());
    if subject.metric == Metric::Power {
        blocks.push(about_weight(scale, card, asked, found, now, &rows));
    }
    let shown: Vec<&Effort> = rows
        .iter()
        .flat_map(|row| [row.now, row.before])
        .flatten()
        .filter_map(|point| curves::effort(found, point.activity))
        .collect();
    blocks.push(scale::garmin(shown.iter().copied()));
    Answer::of(blocks)
}

/// Which period "before" is.
fn against(range: Range, before: Option<&Curve>, subject: &Subject) -> String {
    let dates = range.in_words();
    if before.is_none_or(|curve| curve.points.is_empty()) {
        format!("Before = {dates}: no {}.", subject.metric.in_words())
    } else {
        format!("Before = {dates}.")
    }
}

fn table(scale: Scale, asked: &Asked, found: &Curves, rows: &[Row<'_>]) -> String {
    let value = scale.value_header();
    let change = match scale.metric {
        Metric::Power | Metric::HeartRate => format!("change {value}"),
        Metric::Pace | Metric::Gap => "change s (- faster)".to_owned(),
    };
    let now = |row: &Row| row.now.and_then(|point| curves::effort(found, point.activity));
    let before = |row: &Row| row.before.and_then(|point| curves::effort(found, point.activity));
    Columns::<Row<'_>>::new()
        .column(scale.axis(), |row| scale.mark(row.at))
        .column(value, |row| {
            row.now.map(|point| scale.value(point.value)).unwrap_or_default()
        })
        .column(scale.second_header().unwrap_or_default(), |row| {
            row.now
                .filter(|point| scale.metric != Metric::Power || own_per_kg(point))
                .map(|point| scale.second(point))
                .unwrap_or_default()
        })
        .column(format!("before {value}"), |row| {
            row.before
                .map(|point| scale.value(point.value))
                .unwrap_or_default()
        })
        .column(change, |row| row.change(scale))
        .column("date", |row| scale::day_of(now(row), Some(asked.range)))
        .column("activity", |row| name_of(now(row)))
        .in_full("before date", |row| scale::day_of(before(row), asked.before))
        .in_full("before id", |row| scale::id_of(before(row)))
        .column("id", |row| scale::id_of(now(row)))
        .table_in(asked.detail, rows)
}

fn name_of(effort: Option<&Effort>) -> String {
    effort
        .filter(|effort| effort.source.as_deref() != Some("STRAVA"))
        .and_then(|effort| effort.name.as_deref())
        .map(|name| fenced(name, 60))
        .unwrap_or_default()
}

/// Whether the W/kg is from the same activity as the watts. If upstream does not say, it is.
fn own_per_kg(point: &Point) -> bool {
    point.per_kg_activity.is_none() || point.per_kg_activity == point.activity
}

impl Row<'_> {
    /// The difference to the earlier effort, computed from the values as shown.
    fn change(&self, scale: Scale) -> String {
        self.difference().map_or_else(String::new, |difference| {
            let percent = self
                .before
                .filter(|before| scale.metric == Metric::Power && before.value.round() > 0.0)
                .map(|before| {
                    let part = difference / before.value.round();
                    format!(" ({} %)", units::signed(part * 100.0, 1))
                })
                .unwrap_or_default();
            format!("{}{percent}", units::signed(difference, 0))
        })
    }

    fn difference(&self) -> Option<f64> {
        Some(units::shown(self.now?.value, 0)? - units::shown(self.before?.value, 0)?)
    }
}

/// How many best efforts are better than before.
fn standing(scale: Scale, rows: &[Row<'_>]) -> String {
    let differences: Vec<f64> = rows.iter().filter_map(Row::difference).collect();
    if differences.is_empty() {
        return String::new();
    }
    let count = |wanted: fn(f64) -> bool| differences.iter().filter(|value| wanted(**value)).count();
    let (below, equal) = (count(|value| value < 0.0), count(|value| value == 0.0));
    let above = differences.len() - below - equal;
    let (low, high, more, fewer) = match scale.metric {
        Metric::Power | Metric::HeartRate => (below, above, "higher", "lower"),
        Metric::Pace | Metric::Gap => (above, below, "faster", "slower"),
    };
    format!(
        "Of {} compared: {high} {more}, {low} {fewer}, {equal} equal.",
        answer::counted(differences.len(), scale.axis(), &format!("{}s", scale.axis()))
    )
}

/// The weight behind W/kg, and the best W/kg from activities that are not in the rows.
fn about_weight(
    scale: Scale,
    card: &AthleteCard,
    asked: &Asked,
    found: &Curves,
    now: Option<&Curve>,
    rows: &[Row<'_>],
) -> String {
    let others: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let point = row.now.filter(|point| !own_per_kg(point))?;
            let effort = curves::effort(found, point.per_kg_activity);
            let day = scale::day_of(effort, Some(asked.range));
            Some(joined(
                [
                    scale.mark(row.at),
                    scale.second(point),
                    around("on", &day, ""),
                    scale::id_of(effort),
                ],
                " ",
            ))
        })
        .collect();
    let weight = units::weight_in_words(now.and_then(|curve| curve.weight), card.units);
    let weight = sentence("Weight that intervals.icu has for this period:", &weight);
    let others = sentence("Best W/kg in another activity:", &others.join(", "));
    joined([weight, others], " ")
}
