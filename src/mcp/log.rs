//! The record of a call: the activity log's row, the metrics, one line in the service's log.
//!
//! None of the three contains arguments, answers or tokens.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde_json::Value;
use tokio::time::Instant;

use super::catalogue::Called;
use crate::{
    app::App,
    guard::{
        Ask, Caller,
        journal::{Journal, Notes, Through},
        log_buffer,
        refused::{self, Refusal},
        touched::Touch,
    },
    ids::{AccountId, LogId},
    intervals,
    queries::{
        activity_log::{self, Entry},
        in_time,
    },
    text::clean,
    tool_error::ToolError,
    words::{Access, Outcome},
};

/// How many characters of a client's name are kept.
const CLIENT_LENGTH: usize = 60;

/// The client's own name for itself: `clientInfo` of the message (in each request since 2026-07-28, before that only in
/// `initialize`), else User-Agent.
pub(super) fn client_of(headers: &HeaderMap, message: &Value) -> String {
    let params = &message["params"];
    let info = [
        &params["_meta"]["io.modelcontextprotocol/clientInfo"],
        &params["clientInfo"],
    ]
    .into_iter()
    .find(|info| info.is_object());
    let named = info.and_then(|info| {
        let name = info["title"].as_str().or_else(|| info["name"].as_str())?;
        let version = info["version"].as_str().unwrap_or_default();
        Some(clean(&format!("{name} {version}"), CLIENT_LENGTH))
    });
    let agent = || {
        let value = headers.get(header::USER_AGENT)?;
        // An enormous header is cut before it is cleaned.
        let bytes = value.as_bytes();
        let head = &bytes[..bytes.len().min(4 * CLIENT_LENGTH)];
        Some(clean(&String::from_utf8_lossy(head), CLIENT_LENGTH))
    };
    named
        .filter(|name| !name.is_empty())
        .or_else(agent)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown client".to_owned())
}

/// The record of one call while it runs: a row in the log of each athlete that it touches.
pub(super) struct Record<'a> {
    app: &'a App,
    tool: &'static str,
    access: Access,
    at: DateTime<Utc>,
    client: &'a str,
    caller: &'a Caller,
    /// Rows that are already in the log.
    written: Mutex<Vec<Written>>,
}

/// A row that is already in the log, and what its change notes for it.
#[derive(Clone)]
struct Written {
    account: AccountId,
    id: LogId,
    notes: Notes,
}

impl<'a> Record<'a> {
    /// Begins the record of a call that has just arrived.
    pub(super) fn begin(app: &'a App, tool: Called, caller: &'a Caller, client: &'a str) -> Self {
        Self {
            app,
            tool: tool.name(),
            access: tool.access(),
            at: app.clock.now(),
            client,
            caller,
            written: Mutex::default(),
        }
    }

    fn entry(&self, account: AccountId, athlete: &str) -> Entry {
        let (caller, coach_id) = match self.caller {
            Caller::Athlete { .. } => (None, None),
            Caller::Coach { coach, email, .. } => (Some(email.clone()), Some(*coach)),
        };
        Entry {
            id: LogId(self.app.random.uuid(&self.app.clock)),
            at: self.at,
            account_id: account,
            athlete_id: athlete.to_owned(),
            caller,
            coach_id,
            client: self.client.to_owned(),
            tool: self.tool.to_owned(),
            access: self.access,
            outcome: Outcome::Unfinished,
            duration_ms: 0,
            upstream_requests: 0,
            calls: 1,
        }
    }

    /// Writes the row of a change before the change is sent.
    pub(super) async fn journal(
        &self,
        account: AccountId,
        ask: &Ask,
        through: Through,
    ) -> Result<Journal, ToolError> {
        let row = self.entry(account, ask.card.id.as_str());
        let journal = Journal::open(self.app, &row, self.caller, through).await?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push(Written {
            account,
            id: journal.row(),
            notes: journal.notes(),
        });
        Ok(journal)
    }

    /// What ends the rows of changes that outlive the call.
    pub(super) fn late(&self, touched: &[Touch]) -> Late {
        let rows = touched.iter().filter_map(|touch| {
            let opened = touch.opened.first()?;
            Some((self.written_for(touch.account)?, opened.intervals.clone()))
        });
        Late {
            app: self.app.clone(),
            rows: rows.collect(),
            began: Instant::now(),
        }
    }

    /// Ends the record: rows, metrics, log line. A row that cannot be written is reported, and does not fail the call.
    pub(super) async fn end(self, outcome: Outcome, took: Duration, touched: &[Touch]) {
        let name = self.tool;
        let requests: u32 = touched.iter().map(Touch::requests).sum();
        let ms = i32::try_from(took.as_millis()).unwrap_or(i32::MAX);
        metrics::counter!("icusync_tool_calls_total", "tool" => name, "outcome" => outcome.as_str())
            .increment(1);
        metrics::histogram!("icusync_tool_seconds", "tool" => name).record(took.as_secs_f64());
        match touched.len() {
            1 => tracing::info!(tool = name, %outcome, ms, requests, "tool call"),
            athletes => tracing::info!(tool = name, %outcome, ms, requests, athletes, "tool call"),
        }
        let (mut new, mut ending) = (Vec::new(), Vec::new());
        for touch in touched {
            let requests = i32::try_from(touch.requests()).unwrap_or(i32::MAX);
            match self.written_for(touch.account) {
                Some(row) => ending.push(self.finish(row, outcome, ms, requests)),
                None => new.push(Entry {
                    outcome,
                    duration_ms: ms,
                    upstream_requests: requests,
                    ..self.entry(touch.account, &touch.athlete)
                }),
            }
        }
        // What went well is no news for the next second; all else stands when the answer leaves.
        let rows = async {
            match (outcome, new.is_empty()) {
                (_, true) => {}
                (Outcome::Ok, false) => log_buffer::add(self.app, new).await,
                (_, false) => log_buffer::write(self.app, new).await,
            }
        };
        // Together, so that a slow database delays a call about many athletes no longer than a call about one.
        tokio::join!(rows, futures::future::join_all(ending));
    }

