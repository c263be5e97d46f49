//! get_training_summary: volume, load, calories and zones by sport and by week, against the period before and the plan.
//!
//! One request (`GET /athlete/{id}/activities` over both periods), or two where these are far apart; with `include: planned` one
//! for the calendar, and one more for absences that began before, where something planned was not done.
//! If every activity of the range is closed by Strava, one more: `GET /athlete/{id}/athlete-summary`, with intervals.icu's
//! own sums.

mod by_sport;
mod by_week;
#[cfg(test)]
mod tests;
mod upstream_weeks;
mod zones;

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde_json::{Map, Value};

use self::by_sport::Change;
use super::{
    Answer, Run, Tool,
    activities::{self, Figure},
    answer::{
        self,
        units::{self, positive},
        words::{in_brackets, joined, with_unit},
    },
    arguments::{Arguments, Detail, Range, Span},
    earlier::earlier,
    params::{Param, words_of},
    part::{Part, Source, settle},
    planned::{self, Planning},
    sums::{self, Sum},
    zone_base::{BASES, Base},
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Activity, Event, weeks::WeekSummary},
    permissions,
    tool_error::ToolError,
    training::weeks,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_TRAINING_SUMMARY,
    description: "Training summed by sport and by week: activities, time, distance, elevation gain, load, average IF, \
        calories, time in zones, easy/moderate/hard, Foster monotony and strain; against the period before. Default: \
        this week so far and the 4 whole weeks before: 29 to 35 days; give dates to compare athletes.",
    params: PARAMS,
    requests: "1–4",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 28,
    ahead: 0,
    longest: 731,
};
/// Said where periods are compared without the calendar, which would tell those of the period before.
const HOW_TO_READ_ABSENCES: &str = "absences: include=planned";
/// Said of a period before that is too early to read them with the range's own.
const ABSENCES_NOT_READ: &str = "absences not read";
/// Whole weeks before this week.
const WEEKS: u64 = 4;

const FIELDS: &[&str] = &[
    "type",
    "name",
    "moving_time",
    "distance",
    "icu_distance",
    "total_elevation_gain",
    "min_altitude",
    "max_altitude",
    "icu_training_load",
    "pace_load",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "icu_intensity",
    "calories",
    "icu_zone_times",
    "icu_hr_zone_times",
    "pace_zone_times",
    "gap_zone_times",
    "use_gap_zone_times",
    "tiz_order",
    "device_name",
    "elapsed_time",
    "pool_length",
    "sub_type",
    "paired_event_id",
    "start_date",
];
/// What is named if no row has it.
const RECORDED: &[Figure] = &[
    ("time", |row| positive(row.moving_time)),
    ("load", |row| row.load()),
    ("IF", |row| positive(row.icu_intensity)),
];

const PARAMS: &[Param] = &[
    Param::oldest("Monday 4 weeks back"),
    Param::newest("today"),
    Param::sport("ride, run, swim, ski or row for all kinds of it, or one exact type"),
    Param::words(
        "include",
        &["planned"],
        "planned: adds planned load, time and targets by week",
    ),
    Param::text(
        "compare",
        40,
        "previous (default: as long, just before; whole weeks back from a Monday), last_year, 2026-01-01..2026-03-31 or none",
    ),
    Param::word(
        "zones",
        &words_of(&BASES),
        "By what zones are split. Default: as the athlete prefers for each sport",
    ),
    Param::detail("each exact type, zones by each base recorded, change by sport"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    range: Range,
    /// Says so if it was asked to go on.
    cut: String,
    /// The period before, if it is compared.
    before: Option<Range>,
    sport: Option<&'static [&'static str]>,
    planned: bool,
    zones: Option<Base>,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let sport = arguments.sport()?;
        let (range, cut) = if arguments.has_range() {
            arguments.range_to_today(SPAN)?
        } else {
            let range = Range {
                oldest: weeks::back(weeks::monday(today), 7 * WEEKS),
                newest: today,
            };
            (range, String::new())
        };
        let before = match arguments.text("compare")? {
            Some(word) if !word.eq_ignore_ascii_case("previous") => earlier(&word, range, SPAN.longest)?,
            _ => before(range),
        };
        Ok(Self {
            range,
            cut,
            before: before.filter(|_| range.oldest <= today),
            sport,
            planned: arguments.includes("planned")?,
            zones: arguments.word("zones", &BASES)?,
            detail: arguments.detail()?,
        })
    }

    fn wants(&self, activity: &Activity) -> bool {
        activity.is_of(self.sport)
    }

    /// The days of one request for both periods; of two, where more than a month between them was not asked for.
    fn to_read(&self) -> (Range, Option<Range>) {
        const BETWEEN: i64 = 31;
        let gap = |before: Range| (self.range.oldest - before.newest).num_days();
        match self.before {
            Some(before) if gap(before) > BETWEEN => (self.range, Some(before)),
            before => {
                let (now, before) = (self.range, before.unwrap_or(self.range));
                let both = Range {
                    oldest: now.oldest.min(before.oldest),
                    newest: now.newest.max(before.newest),
                };
                (both, None)
            }
        }
    }
}

