//! What every request passes before it is handled: the log, breakages on request, the edge's own checks, the limits, and who
//! the caller is.
//!
//! No endpoint's own behaviour.

use std::{future::ready, net::IpAddr, sync::Arc};

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts, response},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::FutureExt;
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::{
    fault::{self, Fault, Mode},
    limits::{APP, KEY, Standing},
    people::{PEOPLE, Person},
    refusal::Refusal,
    tokens::Scope,
    world::{Exchange, Of, Recorded, World},
};

/// Beginnings of the User-Agents that the edge takes for a bare library.
const LIBRARIES: [&str; 6] = [
    "python-urllib",
    "python-requests",
    "reqwest",
    "go-http-client",
    "java/",
    "libwww-perl",
];

/// The connection that a request came by.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) address: IpAddr,
    /// Told to reset the connection.
    pub(super) abort: Arc<Notify>,
}

/// How a caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Via {
    Key,
    Bearer { token: String, scopes: Vec<Scope> },
}

/// Who is asking.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) person: &'static Person,
    pub(super) via: Via,
}

impl Caller {
    /// Requires that the path names the caller's own id, or `0`, and the credential covers `needed`.
    pub(super) fn may(&self, id: &str, needed: Scope) -> Result<&'static Person, Refusal> {
        let covered = match &self.via {
            Via::Key => true,
            Via::Bearer { scopes, .. } => scopes.iter().any(|held| held.covers(needed)),
        };
        let own = id == "0" || id == self.person.athlete_id;
        if covered && own {
            Ok(self.person)
        } else {
            Err(Refusal::denied())
        }
    }

    fn pool(&self) -> (String, super::limits::Pair) {
        match self.via {
            Via::Key => (format!("key {}", self.person.slug), KEY),
            Via::Bearer { .. } => ("app".to_owned(), APP),
        }
    }
}

/// Who the credential in `headers` belongs to.
fn identify(world: &World, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let text = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, credential) = text
        .and_then(|text| text.split_once(' '))
        .ok_or_else(Refusal::unauthorized)?;
    let by_key = |key: &str| PEOPLE.iter().find(|person| person.api_key == key);
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD
            .decode(credential.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let key = decoded.as_deref().and_then(|pair| pair.strip_prefix("API_KEY:"));
        let person = key.and_then(by_key).ok_or_else(Refusal::unauthorized)?;
        return Ok(Caller {
            person,
            via: Via::Key,
        });
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::unauthorized());
    }
    let token = credential.trim();
    if by_key(token).is_some() {
        return Err(Refusal::denied());
    }
    let (person, scopes) = world
        .state()
        .tokens
        .holder(token)
        .ok_or_else(Refusal::unauthorized)?;
    Ok(Caller {
        person,
        via: Via::Bearer {
            token: token.to_owned(),
            scopes,
        },
    })
}

impl FromRequestParts<Arc<World>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<World>) -> Result<Self, Refusal> {
        identify(world, &parts.headers)
    }
}

/// The way of every request.
pub(super) async fn front(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    if world.state().exchanges.is_some() {
        return kept(world, request, next).await;
    }
    passed(&world, request, next).await.0
}

/// The same, with both bodies kept.
async fn kept(world: Arc<World>, request: Request, next: Next) -> Response {
    let sent_type = text(request.headers(), &header::CONTENT_TYPE);
    let (parts, body) = request.into_parts();
    let sent = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let request = Request::from_parts(parts, sent.clone().into());
    let (response, recorded) = passed(&world, request, next).await;
    let answered_type = text(response.headers(), &header::CONTENT_TYPE);
    let (parts, body) = response.into_parts();
    let answered = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if let Some(exchanges) = &mut world.state().exchanges {
        exchanges.push(Exchange {
            request: recorded,
            sent_type,
            sent: sent.into(),
            answered_type,
            answered: answered.clone().into(),
        });
    }
    Response::from_parts(parts, answered.into())
}

async fn passed(world: &World, request: Request, next: Next) -> (Response, Recorded) {
    let caller = identify(world, request.headers()).ok();
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let athlete = caller
        .as_ref()
        .map(|caller| caller.person.athlete_id.to_owned())
        .or_else(|| in_path(&path));
    let mut recorded = Recorded {
        method: method.clone(),
        path: path.clone(),
        query: query.clone(),
        athlete: athlete.clone(),
        status: None,
        user_agent: text(request.headers(), &header::USER_AGENT),
        accept_language: text(request.headers(), &header::ACCEPT_LANGUAGE),
    };
    let number = world.record(recorded.clone());
    let target = if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    };
    let fault = world.take_fault(&method, &target, athlete.as_deref());
    let response = match fault {
        Some(fault) => broken(world, &fault, caller.as_ref(), request, next).await,
        None => honest(world, caller.as_ref(), request, next).await,
    };
    let status = response.status().as_u16();
    world.answered(number, status);
    recorded.status = Some(status);
    (response, recorded)
}

/// A header's value.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The athlete id in a path.
fn in_path(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/api/v1/athlete/")?;
    rest.split('/')
        .next()
        .filter(|id| *id != "0" && !id.is_empty())
        .map(str::to_owned)
}

