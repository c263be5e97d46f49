//! An athlete's figures from what intervals.icu sent, limited to what the granted tools could show.
//!
//! For a coach's roster and the athlete's own glance; how they are worded is theirs, but for [`words`].

pub(super) mod words;

use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate};

use super::{
    absences::{Absence, Absences, READ_BEFORE, begun_before},
    activities::{PerhapsOne, of_range, perhaps_one},
    arguments::Range,
    fitness::{self, Day, DoneToday, Seen, ToCome},
    plan_state::{self, State, Unclear},
    planned::Plans,
    vitals::{self, Averages},
};
use crate::{
    intervals::model::{Activity, Event, Wellness, amount, positive},
    training::{
        roster::{BASE, Plan},
        weeks::{self, back},
    },
};

/// Days back in which to find missed workouts; today's may still be done.
pub(super) const LOOKED_BACK: u64 = 7;
/// Days ahead in which to find the next race.
pub(super) const LOOKED_AHEAD: u64 = 56;
/// The tools whose data an athlete's row may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each tool, each granted separately"
)]
pub(super) struct Shown {
    /// get_fitness
    pub(super) fitness: bool,
    /// get_wellness
    pub(super) wellness: bool,
    /// get_events
    pub(super) calendar: bool,
    /// get_training_history
    pub(super) history: bool,
}

/// What arrived. None: not requested, or failed.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// The last [`BASE`] days, and the one before them.
    pub(super) wellness: Option<Vec<Wellness>>,
    /// The days of [`calendar_read`].
    pub(super) events: Option<Vec<Event>>,
    /// The last [`BASE`] days, or those of [`recent`].
    pub(super) activities: Option<Vec<Activity>>,
    /// Whether the absences that began long before were requested as well.
    pub(super) has_long_absences: bool,
}

impl Came {
    /// What is known of today, of what may be shown.
    fn seen(&self, shown: Shown) -> Seen<'_> {
        Seen {
            activities: self.activities.as_deref().filter(|_| shown.history),
            events: self.events.as_deref().filter(|_| shown.calendar),
        }
    }

    /// The load that is still to be done today and that no row of the model counts.
    pub(super) fn to_come(&self, shown: Shown, today: NaiveDate) -> Option<ToCome> {
        let (rows, seen) = (self.wellness.as_deref()?, self.seen(shown));
        let to_come = ToCome::of(rows, today, seen, DoneToday::of(rows, today, seen));
        to_come.filter(|to_come| to_come.load > 0.0)
    }

    /// The day before which absences that reach into a range were not read; None if they may not be shown.
    pub(super) fn absences_from(&self, shown: Shown, range: Range) -> Option<NaiveDate> {
        let may_lack = shown.calendar && self.events.is_some() && !self.has_long_absences;
        may_lack.then(|| since_absence(range).oldest)
    }
}

/// The last [`BASE`] days.
pub(super) fn past(today: NaiveDate) -> Range {
    Range {
        oldest: back(today, BASE - 1),
        newest: today,
    }
}

/// From this week's Monday, or seven days back, to today.
pub(super) fn recent(today: NaiveDate) -> Range {
    Range {
        oldest: weeks::monday(today).min(back(today, LOOKED_BACK)),
        newest: today,
    }
}

/// From this week's Monday, or seven days back, to the last day for the next race.
pub(super) fn calendar_range(today: NaiveDate) -> Range {
    Range {
        oldest: recent(today).oldest,
        newest: today
            .checked_add_days(Days::new(LOOKED_AHEAD))
            .unwrap_or(today)
            .max(weeks::sunday(today)),
    }
}

/// The same, and the days on which an absence may have begun.
pub(super) fn calendar_read(today: NaiveDate) -> Range {
    since_absence(calendar_range(today))
}

/// The range, and the days before it on which an absence that reaches into it may have begun.
pub(super) fn since_absence(range: Range) -> Range {
    Range {
        oldest: back(range.oldest, READ_BEFORE - LOOKED_BACK),
        ..range
    }
}

/// The days before [`since_absence`] of a range on which a long absence that reaches into it may have begun.
pub(super) fn long_before(range: Range) -> Range {
    begun_before(since_absence(range).oldest, range)
}