/// The period of the same length before. A range that begins on a Monday is shifted by whole weeks, so that each weekday is
/// compared with the same one and this week so far with the same part of a week.
fn before(range: Range) -> Option<Range> {
    let days = range.days();
    let shift = if weeks::monday(range.oldest) == range.oldest {
        (days + 6) / 7 * 7
    } else {
        days
    };
    let shift = Days::new(shift.unsigned_abs());
    Some(Range {
        oldest: range.oldest.checked_sub_days(shift)?,
        newest: range.newest.checked_sub_days(shift)?,
    })
}

/// What is shown of weeks whose activities are all closed.
const OWN_SUMS: &str = "intervals.icu's own sums by sport and week";

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let (range, apart) = asked.to_read();
    let query = range.activities(FIELDS);
    let (activities, before, planned) = tokio::join!(
        upstream.activities(&query),
        async {
            match apart.map(|before| before.activities(FIELDS)) {
                Some(query) => upstream.activities(&query).await,
                None => Ok(Vec::new()),
            }
        },
        planned::fetch(upstream, card, asked.planned, asked.range, today)
    );
    let mut activities = activities?;
    activities.extend(before?);
    let wanted = (asked.range, asked.sport);
    let (planned, not_read) =
        planned::with_earlier_absences(upstream, planned?, &activities, wanted, today).await?;
    let found = activities::of_range(&activities, Some(asked.range));
    let closed = !found.is_empty() && found.iter().all(|activity| activity.is_closed_by_strava());
    // Years of activities take several pages; a call keeps to four requests.
    let own_sums = if !closed {
        Part::NotAsked
    } else if upstream.requests() < super::MOST_REQUESTS {
        let sums = upstream.weeks(asked.range.oldest, asked.range.newest).await;
        settle(OWN_SUMS, Source::Other, sums)?
    } else {
        Part::Missing(format!("{OWN_SUMS} left out: use a shorter range."))
    };
    let known = own_sums.got().map(Vec::as_slice);
    let answer = render(card, today, &asked, &activities, &planned, known);
    Ok(answer.and([not_read, own_sums.missing()]))
}

/// The wanted activities that can be read, and how many cannot.
fn readable<'a>(found: &[&'a Activity], asked: &Asked) -> (Vec<&'a Activity>, usize) {
    let stubs = found
        .iter()
        .filter(|activity| activity.is_stub() && activity.may_be_of(asked.sport))
        .count();
    let rows = found
        .iter()
        .copied()
        .filter(|activity| !activity.is_stub() && asked.wants(activity))
        .collect();
    (rows, stubs)
}

fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    activities: &[Activity],
    planned: &Part<Vec<Event>>,
    own_sums: Option<&[WeekSummary]>,
) -> Answer {
    let full = asked.detail == Detail::Full;
    let found = activities::of_range(activities, Some(asked.range));
    let (rows, stubs) = readable(&found, asked);
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            asked.cut.clone(),
            weeks_of(asked.range, today),
            asked.sport.map_or_else(String::new, answer::sports_in_short),
            sums::activities(rows.len(), stubs),
        ],
    )];
    let plans = planned.got();
    let plans =
        plans.map(|events| planned::by_week(events, activities, asked.range, today, asked.sport, card.units));
    let until = planned::until(asked.range, today);
    let of_upstream = own_sums
        .map(|own| upstream_weeks::tables(own, &found, asked, plans.as_ref(), (until, today), card.units))
        .unwrap_or_default();
    let all = Sum::of(rows.iter().copied());
    let mut notes: Vec<String> = Vec::new();
    let by_sport = sums::by_sport(rows.iter().copied(), full);
    let compared = changes(&by_sport, &all, asked, activities, card, (plans.as_ref(), today));
    if !rows.is_empty() {
        let year = asked.range.newest.year();
        blocks.push(by_sport::table(&by_sport, &all, stubs, (card.units, year)));
        blocks.push(compared);
        let zones = zones::lines(&rows, asked.zones, asked.detail);
        if !zones.is_empty() {
            notes.push(zones::note(&rows, asked.zones));
        }
        blocks.extend(zones);
        blocks.push(zones::left_out(&rows, asked.zones, asked.detail));
    } else if of_upstream.is_empty() {
        blocks.push(nothing(card, today, asked, stubs));
        // What was stopped is seen by what was before.
        blocks.push(compared);
    }
    let has_plans = plans.as_ref().is_some_and(Planning::is_some);
    if !rows.is_empty() || (has_plans && of_upstream.is_empty()) {
        let of_range: Vec<&Activity> = found
            .iter()
            .copied()
            .filter(|activity| activity.may_be_of(asked.sport))
            .collect();
        blocks.extend(by_week::table(&of_range, plans.as_ref(), asked, today));
    }
    let has_own_sums = !of_upstream.is_empty();
    blocks.extend(with_their_days(of_upstream, asked.range, today));
    if plans.is_some() && until > asked.range.newest {
        blocks.push("Planned load and time of this week are those to Sunday.".to_owned());
    }
    blocks.push(planned.missing());
    let can_look = card.shows(&permissions::GET_TRAINING_HISTORY);
    blocks.extend(plans.iter().flat_map(|plans| plans.notes(true, can_look)));
    if !times_add_up(&rows, plans.as_ref(), asked) {
        notes.push(sums::ROUNDED.to_owned());
    }
    if all.intensities.len() > 1 {
        notes.insert(
            0,
            "avg IF is a time-weighted root mean square, by IcuSync.".to_owned(),
        );
    }
    blocks.push(notes.join(" "));
    blocks.push(activities::not_recorded(&rows, RECORDED));
    let open: Vec<&Activity> = found.iter().copied().filter(|row| !row.is_stub()).collect();
    blocks.push(activities::overlaps(&open, |row| asked.wants(row)));
    if asked.sport.is_some() {
        blocks.push(activities::without_a_sport(&found));
    }
    let stubs: Vec<&Activity> = found
        .iter()
        .copied()
        .filter(|row| row.may_be_of(asked.sport))
        .collect();
    let closed = stubs.iter().filter(|row| row.is_closed_by_strava()).count();
    blocks.push(about_closed(card, closed, asked.sport.is_some(), has_own_sums));
    blocks.push(activities::about_empty(&stubs));
    blocks.push(answer::garmin_line(rows.iter().map(|row| row.origin())));
    Answer::of(blocks)
}

/// Tables of whole weeks, after the days that they are of where those are more than were asked for.
fn with_their_days(tables: Vec<String>, range: Range, today: NaiveDate) -> Vec<String> {
    let covered = Range {
        oldest: weeks::monday(range.oldest),
        newest: weeks::sunday(range.newest).min(today),
    };
    let mut blocks = Vec::new();
    if !tables.is_empty() && covered.days() > range.days() {
        blocks.push(format!(
            "Whole weeks {}, not only the days asked for:",
            covered.in_words()
        ));
    }
    blocks.extend(tables);
    blocks
}

