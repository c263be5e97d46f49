//! Browser sessions: begun at sign-in, found by the hash of their cookie, ended on the server.
//!
//! No HTML and no redirects: the page decides what happens without a session.

use std::sync::{Arc, OnceLock};

use chrono::Duration;
use http::{HeaderMap, HeaderValue, header::USER_AGENT};

use super::cookie::SESSION;
use crate::{
    app::App,
    ids::AccountId,
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

/// The session that the request's cookie names, unless it has expired. A malformed cookie costs no query.
pub(crate) async fn current(app: &App, headers: &HeaderMap) -> sqlx::Result<Option<Session>> {
    let Some(hash) = hash_of(app, headers) else {
        return Ok(None);
    };
    let now = app.clock.now();
    let Some(row) = queries::sessions::living(&app.pool, hash, now - ABSOLUTE, now - IDLE).await? else {
        return Ok(None);
    };
    // If the clock was wrong for a while, a time in the future would keep the session alive until then.
    if !(Duration::zero()..TOUCH_EVERY).contains(&(now - row.last_seen_at)) {
        queries::sessions::touch(&app.pool, hash, now).await?;
    }
    Ok(Some(Session {
        hash,
        account: row.account_id,
        who: row
            .email
            .clone()
            .or(row.athlete_name)
            .unwrap_or_else(|| "an athlete".to_owned()),
        email: row.email,
    }))
}

/// Begins a session for `account` within `db`'s transaction and ends the one that the browser came with, so that no
/// cookie from before a sign-in works after it. Returns the `Set-Cookie`.
pub(crate) async fn begin(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    begin_with(db, app, account, headers, false).await
}

/// The same for an athlete who has just given a consent at intervals.icu.
pub(crate) async fn begin_by_consent(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    headers: &HeaderMap,
) -> sqlx::Result<HeaderValue> {
    begin_with(db, app, account, headers, true).await
}

async fn begin_with(
    db: &mut sqlx::PgConnection,
    app: &App,
    account: AccountId,
    headers: &HeaderMap,
    by_consent: bool,
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
    queries::sessions::create(&mut *db, token.hash(), account, &user_agent, now).await?;
    if by_consent {
        queries::sessions::note_proof(db, token.hash(), now).await?;
    }
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
