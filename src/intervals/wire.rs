//! One request on the wire: its limits, what its status means, and when to send it again.
//!
//! Nothing here knows what an answer contains. Causes are logged here, once, without upstream's text, ids or tokens.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use metrics::{counter, histogram};
use reqwest::Response;
use secrecy::ExposeSecret as _;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::{
    Area, Error, Scopes,
    asker::Credential,
    budget::{Budget, Spender},
    error::Failure,
    reach::{Lately, Reach, RequestOutcome},
    settings::{Limits, Settings},
};
use crate::{secrets::Random, time::Clock};

/// How many times a read is sent again.
const RETRIES: u32 = 2;
/// Bytes of an error's body to read.
const ERROR_BODY: usize = 8 * 1024;
/// The longest wait in an error.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// The wait if upstream refuses temporarily and does not say for how long.
pub(super) const USUAL_WAIT: Duration = Duration::from_secs(30);

/// One request to upstream.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// For logs and metrics, instead of the URL.
    pub(super) endpoint: &'static str,
    pub(super) url: Url,
    pub(super) credential: Option<&'a Credential>,
    pub(super) form: Option<&'a [(&'a str, &'a str)]>,
    /// The body of a change.
    pub(super) json: Option<Value>,
    /// The area of the answer, and what was shared: distinguishes one 403 from another.
    pub(super) area: Option<(Area, &'a Scopes)>,
    pub(super) spender: Spender,
    pub(super) deadline: Instant,
    /// Counts the requests sent.
    pub(super) sent: &'a AtomicU32,
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// Upstream's `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// An answer that began with a success, and whose body is read piece by piece.
pub(super) struct Opened {
    endpoint: &'static str,
    response: Response,
}

impl Opened {
    /// Bytes of the body, if upstream announces them.
    pub(super) fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; None at the end. [`Error::Unavailable`] if it breaks off.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.response.chunk().await;
        chunk.map_err(|error| broken(self.endpoint, &error).failure.error)
    }
}

/// A failed attempt.
#[derive(Debug)]
struct Trouble {
    failure: Failure,
    /// For the metric.
    outcome: RequestOutcome,
    again: Again,
    /// Whether the request may have reached upstream.
    left: bool,
}

/// Whether another attempt may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Soon,
    /// After the time that upstream named.
    After(Duration),
}

impl Trouble {
    fn end(outcome: RequestOutcome, error: Error) -> Self {
        Self {
            failure: Failure::shared(error),
            outcome,
            again: Again::No,
            left: true,
        }
    }

    fn passing(outcome: RequestOutcome, error: Error, after: Option<Duration>) -> Self {
        Self {
            failure: Failure::shared(error),
            outcome,
            again: after.map_or(Again::Soon, Again::After),
            left: true,
        }
    }
}

/// The way to intervals.icu, one for the process, with its budget and limits.
#[derive(Debug)]
pub(super) struct Wire {
    http: reqwest::Client,
    limits: Limits,
    budget: Budget,
    reach: Reach,
    clock: Clock,
    random: Random,
}

impl Wire {
    pub(super) fn new(settings: &Settings, clock: Clock, random: Random) -> anyhow::Result<Self> {
        // reqwest would panic instead.
        anyhow::ensure!(
            rustls::crypto::CryptoProvider::get_default().is_some(),
            "no TLS provider is installed in this process"
        );
        Ok(Self {
            http: http_client(settings)?,
            limits: settings.limits.clone(),
            budget: Budget::new(
                clock.clone(),
                settings.per_second,
                settings.per_day,
                settings.app.is_some(),
            ),
            reach: Reach::default(),
            clock,
            random,
        })
    }

    /// How many requests this spender has left today.
    pub(super) fn left(&self, spender: &Spender) -> u32 {
        self.budget.left(spender)
    }

    /// How upstream has answered in the last minutes.
    pub(super) fn lately(&self) -> Lately {
        self.reach.lately(self.clock.now())
    }

