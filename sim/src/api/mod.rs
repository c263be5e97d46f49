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
        .route("/activity/{id}/intervals", get(analysis::intervals))
        .route("/activity/{id}/streams", get(analysis::streams))
        .route("/activity/{id}/streams.json", get(analysis::streams))
        .route("/activity/{id}/streams.csv", get(analysis::streams_csv))
        .route("/activity/{id}/power-histogram", get(analysis::power_histogram))
        .route("/activity/{id}/hr-histogram", get(analysis::hr_histogram))
        .route("/activity/{id}/pace-histogram", get(analysis::pace_histogram))
        .route("/activity/{id}/gap-histogram", get(analysis::gap_histogram))
        .route("/activity/{id}/time-at-hr", get(analysis::time_at_hr))
        .route("/activity/{id}/power-vs-hr", get(analysis::power_vs_hr))
        .route("/activity/{id}/power-vs-hr.json", get(analysis::power_vs_hr))
        .route("/activity/{id}/hr-load-model", get(analysis::hr_load_model))
        .route(
            "/activity/{id}/power-spike-model",
            get(analysis::power_spike_model),
        )
        .route("/activity/{id}/segments", get(analysis::segments))
        .route("/activity/{id}/best-efforts", get(analysis::best_efforts))
        .route("/activity/{id}/interval-stats", get(analysis::interval_stats))
        .route("/activity/{id}/weather-summary", get(analysis::weather_summary))
        .route("/activity/{id}/map", get(analysis::map))
        .route("/activity/{id}/messages", get(analysis::messages))
        .route("/activity/{id}/power-curve", get(analysis::power_curve))
        .route("/activity/{id}/power-curve.json", get(analysis::power_curve))
        .route("/activity/{id}/power-curves", get(analysis::power_curves))
        .route("/activity/{id}/power-curves.json", get(analysis::power_curves))
        .route("/activity/{id}/hr-curve", get(analysis::hr_curve))
        .route("/activity/{id}/hr-curve.json", get(analysis::hr_curve))
        .route("/activity/{id}/pace-curve", get(analysis::pace_curve))
        .route("/activity/{id}/pace-curve.json", get(analysis::pace_curve))
}

/// Curves over many activities, lists found in other ways, and small things about the account.
fn of_athlete() -> Router<Arc<World>> {
    Router::new()
        .route("/athlete/{id}/power-curves", get(curves::power))
        .route("/athlete/{id}/power-curves.json", get(curves::power))
        .route("/athlete/{id}/hr-curves", get(curves::heart))
        .route("/athlete/{id}/hr-curves.json", get(curves::heart))
        .route("/athlete/{id}/pace-curves", get(curves::pace))
        .route("/athlete/{id}/pace-curves.json", get(curves::pace))
        .route("/athlete/{id}/activity-power-curves", get(curves::activity_power))
        .route(
            "/athlete/{id}/activity-power-curves.json",
            get(curves::activity_power),
        )
        .route("/athlete/{id}/activity-hr-curves", get(curves::activity_heart))
        .route(
            "/athlete/{id}/activity-hr-curves.json",
            get(curves::activity_heart),
        )
        .route("/athlete/{id}/activity-pace-curves", get(curves::activity_pace))
        .route(
            "/athlete/{id}/activity-pace-curves.json",
            get(curves::activity_pace),
        )
        .route("/athlete/{id}/power-hr-curve", get(curves::power_hr))
        .route("/athlete/{id}/mmp-model", get(curves::mmp_model))
        .route("/athlete/{id}/activities/{ids}", get(account::activities))
        .route(
            "/athlete/{id}/activities/interval-search",
            get(account::interval_search),
        )
        .route("/athlete/{id}/activities-around", get(account::around))
        .route("/athlete/{id}/activity-tags", get(account::activity_tags))
        .route("/athlete/{id}/event-tags", get(account::event_tags))
        .route(
            "/athlete/{id}/fitness-model-events",
            get(account::fitness_model_events),
        )
        .route("/athlete/{id}/gear", get(account::gear))
        .route("/athlete/{id}/connections", get(account::connections))
        .route("/athlete/{id}/weather-config", get(account::weather_config))
        .route("/athlete/{id}/training-plan", get(account::training_plan))
        .route(
            "/athlete/{id}/sport-settings/{which}/pace_distances",
            get(account::pace_distances_of),
        )
        .route("/pace_distances", get(account::pace_distances))
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