/// When the athlete last did something, within the last [`BASE`] days.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Last {
    /// Nothing that may be shown has it.
    Unknown,
    /// The last day with a load in the model; an activity without a load is not seen.
    Load(Option<NaiveDate>),
    /// The last activity's day and sport: None if it is closed by Strava, empty if it has none.
    Activity(Option<(NaiveDate, Option<String>)>),
}

/// Why a workout or race of the last days is not known to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Undone {
    /// As the calendar says it.
    State(State),
    /// Activities are not known, and the model has no load that day.
    NoLoad,
}

/// A workout or race on the calendar that is not known to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) day: NaiveDate,
    /// As sent.
    pub(super) sport: Option<String>,
    /// A race's name, as sent.
    pub(super) race: Option<String>,
    pub(super) undone: Undone,
    /// What limited its day, where no absence says why; empty without a limit.
    pub(super) limit: String,
}

impl Planned {
    /// Whether an absence that is not known could explain it.
    pub(super) fn is_blamed(&self) -> bool {
        matches!(
            self.undone,
            Undone::NoLoad | Undone::State(State::Missed(None) | State::NotPaired(None))
        )
    }

    /// Whether it fell on a day of absence.
    pub(super) fn is_explained(&self) -> bool {
        matches!(
            self.undone,
            Undone::State(State::Missed(Some(_)) | State::NotPaired(Some(_)))
        )
    }
}

/// A future race.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Race {
    pub(super) day: NaiveDate,
    /// As sent.
    pub(super) name: String,
    /// `A`, `B`, `C`.
    pub(super) rank: &'static str,
}

/// What today's row of the model holds beside what was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    Nothing,
    /// Planned load, which the figures shown are without; with the form that intervals.icu computed from it, where the
    /// calendar may be shown.
    LeftOut(Option<f64>),
    /// Planned load, which the figures shown count.
    Plan,
    /// Perhaps planned load.
    Perhaps,
    /// It is a day to come: all that is planned until then.
    Projected,
}

/// The load of some days.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Load {
    /// What was done, without [`Self::unclear`].
    pub(super) sum: f64,
    /// As much of today's load as may only be planned.
    pub(super) unclear: Option<f64>,
    /// What CTL counts of it, where that differs.
    pub(super) for_ctl: Option<f64>,
    /// How many activities have no load, where activities were read.
    pub(super) without: usize,
    /// How many have one.
    with: usize,
    /// How many cannot be read and so are not in it.
    pub(super) closed: usize,
}

impl Load {
    fn of_activities(rows: &[&Activity]) -> Self {
        let closed = rows.iter().filter(|row| row.is_stub()).count();
        let with = rows.iter().filter(|row| row.load().is_some()).count();
        Self {
            sum: rows.iter().map(|row| amount(row.load())).sum(),
            without: rows.len() - closed - with,
            with,
            closed,
            ..Self::default()
        }
    }

    /// Whether none of its activities has one.
    pub(super) fn is_unknown(&self) -> bool {
        self.without > 0 && self.with == 0 && self.sum <= 0.0 && self.unclear.is_none()
    }

    /// Several athletes' together.
    pub(super) fn all_of(loads: &[Self]) -> Self {
        let unclear = loads.iter().filter_map(|load| load.unclear);
        Self {
            sum: loads.iter().map(|load| load.sum).sum(),
            unclear: unclear.reduce(|a, b| a + b),
            for_ctl: None,
            without: loads.iter().map(|load| load.without).sum(),
            // A load of 0 that is known makes the whole known.
            with: loads
                .iter()
                .map(|load| load.with + usize::from(load.with == 0 && !load.is_unknown()))
                .sum(),
            closed: loads.iter().map(|load| load.closed).sum(),
        }
    }

