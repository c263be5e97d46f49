//! A range: one row per activity, averages by sport, and the second half against the first.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    READ, Trend,
    metrics::{METRICS, Metric, RECORDED, Subject},
};
use crate::{
    guard::AthleteCard,
    intervals::model::{Activity, ActivityDetail},
    text::{clean, fenced},
    tools::{
        activities,
        answer::{
            self, Answer,
            cut::Cut,
            table::Columns,
            units,
            words::{self, DOT, joined, listed},
        },
        arguments::{Detail, Range},
        sums,
    },
    training::{
        means::{Mean, mean},
        sports::{self, Tempo},
    },
};

/// Minimum moving time, in seconds, of activities in the averages: shorter ones have no steady state.
const COMPARABLE: f64 = 1200.0;
/// Values that a half needs to be compared.
const EACH_HALF: u32 = 2;

pub(super) fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Trend,
    found: &[ActivityDetail],
) -> Answer {
    let capped = found.len() >= READ;
    let oldest_read = found.iter().filter_map(|row| row.activity.day()).min();
    let range = asked.range;
    let mut rows = activities::of_range(found, Some(range));
    rows.sort_by_key(|row| std::cmp::Reverse(row.activity.start_date_local));
    let stubs = rows
        .iter()
        .filter(|row| row.activity.is_closed_by_strava())
        .count();
    let sports = asked.sport.as_ref().map(|(_, sports)| *sports);
    let unknown = sports.map_or_else(String::new, |_| activities::without_a_sport(&rows));
    let activities: Vec<&Activity> = rows.iter().map(|row| &row.activity).collect();
    let empty = activities::about_empty(&activities);
    rows.retain(|row| {
        let is_stub = row.activity.is_closed_by_strava() || row.activity.is_empty_stub();
        !is_stub && row.activity.is_of(sports)
    });
    let (metrics, rarer): (Vec<&Metric>, Vec<&Metric>) = METRICS
        .iter()
        .partition(|metric| metric.concise || asked.detail == Detail::Full);
    let has = |row: &ActivityDetail, metric: &Metric| (metric.of)(row).is_some();
    let (filled, others): (Vec<&ActivityDetail>, Vec<&ActivityDetail>) = rows
        .iter()
        .partition(|row| metrics.iter().any(|metric| has(row, metric)));
    let in_full_only = others
        .iter()
        .filter(|row| rarer.iter().any(|metric| has(row, metric)))
        .count();
    let also: Vec<&str> = rarer
        .iter()
        .filter(|metric| rows.iter().any(|row| has(row, metric)))
        .map(|metric| metric.name)
        .collect();
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            range.in_words(),
            asked.cut.clone(),
            sports.map_or_else(String::new, answer::sports_in_short),
            format!(
                "{} with extended metrics{} of {}",
                filled.len() + in_full_only,
                words::only_in_full(in_full_only),
                sums::activities(rows.len(), stubs)
            ),
        ],
    )];
    let cut = Cut::by_whole_days(asked.limit, &filled, |row| row.activity.day());
    blocks.push(by_activity(cut.shown, &metrics));
    blocks.push(cut.more("row", |next| {
        let newest = next.activity.day().unwrap_or(range.newest);
        format!("use oldest={} newest={newest}", range.oldest)
    }));
    blocks.push(by_sport(&rows, &metrics, range));
    blocks.push(words::also_in_full(&also));
    blocks.push(recorded(&rows));
    blocks.push(if rows.is_empty() {
        activities::none(sports.is_some(), stubs).to_owned()
    } else {
        missing(&rows)
    });
    blocks.push(unknown);
    if let (true, Some(day)) = (capped, oldest_read) {
        blocks.push(format!(
            "Only the newest {READ} activities were read, back to {}; for earlier ones use newest={day}.",
            units::date(day)
        ));
    }
    if stubs > 0 {
        blocks.push(format!(
            "Left out: {} that Strava's terms close to the API; connect the device's own service to intervals.icu to \
             see such activities.",
            answer::counted(stubs, "activity", "activities")
        ));
    }
    blocks.push(empty);
    blocks.push(answer::garmin_line(
        filled.iter().map(|row| row.activity.origin()),
    ));
    Answer::of(blocks)
}

