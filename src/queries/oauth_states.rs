//! The states of OAuth connects to intervals.icu in progress: bound to a session or a browser, single use.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::RequestId, secrets::TokenHash, words::ConsentPurpose};

/// What a state is bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// The session of somebody who is signed in.
    Session(TokenHash),
    /// The browser of somebody who is not.
    Browser(TokenHash),
}

/// What was begun with a state.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    /// What the consent is for.
    pub(crate) purpose: ConsentPurpose,
    /// What the athlete chose about changes; None without a choice.
    pub(crate) may_write: Option<bool>,
    /// The client's sign-in to go back to, if it still exists.
    pub(crate) request_id: Option<RequestId>,
    /// The word of another page to go on to.
    pub(crate) next: Option<String>,
}

/// Writes a state.
pub(crate) async fn create(
    db: impl Db<'_>,
    state: TokenHash,
    bound: Bound,
    begun: &Begun,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (session, browser) = match bound {
        Bound::Session(hash) => (Some(hash), None),
        Bound::Browser(hash) => (None, Some(hash)),
    };
    sqlx::query!(
        r#"
        insert into oauth_states
            (hash, session_hash, browser_hash, purpose, may_write, next, created_at, expires_at, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, (select id from sign_in_requests where id = $9))
        "#,
        state.as_bytes(),
        session.as_ref().map(TokenHash::as_bytes),
        browser.as_ref().map(TokenHash::as_bytes),
        begun.purpose.as_str(),
        begun.may_write,
        begun.next,
        now,
        expires_at,
        begun.request_id.map(|id| id.0)
    )
    .execute(db)
    .await
    .map(drop)
}

/// Spends a state; None if it is unknown, spent, expired, or bound to neither this session nor this browser.
pub(crate) async fn take(
    db: impl Db<'_>,
    state: TokenHash,
    session: Option<TokenHash>,
    browser: Option<TokenHash>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Begun>> {
    sqlx::query_as!(
        Begun,
        r#"
        delete from oauth_states where hash = $1 and (session_hash = $2 or browser_hash = $3) and expires_at > $4
        returning purpose as "purpose: ConsentPurpose", may_write, request_id as "request_id: RequestId", next
        "#,
        state.as_bytes(),
        session.as_ref().map(TokenHash::as_bytes),
        browser.as_ref().map(TokenHash::as_bytes),
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `limit` expired states.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from oauth_states where hash in (
            select hash from oauth_states where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
