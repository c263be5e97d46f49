//! The roster over a window of days, the same for everyone: sums to compare and to add up.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    figures::{
        Came, Held, Lack, Load, Model, Planned, Shown, Undone, long_before, planning, recorded_twice, to_do,
        undone,
    },
    flags::{self, ON_DAYS_WITHOUT_LOAD},
    rows::{
        self, Line, Overview, about_absences, about_bases, about_ctl, about_load, about_undone, absent,
        as_of, ask_for, form, left_out, load_of, own_day, split, today_in_words, unknown_lines, usual_day,
        whose,
    },
};
use crate::{
    intervals::model::{Activity, Wellness, amount, positive},
    tools::{
        Answer,
        absences::{Absence, Absences},
        activities::{PerhapsOne, of_range},
        answer::{
            self,
            table::Columns,
            units, week,
            words::{DOT, around, in_brackets, joined, listed, named},
        },
        arguments::Range,
        fitness::{Day, ToCome, days_of},
        plan_state::State,
        planned::Plans,
        sums::{ROUNDED, add_up, with_unreadable},
        vitals,
    },
    training::{
        means::{Mean, mean},
        plausible,
        weeks::{self, back},
    },
};

/// Days before a window that show what is usual for the athlete, and whether today's model follows from yesterday's.
const USUAL: u64 = 30;

/// The days, and those before them that are read as well.
fn with_usual(days: Range) -> Range {
    Range {
        oldest: back(days.oldest, USUAL),
        ..days
    }
}

/// The days of wellness to read for a window: up to its last where what is planned may be shown, so that its figures at the
/// end are known, and what they count of today. None if there are none.
pub(super) fn wellness_read(window: Range, usable: Shown, today: NaiveDate) -> Option<Range> {
    let to_come = (window.newest > today && usable.calendar && usable.fitness).then_some(window);
    match window.up_to(today).map(with_usual) {
        Some(days) => Some(Range {
            newest: to_come.map_or(days.newest, |window| window.newest),
            ..days
        }),
        None => to_come.map(|window| Range {
            oldest: with_usual(Range::of_day(today)).oldest,
            ..window
        }),
    }
}

/// The model of the last day of a window that ends after today, with all that is planned until then.
fn projected(shown: Shown, came: &Came, window: Range, today: NaiveDate) -> Option<Day> {
    let rows = came.wellness.as_deref()?;
    let may = window.newest > today && shown.calendar && shown.fitness;
    may.then(|| days_of(rows, window).remove(&window.newest))?
}

/// An athlete's window. None: must not be shown, failed, or not recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Totals {
    /// The days, by the athlete's own today.
    window: Range,
    /// The athlete's own.
    today: NaiveDate,
    /// The model at the end of the window; today's if the last day is not known. None if that day is to come and its plans
    /// must not be shown.
    standing: Option<Day>,
    held: Held,
    /// What the model lacks of today's plan, if it is of today or later.
    to_come: Option<ToCome>,
    /// Up to today.
    load: Option<Load>,
    /// Of the whole window.
    plan: Option<Plans>,
    /// Load up to today, and plan, of each week; empty unless the days are of several.
    weeks: Vec<OfWeek>,
    done: Option<Done>,
    /// Workouts and races before today that are not known to be done; None if there are none.
    undone: Option<Vec<Planned>>,
    /// Those that share a day with the window.
    absences: Vec<Absence>,
    /// The day before which none was read.
    absences_from: Option<NaiveDate>,
    /// Whether nothing was done up to today, and no absence is known that would say why.
    may_be_absent: bool,
    perhaps_one: Option<PerhapsOne>,
    /// h
    sleep: Option<Night>,
    /// ms
    hrv: Option<Night>,
    /// ms
    sdnn: Option<Night>,
    /// bpm
    resting_hr: Option<Night>,
}

/// The part of a window in one week.
#[derive(Debug, Clone, PartialEq)]
struct OfWeek {
    days: Range,
    load: Option<Load>,
    plan: Option<Plans>,
}

