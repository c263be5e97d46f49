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
        words::{around, excerpt, named, on_one_line},
    },
    arguments::{self, Arguments, Detail, Range, Span, TEN_YEARS},
    params::{Param, words_of},
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
    requests: "1–3",
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

/// With the notes, which stand first; see [`without_notes`].
const FIELDS: &[&str] = &[
    "description",
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
    "icu_intensity",
    "icu_average_watts",
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
    "description",
    "type",
    "name",
    "moving_time",
    "elapsed_time",
    "distance",
    "icu_distance",
    "total_elevation_gain",
    "min_altitude",
    "max_altitude",
    "icu_training_load",
    "pace_load",
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

/// The same fields where notes are not searched.
const fn without_notes(fields: &'static [&'static str]) -> &'static [&'static str] {
    fields.split_at(1).1
}

/// What is named if no row has it.
const RECORDED: &[Figure] = &[
    ("time", |row| positive(row.moving_time)),
    ("load", |row| row.load()),
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
    Param::text(
        "query",
        100,
        "Part of the name or, with dates, of the note; or #tag",
    ),
    Param::number("min_time", (1.0, 6000.0), "At least this many minutes"),
    Param::word("sort", &words_of(&SORTS), "Highest first, instead of newest"),
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

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Date,
    Time,
    Distance,
    Climb,
    Load,
    Intensity,
    Speed,
}

const SORTS: [(&str, Sort); 7] = [
    ("date", Sort::Date),
    ("time", Sort::Time),
    ("distance", Sort::Distance),
    ("climb", Sort::Climb),
    ("load", Sort::Load),
    ("intensity", Sort::Intensity),
    ("speed", Sort::Speed),
];

impl Sort {
    fn figure(self, row: &Activity) -> Option<f64> {
        match self {
            Self::Date => None,
            Self::Time => positive(row.moving_time),
            Self::Distance => positive(row.metres()),
            Self::Climb => positive(row.total_elevation_gain),
            Self::Load => row.load(),
            Self::Intensity => positive(row.icu_intensity),
            Self::Speed => positive(row.speed()),
        }
    }

    /// Puts the highest first; what has no figure goes last, and equal ones stay in their order.
    fn sort(self, rows: &mut [&Activity]) {
        let figure = |row: &Activity| self.figure(row).unwrap_or(f64::NEG_INFINITY);
        rows.sort_by(|a, b| figure(b).total_cmp(&figure(a)));
    }

