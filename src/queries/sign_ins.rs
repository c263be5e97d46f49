//! Sign-ins that people agreed to, and their tokens. What a sign-in has in common with a link is in [`super::connectors`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Db;
use crate::{
    ids::{AccountId, CoachId, ConnectorId},
    secrets::TokenHash,
};

/// Whose sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An athlete's.
    Account(AccountId),
    /// A coach's.
    Coach(CoachId),
}

impl Owner {
    /// The one of a row that belongs to an account or to a coach.
    pub fn of(account: Option<AccountId>, coach: Option<CoachId>) -> Option<Self> {
        account.map(Self::Account).or(coach.map(Self::Coach))
    }

    /// The account's id, for a query's parameter.
    pub(super) fn account(self) -> Option<Uuid> {
        match self {
            Self::Account(id) => Some(id.0),
            Self::Coach(_) => None,
        }
    }

    /// The coach's id, for a query's parameter.
    pub(super) fn coach(self) -> Option<Uuid> {
        match self {
            Self::Account(_) => None,
            Self::Coach(id) => Some(id.0),
        }
    }
}

/// A sign-in to create.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Its connector.
    pub id: ConnectorId,
    /// Whose.
    pub owner: Owner,
    /// Words of the groups that are left out.
    pub groups_off: &'a [String],
    /// Whether it may change something.
    pub may_write: bool,
    /// The client.
    pub client_id: &'a str,
    /// As it calls itself.
    pub client_name: &'a str,
    /// The host that vouches for it.
    pub client_host: Option<&'a str>,
    /// Where its code went.
    pub redirect_host: &'a str,
    /// The words of its scope.
    pub scope: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// However often it is used.
    pub ends_at: DateTime<Utc>,
}

