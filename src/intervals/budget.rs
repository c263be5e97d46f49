//! How many requests may go upstream: a number per second, a fair daily share for each athlete, and never more than
//! upstream's own counters have left.
//!
//! An OAuth app has one pool for all its athletes; an API key has its own. No HTTP here but the header names.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use http::HeaderMap;
use metrics::gauge;
use tokio::time::Instant;

use super::{
    asker::CallerKey,
    error::{Error, Failure},
    pace::Pace,
};
use crate::{ids::AthleteId, time::Clock};

/// `X-RateLimit-Limit: <15 min>,<day>` (forum.intervals.icu/t/609).
const LIMIT: &str = "x-ratelimit-limit";
/// `X-RateLimit-Remaining: <15 min>,<day>`.
const REMAINING: &str = "x-ratelimit-remaining";

/// With nothing left, one request per interval still goes out to check whether that is still so: the quarter of an hour
/// rolls, and a counter that was wrong once must not end the day.
const LOOK_AGAIN_QUARTER: TimeDelta = TimeDelta::seconds(60);
const LOOK_AGAIN_DAY: TimeDelta = TimeDelta::minutes(5);
/// How long upstream's counter of a quarter of an hour says something.
const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// The counters that a request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pool {
    /// Those of our OAuth app, for all its athletes together.
    App,
    /// Those of this athlete's API key.
    Key(AthleteId),
    /// Unknown: an API key before its first answer, and the OAuth calls themselves.
    Unknown,
}

/// What a request counts against.
#[derive(Debug, Clone)]
pub(super) struct Spender {
    pub(super) caller: CallerKey,
    /// The athlete whose daily share it uses, if any.
    pub(super) athlete: Option<AthleteId>,
    pub(super) pool: Pool,
}

/// The whole budget of the process.
#[derive(Debug)]
pub(super) struct Budget {
    clock: Clock,
    pace: Pace,
    per_day: u32,
    /// Without an OAuth app the gauges show the API key's pool instead of the app's.
    has_app: bool,
    shares: Mutex<Shares>,
}

/// What was spent and seen today. All of it is dropped at midnight UTC, so there is at most one entry per athlete who
/// asked today.
#[derive(Debug, Default)]
struct Shares {
    day: NaiveDate,
    spent: HashMap<AthleteId, u32>,
    app: Counters,
    keys: HashMap<AthleteId, Counters>,
}

/// Upstream's latest counters of a pool.
#[derive(Debug, Default, Clone, Copy)]
struct Counters {
    quarter: Option<Seen>,
    day: Option<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    limit: u32,
    remaining: u32,
    at: DateTime<Utc>,
}

impl Seen {
    /// How long nothing more may be sent; None while something is left.
    fn closed_for(self, now: DateTime<Utc>, look_again: TimeDelta) -> Option<Duration> {
        let left = look_again - (now - self.at);
        // A clock that was set back must not close the pool for longer than the interval itself.
        let closed = self.remaining == 0 && left > TimeDelta::zero() && left <= look_again;
        closed.then(|| left.to_std().unwrap_or_default())
    }
}

impl Budget {
    pub(super) fn new(clock: Clock, per_second: u32, per_day: u32, has_app: bool) -> Self {
        Self {
            clock,
            pace: Pace::new(per_second),
            per_day,
            has_app,
            shares: Mutex::default(),
        }
    }

    /// Waits until one request may go out, and counts it. [`Error::Busy`] if it may not, or not before `deadline`.
    pub(super) async fn admit(&self, spender: &Spender, deadline: Instant) -> Result<(), Failure> {
        self.check(spender).map_err(Failure::shared)?;
        self.pace.turn(spender.caller, deadline).await.map_err(|late| {
            Failure::own(Error::Busy {
                retry_after: late.wait.max(Duration::from_secs(1)),
            })
        })?;
        self.spend(spender).map_err(Failure::shared)
    }

    /// Stores what upstream says is left. An answer without the two headers changes nothing.
    pub(super) fn learn(&self, pool: &Pool, headers: &HeaderMap) {
        let Some((limits, left)) = pair(headers, LIMIT).zip(pair(headers, REMAINING)) else {
            return;
        };
        let at = self.clock.now();
        let seen = |limit, remaining| Some(Seen { limit, remaining, at });
        let new = Counters {
            quarter: seen(limits.0, left.0),
            day: seen(limits.1, left.1),
        };
        {
            let mut shares = self.today(at);
            match pool {
                Pool::App => shares.app = new,
                Pool::Key(athlete) => drop(shares.keys.insert(athlete.clone(), new)),
                Pool::Unknown => return,
            }
        }
        if !self.has_app || *pool == Pool::App {
            gauge!("icusync_upstream_remaining", "window" => "quarter_hour").set(f64::from(left.0));
            gauge!("icusync_upstream_remaining", "window" => "day").set(f64::from(left.1));
        }
    }

    /// How many requests are left today: of the athlete's share, or of the pool while more than a quarter of it is left, and never
    /// more than upstream's counters have.
    pub(super) fn left(&self, spender: &Spender) -> u32 {
        let now = self.clock.now();
        self.today(now).left(spender, now, self.per_day)
    }

