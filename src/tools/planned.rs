//! Planned load to compare with what was done: the calendar's workouts, races and targets in a range, by week.
//!
//! For the tools that add up weeks; the calendar itself is in get_events.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    MOST_REQUESTS,
    absences::{self, Absence, Absences, Reason},
    activities,
    answer::{
        self,
        sport_units::{SportUnits, in_yards},
        units::{self, positive},
        words::{DOT, in_brackets, joined, listed, named, sentence},
    },
    arguments::Range,
    part::{Part, Source, settle},
    plan_state::{self, Doubt, Planned, State},
    sums::{self, Sum},
};
use crate::{
    guard::{AthleteCard, Units},
    intervals::{
        self,
        model::{Activity, Event},
    },
    permissions,
    text::clean,
    tool_error::ToolError,
    training::{sports, weeks},
};

/// The last day of the plans to compare: the range's last, or the end of this week if the range reaches today.
pub(super) fn until(range: Range, today: NaiveDate) -> NaiveDate {
    if range.contains(today) {
        range.newest.max(weeks::sunday(today))
    } else {
        range.newest
    }
}

/// The first day of the calendar to read for a range: of the days before its first week only the absences count.
pub(super) fn read_from(range: Range) -> NaiveDate {
    weeks::back(range.oldest, absences::READ_BEFORE)
}

/// The calendar's workouts, races, targets and absences, if requested; absences also of the days from [`read_from`] on. A week's
/// target begins on its Monday.
pub(super) async fn fetch(
    upstream: &intervals::Athlete,
    card: &AthleteCard,
    asked: bool,
    range: Range,
    today: NaiveDate,
) -> Result<Part<Vec<Event>>, ToolError> {
    const WHAT: &str = "Planned load";
    if !asked {
        return Ok(Part::NotAsked);
    }
    if !card.shows(&permissions::GET_EVENTS) {
        return Ok(Part::not_granted(WHAT, &permissions::GET_EVENTS));
    }
    let categories = [&Event::TO_DO[..], &[Event::TARGET], &absences::CATEGORIES].concat();
    let found = upstream.events(read_from(range), until(range, today), &categories);
    let mut found = found.await;
    if let Ok(events) = &mut found {
        let first = Some(weeks::monday(range.oldest));
        events.retain(|event| event.day().is_none() || event.day() >= first || Absence::of(event).is_some());
    }
    settle(WHAT, Source::Calendar, found)
}

/// The same plans with the absences that began before their days, and a line if those were not read. They are requested only
/// where one could be why a plan was not done, or why nothing was.
pub(super) async fn with_earlier_absences(
    upstream: &intervals::Athlete,
    mut plans: Part<Vec<Event>>,
    activities: &[Activity],
    (range, sports): (Range, Option<&[&str]>),
    today: NaiveDate,
) -> Result<(Part<Vec<Event>>, String), ToolError> {
    let Part::Got(events) = &mut plans else {
        return Ok((plans, String::new()));
    };
    let read_from = read_from(range);
    let is_idle = is_idle(events, activities, range, today);
    if !is_idle && !may_be_explained(events, activities, (range, sports), today) {
        return Ok((plans, absences::not_read(read_from)));
    }
    if upstream.requests() >= MOST_REQUESTS {
        let before = units::date(read_from);
        let line = format!("Absences begun before {before} left out: use a shorter range.");
        return Ok((plans, line));
    }
    let earlier = absences::earlier(upstream, read_from, range).await?;
    let absences = earlier.got().into_iter().flatten();
    events.extend(absences.filter(|event| Absence::of(event).is_some()).cloned());
    Ok((plans, earlier.missing()))
}

/// Whether an absence that is not known could be why nothing was done in the range up to today.
fn is_idle(events: &[Event], activities: &[Activity], range: Range, today: NaiveDate) -> bool {
    let days = range.up_to(today);
    days.is_some_and(|days| {
        activities::of_range(activities, Some(days)).is_empty() && Absences::among(events).may_lack_why(days)
    })
}

