//! Broken answers on request: what to break, how, how often; and how each breakage is made.
//!
//! Which request to break is a rule here; `front` applies it.

use std::{collections::BTreeMap, future::ready, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::workout::Loss;

/// Size of the plain body of [`Mode::Huge`] and of what [`Mode::GzipBomb`] unpacks to, bytes: an empty JSON list with
/// a great deal of space in it.
pub const HUGE: u64 = 3 + 258 * REPEATS;
/// Back-references of 258 bytes in the bomb.
const REPEATS: u64 = 775_194;
/// CRC-32 of the bomb's content.
const BOMB_CRC: u32 = 0xf752_7071;

/// How an answer is broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The given status, headers and body; without a status and body the true answer, late and with those headers.
    #[default]
    Status,
    /// Never answers.
    Hang,
    /// Headers immediately, then a byte a second.
    Drip,
    /// The beginning of a body, then the connection is reset.
    Reset,
    /// Half of what Content-Length announces, then the connection is closed.
    Truncate,
    /// The first half of the true answer, which announces all of it; then the connection is reset.
    Cut,
    /// [`HUGE`] bytes.
    Huge,
    /// Bytes that are not text, sent as JSON.
    Garbage,
    /// [`HUGE`] bytes in about 1.3 MB of gzip.
    GzipBomb,
    /// A hundred thousand nested lists.
    Deep,
    /// The true answer with every id of the athlete changed to another athlete's.
    WrongAthlete,
    /// The number alone, where the true answer is an object with one number.
    BareNumber,
    /// The true answer; then somebody else lays `body` over each entry of the calendar that it shows, or without a body
    /// deletes it.
    Meddle,
    /// Of each entry written, the steps of a repeat are read once.
    FlattenRepeats,
    /// Of each entry written, the targets are lost.
    DropTargets,
    /// Of each entry written, the steps are lost; the text stays.
    DropSteps,
    /// What is written, changed or deleted is answered as if it were, and is not.
    Forget,
    /// An entry is refused with status and body, or with 422; of a list of entries, then none is written.
    RefuseEntry,
    /// The first of the person's devices refuses each workout written, in the words of `body`.
    RefusePush,
    /// What is written is taken without the named fields, and without a word.
    Ignore,
    /// Of what is written, the fields that `body` (an object) has too are taken with the values there, without a word.
    Alter,
}

impl Mode {
    /// Whether it is about the entries that a request writes, which only its handler knows.
    pub(super) const fn is_about_entries(self) -> bool {
        matches!(
            self,
            Self::FlattenRepeats
                | Self::DropTargets
                | Self::DropSteps
                | Self::Forget
                | Self::RefuseEntry
                | Self::RefusePush
                | Self::Ignore
                | Self::Alter
        )
    }
}

/// A breakage to come. The oldest one that matches a request is used.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Part of path and query, or `METHOD part`; empty matches everything.
    #[serde(rename = "match", default)]
    pub matching: String,
    /// Only for this athlete (the caller's id).
    #[serde(default)]
    pub athlete: Option<String>,
    /// Status of the answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// Wait before anything else, ms.
    #[serde(default, alias = "delay")]
    pub delay_ms: u64,
    /// Body of the answer.
    #[serde(default)]
    pub body: Option<String>,
    /// Headers of the answer.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How many requests it breaks, whatever comes of it; without it, all of them until it is cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many requests that it matches pass first.
    #[serde(default)]
    pub after: u32,
    /// Whether the request is handled first, so that what it wrote stays; the wait comes then.
    #[serde(default)]
    pub after_writing: bool,
    /// Of the entries of the calendar, only those whose name contains this.
    #[serde(default)]
    pub entry: Option<String>,
    /// What [`Mode::Ignore`] ignores, as upstream names it.
    #[serde(default)]
    pub fields: Vec<String>,
    /// How.
    #[serde(default)]
    pub mode: Mode,
}

impl Fault {
    /// Breaks what matches, until cleared.
    pub fn on(matching: &str) -> Self {
        Self {
            matching: matching.to_owned(),
            ..Self::default()
        }
    }

    /// Answers with this status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// Answers with this body.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }

    /// Answers with this header too.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Only this many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// After this many milliseconds.
    #[must_use]
    pub fn delay_ms(self, delay_ms: u64) -> Self {
        Self { delay_ms, ..self }
    }

    /// In this manner.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Only for this athlete.
    #[must_use]
    pub fn athlete(self, id: &str) -> Self {
        Self {
            athlete: Some(id.to_owned()),
            ..self
        }
    }

    /// After this many requests that it matches have passed.
    #[must_use]
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    /// Only once the request has been handled.
    #[must_use]
    pub fn after_writing(self) -> Self {
        Self {
            after_writing: true,
            ..self
        }
    }