impl OfWeek {
    /// `16 Nov (to Sat) 322; 350 planned`, beside weeks with a load `unknown`
    fn words(&self, own: &Totals, may_tell_plans: bool) -> String {
        let monday = weeks::monday(self.days.oldest);
        let name = format!("{}{}", units::day_month(monday), week::cut(monday, own.window));
        let is_unknown = own.load.is_some() && self.days.oldest <= own.today;
        let load = self.load.map(|load| rows::done(load, may_tell_plans));
        let load = load.or(is_unknown.then(|| rows::UNKNOWN.to_owned()));
        let plan = self.plan.as_ref().map(|plans| match plans.known_load() {
            Ok(load) => format!("{} planned", units::whole(load)),
            Err(words) => words.to_owned(),
        });
        let figures = joined([load, plan].into_iter().flatten(), "; ");
        named(&name, &figures)
    }
}

/// The parts of a range in each of its weeks, newest first; none if it is of one.
fn weeks_of(range: Range) -> Vec<Range> {
    let mondays = weeks::weekly(range.oldest, range.newest, []).into_keys().rev();
    let parts = mondays.map(|monday| Range {
        oldest: monday.max(range.oldest),
        newest: weeks::sunday(monday).min(range.newest),
    });
    if range.days() > 7 {
        parts.collect()
    } else {
        Vec::new()
    }
}

/// The activities of a window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Done {
    count: usize,
    /// Closed by Strava or empty, so that they add no time.
    closed: usize,
    with_time: usize,
    secs: f64,
}

impl Totals {
    /// The figures that may be shown.
    pub(super) fn of(shown: Shown, came: &Came, window: Range, today: NaiveDate) -> Self {
        let days = window.up_to(today);
        let model = days.map(|days| Model::of(shown, came, days, today));
        let activities = came.activities.as_deref().filter(|_| shown.history);
        let events = came.events.as_deref().filter(|_| shown.calendar);
        let absences = Absences::among(events.unwrap_or_default());
        let events = events.map(|events| to_do(events, window));
        let done = days.zip(activities).map(|(days, rows)| Done::of(rows, days));
        let loads = model.as_ref().and_then(|model| model.loads.as_ref());
        let own = loads.filter(|_| shown.fitness);
        let nights = came.wellness.as_deref().filter(|_| shown.wellness).zip(days);
        let night =
            |key, per_unit| nights.and_then(|(rows, days)| Night::of(rows, key, per_unit, days, today));
        let projected = projected(shown, came, window, today);
        let held = model.as_ref().map_or(Held::Nothing, |model| model.held);
        let knows_today = model.as_ref().is_some_and(|model| model.knows_today);
        let load = days.and_then(|days| Load::of_range(own, activities, days));
        let is_idle = load.is_some_and(|load| load.sum <= 0.0 && load.unclear.is_none())
            && done.is_none_or(|done| done.count + done.closed == 0);
        Self {
            window,
            today,
            standing: projected.or_else(|| {
                let standing = model.as_ref()?.standing;
                standing.filter(|_| shown.calendar || window.newest <= today)
            }),
            held: projected.map_or(held, |_| Held::Projected),
            to_come: (projected.is_some() || window.contains(today))
                .then(|| came.to_come(shown, today))
                .flatten(),
            load,
            plan: events
                .as_ref()
                .map(|events| planning(events, window, &absences, activities, (knows_today, today))),
            weeks: weeks_of(window)
                .into_iter()
                .map(|days| OfWeek {
                    days,
                    load: days
                        .up_to(today)
                        .and_then(|days| Load::of_range(own, activities, days)),
                    plan: events
                        .as_ref()
                        .map(|events| planning(events, days, &absences, activities, (knows_today, today))),
                })
                .collect(),
            done,
            undone: events
                .as_ref()
                .filter(|events| events.iter().any(|(day, _)| *day < today))
                .map(|events| undone(events, loads, activities, &absences, (window.oldest, today))),
            absences: absences.within(window.oldest, window.newest).cloned().collect(),
            absences_from: came.absences_from(shown, window),
            may_be_absent: days.is_some_and(|days| is_idle && absences.may_lack_why(days)),
            perhaps_one: days
                .zip(activities)
                .and_then(|(days, rows)| recorded_twice(rows, days)),
            sleep: night("sleepSecs", 3600.0),
            hrv: night("hrv", 1.0),
            sdnn: night("hrvSDNN", 1.0),
            resting_hr: night("restingHR", 1.0),
        }
    }
}

