//! A range: a row an activity, means by sport, and the second half against the first.

use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate};

use super::{
    READ, Trend,
    metrics::{METRICS, Metric, RECORDED, Subject},
};
use crate::{
    guard::AthleteCard,
    intervals::model::ActivityDetail,
    text::clean,
    tools::{
        answer::{
            self, Answer,
            table::Table,
            units,
            words::{DOT, joined, named},
        },
        arguments::{Detail, Range},
    },
    training::{
        means::{Mean, mean},
        sports::{self, Tempo},
    },
};

/// Seconds under way from which an activity enters the means: shorter ones have no steady state.
const COMPARABLE: f64 = 1200.0;
/// Values that a half needs before it is compared.
const EACH_HALF: u32 = 2;

pub(super) fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Trend,
    found: Vec<ActivityDetail>,
) -> Answer {
    let cut = found.len() >= READ;
    let oldest_read = found.iter().filter_map(|row| row.activity.day()).min();
    let range = asked.range;
    let mut stubs = 0;
    let mut seen = HashSet::new();
    let mut rows: Vec<ActivityDetail> = found
        .into_iter()
        .filter(|row| row.activity.id.as_ref().is_none_or(|id| seen.insert(id.clone())))
        .filter(|row| row.activity.day().is_some_and(|day| range.holds(day)))
        .filter(|row| {
            let stub = row.activity.is_closed_by_strava();
            stubs += usize::from(stub);
            !stub
                && row
                    .activity
                    .is_of(asked.sport.as_ref().map(|(_, sports)| *sports))
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
    let metrics: Vec<&Metric> = METRICS
        .iter()
        .filter(|metric| metric.concise || asked.detail == Detail::Full)
        .collect();
    let filled: Vec<&ActivityDetail> = rows
        .iter()
        .filter(|row| metrics.iter().any(|metric| (metric.of)(row).is_some()))
        .collect();
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            units::range(range.oldest, range.newest),
            asked
                .sport
                .as_ref()
                .map_or_else(String::new, |(word, _)| clean(word, 40)),
            format!(
                "{} with extended metrics of {}",
                filled.len(),
                answer::counted(rows.len(), "activity", "activities")
            ),
        ],
    )];
    let shown = &filled[..rows_shown(&filled, asked.limit)];
    blocks.push(table(shown, &metrics));
    blocks.push(more(&filled, shown.len(), range));
    blocks.push(by_sport(&rows, &metrics, range));
    blocks.push(recorded(&rows));
    blocks.push(missing(&rows));
    if let (true, Some(day)) = (cut, oldest_read) {
        blocks.push(format!(
            "Read: the newest {READ} activities, back to {}; for those before it ask with newest={day}",
            units::date(day)
        ));
    }
    if stubs > 0 {
        blocks.push(format!(
            "Not in it: {} that Strava's terms close to the API; connect the device's own service to intervals.icu to \
             see such ones.",
            answer::counted(stubs, "activity", "activities")
        ));
    }
    blocks.push(answer::garmin_line(
        filled.iter().map(|row| row.activity.origin()),
    ));
    Answer::of(blocks)
}

fn sport_of(row: &ActivityDetail) -> &str {
    row.activity.sport.as_deref().unwrap_or(answer::NO_SPORT)
}

fn table(rows: &[&ActivityDetail], metrics: &[&Metric]) -> String {
    let lead = ["date", "sport", "name", "time", "HR"].map(str::to_owned);
    let headers = metrics.iter().map(|metric| metric.header());
    let mut table = Table::new(lead.into_iter().chain(headers).chain(["id".to_owned()]));
    for row in rows {
        let activity = &row.activity;
        let mut cells = vec![
            row.activity.day().map_or_else(String::new, units::date),
            answer::sport(sport_of(row)),
            clean(activity.name.as_deref().unwrap_or_default(), 24),
            units::hours_minutes(activity.moving_time),
            units::whole(activity.average_heartrate),
        ];
        cells.extend(metrics.iter().map(|metric| metric.cell((metric.of)(row))));
        cells.push(clean(activity.id.as_deref().unwrap_or_default(), 24));
        table.push(cells);
    }
    table.render()
}

/// How many rows are shown: at most `limit`, whole days only, so that the next call misses none; one day at least.
fn rows_shown(rows: &[&ActivityDetail], limit: usize) -> usize {
    let parts =
        |at: usize| at == 0 || at >= rows.len() || rows[at - 1].activity.day() != rows[at].activity.day();
    let most = limit.min(rows.len());
    let down = (1..=most).rev().find(|at| parts(*at));
    down.unwrap_or_else(|| (most..=rows.len()).find(|at| parts(*at)).unwrap_or(rows.len()))
}

/// What follows the rows that are shown, by the day of the last one.
fn more(rows: &[&ActivityDetail], shown: usize, range: Range) -> String {
    let Some(day) = rows.get(shown).and_then(|row| row.activity.day()) else {
        return String::new();
    };
    format!(
        "… {} more rows: ask with oldest={} newest={day}",
        rows.len() - shown,
        range.oldest
    )
}

