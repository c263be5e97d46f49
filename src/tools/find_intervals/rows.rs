//! The answer: the reference, a table of sets newest first, and what could not be compared.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{
    Asked, Found, Wanted,
    sets::{Metric, NoSets, Set, sets_of},
    subject,
    table::{Row, Table, is_as_long, is_indoors, meter, threshold},
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::model::{ActivityDetail, InShort},
    text::clean,
    tools::{
        Answer,
        answer::{
            self,
            cut::Cut,
            sport_units::SportUnits,
            units,
            words::{Line, counted, listed, not_recorded},
        },
        one_activity,
    },
};

/// The set that the others are compared with, and the other sets of its activity.
pub(super) struct Reference<'a> {
    pub(super) set: &'a Set<'a>,
    pub(super) others: Vec<&'a Set<'a>>,
}

/// The units of distance where no activity decides.
pub(super) fn units_of(wanted: &Wanted, units: Units) -> SportUnits {
    let first = wanted.sports.and_then(|sports| sports.first());
    SportUnits::of(first.copied().unwrap_or("Run"), units)
}

/// `3× 0:12:00 · 224 W · 91 % of FTP`
fn in_words(set: &Set<'_>) -> String {
    let of = match set.metric {
        Metric::Power => "% of FTP",
        Metric::Pace => "% of threshold pace",
        Metric::HeartRate => "% of LTHR",
    };
    let line = Line::new().words(set.in_short());
    match set.metric {
        Metric::Power => line.figure("", units::whole(set.value()), "W"),
        Metric::Pace => line.words(set.own.speed(set.value())),
        Metric::HeartRate => line.figure("HR", units::whole(set.value()), ""),
    }
    .figure("", units::whole(set.percent()), of)
    .text()
}

/// The answer where the activity has sets, but none of the length or intensity that were named.
pub(super) fn none_like_that(
    card: &AthleteCard,
    today: NaiveDate,
    like: &ActivityDetail,
    sets: &[Set<'_>],
) -> Answer {
    let all: Vec<String> = sets.iter().map(in_words).collect();
    Answer::of([
        one_activity::first_line(card, today, like),
        format!(
            "None of its sets has this length, intensity and number of repetitions. It has: {}.",
            listed(&all, 8)
        ),
    ])
}

/// Everything.
pub(super) fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    wanted: &Wanted,
    reference: Option<&Reference<'_>>,
    found: &Found,
) -> Answer {
    let mut near = Vec::new();
    let mut auto_laps = 0;
    let mut rows: Vec<Row<'_>> = Vec::new();
    for detail in &found.read {
        let sets = match sets_of(detail, wanted.metric(), card.units) {
            Ok(sets) => sets,
            Err(why) => {
                auto_laps += usize::from(why == NoSets::AutoLaps);
                continue;
            }
        };
        for set in sets {
            if wanted.takes(&set) {
                let day = detail.activity.day();
                rows.push(Row {
                    set,
                    day,
                    is_reference: false,
                });
            } else if wanted.has_length(&set) {
                near.push(set);
            }
        }
    }
    let others = rows.len();
    let activities: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.set.detail.activity.id.as_deref())
        .collect();
    let activities = activities.len();
    if let Some(reference) = reference {
        rows.push(Row {
            set: reference.set.clone(),
            day: reference.set.detail.activity.day(),
            is_reference: true,
        });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.set.detail.activity.start_date_local));
    let cut = Cut::by_days(asked.limit, &rows, |row| row.day);
    let mut shown = cut.shown.to_vec();
    // The reference is always there, even outside the range and beyond the cut.
    shown.extend(cut.left.iter().filter(|row| row.is_reference).cloned());
    let left: Vec<&Row<'_>> = cut.left.iter().filter(|row| !row.is_reference).collect();

    let sets = counted(others, "set", "sets");
    let count = match reference {
        Some(_) => format!(
            "{} in {}",
            counted(others, "other set", "other sets"),
            counted(activities, "activity", "activities")
        ),
        None => format!("{sets} in {}", counted(activities, "activity", "activities")),
    };
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            subject(card, wanted, reference.map(|one| one.set.detail)),
            asked.range.in_words(),
            asked.to_today.clone(),
            count,
        ],
    )];
    if let Some(reference) = reference {
        blocks.extend(about(card, reference, wanted));
    }
    if others == 0 {
        blocks.push(nothing(found, &near));
    }
    for metric in METRICS {
        let of = shown.iter().filter(|row| row.set.metric == metric);
        let of: Vec<Row<'_>> = of.cloned().collect();
        if let Some(against) = against(&of) {
            blocks.push(Table::new(&of, against).text(&of, asked.detail));
        }
    }
    blocks.push(more(&left, found));
    if shown.len() > 1 {
        blocks.push(totals(&shown, reference.is_some()));
        blocks.extend(caveats(&shown));
        if wanted.intensities.is_empty() {
            blocks.push("No intensity was named, so easy and hard sets stand side by side.".to_owned());
        }
    }
    if auto_laps > 0 {
        blocks.push(format!(
            "{} with laps of that length left out: auto-laps of the device are no intervals.",
            counted(auto_laps, "activity", "activities")
        ));
    }
    blocks.extend(unsearched(found, asked));
    blocks.push(answer::garmin_line(
        shown.iter().map(|row| row.set.detail.activity.origin()),
    ));
    Answer::of(blocks)
}