impl Totals {
    /// The plan, if any of it has a load.
    fn with_load(&self) -> Option<&Plans> {
        self.plan.as_ref().filter(|plans| plans.known_load().is_ok())
    }

    /// Whether it goes on after today, and what is planned is not known.
    fn lacks_plans(&self) -> bool {
        self.window.newest > self.today && self.plan.is_none()
    }

    /// The figure of the model; `unknown` where it depends on plans that are not known.
    fn known_at_the_end(&self, figure: String, shown: Shown) -> String {
        if figure.is_empty() && shown.fitness && self.lacks_plans() {
            return rows::UNKNOWN.to_owned();
        }
        figure
    }

    /// What would tell more: the absences that began long before, if a workout was not done, or nothing was.
    pub(super) fn lack(&self) -> Lack {
        let blamed = self.may_be_absent || self.undone.iter().flatten().any(Planned::is_blamed);
        Lack {
            absences: (self.plan.is_some() && blamed).then(|| long_before(self.window)),
            ..Lack::default()
        }
    }
}

impl Done {
    fn of(rows: &[Activity], days: Range) -> Self {
        let mut done = Self::default();
        for row in of_range(rows, Some(days)) {
            if row.is_stub() {
                done.closed += 1;
            } else {
                done.count += 1;
                done.with_time += usize::from(positive(row.moving_time).is_some());
                done.secs += amount(row.moving_time);
            }
        }
        done
    }

    /// Several athletes' together.
    fn all_of(all: &[Self]) -> Self {
        Self {
            count: all.iter().map(|done| done.count).sum(),
            closed: all.iter().map(|done| done.closed).sum(),
            with_time: all.iter().map(|done| done.with_time).sum(),
            secs: all.iter().map(|done| done.secs).sum(),
        }
    }

    /// Whether there is anything, and nothing of it has a time.
    const fn lacks_time(&self) -> bool {
        self.count + self.closed > 0 && self.with_time == 0
    }

    /// `2:45`, `2:45 (1 without a time)`, `unknown`
    fn time(&self) -> String {
        if self.lacks_time() {
            return rows::UNKNOWN.to_owned();
        }
        let without = match self.count - self.with_time {
            0 => String::new(),
            count => format!("({count} without a time)"),
        };
        joined([units::hours_minutes(self.secs), without], " ")
    }
}

/// The mean of a figure over the days of a window that have a value that can be.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Night {
    mean: Mean,
    /// Values that cannot be.
    left_out: usize,
}

impl Night {
    fn of(rows: &[Wellness], key: &str, per_unit: f64, days: Range, today: NaiveDate) -> Option<Self> {
        let values = vitals::by_day(rows, key);
        let broken = plausible::broken(key, &values);
        let newest = if days.contains(today) {
            vitals::last_day(rows, today).max(days.oldest)
        } else {
            days.newest
        };
        let within = values.range(days.oldest..=newest);
        let kept = within.map(|(day, value)| (!broken.contains(day)).then_some(value / per_unit));
        Some(Self {
            mean: mean(kept)?,
            left_out: broken.range(days.oldest..=newest).count(),
        })
    }

    fn words(self, decimals: u8) -> String {
        let mean = units::fixed(self.mean.value, decimals);
        match self.left_out {
            0 => mean,
            count => format!("{mean} (without {count} implausible)"),
        }
    }
}

/// The answer with dates, which are this window for most.
pub(super) fn render(overview: Overview<Totals>, window: Range) -> Answer {
    let today = usual_day(&overview.lines);
    let first = [
        whose(&overview),
        format!("{} ({})", window.in_words(), answer::counted_days(window.days())),
        today.map_or_else(
            || format!("{} in UTC", units::date(overview.utc)),
            |today| today_in_words(&overview.lines, today),
        ),
    ];
    let Overview {
        lines,
        unknown,
        mut left,
        ..
    } = overview;
    let columns = columns(today, window);
    let lines = split(lines, &columns, &mut left, |line| line);
    let mut blocks = vec![joined(first, DOT), columns.table(&lines), ask_for(&left)];
    blocks.extend(unknown_lines(&unknown));
    blocks.push(together(&lines));
    blocks.extend(notes(&lines, window));
    Answer::of(blocks)
}

