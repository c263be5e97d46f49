//! Connectors: from the token in a path or a header to a caller, and how many requests one connector may make.
//!
//! No HTTP and no tools here. What the caller may do is in [`super::grant`].

use std::{
    borrow::Cow,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use moka::future::Cache;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Caller,
    connection::unreachable,
    log_buffer,
    lookups::{self, Lookups},
    offer::{Narrow, Offer},
    policy,
};
use crate::{
    app::App,
    ids::{ConnectorId, GrantId},
    policy::Policy,
    queries::{
        callers::{Found, Owner},
        connectors::{self, Live, Use},
        grants, in_time,
    },
    secrets::{Token, TokenHash, TokenKind},
    tool_error::ToolError,
};

/// How many calls of one link may wait for a turn; more are answered busy immediately.
const WAITING_AT_ONCE: usize = 128;
/// How long a call may wait for its turn before it is answered busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request with an unfamiliar token waits for a lookup while strangers flood us.
const STRANGERS_WAIT: Duration = Duration::from_secs(2);
/// Simultaneous lookups of tokens not seen lately, while strangers flood us.
const STRANGERS_AT_ONCE: usize = 2;
/// Requests of any kind that a link may send per tool call that it may make: connecting takes a few.
const REQUESTS_PER_CALL: u32 = 10;
/// For how long what was found about a caller counts. A call that takes longer looks again before its answer leaves, one that
/// waited for longer looks again before it begins.
const COUNTS_FOR: Duration = Duration::from_secs(1);
/// The most links and tokens to remember.
const REMEMBERED: u64 = 50_000;

/// A caller, the token that they came with, and what is left of the link's rate limit.
#[derive(Clone)]
pub struct Visitor {
    /// The caller.
    pub caller: Caller,
    known: Known,
    asked_at: Instant,
    hash: TokenHash,
    lane: Arc<Lane>,
}

/// What was found about a caller, and the policy that judges it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The owner, and what may be opened.
    pub(crate) found: Arc<Found>,
    /// The policy.
    pub(crate) policy: Arc<Policy>,
}

impl Known {
    /// The same with what the outside provider says of the caller now.
    async fn current(&self, app: &App) -> Result<Self, ToolError> {
        let kind = policy::kind_of(&self.found);
        let current = policy::current(app, &self.policy, kind, &self.found.facts).await;
        let current = current.map_err(|error| {
            tracing::error!(%error, "cannot look up an identity");
            unreachable()
        })?;
        let found = match current {
            Ok(Cow::Borrowed(_)) => self.found.clone(),
            Ok(Cow::Owned(facts)) => Arc::new(Found {
                facts,
                ..(*self.found).clone()
            }),
            Err(not_current) => {
                let text = format!("Not done: {}", not_current.in_words(app, kind));
                return Err(ToolError::Refused(text));
            }
        };
        Ok(Self {
            found,
            policy: self.policy.clone(),
        })
    }

    /// Whether the policy leaves the athlete of this grant on the coach's roster. A grant that is not among what was found is left
    /// to whoever asks for it.
    pub(crate) fn has_on_roster(&self, app: &App, grant: GrantId) -> bool {
        let Some(Owner::Coach { roster, .. }) = &self.found.owner else {
            return true;
        };
        let mut those = roster.iter().filter(|granted| granted.member.grant_id == grant);
        those.all(|granted| policy::is_on_roster(app, &self.policy, &granted.facts))
    }
}

/// Why a request was turned away. None of these contains the text of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// No such token: malformed, unknown, replaced or ended.
    Unknown,
    /// Too many requests; how long to wait.
    Flood(Duration),
    /// The database does not answer.
    Away,
}

/// Admits requests with a valid token, and counts all.
pub(crate) struct Gate {
    strangers: DefaultDirectRateLimiter,
    strangers_queue: Semaphore,
    flooded_until: Mutex<Option<Instant>>,
    lookups: Lookups,
    /// Tokens that were valid lately, and whether they are a coach's: they are looked up without waiting even while strangers
    /// flood us.
    familiar: Cache<TokenHash, bool>,
    lanes: Cache<ConnectorId, Arc<Lane>>,
    per_minute: NonZeroU32,
    at_once: usize,
    /// Shared by all limits, because making one asks the processor what it can do.
    clock: DefaultClock,
}

/// One link's running calls and what it has used of its limits.
struct Lane {
    requests: DefaultDirectRateLimiter,
    calls: DefaultDirectRateLimiter,
    running: Arc<Semaphore>,
    /// Places to wait for a turn, so that one link cannot fill the service with waiting connections.
    waiting: Semaphore,
    /// When a use was last written to the link's row, in seconds since the epoch.
    touched: AtomicI64,
}

