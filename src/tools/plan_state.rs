//! Whether a planned workout or race was done, by which activity, and if not, what is known about it.
//!
//! One meaning for all tools: the calendar and the roster say *missed* of the same workouts. No requests here.

mod figures;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::{
    absences::{Absences, Reason},
    activities::{may_be_one, recorded_twice},
    answer::{
        self,
        units::{self, positive},
        words::{around, in_brackets, joined, named, with_unit},
    },
    sums::Sum,
};
use crate::{
    intervals::model::{Activity, Event},
    text::{clean, names::words_of_title},
    training::{
        plan::{self, MatchedBy},
        sports::{family, is_vague},
    },
};

pub(super) use self::figures::{Doubt, Pairing, Planned, Timeless};

/// The fields of activities that tell whether they did a plan, and whether something was recorded twice.
pub(super) const READ_FROM: &[&str] = &[
    "type",
    "name",
    "sub_type",
    "moving_time",
    "elapsed_time",
    "icu_training_load",
    "pace_load",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "paired_event_id",
    "start_date",
    "device_name",
];
/// What the word *missed* means, for the end of an answer.
pub(super) const MISSED: &str =
    "missed: not paired, and no activity of that sport or its family that day (one activity does one plan).";
/// The unit of intervals.icu's compliance, which does not say of what it is.
pub(super) const PERCENT: &str = "% of plan by intervals.icu";
/// The same for the end of an answer.
pub(super) const OF_PLAN: &str =
    "% of plan by intervals.icu: its compliance; whether of load or of time is not documented.";
/// Longest race of which each day is looked at.
const RACE_DAYS: usize = 31;

/// The state of a planned workout or race.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    /// Of today or later, and not done.
    Open,
    /// A race that is not over, of which something was done.
    Begun(Legs),
    /// Done by the activity with this index.
    Done(usize, MatchedBy),
    /// A race of several days, or of a sport that no activity has.
    DoneAs(Legs),
    /// Paired with an activity that was not read, or that did another plan.
    Paired,
    /// Before today, and nothing that could have been it was done; with the reason if an absence is one.
    Missed(Option<Reason>),
    /// Before today, and the activities are not known; with the reason if an absence is one.
    NotPaired(Option<Reason>),
    /// Of today or before, and something of that day may have been it.
    Unclear(Unclear),
}

/// Why it is not known whether a workout was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclear {
    ClosedByStrava,
    NoSport,
    /// It is paired with an activity that is not among those that were read.
    PairedElsewhere,
    /// An activity of its sport's family is paired with an entry that is not among those that were read: one that was deleted
    /// and came back under another id, or one of another day.
    OfAnotherEntry,
    /// Activities of any sport may belong to the plan: what its sport is, and how many there were.
    VagueSport(&'static str, usize),
    /// What was done as the race of that day, or as its workout, may have been both.
    Beside(&'static str),
}

/// The activities that were a race.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Legs {
    /// On how many days they were, and how many the race has.
    days: (usize, i64),
    count: usize,
    /// s.
    secs: f64,
    with_time: f64,
    load: f64,
    with_load: f64,
    /// The index of the one that the race is paired with.
    paired: Option<usize>,
}

impl Legs {
    /// `3 activities on 3 of 3 days: 7:16, load 270`
    fn in_words(self) -> String {
        let sum = Sum {
            count: u32::try_from(self.count).map_or(0.0, f64::from),
            secs: self.secs,
            with_time: self.with_time,
            load: self.load,
            with_load: self.with_load,
            ..Sum::default()
        };
        let days = match self.days {
            (_, 1) => String::new(),
            (with, all) => format!("on {with} of {all} days"),
        };
        let count = answer::counted(self.count, "activity", "activities");
        let figures = joined([sum.time_words(), named("load", &sum.load_words())], ", ");
        joined([joined([count, days], " "), figures], ": ")
    }
}

