//! Connections of accounts to intervals.icu athletes, one each.

use chrono::{DateTime, NaiveDate, Utc};

use super::Db;
use crate::{
    ids::{AccountId, ConnectionId},
    words::{ConnectionKind, ConnectionStatus, ZoneSource},
};

/// A connection's row.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The row; also the place of the sealed token (`connections`, id, `token_sealed`).
    pub id: ConnectionId,
    /// The account.
    pub account_id: AccountId,
    /// The intervals.icu athlete id, exactly as upstream spells it.
    pub athlete_id: String,
    /// The athlete's name at the last refresh.
    pub athlete_name: String,
    /// What the athlete connected with.
    pub kind: ConnectionKind,
    /// Whether it works.
    pub status: ConnectionStatus,
    /// The sealed bearer token or API key; null once disconnected.
    pub token_sealed: Option<Vec<u8>>,
    /// The scopes that the athlete left ticked, such as `ACTIVITY:WRITE`. Empty for an API key, which has all rights.
    pub scopes: Vec<String>,
    /// What was shared before a consent that shares less, until it is shared again or the athlete leaves it at that.
    pub scopes_before: Option<Vec<String>>,
    /// Raised whenever the connection is made again, so that nothing read before counts.
    pub write_number: i64,
    /// IANA zone.
    pub zone: Option<String>,
    /// Where the zone came from.
    pub zone_source: Option<ZoneSource>,
    /// Distances in miles.
    pub imperial: bool,
    /// Weights in pounds.
    pub weight_in_lb: bool,
    /// Temperatures in Fahrenheit.
    pub fahrenheit: bool,
    /// When a threshold was last changed upstream.
    pub thresholds_on: Option<NaiveDate>,
    /// When the athlete connected.
    pub created_at: DateTime<Utc>,
    /// When `GET /athlete/{id}` last refreshed this row.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// When a call last got an answer from upstream.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When the connection was marked because upstream refuses the token.
    pub marked_at: Option<DateTime<Utc>>,
}

/// What every refresh writes.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The athlete's name.
    pub athlete_name: String,
    /// IANA zone and where it came from.
    pub zone: Option<(String, ZoneSource)>,
    /// Distances in miles.
    pub imperial: bool,
    /// Weights in pounds.
    pub weight_in_lb: bool,
    /// Temperatures in Fahrenheit.
    pub fahrenheit: bool,
    /// When a threshold was last changed upstream.
    pub thresholds_on: Option<NaiveDate>,
}

/// A connection to be written.
#[derive(Debug)]
pub struct NewConnection<'a> {
    /// A fresh id, used when the account has no row yet.
    pub id: ConnectionId,
    /// The account.
    pub account_id: AccountId,
    /// The athlete.
    pub athlete_id: &'a str,
    /// The athlete's name.
    pub athlete_name: &'a str,
    /// What the athlete connected with.
    pub kind: ConnectionKind,
    /// The scopes left ticked.
    pub scopes: &'a [String],
    /// What was shared before, if that was more.
    pub scopes_before: Option<&'a [String]>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Writes the connection: the account's first, or over an old one. Data about another athlete is then cleared. What was read of
/// the same athlete through a connection that still worked is still true.
///
/// A unique violation on `connections_athlete` means that another account holds this athlete.
pub async fn connect(
    db: impl Db<'_>,
    new: NewConnection<'_>,
    token_sealed: &[u8],
) -> sqlx::Result<ConnectionId> {
    sqlx::query_scalar!(
        r#"
        insert into connections as c
            (id, account_id, athlete_id, athlete_name, kind, status, token_sealed, scopes, created_at, scopes_before)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (account_id) do update set
            athlete_id = excluded.athlete_id,
            athlete_name = excluded.athlete_name,
            kind = excluded.kind,
            status = excluded.status,
            token_sealed = excluded.token_sealed,
            scopes = excluded.scopes,
            scopes_before = excluded.scopes_before,
            write_number = c.write_number + 1,
            zone = case when c.athlete_id = excluded.athlete_id then c.zone end,
            zone_source = case when c.athlete_id = excluded.athlete_id then c.zone_source end,
            thresholds_on = case when c.athlete_id = excluded.athlete_id then c.thresholds_on end,
            refreshed_at = case when c.athlete_id = excluded.athlete_id and c.status = excluded.status then c.refreshed_at end,
            last_success_at =
                case when c.athlete_id = excluded.athlete_id and c.status = excluded.status then c.last_success_at end,
            marked_at = null,
            created_at = excluded.created_at
        returning id as "id: ConnectionId"
        "#,
        new.id.0,
        new.account_id.0,
        new.athlete_id,
        new.athlete_name,
        new.kind.as_str(),
        ConnectionStatus::Connected.as_str(),
        token_sealed,
        new.scopes,
        new.now,
        new.scopes_before
    )
    .fetch_one(db)
    .await
}