fn columns<'a>(usual: Option<NaiveDate>, window: Range) -> Columns<'a, Line<Totals>> {
    let totals = |say: fn(&Totals, Shown) -> String| {
        move |line: &Line<Totals>| {
            line.figures
                .as_ref()
                .map_or_else(String::new, |totals| say(totals, line.shown))
        }
    };
    Columns::<Line<Totals>>::new()
        .column("athlete", |line: &Line<Totals>| line.name.clone())
        .column("days", move |line: &Line<Totals>| {
            let own = line.figures.as_ref().map(|own| own.window);
            let own = own.filter(|own| *own != window);
            own.map_or_else(String::new, Range::in_words)
        })
        .column(
            "load",
            totals(|own, shown| load_of(own.load, own.plan.as_ref(), shown, (own.window, own.today))),
        )
        .column(
            "activities",
            totals(|own, _| {
                own.done
                    .map(|done| with_unreadable(done.count, done.closed))
                    .unwrap_or_default()
            }),
        )
        .column(
            "time",
            totals(|own, _| own.done.as_ref().map(Done::time).unwrap_or_default()),
        )
        .column(
            "load by week (Mon)",
            totals(|own, shown| {
                let weeks = own.weeks.iter();
                joined(weeks.map(|week| week.words(own, shown.calendar)), DOT)
            }),
        )
        .column("absent", |line: &Line<Totals>| {
            let own = line.figures.as_ref();
            absent(line.today, own.map(|own| &own.absences[..]))
        })
        .column(
            "past plans",
            totals(|own, _| own.undone.as_deref().map(undone_in_words).unwrap_or_default()),
        )
        .column(
            "recorded twice",
            totals(|own, _| {
                let one = own.perhaps_one.as_ref();
                one.map_or_else(String::new, |one| one.words.clone())
            }),
        )
        .column(
            "form at the end",
            totals(|own, shown| {
                let words = form(own.standing.as_ref(), (own.held, own.to_come), shown);
                own.known_at_the_end(words, shown)
            }),
        )
        .column(
            "CTL at the end",
            totals(|own, shown| {
                let ctl = own.standing.as_ref().map(Day::ctl).unwrap_or_default();
                own.known_at_the_end(ctl, shown)
            }),
        )
        .column("as of", as_of_end)
        .column("sleep h", totals(|own, _| value(own.sleep, 1)))
        .column("HRV rMSSD ms", totals(|own, _| value(own.hrv, 0)))
        .column(
            "HRV SDNN ms",
            totals(|own, _| {
                let count = |night: Option<Night>| night.map_or(0, |night| night.mean.count);
                value(
                    own.sdnn
                        .filter(|_| vitals::is_rarer(count(own.hrv), count(own.sdnn))),
                    0,
                )
            }),
        )
        .column("resting HR bpm", totals(|own, _| value(own.resting_hr, 1)))
        .column("today", move |line: &Line<Totals>| own_day(line, usual))
        .column("left out", left_out)
        .column("id", |line: &Line<Totals>| line.id.clone())
}

/// The day of the form, if it is not the last of the athlete's days.
fn as_of_end(line: &Line<Totals>) -> String {
    let end = line.figures.as_ref().map(|own| own.window.newest);
    as_of(line, end, |own| own.standing)
}

fn value(night: Option<Night>, decimals: u8) -> String {
    night.map_or_else(String::new, |night| night.words(decimals))
}

