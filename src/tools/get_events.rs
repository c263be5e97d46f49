//! get_events: the calendar, oldest first: planned workouts with their steps, races, notes, absences, targets.
//!
//! Two requests (`GET /athlete/{id}/events?resolve=true`), because upstream selects events by their first day: one for the
//! range, from the Monday of its first week, and one without workouts for the year before it, where an injury or a plan phase
//! may have begun that extends into the range. With `include: done`, a third for the activities of the range's past days, again
//! with those of all days of a race that reaches beyond it. If there is a race, one for the form of its morning; for one to come
//! today's plan as well, where the call does not read it, and today's activities, where only they tell whether the form counts
//! that plan. For days to come, one for the profile, which may have a usual week, if no more than three went before it.

mod form;
mod kinds;
mod notes;
mod rows;
mod sums_of_plans;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use self::{
    kinds::{KINDS, Kind},
    sums_of_plans::Summed,
};
use super::{
    Answer, MOST_REQUESTS, Run, Tool,
    absences::{self, Absence, Absences},
    answer::{self, cut::Cut, units, words},
    arguments::{Arguments, Detail, Range, Span},
    day_limits::{Asks, DayLimits, UsualWeek},
    fitness::Seen,
    params::{Param, words_of},
    part::{Part, Source, not_granted, settle},
    plan_state::{self, Pairing, Planned, State},
    steps,
};
use crate::{
    guard::{Ask, AthleteCard, Units},
    intervals::{
        self,
        model::{Activity, Event},
    },
    permissions,
    text::{clean, fenced},
    tool_error::ToolError,
    training::{sports, weeks},
};

pub(super) const TOOL: Tool = Tool {
    permission: &permissions::GET_EVENTS,
    description: "The calendar, oldest first: planned workouts with steps resolved to W, bpm or pace, races with \
        the form of their morning, notes, holidays, sick and injured days, weekly targets, plan phases; ids. Default: today and the next 13 days.",
    params: PARAMS,
    requests: "2–5",
    run: Run::Read(|ask, given| Box::pin(read(ask, given))),
};

const SPAN: Span = Span {
    days: 14,
    ahead: 0,
    longest: 366,
};
/// Days of a search without dates, back from today and ahead of it.
const SEARCHED: (u64, u64) = (300, 65);
/// Characters of a text that are searched.
const MOST_SEARCHED: usize = 20_000;
/// Maximum rows of the table.
const ROWS: usize = 60;
const MOST_ROWS: usize = 200;
/// Steps are shown while the answer fits into this many bytes, or they into [`OF_NEXT`].
const BYTES: usize = 4000;
/// Room for the steps of the next workouts, however long the table is.
const OF_NEXT: usize = 600;
const MOST_BYTES: usize = 30_000;
/// Up to this many workouts show their steps whatever their day; of more, only those from today on.
const FEW: usize = 3;
const DAYS_WITH_STEPS: u64 = 7;

const DONE_FIELDS: &[&str] = &[
    "type",
    "name",
    "sub_type",
    "moving_time",
    "elapsed_time",
    "distance",
    "icu_distance",
    "icu_training_load",
    "pace_load",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "icu_intensity",
    "paired_event_id",
    "compliance",
    "device_name",
    "start_date",
];

const PARAMS: &[Param] = &[
    Param::oldest("today"),
    Param::newest("13 days after oldest"),
    Param::words(
        "kinds",
        &words_of(&KINDS),
        "Default: all. availability: holiday, sick, injured, unavailable, limited days; plan: targets, phases",
    ),
    Param::sport(
        "ride, run, swim, ski, row or one exact type; notes, absences and other entries without a sport stay in",
    ),
    Param::text(
        "query",
        100,
        "Part of a name, note or text; without dates: 300 days back, 65 ahead",
    ),
    Param::words(
        "include",
        &["done"],
        "done: which workouts and races were done or missed, from the activities",
    ),
    Param::detail("the steps of all workouts, longer notes, tags"),
];