/// Whether an absence that is not known could be why a plan was not done. What is still open has its day to come.
fn may_be_explained(
    events: &[Event],
    activities: &[Activity],
    (range, sports): (Range, Option<&[&str]>),
    today: NaiveDate,
) -> bool {
    let absences = Absences::among(events);
    let days = range.oldest..=until(range, today);
    with_states(events, activities, &absences, today).any(|(event, state)| {
        let is_not_done = state.is_some_and(State::is_unexplained);
        let is_wanted = sports.is_none_or(|sports| sports.contains(&event.sport()));
        is_not_done && is_wanted && event.day().is_some_and(|day| days.contains(&day))
    })
}

fn with_states<'a>(
    events: &'a [Event],
    activities: &[Activity],
    absences: &Absences,
    today: NaiveDate,
) -> impl Iterator<Item = (&'a Event, Option<State>)> {
    let all: Vec<&Event> = events.iter().collect();
    let states = plan_state::states(&all, Some(activities), absences, today);
    events.iter().zip(states)
}

/// After how many of the plans have no load.
const WITHOUT_LOAD: &str = "without load";
/// The part of what is planned that activities did.
const DONE: &str = "of it done";

/// What the name of a part of the plan means that is neither done nor missed for sure.
const UNCLEAR: &str =
    "unclear: something may have done it, such as an activity that Strava closes or one without a sport";

/// `97 of it done`, `all done`: a part of `all` by its name.
fn share(part: f64, all: f64, say: fn(f64) -> String, name: &str) -> String {
    if part >= all {
        format!("all {}", name.trim_start_matches("of it "))
    } else {
        format!("{} {name}", say(part))
    }
}

/// What is planned in a week, or on other days.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plans {
    /// All workouts and races.
    pub(super) all: Sum,
    /// Those that were done.
    done: Sum,
    /// Those that were done by activities which the filter by sport leaves out.
    done_otherwise: Sum,
    /// Those that were not done, without an absence as the reason.
    missed: Sum,
    /// Those that no activity is paired with, where activities are not known.
    not_paired: Sum,
    /// Those of which it is not known whether they were done.
    unclear: Sum,
    /// Those that were not done because of an absence, or that one rules out on a day to come.
    absent: Sum,
    /// The same of days that are only limited.
    limited: Sum,
    /// Those that are still to be done today.
    today: Sum,
    /// The same where today's activities were not read: one without a load may have done them.
    perhaps_today: Sum,
    /// Those of later days.
    later: Sum,
    /// Its targets: `Ride load 85`.
    targets: Vec<String>,
    /// How many paired entries have a load that may be what was done instead of what was planned.
    in_doubt: usize,
    /// How many paired entries have no planned time because it may be what was done.
    without_time: usize,
}

impl Plans {
    /// Adds a workout or race of a day. `done` are the activities, if they were read, and the sports that the sums of what was
    /// done are limited to.
    pub(super) fn add(
        &mut self,
        event: &Event,
        state: State,
        (activities, sports): (Option<&[Activity]>, Option<&[&str]>),
        absences: &Absences,
        today: NaiveDate,
    ) {
        let all = activities.unwrap_or_default();
        let planned = Planned::of(event, state.pairing(all));
        let is_of_another_sport = |one: &Activity| !one.is_stub() && !one.is_of(sports);
        let day = event.day();
        let reason = absences.reason_for(event);
        self.all.add((event, planned));
        let part = match state {
            State::Done(at, _) if all.get(at).is_some_and(is_of_another_sport) => &mut self.done_otherwise,
            State::Done(..) | State::DoneAs(_) | State::Paired => &mut self.done,
            State::Missed(Some(Reason::Limited)) | State::NotPaired(Some(Reason::Limited)) => {
                &mut self.limited
            }
            State::Missed(Some(_)) | State::NotPaired(Some(_)) => &mut self.absent,
            State::Open | State::Begun(_) if reason == Some(Reason::Limited) => &mut self.limited,
            State::Open | State::Begun(_) if reason.is_some() => &mut self.absent,
            State::Open | State::Begun(_) if day.is_some_and(|day| day > today) => &mut self.later,
            State::Open if activities.is_none() => &mut self.perhaps_today,
            State::Open | State::Begun(_) => &mut self.today,
            State::Missed(None) => &mut self.missed,
            State::NotPaired(None) => &mut self.not_paired,
            State::Unclear(_) => &mut self.unclear,
        };
        part.add((event, planned));
        self.in_doubt += usize::from(planned.doubt.is_some() && positive(planned.load).is_some());
        self.without_time += usize::from(planned.doubt == Some(Doubt::Time));
    }