/// `3 missed; 2 not done, sick`, `12 not paired (4 on days without load)`; `all done` if nothing else is known of any.
fn undone_in_words(rows: &[Planned]) -> String {
    const NOT_PAIRED: Undone = Undone::State(State::NotPaired(None));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let why = match row.undone {
            Undone::NoLoad => flags::why(NOT_PAIRED),
            undone @ Undone::State(_) => flags::why(undone),
        };
        *counts.entry(why).or_default() += 1;
    }
    let without_load = rows.iter().filter(|row| row.undone == Undone::NoLoad).count();
    if counts.is_empty() {
        return "all done".to_owned();
    }
    let parts: Vec<String> = counts
        .into_iter()
        .map(|(why, count)| {
            let some = match without_load {
                0 => String::new(),
                _ if why != flags::why(NOT_PAIRED) => String::new(),
                all if all == count => ON_DAYS_WITHOUT_LOAD.to_owned(),
                some => format!("{some} {ON_DAYS_WITHOUT_LOAD}"),
            };
            joined([format!("{count} {why}"), in_brackets(&some)], " ")
        })
        .collect();
    parts.join("; ")
}

/// `Together: load 1230; 900 planned (720 of it done, 180 missed) of 2 athletes (not Jack Nguyen) · time 41:20 of 3
/// athletes`; empty for one athlete, and where nobody has a figure.
fn together(lines: &[Line<Totals>]) -> String {
    if lines.len() < 2 {
        return String::new();
    }
    let loads = having(lines, |own| own.load);
    let plans = having(lines, Totals::with_load);
    // Load and plan of the same athletes, which alone can be compared.
    let both = having(lines, |own| own.load.zip(own.with_load()));
    let done = having(lines, |own| own.done.filter(|done| !done.lacks_time()));
    let in_doubt = |line: &&Line<Totals>| {
        let own = line.figures.as_ref();
        own.is_some_and(|own| own.load.is_some_and(|load| load.unclear.is_some()))
    };
    let may_tell_plans = lines.iter().filter(in_doubt).all(|line| line.shown.calendar);
    let sum_of_loads = |loads: Vec<Load>| rows::done(Load::all_of(&loads), may_tell_plans);
    let sum_of_plans = |plans: Vec<&Plans>| Plans::together(&plans).in_words("");
    let compared = |both: Vec<(Load, &Plans)>| {
        let (loads, plans) = both.into_iter().unzip();
        joined([sum_of_loads(loads), sum_of_plans(plans)], "; ")
    };
    let by_load = if both.len() == plans.len() {
        // If all have both, one sum says it.
        let all_loads = if both.len() == loads.len() && both.len() > 1 {
            String::new()
        } else {
            around("load", &summed(lines, &loads, sum_of_loads), "")
        };
        let with = if all_loads.is_empty() {
            "load"
        } else {
            "those with planned load:"
        };
        joined(
            [all_loads, around(with, &summed(lines, &both, compared), "")],
            DOT,
        )
    } else {
        let loads = around("load", &summed(lines, &loads, sum_of_loads), "");
        joined(
            [loads, around("load", &summed(lines, &plans, sum_of_plans), "")],
            DOT,
        )
    };
    let hours: Vec<f64> = done.iter().map(|(_, done)| done.secs).collect();
    let time = summed(lines, &done, |done| Done::all_of(&done).time());
    let rounded = match hours.iter().sum::<f64>() {
        sum if hours.len() > 1 && !add_up(hours, sum) => ROUNDED,
        _ => "",
    };
    let parts = joined([by_load, around("time", &time, "")], DOT);
    if parts.is_empty() && !(loads.is_empty() && plans.is_empty() && done.is_empty()) {
        return "Together: no sum, each of load, planned load and time is known of one athlete at most."
            .to_owned();
    }
    let mut windows = lines
        .iter()
        .filter_map(|line| Some(line.figures.as_ref()?.window));
    let first = windows.next();
    let what = if windows.all(|window| Some(window) == first) {
        "Together:"
    } else {
        "Together (not all of the same days):"
    };
    joined([around(what, &parts, "").as_str(), rounded], ". ")
}

/// The athletes who have a figure, and the figure.
fn having<'a, T>(lines: &'a [Line<Totals>], figure: impl Fn(&'a Totals) -> Option<T>) -> Vec<(&'a str, T)> {
    let figure = |line: &'a Line<Totals>| Some((line.id.as_str(), figure(line.figures.as_ref()?)?));
    lines.iter().filter_map(figure).collect()
}