    /// Ends the row of a change.
    async fn finish(&self, row: Written, outcome: Outcome, ms: i32, requests: i32) {
        let Written { id, notes, .. } = row;
        let outcome = notes.ended().unwrap_or(outcome);
        let done = in_time(activity_log::finish(&self.app.pool, id, outcome, ms, requests)).await;
        if let Err(error) = done {
            metrics::counter!("icusync_activity_log_failures_total").increment(1);
            tracing::error!(%error, tool = self.tool, "cannot write how a change ended into the activity log");
        }
    }

    /// The account's row, if it is already in the log.
    fn written_for(&self, account: AccountId) -> Option<Written> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.iter().find(|row| row.account == account).cloned()
    }

    /// Whether intervals.icu refused the account's connection while something was written.
    pub(super) fn is_lost(&self, account: AccountId) -> bool {
        self.written_for(account).is_some_and(|row| row.notes.is_lost())
    }
}

/// The rows of changes that go on after their caller was answered.
pub(super) struct Late {
    app: App,
    rows: Vec<(Written, intervals::Athlete)>,
    began: Instant,
}

impl Late {
    /// Writes how they ended. A row that cannot be written is reported.
    pub(super) async fn end(self, outcome: Outcome) {
        let ms = i32::try_from(self.began.elapsed().as_millis()).unwrap_or(i32::MAX);
        for (Written { id, notes, .. }, intervals) in self.rows {
            let outcome = notes.ended().unwrap_or(outcome);
            let requests = i32::try_from(intervals.requests()).unwrap_or(i32::MAX);
            let done = in_time(activity_log::finish(&self.app.pool, id, outcome, ms, requests)).await;
            if let Err(error) = done {
                metrics::counter!("icusync_activity_log_failures_total").increment(1);
                tracing::error!(%error, "cannot write how a change ended into the activity log");
            }
        }
        tracing::info!(%outcome, ms, "a change ended after its caller was answered");
    }
}

/// Records a call that the rate limit refused. It is counted with others of its minute, unless a coach made it: then it
/// is about no athlete yet, and goes into no athlete's log.
pub(super) fn refused(app: &App, tool: Called, caller: &Caller, client: &str) {
    metrics::counter!("icusync_tool_calls_total", "tool" => tool.name(), "outcome" => Outcome::Busy.as_str())
        .increment(1);
    if let Caller::Athlete {
        account,
        link,
        athlete,
    } = caller
    {
        let refusal = Refusal {
            link: *link,
            account: *account,
            athlete: athlete.as_deref().unwrap_or_default(),
            client,
            tool: tool.name(),
            access: tool.access(),
        };
        refused::note(app, refusal);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_clients_name_is_one_bounded_line_and_never_empty(
            line in prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..100),
            name in any::<String>(), title in any::<String>(), version in any::<String>(),
        ) {
            let info = json!({"name": name, "title": title, "version": version});
            let message = json!({"params": {"_meta": {"io.modelcontextprotocol/clientInfo": info}}});
            for message in [message, json!({"params": {"clientInfo": info}}), json!({"params": name})] {
                let named = client_of(&agent(&line), &message);
                prop_assert!(!named.is_empty() && named.chars().count() <= CLIENT_LENGTH);
                prop_assert_eq!(&crate::text::clean(&named, CLIENT_LENGTH), &named);
            }
        }
    }

    fn agent(text: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_bytes(text).unwrap())])
    }

    #[test]
    fn a_client_is_named_by_itself_and_cut() {
        let modern = json!({"params": {"_meta": {"io.modelcontextprotocol/clientInfo":
            {"name": "Anthropic/ClaudeAI", "version": "1.0.0"}}}});
        assert_eq!(
            client_of(&agent(b"Claude-User"), &modern),
            "Anthropic/ClaudeAI 1.0.0"
        );
        let legacy = json!({"params": {"name": "get_fitness"}});
        assert_eq!(client_of(&agent(b"Claude-User"), &legacy), "Claude-User");
        let initialize = json!({"params": {"clientInfo": {"name": "mcp", "title": "My client"}}});
        assert_eq!(client_of(&HeaderMap::new(), &initialize), "My client");
        assert_eq!(client_of(&HeaderMap::new(), &legacy), "unknown client");
        assert_eq!(client_of(&agent(b"\xff\xfe \t"), &json!([])), "\u{fffd}\u{fffd}");
        let long = "x".repeat(10_000);
        assert_eq!(
            client_of(&agent(long.as_bytes()), &legacy).chars().count(),
            CLIENT_LENGTH
        );
        let sly = json!({"params": {"_meta": {"io.modelcontextprotocol/clientInfo":
            {"name": "\u{202e}\u{200b}\n", "version": 1}}}});
        assert_eq!(client_of(&agent(b"real"), &sly), "real");
    }
}