    /// Said in the first line.
    const fn in_words(self) -> &'static str {
        match self {
            Self::Date => "",
            Self::Time => "longest first",
            Self::Distance => "farthest first",
            Self::Climb => "most climbing first",
            Self::Load => "highest load first",
            Self::Intensity => "highest IF first",
            Self::Speed => "fastest first",
        }
    }

    /// What it goes by, named where no row has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Date => "",
            Self::Time => "time",
            Self::Distance => "distance",
            Self::Climb => "climb",
            Self::Load => "load",
            Self::Intensity => "IF",
            Self::Speed => "speed",
        }
    }

    /// `longest first`; `newest first, as no climb is recorded` if no row has what it goes by.
    fn of_these(self, rows: &[&Activity]) -> String {
        if self == Self::Date || rows.is_empty() || rows.iter().any(|row| self.figure(row).is_some()) {
            self.in_words().to_owned()
        } else {
            format!("newest first, as no {} is recorded", self.name())
        }
    }

    /// [`RECORDED`], and what it goes by.
    fn recorded(self) -> Vec<Figure> {
        let own: Option<Figure> = match self {
            Self::Climb => Some((self.name(), |row| Self::Climb.figure(row))),
            Self::Intensity => Some((self.name(), |row| Self::Intensity.figure(row))),
            Self::Speed => Some((self.name(), |row| Self::Speed.figure(row))),
            Self::Date | Self::Time | Self::Distance | Self::Load => None,
        };
        RECORDED.iter().copied().chain(own).collect()
    }

    /// Whether the short rows of a search have what it sorts by.
    const fn is_of_a_search(self) -> bool {
        !matches!(self, Self::Climb | Self::Load | Self::Intensity)
    }
}

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    /// None: a search over all time.
    range: Option<Range>,
    /// Says so if it was asked to go on after today.
    cut: String,
    sport: Option<&'static [&'static str]>,
    query: Option<String>,
    /// s.
    min_time: Option<f64>,
    order: Sort,
    planned: bool,
    detail: Detail,
    limit: usize,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let query = arguments.text("query")?;
        let sport = arguments.sport()?;
        let min_time = arguments.minutes("min_time")?;
        let order = arguments.word("sort", &SORTS)?.unwrap_or(Sort::Date);
        let planned = arguments.includes("planned")?;
        if planned && (query.is_some() || min_time.is_some()) {
            return Err(arguments::wrong(
                "include",
                "must not have planned together with query or min_time: planned load goes by week",
            ));
        }
        let (range, cut) = if query.is_some() && !arguments.has_range() {
            (None, String::new())
        } else {
            let (range, cut) = arguments.range_to_today(SPAN)?;
            (Some(range), cut)
        };
        if range.is_none() && !order.is_of_a_search() {
            return Err(arguments::wrong(
                "sort",
                "must be date, time, distance or speed in a search without dates, because its rows have no load or climb; add oldest",
            ));
        }
        Ok(Self {
            range,
            cut,
            sport,
            query,
            min_time,
            order,
            planned,
            detail: arguments.detail()?,
            limit: arguments.limit()?,
        })
    }

    /// Whether a readable activity is wanted.
    fn wants(&self, activity: &Activity) -> bool {
        activity.is_of(self.sport) && self.finds(activity)
    }

    /// Whether it is long enough, and the query, if there is one, finds it.
    fn finds(&self, activity: &Activity) -> bool {
        self.lasts(activity) && self.names(activity)
    }

    fn lasts(&self, activity: &Activity) -> bool {
        self.min_time
            .is_none_or(|least| positive(activity.moving_time).is_some_and(|secs| secs >= least))
    }

    /// Names are searched as upstream does: for part of the name, ignoring case, or for a whole tag; notes for part of them.
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
                    excerpt(&name, query, 0).is_some() || self.in_note(activity, 0).is_some()
                }
            }
            _ => true,
        }
    }

    /// The words that are searched for; None for a tag.
    fn words(&self) -> Option<&str> {
        self.query.as_deref().filter(|query| !query.starts_with('#'))
    }

    /// Where the query is in the note: that place with so many characters on both sides.
    fn in_note(&self, activity: &Activity, around: usize) -> Option<String> {
        let query = self.words()?;
        let note = self.range.and(activity.description.as_deref())?;
        excerpt(&on_one_line(note), query, around)
    }

    /// Whether rows are left out by what they are.
    const fn is_narrowed(&self) -> bool {
        self.sport.is_some() || self.query.is_some() || self.min_time.is_some()
    }

    /// Whether notes are to be searched.
    fn searches_notes(&self) -> bool {
        self.range.is_some() && self.words().is_some()
    }

    /// `, same query and sport`: what another call must repeat.
    fn same(&self) -> String {
        let own = [
            (self.query.is_some(), "query"),
            (self.sport.is_some(), "sport"),
            (self.min_time.is_some(), "min_time"),
        ];
        let own = own
            .into_iter()
            .filter_map(|(is_given, name)| is_given.then_some(name));
        let own = own.collect::<Vec<_>>();
        around(", same", &own.join(" and "), "")
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
    let fields = match (asked.detail, range.days()) {
        (Detail::Concise, _) => FIELDS,
        (Detail::Full, ..=ZONE_DAYS) => FULL_FIELDS,
        (Detail::Full, _) => FULL_FIELDS_OF_YEARS,
    };
    // Notes are shown by another tool.
    let may_see_notes = card.shows(&permissions::GET_ACTIVITY_DETAIL);
    let query = range.activities(if asked.searches_notes() && may_see_notes {
        fields
    } else {
        without_notes(fields)
    });
    let (activities, planned) = tokio::join!(
        upstream.activities(&query),
        planned::fetch(upstream, card, asked.planned, range, today)
    );
    let mut activities = activities?;
    let wanted = (range, asked.sport);
    let (planned, not_read) =
        planned::with_earlier_absences(upstream, planned?, &activities, wanted, today).await?;
    let withheld = withhold(card, &mut activities);
    let not_searched = (asked.searches_notes() && !may_see_notes)
        .then(|| not_granted("Search in notes", &permissions::GET_ACTIVITY_DETAIL));
    let answer = render(card, today, &asked, &activities, &planned);
    Ok(answer.and(withheld).and(not_searched).and([not_read]))
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
    let narrowed = asked.is_narrowed();
    let stubs = found
        .iter()
        .copied()
        .filter(|row| row.is_stub() && row.may_be_of(asked.sport));
    let stubs: Vec<&Activity> = stubs.collect();
    let has_own_sums = stubs.len() == found.len() && card.shows(&permissions::GET_TRAINING_SUMMARY);
    let open: Vec<&Activity> = found.iter().copied().filter(|row| !row.is_stub()).collect();
    // A stub may be of the sport, so it is counted; a query is for rows, and none can match.
    let mut counted = found;
    counted.retain(|row| {
        if row.is_stub() {
            asked.query.is_none() && row.may_be_of(asked.sport)
        } else {
            asked.wants(row)
        }
    });
    let readable = counted.iter().copied().filter(|row| !row.is_stub());
    let readable: Vec<&Activity> = readable.collect();
    let closed = counted.len() - readable.len();
    let mut wanted = if narrowed {
        readable.clone()
    } else {
        counted.clone()
    };
    asked.order.sort(&mut wanted);

    let plans = planned.got().zip(asked.range);
    let plans = plans
        .map(|(events, range)| planned::by_week(events, activities, range, today, asked.sport, card.units));
    let mut count = sums::activities(readable.len(), closed);
    if let Some(first) = activities
        .iter()
        .filter_map(Activity::day)
        .min()
        .filter(|_| capped)
    {
        count = if readable.len() < activities.len() {
            format!("{count} of the latest {HITS} hits, from {first} on")
        } else {
            format!("the latest {count}, from {first} on")
        };
    }
    let mut blocks = vec![first_line(card, today, asked, &wanted, count)];
    if !narrowed {
        // Above the rows, where no client cuts it.
        blocks.extend(about_stubs(card, &stubs, asked, has_own_sums));
    }
    if wanted.is_empty() {
        blocks.push(nothing(card, today, asked, closed));
    } else {
        let cut = if asked.order == Sort::Date {
            Cut::by_days(asked.limit, &wanted, |row| row.day())
        } else {
            Cut::after(asked.limit, &wanted)
        };
        blocks.push(rows::table(cut.shown, card.units, asked));
        blocks.push(cut.more("row", |next| how_on(&wanted, cut.shown, next, asked)));
        let totals = totals::by_sport(&readable, closed, card.units, asked.detail);
        blocks.push(if capped {
            named(&format!("Of these {}:", readable.len()), &totals)
        } else {
            totals
        });
    }
    blocks.push(by_week(&counted, plans.as_ref(), asked, today));
    blocks.push(planned.missing());
    blocks.extend(plans.iter().flat_map(|plans| plans.notes(false, true)));
    if asked.range.is_some() {
        // Rows of a search are always short, so they do not show what was recorded.
        blocks.push(activities::not_recorded(&readable, &asked.order.recorded()));
        blocks.push(activities::overlaps(&open, |row| asked.wants(row)));
    }
    blocks.extend(left_out(&open, asked));
    if narrowed {
        blocks.extend(about_stubs(card, &stubs, asked, has_own_sums));
    }
    if asked.detail == Detail::Full {
        blocks.extend(about_columns(&readable, asked.range));
    }
    if asked.range.is_none() {
        blocks.push(about_search(card, asked, wanted.is_empty()));
        if stubs.is_empty() {
            blocks.push("Activities from Strava, if there are any, are not searched.".to_owned());
        }
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

fn first_line(
    card: &AthleteCard,
    today: NaiveDate,
    asked: &Asked,
    rows: &[&Activity],
    count: String,
) -> String {
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
            around("at least", &units::hours_minutes(asked.min_time), ""),
            asked.order.of_these(rows),
            count,
        ],
    )
}

