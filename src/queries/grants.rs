//! Grants: the tools that an athlete allows a coach. An invite is a grant that has never been used.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::Db;
use crate::{
    ids::{AccountId, CoachId, GrantId},
    secrets::TokenHash,
    words::MemberStatus,
};

/// A grant as its athlete sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The row.
    pub id: GrantId,
    /// The coach.
    pub coach_id: CoachId,
    /// The coach's address, as email goes to it.
    pub coach_email: String,
    /// The address, for lookup.
    pub coach_email_key: String,
    /// The athlete's account.
    pub account_id: AccountId,
    /// The athlete who granted it: the intervals.icu id.
    pub athlete_id: String,
    /// The athlete's name.
    pub athlete_name: String,
    /// Whether the account shows this athlete, connected or not. While it shows another one, the grant has no effect.
    pub is_shown: bool,
    /// Names of the granted tools; some may belong to another version of the service.
    pub tools: Vec<String>,
    /// What the athlete wrote to the coach.
    pub note: String,
    /// Raised by every edit.
    pub version: i32,
    /// When the athlete first invited.
    pub created_at: DateTime<Utc>,
    /// When the athlete last invited or resent.
    pub invited_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the coach first used it.
    pub first_used_at: Option<DateTime<Utc>>,
    /// When the coach last used it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The client that made the last use.
    pub last_client: Option<String>,
}

/// Every [`Grant`] that these clauses after `from` find.
macro_rules! grants {
    ($clauses:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Grant,
            r#"
            select g.id as "id: GrantId", g.coach_id as "coach_id: CoachId", c.email as coach_email,
                c.email_key as coach_email_key, g.account_id as "account_id: AccountId", g.athlete_id,
                case when n.athlete_id = g.athlete_id then n.athlete_name else g.athlete_name end as "athlete_name!",
                coalesce(n.athlete_id = g.athlete_id, false) as "is_shown!", g.tools, g.note, g.version, g.created_at,
                g.invited_at, g.expires_at, g.first_used_at, g.last_used_at, g.last_client
            from grants g
                join coaches c on c.id = g.coach_id
                left join connections n on n.account_id = g.account_id
            "# + $clauses,
            $($argument),*
        )
    };
}

/// What an invite or an edit writes.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    /// Names of the granted tools.
    pub tools: &'a [String],
    /// What the athlete writes to the coach.
    pub note: &'a str,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

impl<'a> Terms<'a> {
    /// The same with other tools.
    pub(crate) fn of(&self, tools: &'a [String]) -> Self {
        Self {
            tools,
            ..self.clone()
        }
    }
}

/// The coach's grant from this athlete of this account, locked: no one else changes or ends it until this transaction ends.
pub async fn lock_of_pair(
    db: impl Db<'_>,
    coach_id: CoachId,
    account_id: AccountId,
    athlete_id: &str,
) -> sqlx::Result<Option<Grant>> {
    grants!(
        "where g.coach_id = $1 and g.account_id = $2 and g.athlete_id = $3 for update of g",
        coach_id.0,
        account_id.0,
        athlete_id
    )
    .fetch_optional(db)
    .await
}

/// The zone of an athlete of this account, from one of the grants: a connection that was another athlete's meanwhile no
/// longer has it.
pub async fn zone_of(
    db: impl Db<'_>,
    account_id: AccountId,
    athlete_id: &str,
) -> sqlx::Result<Option<String>> {
    let zones = sqlx::query_scalar!(
        r#"
        select athlete_zone as "zone!" from grants
        where account_id = $1 and athlete_id = $2 and athlete_zone is not null
        order by invited_at desc
        limit 1
        "#,
        account_id.0,
        athlete_id
    );
    zones.fetch_optional(db).await
}

/// Whether the coach with this address has any grant.
pub async fn any_to(db: impl Db<'_>, email_key: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from grants g join coaches c on c.id = g.coach_id where c.email_key = $1
        ) as "any!"
        "#,
        email_key
    )
    .fetch_one(db)
    .await
}

