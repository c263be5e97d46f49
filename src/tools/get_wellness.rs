//! get_wellness: sleep, HRV, resting HR, weight, how the athlete feels, and the athlete's own fields.
//!
//! One request (`GET /athlete/{id}/wellness`, 60 days for the averages, rows only for the range); with `detail: full` a
//! second one for the names of the athlete's own fields, if there are any.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        cut::Cut,
        table::Columns,
        units,
        words::{DOT, around, joined},
    },
    arguments::{Arguments, Detail, Range, Span},
    day_fields::{self as fields, FIELDS, Field, View},
    params::Param,
    part::if_there,
    vitals::{self, Averages, Compared, Hrv},
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{self, Area, model::Wellness},
    permissions,
    text::clean,
    tool_error::ToolError,
    training::{roster::BASE, weeks},
};

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
    /// Says so if it was asked to go on after today.
    cut: String,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let (range, cut) = arguments.range_to_today(SPAN)?;
        Ok(Self {
            range,
            cut,
            detail: arguments.detail()?,
            limit: arguments.limit()?,
        })
    }

    /// The last day of the averages at the latest: the range's last, but not after today.
    fn means_end(&self, today: NaiveDate) -> NaiveDate {
        self.range.newest.min(today)
    }

    /// The first day to read: the range's, or that of the long average, which may end yesterday.
    fn reads_from(&self, today: NaiveDate) -> NaiveDate {
        let before = weeks::back(self.means_end(today), BASE);
        self.range.oldest.min(before)
    }
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
    let days: Vec<&Wellness> = by_day
        .values()
        .rev()
        .copied()
        .filter(|row| in_range(row, asked.range))
        .collect();
    let full = asked.detail == Detail::Full;
    let own: BTreeSet<&str> = days
        .iter()
        .flat_map(|row| row.rest.keys())
        .map(String::as_str)
        .filter(|key| fields::is_own(key))
        .collect();
    let view = View::of(rows, today, card.units, full);
    let has_rmssd = has(&days, "hrv");
    let is_sdnn_alone = |row: &Wellness| row.number("hrvSDNN").is_some() && row.number("hrv").is_none();
    let needs_sdnn = days.iter().any(|row| is_sdnn_alone(row));
    let (shown, rarer): (Vec<&Field>, Vec<&Field>) = FIELDS
        .iter()
        .partition(|field| full || !field.rare || (needs_sdnn && field.key == "hrvSDNN"));
    let recorded = columns(&shown, &own, names, &view, card.units, full);
    let filled: Vec<&Wellness> = days
        .iter()
        .copied()
        .filter(|row| recorded.show_any_of(row))
        .collect();
    let in_full_only = days
        .iter()
        .filter(|row| !recorded.show_any_of(row) && rarer.iter().any(|field| field.is_filled(row, &view)))
        .count();
    let entries = filled.len() + in_full_only;
    let cut = Cut::after(asked.limit, &filled);

    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            asked.cut.clone(),
            with_entries(entries, in_full_only, asked.range, today),
        ],
    )];
    if asked.range.oldest > today {
        blocks.push("No wellness entries yet: the range is in the future.".to_owned());
    } else if entries == 0 {
        blocks.push("No wellness entries in this range.".to_owned());
    }
    let columns = Columns::<&Wellness>::new()
        .column("date", |row| date(row, today))
        .then(recorded);
    blocks.push(columns.table(cut.shown));
    blocks.push(cut.more("row", |next| {
        let newest = next.id.unwrap_or(asked.range.oldest);
        format!("use oldest={} newest={newest}", asked.range.oldest)
    }));
    blocks.push(implausible(&shown, cut.shown, &view));
    blocks.push(averages(
        rows,
        asked.means_end(today),
        (today, needs_sdnn && has_rmssd),
    ));
    if needs_sdnn {
        let no_rmssd = if has_rmssd {
            ""
        } else {
            "rMSSD not recorded in this range; "
        };
        blocks.push(format!("{no_rmssd}SDNN is not comparable with rMSSD."));
    }
    if entries > 0 {
        blocks.push(not_recorded(&days));
        blocks.push(also_recorded(&rarer, &days, &view));
        // A row does not say which device its figures came from.
        blocks.push("May include Garmin device data.".to_owned());
    }
    Answer::of(blocks)
}

