//! get_training_history: the athlete's activities, one per row, with totals by sport and week.
//!
//! One request (`GET /athlete/{id}/activities`, or `…/activities/search` for a query without dates); with
//! `include: planned` a second one for the calendar, and a third for absences that began before, where something planned was not
//! done. Totals always cover the whole range, even when rows are cut.

mod rows;
mod totals;

#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use super::{
    Answer, Run, Tool,
    activities::{self, Figure},
    answer::{
        self,
        cut::Cut,
        units::{self, positive},
        words::named,
    },
    arguments::{self, Arguments, Detail, Range, Span, TEN_YEARS},
    params::Param,
    part::{Part, not_granted},
    plan_state,
    planned::{self, Planning},
    sums,
};
use crate::{
    guard::{Ask, AthleteCard},
    intervals::model::{Activity, Event},
    permissions,
    text::{clean, fenced},
    tool_error::ToolError,
    training::weeks,
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_TRAINING_HISTORY,
    description: "Past activities, newest first: time, distance, load, intensity, power, heart rate, pace, RPE, feel, id; \
        totals by sport and by week. Default: the last 28 days. A query without dates searches all time.",
    params: PARAMS,
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 28,
    ahead: 0,
    longest: TEN_YEARS,
};
const MOST_ROWS: usize = 200;
/// Maximum hits of a search over all time.
const HITS: u32 = 200;

const FIELDS: &[&str] = &[
    "type",
    "name",
    "moving_time",
    "distance",
    "icu_distance",
    "icu_training_load",
    "icu_intensity",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "average_speed",
    "pace",
    "icu_rpe",
    "perceived_exertion",
    "feel",
    "tags",
    "device_name",
    "elapsed_time",
    "pool_length",
    "paired_event_id",
    "sub_type",
    "start_date",
];
const FULL_FIELDS: &[&str] = &[
    "type",
    "name",
    "moving_time",
    "elapsed_time",
    "distance",
    "icu_distance",
    "total_elevation_gain",
    "icu_training_load",
    "icu_intensity",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
    "average_speed",
    "pace",
    "gap",
    "decoupling",
    "calories",
    "compliance",
    "paired_event_id",
    "icu_rpe",
    "perceived_exertion",
    "session_rpe",
    "feel",
    "trainer",
    "race",
    "sub_type",
    "tags",
    "device_name",
    "pool_length",
    "start_date",
    "icu_zone_times",
    "icu_hr_zone_times",
    "pace_zone_times",
    "gap_zone_times",
    "use_gap_zone_times",
    "tiz_order",
];

/// Days of a range up to which times in zones are read: they would make the rows of many years too large for an answer.
const ZONE_DAYS: i64 = 366;
/// How many of [`FULL_FIELDS`], at its end, are about times in zones.
const ZONE_FIELDS: usize = 6;
const FULL_FIELDS_OF_YEARS: &[&str] = FULL_FIELDS.split_at(FULL_FIELDS.len() - ZONE_FIELDS).0;

/// What is named if no row has it.
const RECORDED: &[Figure] = &[
    ("time", |row| positive(row.moving_time)),
    ("load", |row| row.icu_training_load),
    ("power", |row| {
        positive(row.icu_weighted_avg_watts).or(positive(row.icu_average_watts))
    }),
    ("heart rate", |row| positive(row.average_heartrate)),
    ("RPE", |row| row.rpe()),
    ("feel", |row| row.feel),
];

