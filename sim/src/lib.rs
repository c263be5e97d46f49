//! A simulated intervals.icu on loopback: five invented athletes, OAuth, the endpoints that our client calls, upstream's
//! errors and limits, and broken answers on request.
//!
//! Data is a function of person and day. Nothing here knows our service, and nothing real is contacted.

mod activity;
mod api;
mod athlete;
mod calendar;
mod comments;
mod control;
mod crowd;
mod devices;
mod dice;
mod effort;
mod efforts;
mod fault;
mod files;
mod front;
mod gear;
mod given;
mod history;
mod items;
mod laps;
mod library;
mod limits;
mod manual;
mod oauth;
mod params;
mod people;
mod records;
mod refusal;
mod schema;
mod season;
mod serve;
mod streams;
mod terrain;
mod tokens;
mod track;
mod training;
mod weather;
mod wellness;
mod workout;
mod world;
mod written;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use calendar::Pairing;
pub use fault::{Fault, HUGE, Mode};
pub use given::Given;
pub use people::{FIRST_DAY, PEOPLE, PLANNED_DAYS, Person};
use world::World;
pub use world::{Exchange, Of, Recorded};
pub use written::Rules;

/// Gives the time.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A folder of a library, with the workouts in it.
pub type Folder = (Map<String, Value>, Vec<Map<String, Value>>);

/// How to start.
pub struct Options {
    /// What time it is; "today" of a person is in the person's zone.
    pub clock: Now,
    /// Registered redirect addresses, compared as a whole; `http://localhost/…` is allowed too.
    pub redirect_uris: Vec<String>,
    /// The one OAuth application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Whether one address may send only ten requests a second.
    pub ip_limit: bool,
    /// Where intervals.icu listens; loopback, port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where `/_control` listens; loopback, port 0 takes a free one.
    pub control_listen: SocketAddr,
}

/// A running simulator. It ends with [`Running::stop`] or when it is dropped.
pub struct Running {
    /// `http://127.0.0.1:<port>`, no slash at the end.
    pub base_url: String,
    /// The same of `/_control`.
    pub control_url: String,
    world: Arc<World>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Starts on two ports. Refuses an address that is not loopback.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    for address in [options.listen, options.control_listen] {
        ensure!(
            address.ip().is_loopback(),
            "the simulator listens on loopback only, not on {address}"
        );
    }
    let listener = TcpListener::bind(options.listen)
        .await
        .context("no port for the simulated intervals.icu")?;
    let control = TcpListener::bind(options.control_listen)
        .await
        .context("no port for the simulator's control")?;
    let (address, control_address) = (listener.local_addr()?, control.local_addr()?);
    let world = Arc::new(World::new(
        options.clock,
        options.client_id,
        options.client_secret,
        options.redirect_uris,
        options.ip_limit,
    ));
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let routers = [
        (listener, api::router(world.clone())),
        (control, control::router(world.clone(), control_address.port())),
    ];
    for (listener, router) in routers {
        tasks.spawn(serve::serve(listener, router, stop.clone(), tasks.clone()));
    }
    tasks.close();
    Ok(Running {
        base_url: format!("http://{address}"),
        control_url: format!("http://{control_address}"),
        world,
        stop,
        tasks,
    })
}

/// What upstream makes of the text of a workout for this person on that day: `workout_doc` with its targets resolved, and the
/// fields of an event that follow from it.
pub fn read_workout(person: &Person, day: NaiveDate, sport: &str, indoor: bool, text: &str) -> Value {
    let settings = athlete::settings(person, day.max(FIRST_DAY), sport);
    workout::read(text, sport, &settings).fields(Some(workout::Indoor(indoor)))
}

impl Running {
    /// Breaks future answers.
    pub fn fault(&self, fault: Fault) {
        self.world.state().faults.add(fault);
    }

    /// Breaks no more answers.
    pub fn clear_faults(&self) {
        self.world.state().faults.clear();
    }

