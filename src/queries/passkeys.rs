//! Passkeys: public keys, found by the credential's id. Whoever writes one has locked its account.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use webauthn_rs::prelude::Passkey;

use super::Db;
use crate::ids::{AccountId, PasskeyId};

/// A passkey to check a signature with.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The row.
    pub(crate) id: PasskeyId,
    /// Whose it is.
    pub(crate) account_id: AccountId,
    /// Public key, counter and flags.
    pub(crate) credential: Json<Passkey>,
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id on the page.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// The authenticator's own id for it.
    pub credential_id: Vec<u8>,
    /// The algorithm of its public key, as COSE names it (RFC 9053), such as ES256.
    pub algorithm: Option<String>,
    /// Whether it can sign in without an address, as the browser said; none if it did not say.
    pub is_discoverable: Option<bool>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A passkey to write.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    pub(crate) id: PasskeyId,
    pub(crate) account_id: AccountId,
    pub(crate) name: &'a str,
    pub(crate) credential: &'a Passkey,
    pub(crate) is_discoverable: Option<bool>,
    pub(crate) now: DateTime<Utc>,
}

/// Writes a passkey; false if its credential is somebody's already.
pub(crate) async fn add(db: impl Db<'_>, new: &New<'_>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into passkeys (id, account_id, name, credential_id, credential, is_discoverable, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict do nothing
        "#,
        new.id.0,
        new.account_id.0,
        new.name,
        new.credential.cred_id().as_slice(),
        Json(new.credential) as _,
        new.is_discoverable,
        new.now
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Whose credential this is.
pub(crate) async fn owner_of(db: impl Db<'_>, credential_id: &[u8]) -> sqlx::Result<Option<AccountId>> {
    sqlx::query_scalar!(
        r#"select account_id as "account_id: AccountId" from passkeys where credential_id = $1"#,
        credential_id
    )
    .fetch_optional(db)
    .await
}

/// The passkey with this credential.
pub(crate) async fn by_credential(db: impl Db<'_>, credential_id: &[u8]) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"
        select id as "id: PasskeyId", account_id as "account_id: AccountId", credential as "credential: Json<Passkey>"
        from passkeys where credential_id = $1
        "#,
        credential_id
    )
    .fetch_optional(db)
    .await
}

/// An account's passkeys, the oldest first.
pub async fn of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        select id as "id: PasskeyId", name, credential_id, credential #>> '{cred,cred,type_}' as algorithm,
            is_discoverable, created_at, last_used_at
        from passkeys where account_id = $1 order by created_at, id
        "#,
        account_id.0
    )
    .fetch_all(db)
    .await
}

/// How many passkeys an account has.
pub(crate) async fn count(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from passkeys where account_id = $1"#,
        account_id.0
    )
    .fetch_one(db)
    .await
}

/// Notes that a passkey was used, with its counter and flags as they are now.
pub(crate) async fn touch(
    db: impl Db<'_>,
    id: PasskeyId,
    credential: &Passkey,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update passkeys set credential = $2, last_used_at = $3 where id = $1",
        id.0,
        Json(credential) as _,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Gives an account's passkey another name; false if there is no such.
pub(crate) async fn rename(
    db: impl Db<'_>,
    account_id: AccountId,
    id: PasskeyId,
    name: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update passkeys set name = $3 where account_id = $1 and id = $2",
        account_id.0,
        id.0,
        name
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Deletes an account's passkey, and returns what it was called; none if there is no such.
pub(crate) async fn take_off(
    db: impl Db<'_>,
    account_id: AccountId,
    id: PasskeyId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "delete from passkeys where account_id = $1 and id = $2 returning name",
        account_id.0,
        id.0
    )
    .fetch_optional(db)
    .await
}
