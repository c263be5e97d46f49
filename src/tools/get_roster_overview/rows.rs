//! Renders the roster: the first line, a row per athlete, what was left out, what the columns mean.
//!
//! Pure: the tool chooses the athletes and fetches.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;

use super::flags::{self, Flag};
use crate::{
    text::{clean, fenced},
    tools::{
        Answer,
        absences::{self, Absence},
        answer::{
            self,
            table::Columns,
            units,
            words::{around, joined, listed},
        },
        arguments::Range,
        figures::{Figures, Held, LOOKED_AHEAD, Last, Load, Planned, Shown, Undone},
        fitness::Day,
        plan_state::{self, State, Unclear},
        planned::Plans,
        vitals::{Averages, Compared, Hrv},
    },
    training::{roster::BASE, weeks},
};

pub(super) use crate::tools::figures::words::{UNKNOWN, done, form};

/// Maximum bytes of the table; athletes beyond it are named, with the call that gets them.
const BYTES: usize = 40_000;

/// An athlete in the answer, with the figures of the last days or of a window.
#[derive(Debug)]
pub(super) struct Line<F = Figures> {
    pub(super) name: String,
    pub(super) id: String,
    /// What the row may show.
    pub(super) shown: Shown,
    /// The athlete's date; None if no request was answered.
    pub(super) today: Option<NaiveDate>,
    /// None: no request was answered, or nothing is granted.
    pub(super) figures: Option<F>,
    /// Why granted data is missing.
    pub(super) missing: Vec<String>,
}

/// The content of the answer.
#[derive(Debug)]
pub(super) struct Overview<F = Figures> {
    /// The coach's email address.
    pub(super) coach: String,
    /// How many athletes are on the roster.
    pub(super) on_roster: usize,
    /// The date in UTC, in case no athlete's is known.
    pub(super) utc: NaiveDate,
    /// The athletes that the call is about, in the order of the roster.
    pub(super) lines: Vec<Line<F>>,
    /// Names that are no member's, with the reason.
    pub(super) unknown: Vec<(String, String)>,
    /// Athletes left for another call: name and id.
    pub(super) left: Vec<(String, String)>,
}

impl Overview {
    /// The same with these lines.
    pub(super) fn with<F>(self, lines: Vec<Line<F>>) -> Overview<F> {
        Overview {
            coach: self.coach,
            on_roster: self.on_roster,
            utc: self.utc,
            lines,
            unknown: self.unknown,
            left: self.left,
        }
    }
}

/// The answer without dates: where everyone stands today.
pub(super) fn render(overview: Overview) -> Answer {
    let today = usual_day(&overview.lines);
    let first = first_line(&overview, today);
    let Overview {
        lines,
        unknown,
        mut left,
        ..
    } = overview;
    let flags: Vec<Vec<Flag>> = lines
        .iter()
        .map(|line| match (&line.figures, line.today) {
            (Some(figures), Some(today)) => flags::of(figures, today),
            _ => Vec::new(),
        })
        .collect();
    let flagged = flags.iter().filter(|flags| !flags.is_empty()).count();
    let mut rows: Vec<Row> = lines.into_iter().zip(flags).collect();
    // Equal rows keep the order of the roster: by name.
    rows.sort_by_key(|(_, flags)| Reverse(flags.len()));

    let columns = columns(today);
    let rows = split(rows, &columns, &mut left, |(line, _)| line);
    let mut blocks = vec![first, columns.table(&rows), ask_for(&left)];
    blocks.extend(unknown_lines(&unknown));
    let answered = rows.iter().filter(|(line, _)| line.figures.is_some()).count();
    if answered > 0 {
        let athletes = answer::counted(answered, "athlete", "athletes");
        let not_judged = not_judged(&rows);
        blocks.push(format!(
            "{athletes} with figures, {flagged} with flags{not_judged}."
        ));
    }
    blocks.extend(notes(&rows));
    Answer::of(blocks)
}