    /// Only for entries whose name contains this.
    #[must_use]
    pub fn entry(self, name: &str) -> Self {
        Self {
            entry: Some(name.to_owned()),
            ..self
        }
    }

    /// Ignores these fields of what is written.
    #[must_use]
    pub fn ignoring(self, fields: &[&str]) -> Self {
        Self {
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            mode: Mode::Ignore,
            ..self
        }
    }

    /// What upstream takes of a written object.
    pub(super) fn bend(&self, object: &mut Map<String, Value>) {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        if !self.concerns(name) {
            return;
        }
        match self.mode {
            Mode::Ignore => object.retain(|name, _| !self.fields.contains(name)),
            Mode::Alter => {
                let text = self.body.as_deref().unwrap_or_default();
                let values: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
                for (name, value) in values {
                    object.entry(name).and_modify(|sent| *sent = value);
                }
            }
            _ => {}
        }
    }

    /// Whether it is meant for an entry with this name.
    pub(super) fn concerns(&self, name: &str) -> bool {
        self.entry.as_deref().is_none_or(|part| name.contains(part))
    }

    /// What is lost of the entries that a request writes.
    pub(super) const fn loss(&self) -> Option<Loss> {
        match self.mode {
            Mode::FlattenRepeats => Some(Loss::Repeats),
            Mode::DropTargets => Some(Loss::Targets),
            Mode::DropSteps => Some(Loss::Steps),
            _ => None,
        }
    }

    /// Whether it is meant for a request.
    fn matches(&self, method: &str, target: &str, athlete: Option<&str>) -> bool {
        let meant = match self.matching.split_once(' ') {
            Some((verb, part)) => verb == method && target.contains(part),
            None => target.contains(&self.matching),
        };
        meant && self.athlete.as_deref().is_none_or(|id| Some(id) == athlete)
    }
}

/// The breakages to come.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The breakage for a request, one use of which is then spent.
    pub(super) fn take(&mut self, method: &str, target: &str, athlete: Option<&str>) -> Option<Fault> {
        let live = |fault: &Fault| fault.times != Some(0);
        let is_due = |fault: &mut Fault| {
            let due = fault.after == 0;
            fault.after = fault.after.saturating_sub(1);
            due
        };
        let fault = self
            .0
            .iter_mut()
            .filter(|fault| live(fault) && fault.matches(method, target, athlete))
            .find_map(|fault| is_due(fault).then_some(fault))?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        let taken = fault.clone();
        self.0.retain(live);
        Some(taken)
    }
}

/// An answer of `status` with `body`, called JSON unless the fault's headers say otherwise.
fn answer(fault: &Fault, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status(fault);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    dress(fault, &mut response);
    response
}

fn status(fault: &Fault) -> StatusCode {
    fault
        .status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::OK)
}

