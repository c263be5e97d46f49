//! get_fitness: CTL, ATL, form, ramp and load, day by day or week by week, past and projected.
//!
//! One request: `GET /athlete/{id}/wellness`, whose rows carry the model. Rows after today are upstream's projection.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value, json};

use super::{
    Answer, Run, Tool,
    answer::{self, table::Table, units},
    arguments::{self, Arguments, Detail, Range, Span, TEN_YEARS},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::{self, model::Wellness},
    permissions,
    tool_error::ToolError,
    training::{
        fitness::{Fitness, ramp},
        weeks,
    },
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_FITNESS,
    description: "Fitness (CTL), fatigue (ATL), form (TSB), ramp and load by day or week. Default: the last 28 days and \
        the projection of the next 7 from planned workouts. A later newest projects further.",
    schema,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const NAMES: &[&str] = &["oldest", "newest", "step", "detail", "limit"];
const SPAN: Span = Span {
    days: 28,
    ahead: 7,
    longest: TEN_YEARS,
};
/// Longer ranges are told by week unless days are asked for.
const DAYS_AT_MOST: i64 = 42;
const ROWS: usize = 60;
const MOST_ROWS: usize = 200;

const FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad"];
const FULL_FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad", "sportInfo"];

fn schema() -> Map<String, Value> {
    arguments::schema(&[
        arguments::oldest("28 days back"),
        arguments::newest("7 days ahead, or today when oldest is given"),
        (
            "step",
            json!({"type": "string", "enum": ["day", "week"], "description": "Default day, week beyond 42 days"}),
        ),
        arguments::detail("estimated FTP, W′ and Pmax by sport"),
        arguments::limit(ROWS, MOST_ROWS),
    ])
}

/// What was asked for.
#[derive(Debug)]
struct Asked {
    range: Range,
    weekly: bool,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, NAMES, today)?;
        let mut range = arguments.range(SPAN)?;
        let weekly = match arguments.word("step", &["day", "week"])? {
            Some(step) => step == "week",
            None => range.days() > DAYS_AT_MOST,
        };
        if weekly {
            // Whole weeks: a load summed over a part of one would read as an easy week.
            range.oldest = weeks::monday(range.oldest);
            let end = weeks::sunday(range.newest);
            if end <= today || range.newest > today {
                range.newest = end;
            }
        }
        Ok(Self {
            range,
            weekly,
            detail: arguments.detail()?,
            limit: arguments.limit(ROWS, MOST_ROWS)?,
        })
    }
}

/// Fetches what was asked for, and says it.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let fields = if asked.detail == Detail::Full {
        FULL_FIELDS
    } else {
        FIELDS
    };
    let rows = upstream
        .wellness(asked.range.oldest, asked.range.newest, fields)
        .await?;
    Ok(render(card, today, &asked, &rows))
}

/// Where the athlete stands today or stood in the last week, in one line; empty when there are no figures. One request.
pub(super) async fn current(
    upstream: &intervals::Athlete,
    today: NaiveDate,
) -> Result<String, intervals::Error> {
    let oldest = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    let range = Range {
        oldest,
        newest: today,
    };
    let rows = upstream.wellness(range.oldest, range.newest, FIELDS).await?;
    Ok(standing(&days_of(&rows, range), today))
}

/// A day of the model, as upstream computed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) fitness: Fitness,
    pub(super) ramp: Option<f64>,
    load: Option<f64>,
}