/// What is left out because it is not known whether it was asked for: `Not counted: 2 activities without a time.`
fn left_out(open: &[&Activity], asked: &Asked) -> [String; 2] {
    let mut lines = [String::new(), String::new()];
    if asked.sport.is_some() {
        let found = open.iter().copied().filter(|row| asked.finds(row));
        lines[0] = activities::without_a_sport(&found.collect::<Vec<_>>());
    }
    let may_last =
        |row: &&&Activity| positive(row.moving_time).is_none() && row.is_of(asked.sport) && asked.names(row);
    let count = open.iter().filter(may_last).count();
    if asked.min_time.is_some() && count > 0 {
        let activities = answer::counted(count, "activity", "activities");
        lines[1] = format!("Not counted: {activities} without a time.");
    }
    lines
}

/// Each week's load, planned load and targets; empty for a search, for long ones only, and without any. `counted` has stubs.
fn by_week(counted: &[&Activity], plans: Option<&Planning>, asked: &Asked, today: NaiveDate) -> String {
    let whole_weeks = asked.query.is_none() && asked.min_time.is_none();
    let Some(range) = asked.range.filter(|_| whole_weeks) else {
        return String::new();
    };
    if counted.iter().all(|row| row.is_stub()) && !plans.is_some_and(Planning::is_some) {
        return String::new();
    }
    let weekly = |is_closed: bool| {
        let rows = counted.iter().filter(move |row| row.is_stub() == is_closed);
        let loads = rows.filter_map(|row| Some((row.day()?, row.load())));
        weeks::weekly(range.oldest, range.newest, loads)
    };
    let closed = weekly(true).into_values().map(|week| week.count as usize);
    let weeks = weekly(false).into_iter().zip(closed);
    let weeks = weeks
        .map(|((monday, week), closed)| (monday, (week, closed)))
        .collect();
    totals::by_week(&weeks, plans, (range, today), asked.detail)
}

