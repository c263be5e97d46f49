//! The endpoints under `/api/v1` and the OAuth routes: which path answers what, and the account's own endpoints.
//!
//! Checks of caller and limits happen before, in `front`; data comes from `world`.

mod account;
mod analysis;
mod curves;
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
use serde_json::{Map, Value};

use super::{
    athlete,
    front::{Caller, front},
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
        .route("/athlete/{id}", get(whole))
        .route("/athlete/{id}/sport-settings", get(sport_settings))
        .route("/athlete/{id}/sport-settings/{which}", get(one_sport))
        .route("/athlete/{id}/custom-item", get(custom_items))
        .route("/athlete/{id}/activities", get(training::list))
        .route("/athlete/{id}/activities/search", get(training::search))
        .route("/activity/{id}", get(training::one))
        .merge(of_activity())
        .merge(of_athlete())
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

/// What is inside one activity.
fn of_activity() -> Router<Arc<World>> {
    Router::new()
        .route("/activity/{id}/streams.json", get(analysis::streams))
        .route("/activity/{id}/streams.csv", get(analysis::streams_csv))
        .route("/activity/{id}/power-histogram", get(analysis::power_histogram))
        .route("/activity/{id}/hr-histogram", get(analysis::hr_histogram))
        .route("/activity/{id}/pace-histogram", get(analysis::pace_histogram))
        .route("/activity/{id}/weather-summary", get(analysis::weather_summary))
        .route("/activity/{id}/messages", get(analysis::messages))
}

/// Curves over many activities, and small things about the account.
fn of_athlete() -> Router<Arc<World>> {
    Router::new()
        .route("/athlete/{id}/power-curves", get(curves::power))
        .route("/athlete/{id}/hr-curves", get(curves::heart))
        .route("/athlete/{id}/pace-curves", get(curves::pace))
        .route("/athlete/{id}/gear", get(account::gear))
        .route("/athlete/{id}/training-plan", get(account::training_plan))
}

async fn unknown(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::NOT_FOUND, uri.path(), world.now())
}

async fn wrong_method(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::METHOD_NOT_ALLOWED, uri.path(), world.now())
}

async fn whole(
    State(world): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Object>, Refusal> {
    let person = caller.may(&id, Area::Settings, false)?;
    Ok(Json(athlete::full(person, world.now())))
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
