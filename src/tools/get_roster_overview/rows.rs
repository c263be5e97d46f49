//! Renders the roster: the first line, a row per athlete, what was left out, what the columns mean.
//!
//! Pure: the tool chooses the athletes and fetches.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::NaiveDate;

use super::{
    figures::{Figures, LOOKED_AHEAD, Last, Shown},
    flags,
};
use crate::{
    text::{clean, fenced},
    tools::{
        Answer,
        answer::{self, table::Columns, units, words::joined},
        fitness::Day,
        vitals::{Averages, Compared, Hrv},
    },
    training::roster::{BASE, Plan},
};

/// Maximum bytes of the table; athletes beyond it are named, with the call that gets them.
const BYTES: usize = 40_000;

/// An athlete in the answer.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) id: String,
    /// What the row may show.
    pub(super) shown: Shown,
    /// The athlete's date; None if no request was answered.
    pub(super) today: Option<NaiveDate>,
    /// None: no request was answered, or nothing is granted.
    pub(super) figures: Option<Figures>,
    /// Why granted data is missing.
    pub(super) missing: Vec<String>,
}

/// The content of the answer.
#[derive(Debug)]
pub(super) struct Overview {
    /// The coach's email address.
    pub(super) coach: String,
    /// How many athletes are on the roster.
    pub(super) on_roster: usize,
    /// The date in UTC, in case no athlete's is known.
    pub(super) utc: NaiveDate,
    /// The athletes that the call is about, in the order of the roster.
    pub(super) lines: Vec<Line>,
    /// Names that are no member's, with the reason.
    pub(super) unknown: Vec<(String, String)>,
    /// Athletes left for another call: name and id.
    pub(super) left: Vec<(String, String)>,
}

/// The answer.
pub(super) fn render(overview: Overview) -> Answer {
    let Overview {
        coach,
        on_roster,
        utc,
        mut lines,
        unknown,
        mut left,
    } = overview;
    let whose = format!("Roster of {}", clean(&coach, 120));
    let today = usual_day(&lines);
    let first = first_line(&whose, on_roster, &lines, today, utc);
    let flags: Vec<Vec<String>> = lines
        .iter()
        .map(|line| match (&line.figures, line.today) {
            (Some(figures), Some(today)) => flags::of(figures, today),
            _ => Vec::new(),
        })
        .collect();
    let flagged = flags.iter().filter(|flags| !flags.is_empty()).count();
    let mut rows: Vec<Row> = lines.drain(..).zip(flags).collect();
    // Equal rows keep the order of the roster: by name.
    rows.sort_by_key(|(_, flags)| Reverse(flags.len()));

    let mut blocks = vec![first];
    let columns = columns(today);
    let shown = within(&rows, &columns);
    left.splice(
        ..0,
        rows[shown..]
            .iter()
            .map(|(line, _)| (line.name.clone(), line.id.clone())),
    );
    let rows = &rows[..shown];
    blocks.push(columns.table(rows));
    if !left.is_empty() {
        blocks.push(ask_for(&left));
    }
    for (text, why) in &unknown {
        blocks.push(format!("{}: {why}", fenced(text, 80)));
    }
    let answered = rows.iter().filter(|(line, _)| line.figures.is_some()).count();
    if answered > 0 {
        let athletes = answer::counted(answered, "athlete", "athletes");
        blocks.push(format!("{athletes} with figures, {flagged} with flags."));
    }
    blocks.extend(notes(rows));
    Answer::of(blocks)
}

/// The date that is today for most.
fn usual_day(lines: &[Line]) -> Option<NaiveDate> {
    let mut counts: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for day in lines.iter().filter_map(|line| line.today) {
        *counts.entry(day).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(day, _)| day)
}

