//! Fifty coaches, twenty-five athletes, random grants and random calls, each answer compared with a plain model of who may see
//! what.
//!
//! Upstream is a stand-in here: whatever it is asked about an athlete, it sends that athlete's marks, one for each kind of data,
//! in every answer that can carry one. So a mark in a coach's answer shows whose data of which kind it contains.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{Json, Router, extract::Request, response::IntoResponse as _};
use futures::StreamExt as _;
use http::{StatusCode, header};
use icusync::{
    guard::{connection::token_place, connector},
    ids::{AccountId, CoachId, ConnectionId, ConnectorId, GrantId},
    permissions::{self, Access, Group},
    queries::{
        self,
        connections::NewConnection,
        grants::{NewGrant, Terms},
    },
    secrets::{Password, Token, TokenKind},
    tools::{CATALOGUE, ROSTER},
    words::ConnectionKind,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    mcp_bench::{Bench, call},
    world::{self, Dice, World},
};

const COACHES: usize = 50;
const ATHLETES: usize = 25;
/// How often each coach has a turn: a change of a grant, or a call.
const TURNS: usize = 12;

/// Kinds of data, each with what marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Profile,
    Training,
    Fitness,
    Wellness,
    Calendar,
}

const KINDS: [Kind; 5] = [
    Kind::Profile,
    Kind::Training,
    Kind::Fitness,
    Kind::Wellness,
    Kind::Calendar,
];

impl Kind {
    /// Whether an athlete who grants these tools shows this kind of data at all.
    fn shown_by(self, tools: &BTreeSet<&str>) -> bool {
        match self {
            Self::Profile => tools.contains("get_athlete_profile"),
            // Curves name the activity that a best effort is from.
            Self::Training => permissions::ALL
                .iter()
                .filter(|tool| tool.group == Group::Training || tool.name == "get_power_curves")
                .any(|tool| tools.contains(tool.name)),
            Self::Fitness => tools.contains("get_fitness"),
            Self::Wellness => tools.contains("get_wellness"),
            Self::Calendar => tools.contains("get_events"),
        }
    }

    /// The kind that a tool answers with by its defaults.
    fn of(tool: &str) -> Option<Self> {
        match tool {
            "get_athlete_profile" => Some(Self::Profile),
            "get_training_history" => Some(Self::Training),
            "get_fitness" => Some(Self::Fitness),
            "get_wellness" => Some(Self::Wellness),
            "get_events" => Some(Self::Calendar),
            _ => None,
        }
    }
}

fn name_of(athlete: usize) -> String {
    format!("Athlete Nr{athlete:02}")
}

fn id_of(athlete: usize) -> String {
    format!("i4400{athlete:02}")
}

fn activity_of(athlete: usize) -> String {
    format!("i8800{athlete:02}")
}

fn word(athlete: usize, kind: Kind) -> String {
    format!("mark-{athlete:02}-{kind:?}").to_lowercase()
}

/// Numbers that stand for data of this kind.
fn numbers(athlete: usize, kind: Kind) -> Vec<usize> {
    match kind {
        Kind::Fitness => vec![5000 + athlete, 8000 + athlete],
        Kind::Wellness => vec![9100 + athlete],
        _ => Vec::new(),
    }
}

/// Whether `text` holds data of this kind of this athlete.
fn holds(text: &str, athlete: usize, kind: Kind) -> bool {
    let mut figures = text.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<String> = numbers(athlete, kind).iter().map(usize::to_string).collect();
    text.contains(&word(athlete, kind)) || figures.any(|figure| numbers.iter().any(|number| number == figure))
}

/// Some tools of all, more or fewer.
fn tools(dice: &mut Dice) -> Vec<&'static str> {
    let every = dice.below(4) + 1;
    permissions::ALL
        .iter()
        .map(|tool| tool.name)
        .filter(|_| dice.one_in(every))
        .collect()
}

/// What is broken on purpose, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// Upstream sends the next athlete's data under this one's id.
    Upstream,
    /// The grants contain more than the model knows.
    Grants,
}