impl State {
    /// Of today or later, and not over.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Begun(_))
    }

    /// Not done, or not known to be, and no absence says why.
    pub(super) const fn is_unexplained(self) -> bool {
        matches!(self, Self::Missed(None) | Self::NotPaired(None))
    }

    /// Missed, without an absence that would say why.
    pub(super) fn is_missed(self) -> bool {
        self == Self::Missed(None)
    }

    /// The index of the activity that did it.
    pub(super) const fn activity(self) -> Option<usize> {
        match self {
            Self::Done(at, _) => Some(at),
            _ => None,
        }
    }

    /// What the entry is paired with.
    pub(super) fn pairing(self, activities: &[Activity]) -> Pairing<'_> {
        match self {
            Self::Paired => Pairing::Unread,
            Self::Done(at, MatchedBy::Paired)
            | Self::Begun(Legs { paired: Some(at), .. })
            | Self::DoneAs(Legs { paired: Some(at), .. }) => {
                activities.get(at).map_or(Pairing::Unread, Pairing::With)
            }
            _ => Pairing::Nothing,
        }
    }

    /// Percent of the plan that a paired activity did, by intervals.icu.
    pub(super) fn of_plan(self, activities: &[Activity]) -> Option<f64> {
        match self {
            Self::Done(at, MatchedBy::Paired) => activities.get(at)?.done_of_plan(),
            _ => None,
        }
    }

    /// `missed`, `not done, sick`, `not paired`, `unclear: …`, `perhaps done: …`; empty for what is open or done.
    pub(super) fn undone(self) -> String {
        match self {
            Self::Open | Self::Begun(_) | Self::Done(..) | Self::DoneAs(_) | Self::Paired => String::new(),
            Self::Missed(None) => "missed".to_owned(),
            Self::Missed(Some(reason)) => format!("not done, {}", reason.word()),
            Self::NotPaired(None) => "not paired".to_owned(),
            Self::NotPaired(Some(reason)) => format!("not paired, {}", reason.word()),
            Self::Unclear(Unclear::ClosedByStrava) => {
                "perhaps done: an activity that day is closed by Strava".to_owned()
            }
            Self::Unclear(Unclear::NoSport) => {
                "perhaps done: an activity without a sport that day".to_owned()
            }
            Self::Unclear(Unclear::PairedElsewhere) => {
                "unclear: paired with an activity that is not of that day".to_owned()
            }
            Self::Unclear(Unclear::OfAnotherEntry) => {
                "perhaps done: an activity that day is paired with an entry that is not among these"
                    .to_owned()
            }
            Self::Unclear(Unclear::Beside(other)) => format!("perhaps done: with the {other} of that day"),
            Self::Unclear(Unclear::VagueSport(sport, count)) => {
                let activities = answer::counted(count, "activity", "activities");
                format!("perhaps done: {activities} that day ({sport})")
            }
        }
    }

    /// The state in words, with the figures of the activity that did it: `done 1:16, load 79, 99 % of plan by intervals.icu,
    /// i188800101`. `taken` are the activities that did a plan: see [`taken`].
    pub(super) fn in_words(self, event: &Event, activities: &[Activity], taken: &HashSet<usize>) -> String {
        match self {
            Self::Done(at, how) => activities
                .get(at)
                .map(|one| {
                    let words = done(one, how, self.of_plan(activities));
                    let rest = rest(event, one, activities, taken);
                    joined([words, beside(one, activities), rest], "; ")
                })
                .unwrap_or_default(),
            Self::Begun(legs) => format!("so far {}", legs.in_words()),
            Self::DoneAs(legs) => format!("done as {}", legs.in_words()),
            // One activity is not all of it.
            Self::Paired if has_stages(event) => format!("paired with {}", id_of_pair(event)),
            Self::Paired => format!("done {}", id_of_pair(event)),
            Self::Unclear(Unclear::PairedElsewhere) => format!(
                "unclear: paired with {}, which is not among the activities of that day",
                id_of_pair(event)
            ),
            _ => self.undone(),
        }
    }
}

/// Whether it is a race of several days.
fn has_stages(event: &Event) -> bool {
    event.is_race() && event.day() < event.last_day()
}

fn id_of_pair(event: &Event) -> String {
    clean(event.paired_with().unwrap_or_default(), 24)
}

