//! The settings of the client: where intervals.icu is, our registration with it, and the limits of a request.

use std::time::Duration;

use secrecy::SecretString;

use crate::config::{Config, Origin};

/// Our registration with intervals.icu.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
}

/// Time and size limits of one request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// To establish a connection, including TLS.
    pub connect: Duration,
    /// From sending a request to the last byte of its answer.
    pub total: Duration,
    /// Bytes of an answer, after decompression.
    pub body: usize,
    /// The middle of the wait before the second attempt; doubles for the third.
    pub backoff: Duration,
    /// How long a read may be answered from the cache.
    pub cache_for: Duration,
    /// Maximum size of the cache in estimated bytes.
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
            cache_bytes: 32 * 1024 * 1024,
        }
    }
}

/// The settings of the client.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The intervals.icu to call: https, or this machine.
    pub base: Origin,
    /// Our own address, for the User-Agent.
    pub public_url: Origin,
    /// Our OAuth registration, if there is one.
    pub app: Option<OAuthApp>,
    /// Requests per second from this process.
    pub per_second: u32,
    /// Requests per UTC day that each athlete can rely on.
    pub per_day: u32,
    /// Time and size limits.
    pub limits: Limits,
}

impl Settings {
    /// The service's settings, with the usual limits.
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