/// Which set is the reference, which others there are, and what counts as like it.
fn about(card: &AthleteCard, reference: &Reference<'_>, wanted: &Wanted) -> Vec<String> {
    let set = reference.set;
    let id = clean(set.detail.activity.id.as_deref().unwrap_or_default(), 24);
    let repeated: Vec<String> = reference
        .others
        .iter()
        .filter(|other| other.reps() > 1)
        .map(|other| in_words(other))
        .collect();
    let which = if repeated.is_empty() {
        "its only set".to_owned()
    } else {
        format!(
            "the hardest of its {} (time × intensity⁴); others, with length to choose one: {}",
            counted(repeated.len() + 1, "set", "sets"),
            listed(&repeated, 5)
        )
    };
    let hard: Vec<String> = wanted
        .intensities
        .iter()
        .map(|one| match one.scale {
            super::wanted::Scale::OfThreshold => format!("{} of its day", one.in_words(card.units)),
            _ => one.in_words(card.units),
        })
        .collect();
    let length = wanted
        .length
        .map(|length| length.in_words(&set.own))
        .unwrap_or_default();
    vec![
        format!("Reference: {} in {id}, {which}.", in_words(set)),
        format!(
            "Like it: at least {} × {length} at {}.",
            wanted.reps,
            hard.join(" or ")
        ),
    ]
}

/// Why there is no row.
fn nothing(found: &Found, near: &[Set<'_>]) -> String {
    if found.read.is_empty() {
        return "No activity with such intervals.".to_owned();
    }
    let read = counted(found.read.len(), "activity was read", "activities were read");
    if near.is_empty() {
        return format!("No such set: {read}, and none has one of this length and number of repetitions.");
    }
    let mut all: Vec<String> = near.iter().map(in_words).collect();
    all.dedup();
    format!(
        "No such set: {read}; of this length there are, at other intensities: {}.",
        listed(&all, 5)
    )
}

/// What sets are measured by, a table each.
const METRICS: [Metric; 3] = [Metric::Power, Metric::Pace, Metric::HeartRate];

/// The row that the others of a table are compared with: the reference, otherwise the oldest. None for an empty table.
fn against<'a, 'b>(rows: &'b [Row<'a>]) -> Option<&'b Row<'a>> {
    let reference = rows.iter().find(|row| row.is_reference);
    reference.or_else(|| rows.last())
}

