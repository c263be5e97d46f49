//! The simulator's one state: histories, what clients wrote, tokens, limits, breakages, and the log of requests.
//!
//! No HTTP here.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Now, activity,
    athlete::{self, Sports},
    calendar::{Pairing, blank_event, horizon, is_seeded, pair, seeded, settle},
    fault::{Fault, Faults},
    gear::Rack,
    given::Given,
    history::{Fitness, History},
    library::Shelf,
    limits::{APP, Limits, Pair, Standing},
    manual::Typed,
    people::{FIRST_DAY, Person},
    schema::{number, text},
    tokens::{Tokens, parse_scopes},
    training::{Done, event_of},
    wellness,
    written::{self, How, Rules, Writing},
};

/// How many requests are remembered.
const REMEMBERED: usize = 20_000;
/// How far into the future upstream projects, days.
const PROJECTED: i64 = 365;
/// Ids of events that clients create begin here.
const FIRST_CREATED: i64 = 190_000_001;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Such as `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As sent, empty if there is none.
    pub query: String,
    /// The owner of its credential, otherwise the id in the path.
    pub athlete: Option<String>,
    /// Status of the answer; none until there is one.
    pub status: Option<u16>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Accept-Language`.
    pub accept_language: Option<String>,
}

/// A request and its answer, bodies and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request, its answer's status included.
    pub request: Recorded,
    /// `Content-Type` of the request.
    pub sent_type: Option<String>,
    /// What was sent.
    pub sent: Vec<u8>,
    /// `Content-Type` of the answer.
    pub answered_type: Option<String>,
    /// What was answered.
    pub answered: Vec<u8>,
}

/// A thing with an address of its own that is changed in place.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// A wellness day.
    Day(NaiveDate),
    /// An activity, by its id.
    Activity(String),
    /// The settings of a group of sports, by their id.
    Sport(i64),
    /// A piece of gear, by its id.
    Gear(String),
    /// A folder or a workout of the library, by its id.
    Library(i64),
}

