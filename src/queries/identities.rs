//! Identities of the outside provider that are bound to accounts and coaches, and what the provider last said of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use super::{Db, sign_ins::Owner};
use crate::ids::{AccountId, CoachId, IdentityId};

/// Claims by name, each with its values.
pub type Claims = BTreeMap<String, Vec<String>>;

/// A bound identity.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The row.
    pub id: IdentityId,
    /// The account that it is a way into.
    pub account_id: Option<AccountId>,
    /// The coach that it is a way in for.
    pub coach_id: Option<CoachId>,
    /// Who it is at the provider.
    pub subject: String,
    /// The verified address by which it was bound.
    pub email: String,
    /// The later address of which its owner was told.
    pub other_email: Option<String>,
    /// What the provider last said.
    pub claims: Json<Claims>,
    /// What to ask it again with, sealed for (`identities`, id, `tokens_sealed`).
    pub tokens_sealed: Option<Vec<u8>>,
    /// When it said so; none if it must be asked before the next call.
    pub claims_at: Option<DateTime<Utc>>,
    /// When it refused to say it again.
    pub refused_at: Option<DateTime<Utc>>,
    /// Until when somebody asks it now.
    pub asking_until: Option<DateTime<Utc>>,
    /// When it last gave no answer.
    pub away_at: Option<DateTime<Utc>>,
    /// Whether the account's own second factor was not shown since it was bound.
    pub factor_due: bool,
}

impl Identity {
    /// Whose it is.
    pub fn owner(&self) -> Option<Owner> {
        Owner::of(self.account_id, self.coach_id)
    }
}

/// Every [`Identity`] that these clauses find.
macro_rules! identities {
    ($clauses:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Identity,
            r#"
            select id as "id: IdentityId", account_id as "account_id: AccountId", coach_id as "coach_id: CoachId", subject, email,
                other_email, claims as "claims: Json<Claims>", tokens_sealed, claims_at, refused_at, asking_until, away_at,
                factor_due
            from identities
            "# + $clauses,
            $($argument),*
        )
    };
}

/// The identity with this id.
pub async fn by_id(db: impl Db<'_>, id: IdentityId) -> sqlx::Result<Option<Identity>> {
    identities!("where id = $1", id.0).fetch_optional(db).await
}

/// The identity of this subject that is bound to an account.
pub async fn as_athlete(db: impl Db<'_>, issuer: &str, subject: &str) -> sqlx::Result<Option<Identity>> {
    identities!(
        "where issuer = $1 and subject = $2 and account_id is not null",
        issuer,
        subject
    )
    .fetch_optional(db)
    .await
}

/// The identity of this subject that is bound to a coach.
pub async fn as_coach(db: impl Db<'_>, issuer: &str, subject: &str) -> sqlx::Result<Option<Identity>> {
    identities!(
        "where issuer = $1 and subject = $2 and coach_id is not null",
        issuer,
        subject
    )
    .fetch_optional(db)
    .await
}

/// The identity of this issuer that somebody has.
pub async fn of(db: impl Db<'_>, owner: Owner, issuer: &str) -> sqlx::Result<Option<Identity>> {
    identities!(
        "where (account_id = $1 or coach_id = $2) and issuer = $3",
        owner.account(),
        owner.coach(),
        issuer
    )
    .fetch_optional(db)
    .await
}

/// An identity to bind.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// The row.
    pub id: IdentityId,
    /// The provider.
    pub issuer: &'a str,
    /// Who it is there.
    pub subject: &'a str,
    /// Whose it becomes.
    pub owner: Owner,
    /// The verified address.
    pub email: &'a str,
    /// What the provider said.
    pub claims: &'a Claims,
    /// When.
    pub claims_at: DateTime<Utc>,
    /// What to ask it again with, sealed.
    pub tokens_sealed: &'a [u8],
    /// The provider's own name for its session.
    pub provider_session: Option<&'a str>,
    /// Whether the account's own second factor is still to be shown.
    pub factor_due: bool,
}