fn sport_of(row: &ActivityDetail) -> &str {
    row.activity.sport.as_deref().unwrap_or(answer::NO_SPORT)
}

fn by_activity(rows: &[&ActivityDetail], metrics: &[&Metric]) -> String {
    let mut columns = Columns::<&ActivityDetail>::new()
        .column("date", |row| {
            row.activity.day().map_or_else(String::new, units::date)
        })
        .column("sport", |row| answer::sport(sport_of(row)))
        .column("name", |row| {
            fenced(row.activity.name.as_deref().unwrap_or_default(), 24)
        })
        .column("time", |row| {
            units::hours_minutes(units::positive(row.activity.moving_time))
        })
        .column("HR", |row| {
            units::whole(units::positive(row.activity.average_heartrate))
        });
    for metric in metrics {
        columns = columns.column(metric.header(), |row| metric.cell((metric.of)(row)));
    }
    columns
        .column("id", |row| {
            clean(row.activity.id.as_deref().unwrap_or_default(), 24)
        })
        .table(rows)
}

/// Averages of each sport over the range, and its second half against its first.
fn by_sport(rows: &[&ActivityDetail], metrics: &[&Metric], range: Range) -> String {
    let mut sports: BTreeMap<&str, Vec<&ActivityDetail>> = BTreeMap::new();
    for row in rows {
        if units::sane(row.activity.moving_time).is_some_and(|secs| secs >= COMPARABLE) {
            sports.entry(sport_of(row)).or_default().push(row);
        }
    }
    let has_time = |row: &ActivityDetail| units::positive(row.activity.moving_time).is_some();
    let has_any = |row: &ActivityDetail| metrics.iter().any(|metric| (metric.of)(row).is_some());
    let timed = rows.iter().filter(|row| has_time(row)).count();
    let short = timed - sports.values().map(Vec::len).sum::<usize>();
    let untimed = rows.iter().filter(|row| !has_time(row) && has_any(row)).count();
    let left_out = [
        (short > 0).then(|| answer::counted(short, "shorter activity", "shorter activities")),
        (untimed > 0).then(|| {
            format!(
                "{} without a time",
                answer::counted(untimed, "activity", "activities")
            )
        }),
    ];
    let left_out = joined(left_out.into_iter().flatten(), ", ");
    let left_out = if left_out.is_empty() {
        left_out
    } else {
        format!(" ({left_out} not counted)")
    };
    // The second half has the odd day: 29 days are 14 and 15.
    let days = u64::try_from(range.days() / 2).unwrap_or_default();
    let Some(second) = range
        .oldest
        .checked_add_days(Days::new(days))
        .filter(|_| days > 0)
    else {
        return String::new();
    };
    let first_ends = second.pred_opt().unwrap_or(second);
    let mut found = Vec::new();
    for (sport, rows) in &sports {
        for &metric in metrics {
            let of = |wanted: &dyn Fn(NaiveDate) -> bool| {
                mean(
                    rows.iter()
                        .filter(|row| row.activity.day().is_some_and(wanted))
                        .map(|row| (metric.of)(row)),
                )
            };
            let whole = of(&|_| true).filter(|whole| whole.count > 1);
            found.extend(whole.map(|whole| Means {
                sport,
                metric,
                whole,
                halves: (of(&|day| day < second), of(&|day| day >= second)),
            }));
        }
    }
    let columns = Columns::<Means>::new()
        .column("sport", |row| answer::sport(row.sport))
        .column("metric", |row| row.metric.header())
        .column("average", |row| row.metric.cell(Some(row.whole.value)))
        .column("activities", |row| row.whole.count.to_string())
        .column(units::range(range.oldest, first_ends), |row| row.compared().0)
        .column(units::range(second, range.newest), |row| row.compared().1)
        .column("change", |row| row.compared().2);
    if found.is_empty() && left_out.is_empty() {
        return String::new();
    }
    if found.is_empty() {
        return format!(
            "No averages by sport: no metric is in two activities of a sport of 20 min or more{left_out}."
        );
    }
    format!(
        "Averages by sport of activities of 20 min or more{left_out}; each activity counts once; halves of the range with their \
         number of activities, where both have two:\n{}",
        columns.table(&found)
    )
}