/// What is written at run time.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Kept only while somebody wants them, because they are large.
    pub(super) exchanges: Option<Vec<Exchange>>,
    pub(super) tokens: Tokens,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) pairing: Pairing,
    requests: VecDeque<(u64, Recorded)>,
    counted: u64,
    histories: HashMap<&'static str, Arc<History>>,
    /// How many activities from before their history people have.
    crowds: HashMap<&'static str, usize>,
    /// Rows from outside, by short name.
    given: HashMap<&'static str, Arc<Given>>,
    /// What clients wrote about a day.
    wellness: BTreeMap<(&'static str, NaiveDate), Map<String, Value>>,
    /// What clients wrote of activities, by id.
    pub(super) activities: BTreeMap<(&'static str, String), Map<String, Value>>,
    /// Activities that clients made and deleted, by short name.
    pub(super) typed: HashMap<&'static str, Typed>,
    /// A person's own days, and the same with those; kept until something is written.
    pub(super) merged: HashMap<&'static str, (Arc<History>, Arc<History>)>,
    /// What clients wrote of sports, by short name.
    sports: BTreeMap<&'static str, Sports>,
    /// Events that clients made or changed; none where they deleted one.
    events: BTreeMap<(&'static str, i64), Option<Map<String, Value>>>,
    /// The libraries as clients left them, by short name; the seeded one of who is not in it.
    shelves: BTreeMap<&'static str, Shelf>,
    /// The same of gear.
    pub(super) racks: BTreeMap<&'static str, Rack>,
    created: i64,
    pub(super) rules: Rules,
    /// Whether today's row of the model counts what is planned for today and not done yet. What upstream does is not known.
    pub(super) today_holds_plan: bool,
}

/// The simulator.
pub(super) struct World {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) redirect_uris: Vec<String>,
    now: Now,
    state: Mutex<State>,
    /// Held from finding an event to keeping it.
    writing: Mutex<()>,
}

impl World {
    pub(super) fn new(
        now: Now,
        client_id: String,
        client_secret: String,
        redirect_uris: Vec<String>,
        by_address: bool,
    ) -> Self {
        let mut state = State::default();
        state.limits.by_address = by_address;
        Self {
            client_id,
            client_secret,
            redirect_uris,
            now,
            state: Mutex::new(state),
            writing: Mutex::new(()),
        }
    }

    /// Keeps other writers of events out while it is held.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Local time of a person.
    pub(super) fn local(&self, person: &Person) -> NaiveDateTime {
        person.local(self.now())
    }

    /// A person's own days up to today, whatever clients write; built on the day's first call.
    pub(super) fn lived(&self, person: &'static Person) -> Arc<History> {
        let today = self.local(person).date();
        let kept = self.state().histories.get(person.slug).cloned();
        if let Some(history) = kept.filter(|history| history.through >= today) {
            return history;
        }
        let crowd = self.state().crowds.get(person.slug).copied().unwrap_or_default();
        let history = Arc::new(History::build(person, today).with_crowd(person, crowd));
        let mut state = self.state();
        // Another crowd may have been requested while this was built.
        if state.crowds.get(person.slug).copied().unwrap_or_default() == crowd {
            state.histories.insert(person.slug, history.clone());
        }
        history
    }

    /// Gives a person `count` activities from before their history; false for an unknown name.
    pub(super) fn crowd(&self, slug: &str, count: usize) -> bool {
        let Some(person) = Person::of_slug(slug) else {
            return false;
        };
        let mut state = self.state();
        state.crowds.insert(person.slug, count);
        state.histories.remove(person.slug);
        true
    }

    /// Serves these rows for a person; false for an unknown name.
    pub(super) fn give(&self, slug: &str, given: Given) -> bool {
        let Some(person) = Person::of_slug(slug) else {
            return false;
        };
        self.state().given.insert(person.slug, Arc::new(given));
        true
    }

    /// The rows given for a person.
    pub(super) fn given(&self, person: &Person) -> Option<Arc<Given>> {
        self.state().given.get(person.slug).cloned()
    }

    /// What a person allows the application from now on; false for an unknown name or scope.
    pub(super) fn allow(&self, slug: &str, scopes: &str) -> bool {
        let (Some(person), Ok(scopes)) = (Person::of_slug(slug), parse_scopes(scopes)) else {
            return false;
        };
        self.state().tokens.grant(person, scopes);
        true
    }

    /// Notes a request; returns the number under which its status is noted later.
    pub(super) fn record(&self, request: Recorded) -> u64 {
        let mut state = self.state();
        state.counted += 1;
        let number = state.counted;
        state.requests.push_back((number, request));
        if state.requests.len() > REMEMBERED {
            state.requests.pop_front();
        }
        number
    }

    /// Notes how a request was answered.
    pub(super) fn answered(&self, number: u64, status: u16) {
        let mut state = self.state();
        if let Some((_, request)) = state
            .requests
            .iter_mut()
            .rev()
            .find(|(other, _)| *other == number)
        {
            request.status = Some(status);
        }
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.state()
            .requests
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    pub(super) fn clear_requests(&self) {
        self.state().requests.clear();
    }

    pub(super) fn take_fault(&self, method: &str, target: &str, athlete: Option<&str>) -> Option<Fault> {
        self.state().faults.take(method, target, athlete)
    }

    pub(super) fn take_request(&self, pool: &str, limit: Pair) -> Standing {
        let now = self.now();
        self.state().limits.take(pool, limit, now)
    }

    pub(super) fn too_fast(&self, address: IpAddr) -> bool {
        let now = self.now();
        self.state().limits.too_fast(address, now)
    }

    /// Leaves this many requests (15 minutes, day) to the application.
    pub(super) fn leave(&self, remaining: Pair) {
        let now = self.now();
        self.state().limits.leave("app", APP, remaining, now);
    }

    /// Activities known now, newest first.
    pub(super) fn activities<T>(
        &self,
        person: &'static Person,
        mut pick: impl FnMut(&Done) -> Option<T>,
    ) -> Vec<T> {
        let history = self.history(person);
        let known = newest_first(&history, self.local(person));
        known.into_iter().filter_map(&mut pick).collect()
    }

    /// Objects of the known activities that `keep` accepts, newest first, at most `limit`: full, or reduced to `fields`. An
    /// object that is not sent is not made.
    pub(super) fn activity_rows(
        &self,
        person: &'static Person,
        limit: usize,
        fields: Option<&[String]>,
        keep: impl Fn(&Done) -> bool,
    ) -> Vec<Map<String, Value>> {
        let history = self.history(person);
        let known = newest_first(&history, self.local(person)).into_iter();
        let written = self.written_activities(person);
        known
            .filter(|done| keep(done))
            .take(limit)
            .map(|done| match written.get(&done.id) {
                None => activity::row(person, done, fields),
                Some(values) => {
                    let mut row = activity::row(person, done, None);
                    row.extend(values.clone());
                    activity::only(row, fields)
                }
            })
            .collect()
    }

    /// The full object of an activity.
    pub(super) fn activity_row(&self, person: &'static Person, done: &Done) -> Map<String, Value> {
        let mut row = activity::row(person, done, None);
        let written = self
            .state()
            .activities
            .get(&(person.slug, done.id.clone()))
            .cloned();
        row.extend(written.unwrap_or_default());
        row
    }

    /// What clients wrote of a person's activities, by id.
    pub(super) fn written_activities(&self, person: &Person) -> HashMap<String, Map<String, Value>> {
        let state = self.state();
        let own = state
            .activities
            .iter()
            .filter(|((slug, _), _)| *slug == person.slug);
        own.map(|((_, id), values)| (id.clone(), values.clone()))
            .collect()
    }

    /// Keeps what a client wrote of an activity. Whatever was paired with the same event, or with the same activity, is so
    /// no more.
    pub(super) fn write_activity(&self, person: &'static Person, id: &str, values: Map<String, Value>) {
        if let Some(event) = values.get("paired_event_id").and_then(Value::as_i64) {
            let others = self.activity_rows(person, usize::MAX, None, |done| {
                done.id != id && done.event_id == Some(event)
            });
            let others = others.iter().map(|row| text(row, "id").to_owned());
            let written = self
                .written_activities(person)
                .into_iter()
                .filter(|(other, values)| {
                    other != id && values.get("paired_event_id").and_then(Value::as_i64) == Some(event)
                });
            let others: Vec<String> = others.chain(written.map(|(other, _)| other)).collect();
            for other in others {
                self.lay_over_activity(person, &other, [("paired_event_id".to_owned(), Value::Null)]);
            }
        }
        self.lay_over_activity(person, id, values);
    }

    fn lay_over_activity(
        &self,
        person: &'static Person,
        id: &str,
        values: impl IntoIterator<Item = (String, Value)>,
    ) {
        let key = (person.slug, id.to_owned());
        self.state().activities.entry(key).or_default().extend(values);
    }

    /// What clients wrote of a person's sports.
    pub(super) fn sports(&self, person: &Person) -> Sports {
        self.state().sports.get(person.slug).cloned().unwrap_or_default()
    }

    /// A person's groups of sports with their settings, as they are now.
    pub(super) fn sport_settings(&self, person: &Person) -> Vec<Value> {
        athlete::amended_groups(person, self.local(person).date(), &self.sports(person))
    }

    /// Keeps what a client wrote of a group of sports.
    pub(super) fn write_sport(&self, person: &'static Person, id: i64, values: Map<String, Value>) {
        let mut state = self.state();
        let sports = state.sports.entry(person.slug).or_default();
        sports.entry(id).or_default().extend(values);
    }

    /// A person's library as it is now.
    pub(super) fn shelf(&self, person: &'static Person) -> Shelf {
        let written = self.state().shelves.get(person.slug).cloned();
        written.unwrap_or_else(|| Shelf::seeded(person, self.local(person).date()))
    }

    /// Changes a person's library.
    pub(super) fn on_shelf<T>(&self, person: &'static Person, change: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut library = self.shelf(person);
        let changed = change(&mut library);
        self.state().shelves.insert(person.slug, library);
        changed
    }

    /// Fitness rows from `oldest` to `newest`, planned load after today, or from today on if today's row holds its plan.
    pub(super) fn fitness(
        &self,
        person: &'static Person,
        oldest: NaiveDate,
        newest: NaiveDate,
    ) -> Vec<(NaiveDate, Fitness)> {
        let (history, now) = (self.history(person), self.local(person));
        let newest = newest.min(now.date() + Duration::days(PROJECTED));
        let mut planned: HashMap<String, f64> = HashMap::new();
        let from = now.date() + Duration::days(i64::from(!self.state().today_holds_plan));
        if newest >= from {
            for event in self.events(person, from, newest, false) {
                let category = text(&event, "category");
                let is_open = event.get("paired_activity_id").is_none_or(Value::is_null);
                if is_open && (category == "WORKOUT" || category.starts_with("RACE_")) {
                    let load = number(&event, "icu_training_load").unwrap_or_default();
                    *planned.entry(day_text(&event)).or_default() += load;
                }
            }
        }
        history.fitness(oldest, newest, now, |day| {
            planned.get(&day.to_string()).copied().unwrap_or_default()
        })
    }

    /// Wellness rows, oldest first; none before the first day or later than upstream projects.
    pub(super) fn wellness(
        &self,
        person: &'static Person,
        oldest: NaiveDate,
        newest: NaiveDate,
    ) -> Vec<Map<String, Value>> {
        let (oldest, today) = (oldest.max(FIRST_DAY), self.local(person).date());
        let fitness = self.fitness(person, oldest - Days::new(7), newest);
        let rows = fitness.iter().enumerate().skip(7).map(|(n, (day, row))| {
            let ramp = row.ctl - fitness[n - 7].1.ctl;
            let mut object = wellness::row(person, *day, today, *row, ramp);
            let written = self.state().wellness.get(&(person.slug, *day)).cloned();
            object.extend(written.unwrap_or_default());
            object
        });
        rows.collect()
    }

    /// Keeps what a client wrote about a day.
    pub(super) fn write_wellness(&self, person: &'static Person, day: NaiveDate, values: Map<String, Value>) {
        self.state()
            .wellness
            .entry((person.slug, day))
            .or_default()
            .extend(values);
    }

    /// Events that begin within these days, in calendar order.
    pub(super) fn events(
        &self,
        person: &'static Person,
        oldest: NaiveDate,
        newest: NaiveDate,
        resolve: bool,
    ) -> Vec<Map<String, Value>> {
        let history = self.history(person);
        let now = self.local(person);
        let pairing = self.state().pairing;
        let pairs = self.pairs(person, &history);
        let sports = self.sports(person);
        let mut found = Vec::new();
        let mut day = oldest.max(FIRST_DAY);
        while day <= newest.min(horizon(now.date())) {
            for mut event in seeded(person, day, history.evening_before(day), resolve) {
                let paired = id_of(&event).and_then(|id| pairs.of(id));
                settle(&mut event, day, paired, now, pairing);
                if resolve && !sports.is_empty() {
                    written::resolve(person, &mut event, &sports);
                }
                found.push(event);
            }
            day += Duration::days(1);
        }
        let written = self.state().events.clone();
        found.retain(|event| id_of(event).is_none_or(|id| !written.contains_key(&(person.slug, id))));
        let within = oldest.to_string()..=newest.to_string();
        let own = written
            .into_iter()
            .filter(|((slug, _), _)| *slug == person.slug)
            .filter_map(|(_, event)| event);
        found.extend(
            own.filter(|event| within.contains(&day_text(event)))
                .map(|event| shown(person, event, resolve, (&pairs, pairing), &sports)),
        );
        found.sort_by_key(|event| (day_text(event), id_of(event)));
        found
    }

    /// One event.
    pub(super) fn event(
        &self,
        person: &'static Person,
        id: i64,
        resolve: bool,
    ) -> Option<Map<String, Value>> {
        let written = self.state().events.get(&(person.slug, id)).cloned();
        if let Some(event) = written {
            let history = self.history(person);
            let (pairs, pairing) = (self.pairs(person, &history), self.state().pairing);
            let sports = self.sports(person);
            return event.map(|event| shown(person, event, resolve, (&pairs, pairing), &sports));
        }
        let day = event_of(person, id).filter(|day| is_seeded(*day, self.local(person).date()))?;
        self.events(person, day, day, resolve)
            .into_iter()
            .find(|event| id_of(event) == Some(id))
    }

    /// Somebody else writes these values, unchecked.
    pub(super) fn change(&self, person: &'static Person, of: &Of, values: Map<String, Value>) {
        let _writing = self.writing();
        match of {
            Of::Day(day) => self.write_wellness(person, *day, values),
            Of::Activity(id) => self.write_activity(person, id, values),
            Of::Sport(id) => self.write_sport(person, *id, values),
            Of::Gear(id) => {
                self.lay_over_gear(person, id, Some(values));
            }
            Of::Library(id) => {
                self.on_shelf(person, |shelf| shelf.meddle(*id, Some(values)));
            }
        }
    }

    fn pairs<'a>(&self, person: &Person, history: &'a History) -> Pairs<'a> {
        let written = self.written_activities(person).into_iter();
        let written = written.filter_map(|(id, values)| {
            let paired = values.get("paired_event_id")?.as_i64();
            Some((id, paired))
        });
        Pairs {
            history,
            now: self.local(person),
            written: written.collect(),
        }
    }

    /// Keeps an event, or its deletion.
    pub(super) fn write_event(&self, person: &'static Person, id: i64, event: Option<Map<String, Value>>) {
        self.state().events.insert((person.slug, id), event);
    }

    /// The events that clients wrote for a person and that are still there, by id.
    pub(super) fn written_events(&self, person: &'static Person) -> Vec<Map<String, Value>> {
        let state = self.state();
        let own = state.events.iter().filter(|((slug, _), _)| *slug == person.slug);
        own.filter_map(|(_, event)| event.clone()).collect()
    }

    /// Somebody else lays `change` over an event, or without one deletes it. False if there is no such event, and for a
    /// change that upstream would not take.
    pub(super) fn meddle(
        &self,
        person: &'static Person,
        id: i64,
        change: Option<Map<String, Value>>,
    ) -> bool {
        let _writing = self.writing();
        let Some(mut event) = self.event(person, id, false) else {
            return false;
        };
        let taken = match change {
            None => None,
            Some(change) => match self.by_another(person, How::Changed).lay(&mut event, change) {
                Ok(()) => Some(event),
                Err(_) => return false,
            },
        };
        self.write_event(person, id, taken);
        true
    }

    /// Somebody else puts an event on a person's calendar; its id. None if upstream would not take it.
    pub(super) fn add_event(&self, person: &'static Person, body: Map<String, Value>) -> Option<i64> {
        let id = self.new_event_id();
        let mut event = blank_event(person, id);
        self.by_another(person, How::Made).lay(&mut event, body).ok()?;
        self.write_event(person, id, Some(event));
        Some(id)
    }

    fn by_another(&self, person: &'static Person, how: How) -> Writing {
        Writing {
            person,
            sports: self.sports(person),
            now: self.now(),
            how,
            loss: None,
            rules: self.state().rules,
        }
    }

    /// An id that no event has yet.
    pub(super) fn new_event_id(&self) -> i64 {
        let mut state = self.state();
        state.created += 1;
        FIRST_CREATED + state.created - 1
    }
}