/// Whether times as shown add up: those of the sports and of the weeks to all, and the parts of what is planned.
fn times_add_up(rows: &[&Activity], plans: Option<&Planning>, asked: &Asked) -> bool {
    let all = Sum::of(rows.iter().copied());
    let sports = sums::by_sport(rows.iter().copied(), asked.detail == Detail::Full);
    let mut weeks: BTreeMap<NaiveDate, Sum> = BTreeMap::new();
    for row in rows {
        if let Some(day) = row.day() {
            weeks.entry(weeks::monday(day)).or_default().add(*row);
        }
    }
    sums::rounded(&sports, &all, false).is_empty()
        && sums::add_up(weeks.values().map(|sum| sum.secs), all.secs)
        && plans.is_none_or(Planning::times_add_up)
}

/// `28 days: 4 whole weeks`, `34 days: 4 whole weeks and Mon to Sat`, on a Sunday `35 days: 4 whole weeks and this week so
/// far`; empty for a range that is not made of weeks.
fn weeks_of(range: Range, today: NaiveDate) -> String {
    if weeks::monday(range.oldest) != range.oldest || range.days() < 7 {
        return String::new();
    }
    // Today's week is not over, even on its last day.
    let is_open = range.newest == today && range.days() % 7 == 0;
    let whole = usize::try_from(range.days() / 7).unwrap_or(0) - usize::from(is_open);
    let rest = match range.days() % 7 {
        0 if is_open => "this week so far".to_owned(),
        0 => String::new(),
        1 => "Mon".to_owned(),
        _ => range.newest.format("Mon to %a").to_string(),
    };
    let whole = match whole {
        0 => String::new(),
        whole => answer::counted(whole, "whole week", "whole weeks"),
    };
    format!(
        "{}: {}",
        answer::counted_days(range.days()),
        joined([whole, rest], " and ")
    )
}

/// What compares with the period before: all sports together and the first of them, each one with `detail: full`. What makes it differ
/// from the range stands beside its days: `14 Sep – 17 Oct 2026 (holiday 12–18 Oct; today is not over)`.
fn changes(
    by_sport: &[(String, Sum)],
    all: &Sum,
    asked: &Asked,
    activities: &[Activity],
    card: &AthleteCard,
    (plans, today): (Option<&Planning>, NaiveDate),
) -> String {
    const SPORTS: usize = 3;
    let Some(before) = asked.before else {
        return String::new();
    };
    let full = asked.detail == Detail::Full;
    let (rows, stubs) = readable(&activities::of_range(activities, Some(before)), asked);
    if by_sport.is_empty() && (rows.is_empty() || asked.range.oldest > today) {
        return String::new();
    }
    let first_read = planned::read_from(asked.range);
    let absences = match plans {
        Some(plans) => {
            let known = plans.absences(before.oldest, before.newest, today);
            let unread = if before.oldest >= first_read {
                String::new()
            } else if before.newest >= first_read {
                format!("absences not read before {}", units::date(first_read))
            } else if known.is_empty() {
                ABSENCES_NOT_READ.to_owned()
            } else {
                "other absences not read".to_owned()
            };
            joined([known, unread], ", ")
        }
        None if asked.planned || !card.shows(&permissions::GET_EVENTS) => String::new(),
        None if before.newest < first_read => ABSENCES_NOT_READ.to_owned(),
        None => HOW_TO_READ_ABSENCES.to_owned(),
    };
    let lengths = (asked.range.days(), before.days());
    // Of a leap year, a day more is none that a change would show.
    let as_long = (lengths.0 - lengths.1).abs() * 100 <= lengths.0;
    let mut days = lengths_in_words(asked.range, before);
    let when = |days: &str, open: &str| {
        with_unit(
            before.in_words(),
            &in_brackets(&joined([days, &absences, open], "; ")),
        )
    };
    if rows.is_empty() {
        let none = match stubs {
            0 => "no activity".to_owned(),
            _ => format!(
                "no activity that can be read ({})",
                sums::with_unreadable(0, stubs)
            ),
        };
        return format!("Before, {}: {none}.", when(&days, ""));
    }
    if !as_long {
        days.push_str(", so without changes");
    }
    let then = sums::by_sport(rows.iter().copied(), full);
    let found = activities::of_range(activities, Some(asked.range));
    let closed = (readable(&found, asked).1, stubs);
    let readable = closed == (0, 0);
    let (all_before, nothing) = (Sum::of(rows.iter().copied()), Sum::default());
    let of = |name, now, before| Change {
        name,
        now,
        before,
        closed: (0, 0),
    };
    let mut rows = Vec::new();
    if by_sport.len() > 1 || then.len() > 1 || !readable {
        let all = of(by_sport::ALL, all, &all_before);
        rows.push(Change { closed, ..all });
    }
    let sum_in = |sums: &'_ [(String, Sum)], name: &str| sums.iter().position(|(own, _)| own == name);
    let gone = then.iter().filter(|(name, _)| sum_in(by_sport, name).is_none());
    let gone = gone.map(|(name, sum)| of(name.as_str(), &nothing, sum));
    let both = by_sport.iter().map(|(name, sum)| {
        let earlier = sum_in(&then, name).map_or(&nothing, |at| &then[at].1);
        of(name.as_str(), sum, earlier)
    });
    let mut sports: Vec<Change<'_>> = both.chain(gone).collect();
    let more = sports
        .len()
        .saturating_sub(if full { usize::MAX } else { SPORTS });
    sports.truncate(sports.len() - more);
    rows.extend(sports);
    let open = reservations(asked.range.newest == today, as_long && !readable);
    let changes = by_sport::changes(&rows, readable && as_long, card.units);
    let more = match more {
        0 => String::new(),
        count => format!(
            "\n… {}: use detail=full.",
            answer::counted(count, "more sport", "more sports")
        ),
    };
    let ago = if before.oldest.checked_add_months(Months::new(12)) == Some(asked.range.oldest) {
        "a year before"
    } else {
        "before"
    };
    format!("Now / {ago}, {}:{changes}{more}", when(&days, &open))
}

