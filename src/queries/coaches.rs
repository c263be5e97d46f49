//! Coaches: the addresses that athletes invited, the invites that they refuse, and their visits to the roster page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use super::{
    Db,
    policies::{Facts, coach_in, with_facts},
};
use crate::{
    ids::{AccountId, CoachId, IdentityId},
    secrets::TokenHash,
};

/// A coach's row.
#[derive(Debug, Clone)]
pub struct Coach {
    /// The row.
    pub id: CoachId,
    /// The address that email goes to, as the first athlete typed it.
    pub email: String,
    /// The address, for lookup.
    pub email_key: String,
    /// When the address was first invited.
    pub created_at: DateTime<Utc>,
    /// Since when the coach takes no invites at all.
    pub refuses_all_at: Option<DateTime<Utc>>,
}

/// The coach with this address, created with `id` if there is none, and locked until the transaction ends, so that each
/// of several simultaneous invites sees what the one before it did.
pub async fn of_address(
    db: impl Db<'_>,
    id: CoachId,
    email: &str,
    email_key: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Coach> {
    sqlx::query_as!(
        Coach,
        r#"
        insert into coaches (id, email, email_key, created_at) values ($1, $2, $3, $4)
        on conflict (email_key) do update set email_key = excluded.email_key
        returning id as "id: CoachId", email, email_key, created_at, refuses_all_at
        "#,
        id.0,
        email,
        email_key,
        now
    )
    .fetch_one(db)
    .await
}

/// The coach with this address.
pub async fn by_email(db: impl Db<'_>, email_key: &str) -> sqlx::Result<Option<Coach>> {
    sqlx::query_as!(
        Coach,
        r#"
        select id as "id: CoachId", email, email_key, created_at, refuses_all_at from coaches where email_key = $1
        "#,
        email_key
    )
    .fetch_optional(db)
    .await
}

/// The coach with this id.
pub async fn by_id(db: impl Db<'_>, id: CoachId) -> sqlx::Result<Option<Coach>> {
    sqlx::query_as!(
        Coach,
        r#"
        select id as "id: CoachId", email, email_key, created_at, refuses_all_at from coaches where id = $1
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// The coach with this id, locked until the transaction ends: an invite that arrives meanwhile waits, and sees what was done.
pub async fn locked(db: impl Db<'_>, id: CoachId) -> sqlx::Result<Option<Coach>> {
    sqlx::query_as!(
        Coach,
        r#"
        select id as "id: CoachId", email, email_key, created_at, refuses_all_at from coaches where id = $1
        for no key update
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// The coach with this address, locked as in [`locked`].
pub async fn locked_by_email(db: impl Db<'_>, email_key: &str) -> sqlx::Result<Option<Coach>> {
    sqlx::query_as!(
        Coach,
        r#"
        select id as "id: CoachId", email, email_key, created_at, refuses_all_at from coaches where email_key = $1
        for no key update
        "#,
        email_key
    )
    .fetch_optional(db)
    .await
}

/// Makes the coach refuse all invites, or accept them again.
pub async fn set_refuses_all(db: impl Db<'_>, id: CoachId, since: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "update coaches set refuses_all_at = $2 where id = $1",
        id.0,
        since
    )
    .execute(db)
    .await
    .map(drop)
}

/// Refuses one account's invites, and keeps the name of the athlete whom the coach knew there; does nothing if the
/// account is gone. The account is locked until the transaction ends, so end grants after this, not before: an account
/// that is being deleted is locked before its grants.
pub async fn refuse(
    db: impl Db<'_>,
    id: CoachId,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with account as materialized (select id from accounts where id = $2 for key share)
        insert into refusals (coach_id, account_id, athlete_name, created_at)
        select $1, account.id, known.athlete_name, $3
        from account left join lateral (
            select athlete_name from grants where coach_id = $1 and account_id = $2
            order by last_used_at desc nulls last, invited_at desc
            limit 1
        ) known on true
        on conflict do nothing
        "#,
        id.0,
        account_id.0,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Accepts one account's invites again; true if they were refused.
pub async fn welcome(db: impl Db<'_>, id: CoachId, account_id: AccountId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from refusals where coach_id = $1 and account_id = $2",
        id.0,
        account_id.0
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the coach refuses this account's invites, or everyone's.
pub async fn refuses(db: impl Db<'_>, id: CoachId, account_id: AccountId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from refusals where coach_id = $1 and account_id = $2)
            or exists (select from coaches where id = $1 and refuses_all_at is not null) as "refuses!"
        "#,
        id.0,
        account_id.0
    )
    .fetch_one(db)
    .await
}

/// An account whose invites a coach refuses.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The account.
    pub account_id: AccountId,
    /// The account's address.
    pub email: String,
    /// The name of the athlete whom the coach refused.
    pub athlete_name: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// The accounts whose invites a coach refuses, newest first.
pub async fn refused_by(db: impl Db<'_>, id: CoachId) -> sqlx::Result<Vec<Refused>> {
    sqlx::query_as!(
        Refused,
        r#"
        select r.account_id as "account_id: AccountId", a.email as "email!", r.athlete_name, r.created_at
        from refusals r join accounts a on a.id = r.account_id
        where r.coach_id = $1
        order by r.created_at desc, a.email
        "#,
        id.0
    )
    .fetch_all(db)
    .await
}

/// A coach who refuses an account's invites, in that account's export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportedRefusal {
    /// The coach's address.
    pub coach: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// The coaches who refuse this account's invites, oldest first.
pub async fn refusing(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Vec<ExportedRefusal>> {
    sqlx::query_as!(
        ExportedRefusal,
        r#"
        select o.email as coach, r.created_at from refusals r join coaches o on o.id = r.coach_id
        where r.account_id = $1
        order by r.created_at, o.email
        "#,
        account_id.0
    )
    .fetch_all(db)
    .await
}

/// Erases a coach: the link, the grants, the refusals and the visits are deleted with the row.
pub async fn erase(db: impl Db<'_>, id: CoachId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from coaches where id = $1", id.0)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Begins a visit to the roster page.
pub async fn begin_session(
    db: impl Db<'_>,
    hash: TokenHash,
    id: CoachId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    begin_session_by(db, hash, id, (None, None), now, expires_at).await
}

/// The same by an identity of the outside provider, with the provider's own name for its session.
pub async fn begin_session_by(
    db: impl Db<'_>,
    hash: TokenHash,
    id: CoachId,
    (identity, provider_session): (Option<IdentityId>, Option<&str>),
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into coach_sessions (hash, coach_id, created_at, expires_at, identity_id, provider_session)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        hash.as_bytes(),
        id.0,
        now,
        expires_at,
        identity.map(|id| id.0),
        provider_session
    )
    .execute(db)
    .await
    .map(drop)
}

/// A coach's visit to the roster page.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The coach.
    pub coach: Coach,
    /// Whether it began at the provider, and not by a mail link.
    pub by_provider: bool,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
    /// What the policy looks at.
    pub facts: Facts,
}

/// The visit with this hash, while it lasts, with the coach's identity at `issuer`.
pub async fn of_session(
    db: impl Db<'_>,
    hash: TokenHash,
    issuer: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Visit>> {
    struct Row {
        id: CoachId,
        email: String,
        email_key: String,
        created_at: DateTime<Utc>,
        refuses_all_at: Option<DateTime<Utc>>,
        by_provider: bool,
        policy: i64,
        coach_key: Option<String>,
        coach_identity: Option<IdentityId>,
        coach_identity_email: Option<String>,
        coach_claims: Option<Json<BTreeMap<String, Vec<String>>>>,
        coach_claims_at: Option<DateTime<Utc>>,
        coach_refused_at: Option<DateTime<Utc>>,
    }
    let row = with_facts!(
        Row,
        r#"
        select o.id as "id: CoachId", o.email, o.email_key, o.created_at, o.refuses_all_at,
            s.identity_id is not null as "by_provider!", (select coalesce(max(version), 0) from policies) as "policy!"
        "#,
        coach
        r#"
        from coach_sessions s
            join coaches o on o.id = s.coach_id
            left join identities j on j.coach_id = o.id and j.issuer = $3
        where s.hash = $1 and s.expires_at > $2
        "#,
        hash.as_bytes(),
        now,
        issuer
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|mut row| Visit {
        by_provider: row.by_provider,
        policy: row.policy,
        facts: coach_in!(row),
        coach: Coach {
            id: row.id,
            email: row.email,
            email_key: row.email_key,
            created_at: row.created_at,
            refuses_all_at: row.refuses_all_at,
        },
    }))
}

/// Ends a visit.
pub async fn end_session(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<()> {
    sqlx::query!("delete from coach_sessions where hash = $1", hash.as_bytes())
        .execute(db)
        .await
        .map(drop)
}

/// Ends every visit of a coach.
pub async fn end_sessions(db: impl Db<'_>, id: CoachId) -> sqlx::Result<()> {
    sqlx::query!("delete from coach_sessions where coach_id = $1", id.0)
        .execute(db)
        .await
        .map(drop)
}

/// Deletes up to `limit` visits that have ended.
pub async fn purge_sessions(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from coach_sessions where hash in (
            select hash from coach_sessions where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` coaches who have no grant and refuse no one, and whose row and connectors have not been used
/// since `before`.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from coaches where id in (
            select c.id from coaches c
            where c.created_at < $1 and c.refuses_all_at is null
                and not exists (
                    select from connectors k
                    where k.coach_id = c.id and (k.created_at >= $1 or coalesce(k.last_used_at, k.created_at) >= $1)
                )
                and not exists (select from grants g where g.coach_id = c.id)
                and not exists (select from refusals r where r.coach_id = c.id)
            limit $2 for update of c skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