/// The account's connection.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Connection>> {
    sqlx::query_as!(
        Connection,
        r#"
        select id as "id: ConnectionId", account_id as "account_id: AccountId", athlete_id, athlete_name,
            kind as "kind: ConnectionKind", status as "status: ConnectionStatus", token_sealed, scopes, scopes_before, write_number, zone,
            zone_source as "zone_source: ZoneSource", imperial, weight_in_lb, fahrenheit, thresholds_on, created_at, refreshed_at, last_success_at, marked_at
        from connections where account_id = $1
        "#,
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Writes what `GET /athlete/{id}` returned for `athlete_id`; does nothing if the row has become another athlete's
/// meanwhile. Only a better source replaces a zone that the athlete set on the dashboard.
pub async fn refresh(
    db: impl Db<'_>,
    id: ConnectionId,
    athlete_id: &str,
    profile: &Profile,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (zone, source) = profile
        .zone
        .as_ref()
        .map_or((None, None), |(zone, source)| (Some(zone), Some(source.as_str())));
    sqlx::query!(
        r#"
        update connections set
            athlete_name = $2, zone = coalesce($3, zone), zone_source = coalesce($4, zone_source), imperial = $5,
            weight_in_lb = $6, fahrenheit = $7, thresholds_on = $8, refreshed_at = $9
        where id = $1 and athlete_id = $10
        "#,
        id.0,
        profile.athlete_name,
        zone,
        source,
        profile.imperial,
        profile.weight_in_lb,
        profile.fahrenheit,
        profile.thresholds_on,
        now,
        athlete_id
    )
    .execute(db)
    .await
    .map(drop)
}

/// Writes a zone of `athlete_id` that does not come from the settings; does nothing if the row has become another
/// athlete's meanwhile.
pub async fn set_zone(
    db: impl Db<'_>,
    id: ConnectionId,
    athlete_id: &str,
    zone: &str,
    source: ZoneSource,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections set zone = $2, zone_source = $3, refreshed_at = $4 where id = $1 and athlete_id = $5",
        id.0,
        zone,
        source.as_str(),
        now,
        athlete_id
    )
    .execute(db)
    .await
    .map(drop)
}

/// Forgets what was shared before: the athlete leaves it at what is shared now.
pub async fn forget_scopes_before(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections set scopes_before = null where account_id = $1",
        account_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that upstream answered.
pub async fn note_success(db: impl Db<'_>, id: ConnectionId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections set last_success_at = $2 where id = $1",
        id.0,
        at
    )
    .execute(db)
    .await
    .map(drop)
}

/// An answer from upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// When.
    pub at: DateTime<Utc>,
    /// When the connection was made that it came through.
    pub connected_at: DateTime<Utc>,
}

/// Notes when upstream last answered for these connections, unless they were made again since. Waits for no lock: what is held
/// is left out.
pub async fn note_successes(db: impl Db<'_>, answers: &[(ConnectionId, Answered)]) -> sqlx::Result<()> {
    let ids: Vec<_> = answers.iter().map(|(id, _)| id.0).collect();
    let times: Vec<_> = answers.iter().map(|(_, answered)| answered.at).collect();
    let connected: Vec<_> = answers
        .iter()
        .map(|(_, answered)| answered.connected_at)
        .collect();
    sqlx::query!(
        r#"
        with free as (
            select c.id, n.at from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as n (id, at, connected_at)
                join connections c on c.id = n.id and c.created_at = n.connected_at
            for no key update of c skip locked
        )
        update connections c set last_success_at = free.at from free where c.id = free.id
        "#,
        &ids,
        &times,
        &connected
    )
    .execute(db)
    .await
    .map(drop)
}

/// Marks a connection whose token upstream refuses; true for the one caller who marked it, who also sends the email.
/// Only the token that was refused is marked: `write_number` rises when the athlete reconnects.
pub async fn mark_reconnect(
    db: impl Db<'_>,
    id: ConnectionId,
    write_number: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update connections set status = $4, marked_at = $3
        where id = $1 and write_number = $2 and status = $5
        "#,
        id.0,
        write_number,
        now,
        ConnectionStatus::Reconnect.as_str(),
        ConnectionStatus::Connected.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many connections were marked since `since` and still wait for a reconnect, and how many got an answer from upstream since `used_since`.
pub async fn marked_and_used(
    db: impl Db<'_>,
    since: DateTime<Utc>,
    used_since: DateTime<Utc>,
) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"
        select count(*) filter (where status = $3 and marked_at > $1) as "marked!",
            count(*) filter (where last_success_at > $2) as "used!"
        from connections
        "#,
        since,
        used_since,
        ConnectionStatus::Reconnect.as_str()
    )
    .fetch_one(db)
    .await?;
    Ok((row.marked, row.used))
}

/// Whether any account is connected to this athlete through OAuth. An API key does not count: revoking our access at
/// intervals.icu does not affect it.
pub async fn is_tied(db: impl Db<'_>, athlete_id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from connections where athlete_id = $1 and kind = $2 and status <> 'disconnected'
        ) as "tied!"
        "#,
        athlete_id,
        ConnectionKind::OAuth.as_str()
    )
    .fetch_one(db)
    .await
}

/// A connection that has just ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The row.
    pub id: ConnectionId,
    /// The athlete.
    pub athlete_id: String,
    /// What the athlete was connected with.
    pub kind: ConnectionKind,
    /// The token from the row, for the revoke upstream.
    pub token_sealed: Vec<u8>,
}

/// Ends the connection and erases its token; returns what it was.
pub async fn disconnect(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        with before as (
            select id, kind, token_sealed from connections where account_id = $1 and token_sealed is not null for update
        )
        update connections c set status = $2, token_sealed = null, scopes_before = null, write_number = c.write_number + 1,
            marked_at = null
        from before where c.id = before.id
        returning c.id as "id: ConnectionId", c.athlete_id, before.kind as "kind: ConnectionKind",
            before.token_sealed as "token_sealed!"
        "#,
        account_id.0,
        ConnectionStatus::Disconnected.as_str()
    )
    .fetch_optional(db)
    .await
}

/// Raises the number of an athlete's writes and returns it; None if the account does not show that athlete.
pub async fn raise_write_number(
    db: impl Db<'_>,
    account_id: AccountId,
    athlete_id: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"
        update connections set write_number = write_number + 1
        where account_id = $1 and athlete_id = $2 and status <> $3
        returning write_number
        "#,
        account_id.0,
        athlete_id,
        ConnectionStatus::Disconnected.as_str()
    )
    .fetch_optional(db)
    .await
}