impl Gate {
    /// A gate with the limits of the settings.
    pub(crate) fn new(app: &App) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let config = &app.config;
        Self {
            strangers: RateLimiter::direct(Quota::per_minute(at_least_one(config.strangers_per_minute))),
            strangers_queue: Semaphore::new(STRANGERS_AT_ONCE),
            flooded_until: Mutex::new(None),
            lookups: Lookups::default(),
            familiar: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(Duration::from_hours(1))
                .build(),
            lanes: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(Duration::from_mins(10))
                .build(),
            per_minute: at_least_one(config.calls_per_minute),
            at_once: usize::try_from(config.calls_at_once.max(1)).unwrap_or(1),
            clock: DefaultClock::default(),
        }
    }

    /// The caller to whom the token of `kind` belongs. A text that is not such a token costs no query; every token that is
    /// not in use (regenerated, ended, expired, never minted) costs the same query.
    pub(crate) async fn admit(&self, app: &App, kind: TokenKind, text: &str) -> Result<Visitor, Turned> {
        let Some(token) = Token::parse(kind, text) else {
            return Err(self.stranger(kind));
        };
        let hash = token.hash();
        let familiar = self.familiar.get(&hash).await;
        let _turn = if self.flooded() && familiar.is_none() {
            let turn = timeout(STRANGERS_WAIT, self.strangers_queue.acquire()).await;
            Some(turn.map_err(|_| Turned::Flood(STRANGERS_WAIT))?)
        } else {
            None
        };
        let asked_at = Instant::now();
        let found = if familiar == Some(true) {
            lookups::alone(app, hash).await
        } else {
            self.lookups.of(app, hash).await
        };
        let Some(found) = found.map_err(|_| Turned::Away)? else {
            self.familiar.invalidate(&hash).await;
            return Err(self.stranger(kind));
        };
        let caller = caller_of(&found).ok_or(Turned::Away)?;
        let policy = policy_of(app, &found).await.map_err(|_| Turned::Away)?;
        if !policy::opens(&policy, kind) {
            return Err(self.stranger(kind));
        }
        if familiar.is_none() {
            let is_coach = matches!(caller, Caller::Coach { .. });
            self.familiar.insert(hash, is_coach).await;
        }
        let lane = self
            .lanes
            .get_with(found.id, async { Arc::new(self.lane()) })
            .await;
        lane.requests
            .check()
            .map_err(|until| Turned::Flood(until.wait_time_from(self.clock.now())))?;
        Ok(Visitor {
            caller,
            known: Known { found, policy },
            asked_at,
            hash,
            lane,
        })
    }

    /// Counts a request without a valid token. A client that signed in hears that its token is over, however many strangers
    /// there are: only that makes it refresh the token, or ask its person.
    fn stranger(&self, kind: TokenKind) -> Turned {
        match self.strangers.check() {
            Ok(()) => Turned::Unknown,
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                *self.flooded_until.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now() + wait);
                if kind == TokenKind::Access {
                    Turned::Unknown
                } else {
                    Turned::Flood(wait)
                }
            }
        }
    }

    /// Whether strangers have used up their share now. Checking uses none of it.
    fn flooded(&self) -> bool {
        let until = *self.flooded_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn lane(&self) -> Lane {
        let requests = self
            .per_minute
            .saturating_mul(NonZeroU32::new(REQUESTS_PER_CALL).unwrap_or(NonZeroU32::MIN));
        Lane {
            requests: RateLimiter::direct_with_clock(Quota::per_minute(requests), self.clock.clone()),
            calls: RateLimiter::direct_with_clock(Quota::per_minute(self.per_minute), self.clock.clone()),
            running: Arc::new(Semaphore::new(self.at_once)),
            waiting: Semaphore::new(WAITING_AT_ONCE),
            touched: AtomicI64::new(0),
        }
    }
}

/// What may be opened now by whoever holds a token that was in use at `used_at`. `None` if it was not; an error if the policy does
/// not let its owner in.
pub(super) async fn known_at(
    app: &App,
    hash: TokenHash,
    used_at: DateTime<Utc>,
) -> Result<Option<Known>, ToolError> {
    let found = lookups::alone_at(app, hash, used_at).await;
    let Some(found) = found.map_err(|_| unreachable())? else {
        return Ok(None);
    };
    let policy = policy_of(app, &found).await.map_err(|_| unreachable())?;
    if !found.is_sign_in && !policy.has_links() {
        return Ok(None);
    }
    let known = Known { found, policy }.current(app).await?;
    policy::check_call(app, &known.policy, &known.found)?;
    Ok(Some(known))
}

/// The policy that was in force when a caller was found.
async fn policy_of(app: &App, found: &Found) -> sqlx::Result<Arc<Policy>> {
    let policy = in_time(policy::of(&app.pool, app, found.policy)).await;
    policy.inspect_err(|error| tracing::error!(%error, "cannot read the policy"))
}

/// Who a connector's owner is; None, and a line in the log, if the row has not one owner.
pub(super) fn caller_of(found: &Found) -> Option<Caller> {
    let link = found.id;
    match &found.owner {
        Some(Owner::Account { id, connection }) => Some(Caller::Athlete {
            account: *id,
            link,
            athlete: connection
                .as_ref()
                .map(|connection| connection.athlete_id.clone()),
        }),
        Some(Owner::Coach { id, email, .. }) => Some(Caller::Coach {
            coach: *id,
            link,
            email: email.clone(),
        }),
        None => {
            tracing::error!(%link, "a connector without one owner");
            None
        }
    }
}