/// A written event as upstream shows it.
fn shown(
    person: &Person,
    mut event: Map<String, Value>,
    resolve: bool,
    (pairs, pairing): (&Pairs<'_>, Pairing),
    sports: &Sports,
) -> Map<String, Value> {
    if resolve {
        written::resolve(person, &mut event, sports);
    }
    if let Some(id) = id_of(&event).filter(|id| pairs.touches(*id, &event)) {
        pair(&mut event, pairs.of(id), pairing);
    }
    event
}

/// Which activity each event is paired with, with what clients wrote about it.
struct Pairs<'a> {
    history: &'a History,
    now: NaiveDateTime,
    /// Activity to event; none where a pairing was taken away.
    written: HashMap<String, Option<i64>>,
}

impl<'a> Pairs<'a> {
    fn of(&self, event: i64) -> Option<&'a Done> {
        let mut written = self.written.iter();
        if let Some((id, _)) = written.find(|(_, paired)| **paired == Some(event)) {
            return self.history.known(self.now).find(|done| done.id == *id);
        }
        let done = self.history.of_event(event, self.now)?;
        (!self.written.contains_key(&done.id)).then_some(done)
    }

    /// Whether a client's pairing is about this event.
    fn touches(&self, id: i64, event: &Map<String, Value>) -> bool {
        self.written.values().any(|paired| *paired == Some(id))
            || self.written.contains_key(text(event, "paired_activity_id"))
    }
}

fn newest_first(history: &History, now: NaiveDateTime) -> Vec<&Done> {
    let mut known: Vec<&Done> = history.known(now).rev().collect();
    known.sort_by_key(|done| std::cmp::Reverse(done.start));
    known
}

/// The id of an event.
pub(super) fn id_of(event: &Map<String, Value>) -> Option<i64> {
    event.get("id").and_then(Value::as_i64)
}

/// `2026-11-21` of an event's beginning.
pub(super) fn day_text(event: &Map<String, Value>) -> String {
    text(event, "start_date_local").chars().take(10).collect()
}
