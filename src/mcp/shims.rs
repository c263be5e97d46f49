//! Reads a request: origin, headers, body. Refuses what is malformed, in our own words, and corrects what clients are
//! known to get wrong.
//!
//! What a well-formed message means is for rmcp and `dispatch`, not for this file.

use std::error::Error as _;

use axum::{body::Body, extract::Request};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;
use rmcp::model::ProtocolVersion;
use serde_json::{Map, Value};

use super::{
    BODY_LIMIT, log,
    reply::{self, Refusal},
};
use crate::config::Config;

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The first revision in which every message names its revision; versions are compared as text.
const NEWER: &str = "2026-07-28";
/// The last revision before it.
const LAST_BEFORE: &str = "2025-11-25";
/// A method of the newer revision only.
const DISCOVER: &str = "server/discover";

/// A message that is well-formed JSON-RPC, ready for rmcp.
pub(super) struct Message {
    /// The head of the request, with its headers corrected.
    pub(super) parts: Parts,
    /// The message.
    pub(super) body: Bytes,
    /// The client's own name for itself.
    pub(super) client: String,
    /// The message calls a tool with arguments that are not an object. They were replaced by an empty object, because
    /// otherwise rmcp would not recognise the message as a call.
    pub(super) bad_arguments: bool,
}

/// Browsers send Origin, and from a browser only our own pages may use a link. MCP clients send none.
pub(super) fn right_origin(request: &Request, config: &Config) -> Result<(), Refusal> {
    let ours = |origin: &HeaderValue| {
        [&config.public_url, &config.link_url]
            .iter()
            .any(|own| origin.as_bytes() == own.as_str().as_bytes())
    };
    if request.headers().get_all(header::ORIGIN).iter().all(ours) {
        Ok(())
    } else {
        Err(Refusal::Plain(
            StatusCode::FORBIDDEN,
            "Pages of other sites may not use this URL.\n",
        ))
    }
}