/// `; Jack Nguyen: no flag, but not everything that can raise one is granted`: whose empty cell does not say that all is well.
fn not_judged(rows: &[Row]) -> String {
    const NAMED: usize = 3;
    let all = Shown {
        fitness: true,
        wellness: true,
        calendar: true,
        ..Shown::default()
    };
    let names: Vec<String> = rows
        .iter()
        .filter(|(line, flags)| {
            let shown = Shown {
                history: false,
                ..line.shown
            };
            line.figures.is_some() && flags.is_empty() && shown != all
        })
        .map(|(line, _)| line.name.clone())
        .collect();
    match listed(&names, NAMED).as_str() {
        "" => String::new(),
        names => format!("; {names}: no flag, but not everything that can raise one is granted"),
    }
}

/// The rows that fit; the athletes of the others are added to those who are left.
pub(super) fn split<R, F>(
    mut rows: Vec<R>,
    columns: &Columns<'_, R>,
    left: &mut Vec<(String, String)>,
    line: impl Fn(&R) -> &Line<F>,
) -> Vec<R> {
    let shown = within(&rows, columns);
    let cut = rows.split_off(shown);
    let cut = cut.iter().map(|row| {
        let line = line(row);
        (line.name.clone(), line.id.clone())
    });
    left.splice(..0, cut);
    rows
}

/// A line for each name that is no member's.
pub(super) fn unknown_lines(unknown: &[(String, String)]) -> impl Iterator<Item = String> {
    unknown
        .iter()
        .map(|(text, why)| format!("{}: {why}", fenced(text, 80)))
}

/// The date that is today for most.
pub(super) fn usual_day<F>(lines: &[Line<F>]) -> Option<NaiveDate> {
    let mut counts: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for day in lines.iter().filter_map(|line| line.today) {
        *counts.entry(day).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(day, _)| day)
}

/// `Roster of coach@example.test · 3 athletes · this week Mon 16 Nov to today 2026-11-21 Sat, other dates in the column today`
fn first_line(overview: &Overview, today: Option<NaiveDate>) -> String {
    let whose = whose(overview);
    match today {
        None => format!("{whose} · {} in UTC", units::date(overview.utc)),
        Some(today) => format!(
            "{whose} · this week {} to {}",
            weeks::monday(today).format("%a %-d %b"),
            today_in_words(&overview.lines, today)
        ),
    }
}

/// `Roster of coach@example.test · 3 of 5 athletes`
pub(super) fn whose<F>(overview: &Overview<F>) -> String {
    let all = answer::counted(overview.on_roster, "athlete", "athletes");
    let count = if overview.lines.len() == overview.on_roster {
        all
    } else {
        format!("{} of {all}", overview.lines.len())
    };
    format!("Roster of {} · {count}", clean(&overview.coach, 120))
}

/// `today 2026-11-21 Sat, other dates in the column today`
pub(super) fn today_in_words<F>(lines: &[Line<F>], today: NaiveDate) -> String {
    let others = lines
        .iter()
        .any(|line| line.today.is_some_and(|own| own != today));
    let others = if others {
        ", other dates in the column today"
    } else {
        ""
    };
    format!("today {}{others}", units::date(today))
}

/// How many rows fit.
fn within<R>(rows: &[R], columns: &Columns<'_, R>) -> usize {
    let mut spent = 0;
    rows.iter()
        .take_while(|row| {
            spent += columns.cells(row).map(|cell| cell.len() + 1).sum::<usize>();
            spent <= BYTES
        })
        .count()
}

