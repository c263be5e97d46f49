//! The activity log: who read or changed what, when, through which client. Filtered, page by page, or as one file.
//!
//! [`crate::mcp`] writes the log; this file only puts it into words for people.

mod csv;
mod filter;

use askama::Template;
use axum::{
    body::{Body, Bytes},
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use chrono_tz::Tz;
use futures::stream;
use http::{HeaderValue, header};

use self::filter::{ACCESSES, FilterForm, ME, OUTCOMES};
use super::{
    Fields, Frame, Signed,
    changes::list::{Row as Changed, by_calls},
    form::Mistake,
    frame::form_page,
    when::When,
};
use crate::{
    app::App,
    error::Problem,
    guard::{Units, log_buffer},
    ids::{AccountId, LogId},
    permissions,
    queries::{
        self,
        activity_log::{Entry, Filter},
        connections::Connection,
    },
    words::{Access, Outcome},
};

/// Rows on a page.
const ROWS: usize = 30;
/// Rows read at once for a file.
const ROWS_AT_ONCE: i64 = 1000;
/// The clients and callers to choose from: how many of the newest calls they come from, and how many are listed at most.
const CLIENTS: (i64, i64) = (5000, 40);

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
    /// The athlete's id, if it is not the athlete that the account shows.
    pub(super) athlete: Option<String>,
    /// "read", "changed", "changed nothing" of a preview and of what was so already, "not done".
    pub(super) access: &'static str,
    /// How the call ended.
    pub(super) outcome: &'static str,
    /// Whether it did what was asked.
    pub(super) good: bool,
    /// How long it took: `0.4 s`.
    pub(super) took: String,
    /// How many calls the row is for, if more than one.
    pub(super) calls: Option<i32>,
    /// What it changed.
    pub(super) changes: Vec<Changed>,
}

impl Row {
    fn of(entry: Entry, changes: Vec<Changed>, shown: &Shown) -> Self {
        let access = access(&entry, &changes);
        let tenths = (entry.duration_ms.max(0) + 50) / 100;
        Self {
            when: When::of(entry.at, shown.zone),
            athlete: Some(entry.athlete_id).filter(|id| !id.is_empty() && *id != shown.athlete_id),
            who: entry.caller.unwrap_or_else(|| "You".to_owned()),
            client: if entry.client.is_empty() {
                "Unnamed client".to_owned()
            } else {
                entry.client
            },
            tool: entry.tool,
            access,
            outcome: filter::outcome_of(entry.access, entry.outcome),
            good: entry.outcome == Outcome::Ok,
            took: format!("{}.{} s", tenths / 10, tenths % 10),
            calls: Some(entry.calls).filter(|calls| *calls > 1),
            changes,
        }
    }
}

/// What became of a call for people. What it changed is kept as long as its row.
fn access(entry: &Entry, changes: &[Changed]) -> &'static str {
    let is_done = changes.iter().any(|change| !change.is_refused);
    match (entry.access, entry.outcome) {
        (Access::Read, _) => "read",
        (Access::Write, _) if is_done => "changed",
        (Access::Write, Outcome::Ok) => "changed nothing",
        (Access::Write, Outcome::Unfinished | Outcome::Other) => "not done yet",
        (Access::Write, _) => "not done",
    }
}

/// The athlete that the account shows: rows about another athlete say so.
pub(super) struct Shown {
    pub(super) zone: Option<Tz>,
    pub(super) units: Units,
    pub(super) athlete_id: String,
    name: String,
}

impl Shown {
    /// The athlete of the account's connection; empty if there has never been one.
    pub(super) fn of(connection: Option<&Connection>) -> Self {
        Self {
            zone: connection.and_then(|row| row.zone.as_ref()?.parse().ok()),
            units: connection.map_or_else(Units::default, |row| Units {
                imperial: row.imperial,
                weight_in_lb: row.weight_in_lb,
                fahrenheit: row.fahrenheit,
            }),
            athlete_id: connection.map(|row| row.athlete_id.clone()).unwrap_or_default(),
            name: connection.map(|row| row.athlete_name.clone()).unwrap_or_default(),
        }
    }