fn done(activity: &Activity, how: MatchedBy, compliance: Option<f64>) -> String {
    let id = clean(activity.id.as_deref().unwrap_or_default(), 24);
    if activity.is_closed_by_strava() {
        return format!("done {id} (closed by Strava)");
    }
    let mut words = Vec::new();
    let mut add = |text: String, before: &str, after: &str| {
        if !text.is_empty() {
            words.push(format!("{before}{text}{after}"));
        }
    };
    add(units::hours_minutes(positive(activity.moving_time)), "", "");
    add(units::whole(activity.load()), "load ", "");
    add(with_unit(units::whole(compliance), PERCENT), "", "");
    add(id, "", "");
    let aside = match (activity.is_manual(), how) {
        (true, MatchedBy::Paired) => " by hand (marked done)",
        (true, MatchedBy::SameDay) => " by hand (not paired)",
        (false, MatchedBy::SameDay) => " (not paired)",
        (_, MatchedBy::Shared) => " (one activity for race and workout)",
        (false, MatchedBy::Paired) => "",
    };
    format!("done {}{aside}", words.join(", "))
}

/// The indices of the activities that did a plan.
pub(super) fn taken<'a>(states: impl IntoIterator<Item = &'a Option<State>>) -> HashSet<usize> {
    states
        .into_iter()
        .flatten()
        .filter_map(|state| state.activity())
        .collect()
}

/// What else was done that day of the plan's sport and did no plan, where `activity` is clearly shorter than planned:
/// `also that day: i1 (1:00, load 50)`.
fn rest(event: &Event, activity: &Activity, activities: &[Activity], taken: &HashSet<usize>) -> String {
    const MOST_OF_PLAN: f64 = 0.9;
    let times = positive(activity.moving_time).zip(event.planned_secs());
    if !times.is_some_and(|(done, planned)| done < MOST_OF_PLAN * planned) || activity.is_manual() {
        return String::new();
    }
    let is_known = |other: &Activity| {
        let mut known = taken.iter().filter_map(|at| activities.get(*at));
        known.any(|one| std::ptr::eq(one, other) || may_be_one(one, other))
    };
    let others = activities.iter().filter(|other| {
        other.day() == activity.day()
            && !other.is_stub()
            && family(other.sport()) == family(event.sport())
            && other.paired_event_id.is_none()
            && !is_known(other)
    });
    around("also that day:", &with_figures(others), "")
}

/// The first of these: `i252 (0:59, load 78), i253 (0:10)`.
fn with_figures<'a>(activities: impl Iterator<Item = &'a Activity>) -> String {
    const NAMED: usize = 3;
    let named = activities.take(NAMED).map(|other| {
        let figures = [
            units::hours_minutes(positive(other.moving_time)),
            named("load", &units::whole(other.load())),
        ];
        let id = clean(other.id.as_deref().unwrap_or_default(), 24);
        joined([id, in_brackets(&joined(figures, ", "))], " ")
    });
    joined(named, ", ")
}

/// The recordings that may be of the same session: `i252 was recorded at the same time (0:59, load 78)`. Beside an entry by
/// hand, whose time of day may be made up, every recording of the same sport family and day that did no other plan.
fn beside(activity: &Activity, activities: &[Activity]) -> String {
    let by_hand = activity.is_manual();
    let is_beside = |other: &&Activity| {
        !std::ptr::eq(*other, activity)
            && !other.is_stub()
            && other.day() == activity.day()
            && if by_hand {
                family(other.sport()) == family(activity.sport())
                    && !other.is_manual()
                    && other.paired_event_id.is_none()
            } else {
                may_be_one(activity, other)
            }
    };
    let when = if by_hand { "that day" } else { "at the same time" };
    let others = with_figures(activities.iter().filter(is_beside));
    around(&format!("also recorded {when}:"), &others, "")
}

