//! The captured mails in a browser and as JSON, on a separate loopback port that answers only under its own name.

use std::net::SocketAddr;

use askama::Template;
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::mail::transport::{Captured, CapturedMail};

/// Pages: `/` lists, `/mails/{n}` shows one (n counts from 1, oldest first), `/mails.json` gives all.
pub fn router(mails: Captured, at: SocketAddr) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/mails.json", get(all))
        .route("/mails/{number}", get(one))
        .with_state(mails)
        .layer(middleware::from_fn(move |request, next| {
            own_name_only(at, request, next)
        }))
}

/// A page elsewhere must not read mails by pointing its own name at this port (DNS rebinding).
async fn own_name_only(at: SocketAddr, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let named = [
        format!("127.0.0.1:{}", at.port()),
        format!("localhost:{}", at.port()),
        format!("[::1]:{}", at.port()),
    ];
    if named.iter().any(|name| name == host) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

#[derive(Template)]
#[template(path = "pages/inbox.html")]
struct Inbox {
    mails: Vec<(usize, CapturedMail)>,
}

#[derive(Template)]
#[template(path = "pages/inbox_mail.html")]
struct InboxMail {
    mail: CapturedMail,
    paragraphs: Vec<Piece>,
}

/// A line of a mail's text: a link is alone on its line.
enum Piece {
    Text(String),
    Link(String),
}

async fn list(State(mails): State<Captured>) -> Response {
    let mails = mails
        .all()
        .into_iter()
        .enumerate()
        .map(|(at, mail)| (at + 1, mail))
        .rev()
        .collect();
    page(&Inbox { mails })
}

async fn one(State(mails): State<Captured>, Path(number): Path<usize>) -> Response {
    let Some(mail) = number.checked_sub(1).and_then(|at| mails.all().get(at).cloned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let paragraphs = mail
        .letter
        .text
        .lines()
        .map(|line| {
            if line.starts_with("http") {
                Piece::Link(line.to_owned())
            } else {
                Piece::Text(line.to_owned())
            }
        })
        .collect();
    page(&InboxMail { mail, paragraphs })
}

async fn all(State(mails): State<Captured>) -> Json<Value> {
    let mails: Vec<Value> = mails
        .all()
        .into_iter()
        .map(|mail| {
            json!({
                "to": mail.to,
                "subject": mail.letter.subject,
                "text": mail.letter.text,
                "html": mail.letter.html,
                "raw": mail.raw,
            })
        })
        .collect();
    Json(Value::Array(mails))
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
