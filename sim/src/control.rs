//! `/_control`: what tests and the demo may do to the simulator, on a separate port that a web page cannot reach.
//!
//! Nothing here exists at upstream.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    calendar::Pairing,
    fault::Fault,
    given::Given,
    people::Person,
    world::{Of, Recorded, World},
    written::Rules,
};

/// The largest crowd: ten years of a person who does little else.
const MOST: usize = 100_000;

/// Routes, answering only under a loopback name with this port.
pub(super) fn router(world: Arc<World>, port: u16) -> Router {
    let hosts = Arc::new(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
    Router::new()
        .route("/_control/fault", post(add_fault).delete(clear_faults))
        .route(
            "/_control/requests",
            axum::routing::get(requests).delete(clear_requests),
        )
        .route("/_control/revoke", post(revoke))
        .route("/_control/limits", post(limits))
        .route("/_control/model", post(model))
        .route("/_control/crowd", post(crowd))
        .route("/_control/given", post(given))
        .route("/_control/pairing", post(pairing))
        .route("/_control/event", post(event))
        .route("/_control/record", post(record))
        .route("/_control/scopes", post(scopes))
        .route("/_control/rules", post(rules))
        .with_state(world)
        .layer(from_fn(no_browser))
        .layer(from_fn_with_state(hosts, check_host))
}

/// Refuses every other Host: a page that rebinds its name to loopback gets nothing.
async fn check_host(State(hosts): State<Arc<[String; 3]>>, request: Request, next: Next) -> Response {
    let mut named = request.headers().get_all(header::HOST).iter();
    let host = named
        .next()
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase);
    let ours = host.is_some_and(|host| hosts.contains(&host)) && named.next().is_none();
    if ours {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Refuses what a page of another origin sends.
async fn no_browser(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// `{"ok":true}`.
fn done() -> Json<Value> {
    Json(json!({"ok": true}))
}

async fn add_fault(State(world): State<Arc<World>>, Json(fault): Json<Fault>) -> Json<Value> {
    world.state().faults.add(fault);
    done()
}

async fn clear_faults(State(world): State<Arc<World>>) -> Json<Value> {
    world.state().faults.clear();
    done()
}

async fn requests(State(world): State<Arc<World>>) -> Json<Vec<Recorded>> {
    Json(world.requests())
}

async fn clear_requests(State(world): State<Arc<World>>) -> Json<Value> {
    world.clear_requests();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    token: String,
}

async fn revoke(State(world): State<Arc<World>>, Json(Revoke { token }): Json<Revoke>) -> Json<Value> {
    world.state().tokens.revoke(&token);
    done()
}

/// `{"remaining":[15 minutes, day]}` for the application's pool, and whether one address may send only ten a second.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    remaining: Option<(usize, usize)>,
    by_address: Option<bool>,
}

async fn limits(State(world): State<Arc<World>>, Json(limits): Json<Limits>) -> Json<Value> {
    if let Some(remaining) = limits.remaining {
        world.leave(remaining);
    }
    if let Some(by_address) = limits.by_address {
        world.state().limits.by_address = by_address;
    }
    done()
}

/// Whether today's CTL, ATL and loads count what is planned for today and not done yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    today_holds_plan: bool,
}

async fn model(State(world): State<Arc<World>>, Json(model): Json<Model>) -> Json<Value> {
    world.state().today_holds_plan = model.today_holds_plan;
    done()
}

/// `{"person":"ana","activities":10000}`: small activities from the ten years before the person's history, replacing those
/// given before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Crowd {
    person: String,
    activities: usize,
}

async fn crowd(State(world): State<Arc<World>>, Json(crowd): Json<Crowd>) -> Response {
    if crowd.activities > MOST || !world.crowd(&crowd.person, crowd.activities) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    done().into_response()
}

/// `{"person":"ana","rows":{"activities":[…],"events":[…],"wellness":[…]}}`: served instead of the person's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Give {
    person: String,
    rows: Given,
}

async fn given(State(world): State<Arc<World>>, Json(give): Json<Give>) -> Response {
    if !world.give(&give.person, give.rows) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    done().into_response()
}

/// `"shows_done"`: a paired entry of the calendar shows the time and distance that were done; `"keeps_plan"`: those planned.
async fn pairing(State(world): State<Arc<World>>, Json(pairing): Json<Pairing>) -> Json<Value> {
    world.state().pairing = pairing;
    done()
}

/// `{"person":"ana","id":190000001,"event":{…}}`: somebody else changes that entry of the calendar; without `event`, deletes
/// it; without `id`, adds it. Answers with the id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meddling {
    person: String,
    id: Option<i64>,
    event: Option<Map<String, Value>>,
}

async fn event(State(world): State<Arc<World>>, Json(asked): Json<Meddling>) -> Response {
    let person = Person::of_slug(&asked.person);
    let id = person.and_then(|person| match (asked.id, asked.event) {
        (Some(id), change) => world.meddle(person, id, change).then_some(id),
        (None, Some(event)) => world.add_event(person, event),
        (None, None) => None,
    });
    match id {
        Some(id) => Json(json!({"ok": true, "id": id})).into_response(),
        None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}

/// `{"person":"ana","of":{"day":"2026-11-20"},"values":{"locked":true}}`: somebody else writes these values of a wellness
/// day, of an activity (`{"activity":"i98…"}`), of the settings of a sport (`{"sport":2410011}`), of a
/// piece of gear (`{"gear":"b9000101"}`) or of something in the library (`{"library":7701001}`), whatever they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    person: String,
    of: Of,
    values: Map<String, Value>,
}

async fn record(State(world): State<Arc<World>>, Json(asked): Json<Change>) -> Response {
    let Some(person) = Person::of_slug(&asked.person) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    world.change(person, &asked.of, asked.values);
    done().into_response()
}

/// `{"person":"ana","scopes":"ACTIVITY:WRITE,CALENDAR:READ"}`: what the person allows the application from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scopes {
    person: String,
    scopes: String,
}

async fn scopes(State(world): State<Arc<World>>, Json(asked): Json<Scopes>) -> Response {
    if !world.allow(&asked.person, &asked.scopes) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    done().into_response()
}

/// `{"resolve_one":false}`: what upstream does with what is written where it is not known; what is not named is as at the start.
async fn rules(State(world): State<Arc<World>>, Json(rules): Json<Rules>) -> Json<Value> {
    world.state().rules = rules;
    done()
}
