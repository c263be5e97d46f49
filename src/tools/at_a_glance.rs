//! The athlete's own figures at a glance: six weeks of fitness, this week against its plan, the last activity, the last night, the
//! next race, the coming days. From the same code as the answers of the tools, so that the two never disagree.
//!
//! No tool and no HTML: a page shows it. At most four requests: fitness and wellness days, calendar and activities at the same
//! time, then the absences that began long ago, where only they could say why something was not done, or else the profile. Each
//! part is missing on its own.

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::{
    absences::{self, Absences},
    activities::of_range,
    answer::{
        self,
        sport_units::SportUnits,
        units::{self, positive},
        words::joined,
    },
    arguments::Range,
    entries,
    figures::{self, Came, Figures, Shown, calendar_read, past, recent, words},
    fitness::{self, Day},
    plan_state::{self, State},
    sums::{Sum, with_unreadable},
    vitals::{self, Compared},
};
use crate::{
    guard::Ask,
    intervals::{
        Error,
        model::{self, Activity, Event, Wellness},
    },
    text::clean,
    training::{plausible, sports::family, weeks::back},
};

/// Days of fitness, today included.
const SIX_WEEKS: u64 = 42;
/// Days to come, today included.
const COMING: u64 = 7;
/// Entries shown of the coming days, and of those that were missed.
const MOST_ENTRIES: usize = 30;
/// Characters of a name.
const NAME: usize = 80;

const DAYS: &[&str] = &[
    "ctl",
    "atl",
    "rampRate",
    "ctlLoad",
    "atlLoad",
    "sleepSecs",
    "hrv",
    "hrvSDNN",
    "restingHR",
    "tempRestingHR",
];
/// What tells whether a plan was done, and the distance.
const ACTIVITIES: &[&str] = &[
    "type",
    "name",
    "sub_type",
    "moving_time",
    "elapsed_time",
    "distance",
    "icu_distance",
    "pool_length",
    "icu_training_load",
    "pace_load",
    "icu_average_watts",
    "icu_weighted_avg_watts",
    "average_heartrate",
    "paired_event_id",
    "start_date",
    "device_name",
];
/// Everything: it is the athlete's own.
const ALL: Shown = Shown {
    fitness: true,
    wellness: true,
    calendar: true,
    history: true,
};

/// Why a part is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// intervals.icu has no value.
    NotRecorded,
    /// Nothing of the kind is planned or chosen.
    NotSet,
    /// The athlete did not share the area.
    NotShared,
    /// Strava's terms close it.
    ClosedByStrava,
    /// It did not arrive in time.
    NotNow,
}

impl Gap {
    /// In the words that every page and answer uses.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NotRecorded => "not recorded",
            Self::NotSet => "not set",
            Self::NotShared => "not shared",
            Self::ClosedByStrava => "closed by Strava",
            Self::NotNow => "not there now",
        }
    }
}

impl From<&Error> for Gap {
    fn from(error: &Error) -> Self {
        match error {
            Error::MissingScope(_) | Error::Forbidden => Self::NotShared,
            Error::Strava => Self::ClosedByStrava,
            _ => Self::NotNow,
        }
    }
}

/// A part, or why it is missing.
pub(crate) type Part<T> = Result<T, Gap>;

/// What does not depend on the fourth request.
#[derive(Debug)]
pub(crate) struct First {
    /// Today in the athlete's time zone.
    pub(crate) today: NaiveDate,
    pub(crate) fitness: Part<Fitness>,
    pub(crate) last: Part<LastActivity>,
    pub(crate) sleep: Part<Night>,
    pub(crate) hrv: Part<Night>,
    pub(crate) race: Part<NextRace>,
}

/// The rest.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) week: Week,
    pub(crate) plan: Part<Plan>,
    /// Rows that could not be read; empty without any.
    pub(crate) unread: String,
}

/// CTL, ATL and form of six weeks.
#[derive(Debug)]
pub(crate) struct Fitness {
    /// Oldest first, up to today; days without figures are absent, and at least one has some.
    pub(crate) days: Vec<FitnessDay>,
    /// The newest form, with what today's counts: `+10.9 (done only; +2.7 with today's plan)`.
    pub(crate) form: String,
    /// The change of CTL in seven days: `+2.9`.
    pub(crate) ramp: String,
}

