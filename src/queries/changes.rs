//! Changes that were made through IcuSync, who may make one now, and what was confirmed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Db, activity_log::DELETED_COACH};
use crate::{
    ids::{AccountId, ChangeId, CoachId, ConnectorId, LogId},
    secrets::TokenHash,
    words::{ChangeState, ConnectionStatus},
};

/// A change's row.
#[derive(Debug, Clone)]
pub struct Change {
    /// The row; also the place of what is sealed (`changes`, id, `sealed`).
    pub id: ChangeId,
    /// The call's row in the activity log.
    pub log_id: LogId,
    /// What people call it.
    pub number: i32,
    /// The athlete whose calendar it is.
    pub athlete_id: String,
    /// Null for the athlete, otherwise the coach's name at the time.
    pub caller: Option<String>,
    /// The coach who made it; null for the athlete, and once the coach is erased.
    pub coach_id: Option<CoachId>,
    /// The tool that made it.
    pub tool: String,
    /// The tools of which a coach must have all to see it and undo it.
    pub needs: Vec<String>,
    /// The changes that it undoes.
    pub undoes: Vec<Uuid>,
    /// How it stands.
    pub state: ChangeState,
    /// The entry.
    pub event_id: Option<i64>,
    /// Ours, of a new entry.
    pub external_id: Option<String>,
    /// The entry before and after; null once erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it was sent last.
    pub sent_at: DateTime<Utc>,
    /// Until when it can be undone.
    pub kept_until: DateTime<Utc>,
}

/// A change that is about to be sent.
#[derive(Debug)]
pub struct NewChange<'a> {
    /// The row.
    pub id: ChangeId,
    /// The call's row in the activity log.
    pub log_id: LogId,
    /// The account.
    pub account_id: AccountId,
    /// The athlete.
    pub athlete_id: &'a str,
    /// Its number.
    pub number: i32,
    /// The coach who makes it.
    pub coach_id: Option<CoachId>,
    /// That coach's name.
    pub caller: Option<&'a str>,
    /// The tool.
    pub tool: &'a str,
    /// The tools of which a coach must have all to see it and undo it.
    pub needs: &'a [String],
    /// The changes that it undoes.
    pub undoes: &'a [Uuid],
    /// The entry, if it stands.
    pub event_id: Option<i64>,
    /// Ours, of a new entry.
    pub external_id: Option<&'a str>,
    /// Of what was asked for.
    pub fingerprint: Option<&'a [u8]>,
    /// The entry before and as it is meant to be.
    pub sealed: &'a [u8],
    /// Now.
    pub now: DateTime<Utc>,
    /// Until when what is sealed is kept.
    pub kept_until: DateTime<Utc>,
}

/// Takes the next `count` numbers of an account and returns the last of them; None if it is gone.
pub async fn next_numbers(db: impl Db<'_>, account_id: AccountId, count: i32) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "update accounts set last_change = last_change + $2 where id = $1 returning last_change",
        account_id.0,
        count
    )
    .fetch_optional(db)
    .await
}

/// Whether the account still shows this athlete. If so, it does until the transaction ends: who disconnects waits, and then
/// erases what was kept.
pub async fn is_shown(db: impl Db<'_>, account_id: AccountId, athlete_id: &str) -> sqlx::Result<bool> {
    let shown = sqlx::query_scalar!(
        r#"
        select id from connections where account_id = $1 and athlete_id = $2 and status <> $3 for share
        "#,
        account_id.0,
        athlete_id,
        ConnectionStatus::Disconnected.as_str()
    );
    Ok(shown.fetch_optional(db).await?.is_some())
}

/// What a connector may do.
#[derive(Debug)]
pub struct Connector {
    /// Whether it may change something.
    pub may_write: bool,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
}

/// The connector with this token; None if the token is no longer in use. It stays so until the transaction ends.
pub async fn connector(
    db: impl Db<'_>,
    hash: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Connector>> {
    sqlx::query_as!(
        Connector,
        r#"
        select coalesce(k.may_write, k.coach_id is not null) as "may_write!", k.groups_off,
            (select coalesce(max(version), 0) from policies) as "policy!"
        from connectors k
        where k.id in (select connector_id from connector_tokens where hash = $1 and expires_at > $2)
        for share of k
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Whether the coach may still use all of these tools for this athlete. If so, the grant stays until the transaction ends: who
/// ends it or has the coach erased waits, and then finds the coach's name in the change.
pub async fn is_granted(
    db: impl Db<'_>,
    coach_id: CoachId,
    account_id: AccountId,
    athlete_id: &str,
    tools: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let granted = sqlx::query_scalar!(
        r#"
        select id from grants
        where coach_id = $1 and account_id = $2 and athlete_id = $3 and tools @> $4
            and (expires_at is null or expires_at > $5)
        for share
        "#,
        coach_id.0,
        account_id.0,
        athlete_id,
        tools,
        now
    );
    Ok(granted.fetch_optional(db).await?.is_some())
}

/// Writes a change down before it is sent.
pub async fn write(db: impl Db<'_>, new: &NewChange<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into changes (id, log_id, account_id, athlete_id, number, coach_id, caller, tool, state, event_id, external_id,
            fingerprint, sealed, created_at, sent_at, kept_until, needs, undoes)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $15, $9, $10, $11, $12, $13, $13, $14, $16, $17)
        "#,
        new.id.0,
        new.log_id.0,
        new.account_id.0,
        new.athlete_id,
        new.number,
        new.coach_id.map(|id| id.0),
        new.caller,
        new.tool,
        new.event_id,
        new.external_id,
        new.fingerprint,
        new.sealed,
        new.now,
        new.kept_until,
        ChangeState::Sent.as_str(),
        new.needs,
        new.undoes
    )
    .execute(db)
    .await
    .map(drop)
}

