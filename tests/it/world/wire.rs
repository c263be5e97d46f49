//! One HTTP request as it is written down, for what clients and strangers send by hand.

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use super::Mcp;

/// What came back.
#[derive(Debug)]
pub struct Seen {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Seen {
    /// A header's text; empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, which has to be JSON and to say so.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Sends a request without following a redirect. A header may come twice.
pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Option<String>) -> Seen {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = Mcp::client().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await.unwrap();
    Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}

/// Posts a JSON-RPC message; `headers` come in front of its type.
pub async fn message(url: &str, headers: &[(&str, &str)], method: &str, params: Value) -> Seen {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let headers = [headers, &[("content-type", "application/json")]].concat();
    send("POST", url, &headers, Some(body.to_string())).await
}
