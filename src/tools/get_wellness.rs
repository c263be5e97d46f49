//! get_wellness: sleep, HRV, resting HR, weight, how the athlete feels, and the athlete's own fields, by day or as means of weeks
//! and months; or the days whose note has certain words.
//!
//! One request (`GET /athlete/{id}/wellness`, 60 days for the averages, rows only for the range); with `detail: full` a
//! second one for the names of the athlete's own fields, if there are any.

mod means;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Months, NaiveDate};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    answer::{
        self,
        cut::Cut,
        table::Columns,
        units,
        words::{self, DOT, joined, sentence},
    },
    arguments::{self, Arguments, Detail, Range, Span},
    day_fields::{self as fields, FIELDS, Field, View},
    params::{Param, words_of},
    part::{Part, Source, settle},
    vitals::{self, Averages, Compared, Hrv},
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{self, Area, model::Wellness},
    permissions,
    text::fenced,
    tool_error::ToolError,
    training::{roster::BASE, weeks},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_WELLNESS,
    description: "Sleep, HRV, resting HR, weight, soreness, fatigue, stress, mood, notes and the athlete's own fields, by \
        day, with 7-day against 60-day averages; or means by week or month. Default: the last 7 days.",
    params: PARAMS,
    requests: "1–2",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

/// Every field is read to find the athlete's own ones; two years of them is the most that fits into upstream's answer.
const LONGEST: i64 = 731;
/// Days of a search.
const SEARCHED: u64 = 365;
/// Rows of weeks or months unless the call sets a limit: a year of weeks.
const MEANS: usize = 53;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Day,
    Week,
    Month,
}

const STEPS: [(&str, Step); 3] = [("day", Step::Day), ("week", Step::Week), ("month", Step::Month)];

impl Step {
    /// Days back from the last that make up the default range: 7 days, 13 weeks, 13 months, so that the last has one to compare.
    const fn days(self) -> u64 {
        match self {
            Self::Day => 7,
            Self::Week => 85,
            Self::Month => 366,
        }
    }

    /// The first day of the row that has this day.
    fn first(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => weeks::monday(day),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// The last day of the row that begins on this day.
    fn last(self, first: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => first,
            Self::Week => weeks::sunday(first),
            Self::Month => first
                .checked_add_months(Months::new(1))
                .and_then(|next| next.pred_opt())
                .unwrap_or(first),
        }
    }
}

const PARAMS: &[Param] = &[
    Param::oldest("7 days up to newest; 13 weeks or months with step, a year with query"),
    Param::newest("today"),
    Param::word("step", &words_of(&STEPS), "week, month: means"),
    Param::text("query", 100, "Only days whose note has it"),
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
    step: Step,
    /// Only days whose note has it.
    query: Option<String>,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let step = arguments.word("step", &STEPS)?.unwrap_or_default();
        let query = arguments.text("query")?;
        if query.is_some() && step != Step::Day {
            return Err(arguments::wrong(
                "step",
                "must be day with query: a search finds days",
            ));
        }
        let (mut range, cut) = arguments.range_to_today(Span {
            days: query.as_ref().map_or(step.days(), |_| SEARCHED),
            ahead: 0,
            longest: LONGEST,
        })?;
        if !arguments.gives("oldest") {
            range.oldest = step.first(range.oldest);
        }
        let limit = arguments.limit()?;
        let is_usual = step == Step::Day || arguments.gives("limit");
        Ok(Self {
            range,
            cut,
            step,
            query,
            detail: arguments.detail()?,
            limit: if is_usual { limit } else { MEANS },
        })
    }

    /// The last day of the averages at the latest: the range's last, but not after today.
    fn means_end(&self, today: NaiveDate) -> NaiveDate {
        self.range.newest.min(today)
    }

    /// `by week`; empty for days.
    fn step_in_words(&self) -> &'static str {
        match self.step {
            Step::Day => "",
            Step::Week => "by week",
            Step::Month => "by month",
        }
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
        .any(|row| in_range(row, asked.range) && row.rest.names().any(fields::is_own));
    let names = if asked.detail == Detail::Full && has_own && card.scopes.reads(Area::Settings) {
        names_of_own_fields(upstream).await?
    } else {
        Part::NotAsked
    };
    let known = names.got().cloned().unwrap_or_default();
    Ok(render(card, today, &asked, &rows, &known).and([names.missing()]))
}