/// What a model would otherwise add up, and what the changes are against.
fn totals(rows: &[Row<'_>], is_like: bool) -> String {
    let reps: usize = rows.iter().map(|row| row.set.reps()).sum();
    let secs: f64 = rows.iter().map(|row| row.set.total_secs()).sum();
    let tables = METRICS.map(|metric| rows.iter().any(|row| row.set.metric == metric));
    let several = tables.into_iter().filter(|is| *is).count() > 1;
    let first = rows
        .iter()
        .find(|row| row.is_reference)
        .or(rows.last())
        .and_then(|row| row.day);
    let all_as_long = METRICS.iter().all(|metric| {
        let of = || rows.iter().filter(|row| row.set.metric == *metric);
        let first = of().find(|row| row.is_reference).or(of().next_back());
        first.is_none_or(|first| of().all(|row| is_as_long(&row.set, &first.set)))
    });
    let only = if all_as_long {
        ""
    } else {
        ", only of sets about as long"
    };
    let against = match (is_like, several) {
        (true, _) => format!("the reference, {}", first.map(units::date).unwrap_or_default()),
        (false, false) => format!("the oldest row, {}", first.map(units::date).unwrap_or_default()),
        (false, true) => "the oldest row of each table".to_owned(),
    };
    format!(
        "Shown: {}, {}, {} of intervals · changes are against {against}{only}.",
        counted(rows.len(), "set", "sets"),
        counted(reps, "repetition", "repetitions"),
        units::hours_minutes_seconds(secs)
    )
}

/// What makes rows hard to compare: another threshold, another power meter, indoors and outdoors, nothing recorded.
fn caveats(rows: &[Row<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    let different = |of: &dyn Fn(&Row<'_>) -> String| {
        let mut all: Vec<String> = Vec::new();
        // From the oldest to the newest.
        for text in rows.iter().rev().map(of).filter(|text| !text.is_empty()) {
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all
    };
    let by_power = |row: &Row<'_>| row.set.metric == Metric::Power;
    for metric in METRICS {
        let thresholds = different(&|row| {
            let own = Some(row).filter(|row| row.set.metric == metric);
            own.map_or_else(String::new, |row| threshold(&row.set, metric))
        });
        match thresholds.as_slice() {
            [] => {}
            [one] => lines.push(format!("In all rows: {one}.")),
            several => lines.push(format!(
                "Changed in between, oldest first: {}.",
                listed(several, 8)
            )),
        }
    }
    if rows
        .iter()
        .any(|row| by_power(row) && row.set.percent().is_none())
    {
        lines.push("% of FTP is missing where no FTP was set.".to_owned());
    }
    let meters = different(&|row| {
        if by_power(row) {
            meter(&row.set)
        } else {
            String::new()
        }
    });
    if meters.len() > 1 {
        lines.push(format!(
            "Power was measured by different devices ({}): some watts of difference may be theirs.",
            listed(&meters, 4)
        ));
    }
    let indoors = rows.iter().filter(|row| is_indoors(&row.set)).count();
    if indoors > 0 && indoors < rows.len() {
        lines.push(format!("Indoors: {indoors} of {} sets.", rows.len()));
    }
    let has_heart = |row: &Row<'_>| row.set.mean(Metric::HeartRate).is_some();
    if !rows.iter().any(has_heart) {
        lines.push(not_recorded(&["HR"]));
    }
    lines
}

/// How to get the rest.
fn more(left: &[&Row<'_>], found: &Found) -> String {
    let next = left.first().and_then(|row| row.day);
    match (next, found.left) {
        (Some(day), more) => {
            let unread = more.map_or_else(String::new, |(count, _)| {
                format!(" and {} not read yet", counted(count, "activity", "activities"))
            });
            format!(
                "… {}{unread}: use newest={day}.",
                counted(left.len(), "more set", "more sets")
            )
        }
        (None, Some((count, day))) => format!(
            "… {} that may have such intervals not read yet: use newest={day}.",
            counted(count, "older activity", "older activities")
        ),
        (None, None) => String::new(),
    }
}

/// What could not be searched.
fn unsearched(found: &Found, asked: &Asked) -> Vec<String> {
    let mut lines = Vec::new();
    let list: &[InShort] = found.list.got().map_or(&[], Vec::as_slice);
    let count = |is: fn(&InShort) -> bool| list.iter().filter(|row| is(row)).count();
    let closed = count(|row| row.is_closed);
    if closed > 0 {
        lines.push(format!(
            "Unreadable: {} of whatever sport closed to the API by Strava; the athlete can connect the device's own service to \
             intervals.icu to see future ones.",
            counted(closed, "activity", "activities")
        ));
    }
    let empty = count(|row| row.is_empty);
    if empty > 0 {
        lines.push(format!(
            "{} came without any content from intervals.icu.",
            counted(empty, "activity", "activities")
        ));
    }
    lines.push(found.list.missing());
    if let Some(reach) = found.candidates.reach {
        let day = units::date(reach);
        lines.push(match found.list.got() {
            None => format!(
                "Not searched: before {day}. intervals.icu's search gives its newest {} matches only; a narrower length or \
                 intensity, or more reps, reaches further back.",
                super::SEARCHED
            ),
            Some(_) => format!(
                "intervals.icu's search gives its newest {} matches only, here back to {day}. Before that, activities were chosen \
                 by intervals.icu's summary of their intervals ({} found); one without a summary may be missing.",
                super::SEARCHED,
                found.candidates.by_summary
            ),
        });
    }
    if list.len() >= super::LISTED
        && let Some(last) = list.last().filter(|last| last.start.date() > asked.range.oldest)
    {
        lines.push(format!(
            "The range has more than {} activities: those before {} were not looked at.",
            super::LISTED,
            units::date(last.start.date())
        ));
    }
    lines
}