const PARAMS: &[Param] = &[
    Param::oldest("28 days up to newest"),
    Param::newest("today"),
    Param::sport(
        "ride, run, swim, ski or row for all kinds of it, or one exact type such as TrailRun, WeightTraining",
    ),
    Param::text("query", 100, "Part of the name, or #tag"),
    Param::words(
        "include",
        &["planned"],
        "planned: adds planned load and targets to each week",
    ),
    Param::detail(
        "start, elapsed time, speed, average W, max HR, cadence, elevation gain, decoupling, calories, time above zone 2, \
         session RPE, device",
    ),
    Param::limit(60, MOST_ROWS),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    /// None: a search over all time.
    range: Option<Range>,
    /// Says so if it was asked to go on after today.
    cut: String,
    sport: Option<&'static [&'static str]>,
    query: Option<String>,
    planned: bool,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let query = arguments.text("query")?;
        let sport = arguments.sport()?;
        let planned = arguments.includes("planned")?;
        if planned && query.is_some() {
            return Err(arguments::wrong(
                "include",
                "must not have planned together with query: planned load goes by week",
            ));
        }
        let (range, cut) = if query.is_some() && !arguments.has_range() {
            (None, String::new())
        } else {
            let (range, cut) = arguments.range_to_today(SPAN)?;
            (Some(range), cut)
        };
        Ok(Self {
            range,
            cut,
            sport,
            query,
            planned,
            detail: arguments.detail()?,
            limit: arguments.limit()?,
        })
    }

    /// Whether a readable activity is wanted.
    fn wants(&self, activity: &Activity) -> bool {
        activity.is_of(self.sport) && self.names(activity)
    }

    /// Whether the query, if there is one, finds it. Names are searched as upstream does: for part of the name, ignoring
    /// case, or for a whole tag.
    fn names(&self, activity: &Activity) -> bool {
        match (&self.query, self.range) {
            (Some(query), Some(_)) => {
                if let Some(tag) = query.strip_prefix('#') {
                    activity
                        .tags
                        .iter()
                        .flatten()
                        .any(|own| own.eq_ignore_ascii_case(tag))
                } else {
                    let name = clean(activity.name.as_deref().unwrap_or_default(), 300);
                    name.to_lowercase().contains(&query.to_lowercase())
                }
            }
            _ => true,
        }
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    let Some(range) = asked.range else {
        let words = asked.query.as_deref().unwrap_or_default();
        let found = upstream.search_activities(words, HITS).await?;
        return Ok(render(card, today, &asked, &found, &Part::NotAsked));
    };
    let query = range.activities(match (asked.detail, range.days()) {
        (Detail::Concise, _) => FIELDS,
        (Detail::Full, ..=ZONE_DAYS) => FULL_FIELDS,
        (Detail::Full, _) => FULL_FIELDS_OF_YEARS,
    });
    let (activities, planned) = tokio::join!(
        upstream.activities_and_odd(&query),
        planned::fetch(upstream, card, asked.planned, range, today)
    );
    let (mut activities, odd) = activities?;
    let wanted = (range, asked.sport);
    let (planned, not_read) =
        planned::with_earlier_absences(upstream, planned?, &activities, wanted, today).await?;
    let withheld = withhold(card, &mut activities);
    let answer = render(card, today, &asked, &activities, &planned);
    Ok(answer.and(withheld).and([not_read, activities::odd(odd)]))
}

/// Removes what another tool shows and is not granted, and says so.
fn withhold(card: &AthleteCard, activities: &mut [Activity]) -> Option<String> {
    if card.shows(&permissions::GET_EVENTS) {
        return None;
    }
    let is_of_a_plan = |activity: &Activity| {
        (activity.is_manual() && activity.paired_event_id.is_some()) || activity.done_of_plan().is_some()
    };
    let kept = activities.iter().any(is_of_a_plan);
    activities::without_plans(activities);
    kept.then(|| not_granted("How closely plans were followed", &permissions::GET_EVENTS))
}