/// The days that have both averages, by date.
pub(super) fn days_of(rows: &[Wellness], range: Range) -> BTreeMap<NaiveDate, Day> {
    let mut days: BTreeMap<NaiveDate, Day> = rows
        .iter()
        .filter_map(|row| {
            let date = row.id.filter(|date| range.holds(*date))?;
            let fitness = Fitness {
                ctl: units::sane(row.ctl)?,
                atl: units::sane(row.atl)?,
            };
            let load = units::sane(row.ctl_load).or(units::sane(row.atl_load));
            Some((
                date,
                Day {
                    date,
                    fitness,
                    ramp: units::sane(row.ramp_rate),
                    load,
                },
            ))
        })
        .collect();
    let ctl: BTreeMap<NaiveDate, f64> = days.iter().map(|(date, day)| (*date, day.fitness.ctl)).collect();
    for day in days.values_mut() {
        let before = day
            .date
            .checked_sub_days(Days::new(7))
            .and_then(|before| ctl.get(&before));
        day.ramp = day.ramp.or_else(|| Some(ramp(day.fitness.ctl, *before?)));
    }
    days
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, rows: &[Wellness]) -> Answer {
    let days = days_of(rows, asked.range);
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            units::range(asked.range.oldest, asked.range.newest),
            if asked.weekly {
                "by week".to_owned()
            } else {
                answer::counted(days.len(), "day", "days")
            },
        ],
    )];
    if days.is_empty() {
        blocks.push("intervals.icu has no fitness figures in this range: they begin with the first activity that has a load.".to_owned());
        return Answer::of(blocks);
    }
    let (table, hidden) = if asked.weekly {
        weekly(&days, today, asked)
    } else {
        daily(&days, today, asked)
    };
    blocks.push(table);
    if let Some((count, newest)) = hidden {
        blocks.push(format!(
            "… {}: ask with oldest={} newest={newest} step={}",
            answer::counted(count, "more row", "more rows"),
            asked.range.oldest,
            if asked.weekly { "week" } else { "day" }
        ));
    }
    blocks.push(standing(&days, today));
    blocks.push(extremes(&days, today));
    if asked.detail == Detail::Full {
        blocks.push(estimates(rows, today));
    }
    let projected = if days.keys().any(|date| *date > today) {
        " Rows after today are intervals.icu's projection from planned workouts."
    } else {
        ""
    };
    blocks.push(format!("Form = CTL - ATL.{projected}"));
    // A row of the model does not say which devices its loads came from.
    blocks.push("May derive in part from Garmin device data.".to_owned());
    Answer::of(blocks)
}

/// The table, and what was cut: how many rows, and the newest day of the next call.
type Cut = (String, Option<(usize, NaiveDate)>);

fn daily(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate, asked: &Asked) -> Cut {
    let mut table = Table::new(["date", "CTL", "ATL", "form", "ramp /wk", "load"]);
    for day in days.values().rev().take(asked.limit) {
        let load = units::whole(day.load);
        let planned = day.date > today && !load.is_empty();
        let mut row = vec![units::date(day.date)];
        row.extend(figures(day));
        row.push(if planned { format!("planned {load}") } else { load });
        table.push(row);
    }
    let next = days
        .keys()
        .rev()
        .nth(asked.limit)
        .map(|date| (days.len() - asked.limit, *date));
    (table.render(), next)
}

fn weekly(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate, asked: &Asked) -> Cut {
    let mut by_week: BTreeMap<NaiveDate, Vec<&Day>> = BTreeMap::new();
    for day in days.values() {
        by_week.entry(weeks::monday(day.date)).or_default().push(day);
    }
    let mut table = Table::new([
        "week (Mon)",
        "at its end",
        "CTL",
        "ATL",
        "form",
        "ramp /wk",
        "load",
    ]);
    for (monday, week) in by_week.iter().rev().take(asked.limit) {
        let Some(last) = week.last() else { continue };
        let sum = |ahead: bool| {
            let loads: Vec<f64> = week
                .iter()
                .filter(|day| (day.date > today) == ahead)
                .filter_map(|day| day.load)
                .collect();
            (!loads.is_empty()).then(|| loads.iter().sum::<f64>())
        };
        let load = match (sum(false), sum(true)) {
            (Some(done), Some(ahead)) => {
                format!(
                    "{} + planned {}",
                    units::whole(Some(done)),
                    units::whole(Some(ahead))
                )
            }
            (None, Some(ahead)) => format!("planned {}", units::whole(Some(ahead))),
            (done, None) => units::whole(done),
        };
        let mut row = vec![monday.to_string(), units::date(last.date)];
        row.extend(figures(last));
        row.push(load);
        table.push(row);
    }
    let next = by_week
        .keys()
        .rev()
        .nth(asked.limit)
        .map(|monday| (by_week.len() - asked.limit, weeks::sunday(*monday)));
    (table.render(), next)
}