/// The call's arguments.
#[derive(Debug)]
struct Asked {
    range: Range,
    kinds: Vec<Kind>,
    sport: Option<&'static [&'static str]>,
    query: Option<String>,
    done: bool,
    detail: Detail,
}

impl Asked {
    fn read(given: Map<String, Value>, today: NaiveDate) -> Result<Self, ToolError> {
        let arguments = Arguments::new(given, PARAMS, today)?;
        let sport = arguments.sport()?;
        let query = arguments.text("query")?;
        let range = match &query {
            Some(_) => searched(&arguments, today)?,
            None => range(&arguments, today)?,
        };
        Ok(Self {
            range,
            kinds: arguments.words("kinds", &KINDS)?,
            sport,
            query,
            done: arguments.includes("done")?,
            detail: arguments.detail()?,
        })
    }

    /// The first day of the range's own request: the Monday on which its first week's target begins.
    fn reads_from(&self) -> NaiveDate {
        weeks::monday(self.range.oldest)
    }

    /// The days of the request for what began before that.
    fn earlier(&self) -> Range {
        absences::begun_before(self.reads_from(), self.range)
    }

    /// Whether rows may be workouts or races.
    fn has_plans(&self) -> bool {
        self.lists(Kind::Workouts) || self.lists(Kind::Races)
    }

    /// Whether every workout and race of a day is read.
    fn reads_plans_of(&self, day: NaiveDate) -> bool {
        // Races come with workouts.
        self.lists(Kind::Workouts) && self.range.contains(day)
    }

    /// Whether entries of this kind are rows.
    fn lists(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn wants(&self, event: &Event) -> bool {
        self.is_of_sport(event) && kinds::is_one_of(event, &self.kinds) && self.names(event)
    }

    /// Whether the query, if there is one, is part of its name or text.
    fn names(&self, event: &Event) -> bool {
        let Some(query) = &self.query else { return true };
        let name = event.name.as_deref().unwrap_or_default();
        // Else every target would be found by "week".
        let is_default = event.is_week_target() && name.trim().eq_ignore_ascii_case(kinds::TARGETS_NAME);
        let name = if is_default && !self.kinds.contains(&Kind::Plan) {
            ""
        } else {
            name
        };
        [name, &rows::prose(event)]
            .iter()
            .any(|text| words::contains(&clean(text, MOST_SEARCHED), query))
    }

    fn is_of_sport(&self, event: &Event) -> bool {
        match (self.sport, event.sport()) {
            (None, _) => true,
            (Some(_), "") => !event.is_to_do(),
            (Some(sports), sport) => sports.contains(&sport) || Absence::of(event).is_some(),
        }
    }

    /// Whether it is left out only because it has no sport, or one that may be several, such as a triathlon's.
    fn lacks_sport(&self, event: &Event) -> bool {
        event.is_to_do()
            && sports::is_vague(event.sport())
            && !self.is_of_sport(event)
            && kinds::is_one_of(event, &self.kinds)
            && self.names(event)
    }

    /// The range with all days of the races that overlap with it.
    fn with_whole_races(&self, events: &[Event]) -> Range {
        let mut days = self.range;
        let races = in_range(events, self.range).into_iter();
        for race in races.filter(|event| event.is_race() && self.lists(Kind::Races)) {
            let (first, last) = (race.day(), race.last_day());
            days.oldest = first.map_or(days.oldest, |first| days.oldest.min(first));
            days.newest = last.map_or(days.newest, |last| days.newest.max(last));
        }
        let most = absences::begun_before(self.range.oldest, self.range).oldest;
        days.oldest = days.oldest.max(most);
        days
    }
}

/// The past days of these, whose activities show what was done, with the days before and after them, on which a paired activity
/// may be; None when all days are in the future.
fn past(days: Range, today: NaiveDate) -> Option<Range> {
    (days.oldest <= today).then_some(Range {
        oldest: weeks::back(days.oldest, 1),
        newest: days.newest.succ_opt().unwrap_or(today).min(today),
    })
}

/// A calendar looks forward: `oldest` alone starts a fortnight, and without dates the fortnight starts today.
fn range(arguments: &Arguments, today: NaiveDate) -> Result<Range, ToolError> {
    if arguments.day("newest")?.is_some() {
        // With `newest` alone the range begins today, if that is before it.
        return match arguments.day("oldest")? {
            None => {
                let newest = arguments.range(SPAN)?.newest;
                let days = weeks::days_in(today, newest);
                if (1..=SPAN.longest).contains(&days) {
                    Ok(Range {
                        oldest: today,
                        newest,
                    })
                } else {
                    arguments.range(SPAN)
                }
            }
            Some(_) => arguments.range(SPAN),
        };
    }
    let oldest = arguments.day("oldest")?.unwrap_or(today);
    // Bounds are checked where all ranges are.
    arguments.range(Span {
        longest: i64::MAX,
        ..SPAN
    })?;
    let newest = oldest
        .checked_add_days(Days::new(SPAN.days - 1))
        .unwrap_or(oldest);
    Ok(Range { oldest, newest })
}

/// A search without an end goes as far as one may.
fn searched(arguments: &Arguments, today: NaiveDate) -> Result<Range, ToolError> {
    let ahead = |day: NaiveDate, days| day.checked_add_days(Days::new(days)).unwrap_or(day);
    let (oldest, newest) = (arguments.day("oldest")?, arguments.day("newest")?);
    let given = arguments.range(Span {
        longest: i64::MAX,
        ..SPAN
    })?;
    Ok(match (oldest, newest) {
        (None, None) => Range {
            oldest: weeks::back(today, SEARCHED.0),
            newest: ahead(today, SEARCHED.1),
        },
        (Some(oldest), None) => Range {
            oldest,
            newest: ahead(oldest, SEARCHED.0 + SEARCHED.1),
        },
        (None, Some(newest)) => Range {
            oldest: weeks::back(newest, SEARCHED.0 + SEARCHED.1),
            newest,
        },
        (Some(_), Some(_)) => {
            arguments.range(SPAN)?;
            given
        }
    })
}

/// What upstream sent.
#[derive(Debug)]
struct Came {
    /// Of the range and of the days before it.
    events: Vec<Event>,
    /// Why what began before the range is missing; empty if it is not.
    not_earlier: String,
    done: Part<Vec<Activity>>,
    /// The form of race mornings.
    form: Part<form::Mornings>,
    /// What the athlete's week usually allows.
    week: Part<UsualWeek>,
}

impl Came {
    fn usual_week(&self) -> UsualWeek {
        self.week.got().cloned().unwrap_or_default()
    }