/// Creates a sign-in with its connector.
pub async fn create(db: &mut sqlx::PgConnection, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into connectors (id, is_sign_in, account_id, coach_id, groups_off, may_write, created_at)
        values ($1, true, $2, $3, $4, $5, $6)
        "#,
        new.id.0,
        new.owner.account(),
        new.owner.coach(),
        new.groups_off,
        new.may_write,
        new.now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        r#"
        insert into sign_ins (connector_id, client_id, client_name, client_host, redirect_host, scope, ends_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        new.id.0,
        new.client_id,
        new.client_name,
        new.client_host,
        new.redirect_host,
        new.scope,
        new.ends_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Adds an access token.
pub async fn add_access(
    db: impl Db<'_>,
    hash: TokenHash,
    id: ConnectorId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into access_tokens (hash, connector_id, created_at, expires_at) values ($1, $2, $3, $4)",
        hash.as_bytes(),
        id.0,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Adds a refresh token; `row` is the place of what its use will answer.
pub async fn add_refresh(
    db: impl Db<'_>,
    row: Uuid,
    hash: TokenHash,
    id: ConnectorId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refresh_tokens (id, hash, connector_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        row,
        hash.as_bytes(),
        id.0,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// A refresh token, with what its sign-in is.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// The row.
    pub row: Uuid,
    /// The sign-in.
    pub id: ConnectorId,
    /// Whose, if it is an athlete's.
    pub account_id: Option<AccountId>,
    /// Whose, if it is a coach's.
    pub coach_id: Option<CoachId>,
    /// The client that it was given to.
    pub client_id: String,
    /// As that calls itself.
    pub client_name: String,
    /// Where its code went.
    pub redirect_host: String,
    /// The words of the scope.
    pub scope: String,
    /// When the sign-in ends.
    pub ends_at: DateTime<Utc>,
    /// When the token expires.
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// What its use answered, sealed.
    pub answer_sealed: Option<Vec<u8>>,
}

/// The refresh token with this hash. Its connector is locked, as when a sign-in ends, until the transaction ends, so that of many refreshes at once, on
/// whichever instance, one is the first.
pub async fn lock_refresh(db: &mut sqlx::PgConnection, hash: TokenHash) -> sqlx::Result<Option<Refresh>> {
    sqlx::query!(
        r#"
        select id from connectors
        where id in (select connector_id from refresh_tokens where hash = $1)
        for update
        "#,
        hash.as_bytes()
    )
    .fetch_optional(&mut *db)
    .await?;
    // A statement of its own: it must see what the holder of the lock before wrote.
    sqlx::query_as!(
        Refresh,
        r#"
        select r.id as row, r.connector_id as "id: ConnectorId", k.account_id as "account_id: AccountId",
            k.coach_id as "coach_id: CoachId", s.client_id, s.client_name, s.redirect_host, s.scope, s.ends_at, r.expires_at, r.used_at,
            r.answer_sealed
        from refresh_tokens r
            join sign_ins s on s.connector_id = r.connector_id
            join connectors k on k.id = r.connector_id
        where r.hash = $1
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// Marks a refresh token as used, with the sealed answer.
pub async fn use_refresh(
    db: impl Db<'_>,
    row: Uuid,
    answer_sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_tokens set used_at = $3, answer_sealed = $2 where id = $1",
        row,
        answer_sealed,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes the access tokens of a sign-in that have expired, and all but the `kept` newest: a client that refreshes over and
/// over must not fill the table.
pub async fn trim_access(
    db: impl Db<'_>,
    id: ConnectorId,
    kept: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from access_tokens
        where connector_id = $1 and (
            expires_at <= $3
            or hash not in (
                select hash from access_tokens where connector_id = $1 order by created_at desc, hash limit $2
            )
        )
        "#,
        id.0,
        kept,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes the used refresh tokens of a sign-in but the `kept` newest: a client that refreshes over and over must not fill the
/// table.
pub async fn trim_refresh(db: impl Db<'_>, id: ConnectorId, kept: i64) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from refresh_tokens
        where connector_id = $1 and used_at is not null and id not in (
            select id from refresh_tokens where connector_id = $1 and used_at is not null
            order by used_at desc, id desc limit $2
        )
        "#,
        id.0,
        kept
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends a sign-in: its tokens stop working with the commit.
pub async fn end(db: impl Db<'_>, id: ConnectorId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from connectors where id = $1 and is_sign_in", id.0)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A sign-in that was ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The client, as it calls itself.
    pub client_name: String,
    /// Where its code went.
    pub redirect_host: String,
}

/// Ends one of somebody's sign-ins and returns the client's name and where it was sent; none if there is no such.
pub async fn end_of(db: impl Db<'_>, owner: Owner, id: ConnectorId) -> sqlx::Result<Option<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        with ended as (
            delete from connectors
            where id = $1 and is_sign_in and (account_id = $2 or coach_id = $3)
            returning id
        )
        select s.client_name, s.redirect_host from sign_ins s join ended on ended.id = s.connector_id
        "#,
        id.0,
        owner.account(),
        owner.coach()
    )
    .fetch_optional(db)
    .await
}

/// Ends all of somebody's sign-ins and returns of each the client's name and where it was sent.
pub async fn end_all_of(db: impl Db<'_>, owner: Owner) -> sqlx::Result<Vec<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        with ended as (
            delete from connectors
            where is_sign_in and (account_id = $1 or coach_id = $2)
            returning id
        )
        select s.client_name, s.redirect_host from sign_ins s join ended on ended.id = s.connector_id
        "#,
        owner.account(),
        owner.coach()
    )
    .fetch_all(db)
    .await
}

/// A sign-in as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its connector.
    pub id: ConnectorId,
    /// The client.
    pub client_id: String,
    /// As it calls itself.
    pub client_name: String,
    /// The host that vouches for it.
    pub client_host: Option<String>,
    /// Where its code went.
    pub redirect_host: String,
    /// The words of the scope that it asked for.
    pub scope: String,
    /// Words of the groups that are left out.
    pub groups_off: Vec<String>,
    /// Whether it may change something.
    pub may_write: bool,
    /// When the person agreed.
    pub created_at: DateTime<Utc>,
    /// When a call first came through it.
    pub first_used_at: Option<DateTime<Utc>>,
    /// When a call last came through it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Which client made that call.
    pub last_client: Option<String>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// Somebody's sign-ins, the most recently used first.
pub async fn all_of(db: impl Db<'_>, owner: Owner, now: DateTime<Utc>) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        select k.id as "id: ConnectorId", s.client_id, s.client_name, s.client_host, s.redirect_host, s.scope, k.groups_off,
            coalesce(k.may_write, false) as "may_write!", k.created_at, k.first_used_at, k.last_used_at, k.last_client,
            s.ends_at
        from connectors k join sign_ins s on s.connector_id = k.id
        where (k.account_id = $1 or k.coach_id = $2) and k.is_sign_in and s.ends_at > $3
        order by coalesce(k.last_used_at, k.created_at) desc, k.id
        "#,
        owner.account(),
        owner.coach(),
        now
    )
    .fetch_all(db)
    .await
}

/// One of somebody's sign-ins; none if there is no such.
pub async fn one_of(
    db: impl Db<'_>,
    owner: Owner,
    id: ConnectorId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        select k.id as "id: ConnectorId", s.client_id, s.client_name, s.client_host, s.redirect_host, s.scope, k.groups_off,
            coalesce(k.may_write, false) as "may_write!", k.created_at, k.first_used_at, k.last_used_at, k.last_client,
            s.ends_at
        from connectors k join sign_ins s on s.connector_id = k.id
        where k.id = $1 and (k.account_id = $2 or k.coach_id = $3) and k.is_sign_in
            and s.ends_at > $4
        "#,
        id.0,
        owner.account(),
        owner.coach(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Sets what one of somebody's sign-ins may do; false if there is no such.
pub async fn set_rights(
    db: impl Db<'_>,
    owner: Owner,
    id: ConnectorId,
    groups_off: &[String],
    may_write: bool,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update connectors set groups_off = $4, may_write = $5
        where id = $1 and is_sign_in and (account_id = $2 or coach_id = $3)
        "#,
        id.0,
        owner.account(),
        owner.coach(),
        groups_off,
        may_write
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Where a token belongs, for its client to revoke it.
#[derive(Debug, Clone)]
pub struct Revocable {
    /// The sign-in.
    pub id: ConnectorId,
    /// Whose, if it is an athlete's.
    pub account_id: Option<AccountId>,
    /// Whose, if it is a coach's.
    pub coach_id: Option<CoachId>,
    /// The client that it was given to.
    pub client_id: String,
    /// As that calls itself.
    pub client_name: String,
    /// Where its code went.
    pub redirect_host: String,
}

impl Revocable {
    /// Whose the sign-in is.
    pub fn owner(&self) -> Option<Owner> {
        Owner::of(self.account_id, self.coach_id)
    }
}

/// The sign-in of an access token.
pub async fn of_access(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<Revocable>> {
    sqlx::query_as!(
        Revocable,
        r#"
        select s.connector_id as "id: ConnectorId", k.account_id as "account_id: AccountId",
            k.coach_id as "coach_id: CoachId", s.client_id, s.client_name, s.redirect_host
        from access_tokens a
            join sign_ins s on s.connector_id = a.connector_id
            join connectors k on k.id = s.connector_id
        where a.hash = $1
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// The sign-in of a refresh token.
pub async fn of_refresh(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<Revocable>> {
    sqlx::query_as!(
        Revocable,
        r#"
        select s.connector_id as "id: ConnectorId", k.account_id as "account_id: AccountId",
            k.coach_id as "coach_id: CoachId", s.client_id, s.client_name, s.redirect_host
        from refresh_tokens r
            join sign_ins s on s.connector_id = r.connector_id
            join connectors k on k.id = s.connector_id
        where r.hash = $1
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// Ends one access token.
pub async fn end_access(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<()> {
    sqlx::query!("delete from access_tokens where hash = $1", hash.as_bytes())
        .execute(db)
        .await
        .map(drop)
}

/// A client whose sign-ins got tokens and never used them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// As it calls itself.
    pub client_name: String,
    /// How many.
    pub count: i64,
}

/// Whose sign-ins were made after `since` and before `until`, with no call through any of them within two minutes, by client.
pub async fn unused(
    db: impl Db<'_>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<Unused>> {
    sqlx::query_as!(
        Unused,
        r#"
        select s.client_name, count(distinct coalesce(k.account_id, k.coach_id)) as "count!"
        from connectors k join sign_ins s on s.connector_id = k.id
        where k.created_at > $1 and k.created_at < $2
            and (k.first_used_at is null or k.first_used_at > k.created_at + interval '2 minutes')
        group by s.client_name
        order by 2 desc, s.client_name
        "#,
        since,
        until
    )
    .fetch_all(db)
    .await
}

/// Erases the copies of answers to refreshes made before `before`.
pub async fn erase_answers(db: impl Db<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update refresh_tokens set answer_sealed = null where answer_sealed is not null and used_at <= $1",
        before
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` sign-ins that have ended, or have no token left that could be refreshed or used.
pub async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from connectors where id in (
            select k.id from connectors k join sign_ins s on s.connector_id = k.id
            where s.ends_at <= $1 or (
                not exists (select from refresh_tokens r where r.connector_id = k.id and r.used_at is null and r.expires_at > $1)
                and not exists (select from access_tokens a where a.connector_id = k.id and a.expires_at > $1)
            )
            limit $2 for update of k skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` tokens that have expired. A used refresh token stays until it would have expired: should it come again,
/// its sign-in ends.
pub async fn purge_tokens(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        with access as (
            delete from access_tokens where hash in (
                select hash from access_tokens where expires_at <= $1 limit $2 for update skip locked
            )
            returning 1
        ), refresh as (
            delete from refresh_tokens where id in (
                select id from refresh_tokens where expires_at <= $1 limit $2 for update skip locked
            )
            returning 1
        )
        select (select count(*) from access) + (select count(*) from refresh) as "count!"
        "#,
        now,
        limit
    )
    .fetch_one(db)
    .await?;
    Ok(done.count.unsigned_abs())
}