    /// What may be shown of a range: the model's, and that of the activities of days that it does not have. None if neither has
    /// anything to say.
    pub(super) fn of_range(
        model: Option<&Loads>,
        activities: Option<&[Activity]>,
        range: Range,
    ) -> Option<Self> {
        let rows = activities.map(|rows| of_range(rows, Some(range)));
        let Some(loads) = model.filter(|loads| loads.has_any_of(range)) else {
            return rows.map(|rows| Self::of_activities(&rows));
        };
        let by_model = loads.of_range(range);
        let Some(rows) = rows else {
            return Some(by_model);
        };
        // A model that is still computed has a day's load later than the activity.
        let is_in_model = |row: &&Activity| {
            let of_day = row.day().and_then(|day| loads.by_day.get(&day));
            of_day.is_some_and(|load| load.whole > 0.0 || positive(row.icu_training_load).is_none())
        };
        let (counted, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_in_model);
        let (counted, rest) = (Self::of_activities(&counted), Self::of_activities(&rest));
        Some(Self {
            sum: by_model.sum + rest.sum,
            for_ctl: by_model.for_ctl.map(|load| load + rest.sum),
            without: counted.without + rest.without,
            with: counted.with + rest.with,
            closed: rest.closed,
            ..by_model
        })
    }
}

/// What is known about an athlete. None: must not be shown, failed, or not recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    /// The newest day of the model up to today; today with what was done only, where that is known.
    pub(super) standing: Option<Day>,
    /// What that day holds beside it.
    pub(super) held: Held,
    /// What it lacks of today's plan.
    pub(super) to_come: Option<ToCome>,
    /// Form at the end of yesterday.
    pub(super) form_this_morning: Option<f64>,
    /// Load of this week up to today.
    pub(super) load: Option<Load>,
    /// The plan for this whole week.
    pub(super) plan: Option<Plans>,
    /// Load and plan of the days from Monday to yesterday without an absence.
    pub(super) to_date: Option<(f64, Plan)>,
    pub(super) last: Last,
    /// Workouts and races of the last seven days that are not known to be done, oldest first.
    pub(super) undone: Vec<Planned>,
    /// The absences of today.
    pub(super) absences: Vec<Absence>,
    /// The absences of other days of this week.
    pub(super) absences_this_week: Vec<Absence>,
    /// The day before which none was read.
    pub(super) absences_from: Option<NaiveDate>,
    /// Whether nothing was done this week, or for longer, and no absence is known that would say why.
    may_be_absent: bool,
    /// Recordings of the last days that may be of one session.
    pub(super) perhaps_one: Option<PerhapsOne>,
    pub(super) race: Option<Race>,
    pub(super) averages: Averages,
}

impl Figures {
    /// The figures that may be shown.
    pub(super) fn of(shown: Shown, came: &Came, today: NaiveDate) -> Self {
        let model = Model::of(shown, came, past(today), today);
        let activities = came.activities.as_deref().filter(|_| shown.history);
        let events = came.events.as_deref().filter(|_| shown.calendar);
        let absences = Absences::among(events.unwrap_or_default());
        let events = events.map(|events| to_do(events, calendar_range(today)));
        let listed = events.as_deref().unwrap_or_default();
        let loads = model.loads.as_ref();
        let wellness = came.wellness.as_deref().filter(|_| shown.wellness);
        let week = Range::of_week(today);
        let own = loads.filter(|_| shown.fitness);
        let last = last(loads, activities);
        Self {
            standing: model.standing,
            held: model.held,
            to_come: came.to_come(shown, today),
            form_this_morning: model.form_this_morning,
            load: Load::of_range(own, activities, week),
            plan: events
                .as_ref()
                .map(|events| planning(events, week, &absences, activities, (model.knows_today, today))),
            to_date: own
                .zip(events.as_deref())
                .map(|(loads, events)| to_date(loads, events, &absences, today)),
            may_be_absent: idle(&last, today).is_some_and(|days| absences.may_lack_why(days)),
            last,
            undone: undone(
                listed,
                loads,
                activities,
                &absences,
                (back(today, LOOKED_BACK), today),
            ),
            absences: absences.within(today, today).cloned().collect(),
            absences_this_week: absences
                .within(week.oldest, week.newest)
                .filter(|absence| !absence.is_on(today))
                .cloned()
                .collect(),
            absences_from: came.absences_from(shown, calendar_range(today)),
            perhaps_one: activities.and_then(|rows| recorded_twice(rows, recent(today))),
            race: events.as_deref().and_then(|events| next_race(events, today)),
            averages: wellness
                .map(|rows| Averages::to(vitals::last_day(rows, today), rows))
                .unwrap_or_default(),
        }
    }

