//! The activity log: who read or changed what, when, through which client.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, CoachId, LogId},
    words::{Access, Outcome},
};

/// One call on an athlete's data.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The row.
    pub id: LogId,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The account whose data it is.
    pub account_id: AccountId,
    /// The athlete whom the account showed then.
    pub athlete_id: String,
    /// Null for the athlete, otherwise the caller's name at the time.
    pub caller: Option<String>,
    /// The coach, if it was one.
    pub coach_id: Option<CoachId>,
    /// The client's own name for itself.
    pub client: String,
    /// The tool.
    pub tool: String,
    /// Whether it read or wrote.
    pub access: Access,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub duration_ms: i32,
    /// Requests to intervals.icu.
    pub upstream_requests: i32,
    /// How many calls the row counts: one, or as many as the rate limit refused in a minute.
    pub calls: i32,
}

/// What replaces a coach's name once the address is erased.
pub const DELETED_COACH: &str = "a deleted coach";

/// Writes a row. If the coach's address was erased during the call, the row does not name the coach. The lock makes it
/// wait for an erasure in progress, and an erasure wait for it.
pub async fn write(db: impl Db<'_>, entry: &Entry) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with coach as (select id from coaches where id = $12 for key share)
        insert into activity_log
            (id, at, account_id, athlete_id, caller, client, tool, access, outcome, duration_ms, upstream_requests, coach_id,
            calls)
        select $1, $2, $3, $4, case when $12::uuid is null or coach.id is not null then $5 else $13 end, $6, $7, $8, $9, $10,
            $11, coach.id, $14
        from (values (true)) as one left join coach on true
        "#,
        entry.id.0,
        entry.at,
        entry.account_id.0,
        entry.athlete_id,
        entry.caller,
        entry.client,
        entry.tool,
        entry.access.as_str(),
        entry.outcome.as_str(),
        entry.duration_ms,
        entry.upstream_requests,
        entry.coach_id.map(|id| id.0),
        DELETED_COACH,
        entry.calls
    )
    .execute(db)
    .await
    .map(drop)
}

/// Writes rows of several calls. As [`write()`] for each, with one difference: a row of an account that is gone is left out, and
/// so is one that is already there. Accounts are locked before coaches, and each in order of their ids.
pub async fn write_all(db: impl Db<'_>, entries: &[Entry]) -> sqlx::Result<()> {
    fn all<T>(entries: &[Entry], field: impl Fn(&Entry) -> T) -> Vec<T> {
        entries.iter().map(field).collect()
    }
    sqlx::query!(
        r#"
        with given as (
            select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
                $8::text[], $9::text[], $10::text[], $11::int[], $12::int[], $13::int[])
            as t (id, at, account_id, athlete_id, caller, coach_id, client, tool, access, outcome, duration_ms,
                upstream_requests, calls)
        ), account as materialized (
            select id from accounts where id in (select account_id from given) order by id for key share
        ), coach as materialized (
            -- The count has all accounts locked before the first coach.
            select id from coaches
            where id in (select coach_id from given) and (select count(*) from account) > 0
            order by id for key share
        )
        insert into activity_log
            (id, at, account_id, athlete_id, caller, client, tool, access, outcome, duration_ms, upstream_requests, coach_id,
            calls)
        select g.id, g.at, g.account_id, g.athlete_id,
            case when g.coach_id is null or coach.id is not null then g.caller else $14 end, g.client, g.tool, g.access,
            g.outcome, g.duration_ms, g.upstream_requests, coach.id, g.calls
        from given g join account on account.id = g.account_id left join coach on coach.id = g.coach_id
        on conflict (id) do nothing
        "#,
        &all(entries, |entry| entry.id.0),
        &all(entries, |entry| entry.at),
        &all(entries, |entry| entry.account_id.0),
        &all(entries, |entry| entry.athlete_id.clone()),
        &all(entries, |entry| entry.caller.clone()) as &[Option<String>],
        &all(entries, |entry| entry.coach_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
        &all(entries, |entry| entry.client.clone()),
        &all(entries, |entry| entry.tool.clone()),
        &all(entries, |entry| entry.access.to_string()),
        &all(entries, |entry| entry.outcome.to_string()),
        &all(entries, |entry| entry.duration_ms),
        &all(entries, |entry| entry.upstream_requests),
        &all(entries, |entry| entry.calls),
        DELETED_COACH
    )
    .execute(db)
    .await
    .map(drop)
}