    /// Every request since the start or the last clearing, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.world.requests()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.world.clear_requests();
    }

    /// Starts keeping every request with its answer, bodies and all.
    pub fn keep_exchanges(&self) {
        self.world.state().exchanges = Some(Vec::new());
    }

    /// What was kept since then or since the last call, oldest first.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        let mut state = self.world.state();
        state.exchanges.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Answers 401 to the bearer token after this.
    pub fn revoke(&self, token: &str) {
        self.world.state().tokens.revoke(token);
    }

    /// Leaves the application this many requests in 15 minutes and in the day.
    pub fn set_remaining(&self, quarter_hour: usize, day: usize) {
        self.world.leave((quarter_hour, day));
    }

    /// Gives the person with this short name `count` small activities in the ten years before [`FIRST_DAY`], replacing those
    /// given before; fitness, wellness and calendar do not move. False for an unknown name.
    pub fn crowd(&self, slug: &str, count: usize) -> bool {
        self.world.crowd(slug, count)
    }

    /// Serves these rows for the person with this short name, replacing those given before. False for an unknown name.
    pub fn give(&self, slug: &str, given: Given) -> bool {
        self.world.give(slug, given)
    }

    /// What the calendar's entries show once they are paired.
    pub fn pairing(&self, pairing: Pairing) {
        self.world.state().pairing = pairing;
    }

    /// A person's calendar as it is now, targets resolved. Empty for an unknown name.
    pub fn events(&self, slug: &str, oldest: NaiveDate, newest: NaiveDate) -> Vec<Map<String, Value>> {
        let person = Person::of_slug(slug);
        person.map_or_else(Vec::new, |person| self.world.events(person, oldest, newest, true))
    }

    /// Somebody else puts an entry, an object, on a person's calendar; its id. None if upstream would refuse it.
    pub fn add_event(&self, slug: &str, event: Value) -> Option<i64> {
        self.world.add_event(Person::of_slug(slug)?, object(event)?)
    }

    /// Somebody else changes an entry of a person's calendar. False if it is not there or upstream would refuse the change.
    pub fn change_event(&self, slug: &str, id: i64, change: Value) -> bool {
        let (Some(person), Some(change)) = (Person::of_slug(slug), object(change)) else {
            return false;
        };
        self.world.meddle(person, id, Some(change))
    }

    /// Somebody else deletes an entry of a person's calendar. False if it is not there.
    pub fn delete_event(&self, slug: &str, id: i64) -> bool {
        Person::of_slug(slug).is_some_and(|person| self.world.meddle(person, id, None))
    }

    /// Somebody else deletes an activity. False if it is not there.
    pub fn delete_activity(&self, slug: &str, id: &str) -> bool {
        Person::of_slug(slug).is_some_and(|person| self.world.delete_activity(person, id))
    }

    /// Somebody else writes these values of a thing of a person's, whatever they are. False for an unknown name.
    pub fn change(&self, slug: &str, of: &Of, values: Value) -> bool {
        let (Some(person), Some(values)) = (Person::of_slug(slug), object(values)) else {
            return false;
        };
        self.world.change(person, of, values);
        true
    }

    /// A person's library: each folder with what is in it, as upstream keeps it.
    pub fn library(&self, slug: &str) -> Vec<Folder> {
        let Some(person) = Person::of_slug(slug) else {
            return Vec::new();
        };
        let library = self.world.shelf(person);
        let inside = |id: &i64| library.inside(*id).cloned().collect();
        let folders = library.folders.iter();
        folders.map(|(id, folder)| (folder.clone(), inside(id))).collect()
    }

    /// Somebody else lays `change` over the folder or workout with this id, or without one deletes it. False if there is none.
    pub fn change_library(&self, slug: &str, id: i64, change: Option<Value>) -> bool {
        let Some(person) = Person::of_slug(slug) else {
            return false;
        };
        let change = match change.map(object) {
            Some(None) => return false,
            Some(change) => change,
            None => None,
        };
        self.world.on_shelf(person, |shelf| shelf.meddle(id, change))
    }

    /// A person's gear as `GET /athlete/{id}/gear` answers it. Empty for an unknown name.
    pub fn gear(&self, slug: &str) -> Vec<Map<String, Value>> {
        Person::of_slug(slug).map_or_else(Vec::new, |person| self.world.gear(person))
    }

    /// Somebody else lays `change` over a piece of gear, or without one deletes it. False if there is none.
    pub fn change_gear(&self, slug: &str, id: &str, change: Option<Value>) -> bool {
        let change = change.map(object);
        match (Person::of_slug(slug), change) {
            (None, _) | (_, Some(None)) => false,
            (Some(person), Some(change)) => self.world.meddle_with_gear(person, id, change),
            (Some(person), None) => self.world.meddle_with_gear(person, id, None),
        }
    }

    /// What a person allows the application from now on, such as `ACTIVITY:WRITE,CALENDAR:READ`; it applies to every token.
    /// False for an unknown name or scope.
    pub fn allow(&self, slug: &str, scopes: &str) -> bool {
        self.world.allow(slug, scopes)
    }

    /// What upstream does with what is written where it is not known.
    pub fn rules(&self, rules: Rules) {
        self.world.state().rules = rules;
    }

    /// Whether today's CTL, ATL and loads count what is planned for today and not done yet; not by default. What upstream does
    /// is not known.
    pub fn count_todays_plan(&self, on: bool) {
        self.world.state().today_holds_plan = on;
    }

    /// Switches the limit of ten requests a second by address.
    pub fn limit_by_address(&self, on: bool) {
        self.world.state().limits.by_address = on;
    }

    /// Ends every connection and waits until all is quiet.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
