//! The record of a call: the activity log's row, the metrics, one line in the service's log.
//!
//! No arguments, no answers, no tokens enter any of the three.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, header};
use serde_json::Value;

use crate::{
    app::App,
    guard::{connection::away, grant::Tie, link::in_time},
    ids::{AccountId, LogId},
    queries::activity_log::{self, Entry},
    text::clean,
    tools::{Access, Tool, ToolError},
};

/// Characters of a client's name that are kept.
const CLIENT_LENGTH: usize = 60;

/// Which client this is, as it says itself: `clientInfo` of the message (each request carries it since 2026-07-28, before
/// that only `initialize` does), else User-Agent.
pub(super) fn client_of(headers: &HeaderMap, message: &Value) -> String {
    let params = &message["params"];
    let info = [
        &params["_meta"]["io.modelcontextprotocol/clientInfo"],
        &params["clientInfo"],
    ]
    .into_iter()
    .find(|info| info.is_object());
    let said = info.and_then(|info| {
        let name = info["title"].as_str().or_else(|| info["name"].as_str())?;
        let version = info["version"].as_str().unwrap_or_default();
        Some(clean(&format!("{name} {version}"), CLIENT_LENGTH))
    });
    let agent = || {
        let value = headers.get(header::USER_AGENT)?;
        // An enormous header is cut before it is looked at.
        let bytes = value.as_bytes();
        let head = &bytes[..bytes.len().min(4 * CLIENT_LENGTH)];
        Some(clean(&String::from_utf8_lossy(head), CLIENT_LENGTH))
    };
    said.filter(|name| !name.is_empty())
        .or_else(agent)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown client".to_owned())
}

/// The word of a call that brought an answer; what went wrong has the words of `ToolError::outcome` and of the dispatch.
pub(super) const OK: &str = "ok";
/// A change that has not ended yet, or never did.
const UNFINISHED: &str = "unfinished";

/// The record of one call while it runs.
pub(super) struct Record<'a> {
    app: &'a App,
    tool: &'a Tool,
    entry: Entry,
    tie: OnceLock<Tie>,
    stands: AtomicBool,
}

impl<'a> Record<'a> {
    /// Begins the record of a call that was just made.
    pub(super) fn begin(app: &'a App, tool: &'a Tool, account: AccountId, client: &str) -> Self {
        let access = match tool.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        let entry = Entry {
            id: LogId(app.random.uuid(&app.clock)),
            at: app.clock.now(),
            account_id: account,
            athlete_id: String::new(),
            caller: None,
            coach_id: None,
            client: client.to_owned(),
            tool: tool.name.to_owned(),
            access: access.to_owned(),
            outcome: UNFINISHED.to_owned(),
            duration_ms: 0,
            upstream_requests: 0,
        };
        Self {
            app,
            tool,
            entry,
            tie: OnceLock::new(),
            stands: AtomicBool::new(false),
        }
    }

    /// Notes whose data it is. The row of a change is written here, before the change leaves; without it nothing leaves.
    pub(super) async fn tied(&self, tie: Tie) -> Result<(), ToolError> {
        let tie = self.tie.get_or_init(|| tie);
        if self.tool.access == Access::Write {
            let row = Entry {
                athlete_id: tie.athlete.to_string(),
                ..self.entry.clone()
            };
            in_time(activity_log::write(&self.app.pool, &row))
                .await
                .map_err(|error| away(&error))?;
            self.stands.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Whose data it is, once that is known.
    pub(super) fn tie(&self) -> Option<&Tie> {
        self.tie.get()
    }

    /// Ends the record: row, metrics, log line. A row that cannot be written is reported, and costs nobody an answer.
    pub(super) async fn end(self, outcome: &'static str, took: Duration) {
        let Self {
            app,
            tool,
            mut entry,
            tie,
            stands,
        } = self;
        let requests = tie.get().map_or(0, |tie| tie.intervals.requests());
        entry.athlete_id = tie.get().map(|tie| tie.athlete.to_string()).unwrap_or_default();
        outcome.clone_into(&mut entry.outcome);
        entry.duration_ms = i32::try_from(took.as_millis()).unwrap_or(i32::MAX);
        entry.upstream_requests = i32::try_from(requests).unwrap_or(i32::MAX);
        metrics::counter!("icusync_tool_calls_total", "tool" => tool.name, "outcome" => outcome).increment(1);
        metrics::histogram!("icusync_tool_seconds", "tool" => tool.name).record(took.as_secs_f64());
        tracing::info!(
            tool = tool.name,
            outcome,
            ms = entry.duration_ms,
            requests,
            "tool call"
        );
        let done = if stands.into_inner() {
            in_time(activity_log::finish(
                &app.pool,
                entry.id,
                outcome,
                entry.duration_ms,
                entry.upstream_requests,
            ))
            .await
        } else {
            in_time(activity_log::write(&app.pool, &entry)).await
        };
        match done {
            Ok(()) => {}
            // The account was deleted during the call, and its log with it.
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {}
            Err(error) => {
                metrics::counter!("icusync_activity_log_failures_total").increment(1);
                tracing::error!(%error, tool = tool.name, "cannot write the activity log");
            }
        }
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
