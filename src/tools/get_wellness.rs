//! get_wellness: sleep, HRV, resting HR, weight, how the athlete feels, and the athlete's own fields.
//!
//! One request (`GET /athlete/{id}/wellness`, 60 days for the averages, rows only for the range); with `detail: full` a
//! second one for the names of the athlete's own fields, if there are any.

mod fields;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{self, cut::Cut, table::Columns, units},
    arguments::{Arguments, Detail, Range, Span},
    params::Param,
    part::if_there,
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{self, Area, model::Wellness},
    permissions,
    text::clean,
    tool_error::ToolError,
    training::means::{Mean, mean},
};
use fields::{FIELDS, Field};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_WELLNESS,
    description: "Sleep, HRV, resting HR, weight, soreness, fatigue, stress, mood, notes and the athlete's own fields, by \
        day, with 7-day against 60-day averages. Default: the last 7 days.",
    params: PARAMS,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

/// Every field is read to find the athlete's own ones; two years of them is the most that fits into upstream's answer.
const SPAN: Span = Span {
    days: 7,
    ahead: 0,
    longest: 731,
};
const LONG_MEAN_DAYS: u64 = 60;
const SHORT_MEAN_DAYS: u64 = 7;

const PARAMS: &[Param] = &[
    Param::oldest("7 days up to newest"),
    Param::newest("today"),
    Param::detail(
        "rarer fields (SpO2, respiration, blood pressure, body fat, nutrition, cycle …) and words for scales",
    ),
    Param::limit(31, 200),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    range: Range,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        Ok(Self {
            range: arguments.range(SPAN)?,
            detail: arguments.detail()?,
            limit: arguments.limit()?,
        })
    }

    /// The last day of the averages: the range's last, but not after today.
    fn means_end(&self, today: NaiveDate) -> NaiveDate {
        self.range.newest.min(today)
    }

    /// The first day to read: the range's, or that of the long average.
    fn reads_from(&self, today: NaiveDate) -> NaiveDate {
        self.range
            .oldest
            .min(days_back(self.means_end(today), LONG_MEAN_DAYS))
    }
}

/// The first of `days` days that end on `end`.
fn days_back(end: NaiveDate, days: u64) -> NaiveDate {
    end.checked_sub_days(Days::new(days - 1)).unwrap_or(end)
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let rows = upstream
        .wellness(asked.reads_from(today), asked.range.newest, &[])
        .await?;
    let has_own = rows
        .iter()
        .any(|row| in_range(row, asked.range) && row.rest.keys().any(|key| fields::is_own(key)));
    let names = if asked.detail == Detail::Full && has_own && card.scopes.reads(Area::Settings) {
        names_of_own_fields(upstream).await?
    } else {
        BTreeMap::new()
    };
    Ok(render(card, today, &asked, &rows, &names))
}

/// Names by code; without them the answer shows the codes.
async fn names_of_own_fields(upstream: &intervals::Athlete) -> Result<BTreeMap<String, String>, ToolError> {
    let own = if_there(upstream.custom_fields().await)?.unwrap_or_default();
    Ok(own.into_iter().map(|field| (field.code, field.name)).collect())
}

fn in_range(row: &Wellness, range: Range) -> bool {
    row.id.is_some_and(|date| range.contains(date))
}

fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    rows: &[Wellness],
    names: &BTreeMap<String, String>,
) -> Answer {
    let by_day: BTreeMap<NaiveDate, &Wellness> = rows.iter().filter_map(|row| Some((row.id?, row))).collect();
    let full = asked.detail == Detail::Full;
    let own: BTreeSet<&str> = by_day
        .values()
        .filter(|row| in_range(row, asked.range))
        .flat_map(|row| row.rest.keys())
        .map(String::as_str)
        .filter(|key| fields::is_own(key))
        .collect();
    let (shown, rarer): (Vec<&Field>, Vec<&Field>) = FIELDS.iter().partition(|field| full || !field.rare);
    let recorded = columns(&shown, &own, names, card.units, full);
    let filled: Vec<&Wellness> = by_day
        .values()
        .rev()
        .copied()
        .filter(|row| in_range(row, asked.range) && recorded.show_any_of(row))
        .collect();
    let cut = Cut::after(asked.limit, &filled);

    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            format!(
                "{} of {} with entries",
                filled.len(),
                answer::counted_days(asked.range.days())
            ),
        ],
    )];
    if filled.is_empty() {
        blocks.push("No wellness entries in this range.".to_owned());
    }
    let columns = Columns::<&Wellness>::new()
        .column("date", |row| row.id.map(units::date).unwrap_or_default())
        .then(recorded);
    blocks.push(columns.table(cut.shown));
    blocks.push(cut.more("row", |next| {
        let newest = next.id.unwrap_or(asked.range.oldest);
        format!("use oldest={} newest={newest}", asked.range.oldest)
    }));
    blocks.push(means(&by_day, asked.means_end(today)));
    if !filled.is_empty() {
        blocks.push(not_recorded(&by_day, asked.range));
        blocks.push(also_recorded(&rarer, &by_day, asked.range));
        // A row does not say which device its figures came from.
        blocks.push("May include Garmin device data.".to_owned());
    }
    Answer::of(blocks)
}

