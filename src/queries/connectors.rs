//! Connectors: links and sign-ins. Each account has exactly one link and each coach at most one, created with its owner,
//! regenerated in place, and without a token while its owner has switched it off. What only sign-ins have is in
//! [`super::sign_ins`].

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, CoachId, ConnectorId, GrantId},
    secrets::TokenHash,
    words::ConnectionStatus,
};

/// An account's link as the dashboard shows it.
#[derive(Debug, Clone)]
pub struct Link {
    /// The row; the place of the sealed token.
    pub id: ConnectorId,
    /// The token, sealed for (`links`, id, `token_sealed`); none while the link is switched off.
    pub token_sealed: Option<Vec<u8>>,
    /// When this token was minted.
    pub created_at: DateTime<Utc>,
    /// When a call last came through it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Which client made that call.
    pub last_client: Option<String>,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// Whether the athlete's own connector may change something; None, which means no, until the athlete has answered.
    pub may_write: Option<bool>,
}

/// Creates the account's link.
pub async fn create(
    db: impl Db<'_>,
    id: ConnectorId,
    account_id: AccountId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into connectors (id, account_id, token_hash, token_sealed, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        account_id.0,
        hash.as_bytes(),
        sealed,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// The account's link.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Option<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select id as "id: ConnectorId", token_sealed, created_at, last_used_at, last_client, groups_off, may_write
        from connectors where account_id = $1 and not is_sign_in
        "#,
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Replaces the old token by a new one; the old one stops working with the commit.
pub async fn regenerate(
    db: impl Db<'_>,
    id: ConnectorId,
    account_id: AccountId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update connectors set token_hash = $3, token_sealed = $4, created_at = $5, last_used_at = null, last_client = null
        where id = $1 and account_id = $2 and not is_sign_in
        "#,
        id.0,
        account_id.0,
        hash.as_bytes(),
        sealed,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Switches the account's link off: its URL stops working with the commit, until it is regenerated.
pub async fn switch_off(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update connectors set token_hash = null, token_sealed = null, last_used_at = null, last_client = null
        where account_id = $1 and not is_sign_in
        "#,
        account_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Switches the coach's link off, as [`switch_off`], and ends its selection.
pub async fn switch_off_for_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update connectors set token_hash = null, token_sealed = null, last_used_at = null, last_client = null,
            selected_grant_id = null, selected_at = null
        where coach_id = $1 and not is_sign_in
        "#,
        coach_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Creates a coach's link.
pub async fn create_for_coach(
    db: impl Db<'_>,
    id: ConnectorId,
    coach_id: CoachId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into connectors (id, coach_id, token_hash, token_sealed, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        coach_id.0,
        hash.as_bytes(),
        sealed,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// The coach's link.
pub async fn of_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<Option<Link>> {
    sqlx::query_as!(
        Link,
        r#"
        select id as "id: ConnectorId", token_sealed, created_at, last_used_at, last_client, groups_off, may_write
        from connectors where coach_id = $1 and not is_sign_in
        "#,
        coach_id.0
    )
    .fetch_optional(db)
    .await
}

/// Whether a call ever came through one of the coach's connectors that still exist.
pub async fn any_used_by_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from connectors where coach_id = $1 and last_used_at is not null) as "used!"
        "#,
        coach_id.0
    )
    .fetch_one(db)
    .await
}

/// Replaces the coach's old token by a new one; the old one, and the selection, end with the commit.
pub async fn regenerate_for_coach(
    db: impl Db<'_>,
    coach_id: CoachId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update connectors set token_hash = $2, token_sealed = $3, created_at = $4, last_used_at = null, last_client = null,
            selected_grant_id = null, selected_at = null
        where coach_id = $1 and not is_sign_in
        "#,
        coach_id.0,
        hash.as_bytes(),
        sealed,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The athlete who was last selected through this connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The grant.
    pub grant_id: GrantId,
    /// When it was last used.
    pub at: DateTime<Utc>,
}

/// The selection made through this connector, however long ago, for its owner's export.
pub async fn selection_of(db: impl Db<'_>, id: ConnectorId) -> sqlx::Result<Option<Selection>> {
    sqlx::query_as!(
        Selection,
        r#"
        select selected_grant_id as "grant_id!: GrantId", selected_at as "at!"
        from connectors where id = $1 and selected_grant_id is not null and selected_at is not null
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// Selects an athlete for the coach whose connector has this token; false if the token is not in use or the grant has ended.
/// The grant is locked before the connector, as when a grant ends and deletes the selection.
pub async fn select(
    db: impl Db<'_>,
    hash: TokenHash,
    grant_id: GrantId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with granted as materialized (select id, coach_id from grants where id = $2 for key share)
        update connectors k set selected_grant_id = granted.id, selected_at = $3
        from granted, connector_tokens t
        where t.hash = $1 and t.expires_at > $3 and k.id = t.connector_id and k.coach_id = granted.coach_id
        "#,
        hash.as_bytes(),
        grant_id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the selection was used, unless another athlete was selected meanwhile.
pub async fn use_selection(
    db: impl Db<'_>,
    hash: TokenHash,
    grant_id: GrantId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update connectors k set selected_at = $3
        from connector_tokens t
        where t.hash = $1 and k.id = t.connector_id and k.selected_grant_id = $2
        "#,
        hash.as_bytes(),
        grant_id.0,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Sets which tool groups are switched off for the account's link.
pub async fn set_groups_off(db: impl Db<'_>, account_id: AccountId, off: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "update connectors set groups_off = $2 where account_id = $1 and not is_sign_in",
        account_id.0,
        off
    )
    .execute(db)
    .await
    .map(drop)
}

/// Sets which tool groups are switched off for the coach's link.
pub async fn set_groups_off_for_coach(
    db: impl Db<'_>,
    coach_id: CoachId,
    off: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connectors set groups_off = $2 where coach_id = $1 and not is_sign_in",
        coach_id.0,
        off
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether one of the account's connectors offers this tool group.
pub async fn any_offers(db: impl Db<'_>, account_id: AccountId, group: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from connectors where account_id = $1 and not $2 = any (groups_off)) as "offers!"
        "#,
        account_id.0,
        group
    )
    .fetch_one(db)
    .await
}

/// Sets whether the account's link may change something; with None the athlete is asked.
pub async fn set_may_write(db: impl Db<'_>, account_id: AccountId, may: Option<bool>) -> sqlx::Result<()> {
    sqlx::query!(
        "update connectors set may_write = $2 where account_id = $1 and not is_sign_in",
        account_id.0,
        may
    )
    .execute(db)
    .await
    .map(drop)
}

/// A call that came through a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: DateTime<Utc>,
    /// The client's own name for itself.
    pub client: String,
    /// The token that it came with. A link that has another one by now was not used.
    pub token: TokenHash,
}

/// Notes that a call came through a connector; of a sign-in also the first one. With `token`, only a link that still has this
/// token.
pub async fn touch(
    db: impl Db<'_>,
    id: ConnectorId,
    token: Option<TokenHash>,
    client: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update connectors set last_used_at = $2, last_client = $3,
            first_used_at = case when is_sign_in then coalesce(first_used_at, $2) end
        where id = $1 and (is_sign_in or $4::bytea is null or token_hash = $4)
        "#,
        id.0,
        at,
        client,
        token.as_ref().map(TokenHash::as_bytes)
    )
    .execute(db)
    .await
    .map(drop)
}

/// As [`touch`] for several connectors, without waiting for a lock: what is held is left out.
pub async fn note_uses(db: impl Db<'_>, uses: &[(ConnectorId, Use)]) -> sqlx::Result<()> {
    let ids: Vec<_> = uses.iter().map(|(id, _)| id.0).collect();
    let times: Vec<_> = uses.iter().map(|(_, used)| used.at).collect();
    let clients: Vec<_> = uses.iter().map(|(_, used)| used.client.clone()).collect();
    let tokens: Vec<_> = uses
        .iter()
        .map(|(_, used)| used.token.as_bytes().to_vec())
        .collect();
    sqlx::query!(
        r#"
        with free as (
            select k.id, n.at, n.client
            from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bytea[]) as n (id, at, client, token)
                join connectors k on k.id = n.id and (k.is_sign_in or k.token_hash = n.token)
            for no key update of k skip locked
        )
        update connectors k set last_used_at = free.at, last_client = free.client,
            first_used_at = case when k.is_sign_in then coalesce(k.first_used_at, free.at) end
        from free where k.id = free.id
        "#,
        &ids,
        &times,
        &clients,
        &tokens
    )
    .execute(db)
    .await
    .map(drop)
}

/// What a reply depends on, read again before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The connection's status; none if the account was never connected.
    pub status: Option<ConnectionStatus>,
    /// The athlete of the connection.
    pub athlete_id: Option<String>,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// The number of the newest policy; 0 without one.
    pub policy: i64,
}

/// The state of the connector with this token; none if it is not in use.
pub async fn live(db: impl Db<'_>, hash: TokenHash, now: DateTime<Utc>) -> sqlx::Result<Option<Live>> {
    sqlx::query_as!(
        Live,
        r#"
        select c.status as "status?: ConnectionStatus", c.athlete_id as "athlete_id?", k.groups_off,
            (select coalesce(max(version), 0) from policies) as "policy!"
        from connector_tokens t
            join connectors k on k.id = t.connector_id
            left join connections c on c.account_id = k.account_id
        where t.hash = $1 and t.expires_at > $2
        "#,
        hash.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}