/// The state of each event on `today`, in the order of the events; None for what is neither a workout nor a race.
///
/// `activities` are all that began on the days of these events up to today; None if they are not known. `absences` are those
/// of these days.
pub(super) fn states(
    events: &[&Event],
    activities: Option<&[Activity]>,
    absences: &Absences,
    today: NaiveDate,
) -> Vec<Option<State>> {
    let read = activities.unwrap_or_default();
    let twins = recorded_twice(read);
    // One without a sport may hold all of a triathlon.
    let same_leg: Vec<(usize, usize)> = twins
        .iter()
        .copied()
        .filter(|(a, b)| family(read[*a].sport()) == family(read[*b].sport()))
        .collect();
    let ties = ties(events, read, &same_leg);
    let days = activities.map(|activities| days(activities, &ties, &twins));
    let ids: HashSet<&str> = read
        .iter()
        .filter_map(|activity| activity.id.as_deref())
        .collect();
    let strays = strays(events, read);
    let state = |event: &&Event, tie: Option<(usize, MatchedBy)>| {
        if let Some((at, how)) = tie.filter(|_| !has_stages(event)) {
            return State::Done(at, how);
        }
        if let Some(legs) = legs(event, tie.map(|(at, _)| at), read, &same_leg, today) {
            return legs;
        }
        if let Some(id) = event.paired_with() {
            let is_read = activities.is_some() && event.day().is_some_and(|day| day <= today);
            return if is_read && !ids.contains(id) {
                State::Unclear(Unclear::PairedElsewhere)
            } else {
                State::Paired
            };
        }
        // A race of several days goes on until its last.
        let last = if event.is_race() {
            event.last_day()
        } else {
            event.day()
        };
        let Some((first, last)) = event.day().zip(last).filter(|(_, last)| *last <= today) else {
            return State::Open;
        };
        let absent = absences.reason_for(event);
        let Some(days) = &days else {
            return if last < today {
                State::NotPaired(absent)
            } else {
                State::Open
            };
        };
        let is_stray = |day: NaiveDate| strays.contains(&(day, family(event.sport())));
        let mut done = Day::default();
        let mut stray = false;
        for day in first.iter_days().take(RACE_DAYS).take_while(|day| *day <= last) {
            done.add(days.get(&day).copied().unwrap_or_default());
            stray |= is_stray(day);
        }
        if last == today {
            return done.unread().map_or(State::Open, State::Unclear);
        }
        let unclear = done.unclear(event).or(stray.then_some(Unclear::OfAnotherEntry));
        unclear.map_or(State::Missed(absent), State::Unclear)
    };
    let states: Vec<Option<State>> = events
        .iter()
        .zip(ties)
        .map(|(event, tie)| event.is_to_do().then(|| state(event, tie)))
        .collect();
    beside_races(events, states, read, today)
}

/// The days and families of sports of activities that are paired with none of these events.
fn strays<'a>(events: &[&Event], activities: &'a [Activity]) -> HashSet<(NaiveDate, &'a str)> {
    let known: HashSet<i64> = events.iter().filter_map(|event| event.id).collect();
    let is_stray = |activity: &&Activity| {
        activity.paired_event_id.is_some_and(|id| !known.contains(&id)) && !activity.sport().is_empty()
    };
    activities
        .iter()
        .filter(is_stray)
        .filter_map(|activity| Some((activity.day()?, family(activity.sport()))))
        .collect()
}

/// A workout and a race of one sport on one day are mostly one session: if one of them was done, so was perhaps the other.
fn beside_races(
    events: &[&Event],
    mut states: Vec<Option<State>>,
    activities: &[Activity],
    today: NaiveDate,
) -> Vec<Option<State>> {
    let of_days: HashSet<(NaiveDate, &str)> = activities
        .iter()
        .filter_map(|activity| Some((activity.day()?, family(activity.sport()))))
        .collect();
    let mut done: HashSet<(NaiveDate, &str, bool)> = HashSet::new();
    for (event, state) in events.iter().zip(&states) {
        let is_done = matches!(
            state,
            Some(State::Done(..) | State::DoneAs(_) | State::Begun(_) | State::Paired | State::Unclear(_))
        );
        let Some(first) = event.day().filter(|_| is_done && !event.sport().is_empty()) else {
            continue;
        };
        let (sport, many_days) = (family(event.sport()), has_stages(event));
        let last = event.last_day().filter(|_| many_days).unwrap_or(first);
        let days = first.iter_days().take(RACE_DAYS).take_while(|day| *day <= last);
        let days = days.filter(|day| !many_days || of_days.contains(&(*day, sport)));
        done.extend(days.map(|day| (day, sport, event.is_race())));
    }
    for (event, state) in events.iter().zip(&mut states) {
        let other = if event.is_race() { "workout" } else { "race" };
        let is_undone = matches!(state, Some(State::Missed(_) | State::NotPaired(_) | State::Open));
        if let Some(day) = event.day().filter(|day| is_undone && *day <= today)
            && done.contains(&(day, family(event.sport()), !event.is_race()))
        {
            *state = Some(State::Unclear(Unclear::Beside(other)));
        }
    }
    states
}

/// What an activity's name may add to the name of the race that it is a leg of.
const LEGS: &[&str] = &[
    "swim",
    "swimming",
    "bike",
    "biking",
    "cycling",
    "ride",
    "riding",
    "run",
    "running",
    "transition",
    "t1",
    "t2",
];

