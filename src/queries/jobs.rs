//! The queue: emails and upstream revokes. A worker claims rows with `for update skip locked`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::Db;
use crate::{
    ids::{AccountId, JobId},
    words::{Failure, JobKind, JobState},
};

/// A job to be written, in the transaction that it announces.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// A fresh id.
    pub id: JobId,
    /// Its kind.
    pub kind: JobKind,
    /// Which email, or what is revoked.
    pub name: &'a str,
    /// The account on whose behalf it is, for the daily cap and for deletion.
    pub account_id: Option<AccountId>,
    /// SHA-256 of the address key, for the hourly cap.
    pub recipient: Option<&'a [u8]>,
    /// SHA-256 of the address key without its `+tag`, for the hourly cap on emails that anyone can request.
    pub mailbox_hash: Option<&'a [u8]>,
    /// SHA-256 of the person whom it is about, if the hourly cap counts each separately.
    pub about_hash: Option<&'a [u8]>,
    /// Sealed for (`jobs`, id, `payload`).
    pub payload: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
    /// Not before this.
    pub run_at: DateTime<Utc>,
}

/// A job that this worker has claimed.
#[derive(Debug, Clone)]
pub struct Job {
    /// The row; the place of the sealed payload.
    pub id: JobId,
    /// Its kind.
    pub kind: JobKind,
    /// Which email, or what is revoked.
    pub name: String,
    /// Sealed for (`jobs`, id, `payload`).
    pub payload: Vec<u8>,
    /// How many attempts there were, including this one.
    pub attempts: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Writes a job.
pub async fn create(db: impl Db<'_>, job: NewJob<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into jobs (id, kind, name, account_id, recipient, mailbox_hash, about_hash, payload, state, created_at, run_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        job.id.0,
        job.kind.as_str(),
        job.name,
        job.account_id.map(|id| id.0),
        job.recipient,
        job.mailbox_hash,
        job.about_hash,
        job.payload,
        JobState::Pending.as_str(),
        job.now,
        job.run_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Claims up to `limit` due jobs of a kind until `locked_until`; no other instance gets them before then.
pub async fn claim(
    db: impl Db<'_>,
    kind: JobKind,
    now: DateTime<Utc>,
    locked_until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    sqlx::query_as!(
        Job,
        r#"
        update jobs set locked_until = $2, attempts = attempts + 1
        where id in (
            select id from jobs
            where state = 'pending' and run_at <= $1 and (locked_until is null or locked_until <= $1) and kind = $4
            order by run_at, id
            limit $3
            for update skip locked
        )
        returning id as "id: JobId", kind as "kind: JobKind", name, payload as "payload!", attempts, created_at
        "#,
        now,
        locked_until,
        limit,
        kind.as_str()
    )
    .fetch_all(db)
    .await
}

/// Ends a job, done or failed with the reason, and erases its payload.
pub async fn finish(
    db: impl Db<'_>,
    id: JobId,
    state: JobState,
    failure: Option<Failure>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update jobs set state = $2, failure = $3, finished_at = $4, payload = null, locked_until = null
        where id = $1 and state = $5
        "#,
        id.0,
        state.as_str(),
        failure.map(Failure::as_str),
        now,
        JobState::Pending.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Puts a job back for later.
pub async fn postpone(
    db: impl Db<'_>,
    id: JobId,
    failure: Failure,
    run_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs set failure = $2, run_at = $3, locked_until = null where id = $1 and state = $4",
        id.0,
        failure.as_str(),
        run_at,
        JobState::Pending.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// How many emails with this name about the same person (or about no one in particular) this address got since `since`.
pub async fn mails_to(
    db: impl Db<'_>,
    recipient: &[u8],
    name: &str,
    about_hash: Option<&[u8]>,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from jobs
        where kind = $5 and recipient = $1 and name = $2 and about_hash is not distinct from $3 and created_at > $4
        "#,
        recipient,
        name,
        about_hash,
        since,
        JobKind::Mail.as_str()
    )
    .fetch_one(db)
    .await
}

/// How many emails were sent on this account's behalf since `since`, except those with a name in `without`.
pub async fn mails_of(
    db: impl Db<'_>,
    account_id: AccountId,
    without: &[String],
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from jobs
        where kind = $4 and account_id = $1 and name <> all($2) and created_at > $3
        "#,
        account_id.0,
        without,
        since,
        JobKind::Mail.as_str()
    )
    .fetch_one(db)
    .await
}

/// How many emails there have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// With this name, to this mailbox.
    pub to_mailbox: i64,
    /// Those of them on this account's behalf.
    pub to_mailbox_for_account: i64,
    /// On this account's behalf.
    pub for_account: i64,
}

/// How many emails with this name this mailbox got since `hour`, and how many were sent on the account's behalf since
/// `day`, except those with a name in `without`. One statement, with or without an account.
pub async fn asked(
    db: impl Db<'_>,
    mailbox: &[u8],
    name: &str,
    hour: DateTime<Utc>,
    account_id: Option<AccountId>,
    without: &[String],
    day: DateTime<Utc>,
) -> sqlx::Result<Sent> {
    sqlx::query_as!(
        Sent,
        r#"
        select
            (select count(*) from jobs where kind = $7 and mailbox_hash = $1 and name = $2 and created_at > $3)
                as "to_mailbox!",
            (
                select count(*) from jobs
                where kind = $7 and mailbox_hash = $1 and name = $2 and created_at > $3 and account_id = $4
            ) as "to_mailbox_for_account!",
            (select count(*) from jobs where kind = $7 and account_id = $4 and name <> all($5) and created_at > $6)
                as "for_account!"
        "#,
        mailbox,
        name,
        hour,
        account_id.map(|id| id.0),
        without,
        day,
        JobKind::Mail.as_str()
    )
    .fetch_one(db)
    .await
}

/// A waiting email.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The row; the place of the sealed payload.
    pub id: JobId,
    /// The account on whose behalf it is.
    pub account_id: Option<AccountId>,
    /// Sealed for (`jobs`, id, `payload`).
    pub payload: Vec<u8>,
}

