//! The endpoints under `/api/v1` and the OAuth routes: which function answers which path, and the right that it takes.
//!
//! The log, breakages and limits come before, in `front`; data comes from `world`.

mod account;
mod analysis;
mod ask;
mod curves;
mod events;
mod files;
mod gear;
mod library;
mod manual;
mod search;
mod training;
mod wellness;

use std::sync::Arc;

use axum::{
    Router,
    extract::{OriginalUri, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{MethodFilter, delete, get, post},
};
use serde_json::{Map, Value};

pub(super) use ask::Ask;
use ask::{read, write};
pub(super) use search::Wanted;

use super::{
    front::front,
    oauth,
    refusal::Refusal,
    tokens::Area::{Activity, Calendar, Library, Settings, Wellness},
    world::World,
};

type Shared = State<Arc<World>>;
type Object = Map<String, Value>;

const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;
const DELETE: MethodFilter = MethodFilter::DELETE;

/// Every route.
pub(super) fn router(world: Arc<World>) -> Router {
    let api = Router::new()
        .nest("/athlete/{athlete}", of_athlete())
        .nest("/activity/{activity}", of_activity())
        .route("/disconnect-app", delete(oauth::disconnect));
    Router::new()
        .route("/oauth/authorize", get(oauth::consent).post(oauth::decide))
        .route("/api/oauth/token", post(oauth::token))
        // The framework knows it as the page's neighbour, but nothing answers there.
        .route("/oauth/token", axum::routing::trace(unknown))
        .nest("/api/v1", api)
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(world.clone(), front))
        .with_state(world)
}

/// An account, its activities, its days and its calendar.
fn of_athlete() -> Router<Arc<World>> {
    Router::new()
        .route("/", read(Settings, account::whole))
        .route("/connections", read(Settings, account::connections))
        .route("/sport-settings", read(Settings, account::sport_settings))
        .route("/sport-settings/{which}", read(Settings, account::one_sport))
        .route(
            "/sport-settings/{which}",
            write(PUT, Settings, account::put_sport),
        )
        .route("/custom-item", read(Settings, account::custom_items))
        .route("/custom-item/{which}", read(Settings, account::custom_item))
        .route("/gear", read(Activity, gear::list))
        .route("/gear", write(POST, Activity, gear::create))
        .route("/gear/{which}", write(PUT, Activity, gear::update))
        .route("/gear/{which}", write(DELETE, Activity, gear::delete))
        .route("/gear/{which}/calc", read(Activity, gear::calc))
        .route("/gear/{which}/replace", write(POST, Activity, gear::replace))
        .route(
            "/gear/{which}/reminder",
            write(POST, Activity, gear::create_reminder),
        )
        .route(
            "/gear/{which}/reminder/{part}",
            write(PUT, Activity, gear::update_reminder),
        )
        .route(
            "/gear/{which}/reminder/{part}",
            write(DELETE, Activity, gear::delete_reminder),
        )
        .route("/training-plan", read(Library, account::training_plan))
        .route("/folders", read(Library, library::folders))
        .route("/folders", write(POST, Library, library::create_folder))
        .route("/folders/{which}", write(PUT, Library, library::update_folder))
        .route("/folders/{which}", write(DELETE, Library, library::delete_folder))
        .route(
            "/folders/{which}/shared-with",
            read(Library, library::shared_with),
        )
        .route("/workouts", read(Library, library::workouts))
        .route("/workouts", write(POST, Library, library::create))
        .route("/workouts/bulk", write(POST, Library, library::create_bulk))
        .route("/workouts/{which}", read(Library, library::workout))
        .route("/workouts/{which}", write(PUT, Library, library::update))
        .route("/workouts/{which}", write(DELETE, Library, library::delete))
        .route("/workout-tags", read(Library, library::tags))
        .route("/activities", read(Activity, training::list))
        .route("/activities/manual", write(POST, Activity, manual::create))
        .route(
            "/activities/manual/bulk",
            write(POST, Activity, manual::create_bulk),
        )
        .route("/activities/search", read(Activity, training::search))
        .route(
            "/activities/interval-search",
            read(Activity, search::by_intervals),
        )
        .route("/activities/{which}", read(Activity, training::several))
        .route("/athlete-summary", read(Activity, training::summary))
        .route("/power-curves", read(Activity, curves::power))
        .route("/hr-curves", read(Activity, curves::heart))
        .route("/pace-curves", read(Activity, curves::pace))
        .route("/wellness", read(Wellness, wellness::list))
        .route("/wellness", write(PUT, Wellness, wellness::put_by_body))
        .route("/wellness-bulk", write(PUT, Wellness, wellness::put_bulk))
        .route("/wellness/{which}", read(Wellness, wellness::one))
        .route("/wellness/{which}", write(PUT, Wellness, wellness::put))
        .route("/events", read(Calendar, events::list))
        .route("/events", write(POST, Calendar, events::create))
        .route("/events", write(DELETE, Calendar, events::delete_range))
        .route("/events/bulk", write(POST, Calendar, events::create_bulk))
        .route("/events/bulk-delete", write(PUT, Calendar, events::delete_bulk))
        .route("/events/{which}", read(Calendar, events::one))
        .route("/events/{which}/{part}", read(Calendar, files::planned))
        .route("/events/{which}", write(PUT, Calendar, events::update))
        .route("/events/{which}", write(DELETE, Calendar, events::delete))
}

/// One activity, and what is inside it.
fn of_activity() -> Router<Arc<World>> {
    Router::new()
        .route("/", read(Activity, training::one))
        .route("/", write(PUT, Activity, training::update))
        .route("/", write(DELETE, Activity, manual::delete))
        .route("/file", read(Activity, files::original))
        .route("/fit-file", read(Activity, files::fit))
        .route("/gpx-file", read(Activity, files::gpx))
        .route("/streams.json", read(Activity, analysis::streams))
        .route("/streams.csv", read(Activity, analysis::streams_csv))
        .route("/power-histogram", read(Activity, analysis::power_histogram))
        .route("/hr-histogram", read(Activity, analysis::hr_histogram))
        .route("/pace-histogram", read(Activity, analysis::pace_histogram))
        .route("/weather-summary", read(Activity, analysis::weather_summary))
        .route("/messages", read(Activity, analysis::messages))
}

async fn unknown(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::NOT_FOUND, uri.path(), world.now())
}

async fn wrong_method(State(world): Shared, OriginalUri(uri): OriginalUri) -> Refusal {
    Refusal::unrouted(StatusCode::METHOD_NOT_ALLOWED, uri.path(), world.now())
}
