//! `POST /sign-in/provider/logout`: the provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{
    app::App,
    error::Problem,
    guard::{
        identities::{self, NotSignedOut},
        limits::FromNetwork,
    },
    pages::Fields,
};

/// When the provider may say it again, in seconds: its keys can be looked for then.
const LATER: &str = "60";

/// Ends what the token names (sections 2.5 to 2.8). The answer says no more than whether it counted.
pub(crate) async fn logout(
    State(app): State<App>,
    from: FromNetwork,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let provider = app.provider.as_ref().ok_or(Problem::NotFound)?;
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let token = Fields::parse(&body)
        .ok()
        .filter(|_| is_form)
        .and_then(|mut fields| fields.optional("logout_token"));
    let Some(token) = token else {
        return Ok(refused("invalid_request", StatusCode::BAD_REQUEST));
    };
    app.limits.sign_in(from.0)?;
    match identities::sign_out(&app, provider, &token).await {
        Ok(()) => Ok(unstored(StatusCode::OK.into_response())),
        Err(NotSignedOut::Wrong(why)) => {
            tracing::warn!(why, "a logout token was not accepted");
            Ok(refused("invalid_request", StatusCode::BAD_REQUEST))
        }
        Err(NotSignedOut::Away) => {
            let mut response = refused("temporarily_unavailable", StatusCode::SERVICE_UNAVAILABLE);
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(LATER));
            Ok(response)
        }
        Err(NotSignedOut::Ours(error)) => Err(error.into()),
    }
}

fn refused(error: &str, status: StatusCode) -> Response {
    unstored((status, axum::Json(json!({"error": error}))).into_response())
}

fn unstored(mut response: Response) -> Response {
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}