/// What was done of a race that has begun and that is more than one activity: on several days those of its sport's family and
/// the one that it is `paired` with; of a sport that no activity has those with its name, and the legs of a multisport day.
/// None if no activity shows that it was done. The legs may be plans of their own. It is over after its last day; on its only
/// day it may have more legs to come.
fn legs(
    race: &Event,
    paired: Option<usize>,
    activities: &[Activity],
    twins: &[(usize, usize)],
    today: NaiveDate,
) -> Option<State> {
    let (first, last) = (race.day()?, race.last_day()?);
    let is_vague = is_vague(race.sport());
    if !race.is_race() || !(is_vague || has_stages(race)) {
        return None;
    }
    let again: HashSet<usize> = twins.iter().map(|(_, second)| *second).collect();
    let done: Vec<(usize, NaiveDate, &Activity)> = activities
        .iter()
        .enumerate()
        .filter(|(at, _)| !again.contains(at) || paired == Some(*at))
        .filter_map(|(at, activity)| Some((at, activity.day()?, activity)))
        .filter(|(_, day, _)| (first..=last).contains(day))
        .collect();
    let name = race.name.as_deref().unwrap_or_default();
    let is_multisport = |day: NaiveDate| {
        ["Swim", "Ride", "Run"].iter().all(|leg| {
            let mut of_day = done.iter().filter(|(_, other, _)| *other == day);
            of_day.any(|(.., activity)| family(activity.sport()) == *leg)
        })
    };
    let is_leg = |day: NaiveDate, activity: &Activity| {
        let own = activity.name.as_deref().unwrap_or_default();
        let sport = family(activity.sport());
        if !is_vague {
            return sport == family(race.sport());
        }
        is_named_after(own, name)
            || ["Swim", "Ride", "Run", "Transition"].contains(&sport) && is_multisport(day)
    };
    let legs: Vec<(NaiveDate, &Activity)> = done
        .iter()
        .filter(|(at, day, activity)| paired == Some(*at) || is_leg(*day, activity))
        .map(|(_, day, activity)| (*day, *activity))
        .collect();
    if legs.is_empty() {
        return None;
    }
    let on: HashSet<NaiveDate> = legs.iter().map(|(day, _)| *day).collect();
    let sum = Sum::of(legs.iter().map(|(_, activity)| *activity));
    let legs = Legs {
        days: (on.len(), (last - first).num_days() + 1),
        count: legs.len(),
        secs: sum.secs,
        with_time: sum.with_time,
        load: sum.load,
        with_load: sum.with_load,
        paired,
    };
    Some(if last < today || !has_stages(race) {
        State::DoneAs(legs)
    } else {
        State::Begun(legs)
    })
}

/// Whether a name is that of the race, with nothing but a leg or a number beside it: `Lake Triathlon - Swim`.
fn is_named_after(name: &str, race: &str) -> bool {
    let (name, race) = (words_of_title(name), words_of_title(race));
    let is_beside = |word: &String| LEGS.contains(&word.as_str()) || word.chars().all(char::is_numeric);
    let at = name.windows(race.len().max(1)).position(|words| words == race);
    at.is_some_and(|at| {
        let (before, after) = (&name[..at], &name[at + race.len()..]);
        before.iter().chain(after).all(is_beside)
    })
}

/// What was done on a day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    /// How many activities there were.
    all: usize,
    /// How many did no plan.
    free: usize,
    /// Whether one of those is closed by Strava.
    closed: bool,
    /// Whether one of those has no sport.
    without_sport: bool,
}

impl Day {
    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.free += other.free;
        self.closed |= other.closed;
        self.without_sport |= other.without_sport;
    }

    /// Why it may have been any plan.
    fn unread(self) -> Option<Unclear> {
        if self.closed {
            Some(Unclear::ClosedByStrava)
        } else {
            self.without_sport.then_some(Unclear::NoSport)
        }
    }

    /// Why it may have been this plan.
    fn unclear(self, event: &Event) -> Option<Unclear> {
        let sport = match event.sport() {
            "" => "planned without a sport",
            "Other" => "planned as Other",
            "Workout" => "planned as Workout",
            sport if is_vague(sport) => "planned as a sport that no activity has",
            _ => "",
        };
        // The legs of a race may be plans of their own.
        let count = if event.is_race() && !event.sport().is_empty() {
            self.all
        } else {
            self.free
        };
        let is_vague = count > 0 && !sport.is_empty();
        let vague = is_vague.then_some(Unclear::VagueSport(sport, count));
        self.unread().or(vague)
    }
}

