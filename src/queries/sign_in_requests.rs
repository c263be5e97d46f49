//! Sign-ins that clients began: what was asked for, who agreed to what, and the code, until it is spent.

use chrono::{DateTime, Utc};

use super::Db;
use crate::{
    ids::{AccountId, CoachId, ConnectorId, IdentityId, RequestId},
    secrets::TokenHash,
};

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The client.
    pub client_id: String,
    /// As it calls itself.
    pub client_name: String,
    /// The host that vouches for it; none for one that registered itself.
    pub client_host: Option<String>,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The client's own `state`, which goes back with the answer.
    pub client_state: Option<String>,
    /// The S256 challenge (RFC 7636 section 4.2).
    pub code_challenge: String,
    /// The words of the scope that we know.
    pub scope: String,
}

/// A sign-in as its browser sees it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Its id in URLs.
    pub id: RequestId,
    /// The client.
    pub client_id: String,
    /// As it calls itself.
    pub client_name: String,
    /// The host that vouches for it.
    pub client_host: Option<String>,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The client's own `state`.
    pub client_state: Option<String>,
    /// The words of the scope that the client asked for.
    pub scope: String,
    /// The coach who typed the mailed code, or signed in at the outside provider.
    pub coach_id: Option<CoachId>,
    /// That coach's address.
    pub coach_email: Option<String>,
    /// The address of the identity by which the coach signed in at the outside provider; none for a mailed code.
    pub identity_email: Option<String>,
    /// The identity of the provider by which the coach is known, if it was that instead of a code.
    pub identity_id: Option<IdentityId>,
    /// Who agreed.
    pub agreed_account_id: Option<AccountId>,
    /// Who agreed, if it was a coach.
    pub agreed_coach_id: Option<CoachId>,
    /// The code, sealed for (`sign_in_requests`, id, `code_sealed`), until it is spent or expires.
    pub code_sealed: Option<Vec<u8>>,
    /// When the code expires.
    pub code_expires_at: Option<DateTime<Utc>>,
    /// When it was spent.
    pub code_used_at: Option<DateTime<Utc>>,
}

/// Creates a sign-in in the browser with this cookie.
pub(crate) async fn create(
    db: impl Db<'_>,
    id: RequestId,
    asked: &Asked,
    browser: TokenHash,
    network_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into sign_in_requests (id, browser_hash, network_hash, client_id, client_name, client_host, redirect_uri,
            client_state, code_challenge, scope, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        id.0,
        browser.as_bytes(),
        network_hash,
        asked.client_id,
        asked.client_name,
        asked.client_host,
        asked.redirect_uri,
        asked.client_state,
        asked.code_challenge,
        asked.scope,
        now,
        expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// The same sign-in, begun before in the same browser and not answered yet: a page that is loaded twice is one sign-in.
pub(crate) async fn same(
    db: impl Db<'_>,
    asked: &Asked,
    browser: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<RequestId>> {
    sqlx::query_scalar!(
        r#"
        select id as "id: RequestId" from sign_in_requests
        where browser_hash = $1 and client_id = $2 and redirect_uri = $3 and client_state is not distinct from $4
            and code_challenge = $5 and scope = $6 and expires_at > $7 and code_hash is null
        limit 1
        "#,
        browser.as_bytes(),
        asked.client_id,
        asked.redirect_uri,
        asked.client_state,
        asked.code_challenge,
        asked.scope,
        now
    )
    .fetch_optional(db)
    .await
}

/// How many sign-ins of a network are waiting for an answer, without those that began before `unopened_since` and no browser has
/// opened. Others of the network wait until the transaction ends.
pub(crate) async fn waiting_of(
    db: &mut sqlx::PgConnection,
    network_hash: &[u8],
    now: DateTime<Utc>,
    unopened_since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 13))",
        network_hash
    )
    .execute(&mut *db)
    .await?;
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from sign_in_requests
        where network_hash = $1 and expires_at > $2 and code_hash is null and (opened_at is not null or created_at > $3)
        "#,
        network_hash,
        now,
        unopened_since
    )
    .fetch_one(db)
    .await
}