/// A day of [`Fitness`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FitnessDay(Day);

impl FitnessDay {
    pub(crate) fn date(&self) -> NaiveDate {
        self.0.date
    }

    /// CTL, ATL and form.
    pub(crate) fn figures(&self) -> [f64; 3] {
        let fitness = self.0.fitness;
        [fitness.ctl, fitness.atl, fitness.form()]
    }

    /// The same in words.
    pub(crate) fn words(&self) -> [String; 3] {
        [self.0.ctl(), self.0.atl(), self.0.form()]
    }
}

/// The activity that began last.
#[derive(Debug)]
pub(crate) struct LastActivity {
    pub(crate) began: NaiveDateTime,
    /// What only its owner wrote, cleaned; its sport if it has no name. None if it is closed by Strava.
    pub(crate) name: Option<String>,
    pub(crate) sport: String,
    pub(crate) time: Part<String>,
    /// None for a sport without a way.
    pub(crate) distance: Option<Part<String>>,
    pub(crate) load: Part<String>,
}

/// A value of the last night, against the days before.
#[derive(Debug, PartialEq)]
pub(crate) struct Night {
    /// The day whose morning has it.
    pub(crate) day: NaiveDate,
    /// With its unit.
    pub(crate) value: Part<String>,
    /// Averages of seven and of sixty days.
    pub(crate) week: String,
    pub(crate) base: String,
    /// Which of the two measures of HRV; empty for sleep.
    pub(crate) measure: &'static str,
    /// Whether the seven days are more than a standard deviation below the sixty.
    pub(crate) is_low: bool,
}

/// The next race.
#[derive(Debug)]
pub(crate) struct NextRace {
    pub(crate) day: NaiveDate,
    /// Cleaned; may be empty.
    pub(crate) name: String,
    /// `A`, `B`, `C`
    pub(crate) rank: &'static str,
}

/// This week so far, and its plan.
#[derive(Debug)]
pub(crate) struct Week {
    pub(crate) monday: NaiveDate,
    pub(crate) load: Part<String>,
    pub(crate) time: Part<String>,
    pub(crate) planned_load: Part<String>,
    pub(crate) planned_time: Part<String>,
}

/// What is planned for the coming days, and what was missed in the last ones.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) days: Vec<ComingDay>,
    /// Workouts and races of the last seven days that are not known to be done, oldest first.
    pub(crate) undone: Vec<Entry>,
    /// Where intervals.icu sends planned workouts; None if the profile was not read.
    pub(crate) devices: Option<Part<Vec<&'static str>>>,
    /// Which absences were not read; empty if all were.
    pub(crate) not_read: String,
}

/// A day with what is planned for it.
#[derive(Debug)]
pub(crate) struct ComingDay {
    pub(crate) day: NaiveDate,
    /// `holiday 12–18 Oct`
    pub(crate) absences: Vec<String>,
    pub(crate) entries: Vec<Entry>,
}

/// A workout or race.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) day: NaiveDate,
    /// `Ride`, `Run race A`
    pub(crate) what: String,
    /// Cleaned; may be empty.
    pub(crate) name: String,
    /// `1:30, load 85`; empty if neither is known.
    pub(crate) size: String,
    pub(crate) status: Status,
    /// What became of it: `done 1:16, load 79`, `missed`, `ruled out: sick`.
    pub(crate) state: String,
    /// Why a device service did not take it.
    pub(crate) refusals: Vec<String>,
}

/// The kind of an [`Entry::state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Done,
    Missed,
    /// Neither, for a reason.
    Else,
}

/// What was read, before the fourth request.
#[derive(Debug)]
pub(crate) struct Glance {
    today: NaiveDate,
    came: Came,
    /// Why there are no fitness and wellness days, no calendar, no activities.
    gaps: [Option<Gap>; 3],
    is_refused: bool,
    figures: Figures,
}