    /// The loads of several athletes' plans together.
    pub(super) fn together(all: &[&Self]) -> Self {
        let sum = |part: fn(&Self) -> &Sum| Sum::of_loads(all.iter().map(|plans| part(plans)));
        Self {
            all: sum(|plans| &plans.all),
            done: sum(|plans| &plans.done),
            done_otherwise: sum(|plans| &plans.done_otherwise),
            missed: sum(|plans| &plans.missed),
            not_paired: sum(|plans| &plans.not_paired),
            unclear: sum(|plans| &plans.unclear),
            absent: sum(|plans| &plans.absent),
            limited: sum(|plans| &plans.limited),
            today: sum(|plans| &plans.today),
            perhaps_today: sum(|plans| &plans.perhaps_today),
            later: sum(|plans| &plans.later),
            ..Self::default()
        }
    }

    /// Whether anything is planned or to be reached.
    pub(super) fn is_some(&self) -> bool {
        self.all.count > 0.0 || !self.targets.is_empty()
    }

    /// `200`, `200 (90 of it done, 110 open later)`, `planned without load`, `nothing planned`: see [`Self::parts`].
    pub(super) fn load(&self) -> String {
        match self.known_load() {
            Ok(load) => joined([units::whole(load), in_brackets(&self.parts_of_load())], " "),
            Err(words) => words.to_owned(),
        }
    }

    /// The same beside what was done, which it is no share of: `200 planned (90 of it done, 110 open later)`. The
    /// days that it goes on `until` follow the word.
    pub(super) fn in_words(&self, until: &str) -> String {
        match self.known_load() {
            Ok(load) => {
                let planned = format!("{} planned{until}", units::whole(load));
                joined([planned, in_brackets(&self.parts_of_load())], " ")
            }
            Err(words) => format!("{words}{until}"),
        }
    }

    /// What is planned with a load; otherwise why nothing is, in words.
    pub(super) fn known_load(&self) -> Result<f64, &'static str> {
        if self.all.count <= 0.0 {
            Err("nothing planned")
        } else if self.all.with_load <= 0.0 {
            Err("planned without load")
        } else {
            Ok(self.all.load)
        }
    }

    /// `90 of it done, 110 open later, 1 without load`: see [`Self::parts`].
    fn parts_of_load(&self) -> String {
        self.parts(|sum| sum.load, units::whole, (self.all.with_load, WITHOUT_LOAD))
    }

    /// `3:00 (1:00 of it done, 2:00 open later, 1 without a time)`, `unknown` when nothing planned has a time; empty when
    /// nothing is planned.
    pub(super) fn time(&self) -> String {
        if self.all.count <= 0.0 {
            return String::new();
        }
        if self.all.secs <= 0.0 {
            return "unknown".to_owned();
        }
        let lack = (self.all.with_time, "without a time");
        let parts = self.parts(|sum| sum.secs, units::hours_minutes, lack);
        joined([units::hours_minutes(self.all.secs), in_brackets(&parts)], " ")
    }

    /// `97 of it done, 43 missed, 61 open later`, `all open later`; what is none is not named. At the end how many lack
    /// the figure, if others (`with`) have it.
    fn parts(&self, figure: fn(&Sum) -> f64, say: fn(f64) -> String, (with, lack): (f64, &str)) -> String {
        let all = figure(&self.all);
        let named = self
            .split()
            .into_iter()
            .map(|(sum, name)| (figure(sum), name))
            .filter(|(part, _)| *part > 0.0)
            .map(|(part, name)| share(part, all, say, name));
        joined(named.chain([self.all.lacking(with, lack)]), ", ")
    }

    /// The parts of all, each with its name.
    const fn split(&self) -> [(&Sum, &'static str); 10] {
        [
            (&self.done, DONE),
            (&self.done_otherwise, "of it done as another sport"),
            (&self.missed, "missed"),
            (&self.not_paired, "not paired"),
            (&self.unclear, "unclear"),
            (&self.absent, "on days of absence"),
            (&self.limited, "not possible on limited days"),
            (&self.today, "open today"),
            (&self.perhaps_today, "perhaps open today"),
            (&self.later, "open later"),
        ]
    }

    /// The week's targets; empty without any.
    pub(super) fn targets(&self) -> String {
        self.targets.join(", ")
    }
}