/// The call for the rows that are left, from `next` on. Days lead on only where rows go by them.
fn how_on(rows: &[&Activity], shown: &[&Activity], next: &Activity, asked: &Asked) -> String {
    if asked.order != Sort::Date {
        return if shown.len() < MOST_ROWS {
            format!("use limit={}", rows.len().min(MOST_ROWS))
        } else {
            "use shorter ranges, or min_time".to_owned()
        };
    }
    let day = |row: Option<&&Activity>| row.and_then(|row| row.day());
    let (Some(last), Some(next), Some(end)) = (day(shown.last()), next.day(), day(rows.last())) else {
        return String::new();
    };
    let reach = next
        .checked_sub_days(Days::new(TEN_YEARS.unsigned_abs() - 1))
        .unwrap_or(end);
    let oldest = asked.range.map_or(end.max(reach), |range| range.oldest);
    if last != next {
        let same = asked.same();
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

/// Without any row that is wanted, `closed` of which cannot be read.
fn nothing(card: &AthleteCard, today: NaiveDate, asked: &Asked, closed: usize) -> String {
    let none = match (asked.is_narrowed(), asked.range) {
        (_, Some(range)) if range.oldest > today => return activities::nothing_yet(card, today),
        (true, Some(_)) if closed > 0 => "No activity that can be read matches.",
        (true, Some(_)) => "No activity in this range matches.",
        (true, None) => "No activity matches.",
        (false, _) => "No activity in this range.",
    };
    none.to_owned()
}

/// What a search without dates lacks and dates add.
fn about_search(card: &AthleteCard, asked: &Asked, found_none: bool) -> String {
    // Notes are shown by another tool.
    let notes = asked.words().is_some() && card.shows(&permissions::GET_ACTIVITY_DETAIL);
    let (only, also) = if notes {
        (" and searches names only", ", and to search notes")
    } else {
        ("", "")
    };
    match (found_none, notes) {
        (true, true) => "Only names were searched; use oldest and newest to search notes as well.".to_owned(),
        (true, false) => String::new(),
        (false, _) => format!(
            "A search without dates gives short rows{only}; use oldest and newest for load, power and heart rate{also}."
        ),
    }
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

/// What is closed by Strava or empty, and where it is counted; `has_own_sums`: all of the range is, and another tool has
/// intervals.icu's own sums of it.
fn about_stubs(card: &AthleteCard, stubs: &[&Activity], asked: &Asked, has_own_sums: bool) -> [String; 2] {
    let closed = stubs.iter().filter(|row| row.is_closed_by_strava()).count();
    [
        about_closed(card, closed, asked, has_own_sums),
        activities::about_empty(stubs),
    ]
}

fn about_closed(card: &AthleteCard, count: usize, asked: &Asked, has_own_sums: bool) -> String {
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
    if !card.shows(&permissions::GET_FITNESS) {
        let sums = if has_own_sums {
            "; get_training_summary has intervals.icu's own"
        } else {
            ""
        };
        return format!("Unreadable: {what}. {how} Not in the load sums here{sums}.");
    }
    let sums = if has_own_sums {
        ", and get_training_summary has intervals.icu's own sums by sport and week"
    } else {
        ""
    };
    if asked.min_time.is_some() {
        let count = answer::counted(count, "activity", "activities");
        return format!(
            "Not searched: {count} {what}, of unknown length. {how} Their load is in get_fitness{sums}."
        );
    }
    format!("Unreadable: {what}. {how} Not in the load sums here, but in get_fitness{sums}.")
}