/// Writes the row of an athlete's own calls that the rate limit refused, or adds them to the existing row.
pub async fn add_refused(db: impl Db<'_>, entry: &Entry) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into activity_log as stands
            (id, at, account_id, athlete_id, client, tool, access, outcome, duration_ms, upstream_requests, calls)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (id) do update set calls = stands.calls + excluded.calls
            where stands.account_id = excluded.account_id
        "#,
        entry.id.0,
        entry.at,
        entry.account_id.0,
        entry.athlete_id,
        entry.client,
        entry.tool,
        entry.access.as_str(),
        entry.outcome.as_str(),
        entry.duration_ms,
        entry.upstream_requests,
        entry.calls
    )
    .execute(db)
    .await
    .map(drop)
}

/// Completes the row of a change, which was written before the change was sent. That its caller waited in vain is no news once
/// its end is known.
pub async fn finish(
    db: impl Db<'_>,
    id: LogId,
    outcome: Outcome,
    duration_ms: i32,
    upstream_requests: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update activity_log set outcome = $2, duration_ms = $3, upstream_requests = $4
        where id = $1 and (not $5 or outcome = $6)
        "#,
        id.0,
        outcome.as_str(),
        duration_ms,
        upstream_requests,
        matches!(outcome, Outcome::TooLong | Outcome::Cancelled),
        Outcome::Unfinished.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Selects rows of an account; a field that is `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The tool.
    pub tool: Option<String>,
    /// One of these.
    pub accesses: Option<Vec<Access>>,
    /// The client's whole name for itself.
    pub client: Option<String>,
    /// True for the athlete's own calls, false for everyone else's.
    pub own: Option<bool>,
    /// The caller's name at the time.
    pub caller: Option<String>,
    /// One of these outcomes.
    pub outcomes: Option<Vec<Outcome>>,
    /// Selects the outcomes that are not in `outcomes` instead.
    pub other_outcomes: bool,
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// The newest rows of an account that `filter` selects, up to `limit`, older than `before` if given.
pub async fn page_of(
    db: impl Db<'_>,
    account_id: AccountId,
    filter: &Filter,
    before: Option<LogId>,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let accesses = filter
        .accesses
        .as_ref()
        .map(|all| all.iter().map(Access::to_string).collect::<Vec<_>>());
    let outcomes = filter
        .outcomes
        .as_ref()
        .map(|all| all.iter().map(Outcome::to_string).collect::<Vec<_>>());
    sqlx::query_as!(
        Entry,
        r#"
        select id as "id: LogId", at, account_id as "account_id: AccountId", athlete_id, caller, coach_id as "coach_id: CoachId",
            client, tool, access as "access: Access", outcome as "outcome: Outcome", duration_ms, upstream_requests, calls
        from activity_log
        where account_id = $1 and ($2::uuid is null or id < $2)
            and ($4::text is null or tool = $4)
            and ($5::text[] is null or access = any($5))
            and ($6::text is null or client = $6)
            and ($7::text[] is null or (outcome = any($7)) <> $8)
            and ($9::timestamptz is null or at >= $9)
            and ($10::timestamptz is null or at < $10)
            and ($11::boolean is null or (caller is null) = $11)
            and ($12::text is null or caller = $12)
        order by id desc
        limit $3
        "#,
        account_id.0,
        before.map(|id| id.0),
        limit,
        filter.tool.as_deref(),
        accesses.as_deref(),
        filter.client.as_deref(),
        outcomes.as_deref(),
        filter.other_outcomes,
        filter.from,
        filter.until,
        filter.own,
        filter.caller.as_deref()
    )
    .fetch_all(db)
    .await
}

/// The clients of an account's newest `among` rows, those with most rows first, up to `limit`.
pub async fn clients_of(
    db: impl Db<'_>,
    account_id: AccountId,
    among: i64,
    limit: i64,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        select client from (
            select client from activity_log where account_id = $1 order by id desc limit $2
        ) newest
        group by client
        order by count(*) desc, client
        limit $3
        "#,
        account_id.0,
        among,
        limit
    )
    .fetch_all(db)
    .await
}

/// The callers other than the athlete of an account's newest `among` calls, those with most rows first, up to `limit`.
pub async fn callers_of(
    db: impl Db<'_>,
    account_id: AccountId,
    among: i64,
    limit: i64,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        select caller as "caller!" from (
            select caller from activity_log where account_id = $1 order by id desc limit $2
        ) newest
        where caller is not null
        group by caller
        order by count(*) desc, caller
        limit $3
        "#,
        account_id.0,
        among,
        limit
    )
    .fetch_all(db)
    .await
}

/// Takes a coach's name out of every athlete's log, because the coach had the address erased.
pub async fn forget_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<()> {
    sqlx::query!(
        "update activity_log set caller = $2, coach_id = null where coach_id = $1",
        coach_id.0,
        DELETED_COACH
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` rows from before `before`.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from activity_log where id in (
            select id from activity_log where at < $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