/// The plans of a range.
#[derive(Debug, Clone, Default)]
pub(super) struct Planning {
    /// By the Monday of their week.
    pub(super) weeks: BTreeMap<NaiveDate, Plans>,
    /// Workouts and races without a sport, which a filter by sport leaves out.
    without_a_sport: Sum,
    /// How many workouts and races have no day.
    undated: usize,
    /// How many absences have none.
    undated_absences: usize,
    /// What was done in much less time than was planned: see [`short_of_plan`].
    short: Vec<String>,
    /// Races of several sports, which a filter by one of these leaves out: see [`of_several`].
    of_several: Vec<String>,
    /// Those that are known, also of days before and after the range.
    absences: Absences,
    /// Whether one of them is within the range and its plans.
    has_absence: bool,
}

impl Planning {
    /// Whether anything is planned or to be reached, or there is an absence.
    pub(super) fn is_some(&self) -> bool {
        self.has_absence || self.weeks.values().any(Plans::is_some)
    }

    /// Whether the times of each week's parts as shown add up to that of all as shown.
    pub(super) fn times_add_up(&self) -> bool {
        self.weeks.values().all(|plans| {
            let parts = plans.split().map(|(sum, _)| sum.secs);
            sums::add_up(parts, plans.all.secs)
        })
    }

    /// `sick 23–29 Nov (day 6 of 7), holiday 30 Nov`: the absences that share a day with this range, both ends included.
    pub(super) fn absences(&self, first: NaiveDate, last: NaiveDate, today: NaiveDate) -> String {
        let within = self.absences.within(first, last);
        joined(within.map(|absence| absence.in_words(today)), ", ")
    }

    /// What to know about these sums: what they leave out, and what they may hold instead of the plan. `times` are shown as
    /// well as loads. `can_look`: whether the reader may ask for what was done.
    pub(super) fn notes(&self, times: bool, can_look: bool) -> [String; 6] {
        const NAMED: usize = 3;
        let is_unclear = self.weeks.values().any(|plans| plans.unclear.count > 0.0);
        [
            match (is_unclear, can_look) {
                (false, _) => String::new(),
                (true, false) => format!("{UNCLEAR}."),
                (true, true) => format!("{UNCLEAR}; get_events with include=done says what."),
            },
            doubts(&self.weeks, times),
            sentence(
                "Done in less than half of the planned time:",
                &listed(&self.short, NAMED),
            ),
            sentence(
                "Not counted, done as several sports:",
                &listed(&self.of_several, NAMED),
            ),
            sentence(
                "Not counted:",
                &with_size(&self.without_a_sport, NOUNS, "without a sport"),
            ),
            joined(
                [
                    undated(self.undated, NOUNS),
                    undated(self.undated_absences, ("absence", "absences")),
                ],
                " ",
            ),
        ]
    }
}

/// `22 Nov Other, planned load 330`: a race that was done by its legs, which is of none of their sports.
fn of_several(event: &Event) -> String {
    let day = event.day().map(units::day_month).unwrap_or_default();
    let load = named("planned load", &units::whole(positive(event.icu_training_load)));
    joined([joined([day, answer::sport(event.sport())], " "), load], ", ")
}

