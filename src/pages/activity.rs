//! The activity log: who read or changed what, when, through which client.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use chrono_tz::Tz;

use super::{Fields, Frame, Signed, frame::page, when::When};
use crate::{
    app::App,
    error::Problem,
    ids::{AccountId, LogId},
    queries::{self, activity_log::Entry},
};

/// Rows on a page.
const ROWS: usize = 30;

/// One call, as a row shows it.
pub(super) struct Row {
    /// When.
    pub(super) when: When,
    /// "You", or the caller's name then.
    pub(super) who: String,
    /// The client's own name for itself.
    pub(super) client: String,
    /// The tool.
    pub(super) tool: String,
    /// "read" or "changed".
    pub(super) access: &'static str,
    /// What came of it.
    pub(super) outcome: Outcome,
    /// How long it took: `0.4 s`.
    pub(super) took: String,
}

/// How a call ended, in words, and whether it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// For people.
    pub(super) text: &'static str,
    /// Whether it did what was asked.
    pub(super) good: bool,
}

impl Outcome {
    fn of(word: &str) -> Self {
        let text = match word {
            "ok" => {
                return Self {
                    text: "Answered",
                    good: true,
                };
            }
            "input" => "Question not understood",
            "refused" => "Not shared",
            "reconnect" => "Reconnect needed",
            "busy" => "Asked to wait",
            "upstream" => "intervals.icu failed",
            "cancelled" => "Cancelled",
            "too_long" => "Took too long",
            "withheld" => "Withheld",
            _ => "Our fault",
        };
        Self { text, good: false }
    }
}

impl Row {
    fn of(entry: Entry, zone: Option<Tz>) -> Self {
        let tenths = (entry.duration_ms.max(0) + 50) / 100;
        Self {
            when: When::of(entry.at, zone),
            who: entry.caller.unwrap_or_else(|| "You".to_owned()),
            client: if entry.client.is_empty() {
                "Unnamed client".to_owned()
            } else {
                entry.client
            },
            tool: entry.tool,
            access: if entry.access == "write" {
                "changed"
            } else {
                "read"
            },
            outcome: Outcome::of(&entry.outcome),
            took: format!("{}.{} s", tenths / 10, tenths % 10),
        }
    }
}

/// The newest `limit` rows of an account, older than `before` when given, and the id to go on from.
pub(super) async fn rows(
    app: &App,
    account: AccountId,
    zone: Option<Tz>,
    before: Option<LogId>,
    limit: usize,
) -> Result<(Vec<Row>, Option<LogId>), Problem> {
    let more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut entries = queries::activity_log::page_of(&app.pool, account, before, more).await?;
    let rest = entries.len() > limit;
    entries.truncate(limit);
    let older = entries.last().map(|entry| entry.id).filter(|_| rest);
    Ok((
        entries.into_iter().map(|entry| Row::of(entry, zone)).collect(),
        older,
    ))
}

#[derive(Template)]
#[template(path = "pages/activity.html")]
struct Activity {
    frame: Frame,
    rows: Vec<Row>,
    zone: String,
    older: Option<LogId>,
    newest: bool,
}

/// `GET /activity?before=`: an id that is none, or nobody's, only changes where the list begins.
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    let before = Fields::parse(query.unwrap_or_default().as_bytes())
        .ok()
        .and_then(|mut fields| fields.optional("before"))
        .and_then(|text| text.parse().ok())
        .map(LogId);
    let connection = queries::connections::of_account(&app.pool, account).await?;
    let zone: Option<Tz> = connection.and_then(|row| row.zone?.parse().ok());
    let (rows, older) = rows(&app, account, zone, before, ROWS).await?;
    let zone = zone.map_or("UTC", Tz::name).to_owned();
    page(&Activity {
        frame: Frame::of(true),
        rows,
        zone,
        older,
        newest: before.is_none(),
    })
}