/// How a period before differs in its days: `365 days against 366`, `by whole weeks` where it does not end just before the range.
fn lengths_in_words(range: Range, before: Range) -> String {
    let between = (range.oldest - before.newest).num_days();
    if range.days() != before.days() {
        format!("{} against {}", answer::counted_days(before.days()), range.days())
    } else if (2..=7).contains(&between) && weeks::monday(before.oldest) == before.oldest {
        "by whole weeks".to_owned()
    } else {
        String::new()
    }
}

/// Why a comparison is not yet the last word, and why it has no changes.
fn reservations(is_open: bool, hides_some: bool) -> String {
    let parts = [
        (
            hides_some,
            "without changes: what is unreadable may be of any sport",
        ),
        (is_open, "today is not over"),
    ];
    joined(
        parts.into_iter().filter(|(is, _)| *is).map(|(_, words)| words),
        "; ",
    )
}

fn nothing(card: &AthleteCard, today: NaiveDate, asked: &Asked, stubs: usize) -> String {
    if asked.range.oldest > today {
        return activities::nothing_yet(card, today);
    }
    activities::none(asked.sport.is_some(), stubs).to_owned()
}

/// What is closed by Strava, and where it is counted; `has_own_sums`: all of it, in intervals.icu's own sums.
fn about_closed(card: &AthleteCard, stubs: usize, narrowed: bool, has_own_sums: bool) -> String {
    let how = activities::STRAVA_CLOSES;
    let count = answer::counted(stubs, "activity", "activities");
    let of_any = if narrowed { ", of whatever sport" } else { "" };
    match (stubs, has_own_sums) {
        (0, _) => String::new(),
        (_, true) => format!(
            "Closed by Strava: {count}{of_any}, so the sums are intervals.icu's own, of whole weeks and of this week so far, \
             without zones and without the period before. {how}"
        ),
        (_, false) => {
            let elsewhere = if card.shows(&permissions::GET_FITNESS) {
                ", but in get_fitness"
            } else {
                ""
            };
            format!("Closed by Strava: {count}{of_any}; not in the sums here{elsewhere}. {how}")
        }
    }
}
