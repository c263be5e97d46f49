//! Rate limits of the pages in one process, by the client's network.
//!
//! The limits of tool calls are in [`super::link`]. What protects a person, whichever instance answers, is counted in
//! the database: wrong passwords in [`super::tries`], emails in the outbox.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::extract::{ConnectInfo, FromRequestParts};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use http::{HeaderMap, request::Parts};

use crate::{
    app::App,
    config::{Addresses, Config},
};

/// After this many checks, keys whose allowance is full again are forgotten.
const SWEEP_EVERY: u32 = 2_000;
/// The most keys to hold, checked now and then: above this, everyone is refused until some keys are forgotten.
const MOST_KEYS: usize = 100_000;
/// A network may sign in, right or wrong, this many times as often as it may be wrong: a whole club may share one address.
const FLOOD: u32 = 60;

/// The network that a request came from: an IPv4 address, or the /64 of an IPv6 address, because a client that has one
/// address of a /64 has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address; an IPv4-mapped IPv6 address counts as IPv4.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// The network of the client: of the peer, or, if the peer is one of our proxies, of the address in the proxy's
    /// header. In a list such as `X-Forwarded-For` the last address that is not one of our proxies counts. The client
    /// may have invented what comes before it, so the list is read from the end and no further than needed. If it ends
    /// with something that is not an address, the peer counts.
    pub fn of_client(config: &Config, peer: IpAddr, headers: &HeaderMap) -> Self {
        let trusted = |address: IpAddr| {
            config
                .trusted_proxies
                .iter()
                .any(|proxies| proxies.contains(address))
        };
        let forwarded = config
            .client_ip_header
            .as_deref()
            .filter(|_| trusted(peer))
            .and_then(|name| {
                let lines = headers.get_all(name).iter().rev();
                lines
                    .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
                    .map_while(|entry| std::str::from_utf8(entry).ok()?.trim().parse().ok())
                    .find(|address| !trusted(*address))
            });
        Self::of(forwarded.unwrap_or(peer))
    }

    /// The wider network in which people keep being found, such as 203.0.113.0/24 or 2001:db8:1::/48: enough to recognise
    /// where somebody signed in from, and not who.
    pub fn prefix(self) -> String {
        let net = match self.0 {
            IpAddr::V4(_) => ipnet::IpNet::new(self.0, 24),
            IpAddr::V6(_) => ipnet::IpNet::new(self.0, 48),
        };
        net.map_or_else(|_| "unknown".to_owned(), |net| net.trunc().to_string())
    }

    /// Whether it lies in one of these.
    pub fn is_in(self, networks: &[Addresses]) -> bool {
        networks.iter().any(|addresses| addresses.contains(self.0))
    }

    /// The bytes of the address, for a hash.
    pub fn bytes(self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        }
    }
}

/// The network that a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromNetwork(pub Network);

impl FromRequestParts<App> for FromNetwork {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        // All requests without a peer (not from a socket) share one allowance.
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self(Network::of_client(&app.config, peer, &parts.headers)))
    }
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// How long to wait before trying again, at least a second.
    pub retry_after: Duration,
}

/// The limits of one process. Memory is bounded.
pub struct Limits {
    by_network: Keyed<Network>,
    sign_ins: Keyed<Network>,
    sign_ups: Keyed<Network>,
    provider_sign_ups: Keyed<Network>,
    documents: Keyed<Network>,
}

impl Limits {
    /// Nothing used up yet.
    pub fn new(config: &Config) -> Self {
        Self {
            by_network: Keyed::new(Quota::per_minute(at_least_one(config.sign_ins_per_minute))),
            sign_ins: Keyed::new(Quota::per_minute(at_least_one(
                config.sign_ins_per_minute.saturating_mul(FLOOD),
            ))),
            sign_ups: Keyed::new(Quota::per_hour(at_least_one(config.sign_ups_per_hour))),
            provider_sign_ups: Keyed::new(Quota::per_hour(at_least_one(config.provider_sign_ups_per_hour))),
            documents: Keyed::new(Quota::per_minute(at_least_one(config.sign_ins_per_minute))),
        }
    }

    /// Counts one sign-in, right or wrong: an outer guard against floods. Each person's attempts are counted in the database.
    pub fn sign_in(&self, from: Network) -> Result<(), TooMany> {
        self.sign_ins.check(&from)
    }

    /// Counts one attempt at something that strangers or key thieves could hammer: a forgotten password, an API key.
    pub fn attempt(&self, from: Network) -> Result<(), TooMany> {
        self.by_network.check(&from)
    }

    /// Counts one client's document that is fetched because somebody named it.
    pub fn document(&self, from: Network) -> Result<(), TooMany> {
        self.documents.check(&from)
    }

    /// Counts one sign-up.
    pub fn sign_up(&self, from: Network) -> Result<(), TooMany> {
        self.sign_ups.check(&from)
    }