/// Names by code; without them the answer shows the codes.
async fn names_of_own_fields(
    upstream: &intervals::Athlete,
) -> Result<Part<BTreeMap<String, String>>, ToolError> {
    let own = upstream.custom_fields().await;
    let names = own.map(|own| own.into_iter().map(|field| (field.code, field.name)).collect());
    settle("Names of own fields", Source::Other, names)
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
    let mut days: Vec<&Wellness> = by_day
        .values()
        .rev()
        .copied()
        .filter(|row| in_range(row, asked.range))
        .collect();
    let notes = days
        .iter()
        .filter(|row| !fields::note(row, None, 1).is_empty())
        .count();
    if let Some(words) = &asked.query {
        days.retain(|row| fields::note_has(row, words));
    }
    let full = asked.detail == Detail::Full;
    let own: BTreeSet<&str> = days
        .iter()
        .flat_map(|row| row.rest.names())
        .filter(|key| fields::is_own(key))
        .collect();
    let view = View::of(rows, today, card.units, full);
    let is_sdnn_alone = |row: &Wellness| row.number("hrvSDNN").is_some() && row.number("hrv").is_none();
    let needs_sdnn = days.iter().any(|row| is_sdnn_alone(row));
    let (shown, rarer): (Vec<&Field>, Vec<&Field>) = FIELDS
        .iter()
        .partition(|field| full || !field.rare || (needs_sdnn && field.key == "hrvSDNN"));
    let own: Vec<Own<'_>> = own.into_iter().map(|code| Own::of(code, names)).collect();
    let recorded = columns(&shown, &own, &view, card.units, asked);
    let has_rarer = |row: &Wellness| rarer.iter().any(|field| field.is_filled(row, &view));
    let (filled, others): (Vec<&Wellness>, Vec<&Wellness>) =
        days.iter().partition(|row| recorded.show_any_of(row));
    let in_full_only: Vec<&Wellness> = others.into_iter().filter(|row| has_rarer(row)).collect();
    let entries = filled.len() + in_full_only.len();
    let has_today = [&filled, &in_full_only]
        .into_iter()
        .flatten()
        .any(|row| row.id == Some(today));
    let end = last_counted(rows, asked.means_end(today), today);

    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            asked.cut.clone(),
            asked.step_in_words().to_owned(),
            found(asked, today, (entries, in_full_only.len(), notes)),
        ],
    )];
    if entries == 0 {
        blocks.push(nothing(asked, today, notes));
    }
    if asked.step == Step::Day {
        let cut = Cut::after(asked.limit, &filled);
        blocks.extend(daily(asked, today, cut, recorded));
        blocks.push(implausible(&shown, cut.shown, &view));
    } else {
        let counted = days
            .iter()
            .copied()
            .filter(|row| row.id.is_some_and(|day| day <= end));
        let means = means::Means {
            range: Range {
                newest: end,
                ..asked.range
            },
            until: asked.means_end(today),
            today: has_today.then_some(today),
            days: counted
                .filter(|row| recorded.show_any_of(row) || has_rarer(row))
                .collect(),
            shown: &shown,
            own: &own,
            view: &view,
            units: card.units,
        };
        blocks.extend(means.blocks(asked));
        blocks.push(implausible(&shown, &days, &view));
    }
    let has_rmssd = has(&days, "hrv");
    if asked.step == Step::Day && asked.query.is_none() {
        let is_partial = end < today && has_today;
        blocks.push(averages(rows, end, (needs_sdnn && has_rmssd, is_partial)));
    }
    if needs_sdnn {
        blocks.push(about_sdnn(has_rmssd).to_owned());
    }
    if entries > 0 {
        if asked.query.is_none() {
            blocks.push(not_recorded(&days));
        }
        let there = rarer
            .iter()
            .filter(|field| days.iter().any(|row| field.is_filled(row, &view)));
        blocks.push(words::also_in_full(
            &there.map(|field| field.name).collect::<Vec<_>>(),
        ));
        // A row does not say which device its figures came from.
        blocks.push("May include Garmin device data.".to_owned());
    }
    Answer::of(blocks)
}

/// The table of days, and how to get the others.
fn daily<'a>(
    asked: &Asked,
    today: NaiveDate,
    cut: Cut<'_, &'a Wellness>,
    recorded: Columns<'_, &'a Wellness>,
) -> [String; 2] {
    let columns = Columns::<&'a Wellness>::new()
        .column("date", |row| date(row, today))
        .then(recorded);
    let oldest = asked.range.oldest;
    let more = cut.more("row", |next| {
        let newest = next.id.unwrap_or(oldest);
        let same = if asked.query.is_some() { ", same query" } else { "" };
        format!("use oldest={oldest} newest={newest}{same}")
    });
    [columns.table(cut.shown), more]
}