    /// What would tell more: the activities of the last days, if a workout or today's load may or may not be done, or no load
    /// of the model may be shown; and the absences that began long ago.
    pub(super) fn lack(&self, usable: Shown, today: NaiveDate) -> Lack {
        let open = |planned: &Planned| {
            matches!(
                planned.undone,
                Undone::NoLoad | Undone::State(State::NotPaired(None))
            )
        };
        let no_load = self.load.is_none();
        let activities = self.held == Held::Perhaps || no_load || self.undone.iter().any(open);
        let blamed = self.may_be_absent || self.undone.iter().any(Planned::is_blamed);
        Lack {
            activities: (usable.history && activities).then(|| recent(today)),
            absences: (usable.calendar && blamed).then(|| long_before(calendar_range(today))),
        }
    }
}

/// What would tell more about an athlete: the days to request.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Lack {
    pub(super) activities: Option<Range>,
    pub(super) absences: Option<Range>,
}

/// What the fitness model says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    /// The newest day of the range up to today; today with what was done only, where that is known.
    pub(super) standing: Option<Day>,
    /// What that day holds beside it.
    pub(super) held: Held,
    /// Form at the end of yesterday.
    form_this_morning: Option<f64>,
    /// None: no loads may be shown.
    pub(super) loads: Option<Loads>,
    /// Whether it is known what of today's plans was done.
    pub(super) knows_today: bool,
}

impl Model {
    /// What it says about the days of a range that are not after today.
    pub(super) fn of(shown: Shown, came: &Came, range: Range, today: NaiveDate) -> Self {
        let rows = came.wellness.as_deref();
        let seen = came.seen(shown);
        let done = DoneToday::of(rows.unwrap_or_default(), today, seen);
        let days = rows
            .filter(|_| shown.fitness)
            .map(|rows| fitness::days_of(rows, range))
            .unwrap_or_default();
        let newest = days.range(..=today).next_back().map(|(_, day)| *day);
        let before = days.range(..today).next_back().map(|(_, day)| *day);
        let yesterday = before.filter(|day| Some(day.date) == today.pred_opt());
        let knows_today = rows.is_some() && shown.fitness || seen.activities.is_some();
        let (standing, held) = match (newest, done) {
            (Some(day), DoneToday::Part(part)) if day.date == today => match part.fitness {
                Some(fitness) => (
                    Some(day.with_what_is_done(fitness)),
                    Held::LeftOut(part.is_planned.then(|| day.fitness.form())),
                ),
                None if shown.calendar => (Some(day), Held::Plan),
                // With what was done, its figures would tell the planned load.
                None => (before, Held::Nothing),
            },
            (day, DoneToday::Unclear { .. }) if day.is_none_or(|day| day.date == today) => {
                (day, Held::Perhaps)
            }
            (day, _) => (day, Held::Nothing),
        };
        Self {
            standing,
            held: if range.contains(today) {
                held
            } else {
                Held::Nothing
            },
            form_this_morning: yesterday.map(|day| day.fitness.form()),
            loads: rows
                .filter(|_| shown.fitness || shown.history)
                .map(|rows| Loads::of(rows, range, today, done)),
            knows_today: knows_today && !matches!(done, DoneToday::Unclear { .. }),
        }
    }
}

/// A day's load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DayLoad {
    whole: f64,
    for_ctl: f64,
}

/// What was done, by the model's loads: for days up to today that the model has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loads {
    by_day: BTreeMap<NaiveDate, DayLoad>,
    /// As much of today's load as may only be planned; `by_day` is without it.
    unclear: Option<f64>,
    today: NaiveDate,
}

