//! Browser sessions, found by the hash of their cookie.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{
    Db,
    policies::{Facts, athlete_in, with_facts},
};
use crate::{
    ids::{AccountId, IdentityId, SessionId},
    secrets::TokenHash,
    words::{ConnectionStatus, Factor, Way},
};

/// A session that has not expired.
#[derive(Debug, Clone)]
pub struct Session {
    /// The account.
    pub account_id: AccountId,
    /// The account's address, once one is confirmed.
    pub email: Option<String>,
    /// The connected athlete's name.
    pub athlete_name: Option<String>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// How it came in; none if it began before that was kept.
    pub way: Option<Way>,
    /// The last factor that was shown.
    pub factor: Option<Factor>,
    /// When that was.
    pub factor_at: Option<DateTime<Utc>>,
    /// The identity of the provider through which it came in.
    pub identity_id: Option<IdentityId>,
    /// The provider's own name for its session.
    pub provider_session: Option<String>,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
    /// What the policy looks at.
    pub facts: Facts,
    /// When the link of the account's open recovery can be mailed.
    pub recovery_ready_at: Option<DateTime<Utc>>,
    /// When it was mailed.
    pub recovery_mailed_at: Option<DateTime<Utc>>,
}

/// A session to begin.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// The hash of its cookie.
    pub hash: TokenHash,
    /// The account.
    pub account_id: AccountId,
    /// The browser's own name for itself.
    pub user_agent: &'a str,
    /// How it comes in; none if that is not known.
    pub way: Option<Way>,
    /// The factor that was shown.
    pub factor: Option<Factor>,
    /// When that was.
    pub factor_at: Option<DateTime<Utc>>,
    /// When it was proved that the owner is there, other than by a password.
    pub proved_at: Option<DateTime<Utc>>,
    /// The identity of the provider through which it comes in.
    pub identity_id: Option<IdentityId>,
    /// The provider's own name for its session.
    pub provider_session: Option<&'a str>,
}

/// Begins a session.
pub async fn create(db: impl Db<'_>, new: &New<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into sessions (hash, account_id, created_at, last_seen_at, user_agent, way, factor, factor_at, proved_at, identity_id,
            provider_session)
        values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        new.hash.as_bytes(),
        new.account_id.0,
        now,
        new.user_agent,
        new.way.map(Way::as_str),
        new.factor.map(Factor::as_str),
        new.factor_at,
        new.proved_at,
        new.identity_id.map(|id| id.0),
        new.provider_session
    )
    .execute(db)
    .await
    .map(drop)
}

struct Living {
    account_id: AccountId,
    email: Option<String>,
    athlete_name: Option<String>,
    last_seen_at: DateTime<Utc>,
    way: Option<Way>,
    factor: Option<Factor>,
    factor_at: Option<DateTime<Utc>>,
    identity_id: Option<IdentityId>,
    provider_session: Option<String>,
    recovery_ready_at: Option<DateTime<Utc>>,
    recovery_mailed_at: Option<DateTime<Utc>>,
    policy: i64,
    account_key: Option<String>,
    signs_in_as: Option<String>,
    connected_as: Option<String>,
    connected: Option<ConnectionStatus>,
    has_password: bool,
    has_passkey: bool,
    identity: Option<IdentityId>,
    identity_email: Option<String>,
    claims: Option<Json<BTreeMap<String, Vec<String>>>>,
    claims_at: Option<DateTime<Utc>>,
    refused_at: Option<DateTime<Utc>>,
}

impl From<Living> for Session {
    fn from(mut row: Living) -> Self {
        Self {
            account_id: row.account_id,
            email: row.email,
            athlete_name: row.athlete_name,
            last_seen_at: row.last_seen_at,
            way: row.way,
            factor: row.factor,
            factor_at: row.factor_at,
            identity_id: row.identity_id,
            provider_session: row.provider_session,
            recovery_ready_at: row.recovery_ready_at,
            recovery_mailed_at: row.recovery_mailed_at,
            policy: row.policy,
            facts: athlete_in!(row),
        }
    }
}

