//! What is asked: MCP calls as bytes, through either door, and what counts as their answer.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use icusync::secrets::Token;
use memchr::memmem;
use serde_json::{Value, json};

use crate::{
    load::{Ask, Callers},
    seed::{People, Tokens},
};

/// A way into the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// A connector URL.
    Link,
    /// A sign-in of a client.
    SignIn,
}

impl Door {
    /// How the table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::SignIn => "sign-in",
        }
    }
}

/// A service and the people whose tokens it knows.
#[derive(Clone)]
pub(crate) struct Place {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    /// Who calls.
    pub(crate) people: Arc<People>,
    /// The day on which the bench began.
    pub(crate) today: NaiveDate,
}

impl Place {
    /// One athlete's last week, again and again.
    pub(crate) fn wellness(&self, door: Door) -> Ask {
        self.same(door, &self.people.athletes[0], "get_wellness", &json!({}))
    }

    /// One athlete's activities of 31 days, again and again.
    pub(crate) fn history(&self, door: Door) -> Ask {
        let arguments = json!({"oldest": self.days_ago(30), "newest": self.today});
        self.same(door, &self.people.athletes[0], "get_training_history", &arguments)
    }

    /// The overview of a coach, again and again.
    pub(crate) fn overview(&self, door: Door, coach: &Tokens) -> Ask {
        self.same(door, coach, "get_roster_overview", &json!({}))
    }

    /// The last week of these athletes in turn, for ever.
    pub(crate) fn some(&self, door: Door, athletes: std::ops::Range<usize>) -> Ask {
        let requests: Vec<Vec<u8>> = self.people.athletes[athletes]
            .iter()
            .map(|tokens| self.request(door, tokens, "get_wellness", &json!({})))
            .collect();
        Arc::new(move |number| Some(requests[number % requests.len()].clone()))
    }

    /// A week of every athlete in turn, `rounds` times, each round another week from the one that ended `first` days ago
    /// backwards: an answer that was kept is never asked for again before it is forgotten.
    pub(crate) fn in_turn(&self, door: Door, first: usize, rounds: usize) -> Ask {
        let place = self.clone();
        Arc::new(move |number| {
            let athletes = &place.people.athletes;
            let (round, athlete) = (number / athletes.len(), number % athletes.len());
            (round < rounds).then(|| {
                let newest = place.days_ago(u64::try_from(first + round % WEEKS).unwrap_or(1));
                place.request(
                    door,
                    &athletes[athlete],
                    "get_wellness",
                    &json!({"newest": newest}),
                )
            })
        })
    }

    /// Callers who ask this.
    pub(crate) fn callers(&self, connections: usize, ask: Ask) -> Callers {
        Callers {
            port: self.port,
            connections,
            ask,
            check: wrong,
        }
    }

    fn days_ago(&self, days: u64) -> NaiveDate {
        self.today.checked_sub_days(Days::new(days)).unwrap_or(self.today)
    }

    fn same(&self, door: Door, tokens: &Tokens, tool: &str, arguments: &Value) -> Ask {
        let request = self.request(door, tokens, tool, arguments);
        Arc::new(move |_| Some(request.clone()))
    }

    /// A call as clients of 2026-07-28 send it.
    fn request(&self, door: Door, tokens: &Tokens, tool: &str, arguments: &Value) -> Vec<u8> {
        let body = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": tool,
                "arguments": arguments,
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientInfo": {"name": "icusync-bench", "version": "1.0"},
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        })
        .to_string();
        let (host, path, bearer) = match door {
            Door::Link => (
                "127.0.0.1",
                format!("/mcp/{}", tokens.link.expose()),
                String::new(),
            ),
            Door::SignIn => ("localhost", String::from("/mcp"), bearer(&tokens.access)),
        };
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}:{}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nuser-agent: icusync-bench/1.0\r\n\
             mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n{bearer}\
             content-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .into_bytes()
    }
}

/// How many rounds of [`Place::in_turn`] ask for different weeks.
const WEEKS: usize = 60;

fn bearer(access: &Token) -> String {
    format!("authorization: Bearer {}\r\n", access.expose())
}

/// The same path of an upstream or of a proxy before it, again and again.
pub(crate) fn bare(port: u16, connections: usize, question: &str) -> Callers {
    let request = format!(
        "GET {question} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: application/json\r\nuser-agent: icusync-bench/1.0\r\n\
         authorization: Bearer bench\r\n\r\n"
    )
    .into_bytes();
    Callers {
        port,
        connections,
        ask: Arc::new(move |_| Some(request.clone())),
        check: |_| None,
    }
}

/// What is wrong with the answer to a call. In a text inside of it each quotation mark is escaped, so these are keys.
fn wrong(body: &[u8]) -> Option<String> {
    let has = |key: &str| memmem::find(body, key.as_bytes()).is_some();
    let is_right = has("\"result\":") && has("\"text\":") && !has("\"isError\":true") && !has("\"error\":");
    (!is_right).then(|| String::from_utf8_lossy(body).chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_an_answer_is_seen_and_one_in_its_text_is_not() {
        let right =
            json!({"result": {"content": [{"type": "text", "text": "\"isError\":true, \"error\":"}]}});
        assert_eq!(wrong(right.to_string().as_bytes()), None);
        let mut refused = right.clone();
        refused["result"]["isError"] = json!(true);
        assert!(wrong(refused.to_string().as_bytes()).is_some());
        assert!(wrong(br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}"#).is_some());
        assert!(wrong(b"").is_some());
    }
}
