//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): a client id that is a URL, and the document
//! behind it. Which URLs may be asked, how one is asked, and what counts as a document.
//!
//! The URL comes from strangers, so a request to it can only reach public addresses, and no setting changes that. What is
//! kept of a document, and for how long, is in [`super::clients`].

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use url::{Host, Url};

use super::redirects;
use crate::{text, time::Clock};

/// The longest document, in bytes.
const LONGEST: usize = 5 * 1024;
/// The longest URL of one.
const LONGEST_URL: usize = 500;
/// The time for everything, from looking up the name to the last byte.
const TIME: Duration = Duration::from_secs(5);
/// How long an attempt counts, whatever came of it: nothing is fetched again meanwhile.
const COUNTS_FOR: Duration = Duration::from_secs(30);
/// How many attempts are remembered.
const REMEMBERED: u64 = 1_000;
/// Attempts a minute at one host, so that nobody makes us flood it.
const PER_HOST: u32 = 30;
/// Names looked up at once: each takes a thread.
const LOOKUPS: usize = 8;
/// Characters of a client's name.
pub(crate) const NAME: usize = 80;
/// Names that lead into a private network or nowhere: RFC 6761, RFC 6762 appendix G, RFC 7686, RFC 8375, RFC 9476, and what
/// hosting providers use inside.
const NOT_OF_THE_WEB: [&str; 20] = [
    "alt",
    "arpa",
    "cluster",
    "consul",
    "corp",
    "docker",
    "flycast",
    "home",
    "host",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
];

/// Why there is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchError {
    /// It could not be had now, and may be had later.
    Unreachable,
    /// The URL, or what is behind it, is not a client's document: in a word of the log.
    Wrong(&'static str),
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// The client's name for people, cleaned; the host if it gives none.
    pub name: String,
    /// Where it may be sent back to; not empty.
    pub redirect_uris: Vec<String>,
    /// How it says that it authenticates itself at the token endpoint.
    pub auth_method: String,
}

type Get = dyn Fn(Url) -> BoxFuture<'static, Result<Vec<u8>, FetchError>> + Send + Sync;

#[derive(Debug, Clone)]
struct Attempt {
    at: DateTime<Utc>,
    found: Result<Arc<Document>, FetchError>,
}

/// Fetches documents. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Fetcher {
    get: Arc<Get>,
    attempts: moka::future::Cache<String, Attempt>,
    hosts: moka::future::Cache<String, Arc<AtomicU32>>,
}

impl Fetcher {
    /// Fetches from the web. The process must have installed its TLS provider first.
    pub fn web(public_url: &str) -> anyhow::Result<Self> {
        // reqwest would panic instead.
        anyhow::ensure!(
            rustls::crypto::CryptoProvider::get_default().is_some(),
            "no TLS provider is installed in this process"
        );
        let resolver = PublicOnly(Arc::new(Semaphore::new(LOOKUPS)));
        let http = http_client(public_url, Arc::new(resolver), true)?;
        Ok(Self::of(move |url| get(http.clone(), url)))
    }

    /// Fetches with `get`, behind the same filter of URLs and with the same checks.
    pub fn of<F>(get: impl Fn(Url) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<u8>, FetchError>> + Send + 'static,
    {
        Self {
            get: Arc::new(move |url| get(url).boxed()),
            attempts: moka::future::Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(COUNTS_FOR)
                .build(),
            hosts: moka::future::Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(Duration::from_mins(1))
                .build(),
        }
    }

    /// The document of the client with this id, fetched once for everyone who asks within half a minute.
    pub(crate) async fn document(&self, clock: &Clock, client_id: &str) -> Result<Arc<Document>, FetchError> {
        let url = admissible(client_id).map_err(FetchError::Wrong)?;
        let now = clock.now();
        let recent = TimeDelta::from_std(COUNTS_FOR).unwrap_or_default();
        let is_old = |attempt: &Attempt| now < attempt.at || now - attempt.at >= recent;
        if self
            .attempts
            .get(client_id)
            .await
            .is_some_and(|attempt| is_old(&attempt))
        {
            self.attempts.invalidate(client_id).await;
        }
        let attempt = async {
            Attempt {
                at: now,
                found: self.fetch(url).await.map(Arc::new),
            }
        };
        self.attempts.get_with_by_ref(client_id, attempt).await.found
    }

    async fn fetch(&self, url: Url) -> Result<Document, FetchError> {
        let host = url.host_str().unwrap_or_default();
        let fetched = self.hosts.get_with_by_ref(host, async { Arc::default() }).await;
        if fetched.fetch_add(1, Ordering::Relaxed) >= PER_HOST {
            return Err(FetchError::Unreachable);
        }
        let body = (self.get)(url.clone()).await?;
        read(&body, &url).map_err(FetchError::Wrong)
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

/// The URL of a client's id, if it may be asked: https on the usual port, a name of the web as host, a path, and in the one
/// spelling that a URL parser gives it, so without a user, a fragment or steps upwards.
pub(crate) fn admissible(client_id: &str) -> Result<Url, &'static str> {
    if client_id.len() > LONGEST_URL {
        return Err("url_too_long");
    }
    let url = Url::parse(client_id).map_err(|_| "not_a_url")?;
    if url.scheme() != "https" {
        return Err("not_https");
    }
    let Some(Host::Domain(host)) = url.host() else {
        return Err("address_instead_of_a_name");
    };
    if !is_of_the_web(host) {
        return Err("not_a_name_of_the_web");
    }
    if url.port().is_some() {
        return Err("other_port");
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.fragment().is_some() || url.path() == "/" || url.as_str() != client_id {
        return Err("url_not_plain");
    }
    Ok(url)
}

fn is_of_the_web(host: &str) -> bool {
    let plain = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some((_, last)) = host.rsplit_once('.') else {
        return false;
    };
    // `cluster.local` and `svc` are the ends of names inside; a label in the middle is anyone's.
    host.split('.').all(plain) && !NOT_OF_THE_WEB.contains(&last)
}

/// Whether an address belongs to the public internet: none of the special-purpose registries (RFC 6890), and none that
/// carries an IPv4 address inside.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let special = match v4.octets() {
        // This network; reserved and broadcast; shared (RFC 6598); IETF protocols; 6to4 relays; benchmarks.
        [0 | 240..=255, ..]
        | [100, 64..=127, ..]
        | [192, 0, 0, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..] => true,
        _ => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
        }
    };
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    match v6.segments() {
        // Teredo and other protocols; documentation; 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast is all that is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Looks names up and hands on nothing that is not public. The connection is made to what this returns, so a name that
/// answers differently the next time (DNS rebinding) gains nothing.
struct PublicOnly(Arc<Semaphore>);

/// A name leads to an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let at_once = self.0.clone();
        Box::pin(async move {
            let permit = at_once.acquire_owned().await?;
            // The thread goes on looking when nobody waits any more, and keeps its place among the lookups.
            let looking = tokio::spawn(async move {
                let addresses = tokio::net::lookup_host((name.as_str(), 443)).await;
                drop(permit);
                addresses.map(Iterator::collect::<Vec<_>>)
            });
            Ok(public_only(looking.await??)?)
        })
    }
}

