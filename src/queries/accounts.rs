//! Accounts: athletes who sign in with a password, with intervals.icu, or with either.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{ids::AccountId, secrets::PasswordHash, words::Way};

/// An account, for pages and emails.
#[derive(Debug, Clone)]
pub struct Account {
    /// The row.
    pub id: AccountId,
    /// The confirmed address as its owner typed it; none until one is confirmed.
    pub email: Option<String>,
    /// The address for lookup.
    pub email_key: Option<String>,
    /// Whether a password is a way in.
    pub has_password: bool,
    /// The athlete whose sign-in with intervals.icu is a way in.
    pub athlete_id: Option<String>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

impl Account {
    /// Whether the sign-in of this athlete with intervals.icu is a way in.
    pub fn is_way_of(&self, athlete_id: &str) -> bool {
        self.athlete_id.as_deref() == Some(athlete_id)
    }
}

/// An account with the hash that its password is checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The row.
    pub id: AccountId,
    /// The stored PHC string.
    pub password_hash: PasswordHash,
}

/// Creates an account; `None` if the address already has one.
pub async fn create(
    db: impl Db<'_>,
    id: AccountId,
    email: &str,
    email_key: &str,
    password_hash: &PasswordHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AccountId>> {
    sqlx::query_scalar!(
        r#"
        insert into accounts (id, email, email_key, password_hash, created_at)
        values ($1, $2, $3, $4, $5)
        on conflict (email_key) do nothing
        returning id as "id: AccountId"
        "#,
        id.0,
        email,
        email_key,
        password_hash.as_str(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Creates an account that signs in with intervals.icu as this athlete, without a password; `address` is a confirmed one, as typed
/// and for lookup. `None` if the athlete or the address has an account already.
pub async fn create_of_athlete(
    db: impl Db<'_>,
    id: AccountId,
    athlete_id: &str,
    address: Option<(&str, &str)>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AccountId>> {
    sqlx::query_scalar!(
        r#"
        insert into accounts (id, athlete_id, email, email_key, created_at)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing
        returning id as "id: AccountId"
        "#,
        id.0,
        athlete_id,
        address.map(|(email, _)| email),
        address.map(|(_, email_key)| email_key),
        now
    )
    .fetch_optional(db)
    .await
}

/// Creates an account with a confirmed address and neither a password nor an athlete; `None` if the address already has one.
/// The caller binds its way in within the same transaction.
pub async fn create_with_address(
    db: impl Db<'_>,
    id: AccountId,
    (email, email_key): (&str, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AccountId>> {
    sqlx::query_scalar!(
        r#"
        insert into accounts (id, email, email_key, created_at) values ($1, $2, $3, $4)
        on conflict (email_key) do nothing
        returning id as "id: AccountId"
        "#,
        id.0,
        email,
        email_key,
        now
    )
    .fetch_optional(db)
    .await
}

/// The ways into an account.
#[expect(clippy::struct_excessive_bools, reason = "each way in is there or not")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ways {
    /// The address and a password.
    pub password: bool,
    /// A consent at intervals.icu.
    pub intervals: bool,
    /// An identity of the outside provider that is set up.
    pub provider: bool,
    /// A passkey that signs in alone: one that the authenticator does not find by itself is a second step only.
    pub passkey: bool,
}

impl Ways {
    /// How many there are.
    pub fn count(self) -> usize {
        let all = [self.password, self.intervals, self.provider, self.passkey];
        all.into_iter().filter(|way| *way).count()
    }

    /// The others, once one is taken off.
    #[must_use]
    pub fn without(mut self, way: Way) -> Self {
        match way {
            Way::Password => self.password = false,
            Way::Intervals => self.intervals = false,
            Way::Provider => self.provider = false,
            Way::Passkey => self.passkey = false,
            Way::Email => {}
        }
        self
    }

    /// Whether there is one that is not lost with a device: everything but a passkey.
    pub fn has_lasting(self) -> bool {
        self.password || self.intervals || self.provider
    }
}

/// The ways into an account, with the provider of this issuer, if one is set up. So that one is left when another is taken off, lock
/// the account before.
pub async fn ways_of(db: impl Db<'_>, id: AccountId, issuer: Option<&str>) -> sqlx::Result<Ways> {
    let ways = sqlx::query_as!(
        Ways,
        r#"
        select password_hash is not null as "password!", athlete_id is not null as "intervals!",
            exists (select from identities i where i.account_id = a.id and i.issuer = $2) as "provider!",
            exists (
                select from passkeys p where p.account_id = a.id and p.is_discoverable is not false
            ) as "passkey!"
        from accounts a where a.id = $1
        "#,
        id.0,
        issuer
    )
    .fetch_optional(db)
    .await?;
    Ok(ways.unwrap_or_default())
}

/// The account with this id.
pub async fn by_id(db: impl Db<'_>, id: AccountId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"
        select id as "id: AccountId", email, email_key, password_hash is not null as "has_password!", athlete_id, created_at
        from accounts where id = $1
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// The account that this athlete signs in to with intervals.icu; else the one that is connected to the athlete.
pub async fn of_athlete(db: impl Db<'_>, athlete_id: &str) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"
        select a.id as "id: AccountId", email, email_key, password_hash is not null as "has_password!", a.athlete_id,
            a.created_at
        from accounts a
        where a.athlete_id = $1 or exists (
            select from connections c where c.account_id = a.id and c.athlete_id = $1 and c.status <> 'disconnected'
        )
        order by a.athlete_id is not distinct from $1 desc
        limit 1
        "#,
        athlete_id
    )
    .fetch_optional(db)
    .await
}

/// The account with this address key.
pub async fn by_email(db: impl Db<'_>, email_key: &str) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"
        select id as "id: AccountId", email, email_key, password_hash is not null as "has_password!", athlete_id, created_at
        from accounts where email_key = $1
        "#,
        email_key
    )
    .fetch_optional(db)
    .await
}

/// What a sign-in with this address key is checked against; none for an account without a password.
pub async fn credentials_of(db: impl Db<'_>, email_key: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"
        select id as "id: AccountId", password_hash as "password_hash!: PasswordHash"
        from accounts where email_key = $1 and password_hash is not null
        "#,
        email_key
    )
    .fetch_optional(db)
    .await
}

/// Makes the athlete's sign-in with intervals.icu a way in. A unique violation means that the athlete has an account already.
pub async fn set_athlete(db: impl Db<'_>, id: AccountId, athlete_id: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update accounts set athlete_id = $2 where id = $1",
        id.0,
        athlete_id
    )
    .execute(db)
    .await
    .map(drop)
}

/// Takes intervals.icu off as a way in; whether it was one. The caller has checked in the same transaction that another is left.
pub async fn clear_athlete(db: impl Db<'_>, id: AccountId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update accounts set athlete_id = null where id = $1 and athlete_id is not null",
        id.0
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Takes the password off; whether there was one. The caller has checked in the same transaction that another way in is left, and
/// must end sessions and open mail links in it.
pub async fn clear_password(db: impl Db<'_>, id: AccountId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update accounts set password_hash = null where id = $1 and password_hash is not null",
        id.0
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Gives an account without an address the address and the password of another one, which must be deleted before in the same
/// transaction; whether it did.
pub async fn take_over_password(
    db: impl Db<'_>,
    id: AccountId,
    (email, email_key): (&str, &str),
    password_hash: &PasswordHash,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update accounts set email = $2, email_key = $3, password_hash = $4, address_since = $5
        where id = $1 and email is null
        "#,
        id.0,
        email,
        email_key,
        password_hash.as_str(),
        now
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Replaces the password. The caller must end sessions and open mail links in the same transaction.
pub async fn set_password(db: impl Db<'_>, id: AccountId, password_hash: &PasswordHash) -> sqlx::Result<()> {
    sqlx::query!(
        "update accounts set password_hash = $2 where id = $1",
        id.0,
        password_hash.as_str()
    )
    .execute(db)
    .await
    .map(drop)
}

/// Counts one invite; false if the account has sent `most` within the day that began after `day_ago`. No one else can
/// count for this account until this transaction ends.
pub async fn count_invite(
    db: impl Db<'_>,
    id: AccountId,
    day_ago: DateTime<Utc>,
    now: DateTime<Utc>,
    most: i32,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update accounts set
            invites = case when invites_since > $2 then invites + 1 else 1 end,
            invites_since = case when invites_since > $2 then invites_since else $3 end
        where id = $1 and $4 > 0 and (invites_since is null or invites_since <= $2 or invites < $4)
        "#,
        id.0,
        day_ago,
        now,
        most
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the password of this account is checked against; none without a password.
pub async fn password_of(db: impl Db<'_>, id: AccountId) -> sqlx::Result<Option<PasswordHash>> {
    sqlx::query_scalar!(
        r#"
        select password_hash as "password_hash!: PasswordHash" from accounts where id = $1 and password_hash is not null
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// [`password_of`], locked: no one else changes or deletes the account until this transaction ends.
pub async fn lock_password_of(db: impl Db<'_>, id: AccountId) -> sqlx::Result<Option<PasswordHash>> {
    sqlx::query_scalar!(
        r#"
        select password_hash as "password_hash: PasswordHash" from accounts where id = $1 for no key update
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map(Option::flatten)
}

/// Locks the account: no one else deletes it, or locks it like this, until this transaction ends; false if it is gone.
pub async fn lock(db: impl Db<'_>, id: AccountId) -> sqlx::Result<bool> {
    let row = sqlx::query_scalar!(
        r#"select id as "id: AccountId" from accounts where id = $1 for no key update"#,
        id.0
    );
    Ok(row.fetch_optional(db).await?.is_some())
}

/// Replaces the address, and keeps the one before for [`forget_addresses_before`]. A unique violation means that it now belongs to
/// another account.
pub async fn set_address(
    db: impl Db<'_>,
    id: AccountId,
    email: &str,
    email_key: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update accounts set email = $2, email_key = $3, address_since = $4, address_before = email where id = $1",
        id.0,
        email,
        email_key,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Where an account is written to, and since when.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The confirmed address, as typed.
    pub email: Option<String>,
    /// The address for lookup.
    pub email_key: Option<String>,
    /// Since when it is the address.
    pub since: DateTime<Utc>,
    /// The address before, as typed, while it is kept.
    pub before: Option<String>,
}

/// The addresses of an account.
pub async fn addresses_of(db: impl Db<'_>, id: AccountId) -> sqlx::Result<Option<Addresses>> {
    sqlx::query_as!(
        Addresses,
        r#"
        select email, email_key, coalesce(address_since, created_at) as "since!", address_before as before
        from accounts where id = $1
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
}

/// Forgets up to `limit` addresses that were replaced by `before`, except those to which an open recovery writes.
pub async fn forget_addresses_before(
    db: impl Db<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update accounts set address_before = null where id in (
            select id from accounts a
            where address_before is not null and address_since <= $1
                and not exists (select from recoveries r where r.account_id = a.id)
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

/// Deletes an account and everything that belongs to it: sessions, mail links, address changes, connection, link,
/// activity log. The caller must clear the queue in the same transaction.
pub async fn delete(db: impl Db<'_>, id: AccountId) -> sqlx::Result<()> {
    // Mail links have no foreign key to the account, so that all of them cost the same to write.
    sqlx::query!(
        "with links as (delete from mail_links where account_id = $1) delete from accounts where id = $1",
        id.0
    )
    .execute(db)
    .await
    .map(drop)
}