/// Writes down that an open change is sent once more, by this call, and what it is meant to be now.
pub async fn send_again(
    db: impl Db<'_>,
    id: ChangeId,
    log_id: LogId,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update changes set log_id = $2, sealed = $3, sent_at = $4 where id = $1 and sealed is not null",
        id.0,
        log_id.0,
        sealed,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Gives up an open change whose external id another one takes over: nobody finds out any more what became of it by itself.
pub async fn give_up(db: impl Db<'_>, id: ChangeId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update changes set external_id = null, fingerprint = null, state = $2, ended_at = $3 where id = $1 and state = $4",
        id.0,
        ChangeState::Lost.as_str(),
        now,
        ChangeState::Sent.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Locks the changes that end together, and those of an entry that gets another id, until the transaction ends: in the order in
/// which everyone takes several.
pub async fn lock(
    db: impl Db<'_>,
    account_id: AccountId,
    ids: &[Uuid],
    event: Option<i64>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        select id from changes where account_id = $1 and (id = any($2) or event_id = $3) order by id for no key update
        "#,
        account_id.0,
        ids,
        event
    )
    .fetch_all(db)
    .await
    .map(drop)
}

/// Writes down how a change ended; false if that was known already. Only that it is on the calendar after all is news then. What
/// was erased meanwhile stays erased.
pub async fn end(
    db: impl Db<'_>,
    id: ChangeId,
    state: ChangeState,
    event_id: Option<i64>,
    sealed: Option<&[u8]>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update changes set state = $2, event_id = coalesce($3, event_id),
            sealed = case when sealed is null then null else coalesce($4, sealed) end,
            ended_at = $5
        where id = $1 and (state = $6 or $2 = $7 and state in ($8, $9))
        "#,
        id.0,
        state.as_str(),
        event_id,
        sealed,
        now,
        ChangeState::Sent.as_str(),
        ChangeState::Held.as_str(),
        ChangeState::Refused.as_str(),
        ChangeState::Lost.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The entry of these changes, if it is known.
pub async fn entry_of(db: impl Db<'_>, account_id: AccountId, ids: &[Uuid]) -> sqlx::Result<Option<i64>> {
    let found = sqlx::query_scalar!(
        r#"
        select event_id as "event_id!" from changes
        where account_id = $1 and id = any($2) and event_id is not null
        order by number desc limit 1
        "#,
        account_id.0,
        ids
    );
    found.fetch_optional(db).await
}

/// Writes down that these changes were undone.
pub async fn undone(db: impl Db<'_>, ids: &[Uuid]) -> sqlx::Result<()> {
    let undone = ChangeState::Undone.as_str();
    sqlx::query!("update changes set state = $2 where id = any($1)", ids, undone)
        .execute(db)
        .await
        .map(drop)
}

/// Lets every change of an entry follow it to the id under which it was restored.
pub async fn follow(db: impl Db<'_>, account_id: AccountId, old: i64, new: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update changes set event_id = $3 where account_id = $1 and event_id = $2",
        account_id.0,
        old,
        new
    )
    .execute(db)
    .await
    .map(drop)
}

/// Selects changes of an athlete on an account; a field that is `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// Made by this coach.
    pub coach: Option<CoachId>,
    /// With one of these numbers.
    pub numbers: Option<&'a [i32]>,
    /// In one of these states.
    pub states: Option<&'a [ChangeState]>,
    /// Of what was asked for.
    pub fingerprint: Option<&'a [u8]>,
    /// Of this entry.
    pub event: Option<i64>,
    /// Since then.
    pub since: Option<DateTime<Utc>>,
}

/// The newest changes of an athlete on an account that `filter` selects, up to `limit`.
pub async fn of(
    db: impl Db<'_>,
    account_id: AccountId,
    athlete_id: &str,
    filter: &Filter<'_>,
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    let states: Option<Vec<&str>> = filter
        .states
        .map(|states| states.iter().map(|state| state.as_str()).collect());
    sqlx::query_as!(
        Change,
        r#"
        select id as "id: ChangeId", log_id as "log_id: LogId", number, athlete_id, caller, coach_id as "coach_id: CoachId", tool,
            needs, undoes, state as "state: ChangeState", event_id, external_id, sealed, created_at, sent_at, kept_until
        from changes
        where account_id = $1 and athlete_id = $2
            and ($3::uuid is null or coach_id = $3)
            and ($4::integer[] is null or number = any($4))
            and ($5::text[] is null or state = any($5))
            and ($6::bytea is null or fingerprint = $6)
            and ($7::bigint is null or event_id = $7)
            and ($8::timestamptz is null or created_at >= $8)
        order by number desc
        limit $9
        "#,
        account_id.0,
        athlete_id,
        filter.coach.map(|coach| coach.0),
        filter.numbers,
        states.as_deref() as Option<&[&str]>,
        filter.fingerprint,
        filter.event,
        filter.since,
        limit
    )
    .fetch_all(db)
    .await
}