/// All grants of an account, oldest first.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Vec<Grant>> {
    grants!(
        "where g.account_id = $1 order by g.created_at, g.id",
        account_id.0
    )
    .fetch_all(db)
    .await
}

/// One grant of an account; none if it is another account's.
pub async fn one_of_account(
    db: impl Db<'_>,
    account_id: AccountId,
    id: GrantId,
) -> sqlx::Result<Option<Grant>> {
    grants!("where g.account_id = $1 and g.id = $2", account_id.0, id.0)
        .fetch_optional(db)
        .await
}

/// [`one_of_account`], locked: no one else changes or ends it until this transaction ends.
pub async fn lock_one_of_account(
    db: impl Db<'_>,
    account_id: AccountId,
    id: GrantId,
) -> sqlx::Result<Option<Grant>> {
    grants!(
        "where g.account_id = $1 and g.id = $2 for update of g",
        account_id.0,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// A grant to be written.
#[derive(Debug)]
pub struct NewGrant<'a> {
    /// A fresh id.
    pub id: GrantId,
    /// The coach.
    pub coach_id: CoachId,
    /// The account.
    pub account_id: AccountId,
    /// The athlete who grants: the intervals.icu id.
    pub athlete_id: &'a str,
    /// The athlete's name.
    pub athlete_name: &'a str,
    /// The athlete's IANA zone, if it is known.
    pub athlete_zone: Option<&'a str>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Writes a new grant.
pub async fn create(db: impl Db<'_>, new: NewGrant<'_>, terms: &Terms<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into grants
            (id, coach_id, account_id, athlete_id, athlete_name, athlete_zone, tools, note, expires_at, created_at, invited_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        "#,
        new.id.0,
        new.coach_id.0,
        new.account_id.0,
        new.athlete_id,
        new.athlete_name,
        new.athlete_zone,
        terms.tools,
        terms.note,
        terms.expires_at,
        new.now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Keeps an athlete's name and zone in the grants, because the account now shows another athlete.
pub async fn remember_athlete(
    db: impl Db<'_>,
    account_id: AccountId,
    athlete_id: &str,
    name: &str,
    zone: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update grants set athlete_name = $3, athlete_zone = $4 where account_id = $1 and athlete_id = $2",
        account_id.0,
        athlete_id,
        name,
        zone
    )
    .execute(db)
    .await
    .map(drop)
}

/// Changes a grant, unless it is no longer at `version`. True if it was changed. A paused invite resumes.
pub async fn change(
    db: impl Db<'_>,
    id: GrantId,
    account_id: AccountId,
    version: i32,
    terms: &Terms<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update grants set tools = $4, note = $5, expires_at = $6, version = version + 1, invited_at = $7,
            asleep_told_at = null, expired_told_at = null
        where id = $1 and account_id = $2 and version = $3
        "#,
        id.0,
        account_id.0,
        version,
        terms.tools,
        terms.note,
        terms.expires_at,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that an invite was resent: its fourteen days begin again.
pub async fn resent(
    db: impl Db<'_>,
    id: GrantId,
    account_id: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update grants set invited_at = $3, asleep_told_at = null where id = $1 and account_id = $2",
        id.0,
        account_id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a grant for the athlete; true if there was one.
pub async fn end(db: impl Db<'_>, id: GrantId, account_id: AccountId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from grants where id = $1 and account_id = $2",
        id.0,
        account_id.0
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An athlete whom a coach left.
#[derive(Debug, Clone)]
pub struct Left {
    /// The athlete's account.
    pub account_id: AccountId,
    /// The account's address.
    pub email: String,
    /// The address, for lookup.
    pub email_key: String,
    /// When the grant would have expired, or did.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Which of a coach's grants end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Only this one.
    One(GrantId),
    /// Those of every athlete of this account.
    Account(AccountId),
    /// All.
    All,
}

/// Ends grants for the coach, and returns whose they were.
pub async fn leave(db: impl Db<'_>, coach_id: CoachId, which: Leave) -> sqlx::Result<Vec<Left>> {
    let (grant, account) = match which {
        Leave::One(grant) => (Some(grant.0), None),
        Leave::Account(account) => (None, Some(account.0)),
        Leave::All => (None, None),
    };
    sqlx::query_as!(
        Left,
        r#"
        with gone as (
            delete from grants
            where coach_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or account_id = $3)
            returning account_id, athlete_id, expires_at
        )
        select g.account_id as "account_id: AccountId", a.email as "email!", a.email_key as "email_key!", g.expires_at
        from gone g join accounts a on a.id = g.account_id
        order by g.account_id, g.athlete_id
        "#,
        coach_id.0,
        grant,
        account
    )
    .fetch_all(db)
    .await
}

/// An athlete on a coach's roster.
#[derive(Debug, Clone)]
pub struct Member {
    /// The grant.
    pub grant_id: GrantId,
    /// The athlete's account.
    pub account_id: AccountId,
    /// The account's address.
    pub account_email: String,
    /// Names of the granted tools.
    pub tools: Vec<String>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the athlete last invited or resent.
    pub invited_at: DateTime<Utc>,
    /// When the coach first used it.
    pub first_used_at: Option<DateTime<Utc>>,
    /// When the coach last used it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The client that made the last use.
    pub last_client: Option<String>,
    /// The name of the athlete who granted, who may have disconnected since.
    pub athlete_name: String,
    /// The name that the grant keeps: that of its beginning, or the last one before the account showed another athlete.
    pub granted_as: String,
    /// That athlete's id at intervals.icu.
    pub athlete_id: String,
    /// Whether the athlete's data can be read.
    pub status: MemberStatus,
    /// The athlete's IANA zone, in which the grant's last day ends.
    pub zone: Option<String>,
}

/// The athletes with an unexpired grant for this coach, by name. These include paused invites: see `invited_at`.
pub async fn roster_of(db: impl Db<'_>, coach_id: CoachId, now: DateTime<Utc>) -> sqlx::Result<Vec<Member>> {
    sqlx::query_as!(
        Member,
        r#"
        select g.id as "grant_id: GrantId", g.account_id as "account_id: AccountId", a.email as "account_email!", g.tools,
            g.expires_at, g.invited_at, g.first_used_at, g.last_used_at, g.last_client, g.athlete_id,
            case when c.athlete_id = g.athlete_id then c.athlete_name else g.athlete_name end as "athlete_name!",
            g.athlete_name as granted_as,
            case when c.athlete_id = g.athlete_id then c.status else $3 end as "status!: MemberStatus",
            case when c.athlete_id = g.athlete_id then c.zone else g.athlete_zone end as zone
        from grants g
            join accounts a on a.id = g.account_id
            join connections c on c.account_id = g.account_id
        where g.coach_id = $1 and (g.expires_at is null or g.expires_at > $2)
        order by "athlete_name!", g.id
        "#,
        coach_id.0,
        now,
        MemberStatus::Replaced.as_str()
    )
    .fetch_all(db)
    .await
}

/// The state of one grant, read again before an answer is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveGrant {
    /// The grant.
    pub grant_id: GrantId,
    /// Names of the granted tools.
    pub tools: Vec<String>,
    /// Whether the athlete's data can be read.
    pub status: MemberStatus,
    /// The athlete who granted.
    pub athlete_id: String,
}

/// What the reply to a coach depends on, read again before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveGrants {
    /// Those that have not ended.
    pub grants: Vec<LiveGrant>,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
}

/// The state of these grants of the coach whose connector has this token: none if it is not in use, and without a row
/// for a grant that ended or expired.
pub async fn live(
    db: impl Db<'_>,
    hash: TokenHash,
    grants: &[GrantId],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<LiveGrants>> {
    let ids: Vec<uuid::Uuid> = grants.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"
        select g.id as "grant_id?: GrantId", g.tools as "tools?", g.athlete_id as "athlete_id?",
            case when c.athlete_id = g.athlete_id then c.status else $4 end as "status?: MemberStatus",
            (select coalesce(max(version), 0) from policies) as "policy!"
        from connector_tokens t
            join connectors k on k.id = t.connector_id
            left join grants g on g.coach_id = k.coach_id and g.id = any($2)
                and (g.expires_at is null or g.expires_at > $3)
            left join connections c on c.account_id = g.account_id
        where t.hash = $1 and t.expires_at > $3 and k.coach_id is not null
        "#,
        hash.as_bytes(),
        &ids,
        now,
        MemberStatus::Replaced.as_str()
    )
    .fetch_all(db)
    .await?;
    let Some(policy) = rows.first().map(|row| row.policy) else {
        return Ok(None);
    };
    let live = rows.into_iter().filter_map(|row| {
        Some(LiveGrant {
            grant_id: row.grant_id?,
            tools: row.tools?,
            status: row.status?,
            athlete_id: row.athlete_id?,
        })
    });
    Ok(Some(LiveGrants {
        grants: live.collect(),
        policy,
    }))
}

/// Notes that a coach used a grant.
pub async fn used(db: impl Db<'_>, id: GrantId, client: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update grants set first_used_at = coalesce(first_used_at, $3), last_used_at = $3, last_client = $2 where id = $1
        "#,
        id.0,
        client,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// A call that used a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: DateTime<Utc>,
    /// The client's own name for itself.
    pub client: String,
}

/// As [`used`] for several grants, without waiting for a lock: what is held is left out.
pub async fn note_uses(db: impl Db<'_>, uses: &[(GrantId, Use)]) -> sqlx::Result<()> {
    let ids: Vec<_> = uses.iter().map(|(id, _)| id.0).collect();
    let times: Vec<_> = uses.iter().map(|(_, used)| used.at).collect();
    let clients: Vec<_> = uses.iter().map(|(_, used)| used.client.clone()).collect();
    sqlx::query!(
        r#"
        with free as (
            select g.id, n.at, n.client
            from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as n (id, at, client) join grants g on g.id = n.id
            for no key update of g skip locked
        )
        update grants g set first_used_at = coalesce(g.first_used_at, free.at), last_used_at = free.at,
            last_client = free.client
        from free where g.id = free.id
        "#,
        &ids,
        &times,
        &clients
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that a client with this name (without its version) used a grant; true the first time. At most `most` names are kept.
pub async fn first_use_by(
    db: impl Db<'_>,
    id: GrantId,
    client: &str,
    now: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into grant_clients (grant_id, client, first_used_at)
        select $1, $2, $3 where (select count(*) from grant_clients where grant_id = $1) < $4
        on conflict do nothing
        "#,
        id.0,
        client,
        now,
        most
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A grant in its athlete's export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportedGrant {
    /// The coach's address.
    pub coach: String,
    /// The athlete who granted: the intervals.icu id.
    pub athlete_id: String,
    /// The athlete's name.
    pub athlete_name: String,
    /// The athlete's IANA zone when it was granted, or when the account began to show another athlete.
    pub athlete_zone: Option<String>,
    /// Names of the granted tools.
    pub tools: Vec<String>,
    /// What the athlete wrote to the coach.
    pub note: String,
    /// How many times it was written: 1 is the invite.
    pub version: i32,
    /// When the athlete first invited.
    pub created_at: DateTime<Utc>,
    /// When the athlete last invited or resent.
    pub invited_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the coach first used it.
    pub first_used_at: Option<DateTime<Utc>>,
    /// When the coach last used it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The client that made the last use.
    pub last_client: Option<String>,
    /// When an email told the athlete that the invite is unused.
    pub asleep_told_at: Option<DateTime<Utc>>,
    /// When an email told the coach that it has expired.
    pub expired_told_at: Option<DateTime<Utc>>,
    /// The clients that used it.
    pub clients: Json<Vec<ExportedClient>>,
}

/// A client that used a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportedClient {
    /// The client's own name for itself.
    pub client: String,
    /// When it was first used.
    pub first_used_at: DateTime<Utc>,
}

/// All grants of an account for its export, oldest first.
pub async fn for_export(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Vec<ExportedGrant>> {
    sqlx::query_as!(
        ExportedGrant,
        r#"
        select c.email as coach, g.athlete_id,
            case when t.athlete_id = g.athlete_id then t.athlete_name else g.athlete_name end as "athlete_name!",
            g.athlete_zone, g.tools, g.note, g.version, g.created_at, g.invited_at, g.expires_at, g.first_used_at,
            g.last_used_at, g.last_client, g.asleep_told_at, g.expired_told_at,
            (
                select coalesce(
                    json_agg(
                        json_build_object('client', n.client, 'first_used_at', n.first_used_at)
                        order by n.first_used_at, n.client
                    ),
                    '[]'
                )
                from grant_clients n where n.grant_id = g.id
            ) as "clients!: Json<Vec<ExportedClient>>"
        from grants g
            join coaches c on c.id = g.coach_id
            left join connections t on t.account_id = g.account_id
        where g.account_id = $1
        order by g.created_at, g.id
        "#,
        account_id.0
    )
    .fetch_all(db)
    .await
}

/// A grant about which an email is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// The athlete's account.
    pub account_id: AccountId,
    /// The account's address.
    pub account_email: String,
    /// The address, for lookup.
    pub account_email_key: String,
    /// The coach's address.
    pub coach_email: String,
    /// The address, for lookup.
    pub coach_email_key: String,
    /// The name of the athlete who granted.
    pub athlete_name: String,
}

/// Marks up to `limit` invites that were last sent before `before` and never used as paused, and returns them. Those of
/// an athlete whom the account does not show are paused anyway. Only one of several instances gets each.
pub async fn fallen_asleep(
    db: impl Db<'_>,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        with due as (
            update grants set asleep_told_at = $2 where id in (
                select g.id from grants g join connections c on c.account_id = g.account_id and c.athlete_id = g.athlete_id
                where g.first_used_at is null and g.asleep_told_at is null and g.invited_at <= $1
                    and (g.expires_at is null or g.expires_at > $2)
                order by g.invited_at limit $3 for update of g skip locked
            )
            returning account_id, coach_id, athlete_id, athlete_name
        )
        select d.account_id as "account_id: AccountId", a.email as "account_email!",
            a.email_key as "account_email_key!", o.email as coach_email, o.email_key as coach_email_key,
            case when c.athlete_id = d.athlete_id then c.athlete_name else d.athlete_name end as "athlete_name!"
        from due d
            join accounts a on a.id = d.account_id
            join coaches o on o.id = d.coach_id
            left join connections c on c.account_id = d.account_id
        "#,
        before,
        now,
        limit
    )
    .fetch_all(db)
    .await
}

/// Marks up to `limit` expired grants as told, and returns them. Only one of several instances gets each.
pub async fn expired(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        with due as (
            update grants set expired_told_at = $1 where id in (
                select id from grants where expires_at <= $1 and expired_told_at is null
                order by expires_at limit $2 for update skip locked
            )
            returning account_id, coach_id, athlete_id, athlete_name
        )
        select d.account_id as "account_id: AccountId", a.email as "account_email!",
            a.email_key as "account_email_key!", o.email as coach_email, o.email_key as coach_email_key,
            case when c.athlete_id = d.athlete_id then c.athlete_name else d.athlete_name end as "athlete_name!"
        from due d
            join accounts a on a.id = d.account_id
            join coaches o on o.id = d.coach_id
            left join connections c on c.account_id = d.account_id
        "#,
        now,
        limit
    )
    .fetch_all(db)
    .await
}

/// Deletes up to `limit` grants that expired before `before`, or were last sent before it and never used.
pub async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from grants where id in (
            select id from grants where expires_at < $1 or (first_used_at is null and invited_at < $1)
            limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