/// Reads a POST from an admitted caller.
pub(super) async fn read(request: Request, config: &Config) -> Result<Message, Refusal> {
    let (mut parts, body) = request.into_parts();
    if parts.headers.get_all(&VERSION).iter().nth(1).is_some() {
        let text = "Send one MCP-Protocol-Version header.";
        return Err(Refusal::Message(reply::INVALID_REQUEST, text));
    }
    if parts
        .headers
        .get_all(header::CONTENT_TYPE)
        .iter()
        .nth(1)
        .is_some()
    {
        let text = "Send one Content-Type header: application/json.";
        return Err(Refusal::Message(reply::INVALID_REQUEST, text));
    }
    // Another site's form can send text/plain without a preflight, but not JSON.
    if !is_json(&parts.headers) {
        return Err(Refusal::Plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send application/json.\n",
        ));
    }
    let bytes = collect(&parts.headers, body).await?;
    let mut message = parse(&bytes)?;
    let client = log::client_of(&parts.headers, &Value::Object(message.clone()));
    accept_both(&mut parts.headers)?;
    if config.mcp_header_shim {
        align_version(&mut parts.headers, &message);
    }
    let bad_arguments = replace_bad_arguments(&mut message);
    let body = if bad_arguments {
        Bytes::from(Value::Object(message).to_string())
    } else {
        bytes
    };
    if bad_arguments {
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    Ok(Message {
        parts,
        body,
        client,
        bad_arguments,
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The body, up to [`BODY_LIMIT`], however it is framed.
async fn collect(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::Plain(StatusCode::PAYLOAD_TOO_LARGE, "At most 512 KiB.\n");
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if is_timeout(&error) {
                Refusal::Plain(StatusCode::REQUEST_TIMEOUT, "The request arrived too slowly.\n")
            } else {
                Refusal::Plain(StatusCode::BAD_REQUEST, "The request's body is malformed.\n")
            }
        })?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > BODY_LIMIT {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

/// Whether the server gave up waiting for the body.
fn is_timeout(error: &axum::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// One JSON-RPC 2.0 request or notification (section 4). serde_json stops at a depth of 128.
fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let malformed = |code, text| Err(Refusal::Message(code, text));
    let invalid = |text| malformed(reply::INVALID_REQUEST, text);
    let message = match serde_json::from_slice(bytes) {
        Ok(Value::Object(message)) => message,
        Ok(Value::Array(_)) => return invalid("Send one message at a time, not a batch."),
        Ok(_) => return invalid("A message must be a JSON object."),
        Err(_) => return malformed(reply::PARSE_ERROR, "The body is not JSON."),
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid("A message must contain \"jsonrpc\": \"2.0\".");
    }
    if message
        .get("id")
        .is_some_and(|id| !id.is_string() && !id.is_i64())
    {
        return invalid("An id must be a string or a whole number.");
    }
    if message
        .get("params")
        .is_some_and(|params| !params.is_object() && !params.is_null())
    {
        return invalid("Params must be a JSON object.");
    }
    if !message.get("method").is_some_and(Value::is_string) {
        return invalid("A message must name a method; this server expects no responses.");
    }
    Ok(message)
}

/// Every answer is JSON, so a client gets one if it accepts JSON or anything, or does not say (rmcp insists on both
/// types). A client that accepts only something else is refused.
fn accept_both(headers: &mut HeaderMap) -> Result<(), Refusal> {
    let accepts_json = |entry: &str| {
        let kind = entry.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json"]
            .iter()
            .any(|json| kind.eq_ignore_ascii_case(json))
    };
    let mut entries = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter(|entry| !entry.trim().is_empty())
        .peekable();
    if entries.peek().is_some() && !entries.any(accepts_json) {
        return Err(Refusal::Plain(
            StatusCode::NOT_ACCEPTABLE,
            "Answers here are JSON: send Accept: application/json, text/event-stream.\n",
        ));
    }
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    );
    Ok(())
}

/// Some clients name one revision in the header and use another in the message: then the message decides, in either
/// direction. An `initialize`, and a message without the `_meta` of 2026-07-28, belong to an earlier revision, whatever
/// the header says; a message with that `_meta` belongs to the revision that it names. A header that names no known
/// revision is left alone, and refused.
///
/// The headers that name the method and the tool belong to the newer revision. They are corrected together with the
/// version; if the version is already right, a contradiction in them stays.
fn align_version(headers: &mut HeaderMap, message: &Map<String, Value>) {
    let named = headers
        .get(&VERSION)
        .map(|value| value.to_str().ok().and_then(known));
    let named = match named {
        Some(None) => return,
        Some(version) => version,
        None => None,
    };
    let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
    let meta = message.get("params").and_then(|params| params.get("_meta"));
    if method == "initialize" {
        // It names its revision itself, and needs no header.
        for name in [VERSION, METHOD, NAME] {
            headers.remove(name);
        }
    } else if let Some(version) = meta.and_then(|meta| meta.get(META_VERSION)) {
        match version.as_str().and_then(known) {
            Some(version) if named != Some(version) => {
                headers.insert(VERSION, HeaderValue::from_static(version));
                name_what_is_called(headers, method, message);
            }
            _ => {}
        }
    } else if named.is_some_and(|named| named >= NEWER) && method != DISCOVER && !is_newer(meta) {
        headers.insert(VERSION, HeaderValue::from_static(LAST_BEFORE));
        headers.remove(METHOD);
        headers.remove(NAME);
    }
}

/// The revision with this name, if rmcp knows it.
fn known(version: &str) -> Option<&'static str> {
    let versions = ProtocolVersion::KNOWN_VERSIONS.iter();
    versions
        .map(ProtocolVersion::as_str)
        .find(|known| *known == version)
}

/// Whether a `_meta` belongs to the newer revision, even if it is incomplete.
fn is_newer(meta: Option<&Value>) -> bool {
    [META_CLIENT, META_CAPABILITIES]
        .iter()
        .any(|key| meta.is_some_and(|meta| meta.get(key).is_some()))
}

/// Sets the headers that name the method and its tool, prompt or resource, as in the message.
fn name_what_is_called(headers: &mut HeaderMap, method: &str, message: &Map<String, Value>) {
    let params = message.get("params");
    let name = match method {
        "tools/call" | "prompts/get" => params.and_then(|params| params.get("name")?.as_str()),
        "resources/read" => params.and_then(|params| params.get("uri")?.as_str()),
        _ => None,
    };
    for (key, value) in [(METHOD, Some(method)), (NAME, name)] {
        headers.remove(&key);
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(key, value);
        }
    }
}

