//! Browser sessions: begun at sign-in, found by the hash of their cookie, ended on the server.
//!
//! No HTML and no redirects: the page decides what happens without a session.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, header::USER_AGENT};

use super::{
    cookie::SESSION,
    door::Came,
    policy::{self, Admission},
};
use crate::{
    app::App,
    ids::AccountId,
    policy::{Kind, Policy},
    queries,
    secrets::{Token, TokenHash, TokenKind},
};

/// A session that is unused for this long has expired.
pub(crate) const IDLE: Duration = Duration::days(14);
/// After this long a session has expired, even if it is used.
pub(crate) const ABSOLUTE: Duration = Duration::days(90);
/// The row's time of last use is written at most this often.
const TOUCH_EVERY: Duration = Duration::minutes(1);
/// How many characters of the browser's name for itself are kept.
const USER_AGENT_CHARS: usize = 200;

/// A session that has not expired, and its account.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The hash of its token; an OAuth state is bound to it too.
    pub hash: TokenHash,
    /// The account.
    pub account: AccountId,
    /// The account's confirmed address, as typed.
    pub email: Option<String>,
    /// Who that is, for the person: the address, else the athlete's name.
    pub who: String,
    /// How it came in; none if it began before that was kept.
    pub came: Option<Came>,
    /// When a factor was last shown in it.
    pub factor_at: Option<DateTime<Utc>>,
    /// The recovery of the account that is open.
    pub recovery: Option<Recovering>,
    /// The policy that lets it in.
    pub policy: Arc<Policy>,
    /// Whether the policy lets the owner's clients change something.
    pub writes: bool,
}

/// A recovery that is open: somebody says that every factor is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovering {
    /// When its link can be mailed.
    pub ready_at: DateTime<Utc>,
    /// When it was mailed.
    pub mailed_at: Option<DateTime<Utc>>,
}

/// Whose request it is, by its cookie.
#[derive(Debug, Clone)]
pub(crate) enum Visitor {
    /// Nobody who is signed in.
    Stranger,
    /// Somebody who is signed in.
    In(Box<Session>),
    /// Somebody who is signed in and whom the policy does not let in, or not by the way in which they came.
    KeptOut(AccountId, Admission),
}

/// Who sent a request, for the log: the layers put an empty one into each request, and the code that authenticates it
/// fills it in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Who(Arc<OnceLock<AccountId>>);

impl Who {
    /// Notes the account; a later one changes nothing.
    pub(crate) fn note(&self, account: AccountId) {
        let _ = self.0.set(account);
    }

    /// The account, if the request was authenticated.
    pub(crate) fn account(&self) -> Option<AccountId> {
        self.0.get().copied()
    }
}

/// Whose request it is. A malformed cookie costs no query.
pub(crate) async fn visitor(app: &App, headers: &HeaderMap) -> sqlx::Result<Visitor> {
    let Some(hash) = hash_of(app, headers) else {
        return Ok(Visitor::Stranger);
    };
    let now = app.clock.now();
    let (issuer, began, used) = (app.config.issuer(), now - ABSOLUTE, now - IDLE);
    let Some(row) = queries::sessions::living(&app.pool, hash, issuer, began, used).await? else {
        return Ok(Visitor::Stranger);
    };
    let policy = policy::of(&app.pool, app, row.policy).await?;
    let facts = match policy::current(app, &policy, Kind::Athlete, &row.facts).await? {
        Ok(facts) => facts,
        Err(why) => return Ok(Visitor::KeptOut(row.account_id, Admission::NotCurrent(why))),
    };
    let admission = policy::came_in(&policy, Kind::Athlete, &facts, row.way);
    if admission != Admission::In {
        return Ok(Visitor::KeptOut(row.account_id, admission));
    }
    let writes = policy::writes(&policy, Kind::Athlete, &facts);
    // If the clock was wrong for a while, a time in the future would keep the session alive until then.
    if !(Duration::zero()..TOUCH_EVERY).contains(&(now - row.last_seen_at)) {
        queries::sessions::touch(&app.pool, hash, now).await?;
    }
    Ok(Visitor::In(Box::new(Session {
        writes,
        policy,
        hash,
        account: row.account_id,
        who: row
            .email
            .clone()
            .or(row.athlete_name)
            .unwrap_or_else(|| "an athlete".to_owned()),
        email: row.email,
        came: row.way.map(|way| Came {
            way,
            factor: row.factor,
            is_proof: false,
            identity: row.identity_id,
            provider_session: row.provider_session,
        }),
        factor_at: row.factor_at,
        recovery: row.recovery_ready_at.map(|ready_at| Recovering {
            ready_at,
            mailed_at: row.recovery_mailed_at,
        }),
    })))
}

/// Begins a session for `account` within `db`'s transaction and ends the one that the browser came with, so that no
/// cookie from before a sign-in works after it. Returns the `Set-Cookie`. Who comes in from outside comes through
/// [`super::door::enter`], which asks for a second factor first.
pub(super) async fn begin(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    came: &Came,
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    let now = app.clock.now();
    let factor_at = came.factor.map(|_| now);
    begin_as(db, app, account, (Some(came), factor_at), headers).await
}

/// Begins another session for somebody who is signed in, within `db`'s transaction that ended the others: it came in as `session`
/// did. `is_proof` if its owner has just proved to be there other than by a password.
pub(crate) async fn renew(
    db: &mut sqlx::PgConnection,
    app: &App,
    session: &Session,
    is_proof: bool,
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    let came = session.came.clone().map(|came| Came { is_proof, ..came });
    begin_as(
        db,
        app,
        session.account,
        (came.as_ref(), session.factor_at),
        headers,
    )
    .await
}

async fn begin_as(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    (came, factor_at): (Option<&Came>, Option<DateTime<Utc>>),
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    if let Some(old) = hash_of(app, headers) {
        queries::sessions::end(&mut *db, old).await?;
    }
    let token = Token::mint(TokenKind::Session, &app.random);
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let user_agent: String = user_agent.chars().take(USER_AGENT_CHARS).collect();
    let now = app.clock.now();
    let new = queries::sessions::New {
        hash: token.hash(),
        account_id: account,
        user_agent: &user_agent,
        way: came.map(|came| came.way),
        factor: came.and_then(|came| came.factor),
        factor_at,
        proved_at: came.filter(|came| came.is_proof).map(|_| now),
        identity_id: came.and_then(|came| came.identity),
        provider_session: came.and_then(|came| came.provider_session.as_deref()),
    };
    queries::sessions::create(&mut *db, &new, now).await?;
    Ok(SESSION.set(token.expose(), ABSOLUTE, app.config.public_url.is_https()))
}

/// Ends the session that the browser came with, if any. Returns the `Set-Cookie` that forgets it.
pub(crate) async fn end(app: &App, headers: &HeaderMap) -> sqlx::Result<HeaderValue> {
    if let Some(hash) = hash_of(app, headers) {
        queries::sessions::end(&app.pool, hash).await?;
    }
    Ok(SESSION.clear(app.config.public_url.is_https()))
}

fn hash_of(app: &App, headers: &HeaderMap) -> Option<TokenHash> {
    let value = SESSION.read(headers, app.config.public_url.is_https())?;
    Some(Token::parse(TokenKind::Session, value)?.hash())
}