impl Loads {
    fn of(rows: &[Wellness], range: Range, today: NaiveDate, done: DoneToday) -> Self {
        let mut by_day: BTreeMap<NaiveDate, DayLoad> = rows
            .iter()
            .filter_map(|row| {
                let day = row.id.filter(|day| *day <= today && range.contains(*day))?;
                // Where the model has a day without a load, it counted none.
                let counted = row.load().zip(row.loads());
                let (whole, (for_ctl, _)) =
                    counted.or_else(|| row.ctl.or(row.atl).map(|_| (0.0, (0.0, 0.0))))?;
                Some((day, DayLoad { whole, for_ctl }))
            })
            .collect();
        let mut unclear = None;
        if let Some(load) = by_day.get_mut(&today) {
            let all = load.whole;
            let in_doubt = match done {
                DoneToday::Unclear { at_most, done } => {
                    let rest = (all - done).max(0.0);
                    Some(at_most.map_or(rest, |most| most.min(rest)))
                }
                done => {
                    load.whole = done.load_of(all).unwrap_or(all);
                    load.for_ctl = load.for_ctl.min(load.whole);
                    None
                }
            };
            if let Some(in_doubt) = in_doubt {
                // Which of the two loads holds the plan is not known.
                (load.whole, load.for_ctl) = (all - in_doubt, all - in_doubt);
            }
            unclear = in_doubt.filter(|load| *load >= 0.5);
        }
        Self {
            by_day,
            unclear,
            today,
        }
    }

    /// Whether any day of a range has one.
    fn has_any_of(&self, range: Range) -> bool {
        self.by_day.range(range.oldest..=range.newest).next().is_some()
    }

    /// The load of a range.
    fn of_range(&self, range: Range) -> Load {
        let days = || {
            self.by_day
                .range(range.oldest..=range.newest)
                .map(|(_, load)| load)
        };
        let unclear = self.unclear.filter(|_| range.contains(self.today));
        let whole: f64 = days().map(|load| load.whole).sum();
        let for_ctl: f64 = days().map(|load| load.for_ctl).sum();
        Load {
            sum: whole,
            unclear,
            for_ctl: ((whole - for_ctl).abs() >= 1.0).then_some(for_ctl),
            ..Load::default()
        }
    }

    fn is_some_on(&self, day: NaiveDate) -> bool {
        self.by_day.get(&day).is_some_and(|load| load.whole > 0.0)
    }

    fn last(&self) -> Option<NaiveDate> {
        let some = self.by_day.iter().rev().find(|(_, load)| load.whole > 0.0);
        some.map(|(day, _)| *day)
    }
}

/// Recordings of a range that may be of one session.
pub(super) fn recorded_twice(activities: &[Activity], range: Range) -> Option<PerhapsOne> {
    let rows = of_range(activities, Some(range)).into_iter();
    let readable: Vec<&Activity> = rows.filter(|row| !row.is_stub()).collect();
    perhaps_one(&readable)
}

/// Load and plan of the days from Monday to yesterday without an absence, and without a plan that a limit is a reason against.
fn to_date(
    loads: &Loads,
    events: &[(NaiveDate, &Event)],
    absences: &Absences,
    today: NaiveDate,
) -> (f64, Plan) {
    let kept: HashSet<NaiveDate> = events
        .iter()
        .filter(|(_, event)| absences.reason_for(event).is_some())
        .map(|(day, _)| *day)
        .collect();
    let counts = |day: &NaiveDate| {
        (weeks::monday(today)..today).contains(day) && !absences.are_on(*day) && !kept.contains(day)
    };
    let done = loads.by_day.iter().filter(|(day, _)| counts(day));
    let mut plan = Plan::default();
    for (_, event) in events.iter().filter(|(day, _)| counts(day)) {
        plan.add(positive(event.icu_training_load));
    }
    (done.map(|(_, load)| load.whole).sum(), plan)
}

/// The plan for a range. Where it is not known what of today's was done, that is only not paired.
pub(super) fn planning(
    events: &[(NaiveDate, &Event)],
    range: Range,
    absences: &Absences,
    activities: Option<&[Activity]>,
    (knows_today, today): (bool, NaiveDate),
) -> Plans {
    let events: Vec<&Event> = events
        .iter()
        .filter(|(day, _)| range.contains(*day))
        .map(|(_, event)| *event)
        .collect();
    let states = plan_state::states(&events, activities, absences, today);
    let mut plans = Plans::default();
    for (event, state) in events.into_iter().zip(states) {
        let state = match state {
            Some(State::Open | State::Begun(_)) if !knows_today && event.day() <= Some(today) => {
                State::NotPaired(absences.reason_for(event))
            }
            Some(state) => state,
            None => continue,
        };
        plans.add(event, state, (activities, None), absences, today);
    }
    plans
}