    async fn by(app: &App, account: AccountId) -> Result<Self, Problem> {
        let connection = queries::connections::of_account(&app.pool, account).await?;
        Ok(Self::of(connection.as_ref()))
    }

    /// `Ana Berger (i900001)`.
    fn who(&self) -> Option<String> {
        (!self.athlete_id.is_empty()).then(|| format!("{} ({})", self.name, self.athlete_id))
    }
}

/// The newest `limit` calls of an account that pass `filter`, older than `before` if given, and the id to continue from.
async fn entries(
    app: &App,
    account: AccountId,
    filter: &Filter,
    before: Option<LogId>,
    limit: usize,
) -> sqlx::Result<(Vec<Entry>, Option<LogId>)> {
    let more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut entries = queries::activity_log::page_of(&app.pool, account, filter, before, more).await?;
    let rest = entries.len() > limit;
    entries.truncate(limit);
    let older = entries.last().map(|entry| entry.id).filter(|_| rest);
    Ok((entries, older))
}

/// The rows of these calls, with what they changed.
async fn rows(
    app: &App,
    account: AccountId,
    shown: &Shown,
    entries: Vec<Entry>,
) -> Result<Vec<Row>, Problem> {
    let changing = entries.iter().filter(|entry| entry.access == Access::Write);
    let calls: Vec<LogId> = changing.map(|entry| entry.id).collect();
    let mut changes = by_calls(app, account, &calls, shown).await?;
    let rows = entries.into_iter().map(|entry| {
        let its_own = changes.remove(&entry.id).unwrap_or_default();
        Row::of(entry, its_own, shown)
    });
    Ok(rows.collect())
}

/// The newest `limit` rows of an account, unfiltered and without what they changed.
pub(super) async fn newest(
    app: &App,
    account: AccountId,
    shown: &Shown,
    limit: usize,
) -> Result<Vec<Row>, Problem> {
    let (entries, _) = entries(app, account, &Filter::default(), None, limit).await?;
    let mut rows = rows(app, account, shown, entries).await?;
    for row in &mut rows {
        row.changes.clear();
    }
    Ok(rows)
}

#[derive(Template)]
#[template(path = "pages/activity.html")]
struct Activity {
    frame: Frame,
    rows: Vec<Row>,
    athlete: Option<String>,
    zone: String,
    older: Option<String>,
    newest: Option<String>,
    file: String,
    wanted: FilterForm,
    tools: Vec<String>,
    clients: Vec<String>,
    callers: Vec<String>,
    accesses: &'static [(Access, &'static str)],
    outcomes: &'static [(Outcome, &'static str)],
    mistakes: Vec<Mistake>,
}

impl Activity {
    fn mistake(&self, field: &str) -> Option<&Mistake> {
        self.mistakes.iter().find(|mistake| mistake.field == field)
    }
}

