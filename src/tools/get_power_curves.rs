//! get_power_curves: power, pace, grade-adjusted pace or heart-rate curves, several windows side by side, with the
//! models that intervals.icu fitted to them.
//!
//! One request for all windows (`GET /athlete/{id}/{power,pace,hr}-curves`); without `sport` one more before it, and
//! up to three after it when there is no curve (see [`super::curves`]).

mod models;

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
        words::{joined, with_unit},
    },
    arguments::{self, Arguments, Detail},
    curves::{
        self, Choice, Metric, Subject,
        marks::{self, Marks},
        scale::{self, Scale},
    },
    params::{Param, words_of},
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
    description: "Power, pace, GAP (grade-adjusted pace) or HR curves of several windows side by side, with intervals.icu's \
        eFTP, CP, W′, critical speed and VO2max estimate. Default: 42d and 1y.",
    params: PARAMS,
    requests: "1–5",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const METRICS: [(&str, Metric); 4] = [
    ("power", Metric::Power),
    ("pace", Metric::Pace),
    ("gap", Metric::Gap),
    ("hr", Metric::HeartRate),
];
const FATIGUE: [(&str, Fatigue); 2] = [("kj0", Fatigue::First), ("kj1", Fatigue::Second)];
/// Maximum windows side by side, including fatigued ones.
const WINDOWS: usize = 4;
const MOST_DAYS: u32 = 3653;
const MOST_YEARS: u32 = 40;
/// What `windows` must be.
const WINDOWS_WANTED: &str =
    "must be up to 4 of 42d, 6w, 1y, all, season, last_season, or two days such as 2026-01-01..2026-03-31";

const PARAMS: &[Param] = &[
    curves::SPORT,
    Param::word("metric", &words_of(&METRICS), curves::METRIC),
    Param::texts(
        "windows",
        WINDOWS,
        WINDOWS_WANTED,
        "Up to 4: 42d, 1y, all, season, last_season, 2026-01-01..2026-03-31",
    ),
    Param::word(
        "fatigue",
        &words_of(&FATIGUE),
        "Adds power after the first or second preset amount of work",
    ),
    marks::DURATIONS,
    marks::DISTANCES,
    Param::detail("more rows, dates, ids"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    choice: Choice,
    specs: Vec<CurveSpec>,
    marks: Marks,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let mut choice = Choice::read(&arguments, &METRICS)?;
        let mut windows: Vec<Window> = Vec::new();
        for text in arguments.texts("windows")? {
            let window = window(text).ok_or_else(|| arguments::wrong("windows", WINDOWS_WANTED))?;
            if !windows.contains(&window) {
                windows.push(window);
            }
        }
        if windows.is_empty() {
            windows = vec![Window::Days(42), Window::Years(1)];
        }
        let fatigue = arguments.word("fatigue", &FATIGUE)?.unwrap_or(Fatigue::Fresh);
        let mut specs: Vec<CurveSpec> = windows.iter().copied().map(CurveSpec::from).collect();
        if fatigue != Fatigue::Fresh {
            if choice.metric.is_some_and(|metric| metric != Metric::Power) {
                return Err(arguments::wrong(
                    "fatigue",
                    "is for power only: leave it out, or use metric=power",
                ));
            }
            if windows.len() * 2 > WINDOWS {
                return Err(arguments::wrong("windows", "must be at most two with fatigue"));
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

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let asked = Asked::read(given, ask.today())?;
    let render = |subject: &Subject, found: &Curves| render(&ask.card, ask.today(), &asked, subject, found);
    curves::answer(&ask, "curves", asked.choice, &asked.specs, render).await
}

/// A window's curve, if upstream sent one.
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
        let is_fresh = windows.iter().all(|window| window.fresh);
        let without = if is_fresh || subject.has.is_empty() {
            ""
        } else {
            "Other metrics go without fatigue, which is for power only."
        };
        blocks.push(joined([scale::nothing(subject).as_str(), without], " "));
        return Answer::of(blocks);
    }
    let (marks, about_marks) = asked.marks.pick(scale, &all, asked.detail == Detail::Full);
    blocks.push(table(scale, &windows, found, &marks, asked.detail));
    blocks.push(about_marks);
    blocks.push(scale::MAY_SPAN.to_owned());
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

/// One row per point, with each window's best effort, day and id.
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
        let second = move |at: &f64| point(*at).map(|point| scale.second(point)).unwrap_or_default();
        columns = columns
            .column(format!("{name} {}", scale.value_header()), value)
            .column(
                format!("{name} {}", scale.second_header().unwrap_or_default()),
                second,
            )
            .in_full(format!("{name} date"), move |at| scale::day_of(effort(*at), None));
        ids = ids.in_full(format!("{name} id"), move |at: &f64| scale::id_of(effort(*at)));
    }
    columns.then(ids).table_in(detail, marks)
}