/// The days on which nothing was done, up to today, if they are all of this week at least.
fn idle(last: &Last, today: NaiveDate) -> Option<Range> {
    let last = match last {
        Last::Unknown => return None,
        Last::Load(day) => *day,
        Last::Activity(last) => last.as_ref().map(|(day, _)| *day),
    };
    let days = Range {
        oldest: last.map_or(past(today).oldest, |day| {
            day.checked_add_days(Days::new(1)).unwrap_or(day)
        }),
        newest: today,
    };
    Some(days).filter(|days| days.oldest <= weeks::monday(today))
}

fn last(loads: Option<&Loads>, activities: Option<&[Activity]>) -> Last {
    let newest = activities.unwrap_or_default().iter();
    let newest = newest
        .filter_map(|row| Some((row.start_date_local?, row)))
        .max_by_key(|(start, _)| *start)
        .map(|(start, row)| {
            let sport = (!row.is_closed_by_strava()).then(|| row.sport().to_owned());
            (start.date(), sport)
        });
    let load = loads.map(Loads::last);
    match (newest, load) {
        // The activities may be those of a few days only.
        (Some((day, _)), Some(Some(load))) if load > day => Last::Load(Some(load)),
        (None, Some(load)) => Last::Load(load),
        (None, None) if activities.is_none() => Last::Unknown,
        (newest, _) => Last::Activity(newest),
    }
}

/// Workouts and races by day, each once, oldest first.
pub(super) fn to_do(events: &[Event], range: Range) -> Vec<(NaiveDate, &Event)> {
    let mut seen = HashSet::new();
    let mut found: Vec<(NaiveDate, &Event)> = events
        .iter()
        .filter(|event| event.is_to_do())
        .filter_map(|event| Some((event.day()?, event)))
        .filter(|(day, event)| range.contains(*day) && event.id.is_none_or(|id| seen.insert(id)))
        .collect();
    found.sort_by_key(|(day, event)| (*day, event.start_date_local, event.id));
    found
}

/// The rank of a race.
fn rank(event: &Event) -> Option<&'static str> {
    match event.category() {
        "RACE_A" => Some("A"),
        "RACE_B" => Some("B"),
        "RACE_C" => Some("C"),
        _ => None,
    }
}

/// The workouts and races from one day to the day before today that are not known to be done.
pub(super) fn undone(
    events: &[(NaiveDate, &Event)],
    loads: Option<&Loads>,
    activities: Option<&[Activity]>,
    absences: &Absences,
    (from, today): (NaiveDate, NaiveDate),
) -> Vec<Planned> {
    let days = from..=today;
    let events: Vec<&Event> = events
        .iter()
        .filter(|(day, _)| days.contains(day))
        .map(|(_, event)| *event)
        .collect();
    let states = plan_state::states(&events, activities, absences, today);
    let planned = |(event, state): (&&Event, Option<State>)| {
        let day = event.day()?;
        let nothing = loads.is_some_and(|loads| !loads.is_some_on(day));
        let undone = match state? {
            State::Open | State::Begun(_) | State::Done(..) | State::DoneAs(_) | State::Paired => {
                return None;
            }
            // What of today was perhaps done is nobody's omission.
            State::Unclear(why) if day == today && why != Unclear::PairedElsewhere => return None,
            State::NotPaired(None) if nothing => Undone::NoLoad,
            State::NotPaired(absent) if nothing => Undone::State(State::Missed(absent)),
            state => Undone::State(state),
        };
        let mut planned = Planned {
            day,
            sport: event.sport.clone(),
            race: rank(event).map(|_| event.name.clone().unwrap_or_default()),
            undone,
            limit: String::new(),
        };
        if planned.is_blamed() {
            planned.limit = absences.limit_of(event);
        }
        Some(planned)
    };
    events.iter().zip(states).filter_map(planned).collect()
}

fn next_race(events: &[(NaiveDate, &Event)], today: NaiveDate) -> Option<Race> {
    events.iter().find_map(|(day, event)| {
        let rank = rank(event).filter(|_| *day >= today)?;
        Some(Race {
            day: *day,
            name: event.name.clone().unwrap_or_default(),
            rank,
        })
    })
}
