//! What the athlete's connector offers, whether it may change anything, and its URL.
//!
//! The forms are handled in [`super::links`] and [`super::changes`].

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    Frame, Signed,
    changes::Writing,
    done::{Done, JustDone},
    frame::{leading_to_intervals, page},
    library,
    links::{self, Offered},
    when,
};
use crate::{app::App, error::Problem, guard::log_buffer, queries};

#[derive(Template)]
#[template(path = "pages/connector.html")]
struct Page {
    frame: Frame,
    done: Option<Done>,
    oauth: bool,
    writing: Writing,
    groups: Vec<Offered>,
    shown: String,
    /// Whether the library is in use, and intervals.icu does not share it.
    library_unshared: bool,
    /// Whether the connector URL is on.
    link_is_on: bool,
    url: Option<String>,
    masked: String,
    link_used: Option<String>,
    link_client: Option<String>,
}

/// `GET /connector`, with `?done=` after something was done.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    JustDone(done): JustDone,
) -> Result<Response, Problem> {
    let (now, account) = (app.clock.now(), signed.0.account);
    log_buffer::flush(&app).await;
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let grants = queries::grants::of_account(&app.pool, account).await?;
    let (link, url) = links::url_of(&app, &signed.0).await?;
    let groups = links::offered(link.as_ref().map_or(&[][..], |link| &link.groups_off));
    let library_unshared = library::is_unshared(&app, account, connection.as_ref(), &grants).await?;
    Ok(leading_to_intervals(page(&Page {
        frame: Frame::of(true),
        done,
        oauth: app.config.offers_oauth(),
        writing: Writing::of(link.as_ref(), signed.0.writes, &grants, connection.as_ref(), now),
        shown: links::shown(&groups),
        groups,
        library_unshared,
        link_is_on: link.as_ref().is_some_and(|link| link.token_sealed.is_some()),
        url,
        masked: links::masked(&app),
        link_used: link
            .as_ref()
            .and_then(|link| Some(when::ago(now, link.last_used_at?))),
        link_client: link.and_then(|link| link.last_client),
    })?))
}