/// Binds an identity; false if it is bound to somebody already, or its owner has one of this issuer.
pub async fn create(db: impl Db<'_>, new: &New<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into identities (id, issuer, subject, account_id, coach_id, email, claims, tokens_sealed, provider_session, claims_at,
            created_at, last_used_at, factor_due)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
        on conflict do nothing
        "#,
        new.id.0,
        new.issuer,
        new.subject,
        new.owner.account(),
        new.owner.coach(),
        new.email,
        Json(new.claims) as _,
        new.tokens_sealed,
        new.provider_session,
        new.claims_at,
        now,
        new.factor_due
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the account's own second factor was shown by somebody who came in by this identity.
pub async fn note_factor(db: impl Db<'_>, id: IdentityId) -> sqlx::Result<()> {
    sqlx::query!("update identities set factor_due = false where id = $1", id.0)
        .execute(db)
        .await
        .map(drop)
}

/// What to ask the provider with about an identity, sealed. Nobody changes it until the transaction ends.
pub async fn lock_tokens(db: impl Db<'_>, id: IdentityId) -> sqlx::Result<Option<Vec<u8>>> {
    let found = sqlx::query_scalar!(
        "select tokens_sealed from identities where id = $1 for update",
        id.0
    );
    Ok(found.fetch_optional(db).await?.flatten())
}