    /// Counts one sign-up through the identity provider. Its operator vouches for people, of whom many come in one evening.
    pub fn provider_sign_up(&self, from: Network) -> Result<(), TooMany> {
        self.provider_sign_ups.check(&from)
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

struct Keyed<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Keyed<K> {
    fn new(quota: Quota) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota),
            checks: AtomicU32::new(0),
        }
    }

    fn check(&self, key: &K) -> Result<(), TooMany> {
        if self
            .checks
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SWEEP_EVERY)
        {
            self.limiter.retain_recent();
            if self.limiter.len() > MOST_KEYS {
                self.checks.store(0, Ordering::Relaxed);
                return Err(TooMany {
                    retry_after: Duration::from_mins(1),
                });
            }
        }
        self.limiter.check_key(key).map_err(|until| TooMany {
            retry_after: until
                .wait_time_from(self.limiter.clock().now())
                .max(Duration::from_secs(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    fn proxied() -> Config {
        let mut config = Config::defaults();
        config.client_ip_header = Some("X-Forwarded-For".to_owned());
        config.trusted_proxies = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2/31".parse().unwrap()];
        config
    }

    fn client(config: &Config, peer: &str, lines: &[&str]) -> Network {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        Network::of_client(config, peer.parse().unwrap(), &headers)
    }

    #[test]
    fn ipv6_counts_by_its_64() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
    }

    #[test]
    fn a_forged_header_is_believed_from_our_proxies_only() {
        let config = proxied();
        assert_eq!(
            client(&config, "192.0.2.9", &["198.51.100.1"]),
            network("192.0.2.9")
        );
        assert_eq!(
            client(&config, "10.0.0.1", &["198.51.100.1"]),
            network("198.51.100.1")
        );
        // The client wrote the first, our outer proxy the second, our inner proxy saw the outer one.
        assert_eq!(
            client(&config, "10.0.0.1", &["203.0.113.5, 198.51.100.1", "10.0.0.2"]),
            network("198.51.100.1")
        );
        assert_eq!(client(&config, "10.0.0.1", &["nonsense"]), network("10.0.0.1"));
        assert_eq!(client(&config, "10.0.0.1", &[]), network("10.0.0.1"));
        assert_eq!(
            client(&Config::defaults(), "10.0.0.1", &["198.51.100.1"]),
            network("10.0.0.1")
        );
    }

    #[test]
    fn what_comes_before_the_proxys_entry_changes_nothing() {
        let config = proxied();
        for forged in ["203.0.113.5, nonsense", "203.0.113.5,", "203.0.113.5, 10.0.0.1"] {
            let one_line = format!("{forged}, 198.51.100.1");
            for lines in [&[one_line.as_str()][..], &[forged, "198.51.100.1"]] {
                assert_eq!(
                    client(&config, "10.0.0.1", lines),
                    network("198.51.100.1"),
                    "{lines:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_client_chooses_its_own_address(
            forged in prop::collection::vec("[ -~\u{80}-\u{ff}]{0,40}|(203\\.0\\.113\\.[0-9],? ?){0,4}", 0..4),
            together in any::<bool>(),
        ) {
            let name = "x-forwarded-for";
            let mut lines: Vec<Vec<u8>> = forged
                .iter()
                .map(|line| line.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).filter(|b| *b != 0x7f).collect())
                .collect();
            match lines.last_mut() {
                Some(last) if together => last.extend(b", 198.51.100.1"),
                _ => lines.push(b"198.51.100.1".to_vec()),
            }
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(name, HeaderValue::from_bytes(&line).unwrap());
            }
            let peer = "10.0.0.1".parse().unwrap();
            prop_assert_eq!(Network::of_client(&proxied(), peer, &headers), network("198.51.100.1"));
            prop_assert_eq!(Network::of_client(&Config::defaults(), peer, &headers), Network::of(peer));
        }
    }

    #[test]
    fn each_network_has_its_own_limits() {
        let limits = Limits::new(&Config::defaults());
        let (one, other) = (network("192.0.2.1"), network("192.0.2.2"));
        for _ in 0..10 {
            assert_eq!(limits.attempt(one), Ok(()));
        }
        let refused = limits.attempt(one).unwrap_err();
        assert!((1..=6).contains(&refused.retry_after.as_secs()), "{refused:?}");
        assert_eq!(limits.attempt(other), Ok(()));
        for _ in 0..5 {
            assert_eq!(limits.sign_up(one), Ok(()));
        }
        assert!(limits.sign_up(one).is_err());
        for _ in 0..100 {
            assert_eq!(limits.provider_sign_up(one), Ok(()), "a club in one evening");
        }
        let refused = limits.provider_sign_up(one).unwrap_err();
        assert!((1..=36).contains(&refused.retry_after.as_secs()), "{refused:?}");
        for _ in 0..600 {
            assert_eq!(limits.sign_in(one), Ok(()), "whatever else this network did");
        }
        assert!(limits.sign_in(one).is_err());
        assert_eq!(limits.sign_in(other), Ok(()));
    }

    #[test]
    fn keys_do_not_pile_up() {
        let limiter: Keyed<u32> = Keyed::new(Quota::per_second(NonZeroU32::new(1_000_000).unwrap()));
        for key in 0..20_000 {
            let _ = limiter.check(&key);
        }
        assert!(
            limiter.limiter.len() <= 2 * SWEEP_EVERY as usize,
            "{} keys",
            limiter.limiter.len()
        );
    }
}