/// `Roster of coach@example.test · 3 athletes · today 2026-11-21 Sat, other dates in the column today`
fn first_line(
    whose: &str,
    on_roster: usize,
    lines: &[Line],
    today: Option<NaiveDate>,
    utc: NaiveDate,
) -> String {
    let count = if lines.len() == on_roster {
        answer::counted(on_roster, "athlete", "athletes")
    } else {
        format!(
            "{} of {}",
            lines.len(),
            answer::counted(on_roster, "athlete", "athletes")
        )
    };
    let when = match today {
        None => format!("{} in UTC", units::date(utc)),
        Some(today)
            if lines
                .iter()
                .any(|line| line.today.is_some_and(|own| own != today)) =>
        {
            format!("today {}, other dates in the column today", units::date(today))
        }
        Some(today) => format!("today {}", units::date(today)),
    };
    format!("{whose} · {count} · {when}")
}

/// How many rows fit.
fn within(rows: &[Row], columns: &Columns<'_, Row>) -> usize {
    let mut spent = 0;
    rows.iter()
        .take_while(|row| {
            spent += columns.cells(row).map(|cell| cell.len() + 1).sum::<usize>();
            spent <= BYTES
        })
        .count()
}

/// An athlete with the flags.
type Row = (Line, Vec<String>);

/// The columns; `usual` is the date that is today for most.
fn columns<'a>(usual: Option<NaiveDate>) -> Columns<'a, Row> {
    let standing = |say: fn(&Day) -> String| {
        move |(line, _): &Row| {
            let day = line.figures.as_ref().and_then(|figures| figures.standing);
            day.as_ref().map(say).unwrap_or_default()
        }
    };
    let figures = |say: fn(&Figures) -> String| {
        move |(line, _): &Row| line.figures.as_ref().map(say).unwrap_or_default()
    };
    Columns::<Row>::new()
        .column("athlete", |(line, _)| line.name.clone())
        .column("flags", |(_, flags)| flags.join("; "))
        .column("form", standing(Day::form))
        .column("CTL", standing(Day::ctl))
        .column("ATL", standing(Day::atl))
        .column("ramp /wk", standing(Day::ramp))
        .column("as of", |(line, _)| {
            as_of(line).map(units::date).unwrap_or_default()
        })
        .column(
            "load this week",
            figures(|figures| week(figures.load, figures.plan)),
        )
        .column("last load", figures(|figures| last_load(&figures.last)))
        .column("last activity", figures(|figures| last_activity(&figures.last)))
        .column(
            "sleep h 7 d / 60 d",
            figures(|figures| average(figures.averages.sleep.as_ref(), 1)),
        )
        .column(
            "HRV ms 7 d / 60 d",
            figures(|figures| figures.averages.hrv.as_ref().map(hrv_cell).unwrap_or_default()),
        )
        .column(
            "resting HR bpm 7 d / 60 d",
            figures(|figures| average(figures.averages.resting_hr.as_ref(), 1)),
        )
        .column("next race", |(line, _)| race(line).unwrap_or_default())
        .column("today", move |(line, _)| {
            let own = line.today.filter(|own| Some(*own) != usual);
            own.map(units::date).unwrap_or_default()
        })
        .column("left out", |(line, _)| left_out(line))
        .column("id", |(line, _)| line.id.clone())
}

/// The day of form, CTL and ATL, if it is not today.
fn as_of(line: &Line) -> Option<NaiveDate> {
    let day = line.figures.as_ref()?.standing?.date;
    Some(day).filter(|day| Some(*day) != line.today)
}

/// `«Lake Classic» A 2026-12-05 Sat in 14 days`
fn race(line: &Line) -> Option<String> {
    let race = line.figures.as_ref()?.race.as_ref()?;
    let words = [
        fenced(&race.name, 40),
        race.rank.to_owned(),
        units::date(race.day),
        flags::in_days((race.day - line.today?).num_days()),
    ];
    Some(joined(words, " "))
}

/// `322 of 350 planned`, `322`, `350 planned`
fn week(load: Option<f64>, plan: Option<Plan>) -> String {
    let load = units::whole(load);
    let planned = plan.map(|plan| {
        let sum = units::whole(plan.load);
        match (plan.count, plan.without) {
            (0, _) => "nothing planned".to_owned(),
            (all, without) if all == without => "planned without load".to_owned(),
            (_, 0) => format!("{sum} planned"),
            (_, without) => format!("{sum} planned ({without} without load)"),
        }
    });
    match (load.is_empty(), planned) {
        (_, None) => load,
        (true, Some(planned)) => planned,
        (false, Some(planned)) if planned.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{load} of {planned}")
        }
        (false, Some(planned)) => format!("{load}, {planned}"),
    }
}

