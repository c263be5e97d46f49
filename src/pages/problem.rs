//! The page for every error that has none: not found, refused, too many, broken. It says whose turn it is.

use askama::Template;
use axum::{
    extract::Request,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use http::{
    HeaderName, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE},
};

use super::{Frame, frame::Nav};
use crate::{error::Problem, layers::RequestId};

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct Page<'a> {
    frame: Frame,
    status: u16,
    title: &'static str,
    text: &'static str,
    wait: Option<String>,
    request: Option<&'a str>,
}

/// What matches no route.
pub(crate) async fn not_found() -> Problem {
    Problem::NotFound
}

/// Gives a page to each error that comes without one. What is said to a program in JSON stays as it is.
pub async fn dress(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    let is_said = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
    });
    if is_said || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (title, text) = words(status);
    let wait = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(in_words);
    let page = Page {
        frame: Frame::with(Nav::Bare),
        status: status.as_u16(),
        title,
        text,
        wait,
        // The id helps only if we are to blame.
        request: id
            .as_ref()
            .filter(|_| status.is_server_error())
            .map(|id| id.0.as_str()),
    };
    let Ok(html) = page.render() else {
        return response;
    };
    let kept: Vec<_> = [ALLOW, RETRY_AFTER, SET_COOKIE]
        .into_iter()
        .filter_map(|name: HeaderName| Some((name.clone(), response.headers().get(name)?.clone())))
        .collect();
    let extensions = response.extensions().clone();
    let mut dressed = (status, Html(html)).into_response();
    dressed.headers_mut().extend(kept);
    *dressed.extensions_mut() = extensions;
    dressed
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 | 415 | 422 => (
            "That did not arrive as it should",
            "The form or the address was incomplete or garbled. Go back, reload the page and try once more.",
        ),
        403 => (
            "Stopped for your safety",
            "This request did not come from one of our own pages, so we did nothing. Go to the page yourself and try again there.",
        ),
        404 => (
            "There is no page here",
            "The address is mistyped, or the page has moved.",
        ),
        405 => (
            "That is not how this page works",
            "Open it from the navigation instead.",
        ),
        413 | 414 | 431 => (
            "That is too much",
            "What was sent is larger than any of our forms. Go back and shorten it.",
        ),
        408 => (
            "That took too long to arrive",
            "What you sent did not arrive whole, so nothing was done. Check your connection, go back and send it again.",
        ),
        429 => (
            "Too many tries for the moment",
            "We slow things down to keep your account safe. Nothing is wrong with it.",
        ),
        503 => (
            "We are not ready right now",
            "Part of IcuSync is not answering. Nothing you entered was lost halfway: it was either saved or not done. Try again shortly.",
        ),
        _ => (
            "Something broke on our side",
            "It has been noted. Nothing you entered was lost halfway: it was either saved or not done. Try again.",
        ),
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "Try again in a second.".to_owned(),
        2..=90 => format!("Try again in {seconds} seconds."),
        _ => format!("Try again in {} minutes.", seconds.div_ceil(60)),
    }
}