impl Glance {
    /// Sends the first three requests, at the same time.
    pub(crate) async fn begin(ask: &Ask) -> Self {
        let (upstream, today) = (&ask.upstream, ask.today());
        // Averages that end yesterday begin a day earlier.
        let (days, calendar) = (past(today), calendar_read(today));
        let query = days.activities(ACTIVITIES);
        let categories = [&Event::TO_DO[..], &absences::CATEGORIES].concat();
        let (wellness, events, activities) = tokio::join!(
            upstream.wellness(back(days.oldest, 1), today, DAYS),
            upstream.events(calendar.oldest, calendar.newest, &categories),
            upstream.activities(&query),
        );
        let mut is_refused = false;
        let mut gap = |error: Option<&Error>| {
            is_refused |= error.is_some_and(Error::ends_the_call);
            error.map(Gap::from)
        };
        let gaps = [
            gap(wellness.as_ref().err()),
            gap(events.as_ref().err()),
            gap(activities.as_ref().err()),
        ];
        let came = Came {
            wellness: wellness.ok(),
            events: events.ok(),
            activities: activities.ok(),
            has_long_absences: false,
        };
        Self {
            figures: Figures::of(ALL, &came, today),
            today,
            came,
            gaps,
            is_refused,
        }
    }

    /// Whether intervals.icu refused the connection.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// What is known by now.
    pub(crate) fn first(&self, ask: &Ask) -> First {
        First {
            today: self.today,
            fitness: self.wellness().and_then(|rows| self.fitness(rows)),
            last: self.activities().and_then(|rows| last_activity(rows, ask)),
            sleep: self.wellness().and_then(|rows| self.sleep(rows)),
            hrv: self.wellness().and_then(|rows| self.hrv(rows)),
            race: self.events().and_then(|_| self.race()),
        }
    }

    /// Sends the fourth request, if it tells more.
    pub(crate) async fn rest(mut self, ask: &Ask) -> Rest {
        let lacking = self.figures.lack(ALL, self.today).absences;
        let lacking = lacking.filter(|_| self.came.events.is_some());
        let profile = if let Some(days) = lacking {
            let found = ask
                .upstream
                .events(days.oldest, days.newest, &absences::CATEGORIES);
            self.add_absences(found.await.ok());
            // A fifth request is not sent, but what is kept is as good.
            let kept = ask.upstream.reading_only_kept().profile().await;
            kept.ok().map(Ok)
        } else {
            Some(ask.upstream.profile().await)
        };
        Rest {
            week: self.week(),
            plan: self.events().map(|_| self.plan(profile)),
            unread: answer::unread(&ask.upstream),
        }
    }

    /// The absences that began long ago; None if they could not be read.
    fn add_absences(&mut self, found: Option<Vec<Event>>) {
        let Some(found) = found else { return };
        self.came.has_long_absences = true;
        if let Some(events) = &mut self.came.events {
            // Those of no day came with the first request, too.
            events.extend(found.into_iter().filter(|event| event.day().is_some()));
        }
        self.figures = Figures::of(ALL, &self.came, self.today);
    }

    fn wellness(&self) -> Part<&[Wellness]> {
        let rows = self.came.wellness.as_deref();
        rows.ok_or(self.gaps[0].unwrap_or(Gap::NotNow))
    }

    fn events(&self) -> Part<&[Event]> {
        let rows = self.came.events.as_deref();
        rows.ok_or(self.gaps[1].unwrap_or(Gap::NotNow))
    }

    fn activities(&self) -> Part<&[Activity]> {
        let rows = self.came.activities.as_deref();
        rows.ok_or(self.gaps[2].unwrap_or(Gap::NotNow))
    }

    fn fitness(&self, rows: &[Wellness]) -> Part<Fitness> {
        let standing = self.figures.standing.ok_or(Gap::NotRecorded)?;
        let range = Range {
            oldest: back(self.today, SIX_WEEKS - 1),
            newest: self.today,
        };
        let mut days = fitness::days_of(rows, range);
        // Today with what was done only, where that is known.
        days.split_off(&standing.date);
        days.insert(standing.date, standing);
        Ok(Fitness {
            days: days.into_values().map(FitnessDay).collect(),
            form: words::form(Some(&standing), (self.figures.held, self.figures.to_come), ALL),
            ramp: standing.ramp(),
        })
    }

    fn sleep(&self, rows: &[Wellness]) -> Part<Night> {
        let averages = self.figures.averages.sleep.as_ref();
        let hours = |hours: f64| format!("{} h", units::hours_minutes(hours * 3600.0));
        self.night(rows, averages, ("sleepSecs", 3600.0), hours, "")
    }