/// `GET /activity?tool=&access=&outcome=&client=&who=&from=&to=&before=`. Days are in the athlete's time zone. Pages are
/// cut by id, so new rows shift nothing. Text that is not an id is ignored; an unknown id only moves where the list begins.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    log_buffer::flush(&app).await;
    let mut fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let before = fields
        .optional("before")
        .and_then(|text| text.parse().ok())
        .map(LogId);
    let wanted = FilterForm::of(&mut fields);
    let shown = Shown::by(&app, account).await?;
    let zone = shown.zone;
    // With a mistake no rows are shown: rows that pass half of a filter would answer another question.
    let (rows, older, mistakes) = match wanted.filter(zone.unwrap_or(Tz::UTC)) {
        Ok(filter) => {
            let (entries, older) = entries(&app, account, &filter, before, ROWS).await?;
            (rows(&app, account, &shown, entries).await?, older, Vec::new())
        }
        Err(mistakes) => (Vec::new(), None, mistakes),
    };
    let mut clients = queries::activity_log::clients_of(&app.pool, account, CLIENTS.0, CLIENTS.1).await?;
    // Left out is what the form could not send back: invalid UTF-8, and the empty text, which means any client.
    clients.retain(|client| !client.is_empty() && !client.contains('\u{fffd}'));
    let mut callers = queries::activity_log::callers_of(&app.pool, account, CLIENTS.0, CLIENTS.1).await?;
    callers.retain(|caller| !caller.is_empty() && !caller.contains('\u{fffd}'));
    let chosen = if wanted.who == ME { "" } else { &wanted.who };
    let callers = with_chosen(callers, chosen);
    let tools = permissions::ALL.iter().chain(permissions::WITHOUT_GRANT);
    let tools = tools.map(|tool| tool.name.to_owned()).collect();
    let wrong = !mistakes.is_empty();
    let template = Activity {
        frame: Frame::of(true),
        rows,
        athlete: shown.who(),
        zone: zone.map_or("UTC", |zone| zone.name()).to_owned(),
        older: older.map(|id| wanted.path("/activity", Some(id))),
        newest: before.map(|_| wanted.path("/activity", None)),
        file: wanted.path("/activity.csv", None),
        tools: with_chosen(tools, &wanted.tool),
        clients: with_chosen(clients, &wanted.client),
        callers,
        wanted,
        accesses: &ACCESSES,
        outcomes: &OUTCOMES,
        mistakes,
    };
    form_page(wrong, &template)
}

/// The list to choose from, always with the current choice in it.
fn with_chosen(mut list: Vec<String>, chosen: &str) -> Vec<String> {
    if !chosen.is_empty() && !list.iter().any(|entry| entry == chosen) {
        list.push(chosen.to_owned());
    }
    list
}

/// `GET /activity.csv` with the parameters of the page: all rows that pass, newest first, read from the database a thousand
/// at a time. A failure on the way aborts the download, so that half a file never looks whole.
pub(crate) async fn file(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let account = signed.0.account;
    log_buffer::flush(&app).await;
    let mut fields = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let zone = Shown::by(&app, account).await?.zone;
    let filter = FilterForm::of(&mut fields)
        .filter(zone.unwrap_or(Tz::UTC))
        .map_err(|_| Problem::BadForm)?;
    // The first read comes before the response's head: without the database the answer is a page that says so, not a file.
    let first = queries::activity_log::page_of(&app.pool, account, &filter, None, ROWS_AT_ONCE).await?;
    let name = format!(
        "attachment; filename=\"icusync-activity-{}.csv\"",
        app.clock
            .now()
            .with_timezone(&zone.unwrap_or(Tz::UTC))
            .date_naive()
    );
    let head = stream::iter([Ok(Bytes::from(csv::head()))]);
    let pages = stream::try_unfold(Some(Next::Here(first)), move |next| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            let entries = match next {
                None => return Ok(None),
                Some(Next::Here(entries)) => entries,
                Some(Next::After(id)) => {
                    queries::activity_log::page_of(&app.pool, account, &filter, Some(id), ROWS_AT_ONCE)
                        .await?
                }
            };
            let more = i64::try_from(entries.len()).is_ok_and(|rows| rows == ROWS_AT_ONCE);
            let next = entries.last().map(|entry| Next::After(entry.id)).filter(|_| more);
            let rows: String = entries.iter().map(|entry| csv::row(entry, zone)).collect();
            Ok::<_, sqlx::Error>(Some((Bytes::from(rows), next)))
        }
    });
    let mut response = Body::from_stream(futures::StreamExt::chain(head, pages)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::try_from(name).map_err(|_| Problem::NotFound)?,
    );
    Ok(response)
}

/// What comes next in a file.
enum Next {
    Here(Vec<Entry>),
    After(LogId),
}