/// An athlete with the flags.
type Row = (Line, Vec<Flag>);

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
        .column("flags", |(_, flags)| {
            joined(flags.iter().map(|(_, words)| words), "; ")
        })
        .column("form", |(line, _)| {
            let figures = line.figures.as_ref();
            figures.map_or_else(String::new, |figures| {
                let without = (figures.held, figures.to_come);
                form(figures.standing.as_ref(), without, line.shown)
            })
        })
        .column("CTL", standing(Day::ctl))
        .column("ATL", standing(Day::atl))
        .column("ramp /wk", standing(Day::ramp))
        .column("as of", |(line, _)| as_of(line, None, |own| own.standing))
        .column("load this week", move |(line, _)| {
            let figures = line.figures.as_ref().zip(line.today);
            let load = figures.map_or_else(String::new, |(figures, today)| {
                let days = Range::of_week(today);
                load_of(figures.load, figures.plan.as_ref(), line.shown, (days, today))
            });
            around(&other_week(line.today, usual), &load, "")
        })
        .column("absent or limited this week", |(line, _)| {
            let own = line.figures.as_ref();
            absent(line.today, own.map(|own| &own.absences_this_week[..]))
        })
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
        .column("today", move |(line, _)| own_day(line, usual))
        .column("left out", |(line, _)| left_out(line))
        .column("id", |(line, _)| line.id.clone())
}

/// `23 – 29 Nov 2026:` if the athlete's week is not the one of most.
fn other_week(own: Option<NaiveDate>, usual: Option<NaiveDate>) -> String {
    let week = own
        .map(weeks::monday)
        .filter(|week| Some(*week) != usual.map(weeks::monday));
    week.map_or_else(String::new, |monday| {
        format!("{}:", Range::of_week(monday).in_words())
    })
}

/// The athlete's date, if it is not the usual one.
pub(super) fn own_day<F>(line: &Line<F>, usual: Option<NaiveDate>) -> String {
    let own = line.today.filter(|own| Some(*own) != usual);
    own.map(units::date).unwrap_or_default()
}