    /// Today's activities, where only the form of race mornings needed them and the reader may see them.
    fn done_today(&self, card: &AthleteCard) -> Option<&[Activity]> {
        let is_needed = matches!(self.done, Part::NotAsked) && card.shows(&permissions::GET_TRAINING_HISTORY);
        self.form.got().filter(|_| is_needed)?.done_today()
    }
}

/// Fetches and renders.
pub(super) async fn read(ask: Ask, given: Map<String, Value>) -> Result<Answer, ToolError> {
    let (upstream, card, today) = (&ask.upstream, &ask.card, ask.today());
    let asked = Asked::read(given, today)?;
    // A look at the profile before, if there was one, counts for nothing: its answer is kept.
    let before = upstream.requests();
    let categories = kinds::categories(&asked.kinds);
    let (events, earlier, done) = tokio::join!(
        upstream.calendar(asked.reads_from(), asked.range.newest, &categories),
        earlier(upstream, &asked),
        done(upstream, card, &asked, past(asked.range, today))
    );
    let (mut events, earlier) = (events?, earlier?);
    events.extend(earlier.got().into_iter().flatten().cloned());
    let withheld = withhold(card, &mut events);
    let races = in_range(&events, asked.range)
        .into_iter()
        .filter(|event| event.is_race() && asked.wants(event))
        .filter_map(Event::day);
    let mut done = done?;
    let whole = past(asked.with_whole_races(&events), today);
    if done.got().is_some() && whole != past(asked.range, today) {
        done = self::done(upstream, card, &asked, whole).await?;
    }
    let seen = Seen {
        activities: done
            .got()
            .map(Vec::as_slice)
            .filter(|_| asked.range.contains(today)),
        events: asked.reads_plans_of(today).then_some(&events),
    };
    let came = Came {
        form: form::fetch(&ask, races, seen).await?,
        week: usual_week(&ask, &asked, before).await?,
        not_earlier: earlier.missing(),
        done,
        events,
    };
    Ok(render(card, today, &asked, &came).and(withheld))
}

/// What the athlete's week usually allows, for days to come. `before`: the requests sent before the call's own.
async fn usual_week(ask: &Ask, asked: &Asked, before: u32) -> Result<Part<UsualWeek>, ToolError> {
    const WHAT: &str = "What the week usually allows";
    let is_wanted =
        asked.lists(Kind::Availability) && asked.query.is_none() && asked.range.newest >= ask.today();
    if !is_wanted {
        return Ok(Part::NotAsked);
    }
    if ask.upstream.requests() - before >= MOST_REQUESTS {
        let why = "the other parts took all requests of a call; use kinds=availability";
        return Ok(Part::Missing(format!("{WHAT} left out: {why}.")));
    }
    let profile = ask.upstream.profile().await;
    let week = profile.map(|profile| UsualWeek::of(profile.training_availability.as_deref()));
    settle(WHAT, Source::Profile, week)
}

/// What began before the range and may extend into it.
async fn earlier(upstream: &intervals::Athlete, asked: &Asked) -> Result<Part<Vec<Event>>, ToolError> {
    let categories = kinds::categories_of_many_days(&asked.kinds);
    if categories.is_empty() {
        return Ok(Part::NotAsked);
    }
    let days = asked.earlier();
    let found = upstream.calendar(days.oldest, days.newest, &categories).await;
    let what = format!("Entries begun before {}", asked.reads_from());
    settle(&what, Source::Calendar, found)
}

/// Removes what another tool shows and is not granted, and says so.
fn withhold(card: &AthleteCard, events: &mut [Event]) -> Option<String> {
    if card.shows(&permissions::GET_FITNESS) {
        return None;
    }
    let mut set = false;
    for event in events {
        let (ctl, atl) = (event.icu_ctl.take(), event.icu_atl.take());
        // Workouts have them too, but they are never shown.
        set |= event.category() == "SET_FITNESS" && ctl.or(atl).is_some();
    }
    set.then(|| not_granted("What CTL and ATL were set to", &permissions::GET_FITNESS))
}

/// The activities of these days, if requested.
async fn done(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: &Asked,
    days: Option<Range>,
) -> Result<Part<Vec<Activity>>, ToolError> {
    const WHAT: &str = "What was done";
    if !asked.done {
        return Ok(Part::NotAsked);
    }
    if !card.shows(&permissions::GET_TRAINING_HISTORY) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_TRAINING_HISTORY));
    }
    let Some(days) = days else {
        return Ok(Part::Got(Vec::new()));
    };
    let found = upstream.activities(&days.activities(DONE_FIELDS)).await;
    settle(WHAT, Source::Activities, found)
}

