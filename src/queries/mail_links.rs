//! Mail links: opening one does not spend it, taking one works once.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Db;
pub(crate) use crate::words::MailLinkKind;
use crate::{
    ids::{AccountId, RequestId},
    secrets::TokenHash,
};

/// A link that still works.
#[derive(Debug, Clone)]
pub(crate) struct MailLink {
    /// The address that it was sent to, as typed.
    pub email: String,
    /// The address, for lookup.
    pub email_key: String,
    /// The account whose password it resets, or whose address it changes.
    pub account_id: Option<AccountId>,
    /// The client's sign-in that the person came from, if it still exists.
    pub request_id: Option<RequestId>,
}

/// A link to be written.
#[derive(Debug)]
pub(crate) struct NewMailLink<'a> {
    /// The hash of the token in the email.
    pub hash: TokenHash,
    /// Its purpose.
    pub kind: MailLinkKind,
    /// The address, as typed.
    pub email: &'a str,
    /// The address, for lookup.
    pub email_key: &'a str,
    /// The account, if there is one.
    pub account_id: Option<AccountId>,
    /// The client's sign-in that the person comes from.
    pub request_id: Option<RequestId>,
    /// Now.
    pub now: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// Writes a link. Earlier links keep working.
pub(crate) async fn create(db: impl Db<'_>, link: NewMailLink<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mail_links (hash, kind, email, email_key, account_id, created_at, expires_at, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, (select id from sign_in_requests where id = $8))
        "#,
        link.hash.as_bytes(),
        link.kind.as_str(),
        link.email,
        link.email_key,
        link.account_id.map(|id| id.0),
        link.now,
        link.expires_at,
        link.request_id.map(|id| id.0)
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether a link of this kind, for this address and this account (or for none), still works.
pub(crate) async fn lives(
    db: impl Db<'_>,
    kind: MailLinkKind,
    email_key: &str,
    account_id: Option<AccountId>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from mail_links
            where email_key = $1 and kind = $2 and account_id is not distinct from $3 and expires_at > $4
        ) as "lives!"
        "#,
        email_key,
        kind.as_str(),
        account_id.map(|id| id.0),
        now
    )
    .fetch_one(db)
    .await
}

/// Reads a link without spending it.
pub(crate) async fn peek(
    db: impl Db<'_>,
    hash: TokenHash,
    kind: MailLinkKind,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<MailLink>> {
    sqlx::query_as!(
        MailLink,
        r#"
        select email, email_key, account_id as "account_id: AccountId", request_id as "request_id: RequestId"
        from mail_links where hash = $1 and kind = $2 and expires_at > $3
        "#,
        hash.as_bytes(),
        kind.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Spends a link and every other link of its kind for its address: of several simultaneous attempts, with one link or
/// more, only one succeeds. All are locked in one order, so that no two wait for each other.
pub(crate) async fn take(
    db: impl Db<'_>,
    hash: TokenHash,
    kind: MailLinkKind,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<MailLink>> {
    sqlx::query_as!(
        MailLink,
        r#"
        with family as materialized (
            select hash from mail_links
            where kind = $2 and email_key = (
                select email_key from mail_links where hash = $1 and kind = $2 and expires_at > $3
            )
            order by hash
            for update
        ), spent as (
            delete from mail_links where hash in (select hash from family)
            returning hash, email, email_key, account_id, request_id
        )
        select email, email_key, account_id as "account_id: AccountId", request_id as "request_id: RequestId" from spent where hash = $1
        "#,
        hash.as_bytes(),
        kind.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Deletes every open link of an account, but for that of a recovery, which waited for two days and ends with it alone
/// ([`super::recoveries::end`]).
pub(crate) async fn end_all(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    let done = sqlx::query!(
        "delete from mail_links where account_id = $1 and kind <> $2",
        account_id.0,
        MailLinkKind::Recover.as_str()
    );
    done.execute(db).await.map(drop)
}

/// Deletes the links for an address, whoever requested them: an unconfirmed sign-up, a forgotten password, what a coach
/// of this address asked for. A link with
/// which another account would take the address belongs to that account, and stays.
pub(crate) async fn end_for(db: impl Db<'_>, email_key: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from mail_links where email_key = $1 and kind <> $2",
        email_key,
        MailLinkKind::Address.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Deletes every open link of a coach's address, but not those of an account with the same address.
pub(crate) async fn end_of_coach(db: impl Db<'_>, email_key: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from mail_links where email_key = $1 and kind in ($2, $3, $4)",
        email_key,
        MailLinkKind::Resend.as_str(),
        MailLinkKind::Regenerate.as_str(),
        MailLinkKind::Roster.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// A link in its owner's export: never the hash.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ExportedMailLink {
    /// Its purpose.
    pub kind: MailLinkKind,
    /// The address that it was sent to.
    pub email: String,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// The links of an account and those for its address, oldest first; not those with which another account would take
/// that address.
pub(crate) async fn for_export(
    db: impl Db<'_>,
    account_id: AccountId,
    email_key: &str,
) -> sqlx::Result<Vec<ExportedMailLink>> {
    sqlx::query_as!(
        ExportedMailLink,
        r#"
        select kind as "kind: MailLinkKind", email, created_at, expires_at from mail_links
        where account_id = $1 or (email_key = $2 and kind <> $3)
        order by created_at
        "#,
        account_id.0,
        email_key,
        MailLinkKind::Address.as_str()
    )
    .fetch_all(db)
    .await
}

/// Deletes up to `limit` expired links.
pub(crate) async fn purge(db: impl Db<'_>, now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from mail_links where hash in (
            select hash from mail_links where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        now,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