/// Replaces arguments that are not an object: the caller's mistake, to be answered as a tool error.
fn replace_bad_arguments(message: &mut Map<String, Value>) -> bool {
    if message.get("method").and_then(Value::as_str) != Some("tools/call") {
        return false;
    }
    let arguments = message
        .get_mut("params")
        .and_then(|params| params.get_mut("arguments"));
    match arguments {
        None | Some(Value::Object(_) | Value::Null) => false,
        Some(other) => {
            *other = Value::Object(Map::new());
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// JSON with the names and values of messages, in places that fit and in places that do not.
    fn any_message() -> impl Strategy<Value = Value> {
        let words = [
            "2.0",
            "tools/call",
            "resources/read",
            "get_fitness",
            "2026-07-28",
            "2025-11-25",
            "ü\n\u{0}",
            "",
        ];
        let keys = [
            "jsonrpc",
            "id",
            "method",
            "params",
            "name",
            "uri",
            "arguments",
            "_meta",
            META_VERSION,
        ];
        let leaf = prop_oneof![
            2 => prop::sample::select(words.to_vec()).prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => Just(Value::Null),
        ];
        let value = leaf.prop_recursive(4, 24, 5, move |inner| {
            prop_oneof![
                1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                4 => prop::collection::hash_map(prop::sample::select(keys.to_vec()), inner, 0..7)
                    .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
            ]
        });
        (value, any::<bool>()).prop_map(|(mut value, right)| {
            if let (Some(map), true) = (value.as_object_mut(), right) {
                map.insert("jsonrpc".to_owned(), json!("2.0"));
                map.insert("id".to_owned(), json!(1));
                map.insert("method".to_owned(), json!("tools/call"));
            }
            value
        })
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse(&bytes);
        }

        /// What passes is a request or a notification, and correcting it twice changes nothing more.
        #[test]
        fn what_passes_is_a_message_and_is_corrected_once(value in any_message()) {
            let Ok(mut message) = parse(value.to_string().as_bytes()) else { return Ok(()) };
            prop_assert_eq!(&message["jsonrpc"], "2.0");
            prop_assert!(message["method"].is_string());
            for version in ["2025-11-25", "2026-07-28", "1999-01-01"] {
                let mut headers = headers(&[(VERSION, version), (METHOD, "x")]);
                align_version(&mut headers, &message);
                let once = headers.clone();
                align_version(&mut headers, &message);
                prop_assert_eq!(headers, once);
            }
            replace_bad_arguments(&mut message);
            prop_assert!(!replace_bad_arguments(&mut message));
            prop_assert!(parse(Value::Object(message).to_string().as_bytes()).is_ok());
        }

        /// It is refused, or it becomes what rmcp wants; doing it twice changes nothing more.
        #[test]
        fn accept_is_refused_or_becomes_both(lines in prop::collection::vec(prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..30), 0..3)) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::ACCEPT, HeaderValue::from_bytes(&line).unwrap());
            }
            let sent = headers.clone();
            let taken = accept_both(&mut headers).is_ok();
            let both = headers.get(header::ACCEPT).is_some_and(|value| value == "application/json, text/event-stream");
            prop_assert!(both || !taken);
            prop_assert!(taken || headers == sent);
            prop_assert_eq!(accept_both(&mut headers).is_ok(), taken);
        }
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_client_that_accepts_json_gets_it() {
        let both = "application/json, text/event-stream";
        for (accept, taken) in [
            (None, true),
            (Some(""), true),
            (Some(" , "), true),
            (Some("*/*"), true),
            (Some("application/*;q=0.5"), true),
            (Some("text/event-stream, Application/JSON"), true),
            (Some("text/html"), false),
            (Some("text/event-stream"), false),
        ] {
            let mut headers =
                accept.map_or_else(HeaderMap::new, |accept| headers(&[(header::ACCEPT, accept)]));
            assert_eq!(accept_both(&mut headers).is_ok(), taken, "{accept:?}");
            assert!(!taken || headers[header::ACCEPT] == both, "{accept:?}");
        }
    }

    /// What the three headers say once they are aligned.
    fn aligned(sent: &[(HeaderName, &'static str)], message: &Value) -> [Option<String>; 3] {
        let mut headers = headers(sent);
        align_version(&mut headers, &object(message));
        [VERSION, METHOD, NAME].map(|name| Some(headers.get(name)?.to_str().unwrap().to_owned()))
    }

    fn texts(version: &str, method: &str, name: &str) -> [Option<String>; 3] {
        [version, method, name].map(|text| (!text.is_empty()).then(|| text.to_owned()))
    }

    #[test]
    fn the_message_decides_which_revision_it_belongs_to() {
        let newer = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "get_fitness", "_meta": {META_VERSION: NEWER}}});
        let legacy =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_fitness"}});
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": "2025-06-18"}});
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let stray = [(METHOD, "tools/list"), (NAME, "get_wellness")];
        let with = |version| [&[(VERSION, version)], &stray[..]].concat();
        for older in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
            for sent in [vec![(VERSION, older)], with(older)] {
                assert_eq!(aligned(&sent, &newer), texts(NEWER, "tools/call", "get_fitness"));
                assert_eq!(aligned(&sent, &initialize), texts("", "", ""));
            }
            // The older revisions do not know these headers, so nothing reads them.
            assert_eq!(aligned(&[(VERSION, older)], &legacy), texts(older, "", ""));
        }
        for sent in [vec![(VERSION, NEWER)], with(NEWER)] {
            for message in [&legacy, &ready] {
                assert_eq!(aligned(&sent, message), texts(LAST_BEFORE, "", ""));
            }
            assert_eq!(aligned(&sent, &initialize), texts("", "", ""));
        }
        assert_eq!(aligned(&[], &newer), texts(NEWER, "tools/call", "get_fitness"));
        assert_eq!(aligned(&[], &legacy), texts("", "", ""));
    }

    #[test]
    fn a_contradiction_within_the_newer_revision_and_an_unknown_revision_stay() {
        let call = |meta: &Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_fitness", "_meta": meta}});
        let discover = json!({"jsonrpc": "2.0", "id": 1, "method": DISCOVER});
        for (sent, message) in [
            (
                [(VERSION, NEWER), (NAME, "get_wellness")],
                call(&json!({META_VERSION: NEWER})),
            ),
            (
                [(VERSION, NEWER), (METHOD, "")],
                call(&json!({META_VERSION: NEWER})),
            ),
            (
                [(VERSION, "2025-11-25"), (NAME, "x")],
                call(&json!({META_VERSION: "2099-01-01"})),
            ),
            ([(VERSION, NEWER), (NAME, "x")], call(&json!({META_VERSION: 5}))),
            (
                [(VERSION, NEWER), (NAME, "x")],
                call(&json!({META_CLIENT: {"name": "c"}})),
            ),
            ([(VERSION, NEWER), (METHOD, DISCOVER)], discover),
            (
                [(VERSION, "1999-01-01"), (NAME, "x")],
                call(&json!({META_VERSION: NEWER})),
            ),
            ([(VERSION, "1999-01-01"), (NAME, "x")], call(&json!({}))),
        ] {
            let mut other = headers(&sent);
            align_version(&mut other, &object(&message));
            assert_eq!(other, headers(&sent), "{message}");
        }
    }

    #[test]
    fn bad_arguments_are_replaced_and_remembered() {
        for (arguments, bad) in [
            (json!([1]), true),
            (json!("x"), true),
            (json!(5), true),
            (json!({"a": 1}), false),
            (json!(null), false),
        ] {
            let mut message =
                object(&json!({"method": "tools/call", "params": {"name": "x", "arguments": arguments}}));
            assert_eq!(replace_bad_arguments(&mut message), bad, "{arguments}");
            if bad {
                assert_eq!(message["params"]["arguments"], json!({}));
            }
        }
        let mut list = object(&json!({"method": "tools/list", "params": {"arguments": 5}}));
        assert!(!replace_bad_arguments(&mut list));
    }
}