/// The events that overlap with the range, each once, oldest first, then by id.
fn in_range(events: &[Event], range: Range) -> Vec<&Event> {
    let mut seen = HashSet::new();
    let mut found: Vec<&Event> = events
        .iter()
        .filter(|event| {
            let (Some(first), Some(last)) = (event.day(), event.last_day()) else {
                return false;
            };
            let last = if event.is_workout() { first } else { last };
            first <= range.newest && last >= range.oldest && event.id.is_none_or(|id| seen.insert(id))
        })
        .collect();
    found.sort_by_key(|event| (event.start_date_local, event.id));
    found
}

/// What says whether the plans of a day can be done.
struct Limits<'a> {
    absences: &'a Absences,
    days: DayLimits,
    /// s of what is planned and open, by day.
    open: BTreeMap<NaiveDate, f64>,
}

/// A row.
struct Found<'a> {
    event: &'a Event,
    /// If it is a workout or race.
    state: Option<State>,
    planned: Planned,
    /// What limited its day, if it is not known to be done and no absence says why; of an open one, what is against it: an
    /// absence, or a limit that it does not keep. Empty otherwise.
    limit: String,
    /// Whether an absence or a limit is a reason not to do it.
    is_ruled_out: bool,
}

impl<'a> Found<'a> {
    fn new(event: &'a Event, state: Option<State>, activities: &[Activity], limits: &Limits<'_>) -> Self {
        let Limits { absences, days, open } = limits;
        let pairing = state.map_or(Pairing::Nothing, |state| state.pairing(activities));
        let planned = Planned::of(event, pairing);
        let reason = absences.reason_for(event);
        let limit = match (state, reason) {
            (Some(state), Some(reason)) if state.is_open() => format!("ruled out: {}", reason.word()),
            (Some(state), None) if state.is_open() => {
                let own = event.planned_secs().unwrap_or_default();
                let against = event.day().map(|day| {
                    let plan = Asks {
                        sport: event.sport(),
                        secs: planned.secs,
                        others: open.get(&day).copied().unwrap_or_default() - own,
                    };
                    days.against_in_short(day, plan)
                });
                against.unwrap_or_default().to_owned()
            }
            (Some(state), _) if state.is_unexplained() => absences.limit_of(event),
            _ => String::new(),
        };
        Self {
            event,
            state,
            planned,
            limit,
            is_ruled_out: reason.is_some(),
        }
    }