fn days(
    activities: &[Activity],
    ties: &[Option<(usize, MatchedBy)>],
    twins: &[(usize, usize)],
) -> HashMap<NaiveDate, Day> {
    let mut taken: HashSet<usize> = ties.iter().flatten().map(|(at, _)| *at).collect();
    let other = |(a, b): &(usize, usize)| match (taken.contains(a), taken.contains(b)) {
        (true, false) => Some(*b),
        (false, true) => Some(*a),
        _ => None,
    };
    let others: Vec<usize> = twins.iter().filter_map(other).collect();
    taken.extend(others);
    let mut days: HashMap<NaiveDate, Day> = HashMap::new();
    for (at, activity) in activities.iter().enumerate() {
        let Some(day) = activity.day() else { continue };
        let (free, closed) = (!taken.contains(&at), activity.is_stub());
        days.entry(day).or_default().add(Day {
            all: 1,
            free: usize::from(free),
            closed: free && closed,
            without_sport: free && !closed && activity.sport().is_empty(),
        });
    }
    days
}

fn ties(
    events: &[&Event],
    activities: &[Activity],
    twins: &[(usize, usize)],
) -> Vec<Option<(usize, MatchedBy)>> {
    let (planned_at, planned): (Vec<usize>, Vec<plan::Planned<'_>>) = events
        .iter()
        .enumerate()
        .filter(|(_, event)| event.is_to_do())
        .filter_map(|(at, event)| {
            let planned = plan::Planned {
                id: event.id,
                day: event.day()?,
                // The first day of a race of several is not all of it.
                sport: if has_stages(event) { "" } else { event.sport() },
                name: event.name.as_deref().unwrap_or_default(),
                is_race: event.is_race(),
                secs: event.planned_secs(),
                activity: event.paired_with(),
            };
            Some((at, planned))
        })
        .unzip();
    let (done_at, dones): (Vec<usize>, Vec<plan::Done<'_>>) = activities
        .iter()
        .enumerate()
        .filter_map(|(at, activity)| {
            let done = plan::Done {
                id: activity.id.as_deref()?,
                day: activity.day()?,
                sport: activity.sport(),
                name: activity.name.as_deref().unwrap_or_default(),
                secs: units::sane(activity.moving_time),
                load: activity.load(),
                event: activity.paired_event_id,
            };
            Some((at, done))
        })
        .unzip();
    let place = |at: &usize| done_at.binary_search(at).ok();
    let twins: Vec<(usize, usize)> = twins.iter().filter_map(|(a, b)| place(a).zip(place(b))).collect();
    let mut ties = vec![None; events.len()];
    for (at, tie) in planned_at
        .into_iter()
        .zip(plan::matched(&planned, &dones, &twins))
    {
        ties[at] = tie.map(|(which, how)| (done_at[which], how));
    }
    ties
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::samples::{rows, today};

    fn plan(id: i64, date: &str, sport: &str) -> Value {
        json!({"id": id, "category": "WORKOUT", "type": sport, "start_date_local": format!("{date}T00:00:00"),
               "moving_time": 3600})
    }

    fn did(id: &str, date: &str, sport: &Value) -> Value {
        json!({"id": id, "type": sport, "start_date_local": format!("{date}T08:00:00"), "moving_time": 3500})
    }

    /// The states in words; without activities they are not known.
    fn words(events: Value, activities: Option<Value>) -> Vec<String> {
        let events: Vec<Event> = rows(events);
        let activities: Option<Vec<Activity>> = activities.map(rows);
        let all: Vec<&Event> = events.iter().collect();
        let known = activities.as_deref();
        let states = states(&all, known, &Absences::among(&events), today());
        let taken = taken(&states);
        states
            .into_iter()
            .zip(&events)
            .map(|(state, event)| {
                state.map_or_else(
                    || "-".to_owned(),
                    |state| state.in_words(event, known.unwrap_or_default(), &taken),
                )
            })
            .collect()
    }

    #[test]
    fn an_absence_takes_the_blame_and_only_on_its_days() {
        let events = json!([
            {"category": "INJURED", "start_date_local": "2026-11-17T00:00:00", "end_date_local": "2026-11-19T00:00:00"},
            plan(1, "2026-11-16", "Run"), plan(2, "2026-11-17", "Run"), plan(3, "2026-11-18", "Ride"), plan(4, "2026-11-19", "Run"),
            plan(5, "2026-11-21", "Run"),
        ]);
        assert_eq!(
            words(
                events.clone(),
                Some(json!([did("i1", "2026-11-18", &json!("GravelRide"))]))
            ),
            [
                "-",
                "missed",
                "not done, injured",
                "done 0:58, i1 (not paired)",
                "missed",
                ""
            ]
        );
        assert_eq!(
            words(events, None),
            [
                "-",
                "not paired",
                "not paired, injured",
                "not paired, injured",
                "not paired",
                ""
            ]
        );
    }

    #[test]
    fn an_activity_of_an_entry_that_is_not_there_any_more_may_have_been_it() {
        let events = json!([
            plan(11, "2026-11-16", "Run"),
            plan(12, "2026-11-17", "Run"),
            plan(13, "2026-11-18", "Run"),
            plan(14, "2026-11-19", "Run"),
        ]);
        let paired = |id: &str, date: &str, sport: &str, event: i64| {
            let mut did = did(id, date, &json!(sport));
            did["paired_event_id"] = json!(event);
            did
        };
        let activities = json!([
            // Its entry was deleted and came back under another id.
            paired("i1", "2026-11-16", "TrailRun", 1),
            // Of another sport.
            paired("i2", "2026-11-17", "Ride", 2),
            // Of another day's entry, which is there.
            paired("i3", "2026-11-18", "Run", 14),
        ]);
        assert_eq!(
            words(events, Some(activities)),
            [
                "perhaps done: an activity that day is paired with an entry that is not among these",
                "missed",
                "missed",
                "done 0:58, i3",
            ]
        );
    }

    #[test]
    fn what_may_have_been_it_leaves_it_unclear() {
        let events = json!([
            plan(1, "2026-11-16", "Run"),
            plan(2, "2026-11-17", "Run"),
            plan(3, "2026-11-18", ""),
            plan(4, "2026-11-19", ""),
            plan(5, "2026-11-20", "Run"),
        ]);
        let activities = json!([
            did("i1", "2026-11-16", &Value::Null),
            {"id": "2", "source": "STRAVA", "start_date_local": "2026-11-17T08:00:00"},
            did("i3", "2026-11-18", &json!("Yoga")),
            {"id": "4", "source": "STRAVA", "start_date_local": "2026-11-20T08:00:00", "paired_event_id": 5},
        ]);
        assert_eq!(
            words(events, Some(activities)),
            [
                "perhaps done: an activity without a sport that day",
                "perhaps done: an activity that day is closed by Strava",
                "perhaps done: 1 activity that day (planned without a sport)",
                "missed",
                "done 4 (closed by Strava)",
            ]
        );
    }

    #[test]
    fn a_plan_of_a_sport_that_no_activity_has_is_missed_only_if_nothing_was_done() {
        let race = |id: i64, date: &str, sport: &str| {
            let mut race = plan(id, date, sport);
            race["category"] = json!("RACE_A");
            race
        };
        let mut two_days = race(6, "2026-11-19", "Other");
        two_days["end_date_local"] = json!("2026-11-21T00:00:00");
        let legs = ["Swim", "Transition", "Ride", "Transition", "Run"];
        let mut done: Vec<Value> = (10..)
            .zip(legs)
            .map(|(hour, sport)| {
                let mut leg = did(&format!("i{hour}"), "2026-11-16", &json!(sport));
                leg["start_date_local"] = json!(format!("2026-11-16T{hour}:00:00"));
                leg
            })
            .collect();
        // One of them on a second device.
        let mut again = done[2].clone();
        again["id"] = json!("i20");
        done.push(again);
        // The legs may be plans of their own.
        done.push(did("i1", "2026-11-17", &json!("Run")));
        done.push(did("i2", "2026-11-20", &json!("Ride")));
        assert_eq!(
            words(
                json!([
                    race(1, "2026-11-16", "Other"),
                    race(2, "2026-11-17", "Triathlon"),
                    plan(3, "2026-11-17", "Run"),
                    plan(4, "2026-11-17", "Other"),
                    race(5, "2026-11-18", "Other"),
                    two_days
                ]),
                Some(json!(done))
            ),
            [
                "done as 5 activities: 4:52",
                "perhaps done: 1 activity that day (planned as a sport that no activity has)",
                "done 0:58, i1 (not paired)",
                "missed",
                "missed",
                "perhaps done: 1 activity that day (planned as Other)",
            ]
        );
    }

    #[test]
    fn a_race_was_done_as_what_has_its_name() {
        for (name, is_leg) in [
            ("Lake Tri", true),
            ("lake-tri: T1", true),
            ("Swim | Lake Tri 2026", true),
            ("Lake Tri warm-up", false),
            ("Lake", false),
            ("Lake Triathlon", false),
            ("", false),
        ] {
            assert_eq!(is_named_after(name, "Lake Tri"), is_leg, "{name}");
        }
        assert!(!is_named_after("", "") && !is_named_after("Swim", ""));
        let mut race = plan(1, "2026-11-21", "Other");
        (race["category"], race["name"]) = (json!("RACE_A"), json!("Lake Tri"));
        let mut leg = did("i1", "2026-11-21", &json!("Kayaking"));
        leg["name"] = json!("Lake Tri");
        // Today it may still be done, but for what was done of it.
        assert_eq!(
            words(json!([race]), Some(json!([leg]))),
            ["done as 1 activity: 0:58"]
        );
        leg["name"] = json!("Paddling");
        assert_eq!(words(json!([race]), Some(json!([leg]))), [""]);
    }

    #[test]
    fn one_session_on_two_devices_does_one_plan() {
        let twice = |sport: &Value| {
            let mut second = did("i2", "2026-11-16", sport);
            second["start_date_local"] = json!("2026-11-16T08:01:00");
            json!([did("i1", "2026-11-16", &json!("Ride")), second])
        };
        let plans = || {
            json!([
                plan(1, "2026-11-16", "Ride"),
                plan(2, "2026-11-16", "VirtualRide")
            ])
        };
        let done = "done 0:58, i1 (not paired); also recorded at the same time: i2 (0:58)";
        for sport in [json!("GravelRide"), json!("Ride"), Value::Null] {
            assert_eq!(words(plans(), Some(twice(&sport))), [done, "missed"], "{sport}");
        }
        // One after the other they are two.
        let mut apart = twice(&json!("VirtualRide"));
        apart[1]["start_date_local"] = json!("2026-11-16T09:00:00");
        assert_eq!(
            words(plans(), Some(apart)),
            ["done 0:58, i1 (not paired)", "done 0:58, i2 (not paired)"]
        );
    }

    #[test]
    fn a_pair_that_was_not_read_did_nothing_that_is_known() {
        let mut gone = plan(1, "2026-11-16", "Ride");
        gone["paired_activity_id"] = json!("i9");
        let mut ahead = gone.clone();
        ahead["start_date_local"] = json!("2026-11-23T00:00:00");
        let mut day_before = gone.clone();
        day_before["paired_activity_id"] = json!("i8");
        let done = json!([did("i8", "2026-11-15", &json!("Ride"))]);
        let unclear = "unclear: paired with i9, which is not among the activities of that day";
        assert_eq!(
            words(json!([gone, ahead, day_before]), Some(done)),
            [unclear, "done i9", "done 0:58, i8"]
        );
        assert_eq!(words(json!([gone]), None), ["done i9"]);
    }

    #[test]
    fn a_race_of_several_days_is_open_until_its_last() {
        let race = |end: &str| {
            json!({"category": "RACE_A", "type": "Ride", "start_date_local": "2026-11-19T00:00:00",
                   "end_date_local": format!("{end}T00:00:00")})
        };
        let events = json!([race("2026-11-22"), race("2026-11-21")]);
        assert_eq!(words(events, None), ["", "not paired"]);
    }

    #[test]
    fn an_activity_that_did_a_plan_leaves_no_other_unclear() {
        let mut taken = did("i1", "2026-11-16", &Value::Null);
        taken["paired_event_id"] = json!(1);
        assert_eq!(
            words(
                json!([plan(1, "2026-11-16", "Run"), plan(2, "2026-11-16", "Ride")]),
                Some(json!([taken]))
            ),
            ["done 0:58, i1", "missed"]
        );
    }
}