fn last_load(last: &Last) -> String {
    match last {
        Last::Load(None) => format!("none in {BASE} days"),
        Last::Load(Some(day)) => units::date(*day),
        Last::Unknown | Last::Activity(_) => String::new(),
    }
}

fn last_activity(last: &Last) -> String {
    match last {
        Last::Activity(None) => format!("none in {BASE} days"),
        Last::Activity(Some((day, sport))) => {
            let sport = sport
                .as_deref()
                .map_or_else(|| "(Strava)".to_owned(), answer::sport);
            format!("{} {sport}", units::date(*day))
        }
        Last::Unknown | Last::Load(_) => String::new(),
    }
}

fn average(found: Option<&Compared>, decimals: u8) -> String {
    found.map_or_else(String::new, |found| found.words(decimals, "d"))
}

fn hrv_cell(hrv: &Hrv) -> String {
    let averages = hrv.compared.words(0, "d");
    if hrv.sdnn {
        format!("{averages} SDNN")
    } else {
        averages
    }
}

/// `not granted: get_events, get_wellness; calendar: intervals.icu took too long`
fn left_out(line: &Line) -> String {
    let tools = [
        ("get_fitness", line.shown.fitness),
        ("get_wellness", line.shown.wellness),
        ("get_events", line.shown.calendar),
        ("get_training_history", line.shown.history),
    ];
    let ungranted: Vec<&str> = tools
        .into_iter()
        .filter(|(_, granted)| !granted)
        .map(|(tool, _)| tool)
        .collect();
    let mut parts = line.missing.clone();
    if !ungranted.is_empty() {
        parts.push(format!("not granted: {}", ungranted.join(", ")));
    }
    parts.join("; ")
}

/// The athletes that were left, and the call that gets them.
fn ask_for(left: &[(String, String)]) -> String {
    let ids: Vec<&str> = left.iter().map(|(_, id)| id.as_str()).collect();
    let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "… {}: {}. Use athletes=[{}]",
        answer::counted(left.len(), "more athlete", "more athletes"),
        names.join(", "),
        ids.join(", ")
    )
}

/// The meaning of the columns shown, and the rules of the flags.
fn notes(rows: &[Row]) -> Vec<String> {
    let all: Vec<&Figures> = rows
        .iter()
        .filter_map(|(line, _)| line.figures.as_ref())
        .collect();
    let any = |is: fn(&Figures) -> bool| all.iter().any(|figures| is(figures));
    if all.is_empty() {
        return Vec::new();
    }
    let mut notes = vec![format!("{}.", flags::RULES)];
    if any(|figures| !figures.missed.is_empty()) {
        notes.push("missed: not paired, and nothing done that day.".to_owned());
    }
    if any(|figures| !figures.not_paired.is_empty()) {
        notes.push(
            "not paired: no activity is paired with it; get_events with include=done searches for one, where get_training_history is granted."
                .to_owned(),
        );
    }
    let mut columns = Vec::new();
    if any(|figures| figures.load.is_some() || figures.plan.is_some()) {
        columns.push("load this week: done Monday to today, of what is planned to Sunday".to_owned());
    }
    if any(|figures| matches!(figures.last, Last::Load(Some(_)))) {
        columns.push("last load: activities without a load are not seen".to_owned());
    }
    if any(|figures| figures.averages != Averages::default()) {
        columns.push("7 d / 60 d: averages to today, or to yesterday until today's values are in; HRV is rMSSD unless marked SDNN".to_owned());
    }
    if rows.iter().any(|(line, _)| line.shown.calendar) {
        columns.push(format!("next race: within {LOOKED_AHEAD} days"));
    }
    if any(|figures| figures.standing.is_some()) {
        columns.push("form = CTL - ATL".to_owned());
    }
    let columns = columns.join(" · ");
    if !columns.is_empty() {
        notes.push(format!("{columns}."));
    }
    // Neither the model nor a wellness day says which device its figures came from.
    notes.push("May derive in part from Garmin device data.".to_owned());
    notes
}
