//! get_fitness: CTL, ATL, form, ramp and load, day by day or week by week, past and projected.
//!
//! One request: `GET /athlete/{id}/wellness`, whose rows contain the model. Rows after today are upstream's projection.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        cut::Cut,
        table::Columns,
        units,
        words::{around, joined, named},
    },
    arguments::{Arguments, Detail, Range, Span, TEN_YEARS},
    fitness::{Day, FIELDS, days_of, standing},
    params::Param,
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::Wellness,
    permissions,
    tool_error::ToolError,
    training::{fitness::Loads, weeks},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_FITNESS,
    description: "Fitness (CTL), fatigue (ATL), form (TSB), ramp and load by day or week. Default: the last 28 days and the \
        next 7, projected from planned workouts. A later newest projects further.",
    params: PARAMS,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 28,
    ahead: 7,
    longest: TEN_YEARS,
};
/// Longer ranges go by week unless the call asks for days.
const DAYS_AT_MOST: i64 = 42;

const FULL_FIELDS: &[&str] = &["id", "ctl", "atl", "rampRate", "ctlLoad", "atlLoad", "sportInfo"];

const PARAMS: &[Param] = &[
    Param::oldest("the last 28 days"),
    Param::newest("7 days ahead, or today when oldest is given"),
    Param::word("step", &["day", "week"], "Default: day, or week over 42 days"),
    Param::detail("estimated FTP, W′ and Pmax by sport"),
    Param::limit(60, 200),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    range: Range,
    weekly: bool,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let mut range = arguments.range(SPAN)?;
        let weekly = arguments.word("step", &[("day", false), ("week", true)])?;
        let weekly = weekly.unwrap_or(range.days() > DAYS_AT_MOST);
        if weekly {
            // Whole weeks: the load of a part of one would read as an easy week.
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
            limit: arguments.limit()?,
        })
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let fields = asked.detail.pick(FIELDS, FULL_FIELDS);
    let rows = upstream
        .wellness(asked.range.oldest, asked.range.newest, fields)
        .await?;
    Ok(render(card, today, &asked, &rows))
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, rows: &[Wellness]) -> Answer {
    let days = days_of(rows, asked.range);
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
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
    let all_rows = if asked.weekly {
        weekly(&days, today)
    } else {
        daily(&days, today)
    };
    let cut = Cut::after(asked.limit, &all_rows);
    blocks.push(table(cut.shown, asked));
    blocks.push(cut.more("row", |next| {
        let step = if asked.weekly { "week" } else { "day" };
        format!(
            "use oldest={} newest={} step={step}",
            asked.range.oldest, next.until
        )
    }));
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
    // A row of the model does not say which devices recorded its loads.
    blocks.push("May derive in part from Garmin device data.".to_owned());
    Answer::of(blocks)
}

/// A day, or a week shown by its last day.
struct Row {
    name: String,
    day: Day,
    load: String,
    /// Its last day.
    until: NaiveDate,
}

/// The days, newest first.
fn daily(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> Vec<Row> {
    let row = |day: &Day| Row {
        name: units::date(day.date),
        day: *day,
        load: load([day], today),
        until: day.date,
    };
    days.values().rev().map(row).collect()
}

/// The weeks, newest first.
fn weekly(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> Vec<Row> {
    let mut by_week: BTreeMap<NaiveDate, Vec<&Day>> = BTreeMap::new();
    for day in days.values() {
        by_week.entry(weeks::monday(day.date)).or_default().push(day);
    }
    let rows = by_week.into_iter().rev().filter_map(|(monday, week)| {
        Some(Row {
            name: monday.to_string(),
            day: **week.last()?,
            load: load(week, today),
            until: weeks::sunday(monday),
        })
    });
    rows.collect()
}

/// `322`, `planned 90`, `322 + planned 90`
fn load<'a>(days: impl IntoIterator<Item = &'a Day>, today: NaiveDate) -> String {
    let (mut done, mut ahead) = (None, None);
    for day in days {
        let sum = if day.date > today { &mut ahead } else { &mut done };
        if let Some(load) = day.loads.map(Loads::whole) {
            *sum.get_or_insert(0.0) += load;
        }
    }
    let planned = named("planned", &units::whole(ahead));
    joined([units::whole(done), planned], " + ")
}

fn table(rows: &[Row], asked: &Asked) -> String {
    Columns::<Row>::new()
        .column(if asked.weekly { "week (Mon)" } else { "date" }, |row| {
            row.name.clone()
        })
        .column("at its end", |row| {
            if asked.weekly {
                units::date(row.day.date)
            } else {
                String::new()
            }
        })
        .column("CTL", |row| row.day.ctl())
        .column("ATL", |row| row.day.atl())
        .column("form", |row| row.day.form())
        .column("ramp /wk", |row| row.day.ramp())
        .column("load", |row| row.load.clone())
        .table(rows)
}

/// The highest and lowest CTL of the days up to today.
fn extremes(days: &BTreeMap<NaiveDate, Day>, today: NaiveDate) -> String {
    let past: Vec<&Day> = days.range(..=today).map(|(_, day)| day).collect();
    let order = |a: &&&Day, b: &&&Day| a.fitness.ctl.total_cmp(&b.fitness.ctl);
    match (past.iter().max_by(order), past.iter().min_by(order)) {
        (Some(high), Some(low)) if high.date != low.date => format!(
            "CTL up to today: highest {} on {}, lowest {} on {}",
            units::fixed(high.fitness.ctl, 1),
            units::date(high.date),
            units::fixed(low.fitness.ctl, 1),
            units::date(low.date)
        ),
        _ => String::new(),
    }
}

/// intervals.icu's latest estimates up to today, from recent efforts (`sportInfo`).
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
            let joules = units::fixed(sport["wPrime"].as_f64().map(|joules| joules / 1000.0), 1);
            let peak = units::whole(sport["pMax"].as_f64());
            let figures = [
                format!("{} eFTP {ftp} W", answer::sport(sport["type"].as_str()?)),
                around("W′", &joules, "kJ"),
                around("Pmax", &peak, "W"),
            ];
            (!ftp.is_empty()).then(|| joined(figures, ", "))
        })
        .collect();
    format!(
        "Estimated by intervals.icu on {}: {}",
        units::date(date),
        parts.join(" | ")
    )
}