/// Every [`Request`] that these clauses find.
macro_rules! requests {
    ($clauses:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Request,
            r#"
            select r.id as "id: RequestId", r.client_id, r.client_name, r.client_host, r.redirect_uri, r.client_state, r.scope,
                r.coach_id as "coach_id: CoachId", c.email as "coach_email?",
                r.identity_id as "identity_id: IdentityId", i.email as "identity_email?",
                r.agreed_account_id as "agreed_account_id: AccountId", r.agreed_coach_id as "agreed_coach_id: CoachId",
                r.code_sealed, r.code_expires_at, r.code_used_at
            from sign_in_requests r left join coaches c on c.id = r.coach_id left join identities i on i.id = r.identity_id
            "# + $clauses,
            $($argument),*
        )
    };
}

/// The sign-in with this id, if it began in the browser with this cookie and has not expired.
pub(crate) async fn living(
    db: impl Db<'_>,
    id: RequestId,
    browser: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Request>> {
    requests!(
        "where r.id = $1 and r.browser_hash = $2 and r.expires_at > $3",
        id.0,
        browser.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// [`living`], locked until the transaction ends: of two presses of a button the second one sees what the first did.
pub(crate) async fn lock(
    db: impl Db<'_>,
    id: RequestId,
    browser: TokenHash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Request>> {
    requests!(
        "where r.id = $1 and r.browser_hash = $2 and r.expires_at > $3 for update of r",
        id.0,
        browser.as_bytes(),
        now
    )
    .fetch_optional(db)
    .await
}

/// Notes that a browser opened the sign-in's page.
pub(crate) async fn open(db: impl Db<'_>, id: RequestId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update sign_in_requests set opened_at = $2 where id = $1 and opened_at is null",
        id.0,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Locks a sign-in until the transaction ends; false if it is gone.
pub(crate) async fn hold(db: impl Db<'_>, id: RequestId) -> sqlx::Result<bool> {
    let row = sqlx::query_scalar!("select id from sign_in_requests where id = $1 for update", id.0);
    Ok(row.fetch_optional(db).await?.is_some())
}

/// Whether the sign-in still waits for an answer, in whichever browser.
pub(crate) async fn waits(db: impl Db<'_>, id: RequestId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from sign_in_requests where id = $1 and expires_at > $2 and code_hash is null
        ) as "waits!"
        "#,
        id.0,
        now
    )
    .fetch_one(db)
    .await
}

/// Notes which coach typed the mailed code or came with an identity of the provider, or that nobody is the coach any more.
pub(crate) async fn set_coach(
    db: impl Db<'_>,
    id: RequestId,
    coach: Option<CoachId>,
    identity: Option<IdentityId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sign_in_requests set coach_id = $2, identity_id = $3 where id = $1",
        id.0,
        coach.map(|coach| coach.0),
        identity.map(|identity| identity.0)
    )
    .execute(db)
    .await
    .map(drop)
}

/// What a person agreed to.
#[derive(Debug, Clone)]
pub(crate) struct Agreed<'a> {
    /// The athlete's account; none for a coach.
    pub account_id: Option<AccountId>,
    /// The coach; none for an athlete.
    pub coach_id: Option<CoachId>,
    /// Words of the groups that are left out.
    pub groups_off: &'a [String],
    /// Whether it may change something.
    pub may_write: bool,
    /// The code's hash.
    pub code: TokenHash,
    /// The code, sealed.
    pub code_sealed: &'a [u8],
    /// When the code expires.
    pub code_expires_at: DateTime<Utc>,
}

/// Notes what a person agreed to, with its code. The sign-in lives at least as long as the code.
pub(crate) async fn agree(db: impl Db<'_>, id: RequestId, agreed: &Agreed<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update sign_in_requests set agreed_account_id = $2, agreed_coach_id = $3, groups_off = $4, may_write = $5,
            code_hash = $6, code_sealed = $7, code_expires_at = $8, expires_at = greatest(expires_at, $8)
        where id = $1 and code_hash is null
        "#,
        id.0,
        agreed.account_id.map(|id| id.0),
        agreed.coach_id.map(|id| id.0),
        agreed.groups_off,
        agreed.may_write,
        agreed.code.as_bytes(),
        agreed.code_sealed,
        agreed.code_expires_at
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends a sign-in that was declined.
pub(crate) async fn delete(db: impl Db<'_>, id: RequestId) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_requests where id = $1", id.0)
        .execute(db)
        .await
        .map(drop)
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub(crate) struct Coded {
    /// The sign-in.
    pub id: RequestId,
    /// The client that may exchange it.
    pub client_id: String,
    /// As it calls itself.
    pub client_name: String,
    /// The host that vouches for it.
    pub client_host: Option<String>,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The S256 challenge.
    pub code_challenge: String,
    /// The words of the scope.
    pub scope: String,
    /// Who agreed.
    pub agreed_account_id: Option<AccountId>,
    /// Who agreed, if it was a coach.
    pub agreed_coach_id: Option<CoachId>,
    /// Words of the groups that are left out.
    pub groups_off: Vec<String>,
    /// Whether it may change something.
    pub may_write: bool,
    /// When it expires.
    pub code_expires_at: DateTime<Utc>,
    /// When it was spent.
    pub code_used_at: Option<DateTime<Utc>>,
    /// What it was spent for.
    pub connector_id: Option<ConnectorId>,
}

/// What the code with this hash stands for, locked until the transaction ends, so that it is spent once.
pub(crate) async fn of_code(db: impl Db<'_>, hash: TokenHash) -> sqlx::Result<Option<Coded>> {
    sqlx::query_as!(
        Coded,
        r#"
        select id as "id: RequestId", client_id, client_name, client_host, redirect_uri, code_challenge, scope,
            agreed_account_id as "agreed_account_id: AccountId", agreed_coach_id as "agreed_coach_id: CoachId",
            groups_off as "groups_off!", may_write as "may_write!", code_expires_at as "code_expires_at!", code_used_at,
            connector_id as "connector_id: ConnectorId"
        from sign_in_requests where code_hash = $1
        for update
        "#,
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await
}

/// Marks a code as spent for a connector, and erases its copy.
pub(crate) async fn spend(
    db: impl Db<'_>,
    id: RequestId,
    connector: ConnectorId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sign_in_requests set code_used_at = $3, connector_id = $2, code_sealed = null where id = $1",
        id.0,
        connector.0,
        now
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends what an athlete agreed to and no client has fetched yet.
pub(crate) async fn end_agreed_of_account(db: impl Db<'_>, account_id: AccountId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from sign_in_requests where agreed_account_id = $1 and code_used_at is null",
        account_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Ends what a coach agreed to and no client has fetched yet, and what waits for the coach's answer.
pub(crate) async fn end_agreed_of_coach(db: impl Db<'_>, coach_id: CoachId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from sign_in_requests
        where (agreed_coach_id = $1 and code_used_at is null) or (coach_id = $1 and code_hash is null)
        "#,
        coach_id.0
    )
    .execute(db)
    .await
    .map(drop)
}

/// Erases the copies of codes that have expired.
pub(crate) async fn erase_codes(db: impl Db<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update sign_in_requests set code_sealed = null where code_sealed is not null and code_expires_at <= $1",
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` sign-ins that expired before `before`. A spent code is remembered as long, so that it is known when it
/// comes again.
pub(crate) async fn purge(db: impl Db<'_>, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sign_in_requests where id in (
            select id from sign_in_requests where expires_at <= $1 limit $2 for update skip locked
        )
        "#,
        before,
        limit
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