fn render(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    activities: &[Activity],
    planned: &Part<Vec<Event>>,
) -> Answer {
    let capped = asked.range.is_none() && u32::try_from(activities.len()).is_ok_and(|count| count >= HITS);
    let mut found = activities::of_range(activities, asked.range);
    found.sort_by(|a, b| {
        let newest_first = b.start_date_local.cmp(&a.start_date_local);
        newest_first.then_with(|| b.id.cmp(&a.id))
    });
    let narrowed = asked.sport.is_some() || asked.query.is_some();
    let stubs = found.iter().filter(|row| row.is_closed_by_strava()).count();
    let has_own_sums = stubs == found.len() && card.shows(&permissions::GET_TRAINING_SUMMARY);
    let without_a_sport = match asked.sport {
        Some(_) => activities::without_a_sport(
            &found
                .iter()
                .copied()
                .filter(|row| asked.names(row))
                .collect::<Vec<_>>(),
        ),
        None => String::new(),
    };
    // A stub may be of the sport, so it is counted; a query is for rows, and none can match.
    let mut counted = found;
    counted.retain(|row| {
        if row.is_closed_by_strava() {
            asked.query.is_none()
        } else {
            asked.wants(row)
        }
    });
    let readable = counted.iter().copied().filter(|row| !row.is_closed_by_strava());
    let readable: Vec<&Activity> = readable.collect();
    let closed = counted.len() - readable.len();
    let wanted = if narrowed { &readable } else { &counted };

    let plans = planned.got().zip(asked.range);
    let plans = plans
        .map(|(events, range)| planned::by_week(events, activities, range, today, asked.sport, card.units));
    let mut blocks = vec![first_line(
        card,
        today,
        asked,
        sums::activities(readable.len(), closed),
    )];
    if !narrowed {
        // Above the rows, where no client cuts it.
        blocks.push(about_stubs(stubs, asked, has_own_sums));
    }
    if wanted.is_empty() {
        blocks.push(nothing(card, today, asked));
    } else {
        let cut = Cut::by_days(asked.limit, wanted, |row| row.day());
        blocks.push(rows::table(cut.shown, card.units, asked.detail));
        blocks.push(cut.more("row", |next| how_on(wanted, cut.shown, next, asked)));
        blocks.push(totals::by_sport(&readable, closed, card.units, asked.detail));
    }
    blocks.push(by_week(&counted, plans.as_ref(), asked, today));
    blocks.push(planned.missing());
    blocks.extend(plans.iter().flat_map(|plans| plans.notes(false)));
    if asked.range.is_some() {
        // Rows of a search are always short, so they do not show what was recorded.
        blocks.push(activities::not_recorded(&readable, RECORDED));
        blocks.push(activities::overlaps(&readable));
    }
    blocks.push(without_a_sport);
    blocks.push(activities::undated(activities));
    if narrowed {
        blocks.push(about_stubs(stubs, asked, has_own_sums));
    }
    if asked.detail == Detail::Full {
        blocks.extend(about_columns(&readable, asked.range));
    }
    if asked.range.is_none() && !wanted.is_empty() {
        blocks.push(
            "A search without dates gives short rows; use oldest and newest for load, power and heart rate."
                .to_owned(),
        );
    }
    if capped {
        let of_any = if asked.sport.is_some() {
            " of any sport"
        } else {
            ""
        };
        blocks.push(format!(
            "The search ended at {HITS} hits{of_any}; there may be more: narrow the query, or use oldest and newest."
        ));
    }
    blocks.push(answer::garmin_line(readable.iter().map(|row| row.origin())));
    Answer::of(blocks)
}

fn first_line(card: &AthleteCard, today: NaiveDate, asked: &Asked, count: String) -> String {
    let range = asked.range;
    let query = fenced(asked.query.as_deref().unwrap_or_default(), 100);
    answer::first_line(
        card,
        today,
        &[
            range.map_or_else(|| "all time".to_owned(), Range::in_words),
            asked.cut.clone(),
            asked.sport.map_or_else(String::new, answer::sports_in_short),
            named("matching", &query),
            count,
        ],
    )
}