    fn check(&self, spender: &Spender) -> Result<(), Error> {
        let now = self.clock.now();
        self.today(now).check(spender, now, self.per_day)
    }

    /// Checks again, since others may have spent during the wait, and counts.
    fn spend(&self, spender: &Spender) -> Result<(), Error> {
        let now = self.clock.now();
        let mut shares = self.today(now);
        shares.check(spender, now, self.per_day)?;
        if let Some(athlete) = &spender.athlete {
            *shares.spent.entry(athlete.clone()).or_default() += 1;
        }
        // This request checks whether anything is left again; the others wait for its result.
        if let Some(counters) = shares.counters_mut(&spender.pool) {
            for seen in [&mut counters.quarter, &mut counters.day].into_iter().flatten() {
                if seen.remaining == 0 {
                    seen.at = now;
                }
            }
        }
        Ok(())
    }

    fn today(&self, now: DateTime<Utc>) -> MutexGuard<'_, Shares> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.date_naive();
        if shares.day != day {
            *shares = Shares {
                day,
                ..Shares::default()
            };
        }
        shares
    }
}

impl Shares {
    fn counters(&self, pool: &Pool) -> Counters {
        match pool {
            Pool::App => self.app,
            Pool::Key(athlete) => self.keys.get(athlete).copied().unwrap_or_default(),
            Pool::Unknown => Counters::default(),
        }
    }

    fn counters_mut(&mut self, pool: &Pool) -> Option<&mut Counters> {
        match pool {
            Pool::App => Some(&mut self.app),
            Pool::Key(athlete) => self.keys.get_mut(athlete),
            Pool::Unknown => None,
        }
    }

    fn left(&self, spender: &Spender, now: DateTime<Utc>, per_day: u32) -> u32 {
        let Counters { quarter, day } = self.counters(&spender.pool);
        let spent = spender
            .athlete
            .as_ref()
            .and_then(|athlete| self.spent.get(athlete));
        let of_share = per_day.saturating_sub(spent.copied().unwrap_or(0));
        let beyond_it = day.map_or(0, |seen| seen.remaining.saturating_sub(seen.limit / 4));
        // An older one says nothing about the quarter of an hour that runs.
        let quarter = quarter.filter(|seen| (TimeDelta::zero()..QUARTER).contains(&(now - seen.at)));
        let by_upstream = [day, quarter].into_iter().flatten().map(|seen| seen.remaining);
        by_upstream.fold(of_share.max(beyond_it), u32::min)
    }

    fn check(&self, spender: &Spender, now: DateTime<Utc>, per_day: u32) -> Result<(), Error> {
        let Counters { quarter, day } = self.counters(&spender.pool);
        if day.is_some_and(|seen| seen.closed_for(now, LOOK_AGAIN_DAY).is_some()) {
            return Err(Error::Busy {
                retry_after: until_midnight(now),
            });
        }
        if let Some(retry_after) = quarter.and_then(|seen| seen.closed_for(now, LOOK_AGAIN_QUARTER)) {
            return Err(Error::Busy { retry_after });
        }
        let Some(athlete) = &spender.athlete else {
            return Ok(());
        };
        let within_share = self.spent.get(athlete).copied().unwrap_or(0) < per_day;
        let plenty_left = day.is_some_and(|seen| seen.remaining > seen.limit / 4);
        if within_share || plenty_left {
            return Ok(());
        }
        Err(Error::Busy {
            retry_after: until_midnight(now),
        })
    }
}

/// Upstream's day ends at midnight UTC.
fn until_midnight(now: DateTime<Utc>) -> Duration {
    let midnight = (now.date_naive() + Days::new(1))
        .and_time(NaiveTime::MIN)
        .and_utc();
    (midnight - now).to_std().unwrap_or_default()
}

