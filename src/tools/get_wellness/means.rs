//! Weeks and months: the mean of each figure over the days that have it.

use chrono::{Datelike as _, NaiveDate};

use super::{Asked, Own, STEPS, Step};
use crate::{
    guard::Units,
    intervals::model::{Wellness, is_total},
    tools::{
        answer::{
            cut::Cut,
            table::Columns,
            units, week,
            words::{around, counted, sentence},
        },
        arguments::Range,
        day_fields::{self as fields, Field, View},
    },
    training::means::{self, Mean},
};

/// What the rows are made of.
pub(super) struct Means<'a> {
    /// The days that count: to today only if it is complete.
    pub(super) range: Range,
    /// The last day that was asked for, today at the latest.
    pub(super) until: NaiveDate,
    /// Today, if it has an entry and is in the range that was asked for.
    pub(super) today: Option<NaiveDate>,
    /// The days with entries that count, newest first.
    pub(super) days: Vec<&'a Wellness>,
    pub(super) shown: &'a [&'a Field],
    pub(super) own: &'a [Own<'a>],
    pub(super) view: &'a View,
    pub(super) units: Units,
}

/// A week or a month with entries.
struct Row<'a> {
    first: NaiveDate,
    days: Vec<&'a Wellness>,
}

impl Row<'_> {
    /// `51.0`, `60.0 (4)`: the mean, and of how many days if not of all.
    fn mean(&self, sample: impl Fn(&Wellness) -> Option<f64>, say: impl Fn(f64) -> String) -> String {
        match means::mean(self.days.iter().map(|day| sample(day))) {
            None => String::new(),
            Some(Mean { value, count }) if usize::try_from(count) == Ok(self.days.len()) => say(value),
            Some(Mean { value, count }) => format!("{} ({count})", say(value)),
        }
    }
}

impl<'a> Means<'a> {
    /// The table, and what its figures are.
    pub(super) fn blocks(&self, asked: &Asked) -> Vec<String> {
        let rows = self.rows(asked.step);
        let cut = Cut::after(asked.limit, &rows);
        let more = cut.more("row", |next| {
            let word = STEPS.iter().find(|(_, step)| *step == asked.step);
            let word = word.map_or("", |(word, _)| word);
            let newest = asked.step.last(next.first);
            format!("use oldest={} newest={newest} step={word}", self.range.oldest)
        });
        vec![
            self.columns(asked.step).table(cut.shown),
            more,
            self.meaning(),
            self.in_days_only(),
            self.empty(asked.step, rows.len()),
        ]
    }

    /// Newest first.
    fn rows(&self, step: Step) -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for &day in &self.days {
            let Some(first) = day.id.map(|date| step.first(date)) else {
                continue;
            };
            match rows.last_mut() {
                Some(row) if row.first == first => row.days.push(day),
                _ => rows.push(Row {
                    first,
                    days: vec![day],
                }),
            }
        }
        rows
    }

    fn columns(&self, step: Step) -> Columns<'_, Row<'a>> {
        let header = if step == Step::Month {
            "month"
        } else {
            "week (Mon)"
        };
        let view = self.view;
        let mut columns = Columns::<Row<'_>>::new()
            .column(header, move |row| self.name(step, row.first))
            .column("days", |row| row.days.len().to_string());
        for &field in self.shown {
            columns = columns.column(field.header(self.units), move |row| {
                row.mean(|day| field.sample(day, view), |value| field.mean(value, view))
            });
        }
        for own in self.own {
            columns = columns.column(own.name.as_str(), move |row| {
                let number = |day: &Wellness| fields::own_number(day.rest.get(own.code));
                row.mean(number, |value| units::at_most(value, 1))
            });
        }
        columns
    }

    /// `2026-11-23 (to Sat)`, `2026-11 (to 28)`
    fn name(&self, step: Step, first: NaiveDate) -> String {
        let Range { oldest, newest } = self.range;
        if step == Step::Week {
            return format!("{first}{}", week::cut(first, self.range));
        }
        let from = (first < oldest).then_some(oldest.day());
        let to = (newest < step.last(first)).then_some(newest.day());
        let cut = match (from, to) {
            (None, None) => String::new(),
            (Some(from), None) => format!(" (from {from})"),
            (None, Some(to)) => format!(" (to {to})"),
            (Some(from), Some(to)) if from == to => format!(" ({from} only)"),
            (Some(from), Some(to)) => format!(" ({from}–{to})"),
        };
        format!("{}{cut}", first.format("%Y-%m"))
    }

    fn meaning(&self) -> String {
        let today = match self.today {
            Some(today) if today > self.range.newest => " Today is not complete, and not counted.".to_owned(),
            Some(today) => {
                let row = self.days.iter().find(|row| row.id == Some(today));
                let totals = self.shown.iter().filter(|field| {
                    is_total(field.key) && row.is_some_and(|row| field.is_filled(row, self.view))
                });
                let totals: Vec<&str> = totals.map(|field| field.name).collect();
                around(" Today's", &totals.join(", "), "so far are not counted.")
            }
            None => String::new(),
        };
        if self.days.is_empty() {
            return today.trim_start().to_owned();
        }
        format!(
            "Each figure is the mean of the days that have it: in brackets how many, where fewer than the row's. Nothing is \
             summed.{today}"
        )
    }

    /// What has no mean.
    fn in_days_only(&self) -> String {
        let any = |has: &dyn Fn(&Wellness) -> bool| self.days.iter().any(|day| has(day));
        let words = self.shown.iter().filter(|field| {
            any(&|day| field.is_filled(day, self.view)) && field.mean(1.0, self.view).is_empty()
        });
        let texts = self.own.iter().filter(|own| {
            any(&|day| !fields::own_cell(day.rest.get(own.code), 9).is_empty())
                && !any(&|day| fields::own_number(day.rest.get(own.code)).is_some())
        });
        let notes = self
            .days
            .iter()
            .filter(|day| !fields::note(day, None, 1).is_empty());
        let notes = Some(notes.count()).filter(|count| *count > 0);
        let notes = notes.map(|count| counted(count, "note", "notes"));
        let there: Vec<String> = words
            .map(|field| field.name.to_owned())
            .chain(texts.map(|own| own.name.clone()))
            .chain(notes)
            .collect();
        sentence("With step=day also:", &there.join(", "))
    }

    /// How many weeks or months have no row.
    fn empty(&self, step: Step, rows: usize) -> String {
        let next = |first: &NaiveDate| step.last(*first).succ_opt();
        let all = std::iter::successors(Some(step.first(self.range.oldest)), next);
        let all = all.take_while(|first| *first <= self.until).count();
        let name = if step == Step::Month { "months" } else { "weeks" };
        // Today's entry, which does not count yet, may be the only one of its week.
        let is_alone = |today| step.first(today) > self.range.newest;
        let today = usize::from(self.today.is_some_and(is_alone));
        match all.saturating_sub(rows + today) {
            0 => String::new(),
            _ if rows == 0 => String::new(),
            empty => format!("No entries in {empty} of {all} {name}."),
        }
    }
}