/// `1230 of 2 athletes (not Jack Nguyen)`: the sum of the figures of those who have one; empty for fewer than two.
fn summed<T: Clone>(lines: &[Line<Totals>], figures: &[(&str, T)], sum: impl Fn(Vec<T>) -> String) -> String {
    const NAMED: usize = 3;
    if figures.len() < 2 {
        return String::new();
    }
    let others = lines
        .iter()
        .filter(|line| figures.iter().all(|(id, _)| line.id != *id));
    let others: Vec<&str> = others.map(|line| line.name.as_str()).collect();
    joined(
        [
            sum(figures.iter().map(|(_, figure)| figure.clone()).collect()),
            format!("of {} athletes", figures.len()),
            in_brackets(&named("not", &listed(&others, NAMED))),
        ],
        " ",
    )
}

/// Whether the load is the model's, and some activities have no time that can be read.
fn counts_more_load_than_time(line: &Line<Totals>) -> bool {
    let done = line.figures.as_ref().and_then(|own| own.done);
    line.shown.fitness && done.is_some_and(|done| done.closed > 0)
}

/// The meaning of the columns shown.
fn notes(lines: &[Line<Totals>], window: Range) -> Vec<String> {
    let all: Vec<&Totals> = lines.iter().filter_map(|line| line.figures.as_ref()).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut columns = Vec::new();
    let done = all.iter().any(|own| own.load.is_some());
    let planned = all.iter().any(|own| own.plan.is_some());
    let until = units::date(window.newest);
    let is_past = lines.iter().all(|line| {
        let own = line.today.zip(line.figures.as_ref());
        own.is_none_or(|(today, own)| own.window.newest < today)
    });
    let planned_until = format!("planned to {until}");
    let (done_words, planned_words) = if is_past {
        ("done", "planned")
    } else {
        ("done up to today", planned_until.as_str())
    };
    columns.extend(about_load("load", [(done, done_words), (planned, planned_words)]));
    if lines.iter().any(counts_more_load_than_time) {
        columns.push("load counts activities that cannot be read, time does not".to_owned());
    }
    if all.iter().any(|own| own.perhaps_one.is_some()) {
        columns.push("recorded twice: load, activities, time, CTL and ATL count each recording".to_owned());
    }
    if all.iter().any(|own| own.lacks_plans()) {
        columns.push(
            "unknown: what is planned, and so form and CTL after today, without the calendar (see left out)"
                .to_owned(),
        );
    }
    columns.extend(about_ctl(all.iter().filter_map(|own| own.load)));
    if lines.iter().any(|line| !as_of_end(line).is_empty()) {
        columns.push("as of: the day of form and CTL".to_owned());
    }
    if all.iter().any(|own| own.held == Held::Projected) {
        let except = if all
            .iter()
            .any(|own| own.held == Held::Projected && own.to_come.is_some())
        {
            ", except what the form says it is without"
        } else {
            ""
        };
        columns.push(format!(
            "projected: {until}, if all that is planned is done{except}"
        ));
    }
    columns.extend(about_bases(lines.iter().filter_map(|line| {
        let own = line.figures.as_ref().filter(|own| own.standing.is_some())?;
        Some((own.held, as_of_end(line)))
    })));
    if all
        .iter()
        .any(|own| own.sleep.is_some() || own.hrv.is_some() || own.resting_hr.is_some() || own.sdnn.is_some())
    {
        columns.push(
            "sleep, HRV, resting HR: means of these days, without today until its values are in".to_owned(),
        );
    }
    let mut notes: Vec<String> = rows::sentences(&columns).into_iter().collect();
    notes.extend(about_undone(lines.iter().flat_map(|line| {
        let own = line.figures.iter().filter_map(|own| own.undone.as_ref());
        own.flatten().map(|planned| (line.shown, planned))
    })));
    notes.extend(about_absences(lines.iter().filter_map(|line| {
        let own = line.figures.as_ref()?;
        Some((line.name.as_str(), own.plan.is_some(), own.absences_from))
    })));
    notes.push(answer::MAY_BE_GARMIN.to_owned());
    notes
}