/// The changes that these calls of an account made, newest first.
pub async fn of_calls(db: impl Db<'_>, account_id: AccountId, calls: &[Uuid]) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        r#"
        select id as "id: ChangeId", log_id as "log_id: LogId", number, athlete_id, caller, coach_id as "coach_id: CoachId", tool,
            needs, undoes, state as "state: ChangeState", event_id, external_id, sealed, created_at, sent_at, kept_until
        from changes where account_id = $1 and log_id = any($2) order by number desc
        "#,
        account_id.0,
        calls
    )
    .fetch_all(db)
    .await
}

/// Every change of an account with what is kept of it, oldest first, for the export.
pub async fn all_of(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as!(
        Change,
        r#"
        select id as "id: ChangeId", log_id as "log_id: LogId", number, athlete_id, caller, coach_id as "coach_id: CoachId", tool,
            needs, undoes, state as "state: ChangeState", event_id, external_id, sealed, created_at, sent_at, kept_until
        from changes where account_id = $1 order by number
        "#,
        account_id.0
    )
    .fetch_all(db)
    .await
}

/// Erases what is kept of an account's changes: the rows stay, and can never be undone. Nobody can find out any more how one
/// ended that is still open, except the call that sent it.
pub async fn erase(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update changes set sealed = null, fingerprint = null, state = case when state = $2 then $3 else state end
        where id in (
            select id from changes where account_id = $1 and sealed is not null order by id for no key update
        )
        "#,
        account_id.0,
        ChangeState::Sent.as_str(),
        ChangeState::Lost.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Takes a coach's name out of every change, because the coach had the address erased.
pub async fn forget_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update changes set caller = $2, coach_id = null where id in (
            select id from changes where coach_id = $1 order by id for no key update
        )
        "#,
        coach_id.0,
        DELETED_COACH
    )
    .execute(db)
    .await
    .map(drop)
}

/// Erases up to `limit` kept states whose time is over.
pub async fn erase_lapsed(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update changes set sealed = null, fingerprint = null,
            state = case when state = $3 then $4 else state end
        where id in (
            select id from changes where sealed is not null and kept_until < $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit,
        ChangeState::Sent.as_str(),
        ChangeState::Lost.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` rows from before `before`.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from changes where id in (
            select id from changes where created_at < $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Takes the athlete's lease for so many seconds, by the database's clock, unless somebody else holds it.
pub async fn take_lease(db: impl Db<'_>, athlete_id: &str, holder: Uuid, seconds: f64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into write_leases as held (athlete_id, holder, until)
        values ($1, $2, clock_timestamp() + make_interval(secs => $3))
        on conflict (athlete_id) do update set holder = excluded.holder, until = excluded.until
            where held.until < clock_timestamp()
        "#,
        athlete_id,
        holder,
        seconds
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the lease for so many seconds from now; false if somebody else has had it since.
pub async fn keep_lease(db: impl Db<'_>, athlete_id: &str, holder: Uuid, seconds: f64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update write_leases set until = clock_timestamp() + make_interval(secs => $3)
        where athlete_id = $1 and holder = $2
        "#,
        athlete_id,
        holder,
        seconds
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lease back.
pub async fn release_lease(db: impl Db<'_>, athlete_id: &str, holder: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from write_leases where athlete_id = $1 and holder = $2",
        athlete_id,
        holder
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes up to `limit` leases that lapsed.
pub async fn purge_leases(db: impl Db<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from write_leases where athlete_id in (
            select athlete_id from write_leases where until < clock_timestamp() limit $1 for update skip locked
        )
        "#,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Writes down what a token would confirm.
pub async fn ask_to_confirm(
    db: impl Db<'_>,
    hash: &[u8],
    connector_id: ConnectorId,
    what_hash: &[u8],
    seen: &[u8],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into confirmations (hash, connector_id, what_hash, seen, expires_at) values ($1, $2, $3, $4, $5)",
        hash,
        connector_id.0,
        what_hash,
        seen,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Uses a token up, if it confirms just this through just this link; what the preview was made from.
pub async fn confirm(
    db: impl Db<'_>,
    hash: &[u8],
    connector_id: ConnectorId,
    what_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"
        delete from confirmations where hash = $1 and connector_id = $2 and what_hash = $3 and expires_at > $4
        returning seen
        "#,
        hash,
        connector_id.0,
        what_hash,
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes up to `limit` tokens that lapsed.
pub async fn purge_confirmations(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from confirmations where hash in (
            select hash from confirmations where expires_at < $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