/// Each week's load, planned load and targets; empty for a search, and without any. `counted` has those closed by Strava.
fn by_week(counted: &[&Activity], plans: Option<&Planning>, asked: &Asked, today: NaiveDate) -> String {
    let Some(range) = asked.range.filter(|_| asked.query.is_none()) else {
        return String::new();
    };
    if counted.iter().all(|row| row.is_closed_by_strava()) && !plans.is_some_and(Planning::is_some) {
        return String::new();
    }
    let weekly = |is_closed: bool| {
        let rows = counted
            .iter()
            .filter(move |row| row.is_closed_by_strava() == is_closed);
        let loads = rows.filter_map(|row| Some((row.day()?, units::sane(row.icu_training_load))));
        weeks::weekly(range.oldest, range.newest, loads)
    };
    let closed = weekly(true).into_values().map(|week| week.count as usize);
    let weeks = weekly(false).into_iter().zip(closed);
    let weeks = weeks
        .map(|((monday, week), closed)| (monday, (week, closed)))
        .collect();
    totals::by_week(&weeks, plans, (range, today), asked.detail)
}

/// The call for the rows that are left, from `next` on.
fn how_on(rows: &[&Activity], shown: &[&Activity], next: &Activity, asked: &Asked) -> String {
    let day = |row: Option<&&Activity>| row.and_then(|row| row.day());
    let (Some(last), Some(next), Some(end)) = (day(shown.last()), next.day(), day(rows.last())) else {
        return String::new();
    };
    let reach = next
        .checked_sub_days(Days::new(TEN_YEARS.unsigned_abs() - 1))
        .unwrap_or(end);
    let oldest = asked.range.map_or(end.max(reach), |range| range.oldest);
    if last != next {
        let same = match (asked.query.is_some(), asked.sport.is_some()) {
            (true, true) => ", same query and sport",
            (true, false) => ", same query",
            (false, true) => ", same sport",
            (false, false) => "",
        };
        return format!("use oldest={oldest} newest={next}{same}");
    }
    let that_day = rows.iter().filter(|row| row.day() == Some(last)).count();
    let before = last.pred_opt().unwrap_or(last);
    let rest = if end == last {
        String::new()
    } else {
        format!("; for the days before: oldest={oldest} newest={before}")
    };
    format!(
        "use oldest={last} newest={last} limit={}{rest}",
        that_day.min(MOST_ROWS)
    )
}

fn nothing(card: &AthleteCard, today: NaiveDate, asked: &Asked) -> String {
    let narrowed = asked.sport.is_some() || asked.query.is_some();
    let none = match (narrowed, asked.range) {
        (_, Some(range)) if range.oldest > today => return activities::nothing_yet(card, today),
        (true, Some(_)) => "No activity in this range matches.",
        (true, None) => "No activity matches. Activities from Strava are closed to the API and not searched.",
        (false, _) => "No activity in this range.",
    };
    none.to_owned()
}

/// What two columns of the full rows mean or lack.
fn about_columns(readable: &[&Activity], range: Option<Range>) -> Vec<String> {
    let mut lines = Vec::new();
    if readable.iter().any(|row| row.done_of_plan().is_some()) {
        lines.push(plan_state::OF_PLAN.to_owned());
    }
    if range.is_some_and(|range| range.days() > ZONE_DAYS) {
        lines.push(format!("above Z2 %: only in ranges of at most {ZONE_DAYS} days."));
    }
    lines
}

/// What is closed by Strava, and where it is counted; `has_own_sums`: all of the range is, and another tool has intervals.icu's
/// own sums of it.
fn about_stubs(count: usize, asked: &Asked, has_own_sums: bool) -> String {
    let what = match (count, &asked.query, asked.sport) {
        (0, ..) => return String::new(),
        (_, Some(_), _) => answer::counted(count, "activity from Strava", "activities from Strava"),
        (_, None, Some(_)) => "closed by Strava, of whatever sport".to_owned(),
        (_, None, None) => "closed by Strava".to_owned(),
    };
    let how = activities::STRAVA_CLOSES;
    if asked.query.is_some() {
        return format!("Not searched: {what}. {how}");
    }
    let sums = if has_own_sums {
        ", and get_training_summary has intervals.icu's own sums by sport and week"
    } else {
        ""
    };
    format!("Unreadable: {what}. {how} Not in the load sums here, but in get_fitness{sums}.")
}