/// The day of form, CTL and ATL, if it is not the expected one: today, and the last day of what is shown (`until`), if that is given.
pub(super) fn as_of<F>(
    line: &Line<F>,
    until: Option<NaiveDate>,
    standing: impl Fn(&F) -> Option<Day>,
) -> String {
    let day = line.figures.as_ref().and_then(standing).map(|day| day.date);
    day.filter(|day| Some(*day) != line.today || until.is_some_and(|until| *day != until))
        .map(units::date)
        .unwrap_or_default()
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

/// Said where the forms of several athletes cannot be compared; each has the kind and the day (`as of`) of its form.
pub(super) fn about_bases(forms: impl Iterator<Item = (Held, String)>) -> Option<String> {
    let bases: BTreeSet<(&str, String)> = forms
        .map(|(held, as_of)| {
            let counts = match held {
                Held::Nothing | Held::LeftOut(_) => "done",
                Held::Plan => "plan",
                Held::Perhaps => "perhaps",
                Held::Projected => "projected",
            };
            (counts, as_of)
        })
        .collect();
    (bases.len() > 1).then(|| {
        "the forms do not all count the same days and plans (see brackets and as of): compare like with like".to_owned()
    })
}

/// `322; 350 planned (240 of it done, 110 open later)`, `322`, `0; nothing planned`, `done unknown; 350 planned`, `0;
/// planned unknown`: what was done of these days, and the plan, of which it is no share.
pub(super) fn load_of(
    load: Option<Load>,
    plan: Option<&Plans>,
    shown: Shown,
    (days, today): (Range, NaiveDate),
) -> String {
    let done = match (load, plan) {
        (Some(load), _) => done(load, shown.calendar),
        (None, Some(_)) if days.oldest <= today => "done unknown".to_owned(),
        (None, _) => String::new(),
    };
    let planned = match plan {
        Some(plans) => plans.in_words(""),
        // Beside other athletes' plans, what was done alone, or nothing, would read as all there is.
        None if days.newest > today && (load.is_some() || days.oldest > today) => {
            format!("planned {UNKNOWN}")
        }
        None => String::new(),
    };
    joined([done, planned], "; ")
}

/// `load this week: done Monday to today, planned to Sunday`: those parts that the answer has.
pub(super) fn about_load(header: &str, parts: [(bool, &str); 2]) -> Option<String> {
    let parts = parts.into_iter().filter(|(has, _)| *has);
    let words = joined(parts.map(|(_, words)| words), ", ");
    (!words.is_empty()).then(|| format!("{header}: {words}"))
}

/// Said once if absences that began before some day were not read for an athlete shown, or none at all, though others' were. Each
/// athlete comes with the name, whether the calendar was read, and the day before which no absence was.
pub(super) fn about_absences<'a>(
    athletes: impl Iterator<Item = (&'a str, bool, Option<NaiveDate>)>,
) -> Option<String> {
    const NAMED: usize = 3;
    let (with, without): (Vec<_>, Vec<_>) = athletes.partition(|(_, has_calendar, _)| *has_calendar);
    let before = with.iter().filter_map(|(.., before)| *before).max();
    let names: Vec<&str> = without.into_iter().map(|(name, ..)| name).collect();
    let all_of = around("absences of", &listed(&names, NAMED), "(no calendar)");
    match before {
        _ if with.is_empty() => None,
        Some(before) => Some(absences::not_read_of(before, &all_of)),
        None if all_of.is_empty() => None,
        None => Some(format!("Not included: {all_of}.")),
    }
}

/// `holiday 12–18 Oct; sick 20 Oct`
pub(super) fn absent(today: Option<NaiveDate>, absences: Option<&[Absence]>) -> String {
    let absences = absences.unwrap_or_default().iter();
    joined(
        today
            .into_iter()
            .flat_map(|today| absences.clone().map(move |absence| absence.in_words(today))),
        "; ",
    )
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
            let sport = match sport.as_deref() {
                None => "(Strava)".to_owned(),
                Some("") => "no sport".to_owned(),
                Some(sport) => answer::sport(sport),
            };
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
pub(super) fn left_out<F>(line: &Line<F>) -> String {
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

/// The athletes that were left, and the call that gets them; empty if there are none.
pub(super) fn ask_for(left: &[(String, String)]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let ids: Vec<&str> = left.iter().map(|(_, id)| id.as_str()).collect();
    let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "… {}: {}. Use athletes=[{}].",
        answer::counted(left.len(), "more athlete", "more athletes"),
        names.join(", "),
        ids.join(", ")
    )
}

/// The meaning of the flags and columns shown.
fn notes(rows: &[Row]) -> Vec<String> {
    let all: Vec<&Figures> = rows
        .iter()
        .filter_map(|(line, _)| line.figures.as_ref())
        .collect();
    let any = |is: &dyn Fn(&Figures) -> bool| all.iter().any(|figures| is(figures));
    if all.is_empty() {
        return Vec::new();
    }
    let mut notes = vec![flags::rules(rows.iter().flat_map(|(_, flags)| flags))];
    notes.extend(about_undone(rows.iter().flat_map(|(line, _)| {
        let own = line.figures.iter().flat_map(|own| &own.undone);
        own.map(|planned| (line.shown, planned))
    })));
    let mut columns = Vec::new();
    let parts = [
        (any(&|figures| figures.load.is_some()), "done Monday to today"),
        (any(&|figures| figures.plan.is_some()), "planned to Sunday"),
    ];
    columns.extend(about_load("load this week", parts));
    let lacks_plans = |(line, _): &Row| {
        let own = line.figures.as_ref().zip(line.today);
        own.is_some_and(|(own, today)| {
            own.load.is_some() && own.plan.is_none() && weeks::sunday(today) > today
        })
    };
    if rows.iter().any(lacks_plans) {
        columns.push("planned unknown: without the calendar (see left out)".to_owned());
    }
    columns.extend(about_ctl(all.iter().filter_map(|figures| figures.load)));
    if any(&|figures| matches!(figures.last, Last::Load(Some(_)))) {
        columns.push("last load: activities without a load are not seen".to_owned());
    }
    if any(&|figures| figures.averages != Averages::default()) {
        columns.push(
            "7 d / 60 d: averages to today, or to yesterday until today's values are in; HRV is rMSSD unless marked SDNN"
                .to_owned(),
        );
    }
    if rows.iter().any(|(line, _)| line.shown.calendar) {
        columns.push(format!("next race: within {LOOKED_AHEAD} days"));
    }
    if any(&|figures| figures.standing.is_some_and(|day| day.is_ours)) {
        columns.push("done only: form, CTL, ATL and ramp, computed by IcuSync".to_owned());
    }
    if any(&|figures| {
        figures
            .standing
            .is_some_and(|day| day.ramp_is_ours && !day.is_ours)
    }) {
        columns.push("ramp: where intervals.icu has none, CTL minus CTL 7 days before".to_owned());
    }
    if rows
        .iter()
        .any(|(line, _)| !as_of(line, None, |own| own.standing).is_empty())
    {
        columns.push("as of: the day of form, CTL, ATL and ramp".to_owned());
    }
    if any(&|figures| figures.standing.is_some()) {
        columns.push("form = CTL - ATL at the end of the day".to_owned());
    }
    columns.extend(about_bases(rows.iter().filter_map(|(line, _)| {
        let own = line.figures.as_ref().filter(|own| own.standing.is_some())?;
        Some((own.held, as_of(line, None, |own| own.standing)))
    })));
    notes.extend(sentences(&columns));
    notes.extend(about_absences(rows.iter().filter_map(|(line, _)| {
        let own = line.figures.as_ref()?;
        Some((line.name.as_str(), own.plan.is_some(), own.absences_from))
    })));
    // Neither the model nor a wellness day says which device its figures came from.
    notes.push(answer::MAY_BE_GARMIN.to_owned());
    notes
}

/// Each of these with a full stop, on one line; None without any.
pub(super) fn sentences(all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| format!("{}.", all.join(". ")))
}

/// Why two loads of a week differ, if they do anywhere.
pub(super) fn about_ctl(loads: impl IntoIterator<Item = Load>) -> Option<String> {
    let differ = loads.into_iter().any(|load| load.for_ctl.is_some());
    differ.then(|| "CTL counts: on that account a sport counts for fatigue (ATL) only".to_owned())
}

/// What the words for workouts not known to be done mean, of those that are used.
///
/// Each comes with what its athlete's row may show: get_events can search for what was done only with the activities.
pub(super) fn about_undone<'a>(undone: impl Iterator<Item = (Shown, &'a Planned)>) -> Vec<String> {
    let (mut missed, mut no_load, mut not_paired, mut perhaps, mut unclear) =
        (false, false, false, false, false);
    let (mut pairs_searched, mut perhaps_searched, mut unclear_searched) = (false, false, false);
    for (shown, planned) in undone {
        match planned.undone {
            Undone::NoLoad => no_load = true,
            Undone::State(State::NotPaired(_)) => {
                not_paired = true;
                pairs_searched |= shown.history;
            }
            Undone::State(State::Unclear(Unclear::PairedElsewhere)) => {
                unclear = true;
                unclear_searched |= shown.history;
            }
            Undone::State(State::Unclear(_)) => {
                perhaps = true;
                perhaps_searched |= shown.history;
            }
            Undone::State(State::Missed(absent)) => missed |= absent.is_none(),
            Undone::State(
                State::Open | State::Begun(_) | State::Done(..) | State::DoneAs(_) | State::Paired,
            ) => {}
        }
    }
    let mut notes = Vec::new();
    let note = |means: &str, can_search: bool, more: &str| {
        let more = if can_search {
            format!("; get_events with include=done {more}")
        } else {
            String::new()
        };
        format!("{means}{more}.")
    };
    if missed {
        notes.push(plan_state::MISSED.to_owned());
    }
    if no_load {
        notes.push(
            "days without load: by the fitness model; sessions without a load are not seen, and activities were not read."
                .to_owned(),
        );
    }
    if not_paired {
        notes.push(note(
            "not paired: no activity is paired with it, and it may have been done all the same",
            pairs_searched,
            "searches for one",
        ));
    }
    if perhaps {
        notes.push(note(
            "perhaps done: something of that day may have been it",
            perhaps_searched,
            "says what",
        ));
    }
    if unclear {
        notes.push(note(
            "unclear: what it is paired with is not of that day",
            unclear_searched,
            "says what",
        ));
    }
    notes
}
