//! The rows of the table: days or weeks, newest first, with their loads in words.

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::NaiveDate;

use super::eftp::Estimate;
use crate::{
    intervals::model::{Event, positive},
    tools::{
        answer::{
            counted,
            table::Columns,
            units,
            words::{around, in_brackets, joined, named},
        },
        fitness::{Day, DoneToday, ToCome},
    },
    training::{fitness::Loads, weeks},
};

/// A day, or a week shown by its last day.
pub(super) struct Row {
    name: String,
    pub(super) day: Day,
    /// Form on the evening before: of today and later days, and of all if they are few.
    form_before: String,
    load: String,
    /// Its last day.
    pub(super) until: NaiveDate,
}

/// What the rows are made of.
pub(super) struct Days<'a> {
    /// The days to show.
    pub(super) shown: &'a BTreeMap<NaiveDate, Day>,
    /// Days that would be shown, but lack a figure: a week's load is without them.
    pub(super) lost: &'a [NaiveDate],
    /// Those and the days before, for the form of a morning.
    pub(super) all: &'a BTreeMap<NaiveDate, Day>,
    pub(super) today: NaiveDate,
    pub(super) done: DoneToday,
    /// What is still to be done today and in no row: a week's load holds it.
    pub(super) to_come: Option<ToCome>,
    /// Whether the days past show the form of their morning as well.
    pub(super) all_mornings: bool,
    /// The workouts and races from today on; empty if they are not known.
    pub(super) plan: &'a [Event],
}

impl Days<'_> {
    /// The days, newest first.
    pub(super) fn daily(&self) -> Vec<Row> {
        let row = |day: &Day| Row {
            name: units::date(day.date),
            day: *day,
            form_before: self.form_before(day.date),
            load: self.load([day], None),
            until: day.date,
        };
        self.shown.values().rev().map(row).collect()
    }

    /// The weeks, newest first.
    pub(super) fn weekly(&self) -> Vec<Row> {
        let mut by_week: BTreeMap<NaiveDate, Vec<&Day>> = BTreeMap::new();
        for day in self.shown.values() {
            by_week.entry(weeks::monday(day.date)).or_default().push(day);
        }
        let rows = by_week.into_iter().rev().filter_map(|(monday, week)| {
            Some(Row {
                name: monday.to_string(),
                day: **week.last()?,
                form_before: String::new(),
                load: self.without_lost(
                    monday,
                    self.load(week, self.to_come.filter(|_| monday == weeks::monday(self.today))),
                ),
                until: weeks::sunday(monday),
            })
        });
        rows.collect()
    }

    /// The load of a week, and how many days are not in it: `61 (1 day left out)`; `unknown` where that may be all there is.
    fn without_lost(&self, monday: NaiveDate, load: String) -> String {
        let lost = self.lost.iter().filter(|day| weeks::monday(**day) == monday);
        let lost = match lost.count() {
            0 => return load,
            count => format!("{} left out", counted(count, "day", "days")),
        };
        let known = if load.trim_end_matches(" so far") == "0" {
            "unknown"
        } else {
            &load
        };
        format!("{known} ({lost})")
    }

    /// Whether a row shows the form of its morning.
    pub(super) fn has_mornings(&self) -> bool {
        let mut shown = self.shown.keys();
        shown.any(|day| !self.form_before(*day).is_empty())
    }

    /// Whether rows of days past do not show theirs.
    pub(super) fn leaves_mornings_out(&self) -> bool {
        let first = self.shown.keys().next();
        !self.all_mornings && first.is_some_and(|day| *day < self.today)
    }

    fn form_before(&self, date: NaiveDate) -> String {
        let before = date
            .pred_opt()
            .filter(|_| date >= self.today || self.all_mornings);
        before
            .and_then(|before| self.all.get(&before))
            .map(Day::form)
            .unwrap_or_default()
    }

    /// How many of a day's workouts and races have no load.
    fn without_load(&self, day: NaiveDate) -> usize {
        let is_plan = |event: &&Event| event.is_to_do() && event.day() == Some(day);
        let plan = self.plan.iter().filter(is_plan);
        plan.filter(|event| positive(event.icu_training_load).is_none())
            .count()
    }

    /// `322`, `41 so far`, `41 + planned 43`, `75 (up to 50 planned)`, `planned 43 (1 without load)`; with what is `to_come`.
    fn load<'a>(&self, days: impl IntoIterator<Item = &'a Day>, to_come: Option<ToCome>) -> String {
        let (mut done, mut planned, mut unclear) = (None, None, String::new());
        let (mut has_today, mut without) = (false, 0);
        if let Some(to_come) = to_come {
            add(&mut planned, same(to_come.load));
            without += to_come.without_load;
        }
        for day in days {
            has_today |= day.date == self.today;
            if day.date > self.today {
                without += self.without_load(day.date);
            }
            let Some(loads) = day.loads else { continue };
            match (day.date.cmp(&self.today), self.done) {
                (Ordering::Greater, _) => add(&mut planned, loads),
                (Ordering::Equal, DoneToday::Part(part)) => {
                    add(&mut done, same(part.done));
                    if part.is_planned {
                        add(&mut planned, same(part.rest));
                    } else {
                        unclear = format!("{} in no activity", units::whole(part.rest));
                    }
                }
                (Ordering::Equal, DoneToday::Unclear { at_most, .. }) if loads.whole() > 0.0 => {
                    unclear = maybe_planned(loads, at_most);
                }
                _ => add(&mut done, loads),
            }
        }
        let done = in_words(done);
        let planned = planned_in_words(planned, without);
        if has_today && planned.is_empty() {
            return joined([around("", &done, "so far"), unclear], " + ");
        }
        joined([done, unclear, planned], " + ")
    }
}