/// Puts the fault's headers on an answer; leaves out malformed ones.
pub(super) fn dress(fault: &Fault, response: &mut Response) {
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// Waits as long as the fault says.
pub(super) async fn wait(fault: &Fault) {
    if fault.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
}

/// The broken answer, for the modes that do not need the true one. `abort` resets the connection.
pub(super) async fn broken(fault: &Fault, abort: Arc<Notify>) -> Option<Response> {
    let text = || {
        fault
            .body
            .clone()
            .unwrap_or_else(|| r#"[{"id":"i1","icu_athlete_id":"i900001"}]"#.to_owned())
    };
    let response = match fault.mode {
        Mode::Status if fault.status.is_none() && fault.body.is_none() => return None,
        Mode::WrongAthlete
        | Mode::Cut
        | Mode::BareNumber
        | Mode::Meddle
        | Mode::FlattenRepeats
        | Mode::DropTargets
        | Mode::DropSteps
        | Mode::Forget
        | Mode::RefuseEntry
        | Mode::RefusePush
        | Mode::Ignore
        | Mode::Alter => return None,
        Mode::Status => answer(fault, Body::from(fault.body.clone().unwrap_or_default())),
        Mode::Hang => std::future::pending().await,
        Mode::Drip => answer(fault, Body::from_stream(drip(text()))),
        Mode::Reset => answer(fault, Body::from_stream(half(text(), reset(abort)))),
        Mode::Truncate => {
            let text = text();
            let length = HeaderValue::from(text.len());
            let mut response = answer(
                fault,
                Body::from_stream(half(text, ready(Err(std::io::Error::other("cut off"))))),
            );
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
            response
        }
        Mode::Huge => answer(fault, Body::from_stream(huge())),
        Mode::Garbage => answer(
            fault,
            Body::from(vec![0xff, 0xfe, 0x00, 0x7b, 0x80, 0x22, 0xc3, 0x28]),
        ),
        Mode::GzipBomb => {
            let mut response = answer(fault, Body::from(bomb()));
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        Mode::Deep => answer(fault, Body::from("[".repeat(100_000))),
    };
    Some(response)
}

/// The first half of a true answer, then a reset.
pub(super) fn cut(bytes: &Bytes, abort: Arc<Notify>) -> Body {
    let begun = bytes.slice(..bytes.len() / 2);
    let end = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        reset(abort).await
    };
    Body::from_stream(stream::iter([Ok(begun)]).chain(stream::once(end)))
}

type Chunk = Result<Bytes, std::io::Error>;

/// One byte immediately, then one a second for ever.
fn drip(text: String) -> impl futures::Stream<Item = Chunk> {
    let bytes: Vec<u8> = if text.is_empty() {
        vec![b' ']
    } else {
        text.into_bytes()
    };
    stream::unfold(0_usize, move |at| {
        let byte = Bytes::from(vec![bytes.get(at).copied().unwrap_or(b' ')]);
        async move {
            if at > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Some((Ok(byte), at + 1))
        }
    })
}

/// Half of the text; then, a little later so that the half is on its way, whatever `then` gives.
fn half(text: String, then: impl Future<Output = Chunk>) -> impl futures::Stream<Item = Chunk> {
    let mut half = text.into_bytes();
    half.truncate(half.len() / 2);
    let end = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        then.await
    };
    stream::iter([Ok(Bytes::from(half))]).chain(stream::once(end))
}

/// The connection breaks.
async fn reset(abort: Arc<Notify>) -> Chunk {
    abort.notify_one();
    std::future::pending().await
}

/// An empty JSON list of [`HUGE`] bytes, made as it is read.
fn huge() -> impl futures::Stream<Item = Chunk> {
    const CHUNK: usize = 1 << 20;
    let space = Bytes::from(vec![b' '; CHUNK]);
    let chunk = u64::try_from(CHUNK).unwrap_or(1);
    let inner = HUGE - 2;
    let rest = space.slice(..usize::try_from(inner % chunk).unwrap_or_default());
    let full = usize::try_from(inner / chunk).unwrap_or_default();
    let spaces = stream::iter(std::iter::repeat_n(space, full).chain([rest]));
    let list = stream::iter([Bytes::from_static(b"[")])
        .chain(spaces)
        .chain(stream::iter([Bytes::from_static(b"]")]));
    list.map(Ok)
}

/// Bits as deflate packs them: the lowest first; Huffman codes are given with their bits reversed for that.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn code(&mut self, code: u32, length: u32) {
        self.put(code.reverse_bits() >> (32 - length), length);
    }
}

/// Gzip (RFC 1952) of an empty JSON list of [`HUGE`] bytes: one block with fixed codes (RFC 1951 3.2.6), a literal
/// space and then references of length 258 at distance 1.
fn bomb() -> Vec<u8> {
    let literal = |byte: u8| (0x30 + u32::from(byte), 8);
    let mut bits = Bits {
        bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
        ..Bits::default()
    };
    bits.put(0b011, 3);
    for byte in *b"[ " {
        let (code, length) = literal(byte);
        bits.code(code, length);
    }
    for _ in 0..REPEATS {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    let (code, length) = literal(b']');
    bits.code(code, length);
    bits.code(0, 7);
    bits.put(0, 7);
    bits.bytes.extend(BOMB_CRC.to_le_bytes());
    bits.bytes.extend(&HUGE.to_le_bytes()[..4]);
    bits.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_match_by_part_or_by_method_and_run_out() {
        let mut faults = Faults::default();
        faults.add(Fault::on("GET /activities").status(503).times(2));
        assert!(
            faults
                .take("POST", "/api/v1/athlete/0/activities", None)
                .is_none()
        );
        assert!(
            faults
                .take("GET", "/api/v1/athlete/0/activities?oldest=x", None)
                .is_some()
        );
        assert!(faults.take("GET", "/api/v1/athlete/0/activities", None).is_some());
        assert!(faults.take("GET", "/api/v1/athlete/0/activities", None).is_none());
        faults.add(Fault::on("").athlete("i900002").status(500));
        assert!(faults.take("GET", "/x", Some("i900001")).is_none());
        assert!(faults.take("GET", "/x", Some("i900002")).is_some());
        faults.clear();
        assert!(faults.take("GET", "/x", Some("i900002")).is_none());
    }

    #[test]
    fn a_fault_reads_as_documented() {
        let text = r#"{"match":"/wellness","status":429,"delay":5,"headers":{"Retry-After":"7"},"times":1,"mode":"gzip_bomb"}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(
            (fault.delay_ms, fault.mode, fault.times),
            (5, Mode::GzipBomb, Some(1))
        );
        assert!(serde_json::from_str::<Fault>(r#"{"matches":"/x"}"#).is_err());
    }

    #[test]
    fn the_bomb_is_small() {
        let bomb = bomb();
        assert!(bomb.len() < 1_300_000 && HUGE > 200_000_000, "{}", bomb.len());
        assert_eq!(bomb[..4], [0x1f, 0x8b, 8, 0]);
    }
}