/// Notes what the provider said at a sign-in, and when. Whoever is asking it meanwhile comes too late.
pub async fn signed_in(
    db: impl Db<'_>,
    id: IdentityId,
    (claims, claims_at): (&Claims, DateTime<Utc>),
    tokens_sealed: &[u8],
    provider_session: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update identities set claims = $2, tokens_sealed = $3, provider_session = $4, claims_at = $5, last_used_at = $6,
            refused_at = null, away_at = null, asking_until = null
        where id = $1
        "#,
        id.0,
        Json(claims) as _,
        tokens_sealed,
        provider_session,
        claims_at,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that the owner was told of another address; false if that was so already.
pub async fn note_address(db: impl Db<'_>, id: IdentityId, email: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update identities set other_email = $2 where id = $1 and other_email is distinct from $2",
        id.0,
        email
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes somebody's identity of this issuer off, with all sessions that came in by it; true if there was one.
pub async fn end_of(db: impl Db<'_>, owner: Owner, issuer: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from identities where (account_id = $1 or coach_id = $2) and issuer = $3",
        owner.account(),
        owner.coach(),
        issuer
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the right to ask the provider about an identity until `until`, by which it is known; false if somebody has it. A right
/// that ends far in the future was given before the clock was set back.
pub async fn take_turn(
    db: impl Db<'_>,
    id: IdentityId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update identities set asking_until = $3
        where id = $1 and (asking_until is null or asking_until <= $2 or asking_until > $3::timestamptz + interval '1 minute')
        "#,
        id.0,
        now,
        until
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the provider said to whoever had the right to ask it until `turn`.
#[derive(Debug, Clone)]
pub enum Said<'a> {
    /// These claims, and what to ask it with the next time, sealed.
    Claims(&'a Claims, &'a [u8]),
    /// That it does not answer for this person any more.
    Refused,
    /// Nothing. What to ask it with the next time may still be new, sealed.
    Away(&'a [u8]),
}

/// Writes what the provider said, unless the right to ask went to somebody else or a sign-in or a logout came between; whether it
/// did.
pub async fn end_turn(
    db: impl Db<'_>,
    id: IdentityId,
    turn: DateTime<Utc>,
    said: &Said<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let query = match said {
        Said::Claims(claims, tokens_sealed) => sqlx::query!(
            r#"
            update identities set claims = $3, tokens_sealed = $4, claims_at = $5, refused_at = null, away_at = null,
                asking_until = null
            where id = $1 and asking_until = $2
            "#,
            id.0,
            turn,
            Json(claims) as _,
            tokens_sealed,
            now
        )
        .execute(db)
        .await?,
        Said::Refused => sqlx::query!(
            "update identities set refused_at = $3, asking_until = null where id = $1 and asking_until = $2",
            id.0,
            turn,
            now
        )
        .execute(db)
        .await?,
        Said::Away(tokens_sealed) => sqlx::query!(
            r#"
            update identities set away_at = $3, tokens_sealed = $4, asking_until = null where id = $1 and asking_until = $2
            "#,
            id.0,
            turn,
            now,
            tokens_sealed
        )
        .execute(db)
        .await?,
    };
    Ok(query.rows_affected() == 1)
}

/// Keeps what to ask the provider with the next time, if what it replaces is still there: a refresh token may work once only.
pub async fn keep_tokens(db: impl Db<'_>, id: IdentityId, old: &[u8], new: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "update identities set tokens_sealed = $3 where id = $1 and tokens_sealed = $2",
        id.0,
        old,
        new
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whom the provider signed out: a person, one of its sessions, or one session of a person.
#[derive(Debug, Clone, Copy)]
pub struct SignedOut<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The person.
    pub subject: Option<&'a str>,
    /// The session, by the provider's own name.
    pub session: Option<&'a str>,
}

/// Ends the sessions, visits and steps that came in by an identity whose person or session the provider ended, what waits to be
/// bound, and what a coach of it has not agreed to yet; the provider is asked before the identity's next call. A session of ours of which the provider gave
/// no name ends with any of its person. Returns how many sessions and visits ended.
pub async fn sign_out(db: impl Db<'_>, out: SignedOut<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with those as (
            select id from identities where issuer = $1 and ($2::text is null or subject = $2)
        ),
        asked_again as (
            update identities i set claims_at = null, asking_until = null, away_at = null
            from those where i.id = those.id and (
                $2::text is not null or i.provider_session = $3
                or exists (select from sessions s where s.identity_id = i.id and s.provider_session = $3)
                or exists (select from coach_sessions s where s.identity_id = i.id and s.provider_session = $3)
            )
        ),
        steps as (
            delete from sign_in_steps s using those where s.identity_id = those.id
                and ($3::text is null or s.provider_session = $3 or ($2::text is not null and s.provider_session is null))
        ),
        requests as (
            update sign_in_requests r set coach_id = null, identity_id = null
            from identities i where i.id = r.identity_id and i.id in (select id from those) and r.code_hash is null
                and ($3::text is null or $2::text is not null or i.provider_session = $3)
        ),
        ended as (
            delete from sessions s using those where s.identity_id = those.id
                and ($3::text is null or s.provider_session = $3 or ($2::text is not null and s.provider_session is null))
            returning 1
        ),
        offers as (
            delete from identity_offers where issuer = $1 and ($2::text is null or subject = $2)
                and ($3::text is null or provider_session = $3 or ($2::text is not null and provider_session is null))
        ),
        visits as (
            delete from coach_sessions s using those where s.identity_id = those.id
                and ($3::text is null or s.provider_session = $3 or ($2::text is not null and s.provider_session is null))
            returning 1
        )
        select (select count(*) from ended) + (select count(*) from visits) as "count!"
        "#,
        out.issuer,
        out.subject,
        out.session
    )
    .fetch_one(db)
    .await
}

/// An identity as its owner's export has it: without what the provider is asked with.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// The address by which it was bound.
    pub address: String,
    /// A later address of which its owner was told.
    pub other_address: Option<String>,
    /// What the provider last said.
    pub claims: Json<Claims>,
    /// When.
    pub claims_at: Option<DateTime<Utc>>,
    /// When it refused to say it again.
    pub refused_at: Option<DateTime<Utc>>,
    /// When it last gave no answer.
    pub no_answer_at: Option<DateTime<Utc>>,
    /// When it was bound.
    pub added_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_used_at: DateTime<Utc>,
}

/// Somebody's identities, oldest first.
pub async fn exported(db: impl Db<'_>, owner: Owner) -> sqlx::Result<Vec<Exported>> {
    sqlx::query_as!(
        Exported,
        r#"
        select issuer, subject, email as address, other_email as other_address, claims as "claims: Json<Claims>", claims_at,
            refused_at, away_at as no_answer_at, created_at as added_at, last_used_at
        from identities where account_id = $1 or coach_id = $2
        order by created_at, id
        "#,
        owner.account(),
        owner.coach()
    )
    .fetch_all(db)
    .await
}
