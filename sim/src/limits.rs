//! Upstream's limits: a pool for the application (or an API key) over 15 minutes and a day, and one for each address.
//!
//! Counting only; the answers are made in `front`.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

/// Requests that a pool takes in any 15 minutes, and in a day of UTC.
pub(super) type Pair = (usize, usize);

/// The pool of the application: all its athletes together.
pub(super) const APP: Pair = (2500, 8000);
/// The pool of an API key.
pub(super) const KEY: Pair = (2500, 5000);
/// Requests a second from one address, and how many may come at once.
const PER_SECOND: f64 = 10.0;
const BURST: f64 = 10.0;

/// What the headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: Pair,
    pub(super) remaining: Pair,
    /// Seconds to wait, if the request was one too many.
    pub(super) retry_after: Option<i64>,
}

#[derive(Debug, Default)]
struct Pool {
    recent: VecDeque<DateTime<Utc>>,
    day: Option<NaiveDate>,
    today: usize,
}

impl Pool {
    fn forget(&mut self, now: DateTime<Utc>) {
        while self
            .recent
            .front()
            .is_some_and(|at| now - *at >= Duration::minutes(15))
        {
            self.recent.pop_front();
        }
        if self.day != Some(now.date_naive()) {
            (self.day, self.today) = (Some(now.date_naive()), 0);
        }
    }

    fn remaining(&self, limit: Pair) -> Pair {
        (
            limit.0.saturating_sub(self.recent.len()),
            limit.1.saturating_sub(self.today),
        )
    }
}

/// Every pool and address.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pools: HashMap<String, Pool>,
    /// Tokens left and when they were counted.
    addresses: HashMap<IpAddr, (f64, DateTime<Utc>)>,
    /// Whether the limit by address applies.
    pub(super) by_address: bool,
}

impl Limits {
    /// Takes one request from a pool, if one is left.
    pub(super) fn take(&mut self, pool: &str, limit: Pair, now: DateTime<Utc>) -> Standing {
        let pool = self.pools.entry(pool.to_owned()).or_default();
        pool.forget(now);
        let remaining = pool.remaining(limit);
        let retry_after = if remaining.1 == 0 {
            let midnight = now
                .date_naive()
                .succ_opt()
                .map(|day| day.and_time(NaiveTime::MIN).and_utc());
            Some(midnight.map_or(86_400, |at| (at - now).num_seconds() + 1))
        } else if remaining.0 == 0 {
            let freed = pool.recent.front().map_or(now, |at| *at + Duration::minutes(15));
            Some((freed - now).num_seconds().max(1))
        } else {
            pool.recent.push_back(now);
            pool.today += 1;
            None
        };
        Standing {
            limit,
            remaining: pool.remaining(limit),
            retry_after,
        }
    }

    /// Leaves this many requests in a pool.
    pub(super) fn leave(&mut self, pool: &str, limit: Pair, remaining: Pair, now: DateTime<Utc>) {
        let pool = self.pools.entry(pool.to_owned()).or_default();
        pool.day = Some(now.date_naive());
        pool.today = limit.1.saturating_sub(remaining.1);
        pool.recent = std::iter::repeat_n(now, limit.0.saturating_sub(remaining.0)).collect();
    }

    /// Whether a request from `address` comes too fast.
    pub(super) fn too_fast(&mut self, address: IpAddr, now: DateTime<Utc>) -> bool {
        if !self.by_address {
            return false;
        }
        let (left, at) = self.addresses.entry(address).or_insert((BURST, now));
        let passed = f64::from(i32::try_from((now - *at).num_milliseconds()).unwrap_or(i32::MAX)) / 1000.0;
        *left = (*left + passed.max(0.0) * PER_SECOND).min(BURST);
        *at = now;
        if *left < 1.0 {
            return true;
        }
        *left -= 1.0;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_pool_runs_out_and_fills_again() {
        let mut limits = Limits::default();
        assert_eq!(limits.take("app", (2, 5), at(0)).remaining, (1, 4));
        assert_eq!(limits.take("app", (2, 5), at(10)).remaining, (0, 3));
        let over = limits.take("app", (2, 5), at(20));
        assert_eq!((over.remaining, over.retry_after), ((0, 3), Some(880)));
        assert_eq!(limits.take("other", (2, 5), at(20)).retry_after, None);
        assert_eq!(limits.take("app", (2, 5), at(900)).retry_after, None);
    }

    #[test]
    fn a_day_runs_out_until_midnight() {
        let mut limits = Limits::default();
        limits.leave("app", APP, (2500, 1), at(0));
        assert_eq!(limits.take("app", APP, at(0)).retry_after, None);
        let over = limits.take("app", APP, at(1));
        let wait = over.retry_after.unwrap();
        assert!(limits.take("app", APP, at(1 + wait)).retry_after.is_none());
        assert!((1..=86_400).contains(&wait));
    }

    #[test]
    fn an_address_may_burst_then_ten_a_second() {
        let (mut limits, address) = (
            Limits {
                by_address: true,
                ..Limits::default()
            },
            IpAddr::from([127, 0, 0, 1]),
        );
        let passed = (0..30).filter(|_| !limits.too_fast(address, at(0))).count();
        assert_eq!(passed, 10);
        assert!(!limits.too_fast(address, at(1)));
        limits.by_address = false;
        assert!((0..50).all(|_| !limits.too_fast(address, at(1))));
    }
}