/// `7 of 7 days with entries (6 only with detail=full)`; empty for a range that has not begun.
fn with_entries(entries: usize, in_full_only: usize, range: Range, today: NaiveDate) -> String {
    let Some(days) = range.up_to(today).map(Range::days) else {
        return String::new();
    };
    let rarer = match in_full_only {
        0 => String::new(),
        days => format!(" ({days} only with detail=full)"),
    };
    format!("{entries} of {} with entries{rarer}", answer::counted_days(days))
}

fn has(days: &[&Wellness], key: &str) -> bool {
    days.iter().any(|row| row.number(key).is_some())
}

/// `2026-11-20 Fri`, `2026-11-21 Sat, today so far`
fn date(row: &Wellness, today: NaiveDate) -> String {
    match row.id {
        Some(day) if day == today => format!("{}, today so far", units::date(day)),
        day => day.map(units::date).unwrap_or_default(),
    }
}

/// What was recorded on a day: the fields, the athlete's own ones with `names`, and the note.
fn columns<'a>(
    shown: &[&'a Field],
    own: &BTreeSet<&'a str>,
    names: &'a BTreeMap<String, String>,
    view: &'a View,
    units: Units,
    full: bool,
) -> Columns<'a, &'a Wellness> {
    let width = if full { 1000 } else { 300 };
    let mut columns = Columns::<&Wellness>::new();
    for &field in shown {
        columns = columns.column(field.header(units), move |row| field.cell(row, view));
    }
    for &code in own {
        let name = clean(names.get(code).map_or(code, String::as_str), 40);
        columns = columns.column(name, move |row| fields::own_cell(row.rest.get(code), width));
    }
    columns.column("note", move |row| fields::note(row, width))
}

/// What the mark in the table means; empty if no row has one.
fn implausible(shown: &[&Field], rows: &[&Wellness], view: &View) -> String {
    let why: Vec<String> = shown
        .iter()
        .filter_map(|field| field.why_broken(rows, view))
        .collect();
    around("implausible, in no average:", &why.join(" · "), "")
}

/// Seven days against sixty, over the days that have a figure; says so if these are few. In `both` measures of HRV if the table
/// has both.
fn averages(rows: &[Wellness], newest: NaiveDate, (today, both): (NaiveDate, bool)) -> String {
    let end = if newest == today {
        vitals::last_day(rows, today)
    } else {
        newest
    };
    let Averages {
        sleep,
        hrv,
        other_hrv,
        resting_hr,
    } = Averages::to(end, rows);
    let measure = |hrv: &Hrv| if hrv.sdnn { "HRV SDNN" } else { "HRV" };
    let words = |compared: &Compared, decimals| compared.words(decimals, "days");
    let hrv_words = |hrv: Hrv| format!("{} {}", measure(&hrv), words(&hrv.compared, 0));
    let parts = joined(
        [
            hrv.map(hrv_words),
            other_hrv.filter(|_| both).map(hrv_words),
            resting_hr.map(|compared| format!("resting HR bpm {}", words(&compared, 1))),
            sleep.map(|compared| format!("sleep {} h", words(&compared, 1))),
        ]
        .into_iter()
        .flatten(),
        DOT,
    );
    let name = format!("7-day against 60-day average to {}:", units::date(end));
    around(&name, &parts, "")
}

/// Names once what people ask for most and the range lacks.
fn not_recorded(days: &[&Wellness]) -> String {
    let figures: [(&str, &[&str]); 4] = [
        ("sleep", &["sleepSecs"]),
        ("HRV", &["hrv", "hrvSDNN"]),
        ("resting HR", &["restingHR"]),
        ("weight", &["weight"]),
    ];
    let missing: Vec<&str> = figures
        .into_iter()
        .filter(|(_, keys)| !keys.iter().any(|key| has(days, key)))
        .map(|(name, _)| name)
        .collect();
    around("Not recorded in this range:", &missing.join(", "), "")
}

/// What a full answer would add, so that it does not seem missing.
fn also_recorded(rarer: &[&Field], days: &[&Wellness], view: &View) -> String {
    let there: Vec<&str> = rarer
        .iter()
        .filter(|field| days.iter().any(|row| field.is_filled(row, view)))
        .map(|field| field.name)
        .collect();
    around("Also recorded (detail=full):", &there.join(", "), "")
}
