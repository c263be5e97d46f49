//! Clients that registered, and the last good copies of metadata documents.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Db;

/// A client as stored.
#[derive(Debug)]
pub(crate) struct StoredClient {
    /// As the client calls itself, cleaned; may be empty.
    pub(crate) name: String,
    /// Where it may be sent back to.
    pub(crate) redirect_uris: Vec<String>,
    /// How it said that it would authenticate itself at the token endpoint.
    pub(crate) auth_method: String,
    /// SHA-256 of its secret.
    pub(crate) secret_hash: Option<Vec<u8>>,
    /// When its document was fetched last; none for a registration.
    pub(crate) fetched_at: Option<DateTime<Utc>>,
}

/// The client with this id, as registered or as its document said.
pub(crate) async fn find(db: impl Db<'_>, client_id: &str) -> sqlx::Result<Option<StoredClient>> {
    sqlx::query_as!(
        StoredClient,
        "select name, redirect_uris, auth_method, secret_hash, fetched_at from oauth_clients where client_id = $1",
        client_id
    )
    .fetch_optional(db)
    .await
}

/// What is kept of a document.
#[derive(Debug)]
pub(crate) struct NewDocument<'a> {
    /// The row's id, if there is none yet.
    pub(crate) id: Uuid,
    /// The document's URL.
    pub(crate) client_id: &'a str,
    /// The client's name, cleaned.
    pub(crate) name: &'a str,
    /// Where it may be sent back to.
    pub(crate) redirect_uris: &'a [String],
    /// How it says that it authenticates itself.
    pub(crate) auth_method: &'a str,
    /// When it was fetched.
    pub(crate) fetched_at: DateTime<Utc>,
}

/// Keeps a document instead of the copy before.
pub(crate) async fn keep_document(db: impl Db<'_>, document: &NewDocument<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into oauth_clients (id, client_id, is_document, name, redirect_uris, auth_method, created_at, fetched_at)
        values ($1, $2, true, $3, $4, $5, $6, $6)
        on conflict (client_id) do update
        set name = excluded.name, redirect_uris = excluded.redirect_uris, auth_method = excluded.auth_method,
            fetched_at = excluded.fetched_at
        where oauth_clients.is_document
        "#,
        document.id,
        document.client_id,
        document.name,
        document.redirect_uris,
        document.auth_method,
        document.fetched_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// A registration that was made before.
#[derive(Debug)]
pub(crate) struct Registered {
    /// Its id, and the client's.
    pub(crate) id: Uuid,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// The registration as it was understood.
    pub(crate) registration: Option<Value>,
    /// The client's secret, if it has one and the time of the same answer is not over.
    pub(crate) secret_sealed: Option<Vec<u8>>,
    /// Whether it has a secret.
    pub(crate) has_secret: bool,
}

/// The newest registration with this hash after `since`.
pub(crate) async fn registered_since(
    db: impl Db<'_>,
    registration_hash: &[u8],
    since: DateTime<Utc>,
) -> sqlx::Result<Option<Registered>> {
    sqlx::query_as!(
        Registered,
        r#"
        select id, created_at, registration, secret_sealed, secret_hash is not null as "has_secret!" from oauth_clients
        where registration_hash = $1 and created_at > $2 order by created_at desc limit 1
        "#,
        registration_hash,
        since
    )
    .fetch_optional(db)
    .await
}

/// A client that registers.
#[derive(Debug)]
pub(crate) struct NewClient<'a> {
    /// Its id, which is also the client's.
    pub(crate) id: Uuid,
    /// Its name, cleaned; may be empty.
    pub(crate) name: &'a str,
    /// Where it may be sent back to.
    pub(crate) redirect_uris: &'a [String],
    /// How it will authenticate itself at the token endpoint.
    pub(crate) auth_method: &'a str,
    /// SHA-256 of its secret.
    pub(crate) secret_hash: Option<&'a [u8]>,
    /// The secret, for the same answer again.
    pub(crate) secret_sealed: Option<&'a [u8]>,
    /// SHA-256 of the registration and of who made it.
    pub(crate) registration_hash: &'a [u8],
    /// The registration as it was understood.
    pub(crate) registration: &'a Value,
    /// Now.
    pub(crate) now: DateTime<Utc>,
}

/// Registers a client.
pub(crate) async fn register(db: impl Db<'_>, client: &NewClient<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into oauth_clients (id, client_id, is_document, name, redirect_uris, auth_method, secret_hash, secret_sealed,
            registration_hash, registration, created_at)
        values ($1, $2, false, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        client.id,
        client.id.to_string(),
        client.name,
        client.redirect_uris,
        client.auth_method,
        client.secret_hash,
        client.secret_sealed,
        client.registration_hash,
        client.registration,
        client.now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that somebody began to sign in with a client.
pub(crate) async fn note_use(db: impl Db<'_>, client_id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update oauth_clients set last_used_at = $2 where client_id = $1",
        client_id,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Erases up to `limit` readable copies of the secrets of clients that registered at `before` or earlier.
pub(crate) async fn erase_secrets(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update oauth_clients set secret_sealed = null where id in (
            select id from oauth_clients where secret_sealed is not null and created_at <= $1
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

/// Deletes up to `limit` clients that nobody has used since they came at `unused` or earlier, or that were used at `used` or
/// earlier for the last time; never one with a sign-in or a pending request.
pub(crate) async fn purge(
    db: impl Db<'_>,
    unused: DateTime<Utc>,
    used: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from oauth_clients where id in (
            select id from oauth_clients c
            where created_at <= $1 and (last_used_at is null or last_used_at <= $2)
                and not exists (select from sign_ins s where s.client_id = c.client_id)
                and not exists (select from sign_in_requests r where r.client_id = c.client_id)
            limit $3 for update skip locked
        )
        "#,
        unused,
        used,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