/// CTL, ATL, form and ramp. Form is the difference of the exact figures, not of the rounded ones.
fn figures(day: &Day) -> [String; 4] {
    [
        units::fixed(Some(day.fitness.ctl), 1),
        units::fixed(Some(day.fitness.atl), 1),
        units::signed(Some(day.fitness.form()), 1),
        units::signed(day.ramp, 1),
    ]
}

/// Where the athlete stands today, or stood last.
fn standing(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> String {
    let Some(day) = days.range(..=today).next_back().map(|(_, day)| day) else {
        return String::new();
    };
    let when = if day.date == today {
        "Today".to_owned()
    } else {
        format!("On {}", units::date(day.date))
    };
    let [ctl, atl, form, ramp] = figures(day);
    let percent = day
        .fitness
        .form_percent()
        .map(|percent| format!(" ({} % of CTL)", units::signed(Some(percent), 0)))
        .unwrap_or_default();
    let ramp = if ramp.is_empty() {
        ramp
    } else {
        format!(" · ramp {ramp} a week")
    };
    format!("{when}: CTL {ctl} · ATL {atl} · form {form}{percent}{ramp}")
}

/// The highest and lowest CTL of the days up to today.
fn extremes(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> String {
    let past: Vec<&Day> = days.range(..=today).map(|(_, day)| day).collect();
    let order = |a: &&&Day, b: &&&Day| a.fitness.ctl.total_cmp(&b.fitness.ctl);
    match (past.iter().max_by(order), past.iter().min_by(order)) {
        (Some(high), Some(low)) if high.date != low.date => format!(
            "CTL up to today: highest {} on {}, lowest {} on {}",
            units::fixed(Some(high.fitness.ctl), 1),
            units::date(high.date),
            units::fixed(Some(low.fitness.ctl), 1),
            units::date(low.date)
        ),
        _ => String::new(),
    }
}

/// What intervals.icu estimated last, up to today, from recent efforts (`sportInfo`).
fn estimates(rows: &[Wellness], today: NaiveDate) -> String {
    let latest = rows
        .iter()
        .filter(|row| row.id.is_some_and(|date| date <= today))
        .filter_map(|row| Some((row.id?, row.rest.get("sportInfo")?.as_array()?)))
        .filter(|(_, sports)| sports.iter().any(|sport| sport["eftp"].as_f64().is_some()))
        .max_by_key(|(date, _)| *date);
    let Some((date, sports)) = latest else {
        return String::new();
    };
    let parts: Vec<String> = sports
        .iter()
        .filter_map(|sport| {
            let ftp = units::whole(sport["eftp"].as_f64());
            let mut parts = vec![format!("{} eFTP {ftp} W", answer::sport(sport["type"].as_str()?))];
            let joules = units::fixed(sport["wPrime"].as_f64().map(|joules| joules / 1000.0), 1);
            let peak = units::whole(sport["pMax"].as_f64());
            parts.extend((!joules.is_empty()).then(|| format!("W′ {joules} kJ")));
            parts.extend((!peak.is_empty()).then(|| format!("Pmax {peak} W")));
            (!ftp.is_empty()).then(|| parts.join(", "))
        })
        .collect();
    format!(
        "Estimated by intervals.icu on {}: {}",
        units::date(date),
        parts.join(" | ")
    )
}
