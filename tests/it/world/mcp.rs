//! An MCP client that shows the wire: JSON-RPC by hand, in either era.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A client on one connector URL.
pub struct Mcp {
    url: String,
    token: Option<String>,
    http: reqwest::Client,
    next: AtomicU64,
}

/// The result of a tool call.
#[derive(Debug, Clone)]
pub struct Call {
    /// HTTP status.
    pub status: u16,
    /// The whole JSON-RPC answer; null if there was none.
    pub answer: Value,
}

impl Call {
    /// The tool's text.
    pub fn text(&self) -> &str {
        self.answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text in {}", self.answer))
    }

    /// Whether the tool refused.
    pub fn is_error(&self) -> bool {
        self.answer["result"]["isError"].as_bool().unwrap_or(false)
    }
}

impl Mcp {
    /// A client on `url`.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
            http: Self::client(),
            next: AtomicU64::new(1),
        }
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self
        }
    }

    fn post(&self) -> reqwest::RequestBuilder {
        let request = self.http.post(&self.url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A plain HTTP client that follows no redirect.
    #[expect(clippy::disallowed_methods, reason = "a test is its own HTTP client")]
    pub fn client() -> reqwest::Client {
        icusync::install_crypto();
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    }

    /// Sends a request as clients up to 2025-11-25 do.
    pub async fn request(&self, method: &str, params: Value) -> Call {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = self
            .post()
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .header("user-agent", "world-test/1.0")
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        Call {
            status,
            answer: answer.json().await.unwrap_or(Value::Null),
        }
    }

    /// Sends a request as clients of 2026-07-28 do.
    pub async fn modern(&self, method: &str, mut params: Value) -> Call {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "world-modern", "version": "1.0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut request = self
            .post()
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        if let Some(name) = params["name"].as_str() {
            request = request.header("mcp-name", name);
        }
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        Call {
            status,
            answer: answer.json().await.unwrap_or(Value::Null),
        }
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> Call {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
            .await
    }
}
