//! The HTTP client: one for the process, with its limits, and the handles that it opens.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue, header};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::{
    Athlete, Scopes,
    budget::Budget,
    cache::Cache,
    reach::{Lately, Reach},
};
use crate::{
    config::{Config, Origin},
    ids::{AccountId, AthleteId, ConnectionId, LinkId},
    secrets::Random,
    time::Clock,
};

/// Our registration with intervals.icu.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
}

/// Time and size limits of one request (hard-cases "Budgets").
#[derive(Debug, Clone)]
pub struct Limits {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// From sending a request to the last byte of its answer.
    pub total: Duration,
    /// Bytes of an answer, after decompression.
    pub body: usize,
    /// The middle of the first wait before asking again; doubles for the second.
    pub backoff: Duration,
    /// How long a read may be answered from memory.
    pub cache_for: Duration,
    /// Bytes that the cache may hold, estimated.
    pub cache_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(15),
            body: 4 * 1024 * 1024,
            backoff: Duration::from_millis(400),
            cache_for: Duration::from_mins(1),
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What the client needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The intervals.icu to talk to: https, or this machine.
    pub base: Origin,
    /// Our own address, for the User-Agent.
    pub public_url: Origin,
    /// Our OAuth registration, when there is one.
    pub app: Option<OAuthApp>,
    /// Requests a second from this process.
    pub per_second: u32,
    /// Requests a UTC day that each athlete may count on.
    pub per_day: u32,
    /// Time and size limits.
    pub limits: Limits,
}

impl Settings {
    /// What the service's settings say, with the usual limits.
    pub fn of(config: &Config) -> Self {
        let app = config
            .intervals_client_id
            .clone()
            .zip(config.intervals_client_secret.clone());
        Self {
            base: config.intervals_url.clone(),
            public_url: config.public_url.clone(),
            app: app.map(|(client_id, client_secret)| OAuthApp {
                client_id,
                client_secret,
            }),
            per_second: config.intervals_per_second,
            per_day: config.intervals_per_day,
            limits: Limits::default(),
        }
    }
}

/// What proves to intervals.icu that we may. Mute in `Debug`.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An OAuth access token.
    Bearer(SecretString),
    /// An API key, sent as Basic with the user name `API_KEY`.
    ApiKey(SecretString),
}

/// Who causes a call, so that one caller's flood does not hold up the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallerKey(pub Uuid);

impl From<LinkId> for CallerKey {
    fn from(link: LinkId) -> Self {
        Self(link.0)
    }
}

impl From<AccountId> for CallerKey {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

/// For whom a handle is opened, and in what bounds.
#[derive(Debug, Clone)]
pub struct For {
    /// The connection; the cache never crosses it.
    pub connection: ConnectionId,
    /// The connection's write number, read with the grant; an older one's answers are never used.
    pub write_number: i64,
    /// The athlete.
    pub athlete: AthleteId,
    /// The athlete's credential.
    pub credential: Credential,
    /// What the athlete shared; what is known to be missing is not even asked for.
    pub scopes: Scopes,
    /// Who causes the calls.
    pub caller: CallerKey,
    /// All calls through the handle end by then.
    pub deadline: Instant,
}

/// The one client of the process. Cheap to clone.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) http: reqwest::Client,
    base: Url,
    pub(super) settings: Settings,
    pub(super) budget: Budget,
    pub(super) cache: Cache,
    pub(super) reach: Reach,
    pub(super) clock: Clock,
    pub(super) random: Random,
}

impl Client {
    /// Builds the client. The process must have installed its TLS provider before.
    pub fn new(settings: Settings, clock: Clock, random: Random) -> anyhow::Result<Self> {
        // reqwest would panic instead.
        anyhow::ensure!(
            rustls::crypto::CryptoProvider::get_default().is_some(),
            "no TLS provider is installed in this process"
        );
        let limits = &settings.limits;
        let http = http_client(&settings, limits).context("building the HTTP client for intervals.icu")?;
        Ok(Self(Arc::new(Parts {
            http,
            base: Url::parse(settings.base.as_str()).context("the address of intervals.icu")?,
            budget: Budget::new(
                clock.clone(),
                settings.per_second,
                settings.per_day,
                settings.app.is_some(),
            ),
            cache: Cache::new(limits),
            reach: Reach::default(),
            settings,
            clock,
            random,
        })))
    }

    /// How upstream has answered this process in the last minutes. Asks nothing.
    pub fn lately(&self) -> Lately {
        self.0.reach.lately(self.0.clock.now())
    }

    /// A handle on one athlete. Asks nothing yet.
    pub fn athlete(&self, of: For) -> Athlete {
        Athlete::new(self.clone(), of)
    }
}

impl Parts {
    /// The absolute URL of `path`, which begins with a slash and is made of our words and checked ids.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

/// No redirects, so that a credential never goes to another host; no proxy from the environment, for the same reason.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one client for upstream, with its limits"
)]
fn http_client(settings: &Settings, limits: &Limits) -> reqwest::Result<reqwest::Client> {
    let own = settings.public_url.as_str();
    let headers = HeaderMap::from_iter([
        (header::ACCEPT, HeaderValue::from_static("application/json")),
        (header::ACCEPT_LANGUAGE, HeaderValue::from_static("en")),
    ]);
    reqwest::Client::builder()
        .user_agent(format!("IcuSync/{} (+{own})", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .gzip(true)
        .connect_timeout(limits.connect)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .https_only(settings.base.is_https())
        .build()
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}