/// What was recorded on a day: the fields, the athlete's own ones with `names`, and the note.
fn columns<'a>(
    shown: &[&'a Field],
    own: &BTreeSet<&'a str>,
    names: &'a BTreeMap<String, String>,
    units: Units,
    full: bool,
) -> Columns<'a, &'a Wellness> {
    let width = if full { 1000 } else { 300 };
    let mut columns = Columns::<&Wellness>::new();
    for &field in shown {
        columns = columns.column(field.header(units), move |row| field.cell(row, units, full));
    }
    for &code in own {
        let name = clean(names.get(code).map_or(code, String::as_str), 40);
        columns = columns.column(name, move |row| fields::own_cell(row.rest.get(code), width));
    }
    columns.column("note", move |row| fields::note(row, width))
}

/// Reads a figure of a day.
type Get = fn(&Wellness) -> Option<f64>;

/// Seven days against sixty, both ending on `end`, over the days that have a figure; says so if these are few.
fn means(by_day: &BTreeMap<NaiveDate, &Wellness>, end: NaiveDate) -> String {
    let over = |days: u64, get: Get| mean(by_day.range(days_back(end, days)..=end).map(|(_, row)| get(row)));
    let shown = |mean: Mean, days: u64, decimals: u8| {
        let few = u64::from(mean.count) * 2 < days;
        let count = if few {
            format!(" ({} of {days} days)", mean.count)
        } else {
            String::new()
        };
        format!("{}{count}", units::fixed(mean.value, decimals))
    };
    let figures: [(&str, &str, u8, Get); 3] = [
        ("HRV", "", 0, |row| row.number("hrv")),
        ("resting HR", "", 0, Wellness::resting_hr),
        ("sleep", " h", 1, |row| {
            row.number("sleepSecs").map(|secs| secs / 3600.0)
        }),
    ];
    let parts: Vec<String> = figures
        .iter()
        .filter_map(|(name, unit, decimals, get)| {
            let short = over(SHORT_MEAN_DAYS, *get)?;
            let long = over(LONG_MEAN_DAYS, *get)?;
            Some(format!(
                "{name} {} / {}{unit}",
                shown(short, SHORT_MEAN_DAYS, *decimals),
                shown(long, LONG_MEAN_DAYS, *decimals)
            ))
        })
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(
            "7-day against 60-day average to {}: {}",
            units::date(end),
            parts.join(" · ")
        )
    }
}

/// Names once what people ask for most and the range lacks.
fn not_recorded(by_day: &BTreeMap<NaiveDate, &Wellness>, range: Range) -> String {
    let figures: [(&str, Get); 4] = [
        ("sleep", |row| row.number("sleepSecs")),
        ("HRV", |row| row.number("hrv").or(row.number("hrvSDNN"))),
        ("resting HR", Wellness::resting_hr),
        ("weight", Wellness::weight),
    ];
    let missing: Vec<&str> = figures
        .iter()
        .filter(|(_, get)| {
            by_day
                .range(range.oldest..=range.newest)
                .all(|(_, row)| get(row).is_none())
        })
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        String::new()
    } else {
        format!("Not recorded in this range: {}", missing.join(", "))
    }
}

/// What a full answer would add, so that it does not seem missing.
fn also_recorded(rarer: &[&Field], by_day: &BTreeMap<NaiveDate, &Wellness>, range: Range) -> String {
    let there: Vec<&str> = rarer
        .iter()
        .filter(|field| {
            by_day
                .range(range.oldest..=range.newest)
                .any(|(_, row)| field.is_filled(row))
        })
        .map(|field| field.name)
        .collect();
    if there.is_empty() {
        String::new()
    } else {
        format!("Also recorded (detail=full): {}", there.join(", "))
    }
}