    fn day(&self) -> Option<NaiveDate> {
        self.event.day()
    }

    fn is_open(&self) -> bool {
        self.state.is_some_and(State::is_open)
    }

    /// `23 Nov «Strength B»`
    fn name(&self) -> String {
        let day = self.day().map(units::day_month);
        let name = fenced(self.event.name.as_deref().unwrap_or_default(), 30);
        words::joined([day.unwrap_or_default(), name], " ")
    }
}

fn render(card: &AthleteCard, today: NaiveDate, asked: &Asked, came: &Came) -> Answer {
    let all = in_range(&came.events, asked.range);
    let absences = Absences::among(&came.events);
    let of_today = came.done_today(card);
    let activities = came.done.got().map(Vec::as_slice);
    // Pairing considers all plans of a day, including kinds that were not requested.
    let mut states = plan_state::states(&all, activities, &absences, today);
    if of_today.is_some() {
        let known = plan_state::states(&all, of_today, &absences, today);
        for (at, state) in states.iter_mut().enumerate() {
            if *state == Some(State::Open) && all[at].day() == Some(today) {
                *state = known[at];
            }
        }
    }
    let taken = plan_state::taken(&states);
    let activities = activities.or(of_today).unwrap_or_default();
    let mut open: BTreeMap<NaiveDate, f64> = BTreeMap::new();
    for (event, state) in all.iter().zip(&states) {
        if let (Some(day), true) = (event.day(), state.is_some_and(State::is_open)) {
            *open.entry(day).or_default() += event.planned_secs().unwrap_or_default();
        }
    }
    let limits = Limits {
        absences: &absences,
        days: DayLimits::of(&came.events, came.usual_week()),
        open,
    };
    let found: Vec<Found<'_>> = all
        .into_iter()
        .zip(states)
        .map(|(event, state)| Found::new(event, state, activities, &limits))
        .collect();
    let (found, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|row| asked.wants(row.event));
    let can_compare = matches!(came.done, Part::NotAsked) && card.shows(&permissions::GET_TRAINING_HISTORY);
    let cut = Cut::by_days(asked.detail.pick(ROWS, MOST_ROWS), &found, Found::day);
    let rows = cut.shown;
    let mut blocks = vec![answer::first_line(
        card,
        today,
        &[
            asked.range.in_words(),
            asked.sport.map_or_else(String::new, answer::sports_in_short),
            words::named(
                "matching",
                &fenced(asked.query.as_deref().unwrap_or_default(), 100),
            ),
            counts(&found),
        ],
    )];
    if found.is_empty() {
        blocks.push(nothing(asked));
    } else {
        let shown = rows::Shown {
            done: activities,
            taken: &taken,
            form: came.form.got(),
            units: card.units,
            today,
            query: asked.query.as_deref(),
        };
        blocks.push(rows::table(rows, &shown, asked.detail));
        blocks.push(more(&cut, asked));
        let unread_to = match (came.done.got(), of_today) {
            (Some(_), _) => None,
            (None, Some(_)) => today.pred_opt(),
            (None, None) => Some(today),
        };
        let summed = Summed {
            found: &found,
            others: &others,
            targets: &targets(&came.events, asked),
            unread: notes::done_or_not(&found, unread_to, can_compare),
            perhaps_done: found.iter().any(|row| row.is_open() && row.day() <= unread_to),
        };
        blocks.push(sums_of_plans::lines(&summed, asked, card.units));
    }
    let left_out: Vec<Found<'_>> = others
        .into_iter()
        .filter(|row| asked.lacks_sport(row.event))
        .collect();
    blocks.push(notes::of_no_fixed_sport(&left_out));
    blocks.push(notes::absent(&absences, asked, today));
    blocks.extend(notes::limits(came, asked));
    blocks.extend(notes::meanings(rows, activities, can_compare));
    blocks.push(notes::unstructured(rows));
    blocks.push(notes::form_in_words(&found, asked, came, today));
    blocks.push(notes::unreadable(&came.events, asked));
    blocks.extend([came.not_earlier.clone(), came.done.missing(), came.week.missing()]);
    let garmin = garmin(&found, activities);
    let spent = blocks.iter().map(|block| block.len() + 1).sum::<usize>() + garmin.len() + 1;
    blocks.extend(with_steps(rows, asked, card.units, today, spent));
    blocks.extend([notes::not_read(rows, asked), garmin]);
    Answer::of(blocks)
}