    fn hrv(&self, rows: &[Wellness]) -> Part<Night> {
        let hrv = self.figures.averages.hrv.as_ref();
        let (key, measure) = match hrv {
            Some(hrv) if hrv.sdnn => ("hrvSDNN", "SDNN"),
            _ => ("hrv", "rMSSD"),
        };
        let compared = hrv.map(|hrv| &hrv.compared);
        let ms = |ms: f64| format!("{} ms", units::whole(ms));
        self.night(rows, compared, (key, 1.0), ms, measure)
    }

    /// A value of the last morning that averages may include, unless it cannot be.
    fn night(
        &self,
        rows: &[Wellness],
        compared: Option<&Compared>,
        (key, per_unit): (&str, f64),
        say: impl Fn(f64) -> String,
        measure: &'static str,
    ) -> Part<Night> {
        let against = compared.ok_or(Gap::NotRecorded)?.against;
        let day = vitals::last_day(rows, self.today);
        let values = vitals::by_day(rows, key);
        let broken = plausible::broken(key, &values);
        let value = values.get(&day).filter(|_| !broken.contains(&day));
        Ok(Night {
            day,
            value: value.map(|value| say(value / per_unit)).ok_or(Gap::NotRecorded),
            week: say(against.week.value),
            base: say(against.base.value),
            measure,
            is_low: against.is_low(),
        })
    }

    fn race(&self) -> Part<NextRace> {
        let race = self.figures.race.as_ref().ok_or(Gap::NotSet)?;
        Ok(NextRace {
            day: race.day,
            name: clean(&race.name, NAME),
            rank: race.rank,
        })
    }

    fn week(&self) -> Week {
        let week = Range::of_week(self.today);
        // Fitness days have the load too, so the reason why they are missing comes second.
        let no_load = self.gaps[2].or(self.gaps[0]).unwrap_or(Gap::NotRecorded);
        let plan = self
            .events()
            .map(|_| self.figures.plan.clone().unwrap_or_default());
        Week {
            monday: week.oldest,
            load: self
                .figures
                .load
                .map(|load| words::done(load, true))
                .ok_or(no_load),
            time: self.activities().map(|rows| time_of(rows, week)),
            planned_load: plan.clone().map(|plan| plan.load()),
            planned_time: plan.and_then(|plan| {
                Some(plan.time())
                    .filter(|time| !time.is_empty())
                    .ok_or(Gap::NotSet)
            }),
        }
    }

    fn plan(&self, profile: Option<Result<model::Athlete, Error>>) -> Plan {
        let today = self.today;
        let until = today.checked_add_days(Days::new(COMING - 1)).unwrap_or(today);
        let events = self.came.events.as_deref().unwrap_or_default();
        let absences = Absences::among(events);
        let range = Range {
            oldest: recent(today).oldest,
            newest: until,
        };
        let listed: Vec<&Event> = figures::to_do(events, range)
            .into_iter()
            .map(|(_, event)| event)
            .collect();
        let activities = self.came.activities.as_deref();
        let states = plan_state::states(&listed, activities, &absences, today);
        let all = listed.into_iter().zip(states);
        let all = all.filter_map(|(event, state)| Entry::of(event, state?, activities, &absences));
        let (coming, before): (Vec<Entry>, Vec<Entry>) = all.partition(|entry| entry.day >= today);
        let from = back(today, figures::LOOKED_BACK);
        let undone = before
            .into_iter()
            .filter(|entry| entry.day >= from && entry.status != Status::Done);
        let not_read = self.came.absences_from(ALL, range);
        let may_lack = self.figures.lack(ALL, today).absences.is_some();
        Plan {
            days: by_day(coming, &absences, (today, until)),
            undone: undone.take(MOST_ENTRIES).collect(),
            devices: profile.map(|profile| match profile {
                Ok(profile) => Ok(profile.takes_workouts()),
                Err(error) => Err(Gap::from(&error)),
            }),
            not_read: not_read
                .filter(|_| may_lack)
                .map(absences::not_read)
                .unwrap_or_default(),
        }
    }
}

/// The days of a range that have something, each with it.
fn by_day(entries: Vec<Entry>, absences: &Absences, (from, until): (NaiveDate, NaiveDate)) -> Vec<ComingDay> {
    let mut days: Vec<ComingDay> = from
        .iter_days()
        .take_while(|day| *day <= until)
        .map(|day| ComingDay {
            day,
            absences: absences
                .within(day, day)
                .map(|absence| absence.in_words(from))
                .collect(),
            entries: Vec::new(),
        })
        .collect();
    for entry in entries.into_iter().take(MOST_ENTRIES) {
        if let Some(day) = days.iter_mut().find(|day| day.day == entry.day) {
            day.entries.push(entry);
        }
    }
    days.retain(|day| !day.entries.is_empty() || !day.absences.is_empty());
    days
}