/// `2500,8000`; a count below zero is zero.
fn pair(headers: &HeaderMap, name: &str) -> Option<(u32, u32)> {
    let (quarter, day) = headers.get(name)?.to_str().ok()?.split_once(',')?;
    let count = |text: &str| -> Option<u32> {
        let number: i64 = text.trim().parse().ok()?;
        Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
    };
    Some((count(quarter)?, count(day)?))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use http::HeaderValue;
    use uuid::Uuid;

    use super::*;

    const PER_DAY: u32 = 5;

    fn budget() -> (Budget, Clock) {
        let clock = Clock::fake(Utc.with_ymd_and_hms(2026, 11, 21, 23, 0, 0).unwrap());
        (Budget::new(clock.clone(), 1000, PER_DAY, true), clock)
    }

    fn spender(athlete: &str, pool: Pool) -> Spender {
        Spender {
            caller: CallerKey(Uuid::nil()),
            athlete: Some(athlete.parse().unwrap()),
            pool,
        }
    }

    fn headers(limit: &str, remaining: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(LIMIT, HeaderValue::from_str(limit).unwrap());
        headers.insert(REMAINING, HeaderValue::from_str(remaining).unwrap());
        headers
    }

    async fn asks(budget: &Budget, who: &Spender) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(5);
        budget.admit(who, deadline).await.map_err(|failure| failure.error)
    }

    fn busy_for(result: Result<(), Error>) -> Duration {
        match result {
            Err(Error::Busy { retry_after }) => retry_after,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_share_ends_and_is_renewed_at_midnight_utc() {
        let (budget, clock) = budget();
        let (ana, jack) = (spender("i1", Pool::App), spender("i2", Pool::App));
        for _ in 0..PER_DAY {
            asks(&budget, &ana).await.unwrap();
        }
        assert_eq!(busy_for(asks(&budget, &ana).await), Duration::from_hours(1));
        asks(&budget, &jack).await.unwrap();
        clock.advance(TimeDelta::minutes(61));
        asks(&budget, &ana).await.unwrap();
        assert_eq!(budget.today(clock.now()).spent.len(), 1, "yesterday is forgotten");
    }

    #[tokio::test]
    async fn more_than_the_share_while_the_pool_is_above_a_quarter() {
        let (budget, _clock) = budget();
        let ana = spender("i1", Pool::App);
        budget.learn(&Pool::App, &headers("2500,8000", "2400,2001"));
        for _ in 0..PER_DAY * 3 {
            asks(&budget, &ana).await.unwrap();
        }
        budget.learn(&Pool::App, &headers("2500,8000", "2400,2000"));
        busy_for(asks(&budget, &ana).await);
        asks(&budget, &spender("i2", Pool::App)).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_left_is_the_share_or_the_pools_plenty_and_never_more_than_upstream_has() {
        let (budget, clock) = budget();
        let (ana, jack) = (spender("i1", Pool::App), spender("i2", Pool::App));
        assert_eq!(budget.left(&ana), PER_DAY);
        asks(&budget, &ana).await.unwrap();
        assert_eq!((budget.left(&ana), budget.left(&jack)), (PER_DAY - 1, PER_DAY));
        budget.learn(&Pool::App, &headers("2500,8000", "2400,2100"));
        assert_eq!(budget.left(&ana), 100, "what the pool has beyond a quarter");
        budget.learn(&Pool::App, &headers("2500,8000", "2400,3"));
        assert_eq!(budget.left(&ana), 3, "what is left of upstream's day");
        budget.learn(&Pool::App, &headers("2500,8000", "2,1900"));
        assert_eq!(budget.left(&ana), 2, "what is left of the quarter of an hour");
        clock.advance(TimeDelta::minutes(15));
        assert_eq!(budget.left(&ana), PER_DAY - 1, "a counter of an earlier one");
        let key = spender("i1", Pool::Key("i1".parse().unwrap()));
        assert_eq!(budget.left(&key), PER_DAY - 1, "of a key nothing is known yet");
    }

    #[tokio::test]
    async fn with_nothing_left_only_one_check_a_minute_is_sent() {
        let (budget, clock) = budget();
        let (ana, jack) = (spender("i1", Pool::App), spender("i2", Pool::App));
        budget.learn(&Pool::App, &headers("2500,8000", "0,4122"));
        assert_eq!(busy_for(asks(&budget, &ana).await), Duration::from_mins(1));
        clock.advance(TimeDelta::seconds(60));
        asks(&budget, &jack).await.unwrap();
        busy_for(asks(&budget, &ana).await);
        budget.learn(&Pool::App, &headers("2500,8000", "7,4122"));
        asks(&budget, &ana).await.unwrap();
        budget.learn(&Pool::App, &headers("2500,8000", "7,-1"));
        assert_eq!(busy_for(asks(&budget, &ana).await), Duration::from_mins(59));
        clock.advance(TimeDelta::hours(1));
        asks(&budget, &ana).await.unwrap();
    }

    #[tokio::test]
    async fn an_api_key_has_its_own_pool() {
        let (budget, _clock) = budget();
        let key = Pool::Key("i1".parse().unwrap());
        budget.learn(&key, &headers("2500,5000", "0,0"));
        busy_for(asks(&budget, &spender("i1", key)).await);
        asks(&budget, &spender("i2", Pool::App)).await.unwrap();
        let other = Pool::Key("i3".parse().unwrap());
        asks(&budget, &spender("i3", other)).await.unwrap();
    }

    #[tokio::test]
    async fn a_clock_set_back_does_not_close_the_pool() {
        let (budget, clock) = budget();
        budget.learn(&Pool::App, &headers("2500,8000", "0,10"));
        clock.advance(TimeDelta::minutes(-30));
        asks(&budget, &spender("i1", Pool::App)).await.unwrap();
    }

    #[test]
    fn odd_headers_change_nothing() {
        for (limit, remaining) in [("2500", "0"), ("a,b", "0,0"), ("2500,8000", ""), (",", ",")] {
            assert!(
                pair(&headers(limit, remaining), LIMIT)
                    .zip(pair(&headers(limit, remaining), REMAINING))
                    .is_none()
            );
        }
        assert_eq!(pair(&headers(" 2500 , 8000 ", "1,2"), LIMIT), Some((2500, 8000)));
    }
}