fn public_only(addresses: Vec<SocketAddr>) -> Result<Addrs, NotPublic> {
    if addresses.iter().all(|address| is_public(address.ip())) {
        Ok(Box::new(addresses.into_iter()))
    } else {
        Err(NotPublic)
    }
}

/// No redirect, no proxy, no cookies, and nothing unpacked.
#[expect(
    clippy::disallowed_methods,
    reason = "the one client for URLs that strangers choose, with its limits"
)]
fn http_client(
    public_url: &str,
    resolver: Arc<dyn Resolve>,
    https: bool,
) -> reqwest::Result<reqwest::Client> {
    let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/json"))]);
    reqwest::Client::builder()
        .user_agent(format!("IcuSync/{} (+{public_url})", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .gzip(false)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .https_only(https)
        .dns_resolver(resolver)
        .pool_max_idle_per_host(0)
        .build()
}

/// One request, in [`TIME`] at most.
async fn get(http: reqwest::Client, url: Url) -> Result<Vec<u8>, FetchError> {
    let deadline = Instant::now() + TIME;
    let sent = timeout_at(deadline, http.get(url).send()).await;
    let mut response = match sent {
        Ok(Ok(response)) => response,
        Ok(Err(error)) if is_not_public(&error) => return Err(FetchError::Wrong("not_a_public_address")),
        Ok(Err(_)) | Err(_) => return Err(FetchError::Unreachable),
    };
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(FetchError::Wrong("no_document")),
        status if status.is_redirection() => return Err(FetchError::Wrong("redirect")),
        // Some hosts refuse the addresses of hosting providers, at times.
        _ => return Err(FetchError::Unreachable),
    }
    let mut body = Vec::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= LONGEST => body.extend_from_slice(&chunk),
            Ok(Ok(Some(_))) => return Err(FetchError::Wrong("too_long")),
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(_)) => return Err(FetchError::Unreachable),
            Err(_) => return Err(FetchError::Wrong("too_slow")),
        }
    }
}

fn is_not_public(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads a document (RFC 7591 section 2, and the draft's section on what it may hold). Redirects that nobody may register are
/// left out.
fn read(body: &[u8], url: &Url) -> Result<Document, &'static str> {
    if body.len() > LONGEST {
        return Err("too_long");
    }
    let document: HashMap<String, Value> = serde_json::from_slice(body).map_err(|_| "not_a_json_object")?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let is_given = |name: &&str| document.get(*name).is_some_and(|value| !value.is_null());
    if text("client_id") != Some(url.as_str()) {
        return Err("another_client_id");
    }
    if ["client_secret", "client_secret_expires_at"]
        .iter()
        .any(&is_given)
    {
        return Err("a_secret_in_public");
    }
    let auth_method = text("token_endpoint_auth_method").unwrap_or("none");
    if auth_method.starts_with("client_secret") {
        return Err("a_method_with_a_secret");
    }
    let is_https = |name: &&str| text(name).is_some_and(is_https);
    let pictures = ["logo_uri", "client_uri"];
    if !pictures.iter().filter(|name| is_given(name)).all(is_https) {
        return Err("an_unsafe_link");
    }
    let redirect_uris = registrable(document.get("redirect_uris"));
    if redirect_uris.is_empty() {
        return Err("no_usable_redirect");
    }
    let name = text::clean(text("client_name").unwrap_or_default(), NAME);
    let host = url.host_str().unwrap_or_default();
    Ok(Document {
        name: if name.is_empty() { host.to_owned() } else { name },
        redirect_uris,
        auth_method: text::clean(auth_method, NAME),
    })
}

/// Those of a list of redirects that may be registered, each once.
pub(super) fn registrable(list: Option<&Value>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for uri in list.and_then(Value::as_array).into_iter().flatten() {
        if let Some(uri) = uri.as_str()
            && redirects::may_register(uri)
            && !kept.iter().any(|known| known == uri)
        {
            kept.push(uri.to_owned());
        }
    }
    kept
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.username().is_empty())
}

#[cfg(test)]
mod tests;