impl Entry {
    fn of(event: &Event, state: State, activities: Option<&[Activity]>, absences: &Absences) -> Option<Self> {
        let day = event.day()?;
        let read = activities.unwrap_or_default();
        let planned = plan_state::Planned::of(event, state.pairing(read));
        let load = units::whole(planned.load);
        let size = [
            planned.secs.map(units::hours_minutes).unwrap_or_default(),
            answer::words::named("load", &load),
        ];
        let (status, state) = said(event, state, read, absences);
        Some(Self {
            day,
            what: entries::what(event),
            name: clean(event.name.as_deref().unwrap_or_default(), NAME),
            size: joined(size, ", "),
            status,
            state,
            refusals: refusals(event),
        })
    }
}

/// What became of a workout or race.
fn said(event: &Event, state: State, activities: &[Activity], absences: &Absences) -> (Status, String) {
    match state {
        State::Open | State::Begun(_) => match absences.reason_for(event) {
            Some(reason) => (Status::Else, format!("ruled out: {}", reason.word())),
            None if state == State::Open => (Status::Open, "planned".to_owned()),
            None => (Status::Open, "begun".to_owned()),
        },
        State::Done(at, _) => {
            let one = activities.get(at).filter(|one| !one.is_stub());
            let figures = one.map(|one| {
                let load = units::whole(one.load());
                joined(
                    [
                        positive(one.moving_time)
                            .map(units::hours_minutes)
                            .unwrap_or_default(),
                        answer::words::named("load", &load),
                    ],
                    ", ",
                )
            });
            (
                Status::Done,
                joined(["done".to_owned(), figures.unwrap_or_default()], " "),
            )
        }
        State::DoneAs(_) | State::Paired => (Status::Done, "done".to_owned()),
        State::Missed(None) => (Status::Missed, state.undone()),
        State::Missed(Some(_)) | State::NotPaired(_) | State::Unclear(_) => (Status::Else, state.undone()),
    }
}

/// `not sent to GARMIN: Step 3 has no target`
fn refusals(event: &Event) -> Vec<String> {
    let errors = event.push_errors.iter().flatten().take(3);
    let said = errors.map(|error| {
        let service = clean(error.service.as_deref().unwrap_or("a device service"), 30);
        let message = clean(error.message.as_deref().unwrap_or_default(), 160);
        joined([format!("not sent to {service}"), message], ": ")
    });
    said.collect()
}

/// `4:20`, `4:20 (1 without a time)`, `4:20 + 1 unreadable`
fn time_of(rows: &[Activity], range: Range) -> String {
    let rows = of_range(rows, Some(range));
    let closed = rows.iter().filter(|row| row.is_stub()).count();
    let sum = Sum::of(rows.into_iter().filter(|row| !row.is_stub()));
    with_unreadable(sum.known_time(), closed)
}

fn last_activity(rows: &[Activity], ask: &Ask) -> Part<LastActivity> {
    let newest = rows.iter().filter_map(|row| Some((row.start_date_local?, row)));
    let (began, row) = newest.max_by_key(|(began, _)| *began).ok_or(Gap::NotRecorded)?;
    let closed = row.is_closed_by_strava();
    let gap = if closed {
        Gap::ClosedByStrava
    } else {
        Gap::NotRecorded
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty()).ok_or(gap);
    let sport = answer::sport(row.sport());
    let name = clean(row.name.as_deref().unwrap_or_default(), NAME);
    let has_way = ["Ride", "Run", "Swim"].contains(&family(row.sport()));
    let distance = SportUnits::of_activity(row, ask.card.units).way(positive(row.metres()), 1);
    Ok(LastActivity {
        began,
        name: (!closed).then(|| if name.is_empty() { sport.clone() } else { name }),
        sport,
        time: some(units::hours_minutes(positive(row.moving_time))),
        distance: (has_way || !distance.is_empty()).then(|| some(distance)),
        load: some(units::whole(row.load())),
    })
}
