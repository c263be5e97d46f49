//! get_power_curves: power, pace, grade-adjusted pace or heart-rate curves, several windows side by side, with the
//! models that intervals.icu fitted to them.
//!
//! One request for all windows (`GET /athlete/{id}/{power,pace,hr}-curves`); without `sport` one more before it, and
//! one after it when the sport's own metric was never recorded (see [`super::curves`]).

mod models;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        table::Columns,
        units,
        words::{joined, with_unit},
    },
    arguments::{self, Arguments, Detail},
    curves::{
        self, Choice, Metric, Subject,
        marks::Marks,
        scale::{self, Scale},
    },
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{
        self, CurveSpec, Fatigue, Window,
        model::{Curve, Curves, Effort},
    },
    permissions,
    tool_error::ToolError,
    training::curves as formulas,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_POWER_CURVES,
    description: "Power, pace, grade-adjusted pace (gap) or heart-rate curves side by side, with intervals.icu's eFTP, CP, \
        W′, critical speed and VO2max estimate. Default: 42d and 1y.",
    schema,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const METRICS: &[&str] = &["power", "pace", "gap", "hr"];
const NAMES: &[&str] = &[
    "sport",
    "metric",
    "windows",
    "fatigue",
    Marks::NAMES[0],
    Marks::NAMES[1],
    "detail",
];
/// Windows side by side, fatigued ones included.
const WINDOWS: usize = 4;
const MOST_DAYS: u32 = 3653;
const MOST_YEARS: u32 = 40;
/// What to write, told when `windows` is wrong.
const WINDOWS_WANTED: &str =
    "write up to 4 of 42d, 6w, 1y, all, season, last_season, or two days such as 2026-01-01..2026-03-31";

fn schema() -> Map<String, Value> {
    let [durations, distances] = Marks::properties();
    arguments::schema(&[
        curves::sport_property(),
        curves::metric_property(METRICS),
        (
            "windows",
            json!({"type": "array", "items": {"type": "string"}, "description": "Up to 4: 42d, 1y, all, season, last_season, 2026-01-01..2026-03-31"}),
        ),
        (
            "fatigue",
            json!({"type": "string", "enum": ["kj0", "kj1"], "description": "Adds power after preset work"}),
        ),
        durations,
        distances,
        arguments::detail("more rows, dates, ids"),
    ])
}

/// What was asked for.
#[derive(Debug)]
struct Asked {
    choice: Choice,
    specs: Vec<CurveSpec>,
    marks: Marks,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, NAMES, today)?;
        let mut choice = Choice::read(&arguments, METRICS)?;
        let mut windows: Vec<Window> = Vec::new();
        for text in arguments.texts("windows", WINDOWS, WINDOWS_WANTED)? {
            let window = window(text).ok_or_else(|| arguments::wrong("windows", WINDOWS_WANTED))?;
            if !windows.contains(&window) {
                windows.push(window);
            }
        }
        if windows.is_empty() {
            windows = vec![Window::Days(42), Window::Years(1)];
        }
        let fatigue = match arguments.word("fatigue", &["kj0", "kj1"])? {
            Some("kj0") => Fatigue::First,
            Some(_) => Fatigue::Second,
            None => Fatigue::Fresh,
        };
        let mut specs: Vec<CurveSpec> = windows.iter().copied().map(CurveSpec::from).collect();
        if fatigue != Fatigue::Fresh {
            if choice.metric.is_some_and(|metric| metric != Metric::Power) {
                return Err(arguments::wrong(
                    "fatigue",
                    "there are fatigued curves of power only; leave it out, or write metric=power",
                ));
            }
            if windows.len() * 2 > WINDOWS {
                return Err(arguments::wrong(
                    "windows",
                    "with fatigue, write two windows at most",
                ));
            }
            choice.metric = Some(Metric::Power);
            specs = windows
                .iter()
                .flat_map(|&window| [Fatigue::Fresh, fatigue].map(|fatigue| CurveSpec { window, fatigue }))
                .collect();
        }
        Ok(Self {
            choice,
            specs,
            marks: Marks::read(&arguments)?,
            detail: arguments.detail()?,
        })
    }
}

/// A window as a caller names it.
fn window(text: &str) -> Option<Window> {
    let word: String = text
        .chars()
        .take(40)
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let counted = |unit: char, most: u32| {
        let digits = word.strip_suffix(unit)?;
        let plain = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit());
        digits
            .parse::<u32>()
            .ok()
            .filter(|count| plain && (1..=most).contains(count))
    };
    match word.as_str() {
        "all" => return Some(Window::All),
        "season" | "s0" => return Some(Window::Season(0)),
        "last_season" | "s1" => return Some(Window::Season(1)),
        _ => {}
    }
    counted('d', MOST_DAYS)
        .map(Window::Days)
        .or_else(|| counted('w', MOST_DAYS / 7).map(|weeks| Window::Days(weeks * 7)))
        .or_else(|| counted('y', MOST_YEARS).map(Window::Years))
        .or_else(|| {
            let range = curves::dates(&word)?;
            Some(Window::Dates {
                oldest: range.oldest,
                newest: range.newest,
            })
        })
}

/// Fetches what was asked for, and says it.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let asked = Asked::read(given, ask.today())?;
    let render = |subject: &Subject, found: &Curves| render(&ask.card, ask.today(), &asked, subject, found);
    curves::answer(&ask, "curves", asked.choice, &asked.specs, render).await
}