/// The week targets to compare with plans; a call for workouts alone compares them too.
fn targets<'a>(events: &'a [Event], asked: &Asked) -> Vec<&'a Event> {
    let wanted = asked.lists(Kind::Workouts) || asked.lists(Kind::Plan);
    let mut seen = HashSet::new();
    events
        .iter()
        .filter(|event| wanted && event.is_week_target() && asked.is_of_sport(event))
        .filter(|event| event.id.is_none_or(|id| seen.insert(id)))
        .collect()
}

/// `9 workouts, 1 race, 2 other entries`
fn counts(found: &[Found<'_>]) -> String {
    let count = |is: fn(&Event) -> bool| found.iter().filter(|row| is(row.event)).count();
    let parts = [
        (count(Event::is_workout), "workout", "workouts"),
        (count(Event::is_race), "race", "races"),
        (count(|event| !event.is_to_do()), "other entry", "other entries"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| answer::counted(count, one, many))
        .collect();
    if parts.is_empty() {
        "0 events".to_owned()
    } else {
        parts.join(", ")
    }
}

fn nothing(asked: &Asked) -> String {
    if asked.query.is_some() {
        return format!(
            "Nothing on the calendar in this range has that in its name or text.{}",
            by_sport(asked)
        );
    }
    let of_that = if asked.sport.is_some() || !asked.kinds.is_empty() {
        " of that"
    } else {
        ""
    };
    format!("Nothing{of_that} on the calendar in this range.")
}

/// Follows a search that found nothing, if what it searched for is a sport.
fn by_sport(asked: &Asked) -> String {
    let query = asked.query.as_deref().filter(|_| asked.sport.is_none());
    match query.filter(|query| sports::meant_by(query).is_some()) {
        Some(sport) => format!(
            " For a sport use sport={} without query.",
            clean(sport, 40).to_lowercase()
        ),
        None => String::new(),
    }
}

/// The line for what was cut, with the call that continues it.
fn more(cut: &Cut<'_, Found<'_>>, asked: &Asked) -> String {
    let day = |row: Option<&Found>| row.and_then(Found::day);
    let (last, next) = (day(cut.shown.last()), day(cut.left.first()));
    match next {
        None => String::new(),
        Some(day) if last == next => format!(
            "… {}, the rest of {day} among them: use oldest={day} and kinds or sport.",
            answer::counted(cut.left.len(), "more row", "more rows")
        ),
        Some(day) => cut.more("row", |_| {
            format!("use oldest={day} newest={}{}", asked.range.newest, same(asked))
        }),
    }
}

/// What else the next call must repeat.
fn same(asked: &Asked) -> String {
    let mut same = String::new();
    if asked.sport.is_some() {
        same.push_str(", same sport");
    }
    if !asked.kinds.is_empty() {
        same.push_str(", same kinds");
    }
    if asked.query.is_some() {
        same.push_str(", same query");
    }
    same
}

fn garmin(found: &[Found<'_>], activities: &[Activity]) -> String {
    let used = found.iter().flat_map(|row| -> Vec<&Activity> {
        match row.state {
            Some(State::Begun(_) | State::DoneAs(_)) => activities
                .iter()
                .filter(|activity| activity.day() >= row.day() && activity.day() <= row.event.last_day())
                .collect(),
            state => state
                .and_then(State::activity)
                .and_then(|at| activities.get(at))
                .into_iter()
                .collect(),
        }
    });
    answer::garmin_line(used.map(Activity::origin))
}

/// The steps of as many workouts as fit, and how to get the others.
fn with_steps(
    rows: &[Found<'_>],
    asked: &Asked,
    own: Units,
    today: NaiveDate,
    mut spent: usize,
) -> Vec<String> {
    const STEPS: &str = "Steps, with targets and thresholds as intervals.icu keeps them in each workout:";
    let full = asked.detail == Detail::Full;
    let workouts: Vec<&Found<'_>> = rows.iter().filter(|row| rows::has_steps(row.event)).collect();
    let few = workouts.len() <= FEW;
    let soon = today
        .checked_add_days(Days::new(DAYS_WITH_STEPS))
        .unwrap_or(today);
    let mut blocks = Vec::new();
    let mut left: Vec<NaiveDate> = Vec::new();
    // Reserves space for the line about steps that are left out.
    spent += 120 + STEPS.len() + 1;
    let room = if full {
        MOST_BYTES + spent
    } else {
        BYTES.max(spent + OF_NEXT)
    };
    let mut fits = true;
    for row in workouts {
        let Some(day) = row.day() else { continue };
        let wanted = full || few || (row.is_open() && day < soon && day >= today);
        let block = if wanted {
            block(row.event, own, asked.detail)
        } else {
            String::new()
        };
        // The first that does not fit is the last: what is left out is then one range.
        fits &= !wanted || spent + block.len() < room;
        if wanted && fits {
            spent += block.len() + 1;
            blocks.push(block);
        } else {
            left.push(day);
        }
    }
    if !blocks.is_empty() {
        blocks.insert(0, STEPS.to_owned());
    }
    if let (Some(first), Some(last)) = (left.iter().min(), left.iter().max()) {
        let count = answer::counted(left.len(), "workout", "workouts");
        let next = if full { "a shorter range" } else { "detail=full" };
        blocks.push(format!(
            "Steps of {count} left out: use oldest={first} newest={last} {next}{}.",
            same(asked)
        ));
    }
    blocks
}

/// One workout's steps below its day and name.
fn block(event: &Event, own: Units, detail: Detail) -> String {
    let Some(workout) = &event.workout_doc else {
        return String::new();
    };
    let sport = event.sport();
    let mut heading: Vec<String> = event.day().map(units::date).into_iter().collect();
    let name = fenced(event.name.as_deref().unwrap_or_default(), 48);
    heading.push(if name.is_empty() {
        answer::sport(sport)
    } else {
        name
    });
    heading.push(steps::thresholds(workout, sport, own));
    heading.retain(|part| !part.is_empty());
    let mut lines = vec![format!("{}:", heading.join(" · "))];
    let written = match detail {
        Detail::Concise => steps::lines,
        Detail::Full => steps::whole_lines,
    };
    lines.extend(written(workout, sport, own));
    lines.join("\n")
}