/// The averages of a metric over a sport's activities, and over those in each half of the range.
struct Means<'a> {
    sport: &'a str,
    metric: &'a Metric,
    whole: Mean,
    halves: (Option<Mean>, Option<Mean>),
}

impl Means<'_> {
    /// Both halves, and the second minus the first as shown, if both have enough values.
    fn compared(&self) -> (String, String, String) {
        let enough = |half: Option<Mean>| half.filter(|mean| mean.count >= EACH_HALF);
        let (Some(before), Some(after)) = (enough(self.halves.0), enough(self.halves.1)) else {
            return Default::default();
        };
        let cell = |mean: Mean| format!("{} ({})", self.metric.cell(Some(mean.value)), mean.count);
        (
            cell(before),
            cell(after),
            units::change(before.value, after.value, self.metric.decimals),
        )
    }
}

/// What only recordings have, and in which activities.
fn recorded(rows: &[&ActivityDetail]) -> String {
    const NAMED: usize = 3;
    let parts = RECORDED.iter().map(|(name, kinds)| {
        let ids: Vec<String> = rows
            .iter()
            .filter(|row| has_any(row, kinds))
            .map(|row| clean(row.activity.id.as_deref().unwrap_or_default(), 24))
            .collect();
        if ids.is_empty() {
            return String::new();
        }
        format!("{name} in {}", listed(&ids, NAMED))
    });
    let parts = joined(parts, DOT);
    if parts.is_empty() {
        parts
    } else {
        format!("Only in recordings, shown with id and include=streams: {parts}.")
    }
}

fn has_any(row: &ActivityDetail, kinds: &[&str]) -> bool {
    let types = row.stream_types.as_deref().unwrap_or_default();
    types.iter().any(|own| kinds.contains(&own.as_str()))
}

/// Names once what people would ask for and no activity has.
fn missing(rows: &[&ActivityDetail]) -> String {
    let none = |wanted: &dyn Fn(&Metric) -> bool| {
        let mut metrics = METRICS.iter().filter(|metric| wanted(metric));
        !metrics.any(|metric| rows.iter().any(|row| (metric.of)(row).is_some()))
    };
    let any_run = rows.iter().any(|row| sports::family(sport_of(row)) == "Run");
    let any_ride = rows.iter().any(|row| Tempo::of(sport_of(row)) == Tempo::Other);
    let mut missing: Vec<&str> = [
        (
            any_run && none(&|m| m.subject == Subject::Running && m.name != "step"),
            "running dynamics of whole activities (with id: of laps)",
        ),
        (any_ride && none(&|m| m.name == "W′ depletion"), "W′ depletion"),
        (any_ride && none(&|m| m.name == "L/R balance"), "L/R balance"),
        (none(&|m| m.name == "decoupling"), "decoupling"),
        (none(&|m| m.name == "HR recovery"), "HR recovery"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, name)| name)
    .collect();
    let known = rows.iter().any(|row| row.stream_types.is_some());
    let unseen = RECORDED
        .iter()
        .filter(|(_, kinds)| !rows.iter().any(|row| has_any(row, kinds)));
    missing.extend(unseen.filter(|_| known).map(|(name, _)| *name));
    words::not_recorded(&missing)
}