/// `24 Nov Ride 0:15 of 3:00 (i1)`: what was done for a plan, if it took less than half of the planned time.
fn short_of_plan(event: &Event, state: State, activities: &[Activity]) -> Option<String> {
    let done = activities.get(state.activity()?)?;
    let planned = Planned::of(event, state.pairing(activities)).secs?;
    let secs = positive(done.moving_time).filter(|secs| *secs < planned / 2.0)?;
    let id = in_brackets(&clean(done.id.as_deref().unwrap_or_default(), 24));
    Some(joined(
        [
            units::day_month(event.day()?),
            answer::sport(event.sport()),
            format!(
                "{} of {}",
                units::hours_minutes(secs),
                units::hours_minutes(planned)
            ),
            id,
        ],
        " ",
    ))
}

/// What is said of a week's plans; empty if plans were not asked for.
pub(super) fn of_week(
    plans: Option<&Planning>,
    monday: NaiveDate,
    say: impl FnOnce(&Plans) -> String,
) -> String {
    let none = Plans::default();
    plans.map_or_else(String::new, |plans| {
        say(plans.weeks.get(&monday).unwrap_or(&none))
    })
}

/// The absences of a week, as far as the range and its plans go; empty if plans were not asked for.
pub(super) fn absences_of_week(
    plans: Option<&Planning>,
    monday: NaiveDate,
    range: Range,
    today: NaiveDate,
) -> String {
    let last = weeks::sunday(monday).min(until(range, today));
    plans.map_or_else(String::new, |plans| {
        plans.absences(monday.max(range.oldest), last, today)
    })
}

const NOUNS: (&str, &str) = ("planned workout", "planned workouts");

/// `1 planned workout could not be read and is not counted: it has no readable date.`; empty without any.
fn undated(count: usize, (one, many): (&str, &str)) -> String {
    let (are, have) = match count {
        0 => return String::new(),
        1 => ("is", "it has"),
        _ => ("are", "they have"),
    };
    let entries = answer::counted(count, one, many);
    format!("{entries} could not be read and {are} not counted: {have} no readable date.")
}

/// `2 planned workouts without a sport (1:00, load 75)`; empty without any.
pub(super) fn with_size(sum: &Sum, (one, many): (&str, &str), of: &str) -> String {
    if sum.count <= 0.0 {
        return String::new();
    }
    let noun = if sum.count > 1.0 { many } else { one };
    format!("{} {noun} {of} ({})", units::whole(sum.count), sum.size())
}

/// The line for what a filter by sport leaves out; empty without any.
pub(super) fn not_counted<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    named("Not counted:", &joined(parts, ", "))
}

/// What the planned figures of paired entries may be instead; empty if all are known. `times` are shown as well as loads.
fn doubts(weeks: &BTreeMap<NaiveDate, Plans>, times: bool) -> String {
    let sum = |count: fn(&Plans) -> usize| weeks.values().map(count).sum::<usize>();
    let (in_doubt, without_time) = (sum(|plans| plans.in_doubt), sum(|plans| plans.without_time));
    let say = |count: usize, what: &str, may: &str| match count {
        0 => String::new(),
        _ => format!(
            "{what} of {} {may}.",
            answer::counted(count, "paired entry", "paired entries")
        ),
    };
    let load = say(in_doubt, "Planned load", "may be what was done");
    let without_time = if times { without_time } else { 0 };
    let time = say(without_time, "Planned time", "is not known and left out");
    joined([load, time], " ")
}

/// A target's sport and figures: `Ride load 85`, `load 300 · 8:00`; empty without a figure.
pub(super) fn target(event: &Event, own: Units) -> String {
    let sport = event.sport();
    let metres = positive(event.distance_target);
    let way = SportUnits::of(sport, own)
        .with_pool(in_yards(metres))
        .way(metres, 0);
    let figures = joined(
        [
            named("load", &units::whole(positive(event.load_target))),
            units::hours_minutes(positive(event.time_target)),
            way,
        ],
        DOT,
    );
    match sport {
        "" => figures,
        sport => named(&answer::sport(sport), &figures),
    }
}