/// Means of each sport over the range, and of its second half against its first.
fn by_sport(rows: &[ActivityDetail], metrics: &[&Metric], range: Range) -> String {
    let mut sports: BTreeMap<&str, Vec<&ActivityDetail>> = BTreeMap::new();
    for row in rows {
        if units::sane(row.activity.moving_time).is_some_and(|secs| secs >= COMPARABLE) {
            sports.entry(sport_of(row)).or_default().push(row);
        }
    }
    // The first half has the odd day's share: 29 days are 14 and 15.
    let days = u64::try_from(range.days() / 2).unwrap_or_default();
    let Some(second) = range
        .oldest
        .checked_add_days(Days::new(days))
        .filter(|_| days > 0)
    else {
        return String::new();
    };
    let first_ends = second.pred_opt().unwrap_or(second);
    let mut table = Table::new([
        "sport".to_owned(),
        "metric".to_owned(),
        "mean".to_owned(),
        "activities".to_owned(),
        units::range(range.oldest, first_ends),
        units::range(second, range.newest),
        "change".to_owned(),
    ]);
    for (sport, rows) in &sports {
        for metric in metrics {
            let of = |wanted: &dyn Fn(NaiveDate) -> bool| {
                mean(
                    rows.iter()
                        .filter(|row| row.activity.day().is_some_and(wanted))
                        .map(|row| (metric.of)(row)),
                )
            };
            let Some(whole) = of(&|_| true).filter(|whole| whole.count > 1) else {
                continue;
            };
            let halves = (of(&|day| day < second), of(&|day| day >= second));
            let (before, after, change) = compared(metric, halves);
            table.push(vec![
                answer::sport(sport),
                metric.header(),
                metric.cell(Some(whole.value)),
                whole.count.to_string(),
                before,
                after,
                change,
            ]);
        }
    }
    if table.is_empty() {
        return String::new();
    }
    format!(
        "Means by sport of activities of 20 min or more, each counting once; halves by date (with how many), where each has \
         two:\n{}",
        table.render()
    )
}

/// Both halves and the second less the first, when both have enough values.
fn compared(metric: &Metric, halves: (Option<Mean>, Option<Mean>)) -> (String, String, String) {
    let enough = |half: Option<Mean>| half.filter(|mean| mean.count >= EACH_HALF);
    let (Some(before), Some(after)) = (enough(halves.0), enough(halves.1)) else {
        return Default::default();
    };
    let cell = |mean: Mean| format!("{} ({})", metric.cell(Some(mean.value)), mean.count);
    (
        cell(before),
        cell(after),
        units::signed(Some(after.value - before.value), metric.decimals),
    )
}

/// What only recordings have, and which activities have it.
fn recorded(rows: &[ActivityDetail]) -> String {
    const NAMED: usize = 3;
    let parts = RECORDED.iter().map(|(name, kinds)| {
        let ids: Vec<String> = rows
            .iter()
            .filter(|row| holds(row, kinds))
            .map(|row| clean(row.activity.id.as_deref().unwrap_or_default(), 24))
            .collect();
        if ids.is_empty() {
            return String::new();
        }
        let rest = if ids.len() > NAMED {
            format!(" and {} more", ids.len() - NAMED)
        } else {
            String::new()
        };
        format!("{name} in {}{rest}", ids[..ids.len().min(NAMED)].join(", "))
    });
    let parts = joined(parts, DOT);
    if parts.is_empty() {
        parts
    } else {
        format!("In recordings (ask with id and include=streams): {parts}")
    }
}

fn holds(row: &ActivityDetail, kinds: &[&str]) -> bool {
    let types = row.stream_types.as_deref().unwrap_or_default();
    types.iter().any(|own| kinds.contains(&own.as_str()))
}

/// Names once what somebody would ask for and no activity has.
fn missing(rows: &[ActivityDetail]) -> String {
    if rows.is_empty() {
        return "No activity in this range.".to_owned();
    }
    let none = |wanted: &dyn Fn(&Metric) -> bool| {
        let mut metrics = METRICS.iter().filter(|metric| wanted(metric));
        !metrics.any(|metric| rows.iter().any(|row| (metric.of)(row).is_some()))
    };
    let any_run = rows.iter().any(|row| sports::family(sport_of(row)) == "Run");
    let any_ride = rows.iter().any(|row| Tempo::of(sport_of(row)) == Tempo::Other);
    let mut missing: Vec<&str> = [
        (
            any_run && none(&|m| m.subject == Subject::Running),
            "running dynamics",
        ),
        (any_ride && none(&|m| m.name == "W′ depletion"), "W′ balance"),
        (any_ride && none(&|m| m.name == "L/R balance"), "L/R balance"),
        (none(&|m| m.name == "decoupling"), "decoupling"),
        (none(&|m| m.name == "HR recovery"), "HR recovery"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, name)| name)
    .collect();
    let told = rows.iter().any(|row| row.stream_types.is_some());
    let unseen = RECORDED
        .iter()
        .filter(|(_, kinds)| !rows.iter().any(|row| holds(row, kinds)));
    missing.extend(unseen.filter(|_| told).map(|(name, _)| *name));
    named("None recorded:", &missing.join(", "))
}