/// The emails with these names to this address that no worker has claimed, oldest first, locked until the transaction
/// ends: none of them is sent meanwhile.
pub async fn unclaimed(
    db: impl Db<'_>,
    recipient: &[u8],
    names: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as!(
        Waiting,
        r#"
        select id as "id: JobId", account_id as "account_id: AccountId", payload as "payload!" from jobs
        where kind = $4 and state = $5 and recipient = $1 and name = any($2)
            and (locked_until is null or locked_until <= $3)
        order by created_at, id
        for update
        "#,
        recipient,
        names,
        now,
        JobKind::Mail.as_str(),
        JobState::Pending.as_str()
    )
    .fetch_all(db)
    .await
}

/// Replaces the content of an email that [`unclaimed`] has locked.
pub async fn amend(
    db: impl Db<'_>,
    id: JobId,
    account_id: Option<AccountId>,
    payload: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update jobs set account_id = $2, payload = $3 where id = $1 and state = $4",
        id.0,
        account_id.map(|id| id.0),
        payload,
        JobState::Pending.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes an email that [`unclaimed`] has locked from the queue.
pub async fn withdraw(db: impl Db<'_>, id: JobId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from jobs where id = $1 and state = $2",
        id.0,
        JobState::Pending.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// When the last email with this name to this address was sent or is due, if that is after `since`.
pub async fn last_mail(
    db: impl Db<'_>,
    recipient: &[u8],
    name: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        select max(run_at) from jobs
        where kind = $4 and recipient = $1 and name = $2 and run_at > $3
        "#,
        recipient,
        name,
        since,
        JobKind::Mail.as_str()
    )
    .fetch_one(db)
    .await
}

/// The delivery of an email.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The recipient: SHA-256 of the address key.
    pub recipient: Vec<u8>,
    /// Its state.
    pub state: JobState,
    /// Why the last attempt failed, even if there will be another.
    pub failure: Option<Failure>,
}