/// The plans for these sports from the range's first day to [`until`], and the targets of each week, by its Monday.
/// `activities` are all of the range, whatever their sport.
pub(super) fn by_week(
    events: &[Event],
    activities: &[Activity],
    range: Range,
    today: NaiveDate,
    sports: Option<&[&str]>,
    own: Units,
) -> Planning {
    let until = until(range, today);
    let mut planning = Planning::default();
    let absences = Absences::among(events);
    for (event, state) in with_states(events, activities, &absences, today) {
        let is_wanted = sports.is_none_or(|sports| sports.contains(&event.sport()));
        planning.undated += usize::from(event.day().is_none() && event.is_to_do() && is_wanted);
        planning.undated_absences += usize::from(event.day().is_none() && Reason::of(event).is_some());
        let Some(day) = event.day().filter(|day| *day <= until) else {
            continue;
        };
        let monday = weeks::monday(day);
        if event.category() == Event::TARGET {
            let words = target(event, own);
            if is_wanted && event.is_week_target() && !words.is_empty() {
                planning.weeks.entry(monday).or_default().targets.push(words);
            }
        } else if let Some(state) = state.filter(|_| day >= range.oldest) {
            if is_wanted {
                let plans = planning.weeks.entry(monday).or_default();
                plans.add(event, state, (Some(activities), sports), &absences, today);
                planning.short.extend(short_of_plan(event, state, activities));
            } else if matches!(state, State::DoneAs(_)) && sports::is_vague(event.sport()) {
                planning.of_several.push(of_several(event));
            } else if event.sport().is_empty() {
                planning
                    .without_a_sport
                    .add((event, Planned::of(event, state.pairing(activities))));
            }
        }
    }
    planning.has_absence = absences.within(range.oldest, until).next().is_some();
    planning.absences = absences;
    planning
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::samples::{day, rows, today};

    #[test]
    fn a_week_has_what_is_done_and_open_and_its_targets() {
        let range = Range {
            oldest: day("2026-11-18"),
            newest: today(),
        };
        let events: Vec<Event> = rows(json!([
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET", "type": "Ride", "load_target": 85},
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET", "time_target": 28_800, "distance_target": 0},
            {"start_date_local": "2026-11-16T00:00:00", "category": "TARGET"},
            {"start_date_local": "2026-11-16T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 999},
            {"start_date_local": "2026-11-18T00:00:00", "category": "WORKOUT", "type": "Ride", "icu_training_load": 40,
             "moving_time": 3600, "paired_activity_id": "i1"},
            {"start_date_local": "2026-11-19T00:00:00", "category": "WORKOUT", "type": "Run", "icu_training_load": 50},
            {"start_date_local": "2026-11-20T00:00:00", "category": "WORKOUT", "type": "Run", "icu_training_load": 10},
            {"start_date_local": "2026-11-22T00:00:00", "category": "RACE_A", "type": "Ride", "icu_training_load": 110,
             "moving_time": 7200},
        ]));
        let did: Vec<Activity> = rows(json!([
            {"id": "i1", "type": "Ride", "start_date_local": "2026-11-18T07:00:00", "moving_time": 1800},
            {"id": "i2", "type": "TrailRun", "start_date_local": "2026-11-20T07:00:00", "moving_time": 900},
        ]));
        let week = |sports: Option<&[&str]>| -> Plans {
            by_week(&events, &did, range, today(), sports, Units::default()).weeks[&day("2026-11-16")].clone()
        };
        let all = week(None);
        assert_eq!(all.load(), "210 (50 of it done, 50 missed, 110 open later)");
        assert_eq!(
            all.time(),
            "3:00 (1:00 of it done, 2:00 open later, 2 without a time)"
        );
        assert_eq!(all.targets(), "Ride load 85, 8:00");
        let runs = week(Some(&["Run"]));
        assert_eq!(
            (runs.load(), runs.targets()),
            (
                "60 (10 of it done as another sport, 50 missed)".to_owned(),
                String::new()
            )
        );
        let of_one_kind = |sports| week(Some(sports)).load();
        assert_eq!(of_one_kind(&["Run", "TrailRun"]), "60 (10 of it done, 50 missed)");
        assert_eq!(of_one_kind(&["Ride"]), "150 (40 of it done, 110 open later)");
    }
}
