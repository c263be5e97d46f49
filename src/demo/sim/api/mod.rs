//! The endpoints under `/api/v1` and the OAuth routes: which path answers what, and the account's own endpoints.
//!
//! Checks of caller and limits happen before, in `front`; data comes from `world`.

mod events;
mod training;
mod wellness;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{OriginalUri, Path, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{delete, get, post},
};
use serde_json::{Map, Value, json};

use super::{
    athlete,
    front::{Caller, Via, front},
    oauth,
    refusal::Refusal,
    tokens::Area,
    world::World,
};

type Shared = State<Arc<World>>;
type Object = Map<String, Value>;

/// Every route.
pub(super) fn router(world: Arc<World>) -> Router {
    let api = Router::new()
        .route("/athletes", get(athletes))
        .route("/athlete/{id}", get(whole))
        .route("/athlete/{id}/profile", get(profile))
        .route("/athlete/{id}/sport-settings", get(sport_settings))
        .route("/athlete/{id}/sport-settings/{which}", get(one_sport))
        .route("/athlete/{id}/custom-item", get(custom_items))
        .route("/athlete/{id}/activities", get(training::list))
        .route("/athlete/{id}/activities/search", get(training::search))
        .route("/athlete/{id}/activities/search-full", get(training::search_full))
        .route("/activity/{id}", get(training::one))
        .route("/athlete/{id}/athlete-summary", get(training::summary))
        .route(
            "/athlete/{id}/wellness",
            get(wellness::list).put(wellness::put_by_body),
        )
        .route(
            "/athlete/{id}/wellness/{date}",
            get(wellness::one).put(wellness::put),
        )
        .route(
            "/athlete/{id}/events",
            get(events::list)
                .post(events::create)
                .delete(events::delete_range),
        )
        .route(
            "/athlete/{id}/events/{event}",
            get(events::one).put(events::update).delete(events::delete),
        )
        .route("/disconnect-app", delete(oauth::disconnect));
    Router::new()
        .route("/oauth/authorize", get(oauth::consent).post(oauth::decide))
        .route("/api/oauth/token", post(oauth::token))
        // Known to the framework as the page's neighbour, but nothing answers there.
        .route("/oauth/token", axum::routing::trace(unknown))
        .nest("/api/v1", api)
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(world.clone(), front))
        .with_state(world)
}

async fn unknown(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::NOT_FOUND, uri.path(), world.now())
}

async fn wrong_method(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::METHOD_NOT_ALLOWED, uri.path(), world.now())
}

/// The caller, whom nobody coaches; closed to bearer tokens.
async fn athletes(State(world): Shared, caller: Caller) -> Result<Json<Value>, Refusal> {
    match caller.via {
        Via::Key => Ok(Json(json!([athlete::full(caller.person, world.now())]))),
        Via::Bearer { .. } => Err(Refusal::denied()),
    }
}

async fn whole(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    Ok(Json(athlete::full(person, world.now())))
}

async fn profile(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    Ok(Json(athlete::profile(person, world.now())))
}

async fn sport_settings(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    Ok(Json(athlete::sport_settings(person, world.local(person).date())))
}

/// By id or by the name of a sport.
async fn one_sport(
    State(world): Shared,
    caller: Caller,
    Path((id, which)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    let asked = |settings: &Value| {
        let by_id = settings["id"].as_i64().is_some_and(|id| which.parse() == Ok(id));
        by_id
            || settings["types"]
                .as_array()
                .is_some_and(|types| types.iter().any(|sport| sport == which.as_str()))
    };
    let all = athlete::sport_settings(person, world.local(person).date());
    all.into_iter().find(asked).map(Json).ok_or_else(Refusal::missing)
}

async fn custom_items(caller: Caller, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    Ok(Json(athlete::custom_items(person)))
}

/// A body that must be a JSON object.
fn object(body: &[u8]) -> Result<Object, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::unreadable())
}