impl Visitor {
    /// Whether the connector's switch lets it change something.
    pub(crate) fn may_write(&self) -> bool {
        self.known.found.may_write
    }

    /// Lets the caller call, and change something if that `is_write`, as far as the policy is concerned. If that depends on what the
    /// outside provider says of the caller, it is asked when that is too old.
    pub(crate) async fn check_policy(&self, app: &App, is_write: bool) -> Result<(), ToolError> {
        let Known { found, policy } = self.known.current(app).await?;
        policy::check_call(app, &policy, &found)?;
        if is_write {
            policy::check_write(app, &policy, &found)?;
        }
        Ok(())
    }

    /// Whether what was found about the caller is too old to answer by.
    pub(crate) fn must_look_again(&self) -> bool {
        self.asked_at.elapsed() > COUNTS_FOR
    }

    /// What may be opened for the caller: as it was found when the request came, or as it stands now if that is too long ago.
    /// `None` if this token is no longer in use; an error if the policy does not let its owner in any more.
    pub(crate) async fn known(&self, app: &App) -> Result<Option<Known>, ToolError> {
        if !self.must_look_again() {
            return Ok(Some(self.known.clone()));
        }
        self.known_now(app).await
    }

    async fn known_now(&self, app: &App) -> Result<Option<Known>, ToolError> {
        known_at(app, self.hash, app.clock.now()).await
    }

    /// What the policy in force, which has this number, leaves of the caller's right to the answer: as [`Self::known`], for a call
    /// that must look again. It asks only if there is a policy.
    pub(crate) async fn still_known(&self, app: &App, policy: i64) -> Result<Option<Known>, ToolError> {
        if policy == self.known.found.policy && self.known.policy.is_empty() {
            return Ok(Some(self.known.clone()));
        }
        self.known_now(app).await
    }

    /// Waits for a turn to call a tool, at most [`PATIENCE`]. The turn ends when the permit is dropped. The error is
    /// how long to wait before trying again.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Duration> {
        let deadline = Instant::now() + PATIENCE;
        let Ok(_place) = self.lane.waiting.try_acquire() else {
            return Err(PATIENCE);
        };
        let Ok(Ok(permit)) = timeout_at(deadline, self.lane.running.clone().acquire_owned()).await else {
            return Err(PATIENCE);
        };
        loop {
            let Err(until) = self.lane.calls.check() else {
                return Ok(permit);
            };
            let wait = until.wait_time_from(self.lane.calls.clock().now());
            if Instant::now() + wait > deadline {
                return Err(wait);
            }
            sleep(wait).await;
        }
    }

    /// What the connector offers through a URL with this query.
    pub fn offer(&self, narrow: Narrow) -> Offer {
        Offer::new(self.known.found.groups_off.clone(), narrow)
            .of_sign_in(self.known.found.is_sign_in.then(|| self.link()))
    }

    /// The link and its connection as they are now; `None` if this token is no longer in use.
    pub async fn live(&self, app: &App) -> sqlx::Result<Option<Live>> {
        in_time(connectors::live(&app.pool, self.hash, app.clock.now())).await
    }

    /// These grants of a coach as they are now; `None` if this token is no longer in use.
    pub async fn live_grants(
        &self,
        app: &App,
        grants: &[GrantId],
    ) -> sqlx::Result<Option<grants::LiveGrants>> {
        in_time(grants::live(&app.pool, self.hash, grants, app.clock.now())).await
    }

    /// The token's hash, by which a selection is read and written: regenerating the URL ends its selection.
    pub(crate) fn hash(&self) -> TokenHash {
        self.hash
    }

    /// Notes the use in the link's row: the first one at once, a later one at most once a minute for each process, with what
    /// other calls leave behind.
    pub async fn touch(&self, app: &App, client: &str) -> sqlx::Result<()> {
        let at = app.clock.now();
        let before = self.lane.touched.load(Ordering::Relaxed);
        // If the clock was set back, do not wait for it to catch up.
        let is_noted = (0..60).contains(&(at.timestamp() - before));
        if is_noted && !self.known.found.is_unused {
            return Ok(());
        }
        self.lane.touched.store(at.timestamp(), Ordering::Relaxed);
        if self.known.found.is_unused {
            return in_time(connectors::touch(
                &app.pool,
                self.link(),
                Some(self.hash),
                client,
                at,
            ))
            .await;
        }
        let used = Use {
            at,
            client: client.to_owned(),
            token: self.hash,
        };
        log_buffer::note_connector(app, self.link(), used);
        Ok(())
    }

    /// The link that the caller came through.
    pub fn link(&self) -> ConnectorId {
        self.caller.link()
    }
}

/// For a caller whose token stopped working while the call waited or ran.
pub(crate) fn ended() -> ToolError {
    ToolError::Refused(
        "Not done: this connector was regenerated or ended while the call was waiting for its turn."
            .to_owned(),
    )
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Visitor({})", self.link())
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}