    /// Sends a request until there is an answer that `read` accepts, or a reason to stop. Only a GET is sent again.
    pub(super) async fn ask<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let mut asked = 0;
        loop {
            if Instant::now() >= call.deadline {
                return Err(Failure::own(Error::TimedOut));
            }
            self.budget.admit(&call.spender, call.deadline).await?;
            let begun = Instant::now();
            let answer = match self.send(call).await {
                Ok(reply) => Self::accept(call, reply, &read),
                Err(trouble) => Err(trouble),
            };
            let outcome = answer
                .as_ref()
                .map_or_else(|trouble| trouble.outcome, |_| RequestOutcome::Ok);
            self.record(call.endpoint, outcome, begun.elapsed());
            let trouble = match answer {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            let wait = match trouble.again {
                Again::No => return Err(trouble.failure),
                Again::Soon => self.backoff(asked),
                Again::After(named) => named + self.backoff(asked),
            };
            let may = call.method == Method::GET && asked < RETRIES;
            if !may || Instant::now() + wait >= call.deadline {
                return Err(trouble.failure);
            }
            sleep(wait).await;
            asked += 1;
        }
    }

    /// Sends a change, once. [`Error::Unanswered`] if it may have happened although no answer says so.
    pub(super) async fn change<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if Instant::now() >= call.deadline {
            return Err(Error::TimedOut);
        }
        let admitted = self.budget.admit(&call.spender, call.deadline).await;
        admitted.map_err(|failure| failure.error)?;
        let begun = Instant::now();
        let answer = match self.send(call).await {
            Ok(reply) => Self::accept(call, reply, &read),
            Err(trouble) => Err(trouble),
        };
        let outcome = answer
            .as_ref()
            .map_or_else(|trouble| trouble.outcome, |_| RequestOutcome::Ok);
        self.record(call.endpoint, outcome, begun.elapsed());
        answer.map_err(|trouble| match trouble.outcome {
            RequestOutcome::TimedOut
            | RequestOutcome::ServerError
            | RequestOutcome::Broken
            | RequestOutcome::Garbled
            | RequestOutcome::WrongAthlete
                if trouble.left =>
            {
                Error::Unanswered
            }
            _ => trouble.failure.error,
        })
    }

    /// Sends a request once, with the same limits and counters; the caller judges the answer.
    pub(super) async fn send_once(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let admitted = self.budget.admit(&call.spender, call.deadline).await;
        admitted.map_err(|failure| failure.error)?;
        let begun = Instant::now();
        let sent = self.send(call).await;
        let outcome = sent.as_ref().map_or_else(
            |trouble| trouble.outcome,
            |reply| match reply.status.as_u16() {
                200..300 => RequestOutcome::Ok,
                401 => RequestOutcome::Unauthorized,
                404 => RequestOutcome::NotFound,
                429 => RequestOutcome::Limited,
                500.. => RequestOutcome::ServerError,
                _ => RequestOutcome::Rejected,
            },
        );
        self.record(call.endpoint, outcome, begun.elapsed());
        sent.map_err(|trouble| trouble.failure.error)
    }

    fn record(&self, endpoint: &'static str, outcome: RequestOutcome, took: Duration) {
        self.reach.note(outcome, self.clock.now());
        counter!("icusync_upstream_requests_total", "endpoint" => endpoint, "outcome" => outcome.as_str())
            .increment(1);
        histogram!("icusync_upstream_seconds", "endpoint" => endpoint).record(took.as_secs_f64());
    }

    /// The middle doubles each time; jitter spreads it from half to one and a half of that.
    fn backoff(&self, asked: u32) -> Duration {
        let middle = self.limits.backoff * 2_u32.saturating_pow(asked);
        middle.mul_f64(0.5 + self.random.unit())
    }

    /// One exchange, within the limits of time and size.
    async fn send(&self, call: &Call<'_>) -> Result<Reply, Trouble> {
        let limit = Instant::now() + self.limits.total;
        call.sent.fetch_add(1, Ordering::Relaxed);
        let finished = timeout_at(limit.min(call.deadline), self.exchange(call)).await;
        finished.unwrap_or_else(|_| {
            tracing::warn!(endpoint = call.endpoint, "intervals.icu took too long");
            let mut trouble = Trouble::end(RequestOutcome::TimedOut, Error::TimedOut);
            trouble.failure.own = call.deadline < limit;
            Err(trouble)
        })
    }

    /// Sends a request for a file once, and returns as soon as its answer has begun with a success. The limit of time is for the
    /// beginning; whoever reads the rest limits that, and its size.
    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Opened, Error> {
        let admitted = self.budget.admit(&call.spender, call.deadline).await;
        admitted.map_err(|failure| failure.error)?;
        let begun = Instant::now();
        call.sent.fetch_add(1, Ordering::Relaxed);
        let limit = (begun + self.limits.total).min(call.deadline);
        let answer = timeout_at(limit, self.opened(call)).await.unwrap_or_else(|_| {
            tracing::warn!(endpoint = call.endpoint, "intervals.icu took too long");
            Err(Trouble::end(RequestOutcome::TimedOut, Error::TimedOut))
        });
        let outcome = answer
            .as_ref()
            .map_or_else(|trouble| trouble.outcome, |_| RequestOutcome::Ok);
        self.record(call.endpoint, outcome, begun.elapsed());
        answer.map_err(|trouble| trouble.failure.error)
    }

    async fn opened(&self, call: &Call<'_>) -> Result<Opened, Trouble> {
        // As it is: a file that is packed on its way would not say how large it is.
        let as_it_is = [(header::ACCEPT, "*/*"), (header::ACCEPT_ENCODING, "identity")];
        let mut response = self.begin(call, &as_it_is).await?;
        let status = response.status();
        if !status.is_success() {
            let reply = Reply {
                status,
                retry_after: retry_after(response.headers(), self.clock.now()),
                body: first_bytes(&mut response).await,
            };
            let refused = Self::judge(call, reply);
            return Err(refused
                .err()
                .unwrap_or_else(|| Trouble::end(RequestOutcome::Garbled, Error::Unavailable)));
        }
        Ok(Opened {
            endpoint: call.endpoint,
            response,
        })
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Reply, Trouble> {
        let mut response = self.begin(call, &[]).await?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), self.clock.now());
        let body = if status.is_success() {
            whole_body(call, &mut response, &self.limits).await?
        } else {
            first_bytes(&mut response).await
        };
        Ok(Reply {
            status,
            retry_after,
            body,
        })
    }

    /// Sends the request; what upstream says of the budget is learnt. These headers replace the usual ones.
    async fn begin(
        &self,
        call: &Call<'_>,
        headers: &[(header::HeaderName, &str)],
    ) -> Result<Response, Trouble> {
        let mut request = self.http.request(call.method.clone(), call.url.clone());
        request = match call.credential {
            Some(Credential::Bearer(token)) => request.bearer_auth(token.expose_secret()),
            Some(Credential::ApiKey(key)) => request.basic_auth("API_KEY", Some(key.expose_secret())),
            None => request,
        };
        if let Some(form) = call.form {
            request = request.form(form);
        }
        if let Some(json) = &call.json {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(json.to_string());
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response = request.send().await;
        let response = response.map_err(|error| broken(call.endpoint, &error))?;
        self.budget.learn(&call.spender.pool, response.headers());
        Ok(response)
    }

    /// What `read` makes of an answer.
    fn accept<T>(
        call: &Call<'_>,
        reply: Reply,
        read: &impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Trouble> {
        let body = Self::judge(call, reply)?;
        read(&body).map_err(|error| {
            unread(
                call,
                if is_a_page(&body) {
                    Error::Unavailable
                } else {
                    error
                },
            )
        })
    }

    /// What a status means.
    fn judge(call: &Call<'_>, reply: Reply) -> Result<Bytes, Trouble> {
        let endpoint = call.endpoint;
        let status = reply.status.as_u16();
        match status {
            200..300 => Ok(reply.body),
            300..400 => {
                tracing::warn!(endpoint, status, "a redirect, not followed");
                Err(Trouble::end(RequestOutcome::Redirected, Error::Unavailable))
            }
            401 => {
                tracing::info!(endpoint, "the credential was not accepted");
                Err(Trouble::end(RequestOutcome::Unauthorized, Error::Unauthorized))
            }
            403 if !is_object(&reply.body) => {
                tracing::error!(
                    endpoint,
                    "blocked at the edge of intervals.icu: not about one athlete"
                );
                Err(Trouble::end(RequestOutcome::EdgeBlocked, Error::Unavailable))
            }
            403 => {
                let error = match call.area {
                    Some((area, scopes)) if !scopes.reads(area) => Error::MissingScope(area),
                    _ => Error::Forbidden,
                };
                tracing::info!(endpoint, "not allowed");
                Err(Trouble::end(RequestOutcome::Forbidden, error))
            }
            404 | 410 => {
                tracing::info!(endpoint, status, "not found");
                Err(Trouble::end(RequestOutcome::NotFound, Error::NotFound))
            }
            422 if mentions(&reply.body, "strava") => {
                tracing::info!(endpoint, "closed by Strava");
                Err(Trouble::end(RequestOutcome::Strava, Error::Strava))
            }
            429 => {
                tracing::warn!(endpoint, "too many requests");
                let retry_after = reply.retry_after.unwrap_or(USUAL_WAIT);
                Err(Trouble::passing(
                    RequestOutcome::Limited,
                    Error::Busy { retry_after },
                    reply.retry_after,
                ))
            }
            500 | 502..=504 | 520..=524 => {
                tracing::warn!(endpoint, status, "intervals.icu failed");
                let after = reply.retry_after.filter(|_| status == 503);
                Err(Trouble::passing(
                    RequestOutcome::ServerError,
                    Error::Unavailable,
                    after,
                ))
            }
            400..500 => {
                tracing::warn!(endpoint, status, "the request was not accepted");
                Err(Trouble::end(RequestOutcome::Rejected, Error::Rejected))
            }
            _ => {
                tracing::warn!(endpoint, status, "an unexpected status");
                Err(Trouble::end(RequestOutcome::ServerError, Error::Unavailable))
            }
        }
    }
}

/// No redirects, so that a credential never goes to another host; no proxy from the environment, for the same reason.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one client for upstream, with its limits"
)]
fn http_client(settings: &Settings) -> reqwest::Result<reqwest::Client> {
    let own = settings.public_url.as_str();
    let headers = HeaderMap::from_iter([
        (header::ACCEPT, HeaderValue::from_static("application/json")),
        (header::ACCEPT_LANGUAGE, HeaderValue::from_static("en")),
    ]);
    reqwest::Client::builder()
        .user_agent(format!("IcuSync/{} (+{own})", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .gzip(true)
        .connect_timeout(settings.limits.connect)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .https_only(settings.base.is_https())
        .build()
}

/// A failure below HTTP. reqwest's own text contains the URL, so only the kind and the innermost cause are logged.
fn broken(endpoint: &'static str, error: &reqwest::Error) -> Trouble {
    let mut cause: &dyn std::error::Error = error;
    let mut broken_off = false;
    while let Some(source) = cause.source() {
        cause = source;
        broken_off |= cause.is::<hyper::Error>();
    }
    let kind = if error.is_connect() {
        "connect"
    } else if error.is_builder() {
        "build"
    } else if error.is_decode() && !broken_off {
        // reqwest also calls a body that breaks off a decoding error.
        "decode"
    } else {
        "transfer"
    };
    let inner = if std::ptr::addr_eq(cause, std::ptr::from_ref(error)) {
        String::new()
    } else {
        cause.to_string()
    };
    tracing::warn!(endpoint, kind, cause = inner, "no answer");
    match kind {
        "build" => Trouble::end(RequestOutcome::Broken, Error::Rejected),
        "decode" => Trouble::end(RequestOutcome::Garbled, Error::Garbled),
        kind => Trouble {
            left: kind != "connect",
            ..Trouble::passing(RequestOutcome::Broken, Error::Unavailable, None)
        },
    }
}

/// An answer that came whole and that the caller does not accept.
fn unread(call: &Call<'_>, error: Error) -> Trouble {
    let endpoint = call.endpoint;
    let outcome = if error == Error::WrongAthlete {
        tracing::error!(endpoint, "an answer about another athlete");
        RequestOutcome::WrongAthlete
    } else {
        tracing::warn!(endpoint, "an unreadable answer");
        RequestOutcome::Garbled
    };
    Trouble::end(outcome, error)
}

/// Bytes of the answer to a call. A library comes whole, with the steps of every workout: thousands are as much as years of
/// activities.
fn most_bytes(call: &Call<'_>, limits: &Limits) -> usize {
    let times = if call.endpoint == "library" { 4 } else { 1 };
    limits.body * times
}

/// The body of a successful answer, counted after decompression while it streams.
async fn whole_body(call: &Call<'_>, response: &mut Response, limits: &Limits) -> Result<Bytes, Trouble> {
    let too_large = || {
        tracing::warn!(endpoint = call.endpoint, "an answer that is too large");
        Trouble::end(RequestOutcome::Garbled, Error::TooLarge)
    };
    let most = most_bytes(call, limits);
    let announced = response.content_length().unwrap_or(0);
    if announced > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| broken(call.endpoint, &error))?
    {
        if body.len() + chunk.len() > most {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// The beginning of an error's body; a failure to read it does not change the status.
async fn first_bytes(response: &mut Response) -> Bytes {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= ERROR_BODY {
            body.truncate(ERROR_BODY);
            break;
        }
    }
    body.into()
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
        (date - now).to_std().unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// intervals.icu's own errors are JSON objects; those of the network in front of it are not.
fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// Whether it is a page for people, or empty, as when a service is being maintained.
fn is_a_page(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.is_empty() || body.starts_with(b"<")
}

/// Whether an error's text contains this lower-case word, ignoring case.
pub(super) fn mentions(body: &[u8], word: &str) -> bool {
    String::from_utf8_lossy(body).to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_wait_is_endless(line in prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..40), days in -4000_i64..4_000_000) {
            let now = Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap();
            let date = (now + chrono::Duration::days(days)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            for value in [line, date.into_bytes(), days.to_string().into_bytes()] {
                let value = HeaderValue::from_bytes(&value).unwrap();
                let read = retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]), now);
                prop_assert!(read.is_none_or(|wait| wait <= LONGEST_WAIT));
            }
        }

        #[test]
        fn no_error_body_panics(body in prop::collection::vec(any::<u8>(), 0..80), word in "[a-z]{1,6}") {
            let _ = is_object(&body);
            let around = [&body[..], word.to_uppercase().as_bytes(), &body[..]].concat();
            prop_assert!(mentions(&around, &word));
        }
    }

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap();
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(read("37"), Some(Duration::from_secs(37)));
        assert_eq!(
            read("Sat, 21 Nov 2026 08:00:05 GMT"),
            Some(Duration::from_secs(5))
        );
        assert_eq!(read("Sat, 21 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
        for endless in ["864000", "18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(read(endless), Some(LONGEST_WAIT), "{endless}");
        }
        for odd in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn the_edge_speaks_no_json() {
        assert!(is_object(br#" {"status":403,"error":"Access denied"}"#));
        for edge in [
            "error code: 1010",
            "",
            "<html></html>",
            "[]",
            "{",
            "\"Access denied\"",
        ] {
            assert!(!is_object(edge.as_bytes()), "{edge}");
        }
    }
}
