//! Sends the page in pieces: everything above the figures at once, the figures as soon as they are known, then the rest.
//!
//! Nothing here is a call: the activity log has no row of it. Whatever happens after the first piece, the page is complete.

use std::{convert::Infallible, future::ready, panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use futures::{FutureExt as _, StreamExt as _, stream};
use http::{HeaderName, header};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::figures;
use crate::{
    app::App,
    guard::own::{self, Own},
    ids::AccountId,
    tool_error::ToolError,
    tools::at_a_glance::{First, Glance},
};

/// Where the figures go in a page.
pub(super) const MARK: &str = "<!--figures-->";
/// How long intervals.icu is waited for, in all.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much longer our own work may take.
const ROOM: Duration = Duration::from_secs(1);
/// A proxy that collects an answer before it passes it on would keep the first piece.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is sent next.
enum Step {
    Ask,
    Rest(Box<(Own, Glance, First)>),
    Note(Box<Own>, bool),
    End,
}

/// A rendered page as a response. One with a [`MARK`] is sent in pieces, with the figures of `account` there.
pub(super) fn respond(app: &App, account: AccountId, page: String) -> Response {
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let Some((head, tail)) = page.split_once(MARK) else {
        return ([kind], page).into_response();
    };
    let figures = Figures {
        app: app.clone(),
        account,
        deadline: Instant::now() + PATIENCE,
        tail: tail.to_owned(),
    };
    let head = stream::once(ready(Bytes::from(head.to_owned())));
    let pieces = head.chain(pieces(figures)).map(Ok::<_, Infallible>);
    ([kind, (UNBUFFERED, "no")], Body::from_stream(pieces)).into_response()
}

/// The pieces after the first one.
fn pieces(figures: Figures) -> impl stream::Stream<Item = Bytes> + Send {
    let span = tracing::Span::current();
    stream::unfold((figures, Step::Ask), move |(figures, step)| {
        async move {
            let (piece, next) = Box::pin(figures.whole(step)).await?;
            Some((Bytes::from(piece), (figures, next)))
        }
        .instrument(span.clone())
    })
}

/// What is needed for the pieces after the first one.
struct Figures {
    app: App,
    account: AccountId,
    deadline: Instant,
    tail: String,
}

impl Figures {
    /// The next piece. A panic, or work that does not end, costs the figures and not the page.
    async fn whole(&self, step: Step) -> Option<(String, Step)> {
        let step = match step {
            Step::Note(own, is_refused) => {
                own.note(&self.app, is_refused).await;
                return None;
            }
            Step::End => return None,
            step => step,
        };
        let piece = in_any_case(self.deadline + ROOM, Box::pin(self.piece(step))).await;
        Some(piece.unwrap_or_else(|| (self.end(figures::none(None)), Step::End)))
    }

    async fn piece(&self, step: Step) -> (String, Step) {
        match step {
            Step::Ask => match own::open(&self.app, self.account, self.deadline).await {
                Ok(own) => self.first(own).await,
                Err(error) => (self.end(figures::none(Some(&error))), Step::End),
            },
            Step::Rest(asked) => {
                let (own, glance, first) = *asked;
                let is_refused = glance.is_refused();
                let rest = glance.rest(&own.ask).await;
                let requests = own.ask.upstream.requests();
                tracing::info!(requests, is_refused, "the figures of a dashboard are known");
                let piece = figures::rest(&first, &rest, own.is_spared);
                (self.end(piece), Step::Note(Box::new(own), is_refused))
            }
            Step::Note(..) | Step::End => (String::new(), Step::End),
        }
    }

    async fn first(&self, own: Own) -> (String, Step) {
        let glance = Glance::begin(&own.ask).await;
        if glance.is_refused() {
            let piece = figures::none(Some(&ToolError::Reconnect(String::new())));
            return (self.end(piece), Step::Note(Box::new(own), true));
        }
        let first = glance.first(&own.ask);
        let piece = figures::first(&first);
        (piece, Step::Rest(Box::new((own, glance, first))))
    }

    /// The last piece of the figures, with what follows them.
    fn end(&self, piece: String) -> String {
        piece + &self.tail
    }
}

/// What the work returns; None if it panics or takes too long.
async fn in_any_case<T>(until: Instant, work: impl Future<Output = T>) -> Option<T> {
    let done = timeout_at(until, AssertUnwindSafe(work).catch_unwind()).await;
    if let Ok(Ok(done)) = done {
        return Some(done);
    }
    tracing::error!("the figures of a dashboard failed or took too long");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_panics_or_never_ends_costs_only_itself() {
        let until = Instant::now() + PATIENCE;
        assert_eq!(in_any_case(until, async { 7 }).await, Some(7));
        let broken = async { [1, 2][usize::try_from(until.elapsed().as_secs()).unwrap() + 2] };
        assert_eq!(in_any_case(until, broken).await, None);
        assert_eq!(in_any_case(until, std::future::pending::<i32>()).await, None);
    }
}