/// The session with this hash, if it began after `began_after` and was last used after `used_after`, with the owner's identity at
/// `issuer`.
pub async fn living(
    db: impl Db<'_>,
    hash: TokenHash,
    issuer: Option<&str>,
    began_after: DateTime<Utc>,
    used_after: DateTime<Utc>,
) -> sqlx::Result<Option<Session>> {
    let row = with_facts!(
        Living,
        r#"
        select s.account_id as "account_id: AccountId", a.email, c.athlete_name as "athlete_name?", s.last_seen_at,
            s.way as "way: Way", s.factor as "factor: Factor", s.factor_at, s.identity_id as "identity_id: IdentityId",
            s.provider_session, r.ready_at as "recovery_ready_at?", r.mailed_at as "recovery_mailed_at?",
            (select coalesce(max(version), 0) from policies) as "policy!"
        "#,
        athlete
        r#"
        from sessions s
            join accounts a on a.id = s.account_id
            left join connections c on c.account_id = a.id
            left join recoveries r on r.account_id = a.id
            left join identities i on i.account_id = a.id and i.issuer = $4
        where s.hash = $1 and s.created_at > $2 and s.last_seen_at > $3
        "#,
        hash.as_bytes(),
        began_after,
        used_after,
        issuer
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Session::from))
}

/// Notes that a session was used.
pub async fn touch(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set last_seen_at = $2 where hash = $1",
        hash.as_bytes(),
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that the account's owner proved to be there in this session, other than by the password.
pub async fn note_proof(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set proved_at = $2 where hash = $1",
        hash.as_bytes(),
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether such a proof was given in this session after `since`.
pub async fn is_proved(db: impl Db<'_>, hash: TokenHash, since: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from sessions where hash = $1 and proved_at > $2) as "proved!""#,
        hash.as_bytes(),
        since
    )
    .fetch_one(db)
    .await
}

/// Ends one session.
pub async fn end(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where hash = $1", hash.as_bytes())
        .execute(db)
        .await
        .map(drop)
}

/// Notes that a factor was shown in this session.
pub async fn note_factor(
    db: impl Db<'_>,
    hash: TokenHash,
    factor: Factor,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set factor = $2, factor_at = $3 where hash = $1",
        hash.as_bytes(),
        factor.as_str(),
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends every session of an account, and every sign-in that waits for its second factor.
pub async fn end_all(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with steps as (delete from sign_in_steps where account_id = $1)
        delete from sessions where account_id = $1
        "#,
        account_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// A session that has not expired, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id on the page.
    pub id: SessionId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// The browser's own name for itself at sign-in.
    pub user_agent: String,
    /// Whether the request came from this session.
    pub current: bool,
    /// How it came in; none if it began before that was kept.
    pub way: Option<Way>,
    /// The last factor that was shown.
    pub factor: Option<Factor>,
    /// When that was.
    pub factor_at: Option<DateTime<Utc>>,
}

/// The unexpired sessions of an account: the one with the hash `current` first, then the most recently used first.
pub async fn of_account(
    db: impl Db<'_>,
    account_id: AccountId,
    current: TokenHash,
    began_after: DateTime<Utc>,
    used_after: DateTime<Utc>,
) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        select id as "id: SessionId", created_at, last_seen_at, user_agent, hash = $2 as "current!", way as "way: Way",
            factor as "factor: Factor", factor_at
        from sessions where account_id = $1 and created_at > $3 and last_seen_at > $4
        order by hash = $2 desc, last_seen_at desc, id
        "#,
        account_id.0,
        current.as_bytes(),
        began_after,
        used_after
    )
    .fetch_all(db)
    .await
}

/// Ends the account's session with this id.
pub async fn end_named(db: impl Db<'_>, account_id: AccountId, id: SessionId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from sessions where account_id = $1 and id = $2",
        account_id.0,
        id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends every session of an account except the one with the hash `kept`, and every sign-in that waits for its second factor.
pub async fn end_others(db: impl Db<'_>, account_id: AccountId, kept: TokenHash) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with steps as (delete from sign_in_steps where account_id = $1)
        delete from sessions where account_id = $1 and hash <> $2
        "#,
        account_id.0,
        kept.as_bytes()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` sessions that can never be used again: begun by `began_before`, or last used by `used_before`,
/// the later of the two times.
pub async fn purge(
    db: impl Db<'_>,
    began_before: DateTime<Utc>,
    used_before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sessions where hash in (
            select hash from sessions
            where created_at <= $2 and (created_at <= $1 or last_seen_at <= $2)
            limit $3
            for update skip locked
        )
        "#,
        began_before,
        used_before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
