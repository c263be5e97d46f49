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
    calendar::{Pairing, blank_event, horizon, is_seeded, seeded, settle},
    fault::{Fault, Faults},
    given::Given,
    history::{Fitness, History},
    limits::{APP, Limits, Pair, Standing},
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
    /// Events that clients made or changed; none where they deleted one.
    events: BTreeMap<(&'static str, i64), Option<Map<String, Value>>>,
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

    /// A person's days up to today, built on the day's first call.
    pub(super) fn history(&self, person: &'static Person) -> Arc<History> {
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
        known
            .filter(|done| keep(done))
            .take(limit)
            .map(|done| activity::row(person, done, fields))
            .collect()
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
        let mut found = Vec::new();
        let mut day = oldest.max(FIRST_DAY);
        while day <= newest.min(horizon(now.date())) {
            for mut event in seeded(person, day, history.evening_before(day), resolve) {
                settle(&mut event, day, &history, now, pairing);
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
                .map(|event| shown(person, event, resolve)),
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
            return event.map(|event| shown(person, event, resolve));
        }
        let day = event_of(person, id).filter(|day| is_seeded(*day, self.local(person).date()))?;
        self.events(person, day, day, resolve)
            .into_iter()
            .find(|event| id_of(event) == Some(id))
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
fn shown(person: &Person, mut event: Map<String, Value>, resolve: bool) -> Map<String, Value> {
    if resolve {
        written::resolve(person, &mut event);
    }
    event
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