/// For each of these recipients the newest email with one of these names on this account's behalf, or on no account's.
/// Recipients without a recent one are left out.
pub async fn newest_mails(
    db: impl Db<'_>,
    account_id: AccountId,
    names: &[String],
    recipients: &[Vec<u8>],
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        select distinct on (recipient) recipient as "recipient!", state as "state: JobState", failure as "failure: Failure"
        from jobs
        where kind = $4 and recipient = any($3) and name = any($2) and (account_id = $1 or account_id is null)
        order by recipient, created_at desc, id desc
        "#,
        account_id.0,
        names,
        recipients,
        JobKind::Mail.as_str()
    )
    .fetch_all(db)
    .await
}

/// The newest email with any name to this recipient, on any account's behalf.
pub async fn newest_mail_to(db: impl Db<'_>, recipient: &[u8]) -> sqlx::Result<Option<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        select recipient as "recipient!", state as "state: JobState", failure as "failure: Failure"
        from jobs
        where kind = $2 and recipient = $1
        order by created_at desc, id desc
        limit 1
        "#,
        recipient,
        JobKind::Mail.as_str()
    )
    .fetch_optional(db)
    .await
}

/// How many jobs are waiting.
pub async fn waiting(db: impl Db<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from jobs where state = 'pending'"#)
        .fetch_one(db)
        .await
}

/// A job in an export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportedJob {
    /// Its kind.
    pub kind: JobKind,
    /// Which email, or what is revoked.
    pub name: String,
    /// Its state.
    pub state: JobState,
    /// How many attempts there were.
    pub attempts: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
}

/// The jobs on an account's behalf and the emails to its address, oldest first.
pub async fn for_export(
    db: impl Db<'_>,
    account_id: AccountId,
    recipient: &[u8],
) -> sqlx::Result<Vec<ExportedJob>> {
    sqlx::query_as!(
        ExportedJob,
        r#"
        select kind as "kind: JobKind", name, state as "state: JobState", attempts, created_at, finished_at,
            failure as "failure: Failure"
        from jobs
        where account_id = $1 or recipient = $2
        order by created_at, id
        "#,
        account_id.0,
        recipient
    )
    .fetch_all(db)
    .await
}

/// Takes an account that is being deleted out of the queue. Emails on its behalf and to its address are deleted, except
/// those with a name in `kept`, which the address gets in another role. A waiting revoke stays, without the account.
pub async fn forget(
    db: &mut PgConnection,
    account_id: AccountId,
    recipient: &[u8],
    kept: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from jobs
        where (account_id = $1 or (recipient = $2 and name <> all($3))) and (kind = $4 or state <> $5)
        "#,
        account_id.0,
        recipient,
        kept,
        JobKind::Mail.as_str(),
        JobState::Pending.as_str()
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update jobs set account_id = null where account_id = $1",
        account_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes the emails with these names to an address, sent or not.
pub async fn forget_mails(db: impl Db<'_>, recipient: &[u8], names: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from jobs where kind = $3 and recipient = $1 and name = any($2)",
        recipient,
        names,
        JobKind::Mail.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` jobs that ended before `before`, failed ones only if they ended before `failed_before`.
pub async fn purge(
    db: impl Db<'_>,
    before: DateTime<Utc>,
    failed_before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from jobs where id in (
            select id from jobs where finished_at < $1 and (state <> $4 or finished_at < $2)
            limit $3 for update skip locked
        )
        "#,
        before,
        failed_before,
        limit,
        JobState::Failed.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Emails that should have been sent by `now`, and how long the first of them has been waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// How many.
    pub mails: i64,
    /// When the oldest of them was queued; none if there is none.
    pub since: Option<DateTime<Utc>>,
}

/// The emails that are due.
pub async fn overdue_mails(db: impl Db<'_>, now: DateTime<Utc>) -> sqlx::Result<Overdue> {
    sqlx::query_as!(
        Overdue,
        r#"
        select count(*) as "mails!", min(created_at) as since from jobs
        where state = 'pending' and kind = $2 and run_at <= $1
        "#,
        now,
        JobKind::Mail.as_str()
    )
    .fetch_one(db)
    .await
}
