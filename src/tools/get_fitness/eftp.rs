//! eFTP: the FTP that intervals.icu estimates from recent efforts, by sport, as the days of the model have it (`sportInfo`).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use crate::{
    intervals::model::{Wellness, positive},
    tools::{
        answer::{
            self, units,
            words::{around, joined, sentence},
        },
        arguments::Detail,
    },
    training::weeks,
};

/// Columns of a concise answer.
const MAIN: usize = 2;

/// A sport's eFTP by day.
#[derive(Debug)]
pub(super) struct Estimate {
    sport: String,
    by_day: BTreeMap<NaiveDate, f64>,
}

/// The sports that have one, the main ones first.
#[derive(Debug, Default)]
pub(super) struct Estimates(Vec<Estimate>);

/// The sports of a day with an eFTP, and upstream's figures of each.
fn of_day(row: &Wellness) -> impl Iterator<Item = (&str, f64, &Value)> {
    let sports = row.rest.get("sportInfo").and_then(Value::as_array);
    let figures = sports.into_iter().flatten();
    figures.filter_map(|sport| Some((sport["type"].as_str()?, positive(sport["eftp"].as_f64())?, sport)))
}

impl Estimates {
    /// Those of the days up to today that are shown: a projection has none.
    pub(super) fn of(rows: &[Wellness], today: NaiveDate, shows: impl Fn(NaiveDate) -> bool) -> Self {
        let mut all: Vec<Estimate> = Vec::new();
        let days = rows.iter().rev().filter_map(|row| Some((row.id?, row)));
        for (day, row) in days.filter(|(day, _)| *day <= today && shows(*day)) {
            for (sport, eftp, _) in of_day(row) {
                let place = all.iter().position(|estimate| estimate.sport == sport);
                let place = place.unwrap_or_else(|| {
                    all.push(Estimate {
                        sport: sport.to_owned(),
                        by_day: BTreeMap::new(),
                    });
                    all.len() - 1
                });
                all[place].by_day.entry(day).or_insert(eftp);
            }
        }
        all.sort_by_key(|estimate| match estimate.sport.as_str() {
            "Ride" => 0,
            "Run" => 1,
            _ => 2,
        });
        Self(all)
    }

    /// Those that have a column, and those that only a full answer shows.
    pub(super) fn split(&self, detail: Detail) -> (&[Estimate], &[Estimate]) {
        let shown = detail.pick(MAIN, self.0.len());
        self.0.split_at(shown.min(self.0.len()))
    }
}

impl Estimate {
    /// `Ride eFTP W`
    pub(super) fn header(&self) -> String {
        format!("{} eFTP W", answer::sport(&self.sport))
    }

    /// The latest of the week with this day.
    pub(super) fn of_week(&self, day: NaiveDate) -> String {
        let mut week = self.by_day.range(weeks::monday(day)..=weeks::sunday(day));
        units::whole(week.next_back().map(|(_, eftp)| *eftp))
    }
}

/// What the columns are, and which sports have none.
pub(super) fn meaning(columns: &[Estimate], others: &[Estimate]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let others = others.iter().map(|estimate| answer::sport(&estimate.sport));
    let others = sentence("With detail=full also of", &joined(others, ", "));
    let what =
        "eFTP is the FTP that intervals.icu estimates from recent efforts, the week's latest up to today.";
    joined([what, others.as_str()], " ")
}

/// The latest of all sports up to today, with W′ and Pmax.
pub(super) fn latest(rows: &[Wellness], today: NaiveDate) -> String {
    let days = rows.iter().filter_map(|row| Some((row.id?, row)));
    let latest = days
        .filter(|(day, row)| *day <= today && of_day(row).next().is_some())
        .max_by_key(|(day, _)| *day);
    let Some((day, row)) = latest else {
        return String::new();
    };
    let sports = of_day(row).map(|(sport, eftp, figures)| {
        let joules = units::kilo(positive(figures["wPrime"].as_f64()), 1);
        let peak = units::whole(positive(figures["pMax"].as_f64()));
        let figures = [
            format!("{} eFTP {} W", answer::sport(sport), units::whole(eftp)),
            around("W′", &joules, "kJ"),
            around("Pmax", &peak, "W"),
        ];
        joined(figures, ", ")
    });
    let beginning = format!("Estimated by intervals.icu on {}:", units::date(day));
    sentence(&beginning, &joined(sports, " | "))
}
