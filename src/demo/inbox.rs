//! The captured emails in a browser and as JSON, and what to try, on a separate loopback port that answers only under its own
//! name.

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

use super::Guide;
use crate::mail::transport::{Captured, CapturedMail};

/// What an email's HTML may do in the frame that shows it: nothing but look as it does. Its links open the page itself, and only
/// when somebody clicks.
const FRAMED: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      sandbox allow-top-navigation-by-user-activation";

/// Pages: `/` lists, `/mails/{n}` shows one as text (n counts from 1, oldest first), `/mails/{n}/html` as HTML, in a frame that
/// has `/mails/{n}/body`; `/mails.json` gives all; `/try` is the guide.
pub fn router(mails: Captured, guide: Guide, at: SocketAddr) -> Router {
    let start = get(async move || page(&guide));
    Router::new()
        .route("/", get(list))
        .route("/mails.json", get(all))
        .route("/mails/{number}", get(text))
        .route("/mails/{number}/html", get(html))
        .route("/mails/{number}/body", get(body))
        .with_state(mails)
        .route("/try", start)
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
    number: usize,
    mail: CapturedMail,
    view: View,
}

/// The two forms in which every email is sent.
enum View {
    Text(Vec<Piece>),
    Html,
}

/// A line of an email's text: a link is alone on its line.
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

async fn text(mails: State<Captured>, number: Path<usize>) -> Response {
    let pieces = |mail: &CapturedMail| {
        let lines = mail.letter.text.lines().map(str::to_owned);
        let piece = |line: String| {
            if line.starts_with("http") {
                Piece::Link(line)
            } else {
                Piece::Text(line)
            }
        };
        View::Text(lines.map(piece).collect())
    };
    one(&mails, *number, pieces)
}

async fn html(mails: State<Captured>, number: Path<usize>) -> Response {
    one(&mails, *number, |_| View::Html)
}

fn one(mails: &Captured, number: usize, view: impl FnOnce(&CapturedMail) -> View) -> Response {
    let Some(mail) = numbered(mails, number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let view = view(&mail);
    page(&InboxMail { number, mail, view })
}

/// The HTML as it was sent, except that its links open in the whole window.
async fn body(State(mails): State<Captured>, Path(number): Path<usize>) -> Response {
    let Some(mail) = numbered(&mails, number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let html = mail
        .letter
        .html
        .replacen("<head>", "<head><base target=\"_top\">", 1);
    ([(header::CONTENT_SECURITY_POLICY, FRAMED)], Html(html)).into_response()
}

fn numbered(mails: &Captured, number: usize) -> Option<CapturedMail> {
    mails.all().get(number.checked_sub(1)?).cloned()
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