fn about_sdnn(has_rmssd: bool) -> &'static str {
    if has_rmssd {
        "SDNN is not comparable with rMSSD."
    } else {
        "rMSSD not recorded in this range; SDNN is not comparable with rMSSD."
    }
}

/// The last day of means up to `newest`: not today, if it is not complete.
fn last_counted(rows: &[Wellness], newest: NaiveDate, today: NaiveDate) -> NaiveDate {
    if newest == today {
        vitals::last_day(rows, today)
    } else {
        newest
    }
}

/// `7 of 7 days with entries (6 only with detail=full)`, `notes with «knee» · 3 of 5 notes`; empty for a range that has not
/// begun.
fn found(asked: &Asked, today: NaiveDate, (entries, in_full_only, notes): (usize, usize, usize)) -> String {
    let Some(days) = asked.range.up_to(today).map(Range::days) else {
        return String::new();
    };
    match &asked.query {
        Some(query) => {
            let of = answer::counted(notes, "note", "notes");
            format!("notes with {} · {entries} of {of}", fenced(query, 100))
        }
        None => format!(
            "{entries} of {} with entries{}",
            answer::counted_days(days),
            words::only_in_full(in_full_only)
        ),
    }
}

/// That there is no row.
fn nothing(asked: &Asked, today: NaiveDate, notes: usize) -> String {
    match &asked.query {
        _ if asked.range.oldest > today => "No wellness entries yet: the range is in the future.".to_owned(),
        Some(_) if notes == 0 => "No day in this range has a note.".to_owned(),
        Some(query) => format!("No note in this range has {}.", fenced(query, 100)),
        None => "No wellness entries in this range.".to_owned(),
    }
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

/// A field that the athlete made.
struct Own<'a> {
    code: &'a str,
    /// Its code, after the athlete's name for it where that was asked for: `«Sauna minutes» SaunaMinutes`.
    name: String,
}

impl<'a> Own<'a> {
    fn of(code: &'a str, names: &BTreeMap<String, String>) -> Self {
        let name = names.get(code).map_or_else(String::new, |name| fenced(name, 40));
        Self {
            code,
            name: joined([&name, code], " "),
        }
    }
}

/// What was recorded on a day: the fields, the athlete's own ones, and the note.
fn columns<'a>(
    shown: &[&'a Field],
    own: &'a [Own<'a>],
    view: &'a View,
    units: Units,
    asked: &'a Asked,
) -> Columns<'a, &'a Wellness> {
    let words = asked.query.as_deref();
    let is_long = words.is_some() || asked.detail == Detail::Full;
    let width = if is_long { 1000 } else { 300 };
    let mut columns = Columns::<&Wellness>::new();
    for &field in shown {
        columns = columns.column(field.header(units), move |row| field.cell(row, view));
    }
    for own in own {
        columns = columns.column(own.name.as_str(), move |row| {
            fields::own_cell(row.rest.get(own.code), width)
        });
    }
    columns.column("note", move |row| fields::note(row, words, width))
}

/// What the mark in the table means; empty if no row has one.
fn implausible(shown: &[&Field], rows: &[&Wellness], view: &View) -> String {
    let why = shown.iter().filter_map(|field| field.why_broken(rows, view));
    sentence("Implausible, in no average:", &joined(why, DOT))
}

/// Seven days against sixty, over the days that have a figure; says so if these are few. In `both` measures of HRV if the table
/// has both. Says so if today has a row and is not in them.
fn averages(rows: &[Wellness], end: NaiveDate, (both, without_today): (bool, bool)) -> String {
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
    match sentence(&name, &parts) {
        none if none.is_empty() => none,
        averages if without_today => {
            format!("{averages} Today's row is not complete, and in no average.")
        }
        averages => averages,
    }
}

/// Names once what people ask for most and the range lacks.
fn not_recorded(days: &[&Wellness]) -> String {
    let figures: [(&str, &[&str]); 4] = [
        ("hours of sleep", &["sleepSecs"]),
        ("HRV", &["hrv", "hrvSDNN"]),
        ("resting HR", &["restingHR"]),
        ("weight", &["weight"]),
    ];
    let missing: Vec<&str> = figures
        .into_iter()
        .filter(|(_, keys)| !keys.iter().any(|key| has(days, key)))
        .map(|(name, _)| name)
        .collect();
    sentence("Not recorded in this range:", &missing.join(", "))
}