async fn broken(
    world: &World,
    fault: &Fault,
    caller: Option<&Caller>,
    mut request: Request,
    next: Next,
) -> Response {
    let abort = request
        .extensions()
        .get::<Connection>()
        .map(|connection| connection.abort.clone())
        .unwrap_or_default();
    if fault.mode.is_about_entries() {
        request.extensions_mut().insert(fault.clone());
    }
    // Nothing is handled before this is awaited.
    let answer = honest(world, caller, request, next);
    let answer = if fault.after_writing {
        ready(answer.await).left_future()
    } else {
        answer.right_future()
    };
    fault::wait(fault).await;
    if let Some(broken) = fault::broken(fault, abort.clone()).await {
        return broken;
    }
    let response = answer.await;
    let mut response = match fault.mode {
        Mode::Cut => cut(response, abort).await,
        Mode::WrongAthlete => for_another(response).await,
        Mode::BareNumber => bare_number(response).await,
        Mode::Meddle => meddled(world, caller, fault, response).await,
        _ => response,
    };
    fault::dress(fault, &mut response);
    response
}

/// An answer's parts and body, to send another body or the same again.
async fn opened(response: Response) -> (response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// The beginning of the same answer, with the length of all of it.
async fn cut(response: Response, abort: Arc<Notify>) -> Response {
    let (mut parts, body) = opened(response).await;
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response::from_parts(parts, fault::cut(&body, abort))
}

/// The number alone of an object with one number; any other answer as it is.
async fn bare_number(response: Response) -> Response {
    let (parts, body) = opened(response).await;
    let object: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let body = match object.values().next() {
        Some(number) if object.len() == 1 => number.to_string().into(),
        _ => body,
    };
    Response::from_parts(parts, body.into())
}

/// The same answer, after which somebody else has changed or deleted the entries in it.
async fn meddled(world: &World, caller: Option<&Caller>, fault: &Fault, response: Response) -> Response {
    let (parts, body) = opened(response).await;
    let shown = match serde_json::from_slice(&body) {
        Ok(Value::Array(rows)) => rows,
        Ok(row) => vec![row],
        Err(_) => Vec::new(),
    };
    let change: Option<Map<String, Value>> = fault
        .body
        .as_deref()
        .and_then(|body| serde_json::from_str(body).ok());
    let named = |row: &&Value| fault.concerns(row["name"].as_str().unwrap_or_default());
    let ids = shown.iter().filter(named).filter_map(|row| row["id"].as_i64());
    if let Some(caller) = caller {
        for of in shown.iter().filter(named).filter_map(record) {
            world.change(caller.person, &of, change.clone().unwrap_or_default());
        }
        for id in ids {
            world.meddle(caller.person, id, change.clone());
        }
    }
    Response::from_parts(parts, body.into())
}

/// Which thing a row shows that is changed in place: its id tells, but for the settings of sports, which have `types`, gear,
/// which has parts, and the library, whose rows are folders or lie in one.
fn record(row: &Value) -> Option<Of> {
    if row.get("folder_id").is_some() || row.get("sharedWithCount").is_some() {
        return Some(Of::Library(row["id"].as_i64()?));
    }
    if row.get("component_ids").is_some() {
        return Some(Of::Gear(row["id"].as_str()?.to_owned()));
    }
    if row["types"].is_array() {
        return Some(Of::Sport(row["id"].as_i64()?));
    }
    let id = row["id"].as_str()?;
    Some(match id.parse() {
        Ok(day) => Of::Day(day),
        Err(_) => Of::Activity(id.to_owned()),
    })
}

/// The same answer, about another athlete.
async fn for_another(response: Response) -> Response {
    let (parts, bytes) = opened(response).await;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    for person in &PEOPLE {
        text = text.replace(&format!("\"{}\"", person.athlete_id), "\"i900099\"");
    }
    Response::from_parts(parts, text.into())
}

async fn honest(world: &World, caller: Option<&Caller>, request: Request, next: Next) -> Response {
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    if agent.is_empty() || LIBRARIES.iter().any(|library| agent.starts_with(library)) {
        return (StatusCode::FORBIDDEN, "error code: 1010").into_response();
    }
    let address = request
        .extensions()
        .get::<Connection>()
        .map(|connection| connection.address);
    if address.is_some_and(|address| world.too_fast(address)) {
        return Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests").into_response();
    }
    if !request.uri().path().starts_with("/api/v1/") {
        return next.run(request).await;
    }
    let (pool, limit) = caller.map_or_else(|| ("strangers".to_owned(), APP), Caller::pool);
    let standing = world.take_request(&pool, limit);
    let mut response = match standing.retry_after {
        None => next.run(request).await,
        Some(_) => Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests").into_response(),
    };
    tell(standing, response.headers_mut());
    response
}

/// `X-RateLimit-Limit: 2500,8000` and the related headers.
fn tell(standing: Standing, headers: &mut HeaderMap) {
    let pair = |(quarter, day): (usize, usize)| HeaderValue::from_str(&format!("{quarter},{day}")).ok();
    if let (Some(limit), Some(remaining)) = (pair(standing.limit), pair(standing.remaining)) {
        headers.insert("x-ratelimit-limit", limit);
        headers.insert("x-ratelimit-remaining", remaining);
    }
    if let Some(seconds) = standing.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
