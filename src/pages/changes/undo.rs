//! The button that undoes a change: it asks intervals.icu when it is pressed, and the page says what became of it.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::Response};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use tracing::Instrument as _;

use crate::{
    app::App,
    error::Problem,
    guard::{by_hand, session::Session},
    pages::{Fields, Frame, FromNetwork, Signed, frame::page},
    permissions,
    tool_error::ToolError,
    tools,
};

/// How long the page waits for the change; within the time of every page.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Template)]
#[template(path = "pages/undone.html")]
struct Undone {
    frame: Frame,
    number: i32,
    /// What became of it.
    lines: Vec<String>,
}

/// `POST /activity/undo`: undoes one change.
pub(crate) async fn undo(
    State(app): State<App>,
    signed: Signed,
    from: FromNetwork,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let number: i32 = fields.take("change")?.parse().map_err(|_| Problem::BadForm)?;
    app.limits.attempt(from.0)?;
    let text = match take_back(&app, &signed.0, number).await {
        Ok(text) => text,
        Err(error) => error.to_string(),
    };
    // The first of several lines names the athlete and the day.
    let heading = usize::from(text.lines().count() > 1);
    let lines = text.lines().skip(heading).map(sentence).collect();
    page(&Undone {
        frame: Frame::of(true),
        number,
        lines,
    })
}

/// A line of an answer as a page begins it.
fn sentence(line: &str) -> String {
    let mut rest = line.chars();
    rest.next()
        .map(|first| first.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}

/// In a task of its own, so that a browser that goes away leaves no half of it.
async fn take_back(app: &App, session: &Session, number: i32) -> Result<String, ToolError> {
    let until = Instant::now() + PATIENCE;
    let (granted, by_hand) = by_hand::open(app, session, &permissions::UNDO_CHANGE, until).await?;
    let (tell, told) = oneshot::channel();
    let task = async move {
        let done = tools::undo(&granted, &tools::Which::one(number), false).await;
        // Nobody listens if the page has been answered meanwhile.
        let _ = tell.send(by_hand.end(done).await);
    };
    app.writes.spawn(task.in_current_span());
    match timeout(PATIENCE, told).await {
        Ok(Ok(done)) => done.map(|answer| answer.text),
        Ok(Err(_)) => Err(ToolError::Ours(
            "Not done: IcuSync failed while undoing this. The activity log says what became of it."
                .to_owned(),
        )),
        Err(_) => Ok(String::from(
            "intervals.icu takes its time. This goes on by itself: the activity log says how it ended.",
        )),
    }
}