/// `planned 90`, `planned 90 (1 without load)`, `planned: 1 without load`; empty if nothing is planned.
fn planned_in_words(loads: Option<Loads>, without: usize) -> String {
    let count = match without {
        0 => String::new(),
        _ => format!("{without} without load"),
    };
    match loads.filter(|loads| loads.whole() > 0.0) {
        Some(loads) => joined(["planned", &in_words(Some(loads)), &in_brackets(&count)], " "),
        None => named("planned:", &count),
    }
}

fn add(sum: &mut Option<Loads>, loads: Loads) {
    let sum = sum.get_or_insert_default();
    sum.ctl += loads.ctl;
    sum.atl += loads.atl;
}

fn same(load: f64) -> Loads {
    Loads { ctl: load, atl: load }
}

/// `75 (up to 50 planned)`, `75 (perhaps all planned)`
fn maybe_planned(loads: Loads, at_most: Option<f64>) -> String {
    let how_much = match at_most {
        None => "may be planned".to_owned(),
        Some(planned) if planned >= loads.whole() => "perhaps all planned".to_owned(),
        Some(planned) => format!("up to {} planned", units::whole(planned)),
    };
    format!("{} ({how_much})", in_words(Some(loads)))
}

/// `90`, `50 for CTL, 90 for ATL`
fn in_words(loads: Option<Loads>) -> String {
    let Some(loads) = loads else {
        return String::new();
    };
    let (ctl, atl) = (units::whole(loads.ctl), units::whole(loads.atl));
    if ctl == atl {
        ctl
    } else {
        format!("{ctl} for CTL, {atl} for ATL")
    }
}

/// Why the loads of these days differ; empty where they do not.
pub(super) fn why_two_loads<'a>(days: impl IntoIterator<Item = &'a Day>) -> &'static str {
    let differ = days.into_iter().filter_map(|day| day.loads);
    let differ: Vec<bool> = differ
        .filter(|loads| units::whole(loads.ctl) != units::whole(loads.atl))
        .map(|loads| loads.atl > loads.ctl)
        .collect();
    if differ.is_empty() {
        ""
    } else if differ.iter().all(|only_fatigue| *only_fatigue) {
        "On this account some sports count for fatigue (ATL) only."
    } else if differ.iter().any(|only_fatigue| *only_fatigue) {
        "On this account some sports count for CTL only, others for ATL only."
    } else {
        "On this account some sports count for fitness (CTL) only."
    }
}

pub(super) fn table(rows: &[Row], weekly: bool, estimates: &[Estimate]) -> String {
    let mut columns = Columns::<Row>::new()
        .column(if weekly { "week (Mon)" } else { "date" }, |row| row.name.clone())
        .column("at its end", |row| {
            if weekly {
                units::date(row.day.date)
            } else {
                String::new()
            }
        })
        .column("CTL", |row| row.day.ctl())
        .column("ATL", |row| row.day.atl())
        .column("form", |row| row.day.form())
        .column("form a.m.", |row| row.form_before.clone())
        .column("ramp /wk", |row| row.day.ramp())
        .column("load", |row| row.load.clone());
    for estimate in estimates {
        columns = columns.column(estimate.header(), |row| estimate.of_week(row.until));
    }
    columns.table(rows)
}