/// A window's curve, as far as one came.
struct Windowed<'a> {
    name: String,
    dates: String,
    curve: Option<&'a Curve>,
    fresh: bool,
}

impl<'a> Windowed<'a> {
    fn of(asked: &Asked, found: &'a Curves, place: usize) -> Self {
        let spec = asked.specs[place];
        let curve = curves::curve_for(found, &asked.specs, place);
        let given = match spec.window {
            Window::Dates { oldest, newest } => Some((oldest, newest)),
            _ => None,
        };
        let dates = curve
            .and_then(|curve| curve.oldest.zip(curve.newest))
            .or(given)
            .map(|(oldest, newest)| units::range(oldest, newest))
            .unwrap_or_default();
        let mut name = match spec.window {
            Window::Season(0) => "season".to_owned(),
            Window::Season(_) => "last season".to_owned(),
            Window::Dates { oldest, newest } => format!("{oldest}..{newest}"),
            Window::Days(_) | Window::Years(_) | Window::All => CurveSpec::from(spec.window).to_string(),
        };
        match spec.fatigue {
            Fatigue::Fresh => {}
            Fatigue::First | Fatigue::Second => {
                let kj = units::whole(curve.and_then(|curve| curve.after_kj).filter(|kj| *kj > 0.0));
                let level = if spec.fatigue == Fatigue::First {
                    "kj0"
                } else {
                    "kj1"
                };
                name = if kj.is_empty() {
                    format!("{name} {level}")
                } else {
                    format!("{name} after {kj} kJ")
                };
            }
        }
        Self {
            name,
            dates,
            curve,
            fresh: spec.fatigue == Fatigue::Fresh,
        }
    }

    fn points(&self) -> &'a [intervals::model::Point] {
        self.curve.map_or(&[], |curve| &curve.points)
    }

    /// `42d: 11 Oct – 21 Nov 2026, 64.2 kg`
    fn line(&self, subject: &Subject, own: Units) -> String {
        let remark = match self.curve {
            None => "intervals.icu sent no curve".to_owned(),
            Some(_) if self.points().is_empty() => format!("no {}", subject.metric.in_words()),
            Some(curve) if subject.metric == Metric::Power => {
                with_unit(units::weight(curve.weight, own), units::weight_unit(own))
            }
            Some(_) => String::new(),
        };
        joined([&self.name, &joined([&self.dates, &remark], ", ")], ": ")
    }
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, subject: &Subject, found: &Curves) -> Answer {
    let scale = Scale::of(subject, card.units);
    let windows: Vec<Windowed<'_>> = (0..asked.specs.len())
        .map(|place| Windowed::of(asked, found, place))
        .collect();
    let all = formulas::axis(
        windows
            .iter()
            .flat_map(|window| window.points().iter().map(|point| point.at)),
    );
    let names: Vec<&str> = windows.iter().map(|window| window.name.as_str()).collect();
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            format!(
                "{} curves: {}",
                answer::sport(&subject.sport),
                subject.metric.in_words()
            ),
            names.join(", "),
        ],
    )];
    blocks.extend(subject.notes.iter().cloned());
    let lines = windows.iter().map(|window| window.line(subject, card.units));
    blocks.push(joined(lines, " | "));
    if all.is_empty() {
        blocks.push(scale::nothing(subject));
        return Answer::of(blocks);
    }
    let (marks, about_marks) = asked.marks.pick(scale, &all, asked.detail == Detail::Full);
    blocks.push(table(scale, &windows, found, &marks, asked.detail));
    blocks.push(about_marks);
    let fresh: Vec<(&str, &Curve)> = windows
        .iter()
        .filter(|window| window.fresh)
        .filter_map(|window| Some((window.name.as_str(), window.curve?)))
        .collect();
    blocks.push(match subject.metric {
        Metric::Power => models::power(&fresh),
        Metric::Pace | Metric::Gap => models::pace(&fresh, scale),
        Metric::HeartRate => String::new(),
    });
    if subject.metric == Metric::Power {
        blocks.push(models::vo2max(&fresh));
    }
    let efforts: Vec<&Effort> = marks
        .iter()
        .flat_map(|&at| {
            windows
                .iter()
                .filter_map(move |window| curves::point_at(window.curve?, at))
        })
        .filter_map(|point| curves::effort(found, point.activity))
        .collect();
    blocks.push(scale::garmin(efforts.iter().copied()));
    Answer::of(blocks)
}

/// A row a point, and for each window its best, the day and the id.
fn table(scale: Scale, windows: &[Windowed<'_>], found: &Curves, marks: &[f64], detail: Detail) -> String {
    let mut columns = Columns::<f64>::new().column(scale.axis(), |at| scale.mark(*at));
    let mut ids = Columns::new();
    for window in windows {
        let name = &window.name;
        let point = |at: f64| curves::point_at(window.curve?, at);
        let effort = move |at: f64| curves::effort(found, point(at)?.activity);
        let value = move |at: &f64| {
            point(*at)
                .map(|point| scale.value(point.value))
                .unwrap_or_default()
        };
        let beside = move |at: &f64| point(*at).map(|point| scale.beside(point)).unwrap_or_default();
        columns = columns
            .column(format!("{name} {}", scale.value_header()), value)
            .column(
                format!("{name} {}", scale.beside_header().unwrap_or_default()),
                beside,
            )
            .in_full(format!("{name} date"), move |at| scale::day_of(effort(*at), None));
        ids = ids.in_full(format!("{name} id"), move |at: &f64| scale::id_of(effort(*at)));
    }
    columns.then(ids).table_in(detail, marks)
}