/// An intervals.icu of marks.
async fn upstream(broken: Broken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(async move |request: Request| {
        let said = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let whose = said.and_then(|said| said.strip_prefix("Bearer token-of-")?.parse().ok());
        let Some(athlete) = whose else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        let data = if broken == Broken::Upstream {
            (athlete + 1) % ATHLETES
        } else {
            athlete
        };
        match answer(request.uri().path(), athlete, data) {
            Some(body) => Json(body).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn answer(path: &str, athlete: usize, data: usize) -> Option<Value> {
    let id = id_of(athlete);
    let mark = |kind| word(data, kind);
    let activity = |id: &str, of: usize| {
        json!({"id": activity_of(of), "icu_athlete_id": id, "start_date_local": "2026-11-20T07:00:00",
            "start_date": "2026-11-20T07:00:00Z", "type": "Ride", "name": word(of, Kind::Training), "moving_time": 3600,
            "elapsed_time": 3600, "distance": 30000, "icu_training_load": 50, "timezone": "Etc/UTC"})
    };
    // An id that a caller made up is answered with its owner: refusing it is our job.
    if let Some(asked) = path.strip_prefix("/api/v1/activity/") {
        let of = (0..ATHLETES).find(|of| asked.starts_with(&activity_of(*of)))?;
        let rest = &asked[activity_of(of).len()..];
        return rest.is_empty().then(|| activity(&id_of(of), of));
    }
    let rest = path.strip_prefix("/api/v1/athlete/")?.strip_prefix(id.as_str())?;
    let days = [
        "2026-11-17",
        "2026-11-18",
        "2026-11-19",
        "2026-11-20",
        "2026-11-21",
    ];
    match rest {
        "" => Some(
            json!({"id": id, "name": name_of(athlete), "timezone": "Etc/UTC", "icu_weight": 70,
            "sportSettings": [{"types": [mark(Kind::Profile)], "ftp": 250, "lthr": 160}]}),
        ),
        "/activities" | "/activities/search" => Some(json!([activity(&id, data)])),
        "/wellness" => Some(
            days.map(|day| {
                json!({"id": day, "ctl": 5000 + data, "atl": 4990, "rampRate": 1, "ctlLoad": 8000 + data,
                    "atlLoad": 8000 + data, "hrv": 9100 + data, "restingHR": 45, "sleepSecs": 27000,
                    "comments": mark(Kind::Wellness)})
            })
            .into(),
        ),
        "/events" => Some(
            json!([{"id": 7, "athlete_id": id, "category": "WORKOUT", "type": "Ride",
            "start_date_local": "2026-11-23T00:00:00", "name": mark(Kind::Calendar), "moving_time": 3600}]),
        ),
        _ => None,
    }
}

/// A coach as the model sees one.
struct Coach {
    number: usize,
    id: CoachId,
    path: String,
    /// What each athlete grants.
    grants: BTreeMap<usize, (GrantId, BTreeSet<&'static str>)>,
    selected: Option<usize>,
}

impl Coach {
    /// The athlete whom a text names: nobody who is not on the roster.
    fn finds(&self, athlete: usize) -> Option<usize> {
        self.grants.contains_key(&athlete).then_some(athlete)
    }

    /// The athlete a read is about.
    fn whom(&self, named: Option<usize>) -> Option<usize> {
        match (named, self.grants.len()) {
            (Some(athlete), _) => self.finds(athlete),
            (None, 1) => self.grants.keys().next().copied(),
            (None, _) => self.finds(self.selected?),
        }
    }

    /// Whether the coach may see data of this kind of this athlete with any tool.
    fn may_see(&self, athlete: usize, kind: Kind) -> bool {
        self.grants
            .get(&athlete)
            .is_some_and(|(_, tools)| kind.shown_by(tools))
    }
}

/// The accounts of all athletes, in order.
async fn athletes(world: &World) -> Vec<AccountId> {
    let app = &world.app;
    let hash = app
        .passwords
        .hash(Password::choose("a long enough one".to_owned(), "").unwrap())
        .await;
    let mut accounts = Vec::new();
    for athlete in 0..ATHLETES {
        let email = format!("athlete{athlete:02}@example.test");
        let id = AccountId(app.random.uuid(&app.clock));
        let now = app.clock.now();
        queries::accounts::create(&app.pool, id, &email, &email, &hash, now)
            .await
            .unwrap()
            .unwrap();
        let connection = ConnectionId(app.random.uuid(&app.clock));
        let new = NewConnection {
            id: connection,
            account_id: id,
            athlete_id: &id_of(athlete),
            athlete_name: &name_of(athlete),
            kind: ConnectionKind::OAuth,
            scopes: &["ACTIVITY", "WELLNESS", "CALENDAR", "SETTINGS"].map(|area| format!("{area}:WRITE")),
            scopes_before: None,
            now,
        };
        let token = format!("token-of-{athlete}");
        let sealed = app
            .keys
            .seal(token_place(connection), token.as_bytes(), &app.random);
        queries::connections::connect(&app.pool, new, &sealed)
            .await
            .unwrap();
        accounts.push(id);
    }
    accounts
}

/// A coach with a link and no grants.
async fn coach(world: &World, number: usize) -> Coach {
    let (app, now) = (&world.app, world.app.clock.now());
    let email = format!("coach{number:02}@example.test");
    let id = CoachId(app.random.uuid(&app.clock));
    queries::coaches::of_address(&app.pool, id, &email, &email, now)
        .await
        .unwrap();
    let link = ConnectorId(app.random.uuid(&app.clock));
    let token = Token::mint(TokenKind::Link, &app.random);
    world.secret(token.expose());
    let sealed = app
        .keys
        .seal(connector::place(link), token.expose().as_bytes(), &app.random);
    queries::connectors::create_for_coach(&app.pool, link, id, token.hash(), &sealed, now)
        .await
        .unwrap();
    Coach {
        number,
        id,
        path: format!("/mcp/{}", token.expose()),
        grants: BTreeMap::new(),
        selected: None,
    }
}

/// Makes, changes or ends what an athlete grants, in the database and in the model.
async fn regrant(world: &World, accounts: &[AccountId], coach: &mut Coach, dice: &mut Dice) {
    let (pool, now) = (&world.app.pool, world.app.clock.now());
    let athlete = dice.below(ATHLETES);
    let tools = tools(dice);
    let names: Vec<String> = tools.iter().map(|name| (*name).to_owned()).collect();
    let terms = Terms {
        tools: &names,
        note: "",
        expires_at: None,
    };
    let known = coach.grants.get(&athlete).map(|(grant, _)| *grant);
    let grant = match known {
        Some(grant) if dice.one_in(3) => {
            assert!(
                queries::grants::end(pool, grant, accounts[athlete])
                    .await
                    .unwrap()
            );
            coach.grants.remove(&athlete);
            // A new grant of the same athlete is a different one: the selection does not come back with it.
            coach.selected = coach.selected.filter(|selected| *selected != athlete);
            return;
        }
        Some(grant) => {
            assert!(
                queries::grants::change(
                    pool,
                    grant,
                    accounts[athlete],
                    version_of(pool, grant).await,
                    &terms,
                    now
                )
                .await
                .unwrap()
            );
            grant
        }
        None => {
            let grant = GrantId(Uuid::now_v7());
            let new = NewGrant {
                id: grant,
                coach_id: coach.id,
                account_id: accounts[athlete],
                athlete_id: &id_of(athlete),
                athlete_name: &name_of(athlete),
                athlete_zone: None,
                now,
            };
            queries::grants::create(pool, new, &terms).await.unwrap();
            grant
        }
    };
    coach.grants.insert(athlete, (grant, tools.into_iter().collect()));
}

async fn version_of(pool: &PgPool, grant: GrantId) -> i32 {
    sqlx::query_scalar("select version from grants where id = $1")
        .bind(grant.0)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// One way to name the athlete of a call.
fn spelled(athlete: usize, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => id_of(athlete),
        1 => name_of(athlete).to_uppercase(),
        2 => format!("nr{athlete:02}"),
        _ => format!("Nr{athlete:02}, Áthlete"),
    }
}

/// One call, and what is wrong with its answer.
async fn ask(bench: &Bench, coach: &mut Coach, dice: &mut Dice) -> Option<String> {
    let tools: Vec<&str> = ROSTER
        .iter()
        .map(|tool| tool.name)
        .chain(permissions::ALL.iter().map(|tool| tool.name))
        .collect();
    let tool = tools[dice.below(tools.len())];
    let named = match dice.below(5) {
        0 => None,
        1 => Some(dice.below(ATHLETES)),
        _ => coach
            .grants
            .keys()
            .nth(dice.below(coach.grants.len().max(1)))
            .copied(),
    };
    let mut arguments = json!({});
    let takes_one = !matches!(tool, "list_athletes" | "get_roster_overview");
    if let Some(athlete) = named.filter(|_| takes_one) {
        arguments["athlete"] = json!(spelled(athlete, dice));
    }
    let known = CATALOGUE.iter().find(|known| known.name() == tool);
    if known.is_some_and(|tool| tool.params.iter().any(|param| param.name == "id")) {
        // Anybody's: an id alone must give no access.
        arguments["id"] = json!(activity_of(dice.below(ATHLETES)));
    }
    let message = call(tool, arguments.clone()).to_string();
    let headers = [("mcp-protocol-version", "2025-11-25")];
    let reply = bench
        .raw(&bench.request("POST", &coach.path, &headers, message.as_bytes()))
        .await;
    let (text, error) = reply.result();
    let wrong = match tool {
        "list_athletes" => list(coach, &text, error),
        "select_athlete" => select(coach, named, &text, error),
        _ if !takes_one => everybody(coach, &text),
        _ => one(coach, tool, named, &text, error),
    };
    wrong.map(|wrong| format!("coach {}, {tool} {arguments}: {wrong}:\n{text}", coach.number))
}

/// Every kind of anybody's data in `text` must be allowed.
fn leaks(text: &str, allowed: impl Fn(usize, Kind) -> bool) -> Option<String> {
    let all = (0..ATHLETES).flat_map(|athlete| KINDS.map(|kind| (athlete, kind)));
    let mut leaked = all.filter(|(athlete, kind)| holds(text, *athlete, *kind) && !allowed(*athlete, *kind));
    leaked
        .next()
        .map(|(athlete, kind)| format!("it holds {kind:?} of athlete {athlete}"))
}

/// Names in an answer must be on the roster, and ids too.
fn strangers(coach: &Coach, text: &str) -> Option<String> {
    let mut strangers = (0..ATHLETES).filter(|athlete| !coach.grants.contains_key(athlete));
    strangers
        .find(|athlete| text.contains(&name_of(*athlete)) || text.contains(&id_of(*athlete)))
        .map(|athlete| format!("it names athlete {athlete}, who is not on the roster"))
}

fn list(coach: &Coach, text: &str, error: bool) -> Option<String> {
    if error
        || !coach
            .grants
            .keys()
            .all(|athlete| text.contains(&name_of(*athlete)))
    {
        return Some("it does not name everybody".to_owned());
    }
    strangers(coach, text).or_else(|| leaks(text, |_, _| false))
}

fn everybody(coach: &Coach, text: &str) -> Option<String> {
    if !coach
        .grants
        .keys()
        .all(|athlete| text.contains(&name_of(*athlete)))
    {
        return Some("it does not name everybody".to_owned());
    }
    strangers(coach, text).or_else(|| leaks(text, |athlete, kind| coach.may_see(athlete, kind)))
}

fn select(coach: &mut Coach, named: Option<usize>, text: &str, error: bool) -> Option<String> {
    let Some(athlete) = named.and_then(|athlete| coach.finds(athlete)) else {
        let complaint = (!error).then(|| "it selected nobody of the roster".to_owned());
        return complaint
            .or_else(|| leaks(text, |_, _| false))
            .or_else(|| strangers(coach, text));
    };
    coach.selected = Some(athlete);
    if error || !text.starts_with(&name_of(athlete)) {
        return Some("it does not say who was selected".to_owned());
    }
    let shows = [Kind::Profile, Kind::Fitness];
    let missing = shows
        .into_iter()
        .find(|kind| coach.may_see(athlete, *kind) && !holds(text, athlete, *kind));
    missing
        .map(|kind| format!("{kind:?} is missing"))
        .or_else(|| strangers(coach, text))
        .or_else(|| {
            leaks(text, |whose, kind| {
                whose == athlete && shows.contains(&kind) && coach.may_see(athlete, kind)
            })
        })
}

fn one(coach: &Coach, tool: &str, named: Option<usize>, text: &str, error: bool) -> Option<String> {
    let writes = permissions::by_name(tool).is_some_and(|tool| tool.access == Access::Write);
    if writes && named.is_none() && coach.grants.len() > 1 {
        let refused = error && text.contains("a change must name its athlete");
        let complaint = (!refused).then(|| "a selection steers a change".to_owned());
        return complaint
            .or_else(|| leaks(text, |_, _| false))
            .or_else(|| strangers(coach, text));
    }
    let Some(athlete) = coach.whom(named) else {
        let complaint = (!error).then(|| "it answers for nobody".to_owned());
        return complaint
            .or_else(|| leaks(text, |_, _| false))
            .or_else(|| strangers(coach, text));
    };
    let name = format!("{} ({})", name_of(athlete), id_of(athlete));
    let line = format!("{name}, selected earlier through this connector\n");
    let by_selection = named.is_none() && coach.grants.len() > 1;
    let rest = text.strip_prefix(&line);
    if rest.is_some() != by_selection {
        return Some("how the athlete was found is not said, or wrongly".to_owned());
    }
    let body = rest.unwrap_or(text);
    if !coach.grants[&athlete].1.contains(tool) {
        let refused = error && body.starts_with(&format!("{name} has not granted {tool} to "));
        let wrong = (!refused).then(|| "it is not refused".to_owned());
        return wrong.or_else(|| leaks(text, |_, _| false));
    }
    if let Some(kind) = Kind::of(tool)
        && (error || !body.starts_with(&name) || !holds(body, athlete, kind))
    {
        return Some("the answer is not that athlete's".to_owned());
    }
    leaks(text, |whose, kind| {
        whose == athlete && coach.may_see(athlete, kind)
    })
    .or_else(|| strangers(coach, text))
}

/// Plays every turn and returns what was wrong, and how many calls were made.
async fn play(world: &Arc<World>, broken: Broken) -> (Vec<String>, usize) {
    let url = upstream(broken).await.parse().unwrap();
    let bench = Bench::mounted(world, CATALOGUE, |config| {
        config.intervals_url = url;
        config.intervals_per_second = 10_000;
        config.intervals_per_day = 1_000_000;
        config.calls_per_minute = 100_000;
    })
    .await;
    let accounts = athletes(world).await;
    let fresh = "update connections set refreshed_at = '2026-11-21T07:00:00Z', zone = 'Etc/UTC', zone_source = 'settings'";
    bench.sql(fresh).await;
    let turns = (0..COACHES).map(|number| {
        let (bench, accounts) = (&bench, &accounts);
        async move {
            let mut dice = Dice(u64::try_from(number).unwrap() + 20_261_121);
            let mut coach = coach(world, number).await;
            sqlx::query("update connectors set groups_off = '{}' where coach_id = $1")
                .bind(coach.id.0)
                .execute(&world.app.pool)
                .await
                .unwrap();
            for _ in 0..dice.below(9) {
                regrant(world, accounts, &mut coach, &mut dice).await;
            }
            if broken == Broken::Grants {
                let all: Vec<String> = permissions::ALL.iter().map(|tool| tool.name.to_owned()).collect();
                let widen = sqlx::query("update grants set tools = $1 where coach_id = $2");
                widen
                    .bind(all)
                    .bind(coach.id.0)
                    .execute(&world.app.pool)
                    .await
                    .unwrap();
            }
            let (mut wrong, mut calls) = (Vec::new(), 0);
            for _ in 0..TURNS {
                if broken != Broken::Grants && dice.one_in(4) {
                    regrant(world, accounts, &mut coach, &mut dice).await;
                } else {
                    calls += 1;
                    wrong.extend(ask(bench, &mut coach, &mut dice).await);
                }
            }
            (wrong, calls)
        }
    });
    // A few coaches at a time: all at once would ask for more connections than the database gives.
    let played: Vec<(Vec<String>, usize)> = futures::stream::iter(turns).buffer_unordered(4).collect().await;
    let calls = played.iter().map(|(_, calls)| calls).sum();
    (played.into_iter().flat_map(|(wrong, _)| wrong).collect(), calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_holds_what_its_coach_may_not_see() {
    world::test(async |world| {
        let (wrong, calls) = play(&world, Broken::Nothing).await;
        assert!(calls > COACHES * TURNS / 2, "{calls}");
        assert!(
            wrong.is_empty(),
            "{} of {calls} answers: {}",
            wrong.len(),
            wrong[0]
        );
    })
    .await;
}

/// The model can fail: it notices another athlete's data, and data that nobody granted.
#[tokio::test(flavor = "multi_thread")]
async fn the_model_finds_what_is_broken() {
    for broken in [Broken::Upstream, Broken::Grants] {
        world::test(async |world| {
            let (wrong, _) = play(&world, broken).await;
            let said = match broken {
                Broken::Grants => "it is not refused",
                _ => "the answer is not that athlete's",
            };
            assert!(
                wrong.iter().any(|wrong| wrong.contains(said)),
                "{broken:?}: {wrong:?}"
            );
        })
        .await;
    }
}
