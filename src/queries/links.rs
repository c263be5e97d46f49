//! Links: each account has exactly one and each coach at most one, created with its owner and regenerated in place.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, CoachId, GrantId, LinkId},
    secrets::TokenHash,
    words::ConnectionStatus,
};

/// An account's link as the dashboard shows it.
#[derive(Debug, Clone)]
pub struct Link {
    /// The row; the place of the sealed token.
    pub id: LinkId,
    /// The token, sealed for (`links`, id, `token_sealed`).
    pub token_sealed: Vec<u8>,
    /// When this token was minted.
    pub created_at: DateTime<Utc>,
    /// When a call last came through it.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Which client made that call.
    pub last_client: Option<String>,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// Whether the athlete's own connector may change the calendar; None, which means no, until the athlete has answered.
    pub may_write: Option<bool>,
}

/// The owner of a link: everything that the endpoint needs to know about a caller, in one query.
#[derive(Debug, Clone)]
pub struct LinkOwner {
    /// The link.
    pub link_id: LinkId,
    /// The athlete's account; none for a coach's link.
    pub account_id: Option<AccountId>,
    /// The intervals.icu id of the athlete whom the account shows; none if it was never connected.
    pub athlete_id: Option<String>,
    /// The coach; none for an athlete's link.
    pub coach_id: Option<CoachId>,
    /// The coach's address, as email goes to it.
    pub coach_email: Option<String>,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
    /// Whether the athlete's own connector may change the calendar.
    pub may_write: bool,
}

/// Creates the account's link.
pub async fn create(
    db: impl Db<'_>,
    id: LinkId,
    account_id: AccountId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into links (id, account_id, token_hash, token_sealed, created_at) values ($1, $2, $3, $4, $5)",
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
        select id as "id: LinkId", token_sealed, created_at, last_used_at, last_client, groups_off, may_write
        from links where account_id = $1
        "#,
        account_id.0
    )
    .fetch_optional(db)
    .await
}

/// Replaces the old token by a new one; the old one stops working with the commit.
pub async fn regenerate(
    db: impl Db<'_>,
    id: LinkId,
    account_id: AccountId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update links set token_hash = $3, token_sealed = $4, created_at = $5, last_used_at = null, last_client = null
        where id = $1 and account_id = $2
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

/// The owner of the link with this hash.
pub async fn owner(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<LinkOwner>> {
    sqlx::query_as!(
        LinkOwner,
        r#"
        select l.id as "link_id: LinkId", l.account_id as "account_id: AccountId", c.athlete_id as "athlete_id?",
            l.coach_id as "coach_id: CoachId", o.email as "coach_email?", l.groups_off,
            coalesce(l.may_write, false) as "may_write!"
        from links l
            left join connections c on c.account_id = l.account_id
            left join coaches o on o.id = l.coach_id
        where l.token_hash = $1
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// Creates a coach's link.
pub async fn create_for_coach(
    db: impl Db<'_>,
    id: LinkId,
    coach_id: CoachId,
    hash: TokenHash,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into links (id, coach_id, token_hash, token_sealed, created_at) values ($1, $2, $3, $4, $5)",
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
        select id as "id: LinkId", token_sealed, created_at, last_used_at, last_client, groups_off, may_write
        from links where coach_id = $1
        "#,
        coach_id.0
    )
    .fetch_optional(db)
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
        update links set token_hash = $2, token_sealed = $3, created_at = $4, last_used_at = null, last_client = null,
            selected_grant_id = null, selected_at = null
        where coach_id = $1
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

/// The athlete who was last selected through this link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The grant.
    pub grant_id: GrantId,
    /// When it was last used.
    pub at: DateTime<Utc>,
}

/// The selection made through the link with this hash, however long ago.
pub async fn selection(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<Selection>> {
    sqlx::query_as!(
        Selection,
        r#"
        select selected_grant_id as "grant_id!: GrantId", selected_at as "at!"
        from links where token_hash = $1 and selected_grant_id is not null and selected_at is not null
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// The selection made through this link, however long ago, for its owner's export.
pub async fn selection_of(db: impl Db<'_>, id: LinkId) -> sqlx::Result<Option<Selection>> {
    sqlx::query_as!(
        Selection,
        r#"
        select selected_grant_id as "grant_id!: GrantId", selected_at as "at!"
        from links where id = $1 and selected_grant_id is not null and selected_at is not null
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// Selects an athlete for the coach whose link has the hash; false if the link is not in use or the grant has ended.
/// The grant is locked before the link, as when a grant ends and deletes the selection.
pub async fn select(
    db: impl Db<'_>,
    hash: TokenHash,
    grant_id: GrantId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with granted as materialized (select id, coach_id from grants where id = $2 for key share)
        update links set selected_grant_id = granted.id, selected_at = $3
        from granted
        where links.token_hash = $1 and links.coach_id = granted.coach_id
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
        "update links set selected_at = $3 where token_hash = $1 and selected_grant_id = $2",
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
        "update links set groups_off = $2 where account_id = $1",
        account_id.0,
        off
    )
    .execute(db)
    .await
    .map(drop)
}

/// Sets whether the account's link may change the calendar; with None the athlete is asked.
pub async fn set_may_write(db: impl Db<'_>, account_id: AccountId, may: Option<bool>) -> sqlx::Result<()> {
    sqlx::query!(
        "update links set may_write = $2 where account_id = $1",
        account_id.0,
        may
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that a call came through a link.
pub async fn touch(db: impl Db<'_>, id: LinkId, client: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update links set last_used_at = $2, last_client = $3 where id = $1",
        id.0,
        now,
        client
    )
    .execute(db)
    .await
    .map(drop)
}

/// What a reply depends on, read again before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveLink {
    /// The connection's status; none if the account was never connected.
    pub status: Option<ConnectionStatus>,
    /// The athlete of the connection.
    pub athlete_id: Option<String>,
    /// Words of the tool groups that are switched off.
    pub groups_off: Vec<String>,
}

/// The state of the link with this hash; none if it is not in use.
pub async fn live(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<LiveLink>> {
    sqlx::query_as!(
        LiveLink,
        r#"
        select c.status as "status?: ConnectionStatus", c.athlete_id as "athlete_id?", l.groups_off
        from links l left join connections c on c.account_id = l.account_id
        where l.token_hash = $1
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}
